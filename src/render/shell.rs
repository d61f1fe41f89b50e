//! Assignments of a variable, in the syntax of each shell.

use serde::{Deserialize, Serialize};

/// The program that reads the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shell {
    /// `export NAME='…'`: bash, zsh, dash, ksh
    #[default]
    Sh,
    /// `set -gx NAME '…'`
    Fish,
    /// `$env:NAME = '…'`
    Powershell,
    /// `NAME=…`: a `.env` file, for sh, docker and libraries; a value that they would read differently is refused
    Dotenv,
}

/// Whether `name` is a valid variable name in every shell.
pub fn is_variable_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a line for `shell` can hold `value` so that its reader gets exactly that value. A `.env` file is read by shells,
/// by libraries and by Docker (`--env-file`). Docker supports no quotes and libraries support several kinds, so some of
/// them would read a quoted value differently.
pub fn carries(shell: Shell, value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~+/=%".contains(c);
    match shell {
        Shell::Sh | Shell::Fish | Shell::Powershell => !value.contains('\0'),
        // A shell expands `~` at the start of a value to a home directory.
        Shell::Dotenv => value.chars().all(plain) && !format!("={value}").contains("=~"),
    }
}

/// The line that sets `name` to `value`, without a line end. `value` must satisfy [`carries`].
pub(super) fn assignment(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        Shell::Sh => format!("export {name}='{}'", value.replace('\'', r"'\''")),
        Shell::Fish => {
            format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
        }
        Shell::Powershell => {
            // Typographic quotes end a string in PowerShell too.
            let quote = |c: char| matches!(c, '\'' | '\u{2018}'..='\u{201b}');
            let doubled =
                value.chars().flat_map(|c| std::iter::repeat_n(c, 1 + usize::from(quote(c))));
            format!("$env:{name} = '{}'", doubled.collect::<String>())
        }
        Shell::Dotenv => format!("{name}={value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_has_its_own_quotes() {
        for (shell, line) in [
            (Shell::Sh, r"export T='a'\''$b\'"),
            (Shell::Fish, r"set -gx T 'a\'$b\\'"),
            (Shell::Powershell, r"$env:T = 'a''$b\'"),
        ] {
            assert_eq!(assignment(shell, "T", r"a'$b\"), line);
        }
        assert_eq!(assignment(Shell::Dotenv, "T", "eyJ.e.s-_"), "T=eyJ.e.s-_");
        assert_eq!(
            assignment(Shell::Powershell, "T", "a\u{2019}; b"),
            "$env:T = 'a\u{2019}\u{2019}; b'"
        );
    }

    #[test]
    fn a_dotenv_file_carries_only_values_that_every_reader_reads_unchanged() {
        for value in ["eyJ.e.s-_", "1.AX+/=", "a~b", "EwB%2B", "="] {
            assert!(carries(Shell::Dotenv, value), "{value}");
        }
        for c in
            ('\0'..='\u{a0}').filter(|c| !c.is_ascii_alphanumeric() && !"-_.~+/=%".contains(*c))
        {
            assert!(!carries(Shell::Dotenv, &format!("a{c}b")), "{c:?}");
        }
        for value in ["~root", "~", "a=~b"] {
            assert!(!carries(Shell::Dotenv, value), "{value}");
        }
        for shell in [Shell::Sh, Shell::Fish, Shell::Powershell] {
            assert!(carries(shell, "'\"$`\\;&|\n~") && !carries(shell, "\0"));
        }
    }

    #[test]
    fn a_variable_has_a_plain_name() {
        assert!(is_variable_name("ACCESS_TOKEN") && is_variable_name("_1"));
        for name in ["", "1A", "A-B", "A B", "A;B", "Ä"] {
            assert!(!is_variable_name(name), "{name}");
        }
    }
}
