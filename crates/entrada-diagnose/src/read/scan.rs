//! A position in a line, with the steps that log formats are made of.

use std::ops::RangeInclusive;

/// A position in a line.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Self { line, at: 0 }
    }

    /// The position in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What follows.
    pub(super) fn rest(&self) -> &'a str {
        &self.line[self.at..]
    }

    /// Skips `text`; false if something else follows.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    /// Skips a number of so many digits.
    pub(super) fn number(&mut self, digits: RangeInclusive<usize>) -> Option<()> {
        let count =
            self.rest().bytes().take_while(u8::is_ascii_digit).take(digits.end() + 1).count();
        digits.contains(&count).then(|| self.at += count)
    }

    /// Skips blanks, at least one.
    pub(super) fn blanks(&mut self) -> Option<()> {
        let count = self.rest().bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
        (0 < count).then(|| self.at += count)
    }

    /// Skips blanks, and the `-` and `|` between columns.
    pub(super) fn separators(&mut self) {
        while self.blanks().is_some()
            || self.take("- ")
            || self.take("|")
            || self.take("--- ")
            || self.take(": ")
        {}
    }

    /// The word that follows, up to the next blank.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let end = rest.find([' ', '\t']).unwrap_or(rest.len());
        self.at += end;
        (0 < end).then(|| &rest[..end])
    }

    /// Skips to the end of `mark`; false if the line has none.
    pub(super) fn until(&mut self, mark: char) -> bool {
        let end = self.rest().find(mark);
        self.at += end.map_or(0, |end| end + mark.len_utf8());
        end.is_some()
    }

    /// The text before the first of `marks`.
    pub(super) fn until_any(&mut self, marks: &[char]) -> Option<&'a str> {
        let rest = self.rest();
        let end = rest.find(marks)?;
        self.at += end;
        Some(&rest[..end])
    }

    /// Skips the English name of a month in three letters.
    pub(super) fn month(&mut self) -> Option<()> {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        MONTHS.iter().any(|month| self.take(month)).then_some(())
    }

    /// Skips `05:34:36` with a fraction.
    pub(super) fn clock(&mut self) -> Option<()> {
        let start = self.at;
        let mut clock = || {
            self.number(2..=2)?;
            self.take(":").then_some(())?;
            self.number(2..=2)?;
            self.take(":").then_some(())?;
            self.number(2..=2)?;
            let dot = self.at;
            if (self.take(".") || self.take(",")) && self.number(1..=9).is_none() {
                self.at = dot;
            }
            Some(())
        };
        let found = clock();
        if found.is_none() {
            self.at = start;
        }
        found
    }

    /// Skips a date and a time, as ISO 8601 and most logs write them, with the zone.
    pub(super) fn timestamp(&mut self) -> Option<()> {
        let start = self.at;
        let mut date = || {
            self.number(4..=4)?;
            (self.take("-") || self.take("/")).then_some(())?;
            self.number(2..=2)?;
            (self.take("-") || self.take("/")).then_some(())?;
            self.number(2..=2)?;
            (self.take("T") || self.take(" ")).then_some(())?;
            self.clock()
        };
        if date().is_none() {
            self.at = start;
            return None;
        }
        self.zone();
        Some(())
    }

    /// Skips a zone, if one follows.
    fn zone(&mut self) {
        let start = self.at;
        if self.take("Z") || self.take(" UTC") || self.take(" GMT") {
            return;
        }
        self.take(" ");
        if self.take("+") || self.take("-") {
            let hours = self.number(2..=2).and_then(|()| {
                self.take(":");
                self.number(2..=2)
            });
            if hours.is_some() || self.number(4..=4).is_some() {
                return;
            }
        }
        self.at = start;
    }
}
