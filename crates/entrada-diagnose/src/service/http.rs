//! An API's answer, as `curl -i`, `curl -v` and logs show it.

use serde_json::Value;

use super::super::read::limits::{start_of, weigh};
use super::success::status_in;
use super::words::IN_PROSE;
use entrada_core::oauth::{challenge, requested_delay};
use entrada_core::{NumericDate, Secret, with_readable_values};

/// Maximum number of lines that are read: head, body and the output of `curl -v` around them.
const LINES_MAX: usize = 20_000;

/// Maximum number of header lines of one answer that are searched. Real answers have about thirty.
const HEADERS_MAX: usize = 100;

/// The longest `Retry-After` that is accepted, in seconds: a day. A longer one is a mistake.
const PAUSE_MAX: u64 = 86_400;

/// One answer, with as much of its request as is known.
#[derive(Clone, Debug, Default)]
pub struct HttpAnswer {
    /// The status; `None` if only the body is known.
    pub status: Option<u16>,
    /// Headers of the answer, names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
    /// `GET`, `POST`, …
    pub method: Option<String>,
    /// The requested URL, or its path.
    pub url: Option<String>,
    /// The `Authorization` header that was sent.
    pub authorization: Option<Secret>,
}

impl HttpAnswer {
    /// Reads `text`: an HTTP answer with its head, alone or in the output of `curl -v`. The last of several answers counts,
    /// because the earlier ones are redirects and proxies; but a refusal counts more than the success of another call after it.
    /// `None` without a status line; a status line inside a body does not count.
    pub fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().take(LINES_MAX).map(str::trim_end).collect();
        let verbose = lines
            .iter()
            .any(|line| line.strip_prefix('<').is_some_and(|line| status_of(line).is_some()));
        let bare = |line: &str| -> String {
            let line = if verbose { line.strip_prefix('<').unwrap_or("") } else { line };
            line.trim_start().to_owned()
        };
        let is_head = |line: &&str| status_of(&bare(line)).is_some();
        let last = lines.iter().rposition(&is_head)?;
        let heads: Vec<usize> =
            (0..=last).filter(|at| lines.get(*at).is_some_and(is_head)).collect();
        let outer = || before_open_json(&lines, &heads).or_else(|| of_parts(&lines, &heads));
        let (start, lines) = match (!verbose).then(outer).flatten() {
            Some(start) => (start, lines.as_slice()),
            None => {
                let calls: Vec<Call<'_>> =
                    heads.iter().map(|at| Call::before(&lines, *at, &bare)).collect();
                match open_refusal(&calls) {
                    Some(index) => (heads[index], &lines[..heads[index + 1]]),
                    None => (last, lines.as_slice()),
                }
            }
        };
        let mut answer = Self { status: status_of(&bare(lines[start])), ..Self::default() };
        let mut end = start + 1;
        let mut may_open = !verbose;
        while let Some(line) = lines.get(end).map(|line| bare(line)).filter(|line| !line.is_empty())
        {
            // The empty line before a body is often lost in a paste.
            if may_open && line.starts_with('{') && !answer.headers.is_empty() {
                if is_json_object(&lines[end..]) {
                    break;
                }
                may_open = false;
            }
            // A folded line (RFC 9112 §5.2), or one that a terminal wrapped, has no name.
            match line.split_once(':').filter(|(name, _)| is_token(name)) {
                Some((name, value)) => {
                    let name = name.trim().to_ascii_lowercase();
                    answer.headers.push((name, value.trim().to_owned()));
                }
                None => {
                    if let Some((_, value)) = answer.headers.last_mut() {
                        value.push_str(&line);
                    }
                }
            }
            end += 1;
        }
        let body = lines
            .get(end..)
            .unwrap_or_default()
            .iter()
            .filter(|line| !verbose || !is_curls_own(line));
        let body = body.copied().collect::<Vec<_>>().join("\n");
        without_chunk_sizes(&answer, body.trim()).clone_into(&mut answer.body);
        answer.read_request(&lines[..start]);
        Some(answer)
    }

    /// Where the exchange that [`parse`](Self::parse) reads begins in `text`, in bytes: at its request, or at its status line.
    pub(crate) fn start_in(text: &str) -> usize {
        let begins = |line: &str| {
            let line = line.trim_start_matches(['<', '>', '*', ' ']);
            is_request_line(line) || status_of(line).is_some()
        };
        let first = text.lines().find(|line| begins(line));
        first.map_or(0, |line| line.as_ptr().addr() - text.as_ptr().addr())
    }

    /// An answer of which only the body is known.
    pub fn of_body(body: &str) -> Self {
        Self { body: body.trim().to_owned(), ..Self::default() }
    }

    /// An API's refusal in the text of an exception or a log, found by its code or sentence.
    pub fn in_prose(text: &str) -> Option<Self> {
        let start = start_of(text);
        IN_PROSE.iter().any(|said| start.contains(said)).then(|| Self::of_body(start))
    }

    /// The first refusal inside an answer that contains several (`$batch` of Graph and ARM) and has the status `200` itself.
    pub fn refused_within(&self) -> Option<Self> {
        if self.status.is_some_and(|status| status >= 300) {
            return None;
        }
        if let Some(refused) = self.refused_part() {
            return Some(refused);
        }
        if !self.body.contains("\"responses\"") {
            return None;
        }
        let json = self.json()?;
        let all = json.get("responses")?.as_array()?;
        let (status, inner) = all.iter().find_map(|inner| {
            let status = status_in(inner.get("status").or(inner.get("httpStatusCode"))?)?;
            (400..600).contains(&status).then_some((status, inner))
        })?;
        let headers = inner.get("headers").and_then(Value::as_object).into_iter().flatten();
        let headers = headers.filter_map(|(name, value)| {
            Some((name.to_ascii_lowercase(), value.as_str()?.to_owned()))
        });
        let body = inner.get("body").or(inner.get("content")).map(ToString::to_string);
        Some(Self {
            status: Some(status),
            headers: headers.collect(),
            body: body.unwrap_or_default(),
            ..self.clone()
        })
    }

    fn read_request(&mut self, lines: &[&str]) {
        if let Some((method, target)) = bare_request(lines) {
            (self.method, self.url) = (Some(method.to_owned()), Some(target.to_owned()));
        }
        let mut host = None;
        for line in lines {
            let line = sent(line);
            let mut words = line.split_whitespace();
            if let (true, Some(method), Some(target)) =
                (is_request_line(line), words.next(), words.next())
            {
                (self.method, self.url) = (Some(method.to_owned()), Some(target.to_owned()));
            } else if let Some((name, value)) = line.split_once(':') {
                match name.to_ascii_lowercase().as_str() {
                    "host" => host = Some(value.trim().to_owned()),
                    "authorization" => self.authorization = Some(Secret::new(value.trim())),
                    _ => (),
                }
            }
        }
        if let (Some(host), Some(url)) = (host, &self.url)
            && url.starts_with('/')
        {
            self.url = Some(format!("https://{host}{url}"));
        }
    }

    /// The time of the answer, by the server's clock.
    pub fn date(&self) -> Option<NumericDate> {
        let time = httpdate::parse_http_date(self.header("date").next()?).ok()?;
        let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(NumericDate(0).plus(since))
    }

    /// Seconds to wait according to `Retry-After`, if the value is plausible. The answer counts as received at `at` if it
    /// has no date.
    pub fn pause(&self, at: NumericDate) -> Option<u64> {
        let now = self.date().unwrap_or(at);
        let seconds = requested_delay(self.header("retry-after").next()?, Some(now))?;
        (1..=PAUSE_MAX).contains(&seconds).then_some(seconds)
    }

    /// Every value of the header `name`, which is in lower case.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, without the text after it.
    pub fn json(&self) -> Option<Value> {
        self.leading_json().map(|(value, _)| value)
    }

    /// The JSON at the start of the body, and the text after it.
    pub(super) fn leading_json(&self) -> Option<(Value, &str)> {
        if start_of(&self.body).len() < self.body.len() || weigh(&self.body).is_err() {
            return None;
        }
        let mut text = self.body.trim_start_matches('\u{feff}').trim_start();
        // Services put these before their JSON so that a page cannot load it as a script.
        for guard in [")]}',", ")]}'", "while(1);", "for(;;);"] {
            text = text.strip_prefix(guard).unwrap_or(text).trim_start();
        }
        if !text.starts_with(['{', '[']) {
            return None;
        }
        let first = |text: &str| {
            let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
            Some((values.next()?.ok()?, values.byte_offset()))
        };
        let (value, end) = first(text).or_else(|| first(&with_readable_values(text)))?;
        Some((value, text.get(end..)?))
    }

    /// The claims that the service requests.
    pub fn claims(&self) -> Option<entrada_core::ClaimsRequest> {
        self.header("www-authenticate").find_map(|value| challenge::read(value).ok())
    }

    /// The whole text of the answer, in lower case, for searching.
    pub fn text(&self) -> String {
        self.said().to_ascii_lowercase()
    }

    /// The body, and the headers that describe an error.
    pub(super) fn said(&self) -> String {
        let headers = [
            "www-authenticate",
            "x-ms-diagnostics",
            "x-ms-diagnostic",
            "x-owa-error",
            "x-ews-policy-reason",
        ];
        let mut text: String =
            headers.iter().flat_map(|name| self.header(name)).collect::<Vec<_>>().join("\n");
        text.push('\n');
        // An answer to HEAD has its error code in a header alone.
        for name in ["x-ms-error-code", "x-powerbi-error-info"] {
            for value in self.header(name) {
                text.extend([name, ": ", value, "\n"]);
            }
        }
        text.push_str(start_of(&self.body));
        text
    }
}

