//! What a newcomer meets: mistakes in the configuration and on the command line, and what is said of them.

use entrada::cli::Exit;

use crate::world::{BASE, World};

const CLIENT: &str = "11111111-2222-4333-8444-555555555555";

/// `text` without line breaks.
fn in_a_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without what a variable would set.
fn bare() -> World {
    let world = World::new();
    for name in ["ENTRADA_TENANT", "ENTRADA_CLIENT_ID", "ENTRADA_AUTHORITY"] {
        world.unset(name);
    }
    world
}

#[test]
fn a_value_that_cannot_be_used_is_shown_with_file_line_and_key() {
    let id = format!("client-id = '{CLIENT}'");
    for (line, message, cure) in [
        ("job = 'imapp'", "there is no job `imapp`; did you mean `imap`?", ""),
        ("job = ['imap', 'smpt']", "there is no job `smpt`; did you mean `smtp`?", ""),
        ("tenant = 'contoso example'", "`contoso example` is not a tenant", "tenant = \""),
        ("authority = 'htp//login'", "`htp//login` is not a URL", "authority = \"https://"),
        ("client-id = '1111-22'", "`1111-22` is not a client id", "client-id = \""),
        ("scope = ['Mail.Read,User.Read']", "is not a scope", "scope = ["),
    ] {
        let world = bare();
        let own = if line.starts_with("client-id") { "" } else { &id };
        world.write_config(&format!("# mine\n[profiles.work]\n{line}\n{own}\n"));
        let run = world.run_exactly(&["config", "check"], "");
        assert_eq!(run.exit, Exit::Usage, "{line}: {run:#?}");
        let said = in_a_line(&run.stderr);
        let place = format!("{}: line 3, column ", world.config_path().display());
        assert!(said.contains(&place) && said.contains("[profiles.work]: "), "{line}: {said}");
        assert!(said.contains(message), "{line}: {said}");
        assert!(run.stderr.contains(&format!("\n3 | {line}\n")), "{line}: {}", run.stderr);
        assert!(run.stderr.contains("  | ") && run.stderr.contains('^'), "{}", run.stderr);
        assert!(
            cure.is_empty() || said.contains(&format!("for example `{cure}")),
            "{line}: {said}"
        );
    }
    // The same from `[defaults]`, and from any command.
    let world = bare();
    world.write_config(&format!("[defaults]\njob = 'imapp'\n{id}\n"));
    let run = world.run_exactly(&["token"], "");
    assert!(
        in_a_line(&run.stderr).contains("line 2, column 7: [defaults]: there is no job"),
        "{run:#?}"
    );
    // A flag has no place.
    let run = world.run_exactly(&["token", "--job", "imp"], "");
    assert!(
        run.stderr.starts_with("error: there is no job `imp`; did you mean `imap`?"),
        "{run:#?}"
    );
}

#[test]
fn what_a_profile_lacks_is_said_with_its_name() {
    let world = bare();
    world.write_config("[profiles.work]\njob = 'imap'\n");
    let run = world.run_exactly(&["config", "check"], "");
    let said = in_a_line(&run.stderr);
    assert!(said.contains("config.toml: [profiles.work]: no client id is set"), "{said}");
}

#[test]
fn arguments_are_checked_before_any_question() {
    let world = World::new().at_a_terminal();
    for (args, message) in [
        (&["-j", "imp"][..], "there is no job `imp`; did you mean `imap`?"),
        (&["-t", "not a tenant"], "is not a tenant"),
        (&["--client-id", "1234"], "that is not a client id"),
        (&["-s", "a,b"], "is not a scope"),
        (&["--authority", "nowhere"], "is not a URL"),
    ] {
        for name in ["ENTRADA_STORE", "ENTRADA_STORE_KEY"] {
            world.unset(name);
        }
        let run = world.run_exactly(&[&["config", "init"][..], args].concat(), "");
        assert_eq!(run.exit, Exit::Usage, "{args:?}: {run:#?}");
        assert!(in_a_line(&run.stderr).contains(message), "{args:?}: {}", run.stderr);
        assert!(!run.stderr.contains("Where are sign-ins kept?"), "{args:?}: {}", run.stderr);
        assert!(!world.config_path().exists(), "{args:?}");
    }
}

