//! Complete configurations of other programs that get their tokens from entrada. Each works as printed.

mod fetchers;
mod programs;
mod readers;
mod senders;

use serde::{Deserialize, Serialize};

use entrada_core::Protocol;

/// A program that needs tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecipeTarget {
    /// Mirrors IMAP folders to a Maildir (isync)
    #[value(alias = "isync")]
    Mbsync,
    /// Sends mail
    Msmtp,
    /// Reads and sends mail in a terminal
    Mutt,
    /// Reads and sends mail in a terminal
    Neomutt,
    /// Reads and sends mail in a terminal
    Aerc,
    /// Reads mail on the command line
    Himalaya,
    /// Mirrors IMAP folders to a Maildir (offlineimap3)
    Offlineimap,
    /// Fetches mail (version 7)
    Fetchmail,
    /// Fetches mail (getmail6)
    Getmail,
    /// Sends patches, through msmtp
    GitSendEmail,
    /// Reads and sends mail
    Thunderbird,
    /// Speaks IMAP and HTTP on the command line
    Curl,
    /// Opens a mailbox with only Python's standard library
    Python,
    /// Calls Microsoft Graph
    Powershell,
}

/// A mail server, as configurations name it.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// Host name or address, in the form for a URL.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The protection of the connection.
    pub tls: TlsMode,
}

/// The protection of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// TLS from the first byte (implicit TLS).
    Implicit,
    /// STARTTLS.
    Starttls,
    /// No TLS.
    None,
}

/// The input of a recipe.
#[derive(Clone, Debug)]
pub struct Ingredients {
    /// The name of the account in the configuration: letters, digits, `-` and `_`.
    pub name: String,
    /// The address of the mailbox.
    pub user: String,
    /// The arguments after `entrada token` that select profile and account, not yet quoted.
    pub selectors: Vec<String>,
    /// Whether the program gets the token that the profile is for, instead of one for Exchange (`--job`). It does where the server
    /// is the user's own.
    pub gets_profiles_token: bool,
    /// The IMAP server.
    pub imap: MailServer,
    /// The SMTP server.
    pub smtp: MailServer,
    /// The origin of Microsoft Graph.
    pub graph: String,
    /// A file of certificates to trust in addition to the system's.
    pub ca: Option<String>,
    /// The application (client) ID.
    pub client_id: String,
    /// The authority, with the tenant.
    pub authority: String,
}

/// The facts about a program and its configuration.
#[derive(Debug)]
pub struct RecipePage {
    /// The program's own name for itself.
    pub title: &'static str,
    /// The path of the configuration, or a description of the script.
    pub file: &'static str,
    /// The prefix of a comment line in that file; empty where the format has none.
    pub comment: &'static str,
    /// The language of the file, for highlighting on pages.
    pub language: &'static str,
    /// The service that the program signs in to.
    pub protocols: &'static [Protocol],
    /// The name of the executable on the `PATH`, if there is one.
    pub program: Option<&'static str>,
    /// A requirement that holds where the XOAUTH2 plugin of Cyrus SASL is missing.
    pub sasl_plugin: Option<&'static str>,
    /// Requirements, and steps to do first.
    pub notes: &'static [&'static str],
}

