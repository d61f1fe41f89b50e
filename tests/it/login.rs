//! `entrada login`, `accounts`, `status` and `logout`.

use entrada::cli::Exit;

use crate::world::World;

#[test]
fn a_sign_in_says_who_where_and_how_long() {
    let world = World::new();
    let run = world.run_exactly(&["login"], "");
    assert_eq!(run.exit, Exit::Success);
    assert_eq!(run.stdout, "");
    for part in [
        "  open   http://localhost:8400/",
        "  enter  ",
        "continue only if you started this sign-in",
        "signed in as ada@contoso.example (tenant ",
        "refresh token included",
        "ok: no problem found for `graph-mail-read`",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    let (_, rest) = run.stderr.split_once("  enter  ").unwrap();
    let code = rest.lines().next().unwrap();
    assert_eq!(
        run.stderr.matches(code).count(),
        1,
        "the server's message repeats it: {}",
        run.stderr
    );
}

#[test]
fn a_message_of_the_server_that_says_more_is_shown() {
    let world = World::new();
    world.changing(|asked, mut response| {
        if asked.ends_with("/devicecode") {
            let mut body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
            body["message"] = "Read the rules first.".into();
            *response.body_mut() = body.to_string().into_bytes();
        }
        response
    });
    let run = world.run_exactly(&["login"], "");
    assert!(run.stderr.contains("Read the rules first."), "{}", run.stderr);
}

#[test]
fn quiet_never_hides_the_code() {
    let world = World::new();
    let run = world.run_exactly(&["login", "--quiet"], "");
    assert!(run.stderr.contains("  enter  "), "{}", run.stderr);
}

#[test]
fn the_code_goes_to_the_clipboard_on_request_alone() {
    use base64::Engine as _;
    const OSC_52: &str = "\u{1b}]52;c;";
    let on_request = World::new().at_a_terminal().login(&["--flow", "device", "--copy-code"]);
    let plain = World::new().at_a_terminal().login(&["--flow", "device"]);
    assert!(!plain.stderr.contains(OSC_52), "{}", plain.stderr);
    let said = on_request.stderr;
    let code = said.split("  enter  ").nth(1).unwrap().split_whitespace().next().unwrap();
    let code = String::from_utf8(strip(code)).unwrap();
    let copied = base64::prelude::BASE64_STANDARD.encode(&code);
    assert!(said.contains(&format!("{OSC_52}{copied}\u{7}")), "{code}: {said:?}");
    // In a file there is no clipboard.
    let logged = World::new().login(&["--flow", "device", "--copy-code"]);
    assert!(!logged.stderr.contains(OSC_52), "{}", logged.stderr);
}

/// The letters, digits and dashes of `code`, without the colours of a terminal.
fn strip(code: &str) -> Vec<u8> {
    let mut inside = false;
    let keep = |c: &char| {
        let was = inside;
        inside = (inside || *c == '\u{1b}') && *c != 'm';
        !was && *c != '\u{1b}'
    };
    code.chars().filter(keep).collect::<String>().into_bytes()
}

#[test]
fn quiet_says_only_what_needs_attention() {
    let quiet = World::new().run_exactly(&["login", "--quiet"], "");
    assert!(!quiet.stderr.contains("ok: nothing"), "{}", quiet.stderr);
    assert!(!quiet.stderr.contains("signed in as"), "{}", quiet.stderr);
    let ill = World::with("consent-partial").run_exactly(&["login", "--quiet"], "");
    assert!(ill.stderr.contains("error[missing-scope]"), "{}", ill.stderr);
}

#[test]
fn a_program_gets_its_json_when_the_sign_in_is_refused_too() {
    let world = World::with("device-code-blocked");
    let run = world.run(&["login", "-o", "json"]);
    assert_eq!(run.exit, Exit::Refused);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["findings"][0]["id"], "conditional-access");
}

