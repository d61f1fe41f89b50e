//! `--transcript FILE`: what was said, without secrets.

use std::fmt::Write as _;
use std::path::Path;

use super::super::app::App;
use super::super::{Failure, output};
use crate::probe::{self, WebPlan};
use entrada_auth::sys::{HttpResponse, OutputFile, OutputOptions};
use entrada_core::{Redactor, Side, clean};

/// What it is called in messages, and the flag that names its file.
const WHAT: &str = "the transcript";
const FLAG: &str = "--transcript";

/// What was said so far.
#[derive(Default)]
pub(super) struct TranscriptFile {
    text: String,
    file: Option<OutputFile>,
}

impl TranscriptFile {
    /// One that goes to `path`, which must be writable before anything is asked.
    pub(super) fn new(app: &App<'_, '_>, path: Option<&Path>) -> Result<Self, Failure> {
        let open = |path| output::open(app, WHAT, FLAG, path, OutputOptions::default());
        Ok(Self { text: String::new(), file: path.map(open).transpose()? })
    }

    pub(super) fn mail(&mut self, server: &str, session: &probe::Transcript) {
        let _ = writeln!(self.text, "# {server}");
        for (side, line) in &session.lines {
            let mark = match side {
                Side::Client => "C",
                Side::Server => "S",
            };
            let _ =
                writeln!(self.text, "{mark}: {}", clean(&Redactor::without_likely_secrets(line)));
        }
    }

    pub(super) fn web(&mut self, plan: &WebPlan, response: &HttpResponse) {
        let host = plan.url.host_str().unwrap_or_default();
        let path = &plan.url[url::Position::BeforePath..];
        let _ = writeln!(self.text, "# {host}\n> {} {path} HTTP/1.1\n> host: {host}", plan.method);
        for (name, value) in &plan.headers {
            let _ = writeln!(self.text, "> {name}: {value}");
        }
        let _ = writeln!(self.text, "> authorization: Bearer (the token)\n>");
        let status = response.status();
        let reason = status.canonical_reason().unwrap_or_default();
        let _ = writeln!(self.text, "< HTTP/1.1 {} {reason}", status.as_u16());
        for (name, value) in response.headers() {
            let value = String::from_utf8_lossy(value.as_bytes());
            let _ = writeln!(
                self.text,
                "< {name}: {}",
                clean(&Redactor::without_likely_secrets(&value))
            );
        }
        let body = String::from_utf8_lossy(response.body());
        let _ = writeln!(
            self.text,
            "<\n{}",
            entrada_core::clean_layout(&Redactor::without_likely_secrets(&body))
        );
    }

    /// Writes it, for its owner alone.
    pub(super) fn write(self, app: &mut App<'_, '_>) -> Result<(), Failure> {
        let Some(mut file) = self.file else { return Ok(()) };
        // Names of headers too.
        let text = app.redactor.text(&self.text).into_owned();
        output::write(app, WHAT, FLAG, &mut file, text.as_bytes())
    }
}
