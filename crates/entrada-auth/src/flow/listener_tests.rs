//! Tests of the sign-in page while other programs on this machine send requests to the listener. Time passes only
//! with requests.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use tokio::sync::oneshot;
use url::Url;

use super::auth_code;
use super::browser_result::BrowserResult;
use super::sign_in_method::SignInMethod;
use super::tests::request;
use super::*;
use crate::sys::testing::Nothing;
use crate::sys::{
    Browser, Bundle, CallbackRequest, Clock, Env, Http, HttpRequest, HttpResponse, Listener,
    Loopback, Sys,
};
use entrada_core::oauth::authorization::ResponseMode;
use entrada_core::{Account, NumericDate};

const PORT: u16 = 50_123;
/// The wall clock at the start: almost the next second.
const BEGUN: u64 = 1_000_900;

/// Milliseconds between two requests.
const STEP: u64 = 100;

/// A machine on which a request arrives every [`STEP`], without end.
#[derive(Clone, Default)]
struct BusyMachine {
    milliseconds: Arc<AtomicU64>,
    /// The first requests.
    first: Rc<RefCell<Vec<HttpRequest>>>,
    /// All later requests: path and host.
    others: &'static str,
    host: &'static str,
    answers: Rc<RefCell<Vec<oneshot::Receiver<HttpResponse>>>>,
    closed_with: Rc<Cell<Option<Duration>>>,
}

impl BusyMachine {
    fn passed(&self) -> u64 {
        self.milliseconds.load(Ordering::Relaxed)
    }

