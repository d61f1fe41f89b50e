//! The catalogue of rules, one file for each.
//!
//! To add a rule: a file with its `mod` line, a variant of [`RuleId`], and an arm of [`RuleId::rule`]. The variants
//! stand in the order in which problems are to be fixed.

mod access_token_version;
mod account_locked_or_disabled;
mod account_unknown;
mod admin_consent_required;
mod answer_not_from_service;
mod api_permission_not_configured;
mod app_assignment_required;
mod app_certificate_required;
mod app_disabled_in_tenant;
mod app_not_found_in_tenant;
mod app_only_token_for_delegated_job;
mod auth_code_reused;
mod authorization_pending;
mod azure_role_missing;
mod basic_auth_disabled;
mod broker_required;
mod claims_challenge_cae;
mod client_assertion_invalid;
mod client_secret_expired;
mod client_secret_for_public_client;
mod client_secret_wrong;
mod client_tls_too_old;
mod clock_skew;
mod conditional_access;
mod cross_tenant_policy;
mod delegated_token_for_app_only_job;
mod device_code_expired;
mod device_code_invalid;
mod device_code_tracked;
mod device_polling_loop;
mod encrypted_token;
mod exchange_policy_block;
mod expired;
mod expires_soon;
mod external_idp_failure;
mod extra_scopes;
mod family_client;
mod federated_credential_mismatch;
mod first_party_preauthorization;
mod graph_call_permissions;
mod guest_user_no_mailbox;
mod id_token_used_as_access_token;
mod imap_disabled;
mod impersonation_header_missing;
mod implicit_not_enabled;
mod invalid_scope;
mod invalid_tenant;
mod issuer_tenant_mismatch;
mod long_lived_token;
mod mailbox_permission_missing;
mod malformed_request;
mod malformed_token;
mod mfa_required;
mod missing_app_role;
mod missing_offline_access;
mod missing_parameter;
mod missing_scope;
mod mixed_resources;
mod no_mailbox_license;
mod no_session;
mod not_a_bearer_token;
mod not_about_the_token;
mod not_issued_by_entra;
mod not_oauth_json;
mod not_yet_valid;
mod offline_access_unknowable;
mod on_behalf_of_not_allowed;
mod opaque_msa_token;
mod pkce_mismatch;
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
mod registration_checked;
mod registration_entry_invalid;
mod resource_indicator_mismatch;
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
mod tenant_blocked;
mod tenant_restrictions;
mod throttled;
mod token_binding;
mod token_for_itself;
mod unrecognised_input;
mod user_consent_required;
mod user_credentials;
mod user_declined;
mod user_not_assigned;
mod user_roles;
mod v1_v2_endpoint_mismatch;
mod wrong_account;
mod wrong_audience;
mod wrong_authority_endpoint;
mod wrong_client;
mod wrong_tenant;
mod wrong_xoauth2_format;

pub(crate) use admin_consent_required::admin_consent_url;

use super::{Rule, RuleId};

