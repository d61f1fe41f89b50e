//! The catalogue. To add a rule: one file here, one `mod` line, one line in [`RULES`].

mod account_unknown;
mod admin_consent_required;
mod answer_not_from_service;
mod api_permission_not_configured;
mod app_certificate_required;
mod app_disabled_in_tenant;
mod app_not_found_in_tenant;
mod app_only_token_for_delegated_job;
mod auth_code_reused;
mod authorization_pending;
mod azure_role_missing;
mod basic_auth_disabled;
mod claims_challenge_cae;
mod client_assertion_invalid;
mod client_secret_expired;
mod client_secret_for_public_client;
mod client_secret_wrong;
mod clock_skew;
mod conditional_access;
mod delegated_token_for_app_only_job;
mod device_code_expired;
mod device_code_tracked;
mod device_polling_loop;
mod encrypted_token;
mod exchange_policy_block;
mod expired;
mod expires_soon;
mod extra_scopes;
mod family_client;
mod first_party_preauthorization;
mod guest_user_no_mailbox;
mod id_token_used_as_access_token;
mod imap_disabled;
mod impersonation_header_missing;
mod invalid_scope;
mod invalid_tenant;
mod issuer_tenant_mismatch;
mod long_lived_token;
mod mailbox_permission_missing;
mod malformed_token;
mod mfa_required;
mod missing_app_role;
mod missing_offline_access;
mod missing_scope;
mod mixed_resources;
mod no_mailbox_license;
mod not_a_bearer_token;
mod not_about_the_token;
mod not_issued_by_entra;
mod not_oauth_json;
mod not_yet_valid;
mod offline_access_unknowable;
mod opaque_msa_token;
mod platform_type_mismatch;
mod pop_disabled;
mod public_client_flows_disabled;
mod redirect_uri_mismatch;
mod refresh_scope_not_granted;
mod refresh_token_expired;
mod refresh_token_malformed;
mod refresh_token_revoked;
mod refresh_token_stays;
mod refresh_token_used_as_access_token;
mod refused;
mod resource_not_found;
mod scope_not_default_for_client_credentials;
mod scope_not_echoed;
mod send_as_denied;
mod service_incident;
mod service_principal_not_registered;
mod services_tenant;
mod signature_unverifiable;
mod smtp_auth_disabled;
mod sovereign_cloud_mismatch;
mod spa_refresh_token_lifetime;
mod throttled;
mod token_for_itself;
mod unrecognised_input;
mod user_consent_required;
mod user_declined;
mod user_roles;
mod v1_v2_endpoint_mismatch;
mod wrong_account;
mod wrong_audience;
mod wrong_authority_endpoint;
mod wrong_client;
mod wrong_tenant;
mod wrong_xoauth2_format;

use super::Rule;

/// Every rule, sorted by id.
pub static RULES: &[&Rule] = &[
    &account_unknown::RULE,
    &admin_consent_required::RULE,
    &answer_not_from_service::RULE,
    &api_permission_not_configured::RULE,
    &app_certificate_required::RULE,
    &app_disabled_in_tenant::RULE,
    &app_not_found_in_tenant::RULE,
    &app_only_token_for_delegated_job::RULE,
    &auth_code_reused::RULE,
    &authorization_pending::RULE,
    &azure_role_missing::RULE,
    &basic_auth_disabled::RULE,
    &claims_challenge_cae::RULE,
    &client_assertion_invalid::RULE,
    &client_secret_expired::RULE,
    &client_secret_for_public_client::RULE,
    &client_secret_wrong::RULE,
    &clock_skew::RULE,
    &conditional_access::RULE,
    &delegated_token_for_app_only_job::RULE,
    &device_code_expired::RULE,
    &device_code_tracked::RULE,
    &device_polling_loop::RULE,
    &encrypted_token::RULE,
    &exchange_policy_block::RULE,
    &expired::RULE,
    &expires_soon::RULE,
    &extra_scopes::RULE,
    &family_client::RULE,
    &first_party_preauthorization::RULE,
    &guest_user_no_mailbox::RULE,
    &id_token_used_as_access_token::RULE,
    &imap_disabled::RULE,
    &impersonation_header_missing::RULE,
    &invalid_scope::RULE,
    &invalid_tenant::RULE,
    &issuer_tenant_mismatch::RULE,
    &long_lived_token::RULE,
    &mailbox_permission_missing::RULE,
    &malformed_token::RULE,
    &mfa_required::RULE,
    &missing_app_role::RULE,
    &missing_offline_access::RULE,
    &missing_scope::RULE,
    &mixed_resources::RULE,
    &no_mailbox_license::RULE,
    &not_a_bearer_token::RULE,
    &not_about_the_token::RULE,
    &not_issued_by_entra::RULE,
    &not_oauth_json::RULE,
    &not_yet_valid::RULE,
    &offline_access_unknowable::RULE,
    &opaque_msa_token::RULE,
    &platform_type_mismatch::RULE,
    &pop_disabled::RULE,
    &public_client_flows_disabled::RULE,
    &redirect_uri_mismatch::RULE,
    &refresh_scope_not_granted::RULE,
    &refresh_token_expired::RULE,
    &refresh_token_malformed::RULE,
    &refresh_token_revoked::RULE,
    &refresh_token_stays::RULE,
    &refresh_token_used_as_access_token::RULE,
    &refused::RULE,
    &resource_not_found::RULE,
    &scope_not_default_for_client_credentials::RULE,
    &scope_not_echoed::RULE,
    &send_as_denied::RULE,
    &service_incident::RULE,
    &service_principal_not_registered::RULE,
    &services_tenant::RULE,
    &signature_unverifiable::RULE,
    &smtp_auth_disabled::RULE,
    &sovereign_cloud_mismatch::RULE,
    &spa_refresh_token_lifetime::RULE,
    &throttled::RULE,
    &token_for_itself::RULE,
    &unrecognised_input::RULE,
    &user_consent_required::RULE,
    &user_declined::RULE,
    &user_roles::RULE,
    &v1_v2_endpoint_mismatch::RULE,
    &wrong_account::RULE,
    &wrong_audience::RULE,
    &wrong_authority_endpoint::RULE,
    &wrong_client::RULE,
    &wrong_tenant::RULE,
    &wrong_xoauth2_format::RULE,
];

/// The rule called `id`.
///
/// ```
/// let rule = entrada_diagnose::rules::find("wrong-audience").unwrap();
/// assert!(rule.docs.contains("audience"));
/// ```
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

#[cfg(test)]
pub(super) mod testing {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use crate::{Evidence, Facts, Rule, Shape};
    use entrada_core::oauth::TokenResponse;
    use entrada_core::{NumericDate, ScopeSet};

    /// When tests happen.
    pub(crate) const NOW: NumericDate = NumericDate(1_700_000_000);

    /// A case with whatever was pasted.
    pub(crate) fn pasted(text: &str) -> Evidence {
        Evidence { token: Some(Shape::of(text)), now: Some(NOW), ..Evidence::default() }
    }

    /// A case with a bare JWT that has these claims.
    pub(crate) fn token(claims: &str) -> Evidence {
        let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
        pasted(&format!("{}.{}.c2ln", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(claims)))
    }

    /// A case with a token response; `requested` are the scopes of the request, where there are any.
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

    /// What `rule` says about `evidence`.
    pub(crate) fn finding_of(rule: &Rule, evidence: &Evidence) -> Option<String> {
        (rule.check)(&Facts::new(evidence)).map(|finding| finding.message.into_owned())
    }
}

#[cfg(test)]
mod tests;
