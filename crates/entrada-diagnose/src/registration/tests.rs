//! One fault at a time in a registration that is otherwise right.

use entrada_core::{Job, NumericDate, ScopeSet, TokenSubject};
use serde_json::{Value, json};

use super::*;
use crate::{Context, Diagnosis, Evidence, Verdict, recognise, run};

const NOW: NumericDate = NumericDate(1_800_000_000);
const CLIENT: &str = "11111111-2222-4333-8444-555555555555";
const OBJECT: &str = "22222222-2222-4333-8444-555555555555";
const PRINCIPAL: &str = "33333333-2222-4333-8444-555555555555";
const TENANT: &str = "44444444-2222-4333-8444-555555555555";
const USER: &str = "55555555-2222-4333-8444-555555555555";
const GRAPH_API: &str = "00000003-0000-0000-c000-000000000000";
const EXCHANGE_API: &str = "00000002-0000-0ff1-ce00-000000000000";
const IMAP: &str = "652390e4-393a-48de-9484-05f9b1212954";
const MAIL_READ: &str = "570282fd-fa5c-430d-a7fd-fc8dc98a9dca";
const MAIL_READ_ROLE: &str = "810c84a8-4a9e-49e6-bf7d-12d183f40d01";
const MAIL_SEND: &str = "e383f46e-2787-4529-855e-0e479a3ffac0";

fn permissions(api: &str, id: &str, kind: &str) -> Value {
    json!([{ "resourceAppId": api, "resourceAccess": [{ "id": id, "type": kind }] }])
}

fn application() -> Value {
    json!({
        "appId": CLIENT, "id": OBJECT, "displayName": "Mail reader", "signInAudience": "AzureADMyOrg",
        "publisherDomain": "contoso.example", "isFallbackPublicClient": true,
        "publicClient": { "redirectUris": ["http://localhost"] }, "web": { "redirectUris": [] },
        "spa": { "redirectUris": [] }, "requiredResourceAccess": permissions(GRAPH_API, IMAP, "Scope"),
        "api": { "requestedAccessTokenVersion": 2, "oauth2PermissionScopes": [] }, "appRoles": [],
        "identifierUris": [], "passwordCredentials": [], "keyCredentials": [], "isDisabled": null,
    })
}

fn principal() -> Value {
    json!({
        "id": PRINCIPAL, "appId": CLIENT, "accountEnabled": true, "appRoleAssignmentRequired": false,
        "appOwnerOrganizationId": TENANT, "servicePrincipalType": "Application",
    })
}

fn grant(scope: &str, user: Option<&str>) -> Value {
    json!([{
        "clientId": PRINCIPAL, "consentType": if user.is_some() { "Principal" } else { "AllPrincipals" },
        "principalId": user, "resourceId": "r", "scope": scope,
    }])
}

/// The files of a case, and what is known beside them.
struct Files {
    application: Value,
    principal: Option<Value>,
    grants: Option<Value>,
    context: Context,
    beside: Option<&'static str>,
}

/// A registration for IMAP without a fault.
fn files() -> Files {
    Files {
        application: application(),
        principal: Some(principal()),
        grants: Some(grant("IMAP.AccessAsUser.All offline_access", None)),
        context: Context {
            client_id: Some(CLIENT.to_owned()),
            tenant: Some(TENANT.to_owned()),
            job: Some(Job::Imap),
            ..Context::default()
        },
        beside: None,
    }
}

fn diagnosis(change: impl FnOnce(&mut Files)) -> Diagnosis {
    let mut files = files();
    change(&mut files);
    let mut registration = Registration::default();
    registration.read_application(&files.application.to_string(), None).unwrap();
    if let Some(principal) = &files.principal {
        registration.read_service_principal(&principal.to_string(), None).unwrap();
    }
    if let Some(grants) = &files.grants {
        registration.read_grants(&grants.to_string()).unwrap();
    }
    let mut evidence = match files.beside {
        Some(text) => recognise(text, NOW).unwrap(),
        None => Evidence { now: Some(NOW), ..Evidence::default() },
    };
    evidence.context = files.context.or(evidence.context);
    evidence.registration = Some(Box::new(registration));
    run(&evidence)
}

