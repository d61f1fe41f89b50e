//! Every scenario of the emulator, through the whole program: the right exit code, the right cause, and an end in time.

use entrada::cli::Exit;
use entrada_auth::sys::Clock as _;
use entrada_emulator::SCENARIOS;

use crate::world::{NOW, World};

/// Seconds that no command may take on the emulator's clock: a code's life and some grace.
const BOUND: i64 = 1_000;

/// What a scenario does to `login`, and to `token` two hours later.
struct Case {
    name: &'static str,
    login: Exit,
    /// The finding that `login` names, or none.
    cause: &'static str,
    token: Option<(Exit, &'static str)>,
}

const FINE: Option<(Exit, &str)> = Some((Exit::Success, ""));

/// A case for each scenario but `normal`, where a person is needed.
const CASES: &[Case] = &[
    case("auto-approve", Exit::Success, "", FINE),
    case("user-declines", Exit::Declined, "user-declined", None),
    case("code-expires", Exit::Declined, "device-code-expired", None),
    case("slow-down", Exit::Success, "", FINE),
    case("poll-loop", Exit::Temporary, "device-polling-loop", None),
    case("admin-consent-required", Exit::Refused, "admin-consent-required", None),
    case(
        "consent-required",
        Exit::Success,
        "",
        refused(Exit::SignInNeeded, "user-consent-required"),
    ),
    case(
        "consent-partial",
        Exit::Success,
        "missing-scope",
        refused(Exit::Success, "missing-scope"),
    ),
    case(
        "no-refresh-token",
        Exit::Success,
        "missing-offline-access",
        refused(Exit::SignInNeeded, ""),
    ),
    case("device-code-blocked", Exit::Refused, "conditional-access", None),
    case("device-code-policy", Exit::Refused, "conditional-access", None),
    case(
        "device-code-policy-later",
        Exit::Success,
        "",
        refused(Exit::Refused, "conditional-access"),
    ),
    case("device-state-required", Exit::Refused, "conditional-access", None),
    case("mfa-required", Exit::Success, "", refused(Exit::SignInNeeded, "mfa-required")),
    case("html-instead-of-json", Exit::Temporary, "not-oauth-json", None),
    case("empty-body", Exit::Temporary, "not-oauth-json", None),
    case("error-under-200", Exit::Refused, "app-not-found-in-tenant", None),
    case("numbers-as-strings", Exit::Success, "", FINE),
    case("old-names", Exit::Success, "", FINE),
    case("throttled", Exit::Success, "", refused(Exit::Success, "")),
    case("outage", Exit::Success, "", refused(Exit::Success, "")),
    case("hang", Exit::Temporary, "", None),
    case("clock-skew", Exit::Success, "clock-skew", refused(Exit::Success, "clock-skew")),
    case("rotate-and-revoke", Exit::Success, "", FINE),
    case("refresh-dead", Exit::Success, "", refused(Exit::SignInNeeded, "refresh-token-expired")),
    case(
        "refresh-revoked",
        Exit::Success,
        "",
        refused(Exit::SignInNeeded, "refresh-token-revoked"),
    ),
    case("personal-account", Exit::Success, "", FINE),
    case(
        "guest",
        Exit::Success,
        "guest-user-no-mailbox",
        refused(Exit::Success, "guest-user-no-mailbox"),
    ),
    case(
        "wrong-audience",
        Exit::Success,
        "wrong-audience",
        refused(Exit::Success, "wrong-audience"),
    ),
    case("short-lived", Exit::Success, "", FINE),
    case("no-scope-member", Exit::Success, "", FINE),
    case("unknown-client", Exit::Refused, "app-not-found-in-tenant", None),
    case("not-public-client", Exit::Refused, "public-client-flows-disabled", None),
    case("hostile-text", Exit::Refused, "user-consent-required", None),
    case("no-mailbox", Exit::Success, "", FINE),
    case("late", Exit::Success, "", FINE),
    case("claims-challenge", Exit::Success, "", FINE),
    case("expires-at-once", Exit::Success, "", FINE),
    case("own-api", Exit::Success, "", FINE),
    case("public-client", Exit::Success, "", FINE),
];

const fn case(
    name: &'static str,
    login: Exit,
    cause: &'static str,
    token: Option<(Exit, &'static str)>,
) -> Case {
    Case { name, login, cause, token }
}

#[expect(clippy::unnecessary_wraps, reason = "reads as a column of the table")]
const fn refused(exit: Exit, cause: &'static str) -> Option<(Exit, &'static str)> {
    Some((exit, cause))
}

/// The first finding that is shown as an error or a warning.
pub(crate) fn named(stderr: &str) -> &str {
    let finding = |line: &str| line.starts_with("error[") || line.starts_with("warning[");
    let line = stderr.lines().find(|line| finding(line)).unwrap_or_default();
    line.split(['[', ']']).nth(1).unwrap_or_default()
}

#[test]
fn every_scenario_has_a_case() {
    let mut cases: Vec<&str> = CASES.iter().map(|case| case.name).chain(["normal"]).collect();
    let mut scenarios: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
    cases.sort_unstable();
    scenarios.sort_unstable();
    assert_eq!(cases, scenarios);
}

#[test]
fn every_scenario_ends_with_the_right_code_and_cause_and_in_time() {
    for case in CASES {
        let world = World::with(case.name);
        let login = world.run(&["login"]);
        assert_eq!(login.exit, case.login, "{}: {}", case.name, login.stderr);
        assert_eq!(named(&login.stderr), case.cause, "{}: {}", case.name, login.stderr);
        assert_eq!(login.stdout, "", "{}", case.name);
        let took = world.clock.now().seconds_since(NOW);
        assert!(took < BOUND, "{}: login took {took} s", case.name);

        let Some((exit, cause)) = case.token else {
            let token = world.run(&["token"]);
            assert_eq!(token.exit, Exit::SignInNeeded, "{}", case.name);
            continue;
        };
        world.clock.pass(7_200);
        let before = world.clock.now();
        let token = world.run(&["token"]);
        assert_eq!(token.exit, exit, "{}: {}", case.name, token.stderr);
        assert_eq!(named(&token.stderr), cause, "{}: {}", case.name, token.stderr);
        // Exactly one line in every success, nothing in every failure.
        let lines = token.stdout.lines().count();
        assert_eq!(lines, usize::from(exit == Exit::Success), "{}", case.name);
        assert_eq!(token.stdout.ends_with('\n'), exit == Exit::Success);
        assert!(world.clock.now().seconds_since(before) < BOUND, "{}", case.name);
    }
}

#[test]
fn a_page_instead_of_an_answer_while_polling_ends_with_the_code_at_the_latest() {
    let world = World::with("hang");
    let login = world.run(&["login"]);
    assert_eq!(login.exit, Exit::Temporary);
    assert!(login.stderr.contains("it took longer than 30 s"), "{}", login.stderr);
    assert!(login.stderr.contains("still trying until the code expires"), "{}", login.stderr);
}

#[test]
fn text_of_a_hostile_server_moves_no_cursor_and_forges_no_line() {
    let world = World::with("hostile-text");
    let login = world.run(&["login"]);
    for c in login.stderr.chars().chain(login.stdout.chars()) {
        assert!(c == '\n' || !c.is_control(), "{:?}", login.stderr);
        assert!(!('\u{202a}'..='\u{202e}').contains(&c) && c != '\u{200b}');
    }
    assert!(
        !login
            .stderr
            .lines()
            .any(|line| line.starts_with("forged") || line.starts_with("error: forged")),
        "{}",
        login.stderr
    );
}
