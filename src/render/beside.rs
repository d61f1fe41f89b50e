//! What is told beside the findings, for people: the scopes, the jobs, the life that is left.

use std::io::{self, Write};

use super::human::{Style, heading, marked};
use super::table::table;
use crate::diagnose::{Diagnosis, Moment, Row, Serves, Standing};
use crate::model::{Job, NumericDate, human_duration};

/// Writes what there is.
pub(super) fn beside(out: &mut dyn Write, diagnosis: &Diagnosis, style: Style) -> io::Result<()> {
    let about = &diagnosis.about;
    if !about.scopes.is_empty() {
        writeln!(out)?;
        scopes(out, &about.scopes)?;
    }
    if let Some(serves) = &about.serves {
        writeln!(out)?;
        jobs(out, serves, style)?;
    }
    let forecast: Vec<(String, &str)> = forecast(diagnosis);
    if !forecast.is_empty() {
        writeln!(out)?;
        writeln!(out, "{}", heading(style, "when will it stop working?"))?;
        for (when, what) in forecast {
            let mark = format!("  {when}:");
            marked(out, style, &mark, mark.len(), &format!(" {what}"), 4)?;
        }
    }
    Ok(())
}

/// Asked, granted, missing, extra.
pub(super) fn scopes(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let cells = |row: &Row| {
        let breaks = match &row.breaks[..] {
            [] => row.note.unwrap_or_default().to_owned(),
            jobs => format!("breaks {}", names(jobs)),
        };
        let (asked, granted) = match row.standing {
            Standing::Granted => ("yes", "yes"),
            Standing::Included => ("yes", "yes, within another"),
            Standing::Missing => ("yes", "NO"),
            Standing::Untold => ("yes", "-"),
            Standing::Extra => ("no", "yes, extra"),
        };
        vec![row.scope.clone(), asked.to_owned(), granted.to_owned(), breaks]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let mut text = Vec::new();
    table(&mut text, &["scope", "asked", "granted", ""], &rows)?;
    // Indented: a scope at the beginning of a line could be a command to whoever reads the log (`::error::`).
    for line in String::from_utf8_lossy(&text).lines() {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

fn jobs(out: &mut dyn Write, serves: &Serves, style: Style) -> io::Result<()> {
    let line = |out: &mut dyn Write, label: &str, list: &str| {
        marked(out, style, &heading(style, label), label.len(), &format!(" {list}"), 4)
    };
    let does =
        if serves.does.is_empty() { "no job on record".to_owned() } else { names(&serves.does) };
    line(out, "this token serves:", &does)?;
    // All that it does not serve would be a long list; what somebody wanted of it is a short one.
    let wanted: Vec<Job> =
        serves.does_not.iter().copied().filter(|job| serves.named.contains(job)).collect();
    if !wanted.is_empty() {
        line(out, "it does not serve:", &names(&wanted))?;
    }
    Ok(())
}

fn names(jobs: &[Job]) -> String {
    jobs.iter().map(|job| job.id()).collect::<Vec<_>>().join(", ")
}

/// What is still to come, with how far away it is.
pub(super) fn forecast(diagnosis: &Diagnosis) -> Vec<(String, &str)> {
    let life = &diagnosis.about.life;
    let judged = life.iter().find(|event| event.id == "judged");
    let Some(Moment::At(now)) = judged.map(|event| event.when) else { return Vec::new() };
    life.iter()
        .filter_map(|event| match event.when {
            Moment::At(at) if now < at => Some((when(at, now), event.what.as_str())),
            Moment::At(_) => None,
            Moment::AnyTime => Some(("at any time".to_owned(), event.what.as_str())),
        })
        .collect()
}

/// A point in time and how far away it is.
pub(super) fn when(at: NumericDate, now: NumericDate) -> String {
    match at.seconds_since(now) {
        0 => format!("{at}, now"),
        left @ 1.. => format!("{at}, in {}", human_duration(left)),
        gone => format!("{at}, {} ago", human_duration(gone)),
    }
}