/// The findings except the note of what was checked: `error certain redirect-uri-mismatch`.
fn found(change: impl FnOnce(&mut Files)) -> Vec<String> {
    let diagnosis = diagnosis(change);
    let all = diagnosis.findings.iter().filter(|one| one.rule.id != RuleId::RegistrationChecked);
    all.map(|one| format!("{} {} {}", one.severity.id(), one.confidence.id(), one.rule.id)).collect()
}

/// The note of what was checked: the message, and what was not checked.
fn checked(diagnosis: &Diagnosis) -> (String, Vec<String>) {
    let note = diagnosis.findings.iter().find(|one| one.rule.id == RuleId::RegistrationChecked);
    let note = note.unwrap();
    let unchecked = note.evidence.iter().map(|seen| seen.value.clone()).collect();
    (note.message.to_string(), unchecked)
}

fn set(value: &mut Value, pointer: &str, new: Value) {
    *value.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = new;
}

/// A case in which one member of the registration differs.
fn with(pointer: &'static str, new: Value) -> impl FnOnce(&mut Files) {
    move |files| set(&mut files.application, pointer, new)
}

#[test]
fn a_registration_without_a_fault_is_ok_and_names_what_was_checked() {
    let diagnosis = diagnosis(|_| ());
    assert_eq!(diagnosis.verdict, Verdict::Ok);
    assert!(diagnosis.is_clean());
    let (message, unchecked) = checked(&diagnosis);
    assert_eq!(
        message,
        format!(
            "found healthy in the registration: the client id, the application is enabled in the tenant, its accounts \
             (`AzureADMyOrg`) at `{TENANT}`, the redirect URI, public client flows, consent to `IMAP.AccessAsUser.All`, \
             permission `IMAP.AccessAsUser.All`"
        )
    );
    assert_eq!(
        unchecked,
        ["Conditional Access and the tenant's own consent policy: no export shows them"]
    );
}

#[test]
fn what_the_files_do_not_show_is_named_and_nothing_is_ok_without_it() {
    let without = |name: &'static str| {
        diagnosis(move |files| {
            files.application.as_object_mut().unwrap().remove(name);
        })
    };
    assert_eq!(without("requiredResourceAccess").verdict, Verdict::Undetermined);
    let cut = diagnosis(with("/requiredResourceAccess/0/resourceAccess", json!(["Microsoft.Graph.X"])));
    assert_eq!(cut.verdict, Verdict::Undetermined);
    assert!(checked(&cut).1[0].contains("-Depth"), "{:?}", checked(&cut));
    let no_uris = diagnosis(|files| {
        let members = files.application.as_object_mut().unwrap();
        members.retain(|name, _| !["publicClient", "web", "spa", "isFallbackPublicClient"].contains(&name.as_str()));
    });
    assert_eq!(no_uris.verdict, Verdict::Undetermined);
    let alone = diagnosis(|files| {
        *files = Files { principal: None, grants: None, context: Context::default(), ..files_of(application()) };
    });
    assert_eq!((alone.verdict, alone.job), (Verdict::Ok, Job::None));
    let unchecked = checked(&alone).1.join("\n");
    for part in ["--tenant", "--job", "--service-principal", "Conditional Access"] {
        assert!(unchecked.contains(part), "{unchecked}");
    }
}

fn files_of(application: Value) -> Files {
    Files { application, ..files() }
}

#[test]
fn a_disabled_application_is_found_wherever_it_is_disabled() {
    let error = ["error certain app-disabled-in-tenant"];
    assert_eq!(found(with("/isDisabled", json!(true))), error);
    let status = "DisabledDueToViolationOfServicesAgreement";
    assert_eq!(found(|files| files.application["disabledByMicrosoftStatus"] = json!(status)), error);
    assert_eq!(found(|files| files.application["disabledByMicrosoftStatus"] = json!("NotDisabled")), [""; 0]);
    let principal = |name: &'static str, value: Value| {
        found(move |files| files.principal.as_mut().unwrap()[name] = value)
    };
    assert_eq!(principal("accountEnabled", json!(false)), error);
    assert_eq!(principal("accountEnabled", json!(null)), [""; 0]);
    assert_eq!(principal("disabledByMicrosoftStatus", json!(status)), error);
    assert_eq!(principal("appRoleAssignmentRequired", json!(true)), ["warning certain app-assignment-required"]);
    assert_eq!(principal("servicePrincipalType", json!("ManagedIdentity")), ["error certain wrong-client"]);
    assert_eq!(found(|files| files.principal = Some(json!([]))), ["error likely app-not-found-in-tenant"]);
    let not_found = json!({ "error": { "code": "Request_ResourceNotFound" } });
    assert_eq!(found(|files| files.principal = Some(not_found)), ["error likely app-not-found-in-tenant"]);
}

