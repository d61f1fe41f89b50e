//! Finds what looks like a secret in foreign text: by the name before it, the scheme before it, or its own shape.

use std::borrow::Cow;

use super::REPLACEMENT;
use super::archive::is_redacted;
use super::names::{NAMES, is_protocol_word, is_secret_name};

/// Names whose value is secret after `=` or in quotes. In prose, a word may follow them after a colon.
const PASSWORDS: [&str; 3] = ["passwd", "password", "pwd"];

/// Names that also have harmless values; the secret values are long.
const AMBIGUOUS: [&str; 4] = ["assertion", "code", "secret", "token"];

/// Words that precede a secret: HTTP schemes and SASL mechanisms.
const SCHEMES: [&str; 6] = ["bearer", "basic", "xoauth2", "oauthbearer", "plain", "pass"];

/// Whether `c` may be part of a token, ticket or base64 text.
fn is_secret_text(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.+/=~!*$%".contains(c)
}

/// `text` without the parts that look like a token, a code, a password or a sign-in string.
pub(super) fn without_likely_secrets(text: &str) -> Cow<'_, str> {
    // Short words, which are most values, hold no secret.
    if text.len() < 8 {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut changed = false;
    let mut word_before = "";
    while let Some(start) = rest.find(is_secret_text) {
        let length = rest[start..].find(|c: char| !is_secret_text(c)).unwrap_or(rest.len() - start);
        let (gap, run) = (&rest[..start], &rest[start..start + length]);
        out.push_str(gap);
        // A value may follow a colon and quotes: `"refresh_token":"…"`.
        // In `"access_token":{"acrs":` the name belongs to an object.
        let is_value = gap.contains([':', '=']) && gap.len() <= 4 && !gap.contains('{');
        // The redactor of the run was here before.
        let is_replaced = gap.ends_with('[') && run == "secret";
        let named = is_value && !is_replaced && is_named(word_before, run, gap);
        let announced = gap == " " && is_one_of(&SCHEMES, word_before) && !is_prose(run);
        let shown = if named || (announced && 7 < run.len()) {
            Cow::Borrowed(REPLACEMENT)
        } else {
            redacted_run(run)
        };
        changed |= shown != run;
        out.push_str(&shown);
        word_before = run.rsplit(['&', '?']).next().unwrap_or(run);
        rest = &rest[start + length..];
    }
    out.push_str(rest);
    if changed { Cow::Owned(out) } else { Cow::Borrowed(text) }
}

/// The secret values in `text` by the name before them, `name=value` and `"name": "value"`.
pub(super) fn named_secrets(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    // A bare token has no names.
    if !text.contains(['=', ':']) {
        return found;
    }
    let mut rest = text;
    let mut word_before = "";
    while let Some(start) = rest.find(is_secret_text) {
        let length = rest[start..].find(|c: char| !is_secret_text(c)).unwrap_or(rest.len() - start);
        let (gap, run) = (&rest[..start], &rest[start..start + length]);
        let quoted = gap.contains(['"', '\'']);
        let named = gap.contains([':', '=']) && gap.len() <= 8 && is_named(word_before, run, gap);
        if named || (quoted && gap.contains(':') && gap.len() <= 8 && is_secret_name(word_before)) {
            found.push(run);
        } else if let Some((name, value)) = run.split_once('=')
            && (is_secret_name(name) || is_named(name, value, "="))
        {
            found.push(value);
        }
        word_before = run;
        rest = &rest[start + length..];
    }
    found
}

/// Whether `value` is secret by its `name`, with `gap` between them.
fn is_named(name: &str, value: &str, gap: &str) -> bool {
    let is_password = is_one_of(&PASSWORDS, name) && gap.contains(['=', '"', '\'']);
    let is_token = (is_one_of(&NAMES, name) && 3 < value.len())
        || (is_one_of(&AMBIGUOUS, name) && 15 < value.len() && !is_error_code(name, value, gap));
    // A password may be any word.
    (is_password || (is_token && !is_protocol_word(value.trim_end_matches('.'))))
        && !is_redacted(value)
}

/// Whether `value` is an error code of a service: `"code": "InvalidAuthenticationToken"`, `Authorization_RequestDenied`. An
/// authorization code is longer or has digits, and follows `code=`.
fn is_error_code(name: &str, value: &str, gap: &str) -> bool {
    name.eq_ignore_ascii_case("code")
        && gap.contains(':')
        && value.len() < 64
        && value.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_-.".contains(&byte))
}

/// `Basic authentication is disabled`, `Bearer authorization failed`: prose about a scheme.
fn is_prose(run: &str) -> bool {
    let word = run.trim_end_matches(['.', ',', ':']);
    word.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("auth"))
        && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_one_of(words: &[&str], word: &str) -> bool {
    words.iter().any(|own| own.eq_ignore_ascii_case(word))
}

