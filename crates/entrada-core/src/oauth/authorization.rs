//! The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3) and the response that the browser brings back (RFC 6749
//! §4.1.2, RFC 9207).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;
use url::{Url, form_urlencoded};

use super::{ErrorResponse, build, is_refusal};
use crate::{ScopeSet, Secret};

/// The transport of the response (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    strum::EnumIter,
    strum::EnumMessage,
    strum::EnumString,
    strum::IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ResponseMode {
    /// In the URL, after `?`
    #[default]
    Query,
    /// In the body of a POST, not in the URL
    FormPost,
    /// In the URL, after `#`: for a redirect page on another host, whose URL the user pastes
    Fragment,
}

impl ResponseMode {
    /// The value of the parameter.
    pub fn id(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
            Self::Fragment => "fragment",
        }
    }
}

/// The user interaction that the sign-in page is asked for (OIDC Core §3.1.2.1).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    strum::EnumIter,
    strum::EnumMessage,
    strum::EnumString,
    strum::IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PagePrompt {
    /// Ask for the password again
    Login,
    /// Ask for consent again
    Consent,
    /// Let the user pick an account
    SelectAccount,
    /// Ask nothing: works only with an existing session in that browser
    None,
    /// Let the user create an account (Entra External ID)
    Create,
}

impl PagePrompt {
    /// The value of the parameter.
    pub fn id(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
            Self::None => "none",
            Self::Create => "create",
        }
    }
}

/// Values that bind the response to the request. Each is used for one sign-in.
#[derive(Clone, Debug)]
pub struct AuthRequestState {
    /// Returned in the response (RFC 6749 §10.12). 256 bits, base64url.
    pub state: Secret,
    /// Proves that the same client sent the request and redeems the code (RFC 7636 §4.1). 43 characters, 256 bits.
    pub verifier: Secret,
    /// Returned in the ID token (OIDC Core §3.1.2.1). 256 bits, base64url.
    pub nonce: Secret,
}

impl AuthRequestState {
    /// Makes the values from 96 random bytes.
    pub fn new(random: &[u8; 96]) -> Self {
        let part = |from: usize| Secret::new(URL_SAFE_NO_PAD.encode(&random[from..from + 32]));
        Self { state: part(0), verifier: part(32), nonce: part(64) }
    }
}

/// The input of an authorization request.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest<'a> {
    /// RFC 6749 §3.1.
    pub endpoint: &'a Url,
    /// The client ID.
    pub client_id: &'a str,
    /// The registered redirect URI, with the port of the listener.
    pub redirect_uri: &'a str,
    /// The scopes, of one or several APIs: the user consents to all of them at once.
    pub scopes: &'a ScopeSet,
    /// See [`AuthRequestState`].
    pub request_state: &'a AuthRequestState,
    /// Further parameters: `prompt`, `login_hint`, `claims`, `response_mode`, …
    pub extra: Vec<(&'a str, &'a str)>,
}

/// Parameters of the authorization request that entrada sets itself, with the setting that changes each; empty where there
/// is none. A caller that could set them could send the code elsewhere, or ask for a response that entrada cannot read.
pub const RESERVED_PARAMETERS: [(&str, &str); 28] = [
    ("access_token", ""),
    ("assertion", ""),
    ("claims", "claims"),
    ("client_assertion", ""),
    ("client_assertion_type", ""),
    ("client_id", "client-id"),
    ("client_info", ""),
    ("client_secret", ""),
    ("code", ""),
    ("code_challenge", ""),
    ("code_challenge_method", ""),
    ("code_verifier", ""),
    ("device_code", ""),
    ("domain_hint", "domain-hint"),
    // RFC 9449 §10: each use of the token would need a proof.
    ("dpop_jkt", ""),
    ("grant_type", ""),
    ("login_hint", "login-hint"),
    ("nonce", ""),
    ("password", ""),
    ("prompt", "prompt"),
    ("redirect_uri", "redirect-uri"),
    ("refresh_token", ""),
    // RFC 9101: these parameters replace the whole request.
    ("request", ""),
    ("request_uri", ""),
    ("response_mode", "response-mode"),
    ("response_type", ""),
    ("scope", "scope"),
    ("state", ""),
];

impl AuthorizationRequest<'_> {
    /// The URL to open in a browser. It has `state`, the challenge and, with `openid`, the nonce.
    pub fn url(&self) -> Url {
        let mut extra = self.extra.clone();
        if self.scopes.contains("openid") {
            extra.push(("nonce", self.request_state.nonce.expose()));
        }
        build::authorization(self, &extra)
    }
}

/// The response that the browser brought back.
#[derive(Debug)]
pub enum AuthorizationResponse {
    /// A code to redeem.
    Code(Secret),
    /// The authority or the user refused.
    Refused(Box<ErrorResponse>),
}

