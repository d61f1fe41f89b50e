//! Lines of a log that begin with a time.

use super::prefix::{Kind, Prefix, syslog_source};
use crate::read::scan::Cursor;

/// A time, and often a level, a thread and a logger in any of the usual orders.
pub(super) fn record(line: &str) -> Option<Prefix<'_>> {
    let mut cursor = Cursor::new(line);
    let bracket = cursor.take("[");
    let dated = cursor.timestamp().is_some();
    if !dated {
        cursor.clock()?;
    }
    if !bracket || cursor.take("]") {
        // A CSV file has a comma here, a range of times a dash.
        matches!(cursor.rest().bytes().next(), None | Some(b' ' | b'\t' | b'|' | b'['))
            .then_some(())?;
    } else {
        // Serilog: `[05:34:36 ERR] `.
        cursor.blanks()?;
        is_level(cursor.until_any(&[']', ' '])?).then_some(())?;
        cursor.until(']').then_some(())?;
        cursor.take(" ");
        return Prefix::new(Kind::Record, cursor.at());
    }
    let plain = cursor.clone();
    if let Some(length) = columns(&mut cursor) {
        return Prefix::new(Kind::Record, length);
    }
    // A journal with ISO times.
    if let Some(prefix) = syslog_source(plain.clone())
        && line[..prefix.length].trim_end().ends_with("]:")
    {
        return Some(prefix);
    }
    let mut plain = plain;
    plain.take(" ");
    dated.then(|| Prefix::new(Kind::Time, plain.at()))?
}

/// Maximum number of columns between the time and the text.
const COLUMNS_MAX: usize = 8;

/// The end of the columns after a time, if one of them is a level.
fn columns(cursor: &mut Cursor<'_>) -> Option<usize> {
    let (mut level, mut named) = (false, false);
    let mut end = None;
    for _ in 0..COLUMNS_MAX {
        cursor.separators();
        let start = cursor.clone();
        let Some(word) = cursor.word() else { break };
        let bare = word.trim_matches(|c| "[]<>():|,".contains(c));
        let closed = word.ends_with([':', ']']) || cursor.rest().starts_with([':', '|']) || {
            let rest = cursor.rest().trim_start_matches([' ', '\t']);
            ["- ", ": ", "| ", "--- "].iter().any(|separator| rest.starts_with(separator))
        };
        if !level && is_level(bare) && !(word == "error:" || word == "Error:") {
            level = true;
        } else if let Some(inner) = word.strip_prefix('[') {
            // A thread or a logger in brackets; its name may have blanks.
            *cursor = start.clone();
            cursor.take("[");
            let _ = inner;
            let name = cursor.until_any(&[']'])?;
            cursor.take("]");
            cursor.take(":");
            if !is_source(name) {
                *cursor = start;
                break;
            }
        } else if bare.bytes().all(|b| b.is_ascii_digit())
            && !bare.is_empty()
            && bare.len() <= 7
            && (!level || closed || cursor.rest().starts_with(" --- "))
        {
            // A process.
        } else if !(named && is_field(bare))
            && (closed && is_logger(bare) || !level && is_logger(bare) && next_is_level(cursor))
        {
            named = true;
            cursor.take(":");
        } else {
            *cursor = start;
            break;
        }
        if level {
            end = Some(cursor.clone());
        }
    }
    let mut end = end?;
    let rest = end.rest();
    let separated = rest.trim_start_matches([' ', '\t']);
    for separator in ["- ", ": ", "| ", "--- "] {
        if let Some(text) = separated.strip_prefix(separator) {
            return Some(end.at() + rest.len() - text.len());
        }
    }
    end.take(":");
    end.take(" ");
    Some(end.at())
}

fn next_is_level(cursor: &Cursor<'_>) -> bool {
    let mut next = cursor.clone();
    next.separators();
    next.word().is_some_and(|word| is_level(word.trim_matches(|c| "[]<>():|,".contains(c))))
}

fn is_level(word: &str) -> bool {
    const LEVELS: [&str; 24] = [
        "trace",
        "debug",
        "info",
        "information",
        "notice",
        "warn",
        "warning",
        "error",
        "err",
        "fatal",
        "critical",
        "crit",
        "severe",
        "panic",
        "alert",
        "emerg",
        "vrb",
        "dbg",
        "inf",
        "wrn",
        "ftl",
        "verbose",
        "fail",
        "eror",
    ];
    word.len() <= 11 && LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word))
}

/// Whether `name` may be that of an HTTP field, in lower case: `content-type`, `x-ms-error-code`.
fn is_field(name: &str) -> bool {
    name.contains('-') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Maximum length of a logger's name in bytes.
const NAME_MAX: usize = 80;

/// Whether `name` is one of a logger or module, and not of an error or a program that writes errors by itself.
fn is_logger(name: &str) -> bool {
    const OTHERS: [&str; 36] = [
        "oauth2",
        "curl",
        "error",
        "fetchmail",
        "getmail",
        "msmtp",
        "mbsync",
        "http",
        "https",
        "status",
        "code",
        "panic",
        "message",
        "reason",
        "scope",
        "response",
        "body",
        "aud",
        "iss",
        "iat",
        "nbf",
        "exp",
        "scp",
        "tid",
        "oid",
        "sub",
        "upn",
        "appid",
        "azp",
        "roles",
        "ver",
        "typ",
        "alg",
        "kid",
        "wids",
        "idtyp",
    ];
    let last = name.rsplit(['.', ':', '/']).next().unwrap_or(name);
    let word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/$:#@".contains(&b));
    let dotted = name.contains('.') || name.contains("::") || name.contains('/');
    word && (2..=NAME_MAX).contains(&name.len())
        && !["x-", "content-", "www-"].iter().any(|start| name.starts_with(start))
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !name.contains("://")
        && !last.ends_with("Error")
        && !last.ends_with("Exception")
        && last != "error"
        && !OTHERS.contains(&name)
        && (dotted
            || name == "__main__"
            || !name.contains('_') && !name.contains(|c: char| c.is_ascii_uppercase()))
}

/// Whether the text in brackets after a time names a thread, a process or a logger, and not an error.
fn is_source(name: &str) -> bool {
    let error = name.contains('_') && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let capitals = 3 < name.len() && name.bytes().all(|b| b.is_ascii_uppercase());
    let plain =
        name.len() <= NAME_MAX && !name.contains(['{', '"', '=']) && !name.contains("AADSTS");
    is_level(name) || plain && !error && !capitals
}
