//! `entrada doctor` on machines of which one thing is wrong.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::desk::Desk;
use crate::program::{ENTRADA, Emulation, run};

/// A machine, and an Entra ID on TLS whose authority it trusts.
struct Machine {
    desk: Desk,
    entra: Emulation,
}

impl Machine {
    fn with(desk: Desk) -> Self {
        let (entra, trust) = Emulation::by_https("auto-approve");
        fs::write(desk.dir.path().join("ca.pem"), trust).unwrap();
        Self { desk, entra }
    }

    fn sound() -> Self {
        Self::with(Desk::unlocked())
    }

    /// `entrada doctor` by `program`, which runs it with its own arguments first.
    fn command(&self, program: &[&str]) -> Command {
        let mut command = self.desk.command(program[0]);
        command
            .args(&program[1..])
            .args(["doctor", "-o", "json"])
            .envs(self.entra.settings())
            .env("ENTRADA_CA_BUNDLE", self.desk.dir.path().join("ca.pem"));
        command
    }
}

/// Runs it, and gives all lines as `name`, `state` and what was found.
#[track_caller]
fn lines(command: &mut Command) -> Vec<(String, String, String)> {
    let ended = run(command);
    let told: Value =
        serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:#?}"));
    let text = |check: &Value, member: &str| check[member].as_str().unwrap().to_owned();
    let checks = told["checks"].as_array().unwrap().iter();
    let lines: Vec<_> = checks
        .map(|check| (text(check, "name"), text(check, "state"), text(check, "found")))
        .collect();
    let bad = lines.iter().any(|(_, state, _)| state == "bad");
    assert_eq!(ended.code, Some(if bad { 10 } else { 0 }), "{ended:#?}");
    assert_eq!(told["ok"], !bad);
    for check in told["checks"].as_array().unwrap() {
        let helps = !check["help"].as_array().unwrap().is_empty();
        assert!(helps || check["state"] != "bad", "nothing is said that helps: {check}");
    }
    lines
}

/// The one thing that is wrong is `name`, and what is found of it holds `found`.
#[track_caller]
fn one_is_wrong(command: &mut Command, name: &str, found: &str) {
    let all = lines(command);
    let bad: Vec<_> = all.iter().filter(|(_, state, _)| state == "bad").collect();
    assert!(bad.len() == 1 && bad[0].0 == name && bad[0].2.contains(found), "{all:#?}");
    // What could not be looked at names the one that has to be mended.
    for (_, _, why) in all.iter().filter(|(_, state, _)| state == "passed-over") {
        assert_eq!(*why, format!("skipped: see `{name}`"), "{all:#?}");
    }
}

#[test]
fn a_sound_machine_has_nothing_bad() {
    let all = lines(&mut Machine::sound().command(&[ENTRADA]));
    assert!(all.iter().all(|(_, state, _)| state != "bad" && state != "passed-over"), "{all:#?}");
    let names: Vec<&str> = all.iter().map(|(name, ..)| name.as_str()).collect();
    let expected = [
        "config",
        "profile",
        "folders",
        "dns",
        "proxy",
        "tls",
        "authority",
        "clock",
        "store",
        "sign-in",
        "browser",
        "loopback",
        "terminal",
    ];
    assert_eq!(names, expected);
    let store = &all[8];
    assert_eq!(store.2, "gnome-keyring: 4096 bytes were stored and read back");
}

#[test]
fn a_keyring_that_is_not_there_or_locked_is_named() {
    let absent = Machine::with(Desk::bare());
    one_is_wrong(
        &mut absent.command(&[ENTRADA]),
        "store",
        "no program provides `org.freedesktop.secrets`",
    );
    let mut locked = Machine::sound();
    // A keyring to lock there is only once something is in it.
    lines(&mut locked.command(&[ENTRADA]));
    locked.desk.lock();
    one_is_wrong(&mut locked.command(&[ENTRADA]), "store", "locked");
}

