//! `entrada logout`.

use std::time::Duration;

use super::app::App;
use super::{Exit, Failure};
use crate::config::{Settings, flags};
use entrada_auth::store::{Entry, GrantKey, Grants, LockGuard};

/// The settings that the command reads.
pub(super) type Flags = (flags::Identity, flags::Locking, flags::Store, flags::Interaction);

#[derive(clap::Args)]
pub(super) struct Args {
    /// A profile of the configuration file
    profile: Option<String>,
    /// Remove all accounts in the store
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings(args.profile.as_deref())?;
    let grants = app.grants(&settings)?;
    let entries = if args.all { grants.list()? } else { App::selected(&settings, &grants)? };
    for warning in grants.take_warnings() {
        app.ui.line(format!("warning: {warning}"));
    }
    if !args.all && 1 < entries.len() {
        let names: Vec<&str> = entries.iter().map(Entry::label).collect();
        let message = format!("several accounts are signed in: {}", names.join(", "));
        return Err(Failure::usage(message).help("say which with `--account`, or `--all`"));
    }
    if entries.is_empty() {
        match settings.get(|layer| &layer.account) {
            Some(account) if !args.all => {
                app.ui.line(format!("nothing to forget: `{account}` is not signed in here"));
            }
            _ => app.ui.line("nothing to forget: nobody is signed in here"),
        }
        return Ok(Exit::Success);
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
    if args.all {
        grants.clear_lost_key()?;
    }
    if entries.iter().any(|entry| !entry.tenant.is_empty()) {
        app.ui.line(
            "the tokens themselves stay valid until they end: Entra has no way to revoke one. A changed password, or \
             `revokeSignInSessions` in Graph, ends the refresh token",
        );
    }
    Ok(Exit::Success)
}

/// Entries that the list of accounts is rid of in one go: to write it takes longer than to remove a grant. No more, because a
/// descriptor is open for the lock of each.
const BATCH: usize = 128;

/// What a run has forgotten so far.
#[derive(Default)]
struct Forgotten {
    count: usize,
    /// The names of those of whom the store had nothing.
    stale: Vec<String>,
    /// Those that the list still names. They stay locked until then: a sign-in that is stored meanwhile must not be taken off
    /// the list.
    listed: Vec<(LockGuard, GrantKey)>,
}

impl Forgotten {
    /// Forgets what the store has of `entry`.
    fn add(
        &mut self,
        app: &App<'_, '_>,
        settings: &Settings,
        grants: &Grants,
        entry: &Entry,
    ) -> Result<(), Failure> {
        let key = entry.key();
        // Whoever refreshes the grant meanwhile would save it again.
        let lock = match grants.lock(&key, Duration::ZERO, &mut |_| false) {
            Ok(lock) => lock,
            Err(_) => {
                self.unlist(grants)?;
                wait_for(app, settings, grants, &key)?
            }
        };
        let was_stored = grants.remove_stored(&key)?;
        // What the authority said last may name the user.
        lock.clear_note();
        self.count += 1;
        self.listed.push((lock, key));
        if was_stored {
            app.ui.line(format!("forgot {}", entry.label()));
        } else {
            self.stale.push(entry.label().to_owned());
        }
        if self.listed.len() < BATCH { Ok(()) } else { self.unlist(grants) }
    }

