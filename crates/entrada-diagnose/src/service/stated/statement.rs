//! A text as statements: its sentences, and their parts that are quoted or follow a colon.

use super::family::Family;
use super::plain_words::{has, plain_words};
use super::vocabulary::{FAILING, FIELD, QUESTIONS, REPORTS, TELLERS};
use crate::service::known_errors::plain;

/// Maximum number of bytes that are read.
const TEXT_MAX: usize = 48 << 10;

/// Maximum number of statements that are read.
const SEGMENTS_MAX: usize = 600;

/// Stands for an empty line.
const PARAGRAPH: &str = "¶";

/// Length in bytes of the longest statement: a longer one is data.
const SEGMENT_MAX: usize = 700;

/// Minimum length in bytes of a line that was wrapped in a sentence.
const WRAPPED_MIN: usize = 60;

/// The statements of a text about sign-in, mail or Microsoft's services.
pub(super) struct Statements {
    read: Read,
    segments: Vec<Segment>,
    /// Whether the text reports a failure.
    reports: bool,
}

impl Statements {
    /// The statements of `text`, if it is about the field and has any.
    pub(super) fn of(text: &str) -> Option<Self> {
        let read = Read::new(text);
        if !has(&read.words, &FIELD) {
            return None;
        }
        let segments = segments(&read);
        let reports = has(&read.words, &REPORTS);
        (!segments.is_empty()).then_some(Self { read, segments, reports })
    }

    /// The first statement of `family`.
    pub(super) fn find(&self, family: &Family) -> Option<&str> {
        let is_beside = family.beside.is_empty() || has(&self.read.words, &family.beside);
        if (family.is_fact && !self.reports) || !is_beside {
            return None;
        }
        let fits = |segment: &&Segment| {
            (family.is_report || !segment.is_of_person)
                && family.says.iter().all(|group| has(&segment.words, group))
                && !has(&segment.words, &family.unless)
        };
        let segment = self.segments.iter().find(fits)?;
        // A later success cancels it.
        (!ends_well(&self.read, segment)).then_some(segment.text.as_str())
    }
}

/// A text, in its own characters and in plain words.
struct Read {
    /// With single spaces, without escapes.
    text: String,
    line_ends: Vec<usize>,
    /// All words.
    words: String,
}

