//! A parsed request.

use http::{HeaderMap, Method, header};
use url::form_urlencoded;

/// A request with its parameters decoded.
pub(super) struct Call {
    pub(super) method: Method,
    /// The path without the query.
    pub(super) path: String,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    headers: HeaderMap,
}

impl Call {
    pub(super) fn new(request: http::Request<Vec<u8>>) -> Self {
        let (parts, body) = request.into_parts();
        let pairs = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect::<Vec<_>>();
        let is_form = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: pairs(parts.uri.query().unwrap_or_default().as_bytes()),
            form: if is_form { pairs(&body) } else { Vec::new() },
            headers: parts.headers,
        }
    }

    /// The parts of the path between slashes.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }

    /// A form member; empty counts as absent.
    pub(super) fn form(&self, name: &str) -> Option<&str> {
        find(&self.form, name)
    }

    /// A query parameter; empty counts as absent.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// A form member, or otherwise a query parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.form(name).or_else(|| self.query(name))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token of `Authorization: Bearer …`.
    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    pub(super) fn is_post(&self) -> bool {
        self.method == Method::POST
    }

    /// Values that must not leak: secrets that a client presents, from 8 characters on.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        const NAMES: [&str; 7] = [
            "code",
            "device_code",
            "refresh_token",
            "code_verifier",
            "client_secret",
            "client_assertion",
            "password",
        ];
        self.form
            .iter()
            .filter(|(name, value)| NAMES.contains(&name.as_str()) && 8 <= value.len())
            .map(|(_, value)| value.as_str())
            .chain(self.bearer().filter(|token| 8 <= token.len()))
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, value) = pairs.iter().find(|(key, value)| key == name && !value.is_empty())?;
    Some(value)
}
