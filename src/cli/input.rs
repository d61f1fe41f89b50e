//! What is read: files, pipes, standard input, or the text on the command line itself.

use std::io::Read;
use std::path::Path;

use super::Failure;
use super::app::App;
use super::arguments::holds_secret;
use entrada_auth::sys::Stream;
use entrada_core::Secret;

/// Bytes that are examined of an input that is not UTF-8.
const BROKEN_MAX: usize = 2 << 20;
/// Characters of a line that a terminal hands over whole (Linux; others take fewer).
const TERMINAL_LINE: usize = 4_095;
/// Characters of the longest word that is not a token.
const WORD_MAX: usize = 60;
/// Bytes of input that are read.
const INPUT_MAX: usize = 16 << 20;

impl App<'_, '_> {
    /// What `input` names: a file, standard input for `-` or nothing, else the text itself.
    pub(super) fn input(&mut self, input: Option<&str>) -> Result<Secret, Failure> {
        match input {
            None | Some("-") => {
                if input.is_none() && self.sys.terminal.is_terminal(Stream::Stdin) {
                    self.ui.line("reading standard input; end with Ctrl-D");
                }
                Ok(text_of(self.piped()?))
            }
            // A pipe too: shells write `<(command)` as one.
            Some(path) if path.len() < 4_096 && Path::new(path).exists() => {
                read_text(&mut self.open("the input", path)?)
            }
            Some(text) if looks_like_a_path(text) => {
                Err(Failure::usage(format!("there is no file `{text}`")))
            }
            Some(text) => {
                if is_secret(text) {
                    self.ui.line(
                        "note: other users can see the command line, and the shell's history keeps it; \
                         give a token on standard input",
                    );
                }
                Ok(Secret::new(text))
            }
        }
    }

    /// Opens the file or pipe `path`, in which is `what`.
    pub(super) fn open(&self, what: &str, path: &str) -> Result<std::fs::File, Failure> {
        if Path::new(path).is_dir() {
            return Err(Failure::usage(format!("`{path}` is a folder; give a file in it")));
        }
        self.reading(Path::new(path))?;
        std::fs::File::open(path)
            .map_err(|error| Failure::usage(format!("cannot read {what} in `{path}`: {error}")))
    }

    /// All of standard input.
    pub(super) fn piped(&mut self) -> Result<Vec<u8>, Failure> {
        self.reading_stdin()?;
        let bytes = read_bytes(self.stdin)?;
        if self.sys.terminal.is_terminal(Stream::Stdin)
            && bytes.split(|byte| *byte == b'\n').any(|line| TERMINAL_LINE <= line.len())
        {
            self.ui.line(
                "warning: the terminal cuts lines at 4095 characters, and the pasted text seems incomplete: put it in a file and give \
                 its name, or pipe it",
            );
        }
        Ok(bytes)
    }
}

/// Whether `text` could hold a token or a password: it is long and in one piece, or looks like one.
fn is_secret(text: &str) -> bool {
    text.split_whitespace().any(|word| WORD_MAX < word.len()) || holds_secret(text)
}

fn looks_like_a_path(text: &str) -> bool {
    let short = text.len() < 200 && !text.contains(['{', ' ', '\n', '@', '=']);
    // No token is this short with such an ending.
    let extension =
        Path::new(text).extension().and_then(std::ffi::OsStr::to_str).is_some_and(|end| {
            (1..=5).contains(&end.len()) && end.chars().all(|c| c.is_ascii_alphanumeric())
        });
    // A short token has a last part that looks like one.
    let extension = extension && text.len() < 100 && !text.contains("://") && !holds_secret(text);
    short && (extension || text.starts_with(['/', '.', '~']))
}

/// Text in UTF-16 with its mark, as PowerShell's `>` writes it.
pub(super) fn utf_16(bytes: &[u8]) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes.get(..2)? {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let units = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

pub(super) fn read_text(from: &mut dyn Read) -> Result<Secret, Failure> {
    Ok(text_of(read_bytes(from)?))
}

pub(super) fn read_bytes(from: &mut dyn Read) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::with_capacity(8 << 10);
    let cap = u64::try_from(INPUT_MAX).unwrap_or(u64::MAX);
    from.take(cap + 1).read_to_end(&mut bytes)?;
    if INPUT_MAX < bytes.len() {
        return Err(Failure::usage("the input is larger than 16 MiB"));
    }
    Ok(bytes)
}

/// The text that `bytes` are.
pub(super) fn text_of(bytes: Vec<u8>) -> Secret {
    if let Some(text) = utf_16(&bytes) {
        return Secret::new(text);
    }
    Secret::new(match String::from_utf8(bytes) {
        Ok(text) => text,
        // Tokens and answers are text: the start is enough to recognise binary input.
        Err(error) => {
            let bytes = error.as_bytes();
            String::from_utf8_lossy(&bytes[..bytes.len().min(BROKEN_MAX)]).into_owned()
        }
    })
}
