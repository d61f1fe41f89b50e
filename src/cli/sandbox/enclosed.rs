//! Runs a program in the sandbox.

use std::ffi::OsString;
use std::path::Path;

use entrada_auth::sys::OutputOptions;
use entrada_emulator::account::ACCOUNTS;
use entrada_sandbox::enclosure::{
    self, BrowserKind, HomeFolder, Outcome, OutputTarget, SandboxError, SandboxOptions,
    UNTRUSTED_CERTIFICATE, Variables, Via, run_inside,
};
use entrada_sandbox::judge::Severity;
use entrada_sandbox::report::Report;

use super::super::app::App;
use super::super::{Exit, Failure, output};
use super::{Args, FindingsFormat, Home, Way, findings};
use crate::config::variables;
use crate::render;

/// The scenarios of `--matrix`, and how often the program runs in each: the second run meets what the first has stored.
const MATRIX: [(&str, u32); 22] = [
    ("normal", 2),
    ("slow-down", 1),
    ("throttled", 1),
    ("outage", 1),
    ("late", 1),
    ("html-instead-of-json", 1),
    ("empty-body", 1),
    ("numbers-as-strings", 1),
    ("old-names", 1),
    ("hostile-text", 1),
    ("user-declines", 1),
    ("code-expires", 1),
    ("device-code-blocked", 1),
    ("admin-consent-required", 1),
    ("mfa-required", 2),
    ("no-refresh-token", 2),
    ("rotate-and-revoke", 2),
    ("refresh-dead", 2),
    ("expires-at-once", 2),
    ("claims-challenge", 1),
    ("clock-skew", 1),
    (UNTRUSTED_CERTIFICATE, 1),
];
/// Seconds that the program has in each scenario of `--matrix`.
const MATRIX_TIMEOUT: u64 = 120;

const NO_JAIL: &str = "the sandbox isolates names and ports and is no jail: the program has your files, and sockets that are files";

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    find_program(args, app)?;
    if args.world.matrix {
        return matrix(args, app);
    }
    let mut page = findings::open(&args.result, app)?;
    let open = |path: &std::path::PathBuf| {
        output::open(app, "the archive", "--har", path, OutputOptions::default())
    };
    let mut har = args.har.as_ref().map(open).transpose()?;
    if app.ui.to_terminal && app.common.layer.quiet != Some(true) {
        app.ui.line(format!("note: {NO_JAIL}"));
    }
    let target = match args.result.output {
        FindingsFormat::Human => OutputTarget::Same,
        FindingsFormat::Json | FindingsFormat::Sarif => OutputTarget::StandardError,
    };
    let outcome = start(args, app, &args.world.scenario, args.world.runs, target)?;
    let findings = outcome.findings();
    let archive = args.har.as_ref().map(|path| path.to_string_lossy());
    let report = Report {
        record: outcome.record(),
        findings: &findings,
        runs: outcome.runs(),
        names: outcome.names(),
        notes: outcome.notes(),
        archive: archive.as_deref(),
    };
    if let Some(file) = &mut har {
        let mut salt = [0; 16];
        app.sys.entropy.fill(&mut salt)?;
        output::write(app, "the archive", "--har", file, outcome.har(salt).as_bytes())?;
    }
    findings::write(&args.result, &report, &mut page, app)?;
    let by_program =
        if outcome.code() == 0 { Exit::Success } else { Exit::Program(outcome.code()) };
    Ok(findings::exit(&args.result, &findings).unwrap_or(by_program))
}

/// Runs the program once in each scenario.
fn matrix(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    for (scenario, runs) in MATRIX {
        app.ui.line(format!("scenario `{scenario}`"));
        let runs = runs.max(args.world.runs);
        let outcome = start(args, app, &[scenario.to_owned()], runs, OutputTarget::Nowhere)?;
        rows.push(row(scenario, &outcome));
    }
    let headings = ["scenario", "exit", "result", "seconds", "errors", "warnings", "last line"];
    let style = super::super::ui::style_of(app.sys, entrada_auth::sys::Stream::Stdout);
    render::listing(app.stdout, &headings, &rows, style)?;
    Ok(Exit::Success)
}

