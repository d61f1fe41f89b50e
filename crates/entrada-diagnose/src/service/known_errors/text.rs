//! Finds phrases in a text as people paste it: folded, indented, escaped, in any case.

use aho_corasick::AhoCorasick;

/// Maximum number of bytes that are searched.
const TEXT_MAX: usize = 256 << 10;

/// The entities of HTML that are undone.
const ENTITIES: [(&str, char); 6] = [
    ("&quot;", '"'),
    ("&apos;", '\''),
    ("&#39;", '\''),
    ("&amp;", '&'),
    ("&lt;", '<'),
    ("&gt;", '>'),
];

/// A prepared set of phrases.
pub(super) struct Phrases {
    search: Option<AhoCorasick>,
    all: Vec<Phrase>,
}

struct Phrase {
    /// Whether its first and its last character may not continue a longer word.
    starts_word: bool,
    ends_word: bool,
}

impl Phrases {
    /// Prepares `phrases`, which are in lower case. One with `*` at its end may be the beginning of a longer word.
    pub(super) fn new(phrases: &[&str]) -> Self {
        let of = |phrase: &&str| Phrase {
            starts_word: phrase.starts_with(is_of_word),
            ends_word: phrase.ends_with(is_of_word),
        };
        let all = phrases.iter().map(of).collect();
        let patterns = phrases.iter().map(|phrase| phrase.trim_end_matches('*'));
        // Only a set that is too large cannot be built.
        let search = AhoCorasick::builder().ascii_case_insensitive(true).build(patterns).ok();
        Self { search, all }
    }
}

/// Where each phrase occurs in a text.
pub(super) struct Found {
    text: String,
    /// The places of the blanks that stand for the end of a line.
    line_ends: Vec<usize>,
    /// The first occurrence of each phrase, and the first one that stands alone.
    places: Vec<(Option<usize>, Option<usize>)>,
}

impl Found {
    /// Searches `text` for all `phrases`.
    pub(super) fn new(phrases: &Phrases, text: &str) -> Self {
        let mut end = text.len().min(TEXT_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let (text, line_ends) = plain(&text[..end]);
        let mut places = vec![(None, None); phrases.all.len()];
        for hit in phrases.search.iter().flat_map(|search| search.find_overlapping_iter(&text)) {
            let number = hit.pattern().as_usize();
            let (phrase, place) = (&phrases.all[number], &mut places[number]);
            let (before, after) = (&text[..hit.start()], &text[hit.end()..]);
            // A `_` at the edge of a word is emphasis of Markdown.
            let (before_mark, after_mark) =
                (before.trim_end_matches('_'), after.trim_start_matches('_'));
            let is_part = (phrase.starts_word && before_mark.ends_with(is_of_word))
                || (phrase.ends_word && after_mark.starts_with(is_of_word));
            if is_part {
                continue;
            }
            place.0 = place.0.or(Some(hit.start()));
            if place.1.is_none() && is_alone(before, after) {
                place.1 = Some(hit.start());
            }
        }
        Self { text, line_ends, places }
    }

    /// Where the phrase with this number begins; with `alone`, where it is not part of a sentence.
    pub(super) fn at(&self, phrase: usize, alone: bool) -> Option<usize> {
        let (first, first_alone) = *self.places.get(phrase)?;
        if alone { first_alone } else { first }
    }

    /// The text that was searched, and the places of its blanks that stand for the end of a line.
    pub(super) fn into_text(self) -> (String, Vec<usize>) {
        (self.text, self.line_ends)
    }
}

/// Whether text between `before` and `after` is whole: it begins the text or follows a mark, and ends the text or is followed
/// by one.
fn is_alone(before: &str, after: &str) -> bool {
    let before = before.trim_end();
    let after = after.trim_start_matches(['.', '!']);
    let ends = after.trim_start();
    (before.is_empty() || before.ends_with([':', '"', '\'', '=', '>', '(', '[', '{', '|']))
        && (ends.is_empty() || after.starts_with(['"', '\'', '<', ')', ']', '}', ',', ';']))
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// `text` with single spaces and straight quotes, without the escapes of JSON and HTML, colours, and margins; and the places of
/// the spaces that stand for the end of a line.
pub(in crate::service) fn plain(text: &str) -> (String, Vec<usize>) {
    let mut plain = String::with_capacity(text.len());
    let mut line_ends = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (said, length) = match first {
            '\\' => escaped(rest),
            '&' => entity(rest).unwrap_or((first, 1)),
            '\u{1b}' => ('\u{1b}', length_of_colour(rest)),
            '\n' => (' ', 1 + length_of_margin(&rest[1..])),
            '’' | '‘' => ('\'', first.len_utf8()),
            '“' | '”' => ('"', first.len_utf8()),
            other => (other, other.len_utf8()),
        };
        rest = rest.get(length..).unwrap_or_default();
        if said == '\u{1b}' {
            continue;
        }
        if !said.is_whitespace() {
            plain.push(said);
            continue;
        }
        if !plain.ends_with(' ') && !plain.is_empty() {
            plain.push(' ');
        }
        let space = plain.len().saturating_sub(1);
        if first == '\n' && !plain.is_empty() && line_ends.last() != Some(&space) {
            line_ends.push(space);
        }
    }
    (plain, line_ends)
}

/// The character that the backslashes at the start of `text` stand for, and the length of both in bytes. A text that was put into
/// JSON twice has several backslashes.
fn escaped(text: &str) -> (char, usize) {
    let rest = text.trim_start_matches('\\');
    let length = text.len() - rest.len();
    match rest.chars().next() {
        Some(quote @ ('"' | '\'' | '/')) => (quote, length + 1),
        Some('n' | 'r' | 't') => (' ', length + 1),
        Some('u') => {
            let number = rest.get(1..5).and_then(|digits| u32::from_str_radix(digits, 16).ok());
            number.and_then(char::from_u32).map_or(('\\', length), |said| (said, length + 5))
        }
        _ => ('\\', length),
    }
}

/// The character that the entity at the start of `text` stands for, and the length of the entity in bytes.
fn entity(text: &str) -> Option<(char, usize)> {
    ENTITIES.iter().find(|(name, _)| text.starts_with(name)).map(|(name, said)| (*said, name.len()))
}

/// The length of the control sequence at the start of `text`: `ESC [ 31 m`.
fn length_of_colour(text: &str) -> usize {
    let end = text.char_indices().skip(1).take(16).find(|(_, c)| c.is_ascii_alphabetic());
    end.map_or(1, |(at, _)| at + 1)
}

/// The length of the margin at the start of a line: of PowerShell and Terraform (`|`, `│`), and of quoted mail (`>`).
fn length_of_margin(line: &str) -> usize {
    let rest = line.trim_start_matches([' ', '\t']);
    let bare = rest.trim_start_matches(['|', '│', '>', ' ', '\t']);
    if rest.starts_with(['|', '│', '>']) { line.len() - bare.len() } else { 0 }
}

/// The list that follows `words` in `text`: in quotes, or up to a dash.
pub(super) fn list_after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let at = text.to_ascii_lowercase().find(words)?;
    let rest = text.get(at + words.len()..)?.trim_start_matches([':', ' ']);
    let quote = rest.chars().next().filter(|first| ['\'', '"', '`'].contains(first));
    match quote {
        Some(quote) => rest[1..].split_once(quote).map(|(inner, _)| inner),
        None => rest.split(" - ").next(),
    }
}

