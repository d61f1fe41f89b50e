//! Many processes at once, some of them killed.

use std::collections::BTreeSet;
use std::process::Child;
use std::time::{Duration, Instant};

use entrada_emulator::RefreshFault;

use crate::machine::{Ended, Machine};

/// The number in the variable `name`, for runs that are longer than the default.
fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Lets the stored token run out, after one undisturbed refresh.
fn expire(machine: &Machine) {
    machine.emulator.inject_faults([RefreshFault::ShortLived]);
    machine.run(&["token", "--force-refresh"]).with(0);
    std::thread::sleep(Duration::from_secs(2));
}

/// `count` processes at once run `args`, share one refresh and get the same token.
#[track_caller]
fn share(machine: &Machine, count: usize, args: &[&str]) {
    let before = machine.posts("refresh_token");
    let started = Instant::now();
    let children: Vec<Child> = (0..count).map(|_| machine.spawn(args)).collect();
    let mut tokens = BTreeSet::new();
    for child in children {
        tokens.insert(Ended::from(child.wait_with_output().unwrap()).with(0).out);
    }
    println!("{count} processes in {} ms", started.elapsed().as_millis());
    assert_eq!(machine.posts("refresh_token") - before, 1, "one request");
    assert_eq!(tokens.len(), 1, "one token");
}

#[test]
fn processes_share_one_refresh_in_the_credential_manager() {
    let machine = Machine::new("keyring", "auto-approve");
    machine.run(&["login"]).with(0);
    for count in [50, 200] {
        expire(&machine);
        share(&machine, count, &["token"]);
    }
    machine.run(&["logout"]).with(0);
}

#[test]
fn processes_that_force_a_refresh_at_once_share_it() {
    for store in ["keyring", "file"] {
        let machine = Machine::new(store, "auto-approve");
        machine.run(&["login"]).with(0);
        // The response comes when all of them have read the token that they want renewed.
        machine.emulator.inject_faults([RefreshFault::Late(Duration::from_secs(25))]);
        let count = setting("STORM_CLIENTS", 50);
        share(&machine, count, &["token", "--force-refresh", "--lock-timeout", "10m"]);
        machine.run(&["logout"]).with(0);
    }
}

#[test]
fn processes_share_one_refresh_in_files() {
    let machine = Machine::new("file", "auto-approve");
    machine.run(&["login"]).with(0);
    expire(&machine);
    share(&machine, 50, &["token"]);
}

#[test]
fn a_killed_process_loses_nothing() {
    for store in ["keyring", "file"] {
        let machine = Machine::new(store, "auto-approve");
        machine.run(&["login"]).with(0);
        for round in 0..setting("ROUNDS", 3) {
            expire(&machine);
            let mut children: Vec<Child> = (0..22).map(|_| machine.spawn(&["token"])).collect();
            // 20 of them at moments that differ from round to round.
            for (number, child) in children.iter_mut().take(20).enumerate() {
                std::thread::sleep(Duration::from_millis((number * 7 + round * 13) as u64 % 40));
                let _ = child.kill();
            }
            for (number, child) in children.into_iter().enumerate() {
                let ended = Ended::from(child.wait_with_output().unwrap());
                if 20 <= number {
                    ended.with(0);
                }
            }
            machine.run(&["token"]).with(0);
        }
        machine.run(&["logout"]).with(0);
    }
}
