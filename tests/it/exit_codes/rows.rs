//! Every exit code of every command: how each comes about.

use super::*;

/// The signals that end a wait, and their numbers.
const SIGNALS: [(u8, u8); 3] = [(1, 129), (2, 130), (15, 143)];

/// An archive with nothing to judge, and one of a sign-in that anybody can take over.
const SILENT_ARCHIVE: &str = r#"{"log":{"entries":[{"request":{"method":"GET","url":"https://graph.microsoft.com/"},"response":{"status":200}}]}}"#;
const OPEN_ARCHIVE: &str = r#"{"log":{"entries":[{"request":{"method":"GET","url":"https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=x"},"response":{"status":200}}]}}"#;

/// Commands that hand a token on.
const ASKING: [&str; 5] = ["token", "exec", "git-credential", "az", "probe"];

fn ask(world: &World, command: &str) -> Exit {
    ask_on(world, command, &mut Vec::new())
}

fn ask_on(world: &World, command: &str, stdout: &mut dyn Write) -> Exit {
    let (argv, stdin) = match command {
        "exec" => (&["entrada", "exec", "--", "absent"][..], ""),
        "git-credential" => {
            (&["entrada", "git-credential", "get"][..], "protocol=https\nhost=dev.azure.com\n\n")
        }
        "az" => (&["az", "account", "get-access-token"][..], ""),
        "probe" => (&["entrada", "probe"][..], ""),
        _ => (&["entrada", "token"][..], ""),
    };
    world.run_on(argv, &mut stdin.as_bytes(), stdout).0
}

fn rows_of_asking(command: &'static str) -> Vec<Row> {
    let row = |code, how: fn(&World), world: fn() -> World| {
        row(command, code, move || {
            let world = world();
            how(&world);
            ask(&world, command)
        })
    };
    let mut rows = vec![
        row(2, |world| world.set("ENTRADA_STRICT", "maybe"), World::new),
        row(3, |_| (), World::new),
        row(5, |_| (), || signed_in("device-code-policy-later")),
        row(6, |world| world.network_is(Network::Dead), || signed_in("auto-approve")),
        row(7, |world| world.unset("ENTRADA_STORE_KEY"), World::new),
        row(
            8,
            |world| world.set("ENTRADA_TID", "11111111-1111-4111-8111-111111111111"),
            || signed_in("auto-approve"),
        ),
        row(
            10,
            |world| {
                world.set("ENTRADA_STRICT", "true");
                // One that is over by now.
                changed(world, "access_token", jwt("https://graph.microsoft.com"));
            },
            || signed_in("auto-approve"),
        ),
    ];
    rows.push(self::row(command, 9, move || {
        let world = signed_in("auto-approve");
        let _held = held(&world);
        ask(&world, command)
    }));
    for (signal, code) in SIGNALS {
        rows.push(self::row(command, code, move || {
            let world = signed_in("auto-approve");
            world.network_is(Network::Silent);
            world.signal_comes(signal);
            ask(&world, command)
        }));
    }
    rows
}

/// `login`, and `config init`, which ends with one.
fn rows_of_login(command: &'static str) -> Vec<Row> {
    let login = move |world: World, args: &[&str]| {
        // The client is the scenario's, as the world has set it.
        let client = world.client_id();
        let words = match command {
            "config" => vec!["config", "init", "first", "--client-id", &client],
            _ => vec!["login"],
        };
        entrada(&world, &[&words[..], args].concat())
    };
    let in_scenario = move |name: &'static str| move || login(World::with(name), &[]);
    let mut rows = vec![
        row(command, 0, in_scenario("auto-approve")),
        row(command, 1, move || {
            let world = World::new();
            changed(&world, "id_token", "not one".to_owned());
            login(world, &[])
        }),
        row(command, 2, move || login(World::new(), &["--job", "none-such"])),
        row(command, 3, move || {
            let world = World::with("no-refresh-token");
            login(world, &["--job", "graph-mail-read,imap"])
        }),
        row(command, 4, in_scenario("user-declines")),
        row(command, 5, in_scenario("not-public-client")),
        row(command, 6, in_scenario("hang")),
        row(command, 7, move || {
            let world = World::new();
            world.set("ENTRADA_STORE_KEY", "too short");
            login(world, &[])
        }),
        row(command, 8, move || login(World::new(), &["--account", "bob@contoso.example"])),
        row(command, 9, move || {
            let world = signed_in("auto-approve");
            let held = held(&world);
            let exit = login(world, &["--job", "graph-mail-read,imap"]);
            drop(held);
            exit
        }),
        row(command, 10, move || login(World::with("wrong-audience"), &["--strict"])),
    ];
    for (signal, code) in SIGNALS {
        rows.push(row(command, code, move || {
            let world = World::with("normal");
            world.signal_comes(signal);
            login(world, &[])
        }));
    }
    rows
}

