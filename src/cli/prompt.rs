//! Talks to the user while a sign-in runs.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::app::App;
use super::lock_wait::waiting_for;
use super::ui::Ui;
use crate::config::Settings;
use crate::render::heading;
use entrada_auth::flow::{AwaitedLock, Prompt, SignInAddress, TokenRequest};
use entrada_auth::store::Interaction;
use entrada_auth::sys::{Env, HostKind, TextVariable};
use entrada_auth::trace::Recorder;
use entrada_core::oauth::device_code::DeviceAuthorization;
use entrada_core::{clean, human_duration, shell_quoted};

/// The command that makes a port of this machine one of the machine at the other end.
fn ssh_line(env: &Env, port: u16) -> String {
    // As sshd sets it: client address, client port, server address, server port.
    let connection = env.get(TextVariable::SshConnection).unwrap_or_default();
    let mut words = connection.split_whitespace().skip(2);
    let plain = |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || ".:%".contains(c));
    let host = words.next().filter(plain).unwrap_or("THIS-MACHINE");
    let ssh_port = match words.next() {
        Some(number) if number != "22" && number.chars().all(|c| c.is_ascii_digit()) => {
            format!("-p {number} ")
        }
        _ => String::new(),
    };
    let user = env
        .get(TextVariable::User)
        .map_or_else(String::new, |user| format!("{}@", shell_quoted(user)));
    format!("ssh -N -L {port}:localhost:{port} {ssh_port}{user}{host}")
}

/// What the authority's `message` says besides the address and the code, which stand on lines of their own: the whole message if it
/// does not have both, else what follows Entra's usual sentence.
fn beside_the_code<'m>(message: &'m str, address: &str, code: &str) -> (&'m str, &'m str) {
    if !message.contains(address) || !message.contains(code) {
        return (message, "");
    }
    let after = message.split_once("to authenticate.").map_or("", |(_, after)| after);
    ("", after.trim())
}

/// The user at the terminal, or the reader of the log.
pub(super) struct CliPrompt<'a, 't> {
    ui: &'a Ui<'t>,
    env: &'a Env,
    recorder: &'a Recorder,
    can_ask: bool,
    qr: Option<bool>,
    copy_code: bool,
    notices: Notices,
    ticks: usize,
    line_open: bool,
}

/// What is said that asks for nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Notices {
    Nothing,
    Warnings,
    WarningsAndWaits,
}

const SPINNER: [char; 4] = ['|', '/', '-', '\\'];
/// Columns that the QR code of a sign-in address needs at most, with its quiet zone.
const QR_WIDTH: usize = 60;
/// The number of ticks between two messages about the wait, without a terminal.
const LOG_EVERY: usize = 60;

impl<'a, 't> CliPrompt<'a, 't> {
    pub(super) fn new(app: &App<'a, 't>, settings: &Settings) -> Self {
        Self {
            ui: app.ui,
            env: app.sys.env,
            recorder: app.recorder,
            can_ask: app.interaction(settings) == Interaction::Allowed,
            qr: settings.get(|layer| &layer.qr),
            copy_code: settings.is(|layer| &layer.copy_code),
            notices: if settings.is(|layer| &layer.quiet) {
                Notices::Warnings
            } else {
                Notices::WarningsAndWaits
            },
            ticks: 0,
            line_open: false,
        }
    }

    /// The same for a command that prints nothing but a failure where it is asked to be quiet.
    pub(super) fn of_quiet_command(app: &App<'a, 't>, settings: &Settings) -> Self {
        let mut prompt = Self::new(app, settings);
        if settings.is(|layer| &layer.quiet) {
            prompt.notices = Notices::Nothing;
        }
        prompt
    }

    /// Prints a message in addition to the code.
    #[cfg(feature = "emulator")]
    pub(super) fn note(&self, text: &str) {
        self.ui.line(text);
    }

    fn close_line(&mut self) {
        if self.line_open {
            self.ui.raw("\r\u{1b}[2K");
            self.line_open = false;
        }
    }

    fn show_qr(&self, address: &str) {
        use qrcode::render::unicode::Dense1x2;
        let wide = self.ui.style.width.is_some_and(|width| QR_WIDTH <= width);
        // A phone cannot open a page on this machine.
        let elsewhere = url::Url::parse(address).is_ok_and(|url| match url.host() {
            Some(url::Host::Domain(name)) => name != "localhost",
            Some(url::Host::Ipv4(address)) => !address.is_loopback(),
            Some(url::Host::Ipv6(address)) => !address.is_loopback(),
            None => false,
        });
        if !self.qr.unwrap_or(self.ui.to_terminal && wide && elsewhere) {
            return;
        }
        // The least redundancy makes the smallest picture; a screen has no stains.
        let code = qrcode::QrCode::with_error_correction_level(address, qrcode::EcLevel::L);
        if let Ok(code) = code {
            // Light on dark, as terminals are; cameras read both.
            let picture = code
                .render::<Dense1x2>()
                .dark_color(Dense1x2::Light)
                .light_color(Dense1x2::Dark)
                .build();
            self.ui.raw(&format!("{picture}\n"));
        }
    }

