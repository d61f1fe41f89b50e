//! An authority that is not Entra's and describes itself: what it says of itself, and what its refusals are taken for.

use entrada::cli::Exit;
use entrada_auth::sys::HttpResponse;
use serde_json::{Value, json};

use crate::world::{Network, World};

const ISSUER: &str = "https://idp.example";

fn answer(status: u16, body: &str) -> HttpResponse {
    http::Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(body.as_bytes().to_vec())
        .unwrap()
}

/// A world with that authority; `document` is what stands where it describes itself.
fn provider(document: HttpResponse) -> World {
    let world = World::new();
    world.unset("ENTRADA_TENANT");
    world.set("ENTRADA_AUTHORITY", ISSUER);
    said(&world, document, None);
    world
}

/// From now on, the authority describes itself so; and its token endpoint says `refusal`, if anything.
fn said(world: &World, document: HttpResponse, refusal: Option<Value>) {
    world.changing(move |path, found| {
        if path.ends_with("/openid-configuration") {
            return document.clone();
        }
        match &refusal {
            Some(refusal) if path.ends_with("/token") => answer(400, &refusal.to_string()),
            _ if path.ends_with("/token") => {
                let Ok(mut members) = serde_json::from_slice::<Value>(found.body()) else {
                    return found;
                };
                // Its issuer would be the emulator.
                members.as_object_mut().unwrap().remove("id_token");
                found.map(|_| members.to_string().into_bytes())
            }
            _ => found,
        }
    });
}

fn document() -> Value {
    json!({
        "issuer": ISSUER,
        "token_endpoint": format!("{ISSUER}/organizations/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{ISSUER}/organizations/oauth2/v2.0/devicecode"),
    })
}

fn with(member: &str, value: Value) -> String {
    let mut document = document();
    document[member] = value;
    document.to_string()
}

#[test]
fn an_address_that_is_no_authority_is_a_mistake_in_the_configuration() {
    for (status, body, told) in [
        (404, String::new(), "does not exist (HTTP 404)"),
        (404, "<html>no such page</html>".to_owned(), "does not exist (HTTP 404)"),
        (404, r#"{"error":"Realm does not exist"}"#.to_owned(), "does not exist (HTTP 404)"),
        (410, String::new(), "does not exist (HTTP 410)"),
        (302, String::new(), "answers with HTTP 302, a redirect, which is not followed"),
        (301, "<html>moved</html>".to_owned(), "answers with HTTP 301"),
        (400, String::new(), "answers with HTTP 400"),
        (401, "{}".to_owned(), "answers with HTTP 401"),
        (400, r#"{"error":"invalid_request"}"#.to_owned(), "answers with HTTP 400"),
        (403, "<html>no</html>".to_owned(), "answers with HTTP 403"),
        (200, with("token_endpoint", json!("no address")), "its `token_endpoint` is not a URL"),
        (
            200,
            with("device_authorization_endpoint", json!("http://idp.example/d")),
            "its `device_authorization_endpoint` is not https",
        ),
        (200, with("jwks_uri", json!("jwks")), "its `jwks_uri` is not a URL"),
        (
            200,
            with("issuer", json!("https://evil.example")),
            "its `issuer` is `https://evil.example`",
        ),
        (200, with("issuer", json!("https://idp.example/realm")), "`https://idp.example/realm`"),
        (200, with("issuer", Value::Null), "it has no `issuer`"),
    ] {
        let world = provider(answer(status, &body));
        for command in [&["login"][..], &["login", "--flow", "device"]] {
            let run = world.run(command);
            assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""), "{}", run.stderr);
            assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
            assert!(run.stderr.contains("check `--authority`"), "{}", run.stderr);
        }
        let world = provider(answer(status, &body)).at_a_terminal();
        assert_eq!(world.run(&["token"]).exit, Exit::Usage);
        let import = json!({"email": "ada@contoso.example", "refresh_token": "1.AXoAdead"});
        assert_eq!(world.run_with_stdin(&["import", "-"], &import.to_string()).exit, Exit::Usage);
    }
}

