//! Clients with a secret or a certificate, passwords, and APIs that act for users.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json as value;

use super::*;
use crate::account::CONTOSO;

const GRAPH: &str = "https://graph.microsoft.com/.default";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const SECRET: &str = "a~secret:with+signs/of=its own";

fn bench() -> Bench {
    let mut bench = Bench::new("auto-approve");
    bench.tenant = "contoso.example";
    bench
}

/// An assertion with these changes, without its certificate: its signature is not checked.
fn assertion(changes: &[(&str, Value)]) -> String {
    let mut claims = value!({
        "iss": CLIENT, "sub": CLIENT, "jti": "1", "nbf": T0.0, "exp": T0.0 + 600,
        "aud": "http://localhost:8400/contoso.example/oauth2/v2.0/token",
    });
    for (name, change) in changes {
        claims[*name] = change.clone();
    }
    let header = value!({ "alg": "RS256", "typ": "JWT", "x5t": "9tF0o0cA" });
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.c2lnbmF0dXJl", encode(&header), encode(&claims))
}

/// The same, signed by a key whose certificate is in it; or by another key.
fn assertion_with_certificate(is_own_key: bool) -> String {
    let pair = || rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let own = pair();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&own).unwrap();
    let header = value!({
        "alg": "RS256", "typ": "JWT", "x5t#S256": "9tF0o0cA", "x5c": [STANDARD.encode(certificate.der()).replacen('A', "A\n", 1)],
    });
    let claims = assertion(&[]).split('.').nth(1).unwrap().to_owned();
    let signed = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header.to_string()));
    let key = if is_own_key { own } else { pair() };
    let signature = rcgen::SigningKey::sign(&key, signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn the_signature_of_an_assertion_is_checked_with_the_certificate_in_it() {
    let bench = bench();
    let noted = |bench: &Bench| bench.emulator.log().last().unwrap().notes[0].to_string();
    assert_eq!(with_assertion(&bench, &assertion_with_certificate(true)).status(), 200);
    assert_eq!(noted(&bench), "unregistered certificate accepted: 9tF0o0cA");
    let refused = with_assertion(&bench, &assertion_with_certificate(false));
    assert_eq!((refused.status().as_u16(), error_code(&refused)), (401, 700_027));
    assert_eq!(with_assertion(&bench, &assertion(&[])).status(), 200);
    let unchecked = "unregistered certificate accepted: 9tF0o0cA (its signature is not checked)";
    assert_eq!(noted(&bench), unchecked);
}

fn with_assertion(bench: &Bench, assertion: &str) -> HttpResponse {
    bench.token(&[
        ("grant_type", "client_credentials"),
        ("scope", GRAPH),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ])
}

#[test]
fn an_application_signs_in_as_itself() {
    let bench = bench();
    let form = [("grant_type", "client_credentials"), ("scope", GRAPH), ("client_secret", SECRET)];
    let by_secret = json(&bench.token(&form));
    let by_certificate = json(&with_assertion(&bench, &assertion(&[])));
    for (body, appidacr) in [(&by_secret, "1"), (&by_certificate, "2")] {
        assert!(body.get("refresh_token").is_none() && body.get("id_token").is_none(), "{body}");
        let claims = claims_of(&body["access_token"]);
        assert_eq!(claims.text("idtyp"), Some("app"));
        assert_eq!((claims.text("appidacr"), claims.text("tid")), (Some(appidacr), Some(CONTOSO)));
        assert!(!claims.has_scp() && claims.roles().unwrap().contains(&"User.Read.All"));
        let token = body["access_token"].as_str().unwrap();
        assert_eq!(bench.graph(token, "/v1.0/users/ada@contoso.example").0, 200);
        assert_eq!(bench.graph(token, "/v1.0/users/ada@contoso.example/messages").0, 200);
        assert_eq!(bench.graph(token, "/v1.0/me").0, 400);
    }
    assert!(bench.emulator.secrets().contains(&SECRET.to_owned()));
    let v1 = bench.post(
        "/contoso.example/oauth2/token",
        &[
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("client_secret", SECRET),
            ("resource", "https://vault.azure.net"),
        ],
    );
    assert_eq!(json(&v1)["resource"], "https://vault.azure.net");
    assert_eq!(json(&v1)["expires_in"], "3599");
}

#[test]
fn each_mistake_of_an_application_has_its_number() {
    let bench = bench();
    let refused = |form: &[(&str, &str)]| {
        let mut members = vec![("grant_type", "client_credentials")];
        members.extend(form);
        error_code(&bench.token(&members))
    };
    assert_eq!(refused(&[("scope", GRAPH)]), 7_000_216);
    assert_eq!(refused(&[("scope", GRAPH), ("client_secret", WRONG_SECRET)]), 7_000_215);
    assert_eq!(refused(&[("client_secret", SECRET)]), 900_144);
    let named = "https://graph.microsoft.com/Mail.Read";
    assert_eq!(refused(&[("scope", named), ("client_secret", SECRET)]), 1_002_012);
    for (change, code) in [
        (("iss", value!("another")), 700_021),
        (("aud", value!("https://evil.example")), 700_023),
        (("exp", value!(T0.0)), 700_024),
        (("nbf", value!(T0.0 + 301)), 700_024),
    ] {
        let answer = with_assertion(&bench, &assertion(&[change]));
        assert_eq!((answer.status().as_u16(), error_code(&answer)), (401, code));
    }
    assert_eq!(error_code(&with_assertion(&bench, "no.jwt")), 50_027);
    let no_key = assertion(&[]).replacen(
        assertion(&[]).split('.').next().unwrap(),
        &URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}"),
        1,
    );
    assert_eq!(error_code(&with_assertion(&bench, &no_key)), 700_027);
    let mut everywhere = Bench::new("normal");
    everywhere.tenant = "common";
    let form = [("grant_type", "client_credentials"), ("scope", GRAPH), ("client_secret", SECRET)];
    let token = claims_of(&json(&everywhere.token(&form))["access_token"]);
    assert_eq!(token.text("tid"), Some("f8cdef31-a31e-4b4a-93e4-5f571e91255a"));
}

