//! Help: how long it is, what it shows, and that it fits the terminal.

use clap::Command;
use entrada::cli::Exit;

use crate::world::{Run, World};

fn help_at(width: usize, args: &[&str]) -> Run {
    World::new().at_a_terminal_of(width).run_exactly(args, "")
}

/// Every command that is shown, by its words.
fn paths(command: &Command, above: &[String], found: &mut Vec<Vec<String>>) {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        let path = [above, &[inner.get_name().to_owned()]].concat();
        paths(inner, &path, found);
        found.push(path);
    }
}

fn all_paths() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    paths(&entrada::cli::command(), &[], &mut found);
    assert!(25 < found.len());
    found
}

#[test]
fn the_page_of_the_program_has_24_lines_and_its_commands_in_groups() {
    for width in [80, 100] {
        let alone = help_at(width, &[]);
        assert_eq!(alone.exit, Exit::Usage);
        let asked = help_at(width, &["-h"]);
        assert_eq!(alone.stderr, asked.stdout, "the same page");
        let page = asked.stdout;
        assert!(page.lines().count() <= 24, "{} lines at {width}:\n{page}", page.lines().count());
        for group in ["Sign in", "Tokens", "Diagnose", "Set up", "Emulate"] {
            assert!(page.lines().any(|line| line.starts_with(group)), "{group}");
        }
    }
}

#[test]
fn the_summaries_of_the_first_commands_have_30_lines_and_three_examples() {
    for width in [80, 100] {
        for command in ["token", "login", "diagnose"] {
            let page = help_at(width, &[command, "-h"]).stdout;
            let lines = page.lines().count();
            assert!(lines <= 30, "`entrada {command} -h` has {lines} lines at {width}:\n{page}");
            let (_, examples) = page.split_once("Examples:\n").unwrap();
            let examples = examples.split("\n\n").next().unwrap();
            let calls = examples.lines().filter(|line| line.starts_with("  entrada "));
            assert_eq!(calls.count(), 3, "{page}");
        }
    }
}

#[test]
fn a_summary_shows_all_flags_of_the_command_itself() {
    let page = help_at(80, &["token", "-h"]).stdout;
    for flag in ["--output", "--shell", "--variable", "--user", "--challenge", "--force-refresh"] {
        assert!(page.contains(flag), "{flag}: {page}");
    }
    assert!(page.contains("[default: ACCESS_TOKEN]") && page.contains("[values: token"));
    assert!(!page.contains("--keyring-session"), "a setting: {page}");
    let whole = help_at(80, &["token", "--help"]).stdout;
    for flag in ["--keyring-session", "--lock-timeout", "--config", "--challenge"] {
        assert!(whole.contains(flag), "{flag}");
    }
    assert!(whole.contains("Exit codes:") && whole.contains("sign-in needed"), "{whole}");
}

#[test]
fn no_page_of_help_is_wider_than_the_terminal_or_breaks_a_word() {
    // The words of the widest terminal, in the same order: a word that is broken would be two.
    let words = |page: &str| page.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for path in all_paths() {
        for flag in ["-h", "--help"] {
            let args: Vec<&str> = path.iter().map(String::as_str).chain([flag]).collect();
            let wide = help_at(100, &args).stdout;
            for width in [60, 80] {
                let page = help_at(width, &args).stdout;
                assert_eq!(words(&page), words(&wide), "{args:?} at {width}");
                for line in page.lines().filter(|line| width < line.chars().count()) {
                    // One word, or a command to copy.
                    let text = line.trim_start();
                    let is_whole = !text.contains(' ')
                        || ["git config", "entrada completions"]
                            .iter()
                            .any(|own| text.starts_with(own));
                    assert!(is_whole, "{args:?} at {width}: {line}");
                }
            }
        }
    }
}

