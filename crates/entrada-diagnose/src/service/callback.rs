//! The redirect URI of a program, to which the authority returned a code and which the program did not serve.

use super::Hypothesis;
use crate::{RuleId, Who};

/// Maximum number of bytes that are searched.
const TEXT_MAX: usize = 64 << 10;

/// What pages and programs say of an address that they do not serve, in lower case.
const NOT_SERVED: [&str; 9] = [
    "cannot get /",
    "cannot post /",
    "no explicit mapping",
    "no route matches",
    "no webpage was found",
    "not found",
    "page could not be found",
    "page can't be found",
    "page can\u{2019}t be found",
];

/// Words of addresses to which sign-ins return, in lower case.
const REDIRECTS: [&str; 9] =
    ["auth", "callback", "login", "oidc", "openid", "redirect", "return", "signin", "sso"];

/// A redirect URI that the program answered with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailedCallback {
    /// Its address without the query, which has the code.
    address: String,
    /// Whether the program has nothing at that address; else it failed there.
    is_missing: bool,
}

/// Finds the address of a redirect with a code in `text`, beside words for the program's own failure.
pub(crate) fn find(text: &str) -> Option<FailedCallback> {
    let mut end = text.len().min(TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let ends = |c: char| c.is_whitespace() || "'\"<>`()[]{}".contains(c);
    let address = text.split(ends).find_map(redirect)?;
    // Words and numbers of the addresses themselves are no failure.
    let words: Vec<&str> = text.split(ends).filter(|word| !word.contains("code=")).collect();
    let said = text.to_ascii_lowercase();
    let has_number = |number: &str| {
        words
            .iter()
            .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()))
            .any(|it| it == number)
    };
    let is_missing = has_number("404") || NOT_SERVED.iter().any(|words| said.contains(words));
    let has_failed = ["500", "502", "503"].iter().any(|number| has_number(number))
        || said.contains("internal server error");
    (is_missing || has_failed).then(|| FailedCallback { address: address.to_owned(), is_missing })
}

/// The address without its query, if `word` is one to which the authority returned a code.
fn redirect(word: &str) -> Option<&str> {
    let (address, query) = word.split_once('?')?;
    let names = |name: &str| query.split('&').any(|pair| pair.starts_with(name));
    let lower = address.to_ascii_lowercase();
    let is_of_program =
        !lower.contains("login.microsoftonline.") && !lower.contains("login.live.com");
    let is_redirect = names("state=")
        || names("session_state=")
        || REDIRECTS.iter().any(|word| lower.contains(word));
    // `code=CODE` stands in a guide.
    let code = query.split('&').find_map(|pair| pair.strip_prefix("code="))?;
    let is_real = code.bytes().any(|byte| byte.is_ascii_digit());
    (is_real && is_redirect && is_of_program && address.contains('/')).then_some(address)
}

impl FailedCallback {
    /// The cause that it points to.
    pub(super) fn cause(self) -> Hypothesis {
        let Self { address, is_missing } = self;
        let mut told = if is_missing {
            Hypothesis::likely(
                RuleId::NotAboutTheToken,
                "the sign-in at Entra worked and returned a code, and the program serves nothing at its redirect URI",
            )
            .help("compare the redirect URI with the route of the program's sign-in library: its path, the base path behind a proxy, a slash at the end, and whether the deployed build has that route")
            .help("change the route, or register the address that the program serves and set it in the program")
        } else {
            Hypothesis::likely(
                RuleId::NotAboutTheToken,
                "the sign-in at Entra worked and returned a code, and the program failed while it handled the code",
            )
            .help("read the program's own log at that moment: most often the token endpoint refused the code (client secret, redirect URI), and the log has its AADSTS number")
        };
        told.who = Some(Who::Developer);
        told.evidence.push(("redirect URI", address));
        told.is_complete = true;
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_with_a_code_needs_a_failure_of_the_program() {
        for (text, is_missing) in [
            (
                "https://app.example/api/auth/callback/azure-ad?code=0.AX&state=x\n404 | not here",
                true,
            ),
            ("Cannot GET /auth/openid/return?code=M.R3_BL2&state=q", true),
            ("GET /signin-oidc?code=0.A&state=b gives 500 Internal Server Error", false),
        ] {
            let found = find(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.is_missing, is_missing, "{text}");
            assert!(!found.address.contains("code="), "{text}");
        }
        for text in [
            "https://app.example/callback?code=0.AX404&state=500",
            "https://login.microsoftonline.com/common/oauth2?code=1&state=x 404",
            "https://app.example/callback?error=access_denied 404",
            "404 not found",
            "the guide has https://app.example/callback?code=CODE&state=STATE and a 404 page",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
