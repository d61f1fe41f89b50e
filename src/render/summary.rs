//! The summary below the findings, for people: scopes, jobs and remaining lifetime.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use super::human::{Style, heading, marked};
use super::table::table;
use entrada_core::{Job, NumericDate, human_duration};
use entrada_diagnose::{Diagnosis, Moment, Row, RuleId, Serves, Standing};

/// Writes the parts that the diagnosis has.
pub(super) fn token_summary(
    out: &mut dyn Write,
    diagnosis: &Diagnosis,
    style: Style,
) -> io::Result<()> {
    let about = &diagnosis.summary;
    if !about.scopes.is_empty() {
        writeln!(out)?;
        scopes(out, &about.scopes, style)?;
    }
    if let Some(serves) = &about.serves {
        writeln!(out)?;
        let ended = diagnosis.findings.iter().any(|finding| finding.rule.id == RuleId::Expired);
        match (diagnosis.job_is_of_the_token, &about.api) {
            (true, Some(api)) => purpose(out, api, serves, style, ended)?,
            _ => jobs(out, serves, style, ended)?,
        }
    }
    let forecast: Vec<(String, &str)> = forecast(diagnosis);
    if !forecast.is_empty() {
        writeln!(out)?;
        writeln!(out, "{}", heading(style, "when will it stop working?"))?;
        for (when, what) in forecast {
            let mark = format!("  {when}:");
            marked(out, style, &mark, &format!(" {what}"), 4)?;
        }
    }
    Ok(())
}

/// A table of requested, granted, missing and extra scopes. The jobs that a missing scope breaks stand in the last column,
/// or below the scope where the line is too narrow.
pub(super) fn scopes(out: &mut dyn Write, rows: &[Row], style: Style) -> io::Result<()> {
    let breaks: Vec<String> = rows
        .iter()
        .map(|row| match &row.breaks[..] {
            [] => row.note.unwrap_or_default().to_owned(),
            jobs => format!("breaks {}", names(jobs)),
        })
        .collect();
    let cells = |row: &Row| {
        let (asked, granted) = match row.standing {
            Standing::Granted => ("yes", "yes"),
            Standing::Included => ("yes", "yes, in another scope"),
            Standing::Missing => ("yes", "NO"),
            Standing::Untold => ("yes", "-"),
            Standing::Extra => ("no", "yes, extra"),
        };
        vec![row.scope.clone(), asked.to_owned(), granted.to_owned()]
    };
    let narrow: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let mut wide = narrow.clone();
    wide.iter_mut().zip(&breaks).for_each(|(row, breaks)| row.push(breaks.clone()));
    // The indent keeps a scope away from the line start, where log readers may take it for a command (`::error::`).
    let lines = lines(&["scope", "asked", "granted", ""], &wide)?;
    if lines.iter().all(|line| style.width.is_none_or(|width| line.width() + 2 <= width)) {
        return lines.iter().try_for_each(|line| writeln!(out, "  {line}"));
    }
    let below = std::iter::once("").chain(breaks.iter().map(String::as_str));
    for (line, below) in self::lines(&["scope", "asked", "granted"], &narrow)?.iter().zip(below) {
        writeln!(out, "  {line}")?;
        if !below.is_empty() {
            marked(out, style, "     ", &format!(" {below}"), 6)?;
        }
    }
    Ok(())
}

fn lines(headings: &[&str], rows: &[Vec<String>]) -> io::Result<Vec<String>> {
    let mut text = Vec::new();
    table(&mut text, headings, rows)?;
    Ok(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
}

fn jobs(out: &mut dyn Write, serves: &Serves, style: Style, ended: bool) -> io::Result<()> {
    let line = |out: &mut dyn Write, label: &str, list: &str| {
        marked(out, style, &heading(style, label), &format!(" {list}"), 4)
    };
    let does = if serves.does.is_empty() { "no known job".to_owned() } else { names(&serves.does) };
    line(
        out,
        if ended { "before it expired, this token worked for:" } else { "this token works for:" },
        &does,
    )?;
    // The full list of jobs would be long; the list of jobs that the user wanted is short.
    let wanted: Vec<Job> =
        serves.does_not.iter().copied().filter(|job| serves.named.contains(job)).collect();
    if !wanted.is_empty() {
        line(out, "it does not work for:", &names(&wanted))?;
    }
    Ok(())
}

/// What a token is for that was given without a job.
fn purpose(
    out: &mut dyn Write,
    api: &str,
    serves: &Serves,
    style: Style,
    ended: bool,
) -> io::Result<()> {
    if ended && serves.does.is_empty() {
        return marked(out, style, &heading(style, "the token is for:"), &format!(" {api}"), 4);
    }
    let does = if serves.does.is_empty() { "no known job".to_owned() } else { names(&serves.does) };
    let verb = if ended { "before it expired, it served" } else { "it serves" };
    marked(
        out,
        style,
        &heading(style, &format!("the token is for {api}; {verb}:")),
        &format!(" {does}"),
        4,
    )
}

fn names(jobs: &[Job]) -> String {
    jobs.iter().map(|job| job.id()).collect::<Vec<_>>().join(", ")
}

/// Future events, with the time until each.
pub(super) fn forecast(diagnosis: &Diagnosis) -> Vec<(String, &str)> {
    let life = &diagnosis.summary.life;
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

/// A point in time and its distance from now.
pub(super) fn when(at: NumericDate, now: NumericDate) -> String {
    match at.seconds_since(now) {
        0 => format!("{at}, now"),
        left @ 1.. => format!("{at}, in {}", human_duration(left)),
        gone => format!("{at}, {} ago", human_duration(gone)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_narrow_terminal_broken_jobs_are_below_their_scope() {
        let row = |scope: &str, standing, breaks: &[Job]| Row {
            scope: scope.to_owned(),
            standing,
            note: None,
            breaks: breaks.to_vec(),
        };
        let rows = [
            row(
                "Calendars.ReadWrite",
                Standing::Missing,
                &[Job::GraphCalendarRead, Job::GraphMailSend],
            ),
            row("openid", Standing::Granted, &[]),
        ];
        let shown = |width| {
            let mut out = Vec::new();
            scopes(&mut out, &rows, Style { color: false, width }).unwrap();
            String::from_utf8(out).unwrap()
        };
        let wide = shown(None);
        assert_eq!(wide.lines().count(), 3, "{wide}");
        assert!(wide.contains("NO       breaks graph-calendar-read, graph-mail-send\n"), "{wide}");
        assert_eq!(
            shown(Some(50)),
            "  SCOPE                ASKED  GRANTED\n  Calendars.ReadWrite  yes    NO\n      breaks graph-calendar-read, graph-mail-send\n  openid               yes    yes\n"
        );
    }
}
