//! `entrada doctor`: looks at everything that a sign-in needs, one line each.

mod application;
mod machine;
mod network;
mod registration;
mod tell;

use super::app::App;
use super::registration::RegistrationFiles;
use super::{Exit, Failure};
use crate::config::flags;
use crate::config::{ConfigFile, Settings, SettingsError};
use crate::render::Format;

/// The settings that the command reads.
pub(super) type Flags = (flags::Identity, flags::Store, flags::Certificates, flags::Interaction);

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The profile to use: its name in the configuration file
    profile: Option<String>,
    /// Check the registration of the application with the authority too; no user is signed in
    #[arg(long)]
    app: bool,
    /// The format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    output: Format,
    #[command(flatten)]
    files: RegistrationFiles,
}

/// The result of one check.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CheckState {
    Fine,
    /// Worth knowing, and not an error.
    Note,
    Bad,
    /// Skipped, because another check failed.
    Passed,
}

/// One check and its result.
struct CheckLine {
    name: &'static str,
    state: CheckState,
    found: String,
    help: Vec<String>,
}

impl CheckLine {
    fn new(name: &'static str, state: CheckState, found: impl Into<String>) -> Self {
        Self { name, state, found: found.into(), help: Vec::new() }
    }

    fn fine(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, CheckState::Fine, found)
    }

    fn note(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, CheckState::Note, found)
    }

    fn bad(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, CheckState::Bad, found)
    }

    /// A check that is skipped until `other` passes.
    fn passed(name: &'static str, other: &str) -> Self {
        Self::new(name, CheckState::Passed, format!("skipped: see `{other}`"))
    }

    fn of(name: &'static str, failure: &Failure) -> Self {
        // Only the first line: the following lines quote the place in the file.
        let said = failure.said();
        let said = said.lines().next().unwrap_or_default();
        Self { help: failure.help.clone(), ..Self::bad(name, said) }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds `help` if there is no help yet.
    fn or_help(self, help: &str) -> Self {
        if self.help.is_empty() { self.help(help) } else { self }
    }

    fn is_bad(&self) -> bool {
        self.state == CheckState::Bad
    }
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let mut lines = look(args, app)?;
    // They quote what was given, as errors do.
    for text in lines.iter_mut().flat_map(|line| line.help.iter_mut().chain([&mut line.found])) {
        *text = app.ui.hide(text).into_owned();
    }
    tell::tell(args.output, app, &lines)?;
    Ok(if lines.iter().any(CheckLine::is_bad) { Exit::Findings } else { Exit::Success })
}

/// Ends the checks if a signal has arrived: a failure after the signal is caused by it, and is not a finding.
fn go_on<T>(app: &App<'_, '_>, found: T) -> Result<T, Failure> {
    app.sys.clock.pending_signal().map_or(Ok(found), |interrupted| Err(interrupted.into()))
}

fn look(args: &Args, app: &mut App<'_, '_>) -> Result<Vec<CheckLine>, Failure> {
    let Configured { lines: configured, settings, is_whole } = configuration(args, app);
    let why = configured.iter().find(|line| line.is_bad()).map_or("config", |line| line.name);
    let mut lines = configured;
    let policy = policy(app, settings.as_ref());
    let is_forbidden = policy.as_ref().is_some_and(CheckLine::is_bad);
    lines.extend(policy);
    if args.files.are_given() {
        match settings.as_ref().filter(|_| is_whole) {
            Some(settings) => lines.extend(registration::look(&args.files, app, settings)?),
            None => lines.push(CheckLine::passed("registration", why)),
        }
    }
    let folders = machine::folders(app);
    let homeless = folders.is_bad();
    lines.push(folders);
    // A tenant that only the faulty part of the file names would be missed, and another authority be checked.
    let is_named = |settings: &&Settings| {
        settings.authority().is_ok() && (is_whole || settings.get(|layer| &layer.tenant).is_some())
    };
    let authority = settings.as_ref().filter(is_named);
    let mut reachable = false;
    match authority {
        // An authority that the administrator forbids gets no request.
        _ if is_forbidden => lines.extend(network::passed("policy")),
        Some(settings) => {
            let network = go_on(app, network::look(app, settings))?;
            reachable = !network.iter().any(CheckLine::is_bad);
            lines.extend(network);
        }
        None => lines.extend(network::passed(why)),
    }
    if args.app {
        match settings.as_ref().filter(|_| is_whole) {
            Some(settings) if reachable => {
                lines.extend(go_on(app, application::look(app, settings))?);
            }
            _ if is_forbidden => lines.push(CheckLine::passed("application", "policy")),
            Some(_) => lines.push(CheckLine::passed("application", "authority")),
            None => lines.push(CheckLine::passed("application", why)),
        }
    }
    // Which store is meant is not known where the file that may name it cannot be read.
    let stored = settings
        .as_ref()
        .filter(|settings| is_whole || settings.get(|layer| &layer.store).is_some());
    match stored {
        Some(settings) if !homeless => {
            let store = go_on(app, machine::store(app, settings))?;
            let locked = store.is_bad();
            lines.push(store);
            lines.push(match (locked, is_whole) {
                (true, _) => CheckLine::passed("sign-in", "store"),
                (false, false) => CheckLine::passed("sign-in", why),
                (false, true) => go_on(app, machine::sign_in(app, settings, reachable))?,
            });
        }
        _ => {
            let why = if homeless { "folders" } else { why };
            lines.push(CheckLine::passed("store", why));
            lines.push(CheckLine::passed("sign-in", why));
        }
    }
    lines.push(machine::browser(app));
    lines.push(machine::loopback(app));
    lines.push(machine::terminal(app));
    go_on(app, lines)
}

