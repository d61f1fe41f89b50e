//! `entrada login …`, then `entrada token`: a sign-in without a profile is found again; `login --save` makes a profile of it.

use entrada::cli::Exit;

use crate::world::{BASE, World};

const CLIENT: &str = "22222222-2222-4222-8222-222222222222";
const OTHER_CLIENT: &str = "33333333-3333-4333-8333-333333333333";
const ADA: [&str; 6] = ["--client-id", CLIENT, "--authority", BASE, "--tenant", "organizations"];

/// A machine on which no variable names the application.
fn world() -> World {
    let world = World::new();
    for name in ["CLIENT_ID", "TENANT", "AUTHORITY"] {
        world.unset(&format!("ENTRADA_{name}"));
    }
    world
}

fn login(world: &World, args: &[&str]) -> String {
    world.login(&[&ADA[..], args].concat()).stderr
}

#[test]
fn a_sign_in_without_a_profile_is_found_again() {
    let world = world();
    let said = login(&world, &[]);
    assert!(said.ends_with("next: entrada token\n"), "{said}");
    let run = world.run_exactly(&["token"], "");
    assert_eq!((run.exit, run.stderr.as_str()), (Exit::Success, ""));
    assert_eq!(run.stdout.lines().count(), 1);
    world.clock.pass(7_200);
    let refreshed = world.run(&["token"]);
    assert_eq!(refreshed.exit, Exit::Success, "{}", refreshed.stderr);
    assert_ne!(refreshed.stdout, run.stdout);
    // The other commands that use a sign-in find it too.
    assert_eq!(world.run(&["exec", "--", "forbidden"]).exit, Exit::NotExecutable);
    let recipe = world.run(&["recipe", "mbsync"]);
    let selected = format!("--client-id {CLIENT} --tenant organizations --authority {BASE}");
    assert!(recipe.stdout.contains(&selected), "{}", recipe.stdout);
    assert!(recipe.stdout.contains("ada@contoso.example"), "{}", recipe.stdout);
    let again = world.run(&["login"]);
    assert_eq!(again.exit, Exit::Success, "{}", again.stderr);
    assert_eq!(world.run(&["logout"]).exit, Exit::Success);
    let gone = world.run(&["token"]);
    assert_eq!(gone.exit, Exit::Usage);
    assert!(gone.stderr.contains("no client id is set"), "{}", gone.stderr);
}

#[test]
fn it_is_for_what_the_sign_in_was_for() {
    let world = world();
    let said = login(&world, &["--job", "imap"]);
    assert!(said.ends_with("next: entrada token\n"), "{said}");
    let requests = world.emulator.log().len();
    let token = world.run(&["token"]).stdout;
    assert_eq!(token, world.run(&["token", "--job", "imap"]).stdout);
    assert_eq!(world.emulator.log().len(), requests, "it was there");
    assert_ne!(token, world.run(&["token", "--job", "graph-mail-read"]).stdout);
    assert_eq!(token, world.run(&["token"]).stdout, "the last sign-in counts, not the last token");
    let scope = "https://graph.microsoft.com/User.Read";
    login(&world, &["--scope", scope]);
    assert_eq!(world.run(&["token"]).stdout, world.run(&["token", "--scope", scope]).stdout);
}

#[test]
fn the_job_is_that_of_the_account_that_is_used() {
    let world = world();
    login(&world, &["--job", "imap"]);
    let of_ada = world.run(&["token"]).stdout;
    assert!(world.emulator.set_scenario("no-mailbox"));
    let said = login(&world, &["--job", "graph-mail-read"]);
    assert!(said.ends_with("next: entrada token --account lin@contoso.example\n"), "{said}");
    assert_eq!(world.run(&["token"]).stdout, of_ada, "ada's token, and for ada's job");
    let lin = ["token", "--account", "lin@contoso.example"];
    let of_lin = world.run(&lin).stdout;
    assert_ne!(of_lin, of_ada);
    let named = world.run(&[&lin[..], &["--job", "graph-mail-read"]].concat());
    assert_eq!(named.stdout, of_lin);
    let choose = world.run(&["accounts", "use", "lin@contoso.example"]);
    assert_eq!(choose.exit, Exit::Success, "{}", choose.stderr);
    assert_eq!(world.run(&["token"]).stdout, of_lin);
}

