//! No command shows a secret, or leaves one in a file.

use crate::command_lines::one_for_each_command;
use crate::machine::{Ended, Machine};

#[test]
fn every_command_keeps_the_secrets_of_a_stored_grant() {
    for store in ["keyring", "file"] {
        for command in one_for_each_command() {
            let machine = Machine::new(store, "auto-approve");
            machine.run(&["login"]).with(0);
            let mut program = machine.entrada(&["-vv"]);
            // Nothing leaves this machine, whatever service a command asks.
            program.args(&command).env("HTTPS_PROXY", "http://127.0.0.1:9");
            let ended = Ended::from(program.output().unwrap());
            assert!(matches!(ended.code, Some(0 | 2..=11 | 126)), "{command:?}: {ended:#?}");
            let prints_a_token = matches!(command[0].as_str(), "token" | "export");
            machine.assert_no_secret_in_output(&ended, prints_a_token);
            machine.assert_no_secret_in_files();
            machine.run(&["logout"]);
        }
    }
}
