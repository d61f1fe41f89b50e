//! The part of a text that decides, for the evidence of a finding: whole sentences, without the text around them.

/// Maximum number of bytes before the decisive place that are shown.
const BEFORE_MAX: usize = 120;

/// Maximum number of bytes that are shown.
const LENGTH_MAX: usize = 297;

/// Minimum length in bytes of a line that a terminal or a mail program wrapped.
const WRAPPED_MIN: usize = 50;

/// Labels of the ids after an authority's sentence.
const IDS: [&str; 3] = ["Trace ID:", "Correlation ID:", "Timestamp:"];

/// First words of a sentence in which a person speaks about an error, in lower case.
const SPEECH: [&str; 19] = [
    "any", "anyone", "but", "can", "could", "does", "help", "how", "i", "i'm", "i've", "is", "my",
    "our", "so", "thanks", "we", "what", "why",
];

/// What `text` says at `at`, a position in bytes: from the beginning of its sentence to the end of the statement, on one line.
pub(super) fn statement(text: &str, at: usize) -> String {
    let at = boundary_before(text, at);
    // What is further away is never shown.
    let text = &text[..boundary_before(text, at + 4 * LENGTH_MAX)];
    let (start, is_cut) = start(text, at);
    let end = end(text, start, at);
    let mut shown = if is_cut { "… ".to_owned() } else { String::new() };
    for word in text[start..end].split_whitespace() {
        if LENGTH_MAX < shown.len() + word.len() && !shown.is_empty() {
            shown.truncate(shown.trim_end().len());
            shown.push('…');
            return shown;
        }
        shown.push_str(word);
        shown.push(' ');
    }
    shown.truncate(shown.trim_end().len());
    shown
}

/// The last boundary of a character in `text` that is not behind `at`.
fn boundary_before(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Where the sentence at `at` begins, and whether it begins before the part that is shown.
fn start(text: &str, at: usize) -> (usize, bool) {
    if is_code(&text[at..]) {
        return (at, false);
    }
    let from = boundary_before(text, at.saturating_sub(BEFORE_MAX));
    let before = &text[from..at];
    let mut word = None;
    for (place, c) in before.char_indices().rev() {
        let after = from + place + c.len_utf8();
        let is_boundary = match c {
            '\n' => !is_wrapped(&text[..after], &text[after..]),
            c if c.is_whitespace() => ends_sentence(&before[..place]),
            _ => false,
        };
        if is_boundary {
            return (after, false);
        }
        if c.is_whitespace() {
            word = Some(after);
        }
    }
    if from == 0 { (0, false) } else { (word.unwrap_or(at), true) }
}

/// Whether `text` begins with a number of an authority or a service: `AADSTS50076`, `IDX10214:`.
fn is_code(text: &str) -> bool {
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = text[letters..].bytes().take_while(u8::is_ascii_digit).count();
    2 <= letters && 3 <= digits
}

/// Where the statement that begins at `start` and includes `at` ends.
fn end(text: &str, start: usize, at: usize) -> usize {
    let quote = text[..start].chars().next_back().filter(|c| ['"', '\'', '`'].contains(c));
    let mut last = None;
    for (place, c) in text[at..].char_indices() {
        let place = at + place;
        let (said, rest) = (&text[start..place], &text[place + c.len_utf8()..]);
        // What is longer is cut anyway.
        if 2 * LENGTH_MAX < said.len() {
            return place;
        }
        let ends = match c {
            '\n' => {
                ends_sentence(said)
                    || (rest.starts_with(|c: char| c.is_ascii_uppercase()) && is_speech(rest))
                    || rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
                    || !is_wrapped(&text[..=place], rest)
            }
            c if c.is_whitespace() => {
                let is_id = IDS.iter().any(|label| starts_with(rest.trim_start(), label));
                is_id || (ends_sentence(said) && is_speech(rest))
            }
            c if Some(c) == quote => {
                !said.ends_with('\\')
                    && rest.trim_start().chars().next().is_none_or(|next| ",;}])".contains(next))
            }
            _ => false,
        };
        if ends {
            return place;
        }
        last = Some(place + c.len_utf8());
    }
    last.unwrap_or(text.len())
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start))
}

