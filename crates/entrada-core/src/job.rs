//! Jobs: the purposes of tokens.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator as _;

/// The purpose of a token. `entra::jobs` has the facts about each.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::EnumIter,
    strum::EnumMessage,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Job {
    /// List my messages through Graph, headers only
    GraphMailListMetadata,
    /// Read my mail through Graph, bodies included
    #[default]
    GraphMailRead,
    /// Download attachments through Graph
    GraphMailAttachments,
    /// Create drafts, move, delete and flag through Graph
    GraphMailWrite,
    /// Send mail through Graph
    GraphMailSend,
    /// Send from a shared or another mailbox through Graph
    GraphMailSendAsShared,
    /// Read a shared or delegated mailbox through Graph
    GraphMailSharedRead,
    /// Read mailbox settings, rules and categories
    GraphMailboxSettingsRead,
    /// Change mailbox settings, such as automatic replies
    GraphMailboxSettingsWrite,
    /// Read my calendar
    GraphCalendarRead,
    /// Create and change events
    GraphCalendarWrite,
    /// Use calendars shared with me, find meeting times
    GraphCalendarShared,
    /// Read contacts
    GraphContactsRead,
    /// Write contacts
    GraphContactsWrite,
    /// Ask Graph who I am
    GraphProfile,
    /// Open a mailbox by IMAP (XOAUTH2)
    Imap,
    /// Fetch mail by POP3 (XOAUTH2)
    Pop,
    /// Submit mail by SMTP AUTH (XOAUTH2)
    Smtp,
    /// Use Exchange Web Services
    Ews,
    /// Use Exchange ActiveSync
    Eas,
    /// Use the retired Outlook REST API v2.0
    OutlookRestV2,
    /// Any call to Microsoft Graph: audience and kind of token only
    Graph,
    /// Any call to Azure Resource Manager: audience and kind of token only
    Arm,
    /// An API of your own: give `--audience` and `--scope`
    Custom,
    /// No target: kind of token, lifetime and grant only
    None,
    /// A job that the user described
    #[strum(disabled)]
    Own(OwnJob),
}

/// A job that the user described, for an API that entrada does not know or with its own texts. It lives as long as the
/// process, so that jobs are as cheap to copy as the known ones.
#[derive(Clone, Copy, Debug)]
pub struct OwnJob(&'static OwnNeeds);

/// The requirements of a job that the user described.
#[derive(Clone, Debug, Default)]
pub struct OwnNeeds {
    /// The spelling in flags and output.
    pub name: String,
    /// The description for people.
    pub title: String,
    /// The audience that the token must have.
    pub audience: String,
    /// The full scopes to request.
    pub scopes: Vec<&'static str>,
    /// Delegated permissions, any one of which is sufficient. Empty: the token needs none.
    pub sufficient: Vec<&'static str>,
    /// Application permissions, any one of which is sufficient for a token without a user.
    pub app_roles: Vec<&'static str>,
}

impl OwnJob {
    /// Keeps `needs` until the process ends.
    pub fn new(needs: OwnNeeds) -> Self {
        Self(Box::leak(Box::new(needs)))
    }

    /// The requirements on the token.
    pub fn needs(self) -> &'static OwnNeeds {
        self.0
    }
}

impl PartialEq for OwnJob {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for OwnJob {}

impl PartialOrd for OwnJob {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OwnJob {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.name.cmp(&other.0.name)
    }
}

impl std::hash::Hash for OwnJob {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl Job {
    /// The id of the job in flags, configuration and JSON.
    pub fn id(self) -> &'static str {
        // Output and clap use the same list of names.
        match self {
            Self::GraphMailListMetadata => "graph-mail-list-metadata",
            Self::GraphMailRead => "graph-mail-read",
            Self::GraphMailAttachments => "graph-mail-attachments",
            Self::GraphMailWrite => "graph-mail-write",
            Self::GraphMailSend => "graph-mail-send",
            Self::GraphMailSendAsShared => "graph-mail-send-as-shared",
            Self::GraphMailSharedRead => "graph-mail-shared-read",
            Self::GraphMailboxSettingsRead => "graph-mailbox-settings-read",
            Self::GraphMailboxSettingsWrite => "graph-mailbox-settings-write",
            Self::GraphCalendarRead => "graph-calendar-read",
            Self::GraphCalendarWrite => "graph-calendar-write",
            Self::GraphCalendarShared => "graph-calendar-shared",
            Self::GraphContactsRead => "graph-contacts-read",
            Self::GraphContactsWrite => "graph-contacts-write",
            Self::GraphProfile => "graph-profile",
            Self::Imap => "imap",
            Self::Pop => "pop",
            Self::Smtp => "smtp",
            Self::Ews => "ews",
            Self::Eas => "eas",
            Self::OutlookRestV2 => "outlook-rest-v2",
            Self::Graph => "graph",
            Self::Arm => "arm",
            Self::Custom => "custom",
            Self::None => "none",
            Self::Own(own) => &own.needs().name,
        }
    }

    /// The known job with this id. Dashes and underscores are equal, and `smtp_auth` means `smtp`.
    ///
    /// ```
    /// use entrada_core::Job;
    ///
    /// assert_eq!(Job::parse("imap"), Some(Job::Imap));
    /// assert_eq!(Job::parse("tea"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let id = text.trim().to_ascii_lowercase().replace('_', "-");
        if id == "smtp-auth" {
            return Some(Self::Smtp);
        }
        Self::iter().find(|job| job.id() == id)
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// The kind of subject that the token represents.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    strum::EnumIter,
    strum::EnumMessage,
    strum::EnumString,
    strum::IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum TokenSubject {
    /// A signed-in user: delegated permissions (`scp`)
    #[default]
    User,
    /// The application itself: application permissions (`roles`)
    App,
}

impl TokenSubject {
    /// The spelling in JSON and flags.
    pub fn id(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::App => "app",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_display_spell_every_job_alike() {
        for job in Job::iter() {
            assert_eq!(<&str>::from(job), job.id());
            assert_eq!(Job::parse(job.id()), Some(job));
        }
    }

    #[test]
    fn the_spellings_of_the_permission_table_are_understood() {
        assert_eq!(Job::parse("smtp_auth"), Some(Job::Smtp));
        assert_eq!(Job::parse("graph_mail_read"), Some(Job::GraphMailRead));
        assert_eq!(Job::parse("graph-mail"), None);
    }
}
