//! What follows a sign-in: which account the next run uses, and the command for it.

use super::Failure;
use super::app::App;
use super::stored_sign_in::{self, Application};
use crate::config::{Layer, Origin, Settings};
use entrada_auth::flow::{Acquired, Pins, Source};
use entrada_auth::store::{AccountEntry, Grants, StoreKind};
use entrada_core::shell_quoted;

/// The words of a command with the profile, if there is one.
fn with_profile(command: &str, settings: &Settings) -> String {
    let profile = settings.profile.as_deref().map(shell_quoted);
    profile.map_or_else(|| command.to_owned(), |profile| format!("{command} {profile}"))
}

/// The application of `settings`, and the id of its only account.
pub(super) type DefaultBefore = Option<(Application, String)>;

/// Before a sign-in: the account that a request without an account gets, because no other is signed in.
pub(super) fn default_before(
    settings: &Settings,
    grants: &Grants,
) -> Result<DefaultBefore, Failure> {
    let application = Application::of(settings)?;
    let account = grants.only_account(&application.query());
    Ok(account.map(|account| (application, account)))
}

/// After a sign-in: the account that was signed in alone `before` stays the default of the application.
pub(super) fn keep_default(grants: &Grants, acquired: &Acquired, before: DefaultBefore) {
    let Some((application, account)) = before else { return };
    let is_new = acquired.source == Source::SignIn && acquired.unsaved.is_none();
    if is_new && account != acquired.account.id {
        grants.keep_default_account(&application.query(), account);
    }
}

/// Where several accounts are signed in for the same application: says which of them a run without `--account` uses.
pub(super) fn tell_of_default(
    app: &App<'_, '_>,
    settings: &Settings,
    grants: &Grants,
    acquired: &Acquired,
) {
    let names_user = settings.get(|layer| &layer.account).is_some()
        || settings.get(|layer| &layer.login_hint).is_some()
        || settings.pins() != Pins::default();
    if names_user || acquired.unsaved.is_some() || grants.kind() == StoreKind::Memory {
        return;
    }
    let Ok(entries) = App::selected(settings, grants) else { return };
    let entries = grants.signed_in(entries);
    if entries.len() < 2 {
        return;
    }
    let (token, used) =
        (with_profile("entrada token", settings), grants.narrow_to_default(entries.clone()));
    let choose = |account: &str| {
        with_profile(&format!("entrada accounts use {}", shell_quoted(account)), settings)
    };
    match &used[..] {
        [one] if one.account == acquired.account.id => (),
        [one] => {
            let label = acquired.account.label();
            app.ui.line(format!(
                "`{token}` still uses {}: for {label} add `--account {}`, or choose it for every run: `{}`",
                one.label(),
                shell_quoted(label),
                choose(label)
            ));
        }
        _ => {
            let names: Vec<&str> = entries.iter().map(AccountEntry::label).collect();
            app.ui.line(format!(
                "several accounts are signed in: {}; choose the one that `{token}` uses: `{}`",
                names.join(", "),
                choose(acquired.account.label())
            ));
        }
    }
}

/// The command that prints the token of the sign-in `acquired` with `settings`, in as few words as select it.
pub(super) fn token_command(
    app: &App<'_, '_>,
    settings: &Settings,
    grants: &Grants,
    acquired: &Acquired,
) -> String {
    let account = account_to_name(settings, grants, acquired);
    let mut layer = app.common.layer.clone();
    layer.account = layer.account.or(account);
    if settings.profile.is_none() && is_found_alone(app, settings, layer.account.as_ref()) {
        layer = Layer {
            tenant: None,
            client_id: None,
            authority: None,
            cloud: None,
            job: None,
            scope: None,
            ..layer
        };
    }
    let words = [
        with_profile("entrada token", settings),
        App::selectors_in(&layer),
        App::wanted_in(&layer),
    ];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The account that has just signed in, if a run without an account uses another one.
fn account_to_name(settings: &Settings, grants: &Grants, acquired: &Acquired) -> Option<String> {
    if settings.get(|layer| &layer.account).is_some() {
        return None;
    }
    let entries = App::selected(settings, grants).ok()?;
    let used = grants.narrow_to_default(grants.signed_in(entries));
    match &used[..] {
        [one] if one.account == acquired.account.id => None,
        _ => Some(acquired.account.label().to_owned()),
    }
}

/// Whether a run that names neither a client nor a profile, but `account`, finds the sign-in of `settings`.
fn is_found_alone(app: &App<'_, '_>, settings: &Settings, account: Option<&String>) -> bool {
    let origin = settings.origin(|layer| &layer.client_id);
    if !matches!(origin, Some(Origin::Flag | Origin::Stored)) {
        return false;
    }
    let store = app.common.layer.store;
    let bare = Layer { store, account: account.cloned(), ..Layer::default() };
    let bare = app
        .config_file()
        .and_then(|(_, file)| Ok(Settings::resolve(&file, None, app.sys.env, bare)?))
        .and_then(|bare| stored_sign_in::complete(app, bare));
    let same = |bare: &Settings| {
        Some(
            Application::of(bare).ok()? == Application::of(settings).ok()?
                && bare.jobs().ok()? == settings.jobs().ok()?
                && bare.scopes().ok()? == settings.scopes().ok()?,
        )
    };
    bare.ok().and_then(|bare| same(&bare)).unwrap_or(false)
}
