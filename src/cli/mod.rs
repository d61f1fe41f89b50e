//! The command line: one file per command. The only layer that knows exit codes.

mod accounts;
mod app;
mod arguments;
mod az;
mod common;
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
mod help;
mod import;
mod input;
mod inspect;
mod judge;
mod local_authority;
mod lock_wait;
mod login;
mod logout;
mod man;
mod network;
mod new_profile;
mod next_step;
mod obtain;
mod output;
mod platform;
mod probe;
mod progress;
mod prompt;
mod recipe;
mod registration;
mod report;
#[cfg(feature = "emulator")]
mod sandbox;
mod secrets;
mod status;
mod store;
mod stored_sign_in;
mod token;
mod trace;
mod ui;
mod usage;
mod verbose;
mod version;

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub use exit::Exit;

use app::App;
use arguments::Arguments;
use az::AzCall;
use common::{Common, Invocation};
use entrada_auth::sys::{Stream, Sys};
use entrada_auth::trace::{Recorder, TraceFile};
use entrada_core::{Redactor, shell_quoted};
use failure::Failure;
use files::Files;
use secrets::Registering;
use ui::Ui;
use zeroize::Zeroizing;

/// The streams of a command: requested data goes to `stdout`, messages go to `stderr`.
pub struct Console<'a> {
    /// What was piped in.
    pub stdin: &'a mut dyn Read,
    /// Data.
    pub stdout: &'a mut dyn Write,
    /// Codes, addresses, progress, findings, errors.
    pub stderr: &'a mut dyn Write,
}

/// Get OAuth tokens from Microsoft Entra ID, and find out why one is not accepted
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

/// The commands. The parser builds the arguments of the one that is called, and of no other.
#[derive(Subcommand)]
#[command(defer = true)]
enum Command {
    /// Sign in, store the sign-in, and diagnose the token
    #[command(aliases = ["signin", "sign-in"])]
    Login(Invocation<login::Args, login::Flags>),
    /// Print a valid access token: a stored one, by refresh, or by signing in
    Token(Invocation<token::Args, token::Flags>),
    /// Run a program with an access token in its environment
    ///
    /// The exit code is that of the program.
    Exec(Invocation<exec::Args, exec::Flags>),
    /// Answer git as its credential helper for Azure DevOps
    GitCredential(Invocation<git_credential::Args, git_credential::Flags>),
    /// Import refresh tokens from other programs
    Import(Invocation<import::Args, import::Flags>),
    /// Export a stored sign-in, with its refresh token, for another program
    ///
    /// The output contains secrets in plain text. Anyone who reads it can act as the user until the sign-in is revoked.
    Export(Invocation<export::Args, export::Flags>),
    /// Diagnose a token, a token response, an error, or the answer of a service
    Diagnose(Invocation<diagnose::Args, diagnose::Flags>),
    /// Present a token to its service and diagnose the answer
    ///
    /// Sends no mail, and changes and marks nothing.
    Probe(Invocation<probe::Args, probe::Flags>),
    /// Check everything that a sign-in needs: configuration, clock, network, store, browser
    Doctor(Invocation<doctor::Args, doctor::Flags>),
    /// Print the configuration with which another program gets tokens from entrada
    Recipe(Invocation<recipe::Args, recipe::Flags>),
    /// Show the claims of a token, with explanations
    #[command(alias = "decode")]
    Inspect(Invocation<inspect::Args>),
    /// Read a recorded HTTP trace
    Trace(Invocation<trace::Args, trace::Flags>),
    /// Explain a finding, an AADSTS code, an OAuth error, a claim, a permission, a job, or an exit code
    Explain(Invocation<explain::Args>),
    /// List the accounts that are signed in
    #[command(aliases = ["whoami", "list", "ls"])]
    Accounts(Invocation<accounts::Args, accounts::Flags>),
    /// Show the stored sign-ins, their age, and how long they last
    Status(Invocation<status::Args, status::Flags>),
    /// Remove the sign-in of an account from this machine
    #[command(aliases = ["logoff", "signout", "sign-out"])]
    Logout(Invocation<logout::Args, logout::Flags>),
    /// Change how stored sign-ins are encrypted
    Store(Invocation<store::Args>),
    /// Show, check, or create the configuration
    Config(Invocation<config::Args>),
    /// Print a completion script for a shell
    Completions(Invocation<completions::Args>),
    /// Print a manual page, or write all of them to a folder
    Man(Invocation<man::Args>),
    /// Print help on a topic (settings, jobs, stores, exit-codes) or on a command
    Help(Invocation<help::Args>),
    /// Print the version
    Version(Invocation<version::Args>),
    /// Run an emulated Entra ID on this machine, with failures on demand
    #[cfg(feature = "emulator")]
    Emulator(Invocation<emulator::Args>),
    /// Run a program against an emulated Microsoft, under its own names, and judge how it signs in
    ///
    /// Linux. The exit code is that of the program. Nothing leaves this machine, and nothing stays on it. It isolates names and ports
    /// and is no jail: the program has your files.
    #[cfg(feature = "emulator")]
    Sandbox(Invocation<sandbox::Args>),
    /// Take a guided tour on an emulated Entra ID: sign in, store, refresh, diagnose
    #[cfg(feature = "emulator")]
    Demo(Invocation<demo::Args, demo::Flags>),
}

