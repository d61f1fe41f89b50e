//! Lines that name an error and report none: tests that passed, source code, searches, a number that is denied, an error of the past,
//! a renewal that a log goes on to tell the end of.

use std::ops::Range;

/// How numbers of Entra begin, in lower case.
const NUMBER: &str = "aadsts";

/// Beginnings and ends of a line of a test runner about a test that passed or is about to run.
const PASSED: [(&str, &str); 9] = [
    ("test ", " ... ok"),
    ("test ", " ... ignored"),
    ("=== run ", ""),
    ("=== pause ", ""),
    ("=== cont ", ""),
    ("--- pass: ", ""),
    ("--- skip: ", ""),
    ("✓ ", ""),
    ("✔ ", ""),
];

/// Beginnings of a line of source code, in lower case.
const CODE: [&str; 15] = [
    "if ",
    "if(",
    "elif ",
    "else if ",
    "} else if ",
    "case ",
    "when ",
    "const ",
    "static ",
    "val ",
    "private ",
    "public ",
    "final ",
    "assert ",
    "#define ",
];

/// Words before a number that deny it, in lower case.
const DENIED: [&str; 8] =
    ["is not ", "isn't ", "was not ", "wasn't ", "rather than ", "instead of ", "not an ", "no "];

/// Words that say that an error is over, in lower case, and their subjects.
const OVER: [&str; 7] = [
    "works fine now",
    "works now",
    "works again",
    "is fine now",
    "is resolved",
    "is fixed now",
    "is solved now",
];
const SUBJECTS: [&str; 6] = ["all ", "everything ", "it ", "that ", "this ", "sign-in "];

/// Words of a sentence that makes a condition, in lower case.
const CONDITIONS: [&str; 7] = [" if ", " once ", " unless ", " until ", " when ", "n't ", " not "];

/// Words of a program that renews an expired token, in lower case.
const RENEWS: [&str; 5] =
    ["refreshing", "renewing", "requesting a new", "getting a new", "acquiring a new"];

/// Words of a renewal that succeeded, in lower case.
const RENEWED: [&str; 6] = [
    "token refreshed",
    "refreshed token",
    "token renewed",
    "renewed the token",
    "refreshed the token",
    " 200",
];

/// Words of any failure, in lower case.
const FAILURES: [&str; 10] = [
    "aadsts",
    "denied",
    "error",
    "fail",
    "forbidden",
    "invalid",
    "refused",
    "revoked",
    "unauthorized",
    " 401",
];

/// `text` with blanks in the place of what reports no error, so that positions stay.
pub(super) fn blanked(text: String) -> String {
    let parts = parts(&text);
    let mut bytes = text.into_bytes();
    for part in parts {
        for byte in bytes[part].iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
    }
    // The parts end between characters.
    String::from_utf8(bytes).unwrap_or_default()
}

/// Whether a part of `text` names an error and reports none.
pub(super) fn is_in(text: &str) -> bool {
    !parts(text).is_empty()
}

fn parts(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut parts = Vec::new();
    let renews = is_renewed(&lower);
    let over = end_of_past(&lower);
    let mut start = 0;
    for line in lower.split_inclusive('\n') {
        let range = start..start + line.len();
        start = range.end;
        let trimmed = line.trim();
        if is_of_passed_test(trimmed)
            || (line.contains(NUMBER) && (is_code(trimmed) || is_search(trimmed)))
            || (renews && line.contains("expired"))
        {
            parts.push(range);
        } else if line.contains(NUMBER) {
            parts.extend(sentences_without_report(line, range.start, over));
        }
    }
    parts
}

fn is_of_passed_test(line: &str) -> bool {
    PASSED.iter().any(|(start, end)| line.starts_with(start) && line.ends_with(end))
        || (line.contains(".py::") && line.contains(" passed"))
}

/// Whether `line` compares with a number, names it as a constant, or has it as the key of a table.
fn is_code(line: &str) -> bool {
    let quoted = line.match_indices(NUMBER).any(|(at, _)| {
        let digits = number_end(line, at);
        let quote = line[..at].chars().next_back().filter(|c| ['"', '\'', '`'].contains(c));
        let Some(after) = quote.and_then(|quote| line[digits..].strip_prefix(quote)) else {
            return false;
        };
        let after = after.trim_start();
        let is_key = after.starts_with("=>")
            || (after.starts_with(':') && after[1..].trim_start().starts_with(['"', '\'']));
        // A sentence can begin with one of these words too.
        let ends = line.ends_with([':', '{', ';', ')']) || line.contains(" = ");
        is_key || (ends && CODE.iter().any(|start| line.starts_with(start)))
    });
    quoted && line.len() < 300
}

