use std::collections::BTreeSet;

use super::*;
use crate::service::has_code;
use crate::{Context, Severity, Verdict, diagnose};
use entrada_core::NumericDate;

const NOW: NumericDate = NumericDate(1_800_000_000);

/// Ordinary language, with words that errors have too.
const PROSE: &[&str] = &[
    "There were too many requests for pizza today",
    "Our company says access_denied to bad coffee",
    "We NO longer accept this.",
    "my jwt is expired and I do not know why",
    "The token audience is important to understand, see our guide to issuers.",
    "How do I make sure that the JWT audience is invalid in a test?",
    "please sign in, the user cancelled the meeting",
    "The network error was fixed yesterday; state mismatch is another topic.",
    "We discussed conditional access and certificates, then had lunch.",
    "interaction_in_progress is a variable of ours",
    "user_cancelled is an event that our statistics count",
    "The proxy resolved the host, and the connection was not refused.",
    "Read the chapter on impersonation headers before you continue.",
    "The firewall team is not authorized to order cake.",
    "no subscriptions found for this magazine",
    "my code_expired constant has no effect",
    "managed identities are a fine thing",
    "Session cookies expire; reconnect then.",
    "He doesn't have access to the resource room.",
    "the signature is invalid on this contract",
    "The audience is invalid only if nobody claps.",
    "errorcode is a column of the table",
    "nobody is assigned to any management position",
    "hello",
    "",
];

#[test]
fn every_record_is_read() {
    let lines: usize = DATA.iter().map(|data| data.matches("\"phrases\"").count()).sum();
    assert_eq!(all().errors.len(), lines);
    for data in DATA {
        serde_json::from_str::<Vec<KnownError>>(data).unwrap();
    }
    for error in &all().errors {
        for (cause, _) in &error.or {
            assert!(RuleId::parse(cause).is_some(), "{cause}");
        }
    }
}

#[test]
fn every_example_leads_to_its_own_record() {
    for error in &all().errors {
        let found = find(&error.example).unwrap_or_else(|| panic!("{}", error.example));
        assert_eq!(found.error.message, error.message, "{}", error.example);
        assert_eq!(found.error.phrases, error.phrases, "{}", error.example);
    }
}

#[test]
fn a_symptom_is_told_in_its_example_and_proves_nothing() {
    for data in SYMPTOMS {
        serde_json::from_str::<Vec<KnownError>>(data).unwrap();
    }
    for error in &symptoms().errors {
        assert_eq!(error.confidence, Confidence::Possible, "{}", error.message);
        let found = find_symptom(&error.example).unwrap_or_else(|| panic!("{}", error.example));
        assert_eq!(found.error.message, error.message, "{}", error.example);
        let diagnosis = diagnose(&error.example, &Context::default(), NOW).unwrap();
        // What a program states comes first.
        if diagnosis.verdict == Verdict::Undetermined {
            assert_eq!(diagnosis.findings[0].rule.id, error.cause, "{}", error.example);
        }
        assert!(!diagnosis.verdict.is_ok(), "{}", error.example);
    }
    for text in PROSE {
        assert!(find_symptom(text).is_none(), "{text}");
    }
}

