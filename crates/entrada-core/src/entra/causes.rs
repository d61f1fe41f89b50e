//! The causes that an AADSTS number or an OAuth error can have. Ids never change.

/// One cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The id in kebab-case, as in findings and `explain`.
    pub id: &'static str,
    /// The cause in a few words.
    pub meaning: &'static str,
}

/// All causes. The order has no meaning.
pub fn all() -> &'static [Cause] {
    CAUSES
}

/// The cause with this id.
pub fn find(id: &str) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| cause.id == id)
}

/// Whether `id` names a cause.
pub fn is_cause(id: &str) -> bool {
    find(id).is_some()
}

const fn cause(id: &'static str, meaning: &'static str) -> Cause {
    Cause { id, meaning }
}

static CAUSES: &[Cause] = &[
    cause("wrong-audience", "the token is for another API than the one that it is sent to"),
    cause("missing-scope", "the token lacks a permission (`scp`) that the job needs"),
    cause("missing-app-role", "the application's token lacks a role (`roles`) that the job needs"),
    cause(
        "app-only-token-for-delegated-job",
        "the token acts for an application, but the job needs a user",
    ),
    cause(
        "delegated-token-for-app-only-job",
        "the token acts for a user, but the job needs the application itself",
    ),
    cause("expired", "the token has expired"),
    cause("not-yet-valid", "the token is not valid yet"),
    cause("clock-skew", "a clock is wrong, so good tokens look expired or not yet valid"),
    cause("id-token-used-as-access-token", "an ID token is used as an access token"),
    cause("refresh-token-used-as-access-token", "a refresh token is used as an access token"),
    cause("malformed-token", "the token is truncated, damaged, or wrapped in other text"),
    cause(
        "opaque-msa-token",
        "this is a token of a personal account, which only Microsoft can read; that is normal",
    ),
    cause("wrong-tenant", "the account, the grant or the token belongs to another tenant"),
    cause("wrong-account", "a user other than the mailbox's owner is signed in"),
    cause(
        "guest-user-no-mailbox",
        "the account is a guest in this tenant, and its mailbox is in another tenant",
    ),
    cause("no-mailbox-license", "the account has no mailbox in Exchange Online"),
    cause(
        "mailbox-permission-missing",
        "the account has no permission on the mailbox that it opens",
    ),
    cause(
        "service-principal-not-registered",
        "the application's service principal is not registered in Exchange, or has the wrong object id",
    ),
    cause("send-as-denied", "the account may not send from this address"),
    cause(
        "impersonation-header-missing",
        "an application calls EWS without naming the mailbox that it acts for",
    ),
    cause("exchange-policy-block", "a policy in Exchange blocks the application"),
    cause("admin-consent-required", "an administrator must consent first"),
    cause("user-consent-required", "the user has not consented to the application yet"),
    cause(
        "refresh-scope-not-granted",
        "the refresh requests scopes that the sign-in did not grant",
    ),
    cause("api-permission-not-configured", "the registration does not list this API or permission"),
    cause("invalid-scope", "the scope does not exist or is misspelt"),
    cause("mixed-resources", "one request names scopes of two APIs"),
    cause(
        "scope-not-default-for-client-credentials",
        "an application that signs in as itself can request only `.default`",
    ),
    cause(
        "missing-offline-access",
        "no refresh token came, so the sign-in ends when this token expires",
    ),
    cause("first-party-preauthorization", "a client of Microsoft may not use this API or scope"),
    cause("resource-not-found", "the tenant does not have the API that the scope names"),
    cause("resource-indicator-mismatch", "`resource` names an API other than that of the scopes"),
    cause("client-secret-for-public-client", "a public client sent a client secret"),
    cause(
        "public-client-flows-disabled",
        "the registration does not allow clients without a secret",
    ),
    cause(
        "platform-type-mismatch",
        "the redirect URI is registered under a platform that this flow cannot use",
    ),
    cause(
        "implicit-not-enabled",
        "a token was requested from the sign-in page itself, which the registration does not allow",
    ),
    cause("client-secret-wrong", "the client secret is wrong"),
    cause("client-secret-expired", "the client secret has expired"),
    cause("client-assertion-invalid", "the client's signed assertion was not accepted"),
    cause(
        "federated-credential-mismatch",
        "no federated credential of the registration matches the external token",
    ),
    cause(
        "on-behalf-of-not-allowed",
        "the application may not exchange a user's token for another one",
    ),
    cause("redirect-uri-mismatch", "the redirect URI is not registered"),
    cause("app-not-found-in-tenant", "the tenant has no application with this client id"),
    cause("app-disabled-in-tenant", "the application is disabled"),
    cause("invalid-tenant", "the tenant does not exist"),
    cause("wrong-authority-endpoint", "the authority does not serve this application or account"),
    cause("v1-v2-endpoint-mismatch", "the request mixes the v1.0 and v2.0 endpoints"),
    cause(
        "sovereign-cloud-mismatch",
        "the token and the service belong to different national clouds",
    ),
    cause("auth-code-reused", "the authorization code was used before"),
    cause(
        "pkce-mismatch",
        "`code_verifier` and `code_challenge` do not match, or one of them is missing",
    ),
    cause("refresh-token-expired", "the refresh token is too old, or was not used for too long"),
    cause("refresh-token-revoked", "the refresh token was revoked"),
    cause("refresh-token-malformed", "the refresh token is damaged"),
    cause("malformed-request", "the request does not have the form that the endpoint accepts"),
    cause("missing-parameter", "the request lacks a parameter"),
    cause(
        "client-tls-too-old",
        "the connection uses a version of TLS that Entra no longer accepts",
    ),
    cause(
        "spa-refresh-token-lifetime",
        "the refresh token was issued to a single-page application and expires after 24 hours",
    ),
    cause("mfa-required", "the sign-in needs a second factor"),
    cause(
        "user-credentials",
        "the password, code, passkey or certificate of the user was not accepted",
    ),
    cause("account-locked-or-disabled", "the account is locked, disabled or deleted"),
    cause(
        "user-not-assigned",
        "the application is for assigned users only, and this account is not assigned",
    ),
    cause("conditional-access", "a Conditional Access policy blocks the sign-in"),
    cause(
        "tenant-restrictions",
        "the network or the device allows sign-ins to certain tenants only",
    ),
    cause(
        "cross-tenant-policy",
        "one of two organisations does not allow accounts to pass between them",
    ),
    cause("tenant-blocked", "Microsoft has blocked the tenant"),
    cause("external-idp-failure", "an identity provider outside Entra failed or refused"),
    cause("no-session", "a sign-in without a page was requested, and no user is signed in"),
    cause("broker-required", "the grant belongs to a broker, or a policy requires one"),
    cause(
        "token-binding",
        "the token has to be bound to a key, and the proof of the key is missing or wrong",
    ),
    cause("claims-challenge-cae", "the API asks for a new token with the claims that it names"),
    cause("wrong-xoauth2-format", "the XOAUTH2 string has the wrong form"),
    cause("smtp-auth-disabled", "SMTP AUTH is disabled for the mailbox or its tenant"),
    cause("imap-disabled", "IMAP is disabled for the mailbox"),
    cause("pop-disabled", "POP is disabled for the mailbox"),
    cause("basic-auth-disabled", "a password was sent to a service that accepts only tokens"),
    cause("throttled", "the server received too many requests in a short time"),
    cause("device-code-expired", "the device code expired before the sign-in was finished"),
    cause("device-code-invalid", "the authority did not issue this device code"),
    cause("device-polling-loop", "the same request was repeated until Entra stopped it"),
    cause("service-incident", "the service has an internal error"),
    cause("wrong-client", "the token or the grant belongs to another application"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kebab_case_and_stand_once() {
        for (index, cause) in all().iter().enumerate() {
            assert!(
                cause.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{}",
                cause.id
            );
            assert!(all().iter().skip(index + 1).all(|other| other.id != cause.id), "{}", cause.id);
            assert!(!cause.meaning.is_empty() && !cause.meaning.ends_with('.'), "{}", cause.id);
        }
        assert_eq!(all().len(), 81);
    }

    #[test]
    fn look_up_is_by_exact_id() {
        assert!(is_cause("wrong-audience"));
        assert!(!is_cause("wrong_audience"));
        assert!(!is_cause(""));
        assert_eq!(find("expired").unwrap().meaning, "the token has expired");
    }
}
