//! `entrada token -o …`: the token in the form that another program reads.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entrada::cli::Exit;
use serde_json::Value;

use crate::world::{NOW, World};

fn signed_in() -> (World, String) {
    let world = World::new();
    world.login(&["--account", "ada@contoso.example"]);
    let token = world.run(&["token"]).stdout.trim().to_owned();
    assert!(token.starts_with("eyJ"), "{token}");
    (world, token)
}

fn printed(world: &World, args: &[&str]) -> String {
    let args: Vec<&str> = std::iter::once("token").chain(args.iter().copied()).collect();
    let run = world.run(&args);
    assert_eq!((run.exit, run.stderr.as_str()), (Exit::Success, ""), "{args:?}");
    assert_eq!(run.stdout.lines().count(), 1, "one line, whatever the form: {args:?}");
    run.stdout.trim_end_matches('\n').to_owned()
}

#[test]
fn headers_and_variables_are_ready_to_use() {
    let (world, token) = signed_in();
    for (args, line) in [
        (&["-o", "header"][..], format!("Authorization: Bearer {token}")),
        (&["-o", "curl"], format!("header = \"Authorization: Bearer {token}\"")),
        (&["-o", "env"], format!("export ACCESS_TOKEN='{token}'")),
        (&["-o", "env", "--shell", "fish"], format!("set -gx ACCESS_TOKEN '{token}'")),
        (
            &["-o", "env", "--shell", "powershell", "--variable", "MAIL_TOKEN"],
            format!("$env:MAIL_TOKEN = '{token}'"),
        ),
        (&["-o", "env", "--shell", "dotenv"], format!("ACCESS_TOKEN={token}")),
    ] {
        assert_eq!(printed(&world, args), line);
    }
    let run = world.run(&["token", "-o", "env", "--variable", "A;reboot"]);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""), "nobody evaluates that");
}

#[test]
fn a_token_that_a_dotenv_file_cannot_carry_is_not_printed_there() {
    let refused =
        ["a'b", "a\"b", "$(x)", "`x`", "a;b", "a#b", "a\\b", "~root", "a&b", "a!b", "a,b", "a|b"];
    for token in refused.into_iter().chain(["a.b-c_d~e+f/g="]) {
        let world = World::new();
        world.changing(move |path, answer| {
            let Ok(Value::Object(mut body)) = serde_json::from_slice(answer.body()) else {
                return answer;
            };
            if path.ends_with("/token") && body.contains_key("access_token") {
                body.insert("access_token".to_owned(), token.into());
            }
            answer.map(|_| Value::Object(body).to_string().into_bytes())
        });
        world.login(&[]);
        let run = world.run(&["token", "-o", "env", "--shell", "dotenv"]);
        if refused.contains(&token) {
            assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""), "{token}");
            assert!(
                run.stderr.contains("`.env` file") && run.stderr.contains("--shell sh"),
                "{}",
                run.stderr
            );
            assert!(!run.stderr.contains(token), "{}", run.stderr);
        } else {
            assert_eq!(run.stdout, format!("ACCESS_TOKEN={token}\n"));
        }
        let quoted = token.replace('\'', r"'\''");
        let run = world.run(&["token", "-o", "env"]);
        assert_eq!(run.stdout, format!("export ACCESS_TOKEN='{quoted}'\n"));
    }
}

#[test]
fn mail_clients_get_their_sign_in_string() {
    let (world, _) = signed_in();
    world.set("ENTRADA_JOB", "imap");
    let token = world.run(&["token"]).stdout.trim().to_owned();
    let decoded = |args: &[&str]| {
        String::from_utf8(BASE64_STANDARD.decode(printed(&world, args)).unwrap()).unwrap()
    };
    assert_eq!(
        decoded(&["-o", "xoauth2"]),
        format!("user=ada@contoso.example\u{1}auth=Bearer {token}\u{1}\u{1}")
    );
    assert_eq!(
        decoded(&["-o", "oauthbearer", "--user", "info@contoso.example"]),
        format!("n,a=info@contoso.example,\u{1}auth=Bearer {token}\u{1}\u{1}")
    );
    let run = world.run(&["token", "-o", "xoauth2", "--user", "a\u{1}auth=Bearer x"]);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""));
}

