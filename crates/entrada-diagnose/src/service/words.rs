//! Phrases from the error messages of services, in lower case.

use crate::{Confidence, RuleId};

/// Phrases of services, in lower case, and the cause that each names regardless of the token. The first match counts.
pub(super) const WORDS: &[(&[&str], RuleId, Confidence, &str)] = &[
    (
        &["audienceurivalidationfailed"],
        RuleId::WrongAudience,
        Confidence::Certain,
        "the service does not accept the token's audience",
    ),
    (
        &["access to odata is disabled"],
        RuleId::ExchangePolicyBlock,
        Confidence::Likely,
        "Exchange closes its REST API (OData) to this application or mailbox: a setting of the organisation or of the mailbox (`Ews…`), or an application access policy",
    ),
    (
        &["raop]", "apponly accesspolicy", "applicationaccesspolicy", "appaccesspolicy"],
        RuleId::ExchangePolicyBlock,
        Confidence::Certain,
        "an application access policy blocks this application's access to that mailbox",
    ),
    (
        &["nonpremiumtenant", "have premium license"],
        RuleId::NotAboutTheToken,
        Confidence::Certain,
        "the tenant lacks the licence for that call: it requires Microsoft Entra ID P1 or P2",
    ),
    // Azure requires a second factor for changes, and refuses in the form of a policy.
    (
        &["mfa is required", "users must use mfa", "must use multifactor authentication"],
        RuleId::MfaRequired,
        Confidence::Certain,
        "Azure accepts the token, and requires a sign-in with a second factor for this action",
    ),
    (
        &["requestdisallowedbypolicy", "was disallowed by policy"],
        RuleId::NotAboutTheToken,
        Confidence::Certain,
        "an Azure Policy forbids this action for every caller",
    ),
    (
        &["no application access policy found"],
        RuleId::NotAboutTheToken,
        Confidence::Certain,
        "Teams has no application access policy for this application and user (`Grant-CsApplicationAccessPolicy`)",
    ),
    (
        &["errormissingemailaddress"],
        RuleId::ImpersonationHeaderMissing,
        Confidence::Certain,
        "an application must name the mailbox it opens (`ExchangeImpersonation`)",
    ),
    (
        &["errorsendasdenied", "sendasdenied", "send mail on behalf of the specified"],
        RuleId::SendAsDenied,
        Confidence::Certain,
        "the caller is not allowed to send from that address",
    ),
    (
        &[
            "request is only valid with delegated authentication",
            "not supported in application-only context",
            "not supported in app-only context",
        ],
        RuleId::AppOnlyTokenForDelegatedJob,
        Confidence::Certain,
        "`/me` requires a signed-in user, and the token has no user",
    ),
    (
        &[
            "invalid audience",
            "invalidaudience",
            "audience claim value",
            "invalid_resource",
            "wrong audience or resource",
            "invalidauthenticationtokenaudience",
            "audience validation failed",
            "the audience '",
            "invalid aud",
        ],
        RuleId::WrongAudience,
        Confidence::Certain,
        "the service says that the token is for another service",
    ),
    // "IDX10222: Lifetime validation failed. The token is not yet valid": the general phrase belongs to both.
    (
        &["idx10222", "token is not yet valid", "not before"],
        RuleId::NotYetValid,
        Confidence::Certain,
        "the service says that the token is not valid yet",
    ),
    (
        &[
            "token is expired",
            "token has expired",
            "token expired",
            "tokenexpired",
            "lifetime validation failed",
            "80049228",
            "expiredauthenticationtoken",
            "jwt expired",
            "expired_token",
        ],
        RuleId::Expired,
        Confidence::Certain,
        "the service says that the token has expired",
    ),
    (
        &["invalidcloudinstance"],
        RuleId::SovereignCloudMismatch,
        Confidence::Certain,
        "the service says that the token comes from another national cloud",
    ),
    (
        &[
            "code\":\"authorizationfailed",
            "code\": \"authorizationfailed",
            "linkedauthorizationfailed",
        ],
        RuleId::AzureRoleMissing,
        Confidence::Certain,
        "the caller has no role that allows this action",
    ),
    (
        &["user specified by the user-context in the token does not exist in the tenant"],
        RuleId::WrongTenant,
        Confidence::Certain,
        "the service says that the token comes from another tenant",
    ),
    (
        &["wrong issuer", "invalid issuer"],
        RuleId::WrongTenant,
        Confidence::Likely,
        "the service says that the token comes from another tenant",
    ),
    (
        &["issuer validation failed"],
        RuleId::V1V2EndpointMismatch,
        Confidence::Likely,
        "the service expects another issuer: often it accepts only v1.0 tokens and received a v2.0 token, or the reverse",
    ),
    (
        &["conditionalaccess", "access policy does not allow token issuance", "aadsts53003"],
        RuleId::ConditionalAccess,
        Confidence::Certain,
        "a Conditional Access policy blocks the caller",
    ),
    (
        &["conditional access", "blocked by policy"],
        RuleId::ConditionalAccess,
        Confidence::Likely,
        "a Conditional Access policy blocks the caller",
    ),
    (
        &[
            "ews is disabled",
            "ews_disabled",
            "ewsenabled",
            "ewsapplicationaccesspolicy",
            "ews access",
        ],
        RuleId::ExchangePolicyBlock,
        Confidence::Certain,
        "Exchange Web Services are switched off for this mailbox, tenant or application",
    ),
];

