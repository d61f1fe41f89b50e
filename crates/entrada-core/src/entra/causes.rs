//! The causes that a diagnosis may name. Ids are for ever.

/// One cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// In kebab-case, as findings and `explain` spell it.
    pub id: &'static str,
    /// What is so, in a few words.
    pub meaning: &'static str,
}

/// All causes, in no order that matters.
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
    cause("wrong-audience", "the token is for another API than the one it is shown to"),
    cause("missing-scope", "the token lacks a permission (`scp`) that the job needs"),
    cause("missing-app-role", "the application's token lacks a role (`roles`) that the job needs"),
    cause(
        "app-only-token-for-delegated-job",
        "the token stands for an application, and the job wants a user",
    ),
    cause(
        "delegated-token-for-app-only-job",
        "the token stands for a user, and the job wants the application itself",
    ),
    cause("expired", "the token's time is over"),
    cause("not-yet-valid", "the token's time has not begun"),
    cause("clock-skew", "a clock is wrong, so good tokens look too old or too new"),
    cause("id-token-used-as-access-token", "an ID token stands where an access token belongs"),
    cause(
        "refresh-token-used-as-access-token",
        "a refresh token stands where an access token belongs",
    ),
    cause("malformed-token", "the token is cut off, garbled or wrapped in something"),
    cause(
        "opaque-msa-token",
        "a personal account's token, which nobody but Microsoft can read; this is normal",
    ),
    cause("wrong-tenant", "the tenant is not the one that account, grant or token comes from"),
    cause("wrong-account", "somebody else than the mailbox's owner is signed in"),
    cause("guest-user-no-mailbox", "the account is a guest here and has its mailbox elsewhere"),
    cause("no-mailbox-license", "the account has no mailbox in Exchange Online"),
    cause("mailbox-permission-missing", "the account has no right on the mailbox it opens"),
    cause(
        "service-principal-not-registered",
        "Exchange does not know the application, or knows it by a wrong object id",
    ),
    cause("send-as-denied", "the account may not send in the name of this address"),
    cause(
        "impersonation-header-missing",
        "an application calls EWS without saying in whose mailbox it acts",
    ),
    cause("exchange-policy-block", "a rule in Exchange keeps the application out"),
    cause("admin-consent-required", "an administrator has to agree first"),
    cause("user-consent-required", "nobody has agreed yet that the application may do this"),
    cause("refresh-scope-not-granted", "the refresh asks for more than was granted at sign-in"),
    cause("api-permission-not-configured", "the registration does not list this API or permission"),
    cause("invalid-scope", "the scope does not exist or is written wrongly"),
    cause("mixed-resources", "one request asks for scopes of two APIs"),
    cause(
        "scope-not-default-for-client-credentials",
        "an application that signs in as itself can ask for `.default` only",
    ),
    cause("missing-offline-access", "no refresh token came, so the sign-in ends with this token"),
    cause(
        "first-party-preauthorization",
        "a client of Microsoft's own may not use this API or scope",
    ),
    cause("resource-not-found", "the tenant does not know the API that the scope names"),
    cause("client-secret-for-public-client", "a public client sent a secret"),
    cause(
        "public-client-flows-disabled",
        "the registration is not open to clients without a secret",
    ),
    cause(
        "platform-type-mismatch",
        "the redirect URI stands under a platform that this flow cannot use",
    ),
    cause("client-secret-wrong", "the client secret is not the right one"),
    cause("client-secret-expired", "the client secret has run out"),
    cause("client-assertion-invalid", "the assertion that the client signed was not accepted"),
    cause("redirect-uri-mismatch", "the redirect URI is not one of those registered"),
    cause("app-not-found-in-tenant", "the tenant does not know the client id"),
    cause("app-disabled-in-tenant", "the application is switched off"),
    cause("invalid-tenant", "there is no such tenant"),
    cause(
        "wrong-authority-endpoint",
        "the application or account cannot be used at this authority",
    ),
    cause("v1-v2-endpoint-mismatch", "the request mixes the v1 and the v2.0 endpoints"),
    cause("sovereign-cloud-mismatch", "token and service belong to two national clouds"),
    cause("auth-code-reused", "the authorization code was used before"),
    cause("refresh-token-expired", "the refresh token was unused for too long, or is too old"),
    cause("refresh-token-revoked", "the refresh token was taken back"),
    cause("refresh-token-malformed", "the refresh token did not arrive in one piece"),
    cause(
        "spa-refresh-token-lifetime",
        "the refresh token came through a single-page redirect and lives 24 hours",
    ),
    cause("mfa-required", "a second factor is asked for"),
    cause("conditional-access", "a policy of the tenant blocks the token"),
    cause("claims-challenge-cae", "the API asks for a new token with the claims it names"),
    cause("wrong-xoauth2-format", "the XOAUTH2 line is not built as it must be"),
    cause("smtp-auth-disabled", "the mailbox or its tenant does not allow SMTP AUTH"),
    cause("imap-disabled", "the mailbox does not allow IMAP"),
    cause("pop-disabled", "the mailbox does not allow POP"),
    cause("basic-auth-disabled", "a password was sent where only tokens are taken"),
    cause("throttled", "too many requests came in too short a time"),
    cause("device-code-expired", "the device code ran out before the sign-in was finished"),
    cause("device-polling-loop", "the same request was repeated until Entra cut it off"),
    cause("service-incident", "something is broken at Microsoft's end"),
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
        assert_eq!(all().len(), 62);
    }

    #[test]
    fn look_up_is_by_exact_id() {
        assert!(is_cause("wrong-audience"));
        assert!(!is_cause("wrong_audience"));
        assert!(!is_cause(""));
        assert_eq!(find("expired").unwrap().meaning, "the token's time is over");
    }
}
