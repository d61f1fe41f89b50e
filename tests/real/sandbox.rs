//! The sandbox with real programs: bubblewrap, curl, git, Python, Node, Java, as root and as an ordinary user.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{ENTRADA, copy_program, write_program};

/// The number of a user who is not root. It needs no account.
const ORDINARY_USER: &str = "1000";

/// A copy of the program that every user may run, and a folder to work in.
pub(super) struct Place {
    pub(super) folder: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("sandbox-").tempdir_in("/var/tmp").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        copy_program(ENTRADA.as_ref(), &folder.path().join("entrada"));
        Self { folder }
    }

    pub(super) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        write_program(&path, text);
        path
    }

    /// `entrada sandbox ARGS`, as `user` or as the user of the tests.
    pub(super) fn command(&self, user: Option<&str>, args: &[&str]) -> Command {
        let mut command = as_user(user, &self.folder.path().join("entrada"));
        command.arg("sandbox").args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// The exit code and standard output.
    #[track_caller]
    fn run(&self, user: Option<&str>, args: &[&str]) -> (i32, String) {
        let ended = self.command(user, args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (ended.status.code().unwrap_or(-1), text(&ended.stdout))
    }

    /// The findings about a program: their ids.
    #[track_caller]
    pub(super) fn findings(&self, args: &[&str]) -> (i32, Vec<String>, Value) {
        self.findings_as(None, args)
    }

    #[track_caller]
    fn findings_as(&self, user: Option<&str>, args: &[&str]) -> (i32, Vec<String>, Value) {
        let (code, out) = self.run(user, &[&["-o", "json"], args].concat());
        let document: Value =
            serde_json::from_str(&out).unwrap_or_else(|_| panic!("no JSON: {out}"));
        let ids = document["findings"].as_array().unwrap().iter();
        let ids = ids.map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        (code, ids, document)
    }
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]);
    command.arg(program).env("HOME", "/nonexistent");
    command
}

/// As the user of the tests and, where that is root, as an ordinary user.
fn users() -> Vec<Option<&'static str>> {
    let is_root = rustix::process::geteuid().is_root();
    std::iter::once(None).chain(is_root.then_some(Some(ORDINARY_USER))).collect()
}

pub(super) const METADATA: &str =
    "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration";

#[test]
fn the_program_keeps_its_user_and_its_exit_code() {
    let place = Place::new();
    for user in users() {
        let own = rustix::process::geteuid().as_raw().to_string();
        let (code, out) = place.run(user, &["--", "sh", "-c", "id -u; exit 7"]);
        assert_eq!((code, out.trim()), (7, user.unwrap_or(&own)));
        let (code, _) = place.run(user, &["--", "sh", "-c", "kill -9 $$"]);
        assert_eq!(code, 137, "the number of the signal");
    }
}

#[test]
fn the_host_stays_as_it_is() {
    let place = Place::new();
    let files = ["/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/ssl/certs/ca-certificates.crt"];
    let before: Vec<_> = files.iter().map(fs::read).map(Result::ok).collect();
    for user in users() {
        let script = "getent hosts anything.example; echo token > $HOME/token; echo $HOME";
        let (code, out) = place.run(user, &["--", "sh", "-c", script]);
        assert_eq!(code, 0);
        assert!(out.contains("127.0.0.1"), "{out}");
        assert!(
            !Path::new(out.lines().last().unwrap()).exists(),
            "the home folder ends with the run"
        );
    }
    let after: Vec<_> = files.iter().map(fs::read).map(Result::ok).collect();
    assert!(before == after);
    assert!(!Path::new("/entrada-sandbox").exists());
}

/// The kernel's keyrings of a user: adds a key, or says whether it is there.
const KEYS: &str = r#"#!/usr/bin/env python3
import ctypes, platform, sys
libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
ADD, CONTROL = (248, 250) if platform.machine() == "x86_64" else (217, 219)
def call(number, *arguments):
    return libc.syscall(*[ctypes.c_long(one) if isinstance(one, int) else one for one in (number, *arguments)])
name = sys.argv[2].encode()
USER, PERSISTENT = -4, call(CONTROL, 22, -1, -2)
for ring in (USER, PERSISTENT):
    if sys.argv[1] == "add":
        call(ADD, b"user", name, b"secret", 6, ring)
    else:
        print("there" if 0 <= call(CONTROL, 10, ring, b"user", name, 0) else "not there")
"#;

