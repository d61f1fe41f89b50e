//! Little memory, and clocks that are wrong: the right exit code, and nothing lost.

use std::process::Command;

use crate::desk::Desk;
use crate::program::{ENTRADA, Emulation, run};

struct Limited {
    desk: Desk,
    entra: Emulation,
}

impl Limited {
    fn new() -> Self {
        let limited = Self { desk: Desk::bare(), entra: Emulation::new("auto-approve") };
        run(limited.command(ENTRADA).arg("login")).with(0);
        limited
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.desk.command(program);
        command
            .envs(self.entra.settings())
            .env("ENTRADA_STORE", "file")
            .env("ENTRADA_STORE_KEY", "5e".repeat(32));
        command
    }
}

#[test]
fn a_hundred_mebibytes_of_addresses_are_enough() {
    let limited = Limited::new();
    let words = ["token", "token --force-refresh", "token --trace t.har", "status", "accounts"];
    for words in words {
        let line = format!("ulimit -v 102400 && cd \"$HOME\" && exec \"$0\" {words}");
        run(limited.command("sh").args(["-c", &line, ENTRADA])).with(0);
    }
    let line = "ulimit -v 102400 && printf invalid_grant | exec \"$0\" diagnose --job imap";
    run(limited.command("sh").args(["-c", line, ENTRADA])).with(10);
}

#[test]
fn a_clock_that_jumps_loses_nothing_and_refreshes_where_it_must() {
    let limited = Limited::new();
    // A day ahead, a token of an hour has run out; a clock that is behind the token's issue cannot tell its age.
    for shift in ["+1d", "-1d", "+400d", "-400d"] {
        let before = limited.entra.posts("refresh_token");
        let mut shifted = limited.command("/usr/bin/faketime");
        let ended = run(shifted.args(["-f", shift, ENTRADA, "token"])).with(0);
        assert_eq!(limited.entra.posts("refresh_token") - before, 1, "{shift}: {}", ended.err);
        // Back to the right time: a token, whatever the wrong clock wrote into the store.
        run(limited.command(ENTRADA).arg("token")).with(0);
        run(limited.command(ENTRADA).args(["token", "--force-refresh"])).with(0);
    }
}

#[test]
fn a_disk_that_is_nearly_full_costs_no_sign_in() {
    // An authority that accepts each refresh token once, and a disk of 400 kB with a few free.
    let desk = Desk::bare();
    let entra = Emulation::new("rotate-and-revoke");
    let script = "
        \"$0\" login || exit 1
        for free in 0 4 12 24 60 80; do
            left=$(df -k --output=avail \"$HOME\" | tail -1)
            head -c $(((left - free) * 1024)) /dev/zero >\"$HOME/rest\"
            \"$0\" token --force-refresh >/dev/null
            echo \"$free: $?\"
            rm \"$HOME/rest\"
            \"$0\" token --force-refresh >/dev/null || exit 1
        done";
    let home = desk.dir.path().join("home");
    let home = home.to_str().unwrap();
    let mut command = desk.command("bwrap");
    command
        .args(["--dev-bind", "/", "/", "--size", "400000", "--tmpfs", home])
        .args(["sh", "-c", script, ENTRADA])
        .envs(entra.settings())
        .envs([("ENTRADA_STORE", "file".to_owned()), ("ENTRADA_STORE_KEY", "5e".repeat(32))]);
    let ended = run(&mut command).with(0);
    let codes = ended.out.lines().filter_map(|line| line.split_once(": "));
    let refused = codes.clone().filter(|(_, code)| *code == "7").count();
    assert!(
        refused > 0 && codes.clone().all(|(_, code)| code == "0" || code == "7"),
        "{}",
        ended.out
    );
    // Each run that was refused had sent nothing.
    assert_eq!(entra.posts("refresh_token"), 2 * 6 - refused, "{}", ended.out);
}
