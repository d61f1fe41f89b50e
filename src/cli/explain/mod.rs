//! `entrada explain`.

mod call;
mod entra;
#[cfg(feature = "emulator")]
mod programs;
#[cfg(not(feature = "emulator"))]
#[path = "no_programs.rs"]
mod programs;
mod search;

use strum::IntoEnumIterator as _;

use super::app::App;
use super::ui::style_of;
use super::{Exit, Failure};
use crate::config::nearest;
use crate::render::{self, Format};
use entrada_auth::sys::Stream;
use entrada_core::entra::graph::CallAccess;
use entrada_core::entra::oauth_errors::{self, OauthError};
use entrada_core::entra::permissions;
use entrada_core::entra::{aadsts, claims, jobs};
use entrada_core::{Job, clean};
use entrada_diagnose::{RuleId, rules};

#[derive(clap::Args)]
pub(super) struct Args {
    /// `wrong-audience`, `AADSTS65001` or `65001`, `invalid_grant`, `scp`, `Mail.Read`, `GET /me/messages`, `imap`, `exit 5`;
    /// `jobs` and `exit` list them
    what: Vec<String>,
    /// List everything that contains these words
    #[arg(long, value_name = "WORDS", conflicts_with = "what")]
    search: Option<String>,
    /// The format of the output; only calls of Microsoft Graph, such as `GET /me/messages`, have JSON
    #[arg(long, short, value_name = "FORMAT", default_value = "human", conflicts_with = "search")]
    output: Format,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    if let Some(words) = &args.search {
        return search::search(words, app);
    }
    let what = args.what.join(" ");
    let word = what.trim().to_ascii_lowercase();
    // As people say it.
    if let Some(words) = word.strip_prefix("search ") {
        return search::search(words, app);
    }
    let page = match page(app, &what, &word) {
        Some(page) => page,
        None => match call::records(&what) {
            Some(records) => ExplainPage::Calls(records?),
            None => return Err(unknown(&what, &word)),
        },
    };
    if args.output == Format::Json {
        let ExplainPage::Calls(calls) = page else {
            return Err(Failure::usage("only calls of Microsoft Graph are explained in JSON")
                .help("name a call: `entrada explain 'GET /me/messages' -o json`"));
        };
        render::calls_json(app.stdout, &calls)?;
        return Ok(Exit::Success);
    }
    let style = style_of(app.sys, Stream::Stdout);
    match page {
        ExplainPage::Prose(text) => render::prose(app.stdout, style.width, &text)?,
        ExplainPage::Lines(lines) => {
            for line in lines {
                // Those of an own job are as the configuration has them.
                render::wrapped(app.stdout, style.width, &clean(&line))?;
            }
        }
        ExplainPage::Calls(calls) => {
            for (index, access) in calls.iter().enumerate() {
                let space = (0 < index).then(String::new);
                for line in space.into_iter().chain(render::call_lines(access)) {
                    render::wrapped(app.stdout, style.width, &clean(&line))?;
                }
            }
        }
        ExplainPage::Table(headings, rows) => render::listing(app.stdout, &headings, &rows, style)?,
    }
    Ok(Exit::Success)
}

