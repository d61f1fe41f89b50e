//! The stages of reading a text, and what each of them did.

use std::borrow::Cow;
use std::fmt;

use super::artifact::{Artifact, ArtifactKind};
use super::normalise::{Normalised, Step, normalise};
use super::other_text::TOKEN;
use super::resolve::{Resolved, resolve};
use super::weight::outweighed_by;
use super::{
    ERRORS, RecogniseError, json, limits, mentions, no_report, prose, request_address, structured,
    tokens,
};
use crate::Evidence;
use crate::observed::Observed;
use crate::sent_field;
use crate::service::{HttpAnswer, known_errors, stated};
use crate::shape::Shape;
use entrada_core::entra::oauth_errors;
use entrada_core::har::{Har, HarError};
use entrada_core::oauth::ErrorResponse;
use entrada_core::{NumericDate, Secret};

/// Maximum depth of texts within texts: a message inside JSON inside JSON. Real ones have two.
const DEPTH_MAX: usize = 4;

/// A text that was read, with what each stage did.
#[derive(Debug, Default)]
pub(super) struct ReadText {
    /// The result.
    pub(super) evidence: Evidence,
    /// What the text wore, in the order in which it was removed.
    pub(super) steps: Vec<Step>,
    /// The text without what it wore.
    pub(super) text: String,
    /// What was found, each with its part in the evidence.
    pub(super) artifacts: Vec<Resolved>,
}

/// Reads `text`, which is trimmed and not empty.
pub(super) fn read(text: &str, now: NumericDate) -> Result<ReadText, RecogniseError> {
    let start = limits::start_of(text);
    let observed = Observed::of(start);
    let base = Evidence { now: Some(now), observed, ..Evidence::default() };
    base.redactor.learn_text(start);
    let mut failure = None;
    if text.starts_with('{') {
        limits::weigh(text)?;
        match json::document(text, &base, now, 0) {
            Ok(Some((kind, content))) => return Ok(ReadText::of(kind, text.len(), content)),
            Ok(None) => (),
            Err(
                error @ (RecogniseError::Json(_) | RecogniseError::Har(HarError::Incomplete(_))),
            ) => failure = Some(error),
            Err(error) => return Err(error),
        }
    }
    let mut read = read_text(start, &base, now, 0);
    read.evidence.redactor.join(&base.redactor);
    let has_subject = read.evidence.token.is_some() || read.evidence.answer.is_some();
    if has_subject && failure.is_none() {
        let plain = if read.text.is_empty() { start } else { &read.text };
        read.evidence.call = crate::call_of(plain).or_else(|| crate::call_of(start));
    }
    match failure {
        Some(error) if read.evidence.unrecognised => Err(error),
        // Of an incomplete archive only a refusal counts: what a token was used for is in the rest.
        Some(error @ RecogniseError::Har(_)) => {
            let Evidence { refusal, answer, not_understood, .. } = &mut read.evidence;
            if refusal.is_none() && answer.is_none() {
                return Err(error);
            }
            *not_understood =
                Some("the rest of the HTTP archive, which ends in the middle".to_owned());
            Ok(read)
        }
        _ => Ok(read),
    }
}

/// Reads unstructured text, and what its requests show.
fn read_text(text: &str, base: &Evidence, now: NumericDate, depth: usize) -> ReadText {
    let mut read = read_parts(text, base, now, depth);
    let observed = &mut read.evidence.observed;
    observed.field_fault = observed.field_fault.or_else(|| sent_field::fault(&read.text));
    read
}

/// Text without its dress comes first; if nothing is found in it, the text as it is.
fn read_parts(text: &str, base: &Evidence, now: NumericDate, depth: usize) -> ReadText {
    let normalised = normalise(text);
    let logged = normalised.steps.contains(&Step::LinePrefixes);
    if let Some(read) = document(&normalised, base, now, depth) {
        return read;
    }
    let read = extract(&normalised.text, base, now, depth, logged);
    let changed = matches!(normalised.text, Cow::Owned(_));
    let finds_nothing = read.evidence.unrecognised && !no_report::is_in(&normalised.text);
    if changed && (finds_nothing || needs_layer(text, &normalised.text, &read)) {
        let plain = extract(text, base, now, depth, false);
        // A string that nothing was found in is a token only without its layers.
        let is_found = plain
            .artifacts
            .iter()
            .map(|found| &found.artifact)
            .any(|found| found.span != (0..text.len()) || found.kind != ArtifactKind::Token);
        if !plain.evidence.unrecognised && is_found {
            return ReadText { text: text.to_owned(), ..plain };
        }
    }
    ReadText { steps: normalised.steps, text: normalised.text.into_owned(), ..read }
}

