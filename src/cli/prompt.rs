//! Talks to the user while a sign-in runs.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::talk::Talk;
use crate::config::Settings;
use crate::flow::{Prompt, TokenRequest};
use crate::model::{clean, human_duration};
use crate::oauth::device_code::DeviceAuthorization;
use crate::render::heading;

/// The user at the terminal, or whoever reads the log.
pub(super) struct Person<'a, 't> {
    talk: &'a Talk<'t>,
    qr: Option<bool>,
    copy_code: bool,
    ticks: usize,
    line_open: bool,
}

const SPINNER: [char; 4] = ['|', '/', '-', '\\'];
/// Columns that the QR code of a sign-in address needs at most, with its quiet zone.
const QR_WIDTH: usize = 60;
/// How many ticks pass before a log without a terminal hears again that we still wait.
const LOG_EVERY: usize = 60;

impl<'a, 't> Person<'a, 't> {
    pub(super) fn new(talk: &'a Talk<'t>, settings: &Settings) -> Self {
        Self {
            talk,
            qr: settings.get(|layer| &layer.qr),
            copy_code: settings.is(|layer| &layer.copy_code),
            ticks: 0,
            line_open: false,
        }
    }

    /// Says something beside the code.
    #[cfg(feature = "emulator")]
    pub(super) fn note(&self, text: &str) {
        self.talk.line(text);
    }

    fn close_line(&mut self) {
        if self.line_open {
            self.talk.raw("\r\u{1b}[2K");
            self.line_open = false;
        }
    }

    fn show_qr(&self, address: &str) {
        use qrcode::render::unicode::Dense1x2;
        let wide = self.talk.style.width.is_some_and(|width| QR_WIDTH <= width);
        if !self.qr.unwrap_or(self.talk.to_terminal && wide) {
            return;
        }
        if let Ok(code) = qrcode::QrCode::new(address) {
            // Light on dark, as terminals are; cameras read both.
            let picture = code
                .render::<Dense1x2>()
                .dark_color(Dense1x2::Light)
                .light_color(Dense1x2::Dark)
                .build();
            self.talk.raw(&format!("\n{picture}\n"));
        }
    }

    fn copy(&self, code: &str) {
        if self.copy_code && self.talk.to_terminal {
            self.talk.raw(&format!("\u{1b}]52;c;{}\u{7}", BASE64_STANDARD.encode(code)));
            self.talk.line("the code is on the clipboard, if this terminal allows it");
        }
    }
}

impl Prompt for Person<'_, '_> {
    fn show_code(&mut self, authorization: &DeviceAuthorization, request: &TokenRequest) {
        let (talk, style) = (self.talk, self.talk.style);
        let address = authorization.verification_uri.as_str();
        if let Some(message) = &authorization.message {
            // On one line: a server must not be able to forge lines of ours.
            talk.raw(&format!("{}\n\n", clean(message)));
        }
        talk.raw(&format!("  open   {}\n", heading(style, &clean(address))));
        talk.raw(&format!("  enter  {}\n", heading(style, &clean(&authorization.user_code))));
        self.show_qr(address);
        self.copy(&authorization.user_code);
        talk.raw("\n");
        talk.line(format!(
            "client {} asks {} for: {}",
            request.client_id,
            request.authority,
            request.scopes.api()
        ));
        talk.line("only go on if you started this yourself: with a code from somebody else you sign them in");
    }

    fn waiting(&mut self, left: i64) {
        let said =
            format!("waiting for you to sign in, {} left; Ctrl-C stops", human_duration(left));
        if self.talk.to_terminal {
            let spinner = SPINNER[self.ticks % SPINNER.len()];
            self.talk.raw(&format!("\r\u{1b}[2K{spinner} {said}"));
            self.line_open = true;
        } else if self.ticks.is_multiple_of(LOG_EVERY) {
            self.talk.line(said);
        }
        self.ticks += 1;
    }

    fn trouble(&mut self, what: &str) {
        self.close_line();
        self.talk.line(format!("warning: {what}"));
    }

    fn done(&mut self) {
        self.close_line();
    }
}
