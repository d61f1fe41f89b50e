//! Command lines to copy, with what each does: in `-h`, `--help` and the manual pages.

/// A command line and what it does.
pub(in crate::cli) type Example = (&'static str, &'static str);

/// The examples of the command with that path, such as `config init`.
pub(in crate::cli) fn of(path: &str) -> &'static [Example] {
    match path {
        "" => &[
            ("entrada demo", "a tour; nothing leaves this machine"),
            ("entrada config init", "a first profile, by question and answer"),
            ("entrada login work", "sign in with the profile `work`"),
            ("entrada token work", "print its access token"),
            ("entrada diagnose error.txt", "what an error message means"),
        ],
        "login" => &[
            ("entrada login work", "with the settings of the profile `work`"),
            ("entrada login work --flow device", "by a code, in a browser elsewhere"),
            ("entrada login -j imap --client-id $ID", "without a profile"),
        ],
        "token" => &[
            ("entrada token work", "the token of the profile `work`"),
            ("entrada token work -o json", "with expiry, scopes and account"),
            ("entrada token work -o curl | curl -K - $URL", "a call with it"),
        ],
        "exec" => &[
            ("entrada exec work -- ./sync.sh", "the script reads $ACCESS_TOKEN"),
            ("entrada exec work --variable TOKEN -- ./sync.sh", "the script reads $TOKEN"),
            ("entrada exec work --fd 3 -- ./sync.sh", "the script reads descriptor 3"),
        ],
        "git-credential" => &[(
            "git config --global credential.https://dev.azure.com.helper '!entrada git-credential'",
            "git gets its tokens from entrada",
        )],
        "import" => &[
            ("entrada import ~/.azure/msal_token_cache.json", "from the Azure CLI"),
            ("gpg -d token.gpg | entrada import -", "from an encrypted file"),
            ("entrada import --list cache.json", "what a file contains"),
        ],
        "export" => &[("entrada export work --msal --output cache.json", "a token cache of MSAL")],
        "diagnose" => &[
            ("entrada diagnose error.txt", "an error, a log or a HAR file"),
            ("entrada token work | entrada diagnose -j imap", "a token for a job"),
            ("entrada diagnose login.har --report report.html", "a page for support"),
        ],
        "probe" => &[
            ("entrada probe work", "with the token of a profile"),
            ("entrada probe work -j smtp --mailbox bob@contoso.com", "for another mailbox"),
            ("entrada probe crm --server https://api.contoso.com/me", "for an API of your own"),
            ("entrada probe work --transcript mail.txt", "keep the conversation"),
        ],
        "doctor" => &[
            ("entrada doctor work", "what the profile `work` needs"),
            ("entrada doctor work --app", "its registration too"),
        ],
        "recipe" => &[
            ("entrada recipe mbsync work", "for the mail program mbsync"),
            ("entrada recipe curl work", "for curl"),
        ],
        "inspect" => &[
            ("entrada token work | entrada inspect", "the claims of a token"),
            ("entrada inspect token.txt -o json", "the same, for programs"),
        ],
        "trace" => &[("entrada trace login.har", "a timeline and a diagnosis")],
        "trace show" => &[
            ("entrada trace show login.har", "a timeline and a diagnosis"),
            ("entrada login work --trace login.har", "how such a file is made"),
        ],
        "explain" => &[
            ("entrada explain AADSTS65001", "an error of Entra ID"),
            ("entrada explain Mail.Read", "a permission"),
            ("entrada explain --search consent", "everything about a word"),
        ],
        "accounts" => &[
            ("entrada accounts", "who is signed in"),
            ("entrada accounts -o json", "the same, for programs"),
        ],
        "accounts use" => &[
            ("entrada accounts use ada@contoso.com", "commands use this account from now on"),
            ("entrada accounts use ada@contoso.com work", "the profile `work` does"),
        ],
        "store" => &[("entrada store rekey work", "another key for the files of a store")],
        "store rekey" => &[
            ("entrada store rekey work --new-key-file ~/key", "a key file instead of the old key"),
            ("entrada store rekey work --new-passphrase", "a passphrase, asked for"),
        ],
        "status" => &[
            ("entrada status work", "how long the profile's sign-in lasts"),
            ("entrada status --all", "every stored sign-in"),
        ],
        "logout" => &[
            ("entrada logout work", "the account of a profile"),
            ("entrada logout work --account ada@contoso.com", "one of several"),
        ],
        "config" => &[
            ("entrada config init", "a first profile"),
            ("entrada config show work", "its settings, and where they come from"),
        ],
        "config init" => &[
            ("entrada config init", "by question and answer"),
            ("entrada config init mail -j imap,smtp", "another one, for mail"),
        ],
        "config show" => &[("entrada config show work", "the settings of the profile `work`")],
        "config path" => &[("$EDITOR \"$(entrada config path)\"", "edit the file")],
        "config check" => &[("entrada config check", "the file, and all its profiles")],
        "completions" => &[
            ("source <(entrada completions bash)", "bash, in ~/.bashrc"),
            ("source <(entrada completions zsh)", "zsh, in ~/.zshrc, after compinit"),
            ("entrada completions fish | source", "fish, in ~/.config/fish/config.fish"),
            (
                "entrada completions powershell | Out-String | Invoke-Expression",
                "PowerShell, in $PROFILE",
            ),
        ],
        "man" => &[
            ("entrada man token | man -l -", "read a page"),
            ("entrada man --dir ~/.local/share/man/man1", "install all of them"),
        ],
        "help" => {
            &[("entrada help settings", "a topic"), ("entrada help config init", "a command")]
        }
        "version" => &[
            ("entrada version", "the version"),
            ("entrada version --verbose", "with target, features, commit and stores"),
        ],
        "emulator" => &[
            ("entrada emulator", "on http://localhost:8400"),
            ("entrada emulator --list", "the failures that it can show"),
            ("entrada emulator --scenario mfa-required", "with one of them"),
        ],
        "sandbox" => &[
            ("entrada sandbox -- ./program", "what it does wrong while it signs in"),
            ("entrada sandbox --runs 2 --har run.har -- ./program", "twice, and keep its requests"),
            ("entrada sandbox --fail-on error -- pytest", "in continuous integration"),
            ("entrada sandbox judge login.har", "what a recorded program does wrong"),
        ],
        "sandbox judge" => &[("entrada sandbox judge login.har", "a recorded sign-in")],
        "demo" => &[("entrada demo", "a tour; nothing leaves this machine")],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    /// The words of a line, of which some are in quotes.
    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect()
    }

    /// The calls of entrada in a line.
    fn calls(line: &str) -> impl Iterator<Item = Vec<String>> {
        line.split(" | ")
            .flat_map(|part| part.split("<("))
            .flat_map(|part| part.split("$("))
            .map(|part| words(part.trim_end_matches([')', '"'])))
            .filter(|words| words.first().is_some_and(|word| word == "entrada"))
    }

    fn visit(command: &Command, path: &str, each: &mut impl FnMut(&str)) {
        each(path);
        for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
            visit(inner, format!("{path} {}", inner.get_name()).trim(), each);
        }
    }

    #[test]
    fn every_command_has_examples_that_the_parser_takes() {
        let program = crate::cli::command();
        visit(&program, "", &mut |path| {
            let rows = of(path);
            assert!(!rows.is_empty(), "`entrada {path}` has no example");
            for (line, _) in rows {
                for call in calls(line) {
                    if let Err(error) = program.clone().try_get_matches_from(&call) {
                        panic!("{line}: {error}");
                    }
                }
            }
        });
    }

    #[test]
    fn the_commands_that_people_meet_first_have_three() {
        for path in ["login", "token", "diagnose"] {
            assert_eq!(of(path).len(), 3, "{path}");
        }
    }

    #[test]
    fn no_command_line_is_too_wide_for_sixty_columns() {
        let program = crate::cli::command();
        visit(&program, "", &mut |path| {
            for (line, _) in of(path) {
                // It is configuration of another program, and stands on a line of its own.
                assert!(
                    line.len() <= 58 || ["git-credential", "completions"].contains(&path),
                    "{line}"
                );
            }
        });
    }
}
