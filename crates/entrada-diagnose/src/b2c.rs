//! The errors of Azure AD B2C, which has numbers of its own (Microsoft's list "Error codes: Azure Active Directory B2C").

use super::RuleId;

/// An error of Azure AD B2C.
#[derive(Debug)]
pub(super) struct B2cError {
    number: &'static str,
    /// The rule that reports it; `None` for an error of which the number is all there is.
    pub(super) cause: Option<RuleId>,
    pub(super) meaning: &'static str,
    pub(super) remedy: &'static str,
}

const fn error(
    number: &'static str,
    cause: Option<RuleId>,
    meaning: &'static str,
    remedy: &'static str,
) -> B2cError {
    B2cError { number, cause, meaning, remedy }
}

/// What stands before each number.
const PREFIX: &str = "AADB2C";

const REDIRECT: &str =
    "add the exact redirect URI of the request to the application's registration in the B2C tenant";
const SCOPE: &str = "request a scope that is exposed by an API of the B2C tenant and granted to the application (`https://TENANT.onmicrosoft.com/API/SCOPE`), of one API only";
const CLIENT: &str = "compare the client id, and the tenant and the policy in the authority's address, with the registration in the B2C tenant";
const PASSWORD: &str = "check name and password, and whether the account is one of the B2C tenant";
const SIGN_IN: &str = "let the user sign in again, in the same user flow (policy)";
const PKCE: &str =
    "send the `code_verifier` of the same sign-in that sent the `code_challenge`, with `S256`";
const LATER: &str = "try again in a few minutes";

