//! The lines, for people and for programs.

use std::io;

use serde::Serialize;

use super::super::app::App;
use super::super::ui::style_of;
use super::{CheckLine, CheckState};
use crate::render::{self, Format, json};
use entrada_auth::sys::Stream;
use entrada_core::clean;
use entrada_diagnose::Severity;

#[derive(Serialize)]
struct V1Doctor<'a> {
    version: u8,
    ok: bool,
    checks: Vec<V1Check<'a>>,
}

#[derive(Serialize)]
struct V1Check<'a> {
    name: &'static str,
    state: &'static str,
    found: &'a str,
    help: &'a [String],
}

pub(super) fn tell(format: Format, app: &mut App<'_, '_>, lines: &[CheckLine]) -> io::Result<()> {
    match format {
        Format::Json => app.json(&V1Doctor {
            version: json::VERSION,
            ok: !lines.iter().any(CheckLine::is_bad),
            checks: lines
                .iter()
                .map(|line| V1Check {
                    name: line.name,
                    state: word(line.state),
                    found: &line.found,
                    help: &line.help,
                })
                .collect(),
        }),
        Format::Human => people(app, lines),
    }
}

fn word(state: CheckState) -> &'static str {
    match state {
        CheckState::Fine => "ok",
        CheckState::Note => "note",
        CheckState::Bad => "bad",
        CheckState::Passed => "passed-over",
    }
}

fn people(app: &mut App<'_, '_>, lines: &[CheckLine]) -> io::Result<()> {
    let style = style_of(app.sys, Stream::Stdout);
    let width = lines.iter().map(|line| line.name.len()).max().unwrap_or_default();
    let mut out = Vec::new();
    for line in lines {
        let (mark, padding) = match line.state {
            CheckState::Fine => ("ok".to_owned(), "  "),
            CheckState::Note => (render::label(style, Severity::Note, "note"), ""),
            CheckState::Bad => (render::label(style, Severity::Error, "bad"), " "),
            CheckState::Passed => ("-".to_owned(), "   "),
        };
        let start = format!("{mark}{padding}  {:width$}  ", line.name);
        // The mark is 4 columns wide, colour apart.
        render::marked(&mut out, style, &start, &clean(&line.found), 4 + 2 + width + 2)?;
        render::help(&mut out, style, &line.help)?;
    }
    app.show(&out)
}
