//! One layer of settings: what one source says. The same struct is flags, variables and file keys.

use std::any::TypeId;
use std::sync::LazyLock;

use clap::Args as _;
use clap::builder::BoolishValueParser;
use serde::{Deserialize, Serialize};

use super::choice::choice;
use super::flags::Group;
use super::list::one_or_several;
use super::{JobName, Span};
use entrada_auth::flow::{self, Parameter};
use entrada_auth::store;
use entrada_core::entra::clouds::Cloud;
use entrada_core::oauth::authorization::{PagePrompt, ResponseMode};
use entrada_core::{RedirectUri, TokenSubject};

/// Declares the settings once: groups of flags, and [`Layer`] with all of them.
macro_rules! settings {
    ($(
        $(#[doc = $about:literal])*
        #[heading($heading:expr)]
        $group:ident {
            $(
                $(#[doc = $doc:literal])*
                #[arg($($arg:tt)*)]
                $(#[serde($($serde:tt)*)])?
                $field:ident: $type:ty,
            )*
        }
    )*) => {
        /// Every setting. `None` means that this source does not set it.
        #[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
        pub struct Layer {
            $($(
                $(#[doc = $doc])*
                $(#[serde($($serde)*)])?
                pub $field: $type,
            )*)*
        }

        $(
            $(#[doc = $about])*
            pub enum $group {}

            const _: () = {
                // Without documentation, which would replace the command's own.
                #[derive(clap::Args)]
                #[command(next_help_heading = $heading)]
                #[group(skip)]
                struct Fields {
                    $(
                        $(#[doc = $doc])*
                        #[arg($($arg)*)]
                        $field: $type,
                    )*
                }

                impl Group for $group {
                    fn augment(command: clap::Command) -> clap::Command {
                        Fields::augment_args(command)
                    }

                    fn read(
                        matches: &mut clap::ArgMatches,
                        layer: &mut Layer,
                    ) -> Result<(), clap::Error> {
                        let fields = <Fields as clap::FromArgMatches>::from_arg_matches_mut(matches)?;
                        $(layer.$field = fields.$field;)*
                        Ok(())
                    }
                }
            };
        )*

        /// The name of each setting, and whether it is switched on or off.
        fn names() -> Vec<(String, bool)> {
            vec![$($((
                name_of(stringify!($field), concat!($(stringify!($($serde)*),)?)),
                TypeId::of::<$type>() == TypeId::of::<Option<bool>>(),
            ),)*)*]
        }

        /// All groups.
        pub enum Everything {}

        impl Group for Everything {
            fn augment(command: clap::Command) -> clap::Command {
                $(let command = $group::augment(command);)*
                command
            }

            fn read(matches: &mut clap::ArgMatches, layer: &mut Layer) -> Result<(), clap::Error> {
                $($group::read(matches, layer)?;)*
                Ok(())
            }
        }
    };
}

settings! {
    /// The authority, the application and the account.
    #[heading(Some("Account"))]
    Identity {
        /// The tenant: a GUID, a domain, `organizations`, `consumers` or `common`
        ///
        /// `organizations` accepts the accounts of every tenant, `consumers` personal accounts, `common` both.
        #[arg(long, short, alias = "tenant-id")]
        tenant: Option<String>,
        /// The application's "Application (client) ID"
        #[arg(long, value_name = "ID", aliases = ["app-id", "application-id"])]
        client_id: Option<String>,
        /// The national cloud
        #[arg(long, value_parser = choice::<Cloud>())]
        cloud: Option<Cloud>,
        /// The URL of another authority: a cloud host, an emulator, or an OpenID Connect issuer
        #[arg(long, value_name = "URL")]
        authority: Option<String>,
        /// The account: its user name or id
        #[arg(long)]
        account: Option<String>,
    }

    /// Who must have signed in.
    #[heading(Some("Account"))]
    Pins {
        /// Accept only accounts of this tenant: the `tid` claim
        #[arg(long, value_name = "GUID")]
        tid: Option<String>,
        /// Accept only this user: the `oid` claim
        #[arg(long, value_name = "GUID")]
        oid: Option<String>,
    }

    /// What the token is requested with.
    #[heading(Some("Token"))]
    Scopes {
        /// A scope to request; repeat for more
        #[arg(long, short, alias = "scopes", value_delimiter = ' ', num_args = 1)]
        #[serde(deserialize_with = "one_or_several")]
        scope: Option<Vec<String>>,
    }

    /// What the token is for.
    #[heading(Some("Token"))]
    Jobs {
        /// What the token is for, such as `imap`; repeat for more
        ///
        /// `entrada help jobs` lists them.
        #[arg(long, short, alias = "jobs", value_delimiter = ',', num_args = 1)]
        #[serde(deserialize_with = "one_or_several")]
        job: Option<Vec<JobName>>,
    }

    /// What the token is expected to be.
    #[heading(Some("Token"))]
    TokenProperties {
        /// Whether the token acts for a user or for the application itself
        #[arg(long = "as", value_parser = choice::<TokenSubject>())]
        #[serde(rename = "as")]
        subject: Option<TokenSubject>,
        /// The audience that a token for `--job custom` must have
        #[arg(long)]
        audience: Option<String>,
        /// Request a refresh token (`offline_access`); the default is true
        #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
                value_parser = BoolishValueParser::new(), hide_possible_values = true)]
        offline: Option<bool>,
    }

    /// Claims that are requested.
    #[heading(Some("Token"))]
    RequestedClaims {
        /// Claims to request, as JSON or in a file
        #[arg(long, value_name = "JSON|@FILE")]
        claims: Option<String>,
        /// Declare support for claims challenges (capability CP1); tokens then last up to a day and can be revoked early
        #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
                value_parser = BoolishValueParser::new(), hide_possible_values = true)]
        cp1: Option<bool>,
    }

    /// Which stored tokens are used.
    #[heading(Some("Token"))]
    Freshness {
        /// Refresh a stored token that expires sooner than this
        #[arg(long, value_name = "TIME")]
        min_ttl: Option<Span>,
    }

    /// What a finding does to the exit code.
    #[heading(Some("Token"))]
    Strictness {
        /// End with exit code 10 if the diagnosis of the token finds an error
        #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
                value_parser = BoolishValueParser::new(), hide_possible_values = true)]
        strict: Option<bool>,
    }

    /// The user that is expected at the sign-in page.
    #[heading(Some("Sign-in"))]
    LoginHint {
        /// The user name to fill in on the sign-in page; another user is refused
        #[arg(long, value_name = "USER")]
        login_hint: Option<String>,
    }

    /// By which flow the user signs in.
    #[heading(Some("Sign-in"))]
    SignInFlow {
        /// How to sign in
        #[arg(long, value_parser = choice::<flow::FlowKind>())]
        flow: Option<flow::FlowKind>,
        /// The redirect URI: an address, a port, or several ports
        #[arg(long, value_name = "URI")]
        redirect_uri: Option<RedirectUri>,
    }

    /// What the sign-in page shows, and how long it is waited for.
    #[heading(Some("Sign-in"))]
    SignIn {
        /// Print the sign-in address instead of opening a browser
        #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
                value_parser = BoolishValueParser::new(), hide_possible_values = true)]
        no_browser: Option<bool>,
        /// Never sign in by a code (device-code flow)
        #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
                value_parser = BoolishValueParser::new(), hide_possible_values = true)]
        no_device: Option<bool>,
        /// How long to wait for the user to sign in
        #[arg(long, value_name = "TIME")]
        timeout: Option<Span>,
        /// How the authority returns the authorization code
        #[arg(long, value_parser = choice::<ResponseMode>())]
        response_mode: Option<ResponseMode>,
        /// The domain of the account, for the sign-in page; or `consumers` or `organizations`
        #[arg(long, value_name = "DOMAIN")]
        domain_hint: Option<String>,
        /// What the sign-in page asks the user
        #[arg(long, value_parser = choice::<PagePrompt>())]
        prompt: Option<PagePrompt>,
        /// A further parameter of the authorization request; repeat for more
        #[arg(long, value_name = "NAME=VALUE", num_args = 1)]
        #[serde(deserialize_with = "one_or_several")]
        param: Option<Vec<Parameter>>,
    }

    /// How the sign-in code is shown.
    #[heading(Some("Sign-in"))]
    CodeDisplay {
        /// Show the sign-in address as a QR code
        #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
                value_parser = BoolishValueParser::new(), hide_possible_values = true)]
        qr: Option<bool>,
        /// Copy the sign-in code to the clipboard through the terminal (OSC 52)
        #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
                value_parser = BoolishValueParser::new(), hide_possible_values = true)]
        copy_code: Option<bool>,
    }

    /// Where sign-ins are stored.
    #[heading(Some("Store and network"))]
    Store {
        /// Where sign-ins are stored
        #[arg(long, value_parser = choice::<store::StoreKind>())]
        store: Option<store::StoreKind>,
        /// The file with the key for `--store file`
        #[arg(long, value_name = "FILE")]
        store_key_file: Option<String>,
        /// How secrets are sent to a keyring on D-Bus
        #[arg(long, value_parser = choice::<store::KeyringSession>())]
        keyring_session: Option<store::KeyringSession>,
    }

    /// How long another process is waited for.
    #[heading(Some("Store and network"))]
    Locking {
        /// How long to wait for another process that uses the same sign-in
        #[arg(long, value_name = "TIME")]
        lock_timeout: Option<Span>,
    }

    /// Which certificates are trusted.
    #[heading(Some("Store and network"))]
    Certificates {
        /// A file of PEM certificates to trust in addition to the system's
        #[arg(long, value_name = "FILE")]
        ca_bundle: Option<String>,
    }

    /// Whether HTTP traffic is recorded.
    #[heading(Some("Store and network"))]
    Recording {
        /// Record all requests and responses in a HAR 1.2 file, without secrets
        #[arg(long, value_name = "FILE")]
        trace: Option<String>,
    }

    /// Whether the user may be asked.
    #[heading(None::<&str>)]
    Interaction {
        /// Never ask the user anything
        #[arg(long, display_order = 900, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
                value_parser = BoolishValueParser::new(), hide_possible_values = true)]
        no_interactive: Option<bool>,
    }

    /// How much is said. Every command accepts it.
    #[heading(None::<&str>)]
    Quiet {
        /// Print only results, warnings and errors
        #[arg(long, short, display_order = 900, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL",
                value_parser = BoolishValueParser::new(), hide_possible_values = true)]
        quiet: Option<bool>,
    }
}

