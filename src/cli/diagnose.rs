//! `entrada diagnose`.

use super::app::App;
use super::talk::style_of;
use super::{Exit, Failure};
use crate::config::Settings;
use crate::diagnose::{self, Evidence, Verdict};
use crate::render::{self, Format, Notes};
use crate::sys::Stream;

/// Judge a token, a token response or an OAuth error against its job
#[derive(clap::Args)]
pub(super) struct Args {
    /// A file, `-` for standard input, or the text itself; standard input when absent
    input: Option<String>,
    /// How the judgement is written
    #[arg(long, short, default_value = "human")]
    output: Format,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings(None)?;
    let input = app.input(args.input.as_deref())?;
    let mut evidence = diagnose::recognise(input.expose(), app.sys.clock.now())
        .map_err(|error| Failure::usage(error.to_string()))?;
    for member in &evidence.unknown_members {
        app.talk
            .line(format!("note: the evidence's `{member}` is not understood and was passed over"));
    }
    apply(&settings, &mut evidence)?;
    let style = style_of(app.sys, Stream::Stdout);
    let jobs = settings.jobs();
    let each = if jobs.is_empty() {
        vec![evidence.context.job]
    } else {
        jobs.into_iter().map(Some).collect()
    };
    let mut exit = Exit::Success;
    for (index, job) in each.into_iter().enumerate() {
        evidence.context.job = job;
        let diagnosis = diagnose::run(&evidence);
        if 0 < index && args.output == Format::Human {
            writeln!(app.stdout)?;
        }
        render::diagnosis(app.stdout, args.output, &diagnosis, style, Notes::Shown)?;
        if diagnosis.verdict == Verdict::Problem {
            exit = Exit::Findings;
        } else if evidence.unrecognised {
            // Nothing was judged: no script may take that for a clean bill.
            exit = Exit::Usage;
        }
    }
    Ok(exit)
}

/// Settings set or override what the evidence says about itself.
fn apply(settings: &Settings, evidence: &mut Evidence) -> Result<(), Failure> {
    let context = &mut evidence.context;
    let scopes = settings.scopes()?;
    if !scopes.is_empty() {
        context.requested = Some(scopes);
    }
    context.acting = settings.get(|layer| &layer.acting).or(context.acting);
    context.audience = settings.get(|layer| &layer.audience).or_else(|| context.audience.take());
    context.client_id = settings.get(|layer| &layer.client_id).or_else(|| context.client_id.take());
    context.tenant = settings.get(|layer| &layer.tenant).or_else(|| context.tenant.take());
    context.account = settings.get(|layer| &layer.account).or_else(|| context.account.take());
    context.authority = settings.get(|layer| &layer.authority).or_else(|| context.authority.take());
    context.offline = settings.get(|layer| &layer.offline).or(context.offline);
    context.profile.clone_from(&settings.profile);
    Ok(())
}
