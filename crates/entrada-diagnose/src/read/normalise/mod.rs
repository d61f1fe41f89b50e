//! Removes what terminals, logs, mails, Markdown and consoles put around a text that people paste.

mod escaped;
mod frames;
mod marks;
#[cfg(test)]
mod pasted_tests;
mod powershell;
pub(super) mod prefix;
mod record;
mod talk;
mod talk_words;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

/// Maximum number of rounds over all steps: one for each layer around a text, and more.
const ROUNDS: usize = 12;

/// A text without its layers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Normalised<'a> {
    /// The text. It is borrowed if nothing was removed.
    pub(crate) text: Cow<'a, str>,
    /// What was removed, in the order of the removal, each once.
    pub(crate) steps: Vec<Step>,
}

/// A layer around a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A byte order mark.
    ByteOrderMark,
    /// Colours, links and titles of a terminal.
    TerminalEscapes,
    /// Line ends of Windows and of old systems.
    LineEnds,
    /// Values that a JSON parser rejects: half of a surrogate pair, a number that no float holds.
    UnreadableValues,
    /// The heading and the other cells of a CSV file.
    CsvCells,
    /// The escapes of HTML, and `<pre>` around them.
    HtmlEscapes,
    /// What people write around a text: greetings, questions, introductions.
    Talk,
    /// Lines of ` ``` ` around code in Markdown.
    Fences,
    /// `> ` before each line.
    Quoting,
    /// What a log, a container or a CI system puts before each line.
    LinePrefixes,
    /// An error record of PowerShell 7.
    PowerShell7,
    /// An error record of PowerShell 5.
    PowerShell5,
    /// The frames of a stack trace, with their source lines.
    StackFrames,
    /// Line breaks at one width.
    Folding,
    /// The class of an exception before its message.
    ExceptionClass,
    /// Links that a web page puts into words.
    Links,
}

/// Returns the text without the layer, or `None` if there is no such layer.
type Removal = fn(&str) -> Option<String>;

/// All steps, from the outermost layer inwards.
const STEPS: [(Step, Removal); 16] = [
    (Step::ByteOrderMark, marks::without_byte_order_mark),
    (Step::TerminalEscapes, marks::without_escapes),
    (Step::LineEnds, marks::with_plain_line_ends),
    (Step::UnreadableValues, marks::without_unreadable_values),
    (Step::Links, marks::without_links_in_words),
    (Step::Talk, talk::remove),
    (Step::CsvCells, escaped::cells_of_csv),
    (Step::HtmlEscapes, escaped::text_of_html),
    (Step::Fences, marks::without_fences),
    (Step::Quoting, marks::without_quoting),
    (Step::LinePrefixes, prefix::remove),
    (Step::PowerShell7, powershell::message_of_7),
    (Step::PowerShell5, powershell::message_of_5),
    (Step::StackFrames, frames::remove),
    (Step::Folding, super::fold::unfold),
    (Step::ExceptionClass, frames::split_class),
];

impl Step {
    /// The name in `--explain-reading`.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::ByteOrderMark => "byte-order-mark",
            Self::TerminalEscapes => "terminal-escapes",
            Self::LineEnds => "line-ends",
            Self::UnreadableValues => "unreadable-values",
            Self::CsvCells => "csv-cells",
            Self::HtmlEscapes => "html-escapes",
            Self::Talk => "words-around",
            Self::Fences => "fences",
            Self::Quoting => "quoting",
            Self::LinePrefixes => "line-prefixes",
            Self::PowerShell7 => "powershell-7",
            Self::PowerShell5 => "powershell-5",
            Self::StackFrames => "stack-frames",
            Self::Folding => "folding",
            Self::ExceptionClass => "exception-class",
            Self::Links => "links",
        }
    }
}

/// Removes the layers around `text`, and nothing else. A text without layers comes back as it is, and a second run
/// changes nothing.
pub(crate) fn normalise(text: &str) -> Normalised<'_> {
    let mut normalised = Normalised { text: Cow::Borrowed(text), steps: Vec::new() };
    for _ in 0..ROUNDS {
        let mut changed = false;
        for (step, remove) in STEPS {
            // Widths and messages count when all marks are gone.
            if changed && matches!(step, Step::Folding | Step::ExceptionClass) {
                break;
            }
            if let Some(removed) = remove(&normalised.text) {
                normalised.text = Cow::Owned(removed);
                changed = true;
                if !normalised.steps.contains(&step) {
                    normalised.steps.push(step);
                }
            }
        }
        if !changed {
            break;
        }
    }
    normalised
}
