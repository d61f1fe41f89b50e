//! `entrada diagnose` beyond one token for one job: streams, several inputs, jobs of one's own, pages, annotations; and
//! that every number and cause on record can be reached and explained.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entrada::cli::Exit;
use entrada_core::entra::aadsts::meanings;
use entrada_core::entra::{aadsts, causes};
use serde_json::{Value, json};

use crate::corpus;
use crate::world::{Run, World};

pub(crate) fn jwt(payload: &str) -> String {
    let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    format!("{}.{}.{}", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(payload), "c".repeat(342))
}

pub(crate) const READS: &str = r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1700003000,"upn":"ada@contoso.example"}"#;

fn run(world: &World, args: &[&str], stdin: &str) -> Run {
    for variable in ["ENTRADA_AUTHORITY", "ENTRADA_TENANT", "ENTRADA_CLIENT_ID"] {
        world.unset(variable);
    }
    world.run_exactly(args, stdin)
}

pub(crate) fn diagnose(args: &[&str], stdin: &str) -> Run {
    let args: Vec<&str> = std::iter::once("diagnose").chain(args.iter().copied()).collect();
    run(&World::new(), &args, stdin)
}

/// Ids of the findings in a judgement, most important first.
fn ids(document: &Value) -> Vec<&str> {
    let findings = document["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["id"].as_str().unwrap()).collect()
}

#[test]
fn a_stream_has_a_judgement_for_each_line_in_order() {
    let token = jwt(READS);
    let lines = [
        token.as_str(),
        r#"{"error":"invalid_grant","error_codes":[65001]}"#,
        "",
        "nothing of the kind",
        "a1 NO AUTHENTICATE failed.",
        r#"{"access_token":"#,
    ];
    let ran = diagnose(&["--stream"], &lines.join("\n"));
    assert_eq!(ran.exit, Exit::Findings);
    let all: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdicts: Vec<&str> =
        all.iter().map(|document| document["verdict"].as_str().unwrap()).collect();
    assert_eq!(
        verdicts,
        ["ok", "problem", "undetermined", "undetermined", "undetermined", "undetermined"]
    );
    assert_eq!(ids(&all[1])[0], "user-consent-required");
    assert!(all.iter().all(|document| document.get("life").is_none()), "findings only");
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_stream_says_at_its_end_whether_anything_was_wrong_or_unreadable() {
    let token = jwt(READS);
    assert_eq!(diagnose(&["--stream"], &token).exit, Exit::Success);
    assert_eq!(diagnose(&["--stream"], "").exit, Exit::Success);
    assert_eq!(diagnose(&["--stream"], &format!("{token}\nwhat is this\n")).exit, Exit::Usage);
    assert_eq!(diagnose(&["--stream", "-j", "imap"], &token).exit, Exit::Findings);
}

#[test]
fn a_line_of_a_stream_that_is_too_long_is_one_that_cannot_be_judged() {
    let long = "x".repeat(3 << 20);
    let ran = diagnose(&["--stream"], &format!("{long}\n{}\n", jwt(READS)));
    let verdicts: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["verdict"].clone())
        .collect();
    assert_eq!(verdicts, ["undetermined", "ok"]);
}

#[test]
fn a_refusal_and_the_token_that_was_sent_explain_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let answer = folder.path().join("answer.txt");
    std::fs::write(&answer, "a1 NO AUTHENTICATE failed.\n").unwrap();
    let alone = diagnose(&["-o", "json"], "a1 NO AUTHENTICATE failed.");
    let alone: Value = serde_json::from_str(&alone.stdout).unwrap();
    assert_eq!(alone["verdict"], "undetermined");
    let both = diagnose(&["-o", "json", answer.to_str().unwrap(), "-"], &jwt(READS));
    let both: Value = serde_json::from_str(&both.stdout).unwrap();
    assert_eq!((&both["verdict"], ids(&both)[0]), (&json!("problem"), "wrong-audience"));
    assert_eq!(both["input"]["job"], "imap");
}

