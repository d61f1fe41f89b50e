//! `entrada login`.

use super::app::App;
use super::config::init::profile_name;
use super::failure::of_acquire;
use super::judge::{any_problem, judge};
use super::new_profile::NewProfile;
use super::next_step;
use super::prompt::CliPrompt;
use super::stored_sign_in;
use super::ui::Ui;
use super::{Exit, Failure};
use crate::config::Settings;
use crate::config::flags;
use crate::render::{self, JudgementFormat, Notes};
use entrada_auth::flow::{self, AcquireError, Acquired, Unsaved};
use entrada_auth::store::{Grants, Interaction, LockError, StoreError, StoreErrorKind, StoreKind};
use entrada_core::entra::jobs;
use entrada_core::{Job, clean, human_duration};
use entrada_diagnose::{Diagnosis, Severity, Verdict};

/// The settings that the command reads.
pub(super) type Flags = flags::Acquisition;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The profile to use: its name in the configuration file
    profile: Option<String>,
    /// Answer a service's claims challenge, given as text or in a file
    ///
    /// The `WWW-Authenticate` header of the service, or its whole response; `-` reads it from standard input.
    #[arg(long, value_name = "@FILE|-|TEXT")]
    challenge: Option<String>,
    /// Write the settings of this sign-in into the configuration file, as the profile NAME
    #[arg(long, value_name = "NAME", value_parser = profile_name)]
    save: Option<String>,
    /// Replace a damaged stored sign-in
    ///
    /// The damaged item is set aside until `entrada logout`.
    #[arg(long)]
    replace_damaged: bool,
    /// The format of the diagnosis
    ///
    /// `human` goes to stderr, all others to stdout.
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    output: JudgementFormat,
    /// Whether the caller says itself what follows.
    #[arg(skip)]
    is_part: bool,
}

impl Args {
    /// As `entrada login PROFILE`.
    pub(super) fn of(profile: &str) -> Self {
        Self {
            profile: Some(profile.to_owned()),
            challenge: None,
            save: None,
            replace_damaged: false,
            output: JudgementFormat::Human,
            is_part: true,
        }
    }
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let outcome = sign_in(args, app);
    // For people it is on stderr, with the failure.
    if let Err(failure) = &outcome
        && args.output != JudgementFormat::Human
        && let Some(diagnosis) = failure.diagnosis()
    {
        let one = std::slice::from_ref(diagnosis);
        render::diagnoses(app.stdout, args.output, one, app.ui.style, Notes::Shown)?;
    }
    outcome.map(|signed_in| signed_in.exit)
}

/// How a sign-in ended.
pub(super) struct SignedIn {
    pub(super) exit: Exit,
    /// Whether no token of it was found faulty for its job.
    pub(super) is_fit: bool,
}

