//! The names of all rules, in the order in which problems are to be fixed.

use strum::VariantArray as _;

/// The rule that a finding comes from. Spelled in kebab-case: `wrong-audience`. Names never change.
///
/// The variants stand in the order in which problems are to be fixed: of two findings of one severity, the earlier
/// comes first.
///
/// ```
/// use entrada_diagnose::RuleId;
///
/// assert_eq!(RuleId::WrongAudience.as_str(), "wrong-audience");
/// assert_eq!(RuleId::parse("wrong-audience"), Some(RuleId::WrongAudience));
/// assert!(RuleId::Expired < RuleId::WrongAudience);
/// ```
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum RuleId {
    // The input.
    /// The input has none of the known forms.
    UnrecognisedInput,
    // The authority's answer: what the user or an administrator can do at once.
    /// The user has not finished the sign-in yet.
    AuthorizationPending,
    /// The answer to an OAuth request is not OAuth JSON.
    NotOauthJson,
    /// An administrator has to consent first.
    AdminConsentRequired,
    /// The user has not consented yet.
    UserConsentRequired,
    /// The refresh asks for scopes that the sign-in did not grant.
    RefreshScopeNotGranted,
    /// A Conditional Access policy blocks the sign-in.
    ConditionalAccess,
    /// The sign-in needs a second factor.
    MfaRequired,
    /// The password, code, passkey or certificate of the user was not accepted.
    UserCredentials,
    /// The account is locked, disabled or deleted.
    AccountLockedOrDisabled,
    /// The application is for assigned users only.
    UserNotAssigned,
    /// The network or the device allows certain tenants only.
    TenantRestrictions,
    /// One of two organisations does not allow accounts to pass between them.
    CrossTenantPolicy,
    /// Microsoft has blocked the tenant.
    TenantBlocked,
    /// An identity provider outside Entra failed or refused.
    ExternalIdpFailure,
    /// The grant or the policy requires a broker.
    BrokerRequired,
    /// The token has to be bound to a key.
    TokenBinding,
    /// A sign-in without a page was requested, and no user is signed in.
    NoSession,
    /// The refresh token has expired.
    RefreshTokenExpired,
    /// The refresh token was revoked.
    RefreshTokenRevoked,
    /// The refresh token of a single-page application ends after 24 hours.
    SpaRefreshTokenLifetime,
    /// The device code expired before the sign-in was complete.
    DeviceCodeExpired,
    /// The authority did not issue this device code.
    DeviceCodeInvalid,
    /// The user declined or cancelled the sign-in.
    UserDeclined,
    /// The authority stopped a request that was repeated too often.
    DevicePollingLoop,
    /// The server limits the rate of requests.
    Throttled,
    /// The service failed; the request may succeed later.
    ServiceIncident,
    /// The API asks for a new token with the claims it names.
    ClaimsChallengeCae,
    // The authority's answer: the registration and the request.
    /// The tenant has no application with this client id.
    AppNotFoundInTenant,
    /// The application is disabled.
    AppDisabledInTenant,
    /// Only assigned users may sign in to the application.
    AppAssignmentRequired,
    /// The registration does not allow public client flows.
    PublicClientFlowsDisabled,
    /// The redirect URI is registered under the wrong platform.
    PlatformTypeMismatch,
    /// The registration does not allow tokens from the sign-in page.
    ImplicitNotEnabled,
    /// A public client sent a client secret.
    ClientSecretForPublicClient,
    /// The redirect URI is not registered.
    RedirectUriMismatch,
    /// The tenant does not exist.
    InvalidTenant,
    /// The authority does not serve this application or account.
    WrongAuthorityEndpoint,
    /// A scope does not exist or is misspelt.
    InvalidScope,
    /// One request asks for scopes of two APIs.
    MixedResources,
    /// The tenant does not have the API that the scope names.
    ResourceNotFound,
    /// `resource` names an API other than that of the scopes.
    ResourceIndicatorMismatch,
    /// The registration does not list the permission.
    ApiPermissionNotConfigured,
    /// The registration has an entry that is not valid.
    RegistrationEntryInvalid,
    /// A client of Microsoft may not use this API or scope.
    FirstPartyPreauthorization,
    /// The authorization code was already redeemed or has expired.
    AuthCodeReused,
    /// `code_verifier` and `code_challenge` do not match.
    PkceMismatch,
    /// The client assertion was not accepted.
    ClientAssertionInvalid,
    /// No federated credential matches the external token.
    FederatedCredentialMismatch,
    /// The application may not exchange a user's token.
    OnBehalfOfNotAllowed,
    /// The client secret is wrong.
    ClientSecretWrong,
    /// The client secret has expired.
    ClientSecretExpired,
    /// The refresh token is damaged.
    RefreshTokenMalformed,
    /// The request has the wrong form.
    MalformedRequest,
    /// The request lacks a parameter.
    MissingParameter,
    /// The connection uses a version of TLS that is too old.
    ClientTlsTooOld,
    /// The request mixes the v1.0 and v2.0 endpoints.
    #[strum(serialize = "v1-v2-endpoint-mismatch")]
    V1V2EndpointMismatch,
    /// The registration of an API asks for another version of access tokens.
    AccessTokenVersion,
    /// An application without a user can request only `.default`.
    ScopeNotDefaultForClientCredentials,
    /// The authority refused for a reason that has no rule of its own.
    Refused,
    // The form of what was sent as an access token.
    /// The token is truncated or damaged.
    MalformedToken,
    /// A refresh token was used as an access token.
    RefreshTokenUsedAsAccessToken,
    /// The token is encrypted.
    EncryptedToken,
    /// A proxy or a gateway answered instead of the service.
    AnswerNotFromService,
    /// The XOAUTH2 string is built wrong.
    WrongXoauth2Format,
    /// The token is not a Bearer token.
    NotABearerToken,
    /// An ID token was used as an access token.
    IdTokenUsedAsAccessToken,
    /// `iss` and `tid` contradict each other.
    IssuerTenantMismatch,
    /// Entra did not issue the token.
    NotIssuedByEntra,
    // Times.
    /// A clock is wrong.
    ClockSkew,
    /// The token is not valid yet.
    NotYetValid,
    /// The token has expired.
    Expired,
    /// The token expires within five minutes.
    ExpiresSoon,
    // The service and the permissions that the token is for.
    /// The token and the service belong to different national clouds.
    SovereignCloudMismatch,
    /// The token is for another API.
    WrongAudience,
    /// The token acts for an application, and the job needs a user.
    AppOnlyTokenForDelegatedJob,
    /// The token lacks a delegated permission (`scp`).
    MissingScope,
    /// The token lacks an application permission (`roles`).
    MissingAppRole,
    /// The token acts for a user, and the job needs an application.
    DelegatedTokenForAppOnlyJob,
    /// An EWS call of an application names no mailbox.
    ImpersonationHeaderMissing,
    // The tenant, the client and the account of the token.
    /// The token comes from Microsoft's own tenant.
    ServicesTenant,
    /// The token or the account belongs to another tenant.
    WrongTenant,
    /// The token or the grant belongs to another application.
    WrongClient,
    /// Another account is signed in.
    WrongAccount,
    /// The account is a guest, and its mailbox is in another tenant.
    GuestUserNoMailbox,
    // The mailbox and the settings of the service.
    /// SMTP AUTH is disabled.
    SmtpAuthDisabled,
    /// IMAP is disabled.
    ImapDisabled,
    /// POP is disabled.
    PopDisabled,
    /// The account has no mailbox in Exchange Online.
    NoMailboxLicense,
    /// The account has no permission on the mailbox.
    MailboxPermissionMissing,
    /// Exchange has no service principal for the application.
    ServicePrincipalNotRegistered,
    /// The sign-in brings no refresh token.
    MissingOfflineAccess,
    /// The account may not send from this address.
    SendAsDenied,
    /// A policy in Exchange blocks the application.
    ExchangePolicyBlock,
    /// The account has no Azure role that allows the call.
    AzureRoleMissing,
    /// The service requires a certificate of the application.
    AppCertificateRequired,
    /// A mail server that is not Exchange Online refuses the token.
    MailServerSettings,
    /// The call failed for a reason other than the token.
    NotAboutTheToken,
    /// The service does not accept passwords.
    BasicAuthDisabled,
    // Facts worth knowing.
    /// The evidence shows neither a fault nor a success.
    MoreEvidenceNeeded,
    /// The service accepted the caller and refuses the call.
    CallRefused,
    /// The permissions that a call of Microsoft Graph takes.
    GraphCallPermissions,
    /// The token of a personal account cannot be decoded.
    OpaqueMsaToken,
    /// An access token does not show `offline_access`.
    OfflineAccessUnknowable,
    /// The signature cannot be verified here.
    SignatureUnverifiable,
    /// The token carries more scopes than were requested.
    ExtraScopes,
    /// The response does not list the granted scopes.
    ScopeNotEchoed,
    /// The response does not name the account.
    AccountUnknown,
    /// The client belongs to Microsoft's family of clients.
    FamilyClient,
    /// The token lives longer than usual.
    LongLivedToken,
    /// The session began with the device code flow.
    DeviceCodeTracked,
    /// `roles` of a user's token are app roles.
    UserRoles,
    /// The application's token is for the application itself.
    TokenForItself,
    /// The refresh brought no new refresh token.
    RefreshTokenStays,
    /// What was found healthy in a registration, and what was not checked.
    RegistrationChecked,
}

impl RuleId {
    /// The name in kebab-case, as JSON, SARIF and `explain` spell it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The rule with this name, in kebab-case; `None` where there is none.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// All names, in the order in which problems are to be fixed.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::VARIANTS.iter().copied()
    }
}
