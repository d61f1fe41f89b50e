//! Runs the authorization-code grant with PKCE: a page in a browser, and the way back from it.

use std::io;
use std::sync::mpsc;
use std::time::Duration;

use http::StatusCode;

use super::browser_result::BrowserResult;
use super::callback::{CallbackKind, RedirectListener, onwards, plain};
use super::choose::Way;
use super::paste::read_pasted;
use super::request::TIMEOUT_DEFAULT;
use super::{AcquireError, Prompt, Refusal, Shown, TokenRequest, seconds_left, token_endpoint};
use crate::sys::{CallbackRequest, HeldSignals, HostKind, Interrupted, Line, Listener, Sys};
use entrada_core::oauth::authorization::{
    AuthRequestState, AuthorizationRequest, ExpectedRedirect, RedirectMismatch, Redirected,
    ResponseMode,
};
use entrada_core::oauth::code::{self, Redemption};
use entrada_core::oauth::{ErrorResponse, ProtocolError, TokenResponse};
use entrada_core::{Endpoints, RedirectUri, Secret};

/// The name of this grant where grants are told apart.
pub const GRANT_TYPE: &str = "authorization_code";

/// How often the line that is typed, and the opener, are looked at.
pub(super) const TICK: Duration = Duration::from_millis(200);
/// The port in the redirect URI where nobody listens: whatever the browser shows there, its address is what counts.
const PORT_UNHEARD: u16 = 8400;

/// A sign-in that brought tokens. Whoever waits at the browser still has to be told how it ends.
pub(super) struct Arrived<'a> {
    pub(super) response: TokenResponse,
    /// Why the access token beside the refresh token cannot be used, where that is so.
    pub(super) unusable: Option<ProtocolError>,
    pub(super) nonce: Option<Secret>,
    pub(super) browser_result: BrowserResult,
    /// The code is spent: signals wait until what came is stored.
    pub(super) held: HeldSignals<'a>,
}

/// Signs the user in at a page.
pub(super) fn run<'a>(
    sys: &Sys<'a>,
    endpoints: &Endpoints,
    request: &TokenRequest,
    way: Way,
    prompt: &mut dyn Prompt,
) -> Result<Arrived<'a>, AcquireError> {
    let mut random = [0; 96];
    sys.entropy.fill(&mut random).map_err(AcquireError::Entropy)?;
    let request_state = AuthRequestState::new(&random);
    let listener = listen(sys, request, way, prompt)?;
    let port = match (&listener, &request.page.redirect_uri) {
        (Some(listener), _) => listener.port(),
        (None, RedirectUri::Loopback { ports, .. }) => {
            ports.first().copied().unwrap_or(PORT_UNHEARD)
        }
        (None, RedirectUri::Elsewhere(_)) => PORT_UNHEARD,
    };
    let redirect_uri = request.page.redirect_uri.at(port);
    let mut wait = Wait {
        sys,
        endpoints,
        request,
        request_state,
        redirect_uri,
        port,
        line: None,
        opener: None,
        rejected: Rejected::default(),
    };
    let mut browser_result =
        BrowserResult::at(listener, port, wait.redirect_listener().result_path());
    wait.begin(way, browser_result.is_listening(), prompt)?;
    let heard = wait.hear(&mut browser_result, prompt);
    // The terminal is given back before anything else is said.
    wait.line = None;
    prompt.done();
    wait.rejected.sum_up(prompt);
    let redeemed = heard.and_then(|answer| match answer {
        Redirected::Code(code) => {
            let held = HeldSignals::begin(sys.clock)?;
            match wait.redeem(&code) {
                Ok(response) => Ok((response, held)),
                Err(error) => held.end().map_or_else(|signal| Err(signal.into()), |()| Err(error)),
            }
        }
        Redirected::Refused(error) => Err(refused(*error)),
    });
    match redeemed {
        Ok(((response, unusable), held)) => {
            let nonce = request.scopes.contains("openid").then(|| wait.request_state.nonce.clone());
            Ok(Arrived { response, unusable, nonce, browser_result, held })
        }
        Err(error) => {
            browser_result.tell(sys.clock, Err(&error));
            Err(error)
        }
    }
}

