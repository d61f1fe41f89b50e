//! Finds the call of Microsoft Graph in a text: a `curl` command, a line of a log, a request.

use entrada_core::entra::graph::GraphCall;

const METHODS: [&str; 5] = ["GET", "POST", "PATCH", "PUT", "DELETE"];

/// Bytes of a text that are searched.
const TEXT_MAX: usize = 64 << 10;

/// Maximum number of addresses in a text that are looked at.
const ADDRESSES_MAX: usize = 500;

/// Bytes between a method and its URL, as in `requests.get(url="https://…`.
const DISTANCE_MAX: usize = 40;

/// The one call of Microsoft Graph that `text` makes: a `curl` or PowerShell command, a line of a log or of a program, or an HTTP
/// request. `None` if there is none, if the method is not said, or if there are several different calls.
///
/// ```
/// use entrada_diagnose::call_of;
///
/// let call = call_of("curl -H 'Authorization: Bearer x' https://graph.microsoft.com/v1.0/me/events").unwrap();
/// assert_eq!(call.to_string(), "GET /me/events");
/// assert_eq!(call_of("see https://graph.microsoft.com/v1.0/me"), None);
/// ```
pub fn call_of(text: &str) -> Option<GraphCall> {
    let text = text.get(..TEXT_MAX).unwrap_or_else(|| {
        let end = (0..=TEXT_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        &text[..end.unwrap_or(0)]
    });
    let addresses = text.match_indices("://").take(ADDRESSES_MAX);
    let mut calls = addresses.filter_map(|(at, _)| call_at(text, at));
    let first = calls.next().or_else(|| by_request_line(text))?;
    calls.all(|other| other == first).then_some(first)
}

/// The call to the URL with its `://` at `at`.
fn call_at(text: &str, at: usize) -> Option<GraphCall> {
    let before = text.get(..at)?;
    let scheme = ["https", "http"].into_iter().find(|scheme| before.ends_with(scheme))?;
    let start = at - scheme.len();
    let before = text.get(..start)?;
    let quote = before.chars().next_back().filter(|c| matches!(c, '"' | '\'' | '`'));
    let is_end = |c: char| match quote {
        Some(quote) => c == quote || c.is_control(),
        None => c.is_whitespace() || matches!(c, '"' | '`' | '<' | '>' | '\\' | ',' | ';'),
    };
    let url = text.get(start..)?.split(is_end).next()?;
    // The method needs more of the text, so other addresses are left out first.
    GraphCall::new("GET", url).ok()?;
    GraphCall::new(method_of(text, before, start)?, url).ok()
}

/// The method of the request whose URL starts at `start`, behind `before`.
fn method_of(text: &str, before: &str, start: usize) -> Option<&'static str> {
    // In front of the URL: `GET https://…`, `requests.post("https://…`.
    let mut from = before.len().saturating_sub(DISTANCE_MAX);
    while !before.is_char_boundary(from) {
        from += 1;
    }
    let near = before.get(from..)?.rsplit(['\n', '\r']).next()?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let words: Vec<&str> = near.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect();
    // Between the two are at most the names of parameters.
    let between = |word: &&&str| {
        ["url", "uri", "-uri", "--url", "-url"].contains(&word.to_ascii_lowercase().as_str())
    };
    let last = words.iter().rev().find(|word| !between(word));
    let method = |word: &str| METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(word));
    if let Some(method) = last.and_then(|word| method(word)) {
        return Some(method);
    }
    // A command: all of its lines, which end in a backslash or backtick.
    let command = command_around(text, start)?;
    let words: Vec<&str> = command
        .split(|c: char| c.is_whitespace() || c == '=')
        .map(|word| word.trim_matches(['"', '\'']))
        .collect();
    let is = |word: &&str, names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    let is_curl = words.iter().any(|word| is(word, &["curl", "curl.exe"]));
    let is_shell = words.iter().any(|word| {
        is(word, &["Invoke-RestMethod", "Invoke-WebRequest", "Invoke-MgGraphRequest", "irm", "iwr"])
    });
    let is_az = words.windows(2).any(|pair| pair == ["az", "rest"]);
    if !is_curl && !is_shell && !is_az {
        return None;
    }
    let named = words.windows(2).find_map(|pair| match pair {
        [flag, value] if *flag == "-X" || is(flag, &["--request", "-Method", "--method", "-m"]) => {
            Some(*value)
        }
        // `-XPOST`
        [flag, _] => flag.strip_prefix("-X").filter(|value| is_curl && !value.is_empty()),
        _ => None,
    });
    if let Some(named) = named {
        return method(named);
    }
    let has_body = is_curl
        && words.iter().any(|word| {
            *word == "-d"
                || word.starts_with("--data")
                || *word == "--json"
                || *word == "-F"
                || *word == "-T"
        });
    match has_body {
        true if words.contains(&"-T") => Some("PUT"),
        true => Some("POST"),
        false => Some("GET"),
    }
}

