//! Extracts tokens that stand in other text.

use super::artifact::{Artifact, ArtifactKind};
use super::other_text;
use crate::Evidence;
use crate::shape::Shape;
use entrada_core::Jwt;

/// Maximum number of tokens that are read from a text.
const SEVERAL: usize = 8;

/// Maximum length of an ordinary word in characters.
const PIECE_MAX: usize = 24;

/// Lengths of RSA signatures in characters, for keys of 2,048, 3,072 and 4,096 bits.
const WHOLE_SIGNATURES: [usize; 3] = [342, 512, 683];

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
            let shape = Shape::of_plain_jwt(word)?;
            if ends_in_a_word(&shape) {
                content.not_understood = Some("the end of the token".to_owned());
            }
            content.token = Some(if is_after_basic(&text[..at]) {
                Shape::sent_as_basic(word.len())
            } else {
                shape
            });
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
    if found.is_empty() {
        found.extend(grants(text, base));
    }
    found
}

/// Whether `before`, the text before a token, ends with the scheme of passwords (RFC 7617).
fn is_after_basic(before: &str) -> bool {
    const SCHEME: &str = "basic";
    let scheme = before.trim_end();
    let start = scheme.len().saturating_sub(SCHEME.len());
    scheme.len() < before.len()
        && scheme.get(start..).is_some_and(|word| word.eq_ignore_ascii_case(SCHEME))
        && !scheme[..start].ends_with(char::is_alphanumeric)
}

/// How refresh tokens and authorization codes begin ([`Shape`] decides). A ticket of a personal account is not searched for: it
/// does not show its expiry, and the text around it may.
const STARTS: [&str; 7] = ["0.A", "1.A", "AQABAAAAA", "AwABAAAA", "M.C", "M.R", "OAQABAAAAA"];

/// Minimum length of a refresh token next to other words, in characters.
const GRANT_MIN: usize = 80;

/// Refresh tokens and codes, which have no common form with a JWT.
fn grants(text: &str, base: &Evidence) -> Vec<Artifact> {
    let part = |c: char| c.is_ascii_alphanumeric() || "-_.+/=!*$%~".contains(c);
    let words = text.split(|c| !part(c)).filter(|word| GRANT_MIN <= word.len());
    let words = words.filter_map(|word| {
        // `refresh_token=0.A…`
        let start = word.find('=').map_or(0, |at| at + 1);
        let value = &word[start..];
        let bare = if STARTS.iter().any(|own| value.starts_with(own)) { value } else { word };
        let bare = bare.trim_end_matches('.');
        let is_one = GRANT_MIN <= bare.len() && STARTS.iter().any(|own| bare.starts_with(own));
        is_one.then_some(bare)
    });
    let found = words.filter_map(|word| {
        // No program sent the code of a redirect as an access token.
        if is_code_of_address(&text[..word.as_ptr().addr() - text.as_ptr().addr()]) {
            return None;
        }
        let shape = Shape::of(word);
        let is_known = matches!(shape, Shape::EntraGrant { .. } | Shape::MsaRefreshToken { .. });
        is_known.then(|| {
            let at = word.as_ptr().addr() - text.as_ptr().addr();
            // Under its own name no program used it as an access token.
            let at_rest = is_named_refresh_token(&text[..at]);
            let content = Box::new(Evidence { token: Some(shape), at_rest, ..base.clone() });
            Artifact { kind: ArtifactKind::Token, span: at..at + word.len(), content }
        })
    });
    found.take(SEVERAL).collect()
}

/// Whether the RSA signature of `token` is longer than one: a lost line break joined the next word to it.
pub(super) fn ends_in_a_word(token: &Shape) -> bool {
    let Shape::Jwt(jwt) = token else { return false };
    is_rsa(jwt)
        && jwt.signature_length.is_some_and(|length| WHOLE_SIGNATURES[0] < length)
        && !has_whole_signature(jwt)
}

/// Whether the signature of `jwt` has the length of a whole one of RSA.
fn has_whole_signature(jwt: &Jwt) -> bool {
    jwt.signature_length.is_some_and(|length| WHOLE_SIGNATURES.contains(&length))
}

/// Whether the signature of `jwt` is of RSA (RFC 7518 §3.1).
fn is_rsa(jwt: &Jwt) -> bool {
    jwt.header.text("alg").is_some_and(|alg| alg.starts_with("RS") || alg.starts_with("PS"))
}

