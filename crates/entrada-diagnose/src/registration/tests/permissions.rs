//! Permissions, consent and credentials.

use super::*;

#[test]
fn a_permission_that_the_job_needs_has_to_be_listed_as_its_kind() {
    let case = |listed: Value, job: Job, scopes: &'static str| {
        found(move |files| {
            files.application["requiredResourceAccess"] = listed;
            files.context.job = Some(job);
            files.context.requested = Some(ScopeSet::parse(scopes)).filter(|all| !all.is_empty());
            files.grants = Some(grant("openid", None));
        })
    };
    let default = "https://outlook.office.com/.default";
    let consent = "error likely admin-consent-required".to_owned();
    let user = permissions(GRAPH_API, "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "Scope");
    for (listed, scopes, expected) in [
        (user.clone(), "", "warning certain api-permission-not-configured"),
        (user, default, "error certain api-permission-not-configured"),
        (
            permissions(EXCHANGE_API, "5e5addcd-3e8d-4e90-baf5-964efab2b20a", "Role"),
            "",
            "error likely api-permission-not-configured",
        ),
        (
            permissions(GRAPH_API, MAIL_READ, "Scope"),
            default,
            "error certain api-permission-not-configured",
        ),
    ] {
        let found = case(listed.clone(), Job::Imap, scopes);
        assert!(
            found.contains(&expected.to_owned()) && found.contains(&consent),
            "{listed} {found:?}"
        );
    }
    // Under Graph, as the portal lists it, or under Exchange.
    for listed in [
        permissions(GRAPH_API, IMAP, "Scope"),
        permissions(EXCHANGE_API, "195adc35-e27b-454b-a7ed-1ecdffa1c09f", "Scope"),
    ] {
        assert_eq!(case(listed, Job::Imap, ""), std::slice::from_ref(&consent));
    }
    let of_exchange = permissions(EXCHANGE_API, "185758ba-798d-4b72-9e54-429a413a2510", "Scope");
    let found = case(of_exchange, Job::GraphMailRead, "https://graph.microsoft.com/.default");
    assert!(found.contains(&"error certain wrong-audience".to_owned()), "{found:?}");
    // A broader permission is enough, and sending needs no administrator.
    let writes = permissions(GRAPH_API, "024d486e-b451-40bb-833d-3e66d98c5c73", "Scope");
    assert_eq!(case(writes, Job::GraphMailRead, ""), [consent]);
    let sends = permissions(GRAPH_API, MAIL_SEND, "Scope");
    assert_eq!(case(sends, Job::GraphMailSend, ""), ["note certain user-consent-required"]);
}

#[test]
fn ids_of_permissions_are_looked_up() {
    let listed = |id: &'static str, kind: &'static str| {
        found(move |files| {
            files.application["requiredResourceAccess"] = permissions(GRAPH_API, id, kind);
            files.context.job = None;
        })
    };
    assert_eq!(listed(MAIL_READ, "Scope"), [""; 0]);
    assert_eq!(listed(MAIL_READ, "Role"), ["warning certain registration-entry-invalid"]);
    assert_eq!(listed(MAIL_READ_ROLE, "Role"), [""; 0]);
    assert_eq!(listed(USER, "Scope"), ["warning likely registration-entry-invalid"]);
}

#[test]
fn an_application_without_a_user_needs_the_role_its_assignment_and_a_credential() {
    let day = |days: i64| NumericDate(NOW.0 + days * 86_400).to_string().replace(' ', "T");
    let case = |role: bool, grants: Value, ends: Vec<i64>| {
        let ends: Vec<Value> =
            ends.iter().map(|days| json!({ "endDateTime": day(*days), "keyId": USER })).collect();
        found(move |files| {
            files.context.subject = Some(TokenSubject::App);
            files.context.job = Some(Job::GraphMailRead);
            let (id, kind) = if role { (MAIL_READ_ROLE, "Role") } else { (MAIL_READ, "Scope") };
            files.application["requiredResourceAccess"] = permissions(GRAPH_API, id, kind);
            files.application["passwordCredentials"] = json!(ends);
            files.grants = Some(grants);
        })
    };
    let given = || json!([{ "principalId": PRINCIPAL, "appRoleId": MAIL_READ_ROLE, "resourceDisplayName": "Microsoft Graph" }]);
    assert_eq!(case(true, given(), vec![100]), [""; 0]);
    assert_eq!(case(true, given(), vec![-1]), ["error likely client-secret-expired"]);
    assert_eq!(case(true, given(), vec![-1, 100]), ["warning certain client-secret-expired"]);
    assert_eq!(case(true, given(), vec![20]), ["warning certain client-secret-expired"]);
    assert_eq!(case(true, json!([]), vec![100]), ["error likely admin-consent-required"]);
    assert_eq!(
        case(false, json!([]), vec![100]),
        ["error likely admin-consent-required", "error certain api-permission-not-configured"]
            .map(str::to_owned)
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
    );
}

#[test]
fn consent_is_looked_up_for_the_user_who_signs_in() {
    let case = |scope: &'static str, user: Option<&'static str>, account: Option<&'static str>| {
        found(move |files| {
            files.grants = Some(grant(scope, user));
            files.context.account = account.map(str::to_owned);
        })
    };
    let imap = "IMAP.AccessAsUser.All";
    assert_eq!(case(imap, None, None), [""; 0]);
    assert_eq!(case(imap, Some(USER), Some(USER)), [""; 0]);
    assert_eq!(case(imap, Some(USER), None), [""; 0], "it may be this user");
    let missing = ["error likely admin-consent-required"];
    assert_eq!(case(imap, Some(USER), Some(TENANT)), missing);
    assert_eq!(case("User.Read", None, None), missing);
    // Certain where the application requires an assignment, or the permission always needs an administrator.
    let assigned = found(|files| {
        files.principal.as_mut().unwrap()["appRoleAssignmentRequired"] = json!(true);
        files.grants = Some(json!([]));
    });
    assert!(assigned.contains(&"error certain admin-consent-required".to_owned()), "{assigned:?}");
    // Without a list of grants it is unknown.
    assert_eq!(found(|files| files.grants = None), ["warning likely admin-consent-required"]);
    // Not for personal accounts, and not for a mail program that users may consent to.
    let personal = found(|files| {
        files.grants = None;
        files.application["signInAudience"] = json!("PersonalMicrosoftAccount");
        files.context.tenant = Some("consumers".to_owned());
    });
    assert_eq!(personal, [""; 0]);
    let thunderbird = "9e5f94bc-e8a4-4e73-b8be-63364c29d753";
    let popular = found(|files| {
        files.grants = None;
        files.application["appId"] = json!(thunderbird);
        files.principal.as_mut().unwrap()["appId"] = json!(thunderbird);
        files.context.client_id = Some(thunderbird.to_owned());
    });
    assert_eq!(popular, [""; 0]);
}
