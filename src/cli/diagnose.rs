//! `entrada diagnose`.

use super::app::App;
use super::talk::style_of;
use super::{Exit, Failure};
use crate::config::{ConfigFile, Settings};
use crate::diagnose::{self, Evidence, Verdict};
use crate::model::shell_quoted;
use crate::render::{self, Format, Notes};
use crate::sys::{Env, Stream};

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
    let input = app.input(args.input.as_deref())?;
    let mut evidence = diagnose::recognise(input.expose(), app.sys.clock.now())
        .map_err(|error| Failure::usage(error.to_string()))?;
    for member in &evidence.unknown_members {
        app.talk
            .line(format!("note: the evidence's `{member}` is not understood and was passed over"));
    }
    // A pasted token is nobody's in particular: whose it should be counts only where it was named for this very
    // judgement. What it is for is another matter, and may stand in the configuration.
    let nothing = ConfigFile::default();
    let flags = Settings::resolve(&nothing, None, &Env::default(), app.common.layer.clone())?;
    apply(&flags, &mut evidence, Strength::Overrides)?;
    let mut jobs = flags.jobs();
    if let Some(profile) = app.common.profile.clone() {
        let settings = app.settings(Some(&profile))?;
        apply(&settings, &mut evidence, Strength::FillsIn)?;
        evidence.context.profile = Some(shell_quoted(&profile));
        if jobs.is_empty() && evidence.context.job.is_none() {
            jobs = settings.jobs();
        }
    } else if app.paths().is_ok() {
        let settings = app.settings(None)?;
        let context = &mut evidence.context;
        context.acting = context.acting.or(settings.get(|layer| &layer.acting));
        context.audience = context.audience.take().or(settings.get(|layer| &layer.audience));
        if jobs.is_empty() && context.job.is_none() {
            jobs = settings.jobs();
        }
    }
    let style = style_of(app.sys, Stream::Stdout);
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

/// Whether a setting outweighs what the evidence says about itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    Overrides,
    FillsIn,
}

/// Takes `settings` into the context of the evidence.
fn apply(settings: &Settings, evidence: &mut Evidence, strength: Strength) -> Result<(), Failure> {
    fn weigh<T>(own: &mut Option<T>, setting: Option<T>, strength: Strength) {
        if setting.is_some() && (own.is_none() || strength == Strength::Overrides) {
            *own = setting;
        }
    }
    let context = &mut evidence.context;
    let scopes = settings.scopes()?;
    weigh(&mut context.requested, Some(scopes).filter(|scopes| !scopes.is_empty()), strength);
    weigh(&mut context.acting, settings.get(|layer| &layer.acting), strength);
    weigh(&mut context.audience, settings.get(|layer| &layer.audience), strength);
    weigh(&mut context.client_id, settings.get(|layer| &layer.client_id), strength);
    weigh(&mut context.tenant, settings.get(|layer| &layer.tenant), strength);
    weigh(&mut context.account, settings.get(|layer| &layer.account), strength);
    weigh(&mut context.authority, settings.get(|layer| &layer.authority), strength);
    weigh(&mut context.cloud, settings.get(|layer| &layer.cloud), strength);
    weigh(&mut context.offline, settings.get(|layer| &layer.offline), strength);
    Ok(())
}