/// What a token is obtained by, except jobs and scopes.
pub type AcquisitionExceptScopes = (
    (Identity, Pins, TokenProperties, RequestedClaims, Freshness, Strictness),
    (LoginHint, SignInFlow, SignIn, CodeDisplay),
    (Store, Locking, Certificates, Recording, Interaction),
);

/// What a token is obtained by.
pub type Acquisition = (Jobs, Scopes, AcquisitionExceptScopes);

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

/// The name of `field`, whose attribute for serde is `serde`.
fn name_of(field: &str, serde: &str) -> String {
    let renamed = serde.strip_prefix("rename = \"").and_then(|name| name.strip_suffix('"'));
    renamed.map_or_else(|| field.replace('_', "-"), str::to_owned)
}

/// Made without clap: its description of all flags costs a run that reads a configuration file more than the file itself.
static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let names = names();
    let boolean = names.iter().filter(|(_, is_boolean)| *is_boolean);
    let boolean = boolean.map(|(name, _)| name.clone()).collect();
    Names { boolean, all: names.into_iter().map(|(name, _)| name).collect() }
});

impl Layer {
    /// What this layer says, key by key.
    pub fn table(&self) -> toml::Table {
        toml::Table::try_from(self).unwrap_or_default()
    }

    /// The settings that are paths of files to read.
    pub(super) fn paths(&mut self) -> [Option<&mut String>; 2] {
        [self.store_key_file.as_mut(), self.ca_bundle.as_mut()]
    }

