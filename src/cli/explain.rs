//! `entrada explain`.

use clap::ValueEnum as _;

use super::app::App;
use super::{Exit, Failure};
use crate::diagnose::rules;
use crate::entra::permissions::{self, Permission};
use crate::entra::{aadsts, causes, jobs};
use crate::model::{Job, clean};
use crate::render;

/// Explain a finding, an AADSTS number, a claim, a permission, a job or an exit code
#[derive(clap::Args)]
pub(super) struct Args {
    /// `wrong-audience`, `AADSTS65001` or `65001`, `scp`, `Mail.Read`, `imap`, `exit 5`; `jobs` lists them
    #[arg(required_unless_present = "search")]
    what: Vec<String>,
    /// List everything in which these words stand
    #[arg(long, value_name = "WORDS", conflicts_with = "what")]
    search: Option<String>,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    if let Some(words) = &args.search {
        return search(words, app);
    }
    let what = args.what.join(" ");
    let word = what.trim().to_ascii_lowercase();
    if let Some(rule) = rules::find(&word) {
        writeln!(app.stdout, "# {}\n\n{}", rule.id, rule.docs.trim_end())?;
    } else if let Some(exit) = exit_code(&word) {
        writeln!(app.stdout, "exit code {}: {}", exit.code(), exit.meaning())?;
    } else if let Some(code) = number(&word).and_then(aadsts::find) {
        explain_code(app, code)?;
    } else if word == "jobs" {
        list_jobs(app)?;
    } else if let Some(job) = Job::parse(&word).or_else(|| own_job(app, &word)) {
        explain_job(app, job)?;
    } else if let Some(meaning) = render::claim_meaning(&word) {
        writeln!(app.stdout, "claim `{word}`: {meaning}")?;
    } else if let Some(permission) = permissions::find(what.trim()) {
        explain_permission(app, permission)?;
    } else {
        return Err(unknown(&what, &word));
    }
    Ok(Exit::Success)
}

