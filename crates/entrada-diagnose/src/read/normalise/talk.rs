//! What people write around a text that they paste: greetings, questions, introductions, the lines that quote a mail, the
//! headings of an issue and the names in a chat.
//!
//! Only lines that state nothing go: whatever may be a refusal, a status or a name of a service stays.

use super::talk_words::{
    ABOUT_ERRORS, CLOSINGS, ENVIRONMENT, EVENT_FIELDS, GREETINGS, MAIL_HEADERS, WORDS, has,
};
use crate::read::other_text::refuses;

/// Maximum number of lines that are removed at either end.
const LINES_MAX: usize = 60;

/// Maximum length of such a line in bytes.
const LENGTH_MAX: usize = 300;

/// Maximum number of lines below what closes a letter: a name and a title.
const NAMES_MAX: usize = 2;

/// Maximum number of words of a name, and of a greeting with a name.
const NAME_WORDS: usize = 4;

/// Removes the lines before and after the text that state nothing. A text of nothing but such lines stays.
pub(super) fn remove(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_empty = |line: &&str| line.trim().is_empty();
    let (mut start, mut end) = (0, lines.len());
    // How many names may follow what closes a letter.
    let mut names = 0;
    let mut at = 0;
    while at < lines.len().min(LINES_MAX) {
        let length = match lines[at].trim() {
            "" => 1,
            line if is_talk(line) => {
                names = if is_closing(line) { NAMES_MAX } else { 0 };
                1
            }
            line if 0 < names && is_name(line) => {
                names -= 1;
                1
            }
            line if is_name(line) && lines.get(at + 1).is_some_and(|next| is_clock(next)) => 1,
            _ => head(&lines[at..]),
        };
        if length == 0 {
            break;
        }
        at += length;
        if !is_empty(&lines[at - 1]) {
            start = at;
        }
    }
    let signature = signature(&lines[start.min(lines.len())..]).map(|at| at + start);
    end = signature.unwrap_or(end);
    let mut at = end;
    while start < at && lines.len() < at + LINES_MAX {
        let line = lines[at - 1].trim();
        if line.is_empty() {
            at -= 1;
        } else if is_talk(line)
            || is_name(line) && lines.get(at).is_some_and(|next| at == end && is_clock(next))
        {
            at -= 1;
            end = at;
        } else {
            break;
        }
    }
    if (start == 0 && end == lines.len()) || lines.get(start..end)?.iter().all(is_empty) {
        return None;
    }
    Some(lines[start..end].concat())
}

/// Whether `line` states nothing.
fn is_talk(line: &str) -> bool {
    let line = line.trim();
    // Tokens and members have words that are not ordinary language.
    line.len() <= LENGTH_MAX
        && (is_attribution(line)
            || is_heading(line)
            || is_chat_name(line)
            || is_clock(line)
            || is_of_environment(line)
            || is_of_console(line)
            || is_rule(line)
            || sentences(line).all(is_empty_sentence))
}

/// The sentences of `line`, each with its mark.
fn sentences(line: &str) -> impl Iterator<Item = &str> {
    line.split_inclusive(['.', '!', '?']).map(str::trim).filter(|sentence| !sentence.is_empty())
}

/// Whether a sentence greets, thanks, asks or introduces, and states nothing else.
fn is_empty_sentence(sentence: &str) -> bool {
    // A name with its value.
    if sentence.trim_end_matches([':', ' ']).contains([':', '=']) {
        return false;
    }
    let lower = sentence.to_lowercase().replace('’', "'");
    let words: Vec<&str> = lower
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '\''))
        .filter(|word| !word.is_empty())
        .collect();
    let Some(first) = words.first() else {
        // `:-)`.
        return [2, 3].contains(&sentence.len()) && sentence.ends_with([')', '(']);
    };
    let is_plain =
        words.iter().all(|word| word.chars().all(|c| c.is_alphabetic() || c == '\'' || c == '-'));
    if !is_plain {
        return false;
    }
    let known = |word: &str| has(WORDS, word);
    let named = |word: &str| known(word) || has(ABOUT_ERRORS, word);
    let has_name =
        words.len() <= NAME_WORDS && !refuses(sentence) && sentence.ends_with([',', '!', '.']);
    let greets = has(GREETINGS, first) && (words.iter().all(|word| known(word)) || has_name);
    let closes = has(CLOSINGS, first)
        && !refuses(sentence)
        && words.len() <= 2 * NAME_WORDS
        && (words.iter().all(|word| known(word)) || has_name || words.len() <= 2);
    let asks = sentence.ends_with('?') && (words.iter().all(|word| named(word)));
    let introduces = sentence.ends_with(':') && words.iter().all(|word| named(word));
    greets
        || closes
        || asks
        || introduces
        || 1 < words.len() && words.iter().all(|word| known(word))
}