pub(super) fn sign_in(args: &Args, app: &mut App<'_, '_>) -> Result<SignedIn, Failure> {
    let settings = app.settings_of_sign_in(args.profile.as_deref())?;
    // One token is for one service: the first one's jobs are signed in for, the others follow by refresh.
    let jobs = settings.jobs()?;
    app.trace(&settings, "login", &jobs)?;
    let mut groups = by_resource(&jobs).into_iter();
    let first = groups.next().unwrap_or_default();
    let mut request = app.request(&settings, &first, Interaction::Allowed)?;
    request.challenge = app.challenge(args.challenge.as_deref())?;
    let groups: Vec<_> = groups.collect();
    let mut doubts = vec![app.lint(&settings, &request, first.first().copied())?];
    for jobs in &groups {
        // One page asks for consent to all of it.
        let other = app.request(&settings, jobs, Interaction::Allowed)?;
        doubts.push(app.lint(&settings, &other, jobs.first().copied())?);
        request.page.also = request.page.also.iter().chain(other.scopes.iter()).collect();
    }
    doubts.retain(Diagnosis::has_warnings);
    show(app, JudgementFormat::Human, &doubts)?;
    let save =
        args.save.as_deref().map(|name| NewProfile::check(app, name, &settings)).transpose()?;
    let grants = app.grants(&settings)?;
    let before = next_step::default_before(&settings, &grants)?;
    if args.replace_damaged {
        grants.replace_damaged();
    }
    let mut person = CliPrompt::new(app, &settings);
    let acquired = flow::sign_in(app.sys, &grants, &request, &mut person).map_err(|error| {
        let evidence = app.evidence(&settings, &request, first.first().copied());
        // Where a profile is written, the default profile is not what was asked for.
        let again = match &args.save {
            Some(save) => app.login_command_with(args.profile.as_deref(), Some(save)),
            None => app.login_command(&settings),
        };
        of_acquire(error, evidence, &again)
    })?;
    next_step::keep_default(&grants, &acquired, before);
    let quiet = settings.is(|layer| &layer.quiet);
    if !quiet {
        greet(app, &acquired, &grants);
        next_step::tell_of_default(app, &settings, &grants, &acquired);
    }
    let mut diagnoses = judge(app, &settings, &request, &acquired, &first);
    let mut exit = Exit::Success;
    for jobs in groups {
        let other = token_of_other_service(app, &settings, &grants, &acquired, &jobs)?;
        diagnoses.extend(other.diagnoses);
        if other.exit != Exit::Success {
            exit = other.exit;
        }
    }
    for warning in grants.take_warnings() {
        app.ui.line(format!("warning: {warning}"));
    }
    if settings.is(|layer| &layer.strict) && any_problem(&diagnoses) {
        exit = Exit::Findings;
    }
    if quiet && args.output == JudgementFormat::Human {
        diagnoses.retain(|diagnosis| !diagnosis.is_clean());
    }
    show(app, args.output, &diagnoses)?;
    let is_fit = !any_problem(&diagnoses);
    if let Some(unsaved) = &acquired.unsaved {
        warn_unsaved(app.ui, unsaved);
        let is_busy = matches!(unsaved.error, AcquireError::Lock(LockError::Held { .. }));
        let otherwise = if is_busy { Exit::Busy } else { Exit::Store };
        let exit = unsaved.interrupted().map_or(otherwise, Exit::from);
        return Ok(SignedIn { exit, is_fit });
    }
    let settings = match save {
        Some(save) => save.write(app, &settings)?,
        None => settings,
    };
    if grants.kind() != StoreKind::Memory {
        if let Err(failure) = stored_sign_in::remember(&settings, &grants, &acquired.account.id) {
            app.ui.line(format!("warning: {}", failure.said()));
        }
        if !quiet && !args.is_part && is_fit && exit == Exit::Success {
            // In one piece, as all that is there to be copied.
            let next = next_step::token_command(app, &settings, &grants, &acquired);
            app.ui.page(&format!("next: {next}\n"));
        }
    }
    if !is_fit && exit == Exit::Success {
        warn_unfit(app.ui, &diagnoses);
    }
    Ok(SignedIn { exit, is_fit })
}

/// Says that a sign-in which worked does not serve, in spite of its exit code.
fn warn_unfit(ui: &Ui<'_>, diagnoses: &[Diagnosis]) {
    let faulty = diagnoses.iter().filter(|diagnosis| diagnosis.verdict == Verdict::Problem);
    let tasks: Vec<String> = faulty
        .filter(|diagnosis| diagnosis.job != Job::None)
        .map(|diagnosis| format!("`{}`", diagnosis.task()))
        .collect();
    let tasks =
        if tasks.is_empty() { String::new() } else { format!(" for {}", tasks.join(" and ")) };
    ui.line(format!(
        "warning: you are signed in, but the token does not work{tasks}: see above; `--strict` makes that exit code 10"
    ));
}

/// The jobs, grouped by the service that their token is for, in the order named.
fn by_resource(all: &[Job]) -> Vec<Vec<Job>> {
    let resource = |job: Job| {
        let needs = jobs::facts(job);
        needs.resource.map(|resource| resource.app_id).or(needs.audience)
    };
    let mut groups: Vec<Vec<Job>> = Vec::new();
    for &job in all {
        let alike =
            |group: &&mut Vec<Job>| group.iter().all(|&other| resource(other) == resource(job));
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(job),
            None => groups.push(vec![job]),
        }
    }
    groups
}

/// The result for the token of another service.
struct OtherService {
    diagnoses: Vec<Diagnosis>,
    exit: Exit,
}

impl OtherService {
    fn failed(exit: Exit) -> Self {
        Self { diagnoses: Vec::new(), exit }
    }
}