#[test]
fn of_several_none_is_guessed() {
    let world = world();
    login(&world, &[]);
    let other = ["--client-id", OTHER_CLIENT, "--authority", BASE, "--tenant", "organizations"];
    let said = world.login(&other).stderr;
    let next = format!(
        "next: entrada token --tenant organizations --client-id {OTHER_CLIENT} --authority {BASE}\n"
    );
    assert!(said.ends_with(&next), "{said}");
    let run = world.run(&["token"]);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""));
    assert!(run.stderr.contains("several sign-ins are stored"), "{}", run.stderr);
    for client in [CLIENT, OTHER_CLIENT] {
        let line = format!(
            "for ada@contoso.example: add `--client-id {client} --tenant organizations --authority {BASE}`"
        );
        assert!(run.stderr.contains(&line), "{}", run.stderr);
    }
    let one = world.run(&[
        "token",
        "--client-id",
        CLIENT,
        "--tenant",
        "organizations",
        "--authority",
        BASE,
    ]);
    assert_eq!(one.exit, Exit::Success, "{}", one.stderr);
    // What is given narrows them down.
    assert_eq!(world.run(&["token", "--tenant", "contoso.example"]).exit, Exit::Usage);
    let third = ["--client-id", CLIENT, "--authority", BASE, "--tenant", "contoso.example"];
    world.login(&third);
    let run = world.run(&["token", "--tenant", "Contoso.example"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
}

#[test]
fn the_sign_ins_of_profiles_are_told_with_their_profile() {
    let world = world();
    world.write_config(&format!(
        "[profiles.work]\nclient-id = '{CLIENT}'\nauthority = '{BASE}'\ntenant = 'organizations'\n"
    ));
    let said = world.login(&["work"]).stderr;
    assert!(said.ends_with("next: entrada token work\n"), "{said}");
    let run = world.run(&["token"]);
    assert_eq!(run.exit, Exit::Usage);
    let line = "for ada@contoso.example: add `--profile work`";
    assert!(run.stderr.contains(line), "{}", run.stderr);
    // A second sign-in, without a profile: entrada does not guess which of the two is meant.
    world.login(&["--client-id", OTHER_CLIENT, "--authority", BASE, "--tenant", "organizations"]);
    for command in ["token", "logout"] {
        let run = world.run(&[command]);
        assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""), "{command}");
        assert!(run.stderr.contains(line), "{}", run.stderr);
        assert!(run.stderr.contains(&format!("--client-id {OTHER_CLIENT}")), "{}", run.stderr);
    }
    // Nor does the profile's sign-in become that of no profile when the file changes.
    world.write_config(&format!("[profiles.work]\nclient-id = '{OTHER_CLIENT}'\n"));
    assert_eq!(world.run(&["logout"]).exit, Exit::Usage);
    assert_eq!(world.run(&["accounts"]).stdout.matches("ada@contoso.example").count(), 2);
    // A profile without a client gets none from elsewhere.
    world.write_config("[profiles.bare]\njob = ['imap']\n");
    assert_eq!(world.run(&["token", "bare"]).exit, Exit::Usage);
}

#[test]
fn the_next_command_has_what_it_needs_and_no_more() {
    let world = World::new();
    let said = world.login(&["--job", "imap"]).stderr;
    assert!(said.ends_with("next: entrada token --job imap\n"), "the rest is set: {said}");
    for args in [&["--quiet"][..], &["--store", "memory"]] {
        let said = world.login(args).stderr;
        assert!(!said.contains("next: "), "{said}");
    }
    let failed = World::with("user-declines").run(&["login"]);
    assert!(!failed.stderr.contains("next: "), "{}", failed.stderr);
}

#[test]
fn a_sign_in_becomes_a_profile() {
    let world = world();
    let before = "# mine\n[defaults]\nquiet = false # loud\n";
    world.write_config(before);
    let said = login(&world, &["--job", "imap", "--save", "work"]);
    assert!(said.contains("wrote the profile `work`"), "{said}");
    assert!(said.ends_with("next: entrada token work\n"), "{said}");
    let text = std::fs::read_to_string(world.config_path()).unwrap();
    let profile = format!(
        "[profiles.work]\nauthority = \"{BASE}\"\nclient-id = \"{CLIENT}\"\njob = [\"imap\"]\nstore = \"file\"\ntenant = \"organizations\"\n"
    );
    assert_eq!(text, format!("default-profile = \"work\"\n\n{before}\n{profile}"));
    for args in [&["token", "work"][..], &["token"]] {
        let run = world.run(args);
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    }
    // Again, with another job: the rest stays.
    world.write_config(&text.replace("store = \"file\"", "store = \"file\" # encrypted"));
    let said = login(&world, &["--job", "smtp", "--save", "work"]);
    assert!(said.contains("profile `work`"), "{said}");
    let text = std::fs::read_to_string(world.config_path()).unwrap();
    assert!(
        text.contains("store = \"file\" # encrypted") && text.contains("job = [\"smtp\"]"),
        "{text}"
    );
    assert_eq!(text.matches("[profiles.work]").count(), 1);
}

