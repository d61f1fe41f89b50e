//! Files that the user names: what is written to them, and what is read from them.
#![cfg(unix)]

use std::fs::{self, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use entrada::cli::Exit;

use crate::world::{Run, World};

/// A user id that nobody here has.
const NOBODY_HERE: u32 = 54_321;

/// A command that writes to the path that is put behind it, and what is written.
type Writer = (&'static [&'static str], &'static str);

const WRITERS: [Writer; 4] = [
    (&["diagnose", "AADSTS65001: no", "--report"], "<!DOCTYPE html>"),
    (&["probe", "--job", "graph-mail-read", "--transcript"], "# localhost"),
    (&["token", "--force-refresh", "--trace"], "\"log\""),
    (&["export", "--msal", "--force", "--output"], "\"RefreshToken\": {"),
];

fn signed_in() -> World {
    let world = World::new();
    world.login(&[]);
    world
}

fn run(world: &World, args: &[&str], path: &Path) -> Run {
    let path = path.to_str().unwrap();
    let args: Vec<&str> = args.iter().copied().chain([path]).collect();
    world.run_exactly(&args, "")
}

fn pipe(path: &Path) {
    // macOS has no call for it in rustix.
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn names(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_plain_file_is_replaced_by_a_whole_one_that_is_its_owners_alone() {
    let world = signed_in();
    for (args, text) in WRITERS {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        // Another name shows whether the old file was written over.
        let before = dir.path().join("before");
        fs::hard_link(&path, &before).unwrap();
        let ran = run(&world, args, &path);
        assert!(ran.exit != Exit::Usage, "{args:?}: {}", ran.stderr);
        assert!(fs::read_to_string(&path).unwrap().contains(text), "{args:?}");
        assert_eq!(fs::read_to_string(&before).unwrap(), "old", "{args:?}");
        assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o600, "{args:?}");
        assert_eq!(names(dir.path()).len(), 2, "{args:?} leaves nothing behind");
    }
}

#[test]
fn a_pipe_is_written_to_and_stays_one() {
    let world = signed_in();
    for (args, text) in WRITERS {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        pipe(&path);
        let ran = run(&world, args, &path);
        assert_eq!(ran.exit, Exit::Usage, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("no process reads from this pipe"), "{args:?}: {}", ran.stderr);
        // Open for both, so that the reader need not wait for a writer.
        let both = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let mut reader = fs::File::open(&path).unwrap();
        let read = std::thread::spawn(move || {
            let mut seen = Vec::new();
            reader.read_to_end(&mut seen).unwrap();
            String::from_utf8(seen).unwrap()
        });
        let ran = run(&world, args, &path);
        drop(both);
        let seen = read.join().unwrap();
        assert!(ran.exit != Exit::Usage, "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("written to"), "{args:?}: {}", ran.stderr);
        assert_eq!(seen.matches(text).count(), 1, "{args:?}: {seen}");
        assert!(path.symlink_metadata().unwrap().file_type().is_fifo(), "{args:?}");
        assert_eq!(names(dir.path()).len(), 1, "{args:?}");
    }
}

#[test]
fn a_device_is_written_to_and_stays_one() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("null");
    let made = Command::new("mknod").arg(&own).args(["c", "1", "3"]).stderr(Stdio::null()).status();
    // Only root can put another file in the place of the one in `/dev`, and root has one to lose.
    let usable = made.is_ok_and(|status| status.success())
        && OpenOptions::new().write(true).open(&own).is_ok();
    let null = if usable { own } else { PathBuf::from("/dev/null") };
    let world = signed_in();
    for (args, _) in WRITERS {
        let ran = run(&world, args, &null);
        assert!(ran.exit != Exit::Usage, "{args:?}: {}", ran.stderr);
        assert!(null.symlink_metadata().unwrap().file_type().is_char_device(), "{args:?}");
    }
}

#[test]
fn a_link_is_not_followed() {
    let world = signed_in();
    for (args, _) in WRITERS {
        for there in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let (path, other) = (dir.path().join("link"), dir.path().join("other"));
            if there {
                fs::write(&other, "precious").unwrap();
            }
            symlink(&other, &path).unwrap();
            let ran = run(&world, args, &path);
            assert_eq!(ran.exit, Exit::Usage, "{args:?}: {}", ran.stderr);
            assert!(ran.stderr.contains("symbolic link"), "{args:?}: {}", ran.stderr);
            assert!(path.is_symlink(), "{args:?}");
            assert_eq!(fs::read_to_string(&other).ok().as_deref(), there.then_some("precious"));
        }
    }
}

#[test]
fn a_dash_and_the_name_of_standard_output_are_standard_output() {
    let world = signed_in();
    for (args, text) in WRITERS {
        for name in ["-", "/dev/stdout", "/dev/fd/1"] {
            let ran = run(&world, args, Path::new(name));
            assert!(ran.exit != Exit::Usage, "{args:?}: {}", ran.stderr);
            assert_eq!(ran.stdout.matches(text).count(), 1, "{args:?}: {}", ran.stdout);
            assert!(!Path::new("-").exists());
        }
    }
}

#[test]
fn a_terminal_sees_no_refresh_token_by_another_name() {
    let world = signed_in().at_a_terminal();
    for name in ["-", "/dev/stdout"] {
        let ran = run(&world, &["export", "--msal", "--output"], Path::new(name));
        assert_eq!((ran.exit, ran.stdout.as_str()), (Exit::Usage, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains("shown on this terminal"), "{}", ran.stderr);
    }
}

#[test]
fn manual_pages_are_for_everybody_and_follow_no_link() {
    let world = World::new();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("man1");
    let ran = run(&world, &["man", "--dir"], &folder);
    assert_eq!(ran.exit, Exit::Success, "{}", ran.stderr);
    let all = names(&folder);
    assert!(all.len() > 20 && all.iter().all(|path| path.extension().unwrap() == "1"), "{all:?}");
    let page = folder.join("entrada-config-init.1");
    fs::write(dir.path().join("plain"), "").unwrap();
    let mode = dir.path().join("plain").metadata().unwrap().mode();
    assert_eq!(page.metadata().unwrap().mode(), mode, "as the umask has it");
    let other = dir.path().join("other");
    fs::write(&other, "precious").unwrap();
    fs::remove_file(&page).unwrap();
    symlink(&other, &page).unwrap();
    let ran = run(&world, &["man", "--dir"], &folder);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.stderr);
    assert!(ran.stderr.contains("entrada-config-init.1`: it is a symbolic link"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
}

/// What `config init` needs to ask nobody.
const INIT: [&str; 9] = [
    "config",
    "init",
    "work",
    "--no-login",
    "--client-id",
    "6a1f0c3d-2b84-4e79-95d0-c8e73f41b2a6",
    "--job",
    "imap",
    "--config",
];

#[test]
fn the_configuration_is_changed_in_place() {
    let world = World::new();
    let dir = tempfile::tempdir().unwrap();
    let (link, real) = (dir.path().join("link.toml"), dir.path().join("real.toml"));
    fs::write(&real, "[profiles.other]\njob = ['smtp']\n").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.toml", &link).unwrap();
    let ran = run(&world, &INIT, &link);
    assert_eq!(ran.exit, Exit::Success, "{}", ran.stderr);
    assert!(link.is_symlink());
    let text = fs::read_to_string(&real).unwrap();
    assert!(text.contains("[profiles.other]") && text.contains("[profiles.work]"), "{text}");
    assert_eq!(real.metadata().unwrap().mode() & 0o7777, 0o640);
    assert_eq!(names(dir.path()).len(), 2, "nothing is left behind");
    let new = dir.path().join("new/folder/config.toml");
    let ran = run(&world, &INIT, &new);
    assert_eq!(ran.exit, Exit::Success, "{}", ran.stderr);
    assert_eq!(new.metadata().unwrap().mode() & 0o7777, 0o600);
    assert_eq!(new.parent().unwrap().metadata().unwrap().mode() & 0o7777, 0o700);
}

#[test]
fn the_configuration_is_a_plain_file_of_a_size_that_is_known() {
    let world = World::new();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    let commands = [&["config", "path", "--config"][..], &INIT, &["token", "--config"]];
    let refused = |word: &str| {
        for args in commands {
            let ran = run(&world, args, &path);
            assert_eq!(ran.exit, Exit::Usage, "{args:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(word), "{args:?}: {}", ran.stderr);
        }
    };
    pipe(&path);
    refused("a pipe, not a plain file");
    fs::remove_file(&path).unwrap();
    symlink("/dev/zero", &path).unwrap();
    refused("a device, not a plain file");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused("a folder, not a plain file");
    fs::remove_dir(&path).unwrap();
    fs::File::create(&path).unwrap().set_len(3 << 30).unwrap();
    refused("larger than 1 MiB");
    // The common way to say that there is none.
    let ran = run(&world, commands[0], Path::new("/dev/null"));
    assert_eq!(ran.exit, Exit::Success, "{}", ran.stderr);
}

#[test]
fn a_configuration_that_others_could_change_is_refused_with_the_way_out() {
    let world = World::new();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    fs::write(&path, "").unwrap();
    let show = ["config", "path", "--config"];
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let ran = run(&world, &show, &path);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.stderr);
    let cure = format!("chmod go-w {}", dir.path().display());
    assert!(ran.stderr.contains(&cure), "{}", ran.stderr);
    // Nor is one written there, to be refused afterwards.
    fs::remove_file(&path).unwrap();
    let ran = run(&world, &INIT, &path);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.stderr);
    assert!(!path.exists() && ran.stderr.contains(&cure), "{}", ran.stderr);
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(&path, "").unwrap();
    // Only root can give files away; how another's is judged, `sys::input_file` tests for everybody.
    if chown(&path, Some(NOBODY_HERE), None).is_ok() {
        for own in [&path, dir.path()] {
            chown(&path, Some(0), None).unwrap();
            chown(own, Some(NOBODY_HERE), None).unwrap();
            let ran = run(&world, &show, &path);
            assert_eq!(ran.exit, Exit::Usage, "{}", ran.stderr);
            let word = format!("`{}` belongs to another user (uid {NOBODY_HERE})", own.display());
            assert!(ran.stderr.contains(&word), "{}", ran.stderr);
            assert!(ran.stderr.contains("--config FILE"), "{}", ran.stderr);
            assert!(ran.stderr.contains("sudo chown"), "{}", ran.stderr);
        }
    }
}

#[test]
fn no_error_of_the_configuration_shows_a_line_of_it() {
    let world = World::new();
    for text in [
        "[profiles.w]\nclient-secret = 'hunter2'\n",
        "[defaults]\nquiet = 'hunter2'\n",
        "password hunter2\n",
        "[defaults]\ntenant = \"hunter2\n",
    ] {
        world.write_config(text);
        for args in [&["config", "check"][..], &["token"]] {
            let ran = world.run(args);
            assert_eq!(ran.exit, Exit::Usage, "{}", ran.stderr);
            assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
        }
    }
}

#[test]
fn a_key_file_may_be_a_link_and_has_to_be_private() {
    let world = World::new();
    world.unset("ENTRADA_STORE_KEY");
    let dir = tempfile::tempdir().unwrap();
    let version = dir.path().join("..2026_11_29");
    fs::create_dir(&version).unwrap();
    let real = version.join("key");
    fs::write(&real, format!("{}\n", "5e".repeat(32))).unwrap();
    symlink("..2026_11_29", dir.path().join("..data")).unwrap();
    let key = dir.path().join("key");
    symlink("..data/key", &key).unwrap();
    world.set("ENTRADA_STORE_KEY_FILE", key.to_str().unwrap());
    fs::set_permissions(&real, fs::Permissions::from_mode(0o400)).unwrap();
    world.login(&[]);
    assert_eq!(world.run(&["token"]).exit, Exit::Success);
    let refused = |word: &str| {
        let ran = world.run(&["token"]);
        assert_eq!((ran.exit, ran.stdout.as_str()), (Exit::Store, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(word), "{}", ran.stderr);
    };
    fs::set_permissions(&real, fs::Permissions::from_mode(0o444)).unwrap();
    refused("chmod 600");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&real, "hunter2").unwrap();
    refused("openssl rand");
    fs::remove_file(&real).unwrap();
    refused("there is no key file");
    pipe(&real);
    refused("a pipe, not a plain file");
    fs::remove_file(&key).unwrap();
    symlink("/dev/zero", &key).unwrap();
    refused("a device, not a plain file");
}

#[test]
fn certificates_and_claims_are_plain_files_too() {
    let world = signed_in();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    pipe(&path);
    let large = dir.path().join("large");
    fs::File::create(&large).unwrap().set_len(3 << 30).unwrap();
    for (path, word) in
        [(&*path, "a pipe"), (&*large, "larger than"), (Path::new("/dev/zero"), "a device")]
    {
        let path = path.to_str().unwrap();
        for argument in [format!("--ca-bundle={path}"), format!("--claims=@{path}")] {
            let ran = world.run(&["token", &argument]);
            assert_eq!(ran.exit, Exit::Usage, "{argument}: {}", ran.stderr);
            assert!(ran.stderr.contains(word), "{argument}: {}", ran.stderr);
        }
    }
}

#[test]
fn no_output_replaces_a_file_that_is_read() {
    let world = World::new();
    world.login(&[]);
    let dir = world.home.path();
    let token = dir.join("tok");
    let content = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln";
    let name = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    std::fs::write(&token, content).unwrap();
    let hard = dir.join("hard");
    std::fs::hard_link(&token, &hard).unwrap();
    let claims = dir.join("claims.json");
    std::fs::write(&claims, r#"{"access_token":{"acrs":null}}"#).unwrap();
    let at_claims = format!("@{}", name(&claims));
    let challenge = name(&dir.join("challenge"));
    let answer = r#"WWW-Authenticate: Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6bnVsbH19""#;
    std::fs::write(&challenge, answer).unwrap();
    let at_challenge = format!("@{challenge}");
    world.write_config("[defaults]\nquiet = true\n");
    let config = world.config_path();
    let (token, hard, claims_name, config_name) =
        (name(&token), name(&hard), name(&claims), name(&config));
    let before = [&token, &claims_name, &config_name].map(|path| std::fs::read(path).unwrap());
    for argv in [
        &["diagnose", &token, "--report", &token][..],
        &["diagnose", &token, "--report", &hard],
        &["diagnose", &hard, "--report", &token],
        &["diagnose", "AADSTS65001: no", &token, "--report", &token],
        &["diagnose", &token, "--job", "imap", "--report", &config_name],
        &["probe", "--token-from", &token, "--transcript", &token],
        &["probe", "--token-from", &token, "--transcript", &hard],
        &["token", "--force-refresh", "--claims", &at_claims, "--trace", &claims_name],
        &["token", "--force-refresh", "--challenge", &at_challenge, "--trace", &challenge],
        &["token", "--force-refresh", "--trace", &config_name],
        &["export", "--msal", "--force", "--output", &config_name],
    ] {
        let run = world.run_exactly(argv, "");
        assert_eq!(run.exit, Exit::Usage, "{argv:?}: {}", run.stderr);
        assert!(run.stderr.contains("nothing was written"), "{argv:?}: {}", run.stderr);
        let now = [&token, &claims_name, &config_name].map(|path| std::fs::read(path).unwrap());
        assert!(now == before, "{argv:?}");
    }
    // One file for two outputs keeps one of them.
    let new = name(&dir.join("new"));
    world.clock.pass(7_200);
    let run = world.run_exactly(&["probe", "--transcript", &new, "--trace", &new], "");
    assert_eq!(run.exit, Exit::Usage, "{}", run.stderr);
    assert!(!std::path::Path::new(&new).exists());
    // The key of the store is read last.
    let key = dir.join("key");
    fs::write(&key, crate::world::STORE_KEY).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    world.unset("ENTRADA_STORE_KEY");
    let key = name(&key);
    for flag in ["--transcript", "--trace"] {
        let run = world.run_exactly(&["probe", "--store-key-file", &key, flag, &key], "");
        assert_eq!(run.exit, Exit::Usage, "{}", run.stderr);
        assert_eq!(fs::read_to_string(&key).unwrap(), crate::world::STORE_KEY);
    }
    // Another file is written as ever.
    let run = world.run_exactly(&["diagnose", &token, "--report", &new], "");
    assert!(std::path::Path::new(&new).exists(), "{}", run.stderr);
}

#[test]
fn a_file_of_settings_in_a_folder_that_others_can_fill_is_refused() {
    let world = World::new();
    world.write_config("[defaults]\nquiet = true\n");
    let above = world.home.path().join(".config");
    let set =
        |mode| std::fs::set_permissions(&above, std::fs::Permissions::from_mode(mode)).unwrap();
    for (mode, is_fine) in [(0o755, true), (0o777, false), (0o775, false), (0o1777, true)] {
        set(mode);
        let run = world.run_exactly(&["config", "check"], "");
        assert_eq!(run.exit == Exit::Success, is_fine, "{mode:o}: {}", run.stderr);
        assert!(is_fine || run.stderr.contains("chmod go-w"), "{}", run.stderr);
        std::fs::write(above.join("claims"), "{}").unwrap();
        let claims = format!("@{}", above.join("claims").display());
        let run = world.run_exactly(
            &["token", "--config", "/dev/null", "--claims", &claims, "--no-interactive"],
            "",
        );
        assert_eq!(run.exit == Exit::Usage, !is_fine, "{mode:o}: {}", run.stderr);
        // Evidence may be anybody's.
        std::fs::write(above.join("tok"), "AADSTS65001: no").unwrap();
        let tok = above.join("tok");
        let run =
            world.run_exactly(&["diagnose", "--config", "/dev/null", tok.to_str().unwrap()], "");
        assert_eq!(run.exit, Exit::Findings, "{}", run.stderr);
    }
}

#[test]
fn the_pages_of_the_manual_go_to_no_folder_that_is_called_standard_output() {
    let run = World::new().run_exactly(&["man", "--dir", "-"], "");
    assert_eq!(run.exit, Exit::Usage, "{}", run.stderr);
    assert!(!std::path::Path::new("-").exists());
}

#[test]
fn help_stands_with_the_error_that_it_is_for() {
    let world = signed_in();
    let dir = world.home.path();
    let name = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    symlink("gone", dir.join("link")).unwrap();
    let says = |argv: &[&str], help: Option<&str>| {
        let run = world.run_exactly(argv, "");
        assert_ne!(run.exit, Exit::Success, "{argv:?}");
        let found = run.stderr.lines().find(|line| line.contains("help: "));
        match help {
            Some(help) => assert!(found.is_some_and(|line| line.contains(help)), "{}", run.stderr),
            None => assert_eq!(found, None, "{}", run.stderr),
        }
    };
    let report = |path: &str, help| says(&["diagnose", "AADSTS65001: no", "--report", path], help);
    report(&name("link"), None);
    report(&name(""), None);
    report(&name("no/such/folder"), Some("a folder that is there"));
    report("/proc/x", Some("--report FILE"));
    says(&["man", "--dir", "/proc"], Some("--dir FOLDER"));
    // A folder is no program's output.
    says(&["token", "--claims", &format!("@{}", dir.display())], None);
    says(&["probe", "--token-from", dir.to_str().unwrap()], None);
    says(&["probe", "--token-from", &name("gone")], Some("--token-from -"));
    world.set("ENTRADA_STORE_KEY", "no key");
    let run = world.run_exactly(&["token"], "");
    assert!(!run.stderr.contains("make that folder writable"), "{}", run.stderr);
}
