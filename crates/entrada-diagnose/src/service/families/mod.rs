//! Families of statements: errors that no record knows by their words, and that state which thing is in which state: `state` was
//! not found, an address is missing, a permission was not granted.
//!
//! A family names the thing and its states in many words; both stand in one statement, in any order. [`Family`] says what the
//! members of a family mean. To add one, write it into the file of its field with texts that state it; the tests check it.

mod words;

use std::sync::OnceLock;

use serde::Deserialize;

use self::words::{Segment, has, segments, states_a_failure};
use super::Hypothesis;
use super::known_errors::is_permission;
use crate::{RuleId, Who};

/// The families, most specific first.
const DATA: [&str; 7] = [
    include_str!("network.json"),
    include_str!("session.json"),
    include_str!("programs.json"),
    include_str!("tokens.json"),
    include_str!("endpoints.json"),
    include_str!("accounts.json"),
    include_str!("rights.json"),
];

/// Words of the field. One of them stands somewhere in the text, or a family does not apply.
const FIELD: [&str; 104] = [
    "aad*",
    "access token",
    "account not provisioned",
    "acquire token*",
    "activesync",
    "adal*",
    "administrators approval",
    "app based",
    "app only",
    "application permission*",
    "at least one scope",
    "authlib",
    "authorization server",
    "azd",
    "azure*",
    "bearer",
    "belongs to an organization",
    "browser auth error",
    "calendars read*",
    "chat read*",
    "client certificate",
    "client id",
    "client secret",
    "code challenge",
    "code verifier",
    "connect az*",
    "connect exchange*",
    "connect ipp*",
    "connect mg*",
    "connect microsoft*",
    "connect pnp*",
    "connect spo*",
    "dev azure com",
    "device code",
    "devicelogin",
    "entra*",
    "ews",
    "exchange*",
    "files read*",
    "get cs*",
    "get mg*",
    "gmail",
    "grant cs*",
    "graph*",
    "hotmail*",
    "id token",
    "identity provider",
    "identity web",
    "idp",
    "imap*",
    "jwt*",
    "logged in",
    "login",
    "logon",
    "logon session",
    "m365",
    "mail read*",
    "mail send",
    "mail*",
    "microsoft*",
    "microsoftonline",
    "msal*",
    "msgraph",
    "new cs*",
    "next auth",
    "not provisioned",
    "o365",
    "oauth*",
    "office",
    "office365",
    "oidc*",
    "onedrive",
    "openid*",
    "outlook*",
    "personal account*",
    "pkce",
    "pnp*",
    "pop3",
    "provisioning",
    "redirect uri",
    "refresh token",
    "reply url",
    "saml*",
    "sasl",
    "set cs*",
    "sharepoint",
    "sign in",
    "sign in page",
    "sign you in",
    "signed in",
    "signin",
    "sites read*",
    "smtp*",
    "sso",
    "sts windows net",
    "teams",
    "tenant id",
    "tenants",
    "this action or access this resource",
    "token",
    "user read*",
    "visualstudio com",
    "work or school",
    "xoauth2",
];

/// Statements of a family.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    /// Groups of words in lower case, without marks; ` | ` separates the alternatives of a group. Each group has one in the
    /// statement. A `*` at the end stands for the rest of a word.
    says: Vec<String>,
    /// Words of which none stands in the statement.
    #[serde(default)]
    unless: String,
    /// Words of which one stands somewhere in the text.
    #[serde(default)]
    beside: String,
    /// Whether the statement may also be a fact that documentation states. Then the text has to report a failure.
    #[serde(default)]
    is_fact: bool,
    /// Whether only one service writes it, so that it also counts in an answer in JSON that allows only guesses.
    #[serde(default)]
    is_specific: bool,
    /// The cause that it points to.
    cause: String,
    /// Who can fix it, where that differs from the rule.
    #[serde(default)]
    who: Option<Who>,
    /// The message of the finding.
    message: String,
    /// What to do about it.
    help: Vec<String>,
    /// Texts that state it, in different words.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests read it"))]
    examples: Vec<String>,
}

