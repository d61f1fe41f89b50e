//! Refusals without JSON: pasted from browser pages, logs and exceptions.

use serde_json::{Map, Value};

use super::{ERRORS, limits};
use crate::{RuleId, b2c, sentences};
use entrada_core::oauth::{ErrorResponse, is_refusal};

/// The refusal in `text`: from an AADSTS number, the bare number on a page, an OAuth error code, or the text of the page.
pub(super) fn refusal(text: &str) -> Option<ErrorResponse> {
    let text = limits::start_of(text);
    let with_number = aadsts(text).or_else(|| b2c(text)).or_else(|| by_number_of_a_page(text));
    with_number.or_else(|| by_word(text)).or_else(|| {
        // A page without a number or error code, for example "Need admin approval".
        let cause = sentences::cause(text, false)?;
        // "too many requests" is ordinary language: a status or the beginning of a line says that a server wrote it.
        let is_servers = cause != RuleId::Throttled || starts_a_line(text, "too many requests");
        is_servers.then(|| described("", text))
    })
}

/// Whether a line of `text` begins with `words`, which are in lower case.
fn starts_a_line(text: &str, words: &str) -> bool {
    let starts =
        |line: &str| line.get(..words.len()).is_some_and(|start| start.eq_ignore_ascii_case(words));
    text.lines().any(|line| starts(line.trim_start()))
}

/// The same, but only from an AADSTS number or an OAuth error code, which only an authority sends.
pub(super) fn named(text: &str) -> Option<ErrorResponse> {
    let text = limits::start_of(text);
    aadsts(text).or_else(|| b2c(text)).or_else(|| by_word(text))
}

/// A text that names an error of Azure AD B2C.
fn b2c(text: &str) -> Option<ErrorResponse> {
    b2c::number_in(text)?;
    Some(described(word_in(text).unwrap_or_default(), text))
}

/// A text that names an AADSTS number, or is one.
pub(super) fn aadsts(text: &str) -> Option<ErrorResponse> {
    let short = text.trim();
    if short.len() <= 13 {
        let number = short.to_ascii_uppercase();
        let number = number.strip_prefix("AADSTS").unwrap_or(&number).trim();
        if (5..=7).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(described("", &format!("AADSTS{number}")));
        }
    }
    let numbers = || text.match_indices("AADSTS").map(|(at, _)| at).take(NUMBERS_MAX);
    if lists_subjects(text) {
        return None;
    }
    let at = numbers().find(|at| !is_in_subject(&text[..*at]))?;
    if !text[at + 6..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    // What stands in a subject is no part of the refusal.
    let text = if numbers().next() == Some(at) { text } else { &text[start_of_line(text, at)..] };
    // A log may contain the whole answer.
    let json = text.find('{').zip(text.rfind('}')).and_then(|(from, to)| text.get(from..=to));
    let members = json.and_then(|json| serde_json::from_str::<Map<String, Value>>(json).ok());
    if let Some(members) = members.filter(is_refusal) {
        return Some(ErrorResponse::from_json(&members));
    }
    Some(described(word_in(text).unwrap_or_default(), text))
}

/// Maximum number of numbers in a text that are looked at.
const NUMBERS_MAX: usize = 64;

/// Bytes before a number in which the mark of a subject is looked for.
const BEFORE_MAX: usize = 500;

/// Names of the subject of a mail, in the header (RFC 5322 §3.6.5), in quoted mails and in what services list, in lower case.
const SUBJECTS: [&str; 10] = [
    "subject",
    "asunto",
    "assunto",
    "betreff",
    "objet",
    "oggetto",
    "onderwerp",
    "temat",
    "ämne",
    "件名",
];

/// Beginnings of the subject of an answer, which also stand in lists of messages, in lower case.
const ANSWERS: [&str; 8] = ["re: ", "fw: ", "fwd: ", "aw: ", "wg: ", "sv: ", "antw: ", "rif: "];

/// Whether what follows `before` stands in the subject of a mail: in that header, in a member or an element of that name, or behind
/// `Re: `.
fn is_in_subject(before: &str) -> bool {
    let mut start =
        start_of_line(before, before.len()).max(before.len().saturating_sub(BEFORE_MAX));
    while !before.is_char_boundary(start) {
        start += 1;
    }
    let line = before[start..].to_lowercase();
    let header = line.trim_start_matches(['>', ' ', '\t', '*']);
    let is_header = SUBJECTS.iter().any(|name| {
        header.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(':'))
    });
    let name = line.trim_end_matches(['"', '\'', '>', ':', '=', ' ', '\\']);
    let begins = |at: usize| {
        at == 0 || line[..at].ends_with([' ', '"', '\'', ',', ';', '\t', '|', '>', '['])
    };
    is_header
        || (name.len() < line.len() && name.ends_with(SUBJECTS[0]))
        || ANSWERS.iter().any(|mark| line.rfind(mark).is_some_and(begins))
}

