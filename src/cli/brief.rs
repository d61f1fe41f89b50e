//! Command lines that scripts write, read without building every other command: which cost a third of a cold start. Whatever
//! is not plain goes the long way, so messages and help are the same for all.

use std::ffi::OsString;

use clap::Parser;

use super::{Args, Command, Common, diagnose, exec, git_credential, token};
use crate::config::{JobName, Layer};

/// One command on its own: what follows its name.
#[derive(Parser)]
#[command(name = "entrada", disable_help_flag = true)]
struct Brief<A: clap::Args> {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    args: A,
}

/// Whether `argv` asks for the version and for nothing else.
pub(super) fn is_version(argv: &[OsString]) -> bool {
    matches!(argv, [_, flag] if flag == "--version" || flag == "-V")
}

/// What `argv` says, where it begins with a command that is called often and nothing is amiss.
pub(super) fn read(argv: &[OsString]) -> Option<Args> {
    let (_, after) = argv.split_first()?;
    let (command, rest) = after.split_first()?;
    match command.to_str()? {
        "token" => {
            plain_token(rest).or_else(|| parse(rest, Command::Token as fn(token::Args) -> Command))
        }
        "diagnose" => parse(rest, Command::Diagnose as fn(diagnose::Args) -> Command),
        "exec" => parse(rest, Command::Exec as fn(exec::Args) -> Command),
        "git-credential" => {
            parse(rest, Command::GitCredential as fn(git_credential::Args) -> Command)
        }
        _ => None,
    }
}

/// What mail programs and scripts write after `entrada token`. To read these few words takes nothing of the parser, which is half a
/// megabyte of code and a tenth of the time; what is not among them goes its way.
fn plain_token(rest: &[OsString]) -> Option<Args> {
    let mut common =
        Common { config: None, profile: None, verbose: 0, layer: Layer::default(), help: None };
    let mut args = token::Args::plain();
    let mut words = rest.iter().map(|word| word.to_str());
    while let Some(word) = words.next() {
        let word = word?;
        // A value that looks like a flag is not for us to tell.
        let mut value = || words.next().flatten().filter(|value| !value.starts_with('-'));
        match word {
            "--job" | "-j" => {
                let names = value()?.split(',').map(|name| name.parse().ok());
                let names: Option<Vec<JobName>> = names.collect();
                common.layer.job.get_or_insert_default().extend(names?);
            }
            "--account" if common.layer.account.is_none() => {
                common.layer.account = Some(value()?.to_owned());
            }
            "--profile" | "-p" if common.profile.is_none() => {
                common.profile = Some(value()?.to_owned());
            }
            "--no-interactive" if common.layer.no_interactive.is_none() => {
                common.layer.no_interactive = Some(true);
            }
            "--quiet" | "-q" if common.layer.quiet.is_none() => common.layer.quiet = Some(true),
            name if !name.is_empty() && !name.starts_with('-') => args.name_profile(name)?,
            _ => return None,
        }
    }
    Some(Args { common, command: Command::Token(args) })
}

fn parse<A: clap::Args>(rest: &[OsString], command: fn(A) -> Command) -> Option<Args> {
    let name = OsString::from("entrada");
    let argv = std::iter::once(&name).chain(rest);
    let Brief { common, args } = Brief::<A>::try_parse_from(argv).ok()?;
    Some(Args { common, command: command(args) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn it_is_read_as_the_whole_command_line_would_be() {
        for line in [
            "entrada diagnose",
            "entrada diagnose a b -o json --job imap --job smtp",
            "entrada diagnose -vv --profile work --tenant t --client-id c --scope User.Read --stream",
            "entrada diagnose --audience api://x --as app --report r.html --config c.toml -",
            "entrada token",
            "entrada token work --job imap --no-interactive",
            "entrada token --no-interactive --job imap,smtp -j pop --account a@b.example -q",
            "entrada token -p work --quiet other",
            "entrada token --profile=work -qj imap",
            "entrada token work -o xoauth2 --user u@x.example --account a -q --min-ttl 5m",
            "entrada token --challenge - --force-refresh --store file -p work --no-interactive=false",
            "entrada token -o env --shell fish --variable T --no-browser --lock-timeout 3s -- work",
            "entrada exec -- curl -s --config x",
            "entrada exec work --tenant t -- sh -c true",
            "entrada git-credential get",
            "entrada git-credential --client-id c store",
        ] {
            let argv = argv(line);
            let long =
                Args::try_parse_from(&argv).unwrap_or_else(|error| panic!("{line}: {error}"));
            let brief = read(&argv).unwrap_or_else(|| panic!("{line} goes the long way"));
            assert_eq!(format!("{:?}", brief.common), format!("{:?}", long.common), "{line}");
            let said = |command: &Command| match command {
                Command::Diagnose(args) => format!("{args:?}"),
                Command::Token(args) => format!("{args:?}"),
                Command::Exec(args) => format!("{args:?}"),
                Command::GitCredential(args) => format!("{args:?}"),
                _ => panic!("{line} is another command"),
            };
            assert_eq!(said(&brief.command), said(&long.command), "{line}");
        }
    }

    #[test]
    fn help_faults_and_other_commands_go_the_long_way() {
        for line in [
            "entrada diagnose -h",
            "entrada diagnose --nonsense",
            "entrada token --help",
            "entrada token a b",
            "entrada token --job",
            "entrada token --job a/b",
            "entrada token --account a --account b",
            "entrada token --no-interactive work extra",
            "entrada token -q -q",
            "entrada token -o nothing",
            "entrada exec",
            "entrada git-credential",
            "entrada login",
            "entrada --profile work diagnose",
            "entrada",
        ] {
            assert!(read(&argv(line)).is_none(), "{line}");
        }
    }

    #[test]
    fn the_version_alone_needs_no_command_line() {
        assert!(is_version(&argv("entrada --version")));
        assert!(is_version(&argv("entrada -V")));
        assert!(!is_version(&argv("entrada")));
        assert!(!is_version(&argv("entrada token -V")));
        let told = crate::cli::command().render_version();
        assert_eq!(told, super::super::VERSION_LINE);
    }
}