impl RuleId {
    /// The rule of this name.
    pub fn rule(self) -> &'static Rule {
        match self {
            Self::AccountLockedOrDisabled => &account_locked_or_disabled::RULE,
            Self::AccessTokenVersion => &access_token_version::RULE,
            Self::AccountUnknown => &account_unknown::RULE,
            Self::AdminConsentRequired => &admin_consent_required::RULE,
            Self::AnswerNotFromService => &answer_not_from_service::RULE,
            Self::ApiPermissionNotConfigured => &api_permission_not_configured::RULE,
            Self::AppAssignmentRequired => &app_assignment_required::RULE,
            Self::AppCertificateRequired => &app_certificate_required::RULE,
            Self::AppDisabledInTenant => &app_disabled_in_tenant::RULE,
            Self::AppNotFoundInTenant => &app_not_found_in_tenant::RULE,
            Self::AppOnlyTokenForDelegatedJob => &app_only_token_for_delegated_job::RULE,
            Self::AuthCodeReused => &auth_code_reused::RULE,
            Self::AuthorizationPending => &authorization_pending::RULE,
            Self::AzureRoleMissing => &azure_role_missing::RULE,
            Self::BasicAuthDisabled => &basic_auth_disabled::RULE,
            Self::BrokerRequired => &broker_required::RULE,
            Self::ClaimsChallengeCae => &claims_challenge_cae::RULE,
            Self::ClientAssertionInvalid => &client_assertion_invalid::RULE,
            Self::ClientSecretExpired => &client_secret_expired::RULE,
            Self::ClientSecretForPublicClient => &client_secret_for_public_client::RULE,
            Self::ClientSecretWrong => &client_secret_wrong::RULE,
            Self::ClientTlsTooOld => &client_tls_too_old::RULE,
            Self::ClockSkew => &clock_skew::RULE,
            Self::ConditionalAccess => &conditional_access::RULE,
            Self::CrossTenantPolicy => &cross_tenant_policy::RULE,
            Self::DelegatedTokenForAppOnlyJob => &delegated_token_for_app_only_job::RULE,
            Self::DeviceCodeExpired => &device_code_expired::RULE,
            Self::DeviceCodeInvalid => &device_code_invalid::RULE,
            Self::DeviceCodeTracked => &device_code_tracked::RULE,
            Self::DevicePollingLoop => &device_polling_loop::RULE,
            Self::EncryptedToken => &encrypted_token::RULE,
            Self::ExchangePolicyBlock => &exchange_policy_block::RULE,
            Self::Expired => &expired::RULE,
            Self::ExpiresSoon => &expires_soon::RULE,
            Self::ExternalIdpFailure => &external_idp_failure::RULE,
            Self::ExtraScopes => &extra_scopes::RULE,
            Self::FamilyClient => &family_client::RULE,
            Self::FederatedCredentialMismatch => &federated_credential_mismatch::RULE,
            Self::FirstPartyPreauthorization => &first_party_preauthorization::RULE,
            Self::GraphCallPermissions => &graph_call_permissions::RULE,
            Self::GuestUserNoMailbox => &guest_user_no_mailbox::RULE,
            Self::IdTokenUsedAsAccessToken => &id_token_used_as_access_token::RULE,
            Self::ImapDisabled => &imap_disabled::RULE,
            Self::ImpersonationHeaderMissing => &impersonation_header_missing::RULE,
            Self::ImplicitNotEnabled => &implicit_not_enabled::RULE,
            Self::InvalidScope => &invalid_scope::RULE,
            Self::InvalidTenant => &invalid_tenant::RULE,
            Self::IssuerTenantMismatch => &issuer_tenant_mismatch::RULE,
            Self::LongLivedToken => &long_lived_token::RULE,
            Self::MailboxPermissionMissing => &mailbox_permission_missing::RULE,
            Self::MalformedRequest => &malformed_request::RULE,
            Self::MalformedToken => &malformed_token::RULE,
            Self::MfaRequired => &mfa_required::RULE,
            Self::MissingAppRole => &missing_app_role::RULE,
            Self::MissingOfflineAccess => &missing_offline_access::RULE,
            Self::MissingParameter => &missing_parameter::RULE,
            Self::MissingScope => &missing_scope::RULE,
            Self::MixedResources => &mixed_resources::RULE,
            Self::NoMailboxLicense => &no_mailbox_license::RULE,
            Self::NoSession => &no_session::RULE,
            Self::NotABearerToken => &not_a_bearer_token::RULE,
            Self::NotAboutTheToken => &not_about_the_token::RULE,
            Self::NotIssuedByEntra => &not_issued_by_entra::RULE,
            Self::NotOauthJson => &not_oauth_json::RULE,
            Self::NotYetValid => &not_yet_valid::RULE,
            Self::OfflineAccessUnknowable => &offline_access_unknowable::RULE,
            Self::OnBehalfOfNotAllowed => &on_behalf_of_not_allowed::RULE,
            Self::OpaqueMsaToken => &opaque_msa_token::RULE,
            Self::PkceMismatch => &pkce_mismatch::RULE,
            Self::PlatformTypeMismatch => &platform_type_mismatch::RULE,
            Self::PopDisabled => &pop_disabled::RULE,
            Self::PublicClientFlowsDisabled => &public_client_flows_disabled::RULE,
            Self::RedirectUriMismatch => &redirect_uri_mismatch::RULE,
            Self::RefreshScopeNotGranted => &refresh_scope_not_granted::RULE,
            Self::RefreshTokenExpired => &refresh_token_expired::RULE,
            Self::RefreshTokenMalformed => &refresh_token_malformed::RULE,
            Self::RefreshTokenRevoked => &refresh_token_revoked::RULE,
            Self::RefreshTokenStays => &refresh_token_stays::RULE,
            Self::RefreshTokenUsedAsAccessToken => &refresh_token_used_as_access_token::RULE,
            Self::Refused => &refused::RULE,
            Self::ResourceIndicatorMismatch => &resource_indicator_mismatch::RULE,
            Self::RegistrationChecked => &registration_checked::RULE,
            Self::RegistrationEntryInvalid => &registration_entry_invalid::RULE,
            Self::ResourceNotFound => &resource_not_found::RULE,
            Self::ScopeNotEchoed => &scope_not_echoed::RULE,
            Self::ScopeNotDefaultForClientCredentials => {
                &scope_not_default_for_client_credentials::RULE
            }
            Self::SendAsDenied => &send_as_denied::RULE,
            Self::ServiceIncident => &service_incident::RULE,
            Self::ServicePrincipalNotRegistered => &service_principal_not_registered::RULE,
            Self::ServicesTenant => &services_tenant::RULE,
            Self::SignatureUnverifiable => &signature_unverifiable::RULE,
            Self::SmtpAuthDisabled => &smtp_auth_disabled::RULE,
            Self::SovereignCloudMismatch => &sovereign_cloud_mismatch::RULE,
            Self::SpaRefreshTokenLifetime => &spa_refresh_token_lifetime::RULE,
            Self::TenantBlocked => &tenant_blocked::RULE,
            Self::TenantRestrictions => &tenant_restrictions::RULE,
            Self::Throttled => &throttled::RULE,
            Self::TokenBinding => &token_binding::RULE,
            Self::TokenForItself => &token_for_itself::RULE,
            Self::UnrecognisedInput => &unrecognised_input::RULE,
            Self::UserConsentRequired => &user_consent_required::RULE,
            Self::UserCredentials => &user_credentials::RULE,
            Self::UserDeclined => &user_declined::RULE,
            Self::UserNotAssigned => &user_not_assigned::RULE,
            Self::UserRoles => &user_roles::RULE,
            Self::V1V2EndpointMismatch => &v1_v2_endpoint_mismatch::RULE,
            Self::WrongAccount => &wrong_account::RULE,
            Self::WrongAudience => &wrong_audience::RULE,
            Self::WrongAuthorityEndpoint => &wrong_authority_endpoint::RULE,
            Self::WrongClient => &wrong_client::RULE,
            Self::WrongTenant => &wrong_tenant::RULE,
            Self::WrongXoauth2Format => &wrong_xoauth2_format::RULE,
        }
    }
}

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
        pasted(&format!("{}.{}.c2ln", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(claims)))
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
