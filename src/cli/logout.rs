//! `entrada logout`.

use std::time::Duration;

use super::app::App;
use super::{Exit, Failure, stored_sign_in};
use crate::config::{Settings, flags};
use entrada_auth::store::{
    AccountEntry, GrantKey, Grants, LockGuard, StoreKind, read_account_list,
};
use entrada_auth::sys::{HttpError, HttpFailure};
use entrada_core::oauth::revocation;
use entrada_core::{clean, shell_quoted};

/// The settings that the command reads.
pub(super) type Flags = (flags::Identity, flags::Locking, flags::Store, flags::Interaction);

#[derive(clap::Args)]
pub(super) struct Args {
    /// The profile to use: its name in the configuration file
    profile: Option<String>,
    /// Remove all accounts of the profile, or of the client that the flags name
    #[arg(long)]
    all: bool,
    /// Remove all accounts in the store, of all clients
    #[arg(long, conflicts_with_all = ["profile", "all"])]
    everything: bool,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = settings(args, app)?;
    let elsewhere = if args.everything { in_other_stores(app, &settings) } else { Vec::new() };
    let listed = app.grants(&settings).and_then(|grants| -> Result<_, Failure> {
        let entries =
            if args.everything { grants.list()? } else { App::selected(&settings, &grants)? };
        Ok((grants, entries))
    });
    let (grants, mut entries) =
        listed.map_err(|failure| failure.helps(elsewhere.iter().cloned()))?;
    let several = args.all || args.everything;
    if !several {
        let signed_in = grants.signed_in(entries.clone());
        if 1 < signed_in.len() {
            let names: Vec<&str> = signed_in.iter().map(AccountEntry::label).collect();
            let message = format!("several accounts are signed in: {}", names.join(", "));
            return Err(
                Failure::usage(message).help("choose one with `--account`, or give `--all`")
            );
        }
        // All are forgotten where only the list names them.
        if !signed_in.is_empty() {
            entries = signed_in;
        }
    }
    for warning in grants.take_warnings() {
        app.ui.line(format!("warning: {warning}"));
    }
    if entries.is_empty() {
        match settings.get(|layer| &layer.account) {
            Some(account) if !args.everything => {
                app.ui.line(format!("nothing to forget: `{account}` is not signed in here"));
            }
            _ => app.ui.line("nothing to forget: no account is signed in here"),
        }
        if !args.everything {
            for other in stored_sign_in::other_sign_ins(app, &settings) {
                app.ui.line(format!("help: {other}"));
            }
        }
        for other in elsewhere {
            app.ui.line(format!("help: {other}"));
        }
        return Ok(Exit::Success);
    }
    if several {
        announce(app, &entries);
    }
    let mut forgotten = Forgotten::default();
    let outcome = entries
        .iter()
        .try_for_each(|entry| forgotten.add(app, &settings, &grants, entry))
        .and(forgotten.unlist(&grants));
    match &forgotten.stale[..] {
        [] => (),
        [label] => app.ui.line(format!("forgot {label}")),
        many => app
            .ui
            .line(format!("forgot {} accounts that only the list of accounts named", many.len())),
    }
    outcome.map_err(|failure| forgotten.so_far(failure, entries.len()))?;
    if !args.everything {
        tell_of_profiles(&stored_sign_in::other_profiles_of(app, &settings, &entries), app);
    }
    grants.drop_stale();
    if several {
        grants.clear_lost_key()?;
    }
    if entries.iter().any(|entry| !entry.tenant.is_empty()) {
        app.ui.line(
            "the tokens themselves stay valid until they expire: Entra has no way to revoke one. A changed password, or \
             `revokeSignInSessions` in Graph, ends the refresh token",
        );
    }
    for other in elsewhere {
        app.ui.line(format!("help: {other}"));
    }
    Ok(Exit::Success)
}

