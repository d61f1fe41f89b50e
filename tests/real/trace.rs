//! Traces of real sign-ins: archives as their schema has them, and without a secret.

use std::fs;
use std::path::Path;
use std::process::Command;

use entrada_core::har::{Har, Pair, is_redacted};

use crate::chromium::User;
use crate::program::{Emulation, Provider, assert_silent, run, start, within};

/// Parameters that let somebody in, or prove something.
const SECRET: [&str; 9] = [
    "access_token",
    "client_assertion",
    "code",
    "code_verifier",
    "device_code",
    "id_token",
    "nonce",
    "refresh_token",
    "state",
];

/// The grant of a device code, as the emulator's log has it.
const POLL: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The trace in `path`: valid, silent about `secrets`, and what it is made of.
fn checked(path: &Path, secrets: &[String]) -> Har {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/browser/validate.mjs");
    run(Command::new("node").arg(script).arg(path)).with(0);
    let bytes = fs::read(path).unwrap();
    assert_silent("the trace", &bytes, secrets);
    let har = Har::parse(std::str::from_utf8(&bytes).unwrap()).unwrap().unwrap();
    let mut secrets_seen = 0;
    for entry in &har.log.entries {
        for Pair { name, value } in entry.request.query_string.iter().chain(&entry.form()) {
            let secret = SECRET.contains(&name.as_str());
            assert!(!secret || is_redacted(value), "{name}={value}");
            secrets_seen += usize::from(secret);
        }
        for Pair { name, value } in entry.request.headers.iter().chain(&entry.response.headers) {
            let secret = ["authorization", "cookie", "set-cookie"].contains(&name.as_str());
            assert!(!secret || is_redacted(value), "{name}: {value}");
        }
    }
    assert!(0 < secrets_seen, "there was something to hide");
    har
}

#[test]
fn every_way_through_the_emulator_leaves_a_valid_trace_without_secrets() {
    let entra = Emulation::new("normal");
    let user = User::new(entra.settings());
    let path = user.desk.dir.path().join("run.har");
    let trace = ["--trace", path.to_str().unwrap()];
    for mode in ["query", "form_post"] {
        let (ended, _) = user.login("approve", &[&trace[..], &["--response-mode", mode]].concat());
        ended.with(0).saying("trace written to");
        let har = checked(&path, &entra.emulator.secrets());
        let visit = har.log.entries.iter().find(|entry| entry.response.status == 303);
        let agent = visit.unwrap().request.headers.iter().find(|pair| pair.name == "user-agent");
        assert!(agent.unwrap().value.contains("Chrome"), "{agent:?}");
        let shown = run(&mut user.entrada(&["trace", "show", trace[1]])).with(0);
        assert!(shown.out.contains("grant_type=authorization_code"), "{}", shown.out);
        assert_silent("what is shown", shown.out.as_bytes(), &entra.emulator.secrets());
    }
    run(&mut user.entrada(&["token", "--force-refresh", "--trace", trace[1]])).with(0);
    checked(&path, &entra.emulator.secrets());
    assert!(entra.emulator.set_scenario("auto-approve"));
    run(&mut user.entrada(&["login", "--flow", "device", "--trace", trace[1]])).with(0);
    checked(&path, &entra.emulator.secrets());
    assert!(entra.emulator.set_scenario("hostile-text"));
    run(&mut user.entrada(&["login", "--flow", "device", "--trace", trace[1]])).with(5);
    checked(&path, &entra.emulator.secrets());
}

#[test]
fn a_sign_in_that_is_told_to_end_leaves_its_trace() {
    let entra = Emulation::new("normal");
    let user = User::new(entra.settings());
    let path = user.desk.dir.path().join("run.har");
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let before = entra.posts(POLL);
        let arguments = ["login", "--flow", "device", "--quiet", "--trace", path.to_str().unwrap()];
        let login = start(&mut user.entrada(&arguments));
        within("a poll", || (before < entra.posts(POLL)).then_some(()));
        login.signal(signal);
        let ended = login.end().with(i32::from(code));
        assert!(!ended.err.contains("trace written"), "{}", ended.err);
        let har = checked(&path, &entra.emulator.secrets());
        assert_eq!(har.log.summary.unwrap().exit, Some(code));
    }
}

#[test]
fn a_provider_that_is_not_ours_leaves_a_valid_trace_without_secrets() {
    let provider = Provider::new(&[]);
    let user = User::new(provider.settings());
    let path = user.desk.dir.path().join("run.har");
    let (ended, _) = user.login("approve", &["--trace", path.to_str().unwrap()]);
    ended.with(0);
    let har = checked(&path, &provider.secrets());
    let paths: Vec<String> = har
        .log
        .entries
        .iter()
        .map(|entry| url::Url::parse(&entry.request.url).unwrap().path().to_owned())
        .collect();
    assert!(paths[0].ends_with("/.well-known/openid-configuration"), "{paths:?}");
    assert!(paths.iter().any(|path| path == "/result"), "{paths:?}");
    let metadata = har.log.entries[0].response.content.text.as_deref().unwrap();
    assert!(metadata.contains("\"token_endpoint\": \"http"), "{metadata}");
}
