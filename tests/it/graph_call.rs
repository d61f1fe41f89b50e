//! `entrada diagnose --call` and `entrada explain` of a call of Microsoft Graph.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entrada::cli::Exit;
use serde_json::{Value, json};

use crate::world::{Run, World};

fn jwt(claims: &Value) -> String {
    let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    let header = r#"{"alg":"RS256","typ":"JWT"}"#;
    format!("{}.{}.{}", part(header), part(&claims.to_string()), "c".repeat(342))
}

fn user(scp: &str) -> String {
    jwt(&json!({
        "aud": "https://graph.microsoft.com", "scp": scp, "exp": 1_700_003_000, "upn": "ada@contoso.com",
    }))
}

fn run(args: &[&str], stdin: &str) -> Run {
    let world = World::new();
    for variable in ["ENTRADA_AUTHORITY", "ENTRADA_TENANT", "ENTRADA_CLIENT_ID"] {
        world.unset(variable);
    }
    world.run_exactly(args, stdin)
}

fn shown(run: &Run) -> String {
    format!("exit {}\n--- stdout\n{}--- stderr\n{}", run.exit.code(), run.stdout, run.stderr)
}

#[test]
fn a_token_that_suffices_is_well_and_its_permission_named() {
    let token = user("User.Read Mail.ReadWrite");
    insta::assert_snapshot!(shown(&run(
        &["diagnose", "--call", "GET /me/messages/{id}", "-"],
        &token
    )));
}

#[test]
fn a_missing_permission_is_named_for_the_call() {
    let token = user("User.Read Mail.Read");
    let url = "POST https://graph.microsoft.com/v1.0/me/sendMail";
    insta::assert_snapshot!(shown(&run(&["diagnose", "--call", url, "-"], &token)));
}

#[test]
fn a_call_that_is_not_on_record_is_undetermined() {
    let token = user("User.Read");
    insta::assert_snapshot!(shown(&run(&["diagnose", "--call", "GET /me/teapot", "-"], &token)));
}

#[test]
fn an_application_has_no_me_and_needs_the_role() {
    let app = |roles: &[&str]| {
        jwt(&json!({
            "aud": "https://graph.microsoft.com", "idtyp": "app", "roles": roles, "exp": 1_700_003_000,
        }))
    };
    let me = run(&["diagnose", "--call", "GET /me/messages", "-"], &app(&["Mail.ReadWrite"]));
    insta::assert_snapshot!("an_application_has_no_me", shown(&me));
    let users = run(&["diagnose", "--call", "GET /users", "-"], &app(&["Mail.ReadWrite"]));
    insta::assert_snapshot!("an_application_needs_the_role", shown(&users));
}

#[test]
fn json_names_the_call() {
    let run = run(&["diagnose", "-o", "json", "--call", "me/events", "-"], &user("Mail.Read"));
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["input"]["call"], "GET /me/events");
    assert_eq!(document["input"]["job"], "graph");
    assert_eq!(document["findings"][0]["id"], "missing-scope");
    assert_eq!(document["findings"][0]["confidence"], "certain");
    assert_eq!(run.exit, Exit::Findings);
}

#[test]
fn a_stream_is_judged_by_the_call() {
    let lines = format!("{}\n{}\n", user("Mail.Read"), user("Calendars.Read"));
    let run = run(&["diagnose", "--stream", "--call", "GET /me/events"], &lines);
    let verdicts: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["verdict"].clone())
        .collect();
    assert_eq!(verdicts, ["problem", "ok"]);
}

#[test]
fn the_url_names_the_cloud() {
    let call = "GET https://graph.microsoft.us/v1.0/me";
    let run = run(&["diagnose", "--call", call, "-"], &user("User.Read"));
    assert!(run.stdout.contains("error[sovereign-cloud-mismatch]"), "{}", run.stdout);
    assert!(run.stdout.contains("the call goes to the usgov cloud"), "{}", run.stdout);
}

#[test]
fn what_is_no_call_is_a_wrong_argument() {
    for call in ["GET https://outlook.office.com/api/v2.0/me", "", "GET /"] {
        let run = run(&["diagnose", "--call", call, "-"], &user("User.Read"));
        assert_eq!(run.exit, Exit::Usage, "{call}");
    }
    let both = run(&["diagnose", "--call", "GET /me", "--job", "imap", "-"], &user("User.Read"));
    assert_eq!(both.exit, Exit::Usage);
}

#[test]
fn a_profile_or_evidence_with_a_job_gives_way_to_the_call() {
    let text = format!(r#"{{"version":1,"job":"imap","access_token":"{}"}}"#, user("Mail.Read"));
    let run = run(&["diagnose", "--call", "GET /me/messages", "-"], &text);
    assert!(
        run.stdout.starts_with("ok: no problem found for `GET /me/messages`"),
        "{}",
        run.stdout
    );
}

#[test]
fn the_refused_request_of_an_archive_is_judged_by_its_call() {
    let entry = json!({
        "startedDateTime": "2023-11-14T22:00:00.000Z", "time": 1,
        "request": {
            "method": "PATCH", "url": "https://graph.microsoft.com/v1.0/me/events/AAMkAGI2", "httpVersion": "HTTP/2",
            "headers": [{"name": "Authorization", "value": format!("Bearer {}", user("Calendars.Read"))}],
            "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1,
        },
        "response": {
            "status": 403, "statusText": "Forbidden", "httpVersion": "HTTP/2", "headers": [], "cookies": [],
            "content": {
                "size": 70, "mimeType": "application/json",
                "text": r#"{"error":{"code":"ErrorAccessDenied","message":"Access is denied."}}"#,
            },
            "redirectURL": "", "headersSize": -1, "bodySize": -1,
        },
        "cache": {}, "timings": {"send": 0, "wait": 0, "receive": 0},
    });
    let har = json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": [entry]}});
    let run = run(&["diagnose", "-"], &har.to_string());
    assert!(
        run.stdout.contains(
            "`Calendars.ReadWrite` is missing for `PATCH /me/events/{id}`; `Calendars.Read` does not suffice"
        ),
        "{}",
        run.stdout
    );
}

#[test]
fn a_call_is_explained() {
    let explained = run(&["explain", "PATCH /me/events/{id}"], "");
    insta::assert_snapshot!(shown(&explained));
    let words = run(&["explain", "PATCH", "/me/events/AAMk"], "");
    assert_eq!(words.stdout, explained.stdout);
    let all = run(&["explain", "/me/messages"], "");
    assert!(
        all.stdout.contains("# GET /me/messages") && all.stdout.contains("# POST /me/messages")
    );
    let json = run(&["explain", "-o", "json", "GET /teams/{id}/channels"], "");
    insta::assert_snapshot!("a_call_is_explained_in_json", json.stdout);
}

#[test]
fn what_is_not_on_record_is_not_explained() {
    for (what, message) in [
        ("GET /me/teapot", "the call `GET /me/teapot` is not on record"),
        ("PUT /me/messages", "the path is on record with GET, POST"),
        (
            "GET https://outlook.office.com/x",
            "`outlook.office.com` is not a host of Microsoft Graph",
        ),
    ] {
        let run = run(&["explain", what], "");
        assert_eq!(run.exit, Exit::Usage, "{what}");
        assert!(run.stderr.contains(message), "{what}: {}", run.stderr);
    }
    let run = run(&["explain", "-o", "json", "Mail.Read"], "");
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("only calls of Microsoft Graph"), "{}", run.stderr);
}
