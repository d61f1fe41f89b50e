//! Sign-in libraries of others in the sandbox, unmodified, up to their token and a call with it, and what is found about each.

use std::path::Path;

use crate::consumers::python;
use crate::sandbox_programs::{run_script, succeeded};

/// A script of `tests/real/msal_node`, where the libraries for Node are.
fn node(script: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/msal_node");
    format!("node {}", folder.join(script).display())
}

fn python_script(script: &str) -> String {
    format!("{} - >&2 <<'END'\n{script}\nEND\n", python().display())
}

#[test]
fn msal_for_node_draws_no_error() {
    let ran = succeeded(&node("sandbox.mjs device browser"), &[]);
    for part in ["device 200", "silent true", "browser 200"] {
        ran.has(part);
    }
    ran.found_only(&["note nonce-missing"]);
}

#[test]
fn the_sign_in_of_msal_for_node_ends_at_slow_down_and_at_a_passing_fault() {
    for (scenario, finding) in [
        ("slow-down", "warning sign-in-ends-at-slow-down"),
        ("throttled", "warning sign-in-ends-at-passing-fault"),
        ("outage", "warning sign-in-ends-at-passing-fault"),
    ] {
        let ran = run_script(&node("sandbox.mjs device"), &["--scenario", scenario]);
        assert_eq!(ran.code, 1, "{ran}");
        ran.found_only(&[finding]);
        ran.found(finding);
    }
}

#[test]
fn the_sign_in_of_msal_for_python_obeys_slow_down_and_ends_at_a_passing_fault() {
    let script = python_script(
        r#"
import msal, sys
app = msal.PublicClientApplication("11111111-1111-1111-1111-111111111111",
                                   authority="https://login.microsoftonline.com/organizations")
answer = app.acquire_token_by_device_flow(app.initiate_device_flow(scopes=["User.Read"]))
sys.exit(0 if "access_token" in answer else 1)
"#,
    );
    succeeded(&script, &["--scenario", "slow-down"]).found_only(&[]);
    for scenario in ["throttled", "outage"] {
        let ran = run_script(&script, &["--scenario", scenario]);
        assert_eq!(ran.code, 1, "{scenario}: {ran}");
        ran.found("warning sign-in-ends-at-passing-fault");
        ran.found_only(&["warning sign-in-ends-at-passing-fault"]);
    }
    // A person who signs in at the page within a second declines too.
    let declined = run_script(&script, &["--scenario", "user-declines"]);
    assert_eq!(declined.code, 1, "{declined}");
    declined.found_only(&[]);
}

/// Chromium trusts the certificate authority of the run, without a window and as the command that `--browser CMD` names.
#[test]
fn chromium_signs_in_for_msal_for_node() {
    let folder = tempfile::tempdir().unwrap();
    let root = if rustix::process::geteuid().is_root() { "--no-sandbox" } else { "" };
    let command = format!(
        "chromium --headless=new {root} --disable-gpu --no-first-run --remote-debugging-port=0 --user-data-dir={}",
        folder.path().display()
    );
    for browser in ["headless", &command] {
        let args = ["--browser", browser, "--scenario", "auto-approve"];
        let ran = succeeded(&node("sandbox.mjs browser"), &args);
        ran.has("browser 200");
        ran.found_only(&["note nonce-missing"]);
    }
}

#[test]
fn azure_identity_for_node_sends_no_state_with_its_challenge() {
    let ran = succeeded(&node("azure_identity.mjs"), &[]);
    for part in ["device 200", "device vault true", "browser 200", "browser vault true"] {
        ran.has(part);
    }
    ran.found("warning state-missing");
    ran.found_only(&["warning state-missing", "note nonce-missing"]);
}

#[test]
fn simple_oauth2_sends_no_challenge_and_refreshes_without_scope() {
    let ran = succeeded(&node("simple_oauth2.mjs"), &[]);
    for part in ["call 200", "application true"] {
        ran.has(part);
    }
    ran.found("warning pkce-missing");
    ran.found("warning refresh-without-scope");
    ran.found_only(&["warning pkce-missing", "warning refresh-without-scope"]);
}

#[test]
fn openid_client_accepts_the_documents_and_refreshes_without_scope() {
    let ran = succeeded(&node("openid_client.mjs"), &[]);
    for part in ["call 200", "user info ada@contoso.example"] {
        ran.has(part);
    }
    ran.found_only(&["warning refresh-without-scope", "note nonce-missing"]);
    ran.found("warning refresh-without-scope");
}

/// It asks for two dozen permissions, and reads mail with them.
#[test]
fn o365_keeps_its_token_in_a_readable_file() {
    let script = python_script(
        r#"
import http.server, queue, subprocess, threading
from O365 import Account

answers = queue.Queue()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answers.put("http://localhost:8767" + self.path)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("localhost", 8767), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
def consent(url):
    subprocess.Popen(["xdg-open", url])
    return answers.get(timeout=20)
account = Account(("11111111-1111-1111-1111-111111111111", "a~secret~of~the~application"))
account.authenticate(handle_consent=consent, redirect_uri="http://localhost:8767",
                     scopes=account.protocol.get_scopes_for(None))
print("mail", len(list(account.mailbox().get_messages(limit=2))))
"#,
    );
    let ran = succeeded(&format!("umask 022; cd $HOME; {script}"), &[]);
    ran.has("mail 2");
    ran.found("error secret-in-readable-file");
    ran.found_only(&["error secret-in-readable-file"]);
}

