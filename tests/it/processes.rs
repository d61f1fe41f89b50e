//! What a process is given at its start: streams, descriptors, variables, signals.

use std::process::{Command, Output};

use entrada::cli::Exit;
use entrada::config::{keys, variable};
use tempfile::TempDir;

use crate::smoke::{Emulator, entrada, text};
use crate::world::World;

/// Runs `entrada` as `line` of a shell says, in which it is `"$0"`.
fn by_shell(emulator: &Emulator, home: &TempDir, line: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
    shell.args(["-c", line, env!("CARGO_BIN_EXE_entrada")]).stdin(std::process::Stdio::null());
    emulator.set(&mut shell).output().unwrap()
}

#[test]
fn a_closed_output_ends_the_program_before_it_opens_anything() {
    let home = TempDir::new().unwrap();
    let emulator = Emulator::start(&home, &[]);
    for (closed, what) in [
        (">&-", "standard output is not open for writing"),
        ("1</dev/null", "standard output is not open for writing"),
        ("2>&-", ""),
        ("<&- >&-", "standard output is not open for writing"),
        (">&- 2>&-", ""),
        ("<&- >&- 2>&-", ""),
    ] {
        for command in
            ["token --trace \"$HOME/t.har\"", "login", "--version", "exec -- true", "man", "az"]
        {
            let ended = by_shell(&emulator, &home, &format!("exec \"$0\" {command} {closed}"));
            assert_eq!(ended.status.code(), Some(2), "{command} {closed}: {ended:?}");
            let said = text(&ended.stderr);
            if what.is_empty() {
                assert_eq!(said, "");
            } else {
                assert!(said.starts_with(&format!("error: {what}\n")), "{said}");
            }
            assert_eq!(text(&ended.stdout), "");
        }
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "nothing was opened");
}

