//! The command line: one file per command. The only floor that knows exit codes.

mod accounts;
mod app;
mod arguments;
mod az;
mod brief;
mod completions;
mod config;
#[cfg(feature = "emulator")]
mod demo;
mod diagnose;
mod doctor;
#[cfg(feature = "emulator")]
mod emulator;
mod exec;
mod exit;
mod explain;
mod export;
mod failure;
mod files;
mod git_credential;
mod import;
mod input;
mod inspect;
mod judge;
mod login;
mod logout;
mod man;
mod network;
mod obtain;
mod output;
mod probe;
mod prompt;
mod recipe;
mod report;
mod secrets;
mod status;
mod store;
mod token;
mod trace;
mod ui;
mod verbose;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::{Parser, Subcommand};

pub use exit::Exit;

use crate::config::Layer;
use app::App;
use arguments::Arguments;
use entrada_auth::sys::{Stream, Sys};
use entrada_auth::trace::{Recorder, Written};
use entrada_core::{Redactor, shell_quoted};
use failure::Failure;
use files::Files;
use secrets::Registering;
use ui::Ui;

/// Where a command reads and writes: asked-for data to `stdout`, all talk to `stderr`.
pub struct Console<'a> {
    /// What was piped in.
    pub stdin: &'a mut dyn Read,
    /// Data.
    pub stdout: &'a mut dyn Write,
    /// Codes, addresses, progress, findings, errors.
    pub stderr: &'a mut dyn Write,
}

/// Get OAuth tokens from Microsoft Entra ID, and learn at once why one will or will not do its job
#[derive(Parser)]
#[command(
    name = "entrada",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    disable_help_flag = true,
    disable_help_subcommand = true
)]
struct Args {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(clap::Args, Clone, Debug)]
struct Common {
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    config: Option<std::path::PathBuf>,
    /// A profile of the configuration file, where the command takes none as its argument
    #[arg(
        id = "common-profile",
        long = "profile",
        short = 'p',
        global = true,
        value_name = "NAME",
        help_heading = "Settings"
    )]
    profile: Option<String>,
    /// Say what is sent to whom; twice for more. Never shows a secret
    #[arg(long, short, global = true, action = clap::ArgAction::Count, help_heading = "Settings")]
    verbose: u8,
    #[command(flatten)]
    layer: Layer,
    /// Print help
    #[arg(long, short, global = true, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
}

#[derive(Subcommand)]
enum Command {
    Login(login::Args),
    Token(token::Args),
    Exec(exec::Args),
    GitCredential(git_credential::Args),
    Import(import::Args),
    Export(export::Args),
    Diagnose(diagnose::Args),
    Probe(probe::Args),
    Doctor(doctor::Args),
    Recipe(recipe::Args),
    Inspect(inspect::Args),
    Trace(trace::Args),
    Explain(explain::Args),
    Accounts(accounts::Args),
    Status(status::Args),
    Logout(logout::Args),
    Config(config::Args),
    Completions(completions::Args),
    Man(man::Args),
    #[cfg(feature = "emulator")]
    Emulator(emulator::Args),
    #[cfg(feature = "emulator")]
    Demo(demo::Args),
}

/// What `--version` prints.
const VERSION_LINE: &str = concat!("entrada ", env!("CARGO_PKG_VERSION"), "\n");

/// Runs the command in `argv`. Tests call this, in process, with a [`Sys`] of their own.
pub fn run(argv: impl IntoIterator<Item = OsString>, sys: &Sys<'_>, console: Console<'_>) -> Exit {
    let Console { stdin, stdout, stderr } = console;
    let argv: Vec<OsString> = argv.into_iter().collect();
    let redactor = Redactor::default();
    let ui = Ui::new(stderr, sys, Arguments::of(&argv, sys.env), redactor.clone());
    // A panic ends the command and no more: locks, the terminal and drafts of files are given back on the way.
    let ended =
        catch_unwind(AssertUnwindSafe(|| command_in(argv, sys, stdin, stdout, (&ui, &redactor))));
    ended.unwrap_or_else(|_| {
        Failure::new(Exit::Failure, "entrada stopped at a defect of its own")
            .help("report it with the command line and the line above")
            .report(&ui)
    })
}

/// The end of a program that is started with `stream` closed. Whatever it opened next would be taken for that stream, and
/// what it prints would be lost.
pub fn refuse_closed(stream: Stream, stderr: &mut dyn Write) -> Exit {
    let (what, redirection) = match stream {
        Stream::Stdin => ("standard input is closed", "</dev/null"),
        Stream::Stdout => ("standard output is not open for writing", ">/dev/null"),
        Stream::Stderr => ("standard error is not open for writing", "2>/dev/null"),
    };
    let text = format!(
        "error: {what}\n  = help: connect it, or redirect it to nowhere: `{redirection}`\n"
    );
    // Where stderr is the closed one, nobody hears it.
    let _ = stderr.write_all(text.as_bytes());
    Exit::Usage
}

