//! `entrada login --flow browser` and `--flow paste`, in process.

use entrada::cli::Exit;
use entrada_auth::sys::Clock as _;
use entrada_core::ScopeSet;
use entrada_core::oauth::authorization::{AuthRequestState, AuthorizationRequest};
use entrada_emulator::{Reply, Scenario};
use url::Url;

use crate::browser::{Desk, PORT, get};
use crate::world::{NOW, Network, World};

/// The value of `name` in the address that was opened last.
fn asked(world: &World, name: &str) -> Option<String> {
    let url = world.desk().opened().pop().expect("a page was opened");
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[test]
fn a_desktop_signs_in_by_browser_and_the_page_says_so() {
    for mode in ["query", "form_post"] {
        let world = World::new().on_a_desktop();
        let run = world.login(&["--response-mode", mode]);
        assert!(run.stderr.contains("opening your browser"), "{}", run.stderr);
        assert!(run.stderr.contains("signed in as ada@contoso.example"), "{}", run.stderr);
        assert_eq!(world.token_requests("authorization_code"), 1);
        let seen = world.desk().seen();
        assert_eq!(seen.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [303, 303, 200]);
        assert!(seen[2].1.contains("You are signed in"), "{}", seen[2].1);
        assert!(seen[2].1.contains("ada@contoso.example"));
        assert_eq!(asked(&world, "redirect_uri").unwrap(), format!("http://localhost:{PORT}"));
        assert_eq!(asked(&world, "code_challenge_method").as_deref(), Some("S256"));
        assert_eq!(world.run(&["token"]).exit, Exit::Success);
    }
}

#[test]
fn auto_takes_the_way_that_the_machine_has() {
    let by_browser = |world: World, args: &[&str]| {
        let run = world.login(args);
        let shown = run.stderr.contains("  enter  ");
        assert_eq!(shown, world.desk().opened().is_empty(), "{}", run.stderr);
        !shown
    };
    assert!(by_browser(World::new().on_a_desktop(), &[]));
    assert!(!by_browser(World::new().on_a_desktop(), &["--no-browser"]));
    assert!(!by_browser(World::new().on_a_desktop(), &["--flow", "device"]));
    assert!(!by_browser(World::new().remote(), &[]));
    assert!(!by_browser(World::new(), &[]));
    let unattended = World::new().on_a_desktop();
    unattended.set("CI", "true");
    assert!(!by_browser(unattended, &[]));
}

#[test]
fn who_declines_at_the_page_learns_it_there_and_here() {
    let world = World::with("user-declines").on_a_desktop();
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Declined, "{}", run.stderr);
    assert!(run.stderr.contains("error[user-declined]"), "{}", run.stderr);
    let seen = world.desk().seen();
    assert!(seen.last().unwrap().1.contains("You did not sign in"), "{seen:?}");
    assert!(world.stored().is_empty());
}

#[test]
fn strangers_are_answered_and_forgotten() {
    let world = World::new().on_a_desktop();
    world.desk().comes(get("/favicon.ico"));
    world.desk().comes(get("/?code=stolen&state=guessed"));
    world.desk().comes(get("/?error=access_denied"));
    let run = world.login(&[]);
    let statuses: Vec<u16> = world.desk().seen().iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [404, 400, 400, 303, 303, 200]);
    assert!(run.stderr.contains("was ignored"), "{}", run.stderr);
    assert_eq!(world.token_requests("authorization_code"), 1);
}

#[test]
fn nobody_comes_and_the_wait_ends() {
    // A person is needed, and there is none.
    let world = World::with("normal").on_a_desktop();
    let run = world.run(&["login", "--timeout", "90s"]);
    assert_eq!(run.exit, Exit::Declined);
    for part in ["within 1 min 30 s", "AADSTS50011", "`entrada diagnose`", "--flow device"] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
}

