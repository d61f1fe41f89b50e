//! Reads the body of an answer: success or error, in the formats of the different APIs.

use serde_json::{Map, Value};

use super::HttpAnswer;

/// Words in error codes for a wrong call, or for an object that is missing or too large, regardless of the caller.
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

/// Words in error codes that are about the caller, whatever else the code says: `Authorization_IdentityNotFound`.
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

/// Codes that frameworks and gateways send as well, before any service has seen the caller: in lower case, without separators.
const OF_ANY_PROGRAM: [&str; 5] =
    ["badrequest", "conflict", "invalidrequest", "notfound", "syntaxerror"];

/// Words of messages that name the wrong part of a call, in lower case: OData's query options, and parts of its paths. The
/// service reads those after it has accepted the caller.
const PARTS_OF_A_CALL: [&str; 9] = [
    "$expand",
    "$filter",
    "$orderby",
    "$search",
    "$select",
    "filter clause",
    "property named",
    "query option",
    "resource not found for the segment",
];

/// Statuses of refusals that can be about the call alone (RFC 9110 §15.5).
const STATUSES_OF_THE_CALL: [u16; 8] = [400, 404, 409, 410, 412, 413, 414, 422];

/// Values of a status that report a failure, in lower case.
pub(super) const FAILED: [&str; 10] = [
    "denied",
    "error",
    "fail",
    "failed",
    "failure",
    "forbidden",
    "invalid",
    "rejected",
    "unauthenticated",
    "unauthorized",
];

/// Members that only an error has: in lower case, without separators.
const ERROR_MEMBERS: [&str; 10] = [
    "error",
    "errorcode",
    "errordescription",
    "errormessage",
    "errors",
    "exception",
    "exceptionmessage",
    "fault",
    "faultstring",
    "odataerror",
];

/// Elements that only an error has: as the root of a document, as its first element, or in a SOAP body; in lower case.
const ERROR_ELEMENTS: [&str; 5] = ["error", "errors", "errorresponse", "exception", "fault"];

/// Elements with which a web page begins, in lower case.
const PAGE_ELEMENTS: [&str; 15] = [
    "body", "center", "div", "form", "frameset", "h1", "head", "html", "iframe", "meta",
    "noscript", "script", "style", "table", "title",
];

/// Bytes at the start of a body that are searched for the type of a page.
const PROLOG_BYTES: usize = 1_024;

/// Maximum number of declarations, comments and instructions that are read before the root of an XML document.
const PROLOG_MAX: usize = 16;

impl HttpAnswer {
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

    /// The status that a JSON error names as a number, where the answer came without its own: `"code": 403`.
    pub(super) fn status_in_body(&self) -> Option<u16> {
        let json = self.json()?;
        let error = json.get("error").filter(|error| error.is_object()).unwrap_or(&json);
        let named = |name: &&str| error.get(*name).and_then(Value::as_u64);
        let number = ["code", "status", "statusCode", "status_code"].iter().find_map(named)?;
        u16::try_from(number).ok().filter(|status| [401, 403].contains(status))
    }

    /// The Exchange error code, regardless of the status.
    pub fn soap_error(&self) -> Option<String> {
        let of = |name: &str| self.body.contains(name).then(|| element(&self.body, name)).flatten();
        // A fault without details has the code in its `faultcode`, after a prefix.
        let in_fault = || Some(of("faultcode")?.rsplit(':').next()?.to_owned());
        of("ResponseCode").or_else(in_fault).filter(|code| code.starts_with("Error"))
    }

    /// Whether the service reports an error in the call or its object, regardless of the token. A code that any program sends
    /// counts only with a message that names the wrong part of the call. A challenge or an authority's error is about the caller.
    pub fn is_about_the_call(&self) -> bool {
        let code = self.code().unwrap_or_default().to_ascii_lowercase();
        let has = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
        let message = || self.message().unwrap_or_default().to_ascii_lowercase();
        has(&code, &OF_THE_CALL)
            && !has(&code, &OF_THE_CALLER)
            && (!OF_ANY_PROGRAM.contains(&&*plain(&code)) || has(&message(), &PARTS_OF_A_CALL))
            && !self.is_challenged()
            && !self.body.contains("AADSTS")
    }

