//! Causes that a text states in ordinary words, whoever wrote it: "X lacks the right Y", "the address is not allowed", "run
//! `az login`". A record of a known error is more exact and comes first.

mod checks;
mod families;
mod guesses;
mod machine;
mod pattern;
mod refusals;
mod rights;
mod sign_in;
mod value;

use std::sync::OnceLock;

use self::pattern::Patterns;
use super::Hypothesis;
use super::azure::AzureService;
use super::known_errors::name_both_audiences;
use crate::excerpt::statement;
use crate::{Confidence, RuleId, Who};

/// Sentences of one meaning.
pub(super) struct Family {
    /// The sentences. Each is a list of groups that follow one another, separated by ` .. `; the words of a group are separated
    /// by `|`, and one with `*` at its end may be the beginning of a longer word.
    sentences: &'static [&'static str],
    /// Words that must not stand in the statement.
    unless: &'static [&'static str],
    /// Whether a single sentence counts that nothing marks as a program's.
    bare: bool,
    meaning: Meaning,
}

/// What the sentences of a family mean.
enum Meaning {
    /// The caller lacks a right. Which rule reports it depends on the service.
    MissingRight,
    /// A cause of its own.
    Cause {
        confidence: Confidence,
        id: RuleId,
        who: Option<Who>,
        message: &'static str,
        help: &'static [&'static str],
    },
}

/// A cause that a text states.
#[derive(Clone, Copy)]
pub(crate) struct Stated {
    family: &'static Family,
    /// Where its sentence begins and ends in the folded text.
    from: usize,
    to: usize,
}

/// The cause that `text` states. `of_service`: a service wrote the text, and not a person.
pub(crate) fn find(text: &str, of_service: bool) -> Option<Stated> {
    let text = pattern::folded(text);
    let hits = patterns().hits(&text);
    let mut all = families::all().enumerate();
    all.find_map(|(number, family)| {
        let mut places = hits.of(number, &text);
        places.find_map(|(from, to)| {
            let excluded = machine::statement_has(&text, from, to, family.unless);
            let counts = of_service || machine::wrote(&text, from, to, family.bare);
            (!excluded && counts && !machine::is_of_a_person(&text, from, to)).then_some(Stated {
                family,
                from,
                to,
            })
        })
    })
}

impl Stated {
    /// Whether it is about a right that the caller lacks.
    pub(super) fn is_of_right(&self) -> bool {
        matches!(self.family.meaning, Meaning::MissingRight)
    }

    /// The causes, most important first. `said` is the text that was searched.
    pub(super) fn causes(
        self,
        azure: Option<&'static AzureService>,
        said: &str,
    ) -> Vec<Hypothesis> {
        let text = pattern::folded(said);
        let mut causes = match &self.family.meaning {
            Meaning::MissingRight => rights::causes(&text, self.from, self.to, azure),
            Meaning::Cause { confidence, id, who, message, help } => {
                let mut told = Hypothesis::new(*id, *confidence, *message);
                for help in *help {
                    match help.split_once("{command}") {
                        Some((before, after)) => {
                            if let Some(command) = value::command(&text, self.from) {
                                told = told.help(format!("{before}{command}{after}"));
                            }
                        }
                        None => told = told.help(*help),
                    }
                }
                if *id == RuleId::WrongAudience {
                    name_both_audiences(&text, &mut told);
                }
                told.who = *who;
                told.is_complete = true;
                vec![told]
            }
        };
        if let Some(told) = causes.first_mut() {
            told.evidence.push(("text", statement(&text, self.from)));
        }
        causes
    }
}

fn patterns() -> &'static Patterns {
    static PATTERNS: OnceLock<Patterns> = OnceLock::new();
    PATTERNS.get_or_init(|| Patterns::new(families::all().map(|family| family.sentences)))
}

#[cfg(test)]
mod tests;
