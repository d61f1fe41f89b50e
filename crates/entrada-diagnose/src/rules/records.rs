//! The catalogue: each name with its rule. A rule with logic is a file; a rule that is text and a mapping is a record here. Its
//! page is `pages/NAME.md`.

use crate::{Rule, RuleId, Severity, Who, refusal};

/// What leads to the rule of a record.
macro_rules! check {
    // The authority's refusal, with this message where its error has no AADSTS number on record.
    ($id:ident refusal($message:literal)) => {
        |facts| refusal::explain(facts, RuleId::$id.rule(), $message)
    };
    // The same; the user signs in again.
    ($id:ident refusal_then_sign_in($message:literal)) => {
        |facts| {
            let finding = refusal::explain(facts, RuleId::$id.rule(), $message)?;
            Some(refusal::sign_in_again(facts, finding))
        }
    };
    // The answer of a service or a mail server, which has the message.
    ($id:ident answer($($help:literal),*)) => {
        Rule::no_finding
    };
}

/// The help of a record for a finding that rests on the answer of a service alone.
macro_rules! advise {
    (answer($($help:literal),+)) => {
        |_facts, finding| finding$(.help($help))+
    };
    ($leads:ident($($text:literal),*)) => {
        Rule::as_it_is
    };
}

macro_rules! rules {
    (
        files { $($of_file:ident => $file:ident,)* }
        records { $($id:ident, $page:literal, $severity:ident, $who:ident => $leads:ident($($text:literal),*);)* }
    ) => {
        impl RuleId {
            /// The rule of this name.
            pub fn rule(self) -> &'static Rule {
                match self {
                    $(Self::$of_file => &super::$file::RULE,)*
                    $(Self::$id => {
                        static RULE: Rule = Rule {
                            id: RuleId::$id,
                            severity: Severity::$severity,
                            who: Who::$who,
                            docs: include_str!(concat!("pages/", $page, ".md")),
                            check: check!($id $leads($($text),*)),
                            advise: advise!($leads($($text),*)),
                        };
                        &RULE
                    })*
                }
            }
        }
    };
}