#[test]
fn files_of_another_application_are_told_apart() {
    let client = |id: &'static str| found(move |files| files.context.client_id = Some(id.to_owned()));
    assert_eq!(client("99999999-2222-4333-8444-555555555555"), ["error certain wrong-client"]);
    assert_eq!(client(OBJECT), ["error certain app-not-found-in-tenant"]);
    assert_eq!(client(PRINCIPAL), ["error certain app-not-found-in-tenant"]);
    let other = found(|files| files.principal.as_mut().unwrap()["appId"] = json!(USER));
    assert_eq!(other, ["error certain wrong-client"]);
    let grants = found(|files| files.grants.as_mut().unwrap()[0]["clientId"] = json!(USER));
    assert!(grants.contains(&"warning certain wrong-client".to_owned()), "{grants:?}");
}

#[test]
fn the_accounts_have_to_fit_the_tenant() {
    let at = |accounts: &'static str, tenant: &'static str| {
        found(move |files| {
            files.application["signInAudience"] = json!(accounts);
            files.context.tenant = Some(tenant.to_owned());
            files.context.job = None;
        })
    };
    let wrong = ["error certain wrong-authority-endpoint"];
    for (accounts, tenant) in [
        ("AzureADMyOrg", "common"),
        ("AzureADMyOrg", "organizations"),
        ("AzureADMyOrg", "consumers"),
        ("AzureADMyOrg", "99999999-2222-4333-8444-555555555555"),
        ("AzureADMultipleOrgs", "consumers"),
        ("AzureADMultipleOrgs", "9188040d-6c67-4c5b-b112-36a304b66dad"),
        ("PersonalMicrosoftAccount", "common"),
        ("PersonalMicrosoftAccount", TENANT),
    ] {
        assert_eq!(at(accounts, tenant), wrong, "{accounts} {tenant}");
    }
    for (accounts, tenant) in [
        ("AzureADMyOrg", TENANT),
        ("AzureADMyOrg", "contoso.example"),
        ("AzureADMyOrg", "other.example"),
        ("AzureADMultipleOrgs", "organizations"),
        ("AzureADMultipleOrgs", "common"),
        ("AzureADandPersonalMicrosoftAccount", "common"),
        ("AzureADandPersonalMicrosoftAccount", "consumers"),
        ("PersonalMicrosoftAccount", "consumers"),
    ] {
        assert_eq!(at(accounts, tenant), [""; 0], "{accounts} {tenant}");
    }
}

