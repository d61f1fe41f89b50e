//! The tip for a misspelt word of the command line, and the width of what the parser says.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use super::layout::hanging;
use crate::config::nearest;

/// `error` of `command` with one tip: the name that was probably meant. The parser's own tips name aliases, and words that share
/// few letters. Without the tip to write an unknown flag behind `--`, where it would count as a profile or a file.
pub(in crate::cli) fn with_best_tip(command: &Command, mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::StyledStrs(mut tips)) = error.remove(ContextKind::Suggested) {
        tips.retain(|tip| !tip.to_string().contains("as a value, use"));
        if !tips.is_empty() {
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
        }
    }
    let (given, tip) = match error.kind() {
        ErrorKind::UnknownArgument => (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        ErrorKind::InvalidSubcommand => {
            (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand)
        }
        ErrorKind::InvalidValue => (ContextKind::InvalidValue, ContextKind::SuggestedValue),
        _ => return error,
    };
    let Some(ContextValue::String(word)) = error.get(given).cloned() else { return error };
    error.remove(tip);
    let name = match tip {
        ContextKind::SuggestedArg => flag(command, &word),
        ContextKind::SuggestedSubcommand => subcommand(command, &word),
        _ => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(all)) => {
                nearest(&word, all.iter().map(String::as_str)).map(str::to_owned)
            }
            _ => None,
        },
    };
    if let Some(name) = name {
        error.insert(tip, ContextValue::String(name));
    }
    error
}

/// The flag of `command` that `word` was meant to be, never by an alias.
fn flag(command: &Command, word: &str) -> Option<String> {
    let word = word.strip_prefix("--")?;
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let names = |arg: &Arg| {
        let Some(long) = arg.get_long().map(str::to_owned) else { return Vec::new() };
        let aliases = arg.get_all_aliases().unwrap_or_default();
        let aliases = aliases.into_iter().map(|alias| (alias.to_owned(), long.clone()));
        std::iter::once((long.clone(), long.clone())).chain(aliases).collect()
    };
    of_names(word, &shown.flat_map(names).collect::<Vec<_>>()).map(|name| format!("--{name}"))
}

/// The command below `command` that `word` was meant to be, never by an alias.
fn subcommand(command: &Command, word: &str) -> Option<String> {
    let names = |inner: &Command| {
        let own = inner.get_name().to_owned();
        let aliases = inner.get_all_aliases().map(|alias| (alias.to_owned(), own.clone()));
        std::iter::once((own.clone(), own.clone())).chain(aliases).collect::<Vec<_>>()
    };
    let shown = command.get_subcommands().filter(|inner| !inner.is_hide_set());
    of_names(word, &shown.flat_map(names).collect::<Vec<_>>())
}

/// What the one of `names` stands for that `word` is nearest to.
fn of_names(word: &str, names: &[(String, String)]) -> Option<String> {
    let near = nearest(word, names.iter().map(|(name, _)| name.as_str()))?;
    names.iter().find(|(name, _)| name == near).map(|(_, own)| own.clone())
}

/// `text` of the parser in lines that fit `width`: it breaks none itself, and a terminal breaks inside words.
pub(in crate::cli) fn wrapped(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return text.to_owned() };
    let line = |line: &str| {
        let words = line.trim_start();
        let indent = line.len() - words.len();
        hanging(words, &" ".repeat(indent), indent + 2, width) + "\n"
    };
    text.lines().map(line).collect()
}
