//! Reads one object or array, as loosely as programs print them.

use serde_json::{Map, Value};

use super::Fold;
use super::literal::{NAME_MAX, is_empty, is_frame, is_mark};
use super::string;
use super::value::Boundary;

/// Maximum depth of objects and arrays.
const DEPTH_MAX: usize = 64;
/// Maximum number of members and elements. Each takes about a hundred bytes.
const ELEMENTS_MAX: usize = 100_000;
/// Maximum length of a quoted name, in bytes.
const QUOTED_NAME_MAX: usize = 200;

/// A position in a text.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// The farthest position that was looked at.
    pub(super) read: usize,
    pub(super) fold: Option<Fold>,
    depth: usize,
    elements: usize,
    /// The end of the last complete value.
    pub(super) complete: usize,
    /// The text ended before an object or array did.
    pub(super) truncated: bool,
}

/// A quoted or bare name, and what stands between it and its value.
struct Name {
    name: String,
    /// `=` between name and value, as PowerShell's `@{name=value}`.
    equals: bool,
}

impl<'a> Parser<'a> {
    /// A parser of the object or array at the start of `text`.
    pub(super) fn new(text: &'a str, fold: Option<Fold>) -> Self {
        Self { text, at: 0, read: 0, fold, depth: 0, elements: 0, complete: 0, truncated: false }
    }

    /// The number of bytes that were read.
    pub(super) fn read(&self) -> usize {
        self.read.max(self.at)
    }

    /// Whether the text has more levels or members than are read.
    pub(super) fn is_over_limit(&self) -> bool {
        DEPTH_MAX < self.depth || ELEMENTS_MAX < self.elements
    }

