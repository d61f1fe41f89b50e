//! A change of the file store's key, and a store that cannot be written, beside other runs.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use entrada::cli::Exit;
use entrada_auth::store::{Rekey, StoreKey};
use entrada_core::Secret;
use tempfile::TempDir;

use crate::smoke::{Emulator, entrada, text};
use crate::world::{Run, STORE_KEY, World};

/// The key after the change.
const NEW_KEY: &str = "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e";

/// Standard output whose first write happens after `change`.
struct Changing<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> io::Write for Changing<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(change) = self.0.take() {
            change();
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_key(path: &Path, key: &str) {
    fs::write(path, key).unwrap();
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

fn quoted(path: &Path) -> String {
    toml::Value::from(path.to_str().unwrap()).to_string()
}

/// As words, without the line breaks of a terminal.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A world with a sign-in under the key in a file, which the profile `first` names; and the paths of the old key and the
/// new one.
fn world_with_key_file() -> (World, PathBuf, PathBuf) {
    let world = World::new();
    world.unset("ENTRADA_STORE_KEY");
    let (old, new) = (world.home.path().join("old.key"), world.home.path().join("new.key"));
    write_key(&old, STORE_KEY);
    world.write_config(&format!(
        "[profiles.first]\nstore = \"file\"\nstore-key-file = {}\n",
        quoted(&old)
    ));
    world.login(&["first"]);
    (world, old, new)
}

/// Signs in and saves the profile `late`. `change` runs after the sign-in is stored and before the profile is written.
fn save_late(world: &World, old: &Path, more: &[&str], change: impl FnOnce()) -> (Exit, String) {
    let old = old.to_str().unwrap();
    let fixed = ["entrada", "login", "-o", "json", "--save", "late", "--store-key-file", old];
    let (exit, said) =
        world.run_on(&[&fixed[..], more].concat(), &mut io::empty(), &mut Changing(Some(change)));
    (exit, words(&said))
}

/// What `entrada store rekey` does to the items.
fn change_key(world: &World, new: &Path) {
    write_key(new, NEW_KEY);
    let raw = |key: &str| StoreKey::Raw(Secret::new(key));
    let (data, state) = (world.data_dir(), world.state_dir());
    let change = Rekey::new(&data, &state, &raw(STORE_KEY), &raw(NEW_KEY)).unwrap();
    change.run(Duration::ZERO, &mut |_| false, &mut |_, _| ()).unwrap();
    change.finish(&mut |_| false).unwrap();
}

#[test]
fn a_profile_that_is_saved_after_a_change_of_the_key_names_the_new_one() {
    let (world, old, new) = world_with_key_file();
    let (exit, said) = save_late(&world, &old, &[], || {
        change_key(&world, &new);
        let config = fs::read_to_string(world.config_path()).unwrap();
        world.write_config(&config.replace(&quoted(&old), &quoted(&new)));
    });
    assert_eq!(exit, Exit::Success, "{said}");
    let config = fs::read_to_string(world.config_path()).unwrap();
    assert!(!config.contains(&quoted(&old)), "{config}");
    assert_eq!(config.matches(&quoted(&new)).count(), 2, "{config}");
    assert_eq!(world.run(&["token", "late"]).exit, Exit::Success);
}

#[test]
fn a_profile_whose_key_nobody_names_is_not_written() {
    let (world, old, new) = world_with_key_file();
    let before = fs::read_to_string(world.config_path()).unwrap();
    let (exit, said) = save_late(&world, &old, &[], || change_key(&world, &new));
    assert_eq!(exit, Exit::Store, "{said}");
    for part in [
        "the store has another key than the one in",
        "`late` was not written",
        "--store-key-file FILE",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(fs::read_to_string(world.config_path()).unwrap(), before);
}

#[test]
fn a_profile_is_not_written_while_the_key_changes() {
    let (world, old, _) = world_with_key_file();
    let mut lock = None;
    let (exit, said) = save_late(&world, &old, &["--lock-timeout", "2s"], || {
        lock = Rekey::lock(&world.state_dir(), Duration::ZERO, &mut |_| false).ok();
    });
    assert!(lock.is_some());
    assert_eq!(exit, Exit::Busy, "{said}");
    for part in ["changes or names the key of the store", "`late` was not written"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    drop(lock);
    let (exit, said) = save_late(&world, &old, &[], || ());
    assert_eq!(exit, Exit::Success, "{said}");
}

#[cfg(unix)]
#[test]
fn a_store_that_could_not_save_the_answer_gets_no_request() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let world = World::new();
    world.login(&[]);
    let items = world.data_dir().join("grants");
    let lock = items.join("writers.lock");
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let refused = |why: &str| {
        let run = world.run(&["token", "--force-refresh"]);
        assert_eq!(run.exit, Exit::Store, "{run:#?}");
        assert!(words(&run.stderr).contains(why), "{why}: {run:#?}");
        assert_eq!(world.token_requests("refresh_token"), 0, "{why}");
    };
    set_mode(&lock, 0o644);
    refused("chmod 600");
    set_mode(&lock, 0o600);
    set_mode(&items.join(".tmp"), 0o777);
    refused("chmod 700");
    set_mode(&items.join(".tmp"), 0o700);
    fs::rename(&lock, items.join("other")).unwrap();
    symlink("other", &lock).unwrap();
    refused("writers.lock");
    fs::remove_file(&lock).unwrap();
    assert_eq!(world.run(&["token", "--force-refresh"]).exit, Exit::Success);
}

fn holder() -> String {
    format!("waiting for another process (pid {})", std::process::id())
}

#[test]
fn a_wait_for_another_process_is_told_after_a_second() {
    let world = World::new();
    world.login(&[]);
    let grants = world.grants();
    let key = grants.list().unwrap()[0].key();
    let held = grants.lock(&key, Duration::ZERO, &mut |_| false).unwrap();
    let told = |run: &Run| words(&run.stderr).matches(&holder()).count();
    for command in [&["token", "--force-refresh"][..], &["login"], &["store", "rekey"]] {
        for (wait, times) in [("0s", 0), ("3s", 1)] {
            let run = world.run(&[command, &["--lock-timeout", wait]].concat());
            assert_eq!(run.exit, Exit::Busy, "{command:?}: {run:#?}");
            assert_eq!(told(&run), times, "{command:?} {wait}: {run:#?}");
        }
    }
    drop(held);
}

#[cfg(unix)]
#[test]
fn nothing_is_sent_while_the_key_of_the_store_changes() {
    let world = World::new();
    world.login(&[]);
    let before = world.emulator.log().len();
    let writers = fs::File::open(world.data_dir().join("grants/writers.lock")).unwrap();
    writers.lock().unwrap();
    for command in [&["token", "--force-refresh"][..], &["login"]] {
        for (wait, is_told) in [("0s", false), ("3s", true)] {
            let run = world.run(&[command, &["--lock-timeout", wait]].concat());
            assert_eq!(run.exit, Exit::Busy, "{command:?}: {run:#?}");
            let said = words(&run.stderr);
            assert_eq!(said.contains("waiting for another process"), is_told, "{said}");
            assert!(said.contains("still changes the key of the store"), "{said}");
        }
    }
    assert_eq!(world.emulator.log().len(), before);
    drop(writers);
    assert_eq!(world.run(&["token", "--force-refresh"]).exit, Exit::Success);
}

#[cfg(unix)]
#[test]
fn a_sign_in_that_ends_while_the_key_of_the_store_changes_is_kept_aside() {
    for (signal, exit) in [(None, Exit::Busy), (Some(15), Exit::Terminated)] {
        let world = World::with("rotate-and-revoke").on_a_desktop();
        world.login(&[]);
        let writers = fs::File::open(world.data_dir().join("grants/writers.lock")).unwrap();
        let writers = std::rc::Rc::new(writers);
        let held = writers.clone();
        world.changing(move |path, answer| {
            if path.ends_with("/token") {
                held.lock().unwrap();
            }
            answer
        });
        if let Some(signal) = signal {
            world.signal_comes_during("grant_type=authorization_code", signal);
        }
        let run = world.run(&["login", "--lock-timeout", "2s"]);
        assert_eq!(run.exit, exit, "{run:#?}");
        let pending = world.state_dir().join("pending/file");
        let kept =
            || fs::read_dir(&pending).unwrap().flatten().filter(|file| file.path().is_file());
        assert_eq!(kept().count(), 1, "{run:#?}");
        // The grant kept aside is used at once, and stored when the change has ended.
        assert_eq!(world.run(&["token"]).exit, Exit::Success);
        assert_eq!(kept().count(), 1);
        writers.unlock().unwrap();
        assert_eq!(world.run(&["token"]).exit, Exit::Success);
        assert_eq!(kept().count(), 0);
    }
}

#[cfg(unix)]
#[test]
fn the_end_of_a_change_tells_that_it_waits_for_a_writer() {
    let world = World::new();
    world.login(&[]);
    let writers = fs::File::open(world.data_dir().join("grants/writers.lock")).unwrap();
    writers.lock_shared().unwrap();
    let run = world.run(&["store", "rekey"]);
    assert_eq!(run.exit, Exit::Busy, "{run:#?}");
    let said = words(&run.stderr);
    assert!(said.contains("waiting for another process"), "{said}");
    assert_eq!(said.contains(&holder()), cfg!(target_os = "linux"), "{said}");
    drop(writers);
    let again = world.run(&["store", "rekey"]);
    assert_eq!(again.exit, Exit::Success, "{again:#?}");
}

#[cfg(unix)]
#[test]
fn doctor_names_a_folder_above_the_store_that_others_can_write() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    world.login(&[]);
    let above = world.home.path().join(".local");
    let doctor = |mode| {
        fs::set_permissions(&above, fs::Permissions::from_mode(mode)).unwrap();
        let run = world.run(&["doctor"]);
        words(run.stdout.lines().find(|line| line.contains(" folders ")).unwrap())
            + &words(&run.stdout)
    };
    for mode in [0o777, 0o775] {
        let said = doctor(mode);
        assert!(said.starts_with("bad folders"), "{said}");
        assert!(said.contains(&format!("chmod go-w {}", above.display())), "{said}");
    }
    for mode in [0o755, 0o1777] {
        let said = doctor(mode);
        assert!(said.starts_with("ok folders"), "{said}");
    }
}

/// Writes a configuration whose defaults name the key file.
fn name_key(home: &TempDir, key_file: &Path) {
    let config = home.path().join(".config/entrada/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, format!("[defaults]\nstore-key-file = {}\n", quoted(key_file))).unwrap();
}

/// As a process, whose configuration names the key.
fn with_key_file(emulator: &Emulator, home: &TempDir, args: &[&str]) -> Command {
    let mut command = entrada(home);
    emulator.set(command.args(args)).env_remove("ENTRADA_STORE_KEY");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[cfg(unix)]
#[test]
fn a_run_beside_a_change_of_the_key_waits_and_uses_the_new_one() {
    let home = TempDir::new().unwrap();
    let emulator = Emulator::start(&home, &[]);
    let (old, new) = (home.path().join("old.key"), home.path().join("new.key"));
    write_key(&old, STORE_KEY);
    write_key(&new, NEW_KEY);
    name_key(&home, &old);
    let signed_in = with_key_file(&emulator, &home, &["login"]).output().unwrap();
    assert!(signed_in.status.success(), "{signed_in:?}");

    let raw = |key: &str| StoreKey::Raw(Secret::new(key));
    let data = home.path().join(".local/share/entrada");
    let state = home.path().join(".local/state/entrada");
    let lock = Rekey::lock(&state, Duration::ZERO, &mut |_| false).unwrap();
    let change = Rekey::new(&data, &state, &raw(STORE_KEY), &raw(NEW_KEY)).unwrap();
    change.run(Duration::ZERO, &mut |_| false, &mut |_, _| ()).unwrap();

    let args = ["token", "--lock-timeout", "0s"];
    let busy = with_key_file(&emulator, &home, &args).output().unwrap();
    assert_eq!(busy.status.code(), Some(i32::from(Exit::Busy.code())), "{busy:?}");

    let args = ["token", "--force-refresh", "--lock-timeout", "5m"];
    let mut run = with_key_file(&emulator, &home, &args).spawn().unwrap();
    let mut first = String::new();
    let mut said = BufReader::new(run.stderr.take().unwrap());
    said.read_line(&mut first).unwrap();
    assert!(first.contains(&holder()), "{first}");
    name_key(&home, &new);
    change.finish(&mut |_| false).unwrap();
    drop(lock);
    let ended = run.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(text(&ended.stdout).trim().split('.').count(), 3);
}
