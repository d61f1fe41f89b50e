//! `entrada sandbox`.

#[cfg(target_os = "linux")]
mod enclosed;
mod findings;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::app::App;
use super::common::Invocation;
use super::{Exit, Failure};
use entrada_sandbox::judge::{self, Severity};
use entrada_sandbox::report::Report;

#[derive(clap::Args)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(flatten)]
    world: World,
    #[command(flatten)]
    result: ResultArgs,
    /// Write the requests to an HTTP archive (HAR), without secrets
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,
    /// The program and its arguments, after `--`
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
    #[command(subcommand)]
    what: Option<What>,
}

/// What the program meets.
#[derive(clap::Args)]
struct World {
    /// A behaviour of the emulator, or `untrusted-certificate`; repeat to combine
    #[arg(long, value_name = "NAME")]
    scenario: Vec<String>,
    /// Run the program once in each of the usual failures, and print a table
    #[arg(long, conflicts_with_all = ["scenario", "har", "report", "fail_on", "output"])]
    matrix: bool,
    /// The account that signs in
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// A tenant to have, by its id or a domain
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// The home folder of the program
    #[arg(long, value_name = "HOME", default_value = "fresh")]
    home: Home,
    /// What opens pages: `person`, `headless`, `none`, or a command
    ///
    /// `person` signs in by itself, and enters device codes. `headless` is Chromium without a window. A command gets the address as
    /// its last argument.
    #[arg(long, value_name = "BROWSER", default_value = "person")]
    browser: String,
    /// How requests reach the emulator
    #[arg(long, value_name = "WAY", default_value = "auto")]
    via: Way,
    /// Run the program several times, with the same home folder
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// End the program after so many seconds
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

/// What is made of the findings.
#[derive(clap::Args)]
struct ResultArgs {
    /// The format of the findings
    ///
    /// `human` goes to standard error. `json` and `sarif` go to standard output; what the program prints then goes to standard error.
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    output: FindingsFormat,
    /// Write the findings to an HTML file too
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// End with 10 for findings of this severity, and worse
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Home {
    /// An empty one, which ends with the run
    Fresh,
    /// Your own
    Keep,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// Namespaces
    Auto,
    /// Namespaces, by bubblewrap
    Namespaces,
    /// A proxy; requests that do not use it are missing
    Proxy,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FindingsFormat {
    /// For people
    Human,
    /// For programs, version 1
    Json,
    /// For code-scanning services: SARIF 2.1.0
    Sarif,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
}

#[derive(Subcommand)]
enum What {
    /// Judge a recorded HTTP archive (HAR): from `--har`, `--trace`, a browser or a proxy
    Judge(Invocation<Judge>),
    /// The process inside the sandbox
    #[command(hide = true)]
    Inside(Invocation<Inside>),
}

#[derive(clap::Args)]
struct Judge {
    /// The file, or `-` for standard input
    file: String,
    #[command(flatten)]
    result: ResultArgs,
}

#[derive(clap::Args)]
struct Inside {
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    match &args.what {
        Some(What::Judge(own)) => own.run(app, judge),
        Some(What::Inside(own)) => own.run(app, |own, app| inside(&own.program, app)),
        None => enclosed(args, app),
    }
}

fn judge(args: &Judge, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let mut page = findings::open(&args.result, app)?;
    let input = app.input(Some(&args.file))?;
    let record = judge::read_har(input.expose()).map_err(|error| {
        Failure::usage(error.to_string()).help(
            "`entrada sandbox --har FILE -- PROGRAM` writes one; so do `--trace`, and browsers in their developer tools",
        )
    })?;
    let findings = judge::judge(&record);
    let report = Report {
        record: &record,
        findings: &findings,
        runs: &[],
        names: &[],
        notes: &[],
        archive: Some(args.file.as_str()).filter(|file| *file != "-"),
    };
    findings::write(&args.result, &report, &mut page, app)?;
    Ok(findings::exit(&args.result, &findings).unwrap_or(Exit::Success))
}

impl FailOn {
    fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
        }
    }
}

#[cfg(target_os = "linux")]
use enclosed::{inside, run as enclosed};

#[cfg(not(target_os = "linux"))]
fn enclosed(_: &Args, _: &mut App<'_, '_>) -> Result<Exit, Failure> {
    Err(Failure::usage("the sandbox needs Linux")
        .help("`entrada sandbox judge FILE` judges the archive of a proxy or a browser"))
}

#[cfg(not(target_os = "linux"))]
fn inside(_: &[OsString], _: &mut App<'_, '_>) -> Result<Exit, Failure> {
    Err(Failure::usage("the sandbox needs Linux"))
}