#[test]
fn an_authority_that_cannot_be_read_now_may_be_tried_again() {
    for (status, body) in [
        (200, "<html>busy</html>".to_owned()),
        (200, String::new()),
        (408, String::new()),
        (429, String::new()),
        (500, String::new()),
        (503, "<html>busy</html>".to_owned()),
    ] {
        let run = provider(answer(status, &body)).run(&["login"]);
        assert_eq!(run.exit, Exit::Temporary, "{status} {body}: {}", run.stderr);
    }
    let world = provider(answer(404, ""));
    world.network_is(Network::Dead);
    assert_eq!(world.run(&["login"]).exit, Exit::Temporary);
}

#[test]
fn a_bare_invalid_grant_may_mean_several_things_and_entras_words_one() {
    for (refusal, is_certain) in [
        (json!({"error": "invalid_grant"}), false),
        (json!({"error": "invalid_grant", "error_description": "Token is not active"}), false),
        (json!({"error": "invalid_grant", "error_description": "Session not active"}), false),
        (json!({"error": "invalid_grant", "error_codes": [999_999]}), false),
        (json!({"error": "invalid_grant", "suberror": "bad_token"}), true),
        (json!({"error": "invalid_grant", "error_codes": [50173]}), true),
    ] {
        let world = provider(answer(200, &document().to_string()));
        world.login(&[]);
        said(&world, answer(200, &document().to_string()), Some(refusal.clone()));
        let run = world.run(&["token", "--force-refresh"]);
        assert_eq!(run.exit, Exit::SignInNeeded, "{refusal}: {}", run.stderr);
        assert!(run.stderr.contains("error[refresh-token-revoked]"), "{refusal}: {}", run.stderr);
        let is_likely = run.stderr.contains("does not say which (likely)");
        assert_eq!(is_likely, !is_certain, "{refusal}: {}", run.stderr);
        assert_eq!(run.stderr.contains("(likely)"), is_likely, "{refusal}: {}", run.stderr);
    }
}

#[test]
fn a_poll_that_succeeds_without_a_usable_token_is_the_last() {
    for (name, value) in [("token_type", "mac"), ("access_token", "a\u{7}b")] {
        let world = World::new();
        world.changing(move |path, found| {
            let members = serde_json::from_slice::<Value>(found.body());
            match members {
                Ok(mut members) if path.ends_with("/token") && found.status() == 200 => {
                    members[name] = json!(value);
                    found.map(|_| members.to_string().into_bytes())
                }
                _ => found,
            }
        });
        let run = world.run(&["login"]);
        assert_eq!(run.exit, Exit::Temporary, "{}", run.stderr);
        assert!(!run.stderr.contains("still trying"), "{}", run.stderr);
        assert!(run.stderr.contains("was stored nevertheless"), "{}", run.stderr);
        let log = world.emulator.log();
        let last = log.iter().rfind(|line| line.grant_type.is_some()).unwrap();
        assert!(last.grant_type.is_some_and(|name| name.ends_with("device_code")));
        assert_eq!(last.status, Some(200), "no poll comes after the answer");
    }
}

#[test]
fn a_form_that_would_have_to_be_pasted_is_refused_where_no_other_way_is_left() {
    let document = json!({
        "issuer": ISSUER,
        "token_endpoint": format!("{ISSUER}/organizations/oauth2/v2.0/token"),
        "authorization_endpoint": format!("{ISSUER}/organizations/oauth2/v2.0/authorize"),
    });
    let world = provider(answer(200, &document.to_string())).at_a_terminal();
    let elsewhere = ["login", "--redirect-uri", "https://app.example/back"];
    let run = world.run(&[&elsewhere[..], &["--response-mode", "form_post"]].concat());
    assert_eq!(run.exit, Exit::Usage, "{}", run.stderr);
    assert!(run.stderr.contains("cannot be pasted"), "{}", run.stderr);
    assert_eq!(world.run(&elsewhere).exit, Exit::SignInNeeded, "an address can be pasted");
}

