//! Help: `-h` (a summary), `--help` (all flags), `entrada help TOPIC`, and the page of `entrada` alone.
//!
//! The parser knows names and flags. This module adds what people read besides: groups, examples, exit codes. It does so only when
//! help is printed, so a run that prints none does not pay for it.

mod correction;
pub(super) mod examples;
mod groups;
mod layout;
mod summary;
mod tip;
mod topics;

use std::ffi::OsString;

use clap::Command;
use clap::error::ErrorKind;

use super::app::App;
use super::ui::style_of;
use super::{Exit, Failure};
pub(super) use correction::correction;
use entrada_auth::sys::Stream;
use entrada_core::clean;
pub(super) use groups::related;
pub(super) use layout::hanging;
pub(super) use tip::{with_best_tip, wrapped};
pub(super) use topics::NAMES as TOPICS;

#[derive(clap::Args)]
pub(super) struct Args {
    /// A topic (`settings`, `jobs`, `stores`, `exit-codes`), or a command such as `config init`
    topic: Vec<String>,
}

/// How much a page of help shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HelpLength {
    /// `-h`: what the command does, its own flags, examples.
    Summary,
    /// `--help`: everything.
    Full,
}

/// Columns of help where no terminal says how many there are.
const WIDTH_DEFAULT: usize = 80;
/// Columns of the widest line of help.
const WIDTH_MAX: usize = 100;

/// Columns of help on a terminal of `width` columns.
pub(super) fn columns(width: Option<usize>) -> usize {
    width.unwrap_or(WIDTH_DEFAULT).min(WIDTH_MAX)
}

/// Whether `error` is help that was asked for.
pub(super) fn is_help(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// The help that `argv` asks for, as an error of the parser.
pub(super) fn page_for(argv: &[OsString], width: usize) -> Option<clap::Error> {
    let is_full = argv.iter().any(|word| word == "--help");
    let length = if is_full { HelpLength::Full } else { HelpLength::Summary };
    with_pages(super::command(), width, length).try_get_matches_from(argv).err()
}

/// `program` with the pages that are printed of it and of its commands.
pub(super) fn with_pages(program: Command, width: usize, length: HelpLength) -> Command {
    let program = groups::with_page(program.term_width(width), width, length);
    program.mut_subcommands(|command| with_page(command, &[], width, length))
}

fn with_page(command: Command, above: &[String], width: usize, length: HelpLength) -> Command {
    let path = [above, &[command.get_name().to_owned()]].concat();
    let name = path.join(" ");
    let mut command = command.term_width(width);
    command = match length {
        HelpLength::Summary => {
            let page = summary::page(&mut command, &name, width);
            command.override_help(page)
        }
        HelpLength::Full => {
            let after = after_help(&command, &path, width);
            command = command.after_long_help(after);
            // Otherwise the parser prints the short form of a command none of whose flags has a second paragraph.
            let page = command.render_long_help();
            command.override_help(page)
        }
    };
    command.mut_subcommands(|inner| with_page(inner, &path, width, length))
}

/// What stands behind the flags in the whole help of `command`.
fn after_help(command: &Command, path: &[String], width: usize) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(command.get_after_help().map(|own| layout::paragraph(&own.to_string(), width)));
    let mut section = |heading: &str, rows: String| {
        if !rows.is_empty() {
            parts.push(format!("{heading}:\n{}", rows.trim_end()));
        }
    };
    section("Examples", layout::columns(examples::of(&path.join(" ")), width));
    let exits = exit_codes(path.first().map_or("", String::as_str));
    let rows: Vec<(String, &str)> =
        exits.iter().map(|exit| (exit.code().to_string(), exit.meaning())).collect();
    section("Exit codes", layout::columns(&rows, width));
    let settings = "Settings are flags, variables (`ENTRADA_TENANT`) and keys of the configuration file: \
                    `entrada help settings`";
    parts.push(layout::paragraph(settings, width));
    parts.join("\n\n")
}

/// The page of exit codes, which says what each command ends with.
const EXIT_CODES: &str = include_str!("../../../docs/exit-codes.md");

/// How `command` can end.
pub(super) fn exit_codes(command: &str) -> Vec<Exit> {
    let start = format!("| `entrada {command}` |");
    let row = EXIT_CODES.lines().find_map(|line| line.strip_prefix(&start));
    let codes = row.and_then(|row| row.split('|').next()).unwrap_or_default();
    let codes: Vec<u8> = codes.split(',').filter_map(|code| code.trim().parse().ok()).collect();
    Exit::ALL.into_iter().filter(|exit| codes.contains(&exit.code())).collect()
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let style = style_of(app.sys, Stream::Stdout);
    let width = columns(style.width);
    let words: Vec<&str> = args.topic.iter().map(String::as_str).collect();
    if words.is_empty() {
        let mut program = with_pages(super::command(), width, HelpLength::Summary);
        write!(app.stdout, "{}", program.render_help())?;
        return Ok(Exit::Success);
    }
    let name = words.join("-");
    let words = match topics::other_name(&name) {
        Some(other) => vec![other],
        None => words,
    };
    if topics::show(&words.join("-"), app, style)? {
        return Ok(Exit::Success);
    }
    let mut page = with_pages(super::command(), width, HelpLength::Full);
    for word in &words {
        page = page.find_subcommand(word).cloned().ok_or_else(|| unknown(&words.join(" ")))?;
    }
    write!(app.stdout, "{}", page.render_long_help())?;
    Ok(Exit::Success)
}

fn unknown(words: &str) -> Failure {
    let program = super::command();
    let commands = program.get_subcommands().map(Command::get_name);
    let near = crate::config::nearest(words, commands.chain(topics::NAMES));
    let failure = Failure::usage(format!("there is no command and no topic `{}`", clean(words)));
    let failure = match near {
        Some(near) => failure.help(format!("did you mean `entrada help {near}`?")),
        None => failure,
    };
    failure.help(format!(
        "the topics: {}; `entrada --help` lists the commands; `entrada explain` explains codes and findings",
        topics::NAMES.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_ends_with_codes_that_are_documented() {
        for command in crate::cli::command().get_subcommands() {
            assert!(!exit_codes(command.get_name()).is_empty(), "{}", command.get_name());
        }
        assert_eq!(
            exit_codes("doctor"),
            [Exit::Success, Exit::Failure, Exit::Usage, Exit::Findings]
        );
    }
}
