//! Diagnoses for people: `error[id]: message`, the evidence, and the help. The output is clear without colour.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};
use textwrap::core::{Word, display_width};
use textwrap::wrap_algorithms::wrap_first_fit;

use super::Notes;
use super::case::{cases, is_repeated_note, several_jobs};
use super::summary::{scopes, token_summary};
use entrada_core::{Job, clean};
use entrada_diagnose::{
    Confidence, Diagnosis, Finding, InputKind, Row, RuleId, Severity, Standing, Verdict, Who,
};

/// The capabilities of the output stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Whether colour and bold are allowed.
    pub color: bool,
    /// The width in columns; `None` turns wrapping off.
    pub width: Option<usize>,
}

impl Style {
    fn paint(self, style: Ansi, text: &str) -> String {
        if self.color {
            format!("{}{text}{}", style.render(), style.render_reset())
        } else {
            text.to_owned()
        }
    }
}

const BOLD: Ansi = Ansi::new().bold();
const DIM: Ansi = Ansi::new().dimmed();

fn coloured(color: AnsiColor) -> Ansi {
    Ansi::new().bold().fg_color(Some(color.into()))
}

/// `text` styled as a heading.
pub fn heading(style: Style, text: &str) -> String {
    style.paint(BOLD, text)
}

/// The verdict and its target, as one coloured word or phrase.
pub fn label(style: Style, severity: Severity, text: &str) -> String {
    let color = match severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Note => AnsiColor::Cyan,
    };
    style.paint(coloured(color), text)
}

/// Writes `all`, the diagnoses of one or several pieces of evidence for their jobs. The summary stands once, at the end.
pub(super) fn diagnoses(
    out: &mut dyn Write,
    all: &[Diagnosis],
    style: Style,
    notes: Notes,
) -> io::Result<()> {
    let cases = cases(all);
    let mut before: &[Diagnosis] = &[];
    for (index, case) in cases.iter().enumerate() {
        if 0 < index {
            writeln!(out)?;
        }
        match case {
            [one] => {
                if 1 < cases.len() {
                    let text = case_of(index, &cases, one, Some(one.job.id()));
                    writeln!(out, "{}", heading(style, &text))?;
                }
                writeln!(out, "{}", summary(one, style))?;
                source(out, style, one)?;
                findings(out, one, style, notes, |finding| is_repeated_note(finding, before))?;
            }
            several => {
                if 1 < cases.len() {
                    let text = several.first().map(|one| case_of(index, &cases, one, None));
                    writeln!(out, "{}", heading(style, &text.unwrap_or_default()))?;
                }
                several_jobs(out, several, style, notes, before)?;
            }
        }
        before = all.get(..before.len() + case.len()).unwrap_or_default();
    }
    let Some(last) = all.last() else { return Ok(()) };
    let missing = |row: &Row| row.standing == Standing::Missing;
    match notes {
        Notes::Shown => token_summary(out, last, style),
        Notes::Hidden if last.summary.scopes.iter().any(missing) => {
            writeln!(out)?;
            scopes(out, &last.summary.scopes, style)
        }
        Notes::Hidden => Ok(()),
    }
}

/// The number of a case among `cases`, and what it is: the names of its inputs and `job`.
fn case_of(index: usize, cases: &[&[Diagnosis]], case: &Diagnosis, job: Option<&str>) -> String {
    let inputs = clean(&case.source.inputs.join(" with ")).into_owned();
    let what = match (inputs.is_empty(), job) {
        (true, None) => String::new(),
        (true, Some(job)) => format!(": `{job}`"),
        (false, None) => format!(": {inputs}"),
        (false, Some(job)) => format!(": {inputs}, for `{job}`"),
    };
    format!("{} of {}{what}", index + 1, cases.len())
}

/// Writes which request of an archive was judged.
pub(super) fn source(out: &mut dyn Write, style: Style, case: &Diagnosis) -> io::Result<()> {
    match &case.source.request {
        Some(request) => marked(out, style, "", &request.to_string(), 2),
        None => Ok(()),
    }
}

