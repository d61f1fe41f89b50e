//! Azure's own client, who finds us where it looks for the Azure CLI.

use std::path::PathBuf;
use std::process::Command;

use entrada_emulator::account::CONTOSO;
use serde_json::Value;

use crate::consumers::Home;
use crate::program::{ENTRADA, Emulation, run};

const GRAPH: &str = "https://graph.microsoft.com/.default";

/// `AzureCliCredential`, asked for a token for Graph, with a folder on PATH where we are called `az`.
fn credential(home: &Home, tenant: Option<&str>) -> Command {
    let folder = home.folder.path().join("bin");
    let az = folder.join("az");
    if !az.exists() {
        std::fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(ENTRADA, &az).unwrap();
    }
    let path = [folder, PathBuf::from("/usr/bin"), PathBuf::from("/bin")];
    let mut command = home.python("azure_cli.py");
    command.env("PATH", std::env::join_paths(path).unwrap()).arg(GRAPH).args(tenant);
    command
}

fn answer(command: &mut Command) -> Value {
    let ended = run(command).with(0);
    serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:#?}"))
}

#[test]
fn azure_identity_takes_the_token_that_is_stored() {
    for tenant in [None, Some(CONTOSO)] {
        let home = Home::empty(Emulation::new("auto-approve"));
        let own = |mut command: Command| {
            command.envs(tenant.map(|tenant| ("ENTRADA_TENANT", tenant)));
            command
        };
        run(own(home.command(ENTRADA)).arg("login")).with(0);
        let taken = answer(&mut own(credential(&home, tenant)));
        let refreshes = home.emulation.posts("refresh_token");
        let mut ours = own(home.command(ENTRADA));
        let ours = answer(ours.args(["token", "-o", "json", "--scope", GRAPH]));
        assert_eq!(taken["token"], ours["access_token"]);
        assert!(taken["token"].as_str().is_some_and(|token| token.starts_with("eyJ")));
        assert!(ours["expires_at"].is_i64() && taken["expires_on"] == ours["expires_at"]);
        let info = &taken["info"];
        assert_eq!((&info["token"], &info["expires_on"]), (&taken["token"], &taken["expires_on"]));
        assert_eq!(info["token_type"], "Bearer");
        assert_eq!(home.emulation.posts("refresh_token"), refreshes, "it was there");
    }
}

#[test]
fn azure_identity_may_try_another_credential_where_nobody_is_signed_in() {
    let home = Home::empty(Emulation::new("auto-approve"));
    for tenant in [None, Some(CONTOSO)] {
        let told = answer(&mut credential(&home, tenant));
        let told = told["unavailable"].as_str().expect("CredentialUnavailableError");
        assert!(told.contains("az login"), "{told}");
    }
}