#[test]
fn the_keyrings_of_the_user_stay_as_they_are() {
    let place = Place::new();
    let keys = place.file("keys", KEYS);
    let shown = keys.display().to_string();
    let mark = |user: Option<&str>| format!("sandbox-{}-{user:?}", std::process::id());
    for user in users() {
        let mark = mark(user);
        let (code, out) = place.run(user, &["--", &shown, "add", &mark]);
        assert_eq!(code, 0, "{out}");
        let found = as_user(user, &keys).args(["find", &mark]).output().unwrap();
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        assert_eq!(found, "not there\nnot there\n", "{user:?}");
        // The session bus leads to the keyring daemon.
        let args =
            ["--", "sh", "-c", "echo \"${DBUS_SESSION_BUS_ADDRESS-none}\"; ls $XDG_RUNTIME_DIR"];
        let mut command = place.command(user, &args);
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/0/bus");
        let ended = command.output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ended.stdout), "none\n", "{user:?}");
    }
}

/// Programs trust the authority, each in its way. A program that is not installed is left out; Java needs a JDK here
/// (`REAL_BIG=java tests/run` brings it). Go and Rust are rclone and entrada in `sandbox_programs.rs`.
#[test]
fn curl_git_python_node_and_java_trust_the_authority() {
    let place = Place::new();
    let python = "import urllib.request,sys; print(urllib.request.urlopen(sys.argv[1]).status)";
    let node = "fetch(process.argv[1]).then(r => console.log(r.status))";
    let java = place.file(
        "Get.java",
        "public class Get { public static void main(String[] a) throws Exception { \
         var c = (java.net.HttpURLConnection) new java.net.URL(a[0]).openConnection(); System.out.println(c.getResponseCode()); } }",
    );
    let java = java.display().to_string();
    let tried: [&[&str]; 6] = [
        &["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", METADATA],
        &["python3", "-c", python, METADATA],
        // Since 3.13 it checks certificates strictly.
        &["python3.13", "-c", python, METADATA],
        &["node", "-e", node, METADATA],
        &["java", &java, METADATA],
        &[
            "sh",
            "-c",
            "git ls-remote https://login.microsoftonline.com/x 2>&1 | grep -c 'not found'",
        ],
    ];
    for user in users() {
        for program in tried {
            // Java compiles its program. A version of Python may be there for some users only.
            let probe = if program[0] == "java" { "javac" } else { program[0] };
            let (code, _) = place.run(user, &["--", "sh", "-c", "\"$0\" --version", probe]);
            if code != 0 {
                #[expect(clippy::print_stderr, reason = "the run says what it leaves out")]
                {
                    eprintln!("left out: {probe} as {user:?}");
                }
                continue;
            }
            let (_, out) = place.run(user, &[&["--"], program].concat());
            assert!(["200", "1"].contains(&out.trim()), "{program:?} as {user:?}: {out}");
        }
    }
}

#[test]
fn a_program_that_checks_no_certificate_is_found() {
    let place = Place::new();
    let scenario = ["--scenario", "untrusted-certificate", "--"];
    let (code, ids, _) = place.findings(&[&scenario[..], &["curl", "-s", METADATA]].concat());
    assert!(code != 0 && ids.contains(&"certificates-refused".to_owned()), "{code} {ids:?}");
    let (code, ids, _) = place.findings(&[&scenario[..], &["curl", "-sk", METADATA]].concat());
    assert!(code == 0 && ids.contains(&"certificate-unchecked".to_owned()), "{code} {ids:?}");
}

#[test]
fn a_device_sign_in_with_curl_is_recorded_and_judged_as_any_user() {
    for user in users() {
        check_device_sign_in(user);
    }
}

fn check_device_sign_in(user: Option<&str>) {
    let place = Place::new();
    let script = place.file(
        "sign-in",
        r#"#!/bin/sh
at=https://login.microsoftonline.com/organizations/oauth2/v2.0
client=client_id=11111111-1111-1111-1111-111111111111
code=$(curl -sS $at/devicecode -d "$client" -d scope=User.Read | sed 's/.*"device_code":"\([^"]*\)".*/\1/')
for try in 1 2 3 4 5; do
  sleep 1
  answer=$(curl -sS $at/token -d "$client" -d grant_type=urn:ietf:params:oauth:grant-type:device_code -d device_code=$code)
  case $answer in *access_token*) break;; esac
done
token=$(printf %s "$answer" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
curl -sS -H "Authorization: Bearer $token" https://graph.microsoft.com/v1.0/me >&2
curl -sS -H "Authorization: Bearer $token" https://graph.microsoft.com/v1.0/me/messages >&2
printf %s "$token" > $HOME/token; chmod 644 $HOME/token
"#,
    );
    let har = place.folder.path().join("run.har").display().to_string();
    let page = place.folder.path().join("run.html").display().to_string();
    let script = script.display().to_string();
    let args = ["--har", &har, "--report", &page, "--", &script];
    let (code, ids, document) = place.findings_as(user, &args);
    assert_eq!(code, 0, "{document:#}");
    for id in [
        "secret-in-arguments",
        "graph-call-not-permitted",
        "offline-access-missing",
        "secret-in-readable-file",
    ] {
        assert!(ids.contains(&id.to_owned()), "{id}: {ids:?}");
    }
    let archive = fs::read_to_string(&har).unwrap();
    assert!(!archive.contains("eyJ0eXAi") && archive.contains("_sandbox"));
    let (_, judged) = place.run(user, &["judge", &har, "-o", "json"]);
    let judged: Value = serde_json::from_str(&judged).unwrap();
    assert_eq!(judged["findings"], document["findings"], "the archive leads to the same findings");
    assert!(fs::read_to_string(&page).unwrap().contains("graph-call-not-permitted"));
}

