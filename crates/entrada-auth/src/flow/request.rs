//! The token request: the requested token, and the settings of the sign-in.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AllowedFlows, FlowKind};
use crate::store::Interaction;
use entrada_core::oauth::authorization::{PagePrompt, RESERVED_PARAMETERS, ResponseMode};
use entrada_core::{Authority, ClaimsRequest, RedirectUri, ScopeSet, clean};

/// How long to wait for a user at a browser. With a second factor on another device, users need minutes.
pub(super) const TIMEOUT_DEFAULT: Duration = Duration::from_secs(300);

/// A request for a token.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// The authority.
    pub authority: Authority,
    /// The `client_id` of the application.
    pub client_id: String,
    /// The scopes, all of one API, and those of OIDC (`openid`, `offline_access`).
    pub scopes: ScopeSet,
    /// The account: a user name or id. `None` if there is only one.
    pub account: Option<String>,
    /// Claims that the account must have.
    pub pins: Pins,
    /// Seconds for which a stored token must still be valid. `None` is the smaller of five minutes and a fifth of its
    /// life.
    pub min_ttl: Option<i64>,
    /// How the user signs in.
    pub flow: FlowKind,
    /// The flows that are allowed. `None` allows all.
    pub allowed_flows: Option<AllowedFlows>,
    /// The settings of the sign-in page, if there is one.
    pub page: SignInPage,
    /// Never return a cached token.
    pub force_refresh: bool,
    /// Whether the user may be asked to sign in.
    pub interaction: Interaction,
    /// Claims that the token should contain in addition to those of its scopes.
    pub claims: Option<ClaimsRequest>,
    /// The claims challenge of a service that rejected the last token. No stored token answers it.
    pub challenge: Option<ClaimsRequest>,
    /// How long to wait for another process that refreshes the same grant.
    pub lock_wait: Duration,
}

impl TokenRequest {
    /// The `claims` parameter of every request (OIDC Core §5.5): one line of JSON.
    pub(super) fn claims_parameter(&self) -> Option<String> {
        ClaimsRequest::merge(self.claims.as_ref(), self.challenge.as_ref())
            .map(|claims| claims.to_string())
    }
}

/// Claims that identify the user and never change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    /// The `tid` claim: the tenant.
    pub tid: Option<String>,
    /// The `oid` claim: the user in that tenant.
    pub oid: Option<String>,
}

/// The settings of the sign-in page, and the wait for it.
#[derive(Clone, Debug)]
pub struct SignInPage {
    /// The redirect URI.
    pub redirect_uri: RedirectUri,
    /// The response mode. `None` is `form_post` at Entra if entrada opens a browser on this machine; otherwise it is left
    /// to the authority, which uses `query`.
    pub response_mode: Option<ResponseMode>,
    /// The `prompt` parameter.
    pub prompt: Option<PagePrompt>,
    /// The login hint; without it, the requested account.
    pub login_hint: Option<String>,
    /// The domain hint: `organizations`, `consumers`, or a federated domain. It skips the page that asks for the
    /// account type.
    pub domain_hint: Option<String>,
    /// Additional parameters.
    pub parameters: Vec<Parameter>,
    /// Scopes of other APIs to consent to at the same time.
    pub also: ScopeSet,
    /// Whether a browser may be opened.
    pub open: bool,
    /// Whether no user is present to see a browser.
    pub unattended: bool,
    /// How long to wait for the response. `None` is five minutes for a page, and the life of the code for a device
    /// code.
    pub timeout: Option<Duration>,
}

impl Default for SignInPage {
    fn default() -> Self {
        Self {
            redirect_uri: RedirectUri::default(),
            response_mode: None,
            prompt: None,
            login_hint: None,
            domain_hint: None,
            parameters: Vec::new(),
            also: ScopeSet::default(),
            open: true,
            unattended: false,
            timeout: None,
        }
    }
}

impl SignInPage {
    /// Whether it has a setting that only a page can follow.
    pub(super) fn has_parameters(&self) -> bool {
        self.prompt.is_some()
            || self.login_hint.is_some()
            || self.domain_hint.is_some()
            || self.response_mode.is_some()
            || !self.parameters.is_empty()
    }

    /// The parameters of the authorization request except those of the flow itself. `claims` is `request`'s own.
    pub(super) fn parameters<'a>(
        &'a self,
        request: &'a TokenRequest,
        response_mode: Option<ResponseMode>,
        claims: Option<&'a str>,
    ) -> Vec<(&'a str, &'a str)> {
        let entra = request.authority.tenant().is_some();
        let hint = self.login_hint.as_deref().or(request.account.as_deref());
        // An account id is not a login hint that a sign-in page accepts.
        let hint = hint.filter(|hint| self.login_hint.is_some() || hint.contains('@'));
        // OIDC Core §11: without it the authority silently issues no refresh token. Entra has no such rule.
        let offline = request.scopes.requests_offline_access().then_some(PagePrompt::Consent);
        let prompt = self.prompt.or(offline.filter(|_| !request.authority.is_microsoft()));
        [
            ("response_mode", response_mode.map(ResponseMode::id)),
            ("prompt", prompt.map(PagePrompt::id)),
            // Entra refuses both together.
            ("login_hint", hint.filter(|_| prompt != Some(PagePrompt::SelectAccount))),
            ("domain_hint", self.domain_hint.as_deref()),
            ("claims", claims),
            ("client_info", entra.then_some("1")),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .chain(
            self.parameters.iter().map(|Parameter { name, value }| (name.as_str(), value.as_str())),
        )
        .collect()
    }
}

