//! What is on this machine.

use std::io;
use std::path::Path;

use super::super::app::App;
use super::super::{local_authority, platform, stored_sign_in};
use super::CheckLine;
use crate::config::Settings;
use entrada_auth::store::{Grants, StoreError, StoreErrorKind, StoreKind, StoredKeys};
use entrada_auth::sys::{HostKind, Stream, TextVariable, check_path};

/// Bytes of a grant with large tokens.
const GRANT: usize = 4_096;

/// Whether the folders can be written, and by this user alone.
pub(super) fn folders(app: &App<'_, '_>) -> CheckLine {
    let paths = match app.paths() {
        Ok(paths) => paths,
        Err(failure) => return CheckLine::of("folders", &failure),
    };
    for folder in [&paths.state, &paths.data] {
        if let Err(error) = writable(folder) {
            return CheckLine::bad(
                "folders",
                format!("{} cannot be written: {error}", folder.display()),
            )
            .help(platform::SET_FOLDERS);
        }
        if let Err(error) = check_path(folder) {
            return CheckLine::bad(
                "folders",
                format!("another user could replace {}: {error}", folder.display()),
            );
        }
    }
    CheckLine::fine("folders", format!("{} can be written", paths.state.display()))
}

/// Whether a file can be made in `folder`, or in the first folder above it that is there. Leaves nothing behind.
fn writable(folder: &Path) -> io::Result<()> {
    let there = folder.ancestors().find(|one| one.exists()).unwrap_or(folder);
    tempfile::tempfile_in(there).map(drop)
}

/// Whether the store can save a grant and load it again.
pub(super) fn store(app: &App<'_, '_>, settings: &Settings) -> CheckLine {
    let grants = match app.grants(settings) {
        Ok(grants) => grants,
        Err(failure) => return CheckLine::of("store", &failure),
    };
    if grants.kind() == StoreKind::Memory {
        return CheckLine::note("store", "in memory: sign-ins are lost when the command ends")
            .help("`--store keyring` keeps sign-ins");
    }
    // A wrong key writes and reads its own items, so one that is there is opened first.
    let key = grants.check_key();
    let tested =
        key.and_then(|()| unfinished_rekey(app, &grants)).and_then(|()| grants.test_write(GRANT));
    match tested {
        Ok(()) if app.asks_for_passphrase(settings) => CheckLine::note(
            "store",
            format!("{}: they work, and ask a person for the passphrase at each command: not for scripts", grants.describe()),
        )
        .help(format!("for scripts, give the store a key file: {}", app.rekey_command(settings))),
        Ok(()) => CheckLine::fine(
            "store",
            format!("{}: {GRANT} bytes were stored and read back", grants.describe()),
        ),
        Err(error) => {
            let locked = matches!(error.reason, StoreErrorKind::Locked | StoreErrorKind::Dismissed);
            let failure = super::super::Failure::from(error);
            let line = CheckLine::of("store", &failure);
            // With a user at the terminal, the keyring asks to be unlocked.
            if locked && line.help.is_empty() {
                return line
                    .help("unlock the keyring: sign in to the desktop, or open its program");
            }
            line
        }
    }
}

/// An error if a change of the key has begun and not ended.
fn unfinished_rekey(app: &App<'_, '_>, grants: &Grants) -> Result<(), StoreError> {
    let Ok(paths) = app.paths() else { return Ok(()) };
    if grants.kind() != StoreKind::File || !StoredKeys::of(&paths.data)?.is_unfinished {
        return Ok(());
    }
    Err(StoreError {
        kind: StoreKind::File,
        action: "prove that it can be written",
        reason: StoreErrorKind::RekeyUnfinished("an earlier run was interrupted".to_owned()),
        source: None,
    })
}

