//! What is wrong with the text of the configuration file: the message, the place as the toml crate draws it, and what to write
//! there. No value is quoted, because it may be a secret, unless it is a misspelt word, or one that a message quotes anyway.

mod place;

use std::fmt;
use std::ops::Range;

use self::place::{Place, key_spans};
use super::job::JobTable;
use super::layer::is_boolean;
use super::{keys, nearest};
use entrada_core::clean;

/// The example file, which shows every key with a value.
const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Keys and tables of the file besides the settings.
pub(super) const TOP: [&str; 4] = ["default-profile", "defaults", "profiles", "jobs"];

/// Characters up to which a value is hidden only in quotes: without quotes it may be a part of a word.
const SHORT: usize = 3;

/// Why the text of the file is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TomlFault {
    /// What is wrong, with line and column where they are known.
    message: String,
    /// The line with a mark under the place; empty where the place is not known.
    drawing: String,
    /// What to write instead.
    pub cure: Option<String>,
}

impl TomlFault {
    /// A fault of `message` at `span` of `text`.
    pub(super) fn at(text: &str, span: Option<Range<usize>>, message: impl Into<String>) -> Self {
        Self::drawn(text, span, message, None)
    }

    /// A fault of `message` that quotes what is at `span` of `text`, so the drawing shows the `whole` value of `key`.
    pub(super) fn of_value(
        text: &str,
        (span, whole): (Range<usize>, Range<usize>),
        key: &str,
        message: String,
    ) -> Self {
        let says_what = message.contains("did you mean");
        let cure = example_of(key).filter(|_| !says_what).map(for_example);
        Self { cure, ..Self::drawn(text, Some(span), message, Some(whole)) }
    }

    fn drawn(
        text: &str,
        span: Option<Range<usize>>,
        message: impl Into<String>,
        shown: Option<Range<usize>>,
    ) -> Self {
        let message = message.into();
        let Some(place) = span.and_then(|span| Place::of(text, span)) else {
            return Self { message, drawing: String::new(), cure: None };
        };
        let spans: Vec<Range<usize>> = key_spans(text).into_iter().chain(shown).collect();
        Self {
            message: format!("line {}, column {}: {message}", place.line, place.column),
            drawing: place.drawing(&spans),
            cure: None,
        }
    }

    /// The fault that the toml crate found in `text`, whose values are in `table`.
    pub(super) fn of(text: &str, table: &toml::Table, error: &toml::de::Error) -> Self {
        let value = error.span().and_then(|span| text.get(span)).unwrap_or_default();
        let place = error.span().and_then(|span| Place::of(text, span));
        let line = place.map(|place| place.content).unwrap_or_default();
        let said = error.message();
        if let Some(choices) = choices_in(said) {
            let word = value.trim_matches(['"', '\'']);
            let near = nearest(word, choices.split('`').skip(1).step_by(2));
            let Some(near) = near else {
                return Self {
                    cure: cure_of(&line),
                    ..Self::at(text, error.span(), format!("expected {choices}"))
                };
            };
            let message = format!("`{word}` is not {choices}; did you mean `{near}`?");
            let cure = key_of(&line).map(|key| format!("write `{key} = \"{near}\"`"));
            return Self { cure, ..Self::drawn(text, error.span(), message, error.span()) };
        }
        let (message, cure) = if is_without_quotes(&line) {
            let cure = key_of(&line)
                .map(|key| format!("write `{key} = \"…\"`, the text between the quotes"));
            ("a text is written in quotes".to_owned(), cure)
        } else if said.starts_with("duplicate key") {
            let cure =
                "the file has that name already: keep one of the two, with the lines of both";
            (without_values(table, value, said), Some(cure.to_owned()))
        } else {
            (without_values(table, value, said), cure_of(&line))
        };
        Self { cure, ..Self::at(text, error.span(), message) }
    }

    /// A fault of the file as a whole.
    pub(super) fn whole(message: impl Into<String>) -> Self {
        Self { message: message.into(), drawing: String::new(), cure: None }
    }

    /// The line of the file with a mark under the place. Values are hidden.
    pub fn drawing(&self) -> &str {
        &self.drawing
    }
}

/// The message, without the drawing.
impl fmt::Display for TomlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Whether `word` is a key or a table of the file.
fn is_known(word: &str) -> bool {
    let known = keys().iter().map(String::as_str).chain(TOP).chain(JobTable::KEYS);
    known.into_iter().any(|own| own == word)
}