#[test]
fn a_secret_can_be_in_the_authorization_header() {
    let bench = bench();
    let basic = |id: &str, secret: &str| {
        let encode =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
        let mut request = post(
            "/contoso.example/oauth2/v2.0/token",
            &[("grant_type", "client_credentials"), ("scope", GRAPH)],
        );
        request.headers_mut().insert("authorization", format!("Basic {pair}").parse().unwrap());
        bench.send(request)
    };
    assert_eq!(basic(CLIENT, SECRET).status(), 200);
    assert!(bench.emulator.secrets().contains(&SECRET.to_owned()), "decoded as it was encoded");
    assert_eq!(error_code(&basic(CLIENT, WRONG_SECRET)), 7_000_215);
    assert_eq!(error_code(&basic("", SECRET)), 900_144);
}

#[test]
fn a_registration_decides_whether_a_secret_may_be_sent() {
    let bench = |kind| {
        let mut options = EmulatorOptions::new(Url::parse("http://localhost:8400").unwrap());
        options.scenario = Scenario::find("auto-approve").unwrap();
        let redirect_uris = vec!["http://localhost".to_owned()];
        options.clients.push(Registration { client_id: CLIENT.to_owned(), kind, redirect_uris });
        Bench::with(options)
    };
    let code =
        |bench: &Bench| super::code::member(&bench.get(&bench.authorize_url(&[])), "code").unwrap();
    let web = bench(RegistrationKind::Web);
    assert_eq!(web.refused(&code(&web), &[]), 7_000_218);
    let token = json(&web.redeem(&code(&web), &[("client_secret", SECRET)]));
    assert_eq!(claims_of(&token["access_token"]).text("appidacr"), Some("1"));
    let refresh = token["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("scope", MAIL)];
    assert_eq!(error_code(&web.token(&form)), 7_000_218);
    let with_secret = [&form[..], &[("client_secret", SECRET)]].concat();
    assert_eq!(web.token(&with_secret).status(), 200);
    let public = bench(RegistrationKind::Public);
    assert_eq!(public.refused(&code(&public), &[("client_secret", SECRET)]), 700_025);
}

#[test]
fn a_public_client_is_refused_with_a_secret_and_with_http_basic() {
    let mut bench = Bench::new("public-client");
    let code = super::code::member(&bench.get(&bench.authorize_url(&[])), "code").unwrap();
    assert_eq!(bench.refused(&code, &[("client_secret", SECRET)]), 700_025);
    let form = [("grant_type", "authorization_code"), ("code", &*code)];
    let mut basic = post("/common/oauth2/v2.0/token", &form);
    let pair = STANDARD.encode(format!("{}:", bench.client));
    basic.headers_mut().insert("authorization", format!("Basic {pair}").parse().unwrap());
    let refused = bench.send(basic);
    assert_eq!((refused.status().as_u16(), error_code(&refused)), (401, 700_025));
    assert_eq!(bench.redeem(&code, &[]).status(), 200, "the code was not used up");
    assert!(bench.sign_in(MAIL).refresh_token.is_some());
}

#[test]
fn a_password_signs_in_where_the_tenant_is_named() {
    let mut bench = bench();
    let token = |bench: &Bench, user: &str, password: &str| {
        bench.token(&[
            ("grant_type", "password"),
            ("scope", "User.Read openid offline_access"),
            ("username", user),
            ("password", password),
        ])
    };
    let body = json(&token(&bench, "ada@contoso.example", "correct horse"));
    assert!(body["refresh_token"].is_string() && body["id_token"].is_string());
    assert!(bench.emulator.secrets().contains(&"correct horse".to_owned()));
    assert_eq!(bench.graph(body["access_token"].as_str().unwrap(), "/v1.0/me").0, 200);
    assert_eq!(error_code(&token(&bench, "ada@contoso.example", WRONG_PASSWORD)), 50_126);
    assert_eq!(error_code(&token(&bench, "nobody@contoso.example", "x")), 50_034);
    assert_eq!(error_code(&token(&bench, "ada@outlook.example", "x")), 50_034);
    assert_eq!(error_code(&token(&bench, "ada@contoso.example", "")), 900_144);
    bench.tenant = "common";
    assert_eq!(error_code(&token(&bench, "ada@contoso.example", "x")), 9_001_023);
}

#[test]
fn an_api_acts_for_the_user_of_the_token_that_it_received() {
    let api = "22222222-2222-4222-8222-222222222222";
    let uri = format!("api://{api}");
    let mut options = EmulatorOptions::new(Url::parse("http://localhost:8400").unwrap());
    options.scenario = Scenario::find("auto-approve").unwrap();
    options.apis = vec![EmulatedApi::new(&uri, ["Orders.Read"]).unwrap()];
    let mut bench = Bench::with(options);
    bench.tenant = "contoso.example";
    let received = bench.sign_in(&format!("{uri}/Orders.Read openid"));
    let (received, id_token) = (received.access_token, received.id_token.unwrap());
    let graph = bench.sign_in("User.Read").access_token;
    bench.client = api.to_owned();
    let exchanged = |bench: &Bench, assertion: &str, more: &[(&str, &str)]| {
        let mut form = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("requested_token_use", "on_behalf_of"),
            ("scope", "https://graph.microsoft.com/User.Read"),
            ("assertion", assertion),
        ];
        form.extend(more);
        bench.token(&form)
    };
    let secret = [("client_secret", SECRET)];
    let body = json(&exchanged(&bench, received.expose(), &secret));
    let claims = claims_of(&body["access_token"]);
    assert_eq!((claims.client_id(), claims.text("upn")), (Some(api), Some("ada@contoso.example")));
    assert_eq!(bench.graph(body["access_token"].as_str().unwrap(), "/v1.0/me").0, 200);
    assert_eq!(error_code(&exchanged(&bench, received.expose(), &[])), 7_000_218);
    assert_eq!(error_code(&exchanged(&bench, graph.expose(), &secret)), 500_131);
    assert_eq!(error_code(&exchanged(&bench, "no jwt", &secret)), 50_027);
    let text = received.expose();
    let forged = format!("{}AAAA", &text[..text.len() - 4]);
    assert_eq!(error_code(&exchanged(&bench, &forged, &secret)), 50_013);
    assert_eq!(error_code(&exchanged(&bench, id_token.expose(), &secret)), 500_131);
    let app =
        [("grant_type", "client_credentials"), ("scope", &format!("{uri}/.default")), secret[0]];
    let app = json(&bench.token(&app))["access_token"].as_str().unwrap().to_owned();
    assert_eq!(error_code(&exchanged(&bench, &app, &secret)), 240_002);
    bench.now = bench.now.plus_seconds(86_400);
    assert_eq!(error_code(&exchanged(&bench, received.expose(), &secret)), 500_133);
}

#[test]
fn a_fault_of_the_scenario_meets_applications_too() {
    let mut bench = Bench::new("throttled");
    bench.tenant = "contoso.example";
    let form = [("grant_type", "client_credentials"), ("scope", GRAPH), ("client_secret", SECRET)];
    let statuses = [bench.token(&form), bench.token(&form)].map(|answer| answer.status().as_u16());
    assert_eq!(statuses, [429, 200]);
}
