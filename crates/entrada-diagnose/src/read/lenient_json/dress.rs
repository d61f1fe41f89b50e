//! JSON inside of a string of another format.

use std::borrow::Cow;

/// How a format writes the quotes of a text that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dress {
    /// `{\"error\":\"x\"}`: a string of JSON, logfmt or a program.
    Escaped,
    /// `{""error"":""x""}`: a field of CSV.
    Doubled,
    /// `{&quot;error&quot;:&quot;x&quot;}`: HTML.
    Entities,
}

/// Maximum number of backslashes before a quote: three levels of strings in strings have seven.
const LEVELS_MAX: usize = 3;

impl Dress {
    /// How the first name of an object is written at the start of `text`.
    pub(super) fn of(text: &str) -> Option<Self> {
        let name =
            |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || "_@$".contains(c));
        let slashes = text.bytes().take_while(|byte| *byte == b'\\').count();
        if slashes % 2 == 1 && slashes < 1 << LEVELS_MAX && text[slashes..].starts_with(['"', '\''])
        {
            return Some(Self::Escaped);
        }
        if text.strip_prefix("\"\"").is_some_and(name) {
            return Some(Self::Doubled);
        }
        ["&quot;", "&#34;", "&#x22;"]
            .iter()
            .any(|quote| text.starts_with(quote))
            .then_some(Self::Entities)
    }

    /// Removes the quotes of the other format from the start of `text`, up to the end of the string that it is in. A string
    /// in a string has a text for each level, the innermost last.
    pub(super) fn remove(self, text: &str) -> Vec<String> {
        let mut levels = vec![self.remove_one(text)];
        for _ in 1..LEVELS_MAX {
            let inner = levels.last().filter(|inner| {
                let quote = inner.find(['"', '\'']).unwrap_or_default();
                self == Self::Escaped && inner[..quote].ends_with('\\')
            });
            let Some(inner) = inner.map(|inner| self.remove_one(inner)) else { break };
            levels.push(inner);
        }
        levels
    }

    fn remove_one(self, text: &str) -> String {
        let mut plain = String::new();
        let mut at = 0;
        while let Some((part, length)) = self.next(&text[at..]) {
            plain.push_str(&part);
            at += length;
        }
        plain
    }

    /// The position in `text` of what is at `end` in the last of the `levels` that [`remove`](Self::remove) made of it.
    pub(super) fn position(self, text: &str, levels: &[String], mut end: usize) -> usize {
        for level in (0..levels.len()).rev() {
            let source = level.checked_sub(1).map_or(text, |outer| &levels[outer]);
            let (mut at, mut plain) = (0, 0);
            while plain < end {
                let Some((part, length)) = self.next(&source[at..]) else { break };
                let cut = part.len().min(end - plain);
                plain += cut;
                // A piece without escapes is the same in both, and may be cut.
                let is_escape = part.len() != length || source[at..].starts_with(['\\', '&']);
                at += if is_escape { length } else { cut };
            }
            end = at;
        }
        end
    }

    /// The next piece of the plain text, and its length as it is written; `None` at the end of the string.
    fn next(self, text: &str) -> Option<(Cow<'_, str>, usize)> {
        let marks: &[char] = match self {
            Self::Escaped => &['\\', '"'],
            Self::Doubled => &['"'],
            Self::Entities => &['&', '<'],
        };
        let end = text.find(marks).unwrap_or(text.len());
        if 0 < end {
            return Some((Cow::Borrowed(&text[..end]), end));
        }
        let second = text.chars().nth(1);
        match self {
            _ if text.is_empty() => None,
            Self::Escaped if text.starts_with('"') => None,
            Self::Escaped => {
                let second = second?;
                let plain = match second {
                    'n' => "\n",
                    'r' => "\r",
                    't' => "\t",
                    // Others are left for the reader of the string that they are in.
                    'u' | 'x' | 'b' | 'f' => return Some((Cow::Borrowed(&text[..2]), 2)),
                    _ => {
                        return Some((
                            Cow::Borrowed(&text[1..=second.len_utf8()]),
                            1 + second.len_utf8(),
                        ));
                    }
                };
                Some((Cow::Borrowed(plain), 2))
            }
            Self::Doubled => (second == Some('"')).then_some((Cow::Borrowed("\""), 2)),
            Self::Entities => {
                const NAMES: [(&str, &str); 9] = [
                    ("&quot;", "\""),
                    ("&#34;", "\""),
                    ("&#x22;", "\""),
                    ("&#39;", "'"),
                    ("&#x27;", "'"),
                    ("&apos;", "'"),
                    ("&amp;", "&"),
                    ("&lt;", "<"),
                    ("&gt;", ">"),
                ];
                if text.starts_with('<') {
                    return None;
                }
                let known = NAMES.iter().find(|(name, _)| text.starts_with(name));
                Some(known.map_or((Cow::Borrowed("&"), 1), |(name, plain)| {
                    (Cow::Borrowed(*plain), name.len())
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_before_a_character_of_several_bytes_is_taken_whole() {
        let text = "a\\\u{fffd}b\"";
        let levels = Dress::Escaped.remove(text);
        let plain = &levels[0];
        for end in (0..=plain.len()).filter(|end| plain.is_char_boundary(*end)) {
            let at = Dress::Escaped.position(text, &levels, end);
            assert!(text.is_char_boundary(at), "{end}: {at}");
        }
    }
}
