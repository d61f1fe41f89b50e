//! Words that people know from other programs: each leads to the command line that does the same here.

use entrada::cli::Exit;

use crate::world::World;

/// What is said to `args`, without line breaks.
fn said(args: &[&str]) -> String {
    let run = World::new().run_exactly(args, "");
    assert_eq!(run.exit, Exit::Usage, "{args:?}: {}{}", run.stdout, run.stderr);
    run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_guessed_flag_is_answered_with_the_command_line_to_copy() {
    for (args, ours) in [
        (&["login", "work", "--device"][..], "entrada login work --flow device"),
        (&["login", "--use-device-code"], "entrada login --flow device"),
        (&["login", "-p", "work", "--device-code"], "entrada login -p work --flow device"),
        (
            &["token", "--resource", "https://graph.microsoft.com"],
            "entrada token --scope https://graph.microsoft.com/.default",
        ),
        (
            &["token", "--resource=https://vault.azure.net/"],
            "entrada token --scope https://vault.azure.net/.default",
        ),
        (&["accounts", "--json"], "entrada accounts -o json"),
        (&["token", "work", "--json"], "entrada token work -o json"),
        (&["token", "--query", "accessToken", "-o", "tsv"], "entrada token"),
        (&["token", "work", "-o", "tsv"], "entrada token work"),
        (&["accounts", "-o", "table"], "entrada accounts -o human"),
        (&["token", "--username", "ada@contoso.com"], "entrada token --account ada@contoso.com"),
        (&["login", "--username", "ada@contoso.com"], "entrada login --login-hint ada@contoso.com"),
        (&["get-access-token"], "entrada token"),
        (
            &[
                "account",
                "get-access-token",
                "--resource",
                "https://vault.azure.net",
                "--query",
                "accessToken",
                "-o",
                "tsv",
            ],
            "entrada token --scope https://vault.azure.net/.default",
        ),
        (&["revoke", "work"], "entrada logout work"),
        (&["auth", "login", "--device"], "entrada login --flow device"),
        (&["refresh", "work"], "entrada token --force-refresh work"),
        (&["init"], "entrada config init"),
        (&["account", "clear"], "entrada logout --all"),
        (&["login", "--allow-no-subscriptions"], "entrada login"),
        (&["acquire-token-silent"], "entrada token"),
        (&["device-code"], "entrada login --flow device"),
        (&["config", "list"], "entrada config show"),
        (&["profiles"], "entrada config show"),
        (&["describe", "50076"], "entrada explain 50076"),
        (&["sts", "get-caller-identity"], "entrada accounts"),
        (&["accounts", "-o", "yaml"], "entrada accounts -o json"),
        (&["config", "edit"], "entrada config path"),
        (&["config", "set", "tenant", "contoso.com"], "entrada config path"),
        (&["store", "list"], "entrada accounts"),
        (&["login", "--web"], "entrada login --flow browser"),
        (&["token", "-f", "json"], "entrada token -o json"),
        (
            &["diagnose", "error.txt", "--html", "out.html"],
            "entrada diagnose error.txt --report out.html",
        ),
        (
            &["diagnose", "error.txt", "-o", "html"],
            "entrada diagnose error.txt --report report.html",
        ),
        (&["diagnose", "--har", "a.har", "-o", "json"], "entrada diagnose a.har -o json"),
        (&["report", "a.har"], "entrada diagnose --report report.html a.har"),
        (&["exec", "orders", "env"], "entrada exec orders -- env"),
        (&["exec", "orders", "sh", "-c", "id"], "entrada exec orders -- sh -c id"),
    ] {
        let said = said(args);
        assert!(said.contains(&format!("= help: write `{ours}`")), "{args:?}: {said}");
        assert!(!said.contains("tip:") && !said.contains("-- --"), "{args:?}: {said}");
    }
}

#[test]
fn a_corrected_command_line_is_one_that_works() {
    let world = World::new();
    world.login(&[]);
    let run = world.run_exactly(&["token", "--query", "accessToken", "-o", "tsv"], "");
    assert!(run.stderr.contains("`entrada token` prints the token alone"), "{}", run.stderr);
    assert!(world.run_exactly(&["token"], "").stdout.starts_with("eyJ"));
}

#[test]
fn a_word_of_the_same_meaning_is_an_alias() {
    let world = World::new();
    world.login(&[]);
    let same = |theirs: &[&str], ours: &[&str]| {
        let (theirs, ours) = (world.run_exactly(theirs, ""), world.run_exactly(ours, ""));
        assert_eq!((theirs.exit, theirs.stdout), (ours.exit, ours.stdout.clone()));
        assert!(!ours.stdout.is_empty());
    };
    same(&["whoami"], &["accounts"]);
    same(&["list"], &["accounts"]);
    let token = world.run_exactly(&["token"], "").stdout;
    same(&["decode", token.trim()], &["inspect", token.trim()]);
    let scope = ["--scope", "https://graph.microsoft.com/Mail.Read"];
    let ids = |tenant: &'static str, scopes: &'static str| {
        vec!["config", "show", tenant, "contoso.example", "--app-id", "x", scopes, scope[1]]
    };
    same(&ids("--tenant-id", "--scopes"), &ids("--tenant", "--scope"));
}

#[test]
fn an_archive_is_shown_with_and_without_the_word_show() {
    let world = World::new();
    let file = world.home.path().join("login.har");
    let file = file.to_str().unwrap();
    world.login(&["--trace", file]);
    let short = world.run_exactly(&["trace", file], "");
    assert_eq!(short.exit, Exit::Success, "{}", short.stderr);
    assert!(short.stdout.contains("POST"), "{}", short.stdout);
    let long = world.run_exactly(&["trace", "show", file], "");
    assert_eq!(short.stdout, long.stdout);
    let json = world.run_exactly(&["trace", file, "-o", "json"], "");
    assert!(json.stdout.starts_with('{'), "{}", json.stdout);
    assert!(said(&["trace"]).contains("<FILE>"), "a file is needed");
}

#[test]
fn an_unknown_word_gets_no_tip_that_makes_it_a_profile() {
    for args in [
        &["token", "--nonsense"][..],
        &["token", "--nonsense", "x"],
        &["diagnose", "--nonsense"],
        &["nonsense"],
    ] {
        let said = said(args);
        assert!(!said.contains("as a value"), "{args:?}: {said}");
    }
    // A tip that helps stays.
    assert!(said(&["token", "--outptu", "json"]).contains("'--output'"));
    assert!(said(&["tokn"]).contains("'token'"));
    assert!(said(&["status", "--job", "imap"]).contains("have `--job`; a flag is"));
}

#[test]
fn a_word_that_is_no_topic_leads_to_the_page_that_has_it() {
    let page = |words: &[&str]| World::new().run_exactly(&[&["help"], words].concat(), "").stdout;
    for (word, command) in [
        ("har", "trace"),
        ("cron", "recipe"),
        ("dovecot", "recipe"),
        ("mbsync", "recipe"),
        ("key-file", "stores"),
    ] {
        assert_eq!(page(&[word]), page(&[command]), "{word}");
        assert!(!page(&[word]).is_empty(), "{word}");
    }
}

#[test]
fn a_misspelt_scenario_is_answered_with_the_nearest() {
    for (given, near) in [("slow-don", "slow-down"), ("normal+gest", "guest")] {
        let said = said(&["emulator", "--scenario", given]);
        assert!(said.contains(&format!("did you mean `{near}`?")), "{given}: {said}");
    }
}

#[test]
fn what_cannot_be_had_is_said() {
    assert!(said(&["config", "set", "tenant", "x"]).contains("edit that file"));
    assert!(said(&["login", "--client-secret", "x"]).contains("without a secret"));
    assert!(said(&["login", "--password", "x"]).contains("typed on the sign-in page"));
    assert!(said(&["revoke"]).contains("no request that revokes"));
}

#[test]
fn words_behind_the_escape_belong_to_the_program() {
    let world = World::new();
    world.login(&[]);
    let run = world.run_exactly(&["exec", "--", "absent", "--device", "--json"], "");
    assert_eq!(run.exit, Exit::NotFound, "{}", run.stderr);
}

#[test]
fn a_sign_in_without_a_user_is_said_to_be_missing() {
    let said = said(&["login", "--service-principal"]);
    assert!(said.contains("a sign-in of an application without a user is not there yet"), "{said}");
}
