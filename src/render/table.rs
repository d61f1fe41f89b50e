//! A plain table: each column is as wide as its widest cell, with two spaces between columns.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use super::human::{Style, marked};
use entrada_core::clean;

/// Writes `rows` under `headings`. Cells are cleaned of control characters; the last column is not padded.
pub fn table(out: &mut dyn Write, headings: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let head: Vec<String> = headings.iter().map(|heading| heading.to_uppercase()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(head)
        .chain(rows.iter().map(|row| row.iter().map(|cell| clean(cell).into_owned()).collect()))
        .collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Whether every line of the table fits the width of the terminal.
pub fn table_fits(headings: &[&str], rows: &[Vec<String>], style: Style) -> bool {
    let mut text = Vec::new();
    let written = table(&mut text, headings, rows);
    let text = String::from_utf8_lossy(&text);
    written.is_ok()
        && text.lines().all(|line| style.width.is_none_or(|width| line.width() <= width))
}

/// A table, or one value below the other where the terminal is too narrow for it. Empty cells are left out there.
pub fn records(
    out: &mut dyn Write,
    headings: &[&str],
    rows: &[Vec<String>],
    style: Style,
) -> io::Result<()> {
    if table_fits(headings, rows, style) {
        return table(out, headings, rows);
    }
    for row in rows {
        for (index, (heading, value)) in headings.iter().zip(row).enumerate() {
            if !value.is_empty() {
                let indent = if index == 0 { "" } else { "  " };
                marked(
                    out,
                    style,
                    &format!("{indent}{heading}:"),
                    &format!(" {}", clean(value)),
                    4,
                )?;
            }
        }
    }
    Ok(())
}

/// The least width for a sentence next to other columns.
const SENTENCE_MIN: usize = 30;

/// A table with a sentence in its last column. The sentence is wrapped at the line end, or stands below the row where its
/// column would be too narrow. Where the other columns are too wide, it is as `records` shows it.
pub fn listing(
    out: &mut dyn Write,
    headings: &[&str],
    rows: &[Vec<String>],
    style: Style,
) -> io::Result<()> {
    let Some((last, heads)) = headings.split_last() else { return Ok(()) };
    let cells = |row: &Vec<String>| row.iter().take(heads.len()).cloned().collect();
    let cells: Vec<_> = rows.iter().map(cells).collect();
    if !table_fits(heads, &cells, style) {
        return records(out, headings, rows, style);
    }
    let mut narrow = Vec::new();
    table(&mut narrow, heads, &cells)?;
    let narrow = String::from_utf8_lossy(&narrow);
    let indent = narrow.lines().map(|line| line.width() + 2).max().unwrap_or(0);
    let fits = style.width.is_none_or(|width| indent + SENTENCE_MIN <= width);
    let last = last.to_uppercase();
    let sentences = rows.iter().map(|row| row.get(heads.len()).map_or("", String::as_str));
    for (line, sentence) in narrow.lines().zip(std::iter::once(last.as_str()).chain(sentences)) {
        let sentence = clean(sentence);
        if fits {
            let gap = " ".repeat(indent - line.width());
            let line = if sentence.is_empty() { line.to_owned() } else { format!("{line}{gap}") };
            marked(out, style, &line, &sentence, indent)?;
        } else {
            writeln!(out, "{line}")?;
            marked(out, style, "   ", &format!(" {sentence}"), 4)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_next_to_the_other_columns_or_below() {
        let row = |name: &str| {
            vec![name.to_owned(), "a sentence of some length that has to end".to_owned()]
        };
        let shown = |name: &str, width| {
            let mut out = Vec::new();
            listing(&mut out, &["x", "what"], &[row(name)], Style { color: false, width }).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown("a", None), "X  WHAT\na  a sentence of some length that has to end\n");
        assert_eq!(
            shown("a", Some(40)),
            "X  WHAT\na  a sentence of some length that has to\n   end\n"
        );
        assert_eq!(
            shown("a-long-name-indeed", Some(44)),
            "X\n    WHAT\na-long-name-indeed\n    a sentence of some length that has to\n    end\n"
        );
    }

    #[test]
    fn columns_line_up_and_control_characters_are_removed() {
        let mut out = Vec::new();
        let rows = [vec!["a".to_owned(), "b\u{1b}[2J".to_owned()], vec!["long".into(), "c".into()]];
        table(&mut out, &["x", "y"], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "X     Y\na     b\nlong  c\n");
    }
}
