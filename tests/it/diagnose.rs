//! `entrada diagnose`, `inspect` and `explain` as their user sees them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entrada::cli::Exit;

use crate::world::{Run, World};

fn jwt(payload: &str) -> String {
    let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    format!("{}.{}.c2lnbmF0dXJl", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(payload))
}

fn diagnose(args: &[&str], stdin: &str) -> Run {
    let world = World::new();
    for variable in ["ENTRADA_AUTHORITY", "ENTRADA_TENANT", "ENTRADA_CLIENT_ID"] {
        world.unset(variable);
    }
    let args: Vec<&str> = std::iter::once("diagnose").chain(args.iter().copied()).collect();
    world.run_exactly(&args, stdin)
}

fn shown(run: &Run) -> String {
    format!("exit {}\n--- stdout\n{}--- stderr\n{}", run.exit.code(), run.stdout, run.stderr)
}

#[test]
fn an_expired_token_for_another_service_names_both_causes() {
    let token = jwt(
        r#"{"aud":"https://management.azure.com/","scp":"user_impersonation","exp":1699990000}"#,
    );
    insta::assert_snapshot!(shown(&diagnose(&["--job", "imap"], &token)), @r"
    exit 10
    --- stdout
    problem: expired (judged for `imap`)

    error[expired]: the token expired 2 h 46 min ago
      --> exp: 2023-11-14 19:26:40Z
      = help: get a fresh one: `entrada token --job imap`

    error[wrong-audience]: the token is for Azure Resource Manager, not for Exchange Online
      --> aud: https://management.azure.com/
      = help: ask for `https://outlook.office.com/IMAP.AccessAsUser.All`: `entrada login --job imap`

    note[offline-access-unknowable]: `offline_access` cannot be judged from an access token alone
      = help: judge the whole token response, or look for a refresh token with `entrada status`

    before it ended, it served: arm
    --- stderr
    ");
}

#[test]
fn quiet_says_nothing_of_what_is_well() {
    let healthy =
        jwt(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1700003000}"#);
    let run = diagnose(&["-q"], &healthy);
    assert_eq!((run.exit, run.stdout.as_str(), run.stderr.as_str()), (Exit::Success, "", ""));
    let run = diagnose(&["-q", "-o", "json"], &healthy);
    assert!(
        run.stdout.contains(r#""verdict":"ok""#),
        "programs get their document: {}",
        run.stdout
    );
    let run = diagnose(&["-q", "--job", "imap"], &healthy);
    assert_eq!(run.exit, Exit::Findings);
    assert!(
        run.stdout.contains("error[wrong-audience]") && !run.stdout.contains("note["),
        "{}",
        run.stdout
    );
}

#[test]
fn a_healthy_token_is_told_to_be_well() {
    let token = jwt(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1700003000}"#);
    let run = diagnose(&[], &token);
    assert_eq!(run.exit, Exit::Success);
    assert!(
        run.stdout.starts_with("ok: nothing stands in the way of `graph-mail-read`\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_token_response_without_refresh_token_is_told() {
    let body =
        r#"{"access_token":"EwB","token_type":"Bearer","scope":"Mail.Read","expires_in":3599}"#;
    let run = diagnose(&["--scope", "Mail.Read", "-o", "json"], body);
    assert_eq!(run.exit, Exit::Findings);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["version"], 1);
    assert_eq!(document["verdict"], "problem");
    assert_eq!(document["input"]["kind"], "token_response");
    let first = &document["findings"][0];
    assert_eq!(first["id"], "missing-offline-access");
    assert_eq!(first["severity"], "error");
    assert_eq!(first["docs"], "entrada explain missing-offline-access");
}

#[test]
fn offline_access_missing_from_the_scopes_is_no_finding() {
    let body = r#"{"access_token":"EwB","refresh_token":"M.C5","token_type":"Bearer",
        "scope":"Mail.Read openid profile email","expires_in":3599}"#;
    let run = diagnose(&["--scope", "Mail.Read offline_access openid"], body);
    assert_eq!(run.exit, Exit::Success, "{}", run.stdout);
    assert!(run.stdout.starts_with("ok:"), "{}", run.stdout);
}

#[test]
fn a_refusal_names_its_cause_and_keeps_the_ids() {
    let body = r#"{"error":"invalid_grant","error_description":"AADSTS65001: The user has not consented.\r\nTrace ID: t\r\nCorrelation ID: c",
        "error_codes":[65001],"correlation_id":"5f0e7e5c","trace_id":"t","suberror":"consent_required"}"#;
    let run = diagnose(&[], body);
    assert_eq!(run.exit, Exit::Findings);
    assert!(run.stdout.contains("error[user-consent-required]"), "{}", run.stdout);
    assert!(run.stdout.contains("correlation_id: 5f0e7e5c"), "{}", run.stdout);
    assert!(run.stdout.lines().all(|line| !line.starts_with("Trace ID")), "{}", run.stdout);
}

#[test]
fn the_configured_job_counts_and_the_configured_identity_does_not() {
    let world = World::new();
    world.set("ENTRADA_JOB", "imap");
    let token = jwt(
        r#"{"aud":"https://outlook.office.com","scp":"IMAP.AccessAsUser.All","exp":1700003000,
            "appid":"99999999-2222-3333-4444-555555555555","tid":"99999999-2222-3333-4444-555555555555"}"#,
    );
    let run = world.run_exactly(&["diagnose"], &token);
    assert!(run.stdout.starts_with("ok: nothing stands in the way of `imap`"), "{}", run.stdout);
    world.unset("ENTRADA_JOB");
    let run = world.run_exactly(&["diagnose"], &token);
    assert!(run.stdout.contains("it fits `imap`; if that is what it is for"), "{}", run.stdout);
}

