//! Lines that a terminal, a mail program or a formatter broke at one width.

use crate::service::is_marked;

/// Minimum width in characters at which text counts as folded. Lists of short values have narrower lines.
const WIDTH_MIN: usize = 40;
/// Maximum width. Longer lines are not the work of a terminal.
const WIDTH_MAX: usize = 240;
/// Minimum length of a line in characters that counts as folded when it is the only one.
const SINGLE_MIN: usize = 60;

/// Maximum length in characters of a bare name in a list: claims have no longer ones.
const NAME_MAX: usize = 24;
/// Maximum number of lines at which an object is looked for.
const OBJECTS_MAX: usize = 16;

/// Length of a GUID in characters.
const GUID: usize = 36;

/// How a text was folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fold {
    /// The length in characters of the longest line that has a blank.
    width: usize,
    /// Whether lines were cut at exactly the width, inside words too.
    cut: bool,
}

impl Fold {
    /// The fold of `lines`, if one of them has words and a width that people use. Lines of a single word may be longer: a
    /// formatter leaves a long word whole.
    pub(crate) fn of<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> Option<Self> {
        // One line of the full width may be so by chance.
        Self::with_cuts(lines, 2)
    }

    /// The fold of a console, which cuts words: one line of the full width shows it.
    pub(crate) fn of_console<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> Option<Self> {
        Self::with_cuts(lines, 1)
    }

