//! The forms in which people copy an error: each wrapper is a pure function from the text to what is pasted.

mod chats;
mod logs;

use serde_json::json;

/// A form in which a text is pasted.
pub(crate) struct Wrapper {
    pub(crate) name: &'static str,
    pub(crate) wrap: fn(&str) -> String,
}

/// All forms, in the order of the summary.
pub(crate) const WRAPPERS: &[Wrapper] = &[
    Wrapper { name: "python-traceback", wrap: python_traceback },
    Wrapper { name: "log-lines", wrap: log_lines },
    Wrapper { name: "json-log", wrap: json_log },
    Wrapper { name: "powershell-5", wrap: powershell_5 },
    Wrapper { name: "powershell-7", wrap: powershell_7 },
    Wrapper { name: "docker-compose", wrap: docker_compose },
    Wrapper { name: "container-runtime", wrap: container_runtime },
    Wrapper { name: "mail-quote", wrap: mail_quote },
    Wrapper { name: "markdown-fence", wrap: markdown_fence },
    Wrapper { name: "words-around", wrap: words_around },
    Wrapper { name: "crlf", wrap: crlf },
    Wrapper { name: "ansi-colours", wrap: ansi_colours },
    Wrapper { name: "folded-78", wrap: folded_78 },
    Wrapper { name: "csv-cell", wrap: logs::csv_cell },
    Wrapper { name: "html-escaped", wrap: chats::html_escaped },
    Wrapper { name: "slack", wrap: chats::slack },
    Wrapper { name: "teams", wrap: chats::teams },
    Wrapper { name: "github-issue", wrap: chats::github_issue },
    Wrapper { name: "outlook-reply", wrap: chats::outlook_reply },
    Wrapper { name: "quoted-twice", wrap: chats::quoted_twice },
    Wrapper { name: "windows-event", wrap: logs::windows_event },
    Wrapper { name: "journal", wrap: logs::journal },
    Wrapper { name: "kubectl-logs", wrap: logs::kubectl_logs },
    Wrapper { name: "logback", wrap: logs::logback },
    Wrapper { name: "serilog", wrap: logs::serilog },
    Wrapper { name: "github-actions", wrap: logs::github_actions },
    Wrapper { name: "java-exception", wrap: logs::java_exception },
    Wrapper { name: "powershell-german", wrap: logs::powershell_german },
];

/// The longest text that people paste: a terminal's window and a mail hold no more.
const LONGEST: usize = 64 * 1024;

/// Why no wrapper can carry `text`, if none can: an archive is a file and is not pasted; control characters do not
/// survive a terminal, a mail or a log.
pub(super) fn reason_to_skip(text: &str) -> Option<&'static str> {
    let binary = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x1b');
    if text.trim().is_empty() {
        Some("is empty")
    } else if text.len() > LONGEST {
        Some("is longer than 64 KiB")
    } else if text.contains(binary) {
        Some("has control characters")
    } else {
        None
    }
}

/// The lines of `text` without their ends, whether those are LF or CRLF.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.trim_end_matches(['\r', '\n']).split('\n').map(|line| line.trim_end_matches('\r'))
}

/// `text` with `prefix` before each line.
fn prefixed(text: &str, prefix: &str) -> String {
    lines(text).map(|line| format!("{prefix}{line}\n")).collect()
}

/// `text` is the message of an exception that ended a program.
fn python_traceback(text: &str) -> String {
    format!(
        "Traceback (most recent call last):\n\
         \x20 File \"/opt/mailer/sync.py\", line 88, in <module>\n    main()\n\
         \x20 File \"/opt/mailer/sync.py\", line 41, in main\n    fetch(session)\n\
         \x20 File \"/opt/mailer/transport.py\", line 23, in fetch\n    raise RuntimeError(answer)\n\
         RuntimeError: {}\n",
        text.trim_end()
    )
}

/// Each line through Python's `logging`.
fn log_lines(text: &str) -> String {
    prefixed(text, "2027-01-15 07:59:58,123 INFO mailer.sync: ")
}

