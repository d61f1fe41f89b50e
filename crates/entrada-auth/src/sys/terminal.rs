//! The standard streams as devices.

use std::io::{self, IsTerminal as _};
use std::sync::mpsc;

#[cfg(unix)]
use super::Interrupted;
#[cfg(unix)]
use super::clock::interruptible;
use super::{Line, Stream, Terminal};
use entrada_core::Secret;

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
        read_password(prompt)
    }

    fn read_line(&self) -> io::Result<Box<dyn Line>> {
        Ok(Box::new(RealLine::begin(self.is_terminal(Stream::Stdin))?))
    }
}

/// A line that another thread reads from the terminal or from standard input. A terminal in its normal mode would cut
/// an address after 4,096 bytes (1,024 on macOS); `rpassword` reads it character by character.
struct RealLine {
    line: mpsc::Receiver<io::Result<Secret>>,
    #[cfg(unix)]
    before: Option<(std::fs::File, rustix::termios::Termios)>,
}

impl RealLine {
    fn begin(from_terminal: bool) -> io::Result<Self> {
        #[cfg(unix)]
        let before = if from_terminal {
            let terminal = std::fs::File::open("/dev/tty")?;
            let modes = rustix::termios::tcgetattr(&terminal)?;
            Some((terminal, modes))
        } else {
            None
        };
        let (sender, line) = mpsc::channel();
        std::thread::Builder::new().name("line".to_owned()).spawn(move || {
            let line = if from_terminal { rpassword::read_password() } else { line_of_stdin() };
            // The receiver is gone if the sign-in has ended in another way.
            let _ = sender.send(line.map(Secret::new));
        })?;
        Ok(Self {
            line,
            #[cfg(unix)]
            before,
        })
    }
}

impl Line for RealLine {
    fn poll(&mut self) -> Option<io::Result<Secret>> {
        match self.line.try_recv() {
            Ok(line) => Some(line),
            Err(mpsc::TryRecvError::Empty) => None,
            Err(mpsc::TryRecvError::Disconnected) => Some(Err(io::ErrorKind::UnexpectedEof.into())),
        }
    }
}

#[cfg(unix)]
impl Drop for RealLine {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some((terminal, modes)) = &self.before {
            let _ = tcsetattr(terminal, OptionalActions::Now, modes);
        }
    }
}

/// Size limit in bytes of a line.
const LINE_MAX: u64 = 64 << 10;

#[expect(clippy::disallowed_methods, reason = "the one place that reads standard input directly")]
fn line_of_stdin() -> io::Result<String> {
    use io::{BufRead as _, Read as _};
    let mut line = String::new();
    match io::stdin().lock().take(LINE_MAX).read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line),
    }
}

/// Reads a line without echo. A signal such as Ctrl-C would end the program immediately and leave the terminal
/// without echo. So another thread reads the line, and this function restores the echo.
#[cfg(unix)]
fn read_password(prompt: &str) -> io::Result<Secret> {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    let terminal = std::fs::File::open("/dev/tty")?;
    let before = tcgetattr(&terminal)?;
    let prompt = prompt.to_owned();
    let (sender, answer) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("passphrase".to_owned()).spawn(move || {
        // The receiver is gone if a signal has asked the program to end.
        let _ = sender.send(rpassword::prompt_password(prompt).map(Secret::new));
    })?;
    match interruptible(answer) {
        // `rpassword` reads Ctrl-C as a key and sends the signal itself. Either may arrive here first.
        Ok(Some(Ok(Err(error)))) if error.kind() == io::ErrorKind::Interrupted => {
            Err(io::Error::other(Interrupted { signal: 2 }))
        }
        Ok(Some(answer)) => answer.unwrap_or_else(|error| Err(io::Error::other(error))),
        Ok(None) => Err(io::Error::other("no file descriptors are left")),
        Err(interrupted) => {
            let _ = tcsetattr(&terminal, OptionalActions::Now, &before);
            Err(io::Error::other(interrupted))
        }
    }
}

#[cfg(not(unix))]
fn read_password(prompt: &str) -> io::Result<Secret> {
    rpassword::prompt_password(prompt).map(Secret::new)
}

/// Prints a line on the process's stderr, from any place in the code. It is for messages that cannot wait until a
/// call returns.
#[expect(clippy::disallowed_methods, reason = "the one place that writes to stderr directly")]
pub fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(io::stderr(), "{}", entrada_core::clean(text));
}
