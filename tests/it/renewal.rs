//! Answers to a refresh that are about somebody else, that prove nothing, or of which only a part can be used.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entrada::cli::Exit;
use entrada_auth::sys::{CutOff, HttpFailure, HttpResponse};
use serde_json::{Value, json};

use crate::world::{BASE, World};

/// The emulator's directory.
const TID: &str = "0c0ffee0-1111-4222-8333-444455556666";
const ADA: &str = "ada@contoso.example";
const LIN: &str = "lin@contoso.example";

/// Somebody signed in two hours ago.
fn expired(scenario: &str) -> World {
    let world = World::with(scenario);
    world.login(&[]);
    world.clock.pass(7_200);
    world
}

/// The same, at a provider that is not Entra, whose refresh tokens die when they are used.
fn expired_elsewhere() -> World {
    let world = World::with("rotate-and-revoke");
    world.set("ENTRADA_AUTHORITY", &format!("{BASE}/{TID}/v2.0"));
    world.unset("ENTRADA_TENANT");
    world.set("ENTRADA_SCOPE", "openid User.Read offline_access");
    world.login(&[]);
    world.clock.pass(7_200);
    world
}

/// From now on, `change` is done to the members of token responses.
fn tokens_become(world: &World, change: impl Fn(&mut Value) + 'static) {
    world.changing(move |path, answer| {
        let members = serde_json::from_slice::<Value>(answer.body());
        match members {
            Ok(mut members) if path.ends_with("/token") => {
                change(&mut members);
                answer.map(|_| members.to_string().into_bytes())
            }
            _ => answer,
        }
    });
}

fn mend(world: &World) {
    world.changing(|_, answer| answer);
}

/// How often the keys are asked for from now on.
fn key_requests(world: &World) -> Rc<Cell<usize>> {
    let count = Rc::new(Cell::new(0));
    let counted = Rc::clone(&count);
    world.changing(move |path, answer| {
        if path.ends_with("/keys") {
            counted.set(counted.get() + 1);
        }
        answer
    });
    count
}

/// A member of what a sign-in of `account` brings, two hours before now.
fn member_of(account: &str, name: &'static str, after: i64) -> Value {
    let world = World::with_account("auto-approve", Some(account));
    world.clock.pass(after);
    let found = Rc::new(Cell::new(Value::Null));
    let kept = Rc::clone(&found);
    tokens_become(&world, move |members| {
        if let Some(value) = members.get(name) {
            kept.set(value.clone());
        }
    });
    world.login(&[]);
    found.take()
}

/// The ID token with another header or other claims, under the signature that it had.
fn bent(token: &Value, part: usize, change: impl Fn(&mut Value)) -> Value {
    let mut parts: Vec<String> = token.as_str().unwrap().split('.').map(str::to_owned).collect();
    let bytes = URL_SAFE_NO_PAD.decode(&parts[part]).unwrap();
    let mut value: Value = serde_json::from_slice(&bytes).unwrap();
    change(&mut value);
    parts[part] = URL_SAFE_NO_PAD.encode(value.to_string());
    json!(parts.join("."))
}

/// `args` end with `exit`, print nothing, and leave the stored grant as it was; once all is mended, it is as good as before.
#[track_caller]
fn refused(world: &World, args: &[&str], exit: Exit, says: &str) {
    let before = world.stored();
    let run = world.run(args);
    assert_eq!((run.exit, run.stdout.as_str()), (exit, ""), "{}", run.stderr);
    assert!(run.stderr.contains(says), "{says}: {}", run.stderr);
    assert!(world.stored() == before, "the grant was changed");
    mend(world);
    let next = world.run(&["token"]);
    assert_eq!(next.exit, Exit::Success, "{}", next.stderr);
}

#[test]
fn the_tokens_of_another_user_are_refused_and_replace_nothing() {
    let of_lin = member_of(LIN, "id_token", 7_200);
    for args in [&["token"][..], &["token", "--account", ADA], &["token", "--tid", TID]] {
        let world = expired("auto-approve");
        let of_lin = of_lin.clone();
        tokens_become(&world, move |members| members["id_token"] = of_lin.clone());
        let says = format!("answered the refresh of `{ADA}` with tokens of `{LIN}`");
        refused(&world, args, Exit::WrongAccount, &says);
    }
    // Whatever the other user's token is worth, and beside an access token that cannot be used.
    for change in [
        |members: &mut Value| members["token_type"] = json!("pop"),
        |members: &mut Value| {
            members["id_token"] =
                bent(&members["id_token"], 0, |header| header["alg"] = json!("none"));
        },
    ] {
        let world = expired("auto-approve");
        let of_lin = of_lin.clone();
        tokens_become(&world, move |members| {
            members["id_token"] = of_lin.clone();
            change(members);
        });
        refused(&world, &["token"], Exit::WrongAccount, LIN);
    }
    // Without an ID token there is still what Entra says beside it.
    let of_lin = member_of(LIN, "client_info", 0);
    let world = expired("auto-approve");
    tokens_become(&world, move |members| {
        members.as_object_mut().unwrap().remove("id_token");
        members["client_info"] = of_lin.clone();
    });
    refused(&world, &["token"], Exit::WrongAccount, "answered the refresh");
}