/// The key at the start of a line of the form `key = value`.
fn key_of(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim();
    // A key may be dotted: `profiles.work.tenant`.
    let last = key.rsplit('.').next().unwrap_or_default();
    is_known(last).then_some(last)
}

/// How the faulty `line` is written.
fn cure_of(line: &str) -> Option<String> {
    let key = key_of(line)?;
    let value = line.split_once('=').map_or("", |(_, value)| value.trim());
    // A path of Windows, whose backslashes begin escape sequences.
    if value.starts_with('"') && value.contains('\\') {
        return Some(format!("write a path between single quotes: `{key} = 'C:\\FOLDER\\FILE'`"));
    }
    let is_open = |quote: char| value.starts_with(quote) && value.matches(quote).count() == 1;
    if is_open('"') || is_open('\'') {
        let quote = &value[..1];
        return Some(format!("close the quotes: `{key} = {quote}…{quote}`"));
    }
    if is_boolean(key) {
        return Some(format!("write `{key} = true` or `{key} = false`, without quotes"));
    }
    example_of(key).map(for_example)
}

fn for_example(line: &str) -> String {
    format!("for example `{line}`")
}

/// The choices that serde names where a value is none of them: "one of `a`, `b`".
fn choices_in(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("unknown variant ")?;
    rest.rfind(", expected ").map(|at| rest[at + ", expected ".len()..].trim())
}

/// The line of the example file that sets `key`.
fn example_of(key: &str) -> Option<&'static str> {
    let lines = EXAMPLE.lines().filter_map(|line| line.strip_prefix('#'));
    let mut lines = lines.filter(|line| key_of(line) == Some(key));
    lines.next()
}

/// Whether the value in `line` is a word, for which TOML has no meaning: `job = imap`.
fn is_without_quotes(line: &str) -> bool {
    let Some((_, value)) = line.split_once('=') else { return false };
    let word = value.split('#').next().unwrap_or_default().trim();
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && !["true", "false", "inf", "nan"].contains(&word)
}

/// The first line of `message` without the values in `table`, and without the words of the text at its `place`: a message may
/// quote a part of a value, or change it.
fn without_values(table: &toml::Table, place: &str, message: &str) -> String {
    // In serde's words, the value is all from the first quotation mark on.
    let of_serde = ["invalid type: ", "invalid value: ", "unknown field "];
    if of_serde.iter().any(|own| message.starts_with(own)) {
        let (said, expected) =
            message.split_at(message.rfind(", expected").unwrap_or(message.len()));
        let kind = said.split(['`', '"']).next().unwrap_or_default();
        let value = if kind.len() < said.len() { "`…`" } else { "" };
        return clean(&format!("{kind}{value}{expected}")).into_owned();
    }
    let mut said = message.to_owned();
    for value in scalars(&toml::Value::Table(table.clone())) {
        // Libraries quote a value as it is or with escapes.
        for form in [value.escape_debug().to_string(), clean(&value).into_owned(), value] {
            if SHORT < form.len() {
                said = said.replace(&form, "…");
            }
            said =
                said.replace(&format!("`{form}`"), "`…`").replace(&format!("\"{form}\""), "\"…\"");
        }
    }
    if !table.is_empty() {
        let words = place.split(|c: char| !c.is_alphanumeric());
        // Messages name settings.
        let keys = keys();
        let is_of_key = |word: &str| keys.iter().any(|key| key.split('-').any(|part| part == word));
        for word in words.filter(|word| SHORT < word.chars().count() && !is_of_key(word)) {
            said = said.replace(word, "…");
        }
    }
    clean(said.lines().next().unwrap_or_default()).into_owned()
}

/// The text of every scalar in `value`, longest first.
fn scalars(value: &toml::Value) -> Vec<String> {
    let mut found: Vec<String> = match value {
        toml::Value::Array(all) => all.iter().flat_map(scalars).collect(),
        toml::Value::Table(all) => all.values().flat_map(scalars).collect(),
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Boolean(_) => Vec::new(),
        number => vec![number.to_string()],
    };
    found.sort_by_key(|text| std::cmp::Reverse(text.len()));
    found
}

#[cfg(test)]
mod tests {
    use super::super::ConfigFile;

    fn fault(text: &str) -> super::TomlFault {
        ConfigFile::parse(text).unwrap_err()
    }

