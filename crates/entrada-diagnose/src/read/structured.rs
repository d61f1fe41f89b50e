//! Extractors for text with a grammar: HTTP messages, JSON, decoded claims, redirects, XML.

use std::cell::LazyCell;
use std::ops::Range;

use super::artifact::{Artifact, ArtifactKind};
use super::{
    address, answer::take_answer, challenge, claims_text, json, lenient_json, phrase, printed,
};
use crate::Evidence;
use crate::service::{HttpAnswer, failed_callback, is_error_document, known_errors, stated};
use crate::shape::Shape;
use entrada_core::NumericDate;
use entrada_core::oauth::ErrorResponse;
use serde_json::Value;

/// Maximum number of URLs that are read from a text.
const URLS_MAX: usize = 64;

/// Maximum length of a URL in bytes. A redirect with tokens has some kilobytes.
const URL_MAX: usize = 32 << 10;

/// Words before a status, right before the JSON that it belongs to.
const STATUS_BEFORE: usize = 80;

/// Bytes before an answer in which its line is looked for.
const LINE_BEFORE: usize = 400;

/// The structured artifacts in `text`, in order.
pub(super) fn artifacts(
    text: &str,
    base: &Evidence,
    now: NumericDate,
    depth: usize,
) -> Vec<Artifact> {
    let mut found = Vec::new();
    let http = http(text, base);
    let end = http.as_ref().map_or(text.len(), |(_, start)| *start);
    let json = json(&text[..end], base, now, depth);
    match http {
        // The body of an answer without one stands elsewhere in the text.
        Some((artifact, _)) => {
            let says_nothing = artifact
                .content
                .answer
                .as_ref()
                .is_some_and(|answer| answer.body.trim().is_empty() && !answer.is_success());
            let errors = json.into_iter().filter(|found| {
                says_nothing
                    && matches!(found.kind, ArtifactKind::OauthError | ArtifactKind::ApiError)
            });
            let mut errors: Vec<Artifact> = errors.collect();
            for error in &mut errors {
                add_status(
                    &mut error.content,
                    artifact.content.answer.as_ref().and_then(|answer| answer.status),
                );
            }
            if errors.is_empty() {
                found.push(artifact);
            }
            found.extend(errors);
            return found;
        }
        None => found.extend(json),
    }
    found.extend(claims(text, &found, base));
    found.extend(redirects(text, &found, base));
    found.extend(xml(text, &found, base));
    let challenges = challenge::artifacts(text, &mut found, base);
    found.extend(challenges);
    found
}

/// The HTTP answer in `text`, and where its request or status line begins.
fn http(text: &str, base: &Evidence) -> Option<(Artifact, usize)> {
    let answer = HttpAnswer::parse(text)?;
    let start = HttpAnswer::start_in(text);
    let mut content = base.clone();
    take_answer(answer, &mut content, None);
    let artifact = Artifact {
        kind: ArtifactKind::HttpMessage,
        span: start..text.len(),
        content: Box::new(content),
    };
    Some((artifact, start))
}