    fn pass(&self, milliseconds: u64) {
        self.milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// The statuses of all responses.
    fn statuses(&self) -> Vec<u16> {
        let answers = self.answers.take();
        answers
            .into_iter()
            .filter_map(|mut answer| answer.try_recv().ok())
            .map(|a| a.status().as_u16())
            .collect()
    }
}

fn get(target: &str, host: &str) -> HttpRequest {
    http::Request::builder().uri(target).header("host", host).body(Vec::new()).unwrap()
}

impl Clock for BusyMachine {
    fn now(&self) -> NumericDate {
        NumericDate(((BEGUN + self.passed()) / 1_000).cast_signed())
    }
    fn sleep(&self, duration: Duration) -> Result<(), Interrupted> {
        self.pass(duration.as_millis().try_into().unwrap());
        Ok(())
    }
    fn stopwatch(&self) -> Box<dyn Fn() -> Duration + Send> {
        let (now, start) = (Arc::clone(&self.milliseconds), self.passed());
        Box::new(move || Duration::from_millis(now.load(Ordering::Relaxed) - start))
    }
}

impl Browser for BusyMachine {
    fn host_kind(&self, _: &Env) -> HostKind {
        HostKind::Desktop
    }
    fn open(&self, _: &Url, _: &Env) -> io::Result<mpsc::Receiver<io::Error>> {
        Ok(mpsc::channel().1)
    }
}

impl Loopback for BusyMachine {
    fn listen(&self, _: &[u16]) -> io::Result<Box<dyn Listener>> {
        Ok(Box::new(self.clone()))
    }
}

impl Listener for BusyMachine {
    fn port(&self) -> u16 {
        PORT
    }
    fn next(&mut self, wait: Duration) -> Result<Option<CallbackRequest>, Interrupted> {
        let step = Duration::from_millis(STEP);
        self.pass(step.min(wait).as_millis().try_into().unwrap());
        if wait < step {
            return Ok(None);
        }
        let first = self.first.borrow_mut().pop();
        let (callback, answer) =
            CallbackRequest::new(first.unwrap_or_else(|| get(self.others, self.host)));
        self.answers.borrow_mut().push(answer);
        Ok(Some(callback))
    }
    fn close(self: Box<Self>, grace: Duration) {
        self.closed_with.set(Some(grace));
    }
}

impl Http for BusyMachine {
    fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        Ok(http::Response::new(br#"{"access_token":"at","expires_in":3600}"#.to_vec()))
    }
    fn trust(&self, _: Bundle) {}
}

/// Records every message.
#[derive(Default)]
struct Log {
    warnings: Vec<String>,
    countdown: Vec<i64>,
}

impl Prompt for Log {
    fn show_code(&mut self, _: &DeviceAuthorization, _: &TokenRequest) {}
    fn show_page(&mut self, _: &SignInAddress<'_>) {}
    fn can_ask(&self) -> bool {
        false
    }
    fn ask_for_address(&mut self, _: bool) {}
    fn waiting(&mut self, left: i64) {
        self.countdown.push(left);
    }
    fn warn(&mut self, message: &str) {
        self.warnings.push(message.to_owned());
    }
    fn done(&mut self) {}
}

fn sign_in(machine: &BusyMachine, log: &mut Log) -> Result<BrowserResult, AcquireError> {
    let env = Env::default();
    let sys = Sys {
        clock: machine,
        http: machine,
        dial: &Nothing,
        env: &env,
        terminal: &Nothing,
        browser: machine,
        loopback: machine,
        entropy: &Nothing,
        programs: &Nothing,
        policy_file: None,
    };
    let page = SignInPage {
        timeout: Some(Duration::from_secs(8)),
        response_mode: Some(ResponseMode::Query),
        ..SignInPage::default()
    };
    let request = TokenRequest { page, ..request() };
    let endpoints = request.authority.endpoints().unwrap();
    auth_code::run(&sys, &endpoints, &request, SignInMethod::Browser, log)
        .map(|arrived| arrived.browser_result)
}

/// The right response: its `state` is made of zeros.
fn right() -> HttpRequest {
    let state = BASE64_URL_SAFE_NO_PAD.encode([0; 32]);
    get(&format!("/?code=the-code&state={state}"), &format!("localhost:{PORT}"))
}

fn machine(others: &'static str) -> BusyMachine {
    BusyMachine { others, host: "localhost:50123", ..BusyMachine::default() }
}

#[test]
fn the_wait_has_the_requested_length_however_many_requests_arrive() {
    for others in ["/favicon.ico", "/", "/?code=c&state=x", "/?error=e&state=x&state=y"] {
        let (machine, mut log) = (machine(others), Log::default());
        let end = sign_in(&machine, &mut log).err().unwrap().to_string();
        assert_eq!((end.as_str(), machine.passed()), ("no answer came within 8 s", 8_000));
        assert_eq!(log.countdown, [8, 7, 6, 5, 4, 3, 2, 1], "{others}");
        assert_eq!(machine.statuses().len(), 80);
        assert_eq!(machine.closed_with.get(), Some(Duration::ZERO));
    }
}

#[test]
fn responses_to_another_sign_in_are_reported_once_and_counted() {
    let (machine, mut log) = (machine("/?code=c&state=x"), Log::default());
    *machine.first.borrow_mut() =
        vec![get("/?code=c&code=d", "localhost:50123"), get("/?code=c&code=e", "localhost:50123")];
    assert!(sign_in(&machine, &mut log).is_err());
    let [twice, state, sum] = &log.warnings[..] else { panic!("{:?}", log.warnings) };
    assert!(twice.contains("a parameter twice"), "{twice}");
    assert!(state.contains("its `state`"), "{state}");
    assert!(sum.starts_with("80 responses to this machine in total"), "{sum}");
}

#[test]
fn the_start_page_leads_to_the_sign_in_page_once() {
    let (machine, mut log) = (machine("/sign-in/AAAAAAAAAAAAAAAAAAAAAA"), Log::default());
    assert!(sign_in(&machine, &mut log).is_err());
    let answers = machine.answers.take();
    let answers: Vec<HttpResponse> =
        answers.into_iter().filter_map(|mut answer| answer.try_recv().ok()).collect();
    let location = answers[0].headers()["location"].to_str().unwrap();
    assert!(location.contains("/authorize?") && location.contains("&state="), "{location}");
    assert_eq!(answers.len(), 80);
    for answer in &answers[1..] {
        assert_eq!(answer.status(), 410);
        assert!(answer.headers().get("location").is_none());
        assert!(!String::from_utf8_lossy(answer.body()).contains("/authorize"));
    }
    assert!(log.warnings[0].contains("was requested twice"), "{:?}", log.warnings);
    assert_eq!(log.warnings.len(), 1, "other requests are not told again");
}

#[test]
fn every_answer_of_the_listener_forbids_storing_framing_scripts_and_referrers() {
    for others in ["/", "/result", "/other", "/?code=c&state=x", "/sign-in/AAAAAAAAAAAAAAAAAAAAAA"]
    {
        let (machine, mut log) = (machine(others), Log::default());
        machine.first.borrow_mut().push(right());
        if let Ok(browser_result) = sign_in(&machine, &mut log) {
            browser_result.show(&machine, Ok(&Account::default()));
        }
        machine.first.borrow_mut().clear();
        assert!(sign_in(&machine, &mut log).is_err());
        let answers = machine.answers.take();
        let answers = answers.into_iter().filter_map(|mut answer| answer.try_recv().ok());
        let mut count = 0;
        for answer in answers {
            count += 1;
            let header = |name: &str| {
                let value = answer.headers().get(name).map(|value| value.to_str().unwrap());
                value.unwrap_or_default().to_owned()
            };
            for (name, expected) in [
                ("cache-control", "no-store"),
                ("referrer-policy", "no-referrer"),
                ("x-content-type-options", "nosniff"),
                ("connection", "close"),
            ] {
                assert_eq!(header(name), expected, "{name} for {others}");
            }
            let policy = header("content-security-policy");
            for part in ["default-src 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
                assert!(policy.contains(part), "{part} for {others}: {policy}");
            }
            assert!(!policy.contains("script-src"), "{policy}");
            assert!(answer.headers().keys().all(|name| !name.as_str().starts_with("access-")));
        }
        assert!(40 < count, "{others}: {count} answers");
    }
}

#[test]
fn no_request_prolongs_the_end_of_a_successful_sign_in() {
    for others in ["/favicon.ico", "/?code=the-code&state=x", "/"] {
        let (machine, mut log) = (machine(others), Log::default());
        machine.first.borrow_mut().push(right());
        let browser_result = sign_in(&machine, &mut log).unwrap();
        let before = machine.passed();
        browser_result.show(&machine, Ok(&Account::default()));
        let waited = machine.passed() - before;
        let closing = machine.closed_with.get().unwrap();
        assert_eq!(waited, 800, "{others}");
        assert_eq!(Duration::from_millis(waited) + closing, Duration::from_secs(1));
        assert!(log.warnings.is_empty(), "{:?}", log.warnings);
        assert!(machine.statuses().iter().all(|status| *status == 303), "{others}");
    }
}

#[test]
fn the_page_that_names_the_account_is_for_this_machine_only() {
    let (machine, mut log) = (
        BusyMachine { others: "/result", host: "evil.example:50123", ..BusyMachine::default() },
        Log::default(),
    );
    machine.first.borrow_mut().push(right());
    let browser_result = sign_in(&machine, &mut log).unwrap();
    browser_result.show(&machine, Ok(&Account::default()));
    let statuses = machine.statuses();
    assert_eq!(statuses[0], 303);
    assert!(1 < statuses.len() && statuses[1..].iter().all(|status| *status == 421));

    machine.first.borrow_mut().append(&mut vec![get("/result", "localhost:50123"), right()]);
    let browser_result = sign_in(&machine, &mut log).unwrap();
    browser_result.show(&machine, Ok(&Account::default()));
    assert_eq!(machine.statuses(), [303, 200]);
}
