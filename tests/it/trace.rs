//! `--trace FILE` and `entrada trace show`.

use base64::Engine as _;
use entrada::cli::Exit;
use entrada_core::har::Har;
use entrada_emulator::Scenario;
use serde_json::Value;
use url::Url;

use crate::browser::get;
use crate::browser_sign_in::address_of_the_answer;
use crate::scenarios::named;
use crate::world::{Run, World};

/// Runs `args` with a trace, makes sure that there is no secret in it, and gives it back.
fn traced(world: &World, args: &[&str]) -> (Run, String) {
    let path = world.home.path().join("run.har");
    let _ = std::fs::remove_file(&path);
    let all: Vec<&str> = args.iter().copied().chain(["--trace", path.to_str().unwrap()]).collect();
    let run = world.run(&all);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{}", run.stderr));
    assert!(run.stderr.contains("trace written to"), "{}", run.stderr);
    for secret in world.emulator.secrets() {
        assert!(!text.contains(&secret), "a secret in the trace: {secret}");
    }
    for url in world.desk().opened() {
        for (name, value) in url.query_pairs() {
            let tie = ["state", "nonce", "code_challenge"].contains(&&*name);
            assert!(!tie || !text.contains(&*value), "{name} in the trace");
        }
    }
    (run, text)
}

fn har(text: &str) -> Har {
    Har::parse(text).expect("an archive").expect("a whole one")
}

/// The method, the last part of the path, and the status of every entry.
fn steps(text: &str) -> Vec<String> {
    let entries = har(text).log.entries;
    let step = |entry: &entrada_core::har::HarEntry| {
        let url = Url::parse(&entry.request.url).unwrap();
        let mut path = url.path_segments().unwrap().rev();
        let last = path.next().unwrap_or_default();
        // The name of the page that leads to the sign-in page is random.
        let last = path.next().filter(|folder| *folder == "sign-in").unwrap_or(last);
        format!("{} /{last} {}", entry.request.method, entry.response.status)
    };
    entries.iter().map(step).collect()
}

fn show(world: &World, args: &[&str]) -> Run {
    let path = world.home.path().join("run.har");
    let all: Vec<&str> =
        ["trace", "show", path.to_str().unwrap()].into_iter().chain(args.iter().copied()).collect();
    world.run(&all)
}

#[test]
fn a_sign_in_by_browser_is_written_down_whole_and_judged() {
    for mode in ["query", "form_post"] {
        let world = World::new().on_a_desktop();
        world.desk().comes(get("/favicon.ico"));
        let (run, text) = traced(
            &world,
            &["login", "--response-mode", mode, "--login-hint", "ada@contoso.example"],
        );
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        let method = if mode == "query" { "GET" } else { "POST" };
        assert_eq!(
            steps(&text),
            [
                "GET /authorize 0".to_owned(),
                "GET /favicon.ico 404".to_owned(),
                "GET /sign-in 303".to_owned(),
                format!("{method} / 303"),
                "POST /token 200".to_owned(),
                "GET /keys 200".to_owned(),
                "GET /result 200".to_owned(),
            ]
        );
        let shown = show(&world, &[]);
        assert_eq!(shown.exit, Exit::Success, "{}", shown.stderr);
        for part in [
            "ended with code 0",
            "grant_type=authorization_code",
            "code_verifier",
            "no problem found for `graph-mail-read`",
        ] {
            assert!(shown.stdout.contains(part), "{part}: {}", shown.stdout);
        }
        let json: Value = serde_json::from_str(&show(&world, &["-o", "json"]).stdout).unwrap();
        assert_eq!(json["diagnosis"]["verdict"], "ok");
        assert_eq!(json["steps"].as_array().unwrap().len(), 7);
        assert_eq!(
            json["steps"][4]["sent"]["client_id"],
            Scenario::find("auto-approve").unwrap().client_id
        );
    }
}