#[test]
fn help_explains_topics_and_commands() {
    for (args, parts) in [
        (&["help"][..], &["Sign in", "entrada demo"][..]),
        (&["help", "settings"], &["--tenant", "ENTRADA_TENANT", "config show"]),
        (&["help", "jobs"], &["imap", "graph-mail-read"]),
        (&["help", "stores"], &["keyring", "store-key-file"]),
        (&["help", "exit-codes"], &["CODE", "sign-in needed"]),
        (&["help", "exit", "codes"], &["sign-in needed"]),
        (&["help", "token"], &["Usage: entrada token", "--force-refresh"]),
        (&["help", "config", "init"], &["Usage: entrada config init", "--no-login"]),
        (&["help", "decode"], &["Usage: entrada inspect"]),
    ] {
        let run = help_at(80, args);
        assert_eq!(run.exit, Exit::Success, "{args:?}: {}", run.stderr);
        for part in parts {
            assert!(run.stdout.contains(part), "{args:?} without {part}: {}", run.stdout);
        }
    }
    let run = help_at(80, &["help", "setings"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("did you mean `entrada help settings`?"), "{}", run.stderr);
}

#[test]
fn every_command_has_help_under_both_names() {
    for path in all_paths() {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let flag = help_at(80, &[&words[..], &["--help"]].concat());
        let command = help_at(80, &[&["help"], &words[..]].concat());
        if words != ["stores"] {
            assert_eq!(flag.stdout, command.stdout, "{words:?}");
        }
    }
}

#[test]
fn every_manual_page_has_the_sections_that_readers_look_for() {
    for path in all_paths() {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let page = World::new().run_exactly(&[&["man"], &words[..]].concat(), "").stdout;
        for section in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "EXAMPLES",
            "EXIT STATUS",
            "ENVIRONMENT",
            "FILES",
            "SEE ALSO",
        ] {
            let heading =
                if section.contains(' ') { format!("\"{section}\"") } else { section.to_owned() };
            let count = page.lines().filter(|line| *line == format!(".SH {heading}")).count();
            assert_eq!(count, 1, "entrada-{}: {section}\n{page}", words.join("-"));
        }
    }
    let page = World::new().run_exactly(&["man", "token"], "").stdout;
    assert!(page.contains("ENTRADA_MIN_TTL") && page.contains("entrada token work"), "{page}");
    assert!(page.contains("entrada\\-exec(1)"), "{page}");
}

#[test]
fn the_version_is_printed_by_flag_and_by_command() {
    let by_flag = help_at(80, &["--version"]).stdout;
    assert_eq!(help_at(80, &["version"]).stdout, by_flag);
    assert!(by_flag.starts_with("entrada "));
}

#[test]
fn the_usage_in_an_error_is_that_of_the_command() {
    for (args, usage) in [
        (&["token", "work", "--zzz"][..], "entrada token [OPTIONS] [PROFILE]"),
        (&["token", "work", "--foo"], "entrada token [OPTIONS] [PROFILE]"),
        (&["status", "work", "--all"], "entrada status [OPTIONS] [PROFILE]"),
        (&["logout", "work", "--all", "--everything"], "entrada logout [OPTIONS] [PROFILE]"),
        (&["diagnose", "a", "--zzz"], "entrada diagnose [OPTIONS] [INPUT]..."),
        (&["exec"], "entrada exec [OPTIONS] [PROFILE] -- <COMMAND>..."),
        (&["recipe"], "entrada recipe [OPTIONS] <CLIENT> [PROFILE]"),
        (&["config", "show", "work", "--zzz"], "entrada config show [OPTIONS] [PROFILE]"),
        (
            &["accounts", "use", "ada", "work", "--zzz"],
            "entrada accounts use [OPTIONS] <ACCOUNT> [PROFILE]",
        ),
    ] {
        let run = World::new().run_exactly(args, "");
        assert_eq!(run.exit, Exit::Usage, "{args:?}");
        let line = run.stderr.lines().find_map(|line| line.strip_prefix("Usage: "));
        assert_eq!(line, Some(usage), "{args:?}: {}", run.stderr);
    }
}
