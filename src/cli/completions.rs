//! `entrada completions`, and what the scripts that it prints call: words that fit, of commands, flags, profiles, accounts and
//! jobs.

use std::ffi::OsString;
use std::io::Write;

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};
use strum::IntoEnumIterator as _;

use super::app::App;
use super::{Exit, Failure};
use crate::config::{ConfigFile, Paths};
use entrada_auth::store::read_account_list;
use entrada_auth::sys::{Env, Sys};
use entrada_core::entra::jobs;
use entrada_core::{Job, clean};

#[derive(clap::Args, Debug)]
#[command(after_help = "bash:        source <(entrada completions bash)      in ~/.bashrc\n\
    zsh:         source <(entrada completions zsh)       in ~/.zshrc, after compinit\n\
    fish:        entrada completions fish | source       in ~/.config/fish/config.fish\n\
    PowerShell:  entrada completions powershell | Out-String | Invoke-Expression   in $PROFILE")]
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
        let mut command = super::command();
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
        .and_then(std::ffi::OsStr::to_str)
        .and_then(|name| <CompletionShell as clap::ValueEnum>::from_str(name, true).ok());
    let after = argv.iter().position(|word| word == "--");
    let (Some(shell), Some(after)) = (shell, after) else { return Exit::Usage };
    let words = argv.get(after + 1..).unwrap_or_default().to_vec();
    let mut command = with_candidates(super::command(), &Candidates::of(sys));
    let mut out = Vec::new();
    let told = shell.completer().write_complete(&mut command, words, None, &mut out);
    match told.and_then(|()| stdout.write_all(&out)) {
        Ok(()) => Exit::Success,
        Err(_) => Exit::Failure,
    }
}

/// A word, and what it is for people.
type Word = (String, Option<String>);

/// The profiles, accounts and jobs of this user.
struct Candidates {
    profiles: Vec<Word>,
    accounts: Vec<Word>,
    jobs: Vec<Word>,
}

impl Candidates {
    /// Reads the configuration and the list of accounts; does not open a store.
    fn of(sys: &Sys<'_>) -> Self {
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
        Self {
            profiles: file.profiles.keys().map(|name| (name.clone(), None)).collect(),
            accounts,
            jobs: on_record.chain(own).collect(),
        }
    }
}

/// `command` with completions for arguments that name the user's profiles, accounts and jobs.
fn with_candidates(command: clap::Command, known: &Candidates) -> clap::Command {
    let command = command.mut_args(|arg| {
        let words = match arg.get_id().as_str() {
            "profile" | "common-profile" => &known.profiles,
            "account" | "chosen-account" => &known.accounts,
            "job" => &known.jobs,
            _ => return arg,
        };
        let words = words.clone();
        arg.add(ArgValueCandidates::new(move || candidates(&words)))
    });
    command.mut_subcommands(|inner| with_candidates(inner, known))
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
