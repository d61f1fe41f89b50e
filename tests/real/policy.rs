//! The administrator's file at its real path, in a mount namespace of its own.

use std::fs;
use std::process::Command;

use crate::program::{ENTRADA, Emulation, run};

/// `entrada arguments…` on a machine whose `/etc/entrada/config.toml` holds `policy`.
fn entrada_under(policy: &str, directory: &std::path::Path, arguments: &[&str]) -> Command {
    let extra = directory.join("etc");
    fs::create_dir_all(extra.join("entrada")).unwrap();
    fs::write(extra.join("entrada/config.toml"), policy).unwrap();
    let mount = "mount -t overlay overlay -o \"lowerdir=$1:/etc\" /etc && shift && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-r", "-m", "sh", "-c", mount, "sh"]).arg(&extra).arg(ENTRADA).args(arguments);
    command.env("HOME", directory).env("ENTRADA_STORE", "memory");
    command
}

#[test]
fn what_the_file_forbids_is_forbidden_whatever_the_user_sets() {
    let entra = Emulation::new("auto-approve");
    let directory = tempfile::tempdir().unwrap();
    let own = directory.path().join("own.toml");
    fs::write(&own, "[defaults]\nflow = \"device\"\nno-device = false\n").unwrap();
    let own = own.to_str().unwrap();
    for arguments in [
        &["login", "--flow", "device"][..],
        &["login", "--flow", "device", "--no-device=false"],
        &["login", "--config", own],
        &["login", "--config", "/dev/null", "--flow", "device"],
    ] {
        let mut command =
            entrada_under("flow-allow = [\"browser\"]\n", directory.path(), arguments);
        command.envs(entra.settings()).env("ENTRADA_NO_DEVICE", "0");
        // Names that a program might be expected to read its path from.
        for name in ["XDG_CONFIG_DIRS", "ProgramData", "PROGRAMDATA"] {
            command.env(name, "/nonexistent");
        }
        run(&mut command).with(2).saying("/etc/entrada/config.toml");
    }
    let mut allowed = entrada_under("", directory.path(), &["login", "--flow", "device"]);
    run(allowed.envs(entra.settings())).with(0);
}
