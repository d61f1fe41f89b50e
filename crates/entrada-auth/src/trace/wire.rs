//! Converts a request and an answer to archive entries without secrets.

use std::error::Error as _;

use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use serde_json::Value;
use url::Url;

use crate::sys::{HttpError, HttpRequest, HttpResponse};
use entrada_core::Redactor;
use entrada_core::har::{
    Content, HarEntry, Pair, PostData, Request, Response, is_form, is_redacted, pairs_of,
};

/// Members of an answer with tokens that can be decoded.
const TOKENS: [&str; 2] = ["access_token", "id_token"];
/// Larger documents are left out. An authority's metadata and keys are smaller.
const DOCUMENT_MAX: usize = 256 << 10;

/// Converts `request`. `base` completes an address that is only a path.
pub(super) fn request(request: &HttpRequest, base: Option<&Url>, redactor: &Redactor) -> Request {
    let target = request.uri().to_string();
    let url = match base {
        Some(base) => base.join(&target),
        None => Url::parse(&target),
    };
    let (url, query_string) = match url {
        Ok(url) => redactor.url(&url),
        Err(_) => (format!("unreadable:{}", redactor.hide(&target)), Vec::new()),
    };
    let body = request.body();
    let mime_type = header(request.headers(), CONTENT_TYPE);
    let params = if is_form(&mime_type) { redactor.pairs(&pairs_of(body)) } else { Vec::new() };
    let post_data = (!body.is_empty()).then(|| PostData {
        params,
        mime_type: redactor.one_line(&mime_type),
        text: None,
    });
    Request {
        method: redactor.one_line(request.method().as_str()),
        url,
        http_version: String::new(),
        cookies: Vec::new(),
        headers: headers(request.headers(), redactor),
        query_string,
        post_data,
        headers_size: -1,
        body_size: size(body),
    }
}

/// Writes `answer` to `entry`.
pub(super) fn answer(entry: &mut HarEntry, answer: &HttpResponse, redactor: &Redactor) {
    let body = answer.body();
    let version = format!("{:?}", answer.version());
    let status = answer.status();
    let mut content = Content { size: size(body), ..Content::default() };
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let shown = match json {
        Some(json) if asked_without_secret(&entry.request) && body.len() <= DOCUMENT_MAX => {
            Some(redactor.document(&json))
        }
        Some(Value::Object(members)) => {
            for name in TOKENS {
                let token = members.get(name).and_then(Value::as_str);
                if let Some(token) = token.and_then(|token| redactor.token(token)) {
                    entry.tokens.insert(name.to_owned(), token);
                }
            }
            Some(Value::Object(redactor.members(&members)))
        }
        _ => None,
    };
    match shown.and_then(|shown| serde_json::to_string_pretty(&shown).ok()) {
        Some(text) => content.text = Some(text),
        None if body.is_empty() => (),
        None => content.comment = Some("left out: it is not JSON".to_owned()),
    }
    // Added after the body, because the text may repeat secrets of the body.
    content.mime_type = redactor.one_line(&header(answer.headers(), CONTENT_TYPE));
    let headers = headers(answer.headers(), redactor);
    entry.request.http_version.clone_from(&version);
    entry.response = Response {
        status: status.as_u16(),
        status_text: status.canonical_reason().unwrap_or_default().to_owned(),
        http_version: version,
        cookies: Vec::new(),
        redirect_url: entrada_core::har::value_of(&headers, "location")
            .unwrap_or_default()
            .to_owned(),
        headers,
        content,
        headers_size: -1,
        body_size: size(body),
        error: None,
    };
}

/// The reason why there was no answer, with all causes.
pub(super) fn reasons(error: &HttpError) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let all = std::iter::once(error.to_string()).chain(causes.map(ToString::to_string));
    all.collect::<Vec<_>>().join(": ")
}

/// Whether the request contains no secret, so that the answer contains none either: metadata, keys.
fn asked_without_secret(request: &Request) -> bool {
    let names = [AUTHORIZATION.as_str(), COOKIE.as_str()];
    request.method == "GET"
        && !request.query_string.iter().any(|pair| is_redacted(&pair.value))
        && !request.headers.iter().any(|header| names.contains(&header.name.as_str()))
}

fn headers(headers: &HeaderMap, redactor: &Redactor) -> Vec<Pair> {
    let all = headers.iter();
    all.map(|(name, value)| {
        redactor.header(name.as_str(), &String::from_utf8_lossy(value.as_bytes()))
    })
    .collect()
}

fn header(headers: &HeaderMap, name: http::HeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

fn size(body: &[u8]) -> i64 {
    i64::try_from(body.len()).unwrap_or(i64::MAX)
}