#[test]
fn a_clock_that_is_off_is_named() {
    let machine = Machine::sound();
    for (shift, found) in [("+3h", "3 h ahead of localhost"), ("-10m", "10 min behind localhost")] {
        let mut command = machine.command(&["/usr/bin/faketime", "-f", shift, ENTRADA]);
        one_is_wrong(&mut command, "clock", found);
    }
}

#[test]
fn a_name_a_proxy_and_a_certificate_are_told_apart() {
    let machine = Machine::sound();
    let elsewhere = |command: &mut Command| {
        command.env("ENTRADA_AUTHORITY", "https://login.example.invalid");
    };
    let mut nameless = machine.command(&[ENTRADA]);
    elsewhere(&mut nameless);
    one_is_wrong(&mut nameless, "dns", "login.example.invalid cannot be resolved");
    let mut proxied = machine.command(&[ENTRADA]);
    elsewhere(&mut proxied);
    proxied.env("HTTPS_PROXY", "http://127.0.0.1:9");
    one_is_wrong(&mut proxied, "proxy", "could not connect to the proxy 127.0.0.1:9");
    let mut private = machine.command(&[ENTRADA]);
    private.env_remove("ENTRADA_CA_BUNDLE");
    one_is_wrong(
        &mut private,
        "tls",
        "was issued by `entrada emulator`, which is not trusted here",
    );
    let Machine { desk, entra } = machine;
    let base = entra.base.clone();
    drop(entra);
    let mut dead = desk.command(ENTRADA);
    dead.args(["doctor", "-o", "json", "--authority", &base]);
    dead.args(["--client-id", "11111111-2222-4333-8444-555555555555", "--tenant", "organizations"]);
    one_is_wrong(&mut dead, "authority", "could not connect");
}

#[test]
fn a_home_that_cannot_be_written_and_a_wrong_configuration_are_named() {
    let machine = Machine::sound();
    let mut homeless = machine.command(&[ENTRADA]);
    for name in ["XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        homeless.env_remove(name);
    }
    // Nobody can write there, not even root.
    homeless.env("HOME", "/proc/nowhere");
    one_is_wrong(&mut homeless, "folders", "/proc/nowhere/.local/state/entrada cannot be written");
    let config = machine.desk.dir.path().join("config.toml");
    for (text, name, found) in [
        ("client-id = [", "config", "config.toml"),
        ("[profiles.work]\ntennant = \"contoso.example\"\n", "config", "tennant"),
        ("[profiles.work]\ntenant = \"a b\"\n", "profile", "a b"),
    ] {
        fs::write(&config, text).unwrap();
        let mut wrong = machine.command(&[ENTRADA]);
        wrong.args(["--config", config.to_str().unwrap(), "work"]).env_remove("ENTRADA_TENANT");
        one_is_wrong(&mut wrong, name, found);
    }
}

#[test]
fn what_the_registration_seems_to_be_is_inferred_and_nobody_signs_in() {
    let machine = Machine::sound();
    let all = lines(machine.command(&[ENTRADA]).arg("--app"));
    let of =
        |name: &str| all.iter().find(|line| line.0 == name).unwrap_or_else(|| panic!("{all:#?}"));
    for name in ["application", "redirect", "public"] {
        assert!(of(name).1 == "ok" && of(name).2.ends_with("(inferred)"), "{all:#?}");
    }
    for (scenario, name, found) in [
        ("unknown-client", "application", "AADSTS700016"),
        ("not-public-client", "public", "the authority requires a client secret"),
    ] {
        let mut other = machine.command(&[ENTRADA]);
        let client = entrada_emulator::Scenario::find(scenario).unwrap().client_id;
        other.arg("--app").env("ENTRADA_CLIENT_ID", client);
        one_is_wrong(&mut other, name, found);
    }
    assert_eq!(machine.entra.posts("refresh_token"), 0);
}
