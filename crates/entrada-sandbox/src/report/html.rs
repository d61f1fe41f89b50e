//! The findings as one HTML page: a timeline with a lane for each host, and each finding at its request.

use entrada_core::clean;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Report, shown_path};
use crate::judge::{Exchange, Finding, Severity};

const CSS: &str = include_str!("report.css");
/// The most hosts that have lanes beside each other. With more, a path would be a column of single words.
const LANES_MAX: usize = 6;

pub(super) fn page(report: &Report<'_>) -> String {
    let lanes = lanes(report);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { "entrada sandbox: " (headline(report)) }
                style { (PreEscaped(CSS)) (PreEscaped(format!(".timeline{{--lanes:{}}}", lanes.len().max(1)))) }
            }
            body {
                main {
                    header.verdict.(class(report)) {
                        h1 { (headline(report)) }
                        p { (summary(report)) }
                    }
                    (unplaced(report))
                    (timeline(report, &lanes))
                    (names(report))
                }
                footer { p { "Written by entrada " (env!("CARGO_PKG_VERSION")) ". The page holds no tokens, codes or passwords." } }
            }
        }
    }
    .into_string()
}

fn count(report: &Report<'_>, severity: Severity) -> usize {
    report.findings.iter().filter(|finding| finding.severity == severity).count()
}

fn headline(report: &Report<'_>) -> String {
    let plural =
        |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let (errors, warnings) = (count(report, Severity::Error), count(report, Severity::Warning));
    match (report.record.exchanges.len(), errors, warnings) {
        (0, 0, 0) => "No request was recorded".to_owned(),
        (_, 0, 0) => "No error and no warning".to_owned(),
        _ => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
    }
}

fn class(report: &Report<'_>) -> &'static str {
    if 0 < count(report, Severity::Error) {
        "problem"
    } else if 0 < count(report, Severity::Warning) || report.record.exchanges.is_empty() {
        "undetermined"
    } else {
        "ok"
    }
}

fn summary(report: &Report<'_>) -> String {
    let requests = format!("{} requests", report.record.exchanges.len());
    let runs = (1..).zip(report.runs).map(|(number, run)| {
        format!("run {number} ended with exit code {} after {} ms", run.code, run.milliseconds)
    });
    core::iter::once(requests).chain(runs).collect::<Vec<_>>().join("; ")
}

/// The hosts in the order of their first request.
fn lanes<'a>(report: &Report<'a>) -> Vec<&'a str> {
    let mut hosts: Vec<&str> = Vec::new();
    for exchange in &report.record.exchanges {
        if !hosts.contains(&exchange.host.as_str()) {
            hosts.push(&exchange.host);
        }
    }
    hosts
}

/// The findings that no request shows.
fn unplaced(report: &Report<'_>) -> Markup {
    let all: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.requests.is_empty()).collect();
    html! {
        @if !all.is_empty() {
            section { h2 { "Besides the requests" } @for finding in all { (card(finding)) } }
        }
    }
}

fn timeline(report: &Report<'_>, lanes: &[&str]) -> Markup {
    let start = report.record.exchanges.first().map_or(0, |exchange| exchange.at);
    html! {
        section {
            h2 { "Requests" }
            div.timeline.beside[lanes.len() <= LANES_MAX] {
                div.lanes aria-hidden="true" {
                    span.at {}
                    @for host in lanes { span.host { (host) } }
                }
                ol {
                    @for exchange in &report.record.exchanges {
                        li.request id=(format!("request-{}", exchange.number)) {
                            span.at { "#" (exchange.number) " " span.aside { (after(exchange.at - start)) } }
                            (bar(exchange, lanes))
                            @let here = placed(report, exchange.number);
                            @if !here.is_empty() { div.findings { @for finding in here { (card(finding)) } } }
                        }
                    }
                }
            }
        }
    }
}

/// The findings whose first request is this one.
fn placed<'a>(report: &Report<'a>, number: usize) -> Vec<&'a Finding> {
    report.findings.iter().filter(|finding| finding.requests.first() == Some(&number)).collect()
}

fn bar(exchange: &Exchange, lanes: &[&str]) -> Markup {
    let lane = lanes.iter().position(|host| *host == exchange.host).unwrap_or_default() + 2;
    let tone = match exchange.status {
        200..=399 => "good",
        0 | 500.. => "bad",
        _ => "refused",
    };
    html! {
        span.call.(tone) style=(format!("--lane:{lane}")) {
            b { (clean(&exchange.method)) } " " span.on { (exchange.host) } span.path { (shown_path(&exchange.path)) }
            span.answer {
                @if let Some(grant) = exchange.grant() { (clean(grant)) " " }
                @if exchange.status == 0 { "no answer" } @else { (exchange.status) }
                @if let Some(error) = exchange.error() { " " (clean(error)) }
                @if 1 < exchange.run { " run " (exchange.run) }
            }
        }
    }
}

fn card(finding: &Finding) -> Markup {
    html! {
        article.finding.(finding.severity.id()) {
            h3 { span.severity { (finding.severity.id()) } " " code { (finding.rule.id) } }
            p.message { (ticks(&finding.message)) }
            @if 1 < finding.requests.len() {
                p.aside {
                    "requests "
                    @for number in finding.requests.iter().take(20) { a href=(format!("#request-{number}")) { "#" (number) } " " }
                }
            }
            p.help { (ticks(&finding.help)) }
            p.aside { (finding.rule.clause) }
        }
    }
}

fn names(report: &Report<'_>) -> Markup {
    html! {
        @if !report.names.is_empty() {
            section { h2 { "Names that were resolved" } ul { @for name in report.names { li { code { (clean(name)) } } } } }
        }
        @if !report.notes.is_empty() {
            section { h2 { "Not observed" } ul { @for note in report.notes { li { (note) } } } }
        }
    }
}

/// `1.2 s` after the first request.
fn after(milliseconds: i64) -> String {
    format!("{}.{} s", milliseconds / 1_000, milliseconds.abs() % 1_000 / 100)
}

/// Text with its parts between backticks as code.
fn ticks(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Record;

    #[test]
    fn many_hosts_have_no_lanes() {
        let page_of = |hosts: usize| {
            let one = |number| Exchange {
                number,
                host: format!("h{number}.example"),
                ..Exchange::default()
            };
            let record = Record { exchanges: (1..=hosts).map(one).collect(), ..Record::default() };
            page(&Report {
                record: &record,
                findings: &[],
                runs: &[],
                names: &[],
                notes: &[],
                archive: None,
            })
        };
        assert!(page_of(LANES_MAX).contains("class=\"timeline beside\""));
        assert!(page_of(LANES_MAX + 1).contains("class=\"timeline\""));
    }
}