/// Whether `argv` asks for the version and for nothing else, which takes no parser.
fn is_version(argv: &[OsString]) -> bool {
    matches!(argv, [_, flag] if flag == "--version" || flag == "-V")
}

/// What `--version` prints.
const VERSION_LINE: &str = concat!("entrada ", env!("CARGO_PKG_VERSION"), "\n");

/// Runs the command in `argv`. Tests call this, in process, with a [`Sys`] of their own.
pub fn run(argv: impl IntoIterator<Item = OsString>, sys: &Sys<'_>, console: Console<'_>) -> Exit {
    let Console { stdin, stdout, stderr } = console;
    let argv: Vec<OsString> = argv.into_iter().collect();
    let redactor = Redactor::of_process();
    let ui = Ui::new(stderr, sys, Arguments::of(&argv, sys.env), redactor.clone());
    // A panic ends the command and no more: locks, the terminal and drafts of files are given back on the way.
    let ended =
        catch_unwind(AssertUnwindSafe(|| command_in(argv, sys, stdin, stdout, (&ui, &redactor))));
    ended.unwrap_or_else(|_| {
        Failure::new(Exit::Failure, "entrada stopped because of a defect in entrada")
            .help("report it with the command line and the line above")
            .report(&ui)
    })
}

/// The end of a program that is started with the output `stream` closed: what it prints would be lost.
pub fn refuse_closed(stream: Stream, stderr: &mut dyn Write) -> Exit {
    let (what, redirection) = match stream {
        Stream::Stdout => ("standard output is not open for writing", ">/dev/null"),
        Stream::Stdin | Stream::Stderr => ("standard error is not open for writing", "2>/dev/null"),
    };
    let text = format!("error: {what}\n  = help: connect it, or redirect it: `{redirection}`\n");
    // If stderr is closed, the message is lost.
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
    // Help and version are printed before any file is read: they work when the configuration is broken.
    if is_version(&argv) {
        let written = stdout.write_all(VERSION_LINE.as_bytes());
        return written.map_or(Exit::Failure, |()| Exit::Success);
    }
    if completions::is_asked(sys.env) {
        return completions::answer(sys, &argv, stdout);
    }
    let mut az = None;
    match az::translate(&argv) {
        Some(Ok(call)) => {
            argv.clone_from(&call.argv);
            az = Some(call);
        }
        Some(Err(why)) => return Failure::usage(why).report(ui),
        None => (),
    }
    let args = match parse(&argv) {
        Ok(args) => args,
        Err(error) => {
            return usage::tell(error, &argv, (sys, stdout, ui)).unwrap_or(Exit::Failure);
        }
    };
    secrets::of_environment(sys.env, redactor);
    let recorder = Recorder::new(redactor.clone());
    let said_by = (ui, &recorder, redactor);
    let outcome = match &az {
        Some(call) => {
            answer_as_az(call, stdout, ui, |answer| dispatch(args, sys, stdin, answer, said_by))
        }
        None => dispatch(args, sys, stdin, stdout, said_by),
    };
    let outcome = outcome.map_err(|failure| failure.unless_asked_to_end(sys.clock));
    let exit = outcome.unwrap_or_else(|failure| failure.report(ui));
    if az.is_some() && exit == Exit::SignInNeeded {
        // The words by which the SDKs tell that another credential may be tried.
        ui.line("in place of `az login`: sign in with `entrada login`");
    }
    tell_of_trace(recorder.finish(exit.code(), stdout), ui);
    exit
}

