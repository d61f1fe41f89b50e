//! The sentence with which a service says that the caller lacks a right: "The principal X lacks the required data action Y".

use crate::excerpt::statement;

/// Nouns for a caller, in lower case.
const CALLERS: [&str; 11] = [
    "account",
    "application",
    "caller",
    "client",
    "identity",
    // "has permission to …; however, it does not have permission to …"
    "it",
    "principal",
    "service principal",
    "user",
    "workspace",
    "you",
];

/// Verbs for a right that is missing, in lower case.
const LACKS: [&str; 13] = [
    "can not perform",
    "cannot perform",
    "do not have",
    "does not have",
    "doesn't have",
    "don't have",
    "has no ",
    "is missing",
    "lacks",
    "not allowed to",
    "not authorized to",
    "not authorised to",
    "not permitted to",
];

/// What is missing, in lower case.
const RIGHTS: [&str; 11] = [
    "access",
    "action",
    "authorization",
    "entitlement",
    "operation",
    "perform",
    "permission",
    "privilege",
    "read",
    "role",
    "write",
];

/// Bytes before the verb in which the caller is named, and after it in which the right is named.
const BEFORE: usize = 200;
const AFTER: usize = 160;

/// Bytes after the verb in which an action of Azure is named.
const ACTION_WITHIN: usize = 500;

/// Maximum length of an action, in bytes.
const ACTION_MAX: usize = 200;

/// A right that a sentence names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MissingRight {
    /// The place of its verb in the text, in bytes.
    pub(crate) at: usize,
    /// The action of Azure that the caller may not do: `Microsoft.KeyVault/vaults/secrets/getSecret/action`.
    pub(crate) action: Option<String>,
}

impl MissingRight {
    /// The statement in `text`, which is the one that was searched.
    pub(crate) fn sentence(&self, text: &str) -> String {
        statement(text, self.at)
    }
}

/// The first sentence of `text` that says that the caller lacks a right.
pub(crate) fn missing_right(text: &str) -> Option<MissingRight> {
    let lower = text.to_ascii_lowercase();
    let mut places: Vec<(usize, &str)> =
        LACKS.iter().flat_map(|verb| lower.match_indices(verb)).collect();
    places.sort_unstable_by_key(|(at, _)| *at);
    let all = places.into_iter().filter_map(|(at, verb)| {
        let before = around(&lower, at.saturating_sub(BEFORE), at);
        // The sentence's own part before the verb.
        let before = before.rsplit([';', '\n']).next().unwrap_or_default();
        let before = before.rsplit(". ").next().unwrap_or_default();
        let after = around(&lower, at + verb.len(), at + verb.len() + AFTER);
        let after = after.split(". ").next().unwrap_or_default();
        // An action of Azure needs no caller: "does not have permission Microsoft.Authorization/roleAssignments/write".
        let is_right = has_word(before, &CALLERS) || action_in(text, at, AFTER).is_some();
        let is_said = is_right && has_word(after, &RIGHTS);
        is_said.then(|| MissingRight { at, action: action_in(text, at, ACTION_WITHIN) })
    });
    // A later sentence may name the action that the first one leaves out.
    all.reduce(
        |first, next| if first.action.is_none() && next.action.is_some() { next } else { first },
    )
}

/// The first action of Azure in so many bytes after `at`.
fn action_in(text: &str, at: usize, within: usize) -> Option<String> {
    let near = around(text, at, at + within);
    near.match_indices("Microsoft.").find_map(|(at, _)| {
        let rest = &near[at..];
        let is_part = |c: char| c.is_ascii_alphanumeric() || "./*".contains(c);
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let action = rest[..end].trim_end_matches('.');
        let is_action = 1 < action.matches('/').count() || action.ends_with("/action");
        (is_action && action.len() <= ACTION_MAX).then(|| action.to_owned())
    })
}

/// The bytes of `text` from `from` to `to`, moved inwards to whole characters.
pub(in crate::service) fn around(text: &str, mut from: usize, to: usize) -> &str {
    let mut to = to.min(text.len());
    from = from.min(to);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    text.get(from..to).unwrap_or_default()
}

/// Whether one of `words` stands in `text`, or its plural.
fn has_word(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        text.match_indices(word).any(|(at, _)| {
            let after = &text[at + word.len()..];
            let after = after.strip_prefix('s').unwrap_or(after);
            !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric())
                && !after.starts_with(|c: char| c.is_ascii_alphanumeric())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::option_option,
        reason = "a right without an action is not the lack of a right"
    )]
    fn action(text: &str) -> Option<Option<String>> {
        missing_right(text).map(|found| found.action)
    }

    #[test]
    fn the_action_is_named_in_many_sentences() {
        for text in [
            "The principal `a` lacks the required data action `Microsoft.A/b/c/action` to perform `POST /x`",
            "The client 'a' with object id 'b' does not have permission to perform action 'Microsoft.A/b/c/action' at scope '/subscriptions/1'",
            "Identity(object id: a) does not have Microsoft.A/b/c/action permissions for workspace b",
            "User is not authorized to perform the operation. The user does not have access: 'Microsoft.A/b/c/action'.",
        ] {
            assert_eq!(action(text), Some(Some("Microsoft.A/b/c/action".into())), "{text}");
        }
    }

    #[test]
    fn a_right_without_an_action_is_found_too() {
        for text in [
            "User is not authorized to perform current operation for workspace 'a' and artifact 'b'",
            "You do not have permissions to view this report",
            "The caller doesn't have the required privileges",
        ] {
            assert_eq!(action(text), Some(None), "{text}");
        }
    }

    #[test]
    fn other_sentences_are_none() {
        for text in [
            "The storage account does not exist",
            "the list does not have an end",
            "The user has no mailbox",
            "",
        ] {
            assert_eq!(action(text), None, "{text}");
        }
    }

    #[test]
    fn a_resource_type_is_no_action() {
        assert_eq!(
            action("The client does not have permission on Microsoft.Storage/accounts"),
            Some(None)
        );
    }
}
