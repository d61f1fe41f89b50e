//! Authorities that repeat what they were sent, and texts that a terminal acts on.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use entrada::cli::Exit;
use entrada_auth::sys::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::world::World;

/// Members of a form that are secret.
const SECRET: [&str; 5] =
    ["refresh_token", "device_code", "code", "code_verifier", "client_assertion"];

/// What must stay in every refusal: numbers, names, ids.
const STAYS: [&str; 5] = [
    "AADSTS50076",
    "preferred_username",
    "8eb213ed-9578-5194-a853-903769e45328",
    "ced49bff-af2e-43ee-99a9-bfba638fe662",
    "interaction_required",
];

/// `secret` as servers and libraries may write it.
fn spellings(secret: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut all = vec![
        secret.to_owned(),
        form,
        secret.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        json!(secret).to_string(),
        secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect(),
        BASE64_STANDARD.encode(secret),
        BASE64_URL_SAFE_NO_PAD.encode(format!("x {secret}")),
    ];
    if 40 < secret.len() {
        all.push(secret[secret.len() - 30..secret.len() - 5].to_owned());
        all.push(format!("{} {}", &secret[..20], &secret[20..]));
    }
    all
}

/// A refusal that repeats every secret of `request`, in its body and in its head; `seen` gets them.
fn echo(request: &HttpRequest, seen: &RefCell<Vec<String>>) -> HttpResponse {
    let form: Vec<(String, String)> =
        url::form_urlencoded::parse(request.body()).into_owned().collect();
    let own: Vec<String> = form
        .into_iter()
        .filter(|(name, _)| SECRET.contains(&name.as_str()))
        .map(|(_, value)| value)
        .collect();
    let said: Vec<String> = own.iter().flat_map(|secret| spellings(secret)).collect();
    seen.borrow_mut().extend(own.iter().cloned());
    let head = own.join(",");
    let body = json!({
        "error": "interaction_required",
        "error_description": format!(
            "AADSTS50076: `preferred_username` of {} is not enough, not {}. Trace ID: {}",
            STAYS[2], said.join(" nor "), STAYS[3]
        ),
        "error_codes": [50076],
        "suberror": said[0],
        "correlation_id": STAYS[3],
        said[0].as_str(): "a name",
    });
    http::Response::builder()
        .status(400)
        .header("content-type", format!("application/json; for={head}"))
        .header("x-ms-request-id", &head)
        .header("retry-after", &head)
        .header(format!("x-{}", own[0].replace(|c: char| !c.is_ascii_alphanumeric(), "-")), "1")
        .header("location", format!("https://a.example/{head}?code={head}"))
        .body(body.to_string().into_bytes())
        .unwrap()
}

/// Has the token endpoint repeat what it is sent; gives what that was.
fn echoing(world: &World) -> Rc<RefCell<Vec<String>>> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let own = Rc::clone(&seen);
    world.answering(move |request| {
        request.uri().path().ends_with("/token").then(|| echo(request, &own))
    });
    seen
}

/// Nothing of `secrets` stands in `text`, in whatever spelling.
fn assert_none(text: &str, secrets: &[String], whence: &str) {
    for secret in secrets {
        for spelling in spellings(secret) {
            let inner = spelling.trim_matches('"');
            assert!(!text.contains(inner), "{whence}: {secret} as {inner}: {text}");
        }
    }
}

fn read_all(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, into);
        } else {
            into.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
        }
    }
}

/// Refresh tokens of every shape: of Entra's, and of nobody's.
fn shapes() -> [String; 6] {
    [
        "rt_9.x7".to_owned(),
        "q7/+Zq&=\"\\x".to_owned(),
        "4711-0815-4711".to_owned(),
        "3f1c7e52-9a4b-4d0e-8c61-7be2d95a0c14".to_owned(),
        format!("opaque-{}", "kJ8x".repeat(30)),
        format!("8eb213ed-9578-5194-a853-903769e45328.{}", "aB3dE5fG7hI".repeat(9)),
    ]
}

