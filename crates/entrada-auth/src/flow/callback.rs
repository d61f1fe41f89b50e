//! Classifies the requests to the loopback listener. Pure: a request in, a classification out.

use http::{HeaderValue, Method, StatusCode, header};

use crate::sys::{HttpRequest, HttpResponse};
use entrada_core::NamedHost;
use entrada_core::oauth::authorization::{
    AuthorizationResponse, ExpectedRedirect, RedirectMismatch, read_redirect,
};

/// The expected redirect.
#[derive(Clone, Copy, Debug)]
pub(super) struct RedirectListener<'a> {
    /// The port of the listener.
    pub(super) port: u16,
    /// The path of the redirect URI: empty, or with a leading slash.
    pub(super) path: &'a str,
    /// The path of the start page, if there is one.
    pub(super) start_path: Option<&'a str>,
    /// Whether a response in the address is accepted.
    pub(super) in_address: bool,
    /// Whether a response in a form is accepted (`form_post`).
    pub(super) in_form: bool,
    /// The values that tie the response to the request.
    pub(super) expected: ExpectedRedirect<'a>,
}

/// The classification of a request.
#[derive(Debug)]
pub(super) enum CallbackKind {
    /// The response to the sign-in.
    Answer(AuthorizationResponse),
    /// A request for the start page, which leads to the sign-in page.
    Start,
    /// A request for the result page.
    Result,
    /// Another request, with the status and text to answer.
    Unrelated(StatusCode, &'static str),
    /// A response that does not belong to this sign-in.
    Mismatch(RedirectMismatch),
}

impl RedirectListener<'_> {
    /// The path to which the browser is sent after the redirect: an address without a secret.
    pub(super) fn result_path(&self) -> String {
        format!("{}/result", self.path.trim_end_matches('/'))
    }

    /// Checks a request in this order: its host, its path, its method, and its parameters.
    pub(super) fn classify(&self, request: &HttpRequest) -> CallbackKind {
        if !is_for(self.port, request) {
            return CallbackKind::Unrelated(
                StatusCode::MISDIRECTED_REQUEST,
                "this is not the requested server",
            );
        }
        let path = request.uri().path();
        if path == self.result_path() {
            return match *request.method() {
                Method::GET => CallbackKind::Result,
                _ => NOT_ALLOWED,
            };
        }
        if Some(path) == self.start_path {
            return match *request.method() {
                Method::GET => CallbackKind::Start,
                _ => NOT_ALLOWED,
            };
        }
        if path != self.path && !(self.path.is_empty() && path == "/") {
            return CallbackKind::Unrelated(StatusCode::NOT_FOUND, "there is no page here");
        }
        let (parameters, wrong_way) = match *request.method() {
            Method::GET => (
                request.uri().query().unwrap_or_default().to_owned(),
                (!self.in_address).then_some(RedirectMismatch::InAddress),
            ),
            Method::POST if is_form(request) => (
                String::from_utf8_lossy(request.body()).into_owned(),
                (!self.in_form).then_some(RedirectMismatch::InForm),
            ),
            _ => return NOT_ALLOWED,
        };
        match read_redirect(&parameters, self.expected) {
            // A request with the right `state` and the wrong method comes from the authority, which used another
            // response mode.
            Ok(answer) => wrong_way.map_or(CallbackKind::Answer(answer), CallbackKind::Mismatch),
            Err(RedirectMismatch::NoAnswer) if *request.method() == Method::GET => {
                CallbackKind::Unrelated(
                    StatusCode::OK,
                    "entrada is waiting for your sign-in; finish it in the page that was opened",
                )
            }
            Err(RedirectMismatch::NoAnswer) => NOT_ALLOWED,
            Err(not_ours) => CallbackKind::Mismatch(not_ours),
        }
    }
}

/// Whether the `Host` of `request` is this machine and `port`. A page on another host name that resolves to this
/// machine (DNS rebinding) does not match.
pub(super) fn is_for(port: u16, request: &HttpRequest) -> bool {
    NamedHost::of(request).is_ok_and(|host| host.is_loopback() && host.port_or(80) == port)
}