    /// Whether the call succeeded, or the service reports an error in the call itself. In both cases the service accepted
    /// the caller.
    pub fn is_good(&self) -> bool {
        match self.status {
            Some(500..) => false,
            Some(status @ 400..=499) if !STATUSES_OF_THE_CALL.contains(&status) => false,
            Some(400..=499) | None => self.is_about_the_call() && !self.is_html(),
            // SOAP sends errors with status 200.
            Some(_) => {
                self.is_success() || (self.soap_error().is_some() && self.is_about_the_call())
            }
        }
    }

    /// Whether the body is an error of any service, as JSON or XML, regardless of the status.
    pub fn says_error(&self) -> bool {
        let json = match self.json() {
            Some(Value::Object(members)) => is_error_object(&members),
            // Some services send a list of errors. The items of other lists may be messages.
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_object).any(|one| {
                let code_and_message = one.len() == 2 && one.contains_key("code");
                one.iter().any(|(name, value)| is_error(name, value))
                    || (code_and_message && one.contains_key("message"))
            }),
            _ => false,
        };
        let by_kind = self.header("content-type").any(|kind| kind.contains("application/problem+"));
        json || by_kind || self.soap_error().is_some() || is_error_document(&self.body)
    }

    /// The service's message for people: `error.message`, `MessageText`, `x-ms-diagnostics`.
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

    /// Whether it is only an object of JSON that is no API's error and has no code in words: `{"name": "…", "code": 13005}`.
    pub(crate) fn is_nameless(&self) -> bool {
        let members = self.json().and_then(|json| json.as_object().cloned());
        self.status.is_none()
            && self.headers.is_empty()
            && self.url.is_none()
            && self.code().is_none_or(|code| code.parse::<u64>().is_ok())
            && members.is_some_and(|members| {
                !members.contains_key("error") && !members.contains_key("odata.error")
            })
    }

    /// Whether it is a text, with or without a status that the text names.
    pub(super) fn is_in_words(&self) -> bool {
        self.headers.is_empty() && self.json().is_none()
    }

    /// Whether only a text is known: no status, no header, no JSON and no XML.
    pub(super) fn is_prose(&self) -> bool {
        self.status.is_none()
            && self.headers.is_empty()
            && self.json().is_none()
            && !self.body.trim_start().starts_with('<')
    }

    /// Whether the body is a web page, whatever precedes its first element.
    pub fn is_html(&self) -> bool {
        self.header("content-type").any(|kind| kind.to_ascii_lowercase().contains("html"))
            || is_page(&self.body)
    }
}

/// Whether `object` is an error, or wraps one: `{"response": {"error": …}}`.
pub(crate) fn is_error_object(object: &Map<String, Value>) -> bool {
    let wrapped = object.values().next().and_then(Value::as_object).filter(|_| object.len() == 1);
    object.iter().any(|(name, value)| is_error(name, value))
        || wrapped.is_some_and(|inner| inner.iter().any(|(name, value)| is_error(name, value)))
        || reports_failure(object)
        || is_only_text(object)
}

/// Whether a member of `object`, which contains a token, names an error or a failure. A message next to a token does not count.
pub(crate) fn has_failure(object: &Map<String, Value>) -> bool {
    let others: Map<String, Value> = object
        .iter()
        .filter(|(name, _)| plain(name) != "message")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    others.iter().any(|(name, value)| is_error(name, value))
        || reports_failure(&others)
        || has_error_within(&Value::Object(others))
}

