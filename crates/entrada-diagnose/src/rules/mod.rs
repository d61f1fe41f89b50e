//! The catalogue of rules. A rule with logic is a file; a rule that is text and a mapping is a record in `records.rs`. The
//! documentation of each is a page, `pages/NAME.md`.
//!
//! To add a rule: a variant of [`RuleId`], whose variants stand in the order in which problems are to be fixed; a page; and a
//! record, or a file with its `mod` line and its line under `files` in `records.rs`.

mod access_token_version;
mod account_unknown;
mod admin_consent_required;
mod app_assignment_required;
mod app_not_found_in_tenant;
mod app_only_token_for_delegated_job;
mod basic_auth_disabled;
mod broker_required;
mod call_refused;
mod claims_challenge_cae;
mod clock_skew;
mod conditional_access;
mod delegated_token_for_app_only_job;
mod device_code_expired;
mod device_code_tracked;
mod encrypted_token;
mod expired;
mod expires_soon;
mod extra_scopes;
mod family_client;
mod federated_credential_mismatch;
mod first_party_preauthorization;
mod graph_call_permissions;
mod guest_user_no_mailbox;
mod id_token_used_as_access_token;
mod invalid_scope;
mod issuer_tenant_mismatch;
mod long_lived_token;
mod malformed_token;
mod missing_app_role;
mod missing_offline_access;
mod missing_parameter;
mod missing_scope;
mod mixed_resources;
mod more_evidence_needed;
mod not_a_bearer_token;
mod not_issued_by_entra;
mod not_oauth_json;
mod not_yet_valid;
mod offline_access_unknowable;
mod opaque_msa_token;
mod records;
mod redirect_uri_mismatch;
mod refresh_token_revoked;
mod refresh_token_stays;
mod refresh_token_used_as_access_token;
mod refused;
mod registration_checked;
mod registration_entry_invalid;
mod resource_not_found;
mod scope_not_default_for_client_credentials;
mod scope_not_echoed;
mod service_incident;
mod services_tenant;
mod signature_unverifiable;
mod smtp_auth_disabled;
mod sovereign_cloud_mismatch;
mod spa_refresh_token_lifetime;
mod throttled;
mod token_binding;
mod token_for_itself;
mod unrecognised_input;
mod user_consent_required;
mod user_roles;
mod wrong_account;
mod wrong_audience;
mod wrong_authority_endpoint;
mod wrong_client;
mod wrong_tenant;

use super::{Rule, RuleId};
pub(crate) use admin_consent_required::admin_consent_page;
pub(crate) use more_evidence_needed::finding as more_evidence_needed;

/// Every rule, in the order in which problems are to be fixed.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RuleId::all().map(RuleId::rule)
}

/// The rule with this name, in kebab-case; `None` where there is none.
///
/// ```
/// let rule = entrada_diagnose::rules::find("wrong-audience").unwrap();
/// assert!(rule.docs.contains("audience"));
/// ```
pub fn find(id: &str) -> Option<&'static Rule> {
    RuleId::parse(id).map(RuleId::rule)
}

#[cfg(test)]
pub(super) mod testing {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use crate::{Evidence, Facts, Rule, Shape};
    use entrada_core::oauth::TokenResponse;
    use entrada_core::{NumericDate, ScopeSet};

    /// The time of the tests.
    pub(crate) const NOW: NumericDate = NumericDate(1_700_000_000);

    /// Evidence with this text as the token.
    pub(crate) fn pasted(text: &str) -> Evidence {
        Evidence { token: Some(Shape::of(text)), now: Some(NOW), ..Evidence::default() }
    }

    /// Evidence with a bare JWT that has these claims.
    pub(crate) fn token(claims: &str) -> Evidence {
        let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
        let claims = with_expiry(claims);
        let signature = "x".repeat(342);
        pasted(&format!("{}.{}.{signature}", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(&claims)))
    }

    /// The claims with an `exp` an hour from now, unless they have one.
    fn with_expiry(claims: &str) -> String {
        match claims.strip_suffix('}') {
            Some(all) if !claims.contains("\"exp\"") && all.len() > 1 => {
                format!("{all},\"exp\":{}}}", NOW.0 + 3_600)
            }
            _ => claims.to_owned(),
        }
    }

    /// Evidence with a token response. `requested` holds the scopes of the request; empty for none.
    pub(crate) fn response(body: &str, requested: &str) -> Evidence {
        let members = serde_json::from_str(body).unwrap();
        let mut evidence = Evidence {
            response: TokenResponse::from_json(&members, NOW),
            now: Some(NOW),
            ..Evidence::default()
        };
        assert!(evidence.response.is_some());
        if !requested.is_empty() {
            evidence.context.requested = Some(ScopeSet::parse(requested));
        }
        evidence
    }

    /// The message of the finding that `rule` makes of `evidence`.
    pub(crate) fn finding_of(rule: &Rule, evidence: &Evidence) -> Option<String> {
        let of_token = (rule.check)(&Facts::new(evidence));
        let of_answer =
            || crate::judge(evidence).findings.into_iter().find(|one| one.rule.id == rule.id);
        of_token.or_else(of_answer).map(|finding| finding.message.into_owned())
    }
}

#[cfg(test)]
mod tests;
