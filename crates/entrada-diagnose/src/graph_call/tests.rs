use super::*;
use crate::rules::testing::{response, token};
use crate::{Diagnosis, RuleId, Severity};
use entrada_core::entra::graph;

/// A token of a user with these permissions.
fn user(scp: &str) -> Evidence {
    token(&format!(
        r#"{{"aud":"https://graph.microsoft.com","scp":"{scp}","exp":1700004000,"upn":"ada@contoso.com","oid":"2d7f4f6b-0f0e-4f0f-9d55-6a1a3c1a1a1a"}}"#
    ))
}

/// A token of an application with these permissions.
fn app(roles: &str) -> Evidence {
    let roles: Vec<String> = roles.split_whitespace().map(|role| format!("\"{role}\"")).collect();
    token(&format!(
        r#"{{"aud":"https://graph.microsoft.com","idtyp":"app","exp":1700004000,"roles":[{}]}}"#,
        roles.join(",")
    ))
}

fn judged(call: &str, mut evidence: Evidence) -> Diagnosis {
    evidence.context.call = Some(call.parse().unwrap());
    crate::run(&evidence)
}

/// The verdict, and the id and message of the first finding that is no note.
fn outcome(call: &str, evidence: Evidence) -> (&'static str, String) {
    let mut evidence = evidence;
    evidence.context.call = Some(call.parse().unwrap());
    let diagnosis = crate::judge(&evidence);
    let cause = diagnosis.findings.iter().find(|finding| finding.severity != Severity::Note);
    let text = cause.map(|cause| format!("{}: {}", cause.rule.id, cause.message));
    (diagnosis.verdict.id(), text.unwrap_or_default())
}

#[test]
fn each_call_below_me_and_users_is_served_by_each_permission_of_its_list_and_by_no_other() {
    let mut checked = 0;
    for access in graph::all() {
        let path = access.call.split(' ').nth(1).unwrap();
        if !path.starts_with("/me") && !path.starts_with("/users") {
            continue;
        }
        for list in [&access.work, &access.personal, &access.application] {
            for permission in list {
                let expected = Sufficiency::Suffices(permission.name.to_owned());
                assert_eq!(compare(&[permission.name], list), expected, "{}", access.call);
            }
            let other = if list.is_empty() { "Mail.Read" } else { "Teapot.Read" };
            assert_eq!(compare(&[other], list), Sufficiency::Insufficient, "{}", access.call);
        }
        let last = |list: &PermissionList| list.in_tokens().last().map(|last| last.name);
        if let Some(name) = last(&access.work) {
            let good = ("ok", String::new());
            assert_eq!(outcome(&access.call, user(name)), good, "{} {name}", access.call);
        }
        if let Some(name) = last(&access.application) {
            let good = ("ok", String::new());
            assert_eq!(outcome(&access.call, app(name)), good, "{} {name}", access.call);
        }
        if let Some(least) = access.work.least() {
            assert_eq!(
                outcome(&access.call, user("Teapot.Read")),
                (
                    "problem",
                    format!("missing-scope: `{}` is missing for `{}`", least.name, access.call)
                )
            );
        }
        if let Some(least) = access.application.least() {
            let (verdict, text) = outcome(&access.call, app("Teapot.Read.All"));
            let message = format!(
                "missing-app-role: the application permission `{}` is missing for `{}`",
                least.name, access.call
            );
            assert_eq!(text, message);
            let uncertain = access.is_of_mailbox() || access.application.has_resource_specific();
            let expected = if uncertain { "undetermined" } else { "problem" };
            assert_eq!(verdict, expected, "{}", access.call);
        }
        if access.application.is_empty() {
            let (verdict, text) = outcome(&access.call, app("Mail.ReadWrite"));
            assert_eq!(verdict, "problem", "{}", access.call);
            assert!(
                text.starts_with("app-only-token-for-delegated-job"),
                "{}: {text}",
                access.call
            );
        }
        checked += 1;
    }
    assert_eq!(checked, 2167);
}

