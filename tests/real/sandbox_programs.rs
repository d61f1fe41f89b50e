//! Programs of others in the sandbox, unmodified, up to their token and a call with it, and what is found about each.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::consumers::python;
use crate::sandbox::Place;

/// What a program said, and the findings about it, as `severity id`.
pub(super) struct Ran {
    pub(super) code: i32,
    said: String,
    findings: Vec<String>,
}

impl Ran {
    #[track_caller]
    pub(super) fn has(&self, part: &str) {
        assert!(self.said.contains(part), "{part}: {self}");
    }

    #[track_caller]
    pub(super) fn found(&self, finding: &str) {
        assert!(self.findings.iter().any(|own| own == finding), "{finding}: {self}");
    }

    /// Every finding is one of these.
    #[track_caller]
    pub(super) fn found_only(&self, expected: &[&str]) {
        let other = self.findings.iter().find(|own| !expected.contains(&own.as_str()));
        assert!(other.is_none(), "{other:?}: {self}");
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}\n{}", self.code, self.findings, self.said)
    }
}

/// `{"typ":` and `{"alg":` in base64.
const TOKENS: [&str; 2] = ["eyJ0eXAi", "eyJhbGci"];

/// Runs `script` with `/bin/sh` in the sandbox. The archive of the run leads to the same findings.
#[track_caller]
pub(super) fn run_script(script: &str, args: &[&str]) -> Ran {
    let place = Place::new();
    let script = place.file("script", script).display().to_string();
    let har = place.folder.path().join("run.har").display().to_string();
    let timeout: &[&str] = if args.contains(&"--timeout") { &[] } else { &["--timeout", "120"] };
    let page = place.folder.path().join("run.html").display().to_string();
    let words = ["-o", "json", "--har", &har, "--report", &page];
    let args = [&words[..], timeout, args, &["--", "sh", &script]].concat();
    let output = place.command(None, &args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let findings = findings_in(&output.stdout).unwrap_or_else(|| panic!("{said}"));
    let documents = [fs::read(&har).unwrap(), fs::read(&page).unwrap(), output.stdout.clone()];
    for document in documents.map(|bytes| String::from_utf8(bytes).unwrap()) {
        // What every signed token begins with.
        assert!(!TOKENS.iter().any(|start| document.contains(start)), "a token: {document}");
    }
    let judged = place.command(None, &["judge", &har, "-o", "json"]).output().unwrap();
    assert_eq!(findings_in(&judged.stdout).as_ref(), Some(&findings), "the archive: {said}");
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let findings = findings.iter();
    let findings = findings.map(|one| format!("{} {}", text(one, "severity"), text(one, "id")));
    Ran { code: output.status.code().unwrap_or(-1), said, findings: findings.collect() }
}

fn findings_in(document: &[u8]) -> Option<Vec<Value>> {
    let document: Value = serde_json::from_slice(document).ok()?;
    document["findings"].as_array().cloned()
}

#[track_caller]
pub(super) fn succeeded(script: &str, args: &[&str]) -> Ran {
    let ran = run_script(script, args);
    assert_eq!(ran.code, 0, "{ran}");
    ran
}

#[test]
fn entrada_signs_in_both_ways_and_reads_mail_at_the_hosts_of_microsoft() {
    let script = r#"
export ENTRADA_STORE=file ENTRADA_STORE_KEY=$(head -c32 /dev/urandom | base64)
id="--client-id 11111111-1111-1111-1111-111111111111 --tenant organizations"
for flow in device browser; do
  ./entrada login --save $flow $id --job imap,graph-mail-read --flow $flow || exit
  ./entrada probe $flow >&2 || exit
  ./entrada token $flow --force-refresh | wc -c >&2 || exit
done
"#;
    let ran = succeeded(script, &["--user", "eve@northwind.example"]);
    ran.has("outlook.office365.com:993 accepted the token, and opened the mailbox for `eve@northwind.example`");
    ran.has("graph.microsoft.com accepted the token");
    assert!(!ran.said.contains("does not know the variable"), "{ran}");
    assert!(ran.findings.iter().all(|one| !one.starts_with("error")), "{ran}");
}

#[test]
fn msal_and_azure_identity_draw_no_error() {
    let script = format!(
        r#"{} - >&2 <<'END'
import msal, requests
from azure.identity import InteractiveBrowserCredential
app = msal.PublicClientApplication("11111111-1111-1111-1111-111111111111",
                                   authority="https://login.microsoftonline.com/organizations")
flow = app.initiate_device_flow(scopes=["User.Read"])
answer = app.acquire_token_by_device_flow(flow)
me = requests.get("https://graph.microsoft.com/v1.0/me",
                  headers={{"Authorization": "Bearer " + answer["access_token"]}})
print("graph", me.status_code)
silent = app.acquire_token_silent(["Mail.Read"], app.get_accounts()[0])
print("silent", "access_token" in silent)
print("vault", len(InteractiveBrowserCredential().get_token("https://vault.azure.net/.default").token) > 100)
END
"#,
        python().display()
    );
    let ran = succeeded(&script, &[]);
    for part in ["graph 200", "silent True", "vault True"] {
        ran.has(part);
    }
    assert!(ran.findings.iter().all(|one| !one.starts_with("error")), "{ran}");
}

#[test]
fn rclone_finds_its_drive_and_sends_no_challenge() {
    let script =
        "rclone config create drive onedrive | grep drive_type >&2 && rclone lsd drive: >&2";
    let ran = succeeded(script, &[]);
    ran.has("drive_type = business");
    ran.found("warning pkce-missing");
    ran.found_only(&["warning pkce-missing"]);
}

/// Go's oauth2 tries HTTP Basic first, and the form where that is refused.
#[test]
fn rclone_sends_a_code_twice_where_http_basic_is_refused() {
    let args = ["--scenario", "public-client", "--timeout", "30"];
    let ran = run_script("rclone config create drive onedrive >/dev/null", &args);
    ran.found("warning code-sent-twice");
    ran.found_only(&["warning pkce-missing", "warning code-sent-twice"]);
}

/// Its user is asked for the address of the last page. Here a browser finds it.
#[test]
fn the_onedrive_client_sends_neither_state_nor_challenge() {
    let ran = run_script(
        r#"
umask 077
cd $HOME
mkdir OneDrive
follow() {
    while [ ! -s sign-in ]; do sleep 0.2; done
    curl -sS -o /dev/null -w '%{redirect_url}' "$(cat sign-in)" >page.new
    mv page.new page
}
follow &
onedrive --auth-files sign-in:page --display-sync-status >&2
"#,
        &["--scenario", "auto-approve", "--timeout", "60"],
    );
    ran.has("Initializing the Synchronization Engine");
    assert!(ran.code == 0 && !ran.said.contains("API returned an error"), "{ran}");
    ran.found("error state-missing");
    ran.found_only(&["error state-missing", "warning pkce-missing"]);
}

/// The folder of `az`, from `REAL_AZ`.
fn az() -> PathBuf {
    std::env::var_os("REAL_AZ").map(PathBuf::from).expect("REAL_AZ is the folder of `az`")
}

#[test]
#[ignore = "it needs the Azure CLI: REAL_BIG=az tests/run brings it"]
fn the_azure_cli_signs_in_both_ways_and_draws_no_error() {
    let script = format!(
        r"PATH={}:$PATH
az login --use-device-code --allow-no-subscriptions -o none || exit
az account list --query '[0].name' -o tsv >&2 || exit
az rest --method get --url https://graph.microsoft.com/v1.0/me --query displayName -o tsv >&2 || exit
az logout
az login --allow-no-subscriptions -o none || exit
az account get-access-token --resource https://vault.azure.net --query tokenType -o tsv >&2
",
        az().display()
    );
    let ran = succeeded(&script, &[]);
    for part in ["Contoso subscription", "Ada Lovelace", "Bearer"] {
        ran.has(part);
    }
    ran.found("note telemetry");
    ran.found_only(&["note telemetry"]);
}

#[test]
#[ignore = "it needs the Azure CLI: REAL_BIG=az tests/run brings it"]
fn the_sign_in_of_the_azure_cli_obeys_slow_down_and_ends_at_a_passing_fault() {
    let script = format!(
        "PATH={}:$PATH; az login --use-device-code --allow-no-subscriptions -o none",
        az().display()
    );
    succeeded(&script, &["--scenario", "slow-down"]).found_only(&["note telemetry"]);
    for scenario in ["throttled", "outage"] {
        let ran = run_script(&script, &["--scenario", scenario]);
        assert_eq!(ran.code, 1, "{scenario}: {ran}");
        ran.found("warning sign-in-ends-at-passing-fault");
        ran.found_only(&["warning sign-in-ends-at-passing-fault", "note telemetry"]);
    }
}

/// Ortie, with an account that signs in by `grant`, and keeps its token in a file.
fn ortie(grant: &str, script: &str) -> String {
    let folder = std::env::var("REAL_ORTIE").expect("REAL_ORTIE is the folder of `ortie`");
    format!(
        r#"
PATH={folder}:$PATH
umask 077
cd $HOME
at=https://login.microsoftonline.com/organizations/oauth2/v2.0
cat >ortie.toml <<END
[accounts.a]
default = true
client-id = "11111111-1111-1111-1111-111111111111"
grant = "{grant}"
endpoints.authorization = "$at/authorize"
endpoints.device-authorization = "$at/devicecode"
endpoints.token = "$at/token"
endpoints.redirection = "http://localhost:8766"
scopes = ["https://graph.microsoft.com/User.Read", "offline_access"]
storage.read.command = ["cat", "$HOME/token"]
storage.write.command = "cat >$HOME/token"
END
export ORTIE_CONFIG=$HOME/ortie.toml
{script}
"#
    )
}

#[test]
#[ignore = "it needs ortie: REAL_BIG=ortie tests/run brings it"]
fn the_sign_in_of_ortie_obeys_slow_down_and_ends_at_a_passing_fault() {
    let script = ortie("device", "script -qefc 'ortie auth get' /dev/null >&2");
    succeeded(&script, &["--scenario", "slow-down"]).found_only(&[]);
    for scenario in ["throttled", "outage"] {
        let ran = run_script(&script, &["--scenario", scenario]);
        ran.found("warning sign-in-ends-at-passing-fault");
        ran.found_only(&["warning sign-in-ends-at-passing-fault"]);
    }
}

/// Without a terminal it prints the command that goes on, with the device code among its arguments.
#[test]
#[ignore = "it needs ortie: REAL_BIG=ortie tests/run brings it"]
fn ortie_wants_its_device_code_among_its_arguments() {
    let go_on = "ortie auth get | grep -o 'ortie auth resume.*' >next; sleep 3; . ./next >&2";
    let ran = succeeded(&ortie("device", go_on), &[]);
    ran.found("warning secret-in-arguments");
    ran.found_only(&["warning secret-in-arguments"]);
}

#[test]
#[ignore = "it needs ortie: REAL_BIG=ortie tests/run brings it"]
fn ortie_prints_the_verifier_that_it_sends() {
    let script = "script -qefc 'ortie auth get' /dev/null >&2 && ortie token refresh >&2";
    let ran = succeeded(&ortie("authorization-code", script), &[]);
    ran.found("warning secret-in-log");
    ran.found_only(&["warning secret-in-log"]);
}
