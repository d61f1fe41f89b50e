//! `entrada probe`.

mod tell;
mod transcript;

use std::path::{Path, PathBuf};

use super::app::App;
use super::diagnose::ContextResolver;
use super::input::read_text;
use super::local_authority;
use super::obtain::{AcquireOptions, obtain};
use super::token::mailbox_name;
use super::{Exit, Failure};
use crate::config::Settings;
use crate::config::flags;
use crate::probe::{
    self, PlanError, ProbePlan, SaslMechanism, Security, SessionOutcome, Transcript,
};
use crate::render::Format;
use entrada_auth::sys::HttpError;
use entrada_core::{Job, Protocol, Secret, Side};
use entrada_diagnose::{self as diagnose, Diagnosis, Evidence, MailLog, RuleId, Shape, Verdict};
use transcript::TranscriptFile;

/// The settings that the command reads.
pub(super) type Flags = flags::Acquisition;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The profile to use: its name in the configuration file
    profile: Option<String>,
    /// Use the token in this file, or on standard input for `-`, instead of a stored one
    #[arg(long, value_name = "FILE|-")]
    token_from: Option<String>,
    /// The mailbox to open; the account's own by default
    #[arg(long, value_name = "ADDRESS", value_parser = mailbox_name)]
    mailbox: Option<String>,
    /// The server to use instead of Microsoft's: HOST, HOST:PORT or a URL (`https://…`, `imap://…`)
    #[arg(long)]
    server: Option<String>,
    /// How the connection to a mail server is protected; by default, as is usual for its port
    #[arg(long)]
    security: Option<Security>,
    /// The SASL mechanism for a mail server; by default, one that the server offers
    #[arg(long)]
    mechanism: Option<SaslMechanism>,
    /// Write the conversation with the service to this file, without secrets
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
    /// The format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    output: Format,
}

