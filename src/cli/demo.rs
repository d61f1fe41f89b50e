//! `entrada demo`: the guided tour on an embedded emulator.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::app::App;
use super::failure::of_acquire;
use super::prompt::CliPrompt;
use super::ui::style_of;
use super::{Exit, Failure};
use crate::config::Settings;
use crate::config::flags;
use crate::in_process::{InProcess, Stopwatch};
use crate::render::{self, Notes, Style};
use entrada_auth::flow::{self, Acquired, Prompt, SignInAddress, TokenRequest};
use entrada_auth::store::{self, Grants, Interaction, StoreKind};
use entrada_auth::sys::{self, Clock as _, RealClock, Stream, Sys};
use entrada_core::oauth::device_code::DeviceAuthorization;
use entrada_core::{Authority, Job, ScopeSet, Tenant};
use entrada_diagnose::{self as diagnose, Context, Evidence, Shape};
use entrada_emulator::{Emulator, EmulatorOptions, Scenario, serve};

/// The settings that the command reads.
pub(super) type Flags = (flags::CodeDisplay, flags::Interaction);

#[derive(clap::Args)]
pub(super) struct Args {}

/// Who signs in.
const USER: &str = "ada@contoso.example";
/// The service name of the demo's items, which keeps them apart from the user's own.
const SERVICE: &str = "entrada-demo";
const READ_MAIL: &str = "https://graph.microsoft.com/Mail.Read";
const PROFILE: &str = "https://graph.microsoft.com/User.Read";

pub(super) fn run(_: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings(None)?;
    let state = state_folder()?;
    let listeners = serve::bind(0)?;
    let port = listeners.first().map_or(Ok(0), |first| first.local_addr().map(|at| at.port()))?;
    let base = Url::parse(&format!("http://localhost:{port}"))
        .map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    let emulator = Arc::new(Emulator::new(EmulatorOptions {
        interval: 1,
        ..EmulatorOptions::new(base.clone())
    }));
    let running =
        serve::spawn(Arc::clone(&emulator), listeners, None, Arc::new(|| RealClock.now()))?;

    step(app, 1, "an Entra ID of your own")?;
    let address = base.as_str().trim_end_matches('/');
    say(app, &format!("Emulated, on {address} until the demo ends. Nothing leaves this machine."))?;
    let grants = open_store(app, state.path())?;
    let outcome = tour(app, &settings, &emulator, &grants, &base);
    // Remove everything that the demo stored, also after a failure.
    grants.clear()?;
    outcome?;
    drop(running);

    step(app, 5, "three tokens, judged")?;
    verdicts(app)?;
    writeln!(app.stdout)?;
    say(
        app,
        "That was the tour. Next: `entrada config init` for the real Entra ID (README, \"Which client id?\"), \
         or `entrada emulator` to keep an emulator running.",
    )?;
    Ok(Exit::Success)
}

/// A folder for locks and lists, removed when it is dropped: in the system's folder for temporary files or, in a container without
/// one, in the current folder.
fn state_folder() -> std::io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("entrada-demo-");
    builder.tempdir().or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => builder.tempdir_in("."),
        _ => Err(error),
    })
}

/// Sign-in, store, silent token, refresh: over real sockets.
fn tour(
    app: &mut App<'_, '_>,
    settings: &Settings,
    emulator: &Emulator,
    grants: &Grants,
    base: &Url,
) -> Result<(), Failure> {
    step(app, 2, "sign in by device code")?;
    let request = request(base, &[READ_MAIL], true, app.interaction(settings))?;
    let mut guide = Guide {
        person: CliPrompt::new(app, settings),
        sys: app.sys,
        emulator,
        by_hand: request.interaction == Interaction::Allowed,
    };
    let fail = |error| of_acquire(error, Evidence::default(), "`entrada demo`");
    let signed_in = flow::sign_in(app.sys, grants, &request, &mut guide).map_err(fail)?;
    writeln!(app.stdout, "signed in as {}", signed_in.account.label())?;

    step(app, 3, "the grant is stored")?;
    let kept = grants.describe();
    say(
        app,
        &format!("kept in {kept}, refresh token included (under `{SERVICE}`, removed at the end)"),
    )?;

    step(app, 4, "tokens without asking again")?;
    let silent = TokenRequest { interaction: Interaction::Forbidden, ..request };
    for (what, request) in [
        ("`entrada token`", silent.clone()),
        ("`entrada token --force-refresh`", TokenRequest { force_refresh: true, ..silent.clone() }),
        ("`entrada token --job imap`", TokenRequest { scopes: imap(), ..silent }),
    ] {
        let before = emulator.log().len();
        let acquired = flow::acquire(app.sys, grants, &request, &mut guide).map_err(fail)?;
        let requests = emulator.log().len() - before;
        let came = match acquired.source {
            flow::Source::Cache => "from the store",
            flow::Source::Refresh => "by refresh",
            flow::Source::SignIn => "by sign-in",
        };
        let plural = if requests == 1 { "request" } else { "requests" };
        writeln!(
            app.stdout,
            "{what:32} {came:15} {requests} {plural}, token {}",
            acquired.token.access_token.fingerprint()
        )?;
    }
    Ok(())
}

