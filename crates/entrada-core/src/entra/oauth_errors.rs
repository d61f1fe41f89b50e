//! The error codes of OAuth: their meaning, and what Entra adds.

/// An `error` member and its meaning.
#[derive(Clone, Copy, Debug)]
pub struct OauthError {
    /// The error code.
    pub error: &'static str,
    /// The specification that defines it.
    pub source: &'static str,
    /// The meaning.
    pub meaning: &'static str,
    /// The help.
    pub remedy: &'static str,
}

/// The facts about `error`.
pub fn find(error: &str) -> Option<&'static OauthError> {
    ALL.iter().find(|own| own.error == error)
}

/// Every error code, in alphabetical order.
pub fn all() -> &'static [OauthError] {
    ALL
}

const NUMBER: &str = "the AADSTS number in the response has the details: `entrada explain AADSTSnnnnn`, or `entrada diagnose` with \
                      the whole answer";

const fn of(
    error: &'static str,
    source: &'static str,
    meaning: &'static str,
    remedy: &'static str,
) -> OauthError {
    OauthError { error, source, meaning, remedy }
}

static ALL: &[OauthError] = &[
    of(
        "access_denied",
        "RFC 6749 §4.1.2.1, RFC 8628 §3.5",
        "the user or a policy refused the sign-in",
        "sign in again and accept; if a policy refused, an administrator can find it in the sign-in log",
    ),
    of(
        "authorization_declined",
        "Entra",
        "the user pressed *Cancel* on the device code page",
        "start over: `entrada login`",
    ),
    of(
        "authorization_pending",
        "RFC 8628 §3.5",
        "the user has not entered the device code yet; this is not a failure",
        "enter the code, and keep polling at the interval of the response",
    ),
    of(
        "bad_verification_code",
        "Entra",
        "the authority does not know the device code",
        "send the `device_code` unchanged, or start over: `entrada login`",
    ),
    of(
        "consent_required",
        "OpenID Connect Core §3.1.2.6",
        "neither the user nor an administrator has consented to these scopes",
        "sign in in the browser and accept, or ask an administrator to consent",
    ),
    of(
        "expired_token",
        "RFC 8628 §3.5",
        "the device code expired before the user approved it",
        "start over: `entrada login`",
    ),
    of(
        "interaction_required",
        "OpenID Connect Core §3.1.2.6",
        "the user has to act on the sign-in page: a second factor, terms of use, a choice of account",
        "sign in again: `entrada login`",
    ),
    of(
        "invalid_client",
        "RFC 6749 §5.2",
        "the application could not prove who it is: a wrong or expired secret, a wrong certificate, or none where one is \
         wanted",
        NUMBER,
    ),
    of(
        "invalid_grant",
        "RFC 6749 §5.2",
        "the code, refresh token or assertion is not accepted: expired, used, revoked, for another client, or held up by \
         a policy",
        NUMBER,
    ),
    of("invalid_request", "RFC 6749 §5.2", "a parameter is missing, wrong or given twice", NUMBER),
    of(
        "invalid_resource",
        "RFC 8707 §2, Entra",
        "the API that the scope names does not exist, or not in this tenant",
        "check the scope up to its last slash, the tenant and the cloud",
    ),
    of(
        "invalid_scope",
        "RFC 6749 §5.2",
        "a scope is unknown, misspelled, or cannot be combined with the others",
        "check the spelling and the API prefix; request scopes of one API at a time",
    ),
    of(
        "login_required",
        "OpenID Connect Core §3.1.2.6",
        "no user is signed in, and the request did not allow a sign-in page (`prompt=none`)",
        "sign in: `entrada login`",
    ),
    of(
        "server_error",
        "RFC 6749 §4.1.2.1",
        "the authority had an internal error",
        "try again in a few minutes",
    ),
    of(
        "slow_down",
        "RFC 8628 §3.5",
        "the program polls too often: it has to add five seconds to its interval",
        "wait longer between two requests; `entrada` does this automatically",
    ),
    of(
        "temporarily_unavailable",
        "RFC 6749 §4.1.2.1",
        "the authority is temporarily unavailable, or limits the rate of requests",
        "try again later, after `Retry-After` if the response has it",
    ),
    of(
        "unauthorized_client",
        "RFC 6749 §5.2",
        "the application may not use this flow, or is unknown to this kind of account",
        "check the registration: platform, public client flows, supported account types",
    ),
    of(
        "unsupported_grant_type",
        "RFC 6749 §5.2",
        "`grant_type` is missing, misspelled, or not supported by this endpoint",
        "check the spelling, and that the body is form-encoded",
    ),
    of(
        "unsupported_response_type",
        "RFC 6749 §4.1.2.1",
        "the registration does not allow this `response_type`",
        "ask for `response_type=code`",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_and_the_codes_are_sorted() {
        assert!(all().is_sorted_by_key(|own| own.error));
        assert!(
            all().iter().all(|own| find(own.error).is_some_and(|found| found.error == own.error))
        );
        assert!(find("nonsense").is_none());
    }
}
