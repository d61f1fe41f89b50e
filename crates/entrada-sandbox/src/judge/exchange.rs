//! One request and its response, with what the rules ask about it.

use entrada_core::har::{Pair, Token, value_of};
use entrada_core::{Redactor, clean};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A request and its response.
///
/// Secrets are compared, never shown, so that a fingerprint serves the rules as well as the value. What a fingerprint does not
/// show is in [`Exchange::facts`].
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// The number in the record, from 1: `#3`.
    pub number: usize,
    /// The run of the program, from 1.
    pub run: u32,
    /// When the request was sent: milliseconds since 1970.
    pub at: i64,
    /// Milliseconds until the response was complete.
    pub duration: i64,
    /// `GET`, `POST`.
    pub method: String,
    /// `https` or `http`.
    pub scheme: String,
    /// The host, in lower case and without a port.
    pub host: String,
    /// The path of the URL.
    pub path: String,
    /// The parameters of the URL.
    pub query: Vec<Pair>,
    /// The members of a form.
    pub form: Vec<Pair>,
    /// The headers of the request; their names are in lower case.
    pub headers: Vec<Pair>,
    /// The HTTP status; 0 without a response.
    pub status: u16,
    /// The headers of the response; their names are in lower case.
    pub response_headers: Vec<Pair>,
    /// The members of a JSON response.
    pub body: Map<String, Value>,
    /// What is known from the secrets of this exchange.
    pub facts: ExchangeFacts,
}

/// What the rules need of secret values. It is taken before they are redacted, and shows none of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExchangeFacts {
    /// The randomness that `state` has at the most, in bits, from its length and its alphabet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_bits: Option<u32>,
    /// Whether `code_verifier` fits the `code_challenge` of an earlier authorization request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verifier_fits: Option<bool>,
    /// The scheme of `Authorization`: `Basic`, `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// Whether a `Basic` authorization has an empty password.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub empty_password: bool,
    /// Header and claims of the bearer token, without its signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer: Option<Token>,
}

/// The endpoint of an authority that a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The authorization endpoint.
    Authorize,
    /// The device authorization endpoint.
    DeviceCode,
    /// The token endpoint.
    Token,
    /// The OpenID configuration.
    Metadata,
    /// Another path, or another host.
    Other,
}

impl Exchange {
    /// The endpoint, by the path: an emulator or a proxy may have any host.
    pub fn endpoint(&self) -> Endpoint {
        // Azure's metadata service has a path of its own for tokens, which ends in `/oauth2/token`.
        if self.host == "169.254.169.254" {
            return Endpoint::Other;
        }
        let path = self.path.trim_end_matches('/').to_ascii_lowercase();
        let rest = path.rsplit_once("/oauth2/").map(|(_, rest)| rest);
        let live = self.host == "login.live.com";
        match rest {
            Some("v2.0/authorize" | "authorize") => Endpoint::Authorize,
            Some("v2.0/devicecode" | "devicecode") => Endpoint::DeviceCode,
            Some("v2.0/token" | "token") => Endpoint::Token,
            None if live && path == "/oauth20_authorize.srf" => Endpoint::Authorize,
            None if live && path == "/oauth20_token.srf" => Endpoint::Token,
            _ if path.ends_with("/.well-known/openid-configuration") => Endpoint::Metadata,
            _ => Endpoint::Other,
        }
    }

    /// Whether the path is one of Entra's v1 endpoints, which take `resource`.
    pub fn is_v1(&self) -> bool {
        self.endpoint() != Endpoint::Metadata
            && self.endpoint() != Endpoint::Other
            && self.host != "login.live.com"
            && !self.path.to_ascii_lowercase().contains("/oauth2/v2.0/")
    }

    /// A parameter of the URL or the form; empty counts as absent.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = value_of(&self.form, name).filter(|value| !value.is_empty());
        found.or_else(|| value_of(&self.query, name).filter(|value| !value.is_empty()))
    }

    /// Whether the form has the member, even empty.
    pub fn has_form(&self, name: &str) -> bool {
        value_of(&self.form, name).is_some()
    }

    /// A header of the response.
    pub fn response_header(&self, name: &str) -> Option<&str> {
        value_of(&self.response_headers, name)
    }

    /// The `grant_type` of a token request, by its last part: `device_code`.
    pub fn grant(&self) -> Option<&str> {
        if self.endpoint() != Endpoint::Token {
            return None;
        }
        let grant = self.parameter("grant_type")?;
        Some(grant.rsplit(':').next().unwrap_or(grant))
    }

    /// The device code of a poll. v1 calls it `code`.
    pub fn polled_code(&self) -> Option<&str> {
        (self.grant()? == "device_code").then_some(())?;
        self.parameter("device_code").or_else(|| self.parameter("code"))
    }

    /// The client: from the form, the URL, or the token's claims.
    pub fn client_id(&self) -> &str {
        self.parameter("client_id").unwrap_or_default()
    }

    /// A text member of the response.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name)?.as_str()
    }

    /// A number of the response, which some servers send as text.
    pub fn number(&self, name: &str) -> Option<i64> {
        let value = self.body.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    /// The OAuth `error` of the response.
    pub fn error(&self) -> Option<&str> {
        self.text("error")
    }

    /// Whether the response brought tokens.
    pub fn issued(&self) -> bool {
        self.status == 200 && self.body.contains_key("access_token")
    }

    /// When the response was complete.
    pub fn ended(&self) -> i64 {
        self.at + self.duration
    }

    /// Whether the response is a fault that passes by itself: none at all, 429, 5xx, `temporarily_unavailable`.
    pub fn is_passing_fault(&self) -> bool {
        matches!(self.status, 0 | 429 | 500..=599)
            || self.error() == Some("temporarily_unavailable")
    }

    /// Whether a user takes part: an authorization request that may show a page, or a request for a device code.
    pub fn is_interactive(&self) -> bool {
        match self.endpoint() {
            Endpoint::Authorize => {
                self.parameter("prompt") != Some("none") && self.parameter("client_id").is_some()
            }
            Endpoint::DeviceCode => true,
            _ => false,
        }
    }

    /// `POST login.microsoftonline.com/common/oauth2/v2.0/token`, for reports: on one line, without control characters and
    /// without what looks like a secret. An archive may be a stranger's.
    pub fn shown(&self) -> String {
        let text = format!("{} {}{}", self.method, self.host, self.path);
        Redactor::without_likely_secrets(&clean(&text)).into_owned()
    }
}