/// What is written about something.
enum ExplainPage {
    /// Paragraphs.
    Prose(String),
    /// Lines, each for itself.
    Lines(Vec<String>),
    /// The permissions of calls of Microsoft Graph.
    Calls(Vec<CallAccess>),
    /// Rows under two headings.
    Table([&'static str; 2], Vec<Vec<String>>),
}

fn page(app: &App<'_, '_>, what: &str, word: &str) -> Option<ExplainPage> {
    if word.is_empty() {
        return Some(overview());
    }
    let of_token =
        rules::find(word).map(|rule| format!("# {}\n\n{}", rule.id, rule.docs.trim_end()));
    // `wrong-audience` is a finding about a token, and one about a program.
    let pages: Vec<String> = of_token.into_iter().chain(programs::page(word)).collect();
    if !pages.is_empty() {
        return Some(ExplainPage::Prose(pages.join("\n\n")));
    }
    let by_number = || number(word).and_then(aadsts::find).map(entra::number);
    // A small number is not an Entra error number.
    let by_exit = || exit_code(word).or_else(|| exit_code(&format!("exit {word}")));
    let in_a_line = |exit: Exit| vec![format!("exit code {}: {}", exit.code(), exit.meaning())];
    match word {
        "jobs" | "job" => return Some(list_jobs(app)),
        "exit" | "exits" | "exit codes" | "exit code" => return Some(list_exits()),
        _ => (),
    }
    by_number()
        .or_else(|| by_exit().map(in_a_line))
        .or_else(|| oauth_errors::find(word).map(explain_error))
        .or_else(|| Some(explain_job(Job::parse(word).or_else(|| own_job(app, word))?)))
        .or_else(|| Some(vec![format!("claim `{word}`: {}", claims::meaning(word)?)]))
        .or_else(|| permissions::find(what.trim()).map(entra::permission))
        .map(ExplainPage::Lines)
}

fn overview() -> ExplainPage {
    let rows = [
        ("entrada explain wrong-audience", "a finding, by its id"),
        ("entrada explain AADSTS65001", "an error number of Entra ID"),
        ("entrada explain invalid_grant", "an OAuth error"),
        ("entrada explain scp", "a claim in a token"),
        ("entrada explain Mail.Read", "a permission"),
        ("entrada explain 'GET /me/messages'", "the permissions of a call of Microsoft Graph"),
        ("entrada explain imap", "a job; `entrada explain jobs` lists them"),
        ("entrada explain exit 5", "an exit code; `entrada explain exit` lists them"),
        ("entrada explain --search consent", "every entry that contains a word"),
    ];
    let rows = rows.iter().map(|(command, what)| vec![(*command).to_owned(), (*what).to_owned()]);
    ExplainPage::Table(["command", "explains"], rows.collect())
}

fn list_exits() -> ExplainPage {
    let row = |exit: &Exit| vec![exit.code().to_string(), exit.meaning().to_owned()];
    ExplainPage::Table(["code", "meaning"], Exit::ALL.iter().map(row).collect())
}

fn explain_error(own: &OauthError) -> Vec<String> {
    vec![
        format!("# {} ({})", own.error, own.source),
        String::new(),
        own.meaning.to_owned(),
        String::new(),
        format!("What to do: {}", own.remedy),
    ]
}

fn unknown(what: &str, word: &str) -> Failure {
    let failure = Failure::usage(format!("there is no entry for `{}`", clean(what)));
    if let Some(code) = word.strip_prefix("aadsts").and_then(|rest| rest.trim().parse::<u64>().ok())
    {
        return failure.help(format!(
            "entrada does not know this number; look it up at https://login.microsoftonline.com/error?code={code}"
        ));
    }
    match nearest_entry(word) {
        Some(id) => failure.help(format!("did you mean `entrada explain {id}`?")),
        None => failure.help(
            "give a finding's id, an AADSTS number, a claim, a permission, a call, a job, or `exit 5`; \
             `entrada explain --search WORDS` looks for words",
        ),
    }
}

/// The entry that `word` was probably meant to be.
fn nearest_entry(word: &str) -> Option<&'static str> {
    let rules = RuleId::all().map(RuleId::as_str);
    let errors = oauth_errors::all().iter().map(|own| own.error);
    let jobs = Job::iter().map(Job::id);
    let permissions = permissions::all().iter().map(|permission| permission.name);
    let all = rules.chain(programs::all().map(|(id, _)| id)).chain(errors);
    nearest(word, all.chain(jobs).chain(permissions))
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

fn explain_job(job: Job) -> Vec<String> {
    let facts = jobs::facts(job);
    let mut lines = vec![format!("# {job}: {}", facts.title), String::new()];
    lines.extend(match (facts.resource, facts.audience) {
        (Some(resource), _) => Some(format!("Service: {}", resource.name)),
        (None, Some(audience)) => Some(format!("Audience: {audience}")),
        (None, None) => None,
    });
    for (label, list) in [
        ("Scopes asked for", facts.scopes),
        ("Permissions that suffice", facts.sufficient),
        ("Similar, but not sufficient", facts.tempting),
        ("Application permissions", facts.app_roles),
    ] {
        if !list.is_empty() {
            lines.push(format!("{label}: {}", list.join(", ")));
        }
    }
    lines.extend(facts.example_endpoint.map(|endpoint| format!("Example: {endpoint}")));
    lines.extend(facts.notes.iter().map(|note| format!("- {note}")));
    lines
}

/// Prints the jobs: for `entrada help jobs`.
pub(super) fn show_jobs(app: &mut App<'_, '_>) -> Result<(), Failure> {
    let style = style_of(app.sys, Stream::Stdout);
    if let ExplainPage::Table(headings, rows) = list_jobs(app) {
        render::listing(app.stdout, &headings, &rows, style)?;
    }
    Ok(())
}

/// The jobs on record, and the user's own.
fn list_jobs(app: &App<'_, '_>) -> ExplainPage {
    let own = app.settings(None).and_then(|settings| Ok(settings.own_jobs()?)).unwrap_or_default();
    let all = Job::iter().chain(own);
    let row = |job: Job| vec![job.id().to_owned(), jobs::facts(job).title.to_owned()];
    ExplainPage::Table(["job", "what the token is for"], all.map(row).collect())
}
