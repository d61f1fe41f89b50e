//! Profiles, variables and flags, through the program.

use entrada::cli::Exit;

use crate::world::{BASE, World};

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
    let variable = if cfg!(windows) { "APPDATA" } else { "HOME" };
    world.unset(variable);
    let run = world.run(&["token"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains(&format!("{variable} is not set")), "{}", run.stderr);
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
    let run = world.run_with_stdin(&["config", "init", "mail"], "imapp\nimap, smtp\n\n");
    assert_eq!(run.exit, Exit::Success, "{run:#?}");
    for said in [
        "there is no job `imapp`; did you mean `imap`?",
        "the authority is on this machine",
        "wrote the profile `mail` to ",
        "signed in as ada@contoso.example",
        "entrada recipe mbsync mail",
    ] {
        // The lines are as long as the terminal is wide.
        let in_a_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(in_a_line(&run.stderr).contains(&in_a_line(said)), "{said}: {}", run.stderr);
    }
    let path = world.config_dir().join("config.toml");
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        written,
        format!(
            "default-profile = \"mail\"\n\n[profiles.mail]\nauthority = \"{BASE}\"\nclient-id = \"11111111-1111-1111-1111-111111111111\"\n\
             job = [\"imap\", \"smtp\"]\nstore = \"file\"\ntenant = \"organizations\"\n"
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
        "--tenant",
        "common",
        "--no-login",
        "--no-interactive",
        "-q",
    ];
    assert_eq!(world.run(&quiet).exit, Exit::Success);
    let three = std::fs::read_to_string(&path).unwrap();
    assert!(
        three.ends_with(&format!(
            "[profiles.quiet]\nauthority = \"{BASE}\"\nclient-id = \"{CLIENT}\"\nstore = \"file\"\ntenant = \"common\"\n"
        )),
        "{three}"
    );
    let again = world.run(&more);
    assert_eq!(again.exit, Exit::Usage, "{again:#?}");
    // The line is broken where the path is long.
    let said = again.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("the profile `graph` exists already"), "{again:#?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), three);
}

#[test]
fn the_flag_names_the_profile_too() {
    let world = newcomer();
    let args = ["config", "init", "-p", "crm", "--no-login", "--client-id", CLIENT, "-j", "imap"];
    let run = world.run_with_stdin(&args, "\n");
    assert_eq!(run.exit, Exit::Success, "{run:#?}");
    assert!(run.stderr.contains("wrote the profile `crm`"), "{run:#?}");
    // Without a terminal the advice keeps what was typed.
    let world = World::new();
    world.unset("ENTRADA_CLIENT_ID");
    world.unset("ENTRADA_AUTHORITY");
    let run = world.run(&["config", "init", "w2", "-j", "smtp"]);
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = "`entrada config init w2 --client-id ID --tenant TENANT --job smtp`";
    assert!(said.contains(line), "{said}");
}