impl Read {
    fn new(text: &str) -> Self {
        let mut end = text.len().min(TEXT_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let (text, line_ends) = plain(&with_paragraphs(&text[..end]));
        let words = plain_words(&text);
        Self { text, line_ends, words }
    }
}

/// A statement, or a part of one that is quoted or follows a colon.
struct Segment {
    text: String,
    /// Where its sentence begins, in bytes of the whole text.
    start: usize,
    words: String,
    /// Whether a person tells it.
    is_of_person: bool,
}

/// The statements of `read` in which something fails, without those of a person who asks or explains.
fn segments(read: &Read) -> Vec<Segment> {
    let mut all = Vec::new();
    let mut start = 0;
    for end in boundaries(read) {
        let sentence = read.text.get(start..end).unwrap_or_default();
        let from = std::mem::replace(&mut start, end);
        if is_frame(sentence) {
            continue;
        }
        if SEGMENTS_MAX <= all.len() {
            break;
        }
        for part in parts(sentence) {
            let part = part.trim();
            if part.len() < 6 || SEGMENT_MAX < part.len() || part.ends_with('?') {
                continue;
            }
            let words = plain_words(part);
            if has(&words, &FAILING) && !has(&words, &QUESTIONS) {
                let is_of_person = has(&words, &TELLERS);
                all.push(Segment { text: part.to_owned(), start: from, words, is_of_person });
            }
        }
    }
    all
}

/// Whether a success follows in `read` from the sentence of `segment` on: a log whose later attempt worked.
fn ends_well(read: &Read, segment: &Segment) -> bool {
    const WELL: [&str; 7] = [
        "acquired a token",
        "acquired the token",
        "authenticated with",
        "succeeded",
        "successfully acquired",
        "successfully signed in",
        "login successful",
    ];
    has(&plain_words(read.text.get(segment.start..).unwrap_or_default()), &WELL)
}

/// Whether `line` is a frame of a stack trace.
fn is_frame(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("File \"") || line.starts_with("at ") && line.contains('(')
}

/// `text` with a mark for each empty line, also for those inside of a margin.
fn with_paragraphs(text: &str) -> String {
    let is_empty =
        |line: &str| line.chars().all(|c| c.is_whitespace() || ['|', '│', '>'].contains(&c));
    let lines = text.lines().map(|line| if is_empty(line) { PARAGRAPH } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

/// Where the sentences of `read` end, in bytes.
fn boundaries(read: &Read) -> Vec<usize> {
    let text = &read.text;
    let mut ends = Vec::new();
    let mut line_ends = read.line_ends.iter().copied().peekable();
    let mut line_start = 0;
    for (at, c) in text.char_indices() {
        if !c.is_whitespace() {
            continue;
        }
        while line_ends.next_if(|end| *end < at).is_some() {}
        let (before, after) = (&text[..at], &text[at + c.len_utf8()..]);
        let is_line_end = line_ends.peek() == Some(&at);
        let ends_sentence = before.ends_with(['.', '!', '?', ';'])
            && after.starts_with(|next: char| !next.is_lowercase());
        let is_wrapped = is_line_end && {
            let line = &text[line_start..at];
            line_start = at + c.len_utf8();
            let open = !line.ends_with(['.', '!', '?', ':', ';', '{', '}', '>', '`']);
            let first = after.chars().next().unwrap_or(' ');
            open && ((WRAPPED_MIN / 2 < line.len() && first.is_lowercase())
                || (WRAPPED_MIN < line.len() && first.is_alphabetic()))
        };
        if ends_sentence || (is_line_end && !is_wrapped) {
            ends.push(at + c.len_utf8());
        }
    }
    ends.push(text.len());
    ends
}

/// `sentence`, and its parts that are quoted or follow a colon, of which a program may be the author alone.
fn parts(sentence: &str) -> Vec<&str> {
    let mut parts = vec![sentence];
    for (at, _) in sentence.match_indices(": ") {
        parts.push(&sentence[at + 2..]);
    }
    // `{ErrorDescriptionKey=the broker did not answer, …}`
    for (at, _) in sentence.match_indices('=') {
        let value = &sentence[at + 1..];
        if sentence[..at].ends_with(char::is_alphanumeric) && value.starts_with(char::is_alphabetic)
        {
            parts.push(value.split([',', '}', ';', '&']).next().unwrap_or(value));
        }
    }
    for quote in ['"', '\'', '`', '“'] {
        let close = if quote == '“' { '”' } else { quote };
        let mut rest = sentence;
        while let Some((before, after)) = rest.split_once(quote) {
            // An apostrophe stands inside a word.
            let opens = !before.ends_with(char::is_alphanumeric);
            match after.split_once(close) {
                Some((inner, next)) if opens => {
                    parts.push(inner);
                    rest = next;
                }
                _ => rest = after,
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_people_are_left_out_and_what_they_quote_is_kept() {
        let texts = |text: &str| -> Vec<String> {
            let all = segments(&Read::new(text)).into_iter();
            all.filter(|segment| !segment.is_of_person).map(|segment| segment.text).collect()
        };
        assert_eq!(texts("How do I fix a wrong state?"), Vec::<String>::new());
        assert_eq!(texts("If the token is invalid, sign in."), Vec::<String>::new());
        assert_eq!(texts("I get \"the state is invalid\" today."), ["the state is invalid"]);
        assert_eq!(texts("All is well. The state was not found."), ["The state was not found."]);
        assert_eq!(
            texts("this server says that the permission of the caller is\nnot sufficient for that"),
            ["this server says that the permission of the caller is not sufficient for that"]
        );
    }
}
