//! A user whose name changed at the authority is the same user; one who only has the name is another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entrada::cli::Exit;
use entrada_auth::sys::{Clock as _, HttpResponse};
use serde_json::{Value, json};

use crate::world::World;

const ADA: &str = "ada@contoso.example";
const NEW: &str = "lovelace@contoso.example";
const TID: &str = "0c0ffee0-1111-4222-8333-444455556666";
const OID: &str = "ada00000-0000-4000-8000-000000000001";

fn with_claims(token: &str, change: &impl Fn(&mut Value)) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&parts[1]).unwrap()).unwrap();
    change(&mut claims);
    parts[1] = URL_SAFE_NO_PAD.encode(claims.to_string());
    parts.join(".")
}

/// From now on the claims of every token are changed so. Keys cannot be had, so that no signature is missed.
fn claims_become(world: &World, change: impl Fn(&mut Value) + 'static) {
    let keys = world.state_dir().join("signing-keys");
    let _ = std::fs::remove_dir_all(keys);
    world.changing(move |path, mut answer: HttpResponse| {
        if path.ends_with("/keys") {
            *answer.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            return answer.map(|_| Vec::new());
        }
        let Ok(mut members) = serde_json::from_slice::<Value>(answer.body()) else { return answer };
        for name in ["id_token", "access_token"] {
            if let Some(token) = members.get(name).and_then(Value::as_str) {
                members[name] = json!(with_claims(token, &change));
            }
        }
        answer.map(|_| members.to_string().into_bytes())
    });
}

fn rename(claims: &mut Value) {
    for name in ["preferred_username", "upn", "unique_name", "email"] {
        if claims.get(name).is_some() {
            claims[name] = json!(NEW);
        }
    }
}

fn signed_in(args: &[&str]) -> World {
    let world = World::new();
    world.login(args);
    world.clock.pass(7_200);
    world
}

#[test]
fn a_renamed_user_is_served_under_the_old_name_and_the_new_one() {
    for pins in [&["--account", ADA][..], &["--account", ADA, "--oid", OID, "--tid", TID], &[]] {
        let world = signed_in(&[]);
        claims_become(&world, rename);
        let run = world.run(&[&["token"], pins].concat());
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        assert!(!run.stderr.contains("wrong-account"), "{}", run.stderr);
        for name in [ADA, NEW, "LOVELACE@contoso.example"] {
            for strict in [&[][..], &["--strict"], &["--force-refresh"]] {
                let run = world.run(&[&["token", "--account", name], strict].concat());
                assert_eq!(run.exit, Exit::Success, "{name}: {}", run.stderr);
                assert!(!run.stderr.contains("wrong-account"), "{name}: {}", run.stderr);
            }
            let status = world.run(&["status", "--account", name]);
            assert!(status.stdout.contains(NEW), "{name}: {}", status.stdout);
        }
        // A new sign-in knows the old name as well.
        for args in [&["login", "--account", ADA][..], &["login"], &["token", "--account", ADA]] {
            let run = world.run(args);
            assert_eq!(run.exit, Exit::Success, "{args:?}: {}", run.stderr);
        }
        let run = world.run(&["token", "--account", "grace@contoso.example"]);
        assert_eq!(run.exit, Exit::SignInNeeded, "{}", run.stderr);
        let run = world.run(&["logout", "--account", ADA]);
        assert!(run.stderr.contains(&format!("forgot {NEW}")), "{}", run.stderr);
    }
}