/// The last of the pieces of `text` that form `token`, if it may be a word after the token and no piece of it.
pub(super) fn word_after(token: &Shape, text: &str) -> Option<String> {
    let Shape::Jwt(jwt) = token else { return None };
    let last = text.split_whitespace().next_back().filter(|last| last.len() < text.len())?;
    let is_whole = has_whole_signature(jwt);
    let is_word = ends_in_a_word(token) || !other_text::is_label(last);
    (!is_whole && is_rsa(jwt) && is_word).then(|| last.to_owned())
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

/// Whether `before`, the text before a token, ends with the name of the refresh token: `refresh_token: `, `"refreshToken":"`.
fn is_named_refresh_token(before: &str) -> bool {
    let named = before.trim_end_matches([' ', ':', '=', '"', '\'', '\\', '>']);
    let line = named.rsplit('\n').next().unwrap_or_default().to_ascii_lowercase();
    ["refresh_token", "refresh token", "refreshtoken"].iter().any(|name| line.ends_with(name))
}

/// Whether `before`, the text before a grant, ends with the name of the authorization code in an address (RFC 6749 §4.1.2).
fn is_code_of_address(before: &str) -> bool {
    ["?code=", "&code=", "#code="].iter().any(|name| before.ends_with(name))
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
            Some(Shape::Jwt(jwt)) => has_whole_signature(&jwt),
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

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    fn part(json: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(json)
    }

    fn jwt() -> String {
        format!("{}.{}.c2ln", part(r#"{"alg":"RS256"}"#), part(r#"{"aud":"x"}"#))
    }

    fn encrypted() -> String {
        format!("{}.a2V5.aXY.dGV4dA.dGFn", part(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#))
    }

    /// The tokens of `text`, each as it stands there.
    fn found(text: &str) -> Vec<(&str, Shape)> {
        let all = artifacts(text, &Evidence::default()).into_iter();
        all.map(|one| (&text[one.span], one.content.token.unwrap())).collect()
    }

    #[test]
    fn a_token_is_found_between_words_and_a_whole_text_is_not_searched() {
        let jwt = jwt();
        for text in [
            format!("the token is {jwt}."),
            format!("access_token={jwt}&token_type=Bearer"),
            format!("\"{jwt}\", and more failed"),
        ] {
            let all = found(&text);
            assert!(matches!(&all[..], [(word, Shape::Jwt(_))] if *word == jwt), "{text}: {all:?}");
        }
        assert!(found(&jwt).is_empty());
        assert!(found(&format!("Bearer Bearer {jwt}")).is_empty());
    }

    #[test]
    fn an_encrypted_token_is_found_where_there_is_no_other() {
        let encrypted = encrypted();
        let text = format!("the token failed: {encrypted}");
        assert!(matches!(&found(&text)[..], [(word, Shape::Jwe(_))] if *word == encrypted));
        let both = format!("it failed: {encrypted} {}", jwt());
        assert!(matches!(&found(&both)[..], [(_, Shape::Jwt(_))]));
    }

    #[test]
    fn refresh_tokens_are_found_between_words() {
        let work = format!("0.A{}.Ag{}", "b".repeat(45), "c".repeat(200));
        let personal = format!("M.C546_BAY.0.U.-{}", "Ab!*$".repeat(20));
        for token in [&work, &personal] {
            for text in [
                format!("the error came with {token}, says the log"),
                format!("refresh_token={token}&x=1"),
                format!("Authorization: Bearer {token} failed."),
            ] {
                let all = found(&text);
                assert!(matches!(&all[..], [(word, _)] if word == token), "{text}: {all:?}");
                assert!(!matches!(all[0].1, Shape::Opaque { .. } | Shape::Broken { .. }));
            }
        }
        for (text, is_named) in [
            (format!("refresh_token: {work} and more"), true),
            (format!("'refreshToken' : '{work}'"), true),
            (format!("access_token: {work} and more"), false),
        ] {
            let all = artifacts(&text, &Evidence::default());
            assert_eq!(all[0].content.at_rest, is_named, "{text}");
        }
        let ticket = format!("the cache has EwBo{}, expired", "A".repeat(200));
        assert!(found(&ticket).is_empty(), "only the text around a ticket shows its expiry");
        for text in ["version 0.A of it failed", "M.C. Escher failed", "1.A.2 no"] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
