//! An HTTP status without its answer, as people and exceptions write it.

use http::StatusCode;

use super::limits::start_of;
use crate::service::HttpAnswer;

/// Maximum length of a sentence in characters. A longer text is a log, in which a number may mean anything.
const SENTENCE: usize = 600;

/// Words before the number of a status that is not followed by its reason phrase.
const BEFORE: [&str; 9] = [
    "http",
    "http error",
    "response",
    "status",
    "status code",
    "statuscode",
    "status:",
    "code:",
    "error:",
];

/// What libraries write around a status: .NET, axios, requests, Go.
const OF_PROGRAMS: [&str; 5] = [
    "The remote server returned an error: (",
    "Response status code does not indicate success: ",
    "Request failed with status code ",
    " Client Error: ",
    "HTTP Error ",
];

/// `403 Forbidden`: a status and its reason phrase at the beginning, a form that mail servers do not use.
pub(super) fn status_and_reason(text: &str) -> Option<HttpAnswer> {
    let said = text.strip_prefix("HTTP ").unwrap_or(text);
    let (number, rest) = said.split_at_checked(3)?;
    let status = error_status(number)?;
    let rest = rest.strip_prefix(' ')?;
    let reason = status.canonical_reason()?;
    let start = rest.get(..reason.len())?;
    let ends = !rest[reason.len()..].starts_with(|c: char| c.is_ascii_alphanumeric());
    // Tokens next to it do not count.
    let length: usize = text.split_whitespace().map(str::len).filter(|word| *word < 200).sum();
    (start.eq_ignore_ascii_case(reason) && ends && length <= SENTENCE).then(|| answer(status, text))
}

/// `403 Client Error: Forbidden for url: …` (requests), `status code 403` (axios), `: 403 (Forbidden)` (.NET).
pub(super) fn in_words(text: &str) -> Option<HttpAnswer> {
    if let Some(answer) = written_by_client(text) {
        return Some(answer);
    }
    if SENTENCE < text.len() {
        // Of a long text, the line that only a program writes.
        let is_of_a_program = |line: &&str| {
            line.len() < SENTENCE && OF_PROGRAMS.iter().any(|said| line.contains(said))
        };
        return text.lines().rev().find(is_of_a_program).and_then(in_words);
    }
    in_sentence(text)
}

/// Words with which people begin to tell which answer they get.
const REPORTING: [&str; 12] = [
    "get ",
    "gets ",
    "getting ",
    "got ",
    "receive ",
    "receiving ",
    "received ",
    "return",
    "throw",
    "fails with",
    "failing with",
    "failed with",
];

/// A refusal that a person reports in one line of a longer text: `copying fails, we get a 403 error`.
pub(super) fn reported(text: &str) -> Option<HttpAnswer> {
    let lines = start_of(text).lines().filter(|line| line.len() < SENTENCE);
    let mut statuses = lines.filter_map(|line| {
        let lower = line.to_ascii_lowercase();
        let begins = REPORTING.iter().filter_map(|word| lower.find(word)).min()?;
        let told = in_sentence(&line[begins..])?.status?;
        (matches!(told, 401 | 403) && !line.ends_with('?')).then_some(told)
    });
    statuses.next().map(|status| HttpAnswer { status: Some(status), ..HttpAnswer::of_body(text) })
}

/// A status in one sentence.
fn in_sentence(text: &str) -> Option<HttpAnswer> {
    let lower = text.to_ascii_lowercase();
    for word in lower.split(|c: char| !c.is_ascii_alphanumeric()) {
        let Some(status) = error_status(word) else { continue };
        let at = word.as_ptr().addr() - lower.as_ptr().addr();
        let end = at + word.len();
        let before = lower[..at].trim_end_matches([' ', '(', '[', '"', ':', '=']);
        let reason = status.canonical_reason().unwrap_or_default().to_ascii_lowercase();
        let named = BEFORE.iter().any(|name| before.ends_with(name.trim_end_matches(':')));
        // `"GET /v1.0/me HTTP/1.1" 401 123`: a line of an access log.
        let version = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        let logged = version.starts_with("http/");
        // `Forbidden (403)`
        let follows = !reason.is_empty() && before.ends_with(&reason);
        // `the request returned a 403 code`
        let rest = lower[end..].trim_start_matches([' ', ')']);
        let is_answer = [" a", " an", " with", " got", "returned", "received"]
            .iter()
            .any(|it| before.ends_with(it))
            && ["code", "error", "response", "status"].iter().any(|it| rest.starts_with(it));
        if lower[end..].contains(&reason) || named || logged || follows || is_answer {
            return Some(answer(status, text));
        }
    }
    None
}

/// Where client libraries write a status, in lower case, with what follows the number: azure-core for .NET, Python, Java and Go,
/// autorest, the Azure SDK of HashiCorp, and Hadoop's ABFS.
const OF_CLIENTS: [(&str, &str); 9] = [
    ("status: ", " ("),
    ("response ", ": "),
    ("statuscode=", ""),
    ("statuscode:", ","),
    ("status code ", ","),
    ("status code ", ": "),
    ("unexpected status ", " ("),
    ("does not indicate success: ", " ("),
    ("does not indicate success: forbidden (", ")"),
];

/// Maximum number of places at which a client's status is looked for.
const PLACES_MAX: usize = 50;

