//! A program's own check of a token, as libraries without a record report it: the signature, the issuer, the audience, the nonce
//! or the time did not fit. The program refused the token, and neither the authority nor an API of Microsoft did.

use super::Hypothesis;
use super::known_errors::{refine_audiences, refine_issuers};
use crate::RuleId;

/// Maximum number of bytes that are searched.
const TEXT_MAX: usize = 64 << 10;

/// Maximum number of bytes of a line that are read: a list of keys or claims may follow the statement.
const STATEMENT_MAX: usize = 600;

/// What a program checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Property {
    Key,
    Issuer,
    Audience,
    Nonce,
    NotBefore,
}

/// A failed check, and where its statement begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenCheck {
    property: Property,
    /// Whether the token is the ID token of a sign-in.
    is_of_id_token: bool,
    at: usize,
}

/// Names of an ID token, in lower case.
const ID_TOKEN: [&str; 5] = ["id token", "id_token", "idtoken", "id-token", "invalid_id_token"];

/// Parts of the addresses to which a sign-in returns, in lower case: the token there is an ID token.
const REDIRECTS: [&str; 5] =
    ["/callback", "finishlogin", "signin-oidc", "oauth2callback", "oidc/redirect"];

/// Names of tokens and of their parts, in lower case.
const TOKENS: [&str; 11] = [
    "access token",
    "access_token",
    "accesstoken",
    "bearer token",
    "json web token",
    "jwks",
    "jwt",
    "jws",
    "oidc",
    "token",
    "validationparameters",
];

/// Words for each property, in lower case; the first match counts.
const PROPERTIES: [(&[&str], Property); 5] = [
    (
        &["not yet valid", "issued in the future", "not-before", "before its validity"],
        Property::NotBefore,
    ),
    (&["nonce"], Property::Nonce),
    (
        &[
            "signature",
            "signing key",
            "public key",
            "matching key",
            "verification key",
            "valid key",
            "jwks",
            "key parameters",
            "signatures or keys",
            "crypto/rsa",
            "key id",
        ],
        Property::Key,
    ),
    (&["issuer", "\"iss\"", "'iss'", "`iss`", " iss "], Property::Issuer),
    (&["audience", "\"aud\"", "'aud'", "`aud`", " aud "], Property::Audience),
];

/// Words for a failed check, in lower case.
const FAILED: [&str; 26] = [
    "cannot find",
    "cannot verify",
    "can't verify",
    "could not verify",
    "couldn't verify",
    "did not match",
    "do not match",
    "does not match",
    "doesn't match",
    "error verifying",
    "failed to parse",
    "failed to validate",
    "failed to verify",
    "invalid",
    "mismatch",
    "must match",
    "no matching",
    "no valid",
    "not yet valid",
    "unable to find",
    "unable to verify",
    "unexpected",
    "validation failed",
    "verification error",
    "verification failed",
    "wrong",
];

/// Words with which people speak, in lower case.
const SPEECH: [&str; 14] = [
    "i", "i'm", "i've", "we", "we're", "you", "your", "my", "our", "how", "why", "should", "would",
    "please",
];

/// Finds the first failed check in `text`.
pub(crate) fn find(text: &str) -> Option<TokenCheck> {
    let mut end = text.len().min(TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let mut start = 0;
    let lower = text.to_ascii_lowercase();
    let of_id_token = has(&lower, &ID_TOKEN) || has(&lower, &REDIRECTS);
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let statement = start_of(line.trim());
        if statement.ends_with('?') || !is_of_a_program(statement) {
            continue;
        }
        let lower = statement.to_ascii_lowercase();
        let is_of_id_token = has(&lower, &ID_TOKEN);
        if !has(&lower, &FAILED) || !(is_of_id_token || has(&lower, &TOKENS)) || is_speech(&lower) {
            continue;
        }
        let property = PROPERTIES.iter().find(|(words, _)| has(&lower, words));
        if let Some((_, property)) = property {
            // A program speaks of "the token" after it named the ID token.
            let is_access = ["access token", "access_token", "accesstoken", "bearer"];
            let is_of_id_token = is_of_id_token || (of_id_token && !has(&lower, &is_access));
            return Some(TokenCheck { property: *property, is_of_id_token, at });
        }
    }
    None
}

/// The part of `line` that is read.
fn start_of(line: &str) -> &str {
    let mut end = line.len().min(STATEMENT_MAX);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    &line[..end]
}

fn has(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

fn is_speech(lower: &str) -> bool {
    lower
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '\'')
        .any(|word| SPEECH.contains(&word))
}

