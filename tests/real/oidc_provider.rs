//! The program against an OpenID provider that is not ours: npm's `oidc-provider`, as it comes. It rotates refresh tokens
//! and, when one is used twice, revokes all that came of the sign-in: a client that loses or repeats one is signed out.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::desk::Desk;
use crate::program::{
    ENTRADA, Ended, Provider, Running, assert_not_on_disk, assert_silent, run, start,
};

/// Seconds that the provider's access tokens live.
const LIFE: u64 = 8;

/// A user of the program, with a home on `desk` and grants in `store`.
struct User {
    desk: Desk,
    provider: Provider,
    store: &'static str,
}

impl User {
    fn new(desk: Desk, store: &'static str, variables: &[(&str, &str)]) -> Self {
        Self { desk, provider: Provider::new(variables), store }
    }

    fn entrada(&self, arguments: &[&str]) -> Command {
        let mut command = self.desk.command(ENTRADA);
        command.args(arguments).envs(self.provider.settings()).env("ENTRADA_STORE", self.store);
        if self.store == "file" {
            command.env("ENTRADA_STORE_KEY", "5e".repeat(32));
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let ended = run(&mut self.entrada(arguments));
        assert_silent("what is said", ended.err.as_bytes(), &self.secrets());
        ended
    }

    fn start(&self, arguments: &[&str]) -> Running {
        start(&mut self.entrada(arguments))
    }

    /// Signs in, with a person who does `decision`.
    fn login(&self, decision: &str) -> Ended {
        let login = self.start(&["login", "-vv"]);
        Provider::person(&login, decision);
        let ended = login.end();
        assert_silent("what is said", ended.err.as_bytes(), &self.secrets());
        ended
    }

    fn secrets(&self) -> Vec<String> {
        self.provider.secrets()
    }

    /// How many refreshes the provider granted; there was nothing else.
    #[track_caller]
    fn refreshes(&self) -> usize {
        let decided = self.provider.decided("refresh_token");
        assert!(decided.iter().all(|(status, _)| *status == 200), "{decided:?}");
        decided.len()
    }

    /// The only refresh token that still counts.
    #[track_caller]
    fn current(&self) -> String {
        let (current, used) = self.provider.refresh_tokens();
        assert_eq!((current.len(), used), (1, self.refreshes()), "current and used up");
        current.into_iter().next().unwrap()
    }
}

#[test]
fn a_sign_in_lasts_over_expiry_and_rotation_with_one_request_for_each() {
    let user = User::new(Desk::bare(), "file", &[("ACCESS_TTL", &LIFE.to_string())]);
    let login = user.login("approve").with(0).saying("signed in as ada@example.org");
    assert_eq!(login.out, "");
    assert_eq!(user.provider.decided("device_code"), [(200, None)]);

    let first = user.run(&["token", "-vv"]).with(0).line();
    assert_eq!(user.refreshes(), 0, "the first token is the stored one");
    sleep(Duration::from_secs(LIFE));
    let second = user.run(&["token", "-vv"]).with(0).line();
    assert_ne!(first, second);
    assert_eq!(user.refreshes(), 1, "one refresh for one expiry");
    assert_eq!(user.run(&["token"]).with(0).line(), second);
    assert_eq!(user.refreshes(), 1);
    let mut last = user.current();
    for round in 2..5 {
        user.run(&["token", "--force-refresh"]).with(0);
        assert_eq!(user.refreshes(), round);
        assert_ne!(std::mem::replace(&mut last, user.current()), last, "rotated");
    }

    user.run(&["status"]).with(0);
    let status = user.run(&["status", "--output", "json"]).with(0).out;
    assert!(status.contains("ada@example.org"), "{status}");
    assert_silent("status", status.as_bytes(), &user.secrets());
    assert_not_on_disk(user.desk.dir.path(), &user.secrets());

    user.run(&["logout"]).with(0).saying("forgot ada@example.org");
    user.run(&["token"]).with(3).saying("entrada login");
    user.run(&["logout"]).with(0);
    assert_eq!(user.provider.decided("device_code"), [(200, None)], "one sign-in in all");
}

#[test]
fn signing_in_again_takes_the_place_of_the_first_sign_in() {
    let user = User::new(Desk::bare(), "file", &[]);
    user.login("approve").with(0);
    let first = user.run(&["token"]).with(0).line();
    user.login("approve").with(0);
    assert_ne!(user.run(&["token"]).with(0).line(), first);
    let accounts = user.run(&["accounts", "--output", "json"]).with(0).out;
    assert_eq!(accounts.matches("\"account\"").count(), 1, "{accounts}");
    user.run(&["token", "--force-refresh"]).with(0);
    assert_eq!(user.refreshes(), 1);
}

#[test]
fn each_refusal_has_its_exit_code_and_only_the_last_costs_the_sign_in() {
    let user = User::new(Desk::bare(), "file", &[]);
    user.login("approve").with(0);
    for (answer, code) in [
        ("answer?status=503&error=temporarily_unavailable", 6),
        ("answer?status=429&error=slow_down", 6),
        ("answer?status=401&error=invalid_client", 5),
        ("answer?status=400&error=invalid_scope", 5),
    ] {
        user.provider.control(answer);
        user.run(&["token", "--force-refresh"]).with(code);
        user.run(&["token"]).with(0);
    }
    user.provider.control("answer");
    user.run(&["token", "--force-refresh"]).with(0);
    assert_eq!(user.refreshes(), 1, "what was refused had not reached the provider");

    user.provider.control("revoke");
    user.run(&["token", "--force-refresh"]).with(3).saying("entrada login");
    let refused = Some("invalid_grant".to_owned());
    assert_eq!(user.provider.decided("refresh_token")[1..], [(400, refused)], "asked once");
    user.login("approve").with(0);
    user.run(&["token", "--force-refresh"]).with(0);
}

#[test]
fn a_person_who_says_no_ends_the_sign_in() {
    let user = User::new(Desk::bare(), "file", &[]);
    user.login("abort").with(4);
    user.run(&["token"]).with(3);
}

#[test]
fn a_code_that_nobody_enters_runs_out() {
    let user = User::new(Desk::bare(), "file", &[("DEVICE_TTL", "3")]);
    user.run(&["login"]).with(4);
    user.run(&["token"]).with(3);
}

#[test]
fn with_a_keyring_the_stored_refresh_token_is_the_providers_current_one() {
    let user = User::new(Desk::unlocked(), "keyring", &[("ACCESS_TTL", &LIFE.to_string())]);
    user.login("approve").with(0).saying("kept in gnome-keyring");
    let name = format!("{}||entrada-tests|ada", user.provider.issuer);
    let stored = || {
        let mut tool = user.desk.command("secret-tool");
        run(tool.args(["lookup", "service", "entrada", "account", &name])).with(0).out
    };
    assert!(stored().contains(&user.current()));
    sleep(Duration::from_secs(LIFE));
    // As mail programs do: every folder asks on its own, at once.
    let crowd: Vec<_> = (0..10).map(|_| user.start(&["token", "-vv"])).collect();
    let tokens: Vec<_> = crowd.into_iter().map(|one| one.end().with(0).line()).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]), "all have the same token");
    assert_eq!(user.refreshes(), 1);
    assert!(stored().contains(&user.current()));
    user.run(&["token", "--force-refresh"]).with(0);
    assert!(stored().contains(&user.current()));
    assert_not_on_disk(user.desk.dir.path(), &user.secrets());
}

#[test]
fn a_rotated_refresh_token_outlives_the_keyring_that_should_have_taken_it() {
    let mut user = User::new(Desk::unlocked(), "keyring", &[]);
    user.login("approve").with(0);
    user.provider.control("delay?ms=3000");
    let refresh = user.start(&["token", "--force-refresh", "-vv"]);
    refresh.hear("> POST ");
    user.desk.kill();
    let ended = refresh.end().with(0).saying("the grant was not stored");
    assert_silent("what is said", ended.err.as_bytes(), &user.secrets());
    assert!(user.secrets().contains(&ended.line()));
    assert_not_on_disk(user.desk.dir.path(), &user.secrets());
    user.provider.control("delay?ms=0");
    user.run(&["token"]).with(7);
    user.desk.start(Some("password"));
    assert_eq!(user.run(&["token"]).with(0).line(), ended.line());
    for _ in 0..2 {
        user.run(&["token", "--force-refresh"]).with(0);
    }
    user.current();
    assert_eq!(user.refreshes(), 3, "none was lost, none used twice");
}
