//! Errors of services and client libraries that one sentence or code identifies, whatever stands around it.
//!
//! The records are JSON, one on each line: [`KnownError`] says what their members mean. To add one, write its line into the
//! file of its kind; the tests check it.

mod audiences;
mod differences;
mod issuers;
mod role_scope;
mod scopes;
mod tenants;
mod text;
mod vault;

use std::sync::OnceLock;

use serde::Deserialize;

pub(super) use self::audiences::name_both as name_both_audiences;
pub(super) use self::audiences::refine as refine_audiences;
pub(super) use self::issuers::refine as refine_issuers;
pub(super) use self::role_scope::refine as refine_role_scope;
use self::text::{Found, Phrases};
pub(super) use self::text::{is_permission, plain};
use super::{Hypothesis, misspelt};
use crate::excerpt::statement;
use crate::{Confidence, Facts, RuleId, Who};
use entrada_core::entra::resources;
use entrada_core::shell_quoted;

/// The field of the evidence that names who writes an error.
const ORIGIN: &str = "written by";

/// The records, most specific first. They are parsed at the first look-up.
const DATA: [&str; 20] = [
    include_str!("mail_and_sign_in.json"),
    include_str!("sign_in_libraries.json"),
    include_str!("mail_services.json"),
    include_str!("federation.json"),
    include_str!("sign_in_steps.json"),
    include_str!("teams_and_mail.json"),
    include_str!("azure_tools.json"),
    include_str!("azure_data_more.json"),
    include_str!("azure_apis.json"),
    include_str!("azure_pipelines.json"),
    include_str!("azure_data.json"),
    include_str!("azure_platform.json"),
    include_str!("services.json"),
    include_str!("azure.json"),
    include_str!("token_checks.json"),
    include_str!("microsoft_365.json"),
    include_str!("sign_in_programs.json"),
    include_str!("client_libraries.json"),
    include_str!("mail_programs.json"),
    include_str!("pages.json"),
];

/// The records of what people tell where no program says anything: product, operation and symptom. Each makes its causes only
/// possible.
const SYMPTOMS: [&str; 2] = [include_str!("symptoms_azure.json"), include_str!("symptoms.json")];

/// An error with a known text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnownError {
    /// Phrases that must all occur, in lower case, with single spaces; ` | ` separates alternatives of one phrase. A phrase
    /// that begins or ends with a letter or digit is not found inside a longer word, unless `*` follows it.
    phrases: Vec<String>,
    /// Phrases that must not occur.
    #[serde(default)]
    unless: Vec<String>,
    /// Whether the first phrase is ordinary language, and so counts only as a whole: as the whole text, in quotes, or
    /// after a colon.
    #[serde(default)]
    alone: bool,
    /// The cause that it points to.
    #[serde(deserialize_with = "rule")]
    pub(crate) cause: RuleId,
    /// Who can fix it, where that differs from the rule.
    #[serde(default)]
    who: Option<Who>,
    /// At most `likely`, unless a machine wrote the phrases and only this service writes them.
    #[serde(deserialize_with = "confidence")]
    pub(crate) confidence: Confidence,
    /// The service or library that writes it.
    pub(crate) origin: String,
    /// What else to read from the text.
    #[serde(default)]
    read: Read,
    /// The message of the finding.
    pub(crate) message: String,
    /// Other causes that the same text may have, with their messages.
    #[serde(default)]
    or: Vec<(String, String)>,
    /// What to do about it.
    #[serde(default)]
    pub(crate) help: Vec<String>,
    /// A text that contains it.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests read it"))]
    example: String,
}