/// `text`, folded at spaces to lines of at most 78 characters that begin with `margin`.
fn folded(text: &str, margin: &str) -> String {
    let mut lines = vec![margin.to_owned()];
    for word in text.split(' ') {
        let line = lines.last_mut().unwrap();
        if 78 < line.len() + word.len() {
            lines.push(format!("{margin}{word}"));
        } else {
            line.push_str(if *line == margin { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.join("\r\n")
}

#[test]
fn wrappers_change_nothing() {
    let json = |text: &str| serde_json::json!({"level": "error", "msg": text}).to_string();
    let mut wrong = String::new();
    for error in &all().errors {
        let text = &error.example;
        for wrapped in [
            folded(text, ""),
            folded(text, "> "),
            folded(text, "     | "),
            format!("2027-01-15 08:00:00,001 ERROR app.mail: {text}"),
            format!(
                "Traceback (most recent call last):\n  File \"/srv/app.py\", line 4, in run\nError: {text}\n"
            ),
            format!("\u{1b}[31m{text}\u{1b}[0m"),
            json(text),
            json(&json(text)),
            text.to_uppercase(),
        ] {
            let found = find(&wrapped).map(|found| &found.error.message);
            if found != Some(&error.message) {
                wrong = format!("{wrong}\n{found:?}: {wrapped}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn ordinary_language_is_no_error() {
    for text in PROSE {
        assert!(find(text).is_none(), "{text}: {:?}", find(text));
    }
}

#[test]
fn records_are_written_as_the_search_needs_them() {
    for error in all().errors.iter().chain(&symptoms().errors) {
        for phrase in error.phrases.iter().chain(&error.unless) {
            assert_eq!(*phrase, phrase.to_ascii_lowercase());
            assert_eq!(*phrase, phrase.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        assert!(!error.message.ends_with('.') && !error.origin.is_empty(), "{}", error.message);
        // What is alone is ordinary language, which proves nothing.
        assert!(!error.alone || error.confidence != Confidence::Certain, "{}", error.message);
        // The general help names the job's API, which these texts do not speak of.
        let needs_help = matches!(error.cause, RuleId::WrongAudience | RuleId::NotAboutTheToken);
        assert!(!needs_help || !error.help.is_empty(), "{}", error.message);
        for help in error.help.iter().chain([&error.message]) {
            assert!(!help.contains("api://<app-id>"), "{help}");
        }
    }
    let examples: BTreeSet<&str> =
        all().errors.iter().map(|error| error.example.as_str()).collect();
    assert_eq!(examples.len(), all().errors.len(), "two records have one example");
}

#[test]
fn every_example_is_diagnosed_as_its_record_says() {
    let mut wrong = String::new();
    for error in &all().errors {
        // An OAuth error code in a text is read as the authority's refusal.
        if error.origin == "rclone" {
            continue;
        }
        let diagnosis = diagnose(&error.example, &Context::default(), NOW);
        let cause = diagnosis.as_ref().ok().and_then(|diagnosis| diagnosis.cause());
        let told = cause.map(|cause| (cause.rule.id, cause.confidence, cause.severity));
        // A sentence without a code is no certain proof where it stands alone.
        // The class of an exception that any program throws is no code.
        let said = error.example.trim_start_matches("ValueError: ");
        let alone = error.confidence == Confidence::Certain && !has_code(said);
        let likely = Some((error.cause, Confidence::Likely, Severity::Error));
        if told != Some((error.cause, error.confidence, Severity::Error))
            && !(alone && told == likely)
        {
            wrong = format!("{wrong}\n{told:?} instead of {:?}: {}", error.cause, error.example);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_permissions_that_graph_names_are_repeated() {
    let text = "{\"error\":{\"code\":\"Forbidden\",\"message\":\"Missing scope permissions on the request. API requires one of 'Chat.ReadBasic, Chat.Read'. Scopes on the request 'User.Read, openid'\"}}";
    let diagnosis = diagnose(text, &Context::default(), NOW).unwrap();
    let cause = diagnosis.cause().unwrap();
    assert_eq!((cause.rule.id, cause.confidence), (RuleId::MissingScope, Confidence::Certain));
    assert!(cause.message.contains("`Chat.ReadBasic`, `Chat.Read`"), "{}", cause.message);
    let help = cause.help.join("\n");
    assert!(help.contains("--scope https://graph.microsoft.com/Chat.ReadBasic"), "{help}");
    assert!(!help.contains("Mail.Read"), "{help}");
}

#[test]
fn the_audience_that_a_service_accepts_is_named() {
    for (text, scope) in [
        (
            "{\"error\":{\"code\":\"Unauthorized\",\"message\":\"AKV10022: Invalid audience.\"}}",
            "https://vault.azure.net/.default",
        ),
        (
            "{\"error\":{\"code\":\"PowerBINotAuthorizedException\"}}",
            "https://analysis.windows.net/powerbi/api/.default",
        ),
    ] {
        let diagnosis = diagnose(text, &Context::default(), NOW).unwrap();
        let help = diagnosis.cause().unwrap().help.join("\n");
        assert!(help.contains(scope) && !help.contains("Mail.Read"), "{help}");
    }
}

#[test]
fn the_sentence_that_decided_is_shown() {
    let text = format!(
        "{}\nAKV10032: Invalid issuer. Expected one of x, found y.\n{}",
        "padding ".repeat(90),
        "more ".repeat(90)
    );
    let shown = find(&text).unwrap().sentence();
    assert!(shown.contains("AKV10032: Invalid issuer.") && shown.len() < 400, "{shown}");
}

/// The help of the cause of `text`.
fn help_of(text: &str) -> String {
    let diagnosis = diagnose(text, &Context::default(), NOW).unwrap();
    diagnosis.cause().unwrap().help.join("\n")
}

#[test]
fn impersonation_needs_its_own_right_and_not_full_access() {
    let help = help_of(
        "ErrorImpersonateUserDenied: The account does not have permission to impersonate x.",
    );
    assert!(help.contains("`Application EWS.AccessAsApp`"), "{help}");
    assert!(!help.contains("Add-MailboxPermission"), "{help}");
    let help = help_of("a1 OK AUTHENTICATE completed.\na2 NO [NOPERM] x");
    assert!(help.contains("Add-MailboxPermission"), "{help}");
}

#[test]
fn an_expired_refresh_token_is_not_an_expired_access_token() {
    for text in [
        "{\"status\":500,\"message\":\"the refresh token has expired\"}",
        "{\"status\":400,\"message\":\"refresh_token expired\"}",
    ] {
        let diagnosis = diagnose(text, &Context::default(), NOW).unwrap();
        let cause = diagnosis.cause().map(|cause| cause.rule.id);
        assert_ne!(cause, Some(RuleId::Expired), "{text}");
    }
    let diagnosis =
        diagnose("{\"status\":401,\"message\":\"token has expired\"}", &Context::default(), NOW);
    assert_eq!(diagnosis.unwrap().cause().unwrap().rule.id, RuleId::Expired);
}

#[test]
fn what_a_program_lacks_is_no_matter_of_the_administrator() {
    let who = |text: &str| diagnose(text, &Context::default(), NOW).unwrap().cause().unwrap().who;
    assert_eq!(who("ERROR: Please run 'az login' to setup account."), Who::User);
    assert_eq!(who("ValueError: state mismatch: a vs b"), Who::Developer);
    assert_eq!(
        who("TF400813: The user 'ada' is not authorized to access this resource."),
        Who::TenantAdmin
    );
}

#[test]
fn the_issuers_of_a_text_decide_between_tenant_and_version() {
    const V1: &str = "https://sts.windows.net/8eb213ed-9578-5194-a853-903769e45328/";
    const V2: &str = "https://login.microsoftonline.com/8eb213ed-9578-5194-a853-903769e45328/v2.0";
    const OTHER: &str =
        "https://login.microsoftonline.com/ec8f58d9-684c-5eca-a406-049b3fd4c793/v2.0";
    for (token, expected, cause) in
        [(V1, V2, RuleId::V1V2EndpointMismatch), (OTHER, V2, RuleId::WrongTenant)]
    {
        let text = format!(
            "IDX10205: Issuer validation failed. Issuer: '{token}'. Did not match: ValidIssuer: '{expected}'."
        );
        let diagnosis = diagnose(&text, &Context::default(), NOW).unwrap();
        let found = diagnosis.cause().unwrap();
        assert_eq!((found.rule.id, found.confidence), (cause, Confidence::Certain), "{text}");
    }
}
