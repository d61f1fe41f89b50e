//! A variable, as shells read it.

use serde::{Deserialize, Serialize};

/// Who reads the line.
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
    /// `NAME=…`: a `.env` file, for sh, docker and libraries alike; refused where they would read the token otherwise
    Dotenv,
}

/// Whether `name` may be a variable's in every one of them.
pub fn is_variable_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a line for `shell` can hold `value` so that whoever reads it reads just that. A `.env` file is read by shells, by
/// `docker --env-file`, which knows no quotes, and by libraries, which know several kinds: what needs quotes in one of them is
/// read otherwise by another.
pub fn carries(shell: Shell, value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~+/=%".contains(c);
    match shell {
        Shell::Sh | Shell::Fish | Shell::Powershell => !value.contains('\0'),
        // A shell reads `~` where a value begins as somebody's home.
        Shell::Dotenv => value.chars().all(plain) && !format!("={value}").contains("=~"),
    }
}

/// The line that sets `name` to `value`, which it [`carries`], without its end.
pub(super) fn assignment(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        Shell::Sh => format!("export {name}='{}'", value.replace('\'', r"'\''")),
        Shell::Fish => {
            format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
        }
        Shell::Powershell => {
            // Typographic quotes end a text there too.
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
    fn a_dotenv_file_carries_what_every_reader_takes_as_it_stands_and_nothing_else() {
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
