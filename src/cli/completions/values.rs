//! The words that fit an argument: names of the user's own, values that the program knows, files, and programs to run.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _,
};
use strum::IntoEnumIterator as _;

use super::Line;
use crate::config::{ConfigFile, Paths};
use entrada_auth::store::read_account_list;
use entrada_auth::sys::Sys;
use entrada_core::entra::{claims, jobs, oauth_errors, permissions};
use entrada_core::{Job, clean};
use entrada_diagnose::RuleId;

/// A word, and what it is for people.
type Word = (String, Option<String>);

/// What the arguments of this user's commands can be.
pub(super) struct Candidates {
    profiles: Vec<Word>,
    accounts: Vec<Word>,
    jobs: Vec<Word>,
    scenarios: Vec<Word>,
    /// The folders of programs, where a program is to be named; `None` elsewhere.
    programs: Option<Vec<PathBuf>>,
    /// Whether the current word stands behind `--`.
    is_escaped: bool,
}

impl Candidates {
    /// Reads the configuration and the list of accounts; does not open a store.
    pub(super) fn of(sys: &Sys<'_>, line: &Line) -> Self {
        let paths = Paths::of(sys.env).ok();
        let config = match (sys.env.own("CONFIG"), &paths) {
            (Some(path), _) => Some(path.into()),
            (None, Some(paths)) => Some(paths.config.join("config.toml")),
            (None, None) => None,
        };
        let file = config.and_then(|path| ConfigFile::read(&path, false).ok()).unwrap_or_default();
        let on_record =
            Job::iter().map(|job| (job.id().to_owned(), Some(jobs::facts(job).title.to_owned())));
        let own = file.jobs.iter().map(|(name, table)| (name.clone(), table.title.clone()));
        let listed = paths.map(|paths| read_account_list(&paths.state)).unwrap_or_default();
        let mut accounts: Vec<Word> =
            listed.into_iter().filter_map(|entry| Some((entry.username?, None))).collect();
        accounts.sort();
        accounts.dedup();
        let folders = || sys.env.os("PATH").map(|path| std::env::split_paths(path).collect());
        Self {
            profiles: file.profiles.keys().map(|name| (name.clone(), None)).collect(),
            accounts,
            jobs: on_record.chain(own).collect(),
            scenarios: scenarios(),
            programs: (line.after_escape == Some(0)).then(|| folders().unwrap_or_default()),
            is_escaped: line.after_escape.is_some(),
        }
    }
}

#[cfg(feature = "emulator")]
fn scenarios() -> Vec<Word> {
    let one = |scenario: &entrada_emulator::Scenario| {
        (scenario.name.to_owned(), Some(scenario.summary.to_owned()))
    };
    entrada_emulator::list().map(one).collect()
}

#[cfg(not(feature = "emulator"))]
fn scenarios() -> Vec<Word> {
    Vec::new()
}

/// `command` with completions for the words of this user.
pub(super) fn with_candidates(command: Command, known: &Candidates) -> Command {
    let takes_program = command.get_name() == "exec";
    let command = command.mut_args(|arg| {
        // What stands behind `--` is a program and its arguments, also where no profile stands before.
        if takes_program && known.is_escaped && arg.is_positional() {
            return match &known.programs {
                Some(folders) => {
                    let folders = folders.clone();
                    arg.add(ArgValueCompleter::new(move |begun: &OsStr| programs(begun, &folders)))
                }
                None => arg.add(ArgValueCompleter::new(PathCompleter::any())),
            };
        }
        let words = match arg.get_id().as_str() {
            "profile" | "common-profile" => known.profiles.clone(),
            "account" | "chosen-account" => known.accounts.clone(),
            "job" => known.jobs.clone(),
            "scenario" => known.scenarios.clone(),
            "topic" => topics(),
            "what" => {
                return arg.add(ArgValueCompleter::new(|begun: &OsStr| explained(begun)));
            }
            _ => return with_file_hint(arg),
        };
        arg.add(ArgValueCandidates::new(move || candidates(&words)))
    });
    command.mut_subcommands(|inner| with_candidates(inner, known))
}