/// Says which other profiles have lost their sign-in.
fn tell_of_profiles(profiles: &[String], app: &App<'_, '_>) {
    let Some(first) = profiles.first() else { return };
    let names: Vec<String> = profiles.iter().map(|name| format!("`{}`", clean(name))).collect();
    let names = names.join(", ");
    let (what, command) = match profiles.len() {
        1 => ("the profile", format!("`entrada login {}`", shell_quoted(first))),
        _ => ("the profiles", "`entrada login NAME` for each".to_owned()),
    };
    app.ui.line(format!("{what} {names} used the same sign-in: to sign in again, {command}"));
}

/// How to remove the sign-ins in the stores that `settings` do not name. No store is opened.
fn in_other_stores(app: &App<'_, '_>, settings: &Settings) -> Vec<String> {
    let own = settings.get(|layer| &layer.store).unwrap_or_default();
    let Ok(paths) = app.paths() else { return Vec::new() };
    let entries = read_account_list(&paths.state);
    let stores = [StoreKind::Keyring, StoreKind::File, StoreKind::Keyutils];
    let others = stores.into_iter().filter(|kind| *kind != own);
    let in_use = others.filter(|kind| entries.iter().any(|entry| entry.store == *kind));
    in_use
        .map(|kind| {
            let name: &str = kind.into();
            let key = if kind == StoreKind::File { " --store-key-file FILE" } else { "" };
            format!(
                "other sign-ins are in the store `{name}`: `entrada logout --everything --store {name}{key}`"
            )
        })
        .collect()
}

/// The settings that name what is removed.
fn settings(args: &Args, app: &App<'_, '_>) -> Result<Settings, Failure> {
    if args.everything {
        return app.settings(None);
    }
    let settings = app.settings_of_sign_in(args.profile.as_deref());
    let everything = "for all of them: `entrada logout --everything`";
    settings.map_err(|failure| if args.all { failure.help(everything) } else { failure })
}

/// The most accounts that are named before they are removed.
const NAMED_MAX: usize = 20;

/// Says whose sign-ins are removed, before the first is.
fn announce(app: &App<'_, '_>, entries: &[AccountEntry]) {
    let mut names: Vec<String> = entries
        .iter()
        .map(|entry| format!("{} (client {})", entry.label(), entry.client_id))
        .collect();
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    let count = entries.len();
    let what = if count == 1 { "sign-in" } else { "sign-ins" };
    app.ui.line(format!("removing {count} {what}: {}{more}", names.join(", ")));
}

/// Entries that the list of accounts is rid of in one go: to write it takes longer than to remove a grant. No more, because a
/// descriptor is open for the lock of each.
const BATCH: usize = 128;

/// The accounts that this run has forgotten so far.
#[derive(Default)]
struct Forgotten {
    count: usize,
    /// The names of those of whom the store had nothing.
    stale: Vec<String>,
    /// Those that the list still names. They stay locked until then: a sign-in that is stored meanwhile must not be taken off
    /// the list.
    listed: Vec<(LockGuard, GrantKey)>,
    /// The authorities that could not be reached, and why.
    unreachable: Vec<(String, String)>,
}

/// What became of a refresh token at its authority.
enum Revocation {
    /// Nothing: the authority has no revocation endpoint, or there is no refresh token.
    Unsupported,
    Done,
    Failed(String),
}