#[test]
fn a_sign_in_without_an_answer_suspects_consent_where_users_cannot_give_it() {
    let told = |args: &[&str]| {
        let world = World::with("normal").on_a_desktop();
        world.unset("ENTRADA_AUTHORITY");
        let run = world.run(&[&["login", "--flow", "browser", "--timeout", "4s"], args].concat());
        assert_eq!(run.exit, Exit::Declined, "{}", run.stderr);
        run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let imap = told(&["--job", "imap", "--tenant", "contoso.example"]);
    assert!(imap.contains("cannot consent to `IMAP.AccessAsUser.All` by default"), "{imap}");
    assert!(
        imap.contains("login.microsoftonline.com/contoso.example/v2.0/adminconsent?"),
        "{imap}"
    );
    for args in [
        ["--job", "smtp", "--tenant", "contoso.example"],
        ["--job", "imap", "--tenant", "consumers"],
    ] {
        let other = told(&args);
        assert!(!other.contains("adminconsent"), "{other}");
    }
}

#[test]
fn a_wait_ends_within_a_second_s_tenth() {
    for (world, flow) in
        [(World::with("normal").on_a_desktop(), "browser"), (World::with("normal"), "device")]
    {
        for (timeout, millis) in [("2500ms", 2_500), ("0.3s", 300), ("4s", 4_000)] {
            let passed = world.clock.stopwatch();
            let run = world.run(&["login", "--flow", flow, "--timeout", timeout]);
            assert_eq!(run.exit, Exit::Declined, "{flow}: {}", run.stderr);
            // Nobody moves the clock for a listener.
            let expected = if flow == "device" { millis } else { 0 };
            assert_eq!(passed().as_millis(), expected, "{timeout}: {}", run.stderr);
        }
        let run = world.run(&["login", "--flow", flow, "--timeout", "2500ms"]);
        assert!(run.stderr.contains(" within 2.5 s"), "{flow}: {}", run.stderr);
    }
}

#[test]
fn a_server_that_hangs_does_not_prolong_a_sign_in_beyond_its_timeout() {
    for (network, timeout, millis) in [
        // The request for the code, a poll that the time cuts short, and one that comes when the time is up.
        (Network::Silent, "4s", 4_000),
        (Network::TokenSilent, "9s", 9_000),
        (Network::TokenSilent, "4s", 6_000),
    ] {
        let world = World::with("normal");
        world.network_is(network);
        let passed = world.clock.stopwatch();
        let run = world.run(&["login", "--flow", "device", "--timeout", timeout]);
        assert_eq!(run.exit, Exit::Declined, "{}", run.stderr);
        assert!(
            run.stderr.contains(&format!("was not finished within {}", timeout.replace('s', " s")))
        );
        assert_eq!(passed().as_millis(), millis, "{network:?}: {}", run.stderr);
    }
    // The request that spends the code has its own time.
    let world = World::with("auto-approve").on_a_desktop();
    world.network_is(Network::TokenSilent);
    let passed = world.clock.stopwatch();
    let run = world.run(&["login", "--flow", "browser", "--timeout", "4s"]);
    assert_eq!((run.exit, passed().as_secs()), (Exit::Temporary, 30), "{}", run.stderr);
}

#[test]
fn what_is_asked_of_the_page_gets_there() {
    let world = World::new().on_a_desktop();
    world.login(&[
        "--login-hint",
        "ada@contoso.example",
        "--domain-hint",
        "organizations",
        "--prompt",
        "login",
        "--param",
        "mkt=de-DE",
        "--param",
        "instance_aware=true",
        "--redirect-uri",
        &PORT.to_string(),
    ]);
    for (name, expected) in [
        ("login_hint", "ada@contoso.example"),
        ("domain_hint", "organizations"),
        ("prompt", "login"),
        ("mkt", "de-DE"),
        ("instance_aware", "true"),
        ("response_type", "code"),
    ] {
        assert_eq!(asked(&world, name).as_deref(), Some(expected), "{name}");
    }
    let named = World::new().on_a_desktop();
    named.login(&["--account", "ada@contoso.example"]);
    assert_eq!(asked(&named, "login_hint").as_deref(), Some("ada@contoso.example"));
}

#[test]
fn every_sign_in_has_ties_of_its_own() {
    let world = World::new().on_a_desktop();
    let mut known = std::collections::BTreeSet::new();
    for _ in 0..50 {
        world.login(&["--quiet"]);
        for name in ["state", "nonce", "code_challenge"] {
            let value = asked(&world, name).unwrap();
            assert_eq!(value.len(), 43, "{name}");
            assert!(known.insert(value), "{name} came twice");
        }
    }
}

#[test]
fn settings_that_exclude_each_other_are_told_before_anything_is_opened() {
    for args in [
        &["--flow", "browser", "--response-mode", "fragment"][..],
        &["--flow", "paste", "--response-mode", "form_post"],
        &[
            "--flow",
            "browser",
            "--redirect-uri",
            "https://login.microsoftonline.com/common/oauth2/nativeclient",
        ],
        &["--redirect-uri", "8401"],
        &["--redirect-uri", "http://evil.example"],
        &["--param", "state=mine"],
        &["--param", "redirect_uri=https://evil.example"],
        &["--param", "response_mode=fragment"],
        &["--param", "RESPONSE_MODE=form_post"],
        &["--param", "response_mode=query.jwt"],
        &["--param", "prompt=none"],
        &["--param", "login_hint=bob@contoso.example"],
        &["--param", "domain_hint=consumers"],
        &["--param", "claims={}"],
        &["--param", "client_info=0"],
        &["--param", "mkt=de-DE", "--param", "scope=openid"],
    ] {
        let world = World::new().on_a_desktop();
        let args: Vec<&str> = std::iter::once("login").chain(args.iter().copied()).collect();
        let run = world.run(&args);
        assert_eq!(run.exit, Exit::Usage, "{args:?}: {}", run.stderr);
        assert!(world.desk().opened().is_empty());
    }
}

#[test]
fn a_parameter_that_has_a_setting_is_refused_with_its_name_wherever_it_is_set() {
    for (name, setting) in entrada_core::oauth::authorization::RESERVED_PARAMETERS {
        let known = entrada::config::keys().iter().any(|key| key == setting);
        assert!(setting.is_empty() || known, "{name}: there is no `--{setting}`");
    }
    let set: [fn(&World); 2] = [
        |world| world.set("ENTRADA_PARAM", "response_mode=fragment"),
        |world| world.write_config("[defaults]\nparam = [\"response_mode=fragment\"]\n"),
    ];
    for set in set {
        let world = World::new().on_a_desktop();
        set(&world);
        let run = world.run(&["login"]);
        assert_eq!(run.exit, Exit::Usage, "{}", run.stderr);
        assert!(run.stderr.contains("`--response-mode`"), "{}", run.stderr);
        assert!(world.desk().opened().is_empty());
    }
}

#[test]
fn an_answer_that_comes_another_way_than_was_asked_is_not_taken() {
    for (mode, told) in
        [("form_post", "its parameters are in the URL"), ("query", "its parameters are in a form")]
    {
        let world = World::new().on_a_desktop();
        let answer = address_of_the_answer(&world, &format!("http://localhost:{PORT}"), 0);
        let query = Url::parse(&answer).unwrap().query().unwrap().to_owned();
        let wrong = if mode == "form_post" {
            get(&format!("/?{query}"))
        } else {
            form_of_the_answer(&world)
        };
        world.desk().comes(wrong.clone());
        world.desk().comes(wrong);
        let run = world.login(&["--response-mode", mode]);
        let statuses: Vec<u16> = world.desk().seen().iter().map(|(status, _)| *status).collect();
        assert_eq!(statuses, [405, 405, 303, 303, 200], "{mode}");
        assert_eq!(run.stderr.matches(told).count(), 1, "{mode}: {}", run.stderr);
        assert!(
            run.stderr.contains("2 responses to this machine in total"),
            "{mode}: {}",
            run.stderr
        );
        assert_eq!(world.token_requests("authorization_code"), 1, "{mode}");
    }
}

#[test]
fn entra_sends_a_form_to_a_browser_that_was_opened_here_and_an_address_otherwise() {
    let mode = |world: &World, args: &[&str]| {
        let run = world.run(&[&["login", "--timeout", "3s"], args].concat());
        let shown = run.stderr.split_whitespace().find(|word| word.contains("/authorize?"));
        let shown = Url::parse(shown.unwrap()).unwrap();
        if let Some(opened) = world.desk().opened().pop() {
            assert_eq!(opened, shown, "the address in the terminal is the one in the browser");
        }
        let mode = shown.query_pairs().find(|(name, _)| name == "response_mode");
        mode.map(|(_, mode)| mode.into_owned())
    };
    let form = Some("form_post".to_owned());
    assert_eq!(mode(&World::new().on_a_desktop(), &[]), form);
    let query = Some("query".to_owned());
    assert_eq!(mode(&World::new().on_a_desktop(), &["--response-mode", "query"]), query);
    assert_eq!(mode(&World::new().on_a_desktop(), &["--no-browser", "--flow", "browser"]), None);
    assert_eq!(mode(&World::new().on_a_desktop(), &["--flow", "paste"]), None);
    assert_eq!(mode(&World::new().remote(), &["--flow", "browser"]), None);
    // A browser at the other end of the session may be opened from here, and may have to be read off.
    let helper = World::new().remote();
    helper.set("BROWSER", "helper");
    assert_eq!(mode(&helper, &["--flow", "browser"]), None);
    assert!(helper.desk().started()[0].path().ends_with("/authorize"));
}

#[test]
fn the_command_line_of_the_browser_holds_nothing_of_the_sign_in() {
    let world = World::new().on_a_desktop();
    world.login(&["--login-hint", "ada@contoso.example"]);
    let [start] = &world.desk().started()[..] else { panic!("one page is opened") };
    assert_eq!((start.host_str(), start.port()), (Some("localhost"), Some(PORT)));
    assert_eq!((start.query(), start.fragment()), (None, None));
    let [page] = &world.desk().opened()[..] else { panic!("it leads to one page") };
    assert!(page.path().ends_with("/authorize"), "{page}");
    for name in ["state", "nonce", "code_challenge", "login_hint", "client_id", "scope"] {
        let value = asked(&world, name).unwrap();
        assert!(!start.as_str().contains(&value), "{name} is in {start}");
    }
}

#[test]
fn a_browser_that_does_not_open_leaves_an_address_that_can_be_pasted() {
    let world = World::new().on_a_desktop().at_a_terminal();
    world.desk().opens_nothing();
    let answer = address_of_the_answer(&world, &format!("http://localhost:{PORT}"), 0);
    world.desk().types(&answer);
    let run = world.login(&[]);
    let shown: Vec<&str> =
        run.stderr.split_whitespace().filter(|word| word.contains("/authorize?")).collect();
    let [first, second] = shown[..] else { panic!("{}", run.stderr) };
    assert!(first.contains("response_mode=form_post"), "{first}");
    assert!(!second.contains("response_mode="), "{second}");
    assert!(run.stderr.contains("copy its address"), "{}", run.stderr);
    // A browser that opens the first address sends a form all the same.
    let world = World::new().on_a_desktop().at_a_terminal();
    world.desk().opens_nothing();
    world.desk().comes(form_of_the_answer(&world));
    world.login(&[]);
}

/// The answer to the first sign-in of `world`, in a form.
fn form_of_the_answer(world: &World) -> entrada_auth::sys::HttpRequest {
    let answer = address_of_the_answer(world, &format!("http://localhost:{PORT}"), 0);
    let answer = Url::parse(&answer).unwrap();
    http::Request::post("/")
        .header("host", format!("localhost:{PORT}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(answer.query().unwrap().as_bytes().to_vec())
        .unwrap()
}

#[test]
fn a_form_is_not_asked_for_where_it_would_have_to_be_pasted() {
    for (mode, asked) in [("query", true), ("form_post", false)] {
        let world = World::new().remote().at_a_terminal();
        let run = world.run(&["login", "--flow", "browser", "--response-mode", mode]);
        assert_eq!(run.exit, Exit::Declined, "{mode}: {}", run.stderr);
        assert_eq!(run.stderr.contains("copy its address"), asked, "{mode}: {}", run.stderr);
    }
}

#[test]
fn unexpected_requests_fill_neither_the_screen_nor_the_trace() {
    let world = World::new().on_a_desktop();
    for visit in 0..3_000 {
        let target = match visit % 3 {
            0 => format!("/?code=c{visit}&state=guessed"),
            1 => format!("/?error=e{visit}&state=guessed"),
            _ => format!("/picture/{visit}"),
        };
        world.desk().comes(get(&target));
    }
    let trace = world.home.path().join("trace.har");
    let run = world.login(&["--trace", trace.to_str().unwrap()]);
    assert_eq!(world.token_requests("authorization_code"), 1);
    assert_eq!(run.stderr.matches("was ignored").count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("2000 responses to this machine in total"), "{}", run.stderr);
    assert!(run.stderr.lines().count() < 40, "{}", run.stderr);
    let trace = std::fs::read_to_string(trace).unwrap();
    let noted = trace.matches("a request to the loopback listener").count();
    assert_eq!(noted, 50 + 50 + 2 + 1, "of each status, and both redirects and the page");
    assert!(trace.contains("2900 more requests"), "{trace}");
}

#[test]
fn one_page_asks_for_consent_to_every_job() {
    let world = World::new().on_a_desktop();
    world.login(&["--job", "graph-mail-read,imap"]);
    let scopes = asked(&world, "scope").unwrap();
    assert!(scopes.contains("https://graph.microsoft.com/Mail.Read"), "{scopes}");
    assert!(scopes.contains("https://outlook.office.com/IMAP.AccessAsUser.All"), "{scopes}");
    assert_eq!(world.token_requests("authorization_code"), 1);
    assert_eq!(world.run(&["token", "--job", "imap"]).exit, Exit::Success);
}

#[test]
fn somebody_else_at_the_page_is_turned_away_with_both_names_and_nothing_changes() {
    let world = World::new().on_a_desktop();
    world.login(&[]);
    let before = world.stored();
    for pin in [
        &["--account", "bob@contoso.example"][..],
        &["--login-hint", "bob@contoso.example"],
        &["--tid", "99999999-1111-4222-8333-444455556666"],
        &["--oid", "99999999-1111-4222-8333-444455556666"],
    ] {
        let args: Vec<&str> = std::iter::once("login").chain(pin.iter().copied()).collect();
        let run = world.run(&args);
        assert_eq!((run.exit, run.stdout.as_str()), (Exit::WrongAccount, ""), "{}", run.stderr);
        assert!(run.stderr.contains("`ada@contoso.example` (tenant "), "{}", run.stderr);
        assert!(run.stderr.contains(pin[1]), "{}", run.stderr);
        let (_, page) = world.desk().seen().pop().unwrap();
        assert!(page.contains("This is another account") && page.contains(pin[1]), "{page}");
        assert_eq!(world.stored(), before, "{pin:?}");
        if pin[0] != "--account" {
            let token: Vec<&str> = std::iter::once("token").chain(pin.iter().copied()).collect();
            let run = world.run(&token);
            assert_eq!((run.exit, run.stdout.as_str()), (Exit::WrongAccount, ""), "{}", run.stderr);
        }
    }
}

#[test]
fn a_pasted_address_signs_in_where_nobody_can_come_back() {
    let world = World::new().at_a_terminal();
    world.desk().types("what is this?");
    world.desk().types("http://localhost:8400/?code=x&state=another");
    let run = world.run(&["login", "--flow", "paste"]);
    assert_eq!(run.exit, Exit::SignInNeeded, "{}", run.stderr);
    assert!(run.stderr.contains("on any machine"), "{}", run.stderr);
    assert!(run.stderr.contains("neither an address nor a code"), "{}", run.stderr);
    assert!(run.stderr.contains("response to another sign-in"), "{}", run.stderr);
    assert!(run.stderr.contains("no address was pasted"), "{}", run.stderr);
}

/// The address that the browser ends on for the first sign-in in `world`, with `redirect_uri`, before which `drawn` random
/// bytes were used.
pub(crate) fn address_of_the_answer(world: &World, redirect_uri: &str, drawn: usize) -> String {
    let (mut random, desk) = ([0; 96], Desk::default());
    entrada_auth::sys::Entropy::fill(&desk, &mut vec![0; drawn]).unwrap();
    entrada_auth::sys::Entropy::fill(&desk, &mut random).unwrap();
    let endpoint = Url::parse("http://localhost:8400/organizations/oauth2/v2.0/authorize").unwrap();
    let url = AuthorizationRequest {
        endpoint: &endpoint,
        client_id: Scenario::find("auto-approve").unwrap().client_id,
        redirect_uri,
        scopes: &ScopeSet::parse(
            "https://graph.microsoft.com/Mail.Read offline_access openid profile",
        ),
        request_state: &AuthRequestState::new(&random),
        extra: vec![("client_info", "1")],
    }
    .url();
    let request = http::Request::builder().uri(url.as_str()).body(Vec::new()).unwrap();
    let Reply::Answer(page) = world.emulator.handle(request, NOW) else { panic!() };
    page.headers()["location"].to_str().unwrap().to_owned()
}

#[test]
fn what_is_pasted_may_be_the_address_or_the_bare_code() {
    for bare in [false, true] {
        let world = World::new().remote().at_a_terminal();
        let address = address_of_the_answer(&world, "http://localhost:8400", 0);
        let code = Url::parse(&address).unwrap();
        let code = code.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        world.desk().types("http://localhost:8400/");
        world.desk().types(if bare { &code } else { &address });
        let run = world.login(&["--flow", "paste"]);
        assert!(run.stderr.contains("neither `code=` nor `error=`"), "{}", run.stderr);
        assert!(run.stderr.contains("signed in as ada@contoso.example"), "{}", run.stderr);
        assert_eq!(world.token_requests("authorization_code"), 1);
        assert!(!run.stderr.contains(&code), "{}", run.stderr);
    }
}

#[test]
fn from_afar_the_port_can_be_brought_over_or_the_address_pasted() {
    let world = World::new().remote().at_a_terminal();
    world.set("SSH_CONNECTION", "198.51.100.7 50000 192.0.2.9 2222");
    world.set("USER", "ada");
    let address = address_of_the_answer(&world, &format!("http://localhost:{PORT}"), 0);
    world.desk().types(&address);
    let run = world.login(&["--flow", "browser"]);
    let line = format!("ssh -N -L {PORT}:localhost:{PORT} -p 2222 ada@192.0.2.9");
    assert!(run.stderr.contains(&line), "{}", run.stderr);
    assert!(run.stderr.contains("copy its address"), "{}", run.stderr);
    assert!(world.desk().opened().is_empty());
}