/// `On Fri, 15 Jan 2027 at 08:59, Ada wrote:`, in the languages of the usual programs.
fn is_attribution(line: &str) -> bool {
    const STARTS: [&str; 9] =
        ["On ", "Am ", "Le ", "El ", "Il giorno ", "Op ", "Em ", "Den ", "W dniu "];
    const WRITES: [&str; 10] = [
        "wrote",
        "writes",
        "schrieb",
        "a écrit",
        "escribió",
        "ha scritto",
        "schreef",
        "escreveu",
        "skrev",
        "napisał",
    ];
    let Some(said) = line.strip_suffix(':') else {
        return [
            "-----Original Message-----",
            "-----Ursprüngliche Nachricht-----",
            "---------- Forwarded message ---------",
        ]
        .contains(&line);
    };
    STARTS.iter().any(|start| said.starts_with(start))
        && said.contains(|c: char| c.is_ascii_digit())
        && WRITES.iter().any(|writes| said.contains(writes))
        || WRITES.iter().any(|writes| said.trim_end().ends_with(writes))
            && said.split(' ').count() <= NAME_WORDS + 1
}

/// The number of lines at the start of `lines` that are the head of a quoted mail or of a Windows event; 0 if they are none.
fn head(lines: &[&str]) -> usize {
    let name = |line: &str| -> Option<String> {
        let (name, _) = line.trim().trim_start_matches('*').split_once(':')?;
        Some(name.trim_end_matches(['*', ' ']).to_owned())
    };
    let count = |names: &[&str]| {
        lines
            .iter()
            .take_while(|line| name(line).is_some_and(|name| names.contains(&name.as_str())))
            .count()
    };
    let first = lines.first().and_then(|line| name(line)).unwrap_or_default();
    let (names, enough) = match first.as_str() {
        "From" | "Von" | "De" => (MAIL_HEADERS, 3),
        "Log Name" | "Protokollname" => (EVENT_FIELDS, 4),
        _ => return 0,
    };
    Some(count(names)).filter(|count| enough <= *count).unwrap_or(0)
}

/// `### Steps to reproduce`, `**Logs**`, `<details>`: the furniture of an issue.
fn is_heading(line: &str) -> bool {
    if ["<details>", "</details>", "<details open>", "<p>", "</p>", "<br>"].contains(&line) {
        return true;
    }
    let summary = line.strip_prefix("<details>").unwrap_or(line).strip_prefix("<summary>");
    let heading = summary.map(|rest| rest.trim_end_matches("</summary>")).or_else(|| {
        let text = line.trim_start_matches('#');
        (text.len() < line.len() && text.starts_with(' ')).then_some(text)
    });
    let heading = heading.or_else(|| line.strip_prefix("**")?.strip_suffix("**"));
    heading.is_some_and(|heading| {
        let lower = heading.to_lowercase();
        let mut words =
            lower.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
        words.all(|word| word.is_empty() || has(WORDS, word) || has(ABOUT_ERRORS, word))
    })
}

