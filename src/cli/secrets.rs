//! Registers every secret of a run with its redactor at the moment it is known: in requests, in responses, in the
//! redirect from the browser, and in the user's input.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use url::Url;

use entrada_auth::sys::{
    Bundle, CallbackRequest, Env, Http, HttpError, HttpRequest, HttpResponse, Interrupted, Line,
    Listener, Loopback, PROXY_VARIABLES, Stream, Terminal,
};
use entrada_core::{Redactor, Secret, is_secret_name};

/// One of the effects, whose secrets are registered.
pub(super) struct Registering<'a, T: ?Sized> {
    pub(super) inner: &'a T,
    pub(super) redactor: &'a Redactor,
}

/// Registers the secrets in the environment.
pub(super) fn of_environment(env: &Env, redactor: &Redactor) {
    for value in PROXY_VARIABLES.into_iter().filter_map(|name| env.get(name)) {
        // Written as an address or as one without its scheme.
        let url = Url::parse(value).ok().filter(Url::has_host);
        let url = url.or_else(|| Url::parse(&format!("http://{value}")).ok());
        if let Some(url) = url {
            of_address(&url, redactor);
        }
    }
}

/// Registers the password and the secret parameters of `url`.
fn of_address(url: &Url, redactor: &Redactor) {
    if let Some(password) = url.password() {
        redactor.register(password);
        redactor.register(&percent_decoded(password));
    }
    for pairs in [url.query(), url.fragment()].into_iter().flatten() {
        of_form(pairs.as_bytes(), redactor);
    }
}

fn percent_decoded(text: &str) -> String {
    let pair = [b"x=", text.replace('+', "%2B").as_bytes()].concat();
    url::form_urlencoded::parse(&pair).map(|(_, value)| value.into_owned()).collect()
}

fn of_form(form: &[u8], redactor: &Redactor) {
    for (name, value) in url::form_urlencoded::parse(form) {
        redactor.learn_parameter(&name, &value);
    }
}

fn of_headers(headers: &HeaderMap, redactor: &Redactor) {
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        if name == http::header::AUTHORIZATION || name == http::header::PROXY_AUTHORIZATION {
            of_authorization(&value, redactor);
        } else if is_secret_name(name.as_str()) {
            // `name=value; Path=/` of a cookie.
            let cookie = value.split(';').next().and_then(|pair| pair.split_once('='));
            redactor.register(cookie.map_or(&*value, |(_, value)| value));
        }
    }
}

/// `Bearer TOKEN`, and `Basic` with a password in it.
fn of_authorization(value: &str, redactor: &Redactor) {
    let (scheme, credentials) = value.split_once(' ').unwrap_or(("", value));
    redactor.register(credentials);
    if scheme.eq_ignore_ascii_case("basic")
        && let Ok(bytes) = BASE64_STANDARD.decode(credentials.trim())
        && let Ok(text) = String::from_utf8(bytes)
        && let Some((_, password)) = text.split_once(':')
    {
        redactor.register(password);
    }
}

fn of_body(headers: &HeaderMap, body: &[u8], redactor: &Redactor) {
    let kind = headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(entrada_core::har::is_form) {
        of_form(body, redactor);
    } else if let Ok(value) = serde_json::from_slice(body) {
        redactor.learn(&value);
    }
}

impl Http for Registering<'_, dyn Http + '_> {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if let Ok(url) = Url::parse(&request.uri().to_string()) {
            of_address(&url, self.redactor);
        }
        of_headers(request.headers(), self.redactor);
        of_body(request.headers(), request.body(), self.redactor);
        let answer = self.inner.send(request)?;
        of_headers(answer.headers(), self.redactor);
        let body = answer.body().strip_prefix(b"\xef\xbb\xbf").unwrap_or(answer.body());
        if let Ok(value) = serde_json::from_slice(body) {
            self.redactor.learn(&value);
        } else {
            // What is cut off may still be quoted.
            self.redactor.learn_text(&String::from_utf8_lossy(body));
        }
        Ok(answer)
    }

    fn trust(&self, bundle: Bundle) {
        self.inner.trust(bundle);
    }
}

impl Loopback for Registering<'_, dyn Loopback + '_> {
    fn listen(&self, ports: &[u16]) -> io::Result<Box<dyn Listener>> {
        let inner = self.inner.listen(ports)?;
        Ok(Box::new(RegisteringListener { inner, redactor: self.redactor.clone() }))
    }
}

struct RegisteringListener {
    inner: Box<dyn Listener>,
    redactor: Redactor,
}

impl Listener for RegisteringListener {
    fn port(&self) -> u16 {
        self.inner.port()
    }

    fn next(&mut self, wait: Duration) -> Result<Option<CallbackRequest>, Interrupted> {
        let visit = self.inner.next(wait)?;
        if let Some(CallbackRequest { request, .. }) = &visit {
            of_form(request.uri().query().unwrap_or_default().as_bytes(), &self.redactor);
            of_body(request.headers(), request.body(), &self.redactor);
        }
        Ok(visit)
    }

    fn close(self: Box<Self>, grace: Duration) {
        self.inner.close(grace);
    }
}

impl Terminal for Registering<'_, dyn Terminal + '_> {
    fn is_terminal(&self, stream: Stream) -> bool {
        self.inner.is_terminal(stream)
    }

    fn width(&self) -> Option<usize> {
        self.inner.width()
    }

    fn read_password(&self, prompt: &str) -> io::Result<Secret> {
        let password = self.inner.read_password(prompt)?;
        self.redactor.register(password.expose());
        Ok(password)
    }

    fn read_line(&self) -> io::Result<Box<dyn Line>> {
        let inner = self.inner.read_line()?;
        Ok(Box::new(RegisteringLine { inner, redactor: self.redactor.clone() }))
    }
}

struct RegisteringLine {
    inner: Box<dyn Line>,
    redactor: Redactor,
}

impl Line for RegisteringLine {
    fn poll(&mut self) -> Option<io::Result<Secret>> {
        let polled = self.inner.poll();
        if let Some(Ok(line)) = &polled {
            let text: String = line.expose().split_whitespace().collect();
            match Url::parse(&text).ok().filter(Url::has_host) {
                Some(url) => of_address(&url, &self.redactor),
                // A bare code, or the parameters alone.
                None if text.contains('=') => {
                    of_form(text.trim_start_matches(['?', '#']).as_bytes(), &self.redactor);
                }
                None => self.redactor.register(&text),
            }
        }
        polled
    }
}
