//! Words that people know from other programs, with the command line that does the same here.
//!
//! A word that means exactly what one of ours means is an alias, declared where ours is. The words here mean something similar: the
//! error shows the command line to copy, and nothing runs.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::super::Failure;
use entrada_core::shell_quoted;

/// What becomes of a flag.
enum Rewrite {
    /// These words take its place; a value goes with it.
    Words(&'static [&'static str]),
    /// Another flag takes its value.
    Rename(&'static str),
    /// Its value stands alone.
    Value,
    /// Its value is an API, whose permissions that were granted are asked for.
    Api,
    /// It goes, with its value.
    Nothing,
}

/// A flag of other programs, whether it takes a value, and what becomes of it.
const FLAGS: &[(&str, bool, Rewrite)] = &[
    ("--device", false, Rewrite::Words(&["--flow", "device"])),
    ("--device-code", false, Rewrite::Words(&["--flow", "device"])),
    ("--use-device-code", false, Rewrite::Words(&["--flow", "device"])),
    ("--devicecode", false, Rewrite::Words(&["--flow", "device"])),
    ("--browser", false, Rewrite::Words(&["--flow", "browser"])),
    ("--interactive", false, Rewrite::Words(&["--flow", "browser"])),
    ("--web", false, Rewrite::Words(&["--flow", "browser"])),
    ("--headless", false, Rewrite::Words(&["--no-browser"])),
    ("--json", false, Rewrite::Words(&["-o", "json"])),
    ("--format", true, Rewrite::Rename("-o")),
    ("-f", true, Rewrite::Rename("-o")),
    ("--html", true, Rewrite::Rename("--report")),
    ("--har", true, Rewrite::Value),
    ("--file", true, Rewrite::Value),
    ("--resource", true, Rewrite::Api),
    ("--query", true, Rewrite::Nothing),
    ("--subscription", true, Rewrite::Nothing),
    ("--username", true, Rewrite::Rename("--account")),
    ("--user-name", true, Rewrite::Rename("--account")),
    ("--user", true, Rewrite::Rename("--account")),
    ("--email", true, Rewrite::Rename("--account")),
    ("--client", true, Rewrite::Rename("--client-id")),
    ("--force", false, Rewrite::Words(&["--force-refresh"])),
    ("--refresh", false, Rewrite::Words(&["--force-refresh"])),
    ("--url", true, Rewrite::Rename("--server")),
    ("--debug", false, Rewrite::Words(&["-vv"])),
    ("--allow-no-subscriptions", false, Rewrite::Nothing),
];

/// Words with which a command line begins, and ours for them.
const COMMANDS: &[(&[&str], &[&str])] = &[
    (&["account", "get-access-token"], &["token"]),
    (&["account", "clear"], &["logout", "--all"]),
    (&["account", "list"], &["accounts"]),
    (&["account", "show"], &["accounts"]),
    (&["accounts", "list"], &["accounts"]),
    (&["auth", "login"], &["login"]),
    (&["auth", "logout"], &["logout"]),
    (&["auth", "print-access-token"], &["token"]),
    (&["auth", "status"], &["status"]),
    (&["auth", "token"], &["token"]),
    (&["access-token"], &["token"]),
    (&["acquire-token-silent"], &["token"]),
    (&["acquire-token-interactive"], &["login"]),
    (&["device-code"], &["login", "--flow", "device"]),
    (&["jwt"], &["inspect"]),
    (&["config", "edit"], &["config", "path"]),
    (&["config", "list"], &["config", "show"]),
    (&["get-access-token"], &["token"]),
    (&["get-token"], &["token"]),
    (&["print-access-token"], &["token"]),
    (&["refresh"], &["token", "--force-refresh"]),
    (&["auth", "refresh"], &["token", "--force-refresh"]),
    (&["check"], &["doctor"]),
    (&["config", "get-contexts"], &["config", "show"]),
    (&["config", "view"], &["config", "show"]),
    (&["describe"], &["explain"]),
    (&["get", "accounts"], &["accounts"]),
    (&["get", "token"], &["token"]),
    (&["profile"], &["config", "show"]),
    (&["profiles"], &["config", "show"]),
    (&["sso", "login"], &["login"]),
    (&["sts", "get-caller-identity"], &["accounts"]),
    (&["why"], &["explain"]),
    (&["configure"], &["config", "init"]),
    (&["init"], &["config", "init"]),
    (&["setup"], &["config", "init"]),
    (&["report"], &["diagnose", "--report", "report.html"]),
    (&["revoke"], &["logout"]),
    (&["store", "list"], &["accounts"]),
    (&["curl"], &["token", "-o", "curl"]),
    (&["serve"], &["emulator"]),
];