/// `Ada Lovelace  8:59 AM`, `[08:59] Ada Lovelace`, `Ada Lovelace  15/01/2027 08:59`: whose message follows in a chat.
fn is_chat_name(line: &str) -> bool {
    let words: Vec<&str> = line
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .collect();
    let is_clock = |word: &&&str| {
        let digits = word
            .split(':')
            .all(|part| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
        digits && word.contains(':')
    };
    let is_date = |word: &str| {
        word.len() == 10 && word.bytes().all(|b| b.is_ascii_digit() || b"/.-".contains(&b))
    };
    let of_day = ["AM", "PM", "am", "pm", "at", "um", "Today", "Yesterday", "APP"];
    let clocks = words.iter().filter(is_clock).count();
    let names: Vec<&&str> = words
        .iter()
        .filter(|word| !is_clock(word) && !is_date(word) && !of_day.contains(word))
        .collect();
    let is_name = |name: &&&str| {
        name.starts_with(char::is_uppercase) && name.chars().all(|c| c.is_alphabetic() || c == '-')
    };
    clocks == 1
        && (1..=NAME_WORDS).contains(&names.len())
        && names.iter().all(is_name)
        && !refuses(line)
        && names.iter().any(|name| name.contains(char::is_lowercase))
        && line.starts_with(|c: char| c == '[' || c.is_uppercase())
        && !line.ends_with([':', '='])
}

/// A line of one mark: `-----`, `=====`.
fn is_rule(line: &str) -> bool {
    let mut marks = line.chars();
    let first = marks.next().unwrap_or_default();
    3 <= line.len() && "-=_*".contains(first) && marks.all(|mark| mark == first)
}

/// A time alone: `8:59 AM`.
fn is_clock(line: &str) -> bool {
    let line = line.trim();
    let clock = line.trim_end_matches(|c: char| " APMapm.".contains(c));
    clock.split_once(':').is_some_and(|(hours, minutes)| {
        let number = |text: &str| {
            (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        number(hours) && minutes.len() == 2 && number(minutes)
    })
}

/// `- OS: Ubuntu 24.04`, `- [x] I have searched the issues`, `_No response_`: what an issue's template asks for.
fn is_of_environment(line: &str) -> bool {
    if line == "_No response_" || line.starts_with("- [x] ") || line.starts_with("- [ ] ") {
        return true;
    }
    let item = line.trim_start_matches(['-', '*', ' ']);
    item.split_once(':').is_some_and(|(name, value)| {
        let name = name.trim_matches(['*', ' ', '[', ']']).to_lowercase();
        let known = name.split([' ', '.', '/']).all(|word| has(ENVIRONMENT, word));
        known && item.len() < line.len() && !refuses(value) && value.len() <= 80
    })
}

/// `$ kubectl logs deploy/mailer`, `-- Logs begin at … --`: a command that shows a log, and a log's own first line.
fn is_of_console(line: &str) -> bool {
    const PROGRAMS: [&str; 10] = [
        "kubectl",
        "docker",
        "podman",
        "journalctl",
        "tail",
        "cat",
        "less",
        "oc",
        "sudo",
        "nerdctl",
    ];
    let command = ["$ ", "# ", "% "].iter().find_map(|prompt| line.strip_prefix(prompt));
    let command = command
        .or_else(|| line.starts_with("PS ").then(|| line.split_once("> "))?.map(|(_, rest)| rest));
    let shows = command.is_some_and(|command| {
        let program = command.split(' ').next().unwrap_or_default();
        PROGRAMS.contains(&program) && !command.contains("://") && !command.contains("eyJ")
    });
    let begins = ["-- Logs begin ", "-- Journal begins ", "-- Boot "]
        .iter()
        .any(|start| line.starts_with(start));
    shows || begins && line.ends_with("--")
}

/// Whether `line` closes a letter.
fn is_closing(line: &str) -> bool {
    let first = line.to_lowercase();
    let first = first
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .trim_end_matches([',', '!', '.'])
        .to_owned();
    has(CLOSINGS, &first)
}

/// Whether `line` is a person's name.
fn is_name(line: &str) -> bool {
    let line = line.trim();
    line.split(' ').count() <= NAME_WORDS
        && line.starts_with(char::is_uppercase)
        && line.chars().all(|c| c.is_alphabetic() || " -.".contains(c))
        && line.contains(char::is_lowercase)
        && !refuses(line)
}

/// Where the signature of a mail begins: `-- ` on a line, or what closes a letter, and the name below it.
fn signature(lines: &[&str]) -> Option<usize> {
    let from = lines.len().saturating_sub(8);
    (from..lines.len()).find(|at| {
        let line = lines[*at].trim();
        let rest: Vec<&str> = lines[at + 1..]
            .iter()
            .map(|line| line.trim())
            .filter(|line| !line.is_empty())
            .collect();
        0 < *at
            && (line == "--" || is_closing(line) && is_talk(line))
            && (1..=NAMES_MAX).contains(&rest.len())
            && rest.iter().all(|line| is_name(line))
    })
}