    #[test]
    fn the_place_is_drawn_and_the_cure_is_a_line_of_the_example() {
        let error = fault("# mine\n[defaults]\n  min-ttl = 'soon' # later\n");
        assert_eq!(
            error.to_string(),
            "line 3, column 13: `…` is not a duration such as `90s`, `5m` or `1h30m`"
        );
        assert_eq!(
            error.drawing(),
            "  |\n3 |   min-ttl = '****' * *****\n  |             ^^^^^^\n"
        );
        assert_eq!(error.cure.as_deref(), Some("for example `min-ttl = \"5m\"`"));
        let error = fault("[profiles.work]\ntenant = contoso.example\r\n");
        assert!(error.to_string().starts_with("line 2, column 10: "), "{error}");
        assert_eq!(
            error.drawing(),
            "  |\n2 | tenant = ***************\n  |          ^^^^^^^^^^^^^^^\n"
        );
        assert_eq!(
            error.cure.as_deref(),
            Some("write `tenant = \"…\"`, the text between the quotes")
        );
        let error = fault("[defaults]\nstore-key-file = \"C:\\Users\\ada\\store.key\"\n");
        assert_eq!(
            error.cure.as_deref(),
            Some("write a path between single quotes: `store-key-file = 'C:\\FOLDER\\FILE'`")
        );
    }

