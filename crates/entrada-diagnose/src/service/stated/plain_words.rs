//! A text as plain words: names in code are words too, so that `refresh_token`, `refreshToken` and "refresh token" are the same.

/// Names that are written as two words, or with capitals inside, and what stands for them.
const NAMES: [(&str, &str); 7] = [
    (" o auth ", " oauth "),
    (" o auth2 ", " oauth2 "),
    (" open id ", " openid "),
    (" one drive ", " onedrive "),
    (" share point ", " sharepoint "),
    (" power shell ", " powershell "),
    (" pn p ", " pnp "),
];

/// `text` as words in lower case, each with a blank before and after: marks are blanks, names in code are several words, and an
/// apostrophe is left out.
pub(super) fn plain_words(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 16);
    words.push(' ');
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' && before.is_alphanumeric() && chars.peek().is_some_and(|c| c.is_alphabetic())
        {
            continue;
        }
        if c.is_alphanumeric() {
            // `refreshToken`, `IDToken`.
            let starts_word = c.is_uppercase()
                && (before.is_lowercase()
                    || (before.is_uppercase() && chars.peek().is_some_and(|c| c.is_lowercase())));
            if starts_word && !words.ends_with(' ') {
                words.push(' ');
            }
            words.extend(c.to_lowercase());
        } else if !words.ends_with(' ') {
            words.push(' ');
        }
        before = c;
    }
    if !words.ends_with(' ') {
        words.push(' ');
    }
    for (written, name) in NAMES {
        if words.contains(written) {
            words = words.replace(written, name);
        }
    }
    words
}

/// Whether `words` have one of `wanted`: a `*` at its end stands for the rest of a word.
pub(super) fn has(words: &str, wanted: &[&str]) -> bool {
    wanted.iter().any(|wanted| {
        let (bare, is_start) = match wanted.strip_suffix('*') {
            Some(bare) => (bare, true),
            None => (*wanted, false),
        };
        words.match_indices(bare).any(|(at, _)| {
            let starts = words[..at].ends_with(' ');
            starts && (is_start || words[at + bare.len()..].starts_with(' '))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_code_are_words() {
        for (text, words) in [
            ("refresh_token", " refresh token "),
            ("refreshToken: null", " refresh token null "),
            ("OpenIdConnectException", " openid connect exception "),
            ("the server doesn't know", " the server doesnt know "),
            ("IDToken", " id token "),
            ("AADSTS50011", " aadsts50011 "),
            ("", " "),
        ] {
            assert_eq!(plain_words(text), words, "{text}");
        }
    }

    #[test]
    fn a_word_is_found_as_a_whole_or_by_its_start() {
        let words = plain_words("The states of mailboxes");
        assert!(has(&words, &["mailbox*"]) && has(&words, &["states"]));
        assert!(!has(&words, &["mailbox"]) && !has(&words, &["state"]));
    }
}