#[test]
fn a_wider_permission_suffices_and_a_narrower_or_other_one_does_not() {
    for (call, scp, cause) in [
        ("GET /me/messages/{id}", "Mail.ReadWrite", ""),
        ("GET /me/messages/{id}", "Mail.Read.Shared", ""),
        ("GET /me/messages/{id}", "Mail.ReadWrite.Shared", ""),
        ("GET /me/messages/{id}", "https://graph.microsoft.com/mail.read", ""),
        ("GET /me/messages", "Mail.ReadBasic", ""),
        (
            "GET /me/messages/{id}/attachments",
            "Mail.ReadBasic",
            "missing-scope: `Mail.Read` is missing for `GET /me/messages/{id}/attachments`; `Mail.ReadBasic` does not suffice",
        ),
        (
            "POST /me/sendMail",
            "Mail.ReadWrite",
            "missing-scope: `Mail.Send` is missing for `POST /me/sendMail`; `Mail.ReadWrite` does not suffice",
        ),
        (
            "PATCH /me/events/x",
            "Calendars.Read User.Read",
            "missing-scope: `Calendars.ReadWrite` is missing for `PATCH /me/events/{id}`; `Calendars.Read` does not suffice",
        ),
        (
            "GET /me/mailboxSettings",
            "Mail.ReadWrite",
            "missing-scope: `MailboxSettings.Read` is missing for `GET /me/mailboxSettings`",
        ),
        (
            "GET /me/contacts",
            "User.Read",
            "missing-scope: `Contacts.Read` is missing for `GET /me/contacts`",
        ),
        (
            "PUT /me/drive/root:/a.txt:/content",
            "Files.Read",
            "missing-scope: `Files.ReadWrite` is missing for `PUT /me/drive/items/{id}/content`; `Files.Read` does not suffice",
        ),
        (
            "GET /me/contacts",
            "openid profile",
            "missing-scope: the token carries no permission for an API, only sign-in scopes",
        ),
    ] {
        let expected = if cause.is_empty() { "ok" } else { "problem" };
        assert_eq!(outcome(call, user(scp)), (expected, cause.to_owned()), "{call} {scp}");
    }
}

#[test]
fn a_missing_permission_is_certain_and_its_help_requests_it() {
    let diagnosis = judged("GET /me/contacts", user("User.Read"));
    let cause = diagnosis.cause().unwrap();
    assert_eq!((cause.rule.id, cause.confidence), (RuleId::MissingScope, Confidence::Certain));
    assert_eq!(
        cause.help,
        [
            "sign in with `https://graph.microsoft.com/Contacts.Read`: `entrada login --scope https://graph.microsoft.com/Contacts.Read`"
        ]
    );
    assert_eq!(diagnosis.call.as_deref(), Some("GET /me/contacts"));
    let beta = judged("GET https://graph.microsoft.com/beta/me/contacts", user("User.Read"));
    assert_eq!(beta.cause().unwrap().confidence, Confidence::Likely, "the record is about v1.0");
    let admin = judged("GET /me/manager", user("User.Read"));
    assert!(admin.cause().unwrap().help.iter().any(|help| help.contains("administrator")));
}

#[test]
fn a_permission_that_is_wider_by_its_name_alone_decides_nothing() {
    // The list has `Files.ReadWrite` alone.
    let call = "GET /me/drive/items/{id}/workbook/tables";
    let (verdict, cause) = outcome(call, user("Files.ReadWrite.All"));
    assert_eq!((verdict, cause.as_str()), ("undetermined", ""));
    for name in ["Sites.Selected", "Files.SelectedOperations.Selected"] {
        let (verdict, cause) = outcome("GET /sites/contoso.sharepoint.com", user(name));
        assert_eq!((verdict, cause.as_str()), ("undetermined", ""), "{name}");
        let (verdict, cause) = outcome("GET /sites/contoso.sharepoint.com", app(name));
        assert_eq!((verdict, cause.as_str()), ("undetermined", ""), "{name}");
        assert_eq!(outcome("GET /me/messages", user(name)).0, "problem", "{name}");
    }
    let (verdict, _) = outcome("GET /users", user("Directory.AccessAsUser.All"));
    assert_eq!(verdict, "undetermined");
    assert_eq!(outcome("GET /me/messages", user("Directory.AccessAsUser.All")).0, "problem");
}

#[test]
fn another_users_mailbox_needs_a_shared_permission() {
    let call = |user: &str| format!("GET /users/{user}/messages");
    for own in ["ADA@contoso.com", "2D7F4F6B-0F0E-4F0F-9D55-6A1A3C1A1A1A", "{id}", "unknown"] {
        assert_eq!(outcome(&call(own), user("Mail.Read")), ("ok", String::new()), "{own}");
    }
    for other in ["bob@contoso.com", "11111111-2222-3333-4444-555555555555"] {
        let diagnosis = judged(&call(other), user("Mail.Read"));
        let cause = diagnosis.cause().unwrap();
        assert_eq!((cause.rule.id, cause.confidence), (RuleId::MissingScope, Confidence::Likely));
        assert!(
            cause.message.starts_with("`Mail.ReadBasic.Shared` is missing"),
            "{}",
            cause.message
        );
        for scp in ["Mail.Read.Shared", "Mail.ReadWrite.Shared"] {
            assert_eq!(outcome(&call(other), user(scp)).0, "ok", "{scp}");
        }
    }
    let (verdict, cause) = outcome("POST /users/bob@contoso.com/sendMail", user("Mail.Send"));
    assert_eq!(verdict, "problem");
    assert!(cause.contains("`Mail.Send.Shared` is missing"), "{cause}");
    // A directory object: `User.Read` is for the user's own.
    assert_eq!(outcome("GET /users/bob@contoso.com", user("User.Read")).0, "undetermined");
    assert_eq!(outcome("GET /users/bob@contoso.com", user("User.ReadBasic.All")).0, "ok");
    assert_eq!(outcome("GET /users/ada@contoso.com", user("User.Read")).0, "ok");
    // Nothing in the token says whose it is.
    let nobody =
        token(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1700004000}"#);
    assert_eq!(outcome(&call("bob@contoso.com"), nobody).0, "ok");
}