/// Runs `get`, which writes the answer of `az account get-access-token`, and prints what the call asked for of it.
fn answer_as_az(
    call: &AzCall,
    stdout: &mut dyn Write,
    ui: &Ui<'_>,
    get: impl FnOnce(&mut dyn Write) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    for note in &call.notes {
        ui.line(note);
    }
    let mut answer = Zeroizing::new(Vec::new());
    let exit = get(&mut *answer)?;
    if exit == Exit::Success && !call.answer.write(&answer, stdout)? {
        ui.line("note: the query finds nothing in the answer, which has accessToken, expiresOn, expires_on, tenant and tokenType");
    }
    Ok(exit)
}

fn parse(argv: &[OsString]) -> Result<Args, clap::Error> {
    let mut matches = Args::command().try_get_matches_from(argv)?;
    let common = Common::read(&matches)?;
    Ok(Args { common, ..Args::from_arg_matches_mut(&mut matches)? })
}

/// Prints the path of the trace, if there is one.
fn tell_of_trace(written: io::Result<Option<TraceFile>>, ui: &Ui<'_>) {
    match written {
        Ok(Some(TraceFile { path, announce: true })) => ui.line(format!(
            "trace written to {path}; `entrada trace show {quoted}` shows it",
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
        let help = format!("set it again, or unset it: `{}`", platform::unset_command(name));
        return Err(Failure::usage(format!("the variable {name} is not UTF-8")).help(help));
    }
    let Args { common, command } = args;
    // Secrets are registered first, so that every later output hides them.
    let http = Registering { inner: sys.http, redactor };
    let loopback = Registering { inner: sys.loopback, redactor };
    let terminal = Registering { inner: sys.terminal, redactor };
    let (http, loopback, terminal) =
        (recorder.http(&http), recorder.loopback(&loopback), recorder.terminal(&terminal));
    let http = verbose::Verbose::new(&http, ui, common.verbose);
    let sys = Sys { http: &http, loopback: &loopback, terminal: &terminal, ..*sys };
    let files = Files::default();
    let passphrase = RefCell::default();
    let mut app =
        App { sys: &sys, stdin, stdout, ui, recorder, redactor, files, common, passphrase };
    match command {
        Command::Login(own) => own.run(&mut app, login::run),
        Command::Token(own) => own.run(&mut app, token::run),
        Command::Exec(own) => own.run(&mut app, exec::run),
        Command::GitCredential(own) => own.run(&mut app, git_credential::run),
        Command::Import(own) => own.run(&mut app, import::run),
        Command::Export(own) => own.run(&mut app, export::run),
        Command::Diagnose(own) => own.run(&mut app, diagnose::run),
        Command::Probe(own) => own.run(&mut app, probe::run),
        Command::Doctor(own) => own.run(&mut app, doctor::run),
        Command::Recipe(own) => own.run(&mut app, recipe::run),
        Command::Inspect(own) => own.run(&mut app, inspect::run),
        Command::Trace(own) => own.run(&mut app, trace::run),
        Command::Explain(own) => own.run(&mut app, explain::run),
        Command::Accounts(own) => own.run(&mut app, accounts::run),
        Command::Status(own) => own.run(&mut app, status::run),
        Command::Logout(own) => own.run(&mut app, logout::run),
        Command::Store(own) => own.run(&mut app, store::run),
        Command::Config(own) => own.run(&mut app, config::run),
        Command::Completions(own) => own.run(&mut app, completions::run),
        Command::Man(own) => own.run(&mut app, man::run),
        Command::Help(own) => own.run(&mut app, help::run),
        Command::Version(own) => own.run(&mut app, version::run),
        #[cfg(feature = "emulator")]
        Command::Emulator(own) => own.run(&mut app, emulator::run),
        #[cfg(feature = "emulator")]
        Command::Sandbox(own) => own.run(&mut app, sandbox::run),
        #[cfg(feature = "emulator")]
        Command::Demo(own) => own.run(&mut app, demo::run),
    }
}

/// The whole command line with all commands, for help, completions and manual pages.
pub fn command() -> clap::Command {
    let mut command = Args::command();
    // Builds what is deferred.
    command.build();
    command
}
