//! What holds for the catalogue as a whole.

use std::path::Path;

use super::*;
use crate::{self as diagnose, Evidence, Severity, Verdict};
use entrada_core::oauth::ErrorResponse;
use entrada_core::{Job, TokenSubject};

#[test]
fn every_file_is_registered_under_its_own_name_in_order() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let mut files: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|stem| stem != "mod" && stem != "tests")
        .map(|stem| stem.replace('_', "-"))
        .collect();
    files.sort();
    let mut registered: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    registered.sort_unstable();
    assert_eq!(files, registered);
}

#[test]
fn every_rule_is_documented_in_the_same_sections() {
    for rule in RULES {
        let sections: Vec<&str> =
            rule.docs.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(sections, ["What it means", "Why it happens", "What to do"], "{}", rule.id);
    }
}

#[test]
fn no_two_rules_stand_at_the_same_place() {
    let mut orders: Vec<u16> = RULES.iter().map(|rule| rule.order).collect();
    orders.sort_unstable();
    orders.dedup();
    assert_eq!(orders.len(), RULES.len());
}

fn refused(body: &str, grant_type: &str) -> Vec<String> {
    let members = serde_json::from_str(body).unwrap();
    let mut evidence =
        Evidence { refusal: Some(ErrorResponse::from_json(&members)), ..Evidence::default() };
    evidence.context.grant_type = Some(grant_type.to_owned()).filter(|grant| !grant.is_empty());
    let diagnosis = diagnose::run(&evidence);
    diagnosis.findings.iter().map(|finding| finding.rule.id.to_owned()).collect()
}

