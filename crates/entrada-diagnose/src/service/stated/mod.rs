//! Causes that a text states in ordinary words, of any program: "X lacks the right Y", "the address is not allowed", "`state`
//! was not found". A record of a known error is more exact and comes first.
//!
//! A [`Family`] has the sentences of one meaning, and texts that state it, which the tests check. `families/*.json` has all of
//! them. Where the words follow one another (`sentences`), a program has to have written them; where they stand in any order
//! (`says`), the text has to be about sign-in, mail or Microsoft's services. What a person asks states nothing, and what a person
//! tells (`is_report`) allows only guesses.

mod author;
mod family;
mod plain_words;
mod rights;
mod sentence;
mod statement;
mod value;
mod vocabulary;

use std::cell::LazyCell;

pub(crate) use self::family::Family;
use self::sentence::Sentences;
use self::statement::Statements;
use super::Hypothesis;
use super::azure::AzureService;
use super::known_errors::{is_permission, name_both_audiences};
use crate::RuleId;
use crate::excerpt::statement;

/// A cause that a text states.
#[derive(Debug)]
pub(crate) struct Stated {
    family: &'static Family,
    text: String,
    /// Where its sentence begins and ends in `text`.
    from: usize,
    to: usize,
}

/// The cause that `text` states, by the most telling of the families that count. `of_service`: a service wrote the text, and not a
/// person.
pub(crate) fn find(
    text: &str,
    of_service: bool,
    counts: impl Fn(&Family) -> bool,
) -> Option<Stated> {
    let sentences = LazyCell::new(|| Sentences::of(text));
    let statements = LazyCell::new(|| Statements::of(text));
    family::all().iter().enumerate().find_map(|(number, family)| {
        if !counts(family) {
            return None;
        }
        if family.is_in_order() {
            let (from, to) = sentences.find(number, family, of_service)?;
            return Some(Stated { family, text: sentences.text.clone(), from, to });
        }
        let text = statements.as_ref()?.find(family)?.to_owned();
        let to = text.len();
        Some(Stated { family, text, from: 0, to })
    })
}

impl Stated {
    /// What it states.
    pub(crate) fn family(&self) -> &'static Family {
        self.family
    }

    /// The causes, most important first. `azure`: the service that the text is about.
    pub(super) fn causes(&self, azure: Option<&'static AzureService>) -> Vec<Hypothesis> {
        let shown = statement(&self.text, self.from);
        let mut causes = match self.family.cause {
            None => rights::causes(&self.text, self.from, self.to, azure),
            Some(id) => vec![self.cause(id, &shown)],
        };
        if let Some(told) = causes.first_mut() {
            told.evidence.push(("text", shown));
        }
        let others = self.family.others.iter();
        causes.extend(others.map(|(id, message)| Hypothesis::possible(*id, message.clone())));
        causes
    }

    fn cause(&self, id: RuleId, shown: &str) -> Hypothesis {
        let family = self.family;
        let mut told = Hypothesis::new(id, family.confidence, family.message.clone());
        for help in &family.help {
            let Some((before, after)) = help.split_once("{command}") else {
                told = told.help(help.clone());
                continue;
            };
            if let Some(command) = value::command(&self.text, self.from) {
                told = told.help(format!("{before}{command}{after}"));
            }
        }
        match id {
            RuleId::WrongAudience => name_both_audiences(&self.text, &mut told),
            RuleId::MissingScope | RuleId::MissingAppRole => name_permissions(shown, &mut told),
            _ => (),
        }
        told.who = family.who;
        told.is_complete = true;
        told
    }
}

/// Names the permissions that `statement` names.
fn name_permissions(statement: &str, told: &mut Hypothesis) {
    let ends = |c: char| c.is_whitespace() || ",;'\"`()[]{}".contains(c);
    let names: Vec<String> = statement
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

/// Whether the last parts of `name` are those of a permission: `Mail.Read`, `Sites.FullControl.All`.
fn names_a_permission(name: &str) -> bool {
    const ACTS: [&str; 9] =
        ["Read", "Send", "Write", "Access", "Full", "Manage", "Create", "Invite", "Selected"];
    name.split('.').skip(1).any(|part| ACTS.iter().any(|act| part.starts_with(act)))
}

#[cfg(test)]
mod tests;
