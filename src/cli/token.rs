//! `entrada token`.

use super::app::App;
use super::failure::of_acquire;
use super::judge::{any_problem, judge};
use super::login::{greet, warn_unsaved};
use super::prompt::Person;
use super::{Exit, Failure};
use crate::flow::{self, Source};
use crate::model::human_duration;
use crate::render::{self, Notes, TokenOutput};

/// Print an access token that is still good: stored, refreshed, or (where allowed) by sign-in
#[derive(clap::Args)]
pub(super) struct Args {
    /// A profile of the configuration file
    profile: Option<String>,
    /// Answer a service's claims challenge: a file of its answer, `-` for standard input, or its `WWW-Authenticate`
    #[arg(long, value_name = "@FILE|-|TEXT")]
    challenge: Option<String>,
    /// Refresh even if the stored token is still good
    #[arg(long)]
    force_refresh: bool,
    /// What is printed
    #[arg(long, short, default_value = "token")]
    output: TokenOutput,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings(args.profile.as_deref())?;
    let jobs = settings.jobs()?;
    // A token is for one service: that of the first job named.
    let jobs = jobs.get(..1).unwrap_or_default();
    app.trace(&settings, "token", jobs)?;
    let mut request = app.request(&settings, jobs, app.interaction(&settings))?;
    request.force_refresh = args.force_refresh;
    request.challenge = app.challenge(args.challenge.as_deref())?;
    let fault = app.lint(&settings, &request, jobs.first().copied()).err();
    let grants = match app.grants(&settings) {
        Ok(grants) => grants,
        Err(failure) => return Err(fault.unwrap_or(failure)),
    };
    let mut person = Person::new(app, &settings);
    let acquired = match fault {
        None => flow::acquire(app.sys, &grants, &request, &mut person).map_err(|error| {
            let evidence = app.evidence(&settings, &request, jobs.first().copied());
            of_acquire(error, evidence, &app.login_command(&settings))
        })?,
        // Nobody is asked for what would be refused; a token that was granted all the same is not kept back.
        Some(fault) => flow::stored(app.sys, &grants, &request).ok().flatten().ok_or(fault)?,
    };
    for warning in grants.take_warnings() {
        app.talk.line(format!("warning: {warning}"));
    }
    if acquired.source == Source::SignIn && !settings.is(|layer| &layer.quiet) {
        greet(app, &acquired, &grants);
    }
    if let Some(trouble) = &acquired.trouble {
        app.talk.line(format!("warning: {trouble}; the stored token is still good and is used"));
    }
    if let Some(unsaved) = &acquired.unsaved {
        warn_unsaved(app.talk, unsaved);
    }
    let strict = settings.is(|layer| &layer.strict);
    // A stored token was judged when it came; where nothing doubtful may be handed out, it is judged again.
    if acquired.source != Source::Cache || strict {
        let quiet = settings.is(|layer| &layer.quiet) || !app.talk.to_terminal;
        let diagnoses = judge(app, &settings, &request, &acquired, jobs);
        for diagnosis in diagnoses.iter().filter(|diagnosis| !(quiet && diagnosis.is_clean())) {
            app.talk.with(|out| render::diagnosis(out, diagnosis, app.talk.style, Notes::Hidden));
        }
        if strict && any_problem(&diagnoses) {
            // Nothing on stdout in a failure: a script must not use what is known not to work.
            return Ok(Exit::Findings);
        }
        if !quiet && acquired.source == Source::Refresh {
            let left = acquired.token.expires_at.seconds_since(app.sys.clock.now());
            app.talk.line(format!("good for {}", human_duration(left)));
        }
    }
    let now = app.sys.clock.now();
    render::token(app.stdout, args.output, &acquired.token, &acquired.account, now)?;
    Ok(Exit::Success)
}
