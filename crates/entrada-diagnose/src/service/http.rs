//! An answer of an API, as `curl -i`, `curl -v` and logs have it.

use serde_json::Value;
use url::Url;

use super::super::recognise::limits::{start_of, weigh};
use super::words::IN_PROSE;
use entrada_core::entra::clouds::Cloud;
use entrada_core::oauth::challenge;
use entrada_core::{NumericDate, Secret};

/// Lines that are looked at: head, body and what `curl -v` says around them.
const LINES_MAX: usize = 20_000;
/// Words of codes that say that the call was wrong, or what it was about is not there or too large, whoever made it.
const OF_THE_CALL: [&str; 10] = [
    "badrequest",
    "invalidrequest",
    "invalidid",
    "invalidrecipients",
    "conflict",
    "syntax",
    "notfound",
    "parseuri",
    "toolarge",
    "sizeexceeded",
];

/// Words of codes that speak of whoever called, whatever else they say: `Authorization_IdentityNotFound`.
const OF_THE_CALLER: [&str; 8] = [
    "account",
    "application",
    "authentication",
    "client",
    "identity",
    "principal",
    "tenant",
    "token",
];

/// One answer, with as much of its request as is known.
#[derive(Clone, Debug, Default)]
pub struct HttpAnswer {
    /// The status; `None` where only the body was kept.
    pub status: Option<u16>,
    /// Headers of the answer, names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
    /// `GET`, `POST`, …
    pub method: Option<String>,
    /// What was asked: an address, or its path.
    pub url: Option<String>,
    /// The `Authorization` header that was sent.
    pub authorization: Option<Secret>,
}

impl HttpAnswer {
    /// Reads `text`: an HTTP answer with its head, alone or in the output of `curl -v`. Of several, the last: what went
    /// before were redirects and proxies. `None` where there is no status line; one that a body quotes is none.
    pub fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().take(LINES_MAX).map(str::trim_end).collect();
        let verbose = lines.iter().any(|line| line.starts_with("< HTTP/"));
        let bare = |line: &str| -> String {
            let line = if verbose { line.strip_prefix('<').unwrap_or("") } else { line };
            line.trim_start().to_owned()
        };
        let is_head = |line: &&str| status_of(&bare(line)).is_some();
        let mut start = lines.iter().rposition(&is_head)?;
        if !verbose {
            let heads = (0..=start).filter(|at| lines.get(*at).is_some_and(is_head));
            start = before_open_json(&lines, heads).unwrap_or(start);
        }
        let mut answer = Self { status: status_of(&bare(lines[start])), ..Self::default() };
        let mut end = start + 1;
        while let Some(line) = lines.get(end).map(|line| bare(line)).filter(|line| !line.is_empty())
        {
            // A line that was folded (RFC 9112 §5.2), or broken by a terminal, has no name.
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
        body.copied().collect::<Vec<_>>().join("\n").trim().clone_into(&mut answer.body);
        answer.read_request(&lines[..start]);
        Some(answer)
    }

    /// An answer of which only the body was kept.
    pub fn of_body(body: &str) -> Self {
        Self { body: body.trim().to_owned(), ..Self::default() }
    }

    /// An API's refusal in the text of an exception or a log, by a code or sentence of its own; `None` where there is none.
    pub fn in_prose(text: &str) -> Option<Self> {
        let start = start_of(text);
        IN_PROSE.iter().any(|said| start.contains(said)).then(|| Self::of_body(start))
    }