/// Whether only `text` as it is shows a known error: a log's prefix may name the program that the record asks for.
fn needs_layer(text: &str, normalised: &str, read: &ReadText) -> bool {
    let mut found = read.artifacts.iter().map(|found| found.artifact.kind);
    found.all(|kind| kind == ArtifactKind::ServiceText)
        && known_errors::find(normalised).is_none()
        && known_errors::find(text).is_some()
}

/// A JSON file that is all of a text without its layers, or all of a log message: an archive, a cache, an evidence file.
fn document(
    normalised: &Normalised<'_>,
    base: &Evidence,
    now: NumericDate,
    depth: usize,
) -> Option<ReadText> {
    let text = normalised.text.trim();
    let is_read_before = normalised.steps.is_empty() && depth == 0;
    if is_read_before || !text.starts_with('{') || limits::weigh(text).is_err() {
        return None;
    }
    let (kind, content) = json::document(text, base, now, depth).ok()??;
    let steps = normalised.steps.clone();
    Some(ReadText { steps, text: text.to_owned(), ..ReadText::of(kind, text.len(), content) })
}

/// What the texts inside a JSON object of unknown kind show: log records and errors of programs.
pub(super) fn read_inner(
    text: &str,
    base: &Evidence,
    now: NumericDate,
    depth: usize,
) -> Option<(ArtifactKind, Evidence)> {
    if DEPTH_MAX <= depth {
        return None;
    }
    let mut read = read_text(text, base, now, depth + 1);
    if read.evidence.token.is_some() {
        read.evidence.call = read.evidence.call.or_else(|| crate::call_of(&read.text));
    }
    let kind =
        read.artifacts.iter().filter(|found| found.counts()).map(|found| found.artifact.kind);
    Some((kind.min()?, read.evidence)).filter(|(_, evidence)| !evidence.unrecognised)
}

fn extract(text: &str, base: &Evidence, now: NumericDate, depth: usize, logged: bool) -> ReadText {
    let mut found = structured::artifacts(text, base, now, depth);
    let mut rest = no_report::blanked(blanked(text, &found));
    found.extend(tokens::artifacts(&rest, base));
    rest = blanked(&rest, &found);
    found.extend(prose::artifacts(&rest.replace(TOKEN, " "), base));
    let mut read = resolve(found, &rest, base, logged);
    if read.artifacts.is_empty() {
        read.evidence = whole_string(text, base);
        if read.evidence.token.is_some() {
            let content = Box::new(read.evidence.clone());
            let whole = Artifact { kind: ArtifactKind::Token, span: 0..text.len(), content };
            read.artifacts.push(Resolved { artifact: whole, added: Some(0) });
        } else if read.evidence.unrecognised
            // The address of a request that failed explains more than words.
            && mentions::of(&rest, false).causes().is_empty()
            && known_errors::find_symptom(&rest).is_some()
        {
            let answer = HttpAnswer::of_body(&rest);
            read = ReadText::of(
                ArtifactKind::ServiceText,
                text.len(),
                Evidence { answer: Some(answer), ..base.clone() },
            );
        }
    }
    explain_by_text(&mut read.evidence, text);
    let of_this = mentions::of(&rest, !read.evidence.unrecognised);
    read.evidence.mentions = std::mem::take(&mut read.evidence.mentions).or(of_this);
    if let Some(answer) = &mut read.evidence.answer
        && answer.url.is_none()
    {
        answer.url = mentions::called(&rest).map(str::to_owned);
    }
    read
}

/// Whether `refusal` has only a code that no authority is known to send: a program may have made it.
fn is_of_program(refusal: &ErrorResponse) -> bool {
    let error = refusal.error.as_str();
    refusal.codes_by_relevance().is_empty()
        && !error.is_empty()
        && !ERRORS.contains(&error)
        && oauth_errors::find(error).is_none()
}

/// Where all that was found is an object of JSON that says little, `text` around it may have an error that is known.
fn explain_by_text(evidence: &mut Evidence, text: &str) {
    let states = || {
        known_errors::find(text).is_some()
            || stated::find(text, false, |it| !it.is_report()).is_some()
    };
    if evidence.refusal.as_ref().is_some_and(is_of_program)
        && evidence.answer.is_none()
        && evidence.mail.is_none()
        && states()
    {
        evidence.refusal = None;
        evidence.answer = Some(HttpAnswer::of_body(text));
        return;
    }
    let Evidence { token, response, refusal, not_oauth, mail, answer, .. } = &*evidence;
    let is_alone = token.is_none()
        && response.is_none()
        && refusal.is_none()
        && not_oauth.is_none()
        && mail.is_none();
    let is_unknown =
        |answer: &HttpAnswer| answer.is_nameless() && known_errors::find(&answer.body).is_none();
    if is_alone && answer.as_ref().is_some_and(is_unknown) && known_errors::find(text).is_some() {
        evidence.answer = Some(HttpAnswer::of_body(text));
    }
}