#[test]
fn a_token_of_an_own_api_names_the_job_that_it_serves() {
    let world = World::with("own-api");
    let api = "api://11111111-1111-1111-1111-111111111111";
    world.write_config(&format!(
        "default-profile = 'mail'\n[profiles.mail]\njob = 'imap'\ntenant = 'organizations'\nclient-id = '{CLIENT}'\n\
         [jobs.orders]\naudience = '{api}'\nscope = ['{api}/Orders.Read']\n\
         [jobs.crm]\naudience = 'api://crm'\nscope = ['api://crm/Orders.Read']\n"
    ));
    world.login(&["--scope", &format!("{api}/Orders.Read")]);
    let token = world.run(&["token", "--scope", &format!("{api}/Orders.Read")]).stdout;
    let run = world.run_exactly(&["diagnose"], &token);
    assert_eq!(run.exit, Exit::Success, "{run:#?}");
    assert!(run.stdout.starts_with("ok: no problem found\n"), "{}", run.stdout);
    assert!(run.stdout.contains("it serves: orders\n"), "{}", run.stdout);
}

#[test]
fn a_client_id_and_a_tenant_are_another_application_than_the_default_profiles() {
    let world = bare();
    world.write_config(&format!(
        "default-profile = 'trial'\n[profiles.trial]\nauthority = '{BASE}'\ntenant = 'organizations'\nclient-id = '{CLIENT}'\n\
         account = 'ada@contoso.example'\njob = 'imap'\n"
    ));
    let shown =
        |args: &[&str]| world.run_exactly(&[&["config", "show"][..], args].concat(), "").stdout;
    let other = ["-t", "fabrikam.example", "--client-id", "22222222-2222-4222-8222-222222222222"];
    let page = shown(&other);
    assert!(page.contains("https://login.microsoftonline.com/fabrikam.example"), "{page}");
    assert!(!page.contains("ada@contoso.example"), "{page}");
    assert!(page.contains("[\"imap\"]"), "what does not select an application stays: {page}");
    // One of them, a profile by name, or an authority by flag.
    for args in [&other[..2], &other[2..], &[&["trial"][..], &other].concat()] {
        assert!(shown(args).contains(BASE), "{args:?}: {}", shown(args));
    }
    let named = [&other[..], &["--authority", "http://localhost:9"]].concat();
    assert!(shown(&named).contains("http://localhost:9/fabrikam.example"), "{}", shown(&named));
}

#[test]
fn a_misspelt_word_gets_the_one_tip_that_fits() {
    let world = World::new();
    for (args, tip) in [
        (&["login", "--jbo", "imap"][..], "'--job'"),
        (&["token", "--forse"], "'--force-refresh'"),
        (&["token", "--forc"], "'--force-refresh'"),
        (&["tokne", "work"], "'token'"),
        (&["loign"], "'login'"),
        (&["login", "--tennant-id", "x"], "'--tenant'"),
        (&["token", "-o", "jsno"], "'json'"),
        (&["config", "chekc"], "'check'"),
    ] {
        let run = world.run_exactly(args, "");
        let said = in_a_line(&run.stderr);
        assert!(said.contains("tip: a similar") && said.contains(tip), "{args:?}: {said}");
        assert!(!said.contains("some similar"), "{args:?}: {said}");
    }
}

