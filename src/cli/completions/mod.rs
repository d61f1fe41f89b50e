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
    let out = line.quoted(&line.without_unasked_flags(&out));
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
        let separator = self.answer_separator();
        let words = answer.split(|byte| *byte == separator);
        words.filter(|word| word.first() != Some(&b'-')).collect::<Vec<_>>().join(&separator)
    }

    /// `answer` with words that the shell takes for what they are. bash and PowerShell insert them unchanged, so that the name of a
    /// file could be a command; the other shells quote them.
    fn quoted(&self, answer: &[u8]) -> Vec<u8> {
        let quote = match self.shell {
            CompletionShell::Bash => quoted_for_bash,
            CompletionShell::Powershell => quoted_for_powershell,
            CompletionShell::Zsh | CompletionShell::Fish | CompletionShell::Elvish => {
                return answer.to_vec();
            }
        };
        let separator = self.answer_separator();
        let words = answer.split(|byte| *byte == separator);
        let words = words.filter_map(|word| quote(std::str::from_utf8(word).ok()?));
        words.collect::<Vec<_>>().join(&*char::from(separator).to_string()).into_bytes()
    }

    /// What separates the words of the answer.
    fn answer_separator(&self) -> u8 {
        match self.shell {
            CompletionShell::Fish | CompletionShell::Powershell => b'\n',
            _ => self.separator,
        }
    }
}

/// Whether no shell gives `c` a meaning of its own within a word.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "-_./:=@+,%~".contains(c)
}

/// `word` with a backslash before each character that bash would act on; `None` if it has a control character.
fn quoted_for_bash(word: &str) -> Option<String> {
    let mut out = String::new();
    for c in word.chars() {
        if c.is_control() {
            return None;
        }
        if !is_plain(c) {
            out.push('\\');
        }
        out.push(c);
    }
    Some(out)
}

/// The word before a tab between quotes, where PowerShell would act on it; behind the tab is its description.
fn quoted_for_powershell(line: &str) -> Option<String> {
    let (word, about) = line.split_at(line.find('\t').unwrap_or(line.len()));
    if word.chars().any(char::is_control) {
        return None;
    }
    // PowerShell reads `@name` as the elements of a variable, and a comma as the end of an element.
    if word.chars().all(|c| is_plain(c) || c == '\\')
        && !word.starts_with('@')
        && !word.contains(',')
    {
        return Some(line.to_owned());
    }
    // Typographic quotes end a string in PowerShell too.
    let is_quote = |c: char| matches!(c, '\'' | '\u{2018}'..='\u{201b}');
    let doubled = word.chars().flat_map(|c| std::iter::repeat_n(c, 1 + usize::from(is_quote(c))));
    Some(format!("'{}'{about}", doubled.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_no_command() {
        let quoted = |shell, answer: &str| {
            let line = Line { shell, current: OsString::new(), after_escape: None, separator: 11 };
            String::from_utf8(line.quoted(answer.as_bytes())).unwrap()
        };
        let bash = quoted(
            CompletionShell::Bash,
            "a;touch X\u{b}$(id)\u{b}it's `x`\u{b}a\nb\u{b}./ä-1.har\u{b}--job=imap",
        );
        assert_eq!(
            bash,
            "a\\;touch\\ X\u{b}\\$\\(id\\)\u{b}it\\'s\\ \\`x\\`\u{b}./ä-1.har\u{b}--job=imap"
        );
        let powershell =
            quoted(CompletionShell::Powershell, "a;calc\t\nit's\nplain.har\tA file\n@x");
        assert_eq!(powershell, "'a;calc'\t\n'it''s'\nplain.har\tA file\n'@x'");
        assert_eq!(quoted(CompletionShell::Fish, "a;b"), "a;b");
    }
}