    /// The first answer that refuses within one that holds several (`$batch` of Graph and ARM), which says `200` itself.
    pub fn refused_within(&self) -> Option<Self> {
        if self.status.is_some_and(|status| status >= 300) || !self.body.contains("\"responses\"") {
            return None;
        }
        let json = self.json()?;
        let all = json.get("responses")?.as_array()?;
        let (status, inner) = all.iter().find_map(|inner| {
            let status = inner.get("status").or(inner.get("httpStatusCode"))?.as_u64()?;
            let status = u16::try_from(status).ok()?;
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

    /// Whether it is known what was called.
    pub fn names_a_call(&self) -> bool {
        self.url.as_deref().is_some_and(|url| !url.to_ascii_lowercase().ends_with("$batch"))
    }

    fn read_request(&mut self, lines: &[&str]) {
        let mut host = None;
        for line in lines {
            let line = line.strip_prefix("> ").unwrap_or(line).trim();
            let mut words = line.split(' ');
            if let (Some(method), Some(target), Some(version)) =
                (words.next(), words.next(), words.next())
                && version.starts_with("HTTP/")
                && method.chars().all(|c| c.is_ascii_uppercase())
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

    /// When it was sent, by the server's clock.
    pub fn date(&self) -> Option<NumericDate> {
        let time = httpdate::parse_http_date(self.header("date").next()?).ok()?;
        let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(NumericDate(0).plus(since))
    }

    /// Every value of the header `name`, which is in lower case.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<Value> {
        if start_of(&self.body).len() < self.body.len() || weigh(&self.body).is_err() {
            return None;
        }
        serde_json::from_str(&self.body).ok()
    }

    /// The service's own name for the error: `error.code` of Graph and ARM, `ResponseCode` of Exchange's XML.
    pub fn code(&self) -> Option<String> {
        let json = self.json();
        let error = json.as_ref().and_then(|json| json.get("error").or(json.get("odata.error")));
        let code = match error {
            Some(Value::Object(error)) => error.get("code").and_then(Value::as_str),
            Some(Value::String(code)) => Some(code.as_str()),
            _ => json.as_ref().and_then(|json| json.get("code")).and_then(Value::as_str),
        };
        let code = code.map(str::to_owned);
        code.or_else(|| element(&self.body, "ResponseCode"))
            .or_else(|| self.soap_error())
            .filter(|code| !code.is_empty())
    }

    /// The code with which Exchange refuses, whatever the status.
    pub fn soap_error(&self) -> Option<String> {
        let of = |name: &str| self.body.contains(name).then(|| element(&self.body, name)).flatten();
        // A fault without details has the code in its `faultcode`, behind a prefix.
        let in_fault = || Some(of("faultcode")?.rsplit(':').next()?.to_owned());
        of("ResponseCode").or_else(in_fault).filter(|code| code.starts_with("Error"))
    }

    /// Whether the service says that the call was wrong, or what it was about: no matter whose token came with it.
    pub fn is_about_the_call(&self) -> bool {
        let code = self.code().unwrap_or_default().to_ascii_lowercase();
        OF_THE_CALL.iter().any(|word| code.contains(word))
            && !OF_THE_CALLER.iter().any(|word| code.contains(word))
    }

    /// Whether the service did what it was asked for.
    pub fn is_success(&self) -> bool {
        let is_error = || {
            let json = self.json();
            let has = |name: &str| json.as_ref().is_some_and(|json| json.get(name).is_some());
            has("error") || has("odata.error") || self.soap_error().is_some()
        };
        self.status.is_some_and(|status| (200..300).contains(&status) && status != 203)
            && !self.is_html()
            && !is_error()
    }

    /// What the service says to people: `error.message`, `MessageText`, `x-ms-diagnostics`.
    pub fn message(&self) -> Option<String> {
        let json = self.json();
        let error = json.as_ref().and_then(|json| json.get("error").or(json.get("odata.error")));
        let message = match error {
            Some(Value::Object(error)) => error.get("message"),
            _ => json.as_ref().and_then(|json| {
                json.get("error_description").or(json.get("message")).or(json.get("Message"))
            }),
        };
        let message = match message {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Object(inner)) => {
                inner.get("value").and_then(Value::as_str).map(str::to_owned)
            }
            _ => None,
        };
        message
            .or_else(|| element(&self.body, "MessageText"))
            .or_else(|| element(&self.body, "faultstring"))
            .or_else(|| self.header("x-ms-diagnostics").next().map(str::to_owned))
            .filter(|message| !message.is_empty())
    }

    /// The claims that the service asks for.
    pub fn claims(&self) -> Option<entrada_core::ClaimsRequest> {
        self.header("www-authenticate").find_map(|value| challenge::read(value).ok())
    }

    /// Everything that the service said, in lower case: what texts are looked for in.
    pub fn text(&self) -> String {
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
        text.push_str(start_of(&self.body));
        text.make_ascii_lowercase();
        text
    }

    /// Scheme and host that were asked.
    pub fn origin(&self) -> Option<String> {
        Some(Url::parse(self.url.as_deref()?).ok()?.origin().ascii_serialization())
    }

    /// Whether a web page came back.
    pub fn is_html(&self) -> bool {
        let starts = |mark: &str| {
            self.body.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark))
        };
        self.header("content-type").any(|kind| kind.contains("html"))
            || starts("<!doctype html")
            || starts("<html")
    }

    /// Whether an OAuth endpoint was asked, or one of the hosts on which they are.
    pub fn is_of_an_authority(&self) -> bool {
        let Some(url) = self.url.as_ref().and_then(|url| Url::parse(url).ok()) else {
            // `curl -i` shows no address; Entra's sign-in servers name themselves.
            return self.header("x-ms-ests-server").next().is_some();
        };
        url.path().to_ascii_lowercase().contains("/oauth2/")
            || url.host_str().is_some_and(|host| Cloud::of_authority_host(host).is_some())
    }

    /// Whose mailbox was asked for: what follows `/users/` in the address.
    pub fn mailbox(&self) -> Option<String> {
        let url = self.url.as_deref()?;
        // No path of Graph's minds the case.
        let at = url.to_ascii_lowercase().find("/users/")? + "/users/".len();
        let rest = url.get(at..)?;
        let name = rest.split(['/', '?']).next()?;
        let name = percent_decoded(name);
        (!name.is_empty()).then_some(name)
    }
}

/// The first of `heads` whose body is JSON that has no end before the next: what looks like a head there is quoted.
fn before_open_json(lines: &[&str], heads: impl Iterator<Item = usize>) -> Option<usize> {
    let heads: Vec<usize> = heads.collect();
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

/// Whether `line` is one that `curl -v` puts around a body: `* …`, `> …`, `< …`, `{ [5 bytes data]`.
fn is_curls_own(line: &str) -> bool {
    ["*", "<", ">"].contains(&line)
        || ["* ", "< ", "> ", "{ [", "} ["].iter().any(|start| line.starts_with(start))
}

/// The status of a status line: `HTTP/1.1 401 Unauthorized`, `HTTP/2 401`.
fn status_of(line: &str) -> Option<u16> {
    let (version, rest) = line.split_once(' ')?;
    let digits = rest.get(..3)?;
    let ends = rest[3..].chars().next().is_none_or(|c| c == ' ');
    (version.starts_with("HTTP/") && ends).then(|| digits.parse().ok())?
}

/// RFC 9110 §5.6.2.
fn is_token(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

/// The text of the first element of this local name, whatever its namespace.
fn element(xml: &str, name: &str) -> Option<String> {
    let mut from = 0;
    while let Some(at) = xml.get(from..)?.find(name) {
        let at = from + at;
        from = at + name.len();
        let opens = xml[..at].ends_with(['<', ':']) && !xml[..at].ends_with("</");
        let close = xml[from..].find('>')?;
        let tag_is_whole = xml[from..].starts_with(['>', ' ']);
        if opens && tag_is_whole {
            let text = &xml[from + close + 1..];
            return Some(text[..text.find('<')?].trim().to_owned());
        }
    }
    None
}

fn percent_decoded(text: &str) -> String {
    let whole = format!("x={}", text.replace('+', "%2B"));
    let decoded = url::form_urlencoded::parse(whole.as_bytes()).next();
    decoded.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
