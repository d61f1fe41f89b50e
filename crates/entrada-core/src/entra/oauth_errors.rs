//! OAuth's own words for a refusal: what each means, and what Entra says with it.

/// An `error` member, and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct OauthError {
    /// The word.
    pub error: &'static str,
    /// Where it is defined.
    pub source: &'static str,
    /// What is so.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// What is known about `error`.
pub fn find(error: &str) -> Option<&'static OauthError> {
    ALL.iter().find(|own| own.error == error)
}

/// Every word, in alphabetical order.
pub fn all() -> &'static [OauthError] {
    ALL
}

const NUMBER: &str = "the AADSTS number beside it says which: `entrada explain AADSTSnnnnn`, or `entrada diagnose` with \
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
        "the user or a policy said no",
        "sign in again and accept; where a policy said no, an administrator finds it in the sign-in log",
    ),
    of(
        "authorization_declined",
        "Entra",
        "the user pressed *Cancel* on the page of the device code",
        "start over: `entrada login`",
    ),
    of(
        "authorization_pending",
        "RFC 8628 §3.5",
        "nobody has entered the device code yet: no failure",
        "enter the code, and go on asking at the interval that was told",
    ),
    of(
        "bad_verification_code",
        "Entra",
        "the device code is not one that the authority knows",
        "send the `device_code` as it came, or start over: `entrada login`",
    ),
    of(
        "consent_required",
        "OpenID Connect Core §3.1.2.6",
        "nobody has agreed that the application may have these scopes",
        "sign in at the page and accept, or have an administrator consent",
    ),
    of(
        "expired_token",
        "RFC 8628 §3.5",
        "the device code ran out before anybody approved it",
        "start over: `entrada login`",
    ),
    of(
        "interaction_required",
        "OpenID Connect Core §3.1.2.6",
        "the user has to do something at the page: a second factor, terms of use, a choice of account",
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
        "the API that the scope names is not there, or not in this tenant",
        "check the scope up to its last slash, the tenant and the cloud",
    ),
    of(
        "invalid_scope",
        "RFC 6749 §5.2",
        "a scope is unknown, misspelled, or does not go with the others",
        "check spelling and the API before it; ask one API at a time",
    ),
    of(
        "login_required",
        "OpenID Connect Core §3.1.2.6",
        "nobody is signed in, and the request allowed no page (`prompt=none`)",
        "sign in: `entrada login`",
    ),
    of(
        "server_error",
        "RFC 6749 §4.1.2.1",
        "the authority has a fault of its own",
        "try again in a few minutes",
    ),
    of(
        "slow_down",
        "RFC 8628 §3.5",
        "the program asks too often: it has to add five seconds to its interval",
        "wait longer between two requests; `entrada` does so by itself",
    ),
    of(
        "temporarily_unavailable",
        "RFC 6749 §4.1.2.1",
        "the authority cannot answer just now, or asks to be left alone for a while",
        "try again later, after `Retry-After` where it is given",
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
        "`grant_type` is missing, misspelled, or not one that this endpoint knows",
        "check the spelling, and that the body is form-encoded",
    ),
    of(
        "unsupported_response_type",
        "RFC 6749 §4.1.2.1",
        "the page was asked for something that this registration may not get there",
        "ask for `response_type=code`",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_and_they_stand_in_order() {
        assert!(all().is_sorted_by_key(|own| own.error));
        assert!(
            all().iter().all(|own| find(own.error).is_some_and(|found| found.error == own.error))
        );
        assert!(find("nonsense").is_none());
    }
}