/// What is done to an ID token.
type Bend = Box<dyn Fn(&Value) -> Value>;

#[test]
fn an_id_token_that_a_sign_in_would_refuse_is_refused_at_a_refresh() {
    let header = |change: fn(&mut Value)| move |token: &Value| bent(token, 0, change);
    let claims = |change: fn(&mut Value)| move |token: &Value| bent(token, 1, change);
    let cases: Vec<(Bend, &str)> = vec![
        (Box::new(header(|header| header["alg"] = json!("none"))), "signature algorithm `none`"),
        (Box::new(header(|header| header["alg"] = json!("HS256"))), "signature algorithm `HS256`"),
        (
            Box::new(header(|header| header["crit"] = json!(["exp"]))),
            "its header marks `exp` as critical",
        ),
        (
            Box::new(header(|header| header["crit"] = json!([]))),
            "its header marks an unnamed member as critical",
        ),
        (Box::new(header(|header| header["kid"] = json!("x"))), "does not publish"),
        (Box::new(claims(|claims| claims["aud"] = json!("another"))), "it is for `another`"),
        (Box::new(claims(|claims| claims["name"] = json!("Eve"))), "its signature does not match"),
        (Box::new(claims(|claims| claims["azp"] = json!("another"))), "it is for `another`"),
        (
            Box::new(|token| {
                let (text, _) = token.as_str().unwrap().rsplit_once('.').unwrap();
                json!(format!("{text}."))
            }),
            "its signature does not match",
        ),
        (Box::new(|_| json!("no token")), "it cannot be read"),
    ];
    for (bend, says) in cases {
        let world = expired("auto-approve");
        tokens_become(&world, move |members| {
            if members.get("id_token").is_some() {
                members["id_token"] = bend(&members["id_token"]);
            }
        });
        refused(&world, &["token"], Exit::Failure, says);
    }
    // Its issuer and its subject are those of the sign-in.
    for claim in ["iss", "sub", "oid", "tid"] {
        let world = expired("auto-approve");
        tokens_become(&world, move |members| {
            members["id_token"] =
                bent(&members["id_token"], 1, |claims| claims[claim] = json!("another"));
        });
        refused(&world, &["token"], Exit::WrongAccount, "answered the refresh");
    }
}

#[test]
fn an_old_id_token_of_the_same_user_is_refused_and_the_refresh_token_kept() {
    let world = expired_elsewhere();
    let stale = Rc::new(Cell::new(Value::Null));
    let kept = Rc::clone(&stale);
    tokens_become(&world, move |members| kept.set(members["id_token"].clone()));
    assert_eq!(world.run(&["token"]).exit, Exit::Success);
    world.clock.pass(7_200);
    let stale = stale.take();
    tokens_become(&world, move |members| members["id_token"] = stale.clone());
    let run = world.run(&["token"]);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Failure, ""), "{}", run.stderr);
    assert!(run.stderr.contains("it expired at"), "{}", run.stderr);
    mend(&world);
    let next = world.run(&["token"]);
    assert_eq!(next.exit, Exit::Success, "the old refresh token is dead: {}", next.stderr);
}

fn signing_keys(world: &World) -> PathBuf {
    let dir = world.state_dir().join("signing-keys");
    let files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    files.into_iter().find(|path| path.is_file()).unwrap()
}

#[test]
fn a_refresh_is_one_request_and_asks_for_keys_only_where_it_has_none_that_fit() {
    let world = World::new();
    world.login(&[]);
    let asked = key_requests(&world);
    let refresh = |why: &str, expected: usize| {
        world.clock.pass(7_200);
        let run = world.run(&["token"]);
        assert_eq!(run.exit, Exit::Success, "{why}: {}", run.stderr);
        assert!(!run.stderr.contains("not checked"), "{why}: {}", run.stderr);
        assert_eq!(asked.replace(0), expected, "{why}");
    };
    refresh("those of the sign-in are kept", 0);
    let path = signing_keys(&world);
    std::fs::remove_file(&path).unwrap();
    refresh("there are none", 1);
    refresh("they were kept again", 0);
    let keys = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, keys.replacen("\"kid\":\"", "\"kid\":\"before-", 1)).unwrap();
    refresh("the authority signs with a new key", 1);
    refresh("which is known from then on", 0);
    let other = keys.replacen("\"n\":\"", "\"n\":\"3", 1);
    std::fs::write(&path, other).unwrap();
    refresh("another key has the name of the old one", 1);
    for damage in ["", "{}", "<html>", "{\"keys\":[]}"] {
        std::fs::write(&path, damage).unwrap();
        refresh(damage, 1);
    }
}

