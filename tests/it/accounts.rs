//! Several accounts of one application: which of them a run uses, and which of them `logout` removes.

use std::path::PathBuf;

use entrada::cli::Exit;
use serde_json::Value;

use crate::world::{BASE, World};

/// A client without a scenario of its own.
const CLIENT: &str = "22222222-2222-4222-8222-222222222222";
const OTHER_CLIENT: &str = "33333333-3333-4333-8333-333333333333";
const ADA: &str = "ada@contoso.example";
const LIN: &str = "lin@contoso.example";

/// ada is signed in, then lin; what the second sign-in said.
fn both(args: &[&str]) -> (World, String) {
    let world = World::new();
    world.set("ENTRADA_CLIENT_ID", CLIENT);
    world.login(args);
    let said = sign_in_lin(&world, args);
    (world, said)
}

fn sign_in_lin(world: &World, args: &[&str]) -> String {
    assert!(world.emulator.set_scenario("no-mailbox"));
    let run = world.login(args);
    assert!(run.stderr.contains("signed in as lin@contoso.example"), "{}", run.stderr);
    assert!(world.emulator.set_scenario("auto-approve"));
    run.stderr
}

/// The files with the defaults of applications.
fn defaults(world: &World) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(world.state_dir().join("defaults"));
    let files = folder.unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect()
}

/// Whose token `token args…` prints.
fn whose(world: &World, args: &[&str]) -> String {
    let all = [&["token", "-o", "json"], args].concat();
    let run = world.run(&all);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    document["account"].as_str().unwrap().to_owned()
}

