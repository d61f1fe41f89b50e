//! The default prompt of a client.

use crate::flow::{Prompt, SignInAddress, TokenRequest};
use crate::sys::{RealTerminal, Stream, Terminal as _, say};
use entrada_core::oauth::device_code::DeviceAuthorization;

/// Shows the sign-in on stderr. Escape sequences are removed from text of servers.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct TerminalPrompt;

impl TerminalPrompt {
    /// A prompt on stderr.
    pub fn new() -> Self {
        Self
    }
}

impl Prompt for TerminalPrompt {
    fn show_code(&mut self, authorization: &DeviceAuthorization, request: &TokenRequest) {
        for line in code_lines(authorization, request) {
            say(&line);
        }
    }

    fn show_page(&mut self, page: &SignInAddress<'_>) {
        say(if page.opens_browser {
            "Your browser opens a sign-in page. If it does not, open this address in it:"
        } else {
            "To sign in, open this address in a browser:"
        });
        say(&format!("  {}", page.url));
    }

    fn can_ask(&self) -> bool {
        RealTerminal.is_terminal(Stream::Stdin) && RealTerminal.is_terminal(Stream::Stderr)
    }

    fn ask_for_address(&mut self, also: bool) {
        say(if also {
            "If the browser ends on a page that does not load, paste its address here and press Enter (it is not shown)."
        } else {
            "Paste the address of the page on which the browser ends and press Enter (it is not shown)."
        });
    }

    fn warn(&mut self, message: &str) {
        say(&format!("warning: {message}"));
    }
}

/// How to enter the code, as lines. [`say`] cleans them.
pub(super) fn code_lines(
    authorization: &DeviceAuthorization,
    request: &TokenRequest,
) -> [String; 3] {
    [
        format!(
            "To sign in, open {} and enter the code {}",
            authorization.verification_uri, authorization.user_code
        ),
        format!(
            "The application {} asks {} for: {}",
            request.client_id,
            request.authority,
            request.scopes.api()
        ),
        "Continue only if you started this sign-in. Entering a code that someone sent you gives them access to your account."
            .to_owned(),
    ]
}
