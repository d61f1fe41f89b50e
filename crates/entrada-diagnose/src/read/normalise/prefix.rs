//! What logs, containers and CI systems put before each line.

use super::record::record;
use crate::read::scan::Cursor;

/// The kind of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `mailer-1  | ` of Docker compose.
    Compose,
    /// `[pod/mailer-7d9f/app] ` of `kubectl logs --prefix`.
    Pod,
    /// `│ ` of Terraform's boxes.
    Frame,
    /// `2026-11-30T05:34:36.123456789Z stderr F ` of containerd.
    Container,
    /// `Nov 30 05:34:36 host program[123]: ` of syslog and journald, or RFC 5424.
    Syslog,
    /// A time with a level, and often a logger.
    Record,
    /// A time alone.
    Time,
    /// `ERROR:logger:` of Python's default format.
    Python,
    /// `##[error]` of GitHub Actions and Azure Pipelines, `::error::`.
    Annotation,
}

/// All kinds, the plainest first.
const KINDS: [Kind; 9] = [
    Kind::Annotation,
    Kind::Container,
    Kind::Record,
    Kind::Syslog,
    Kind::Python,
    Kind::Pod,
    Kind::Compose,
    Kind::Frame,
    Kind::Time,
];

/// A prefix of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefix<'a> {
    kind: Kind,
    /// Length in bytes.
    pub(super) length: usize,
    /// What all lines of one source share: the name of a container.
    name: &'a str,
    /// Whether the next line continues this one.
    partial: bool,
}

impl<'a> Prefix<'a> {
    /// `Some`, as the readers of the formats return it.
    #[allow(clippy::unnecessary_wraps)]
    pub(super) fn new(kind: Kind, length: usize) -> Option<Self> {
        Some(Self { kind, length, name: "", partial: false })
    }

    /// The prefix of `line`.
    fn of(line: &'a str) -> Option<Self> {
        let first = line.trim_start().chars().next()?;
        match first {
            '0'..='9' => container(line).or_else(|| record(line)).or_else(|| compose(line)),
            '│' | '╷' | '╵' => {
                let start = line.len() - line.trim_start().len() + first.len_utf8();
                Self::new(Kind::Frame, start + usize::from(line[start..].starts_with(' ')))
            }
            '#' | ':' => annotation(line),
            '<' => syslog(line),
            '[' => pod(line).or_else(|| record(line)),
            _ => syslog(line)
                .or_else(|| klog(line))
                .or_else(|| python(line))
                .or_else(|| compose(line)),
        }
    }
}

/// Whether `line` begins as a record of a log.
pub(crate) fn is_log_line(line: &str) -> bool {
    let kinds = [Kind::Container, Kind::Syslog, Kind::Record, Kind::Python, Kind::Annotation];
    Prefix::of(line).is_some_and(|prefix| kinds.contains(&prefix.kind))
}

/// Removes the prefix that nearly all lines have. Records of a log may have more lines, which follow the first without a
/// prefix.
pub(super) fn remove(text: &str) -> Option<String> {
    text.lines().find_map(Prefix::of)?;
    let prefixes: Vec<Option<Prefix>> = text.lines().map(Prefix::of).collect();
    let is_empty = |line: &str| line.trim().is_empty();
    let total = text.lines().filter(|line| !is_empty(line)).count();
    let first = prefixes.iter().zip(text.lines()).find(|(_, line)| !is_empty(line))?.0;
    let kind = KINDS.into_iter().find(|kind| {
        let of_kind = || prefixes.iter().flatten().filter(|prefix| belongs(prefix.kind, *kind));
        let count = of_kind().count();
        let nearly_all = 0 < count && total * 9 <= count * 10;
        let leads = first.is_some_and(|first| first.kind == *kind);
        match kind {
            Kind::Annotation => 0 < count,
            Kind::Container | Kind::Record | Kind::Syslog | Kind::Python => nearly_all || leads,
            Kind::Compose => nearly_all && of_one_source(of_kind()),
            Kind::Frame => nearly_all && 1 < count,
            Kind::Pod => nearly_all,
            // A time alone may be the subject of the text.
            Kind::Time => {
                nearly_all
                    && text.lines().zip(&prefixes).any(|(line, prefix)| {
                        prefix.as_ref().is_some_and(|prefix| !is_empty(&line[prefix.length..]))
                    })
            }
        }
    })?;
    let mut plain = String::with_capacity(text.len());
    let taken = |prefix: &&Prefix| belongs(prefix.kind, kind);
    // Blanks between the prefix and the text align the columns of the log.
    let column = text
        .lines()
        .zip(&prefixes)
        .filter_map(|(line, prefix)| Some(&line[prefix.as_ref().filter(taken)?.length..]))
        .filter(|rest| !is_empty(rest))
        .map(|rest| rest.len() - rest.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    for (line, prefix) in text.split_inclusive('\n').zip(&prefixes) {
        match prefix.as_ref().filter(taken) {
            None => plain.push_str(line),
            Some(prefix) => {
                let rest = &line[prefix.length..];
                let blanks = rest.len() - rest.trim_start_matches(' ').len();
                let rest = &rest[column.min(blanks)..];
                plain.push_str(if prefix.partial { rest.trim_end_matches('\n') } else { rest });
            }
        }
    }
    (plain.len() < text.len()).then_some(plain)
}

/// Whether a prefix of the kind `found` is removed with those of `kind`.
fn belongs(found: Kind, kind: Kind) -> bool {
    found == kind || kind == Kind::Record && found == Kind::Time
}

/// Whether the names before `|` are those of containers: they end in a number, or all lines have the same. The first
/// cells of a table differ.
fn of_one_source<'a>(prefixes: impl Iterator<Item = &'a Prefix<'a>> + Clone) -> bool {
    let numbered = |name: &str| {
        let start = name.trim_end_matches(|c: char| c.is_ascii_digit());
        start.len() < name.len() && start.ends_with(['-', '_'])
    };
    if prefixes.clone().all(|prefix| numbered(prefix.name)) {
        return true;
    }
    let mut names = prefixes.map(|prefix| prefix.name);
    let first = names.next();
    let mut others = names.peekable();
    others.peek().is_some() && others.all(|name| Some(name) == first)
}

