//! Sign-ins at an authority on this machine, such as `entrada emulator`, whose tokens Microsoft's services refuse.

use url::Url;

use super::app::App;
use crate::config::Settings;
use entrada_core::oauth::{discovery, id_token};
use entrada_core::{Jwt, Secret, is_loopback};

/// The address of the authority, if it is on this machine.
pub(super) fn local_authority(settings: &Settings) -> Option<String> {
    let base = settings.authority().ok()?.base();
    Url::parse(&base).is_ok_and(|url| is_loopback(&url)).then_some(base)
}

/// Whether `server`, as `--server` has it, is this machine.
pub(super) fn is_on_this_machine(server: &str) -> bool {
    let url = if server.contains("://") { server.to_owned() } else { format!("https://{server}") };
    Url::parse(&url).is_ok_and(|url| is_loopback(&url))
}

/// The ids of the keys that the authority publishes, if it is on this machine and answers. An emulator has a new key in each run.
pub(super) fn published_keys(app: &App<'_, '_>, settings: &Settings) -> Option<Vec<String>> {
    local_authority(settings)?;
    let authority = settings.authority().ok()?;
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