#[test]
fn a_device_sign_in_its_refresh_and_its_refusals_are_written_down() {
    let world = World::new();
    let (_, text) = traced(&world, &["login", "--flow", "device"]);
    assert_eq!(steps(&text)[..2], ["POST /devicecode 200", "POST /token 400"]);
    let entries = har(&text).log.entries;
    let code = &entries[0].response.content.text;
    assert!(code.as_deref().unwrap().contains("\"user_code\": \"redacted-"), "{code:?}");
    assert!(entries.iter().any(|entry| {
        entry.tokens.get("access_token").is_some_and(|token| token.claims["scp"].is_string())
    }));

    let (_, text) = traced(&world, &["token", "--force-refresh"]);
    assert_eq!(steps(&text), ["POST /token 200"]);

    for (scenario, cause) in [
        ("admin-consent-required", "admin-consent-required"),
        ("unknown-client", "app-not-found-in-tenant"),
        ("user-declines", "user-declined"),
        ("html-instead-of-json", "not-oauth-json"),
        ("consent-partial", "missing-scope"),
        ("no-refresh-token", "missing-offline-access"),
        ("wrong-audience", "wrong-audience"),
        ("hostile-text", "user-consent-required"),
    ] {
        for on_a_desktop in [true, false] {
            let world = World::with(scenario);
            let world = if on_a_desktop { world.on_a_desktop() } else { world };
            let (run, _) = traced(&world, &["login", "--timeout", "60s"]);
            let shown = show(&world, &[]);
            if run.stderr.contains("within 1 min") {
                // The page showed it, and nothing came back.
                assert!(
                    shown.stdout.contains("of the authority to diagnose"),
                    "{scenario}: {}",
                    shown.stdout
                );
                continue;
            }
            assert_eq!(named(&shown.stdout), cause, "{scenario}: {}", shown.stdout);
            let path = world.home.path().join("run.har");
            let judged = world.run(&["diagnose", path.to_str().unwrap()]);
            assert_eq!(named(&judged.stdout), cause, "{scenario}: {}", judged.stdout);
            assert!(!shown.stdout.contains('\u{1b}') && !shown.stdout.contains('\u{202e}'));
        }
    }
}

#[test]
fn polls_are_counted_and_not_repeated() {
    let world = World::with("code-expires");
    traced(&world, &["login", "--flow", "device"]);
    let shown = show(&world, &[]);
    assert!(shown.stdout.contains(" times\n"), "{}", shown.stdout);
    assert!(shown.stdout.contains("error[device-code-expired]"), "{}", shown.stdout);
}

#[test]
fn a_pasted_address_is_in_it_without_its_code() {
    for bare in [false, true] {
        let world = World::new().remote().at_a_terminal();
        // A trace draws 16 bytes for its fingerprints.
        let address = address_of_the_answer(&world, "http://localhost:8400", 16);
        let code = Url::parse(&address).unwrap();
        let code = code.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        world.desk().types(if bare { &code } else { &address });
        let (run, text) = traced(&world, &["login", "--flow", "paste"]);
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        assert!(text.contains("pasted at the prompt"), "{text}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_said_before_anything_is_sent() {
    let world = World::new();
    let folder = world.home.path().to_str().unwrap();
    // Windows has words of its own.
    let missing = if cfg!(windows) { "(os error " } else { "No such file" };
    for (path, why) in [("/nowhere/run.har", missing), (folder, "it is a folder")] {
        let run = world.run(&["login", "--trace", path]);
        assert_eq!(run.exit, Exit::Usage, "{}", run.stderr);
        assert!(run.stderr.contains(why), "{}", run.stderr);
    }
    assert!(world.emulator.log().is_empty());
}

#[test]
fn what_a_browser_saved_is_shown_without_its_secrets_and_judged() {
    let world = World::new();
    let path = world.home.path().join("run.har");
    std::fs::write(
        &path,
        r#"{"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"pages":[],"entries":[
            {"startedDateTime":"2026-11-24T14:00:00.500+02:00","time":12.7,"_priority":"High",
             "request":{"method":"GET","url":"http://localhost:1234/?error=access_denied&error_description=AADSTS65004%3A+no&state=s3cret-state",
               "headers":[{"name":"Cookie","value":"session=s3cret"}],"queryString":[],"cookies":[{"name":"session","value":"s3cret"}],"headersSize":1,"bodySize":0},
             "response":{"status":200,"statusText":"OK","headers":[],"content":{"size":3,"mimeType":"text/html"},"redirectURL":"","headersSize":1,"bodySize":3}}
        ]}}"#,
    )
    .unwrap();
    let shown = show(&world, &[]);
    assert_eq!(shown.exit, Exit::Findings, "{}{}", shown.stdout, shown.stderr);
    assert!(
        shown.stdout.contains("WebInspector 537.36") && shown.stdout.contains("12:00:00Z"),
        "{}",
        shown.stdout
    );
    assert!(shown.stdout.contains("error[user-declined]"), "{}", shown.stdout);
    assert!(!shown.stdout.contains("s3cret"), "{}", shown.stdout);
    for (text, said) in
        [("{}", "not an HTTP archive"), ("{\"log\":{\"entries\":[3]}}", "cannot be read")]
    {
        std::fs::write(&path, text).unwrap();
        let shown = show(&world, &[]);
        assert_eq!(shown.exit, Exit::Usage);
        assert!(shown.stderr.contains(said), "{}", shown.stderr);
    }
}

