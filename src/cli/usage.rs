//! What the user sees where the parser runs no command: help, or what is wrong with the command line.

use std::ffi::OsString;
use std::io::{self, Write};

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::ui::{self, Ui};
use super::{Args, Exit, command, help};
use entrada_auth::sys::{Stream, Sys};

/// Prints the help that was asked for, or what is wrong with the command line.
pub(super) fn tell(
    error: clap::Error,
    argv: &[OsString],
    (sys, stdout, ui): (&Sys<'_>, &mut dyn Write, &Ui<'_>),
) -> io::Result<Exit> {
    if help::is_help(&error) {
        let width = help::columns(ui::style_of(sys, Stream::Stdout).width);
        let page = help::page_for(argv, width).unwrap_or(error);
        if page.use_stderr() {
            ui.page(&page.to_string());
            return Ok(Exit::Usage);
        }
        write!(stdout, "{page}")?;
        return Ok(Exit::Success);
    }
    if !error.use_stderr() {
        write!(stdout, "{error}")?;
        return Ok(Exit::Success);
    }
    if let Some(failure) = help::correction(argv, &error, is_command_line) {
        return Ok(failure.report(ui));
    }
    let program = command();
    let called = called(&program, argv);
    let error = with_whole_usage(called, help::with_best_tip(called, error));
    let text = error.to_string();
    ui.page(&help::wrapped(&text, ui.style.width));
    if let Some(help) = other_commands(&error) {
        ui.line(format!("help: {help}"));
    }
    if let Some(advice) = ui.advice(&text) {
        ui.line(format!("note: {advice}"));
    }
    Ok(Exit::Usage)
}

/// The command of `program` that `argv` calls.
fn called<'p>(program: &'p clap::Command, argv: &[OsString]) -> &'p clap::Command {
    let mut command = program;
    // A command is named before its flags; what follows it is a value.
    for word in argv.iter().skip(1).filter_map(|word| word.to_str()) {
        let Some(inner) = command.find_subcommand(word) else { break };
        command = inner;
    }
    command
}

/// `error` with the usage of its command: the parser's own shows what was given as required.
fn with_whole_usage(command: &clap::Command, mut error: clap::Error) -> clap::Error {
    if error.get(ContextKind::Usage).is_some() {
        let usage = command.clone().render_usage();
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    }
    error
}

/// Whether the parser takes `words`.
fn is_command_line(words: &[String]) -> bool {
    let argv = std::iter::once("entrada").chain(words.iter().map(String::as_str));
    Args::command().try_get_matches_from(argv).is_ok()
}

/// If `error` is about a flag of other commands, names those commands.
fn other_commands(error: &clap::Error) -> Option<String> {
    let ContextValue::String(flag) = error.get(ContextKind::InvalidArg)? else { return None };
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let mut names = Vec::new();
    names_with(&command(), flag, "", &mut names);
    let last = names.pop()?;
    let have = if names.is_empty() { "has" } else { "have" };
    let names = if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) };
    Some(format!("only {names} {have} `{flag}`; a flag is written after its command"))
}

/// Collects the names of the commands under `command` that have `flag`.
fn names_with(command: &clap::Command, flag: &str, path: &str, names: &mut Vec<String>) {
    let is_it = |arg: &clap::Arg| {
        let long = arg.get_long().is_some_and(|long| flag.strip_prefix("--") == Some(long));
        let short = arg.get_short().is_some_and(|short| *flag == format!("-{short}"));
        long || short
    };
    for child in command.get_subcommands() {
        let path = format!("{path}{}", child.get_name());
        if child.get_arguments().any(is_it) {
            names.push(format!("`{path}`"));
        }
        names_with(child, flag, &format!("{path} "), names);
    }
}
