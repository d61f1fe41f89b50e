//! Which command accepts which setting as a flag: those that it reads, and no others.

use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use entrada::cli::Exit;
use entrada::config::keys;

use crate::world::World;

/// Commands that obtain a token by whatever the settings say, or show or write all settings.
const ALL: [&str; 6] = ["login", "token", "exec", "probe", "config init", "config show"];

/// The settings, and the commands that read them beside [`ALL`]. Found in the code of each command; `--quiet` is accepted by
/// every command.
const READ_BY: &[(&[&str], &[&str])] = &[
    (
        &["tenant", "client-id", "cloud", "authority", "account"],
        &[
            "git-credential",
            "import",
            "export",
            "diagnose",
            "doctor",
            "recipe",
            "accounts use",
            "status",
            "logout",
        ],
    ),
    (&["tid", "oid"], &["git-credential", "import", "recipe"]),
    (&["job"], &["import", "diagnose", "trace", "trace show"]),
    (&["scope"], &["import", "diagnose"]),
    (&["as", "audience", "offline"], &["git-credential", "import", "diagnose"]),
    (&["claims", "cp1", "login-hint", "trace"], &["git-credential", "import"]),
    (&["min-ttl"], &["git-credential", "status"]),
    (&["strict", "no-browser", "no-device", "timeout"], &["git-credential"]),
    (&["flow", "redirect-uri"], &["git-credential", "diagnose"]),
    (&["response-mode", "domain-hint", "prompt", "param"], &["git-credential"]),
    (&["qr", "copy-code"], &["git-credential", "demo"]),
    (
        &["store", "store-key-file", "keyring-session"],
        &[
            "git-credential",
            "import",
            "export",
            "doctor",
            "recipe",
            "accounts",
            "accounts use",
            "status",
            "logout",
            "store rekey",
        ],
    ),
    (&["lock-timeout"], &["git-credential", "import", "logout", "store rekey"]),
    (&["ca-bundle"], &["git-credential", "import", "doctor", "recipe"]),
    (
        &["no-interactive"],
        &[
            "git-credential",
            "import",
            "export",
            "doctor",
            "recipe",
            "accounts",
            "accounts use",
            "status",
            "logout",
            "store rekey",
            "demo",
        ],
    ),
];

fn is_read(setting: &str, command: &str) -> bool {
    if setting == "quiet" || ALL.contains(&command) {
        return true;
    }
    // The tenant that the emulator of a sandbox has in addition, and how long the program may run: no settings of entrada.
    if command == "sandbox" && ["tenant", "timeout"].contains(&setting) {
        return true;
    }
    let rows: Vec<_> = READ_BY.iter().filter(|(settings, _)| settings.contains(&setting)).collect();
    let [(_, commands)] = rows[..] else { panic!("{setting} stands in {} rows", rows.len()) };
    commands.contains(&command)
}

/// The commands that run something: `login`, `config init`.
fn commands(command: &clap::Command, path: &[&str], all: &mut Vec<String>) {
    for child in command.get_subcommands() {
        let path = [path, &[child.get_name()]].concat();
        if !child.has_subcommands() || !child.is_subcommand_required_set() {
            all.push(path.join(" "));
        }
        commands(child, &path, all);
    }
}

#[test]
fn a_command_accepts_the_settings_that_it_reads() {
    let whole = entrada::cli::command();
    let mut all = Vec::new();
    commands(&whole, &[], &mut all);
    assert!(20 < all.len(), "{all:?}");
    for command in &all {
        for setting in keys() {
            let words = ["entrada"].into_iter().chain(command.split(' '));
            let flag = format!("--{setting}=true");
            let parsed = whole.clone().try_get_matches_from(words.chain([flag.as_str()]));
            let accepts =
                parsed.err().map(|error| error.kind()) != Some(ErrorKind::UnknownArgument);
            assert_eq!(accepts, is_read(setting, command), "entrada {command} {flag}");
        }
    }
}

#[test]
fn a_flag_of_other_commands_is_refused_by_name_and_before_the_command() {
    let world = World::new();
    for (args, flag, commands) in [
        (&["man", "--login-hint", "x"][..], "--login-hint", "`login`"),
        (&["trace", "show", "f.har", "--scope", "x"], "--scope", "`diagnose`"),
        (&["--tenant", "x", "token"], "--tenant", "`token`"),
        (&["accounts", "-j", "imap"], "-j", "`trace show`"),
    ] {
        let run = world.run_exactly(args, "");
        assert_eq!(run.exit, Exit::Usage, "{args:?}");
        assert!(run.stderr.contains(&format!("unexpected argument '{flag}'")), "{}", run.stderr);
        assert!(
            run.stderr.contains(&format!("`{flag}`; a flag is written after its command")),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(commands), "{}", run.stderr);
    }
    let run = world.run_exactly(&["accounts", "--nonsense"], "");
    assert!(!run.stderr.contains("a flag is written after"), "{}", run.stderr);
}

