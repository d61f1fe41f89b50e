//! Takes what was shown out of what came back: servers quote what they were sent, whole, in pieces, over lines, in base64.

use std::collections::HashSet;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use crate::model::{Secret, Side};

/// Characters that are a piece of a secret.
const PIECE: usize = 16;

/// Stands where something was taken out.
const HIDDEN: &str = "(the token)";

/// Knows the pieces of what was shown.
pub(super) struct Hide {
    pieces: HashSet<[char; PIECE]>,
    /// Those that are shorter than a piece.
    short: Vec<String>,
}

impl Hide {
    /// Hides `secrets`, and what they are in base64.
    pub(super) fn new(secrets: &[&Secret]) -> Self {
        let mut all: Vec<String> = Vec::new();
        for secret in secrets {
            let text = secret.expose();
            all.push(text.to_owned());
            // Base64 is another for each place within three bytes that the secret may begin at.
            for before in 0..3 {
                let bytes = [&b"\0\0"[..before], text.as_bytes()].concat();
                let skip = [0, 2, 3][before];
                for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
                    let encoded = engine.encode(&bytes);
                    let end = encoded.len().saturating_sub(2);
                    all.push(encoded.get(skip..end).unwrap_or_default().to_owned());
                }
            }
        }
        let mut hide = Self { pieces: HashSet::new(), short: Vec::new() };
        for text in all {
            let letters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
            if letters.len() < PIECE {
                hide.short.extend(Some(text).filter(|text| !text.is_empty()));
                continue;
            }
            let pieces = letters.windows(PIECE);
            let pieces = pieces.filter_map(|piece| <[char; PIECE]>::try_from(piece).ok());
            hide.pieces.extend(pieces);
        }
        hide
    }

    /// What of `lines` the server said, without them; a piece may go on over the end of a line.
    pub(super) fn lines(&self, lines: &mut [(Side, String)]) {
        let own: Vec<usize> = (0..lines.len())
            .filter(|at| lines.get(*at).is_some_and(|(side, _)| *side == Side::Server))
            .collect();
        let text: Vec<&str> =
            own.iter().filter_map(|at| Some(lines.get(*at)?.1.as_str())).collect();
        let clean = self.text(&text.join("\n"));
        for (at, line) in own.into_iter().zip(clean.split('\n')) {
            if let Some((_, said)) = lines.get_mut(at) {
                line.clone_into(said);
            }
        }
    }

    /// `text` without them. Lines stay lines.
    pub(super) fn text(&self, text: &str) -> String {
        let letters: Vec<(usize, char)> =
            text.char_indices().filter(|(_, c)| !c.is_whitespace()).collect();
        let mut hidden = vec![false; text.len()];
        for piece in letters.windows(PIECE) {
            let mut word = ['\0'; PIECE];
            for (letter, (_, c)) in word.iter_mut().zip(piece) {
                *letter = *c;
            }
            if self.pieces.contains(&word) {
                for (at, _) in piece {
                    hidden[*at] = true;
                }
            }
        }
        let mut out = String::with_capacity(text.len());
        let mut gap = String::new();
        let mut within = false;
        for (at, c) in text.char_indices() {
            match (hidden[at], within) {
                (true, false) => {
                    out.push_str(HIDDEN);
                    (within, gap) = (true, String::new());
                }
                (true, true) => {
                    // Blanks within it go with it; the ends of lines do not.
                    out.extend(gap.drain(..).filter(|c| *c == '\n'));
                }
                (false, true) if c.is_whitespace() => gap.push(c),
                (false, _) => {
                    out.push_str(&gap);
                    out.push(c);
                    (within, gap) = (false, String::new());
                }
            }
        }
        out.push_str(&gap);
        self.short.iter().fold(out, |text, short| text.replace(short, HIDDEN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJtYWlsIiwic2NwIjoieCJ9.c2lnbmF0dXJlIG9mIGl0";

    #[test]
    fn a_secret_is_hidden_whole_in_pieces_over_lines_and_in_base64() {
        let token = Secret::new(TOKEN);
        let hide = Hide::new(&[&token]);
        let spaced: String = TOKEN.chars().flat_map(|c| [c, ' ']).collect();
        let broken = TOKEN
            .as_bytes()
            .chunks(30)
            .map(|part| String::from_utf8_lossy(part))
            .collect::<Vec<_>>();
        for (text, expected) in [
            (format!("NO {TOKEN}."), "NO (the token).".to_owned()),
            (format!("NO {}", &TOKEN[5..40]), "NO (the token)".to_owned()),
            (format!("NO {spaced}"), "NO (the token) ".to_owned()),
            (broken.join("\n"), "(the token)\n\n".to_owned()),
            (format!("a {} b", BASE64_STANDARD_NO_PAD.encode(TOKEN)), String::new()),
            (format!("a {} b", BASE64_STANDARD_NO_PAD.encode(format!("x{TOKEN}"))), String::new()),
            (format!("a {} b", BASE64_STANDARD_NO_PAD.encode(format!("xy{TOKEN}"))), String::new()),
            ("NO AUTHENTICATE failed.".to_owned(), "NO AUTHENTICATE failed.".to_owned()),
            (
                "é 235 2.7.0 Authentication successful".to_owned(),
                "é 235 2.7.0 Authentication successful".to_owned(),
            ),
        ] {
            let shown = hide.text(&text);
            if expected.is_empty() {
                assert!(shown.contains(HIDDEN) && shown.len() < 40, "{shown}");
            } else {
                assert_eq!(shown, expected);
            }
        }
        let short = Secret::new("opaque-token");
        assert_eq!(Hide::new(&[&short]).text("NO bad opaque-token"), "NO bad (the token)");
    }

    #[test]
    fn what_the_client_said_stays_and_lines_stay_lines() {
        let token = Secret::new(TOKEN);
        let mut lines = vec![
            (Side::Server, format!("one {}", &TOKEN[..30])),
            (Side::Client, "C".to_owned()),
            (Side::Server, format!("{} two", &TOKEN[30..])),
            (Side::Server, "three".to_owned()),
        ];
        Hide::new(&[&token]).lines(&mut lines);
        let said: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(said, ["one (the token)", "C", " two", "three"]);
    }
}