#[test]
fn keys_that_cannot_be_had_cost_no_refresh_and_a_wrong_signature_does() {
    let away = |path: &str, mut answer: HttpResponse| {
        if path.ends_with("/keys") {
            *answer.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            answer.body_mut().clear();
        }
        answer
    };
    let world = expired("auto-approve");
    std::fs::remove_file(signing_keys(&world)).unwrap();
    world.changing(away);
    let run = world.run(&["token"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(run.stderr.contains("signature was not checked"), "{}", run.stderr);

    let world = expired("auto-approve");
    world.changing(move |path, answer| {
        let answer = away(path, answer);
        let Ok(mut members) = serde_json::from_slice::<Value>(answer.body()) else { return answer };
        if members.get("id_token").is_some() {
            members["id_token"] =
                bent(&members["id_token"], 1, |claims| claims["name"] = json!("Eve"));
        }
        answer.map(|_| members.to_string().into_bytes())
    });
    refused(&world, &["token"], Exit::Failure, "its signature does not match");
}

/// What becomes of an answer.
type Change = fn(HttpResponse) -> HttpResponse;

fn members(answer: HttpResponse, change: impl Fn(&mut Value)) -> HttpResponse {
    let mut members = serde_json::from_slice::<Value>(answer.body()).unwrap();
    change(&mut members);
    answer.map(|_| members.to_string().into_bytes())
}

fn text(answer: HttpResponse, change: impl Fn(String) -> Vec<u8>) -> HttpResponse {
    answer.map(|body| change(String::from_utf8(body).unwrap()))
}

fn status(mut answer: HttpResponse, status: u16) -> HttpResponse {
    *answer.status_mut() = status.try_into().unwrap();
    answer
}

/// Answers whose access token cannot be used.
const WITHOUT_ACCESS_TOKEN: [Change; 13] = [
    |answer| members(answer, |members| members["token_type"] = json!("pop")),
    |answer| {
        members(answer, |members| drop(members.as_object_mut().unwrap().remove("access_token")))
    },
    |answer| members(answer, |members| members["access_token"] = json!("a\u{1b}[2J")),
    |answer| members(answer, |members| members["access_token"] = json!(["a"])),
    |answer| {
        text(answer, |text| {
            let mut bytes = text.into_bytes();
            let at = bytes.windows(14).position(|window| window == b"\"access_token\"").unwrap();
            bytes[at + 16] = 0xff;
            bytes
        })
    },
    |answer| text(answer, |text| [text.as_bytes(), b" and more"].concat()),
    |answer| text(answer, |text| format!("[{text}]").into_bytes()),
    |answer| text(answer, |text| format!(")]}}',\n{text}").into_bytes()),
    |answer| text(answer, |text| text.replace("_token", "Token").into_bytes()),
    |answer| {
        text(answer, |text| {
            let members: Value = serde_json::from_str(&text).unwrap();
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            for name in ["access_token", "refresh_token"] {
                form.append_pair(name, members[name].as_str().unwrap());
            }
            form.finish().into_bytes()
        })
    },
    |answer| status(answer, 307),
    |answer| status(answer, 500),
    |answer| status(answer, 503),
];

#[test]
fn a_new_refresh_token_beside_an_unusable_access_token_is_kept() {
    for world_of in [expired_elsewhere, || expired("rotate-and-revoke")] {
        for (number, change) in WITHOUT_ACCESS_TOKEN.into_iter().enumerate() {
            let world = world_of();
            world.changing(
                move |path, answer| {
                    if path.ends_with("/token") { change(answer) } else { answer }
                },
            );
            let run = world.run(&["token"]);
            assert_ne!(run.exit, Exit::Success, "{number}");
            assert_eq!(run.stdout, "", "{number}");
            assert_eq!(world.token_requests("refresh_token"), 1, "{number}: {}", run.stderr);
            mend(&world);
            let next = world.run(&["token"]);
            assert_eq!(next.exit, Exit::Success, "{number}: {}", next.stderr);
        }
    }
}

#[test]
fn tokens_of_an_answer_that_breaks_off_behind_them_are_taken() {
    for world_of in [expired_elsewhere, || expired("rotate-and-revoke")] {
        let world = world_of();
        world.changing(|path, mut answer| {
            if path.ends_with("/token") {
                let (host, failure) = ("localhost".to_owned(), HttpFailure::Broken);
                answer.extensions_mut().insert(CutOff { host, failure });
            }
            answer
        });
        let run = world.run(&["token"]);
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        assert_eq!(world.token_requests("refresh_token"), 1);
        // Without tokens the connection broke.
        world.clock.pass(7_200);
        world.changing(|path, mut answer| {
            if path.ends_with("/token") {
                let (host, failure) = ("localhost".to_owned(), HttpFailure::Broken);
                answer.extensions_mut().insert(CutOff { host, failure });
                *answer.body_mut() = b"{\"access_tok".to_vec();
            }
            answer
        });
        let run = world.run(&["token"]);
        assert_eq!(run.exit, Exit::Temporary, "{}", run.stderr);
        assert!(run.stderr.contains("the connection broke"), "{}", run.stderr);
    }
}

#[test]
fn an_error_that_says_nothing_beside_tokens_is_no_refusal() {
    for error in [json!({}), json!("none"), json!("")] {
        let world = expired("rotate-and-revoke");
        tokens_become(&world, move |members| members["error"] = error.clone());
        let run = world.run(&["token"]);
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    }
}

#[test]
fn a_refresh_token_that_cannot_be_used_replaces_none() {
    let long = "r".repeat(900_000);
    for unusable in ["a\nb", "a\r\nHost: x", "\u{0}", " ", "é", "\u{202e}", &long] {
        for token_type in ["Bearer", "pop"] {
            let world = expired("auto-approve");
            let unusable = unusable.to_owned();
            tokens_become(&world, move |members| {
                members["refresh_token"] = json!(unusable);
                members["token_type"] = json!(token_type);
            });
            let run = world.run(&["token"]);
            assert_eq!(run.exit == Exit::Success, token_type == "Bearer", "{}", run.stderr);
            let told = run.stderr.contains("a refresh token that cannot be used");
            assert_eq!(told, token_type == "Bearer", "{}", run.stderr);
            mend(&world);
            world.clock.pass(7_200);
            let next = world.run(&["token"]);
            assert_eq!(next.exit, Exit::Success, "{}", next.stderr);
        }
    }
}

#[test]
fn a_first_sign_in_has_no_refresh_token_before_it() {
    for (before, told) in [(false, "there is no previous one"), (true, "the previous one is kept")]
    {
        let world = World::new();
        if before {
            world.login(&[]);
        }
        tokens_become(&world, |members| members["refresh_token"] = json!("a\nb"));
        let run = world.login(&[]);
        assert!(run.stderr.contains(told), "{before}: {}", run.stderr);
        assert_eq!(run.stderr.contains("refresh token included"), before, "{}", run.stderr);
    }
}

#[test]
fn a_token_that_is_taken_over_is_not_lost_either() {
    let world = World::with("rotate-and-revoke");
    world.login(&[]);
    let grants = world.grants();
    let key = grants.list().unwrap()[0].key();
    let token = grants.load(&key).unwrap().unwrap().refresh_token.unwrap();
    let file = json!({ "refresh_token": token.expose(), "token_type": "Bearer" }).to_string();
    assert_eq!(world.run(&["logout"]).exit, Exit::Success);
    tokens_become(&world, |members| members["token_type"] = json!("pop"));
    let run = world.run_with_stdin(&["import", "-"], &file);
    assert_eq!(run.exit, Exit::Temporary, "{}", run.stderr);
    assert!(run.stderr.contains("was stored nevertheless"), "{}", run.stderr);
    mend(&world);
    let next = world.run(&["token"]);
    assert_eq!(next.exit, Exit::Success, "{}", next.stderr);
}

#[test]
fn a_device_sign_in_keeps_a_refresh_token_under_an_odd_status() {
    for change in [
        (|answer| status(answer, 307)) as Change,
        |answer| status(answer, 500),
        |answer| members(answer, |members| members["token_type"] = json!("pop")),
    ] {
        let world = World::new();
        world.changing(move |path, answer| {
            let is_tokens = String::from_utf8_lossy(answer.body()).contains("\"refresh_token\"");
            if path.ends_with("/token") && is_tokens { change(answer) } else { answer }
        });
        let run = world.run(&["login"]);
        assert_eq!(run.exit, Exit::Temporary, "{}", run.stderr);
        assert!(run.stderr.contains("was stored nevertheless"), "{}", run.stderr);
        mend(&world);
        let next = world.run(&["token"]);
        assert_eq!(next.exit, Exit::Success, "{}", next.stderr);
    }
}

#[test]
fn a_device_sign_in_takes_tokens_whatever_their_content_type() {
    let world = World::new();
    world.changing(|_, mut answer| {
        answer.headers_mut().insert("content-type", "text/html".parse().unwrap());
        answer
    });
    world.login(&[]);
}