/// The administrator's limits, and whether the settings keep to them. No line if there are none.
fn policy(app: &App<'_, '_>, settings: Option<&Settings>) -> Option<CheckLine> {
    let policy = match app.policy() {
        Ok(policy) => policy?,
        Err(failure) => return Some(CheckLine::of("policy", &failure)),
    };
    let authority = settings.and_then(|settings| settings.authority().ok());
    if let Some(Err(error)) = authority.map(|authority| policy.check(&authority)) {
        return Some(CheckLine::of("policy", &Failure::from(error)));
    }
    let limits = policy.given().into_iter().map(|(key, value)| format!("{key} = {value}"));
    let limits = limits.collect::<Vec<_>>().join(", ");
    Some(CheckLine::fine("policy", format!("{}: {limits}", policy.path.display())))
}

/// What the configuration gives for the other checks.
struct Configured {
    lines: Vec<CheckLine>,
    settings: Option<Settings>,
    /// Whether the settings are all that the user gave, and not what is left of a file with a fault.
    is_whole: bool,
}

/// Checks the configuration file, the profile and the resulting settings. Where they have a fault, the other checks take what can
/// be used of them.
fn configuration(args: &Args, app: &App<'_, '_>) -> Configured {
    let profile = args.profile.as_deref();
    let (line, file) = match app.config_file() {
        Ok((path, file)) => {
            let found = if path.exists() {
                let count = file.profiles.len();
                let profiles = if count == 1 { "profile" } else { "profiles" };
                format!("{}: {count} {profiles}", path.display())
            } else {
                format!("no file at {}: only flags and variables apply", path.display())
            };
            (CheckLine::fine("config", found), file)
        }
        Err(failure) => {
            let line = CheckLine::of("config", &failure)
                .or_help("`entrada config check` shows the place")
                .help("the checks below take what can be used of the file, flags and variables");
            let lines = vec![line, CheckLine::passed("profile", "config")];
            return Configured { lines, settings: usable(app, profile), is_whole: false };
        }
    };
    let settings = match app.settings_of(&file, profile) {
        Ok(settings) => settings,
        Err(failure) => {
            let wrong = CheckLine::of("profile", &failure)
                .or_help("`entrada config show` tells where each setting comes from");
            return Configured { lines: vec![line, wrong], settings: None, is_whole: false };
        }
    };
    let which = match &settings.profile {
        Some(name) => format!("`{name}`: "),
        None => String::new(),
    };
    let found = match (settings.authority(), settings.jobs(), settings.client_id()) {
        (Ok(authority), Ok(_), Ok(client)) => {
            CheckLine::fine("profile", format!("{which}client {client} at {authority}"))
        }
        (Ok(_), Ok(_), Err(SettingsError::NoClientId)) => {
            CheckLine::bad("profile", format!("{which}no client id is set"))
                .help("register an application and name it: `entrada config init`")
        }
        (Err(error), ..) | (_, Err(error), _) | (_, _, Err(error)) => {
            CheckLine::of("profile", &error.into())
        }
    };
    Configured { lines: vec![line, found], settings: Some(settings), is_whole: true }
}

/// The settings in what can be used of a configuration file with a fault.
fn usable(app: &App<'_, '_>, profile: Option<&str>) -> Option<Settings> {
    let file = app.usable_config();
    let usable = app.settings_of(&file, profile);
    usable.or_else(|_| app.settings_of(&ConfigFile::default(), None)).ok()
}
