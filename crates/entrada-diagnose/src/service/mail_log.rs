//! How programs log a conversation with a mail server: marks before the lines, quotes around them, and the single
//! line in an exception or a system log.

use super::mail::is_server_line;
use entrada_core::{Protocol, Side};

/// Marks that name a side, anywhere after a time or a program's name. Longer ones first.
const MARKS: [(&str, Side); 24] = [
    ("CLIENT -> SERVER:", Side::Client),
    ("SERVER -> CLIENT:", Side::Server),
    ("CreateNewLineFromSocket:", Side::Server),
    ("SendData:", Side::Client),
    ("POP3>", Side::Client),
    ("POP3<", Side::Server),
    ("IMAP>", Side::Client),
    ("IMAP<", Side::Server),
    ("SMTP>", Side::Client),
    ("SMTP<", Side::Server),
    ("<~*", Side::Server),
    ("<**", Side::Server),
    ("**>", Side::Client),
    ("<~", Side::Server),
    ("~>", Side::Client),
    ("<--", Side::Server),
    ("-->", Side::Client),
    ("Client:", Side::Client),
    ("Server:", Side::Server),
    ("reply:", Side::Server),
    ("send:", Side::Client),
    ("C:", Side::Client),
    ("S:", Side::Server),
    (">>>", Side::Client),
];

/// Short marks: only a time, a number or nothing may precede them.
const SHORT_MARKS: [(&str, Side); 9] = [
    ("<<<", Side::Server),
    ("->", Side::Client),
    ("<-", Side::Server),
    ("=>", Side::Client),
    ("<=", Side::Server),
    (">>", Side::Client),
    ("<<", Side::Server),
    (">", Side::Client),
    ("<", Side::Server),
];

/// Bytes at the start of a line that are searched for a mark.
const HEAD: usize = 160;

/// The side that sent `line`, if it is marked, and the line without the log's decoration.
pub(super) fn side_of(line: &str) -> (Option<Side>, String) {
    let line = line.trim();
    let (side, rest) = match marked(line) {
        Some((side, rest)) => (Some(side), rest),
        None => (None, line),
    };
    (side, unquoted(rest.trim()))
}

/// Whether `line` carries the mark of a mail program's log.
pub(crate) fn is_marked(line: &str) -> bool {
    marked(line.trim()).is_some()
}

fn marked(line: &str) -> Option<(Side, &str)> {
    // A server's line may contain text that looks like a mark.
    let speaks = [Protocol::Imap, Protocol::Smtp, Protocol::Pop];
    if speaks.iter().any(|protocol| is_server_line(*protocol, line)) {
        return None;
    }
    let long = MARKS.iter().filter_map(|(mark, side)| {
        let at = line.find(mark).filter(|at| *at <= HEAD)?;
        let alone = !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        // `C:` and similar marks also occur at the end of words and in paths.
        alone.then_some((at, mark.len(), *side))
    });
    let short = SHORT_MARKS.iter().filter_map(|(mark, side)| {
        let at = line.find(mark).filter(|at| *at <= HEAD)?;
        let before = |c: char| c.is_ascii_digit() || " \t[]():.,+-/TZ".contains(c);
        let followed = line[at + mark.len()..].starts_with([' ', 'b', '\'']);
        (line[..at].chars().all(before) && followed).then_some((at, mark.len(), *side))
    });
    let (at, length, side) =
        long.chain(short).min_by_key(|(at, length, _)| (*at, usize::MAX - length))?;
    Some((side, &line[at + length..]))
}

/// `b'…\r\n'` and `'…'`, as Python writes them; `retcode (535); Msg: b'…'`, as its smtplib does.
fn unquoted(text: &str) -> String {
    if let Some(rest) = text.strip_prefix("retcode (")
        && let Some((code, message)) = rest.split_once("); Msg: ")
    {
        return format!("{code} {}", unquoted(message));
    }
    let bare = text.strip_prefix('b').unwrap_or(text);
    for quote in ['\'', '"'] {
        if let Some(inner) = bare.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return without_line_end(inner).to_owned();
        }
    }
    without_line_end(text).to_owned()
}

