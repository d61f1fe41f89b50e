//! `entrada import`.

use super::app::App;
use super::failure::of_acquire;
use super::input::{read_bytes, text_of};
use super::login::warn_unsaved;
use super::next_step;
use super::progress::Progress;
use super::prompt::CliPrompt;
use super::{Exit, Failure};
use crate::config::flags;
use entrada_auth::flow::{self, Pins, TokenRequest};
use entrada_auth::store::Grants;
use entrada_auth::store::foreign::{self, ForeignError, ForeignToken};
use entrada_core::entra::clouds::Cloud;
use entrada_core::entra::{known, resources};
use entrada_core::{Authority, ScopeSet, clean};

/// The settings that an import reads: all that a refresh and the store need.
pub(super) type Flags = (
    (flags::Identity, flags::Pins, flags::LoginHint),
    (flags::Jobs, flags::Scopes, flags::TokenProperties, flags::RequestedClaims),
    (flags::Store, flags::Locking, flags::Certificates, flags::Recording, flags::Interaction),
);

#[derive(clap::Args)]
#[command(
    after_help = "Reads token caches of MSAL (Python, .NET, the Azure CLI), files of mutt_oauth2.py, oama and ortie, token \
    responses, and the output of `pizauth dump`."
)]
pub(super) struct Args {
    /// The file, or `-` for standard input
    file: String,
    /// List what the file contains, and import nothing
    #[arg(long)]
    list: bool,
    /// Replace the sign-in of an account that is signed in already
    #[arg(long)]
    replace: bool,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let bytes = if args.file == "-" {
        app.piped()?
    } else {
        read_bytes(&mut app.open("the file", &args.file)?)?
    };
    let all = match foreign::pizauth::read(&bytes) {
        Some(dump) => dump,
        None => foreign::read(text_of(bytes).expose()),
    };
    let all = all.map_err(|error| {
        let help = match error {
            ForeignError::NotJson => {
                "decrypt it into a pipe, such as `gpg -d FILE | entrada import -`"
            }
            ForeignError::NewerDump(_) | ForeignError::Dump => {
                "sign in with entrada itself: `entrada login`"
            }
            ForeignError::Nothing => {
                "sign in with the other program first, with `offline_access` among its scopes"
            }
        };
        Failure::usage(format!("nothing to import: {error}")).help(help)
    })?;
    let settings = app.settings(None)?;
    if !args.list {
        app.trace(&settings, "import", &[])?;
    }
    let flags = app.common.layer.clone();
    let mut exit = Exit::Success;
    let progress = Progress::start(app);
    for (index, one) in all.iter().enumerate() {
        let name = one.account.as_deref().unwrap_or("an unknown account");
        let client = one.client_id.as_deref().unwrap_or("an unknown application");
        if args.list {
            writeln!(app.stdout, "{}, client {}", clean(name), clean(client))?;
            continue;
        }
        app.common.layer = flags.clone();
        progress.show(|| format!("importing {} of {}: {name}", index + 1, all.len()));
        let ended = take_over(app, one, args.replace, &progress).unwrap_or_else(|failure| {
            progress.clear();
            app.ui.line(format!("not imported: {name}, client {client}:"));
            failure.report(app.ui)
        });
        exit = if exit == Exit::Success { ended } else { exit };
    }
    Ok(exit)
}

/// Takes over one token; how that ended, where something is stored.
fn take_over(
    app: &mut App<'_, '_>,
    one: &ForeignToken,
    replace: bool,
    progress: &Progress<'_, '_>,
) -> Result<Exit, Failure> {
    fill_in(app, one)?;
    let settings = app.settings(None)?;
    let jobs = settings.jobs()?;
    let jobs = jobs.get(..1).unwrap_or_default();
    let request = app.request(&settings, jobs, app.interaction(&settings))?;
    if request.pins != Pins::default() {
        return Err(Failure::usage(
            "the token's account is known only after the token is used, too late for `--tid` and `--oid`; nothing was sent",
        )
        .help("name the account as the file does: `--account`"));
    }
    let wanted =
        settings.get(|layer| &layer.account).or_else(|| settings.get(|layer| &layer.login_hint));
    is_wanted(wanted.as_deref(), one)?;
    is_of_its_authority(app, &request, one)?;
    app.lint(&settings, &request, jobs.first().copied())?;
    let grants = app.grants(&settings)?;
    if !replace && is_signed_in(&grants, &request, one)? {
        return Err(Failure::usage("the account is signed in here already; nothing was sent")
            .help("import it anyway with `--replace`"));
    }
    let before = next_step::default_before(&settings, &grants)?;
    // The used refresh token is stored, whichever account it belongs to.
    let request = of_anybody(request);
    let mut person = CliPrompt::new(app, &settings);
    let taken = flow::import_refresh_token(app.sys, &grants, &request, one, replace, &mut person);
    let acquired = taken.map_err(|error| {
        let evidence = app.evidence(&settings, &request, jobs.first().copied());
        of_acquire(error, evidence, &app.login_command(&settings))
    })?;
    progress.clear();
    next_step::keep_default(&grants, &acquired, before);
    for warning in grants.take_warnings() {
        app.ui.line(format!("warning: {warning}"));
    }
    if let Some(unsaved) = &acquired.unsaved {
        warn_unsaved(app.ui, unsaved);
    }
    let account = &acquired.account;
    let who = clean(account.label());
    let named = wanted.as_ref().or(one.account.as_ref());
    let other = named.filter(|named| !account.is_identified_by(named));
    if let Some(named) = other {
        let instead = if wanted.is_some() { "not to" } else { "and the file names" };
        app.ui.line(format!("warning: the token belongs to {who}, {instead} {}", clean(named)));
        // The command below is for who it is.
        app.common.layer.account = Some(account.label().to_owned());
    }
    app.ui.line(format!(
        "imported: {who}; `{}`",
        next_step::token_command(app, &settings, &grants, &acquired)
    ));
    Ok(if other.is_some() && wanted.is_some() { Exit::WrongAccount } else { Exit::Success })
}