    /// The fold of `lines`. Words are cut only where at least `enough` lines have the full width.
    fn with_cuts<'a>(lines: impl Iterator<Item = &'a str> + Clone, enough: usize) -> Option<Self> {
        let (mut width, mut at_width, mut words) = (0, 0, false);
        for line in lines.clone() {
            let length = length(line);
            let several = line.trim().contains(' ');
            if WIDTH_MAX < length {
                if several {
                    return None;
                }
                continue;
            }
            words |= several;
            if width < length {
                (width, at_width) = (length, 0);
            }
            at_width += usize::from(length == width);
        }
        let mut fold = Self { width, cut: false };
        // Pieces of long words show a width, and not whether words are cut too. Lines of several words do.
        let (mut at_blanks, mut within) = (0, 0);
        for (before, after) in lines.clone().zip(lines.skip(1)) {
            let length = length(before);
            let several = before.trim().contains(' ') && !after.trim().is_empty();
            let is_full = length == width;
            let is_short = length + 1 < width && fold.is_full(before, after);
            if several && is_full && !is_between_words(before, after) {
                within += 1;
            } else if several && (is_full || is_short) {
                at_blanks += 1;
            }
        }
        fold.cut = enough <= at_width && (at_blanks < within || at_blanks == 0);
        (WIDTH_MIN <= width && (words || fold.cut)).then_some(fold)
    }

    /// The text that the line break between `before` and `after` replaced: a blank, or nothing inside a word.
    pub(crate) fn joint(self, before: &str, after: &str) -> &'static str {
        if before.ends_with([' ', '\t']) || after.starts_with([' ', '\t']) {
            return "";
        }
        let length = length(before);
        if self.cut && length == self.width {
            return "";
        }
        let alphanumeric = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        if let Some(word) = before.strip_suffix(['-', '/'])
            && alphanumeric(word.chars().next_back())
            && alphanumeric(after.chars().next())
        {
            return "";
        }
        let (start, end) = (last_word(before), first_word(after));
        let number = start.starts_with("AADSTS") && start[6..].bytes().all(|b| b.is_ascii_digit());
        if number && 6 < start.len() && end.starts_with(|c: char| c.is_ascii_digit())
            || start.ends_with('_')
            || end.starts_with('_')
            || start.len() + end.len() == GUID
                && uuid::Uuid::parse_str(&format!("{start}{end}")).is_ok()
        {
            return "";
        }
        // A formatter breaks only words that are longer than the line.
        let word = self::length(start) + self::length(end);
        if length == self.width && self.width < word { "" } else { " " }
    }

    /// Whether the line break between `before` and `after` is one of the fold, and not of the text.
    pub(crate) fn joins(self, before: &str, after: &str) -> bool {
        !before.trim().is_empty()
            && !after.trim().is_empty()
            && self.is_full(before, after)
            && !ends_its_line(before, after)
            && !starts_its_line(self, before, after)
            && !is_marked(after)
    }

    /// Whether a console that cuts words cut after `line`, whatever follows.
    pub(crate) fn cuts_after(self, line: &str) -> bool {
        self.cut && length(line) == self.width
    }

    /// Whether `line` is a piece of one word that is longer than the line, such as a token.
    fn cuts_word(self, line: &str) -> bool {
        length(line) == self.width && !line.trim().contains(' ')
    }

    /// For each line but the last, whether the line break after it stands inside a string or a number of JSON, where JSON
    /// has none.
    pub(crate) fn within_json(self, lines: &[&str]) -> Vec<bool> {
        let mut within = vec![false; lines.len().saturating_sub(1)];
        let starts = lines.iter().enumerate().filter_map(|(at, line)| Some((at, line.find('{')?)));
        let mut next = 0;
        for (at, column) in starts.take(OBJECTS_MAX) {
            if at < next {
                continue;
            }
            if let Some(found) = self.within_object(&lines[at..], column) {
                next = at + found.len();
                within[at..next].copy_from_slice(&found);
            }
        }
        within
    }

    /// The same for the object that begins in the first of `lines`, as far as it goes. `None` if it is whole as it is, or
    /// no JSON.
    fn within_object(self, lines: &[&str], column: usize) -> Option<Vec<bool>> {
        let (mut json, mut within) = (String::new(), Vec::new());
        let (mut depth, mut in_string) = (0_usize, false);
        for (at, line) in lines.iter().enumerate() {
            let mut characters = line[if at == 0 { column } else { 0 }..].chars();
            while let Some(character) = characters.next() {
                json.push(character);
                match character {
                    '\\' if in_string => json.extend(characters.next()),
                    '"' => in_string = !in_string,
                    '{' | '[' if !in_string => depth += 1,
                    '}' | ']' if !in_string => depth = depth.checked_sub(1)?,
                    _ => (),
                }
                if depth == 0 {
                    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok();
                    return (is_json && within.contains(&true)).then_some(within);
                }
            }
            let after = lines.get(at + 1)?;
            let digits = line.ends_with(|c: char| c.is_ascii_digit())
                && after.starts_with(|c: char| c.is_ascii_digit());
            let folded = in_string || digits && self.is_full(line, after);
            within.push(folded);
            json.push_str(if folded { self.joint(line, after) } else { "\n" });
        }
        None
    }

    /// Whether the first word of `after` did not fit on the line `before`.
    pub(crate) fn is_full(self, before: &str, after: &str) -> bool {
        let length = length(before);
        if self.cut {
            // A copy may have lost the blank at the end.
            return !after.is_empty() && (length == self.width || length + 1 == self.width);
        }
        if is_before_long_word(before, after) && self.width <= self::length(after) {
            return true;
        }
        !after.is_empty()
            && length <= self.width
            && self.width < 3 * length
            && self.width < length + 1 + self::length(first_word(after))
    }
}

