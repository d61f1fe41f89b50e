//! Tests of the device-code loop in a simulated environment: fixed responses, and a clock that advances with each
//! sleep.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::*;
use crate::store::Interaction;
use crate::sys::testing::Nothing;
use crate::sys::{Bundle, Clock, Env, Http, HttpFailure, HttpRequest, HttpResponse, Sys};
use entrada_core::{Authority, NumericDate, ScopeSet, Tenant};

enum Step {
    Answer(u16, &'static str),
    RetryAfter(u16, &'static str),
    Silence,
    TooLarge,
}
use Step::{Answer, RetryAfter, Silence, TooLarge};

struct World {
    now: Cell<i64>,
    steps: RefCell<std::vec::IntoIter<Step>>,
    polls_at: RefCell<Vec<i64>>,
    /// How long each request takes, and the milliseconds that have passed.
    takes: Duration,
    milliseconds: Arc<AtomicU64>,
}

impl Clock for World {
    fn stopwatch(&self) -> Box<dyn Fn() -> Duration + Send> {
        let (now, start) =
            (Arc::clone(&self.milliseconds), self.milliseconds.load(Ordering::Relaxed));
        Box::new(move || Duration::from_millis(now.load(Ordering::Relaxed) - start))
    }
    fn now(&self) -> NumericDate {
        NumericDate(self.now.get())
    }
    fn sleep(&self, duration: Duration) -> Result<(), Interrupted> {
        self.now.set(self.now.get() + i64::try_from(duration.as_secs()).unwrap());
        self.pass(duration);
        Ok(())
    }
}

impl World {
    fn new(steps: Vec<Step>, takes: Duration) -> Self {
        Self {
            now: Cell::new(0),
            steps: RefCell::new(steps.into_iter()),
            polls_at: RefCell::default(),
            takes,
            milliseconds: Arc::default(),
        }
    }

    fn pass(&self, duration: Duration) {
        self.milliseconds.fetch_add(duration.as_millis().try_into().unwrap(), Ordering::Relaxed);
    }
}

impl Http for World {
    fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.pass(self.takes);
        self.polls_at.borrow_mut().push(self.now.get());
        let mut answer = http::Response::builder();
        let (status, body) = match self.steps.borrow_mut().next() {
            Some(Answer(status, body)) => (status, body),
            Some(RetryAfter(status, seconds)) => {
                answer = answer.header("retry-after", seconds);
                (status, "")
            }
            Some(step @ (Silence | TooLarge)) => {
                let silence = matches!(step, Silence);
                return Err(HttpError {
                    host: "login.example".to_owned(),
                    failure: if silence { HttpFailure::Connect } else { HttpFailure::TooLarge },
                    source: None,
                });
            }
            None => (400, PENDING),
        };
        Ok(answer.status(status).body(body.into()).unwrap())
    }
    fn trust(&self, _: Bundle) {}
}

#[derive(Default)]
struct RecordingPrompt {
    warnings: Vec<String>,
}

impl Prompt for RecordingPrompt {
    fn show_code(&mut self, _: &DeviceAuthorization, _: &TokenRequest) {}
    fn show_page(&mut self, _: &SignInAddress<'_>) {}
    fn can_ask(&self) -> bool {
        false
    }
    fn ask_for_address(&mut self, _: bool) {}
    fn waiting(&mut self, _: i64) {}
    fn warn(&mut self, message: &str) {
        self.warnings.push(message.to_owned());
    }
    fn done(&mut self) {}
}

const CODE: &str = r#"{"device_code":"dc","user_code":"UC","verification_uri":"https://x/","expires_in":60,"interval":5}"#;
const PENDING: &str = r#"{"error":"authorization_pending"}"#;
const SLOW_DOWN: &str = r#"{"error":"slow_down"}"#;
const DECLINED: &str = r#"{"error":"authorization_declined"}"#;
const TOKEN: &str = r#"{"access_token":"at","expires_in":3600}"#;

pub(super) fn request() -> TokenRequest {
    TokenRequest {
        authority: Authority::parse("https://login.example", Tenant::parse("common").ok()).unwrap(),
        client_id: "client".into(),
        scopes: ScopeSet::parse("openid"),
        account: None,
        min_ttl: None,
        flow: FlowKind::Auto,
        allowed_flows: None,
        page: SignInPage::default(),
        pins: Pins::default(),
        force_refresh: false,
        interaction: Interaction::Allowed,
        claims: None,
        challenge: None,
        lock_wait: Duration::ZERO,
    }
}

/// Runs the flow. Returns how it ended, when each request was sent, and how many problems were reported.
#[track_caller]
fn run(steps: Vec<Step>) -> (String, Vec<i64>, usize) {
    run_for(steps, None)
}

/// The same, with a timeout of so many seconds.
#[track_caller]
fn run_for(steps: Vec<Step>, timeout: Option<u64>) -> (String, Vec<i64>, usize) {
    let world = World::new(steps, Duration::ZERO);
    let (end, warnings) = run_in(&world, timeout);
    (end, world.polls_at.take(), warnings)
}

/// Runs the flow with requests that take `takes`. Returns how it ended, and after how many milliseconds.
fn run_slowly(takes: Duration, timeout: u64) -> (String, u64) {
    let world = World::new(vec![Answer(200, CODE)], takes);
    let (end, _) = run_in(&world, Some(timeout));
    // The request for the code is sent before the wait.
    let passed = world.milliseconds.load(Ordering::Relaxed);
    (end, passed - u64::try_from(takes.as_millis()).unwrap())
}

fn run_in(world: &World, timeout: Option<u64>) -> (String, usize) {
    let env = Env::default();
    let sys = Sys {
        clock: world,
        http: world,
        dial: &Nothing,
        env: &env,
        terminal: &Nothing,
        browser: &Nothing,
        loopback: &Nothing,
        entropy: &Nothing,
        programs: &Nothing,
        policy_file: None,
    };
    let page = SignInPage { timeout: timeout.map(Duration::from_secs), ..SignInPage::default() };
    let request = TokenRequest { page, ..request() };
    let endpoints = request.authority.endpoints().unwrap();
    let mut prompt = RecordingPrompt::default();
    let end = match device_code::run(&sys, &endpoints, &request, &mut prompt) {
        Ok(((token, None), _)) => token.access_token.expose().to_owned(),
        Ok(((_, Some(error)), _)) => format!("only a refresh token: {error}"),
        Err(AcquireError::Refused(refusal)) => refusal.error.error,
        Err(error) => error.to_string(),
    };
    (end, prompt.warnings.len())
}

#[test]
fn the_first_poll_comes_after_one_interval_and_pending_keeps_the_interval() {
    let (end, at, _) = run(vec![
        Answer(200, CODE),
        Answer(400, PENDING),
        Answer(400, PENDING),
        Answer(200, TOKEN),
    ]);
    assert_eq!((end.as_str(), at), ("at", vec![0, 5, 10, 15]));
}

#[test]
fn slow_down_adds_five_seconds_to_every_later_wait() {
    let (end, at, _) = run(vec![
        Answer(200, CODE),
        Answer(400, SLOW_DOWN),
        Answer(400, PENDING),
        Answer(200, TOKEN),
    ]);
    assert_eq!((end.as_str(), at), ("at", vec![0, 5, 15, 25]));
}

#[test]
fn one_last_poll_after_the_end_gets_the_servers_own_error() {
    let (end, at, _) = run(vec![Answer(200, CODE)]);
    assert_eq!(end, "expired_token");
    assert_eq!(at.last(), Some(&60));
    assert_eq!(at.len(), 13);
}

#[test]
fn a_wait_that_was_bounded_ends_before_the_code() {
    let (end, at, _) = run_for(vec![Answer(200, CODE)], Some(12));
    assert_eq!(
        (end.as_str(), at),
        ("the sign-in by code was not finished within 12 s", vec![0, 5, 10, 12])
    );
    let (end, ..) = run_for(vec![Answer(200, CODE)], Some(600));
    assert_eq!(end, "expired_token");
}

#[test]
fn a_refusal_ends_the_wait_at_once_whatever_its_status() {
    for status in [200, 400, 401, 404] {
        let (end, at, _) = run(vec![Answer(200, CODE), Answer(status, DECLINED)]);
        assert_eq!((end.as_str(), at), ("authorization_declined", vec![0, 5]), "{status}");
    }
}

#[test]
fn an_outage_while_polling_is_reported_and_survived() {
    let (end, at, warnings) = run(vec![
        Answer(200, CODE),
        Silence,
        Silence,
        Answer(503, "<html>busy</html>"),
        Answer(200, TOKEN),
    ]);
    assert_eq!((end.as_str(), warnings), ("at", 3));
    assert_eq!(at, [0, 5, 15, 35, 60], "waits grow and stay within the code's life");
}

#[test]
fn retry_after_is_obeyed_up_to_a_limit() {
    let (end, at, _) = run(vec![Answer(200, CODE), RetryAfter(429, "17"), Answer(200, TOKEN)]);
    assert_eq!((end.as_str(), at), ("at", vec![0, 5, 22]));
    let (_, at, _) = run(vec![Answer(200, CODE), RetryAfter(429, "99999"), Answer(200, TOKEN)]);
    assert_eq!(at, [0, 5, 60]);
}

#[test]
fn a_refusal_of_the_code_request_ends_the_flow_before_anything_is_shown() {
    for status in [200, 400] {
        let (end, at, _) = run(vec![Answer(status, r#"{"error":"invalid_client"}"#)]);
        assert_eq!((end.as_str(), at), ("invalid_client", vec![0]), "{status}");
    }
}

#[test]
fn a_success_without_a_usable_token_ends_the_wait_at_once() {
    for body in [
        r#"{"access_token":"at","token_type":"mac"}"#,
        r#"{"access_token":"a\u0007t","token_type":"Bearer"}"#,
        r#"{"token_type":"Bearer","refresh_token":"rt"}"#,
        "",
    ] {
        let (end, at, warnings) = run(vec![
            Answer(200, CODE),
            Answer(400, PENDING),
            Answer(200, body),
            Answer(200, TOKEN),
        ]);
        assert!(end.contains("the device access token request"), "{end}");
        assert_eq!((at, warnings), (vec![0, 5, 10], 0), "{body}");
    }
}

#[test]
fn an_answer_that_is_not_oauth_ends_the_wait_with_a_clear_error() {
    let page = "<html>Sign in to this network</html>";
    for (status, body) in [
        (200, page),
        (302, ""),
        (307, page),
        (400, page),
        (403, "{}"),
        (404, ""),
        (418, r#"{"message":"no"}"#),
    ] {
        let (end, at, warnings) =
            run(vec![Answer(200, CODE), Answer(status, body), Answer(200, TOKEN)]);
        assert!(end.contains(&format!("HTTP {status}")), "{end}");
        assert_eq!((at, warnings), (vec![0, 5], 0), "{status}");
    }
    let (end, at, _) = run(vec![Answer(200, CODE), TooLarge, Answer(200, TOKEN)]);
    assert!(end.contains("larger than 4 MiB"), "{end}");
    assert_eq!(at, [0, 5]);
}

#[test]
fn tokens_with_an_unexpected_status_end_the_wait_and_the_refresh_token_is_not_lost() {
    let tokens = r#"{"access_token":"at","token_type":"Bearer","refresh_token":"rt"}"#;
    for status in [307, 404, 429, 500, 503] {
        let (end, at, _) = run(vec![Answer(200, CODE), Answer(status, tokens), Answer(200, TOKEN)]);
        assert!(end.starts_with("only a refresh token: "), "{end}");
        assert_eq!(at, [0, 5], "{status}");
    }
}

#[test]
fn an_outage_is_survived_whatever_its_body_contains() {
    for status in [408, 429, 500, 501, 502, 503, 504, 520] {
        let (end, _, warnings) =
            run(vec![Answer(200, CODE), Answer(status, "<p>busy"), Answer(200, TOKEN)]);
        assert_eq!((end.as_str(), warnings), ("at", 1), "{status}");
    }
}

#[test]
fn time_that_requests_take_is_part_of_the_wait() {
    let end = run_slowly(Duration::from_millis(900), 20);
    // Seven requests and six pauses of 5 s would be more than 36 s.
    assert_eq!(end, ("the sign-in by code was not finished within 20 s".to_owned(), 20_900));
}