/// Who is signed in, and whether an authority on this machine that is `reachable` signed the newest token.
pub(super) fn sign_in(app: &App<'_, '_>, settings: &Settings, reachable: bool) -> CheckLine {
    let keys = || reachable.then(|| local_authority::published_keys(app, settings)).flatten();
    let found = app.grants(settings).and_then(|grants| {
        let entries = App::selected(settings, &grants)?;
        let loaded: Vec<_> =
            entries.iter().map(|entry| (entry, grants.load(&entry.key()))).collect();
        let newest = loaded.iter().filter_map(|(entry, grant)| {
            let grant = grant.as_ref().ok()?.as_ref()?;
            Some((entry, &grant.access_tokens.first()?.access_token))
        });
        let newest: Vec<_> = newest.collect();
        let keys = if newest.is_empty() { None } else { keys() };
        let other = keys.and_then(|keys| {
            newest.iter().find(|(_, token)| local_authority::is_of_other_keys(token, &keys))
        });
        let other = other.map(|(entry, _)| entry.label().to_owned());
        let unreadable = loaded.into_iter().find_map(|(_, grant)| grant.err());
        let others = stored_sign_in::other_sign_ins(app, settings);
        Ok((entries, unreadable, other, others))
    });
    let found = match found {
        Ok((_, None, Some(label), _)) => {
            return CheckLine::bad(
                "sign-in",
                format!(
                    "{label}: the authority has no key that signed the token: it is of an earlier run of the emulator, or of another \
                     authority"
                ),
            )
            .help(format!("sign in again: {}", app.login_command(settings)));
        }
        Ok((_, Some(error), ..))
            if matches!(
                error.reason,
                StoreErrorKind::Corrupt(_)
                    | StoreErrorKind::WrongKey(_)
                    | StoreErrorKind::WrongKeyKind { .. }
                    | StoreErrorKind::RekeyUnfinished(_)
                    | StoreErrorKind::Denied(_)
            ) =>
        {
            return CheckLine::of("sign-in", &super::super::Failure::from(error));
        }
        found => found.map(|(entries, _, _, others)| (entries, others)),
    };
    match found {
        // Errors in the settings or the store have their own lines.
        Err(_) => CheckLine::note("sign-in", "not known"),
        Ok((entries, others)) if entries.is_empty() => {
            let line = CheckLine::note("sign-in", "no account is signed in with these settings");
            let line = others.into_iter().fold(line, CheckLine::help);
            line.help(format!("sign in: {}", app.login_command(settings)))
        }
        Ok((entries, _)) => {
            let names: Vec<&str> =
                entries.iter().map(entrada_auth::store::AccountEntry::label).collect();
            CheckLine::fine("sign-in", names.join(", "))
        }
    }
}

/// The browser in which a sign-in page would open.
pub(super) fn browser(app: &App<'_, '_>) -> CheckLine {
    let env = app.sys.env;
    let place = app.sys.browser.host_kind(env);
    let by_code = "a sign-in shows a code for a browser elsewhere";
    let line = |found: String| {
        if place.has_browser(env) {
            CheckLine::fine("browser", found)
        } else {
            CheckLine::note("browser", found)
        }
    };
    if let Some(browser) = env.get(TextVariable::Browser) {
        return line(format!("`{browser}`, by the variable BROWSER"));
    }
    line(match place {
        HostKind::Desktop => "the desktop's default browser".to_owned(),
        HostKind::Wsl => "the default browser of Windows".to_owned(),
        HostKind::Remote => format!("none: this is an SSH session, so {by_code}"),
        HostKind::Container => format!("none: this is a container, so {by_code}"),
        HostKind::Headless => format!("none: there is no display, so {by_code}"),
    })
}

/// Whether a browser can be redirected to this program.
pub(super) fn loopback(app: &App<'_, '_>) -> CheckLine {
    match app.sys.loopback.listen(&[]) {
        Ok(listener) => {
            let port = listener.port();
            listener.close(std::time::Duration::ZERO);
            CheckLine::fine(
                "loopback",
                format!("the browser can return to http://localhost:{port}"),
            )
        }
        Err(error) => CheckLine::bad("loopback", format!("cannot listen on 127.0.0.1: {error}"))
            .help("sign in by code instead: `entrada login --flow device`"),
    }
}

/// Whether the user can be asked.
pub(super) fn terminal(app: &App<'_, '_>) -> CheckLine {
    let stdin = app.sys.terminal.is_terminal(Stream::Stdin);
    if app.sys.env.is_ci() {
        CheckLine::note("terminal", "the variable CI is set: entrada asks no questions")
    } else if stdin && app.ui.to_terminal {
        CheckLine::fine("terminal", "a user can answer questions")
    } else {
        CheckLine::note(
            "terminal",
            "none: no questions are asked, and commands end with 3 if a sign-in is needed",
        )
    }
}