/// Whether `line` is a search for a number, or says that there was no hit.
fn is_search(line: &str) -> bool {
    let command = line.trim_start_matches(['$', '#', '%', '>', ' ']);
    command.starts_with("grep -")
        || [" 0 matches", " no matches", " 0 hits"].iter().any(|none| line.ends_with(none))
}

/// The end of the number that begins at `at`.
fn number_end(line: &str, at: usize) -> usize {
    let digits = at + NUMBER.len();
    digits + line[digits..].bytes().take_while(u8::is_ascii_digit).count()
}

/// The sentences of `line` in which a number is denied or over.
fn sentences_without_report(line: &str, offset: usize, over: Option<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for sentence in line.split_inclusive(". ") {
        let range = offset + start..offset + start + sentence.len();
        start += sentence.len();
        let mut numbers = sentence.match_indices(NUMBER).peekable();
        if numbers.peek().is_none() {
            continue;
        }
        let is_over = over.is_some_and(|end| range.start < end);
        let is_denied =
            numbers.all(|(at, _)| DENIED.iter().any(|word| sentence[..at].ends_with(word)));
        if is_over || is_denied {
            found.push(range);
        }
    }
    found
}

/// Where a text in words says that its errors are over; `None` if another one follows.
fn end_of_past(lower: &str) -> Option<usize> {
    let at = OVER.iter().filter_map(|words| lower.rfind(words)).max()?;
    let sentence = lower[..at].rsplit(['.', ';', '\n']).next().unwrap_or_default();
    let is_said = SUBJECTS.iter().any(|subject| sentence.ends_with(subject))
        && !CONDITIONS.iter().any(|word| sentence.contains(word));
    let is_asked =
        ["?", "but now", "again we", " still "].iter().any(|words| lower.contains(words));
    let is_last = lower.rfind(NUMBER).is_some_and(|number| number < at);
    (is_said && is_last && !is_asked).then_some(at)
}

/// Whether a log tells of an expired token, its renewal and the success of that, and of no failure.
fn is_renewed(lower: &str) -> bool {
    let Some(expired) = lower.find("expired") else { return false };
    let after = &lower[expired..];
    let renews = RENEWS.iter().filter_map(|words| after.find(words)).min();
    renews.is_some_and(|at| RENEWED.iter().any(|words| after[at..].contains(words)))
        && !FAILURES.iter().any(|words| lower.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reports_no_error_is_blank() {
        for text in [
            "test oauth::test_expired_token ... ok",
            "--- PASS: TestTokenExpired (0.00s)",
            "tests/test_a.py::test_AADSTS70043 PASSED",
            "if 'AADSTS700082' in message:",
            "'AADSTS50076': 'mfa required',",
            "private const string Mfa = \"AADSTS50079\";",
            "This is not AADSTS50076.",
            "grep: AADSTS700016: 0 matches",
            "Earlier we got AADSTS65001, but everything works fine now.",
        ] {
            let blank = blanked(text.to_owned());
            assert_eq!(blank.len(), text.len());
            assert!(!blank.contains("AADSTS") && !blank.contains("xpired"), "{blank}");
        }
        let log = "token expired, refreshing\ntoken refreshed\n";
        assert_eq!(blanked(log.to_owned()).trim(), "token refreshed");
    }

    #[test]
    fn a_refusal_stays() {
        for text in [
            "test live ... FAILED: AADSTS7000215: Invalid client secret",
            "if that fails: AADSTS65001: no consent",
            "{\"code\": \"AADSTS50076\", \"message\": \"x\"}",
            "token expired, refreshing\nAADSTS700082: expired",
            "It worked, now AADSTS7000222: expired",
            "The sign-in works now and then, mostly AADSTS50076",
            "We get AADSTS50011 until it is resolved",
            "AADSTS65001 for one user, and another one works fine now",
            "AADSTS65001 for one user. It works fine now for others, but this one still has it.",
            "search: 0 matches; sign-in: AADSTS50076: use multi-factor authentication",
            "If I see \"AADSTS50076\" what does it mean",
        ] {
            assert_eq!(blanked(text.to_owned()), text);
        }
        let both = "This is not AADSTS50076. The log says AADSTS65001: no consent.";
        assert_eq!(blanked(both.to_owned()).trim(), "The log says AADSTS65001: no consent.");
    }
}
