//! Gets a token for a command that passes it on: stored, refreshed, or by sign-in. Diagnoses it and reports on stderr.

use super::app::App;
use super::failure::of_acquire;
use super::judge::{any_problem, judge};
use super::local_authority;
use super::login::{greet, warn_unsaved};
use super::next_step::{self, DefaultBefore};
use super::prompt::CliPrompt;
use super::stored_sign_in;
use super::{Exit, Failure};
use crate::config::Settings;
use crate::render::{self, Notes};
use entrada_auth::flow::{self, AcquireError, Acquired, Source, TokenRequest};
use entrada_auth::store::{Grants, Interaction};
use entrada_core::{ClaimsRequest, Job, human_duration};
use entrada_diagnose::{Diagnosis, Verdict};

/// Options of the request in addition to the settings.
#[derive(Default)]
pub(super) struct AcquireOptions {
    /// Refresh even if the stored token is still good.
    pub(super) force_refresh: bool,
    /// What a service asked for when it refused a token.
    pub(super) challenge: Option<ClaimsRequest>,
    /// Whether the command judges the token itself.
    pub(super) judges: bool,
    /// What it is for, where it is not the first job of the settings.
    pub(super) job: Option<Job>,
}

/// The token that `settings` ask for, for `command`.
pub(super) fn obtain(
    app: &App<'_, '_>,
    settings: &Settings,
    command: &str,
    ask: AcquireOptions,
) -> Result<Acquired, Failure> {
    // A token is for one service: that of the first job named.
    let job = ask.job.or(settings.jobs()?.first().copied());
    let jobs = job.as_slice();
    app.trace(settings, command, jobs)?;
    let mut request = app.request(settings, jobs, app.interaction(settings))?;
    (request.force_refresh, request.challenge) = (ask.force_refresh, ask.challenge);
    let acquisition = match acquire(app, settings, &request, job) {
        Err(failure) if failure.exit == Exit::Store && app.key_has_changed(settings)? => {
            acquire(app, settings, &request, job)
        }
        acquisition => acquisition,
    };
    let Acquisition { grants, acquired, default_before } = acquisition?;
    let is_quiet = settings.is(|layer| &layer.quiet);
    next_step::keep_default(&grants, &acquired, default_before);
    for warning in grants.take_warnings() {
        app.ui.line(format!("warning: {warning}"));
    }
    if acquired.source == Source::SignIn && !is_quiet {
        greet(app, &acquired, &grants);
        next_step::tell_of_default(app, settings, &grants, &acquired);
    }
    if let Some(trouble) = acquired.refresh_error.as_ref().filter(|_| !is_quiet) {
        app.ui.line(format!("warning: {trouble}; the stored token is still valid and is used"));
    }
    if let Some(unsaved) = &acquired.unsaved {
        warn_unsaved(app.ui, unsaved);
        if let Some(interrupted) = unsaved.interrupted() {
            return Err(Failure::told(interrupted.into()));
        }
    }
    let strict = settings.is(|layer| &layer.strict);
    // A stored token was judged when it came; where nothing doubtful may be handed out, it is judged again.
    if acquired.source != Source::Cache || strict {
        let quiet = ask.judges || is_quiet || !app.ui.to_terminal;
        let diagnoses = judge(app, settings, &request, &acquired, jobs);
        // Nothing is printed about a token without a fault: `login` and `diagnose` print a verdict.
        let is_hidden = |diagnosis: &Diagnosis| {
            diagnosis.is_clean() || (is_quiet && diagnosis.verdict != Verdict::Problem)
        };
        for diagnosis in diagnoses.iter().filter(|diagnosis| !is_hidden(diagnosis)) {
            app.ui.with(|out| render::diagnosis(out, diagnosis, app.ui.style, Notes::Hidden));
        }
        if strict && any_problem(&diagnoses) {
            // Nothing goes to stdout after a failure: a script must not use a token that does not work.
            return Err(Failure::told(Exit::Findings));
        }
        let left = acquired.token.expires_at.seconds_since(app.sys.clock.now());
        if !quiet && acquired.source == Source::Refresh {
            app.ui.line(format!("valid for {}", human_duration(left)));
        }
        if let Some(wanted) = request.min_ttl.filter(|wanted| left < *wanted && !is_quiet) {
            app.ui.line(format!(
                "warning: the new token is valid for {}, less than `--min-ttl` wants ({}); each run asks for another one",
                human_duration(left),
                human_duration(wanted)
            ));
        }
    }
    if acquired.source == Source::Cache
        && !ask.judges
        && !is_quiet
        && app.ui.to_terminal
        && let Some(warning) = local_authority::of_earlier_run(app, settings, &acquired)
    {
        app.ui.line(warning);
    }
    // RFC 6750 §2.1. A line break in it would start a new line for readers of headers, variables or git's answers.
    let token = acquired.token.access_token.expose();
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Failure::new(
            Exit::Failure,
            "the authority's access token contains characters that are not allowed in a token",
        ));
    }
    Ok(acquired)
}

/// A token, and the store that it comes from or went to.
struct Acquisition {
    grants: Grants,
    acquired: Acquired,
    /// Which account was the default before, where a sign-in was possible.
    default_before: DefaultBefore,
}

/// Gets the token of `request` once.
fn acquire(
    app: &App<'_, '_>,
    settings: &Settings,
    request: &TokenRequest,
    job: Option<Job>,
) -> Result<Acquisition, Failure> {
    // A request that would be refused is not sent; a stored token that serves needs no request.
    let lint = || app.lint(settings, request, job).map(drop);
    let fail = |error| {
        let evidence = app.evidence(settings, request, job);
        let is_absent = matches!(error, AcquireError::SignInNeeded { refusal: None, .. });
        let mut failure = of_acquire(error, evidence, &app.login_command(settings));
        if is_absent {
            failure.help.splice(0..0, stored_sign_in::other_sign_ins(app, settings));
        }
        failure
    };
    let lint_first = |failure: Failure| lint().err().unwrap_or(failure);
    let grants = app.grants(settings).map_err(lint_first)?;
    let plan = flow::plan(&grants, request, app.sys.clock.now()).map_err(|error| match error {
        AcquireError::Store(_) | AcquireError::Ambiguous(_) => lint_first(fail(error)),
        error => fail(error),
    })?;
    let may_sign_in = plan.needs_network() && request.interaction == Interaction::Allowed;
    let default_before =
        if may_sign_in { next_step::default_before(settings, &grants)? } else { None };
    let fault = if plan.needs_network() { lint().err() } else { None };
    let acquired = match fault {
        Some(fault) => plan.without_network().ok_or(fault)?,
        None => {
            let mut prompt = CliPrompt::of_quiet_command(app, settings);
            flow::execute(app.sys, &grants, request, plan, &mut prompt).map_err(|error| {
                local_authority::restarted(app, settings, &grants, &error)
                    .unwrap_or_else(|| fail(error))
            })?
        }
    };
    Ok(Acquisition { grants, acquired, default_before })
}
