//! `entrada import`.

use super::app::App;
use super::failure::of_acquire;
use super::login::warn_unsaved;
use super::prompt::Person;
use super::{Exit, Failure};
use crate::entra::clouds::Cloud;
use crate::entra::known;
use crate::flow;
use crate::model::{clean, shell_quoted};
use crate::store::foreign::{self, Foreign};

/// Take over refresh tokens of other programs
///
/// It reads caches of MSAL's (Python, .NET, the Azure CLI), files of mutt_oauth2.py, oama and ortie, and token responses.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The file, or `-` for standard input
    file: String,
    /// Only tell what is in it
    #[arg(long)]
    list: bool,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    if args.file != "-" && !std::path::Path::new(&args.file).exists() {
        return Err(Failure::usage(format!("there is no file `{}`", clean(&args.file))));
    }
    let text = app.input(Some(&args.file))?;
    let all = foreign::read(text.expose()).map_err(|error| {
        Failure::usage(format!("nothing to take over: {error}"))
            .help("decrypt it into a pipe, such as `gpg -d FILE | entrada import -`")
    })?;
    let flags = app.common.layer.clone();
    let mut exit = Exit::Success;
    for one in &all {
        let name = one.account.as_deref().unwrap_or("somebody");
        let client = one.client_id.as_deref().unwrap_or("an application that is not told");
        if args.list {
            app.talk.line(format!("{name}, client {client}"));
            continue;
        }
        app.common.layer = flags.clone();
        if let Err(failure) = take_over(app, one) {
            app.talk.line(format!("not taken over: {name}, client {client}:"));
            let failed = failure.report(app.talk);
            exit = if exit == Exit::Success { failed } else { exit };
        }
    }
    Ok(exit)
}

fn take_over(app: &mut App<'_, '_>, one: &Foreign) -> Result<(), Failure> {
    fill_in(app, one)?;
    let settings = app.settings(None)?;
    let jobs = settings.jobs()?;
    let jobs = jobs.get(..1).unwrap_or_default();
    app.trace(&settings, "import", jobs)?;
    let request = app.request(&settings, jobs, app.interaction(&settings))?;
    let grants = app.grants(&settings)?;
    let mut person = Person::new(app, &settings);
    let taken = flow::take_over(app.sys, &grants, &request, &one.refresh_token, &mut person);
    let acquired = taken.map_err(|error| {
        let evidence = app.evidence(&settings, &request, jobs.first().copied());
        of_acquire(error, evidence, &app.login_command(&settings))
    })?;
    if let Some(unsaved) = &acquired.unsaved {
        warn_unsaved(app.talk, unsaved);
    }
    let tenant = request.authority.tenant().map(ToString::to_string).unwrap_or_default();
    app.talk.line(format!(
        "taken over: {}; `entrada token --tenant {} --client-id {}`",
        clean(acquired.account.label()),
        shell_quoted(&tenant),
        shell_quoted(&request.client_id),
    ));
    Ok(())
}

/// What the file tells and nobody else does. The application is always the file's: the token was issued to it.
fn fill_in(app: &mut App<'_, '_>, one: &Foreign) -> Result<(), Failure> {
    let given = app.settings(None)?;
    let layer = &mut app.common.layer;
    layer.client_id = one.client_id.clone().or(layer.client_id.take());
    if given.get(|layer| &layer.tenant).is_none() {
        layer.tenant = one.tenant.as_deref().map(|tenant| {
            let personal = tenant.eq_ignore_ascii_case(known::CONSUMERS_TENANT);
            if personal { "consumers".to_owned() } else { tenant.to_owned() }
        });
    }
    if given.get(|layer| &layer.authority).is_none() && given.get(|layer| &layer.cloud).is_none() {
        layer.cloud = one.host.as_deref().and_then(Cloud::of_authority_host);
    }
    let asked =
        given.get(|layer| &layer.scope).is_some() || given.get(|layer| &layer.job).is_some();
    if let Some(scopes) = one.scopes.as_ref().filter(|scopes| !asked && scopes.has_api()) {
        layer.scope = Some(scopes.api().iter().map(str::to_owned).collect());
    }
    Ok(())
}