    /// Takes those that are gone off the list, and lets go of their locks.
    fn unlist(&mut self, grants: &Grants) -> Result<(), Failure> {
        let (locks, keys): (Vec<_>, Vec<_>) = std::mem::take(&mut self.listed).into_iter().unzip();
        if !keys.is_empty() {
            grants.unlist(&keys)?;
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
pub(super) mod tests {
    use std::io;
    use std::path::Path;

    use url::Url;

    use super::*;
    use crate::cli::{self, Console};
    use crate::in_process::{InProcess, Stopwatch};
    use entrada_auth::store::{self, Interaction, Key, StoreKind};
    use entrada_auth::sys::testing::Nothing;
    use entrada_auth::sys::{Env, Sys};
    use entrada_core::{NumericDate, Secret};
    use entrada_emulator::{Emulator, Options, Scenario};

    const BASE: &str = "http://localhost:8400";

    /// How `entrada args…` ends in `home` with the file store under a key of these digits; what it says on stdout, and
    /// on stderr.
    pub(in crate::cli) fn run_in(
        home: &Path,
        digits: &str,
        args: &[&str],
    ) -> (Exit, String, String) {
        let scenario = Scenario::find("auto-approve").unwrap();
        let options =
            Options { scenario, seed: Some(1), ..Options::new(Url::parse(BASE).unwrap()) };
        let emulator = Emulator::new(options);
        let clock = Stopwatch::at(NumericDate(1_700_000_000));
        let env: Env = [
            ("HOME", home.to_str().unwrap()),
            ("ENTRADA_AUTHORITY", BASE),
            ("ENTRADA_TENANT", "organizations"),
            ("ENTRADA_CLIENT_ID", scenario.client_id),
            ("ENTRADA_STORE", "file"),
            ("ENTRADA_STORE_KEY", &digits.repeat(32)),
        ]
        .map(|(name, value)| (name.to_owned(), value.into()))
        .into_iter()
        .collect();
        let http = InProcess { emulator: &emulator, clock: &clock };
        let sys = Sys {
            clock: &clock,
            http: &http,
            dial: &http,
            env: &env,
            terminal: &Nothing,
            browser: &Nothing,
            loopback: &Nothing,
            entropy: &Nothing,
            programs: &Nothing,
        };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let exit = cli::run(
            std::iter::once("entrada").chain(args.iter().copied()).map(Into::into),
            &sys,
            Console { stdin: &mut io::empty(), stdout: &mut stdout, stderr: &mut stderr },
        );
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (exit, text(stdout), text(stderr))
    }

    /// The store that [`run_in`] uses.
    pub(in crate::cli) fn grants_in(home: &Path, digits: &str) -> Grants {
        store::open(store::Options {
            kind: StoreKind::File,
            state_dir: home.join(".local/state/entrada"),
            data_dir: home.join(".local/share/entrada"),
            key: Some(Key::Raw(Secret::new(digits.repeat(32)))),
            session: store::Session::default(),
            bus: None,
            service: "entrada".to_owned(),
            interaction: Interaction::Forbidden,
            limits: store::Limits::default(),
            notice: Box::new(|_| ()),
            asked_to_end: || None,
        })
        .unwrap()
    }

    /// Puts a damaged grant beside those of `grants`.
    pub(in crate::cli) fn damage_beside(home: &Path, grants: &Grants) -> GrantKey {
        let key = grants.list().unwrap()[0].key();
        let other = GrantKey { account: "somebody.else".to_owned(), ..key.clone() };
        let grant = grants.load(&key).unwrap().unwrap();
        grants.save(&other, &grant, NumericDate(0)).unwrap();
        for file in std::fs::read_dir(home.join(".local/share/entrada/grants")).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let mut bytes = std::fs::read(&path).unwrap();
            let name = other.to_string();
            if bytes.windows(name.len()).any(|window| window == name.as_bytes()) {
                *bytes.last_mut().unwrap() ^= 1;
                std::fs::write(&path, bytes).unwrap();
            }
        }
        other
    }

    #[test]
    fn a_logout_waits_for_whoever_is_at_work_on_the_grant() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(run_in(home.path(), "11", &["login"]).0, Exit::Success);
        let grants = grants_in(home.path(), "11");
        let key = grants.list().unwrap()[0].key();
        let held = grants.lock(&key, Duration::ZERO, &mut |_| false).unwrap();
        let (exit, _, stderr) = run_in(home.path(), "11", &["logout"]);
        assert_eq!(exit, Exit::Busy, "{stderr}");
        assert!(grants.load(&key).unwrap().is_some());
        drop(held);
        assert_eq!(run_in(home.path(), "11", &["logout"]).0, Exit::Success);
        assert!(grants.load(&key).unwrap().is_none());
    }

    #[test]
    fn a_lost_key_is_overcome_by_a_logout_and_only_by_that() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(run_in(home.path(), "11", &["login"]).0, Exit::Success);
        let (exit, _, stderr) = run_in(home.path(), "22", &["login"]);
        assert_eq!(exit, Exit::Store, "{stderr}");
        assert!(stderr.contains("no item of the store opens with it"), "{stderr}");
        let (exit, _, stderr) = run_in(home.path(), "22", &["login", "--replace-damaged"]);
        assert_eq!(exit, Exit::Store, "{stderr}");
        assert!(!stderr.contains("--replace-damaged"), "{stderr}");
        let grants = grants_in(home.path(), "11");
        assert!(grants.load(&grants.list().unwrap()[0].key()).unwrap().is_some());
        assert_eq!(run_in(home.path(), "22", &["logout", "--all"]).0, Exit::Success);
        let (exit, _, stderr) = run_in(home.path(), "22", &["login"]);
        assert_eq!(exit, Exit::Success, "{stderr}");
    }