#[test]
fn a_token_that_a_named_job_does_not_get_is_no_success() {
    let world = World::with("no-refresh-token");
    let run = world.run(&["login", "--job", "graph-mail-read,imap"]);
    assert_eq!(run.exit, Exit::SignInNeeded, "{}", run.stderr);
    assert!(run.stderr.contains("no token for `imap`"), "{}", run.stderr);
}

#[test]
fn advice_carries_the_flags_that_were_typed() {
    let world = World::with("consent-partial");
    world.unset("ENTRADA_TENANT");
    let run = world.run(&["login", "--tenant", "contoso.example"]);
    let command = "`entrada login --tenant contoso.example --job graph-mail-read`";
    assert!(run.stderr.contains(command), "{}", run.stderr);
}

#[test]
fn accounts_and_status_show_what_is_there_and_no_secret() {
    let world = World::new();
    let none = world.run(&["accounts"]);
    assert_eq!((none.exit, none.stdout.as_str()), (Exit::Success, ""));
    world.login(&[]);
    let accounts = world.run(&["accounts"]);
    assert!(accounts.stdout.contains("ada@contoso.example"), "{}", accounts.stdout);
    world.clock.pass(3_600 * 5);
    let status = world.run(&["status"]);
    assert!(
        status
            .stdout
            .contains("refresh token  received 5 h ago; expires in about 90 d, unless it is used"),
        "{}",
        status.stdout
    );
    assert!(status.stdout.contains("expired"), "{}", status.stdout);
    for command in ["accounts", "status"] {
        let json = world.run(&[command, "-o", "json"]).stdout;
        let document: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(document["version"], 1);
        assert_eq!(document["accounts"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn logout_forgets_and_says_what_it_cannot_do() {
    let world = World::new();
    world.login(&[]);
    let run = world.run(&["logout"]);
    assert_eq!(run.exit, Exit::Success);
    assert!(run.stderr.contains("forgot ada@contoso.example"), "{}", run.stderr);
    assert!(run.stderr.contains("Entra has no way to revoke one"), "{}", run.stderr);
    assert_eq!(world.run(&["token"]).exit, Exit::SignInNeeded);
    assert_eq!(world.run(&["logout"]).exit, Exit::Success, "twice is once");
}

#[test]
fn somebody_else_than_was_named_is_turned_away_and_nothing_is_stored() {
    let world = World::new();
    let run = world.run(&["login", "--account", "bob@contoso.example"]);
    assert_eq!(run.exit, Exit::WrongAccount, "{}", run.stderr);
    for part in ["`ada@contoso.example` (tenant 0c0ffee0-", " signed in, not `bob@contoso.example`"]
    {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    assert!(world.stored().is_empty());
    let at_terminal = World::new().at_a_terminal();
    let token = at_terminal.run(&["token", "--account", "bob@contoso.example"]);
    assert_eq!((token.exit, token.stdout.as_str()), (Exit::WrongAccount, ""));
}

#[test]
fn a_sign_in_that_cannot_be_kept_is_never_begun() {
    let world = World::new();
    world.set("ENTRADA_STORE_KEY", "too short");
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Store);
    assert!(world.emulator.log().is_empty(), "no code was asked for");
}

#[test]
fn without_a_client_id_the_user_learns_where_to_get_one() {
    let world = World::new();
    world.unset("ENTRADA_CLIENT_ID");
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("no client id is set"), "{}", run.stderr);
    assert!(world.emulator.log().is_empty());
}

#[test]
fn hostile_values_are_refused_before_a_byte_is_sent() {
    for (name, value) in [
        ("ENTRADA_TENANT", "../evil"),
        ("ENTRADA_TENANT", "a/b"),
        ("ENTRADA_TENANT", "a?b#c"),
        ("ENTRADA_CLIENT_ID", "a b"),
        ("ENTRADA_CLIENT_ID", "a\r\nb"),
        ("ENTRADA_SCOPE", "a\"b"),
        ("ENTRADA_AUTHORITY", "http://evil.example"),
        ("ENTRADA_AUTHORITY", "https://user@login.example"),
        ("ENTRADA_AUTHORITY", "javascript:alert(1)"),
    ] {
        let world = World::new();
        world.set(name, value);
        let run = world.run(&["login"]);
        assert_eq!(run.exit, Exit::Usage, "{name}={value}: {}", run.stderr);
        assert!(world.emulator.log().is_empty(), "{name}={value}");
    }
}

#[test]
fn what_failed_and_what_helps_fit_the_terminal() {
    let world = World::new().at_a_terminal();
    world.set("NO_COLOR", "1");
    let run = world.run(&["token", "--challenge", "garbage"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("\n  = help: give the service"), "{}", run.stderr);
    for line in run.stderr.lines() {
        assert!(line.chars().count() <= 80 || !line.trim().contains(' '), "{line}");
    }
}

#[test]
fn a_passphrase_is_chosen_twice_and_then_asked_once() {
    let world = World::new().at_a_terminal();
    world.unset("ENTRADA_STORE_KEY");
    let with = |args: &[&str], typed: &[&str]| {
        for line in typed {
            world.desk().types(line);
        }
        world.run(args)
    };
    let differ = with(&["login"], &["correct horse", "correct house"]);
    assert_eq!(differ.exit, Exit::Usage);
    assert!(differ.stderr.contains("the two passphrases differ"), "{}", differ.stderr);
    assert!(world.emulator.log().is_empty(), "nobody was asked for what cannot be kept");
    let login = with(&["login"], &["correct horse", "correct horse"]);
    assert_eq!(login.exit, Exit::Success, "{}", login.stderr);
    let token = with(&["token"], &["correct horse"]);
    assert_eq!((token.exit, token.stdout.lines().count()), (Exit::Success, 1), "{}", token.stderr);
    let wrong = with(&["token", "--no-interactive=false"], &["correct house"]);
    assert_eq!((wrong.exit, wrong.stdout.as_str()), (Exit::Store, ""));
    assert!(wrong.stderr.contains("wrong passphrase or altered file"), "{}", wrong.stderr);
    for run in [&differ, &login, &token, &wrong] {
        assert!(!run.stderr.contains("correct"), "{}", run.stderr);
    }
}

#[test]
fn the_end_of_a_wait_for_a_code_gives_advice_about_codes() {
    let world = World::with("normal");
    let run = world.run(&["login", "--timeout", "3s"]);
    assert_eq!(run.exit, Exit::Declined, "{}", run.stderr);
    for part in [
        "error: the sign-in by code was not finished within 3 s",
        "the code is entered in a browser on any device",
        "`--timeout 15m`, or no `--timeout`: entrada then waits until the code expires",
        "`entrada login --flow browser`, or `--flow paste`",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("if the page never opened"), "{}", run.stderr);
}

#[test]
fn what_cannot_be_a_client_or_a_scope_is_told_before_anything_is_sent() {
    for (name, value, parts) in [
        ("ENTRADA_CLIENT_ID", "my-app", &["`my-app` is not a client id", "Overview page"][..]),
        ("ENTRADA_CLIENT_ID", "contoso.example", &["is not a client id"]),
        (
            "ENTRADA_SCOPE",
            "https://vault.azure.net",
            &["names an API, and no permission", "request `https://vault.azure.net/.default`"],
        ),
        ("ENTRADA_SCOPE", "vault.azure.net", &["request `https://vault.azure.net/.default`"]),
        ("ENTRADA_SCOPE", "api://orders", &["request `api://orders/.default`"]),
    ] {
        for command in ["login", "token"] {
            let world = World::new().at_a_terminal();
            world.set(name, value);
            let run = world.run(&[command]);
            assert_eq!(run.exit, Exit::Usage, "{value}: {}", run.stderr);
            let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            for part in parts {
                assert!(said.contains(part), "{part}: {said}");
            }
            assert!(world.emulator.log().is_empty(), "{value}");
        }
    }
    // Ids of old registrations for personal accounts are sent as they are.
    let world = World::new();
    world.set("ENTRADA_CLIENT_ID", "00000000402B5328");
    world.run(&["login"]);
    assert!(!world.emulator.log().is_empty());
}