const EDIT: &str = "the configuration is a file of text: edit that file, and `entrada config check` reads it; `config.example.toml` has \
                    every setting";

/// What is said besides.
const NOTES: &[(&str, &str)] = &[
    (
        "revoke",
        "`entrada logout` removes the sign-in from this machine; Entra ID has no request that revokes one refresh token: the user's \
         account page and an administrator can revoke all of them",
    ),
    ("edit", EDIT),
    ("--query", "`entrada token` prints the token alone, and `-o json` everything about it"),
    ("--subscription", "a subscription selects a tenant and an account: `--tenant`, `--account`"),
    (
        "--resource",
        "a scope that ends with `/.default` asks for everything that was granted for that API",
    ),
    (
        "--client-secret",
        "entrada signs in users of a public client, without a secret: `Allow public client flows` in the registration",
    ),
    (
        "--service-principal",
        "entrada signs in users; a sign-in of an application without a user is not there yet",
    ),
    ("--identity", "a managed identity gets its token from Azure's own endpoint, not from entrada"),
    ("--password", "the password is typed on the sign-in page; entrada never sees it"),
];

/// The error for `argv`, whose words are those of other programs; `None` if none of them is known. `is_ours` says whether a command
/// line can be parsed.
pub(in crate::cli) fn correction(
    argv: &[OsString],
    error: &clap::Error,
    is_ours: impl Fn(&[String]) -> bool,
) -> Option<Failure> {
    use ErrorKind::{InvalidSubcommand, InvalidValue, UnknownArgument};
    if !matches!(error.kind(), UnknownArgument | InvalidSubcommand | InvalidValue) {
        return None;
    }
    let words: Vec<String> =
        argv.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let (mut ours, notes) = rewritten(&words);
    if ours == words
        && words.first().is_some_and(|command| command == "exec")
        && let Some(ContextValue::String(program)) = error.get(ContextKind::InvalidArg)
        && let Some(at) = words.iter().position(|word| word == program)
    {
        ours.insert(at, "--".to_owned());
    }
    let is_corrected = ours != words && is_ours(&ours);
    if !is_corrected && notes.is_empty() {
        return None;
    }
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let mut failure = Failure::usage(first.strip_prefix("error: ").unwrap_or(first));
    if is_corrected {
        let quoted: Vec<String> = ours.iter().map(|word| shell_quoted(word)).collect();
        failure = failure.help(format!("write `entrada {}`", quoted.join(" ")));
    }
    Some(notes.into_iter().fold(failure, Failure::help))
}

