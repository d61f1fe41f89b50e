//! What the authority's own sentences say where its number says too little: some numbers stand for several things, some
//! are on no list, and browser pages have none at all. Texts are no contract, so a sentence only ever refines.

/// Sentences in lower case, in parts that all have to be there, and the cause that they name. The first that fits counts.
const SENTENCES: &[(&[&str], &str)] = &[
    (&["must contain the following parameter", "client_secret"], "public-client-flows-disabled"),
    (&["public clients can't send a client secret"], "client-secret-for-public-client"),
    (&["client is public so neither"], "client-secret-for-public-client"),
    (&["cross-origin token redemption"], "platform-type-mismatch"),
    (&["not within its valid time range"], "clock-skew"),
    (&["client assertion"], "client-assertion-invalid"),
    (&["no certificate thumbprint"], "client-assertion-invalid"),
    (&["reply address", "does not match"], "redirect-uri-mismatch"),
    (&["reply url", "does not match"], "redirect-uri-mismatch"),
    (&["redirect uri", "does not match"], "redirect-uri-mismatch"),
    (&["'redirect_uri' is not valid"], "redirect-uri-mismatch"),
    (&["is disabled in tenant"], "app-disabled-in-tenant"),
    (&["'resource' request parameter is not supported"], "v1-v2-endpoint-mismatch"),
    (&["must contain the following parameter: 'resource'"], "v1-v2-endpoint-mismatch"),
    (&["issued for a different client id"], "wrong-client"),
    (&["in the provided grant doesn't match 'client_id'"], "wrong-client"),
    (&["grant was obtained for a different tenant"], "wrong-tenant"),
    (&["not compatible with each other"], "mixed-resources"),
    (&["scopes requested are unauthorized"], "refresh-scope-not-granted"),
    (&["already been redeemed"], "auth-code-reused"),
    (&["already redeemed"], "auth-code-reused"),
    (&["administrator consent is required"], "admin-consent-required"),
    (&["only an admin can grant"], "admin-consent-required"),
    (&["need admin approval"], "admin-consent-required"),
    (&["requires your admin's approval"], "admin-consent-required"),
    (&["requires your admin’s approval"], "admin-consent-required"),
    (&["cross cloud request"], "sovereign-cloud-mismatch"),
    (&["does not meet the criteria to access this resource"], "conditional-access"),
    (&["too many requests"], "throttled"),
];

/// Sentences about a grant, which say which of its ends it met only when one knows that it was a refresh.
const OF_A_GRANT: &[(&[&str], &str)] = &[
    (&["grant is expired"], "refresh-token-expired"),
    (&["grant has expired"], "refresh-token-expired"),
    (&["due to inactivity"], "refresh-token-expired"),
    (&["grant is invalid or malformed"], "refresh-token-malformed"),
    (&["grant has been revoked"], "refresh-token-revoked"),
];

/// The cause that `text` names, if it has one of the sentences.
pub(super) fn cause(text: &str, refreshing: bool) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    let find = |table: &'static [(&[&str], &'static str)]| {
        let fits = |(parts, _): &&(&[&str], &str)| parts.iter().all(|part| text.contains(part));
        table.iter().find(fits).map(|(_, id)| *id)
    };
    find(SENTENCES).or_else(|| find(OF_A_GRANT).filter(|_| refreshing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    #[test]
    fn every_sentence_names_a_rule_and_is_in_lower_case() {
        for (parts, id) in SENTENCES.iter().chain(OF_A_GRANT) {
            assert!(rules::find(id).is_some(), "{id}");
            assert!(parts.iter().all(|part| *part == part.to_ascii_lowercase()), "{parts:?}");
        }
    }

    #[test]
    fn a_sentence_about_a_grant_counts_at_a_refresh_only() {
        let text = "AADSTS70000: Provided grant is invalid or malformed.";
        assert_eq!(cause(text, true), Some("refresh-token-malformed"));
        assert_eq!(cause(text, false), None);
    }
}