rules! {
    files {
        AccessTokenVersion => access_token_version,
        AccountUnknown => account_unknown,
        AdminConsentRequired => admin_consent_required,
        AppAssignmentRequired => app_assignment_required,
        AppNotFoundInTenant => app_not_found_in_tenant,
        AppOnlyTokenForDelegatedJob => app_only_token_for_delegated_job,
        BasicAuthDisabled => basic_auth_disabled,
        BrokerRequired => broker_required,
        CallRefused => call_refused,
        ClaimsChallengeCae => claims_challenge_cae,
        ClockSkew => clock_skew,
        ConditionalAccess => conditional_access,
        DelegatedTokenForAppOnlyJob => delegated_token_for_app_only_job,
        DeviceCodeExpired => device_code_expired,
        DeviceCodeTracked => device_code_tracked,
        EncryptedToken => encrypted_token,
        Expired => expired,
        ExpiresSoon => expires_soon,
        ExtraScopes => extra_scopes,
        FamilyClient => family_client,
        FederatedCredentialMismatch => federated_credential_mismatch,
        FirstPartyPreauthorization => first_party_preauthorization,
        GraphCallPermissions => graph_call_permissions,
        GuestUserNoMailbox => guest_user_no_mailbox,
        IdTokenUsedAsAccessToken => id_token_used_as_access_token,
        InvalidScope => invalid_scope,
        IssuerTenantMismatch => issuer_tenant_mismatch,
        LongLivedToken => long_lived_token,
        MalformedToken => malformed_token,
        MissingAppRole => missing_app_role,
        MissingOfflineAccess => missing_offline_access,
        MissingParameter => missing_parameter,
        MissingScope => missing_scope,
        MixedResources => mixed_resources,
        MoreEvidenceNeeded => more_evidence_needed,
        NotABearerToken => not_a_bearer_token,
        NotIssuedByEntra => not_issued_by_entra,
        NotOauthJson => not_oauth_json,
        NotYetValid => not_yet_valid,
        OfflineAccessUnknowable => offline_access_unknowable,
        OpaqueMsaToken => opaque_msa_token,
        RedirectUriMismatch => redirect_uri_mismatch,
        RefreshTokenRevoked => refresh_token_revoked,
        RefreshTokenStays => refresh_token_stays,
        RefreshTokenUsedAsAccessToken => refresh_token_used_as_access_token,
        Refused => refused,
        RegistrationChecked => registration_checked,
        RegistrationEntryInvalid => registration_entry_invalid,
        ScopeNotDefaultForClientCredentials => scope_not_default_for_client_credentials,
        ScopeNotEchoed => scope_not_echoed,
        ServiceIncident => service_incident,
        ServicesTenant => services_tenant,
        ResourceNotFound => resource_not_found,
        SignatureUnverifiable => signature_unverifiable,
        SmtpAuthDisabled => smtp_auth_disabled,
        SovereignCloudMismatch => sovereign_cloud_mismatch,
        SpaRefreshTokenLifetime => spa_refresh_token_lifetime,
        Throttled => throttled,
        TokenBinding => token_binding,
        TokenForItself => token_for_itself,
        UnrecognisedInput => unrecognised_input,
        UserConsentRequired => user_consent_required,
        UserRoles => user_roles,
        WrongAccount => wrong_account,
        WrongAudience => wrong_audience,
        WrongAuthorityEndpoint => wrong_authority_endpoint,
        WrongClient => wrong_client,
        WrongTenant => wrong_tenant,
    }
    // Name, page, severity, who can fix it => what leads to it: `refusal` and `refusal_then_sign_in` with the message, `answer` with
    // the help.
    records {
        AccountLockedOrDisabled, "account-locked-or-disabled", Error, TenantAdmin => refusal(
            "the account is locked, disabled or deleted"
        );
        AnswerNotFromService, "answer-not-from-service", Error, User => answer(
            "look for a proxy, a web filter or a captive portal, and check `HTTPS_PROXY` and `NO_PROXY`"
        );
        ApiPermissionNotConfigured, "api-permission-not-configured", Error, Developer => refusal(
            "the registration does not list the permission"
        );
        AppCertificateRequired, "app-certificate-required", Error, Developer => answer(
            "sign in with a certificate instead of a secret, or call SharePoint through Microsoft Graph"
        );
        AppDisabledInTenant, "app-disabled-in-tenant", Error, TenantAdmin => refusal("the application is disabled");
        AuthCodeReused, "auth-code-reused", Error, User => refusal_then_sign_in(
            "the authorization code was used before, or is too old"
        );
        AuthorizationPending, "authorization-pending", Note, User => refusal(
            "the user has not finished the sign-in yet"
        );
        AzureRoleMissing, "azure-role-missing", Error, TenantAdmin => answer(
            "ask an owner of the resource to assign the caller a role that allows the action (`az role assignment create`)"
        );
        ClientAssertionInvalid, "client-assertion-invalid", Error, Developer => refusal(
            "the client's signed assertion was not accepted"
        );
        ClientSecretExpired, "client-secret-expired", Error, Developer => refusal("the client secret has expired");
        ClientSecretForPublicClient, "client-secret-for-public-client", Error, Developer => refusal(
            "the request contains a secret, but the application is a public client"
        );
        ClientSecretWrong, "client-secret-wrong", Error, Developer => refusal("the client secret is wrong");
        ClientTlsTooOld, "client-tls-too-old", Error, Developer => refusal(
            "the connection uses a version of TLS that Entra no longer accepts"
        );
        CrossTenantPolicy, "cross-tenant-policy", Error, TenantAdmin => refusal(
            "one of the two organisations does not allow accounts to pass between them"
        );
        DeviceCodeInvalid, "device-code-invalid", Error, Developer => refusal_then_sign_in(
            "the authority did not issue this device code"
        );
        DevicePollingLoop, "device-polling-loop", Error, Developer => refusal(
            "the authority stopped a request that was repeated too often"
        );
        ExchangePolicyBlock, "exchange-policy-block", Error, TenantAdmin => answer(
            "an administrator runs `Test-ApplicationAccessPolicy -Identity MAILBOX -AppId CLIENT_ID` and checks the `Ews*` settings of the mailbox and the organisation",
            "move applications from EWS to Graph: EWS ends in April 2027"
        );
        ExternalIdpFailure, "external-idp-failure", Error, TenantAdmin => refusal(
            "an identity provider outside Entra failed or refused the sign-in"
        );
        ImapDisabled, "imap-disabled", Error, TenantAdmin => answer(
            "ask an administrator to run `Set-CASMailbox -Identity USER -ImapEnabled $true`; the change takes up to an hour"
        );
        ImpersonationHeaderMissing, "impersonation-header-missing", Error, Developer => answer(
            "send the `ExchangeImpersonation` SOAP header with the mailbox's `PrimarySmtpAddress`, and the same address in `X-AnchorMailbox`"
        );
        ImplicitNotEnabled, "implicit-not-enabled", Error, Developer => refusal(
            "a token was requested from the sign-in page itself, which the registration does not allow"
        );
        InvalidTenant, "invalid-tenant", Error, User => refusal("this tenant does not exist");
        MailServerSettings, "mail-server-settings", Error, User => answer(
            "compare the token with the server's settings: issuer, audience or client id, scope, and the claim that names the user (Dovecot: `issuers`, `client_id`, `scope`, `username_attribute`)",
            "check that the server has XOAUTH2 or OAUTHBEARER switched on (Dovecot: `auth_mechanisms = xoauth2 oauthbearer`), and that it reaches the issuer for keys or introspection",
            "check the server's clock; its log names the reason"
        );
        MailboxPermissionMissing, "mailbox-permission-missing", Error, TenantAdmin => answer(
            "sign in as the owner of the mailbox, and name it by the owner's user principal name",
            "or ask an administrator to run `Add-MailboxPermission -Identity MAILBOX -User USER -AccessRights FullAccess`"
        );
        MalformedRequest, "malformed-request", Error, Developer => refusal(
            "the request does not have the form that the endpoint accepts"
        );
        MfaRequired, "mfa-required", Error, User => refusal_then_sign_in("the user must sign in interactively");
        NoMailboxLicense, "no-mailbox-license", Error, TenantAdmin => answer(
            "ask an administrator to assign a licence with Exchange Online; for a mailbox on premises, use that server"
        );
        NoSession, "no-session", Error, User => refusal_then_sign_in(
            "a sign-in without a page was requested, and no user is signed in"
        );
        NotAboutTheToken, "not-about-the-token", Error, TenantAdmin => answer();
        OnBehalfOfNotAllowed, "on-behalf-of-not-allowed", Error, Developer => refusal(
            "the application may not exchange a user's token for another one"
        );
        PkceMismatch, "pkce-mismatch", Error, Developer => refusal_then_sign_in(
            "`code_verifier` and `code_challenge` do not match, or one of them is missing"
        );
        PlatformTypeMismatch, "platform-type-mismatch", Error, Developer => refusal(
            "the redirect URI is registered under the wrong platform"
        );
        PopDisabled, "pop-disabled", Error, TenantAdmin => answer(
            "ask an administrator to run `Set-CASMailbox -Identity USER -PopEnabled $true`; the change takes up to an hour"
        );
        PublicClientFlowsDisabled, "public-client-flows-disabled", Error, Developer => refusal(
            "the registration does not allow public client flows"
        );
        RefreshScopeNotGranted, "refresh-scope-not-granted", Error, User => refusal_then_sign_in(
            "the refresh requested scopes that the sign-in did not grant"
        );
        RefreshTokenExpired, "refresh-token-expired", Error, User => refusal_then_sign_in(
            "the refresh token has expired"
        );
        RefreshTokenMalformed, "refresh-token-malformed", Error, User => refusal("the refresh token is damaged");
        ResourceIndicatorMismatch, "resource-indicator-mismatch", Error, Developer => refusal(
            "`resource` names an API other than that of the scopes"
        );
        SendAsDenied, "send-as-denied", Error, TenantAdmin => answer(
            "an administrator runs `Add-RecipientPermission MAILBOX -AccessRights SendAs -Trustee USER`",
            "or send from the signed-in user's own primary address"
        );
        ServicePrincipalNotRegistered, "service-principal-not-registered", Error, TenantAdmin => answer(
            "an administrator runs `New-ServicePrincipal` with the object id of the enterprise application (not that of the app registration)",
            "then `Add-MailboxPermission -Identity MAILBOX -User SERVICE_PRINCIPAL -AccessRights FullAccess`"
        );
        TenantBlocked, "tenant-blocked", Error, Microsoft => refusal("Microsoft has blocked the tenant");
        TenantRestrictions, "tenant-restrictions", Error, TenantAdmin => refusal(
            "the network or the device allows sign-ins to certain tenants only"
        );
        UserCredentials, "user-credentials", Error, User => refusal_then_sign_in(
            "the password, code, passkey or certificate of the user was not accepted"
        );
        UserDeclined, "user-declined", Error, User => refusal_then_sign_in("the sign-in was declined in the browser");
        UserNotAssigned, "user-not-assigned", Error, TenantAdmin => refusal(
            "the application is for assigned users only, and this account is not assigned"
        );
        V1V2EndpointMismatch, "v1-v2-endpoint-mismatch", Error, Developer => refusal(
            "the request mixes the v1.0 and v2.0 endpoints"
        );
        WrongXoauth2Format, "wrong-xoauth2-format", Error, Developer => answer(
            "build base64 of `user=MAILBOX`, the byte 0x01, `auth=Bearer TOKEN`, and two bytes 0x01, on one line"
        );
    }
}