/// `text` is the message of a log record in JSON.
fn json_log(text: &str) -> String {
    let record = json!({
        "time": "2027-01-15T07:59:58.123Z", "level": "info", "logger": "mailer.sync",
        "msg": text.trim_end(), "pid": 4711,
    });
    format!("{record}\n")
}

/// Windows PowerShell breaks an error record at the width of the console, inside words too.
fn powershell_5(text: &str) -> String {
    let head = format!("Invoke-RestMethod : {}", text.trim_end());
    let broken: String = lines(&head).map(|line| broken_at(line, 119) + "\n").collect();
    broken
        + "At C:\\Scripts\\mail.ps1:12 char:12\n\
           + $answer = Invoke-RestMethod -Uri $uri -Headers $headers\n\
           +           ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n\
           \x20   + CategoryInfo          : InvalidOperation: (System.Net.HttpWebRequest:HttpWebRequest) \
           [Invoke-RestMethod], WebException\n\
           \x20   + FullyQualifiedErrorId : WebCmdletWebResponseException,Microsoft.PowerShell.Commands.InvokeRestMethodCommand\n"
}

/// `ConciseView` of PowerShell 7: a margin before each line, which is broken between words at the width of the console.
fn powershell_7(text: &str) -> String {
    const MARGIN: &str = "     | ";
    let head = "Invoke-RestMethod: /home/ada/mail.ps1:12\nLine |\n\
                \x20 12 |  $answer = Invoke-RestMethod -Uri $uri -Headers $headers\n\
                \x20    |            ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n";
    let folded: Vec<String> =
        lines(text).flat_map(|line| folded(line, 120 - MARGIN.len())).collect();
    head.to_owned() + &prefixed(&folded.join("\n"), MARGIN)
}

/// Each line as `docker compose logs` prints it.
fn docker_compose(text: &str) -> String {
    prefixed(text, "mailer-1  | ")
}

/// Each line as a container runtime keeps it for Kubernetes.
fn container_runtime(text: &str) -> String {
    prefixed(text, "2027-01-15T07:59:58.123456789Z stdout F ")
}

/// The answer to a mail, which quotes `text`.
fn mail_quote(text: &str) -> String {
    let quoted: String = lines(text)
        .map(|line| if line.is_empty() { ">\n".to_owned() } else { format!("> {line}\n") })
        .collect();
    format!("On Fri, 15 Jan 2027 at 08:59, Ada wrote:\n{quoted}")
}

/// A block of code in an issue.
fn markdown_fence(text: &str) -> String {
    format!("```text\n{}\n```\n", text.trim_end())
}

/// A question in a forum.
fn words_around(text: &str) -> String {
    format!(
        "Hello,\n\nthis is what I get when I run it:\n\n{}\n\nCan somebody tell me what it means? Thanks!\n",
        text.trim_end()
    )
}

/// The line ends of Windows.
fn crlf(text: &str) -> String {
    lines(text).map(|line| format!("{line}\r\n")).collect()
}

/// What a program prints in colours: the first word of each line in one, the rest in another.
fn ansi_colours(text: &str) -> String {
    lines(text)
        .map(|line| match line.split_once(' ') {
            Some((first, rest)) => {
                format!("\x1b[1;33m{first}\x1b[0m \x1b[38;5;203m{rest}\x1b[39m\n")
            }
            None => format!("\x1b[1;33m{line}\x1b[0m\n"),
        })
        .collect()
}

/// What a mail program sends: no line is longer than 78 characters.
fn folded_78(text: &str) -> String {
    lines(text).map(|line| folded(line, 78).join("\n") + "\n").collect()
}

/// `line` broken into pieces of `width` characters, wherever that is.
fn broken_at(line: &str, width: usize) -> String {
    let all: Vec<char> = line.chars().collect();
    let pieces: Vec<String> = all.chunks(width).map(|piece| piece.iter().collect()).collect();
    pieces.join("\n")
}

