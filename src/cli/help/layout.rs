//! Lines of help that fit the terminal. The parser breaks longer lines without an indent.

use std::fmt::Write as _;

use textwrap::{Options, WordSplitter};
use unicode_width::UnicodeWidthStr as _;

/// The least width of a description next to its term.
const BESIDE_MIN: usize = 20;

/// `first` and `text`; later lines begin with `indent` spaces.
pub(in crate::cli) fn hanging(text: &str, first: &str, indent: usize, width: usize) -> String {
    let indent = " ".repeat(indent);
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(&indent)
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::fill(text, options)
}

/// `text` in lines of `width` columns.
pub(super) fn paragraph(text: &str, width: usize) -> String {
    hanging(text, "", 0, width)
}

/// Each term with its description next to it, or below where that would be too narrow. A term is never broken: it can be a command
/// to copy.
pub(super) fn columns<T: AsRef<str>, D: AsRef<str>>(rows: &[(T, D)], width: usize) -> String {
    capped_columns(rows, usize::MAX, width)
}

/// The same, with at most `cap` columns for a term: the description of a longer one begins on the next line.
pub(super) fn capped_columns<T: AsRef<str>, D: AsRef<str>>(
    rows: &[(T, D)],
    cap: usize,
    width: usize,
) -> String {
    let longest = rows.iter().map(|(term, _)| term.as_ref().width()).max().unwrap_or(0);
    let column = (longest + 4).min(cap);
    let mut text = String::new();
    for (term, description) in rows {
        let (term, description) = (term.as_ref(), description.as_ref());
        let (below, indent) = if width < column + BESIDE_MIN {
            (true, 6)
        } else {
            (column < term.width() + 4, column)
        };
        if below {
            let start = " ".repeat(indent);
            let _ = write!(text, "  {term}\n{}", hanging(description, &start, indent, width));
        } else {
            let gap = " ".repeat(indent - 2 - term.width());
            text += &hanging(description, &format!("  {term}{gap}"), indent, width);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_stays_whole_and_its_description_is_broken_between_words() {
        let rows = [("entrada token work -o header", "a header for curl and for other programs")];
        let lines = |width| columns(&rows, width).lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            lines(80),
            ["  entrada token work -o header  a header for curl and for other programs"]
        );
        assert_eq!(
            lines(60),
            [
                "  entrada token work -o header  a header for curl and for",
                "                                other programs"
            ]
        );
        assert_eq!(
            lines(40),
            [
                "  entrada token work -o header",
                "      a header for curl and for other",
                "      programs"
            ]
        );
    }
}