fn command_in(
    mut argv: Vec<OsString>,
    sys: &Sys<'_>,
    stdin: &mut dyn Read,
    stdout: &mut dyn Write,
    (ui, redactor): (&Ui<'_>, &Redactor),
) -> Exit {
    // Help and version come before any file is read: they are there when all else is broken.
    if brief::is_version(&argv) {
        let written = stdout.write_all(VERSION_LINE.as_bytes());
        return written.map_or(Exit::Failure, |()| Exit::Success);
    }
    if completions::is_asked(sys.env) {
        return completions::answer(sys, &argv, stdout);
    }
    let mut as_az = false;
    match az::translate(&argv) {
        Some(Ok(ours)) => (argv, as_az) = (ours, true),
        Some(Err(why)) => return Failure::usage(why).report(ui),
        None => (),
    }
    let args = match brief::read(&argv).map_or_else(|| Args::try_parse_from(&argv), Ok) {
        Ok(args) => args,
        Err(error) => return usage(&error, stdout, ui).unwrap_or(Exit::Failure),
    };
    secrets::of_environment(sys.env, redactor);
    let recorder = Recorder::new(redactor.clone());
    let outcome = dispatch(args, sys, stdin, stdout, (ui, &recorder, redactor));
    let outcome = outcome.map_err(|failure| failure.unless_asked_to_end(sys.clock));
    let exit = outcome.unwrap_or_else(|failure| failure.report(ui));
    if as_az && exit == Exit::SignInNeeded {
        // The words by which the SDKs tell that another credential may be tried.
        ui.line("in place of `az login`: sign in with `entrada login`");
    }
    tell_of_trace(recorder.finish(exit.code(), stdout), ui);
    exit
}

/// Says where the trace is, where there is one.
fn tell_of_trace(written: io::Result<Option<Written>>, ui: &Ui<'_>) {
    match written {
        Ok(Some(Written { path, announce: true })) => ui.line(format!(
            "trace written to {path}; `entrada trace show {quoted}` tells what is in it",
            path = path.display(),
            quoted = shell_quoted(&path.to_string_lossy()),
        )),
        Ok(_) => (),
        Err(error) => ui.line(format!("warning: the trace could not be written: {error}")),
    }
}

fn dispatch(
    args: Args,
    sys: &Sys<'_>,
    stdin: &mut dyn Read,
    stdout: &mut dyn Write,
    (ui, recorder, redactor): (&Ui<'_>, &Recorder, &Redactor),
) -> Result<Exit, Failure> {
    if let Some(name) = sys.env.not_text() {
        let help = format!("set it again, or unset it: `unset {name}`");
        return Err(Failure::usage(format!("the variable {name} is not UTF-8")).help(help));
    }
    let Args { common, command } = args;
    // What is registered first is known to all who write down or tell.
    let http = Registering { inner: sys.http, redactor };
    let loopback = Registering { inner: sys.loopback, redactor };
    let terminal = Registering { inner: sys.terminal, redactor };
    let (http, loopback, terminal) =
        (recorder.http(&http), recorder.loopback(&loopback), recorder.terminal(&terminal));
    let http = verbose::Verbose::new(&http, ui, common.verbose);
    let sys = Sys { http: &http, loopback: &loopback, terminal: &terminal, ..*sys };
    let files = Files::default();
    let mut app = App { sys: &sys, stdin, stdout, ui, recorder, redactor, files, common };
    match command {
        Command::Login(args) => login::run(&args, &mut app),
        Command::Token(args) => token::run(&args, &mut app),
        Command::Exec(args) => exec::run(&args, &mut app),
        Command::GitCredential(args) => git_credential::run(&args, &mut app),
        Command::Import(args) => import::run(&args, &mut app),
        Command::Export(args) => export::run(&args, &mut app),
        Command::Diagnose(args) => diagnose::run(&args, &mut app),
        Command::Probe(args) => probe::run(&args, &mut app),
        Command::Doctor(args) => doctor::run(&args, &mut app),
        Command::Recipe(args) => recipe::run(&args, &mut app),
        Command::Inspect(args) => inspect::run(&args, &mut app),
        Command::Trace(args) => trace::run(&args, &mut app),
        Command::Explain(args) => explain::run(&args, &mut app),
        Command::Accounts(args) => accounts::run(&args, &mut app),
        Command::Status(args) => status::run(&args, &mut app),
        Command::Logout(args) => logout::run(&args, &mut app),
        Command::Config(args) => config::run(&args, &mut app),
        Command::Completions(args) => completions::run(&args, &mut app),
        Command::Man(args) => man::run(&args, &mut app),
        #[cfg(feature = "emulator")]
        Command::Emulator(args) => emulator::run(&args, &mut app),
        #[cfg(feature = "emulator")]
        Command::Demo(args) => demo::run(&args, &mut app),
    }
}

fn usage(error: &clap::Error, stdout: &mut dyn Write, ui: &Ui<'_>) -> io::Result<Exit> {
    if error.use_stderr() {
        let text = error.to_string();
        ui.page(&text);
        if let Some(advice) = ui.advice(&text) {
            ui.line(format!("note: {advice}"));
        }
        return Ok(Exit::Usage);
    }
    write!(stdout, "{error}")?;
    Ok(Exit::Success)
}

/// The whole command line as `clap` knows it: for the pages that are made from it.
pub fn command() -> clap::Command {
    use clap::CommandFactory as _;
    Args::command()
}