/// Whether an object in `value`, outside of lists, is an error with a code or a message. A resource with an `id` may have one
/// of its own, which does not count.
pub(super) fn has_error_within(value: &Value) -> bool {
    // A body inside another body, as gateways send it.
    if let Value::String(text) = value {
        let inner = Some(text).filter(|text| text.trim_start().starts_with('{'));
        let inner = inner.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
        return inner.is_some_and(|inner| is_error_object(&inner));
    }
    let Some(members) = value.as_object().filter(|members| !members.contains_key("id")) else {
        return false;
    };
    members.iter().any(|(name, value)| {
        let is_list = value.as_array().is_some_and(|all| all.iter().any(Value::is_object));
        let told = is_list || ["code", "message"].iter().any(|told| value.get(told).is_some());
        (told && is_error(name, value)) || has_error_within(value)
    })
}

/// Whether a member contains an error status or reports a failure.
fn reports_failure(object: &Map<String, Value>) -> bool {
    // An entity with a type may have its own `status` member.
    let is_entity = object.keys().any(|name| name.starts_with("@odata."));
    // An answer in one member, such as `d` of OData 3.
    if object.len() == 1
        && let Some(inner) = object.values().next().and_then(Value::as_object)
        && reports_failure(inner)
    {
        return true;
    }
    // Of a token that is not in use (RFC 7662 §2.2). A user can be inactive too, and has other members.
    if object.get("active").is_some_and(is_no)
        && object.keys().all(|name| OF_INTROSPECTION.contains(&name.as_str()))
    {
        return true;
    }
    if is_failed_outcome(object) {
        return true;
    }
    let is_resource = is_entity || object.contains_key("id");
    object.iter().any(|(name, value)| {
        if let (Some(inner), "meta" | "result" | "response" | "status", false) =
            (value.as_object(), plain(name).as_str(), is_entity)
        {
            return reports_failure(inner);
        }
        if value.as_str().is_some_and(|text| text.starts_with("AADSTS")) {
            return true;
        }
        let (name, text) = (plain(name), value.as_str().map(str::to_ascii_lowercase));
        let is = |words: &[&str]| text.as_deref().is_some_and(|text| words.contains(&text));
        let number = value.as_u64().or_else(|| text.as_deref()?.parse().ok());
        let failed = number.is_some_and(|status| (400..600).contains(&status));
        match name.as_str() {
            "status" | "result" | "state" => !is_entity && (failed || is(&FAILED)),
            "statuscode" | "httpstatus" | "httpstatuscode" | "code" => failed,
            // WeChat and others: every number but 0 is an error.
            "errcode" | "errno" => number.is_some_and(|code| code != 0),
            // With a `command`, it is the status of a mail server (nodemailer).
            "responsecode" | "resultcode" => {
                !object.contains_key("command") && (failed || is(&FAILED))
            }
            "retcode" => number.is_some_and(|code| code != 0 && !(200..300).contains(&code)),
            "statusmessage" => text.is_some_and(|text| {
                text.split(' ').any(|word| word != "error" && FAILED.contains(&word))
            }),
            // Where the caller has to sign in, or to accept the terms of a network (RFC 8908 §5).
            "loginurl" | "signinurl" => {
                !is_resource && text.is_some_and(|text| text.starts_with("http"))
            }
            "captive" => *value == Value::Bool(true),
            // Azure Static Web Apps: nobody is signed in.
            "clientprincipal" => value.is_null(),
            // An entity can have a message as well.
            "message" => !is_entity && text.is_some_and(|text| !text.is_empty()),
            name => denies_success(name, value),
        }
    })
}

/// Whether `object` is an `OperationOutcome` of FHIR with an error in it.
fn is_failed_outcome(object: &Map<String, Value>) -> bool {
    let issues = object.get("issue").and_then(Value::as_array);
    let is_failed = |issue: &Value| {
        issue.get("severity").is_some_and(|severity| is_word(severity, &["error", "fatal"]))
    };
    object.get("resourceType").is_some_and(|kind| kind == "OperationOutcome")
        && issues.is_some_and(|all| all.iter().any(is_failed))
}

/// Members of the answer about a token (RFC 7662 §2.2).
const OF_INTROSPECTION: [&str; 12] = [
    "active",
    "aud",
    "client_id",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "scope",
    "sub",
    "token_type",
    "username",
];