/// Whether a program wrote `line`: it has a class of exceptions, a level, a time, a place in a source file, or a quoted value.
fn is_of_a_program(line: &str) -> bool {
    let class = |word: &str| {
        ["Error", "Exception", "Failure", "Err"]
            .iter()
            .any(|end| word.len() > end.len() && word.ends_with(end))
            || (word.contains('_')
                && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
    };
    let level = |word: &str| {
        ["ERROR", "WARN", "WARNING", "FATAL", "CRITICAL", "error:", "Error:", "[error]"]
            .contains(&word)
            || word.starts_with("level=")
    };
    let mut words = line.split(|c: char| c.is_whitespace() || "()[]{},;".contains(c));
    let is_dated = line.get(..5).is_some_and(|start| {
        start.bytes().take(4).all(|byte| byte.is_ascii_digit()) && start.ends_with(['-', '/'])
    });
    is_dated
        || line.contains("://")
        || words.any(|word| class(word.trim_end_matches(':')) || level(word))
        // A message alone: no sentence of a person has a colon and no full stop.
        || (line.contains(": ") && !line.ends_with('.') && !line.contains(". "))
}

impl TokenCheck {
    /// Whether the token is the ID token of a sign-in.
    pub(super) fn is_of_id_token(self) -> bool {
        self.is_of_id_token
    }

    /// The cause that it points to. `text` has the issuers and audiences.
    pub(super) fn cause(self, text: &str) -> Hypothesis {
        const KEYS: &str = "https://login.microsoftonline.com/TENANT/discovery/v2.0/keys";
        let mut told = match (self.property, self.is_of_id_token) {
            (Property::Key, true) => Hypothesis::likely(
                RuleId::NotAboutTheToken,
                "the sign-in worked, and the program cannot verify the ID token: its list of keys has none for this token",
            )
            .help("if the application has keys of its own (a SAML certificate, mapped claims), the program takes its metadata and keys with `?appid=CLIENT_ID` at the end of the address")
            .help(format!("compare the configured authority with the token's `iss`: keys are at `{KEYS}`, and a list that the program cached may be old")),
            (Property::Key, false) => Hypothesis::likely(
                RuleId::WrongAudience,
                "the program cannot verify the token's signature: the token may be for Microsoft Graph, or of another cloud, tenant or version",
            )
            .help("a token for Microsoft Graph (`nonce` in its header) is for Graph alone: verify the ID token, or request a token for your own API (`api://CLIENT_ID/SCOPE`)")
            .help(format!("compare the token's `aud` and `iss` with what the program accepts, and take the keys from `{KEYS}`")),
            (Property::Issuer, _) => Hypothesis::likely(
                RuleId::V1V2EndpointMismatch,
                "the program expects another issuer: of the other version (v1.0 or v2.0), or of another tenant",
            )
            .help("set the issuer to the token's `iss`: `https://login.microsoftonline.com/TENANT_ID/v2.0` is v2.0, `https://sts.windows.net/TENANT_ID/` is v1.0; with `common` each token has its own tenant"),
            (Property::Audience, _) => Hypothesis::likely(
                RuleId::WrongAudience,
                "the program expects another audience than the token has",
            )
            .help("compare the token's `aud` with the client id or the Application ID URI that the program accepts"),
            (Property::Nonce, _) => Hypothesis::likely(
                RuleId::NotAboutTheToken,
                "the `nonce` of the ID token is not the one of the request: another sign-in, a lost cookie, or a page that was loaded twice",
            )
            .help("start the sign-in again at the program's own address, and keep its session cookie until the sign-in returns"),
            (Property::NotBefore, true) => Hypothesis::likely(
                RuleId::ClockSkew,
                "the clock of this machine is behind: to it, the ID token of the sign-in is not valid yet",
            )
            .help("set the clock by a time server, then sign in again"),
            (Property::NotBefore, false) => Hypothesis::likely(
                RuleId::NotYetValid,
                "to the program, the token is not valid yet: its clock is behind, or a clock was wrong when the token was requested",
            ),
        };
        match self.property {
            Property::Issuer => refine_issuers(text, &mut told),
            Property::Audience => {
                let mut named = told.clone();
                refine_audiences(text, &mut named);
                // Without an audience in the text it is a guess.
                if named.confidence == told.confidence {
                    told = named;
                }
            }
            _ => (),
        }
        if self.property == Property::Key || self.property == Property::Nonce {
            told.who = Some(crate::Who::Developer);
        }
        told.evidence.push(("text", crate::excerpt::statement(text, self.at)));
        told.is_complete = true;
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_property_that_did_not_fit_is_found() {
        use Property::{Audience, Issuer, Key, Nonce, NotBefore};
        for (text, property, is_of_id_token) in [
            (
                "RPError: no valid key found in issuer's jwks_uri for key parameters {\"kid\":\"a\"} of the id_token",
                Key,
                true,
            ),
            (
                "2027-01-15 ERROR proxy: failed to verify access token: crypto/rsa: verification error",
                Key,
                false,
            ),
            (
                "level=warn msg=\"id token: could not verify message using any of the signatures or keys\"",
                Key,
                true,
            ),
            (
                "JwtError: unexpected issuer of the token, got https://sts.windows.net/a/",
                Issuer,
                false,
            ),
            ("ERROR jwt audience mismatch", Audience, false),
            (
                "Error while serving https://ci.example/finishLogin\norg.x.UnresolvableKeyException: Unable to find a suitable verification key for JWS w/ header {\"kid\":\"a\"} from JWKs []",
                Key,
                true,
            ),
            ("IdTokenError: nonce mismatch in ID token", Nonce, true),
            ("Error: the ID token is not yet valid: current epoch 5", NotBefore, true),
        ] {
            let found = find(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (found.property, found.is_of_id_token),
                (property, is_of_id_token),
                "{text}"
            );
        }
    }

    #[test]
    fn ordinary_language_is_no_failed_check() {
        for text in [
            "How do I make sure that the JWT audience is invalid in a test?",
            "The token audience is important to understand, see our guide to issuers.",
            "We had an error: the wrong token and the issuer of the card did not match",
            "the signature is invalid on this contract",
            "Each issuer has its own keys. A mismatch of the audience is a fault of the program that sends the token.",
            "",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