/// Writes the findings of `diagnosis` without those that are left out.
pub(super) fn findings(
    out: &mut dyn Write,
    diagnosis: &Diagnosis,
    style: Style,
    notes: Notes,
    is_left_out: impl Fn(&Finding) -> bool,
) -> io::Result<()> {
    for finding in &diagnosis.findings {
        let is_note = finding.severity == Severity::Note;
        if is_left_out(finding) || (is_note && notes == Notes::Hidden) {
            continue;
        }
        // A candidate is a possible cause, not an established error.
        let candidate =
            finding.severity == Severity::Error && finding.confidence == Confidence::Possible;
        let word = if candidate { "possible" } else { finding.severity.id() };
        let color = if candidate { Severity::Warning } else { finding.severity };
        let name = format!("{word}[{}]", finding.rule.id);
        let confidence = match finding.confidence {
            Confidence::Certain => "",
            Confidence::Likely => " (likely)",
            Confidence::Possible if candidate => "",
            Confidence::Possible => " (possible)",
        };
        writeln!(out)?;
        marked(
            out,
            style,
            &label(style, color, &name),
            &format!(": {}{confidence}", finding.message),
            2,
        )?;
        for seen in &finding.evidence {
            let arrow = style.paint(DIM, "  -->");
            marked(out, style, &arrow, &format!(" {}: {}", seen.field, seen.value), 6)?;
        }
        help(out, style, &finding.help)?;
        let is_told = match finding.who {
            Who::User => OF_SETTINGS.contains(&finding.rule.id),
            Who::TenantAdmin | Who::Developer | Who::Microsoft => !is_note,
        };
        if is_told {
            let who = if finding.who == Who::User { "you" } else { who(finding.who) };
            writeln!(out, "{} {who} can fix this", style.paint(BOLD, "  = who:"))?;
        }
    }
    Ok(())
}

/// Writes the reason of a failure: `message`, unless it is empty, and its causes.
pub fn failure(
    out: &mut dyn Write,
    style: Style,
    message: &str,
    causes: &[String],
) -> io::Result<()> {
    if !message.is_empty() {
        let mark = label(style, Severity::Error, "error");
        marked(out, style, &mark, &format!(": {}", clean(message)), 2)?;
    }
    for cause in causes {
        marked(out, style, "  caused by:", &format!(" {}", clean(cause)), 13)?;
    }
    Ok(())
}

/// Writes the help lines.
pub fn help(out: &mut dyn Write, style: Style, help: &[impl AsRef<str>]) -> io::Result<()> {
    for help in help {
        let mark = style.paint(BOLD, "  = help:");
        marked(out, style, &mark, &format!(" {}", clean(help.as_ref())), 10)?;
    }
    Ok(())
}

/// Findings about values that are settings where entrada sent the request, and the program's otherwise.
pub const OF_SETTINGS: [RuleId; 4] = [
    RuleId::AppNotFoundInTenant,
    RuleId::InvalidTenant,
    RuleId::InvalidScope,
    RuleId::ResourceNotFound,
];

/// Who can fix a problem, in every text for people.
pub fn who(who: Who) -> &'static str {
    match who {
        Who::User => "the user",
        Who::Developer => "the developer of the application",
        Who::TenantAdmin => "an administrator of the tenant",
        Who::Microsoft => "only the operator of the service",
    }
}

/// The verdict, its cause and the job, on one line.
fn summary(diagnosis: &Diagnosis, style: Style) -> String {
    summary_for(diagnosis, style, &format!("`{}`", diagnosis.task()))
}

/// The verdict and its cause on one line, with the names of the jobs that they hold for.
pub(super) fn summary_for(diagnosis: &Diagnosis, style: Style, jobs: &str) -> String {
    match (diagnosis.verdict, diagnosis.cause()) {
        (Verdict::Pending, _) => style.paint(BOLD, "pending: the sign-in is still in progress"),
        (Verdict::Problem, Some(cause)) => {
            let text = format!("problem: {}", cause.rule.id);
            format!("{}{}", label(style, Severity::Error, &text), judged_for(diagnosis, jobs))
        }
        (Verdict::Undetermined | Verdict::Problem, _) => {
            let text = "undetermined: this evidence is not enough to decide";
            format!("{}{}", label(style, Severity::Warning, text), judged_for(diagnosis, jobs))
        }
        (Verdict::Ok(_), _) => {
            let fine = style.paint(coloured(AnsiColor::Green), "ok");
            match (diagnosis.input, diagnosis.job_is_of_the_token) {
                (InputKind::Registration, _) => {
                    format!(
                        "{fine}: no problem found in this registration{}",
                        of_job(diagnosis.job)
                    )
                }
                (InputKind::Request, _) => {
                    format!("{fine}: no problem found in this request for {jobs}")
                }
                (_, true) => format!("{fine}: no problem found"),
                _ if diagnosis.job == Job::None => format!("{fine}: no problem found"),
                (_, false) => format!("{fine}: no problem found for {jobs}"),
            }
        }
    }
}

