//! A parsed request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, header};
use serde_json::Value;
use url::{Url, form_urlencoded};

use entrada_core::{AuthorityKind, NamedHost};

/// A request with its parameters decoded.
pub(super) struct Call {
    pub(super) method: Method,
    /// The path without the query and without a B2C policy.
    pub(super) path: String,
    /// The policy of Azure AD B2C that the path names: `b2c_1_sign_in`.
    pub(super) policy: Option<String>,
    /// The host that the request names, if it names one.
    pub(super) host: Option<NamedHost>,
    /// How the client authenticated, at a token endpoint.
    pub(super) basic: bool,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    body: Vec<u8>,
    headers: HeaderMap,
}

/// The version of an endpoint of the authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndpointVersion {
    /// `/{tenant}/oauth2/…`, with `resource`.
    V1,
    /// `/{tenant}/oauth2/v2.0/…`, with `scope`.
    V2,
}

impl Call {
    pub(super) fn new(request: http::Request<Vec<u8>>) -> Self {
        let host = NamedHost::of(&request).ok().or_else(|| {
            // In process, the target alone names the host.
            NamedHost::parse(request.uri().authority()?.as_str().as_bytes()).ok()
        });
        let (parts, body) = request.into_parts();
        let pairs = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect::<Vec<_>>();
        let is_form = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        let mut call = Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            policy: None,
            host,
            basic: false,
            query: pairs(parts.uri.query().unwrap_or_default().as_bytes()),
            form: if is_form { pairs(&body) } else { Vec::new() },
            body,
            headers: parts.headers,
        };
        call.take_policy();
        if let Some((id, secret)) = call.basic_credentials() {
            call.basic = true;
            for (name, value) in [("client_id", id), ("client_secret", secret)] {
                if call.form(name).is_none() {
                    call.form.push((name.to_owned(), value));
                }
            }
        }
        call
    }

    /// Moves the policy out of a path at a host of Azure AD B2C: `/TENANT/POLICY/…`, also behind `/tfp`.
    fn take_policy(&mut self) {
        if self.kind() != AuthorityKind::B2c {
            return;
        }
        let segments = self.segments();
        let below = segments.strip_prefix(&["tfp"]).unwrap_or(&segments);
        if let [tenant, policy, rest @ ..] = below
            && policy.to_ascii_lowercase().starts_with("b2c_1")
        {
            let path = format!("/{tenant}/{}", rest.join("/"));
            self.policy = Some((*policy).to_owned());
            self.path = path;
        }
    }

    /// The product of the authority whose host the request names.
    pub(super) fn kind(&self) -> AuthorityKind {
        let url = self
            .host
            .as_ref()
            .and_then(|host| Url::parse(&format!("https://{}", host.name())).ok());
        url.map_or(AuthorityKind::Other, |url| AuthorityKind::of(&url))
    }

    /// The parts of the path between slashes.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }

    /// The version of the endpoint that the path names.
    pub(super) fn version(&self) -> EndpointVersion {
        match self.segments().as_slice() {
            [_, "oauth2", "authorize" | "token" | "devicecode" | "logout"] => EndpointVersion::V1,
            _ => EndpointVersion::V2,
        }
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

    /// The body as JSON.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as text; empty if it is none.
    pub(super) fn body(&self) -> &str {
        core::str::from_utf8(&self.body).unwrap_or_default()
    }

    /// The token of `Authorization: Bearer …`.
    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// Client ID and secret of `Authorization: Basic …`, each form-encoded before base64 (RFC 6749 §2.3.1).
    fn basic_credentials(&self) -> Option<(String, String)> {
        let (scheme, value) = self.header("authorization")?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        let decode = |text: &str| {
            let pair = format!("v={text}");
            let value = form_urlencoded::parse(pair.as_bytes()).next()?.1.into_owned();
            Some(value)
        };
        Some((decode(id)?, decode(secret)?))
    }

    pub(super) fn is_post(&self) -> bool {
        self.method == Method::POST
    }

    /// A request of the same caller for another path: one of a batch.
    pub(super) fn part(&self, method: Method, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method,
            policy: None,
            path: path.to_owned(),
            host: self.host.clone(),
            basic: false,
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            form: Vec::new(),
            body: Vec::new(),
            headers: self.headers.clone(),
        }
    }

    /// Values that must not leak: secrets that a client presents, from 8 characters on.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        const NAMES: [&str; 8] = [
            "code",
            "device_code",
            "refresh_token",
            "code_verifier",
            "client_secret",
            "client_assertion",
            "assertion",
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