/// A family, prepared for the search.
struct Prepared {
    family: Family,
    cause: RuleId,
    says: Vec<Vec<&'static str>>,
    unless: Vec<&'static str>,
    beside: Vec<&'static str>,
}

/// A statement of a family in a text.
pub(crate) struct Stated {
    family: &'static Prepared,
    statement: String,
}

/// Finds what `text` states, by the most specific family.
pub(crate) fn find(text: &str) -> Option<Stated> {
    let read = words::Read::new(text);
    if !has(&read.words, &FIELD) {
        return None;
    }
    let segments = segments(&read);
    if segments.is_empty() {
        return None;
    }
    let reports = states_a_failure(&read.words);
    all().iter().find_map(|family| {
        if (family.family.is_fact && !reports)
            || !(family.beside.is_empty() || has(&read.words, &family.beside))
        {
            return None;
        }
        let fits = |segment: &&Segment| {
            family.says.iter().all(|group| has(&segment.words, group))
                && !has(&segment.words, &family.unless)
        };
        let segment = segments.iter().find(fits)?;
        // A later success cancels it.
        if words::ends_well(&read, segment) {
            return None;
        }
        Some(Stated { family, statement: segment.shown() })
    })
}

impl Stated {
    /// The rule that reports it.
    pub(crate) fn id(&self) -> RuleId {
        self.family.cause
    }

    /// Whether only one service writes it.
    pub(super) fn is_specific(&self) -> bool {
        self.family.family.is_specific
    }

    /// The cause that it points to.
    pub(super) fn cause(&self) -> Hypothesis {
        let family = &self.family.family;
        let mut told = Hypothesis::likely(self.id(), family.message.clone());
        for help in &family.help {
            told = told.help(help.clone());
        }
        self.name_permission(&mut told);
        told.who = family.who;
        told.is_complete = true;
        told.evidence.push(("text", self.statement.clone()));
        told
    }

    /// Names the permissions that the statement names.
    fn name_permission(&self, told: &mut Hypothesis) {
        if !matches!(told.id, RuleId::MissingScope | RuleId::MissingAppRole) {
            return;
        }
        let ends = |c: char| c.is_whitespace() || ",;'\"`()[]{}".contains(c);
        let names: Vec<String> = self
            .statement
            .split(ends)
            .map(|name| name.trim_end_matches(['.', ':']))
            .filter(|name| is_permission(name) && names_a_permission(name))
            .map(|name| format!("`{name}`"))
            .take(4)
            .collect();
        if !names.is_empty() {
            told.message = format!("{}: {}", told.message, names.join(", "));
        }
    }
}

/// Whether the last parts of `name` are those of a permission: `Mail.Read`, `Sites.FullControl.All`.
fn names_a_permission(name: &str) -> bool {
    const ACTS: [&str; 9] =
        ["Read", "Send", "Write", "Access", "Full", "Manage", "Create", "Invite", "Selected"];
    name.split('.').skip(1).any(|part| ACTS.iter().any(|act| part.starts_with(act)))
}

fn all() -> &'static [Prepared] {
    static ALL: OnceLock<Vec<Prepared>> = OnceLock::new();
    ALL.get_or_init(|| {
        // A broken family cannot pass the tests.
        let read = |data| serde_json::from_str::<Vec<Family>>(data).unwrap_or_default();
        DATA.into_iter().flat_map(read).filter_map(prepared).collect()
    })
}

fn prepared(family: Family) -> Option<Prepared> {
    // The table lives as long as the program.
    let split = |said: &str| -> Vec<&'static str> {
        let said: &'static str = Box::leak(said.to_owned().into_boxed_str());
        said.split(" | ").filter(|one| !one.is_empty()).collect()
    };
    Some(Prepared {
        cause: RuleId::parse(&family.cause)?,
        says: family.says.iter().map(|group| split(group)).collect(),
        unless: split(&family.unless),
        beside: split(&family.beside),
        family,
    })
}

#[cfg(test)]
mod tests;
