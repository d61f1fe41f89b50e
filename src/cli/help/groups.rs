//! The page of `entrada` alone: the commands by what they are for.

use std::fmt::Write as _;

use clap::Command;

use super::{HelpLength, layout, summary};

/// Commands that share a line of the short page, and what they do.
type GroupLine = (&'static [&'static str], &'static str);

/// The commands by what they are for.
const GROUPS: &[(&str, &[GroupLine])] = &[
    (
        "Sign in",
        &[
            (&["login"], "Sign in, and store the sign-in"),
            (&["accounts", "status"], "Show who is signed in, and for how long"),
            (&["logout"], "Remove a sign-in from this machine"),
            (&["import", "export"], "Move sign-ins from and to other programs"),
        ],
    ),
    (
        "Tokens",
        &[
            (&["token"], "Print a valid access token"),
            (&["exec", "git-credential"], "Give a token to a program, or to git"),
        ],
    ),
    (
        "Diagnose",
        &[
            (&["diagnose"], "Say why a token or a sign-in does not work"),
            (&["probe"], "Present a token to its service"),
            (&["inspect", "trace"], "Show the claims of a token, or a HAR file"),
            (&["explain"], "Explain a finding, a code, or a permission"),
            (&["doctor"], "Check what a sign-in needs on this machine"),
        ],
    ),
    (
        "Set up",
        &[
            (&["config", "store"], "Create or show a profile; change a store's key"),
            (&["recipe"], "Configure mail programs, curl, Python"),
            (&["completions", "man"], "Print shell completion, or manual pages"),
            (&["help", "version"], "Print help on a topic, or the version"),
        ],
    ),
    (
        "Emulate",
        &[
            (&["demo", "emulator"], "Take a tour; run an Entra ID of your own"),
            (&["sandbox"], "Run a program against it, and judge its sign-in"),
        ],
    ),
];

/// `program` with the page of that length.
pub(super) fn with_page(program: Command, width: usize, length: HelpLength) -> Command {
    let about = program.get_about().map(ToString::to_string).unwrap_or_default();
    let page = match length {
        HelpLength::Summary => short(&program, width),
        HelpLength::Full => full(&program, width),
    };
    let about = layout::paragraph(&about, width);
    program.override_help(format!("{about}\n\nUsage: entrada <COMMAND> [OPTIONS]\n\n{page}"))
}

/// The commands of a line that this program has: the emulator can be left out of it.
fn present<'a>(program: &Command, names: &'a [&'a str]) -> Vec<&'a str> {
    names.iter().copied().filter(|name| program.find_subcommand(name).is_some()).collect()
}

/// The name of a group next to its first line.
const GROUP_WIDTH: usize = 10;

fn short(program: &Command, width: usize) -> String {
    let mut text = String::new();
    let lines = || GROUPS.iter().flat_map(|(_, lines)| lines.iter());
    let column = lines().map(|(names, _)| names.join(", ").len()).max().unwrap_or_default() + 2;
    for (group, lines) in GROUPS {
        let mut group = *group;
        for (names, what) in *lines {
            let names = present(program, names).join(", ");
            if names.is_empty() {
                continue;
            }
            let start = format!("{group:GROUP_WIDTH$}{names:column$}");
            text += &layout::hanging(what, &start, GROUP_WIDTH + column, width);
            text.push('\n');
            group = "";
        }
    }
    let more = "New here: `entrada demo`, then `entrada config init`. A command: `entrada token -h`. A topic: \
                `entrada help settings`, `jobs`, `stores`, `exit-codes`.";
    text.push('\n');
    text + &layout::paragraph(more, width)
}

fn full(program: &Command, width: usize) -> String {
    let mut text = String::new();
    for (group, lines) in GROUPS {
        let about = |name: &str| {
            let command = program.find_subcommand(name)?;
            Some((name.to_owned(), command.get_about()?.to_string()))
        };
        let names = lines.iter().flat_map(|(names, _)| names.iter());
        let rows: Vec<(String, String)> = names.filter_map(|name| about(name)).collect();
        if !rows.is_empty() {
            let _ = writeln!(text, "{group}:\n{}", layout::columns(&rows, width));
        }
    }
    let topics = [
        ("entrada help settings", "the settings: as flags, variables and keys of the file"),
        ("entrada help jobs", "what a token can be for: `--job`"),
        ("entrada help stores", "where sign-ins are stored: `--store`"),
        ("entrada help exit-codes", "what the exit codes mean"),
        ("entrada COMMAND -h", "a command in short; `--help` shows all of it"),
    ];
    let _ = writeln!(text, "Topics:\n{}", layout::columns(&topics, width));
    let options: Vec<(String, String)> = program.get_arguments().map(summary::row).collect();
    text + "Options:\n" + layout::columns(&options, width).trim_end()
}

/// The commands that are related to `command`: those of its group. To the program itself, all are.
pub(in crate::cli) fn related(command: Option<&str>) -> Vec<String> {
    let program = crate::cli::command();
    let is_related = |lines: &[GroupLine]| {
        command.is_none_or(|command| lines.iter().any(|(names, _)| names.contains(&command)))
    };
    let lines = GROUPS.iter().filter(|(_, lines)| is_related(lines)).flat_map(|(_, lines)| *lines);
    let names = lines.flat_map(|(names, _)| present(&program, names));
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group() {
        let program = crate::cli::command();
        let lines = GROUPS.iter().flat_map(|(_, lines)| lines.iter());
        let mut named: Vec<&str> = lines.flat_map(|(names, _)| names.iter().copied()).collect();
        let shown = program.get_subcommands().filter(|command| !command.is_hide_set());
        let mut commands: Vec<&str> = shown.map(Command::get_name).collect();
        if cfg!(feature = "emulator") {
            named.sort_unstable();
            commands.sort_unstable();
            assert_eq!(named, commands);
        }
    }
}
