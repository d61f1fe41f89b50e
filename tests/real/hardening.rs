//! What other programs of the same user can see of a running entrada.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use crate::program::{ENTRADA, start};

/// As a user other than root: who owns the files in `/proc/PID` shows then whether the process can be read.
fn as_user(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return shell;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c"]);
    command.args(shell.get_args().skip(1));
    command
}

#[test]
fn no_program_of_the_user_reads_the_memory_and_no_core_is_dumped() {
    let line = format!("ulimit -S -c $(ulimit -H -c) && exec {ENTRADA} emulator --port 0");
    let running = start(as_user(&line).env_remove("HOME"));
    running.hear_of("http://");
    let process = format!("/proc/{}", running.pid());
    let owner = fs::metadata(format!("{process}/environ")).unwrap().uid();
    assert_eq!(owner, 0, "it could be traced, and its environment read");
    let limits = fs::read_to_string(format!("{process}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let soft = core.trim_start_matches("Max core file size").split_whitespace().next();
    assert_eq!(soft, Some("0"), "{core}");
    running.signal("TERM");
    running.end();
}
