//! A secret where something else was expected: no message repeats it, whichever argument it is.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clap::{Arg, Command};
use entrada::cli::Exit;

use crate::world::World;

/// Stands in every secret of these tests.
const MARKER: &str = "s3cr3tMarker";

fn secrets() -> Vec<String> {
    let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    let (head, claims) = (part(r#"{"alg":"RS256"}"#), part(r#"{"aud":"x"}"#));
    vec![
        format!("{head}.{claims}.{MARKER}"),
        format!("0.AXoAUn4c.{MARKER}"),
        format!("M.C546_BAY.0.U.-{MARKER}"),
        format!("EwBoA8l6BAAU{MARKER}"),
        format!("https://ada:{MARKER}@idp.example"),
        format!("https://{MARKER}@idp.example/tenant"),
        format!("ada:{MARKER}@mail.example:993"),
        format!("refresh_token={MARKER}"),
        format!("qR7{MARKER}xK2pLm9VtZ4wB8nC6"),
    ]
}

/// Nothing that was said holds the marker, or the start of the token before it.
#[track_caller]
fn assert_unsaid(world: &World, argv: &[&str]) {
    let run = world.run_exactly(argv, "");
    let said = run.stderr.to_lowercase();
    for part in [MARKER, "eyJhbGci"] {
        assert!(!said.contains(&part.to_lowercase()), "{argv:?}:\n{}", run.stderr);
    }
    if run.exit == Exit::Usage {
        assert!(!run.stdout.contains(MARKER), "{argv:?}:\n{}", run.stdout);
    }
}

/// The words that give `value` to `arg`. Where that is a file, it cannot be one: nothing can be below a device.
fn words(arg: &Arg, value: &str) -> Vec<String> {
    let names = arg.get_value_names().unwrap_or_default();
    let names_file =
        names.iter().any(|name| name.split('|').any(|name| ["FILE", "FOLDER"].contains(&name)));
    let value = if names_file { format!("/dev/null/{value}") } else { value.to_owned() };
    match arg.get_long() {
        Some(long) => vec![format!("--{long}={value}")],
        None => vec![value],
    }
}

/// `command` and those under it, by their words.
fn commands(command: &Command, path: &[String], found: &mut Vec<(Vec<String>, Command)>) {
    for inner in command.get_subcommands() {
        let path: Vec<String> = path.iter().cloned().chain([inner.get_name().to_owned()]).collect();
        commands(inner, &path, found);
        found.push((path, inner.clone()));
    }
}

#[test]
fn no_command_repeats_a_secret_that_is_given_to_any_of_its_arguments() {
    let mut program = entrada::cli::command();
    program.build();
    let mut all = Vec::new();
    commands(&program, &[], &mut all);
    assert!(all.len() > 20, "the commands are found");
    let secrets = secrets();
    let mut count = 0;
    for (path, command) in all {
        // They serve until they are ended, on a port of this machine.
        if ["emulator", "demo", "help", "sandbox"].contains(&path[0].as_str()) {
            continue;
        }
        for (number, arg) in command.get_arguments().enumerate() {
            // What every command understands is read in one place, and tried with two of them.
            let is_passed_over = arg.is_global_set() && !["login", "token"].contains(&&*path[0]);
            if !arg.get_action().takes_values() || arg.get_id() == "help" || is_passed_over {
                continue;
            }
            let world = World::new();
            // Each argument with every third of them, and each of them with some arguments of every command.
            for secret in secrets.iter().skip(number % 3).step_by(3) {
                let words = words(arg, secret);
                let argv: Vec<&str> = path.iter().chain(&words).map(String::as_str).collect();
                assert_unsaid(&world, &argv);
                count += 1;
            }
        }
    }
    assert!(count > 300, "{count} runs");
}

#[test]
fn the_parser_of_arguments_repeats_none_either() {
    let world = World::new();
    for secret in &secrets() {
        for argv in [
            &[secret.as_str()][..],
            &["token", "work", secret],
            &["token", "--store", secret],
            &["token", "--min-ttl", secret],
            &["token", "--cloud", secret],
            &["token", &format!("--{secret}")],
            &["token", &format!("-x{secret}")],
            &["diagnose", "-o", secret],
            &["emulator", "--port", secret],
            &["emulator", "--scenario", secret],
            &["emulator", "--sign-in-as", secret],
            &["sandbox", "judge", secret],
            &["sandbox", "--scenario", secret, "--", "none-such"],
            &["sandbox", "--", secret],
            &["recipe", secret],
            &["completions", secret],
            &["man", secret],
            &["explain", secret],
            &["config", secret],
            &["exec", "--", secret],
        ] {
            assert_unsaid(&world, argv);
        }
        let argv = ["az", "account", "get-access-token", secret];
        let (_, said) = world.run_on(&argv, &mut std::io::empty(), &mut Vec::new());
        assert!(!said.contains(MARKER), "{said}");
    }
}

#[test]
fn whoever_gives_one_is_told_where_it_stays_and_where_it_belongs() {
    let world = World::new();
    let jwt = &secrets()[0];
    for argv in [&["token", jwt.as_str()][..], &["token", "--store", jwt], &[jwt]] {
        let run = world.run_exactly(argv, "");
        assert_eq!(run.exit, Exit::Usage, "{run:#?}");
        assert!(run.stderr.contains("shell's history"), "{run:#?}");
    }
    let run = world.run_exactly(&["token", "nothing"], "");
    assert!(run.stderr.contains("`nothing`") && !run.stderr.contains("history"), "{run:#?}");
}

#[test]
fn a_short_token_is_judged_and_not_looked_for_on_the_disk() {
    let world = World::new();
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.sig";
    let run = world.run_exactly(&["diagnose", token], "");
    assert!(!run.stderr.contains("no file"), "{run:#?}");
    assert!(run.stdout.contains("the token has no complete signature"), "{run:#?}");
    let run = world.run_exactly(&["diagnose", "token.txt"], "");
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("there is no file `token.txt`"), "{run:#?}");
}

#[test]
fn a_variable_that_holds_one_is_not_repeated_either() {
    for secret in &secrets() {
        for name in [
            "ENTRADA_PROFILE",
            "ENTRADA_AUTHORITY",
            "ENTRADA_TENANT",
            "ENTRADA_CLIENT_ID",
            "ENTRADA_STORE",
        ] {
            let world = World::new();
            world.set(name, secret);
            assert_unsaid(&world, &["token"]);
        }
    }
}

#[test]
fn a_trace_names_no_secret_for_an_account() {
    let world = World::new();
    let path = world.home.path().join("run.har");
    let trace = ["--trace", path.to_str().unwrap()];
    world.run_exactly(&[&["token", "--account", &secrets()[0]], &trace[..]].concat(), "");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(!text.contains(MARKER), "{text}");
}

/// Files with `secret` in each place where a user could put one, each with a command that reads it.
fn configurations(secret: &str) -> Vec<(String, &'static [&'static str])> {
    let of = |line: &str| format!("default-profile = 'w'\n[profiles.w]\n{line}\n");
    vec![
        (of(&format!("store = 'file'\nstore-key-file = '{secret}'")), &["status"]),
        (of(&format!("client-id = '{secret} x'")), &["token"]),
        (of(&format!("tenant = '{secret} /'")), &["token"]),
        (of(&format!("authority = 'http://{secret}.example'")), &["token"]),
        (of(&format!("scope = ['{secret},x']")), &["token"]),
        (of(&format!("ca-bundle = '{secret}'")), &["token"]),
        (of(&format!("claims = '{secret}'")), &["token"]),
        (of(&format!("claims = '@{secret}'")), &["token"]),
        (of(&format!("account = '{secret}'")), &["token"]),
        (of(&format!("job = ['{secret}']")), &["token"]),
        (of(&format!("trace = '/dev/null/{secret}'")), &["token"]),
        (of(&format!("\"{secret}\" = 1")), &["token"]),
        (of(secret), &["token"]),
        (format!("\"{secret}\" = 1"), &["token"]),
        (format!("default-profile = '{secret}'"), &["token"]),
        (format!("[profiles.\"{secret}\"]\ntenant = 7"), &["token"]),
        (format!("[jobs.\"{secret}\"]\naudience = ''"), &["token"]),
    ]
}

