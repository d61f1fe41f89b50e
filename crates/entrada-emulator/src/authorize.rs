//! The authorization endpoint: the sign-in page, and the redirect to the client.

use url::Url;

use super::account::{EmulatedAccount, TenantSegment};
use super::answer::{self, Answer};
use super::call::{Call, EndpointVersion};
use super::page::{self, AccountPicker, WayBack};
use super::refusal::{self, ADMIN_CONSENT, EntraError};
use super::response_type::ResponseType;
use super::scenario::Approver;
use super::scope::SeveralApis;
use super::state::State;
use super::{RegistrationKind, Unregistered, mint};
use entrada_core::NumericDate;
use entrada_core::entra::lifetimes::AUTHORIZATION_CODE;

/// A valid authorization request.
#[derive(Clone, Debug)]
pub(super) struct AuthorizeRequest {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    /// Whether the request is of version 1 and names its resource.
    pub(super) has_resource: bool,
    pub(super) response_type: ResponseType,
    pub(super) segment: TenantSegment,
    pub(super) nonce: Option<String>,
    pub(super) claims: Option<String>,
    pub(super) code_challenge: Option<String>,
    /// `S256` or `plain`.
    pub(super) code_challenge_method: String,
    state: Option<String>,
    response_mode: String,
    client_info: bool,
}

/// An authorization code.
pub(super) struct AuthorizationCode {
    pub(super) request: AuthorizeRequest,
    pub(super) account: &'static EmulatedAccount,
    pub(super) expires_at: NumericDate,
    pub(super) used: bool,
}

/// How an error of an authorization request is reported.
enum AuthorizeError {
    /// Shown in the browser; the client gets no response.
    Shown(EntraError),
    /// Sent to the client.
    Redirected(Box<AuthorizeRequest>, EntraError),
}

const CANCELLED: EntraError =
    EntraError::new("access_denied", 65_004, "User declined to consent to access the app.");
const LOGIN_REQUIRED: EntraError = EntraError::new(
    "login_required",
    50_058,
    "A silent sign-in request was sent but no user is signed in.",
);

impl State {
    /// `/{tenant}/oauth2/v2.0/authorize`: GET shows the page, POST submits it.
    pub(super) fn authorize(
        &mut self,
        call: &Call,
        tenant: &str,
        segment: Option<&TenantSegment>,
        now: NumericDate,
    ) -> Answer {
        let Some(segment) = segment else {
            return self.show_error(call, &refusal::unknown_tenant(tenant), now);
        };
        if call.is_post() && call.form("flow").is_some() {
            return self.sign_in_submitted(call, now);
        }
        let found = self.read_authorize(call, segment);
        match found {
            Ok(request) => self.sign_in_page(call, request, now),
            Err(AuthorizeError::Shown(refusal)) => self.show_error(call, &refusal, now),
            Err(AuthorizeError::Redirected(request, refusal)) => {
                self.send_error(&request, &refusal, call, now)
            }
        }
    }

    fn read_authorize(
        &mut self,
        call: &Call,
        segment: &TenantSegment,
    ) -> Result<AuthorizeRequest, AuthorizeError> {
        let need = |name: &str| {
            call.parameter(name).ok_or_else(|| AuthorizeError::Shown(refusal::missing(name)))
        };
        let version = call.version();
        let client_id = need("client_id")?;
        self.check_client_and_tenant(client_id, segment).map_err(AuthorizeError::Shown)?;
        let redirect_uri = need("redirect_uri")?;
        let registered = self.is_registered(client_id, redirect_uri);
        let accepted = self.accepts(Unregistered::RedirectUri) && Url::parse(redirect_uri).is_ok();
        if !registered && accepted {
            self.note(Unregistered::RedirectUri, redirect_uri);
        } else if !registered {
            let text = format!(
                "The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs \
                 configured for the application '{client_id}'. Make sure the redirect URI sent in the request matches \
                 one added to your application in the Azure portal."
            );
            return Err(AuthorizeError::Shown(EntraError::with("invalid_request", 50_011, text)));
        }
        let text = |name: &str| call.parameter(name).map(str::to_owned);
        let request = AuthorizeRequest {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            scope: match version {
                EndpointVersion::V1 => Self::requested_scope(call).unwrap_or_default(),
                EndpointVersion::V2 => text("scope").unwrap_or_default(),
            },
            has_resource: version == EndpointVersion::V1 && call.parameter("resource").is_some(),
            response_type: ResponseType::of(call.parameter("response_type").unwrap_or_default()),
            segment: segment.clone(),
            nonce: text("nonce"),
            claims: text("claims"),
            code_challenge: text("code_challenge"),
            // RFC 7636 §4.3: without a method the challenge is the verifier itself.
            code_challenge_method: text("code_challenge_method")
                .unwrap_or_else(|| "plain".to_owned()),
            state: text("state"),
            response_mode: text("response_mode").unwrap_or_else(|| {
                let of_type = ResponseType::of(call.parameter("response_type").unwrap_or_default());
                if of_type.has_tokens() { "fragment" } else { "query" }.to_owned()
            }),
            client_info: call.parameter("client_info") == Some("1"),
        };
        let problem = self.error_to_redirect(call, &request);
        problem.map_or(Ok(request.clone()), |refusal| {
            Err(AuthorizeError::Redirected(Box::new(request), refusal))
        })
    }

