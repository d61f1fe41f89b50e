//! The findings about a program: where they go, and the exit code that follows.

use entrada_auth::sys::{OutputFile, OutputOptions, Stream};
use entrada_core::to_json_pretty;
use entrada_sandbox::judge::{Finding, Severity};
use entrada_sandbox::report::Report;

use super::super::app::App;
use super::super::ui::style_of;
use super::super::{Exit, Failure, output};
use super::{FindingsFormat, ResultArgs};
use crate::render::{self, Style};

/// Where the page goes, looked at before anything is done.
pub(super) fn open(args: &ResultArgs, app: &App<'_, '_>) -> Result<Option<OutputFile>, Failure> {
    let open = |path: &std::path::PathBuf| {
        output::open(app, "the report", "--report", path, OutputOptions::default())
    };
    args.report.as_ref().map(open).transpose()
}

/// Writes the findings, and the page.
pub(super) fn write(
    args: &ResultArgs,
    report: &Report<'_>,
    page: &mut Option<OutputFile>,
    app: &mut App<'_, '_>,
) -> Result<(), Failure> {
    match args.output {
        FindingsFormat::Json => document(&report.json(), app)?,
        FindingsFormat::Sarif => document(&report.sarif(), app)?,
        // What was asked for of an archive is the findings; beside a program they are messages.
        FindingsFormat::Human if report.runs.is_empty() => {
            let style = style_of(app.sys, Stream::Stdout);
            let text = human(report, style, app)?;
            app.stdout.write_all(&text)?;
        }
        FindingsFormat::Human => {
            let text = human(report, app.ui.style, app)?;
            app.ui.with(|out| out.write_all(&text));
        }
    }
    if let Some(page) = page {
        output::write(app, "the report", "--report", page, report.html().as_bytes())?;
    }
    Ok(())
}

fn document(value: &serde_json::Value, app: &mut App<'_, '_>) -> Result<(), Failure> {
    let mut text = Vec::new();
    to_json_pretty(&mut text, value).map_err(std::io::Error::other)?;
    text.push(b'\n');
    Ok(app.stdout.write_all(&text)?)
}

fn human(report: &Report<'_>, style: Style, app: &App<'_, '_>) -> Result<Vec<u8>, Failure> {
    let quiet = app.common.layer.quiet == Some(true);
    let mut out = Vec::new();
    for finding in report.findings.iter().filter(|one| !quiet || one.severity != Severity::Note) {
        let mark = render::label(
            style,
            finding.severity,
            &format!("{}[{}]", finding.severity.id(), finding.rule.id),
        );
        let places = finding.places();
        let at = if places.is_empty() { String::new() } else { format!(" ({places})") };
        render::wrapped(&mut out, style.width, &format!("{mark}: {}{at}", finding.message))?;
        if let Some(first) =
            finding.requests.first().and_then(|number| report.record.number(*number))
        {
            render::wrapped(
                &mut out,
                style.width,
                &format!("  --> #{} {}", first.number, first.shown()),
            )?;
        }
        render::help(&mut out, style, &[finding.help.as_ref()])?;
        render::wrapped(&mut out, style.width, &format!("  = source: {}", finding.rule.clause))?;
        out.push(b'\n');
    }
    if !quiet {
        for note in report.notes {
            render::wrapped(&mut out, style.width, &format!("not observed: {note}"))?;
        }
    }
    let count = |severity| report.findings.iter().filter(|one| one.severity == severity).count();
    let counts = [
        (report.record.exchanges.len(), "request"),
        (count(Severity::Error), "error"),
        (count(Severity::Warning), "warning"),
        (count(Severity::Note), "note"),
    ];
    let counts =
        counts.map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }));
    let summary = counts.join(", ");
    render::wrapped(&mut out, style.width, &summary)?;
    if report.record.exchanges.is_empty() {
        render::wrapped(&mut out, style.width, "nothing was requested, so nothing was judged")?;
    }
    Ok(out)
}

/// The exit code for the findings, if `--fail-on` sets one.
pub(super) fn exit(args: &ResultArgs, findings: &[Finding]) -> Option<Exit> {
    let least = args.fail_on?.severity();
    findings.iter().any(|finding| least <= finding.severity).then_some(Exit::Findings)
}