/// The lines around `at` that continue each other.
fn command_around(text: &str, at: usize) -> Option<&str> {
    let continues = |line: &str| line.trim_end().ends_with(['\\', '`', '^', '|']);
    let mut start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    while let Some(before) = start.checked_sub(1).and_then(|end| text.get(..end)) {
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        if !continues(before.get(line..)?) {
            break;
        }
        start = line;
    }
    let mut end = at;
    loop {
        let rest = text.get(end..)?;
        let line = rest.find('\n').map_or(rest, |stop| &rest[..stop]);
        end += line.len();
        if !continues(line) || text.len() <= end {
            return text.get(start..end);
        }
        end += 1;
    }
}

/// A request as HTTP writes it: `GET /v1.0/me HTTP/1.1`, with a `Host` of Graph (RFC 9112 §3).
fn by_request_line(text: &str) -> Option<GraphCall> {
    let bare = |line: &str| -> String { line.trim_start_matches(['>', ' ']).trim_end().to_owned() };
    let lines: Vec<String> = text.lines().take(200).map(bare).collect();
    let host = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim().to_owned())
    })?;
    lines.iter().find_map(|line| {
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?, words.next()?);
        let is_request = METHODS.contains(&method)
            && path.starts_with('/')
            && words.next().is_some_and(|version| version.starts_with("HTTP/"));
        is_request.then(|| GraphCall::new(method, &format!("https://{host}{path}")).ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        call_of(text).map(|call| call.to_string())
    }

    #[test]
    fn a_request_is_found_in_commands_programs_and_logs() {
        for (text, call) in [
            ("curl https://graph.microsoft.com/v1.0/me", "GET /me"),
            (
                "curl -s -X PATCH 'https://graph.microsoft.com/v1.0/me/events/a' -d '{}'",
                "PATCH /me/events/a",
            ),
            (
                "curl -XDELETE \"https://graph.microsoft.com/v1.0/me/events/a\"",
                "DELETE /me/events/a",
            ),
            (
                "curl --request POST \\\n  --url https://graph.microsoft.com/v1.0/me/sendMail \\\n  --data '{}'",
                "POST /me/sendMail",
            ),
            (
                "curl https://graph.microsoft.com/v1.0/me/sendMail \\\n --json '{}'",
                "POST /me/sendMail",
            ),
            (
                "requests.get(\"https://graph.microsoft.com/v1.0/me/messages?$top=1\")",
                "GET /me/messages",
            ),
            (
                "await client.post(url='https://graph.microsoft.com/beta/me/events', json=x)",
                "POST /me/events",
            ),
            (
                "2026-01-01T00:00:00Z WARN GET https://graph.microsoft.com/v1.0/me/contacts 403",
                "GET /me/contacts",
            ),
            (
                "Invoke-RestMethod -Method Get -Uri \"https://graph.microsoft.us/v1.0/me/drive\"",
                "GET /me/drive",
            ),
            ("Invoke-MgGraphRequest -Uri 'https://graph.microsoft.com/v1.0/me'", "GET /me"),
            (
                "az rest --method delete --url https://graph.microsoft.com/v1.0/users/a@b.c",
                "DELETE /users/{id}",
            ),
            (
                "POST /v1.0/me/sendMail HTTP/1.1\r\nHost: graph.microsoft.com\r\nAuthorization: Bearer x",
                "POST /me/sendMail",
            ),
        ] {
            assert_eq!(found(text).as_deref(), Some(call), "{text}");
        }
    }

    #[test]
    fn what_is_no_call_or_is_several_calls_is_left_alone() {
        for text in [
            "",
            "see https://graph.microsoft.com/v1.0/me",
            "\"@odata.context\": \"https://graph.microsoft.com/v1.0/$metadata#users\"",
            "403 Client Error: Forbidden for url: https://graph.microsoft.com/v1.0/me/messages",
            "curl https://example.com/v1.0/me",
            "GET https://graph.microsoft.com/v1.0/me\nGET https://graph.microsoft.com/v1.0/me/events",
            "get it at https://graph.microsoft.com/v1.0/me",
            "GET /v1.0/me HTTP/1.1\nHost: example.com",
            "://",
            "https://",
            "GET https://graph.microsoft.com",
            "curl ://",
            "é https://graph.microsoft.com/é",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(found(&"é".repeat(TEXT_MAX)), None);
        let text = format!("{}://{}", "a".repeat(TEXT_MAX - 3), "é".repeat(9));
        assert_eq!(found(&text), None);
    }
}
