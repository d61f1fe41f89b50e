//! Configurations of other programs that get their tokens from us: each is whole, and works as it is printed.

mod fetchers;
mod programs;
mod readers;
mod senders;

use serde::{Deserialize, Serialize};

use entrada_core::Protocol;

/// A program that wants tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Client {
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
    /// Opens a mailbox with nothing but Python
    Python,
    /// Calls Microsoft Graph
    Powershell,
}

/// A mail server as configurations name it.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// Name or address, as it stands in a URL.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte on.
    Implicit,
    /// On demand.
    Starttls,
    /// Not at all.
    None,
}

/// What a recipe is made from.
#[derive(Clone, Debug)]
pub struct Ingredients {
    /// What the account is called in the configuration: letters, digits, `-` and `_`.
    pub name: String,
    /// The mailbox's address.
    pub user: String,
    /// The words after `entrada token` that select profile and account; not yet quoted.
    pub selectors: Vec<String>,
    /// Where mail is read by IMAP.
    pub imap: MailServer,
    /// Where mail is sent.
    pub smtp: MailServer,
    /// Graph's origin.
    pub graph: String,
    /// A file of certificates to trust beside the system's.
    pub ca: Option<String>,
    /// The application's id.
    pub client_id: String,
    /// The authority, with the tenant.
    pub authority: String,
}

/// What surrounds a configuration.
#[derive(Debug)]
pub struct Page {
    /// The program, as it calls itself.
    pub title: &'static str,
    /// Where the configuration belongs; a command, where it is a script.
    pub file: &'static str,
    /// How a file of that kind marks a comment; empty where it has none of a line.
    pub comment: &'static str,
    /// The language, for pages.
    pub language: &'static str,
    /// What the program signs in to.
    pub protocols: &'static [Protocol],
    /// The program's own name on the `PATH`, where it can be looked for.
    pub program: Option<&'static str>,
    /// Whether it needs Cyrus SASL's plugin for XOAUTH2.
    pub sasl_plugin: bool,
    /// What to know, and to do before.
    pub notes: &'static [&'static str],
}

impl Client {
    /// As the command line spells it.
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

    /// What surrounds its configuration.
    pub fn page(self) -> &'static Page {
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
    /// The words of the command that prints a token for `job`. No program that waits for its output can be asked anything.
    fn words(&self, job: &str) -> Vec<String> {
        let fixed =
            |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let mut words = fixed(&["entrada", "token"]);
        words.extend(self.selectors.iter().cloned());
        words.extend(fixed(&["--job", job, "--no-interactive"]));
        words
    }

    /// The same for a shell.
    fn command(&self, job: &str) -> String {
        let words = self.words(job);
        words.iter().map(|word| entrada_core::shell_quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// The mailbox's address in a URL.
    fn user_in_url(&self) -> String {
        url::form_urlencoded::byte_serialize(self.user.as_bytes()).collect()
    }

    /// Lines that stand only where there are certificates to trust.
    fn if_ca(&self, line: impl FnOnce(&str) -> String) -> String {
        self.ca.as_deref().map(line).unwrap_or_default()
    }
}

/// `text` between double quotes, where a backslash escapes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The same for shells and their like, which look for variables and commands between double quotes.
fn shell_like(text: &str) -> String {
    quoted(text).replace('$', "\\$").replace('`', "\\`")
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    /// An account whose names would do something, where they got out of their quotes.
    #[test]
    fn names_stay_within_their_quotes() {
        let place =
            || MailServer { host: "mail.example".to_owned(), port: 993, tls: Tls::Implicit };
        let with = Ingredients {
            name: "work".to_owned(),
            user: "a`touch X`$HOME\"b'c%d@contoso.example".to_owned(),
            selectors: vec!["--account".to_owned(), "o\u{2019}; touch X".to_owned()],
            imap: place(),
            smtp: place(),
            graph: "https://graph.microsoft.com".to_owned(),
            ca: None,
            client_id: String::new(),
            authority: "https://login.example/common".to_owned(),
        };
        for client in Client::value_variants() {
            let text = client.write(&with);
            let has = |part: &str| assert!(text.contains(part), "{client:?}: {text}");
            match client {
                Client::Mutt | Client::Neomutt => {
                    has("set imap_user = \"a\\`touch X\\`\\$HOME\\\"b'c%d@contoso.example\"");
                }
                Client::Offlineimap => has("remoteuser = a`touch X`$HOME\"b'c%%d@contoso.example"),
                Client::Curl => has("--user 'a`touch X`$HOME\"b'\\''c%d@contoso.example:'"),
                Client::Powershell => has("--account 'o\u{2019}\u{2019}; touch X'"),
                Client::Python => has("USER, HOST = \"a`touch X`$HOME\\\"b'c%d@contoso.example\""),
                Client::Mbsync | Client::Fetchmail => {
                    has("\"a`touch X`$HOME\\\"b'c%d@contoso.example\"");
                }
                _ => (),
            }
        }
    }
}