fn listen(
    sys: &Sys<'_>,
    request: &TokenRequest,
    way: Way,
    prompt: &mut dyn Prompt,
) -> Result<Option<Box<dyn Listener>>, AcquireError> {
    let RedirectUri::Loopback { ports, .. } = &request.page.redirect_uri else { return Ok(None) };
    if way != Way::Browser {
        return Ok(None);
    }
    match sys.loopback.listen(ports) {
        Ok(listener) => Ok(Some(listener)),
        // Another port than the one configured would not be the registered address, and a form cannot be pasted.
        Err(source) if !ports.is_empty() || sends_a_form(request) => {
            Err(AcquireError::NoListener { ports: ports.clone(), source })
        }
        Err(error) => {
            prompt.trouble(&format!(
                "cannot listen on this machine ({error}), so the address will have to be pasted"
            ));
            Ok(None)
        }
    }
}

fn sends_a_form(request: &TokenRequest) -> bool {
    request.page.response_mode == Some(ResponseMode::FormPost)
}

/// One sign-in page, from its opening to the answer.
struct Wait<'a> {
    sys: &'a Sys<'a>,
    endpoints: &'a Endpoints,
    request: &'a TokenRequest,
    request_state: AuthRequestState,
    redirect_uri: String,
    port: u16,
    /// The address that may be pasted.
    line: Option<Box<dyn Line>>,
    /// What goes wrong with the opener.
    opener: Option<mpsc::Receiver<io::Error>>,
    rejected: Rejected,
}

/// Answers that came to the listener and are not to this sign-in. Anything on this machine can send them, as fast as it
/// likes: the first of each kind is told, the others are counted.
#[derive(Default)]
struct Rejected {
    told: Vec<RedirectMismatch>,
    count: u64,
}

impl Rejected {
    fn add(&mut self, why: RedirectMismatch, prompt: &mut dyn Prompt) {
        self.count = self.count.saturating_add(1);
        if !self.told.contains(&why) {
            self.told.push(why);
            prompt.trouble(&format!("an answer came to this machine and was passed over: {why}"));
        }
    }

    /// Says how many there were, where more came than were told.
    fn sum_up(&self, prompt: &mut dyn Prompt) {
        if u64::try_from(self.told.len()).is_ok_and(|told| told < self.count) {
            prompt.trouble(&format!(
                "{} answers in all came to this machine that were not to this sign-in, and were passed over",
                self.count
            ));
        }
    }
}

