//! The answer to `FETCH`.

use std::fmt::Write as _;

use super::mailbox::{MESSAGES, message};
use crate::account::EmulatedAccount;

/// The numbers of a set such as `1:3,5` or `2:*`, up to `last`.
pub(super) fn numbers(set: &str, last: usize) -> impl Iterator<Item = usize> {
    let mut found = vec![false; last + 1];
    for range in set.split(',') {
        let (from, to) = range.split_once(':').unwrap_or((range, range));
        let number = |text: &str| if text == "*" { Some(last) } else { text.parse().ok() };
        if let (Some(one), Some(two)) = (number(from), number(to)) {
            let (from, to): (usize, usize) = if one <= two { (one, two) } else { (two, one) };
            (from.max(1)..=to.min(last)).for_each(|number| found[number] = true);
        }
    }
    (1..=last).filter(move |number| found[*number])
}

/// The data of message `number`; message 1 is the oldest. Its UID is its number.
pub(super) fn answer(
    user: &EmulatedAccount,
    number: usize,
    items: &str,
    by_uid: bool,
) -> Option<String> {
    let text = message(user, MESSAGES.len().checked_sub(number)?)?;
    let (header, body) = text.split_once("\r\n\r\n")?;
    let upper = items.to_ascii_uppercase();
    let mut parts = Vec::new();
    if by_uid || words(&upper).any(|word| word == "UID") {
        parts.push(format!("UID {number}"));
    }
    let fast = ["ALL", "FAST", "FULL"].contains(&upper.trim());
    if fast || upper.contains("FLAGS") {
        parts.push(if number == MESSAGES.len() { "FLAGS ()" } else { "FLAGS (\\Seen)" }.to_owned());
    }
    if fast || upper.contains("INTERNALDATE") {
        parts.push(format!("INTERNALDATE \"{}\"", internal_date(header)));
    }
    if fast || upper.contains("RFC822.SIZE") {
        parts.push(format!("RFC822.SIZE {}", text.len()));
    }
    if upper.contains("ENVELOPE") || ["ALL", "FULL"].contains(&upper.trim()) {
        parts.push(envelope(user, header));
    }
    if upper.contains("BODYSTRUCTURE") {
        let (bytes, lines) = (body.len(), body.lines().count());
        parts.push(format!(
            "BODYSTRUCTURE (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" {bytes} {lines} NIL NIL NIL NIL)"
        ));
    }
    for (name, section) in sections(&upper) {
        let data = match section {
            "" => text.clone(),
            "TEXT" | "1" => body.to_owned(),
            "HEADER" => format!("{header}\r\n\r\n"),
            fields if fields.starts_with("HEADER.FIELDS") => chosen(header, fields),
            _ => String::new(),
        };
        parts.push(format!("{name} {{{}}}\r\n{data}", data.len()));
    }
    Some(format!("* {number} FETCH ({})\r\n", parts.join(" ")))
}

fn words(items: &str) -> impl Iterator<Item = &str> {
    items.split(['(', ')', ' ']).filter(|word| !word.is_empty())
}

/// The names of the requested parts, as the answer repeats them, and the section of each.
fn sections(items: &str) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let mut rest = items;
    while let Some((_, after)) = rest.split_once("BODY") {
        let after = after.strip_prefix(".PEEK").unwrap_or(after);
        rest = after;
        if let Some((section, end)) = after.strip_prefix('[').and_then(|text| text.split_once(']'))
        {
            found.push((format!("BODY[{section}]"), section));
            rest = end;
        }
    }
    for (name, section) in [("RFC822", ""), ("RFC822.HEADER", "HEADER"), ("RFC822.TEXT", "TEXT")] {
        if words(items).any(|word| word == name) {
            found.push((name.to_owned(), section));
        }
    }
    found
}

/// The header fields that `HEADER.FIELDS (NAME …)` names, or those that `HEADER.FIELDS.NOT` does not name.
fn chosen(header: &str, section: &str) -> String {
    let names: Vec<&str> = words(section).skip(1).collect();
    let without = section.starts_with("HEADER.FIELDS.NOT");
    let mut text = String::new();
    for line in header.split("\r\n") {
        let name = line.split(':').next().unwrap_or_default();
        if names.iter().any(|own| own.eq_ignore_ascii_case(name)) != without {
            let _ = write!(text, "{line}\r\n");
        }
    }
    text.push_str("\r\n");
    text
}

fn field<'a>(header: &'a str, name: &str) -> &'a str {
    header
        .split("\r\n")
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_default()
}

/// `15-Jan-2027 07:00:00 +0000`, from the message's own date.
fn internal_date(header: &str) -> String {
    let date = field(header, "Date");
    let date = date.split_once(", ").map_or(date, |(_, date)| date);
    date.replacen(' ', "-", 2)
}

fn envelope(user: &EmulatedAccount, header: &str) -> String {
    let from = "((\"Charles Babbage\" NIL \"charles\" \"contoso.example\"))";
    let (local, domain) = user.username.split_once('@').unwrap_or((user.username, ""));
    let to = format!("((\"{}\" NIL \"{local}\" \"{domain}\"))", user.name);
    format!(
        "ENVELOPE (\"{}\" \"{}\" {from} {from} {from} {to} NIL NIL NIL \"{}\")",
        field(header, "Date"),
        field(header, "Subject"),
        field(header, "Message-ID")
    )
}