#[test]
fn the_way_to_sign_in_has_to_be_registered() {
    let case = |flag: bool, uris: [&'static str; 3], method: Option<SignInMethod>, sent: &'static str| {
        found(move |files| {
            files.application["isFallbackPublicClient"] = json!(flag);
            for (platform, uri) in ["publicClient", "web", "spa"].into_iter().zip(uris) {
                let all: Vec<&str> = uri.split_whitespace().collect();
                files.application[platform] = json!({ "redirectUris": all });
            }
            files.context.sign_in_method = method;
            files.context.redirect_uri = sent.parse().ok();
        })
    };
    let (code, browser) = (Some(SignInMethod::Code), Some(SignInMethod::Browser));
    let local = "http://localhost";
    let native = "https://login.microsoftonline.com/common/oauth2/nativeclient";
    for (flag, uris, method, sent, expected) in [
        // A device code needs the flag.
        (true, ["", "", ""], code, "", ""),
        (false, ["", "", ""], code, "", "error certain public-client-flows-disabled"),
        (false, [local, "", ""], code, "", "error likely public-client-flows-disabled"),
        // A browser needs the redirect URI, letter by letter, on the right platform.
        (false, [local, "", ""], browser, "", ""),
        (false, ["", "", ""], browser, "", "error certain redirect-uri-mismatch"),
        (true, ["", local, ""], browser, "", "error certain platform-type-mismatch"),
        (true, ["", "", local], browser, "", "error certain platform-type-mismatch"),
        (true, [local, local, ""], browser, "", "warning certain platform-type-mismatch"),
        (true, ["http://127.0.0.1", "", ""], browser, "", "error certain redirect-uri-mismatch"),
        (true, [local, "", ""], browser, "http://127.0.0.1", "error certain redirect-uri-mismatch"),
        (true, ["http://localhost/CB", "", ""], browser, "http://localhost/cb", "error certain redirect-uri-mismatch"),
        (true, ["https://localhost", "", ""], browser, "", "error likely redirect-uri-mismatch"),
        (true, [native, "", ""], browser, native, ""),
        // Either will do.
        (false, [local, "", ""], None, "", "note likely public-client-flows-disabled"),
        (true, ["", "", ""], None, "", "warning certain redirect-uri-mismatch"),
        (true, [native, "", ""], None, "", "warning certain redirect-uri-mismatch"),
        (true, ["", local, ""], None, "", "error certain platform-type-mismatch"),
        (false, ["", local, ""], None, "", "error certain platform-type-mismatch"),
        (false, ["", "https://a.example/cb", ""], None, "", "error certain public-client-flows-disabled"),
        (false, ["http://127.0.0.1", "", ""], None, "", "error certain redirect-uri-mismatch"),
    ] {
        let expected: Vec<&str> = if expected.is_empty() { vec![] } else { vec![expected] };
        assert_eq!(case(flag, uris, method, sent), expected, "{flag} {uris:?} {method:?} {sent}");
    }
}

#[test]
fn redirect_uris_that_entra_does_not_accept_are_found() {
    let uris = |all: Vec<String>| {
        found(move |files| files.application["web"]["redirectUris"] = json!(all))
    };
    let invalid = ["warning certain registration-entry-invalid"];
    assert_eq!(uris(vec!["https://*.contoso.example".to_owned()]), invalid);
    assert_eq!(uris(vec!["http://contoso.example/cb".to_owned()]), invalid);
    let many = |count: usize| (0..count).map(|n| format!("https://contoso.example/{n}")).collect();
    assert_eq!(uris(many(255)), [""; 0]);
    assert_eq!(uris(many(256)), ["error certain registration-entry-invalid"]);
}

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
        (permissions(EXCHANGE_API, "5e5addcd-3e8d-4e90-baf5-964efab2b20a", "Role"), "", "error likely api-permission-not-configured"),
        (permissions(GRAPH_API, MAIL_READ, "Scope"), default, "error certain api-permission-not-configured"),
    ] {
        let found = case(listed.clone(), Job::Imap, scopes);
        assert!(found.contains(&expected.to_owned()) && found.contains(&consent), "{listed} {found:?}");
    }
    // Under Graph, as the portal lists it, or under Exchange.
    for listed in [
        permissions(GRAPH_API, IMAP, "Scope"),
        permissions(EXCHANGE_API, "195adc35-e27b-454b-a7ed-1ecdffa1c09f", "Scope"),
    ] {
        assert_eq!(case(listed, Job::Imap, ""), [consent.clone()]);
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
        let ends: Vec<Value> = ends.iter().map(|days| json!({ "endDateTime": day(*days), "keyId": USER })).collect();
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

#[test]
fn an_api_of_ones_own_has_a_version_and_a_name() {
    let case = |change: fn(&mut Files)| {
        found(|files| {
            files.application["api"]["oauth2PermissionScopes"] = json!([{ "value": "Orders.Read" }]);
            files.application["identifierUris"] = json!(["api://orders"]);
            files.context.job = None;
            change(files);
        })
    };
    assert_eq!(case(|_| ()), [""; 0]);
    assert_eq!(case(|files| files.application["identifierUris"] = json!([])), ["warning certain resource-not-found"]);
    assert_eq!(
        case(|files| files.application["identifierUris"] = json!(["api://orders/"])),
        ["warning certain resource-not-found"]
    );
    let version = "error certain access-token-version";
    assert_eq!(case(|files| files.context.audience = Some("api://orders".to_owned())), [version]);
    assert_eq!(case(|files| files.context.audience = Some(CLIENT.to_owned())), [""; 0]);
    assert_eq!(
        case(|files| {
            files.context.audience = Some(CLIENT.to_owned());
            files.application["api"]["requestedAccessTokenVersion"] = json!(null);
        }),
        ["error likely access-token-version"]
    );
    let personal = |files: &mut Files| {
        files.application["signInAudience"] = json!("AzureADandPersonalMicrosoftAccount");
    };
    assert_eq!(case(personal), [""; 0]);
    assert_eq!(
        case(|files| {
            files.application["signInAudience"] = json!("AzureADandPersonalMicrosoftAccount");
            files.application["api"]["requestedAccessTokenVersion"] = json!(null);
        }),
        [version]
    );
    assert_eq!(
        case(|files| {
            files.application["signInAudience"] = json!("AzureADandPersonalMicrosoftAccount");
            files.application["groupMembershipClaims"] = json!("SecurityGroup");
        }),
        ["note certain registration-entry-invalid"]
    );
}

#[test]
fn a_secret_of_a_public_client_is_noted() {
    let secret = json!([{ "endDateTime": "2030-01-01T00:00:00Z", "keyId": USER, "hint": "abc" }]);
    assert_eq!(
        found(with("/passwordCredentials", secret)),
        ["note certain client-secret-for-public-client"]
    );
    let expired = json!([{ "endDateTime": "2020-01-01T00:00:00Z", "keyId": USER }]);
    assert_eq!(found(with("/keyCredentials", expired)), ["note certain client-assertion-invalid"]);
}

#[test]
fn a_refusal_that_the_registration_explains_stays_one_finding() {
    let refused = diagnosis(|files| {
        files.application["isFallbackPublicClient"] = json!(false);
        files.application["publicClient"]["redirectUris"] = json!([]);
        files.beside = Some("AADSTS7000218: The request body must contain the following parameter: 'client_assertion'.");
    });
    let cause = refused.cause().unwrap();
    assert_eq!(cause.rule.id, RuleId::PublicClientFlowsDisabled);
    let fields: Vec<&str> = cause.evidence.iter().map(|seen| seen.field).collect();
    assert!(fields.contains(&"isFallbackPublicClient") && fields.contains(&"error_codes"), "{fields:?}");
    // A fault that did not cause this refusal is a warning.
    let other = found(|files| {
        files.application["publicClient"]["redirectUris"] = json!([]);
        files.application["web"]["redirectUris"] = json!(["http://localhost"]);
        files.beside = Some("AADSTS65001: The user has not consented.");
    });
    assert_eq!(other[0], "error certain user-consent-required");
    assert!(other.contains(&"warning certain platform-type-mismatch".to_owned()), "{other:?}");
}

#[test]
fn unreadable_files_are_refused_with_the_reason() {
    let read = |text: &str| Registration::default().read_application(text, None).unwrap_err();
    assert_eq!(read(""), RegistrationError::Empty);
    assert_eq!(read("[]"), RegistrationError::NoApplication);
    assert_eq!(read("7"), RegistrationError::NotAnObject);
    assert_eq!(read(&principal().to_string()), RegistrationError::IsServicePrincipal);
    assert_eq!(read(r#"{"appId":"x"}"#), RegistrationError::NotARegistration("signInAudience"));
    assert_eq!(read(r#"{"error":{"code":"Authorization_RequestDenied"}}"#), RegistrationError::GraphError("Authorization_RequestDenied".to_owned()));
    assert!(matches!(read("{"), RegistrationError::NotJson(_)));
    let two = json!([application(), { "appId": USER, "signInAudience": "AzureADMyOrg" }]).to_string();
    assert_eq!(read(&two), RegistrationError::Several(2));
    let mut registration = Registration::default();
    registration.read_application(&two, Some(USER)).unwrap();
    assert_eq!(registration.client_id(), Some(USER));
    let read = |text: &str| registration.clone().read_service_principal(text, None).unwrap_err();
    assert_eq!(read(&application().to_string()), RegistrationError::NotAServicePrincipal("servicePrincipalType"));
}
