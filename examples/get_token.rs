//! Gets a token with the library: what `entrada token` does, without the command line.
//!
//! `cargo run --example get_token -- AUTHORITY TENANT CLIENT_ID SCOPE…` signs in and prints the token.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a program, not the library"
)]

use std::error::Error;
use std::time::Duration;

use entrada_auth::flow::{self, Pins, Prompt, Shown, SignInPage, TokenRequest};
use entrada_auth::store::{self, Interaction, StoreKind};
use entrada_auth::sys::{
    Env, RealBrowser, RealClock, RealEntropy, RealHttp, RealLoopback, RealPrograms, RealTerminal,
    Sys,
};
use entrada_core::oauth::device_code::DeviceAuthorization;
use entrada_core::{Authority, ScopeSet, Tenant, clean};

/// How the user hears of the code.
struct Stderr;

impl Prompt for Stderr {
    fn show_code(&mut self, authorization: &DeviceAuthorization, _: &TokenRequest) {
        // What comes from a server is cleaned before it meets a terminal.
        let page = authorization.verification_uri.as_str();
        eprintln!("open {} and enter {}", clean(page), clean(&authorization.user_code));
    }

    fn show_page(&mut self, page: &Shown<'_>) {
        eprintln!("open {}", page.url);
    }

    fn can_ask(&self) -> bool {
        false
    }

    fn ask_for_address(&mut self, _also: bool) {
        eprintln!("paste the address that the browser shows at the end");
    }

    fn waiting(&mut self, _seconds_left: i64) {}

    fn trouble(&mut self, what: &str) {
        eprintln!("{}", clean(what));
    }

    fn done(&mut self) {}
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let mut next = |what: &str| words.next().ok_or_else(|| format!("{what} is missing"));
    let (authority, tenant, client_id) = (next("AUTHORITY")?, next("TENANT")?, next("CLIENT_ID")?);
    let mut scopes: ScopeSet = words.collect();
    // Without it no refresh token comes.
    scopes.insert("offline_access");

    let env = Env::real();
    let http = RealHttp::new(&env);
    let sys = Sys {
        clock: &RealClock,
        http: &http,
        dial: &http,
        env: &env,
        terminal: &RealTerminal,
        browser: &RealBrowser,
        loopback: &RealLoopback,
        entropy: &RealEntropy,
        programs: &RealPrograms,
    };
    // `StoreKind::Keyring`, with directories that last, keeps the grant for the next run.
    let state = tempfile::tempdir()?;
    let grants = store::open(store::Options {
        kind: StoreKind::Memory,
        state_dir: state.path().to_owned(),
        data_dir: state.path().join("data"),
        key: None,
        session: store::Session::default(),
        bus: env.get("DBUS_SESSION_BUS_ADDRESS").map(str::to_owned),
        service: "entrada-example".to_owned(),
        interaction: Interaction::Allowed,
        limits: store::Limits::default(),
        notice: Box::new(|text| eprintln!("{text}")),
        asked_to_end: || None,
    })?;
    let request = TokenRequest {
        authority: Authority::parse(&authority, Some(Tenant::parse(&tenant)?))?,
        client_id,
        scopes,
        account: None,
        pins: Pins::default(),
        min_ttl: None,
        flow: flow::FlowKind::Auto,
        page: SignInPage::default(),
        force_refresh: false,
        interaction: Interaction::Allowed,
        claims: None,
        challenge: None,
        lock_wait: Duration::from_secs(10),
    };

    // From the store, else by refresh, else by asking the user.
    let acquired = flow::acquire(&sys, &grants, &request, &mut Stderr)?;
    eprintln!("{} until {}", acquired.account.label(), acquired.token.expires_at);
    // A `Secret` shows nothing by itself: this is where it leaves.
    println!("{}", acquired.token.access_token.expose());
    Ok(())
}
