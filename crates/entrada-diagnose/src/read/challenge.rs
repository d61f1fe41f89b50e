//! Extracts challenges of services (RFC 9110 §11.6.1, RFC 6750 §3) that stand in a text without the head of their answer: a
//! `WWW-Authenticate` line of a log, or its value alone.

use std::ops::Range;

use super::artifact::{Artifact, ArtifactKind};
use super::phrase;
use crate::Evidence;
use crate::service::{HttpAnswer, known_errors};

/// Maximum number of challenges that are read from a text.
const CHALLENGES_MAX: usize = 8;

/// The header, in lower case.
const HEADER: &str = "www-authenticate";

/// Parameters of a Bearer challenge: RFC 6750 §3, RFC 9728 §5.1, and Microsoft's own.
const PARAMETERS: [&str; 12] = [
    "authorization_uri",
    "claims",
    "client_id",
    "error",
    "error_description",
    "error_uri",
    "realm",
    "resource_id",
    "resource_metadata",
    "scope",
    "token_types",
    "trusted_issuers",
];

/// The challenges in `text`, which has no head of an HTTP answer. They belong to the API's error in `found`, if there is one.
pub(super) fn artifacts(text: &str, found: &mut [Artifact], base: &Evidence) -> Vec<Artifact> {
    // An authority's own error says more than a challenge in the same text.
    if found.iter().any(|other| other.content.refusal.is_some()) {
        return Vec::new();
    }
    let challenges = challenges(text);
    if challenges.is_empty() {
        return Vec::new();
    }
    let headers = challenges.iter().map(|(_, value)| (HEADER.to_owned(), value.clone()));
    let headers: Vec<(String, String)> = headers.collect();
    for error in &mut *found {
        if let Some(answer) = &mut error.content.answer {
            answer.headers.extend(headers.iter().cloned());
            answer.status = answer.status.or_else(|| status(text, &headers));
        }
    }
    let mut errors = found.iter().filter_map(|error| error.content.answer.clone());
    let answer = errors.next_back().unwrap_or_else(|| {
        let is_known = known_errors::find(text).is_some();
        let said =
            if is_known { Some(HttpAnswer::of_body(text)) } else { HttpAnswer::in_prose(text) };
        HttpAnswer { status: status(text, &headers), headers, ..said.unwrap_or_default() }
    });
    let free = challenges
        .into_iter()
        .map(|(span, _)| span)
        .filter(|span| !found.iter().any(|other| super::structured::overlaps(span, &other.span)));
    let artifact = |span| {
        let content = Box::new(Evidence { answer: Some(answer.clone()), ..base.clone() });
        Artifact { kind: ArtifactKind::Challenge, span, content }
    };
    free.collect::<Vec<_>>().into_iter().map(artifact).collect()
}

/// The status of the answer: the one in the text, else the one that the challenge's `error` comes with (RFC 6750 §3.1).
fn status(text: &str, headers: &[(String, String)]) -> Option<u16> {
    let mut lines = text.lines().map(str::trim_start);
    let said = lines.find_map(phrase::status_and_reason).or_else(|| phrase::in_words(text.trim()));
    let by_error = || {
        headers.iter().find_map(|(_, value)| {
            let error = value.split("error=\"").nth(1)?.split('"').next()?;
            match error {
                "invalid_request" => Some(400),
                "invalid_token" | "insufficient_claims" => Some(401),
                "insufficient_scope" => Some(403),
                _ => None,
            }
        })
    };
    said.and_then(|answer| answer.status).or_else(by_error)
}

/// The Bearer challenges in `text`, each with its place and its value.
fn challenges(text: &str) -> Vec<(Range<usize>, String)> {
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<(Range<usize>, String)> = Vec::new();
    let mut from = 0;
    while found.len() < CHALLENGES_MAX
        && let Some(at) = lower[from..].find("bearer").map(|at| from + at)
    {
        let after = at + "bearer".len();
        from = after;
        let is_word = !lower[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let Some((value, end)) = parameters(text, after).filter(|_| is_word) else { continue };
        found.push((start_of_header(&lower, at)..end, value));
        from = end;
    }
    found
}

/// Where the header of the challenge at `at` begins: at its name, if that stands on the same line.
fn start_of_header(lower: &str, at: usize) -> usize {
    let line = lower[..at].rfind('\n').map_or(0, |end| end + 1);
    lower[line..at].rfind(HEADER).map_or(at, |name| line + name)
}

/// The parameters that begin at `from`, after the scheme, and where they end. `None` if the first one is not a parameter of a
/// Bearer challenge.
fn parameters(text: &str, from: usize) -> Option<(String, usize)> {
    let mut value = String::from("Bearer");
    let mut end = None;
    let mut rest = text[from..].strip_prefix(char::is_whitespace)?.trim_start();
    while let Some((name, content, after)) = parameter(rest) {
        if end.is_none() && !PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) {
            return None;
        }
        value.push_str(if end.is_none() { " " } else { ", " });
        value.extend([name, "=\"", content, "\""]);
        end = Some(after.as_ptr().addr() - text.as_ptr().addr());
        let Some(next) = after.trim_start().strip_prefix(',') else { break };
        rest = next.trim_start();
    }
    Some((value, end?))
}