#[test]
fn a_refresh_token_that_comes_back_in_a_refusal_is_shown_and_written_nowhere() {
    for refresh_token in shapes() {
        let world = World::new();
        let given = refresh_token.clone();
        world.changing(move |path, answer| {
            let Ok(Value::Object(mut body)) = serde_json::from_slice(answer.body()) else {
                return answer;
            };
            if !path.ends_with("/token") || !body.contains_key("refresh_token") {
                return answer;
            }
            body.insert("refresh_token".to_owned(), given.clone().into());
            answer.map(|_| Value::Object(body).to_string().into_bytes())
        });
        world.login(&[]);
        world.clock.pass(7_200);
        let seen = echoing(&world);
        let trace = world.home.path().join("run.har");
        for args in [
            &["token"][..],
            &["token", "-o", "json"],
            &["token", "--force-refresh", "--trace", trace.to_str().unwrap()],
            &["status"],
            &["status", "-o", "json"],
            &["trace", "show", trace.to_str().unwrap()],
            &["trace", "show", trace.to_str().unwrap(), "-o", "json"],
        ] {
            let run = world.run(args);
            assert_none(&run.stderr, std::slice::from_ref(&refresh_token), &format!("{args:?}"));
            assert_none(&run.stdout, std::slice::from_ref(&refresh_token), &format!("{args:?}"));
            if args[0] == "token" {
                assert!(run.stdout.is_empty() && run.exit != Exit::Success, "{}", run.stderr);
                for stays in ["AADSTS50076", "preferred_username", STAYS[2], STAYS[3]] {
                    assert!(run.stderr.contains(stays), "{refresh_token}: {stays}: {}", run.stderr);
                }
            }
        }
        assert!(seen.borrow().contains(&refresh_token));
        let mut files = std::fs::read_to_string(&trace).unwrap();
        for stays in STAYS {
            assert!(files.contains(stays), "{refresh_token}: {stays}: {files}");
        }
        read_all(&world.state_dir(), &mut files);
        assert_none(&files, std::slice::from_ref(&refresh_token), "files");
    }
}

#[test]
fn a_code_and_its_verifier_that_come_back_are_shown_and_written_nowhere() {
    for (args, secrets) in [
        (&["login", "--flow", "browser"][..], 2),
        (&["login", "--flow", "browser", "-o", "json"], 2),
        (&["login", "--flow", "device"], 1),
        (&["login", "--flow", "device", "-o", "json"], 1),
    ] {
        let world = World::new().on_a_desktop();
        let seen = echoing(&world);
        let trace = world.home.path().join("run.har");
        let all: Vec<&str> =
            args.iter().copied().chain(["--trace", trace.to_str().unwrap()]).collect();
        let run = world.run(&all);
        assert_ne!(run.exit, Exit::Success, "{}", run.stderr);
        let seen = seen.borrow();
        assert_eq!(seen.len(), secrets, "{args:?}");
        assert_none(&run.stderr, &seen, &format!("{args:?}"));
        assert_none(&run.stdout, &seen, &format!("{args:?}"));
        assert_none(&std::fs::read_to_string(&trace).unwrap(), &seen, &format!("{args:?}"));
        assert!(run.stderr.contains("AADSTS50076"), "{}", run.stderr);
    }
}