impl Forgotten {
    /// Forgets what the store has of `entry`.
    fn add(
        &mut self,
        app: &App<'_, '_>,
        settings: &Settings,
        grants: &Grants,
        entry: &AccountEntry,
    ) -> Result<(), Failure> {
        let key = entry.key();
        // A process that refreshes the grant meanwhile would save it again.
        let lock = match grants.lock(&key, Duration::ZERO, &mut |_| false) {
            Ok(lock) => lock,
            Err(_) => {
                self.unlist(grants)?;
                wait_for(app, settings, grants, &key)?
            }
        };
        let revocation = self.revoke(app, grants, &key)?;
        let was_stored = grants.remove_stored(&key)?;
        // The authority's last answer may name the user.
        lock.clear_note();
        self.count += 1;
        self.listed.push((lock, key));
        if was_stored {
            let label = entry.label();
            match revocation {
                Revocation::Unsupported => app.ui.line(format!("forgot {label}")),
                Revocation::Done => {
                    app.ui.line(format!("forgot {label}; its refresh token is revoked"));
                }
                Revocation::Failed(why) => {
                    app.ui.line(format!("forgot {label}"));
                    app.ui.line(format!("warning: the refresh token of {label} was not revoked, and stays valid: {why}"));
                }
            }
        } else {
            self.stale.push(entry.label().to_owned());
        }
        if self.listed.len() < BATCH { Ok(()) } else { self.unlist(grants) }
    }

    /// Has the authority revoke the refresh token under `key`, if it can (RFC 7009). What fails there keeps no sign-in from
    /// being forgotten, and an authority that cannot be reached is not asked again.
    fn revoke(
        &mut self,
        app: &App<'_, '_>,
        grants: &Grants,
        key: &GrantKey,
    ) -> Result<Revocation, Failure> {
        // A damaged grant is forgotten like any other.
        let Ok(Some(grant)) = grants.load(key) else { return Ok(Revocation::Unsupported) };
        let endpoint = grant.endpoints.as_ref().and_then(|endpoints| endpoints.revocation.as_ref());
        let (Some(endpoint), Some(token)) = (endpoint, &grant.refresh_token) else {
            return Ok(Revocation::Unsupported);
        };
        if let Some((_, why)) = self.unreachable.iter().find(|(host, _)| *host == key.authority) {
            return Ok(Revocation::Failed(why.clone()));
        }
        match app.sys.http.send(revocation::request(endpoint, &key.client_id, token)) {
            Ok(response) => Ok(match revocation::parse(&response) {
                Ok(()) => Revocation::Done,
                Err(error) => Revocation::Failed(error.to_string()),
            }),
            Err(HttpError { failure: HttpFailure::Interrupted(interrupted), .. }) => {
                Err(interrupted.into())
            }
            Err(error) => {
                self.unreachable.push((key.authority.clone(), error.to_string()));
                Ok(Revocation::Failed(error.to_string()))
            }
        }
    }

    /// Removes the forgotten accounts from the list, and releases their locks.
    fn unlist(&mut self, grants: &Grants) -> Result<(), Failure> {
        let (locks, keys): (Vec<_>, Vec<_>) = std::mem::take(&mut self.listed).into_iter().unzip();
        if !keys.is_empty() {
            grants.remove_from_list(&keys)?;
        }
        drop(locks);
        Ok(())
    }

    /// `failure`, and how far the run came.
    fn so_far(&self, mut failure: Failure, all: usize) -> Failure {
        if self.count == 0 {
            return failure;
        }
        if matches!(failure.exit, Exit::Interrupted | Exit::Terminated | Exit::HungUp) {
            "interrupted".clone_into(&mut failure.message);
        }
        failure.help(format!(
            "{} of {all} accounts were forgotten; run it again for the others",
            self.count
        ))
    }
}

/// The lock on the grant under `key`, which another process has.
fn wait_for(
    app: &App<'_, '_>,
    settings: &Settings,
    grants: &Grants,
    key: &GrantKey,
) -> Result<LockGuard, Failure> {
    let mut interrupted = None;
    let lock = grants.lock(key, settings.lock_wait(), &mut |pause: Duration| {
        interrupted = app.sys.clock.sleep(pause).err();
        interrupted.is_none()
    });
    if let Some(interrupted) = interrupted {
        return Err(interrupted.into());
    }
    Ok(lock?)
}

#[cfg(feature = "emulator")]
#[cfg(test)]
pub(super) mod tests;