/// `command`, whose arguments say where a file belongs.
pub(super) fn with_hints(command: Command) -> Command {
    command.mut_args(with_file_hint).mut_subcommands(with_hints)
}

/// `arg`, completed with files if its value is one: it is called `FILE` or `FOLDER`, or `@FILE` among other things.
fn with_file_hint(arg: Arg) -> Arg {
    let names: Vec<String> = arg
        .get_value_names()
        .unwrap_or_default()
        .iter()
        .flat_map(|name| name.split('|').map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let has = |name: &str| names.iter().any(|own| own == name);
    if has("@FILE") {
        return arg.add(ArgValueCompleter::new(|begun: &OsStr| file_after_at(begun)));
    }
    if has("FOLDER") {
        return arg.value_hint(ValueHint::DirPath);
    }
    let is_file = has("FILE") || ["file", "input"].contains(&arg.get_id().as_str());
    if is_file { arg.value_hint(ValueHint::FilePath) } else { arg }
}

/// `@` and a file.
fn file_after_at(begun: &OsStr) -> Vec<CompletionCandidate> {
    let begun = begun.to_string_lossy();
    let Some(path) = begun.strip_prefix('@') else { return Vec::new() };
    let files = PathCompleter::file().complete(OsStr::new(path));
    files.into_iter().map(|file| file.add_prefix("@")).collect()
}

/// The programs in `folders` that begin so, or files where a path has begun.
fn programs(begun: &OsStr, folders: &[PathBuf]) -> Vec<CompletionCandidate> {
    if Path::new(begun).components().count() > 1 || begun.as_encoded_bytes().contains(&b'/') {
        return PathCompleter::any().complete(begun);
    }
    let begun = begun.to_string_lossy();
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let names: BTreeSet<OsString> = entries
        .filter_map(Result::ok)
        .filter(is_program)
        .map(|entry| entry.file_name())
        .filter(|name| name.to_string_lossy().starts_with(&*begun))
        .collect();
    names.into_iter().map(CompletionCandidate::new).collect()
}

#[cfg(unix)]
fn is_program(entry: &std::fs::DirEntry) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    // Of what a link points to.
    std::fs::metadata(entry.path())
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(entry: &std::fs::DirEntry) -> bool {
    let path = entry.path();
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    ["exe", "cmd", "bat", "com", "ps1"].iter().any(|own| own.eq_ignore_ascii_case(extension))
}

/// The topics and commands of `entrada help`.
fn topics() -> Vec<Word> {
    let program = crate::cli::command();
    let commands = program.get_subcommands().map(|command| {
        (command.get_name().to_owned(), command.get_about().map(ToString::to_string))
    });
    let topics = crate::cli::help::TOPICS.iter().map(|name| ((*name).to_owned(), None));
    topics.chain(commands).collect()
}

/// What `entrada explain` has an entry for: without a beginning, the findings, jobs and lists.
fn explained(begun: &OsStr) -> Vec<CompletionCandidate> {
    let begun = begun.to_string_lossy();
    let mut words: Vec<&str> = vec!["exit", "jobs"];
    words.extend(RuleId::all().map(RuleId::as_str));
    words.extend(Job::iter().map(Job::id));
    if !begun.is_empty() {
        words.extend(oauth_errors::all().iter().map(|own| own.error));
        words.extend(permissions::all().iter().map(|permission| permission.name));
        words.extend(claims::all().map(|(name, _)| name));
    }
    let fits = |word: &&str| word.to_lowercase().starts_with(&begun.to_lowercase());
    let words: BTreeSet<&str> = words.into_iter().filter(fits).collect();
    words.into_iter().map(CompletionCandidate::new).collect()
}

fn candidates(words: &[Word]) -> Vec<CompletionCandidate> {
    let one = |(word, help): &Word| {
        let help = help.as_deref().map(|help| clean(help).into_owned().into());
        CompletionCandidate::new(clean(word).into_owned()).help(help)
    };
    // bash does not quote a word.
    let plain = |c: char| c.is_alphanumeric() || "-_.@+".contains(c);
    words.iter().filter(|(word, _)| word.chars().all(plain)).map(one).collect()
}