#[test]
fn a_token_that_comes_back_as_a_scope_or_in_a_head_is_handed_out_once() {
    let world = World::new();
    world.login(&[]);
    world.clock.pass(7_200);
    let token = "at+9.x7Q/short";
    world.answering(move |request| {
        let body = json!({
            "token_type": "Bearer", "expires_in": 3600, "access_token": token, "refresh_token": "rt-1.x7Q",
            "scope": format!("Mail.Read {token} rt-1.x7Q"),
        });
        request.uri().path().ends_with("/token").then(|| {
            http::Response::builder()
                .header("x-ms-request-id", token)
                .body(body.to_string().into_bytes())
                .unwrap()
        })
    });
    let run = world.run(&["token", "-o", "json"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["access_token"], token);
    assert_eq!((run.stdout.matches(token).count(), run.stderr.matches(token).count()), (1, 0));
    // The next run knows them from the store.
    for args in [&["token", "-o", "json"][..], &["status", "-o", "json"], &["status"]] {
        let run = world.run(args);
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        assert!(!(run.stdout.clone() + &run.stderr).contains("rt-1.x7Q"), "{}", run.stdout);
        assert_eq!(run.stdout.matches(token).count(), usize::from(args[0] == "token"));
    }
}

#[test]
fn what_diagnose_is_given_comes_back_without_the_secrets_in_it() {
    let secret = "rt_9.x7";
    let har = json!({"log": {"version": "1.2", "creator": {}, "entries": [{
        "startedDateTime": "2026-11-24T14:10:03.120Z", "time": 1, "cache": {}, "timings": {},
        "request": {"method": "POST", "url": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
            "httpVersion": "", "cookies": [], "headers": [], "queryString": [], "headersSize": -1, "bodySize": -1,
            "postData": {"mimeType": "application/x-www-form-urlencoded", "params": [
                {"name": "grant_type", "value": "refresh_token"}, {"name": "client_id", "value": "c"},
                {"name": "refresh_token", "value": secret}]}},
        "response": {"status": 400, "statusText": secret, "httpVersion": "", "cookies": [], "redirectURL": "",
            "headers": [{"name": "x-ms-request-id", "value": secret}], "headersSize": -1, "bodySize": -1,
            "content": {"size": 1, "mimeType": "application/json", "text": json!({
                "error": "invalid_grant", "error_description": format!("AADSTS70000: {secret} is bad"),
            }).to_string()}},
    }]}});
    for input in [
        har.to_string(),
        format!("curl -d refresh_token={secret} gave invalid_grant: AADSTS70000: {secret} is bad"),
        json!({"refresh_token": secret, "error": "invalid_grant", "error_description": format!("AADSTS70000: {secret}")})
            .to_string(),
    ] {
        for output in ["human", "json", "sarif", "github"] {
            let world = World::new();
            let run = world.run_with_stdin(&["diagnose", "-o", output], &input);
            assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{}", run.stdout);
            assert!(run.stdout.contains("70000"), "{}", run.stdout);
        }
    }
}

/// Characters that a terminal acts on, or that nobody sees.
fn hidden() -> String {
    ('\u{80}'..='\u{9f}')
        .chain([
            '\u{7f}', '\u{ad}', '\u{61c}', '\u{200b}', '\u{200d}', '\u{200e}', '\u{200f}',
            '\u{feff}',
        ])
        .chain('\u{2028}'..='\u{202e}')
        .chain('\u{2060}'..='\u{2069}')
        .chain(['\u{e0001}', '\u{e0041}', '\u{e007f}'])
        .collect()
}

#[test]
fn json_moves_no_cursor_hides_nothing_and_is_read_as_before() {
    let marks = hidden();
    let acts = |text: &str| text.chars().any(|c| c != '\n' && marks.contains(c));
    let part = |json: Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let token = format!(
        "{}.{}.c2ln",
        part(json!({"alg": "RS256", "kid": marks})),
        part(json!({"aud": "https://graph.microsoft.com", "name": marks, &marks: [&marks]}))
    );
    let world = World::new();
    let run = world.run_with_stdin(&["inspect", "-o", "json"], &token);
    assert!(
        !acts(&run.stdout)
            && run.stdout.contains("\\u202e")
            && run.stdout.contains("\\udb40\\udc01")
    );
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&document["claims"]["name"], &document["header"]["kid"]),
        (&json!(marks), &json!(marks))
    );
    assert_eq!(document["claims"][&marks], json!([marks]));
    for output in ["human", "json", "sarif", "github"] {
        let run = world.run_with_stdin(&["diagnose", "-o", output], &token);
        assert!(!acts(&run.stdout) && !acts(&run.stderr), "{output}: {}", run.stdout);
    }
    assert!(!acts(&world.run_with_stdin(&["inspect"], &token).stdout));

    let own = marks.clone();
    world.changing(move |path, answer| {
        let Ok(Value::Object(mut body)) = serde_json::from_slice(answer.body()) else {
            return answer;
        };
        if path.ends_with("/token") && body.contains_key("access_token") {
            body.insert("scope".to_owned(), format!("Mail.Read x{own}y").into());
        }
        answer.map(|_| Value::Object(body).to_string().into_bytes())
    });
    let trace = world.home.path().join("run.har");
    world.login(&["--trace", trace.to_str().unwrap()]);
    for args in [
        &["token", "-o", "json"][..],
        &["token", "-o", "azure-cli"],
        &["token", "-o", "exec-credential"],
        &["status", "-o", "json"],
        &["status"],
        &["accounts", "-o", "json"],
        &["accounts"],
        &["trace", "show", trace.to_str().unwrap(), "-o", "json"],
        &["trace", "show", trace.to_str().unwrap()],
    ] {
        let run = world.run(args);
        assert_eq!(run.exit, Exit::Success, "{args:?}: {}", run.stderr);
        assert!(!acts(&run.stdout) && !acts(&run.stderr), "{args:?}: {:?}", run.stdout);
    }
    assert!(!acts(&std::fs::read_to_string(&trace).unwrap()));
    let printed = world.run(&["token", "-o", "json"]).stdout;
    let document: Value = serde_json::from_str(&printed).unwrap();
    assert!(document["scope"].as_str().unwrap().contains('\u{9b}'), "{printed}");
}
