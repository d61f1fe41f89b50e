//! `entrada diagnose`.

mod context_resolver;
mod inputs;
mod stream;

use std::path::PathBuf;

use super::app::App;
use super::ui::style_of;
use super::{Exit, Failure};
use crate::render::{self, JudgementFormat, Notes};
pub(super) use context_resolver::ContextResolver;
use entrada_auth::sys::Stream;
use entrada_diagnose::{self as diagnose, Diagnosis, Verdict};

/// Members of an evidence file that are named as not understood.
const MEMBERS_MAX: usize = 20;

/// Judge a token, a token response, a refusal or a service's answer against a job
#[derive(clap::Args)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Args {
    /// A file, `-` for standard input, or the text itself; several are judged together; standard input when absent
    input: Vec<String>,
    /// How the judgement is written
    #[arg(long, short, default_value = "human")]
    output: JudgementFormat,
    /// Write the judgement as a page too: one HTML file, to read, to hand on and to print
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Judge each line of standard input by itself: one JSON judgement out for each line in
    #[arg(long, conflicts_with_all = ["input", "output", "report"])]
    stream: bool,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    if args.stream {
        let resolver = ContextResolver::new(app, None)?;
        return stream::run(&resolver, app);
    }
    let open = |path| super::report::open(app, path);
    let mut report = args.report.as_deref().map(open).transpose()?;
    let cases = inputs::read_inputs(&args.input, app)?;
    let unknown: Vec<&String> = cases.iter().flat_map(|case| &case.unknown_members).collect();
    for member in unknown.iter().take(MEMBERS_MAX) {
        app.ui
            .line(format!("note: the evidence's `{member}` is not understood and was passed over"));
    }
    if let more @ 1.. = unknown.len().saturating_sub(MEMBERS_MAX) {
        app.ui.line(format!("note: {more} more members are not understood"));
    }
    let mut judged: Vec<Diagnosis> = Vec::new();
    for case in cases {
        let resolver = ContextResolver::new(app, case.context.job_name.as_deref())?;
        judged.extend(resolver.cases(case).iter().map(diagnose::run));
    }
    let style = style_of(app.sys, Stream::Stdout);
    let quiet = app.common.layer.quiet == Some(true);
    let notes = if quiet { Notes::Hidden } else { Notes::Shown };
    // For people alone: a program that reads JSON or SARIF counts on a document.
    let needed = args.output != JudgementFormat::Human
        || judged.iter().any(|one| !one.is_clean() || one.verdict != Verdict::Ok);
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

/// The exit code after one more judgement.
fn worse(exit: Exit, diagnosis: &Diagnosis) -> Exit {
    match (exit, diagnosis.verdict) {
        (_, Verdict::Problem) => Exit::Findings,
        // Nothing was judged: no script may take that for a clean bill.
        (Exit::Success, _) if diagnosis.is_unrecognised() => Exit::Usage,
        _ => exit,
    }
}