    fn copy(&self, code: &str) {
        if self.copy_code && self.ui.to_terminal {
            self.ui.raw(&format!("\u{1b}]52;c;{}\u{7}", BASE64_STANDARD.encode(code)));
            self.ui.line("the code is on the clipboard, if this terminal allows it");
        }
    }
}

impl Prompt for CliPrompt<'_, '_> {
    fn show_code(&mut self, authorization: &DeviceAuthorization, request: &TokenRequest) {
        let (ui, style) = (self.ui, self.ui.style);
        let address = authorization.verification_uri.as_str();
        let message = authorization.message.as_deref().unwrap_or_default();
        let (before, after) = beside_the_code(message, address, &authorization.user_code);
        if !before.is_empty() {
            // On one line: a server must not be able to forge entrada's lines.
            ui.line(before);
        }
        ui.line(format!(
            "client {} asks {} for: {}",
            request.client_id,
            request.authority,
            request.scopes.api()
        ));
        ui.line("continue only if you started this sign-in: entering a code that someone sent you gives them access to your account");
        // Below the QR code and the sentences, where they stay in sight on a terminal of 24 lines.
        self.show_qr(address);
        ui.raw(&format!("\n  open   {}\n", heading(style, &clean(address))));
        ui.raw(&format!("  enter  {}\n\n", heading(style, &clean(&authorization.user_code))));
        if !after.is_empty() {
            ui.line(format!("the authority says: {after}"));
        }
        self.copy(&authorization.user_code);
    }

    fn show_page(&mut self, page: &SignInAddress<'_>) {
        self.recorder.page(page.url);
        let (ui, request) = (self.ui, page.request);
        match (page.opens_browser, page.listener_port) {
            (true, _) => {
                ui.line("opening your browser; if nothing shows there, open this address in it:");
            }
            (false, Some(port)) if page.host_kind == HostKind::Remote => {
                ui.line("forward this port from the machine with the browser; in a terminal there, run:");
                // In one piece, as all that is there to be copied.
                ui.raw(&format!("\n  {}\n\n", ssh_line(self.env, port)));
                ui.line("then open this address in that browser:");
            }
            (false, Some(_)) => ui.line("open this address in a browser on this machine:"),
            (false, None) => ui.line("open this address in a browser, on any machine:"),
        }
        // A URL has no character that a terminal would act on.
        ui.raw(&format!("\n  {}\n\n", page.url));
        ui.line(format!(
            "client {} asks {} for: {}",
            request.client_id,
            request.authority,
            request.scopes.api()
        ));
    }

    fn can_ask(&self) -> bool {
        self.can_ask
    }

    fn ask_for_address(&mut self, also: bool) {
        self.close_line();
        self.ui.line(if also {
            "if the browser shows a page that does not load: copy its address, paste it here (the text stays hidden), press Enter"
        } else {
            "the last page does not load, and does not have to: copy its address, paste it here (the text stays hidden), press Enter"
        });
    }

    fn waiting(&mut self, left: i64) {
        let said =
            format!("waiting for you to sign in, {} left; Ctrl-C stops", human_duration(left));
        if self.ui.to_terminal {
            let spinner = SPINNER[self.ticks % SPINNER.len()];
            self.ui.raw(&format!("\r\u{1b}[2K{spinner} {said}"));
            self.line_open = true;
        } else if self.ticks.is_multiple_of(LOG_EVERY) {
            self.ui.line(said);
        }
        self.ticks += 1;
    }

    fn waiting_for_lock(&mut self, holder: Option<u32>, lock: AwaitedLock) {
        if self.notices == Notices::WarningsAndWaits {
            self.close_line();
            let does = match lock {
                AwaitedLock::Grant => "uses this sign-in",
                AwaitedLock::Writers => "changes the key of the store",
            };
            self.ui.line(format!("{}, which {does}", waiting_for(holder)));
        }
    }

    fn warn(&mut self, message: &str) {
        if self.notices < Notices::Warnings {
            return;
        }
        self.close_line();
        self.ui.line(format!("warning: {message}"));
    }

    fn done(&mut self) {
        self.close_line();
    }
}