/// Fills in settings from the file. The application is always the file's: the token was issued to it.
fn fill_in(app: &mut App<'_, '_>, one: &ForeignToken) -> Result<(), Failure> {
    let given = app.settings(None)?;
    let layer = &mut app.common.layer;
    layer.client_id = one.client_id.clone().or(layer.client_id.take());
    let authority = given.get(|layer| &layer.authority);
    let of_entra = authority.is_none() || given.authority().is_ok_and(|own| own.tenant().is_some());
    if of_entra && given.get(|layer| &layer.tenant).is_none() {
        layer.tenant = one.tenant.as_deref().map(|tenant| {
            let personal = tenant.eq_ignore_ascii_case(known::CONSUMERS_TENANT);
            if personal { "consumers".to_owned() } else { tenant.to_owned() }
        });
    }
    if authority.is_none() && given.get(|layer| &layer.cloud).is_none() {
        layer.cloud = one.host.as_deref().and_then(Cloud::of_authority_host);
    }
    let asked =
        given.get(|layer| &layer.scope).is_some() || given.get(|layer| &layer.job).is_some();
    if let Some(scopes) = one.scopes.as_ref().filter(|scopes| !asked && scopes.has_api()) {
        layer.scope = Some(of_one_api(scopes));
    }
    Ok(())
}

/// What may be asked for in one request: `.default` alone where it was asked for, and one API.
fn of_one_api(scopes: &ScopeSet) -> Vec<String> {
    let api = scopes.api();
    if let Some(default) = api.iter().find(|scope| resources::is_default_scope(scope)) {
        return vec![default.to_owned()];
    }
    let of = |scope| resources::of_scope(scope).resource().map(|resource| resource.app_id);
    let first = api.iter().next().map(of);
    api.iter().filter(|scope| Some(of(scope)) == first).map(str::to_owned).collect()
}

/// Whether it is the account that was named.
fn is_wanted(wanted: Option<&str>, one: &ForeignToken) -> Result<(), Failure> {
    let Some(wanted) = wanted else { return Ok(()) };
    match &one.account {
        Some(name) if name.eq_ignore_ascii_case(wanted) => Ok(()),
        Some(_) => {
            Err(Failure::new(Exit::WrongAccount, "it belongs to another account; nothing was sent"))
        }
        None => Err(Failure::new(
            Exit::WrongAccount,
            "the file does not name the token's account, and an account was requested; nothing was sent",
        )),
    }
}

/// Checks that a refresh token is sent only to the authority that issued it.
fn is_of_its_authority(
    app: &App<'_, '_>,
    request: &TokenRequest,
    one: &ForeignToken,
) -> Result<(), Failure> {
    // Said for this very run.
    if app.common.layer.authority.is_some() {
        return Ok(());
    }
    let to = request.authority.base();
    let ours = url::Url::parse(&to).ok();
    let ours = ours.as_ref().and_then(url::Url::host_str).unwrap_or_default();
    let refuse = |whose: &str| {
        Err(Failure::usage(format!(
            "it was issued by {whose}, and would be sent to {to}; nothing was sent"
        ))
        .help("if this is intended, name the authority: `--authority`"))
    };
    if let Some(host) = &one.host {
        let clouds = (Cloud::of_authority_host(host), Cloud::of_authority_host(ours));
        let same = host.eq_ignore_ascii_case(ours) || (clouds.0.is_some() && clouds.0 == clouds.1);
        return if same { Ok(()) } else { refuse(&clean(host)) };
    }
    let microsoft = ["microsoft", "outlook", "office365", "azure", "entra"];
    let entra = matches!(request.authority, Authority::Entra { .. });
    match one.provider.as_deref() {
        Some(name) if microsoft.contains(&name.to_ascii_lowercase().as_str()) != entra => {
            refuse(&clean(name))
        }
        _ => Ok(()),
    }
}

/// Whether an account of that name is signed in with the same application.
fn is_signed_in(
    grants: &Grants,
    request: &TokenRequest,
    one: &ForeignToken,
) -> Result<bool, Failure> {
    let Some(name) = &one.account else { return Ok(false) };
    let tenant = request.authority.tenant().map(ToString::to_string).unwrap_or_default();
    Ok(grants.list()?.iter().any(|entry| {
        entry.authority == request.authority.base()
            && entry.tenant == tenant
            && entry.client_id == request.client_id
            && entry.is_identified_by(name)
    }))
}

fn of_anybody(request: TokenRequest) -> TokenRequest {
    let page = flow::SignInPage { login_hint: None, ..request.page };
    TokenRequest { account: None, page, ..request }
}