#[test]
fn config_profile_verbose_and_quiet_stand_before_the_command_or_after_it() {
    let world = World::new();
    world.unset("ENTRADA_TENANT");
    world.write_config("[profiles.work]\ntenant = \"contoso.example\"\n");
    let path = world.config_path();
    let path = path.to_str().unwrap();
    let show = &["config", "show"][..];
    let flags = &["--config", path, "--profile", "work", "-v", "--quiet"][..];
    for args in [[flags, show].concat(), [show, flags].concat()] {
        let run = world.run_exactly(&args, "");
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        for line in ["contoso.example", "quiet"] {
            assert!(run.stdout.contains(line), "{args:?}: {}", run.stdout);
        }
    }
}

#[test]
fn a_variable_and_a_profile_count_for_commands_that_do_not_have_the_flag() {
    let world = World::new();
    world.set("ENTRADA_CA_BUNDLE", "/not/there.pem");
    let run = world.run_exactly(&["accounts"], "");
    assert_eq!(run.exit, Exit::Usage, "{}", run.stderr);
    assert!(run.stderr.contains("/not/there.pem"), "{}", run.stderr);
    world.unset("ENTRADA_CA_BUNDLE");
    world.write_config("[defaults]\nca-bundle = \"/nor/this.pem\"\n");
    let run = world.run_exactly(&["accounts"], "");
    assert!(run.stderr.contains("/nor/this.pem"), "{}", run.stderr);
}

#[test]
fn the_version_is_the_one_that_the_parser_knows() {
    let told = entrada::cli::command().render_version();
    for args in [&["--version"][..], &["-V"], &["--version", "--quiet"]] {
        let run = World::new().run_exactly(args, "");
        assert_eq!((run.exit, &run.stdout), (Exit::Success, &told), "{args:?}");
    }
}

#[test]
fn help_lists_the_settings_that_a_command_reads() {
    let help = |command: &str| World::new().run_exactly(&[command, "--help"], "").stdout;
    let token = help("token");
    for setting in keys() {
        assert!(token.contains(&format!("--{setting}")), "{setting}");
    }
    let man = help("man");
    let settings: Vec<&String> =
        keys().iter().filter(|setting| man.contains(&format!("--{setting}"))).collect();
    assert_eq!(settings, ["quiet"]);
}

/// Command lines in `text`: the words from `entrada COMMAND` to the end of the line, of the code, or of the command.
fn command_lines(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.split("entrada ").skip(1).map(|rest| {
        let end =
            rest.find(['\n', '`', '|', ';', '"', '<', '>', '\\', '…', '(']).unwrap_or(rest.len());
        rest[..end].split_whitespace().take_while(|word| *word != "--").collect()
    })
}

#[test]
fn flags_in_documents_and_messages_are_flags_of_their_command() {
    let whole = entrada::cli::command();
    let mut seen = 0;
    for file in texts() {
        let text = fs::read_to_string(&file).unwrap();
        for words in command_lines(&text) {
            let mut command = &whole;
            for word in &words {
                match command.find_subcommand(word) {
                    Some(inner) => command = inner,
                    None => break,
                }
            }
            let name = command.get_name();
            if name == "entrada" || command.has_subcommands() {
                continue;
            }
            for word in words.iter().filter(|word| word.starts_with("--")) {
                let flag =
                    word.split(['=', ',', '.', ')', '\'']).next().unwrap().trim_start_matches('-');
                let has = command.get_arguments().any(|arg| arg.get_long() == Some(flag));
                assert!(has, "{}: `{name}` has no --{flag}: {words:?}", file.display());
                seen += 1;
            }
        }
    }
    assert!(100 < seen, "only {seen} flags were found");
}

/// Documents, examples and sources of the program.
fn texts() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> =
        ["docs", "examples", "src", "crates"].iter().map(|name| root.join(name)).collect();
    let mut found = vec![root.join("README.md"), root.join("config.example.toml")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if path.is_dir() {
                folders.push(path);
            } else if matches!(extension, Some("md" | "sh" | "rs" | "toml")) {
                found.push(path);
            }
        }
    }
    found
}