#[test]
fn a_profile_that_is_there_changes_in_sight_and_only_for_its_application() {
    let world = world();
    login(&world, &["--job", "imap", "--save", "work"]);
    let said = login(&world, &["--job", "smtp", "--min-ttl", "2m", "--save", "work"]);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("changed in it: job was [\"imap\"] and is [\"smtp\"]; min-ttl is \"120s\"; its other settings stay"),
        "{said}"
    );
    let said = login(&world, &["--job", "smtp", "--min-ttl", "2m", "--save", "work"]);
    assert!(said.contains("nothing changes in it"), "{said}");
    let before = std::fs::read_to_string(world.config_path()).unwrap();
    let requests = world.emulator.log().len();
    let other_client = ["login", "--client-id", OTHER_CLIENT, "--authority", BASE, "--tenant"];
    for (args, what) in [
        (&[&other_client[..], &["organizations"]].concat(), "is for the client"),
        (
            &[&["login"][..], &ADA[..4], &["--tenant", "contoso.example"]].concat(),
            "is for the authority",
        ),
        (&["login", "work", "--tenant", "contoso.example"].to_vec(), "is for the authority"),
    ] {
        let run = world.run(&[&args[..], &["--save", "work"]].concat());
        assert_eq!(run.exit, Exit::Usage, "{args:?}: {}", run.stderr);
        let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(what) && said.contains("`--save NAME`"), "{said}");
    }
    assert_eq!(world.emulator.log().len(), requests, "nothing was sent");
    assert_eq!(std::fs::read_to_string(world.config_path()).unwrap(), before);
}

#[test]
fn nobody_signs_in_for_a_profile_that_cannot_be_written() {
    let world = world();
    world.write_config("[profiles.x]\ntennant = 'y'\n");
    let run = world.run(&[&["login", "--save", "work"][..], &ADA].concat());
    assert_eq!(run.exit, Exit::Usage);
    assert!(world.emulator.log().is_empty());
    let run = world.run(&[&["login", "--save", "a b"][..], &ADA].concat());
    assert_eq!(run.exit, Exit::Usage);
    // One that failed leaves no profile.
    world.write_config("");
    world.emulator.set_scenario("user-declines");
    let run = world.run(&[&["login", "--save", "work"][..], &ADA].concat());
    assert_eq!(run.exit, Exit::Declined, "{}", run.stderr);
    assert_eq!(std::fs::read_to_string(world.config_path()).unwrap(), "");
}

#[test]
fn a_sign_in_that_was_to_be_saved_is_repeated_with_its_own_name() {
    let world = world();
    world.write_config("default-profile = 'other'\n[profiles.other]\ntenant = 'contoso.example'\n");
    world.emulator.set_scenario("normal");
    let args = ["login", "--save", "work", "--flow", "device", "--timeout", "3s"];
    let run = world.run(&[&args[..], &ADA].concat());
    assert_eq!(run.exit, Exit::Declined, "{}", run.stderr);
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("`entrada login --save work --"), "{said}");
    assert!(!said.contains("login other"), "{said}");
}

#[test]
fn a_run_for_another_tenant_names_the_sign_ins_that_are_stored() {
    let world = World::new();
    world.login(&["--save", "work", "--job", "graph-mail-read"]);
    for name in ["ENTRADA_TENANT", "ENTRADA_AUTHORITY", "ENTRADA_CLIENT_ID"] {
        world.unset(name);
    }
    for args in [
        &["token", "work", "--tenant", "fabrikam.example"][..],
        &["token", "work", "--client-id", "22222222-2222-4222-8222-222222222222"],
        &["token", "work", "--account", "lin@contoso.example"],
        &["probe", "work", "--tenant", "fabrikam.example"],
        &["export", "work", "--msal", "--tenant", "fabrikam.example"],
    ] {
        let run = world.run(args);
        assert_eq!(run.exit, Exit::SignInNeeded, "{args:?}: {}", run.stderr);
        assert!(
            run.stderr.contains("`ada@contoso.example` is signed in"),
            "{args:?}: {}",
            run.stderr
        );
        let theirs = args.iter().find(|word| word.starts_with("--") && **word != "--msal").unwrap();
        let help = format!("for that one, leave out `{theirs}`");
        assert!(run.stderr.contains(&help), "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains("sign in: `entrada login work"), "{args:?}: {}", run.stderr);
    }
    let status = world.run(&["status", "work", "--tenant", "fabrikam.example"]);
    assert!(status.stderr.contains("`ada@contoso.example` is signed in"), "{}", status.stderr);
    let doctor = world.run(&["doctor", "work", "--tenant", "fabrikam.example"]);
    assert!(doctor.stdout.contains("`ada@contoso.example` is signed in"), "{}", doctor.stdout);
    // Nobody is signed in: there is nothing to name.
    let world = World::new();
    let run = world.run(&["token", "--tenant", "fabrikam.example"]);
    assert!(!run.stderr.contains("is signed in for"), "{}", run.stderr);
}