/// `line` in pieces of at most `width` characters: broken at the last blank that fits, which is dropped; a word that is
/// longer is broken at `width`. The blanks that a line starts with are no place for a break.
fn folded(line: &str, width: usize) -> Vec<String> {
    let mut rest: Vec<char> = line.chars().collect();
    let mut pieces = Vec::new();
    while rest.len() > width {
        let indent = rest.iter().take_while(|c| **c == ' ').count();
        let blank = (indent..=width).rev().find(|at| rest[*at] == ' ');
        let (end, next) = blank.map_or((width, width), |at| (at, at + 1));
        pieces.push(rest[..end].iter().collect());
        rest.drain(..next);
    }
    pieces.push(rest.into_iter().collect());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const TEXT: &str = "HTTP/1.1 400 Bad Request\r\n\r\n{\"error\": \"invalid_grant\", \"error_description\": \"AADSTS700082: The refresh token has expired due to inactivity.\"}";

    fn of(name: &str, text: &str) -> String {
        (WRAPPERS.iter().find(|wrapper| wrapper.name == name).unwrap().wrap)(text)
    }

    fn without_margin(text: &str, margin: &str) -> String {
        let lines = text.lines().map(|line| line.strip_prefix(margin).unwrap());
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_is_wrapped_line_by_line_can_be_unwrapped() {
        let plain = TEXT.replace("\r\n", "\n");
        for (name, margin) in [
            ("log-lines", "2027-01-15 07:59:58,123 INFO mailer.sync: "),
            ("docker-compose", "mailer-1  | "),
            ("container-runtime", "2027-01-15T07:59:58.123456789Z stdout F "),
        ] {
            assert_eq!(without_margin(&of(name, TEXT), margin), plain, "{name}");
        }
        assert_eq!(of("crlf", "a\nb\r\n"), "a\r\nb\r\n");
        let quoted = of("mail-quote", TEXT);
        assert!(quoted.contains("\n> HTTP/1.1 400 Bad Request\n>\n> {\"error\""), "{quoted}");
        let record: Value = serde_json::from_str(&of("json-log", TEXT)).unwrap();
        assert_eq!(record["msg"], TEXT);
        for name in ["python-traceback", "markdown-fence", "words-around"] {
            assert!(of(name, TEXT).contains(TEXT), "{name}");
        }
    }

    #[test]
    fn colours_are_all_that_is_added() {
        let coloured = of("ansi-colours", TEXT);
        let mut plain = String::new();
        let mut rest = coloured.as_str();
        while let Some(at) = rest.find('\x1b') {
            plain += &rest[..at];
            rest = &rest[at + rest[at..].find('m').unwrap() + 1..];
        }
        assert_eq!(plain + rest, TEXT.replace("\r\n", "\n") + "\n");
    }

    #[test]
    fn lines_are_folded_at_blanks_and_long_words_where_they_end() {
        let word = "x".repeat(200);
        for (text, width, pieces) in [
            ("one two three", 7, vec!["one two", "three"]),
            ("one two three", 6, vec!["one", "two", "three"]),
            ("  indented", 5, vec!["  ind", "ented"]),
            ("abcdefgh", 3, vec!["abc", "def", "gh"]),
            ("é é é", 3, vec!["é é", "é"]),
            ("", 3, vec![""]),
        ] {
            assert_eq!(folded(text, width), pieces, "{text}");
        }
        for name in ["folded-78", "powershell-7", "powershell-5"] {
            let limit = if name == "folded-78" { 78 } else { 120 };
            let wrapped = of(name, &format!("{TEXT} {word}"));
            let text: Vec<&str> =
                wrapped.lines().take_while(|line| !line.starts_with("At ")).collect();
            assert!(text.iter().all(|line| line.chars().count() <= limit), "{name}: {wrapped}");
            let joined: String = text.concat().replace(['\n', ' ', '|'], "");
            assert!(joined.contains(&word), "{name}: {wrapped}");
        }
    }

    #[test]
    fn what_cannot_be_pasted_is_skipped() {
        for (text, skipped) in [
            ("a\u{1}b".to_owned(), true),
            (" \n".to_owned(), true),
            ("x".repeat(LONGEST + 1), true),
            ("a\tb\r\n\x1b[31mc".to_owned(), false),
        ] {
            assert_eq!(reason_to_skip(&text).is_some(), skipped, "{text:.20}");
        }
    }
}