const NOT_ALLOWED: CallbackKind =
    CallbackKind::Unrelated(StatusCode::METHOD_NOT_ALLOWED, "this method is not supported here");

fn is_form(request: &HttpRequest) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// A short plain-text response, without any part of the request.
pub(super) fn plain(status: StatusCode, text: &'static str) -> HttpResponse {
    answer(status, "text/plain; charset=utf-8", text.into())
}

/// An HTML page.
pub(super) fn html(status: StatusCode, page: String) -> HttpResponse {
    answer(status, "text/html; charset=utf-8", page.into_bytes())
}

/// Redirects the browser to `target`: to the result page, so that the address with the code is no longer shown, or to the
/// sign-in page.
pub(super) fn redirect_to(target: &str) -> HttpResponse {
    let mut response = plain(StatusCode::SEE_OTHER, "");
    if let Ok(location) = HeaderValue::from_str(target) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The headers forbid storing, loading, framing and sending a referrer. No other origin may read the page, because
/// there is no CORS header.
fn answer(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (header::CONNECTION, "close"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use entrada_core::Secret;
    use entrada_core::oauth::authorization::ResponseMode;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn request(
        method: &str,
        target: &str,
        host: &str,
        content_type: &str,
        body: &str,
    ) -> HttpRequest {
        let mut builder = http::Request::builder().method(method).uri(target);
        for host in host.split(' ').filter(|host| !host.is_empty()) {
            builder = builder.header("host", host);
        }
        builder.header("content-type", content_type).body(body.as_bytes().to_vec()).unwrap()
    }

    /// The classification of a request, as a word.
    fn classified(mode: ResponseMode, path: &str, request: &HttpRequest) -> String {
        let state = Secret::new("the-state");
        let expected = ExpectedRedirect { state: &state, issuer: None, issuer_always: false };
        let in_form = mode == ResponseMode::FormPost;
        let listener = RedirectListener {
            port: 8400,
            path,
            start_path: Some("/sign-in/ticket"),
            in_address: !in_form,
            in_form,
            expected,
        };
        match listener.classify(request) {
            CallbackKind::Start => "start".to_owned(),
            CallbackKind::Answer(AuthorizationResponse::Code(code)) => {
                format!("code {}", code.expose())
            }
            CallbackKind::Answer(AuthorizationResponse::Refused(error)) => error.error,
            CallbackKind::Result => "result".to_owned(),
            CallbackKind::Unrelated(status, _) => status.as_u16().to_string(),
            CallbackKind::Mismatch(RedirectMismatch::InAddress) => "in the address".to_owned(),
            CallbackKind::Mismatch(RedirectMismatch::InForm) => "in a form".to_owned(),
            CallbackKind::Mismatch(_) => "mismatch".to_owned(),
        }
    }

    #[test]
    fn only_the_right_request_is_the_answer() {
        use ResponseMode::{FormPost, Query};
        const GOOD: &str = "/?code=c&state=the-state";
        const BODY: &str = "code=c&state=the-state";
        const DENIED: &str = "/?error=access_denied&state=the-state";
        for (mode, path, method, target, host, body, expected) in [
            (Query, "", "GET", GOOD, "localhost:8400", "", "code c"),
            (Query, "", "GET", GOOD, "127.0.0.1:8400", "", "code c"),
            (Query, "", "GET", GOOD, "[::1]:8400", "", "code c"),
            (Query, "", "GET", GOOD, "LOCALHOST:8400", "", "code c"),
            (Query, "/cb", "GET", "/cb?code=c&state=the-state", "localhost:8400", "", "code c"),
            (
                Query,
                "",
                "GET",
                "/?error=access_denied&state=the-state",
                "localhost:8400",
                "",
                "access_denied",
            ),
            (FormPost, "", "POST", "/", "localhost:8400", BODY, "code c"),
            (FormPost, "", "POST", GOOD, "localhost:8400", "", "405"),
            (FormPost, "", "POST", "/?code=d", "localhost:8400", BODY, "code c"),
            (FormPost, "", "GET", GOOD, "localhost:8400", "", "in the address"),
            (FormPost, "", "GET", DENIED, "localhost:8400", "", "in the address"),
            (FormPost, "", "GET", GOOD, "localhost:8400", BODY, "in the address"),
            (FormPost, "", "GET", "/?code=c&state=x", "localhost:8400", "", "mismatch"),
            (FormPost, "", "GET", "/", "localhost:8400", BODY, "200"),
            (Query, "", "POST", "/", "localhost:8400", BODY, "in a form"),
            (Query, "", "POST", GOOD, "localhost:8400", "code=c&state=x", "mismatch"),
            (Query, "", "POST", GOOD, "localhost:8400", "", "405"),
            (
                Query,
                "",
                "GET",
                "http://localhost:8400/?code=c&state=the-state",
                "localhost:8400",
                "",
                "code c",
            ),
            (
                Query,
                "",
                "GET",
                "http://evil.example:8400/?code=c&state=the-state",
                "localhost:8400",
                "",
                "421",
            ),
            (
                Query,
                "",
                "GET",
                "http://localhost:8400/?code=c&state=the-state",
                "evil.example:8400",
                "",
                "421",
            ),
            (Query, "", "GET", GOOD, "evil@localhost:8400", "", "421"),
            (Query, "", "GET", GOOD, "localhost:8400/", "", "421"),
            (Query, "", "GET", GOOD, "[::1]8400", "", "421"),
            (Query, "", "GET", GOOD, "[0:0:0:0:0:0:0:1]:8400", "", "code c"),
            (Query, "", "GET", GOOD, "evil.example:8400", "", "421"),
            (Query, "", "GET", GOOD, "localhost", "", "421"),
            (Query, "", "GET", GOOD, "localhost:8401", "", "421"),
            (Query, "", "GET", GOOD, "", "", "421"),
            (Query, "", "GET", GOOD, "localhost:8400 evil.example", "", "421"),
            (Query, "", "GET", GOOD, "localhost:8400@evil.example", "", "421"),
            (Query, "", "GET", "/favicon.ico", "localhost:8400", "", "404"),
            (Query, "", "GET", "/cb?code=c&state=the-state", "localhost:8400", "", "404"),
            (Query, "/cb", "GET", GOOD, "localhost:8400", "", "404"),
            (Query, "", "HEAD", GOOD, "localhost:8400", "", "405"),
            (Query, "", "OPTIONS", GOOD, "localhost:8400", "", "405"),
            (FormPost, "", "PUT", "/", "localhost:8400", BODY, "405"),
            (Query, "", "GET", "/", "localhost:8400", "", "200"),
            (Query, "", "GET", "/?code=c&state=x", "localhost:8400", "", "mismatch"),
            (Query, "", "GET", "/?code=c", "localhost:8400", "", "mismatch"),
            (Query, "", "GET", "/result", "localhost:8400", "", "result"),
            (Query, "/cb", "GET", "/cb/result", "localhost:8400", "", "result"),
            (Query, "", "POST", "/result", "localhost:8400", "", "405"),
            (Query, "", "GET", "/sign-in/ticket", "localhost:8400", "", "start"),
            (Query, "", "GET", "/sign-in/ticket", "evil.example:8400", "", "421"),
            (Query, "", "HEAD", "/sign-in/ticket", "localhost:8400", "", "405"),
            (Query, "", "GET", "/sign-in/guess", "localhost:8400", "", "404"),
        ] {
            let request = request(method, target, host, FORM, body);
            assert_eq!(classified(mode, path, &request), expected, "{method} {target} {host}");
        }
    }

    #[test]
    fn a_form_is_a_form_by_its_type() {
        const BODY: &str = "code=c&state=the-state";
        for (kind, expected) in [
            ("application/x-www-form-urlencoded; charset=utf-8", "code c"),
            ("text/plain", "405"),
            ("multipart/form-data; boundary=x", "405"),
        ] {
            let request = request("POST", "/", "localhost:8400", kind, BODY);
            assert_eq!(classified(ResponseMode::FormPost, "", &request), expected, "{kind}");
        }
    }
}
