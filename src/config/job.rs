//! Jobs by name: those on record, and those that the configuration file describes under `[jobs.NAME]`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator as _;

use super::nearest;
use entrada_core::{Job, OwnJob, OwnNeeds, clean};

/// The name of a job, which need not be on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobName(String);

/// `[jobs.NAME]` of the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct JobTable {
    /// What it is, for people.
    pub title: Option<String>,
    /// Whom the token must be for: the API's address or GUID.
    pub audience: String,
    /// What to ask for.
    pub scope: Vec<String>,
    /// Delegated permissions, any one of which does; those of `scope` when absent.
    pub sufficient: Option<Vec<String>>,
    /// Application permissions, any one of which does for a token without a user.
    pub app_roles: Vec<String>,
}

impl JobName {
    /// The job of this name: on record, or among `own`; the error names the nearest.
    pub(super) fn find<'a>(
        &self,
        own: impl Fn(&str) -> Option<&'a JobTable>,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<Job, String> {
        if let Some(job) = Job::parse(&self.0) {
            return Ok(job);
        }
        if let Some(table) = own(&self.0) {
            return Ok(Job::Own(table.job(&self.0)));
        }
        let on_record: Vec<&str> = Job::iter().map(Job::id).collect();
        let near = match nearest(&self.0, on_record.into_iter().chain(names)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`entrada explain jobs` lists them.".to_owned(),
        };
        let name = &self.0;
        Err(format!(
            "there is no job `{name}`; {near} `[jobs.{name}]` in the configuration file describes one of your own"
        ))
    }
}

impl FromStr for JobName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.trim().to_ascii_lowercase();
        let ok = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || 64 < name.len() || !name.chars().all(ok) {
            return Err("a job's name has letters, digits, `-`, `_` and `.` only".to_owned());
        }
        Ok(Self(name))
    }
}

impl TryFrom<String> for JobName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<JobName> for String {
    fn from(name: JobName) -> Self {
        name.0
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JobTable {
    /// Its keys.
    pub(super) const KEYS: [&str; 5] = ["title", "audience", "scope", "sufficient", "app-roles"];

    /// Whether it can be used under `name`.
    pub(super) fn check(&self, name: &str) -> Result<(), String> {
        let own: JobName = name.parse().map_err(|reason| format!("[jobs.{name}]: {reason}"))?;
        if Job::parse(&own.0).is_some() {
            return Err(format!("[jobs.{name}]: that job is built in; choose another name"));
        }
        if own.0 != name {
            return Err(format!("[jobs.{name}]: write the name in lower case"));
        }
        if self.audience.trim().is_empty() {
            return Err(format!(
                "[jobs.{name}] needs an `audience`: the API that the token is for"
            ));
        }
        Ok(())
    }

    fn job(&self, name: &str) -> OwnJob {
        let keep = |all: &[String]| -> Vec<&'static str> {
            all.iter().map(|one| &*Box::leak(one.clone().into_boxed_str())).collect()
        };
        let scopes = keep(&self.scope);
        // `.default` requests all permissions of the registration: a token never contains it.
        let named =
            || scopes.iter().copied().filter(|scope| !scope.ends_with("/.default")).collect();
        let title = self.title.clone().unwrap_or_else(|| format!("call `{}`", self.audience));
        OwnJob::new(OwnNeeds {
            name: name.to_owned(),
            title: clean(&title).into_owned(),
            audience: self.audience.clone(),
            sufficient: self.sufficient.as_deref().map_or_else(named, keep),
            app_roles: keep(&self.app_roles),
            scopes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::ConfigFile;

    fn error(text: &str) -> String {
        ConfigFile::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_job_of_ones_own_needs_an_audience_and_a_name_of_its_own() {
        for (text, expected) in [
            ("[jobs.crm]", "[jobs.crm] needs an `audience`: the API that the token is for"),
            (
                "[jobs.imap]\naudience = 'x'",
                "[jobs.imap]: that job is built in; choose another name",
            ),
            ("[jobs.CRM]\naudience = 'x'", "[jobs.CRM]: write the name in lower case"),
            (
                "[jobs.crm]\naudiense = 'x'",
                "[jobs.crm] has an unknown key `audiense`; did you mean `audience`?",
            ),
        ] {
            let error = error(text);
            assert!(error.ends_with(expected) && error.starts_with("line "), "{error}");
        }
    }
}