/// The job of a registration, if one was named.
fn of_job(job: Job) -> String {
    if job == Job::None { String::new() } else { format!(" for `{job}`") }
}

/// The jobs that the diagnosis was made for, and the flag that named them. An error response is the same for every job, so
/// they are left out there, and where nobody named one.
fn judged_for(diagnosis: &Diagnosis, jobs: &str) -> String {
    let flag = diagnosis.job_flag.as_deref();
    let reason = flag.map_or_else(String::new, |flag| format!(" because of `{flag}`"));
    match diagnosis.input {
        _ if diagnosis.job_is_of_the_token => String::new(),
        InputKind::AccessToken
        | InputKind::OpaqueToken
        | InputKind::TokenResponse
        | InputKind::Request => format!(" (judged for {jobs}{reason})"),
        // The answer itself names the service, unless a flag names another job.
        InputKind::HttpResponse | InputKind::MailResponse if flag.is_some() => {
            format!(" (judged for {jobs}{reason})")
        }
        InputKind::Registration if diagnosis.job != Job::None => {
            format!(" (judged for `{}`)", diagnosis.job)
        }
        InputKind::Registration
        | InputKind::OauthError
        | InputKind::HttpResponse
        | InputKind::MailResponse
        | InputKind::Unknown => String::new(),
    }
}

/// Writes `name` and `value` as a line; continuation lines are aligned with the value.
pub fn field(out: &mut dyn Write, style: Style, name: &str, value: &str) -> io::Result<()> {
    let indent = unicode_width::UnicodeWidthStr::width(name);
    marked(out, style, name, value, indent)
}

/// Writes `text` as a line, wrapped at spaces where the width is known.
pub fn wrapped(out: &mut dyn Write, width: Option<usize>, text: &str) -> io::Result<()> {
    marked(out, Style { color: false, width }, "", text, 0)
}

/// The words of `text`. A part in backticks is one word, so that a command can be copied. Where that part is wider than `width`,
/// it is broken between its words: a command behind a backslash, which shells take as one line.
fn words(text: &str, width: usize) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = 0;
    // Whether the part in backticks that begins is too wide, and is a command.
    let (mut is_quoted, mut is_wide, mut is_command) = (false, false, false);
    for (at, c) in text.char_indices() {
        match c {
            '`' if is_quoted => (is_quoted, is_wide) = (false, false),
            '`' => {
                let rest = &text[at + 1..];
                let quoted = rest.find('`').map(|end| &rest[..end]);
                is_quoted = quoted.is_some();
                is_wide = quoted.is_some_and(|quoted| width < display_width(quoted) + 2);
                is_command = quoted.is_some_and(|quoted| quoted.starts_with("entrada "));
            }
            ' ' if (!is_quoted || (is_wide && !cfg!(windows))) && start < at => {
                let mut word = Word::from(&text[start..=at]);
                if is_quoted && is_command {
                    word.penalty = " \\";
                }
                words.push(word);
                start = at + 1;
            }
            _ => (),
        }
    }
    words.push(Word::from(&text[start..]));
    words
}

/// Writes prose that has line breaks at a fixed width: paragraphs are wrapped again where the width is known.
pub fn prose(out: &mut dyn Write, width: Option<usize>, text: &str) -> io::Result<()> {
    if width.is_none() {
        return writeln!(out, "{}", text.trim_end());
    }
    let mut paragraph = String::new();
    for line in text.trim_end().lines().chain([""]) {
        let own = line.is_empty() || line.starts_with(['#', '|', '-', ' ']);
        if own && !paragraph.is_empty() {
            wrapped(out, width, &paragraph)?;
            paragraph.clear();
        }
        if line.is_empty() {
            writeln!(out)?;
        } else if own {
            let style = Style { color: false, width };
            marked(out, style, "", line, item_indent(line))?;
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line);
        }
    }
    Ok(())
}

/// Columns before the text of a line of prose: spaces, and the mark of an item (`-` or `1.`).
fn item_indent(line: &str) -> usize {
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let mark = match text.get(digits..) {
        Some(rest) if 0 < digits && rest.starts_with(". ") => digits + 2,
        _ if text.starts_with("- ") => 2,
        _ => 0,
    };
    indent + mark
}

