//! Sign-ins at an authority on this machine, such as `entrada emulator`, whose tokens Microsoft's services refuse.

use url::Url;

use crate::config::Settings;
use entrada_core::is_loopback;

/// The address of the authority, if it is on this machine.
pub(super) fn local_authority(settings: &Settings) -> Option<String> {
    let base = settings.authority().ok()?.base();
    Url::parse(&base).is_ok_and(|url| is_loopback(&url)).then_some(base)
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
