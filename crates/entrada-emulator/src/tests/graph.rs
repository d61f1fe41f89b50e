//! Graph's responses, and the headers of every response.

use super::*;
use crate::key::key;
use serde_json::json as value;

/// A token for Ada, signed by the emulator, with changed claims.
fn token(changes: &[(&str, Value)]) -> String {
    let mut claims = value!({
        "aud": "https://graph.microsoft.com", "exp": T0.0 + 60, "nbf": T0.0 - 300, "scp": "Mail.Read",
        "oid": "ada00000-0000-4000-8000-000000000001", "appid": CLIENT,
    });
    for (name, value) in changes {
        claims[*name] = value.clone();
    }
    key().unwrap().sign(value!({ "nonce": "n" }), &claims)
}

#[test]
fn graph_names_the_problem_of_a_token() {
    let bench = Bench::new("normal");
    let good = token(&[]);
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    for (token, status, code, message) in [
        (good, 200, "", ""),
        (String::new(), 401, "InvalidAuthenticationToken", "Access token is empty."),
        ("1.AXkA.AgABAwEAAAB".replace('.', ""), 401, "InvalidAuthenticationToken", "IDX14100"),
        ("EwBunknown".to_owned(), 401, "InvalidAuthenticationToken", "80049217"),
        (
            token(&[("aud", value!("https://outlook.office.com"))]),
            401,
            "InvalidAuthenticationToken",
            "Invalid audience",
        ),
        (token(&[("aud", value!(CLIENT))]), 401, "InvalidAuthenticationToken", "Invalid audience"),
        (
            token(&[("exp", value!(T0.0))]),
            401,
            "InvalidAuthenticationToken",
            "the token is expired",
        ),
        (token(&[("nbf", value!(T0.0 + 301))]), 401, "InvalidAuthenticationToken", "not yet valid"),
        (forged, 401, "InvalidAuthenticationToken", "Access token validation failure."),
        (token(&[("scp", value!("User.Read"))]), 403, "ErrorAccessDenied", "Access is denied"),
    ] {
        let answer = bench.graph(&token, "/v1.0/me/messages");
        assert_eq!((answer.0, answer.1.as_str()), (status, code), "{token}");
        assert!(answer.2.contains(message), "{} for {token}", answer.2);
    }
}

#[test]
fn a_refusal_names_the_resource_not_the_client() {
    let answer = Bench::new("normal").get("/v1.0/me");
    let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains("client_id=\"00000003-0000-0000-c000-000000000000\""),
        "{challenge}"
    );
    assert!(json(&answer)["error"]["innerError"]["date"].is_string());
}

#[test]
fn basic_permission_shows_no_body() {
    let bench = Bench::new("normal");
    let read = |scp: &str, path: &str| {
        let token = token(&[("scp", value!(scp))]);
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        json(&bench.send(request.body(Vec::new()).unwrap()))
    };
    let list = read("Mail.Read", "/v1.0/me/messages?$top=1");
    assert_eq!(list["value"].as_array().unwrap().len(), 1);
    let path = format!("/v1.0/me/messages/{}", list["value"][0]["id"].as_str().unwrap());
    assert!(read("Mail.Read", &path)["body"]["content"].is_string());
    let basic = read("Mail.ReadBasic", &path);
    assert!(basic["subject"].is_string() && basic.get("body").is_none());
    assert_eq!(read("Mail.Read", "/v1.0/me/messages/none")["error"]["code"], "ErrorItemNotFound");
    assert_eq!(read("Mail.Read", "/v1.0/me/mailFolders")["value"][0]["displayName"], "Inbox");
    assert_eq!(read("User.Read", "/v1.0/me")["userPrincipalName"], "ada@contoso.example");
    assert_eq!(read("openid", "/oidc/userinfo")["email"], "ada@contoso.example");
}

#[test]
fn every_answer_has_the_servers_headers() {
    let bench = Bench::new("normal");
    let mut request = post(
        "/common/oauth2/v2.0/token",
        &[("grant_type", "urn:ietf:params:oauth:grant-type:saml2-bearer")],
    );
    let id = "7a9b1c2d-0000-4000-8000-000000000001";
    request.headers_mut().insert("client-request-id", id.parse().unwrap());
    request.headers_mut().insert("return-client-request-id", "true".parse().unwrap());
    let answer = bench.send(request);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("client-request-id"), id);
    assert_eq!(header("x-ms-clitelem"), "1,70003,0,,");
    assert_eq!(header("date"), "Fri, 15 Jan 2027 08:00:00 GMT");
    assert_eq!(header("cache-control"), "no-store, no-cache");
    let body = json(&answer);
    assert_eq!(body["correlation_id"], id);
    assert_eq!(body["timestamp"], "2027-01-15 08:00:00Z");
    assert_eq!(body["error_uri"], "http://localhost:8400/error?code=70003");
}

#[test]
fn the_parts_of_a_description_can_be_on_separate_lines() {
    let mut options = EmulatorOptions::new(Url::parse("http://localhost:8400").unwrap());
    options.crlf = true;
    let answer = Bench::with(options).token(&[("grant_type", "client_credentials")]);
    assert_eq!(answer.status(), 401);
    assert!(json(&answer)["error_description"].as_str().unwrap().contains(".\r\nTrace ID: "));
}

#[test]
fn a_request_that_is_not_a_posted_form_is_refused() {
    let bench = Bench::new("normal");
    let json_body =
        Request::post("/common/oauth2/v2.0/token").header("content-type", "application/json");
    let answer = bench.send(json_body.body(b"{}".to_vec()).unwrap());
    assert_eq!(json(&answer)["error_codes"][0], 900_144);
    assert_eq!(json(&bench.get("/common/oauth2/v2.0/token"))["error_codes"][0], 900_561);
    let unknown = bench.token(&[("grant_type", "device_code"), ("code", "none-such-code")]);
    assert_eq!(json(&unknown)["error"], "bad_verification_code");
}

#[test]
fn unusual_requests_get_a_response() {
    let bench = Bench::new("normal");
    for path in [
        "/",
        "//",
        "/%00/oauth2/v2.0/token",
        "/common/oauth2/v2.0/authorize?client_id=%ff%fe",
        "/a/b/c/d",
        "/common/oauth2/v2.0/logout?post_logout_redirect_uri=javascript:alert(1)",
        "/v1.0/me/messages/%2e%2e",
        "/common/v2.0/adminconsent",
        "/common/discovery/instance?authorization_endpoint=:::",
    ] {
        for method in ["GET", "POST", "PUT", "OPTIONS", "HEAD"] {
            let request = Request::builder().method(method).uri(path);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let request = request.header("authorization", "Bearer ..");
            let answer =
                bench.send(request.body(b"otc=%00&client_id=\xff&flow=x&==&&".to_vec()).unwrap());
            let location = answer.headers().get("location");
            assert!(answer.status().as_u16() < 500 && location.is_none(), "{method} {path}");
        }
    }
    assert_eq!(bench.emulator.log().len(), 45);
}