#[test]
fn a_mail_program_reads_and_sends_at_the_hosts_of_exchange_as_any_user() {
    let place = Place::new();
    let script = place.file(
        "mail.py",
        r#"import imaplib, json, poplib, smtplib, time, urllib.error, urllib.parse, urllib.request
AT = "https://login.microsoftonline.com/northwind.example/oauth2/v2.0/"
def post(path, **form):
    form["client_id"] = "22222222-3333-4444-8555-666666666666"
    data = urllib.parse.urlencode(form).encode()
    try:
        return json.load(urllib.request.urlopen(AT + path, data))
    except urllib.error.HTTPError as error:
        return json.load(error)
scopes = " ".join("https://outlook.office.com/" + name for name in
                  ("IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send"))
device = post("devicecode", scope=scopes + " offline_access")
answer = {}
while "access_token" not in answer:
    time.sleep(device["interval"])
    answer = post("token", grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code=device["device_code"])
sasl = "user=eve@northwind.example\1auth=Bearer %s\1\1" % answer["access_token"]
imap = imaplib.IMAP4_SSL("outlook.office365.com")
imap.authenticate("XOAUTH2", lambda _: sasl.encode())
print("imap", imap.select("INBOX", readonly=True)[0])
smtp = smtplib.SMTP("smtp.office365.com", 587)
smtp.starttls()
smtp.ehlo()
smtp.auth("XOAUTH2", lambda challenge=None: sasl)
print("smtp", smtp.mail("eve@northwind.example")[0])
pop = poplib.POP3_SSL("outlook.office365.com")
pop._shortcmd("AUTH XOAUTH2")
"#,
    );
    let script = script.display().to_string();
    let user = ["--user", "eve@northwind.example", "-o", "json", "--", "python3", &script];
    let output = place.command(None, &user).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // Python's poplib knows no SASL: the challenge is as far as it goes.
    assert!(said.contains("imap OK") && said.contains("smtp 250"), "{said}");
    assert!(!said.contains("error_proto"), "{said}");
}

#[test]
fn what_nobody_registered_is_accepted_and_listed() {
    let place = Place::new();
    let address = "https://login.microsoftonline.com/northwind.example/oauth2/v2.0/devicecode";
    let form = "client_id=22222222-3333-4444-8555-666666666666&scope=api://crm/Orders.Read";
    let (code, _, document) = place.findings(&["--", "curl", "-sSf", "-d", form, address]);
    assert_eq!(code, 0, "{document:#}");
    let notes = document["not_observed"].to_string();
    for name in ["the tenant `northwind.example`", "the api `api://crm/Orders.Read`"] {
        assert!(notes.contains(name), "{name}: {document:#}");
    }
}

