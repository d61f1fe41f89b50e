use std::collections::BTreeSet;

use super::*;
use crate::{Confidence, Context, diagnose};
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
    "He doesn't have access to the resource room.",
    "The firewall team is not authorized to order cake.",
    "no subscriptions found for this magazine",
    "my jwt is expired and I do not know why",
    "We discussed policies that were blocked by the board policy, then had lunch.",
    "Session cookies expire; reconnect then.",
    "Why does the user not have permission to read this?",
    "The client secret of a good party is music.",
    "You should run az login before the demo, what do you think?",
    "Access is denied by the firewall unless the IP address is allowed. Public network access can be disabled in the portal.",
    "Fixed: an error when the managed identity was not assigned to the cluster.",
];

fn stated(text: &str) -> Option<Stated> {
    find(text, false, |_| true)
}

fn told(text: &str) -> Hypothesis {
    stated(text).unwrap_or_else(|| panic!("{text}")).causes(None).remove(0)
}

fn id(text: &str) -> Option<RuleId> {
    stated(text)?.causes(None).first().map(|told| told.id)
}

/// The number of the family that `text` states.
fn number(text: &str) -> Option<usize> {
    let stated = stated(text)?;
    family::all().iter().position(|family| std::ptr::eq(family, stated.family))
}

#[test]
fn every_family_is_read() {
    let mut written = 0;
    for data in family::DATA {
        written += serde_json::from_str::<Vec<Family>>(data).unwrap().len();
    }
    assert_eq!(family::all().len(), written);
}

#[test]
fn families_are_written_as_the_search_needs_them() {
    for family in family::all() {
        assert!(family.sentences.is_empty() != family.says.is_empty(), "{}", family.message);
        if !family.is_in_order() {
            let words = family.says.iter().flatten().chain(&family.unless).chain(&family.beside);
            for word in words {
                let plain = plain_words::plain_words(word.trim_end_matches('*'));
                assert_eq!(plain.trim(), word.trim_end_matches('*'), "`{word}`");
            }
        }
        assert!(family.is_of_right() || !family.help.is_empty(), "{}", family.message);
        assert!(!family.message.ends_with('.'), "{}", family.message);
        assert!(3 <= family.examples.len(), "{}", family.message);
        assert!(family.confidence != Confidence::Certain, "{}", family.message);
    }
}

