//! The strings that carry a token in mail protocols: XOAUTH2 (defined by Google, used by Microsoft) and OAUTHBEARER
//! (RFC 7628 §3.1), and the JSON that a server answers with (RFC 7628 §3.2.2).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use entrada_core::Secret;

/// Lenient: [`faults_of_base64`] reports errors in the encoding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The initial response of a client.
#[derive(Clone, Debug, Default)]
pub struct Initial {
    /// The name of the mailbox.
    pub user: Option<String>,
    /// The token, as sent.
    pub token: Option<Secret>,
    /// The errors in the string; empty for a correct string.
    pub faults: Vec<&'static str>,
}

/// Minimum length of an argument, in characters. A shorter one counts as a placeholder.
const ARGUMENT_MIN: usize = 40;

/// Reads the argument of a sign-in with a token: the string, or something else in its place. `None` if the argument is not
/// usable, for example because a log redacted it.
pub(super) fn read_argument(text: &str) -> Option<Initial> {
    read(text).or_else(|| misplaced(text))
}

/// Reads the bare token, or the string encoded twice, in the place of `user=…^Aauth=Bearer …^A^A`.
fn misplaced(text: &str) -> Option<Initial> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let part = |c: char| c.is_ascii_alphanumeric() || "-_.+/=".contains(c);
    let different = text.chars().collect::<std::collections::BTreeSet<_>>().len();
    if text.len() < ARGUMENT_MIN || different < 12 || !text.chars().all(part) {
        return None;
    }
    let fault = |fault| Some(Initial { faults: vec![fault], ..Initial::default() });
    let is_token = |text: &str| text.starts_with("eyJ") && text.contains('.');
    if is_token(&text) {
        let bare = "the client sent only the token, not `user=…^Aauth=Bearer …^A^A` in base64";
        return Some(Initial { token: Some(Secret::new(text)), ..fault(bare)? });
    }
    let decoded = LENIENT.decode(text.replace('-', "+").replace('_', "/")).ok()?;
    let decoded = Secret::new(String::from_utf8(decoded).ok()?);
    let inner = decoded.expose();
    if is_token(inner) {
        let alone =
            "the base64 holds only the token, without `user=…^Aauth=Bearer …^A^A` around it";
        return Some(Initial { token: Some(Secret::new(inner)), ..fault(alone)? });
    }
    if let Some(initial) = read(inner) {
        return Some(Initial { faults: vec!["it is encoded in base64 twice"], ..initial });
    }
    fault("it has no `user=` and no `auth=Bearer `")
}

/// Reads the base64 text of an initial response; `None` if the text is something else.
pub(super) fn read(text: &str) -> Option<Initial> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let decoded = LENIENT.decode(compact.replace('-', "+").replace('_', "/")).ok()?;
    let decoded = Secret::new(String::from_utf8(decoded).ok()?);
    let decoded = decoded.expose();
    let lower = decoded.to_ascii_lowercase();
    if !lower.contains("auth=") && !lower.contains("user=") && !lower.contains("bearer") {
        return None;
    }
    let mut initial = Initial { faults: faults_of_base64(text), ..Initial::default() };
    let bearer =
        decoded.starts_with("n,") || decoded.starts_with("y,") || decoded.starts_with("p=");
    let mut fault = |wrong: bool, what: &'static str| {
        if wrong {
            initial.faults.push(what);
        }
    };
    let literal = ["^A", "\\x01", "\\1", "\\u0001", "%x01", "\\001"];
    let spelled = literal.iter().any(|spelling| decoded.contains(spelling));
    fault(spelled, "the separator is spelled out (`^A`): it must be the one byte 0x01");
    fault(!spelled && !decoded.contains('\u{1}'), "its parts are not separated by the byte 0x01");
    let normal = literal
        .iter()
        .fold(decoded.to_owned(), |text, spelling| text.replace(spelling, "\u{1}"))
        .replace(['\n', '\r', '\0'], "\u{1}");
    fault(
        decoded.contains('\u{1}') && !decoded.ends_with("\u{1}\u{1}"),
        "it does not end with two bytes 0x01",
    );
    fault(
        decoded.contains(['\n', '\r']) && decoded.contains('\u{1}'),
        "it contains a line break, as from the end of a file",
    );
    let value = |name: &str| {
        let found = normal.split('\u{1}').find_map(|part| {
            let (own, value) = part.split_once('=')?;
            own.trim_start_matches(',').eq_ignore_ascii_case(name).then(|| value.to_owned())
        });
        found.filter(|value| !value.is_empty())
    };
    let user = if bearer {
        let header = normal.split('\u{1}').next().unwrap_or_default();
        header.split(',').find_map(|part| part.strip_prefix("a=")).map(unescaped)
    } else {
        value("user")
    };
    // With an unknown separator the token is in the same piece, and must not become part of the name.
    let user = user.map(|user| {
        let end = user.to_ascii_lowercase().find("auth=").unwrap_or(user.len());
        let name = user[..end].split_whitespace().next().unwrap_or_default();
        name.chars().take(320).collect::<String>()
    });
    let user = user.filter(|user| !user.is_empty());
    fault(!bearer && user.is_none(), "it has no `user=`");
    let auth = value("auth");
    match auth.as_deref().map(str::trim) {
        None => fault(true, "it has no `auth=`"),
        Some(auth) => {
            // The value may end after `Bearer`, when a variable was empty.
            let token = auth
                .get(..6)
                .filter(|scheme| scheme.eq_ignore_ascii_case("bearer"))
                .map(|_| &auth[6..])
                .filter(|rest| rest.is_empty() || rest.starts_with(' '));
            fault(token.is_none(), "its `auth=` does not begin with `Bearer `");
            let shown = token.unwrap_or(auth).trim();
            fault(shown.is_empty(), "it contains no token");
            fault(shown.starts_with(['"', '\'']), "its token is in quotes");
            fault(
                shown.get(..7).is_some_and(|again| again.eq_ignore_ascii_case("bearer ")),
                "it contains `Bearer ` twice",
            );
            if !shown.is_empty() {
                initial.token = Some(Secret::new(shown));
            }
        }
    }
    initial.user = user;
    Some(initial)
}

