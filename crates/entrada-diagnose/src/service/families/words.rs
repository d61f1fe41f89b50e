//! A text as statements of plain words: names in code are words too, so that `refresh_token`, `refreshToken` and "refresh token"
//! are the same.

use crate::service::known_errors::plain;

/// Maximum number of bytes that are read.
const TEXT_MAX: usize = 48 << 10;

/// Maximum number of statements that are read.
const SEGMENTS_MAX: usize = 600;

/// Names that are written as two words, or with capitals inside, and what stands for them.
const NAMES: [(&str, &str); 7] = [
    (" o auth ", " oauth "),
    (" o auth2 ", " oauth2 "),
    (" open id ", " openid "),
    (" one drive ", " onedrive "),
    (" share point ", " sharepoint "),
    (" power shell ", " powershell "),
    (" pn p ", " pnp "),
];

/// Stands for an empty line.
const PARAGRAPH: &str = "¶";

/// Length in bytes of the longest statement: a longer one is data.
const SEGMENT_MAX: usize = 700;

/// Minimum length in bytes of a line that was wrapped in a sentence.
const WRAPPED_MIN: usize = 60;

/// Words of a statement about something that failed or is not as it has to be.
const FAILING: [&str; 110] = [
    "401",
    "403",
    "abort*",
    "already",
    "bad",
    "before its time",
    "block*",
    "broken",
    "cancel*",
    "canceled",
    "cannot",
    "cant",
    "challenge",
    "closed",
    "conflict*",
    "contract violation",
    "corrupt*",
    "could not",
    "couldnt",
    "deactivated",
    "declin*",
    "deleted",
    "denied",
    "deny",
    "deprecat*",
    "did not",
    "didnt",
    "differ*",
    "disabled",
    "dismissed",
    "do not",
    "does not",
    "doesnt",
    "dont",
    "eai again",
    "econn*",
    "empty",
    "enotfound",
    "error*",
    "etimedout",
    "exceed*",
    "exception",
    "expected",
    "expire*",
    "fail*",
    "fatal",
    "forbidden",
    "getaddrinfo*",
    "hang up",
    "has not",
    "have not",
    "illegal",
    "in the future",
    "inactive",
    "incorrect",
    "insufficient",
    "invalid",
    "is not",
    "isnt",
    "key error",
    "lack*",
    "locked",
    "login error",
    "loop",
    "lost",
    "malformed",
    "mismatch*",
    "missing",
    "must",
    "need*",
    "never",
    "no",
    "none",
    "not",
    "null",
    "only",
    "outdated",
    "please",
    "prevent*",
    "redeemed",
    "refus*",
    "reject*",
    "requir*",
    "reset",
    "restrict*",
    "revoked",
    "stale",
    "suspended",
    "tampered",
    "throttl*",
    "timed out",
    "timeout",
    "too many",
    "turned off",
    "unable",
    "unauthor*",
    "undefined",
    "unexpected",
    "unknown",
    "unreachable",
    "unrecogni*",
    "unset",
    "unsuccessful",
    "unsupported",
    "unverified",
    "used before",
    "violation",
    "was not",
    "without",
    "wrong",
];

/// Words of a text that reports a failure, and does not only explain something.
const REPORTS: [&str; 39] = [
    "401",
    "403",
    "aadsts*",
    "abort*",
    "access denied",
    "bad request",
    "been blocked",
    "cannot",
    "consent required",
    "could not",
    "denied",
    "does not have a",
    "eror",
    "err",
    "error*",
    "exception",
    "fail*",
    "fatal",
    "fehler",
    "forbidden",
    "http error",
    "insufficient",
    "invalid",
    "key error",
    "mismatch",
    "not allowed",
    "not authorized",
    "not granted",
    "refused",
    "rejected",
    "stacktrace",
    "traceback",
    "unable",
    "unauthorized",
    "unexpected",
    "warn",
    "warning",
    "we couldnt",
    "wrong",
];