/// The service's decision about the token.
enum Ended {
    Taken,
    /// The token was accepted; whether it permits the job cannot be tested without doing the job.
    TakenAtLeast,
    Refused,
    /// An answer that says nothing about the token: the server is busy, or is not the service.
    PutOff(String),
    /// The service was not asked, for this reason.
    Withheld(&'static str),
    Broken(HttpError),
}

/// One probe.
struct Probed {
    job: Job,
    /// The mail protocol; `None` for a web call.
    protocol: Option<Protocol>,
    /// The server that the token was sent to.
    server: String,
    user: Option<String>,
    ended: Ended,
    /// Whether the server offers no sign-in by token.
    unoffered: bool,
    diagnosis: Diagnosis,
}

/// A token, and what is known about it.
struct Token {
    text: Secret,
    account: Option<String>,
    evidence: Evidence,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let outcome = probe_all(args, app);
    if args.output == Format::Json { outcome.map_err(Failure::in_json) } else { outcome }
}

fn probe_all(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = match args.token_from {
        Some(_) => app.settings(args.profile.as_deref())?,
        None => app.settings_of_sign_in(args.profile.as_deref())?,
    };
    let jobs = settings.jobs()?;
    if args.server.is_some() && 1 < jobs.len() {
        return Err(Failure::usage("`--server` works with only one job")
            .help("name one with `--job`, or leave out `--server`"));
    }
    // A stored token is traced from its refresh on.
    app.trace(&settings, "probe", &jobs)?;
    let given = args.token_from.as_deref().map(|from| given(app, from)).transpose()?;
    let mut transcript = TranscriptFile::new(app, args.transcript.as_deref())?;
    let mut exit = Exit::Success;
    let outcome =
        probe_each(args, app, &settings, &jobs, given.as_ref(), &mut transcript, &mut exit);
    // The transcript is written after a failure too.
    transcript.write(app)?;
    outcome.map(|()| exit)
}

fn probe_each(
    args: &Args,
    app: &mut App<'_, '_>,
    settings: &Settings,
    jobs: &[Job],
    given: Option<&Token>,
    transcript: &mut TranscriptFile,
    exit: &mut Exit,
) -> Result<(), Failure> {
    let default = [Job::default()];
    for job in if jobs.is_empty() { &default[..] } else { jobs } {
        let token = match given {
            Some(token) => around(app, token, *job)?,
            None => stored(app, settings, *job)?,
        };
        let probed = probe(args, app, settings, *job, token, transcript)?;
        *exit = worse(*exit, &probed);
        tell::tell(args.output, app, &probed)?;
    }
    Ok(())
}

/// The exit code after one more probe.
fn worse(exit: Exit, probed: &Probed) -> Exit {
    let own = match &probed.ended {
        Ended::Refused => Exit::ProbeRefused,
        Ended::Broken(_) | Ended::PutOff(_) => Exit::Temporary,
        Ended::Withheld(_) => Exit::Findings,
        Ended::Taken | Ended::TakenAtLeast if probed.diagnosis.verdict == Verdict::Problem => {
            Exit::Findings
        }
        Ended::Taken | Ended::TakenAtLeast => Exit::Success,
    };
    // A refusal outweighs a temporary failure, which outweighs a finding.
    [Exit::ProbeRefused, Exit::Temporary, Exit::Findings]
        .into_iter()
        .find(|one| *one == exit || *one == own)
        .unwrap_or(Exit::Success)
}

/// The token that the user gave.
fn given(app: &mut App<'_, '_>, from: &str) -> Result<Token, Failure> {
    let text = match from {
        "-" => app.input(Some("-"))?,
        path => read_text(&mut app.open("the token", path).map_err(|failure| {
            if Path::new(path).exists() {
                return failure;
            }
            failure.help("other users can see a token on the command line: give it on standard input, `--token-from -`")
        })?)?,
    };
    let evidence = diagnose::recognise(text.expose(), app.sys.clock.now())
        .map_err(|error| Failure::usage(error.to_string()))?;
    let text = match &evidence.response {
        Some(response) => response.access_token.clone(),
        None => Shape::bare(text.expose()),
    };
    let is_token = evidence.response.is_some() || evidence.token.is_some();
    // RFC 6750 §2.1. Whatever else was recognised, a cache for example, holds more than is to be shown to a service.
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let is_one = !text.expose().is_empty() && text.expose().chars().all(fits);
    if !is_token || !is_one {
        return Err(Failure::usage("the input is neither a bare token nor a token response")
            .help("give only the access token; for a service's answer or a token cache, use `entrada diagnose`"));
    }
    app.redactor.register(text.expose());
    let account = match Shape::of(text.expose()) {
        Shape::Jwt(jwt) => jwt.claims.user_names().next().map(str::to_owned),
        _ => None,
    };
    // Only the access token is sent and diagnosed, not the rest of the response.
    let token = evidence.token.or_else(|| Some(Shape::of(text.expose())));
    let evidence = Evidence { token, response: None, ..evidence };
    Ok(Token { text, account, evidence })
}

/// The same, with what flags and configuration say about it.
fn around(app: &App<'_, '_>, token: &Token, job: Job) -> Result<Token, Failure> {
    let around = ContextResolver::new(app, None)?;
    let evidence = around.case(token.evidence.clone(), Some(job));
    let account = evidence.context.account.clone().or_else(|| token.account.clone());
    Ok(Token { text: token.text.clone(), account, evidence })
}

/// The stored token for `job`, refreshed where it has to be.
fn stored(app: &App<'_, '_>, settings: &Settings, job: Job) -> Result<Token, Failure> {
    let acquired = obtain(
        app,
        settings,
        "probe",
        AcquireOptions { job: Some(job), judges: true, ..AcquireOptions::default() },
    )?;
    let request = app.request(settings, &[job], app.interaction(settings))?;
    let mut evidence = app.evidence(settings, &request, Some(job));
    evidence.token = Some(Shape::of(acquired.token.access_token.expose()));
    evidence.context.granted.clone_from(&acquired.token.granted);
    let account = acquired.account.username.clone();
    Ok(Token { text: acquired.token.access_token, account, evidence })
}

fn probe(
    args: &Args,
    app: &App<'_, '_>,
    settings: &Settings,
    job: Job,
    token: Token,
    transcript: &mut TranscriptFile,
) -> Result<Probed, Failure> {
    let Token { text, account, mut evidence } = token;
    evidence.context.mailbox.clone_from(&args.mailbox);
    // An emulator serves Graph at its own address.
    let is_mail = matches!(job, Job::Imap | Job::Pop | Job::Smtp);
    let emulated = local_authority::local_authority(settings);
    let is_elsewhere = is_mail || matches!(job, Job::Custom | Job::Own(_));
    let emulated = emulated.filter(|_| !is_elsewhere);
    let ask = probe::ProbeOptions {
        cloud: settings.cloud(),
        account: account.as_deref(),
        mailbox: args.mailbox.as_deref(),
        server: args.server.as_deref().or(emulated.as_deref()),
        security: args.security,
        mechanism: args.mechanism,
    };
    let plan = probe::plan(job, &ask).map_err(|error| of_plan(&error))?;
    let user = match &plan {
        ProbePlan::Mail(plan) => Some(plan.user.clone()),
        ProbePlan::Web(_) => args.mailbox.clone().or(account),
    };
    let protocol = match &plan {
        ProbePlan::Mail(plan) => Some(plan.protocol),
        ProbePlan::Web(_) => None,
    };
    let server = match &plan {
        ProbePlan::Mail(plan) => plan.server.to_string(),
        ProbePlan::Web(plan) => plan.url.host_str().unwrap_or_default().to_owned(),
    };
    if protocol.is_some()
        && args.server.is_none()
        && let Some(warning) = local_authority::warning(settings, &server, "--server")
    {
        app.ui.line(warning);
    }
    let is_grant = matches!(
        Shape::of(text.expose()),
        Shape::EntraGrant { .. } | Shape::MsaRefreshToken { .. } | Shape::PrtCookie
    );
    let withheld = if is_grant {
        // Its holder can get new tokens.
        Some("a refresh token is sent only to the authority")
    } else {
        let is_here = args.server.as_deref().is_none_or(local_authority::is_on_this_machine);
        let is_for_another = || {
            let findings = diagnose::run(&evidence).findings;
            findings.iter().any(|finding| finding.rule.id == RuleId::WrongAudience)
        };
        // Its holder could use it there.
        (!is_here && is_for_another()).then_some(
            "the token is for another service, and a server that `--server` names gets no such token",
        )
    };
    if let Some(reason) = withheld {
        let (ended, diagnosis) = (Ended::Withheld(reason), diagnose::run(&evidence));
        return Ok(Probed { job, protocol, server, user, ended, unoffered: false, diagnosis });
    }
    let mut unoffered = false;
    let ended = match &plan {
        ProbePlan::Mail(plan) => {
            let ui = probe::converse(app.sys.dial, plan, &text);
            transcript.mail(&server, &ui);
            unoffered = ui.unoffered;
            let is_signed_in_already = is_preauthenticated(&ui);
            let ended = match ui.outcome {
                SessionOutcome::Taken => Ended::Taken,
                SessionOutcome::Refused => Ended::Refused,
                SessionOutcome::Unexpected if is_signed_in_already => Ended::PutOff(format!(
                    "{}: it takes the connection for signed in without the token",
                    last_of(&ui.lines)
                )),
                SessionOutcome::Unexpected => Ended::PutOff(last_of(&ui.lines)),
                SessionOutcome::Broken(error) => Ended::Broken(error),
            };
            let last = last_of(&ui.lines);
            let mut log = MailLog::new(ui.protocol, ui.lines, Some(plan.user.clone()));
            log.host = Some(plan.server.host.clone());
            // The server may accept the token and still close the connection.
            let ended = match ended {
                Ended::Taken if !log.let_in(true) => Ended::PutOff(last),
                ended => ended,
            };
            let told = matches!(ended, Ended::Refused | Ended::PutOff(_));
            evidence.mail = Some(log).filter(|_| told);
            ended
        }
        ProbePlan::Web(plan) => match probe::ask(app.sys.http, plan, &text) {
            Err(error) => Ended::Broken(error),
            Ok(answered) => {
                transcript.web(plan, &answered.response);
                let ended = match answered.verdict {
                    probe::WebVerdict::Taken => Ended::Taken,
                    probe::WebVerdict::TakenAtLeast => Ended::TakenAtLeast,
                    probe::WebVerdict::Refused => Ended::Refused,
                    probe::WebVerdict::Unexpected => {
                        let status = answered.response.status();
                        Ended::PutOff(format!(
                            "HTTP {} that is not an answer of the service",
                            status.as_u16()
                        ))
                    }
                };
                evidence.answer = Some(answered.answer).filter(|_| !is_taken(&ended));
                ended
            }
        },
    };
    if let Ended::Broken(HttpError {
        failure: entrada_auth::sys::HttpFailure::Interrupted(interrupted),
        ..
    }) = &ended
    {
        return Err((*interrupted).into());
    }
    if matches!(ended, Ended::Refused) {
        evidence.context.published_keys = local_authority::published_keys(app, settings);
    }
    let mut diagnosis = diagnose::run(&evidence);
    let put_off = matches!(ended, Ended::Refused | Ended::PutOff(_));
    if put_off && diagnosis.verdict.is_ok() {
        evidence.not_understood = Some(format!("the answer of {server}"));
        diagnosis = diagnose::run(&evidence);
    }
    // A server that is temporarily unavailable says nothing about the token.
    let passing = [RuleId::ServiceIncident, RuleId::Throttled, RuleId::AnswerNotFromService];
    let cause = diagnosis.findings.first().map(|finding| finding.rule.id);
    let ended = match ended {
        Ended::Refused if cause.is_some_and(|id| passing.contains(&id)) => {
            let said = diagnosis.findings.first().map(|finding| finding.message.to_string());
            Ended::PutOff(said.unwrap_or_default())
        }
        ended => ended,
    };
    Ok(Probed { job, protocol, server, user, ended, unoffered, diagnosis })
}

fn is_taken(ended: &Ended) -> bool {
    matches!(ended, Ended::Taken | Ended::TakenAtLeast)
}

/// The last thing that the server said.
fn last_of(lines: &[(Side, String)]) -> String {
    let last = lines.iter().rev().find(|(side, _)| *side == Side::Server);
    last.map_or_else(|| "nothing".to_owned(), |(_, line)| format!("`{line}`"))
}

/// Whether an IMAP server greets a client as one that is signed in already (RFC 9051 §7.1.4).
fn is_preauthenticated(transcript: &Transcript) -> bool {
    let greeting = transcript.lines.first().map(|(_, line)| line.to_ascii_uppercase());
    transcript.protocol == Protocol::Imap
        && greeting.is_some_and(|line| line.starts_with("* PREAUTH"))
}

fn of_plan(error: &PlanError) -> Failure {
    let failure = Failure::usage(error.to_string());
    match error {
        PlanError::NoService(_) => failure.help(
            "name the service by `--job`, such as `--job imap`; for an API of your own give an address, `--server URL`, and for a mail server of your own `--server imap://HOST:PORT`",
        ),
        PlanError::NoUser | PlanError::User(_) => failure.help("name it: `--mailbox ADDRESS`"),
        PlanError::Server(_) | PlanError::NoHost(_) => failure,
        PlanError::Clear(_) => failure.help("leave out `--security none`, or use `https`"),
    }
}