/// What the text of an error names in addition to its phrases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Read {
    /// Nothing.
    #[default]
    Nothing,
    /// The permissions that suffice for the call: `API requires one of 'Chat.Read, Chat.ReadWrite'`.
    Permissions,
    /// The issuer of the token and the expected one.
    Issuers,
    /// The audience of the token.
    Audience,
    /// The audience of the token and the expected one.
    Audiences,
    /// The scope at which a role is missing.
    RoleScope,
    /// The scopes of the request and of the answer.
    Scopes,
    /// The tenants that the service accepts.
    Tenants,
    /// The permission that a key vault's access policy lacks.
    VaultPermission,
}

/// A known error in a text.
#[derive(Debug)]
pub(crate) struct Match {
    /// The record.
    pub(crate) error: &'static KnownError,
    /// The text, with single spaces and without the escapes of JSON.
    text: String,
    /// Where a line ended in it.
    line_ends: Vec<usize>,
    /// Where the first phrase begins in it.
    at: usize,
}

/// Finds the first known error in `text`, which may be folded, indented or escaped, and is compared without case.
pub(crate) fn find(text: &str) -> Option<Match> {
    find_in(all(), text)
}

/// Finds the first symptom that `text` tells. It counts where at most a status explains the text.
pub(crate) fn find_symptom(text: &str) -> Option<Match> {
    find_in(symptoms(), text)
}

fn find_in(all: &'static All, text: &str) -> Option<Match> {
    let found = Found::new(&all.phrases, text);
    let error = all.errors.iter().zip(&all.wanted).find_map(|(error, wanted)| {
        let mut at = None;
        for (number, phrase) in wanted.phrases.iter().enumerate() {
            let alone = error.alone && number == 0;
            let here = phrase.iter().find_map(|phrase| found.at(*phrase, alone))?;
            at = at.or(Some(here));
        }
        let excluded = wanted.unless.iter().flatten().any(|it| found.at(*it, false).is_some());
        at.filter(|_| !excluded).map(|at| (error, at))
    });
    error.map(|(error, at)| {
        let (text, line_ends) = found.into_text();
        Match { error, text, line_ends, at }
    })
}

impl Match {
    /// Whether the text makes its cause only possible.
    pub(super) fn is_guess(&self) -> bool {
        self.error.confidence == Confidence::Possible
    }

    /// Whether the text only makes it possible that the token is for another API.
    pub(super) fn is_guess_of_audience(&self) -> bool {
        self.error.cause == RuleId::WrongAudience && self.is_guess()
    }

    /// The match without `end`, which was added to the text for the search.
    pub(super) fn without_end(mut self, end: &str) -> Self {
        if let Some(text) = self.text.strip_suffix(end) {
            self.text.truncate(text.trim_end().len());
            self.at = self.at.min(self.text.len());
        }
        self
    }