#[test]
fn every_example_is_of_its_family() {
    let mut wrong = String::new();
    for (at, family) in family::all().iter().enumerate() {
        for example in &family.examples {
            let found = number(example);
            if found != Some(at) {
                let found = found.map(|found| &family::all()[found].message);
                wrong = format!("{wrong}\n{example}\n    {} -> {found:?}", family.message);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_same_statement_in_other_dress_has_the_same_cause() {
    let mut wrong = String::new();
    for family in family::all() {
        for example in &family.examples {
            let json = serde_json::json!({"level": "error", "msg": example}).to_string();
            let quoted = format!("> {example}\n>\n> any idea?");
            for text in [
                format!("2027-01-15 08:00:00,001 ERROR app.start: {example}"),
                format!(
                    "Traceback (most recent call last):\n  File \"a.py\", line 4\nError: {example}\n"
                ),
                json,
                // Normalisation removes the quoting before a sentence is looked for.
                if family.is_in_order() { example.clone() } else { quoted },
            ] {
                let found = stated(&text).map(|stated| stated.family);
                if found.map(|found| found.cause) != Some(family.cause) {
                    let found = found.map(|found| &found.message);
                    wrong = format!("{wrong}\n{text}\n    {} -> {found:?}", family.message);
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
        .filter_map(|text| Some(format!("{text}: {}", stated(text)?.family.message)))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_statement_is_no_proof_and_its_message_is_not_repeated() {
    let messages: BTreeSet<&str> =
        family::all().iter().map(|family| family.message.as_str()).collect();
    assert_eq!(messages.len(), family::all().len());
    for family in family::all() {
        for example in &family.examples {
            let diagnosis = diagnose(example, &Context::default(), NumericDate(1_800_000_000));
            let Ok(diagnosis) = diagnosis else { continue };
            assert!(!diagnosis.verdict.is_ok(), "{example}");
        }
    }
}

#[test]
fn a_named_permission_is_in_the_message() {
    let told = told("Minimum permission not granted for account: Calendars.Read (O365)");
    assert!(told.message.ends_with(": `Calendars.Read`"), "{}", told.message);
}

#[test]
fn sentences_of_one_meaning_have_one_cause() {
    let all: [(RuleId, &[&str]); 7] = [
        (
            RuleId::NotAboutTheToken,
            &[
                "Error: the service principal is not a member of the workspace",
                "error: Azure Developer CLI could not be found",
                "/bin/sh: 1: az: not found",
                "ERROR: Public network access is disabled on this registry",
                "Error: Client address '192.0.2.1' is not authorized",
                "ERROR: Admin user is disabled for the container registry",
                "Error: environment variable AZURE_CLIENT_SECRET is not set",
            ],
        ),
        (
            RuleId::AzureRoleMissing,
            &[
                "Error: The service principal requires role 'Contributor' on the resource group.",
                "Error: insufficient permissions on subscription 'Example'",
            ],
        ),
        (RuleId::AccountLockedOrDisabled, &["The user account is disabled."]),
        (RuleId::AppDisabledInTenant, &["Error: Application 'orders' is disabled"]),
        (RuleId::ClientSecretExpired, &["The client secret has expired"]),
        (
            RuleId::AppOnlyTokenForDelegatedJob,
            &["Service principals are not allowed to call this API."],
        ),
        (RuleId::RefreshTokenExpired, &["[ERROR] Reauthentication is required for this account"]),
    ];
    for (cause, texts) in all {
        for text in texts {
            assert_eq!(id(text), Some(cause), "{text}");
        }
    }
}

#[test]
fn the_command_that_signs_in_is_the_one_of_the_text() {
    let help = |text: &str| told(text).help.join("\n");
    assert!(
        help("ERROR: not logged in, run `azd auth login` to login")
            .contains("run `azd auth login`")
    );
    let scoped = "fetching token: reauthentication required, run `azd auth login --scope https://graph.microsoft.com/.default` to log in";
    assert!(help(scoped).contains("`azd auth login --scope https://graph.microsoft.com/.default`"));
    assert!(help("Error: You must be signed in").contains("sign in with the tool"));
}

#[test]
fn a_step_that_a_person_describes_is_no_advice_of_a_program() {
    for text in [
        "1. Open the terminal. 2. Run `azd auth login` in it. 3. See the error",
        "To reproduce: 1. Run `az login` first. 2. Run `terraform plan`",
    ] {
        assert_eq!(id(text), None, "{text}");
    }
    let text = "Error: the command exited with code 1. Run `az login` to sign in.";
    assert_eq!(id(text), Some(RuleId::NotAboutTheToken));
}

#[test]
fn what_a_person_tells_is_a_guess_at_the_most() {
    for family in family::all().iter().filter(|family| family.is_report) {
        assert!(!family.is_in_order(), "{}", family.message);
        assert_eq!(family.confidence, Confidence::Possible, "{}", family.message);
    }
    let text = "Since upgrading our wiki the Azure AD login fails for me.";
    assert_eq!(id(text), Some(RuleId::NotAboutTheToken));
    for text in [
        "How do I upgrade the Azure AD login without errors?",
        "Would the Azure AD login fail after the upgrade?",
        "We upgraded the login page of Azure AD, and all is well.",
    ] {
        assert_eq!(id(text), None, "{text}");
    }
}

#[test]
fn the_missing_right_is_named() {
    for (text, right) in [
        ("Identity 'a' is missing permission 'Environments.Read'", "Environments.Read"),
        (
            "TF401027: You need the Git 'GenericContribute' permission to perform this action",
            "GenericContribute",
        ),
        ("Error: the user is missing prvReadUserQuery privilege", "prvReadUserQuery"),
    ] {
        assert!(told(text).message.contains(right), "{text}: {}", told(text).message);
    }
}
