//! One layer of settings: what one source says. The same struct is flags, variables and file keys.

use std::any::TypeId;
use std::sync::LazyLock;

use clap::Args as _;
use clap::builder::BoolishValueParser;
use serde::{Deserialize, Serialize};

use super::choice::choice;
use super::{JobName, Span};
use entrada_auth::flow::{self, Parameter};
use entrada_auth::store;
use entrada_core::entra::clouds::Cloud;
use entrada_core::oauth::authorization::{PagePrompt, ResponseMode};
use entrada_core::{RedirectUri, TokenSubject};

/// Every setting. `None` means that this source says nothing.
#[derive(Clone, Debug, Default, PartialEq, clap::Args, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[command(next_help_heading = "Settings")]
pub struct Layer {
    /// Who may sign in: a GUID, a domain, `common`, `organizations` or `consumers`
    #[arg(long, short, global = true)]
    pub tenant: Option<String>,
    /// The application's "Application (client) ID"
    #[arg(long, global = true)]
    pub client_id: Option<String>,
    /// A scope to ask for; repeat it for more
    #[arg(long, short, global = true, value_delimiter = ' ', num_args = 1)]
    pub scope: Option<Vec<String>>,
    /// What the token is for; repeat it for more
    #[arg(long, short, global = true, value_delimiter = ',', num_args = 1)]
    pub job: Option<Vec<JobName>>,
    /// On whose behalf the token acts
    #[arg(long = "as", global = true, value_parser = choice::<TokenSubject>())]
    #[serde(rename = "as")]
    pub subject: Option<TokenSubject>,
    /// The audience of a job of your own (`--job custom`)
    #[arg(long, global = true)]
    pub audience: Option<String>,
    /// Which national cloud
    #[arg(long, global = true, value_parser = choice::<Cloud>())]
    pub cloud: Option<Cloud>,
    /// Another authority: a cloud host, an emulator, or any OpenID issuer
    #[arg(long, global = true, value_name = "URL")]
    pub authority: Option<String>,
    /// Which account: a user name or id
    #[arg(long, global = true)]
    pub account: Option<String>,
    /// The directory that must have signed in: its `tid` claim
    #[arg(long, global = true, value_name = "GUID")]
    pub tid: Option<String>,
    /// The user that must have signed in: the `oid` claim
    #[arg(long, global = true, value_name = "GUID")]
    pub oid: Option<String>,
    /// How to sign in
    #[arg(long, global = true, value_parser = choice::<flow::FlowKind>())]
    pub flow: Option<flow::FlowKind>,
    /// Open no browser: show the address instead
    #[arg(long, global = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
        value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    pub no_browser: Option<bool>,
    /// How long to wait for the sign-in page
    #[arg(long, global = true, value_name = "TIME")]
    pub timeout: Option<Span>,
    /// Where the sign-in page leads back to: an address, a port, or several ports
    #[arg(long, global = true, value_name = "URI")]
    pub redirect_uri: Option<RedirectUri>,
    /// How the sign-in page sends its answer
    #[arg(long, global = true, value_parser = choice::<ResponseMode>())]
    pub response_mode: Option<ResponseMode>,
    /// Whom the sign-in page should expect
    #[arg(long, global = true, value_name = "USER")]
    pub login_hint: Option<String>,
    /// The sort or domain of account that the sign-in page should expect
    #[arg(long, global = true, value_name = "DOMAIN")]
    pub domain_hint: Option<String>,
    /// What the sign-in page asks of the user
    #[arg(long, global = true, value_parser = choice::<PagePrompt>())]
    pub prompt: Option<PagePrompt>,
    /// A further parameter for the sign-in page; repeat it for more
    #[arg(long, global = true, value_name = "NAME=VALUE", num_args = 1)]
    pub param: Option<Vec<Parameter>>,
    /// The claims that the token should hold: JSON, or a file of it
    #[arg(long, global = true, value_name = "JSON|@FILE")]
    pub claims: Option<String>,
    /// Declare that claims challenges are understood (capability CP1): tokens may live a day, and be taken back early
    #[arg(long, global = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
        value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    pub cp1: Option<bool>,
    /// Whether to ask for a refresh token (`offline_access`)
    #[arg(long, global = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
        value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    pub offline: Option<bool>,
    /// How long a stored token must still live to be handed out
    #[arg(long, global = true, value_name = "TIME")]
    pub min_ttl: Option<Span>,
    /// How long to wait for another process that refreshes the same token
    #[arg(long, global = true, value_name = "TIME")]
    pub lock_timeout: Option<Span>,
    /// Where grants are kept
    #[arg(long, global = true, value_parser = choice::<store::StoreKind>())]
    pub store: Option<store::StoreKind>,
    /// The file that holds the key of `--store file`
    #[arg(long, global = true, value_name = "FILE")]
    pub store_key_file: Option<String>,
    /// How secrets travel to a keyring on D-Bus
    #[arg(long, global = true, value_parser = choice::<store::Session>())]
    pub keyring_session: Option<store::Session>,
    /// PEM certificates to trust beside the system's
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_bundle: Option<String>,
    /// End with code 10 when the diagnosis finds an error
    #[arg(long, global = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
        value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    pub strict: Option<bool>,
    /// Never ask anything
    #[arg(long, global = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
        value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    pub no_interactive: Option<bool>,
    /// Show the sign-in address as a QR code
    #[arg(long, global = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
        value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    pub qr: Option<bool>,
    /// Copy the sign-in code to the clipboard through the terminal (OSC 52)
    #[arg(long, global = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
        value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    pub copy_code: Option<bool>,
    /// Write every request and answer into a file (HAR 1.2), without its secrets
    #[arg(long, global = true, value_name = "FILE")]
    pub trace: Option<String>,
    /// Say nothing that is not needed
    #[arg(long, short, global = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
        value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    pub quiet: Option<bool>,
}

/// The names of all settings, as flags and file keys spell them.
pub fn keys() -> &'static [String] {
    &NAMES.all
}

/// Whether `key` is switched on or off, as its flag is declared.
pub(super) fn is_boolean(key: &str) -> bool {
    NAMES.boolean.iter().any(|name| name == key)
}

struct Names {
    all: Vec<String>,
    boolean: Vec<String>,
}

/// Read from the flags, so that a new setting is in it by itself.
static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let command = Layer::augment_args(clap::Command::new("settings"));
    let names = |wanted: fn(&clap::Arg) -> bool| -> Vec<String> {
        let arguments = command.get_arguments().filter(|argument| wanted(argument));
        arguments.filter_map(|argument| argument.get_long()).map(str::to_owned).collect()
    };
    let boolean =
        |argument: &clap::Arg| argument.get_value_parser().type_id() == TypeId::of::<bool>();
    Names { all: names(|_| true), boolean: names(boolean) }
});

impl Layer {
    /// What this layer says, key by key.
    pub fn table(&self) -> toml::Table {
        toml::Table::try_from(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_a_file_key() {
        for key in keys() {
            let probe = format!("{key} = 0");
            let error =
                toml::from_str::<Layer>(&probe).map_or_else(|e| e.to_string(), |_| String::new());
            assert!(!error.contains("unknown field"), "{error}");
        }
    }
}