/// Whether a member, an element or an attribute with this plain `name` says by itself that the call failed: `success` with `false`.
pub(super) fn denies_success(name: &str, value: &Value) -> bool {
    match name {
        "success" | "succeeded" | "issuccess" | "issuccessful" | "ok" | "authenticated"
        | "isauthenticated" | "authorized" | "isauthorized" | "loggedin" | "isloggedin" => {
            is_no(value)
        }
        "iserror" | "haserror" => {
            *value == Value::Bool(true) || is_word(value, &["1", "true", "yes"])
        }
        _ => false,
    }
}

/// Whether `value` is a no: as a boolean, as a text, or as the number 0.
fn is_no(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_i64() == Some(0),
        _ => is_word(value, &["0", "false", "no"]),
    }
}

fn is_word(value: &Value, words: &[&str]) -> bool {
    let text = value.as_str().map(str::trim);
    text.is_some_and(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text)))
}

/// Whether `object` contains only the description of a problem: RFC 9457 §3.1, and similar names.
fn is_only_text(object: &Map<String, Value>) -> bool {
    const WORDS: [&str; 10] = [
        "code",
        "detail",
        "instance",
        "msg",
        "reason",
        "status",
        "timestamp",
        "title",
        "traceid",
        "type",
    ];
    let has = |name: &str| object.keys().any(|own| plain(own) == name);
    object.keys().all(|name| WORDS.contains(&plain(name).as_str()))
        && (["detail", "msg", "reason"].into_iter().any(has)
            || (has("title") && has("type"))
            || (has("code") && object.len() == 1 && object.values().all(Value::is_string)))
}

/// Whether a member reports an error. `"errors": []` and `"error": null` do not.
pub(super) fn is_error(name: &str, value: &Value) -> bool {
    let is_nothing = match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    };
    !is_nothing && ERROR_MEMBERS.contains(&plain(name).as_str())
}

/// `name` in lower case, without separators.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether `xml` is a document whose root is an error, or a SOAP message that contains one.
pub(crate) fn is_error_document(xml: &str) -> bool {
    let Some((root, inside)) = next_element(xml) else { return false };
    let is_error = |name: String| ERROR_ELEMENTS.contains(&name.as_str());
    if root != "envelope" {
        return is_error(root) || next_element(inside).is_some_and(|(first, _)| is_error(first));
    }
    let Some(at) = inside.find("Body").filter(|at| inside[..*at].ends_with(['<', ':'])) else {
        return false;
    };
    let content = inside[at..].split_once('>').map(|(_, content)| content);
    content.and_then(next_element).is_some_and(|(name, _)| is_error(name))
}

/// Whether `text` is a web page, judged by its first element after comments and declarations.
pub(crate) fn is_page(text: &str) -> bool {
    let start = text.get(..text.len().min(PROLOG_BYTES)).unwrap_or(text).to_ascii_lowercase();
    if start.contains("<!doctype html")
        && text.trim_start_matches('\u{feff}').trim_start().starts_with('<')
    {
        return true;
    }
    next_element(text).is_some_and(|(name, _)| PAGE_ELEMENTS.contains(&name.as_str()))
}

/// The local name of the root of `xml`, in lower case.
pub(super) fn root(xml: &str) -> Option<String> {
    next_element(xml).map(|(name, _)| name)
}

/// The local name of the first element in `xml`, in lower case, and the text after its tag.
fn next_element(xml: &str) -> Option<(String, &str)> {
    let mut rest = xml.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    for _ in 0..PROLOG_MAX {
        let tag = rest.strip_prefix('<')?;
        let end = if tag.starts_with("!--") { "-->" } else { ">" };
        let (inside, after) = tag.split_once(end)?;
        if !tag.starts_with(['?', '!']) {
            let name = inside.split(|c: char| c.is_whitespace() || c == '/').next()?;
            let local = name.rsplit(':').next()?;
            return Some((local.to_ascii_lowercase(), after));
        }
        rest = after.trim_start();
    }
    None
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