impl Wait<'_> {
    fn redirect_listener(&self) -> RedirectListener<'_> {
        let page = &self.request.page;
        let path = match &page.redirect_uri {
            RedirectUri::Loopback { path, .. } => path,
            RedirectUri::Elsewhere(_) => "",
        };
        let mode = page.response_mode.unwrap_or_default();
        RedirectListener { port: self.port, path, mode, expected: self.expected() }
    }

    fn expected(&self) -> ExpectedRedirect<'_> {
        ExpectedRedirect {
            state: &self.request_state.state,
            issuer: self.endpoints.issuer.as_deref(),
            issuer_always: self.endpoints.iss_parameter_supported,
        }
    }

    /// Opens the page, or shows where it is.
    fn begin(
        &mut self,
        way: Way,
        listening: bool,
        prompt: &mut dyn Prompt,
    ) -> Result<(), AcquireError> {
        let (sys, request) = (self.sys, self.request);
        let endpoint = self
            .endpoints
            .authorization
            .as_ref()
            .ok_or_else(|| AcquireError::NoPage(request.authority.to_string()))?;
        let scopes = request.scopes.iter().chain(request.page.also.iter()).collect();
        let claims = request.claims_parameter();
        let url = AuthorizationRequest {
            endpoint,
            client_id: &request.client_id,
            redirect_uri: &self.redirect_uri,
            scopes: &scopes,
            request_state: &self.request_state,
            extra: request.page.parameters(request, claims.as_deref()),
        }
        .url();
        let place = sys.browser.host_kind(sys.env);
        let opens = way == Way::Browser && request.page.open && place.has_browser(sys.env);
        prompt.show_page(&Shown {
            url: &url,
            opens,
            listens_on: listening.then_some(self.port),
            place,
            request,
        });
        if opens {
            match sys.browser.open(&url, sys.env) {
                Ok(trouble) => self.opener = Some(trouble),
                Err(error) => self.unopened(&error, prompt),
            }
        }
        // Where the browser is elsewhere, or what it shows may not reach us, the address can be pasted as well.
        let doubtful = !opens || place == HostKind::Wsl || self.opener.is_none();
        if !listening || (doubtful && self.can_be_pasted(prompt)) {
            self.line = Some(sys.terminal.read_line().map_err(AcquireError::NothingPasted)?);
            prompt.ask_for_address(listening);
        }
        Ok(())
    }

    /// Whether somebody is there to paste the address, and the answer would be in it.
    fn can_be_pasted(&self, prompt: &dyn Prompt) -> bool {
        prompt.can_ask() && !sends_a_form(self.request)
    }

    fn unopened(&mut self, error: &io::Error, prompt: &mut dyn Prompt) {
        prompt.trouble(&format!("no browser was opened ({error}); open the address yourself"));
        if self.line.is_none() && self.can_be_pasted(prompt) {
            // Without a line to type there is still the listener.
            self.line = self.sys.terminal.read_line().ok();
            prompt.ask_for_address(true);
        }
    }

    /// Waits for the answer, by whichever way it comes.
    fn hear(
        &mut self,
        browser_result: &mut BrowserResult,
        prompt: &mut dyn Prompt,
    ) -> Result<Redirected, AcquireError> {
        let timeout = self.request.page.timeout.unwrap_or(TIMEOUT_DEFAULT);
        // By the clock that nobody can set, however many visitors come; and by the pauses, should that clock stand still.
        let (passed, mut paused) = (self.sys.clock.stopwatch(), Duration::ZERO);
        let mut shown = None;
        loop {
            let left = timeout.saturating_sub(passed().max(paused));
            if left.is_zero() {
                return Err(AcquireError::NoAnswer { after: timeout });
            }
            // Once a second, whatever the visitors do.
            let seconds = seconds_left(left);
            if shown != Some(seconds) {
                shown = Some(seconds);
                prompt.waiting(seconds);
            }
            let pause = TICK.min(left);
            let opener = self.opener.as_ref().and_then(|trouble| trouble.try_recv().ok());
            if let Some(error) = opener {
                self.opener = None;
                self.unopened(&error, prompt);
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
                Some(visit) => {
                    if let Some(answer) = self.meet(visit, prompt) {
                        return Ok(answer);
                    }
                }
                None => paused += pause,
            }
        }
    }

    /// The answer, when it was typed and is one.
    fn pasted(
        &mut self,
        listening: bool,
        prompt: &mut dyn Prompt,
    ) -> Result<Option<Redirected>, AcquireError> {
        let Some(typed) = self.line.as_mut().and_then(|line| line.poll()) else { return Ok(None) };
        self.line = None;
        let wrong = match typed {
            Ok(text) => match read_pasted(&text, self.expected()) {
                Ok(answer) => return Ok(Some(answer)),
                Err(wrong) => wrong,
            },
            // Ctrl-C is a key while a line is typed.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                return Err(Interrupted { signal: 2 }.into());
            }
            Err(error) if !listening => return Err(AcquireError::NothingPasted(error)),
            // The listener is still there.
            Err(_) => return Ok(None),
        };
        prompt.trouble(&wrong.to_string());
        match self.sys.terminal.read_line() {
            Ok(line) => self.line = Some(line),
            Err(error) if !listening => return Err(AcquireError::NothingPasted(error)),
            Err(_) => (),
        }
        prompt.ask_for_address(listening);
        Ok(None)
    }

    /// Answers a visitor; the answer to the sign-in, if this was it.
    fn meet(&mut self, visit: CallbackRequest, prompt: &mut dyn Prompt) -> Option<Redirected> {
        let redirect_listener = self.redirect_listener();
        match redirect_listener.judge(&visit.request) {
            CallbackKind::Answer(answer) => {
                visit.answer(onwards(&redirect_listener.result_path()));
                Some(answer)
            }
            CallbackKind::Mismatch(why) => {
                let status = match why {
                    RedirectMismatch::InAddress | RedirectMismatch::InForm => {
                        StatusCode::METHOD_NOT_ALLOWED
                    }
                    _ => StatusCode::BAD_REQUEST,
                };
                visit.answer(plain(status, NOT_OURS));
                self.rejected.add(why, prompt);
                None
            }
            CallbackKind::Result => {
                visit.answer(plain(StatusCode::NOT_FOUND, "the sign-in is not over"));
                None
            }
            CallbackKind::Unrelated(status, text) => {
                visit.answer(plain(status, text));
                None
            }
        }
    }

    /// Redeems the code: once, whatever becomes of the answer.
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

const NOT_OURS: &str = "This answer is not to the sign-in that entrada waits for. Finish the one that was opened last.";

fn refused(error: ErrorResponse) -> AcquireError {
    AcquireError::Refused(Box::new(Refusal { error, grant_type: GRANT_TYPE, code_ran_out: false }))
}
