//! Services that speak HTTP.

use entrada::cli::Exit;

use super::first_cause;
use crate::world::World;

#[test]
fn graph_is_asked_for_what_the_job_reads() {
    let world = World::new();
    world.run(&["login"]);
    let run = world.run(&["probe"]);
    assert_eq!(run.exit, Exit::Success, "{run:#?}");
    assert_eq!(
        run.stdout,
        "taken: localhost accepted the token, and answered\nok: no problem found for `graph-mail-read`\n"
    );
    let log = world.emulator.log();
    let asked = log.last().unwrap();
    assert!(asked.path.starts_with("/v1.0/me/messages"), "{asked:#?}");

    // Consent grows: somebody else, who gave less.
    let world = World::new();
    world.run(&["login", "--job", "graph-profile"]);
    let token = world.run(&["token", "--job", "graph-profile"]).stdout;
    let given = ["probe", "--token-from", "-", "--job"];
    let run = world.run_with_stdin(&[&given[..], &["graph-mail-read"]].concat(), &token);
    assert_eq!((run.exit, first_cause(&run.stdout)), (Exit::ProbeRefused, "missing-scope"));
    // Whether it may send is not tried: that it may not is known from the token.
    let run = world.run_with_stdin(&[&given[..], &["graph-mail-send"]].concat(), &token);
    assert_eq!((run.exit, first_cause(&run.stdout)), (Exit::Findings, "missing-scope"));
    assert!(run.stdout.contains("cannot be tried without doing it"), "{run:#?}");
    world.clock.pass(7_200);
    let run = world.run_with_stdin(&[&given[..], &["graph-profile"]].concat(), &token);
    assert_eq!((run.exit, first_cause(&run.stdout)), (Exit::ProbeRefused, "expired"));
}

#[test]
fn a_claims_challenge_is_told_with_what_answers_it() {
    let world = World::with("claims-challenge");
    world.run(&["login"]);
    let run = world.run(&["probe"]);
    assert_eq!(run.exit, Exit::ProbeRefused, "{run:#?}");
    assert_eq!(first_cause(&run.stdout), "claims-challenge-cae", "{run:#?}");
}

/// What Exchange answers to the call at `path`.
pub(super) fn exchange(
    job: &str,
    path: &'static str,
    status: u16,
    headers: &'static [(&str, &str)],
    body: &'static str,
) -> (Exit, String, World) {
    let world = World::new();
    world.run(&["login", "--job", job]);
    world.changing(move |called, answer| {
        if called != path {
            return answer;
        }
        let mut changed = entrada_auth::sys::HttpResponse::new(body.as_bytes().to_vec());
        *changed.status_mut() = status.try_into().unwrap();
        for (name, value) in headers {
            changed.headers_mut().append(*name, value.parse().unwrap());
        }
        changed
    });
    let run = world.run(&["probe", "--job", job]);
    (run.exit, run.stdout, world)
}

const EWS: &str = "/EWS/Exchange.asmx";
const EAS: &str = "/Microsoft-Server-ActiveSync";

#[test]
fn ews_and_active_sync_are_asked_for_something_harmless() {
    let good = r#"<s:Envelope><s:Body><m:GetFolderResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode></m:GetFolderResponseMessage></s:Body></s:Envelope>"#;
    let (exit, said, world) = exchange("ews", EWS, 200, &[], good);
    assert_eq!(exit, Exit::Success, "{said}");
    let log = world.emulator.log();
    assert_eq!((&*log.last().unwrap().method, &*log.last().unwrap().path), ("POST", EWS));
    let (exit, said, world) =
        exchange("eas", EAS, 200, &[("ms-asprotocolversions", "14.1,16.1")], "");
    assert_eq!(exit, Exit::Success, "{said}");
    let log = world.emulator.log();
    assert_eq!((&*log.last().unwrap().method, &*log.last().unwrap().path), ("OPTIONS", EAS));
}