#[test]
fn a_second_sign_in_leaves_an_unattended_token_as_it_was() {
    let (world, said) = both(&[]);
    for part in [
        "`entrada token` still uses ada@contoso.example",
        "add `--account lin@contoso.example`",
        "`entrada accounts use lin@contoso.example`",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(whose(&world, &[]), ADA);
    assert_eq!(whose(&world, &["--account", LIN]), LIN);
    world.clock.pass(7_200);
    assert_eq!(whose(&world, &[]), ADA, "by refresh too");
    let again = world.login(&[]);
    assert!(!again.stderr.contains("still uses"), "{}", again.stderr);
}

#[test]
fn an_account_is_chosen_for_every_run() {
    let (world, _) = both(&[]);
    let run = world.run(&["accounts", "use", "LIN@contoso.example"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(run.stderr.contains("use lin@contoso.example from now on"), "{}", run.stderr);
    assert_eq!(whose(&world, &[]), LIN);
    assert_eq!(whose(&world, &["--account", ADA]), ADA);
    let list = world.run(&["accounts"]).stdout;
    assert!(
        list.contains("lin@contoso.example (chosen)") && !list.contains("ada@contoso.example (")
    );
    let json: Value = serde_json::from_str(&world.run(&["accounts", "-o", "json"]).stdout).unwrap();
    let accounts = json["accounts"].as_array().unwrap();
    let of = |name: &str| accounts.iter().find(|one| one["username"] == name).unwrap();
    assert_eq!((&of(ADA)["chosen"], &of(LIN)["chosen"]), (&false.into(), &true.into()));
    // By the id, which never changes, too; and for other commands than `token`.
    let ada = of(ADA)["account"].as_str().unwrap();
    assert_eq!(world.run(&["accounts", "use", ada]).exit, Exit::Success);
    assert_eq!(whose(&world, &[]), ADA);
    let export = world.run(&["export", "--msal"]);
    assert!(export.stdout.contains(ADA) && !export.stdout.contains(LIN), "{}", export.stderr);
    let recipe = world.run(&["recipe", "msmtp"]);
    assert!(recipe.stdout.contains(ADA), "{}", recipe.stdout);
}

#[test]
fn a_choice_is_one_of_a_profile() {
    let world = World::new();
    world.unset("ENTRADA_CLIENT_ID");
    world.write_config(&format!(
        "[profiles.work]\nclient-id = '{CLIENT}'\n[profiles.home]\nclient-id = '{OTHER_CLIENT}'\n"
    ));
    for profile in ["work", "home"] {
        world.login(&[profile]);
        let said = sign_in_lin(&world, &[profile]);
        let command = format!("`entrada accounts use lin@contoso.example {profile}`");
        assert!(said.contains(&command), "{said}");
    }
    let run = world.run(&["accounts", "use", LIN, "work"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(run.stderr.contains("commands with the profile `work` use lin@"), "{}", run.stderr);
    assert_eq!((whose(&world, &["work"]).as_str(), whose(&world, &["home"]).as_str()), (LIN, ADA));
    // Without a profile, both are meant.
    let run = world.run(&["accounts", "use", LIN]);
    assert_eq!(run.exit, Exit::Usage);
    for client in [CLIENT, OTHER_CLIENT] {
        assert!(run.stderr.contains(&format!("--client-id {client}")), "{}", run.stderr);
    }
}

#[test]
fn a_choice_for_one_profile_leaves_the_others_of_the_same_client() {
    let world = World::new();
    world.unset("ENTRADA_CLIENT_ID");
    world.write_config(&format!(
        "[profiles.work]\nclient-id = '{CLIENT}'\n[profiles.home]\nclient-id = '{CLIENT}'\n"
    ));
    world.login(&["work"]);
    sign_in_lin(&world, &["work"]);
    let of_all = || {
        let without = whose(&world, &["--client-id", CLIENT]);
        [whose(&world, &["work"]), whose(&world, &["home"]), without]
    };
    assert_eq!(of_all(), [ADA, ADA, ADA], "the first account stays the one of all");
    assert_eq!(world.run(&["accounts", "use", LIN, "work"]).exit, Exit::Success);
    assert_eq!(of_all(), [LIN, ADA, ADA]);
    let list = world.run(&["accounts", "--client-id", CLIENT]);
    assert_eq!(list.exit, Exit::Usage, "the list has no such flag");
    let list = world.run(&["accounts"]).stdout;
    assert!(list.contains("lin@contoso.example (chosen for the profile work)"), "{list}");
    assert!(list.contains("ada@contoso.example (chosen)"), "{list}");
    let json: Value = serde_json::from_str(&world.run(&["accounts", "-o", "json"]).stdout).unwrap();
    let accounts = json["accounts"].as_array().unwrap();
    let lin = accounts.iter().find(|one| one["username"] == LIN).unwrap();
    assert_eq!(lin["chosen"], false);
    assert_eq!(lin["chosen_for_profiles"], serde_json::json!(["work"]));
    // Without a profile.
    let run = world.run(&["accounts", "use", LIN, "--client-id", CLIENT]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(run.stderr.contains("without a profile use lin@"), "{}", run.stderr);
    assert_eq!(of_all(), [LIN, ADA, LIN]);
    assert_eq!(world.run(&["accounts", "use", ADA, "work"]).exit, Exit::Success);
    assert_eq!(of_all(), [ADA, ADA, LIN]);
    // A choice goes with its account, in each profile.
    assert_eq!(world.run(&["accounts", "use", LIN, "work"]).exit, Exit::Success);
    let out = world.run(&["logout", "work", "--account", LIN]);
    assert_eq!(out.exit, Exit::Success, "{}", out.stderr);
    sign_in_lin(&world, &["home"]);
    assert_eq!(of_all(), [ADA, ADA, ADA]);
}

#[test]
fn an_import_leaves_an_unattended_token_as_it_was() {
    let world = World::new();
    world.set("ENTRADA_CLIENT_ID", CLIENT);
    sign_in_lin(&world, &[]);
    let grants = world.grants();
    let key = grants.list().unwrap()[0].key();
    let token = grants.load(&key).unwrap().unwrap().refresh_token.unwrap();
    drop(grants);
    assert_eq!(world.run(&["logout"]).exit, Exit::Success);
    world.login(&[]);
    assert_eq!(whose(&world, &[]), ADA);
    let file = serde_json::json!({"registration": "microsoft", "email": LIN, "access_token": "",
        "access_token_expiration": "", "refresh_token": token.expose()});
    let run = world.run_with_stdin(&["import", "-"], &file.to_string());
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(run.stderr.contains("`entrada token --account lin@contoso.example`"), "{}", run.stderr);
    assert_eq!(whose(&world, &[]), ADA);
    assert_eq!(whose(&world, &["--account", LIN]), LIN);
}

#[test]
fn a_choice_that_changes_nothing_is_an_error() {
    let (world, _) = both(&[]);
    let run = world.run(&["accounts", "use", "bob@contoso.example"]);
    assert_eq!(run.exit, Exit::Usage);
    let there = "there are: ada@contoso.example, lin@contoso.example";
    assert!(run.stderr.contains(there), "{}", run.stderr);
    assert!(run.stderr.contains("`entrada login --account bob@contoso.example`"), "{}", run.stderr);
    world.set("ENTRADA_ACCOUNT", ADA);
    let run = world.run(&["accounts", "use", LIN]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("the settings name the account `ada@"), "{}", run.stderr);
    let memory = World::new();
    memory.set("ENTRADA_STORE", "memory");
    assert_eq!(memory.run(&["accounts", "use", ADA]).exit, Exit::Usage);
}

#[test]
fn without_a_choice_the_names_are_told_and_how_to_choose() {
    let (world, _) = both(&[]);
    // As two sign-ins of an older version leave it.
    let defaults = world.state_dir().join("defaults");
    std::fs::remove_dir_all(&defaults).unwrap();
    let run = world.run(&["token"]);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""));
    assert!(run.stderr.contains("several accounts are signed in: "), "{}", run.stderr);
    assert!(run.stderr.contains("`entrada accounts use ACCOUNT`"), "{}", run.stderr);
    let said = world.login(&[]).stderr;
    assert!(said.contains("choose the one that `entrada token` uses"), "{said}");
    // A file that cannot be read is no choice.
    std::fs::create_dir_all(&defaults).unwrap();
    assert_eq!(world.run(&["accounts", "use", LIN]).exit, Exit::Success);
    let file = self::defaults(&world).remove(0);
    assert_eq!(whose(&world, &[]), LIN);
    for text in ["{", r#"{"version":2,"account":"x"}"#] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(world.run(&["token"]).exit, Exit::Usage, "{text}");
    }
}

#[test]
fn the_choice_goes_with_its_account() {
    let (world, _) = both(&[]);
    assert_eq!(world.run(&["accounts", "use", LIN]).exit, Exit::Success);
    assert_eq!(world.run(&["logout", "--account", LIN]).exit, Exit::Success);
    assert_eq!(whose(&world, &[]), ADA);
    sign_in_lin(&world, &[]);
    assert_eq!(whose(&world, &[]), ADA, "an old choice does not come back");
    assert_eq!(world.run(&["logout", "--all"]).exit, Exit::Success);
    assert_eq!(defaults(&world), [] as [PathBuf; 0]);
}

#[test]
fn a_logout_of_all_names_them_and_keeps_to_the_profile() {
    let (world, _) = both(&[]);
    world.set("ENTRADA_CLIENT_ID", OTHER_CLIENT);
    world.login(&[]);
    world.set("ENTRADA_CLIENT_ID", CLIENT);
    let one = world.run(&["logout"]);
    assert_eq!(one.exit, Exit::Usage);
    assert!(one.stderr.contains("several accounts are signed in"), "{}", one.stderr);
    let all = world.run(&["logout", "--all"]);
    assert_eq!(all.exit, Exit::Success, "{}", all.stderr);
    let told = all.stderr.lines().next().unwrap();
    assert!(told.starts_with("removing 2 sign-ins: "), "{}", all.stderr);
    for name in [ADA, LIN] {
        assert!(told.contains(&format!("{name} (client {CLIENT})")), "{told}");
    }
    let left = world.run(&["accounts"]).stdout;
    assert!(left.contains(OTHER_CLIENT) && !left.contains(CLIENT), "{left}");

    world.login(&[]);
    let everything = world.run(&["logout", "--everything"]);
    assert_eq!(everything.exit, Exit::Success, "{}", everything.stderr);
    assert!(everything.stderr.contains("removing 2 sign-ins: "), "{}", everything.stderr);
    assert_eq!(world.run(&["accounts"]).stdout, "");
    for args in [&["logout", "--everything", "--all"][..], &["logout", "work", "--everything"]] {
        assert_eq!(world.run(args).exit, Exit::Usage);
    }
}

#[test]
fn a_logout_names_the_other_profiles_that_used_the_sign_in() {
    let (world, _) = both(&[]);
    let profile = |name: &str, account: &str| {
        format!(
            "\n[profiles.{name}]\nclient-id = \"{CLIENT}\"\nauthority = \"{BASE}\"\ntenant = \"organizations\"\nstore = \"file\"\naccount = \"{account}\"\n"
        )
    };
    let more = [profile("mine", ADA), profile("script", ADA), profile("other", LIN)].concat();
    world.write_config(&more);
    let run = world.run(&["logout", "mine"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    let told =
        "the profile `script` used the same sign-in: to sign in again, `entrada login script`";
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(told), "{said}");
    assert!(!said.contains("`other`"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_logout_of_everything_names_the_other_stores() {
    let (world, _) = both(&[]);
    let run = world.run(&["logout", "--everything", "--store", "keyring"]);
    assert_eq!(run.exit, Exit::Store, "no keyring can be reached: {}", run.stderr);
    let advice = "`entrada logout --everything --store file --store-key-file FILE`";
    assert!(run.stderr.contains(advice), "{}", run.stderr);
    let run = world.run(&["logout", "--everything"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(!run.stderr.contains("other sign-ins"), "{}", run.stderr);
}

#[test]
fn a_logout_of_all_without_a_client_does_not_guess() {
    let (world, _) = both(&[]);
    world.set("ENTRADA_CLIENT_ID", OTHER_CLIENT);
    world.login(&[]);
    world.unset("ENTRADA_CLIENT_ID");
    let run = world.run(&["logout", "--all"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("`entrada logout --everything`"), "{}", run.stderr);
    assert_eq!(world.run(&["accounts"]).stdout.matches("@contoso.example").count(), 3);
}

#[test]
fn who_signs_in_at_a_terminal_in_between_does_not_change_the_account() {
    let world = World::new().at_a_terminal();
    world.set("ENTRADA_CLIENT_ID", CLIENT);
    world.login(&[]);
    world.emulator.set_scenario("no-mailbox");
    let run = world.run(&["token", "--account", LIN]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert_eq!(whose(&world, &["--no-interactive"]), ADA);
}

#[test]
fn no_other_account_takes_the_place_of_the_chosen_one() {
    let world = World::new();
    world.set("ENTRADA_CLIENT_ID", CLIENT);
    world.set("ENTRADA_STORE", "file");
    world.login(&[]);
    let items = || -> Vec<PathBuf> {
        let found = walkdir(world.home.path());
        found.into_iter().filter(|path| path.extension().is_some_and(|end| end == "item")).collect()
    };
    let of_ada = items();
    assert!(!of_ada.is_empty());
    sign_in_lin(&world, &[]);
    assert_eq!(whose(&world, &[]), ADA);
    for path in of_ada {
        std::fs::remove_file(path).unwrap();
    }
    let run = world.run(&["token", "--no-interactive"]);
    assert_eq!(run.exit, Exit::SignInNeeded, "{}", run.stderr);
    assert!(run.stdout.is_empty());
    assert_eq!(whose(&world, &["--account", LIN]), LIN);
}

/// The files below `folder`.
fn walkdir(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walkdir(&path) } else { vec![path] }).collect()
}