    /// The causes that the error points to, most important first.
    pub(super) fn causes(&self, facts: &Facts) -> Vec<Hypothesis> {
        let error = self.error;
        let mut first = Hypothesis::new(error.cause, error.confidence, error.message.clone());
        for help in &error.help {
            first = first.help(help.clone());
        }
        match error.read {
            Read::Nothing if error.cause == RuleId::WrongAudience => {
                audiences::name_both(&self.text, &mut first);
            }
            Read::Nothing => (),
            Read::Permissions => self.name_permissions(facts, &mut first),
            Read::Issuers => {
                issuers::refine(&self.text, &mut first);
                tenants::name(&self.text, &mut first);
            }
            Read::Audience => self.name_audience(&mut first),
            Read::Audiences => audiences::refine(&self.text, &mut first),
            Read::RoleScope => role_scope::refine(&self.text, &mut first),
            Read::Scopes => scopes::refine(&self.text, &mut first),
            Read::Tenants => issuers::name_tenants(&self.text, &mut first),
            Read::VaultPermission => vault::refine(&self.text, &mut first),
        }
        self.name_misspelt_host(&mut first);
        let is_near = differences::refine(&self.text, &mut first);
        // The code and the message of an API's own error are shown anyway.
        let is_shown =
            facts.evidence.answer.as_ref().is_some_and(|answer| answer.message().is_some());
        if !is_shown {
            first.evidence.push(("text", self.sentence()));
        }
        first.evidence.push((ORIGIN, error.origin.clone()));
        first.who = error.who;
        // A service that names the missing permission knows better than the job.
        let is_named = first.id == RuleId::MissingScope && first.confidence == Confidence::Certain;
        let asks_administrator = first.help.iter().any(|help| help.contains("administrator"));
        first.is_complete |= match first.id {
            RuleId::MissingScope | RuleId::WrongAudience => {
                !first.help.is_empty() && (is_named || facts.claims().is_none())
            }
            // The cause has its own remedy, such as the right to impersonate.
            RuleId::MailboxPermissionMissing => asks_administrator,
            // The record names the role, or the tenant, which the rule does not know.
            RuleId::AzureRoleMissing | RuleId::AppCertificateRequired => !first.help.is_empty(),
            // The account of a command-line tool is no mailbox's.
            RuleId::WrongAccount => first.help.iter().any(|help| help.contains("az login")),
            // A password of a database goes into no header.
            RuleId::MalformedToken => first.help.iter().any(|help| help.contains("bare token")),
            RuleId::MissingAppRole => !first.help.is_empty() && facts.claims().is_none(),
            RuleId::WrongTenant => {
                first.help.iter().any(|help| help.contains("--tenant")) && facts.claims().is_none()
            }
            _ => is_near || (error.read == Read::Tenants && !first.help.is_empty()),
        } || is_near;
        let others = error.or.iter().filter_map(|(cause, message)| {
            Some(Hypothesis::possible(RuleId::parse(cause)?, message.clone()))
        });
        std::iter::once(first).chain(others).collect()
    }

    /// The statement that identifies the error.
    fn sentence(&self) -> String {
        /// Bytes on either side of the phrase that may belong to its statement.
        const WINDOW: usize = 700;
        let (mut from, mut to) =
            (self.at.saturating_sub(WINDOW), self.text.len().min(self.at + WINDOW));
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        while !self.text.is_char_boundary(to) {
            to -= 1;
        }
        let mut lines = self.text[from..to].to_owned();
        let first = self.line_ends.partition_point(|end| *end < from);
        for end in self.line_ends[first..].iter().take_while(|end| **end < to) {
            lines.replace_range(end - from..=end - from, "\n");
        }
        statement(&lines, self.at - from)
    }

    /// Names the permissions of which one suffices for the call. Microsoft lists the least privileged first.
    fn name_permissions(&self, facts: &Facts, told: &mut Hypothesis) {
        const ALL: usize = 6;
        let list = ["requires one of", "one of the following scopes", "missing permission scope"];
        let list = list.iter().find_map(|before| text::list_after(&self.text, before));
        let names: Vec<&str> = list
            .unwrap_or_default()
            .split([',', ' '])
            .map(|name| name.trim_end_matches('.'))
            .filter(|name| text::is_permission(name))
            .take(ALL)
            .collect();
        let Some(least) = names.first() else { return };
        let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let of_user = told.id == RuleId::MissingScope;
        let kind = if of_user { "delegated" } else { "application" };
        told.message = if let [one] = list.as_slice() {
            format!("the call requires the {kind} permission {one}, which the token lacks")
        } else {
            format!(
                "the call requires one of the {kind} permissions {}, and the token has none of them",
                list.join(", ")
            )
        };
        let scope = format!("https://graph.microsoft.com/{least}");
        told.help = if of_user {
            let flags = format!("--scope {}", shell_quoted(&scope));
            vec![format!("sign in with `{least}`: {}", facts.login(&flags))]
        } else {
            vec![format!(
                "an administrator grants the application permission `{least}`; then get a new token"
            )]
        };
    }