    /// The object, or array of objects, and its end. `None` if it has no member.
    pub(super) fn document(&mut self) -> Option<(Value, usize)> {
        let value = if self.peek() == Some('[') { self.array(']')? } else { self.object()? };
        let some = match &value {
            Value::Array(values) => values
                .iter()
                .any(|value| value.as_object().is_some_and(|members| !members.is_empty())),
            Value::Object(members) => !members.is_empty(),
            _ => false,
        };
        let end = if self.truncated { self.complete } else { self.at };
        some.then_some((value, end))
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    /// Skips blanks, line breaks and comments.
    pub(super) fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            let rest = self.rest();
            let line = || rest.find('\n').unwrap_or(rest.len());
            let length = if rest.starts_with("//") || rest.starts_with("# ") {
                line()
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                return;
            };
            self.at += length;
        }
    }

    fn enter(&mut self) -> Option<()> {
        self.depth += 1;
        self.count()?;
        (self.depth <= DEPTH_MAX).then_some(())
    }

    fn count(&mut self) -> Option<()> {
        self.elements += 1;
        (self.elements <= ELEMENTS_MAX).then_some(())
    }

    /// The object here. `None` if its first member is none.
    fn object(&mut self) -> Option<Value> {
        self.enter()?;
        self.at += 1;
        let mut members = Map::new();
        loop {
            self.blanks();
            while self.take(",") || self.take(";") {
                self.blanks();
            }
            match self.peek() {
                None => {
                    self.truncated = true;
                    break;
                }
                Some('}') => {
                    self.at += 1;
                    break;
                }
                // The bracket of an array around an object without its end.
                Some(']' | ')') if !members.is_empty() => break,
                _ => {}
            }
            if self.take("...") {
                self.skip_line();
                continue;
            }
            let start = self.at;
            let Some(name) = self.name() else {
                self.read = self.read();
                self.at = start;
                if members.is_empty() && self.peek().is_some() && !self.truncated {
                    return None;
                }
                if is_frame(self.rest()) && self.rest().contains('\n') {
                    self.skip_line();
                    continue;
                }
                self.truncated = true;
                break;
            };
            self.count()?;
            match self.value(name.equals) {
                Some(value) if self.truncated && is_empty(&value) => break,
                Some(value) => {
                    members.insert(name.name, value);
                    if self.truncated {
                        break;
                    }
                    self.complete = self.at;
                }
                None if self.truncated => break,
                None => return None,
            }
        }
        self.depth -= 1;
        if !self.truncated {
            self.complete = self.at;
        }
        Some(Value::Object(members))
    }

    /// The array here, up to `close`.
    fn array(&mut self, close: char) -> Option<Value> {
        self.enter()?;
        self.at += 1;
        let mut values = Vec::new();
        loop {
            self.blanks();
            while self.take(",") {
                self.blanks();
            }
            match self.peek() {
                None => {
                    self.truncated = true;
                    break;
                }
                Some(c) if c == close => {
                    self.at += 1;
                    break;
                }
                Some('}' | ']' | ')') => break,
                _ => {}
            }
            if self.take("... ") {
                self.skip_bare();
                continue;
            }
            self.count()?;
            match self.value(false) {
                Some(value) if self.truncated && is_empty(&value) => break,
                Some(value) => values.push(value),
                None if self.truncated => break,
                None => return None,
            }
            if self.truncated {
                break;
            }
            self.complete = self.at;
        }
        self.depth -= 1;
        if !self.truncated {
            self.complete = self.at;
        }
        Some(Value::Array(values))
    }

    /// The name of a member with its colon.
    fn name(&mut self) -> Option<Name> {
        let rest = self.rest();
        let quoted = matches!(self.peek()?, '"' | '\'' | '`');
        let name = if quoted || matches!(rest.as_bytes(), [b'u' | b'b', b'"' | b'\'', ..]) {
            self.at += usize::from(!quoted);
            let rest = self.rest();
            let window = &rest[..rest.ceil_boundary(QUOTED_NAME_MAX)];
            let name = string::read(window, self.fold, self.line_start());
            if !name.closed && name.length == rest.len() {
                self.truncated = true;
            }
            self.at += name.length;
            name.closed.then_some(name.value)?
        } else {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || "_$@.-".contains(c)))
                .unwrap_or(rest.len());
            let name = &rest[..end];
            self.at += end;
            if self.at == self.text.len() {
                self.truncated = true;
            }
            let known = end <= NAME_MAX
                && name.starts_with(|c: char| c.is_alphabetic() || "_$@".contains(c))
                || !name.is_empty() && end <= 9 && name.bytes().all(|byte| byte.is_ascii_digit());
            known.then(|| name.to_owned())?
        };
        self.blanks();
        if self.peek().is_none() {
            self.truncated = true;
        }
        let equals = self.rest().starts_with('=')
            && !self.rest().starts_with("==")
            && !self.rest().starts_with("=>");
        let separated = equals && self.take("=") || self.take("=>") || self.take(":");
        // An address, or a path of Rust or C++.
        let other = !quoted && (self.rest().starts_with("//") || self.rest().starts_with(':'));
        (separated && !other).then_some(Name { name, equals })
    }

    /// The value here. `None` with `truncated` if the text ends before it.
    fn value(&mut self, equals: bool) -> Option<Value> {
        if equals {
            return self.assigned();
        }
        self.blanks();
        let Some(first) = self.peek() else {
            self.truncated = true;
            return None;
        };
        match first {
            '"' | '\'' | '`' => self.string(),
            '{' => self.nested(),
            '[' if is_mark(self.rest()) => self.bare(),
            '[' => self.array(']'),
            '(' => self.array(')'),
            _ if matches!(
                self.rest().as_bytes(),
                [b'b' | b'u' | b'r' | b'f', b'"' | b'\'', ..]
            ) =>
            {
                self.at += 1;
                self.string()
            }
            _ => self.bare(),
        }
    }

    /// An object, or a set of values.
    pub(super) fn nested(&mut self) -> Option<Value> {
        let (start, depth, complete) = (self.at, self.depth, self.complete);
        let object = self.object();
        if object.is_some() || self.truncated || self.is_over_limit() {
            return object;
        }
        // The set is read only if the first of its values was reached.
        (self.at, self.depth, self.complete) = (start, depth, complete);
        self.array('}')
    }

    pub(super) fn skip_line(&mut self) {
        let rest = self.rest();
        self.at += rest.find('\n').unwrap_or(rest.len());
    }
}