impl RecipeTarget {
    /// The name on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Mbsync => "mbsync",
            Self::Msmtp => "msmtp",
            Self::Mutt => "mutt",
            Self::Neomutt => "neomutt",
            Self::Aerc => "aerc",
            Self::Himalaya => "himalaya",
            Self::Offlineimap => "offlineimap",
            Self::Fetchmail => "fetchmail",
            Self::Getmail => "getmail",
            Self::GitSendEmail => "git-send-email",
            Self::Thunderbird => "thunderbird",
            Self::Curl => "curl",
            Self::Python => "python",
            Self::Powershell => "powershell",
        }
    }

    /// The facts about the program.
    pub fn page(self) -> &'static RecipePage {
        match self {
            Self::Mbsync => &fetchers::MBSYNC,
            Self::Offlineimap => &fetchers::OFFLINEIMAP,
            Self::Fetchmail => &fetchers::FETCHMAIL,
            Self::Getmail => &fetchers::GETMAIL,
            Self::Mutt => &readers::MUTT,
            Self::Neomutt => &readers::NEOMUTT,
            Self::Aerc => &readers::AERC,
            Self::Himalaya => &readers::HIMALAYA,
            Self::Thunderbird => &readers::THUNDERBIRD,
            Self::Msmtp => &senders::MSMTP,
            Self::GitSendEmail => &senders::GIT_SEND_EMAIL,
            Self::Curl => &programs::CURL,
            Self::Python => &programs::PYTHON,
            Self::Powershell => &programs::POWERSHELL,
        }
    }

    /// The configuration.
    pub fn write(self, with: &Ingredients) -> String {
        match self {
            Self::Mbsync => fetchers::mbsync(with),
            Self::Offlineimap => fetchers::offlineimap(with),
            Self::Fetchmail => fetchers::fetchmail(with),
            Self::Getmail => fetchers::getmail(with),
            Self::Mutt => readers::mutt(with, "~/.cache/mutt"),
            Self::Neomutt => readers::mutt(with, "~/.cache/neomutt"),
            Self::Aerc => readers::aerc(with),
            Self::Himalaya => readers::himalaya(with),
            Self::Thunderbird => readers::thunderbird(with),
            Self::Msmtp => senders::msmtp(with),
            Self::GitSendEmail => senders::git_send_email(with),
            Self::Curl => programs::curl(with),
            Self::Python => programs::python(with),
            Self::Powershell => programs::powershell(with),
        }
    }
}

impl Ingredients {
    /// The words of the command that prints a token for `job`. A program that waits for the output cannot answer a prompt,
    /// so the command has `--no-interactive`.
    fn words(&self, job: &str) -> Vec<String> {
        let fixed =
            |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let mut words = fixed(&["entrada", "token"]);
        words.extend(self.selectors.iter().cloned());
        if !self.gets_profiles_token {
            words.extend(fixed(&["--job", job]));
        }
        words.extend(fixed(&["--no-interactive"]));
        words
    }

    /// The same command, quoted for a POSIX shell.
    fn command(&self, job: &str) -> String {
        let words = self.words(job);
        words.iter().map(|word| entrada_core::posix_quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// The address of the mailbox, escaped for a URL.
    fn user_in_url(&self) -> String {
        url::form_urlencoded::byte_serialize(self.user.as_bytes()).collect()
    }

    /// Lines that are needed only with a certificate file.
    fn if_ca(&self, line: impl FnOnce(&str) -> String) -> String {
        self.ca.as_deref().map(line).unwrap_or_default()
    }
}

/// `text` between double quotes, with backslash escapes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `text` between double quotes for shells and similar programs, which expand variables and commands there.
fn shell_like(text: &str) -> String {
    quoted(text).replace('$', "\\$").replace('`', "\\`")
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    /// An account whose names contain quotes and commands, which must stay inside their quotes.
    #[test]
    fn names_stay_within_their_quotes() {
        let place =
            || MailServer { host: "mail.example".to_owned(), port: 993, tls: TlsMode::Implicit };
        let with = Ingredients {
            name: "work".to_owned(),
            user: "a`touch X`$HOME\"b'c%d@contoso.example".to_owned(),
            selectors: vec!["--account".to_owned(), "o\u{2019}; touch X".to_owned()],
            gets_profiles_token: false,
            imap: place(),
            smtp: place(),
            graph: "https://graph.microsoft.com".to_owned(),
            ca: None,
            client_id: String::new(),
            authority: "https://login.example/common".to_owned(),
        };
        for client in RecipeTarget::value_variants() {
            let text = client.write(&with);
            let has = |part: &str| assert!(text.contains(part), "{client:?}: {text}");
            match client {
                RecipeTarget::Mutt | RecipeTarget::Neomutt => {
                    has("set imap_user = \"a\\`touch X\\`\\$HOME\\\"b'c%d@contoso.example\"");
                }
                RecipeTarget::Offlineimap => {
                    has("remoteuser = a`touch X`$HOME\"b'c%%d@contoso.example");
                }
                RecipeTarget::Curl => has("--user 'a`touch X`$HOME\"b'\\''c%d@contoso.example:'"),
                RecipeTarget::Powershell => has("--account 'o\u{2019}\u{2019}; touch X'"),
                RecipeTarget::Python => {
                    has("USER, HOST = \"a`touch X`$HOME\\\"b'c%d@contoso.example\"");
                }
                RecipeTarget::Mbsync | RecipeTarget::Fetchmail => {
                    has("\"a`touch X`$HOME\\\"b'c%d@contoso.example\"");
                }
                _ => (),
            }
        }
    }
}