/// `words` in ours, and what is said besides.
fn rewritten(words: &[String]) -> (Vec<String>, Vec<&'static str>) {
    let starts = |theirs: &[&str]| {
        words.len() >= theirs.len() && words.iter().zip(theirs).all(|(a, b)| a == b)
    };
    let note = |word: &str| NOTES.iter().find(|(name, _)| *name == word).map(|(_, note)| *note);
    let mut notes = Vec::new();
    let mut ours: Vec<String> = Vec::new();
    let mut rest = words.iter();
    if let Some((theirs, own)) = COMMANDS.iter().find(|(theirs, _)| starts(theirs)) {
        notes.extend(note(theirs[theirs.len() - 1]));
        ours.extend(own.iter().map(|word| (*word).to_owned()));
        rest = words[theirs.len()..].iter();
    }
    // What is set is written by hand.
    if starts(&["config", "set"]) {
        return (vec!["config".to_owned(), "path".to_owned()], vec![EDIT]);
    }
    let command = ours.first().or(words.first()).cloned().unwrap_or_default();
    while let Some(word) = rest.next() {
        if word == "--" {
            ours.push(word.clone());
            ours.extend(rest.by_ref().cloned());
            break;
        }
        let (flag, glued) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (flag, Some(value.to_owned())),
            _ => (word.as_str(), None),
        };
        if flag.starts_with('-') {
            notes.extend(note(flag));
        }
        if let Some(format) = format_of(flag, glued.as_deref(), &command, &mut rest) {
            ours.extend(format);
            continue;
        }
        let Some((_, takes_value, rewrite)) = FLAGS.iter().find(|(name, _, _)| *name == flag)
        else {
            ours.push(word.clone());
            continue;
        };
        // A name that a command of ours has means ours there: `token --user` names a mailbox.
        if (flag == "--user" && ["token", "recipe"].contains(&command.as_str()))
            || (flag == "--force" && command == "export")
        {
            ours.push(word.clone());
            continue;
        }
        let value = if *takes_value { glued.or_else(|| rest.next().cloned()) } else { None };
        match (rewrite, value) {
            (Rewrite::Words(words), _) => ours.extend(words.iter().map(|word| (*word).to_owned())),
            (Rewrite::Rename("--account"), Some(value)) if command == "login" => {
                ours.extend(["--login-hint".to_owned(), value]);
            }
            (Rewrite::Value, Some(value)) => ours.push(value),
            (Rewrite::Rename(name), Some(value)) => ours.extend([(*name).to_owned(), value]),
            (Rewrite::Api, Some(value)) => {
                let value = value.trim_end_matches('/');
                ours.extend(["--scope".to_owned(), format!("{value}/.default")]);
            }
            (Rewrite::Nothing, _) | (_, None) => (),
        }
    }
    (ours, notes)
}

/// The words for an output format of other programs; `None` where `flag` asks for none of those.
fn format_of<'a>(
    flag: &str,
    glued: Option<&str>,
    command: &str,
    rest: &mut (impl Iterator<Item = &'a String> + Clone),
) -> Option<Vec<String>> {
    if !["-o", "--output", "--format"].contains(&flag) {
        return None;
    }
    let value = glued.or_else(|| rest.clone().next().map(String::as_str))?;
    let own = match (value, command) {
        ("html", "diagnose") => {
            if glued.is_none() {
                rest.next();
            }
            return Some(["--report", "report.html"].map(str::to_owned).to_vec());
        }
        // The token alone is what is printed anyway.
        ("tsv" | "text" | "value(access_token)", "token") => None,
        ("table" | "text" | "tsv", _) => Some("human"),
        ("jsonc" | "yaml", _) => Some("json"),
        _ => return None,
    };
    if glued.is_none() {
        rest.next();
    }
    Some(own.map_or_else(Vec::new, |own| vec!["-o".to_owned(), own.to_owned()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_programs_become_ours() {
        for (theirs, ours) in [
            ("login work --device", "login work --flow device"),
            ("login --use-device-code", "login --flow device"),
            ("login --username ada@contoso.com", "login --login-hint ada@contoso.com"),
            ("token --username=ada@contoso.com", "token --account ada@contoso.com"),
            ("token --user ada@contoso.com", "token --user ada@contoso.com"),
            (
                "token --resource https://vault.azure.net/",
                "token --scope https://vault.azure.net/.default",
            ),
            ("account get-access-token --query accessToken -o tsv", "token"),
            ("accounts --output=table", "accounts -o human"),
            ("exec work -- prog --json --device", "exec work -- prog --json --device"),
        ] {
            let words: Vec<String> = theirs.split(' ').map(str::to_owned).collect();
            assert_eq!(rewritten(&words).0.join(" "), ours, "{theirs}");
        }
    }
}