#[test]
fn msal_for_python_signs_in_at_external_id_and_b2c() {
    for authority in [
        "https://contoso.ciamlogin.com/",
        "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_sign_in",
    ] {
        let script = format!(
            r#"
import msal
app = msal.PublicClientApplication("11111111-1111-1111-1111-111111111111", authority="{authority}")
scopes = ["https://contoso.onmicrosoft.com/api/Orders.Read"]
answer = app.acquire_token_interactive(scopes)
print("issuer", answer["id_token_claims"]["iss"])
print("silent", "access_token" in app.acquire_token_silent(scopes, app.get_accounts()[0], force_refresh=True))
"#
        );
        let ran = succeeded(&python_script(&script), &[]);
        ran.has(&format!(
            "issuer https://{}",
            if authority.contains("b2c") { "contoso.b2clogin.com/" } else { "" }
        ));
        ran.has("silent True");
        ran.found_only(&[]);
    }
}

/// At an emulator of another port the library asks port 443 for the kind of account.
#[test]
fn azure_identity_sends_a_password() {
    let script = python_script(
        r#"
from azure.identity import UsernamePasswordCredential
credential = UsernamePasswordCredential("11111111-1111-1111-1111-111111111111", "ada@contoso.example", "any password",
                                        tenant_id="contoso.example")
print("graph", len(credential.get_token("https://graph.microsoft.com/.default").token) > 100)
print("vault", len(credential.get_token("https://vault.azure.net/.default").token) > 100)
"#,
    );
    let ran = succeeded(&script, &[]);
    ran.has("graph True");
    ran.has("vault True");
    ran.found("warning password-grant");
    ran.found_only(&["warning password-grant"]);
}

#[test]
fn the_metadata_service_of_virtual_machines_is_at_its_address() {
    let script = python_script(
        r#"
from azure.identity import ManagedIdentityCredential
print("identity", len(ManagedIdentityCredential().get_token("https://vault.azure.net/.default").token) > 100)
"#,
    );
    let ran = succeeded(&script, &[]);
    ran.has("identity True");
    ran.found_only(&[]);
}

const GIT_CREDENTIAL_OAUTH: &str = r#"
cd $HOME
at=credential.https://login.microsoftonline.com
git config --global $at.oauthClientId 11111111-1111-1111-1111-111111111111
git config --global $at.oauthScopes "https://app.vssps.visualstudio.com/user_impersonation offline_access"
git config --global $at.oauthAuthURL /organizations/oauth2/v2.0/authorize
git config --global $at.oauthTokenURL /organizations/oauth2/v2.0/token
git config --global credential.helper oauth
printf 'protocol=https\nhost=login.microsoftonline.com\n\n' | git credential fill | sed 's/\(password=\).*/\1.../' >&2
"#;

/// Go's oauth2 tries HTTP Basic first, and the form where that is refused.
#[test]
fn git_credential_oauth_names_a_port_of_an_address_that_entra_does_not_ignore() {
    for (scenario, code) in
        [("normal", "note code-sent-twice"), ("public-client", "warning code-sent-twice")]
    {
        let ran = succeeded(GIT_CREDENTIAL_OAUTH, &["--scenario", scenario]);
        ran.has("password=...");
        ran.found("warning redirect-uri");
        ran.found(code);
        ran.found_only(&["warning redirect-uri", code]);
    }
}

/// oidc-agent, by a device code and by a browser.
const OIDC_AGENT: &str = r#"
eval "$(oidc-agent)" >&2
# It goes into the background before it listens.
for attempt in 1 2 3 4 5 6 7 8; do oidc-add --loaded >/dev/null 2>&1 && break; sleep 0.5; done
export OIDC_ENCRYPTION_PW=a-password
sign_in() {
    oidc-gen a --issuer https://login.microsoftonline.com/organizations/v2.0 --client-secret= \
        --client-id 11111111-1111-1111-1111-111111111111 --redirect-uri=http://localhost:8087 --flow=$1 \
        --scope "openid offline_access https://graph.microsoft.com/User.Read" \
        --pw-env --prompt=none --confirm-default >&2
}
read_profile() {
    printf 'header = "Authorization: Bearer %s"' "$(oidc-token a)" |
        curl -sS -o /dev/null -w 'graph %{http_code}\n' -K - https://graph.microsoft.com/v1.0/me >&2
}
"#;

#[test]
fn oidc_agent_sends_no_challenge() {
    let ran =
        succeeded(&format!("{OIDC_AGENT}\nsign_in code && read_profile; oidc-agent -k >&2"), &[]);
    ran.has("graph 200");
    ran.found("warning pkce-missing");
    ran.found_only(&["warning pkce-missing", "note nonce-missing"]);
}

#[test]
fn the_sign_in_of_oidc_agent_ends_at_a_passing_fault() {
    for scenario in ["throttled", "outage"] {
        let ran = run_script(&format!("{OIDC_AGENT}\nsign_in device"), &["--scenario", scenario]);
        assert_eq!(ran.code, 1, "{scenario}: {ran}");
        ran.found("warning sign-in-ends-at-passing-fault");
        ran.found_only(&["warning sign-in-ends-at-passing-fault", "note metadata-again"]);
    }
}

/// It adds one second where RFC 8628 asks for five, and fetches the metadata before each poll.
#[test]
fn oidc_agent_ignores_slow_down_in_part() {
    let ran = run_script(
        &format!("{OIDC_AGENT}\nsign_in device"),
        &["--scenario", "slow-down", "--timeout", "30"],
    );
    ran.found("warning slow-down-ignored");
    ran.found("note metadata-again");
    ran.found_only(&["warning slow-down-ignored", "note metadata-again"]);
}