/// A status line, with what stands around it.
struct Call<'a> {
    status: u16,
    /// The request line before it, without `> `.
    request: Option<&'a str>,
    has_body: bool,
}

impl<'a> Call<'a> {
    /// The call whose status line is `lines[at]`.
    fn before(lines: &[&'a str], at: usize, bare: &dyn Fn(&str) -> String) -> Self {
        let until_head = |line: &&&str| status_of(&bare(line)).is_none();
        let request = lines[..at].iter().rev().take_while(until_head);
        let request = request.map(|line| sent(line)).find(|line| is_request_line(line));
        let rest = lines[at + 1..].iter().take_while(until_head);
        let body =
            rest.skip_while(|line| !bare(line).is_empty()).filter(|line| !is_curls_own(line));
        Self {
            status: status_of(&bare(lines[at])).unwrap_or_default(),
            request,
            has_body: body.into_iter().any(|line| !line.is_empty()),
        }
    }
}

/// The first refusal in `calls`, if a success of another call is the last one. The same call may have been sent again with
/// success. Without its request, a 401 without a body may be the start of a negotiation (`curl --anyauth`).
fn open_refusal(calls: &[Call<'_>]) -> Option<usize> {
    let is_refusal = |call: &Call<'_>| (400..600).contains(&call.status) && call.status != 407;
    if calls.last().is_none_or(&is_refusal) {
        return None;
    }
    calls.iter().enumerate().position(|(index, call)| {
        let is_negotiation = call.request.is_none() && call.status == 401 && !call.has_body;
        let is_done_later = call.request.is_some()
            && calls[index..]
                .iter()
                .any(|later| later.request == call.request && !is_refusal(later));
        is_refusal(call) && !is_negotiation && !is_done_later
    })
}

/// A line of a request without the `> ` of `curl -v`, and a request line without what a record puts before it.
fn sent(line: &str) -> &str {
    let after = line.split_once("> ").map(|(_, rest)| rest.trim());
    let request = after.filter(|rest| line.starts_with('>') || is_request_line(rest));
    request.unwrap_or(line).trim()
}

/// Whether `line` is a request line: `GET /v1.0/me HTTP/1.1`.
pub(crate) fn is_request_line(line: &str) -> bool {
    let is_version =
        |word: &str| word.get(..5).is_some_and(|protocol| protocol.eq_ignore_ascii_case("http/"));
    let mut words = line.split_whitespace();
    words.next().is_some_and(|method| method.bytes().all(|byte| byte.is_ascii_uppercase()))
        && words.nth(1).is_some_and(is_version)
}

/// The request right before an answer, as people write it and files of REST clients have it: `GET https://graph.microsoft.com/v1.0/me`,
/// and fields after it.
fn bare_request<'a>(lines: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let mut before = lines.iter().rev().map(|line| line.trim());
    let is_field = |line: &&str| {
        line.is_empty() || line.split_once(": ").is_some_and(|(name, _)| is_token(name))
    };
    let line = before.find(|line| !is_field(line))?;
    let (method, target) = line.split_once(' ')?;
    let methods = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];
    let is_address = target.starts_with("https://") && !target.contains(char::is_whitespace);
    (methods.contains(&method) && is_address).then_some((method, target))
}

