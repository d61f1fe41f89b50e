//! Error records of PowerShell: the message stays; position, source line and category go.

use memchr::memmem;

use crate::read::fold::Fold;

/// The message of each record of PowerShell 7, without its margin:
///
/// ```text
/// Invoke-RestMethod: /home/ada/mail.ps1:62
/// Line |
///   62 |  Invoke-RestMethod $uri -Body @{client_secret=$secret}
///      |  ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
///      | AADSTS50173: The provided grant has expired
/// ```
pub(super) fn message_of_7(text: &str) -> Option<String> {
    memmem::find(text.as_bytes(), b"Line |")?;
    let mut plain = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    let mut found = false;
    while let Some(line) = lines.next() {
        if line.trim() != "Line |" || lines.peek().and_then(|line| margin(line)).is_none() {
            plain.push_str(line);
            plain.push('\n');
            continue;
        }
        found = true;
        drop_position(&mut plain);
        // The source line has a number, the marks below it are tildes.
        let mut message = Vec::new();
        while let Some((number, rest)) = lines.peek().and_then(|line| margin(line)) {
            lines.next();
            let marks = !rest.trim().is_empty() && rest.trim().bytes().all(|byte| byte == b'~');
            if !number && !marks {
                message.push(rest.strip_prefix(' ').unwrap_or(rest));
            }
        }
        write_message(&mut plain, &message, 0, Join::Folded);
    }
    found.then(|| like_end_of(text, plain))
}

/// Removes the last line of `plain` if it names the command and the position: `Invoke-RestMethod: /home/ada/mail.ps1:62`.
fn drop_position(plain: &mut String) {
    let end = plain.trim_end_matches('\n').len();
    let start = plain[..end].rfind('\n').map_or(0, |at| at + 1);
    let line = &plain[start..end];
    let is_position = line.split_once(": ").is_some_and(|(command, position)| {
        let place = position.trim_end_matches(|c: char| c.is_ascii_digit());
        !command.contains(' ') && place.len() < position.len() && place.ends_with(':')
    });
    if is_position {
        plain.truncate(start);
    }
}

/// Whether `line` has a number before the margin, and what follows the margin.
fn margin(line: &str) -> Option<(bool, &str)> {
    let (number, rest) = line.split_once('|')?;
    let number = number.trim();
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some((!number.is_empty(), rest))
}