#[test]
fn no_error_repeats_a_secret_of_the_configuration() {
    for secret in [
        "s3cr3tMarkerKx9Lm2Pq8Rt4Vw7Yz1Bc5Df3Gh6Jk0N=",
        "s3cr3tMarker11223344556677889900112233445566778899001122334455667788990011",
        "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.s3cr3tMarker",
    ] {
        for (text, command) in configurations(secret) {
            let world = World::new();
            for name in ["TENANT", "CLIENT_ID", "AUTHORITY", "STORE", "STORE_KEY"] {
                if text.contains(&name.to_lowercase().replace('_', "-")) {
                    world.unset(&format!("ENTRADA_{name}"));
                }
            }
            world.unset("ENTRADA_STORE_KEY");
            world.write_config(&text);
            for command in [command, &["config", "check"]] {
                let run = world.run_exactly(command, "");
                let said = run.stderr.to_lowercase();
                assert!(!said.contains("s3cr3tmarker"), "{text}\n{}", run.stderr);
                assert!(!said.contains("[secret]="), "{text}\n{}", run.stderr);
                assert_ne!(run.exit, Exit::Success, "{command:?}: {text}\n{}", run.stderr);
                assert!(!said.contains("no errors"), "{text}\n{}", run.stderr);
                assert!(!said.contains("shell's history"), "{text}\n{}", run.stderr);
            }
        }
    }
}

