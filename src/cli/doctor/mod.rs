//! `entrada doctor`: looks at everything that a sign-in needs, one line each.

mod application;
mod machine;
mod network;
mod registration;
mod tell;

use super::app::App;
use super::registration::RegistrationFiles;
use super::{Exit, Failure};
use crate::config::Settings;
use crate::config::flags;
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
    let (configured, settings) = configuration(args, app);
    let mut lines = configured;
    let policy = policy(app, settings.as_ref());
    let is_forbidden = policy.as_ref().is_some_and(CheckLine::is_bad);
    lines.extend(policy);
    if args.files.are_given() {
        match &settings {
            Some(settings) => lines.extend(registration::look(&args.files, app, settings)?),
            None => lines.push(CheckLine::passed("registration", "profile")),
        }
    }
    let folders = machine::folders(app);
    let homeless = folders.is_bad();
    lines.push(folders);
    match &settings {
        Some(settings) => {
            let network = if is_forbidden {
                network::passed("policy").collect()
            } else {
                go_on(app, network::look(app, settings))?
            };
            let reachable = !is_forbidden && !network.iter().any(CheckLine::is_bad);
            lines.extend(network);
            if args.app {
                if reachable {
                    lines.extend(go_on(app, application::look(app, settings))?);
                } else {
                    let why = if is_forbidden { "policy" } else { "authority" };
                    lines.push(CheckLine::passed("application", why));
                }
            }
            if homeless {
                lines.push(CheckLine::passed("store", "folders"));
                lines.push(CheckLine::passed("sign-in", "folders"));
            } else {
                let store = go_on(app, machine::store(app, settings))?;
                let locked = store.is_bad();
                lines.push(store);
                lines.push(if locked {
                    CheckLine::passed("sign-in", "store")
                } else {
                    go_on(app, machine::sign_in(app, settings, reachable))?
                });
            }
        }
        None => {
            let why = lines.iter().find(|line| line.is_bad()).map_or("config", |line| line.name);
            lines.extend(network::passed(why));
            lines.extend(["store", "sign-in"].map(|name| CheckLine::passed(name, why)));
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

/// Checks the configuration file, the profile and the resulting settings.
fn configuration(args: &Args, app: &App<'_, '_>) -> (Vec<CheckLine>, Option<Settings>) {
    let file = match app.config_file() {
        Ok((path, file)) => {
            let found = if path.exists() {
                let count = file.profiles.len();
                let profiles = if count == 1 { "profile" } else { "profiles" };
                format!("{}: {count} {profiles}", path.display())
            } else {
                format!("no file at {}: only flags and variables apply", path.display())
            };
            Ok((CheckLine::fine("config", found), file))
        }
        Err(failure) => Err(failure),
    };
    let (line, file) = match file {
        Ok(both) => both,
        Err(failure) => {
            let line =
                CheckLine::of("config", &failure).or_help("`entrada config check` shows the place");
            let lines = vec![line, CheckLine::passed("profile", "config")];
            return (lines, None);
        }
    };
    let settings = app.settings_of(&file, args.profile.as_deref());
    let told = settings.and_then(|settings| {
        let authority = settings.authority()?;
        let which = match &settings.profile {
            Some(name) => format!("`{name}`: "),
            None => String::new(),
        };
        let found = match settings.client_id() {
            Ok(client) => {
                CheckLine::fine("profile", format!("{which}client {client} at {authority}"))
            }
            Err(_) => CheckLine::bad("profile", format!("{which}no client id is set"))
                .help("register an application and name it: `entrada config init`"),
        };
        Ok((found, settings))
    });
    match told {
        Ok((found, settings)) => (vec![line, found], Some(settings)),
        Err(failure) => {
            let wrong = CheckLine::of("profile", &failure)
                .or_help("`entrada config show` tells where each setting comes from");
            (vec![line, wrong], None)
        }
    }
}
