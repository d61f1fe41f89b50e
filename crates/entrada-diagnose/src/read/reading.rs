//! The stages of reading a text, and what each of them did.

use std::borrow::Cow;

use super::artifact::{Artifact, ArtifactKind};
use super::normalise::{Step, normalise};
use super::other_text::TOKEN;
use super::resolve::resolve;
use super::{RecogniseError, json, limits, prose, structured, tokens};
use crate::Evidence;
use crate::shape::Shape;
use entrada_core::har::Har;
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
    /// What was found, each with whether it counts.
    pub(super) artifacts: Vec<(Artifact, bool)>,
}

/// Reads `text`, which is trimmed and not empty.
pub(super) fn read(text: &str, now: NumericDate) -> Result<ReadText, RecogniseError> {
    let base = Evidence { now: Some(now), ..Evidence::default() };
    let start = limits::start_of(text);
    base.redactor.learn_text(start);
    let mut failure = None;
    if text.starts_with('{') {
        limits::weigh(text)?;
        match json::document(text, &base, now) {
            Ok(Some((kind, content))) => return Ok(ReadText::of(kind, text.len(), content)),
            Ok(None) => (),
            Err(error @ RecogniseError::Json(_)) => failure = Some(error),
            Err(error) => return Err(error),
        }
    }
    let read = read_text(start, &base, now, 0);
    read.evidence.redactor.join(&base.redactor);
    match failure {
        Some(error) if read.evidence.unrecognised => Err(error),
        _ => Ok(read),
    }
}

/// Reads unstructured text. Text without its dress comes first; if nothing is found in it, the text as it is.
fn read_text(text: &str, base: &Evidence, now: NumericDate, depth: usize) -> ReadText {
    let normalised = normalise(text);
    let logged = normalised.steps.contains(&Step::LinePrefixes);
    let read = extract(&normalised.text, base, now, depth, logged);
    let changed = matches!(normalised.text, Cow::Owned(_));
    if read.evidence.unrecognised && changed {
        let plain = extract(text, base, now, depth, false);
        if !plain.evidence.unrecognised {
            return ReadText { text: text.to_owned(), ..plain };
        }
    }
    ReadText { steps: normalised.steps, text: normalised.text.into_owned(), ..read }
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
    let read = read_text(text, base, now, depth + 1);
    let kind = read.artifacts.iter().filter(|(_, counts)| *counts).map(|(found, _)| found.kind);
    Some((kind.min()?, read.evidence)).filter(|(_, evidence)| !evidence.unrecognised)
}

fn extract(text: &str, base: &Evidence, now: NumericDate, depth: usize, logged: bool) -> ReadText {
    let mut found = structured::artifacts(text, base, now, depth);
    let mut rest = blanked(text, &found);
    found.extend(tokens::artifacts(&rest, base));
    rest = blanked(&rest, &found);
    found.extend(prose::artifacts(&rest.replace(TOKEN, " "), base));
    let mut read = resolve(found, &rest, base, logged);
    if read.artifacts.is_empty() {
        read.evidence = whole_string(text, base);
        if read.evidence.token.is_some() {
            let content = Box::new(read.evidence.clone());
            let whole = Artifact { kind: ArtifactKind::Token, span: 0..text.len(), content };
            read.artifacts.push((whole, true));
        }
    }
    read
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
        Self { evidence: content, artifacts: vec![(artifact, true)], ..Self::default() }
    }
}

/// How a text was read, for readers who doubt a verdict.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The names of the steps that removed what the text wore: line prefixes, quotes, stack frames.
    pub steps: Vec<&'static str>,
    /// The text without what it wore. It may contain secrets.
    pub text: Secret,
    /// What was found.
    pub artifacts: Vec<ArtifactLine>,
}

/// One artifact of a [`Reading`].
#[derive(Clone, Debug)]
pub struct ArtifactLine {
    /// Its kind, for example `oauth-error`.
    pub kind: &'static str,
    /// First and last byte in the normalised text, the last one excluded.
    pub span: (usize, usize),
    /// Whether the diagnosis rests on it. A more structured artifact outweighs the others.
    pub counts: bool,
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
    let read = read(text, now)?;
    let artifacts = read.artifacts.iter().map(|(artifact, counts)| ArtifactLine {
        kind: artifact.kind.id(),
        span: (artifact.span.start, artifact.span.end),
        counts: *counts,
    });
    Ok(Reading {
        steps: read.steps.iter().map(|step| step.id()).collect(),
        artifacts: artifacts.collect(),
        text: Secret::new(if read.text.is_empty() { text } else { &read.text }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

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
