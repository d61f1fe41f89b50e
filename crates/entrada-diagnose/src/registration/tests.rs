//! One fault at a time in a registration that is otherwise right.

mod forms;
mod permissions;
mod sign_in;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
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
    beside: Option<String>,
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
    let mut evidence = match &files.beside {
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
    all.map(|one| format!("{} {} {}", one.severity.id(), one.confidence.id(), one.rule.id))
        .collect()
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
    assert!(diagnosis.verdict.is_ok());
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
    let cut =
        diagnosis(with("/requiredResourceAccess/0/resourceAccess", json!(["Microsoft.Graph.X"])));
    assert_eq!(cut.verdict, Verdict::Undetermined);
    assert!(checked(&cut).1[0].contains("-Depth"), "{:?}", checked(&cut));
    let no_uris = diagnosis(|files| {
        let members = files.application.as_object_mut().unwrap();
        members.retain(|name, _| {
            !["publicClient", "web", "spa", "isFallbackPublicClient"].contains(&name.as_str())
        });
    });
    assert_eq!(no_uris.verdict, Verdict::Undetermined);
    let alone = diagnosis(|files| {
        *files = Files {
            principal: None,
            grants: None,
            context: Context::default(),
            ..files_of(application())
        };
    });
    assert_eq!((alone.verdict.is_ok(), alone.job), (true, Job::None));
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
    assert_eq!(
        found(|files| files.application["disabledByMicrosoftStatus"] = json!(status)),
        error
    );
    assert_eq!(
        found(|files| files.application["disabledByMicrosoftStatus"] = json!("NotDisabled")),
        [""; 0]
    );
    let principal = |name: &'static str, value: Value| {
        found(move |files| files.principal.as_mut().unwrap()[name] = value)
    };
    assert_eq!(principal("accountEnabled", json!(false)), error);
    assert_eq!(principal("accountEnabled", json!(null)), [""; 0]);
    assert_eq!(principal("disabledByMicrosoftStatus", json!(status)), error);
    assert_eq!(
        principal("appRoleAssignmentRequired", json!(true)),
        ["warning certain app-assignment-required"]
    );
    assert_eq!(
        principal("servicePrincipalType", json!("ManagedIdentity")),
        ["error certain wrong-client"]
    );
    assert_eq!(
        found(|files| files.principal = Some(json!([]))),
        ["error likely app-not-found-in-tenant"]
    );
    let not_found = json!({ "error": { "code": "Request_ResourceNotFound" } });
    assert_eq!(
        found(|files| files.principal = Some(not_found)),
        ["error likely app-not-found-in-tenant"]
    );
}

#[test]
fn files_of_another_application_are_told_apart() {
    let client =
        |id: &'static str| found(move |files| files.context.client_id = Some(id.to_owned()));
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
fn an_api_of_ones_own_has_a_version_and_a_name() {
    let case = |change: fn(&mut Files)| {
        found(|files| {
            files.application["api"]["oauth2PermissionScopes"] =
                json!([{ "value": "Orders.Read" }]);
            files.application["identifierUris"] = json!(["api://orders"]);
            files.context.job = None;
            change(files);
        })
    };
    assert_eq!(case(|_| ()), [""; 0]);
    assert_eq!(
        case(|files| files.application["identifierUris"] = json!([])),
        ["warning certain resource-not-found"]
    );
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
fn unreadable_files_are_refused_with_the_reason() {
    let read = |text: &str| Registration::default().read_application(text, None).unwrap_err();
    assert_eq!(read(""), RegistrationError::Empty);
    assert_eq!(read("[]"), RegistrationError::NoApplication);
    assert_eq!(read("7"), RegistrationError::NotAnObject);
    assert_eq!(read(&principal().to_string()), RegistrationError::IsServicePrincipal);
    assert_eq!(read(r#"{"appId":"x"}"#), RegistrationError::NotARegistration("signInAudience"));
    assert_eq!(
        read(r#"{"error":{"code":"Authorization_RequestDenied"}}"#),
        RegistrationError::GraphError("Authorization_RequestDenied".to_owned())
    );
    assert!(matches!(read("{"), RegistrationError::NotJson(_)));
    let two =
        json!([application(), { "appId": USER, "signInAudience": "AzureADMyOrg" }]).to_string();
    assert_eq!(read(&two), RegistrationError::Several(2));
    let mut registration = Registration::default();
    registration.read_application(&two, Some(USER)).unwrap();
    assert_eq!(registration.client_id(), Some(USER));
    let read = |text: &str| registration.clone().read_service_principal(text, None).unwrap_err();
    assert_eq!(
        read(&application().to_string()),
        RegistrationError::NotAServicePrincipal("servicePrincipalType")
    );
}

/// A token with these claims.
fn token(claims: &Value) -> String {
    let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    let signature = "x".repeat(342);
    format!("{}.{}.{signature}", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(&claims.to_string()))
}

#[test]
fn beside_a_token_the_registration_is_the_clients_or_the_apis() {
    let beside = |claims: Value| -> Vec<String> {
        let all = found(move |files| {
            files.beside = Some(token(&claims));
            files.context = Context { job: Some(Job::None), ..Context::default() };
            files.grants = None;
        });
        all.into_iter().filter(|one| !one.starts_with("note")).collect()
    };
    let exp = NOW.0 + 3_600;
    let own = json!({ "aud": "x", "azp": CLIENT, "ver": "2.0", "scp": "a", "exp": exp });
    assert_eq!(beside(own), [""; 0]);
    let others = json!({ "aud": "x", "azp": USER, "ver": "2.0", "scp": "a", "exp": exp });
    assert_eq!(beside(others), ["error certain wrong-client"]);
    let of_api = json!({ "aud": CLIENT, "azp": USER, "ver": "2.0", "scp": "a", "exp": exp });
    assert_eq!(beside(of_api), [""; 0]);
    let old = json!({ "aud": CLIENT, "appid": USER, "ver": "1.0", "scp": "a", "exp": exp });
    assert_eq!(beside(old), ["warning certain access-token-version"]);
}