/// The reason why a response does not belong to this request. None of its content is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectMismatch {
    /// The response has neither `code` nor `error`.
    #[error("it is not a sign-in response: it has neither `code` nor `error`")]
    NoAnswer,
    /// The `state` is missing or belongs to another sign-in.
    #[error(
        "its `state` does not match this sign-in: it belongs to another tab or an earlier attempt"
    )]
    State,
    /// A parameter is repeated (RFC 6749 §3.1).
    #[error("it has a parameter twice")]
    Twice,
    /// RFC 9207 §2.4: another authority responded.
    #[error("its `iss` is not the authority of this sign-in")]
    Issuer,
    /// RFC 9207 §2.4: the response has no `iss`, which this authority always sends.
    #[error("it has no `iss`, which this authority always sends")]
    NoIssuer,
    /// The parameters are in the URL, and the request asked for a form.
    #[error(
        "its parameters are in the URL, and this sign-in asks for a form \
         (`--response-mode form_post`): an authority that sends no forms needs `--response-mode query`"
    )]
    InAddress,
    /// The parameters are in a form, and the request asked for the URL.
    #[error(
        "its parameters are in a form, and this sign-in asks for them in the URL: \
         for a form use `--response-mode form_post`"
    )]
    InForm,
}

/// The values that a response is compared with.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedRedirect<'a> {
    /// The `state` of the request.
    pub state: &'a Secret,
    /// The issuer, if it is known. `{tenantid}` in it stands for the GUID of any tenant, as in Entra's metadata.
    pub issuer: Option<&'a str>,
    /// Whether the metadata promises an `iss` in every response.
    pub issuer_always: bool,
}

/// Reads the parameters of a response, from a query, a fragment or a form. It checks `state` first.
///
/// # Errors
///
/// [`RedirectMismatch`] if the parameters are not a response to this request.
pub fn read_redirect(
    parameters: &str,
    expected: ExpectedRedirect<'_>,
) -> Result<AuthorizationResponse, RedirectMismatch> {
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(parameters.as_bytes()).into_owned().collect();
    let only = |name: &str| {
        let mut found = pairs.iter().filter(|(key, _)| key == name);
        match (found.next(), found.next()) {
            (first, None) => Ok(first.map(|(_, value)| value.as_str()).filter(|v| !v.is_empty())),
            _ => Err(RedirectMismatch::Twice),
        }
    };
    let (code, error) = (only("code")?, only("error")?);
    if code.is_none() && error.is_none() {
        return Err(RedirectMismatch::NoAnswer);
    }
    let state = only("state")?.unwrap_or_default();
    if !bool::from(state.as_bytes().ct_eq(expected.state.expose().as_bytes())) {
        return Err(RedirectMismatch::State);
    }
    match (only("iss")?, expected.issuer) {
        (Some(found), Some(issuer)) if !is_issuer(found, issuer) => {
            return Err(RedirectMismatch::Issuer);
        }
        (None, _) if expected.issuer_always => return Err(RedirectMismatch::NoIssuer),
        _ => (),
    }
    let members: Map<String, Value> =
        pairs.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
    match code {
        // If a response has an error and a code, the error counts.
        Some(code) if !is_refusal(&members) => Ok(AuthorizationResponse::Code(Secret::new(code))),
        _ => Ok(AuthorizationResponse::Refused(Box::new(ErrorResponse::from_json(&members)))),
    }
}

