//! ID tokens that somebody has meddled with on the way.

use std::cell::RefCell;
use std::rc::Rc;

use entrada::cli::Exit;
use entrada_auth::sys::HttpResponse;
use serde_json::{Value, json};

use crate::world::World;

/// The members of an answer, changed.
fn with_members(answer: HttpResponse, change: impl FnOnce(&mut Value)) -> HttpResponse {
    let Ok(mut members) = serde_json::from_slice::<Value>(answer.body()) else { return answer };
    change(&mut members);
    answer.map(|_| members.to_string().into_bytes())
}

/// A world on a desktop, where somebody signed in before.
fn signed_in() -> World {
    let world = World::new().on_a_desktop();
    world.login(&[]);
    world
}

/// The sign-in ends with `says`; nothing is stored, and nothing printed.
#[track_caller]
fn refused(world: &World, says: &str) {
    let before = world.stored();
    let run = world.run(&["login"]);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Failure, ""), "{}", run.stderr);
    assert!(run.stderr.contains(says), "{says}: {}", run.stderr);
    assert_eq!(world.stored(), before);
    let (_, page) = world.desk().seen().pop().unwrap();
    assert!(page.contains("The sign-in did not work"), "{page}");
}

#[test]
fn the_id_token_of_another_sign_in_is_refused() {
    let world = World::new().on_a_desktop();
    let first = Rc::new(RefCell::new(Value::Null));
    let kept = Rc::clone(&first);
    world.changing(move |_, answer| {
        with_members(answer, |members| {
            if let Some(token) = members.get("id_token") {
                let mut kept = kept.borrow_mut();
                if kept.is_null() {
                    *kept = token.clone();
                }
                members["id_token"] = kept.clone();
            }
        })
    });
    world.login(&[]);
    refused(&world, "its `nonce` does not match this sign-in");
}

#[test]
fn a_signature_that_is_not_the_authoritys_is_refused() {
    let world = signed_in();
    world.changing(|_, answer| {
        with_members(answer, |members| {
            if let Some(token) = members.get("id_token").and_then(Value::as_str) {
                let (text, signature) = token.rsplit_once('.').unwrap();
                let turned: String = signature.chars().rev().collect();
                members["id_token"] = json!(format!("{text}.{turned}"));
            }
        })
    });
    refused(&world, "its signature does not match the authority's key");
}

#[test]
fn a_token_by_another_key_is_refused() {
    let world = signed_in();
    world.changing(|path, answer| {
        with_members(answer, |members| {
            if path.ends_with("/keys") {
                members["keys"][0]["kid"] = json!("another");
            }
        })
    });
    refused(&world, "that the authority does not publish");
}

#[test]
fn keys_that_cannot_be_had_cost_no_sign_in() {
    let world = World::new().on_a_desktop();
    world.changing(|path, mut answer| {
        if path.ends_with("/keys") {
            *answer.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            answer.body_mut().clear();
        }
        answer
    });
    let run = world.login(&[]);
    assert!(run.stderr.contains("signature was not checked"), "{}", run.stderr);
    assert!(run.stderr.contains("signed in as ada@contoso.example"), "{}", run.stderr);
}

/// What is told of a sign-in whose answer has none of `without`.
fn told(world: &World, without: &'static [&'static str]) -> String {
    world.changing(move |path, answer| {
        with_members(answer, |members| {
            if path.ends_with("/token") {
                for name in without {
                    members.as_object_mut().unwrap().remove(*name);
                }
            }
        })
    });
    world.login(&[]).stderr
}

#[test]
fn an_answer_without_an_id_token_is_told_whichever_way_one_signs_in() {
    for without in [&["id_token"][..], &["id_token", "client_info"]] {
        let (by_code, by_browser) =
            (told(&World::new(), without), told(&World::new().on_a_desktop(), without));
        for said in [&by_code, &by_browser] {
            assert_eq!(said.matches("no ID token").count(), 1, "{said}");
        }
    }
    for said in [told(&World::new(), &[]), told(&World::new().on_a_desktop(), &[])] {
        assert!(!said.contains("no ID token"), "{said}");
    }
}

#[test]
fn an_access_token_does_not_say_who_signed_in() {
    // It names ada, and nothing that is meant for the client does.
    let world = World::new();
    let said = told(&world, &["id_token", "client_info"]);
    assert!(!said.contains("signed in as ada@contoso.example"), "{said}");
    for named in [
        &["--account", "ada@contoso.example"][..],
        &["--tid", "0c0ffee0-1111-4222-8333-444455556666"],
    ] {
        let run = world.run(&[&["login"], named].concat());
        assert_eq!(run.exit, Exit::WrongAccount, "{}", run.stderr);
    }
}

#[test]
fn the_token_of_a_sign_in_by_code_is_held_to_the_same() {
    let world = World::new();
    world.changing(|_, answer| {
        with_members(answer, |members| {
            if members.get("id_token").is_some() {
                members["id_token"] = json!("e30.e30.");
            }
        })
    });
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Failure, "{}", run.stderr);
    assert!(world.stored().is_empty());
}