/// An additional parameter of the authorization request: `NAME=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Parameter {
    name: String,
    value: String,
}

/// The text is not a valid parameter.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// The name is missing or invalid, or there is no `=`.
    #[error("`{0}` is not a parameter: expected NAME=VALUE")]
    Shape(String),
    /// The flow itself sets the parameter.
    #[error("the parameter `{0}` is set by entrada itself")]
    Reserved(&'static str),
    /// Another setting sets the parameter and checks its value.
    #[error("the parameter `{name}` is set by entrada itself; use `--{setting}`")]
    HasSetting {
        /// The parameter.
        name: &'static str,
        /// The setting.
        setting: &'static str,
    },
}

impl FromStr for Parameter {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let shape = || ParameterError::Shape(clean(text).chars().take(80).collect());
        let (name, value) = text.split_once('=').ok_or_else(shape)?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
        {
            return Err(shape());
        }
        let own = RESERVED_PARAMETERS.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        match own {
            Some((own, "")) => return Err(ParameterError::Reserved(own)),
            Some((own, setting)) => return Err(ParameterError::HasSetting { name: own, setting }),
            None => (),
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

impl TryFrom<String> for Parameter {
    type Error = ParameterError;
    fn try_from(text: String) -> Result<Self, ParameterError> {
        text.parse()
    }
}

impl From<Parameter> for String {
    fn from(parameter: Parameter) -> Self {
        parameter.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::tests::request;

    #[test]
    fn a_parameter_has_a_name_and_is_not_one_of_the_flows_own() {
        for text in ["mkt=de-DE", "x=", "x=a=b&c", "instance_aware=true"] {
            assert_eq!(text.parse::<Parameter>().unwrap().to_string(), text);
        }
        for text in
            ["", "x", "=x", "a b=c", "state=x", "REDIRECT_URI=https://evil.example", "request=x"]
        {
            assert!(text.parse::<Parameter>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_parameter_that_entrada_sends_itself_is_refused() {
        use entrada_core::oauth::authorization::{AuthRequestState, AuthorizationRequest};
        for (name, setting) in RESERVED_PARAMETERS {
            for name in [name.to_owned(), name.to_ascii_uppercase()] {
                let error = format!("{name}=x").parse::<Parameter>().unwrap_err().to_string();
                let expected = if setting.is_empty() { "itself" } else { setting };
                assert!(
                    error.ends_with(expected) || error.ends_with(&format!("{expected}`")),
                    "{error}"
                );
            }
        }
        // All parameters of a request with every setting.
        let page = SignInPage {
            response_mode: Some(ResponseMode::Query),
            prompt: Some(PagePrompt::Login),
            login_hint: Some("hint".into()),
            domain_hint: Some("organizations".into()),
            ..SignInPage::default()
        };
        let request = TokenRequest { scopes: ScopeSet::parse("openid"), ..request() };
        let endpoint = url::Url::parse("https://login.example/authorize").unwrap();
        let url = AuthorizationRequest {
            endpoint: &endpoint,
            client_id: "client",
            redirect_uri: "http://localhost",
            scopes: &request.scopes,
            request_state: &AuthRequestState::new(&[7; 96]),
            extra: page.parameters(&request, page.response_mode, Some("{}")),
        }
        .url();
        let sent: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(sent.len(), 14, "{sent:?}");
        for name in sent {
            assert!(format!("{name}=x").parse::<Parameter>().is_err(), "{name}");
        }
    }

    #[test]
    fn hints_prompts_and_parameters_are_sent_as_each_authority_requires() {
        let entra = request();
        let plain = |url: &str| TokenRequest {
            authority: Authority::parse(url, None).unwrap(),
            scopes: ScopeSet::parse("openid offline_access"),
            ..request()
        };
        let page = SignInPage::default();
        let hinted = SignInPage { login_hint: Some("opaque".into()), ..SignInPage::default() };
        let picked = SignInPage { prompt: Some(PagePrompt::SelectAccount), ..hinted.clone() };
        let named = TokenRequest { account: Some("ada@contoso.example".into()), ..request() };
        let by_id = TokenRequest { account: Some("uid.utid".into()), ..request() };
        for (page, request, expected) in [
            (&page, &entra, "client_info=1"),
            (&page, &named, "login_hint=ada@contoso.example client_info=1"),
            (&page, &by_id, "client_info=1"),
            (&hinted, &named, "login_hint=opaque client_info=1"),
            (&picked, &named, "prompt=select_account client_info=1"),
            (&page, &plain("https://idp.example"), "prompt=consent"),
            (&page, &plain("https://contoso.b2clogin.com/x/B2C_1/v2.0"), ""),
        ] {
            let found: Vec<String> = page
                .parameters(request, page.response_mode, None)
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            assert_eq!(found.join(" "), expected);
        }
    }
}
