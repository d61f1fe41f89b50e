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
    /// `NAME=…`: a `.env` file
    Dotenv,
}

/// Whether `name` may be a variable's in every one of them.
pub fn is_variable_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The line that sets `name` to `value`, without its end.
pub(super) fn assignment(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        Shell::Sh => format!("export {name}='{}'", value.replace('\'', r"'\''")),
        Shell::Fish => {
            format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
        }
        Shell::Powershell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        Shell::Dotenv => {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~+/=%".contains(c);
            if value.chars().all(plain) {
                format!("{name}={value}")
            } else {
                format!("{name}='{value}'")
            }
        }
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
        assert_eq!(assignment(Shell::Dotenv, "T", "a$b"), "T='a$b'");
    }

    #[test]
    fn a_variable_has_a_plain_name() {
        assert!(is_variable_name("ACCESS_TOKEN") && is_variable_name("_1"));
        for name in ["", "1A", "A-B", "A B", "A;B", "Ä"] {
            assert!(!is_variable_name(name), "{name}");
        }
    }
}
