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
    (&["no certificate thumbprint specified"], RuleId::ClientAssertionInvalid),
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
    (&["only an administrator can grant"], RuleId::AdminConsentRequired),
    (&["need admin approval"], RuleId::AdminConsentRequired),
    (&["requires your admin's approval"], RuleId::AdminConsentRequired),
    (&["requires your admin’s approval"], RuleId::AdminConsentRequired),
    (&["cross cloud request"], RuleId::SovereignCloudMismatch),
    (&["does not meet the criteria to access this resource"], RuleId::ConditionalAccess),
    (&["your sign-in was successful but your admin requires"], RuleId::ConditionalAccess),
    (&["admin requires the device requesting access to be managed"], RuleId::ConditionalAccess),
    (
        &["this application contains sensitive information and can only be accessed from"],
        RuleId::ConditionalAccess,
    ),
    (&["you can't sign in here with a personal account"], RuleId::WrongAuthorityEndpoint),
    (&["you can’t sign in here with a personal account"], RuleId::WrongAuthorityEndpoint),
    (
        &["your organization needs more information to keep your account secure"],
        RuleId::MfaRequired,
    ),
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

/// Sentences that belong to one AADSTS number, with their causes. Programs show them without it.
const OF_A_NUMBER: &[(&[&str], RuleId, u64)] = &[
    (&["due to sign-in frequency check"], RuleId::RefreshTokenExpired, 70043),
    (&["refresh token has expired", "sign-in frequency"], RuleId::RefreshTokenExpired, 70043),
    (&["refresh token is expired", "sign-in frequency"], RuleId::RefreshTokenExpired, 70043),
    (&["session has expired", "sign-in frequency"], RuleId::RefreshTokenExpired, 70044),
    (&["session is not valid", "sign-in frequency"], RuleId::RefreshTokenExpired, 70044),
    (&["not consented to use the application with id"], RuleId::UserConsentRequired, 65001),
];

/// Words with which programs report that a refresh failed.
const OF_A_REFRESH: &[&str] = &[
    "couldn't fetch token",
    "failed to refresh",
    "could not refresh",
    "unable to refresh",
    "refresh failed",
    "refreshing the token",
    "maybe token expired",
    "maybe it has expired",
];

/// `text` in lower case, with a blank for each line break, so that positions stay.
fn folded(text: &str) -> String {
    let mut folded = text.to_ascii_lowercase();
    if folded.contains(['\n', '\r', '\t']) {
        folded = folded.replace(['\n', '\r', '\t'], " ");
    }
    folded
}

/// The number whose sentence `text` contains.
pub(super) fn number(text: &str) -> Option<u64> {
    let text = folded(text);
    let fits = |(parts, ..): &&(&[&str], RuleId, u64)| parts.iter().all(|part| text.contains(part));
    OF_A_NUMBER.iter().find(fits).map(|(_, _, number)| *number)
}

/// Whether `text` reports that a refresh failed, or that the program takes its token for expired.
pub(super) fn is_of_a_refresh(text: &str) -> bool {
    let text = folded(text);
    OF_A_REFRESH.iter().any(|words| text.contains(words))
}

/// The cause that `text` names, if it contains one of the sentences.
pub(super) fn cause(text: &str, refreshing: bool) -> Option<RuleId> {
    let text = folded(text);
    let fits = |(parts, ..): &&(&[&str], RuleId, u64)| parts.iter().all(|part| text.contains(part));
    if let Some((_, id, _)) = OF_A_NUMBER.iter().find(fits) {
        return Some(*id);
    }
    let find = |table: &'static [(&[&str], RuleId)]| {
        let fits = |(parts, _): &&(&[&str], RuleId)| parts.iter().all(|part| text.contains(part));
        table.iter().find(fits).map(|(_, id)| *id)
    };
    find(SENTENCES).or_else(|| find(OF_A_GRANT).filter(|_| refreshing))
}

/// Where the sentence begins that names a cause, in bytes.
pub(super) fn place(text: &str) -> Option<usize> {
    let text = folded(text);
    let of_numbers = OF_A_NUMBER.iter().map(|(parts, ..)| parts);
    let others = SENTENCES.iter().chain(OF_A_GRANT).map(|(parts, _)| parts);
    let mut found =
        of_numbers.chain(others).filter(|parts| parts.iter().all(|part| text.contains(part)));
    found.find_map(|parts| parts.iter().filter_map(|part| text.find(part)).min())
}

/// The parts of each sentence as one text.
#[cfg(test)]
pub(super) fn bare_sentences() -> Vec<String> {
    let of_numbers = OF_A_NUMBER.iter().map(|(parts, ..)| parts);
    let others = SENTENCES.iter().chain(OF_A_GRANT).map(|(parts, _)| parts);
    of_numbers.chain(others).map(|parts| parts.join(" ")).collect()
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
    fn a_sentence_of_a_number_is_found_without_it_and_across_lines() {
        for (text, code) in [
            (
                "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
                Some(70043),
            ),
            ("refresh token has expired: the sign-in\nfrequency is 7 days", Some(70043)),
            ("Session has expired due to sign-in frequency checks", Some(70043)),
            ("Your session has expired (sign-in frequency)", Some(70044)),
            ("we set the sign-in frequency to seven days", None),
        ] {
            assert_eq!(number(text), code, "{text}");
            assert_eq!(cause(text, false).is_some(), code.is_some(), "{text}");
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