#[test]
fn the_registration_is_explained_with_the_permissions_that_it_needs() {
    let world = newcomer();
    world.unset("ENTRADA_AUTHORITY");
    let told = |name: &str, args: &[&str]| {
        let args = [&["config", "init", name, "--no-login"], args].concat();
        let run = world.run_with_stdin(&args, &format!("\nnonsense\n{CLIENT}\n"));
        assert_eq!(run.exit, Exit::Success, "{run:#?}");
        run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let text = told("mail", &["-j", "imap", "-j", "smtp"]);
    for said in [
        "\"Delegated permissions\": Microsoft Graph: offline_access, IMAP.AccessAsUser.All, SMTP.Send.",
        "\"Entra ID\" > \"App registrations\" > ",
        "that is not a client id",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let custom = ["-j", "custom", "-s", "api://contoso.example/orders/Orders.Read"];
    let text = told("custom", &custom);
    assert!(
        text.contains(
            "Microsoft Graph: offline_access; api://contoso.example/orders: Orders.Read."
        ),
        "{text}"
    );
    let text = told("mixed", &["-j", "smtp", "-s", "Mail.Read", "-s", "api://crm/.default"]);
    let all = "Microsoft Graph: offline_access, SMTP.Send, Mail.Read; api://crm: those that your program needs.";
    assert!(text.contains(all), "{text}");
    world.write_config("[jobs.crm]\naudience = 'api://crm'\nscope = ['api://crm/Orders.Write']");
    let text = told("own", &["-j", "crm"]);
    assert!(text.contains("offline_access; api://crm: Orders.Write."), "{text}");
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
    assert!(both.contains("imap an administrator: users of an organisation cannot consent to `IMAP.AccessAsUser.All` themselves"), "{both}");
    assert!(both.contains("smtp each user, on the sign-in page"), "{both}");
    let link = format!(
        "https://login.microsoftonline.com/contoso.example/v2.0/adminconsent?client_id={CLIENT}&scope=https%3A%2F%2F\
         outlook.office.com%2FIMAP.AccessAsUser.All&redirect_uri=http%3A%2F%2Flocalhost"
    );
    assert!(both.contains(&link), "{both}");
    let smtp = told("smtp", "contoso.example");
    assert!(smtp.contains("smtp each user") && !smtp.contains("adminconsent"), "{smtp}");
    let all = told("graph", "contoso.example");
    assert!(all.contains("graph depends on the permissions that the registration lists"), "{all}");
    let personal = told("imap", "consumers");
    assert!(!personal.contains("adminconsent") && !personal.contains("Who consents"), "{personal}");
    // Where another authority decides, nothing is claimed.
    let world = newcomer();
    let run = world.run(&[
        "config",
        "init",
        "--no-login",
        "--client-id",
        CLIENT,
        "--job",
        "imap",
        "--tenant",
        "common",
    ]);
    assert!(!run.stderr.contains("Who consents"), "{run:#?}");
    // One link for each API, with all that it is asked for.
    let three = told("imap,pop,graph-mail-read", "contoso.example");
    assert_eq!(three.matches("/v2.0/adminconsent?").count(), 2, "{three}");
    assert!(
        three.contains(
            "IMAP.AccessAsUser.All+https%3A%2F%2Foutlook.office.com%2FPOP.AccessAsUser.All"
        ),
        "{three}"
    );
}

#[test]
fn a_sign_in_that_times_out_names_the_consent_and_its_link() {
    for (job, is_barred) in [("imap", true), ("smtp", false)] {
        let world = World::with("normal");
        world.unset("ENTRADA_AUTHORITY");
        world.set("ENTRADA_TENANT", "contoso.example");
        let run = world.run(&["login", "--job", job, "--timeout", "3s"]);
        assert_eq!(run.exit, Exit::Declined, "{run:#?}");
        let link = "https://login.microsoftonline.com/contoso.example/v2.0/adminconsent?client_id=";
        assert_eq!(run.stderr.contains(link), is_barred, "{run:#?}");
        assert_eq!(run.stderr.contains("Need admin approval"), is_barred, "{run:#?}");
    }
}

#[test]
fn a_job_may_be_a_single_string() {
    let world = World::new();
    world.write_config("[profiles.mail]\njob = \"imap\"\n");
    assert_eq!(world.run(&["config", "check"]).exit, Exit::Success);
    let show = world.run(&["config", "show", "mail"]);
    assert!(show.stdout.contains("[\"imap\"]"), "{}", show.stdout);
    world.login(&["mail"]);
}

#[test]
fn show_names_the_store_that_nothing_names() {
    let world = World::new();
    world.unset("ENTRADA_STORE");
    let row = |world: &World| {
        let run = world.run(&["config", "show"]);
        let lines: Vec<String> = run
            .stdout
            .lines()
            .filter(|line| line.starts_with("store "))
            .map(str::to_owned)
            .collect();
        lines
            .into_iter()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
    };
    assert_eq!(row(&world), ["store \"keyring\" default"]);
    world.set("ENTRADA_STORE", "file");
    assert_eq!(row(&world), ["store \"file\" ENTRADA_STORE"]);
}

#[test]
fn an_error_in_the_file_shows_the_place_and_what_to_write() {
    let world = World::new();
    world.write_config("# mine\n[profiles.mail]\njob = 5 # five\n");
    let path = world.config_path();
    for command in [&["config", "check"][..], &["token", "mail"]] {
        let run = world.run_exactly(command, "");
        assert_eq!(run.exit, Exit::Usage);
        assert_eq!(
            run.stderr,
            format!(
                "error: {}: line 3, column 7: invalid type: integer `…`, expected a list of strings, or one string\n  |\n\
                 3 | job = * * ****\n  |       ^\n  = help: for example `job = [\"graph-mail-read\"]`\n",
                path.display()
            )
        );
    }
    world.write_config("[profiles.mail]\nclient-id = hunter2-abc\n");
    let run = world.run_exactly(&["login", "mail"], "");
    assert!(run.stderr.contains("2 | client-id = ***********\n"), "{}", run.stderr);
    assert!(run.stderr.contains("write `client-id = \"…\"`"), "{}", run.stderr);
}

#[test]
fn init_keeps_comments_and_line_ends() {
    let world = newcomer();
    let before = "# mine\r\n[defaults] # all\r\nmin-ttl = '2m'\r\n\r\n# the end\r\n";
    world.write_config(before);
    let args =
        ["config", "init", "mail", "--client-id", CLIENT, "--tenant", "common", "--job", "imap"];
    let run = world.run(&[&args[..], &["--no-login"]].concat());
    assert_eq!(run.exit, Exit::Success, "{run:#?}");
    let after = std::fs::read_to_string(world.config_path()).unwrap();
    let profile = format!(
        "\r\n[profiles.mail]\r\nauthority = \"{BASE}\"\r\nclient-id = \"{CLIENT}\"\r\njob = [\"imap\"]\r\n\
         store = \"file\"\r\ntenant = \"common\"\r\n"
    );
    assert_eq!(after, format!("default-profile = \"mail\"\r\n\r\n{before}{profile}"));
    assert_eq!(world.run(&["config", "check"]).exit, Exit::Success);
}

#[test]
fn without_answers_nothing_is_written() {
    let world = newcomer();
    world.unset("ENTRADA_AUTHORITY");
    let path = world.config_dir().join("config.toml");
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
    let folder = world.config_dir();
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

#[test]
fn a_job_of_ones_own_is_asked_for_its_permission() {
    let world = newcomer();
    let answers = format!(
        "api://orders/Orders.Read\ncustom\n\norders\napi://contoso.example/orders/Orders.Read\n\n{CLIENT}\n"
    );
    let run = world.run_with_stdin(&["config", "init", "orders", "--no-login"], &answers);
    assert_eq!(run.exit, Exit::Success, "{run:#?}");
    for said in [
        "that is an API: answer `custom`",
        "Which permission of which API",
        "a permission is needed",
        "`orders` names no API",
    ] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    let written = std::fs::read_to_string(world.config_path()).unwrap();
    assert!(
        written.contains("scope = [\"api://contoso.example/orders/Orders.Read\"]"),
        "{written}"
    );
}

#[test]
fn paths_in_the_file_begin_at_the_file_or_at_home() {
    let world = World::new();
    let shown = |value: &str| {
        world.write_config(&format!(
            "[profiles.w]\nclient-id = '{CLIENT}'\ntenant = 'common'\nstore-key-file = '{value}'\n"
        ));
        let run = world.run(&["config", "show", "w"]);
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        run.stdout
    };
    let folder = world.config_path().parent().unwrap().to_owned();
    let home = world.home.path();
    std::fs::create_dir_all(folder.join("keys")).unwrap();
    std::fs::write(folder.join("keys/k"), "").unwrap();
    assert!(shown("keys/k").contains(&*folder.join("keys/k").to_string_lossy()));
    assert!(shown("./no").contains(&*folder.join("no").to_string_lossy()));
    assert!(!shown("no-file").contains(&*folder.join("no-file").to_string_lossy()));
    assert!(shown("~/k").contains(&*home.join("k").to_string_lossy()));
    assert!(shown("/etc/k").contains("/etc/k") && !shown("/etc/k").contains("config/entrada/etc"));
    let check = world.run(&["config", "check"]);
    assert_eq!(check.exit, Exit::Store, "{}", check.stderr);
    assert!(check.stderr.contains("there is no key file `/etc/k`"), "{}", check.stderr);
}

#[test]
fn a_path_on_the_command_line_is_saved_whole() {
    let world = newcomer();
    let args =
        ["config", "init", "w", "--client-id", CLIENT, "--tenant", "common", "--job", "imap"];
    let run = world.run(&[&args[..], &["--no-login", "--ca-bundle", "Cargo.toml"]].concat());
    assert_eq!(run.exit, Exit::Success, "{run:#?}");
    let written = std::fs::read_to_string(world.config_path()).unwrap();
    let whole = std::path::absolute("Cargo.toml").unwrap();
    let written: toml::Table = written.parse().unwrap();
    let profile = &written["profiles"]["w"];
    assert_eq!(profile["ca-bundle"].as_str(), whole.to_str(), "{written}");
    let recipe = world.run(&["recipe", "curl", "w"]);
    assert!(recipe.stdout.contains(&*whole.to_string_lossy()), "{}", recipe.stdout);
}

#[test]
fn a_named_file_that_is_not_there_is_told_with_who_named_it() {
    for (by, named) in [("variable", "the variable ENTRADA_CONFIG"), ("flag", "`--config`")] {
        let world = World::new();
        let path = world.config_dir().join("moved.toml");
        let path = path.to_str().unwrap();
        let flag = ["--config", path];
        if by == "variable" {
            world.set("ENTRADA_CONFIG", path);
        }
        let more = if by == "flag" { &flag[..] } else { &[] };
        for args in [&["token", "work"][..], &["config", "show"], &["config", "check"], &["status"]]
        {
            let run = world.run(&[args, more].concat());
            assert_eq!(run.exit, Exit::Usage, "{args:?}: {}", run.stderr);
            let said = format!("{named} names a configuration file that is not there");
            assert!(run.stderr.contains(&said), "{args:?}: {}", run.stderr);
            assert!(run.stderr.contains("entrada config init"), "{args:?}: {}", run.stderr);
        }
        let doctor = world.run(&[&["doctor"][..], more].concat());
        assert!(doctor.stdout.contains("that is not there"), "{}", doctor.stdout);
        assert!(!doctor.stdout.contains("`entrada config check`"), "{}", doctor.stdout);
    }
}

#[test]
fn a_profile_of_a_file_that_was_moved_away_is_missed_with_the_path() {
    let world = World::new();
    let run = world.run(&["token", "work"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("there is no profile `work`"), "{}", run.stderr);
    assert!(run.stderr.contains("there is no configuration file at "), "{}", run.stderr);
    assert!(run.stderr.contains("`entrada config init work`"), "{}", run.stderr);
    world.write_config("[defaults]\nstrict = false\n");
    let run = world.run(&["token", "work"]);
    assert!(run.stderr.contains("there is no profile `work`; "), "{}", run.stderr);
    assert!(run.stderr.contains("has none"), "{}", run.stderr);
}

#[test]
fn a_profile_holds_what_variables_set_while_it_was_made() {
    let world = World::new();
    let run = world.run(&["config", "init", "--no-login", "--job", "imap", "--client-id", CLIENT]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    for name in ["ENTRADA_AUTHORITY", "ENTRADA_TENANT", "ENTRADA_CLIENT_ID"] {
        world.unset(name);
    }
    let shown = world.run(&["config", "show", "work"]).stdout;
    for row in [BASE, "\"organizations\"", CLIENT, "\"file\""] {
        assert!(shown.contains(row), "{row}: {shown}");
    }
}

#[test]
fn an_authority_on_this_machine_needs_no_registration() {
    let id = "11111111-1111-1111-1111-111111111111";
    for asks in [true, false] {
        let mut world = World::new();
        if asks {
            world = world.at_a_terminal();
        }
        for name in ["ENTRADA_TENANT", "ENTRADA_CLIENT_ID", "ENTRADA_AUTHORITY"] {
            world.unset(name);
        }
        let emulator = ["--authority", "http://localhost:8400", "--tenant", "organizations"];
        let args =
            [&["config", "init", "trial", "--no-login", "--job", "imap"], &emulator[..]].concat();
        let run = world.run_with_stdin(&args, "");
        assert_eq!(run.exit, Exit::Success, "{run:#?}");
        assert!(run.stderr.contains(id), "{run:#?}");
        for word in ["App registrations", "Application (client) ID", "adminconsent"] {
            assert!(!run.stderr.contains(word), "{word}: {run:#?}");
        }
        let written = std::fs::read_to_string(world.config_path()).unwrap();
        assert!(written.contains(&format!("client-id = \"{id}\"")), "{written}");
        // Microsoft's authority needs one.
        let real =
            ["config", "init", "work", "--no-login", "--job", "imap", "--tenant", "organizations"];
        let run = world.run_with_stdin(&real, "");
        assert_ne!(run.exit, Exit::Success, "{run:#?}");
    }
}
