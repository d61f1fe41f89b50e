//! Sign-ins at an authority on this machine, such as `entrada emulator`, whose tokens Microsoft's services refuse.

use url::Url;

use super::app::App;
use super::{Exit, Failure};
use crate::config::Settings;
use entrada_auth::flow::{AcquireError, Acquired};
use entrada_auth::store::Grants;
use entrada_core::oauth::{discovery, id_token};
use entrada_core::{Jwt, Secret, is_loopback};

/// The client id of the documents. In the emulator it selects no scenario, so that it gets the one of `--scenario`.
pub(super) const CLIENT_ID: &str = "11111111-1111-1111-1111-111111111111";

/// The address of the authority, if it is on this machine.
pub(super) fn local_authority(settings: &Settings) -> Option<String> {
    let base = settings.authority().ok()?.base();
    Url::parse(&base).is_ok_and(|url| is_loopback(&url)).then_some(base)
}

/// Whether `server`, as `--server` has it, is this machine.
pub(super) fn is_on_this_machine(server: &str) -> bool {
    // The host of an address with a scheme of mail is no IP address for the parser.
    let host = server.split_once("://").map_or(server, |(_, host)| host);
    Url::parse(&format!("https://{host}")).is_ok_and(|url| is_loopback(&url))
}

/// The ids of the keys that the authority publishes, if it is on this machine and answers. An emulator has a new key in each run.
pub(super) fn published_keys(app: &App<'_, '_>, settings: &Settings) -> Option<Vec<String>> {
    local_authority(settings)?;
    let (authority, _) = app.limited(settings).ok()?;
    let response = app.sys.http.send(discovery::request(&authority)).ok()?;
    let endpoints = discovery::parse(&authority, &response, None).ok()?.ok()?;
    let url = endpoints.keys.filter(is_loopback)?;
    let response = app.sys.http.send(id_token::keys_request(&url)).ok()?;
    let keys = id_token::parse_keys(&response).ok()?.ok()?;
    Some(keys.ids().map(str::to_owned).collect())
}

/// Whether `token` names a key as its signer that is not one of `keys`.
pub(super) fn is_of_other_keys(token: &Secret, keys: &[String]) -> bool {
    let jwt = Jwt::decode_unverified(token.expose()).ok();
    let kid = jwt.as_ref().and_then(|jwt| jwt.header.text("kid"));
    kid.is_some_and(|kid| !keys.iter().any(|key| key == kid))
}

/// The failure of a refresh that an authority on this machine refused because it is a later run of the emulator than the one that
/// issued the stored sign-in. `None` without the proof: a stored token was signed with a key that the authority does not publish.
pub(super) fn restarted(
    app: &App<'_, '_>,
    settings: &Settings,
    grants: &Grants,
    error: &AcquireError,
) -> Option<Failure> {
    let AcquireError::SignInNeeded { refusal: Some(_), .. } = error else { return None };
    let keys = published_keys(app, settings)?;
    let entries = App::selected(settings, grants).ok()?;
    let stored = entries.iter().filter_map(|entry| grants.load(&entry.key()).ok().flatten());
    let mut tokens = stored.flat_map(|grant| grant.access_tokens);
    if !tokens.any(|token| is_of_other_keys(&token.access_token, &keys)) {
        return None;
    }
    let base = local_authority(settings)?;
    let failure = Failure::new(
        Exit::SignInNeeded,
        format!(
            "sign-in needed: the emulator at {} was restarted, and its sign-ins ended with the earlier run",
            base.trim_end_matches('/')
        ),
    );
    Some(failure.help(format!("sign in: {}", app.login_command(settings))))
}

/// Warns that the stored token `acquired` is of an earlier run of the emulator that is the authority: its services refuse it.
pub(super) fn of_earlier_run(
    app: &App<'_, '_>,
    settings: &Settings,
    acquired: &Acquired,
) -> Option<String> {
    let base = local_authority(settings)?;
    let keys = published_keys(app, settings)?;
    is_of_other_keys(&acquired.token.access_token, &keys).then(|| {
        format!(
            "warning: the emulator at {} was restarted: this stored token is of the earlier run, and its services refuse it; sign in \
             again: {}",
            base.trim_end_matches('/'),
            app.login_command(settings)
        )
    })
}

/// Warns that `server`, which no flag named, takes no token of the local authority. `flag` names another server.
pub(super) fn warning(settings: &Settings, server: &str, flag: &str) -> Option<String> {
    let base = local_authority(settings)?;
    Some(format!(
        "warning: the tokens are those of {}, on this machine, and {server} refuses them: name the server that accepts them with \
         `{flag} HOST:PORT`; `entrada emulator --imap 0 --smtp 0` has such servers, for which `--security none` is needed unless \
         it has `--tls`",
        base.trim_end_matches('/')
    ))
}