fn row(scenario: &str, outcome: &Outcome) -> Vec<String> {
    let findings = outcome.findings();
    let count =
        |severity| findings.iter().filter(|one| one.severity == severity).count().to_string();
    let milliseconds: i64 = outcome.runs().iter().map(|run| run.milliseconds).sum();
    let is_timed_out = outcome.runs().iter().any(|run| run.is_timed_out);
    let result = match outcome.code() {
        _ if is_timed_out => "no end",
        0 => "succeeded",
        _ => "failed",
    };
    let last = outcome.runs().last().map(|run| run.last_line.clone()).unwrap_or_default();
    vec![
        scenario.to_owned(),
        outcome.code().to_string(),
        result.to_owned(),
        format!("{}.{}", milliseconds / 1_000, milliseconds % 1_000 / 100),
        count(Severity::Error),
        count(Severity::Warning),
        last.chars().take(80).collect(),
    ]
}

fn start(
    args: &Args,
    app: &App<'_, '_>,
    scenarios: &[String],
    runs: u32,
    target: OutputTarget,
) -> Result<Outcome, Failure> {
    let lookup = |name: &str| app.sys.env.os(name).map(OsString::from);
    let own = std::env::current_exe()?;
    let is_matrix = args.world.matrix;
    let options = SandboxOptions {
        program: args.program.clone(),
        scenarios: scenarios.to_vec(),
        user: args.world.user.clone(),
        tenant: args.world.tenant.clone(),
        home: match args.world.home {
            Home::Fresh => HomeFolder::Fresh,
            Home::Keep => HomeFolder::Keep,
        },
        browser: match args.world.browser.as_str() {
            "person" => BrowserKind::Person,
            "headless" => BrowserKind::Headless,
            "none" => BrowserKind::None,
            command => BrowserKind::Command(command.to_owned()),
        },
        via: match args.world.via {
            Way::Auto | Way::Namespaces => Via::Namespaces,
            Way::Proxy => Via::Proxy,
        },
        runs,
        timeout: args.world.timeout.or(is_matrix.then_some(MATRIX_TIMEOUT)),
        output: target,
        inside: vec![own.into(), "sandbox".into(), "inside".into(), "--".into()],
        variables: &lookup,
        without: variables::secret(app.sys.env),
        ignores_signal: entrada_auth::sys::ignores_signal,
    };
    enclosure::run(&options).map_err(failure)
}

fn failure(error: SandboxError) -> Failure {
    let people = || ACCOUNTS.iter().map(|account| account.username).collect::<Vec<_>>().join(", ");
    let message = error.to_string();
    match error {
        SandboxError::NoBubblewrap => Failure::new(Exit::NotExecutable, message)
            .help("install it: `apt-get install bubblewrap`, `dnf install bubblewrap`, `pacman -S bubblewrap`")
            .help("`--via proxy` needs none; requests that do not use the proxy are missing in its record"),
        SandboxError::Forbidden { help, .. } => help
            .into_iter()
            .fold(Failure::new(Exit::NotExecutable, message), Failure::help),
        SandboxError::UnknownScenario(_) => Failure::usage(message).help(format!(
            "`entrada emulator --list` shows them all; `{UNTRUSTED_CERTIFICATE}` is another"
        )),
        SandboxError::Combination(_) => Failure::usage(message)
            .help("combine one fault of the wire, one behaviour of the person and one deviation of the tokens"),
        SandboxError::UnknownAccount(_) => Failure::usage(message).help(format!(
            "any `NAME@DOMAIN` signs in; the emulator's own accounts: {}",
            people()
        )),
        _ => Failure::new(Exit::Failure, message),
    }
}

/// Checks that the program is there, in the words of `exec`.
fn find_program(args: &Args, app: &App<'_, '_>) -> Result<(), Failure> {
    let name = args.program.first().cloned().unwrap_or_default();
    let path = Path::new(&name);
    let is_there = if path.components().count() == 1 && !name.to_string_lossy().contains('/') {
        let folders = app.sys.env.os("PATH").map(OsString::from).unwrap_or_default();
        std::env::split_paths(&folders).any(|folder| folder.join(path).is_file())
    } else {
        path.is_file()
    };
    if is_there {
        return Ok(());
    }
    let shown = name.to_string_lossy();
    Err(Failure::new(Exit::NotFound, format!("there is no program `{shown}`")))
}

/// The process inside.
pub(super) fn inside(program: &[OsString], app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let lookup = |name: &str| app.sys.env.os(name).map(OsString::from);
    let variables: Variables<'_> = &lookup;
    let code = run_inside(program, variables).map_err(|error| {
        Failure::new(Exit::Failure, format!("the sandbox cannot start the program: {error}"))
    })?;
    Ok(if code == 0 { Exit::Success } else { Exit::Program(code) })
}