/// Whether `text` is a table of messages as CSV: its heading has a column for the subject.
fn lists_subjects(text: &str) -> bool {
    let (heading, rest) = text.trim_start().split_once('\n').unwrap_or_default();
    let separator = [',', ';', '\t'].into_iter().find(|mark| heading.contains(*mark));
    separator.is_some_and(|separator| {
        let mut names =
            heading.split(separator).map(|name| name.trim().trim_matches('"').to_lowercase());
        rest.contains(separator) && names.any(|name| SUBJECTS.contains(&name.as_str()))
    })
}

/// Where the line of `at` begins in `text`.
fn start_of_line(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// `ERROR: (AuthorizationFailed) The client …`, an API's error as the Azure CLI prints it, converted back to the API's JSON.
pub(super) fn api_error(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let said = line.trim_start().trim_start_matches("ERROR: ");
        let (code, message) = said.strip_prefix('(')?.split_once(") ")?;
        let named = code.starts_with(|first: char| first.is_ascii_uppercase())
            && 5 < code.len()
            && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        named.then(|| {
            serde_json::json!({"error": {"code": code, "message": message.trim()}}).to_string()
        })
    })
}

/// What stands before a number of Entra without `AADSTS`, in lower case: on its pages, in the portal, in a piece of its JSON, and in
/// the address of its error page.
const BEFORE_NUMBERS: [&str; 5] = [
    "error code:",
    "sign-in error code",
    "\"error_codes\":",
    "error_codes:",
    "microsoftonline.com/error?code=",
];

/// `Error Code: 53003`, as Entra's pages have it under "Troubleshooting details".
fn by_number_of_a_page(text: &str) -> Option<ErrorResponse> {
    let lower = text.to_ascii_lowercase();
    BEFORE_NUMBERS
        .iter()
        .find_map(|before| {
            let rest = text[lower.find(before)? + before.len()..]
                .trim_start_matches([' ', '\n', '\t', '[']);
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            (5..=7).contains(&digits).then(|| {
                let mut refusal = described("", text);
                refusal.error_codes = rest[..digits].parse().into_iter().collect();
                refusal
            })
        })
        .filter(|refusal| !is_of_office(&lower, &refusal.error_codes))
}

/// Whether the numbers are those of Office's `getAccessToken` (13000 to 13013), which are none of Entra's.
fn is_of_office(lower: &str, numbers: &[u64]) -> bool {
    numbers.iter().all(|number| (13_000..=13_013).contains(number))
        && ["getaccesstoken", "office"].iter().any(|word| lower.contains(word))
}

/// `temporarily_unavailable: 50033 - [2027-01-15 07:36:10Z]: …`, as MSAL.js and others write their errors.
fn by_word(text: &str) -> Option<ErrorResponse> {
    let word = word_in(text)?;
    let mut refusal = described(word, text);
    let (_, rest) = text.split_once(word)?;
    let rest = rest.trim_start_matches([':', ' ', '"', ',']);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if (5..=7).contains(&digits) {
        refusal.error_codes = rest[..digits].parse().into_iter().collect();
    }
    Some(refusal)
}

/// Error codes that other programs use as well, and people in sentences. They count where a program wrote them: at the beginning
/// of a line or value, in quotes or brackets, or before a colon.
const GENERAL: [&str; 5] =
    ["access_denied", "invalid_request", "server_error", "slow_down", "temporarily_unavailable"];

/// The first OAuth error code that occurs as a separate word in `text`.
fn word_in(text: &str) -> Option<&'static str> {
    let part_of_a_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let alone = |word: &&&str| {
        text.match_indices(**word).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + word.len()..]);
            !before.ends_with(part_of_a_word)
                // `x-ms-diagnostics` of Exchange has categories of the same names.
                && !before.trim_end_matches(['"', '\'', '\\', '=', ' ']).ends_with("category")
                && !after.starts_with(part_of_a_word)
                // The page of a library whose request had no error to fill in.
                && !after.trim_start_matches([':', ' ']).starts_with("$error_description")
                && (!GENERAL.contains(word) || is_written_by_a_program(before, after))
        })
    };
    ERRORS.iter().find(alone).copied()
}

