//! Runs the authorization-code grant with PKCE: opens a page in a browser and waits for the redirect.

use std::io;
use std::sync::mpsc;
use std::time::Duration;

use http::StatusCode;
use url::Url;

use super::browser_result::BrowserResult;
use super::callback::{CallbackKind, RedirectListener, html, plain, redirect_to};
use super::identity::known_issuer;
use super::paste::read_pasted;
use super::request::TIMEOUT_DEFAULT;
use super::result_page::used_page;
use super::sign_in_method::SignInMethod;
use super::start_page::StartPage;
use super::{
    AcquireError, Prompt, Refusal, SignInAddress, TokenRequest, seconds_left, token_endpoint,
};
use crate::sys::{CallbackRequest, HeldSignals, HostKind, Interrupted, Line, Listener, Sys};
use entrada_core::oauth::authorization::{
    AuthRequestState, AuthorizationRequest, AuthorizationResponse, ExpectedRedirect,
    RedirectMismatch, ResponseMode,
};
use entrada_core::oauth::code::{self, Redemption};
use entrada_core::oauth::{ErrorResponse, ProtocolError, TokenResponse};
use entrada_core::{Endpoints, RedirectUri, Secret};

/// The name of this grant type.
pub const GRANT_TYPE: &str = "authorization_code";

/// How often the pasted line and the opener are checked.
pub(super) const TICK: Duration = Duration::from_millis(200);
/// The port in the redirect URI if entrada does not listen. The browser shows an error page there, but its address
/// has the code.
const PASTE_PORT: u16 = 8400;

/// A sign-in that issued tokens. The browser is still waiting for the result page.
pub(super) struct SignInResponse<'a> {
    pub(super) response: TokenResponse,
    /// Why the access token next to the refresh token cannot be used, if so.
    pub(super) unusable: Option<ProtocolError>,
    pub(super) nonce: Option<Secret>,
    pub(super) browser_result: BrowserResult,
    /// The code is redeemed. Signals are delayed until the grant is stored.
    pub(super) held: HeldSignals<'a>,
}

/// Signs the user in with a page in a browser.
pub(super) fn run<'a>(
    sys: &Sys<'a>,
    endpoints: &Endpoints,
    request: &TokenRequest,
    method: SignInMethod,
    prompt: &mut dyn Prompt,
) -> Result<SignInResponse<'a>, AcquireError> {
    let mut random = [0; 96];
    sys.entropy.fill(&mut random).map_err(AcquireError::Entropy)?;
    let request_state = AuthRequestState::new(&random);
    let listener = listen(sys, request, method, prompt)?;
    let port = match (&listener, &request.page.redirect_uri) {
        (Some(listener), _) => listener.port(),
        (None, RedirectUri::Loopback { ports, .. }) => ports.first().copied().unwrap_or(PASTE_PORT),
        (None, RedirectUri::Elsewhere(_)) => PASTE_PORT,
    };
    let redirect_uri = request.page.redirect_uri.at(port);
    let host_kind = sys.browser.host_kind(sys.env);
    let opens_browser =
        method == SignInMethod::Browser && request.page.open && host_kind.has_browser(sys.env);
    // A browser that is opened from a remote session may run at its other end; under WSL it is a program of Windows.
    let is_here = !matches!(host_kind, HostKind::Remote | HostKind::Wsl);
    let reaches_listener = listener.is_some() && opens_browser && is_here;
    let start_page =
        if reaches_listener { Some(StartPage::new(sys.entropy, &redirect_uri)?) } else { None };
    let mut wait = BrowserWait {
        sys,
        endpoints,
        request,
        request_state,
        redirect_uri,
        port,
        issuer: known_issuer(&request.authority, endpoints),
        host_kind,
        response_mode: response_mode(request, reaches_listener),
        was_form: false,
        start_page,
        line: None,
        opener: None,
        rejected: Rejected::default(),
    };
    let mut browser_result =
        BrowserResult::at(listener, port, wait.redirect_listener().result_path());
    wait.begin(opens_browser, browser_result.is_listening(), prompt)?;
    let redirected = wait.wait_for_redirect(&mut browser_result, prompt);
    // The terminal is restored before anything else is printed.
    wait.line = None;
    prompt.done();
    wait.rejected.sum_up(prompt);
    let redeemed = redirected.and_then(|answer| match answer {
        AuthorizationResponse::Code(code) => {
            let held = HeldSignals::begin(sys.clock)?;
            match wait.redeem(&code) {
                Ok(response) => Ok((response, held)),
                Err(error) => held.end().map_or_else(|signal| Err(signal.into()), |()| Err(error)),
            }
        }
        AuthorizationResponse::Refused(error) => Err(refused(*error)),
    });
    match redeemed {
        Ok(((response, unusable), held)) => {
            let nonce = request.scopes.contains("openid").then(|| wait.request_state.nonce.clone());
            Ok(SignInResponse { response, unusable, nonce, browser_result, held })
        }
        Err(error) => {
            browser_result.show(sys.clock, Err(&error));
            Err(error)
        }
    }
}