#[test]
fn refusals_of_ews_and_active_sync_have_their_causes() {
    let denied = r#"<s:Envelope><s:Body><m:GetFolderResponseMessage ResponseClass="Error"><m:MessageText>Access is denied. Check credentials and try again.</m:MessageText><m:ResponseCode>ErrorAccessDenied</m:ResponseCode></m:GetFolderResponseMessage></s:Body></s:Envelope>"#;
    for (job, path, status, headers, body, cause) in [
        // SOAP has its errors under 200.
        ("ews", EWS, 200, &[][..], denied, "mailbox-permission-missing"),
        ("ews", EWS, 403, &[("x-ews-policy-reason", "EwsDisabled")], "", "exchange-policy-block"),
        (
            "eas",
            EAS,
            401,
            &[(
                "x-ms-diagnostics",
                "2000003;reason=\"The audience claim value is invalid 'aud'.\";error_category=\"invalid_resource\"",
            )],
            "",
            "wrong-audience",
        ),
    ] {
        let (exit, said, _) = exchange(job, path, status, headers, body);
        assert_eq!((exit, first_cause(&said)), (Exit::ProbeRefused, cause), "{said}");
    }
}

/// What Graph answers to a probe for mail, under 200.
fn graph(headers: &'static [(&str, &str)], body: &'static str) -> (Exit, String) {
    let world = World::new();
    world.run(&["login"]);
    world.changing(move |called, answer| {
        if !called.starts_with("/v1.0/me/messages") {
            return answer;
        }
        let mut changed = entrada_auth::sys::HttpResponse::new(body.as_bytes().to_vec());
        for (name, value) in headers {
            changed.headers_mut().append(*name, value.parse().unwrap());
        }
        changed
    });
    let run = world.run(&["probe"]);
    let json = world.run(&["probe", "-o", "json"]);
    assert_eq!(run.exit, json.exit, "{json:#?}");
    let is_ok = json.stdout.contains(r#""verdict":"ok""#);
    assert_eq!(is_ok, run.exit == Exit::Success, "{body}: {json:#?}");
    (run.exit, run.stdout)
}

#[test]
fn a_status_of_success_is_no_proof() {
    let json: &[(&str, &str)] = &[("content-type", "application/json")];
    for (headers, body, exit) in [
        (json, r#"{"value":[]}"#, Exit::Success),
        (json, r#"{"error":{"code":"UnheardOf","message":"x"}}"#, Exit::ProbeRefused),
        (json, r#"[{"error":{"code":"UnheardOf"}}]"#, Exit::ProbeRefused),
        (json, r#"{"message":"no"}"#, Exit::ProbeRefused),
        (json, r#"{"error":{"code":"Unhe"#, Exit::Temporary),
        (json, r#"{"weather":"fine"}"#, Exit::Temporary),
        (json, "", Exit::Temporary),
        (&[("content-type", "text/plain")], "Access denied", Exit::Temporary),
        (&[], "<?xml version=\"1.0\"?><!DOCTYPE html><html>Guest network</html>", Exit::Temporary),
        (
            &[("content-type", "text/javascript")],
            "top.location='http://wlan.example'",
            Exit::Temporary,
        ),
        (
            &[("www-authenticate", "Bearer error=\"invalid_token\"")],
            r#"{"value":[]}"#,
            Exit::ProbeRefused,
        ),
    ] {
        let (ended, said) = graph(headers, body);
        assert_eq!(ended, exit, "{body}: {said}");
        assert_eq!(said.contains("no problem found"), exit == Exit::Success, "{body}: {said}");
    }
}

/// The emulator publishes other keys, as after a new start, and refuses what it did not sign.
fn start_anew(world: &World) {
    world.changing(|path, mut answer| {
        if path.ends_with("/keys") {
            let keys = String::from_utf8(std::mem::take(answer.body_mut())).unwrap();
            *answer.body_mut() = keys.replace("\"kid\":\"", "\"kid\":\"new-").into_bytes();
        } else if path.ends_with("/token") {
            *answer.status_mut() = 400.try_into().unwrap();
            let body = serde_json::json!({
                "error": "invalid_grant", "error_codes": [70000],
                "error_description": "AADSTS70000: Provided grant is invalid or malformed.",
            });
            *answer.body_mut() = body.to_string().into_bytes();
        } else if path.starts_with("/v1.0/") {
            *answer.status_mut() = 401.try_into().unwrap();
            let code = "InvalidAuthenticationToken";
            let body = serde_json::json!({ "error": {
                "code": code, "message": "Access token validation failure.",
                "innerError": { "date": "2023-11-14T22:13:20", "request-id": "r" },
            } });
            *answer.body_mut() = body.to_string().into_bytes();
        }
        answer
    });
}

#[test]
fn a_token_of_an_earlier_emulator_is_named_as_the_cause() {
    let refused = "S: a2 NO AUTHENTICATE failed.";
    for job in ["graph-mail-read", "imap"] {
        let world = World::new();
        world.login(&["--job", job]);
        start_anew(&world);
        world.mail.script(&format!("{}{refused}", super::IMAP));
        let run = world.run(&["probe", "--job", job]);
        assert_eq!(run.exit, Exit::ProbeRefused, "{run:#?}");
        assert_eq!(first_cause(&run.stdout), "signature-unverifiable", "{run:#?}");
        assert_eq!(run.stdout.matches("error[").count(), 1, "{run:#?}");
        assert!(!run.stdout.contains("possible["), "{run:#?}");
        assert!(run.stdout.contains("an earlier run of the emulator"), "{run:#?}");
        let sign_in = format!("sign in again: `entrada login --job {job}`");
        assert!(run.stdout.contains(&sign_in), "{run:#?}");
    }
}

#[test]
fn a_refusal_of_a_token_that_the_authority_did_sign_has_other_causes() {
    let world = World::new();
    world.login(&["--job", "imap"]);
    world.mail.script(&format!("{}S: a2 NO AUTHENTICATE failed.", super::IMAP));
    let run = world.run(&["probe", "--job", "imap"]);
    assert!(!run.stdout.contains("signature"), "{run:#?}");
    assert_eq!(first_cause(&run.stdout), "imap-disabled", "{run:#?}");
}

#[test]
fn doctor_names_a_token_of_an_earlier_emulator() {
    let world = World::new();
    world.login(&[]);
    assert!(world.run(&["doctor"]).stdout.contains("ok    sign-in"));
    start_anew(&world);
    let run = world.run(&["doctor"]);
    assert_eq!(run.exit, Exit::Findings, "{run:#?}");
    let line = run.stdout.lines().find(|line| line.starts_with("bad   sign-in")).unwrap();
    assert!(line.contains("an earlier run of the emulator"), "{run:#?}");
    assert!(run.stdout.contains("sign in again: `entrada login`"), "{run:#?}");
}

#[test]
fn a_refresh_token_of_an_earlier_emulator_is_told_to_be_forgotten() {
    let world = World::new();
    world.login(&[]);
    world.changing(|path, mut answer| {
        if path.ends_with("/token") {
            *answer.status_mut() = 400.try_into().unwrap();
            let said = "AADSTS70000: Provided grant is invalid or malformed.";
            let body = serde_json::json!({
                "error": "invalid_grant", "error_description": said, "error_codes": [70000],
            });
            *answer.body_mut() = body.to_string().into_bytes();
        }
        answer
    });
    let run = world.run(&["token", "--force-refresh"]);
    assert_eq!(run.exit, Exit::SignInNeeded, "{run:#?}");
    assert!(run.stderr.contains("the sign-ins of `entrada emulator` end with it"), "{run:#?}");
}

#[test]
fn a_restarted_emulator_is_named_where_it_is_proved_to_be_another_run() {
    let world = World::new();
    world.login(&["--save", "trial"]);
    start_anew(&world);
    let run = world.run(&["token", "trial", "--force-refresh"]);
    assert_eq!(run.exit, Exit::SignInNeeded, "{run:#?}");
    let said = "the emulator at http://localhost:8400 was restarted, and its sign-ins ended with the earlier run";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert!(run.stderr.contains("`entrada login trial`"), "{run:#?}");
    assert!(!run.stderr.contains("AADSTS70000 ("), "{run:#?}");
    // A refusal by the run that issued the sign-in has another cause.
    let world = World::with("refresh-revoked");
    world.login(&[]);
    let run = world.run(&["token", "--force-refresh"]);
    assert!(run.stderr.contains("(AADSTS50173)") && !run.stderr.contains("restarted"), "{run:#?}");
}
