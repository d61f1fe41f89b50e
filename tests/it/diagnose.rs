//! `entrada diagnose`, `inspect` and `explain` as their user sees them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entrada::cli::Exit;

use crate::world::{Run, World};

fn jwt(payload: &str) -> String {
    let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    format!("{}.{}.{}", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(payload), "c".repeat(342))
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

/// One of the files that the README names.
fn sample(name: &str) -> String {
    format!("{}/docs/samples/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_report_names_its_inputs_and_the_request_of_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("r.html");
    let (log, page, har) = (sample("imap.log"), sample("error-page.txt"), sample("sign-in.har"));
    let with_report = ["--report", report.to_str().unwrap()];
    let run = diagnose(&[&[&*log, &*page][..], &with_report].concat(), "");
    for line in [format!("1 of 2: {log}, for `imap`\n"), format!("2 of 2: {page}, for ")] {
        assert!(run.stdout.contains(&line), "{line}: {}", run.stdout);
    }
    let text = std::fs::read_to_string(&report).unwrap();
    assert!(text.contains(&format!("<dt>Input</dt><dd>{log}, {page}</dd>")), "{text}");
    assert!(text.contains(&format!("as a user, from {log}")), "{text}");
    assert!(text.contains("undetermined (possible cause: wrong-audience)"), "{text}");
    assert!(text.contains("This page holds no token."), "{text}");
    let run = diagnose(&[&[&*har][..], &with_report].concat(), "");
    let line = "request 3 of the archive: POST login.microsoftonline.com, status 400";
    assert!(
        run.stdout.starts_with(&format!("problem: admin-consent-required\n{line}\n")),
        "{}",
        run.stdout
    );
    let text = std::fs::read_to_string(&report).unwrap();
    assert!(text.contains(&format!("<dt>Request</dt><dd>{line}</dd>")), "{text}");
    assert!(!text.contains("<dt>Input</dt>"), "{text}");
    let token = jwt(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1}"#);
    diagnose(&[&[&*token][..], &with_report].concat(), "");
    let text = std::fs::read_to_string(&report).unwrap();
    assert!(text.contains("It does not hold the token itself"), "{text}");
}

#[test]
fn an_expired_token_for_another_service_names_both_causes() {
    let token = jwt(
        r#"{"aud":"https://management.azure.com/","scp":"user_impersonation","exp":1699990000}"#,
    );
    insta::assert_snapshot!(shown(&diagnose(&["--job", "imap"], &token)), @r"
    exit 10
    --- stdout
    problem: expired (judged for `imap` because of `--job`)

    error[expired]: the token expired 2 h 46 min ago
      --> exp: 2023-11-14 19:26:40Z
      = help: get a new token: `entrada token --job imap`

    error[wrong-audience]: the token is for Azure Resource Manager, not for Exchange Online
      --> aud: https://management.azure.com/
      = help: request `https://outlook.office.com/IMAP.AccessAsUser.All`: `entrada login --job imap`

    note[offline-access-unknowable]: an access token does not show whether `offline_access` was granted
      = help: diagnose the whole token response, or look for a refresh token with `entrada status`

    before it expired, this token worked for: arm
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
    assert!(run.stdout.starts_with("ok: no problem found\n"), "{}", run.stdout);
    let run = diagnose(&["--job", "graph-mail-read"], &token);
    assert!(
        run.stdout.starts_with("ok: no problem found for `graph-mail-read`\n"),
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
    assert!(run.stdout.starts_with("ok: no problem found for `imap`"), "{}", run.stdout);
    world.unset("ENTRADA_JOB");
    let run = world.run_exactly(&["diagnose"], &token);
    assert!(run.stdout.starts_with("ok: no problem found\n"), "{}", run.stdout);
    let purpose = "the token is for Exchange Online; it serves: imap\n";
    assert!(run.stdout.contains(purpose), "{}", run.stdout);
}

#[test]
fn without_a_job_it_is_said_what_the_token_is_for() {
    for (claims, purpose) in [
        (
            r#"{"aud":"https://management.azure.com/","scp":"user_impersonation","exp":1700003000}"#,
            "the token is for Azure Resource Manager; it serves: arm",
        ),
        (
            r#"{"aud":"https://graph.microsoft.com","scp":"Files.Read","exp":1700003000}"#,
            "the token is for Microsoft Graph; it serves: no known job",
        ),
        (
            r#"{"aud":"api://orders","scp":"Orders.Read","exp":1700003000}"#,
            "the token is for `api://orders`; it serves: no known job",
        ),
        (
            r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Send User.Read","exp":1}"#,
            "the token is for Microsoft Graph; before it expired, it served: graph-mail-send, graph-profile",
        ),
    ] {
        let run = diagnose(&[], &jwt(claims));
        assert!(run.stdout.contains(purpose), "{claims}: {}", run.stdout);
        for asked in ["judged for", "missing", "wrong-audience"] {
            assert!(!run.stdout.contains(asked), "{claims}: {}", run.stdout);
        }
    }
}

/// `client` and `tenant` in a token for IMAP only.
fn token_of(client: &str, tenant: &str) -> String {
    jwt(&format!(
        r#"{{"aud":"https://outlook.office.com","scp":"IMAP.AccessAsUser.All","exp":1700003000,"appid":"{client}","tid":"{tenant}"}}"#
    ))
}

#[test]
fn the_jobs_of_a_default_profile_are_those_of_its_own_tokens() {
    const CLIENT: &str = "9e6b2d57-3f10-4a8c-b7e2-05c81d94fa63";
    const OTHER: &str = "c2a97e40-18bd-4f36-8e0c-71d5a4f9b266";
    const TENANT: &str = "5b0f3c1e-7d42-4c8a-9a51-2f6d8e03b7c4";
    let judged = |profile: &str, args: &[&str], token: &str| {
        let world = World::new();
        for variable in ["ENTRADA_AUTHORITY", "ENTRADA_TENANT", "ENTRADA_CLIENT_ID"] {
            world.unset(variable);
        }
        world.write_config(&format!("default-profile = 'mine'\n[profiles.mine]\n{profile}"));
        let args: Vec<&str> = ["diagnose", "-o", "json"].iter().chain(args).copied().collect();
        let run = world.run_exactly(&args, token);
        let jobs = run.stdout.lines().map(|line| {
            let document: serde_json::Value = serde_json::from_str(line).unwrap();
            document["input"]["job"].as_str().unwrap().to_owned()
        });
        jobs.collect::<Vec<_>>()
    };
    let profile = format!("client-id = '{CLIENT}'\ntenant = '{TENANT}'\njob = ['smtp', 'pop']\n");
    assert_eq!(judged(&profile, &[], &token_of(CLIENT, TENANT)), ["smtp", "pop"], "its own");
    assert_eq!(judged(&profile, &[], &token_of(OTHER, TENANT)), ["imap"], "another application's");
    assert_eq!(judged(&profile, &[], &token_of(CLIENT, OTHER)), ["imap"], "another tenant's");
    let named = ["--profile", "mine"];
    assert_eq!(judged(&profile, &named, &token_of(OTHER, TENANT)), ["smtp", "pop"], "named");
    assert_eq!(judged(&profile, &["--job", "ews"], &token_of(CLIENT, TENANT)), ["ews"]);
    // A domain cannot be compared with an id.
    let domain = format!("client-id = '{CLIENT}'\ntenant = 'fabrikam.example'\njob = ['smtp']\n");
    assert_eq!(judged(&domain, &[], &token_of(CLIENT, TENANT)), ["smtp"]);
    let nobody = "job = ['smtp']\n";
    assert_eq!(judged(nobody, &[], &token_of(CLIENT, TENANT)), ["imap"], "no application");
    // Its audience is that of its own tokens too.
    let api = format!("client-id = '{CLIENT}'\naudience = 'api://orders'\n");
    assert_eq!(judged(&api, &[], &token_of(OTHER, TENANT)), ["imap"]);
    assert_eq!(judged(&api, &[], &token_of(CLIENT, TENANT)), ["imap"], "for another API");
    let orders = jwt(&format!(r#"{{"aud":"api://orders","exp":1700003000,"appid":"{CLIENT}"}}"#));
    assert_eq!(judged(&api, &[], &orders), ["custom"]);
    // Of two jobs, the one of the token's API counts.
    let both = format!("client-id = '{CLIENT}'\njob = ['graph-mail-send', 'smtp']\n");
    assert_eq!(judged(&both, &[], &token_of(CLIENT, TENANT)), ["smtp"]);
}

/// A profile for IMAP, and a call of Graph that was refused with a token of the profile's own application.
#[test]
fn a_default_profile_says_nothing_about_a_call_or_a_token_for_another_api() {
    const CLIENT: &str = "9e6b2d57-3f10-4a8c-b7e2-05c81d94fa63";
    let claims = |scp: &str| {
        format!(
            r#"{{"aud":"https://graph.microsoft.com","scp":"{scp}","exp":1700003000,"appid":"{CLIENT}"}}"#
        )
    };
    let refused = |scp: &str| {
        format!(
            "> GET /v1.0/me/messages HTTP/1.1\n> Host: graph.microsoft.com\n> Authorization: Bearer {}\n>\n\
             < HTTP/1.1 403 Forbidden\n< content-type: application/json\n<\n\
             {{\"error\":{{\"code\":\"ErrorAccessDenied\",\"message\":\"Access is denied.\"}}}}\n",
            jwt(&claims(scp))
        )
    };
    let archive = |scp: &str| {
        serde_json::json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": [{
            "startedDateTime": "2023-11-14T22:13:20.000Z", "time": 1,
            "request": {"method": "GET", "url": "https://graph.microsoft.com/v1.0/me/messages", "httpVersion": "HTTP/1.1",
                "headers": [{"name": "Authorization", "value": format!("Bearer {}", jwt(&claims(scp)))}],
                "cookies": [], "queryString": [], "headersSize": -1, "bodySize": 0},
            "response": {"status": 403, "statusText": "Forbidden", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
                "content": {"size": 1, "mimeType": "application/json",
                    "text": r#"{"error":{"code":"ErrorAccessDenied","message":"Access is denied."}}"#},
                "redirectURL": "", "headersSize": -1, "bodySize": 1},
            "cache": {}, "timings": {"send": 0, "wait": 1, "receive": 0}}]}})
        .to_string()
    };
    let judged = |args: &[&str], input: &str| {
        let world = World::new();
        for variable in ["ENTRADA_AUTHORITY", "ENTRADA_TENANT", "ENTRADA_CLIENT_ID"] {
            world.unset(variable);
        }
        world.write_config(&format!(
            "default-profile = 'work'\n[profiles.work]\nclient-id = '{CLIENT}'\njob = 'imap'\n\
             [profiles.graph]\nclient-id = '{CLIENT}'\njob = 'graph-mail-read'\n"
        ));
        world.run_exactly(&[&["diagnose"][..], args].concat(), input).stdout
    };
    for input in [refused("User.Read"), archive("User.Read")] {
        let shown = judged(&[], &input);
        assert!(shown.starts_with("problem: missing-scope"), "{shown}");
        assert!(
            shown.contains("GET /me/messages") && !shown.contains("Exchange Online"),
            "{shown}"
        );
    }
    let shown = judged(&[], &jwt(&claims("Mail.Read")));
    assert!(shown.starts_with("ok: no problem found"), "{shown}");
    // What the command names counts, and the verdict says so.
    for (args, reason) in [(["--profile", "work"], "--profile work"), (["--job", "imap"], "--job")]
    {
        let shown = judged(&args, &refused("User.Read"));
        let verdict = format!("problem: wrong-audience (judged for `imap` because of `{reason}`)");
        assert!(shown.starts_with(&verdict), "{shown}");
    }
    // The job's permission is there, so the advice is not to request it.
    let shown = judged(&["--profile", "graph"], &refused("Mail.Read"));
    assert!(!shown.contains("request `https://graph.microsoft.com/Mail.Read`"), "{shown}");
    assert!(shown.contains("the token has a permission that `graph-mail-read` needs"), "{shown}");
}

#[test]
fn an_error_of_usage_keeps_its_layout() {
    let run = World::new().run_exactly(&[], "");
    assert!(run.stderr.contains("\nSign in   login                 Sign in"), "{}", run.stderr);
}

#[test]
fn several_jobs_are_judged_one_by_one() {
    let token = jwt(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1700003000}"#);
    let run = diagnose(&["--job", "graph-mail-read,graph-mail-send"], &token);
    assert_eq!(run.exit, Exit::Findings);
    assert!(run.stdout.contains("ok: no problem found for `graph-mail-read`"));
    assert!(
        run.stdout
            .contains("problem: missing-scope (judged for `graph-mail-send` because of `--job`)")
    );
}

#[test]
fn several_jobs_are_one_report() {
    let token = jwt(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1600000000}"#);
    let run = diagnose(&["--job", "graph-mail-read,graph-mail-send,graph-mail-write"], &token);
    let head = "problem: expired (judged for `graph-mail-read`, `graph-mail-send`, `graph-mail-write` because of `--job`)\n";
    assert!(run.stdout.starts_with(head), "{}", run.stdout);
    assert_eq!(run.stdout.matches("error[expired]").count(), 1, "{}", run.stdout);
    let (shared, differences) = run.stdout.split_once("\nfor `graph-mail-send`:\n").unwrap();
    assert!(shared.contains("error[expired]") && !shared.contains("missing-scope"), "{shared}");
    assert!(differences.contains("`Mail.Send` is missing"), "{differences}");
    assert!(differences.contains("\nfor `graph-mail-write`:\n"), "{differences}");
    assert!(
        !run.stdout.contains("for `graph-mail-read`:"),
        "it has nothing of its own: {}",
        run.stdout
    );
    assert_eq!(run.stdout.matches("before it expired").count(), 1, "{}", run.stdout);
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
fn the_permission_that_a_challenge_names_is_told_with_its_api() {
    let world = World::new();
    let answer = "HTTP/1.1 403 Forbidden\nWWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"Stock.Admin\"\n\n";
    let run = world.run_with_stdin(&["diagnose"], answer);
    assert!(run.stdout.contains("the service requires `Stock.Admin`"), "{run:#?}");
    assert!(run.stdout.contains("--scope Stock.Admin"), "{run:#?}");
    let file = world.home.path().join("answer.txt");
    std::fs::write(&file, answer).unwrap();
    world.login(&["--job", "graph-profile"]);
    let token = world.run(&["token", "--job", "graph-profile"]).stdout;
    let run = world.run_with_stdin(&["diagnose", file.to_str().unwrap(), "-"], &token);
    assert!(run.stdout.contains("--scope https://graph.microsoft.com/Stock.Admin"), "{run:#?}");
    assert!(run.stdout.contains("the token has"), "{run:#?}");
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
    assert!(
        run.stdout.contains("Microsoft Graph; the recipient that the token is for"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("2023-11-14 23:13:20Z, in 1 h; when the token expires"),
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
        (&["scp"], "never contains `offline_access`"),
        (&["exit", "5"], "the authority refused"),
        (&["10"], "found an error"),
        (&["exit"], "sign-in needed"),
        (&["invalid_grant"], "RFC 6749"),
        (&["offline_access"], "Asks for a refresh token"),
        (&["search", "intune"], "AADSTS53009"),
        (&["rotated-token-not-kept"], "RFC 6749 §6"),
        (&["wrong-audience"], "# wrong-audience (a finding about a program)"),
        (&["search", "pkce", "challenge"], "pkce-missing"),
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

fn verdict(args: &[&str], input: &str) -> String {
    let args: Vec<&str> = ["-o", "json"].into_iter().chain(args.iter().copied()).collect();
    let run = diagnose(&args, input);
    let document: serde_json::Value = serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}: {input}: {}", run.stderr));
    document["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn nothing_is_ok_because_no_rule_spoke() {
    let token = jwt(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1700003000}"#);
    let mut inputs: Vec<String> = Vec::new();
    for status in [
        400, 402, 404, 405, 406, 408, 409, 410, 415, 418, 421, 422, 423, 451, 498, 500, 501, 502,
        505, 520, 599, 600, 999,
    ] {
        for body in [
            "",
            "no",
            "{}",
            "[]",
            "<p>no</p>",
            r#"{"error":{"code":"Unheard","message":"of"}}"#,
            r#"{"detail":"no"}"#,
        ] {
            inputs.push(format!("HTTP/1.1 {status} No\r\n\r\n{body}"));
            inputs.push(format!("HTTP/2 {status}\r\ncontent-type: application/json\r\n\r\n{body}"));
        }
        let http = serde_json::json!({"version": 1, "token": token, "http": {"status": status, "body": null}});
        inputs.push(http.to_string());
    }
    for error in ["invalid_grant", "invalid_request", "unheard_of"] {
        for body in [
            format!(r#"{{"error":"{error}"}}"#),
            format!(r#"{{"error":"{error}","error_description":"no"}}"#),
            format!(r#"it said: {{"error":"{error}","error_description":"no"}}"#),
        ] {
            for head in [
                "HTTP/1.1 400 Bad Request\r\n\r\n",
                "HTTP/2 401\r\n\r\n",
                "HTTP/1.1 200 OK\r\n\r\n",
                "400 Bad Request: ",
                "400 Bad Request\n",
            ] {
                // Under 200, only JSON is an answer of an authority's.
                if !head.contains("200") || body.starts_with('{') {
                    inputs.push(format!("{head}{body}"));
                }
            }
        }
    }
    for talk in [
        "* OK The Microsoft Exchange IMAP4 service is ready.",
        "S: * OK ready\nC: a1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=XOAUTH2\nS: a1 OK done",
        "S: * OK ready\nC: a1 AUTHENTICATE XOAUTH2\nS: +",
        "S: * OK ready\nC: a1 LOGOUT\nS: * BYE good bye\nS: a1 OK LOGOUT completed.",
        "S: 220 mail.example ESMTP\nC: EHLO x\nS: 250-mail.example\nS: 250 AUTH XOAUTH2",
        "S: 220 mail.example ESMTP\nC: QUIT\nS: 221 2.0.0 bye",
        "S: 220 mail.example ESMTP\nC: AUTH XOAUTH2\nS: 334 ",
        "+OK The Microsoft Exchange POP3 service is ready.",
        "S: +OK ready\nC: CAPA\nS: +OK\nC: QUIT\nS: +OK bye",
        "S: +OK ready\nC: AUTH XOAUTH2\nS: + ",
        "S: * OK ready\nC: a1 LOGIN ada x\nS: a1 OK done",
        "S: +OK ready\nC: USER ada\nS: +OK\nC: PASS x\nS: +OK Welcome.",
    ] {
        inputs.push(talk.to_owned());
        let lines: Vec<&str> = talk.lines().collect();
        inputs.push(
            serde_json::json!({"version": 1, "token": token, "mail": {"lines": lines}}).to_string(),
        );
    }
    inputs.push("an-opaque-token-of-somebody".to_owned());
    for status in [302, 400, 500] {
        inputs.push(format!(
            "HTTP/1.1 {status} No\r\nContent-Type: application/json\r\n\r\n{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\",\"expires_in\":3600}}"
        ));
    }
    inputs.push(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\nerror=access_denied".to_owned(),
    );
    let ok: Vec<&String> = inputs.iter().filter(|input| verdict(&[], input) == "ok").collect();
    assert!(ok.is_empty(), "{ok:#?}");
    for input in [
        token.clone(),
        format!("> GET /v1.0/me/messages HTTP/1.1\n> Host: graph.microsoft.com\n> Authorization: Bearer {token}\n>\n< HTTP/1.1 200 OK\n< content-type: application/json\n<\n{{\"value\":[]}}"),
        "HTTP/1.1 404 Not Found\r\n\r\n{\"error\":{\"code\":\"ErrorItemNotFound\",\"message\":\"x\"}}".to_owned(),
    ] {
        assert_eq!(verdict(&[], &input), "ok", "{input}");
    }
}

#[test]
fn the_case_of_a_path_decides_nothing() {
    let token = jwt(
        r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","upn":"ada@contoso.example","exp":1700003000}"#,
    );
    let mut judged: Vec<String> = Vec::new();
    for path in [
        "/v1.0/users/bob@contoso.example/messages",
        "/v1.0/Users/bob@contoso.example/messages",
        "/V1.0/USERS/bob@contoso.example/Messages",
    ] {
        let input = format!(
            "> GET {path} HTTP/1.1\n> Host: graph.microsoft.com\n> Authorization: Bearer {token}\n>\n< HTTP/1.1 403 Forbidden\n< content-type: application/json\n<\n{{\"error\":{{\"code\":\"ErrorAccessDenied\",\"message\":\"Access is denied. Check credentials and try again.\"}}}}"
        );
        judged.push(diagnose(&["-o", "json"], &input).stdout);
    }
    judged.dedup();
    assert_eq!(judged.len(), 1, "{judged:#?}");
    assert!(judged[0].contains(".Shared"), "{}", judged[0]);
}

#[test]
fn a_long_text_is_read_wherever_it_is_cut() {
    let size = 256 << 10;
    // Each cut falls into a character of this text, or between two.
    for (filler, shift, ahead, behind) in [
        ("ä", 0, 0, size + 9),
        ("ä", 1, 0, size + 9),
        ("日", 2, size / 2, size),
        ("x", 0, size + 9, 9),
    ] {
        let fill = |bytes: usize| filler.repeat(bytes / filler.len() + 1);
        let text =
            |said: &str| format!("{}{} {said} {}", "y".repeat(shift), fill(ahead), fill(behind));
        let aadsts = diagnose(&["-o", "json"], &text("AADSTS50076: no"));
        assert!(aadsts.stdout.contains("mfa-required"), "{filler} {shift}: {}", aadsts.stderr);
        let said = text("ErrorAccessDenied: Access is denied. Check credentials and try again.");
        let run = diagnose(&["-o", "json"], &said);
        assert!(
            run.stdout.contains("mailbox-permission-missing"),
            "{filler} {shift}: {}",
            run.stdout
        );
        let answer = format!(
            "HTTP/1.1 401 Unauthorized\r\n\r\n{{\"error\":{{\"code\":\"InvalidAuthenticationToken\",\"message\":\"Access token has expired or is not yet valid.\",\"more\":\"{}\"}}}}",
            text("")
        );
        let run = diagnose(&["-o", "json"], &answer);
        assert!(run.stdout.contains("\"expired\""), "{filler} {shift}: {}", run.stdout);
    }
}

#[test]
fn a_pause_may_be_a_date() {
    for (retry_after, date) in [
        ("120", ""),
        ("Tue, 14 Nov 2023 22:15:20 GMT", ""),
        ("Tue, 14 Nov 2023 22:15:20 GMT", "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n"),
        ("Tuesday, 14-Nov-23 22:15:20 GMT", ""),
    ] {
        let input = format!(
            "HTTP/1.1 429 Too Many Requests\r\n{date}Retry-After: {retry_after}\r\n\r\n{{\"error\":\"invalid_request\",\"error_description\":\"AADSTS90055: slow\",\"error_codes\":[90055]}}"
        );
        let run = diagnose(&["-o", "json"], &input);
        assert!(
            run.stdout.contains("120 s") || run.stdout.contains("2 min"),
            "{retry_after}: {}",
            run.stdout
        );
    }
}

#[test]
fn an_archive_is_one_whatever_stands_before_its_log() {
    let entries = r#"[{"startedDateTime":"2026-11-24T14:10:03.120Z","request":{"method":"POST","url":"https://login.microsoftonline.com/common/oauth2/v2.0/token","postData":{"mimeType":"application/x-www-form-urlencoded","text":"grant_type=refresh_token&client_id=c&scope=x"}},"response":{"status":400,"content":{"text":"{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS50076: no\"}"}}}]"#;
    for archive in [
        format!(r#"{{"log":{{"entries":{entries}}}}}"#),
        format!(
            r#"{{"_meta":{{"log":1}},"comment":"x","log":{{"version":"1.2","entries":{entries},"pages":[]}}}}"#
        ),
        format!(
            "\u{feff}{{\n\t\"a\" : [ ] ,\r\n \"log\" : {{ \"pages\":[], \"entries\" : {entries} }} }}\n\n"
        ),
        format!(" \n\u{feff} {{\"log\"\n:\n{{\"entries\":{entries}}}, \"z\": null}}\u{feff}"),
    ] {
        let run = diagnose(&["-o", "json"], &archive);
        assert!(run.stdout.contains("mfa-required"), "{archive}: {}{}", run.stdout, run.stderr);
        let run = World::new().run_with_stdin(&["trace", "show", "-"], &archive);
        assert!(run.stdout.contains("AADSTS50076"), "{archive}: {}", run.stderr);
    }
}

#[test]
fn an_archive_without_its_end_or_without_entries_is_no_success() {
    let token = jwt(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1700003000}"#);
    let start = format!(
        r#"{{"log":{{"version":"1.2","creator":{{"name":"x","version":"1"}},"entries":[{{"request":{{"method":"GET","url":"https://graph.microsoft.com/v1.0/me","headers":[{{"name":"Authorization","value":"Bearer {token}"}}"#
    );
    let run = diagnose(&[], &start);
    assert_ne!(run.exit, Exit::Success, "{}", run.stdout);
    assert!(run.stderr.contains("it is incomplete: it ends in the middle"), "{}", run.stderr);
    assert!(!run.stdout.contains("ok:"), "{}", run.stdout);
    let empty = r#"{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":[]}}"#;
    let run = diagnose(&[], empty);
    assert_ne!(run.exit, Exit::Success);
    assert!(run.stderr.contains("`log.entries` is empty"), "{}", run.stderr);
}