#[test]
fn each_refusal_points_to_its_cause_and_to_nothing_else() {
    for (body, grant, expected) in [
        (r#"{"error":"authorization_pending","error_codes":[70016]}"#, "", "authorization-pending"),
        (r#"{"error":"slow_down"}"#, "", "throttled"),
        (r#"{"error":"expired_token"}"#, "", "device-code-expired"),
        (r#"{"error":"code_expired"}"#, "", "device-code-expired"),
        (r#"{"error":"authorization_declined"}"#, "", "user-declined"),
        (r#"{"error":"access_denied"}"#, "", "user-declined"),
        (r#"{"error":"access_denied","error_codes":[65004]}"#, "", "user-declined"),
        (r#"{"error":"invalid_grant","error_codes":[50196]}"#, "", "device-polling-loop"),
        (r#"{"error":"invalid_grant","error_codes":[65001]}"#, "", "user-consent-required"),
        (r#"{"error":"invalid_grant","suberror":"consent_required"}"#, "", "user-consent-required"),
        (r#"{"error":"access_denied","error_codes":[90094]}"#, "", "admin-consent-required"),
        (r#"{"error":"invalid_grant","error_codes":[53003]}"#, "", "conditional-access"),
        (r#"{"error":"invalid_grant","error_codes":[530036]}"#, "", "conditional-access"),
        (r#"{"error":"invalid_grant","error_codes":[50076]}"#, "", "mfa-required"),
        (r#"{"error":"interaction_required"}"#, "", "mfa-required"),
        (r#"{"error":"invalid_grant","error_codes":[700082]}"#, "", "refresh-token-expired"),
        (r#"{"error":"invalid_grant","error_codes":[50173]}"#, "", "refresh-token-revoked"),
        (r#"{"error":"invalid_grant"}"#, "refresh_token", "refresh-token-revoked"),
        (
            r#"{"error":"invalid_client","error_codes":[7000218]}"#,
            "",
            "public-client-flows-disabled",
        ),
        (
            r#"{"error":"unauthorized_client","error_codes":[700016]}"#,
            "",
            "app-not-found-in-tenant",
        ),
        (r#"{"error":"invalid_request","error_codes":[90002]}"#, "", "invalid-tenant"),
        (r#"{"error":"invalid_request","error_codes":[50194]}"#, "", "wrong-authority-endpoint"),
        (r#"{"error":"invalid_scope","error_codes":[70011]}"#, "", "invalid-scope"),
        (r#"{"error":"invalid_request","error_codes":[28000]}"#, "", "mixed-resources"),
        (r#"{"error":"temporarily_unavailable"}"#, "", "service-incident"),
        (
            r#"{"error":"invalid_grant","error_codes":[70000],"error_description":"AADSTS70000: the scopes requested are unauthorized or expired"}"#,
            "refresh_token",
            "refresh-scope-not-granted",
        ),
        (r#"{"error":"invalid_client","error_codes":[7000215]}"#, "", "client-secret-wrong"),
        (r#"{"error":"invalid_client","error_codes":[7000222]}"#, "", "client-secret-expired"),
        (r#"{"error":"","error_description":"AADSTS70016: pending"}"#, "", "authorization-pending"),
        (r#"{"error":"server_error","error_subcode":"cancel"}"#, "", "user-declined"),
        (r#"{"error":"never_heard_of_it"}"#, "", "refused"),
        (r#"{"error":"invalid_grant","error_codes":[999999999]}"#, "", "refused"),
    ] {
        assert_eq!(refused(body, grant), [expected], "{body}");
    }
}

#[test]
fn every_cause_of_a_number_has_a_rule() {
    for code in entrada_core::entra::aadsts::all() {
        let cause = code.cause.unwrap_or("refused");
        assert!(find(cause).is_some(), "AADSTS{} points to {cause}", code.code);
    }
}

#[test]
fn what_comes_first_is_the_cause_and_its_consequences_are_silent() {
    for (claims, subject, expected) in [
        (
            r#"{"aud":"https://graph.microsoft.com","idtyp":"app"}"#,
            Some(TokenSubject::App),
            "missing-app-role",
        ),
        (
            r#"{"aud":"https://graph.microsoft.com","roles":["User.Read.All"]}"#,
            Some(TokenSubject::User),
            "app-only-token-for-delegated-job",
        ),
        (
            r#"{"aud":"https://graph.microsoft.com","scp":"User.Read"}"#,
            Some(TokenSubject::App),
            "delegated-token-for-app-only-job",
        ),
    ] {
        let mut evidence = testing::token(claims);
        evidence.context.subject = subject;
        let errors: Vec<&str> = diagnose::run(&evidence)
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
    let ids: Vec<&str> =
        diagnose::run(&evidence).findings.iter().map(|finding| finding.rule.id).collect();
    assert_eq!(ids, ["wrong-audience"]);
}

#[test]
fn a_pending_sign_in_is_neither_well_nor_ill() {
    let members = serde_json::from_str(r#"{"error":"authorization_pending"}"#).unwrap();
    let evidence =
        Evidence { refusal: Some(ErrorResponse::from_json(&members)), ..Evidence::default() };
    assert_eq!(diagnose::run(&evidence).verdict, Verdict::Pending);
}

#[test]
fn a_healthy_token_draws_neither_error_nor_warning() {
    for claims in [
        r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read User.Read openid profile email","exp":1700004000,"nbf":1699999700,"iat":1699999700,"ver":"1.0","idtyp":"user","appid":"a","tid":"t","upn":"a@b"}"#,
        r#"{"aud":"00000003-0000-0000-c000-000000000000","scp":"Mail.ReadWrite","exp":1700004000}"#,
    ] {
        let diagnosis = diagnose::run(&testing::token(claims));
        assert_eq!(diagnosis.verdict, Verdict::Ok);
        assert!(diagnosis.is_clean(), "{:?}", diagnosis.findings);
    }
}

#[test]
fn an_expired_token_for_another_service_shows_both_the_first_cause_first() {
    let diagnosis = diagnose::run(&testing::token(
        r#"{"aud":"https://management.azure.com","scp":"user_impersonation","exp":1699990000}"#,
    ));
    let errors: Vec<&str> = diagnosis
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.rule.id)
        .collect();
    assert_eq!(errors, ["expired", "wrong-audience"]);
}