/// Minimum length of a token in characters.
const TOKEN_MIN: usize = 16;

/// A text in which no extractor found anything: an opaque token, or unknown.
fn whole_string(text: &str, base: &Evidence) -> Evidence {
    let mut evidence = base.clone();
    match Shape::of(text) {
        // Words, not a token: an unknown kind of answer, a log, or a mistake.
        Shape::Opaque { .. } if text.contains(char::is_whitespace) => evidence.unrecognised = true,
        // A word: it is too short for a token.
        Shape::Opaque { length } if length < TOKEN_MIN => evidence.unrecognised = true,
        _ if text.starts_with(['{', '[']) => evidence.unrecognised = true,
        // An address is no token.
        Shape::Opaque { .. } if request_address::is_one(text) => evidence.unrecognised = true,
        shape => {
            evidence.not_understood = tokens::word_after(&shape, text);
            evidence.token = Some(shape);
        }
    }
    evidence
}

/// `text` with the artifacts replaced by blanks, and tokens by their mark, so that positions stay.
fn blanked(text: &str, found: &[Artifact]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for artifact in found {
        let span = artifact.span.clone();
        for byte in &mut bytes[span.clone()] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        if artifact.kind == ArtifactKind::Token {
            bytes[span.start] = TOKEN as u8;
        }
    }
    // Whole artifacts are replaced, so no character is cut.
    String::from_utf8(bytes).unwrap_or_default()
}

impl ReadText {
    fn of(kind: ArtifactKind, length: usize, content: Evidence) -> Self {
        let artifact = Artifact { kind, span: 0..length, content: Box::new(content.clone()) };
        Self {
            evidence: content,
            artifacts: vec![Resolved { artifact, added: Some(0) }],
            ..Self::default()
        }
    }
}

/// How a text was read, for readers who doubt a verdict.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The names of the steps that removed what the text wore: line prefixes, quotes, stack frames.
    pub steps: Vec<&'static str>,
    /// The text without what it wore. It may contain secrets.
    pub text: Secret,
    /// What was found, in the order of the text.
    pub artifacts: Vec<ArtifactLine>,
    /// What [`recognise`](super::recognise) returns for the text.
    pub evidence: Evidence,
}

/// One artifact of a [`Reading`].
#[derive(Clone, Debug)]
pub struct ArtifactLine {
    /// Its kind, for example `oauth-error`.
    pub kind: &'static str,
    /// First and last byte in the normalised text, the last one excluded.
    pub span: (usize, usize),
    /// Where it begins in the normalised text.
    pub start: Position,
    /// Its last character in the normalised text.
    pub end: Position,
    /// Whether the diagnosis rests on it. A more structured artifact outweighs the others.
    pub counts: bool,
    /// The artifact that outweighs it: an index of [`Reading::artifacts`]. `None` if it counts, or says nothing about a case.
    pub outweighed_by: Option<usize>,
}

/// A place in a text. Shown as `LINE:COLUMN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line; the first one is 1.
    pub line: usize,
    /// The character in the line; the first one is 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl Position {
    /// The place of the byte `at` of `text`.
    fn of(text: &str, at: usize) -> Self {
        let mut end = at.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }
}

/// How [`recognise`](super::recognise) reads `input`.
///
/// ```
/// use entrada_core::NumericDate;
/// use entrada_diagnose::explain_reading;
///
/// let reading = explain_reading("> AADSTS50034: The user does not exist.", NumericDate(1_790_000_000))?;
/// assert_eq!(reading.steps, ["quoting"]);
/// assert_eq!(reading.artifacts[0].kind, "authority-text");
/// assert_eq!(reading.artifacts[0].start.to_string(), "1:1");
/// # Ok::<(), entrada_diagnose::RecogniseError>(())
/// ```
///
/// # Errors
///
/// As [`recognise`](super::recognise).
pub fn explain_reading(input: &str, now: NumericDate) -> Result<Reading, RecogniseError> {
    let text = Har::trimmed(input);
    if text.is_empty() {
        return Err(RecogniseError::Empty);
    }
    let read = match plain_token(text, now) {
        Some(evidence) => ReadText::of(ArtifactKind::Token, text.len(), evidence),
        None => read(text, now)?,
    };
    let text = if read.text.is_empty() { text } else { &read.text };
    let line = |(at, found): (usize, &Resolved)| {
        let artifact = &found.artifact;
        let outweighed_by = outweighed_by(&read.artifacts, at);
        ArtifactLine {
            kind: artifact.kind.id(),
            span: (artifact.span.start, artifact.span.end),
            start: Position::of(text, artifact.span.start),
            end: Position::of(text, artifact.span.end.saturating_sub(1)),
            counts: found.counts() && outweighed_by.is_none(),
            outweighed_by,
        }
    };
    Ok(Reading {
        steps: read.steps.iter().map(|step| step.id()).collect(),
        artifacts: read.artifacts.iter().enumerate().map(line).collect(),
        text: Secret::new(text),
        evidence: read.evidence,
    })
}