/// Whether a word between `before` and `after` has the place that programs give to a code.
fn is_written_by_a_program(before: &str, after: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let begins = line.trim().is_empty()
        || line
            .trim_end()
            .ends_with(['"', '\'', '`', '(', '[', '<', ':', '=', ',', '>', '|', '&', '?']);
    let ends_with = |word: &str| {
        let line = line.trim_end().as_bytes();
        let end = line.len().saturating_sub(word.len());
        line[end..].eq_ignore_ascii_case(word.as_bytes())
    };
    let says_error = ends_with("error") || ends_with("code");
    begins || says_error || after.starts_with(['"', '\'', '`', ')', ']', ':', '&', '<'])
}

fn described(error: &str, description: &str) -> ErrorResponse {
    let mut members = Map::new();
    if !error.is_empty() {
        members.insert("error".to_owned(), Value::from(error));
    }
    members.insert("error_description".to_owned(), Value::from(description));
    ErrorResponse::from_json(&members)
}

/// The members of a form-encoded refusal, which some authorities send (RFC 6749 §4.1.2.1 puts them in URLs).
pub(super) fn error_form(body: &str) -> Option<Map<String, Value>> {
    let body = body.trim();
    if !body.starts_with("error=") || body.contains(char::is_whitespace) {
        return None;
    }
    let pairs = url::form_urlencoded::parse(body.as_bytes());
    Some(pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_found_in_what_people_paste() {
        for (text, error, codes) in [
            ("Sorry: AADSTS50011: no", "", vec![50011]),
            ("53003", "", vec![53003]),
            ("Troubleshooting details\nError Code: 53003\nRequest Id: x", "", vec![53003]),
            (
                "ServerError: temporarily_unavailable: 50033 - [x]: y",
                "temporarily_unavailable",
                vec![50033],
            ),
            ("invalid_grant: the token is gone", "invalid_grant", vec![]),
            (
                "log: {\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: x\"} end",
                "invalid_client",
                vec![7_000_215],
            ),
            ("Need admin approval", "", vec![]),
            ("https://login.microsoftonline.com/error?code=700016", "", vec![700_016]),
            ("x\",\"error_codes\":[700016],\"timestamp\":\"2027-01-15", "", vec![700_016]),
            ("Sign-in error code\n53003\nFailure reason", "", vec![53003]),
            ("login failed: access_denied", "access_denied", vec![]),
            ("we got an error access_denied today", "access_denied", vec![]),
            ("too many requests, try later", "", vec![]),
        ] {
            let found = refusal(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((found.error.as_str(), &found.error_codes), (error, &codes), "{text}");
        }
        for text in [
            "hello there",
            "my_invalid_grant_handler was called",
            "1234",
            "AADSTSx",
            "There were too many requests for pizza today",
            "Our company says access_denied to bad coffee",
            "The page said server_error and I went home",
        ] {
            assert!(refusal(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_number_in_a_subject_is_no_refusal() {
        for text in [
            "From: a@b.example\nSubject: AADSTS700016 since Monday\n\nHello",
            "> Betreff: Fehler AADSTS50076",
            "<t:Subject>AADSTS700016: what is this?</t:Subject>",
            r#"{"subject":"AADSTS700016: what is this?"}"#,
            "12:01 anna  Re: AADSTS700016 since Monday",
            "Date,Subject\n2027-01-14,AADSTS700016 again\n",
        ] {
            assert!(aadsts(text).is_none(), "{text}");
        }
        let both = "Subject: AADSTS700016?\n\nAADSTS50034: no such user";
        assert_eq!(aadsts(both).unwrap().error_codes, [50034]);
        assert!(aadsts("here: AADSTS50034: no such user").is_some());
    }

    #[test]
    fn an_api_s_error_is_found_as_the_azure_cli_writes_it() {
        let text =
            "ERROR: (AuthorizationFailed) The client \"x\" may not.\nCode: AuthorizationFailed";
        let body = api_error(text).unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&body).unwrap(),
            serde_json::json!({"error": {"code": "AuthorizationFailed", "message": "The client \"x\" may not."}})
        );
        for text in ["(see) below", "ERROR: (x) y", "hello", "(Authorization Failed) x", "()"] {
            assert_eq!(api_error(text), None, "{text}");
        }
    }
}