#[test]
fn an_account_is_found_by_its_oid_too() {
    let world = signed_in(&[]);
    let run = world.run(&["token", "--account", OID]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
}

#[test]
fn a_token_of_somebody_else_is_still_told() {
    let world = signed_in(&[]);
    world.changing(|_, answer| {
        let Ok(mut members) = serde_json::from_slice::<Value>(answer.body()) else { return answer };
        if let Some(token) = members.get("access_token").and_then(Value::as_str) {
            members["access_token"] = json!(with_claims(token, &|claims| {
                rename(claims);
                claims["oid"] = json!("another");
            }));
            members.as_object_mut().unwrap().remove("id_token");
            members.as_object_mut().unwrap().remove("client_info");
        }
        answer.map(|_| members.to_string().into_bytes())
    });
    let run = world.run(&["token", "--account", ADA]);
    assert!(run.stderr.contains("wrong-account"), "{}", run.stderr);
}

#[test]
fn a_refused_refresh_names_the_claim_that_differs() {
    for (claims, says) in [
        (&["sub"][..], "with tokens of another user, which are not used: `sub` in its ID token is"),
        (&["sub", "oid"], "`sub` and `oid` in its ID token are not those of the sign-in"),
        (&["iss"], "`iss` in its ID token is not the one of the sign-in"),
        (&["tid"], "`tid` in its ID token"),
    ] {
        let world = signed_in(&[]);
        let before = world.stored();
        claims_become(&world, move |members| {
            for claim in claims {
                members[*claim] = json!("another");
            }
        });
        let run = world.run(&["token", "--account", ADA]);
        assert_eq!((run.exit, run.stdout.as_str()), (Exit::WrongAccount, ""), "{}", run.stderr);
        assert!(run.stderr.contains(says), "{says}: {}", run.stderr);
        assert!(world.stored() == before, "the grant was changed");
    }
}

#[test]
fn a_pinned_claim_may_be_missing_only_where_issuer_and_subject_are_the_same() {
    let without_oid = |claims: &mut Value| drop(claims.as_object_mut().unwrap().remove("oid"));
    let world = signed_in(&["--oid", OID]);
    claims_become(&world, without_oid);
    let run = world.run(&["token", "--oid", OID]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);

    // A sign-in without an ID token: only `client_info` says whose it is, and an access token proves no `oid`.
    let world = World::new();
    world.changing(|_, answer| {
        let Ok(mut members) = serde_json::from_slice::<Value>(answer.body()) else { return answer };
        members.as_object_mut().unwrap().remove("id_token");
        answer.map(|_| members.to_string().into_bytes())
    });
    let run = world.run(&["login", "--oid", OID]);
    assert_eq!(run.exit, Exit::WrongAccount, "{}", run.stderr);
    assert!(world.stored().is_empty());
    world.login(&[]);
    world.clock.pass(7_200);
    let before = world.stored();
    claims_become(&world, without_oid);
    let run = world.run(&["token", "--oid", OID]);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::WrongAccount, ""), "{}", run.stderr);
    assert!(world.stored() == before, "the grant was changed");
    // Without the pin, its id is what is known of the user.
    let run = world.run(&["token"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
}

#[test]
fn an_id_token_may_have_ended_five_minutes_ago_and_no_longer() {
    for (ago, exit) in [(290, Exit::Success), (310, Exit::Failure)] {
        let world = signed_in(&[]);
        let access_tokens = |world: &World| {
            let grants = world.grants();
            let key = grants.list().unwrap()[0].key();
            let grant = grants.load(&key).unwrap().unwrap();
            (grant.refresh_token.unwrap(), grant.access_tokens.len())
        };
        let (before, count) = access_tokens(&world);
        let ends = world.clock.now().plus_seconds(-ago).0;
        claims_become(&world, move |claims| claims["exp"] = json!(ends));
        let run = world.run(&["token"]);
        assert_eq!(run.exit, exit, "{ago}: {}", run.stderr);
        assert_eq!(run.stdout.is_empty(), exit != Exit::Success);
        // The refresh token is kept in either case.
        let (after, now) = access_tokens(&world);
        assert!(after.expose() != before.expose(), "{ago}");
        if exit != Exit::Success {
            assert!(run.stderr.contains("do not match the authority's clock"), "{}", run.stderr);
            assert_eq!(now, count, "{ago}");
        }
    }
}