/// Three sign-ins on a clock of their own, each judged for reading mail.
fn verdicts(app: &mut App<'_, '_>) -> Result<(), Failure> {
    let style = style_of(app.sys, Stream::Stdout);
    for (title, scenario, scopes, offline) in [
        ("a healthy token", "normal", &[READ_MAIL][..], true),
        ("a token requested without Mail.Read", "normal", &[PROFILE][..], true),
        ("a token requested without offline_access", "normal", &[READ_MAIL][..], false),
    ] {
        writeln!(app.stdout, "\n{}", render::heading(style, title))?;
        let (request, acquired) = elsewhere(app, scenario, scopes, offline)?;
        judged(app, style, &request, &acquired)?;
    }
    Ok(())
}

/// A sign-in on an emulator without sockets, where waiting takes no time.
fn elsewhere(
    app: &App<'_, '_>,
    scenario: &str,
    scopes: &[&str],
    offline: bool,
) -> Result<(TokenRequest, Acquired), Failure> {
    let base = Url::parse("http://localhost:1")
        .map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    let options = EmulatorOptions {
        scenario: Scenario::find(scenario).unwrap_or_default(),
        ..EmulatorOptions::new(base.clone())
    };
    let emulator = Emulator::new(options);
    let clock = Stopwatch::at(app.sys.clock.now());
    let http = InProcess { emulator: &emulator, clock: &clock };
    let sys = Sys { clock: &clock, http: &http, ..*app.sys };
    let state = state_folder()?;
    let grants = store::open(options_for(StoreKind::Memory, state.path(), app.sys.env))?;
    let request = request(&base, scopes, offline, Interaction::Forbidden)?;
    let acquired = flow::sign_in(&sys, &grants, &request, &mut Silent { emulator: &emulator })
        .map_err(|error| of_acquire(error, Evidence::default(), "`entrada demo`"))?;
    Ok((request, acquired))
}

fn judged(
    app: &mut App<'_, '_>,
    style: Style,
    request: &TokenRequest,
    acquired: &Acquired,
) -> Result<(), Failure> {
    let evidence = Evidence {
        token: Some(Shape::of(acquired.token.access_token.expose())),
        response: acquired.response.clone(),
        context: Context {
            job: Some(Job::GraphMailRead),
            requested: Some(request.scopes.clone()),
            client_id: Some(request.client_id.clone()),
            grant_type: Some("device_code".to_owned()),
            ..Context::default()
        },
        now: Some(acquired.token.received_at),
        ..Evidence::default()
    };
    let diagnosis = diagnose::run(&evidence);
    render::diagnosis(app.stdout, &diagnosis, style, Notes::Hidden)?;
    Ok(())
}

/// The real keyring if one works, otherwise memory.
fn open_store(app: &App<'_, '_>, state: &std::path::Path) -> Result<Grants, Failure> {
    let keyring = store::open(options_for(StoreKind::Keyring, state, app.sys.env))?;
    match keyring.reserve() {
        Ok(_) => Ok(keyring),
        Err(error) => {
            app.ui.line(format!("note: {error}; this demo keeps its grant in memory"));
            Ok(store::open(options_for(StoreKind::Memory, state, app.sys.env))?)
        }
    }
}

fn options_for(
    kind: StoreKind,
    state: &std::path::Path,
    env: &entrada_auth::sys::Env,
) -> store::StoreOptions {
    store::StoreOptions {
        kind,
        state_dir: state.to_owned(),
        data_dir: state.join("data"),
        key: None,
        session: store::KeyringSession::default(),
        bus: store::session_bus(env),
        service: SERVICE.to_owned(),
        interaction: Interaction::Forbidden,
        limits: store::Limits::default(),
        notice: Box::new(sys::say),
        termination_signal: sys::termination_signal,
    }
}

