//! The endpoints of version 1: `resource` in place of `scope`.

use super::code::{HERE, VERIFIER, member};
use super::*;

const ARM: &str = "https://management.core.windows.net/";
const GRAPH: &str = "https://graph.microsoft.com";

fn token(bench: &Bench, form: &[(&str, &str)]) -> HttpResponse {
    let mut members = vec![("client_id", CLIENT)];
    members.extend(form);
    bench.post("/common/oauth2/token", &members)
}

fn code(bench: &Bench, resource: Option<&str>) -> String {
    let resource = resource.map(|resource| format!("&resource={resource}")).unwrap_or_default();
    let url = format!(
        "/common/oauth2/authorize?client_id={CLIENT}&response_type=code&redirect_uri={HERE}{resource}"
    );
    member(&bench.get(&url), "code").unwrap()
}

fn redeemed(bench: &Bench, code: &str, more: &[(&str, &str)]) -> HttpResponse {
    let mut form =
        vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", HERE)];
    form.extend(more);
    token(bench, &form)
}

#[test]
fn the_answer_has_the_members_of_version_1() {
    let bench = Bench::new("auto-approve");
    let body = json(&redeemed(&bench, &code(&bench, Some(ARM)), &[]));
    for name in ["expires_in", "ext_expires_in", "expires_on", "not_before"] {
        assert!(
            body[name].as_str().is_some_and(|text| text.parse::<i64>().is_ok()),
            "{name}: {body}"
        );
    }
    let expires_on: i64 = body["expires_on"].as_str().unwrap().parse().unwrap();
    let expires_in: i64 = body["expires_in"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires_on, T0.0 + expires_in);
    assert_eq!((&body["resource"], &body["scope"]), (&ARM.into(), &"user_impersonation".into()));
    assert_eq!(claims_of(&body["access_token"]).aud(), Some(ARM));
    let id_token = claims_of(&body["id_token"]);
    assert_eq!(id_token.text("ver"), Some("1.0"));
    assert_eq!(id_token.text("upn"), Some("ada@contoso.example"));
    assert!(id_token.text("iss").unwrap().starts_with("https://sts.windows.net/"));
    let refreshed = token(
        &bench,
        &[
            ("grant_type", "refresh_token"),
            ("refresh_token", body["refresh_token"].as_str().unwrap()),
            ("resource", GRAPH),
        ],
    );
    assert_eq!(json(&refreshed)["resource"], GRAPH);
    let token = json(&refreshed)["access_token"].as_str().unwrap().to_owned();
    assert_eq!(bench.graph(&token, "/v1.0/me").0, 200);
}

#[test]
fn the_resource_is_bound_to_the_code() {
    let bench = Bench::new("auto-approve");
    let other = redeemed(&bench, &code(&bench, Some(ARM)), &[("resource", GRAPH)]);
    assert_eq!(json(&other)["error"], "invalid_grant");
    let same = redeemed(&bench, &code(&bench, Some(ARM)), &[("resource", ARM)]);
    assert_eq!(same.status(), 200);
    let late = redeemed(&bench, &code(&bench, None), &[("resource", GRAPH)]);
    assert_eq!(json(&late)["resource"], GRAPH);
    // Without any, version 1 means the retired Azure AD Graph.
    let none = json(&redeemed(&bench, &code(&bench, None), &[]));
    assert_eq!(none["resource"], "00000002-0000-0000-c000-000000000000");
    let url = format!(
        "/common/oauth2/authorize?client_id={CLIENT}&response_type=code&redirect_uri={HERE}&resource=https://no.such"
    );
    assert_eq!(member(&bench.get(&url), "error").as_deref(), Some("invalid_resource"));
}

#[test]
fn a_device_signs_in_with_the_old_names() {
    let mut bench = Bench::new("auto-approve");
    let form = [("client_id", CLIENT), ("resource", ARM)];
    let device = json(&bench.post("/common/oauth2/devicecode", &form));
    assert!(device["verification_url"].is_string() && device.get("verification_uri").is_none());
    assert_eq!((&device["interval"], &device["expires_in"]), (&"5".into(), &"900".into()));
    let code = device["device_code"].as_str().unwrap().to_owned();
    let poll = [("grant_type", "device_code"), ("code", code.as_str()), ("resource", ARM)];
    assert_eq!(json(&token(&bench, &poll))["error"], "authorization_pending");
    bench.now = bench.now.plus_seconds(5);
    assert_eq!(json(&token(&bench, &poll))["resource"], ARM);

    let late = json(&bench.post("/common/oauth2/devicecode", &form));
    bench.now = bench.now.plus_seconds(901);
    let code = late["device_code"].as_str().unwrap();
    let expired = token(&bench, &[("grant_type", "device_code"), ("code", code)]);
    assert_eq!(json(&expired)["error"], "code_expired");
}

#[test]
fn each_version_has_metadata_of_its_own_paths() {
    let bench = Bench::new("normal");
    for (version, oauth2) in [("", "oauth2/"), ("v2.0/", "oauth2/v2.0/")] {
        let document =
            json(&bench.get(&format!("/common/{version}.well-known/openid-configuration")));
        for (member, endpoint) in [
            ("token_endpoint", "token"),
            ("authorization_endpoint", "authorize"),
            ("device_authorization_endpoint", "devicecode"),
            ("end_session_endpoint", "logout"),
        ] {
            assert_eq!(
                document[member],
                format!("http://localhost:8400/common/{oauth2}{endpoint}")
            );
        }
        let keys = document["jwks_uri"].as_str().unwrap().replace("http://localhost:8400", "");
        assert!(json(&bench.get(&keys))["keys"].is_array(), "{keys}");
    }
    let logout = "/common/oauth2/logout?post_logout_redirect_uri=http://localhost:1/x";
    assert_eq!(bench.get(logout).headers()["location"], "http://localhost:1/x");
}

#[test]
fn the_challenge_of_a_code_counts_in_version_1_too() {
    let bench = Bench::new("auto-approve");
    let url = format!(
        "/common/oauth2/authorize?client_id={CLIENT}&response_type=code&redirect_uri={HERE}&resource={ARM}\
         &code_challenge={VERIFIER}&code_challenge_method=plain"
    );
    let code = member(&bench.get(&url), "code").unwrap();
    assert_eq!(error_code(&redeemed(&bench, &code, &[])), 50_148);
    assert_eq!(redeemed(&bench, &code, &[("code_verifier", VERIFIER)]).status(), 200);
}

#[test]
fn personal_accounts_have_no_version_1() {
    let bench = Bench::new("personal-account");
    let answer = redeemed(&bench, &code(&bench, Some(GRAPH)), &[]);
    assert_eq!(error_code(&answer), 90_027);
}