/// An entry of a browser's archive: the authority's answer to a form.
fn page_entry(second: u8, body: &str) -> serde_json::Value {
    serde_json::json!({
        "startedDateTime": format!("2026-11-24T14:00:{second:02}.000Z"),
        "time": 12,
        "request": {"method": "POST", "url": "https://login.microsoftonline.com/common/login", "headers": [],
            "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0},
        "response": {"status": 200, "statusText": "", "cookies": [], "redirectURL": "", "headersSize": -1, "bodySize": -1,
            "headers": [{"name": "content-type", "value": "text/html"},
                {"name": "x-ms-request-id", "value": "7c1d0b52-94ae-4f6d-8b03-e25a6f197d00"},
                {"name": "client-request-id", "value": "2f8e61c4-0d3b-4957-a6e8-b19c75d04f32"}],
            "content": {"size": body.len(), "mimeType": "text/html", "encoding": "base64",
                "text": base64::prelude::BASE64_STANDARD.encode(body)}}
    })
}

#[test]
fn a_page_of_the_sign_in_is_judged_and_a_later_success_makes_it_obsolete() {
    let world = World::new();
    let path = world.home.path().join("run.har");
    let page = |config: &str| format!("<html><script>$Config={config};</script></html>");
    let wrong = page(
        r#"{"pgid":"ConvergedSignIn","sErrorCode":"50126","sErrTxt":"Your account or password is incorrect."}"#,
    );
    let right = page(r#"{"pgid":"KmsiInterrupt","iErrorCode":50140}"#);
    let shown = |bodies: &[&str]| {
        let entries: Vec<_> = (1..).zip(bodies).map(|(at, body)| page_entry(at, body)).collect();
        let log = serde_json::json!({"version": "1.2", "creator": {"name": "Firefox", "version": "147"}, "entries": entries});
        std::fs::write(&path, serde_json::json!({"log": log}).to_string()).unwrap();
        show(&world, &[])
    };
    let refused = shown(&[&wrong]);
    assert_eq!(refused.exit, Exit::Findings, "{}{}", refused.stdout, refused.stderr);
    for text in [
        "error[user-credentials]",
        "Your account or password is incorrect.",
        "correlation_id: 2f8e61c4-0d3b-4957-a6e8-b19c75d04f32",
        "trace_id: 7c1d0b52-94ae-4f6d-8b03-e25a6f197d00",
    ] {
        assert!(refused.stdout.contains(text), "{text}: {}", refused.stdout);
    }
    let put_right = shown(&[&wrong, &right]);
    assert_eq!(put_right.exit, Exit::Success, "{}{}", put_right.stdout, put_right.stderr);
    assert!(!put_right.stdout.contains("user-credentials"), "{}", put_right.stdout);
}

#[test]
fn the_refusal_of_a_given_token_is_read_from_the_trace() {
    let world = World::new();
    world.run(&["login", "--job", "graph-profile"]);
    let token = world.run(&["token", "--job", "graph-profile"]).stdout;
    let path = world.home.path().join("run.har");
    let args = ["probe", "--token-from", "-", "--job", "graph-mail-read", "--trace"];
    let run = world.run_with_stdin(&[&args[..], &[path.to_str().unwrap()]].concat(), &token);
    assert_eq!(run.exit, Exit::ProbeRefused, "{run:#?}");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(token.trim()), "the token in the trace");
    // What support asks for, and what was called.
    for part in ["\"request-id\\\":", "%24select=id", "ErrorAccessDenied"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let read = world.run(&["diagnose", path.to_str().unwrap()]);
    assert!(read.stdout.contains("\npossible[missing-scope]"), "{read:#?}");
}

#[test]
fn a_program_that_could_not_be_run_is_told_by_the_trace() {
    let world = World::new();
    world.login(&[]);
    for (program, exit) in [("absent", Exit::NotFound), ("forbidden", Exit::NotExecutable)] {
        let path = world.home.path().join("run.har");
        let args = ["exec", "--trace", path.to_str().unwrap(), "--", program];
        let run = world.run_exactly(&args, "");
        assert_eq!(run.exit, exit, "{}", run.stderr);
        assert_eq!(run.stderr.matches("trace written to").count(), 1, "{}", run.stderr);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(har(&text).log.summary.unwrap().exit, Some(exit.code()), "{program}");
    }
    let drafts = std::fs::read_dir(world.home.path()).unwrap().filter(|file| {
        file.as_ref().unwrap().file_name().to_string_lossy().starts_with(".entrada-trace")
    });
    assert_eq!(drafts.count(), 0);
}
