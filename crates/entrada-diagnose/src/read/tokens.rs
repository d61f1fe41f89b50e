//! Extracts tokens that stand in other text.

use super::artifact::{Artifact, ArtifactKind};
use super::other_text;
use crate::Evidence;
use crate::shape::Shape;

/// Maximum number of tokens that are read from a text.
const SEVERAL: usize = 8;

/// Maximum length of an ordinary word in characters.
const PIECE_MAX: usize = 24;

/// Lengths of Entra's signatures in characters: RSA with keys of 2,048 and 4,096 bits.
const WHOLE_SIGNATURES: [usize; 2] = [342, 683];

/// The tokens in `text`. A text that is one token, wrapped by a terminal, is not searched here.
pub(super) fn artifacts(text: &str, base: &Evidence) -> Vec<Artifact> {
    let trimmed = text.trim();
    if !trimmed.contains(char::is_whitespace) && !trimmed.contains(['"', '\'', ',', ';', '=', '('])
    {
        return Vec::new();
    }
    // Sent with the word twice, which is a fault of the string as a whole.
    if trimmed.to_ascii_lowercase().contains("bearer bearer") {
        return Vec::new();
    }
    // A token that a terminal wrapped is one token, and its first piece alone would be broken.
    let whole = Shape::of(trimmed);
    let is_loose = matches!(whole, Shape::Opaque { .. } | Shape::Broken { .. });
    if !is_loose && !has_words(trimmed) {
        return Vec::new();
    }
    let mut found: Vec<Artifact> = words(text)
        .filter_map(|(at, word)| {
            let mut content = base.clone();
            content.token = Some(Shape::of_plain_jwt(word)?);
            Some(Artifact {
                kind: ArtifactKind::Token,
                span: at..at + word.len(),
                content: Box::new(content),
            })
        })
        .take(SEVERAL)
        .collect();
    if found.is_empty() {
        found.extend(jwe(text, base));
    }
    found
}

/// The words of `text` that begin like a JWT, each with its place.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    text.split(move |c| !part(c)).filter(|word| word.starts_with("eyJ")).map(|word| {
        // A sentence may end right after the token.
        let word = word.trim_end_matches('.');
        (word.as_ptr().addr() - text.as_ptr().addr(), word)
    })
}

/// An encrypted token (RFC 7516).
fn jwe(text: &str, base: &Evidence) -> Option<Artifact> {
    let (at, word) = words(text).find(|(_, word)| word.matches('.').count() == 4)?;
    let shape = Shape::of(word);
    matches!(shape, Shape::Jwe(_)).then(|| {
        let content = Box::new(Evidence { token: Some(shape), ..base.clone() });
        Artifact { kind: ArtifactKind::Token, span: at..at + word.len(), content }
    })
}

/// Whether `text` has words that are not pieces of a token that a terminal wrapped: one piece is a token with a complete
/// signature, or a short word means a refusal.
fn has_words(text: &str) -> bool {
    text.contains(char::is_whitespace)
        && text.split_whitespace().any(|word| match Shape::of_plain_jwt(word) {
            Some(Shape::Jwt(jwt)) => WHOLE_SIGNATURES.contains(&jwt.signature_length),
            _ => word.len() <= PIECE_MAX && other_text::refuses(word),
        })
}

/// The token that is meant. Several tokens are an error, because it is unknown which one is meant.
pub(super) fn meant(mut found: Vec<Shape>, text: &str) -> Option<Shape> {
    // Next to an ID token of the same sign-in, the other token is meant.
    if 1 < found.len() {
        found.retain(|shape| !shape.is_of_an_id_token());
        found.dedup();
    }
    match found.len() {
        0 => None,
        1 => found.pop(),
        _ => Some(Shape::Broken {
            reason: "it contains several tokens: give one, or check each line with `--stream`"
                .to_owned(),
            length: text.chars().count(),
        }),
    }
}
