//! `entrada diagnose …` read without building the other commands: which cost a fifth of a cold start. Whatever is not plain goes the long way, so messages and help are the same for all.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use super::{Args, Command, Common, diagnose};

#[derive(Parser)]
#[command(name = "entrada", disable_help_flag = true, disable_help_subcommand = true)]
struct Brief {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Only,
}

#[derive(Subcommand)]
enum Only {
    Diagnose(diagnose::Args),
}

/// What `argv` says, where it begins with `diagnose` and nothing is amiss.
pub(super) fn read(argv: &[OsString]) -> Option<Args> {
    if argv.get(1)? != "diagnose" {
        return None;
    }
    let Brief { common, command: Only::Diagnose(args) } = Brief::try_parse_from(argv).ok()?;
    Some(Args { common, command: Command::Diagnose(args) })
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
        ] {
            let argv = argv(line);
            let long =
                Args::try_parse_from(&argv).unwrap_or_else(|error| panic!("{line}: {error}"));
            let brief = read(&argv).expect(line);
            assert_eq!(format!("{:?}", brief.common), format!("{:?}", long.common), "{line}");
            let (Command::Diagnose(brief), Command::Diagnose(long)) = (brief.command, long.command)
            else {
                panic!("{line} is another command");
            };
            assert_eq!(format!("{brief:?}"), format!("{long:?}"), "{line}");
        }
    }

    #[test]
    fn help_faults_and_other_commands_go_the_long_way() {
        for line in [
            "entrada diagnose -h",
            "entrada diagnose --nonsense",
            "entrada login",
            "entrada --profile work diagnose",
            "entrada",
        ] {
            assert!(read(&argv(line)).is_none(), "{line}");
        }
    }
}