/// The message of each record of PowerShell 5:
///
/// ```text
/// Invoke-RestMethod : AADSTS50173: The provided grant has expired
/// At C:\mail.ps1:62 char:1
/// + Invoke-RestMethod $uri -Body @{client_secret=$secret}
/// + ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
///     + CategoryInfo          : InvalidOperation: (…) [Invoke-RestMethod], WebException
///     + FullyQualifiedErrorId : WebCmdletWebResponseException,Microsoft.PowerShell.Commands.InvokeRestMethodCommand
/// ```
///
/// The last line stays if it has the message too.
pub(super) fn message_of_5(text: &str) -> Option<String> {
    let has = |words: &[u8]| memmem::find(text.as_bytes(), words).is_some();
    if !has(b"+ CategoryInfo") && !has(b"+ ~") && !has(b"+ FullyQualifiedErrorId") {
        return None;
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut plain = String::with_capacity(text.len());
    let mut message: Vec<&str> = Vec::new();
    let (mut at, mut found) = (0, false);
    while let Some(line) = lines.get(at) {
        let source = lines.get(at + 1).is_some_and(|next| next.trim_start().starts_with("+ "));
        let position = source && is_position(line);
        if !position && !is_category(line) {
            // A new record begins with the name of its command.
            if command(line).is_some() {
                keep(&mut plain, &mut message);
            }
            message.push(line);
            at += 1;
            continue;
        }
        found = true;
        let first = message.iter().rposition(|line| command(line).is_some());
        let record = message.split_off(first.unwrap_or(0));
        keep(&mut plain, &mut message);
        let text = record.first().and_then(|line| command(line));
        let skipped = text.map_or(0, |text| record[0].len() - text.len());
        write_message(&mut plain, &record, skipped, Join::Cut);
        at += usize::from(position);
        at = skip_details(&lines, at, &mut plain);
    }
    keep(&mut plain, &mut message);
    found.then(|| like_end_of(text, plain))
}

/// Skips the source lines and the category from `at` on, and keeps an error id that carries a message.
fn skip_details(lines: &[&str], mut at: usize, plain: &mut String) -> usize {
    let mut category = false;
    while let Some(line) = lines.get(at) {
        let trimmed = line.trim_start();
        let detail = trimmed.starts_with("+ ");
        // The console folds the category; what is left is indented.
        let continued = category && line.starts_with("   ") && !trimmed.is_empty();
        if !detail && !continued {
            break;
        }
        if detail {
            category = is_category(line);
        }
        at += 1;
        if let Some(id) = trimmed.strip_prefix("+ FullyQualifiedErrorId :") {
            let mut id = vec![id.trim_start()];
            while let Some(more) = lines
                .get(at)
                .filter(|line| line.starts_with("   ") && !line.trim_start().starts_with("+ "))
            {
                id.push(more.trim_start());
                at += 1;
            }
            if has_message(&id.concat()) {
                write_message(plain, &id, 0, Join::All);
            }
            break;
        }
    }
    at
}

/// Whether an error id is more than the names of an error and a command.
fn has_message(id: &str) -> bool {
    id.contains("AADSTS")
        || id.contains("\"error")
        || id.contains(": ") && 4 < id.split(' ').count()
}

/// `At C:\mail.ps1:62 char:1`, in any language: it ends in two numbers.
fn is_position(line: &str) -> bool {
    let end = line.trim_end().trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = end.len() < line.trim_end().len();
    let before = end.trim_end().strip_suffix(':').unwrap_or_default();
    let name = before.trim_end().trim_end_matches(|c: char| c.is_alphabetic());
    digits
        && !line.starts_with([' ', '+'])
        && name.trim_end().ends_with(|c: char| c.is_ascii_digit())
        && line.contains(' ')
}

fn is_category(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("+ CategoryInfo ") || line.starts_with("+ FullyQualifiedErrorId :")
}

/// The text after the name of a command: `Invoke-RestMethod : `, or a script's path.
fn command(line: &str) -> Option<&str> {
    let (name, text) = line.split_once(" : ")?;
    let verb = name.split_once('-').is_some_and(|(verb, noun)| {
        verb.starts_with(|c: char| c.is_ascii_uppercase())
            && noun.starts_with(|c: char| c.is_ascii_uppercase())
            && verb.bytes().chain(noun.bytes()).all(|b| b.is_ascii_alphanumeric())
    });
    (verb || !name.contains(' ') && [".ps1", ".PS1", ".psm1"].iter().any(|end| name.ends_with(end)))
        .then_some(text)
}

/// Writes the lines before a record as they are.
fn keep(plain: &mut String, lines: &mut Vec<&str>) {
    for line in lines.drain(..) {
        plain.push_str(line);
        plain.push('\n');
    }
}

/// Which lines of a message are joined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    /// All of them.
    All,
    /// Those that were folded, by the console or by a person.
    Folded,
    /// Those that the console cut at its width, and those that were folded.
    Cut,
}

/// Writes the lines of a message, without the first `skipped` bytes.
fn write_message(plain: &mut String, lines: &[&str], skipped: usize, join: Join) {
    let (all, cut) = (join == Join::All, join == Join::Cut);
    let of = lines.iter().copied();
    let fold = if cut { Fold::of_console(of) } else { Fold::of(of) };
    let within_json = fold.map(|fold| fold.within_json(lines)).unwrap_or_default();
    for (at, line) in lines.iter().enumerate() {
        plain.push_str(if at == 0 { &line[skipped..] } else { line });
        let Some(next) =
            lines.get(at + 1).filter(|next| !next.trim().is_empty() && !line.trim().is_empty())
        else {
            plain.push('\n');
            continue;
        };
        match fold {
            Some(fold)
                if all
                    || within_json.get(at) == Some(&true)
                    || !is_of_curl(next)
                        && (cut && fold.cuts_after(line) || fold.joins(line, next)) =>
            {
                plain.push_str(fold.joint(line, next));
            }
            None if all => plain.push_str(if line.ends_with(' ') { "" } else { " " }),
            _ => plain.push('\n'),
        }
    }
}

/// Whether `line` begins as those of `curl -v` do, so that it does not continue the line before it.
fn is_of_curl(line: &str) -> bool {
    [">", "<"].contains(&line) || ["> ", "< ", "* "].iter().any(|start| line.starts_with(start))
}

/// `plain`, which ends with a line break only if `text` does.
fn like_end_of(text: &str, mut plain: String) -> String {
    if !text.ends_with('\n') && plain.ends_with('\n') {
        plain.pop();
    }
    plain
}