/// Joins the lines of `text` that were folded at one width. Lines with a structure of their own stay: heads of HTTP, mail
/// protocols, lists, tables, members of JSON. `None` if nothing was folded.
pub(crate) fn unfold(text: &str) -> Option<String> {
    let newline = memchr::memchr(b'\n', text.as_bytes())?;
    memchr::memchr(b'\n', &text.as_bytes()[newline + 1..])
        .or((SINGLE_MIN <= newline).then_some(0))?;
    // Most texts of short lines end here.
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
    let mut start = 0;
    let wide = |end: usize| {
        let length = end - start;
        start = end + 1;
        WIDTH_MIN <= length
    };
    if !ends.into_iter().any(wide) {
        return None;
    }
    let fold = Fold::of(text.split('\n'))?;
    let lines: Vec<&str> = text.split('\n').collect();
    let within_json = fold.within_json(&lines);
    let joins: Vec<bool> = lines
        .windows(2)
        .zip(&within_json)
        .map(|(pair, within)| *within || fold.joins(pair[0], pair[1]))
        .collect();
    match joins.iter().filter(|join| **join).count() {
        0 => return None,
        1 if !within_json.contains(&true) => {
            let at = joins.iter().position(|join| *join)?;
            let (before, after) = (lines[at], lines[at + 1]);
            let runs_on =
                after.trim_start().starts_with(|c: char| c.is_lowercase() || c.is_numeric());
            if length(before) < SINGLE_MIN
                || !runs_on
                || before.trim_end().ends_with(['.', ':', ';'])
            {
                return None;
            }
        }
        _ => {}
    }
    let mut unfolded = String::with_capacity(text.len());
    for (at, line) in lines.iter().enumerate() {
        unfolded.push_str(line);
        match (joins.get(at), lines.get(at + 1)) {
            (Some(true), Some(after)) => unfolded.push_str(fold.joint(line, after)),
            (Some(false), _) => unfolded.push('\n'),
            _ => {}
        }
    }
    Some(unfolded)
}

/// Whether the line break after `before` belongs to the text.
fn ends_its_line(before: &str, after: &str) -> bool {
    let (before, after) = (before.trim_end(), after.trim_start());
    let structure = ['"', '\'', '{', '}', '[', ']'];
    before.ends_with(['{', '[', '}', ']', ',']) && after.starts_with(structure)
        || before.ends_with(" |")
        || before.starts_with("HTTP/")
        || is_class(last_word(before))
        || before.starts_with("-----")
        || before.starts_with("```")
}

/// Whether `after` is a line with a structure of its own.
fn starts_its_line(fold: Fold, before: &str, after: &str) -> bool {
    if after.starts_with([' ', '\t', '│']) {
        // Cut at the width, the next line may start with the blank between two words.
        let blank = after.strip_prefix(' ').is_some_and(|rest| !rest.starts_with([' ', '\t']));
        return !(blank && fold.cut && length(before) == fold.width);
    }
    let after = after.trim_start();
    let word = first_word(after);
    let rest = after[word.len()..].trim_start();
    matches!(
        word,
        "*" | "-" | "+" | "<" | ">" | "|" | "•" | "S:" | "C:" | "at" | "+OK" | "-ERR" | "File"
    ) || after.starts_with(['|', '#', '>'])
        || ["HTTP/", "-----", "```", "Traceback", "Caused by:"]
            .iter()
            .any(|start| after.starts_with(start))
        || after.starts_with("eyJ") && !fold.cut && !is_before_long_word(before, after)
        || is_class(word)
        || is_header(word)
        || is_mail_reply(word, rest)
        || is_key(word, rest)
        || is_plain_key(before) && is_plain_key(after)
        || is_row(word, &after[word.len()..]) && !fold.cuts_word(before)
        || super::normalise::prefix::is_log_line(after)
}

/// Whether `word`, with `rest` after it, begins a row of a table: a name, and a value in the next column.
fn is_row(word: &str, rest: &str) -> bool {
    let is_name = word.len() <= NAME_MAX
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name && rest.starts_with("  ") && !rest.trim().is_empty()
}

/// Whether `before` ends in what a token or a SASL string follows on the same line: a formatter puts a word that is longer
/// than the line on a line of its own.
fn is_before_long_word(before: &str, after: &str) -> bool {
    let word = first_word(after);
    let last = last_word(before.trim_end());
    let is_one_word = word.len() == after.trim().len() && SINGLE_MIN <= word.len();
    let is_introduced = last.eq_ignore_ascii_case("bearer")
        || last.ends_with(['"', '\'', ':', '='])
        || matches!(last, "XOAUTH2" | "OAUTHBEARER")
        || matches!(last, "334" | "+") && word.starts_with("eyJ");
    is_one_word && is_introduced
}

