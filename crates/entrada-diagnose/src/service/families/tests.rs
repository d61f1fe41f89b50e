use std::collections::BTreeSet;

use super::*;
use crate::{Context, diagnose};
use entrada_core::NumericDate;

/// Ordinary language, documentation and questions, with the words of errors.
const PROSE: &[&str] = &[
    "How do I make sure that the OAuth state does not match in a test?",
    "Microsoft Graph requires admin consent for application permissions.",
    "If the access token has expired, the client gets a new one.",
    "We discussed the nonce, and nobody knew whether it was missing.",
    "The state of our Exchange project is good.",
    "Use a work or school account to sign in.",
    "Conditional Access requires a compliant device for these applications.",
    "Each user needs a license for Exchange Online.",
    "SMTP and IMAP are mail protocols.",
    "I think that the redirect URI could be wrong.",
    "What does it mean that a client secret expired?",
    "The login page is blue, the mailbox is full of letters.",
    "Multi-factor authentication is required for administrators in Azure.",
    "The registration has a certificate and a client id.",
    "Sign in with Microsoft. Then open the mailbox and read the mail.",
    "An application permission needs the consent of an administrator.",
    "Refresh tokens replace themselves with a fresh token upon every use.",
    "The authorization code is valid for ten minutes.",
    "If the access token is missing a scope, the API returns 403. Make sure that the client secret is not expired.",
    "OAuth2 in Exchange Online: admin consent is required for application permissions, and each mailbox needs a license. Basic authentication is disabled in all tenants.",
    "hello",
    "",
];

#[test]
fn every_family_is_read() {
    let written: usize = DATA.iter().map(|data| data.matches("\"says\"").count()).sum();
    assert_eq!(all().len(), written);
    for data in DATA {
        serde_json::from_str::<Vec<Family>>(data).unwrap();
    }
}

#[test]
fn families_are_written_as_the_search_needs_them() {
    for family in all() {
        let words = family.says.iter().flatten().chain(&family.unless).chain(&family.beside);
        for word in words {
            let plain = words::plain_words(word.trim_end_matches('*'));
            assert_eq!(plain.trim(), word.trim_end_matches('*'), "`{word}`");
        }
        assert!(!family.family.help.is_empty(), "{}", family.family.message);
        assert!(!family.family.message.ends_with('.'), "{}", family.family.message);
        assert!(3 <= family.family.examples.len(), "{}", family.family.message);
    }
}

#[test]
fn every_example_is_of_its_family() {
    let mut wrong = String::new();
    for family in all() {
        for example in &family.family.examples {
            let found = find(example).map(|stated| stated.family.family.message.as_str());
            if found != Some(family.family.message.as_str()) {
                wrong = format!("{wrong}\n{example}\n    -> {found:?}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_same_statement_in_other_dress_is_of_the_same_family() {
    let mut wrong = String::new();
    for family in all() {
        for example in &family.family.examples {
            let json = serde_json::json!({"level": "error", "msg": example}).to_string();
            for text in [
                format!("2027-01-15 08:00:00,001 ERROR app.login: {example}"),
                format!(
                    "Traceback (most recent call last):\n  File \"a.py\", line 4\nError: {example}\n"
                ),
                format!("> {example}\n>\n> any idea?"),
                json,
            ] {
                let found = find(&text).map(|stated| stated.id());
                if found != Some(family.cause) {
                    wrong = format!("{wrong}\n{text}\n    -> {found:?}");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn ordinary_language_states_no_failure() {
    let found: Vec<String> = PROSE
        .iter()
        .filter_map(|text| Some(format!("{text}: {}", find(text)?.family.family.message)))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_statement_is_likely_at_the_most_and_its_message_is_not_repeated() {
    let messages: BTreeSet<&str> =
        all().iter().map(|family| family.family.message.as_str()).collect();
    assert_eq!(messages.len(), all().len());
    for family in all() {
        for example in &family.family.examples {
            let diagnosis = diagnose(example, &Context::default(), NumericDate(1_800_000_000));
            let Ok(diagnosis) = diagnosis else { continue };
            assert!(!diagnosis.verdict.is_ok(), "{example}");
        }
    }
}

#[test]
fn a_named_permission_is_in_the_message() {
    let told = find("Minimum permission not granted for account: Calendars.Read (O365)").unwrap();
    assert!(told.cause().message.ends_with(": `Calendars.Read`"), "{}", told.cause().message);
}
