//! Reads the address, or the bare code, that the user copied from a browser.

use url::Url;

use entrada_core::Secret;
use entrada_core::oauth::authorization::{
    AuthorizationResponse, ExpectedRedirect, RedirectMismatch, read_redirect,
};

/// The length of the shortest text that is accepted as a code: Entra's codes have about a thousand characters, others
/// at least forty.
const CODE_MIN: usize = 16;

/// The pasted text is not the response.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAnAnswer {
    /// The address of the page that was opened, instead of the one it redirected to.
    #[error(
        "that is the address that was opened; paste the address that the browser shows at the end, which contains `code=`"
    )]
    TheFirst,
    /// An address without a response.
    #[error(
        "that address has neither `code=` nor `error=` in it; paste the whole address from the address bar"
    )]
    Nothing,
    /// The response to another sign-in.
    #[error("that is the response to another sign-in: {0}")]
    RedirectMismatch(RedirectMismatch),
    /// A code alone, from an authority that sends `iss` with each code.
    #[error(
        "a code alone does not show which authority it is from; paste the whole address from the address bar"
    )]
    BareCode,
    /// Neither an address nor a code.
    #[error(
        "that is neither an address nor a code; paste the address that the browser shows at the end"
    )]
    Neither,
}

/// Reads `typed`: an address, only its parameters, or the bare code. A bare code has no `state`. Redeeming it shows
/// whether it belongs to this sign-in, because only its code fits this verifier (RFC 7636 §1).
pub(super) fn read_pasted(
    typed: &Secret,
    expected: ExpectedRedirect<'_>,
) -> Result<AuthorizationResponse, NotAnAnswer> {
    // Terminals and mail programs break long lines. No part of an address contains white space.
    let text: String = typed.expose().split_whitespace().collect();
    let text = Secret::new(text.trim_matches(['"', '\'', '<', '>']));
    let text = text.expose();
    let parameters = match Url::parse(text) {
        Ok(url) if url.has_host() => {
            let query = url.query().unwrap_or_default();
            let fragment = url.fragment().unwrap_or_default();
            if query.contains("code_challenge=") {
                return Err(NotAnAnswer::TheFirst);
            }
            Secret::new(if has_answer(fragment) { fragment } else { query })
        }
        _ if has_answer(text) => Secret::new(text.trim_start_matches(['?', '#'])),
        // RFC 9207 §2.4: a response without `iss` must be refused.
        _ if is_code(text) && expected.issuer_always => return Err(NotAnAnswer::BareCode),
        _ if is_code(text) => return Ok(AuthorizationResponse::Code(Secret::new(text))),
        _ => return Err(NotAnAnswer::Neither),
    };
    read_redirect(parameters.expose(), expected).map_err(|why| match why {
        RedirectMismatch::NoAnswer => NotAnAnswer::Nothing,
        why => NotAnAnswer::RedirectMismatch(why),
    })
}

fn has_answer(parameters: &str) -> bool {
    parameters
        .trim_start_matches(['?', '#'])
        .split('&')
        .any(|pair| pair.starts_with("code=") || pair.starts_with("error="))
}

fn is_code(text: &str) -> bool {
    CODE_MIN <= text.len()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~+/=*!$".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, NotAnAnswer> {
        let state = Secret::new("the-state");
        let expected = ExpectedRedirect { state: &state, issuer: None, issuer_always: false };
        read_pasted(&Secret::new(text), expected).map(|answer| match answer {
            AuthorizationResponse::Code(code) => code.expose().to_owned(),
            AuthorizationResponse::Refused(error) => error.error,
        })
    }

    #[test]
    fn an_address_its_parameters_or_the_bare_code_is_accepted() {
        for text in [
            "http://localhost:8400/?code=0.the-code-of-ours&state=the-state",
            "  http://localhost:8400/?code=0.the-code-of-ours&session_state=7&state=the-state\r\n",
            "http://localhost:8400/?code=0.the-code\n-of-ours&state=the-state",
            "<http://localhost:8400/?code=0.the-code-of-ours&state=the-state>",
            "https://login.microsoftonline.com/common/oauth2/nativeclient#code=0.the-code-of-ours&state=the-state",
            "?code=0.the-code-of-ours&state=the-state",
            "code=0.the-code-of-ours&state=the-state",
            "0.the-code-of-ours",
        ] {
            assert_eq!(read(text).as_deref(), Ok("0.the-code-of-ours"), "{text}");
        }
        let declined = "http://localhost:8400/?error=access_denied&state=the-state";
        assert_eq!(read(declined).as_deref(), Ok("access_denied"));
    }

    #[test]
    fn a_bare_code_is_refused_where_the_authority_names_itself_in_each_response() {
        let state = Secret::new("the-state");
        let issuer = Some("https://idp.example");
        let expected = ExpectedRedirect { state: &state, issuer, issuer_always: true };
        let read = |text: &str| read_pasted(&Secret::new(text), expected);
        assert_eq!(read("0.the-code-of-ours").err(), Some(NotAnAnswer::BareCode));
        let without = "http://localhost:8400/?code=0.the-code-of-ours&state=the-state";
        let mismatch = NotAnAnswer::RedirectMismatch(RedirectMismatch::NoIssuer);
        assert_eq!(read(without).err(), Some(mismatch));
        assert!(read(&format!("{without}&iss=https://idp.example")).is_ok());
    }

    #[test]
    fn other_texts_give_different_errors() {
        for (text, expected) in [
            ("", NotAnAnswer::Neither),
            ("what do I paste here?", NotAnAnswer::Neither),
            ("123456", NotAnAnswer::Neither),
            ("http://localhost:8400/", NotAnAnswer::Nothing),
            ("https://login.example/authorize?client_id=x&code_challenge=y", NotAnAnswer::TheFirst),
            (
                "http://localhost:8400/?code=c&state=other",
                NotAnAnswer::RedirectMismatch(RedirectMismatch::State),
            ),
            ("code=c", NotAnAnswer::RedirectMismatch(RedirectMismatch::State)),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
        }
    }
}
