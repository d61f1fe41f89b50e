//! Claims that are asked for: by `--claims`, by a capability, and to answer a challenge.

use entrada::cli::Exit;
use entrada_core::Jwt;
use serde_json::{Value, json};

use crate::world::{Run, World};

fn claim(run: &Run, name: &str) -> Option<Value> {
    let jwt =
        Jwt::decode_unverified(run.stdout.trim()).unwrap_or_else(|_| panic!("{}", run.stderr));
    jwt.claims.get(name).cloned()
}

fn sent(world: &World) -> Vec<String> {
    world.emulator.log().iter().filter_map(|line| line.grant_type).map(str::to_owned).collect()
}

#[test]
fn a_claims_challenge_is_answered_by_a_refresh_and_the_new_token_is_let_in() {
    let world = World::with("claims-challenge");
    world.login(&[]);
    let first = world.run(&["token"]);
    let refused = world.graph(first.stdout.trim());
    assert!(refused.starts_with("HTTP/1.1 401") && refused.contains("insufficient_claims"));
    // The stored token is good by every other sign, and would be refused again.
    assert_eq!(world.run(&["token"]).stdout, first.stdout);

    let second = world.run_with_stdin(&["token", "--challenge", "-"], &refused);
    assert_eq!(second.exit, Exit::Success, "{}", second.stderr);
    assert_eq!(claim(&second, "acrs"), Some(json!(["c1"])));
    assert!(world.graph(second.stdout.trim()).starts_with("HTTP/1.1 200"));
    // It took the place of the one that was refused.
    assert_eq!(world.run(&["token"]).stdout, second.stdout);
    assert_eq!(world.token_requests("refresh_token"), 1, "{:?}", sent(&world));
}

#[test]
fn a_sign_in_answers_a_challenge_too_from_a_file_or_as_a_header() {
    for on_a_desktop in [true, false] {
        let world = World::with("claims-challenge");
        let world = if on_a_desktop { world.on_a_desktop() } else { world };
        world.login(&[]);
        let refused = world.graph(world.run(&["token"]).stdout.trim());
        let path = world.home.path().join("answer");
        std::fs::write(&path, &refused).unwrap();
        world.login(&["--challenge", &format!("@{}", path.display())]);
        let token = world.run(&["token"]);
        assert_eq!(claim(&token, "acrs"), Some(json!(["c1"])));
        let header =
            refused.lines().find_map(|line| line.strip_prefix("www-authenticate: ")).unwrap();
        world.login(&["--challenge", header]);
        assert_eq!(claim(&world.run(&["token"]), "acrs"), Some(json!(["c1"])));
    }
}

#[test]
fn what_cannot_be_answered_is_an_error_of_the_call_and_costs_no_request() {
    let world = World::new();
    for (challenge, said) in [
        ("Bearer error=\"invalid_token\"", "there is no claims challenge in it"),
        ("WWW-Authenticate: Bearer error=\"invalid_token\"", "has no `claims`"),
        ("@/nowhere", "cannot read the challenge in `/nowhere`: "),
    ] {
        for command in ["login", "token"] {
            let run = world.run(&[command, "--challenge", challenge]);
            assert_eq!(run.exit, Exit::Usage, "{challenge}: {}", run.stderr);
            assert!(run.stderr.contains(said), "{}", run.stderr);
        }
    }
    let run = world.run(&["login", "--claims", "{\"access_token\":3}"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("its member `access_token` is neither"), "{}", run.stderr);
}

#[test]
fn claims_and_the_capability_go_along_with_every_request_and_are_told_apart_in_the_store() {
    const CLAIMS: &str = r#"{"access_token":{"acrs":{"values":["c2"]}}}"#;
    let world = World::new().on_a_desktop();
    let file = world.home.path().join("claims.json");
    std::fs::write(&file, CLAIMS).unwrap();
    world.login(&["--cp1", "--claims", &format!("@{}", file.display())]);
    let opened = world.desk().opened().pop().unwrap();
    let (_, asked) = opened.query_pairs().find(|(name, _)| name == "claims").unwrap();
    assert_eq!(asked, r#"{"access_token":{"acrs":{"values":["c2"]},"xms_cc":{"values":["cp1"]}}}"#);

    let both = world.run(&["token", "--cp1", "--claims", CLAIMS]);
    assert_eq!(claim(&both, "acrs"), Some(json!(["c2"])));
    assert_eq!(claim(&both, "xms_cc"), Some(json!(["CP1"])));
    assert_eq!(world.run(&["token"]).stdout, both.stdout, "who asks for none is served by it");
    assert_eq!(world.token_requests("refresh_token"), 0);

    let other = world.run(&["token", "--claims", r#"{"access_token":{"acrs":{"values":["c3"]}}}"#]);
    assert!(claim(&other, "acrs").unwrap().to_string().contains("c3"));
    assert_eq!(world.token_requests("refresh_token"), 1);
    // Both are kept; each request gets its own again, and nothing is sent.
    assert_eq!(world.run(&["token", "--cp1", "--claims", CLAIMS]).stdout, both.stdout);
    assert_eq!(world.token_requests("refresh_token"), 1);
}
