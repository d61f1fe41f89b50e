//! `entrada help TOPIC`: what concerns several commands.

use clap::{Args as _, Command, ValueEnum as _};
use strum::{EnumMessage as _, IntoEnumIterator as _};

use super::super::app::App;
use super::super::explain;
use super::super::{Exit, Failure};
use crate::config::flags::{Everything, Flags};
use crate::config::variable;
use crate::render::recipe::RecipeTarget;
use crate::render::{self, Style};
use entrada_auth::store::StoreKind;

/// The topics.
pub(in crate::cli) const NAMES: [&str; 4] = ["settings", "jobs", "stores", "exit-codes"];

/// Prints the topic `name`; false where there is none of that name.
pub(super) fn show(name: &str, app: &mut App<'_, '_>, style: Style) -> Result<bool, Failure> {
    match name.to_ascii_lowercase().as_str() {
        "settings" | "setting" | "options" | "flags" | "environment" | "variables" | "env" => {
            settings(app, style)?;
        }
        "jobs" | "job" => {
            prose(app, style, JOBS)?;
            explain::show_jobs(app)?;
        }
        "stores" | "store" if name.ends_with('s') || !is_command(name) => stores(app, style)?,
        "exit-codes" | "exit-code" | "exitcodes" | "exits" | "exit" => {
            prose(app, style, EXIT_CODES)?;
            let row = |exit: &Exit| vec![exit.code().to_string(), exit.meaning().to_owned()];
            let rows: Vec<Vec<String>> = Exit::ALL.iter().map(row).collect();
            render::listing(app.stdout, &["code", "meaning"], &rows, style)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The topic or command whose page tells of `name`, which is neither.
pub(super) fn other_name(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "har" | "archive" => "trace",
        "cron" | "systemd" | "timer" | "dovecot" | "mail" => "recipe",
        program if RecipeTarget::from_str(program, true).is_ok() => "recipe",
        "key-file" | "keyfile" | "key" | "keyring" | "passphrase" => "stores",
        "scope" | "scopes" | "permissions" => "jobs",
        "config-file" | "configuration" => "settings",
        _ => return None,
    })
}

fn is_command(name: &str) -> bool {
    super::super::command().find_subcommand(name).is_some()
}

fn prose(app: &mut App<'_, '_>, style: Style, text: &str) -> Result<(), Failure> {
    render::prose(app.stdout, style.width, text)?;
    writeln!(app.stdout)?;
    Ok(())
}

const SETTINGS: &str = "\
Each setting is a flag, a variable and a key of the configuration file: `--min-ttl 5m`, `ENTRADA_MIN_TTL=5m` and
`min-ttl = \"5m\"` say the same. The flag counts before the variable, the variable before the profile, the profile
before `[defaults]` in the file. A client id and a tenant, both by flag or variable, are another application: without a profile
by name, the default profile then lends them neither authority nor cloud nor account.

Times are numbers with a unit: `90s`, `5m`, `2h`, `1d`. Lists are repeated flags, words in a variable, and arrays in the file.

`entrada config show` prints what is in effect, and where each value comes from. `entrada config path` prints where the file
is; `ENTRADA_CONFIG` and `ENTRADA_PROFILE` name another file and a profile. `ENTRADA_STORE_KEY` is the key of the file
store, and has no flag: other users can see arguments.
";

const JOBS: &str = "\
A job says what a token is for. It selects the scopes, and what the token is judged by. `--job imap --job smtp` asks for both.
`entrada explain imap` shows the scopes and permissions of one. `[jobs.NAME]` in the configuration file adds one of your own.
";

const EXIT_CODES: &str = "\
Scripts can rely on these numbers. `entrada COMMAND --help` lists those of one command. A sign-in that is needed and cannot
be asked for is 3; a refusal of the authority is 5; what may work when it is tried again is 6.
";

const STORES: &str = "\
A store keeps sign-ins: refresh tokens and access tokens. The default is `keyring`. `--store file` or `store = \"file\"` selects
another; no store replaces another by itself. `entrada doctor` checks the selected one.
";

const STORE_KEYS: &str = "\
The file store needs a key. `store-key-file` names a file that holds it, for programs that run without you. Without that,
the variable `ENTRADA_STORE_KEY` holds it, or entrada asks for a passphrase, which is not for scripts.

`entrada config init --store file` makes a key file and names it in the new profile. By hand:
`(umask 077; openssl rand -base64 32 > FILE)`, then `--store file --store-key-file FILE`. Keep a copy: without the key, the
stored sign-ins cannot be read.

A machine without a desktop, such as a server or a container, has no keyring: use `file` with a key file there.
";

fn settings(app: &mut App<'_, '_>, style: Style) -> Result<(), Failure> {
    prose(app, style, SETTINGS)?;
    let command = Flags::<Everything>::augment_args(Command::new("settings"));
    let rows: Vec<Vec<String>> = command
        .get_arguments()
        .filter_map(|arg| {
            let long = arg.get_long()?;
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let values: Vec<String> = arg
                .get_possible_values()
                .iter()
                .filter(|_| !arg.is_hide_possible_values_set())
                .map(|value| value.get_name().to_owned())
                .collect();
            let values =
                if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
            Some(vec![format!("--{long}"), variable(long), format!("{help}{values}")])
        })
        .collect();
    render::listing(app.stdout, &["flag and key", "variable", "what it sets"], &rows, style)?;
    Ok(())
}

fn stores(app: &mut App<'_, '_>, style: Style) -> Result<(), Failure> {
    prose(app, style, STORES)?;
    let rows: Vec<Vec<String>> = StoreKind::iter()
        .map(|kind| {
            let name: &str = kind.into();
            vec![name.to_owned(), kind.get_documentation().unwrap_or_default().to_owned()]
        })
        .collect();
    render::listing(app.stdout, &["store", "where sign-ins are"], &rows, style)?;
    writeln!(app.stdout)?;
    render::prose(app.stdout, style.width, STORE_KEYS)?;
    Ok(())
}