fn without_line_end(text: &str) -> &str {
    text.trim_end_matches("\\n").trim_end_matches("\\r")
}

/// The server's line that a text quotes: an exception, a system log, a bug report.
pub(super) fn in_prose(text: &str) -> Option<(Protocol, String)> {
    text.lines().find_map(in_line).or_else(|| {
        // A library's message without the server's tag, beside the library's names.
        let lower = text.to_ascii_lowercase();
        let is_of_imap = ["imapclient", "net.imap", "imap.imapclient"];
        let said = is_of_imap.iter().any(|name| lower.contains(name));
        (said && lower.contains("login failed"))
            .then(|| (Protocol::Imap, "* NO LOGIN failed.".to_owned()))
    })
}

/// Maximum number of bytes before the server's words that are shown.
const QUOTED_BEFORE: usize = 80;

/// What `text` says literally, where [`in_prose`] gives the server's line in the protocol's form: the line up to its end.
pub(super) fn quoted(text: &str) -> Option<String> {
    let (line, (protocol, _)) = text.lines().find_map(|line| Some((line, in_line(line)?)))?;
    if protocol != Protocol::Imap {
        return None;
    }
    let lower = line.to_ascii_lowercase();
    let words = ["authenticated but not connected", "authenticate failed", "login failed"];
    let at = words.iter().find_map(|words| lower.find(words)).unwrap_or_default();
    let mut start = at.saturating_sub(QUOTED_BEFORE);
    while !line.is_char_boundary(start) {
        start += 1;
    }
    // No word is cut.
    let rest = &line[start..];
    let rest = if start == 0 { rest } else { rest.split_once(' ').map_or(rest, |(_, rest)| rest) };
    Some(rest.trim().trim_matches('`').trim().to_owned())
}

fn in_line(line: &str) -> Option<(Protocol, String)> {
    if let Some(said) = smtp(line) {
        return Some((Protocol::Smtp, said));
    }
    if let Some((_, said)) = line.split_once("server response was: ")
        && let Some(class) = said.chars().next().filter(|class| ['4', '5'].contains(class))
        && said[1..].starts_with('.')
    {
        // .NET leaves the code out.
        return Some((Protocol::Smtp, format!("{class}50 {said}")));
    }
    // The refusal of a sign-in without its code.
    if let Some(at) = ["5.7.3 Authentication unsuccessful", "5.7.139 Authentication unsuccessful"]
        .iter()
        .find_map(|said| line.find(said))
    {
        return Some((Protocol::Smtp, format!("535 {}", &line[at..])));
    }
    // JavaMail shows POP's refusal without its mark.
    for said in [
        "Authentication failure: unknown user name or bad password",
        "Logon failure: unknown user name or bad password",
    ] {
        if line.contains(said) && !line.contains("-ERR ") {
            return Some((Protocol::Pop, format!("-ERR {said}.")));
        }
    }
    if let Some(at) = line.find("-ERR ") {
        return Some((Protocol::Pop, line[at..].to_owned()));
    }
    let lower = line.to_ascii_lowercase();
    for (words, said) in [
        ("authenticated but not connected", "* BAD User is authenticated but not connected."),
        ("authenticate failed", "* NO AUTHENTICATE failed."),
        ("login failed", "* NO LOGIN failed."),
        ("mail server denied authentication", "* NO AUTHENTICATE failed."),
    ] {
        let refused =
            ["no ", "no,", "bad ", "imap", "authenticationfailedexception", "sasl", "mail server"];
        if lower.contains(words) && refused.iter().any(|word| lower.contains(word)) {
            return Some((Protocol::Imap, said.to_owned()));
        }
    }
    None
}