#[test]
fn what_the_parser_says_is_broken_between_words() {
    let world = World::new().at_a_terminal_of(60);
    let run = world.run_exactly(&["token", "-o", "nonsense"], "");
    assert!(run.stderr.lines().all(|line| line.chars().count() <= 60), "{}", run.stderr);
    assert!(
        in_a_line(&run.stderr).contains("xoauth2, oauthbearer, exec-credential"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_sign_in_that_does_not_serve_says_so() {
    let world = World::with("consent-partial");
    let run = world.run(&["login", "--job", "graph-mail-read"]);
    assert_eq!(run.exit, Exit::Success, "{run:#?}");
    let said = in_a_line(&run.stderr);
    let told = "warning: you are signed in, but the token does not work for `graph-mail-read`";
    assert!(said.contains(told), "{said}");
    assert!(!said.contains("next: "), "{said}");
    let world = World::with("consent-partial").at_a_terminal();
    let init = ["config", "init", "mail", "--job", "graph-mail-read", "--tenant", "organizations"];
    let run = world.run(&init);
    assert_eq!(run.exit, Exit::Success, "{run:#?}");
    assert!(in_a_line(&run.stderr).contains(told), "{run:#?}");
    assert!(!run.stderr.contains("from now on:"), "{run:#?}");
}

#[test]
fn only_a_judgement_that_was_asked_for_says_ok() {
    let world = World::new().at_a_terminal();
    world.set("NO_COLOR", "1");
    let login = world.login(&["--job", "imap"]);
    assert!(login.stderr.contains("ok: no problem found for `imap`"), "{}", login.stderr);
    for args in [&["token"][..], &["token", "--force-refresh"], &["token", "--strict"]] {
        let run = world.run(&[args, &["--job", "imap"]].concat());
        assert_eq!(run.exit, Exit::Success, "{run:#?}");
        assert!(!run.stderr.contains("ok: "), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn doctor_checks_what_a_faulty_configuration_leaves() {
    let world = bare();
    let rest = format!("authority = '{BASE}'\ntenant = 'organizations'\nclient-id = '{CLIENT}'\n");
    for (config, bad, fine) in [
        (
            format!("[profiles.work]\ntennant = 'x'\n{rest}"),
            "config",
            &["authority", "clock", "store"][..],
        ),
        (
            format!("[profiles.work]\njob = 'imapp'\n{rest}"),
            "profile",
            &["authority", "clock", "store"],
        ),
        (
            format!("[profiles.work]\n{}", rest.replace("organizations", "x y")),
            "profile",
            &["store"],
        ),
    ] {
        world.write_config(&config);
        let run = world.run_exactly(&["doctor", "work"], "");
        assert_eq!(run.exit, Exit::Findings, "{run:#?}");
        let state = |name: &str| {
            let line = run.stdout.lines().find(|line| line.split_whitespace().nth(1) == Some(name));
            line.and_then(|line| line.split_whitespace().next()).unwrap_or_default().to_owned()
        };
        assert_eq!(state(bad), "bad", "{}", run.stdout);
        for name in fine {
            assert_eq!(state(name), "ok", "{name}: {}", run.stdout);
        }
    }
    // A line that is no TOML costs that line.
    world.write_config(&format!("[profiles.work]\njob = imap\n{rest}"));
    let run = world.run_exactly(&["doctor", "work"], "");
    assert!(
        run.stdout.contains("ok    authority  issues tokens at http://localhost:8400"),
        "{}",
        run.stdout
    );
    // No TOML at all: what does not depend on it is checked all the same.
    world.write_config("not toml at all [");
    let run = world.run_exactly(&["doctor", "work"], "");
    assert!(
        run.stdout.contains("ok    loopback") && run.stdout.contains("bad   config"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_file_that_is_replaced_is_named() {
    let world = World::new();
    let report = world.home.path().join("report.html");
    let args = ["diagnose", "--report", report.to_str().unwrap()];
    let run = || {
        let run = world.run_exactly(&args, "AADSTS50076: a second factor is required");
        in_a_line(&run.stderr)
    };
    assert!(!run().contains("in place of"));
    assert!(run().ends_with("in place of the file that was there"), "{}", run());
}

#[test]
fn a_stored_token_of_an_earlier_emulator_is_told_at_a_terminal() {
    let world = World::new().at_a_terminal();
    world.login(&["--job", "imap"]);
    let token = || world.run_exactly(&["token", "--job", "imap"], "");
    assert_eq!(token().stderr, "");
    // Another run of the emulator has other keys.
    world.changing(|url, response| {
        if !url.ends_with("/keys") {
            return response;
        }
        let text = String::from_utf8(response.body().clone()).unwrap();
        let (_, rest) = text.split_once("\"kid\":\"").unwrap();
        let kid = rest.split('"').next().unwrap();
        response.map(|_| text.replace(kid, "another").into_bytes())
    });
    let run = token();
    assert_eq!(run.exit, Exit::Success, "{run:#?}");
    let said = in_a_line(&run.stderr);
    assert!(said.contains("was restarted: this stored token is of the earlier run"), "{said}");
    assert_eq!(world.run_exactly(&["token", "--job", "imap", "-q"], "").stderr, "");
}

#[test]
fn who_can_fix_a_setting_is_the_user_of_this_run() {
    for (scenario, args, finding) in [
        ("unknown-client", &["login", "--job", "imap"][..], "app-not-found-in-tenant"),
        ("normal", &["login", "--job", "imap", "-t", "wrong.example"], "invalid-tenant"),
        ("normal", &["login", "--scope", "https://outlook.office.com/IMAP.Acces"], "invalid-scope"),
    ] {
        let run = World::with(scenario).run(args);
        assert_eq!(run.exit, Exit::Refused, "{run:#?}");
        assert!(run.stderr.contains(&format!("error[{finding}]")), "{}", run.stderr);
        assert!(run.stderr.contains("  = who: you can fix this\n"), "{finding}: {}", run.stderr);
    }
}
