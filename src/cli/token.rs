//! `entrada token`.

use super::app::App;
use super::obtain::{AcquireOptions, obtain};
use super::{Exit, Failure};
use crate::config::flags;
use crate::render::{self, DeliveredToken, Shell, TokenOutput};
use entrada_auth::flow::Acquired;
use entrada_core::ScopeSet;
use entrada_core::entra::resources;

/// The settings that the command reads.
pub(super) type Flags = flags::Acquisition;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The profile to use: its name in the configuration file
    profile: Option<String>,
    /// Answer the claims challenge of a service
    ///
    /// The `WWW-Authenticate` header of the service, or its whole response, given as text or in a file; `-` reads it from standard
    /// input.
    #[arg(long, value_name = "@FILE|-|TEXT")]
    challenge: Option<String>,
    /// Refresh even if the stored token is still valid
    #[arg(long)]
    force_refresh: bool,
    /// What to print
    #[arg(long, short, value_name = "FORMAT", default_value = "token")]
    output: TokenOutput,
    /// The syntax of `-o env`
    #[arg(long, default_value = "sh")]
    shell: Shell,
    /// The variable that `-o env` sets
    #[arg(long, value_name = "NAME", default_value = VARIABLE, value_parser = variable_name)]
    variable: String,
    /// The mailbox for `-o xoauth2` and `-o oauthbearer`
    ///
    /// The account's own by default.
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

/// A name that cannot break out of the string that contains it.
pub(super) fn mailbox_name(name: &str) -> Result<String, String> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("an address, without control characters".to_owned());
    }
    Ok(name.to_owned())
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let outcome = deliver(args, app);
    if args.output == TokenOutput::Json { outcome.map_err(Failure::in_json) } else { outcome }
}

fn deliver(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings_of_sign_in(args.profile.as_deref())?;
    let challenge = app.challenge(args.challenge.as_deref())?;
    let ask = AcquireOptions {
        force_refresh: args.force_refresh,
        challenge,
        ..AcquireOptions::default()
    };
    let acquired = obtain(app, &settings, "token", ask)?;
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
            "the authority did not send the account's name, and the string needs it",
        )
        .help("name the mailbox: `--user ADDRESS`"));
    }
    if for_mail && let Some(other) = not_for_mail(&acquired.token.requested) {
        app.ui.line(format!(
            "warning: this token is for {other}, and mail servers refuse it: `--job imap`, `--job pop` or `--job smtp`"
        ));
    }
    let text = acquired.token.access_token.expose();
    if args.output == TokenOutput::Env && !render::carries(args.shell, text) {
        return Err(Failure::usage(
            "the token has characters that some readers of `.env` files change; it is not printed",
        )
        .help("for a shell, `--shell sh` quotes it; for a program, `-o token` and `-o json` print any token"));
    }
    let asked = app.sys.env.get(entrada_auth::sys::TextVariable::KubernetesExecInfo);
    // The time zone's files are read only for the output that needs them.
    let expires_local = match args.output {
        TokenOutput::AzureCli => app.sys.clock.local(acquired.token.expires_at),
        _ => String::new(),
    };
    let delivered = DeliveredToken {
        token: &acquired.token,
        account: &acquired.account,
        redactor: app.redactor,
        now: app.sys.clock.now(),
        expires_local,
        shell: args.shell,
        variable: &args.variable,
        user: own.unwrap_or_default(),
        exec_version: exec_version(asked),
    };
    render::token(app.stdout, args.output, &delivered)?;
    Ok(())
}

/// The service that a token for `scopes` is for, where it is known not to be the one with the mailboxes.
fn not_for_mail(scopes: &ScopeSet) -> Option<&'static str> {
    let api = scopes.api();
    let resource = resources::of_scope(api.iter().next()?).resource()?;
    (*resource != resources::EXCHANGE).then_some(resource.name)
}

/// The version that kubectl asks for, where it is one that looks as the newest does.
fn exec_version(asked: Option<&str>) -> &'static str {
    const BETA: &str = "client.authentication.k8s.io/v1beta1";
    let asked = asked.and_then(|json| serde_json::from_str::<serde_json::Value>(json).ok());
    let version = asked.as_ref().and_then(|info| info.get("apiVersion")?.as_str());
    if version == Some(BETA) { BETA } else { "client.authentication.k8s.io/v1" }
}
