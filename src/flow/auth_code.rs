//! Runs the authorization-code grant with PKCE: a page in a browser, and the way back from it.

use std::io;
use std::sync::mpsc;
use std::time::Duration;

use http::StatusCode;

use super::callback::{Door, Visitor, html, onwards, plain};
use super::choose::Way;
use super::page::page;
use super::paste::read_pasted;
use super::request::TIMEOUT_DEFAULT;
use super::{AcquireError, Prompt, Refusal, Shown, TokenRequest};
use crate::model::{Account, Endpoints, RedirectUri, Secret};
use crate::oauth::authorization::{AuthorizationRequest, Expected, Redirected, Ties};
use crate::oauth::code::{self, Redemption};
use crate::oauth::{ErrorResponse, TokenResponse};
use crate::sys::{HeldSignals, Interrupted, Line, Listener, Place, Sys, Visit};

/// The name of this grant where grants are told apart.
pub const GRANT_TYPE: &str = "authorization_code";

/// How often the line that is typed, and the opener, are looked at.
const TICK: Duration = Duration::from_millis(200);
/// Ticks between two moves of the countdown.
const TICKS_PER_WORD: u32 = 5;
/// How long a browser may take to come for the page that says how it went, and that page to arrive.
const GRACE: Duration = Duration::from_secs(2);
/// The port in the redirect URI where nobody listens: whatever the browser shows there, its address is what counts.
const PORT_UNHEARD: u16 = 8400;

/// A sign-in that brought tokens. Whoever waits at the browser still has to be told how it ends.
pub(super) struct Arrived<'a> {
    pub(super) response: TokenResponse,
    pub(super) nonce: Option<Secret>,
    pub(super) ending: Ending,
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
    let ties = Ties::new(&random);
    let listener = listen(sys, request, way, prompt)?;
    let port = match (&listener, &request.page.redirect_uri) {
        (Some(listener), _) => listener.port(),
        (None, RedirectUri::Loopback { ports, .. }) => {
            ports.first().copied().unwrap_or(PORT_UNHEARD)
        }
        (None, RedirectUri::Elsewhere(_)) => PORT_UNHEARD,
    };
    let redirect_uri = request.page.redirect_uri.at(port);
    let mut wait =
        Wait { sys, endpoints, request, ties, redirect_uri, port, line: None, opener: None };
    let mut ending = Ending { listener, path: wait.door().result_path() };
    wait.begin(way, ending.listener.is_some(), prompt)?;
    let heard = wait.hear(&mut ending, prompt);
    // The terminal is given back before anything else is said.
    wait.line = None;
    prompt.done();
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
        Ok((response, held)) => {
            let nonce = request.scopes.contains("openid").then(|| wait.ties.nonce.clone());
            Ok(Arrived { response, nonce, ending, held })
        }
        Err(error) => {
            ending.tell(Err(&error));
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
        // Another port than the one configured would not be the registered address.
        Err(source) if !ports.is_empty() => {
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

/// One sign-in page, from its opening to the answer.
struct Wait<'a> {
    sys: &'a Sys<'a>,
    endpoints: &'a Endpoints,
    request: &'a TokenRequest,
    ties: Ties,
    redirect_uri: String,
    port: u16,
    /// The address that may be pasted.
    line: Option<Box<dyn Line>>,
    /// What goes wrong with the opener.
    opener: Option<mpsc::Receiver<io::Error>>,
}

impl Wait<'_> {
    fn door(&self) -> Door<'_> {
        let page = &self.request.page;
        let path = match &page.redirect_uri {
            RedirectUri::Loopback { path, .. } => path,
            RedirectUri::Elsewhere(_) => "",
        };
        let mode = page.response_mode.unwrap_or_default();
        Door { port: self.port, path, mode, expected: self.expected() }
    }

    fn expected(&self) -> Expected<'_> {
        Expected {
            state: &self.ties.state,
            issuer: self.endpoints.issuer.as_deref(),
            issuer_always: self.endpoints.names_itself,
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
            ties: &self.ties,
            extra: request.page.parameters(request, claims.as_deref()),
        }
        .url();
        let place = sys.browser.place(sys.env);
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
        let doubtful = !opens || place == Place::Wsl || self.opener.is_none();
        if !listening || (doubtful && prompt.can_ask()) {
            self.line = Some(sys.terminal.read_line().map_err(AcquireError::NothingPasted)?);
            prompt.ask_for_address(listening);
        }
        Ok(())
    }

    fn unopened(&mut self, error: &io::Error, prompt: &mut dyn Prompt) {
        prompt.trouble(&format!("no browser was opened ({error}); open the address yourself"));
        if self.line.is_none() && prompt.can_ask() {
            // Without a line to type there is still the listener.
            self.line = self.sys.terminal.read_line().ok();
            prompt.ask_for_address(true);
        }
    }

    /// Waits for the answer, by whichever way it comes.
    fn hear(
        &mut self,
        ending: &mut Ending,
        prompt: &mut dyn Prompt,
    ) -> Result<Redirected, AcquireError> {
        let timeout = self.request.page.timeout.unwrap_or(TIMEOUT_DEFAULT);
        let begun = self.sys.clock.now();
        // Two clocks: ticks, which nobody can set, and the wall's, which a crowd of visitors cannot hold up.
        let (mut waited, mut ticks) = (Duration::ZERO, 0);
        while waited < timeout {
            let wall = u64::try_from(self.sys.clock.now().seconds_since(begun)).unwrap_or(0);
            waited = waited.max(Duration::from_secs(wall).min(timeout));
            if ticks % TICKS_PER_WORD == 0 {
                prompt.waiting(timeout.saturating_sub(waited).as_secs().cast_signed());
            }
            ticks += 1;
            let opener = self.opener.as_ref().and_then(|trouble| trouble.try_recv().ok());
            if let Some(error) = opener {
                self.opener = None;
                self.unopened(&error, prompt);
            }
            if let Some(answer) = self.pasted(ending.listener.is_some(), prompt)? {
                return Ok(answer);
            }
            let Some(listener) = &mut ending.listener else {
                self.sys.clock.sleep(TICK)?;
                waited += TICK;
                continue;
            };
            match listener.next(TICK)? {
                Some(visit) => {
                    if let Some(answer) = self.meet(visit, prompt) {
                        return Ok(answer);
                    }
                }
                None => waited += TICK,
            }
        }
        Err(AcquireError::NoAnswer { seconds: timeout.as_secs() })
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
    fn meet(&self, visit: Visit, prompt: &mut dyn Prompt) -> Option<Redirected> {
        let door = self.door();
        match door.judge(&visit.request) {
            Visitor::Answer(answer) => {
                visit.answer(onwards(&door.result_path()));
                Some(answer)
            }
            Visitor::NotOurs(why) => {
                prompt
                    .trouble(&format!("an answer came to this machine and was passed over: {why}"));
                visit.answer(plain(StatusCode::BAD_REQUEST, NOT_OURS));
                None
            }
            Visitor::Result => {
                visit.answer(plain(StatusCode::NOT_FOUND, "the sign-in is not over"));
                None
            }
            Visitor::Stray(status, text) => {
                visit.answer(plain(status, text));
                None
            }
        }
    }

    /// Redeems the code: once, whatever becomes of the answer.
    fn redeem(&self, code: &Secret) -> Result<TokenResponse, AcquireError> {
        let request = self.request;
        let response = self.sys.http.send(code::request(Redemption {
            token_endpoint: &self.endpoints.token,
            client_id: &request.client_id,
            code,
            redirect_uri: &self.redirect_uri,
            verifier: &self.ties.verifier,
            scopes: request.authority.tenant().map(|_| &request.scopes),
            claims: request.claims_parameter().as_deref(),
        }))?;
        code::parse(&response, self.sys.clock.now())?.map_err(|error| refused(*error))
    }
}