fn import(world: &World, text: &str) -> Exit {
    exit(world, &argv(&["import", "-"]), text)
}

fn foreign(token: &str) -> String {
    json!({"email": "ada@contoso.example", "refresh_token": token}).to_string()
}

fn rows_of_import() -> Vec<Row> {
    let import = |how: fn(&World), text: fn() -> String| {
        move || {
            let world = World::new();
            how(&world);
            import(&world, &text())
        }
    };
    let dead = || foreign("1.AXoAdead");
    let mut rows = vec![
        row("import", 0, || {
            let world = World::new();
            world.login(&[]);
            let grants = world.grants();
            let key = grants.list().unwrap()[0].key();
            let token: Secret = grants.load(&key).unwrap().unwrap().refresh_token.unwrap();
            drop(grants);
            assert_eq!(entrada(&world, &["logout"]), Exit::Success);
            self::import(&world, &foreign(token.expose()))
        }),
        row("import", 1, move || {
            with_broken_stdout(&World::new(), &["import", "--list", "-"], &dead())
        }),
        row("import", 2, import(|_| (), || "-----BEGIN PGP MESSAGE-----".to_owned())),
        row("import", 5, import(|_| (), dead)),
        row("import", 6, import(|world| world.network_is(Network::Dead), dead)),
        row("import", 7, import(|world| world.unset("ENTRADA_STORE_KEY"), dead)),
        row("import", 8, import(|world| world.set("ENTRADA_ACCOUNT", "bob@contoso.example"), dead)),
    ];
    for (signal, code) in SIGNALS {
        rows.push(row("import", code, move || {
            let world = World::new();
            world.network_is(Network::Silent);
            world.signal_comes(signal);
            self::import(&world, &dead())
        }));
    }
    rows
}

/// Commands of what is stored.
fn rows_of_the_store() -> Vec<Row> {
    let damaged = || {
        let world = World::new();
        world.login(&[]);
        for path in world.stored().keys() {
            fs::write(path, "damaged").unwrap();
        }
        world
    };
    let mut rows = vec![
        row("export", 3, || entrada(&World::new(), &["export", "--msal"])),
        row("export", 7, move || entrada(&damaged(), &["export", "--msal"])),
        row("accounts", 7, || {
            let world = World::new();
            world.unset("ENTRADA_STORE_KEY");
            entrada(&world, &["accounts"])
        }),
        row("status", 7, move || entrada(&damaged(), &["status", "--all"])),
        row("logout", 7, || {
            let world = World::new();
            world.set("ENTRADA_STORE_KEY", "too short");
            entrada(&world, &["logout"])
        }),
        row("logout", 9, || {
            let world = signed_in("auto-approve");
            let _held = held(&world);
            entrada(&world, &["logout"])
        }),
        row("store", 0, || entrada(&signed_in("auto-approve"), &["store", "rekey"])),
        row("store", 2, || {
            entrada(&signed_in("auto-approve"), &["store", "rekey", "--store", "memory"])
        }),
        row("store", 7, || {
            let world = signed_in("auto-approve");
            world.set("ENTRADA_STORE_KEY", &"22".repeat(32));
            entrada(&world, &["store", "rekey"])
        }),
        row("store", 9, || {
            let world = signed_in("auto-approve");
            let _held = held(&world);
            entrada(&world, &["store", "rekey"])
        }),
        row("logout", 0, || entrada(&signed_in("auto-approve"), &["logout"])),
        row("logout", 2, || entrada(&World::new(), &["logout", "--tenant", "a/b"])),
    ];
    for (signal, code) in SIGNALS {
        for (command, args) in [("logout", &["logout"][..]), ("store", &["store", "rekey"])] {
            rows.push(row(command, code, move || {
                let world = signed_in("auto-approve");
                let _held = held(&world);
                world.signal_comes(signal);
                entrada(&world, args)
            }));
        }
    }
    for (command, args) in [
        ("export", &["export", "--msal"][..]),
        ("accounts", &["accounts", "-o", "json"]),
        ("status", &["status", "-o", "json"]),
    ] {
        rows.push(row(command, 0, move || entrada(&signed_in("auto-approve"), args)));
        rows.push(row(command, 1, move || {
            with_broken_stdout(&signed_in("auto-approve"), args, "")
        }));
        rows.push(row(command, 2, move || {
            let world = World::new();
            world.set("ENTRADA_STRICT", "maybe");
            entrada(&world, args)
        }));
    }
    rows
}