fn compose(line: &str) -> Option<Prefix<'_>> {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)))?;
    let name = &line[..end];
    let rest = line[end..].trim_start_matches(' ').strip_prefix('|')?;
    if end == 0
        || rest.len() == line.len() - end
        || !name.contains(|c: char| c.is_ascii_alphabetic())
    {
        return None;
    }
    if !line[end..].starts_with(' ') || !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    let length = line.len() - rest.len() + usize::from(rest.starts_with(' '));
    Some(Prefix { kind: Kind::Compose, length, name, partial: false })
}

fn pod(line: &str) -> Option<Prefix<'_>> {
    let inner = line.strip_prefix("[pod/").or_else(|| line.strip_prefix("[container/"))?;
    let end = inner.find(']')?;
    let start = line.len() - inner.len() + end + 1;
    let known = !inner[..end].contains(' ');
    known.then(|| Prefix::new(Kind::Pod, start + usize::from(line[start..].starts_with(' '))))?
}

fn container(line: &str) -> Option<Prefix<'_>> {
    let mut cursor = Cursor::new(line);
    cursor.timestamp()?;
    let rest = cursor.rest();
    let (stream, partial) =
        [(" stdout F ", false), (" stderr F ", false), (" stdout P ", true), (" stderr P ", true)]
            .into_iter()
            .find(|(stream, _)| rest.starts_with(stream) || rest == stream.trim_end())?;
    let length = line.len() - rest.len() + stream.len().min(rest.len());
    Some(Prefix { kind: Kind::Container, length, name: "", partial })
}

fn syslog(line: &str) -> Option<Prefix<'_>> {
    let mut cursor = Cursor::new(line);
    if cursor.take("<") {
        cursor.number(1..=3)?;
        cursor.take(">").then_some(())?;
        if cursor.take("1 ") {
            // RFC 5424: time, host, program, process and message id, structured data.
            cursor.timestamp()?;
            for _ in 0..4 {
                cursor.take(" ").then_some(())?;
                cursor.word()?;
            }
            (cursor.take(" -") || cursor.take(" [") && cursor.until(']')).then_some(())?;
            cursor.take(" ");
            cursor.take("\u{feff}");
            return Prefix::new(Kind::Syslog, cursor.at());
        }
    }
    cursor.month()?;
    cursor.blanks()?;
    cursor.number(1..=2)?;
    cursor.blanks()?;
    cursor.clock()?;
    syslog_source(cursor)
}

/// ` host program[123]: ` after the time.
pub(super) fn syslog_source(mut cursor: Cursor<'_>) -> Option<Prefix<'_>> {
    cursor.blanks()?;
    cursor.word()?;
    cursor.blanks()?;
    let tag = cursor.word()?;
    let name = tag.strip_suffix(':')?;
    let name = name.split('[').next()?;
    let known = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/@-()".contains(&b));
    known.then_some(())?;
    cursor.take(" ");
    Prefix::new(Kind::Syslog, cursor.at())
}

/// `E1120 10:11:12.345678       1 auth.go:42] ` of Kubernetes and glog.
fn klog(line: &str) -> Option<Prefix<'_>> {
    let mut cursor = Cursor::new(line);
    ["I", "W", "E", "F"].into_iter().any(|level| cursor.take(level)).then_some(())?;
    cursor.number(4..=4)?;
    cursor.blanks()?;
    cursor.clock()?;
    cursor.blanks()?;
    cursor.number(1..=9)?;
    cursor.blanks()?;
    cursor.word()?.ends_with(']').then_some(())?;
    cursor.take(" ");
    Prefix::new(Kind::Record, cursor.at())
}

fn annotation(line: &str) -> Option<Prefix<'_>> {
    const MARKS: [&str; 5] =
        ["##[error]", "##[warning]", "##[debug]", "##[section]", "##[command]"];
    if let Some(mark) = MARKS.iter().find(|mark| line.starts_with(**mark)) {
        return Prefix::new(Kind::Annotation, mark.len());
    }
    let name = line.strip_prefix("::")?;
    let known = ["error", "warning", "notice", "debug"].iter().any(|kind| name.starts_with(kind));
    let end = name.find("::")?;
    let plain = name[..end].split([' ', ',']).skip(1).all(|property| property.contains('='));
    (known && plain).then(|| Prefix::new(Kind::Annotation, 2 + end + 2))?
}

/// `ERROR:root:`.
fn python(line: &str) -> Option<Prefix<'_>> {
    const LEVELS: [&str; 5] = ["DEBUG:", "INFO:", "WARNING:", "ERROR:", "CRITICAL:"];
    let level = LEVELS.iter().find(|level| line.starts_with(**level))?;
    let rest = &line[level.len()..];
    let end = rest.find(':')?;
    let name = &rest[..end];
    let logger =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let known = logger && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    known.then(|| Prefix::new(Kind::Python, level.len() + end + 1))?
}