fn unknown(what: &str, word: &str) -> Failure {
    let failure = Failure::usage(format!("nothing is known about `{}`", clean(what)));
    match nearest_rule(word) {
        Some(id) => failure.help(format!("did you mean `entrada explain {id}`?")),
        None => failure.help(
            "give a finding's id, an AADSTS number, a claim, a permission, a job, or `exit 5`; \
             `entrada explain --search WORDS` looks for words",
        ),
    }
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

/// A job of the user's own; a configuration that cannot be read has none.
fn own_job(app: &App<'_, '_>, word: &str) -> Option<Job> {
    app.settings(None).ok()?.job(word).ok()
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
    match (facts.resource, facts.audience) {
        (Some(resource), _) => writeln!(out, "Service: {}", resource.name)?,
        (None, Some(audience)) => writeln!(out, "Audience: {audience}")?,
        (None, None) => (),
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

/// The jobs on record, and the user's own.
fn list_jobs(app: &mut App<'_, '_>) -> Result<(), Failure> {
    let own = app.settings(None).and_then(|settings| Ok(settings.own_jobs()?)).unwrap_or_default();
    let all = Job::value_variants().iter().copied().chain(own);
    let rows: Vec<Vec<String>> =
        all.map(|job| vec![job.id().to_owned(), jobs::facts(job).title.to_owned()]).collect();
    render::table(app.stdout, &["job", "what the token is for"], &rows)?;
    Ok(())
}

fn explain_permission(app: &mut App<'_, '_>, permission: &Permission) -> Result<(), Failure> {
    let out = &mut app.stdout;
    writeln!(out, "# {}\n", permission.name)?;
    let told = |known: Option<bool>, yes: &str, no: &str| match known {
        Some(true) => yes.to_owned(),
        Some(false) => no.to_owned(),
        None => "not on record".to_owned(),
    };
    writeln!(
        out,
        "Consent: {}",
        told(permission.admin_consent, "an administrator's", "the user's own")
    )?;
    writeln!(out, "Personal accounts: {}", told(permission.personal_accounts, "yes", "no"))?;
    let closed = permissions::closure(&[permission.name].into_iter().collect());
    let included: Vec<&str> = permissions::all()
        .iter()
        .map(|other| other.name)
        .filter(|name| *name != permission.name && closed.contains(&name.to_ascii_lowercase()))
        .collect();
    if !included.is_empty() {
        writeln!(out, "Includes: {}", included.join(", "))?;
    }
    let serves: Vec<&str> = Job::value_variants()
        .iter()
        .filter(|job| permissions::holds_any(&closed, jobs::facts(**job).sufficient))
        .map(|job| job.id())
        .collect();
    if !serves.is_empty() {
        writeln!(out, "Serves: {}", serves.join(", "))?;
    }
    if let Some(id) = permission.id {
        writeln!(out, "Id on Microsoft Graph: {id}")?;
    }
    Ok(())
}

/// One thing that can be explained: its kind, the word for it, what it is in a line, and all of its text.
struct Entry {
    kind: &'static str,
    word: String,
    line: String,
    text: String,
}

fn search(words: &str, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let wanted: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let fits = |entry: &Entry| {
        let text = format!("{} {} {}", entry.word, entry.line, entry.text).to_lowercase();
        wanted.iter().all(|word| text.contains(word))
    };
    let rows: Vec<Vec<String>> = entries()
        .into_iter()
        .filter(fits)
        .map(|entry| vec![entry.kind.to_owned(), entry.word, entry.line])
        .collect();
    if wanted.is_empty() || rows.is_empty() {
        return Err(Failure::usage(format!("nothing is written about `{}`", clean(words)))
            .help("try fewer or other words: `entrada explain --search consent`"));
    }
    render::table(app.stdout, &["kind", "explain", "what it is"], &rows)?;
    Ok(Exit::Success)
}

/// Everything, in the order in which it is listed.
fn entries() -> Vec<Entry> {
    // The first sentence of the first paragraph.
    let first_line = |docs: &str| {
        let text = docs.lines().filter(|line| !line.starts_with("## "));
        let text = text.skip_while(|line| line.is_empty()).collect::<Vec<_>>().join(" ");
        text.split(". ").next().unwrap_or_default().trim().to_owned()
    };
    let rules = rules::RULES.iter().map(|rule| Entry {
        kind: "finding",
        word: rule.id.to_owned(),
        line: causes::find(rule.id)
            .map_or_else(|| first_line(rule.docs), |cause| cause.meaning.to_owned()),
        text: rule.docs.to_owned(),
    });
    let codes = aadsts::all().iter().map(|code| Entry {
        kind: "number",
        word: format!("AADSTS{}", code.code),
        line: code.meaning.to_owned(),
        text: format!(
            "{} {} {} {}",
            code.name,
            code.remedy,
            code.note.unwrap_or_default(),
            code.cause.unwrap_or_default().replace('-', " ")
        ),
    });
    let jobs = Job::value_variants().iter().map(|job| {
        let facts = jobs::facts(*job);
        let lists = [facts.scopes, facts.sufficient, facts.app_roles, facts.notes];
        Entry {
            kind: "job",
            word: job.id().to_owned(),
            line: facts.title.to_owned(),
            text: lists.concat().join(" "),
        }
    });
    let claims = render::claim_meanings().map(|(name, meaning)| Entry {
        kind: "claim",
        word: name.to_owned(),
        line: meaning.to_owned(),
        text: String::new(),
    });
    let permissions = permissions::all().iter().map(|permission| Entry {
        kind: "permission",
        word: permission.name.to_owned(),
        line: match permission.admin_consent {
            Some(true) => "an administrator consents".to_owned(),
            Some(false) => "a user may consent".to_owned(),
            None => String::new(),
        },
        text: String::new(),
    });
    let exits = Exit::ALL.into_iter().map(|exit| Entry {
        kind: "exit code",
        word: format!("exit {}", exit.code()),
        line: exit.meaning().to_owned(),
        text: String::new(),
    });
    rules.chain(codes).chain(jobs).chain(claims).chain(permissions).chain(exits).collect()
}