    #[test]
    fn stale_entries_are_counted_and_the_list_is_written_once() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(run_in(home.path(), "11", &["login"]).0, Exit::Success);
        let state = home.path().join(".local/state/entrada");
        let path = state.join("accounts.json");
        let mut list: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let entries = list["entries"].as_array_mut().unwrap();
        let all = (0..300).map(|number| {
            let mut entry = entries[0].clone();
            entry["account"] = format!("gone-{number:03}").into();
            entry
        });
        let all: Vec<_> = all.collect();
        entries.extend(all);
        std::fs::write(&path, list.to_string()).unwrap();
        let passed = entrada_auth::sys::Clock::stopwatch(&entrada_auth::sys::RealClock);
        let (exit, _, stderr) = run_in(home.path(), "11", &["logout", "--all"]);
        assert_eq!(exit, Exit::Success, "{stderr}");
        assert!(stderr.contains("forgot ada@contoso.example\n"), "{stderr}");
        assert!(stderr.contains("forgot 300 accounts that only the list"), "{stderr}");
        assert_eq!(stderr.matches("forgot").count(), 2, "{stderr}");
        assert!(grants_in(home.path(), "11").list().unwrap().is_empty());
        // Each writing of the list waits for the disk and reads all of it: one for each entry took half a minute.
        assert!(passed() < Duration::from_secs(10), "{:?}", passed());
    }

    #[test]
    fn a_logout_that_cannot_go_on_has_taken_those_before_off_the_list() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(run_in(home.path(), "11", &["login"]).0, Exit::Success);
        let grants = grants_in(home.path(), "11");
        let key = grants.list().unwrap()[0].key();
        let last = GrantKey { account: "zzz".to_owned(), ..key.clone() };
        let grant = grants.load(&key).unwrap().unwrap();
        grants.save(&last, &grant, NumericDate(0)).unwrap();
        let held = grants.lock(&last, Duration::ZERO, &mut |_| false).unwrap();
        let (exit, _, stderr) = run_in(home.path(), "11", &["logout", "--all"]);
        assert_eq!(exit, Exit::Busy, "{stderr}");
        assert!(stderr.contains("1 of 2 accounts were forgotten"), "{stderr}");
        let left: Vec<_> = grants.list().unwrap().iter().map(Entry::key).collect();
        assert_eq!(left, [last]);
        drop(held);
    }

    #[test]
    fn a_damaged_grant_can_be_forgotten_on_the_list_or_off_it() {
        for listed in [true, false] {
            let home = tempfile::tempdir().unwrap();
            assert_eq!(run_in(home.path(), "11", &["login"]).0, Exit::Success);
            let grants = grants_in(home.path(), "11");
            let other = damage_beside(home.path(), &grants);
            if !listed {
                let list = home.path().join(".local/state/entrada/accounts.json");
                std::fs::remove_file(list).unwrap();
            }
            let args = ["logout", "--account", "somebody.else"];
            let (exit, _, stderr) = run_in(home.path(), "11", &args);
            assert_eq!(exit, Exit::Success, "{stderr}");
            assert!(grants.load(&other).unwrap().is_none());
            assert_eq!(run_in(home.path(), "11", &["status"]).0, Exit::Success);
            assert_eq!(grants.list().unwrap().len(), 1);
        }
    }
}
