//! Tests of the catalogue as a whole.

use std::path::Path;

use super::*;
use crate::{self as diagnose, Evidence, Severity, Verdict};
use entrada_core::oauth::ErrorResponse;
use entrada_core::{Job, TokenSubject};

/// The names of the files in `folder` of the rules that end in `extension`.
fn files(folder: &str, extension: &str) -> Vec<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules").join(folder);
    let paths = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|own| own == extension));
    let mut names: Vec<String> =
        paths.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_page_and_every_file_has_the_name_of_its_rule() {
    let mut registered: Vec<&str> = RuleId::all().map(RuleId::as_str).collect();
    registered.sort_unstable();
    assert_eq!(files("pages", "md"), registered);
    for name in files("", "rs") {
        let id = name.replace('_', "-");
        let is_rule = registered.contains(&id.as_str());
        assert!(is_rule || ["mod", "records", "tests"].contains(&name.as_str()), "{name}");
    }
    for id in RuleId::all() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/rules/pages/{id}.md"));
        assert!(std::fs::read_to_string(path).unwrap() == id.rule().docs, "{id} has another page");
    }
}

#[test]
fn every_rule_is_documented_in_the_same_sections() {
    for rule in all() {
        let sections: Vec<&str> =
            rule.docs.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(sections, ["What it means", "Why it happens", "What to do"], "{}", rule.id);
    }
}

#[test]
fn every_name_has_one_rule_and_parses() {
    for id in RuleId::all() {
        assert_eq!(id.rule().id, id);
        assert_eq!(RuleId::parse(id.as_str()), Some(id));
    }
    assert_eq!(RuleId::parse("wrong_audience"), None);
}

#[test]
fn every_cause_on_record_has_a_rule() {
    use entrada_core::entra::{aadsts, causes};
    let of_numbers = aadsts::all().iter().filter_map(|code| code.cause);
    for cause in causes::all().iter().map(|cause| cause.id).chain(of_numbers) {
        assert!(RuleId::parse(cause).is_some(), "{cause}");
    }
}

fn refused(body: &str, grant_type: &str) -> Vec<RuleId> {
    let members = serde_json::from_str(body).unwrap();
    let mut evidence =
        Evidence { refusal: Some(ErrorResponse::from_json(&members)), ..Evidence::default() };
    evidence.context.grant_type = Some(grant_type.to_owned()).filter(|grant| !grant.is_empty());
    let diagnosis = diagnose::run(&evidence);
    diagnosis.findings.iter().map(|finding| finding.rule.id).collect()
}

