//! The path of a call, as segments that can be compared with the table.

use std::borrow::Cow;

/// One segment of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// As given, percent-decoded.
    text: String,
    /// What is compared: in lower case, with `()` in place of a function's arguments, and `:` at the end in front of a path.
    lower: String,
    /// Whether it stands for an id, by its place or by the table.
    pub(super) is_id: bool,
}

/// The longest segment that is shown; a longer one is an id.
const SHOWN_MAX: usize = 40;

impl Segment {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), lower: text.to_ascii_lowercase(), is_id: false }
    }

    fn id(text: &str) -> Self {
        Self { is_id: true, ..Self::new(text) }
    }

    /// In lower case.
    pub(super) fn lower(&self) -> &str {
        &self.lower
    }

    /// As given.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is `{id}` or the like: any id.
    pub(super) fn is_placeholder(&self) -> bool {
        self.text.starts_with(['{', '<', ':', '*'])
    }

    /// As it is shown: an id and what looks like one is `{id}`.
    pub(super) fn shown(&self) -> Cow<'_, str> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '$' | '_');
        if self.is_id && self.lower.ends_with(':') {
            Cow::Borrowed("{id}:")
        } else if self.lower.ends_with("()") {
            // Its arguments are the user's own.
            Cow::Owned(format!("{}()", self.text.split('(').next().unwrap_or_default()))
        } else if self.is_id
            || SHOWN_MAX < self.text.len()
            || !self.text.trim_end_matches(':').chars().all(is_name)
            || 4 < self.text.bytes().filter(u8::is_ascii_digit).count()
        {
            Cow::Borrowed("{id}")
        } else if self.text.starts_with(|c: char| c.is_ascii_uppercase()) {
            // Graph's names begin in lower case, and the case of a path has no meaning.
            Cow::Borrowed(&self.lower)
        } else {
            Cow::Borrowed(&self.text)
        }
    }

    /// How well it fits a segment of the table: 3 for the same text, 2 for the same name with or without arguments or
    /// namespace, 1 for an id; `None` for another segment.
    pub(super) fn fit(&self, own: &str) -> Option<u64> {
        let lower = self.lower.as_str();
        match own {
            "{}" => (!lower.starts_with('$')
                && !lower.ends_with("()")
                && !lower.starts_with(NAMESPACE)
                && !lower.ends_with(':'))
            .then_some(1),
            "{}:" => (lower != "root:" && lower.ends_with(':')).then_some(1),
            _ if self.is_id => None,
            _ if lower == own => Some(3),
            _ => {
                let name = lower.strip_prefix(NAMESPACE).unwrap_or(lower);
                (bare(name) == bare(own)).then_some(2)
            }
        }
    }
}

/// The name of a function, without its arguments.
fn bare(name: &str) -> &str {
    name.strip_suffix("()").unwrap_or(name)
}

/// In front of the name of a type, a function or an action (OData Part 2, §4.5).
const NAMESPACE: &str = "microsoft.graph.";

/// Types to which a collection can be restricted: `memberOf/microsoft.graph.group`. The permissions are those of the collection.
const TYPES: [&str; 12] = [
    "administrativeunit",
    "application",
    "device",
    "directoryrole",
    "eventmessage",
    "fileattachment",
    "group",
    "itemattachment",
    "orgcontact",
    "referenceattachment",
    "serviceprincipal",
    "user",
];

/// The segments of `path`: decoded, without empty ones, with keys in parentheses as segments of their own, and with the paths
/// of files (`root:/a/b.txt:`) as one segment.
pub(super) fn segments(path: &str) -> Vec<Segment> {
    let mut all = Vec::new();
    for raw in split(path) {
        let text = percent_decoded(raw);
        if text == "." {
            continue;
        }
        if text == ".." {
            // RFC 3986 §5.2.4.
            all.pop();
            continue;
        }
        let Some((name, arguments)) = text
            .strip_suffix(')')
            .and_then(|rest| rest.split_once('('))
            .filter(|(name, _)| !name.is_empty())
        else {
            if !text.is_empty() {
                all.push(Segment::new(&text));
            }
            continue;
        };
        // A named argument makes it a function; the equals sign in a quoted key is part of the key.
        let is_key =
            arguments.starts_with('\'') || !arguments.trim().is_empty() && !arguments.contains('=');
        if is_key || KEYED.contains(&name.to_ascii_lowercase().as_str()) {
            // `users('ada')`, `users(userPrincipalName='ada')`.
            let named = !arguments.starts_with('\'');
            let value = arguments.split_once("='").filter(|_| named);
            let key = value.map_or(arguments, |(_, value)| value);
            all.push(Segment::new(name));
            all.push(Segment::id(&key.trim_matches('\'').replace("''", "'")));
        } else {
            let lower = format!("{}()", name.to_ascii_lowercase());
            all.push(Segment { text: text.clone(), lower, is_id: false });
        }
    }
    with_file_paths(all)
}

/// Collections with alternate keys: what is in parentheses is an id, even with `=`.
const KEYED: [&str; 4] = ["users", "applications", "serviceprincipals", "devices"];