#[test]
fn a_document_without_usable_endpoints_is_a_fault_of_the_configuration_or_the_provider() {
    for (body, told) in [
        (with("token_endpoint", Value::Null), "its `token_endpoint` is not a URL"),
        (with("token_endpoint", json!("")), "its `token_endpoint` is not a URL"),
        (
            with("token_endpoint", json!("http://idp.example/t")),
            "its `token_endpoint` is not https",
        ),
        (with("jwks_uri", json!(7)), "its `jwks_uri` is not a URL"),
        (json!({ "issuer": ISSUER }).to_string(), "it has no `token_endpoint`"),
    ] {
        let run = provider(answer(200, &body)).run(&["login"]);
        assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""), "{body}: {}", run.stderr);
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
        assert!(!run.stderr.contains("try again"), "{}", run.stderr);
    }
}

#[test]
fn the_pause_that_a_server_in_trouble_asks_for_is_told_whatever_its_body_is() {
    for (asked, told) in [
        ("90", "try again in 1 min 30 s"),
        ("Tue, 14 Nov 2023 22:15:00 GMT", "try again in 1 min 30 s"),
        ("-5", "try again in a few minutes"),
        ("1e9", "try again in a few minutes"),
        ("99999999999999", "try again in 1 h"),
    ] {
        for status in [429, 503] {
            let mut busy = answer(status, "<html>busy</html>");
            let headers = busy.headers_mut();
            headers.insert("retry-after", asked.parse().unwrap());
            headers.insert("date", "Tue, 14 Nov 2023 22:13:30 GMT".parse().unwrap());
            let says = |run: crate::world::Run| {
                assert_eq!(run.exit, Exit::Temporary, "{}", run.stderr);
                assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
                let is_repeated = asked.len() < 15 && run.stderr.contains(asked) && asked != "90";
                assert!(!is_repeated, "{}", run.stderr);
            };
            let world = provider(busy.clone());
            says(world.run_exactly(&["login"], ""));
            // The same of a refresh.
            let world = World::new();
            world.login(&[]);
            world.clock.pass(7_200);
            world.changing(
                move |path, found| if path.ends_with("/token") { busy.clone() } else { found },
            );
            says(world.run_exactly(&["token"], ""));
        }
    }
}

#[test]
fn an_answer_of_a_service_repeats_no_pause_that_is_none() {
    for (asked, told) in [("120", "(2 min)"), ("-5", "a few minutes"), ("1e9", "a few minutes")] {
        let text = format!(
            "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nRetry-After: {asked}\r\n\r\n\
             {{\"error\":{{\"code\":\"TooManyRequests\",\"message\":\"Too many requests\"}}}}"
        );
        let run = World::new().run_with_stdin(&["diagnose", "-"], &text);
        assert!(run.stdout.contains(told), "{asked}: {}", run.stdout);
    }
}

#[test]
fn logout_revokes_the_refresh_token_where_the_provider_can() {
    use std::cell::RefCell;
    use std::rc::Rc;
    const REVOKE: &str = "https://idp.example/revoke";
    for (status, body, told) in [
        (200, "", "; its refresh token is revoked"),
        (503, "busy", "was not revoked, and stays valid: the authority answered with HTTP 503"),
        (400, r#"{"error":"unsupported_token_type"}"#, "refused with `unsupported_token_type`"),
    ] {
        let world = provider(answer(200, &with("revocation_endpoint", json!(REVOKE))));
        let sent = Rc::<RefCell<Vec<String>>>::default();
        let seen = Rc::clone(&sent);
        world.answering(move |request| {
            (*request.uri() == REVOKE).then(|| {
                seen.borrow_mut().push(String::from_utf8(request.body().clone()).unwrap());
                answer(status, body)
            })
        });
        world.login(&["--flow", "device"]);
        let run = world.run(&["logout"]);
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("forgot ") && said.contains(told), "{told}: {said}");
        let [request] = &sent.borrow()[..] else { panic!("{}", sent.borrow().len()) };
        assert!(
            request.starts_with("token=")
                && request.contains("&token_type_hint=refresh_token&client_id=")
        );
        assert!(world.stored().is_empty(), "it is forgotten whatever the provider says");
    }
    let world = provider(answer(200, &with("revocation_endpoint", json!(REVOKE))));
    world.login(&["--flow", "device"]);
    world.network_is(Network::Dead);
    let run = world.run(&["logout"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(run.stderr.contains("was not revoked"), "{}", run.stderr);
    assert!(world.stored().is_empty());
}