static ERRORS: [B2cError; 40] = [
    error(
        "90006",
        Some(RuleId::RedirectUriMismatch),
        "the redirect URI of the request is not registered",
        REDIRECT,
    ),
    error(
        "90007",
        Some(RuleId::RedirectUriMismatch),
        "the application has no redirect URI",
        REDIRECT,
    ),
    error(
        "90008",
        Some(RuleId::MissingParameter),
        "the request has no `client_id`",
        "send the client id of the registration",
    ),
    error(
        "90010",
        Some(RuleId::MissingParameter),
        "the request has no `scope`",
        "send `scope`, such as `openid offline_access` and a scope of the API",
    ),
    error("90012", Some(RuleId::InvalidScope), "the requested scope is not supported", SCOPE),
    error(
        "90018",
        Some(RuleId::AppNotFoundInTenant),
        "the application is not registered in this B2C tenant",
        CLIENT,
    ),
    error("90035", Some(RuleId::ServiceIncident), "Azure AD B2C is temporarily unavailable", LATER),
    error(
        "90046",
        None,
        "the state of the sign-in was lost: cookies are missing, or the page was open for too long",
        "start the sign-in again, in one tab and with cookies allowed",
    ),
    error(
        "90052",
        Some(RuleId::UserCredentials),
        "the user name or the password is wrong",
        PASSWORD,
    ),
    error("90053", Some(RuleId::AccountUnknown), "no account has this name", PASSWORD),
    error(
        "90054",
        Some(RuleId::UserCredentials),
        "the user name or the password is wrong",
        PASSWORD,
    ),
    error("90055", Some(RuleId::InvalidScope), "a requested scope names no API", SCOPE),
    error(
        "90057",
        Some(RuleId::ImplicitNotEnabled),
        "the application does not allow the implicit flow",
        "use the authorization code flow with PKCE, or allow the implicit flow in the registration (*Authentication*)",
    ),
    error(
        "90058",
        Some(RuleId::PublicClientFlowsDisabled),
        "the application does not allow public clients",
        "set *Allow public client flows* to *Yes* in the registration",
    ),
    error(
        "90068",
        Some(RuleId::AppNotFoundInTenant),
        "the application was not created for Azure AD B2C",
        "register the application in the B2C tenant, with an account type for user flows",
    ),
    error(
        "90077",
        Some(RuleId::NoSession),
        "the user has no session, and the request allows no sign-in page (`prompt=none`)",
        "sign in interactively; a browser that blocks third-party cookies has no session in a hidden frame",
    ),
    error(
        "90079",
        Some(RuleId::ClientSecretWrong),
        "a confidential client has to send its secret",
        "send `client_secret`, or register the redirect URI for the platform of a public client",
    ),
    error(
        "90080",
        Some(RuleId::RefreshTokenExpired),
        "the refresh token or the code has expired",
        SIGN_IN,
    ),
    error(
        "90081",
        Some(RuleId::ClientSecretWrong),
        "the client secret is wrong",
        "use the value of a valid secret of this registration, not its id",
    ),
    error(
        "90084",
        Some(RuleId::ClientSecretForPublicClient),
        "a public client must not send a secret",
        "leave `client_secret` out",
    ),
    error(
        "90085",
        None,
        "Azure AD B2C could not run the policy: most often a custom policy or its keys are at fault, seldom the service",
        "read the policy's own log (Application Insights, `JourneyRecorder`), and compare the policy keys and the technical profile that runs last; try once more after a few minutes",
    ),
    error(
        "90088",
        Some(RuleId::WrongTenant),
        "the grant was issued by another policy or tenant",
        "redeem a code or refresh token at the policy (user flow) and the tenant that issued it; after another user flow keep its own tokens",
    ),
    error(
        "90091",
        Some(RuleId::UserDeclined),
        "the user cancelled",
        "go back to the start page, or offer the sign-in again",
    ),
    error(
        "90092",
        Some(RuleId::AppDisabledInTenant),
        "the application is disabled in this tenant",
        "an administrator enables it under *Enterprise applications*",
    ),
    error(
        "90111",
        Some(RuleId::AccountLockedOrDisabled),
        "the account is locked",
        "an administrator of the B2C tenant unlocks it",
    ),
    error(
        "90114",
        Some(RuleId::AccountLockedOrDisabled),
        "the account is locked for a while after wrong passwords",
        LATER,
    ),
    error(
        "90115",
        Some(RuleId::InvalidScope),
        "the request for a code names no scope of an API and not `openid`",
        SCOPE,
    ),
    error("90117", Some(RuleId::InvalidScope), "the requested scope is not supported", SCOPE),
    error(
        "90118",
        None,
        "the user pressed `Forgot your password?`, which is no failure: the application has to start the reset",
        "send the user to the user flow for password reset, or use a sign-in flow with *Self-service password reset*, which handles it by itself",
    ),
    error(
        "90128",
        Some(RuleId::AccountUnknown),
        "the account of this grant no longer exists",
        SIGN_IN,
    ),
    error("90129", Some(RuleId::RefreshTokenRevoked), "the grant was revoked", SIGN_IN),
    error("90146", Some(RuleId::MixedResources), "the request names scopes of several APIs", SCOPE),
    error("90151", None, "the user failed the second factor too often", LATER),
    error(
        "90182",
        Some(RuleId::PkceMismatch),
        "the `code_verifier` does not match the challenge",
        PKCE,
    ),
    error("90183", Some(RuleId::PkceMismatch), "the `code_verifier` is invalid", PKCE),
    error(
        "90205",
        Some(RuleId::ApiPermissionNotConfigured),
        "the application has no permission for this API",
        "add the API under *API permissions* of the registration, and grant admin consent",
    ),
    error(
        "90224",
        Some(RuleId::PublicClientFlowsDisabled),
        "the application does not allow the password flow (ROPC)",
        "set *Allow public client flows* to *Yes* and use a ROPC user flow, or sign in interactively",
    ),
    error(
        "90225",
        Some(RuleId::UserCredentials),
        "the user name or the password is wrong",
        PASSWORD,
    ),
    error(
        "90233",
        Some(RuleId::ClientAssertionInvalid),
        "B2C cannot check the signature of `id_token_hint`: the policy reads other keys, or the hint names another issuer",
        "compare `issuer` and the address of the keys in the technical profile of the hint with the hint's `iss` and `kid`",
    ),
    error(
        "99059",
        Some(RuleId::PkceMismatch),
        "the request has no `code_challenge`, which single-page applications need",
        PKCE,
    ),
];

/// The first error number in `text`, with its prefix: `AADB2C90118`.
pub(super) fn number_in(text: &str) -> Option<&str> {
    text.match_indices(PREFIX).find_map(|(at, _)| {
        let rest = &text[at + PREFIX.len()..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        (5..=6).contains(&digits).then(|| &text[at..at + PREFIX.len() + digits])
    })
}

/// What is on record about the error with this number.
pub(super) fn find(number: &str) -> Option<&'static B2cError> {
    let digits = number.strip_prefix(PREFIX)?;
    ERRORS.iter().find(|error| error.number == digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sorted_and_none_is_twice() {
        assert!(ERRORS.windows(2).all(|pair| pair[0].number < pair[1].number));
    }

    #[test]
    fn a_number_is_found_in_a_text() {
        let text = "Error: AADB2C90118: The user has forgotten their password.";
        assert_eq!(number_in(text), Some("AADB2C90118"));
        assert!(find("AADB2C90118").unwrap().meaning.contains("Forgot your password"));
        assert!(find("AADB2C90099").is_none());
        for text in ["AADB2C", "AADB2C is a product", "AADSTS90118"] {
            assert_eq!(number_in(text), None, "{text}");
        }
    }
}