#[test]
fn what_was_asked_and_granted_is_a_table_and_the_end_is_foretold() {
    let body = r#"{"access_token":"EwBopaque","token_type":"Bearer","expires_in":3600,"refresh_token":"r",
        "scope":"https://graph.microsoft.com/Mail.Read openid profile email"}"#;
    let ran = diagnose(
        &["-s", "Mail.Read", "-s", "Mail.Send", "-s", "offline_access", "-j", "graph-mail-read"],
        body,
    );
    let told = ran.stdout.split_once("\n\n").unwrap().1;
    let table = &told[told.find("  SCOPE").unwrap()..];
    insta::assert_snapshot!(table, @r"
      SCOPE           ASKED  GRANTED
      Mail.Send       yes    NO       breaks graph-mail-send
      Mail.Read       yes    yes
      offline_access  yes    yes      a refresh token was issued

    this token works for: graph-mail-list-metadata, graph-mail-read, graph-mail-attachments

    when will it stop working?
      2023-11-14 23:13:20Z, in 1 h: the access token expires
      2024-02-12 22:13:20Z, in 90 d: the refresh token expires if it has not been used by then; each use adds 90 days
    ");
}

#[test]
fn a_job_of_ones_own_is_judged_like_one_on_record() {
    let world = World::new();
    world.write_config(
        "[jobs.crm]\ntitle = 'read orders'\naudience = 'api://crm'\nscope = ['api://crm/Orders.Read']\n\
         app-roles = ['Orders.Read.All']\n",
    );
    let judged = |claims: &str| {
        let ran = run(&world, &["diagnose", "-j", "crm", "-o", "json"], &jwt(claims));
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(document["input"]["job"], "crm");
        ids(&document)[0].to_owned()
    };
    assert_eq!(
        judged(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read"}"#),
        "wrong-audience"
    );
    assert_eq!(judged(r#"{"aud":"api://crm","scp":"Orders.Write"}"#), "missing-scope");
    assert_eq!(
        judged(r#"{"aud":"api://crm","idtyp":"app","roles":["Other"]}"#),
        "missing-app-role"
    );
    assert_eq!(judged(r#"{"aud":"api://crm","scp":"Orders.Read"}"#), "offline-access-unknowable");
    let evidence = json!({"version": 1, "job": "crm", "token": jwt(r#"{"aud":"x","scp":"y"}"#)});
    let ran = run(&world, &["diagnose", "-o", "json"], &evidence.to_string());
    assert!(ran.stdout.contains(r#""job":"crm""#), "{}", ran.stdout);
    let ran = run(&world, &["explain", "crm"], "");
    assert!(
        ran.stdout.starts_with("# crm: read orders\n\nAudience: api://crm\n"),
        "{}",
        ran.stdout
    );
    let ran = run(&world, &["diagnose", "-j", "crn"], &jwt(READS));
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.stderr.contains("there is no job `crn`; did you mean `crm`?"), "{}", ran.stderr);
}

#[test]
fn a_request_is_looked_over_before_anybody_is_asked() {
    let world = World::new();
    let ran =
        world.run(&["login", "-s", "Mail.Read", "-s", "https://outlook.office.com/SMTP.Send"]);
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.stderr.contains("error[mixed-resources]"), "{}", ran.stderr);
    let ran = world.run(&["token", "-s", "IMAP.AccessAsUser.All"]);
    assert_eq!(ran.exit, Exit::Usage);
    assert!(
        ran.stderr.contains("https://outlook.office.com/IMAP.AccessAsUser.All"),
        "{}",
        ran.stderr
    );
    assert!(world.emulator.log().is_empty(), "nobody was asked");
    let ran = world.run(&["login", "-s", "Mail.Read", "--offline=false"]);
    assert_eq!(ran.exit, Exit::Success, "{}", ran.stderr);
}

#[test]
fn several_jobs_are_one_login_and_no_mixed_request() {
    let world = World::new();
    let ran = world.run(&["login", "-j", "graph-mail-read", "-j", "imap"]);
    assert_eq!(ran.exit, Exit::Success, "{}", ran.stderr);
}

#[test]
fn the_page_stands_alone_and_holds_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let token = jwt(READS);
    let ran = diagnose(&["--report", path.to_str().unwrap(), "-j", "imap"], &token);
    assert_eq!(ran.exit, Exit::Findings);
    assert!(ran.stderr.contains("report written to"), "{}", ran.stderr);
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.contains("wrong-audience") && page.contains("ada@contoso.example"));
    for part in token.split('.') {
        assert!(!page.contains(part), "a part of the token");
    }
    assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("@import"));
    let ran = diagnose(&["--report", "/nowhere/report.html"], &token);
    assert_eq!(ran.exit, Exit::Usage);
    assert!(
        ran.stderr.contains("cannot write the report to `/nowhere/report.html`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn annotations_are_workflow_commands() {
    let ran = diagnose(&["-o", "github", "-j", "imap"], &jwt(READS));
    insta::assert_snapshot!(ran.stdout.lines().next().unwrap(), @"::error title=entrada%3A wrong-audience (imap)::the token is for Microsoft Graph, not for Exchange Online%0Aaud: https://graph.microsoft.com%0Ahelp: request `https://outlook.office.com/IMAP.AccessAsUser.All`: `entrada login --job imap`");
}

#[test]
fn every_number_on_record_is_told_with_its_cause_and_explained() {
    let world = World::new();
    let mut lines = String::new();
    for code in aadsts::all() {
        let error = code.oauth_error.first().unwrap_or(&"invalid_grant");
        let refusal = json!({"error": error, "error_codes": [code.code],
            "error_description": format!("AADSTS{}: as it happens.", code.code)});
        writeln!(lines, "{refusal}").unwrap();
    }
    let ran = run(&world, &["diagnose", "--stream"], &lines);
    for (code, line) in aadsts::all().iter().zip(ran.stdout.lines()) {
        let document: Value = serde_json::from_str(line).unwrap();
        let first = ids(&document)[0];
        // Words that OAuth itself fixes go before numbers.
        let by_word = matches!(first, "user-declined" | "authorization-pending");
        // The `error` member alone decides between the meanings of 9002313.
        let meaning = meanings::find(code.code, "", code.oauth_error.first().unwrap_or(&""));
        let cause = meaning.map_or(code.cause, |meaning| Some(meaning.cause));
        assert!(by_word || first == cause.unwrap_or("refused"), "AADSTS{}: {first}", code.code);
        let ran = run(&world, &["explain", &format!("AADSTS{}", code.code)], "");
        assert_eq!(ran.exit, Exit::Success, "AADSTS{}", code.code);
        assert!(ran.stdout.contains(code.remedy), "AADSTS{}", code.code);
    }
}

#[test]
fn every_documented_number_is_explained() {
    let world = World::new();
    let documented = include_str!("../../crates/entrada-core/src/entra/data/aadsts_documented.txt");
    for number in documented.split_whitespace() {
        let ran = run(&world, &["explain", &format!("AADSTS{number}")], "");
        assert_eq!(ran.exit, Exit::Success, "AADSTS{number}: {}", ran.stderr);
        let head = format!("# AADSTS{number}");
        assert!(ran.stdout.starts_with(&head) && ran.stdout.contains("What to do: "), "{number}");
    }
    let ran = run(&world, &["explain", "AADSTS9999999"], "");
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.stderr.contains("error?code=9999999"), "{}", ran.stderr);
}

#[test]
fn a_number_that_is_not_on_record_is_named_as_such() {
    let world = World::new();
    let judged = |error: &str| {
        let refusal = json!({"error": error, "error_codes": [9_999_999],
            "error_description": "AADSTS9999999: Nobody knows."});
        run(&world, &["diagnose"], &refusal.to_string())
    };
    let told = "an error that entrada does not know: AADSTS9999999";
    for (error, exit) in
        [("unauthorized_client", Exit::Findings), ("interaction_required", Exit::Success)]
    {
        let ran = judged(error);
        assert_eq!(ran.exit, exit, "{error}: {}", ran.stdout);
        assert!(
            ran.stdout.contains(told) && !ran.stdout.contains("refused with"),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn each_meaning_of_a_number_is_told_by_its_text() {
    let world = World::new();
    let mut lines = String::new();
    for meaning in meanings::all() {
        let error = meaning.error.unwrap_or("invalid_grant");
        let refusal = json!({"error": error, "error_codes": [meaning.code],
            "error_description": meaning.example});
        writeln!(lines, "{refusal}").unwrap();
    }
    let ran = run(&world, &["diagnose", "--stream"], &lines);
    assert_eq!(ran.stdout.lines().count(), meanings::all().len());
    for (meaning, line) in meanings::all().iter().zip(ran.stdout.lines()) {
        let document: Value = serde_json::from_str(line).unwrap();
        // Where the text names a second number, that one decides.
        if meaning.code != 70_002 || !meaning.words[0].starts_with("aadsts") {
            assert_eq!(ids(&document)[0], meaning.cause, "{}", meaning.example);
        }
        let expected = format!("{} (AADSTS{})", meaning.meaning, meaning.code);
        let told = document["findings"][0]["message"].as_str().unwrap();
        assert!(told == expected || meaning.code == 70_002, "{told} instead of {expected}");
    }
}

#[test]
fn a_permission_tells_who_consents_and_where() {
    let world = World::new();
    let told = |name: &str| run(&world, &["explain", name], "").stdout;
    let read = told("Mail.Read");
    assert!(read.contains("by default, since 2025-11 (MC1163922)"), "{read}");
    assert!(read.contains("Thunderbird"), "{read}");
    assert!(
        read.contains(
            "/organizations/v2.0/adminconsent?client_id=CLIENT_ID&scope=https%3A%2F%2Fgraph"
        ),
        "{read}"
    );
    let imap = told("IMAP.AccessAsUser.All");
    assert!(imap.contains("outlook.office.com%2FIMAP.AccessAsUser.All"), "{imap}");
    let send = told("Mail.Send");
    assert!(send.contains("Consent: the user's own") && !send.contains("adminconsent"), "{send}");
    assert!(told("Mail-Advanced.ReadWrite").contains("2026-12-31"));
}

#[test]
fn every_cause_on_record_is_reached_by_a_case_and_explained() {
    let world = corpus::world();
    let mut reached = BTreeSet::new();
    for case in corpus::cases() {
        let args: Vec<&str> = ["diagnose", "-o", "json"]
            .into_iter()
            .chain(case.args.iter().map(String::as_str))
            .collect();
        let ran = world.run_exactly(&args, &case.text());
        let document: Value = serde_json::from_str(ran.stdout.lines().next().unwrap()).unwrap();
        reached.extend(ids(&document).into_iter().map(str::to_owned));
    }
    for cause in causes::all() {
        assert!(reached.contains(cause.id), "no case reaches {}", cause.id);
        let ran = run(&world, &["explain", cause.id], "");
        assert_eq!(ran.exit, Exit::Success, "{}", cause.id);
        assert!(ran.stdout.contains("## What to do"), "{}", cause.id);
    }
}

#[test]
fn everything_that_can_be_explained_is_found_by_its_words() {
    let world = World::new();
    let found = |words: &str| run(&world, &["explain", "--search", words], "");
    let ran = found("consent administrator");
    assert!(ran.stdout.contains("admin-consent-required") && ran.stdout.contains("AADSTS90094"));
    assert!(found("five minutes back").stdout.contains("claim"));
    assert!(found("send mail").stdout.contains("graph-mail-send"));
    assert!(found("interrupted").stdout.contains("exit 130"));
    let ran = found("xyzzy");
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.stderr.contains("no entry contains `xyzzy`"), "{}", ran.stderr);
}
