//! `entrada diagnose --explain-reading` as its user sees it.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use entrada::cli::Exit;
use serde_json::Value;

use crate::corpus;
use crate::snapshots::hold;
use crate::world::{Run, World};

fn jwt(payload: &str) -> String {
    let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    format!("{}.{}.{}", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(payload), "c".repeat(342))
}

fn explain(args: &[&str], stdin: &str) -> Run {
    let world = World::new();
    for variable in ["ENTRADA_AUTHORITY", "ENTRADA_TENANT", "ENTRADA_CLIENT_ID"] {
        world.unset(variable);
    }
    world.run_exactly(&[&["diagnose", "--explain-reading"][..], args].concat(), stdin)
}

fn hold_reading(name: &str, run: &Run) {
    let shown = format!("exit {}\n{}--- stderr\n{}", run.exit.code(), run.stdout, run.stderr);
    hold("readings", name, &shown);
}

const LOG: &str = "> 2026-11-30T08:00:01Z ERROR sign-in failed: AADSTS50034: The user account does not exist.\n\
    > 2026-11-30T08:00:02Z ERROR {\"error\":\"invalid_grant\",\"error_description\":\"AADSTS700082: The refresh token has expired.\"}\n";

#[test]
fn a_quoted_log_with_two_refusals() {
    hold_reading("quoted-log", &explain(&[], LOG));
}

#[test]
fn a_healthy_token_with_its_proof() {
    let token = jwt(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1700003000}"#);
    hold_reading("healthy-token", &explain(&[], &token));
}

#[test]
fn a_known_cause_silences_guesses() {
    let token = jwt(
        r#"{"aud":"https://outlook.office.com","idtyp":"app","roles":["IMAP.AccessAsApp"],"exp":1700003000}"#,
    );
    let sent = BASE64_STANDARD
        .encode(format!("user=billing@contoso.example\u{1}auth=Bearer {token}\u{1}\u{1}"));
    let talk = format!("C: a1 AUTHENTICATE XOAUTH2 {sent}\nS: a1 NO AUTHENTICATE failed.\n");
    let run = explain(&[], &talk);
    assert!(run.stdout.contains("dropped, because"), "{}", run.stdout);
    hold_reading("silenced-guesses", &run);
}

#[test]
fn the_json_object() {
    let run = explain(&["-o", "json"], LOG);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    hold("readings", "json", &format!("{document:#}"));
}

#[test]
fn there_are_two_formats_and_no_report() {
    for format in ["sarif", "github"] {
        let run = explain(&["-o", format], "AADSTS50034");
        assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""), "{format}");
    }
    assert_eq!(explain(&["--stream"], "AADSTS50034").exit, Exit::Usage);
    assert_eq!(explain(&["--report", "x.html"], "AADSTS50034").exit, Exit::Usage);
    assert_eq!(explain(&[], " ").exit, Exit::Usage);
}

/// Of the corpus, every ninth case: each is judged twice.
const STEP: usize = 9;

/// The diagnosis in the explanation is the one that the command gives without the flag, and an explanation names what it rests on.
#[test]
fn cases_of_the_corpus_are_explained_as_they_are_diagnosed() {
    let world = corpus::world();
    let cases = corpus::cases();
    // A registration is no text that is read.
    let texts = cases.iter().filter(|case| !case.args.iter().any(|arg| arg == "--registration"));
    for case in texts.step_by(STEP) {
        let args = |first: &[&'static str]| -> Vec<&str> {
            let own = case.args.iter().map(String::as_str);
            ["diagnose", "-o", "json"].into_iter().chain(first.iter().copied()).chain(own).collect()
        };
        let plain = world.run_exactly(&args(&[]), &case.text());
        let explained = world.run_exactly(&args(&["--explain-reading"]), &case.text());
        assert_eq!(plain.exit, explained.exit, "{}", case.name());
        if explained.stdout.is_empty() {
            continue;
        }
        let document: Value = serde_json::from_str(&explained.stdout).unwrap();
        let cases = document["cases"].as_array().unwrap();
        let diagnoses: String =
            cases.iter().map(|case| format!("{}\n", case["diagnosis"])).collect();
        let plain: Vec<Value> =
            plain.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let own: Vec<Value> =
            diagnoses.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(own, plain, "{}", case.name());
        for one in cases {
            let is_ok = one["diagnosis"]["verdict"] == "ok";
            assert_eq!(one["proof"].is_string(), is_ok, "{}", case.name());
        }
        let artifacts = document["inputs"][0]["artifacts"].as_array().unwrap();
        for (at, artifact) in artifacts.iter().enumerate() {
            let by = artifact["outweighed_by"].as_u64();
            assert!(by.is_none() || artifact["counts"] == false, "{}", case.name());
            assert!(by != Some(at as u64), "{}", case.name());
        }
        if !artifacts.is_empty() {
            let counts = artifacts.iter().any(|artifact| artifact["counts"] == true);
            assert!(counts, "{}: {artifacts:?}", case.name());
        }
    }
}