#[test]
fn an_error_of_usage_keeps_its_layout() {
    let run = World::new().run_exactly(&[], "");
    assert!(run.stderr.contains("\n  login           Sign in"), "{}", run.stderr);
}

#[test]
fn several_jobs_are_judged_one_by_one() {
    let token = jwt(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1700003000}"#);
    let run = diagnose(&["--job", "graph-mail-read,graph-mail-send"], &token);
    assert_eq!(run.exit, Exit::Findings);
    assert!(run.stdout.contains("ok: nothing stands in the way of `graph-mail-read`"));
    assert!(run.stdout.contains("problem: missing-scope (judged for `graph-mail-send`)"));
}

#[test]
fn no_output_repeats_the_token() {
    let token = jwt(r#"{"aud":"x","exp":1,"secret_claim":"harmless"}"#);
    for args in [&[][..], &["-o", "json"]] {
        let run = diagnose(args, &token);
        for part in token.split('.').filter(|part| 4 < part.len()) {
            assert!(!run.stdout.contains(part) && !run.stderr.contains(part), "{run:?}");
        }
    }
}

#[test]
fn hostile_input_gets_an_answer_and_never_a_panic() {
    let long = "x".repeat(10_000_000);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for input in [
        "",
        "...",
        "a.b.c",
        "....",
        "{",
        "{}",
        "[]",
        "null",
        "\u{feff}{}",
        "eyJ.eyJ.",
        &jwt("[]"),
        &jwt(r#"{"exp":1e308,"aud":[],"scp":7,"roles":"x","tid":{}}"#),
        &jwt(&format!(r#"{{"a":{deep}}}"#)),
        &deep,
        &long,
        &format!("{{\"access_token\":\"{long}\"}}"),
        r#"{"version":1,"token":7}"#,
        r#"{"error":{"code":"InvalidAuthenticationToken"}}"#,
    ] {
        let run = diagnose(&[], input);
        assert!(run.stdout.len() < 100_000, "{}", run.stdout.len());
    }
}

#[test]
fn claims_are_annotated_and_cleaned() {
    let token = jwt(
        r#"{"aud":"00000003-0000-0000-c000-000000000000","exp":1700003600,"name":"A\u001b[2J\u202eB"}"#,
    );
    let world = World::new();
    let run = world.run_exactly(&["inspect"], &token);
    assert_eq!(run.exit, Exit::Success);
    assert!(run.stdout.contains("Microsoft Graph; whom the token is for"), "{}", run.stdout);
    assert!(
        run.stdout.contains("2023-11-14 23:13:20Z, in 1 h; when the token ends, for good"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("AB  #"), "{}", run.stdout);
    assert!(!run.stdout.contains('\u{1b}'));
}

#[test]
fn explain_answers_for_findings_numbers_claims_jobs_and_codes() {
    let world = World::new();
    for (what, answer) in [
        (&["wrong-audience"][..], "## What to do"),
        (&["AADSTS65001"], "user-consent-required"),
        (&["700082"], "refresh-token-expired"),
        (&["imap"], "IMAP.AccessAsUser.All"),
        (&["scp"], "`offline_access` never stands here"),
        (&["exit", "5"], "the authority refused"),
        (&["10"], "found an error"),
        (&["exit"], "sign-in needed"),
        (&["invalid_grant"], "RFC 6749"),
        (&["offline_access"], "Asks for a refresh token"),
        (&["search", "intune"], "AADSTS53009"),
        (&[], "entrada explain --search consent"),
    ] {
        let args: Vec<&str> = std::iter::once("explain").chain(what.iter().copied()).collect();
        let run = world.run_exactly(&args, "");
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        assert!(run.stdout.contains(answer), "{}", run.stdout);
    }
    let run = world.run_exactly(&["explain", "wrong-audiense"], "");
    assert_eq!(run.exit, Exit::Usage);
    assert!(
        run.stderr.contains("did you mean `entrada explain wrong-audience`?"),
        "{}",
        run.stderr
    );
}