fn request(
    base: &Url,
    scopes: &[&str],
    offline: bool,
    interaction: Interaction,
) -> Result<TokenRequest, Failure> {
    let tenant = Tenant::parse("organizations").map_err(crate::config::SettingsError::from)?;
    let mut scopes: ScopeSet = scopes.iter().copied().collect();
    scopes.insert("openid");
    scopes.insert("profile");
    if offline {
        scopes.insert("offline_access");
    }
    Ok(TokenRequest {
        authority: Authority::parse(base.as_str(), Some(tenant))
            .map_err(crate::config::SettingsError::from)?,
        client_id: <&Scenario>::default().client_id.to_owned(),
        scopes,
        account: None,
        min_ttl: None,
        flow: flow::FlowKind::Device,
        allowed_flows: None,
        page: flow::SignInPage::default(),
        pins: flow::Pins::default(),
        force_refresh: false,
        interaction,
        claims: None,
        challenge: None,
        lock_wait: Duration::from_secs(5),
    })
}

fn imap() -> ScopeSet {
    ScopeSet::parse(
        "https://outlook.office.com/IMAP.AccessAsUser.All offline_access openid profile",
    )
}

fn say(app: &mut App<'_, '_>, text: &str) -> Result<(), Failure> {
    let style = style_of(app.sys, Stream::Stdout);
    Ok(render::wrapped(app.stdout, style.width, text)?)
}

fn step(app: &mut App<'_, '_>, number: u8, title: &str) -> Result<(), Failure> {
    let style = style_of(app.sys, Stream::Stdout);
    let gap = if number == 1 { "" } else { "\n" };
    writeln!(app.stdout, "{gap}{}", render::heading(style, &format!("{number}. {title}")))?;
    app.stdout.flush()?;
    Ok(())
}

/// Shows the code like any sign-in; without a terminal, approves it itself.
struct Guide<'a, 't> {
    person: CliPrompt<'a, 't>,
    sys: &'a Sys<'a>,
    emulator: &'a Emulator,
    by_hand: bool,
}

impl Prompt for Guide<'_, '_> {
    fn show_code(&mut self, authorization: &DeviceAuthorization, request: &TokenRequest) {
        self.person.show_code(authorization, request);
        // The page is on this machine: a browser elsewhere cannot open it.
        let has_browser = self.sys.browser.host_kind(self.sys.env).has_browser(self.sys.env);
        if !self.by_hand || !has_browser {
            self.emulator.approve(&authorization.user_code, USER);
            let missing = if self.by_hand { "browser" } else { "terminal" };
            self.person
                .note(&format!("there is no {missing}: the demo approves the sign-in itself"));
            return;
        }
        let mut page = authorization.verification_uri.clone();
        page.query_pairs_mut().append_pair("otc", &authorization.user_code);
        self.person.note(&format!("press the button on {page}"));
        // A page that does not open is not an error: its address was printed.
        let _ = self.sys.browser.open(&page, self.sys.env);
    }

    fn show_page(&mut self, page: &SignInAddress<'_>) {
        self.person.show_page(page);
    }

    fn can_ask(&self) -> bool {
        false
    }

    fn ask_for_address(&mut self, also: bool) {
        self.person.ask_for_address(also);
    }

    fn waiting(&mut self, left: i64) {
        self.person.waiting(left);
    }

    fn warn(&mut self, message: &str) {
        self.person.warn(message);
    }

    fn done(&mut self) {
        self.person.done();
    }
}

/// Approves without output.
struct Silent<'a> {
    emulator: &'a Emulator,
}

impl Prompt for Silent<'_> {
    fn show_code(&mut self, authorization: &DeviceAuthorization, _: &TokenRequest) {
        self.emulator.approve(&authorization.user_code, USER);
    }

    fn show_page(&mut self, _: &SignInAddress<'_>) {}

    fn can_ask(&self) -> bool {
        false
    }

    fn ask_for_address(&mut self, _: bool) {}

    fn waiting(&mut self, _: i64) {}

    fn warn(&mut self, _: &str) {}

    fn done(&mut self) {}
}