/// Gets a token for another service with the refresh token of the sign-in. A failure is reported here, and is not an error: the
/// token of the first service remains valid.
fn token_of_other_service(
    app: &App<'_, '_>,
    settings: &Settings,
    grants: &Grants,
    signed_in: &Acquired,
    jobs: &[Job],
) -> Result<OtherService, Failure> {
    let names = jobs.iter().map(|job| format!("`{job}`")).collect::<Vec<_>>().join(", ");
    let mut request = app.request(settings, jobs, Interaction::Forbidden)?;
    request.account = Some(signed_in.account.id.clone());
    let mut person = CliPrompt::new(app, settings);
    match flow::acquire(app.sys, grants, &request, &mut person) {
        Ok(other) => Ok(OtherService {
            diagnoses: judge(app, settings, &request, &other, jobs),
            exit: Exit::Success,
        }),
        Err(AcquireError::SignInNeeded { refusal: None, .. }) => {
            app.ui.line(format!(
                "no token for {names}: without a refresh token every service needs its own sign-in"
            ));
            Ok(OtherService::failed(Exit::SignInNeeded))
        }
        Err(error) => {
            app.ui.line(format!("no token for {names}:"));
            let evidence = app.evidence(settings, &request, jobs.first().copied());
            let failure = of_acquire(error, evidence, &app.login_command(settings));
            Ok(OtherService::failed(failure.report(app.ui)))
        }
    }
}

/// Says who signed in, where the grant is and how long the token lives.
pub(super) fn greet(app: &App<'_, '_>, acquired: &Acquired, grants: &Grants) {
    let account = &acquired.account;
    let tenant = account.tid.as_ref().map_or_else(String::new, |tid| format!(" (tenant {tid})"));
    app.ui.line(format!("signed in as {}{tenant}", account.label()));
    if acquired.unsaved.is_none() {
        let what =
            if acquired.has_refresh_token { "refresh token included" } else { "no refresh token" };
        app.ui.line(format!("kept in {}, {what}", grants.describe()));
    }
    let left = acquired.token.expires_at.seconds_since(app.sys.clock.now());
    app.ui.line(format!(
        "access token valid until {} ({})",
        acquired.token.expires_at,
        human_duration(left)
    ));
}

fn show(
    app: &mut App<'_, '_>,
    format: JudgementFormat,
    diagnoses: &[Diagnosis],
) -> Result<(), Failure> {
    let style = app.ui.style;
    if format == JudgementFormat::Human {
        app.ui.with(|out| render::diagnoses(out, format, diagnoses, style, Notes::Hidden));
        return Ok(());
    }
    Ok(render::diagnoses(app.stdout, format, diagnoses, style, Notes::Shown)?)
}

/// Prints that the grant could not be stored, where it is kept instead, and what to do.
pub(super) fn warn_unsaved(ui: &Ui<'_>, unsaved: &Unsaved) {
    let label = render::label(ui.style, Severity::Warning, "warning");
    ui.raw(&format!("{label}: the grant was not stored: {}\n", clean(&unsaved.error.to_string())));
    if let Some(path) = &unsaved.pending {
        ui.raw(&format!("  it is kept, encrypted, in {}\n", clean(&path.to_string_lossy())));
    }
    let trouble = match &unsaved.error {
        AcquireError::Store(StoreError { reason, .. }) => Some(reason),
        _ => None,
    };
    let help = match (trouble, &unsaved.pending) {
        (Some(StoreErrorKind::Corrupt(_)), _) => {
            "a damaged item blocks it: `entrada login --replace-damaged` moves that aside, and signs in again"
        }
        (Some(StoreErrorKind::WrongKey(_) | StoreErrorKind::WrongKeyKind { .. }), _) => {
            "check the key: ENTRADA_STORE_KEY, `--store-key-file` or the passphrase"
        }
        (Some(StoreErrorKind::RekeyUnfinished(_)), _) => {
            "run `entrada store rekey` again; the next `entrada token` stores it then"
        }
        (Some(StoreErrorKind::Newer(_)), _) => "use that newer entrada",
        (Some(StoreErrorKind::Interrupted(_)), Some(_)) => "the next `entrada token` stores it",
        (None, Some(_)) => "after the other process has ended, the next `entrada token` stores it",
        (_, Some(_)) => "unlock or restart the store; the next `entrada token` stores it",
        (_, None) => "repair the store, then sign in again",
    };
    ui.raw(&format!("  = help: {help}\n"));
}