fn listen(
    sys: &Sys<'_>,
    request: &TokenRequest,
    method: SignInMethod,
    prompt: &mut dyn Prompt,
) -> Result<Option<Box<dyn Listener>>, AcquireError> {
    let RedirectUri::Loopback { ports, .. } = &request.page.redirect_uri else { return Ok(None) };
    if method != SignInMethod::Browser {
        return Ok(None);
    }
    match sys.loopback.listen(ports) {
        Ok(listener) => Ok(Some(listener)),
        // A port other than the configured one would not match the registered redirect URI, and a form cannot be
        // pasted.
        Err(source) if !ports.is_empty() || sends_a_form(request) => {
            Err(AcquireError::NoListener { ports: ports.clone(), source })
        }
        Err(error) => {
            prompt.warn(&format!(
                "cannot listen on this machine ({error}), so you will have to paste the address"
            ));
            Ok(None)
        }
    }
}

fn sends_a_form(request: &TokenRequest) -> bool {
    request.page.response_mode == Some(ResponseMode::FormPost)
}

/// The configured response mode. Without one, Entra is asked for a form if the browser `reaches_listener`: the code is
/// then in no address. Where the user may have to paste the address, it must contain the code.
fn response_mode(request: &TokenRequest, reaches_listener: bool) -> Option<ResponseMode> {
    let entra = request.authority.tenant().is_some();
    let form = (reaches_listener && entra).then_some(ResponseMode::FormPost);
    request.page.response_mode.or(form)
}

/// One sign-in page, from its opening to the response.
struct BrowserWait<'a> {
    sys: &'a Sys<'a>,
    endpoints: &'a Endpoints,
    request: &'a TokenRequest,
    request_state: AuthRequestState,
    redirect_uri: String,
    port: u16,
    /// The issuer that an `iss` in the response must name, with `{tenantid}` for the tenant.
    issuer: Option<String>,
    host_kind: HostKind,
    /// The response mode of the address that was shown last; `None` leaves it to the authority, which uses `query`.
    response_mode: Option<ResponseMode>,
    /// Whether an earlier address asked for a form.
    was_form: bool,
    /// The page of the listener that the browser is opened at. Without one, it is opened at the sign-in page itself.
    start_page: Option<StartPage>,
    /// The line in which the user may paste the address.
    line: Option<Box<dyn Line>>,
    /// Errors of the browser opener.
    opener: Option<mpsc::Receiver<io::Error>>,
    rejected: Rejected,
}

/// Responses to the listener that do not belong to this sign-in. Any program on this machine can send many of them,
/// so the first one of each kind is reported and the others are counted.
#[derive(Default)]
struct Rejected {
    reported: Vec<RedirectMismatch>,
    count: u64,
    /// Whether a second request for the start page was reported.
    start_page: bool,
}

impl Rejected {
    fn add(&mut self, why: RedirectMismatch, prompt: &mut dyn Prompt) {
        self.count = self.count.saturating_add(1);
        if !self.reported.contains(&why) {
            self.reported.push(why);
            prompt.warn(&format!("a response to this machine was ignored: {why}"));
        }
    }

    /// Reports the total number, if not all of them were reported.
    fn sum_up(&self, prompt: &mut dyn Prompt) {
        if u64::try_from(self.reported.len()).is_ok_and(|reported| reported < self.count) {
            prompt.warn(&format!(
                "{} responses to this machine in total were ignored, because they do not belong to this sign-in",
                self.count
            ));
        }
    }
}