/// `body` without the chunk sizes, if it is a single chunk (RFC 9112 §7.1).
fn without_chunk_sizes<'a>(answer: &HttpAnswer, body: &'a str) -> &'a str {
    let chunked = answer.header("transfer-encoding").any(|value| value.contains("chunked"));
    let content = || {
        let (size, rest) = body.split_once('\n')?;
        let content = rest.trim_end().strip_suffix('0')?.strip_suffix('\n')?;
        usize::from_str_radix(size.trim(), 16).ok().map(|_| content.trim())
    };
    chunked.then(content).flatten().unwrap_or(body)
}

/// The first of `heads` whose JSON body does not end before the next head: that next head is quoted text in the JSON.
fn before_open_json(lines: &[&str], heads: &[usize]) -> Option<usize> {
    heads.windows(2).find_map(|pair| {
        let between = lines.get(pair[0]..pair[1])?;
        let end = between.iter().position(|line| line.is_empty())?;
        let body = between[end..].join("\n");
        let open = body.trim_start().starts_with('{')
            && serde_json::Deserializer::from_str(&body)
                .into_iter::<serde::de::IgnoredAny>()
                .next()
                .is_none_or(|first| first.is_err());
        open.then_some(pair[0])
    })
}

/// Whether `lines` begin with a whole JSON object.
fn is_json_object(lines: &[&str]) -> bool {
    let text = lines.join("\n");
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<serde::de::IgnoredAny>();
    values.next().is_some_and(|first| first.is_ok())
}