    /// Numbers from a seed (SplitMix64).
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            usize::try_from((z ^ (z >> 31)) % u64::try_from(limit).unwrap()).unwrap()
        }

        fn one<'a>(&mut self, all: &[&'a str]) -> &'a str {
            all[self.below(all.len())]
        }

        /// A file with faults around `secret`.
        fn file(&mut self, secret: &str) -> String {
            let value = self.one(&[
                "S",
                "'S'",
                "\"S\"",
                "\"\"\"S\"\"\"",
                "'''S'''",
                "\"\"\"\nS\nS=\nS \u{7}\"\"\"",
                "'''\nS = S\n[S]\n'''",
                "['S']",
                "['imap', 'S']",
                "[\n 'imap',\n 'S/x' ]",
                "{ a = 'S' }",
                "'S",
                "\"\\S\"",
                "\"S\\q\"",
                "= 'S'",
                "'x, expected S'",
                "'http://S.example'",
                "'S=S'",
                "S=S",
                "\"\\u0053S\"",
                "[[['S']]]",
                "'S' 'S'",
                "5 S",
                "'''S'",
            ]);
            let key = self.one(&[
                "tenant",
                "job",
                "store",
                "min-ttl",
                "quiet",
                "cloud",
                "flow",
                "redirect-uri",
                "param",
                "claims",
                "scope",
                "tennant",
                "x",
                "a.b",
                "'q'",
                "timeout",
                "account",
                "prompt",
                "strict",
                "client-id",
                "store-key-file",
                "",
            ]);
            let head = self.one(&[
                "[defaults]\n",
                "[profiles.work]\n",
                "[profiles.work] ",
                "[jobs.crm]\n",
                "[profiles]\n",
                "",
                "[profile.w]\n",
                "[[profiles.w]]\n",
                "[defaults]\r",
                "# c\r\n[defaults]\r\n",
                "[profiles.work\n",
                "profiles.w = {\n",
            ]);
            let tail = self.one(&[
                "\n",
                "",
                "\r",
                "\r\n",
                "\ntenant = 'S'\n",
                " # S\n",
                "\n=\n",
                "\nS\n",
                "\n[defaults]\nx = 1\n",
            ]);
            let mut text = format!("{head}{key} = {value}{tail}");
            for _ in 0..self.below(3) {
                // A sign is lost, or one too many.
                let at = self.below(text.len() + 1);
                if !text.is_char_boundary(at) || text[at..].starts_with('S') {
                    continue;
                }
                if self.below(2) == 0 {
                    text.insert_str(
                        at,
                        self.one(&["'", "\"", "[", "]", "=", "\n", "\r", "{", "#", ".", " "]),
                    );
                } else if text[at..].starts_with(|c: char| c.is_ascii_punctuation()) {
                    text.remove(at);
                }
            }
            text.replace('S', secret)
        }
    }

    #[test]
    fn no_value_is_shown_whatever_is_wrong_with_the_file() {
        let mut faults = 0;
        for seed in 0..10_000 {
            let mut random = Random(seed);
            // No word of a message and no key has these letters.
            let secret: String = (0..8).map(|_| random.one(&["q", "Z", "7", "K", "4"])).collect();
            let text = random.file(&secret);
            let Err(error) = ConfigFile::parse(&text) else { continue };
            faults += 1;
            let all = format!("{error}\n{}\n{:?}", error.drawing(), error.cure);
            // A key is no value.
            let keys: Vec<String> = match text.parse::<toml::Table>() {
                Ok(table) => keys_in(&toml::Value::Table(table)),
                Err(_) => Vec::new(),
            };
            if keys.iter().any(|key| key.contains(&secret)) {
                continue;
            }
            let leaks = (0..=secret.len() - 3).any(|at| all.contains(&secret[at..at + 3]));
            assert!(!leaks, "{seed}: {text:?}\n{all}");
        }
        assert!(5_000 < faults, "{faults}");
    }

    fn keys_in(value: &toml::Value) -> Vec<String> {
        match value {
            toml::Value::Table(table) => table
                .iter()
                .flat_map(|(key, value)| [vec![key.clone()], keys_in(value)].concat())
                .collect(),
            toml::Value::Array(all) => all.iter().flat_map(keys_in).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_carriage_return_alone_ends_a_line() {
        let error = fault("[defaults]\rtenant = 'x'\r");
        assert!(error.drawing().lines().count() == 3, "{}", error.drawing());
        let error = fault("[profiles.work] tenant = 'hunter2'\n");
        assert_eq!(error.drawing().lines().nth(1), Some("1 | [profiles.****] ****** = '*******'"));
    }

    #[test]
    fn a_wrong_type_tells_the_right_one() {
        for (text, cure) in [
            ("[defaults]\njob = 5", "job = [\"graph-mail-read\"]"),
            (
                "[jobs.crm]\naudience = 5",
                "audience = \"api://00000000-0000-0000-0000-000000000000\"",
            ),
            ("default-profile = 1", "default-profile = \"work\""),
            ("profiles.work.tenant = 5", "tenant = \"common\""),
        ] {
            let cure = format!("for example `{cure}`");
            assert_eq!(fault(text).cure, Some(cure), "{text}: {}", fault(text));
        }
    }

    #[test]
    fn a_misspelt_word_is_shown_with_the_right_one() {
        let error = fault("[defaults]\nstore = 'fiel' # hunter2\n");
        assert_eq!(
            error.to_string(),
            "line 2, column 9: `fiel` is not one of `keyring`, `file`, `keyutils`, `memory`; did you mean `file`?"
        );
        assert_eq!(error.drawing(), "  |\n2 | store = 'fiel' * *******\n  |         ^^^^^^\n");
        assert_eq!(error.cure.as_deref(), Some("write `store = \"file\"`"));
        let error = fault("[defaults]\nstrict = 'maybe'");
        let cure = "write `strict = true` or `strict = false`, without quotes";
        assert_eq!(error.cure.as_deref(), Some(cure));
        let error = fault("[jobs.crm]\ntitle = \"read orders");
        assert_eq!(error.cure.as_deref(), Some("close the quotes: `title = \"…\"`"));
    }

    #[test]
    fn a_text_without_quotes_is_told_as_that() {
        for text in
            ["job = imap", "[profiles.w]\ntenant = contoso.example # ours", "store = file\n"]
        {
            let fault = fault(text).to_string();
            assert!(fault.ends_with(": a text is written in quotes"), "{text}: {fault}");
        }
        for text in ["lock-timeout = inf", "job = [imap"] {
            assert!(!fault(text).to_string().contains("quotes"), "{text}");
        }
    }

    #[test]
    fn a_name_that_is_there_twice_has_a_cure() {
        let text = "[profiles.crm]\ntenant = 'a.example'\n[profiles.crm]\njob = ['imap']\n";
        let cure = fault(text).cure.unwrap();
        assert!(cure.contains("keep one of the two"), "{cure}");
    }

    #[test]
    fn an_unknown_key_is_drawn_with_its_name() {
        let error = fault("[profiles.work]\njob = ['imap']\ntennant = 'hunter2'");
        assert_eq!(error.drawing(), "  |\n3 | tennant = '*******'\n  | ^^^^^^^\n");
        let error = fault("[profile.work]\n");
        assert_eq!(error.drawing(), "  |\n1 | [profile.work]\n  |  ^^^^^^^\n");
    }
}