/// Words of a person who asks, explains or supposes.
const SPEECH: [&str; 33] = [
    "anyone",
    "assume",
    "can i",
    "can we",
    "ensure",
    "for example",
    "guess",
    "how",
    "i",
    "id like",
    "if",
    "ill",
    "im",
    "ive",
    "learn",
    "make sure",
    "maybe i",
    "my",
    "our",
    "suppose",
    "thanks",
    "think",
    "this guide",
    "tutorial",
    "unless",
    "we",
    "weve",
    "what",
    "whenever",
    "whether",
    "why",
    "wonder*",
    "would",
];

/// A text, in its own characters and in plain words.
pub(super) struct Read {
    /// With single spaces, without escapes.
    text: String,
    line_ends: Vec<usize>,
    /// All words.
    pub(super) words: String,
}

impl Read {
    pub(super) fn new(text: &str) -> Self {
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
pub(super) struct Segment {
    text: String,
    /// Where its sentence begins, in bytes of the whole text.
    start: usize,
    pub(super) words: String,
}

impl Segment {
    /// The statement, as evidence.
    pub(super) fn shown(&self) -> String {
        crate::excerpt::statement(&self.text, 0)
    }
}

/// Whether `words` have one of `wanted`: a `*` at its end stands for the rest of a word.
pub(super) fn has(words: &str, wanted: &[&str]) -> bool {
    wanted.iter().any(|wanted| {
        let (bare, is_start) = match wanted.strip_suffix('*') {
            Some(bare) => (bare, true),
            None => (*wanted, false),
        };
        words.match_indices(bare).any(|(at, _)| {
            let starts = words[..at].ends_with(' ');
            starts && (is_start || words[at + bare.len()..].starts_with(' '))
        })
    })
}

/// Whether `words` report that something failed.
pub(super) fn states_a_failure(words: &str) -> bool {
    has(words, &REPORTS)
}

/// The statements of `read` in which something fails, without those of a person who asks or explains.
pub(super) fn segments(read: &Read) -> Vec<Segment> {
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
            if has(&words, &FAILING) && !has(&words, &SPEECH) {
                all.push(Segment { text: part.to_owned(), start: from, words });
            }
        }
    }
    all
}

/// Whether a success follows in `read` from the sentence of `segment` on: a log whose later attempt worked.
pub(super) fn ends_well(read: &Read, segment: &Segment) -> bool {
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

/// `text` as words in lower case, each with a blank before and after: marks are blanks, names in code are several words, and an
/// apostrophe is left out.
pub(super) fn plain_words(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 16);
    words.push(' ');
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' && before.is_alphanumeric() && chars.peek().is_some_and(|c| c.is_alphabetic())
        {
            continue;
        }
        if c.is_alphanumeric() {
            // `refreshToken`, `IDToken`.
            let starts_word = c.is_uppercase()
                && (before.is_lowercase()
                    || (before.is_uppercase() && chars.peek().is_some_and(|c| c.is_lowercase())));
            if starts_word && !words.ends_with(' ') {
                words.push(' ');
            }
            words.extend(c.to_lowercase());
        } else if !words.ends_with(' ') {
            words.push(' ');
        }
        before = c;
    }
    if !words.ends_with(' ') {
        words.push(' ');
    }
    for (written, name) in NAMES {
        if words.contains(written) {
            words = words.replace(written, name);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_code_are_words() {
        for (text, words) in [
            ("refresh_token", " refresh token "),
            ("refreshToken: null", " refresh token null "),
            ("OpenIdConnectException", " openid connect exception "),
            ("the server doesn't know", " the server doesnt know "),
            ("IDToken", " id token "),
            ("AADSTS50011", " aadsts50011 "),
            ("", " "),
        ] {
            assert_eq!(plain_words(text), words, "{text}");
        }
    }

    #[test]
    fn a_word_is_found_as_a_whole_or_by_its_start() {
        let words = plain_words("The states of mailboxes");
        assert!(has(&words, &["mailbox*"]) && has(&words, &["states"]));
        assert!(!has(&words, &["mailbox"]) && !has(&words, &["state"]));
    }

    #[test]
    fn statements_of_people_are_left_out_and_what_they_quote_is_kept() {
        let texts = |text: &str| -> Vec<String> {
            segments(&Read::new(text)).into_iter().map(|segment| segment.text).collect()
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
