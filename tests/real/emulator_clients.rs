//! Microsoft's own client libraries and Python's mail clients, unmodified, at the emulator.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use entrada_auth::sys::{Clock as _, RealClock};
use entrada_core::Protocol;
use entrada_emulator::serve::{self, Endpoint, MailSecurity, Tls};
use entrada_emulator::{EmulatedApi, Emulator, EmulatorOptions, Scenario};
use serde_json::{Value, json};

use crate::consumers::Home;
use crate::program::{Emulation, run};

const API: &str = "api://22222222-2222-4222-8222-222222222222";
const USER: &str = "ada@contoso.example";
const GRAPH: &str = "https://graph.microsoft.com";
const ARM: &str = "https://management.azure.com";

/// A library at an emulator with TLS and one API of its own.
struct Library {
    home: Home,
    ca: PathBuf,
    program: Program,
}

#[derive(Clone, Copy)]
enum Program {
    Python(&'static str),
    Node,
}

impl Library {
    fn new(program: Program) -> Self {
        let (emulation, trust) = Emulation::by_https_with("auto-approve", |options| {
            options.apis = vec![EmulatedApi::new(API, ["Orders.Read"]).unwrap()];
        });
        let home = Home::empty(emulation);
        let ca = home.folder.path().join("ca.pem");
        std::fs::write(&ca, trust).unwrap();
        Self { home, ca, program }
    }

    /// What the library makes of `flow`.
    fn run(&self, flow: &str) -> Value {
        let base = &self.home.emulation.base;
        let mut command = match self.program {
            Program::Python(script) => {
                let mut command = self.home.python(script);
                command.env("REQUESTS_CA_BUNDLE", &self.ca).args([base, flow]);
                command
            }
            Program::Node => {
                let script =
                    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/msal_node/flows.mjs");
                let mut command = Command::new("node");
                command.env("NODE_EXTRA_CA_CERTS", &self.ca).arg(script).args([base, flow]);
                if flow == "certificate" {
                    let made = run(&mut self.home.python("certificate.py")).with(0).out;
                    let path = self.home.folder.path().join("certificate.json");
                    std::fs::write(&path, made).unwrap();
                    command.arg(path);
                }
                command
            }
        };
        let ended = run(&mut command).with(0);
        serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:#?}"))
    }

    /// Runs `flow`, whose results have at least these members.
    fn gives(&self, flow: &str, expected: &Value) {
        let found = self.run(flow);
        for (name, members) in expected.as_object().unwrap() {
            match members.as_object() {
                Some(members) => {
                    for (member, value) in members {
                        assert_eq!(
                            &found[name][member], value,
                            "{flow}, {name}, {member}: {found:#}"
                        );
                    }
                }
                None => assert_eq!(&found[name], members, "{flow}, {name}: {found:#}"),
            }
        }
    }