/// Whether `name` is built like a permission of Graph: `Chat.ReadBasic`, `ChannelMessage.Read.All`.
pub(in crate::service) fn is_permission(name: &str) -> bool {
    let mut parts = name.split('.');
    let well = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_uppercase())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.contains('.') && name.len() <= 80 && parts.all(well)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(phrase: &str, text: &str, alone: bool) -> bool {
        Found::new(&Phrases::new(&[phrase]), text).at(0, alone).is_some()
    }

    #[test]
    fn a_phrase_is_found_however_the_text_is_wrapped() {
        for text in [
            "the user isn't known",
            "The\r\n    user  ISN'T\nknown.",
            "{\"a\":\"the user isn\\u0027t\\r\\nknown\"}",
            "the user isn&#39;t known",
            "the user isn’t known",
            "[the user isn\\'t known]",
            "{\"a\":\"{\\\"b\\\":\\\"the user isn\\\\u0027t\\\\nknown\\\"}\"}",
            "\u{1b}[31mthe user\u{1b}[0m isn't known",
            "Line |\n     | the user\n     | isn't known",
            "> > the user isn't\n> > known",
        ] {
            assert!(at("the user isn't known", text, false), "{text}");
        }
        for text in ["the user isn't knowngly", "bathe user isn't known", "the user is known"] {
            assert!(!at("the user isn't known", text, false), "{text}");
        }
    }

    #[test]
    fn a_phrase_with_a_star_may_begin_a_word() {
        assert!(at("msal*", "MsalClientException", false));
        assert!(!at("msal", "MsalClientException", false));
    }

    #[test]
    fn a_phrase_is_alone_without_a_sentence_around_it() {
        for text in ["Jwt is expired", "body: \"jwt is expired\"", "reason: Jwt is expired.\n"] {
            assert!(at("jwt is expired", text, true), "{text}");
        }
        for text in ["my jwt is expired", "jwt is expired, I think it was", "jwt is expired again"]
        {
            let listed = text.contains(',');
            assert_eq!(at("jwt is expired", text, true), listed, "{text}");
        }
    }

    #[test]
    fn quotes_and_permissions_are_read() {
        for text in
            ["API requires one of 'A.B, C.D'. x", "requires one of: A.B, C.D - Operation ID"]
        {
            assert_eq!(list_after(text, "requires one of"), Some("A.B, C.D"));
        }
        assert_eq!(list_after("API requires one of 'A.B", "requires one of"), None);
        for name in ["Chat.Read", "ChannelMessage.Read.All", "Mail-Advanced.ReadWrite"] {
            assert!(is_permission(name), "{name}");
        }
        for name in ["Chat", "chat.read", "Chat..Read", "a.b", "Chat.Read;x", ""] {
            assert!(!is_permission(name), "{name}");
        }
    }
}
