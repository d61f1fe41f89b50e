//! Profiles, variables and flags, through the program.

use entrada::cli::Exit;

use crate::world::World;

#[test]
fn show_tells_where_every_value_comes_from() {
    let world = World::new();
    world.write_config(
        "[defaults]\nstrict = false\n[profiles.mail]\njob = ['imap']\nstrict = true\n",
    );
    let run = world.run(&["config", "show", "mail", "--min-ttl", "2m"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    for row in [
        "tenant       \"organizations\"",
        "ENTRADA_TENANT",
        "job          [\"imap\"]",
        "strict       true",
        "the profile in the file",
        "min-ttl      \"120s\"",
        "command line",
    ] {
        assert!(run.stdout.contains(row), "{row}:\n{}", run.stdout);
    }
    assert!(!run.stdout.contains("0011223344"), "the store's key is no setting: {}", run.stdout);
}

#[test]
fn a_misspelt_key_is_refused_with_the_nearest_name() {
    let world = World::new();
    world.write_config("[defaults]\ntennant = 'x'\n");
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("did you mean `tenant`?"), "{}", run.stderr);
}

#[test]
fn a_misspelt_variable_is_told() {
    let world = World::new();
    world.set("ENTRADA_TENNANT", "x");
    let run = world.run(&["config", "show"]);
    let told = "entrada does not know the variable ENTRADA_TENNANT; did you mean ENTRADA_TENANT?";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

#[test]
fn help_and_version_are_there_when_the_configuration_is_broken() {
    let world = World::new();
    world.write_config("not toml at all [");
    for args in [&["--help"][..], &["--version"], &["login", "--help"]] {
        let run = world.run_exactly(args, "");
        assert_eq!(run.exit, Exit::Success);
        assert!(!run.stdout.is_empty() && run.stderr.is_empty());
    }
    assert_eq!(world.run(&["config", "check"]).exit, Exit::Usage);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    world.write_config("");
    let mode = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(world.config_path(), mode).unwrap();
    let run = world.run(&["config", "path"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("chmod go-w"), "{}", run.stderr);
}

#[test]
fn check_goes_through_every_profile() {
    let world = World::new();
    world.write_config("[profiles.a]\njob = ['imap']\n[profiles.b]\ntenant = 'x y'\n");
    world.unset("ENTRADA_TENANT");
    let run = world.run(&["config", "check"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("`x y` is not a tenant"), "{}", run.stderr);
}

#[test]
fn home_has_to_be_somewhere() {
    let world = World::new();
    world.unset("HOME");
    let run = world.run(&["token"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("HOME is not set"), "{}", run.stderr);
}

#[test]
fn scopes_that_are_named_more_closely_than_a_job_are_what_is_meant() {
    let world = World::new();
    world.write_config("[profiles.work]\njob = [\"graph-mail-read\"]\n");
    world.login(&["work"]);
    let run = world.run(&["token", "work", "--scope", "https://management.azure.com/.default"]);
    assert_eq!(run.exit, entrada::cli::Exit::Success, "{}", run.stderr);
    let both = world.run(&[
        "token",
        "work",
        "--job",
        "graph-mail-read",
        "--scope",
        "https://management.azure.com/.default",
    ]);
    assert_eq!(
        both.exit,
        entrada::cli::Exit::Usage,
        "said in one breath, both are meant: {}",
        both.stderr
    );
}

/// Without the settings that a first-time user does not have.
fn newcomer() -> World {
    let world = World::new().at_a_terminal();
    for name in ["ENTRADA_TENANT", "ENTRADA_CLIENT_ID"] {
        world.unset(name);
    }
    world
}

const CLIENT: &str = "11111111-2222-4333-8444-555555555555";

#[test]
fn a_first_profile_is_asked_for_written_and_tried() {
    let world = newcomer();
    let answers = format!("imapp\nimap, smtp\n\nnonsense\n{CLIENT}\n");
    let run = world.run_with_stdin(&["config", "init", "mail"], &answers);
    assert_eq!(run.exit, Exit::Success, "{run:#?}");
    for said in [
        "there is no job `imapp`; did you mean `imap`?",
        "Delegated permissions:\n     Microsoft Graph: offline_access, IMAP.AccessAsUser.All, SMTP.Send.",
        "that is not a client id",
        "wrote the profile `mail` to ",
        "signed in as ada@contoso.example",
        "entrada recipe mbsync mail",
    ] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    let path = world.home.path().join(".config/entrada/config.toml");
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        written,
        format!(
            "default-profile = \"mail\"\n\n[profiles.mail]\nclient-id = \"{CLIENT}\"\njob = [\"imap\", \"smtp\"]\n\
             tenant = \"organizations\"\n"
        )
    );
    // What is there stays; a second profile comes behind it.
    std::fs::write(&path, format!("# mine\n{written}min-ttl = \"2m\" # mine too")).unwrap();
    let more = [
        "config",
        "init",
        "graph",
        "--client-id",
        CLIENT,
        "--tenant",
        "contoso.example",
        "--job",
        "graph-mail-read",
        "--no-login",
    ];
    assert_eq!(world.run(&more).exit, Exit::Success);
    let both = std::fs::read_to_string(&path).unwrap();
    assert!(
        both.starts_with(&format!(
            "# mine\n{written}min-ttl = \"2m\" # mine too\n\n[profiles.graph]\n"
        )),
        "{both}"
    );
    assert_eq!(world.run(&["config", "check"]).exit, Exit::Success);
    // What is said of one run is no setting.
    let quiet = [
        "config",
        "init",
        "quiet",
        "--client-id",
        &format!("urn:uuid:{CLIENT}"),
        "--no-login",
        "--no-interactive",
        "-q",
    ];
    assert_eq!(world.run(&quiet).exit, Exit::Success);
    let three = std::fs::read_to_string(&path).unwrap();
    assert!(three.ends_with(&format!("[profiles.quiet]\nclient-id = \"{CLIENT}\"\n")), "{three}");
    let again = world.run(&more);
    assert_eq!(again.exit, Exit::Usage, "{again:#?}");
    // The line is broken where the path is long.
    let said = again.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("the profile `graph` exists already"), "{again:#?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), three);
}

#[test]
fn a_first_profile_says_whether_users_may_consent() {
    let told = |job: &str, tenant: &str| {
        let world = newcomer();
        world.unset("ENTRADA_AUTHORITY");
        let args = ["config", "init", "--no-login", "--client-id", CLIENT];
        let run = world.run(&[&args[..], &["--job", job, "--tenant", tenant]].concat());
        assert_eq!(run.exit, Exit::Success, "{run:#?}");
        run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let both = told("imap,smtp", "contoso.example");
    assert!(both.contains("cannot consent to `IMAP.AccessAsUser.All` themselves"), "{both}");
    let link = format!(
        "https://login.microsoftonline.com/contoso.example/v2.0/adminconsent?client_id={CLIENT}&scope=https%3A%2F%2F\
         outlook.office.com%2FIMAP.AccessAsUser.All&redirect_uri=http%3A%2F%2Flocalhost"
    );
    assert!(both.contains(&link), "{both}");
    assert!(!told("smtp", "contoso.example").contains("adminconsent"));
    assert!(!told("imap", "consumers").contains("adminconsent"));
}

#[test]
fn without_answers_nothing_is_written() {
    let world = newcomer();
    let path = world.home.path().join(".config/entrada/config.toml");
    for answers in ["", "imap\n", "imap\n\nx\ny\nz\n", "imap\norganisations\nx\ny\n"] {
        let run = world.run_with_stdin(&["config", "init"], answers);
        assert_eq!(run.exit, Exit::Usage, "{run:#?}");
        assert!(run.stderr.contains("nothing was written"), "{run:#?}");
        assert!(!path.exists());
    }
    world.set("CI", "true");
    let run = world.run(&["config", "init"]);
    assert_eq!(run.exit, Exit::Usage, "{run:#?}");
    assert!(run.stderr.contains("entrada config init work --client-id ID"), "{run:#?}");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_a_link_stays_one_and_nobody_loses_a_profile() {
    let world = newcomer();
    let folder = world.home.path().join(".config/entrada");
    std::fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink("elsewhere.toml", folder.join("config.toml")).unwrap();
    for name in ["one", "two"] {
        let run = world.run(&[
            "config",
            "init",
            name,
            "--client-id",
            CLIENT,
            "--job",
            "imap",
            "--tenant",
            "common",
            "--no-login",
        ]);
        assert_eq!(run.exit, Exit::Success, "{run:#?}");
    }
    assert!(folder.join("config.toml").is_symlink());
    let text = std::fs::read_to_string(folder.join("elsewhere.toml")).unwrap();
    assert!(text.contains("[profiles.one]") && text.contains("[profiles.two]"), "{text}");
}

#[test]
fn a_default_profile_that_is_not_there_is_found_by_check() {
    let world = World::new();
    world.write_config("default-profile = 'wrk'\n[profiles.work]\njob = ['imap']\n");
    let run = world.run(&["config", "check"]);
    assert_eq!(run.exit, Exit::Usage, "{run:#?}");
    assert!(run.stderr.contains("work"), "{run:#?}");
}

#[test]
fn the_words_of_an_own_job_are_shown_harmless() {
    let world = World::new();
    let job = "[jobs.crm]\ntitle = 't\u{202e}\u{9b}2J'\naudience = 'api://x'\nscope = ['api://x/\u{202e}a']\n";
    world.write_config(job);
    for args in [&["explain", "crm"][..], &["explain", "jobs"]] {
        let run = world.run(args);
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        assert!(run.stdout.contains("crm"), "{}", run.stdout);
        assert!(!run.stdout.contains(['\u{202e}', '\u{9b}']), "{:?}", run.stdout);
    }
}