/// One run of token-like characters: a token, or `name=value`.
fn redacted_run(run: &str) -> Cow<'_, str> {
    if looks_secret(run) {
        return Cow::Borrowed(REPLACEMENT);
    }
    if let Some((name, value)) = run.split_once('=')
        && !value.is_empty()
    {
        let own = name.rsplit(['&', '?', '/']).next().unwrap_or(name);
        if is_named(own, value, "=") || looks_secret(value) {
            return Cow::Owned(format!("{name}={REPLACEMENT}"));
        }
    }
    if run.split('/').any(starts_like_token) {
        let shown = |part| if starts_like_token(part) { REPLACEMENT } else { part };
        return Cow::Owned(run.split('/').map(shown).collect::<Vec<_>>().join("/"));
    }
    Cow::Borrowed(run)
}

/// Whether `run` is a token, a ticket or a sign-in string.
fn looks_secret(run: &str) -> bool {
    // People write no single words of this length; a URL has `://` before them.
    starts_like_token(run) || (200 <= run.len() && !run.contains('/'))
}

/// Recognises, by its start, a JWT, a ticket of a personal account, a grant, or a sign-in string in base64.
fn starts_like_token(run: &str) -> bool {
    let long = |least: usize| least <= run.len();
    (long(24) && (run.starts_with("eyJ") || run.starts_with("dXNlcj") || run.starts_with("bixhPX")))
        || (long(60)
            && [
                "EwA", "EwB", "EwC", "EwD", "0.A", "1.A", "M.C", "M.R", "OAQAB", "AQAB", "AwAB",
                "BAQAB",
            ]
            .iter()
            .any(|start| run.starts_with(start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_removed_from_pasted_text() {
        let jwt = format!("eyJhbGciOiJSUzI1NiJ9.{}.{}", "eyJhdWQiOiJ4In0", "c2ln".repeat(40));
        let sasl = "dXNlcj1hZGFAeAFhdXRoPUJlYXJlciB0b2tlbgEB";
        let grant = format!("1.AXoA{}.AgABAw{}", "x".repeat(50), "y".repeat(80));
        for (text, secret) in [
            (
                "curl -d client_secret=abc8Q~secretvalue -d x=y AADSTS7000215: no".to_owned(),
                "abc8Q",
            ),
            ("curl -d refresh_token=1.AXoAsecret https://x/token".to_owned(), "AXoAsecret"),
            (format!("Bearer {jwt} gives AADSTS50076"), "c2lnc2ln"),
            ("Authorization: Bearer opaque-token-value no".to_owned(), "opaque-token"),
            (format!("{{\"refresh_token\":\"{grant}\"}}"), "AgABAw"),
            ("{'password': 'hunter2', 'error': 'AADSTS50126'}".to_owned(), "hunter2"),
            ("password=hunter2 AADSTS50126".to_owned(), "hunter2"),
            ("{\"password\": \"email\"}".to_owned(), "email"),
            (format!("a1 AUTHENTICATE XOAUTH2 {sasl}"), "dXNlcj1h"),
            ("AUTH PLAIN AGFkYQBodW50ZXIy".to_owned(), "AGFkYQ"),
            ("POP3> PASS hunter22".to_owned(), "hunter22"),
            ("http://localhost/?code=0.AXoAabcdefghij&state=x&error=y".to_owned(), "AXoAabc"),
            (format!("token {}", "Z9".repeat(120)), "Z9Z9"),
            (format!("GET https://api.example/reset/{jwt}/now"), "eyJhdWQi"),
            (format!("POST /callback/{grant}?x=y"), "AgABAw"),
        ] {
            let shown = without_likely_secrets(&text);
            assert!(!shown.contains(secret) && shown.contains(REPLACEMENT), "{shown}");
        }
    }

    #[test]
    fn values_are_found_by_the_names_before_them() {
        let text = "curl -d refresh_token=rt-7&x=y {\"device_code\": \"d3v\"} {\\\"id_token\\\":\\\"i.d\\\"} error=no code: 50076 {\"code\": \"InvalidAuthenticationToken\"}";
        assert_eq!(named_secrets(text), ["rt-7", "d3v", "i.d"]);
    }

    #[test]
    fn text_without_a_secret_is_unchanged() {
        for text in [
            "AADSTS65001: The user has not consented to '7b1d9c34-52ae-4f0d-9e68-c3a41f7e2d05'. Trace ID: 0335f7ab-2fd5-47f9-bdb8-4941f5e96400",
            "the token is for https://graph.microsoft.com/v1.0/me/messages?$top=10, not for `api://mine`",
            "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
            "error code: 50011; status code=401",
            r#"{"error":{"code":"InvalidAuthenticationToken","message":"Access token is empty."}}"#,
            "result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp",
            r#"{"code": "Authorization_RequestDenied"}"#,
            "535 5.7.3 Authentication unsuccessful [AM0PR04CA0087.eurprd04.prod.outlook.com 2027-01-15T08:00:00.214Z 08DE53E1B7F0A1C4]",
            "The token contains no permissions, or permissions can not be understood.",
            "grant_type=refresh_token is not plain text",
            "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
            "Bearer authentication failed",
            "IDX14100: JWT is not well formed, there are no dots (.)",
        ] {
            let shown = without_likely_secrets(text);
            assert_eq!(shown, text);
        }
        assert_eq!(without_likely_secrets("a basic error"), "a basic error");
    }
}