impl BrowserWait<'_> {
    fn redirect_listener(&self) -> RedirectListener<'_> {
        let page = &self.request.page;
        let path = match &page.redirect_uri {
            RedirectUri::Loopback { path, .. } => path,
            RedirectUri::Elsewhere(_) => "",
        };
        let asks_for_form = self.response_mode == Some(ResponseMode::FormPost);
        RedirectListener {
            port: self.port,
            path,
            start_path: self.start_page.as_ref().map(StartPage::path),
            in_address: !asks_for_form,
            in_form: asks_for_form || self.was_form,
            expected: self.expected(),
        }
    }

    fn expected(&self) -> ExpectedRedirect<'_> {
        ExpectedRedirect {
            state: &self.request_state.state,
            issuer: self.issuer.as_deref(),
            issuer_always: self.endpoints.iss_parameter_supported,
        }
    }

    /// The address of the sign-in page.
    fn address(&self) -> Result<Url, AcquireError> {
        let request = self.request;
        let endpoint = self
            .endpoints
            .authorization
            .as_ref()
            .ok_or_else(|| AcquireError::NoPage(request.authority.to_string()))?;
        let scopes = request.scopes.iter().chain(request.page.also.iter()).collect();
        let claims = request.claims_parameter();
        Ok(AuthorizationRequest {
            endpoint,
            client_id: &request.client_id,
            redirect_uri: &self.redirect_uri,
            scopes: &scopes,
            request_state: &self.request_state,
            extra: request.page.parameters(request, self.response_mode, claims.as_deref()),
        }
        .url())
    }

    /// Opens the page, or shows its address.
    fn begin(
        &mut self,
        opens_browser: bool,
        listening: bool,
        prompt: &mut dyn Prompt,
    ) -> Result<(), AcquireError> {
        let sys = self.sys;
        let url = self.address()?;
        self.show_address(&url, opens_browser, listening, prompt);
        if opens_browser {
            // The arguments of the opener are visible to other users of this machine.
            let opened = self.start_page.as_ref().map_or(&url, StartPage::url);
            match sys.browser.open(opened, sys.env) {
                Ok(errors) => self.opener = Some(errors),
                Err(error) => self.report_unopened(&error, listening, prompt)?,
            }
        }
        // If the browser runs on another machine or may not reach this one, the user can paste the address as well.
        let doubtful = !opens_browser || self.host_kind == HostKind::Wsl || self.opener.is_none();
        let asks = self.line.is_none() && (!listening || (doubtful && self.can_be_pasted(prompt)));
        if asks {
            self.line = Some(sys.terminal.read_line().map_err(AcquireError::NothingPasted)?);
            prompt.ask_for_address(listening);
        }
        Ok(())
    }

    fn show_address(
        &self,
        url: &Url,
        opens_browser: bool,
        listening: bool,
        prompt: &mut dyn Prompt,
    ) {
        prompt.show_page(&SignInAddress {
            url,
            opens_browser,
            listener_port: listening.then_some(self.port),
            host_kind: self.host_kind,
            request: self.request,
        });
    }

    /// Whether a user can paste the address, and the address contains the response.
    fn can_be_pasted(&self, prompt: &dyn Prompt) -> bool {
        prompt.can_ask() && self.response_mode != Some(ResponseMode::FormPost)
    }

    fn report_unopened(
        &mut self,
        error: &io::Error,
        listening: bool,
        prompt: &mut dyn Prompt,
    ) -> Result<(), AcquireError> {
        prompt.warn(&format!("no browser was opened ({error}); open the address yourself"));
        if self.response_mode.is_some() && self.request.page.response_mode.is_none() {
            // The user may open the page in a browser on another machine, which cannot send a form to this one.
            self.response_mode = None;
            self.was_form = true;
            let url = self.address()?;
            self.show_address(&url, false, listening, prompt);
        }
        if self.line.is_none() && self.can_be_pasted(prompt) {
            // Without the pasted line the listener is still there.
            self.line = self.sys.terminal.read_line().ok();
            prompt.ask_for_address(true);
        }
        Ok(())
    }

    /// Waits for the response, from the listener or the pasted line.
    fn wait_for_redirect(
        &mut self,
        browser_result: &mut BrowserResult,
        prompt: &mut dyn Prompt,
    ) -> Result<AuthorizationResponse, AcquireError> {
        let timeout = self.request.page.timeout.unwrap_or(TIMEOUT_DEFAULT);
        // Measured with a monotonic clock, so that neither a clock change nor many requests prolong the wait. The sum
        // of the pauses counts too, in case that clock stops.
        let (passed, mut paused) = (self.sys.clock.stopwatch(), Duration::ZERO);
        let mut shown = None;
        loop {
            let left = timeout.saturating_sub(passed().max(paused));
            if left.is_zero() {
                return Err(AcquireError::NoAnswer { after: timeout });
            }
            // Once a second, independent of the requests.
            let seconds = seconds_left(left);
            if shown != Some(seconds) {
                shown = Some(seconds);
                prompt.waiting(seconds);
            }
            let pause = TICK.min(left);
            let opener = self.opener.as_ref().and_then(|errors| errors.try_recv().ok());
            if let Some(error) = opener {
                self.opener = None;
                self.report_unopened(&error, browser_result.is_listening(), prompt)?;
            }
            if let Some(answer) = self.pasted(browser_result.is_listening(), prompt)? {
                return Ok(answer);
            }
            let Some(listener) = browser_result.listener() else {
                self.sys.clock.sleep(pause)?;
                paused += pause;
                continue;
            };
            match listener.next(pause)? {
                Some(callback) => {
                    if let Some(answer) = self.answer_request(callback, prompt) {
                        return Ok(answer);
                    }
                }
                None => paused += pause,
            }
        }
    }

    /// The response, if the pasted line contains one.
    fn pasted(
        &mut self,
        listening: bool,
        prompt: &mut dyn Prompt,
    ) -> Result<Option<AuthorizationResponse>, AcquireError> {
        let Some(typed) = self.line.as_mut().and_then(|line| line.poll()) else { return Ok(None) };
        self.line = None;
        let wrong = match typed {
            Ok(text) => match read_pasted(&text, self.expected()) {
                Ok(answer) => return Ok(Some(answer)),
                Err(wrong) => wrong,
            },
            // While a line is read, Ctrl-C arrives as a key.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                return Err(Interrupted { signal: 2 }.into());
            }
            Err(error) if !listening => return Err(AcquireError::NothingPasted(error)),
            // The listener is still there.
            Err(_) => return Ok(None),
        };
        prompt.warn(&wrong.to_string());
        match self.sys.terminal.read_line() {
            Ok(line) => self.line = Some(line),
            Err(error) if !listening => return Err(AcquireError::NothingPasted(error)),
            Err(_) => (),
        }
        prompt.ask_for_address(listening);
        Ok(None)
    }

    /// Answers a request. Returns the response to the sign-in if the request contains it.
    fn answer_request(
        &mut self,
        callback: CallbackRequest,
        prompt: &mut dyn Prompt,
    ) -> Option<AuthorizationResponse> {
        let redirect_listener = self.redirect_listener();
        match redirect_listener.classify(&callback.request) {
            CallbackKind::Answer(answer) => {
                callback.answer(redirect_to(&redirect_listener.result_path()));
                Some(answer)
            }
            CallbackKind::Start => {
                self.answer_start(callback, prompt);
                None
            }
            CallbackKind::Mismatch(why) => {
                let status = match why {
                    RedirectMismatch::InAddress | RedirectMismatch::InForm => {
                        StatusCode::METHOD_NOT_ALLOWED
                    }
                    _ => StatusCode::BAD_REQUEST,
                };
                callback.answer(plain(status, NOT_OURS));
                self.rejected.add(why, prompt);
                None
            }
            CallbackKind::Result => {
                callback.answer(plain(StatusCode::NOT_FOUND, "the sign-in is not finished"));
                None
            }
            CallbackKind::Unrelated(status, text) => {
                callback.answer(plain(status, text));
                None
            }
        }
    }

    /// Sends the browser on to the sign-in page. Only the first request learns its address.
    fn answer_start(&mut self, callback: CallbackRequest, prompt: &mut dyn Prompt) {
        let is_first = self.start_page.as_mut().is_some_and(StartPage::take);
        match self.address() {
            Ok(url) if is_first => callback.answer(redirect_to(url.as_str())),
            _ => {
                callback.answer(html(StatusCode::GONE, used_page()));
                if !std::mem::replace(&mut self.rejected.start_page, true) {
                    prompt.warn(
                        "the address that opens the sign-in page was requested twice; if your browser shows no sign-in \
                         page, another program took it: stop with Ctrl-C and sign in again",
                    );
                }
            }
        }
    }

    /// Redeems the code. It is sent only once, whatever the answer is.
    fn redeem(
        &self,
        code: &Secret,
    ) -> Result<(TokenResponse, Option<ProtocolError>), AcquireError> {
        let request = self.request;
        let redemption = code::request(Redemption {
            token_endpoint: &self.endpoints.token,
            client_id: &request.client_id,
            code,
            redirect_uri: &self.redirect_uri,
            verifier: &self.request_state.verifier,
            scopes: request.authority.tenant().map(|_| &request.scopes),
            claims: request.claims_parameter().as_deref(),
        });
        let response = token_endpoint::send(self.sys, redemption)?;
        let now = self.sys.clock.now();
        match code::parse(&response, now) {
            Ok(answer) => answer.map(|tokens| (tokens, None)).map_err(|error| refused(*error)),
            Err(error) => match TokenResponse::without_access_token(&response, now) {
                Some(rest) => Ok((rest, Some(error))),
                None => Err(error.into()),
            },
        }
    }
}

const NOT_OURS: &str = "This response does not belong to the sign-in that entrada is waiting for. Finish the sign-in that was opened last.";

fn refused(error: ErrorResponse) -> AcquireError {
    AcquireError::Refused(Box::new(Refusal { error, grant_type: GRANT_TYPE, code_expired: false }))
}