    /// The error text of `part` has this AADSTS number.
    fn refuses(&self, flow: &str, part: &str, code: u32) {
        let found = self.run(flow);
        let text = found[part]["text"].as_str().unwrap_or_default();
        assert!(text.contains(&format!("AADSTS{code}:")), "{flow}, {part}: {found:#}");
    }
}

/// What is in the token of a user for `aud`.
fn of_user(aud: &str, appidacr: &str) -> Value {
    json!({ "aud": aud, "user": USER, "appidacr": appidacr })
}

fn of_application(aud: &str, appidacr: &str) -> Value {
    json!({ "aud": aud, "kind": "app", "appidacr": appidacr })
}

#[test]
fn msal_for_python_signs_users_in() {
    let library = Library::new(Program::Python("msal_flows.py"));
    library.gives("device", &json!({ "first": of_user(GRAPH, "0"), "me": 200 }));
    library.gives("code", &json!({ "first": of_user(GRAPH, "0") }));
    library.gives(
        "silent",
        &json!({
            "account": USER,
            "cached": { "source": "cache" },
            "refreshed": { "source": "identity_provider", "aud": GRAPH },
            "second_resource": of_user(ARM, "0"),
        }),
    );
    assert_eq!(library.home.emulation.posts("refresh_token"), 2);
    library.gives("password", &json!({ "first": of_user(GRAPH, "0") }));
    library.refuses("password", "wrong", 50_126);
    let stepped_up = json!({ "aud": GRAPH, "acrs": ["c1"] });
    library.gives("challenge", &json!({ "refused": 401, "first": stepped_up, "me": 200 }));
}

#[test]
fn msal_for_python_signs_applications_in() {
    let library = Library::new(Program::Python("msal_flows.py"));
    let again = json!({ "source": "cache" });
    library.gives(
        "secret",
        &json!({ "first": of_application(GRAPH, "1"), "again": again, "users": 200 }),
    );
    library.refuses("secret", "wrong", 7_000_215);
    let vault = "https://vault.azure.net";
    library.gives("certificate", &json!({ "first": of_application(vault, "2") }));
    let front = json!({ "aud": API, "scp": "Orders.Read" });
    library.gives("on_behalf_of", &json!({ "front": front, "first": of_user(GRAPH, "1") }));
    library.refuses("on_behalf_of", "other_audience", 500_131);
}

#[test]
fn azure_identity_signs_users_in() {
    let library = Library::new(Program::Python("azure_identity_flows.py"));
    library.gives(
        "device",
        &json!({
            "first": of_user(GRAPH, "0"),
            "second_resource": of_user(ARM, "0"),
            "challenge": { "aud": GRAPH, "acrs": ["c1"] },
        }),
    );
    library.gives("code", &json!({ "first": of_user(GRAPH, "0"), "again": of_user(GRAPH, "0") }));
}

#[test]
fn azure_identity_signs_applications_in() {
    let library = Library::new(Program::Python("azure_identity_flows.py"));
    library.gives("secret", &json!({ "first": of_application(ARM, "1") }));
    library.refuses("secret", "wrong", 7_000_215);
    library.gives("certificate", &json!({ "first": of_application(ARM, "2") }));
    library.gives("on_behalf_of", &json!({ "first": of_user(GRAPH, "1") }));
    let identity = json!({ "aud": ARM, "kind": "app" });
    library.gives(
        "managed_identity",
        &json!({ "app_service": identity, "virtual_machine": identity }),
    );
}

#[test]
fn msal_for_node_signs_users_in() {
    let library = Library::new(Program::Node);
    library.gives("device", &json!({ "first": of_user(GRAPH, "0") }));
    library.gives("code", &json!({ "first": of_user(GRAPH, "0") }));
    library.gives(
        "silent",
        &json!({
            "account": USER,
            "cached": { "fromCache": true },
            "refreshed": { "fromCache": false, "aud": GRAPH },
            "second_resource": of_user(ARM, "0"),
        }),
    );
    library.gives("password", &json!({ "first": of_user(GRAPH, "0") }));
    library.refuses("password", "wrong", 50_126);
    let stepped_up = json!({ "aud": GRAPH, "acrs": ["c1"] });
    library.gives("challenge", &json!({ "refused": 401, "first": stepped_up, "me": 200 }));
}

#[test]
fn msal_for_node_signs_applications_in() {
    let library = Library::new(Program::Node);
    library.gives("secret", &json!({ "first": of_application(GRAPH, "1") }));
    library.refuses("secret", "wrong", 7_000_215);
    let vault = "https://vault.azure.net";
    library.gives("certificate", &json!({ "first": of_application(vault, "2") }));
    library.gives("on_behalf_of", &json!({ "first": of_user(GRAPH, "1") }));
    library.refuses("on_behalf_of", "other_audience", 500_131);
}

#[test]
fn pythons_mail_clients_read_and_send() {
    let base = url::Url::parse("https://localhost").unwrap();
    let mut options = EmulatorOptions::new(base);
    options.scenario = Scenario::find("auto-approve").unwrap();
    let emulator = Arc::new(Emulator::new(options));
    let tls = Tls::new().unwrap();
    let (mut ports, mut endpoints) = (Vec::new(), Vec::new());
    for (protocol, security) in [
        (Protocol::Imap, MailSecurity::Implicit),
        (Protocol::Pop, MailSecurity::Implicit),
        (Protocol::Smtp, MailSecurity::StartTls),
    ] {
        let listeners = serve::bind(0).unwrap();
        ports.push(listeners[0].local_addr().unwrap().port().to_string());
        endpoints.push(Endpoint::Mail(protocol, listeners, Some((tls.clone(), security))));
    }
    let clock = Arc::new(|| RealClock.now());
    let _running = serve::spawn_all(Arc::clone(&emulator), endpoints, clock).unwrap();
    let scope = ["IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send"]
        .map(|name| format!("https://outlook.office.com/{name}"))
        .join(" ");
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "password")
        .append_pair("client_id", "11112222-3333-4444-8555-666677778888")
        .append_pair("username", USER)
        .append_pair("password", "any password")
        .append_pair("scope", &scope)
        .finish();
    let request = ::http::Request::post("/organizations/oauth2/v2.0/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.into_bytes());
    let reply = emulator.handle(request.unwrap(), RealClock.now());
    let entrada_emulator::Reply::Answer(answer) = reply else { panic!("{reply:?}") };
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    let token = body["access_token"].as_str().unwrap();

    let home = Home::empty(Emulation::new("auto-approve"));
    let ca = home.folder.path().join("ca.pem");
    std::fs::write(&ca, tls.ca_pem()).unwrap();
    let mut command = home.python("mail_clients.py");
    command.args(ports).env("SSL_CERT_FILE", ca);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}");
    let found: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((&found["count"], &found["messages"]), (&json!(3), &json!(3)));
    assert_eq!(found["subject"], "Subject: Your quarterly report");
    assert!(found["last"].as_str().unwrap().contains("Analytical Engine"), "{found}");
    assert_eq!(found["refused"], json!({}));
}
