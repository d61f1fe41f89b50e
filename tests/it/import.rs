//! `entrada import`: grants of other programs.

use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use entrada::cli::Exit;

use crate::world::{BASE, Run, World};

/// The refresh token of somebody who signed in, and is signed out here again.
fn refresh_token(world: &World) -> String {
    world.login(&[]);
    let grants = world.grants();
    let key = grants.list().unwrap()[0].key();
    let token = grants.load(&key).unwrap().unwrap().refresh_token.unwrap();
    drop(grants);
    assert_eq!(world.run(&["logout"]).exit, Exit::Success);
    assert_eq!(world.run(&["token"]).exit, Exit::SignInNeeded);
    token.expose().to_owned()
}

fn import(world: &World, text: &str) -> Run {
    let run = world.run_with_stdin(&["import", "-"], text);
    assert_eq!(run.stdout, "", "{}", run.stderr);
    run
}

fn client(world: &World) -> String {
    let run = world.run_exactly(&["config", "show"], "");
    let line = run.stdout.lines().find(|line| line.starts_with("client-id")).unwrap().to_owned();
    line.split('"').nth(1).unwrap().to_owned()
}

#[test]
fn a_cache_of_msals_is_taken_over_with_one_renewal() {
    let world = World::new();
    let (token, client) = (refresh_token(&world), client(&world));
    let cache = serde_json::json!({
        "Account": {"a": {"home_account_id": "u.t", "username": "ada@contoso.example"}},
        "RefreshToken": {"r": {"home_account_id": "u.t", "environment": "login.microsoftonline.com",
            "client_id": client, "secret": token}},
        "AccessToken": {"t": {"home_account_id": "u.t", "client_id": client, "secret": "x",
            "target": "https://graph.microsoft.com/Mail.Read"}},
    });
    let before = world.emulator.log().len();
    let listed = world.run_with_stdin(&["import", "--list", "-"], &cache.to_string());
    assert!(listed.stdout.contains("ada@contoso.example, client"), "{}", listed.stdout);
    assert_eq!(world.emulator.log().len(), before, "looked at, and nobody was asked");
    let elsewhere = import(&world, &cache.to_string());
    assert_eq!(elsewhere.exit, Exit::Usage);
    assert!(
        elsewhere.stderr.contains("was issued by login.microsoftonline.com"),
        "{}",
        elsewhere.stderr
    );
    assert_eq!(world.emulator.log().len(), before, "it goes to nobody else");
    let run = world.run_with_stdin(&["import", "-", "--authority", BASE], &cache.to_string());
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(run.stderr.contains("imported: ada@contoso.example"), "{}", run.stderr);
    assert_eq!(world.token_requests("refresh_token"), 1);
    let token = world.run(&["token"]);
    assert_eq!((token.exit, token.stdout.lines().count()), (Exit::Success, 1), "{}", token.stderr);
    assert_eq!(world.token_requests("refresh_token"), 1, "its first access token is stored too");
    world.clock.pass(7_200);
    assert_eq!(world.run(&["token"]).exit, Exit::Success, "and it renews");
}

#[test]
fn a_token_file_is_taken_over_by_the_application_of_the_settings() {
    let world = World::new();
    let token = refresh_token(&world);
    let mutt = serde_json::json!({"registration": "microsoft", "email": "ada@contoso.example",
        "access_token": "", "access_token_expiration": "", "refresh_token": token});
    let run = import(&world, &mutt.to_string());
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert_eq!(world.run(&["token", "--account", "ada@contoso.example"]).exit, Exit::Success);
}

#[test]
fn a_dead_token_is_told_and_the_others_are_taken_all_the_same() {
    let world = World::new();
    let token = refresh_token(&world);
    let lines = format!(
        "{{\"email\":\"gone@contoso.example\",\"refresh_token\":\"1.AXoAdead\"}}\n{{\"refresh_token\":\"{token}\"}}"
    );
    let run = import(&world, &lines);
    assert_eq!(run.exit, Exit::Refused, "{}", run.stderr);
    assert!(run.stderr.contains("not imported: gone@contoso.example"), "{}", run.stderr);
    assert!(run.stderr.contains("imported: ada@contoso.example"), "{}", run.stderr);
    assert_eq!(world.run(&["token"]).exit, Exit::Success);
}