#[test]
fn a_token_for_another_service_stays_that() {
    let evidence =
        token(r#"{"aud":"https://outlook.office.com","scp":"Mail.Read","exp":1700004000}"#);
    let diagnosis = judged("GET /me/messages", evidence);
    assert_eq!(diagnosis.cause().unwrap().rule.id, RuleId::WrongAudience);
    assert!(diagnosis.findings.iter().all(|finding| finding.rule.id != RuleId::MissingScope));
}

#[test]
fn a_users_token_does_not_serve_a_call_of_applications_alone() {
    let (verdict, cause) = outcome("GET /users/{id}/chats/getAllMessages", user("Chat.Read"));
    assert_eq!(verdict, "problem");
    assert!(cause.starts_with("delegated-token-for-app-only-job"), "{cause}");
}

#[test]
fn a_token_whose_permissions_are_unknown_is_undetermined() {
    let mut opaque = response(r#"{"access_token":"opaque","refresh_token":"r"}"#, "");
    opaque.context.tenant = Some("consumers".to_owned());
    assert_eq!(judged("GET /me/messages", opaque).verdict.id(), "undetermined");
    let named = r#"{"access_token":"opaque","token_type":"Bearer","refresh_token":"r","scope":"Mail.Read"}"#;
    assert_eq!(judged("GET /me/messages", response(named, "")).verdict.id(), "ok");
    assert_eq!(judged("POST /me/messages", response(named, "")).verdict.id(), "problem");
}

#[test]
fn the_call_of_a_refused_request_is_judged_by_itself() {
    let claims = r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read Files.Read"}"#;
    let answered = |status: u16, method: &str, url: &str| {
        let mut evidence = token(claims);
        evidence.answer = Some(crate::HttpAnswer {
            status: Some(status),
            body: r#"{"error":{"code":"ErrorAccessDenied","message":"Access is denied."}}"#
                .to_owned(),
            method: Some(method.to_owned()),
            url: Some(url.to_owned()),
            ..crate::HttpAnswer::default()
        });
        let diagnosis = crate::run(&evidence);
        diagnosis.cause().map(|cause| format!("{}: {}", cause.rule.id, cause.message))
    };
    let with = |method: &str, url: &str| answered(403, method, url);
    let other = answered(401, "GET", "https://graph.microsoft.com/v1.0/me/todo/lists");
    assert!(!other.unwrap_or_default().contains("Tasks.Read"), "a 401 is not about permissions");
    assert_eq!(
        with("GET", "https://graph.microsoft.com/v1.0/me/todo/lists").unwrap(),
        "missing-scope: `Tasks.Read` is missing for `GET /me/todo/lists`"
    );
    assert_eq!(
        with("PUT", "https://graph.microsoft.com/v1.0/me/drive/items/01A/content").unwrap(),
        "missing-scope: `Files.ReadWrite` is missing for `PUT /me/drive/items/{id}/content`; `Files.Read` does not suffice"
    );
    let served = with("GET", "https://graph.microsoft.com/v1.0/me/messages").unwrap_or_default();
    assert!(!served.contains("is missing"), "{served}");
}

#[test]
fn a_command_beside_a_token_names_the_call() {
    use base64::Engine as _;
    let part = |json: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json);
    let claims = r#"{"aud":"https://graph.microsoft.com","scp":"User.Read","exp":1700004000}"#;
    let jwt = format!("{}.{}.c2lnbmF0dXJl", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(claims));
    let text = format!(
        "curl -H \"Authorization: Bearer {jwt}\" 'https://graph.microsoft.com/v1.0/me/contacts?$top=5'"
    );
    let evidence = crate::recognise(&text, entrada_core::NumericDate(1_700_000_000)).unwrap();
    let diagnosis = crate::run(&evidence);
    assert_eq!(
        diagnosis.cause().unwrap().message,
        "`Contacts.Read` is missing for `GET /me/contacts`"
    );
}

#[test]
fn a_refusal_without_a_token_takes_the_call_from_the_text_beside_it_or_asks_for_it() {
    let refusal = r#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}"#;
    let helps = |text: &str| {
        let diagnosis = crate::diagnose(
            text,
            &crate::Context::default(),
            entrada_core::NumericDate(1_800_000_000),
        )
        .unwrap();
        let helps = diagnosis.findings.iter().flat_map(|finding| &finding.help);
        helps.map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let bare = helps(refusal);
    assert!(bare.contains("`entrada diagnose --call "), "{bare}");
    for call in [
        "GET https://graph.microsoft.com/v1.0/users 403",
        "curl -s 'https://graph.microsoft.com/v1.0/users'",
        "requests.get(\"https://graph.microsoft.com/v1.0/users\")",
    ] {
        let known = helps(&format!("{call}\n{refusal}"));
        assert!(
            known.contains("User.ReadBasic.All") && !known.contains("--call"),
            "{call}: {known}"
        );
    }
}