    fn error_to_redirect(&self, call: &Call, request: &AuthorizeRequest) -> Option<EntraError> {
        if !request.response_type.is_supported() {
            let text = "The response_type is not supported: expected 'code', 'id_token', 'code id_token' or \
                        'id_token token'.";
            return Some(EntraError::new("unsupported_response_type", 700_054, text));
        }
        if request.response_type.has_tokens() {
            if request.response_mode == "query" {
                let text =
                    "'query' is not a supported value of 'response_mode' when requesting a token.";
                return Some(EntraError::new("invalid_request", 70_007, text));
            }
            if request.nonce.is_none() {
                return Some(refusal::missing("nonce"));
            }
        }
        if request.scope.is_empty() {
            return Some(refusal::missing("scope"));
        }
        let size = request.code_challenge.as_ref().map_or(43, String::len);
        if !(43..=128).contains(&size)
            || !matches!(request.code_challenge_method.as_str(), "S256" | "plain")
        {
            let text = "The size of the Code_Challenge parameter is not valid.";
            return Some(EntraError::new("invalid_request", 501_491, text));
        }
        let wanted =
            match self.parse_scope(&request.client_id, &request.scope, SeveralApis::FirstCounts) {
                Ok(wanted) => wanted,
                Err(refusal) => return Some(refusal),
            };
        if let Err(refusal) = self.check_client_scopes(&request.client_id, &wanted) {
            return Some(refusal);
        }
        let signed_in = self.scenario_of(&request.client_id).approver == Approver::Automatic;
        (call.parameter("prompt") == Some("none") && !signed_in).then_some(LOGIN_REQUIRED)
    }

    /// Shows the page, or redirects at once in scenarios without a user.
    fn sign_in_page(&mut self, call: &Call, request: AuthorizeRequest, now: NumericDate) -> Answer {
        let scenario = self.scenario_of(&request.client_id);
        if self.needs_admin(&request.client_id) {
            let back = self.error_members(&request, &ADMIN_CONSENT, call, now);
            let url = location(&request, &back);
            let way = if request.response_mode == "form_post" {
                Some(WayBack::Form(&request.redirect_uri, &back))
            } else {
                url.as_deref().map(WayBack::Link)
            };
            return answer::html(200, page::admin_approval(&request.client_id, way.as_ref()));
        }
        let hinted = call
            .parameter("login_hint")
            .filter(|_| self.accepts(Unregistered::User))
            .map(str::to_owned)
            .and_then(|hint| self.account(&hint))
            .filter(|account| request.segment.allows(account));
        let account = hinted.or_else(|| self.default_account(scenario, &request.segment));
        match (scenario.approver, account) {
            (Approver::Automatic, Some(account)) => {
                return self.send_response(request, account, call, now);
            }
            (Approver::Declines, _) => return self.send_error(&request, &CANCELLED, call, now),
            _ => (),
        }
        let flow = mint::alphanumeric(&mut self.entropy, 22);
        let body = page::pick_account(&AccountPicker {
            accounts: self.accounts().collect(),
            other: self.accepts(Unregistered::User),
            action: &call.path,
            hidden: ("flow", &flow),
            client_id: &request.client_id,
            scope: &request.scope,
            segment: &request.segment,
            login_hint: call.parameter("login_hint"),
            context: "",
            warning: None,
        });
        self.authorize_requests.insert(flow, request);
        answer::html(200, body)
    }

    /// Handles a button of the page.
    fn sign_in_submitted(&mut self, call: &Call, now: NumericDate) -> Answer {
        let flow = call.form("flow").unwrap_or_default();
        let Some(request) = self.authorize_requests.get(flow).cloned() else {
            return answer::html(
                400,
                page::error_page("This sign-in is over. Start again from the app."),
            );
        };
        if call.form("action") == Some("cancel") {
            self.authorize_requests.remove(flow);
            return self.send_error(&request, &CANCELLED, call, now);
        }
        let username = call.form("account").or_else(|| call.form("username")).map(str::to_owned);
        let account = username.and_then(|username| self.account(&username));
        let never_approves = self.scenario_of(&request.client_id).approver == Approver::Never;
        match account.filter(|account| request.segment.allows(account) && !never_approves) {
            Some(account) => {
                self.authorize_requests.remove(flow);
                self.send_response(request, account, call, now)
            }
            None => answer::html(400, page::error_page("This account cannot be used here.")),
        }
    }