#[test]
fn what_cannot_be_read_is_told_without_a_word_of_it() {
    let world = World::new();
    for (text, said) in [
        ("-----BEGIN PGP MESSAGE-----SECRETWORD", "decrypt it first"),
        ("{\"access_token\":\"SECRETWORD\"}", "it contains no refresh token"),
    ] {
        let run = import(&world, text);
        assert_eq!(run.exit, Exit::Usage);
        assert!(run.stderr.contains(said) && !run.stderr.contains("SECRETWORD"), "{}", run.stderr);
    }
    assert_eq!(world.run(&["import", "nowhere.json"]).exit, Exit::Usage);
    assert_eq!(world.run(&["import", world.home.path().to_str().unwrap()]).exit, Exit::Usage);
}

/// What `pizauth dump` writes of one account, which holds `refresh_token`.
fn pizauth_dump(client: &str, refresh_token: &str) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat();
    let number = |number: u64| number.to_le_bytes().to_vec();
    let time = |seconds| [number(seconds), 0_u32.to_le_bytes().to_vec()].concat();
    let state = [
        number(1),
        number(1),
        text("work"),
        text(&format!("{BASE}/organizations/oauth2/v2.0/authorize")),
        number(1),
        text("login_hint"),
        text("ada@contoso.example"),
        text(client),
        vec![0],
        text("http://localhost/"),
        number(2),
        text("https://outlook.office.com/IMAP.AccessAsUser.All"),
        text("offline_access"),
        text(&format!("{BASE}/organizations/oauth2/v2.0/token")),
        1_u32.to_le_bytes().to_vec(),
        text("an access token"),
        time(1_700_000_000),
        time(1_700_003_600),
        vec![1],
        text(refresh_token),
    ];
    let key = *b"\x66\xa2\x47\xa8\x5e\x48\xcf\xec\xaa\xed\x9b\x36\xeb\xa9\x7d\x53\
        \x50\xd4\x28\x63\x75\x09\x7a\x44\xee\xff\xb9\xc4\x54\x6b\x65\xa3";
    let cipher = chacha20poly1305::ChaCha20Poly1305::new(&key.into());
    let nonce = [3; 12];
    let sealed = cipher.encrypt(&nonce.into(), state.concat().as_slice()).unwrap();
    [nonce.as_slice(), &sealed].concat()
}

#[test]
fn a_dump_of_pizauths_is_taken_over() {
    let world = World::new();
    let (token, client) = (refresh_token(&world), client(&world));
    let dump = pizauth_dump(&client, &token);
    let listed = world.run_with_bytes(&["import", "--list", "-"], &dump);
    assert_eq!(listed.stdout, format!("ada@contoso.example, client {client}\n"));
    let run = world.run_with_bytes(&["import", "-"], &dump);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(run.stderr.contains("--scope https://outlook.office.com/IMAP."), "{}", run.stderr);
    assert_eq!(world.run(&["token", "--job", "imap"]).exit, Exit::Success);
    assert_eq!(world.token_requests("refresh_token"), 1);
    let cut = &dump[..dump.len() - 1];
    let run = world.run_with_bytes(&["import", "-"], cut);
    assert_eq!(run.exit, Exit::Usage);
    let path = world.home.path().join("dump");
    std::fs::write(&path, &dump).unwrap();
    let run = world.run(&["import", "--list", path.to_str().unwrap()]);
    assert_eq!(run.exit, Exit::Success, "from a file as well: {}", run.stderr);
}

#[test]
fn a_file_of_many_is_read_whole() {
    let world = World::new();
    let one = |n| format!("{{\"email\":\"u{n}@contoso.example\",\"refresh_token\":\"r{n}\"}}\n");
    let lines: String = (0..250).map(one).collect();
    let listed = world.run_with_stdin(&["import", "--list", "-"], &lines);
    assert_eq!(listed.stdout.lines().count(), 250);
}