const NOT_OURS: &str = "This answer is not to the sign-in that entrada waits for. Finish the one that was opened last.";

fn refused(error: ErrorResponse) -> AcquireError {
    AcquireError::Refused(Box::new(Refusal { error, grant_type: GRANT_TYPE, code_ran_out: false }))
}

/// The last word to whoever sits at the browser.
pub(super) struct Ending {
    listener: Option<Box<dyn Listener>>,
    path: String,
}

impl Ending {
    /// Nobody waits at a browser of this machine.
    pub(super) fn none() -> Self {
        Self { listener: None, path: String::new() }
    }

    /// Shows the page that says how it went, and stops listening. The browser was sent to that page when it came with the
    /// answer; it may have asked for it already.
    pub(super) fn tell(self, outcome: Result<&Account, &AcquireError>) {
        let Some(mut listener) = self.listener else { return };
        if let Err(AcquireError::Interrupted(_) | AcquireError::NoAnswer { .. }) = outcome {
            return listener.close(Duration::ZERO);
        }
        let mut left = GRACE;
        while !left.is_zero() {
            match listener.next(TICK) {
                Ok(Some(visit)) if visit.request.uri().path() == self.path => {
                    visit.answer(html(StatusCode::OK, page(outcome)));
                    break;
                }
                // The same answer a second time: a reload, or a second tab. It changes nothing.
                Ok(Some(visit)) => visit.answer(onwards(&self.path)),
                Ok(None) => left = left.saturating_sub(TICK),
                Err(_) => break,
            }
        }
        listener.close(GRACE);
    }
}
