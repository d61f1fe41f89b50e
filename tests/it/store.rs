//! The `file` store as people meet it: its key file, its passphrase, and the change of one for the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use entrada::cli::Exit;
use entrada_auth::store::{Rekey, StoreKey};
use entrada_core::Secret;

use crate::world::{Run, STORE_KEY, World};

const CLIENT: &str = "11111111-2222-4333-8444-555555555555";
const PASSPHRASE: &str = "correct horse battery";

/// `path` as the configuration writes it.
fn quoted(path: &Path) -> String {
    toml::Value::from(path.to_str().unwrap()).to_string()
}

/// A user without any setting: no keyring, no store, no key.
fn bare() -> World {
    let world = World::new();
    for name in ["TENANT", "CLIENT_ID", "STORE", "STORE_KEY"] {
        world.unset(&format!("ENTRADA_{name}"));
    }
    world.set("NO_COLOR", "1");
    world.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");
    world
}

fn key_file(world: &World) -> PathBuf {
    world.config_dir().join("store.key")
}

/// As words, without the line breaks of a terminal.
fn said(run: &Run) -> String {
    run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn good(run: Run) -> Run {
    assert_eq!(run.exit, Exit::Success, "{run:#?}");
    run
}

fn init(world: &World, args: &[&str], stdin: &str) -> Run {
    let fixed = [
        "config",
        "init",
        "work",
        "--client-id",
        CLIENT,
        "--tenant",
        "organizations",
        "--job",
        "imap",
    ];
    world.run_with_stdin(&[&fixed[..], args].concat(), stdin)
}

/// A profile under a passphrase, with a user signed in.
fn under_passphrase() -> World {
    let world = bare().at_a_terminal();
    types(&world, &[PASSPHRASE, PASSPHRASE]);
    good(init(&world, &["--store", "file"], "passphrase\n"));
    world
}

fn types(world: &World, lines: &[&str]) {
    for line in lines {
        world.desk().types(line);
    }
}

/// Without a person: nobody is asked, and nobody could answer.
fn unattended(world: &World, args: &[&str]) -> Run {
    world.run(&[args, &["--no-interactive"]].concat())
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_keyring_a_key_file_is_offered_before_a_passphrase() {
    let world = bare().at_a_terminal();
    let run = good(init(&world, &[], "1\n\n"));
    let at = |text: &str| run.stderr.find(text).unwrap_or_else(|| panic!("{text}: {}", run.stderr));
    assert!(at("1  keyring") < at("2  key file") && at("2  key file") < at("3  passphrase"));
    let text = said(&run);
    for part in [
        "1 keyring not usable here: ",
        "you type a passphrase at each command; not for scripts",
        "Your choice [2]: the keyring is not usable here",
        "wrote a new key to",
        "signed in as ada@contoso.example",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(mode(&key_file(&world)), 0o600);
    let config = fs::read_to_string(world.config_path()).unwrap();
    let named = format!("store = \"file\"\nstore-key-file = {}\n", quoted(&key_file(&world)));
    assert!(config.contains(&named), "{config}");
    // What a timer runs.
    good(unattended(&world, &["token", "work"]));
    let recipe = good(world.run(&["recipe", "mbsync", "work"]));
    assert!(!recipe.stderr.contains("unattended"), "{}", recipe.stderr);
    // A second profile uses the same key.
    let key = fs::read(key_file(&world)).unwrap();
    let second = world.run_with_stdin(
        &["config", "init", "second", "--client-id", CLIENT, "--tenant", "common", "--job", "smtp"],
        "2\n",
    );
    assert!(said(&second).contains("the key is in"), "{second:#?}");
    assert_eq!(fs::read(key_file(&world)).unwrap(), key);
}

#[test]
fn without_a_terminal_the_store_of_files_gets_a_key_file() {
    let world = bare();
    good(init(&world, &["--store", "file"], ""));
    good(unattended(&world, &["token", "work"]));
    #[cfg(unix)]
    assert_eq!(mode(&key_file(&world)), 0o600);
    let doctor = world.run(&["doctor", "work"]);
    assert!(doctor.stdout.contains("bytes were stored and read back"), "{}", doctor.stdout);
    // A store with a key that is elsewhere gets no second one.
    fs::rename(key_file(&world), world.home.path().join("key")).unwrap();
    let other = ["config", "init", "other", "--client-id", CLIENT, "--store", "file"];
    let run = world.run(&other);
    assert_eq!(run.exit, Exit::Store, "{run:#?}");
    assert!(said(&run).contains("--store-key-file FILE"), "{run:#?}");
    assert!(!key_file(&world).exists());
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_terminal_and_a_keyring_the_failure_names_the_key_file() {
    let run = init(&bare(), &[], "");
    assert_eq!(run.exit, Exit::Store, "{run:#?}");
    assert!(said(&run).contains("with a key file that entrada makes: `--store file`"), "{run:#?}");
}

#[test]
fn a_passphrase_is_asked_for_once_in_a_run_and_named_as_what_it_is() {
    // Two lines are typed; a third question gets no answer.
    let world = under_passphrase();
    let config = fs::read_to_string(world.config_path()).unwrap();
    assert!(config.contains("store = \"file\"") && !config.contains("store-key-file"), "{config}");
    assert!(!key_file(&world).exists());
    types(&world, &[PASSPHRASE]);
    let doctor = good(world.run(&["doctor", "work"]));
    let line = doctor.stdout.lines().find(|line| line.contains(" store ")).unwrap();
    let in_a_line = doctor.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(line.starts_with("note"), "{}", doctor.stdout);
    assert!(in_a_line.contains("not for scripts"), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("`entrada store rekey work`"), "{}", doctor.stdout);
    types(&world, &[PASSPHRASE]);
    let recipe = good(world.run(&["recipe", "mbsync", "work"]));
    let text = said(&recipe);
    assert!(text.contains("warning: this cannot run unattended"), "{text}");
    assert!(text.contains("`entrada store rekey work`"), "{text}");
    let token = unattended(&world, &["token", "work"]);
    assert_eq!(token.exit, Exit::Store);
    assert!(
        said(&token).contains("it was made with a passphrase, which only a person"),
        "{token:#?}"
    );
    assert!(said(&token).contains("`entrada store rekey work`"), "{token:#?}");
}

#[test]
fn without_its_key_file_a_store_with_sign_ins_wants_that_file_back_and_no_new_one() {
    let world = bare();
    let key = key_file(&world);
    let new = world.run(&["token", "--store", "file", "--store-key-file", key.to_str().unwrap()]);
    assert!(!said(&new).contains("bring that file back"), "{new:#?}");
    good(init(&world, &["--store", "file"], ""));
    let saved = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let lost = world.run(&["token", "work"]);
    assert_eq!(lost.exit, Exit::Store);
    for part in ["there is no key file", "bring that file back", "only if the key is lost"] {
        assert!(said(&lost).contains(part), "{part}: {lost:#?}");
    }
    // With the file nothing is lost; without it the advice ends in a new sign-in.
    let restore = |bytes: &[u8]| {
        fs::write(&key, bytes).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        }
    };
    restore(&saved);
    good(world.run(&["token", "work"]));
    restore(STORE_KEY.as_bytes());
    assert_eq!(world.run(&["token", "work"]).exit, Exit::Store);
    good(world.run(&["logout", "--everything"]));
    good(world.run(&["login", "work"]));
    good(world.run(&["token", "work"]));
}

#[test]
fn a_key_for_a_store_under_a_passphrase_is_the_wrong_kind_and_nothing_is_damaged() {
    let world = under_passphrase();
    world.set("ENTRADA_STORE_KEY", STORE_KEY);
    for command in ["token", "login", "status"] {
        let run = world.run(&[command, "work"]);
        assert_eq!(run.exit, Exit::Store, "{run:#?}");
        let text = run.stdout + &run.stderr;
        assert!(text.contains("wrong kind of key"), "{command}: {text}");
        assert!(!text.contains("damaged"), "{command}: {text}");
        assert!(command == "status" || text.contains("`entrada store rekey`"), "{command}: {text}");
    }
    world.unset("ENTRADA_STORE_KEY");
    types(&world, &[PASSPHRASE]);
    good(world.run(&["token", "work"]));
    // The other way round.
    let world = World::new().at_a_terminal();
    world.login(&[]);
    world.unset("ENTRADA_STORE_KEY");
    types(&world, &[PASSPHRASE]);
    let run = world.run(&["token"]);
    assert_eq!(run.exit, Exit::Store, "{run:#?}");
    assert!(
        said(&run).contains("was encrypted with a key, and a passphrase was given"),
        "{run:#?}"
    );
    assert!(said(&run).contains("name its file with `--store-key-file`"), "{run:#?}");
}

#[test]
fn rekey_gives_a_store_under_a_passphrase_a_key_file() {
    let world = under_passphrase();
    let config = fs::read_to_string(world.config_path()).unwrap();
    world.write_config(&format!("# mine\n{config}min-ttl = \"2m\" # mine too\n"));
    let refused = unattended(&world, &["store", "rekey", "work"]);
    assert_eq!(refused.exit, Exit::Store, "{refused:#?}");
    assert!(said(&refused).contains("no terminal to ask for it"), "{refused:#?}");
    types(&world, &["wrong horse"]);
    let wrong = world.run(&["store", "rekey", "work"]);
    assert_eq!(wrong.exit, Exit::Store, "{wrong:#?}");
    assert!(said(&wrong).contains("could not change its key"), "{wrong:#?}");
    types(&world, &[PASSPHRASE]);
    let run = good(world.run(&["store", "rekey", "work"]));
    let text = said(&run);
    for part in [
        "2 items are encrypted with the key in",
        "keep a copy of that file",
        "changed the profile `work`",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let changed = fs::read_to_string(world.config_path()).unwrap();
    assert!(
        changed.starts_with("# mine\n") && changed.contains("min-ttl = \"2m\" # mine too\n"),
        "{changed}"
    );
    good(unattended(&world, &["token", "work"]));
    good(unattended(&world, &["doctor", "work"]));
    // Nothing is left to do, for a run that was killed at its end too.
    let (key, items) = (fs::read(key_file(&world)).unwrap(), world.stored());
    let path = key_file(&world);
    for args in [&[][..], &["--new-key-file", path.to_str().unwrap()]] {
        let again = good(world.run(&[&["store", "rekey", "work"], args].concat()));
        assert!(!args.is_empty() || said(&again).contains("--new-key-file FILE"), "{again:#?}");
        assert!(said(&again).contains("2 items are encrypted"), "{again:#?}");
        assert!(!said(&again).contains("changed the profile"), "{again:#?}");
        assert_eq!(fs::read(key_file(&world)).unwrap(), key);
        assert_eq!(world.stored(), items);
    }
    for secret in [PASSPHRASE, fs::read_to_string(key_file(&world)).unwrap().trim()] {
        assert!(!run.stderr.contains(secret) && !changed.contains(secret));
    }
}

#[test]
fn rekey_uses_the_key_that_the_settings_name_already() {
    let world = under_passphrase();
    let key = world.home.path().join("own.key");
    fs::write(&key, STORE_KEY).unwrap();
    #[cfg(unix)]
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let config = fs::read_to_string(world.config_path()).unwrap();
    world.write_config(&format!("{config}store-key-file = {}\n", quoted(&key)));
    types(&world, &[PASSPHRASE]);
    let run = good(world.run(&["store", "rekey", "work"]));
    assert!(said(&run).contains("the key that the settings name"), "{run:#?}");
    good(unattended(&world, &["token", "work"]));
    assert!(!key_file(&world).exists());
}

#[test]
fn rekey_goes_from_key_to_key_and_to_a_passphrase_and_names_it_in_each_profile() {
    let world = bare();
    good(init(&world, &["--store", "file"], ""));
    let config = fs::read_to_string(world.config_path()).unwrap();
    let old = key_file(&world);
    let more = format!(
        "{config}\n[profiles.second]\nclient-id = \"{CLIENT}\"\nstore-key-file = {}\nstore = \"file\"\n\n\
         [profiles.third]\nstore = \"keyring\"\n",
        quoted(&old)
    );
    world.write_config(&more);
    let new = world.home.path().join("keys").join("new.key");
    let run = good(world.run(&["store", "rekey", "work", "--new-key-file", new.to_str().unwrap()]));
    assert!(said(&run).contains("changed the profile `second`, the profile `work`"), "{run:#?}");
    let changed = fs::read_to_string(world.config_path()).unwrap();
    let replaced = more.replace(&quoted(&old), &quoted(&new));
    assert_eq!(changed, replaced);
    good(unattended(&world, &["token", "work"]));
    // A person with a passphrase.
    let world = world.at_a_terminal();
    types(&world, &[PASSPHRASE, PASSPHRASE]);
    good(world.run(&["store", "rekey", "work", "--new-passphrase"]));
    let changed = fs::read_to_string(world.config_path()).unwrap();
    assert!(!changed.contains("store-key-file"), "{changed}");
    types(&world, &[PASSPHRASE]);
    good(world.run(&["token", "work"]));
}

#[test]
fn a_rekey_uses_a_key_file_that_was_left_over_only_where_it_is_named() {
    let world = under_passphrase();
    let items = world.stored();
    fs::write(key_file(&world), "5e".repeat(32)).unwrap();
    #[cfg(unix)]
    fs::set_permissions(key_file(&world), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
    types(&world, &[PASSPHRASE]);
    let run = world.run(&["store", "rekey", "work"]);
    assert_eq!(run.exit, Exit::Usage, "{run:#?}");
    for part in ["exists already, and its key is not that of the store", "to use the key in it"] {
        assert!(said(&run).contains(part), "{run:#?}");
    }
    assert_eq!(world.stored(), items);
    types(&world, &[PASSPHRASE]);
    let named = key_file(&world);
    good(world.run(&["store", "rekey", "work", "--new-key-file", named.to_str().unwrap()]));
    good(unattended(&world, &["token", "work"]));
}

#[test]
fn a_rekey_whose_end_would_fail_does_not_begin() {
    let world = bare();
    good(init(&world, &["--store", "file"], ""));
    let items = world.stored();
    // A configuration that can be read and not replaced.
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd as _;
        let open = fs::File::open(world.config_path()).unwrap();
        let path = format!("/proc/self/fd/{}", open.as_raw_fd());
        let new = world.home.path().join("never.key");
        let args =
            ["store", "rekey", "work", "--new-key-file", new.to_str().unwrap(), "--config", &path];
        let run = world.run(&args);
        assert_eq!(run.exit, Exit::Usage, "{run:#?}");
        assert!(said(&run).contains("cannot write"), "{run:#?}");
        assert!(said(&run).contains("no item was changed"), "{run:#?}");
        assert!(!new.exists());
    }
    // A key that is not that of the store.
    let new = world.home.path().join("new.key");
    world.set("ENTRADA_STORE_KEY", &"22".repeat(32));
    let args = ["store", "rekey", "work", "--new-key-file", new.to_str().unwrap()];
    assert_eq!(world.run(&args).exit, Exit::Store);
    world.unset("ENTRADA_STORE_KEY");
    // A path that the configuration cannot hold.
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.key");
        let run = world.run_os(&[
            "store".as_ref(),
            "rekey".as_ref(),
            "work".as_ref(),
            "--new-key-file".as_ref(),
            world.home.path().join(name).as_os_str(),
        ]);
        assert_eq!(run.exit, Exit::Usage, "{run:#?}");
        assert!(said(&run).contains("not UTF-8"), "{run:#?}");
        assert!(!world.home.path().join(name).exists());
    }
    assert!(!new.exists());
    assert_eq!(world.stored(), items);
    good(unattended(&world, &["token", "work", "--force-refresh"]));
}

#[test]
fn a_rekey_that_ended_between_two_steps_is_continued() {
    // The key file is made; then half of the items are changed; then all; then the configuration; then the mark goes.
    for step in 0..4 {
        let world = under_passphrase();
        let (data, state) = (world.data_dir(), world.state_dir());
        let new = "5e".repeat(32);
        fs::write(key_file(&world), &new).unwrap();
        #[cfg(unix)]
        fs::set_permissions(key_file(&world), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        let change = Rekey::new(
            &data,
            &state,
            &StoreKey::Passphrase(Secret::new(PASSPHRASE)),
            &StoreKey::Raw(Secret::new(new.clone())),
        )
        .unwrap();
        let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            change.run(Duration::ZERO, &mut |_| true, &mut |done, _| {
                assert!(done < [0, 1, 9, 9][step], "killed");
            })
        }));
        assert_eq!(killed.is_err(), step < 2);
        if step == 3 {
            let config = fs::read_to_string(world.config_path()).unwrap();
            world
                .write_config(&format!("{config}store-key-file = {}\n", quoted(&key_file(&world))));
        }
        if step == 1 {
            // The recovery key is under the new key, the grant under the old one.
            types(&world, &[PASSPHRASE]);
            let run = world.run(&["token", "work", "--force-refresh"]);
            assert_eq!(run.exit, Exit::Store, "{run:#?}");
            assert!(said(&run).contains("run `entrada store rekey` again"), "{run:#?}");
            types(&world, &[PASSPHRASE]);
            let doctor = world.run(&["doctor", "work"]);
            assert_eq!(doctor.exit, Exit::Findings, "{doctor:#?}");
            assert!(doctor.stdout.contains("`entrada store rekey` again"), "{}", doctor.stdout);
        }
        // A passphrase is asked for while an item is under it.
        if step < 2 {
            types(&world, &[PASSPHRASE]);
        }
        let run = good(world.run(&["store", "rekey", "work"]));
        assert!(said(&run).contains("2 items are encrypted"), "step {step}: {run:#?}");
        good(unattended(&world, &["token", "work", "--force-refresh"]));
        good(unattended(&world, &["doctor", "work"]));
        assert_eq!(world.token_requests("refresh_token"), 1, "step {step}");
    }
}

#[test]
fn a_rekey_waits_for_a_sign_in_in_use_and_ends_where_it_stays_so() {
    let world = World::new();
    world.login(&[]);
    let grants = world.grants();
    let key = grants.list().unwrap()[0].key();
    let held = grants.lock(&key, Duration::ZERO, &mut |_| false).unwrap();
    let busy = world.run(&["store", "rekey", "--lock-timeout", "2s"]);
    assert_eq!(busy.exit, Exit::Busy, "{busy:#?}");
    assert!(said(&busy).contains("every sign-in is still there"), "{busy:#?}");
    drop(held);
    let quick = good(world.run(&["store", "rekey"]));
    assert!(!quick.stderr.contains("under the new key"), "{quick:#?}");
    assert!(said(&quick).contains("ENTRADA_STORE_KEY holds another key"), "{quick:#?}");
}

#[test]
fn only_the_store_of_files_has_a_key_to_change() {
    let world = World::new();
    world.set("ENTRADA_STORE", "memory");
    let run = world.run(&["store", "rekey"]);
    assert_eq!(run.exit, Exit::Usage, "{run:#?}");
    assert!(said(&run).contains("the store `memory` has no key of its own"), "{run:#?}");
    world.set("ENTRADA_STORE", "file");
    let empty = good(world.run(&["store", "rekey"]));
    assert!(said(&empty).contains("nothing to do"), "{empty:#?}");
    assert!(!key_file(&world).exists());
}

#[test]
fn doctor_opens_a_grant_and_its_help_fits_the_error() {
    let world = World::new();
    world.login(&[]);
    // With settings that select no account, too.
    world.set("ENTRADA_STORE_KEY", &"22".repeat(32));
    for args in [&["doctor"][..], &["doctor", "--tenant", "common"]] {
        let run = world.run(args);
        assert_eq!(run.exit, Exit::Findings, "{run:#?}");
        let (_, line) = run.stdout.split_once("bad   store").unwrap_or_else(|| panic!("{run:#?}"));
        assert!(line.contains("wrong key"), "{line}");
        assert!(line.contains("check ENTRADA_STORE_KEY"), "{line}");
        assert!(!run.stdout.contains("folder writable"), "{}", run.stdout);
    }
    world.unset("ENTRADA_STORE_KEY");
    let key = world.home.path().join("key");
    fs::write(&key, STORE_KEY).unwrap();
    world.set("ENTRADA_STORE_KEY_FILE", key.to_str().unwrap());
    #[cfg(unix)]
    {
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let run = world.run(&["doctor"]);
        assert_eq!(run.exit, Exit::Findings, "{run:#?}");
        let help = format!("= help: `chmod 600 {}`", key.display());
        assert!(run.stdout.contains(&help), "{}", run.stdout);
        assert!(!run.stdout.contains("writable"), "{}", run.stdout);
    }
}
