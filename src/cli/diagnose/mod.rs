//! `entrada diagnose`.

mod context_resolver;
mod explanation;
mod inputs;
mod stream;

use std::path::PathBuf;

use super::app::App;
use super::registration::RegistrationFiles;
use super::ui::style_of;
use super::{Exit, Failure};
use crate::config::flags;
use crate::render::{self, JudgementFormat, Notes};
pub(super) use context_resolver::{ContextResolver, context};
use entrada_auth::sys::Stream;
use entrada_core::entra::graph::GraphCall;
use entrada_diagnose::{self as diagnose, Diagnosis, Evidence, Registration, Verdict};

/// Members of an evidence file that are named as not understood.
const MEMBERS_MAX: usize = 20;

/// The settings that the command reads.
pub(super) type Flags =
    (flags::Identity, flags::Jobs, flags::Scopes, flags::TokenProperties, flags::SignInFlow);

#[derive(clap::Args)]
pub(super) struct Args {
    /// Files, `-` for standard input, or the text itself
    ///
    /// Standard input by default, unless a registration is given. Several inputs are diagnosed together.
    input: Vec<String>,
    /// The format of the diagnosis
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    output: JudgementFormat,
    /// Write the diagnosis to an HTML file too
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Judge the token by a call of Graph: `GET /me`
    ///
    /// A method and a path or URL of Microsoft Graph, such as `GET /me/messages`, instead of a job; `GET` if no method is given.
    #[arg(long, value_name = "CALL", conflicts_with = "job")]
    call: Option<GraphCall>,
    /// Diagnose each line of standard input on its own
    ///
    /// Prints one line of JSON for each.
    #[arg(long, conflicts_with_all = ["input", "output", "report", "registration", "service_principal", "grants"])]
    stream: bool,
    #[command(flatten)]
    files: RegistrationFiles,
    /// Print how each input is read and judged
    ///
    /// Instead of the diagnosis, in the formats `human` and `json`.
    #[arg(long, help_heading = None::<&str>, conflicts_with_all = ["stream", "report", "registration"])]
    explain_reading: bool,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    if args.stream {
        let resolver = ContextResolver::new(app, None)?.with_call(args.call.as_ref());
        return stream::run(&resolver, app);
    }
    if args.explain_reading {
        return explanation::run(args, app);
    }
    let open = |path| super::report::open(app, path);
    let mut report = args.report.as_deref().map(open).transpose()?;
    let registration = read_registration(args, app)?;
    let mut cases = if args.input.is_empty() && registration.is_some() {
        vec![Evidence { now: Some(app.sys.clock.now()), ..Evidence::default() }]
    } else {
        inputs::read_inputs(&args.input, app, inputs::evidence)?
    };
    for case in &mut cases {
        case.registration.clone_from(&registration);
    }
    let unknown: Vec<&String> = cases.iter().flat_map(|case| &case.unknown_members).collect();
    for member in unknown.iter().take(MEMBERS_MAX) {
        app.ui.line(format!("note: the evidence's `{member}` is unknown and was ignored"));
    }
    if let more @ 1.. = unknown.len().saturating_sub(MEMBERS_MAX) {
        app.ui.line(format!("note: {more} more members are unknown"));
    }
    let mut judged: Vec<Diagnosis> = Vec::new();
    for case in cases {
        let resolver = resolver_for(args, app, &case)?;
        judged.extend(resolver.cases(case).iter().map(diagnose::run));
    }
    let style = style_of(app.sys, Stream::Stdout);
    let quiet = app.common.layer.quiet == Some(true);
    let notes = if quiet { Notes::Hidden } else { Notes::Shown };
    // For people alone: a program that reads JSON or SARIF counts on a document.
    let needed = args.output != JudgementFormat::Human
        || judged.iter().any(|one| !one.is_clean() || !one.verdict.is_ok());
    if needed || !quiet {
        let mut out = Vec::new();
        render::diagnoses(&mut out, args.output, &judged, style, notes)?;
        app.stdout.write_all(&out)?;
    }
    if let Some(report) = &mut report {
        super::report::write(app, report, &judged)?;
    }
    Ok(judged.iter().fold(Exit::Success, worse))
}

/// Completes the context of `case`. A call takes the place of a job that the evidence names.
fn resolver_for(
    args: &Args,
    app: &mut App<'_, '_>,
    case: &Evidence,
) -> Result<ContextResolver, Failure> {
    let job_name = case.context.job_name.as_deref().filter(|_| args.call.is_none());
    Ok(ContextResolver::new(app, job_name)?.with_call(args.call.as_ref()))
}

/// The registration, if files of one are named. Of several applications, the one of the flags or the profile counts.
fn read_registration(
    args: &Args,
    app: &mut App<'_, '_>,
) -> Result<Option<Box<Registration>>, Failure> {
    if !args.files.are_given() {
        return Ok(None);
    }
    let client_id = ContextResolver::new(app, None)?.client_id().map(str::to_owned);
    args.files.read(app, client_id.as_deref())
}

/// The exit code after one more judgement.
fn worse(exit: Exit, diagnosis: &Diagnosis) -> Exit {
    match (exit, diagnosis.verdict) {
        (_, Verdict::Problem) => Exit::Findings,
        // Nothing was judged: a script must not read that as success.
        (Exit::Success, _) if diagnosis.is_unrecognised() => Exit::Usage,
        _ => exit,
    }
}