/// Errors that a strict base64 decoder refuses.
fn faults_of_base64(text: &str) -> Vec<&'static str> {
    let text = text.trim();
    let mut faults = Vec::new();
    if text.contains(char::is_whitespace) {
        faults.push("its base64 is broken into several lines");
    }
    if text.contains(['-', '_']) {
        faults.push("it is in base64url (`-`, `_`), not in standard base64 (`+`, `/`)");
    }
    if !text.contains(char::is_whitespace) && !text.len().is_multiple_of(4) {
        faults.push("its base64 lacks the padding (`=`)");
    }
    faults
}

/// RFC 5801 §4: `,` and `=` in a name.
fn unescaped(name: &str) -> String {
    name.replace("=2C", ",").replace("=3D", "=")
}

/// The JSON with the reason in a server's `+ …` or `334 …` line: `{"status":"401","schemes":"bearer","scope":"…"}`.
pub(super) fn error_json(text: &str) -> Option<Value> {
    let json = LENIENT.decode(text.trim()).ok()?;
    let value: Value = serde_json::from_slice(&json).ok()?;
    value.get("status").is_some().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::BASE64_STANDARD;

    fn encoded(text: &str) -> String {
        BASE64_STANDARD.encode(text)
    }

    fn faults(text: &str) -> Vec<&'static str> {
        read(&encoded(text)).unwrap().faults
    }

    #[test]
    fn a_right_string_has_no_fault() {
        let xoauth2 =
            read(&encoded("user=ada@contoso.example\u{1}auth=Bearer to.ke.n\u{1}\u{1}")).unwrap();
        assert_eq!(xoauth2.user.as_deref(), Some("ada@contoso.example"));
        assert_eq!(xoauth2.token.unwrap().expose(), "to.ke.n");
        assert!(xoauth2.faults.is_empty(), "{:?}", xoauth2.faults);
        let bearer = "n,a=ada@contoso.example,\u{1}host=imap.example\u{1}port=993\u{1}auth=Bearer to.ke.n\u{1}\u{1}";
        let bearer = read(&encoded(bearer)).unwrap();
        assert_eq!(bearer.user.as_deref(), Some("ada@contoso.example"));
        assert!(bearer.faults.is_empty(), "{:?}", bearer.faults);
    }

    #[test]
    fn each_fault_has_its_words() {
        for (text, expected) in [
            ("user=a^Aauth=Bearer t^A^A", "spelled out"),
            ("user=a\nauth=Bearer t\n\n", "not separated"),
            ("user=a\u{1}auth=Bearer t\u{1}", "two bytes"),
            ("user=a\u{1}auth=t\u{1}\u{1}", "does not begin with `Bearer `"),
            ("user=a\u{1}auth=Bearer Bearer t\u{1}\u{1}", "twice"),
            ("user=a\u{1}auth=Bearer \u{1}\u{1}", "no token"),
            ("auth=Bearer t\u{1}\u{1}", "no `user=`"),
            ("user=a\u{1}\u{1}", "no `auth=`"),
        ] {
            assert!(
                faults(text).iter().any(|fault| fault.contains(expected)),
                "{text:?}: {:?}",
                faults(text)
            );
        }
        let whole = encoded("user=abc\u{1}auth=Bearer tok\u{1}\u{1}");
        let (one, two) = whole.split_at(12);
        assert!(read(&format!("{one}\r\n{two}")).unwrap().faults[0].contains("several lines"));
        assert!(
            read(whole.trim_end_matches('=')).unwrap().faults.iter().any(|f| f.contains("padding"))
        );
        assert!(read("not base64 of that").is_none());
    }

    #[test]
    fn the_servers_json_is_found() {
        let json = encoded(r#"{"status":"401","schemes":"bearer","scope":"mail"}"#);
        assert_eq!(error_json(&json).unwrap()["status"], "401");
        assert!(error_json("VXNlcm5hbWU6").is_none(), "`Username:`");
    }
}
