//! The page of `-h`: what a command does, its own flags with defaults and values, examples.

use std::fmt::Write as _;

use clap::{Arg, Command};

use super::{examples, layout};
use crate::config::keys;

/// Settings that a summary shows; `--help` shows all.
const IN_SUMMARY: [&str; 5] = ["job", "scope", "tenant", "client-id", "flow"];

/// The commands whose summary shows `--min-ttl` too: they take a stored token.
const WITH_MIN_TTL: [&str; 2] = ["token", "exec"];

/// Flags of every command, which a summary leaves out.
const OF_EVERY_COMMAND: [&str; 4] = ["config", "profile", "verbose", "help"];

/// Columns before the descriptions. Behind a longer flag the description begins on the next line.
const COLUMN_MAX: usize = 25;

/// The page of `command`, which is called by `name`, such as `config init`.
pub(super) fn page(command: &mut Command, name: &str, width: usize) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut text = layout::paragraph(&about, width);
    let _ = write!(text, "\n\n{}\n", command.render_usage().to_string().trim_end());
    let commands: Vec<(String, String)> = command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set())
        .map(|inner| {
            (
                inner.get_name().to_owned(),
                inner.get_about().map(ToString::to_string).unwrap_or_default(),
            )
        })
        .collect();
    if !commands.is_empty() {
        let _ = write!(text, "\nCommands:\n{}", layout::columns(&commands, width));
    }
    // Some commands accept the flow of a sign-in, and do not sign in.
    let signs_in = command.get_arguments().any(|arg| arg.get_long() == Some("timeout"));
    let options: Vec<(String, String)> = command
        .get_arguments()
        .filter(|arg| is_shown(arg, name) && (signs_in || arg.get_long() != Some("flow")))
        .map(row)
        .collect();
    if !options.is_empty() {
        let _ = write!(text, "\nOptions:\n{}", layout::capped_columns(&options, COLUMN_MAX, width));
    }
    let rows = examples::of(name);
    if !rows.is_empty() {
        let _ = write!(text, "\nExamples:\n{}", layout::columns(rows, width));
    }
    let more = format!("All flags: `entrada {name} --help`; settings: `entrada help settings`");
    let _ = write!(text, "\n{}", layout::paragraph(&more, width));
    text
}

fn is_shown(arg: &Arg, command: &str) -> bool {
    let Some(long) = arg.get_long() else { return !arg.is_hide_set() };
    let is_setting = keys().iter().any(|key| key == long);
    let is_in =
        IN_SUMMARY.contains(&long) || (long == "min-ttl" && WITH_MIN_TTL.contains(&command));
    let is_left_out = OF_EVERY_COMMAND.contains(&long) || (is_setting && !is_in);
    !arg.is_hide_set() && !is_left_out
}

/// An argument as it is written, and what it is.
pub(super) fn row(arg: &Arg) -> (String, String) {
    let term = match (arg.get_short(), arg.is_positional()) {
        (Some(short), _) => format!("-{short}, {arg}"),
        (None, false) => format!("    {arg}"),
        (None, true) => arg.to_string(),
    };
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let values = |values: Vec<String>| values.join(", ");
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if !defaults.is_empty() && arg.get_action().takes_values() {
        let _ = write!(text, " [default: {}]", values(defaults));
    }
    let possible = arg.get_possible_values();
    let names: Vec<String> = possible
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| value.get_name().to_owned())
        .collect();
    if !names.is_empty() && !arg.is_hide_possible_values_set() && arg.get_action().takes_values() {
        let _ = write!(text, " [values: {}]", values(names));
    }
    (term, text)
}