const GOOD: &str =
    r#"{"alg":"RS256"}.{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1700003600}"#;

/// A token with the claims of `GOOD`, or with another audience.
fn jwt(audience: &str) -> String {
    use base64::Engine as _;
    let parts = GOOD.replace("https://graph.microsoft.com", audience);
    let encode = |part: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(part);
    let (header, claims) = parts.split_once("}.").unwrap();
    format!("{}.{}.{}", encode(&format!("{header}}}")), encode(claims), "c".repeat(342))
}

/// An archive of one refusal, or of nothing.
fn archive(refused: bool) -> String {
    let body = r#"{"error":"invalid_client","error_description":"AADSTS7000218: x","error_codes":[7000218]}"#;
    let entry = json!({
        "startedDateTime": "2023-11-14T22:13:20.000Z", "time": 1,
        "request": {"method": "POST", "url": format!("{BASE}/organizations/oauth2/v2.0/token"),
            "httpVersion": "HTTP/1.1", "headers": [], "queryString": [], "cookies": [],
            "headersSize": -1, "bodySize": -1},
        "response": {"status": 400, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [],
            "cookies": [], "content": {"size": 0, "mimeType": "application/json", "text": body},
            "redirectURL": "", "headersSize": -1, "bodySize": -1},
        "cache": {}, "timings": {"send": 0, "wait": 1, "receive": 0},
    });
    let entries = if refused { vec![entry] } else { Vec::new() };
    json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}})
        .to_string()
}