/// A status as a client library writes it, in a text of any length.
fn written_by_client(text: &str) -> Option<HttpAnswer> {
    let start = start_of(text);
    let lower = start.to_ascii_lowercase();
    let numbers = OF_CLIENTS.iter().filter_map(|(before, after)| {
        lower.match_indices(before).take(PLACES_MAX).find_map(|(at, _)| {
            let rest = &lower[at + before.len()..];
            let status = error_status(rest.get(..3)?)?;
            rest[3..].starts_with(after).then_some((at, status))
        })
    });
    let named = [("forbidden", StatusCode::FORBIDDEN), ("unauthorized", StatusCode::UNAUTHORIZED)];
    let names = named.iter().filter_map(|(name, status)| {
        let place = |before: &str| {
            let quoted = lower.find(&format!("{before} '{name}'"));
            quoted.or_else(|| lower.find(&format!("{before} {name}")))
        };
        let at = place("returned an invalid status")
            .or_else(|| place("returned an invalid status code"))?;
        Some((at, *status))
    });
    let doubled = "does not indicate success: forbidden (forbidden)";
    let doubled = lower.find(doubled).map(|at| (at, StatusCode::FORBIDDEN));
    let (at, status) = numbers.chain(names).chain(doubled).min_by_key(|(at, _)| *at)?;
    let line = start[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = start[line..].lines().next().unwrap_or_default();
    Some(HttpAnswer {
        status: Some(status.as_u16()),
        url: url(if start.len() <= SENTENCE { start } else { line }).map(str::to_owned),
        ..HttpAnswer::of_body(start)
    })
}

pub(super) fn error_status(word: &str) -> Option<StatusCode> {
    let three = word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    let number = word.parse().ok().filter(|number| three && (400..600).contains(number))?;
    StatusCode::from_u16(number).ok().filter(|status| status.canonical_reason().is_some())
}

fn answer(status: StatusCode, text: &str) -> HttpAnswer {
    HttpAnswer {
        status: Some(status.as_u16()),
        url: url(text).map(str::to_owned),
        ..HttpAnswer::of_body(text)
    }
}

/// What client libraries write before the address that they called, in lower case.
const BEFORE_URL: [&str; 3] = ["for url: ", "attempted to reach: ", "error: `post "];

/// The URL in `text` that a client library names, else the first that may have been called. An issuer's is only named.
fn url(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let named = BEFORE_URL.iter().find_map(|words| Some(lower.rfind(words)? + words.len()));
    named.and_then(|at| first_url(&text[at..])).or_else(|| first_url(text))
}

fn first_url(text: &str) -> Option<&str> {
    let starts = text.match_indices("https://").chain(text.match_indices("http://"));
    let mut urls =
        starts.filter_map(|(at, _)| text[at..].split([' ', '"', '\'', '>', '\n', '\\']).next());
    urls.find(|url| !url.contains("://sts.windows.net/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_not_the_address_that_was_called() {
        let text =
            "401 from 'https://sts.windows.net/a/' for url: https://graph.microsoft.com/v1.0/me";
        assert_eq!(url(text), Some("https://graph.microsoft.com/v1.0/me"));
        assert_eq!(url("401: the issuer is 'https://sts.windows.net/a/'"), None);
        let text = "GET http://localhost/done?code=1\n401 for url: https://login.microsoftonline.com/common/oauth2/v2.0/token";
        assert_eq!(url(text), Some("https://login.microsoftonline.com/common/oauth2/v2.0/token"));
    }

    #[test]
    fn a_status_is_found_as_people_and_programs_say_it() {
        for text in ["403 Forbidden", "HTTP 403 Forbidden", "403 Forbidden: ErrorAccessDenied"] {
            assert_eq!(
                status_and_reason(text).and_then(|answer| answer.status),
                Some(403),
                "{text}"
            );
        }
        for text in [
            "HTTP 403",
            "requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://graph.microsoft.com/v1.0/me",
            "Response status code does not indicate success: 403 (Forbidden).",
            "AxiosError: Request failed with status code 403",
            "Response status code does not indicate success: Forbidden (Forbidden).",
            "Operation returned an invalid status code Forbidden in client.Reports",
            "urllib.error.HTTPError: HTTP Error 403: Forbidden",
            "The remote server returned an error: (403) Forbidden.",
            "<Response [403]>",
        ] {
            assert_eq!(in_words(text).and_then(|answer| answer.status), Some(403), "{text}");
        }
        let url =
            in_words("403 Client Error: Forbidden for url: https://graph.microsoft.com/v1.0/me");
        assert_eq!(url.unwrap().url.as_deref(), Some("https://graph.microsoft.com/v1.0/me"));
    }

    #[test]
    fn what_people_report_in_a_long_text_is_a_refusal() {
        let long = |line: &str| format!("{}\n{line}\n", "The copy began. ".repeat(60));
        for line in [
            "Listing works, and copying keeps getting a 403 error.",
            "We get 403 Forbidden as soon as it runs",
            "the call returns HTTP 403",
        ] {
            assert_eq!(in_words(&long(line)).map(|answer| answer.status), None, "{line}");
            let status = reported(&long(line)).and_then(|answer| answer.status);
            assert_eq!(status, Some(403), "{line}");
        }
        for line in ["Why do we get a 403 error?", "We get 403 mails", "build 403 got an error"] {
            assert!(reported(&long(line)).is_none(), "{line}");
        }
    }

    #[test]
    fn mail_servers_and_other_numbers_are_left_alone() {
        for text in [
            "535 5.7.3 Authentication unsuccessful",
            "403 4.7.0 TLS not available",
            "500 apples",
            "550 5.7.60 SMTP; Client does not have permissions",
            "I have 403 mails",
            "403",
        ] {
            assert!(status_and_reason(text).is_none(), "{text}");
            assert!(in_words(text).is_none(), "{text}");
        }
    }
}
