//! `entrada explain --search`: everything in which some words stand.

use strum::IntoEnumIterator as _;

use super::super::app::App;
use super::super::ui::style_of;
use super::super::{Exit, Failure};
use super::programs;
use crate::render;
use entrada_auth::sys::Stream;
use entrada_core::entra::{aadsts, causes, claims, consent, jobs, oauth_errors, permissions};
use entrada_core::{Job, clean};
use entrada_diagnose::{Rule, rules};

/// One thing that can be explained: its kind, the word for it, what it is in a line, and all of its text.
struct SearchEntry {
    kind: &'static str,
    word: String,
    line: String,
    text: String,
}

pub(super) fn search(words: &str, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let wanted: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let fits = |entry: &SearchEntry| {
        let text = format!("{} {} {}", entry.word, entry.line, entry.text).to_lowercase();
        wanted.iter().all(|word| text.contains(word))
    };
    let rows: Vec<Vec<String>> = entries()
        .into_iter()
        .filter(fits)
        .map(|entry| vec![entry.kind.to_owned(), entry.word, entry.line])
        .collect();
    if wanted.is_empty() || rows.is_empty() {
        return Err(Failure::usage(format!("no entry contains `{}`", clean(words)))
            .help("try fewer or other words: `entrada explain --search consent`"));
    }
    let style = style_of(app.sys, Stream::Stdout);
    render::listing(app.stdout, &["kind", "explain", "what it is"], &rows, style)?;
    Ok(Exit::Success)
}

/// Everything, in the order in which it is listed.
fn entries() -> Vec<SearchEntry> {
    // The first sentence of the first paragraph.
    let first_line = |docs: &str| {
        let text = docs.lines().filter(|line| !line.starts_with("## "));
        let text = text.skip_while(|line| line.is_empty()).collect::<Vec<_>>().join(" ");
        text.split(". ").next().unwrap_or_default().trim().to_owned()
    };
    let mut rules: Vec<&Rule> = rules::all().collect();
    rules.sort_unstable_by_key(|rule| rule.id.as_str());
    let rules = rules.into_iter().map(|rule| SearchEntry {
        kind: "finding",
        word: rule.id.to_string(),
        line: causes::find(rule.id.as_str())
            .map_or_else(|| first_line(rule.docs), |cause| cause.meaning.to_owned()),
        text: rule.docs.to_owned(),
    });
    let programs = programs::all().map(|(id, docs)| SearchEntry {
        kind: "program",
        word: id.to_owned(),
        line: first_line(docs),
        text: docs.to_owned(),
    });
    let codes = aadsts::all().iter().map(|code| SearchEntry {
        kind: "number",
        word: format!("AADSTS{}", code.code),
        line: code.meaning.to_owned(),
        text: format!(
            "{} {} {} {} {}",
            code.name.unwrap_or_default(),
            code.remedy,
            code.note.unwrap_or_default(),
            code.cause.unwrap_or_default().replace('-', " "),
            meanings_of(code)
        ),
    });
    let errors = oauth_errors::all().iter().map(|own| SearchEntry {
        kind: "OAuth error",
        word: own.error.to_owned(),
        line: own.meaning.to_owned(),
        text: own.remedy.to_owned(),
    });
    let jobs = Job::iter().map(|job| {
        let facts = jobs::facts(job);
        let lists = [facts.scopes, facts.sufficient, facts.app_roles, facts.notes];
        SearchEntry {
            kind: "job",
            word: job.id().to_owned(),
            line: facts.title.to_owned(),
            text: lists.concat().join(" "),
        }
    });
    let claims = claims::all().map(|(name, meaning)| SearchEntry {
        kind: "claim",
        word: name.to_owned(),
        line: meaning.to_owned(),
        text: String::new(),
    });
    let permissions = permissions::all().iter().map(|permission| SearchEntry {
        kind: "permission",
        word: permission.name.to_owned(),
        line: match (permission.admin_consent, consent::wave_of(permission.name)) {
            (Some(true), _) => "an administrator consents".to_owned(),
            (_, Some(_)) => "in organisations an administrator consents by default".to_owned(),
            (Some(false), None) => "a user may consent".to_owned(),
            (None, None) => String::new(),
        },
        text: permissions::note(permission.name).unwrap_or_default().to_owned(),
    });
    let exits = Exit::ALL.into_iter().map(|exit| SearchEntry {
        kind: "exit code",
        word: format!("exit {}", exit.code()),
        line: exit.meaning().to_owned(),
        text: String::new(),
    });
    rules
        .chain(programs)
        .chain(codes)
        .chain(errors)
        .chain(jobs)
        .chain(claims)
        .chain(permissions)
        .chain(exits)
        .collect()
}

/// The meanings between which the text of a number decides, for the search.
fn meanings_of(code: &aadsts::Aadsts) -> String {
    let meanings = aadsts::meanings::of(code.code).iter();
    meanings.map(|own| format!("{} {}", own.meaning, own.cause.replace('-', " "))).collect()
}
