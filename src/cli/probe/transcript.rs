//! `--transcript FILE`: what was said, without secrets.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::super::Failure;
use super::super::app::App;
use crate::model::{Side, clean, without_secrets};
use crate::probe::{Talk, WebPlan};
use crate::sys::HttpResponse;

/// What was said so far.
#[derive(Default)]
pub(super) struct Transcript {
    text: String,
    file: Option<(tempfile::NamedTempFile, PathBuf)>,
}

impl Transcript {
    /// One that goes to `path`, which must be writable before anything is asked.
    pub(super) fn new(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::default()) };
        let is_other = std::fs::symlink_metadata(path).is_ok_and(|there| !there.is_file());
        if is_other || path == Path::new("-") {
            let shown = clean(&path.to_string_lossy()).into_owned();
            return Err(Failure::usage(format!("`{shown}` is no file"))
                .help("name a file for the transcript: `--transcript FILE`"));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
            .map_err(|error| failed(path, &error))?;
        Ok(Self { text: String::new(), file: Some((file, path.to_owned())) })
    }

    pub(super) fn mail(&mut self, server: &str, talk: &Talk) {
        let _ = writeln!(self.text, "# {server}");
        for (side, line) in &talk.lines {
            let mark = match side {
                Side::Client => "C",
                Side::Server => "S",
            };
            let _ = writeln!(self.text, "{mark}: {}", clean(&without_secrets(line)));
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
            let _ = writeln!(self.text, "< {name}: {}", clean(&without_secrets(&value)));
        }
        let body = String::from_utf8_lossy(response.body());
        let _ = writeln!(self.text, "<\n{}", crate::model::clean_layout(&without_secrets(&body)));
    }

    /// Writes it, whole or not at all, for its owner alone.
    pub(super) fn write(self, app: &App<'_, '_>) -> Result<(), Failure> {
        let Some((mut file, path)) = self.file else { return Ok(()) };
        // Names of headers too.
        let text = app.redactor.text(&self.text);
        file.write_all(text.as_bytes()).map_err(|error| failed(&path, &error))?;
        file.persist(&path).map_err(|error| failed(&path, &error.error))?;
        app.talk.line(format!("transcript written to {}", path.display()));
        Ok(())
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.to_string_lossy();
    let why = std::io::Error::from(error.kind());
    Failure::usage(format!("cannot write the transcript to `{}`: {why}", clean(&shown)))
        .help("name a file in a folder that you may write to: `--transcript FILE`")
}