/// Commands that look into what they are given.
fn rows_of_looking() -> Vec<Row> {
    let given = |args: &'static [&str], stdin: fn() -> String| {
        move || exit(&World::new(), &argv(args), &stdin())
    };
    let good = || jwt("https://graph.microsoft.com");
    let wrong = || jwt("https://outlook.office.com");
    let nothing = || "nothing that anybody could judge".to_owned();
    let refresh_token = || format!("1.AXoA{}", "Ab".repeat(200));
    let mut rows = vec![
        row("diagnose", 0, given(&["diagnose", "--job", "graph-mail-read"], good)),
        row("diagnose", 2, given(&["diagnose"], nothing)),
        row("diagnose", 10, given(&["diagnose", "--job", "graph-mail-read"], wrong)),
        row("inspect", 0, given(&["inspect"], good)),
        row("inspect", 2, given(&["inspect"], || r#"{"error":"invalid_grant"}"#.to_owned())),
        row("inspect", 10, given(&["inspect"], refresh_token)),
        row("trace", 0, given(&["trace", "show", "-"], || archive(false))),
        row("trace", 2, given(&["trace", "show", "-"], nothing)),
        row("trace", 10, given(&["trace", "show", "-"], || archive(true))),
        row("explain", 0, given(&["explain", "scp"], String::new)),
        row("explain", 2, given(&["explain", "none-such"], String::new)),
    ];
    for (command, args, stdin) in [
        ("diagnose", &["diagnose"][..], good as fn() -> String),
        ("inspect", &["inspect"], good),
        ("trace", &["trace", "show", "-"], || archive(true)),
        ("explain", &["explain", "scp"], String::new),
    ] {
        rows.push(row(command, 1, move || with_broken_stdout(&World::new(), args, &stdin())));
    }
    rows
}

/// The rest.
fn rows_of_the_program() -> Vec<Row> {
    let plain = |args: &'static [&str]| move || entrada(&World::new(), args);
    let mut rows = vec![
        row("doctor", 0, plain(&["doctor"])),
        row("doctor", 10, plain(&["doctor", "--authority", "https://nowhere.example"])),
        row("recipe", 0, plain(&["recipe", "msmtp"])),
        row("recipe", 2, plain(&["recipe", "msmtp", "--smtp-server", "a/b"])),
        row("completions", 0, plain(&["completions", "bash"])),
        row("completions", 2, plain(&["completions", "none-such"])),
        row("man", 0, plain(&["man", "token"])),
        row("man", 2, plain(&["man", "none-such"])),
        row("help", 0, plain(&["help", "settings"])),
        row("help", 2, plain(&["help", "none-such"])),
        row("version", 0, plain(&["version"])),
        row("version", 2, plain(&["version", "--nonsense"])),
        row("doctor", 2, plain(&["doctor", "--nonsense"])),
        row("probe", 0, || {
            let world = World::new();
            world.login(&[]);
            ask(&world, "probe")
        }),
        row("probe", 11, || ask(&signed_in("claims-challenge"), "probe")),
        row("emulator", 0, || {
            let world = World::new();
            world.signal_comes(2);
            entrada(&world, &["emulator", "--port", "0"])
        }),
        row("emulator", 1, || with_broken_stdout(&World::new(), &["emulator", "--list"], "")),
        row("emulator", 2, plain(&["emulator", "--scenario", "none-such"])),
        row("sandbox", 0, || {
            exit(&World::new(), &argv(&["sandbox", "judge", "-"]), SILENT_ARCHIVE)
        }),
        row("sandbox", 2, plain(&["sandbox", "judge", "-"])),
        row("sandbox", 10, || {
            let args = ["sandbox", "judge", "-", "--fail-on", "warning"];
            exit(&World::new(), &argv(&args), OPEN_ARCHIVE)
        }),
        // There is no `bwrap` in the folders of PATH.
        row("sandbox", 126, plain(&["sandbox", "--", "/bin/sh"])),
        row("sandbox", 127, plain(&["sandbox", "--", "none-such"])),
        Row {
            command: "demo",
            code: 0,
            how: How::Elsewhere(
                "tests/it/smoke.rs",
                "the_demo_shows_everything_and_leaves_nothing",
            ),
        },
        row("demo", 1, || with_broken_stdout(&World::new(), &["demo"], "")),
        row("demo", 2, plain(&["demo", "--nonsense"])),
        row("", 0, plain(&["--version"])),
        row("", 1, || with_broken_stdout(&World::new(), &["--help"], "")),
        row("", 2, plain(&["none-such"])),
        row("exec", 1, || {
            let world = World::new();
            world.login(&[]);
            let grants = world.grants();
            let key = grants.list().unwrap()[0].key();
            let mut grant = grants.load(&key).unwrap().unwrap();
            grant.access_tokens[0].access_token = Secret::new("two\nlines");
            grants.save(&key, &grant, NOW).unwrap();
            drop(grants);
            ask(&world, "exec")
        }),
        row("token", 0, || ask(&signed_in("auto-approve"), "token")),
        row("git-credential", 0, || ask(&signed_in("auto-approve"), "git-credential")),
        row("az", 0, || ask(&signed_in("auto-approve"), "az")),
        Row {
            command: "exec",
            code: 0,
            how: How::Elsewhere(
                "tests/it/smoke.rs",
                "a_program_gets_the_token_and_takes_our_place",
            ),
        },
        row("exec", 126, || entrada(&signed_in("auto-approve"), &["exec", "--", "forbidden"])),
        row("exec", 127, || entrada(&signed_in("auto-approve"), &["exec", "--", "absent"])),
    ];
    for (command, args) in [
        ("doctor", &["doctor"][..]),
        ("recipe", &["recipe", "msmtp"]),
        ("completions", &["completions", "fish"]),
        ("man", &["man"]),
        ("help", &["help"]),
        ("version", &["version"]),
    ] {
        rows.push(row(command, 1, move || with_broken_stdout(&World::new(), args, "")));
    }
    for command in ["token", "git-credential", "az", "probe"] {
        rows.push(row(command, 1, move || {
            ask_on(&signed_in("auto-approve"), command, &mut Broken)
        }));
    }
    for command in ["token", "exec", "az", "probe"] {
        // git's own pipe is on standard input, so its helper asks nobody.
        rows.push(row(command, 4, move || {
            ask(&World::with("user-declines").at_a_terminal(), command)
        }));
    }
    // In process it would look for a keyring, and find that of whoever runs the tests.
    for (_, code) in SIGNALS {
        let how = How::Elsewhere("tests/it/smoke.rs", "a_signal_ends_the_demo_with_its_own_number");
        rows.push(Row { command: "demo", code, how });
    }
    rows
}

pub(super) fn rows() -> Vec<Row> {
    ASKING
        .into_iter()
        .flat_map(rows_of_asking)
        .chain(rows_of_login("login"))
        .chain(rows_of_login("config"))
        .chain(rows_of_import())
        .chain(rows_of_the_store())
        .chain(rows_of_looking())
        .chain(rows_of_the_program())
        .collect()
}