#[test]
fn kubectl_gets_the_version_that_it_asks_for() {
    let (world, token) = signed_in();
    let credential = |world: &World| -> Value {
        serde_json::from_str(&printed(world, &["-o", "exec-credential"])).unwrap()
    };
    let first = credential(&world);
    assert_eq!(first["apiVersion"], "client.authentication.k8s.io/v1");
    assert_eq!(
        (&first["kind"], &first["status"]["token"]),
        (&"ExecCredential".into(), &token.into())
    );
    let until = first["status"]["expirationTimestamp"].as_str().unwrap();
    assert!(until.starts_with("2023-11-14T23:") && until.ends_with('Z'), "RFC 3339: {until}");
    world.set(
        "KUBERNETES_EXEC_INFO",
        r#"{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","spec":{"interactive":false}}"#,
    );
    assert_eq!(credential(&world)["apiVersion"], "client.authentication.k8s.io/v1beta1");
    world.set("KUBERNETES_EXEC_INFO", "{");
    assert_eq!(credential(&world)["apiVersion"], "client.authentication.k8s.io/v1");
}

#[test]
fn readers_of_the_azure_cli_find_what_they_look_for() {
    let (world, token) = signed_in();
    let document: Value = serde_json::from_str(&printed(&world, &["-o", "azure-cli"])).unwrap();
    assert_eq!(document["accessToken"], token.as_str());
    assert_eq!(document["tokenType"], "Bearer");
    let ends = document["expires_on"].as_i64().unwrap();
    assert!((1_700_003_000..1_700_010_000).contains(&ends), "seconds since 1970: {ends}");
    let local = document["expiresOn"].as_str().unwrap();
    assert!(local.starts_with("2023-11-14 2") && local.ends_with(".000000"), "{local}");
    assert!(document["tenant"].as_str().is_some_and(|tenant| tenant.len() == 36));
}

fn git(world: &World, operation: &str, description: &str) -> String {
    let run = world.run_exactly(&["git-credential", operation], description);
    assert_eq!((run.exit, run.stderr.as_str()), (Exit::Success, ""), "{operation}: {description}");
    run.stdout
}

fn value<'a>(answer: &'a str, key: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

#[test]
fn git_gets_a_token_for_azure_devops_and_for_nobody_else() {
    let (world, _) = signed_in();
    let repository =
        "protocol=https\nhost=dev.azure.com\npath=contoso/p/_git/r\nusername=contoso\n\n";
    let answer = git(&world, "get", repository);
    let token = value(&answer, "password").unwrap();
    assert!(token.starts_with("eyJ") && value(&answer, "username") == Some("contoso"), "{answer}");
    let ends: i64 = value(&answer, "password_expiry_utc").unwrap().parse().unwrap();
    assert!(1_700_003_000 < ends, "{ends}");
    let newer = format!("capability[]=authtype\ncapability[]=state\n{repository}");
    let newer = git(&world, "get", &newer);
    assert_eq!(
        (value(&newer, "authtype"), value(&newer, "credential")),
        (Some("Bearer"), Some(token))
    );
    assert_eq!(value(&newer, "capability[]"), Some("authtype"));
    for other in [
        "protocol=https\nhost=github.com\n",
        "protocol=http\nhost=dev.azure.com\n",
        "protocol=https\nhost=dev.azure.com.evil.example\n",
        "protocol=https\nhost=evilvisualstudio.com\n",
        "protocol=https\nhost=x-8080.app.online.visualstudio.com\n",
        "",
    ] {
        assert_eq!(git(&world, "get", other), "", "{other}");
    }
    assert_eq!(git(&world, "store", &format!("{repository}password=x\n")), "");
    assert_eq!(world.token_requests("refresh_token"), 1, "asked once, then stored");
}

#[test]
fn a_token_that_the_server_refused_is_not_given_again() {
    let (world, _) = signed_in();
    let repository = "protocol=https\nhost=contoso.visualstudio.com\n";
    let first = git(&world, "get", repository);
    let token = value(&first, "password").unwrap();
    git(&world, "erase", &format!("{repository}password=another\n"));
    assert_eq!(git(&world, "get", repository), first, "that was another one");
    git(&world, "erase", &format!("{repository}password={token}\n"));
    assert_ne!(value(&git(&world, "get", repository), "password"), Some(token));
    assert_eq!(world.run(&["token"]).exit, Exit::Success, "the rest of the grant stays");
}