    /// Names a misspelt host, which explains that a program cannot reach it.
    fn name_misspelt_host(&self, told: &mut Hypothesis) {
        if !matches!(told.id, RuleId::InvalidTenant | RuleId::NotAboutTheToken) {
            return;
        }
        if let Some((host, meant)) = misspelt::in_text(&self.text) {
            told.id = RuleId::WrongAuthorityEndpoint;
            told.confidence = Confidence::Likely;
            told.message = crate::read::misspelt_message(&host, meant);
            told.help =
                vec![format!("correct the host to `{meant}` in the program's configuration")];
        }
    }

    /// Names the service that the token is for.
    fn name_audience(&self, told: &mut Hypothesis) {
        let said = ["audiences: '", "the audience '", "got [\""];
        let aud = said.iter().find_map(|before| {
            let at = self.text.to_ascii_lowercase().find(before)?;
            self.text[at + before.len()..].split(['\'', '"', ',']).next()
        });
        if let Some(known) = aud.and_then(resources::of_audience) {
            told.message =
                format!("the token is for {}, and the API does not accept it", known.name);
        }
    }
}

/// All records, and their phrases, prepared for the search.
struct All {
    errors: Vec<KnownError>,
    /// The phrases of each record, as numbers in `phrases`.
    wanted: Vec<Wanted>,
    phrases: Phrases,
}

/// The phrases of one record, each with its alternatives.
struct Wanted {
    phrases: Vec<Vec<usize>>,
    unless: Vec<Vec<usize>>,
}

fn all() -> &'static All {
    static ALL: OnceLock<All> = OnceLock::new();
    ALL.get_or_init(|| All::of(&DATA))
}

fn symptoms() -> &'static All {
    static ALL: OnceLock<All> = OnceLock::new();
    ALL.get_or_init(|| All::of(&SYMPTOMS))
}

impl All {
    fn of(data: &[&'static str]) -> Self {
        // A broken record cannot pass the tests.
        let read = |data: &&str| serde_json::from_str::<Vec<KnownError>>(data).unwrap_or_default();
        let errors: Vec<KnownError> = data.iter().flat_map(read).collect();
        let mut phrases = Vec::new();
        let wanted = errors
            .iter()
            .map(|error| Wanted {
                phrases: numbered(&error.phrases, &mut phrases),
                unless: numbered(&error.unless, &mut phrases),
            })
            .collect();
        let phrases = Phrases::new(&phrases);
        Self { errors, wanted, phrases }
    }
}

/// Adds the alternatives of each phrase in `said` to `all`, and returns their numbers.
fn numbered<'a>(said: &'a [String], all: &mut Vec<&'a str>) -> Vec<Vec<usize>> {
    let mut number = |one: &'a str| {
        all.push(one);
        all.len() - 1
    };
    said.iter().map(|phrase| phrase.split(" | ").map(&mut number).collect()).collect()
}

/// The rule of this name.
/// The rule of this name.
pub(super) fn rule<'de, D: serde::Deserializer<'de>>(from: D) -> Result<RuleId, D::Error> {
    let name = String::deserialize(from)?;
    RuleId::parse(&name).ok_or_else(|| serde::de::Error::custom(format!("no rule `{name}`")))
}

/// The confidence of this name.
pub(super) fn confidence<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Confidence, D::Error> {
    let name = String::deserialize(from)?;
    let all = [Confidence::Certain, Confidence::Likely, Confidence::Possible];
    let found = all.into_iter().find(|one| one.id() == name);
    found.ok_or_else(|| serde::de::Error::custom(format!("no confidence `{name}`")))
}

/// The phrases of each record as one sentence, each phrase in its first form.
#[cfg(test)]
pub(super) fn bare_sentences() -> Vec<String> {
    let first = |phrase: &String| {
        let first = phrase.split(" | ").next().unwrap_or_default();
        first.trim_end_matches('*').to_owned()
    };
    let sentence = |error: &KnownError| error.phrases.iter().map(first).collect::<Vec<_>>();
    all().errors.iter().map(|error| sentence(error).join(" ")).collect()
}

#[cfg(test)]
mod tests;
