//! Makes untrusted text safe to show.

use std::borrow::Cow;

/// The longest server text that is shown, in characters. An Entra error with its ids has about 600.
const SHOWN_MAX: usize = 2_000;

/// `text` on one line without control characters, escape sequences or marks that reorder or hide text.
///
/// All white space, line breaks included, becomes single spaces, so that a server can neither move the cursor nor forge a
/// line of output. Text of more than `SHOWN_MAX` characters is cut with `…`.
///
/// ```
/// assert_eq!(entrada_core::clean("fine"), "fine");
/// assert!(!entrada_core::clean("\u{1b}[2Jforged\nline").contains(['\u{1b}', '\n']));
/// ```
pub fn clean(text: &str) -> Cow<'_, str> {
    if is_plain(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let harmless = |c: char| !is_hidden(c) && (c == ' ' || !c.is_whitespace());
    if text.len() <= SHOWN_MAX
        && text.chars().all(harmless)
        && !text.contains("  ")
        && !text.starts_with(' ')
        && !text.ends_with(' ')
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    let mut gap = false;
    let mut length = 0;
    while let Some(c) = characters.next() {
        if c == '\u{1b}' || c == '\u{9b}' {
            skip_escape_sequence(c, &mut characters);
        } else if c.is_whitespace() {
            gap = !out.is_empty();
        } else if !is_hidden(c) {
            if gap {
                out.push(' ');
                length += 1;
            }
            gap = false;
            if SHOWN_MAX <= length {
                out.push('…');
                break;
            }
            out.push(c);
            length += 1;
        }
    }
    Cow::Owned(out)
}

/// Whether `text` is printable ASCII with single spaces inside, so that nothing has to be removed.
fn is_plain(text: &[u8]) -> bool {
    let mut before = b' ';
    let plain = text.len() <= SHOWN_MAX
        && text.iter().all(|&byte| {
            let fine = (b' '..=b'~').contains(&byte) && (byte != b' ' || before != b' ');
            before = byte;
            fine
        });
    plain && (text.is_empty() || before != b' ')
}

/// `text` with its lines and spaces unchanged, and without the other characters that [`clean`] removes. For pages that
/// quote the user's input.
pub fn clean_layout(text: &str) -> String {
    text.chars().filter(|&c| c == '\n' || !is_hidden(c)).collect()
}

/// `value` as one word of a command that the user is told to run: for a POSIX shell, and on Windows for PowerShell and, as
/// far as one text can serve both, for `cmd`.
pub fn shell_quoted(value: &str) -> String {
    if cfg!(windows) { windows_quoted(value) } else { posix_quoted(value) }
}

/// `value` quoted for PowerShell and `cmd`: unchanged where that is safe, in double quotes where neither of them changes
/// what is between them, otherwise in the single quotes of PowerShell.
fn windows_quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/\\@".contains(c);
    // PowerShell reads `@name` as the elements of a variable, and `~` as the home directory.
    if !value.is_empty() && value.chars().all(plain) && !value.starts_with(['~', '@']) {
        return value.to_owned();
    }
    // Typographic quotes end a string in PowerShell too.
    let is_double = |c: char| matches!(c, '"' | '\u{201c}'..='\u{201e}');
    let is_single = |c: char| matches!(c, '\'' | '\u{2018}'..='\u{201b}');
    if !value.chars().any(|c| is_double(c) || matches!(c, '$' | '`' | '%')) {
        // The program that is started reads a backslash before the closing quote as part of an escape.
        let slashes = value.len() - value.trim_end_matches('\\').len();
        return format!("\"{value}{}\"", "\\".repeat(slashes));
    }
    let doubled = value.chars().flat_map(|c| std::iter::repeat_n(c, 1 + usize::from(is_single(c))));
    format!("'{}'", doubled.collect::<String>())
}

/// `value` quoted for a POSIX shell: unchanged where that is safe, otherwise in single quotes.
pub fn posix_quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/@".contains(c);
    // A shell expands `~` at the start of a word to a home directory.
    if !value.is_empty() && value.chars().all(plain) && !value.starts_with('~') {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', "'\\''"))
    }
}

/// The boolean that `text` spells, in the words that clap accepts; `None` for other text.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Some(true),
        "0" | "false" | "f" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