#[test]
fn git_is_told_nothing_and_the_user_what_to_do_where_nobody_is_signed_in() {
    let world = World::new();
    let run = world.run_exactly(&["git-credential", "get"], "protocol=https\nhost=dev.azure.com\n");
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::SignInNeeded, ""));
    assert!(run.stderr.contains("sign in: `entrada login"), "{}", run.stderr);
}

#[test]
fn a_token_with_a_line_break_in_it_is_handed_to_nobody() {
    let world = World::new();
    world.login(&[]);
    let grants = world.grants();
    let key = grants.list().unwrap()[0].key();
    let mut grant = grants.load(&key).unwrap().unwrap();
    grant.access_tokens[0].access_token = "good\nhost=evil.example".to_owned().into();
    grants.save(&key, &grant, NOW).unwrap();
    drop(grants);
    for args in [&["token"][..], &["token", "-o", "header"], &["exec", "--", "true"]] {
        let run = world.run(args);
        assert_eq!((run.exit, run.stdout.as_str()), (Exit::Failure, ""), "{args:?}");
        assert!(!run.stderr.contains("evil"), "{}", run.stderr);
    }
}

#[test]
fn a_string_for_mail_with_a_token_of_another_service_is_told_to_be_one() {
    let world = World::new();
    world.login(&[]);
    let graph = world.run(&["token", "-o", "xoauth2"]);
    assert_eq!(graph.exit, Exit::Success);
    assert!(graph.stderr.contains("mail servers refuse it: `--job imap`"), "{}", graph.stderr);
    let imap = world.run(&["token", "--job", "imap", "-o", "oauthbearer"]);
    assert!(!imap.stderr.contains("mail servers"), "{}", imap.stderr);
}

#[test]
fn a_recipe_for_mail_says_when_the_profile_is_for_another_api() {
    let world = World::new();
    world.write_config(
        "[profiles.crm]\njob = ['custom']\nscope = ['api://contoso.example/orders/Orders.Read']\n\
         [profiles.work]\njob = ['imap']\n[profiles.pictures]\njob = ['graph-profile']\n[profiles.bare]\n",
    );
    let said = |args: &[&str]| {
        let run = world.run(&[&["recipe"], args].concat());
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let text = said(&["mbsync", "crm"]);
    let warning = "warning: the profile `crm` is for `api://contoso.example/orders/Orders.Read`, not for mail";
    assert!(text.contains(warning), "{text}");
    assert!(text.contains("`entrada login crm --job imap`"), "{text}");
    assert!(said(&["mbsync", "pictures"]).contains("is for `graph-profile`, not for mail"));
    for args in [["mbsync", "work"], ["mbsync", "bare"], ["powershell", "pictures"]] {
        assert!(!said(&args).contains("not for mail"), "{args:?}");
    }
    // The plugin is named once, and only where it is missing.
    assert!(said(&["mbsync", "work"]).matches("libsasl2-modules-kdexoauth2").count() < 2);
}

#[test]
fn a_recipe_for_a_server_on_this_machine_says_that_it_uses_tls() {
    let world = World::new();
    let ca = world.config_dir().join("ca.pem");
    std::fs::create_dir_all(world.config_dir()).unwrap();
    let tls = entrada_emulator::serve::Tls::with(&[]).unwrap();
    std::fs::write(&ca, tls.ca_pem()).unwrap();
    let ca = ca.to_str().unwrap();
    for (args, note) in [
        (&["mbsync", "--imap-server", "localhost:1143"][..], "`--security none`"),
        (&["msmtp", "--smtp-server", "127.0.0.1:1587"], "`--security none`"),
        (&["getmail", "--imap-server", "[::1]:1143"], "`--security none`"),
        (&["mbsync", "--imap-server", "localhost:1143", "--security", "none"], ""),
        (&["mbsync", "--imap-server", "localhost:1143", "--security", "implicit"], ""),
        (&["mbsync", "--imap-server", "localhost:993", "--ca-bundle", ca], ""),
        (&["mbsync", "--imap-server", "mail.contoso.example"], ""),
    ] {
        let run = world.run(&[&["recipe"], args].concat());
        assert_eq!(run.exit, Exit::Success, "{args:?}: {}", run.stderr);
        let said = run.stderr.lines().find(|line| line.contains("uses TLS"));
        assert_eq!(said.is_some(), !note.is_empty(), "{args:?}: {}", run.stderr);
        assert!(said.unwrap_or_default().contains(note), "{args:?}: {}", run.stderr);
    }
}