/// Whether `found` is the issuer `expected`.
fn is_issuer(found: &str, expected: &str) -> bool {
    const TENANT: &str = "{tenantid}";
    let Some((before, _)) = expected.split_once(TENANT) else { return found == expected };
    let Some(rest) = found.strip_prefix(before) else { return false };
    let tenant: String = rest.chars().take_while(|c| c.is_ascii_hexdigit() || *c == '-').collect();
    uuid::Uuid::try_parse(&tenant).is_ok() && expected.replace(TENANT, &tenant) == found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request_state() -> AuthRequestState {
        let mut random = [0; 96];
        for (index, byte) in random.iter_mut().enumerate() {
            *byte = u8::try_from(index).unwrap();
        }
        AuthRequestState::new(&random)
    }

    #[test]
    fn the_url_has_the_parameters_of_rfc_6749_7636_and_oidc_and_no_verifier() {
        let endpoint = Url::parse("https://login.example/t/oauth2/v2.0/authorize?p=B2C_1").unwrap();
        let request_state = request_state();
        let url = AuthorizationRequest {
            endpoint: &endpoint,
            client_id: "client",
            redirect_uri: "http://localhost:8400",
            scopes: &ScopeSet::parse("openid Mail.Read"),
            request_state: &request_state,
            extra: vec![("prompt", "login"), ("login_hint", "ada@contoso.example")],
        }
        .url();
        let value = |name: &str| {
            let found: Vec<String> = url
                .query_pairs()
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
                .collect();
            found.join("|")
        };
        for (name, expected) in [
            ("p", "B2C_1"),
            ("response_type", "code"),
            ("client_id", "client"),
            ("redirect_uri", "http://localhost:8400"),
            ("scope", "Mail.Read openid"),
            ("state", request_state.state.expose()),
            ("nonce", request_state.nonce.expose()),
            ("code_challenge_method", "S256"),
            ("prompt", "login"),
            ("login_hint", "ada@contoso.example"),
        ] {
            assert_eq!(value(name), expected, "{name}");
        }
        assert_eq!(value("code_challenge").len(), 43);
        assert_eq!(request_state.verifier.expose().len(), 43);
        assert!(!url.as_str().contains(request_state.verifier.expose()));
    }

    #[test]
    fn an_issuer_of_entra_is_that_of_some_tenant() {
        const V2: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";
        const CIAM: &str = "https://{tenantid}.ciamlogin.com/{tenantid}/v2.0";
        let one = "0c0ffee0-1111-4222-8333-444455556666";
        let other = "99999999-1111-4222-8333-444455556666";
        for (found, expected, same) in [
            (format!("https://login.microsoftonline.com/{one}/v2.0"), V2, true),
            (format!("https://login.microsoftonline.com/{one}/v2.0/"), V2, false),
            (format!("https://login.microsoftonline.com.evil.example/{one}/v2.0"), V2, false),
            ("https://login.microsoftonline.com/common/v2.0".to_owned(), V2, false),
            ("https://login.microsoftonline.com//v2.0".to_owned(), V2, false),
            ("https://evil.example".to_owned(), V2, false),
            (format!("https://{one}.ciamlogin.com/{one}/v2.0"), CIAM, true),
            (format!("https://{one}.ciamlogin.com/{other}/v2.0"), CIAM, false),
            ("https://idp.example".to_owned(), "https://idp.example", true),
        ] {
            assert_eq!(is_issuer(&found, expected), same, "{found}");
        }
    }

    #[test]
    fn a_response_is_accepted_only_for_its_own_request() {
        let request_state = request_state();
        let (state, encoded) =
            (request_state.state.clone(), request_state.state.expose().to_owned());
        let read = |parameters: &str, issuer: Option<&str>, issuer_always: bool| {
            let expected = ExpectedRedirect { state: &state, issuer, issuer_always };
            read_redirect(&parameters.replace("STATE", &encoded), expected)
        };
        let refusal = |parameters, issuer, always| read(parameters, issuer, always).unwrap_err();
        for (parameters, issuer, always, expected) in [
            ("", None, false, RedirectMismatch::NoAnswer),
            ("state=STATE", None, false, RedirectMismatch::NoAnswer),
            ("code=&state=STATE", None, false, RedirectMismatch::NoAnswer),
            ("code=c", None, false, RedirectMismatch::State),
            ("code=c&state=", None, false, RedirectMismatch::State),
            ("code=c&state=STATEx", None, false, RedirectMismatch::State),
            ("error=access_denied&state=x", None, false, RedirectMismatch::State),
            ("code=c&state=STATE&state=x", None, false, RedirectMismatch::Twice),
            ("code=c&code=d&state=STATE", None, false, RedirectMismatch::Twice),
            (
                "code=c&state=STATE&iss=https://evil",
                Some("https://idp"),
                false,
                RedirectMismatch::Issuer,
            ),
            ("code=c&state=STATE", Some("https://idp"), true, RedirectMismatch::NoIssuer),
            (
                "code=c&state=STATE&iss=https://evil",
                Some("https://login.microsoftonline.com/{tenantid}/v2.0"),
                false,
                RedirectMismatch::Issuer,
            ),
        ] {
            assert_eq!(refusal(parameters, issuer, always), expected, "{parameters}");
        }
        for (parameters, issuer) in [
            ("code=the%2Fcode&state=STATE&session_state=7", None),
            ("state=STATE&code=the%2Fcode&iss=https://idp", Some("https://idp")),
        ] {
            match read(parameters, issuer, issuer.is_some()) {
                Ok(AuthorizationResponse::Code(code)) => assert_eq!(code.expose(), "the/code"),
                other => panic!("{parameters}: {other:?}"),
            }
        }
        match read(
            "error=access_denied&error_description=AADSTS65004%3A+no&state=STATE&code=c",
            None,
            false,
        ) {
            Ok(AuthorizationResponse::Refused(error)) => {
                assert_eq!(
                    (error.error.as_str(), error.error_codes),
                    ("access_denied", vec![65004])
                );
            }
            other => panic!("{other:?}"),
        }
    }
}