/// `.default` stands for every permission: the program's registration is not known here.
#[test]
fn a_token_by_default_reads_mail_by_graph_and_ews_with_and_without_a_user() {
    let place = Place::new();
    let script = place.file(
        "default.py",
        r#"import json, urllib.error, urllib.parse, urllib.request
AT = "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"
ID = {"client_id": "22222222-3333-4444-8555-666666666666", "client_secret": "a~secret"}
WAYS = {
    "app": {"grant_type": "client_credentials"},
    "user": {"grant_type": "password", "username": "ada@contoso.example", "password": "any"},
}
def call(request):
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code
for name, way in WAYS.items():
    for api, path, body in [
        ("https://outlook.office365.com", "/EWS/Exchange.asmx", b"<s:Body><m:GetFolder/></s:Body>"),
        ("https://graph.microsoft.com", "/v1.0/users", None),
        ("https://graph.microsoft.com", "/v1.0/users/ada@contoso.example/events", None),
    ]:
        form = urllib.parse.urlencode({**ID, **way, "scope": api + "/.default"}).encode()
        token = json.load(urllib.request.urlopen(AT, form))["access_token"]
        print(name, path, call(urllib.request.Request(api + path, body, {"Authorization": "Bearer " + token})))
"#,
    );
    let script = script.display().to_string();
    let output = place.command(None, &["-o", "json", "--", "python3", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for way in ["app", "user"] {
        assert!(said.contains(&format!("{way} /EWS/Exchange.asmx 200")), "{said}");
        assert!(said.contains(&format!("{way} /v1.0/users 200")), "{said}");
    }
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = document["findings"].to_string();
    assert!(!findings.contains("graph-call-not-permitted"), "{findings}");
    let notes = document["not_observed"].to_string();
    for part in [
        "which permissions `https://graph.microsoft.com/.default` stands for",
        "what Graph answers to `GET /users/{id}/events`: the emulator lacks this call",
    ] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
}

#[test]
fn scenarios_are_combined() {
    let place = Place::new();
    let both = ["--scenario", "throttled", "--scenario", "guest", "--", "true"];
    assert_eq!(place.run(None, &both).0, 0);
    assert_eq!(place.run(None, &["--scenario", "throttled+guest", "--", "true"]).0, 0);
    assert_eq!(place.run(None, &["--scenario", "throttled+outage", "--", "true"]).0, 2);
    assert_eq!(place.run(None, &["--scenario", "throttled+gest", "--", "true"]).0, 2);
}

#[test]
fn the_matrix_has_a_row_for_each_failure() {
    let place = Place::new();
    let (code, out) = place.run(None, &["--matrix", "--", "curl", "-sS", METADATA]);
    assert_eq!((code, out.lines().count()), (0, 23), "{out}");
    for (scenario, end) in [("normal", "succeeded"), ("untrusted-certificate", "failed")] {
        let row = out.lines().find(|line| line.starts_with(scenario)).unwrap();
        assert!(row.contains(end), "{row}");
    }
}

#[test]
fn nothing_remains_after_a_kill() {
    let place = Place::new();
    let started = Instant::now();
    let own = ["home", "tmp", "run"].map(|name| place.folder.path().join(name));
    for folder in &own {
        fs::create_dir(folder).unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let before = place.file("before", "");
    for (number, user) in users().into_iter().cycle().take(20).enumerate() {
        let mark = format!("{}", 7_000_000 + number);
        let mut running = place
            .command(user, &["--", "sh", "-c", "sleep \"$0\" & sleep \"$0\"", &mark])
            .env("HOME", &own[0])
            .env("TMPDIR", &own[1])
            .env("XDG_RUNTIME_DIR", &own[2])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(7 * (number as u64 * number as u64 % 60)));
        running.kill().unwrap();
        running.wait().unwrap();
        let is_left = || {
            let processes = fs::read_dir("/proc").unwrap().flatten();
            processes
                .map(|one| fs::read(one.path().join("cmdline")).unwrap_or_default())
                .any(|line| String::from_utf8_lossy(&line).contains(&mark))
        };
        let end = Instant::now() + Duration::from_secs(20);
        while is_left() {
            assert!(Instant::now() < end, "a process remains after run {number}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains("entrada-sandbox") && !Path::new("/entrada-sandbox").exists());
    for folder in &own {
        assert!(fs::read_dir(folder).unwrap().next().is_none(), "{}", folder.display());
    }
    let newer = Command::new("find").args(["/etc", "-newer"]).arg(&before).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&newer.stdout), "", "files of /etc");
    let temporary = fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    let since = |path: PathBuf| {
        fs::metadata(path)
            .and_then(|own| own.modified())
            .is_ok_and(|at| at.elapsed().unwrap_or_default() < started.elapsed())
    };
    let left: Vec<PathBuf> = temporary
        .map(|one| one.path())
        .filter(|path| {
            path.display().to_string().contains("entrada-sandbox") && since(path.clone())
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn no_secret_of_entrada_reaches_the_program() {
    let place = Place::new();
    let script = "env; cat /proc/1/environ | tr '\\0' '\\n'; echo key > out; echo $ENTRADA_TENANT";
    for way in ["namespaces", "proxy"] {
        for user in users() {
            let args = ["--via", way, "--", "sh", "-c", script];
            let mut command = place.command(user, &args);
            command.env("ENTRADA_STORE_KEY", "5e".repeat(32)).env("ENTRADA_TENANT", "contoso");
            let ended = command.output().unwrap();
            let out = String::from_utf8_lossy(&ended.stdout);
            assert!(!out.contains("5e5e") && out.ends_with("contoso\n"), "{way} {user:?}: {out}");
        }
    }
}
