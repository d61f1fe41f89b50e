//! Finds the cause in the authority's error text where its number is not enough: some numbers have several causes, some
//! are unknown, and browser pages have none. Microsoft may change its texts, so a sentence only refines a result.

use super::RuleId;

/// Sentences in lower case, as parts that must all occur, and the cause that each names. The first match counts.
const SENTENCES: &[(&[&str], RuleId)] = &[
    (&["must contain the following parameter", "client_secret"], RuleId::PublicClientFlowsDisabled),
    (&["public clients can't send a client secret"], RuleId::ClientSecretForPublicClient),
    (&["client is public so neither"], RuleId::ClientSecretForPublicClient),
    (&["cross-origin token redemption"], RuleId::PlatformTypeMismatch),
    (&["not within its valid time range"], RuleId::ClockSkew),
    (&["client assertion"], RuleId::ClientAssertionInvalid),
    (&["no certificate thumbprint"], RuleId::ClientAssertionInvalid),
    (&["reply address", "does not match"], RuleId::RedirectUriMismatch),
    (&["reply url", "does not match"], RuleId::RedirectUriMismatch),
    (&["redirect uri", "does not match"], RuleId::RedirectUriMismatch),
    (&["'redirect_uri' is not valid"], RuleId::RedirectUriMismatch),
    (&["is disabled in tenant"], RuleId::AppDisabledInTenant),
    (&["'resource' request parameter is not supported"], RuleId::V1V2EndpointMismatch),
    (&["must contain the following parameter: 'resource'"], RuleId::V1V2EndpointMismatch),
    (&["issued for a different client id"], RuleId::WrongClient),
    (&["in the provided grant doesn't match 'client_id'"], RuleId::WrongClient),
    (&["grant was obtained for a different tenant"], RuleId::WrongTenant),
    (&["not compatible with each other"], RuleId::MixedResources),
    (&["scopes requested are unauthorized"], RuleId::RefreshScopeNotGranted),
    (&["already been redeemed"], RuleId::AuthCodeReused),
    (&["already redeemed"], RuleId::AuthCodeReused),
    (&["administrator consent is required"], RuleId::AdminConsentRequired),
    (&["only an admin can grant"], RuleId::AdminConsentRequired),
    (&["need admin approval"], RuleId::AdminConsentRequired),
    (&["requires your admin's approval"], RuleId::AdminConsentRequired),
    (&["requires your admin’s approval"], RuleId::AdminConsentRequired),
    (&["cross cloud request"], RuleId::SovereignCloudMismatch),
    (&["does not meet the criteria to access this resource"], RuleId::ConditionalAccess),
    (&["refresh token has expired", "sign-in frequency"], RuleId::RefreshTokenExpired),
    (&["too many requests"], RuleId::Throttled),
    (&["not supported by the tenant-independent endpoint"], RuleId::WrongAuthorityEndpoint),
];

/// Sentences about a grant. They identify the cause only at a refresh.
const OF_A_GRANT: &[(&[&str], RuleId)] = &[
    (&["grant is expired"], RuleId::RefreshTokenExpired),
    (&["grant has expired"], RuleId::RefreshTokenExpired),
    (&["due to inactivity"], RuleId::RefreshTokenExpired),
    (&["grant is invalid or malformed"], RuleId::RefreshTokenMalformed),
    (&["grant has been revoked"], RuleId::RefreshTokenRevoked),
];

/// The cause that `text` names, if it contains one of the sentences.
pub(super) fn cause(text: &str, refreshing: bool) -> Option<RuleId> {
    let text = text.to_ascii_lowercase();
    let find = |table: &'static [(&[&str], RuleId)]| {
        let fits = |(parts, _): &&(&[&str], RuleId)| parts.iter().all(|part| text.contains(part));
        table.iter().find(fits).map(|(_, id)| *id)
    };
    find(SENTENCES).or_else(|| find(OF_A_GRANT).filter(|_| refreshing))
}

/// Where the sentence begins that names a cause, in bytes.
pub(super) fn place(text: &str) -> Option<usize> {
    let text = text.to_ascii_lowercase();
    let tables = SENTENCES.iter().chain(OF_A_GRANT);
    let mut found = tables.filter(|(parts, _)| parts.iter().all(|part| text.contains(part)));
    found.find_map(|(parts, _)| parts.iter().filter_map(|part| text.find(part)).min())
}

/// The parts of each sentence as one text.
#[cfg(test)]
pub(super) fn bare_sentences() -> Vec<String> {
    SENTENCES.iter().chain(OF_A_GRANT).map(|(parts, _)| parts.join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_is_in_lower_case() {
        for (parts, _) in SENTENCES.iter().chain(OF_A_GRANT) {
            assert!(parts.iter().all(|part| *part == part.to_ascii_lowercase()), "{parts:?}");
        }
    }

    #[test]
    fn the_place_of_a_sentence_is_where_its_first_part_begins() {
        assert_eq!(place("log: Only an admin can grant it."), Some(5));
        assert_eq!(place("a quiet day"), None);
    }

    #[test]
    fn a_sentence_about_a_grant_counts_at_a_refresh_only() {
        let text = "AADSTS70000: Provided grant is invalid or malformed.";
        assert_eq!(cause(text, true), Some(RuleId::RefreshTokenMalformed));
        assert_eq!(cause(text, false), None);
    }
}