/// Phrases for a token that the service cannot read.
pub(super) const MALFORMED: [&str; 17] = [
    "can not be parsed",
    "cannot be parsed",
    "'authorization' header is missing",
    "80049217",
    "80049244",
    "idx14100",
    "idx12741",
    "idx12709",
    "idx12729",
    "idx14102",
    "not well formed",
    "jwt must have three segments",
    "token is empty",
    "compacttoken parsing failed",
    "bearer token not present",
    "missingormalformed",
    "malformed",
];

/// Phrases for a mailbox that is not in Exchange Online.
pub(super) const NO_MAILBOX: [&str; 10] = [
    "mailboxnotenabledforrestapi",
    "mailboxnotsupportedforrestapi",
    "soft-deleted, or is hosted on-premise",
    "rest api is not yet supported",
    "errornonexistentmailbox",
    "no mailbox associated",
    "organizationfromtenantguidnotfound",
    "the tenant for tenant guid",
    "resource could not be discovered",
    "mailboxnothostedinexchangeonline",
];

/// Phrases for a user that Exchange does not know.
pub(super) const NO_USER: [&str; 3] = [
    "user-context in the token does not exist",
    "\"invalid_user\"",
    "error_category=\"invalid_user\"",
];

/// Phrases for a permission that the token lacks.
pub(super) const NO_PERMISSION: [&str; 9] = [
    "insufficient_scope",
    "not enough scope",
    "nopermissionsinaccesstoken",
    "contains no permissions",
    "missing scope",
    "missing role permissions",
    "required scope",
    "scopes are missing",
    "does not have required permission",
];

/// Phrases of the directory for a missing permission or a missing role of the user.
pub(super) const DIRECTORY: [&str; 2] = ["authorization_requestdenied", "insufficient privileges"];

pub(super) const THROTTLED: [&str; 6] = [
    "toomanyrequests",
    "errorserverbusy",
    "mailboxconcurrency",
    "activitylimitreached",
    "errortoomany",
    "errorexceededconnectioncount",
];

pub(super) const CHALLENGED: [&str; 6] = [
    "locationconditionevaluationsatisfied",
    "xms_rp_ipaddr",
    "insufficient_claims",
    "continuous access evaluation",
    "tokencreatedwithoutdatedpolicies",
    "tokenissuedbeforerevocationtimestamp",
];

/// Phrases for an invalid signature.
pub(super) const SIGNATURE: [&str; 7] = [
    "invalid signature",
    "invalid_signature",
    "idx10511",
    "idx10503",
    "signature validation failed",
    "signing key is invalid",
    "invalid x5t",
];

/// Codes and sentences of APIs that identify an error in the text of an exception. In their original case.
pub(super) const IN_PROSE: [&str; 31] = [
    "Access is denied. Check credentials and try again",
    "InvalidAuthenticationToken",
    "ErrorAccessDenied",
    "ErrorSendAsDenied",
    "ErrorImpersonateUserDenied",
    "Authorization_RequestDenied",
    "Authorization_IdentityNotFound",
    "MailboxNotEnabledForRESTAPI",
    "OrganizationFromTenantGuidNotFound",
    "soft-deleted, or is hosted on-premise",
    "Lifetime validation failed",
    "Access token has expired",
    "AuthorizationFailed",
    "AuthenticationFailed",
    "x-ms-diagnostics:",
    "AppOnly AccessPolicy",
    "ApplicationThrottled",
    "CompactToken parsing failed",
    "CompactToken validation failed",
    "ErrorExceededConnectionCount",
    "ErrorServerBusy",
    "ExpiredAuthenticationToken",
    "Insufficient privileges to complete the operation",
    "LinkedAuthorizationFailed",
    "MailboxConcurrency",
    "MailboxNotSupportedForRESTAPI",
    "No Application Access Policy found for this app",
    "No application access policy found for this app",
    "Access token validation failure",
    "error=\"insufficient_scope\"",
    "permissions, or permissions can not be understood",
];
