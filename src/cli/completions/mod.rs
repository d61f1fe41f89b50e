//! `entrada completions`, and what the scripts that it prints call: words that fit, of commands, flags, values, profiles, accounts,
//! jobs, files and programs.

mod values;

use std::ffi::{OsStr, OsString};
use std::io::Write;

use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use super::app::App;
use super::{Exit, Failure};
use entrada_auth::sys::{Env, Sys};
use values::{Candidates, with_candidates, with_hints};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The shell
    shell: CompletionShell,
    /// Print a script that completes only commands and flags, without calling entrada
    #[arg(long = "static")]
    is_static: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum CompletionShell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

/// Set by the scripts when they ask for words.
const ASKING: &str = "ENTRADA_COMPLETE";

impl CompletionShell {
    fn completer(self) -> &'static dyn EnvCompleter {
        match self {
            Self::Bash => &Bash,
            Self::Zsh => &Zsh,
            Self::Fish => &Fish,
            Self::Powershell => &Powershell,
            Self::Elvish => &Elvish,
        }
    }

    fn generator(self) -> clap_complete::Shell {
        match self {
            Self::Bash => clap_complete::Shell::Bash,
            Self::Zsh => clap_complete::Shell::Zsh,
            Self::Fish => clap_complete::Shell::Fish,
            Self::Powershell => clap_complete::Shell::PowerShell,
            Self::Elvish => clap_complete::Shell::Elvish,
        }
    }
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    if args.is_static {
        let mut command = with_hints(super::command());
        clap_complete::generate(args.shell.generator(), &mut command, "entrada", &mut script);
    } else {
        let completer = args.shell.completer();
        completer.write_registration(ASKING, "entrada", "entrada", "entrada", &mut script)?;
    }
    app.stdout.write_all(&script)?;
    Ok(Exit::Success)
}

/// Whether a shell asks for words.
pub(super) fn is_asked(env: &Env) -> bool {
    env.is_set(ASKING)
}

/// Answers a shell: `argv` is `entrada -- WORDS`. Errors are not printed: they would appear in the middle of the line that the
/// user types.
pub(super) fn answer(sys: &Sys<'_>, argv: &[OsString], stdout: &mut dyn Write) -> Exit {
    let shell = sys
        .env
        .os(ASKING)
        .and_then(OsStr::to_str)
        .and_then(|name| <CompletionShell as clap::ValueEnum>::from_str(name, true).ok());
    let after = argv.iter().position(|word| word == "--");
    let (Some(shell), Some(after)) = (shell, after) else { return Exit::Usage };
    let words = argv.get(after + 1..).unwrap_or_default().to_vec();
    let line = Line::of(shell, &words, sys.env);
    let mut command = with_candidates(super::command(), &Candidates::of(sys, &line));
    let here = std::env::current_dir().ok();
    let mut out = Vec::new();
    let told = shell.completer().write_complete(&mut command, words, here.as_deref(), &mut out);
    let out = line.without_unasked_flags(&out);
    match told.and_then(|()| stdout.write_all(&out)) {
        Ok(()) => Exit::Success,
        Err(_) => Exit::Failure,
    }
}

/// The line that is typed.
struct Line {
    shell: CompletionShell,
    /// The word that is completed.
    current: OsString,
    /// Words between `--` and the current one; `None` before a `--`.
    after_escape: Option<usize>,
    /// What separates the words of the answer.
    separator: u8,
}

impl Line {
    fn of(shell: CompletionShell, words: &[OsString], env: &Env) -> Self {
        let text = |name| env.os(name).and_then(OsStr::to_str);
        let index = match shell {
            CompletionShell::Fish | CompletionShell::Powershell => None,
            _ => text("_CLAP_COMPLETE_INDEX").and_then(|index| index.parse::<usize>().ok()),
        };
        let index = index.unwrap_or(words.len().saturating_sub(1));
        let before = words.get(..index).unwrap_or(words);
        let escape = before.iter().position(|word| word == "--");
        let separator = text("_CLAP_IFS").and_then(|ifs| ifs.bytes().next()).unwrap_or(b'\n');
        Self {
            shell,
            current: words.get(index).cloned().unwrap_or_default(),
            after_escape: escape.map(|at| before.len() - at - 1),
            separator,
        }
    }

    /// `answer` without flags, unless the current word begins like one.
    fn without_unasked_flags(&self, answer: &[u8]) -> Vec<u8> {
        if self.current.as_encoded_bytes().first() == Some(&b'-') {
            return answer.to_vec();
        }
        let separator = match self.shell {
            CompletionShell::Fish | CompletionShell::Powershell => b'\n',
            _ => self.separator,
        };
        let words = answer.split(|byte| *byte == separator);
        words.filter(|word| word.first() != Some(&b'-')).collect::<Vec<_>>().join(&separator)
    }
}
