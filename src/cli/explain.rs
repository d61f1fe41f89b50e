//! `entrada explain`.

use super::app::App;
use super::{Exit, Failure};
use crate::diagnose::rules;
use crate::entra::{aadsts, causes, jobs};
use crate::model::{Job, clean};
use crate::render;

/// Explain a finding, an AADSTS number, a claim, a job or an exit code
#[derive(clap::Args)]
pub(super) struct Args {
    /// `wrong-audience`, `AADSTS65001` or `65001`, `scp`, `imap`, `exit 5`
    #[arg(required = true)]
    what: Vec<String>,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let what = args.what.join(" ");
    let word = what.trim().to_ascii_lowercase();
    if let Some(rule) = rules::find(&word) {
        writeln!(app.stdout, "# {}\n\n{}", rule.id, rule.docs.trim_end())?;
    } else if let Some(exit) = exit_code(&word) {
        writeln!(app.stdout, "exit code {}: {}", exit.code(), exit.meaning())?;
    } else if let Some(code) = number(&word).and_then(aadsts::find) {
        explain_code(app, code)?;
    } else if let Some(job) = Job::parse(&word) {
        explain_job(app, job)?;
    } else if let Some(meaning) = render::claim_meaning(&word) {
        writeln!(app.stdout, "claim `{word}`: {meaning}")?;
    } else if let Some(cause) = causes::find(&word) {
        writeln!(app.stdout, "# {}\n\n{}", cause.id, cause.meaning)?;
    } else {
        let failure = Failure::usage(format!("nothing is known about `{}`", clean(&what)));
        return Err(match nearest_rule(&word) {
            Some(id) => failure.help(format!("did you mean `entrada explain {id}`?")),
            None => {
                failure.help("give a finding's id, an AADSTS number, a claim, a job, or `exit 5`")
            }
        });
    }
    Ok(Exit::Success)
}

fn nearest_rule(word: &str) -> Option<&'static str> {
    rules::RULES
        .iter()
        .map(|rule| (strsim::jaro_winkler(rule.id, word), rule.id))
        .filter(|(likeness, _)| 0.75 < *likeness)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, id)| id)
}

fn exit_code(word: &str) -> Option<Exit> {
    let number: u8 = word.strip_prefix("exit")?.trim_start_matches([' ', '-', '_']).parse().ok()?;
    Exit::ALL.into_iter().find(|exit| exit.code() == number)
}

fn number(word: &str) -> Option<u64> {
    word.strip_prefix("aadsts").unwrap_or(word).trim().parse().ok()
}

fn explain_code(app: &mut App<'_, '_>, code: &aadsts::Aadsts) -> Result<(), Failure> {
    let out = &mut app.stdout;
    writeln!(out, "# AADSTS{}: {}\n\n{}\n", code.code, code.name, code.meaning)?;
    writeln!(out, "What to do: {}", code.remedy)?;
    writeln!(out, "Who: {}", code.who.id())?;
    if let Some(cause) = code.cause {
        writeln!(out, "Finding: {cause} (`entrada explain {cause}`)")?;
    }
    if let Some(note) = code.note {
        writeln!(out, "Note: {note}")?;
    }
    if !code.certain {
        writeln!(out, "Not confirmed by Microsoft's own documentation.")?;
    }
    Ok(())
}

fn explain_job(app: &mut App<'_, '_>, job: Job) -> Result<(), Failure> {
    let facts = jobs::facts(job);
    let out = &mut app.stdout;
    writeln!(out, "# {job}: {}\n", facts.title)?;
    if let Some(resource) = facts.resource {
        writeln!(out, "Service: {}", resource.name)?;
    }
    for (label, list) in [
        ("Scopes asked for", facts.scopes),
        ("Permissions that suffice", facts.sufficient),
        ("Tempting, and not enough", facts.tempting),
        ("Application permissions", facts.app_roles),
    ] {
        if !list.is_empty() {
            writeln!(out, "{label}: {}", list.join(", "))?;
        }
    }
    if let Some(endpoint) = facts.example_endpoint {
        writeln!(out, "Example: {endpoint}")?;
    }
    for note in facts.notes {
        writeln!(out, "- {note}")?;
    }
    Ok(())
}
