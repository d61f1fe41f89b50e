//! The standard streams as devices.

use std::io::{self, IsTerminal as _};

use super::{Stream, Terminal};
use crate::model::Secret;

/// The process's own terminal.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealTerminal;

impl Terminal for RealTerminal {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks what the streams are")]
    fn is_terminal(&self, stream: Stream) -> bool {
        match stream {
            Stream::Stdin => io::stdin().is_terminal(),
            Stream::Stdout => io::stdout().is_terminal(),
            Stream::Stderr => io::stderr().is_terminal(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that asks what the streams are")]
    fn width(&self) -> Option<usize> {
        let (width, _) = terminal_size::terminal_size_of(io::stderr())?;
        Some(usize::from(width.0))
    }

    fn read_password(&self, prompt: &str) -> io::Result<Secret> {
        rpassword::prompt_password(prompt).map(Secret::new)
    }
}

/// Says a line on the process's stderr, from wherever one stands: for what cannot wait until a call returns.
#[expect(clippy::disallowed_methods, reason = "the one place that writes past the console")]
pub fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(io::stderr(), "{}", crate::model::clean(text));
}