#[test]
fn each_refusal_points_to_its_cause_and_to_nothing_else() {
    for (body, grant, expected) in [
        (
            r#"{"error":"authorization_pending","error_codes":[70016]}"#,
            "",
            RuleId::AuthorizationPending,
        ),
        (r#"{"error":"slow_down"}"#, "", RuleId::Throttled),
        (r#"{"error":"expired_token"}"#, "", RuleId::DeviceCodeExpired),
        (r#"{"error":"code_expired"}"#, "", RuleId::DeviceCodeExpired),
        (r#"{"error":"authorization_declined"}"#, "", RuleId::UserDeclined),
        (r#"{"error":"access_denied"}"#, "", RuleId::UserDeclined),
        (r#"{"error":"access_denied","error_codes":[65004]}"#, "", RuleId::UserDeclined),
        (r#"{"error":"invalid_grant","error_codes":[50196]}"#, "", RuleId::DevicePollingLoop),
        (r#"{"error":"invalid_grant","error_codes":[65001]}"#, "", RuleId::UserConsentRequired),
        (
            r#"{"error":"invalid_grant","suberror":"consent_required"}"#,
            "",
            RuleId::UserConsentRequired,
        ),
        (r#"{"error":"access_denied","error_codes":[90094]}"#, "", RuleId::AdminConsentRequired),
        (r#"{"error":"invalid_grant","error_codes":[53003]}"#, "", RuleId::ConditionalAccess),
        (r#"{"error":"invalid_grant","error_codes":[530036]}"#, "", RuleId::ConditionalAccess),
        (r#"{"error":"invalid_grant","error_codes":[50076]}"#, "", RuleId::MfaRequired),
        (r#"{"error":"interaction_required"}"#, "", RuleId::MfaRequired),
        (r#"{"error":"invalid_grant","error_codes":[700082]}"#, "", RuleId::RefreshTokenExpired),
        (r#"{"error":"invalid_grant","error_codes":[50173]}"#, "", RuleId::RefreshTokenRevoked),
        (r#"{"error":"invalid_grant"}"#, "refresh_token", RuleId::RefreshTokenRevoked),
        (
            r#"{"error":"invalid_client","error_codes":[7000218]}"#,
            "",
            RuleId::PublicClientFlowsDisabled,
        ),
        (
            r#"{"error":"unauthorized_client","error_codes":[700016]}"#,
            "",
            RuleId::AppNotFoundInTenant,
        ),
        (r#"{"error":"invalid_request","error_codes":[90002]}"#, "", RuleId::InvalidTenant),
        (
            r#"{"error":"invalid_request","error_codes":[50194]}"#,
            "",
            RuleId::WrongAuthorityEndpoint,
        ),
        (r#"{"error":"invalid_scope","error_codes":[70011]}"#, "", RuleId::InvalidScope),
        (r#"{"error":"invalid_request","error_codes":[28000]}"#, "", RuleId::MixedResources),
        (r#"{"error":"temporarily_unavailable"}"#, "", RuleId::ServiceIncident),
        (
            r#"{"error":"invalid_grant","error_codes":[70000],"error_description":"AADSTS70000: the scopes requested are unauthorized or expired"}"#,
            "refresh_token",
            RuleId::RefreshScopeNotGranted,
        ),
        (r#"{"error":"invalid_client","error_codes":[7000215]}"#, "", RuleId::ClientSecretWrong),
        (r#"{"error":"invalid_client","error_codes":[7000222]}"#, "", RuleId::ClientSecretExpired),
        (
            r#"{"error":"","error_description":"AADSTS70016: pending"}"#,
            "",
            RuleId::AuthorizationPending,
        ),
        (r#"{"error":"server_error","error_subcode":"cancel"}"#, "", RuleId::UserDeclined),
        (r#"{"error":"never_heard_of_it"}"#, "", RuleId::Refused),
        (r#"{"error":"invalid_grant","error_codes":[999999999]}"#, "", RuleId::Refused),
    ] {
        assert_eq!(refused(body, grant), [expected], "{body}");
    }
}

#[test]
fn only_the_cause_is_reported_and_not_its_consequences() {
    for (claims, subject, expected) in [
        (
            r#"{"aud":"https://graph.microsoft.com","idtyp":"app"}"#,
            Some(TokenSubject::App),
            RuleId::MissingAppRole,
        ),
        (
            r#"{"aud":"https://graph.microsoft.com","roles":["User.Read.All"]}"#,
            Some(TokenSubject::User),
            RuleId::AppOnlyTokenForDelegatedJob,
        ),
        (
            r#"{"aud":"https://graph.microsoft.com","scp":"User.Read"}"#,
            Some(TokenSubject::App),
            RuleId::DelegatedTokenForAppOnlyJob,
        ),
    ] {
        let mut evidence = testing::token(claims);
        evidence.context.subject = subject;
        let errors: Vec<RuleId> = diagnose::run(&evidence)
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.rule.id)
            .collect();
        assert_eq!(errors, [expected], "{claims}");
    }
    let body = r#"{"access_token":"opaque","refresh_token":"r","scope":"https://graph.microsoft.com/Mail.Read"}"#;
    let mut evidence = testing::response(body, "");
    evidence.context.job = Some(Job::Imap);
    let ids: Vec<RuleId> =
        diagnose::run(&evidence).findings.iter().map(|finding| finding.rule.id).collect();
    assert_eq!(ids, [RuleId::WrongAudience]);
}

#[test]
fn a_pending_sign_in_has_the_verdict_pending() {
    let members = serde_json::from_str(r#"{"error":"authorization_pending"}"#).unwrap();
    let evidence =
        Evidence { refusal: Some(ErrorResponse::from_json(&members)), ..Evidence::default() };
    assert_eq!(diagnose::run(&evidence).verdict, Verdict::Pending);
}

#[test]
fn a_healthy_token_brings_neither_error_nor_warning() {
    for claims in [
        r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read User.Read openid profile email","exp":1700004000,"nbf":1699999700,"iat":1699999700,"ver":"1.0","idtyp":"user","appid":"a","tid":"t","upn":"a@b"}"#,
        r#"{"aud":"00000003-0000-0000-c000-000000000000","scp":"Mail.ReadWrite","exp":1700004000}"#,
    ] {
        let diagnosis = diagnose::run(&testing::token(claims));
        assert!(diagnosis.verdict.is_ok());
        assert!(diagnosis.is_clean(), "{:?}", diagnosis.findings);
    }
}

#[test]
fn an_expired_token_for_another_service_brings_both_findings_in_order() {
    let mut evidence = testing::token(
        r#"{"aud":"https://management.azure.com","scp":"user_impersonation","exp":1699990000}"#,
    );
    evidence.context.job = Some(entrada_core::Job::GraphMailRead);
    let diagnosis = diagnose::run(&evidence);
    let errors: Vec<RuleId> = diagnosis
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.rule.id)
        .collect();
    assert_eq!(errors, [RuleId::Expired, RuleId::WrongAudience]);
}
