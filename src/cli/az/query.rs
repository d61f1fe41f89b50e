//! The part of JMESPath (<https://jmespath.org>) that selects and names members: `accessToken`, `[a,b]`, `{x:a,y:b}`, `@`.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::Value;

/// A query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Query {
    /// `@`: the whole answer.
    Whole,
    /// A member, or a member of a member: `a.b`.
    Path(Vec<String>),
    /// `[a,b]`.
    List(Vec<Query>),
    /// `{x:a,y:b}`.
    Named(Vec<(String, Query)>),
}

/// What a query found. The members of an object keep the order of the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    One(Value),
    List(Vec<Found>),
    Named(Vec<(String, Found)>),
}

/// Maximum number of lists and objects in a query.
const DEPTH_MAX: usize = 64;

impl Query {
    /// Reads `text`. The error says what is expected there.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if DEPTH_MAX < text.chars().filter(|c| matches!(c, '[' | '{')).count() {
            return Err("the query has too many brackets".to_owned());
        }
        let mut rest = text.chars().peekable();
        let query = Self::read(&mut rest)?;
        match next(&mut rest) {
            None => Ok(query),
            Some(c) => Err(format!("`{c}` is not supported after the end of the query")),
        }
    }

    fn read(rest: &mut Peekable<Chars<'_>>) -> Result<Self, String> {
        match next(rest) {
            Some('@') => {
                rest.next();
                Ok(Self::Whole)
            }
            Some('[') => members(rest, ']', Self::read).map(Self::List),
            Some('{') => {
                let pair = |rest: &mut Peekable<Chars<'_>>| {
                    let key = name(rest)?;
                    if next(rest) != Some(':') {
                        return Err(format!("`:` is expected after `{key}`"));
                    }
                    rest.next();
                    Ok((key, Self::read(rest)?))
                };
                members(rest, '}', pair).map(Self::Named)
            }
            _ => {
                let mut path = vec![name(rest)?];
                while next(rest) == Some('.') {
                    rest.next();
                    path.push(name(rest)?);
                }
                Ok(Self::Path(path))
            }
        }
    }

    /// What it finds in `answer`.
    pub(super) fn find(&self, answer: &Value) -> Found {
        match self {
            Self::Whole => Found::of(answer),
            Self::Path(path) => {
                let found = path.iter().try_fold(answer, |value, name| value.get(name));
                found.map_or(Found::One(Value::Null), Found::of)
            }
            Self::List(all) => Found::List(all.iter().map(|query| query.find(answer)).collect()),
            Self::Named(all) => Found::Named(
                all.iter().map(|(name, query)| (name.clone(), query.find(answer))).collect(),
            ),
        }
    }
}

impl Found {
    /// `value` with its members in the order of their names, as the Azure CLI prints them.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Array(all) => Self::List(all.iter().map(Self::of).collect()),
            Value::Object(all) => {
                let mut named: Vec<(String, Self)> =
                    all.iter().map(|(name, value)| (name.clone(), Self::of(value))).collect();
                named.sort_by(|(one, _), (other, _)| one.cmp(other));
                Self::Named(named)
            }
            one => Self::One(one.clone()),
        }
    }
}

/// The next character that is no white space, without taking it.
fn next(rest: &mut Peekable<Chars<'_>>) -> Option<char> {
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
    rest.peek().copied()
}

/// What stands between an opening bracket, which is next, and `end`, separated by commas.
fn members<T>(
    rest: &mut Peekable<Chars<'_>>,
    end: char,
    mut read: impl FnMut(&mut Peekable<Chars<'_>>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    rest.next();
    let mut all = Vec::new();
    loop {
        all.push(read(rest)?);
        match next(rest) {
            Some(',') => drop(rest.next()),
            Some(c) if c == end => {
                rest.next();
                return Ok(all);
            }
            _ => return Err(format!("`,` or `{end}` is expected")),
        }
    }
}

/// `accessToken` or `"accessToken"`.
fn name(rest: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    let is_quoted = next(rest) == Some('"');
    if is_quoted {
        rest.next();
    }
    let is_part = |c: &char| {
        c.is_ascii_alphanumeric() || *c == '_' || (is_quoted && !matches!(c, '"' | '\\'))
    };
    let mut name = String::new();
    while let Some(c) = rest.next_if(is_part) {
        name.push(c);
    }
    if is_quoted && rest.next() != Some('"') {
        return Err("a quoted name has no end, or a character that is not supported".to_owned());
    }
    if name.is_empty() || !is_quoted && name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("the name of a member is expected, such as `accessToken`".to_owned());
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_are_read() {
        let path = |name: &str| Query::Path(vec![name.to_owned()]);
        for (text, expected) in [
            ("accessToken", path("accessToken")),
            (" \"accessToken\" ", path("accessToken")),
            ("a.b", Query::Path(vec!["a".to_owned(), "b".to_owned()])),
            ("@", Query::Whole),
            ("[ a , expires_on ]", Query::List(vec![path("a"), path("expires_on")])),
            (
                "{x:a, \"y z\":b}",
                Query::Named(vec![("x".to_owned(), path("a")), ("y z".to_owned(), path("b"))]),
            ),
            ("[[a]]", Query::List(vec![Query::List(vec![path("a")])])),
        ] {
            assert_eq!(Query::parse(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            " ",
            "a b",
            "a]",
            "[a",
            "[a b]",
            "[]",
            "{a}",
            "{a:}",
            "{:a}",
            "a.",
            ".a",
            "\"a",
            "1a",
            "a[0]",
            "length(a)",
            "a | b",
            "'a'",
            "{x:a",
            "\"a\\n\"",
            "a || b",
        ] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_query_of_many_brackets_is_refused() {
        for text in ["[".repeat(20_000), format!("{}a{}", "[".repeat(70), "]".repeat(70))] {
            assert_eq!(Query::parse(&text), Err("the query has too many brackets".to_owned()));
        }
    }
}