    /// Sends what the request asked for: a code, tokens, or both (OAuth 2.0 Multiple Response Types).
    fn send_response(
        &mut self,
        request: AuthorizeRequest,
        account: &'static EmulatedAccount,
        call: &Call,
        now: NumericDate,
    ) -> Answer {
        let mut members = Vec::new();
        let mut code = String::new();
        if request.response_type.code {
            let tid = request.segment.tid(account);
            code = mint::code(&mut self.entropy, &tid, &request.client_id, account.is_personal());
            members.push(("code".to_owned(), code.clone()));
        }
        if request.response_type.has_tokens() {
            match self.implicit_tokens(&request, account, &code, call, now) {
                Ok(tokens) => members.extend(tokens),
                Err(refusal) => return self.send_error(&request, &refusal, call, now),
            }
        }
        if request.client_info {
            members.push(("client_info".to_owned(), mint::client_info(account)));
        }
        members.extend(request.state.clone().map(|state| ("state".to_owned(), state)));
        members.push(("session_state".to_owned(), self.entropy.guid()));
        let answer = send(&request, &members);
        if request.response_type.code {
            let expires_at = now.plus_seconds(AUTHORIZATION_CODE);
            let issued = AuthorizationCode { request, account, expires_at, used: false };
            self.codes.insert(code.clone(), issued);
            self.remember_secret(code);
        }
        answer
    }

    fn send_error(
        &mut self,
        request: &AuthorizeRequest,
        refusal: &EntraError,
        call: &Call,
        now: NumericDate,
    ) -> Answer {
        let members = self.error_members(request, refusal, call, now);
        answer::with_logged_error(send(request, &members), refusal.error)
    }

    fn error_members(
        &mut self,
        request: &AuthorizeRequest,
        refusal: &EntraError,
        call: &Call,
        now: NumericDate,
    ) -> Vec<(String, String)> {
        let (trace_id, correlation_id) = (self.entropy.guid(), self.correlation_id(call));
        let description =
            self.error_description(refusal, &request.client_id, &trace_id, &correlation_id, now);
        let mut members = vec![
            ("error".to_owned(), refusal.error.to_owned()),
            ("error_description".to_owned(), description),
            ("error_uri".to_owned(), format!("{}/error?code={}", self.base(), refusal.code)),
        ];
        if refusal.code == CANCELLED.code {
            members.push(("error_subcode".to_owned(), "cancel".to_owned()));
        }
        members.extend(request.state.clone().map(|state| ("state".to_owned(), state)));
        members
    }

    fn show_error(&mut self, call: &Call, refusal: &EntraError, now: NumericDate) -> Answer {
        let (trace_id, correlation_id) = (self.entropy.guid(), self.correlation_id(call));
        let client_id = call.parameter("client_id").unwrap_or_default();
        let text = self.error_description(refusal, client_id, &trace_id, &correlation_id, now);
        answer::with_logged_error(answer::html(400, page::error_page(&text)), refusal.error)
    }

    /// Whether a client may use this redirect URI. A client without a registration has `http://localhost`.
    pub(super) fn is_registered(&self, client_id: &str, redirect_uri: &str) -> bool {
        const USUAL: [&str; 2] =
            ["http://localhost", "https://login.microsoftonline.com/common/oauth2/nativeclient"];
        match self.client(client_id) {
            Some(client) => client.redirect_uris.iter().any(|own| same_uri(own, redirect_uri)),
            None => {
                self.kind_of(client_id) != RegistrationKind::Web
                    && USUAL.iter().any(|own| same_uri(own, redirect_uri))
            }
        }
    }
}

/// On `http://localhost` the path must match and the port is ignored; other URIs must match exactly.
fn same_uri(registered: &str, request: &str) -> bool {
    let (Ok(own), Ok(url)) = (Url::parse(registered), Url::parse(request)) else { return false };
    let local = |url: &Url| url.scheme() == "http" && url.host_str() == Some("localhost");
    if local(&own) && local(&url) {
        own.path() == url.path() && url.query().is_none() && url.fragment().is_none()
    } else {
        registered == request
    }
}

/// The redirect URI with the response in its query or fragment.
fn location(request: &AuthorizeRequest, members: &[(String, String)]) -> Option<String> {
    let mut url = Url::parse(&request.redirect_uri).ok()?;
    if request.response_mode == "fragment" {
        let pairs =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
        url.set_fragment(Some(&pairs));
    } else {
        url.query_pairs_mut().extend_pairs(members);
    }
    Some(url.into())
}

fn send(request: &AuthorizeRequest, members: &[(String, String)]) -> Answer {
    if request.response_mode == "form_post" {
        return answer::html_that_posts(page::post_back(&request.redirect_uri, members));
    }
    match location(request, members) {
        Some(location) => answer::redirect(&location),
        None => answer::html(400, page::error_page("The redirect URI is not a URL.")),
    }
}