/// The JSON objects of known kinds.
fn json(text: &str, base: &Evidence, now: NumericDate, depth: usize) -> Vec<Artifact> {
    let mut found = Vec::new();
    for object in lenient_json::objects(text) {
        let all = match &object.value {
            Value::Array(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in all {
            let Value::Object(members) = value else { continue };
            let source = if object.strict && all.len() == 1 && object.value.is_object() {
                text[object.span.clone()].to_owned()
            } else {
                value.to_string()
            };
            // A broken evidence file within other text is not one.
            let Ok(Some((kind, mut content))) = json::object(members, &source, base, now, depth)
            else {
                continue;
            };
            // A record of a log has a member `version` or `token` as well.
            if kind == ArtifactKind::EvidenceFile
                && content.is_empty()
                && content.context.job.is_none()
            {
                continue;
            }
            // The headers in a command: `@{ Authorization = "Bearer $token" }`.
            if !object.strict && content.token.as_ref().is_some_and(Shape::is_variable) {
                continue;
            }
            add_status(&mut content, status_before(&text[..object.span.start]));
            let kind = of_json(kind, &content);
            let mut span = object.span.clone();
            if object.broken {
                content.not_understood = Some("a string with a line break".to_owned());
            }
            if !object.strict {
                as_printed(&mut content);
                span.start -= class_before(&text[..span.start]);
            }
            found.push(Artifact { kind, span, content: Box::new(content) });
        }
    }
    found
}

/// The kind of what the texts inside an object show: the object gives it a structure.
fn of_json(kind: ArtifactKind, content: &Evidence) -> ArtifactKind {
    match kind {
        kind if !kind.is_prose() => kind,
        _ if content.refusal.is_some() => ArtifactKind::OauthError,
        _ if content.answer.is_some() => ArtifactKind::ApiError,
        kind => kind,
    }
}

/// A token response that a program printed: libraries keep the refresh token to themselves, so its absence shows nothing.
fn as_printed(content: &mut Evidence) {
    let Some(response) = content.response.take_if(|response| response.refresh_token.is_none())
    else {
        return;
    };
    content.token = Some(Shape::of(response.access_token.expose()));
    content.context.granted = response.granted();
}

/// The length of a type's name right before its members: `TokenResponse { … }`.
fn class_before(text: &str) -> usize {
    let name = text.trim_end_matches([' ', '(']);
    let name =
        &name[name.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len()..];
    let at = name.as_ptr().addr() - text.as_ptr().addr();
    if name.starts_with(|c: char| c.is_ascii_uppercase()) { text.len() - at } else { 0 }
}

/// The status that stands right before an answer: `401 {…}`, `HTTP 400: {…}`.
fn status_before(text: &str) -> Option<u16> {
    // Of a long line, the end. A line of a folded text is as long as the text.
    let mut start = text.len().saturating_sub(LINE_BEFORE);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let line = text[start..].trim_end().rsplit('\n').next()?;
    let line = line.trim_end_matches([':', ' ', '-', '=', ',', '(', '\'', '"', '>', ']', ')']);
    let start = line.len().saturating_sub(STATUS_BEFORE);
    let line = line.get(start..).unwrap_or(line);
    // The status is the last number, or its reason phrase follows it.
    let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let mut statuses = words.filter_map(super::phrase::error_status);
    let first = statuses.next()?;
    // `HTTP error 401 (401 Unauthorized)` names one status twice.
    statuses.all(|other| other == first).then(|| first.as_u16())
}

fn add_status(content: &mut Evidence, status: Option<u16>) {
    if let Some(refusal) = &mut content.refusal {
        refusal.http_status = refusal.http_status.or(status);
    }
    if let Some(answer) = &mut content.answer {
        answer.status = answer.status.or(status);
    }
}

/// Decoded claims that are not one JSON object.
fn claims(text: &str, found: &[Artifact], base: &Evidence) -> Option<Artifact> {
    let decoded = claims_text::claims_in(text)?;
    if is_taken(&decoded.span, found) {
        return None;
    }
    let mut content = base.clone();
    content.token = Some(printed::decoded_token(decoded.header, decoded.claims));
    Some(Artifact {
        kind: ArtifactKind::DecodedClaims,
        span: decoded.span,
        content: Box::new(content),
    })
}

/// Redirect URLs with an error, a code or a token.
fn redirects(text: &str, found: &[Artifact], base: &Evidence) -> Vec<Artifact> {
    let starts = text.match_indices("://").take(URLS_MAX);
    let urls = starts.filter_map(|(at, _)| {
        let scheme = text[..at].bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
        let start = at - scheme;
        let stops = |c: char| c.is_whitespace() || "\"'<>`".contains(c);
        let mut longest = text.len().min(at + URL_MAX);
        while !text.is_char_boundary(longest) {
            longest -= 1;
        }
        let end = text[at..longest].find(stops).map_or(longest, |length| at + length);
        let is_url = 0 < scheme && (end < longest || longest == text.len());
        (is_url && !is_taken(&(start..end), found)).then_some(start..end)
    });
    // Where the program itself failed at its redirect URI, the code in its address explains nothing. Beside an error that
    // the text states, nothing shows that the code was used as a token.
    let is_failed = failed_callback(text).is_some();
    let is_explained = LazyCell::new(|| {
        phrase::in_words(text).is_some()
            || known_errors::find(text).is_some()
            || stated::find(text, false, |_| true).is_some()
    });
    let is_code =
        |shape: &Shape| matches!(shape, Shape::EntraGrant { .. } | Shape::MsaRefreshToken { .. });
    let read = urls.filter_map(|span| {
        let url = text[span.clone()].trim_end_matches(['.', ',', ')', ']']);
        let mut content = base.clone();
        match (address::refusal(url), address::came_back(url)) {
            (Some(members), _) => {
                content.refusal = Some(ErrorResponse::from_json(&members));
                content.context.grant_type = Some("authorization_code".to_owned());
            }
            (None, Some(shape)) if !(is_failed || (is_code(&shape) && *is_explained)) => {
                content.token = Some(shape);
            }
            (None, _) => return None,
        }
        Some(Artifact { kind: ArtifactKind::Redirect, span, content: Box::new(content) })
    });
    read.collect()
}

/// An XML document that is an error.
fn xml(text: &str, found: &[Artifact], base: &Evidence) -> Option<Artifact> {
    let starts = |name: &&str| text.find(*name);
    let start = if text.starts_with('<') {
        0
    } else {
        ["<?xml", "<s:Envelope", "<soap:Envelope", "<m:error", "<error", "<Error"]
            .iter()
            .filter_map(starts)
            .min()?
    };
    let document = &text[start..];
    let is_error = document.contains("ResponseCode") || is_error_document(document);
    let end = document.rfind('>').map_or(text.len(), |end| start + end + 1);
    if !is_error || is_taken(&(start..end), found) {
        return None;
    }
    let mut content = base.clone();
    take_answer(HttpAnswer::of_body(document), &mut content, None);
    Some(Artifact { kind: ArtifactKind::ApiError, span: start..end, content: Box::new(content) })
}

/// Whether `span` overlaps one of the artifacts that were found before.
fn is_taken(span: &Range<usize>, found: &[Artifact]) -> bool {
    found.iter().any(|other| overlaps(span, &other.span))
}

/// Whether the two have a byte in common.
pub(super) fn overlaps(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Artifact> {
        artifacts(text, &Evidence::default(), NumericDate(1_700_000_000), 0)
    }

    fn kinds(text: &str) -> Vec<ArtifactKind> {
        found(text).iter().map(|artifact| artifact.kind).collect()
    }

    #[test]
    fn each_grammar_has_its_kind() {
        for (text, kind) in [
            ("HTTP/1.1 403 Forbidden\n\n", ArtifactKind::HttpMessage),
            ("WWW-Authenticate: Bearer error=\"invalid_token\"", ArtifactKind::Challenge),
            (r#"{"access_token":"x","token_type":"Bearer"}"#, ArtifactKind::TokenResponse),
            (r#"log {"error":"invalid_grant"} end"#, ArtifactKind::OauthError),
            ("{'error': 'invalid_grant', 'timestamp': None}", ArtifactKind::OauthError),
            (r#"{"error":{"code":"Forbidden","message":"x"}}"#, ArtifactKind::ApiError),
            ("go to http://localhost/?error=access_denied&state=1", ArtifactKind::Redirect),
            ("<Error><Code>AuthenticationFailed</Code></Error>", ArtifactKind::ApiError),
        ] {
            assert_eq!(kinds(text), [kind], "{text}");
        }
        assert!(kinds("some words { with } braces and https://example.com/").is_empty());
    }

    #[test]
    fn the_span_covers_the_object_and_nothing_else() {
        let text = r#"log {"error":"invalid_grant"} end"#;
        assert_eq!(&text[found(text)[0].span.clone()], r#"{"error":"invalid_grant"}"#);
    }

    #[test]
    fn a_status_right_before_an_answer_belongs_to_it() {
        for (text, status) in [
            (r#"HTTP 400: {"error":"invalid_grant"}"#, Some(400)),
            (r#"401 {"error":"invalid_grant"}"#, Some(401)),
            (r#"after 400 tries out of 500: {"error":"invalid_grant"}"#, None),
        ] {
            let refusal = found(text).remove(0).content.refusal.unwrap();
            assert_eq!(refusal.http_status, status, "{text}");
        }
    }

    #[test]
    fn an_error_before_a_head_without_a_body_is_its_body() {
        let text = "{\"error\":\"invalid_grant\"}\nHTTP/1.1 400 Bad Request\n\n";
        let all = found(text);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].content.refusal.as_ref().unwrap().http_status, Some(400));
        let whole = "{\"error\":\"x_y\"}\nHTTP/1.1 403 Forbidden\n\n{\"error\":{\"code\":\"a\"}}";
        assert_eq!(kinds(whole), [ArtifactKind::HttpMessage]);
    }

    #[test]
    fn a_printed_response_without_a_refresh_token_is_its_token() {
        let printed = "TokenResponse { access_token: 'some-opaque-token', token_type: 'Bearer' }";
        let artifact = found(printed).remove(0);
        assert!(artifact.content.response.is_none() && artifact.content.token.is_some());
        assert_eq!(artifact.span.start, 0, "the name of the type belongs to it");
    }
}