/// `535 5.7.3 …`, `535-5.7.3 …`, or `(535, b'5.7.3 …')`.
fn smtp(line: &str) -> Option<String> {
    let bytes = line.as_bytes();
    (0..bytes.len().saturating_sub(8)).find_map(|at| {
        let code = line.get(at..at + 3).filter(|code| {
            code.starts_with(['4', '5']) && code.bytes().all(|byte| byte.is_ascii_digit())
        })?;
        if line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.') {
            return None;
        }
        let rest = line[at + 3..].trim_start_matches([' ', '-', ',', ':', 'b', '\'', '"', ')']);
        let enhanced = rest.split([' ', ']']).next().unwrap_or_default();
        let parts: Vec<&str> = enhanced.split('.').collect();
        let digits =
            |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        (parts.len() == 3 && parts.iter().all(digits) && parts[0] == &code[..1])
            .then(|| format!("{code} {}", rest.trim_end_matches([')', '\'', '"'])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_many_programs_are_understood() {
        for (line, side, said) in [
            ("C: a1 NOOP", Some(Side::Client), "a1 NOOP"),
            ("[2027-01-15 08:59:58] 4< a1 NO failed.", Some(Side::Server), "a1 NO failed."),
            ("[2027-01-15 08:59:58] 4> a1 NOOP", Some(Side::Client), "a1 NOOP"),
            ("  59:58.81 > b'KDGH1 LOGIN ada \"x\"'", Some(Side::Client), "KDGH1 LOGIN ada \"x\""),
            ("<~* 535 5.7.3 no", Some(Side::Server), "535 5.7.3 no"),
            (" ~> EHLO x", Some(Side::Client), "EHLO x"),
            ("<-- 220 hello", Some(Side::Server), "220 hello"),
            ("reply: b'535 5.7.3 no\\r\\n'", Some(Side::Server), "535 5.7.3 no"),
            ("reply: retcode (535); Msg: b'5.7.3 no'", Some(Side::Server), "535 5.7.3 no"),
            ("2027-01-15 08:00:00\tCLIENT -> SERVER: EHLO x", Some(Side::Client), "EHLO x"),
            ("fetchmail: POP3< + ", Some(Side::Server), "+"),
            ("[t] DEBUG [lHr1] S: 535 5.7.139 no", Some(Side::Server), "535 5.7.139 no"),
            ("IMAP (127.0.0.1:5-x:993)   --> b'1 NOOP\\r\\n'", Some(Side::Client), "1 NOOP"),
            ("I/IMAP 0x7:host:NA:SendData: 2 NOOP", Some(Side::Client), "2 NOOP"),
            ("a1 NO see https://x/->y", None, "a1 NO see https://x/->y"),
            ("535 5.7.3 [S: x]", None, "535 5.7.3 [S: x]"),
            ("dXNlcj1hQGI=", None, "dXNlcj1hQGI="),
        ] {
            assert_eq!(side_of(line), (side, said.to_owned()), "{line}");
        }
    }

    #[test]
    fn the_servers_line_is_found_in_prose() {
        for (text, protocol, said) in [
            ("Error: Invalid login: 535 5.7.139 off [x]", Protocol::Smtp, "535 5.7.139 off [x]"),
            ("SMTPAuthenticationError: (535, '5.7.3 no')", Protocol::Smtp, "535 5.7.3 no"),
            (
                "command error: NO [b'AUTHENTICATE failed.']",
                Protocol::Imap,
                "* NO AUTHENTICATE failed.",
            ),
            (
                "SASL failed: [NO, AUTHENTICATE failed.]",
                Protocol::Imap,
                "* NO AUTHENTICATE failed.",
            ),
            ("AuthenticationException: 535: 5.7.3 no", Protocol::Smtp, "535 5.7.3 no"),
            ("The server response was: 5.7.60 no", Protocol::Smtp, "550 5.7.60 no"),
            ("said -ERR Authentication failure", Protocol::Pop, "-ERR Authentication failure"),
        ] {
            assert_eq!(in_prose(text), Some((protocol, said.to_owned())), "{text}");
        }
        assert_eq!(
            quoted("I get\n` Can not authenticate: A0001 NO AUTHENTICATE failed.` \nwhy")
                .as_deref(),
            Some("Can not authenticate: A0001 NO AUTHENTICATE failed."),
            "the evidence is literal"
        );
        for text in ["it costs 535 5 times", "version 4.5.7.3 of it", "nothing", "login failed"] {
            assert_eq!(in_prose(text), None, "{text}");
        }
    }
}