/// `text` escaped for HTML text and attributes. Every character is kept.
pub fn xml_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// ECMA-48: `ESC [ … final`, `ESC ] … BEL|ST` and similar sequences. The characters after `ESC` belong to the sequence, not
/// to the text.
fn skip_escape_sequence(
    first: char,
    characters: &mut std::iter::Peekable<impl Iterator<Item = char>>,
) {
    let kind = if first == '\u{9b}' { Some('[') } else { characters.next() };
    match kind {
        Some('[') => {
            for c in characters.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&c) {
                    break;
                }
            }
        }
        Some(']' | 'P' | '^' | '_' | 'X') => {
            while let Some(c) = characters.next() {
                if c == '\u{7}' || c == '\u{9c}' {
                    break;
                }
                if c == '\u{1b}' {
                    characters.next_if_eq(&'\\');
                    break;
                }
            }
        }
        _ => (),
    }
}

/// Whether a terminal cannot show `c` as a visible character: control, format and private characters, noncharacters and
/// line separators (Unicode's general categories Cc, Cf, Co, Zl, Zp and `Noncharacter_Code_Point`), characters without a
/// glyph (`Default_Ignorable_Code_Point`), and symbols that look blank.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Cf and Default_Ignorable_Code_Point of Unicode 17, Zl and Zp.
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            // Private use.
            | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}'
            // Noncharacters, except those at the end of each plane.
            | '\u{fdd0}'..='\u{fdef}')
        || matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff)
        || BLANK.contains(&c)
}

/// Symbols that look blank but are not white space in Unicode: the empty Braille pattern, the Khitan filler, the null
/// notehead.
const BLANK: [char; 3] = ['\u{2800}', '\u{16fe4}', '\u{1d159}'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_of_entra_become_spaces() {
        assert_eq!(clean("AADSTS1: no.\r\nTrace ID: 7\r\n"), "AADSTS1: no. Trace ID: 7");
    }

    #[test]
    fn escape_sequences_are_removed_with_their_contents() {
        assert_eq!(clean("a\u{1b}]0;title\u{7}b\u{1b}[2Jc\u{1b}]8;;http://x\u{1b}\\d"), "abcd");
        assert_eq!(clean("x\u{9b}31my"), "xy");
    }

    #[test]
    fn marks_that_hide_or_reorder_are_dropped() {
        assert_eq!(clean("abc\u{202e}def\u{200b}\u{feff}"), "abcdef");
    }

    #[test]
    fn only_characters_that_unicode_calls_hidden_are_removed() {
        let hidden = regex::Regex::new(
            r"^[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}]$",
        )
        .unwrap();
        for c in '\0'..=char::MAX {
            let expected = BLANK.contains(&c) || hidden.is_match(c.encode_utf8(&mut [0; 4]));
            assert_eq!(is_hidden(c), expected, "{c:?}");
            if expected && c != '\u{1b}' && c != '\u{9b}' && !c.is_whitespace() {
                assert_eq!(clean(&format!("a{c}b")), "ab", "{c:?}");
            }
        }
    }

    #[test]
    fn cleaning_twice_changes_nothing_and_leaves_no_control_character() {
        for text in ["", "plain", " a  b ", "\u{1b}", "\u{1b}[", "\u{1b}]x", "a\0b\tc", "\u{2028}x"]
        {
            let once = clean(text).into_owned();
            assert!(!once.chars().any(char::is_control), "{once:?}");
            assert_eq!(clean(&once), once);
        }
    }

    #[test]
    fn characters_with_a_meaning_in_shells_are_quoted() {
        let plain = "https://graph.microsoft.com/Mail.Read";
        assert_eq!(posix_quoted(plain), plain);
        assert_eq!(posix_quoted("x;touch /tmp/p"), "'x;touch /tmp/p'");
        assert_eq!(posix_quoted("it's"), "'it'\\''s'");
        assert_eq!((posix_quoted("~bob"), posix_quoted("a~b")), ("'~bob'".into(), "a~b".into()));
        assert_eq!(windows_quoted(plain), plain);
        for (value, quoted) in [
            (r"C:\Users\ada", r"C:\Users\ada"),
            (r"C:\Users\Ada Byron\", r#""C:\Users\Ada Byron\\""#),
            ("~bob", "\"~bob\""),
            ("@bob", "\"@bob\""),
            ("it's", "\"it's\""),
            ("a;b|c&d", "\"a;b|c&d\""),
            ("$(calc)", "'$(calc)'"),
            ("%PATH%", "'%PATH%'"),
            ("a`b'c", "'a`b''c'"),
            ("\u{201d}; calc \u{2019}", "'\u{201d}; calc \u{2019}\u{2019}'"),
            ("", "\"\""),
        ] {
            assert_eq!(windows_quoted(value), quoted);
        }
        let own = if cfg!(windows) { "\"a b\"" } else { "'a b'" };
        assert_eq!(shell_quoted("a b"), own);
    }

    #[test]
    fn long_text_is_cut() {
        let cut = clean(&"x".repeat(10_000)).into_owned();
        assert_eq!(cut.chars().count(), SHOWN_MAX + 1);
    }
}