/// The evidence of a text that is one JWT, by far the most common input.
pub(super) fn plain_token(text: &str, now: NumericDate) -> Option<Evidence> {
    let jwt = Shape::of_plain_jwt(text)?;
    Some(Evidence { token: Some(jwt), now: Some(now), ..Evidence::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    const NOW: NumericDate = NumericDate(1_700_000_000);

    fn explained(text: &str) -> Reading {
        explain_reading(text, NOW).unwrap()
    }

    #[test]
    fn a_place_is_a_line_and_a_character() {
        let text = "äb\ncd\n";
        let at = |byte| Position::of(text, byte).to_string();
        assert_eq!([at(0), at(2), at(4), at(5), at(99)], ["1:1", "1:2", "2:1", "2:2", "3:1"]);
        // In the middle of a character.
        assert_eq!(at(1), "1:1");
    }

    #[test]
    fn the_places_are_those_of_the_text_without_its_layers() {
        let reading = explained("> ```\n> see: {\"error\":\"invalid_grant\"}\n> ```\n");
        assert_eq!(reading.steps, ["quoting", "fences"]);
        let [artifact] = &reading.artifacts[..] else { panic!("{:?}", reading.artifacts) };
        assert_eq!(
            (artifact.start.to_string(), artifact.end.to_string()),
            ("1:6".into(), "1:30".into())
        );
        let (start, end) = artifact.span;
        assert_eq!(&reading.text.expose()[start..end], r#"{"error":"invalid_grant"}"#);
    }

    #[test]
    fn a_token_alone_is_explained_as_it_is_read() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln";
        let reading = explained(token);
        assert_eq!((reading.artifacts[0].kind, reading.artifacts[0].span), ("token", (0, 41)));
        assert_eq!(reading.evidence.token, crate::recognise(token, NOW).unwrap().token);
    }

    #[test]
    fn a_text_in_which_nothing_is_found_has_no_artifact() {
        let reading = explained("hello there");
        assert!(reading.artifacts.is_empty() && reading.evidence.unrecognised);
    }

    #[test]
    fn artifacts_become_blanks_and_positions_stay() {
        let text = "a {\n} eyJ.x.y b";
        let artifact = |kind, span| Artifact { kind, span, content: Box::default() };
        let found = [artifact(ArtifactKind::ApiError, 2..5), artifact(ArtifactKind::Token, 6..13)];
        let blanked = blanked(text, &found);
        assert_eq!(blanked, format!("a  \n  {TOKEN}       b"));
        assert_eq!(blanked.len(), text.len());
    }

    #[test]
    fn texts_within_texts_are_read_to_a_depth() {
        let nested = |depth: usize| {
            let response = r#"{"access_token":"some-opaque-token","refresh_token":"r"}"#;
            (0..depth)
                .fold(response.to_owned(), |text, _| serde_json::json!({ "log": text }).to_string())
        };
        assert!(explained(&nested(2)).evidence.response.is_some());
        assert!(explained(&nested(2 * DEPTH_MAX + 2)).evidence.response.is_none());
    }

    #[test]
    fn a_word_after_a_wrapped_token_is_no_piece_of_it() {
        let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let claims = r#"{"aud":"https://graph.microsoft.com","exp":1900000000}"#;
        let jwt = format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), "x".repeat(342));
        let wrapped = format!("{}\n{}\n{}", &jwt[..100], &jwt[100..200], &jwt[200..]);
        let read = |text: &str| read(text, NumericDate(1_800_000_000)).unwrap().evidence;
        assert_eq!(read(&wrapped).not_understood, None);
        for word in ["Forbidden", "401", "rc=22"] {
            let found = read(&format!("{wrapped}\n{word}")).not_understood;
            assert_eq!(found.as_deref(), Some(word), "{word}");
        }
        let glued = read(&format!("it is {jwt}result: KO"));
        assert!(glued.not_understood.is_some(), "{glued:?}");
    }

    #[test]
    fn a_string_with_an_unexplained_line_break_is_not_understood() {
        let read = |text: &str| read(text, NumericDate(1_800_000_000)).unwrap().evidence;
        let whole = "it: {\"accessToken\":\"abc\",\n\"state\":\"done\"}";
        assert_eq!(read(whole).not_understood, None);
        let broken = "it: {\"accessToken\":\"abc\",\"sta\nte\":\"failed\"}";
        assert!(read(broken).not_understood.is_some());
    }
}
