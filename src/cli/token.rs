//! `entrada token`.

use super::app::App;
use super::failure::of_acquire;
use super::judge::{any_problem, judge};
use super::login::{greet, warn_unsaved};
use super::prompt::Person;
use super::{Exit, Failure};
use crate::flow::{self, Acquired, Source};
use crate::model::human_duration;
use crate::render::{self, Handed, Notes, Shell, TokenOutput};

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
    /// Who reads the variable of `-o env`
    #[arg(long, default_value = "sh")]
    shell: Shell,
    /// What the variable of `-o env` is called
    #[arg(long, value_name = "NAME", default_value = VARIABLE, value_parser = variable_name)]
    variable: String,
    /// Whose mailbox `-o xoauth2` and `-o oauthbearer` open, where it is not the account's own
    #[arg(long, value_name = "ADDRESS", value_parser = mailbox_name)]
    user: Option<String>,
}

/// The variable that holds a token, unless another is named.
pub(super) const VARIABLE: &str = "ACCESS_TOKEN";

/// A name that every shell takes.
pub(super) fn variable_name(name: &str) -> Result<String, String> {
    let right = "letters, digits and `_`, and no digit first";
    if render::is_variable_name(name) { Ok(name.to_owned()) } else { Err(right.to_owned()) }
}

/// A name that cannot break out of the string that it stands in.
fn mailbox_name(name: &str) -> Result<String, String> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("an address, without control characters".to_owned());
    }
    Ok(name.to_owned())
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
    hand_out(args, app, &acquired)?;
    Ok(Exit::Success)
}

fn hand_out(args: &Args, app: &mut App<'_, '_>, acquired: &Acquired) -> Result<(), Failure> {
    let told = acquired.account.username.as_deref();
    // A name with a control character would end its field of the string early.
    let told = told.filter(|name| !name.chars().any(char::is_control));
    let own = args.user.as_deref().or(told);
    let for_mail = matches!(args.output, TokenOutput::Xoauth2 | TokenOutput::Oauthbearer);
    if for_mail && own.is_none() {
        return Err(Failure::usage(
            "the authority did not tell the account's name, and the string needs one",
        )
        .help("name the mailbox: `--user ADDRESS`"));
    }
    let asked = app.sys.env.get("KUBERNETES_EXEC_INFO");
    let handed = Handed {
        token: &acquired.token,
        account: &acquired.account,
        now: app.sys.clock.now(),
        expires_local: app.sys.clock.local(acquired.token.expires_at),
        shell: args.shell,
        variable: &args.variable,
        user: own.unwrap_or_default(),
        exec_version: exec_version(asked.as_deref()),
    };
    render::token(app.stdout, args.output, &handed)?;
    Ok(())
}

/// The version that kubectl asks for, where it is one that looks as the newest does.
fn exec_version(asked: Option<&str>) -> &'static str {
    const BETA: &str = "client.authentication.k8s.io/v1beta1";
    let asked = asked.and_then(|json| serde_json::from_str::<serde_json::Value>(json).ok());
    let version = asked.as_ref().and_then(|info| info.get("apiVersion")?.as_str());
    if version == Some(BETA) { BETA } else { "client.authentication.k8s.io/v1" }
}