fn ends_sentence(text: &str) -> bool {
    let text = text.trim_end().trim_end_matches(['"', '\'', ')']);
    text.ends_with(['.', '!', '?'])
        // `e.g. this`, `No. 5`.
        && text.bytes().rev().skip(1).take_while(|byte| !byte.is_ascii_whitespace()).count() >= 3
}

/// Whether a person speaks in the sentence at the start of `text`.
fn is_speech(text: &str) -> bool {
    let mut words =
        text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is = |word: &str, all: &[&str]| {
        let word = word.trim_end_matches(['?', '!', '.', ':']);
        word.len() <= 9 && all.contains(&word.replace('’', "'").to_ascii_lowercase().as_str())
    };
    // The authority says "Please contact your administrator".
    is(first, &SPEECH)
        || (is(first, &["please"]) && is(second, &["advise", "anyone", "help", "let", "tell"]))
}

/// Whether the line break between `before` and `after` is one that a terminal or a mail program put into a sentence.
fn is_wrapped(before: &str, after: &str) -> bool {
    let window = boundary_before(before, before.len().saturating_sub(2 * LENGTH_MAX));
    let line = before[window..].trim_end_matches(['\n', '\r']);
    let line = line.rsplit('\n').next().unwrap_or_default().trim();
    let next = after.trim_start_matches([' ', '\t']);
    let first = next.split_whitespace().next().unwrap_or_default();
    let is_open = !line.is_empty() && !line.ends_with(['.', '!', '?', ':', '}', '{', ';', '`']);
    let continues = first.starts_with(|c: char| c.is_alphanumeric() || "'\"(".contains(c))
        && !first.ends_with(':')
        && !["at", "File", "Traceback"].contains(&first)
        && !is_code(first);
    let is_lower = first.starts_with(|c: char| c.is_lowercase());
    is_open && continues && !next.starts_with('\n') && (WRAPPED_MIN <= line.len() || is_lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, word: &str) -> String {
        statement(text, text.find(word).unwrap())
    }

    #[test]
    fn a_number_begins_its_statement_and_prose_around_it_is_left_out() {
        for (text, shown) in [
            (
                "Hello all, the job stopped and I see: acquire_token failed AADSTS50173: The grant was revoked. Please help me.",
                "AADSTS50173: The grant was revoked.",
            ),
            (
                "log: 'AADSTS50173: The user's grant was revoked', then it ended",
                "AADSTS50173: The user's grant was revoked",
            ),
            ("x AADSTS50173: Revoked. Trace ID: 1 Correlation ID: 2", "AADSTS50173: Revoked."),
            ("x AADSTS50173: Revoked.\nWe use version 3.", "AADSTS50173: Revoked."),
            (
                "x AADSTS50173: Blocked by policies. The policy names no device. I tried it twice.",
                "AADSTS50173: Blocked by policies. The policy names no device.",
            ),
        ] {
            assert_eq!(at(text, "AADSTS"), shown, "{text}");
        }
    }

    #[test]
    fn a_statement_goes_on_where_its_line_was_wrapped() {
        let text = "ERROR acquire_token failed AADSTS700082: The refresh token has expired due to\n  inactivity. The token was\nissued in May.\nVersion: 3";
        assert_eq!(
            at(text, "AADSTS"),
            "AADSTS700082: The refresh token has expired due to inactivity. The token was issued in May."
        );
        let prose =
            "All is set up.\nThe server says that the refresh token\nhas expired today. Why?";
        assert_eq!(
            at(prose, "refresh token"),
            "The server says that the refresh token has expired today."
        );
    }

    #[test]
    fn no_word_is_cut() {
        let text = format!("{}the refresh token has expired", "wörter ".repeat(90));
        let shown = at(&text, "refresh");
        assert!(shown.starts_with("… wörter wörter "), "{shown}");
        assert!(shown.ends_with("refresh token has expired"), "{shown}");
        let shown = statement(&"wörter ".repeat(90), 0);
        assert!(shown.ends_with("wörter…") && shown.len() < 300, "{shown}");
    }

    #[test]
    fn a_long_line_without_a_blank_is_shown_at_its_decisive_place() {
        let text = format!("{}AADSTS50173{}", "ä".repeat(400), "ß".repeat(400));
        assert!(at(&text, "AADSTS").starts_with("AADSTS50173ß"));
        assert_eq!(statement("", 0), "");
        assert_eq!(statement("äö", 99), "äö");
    }
}