#[test]
fn what_is_written_in_place_of_a_key_file_is_not_repeated_whatever_it_looks_like() {
    for value in ["hunter2", "correct horse battery staple"] {
        let world = World::new();
        world.unset("ENTRADA_STORE_KEY");
        world.write_config(&format!("[defaults]\nstore-key-file = '{value}'"));
        let run = world.run_exactly(&["status"], "");
        assert_eq!(run.exit, Exit::Store);
        assert!(!run.stderr.contains(value), "{}", run.stderr);
        assert!(run.stderr.contains("never the key itself"), "{}", run.stderr);
    }
    let world = World::new();
    world.unset("ENTRADA_STORE_KEY");
    world.write_config("[defaults]\nstore-key-file = './missing.key'");
    let run = world.run_exactly(&["status"], "");
    assert!(
        run.stderr.contains(&format!(
            "there is no key file `{}`",
            world.config_dir().join("missing.key").display()
        )),
        "{}",
        run.stderr
    );
}

#[test]
fn a_usual_configuration_is_in_order() {
    let world = World::new();
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let key = world.home.path().join("key");
    std::fs::write(&key, crate::world::STORE_KEY).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    world.write_config(&format!(
        "[defaults]\nstore-key-file = '{}'\nclaims = '{claims}'\n[profiles.work]\n\
         tenant = '0c0ffee0-1111-4222-8333-444455556666'\naccount = 'ada@contoso.example'\n\
         scope = ['https://outlook.office.com/IMAP.AccessAsUser.All', 'offline_access']\n\
         redirect-uri = 'http://localhost:8400'\nparam = ['mkt=de-DE', 'instance_aware=true']\n",
        key.display()
    ));
    let run = world.run_exactly(&["config", "check"], "");
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(run.stderr.contains("no errors"), "{}", run.stderr);
}

#[test]
fn a_secret_behind_two_dashes_is_hidden_as_before_them() {
    let world = World::new();
    for secret in &secrets() {
        for form in [secret.clone(), format!("-{secret}"), format!("--{secret}")] {
            for command in ["token", "diagnose", "inspect", "login", "export", "explain", "import"]
            {
                assert_unsaid(&world, &[command, "--", &form]);
                assert_unsaid(&world, &[command, "--", "work", &form]);
                assert_unsaid(&world, &[command, "--", &form, &form, &form]);
            }
        }
    }
}