#[test]
fn nothing_is_sent_that_would_be_lost_or_go_to_the_wrong_one() {
    let world = World::new();
    let token = refresh_token(&world);
    let requests = world.emulator.log().len();
    let file = |more: &str| format!("{{{more}\"refresh_token\":\"{token}\"}}");
    let ada = file("\"email\":\"ada@contoso.example\",");
    for (text, args, exit) in [
        (file("\"registration\":\"google\","), &[][..], Exit::Usage),
        (ada.clone(), &["--account", "bob@contoso.example"], Exit::WrongAccount),
        (file(""), &["--account", "bob@contoso.example"], Exit::WrongAccount),
        (
            ada.clone(),
            &["--scope", "Mail.Read", "--scope", "https://management.azure.com/.default"],
            Exit::Usage,
        ),
    ] {
        let args: Vec<&str> = ["import", "-"].into_iter().chain(args.iter().copied()).collect();
        let run = world.run_with_stdin(&args, &text);
        assert_eq!(run.exit, exit, "{args:?}: {}", run.stderr);
        assert_eq!(world.emulator.log().len(), requests, "{args:?}");
    }
    assert_eq!(import(&world, &ada).exit, Exit::Success);
    let again = import(&world, &ada);
    assert_eq!(again.exit, Exit::Usage);
    assert!(again.stderr.contains("is signed in here already"), "{}", again.stderr);
    let replaced = world.run_with_stdin(&["import", "-", "--replace"], &ada);
    assert_eq!(replaced.exit, Exit::Success, "{}", replaced.stderr);
}

#[test]
fn what_was_asked_as_default_is_asked_so_again() {
    let world = World::new();
    let token = refresh_token(&world);
    let scopes = "https://management.core.windows.net//user_impersonation https://management.core.windows.net//.default";
    let run = import(
        &world,
        &format!(
            "{{\"email\":\"ada@contoso.example\",\"scope\":\"{scopes}\",\"refresh_token\":\"{token}\"}}"
        ),
    );
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(
        run.stderr.contains("--scope https://management.core.windows.net//.default`"),
        "{}",
        run.stderr
    );
}

/// A token file of ada's that names `email`.
fn naming(world: &World, email: &str) -> String {
    let token = refresh_token(world);
    serde_json::json!({ "email": email, "refresh_token": token }).to_string()
}

#[test]
fn the_token_of_another_user_than_was_named_is_told_and_kept_under_its_own_name() {
    for named in
        [&["--account", "bob@contoso.example"][..], &["--login-hint", "Bob@contoso.example"]]
    {
        let world = World::new();
        let file = naming(&world, "bob@contoso.example");
        let args: Vec<&str> = ["import", "-"].iter().chain(named).copied().collect();
        let run = world.run_with_stdin(&args, &file);
        assert_eq!(run.exit, Exit::WrongAccount, "{}", run.stderr);
        assert!(
            run.stderr.contains("warning: the token belongs to ada@contoso.example, not to"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("--account ada@contoso.example"), "{}", run.stderr);
        assert_eq!(world.run(&["token", "--account", "ada@contoso.example"]).exit, Exit::Success);
    }
    // If only the file names another user, the run warns.
    let world = World::new();
    let run = import(&world, &naming(&world, "bob@contoso.example"));
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(run.stderr.contains("the file names bob@contoso.example"), "{}", run.stderr);
    assert!(run.stderr.contains("--account ada@contoso.example"), "{}", run.stderr);
}

#[test]
fn a_stored_sign_in_is_replaced_by_an_import_only_with_a_word_of_it() {
    const ISSUER: &str = "https://idp.example";
    let world = World::new();
    world.unset("ENTRADA_TENANT");
    world.set("ENTRADA_AUTHORITY", ISSUER);
    let document = serde_json::json!({
        "issuer": ISSUER,
        "token_endpoint": format!("{ISSUER}/organizations/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{ISSUER}/organizations/oauth2/v2.0/devicecode"),
    });
    world.changing(move |path, found| {
        if path.ends_with("/openid-configuration") {
            return http::Response::new(document.to_string().into_bytes());
        }
        if !path.ends_with("/token") || found.status() != 200 {
            return found;
        }
        let mut members: serde_json::Value = serde_json::from_slice(found.body()).unwrap();
        // Its issuer would be the emulator.
        members.as_object_mut().unwrap().remove("id_token");
        found.map(|_| members.to_string().into_bytes())
    });
    world.login(&[]);
    let grants = world.grants();
    let key = grants.list().unwrap()[0].key();
    let token = grants.load(&key).unwrap().unwrap().refresh_token.unwrap();
    let file = serde_json::json!({ "refresh_token": token.expose() }).to_string();
    let run = import(&world, &file);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    // Without an ID token nothing but `client_info` says whose it is.
    assert!(run.stderr.contains("warning: the stored sign-in of "), "{}", run.stderr);
    assert!(run.stderr.contains("is replaced: the token had to be used"), "{}", run.stderr);
    let run = world.run_with_stdin(&["import", "-", "--replace"], &file);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(!run.stderr.contains("is replaced"), "{}", run.stderr);
}
