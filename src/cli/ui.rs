//! All messages for people go through here, to stderr.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::Write;

use super::arguments::Arguments;
use crate::render::{self, Style};
use entrada_auth::sys::{Stream, Sys};
use entrada_core::{Redactor, clean, clean_layout};

/// stderr, shared by all parts that print messages.
pub(super) struct Ui<'a> {
    out: RefCell<&'a mut dyn Write>,
    arguments: Arguments,
    redactor: Redactor,
    /// What the terminal can show.
    pub(super) style: Style,
    /// Whether a person is looking.
    pub(super) to_terminal: bool,
}

impl<'a> Ui<'a> {
    /// Whatever is said goes without the secrets that `redactor` knows by then, and without those among the arguments.
    pub(super) fn new(
        out: &'a mut dyn Write,
        sys: &Sys<'_>,
        arguments: Arguments,
        redactor: Redactor,
    ) -> Self {
        let to_terminal = sys.terminal.is_terminal(Stream::Stderr);
        let style = style_of(sys, Stream::Stderr);
        Self { out: RefCell::new(out), arguments, redactor, style, to_terminal }
    }

    /// Messages to a stream that is no terminal.
    #[cfg(test)]
    pub(super) fn plain(out: &'a mut dyn Write, arguments: Arguments, redactor: Redactor) -> Self {
        let style = Style::default();
        Self { out: RefCell::new(out), arguments, redactor, style, to_terminal: false }
    }

    /// `text` without what may be a secret among the arguments.
    pub(super) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.arguments.hide(text)
    }

    /// The advice for `text` if something in it is hidden.
    pub(super) fn advice(&self, text: &str) -> Option<&'static str> {
        self.arguments.advice(text)
    }

    /// From now on, secrets in `text` of the configuration file are hidden as well.
    pub(super) fn learn_settings(&self, text: &str) {
        self.arguments.learn_settings(text);
    }

    /// One line of a message; control characters from other sources are made harmless.
    pub(super) fn line(&self, text: impl AsRef<str>) {
        // Before the line is broken, and once more behind.
        let text = self.redacted(text.as_ref());
        let text = clean(&text);
        self.with(|out| render::wrapped(out, self.style.width, &text));
    }

    /// A question; the answer is typed on its last line.
    pub(super) fn prompt(&self, text: &str) {
        let text = self.redacted(text);
        let text = clean(&text);
        self.with(|out| {
            let mut lines = Vec::new();
            render::wrapped(&mut lines, self.style.width, &text)?;
            out.write_all(lines.trim_ascii_end())?;
            out.write_all(b" ")
        });
    }

    /// A page, its layout kept and made harmless.
    pub(super) fn page(&self, text: &str) {
        self.raw(&clean_layout(&self.hide(text)));
    }

    /// Text that we made ourselves, escape sequences and the address of the sign-in page included. Errors of a closed
    /// stderr are ignored.
    pub(super) fn raw(&self, text: &str) {
        self.write(self.redactor.text(text).as_bytes());
    }

    /// What `write` writes.
    pub(super) fn with(&self, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) {
        let mut page = Vec::new();
        if write(&mut page).is_ok() {
            self.raw(&self.hide(&String::from_utf8_lossy(&page)));
        }
    }

    /// `text` without the secrets that are known by now.
    pub(super) fn redacted(&self, text: &str) -> String {
        self.redactor.text(&self.hide(text)).into_owned()
    }

    /// JSON without the secrets. Numbers and punctuation are never secrets.
    pub(super) fn json(&self, line: &[u8]) {
        self.write(line);
    }

    fn write(&self, bytes: &[u8]) {
        let mut out = self.out.borrow_mut();
        let _ = out.write_all(bytes).and_then(|()| out.flush());
    }
}

/// What `stream` can show: colour if the terminal supports it and no setting forbids it (<https://no-color.org>).
pub(super) fn style_of(sys: &Sys<'_>, stream: Stream) -> Style {
    let to_terminal = sys.terminal.is_terminal(stream);
    let refused =
        sys.env.is_set("NO_COLOR") || sys.env.os("TERM").is_some_and(|term| term == "dumb");
    Style { color: to_terminal && !refused, width: sys.terminal.width().filter(|_| to_terminal) }
}