    /// This layer without what selects the authority and the user: of use to another application too.
    pub(super) fn without_identity(&self) -> Self {
        Self {
            authority: None,
            cloud: None,
            account: None,
            tid: None,
            oid: None,
            login_hint: None,
            domain_hint: None,
            ..self.clone()
        }
    }

    /// This layer for the configuration file. A path on a command line begins in the folder of that run, one in the file does
    /// not.
    pub fn with_whole_paths(mut self) -> Self {
        for path in self.paths().into_iter().flatten() {
            if let Ok(whole) = std::path::absolute(&*path) {
                *path = whole.to_string_lossy().into_owned();
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::flags::Flags;
    use super::*;

    #[test]
    fn every_flag_is_a_file_key_and_every_file_key_is_a_flag() {
        let error = toml::from_str::<Layer>("nonsense = 0").unwrap_err().to_string();
        // serde lists all fields: "unknown field `nonsense`, expected one of `tenant`, …".
        let (_, expected) = error.split_once("expected one of ").unwrap();
        let fields = expected.lines().next().unwrap().split(", ");
        let mut fields: Vec<&str> = fields.map(|field| field.trim_matches('`')).collect();
        let mut flags: Vec<&str> = keys().iter().map(String::as_str).collect();
        fields.sort_unstable();
        flags.sort_unstable();
        assert_eq!(fields, flags);
    }

    #[test]
    fn the_names_are_those_of_the_flags() {
        let command = Flags::<Everything>::augment_args(clap::Command::new("settings"));
        let all: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
        assert_eq!(all, keys());
        let boolean = TypeId::of::<bool>();
        let boolean =
            command.get_arguments().filter(|arg| arg.get_value_parser().type_id() == boolean);
        let boolean: Vec<&str> = boolean.filter_map(clap::Arg::get_long).collect();
        assert_eq!(boolean, NAMES.boolean);
    }
}