/// The parameter at the start of `text`: its name, its value, and what follows it. Logs escape the quotes.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let (name, rest) = text.split_at(text.find(|c| !is_name(c))?);
    let rest = rest.trim_start().strip_prefix('=').filter(|_| !name.is_empty())?;
    let rest = rest.trim_start_matches(' ');
    for quote in ["\\\"", "\""] {
        let Some(quoted) = rest.strip_prefix(quote) else { continue };
        return Some(match quoted.split_once(quote) {
            Some((content, after)) => (name, content, after),
            // It was cut short.
            None => {
                let end = quoted.find('\n').unwrap_or(quoted.len());
                (name, &quoted[..end], &quoted[end..])
            }
        });
    }
    let end = rest.find(|c: char| c.is_whitespace() || ",;'\"`)]}".contains(c));
    let end = end.unwrap_or(rest.len());
    (0 < end).then(|| (name, &rest[..end], &rest[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RuleId, Verdict, recognise, run};
    use entrada_core::NumericDate;

    const NOW: NumericDate = NumericDate(1_700_000_000);
    /// `{"access_token":{"nbf":{"essential":true}}}`.
    const CLAIMS: &str = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==";

    fn values(text: &str) -> Vec<String> {
        challenges(text).into_iter().map(|(_, value)| value).collect()
    }

    #[test]
    fn a_challenge_is_read_in_each_form_in_which_logs_write_it() {
        let plain = r#"Bearer realm="", error="invalid_token""#;
        for text in [
            plain.to_owned(),
            format!("WWW-Authenticate: {plain}"),
            format!("www-authenticate: Negotiate, {plain}, Basic realm=\"x\""),
            format!("{{'WWW-Authenticate': '{plain}'}}"),
            format!("log: {}", plain.replace('"', "\\\"")),
            "Bearer realm=\"\",\n  error=\"invalid_token\"".to_owned(),
            "bearer realm = \"\", error=invalid_token".to_owned(),
            "Bearer realm=\"\", error=\"invalid_token".to_owned(),
        ] {
            assert_eq!(values(&text), [plain], "{text}");
        }
        assert_eq!(values(&format!("{plain}\n{plain}")).len(), 2);
    }

    #[test]
    fn other_text_with_the_word_is_no_challenge() {
        for text in [
            "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.c2ln",
            "the token type is Bearer, error=none",
            "Bearer $TOKEN",
            "Bearer x=y",
            "bearerrealm=\"\"",
            "forbearer realm=\"\"",
            "Bearer",
            "Bearer error",
        ] {
            assert!(values(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_span_covers_the_header_and_all_parameters() {
        let text = "log: WWW-Authenticate: Bearer realm=\"\", error=\"invalid_token\" end";
        let (span, _) = challenges(text).remove(0);
        assert_eq!(&text[span], "WWW-Authenticate: Bearer realm=\"\", error=\"invalid_token\"");
    }

    #[test]
    fn a_challenge_is_an_answer_with_the_status_of_its_error() {
        for (text, status) in [
            ("Bearer error=\"invalid_token\"", Some(401)),
            ("Bearer error=\"insufficient_scope\"", Some(403)),
            ("Bearer error=\"other\"", None),
            ("403 Forbidden\nWWW-Authenticate: Bearer error=\"invalid_token\"", Some(403)),
            ("Bearer realm=\"\"", None),
        ] {
            let answer = recognise(text, NOW).unwrap().answer.unwrap();
            assert_eq!(answer.status, status, "{text}");
            assert_eq!(answer.header(HEADER).count(), 1, "{text}");
        }
    }

    #[test]
    fn a_claims_challenge_is_answered_and_a_bare_one_is_never_ok() {
        let claims = format!("Bearer error=\"insufficient_claims\", claims=\"{CLAIMS}\"");
        let diagnosis = run(&recognise(&claims, NOW).unwrap());
        assert_eq!(diagnosis.cause().unwrap().rule.id, RuleId::ClaimsChallengeCae);
        let diagnosis = run(&recognise("Bearer realm=\"\"", NOW).unwrap());
        assert_eq!(diagnosis.verdict, Verdict::Undetermined);
    }

    #[test]
    fn a_challenge_beside_an_apis_error_belongs_to_it() {
        let body = r#"{"error":{"code":"InvalidAuthenticationToken","message":"Lifetime validation failed, the token is expired."}}"#;
        for text in [
            format!("WWW-Authenticate: Bearer error=\"invalid_token\"\n{body}"),
            format!("{body}\nWWW-Authenticate: Bearer error=\"invalid_token\""),
        ] {
            let answer = recognise(&text, NOW).unwrap().answer.unwrap();
            assert!(answer.body.contains("Lifetime validation"), "{text}");
            assert_eq!(answer.header(HEADER).count(), 1, "{text}");
            assert_eq!(answer.status, Some(401), "{text}");
        }
    }
}