/// Whether a line break without blanks stands between two words: cut lines keep the blank.
fn is_between_words(before: &str, after: &str) -> bool {
    const COMMON: [&str; 32] = [
        "access", "and", "are", "as", "at", "be", "been", "by", "can", "code", "error", "expired",
        "for", "from", "has", "in", "is", "it", "not", "of", "on", "or", "that", "the", "this",
        "to", "token", "user", "was", "with", "you", "your",
    ];
    let (last, first) = (last_word(before), first_word(after));
    !after.starts_with([' ', '\t'])
        && (COMMON.contains(&last) && COMMON.contains(&first)
            || last.ends_with([',', ';']) && first.starts_with(char::is_alphabetic))
}

/// Whether `word` is the class of an exception with its colon.
fn is_class(word: &str) -> bool {
    word.ends_with("Error:") || word.ends_with("Exception:")
}

/// Whether `word` is the name of an HTTP header with its colon.
fn is_header(word: &str) -> bool {
    const NAMES: [&str; 16] = [
        "age",
        "allow",
        "authorization",
        "connection",
        "content",
        "cookie",
        "date",
        "etag",
        "expires",
        "host",
        "location",
        "pragma",
        "server",
        "vary",
        "via",
        "accept",
    ];
    word.strip_suffix(':').is_some_and(|name| {
        let hyphenated =
            name.contains('-') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        hyphenated
            && !name.starts_with('-')
            && 4 < name.len()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            || NAMES.contains(&name.to_ascii_lowercase().as_str())
    })
}

/// Whether a line that starts with `word` and goes on with `rest` is one of IMAP or SMTP.
fn is_mail_reply(word: &str, rest: &str) -> bool {
    const WORDS: [&str; 9] =
        ["OK", "NO", "BAD", "BYE", "LOGIN", "AUTHENTICATE", "CAPABILITY", "LOGOUT", "SELECT"];
    let bytes = word.as_bytes();
    let reply = 3 <= bytes.len() && bytes[..3].iter().all(u8::is_ascii_digit);
    let tagged = word.len() <= 12 && word.bytes().all(|b| b.is_ascii_alphanumeric());
    reply
        && (bytes.get(3) == Some(&b'-')
            || bytes.len() == 3 && rest.starts_with(|c: char| c.is_ascii_digit()))
        || tagged && WORDS.contains(&first_word(rest))
}

/// Whether `word` is a key in a list of keys and values: `error_description:`, `"aud":`, `tid =`.
fn is_key(word: &str, rest: &str) -> bool {
    let Some(name) =
        word.strip_suffix([':', '=']).or_else(|| rest.starts_with(['=', ':']).then_some(word))
    else {
        return false;
    };
    let quoted = name.len() > 2 && name.starts_with(['"', '\'']) && name.ends_with(['"', '\'']);
    let snake = name.contains('_') && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    quoted || snake || rest.starts_with(['=', ':']) && !rest.starts_with(": {") && 1 < name.len()
}

/// Whether `line` starts with a bare name and a colon: `iat: 1799988900`. Beside another such line it is one of a list.
fn is_plain_key(line: &str) -> bool {
    let word = first_word(line.trim_start());
    word.strip_suffix(':').is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.len() <= NAME_MAX
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn first_word(text: &str) -> &str {
    text.split([' ', '\t']).find(|word| !word.is_empty()).unwrap_or_default()
}

fn last_word(text: &str) -> &str {
    text.rsplit([' ', '\t']).next().unwrap_or_default()
}

/// Length in characters.
fn length(text: &str) -> usize {
    text.chars().count()
}