/// `path` with `%2F` as a slash except inside a key; `None` if it has none.
pub(super) fn with_plain_slashes(path: &str) -> Option<String> {
    if !path.contains("%2F") && !path.contains("%2f") {
        return None;
    }
    let mut plain = String::with_capacity(path.len());
    let mut is_key = false;
    let mut rest = path;
    while let Some(first) = rest.chars().next() {
        if !is_key && (rest.starts_with("%2F") || rest.starts_with("%2f")) {
            plain.push('/');
            rest = &rest[3..];
            continue;
        }
        is_key = (is_key || first == '(') && first != ')';
        plain.push(first);
        rest = &rest[first.len_utf8()..];
    }
    Some(plain)
}

/// `path`, split at its slashes except inside quotes in parentheses.
fn split(path: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let (mut start, mut in_key, mut in_quotes) = (0, false, false);
    for (at, c) in path.char_indices() {
        match c {
            '\'' if in_key => in_quotes = !in_quotes,
            '(' | ')' if !in_quotes => in_key = c == '(',
            '/' if !in_quotes => {
                all.push(path.get(start..at).unwrap_or_default());
                (start, in_key) = (at + 1, false);
            }
            _ => (),
        }
    }
    if in_quotes {
        // A quote that is not closed is part of an id.
        return path.split('/').collect();
    }
    all.push(path.get(start..).unwrap_or_default());
    all
}

/// `text`, percent-decoded; `+` is a plus sign in a path.
fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let whole = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    let decoded = url::form_urlencoded::parse(whole.as_bytes()).next();
    decoded.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Joins the segments of a file's or site's path, which stands between colons: `root:/a/b.txt:/content`,
/// `items/ID:/b.txt:/content`, `sites/HOST:/teams/hr:/drive`.
fn with_file_paths(segments: Vec<Segment>) -> Vec<Segment> {
    let mut all: Vec<Segment> = Vec::with_capacity(segments.len());
    let mut rest = segments.into_iter();
    while let Some(mut segment) = rest.next() {
        let before = all.last().map(Segment::lower).unwrap_or_default();
        let is_item = ["items", "sites"].contains(&before) && segment.lower.ends_with(':');
        if segment.lower != "root:" && !is_item {
            all.push(segment);
            continue;
        }
        segment.is_id = is_item;
        all.push(segment);
        let mut path = Vec::new();
        let mut is_closed = false;
        for part in rest.by_ref() {
            is_closed = part.lower.ends_with(':');
            path.push(part.text);
            if is_closed {
                break;
            }
        }
        if path.is_empty() {
            continue;
        }
        let lower = if is_closed { "path:" } else { "path" };
        all.push(Segment { lower: lower.to_owned(), ..Segment::id(&path.join("/")) });
    }
    all
}

/// The same call in the next form in which the table may have it; `None` if there is none.
///
/// Microsoft documents the permissions of a message once, whichever folder it is called in, and those of an item once, whether
/// it is addressed by its id or by its path.
pub(super) fn generalised(segments: &[Segment]) -> Option<Vec<Segment>> {
    let lower: Vec<&str> = segments.iter().map(|segment| segment.lower.as_str()).collect();
    let cut = |from: usize, to: usize| {
        let mut all = segments.to_vec();
        all.drain(from..to);
        Some(all)
    };
    // The last segment names no object of its own.
    // The content of a message (`$value`) needs more than the message: the folder goes first.
    let without_operation = || {
        let last = lower.last()?;
        let is_type = last.strip_prefix(NAMESPACE).is_some_and(|name| TYPES.contains(&name));
        let is_operation = ["$count", "$ref", "$value"].contains(last);
        if is_operation || is_type { cut(lower.len() - 1, lower.len()) } else { None }
    };
    let base = match *lower.first()? {
        "me" => 1,
        "users" | "groups" => 2,
        _ => return by_item(segments, &lower).or_else(without_operation),
    };
    let tail = lower.get(base..)?;
    match *tail {
        ["mailfolders", _, "messages", ..]
        | ["contactfolders", _, "contacts", ..]
        | ["calendars", _, "events" | "calendarview", ..]
        | ["calendargroups", _, "calendars", ..] => cut(base, base + 2),
        ["mailfolders" | "contactfolders", _, "childfolders", ..] => cut(base + 1, base + 3),
        ["calendar", "events" | "calendarview", ..] => cut(base, base + 1),
        _ => by_item(segments, &lower).or_else(without_operation),
    }
}

/// An item of a drive, or a site, that is addressed by its path, as the same item by its id.
fn by_item(segments: &[Segment], lower: &[&str]) -> Option<Vec<Segment>> {
    let replaced = |from: usize, to: usize, by: Vec<Segment>| {
        let mut all = segments.to_vec();
        all.splice(from..to, by);
        Some(all)
    };
    let is_path = |at: usize| matches!(lower.get(at), Some(&("path" | "path:")));
    for (at, segment) in lower.iter().enumerate() {
        match *segment {
            "root:" if is_path(at + 1) => {
                return replaced(at, at + 2, vec![Segment::new("items"), Segment::id("path")]);
            }
            "root" if is_drive(lower.get(..at).unwrap_or_default()) => {
                return replaced(at, at + 1, vec![Segment::new("items"), Segment::id("root")]);
            }
            "items" | "sites"
                if is_path(at + 2) && lower.get(at + 1).is_some_and(|id| id.ends_with(':')) =>
            {
                return replaced(at + 1, at + 3, vec![Segment::id("path")]);
            }
            _ => (),
        }
    }
    None
}

/// Whether `path` leads to a drive: `me/drive`, `drives/{id}`.
fn is_drive(path: &[&str]) -> bool {
    matches!(path, [.., "drive"] | [.., "drives", _])
}