/// The first of `heads` with a multipart body: the heads after it belong to its parts.
fn of_parts(lines: &[&str], heads: &[usize]) -> Option<usize> {
    heads.iter().copied().find(|at| {
        let headers = lines.iter().skip(at + 1).take_while(|line| !line.is_empty());
        headers.take(HEADERS_MAX).map(|line| line.to_ascii_lowercase()).any(|line| {
            let value = line.trim().strip_prefix("content-type:");
            value.is_some_and(|value| value.trim_start().starts_with("multipart/"))
        })
    })
}

/// Whether `line` is one that `curl -v` puts around a body: `* …`, `> …`, `< …`, `{ [5 bytes data]`.
fn is_curls_own(line: &str) -> bool {
    ["*", "<", ">"].contains(&line)
        || ["* ", "< ", "> ", "{ [", "} ["].iter().any(|start| line.starts_with(start))
}

/// The status of a status line: `HTTP/1.1 401 Unauthorized`, `HTTP/2 401`; in any case and with any blanks.
fn status_of(line: &str) -> Option<u16> {
    let line = line.trim_start();
    let protocol = line.get(..5).filter(|start| start.eq_ignore_ascii_case("http/"))?;
    let (version, rest) = line[protocol.len()..].split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let digits = rest.get(..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let ends = !rest[3..].starts_with(char::is_alphanumeric);
    (ends && version.starts_with(|c: char| c.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// RFC 9110 §5.6.2.
fn is_token(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

#[cfg(test)]
mod tests;