#[test]
fn a_closed_input_is_an_empty_one() {
    let home = TempDir::new().unwrap();
    let emulator = Emulator::start(&home, &[]);
    assert_eq!(emulator.client(&home, &["login"]).status.code(), Some(0));
    std::fs::write(home.path().join("e.json"), r#"{"error":"invalid_grant"}"#).unwrap();
    for (command, code, said) in [
        ("--version", 0, ""),
        ("token --trace \"$HOME/t.har\" --force-refresh", 0, ""),
        ("diagnose \"$HOME/e.json\"", 10, ""),
        ("diagnose", 2, "the input is empty"),
        // What is opened next is no input of a program that is started.
        ("exec -- sh -c 'test -z \"$(cat)\"'", 0, ""),
    ] {
        let ended = by_shell(&emulator, &home, &format!("exec \"$0\" {command} <&-"));
        let all = format!("{}{}", text(&ended.stdout), text(&ended.stderr));
        assert_eq!(ended.status.code(), Some(code), "{command}: {all}");
        assert!(all.contains(said), "{command}: {all}");
    }
}

#[test]
fn a_standard_stream_that_leads_to_nowhere_is_none_that_is_closed() {
    let home = TempDir::new().unwrap();
    let emulator = Emulator::start(&home, &[]);
    // For writing alone, as shells open it, and for both, as Python's `DEVNULL` is.
    for nowhere in ["</dev/null >/dev/null 2>/dev/null", "0<>/dev/null 1<>/dev/null 2<>/dev/null"] {
        let ended = by_shell(&emulator, &home, &format!("exec \"$0\" explain 65001 {nowhere}"));
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    }
}

#[test]
fn a_limit_for_files_is_an_error_and_kills_nothing() {
    let home = TempDir::new().unwrap();
    let emulator = Emulator::start(&home, &[]);
    assert_eq!(emulator.client(&home, &["login"]).status.code(), Some(0));
    let evidence = home.path().join("e.json");
    std::fs::write(&evidence, r#"{"error":"invalid_grant"}"#).unwrap();
    for (command, code) in
        [("diagnose \"$HOME/e.json\" --report \"$HOME/rep.html\"", 2), ("token --force-refresh", 7)]
    {
        let ended = by_shell(&emulator, &home, &format!("ulimit -f 0; exec \"$0\" {command}"));
        let said = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{command}: {:?} {said}", ended.status);
        assert!(said.contains("error: "), "{command}: {said}");
    }
    assert_eq!(emulator.client(&home, &["token", "--force-refresh"]).status.code(), Some(0));
}

#[test]
fn a_change_of_the_key_without_room_for_the_largest_item_does_not_begin() {
    let home = TempDir::new().unwrap();
    let emulator = Emulator::start(&home, &[]);
    assert_eq!(emulator.client(&home, &["login"]).status.code(), Some(0));
    let items = home.path().join(".local/share/entrada/grants");
    let largest = std::fs::read_dir(&items).unwrap().flatten();
    let largest = largest.filter_map(|item| Some(item.metadata().ok()?.len())).max().unwrap();
    assert!(1_024 < largest, "{largest}");
    // Enough for the mark, the key file and the recovery key.
    let ended = by_shell(&emulator, &home, "ulimit -f 1; exec \"$0\" store rekey");
    let said = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(7), "{said}");
    assert!(said.contains("set room aside"), "{said}");
    assert!(!items.join("rekey-unfinished").exists(), "{said}");
    assert!(!home.path().join(".config/entrada/store.key").exists(), "{said}");
    assert_eq!(emulator.client(&home, &["token", "--force-refresh"]).status.code(), Some(0));
}

#[test]
fn with_few_descriptors_there_is_an_exit_code_and_no_panic() {
    let home = TempDir::new().unwrap();
    let emulator = Emulator::start(&home, &[]);
    assert_eq!(emulator.client(&home, &["login"]).status.code(), Some(0));
    let commands = [
        "token",
        "token --force-refresh",
        "token --store keyring",
        "token --force-refresh --trace \"$HOME/t.har\"",
        "login --flow browser --timeout 1s",
        "emulator --port 0",
        "status",
        "doctor",
        "exec --fd 4 -- true",
    ];
    // With less the system cannot load a program; with more than 12 the event loop comes up, and what follows has too few.
    for limit in 5..=20 {
        for command in if limit <= 12 { &commands[..] } else { &commands[..3] } {
            let line = format!("ulimit -n {limit} || exit 2; exec \"$0\" {command}");
            let ended = by_shell(&emulator, &home, &line);
            let said = text(&ended.stderr);
            let run = format!("{limit} {command}: {:?} {said}", ended.status);
            assert!(!said.contains("panic") && !said.contains("defect"), "{run}");
            let code = ended.status.code();
            // 127 is that of the system's loader.
            let known = [0, 1, 2, 3, 4, 6, 7, 10, 126, 127];
            assert!(code.is_some_and(|code| known.contains(&code)), "{run}");
            let is_answer = code == Some(0) || !command.starts_with("token");
            assert!(is_answer || ended.stdout.is_empty(), "{run}");
        }
    }
    assert_eq!(emulator.client(&home, &["token", "--force-refresh"]).status.code(), Some(0));
}

#[test]
fn nobody_signs_in_where_too_few_descriptors_are_left_to_store_it() {
    let seed = TempDir::new().unwrap();
    let emulator = Emulator::start(&seed, &[]);
    let mut codes = std::collections::BTreeSet::new();
    for limit in (10..=28).step_by(2).chain([13, 23, 25, 64]) {
        let home = TempDir::new().unwrap();
        let flow = "login --flow device --timeout 8s";
        let line = format!("ulimit -n {limit} || exit 2; exec \"$0\" {flow}");
        let ended = by_shell(&emulator, &home, &line);
        let said = text(&ended.stderr);
        let code = ended.status.code();
        codes.insert(code);
        let run = format!("{limit}: {code:?} {said}");
        assert!(!said.contains("/devicelogin") || code == Some(0), "{run}");
        if code == Some(0) {
            assert_eq!(emulator.client(&home, &["token"]).status.code(), Some(0), "{run}");
        }
    }
    assert!(codes.contains(&Some(0)) && codes.contains(&Some(7)), "{codes:?}");
}

#[test]
fn a_program_gets_our_settings_and_none_of_our_secrets() {
    let home = TempDir::new().unwrap();
    let emulator = Emulator::start(&home, &[]);
    assert_eq!(emulator.client(&home, &["login"]).status.code(), Some(0));
    let token = text(&emulator.client(&home, &["token"]).stdout);
    for by in [&[][..], &["--fd", "9"]] {
        let args = [&["exec"], by, &["--", "/usr/bin/env"]].concat();
        let mut command = entrada(&home);
        // A slip of the pen holds a key as well.
        let command = emulator.set(command.args(args)).env("ENTRADA_STORE_KEI", "5ec7e7");
        let seen = text(&command.output().unwrap().stdout);
        assert!(seen.contains("ENTRADA_TENANT=organizations\n"), "{seen}");
        assert!(!seen.contains("ENTRADA_STORE_KE"), "{seen}");
        assert!(!seen.contains("00112233") && !seen.contains("5ec7e7"), "{seen}");
    }
    let args =
        ["exec", "--variable", "ENTRADA_STORE_KEY", "--", "sh", "-c", "echo $ENTRADA_STORE_KEY"];
    assert_eq!(text(&emulator.client(&home, &args).stdout), token, "asked for by name");
}

#[test]
fn a_variable_that_is_no_text_is_an_error_before_anything_is_sent() {
    let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"];
    let others = ["CI", "BROWSER", "DBUS_SESSION_BUS_ADDRESS", "KUBERNETES_EXEC_INFO"];
    let own =
        ["STORE_KEY", "PROFILE", "CONFIG", "NO_SUCH_THING"].map(|name| format!("ENTRADA_{name}"));
    let settings = keys().iter().map(|key| variable(key));
    let names =
        proxies.iter().chain(&others).map(|name| (*name).to_owned()).chain(own).chain(settings);
    for name in names {
        for value in [&b"\xff"[..], b"http://proxy.example:\xe9", b"true\xc3"] {
            let world = World::new();
            world.set_bytes(&name, value);
            for command in ["login", "token", "doctor"] {
                let run = world.run_exactly(&[command], "");
                assert_eq!(run.exit, Exit::Usage, "{name}: {}", run.stderr);
                let said = format!("error: the variable {name} is not UTF-8\n");
                assert!(run.stderr.starts_with(&said), "{}", run.stderr);
                assert_eq!(run.stdout, "");
            }
            assert!(world.emulator.log().is_empty(), "{name}");
            assert_eq!(world.run_exactly(&["--version"], "").exit, Exit::Success);
        }
    }
}

#[test]
fn a_variable_that_is_no_text_and_not_read_as_text_changes_nothing() {
    let world = World::new();
    for name in ["TERM", "NO_COLOR", "DISPLAY", "LS_COLORS", "HTTP_PROXY", "PATH"] {
        world.set_bytes(name, b"/\xff");
    }
    world.login(&[]);
}

#[test]
fn nobody_is_asked_in_ci_and_ci_that_says_no_is_none() {
    for (ci, exit) in [
        ("true", Exit::SignInNeeded),
        ("1", Exit::SignInNeeded),
        ("woodpecker", Exit::SignInNeeded),
        ("false", Exit::Success),
        ("False", Exit::Success),
        ("0", Exit::Success),
        ("no", Exit::Success),
        ("off", Exit::Success),
        ("", Exit::Success),
    ] {
        let world = World::new().at_a_terminal();
        world.set("CI", ci);
        assert_eq!(world.run(&["token"]).exit, exit, "CI={ci}");
        let doctor = world.run(&["doctor"]);
        let is_ci = doctor.stdout.contains("the variable CI is set");
        assert_eq!(is_ci, exit == Exit::SignInNeeded, "CI={ci}: {}", doctor.stdout);
    }
}

#[test]
fn a_panic_is_an_exit_code_and_the_next_run_finds_all_in_order() {
    let world = World::new();
    world.login(&[]);
    world.changing(|_, _| panic!("a defect, on purpose"));
    let run = world.run(&["token", "--force-refresh"]);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Failure, ""));
    assert!(
        run.stderr.contains("error: entrada stopped because of a defect in entrada\n"),
        "{}",
        run.stderr
    );
    world.changing(|_, answer| answer);
    let run = world.run(&["token", "--force-refresh", "--lock-timeout", "0s"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
}

#[test]
fn a_panic_unwinds_in_every_profile() {
    let manifest =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    for (name, profile) in manifest["profile"].as_table().unwrap() {
        assert_eq!(
            profile.get("panic"),
            None,
            "[profile.{name}]: what the tests say would not hold there"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_is_ignored_at_the_start_stays_ignored() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    use rustix::process::{Pid, Signal, kill_process};
    let home = TempDir::new().unwrap();
    // As in a background job of a script, and under `nohup`.
    let line = "trap '' INT HUP; exec \"$0\" demo";
    let mut demo = Command::new("sh")
        .env_clear()
        .env("HOME", home.path())
        .args(["-c", line, env!("CARGO_BIN_EXE_entrada")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(demo.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.any(|line| line.contains("/devicelogin")));
    for signal in [Signal::INT, Signal::HUP, Signal::TERM] {
        kill_process(Pid::from_child(&demo), signal).unwrap();
    }
    assert_eq!(demo.wait().unwrap().code(), Some(143), "{:?}", said.collect::<Vec<_>>());
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_runs_the_tests_may_ignore_signals() {
    let test = "smoke::a_signal_ends_the_demo_with_its_own_number";
    let line = "trap '' INT HUP QUIT TERM; exec \"$0\" --exact \"$1\"";
    let tests = std::env::current_exe().unwrap();
    let output = Command::new("sh").args(["-c", line]).arg(tests).arg(test).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("1 passed"), "{}", text(&output.stdout));
}