/// Writes `mark` and `text`, wrapped at spaces where the width is known. Continuation lines begin with `indent` spaces.
pub fn marked(
    out: &mut dyn Write,
    style: Style,
    mark: &str,
    text: &str,
    indent: usize,
) -> io::Result<()> {
    let Some(width) = style.width.filter(|width| 40 <= *width) else {
        return writeln!(out, "{mark}{text}");
    };
    let indent = " ".repeat(indent);
    // A long first word, such as an address, stands below the mark where it fits there alone.
    let word = text.trim_start();
    let length = display_width(word.split_whitespace().next().unwrap_or_default());
    let gap = text.len() - word.len();
    let fits_below = !mark.is_empty() && indent.len() + length <= width;
    let (mark, text) = if fits_below && width < display_width(mark) + gap + length {
        writeln!(out, "{}", mark.trim_end())?;
        (indent.as_str(), word)
    } else {
        (mark, text)
    };
    let words = words(text, width - indent.len().min(width / 2));
    let room = |start: &str| {
        f64::from(u32::try_from(width.saturating_sub(display_width(start))).unwrap_or(u32::MAX))
    };
    let lines = wrap_first_fit(&words, &[room(mark), room(&indent)]);
    for (index, line) in lines.iter().enumerate() {
        write!(out, "{}", if index == 0 { mark } else { &indent })?;
        if let Some((last, before)) = line.split_last() {
            before.iter().try_for_each(|word| write!(out, "{}{}", word.word, word.whitespace))?;
            let end = if index + 1 < lines.len() { last.penalty } else { "" };
            write!(out, "{}{end}", last.word)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A command to be copied, as lines that begin with two spaces. `words` are its parts that stay together. Where it does not fit the
/// width, it goes on behind a backslash, which shells take as one line; Windows has no such shell, so there it is one line.
pub fn command(width: Option<usize>, words: &[String]) -> String {
    let whole = format!("  {}", words.join(" "));
    if cfg!(windows) || width.is_none_or(|width| whole.len() <= width) {
        return whole;
    }
    let width = width.unwrap_or(usize::MAX);
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            // Room for the word and for a backslash.
            Some(line) if line.len() + word.len() + 3 <= width => *line = format!("{line} {word}"),
            Some(_) => lines.push(format!("      {word}")),
            None => lines.push(format!("  {word}")),
        }
    }
    lines.join(" \\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(windows))]
    #[test]
    fn a_long_command_goes_on_behind_backslashes() {
        let words =
            ["entrada login", "--authority http://localhost:8400", "--tenant organizations"]
                .map(str::to_owned);
        assert_eq!(
            command(Some(60), &words),
            "  entrada login --authority http://localhost:8400 \\\n      --tenant organizations"
        );
        assert_eq!(command(None, &words), format!("  {}", words.join(" ")));
    }

    #[test]
    fn a_command_stays_in_one_piece() {
        let mut out = Vec::new();
        let style = Style { color: false, width: Some(40) };
        let text = " sign in again with this: `entrada login --scope Mail.Read` and `accept";
        marked(&mut out, style, "help:", text, 4).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "help: sign in again with this:\n    `entrada login --scope Mail.Read`\n    and `accept\n"
        );
    }

    #[cfg(not(windows))]
    #[test]
    fn a_command_wider_than_the_line_is_broken_between_its_words() {
        let mut out = Vec::new();
        let style = Style { color: false, width: Some(44) };
        let text =
            " `entrada login t --save t --store file --store-key-file FILE`; FILE holds a key";
        marked(&mut out, style, "  = help:", text, 10).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "  = help: `entrada login t --save t \\\n          --store file --store-key-file \\\n          FILE`; FILE holds a key\n"
        );
    }

    #[test]
    fn prose_is_wrapped_again_and_lists_are_unchanged() {
        let text =
            "## Why\n\nThis was broken\nat another width than\nthe terminal's.\n\n- one\n- two\n";
        let mut out = Vec::new();
        prose(&mut out, Some(40), text).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "## Why\n\nThis was broken at another width than\nthe terminal's.\n\n- one\n- two\n\n"
        );
    }

    #[test]
    fn text_is_wrapped_at_spaces_and_never_inside_a_word() {
        let mut out = Vec::new();
        let style = Style { color: false, width: Some(40) };
        let words = "a fairly long sentence that has to be broken somewhere around forty";
        marked(&mut out, style, "help:", &format!(" {words}"), 4).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| line.len() <= 40), "{text}");
        assert_eq!(text.split_whitespace().collect::<Vec<_>>().join(" "), format!("help: {words}"));
    }
}
