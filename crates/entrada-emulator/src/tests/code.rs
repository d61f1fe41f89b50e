//! The authorization code flow, its pages, and the registrations it depends on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::*;

pub(super) const VERIFIER: &str = "a-verifier-that-is-at-least-forty-three-characters-long";
pub(super) const HERE: &str = "http://localhost:50123";

impl Bench {
    pub(super) fn authorize_url(&self, extra: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let mut pairs = vec![
            ("client_id", self.client.as_str()),
            ("response_type", "code"),
            ("redirect_uri", HERE),
            ("scope", MAIL),
            ("state", "st&te"),
            ("nonce", "n-1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in extra {
            pairs.retain(|(own, _)| own != name);
            pairs.push((name, value));
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("/{}/oauth2/v2.0/authorize?{query}", self.tenant)
    }

    /// Opens the page and presses a button.
    pub(super) fn press(&self, extra: &[(&str, &str)], button: (&str, &str)) -> HttpResponse {
        let page = text(&self.get(&self.authorize_url(extra)));
        let flow = page.split("name=\"flow\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let path = format!("/{}/oauth2/v2.0/authorize", self.tenant);
        self.post(&path, &[("flow", flow), button])
    }

    fn code(&self) -> String {
        member(&self.press(&[], ("account", "ada@contoso.example")), "code").unwrap()
    }

    pub(super) fn redeem(&self, code: &str, extra: &[(&str, &str)]) -> HttpResponse {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", HERE),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in extra {
            form.retain(|(own, _)| own != name);
            form.push((name, value));
        }
        self.token(&form)
    }

    pub(super) fn refused(&self, code: &str, extra: &[(&str, &str)]) -> u64 {
        json(&self.redeem(code, extra))["error_codes"][0].as_u64().unwrap_or_default()
    }
}

pub(super) fn location(answer: &HttpResponse) -> Url {
    Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap()
}

pub(super) fn member(answer: &HttpResponse, name: &str) -> Option<String> {
    location(answer).query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[test]
fn a_code_is_redeemed_once_by_the_holder_of_the_verifier() {
    let bench = Bench::new("normal");
    let back = bench.press(&[("client_info", "1")], ("account", "ada@contoso.example"));
    assert!(location(&back).as_str().starts_with("http://localhost:50123/?"));
    assert_eq!(member(&back, "state").as_deref(), Some("st&te"));
    assert!(member(&back, "session_state").is_some() && member(&back, "client_info").is_some());
    let code = member(&back, "code").unwrap();

    assert_eq!(
        bench.refused(&code, &[("code_verifier", "wrong-but-long-enough-to-be-a-verifier-000")]),
        501_481
    );
    assert_eq!(bench.refused(&code, &[("redirect_uri", "http://localhost:1")]), 500_112);
    assert_eq!(
        bench.refused(&code, &[("scope", "Mail.Read https://outlook.office.com/SMTP.Send")]),
        28_000
    );
    let code = bench.code();
    let answer = bench.redeem(&code, &[]);
    let token = TokenResponse::parse("a test", &answer, bench.now).unwrap().unwrap();
    let id_token = claims(token.id_token.as_ref().unwrap());
    assert_eq!((id_token.aud(), id_token.text("nonce")), (Some(CLIENT), Some("n-1")));
    assert_eq!(id_token.text("ver"), Some("2.0"));
    assert!(token.refresh_token.is_some());
    assert_eq!(bench.refused(&code, &[]), 54_005);
}

#[test]
fn a_code_expires_after_a_minute_and_belongs_to_its_tenant() {
    let mut bench = Bench::new("normal");
    let code = bench.code();
    bench.tenant = "organizations";
    assert_eq!(bench.refused(&code, &[]), 700_005);
    bench.tenant = "common";
    bench.now = bench.now.plus_seconds(60);
    assert_eq!(bench.refused(&code, &[]), 70_008);
}

#[test]
fn consent_to_two_apis_gives_a_code_for_one() {
    let bench = Bench::new("auto-approve");
    let both = "Mail.Read https://outlook.office.com/SMTP.Send offline_access";
    let code = member(&bench.get(&bench.authorize_url(&[("scope", both)])), "code").unwrap();
    let smtp = [("scope", "https://outlook.office.com/SMTP.Send")];
    let token = json(&bench.redeem(&code, &smtp));
    assert_eq!(token["scope"], "https://outlook.office.com/SMTP.Send");
    assert!(token["refresh_token"].is_string());
}

#[test]
fn the_response_uses_the_requested_mode() {
    let bench = Bench::new("auto-approve");
    let page = bench.get(&bench.authorize_url(&[("response_mode", "form_post")]));
    assert!(text(&page).contains("action=\"http://localhost:50123\""));
    assert!(text(&page).contains("name=\"state\" value=\"st&amp;te\""));
    let fragment = location(&bench.get(&bench.authorize_url(&[("response_mode", "fragment")])));
    assert!(fragment.fragment().unwrap().starts_with("code="));
}

#[test]
fn some_errors_are_shown_and_not_sent_to_the_client() {
    let mut bench = Bench::new("normal");
    let shown = |bench: &Bench, extra: &[(&str, &str)]| {
        let page = bench.get(&bench.authorize_url(extra));
        assert!(page.headers().get("location").is_none());
        let text = text(&page);
        text.split("AADSTS").nth(1).unwrap().split(':').next().unwrap().to_owned()
    };
    assert_eq!(shown(&bench, &[("redirect_uri", "http://localhost:1/other")]), "50011");
    assert_eq!(shown(&bench, &[("redirect_uri", "https://evil.example")]), "50011");
    assert_eq!(shown(&bench, &[("client_id", "no-guid")]), "700016");
    bench.tenant = "nowhere.example";
    assert_eq!(shown(&bench, &[]), "90002");
}

#[test]
fn other_errors_go_back_to_the_client() {
    let bench = Bench::new("normal");
    let error_of =
        |extra: &[(&str, &str)]| member(&bench.get(&bench.authorize_url(extra)), "error").unwrap();
    assert_eq!(
        error_of(&[("response_type", "token"), ("response_mode", "query")]),
        "unsupported_response_type"
    );
    assert_eq!(error_of(&[("scope", "Mail.Read,User.Read")]), "invalid_scope");
    assert_eq!(error_of(&[("prompt", "none")]), "login_required");
    assert_eq!(error_of(&[("code_challenge", "short")]), "invalid_request");
    let cancelled = bench.press(&[], ("action", "cancel"));
    assert_eq!(member(&cancelled, "error").as_deref(), Some("access_denied"));
    assert_eq!(member(&cancelled, "error_subcode").as_deref(), Some("cancel"));
    assert_eq!(member(&cancelled, "state").as_deref(), Some("st&te"));
}

#[test]
fn an_administrator_can_consent_to_a_client() {
    let bench = Bench::new("admin-consent-required");
    let page = text(&bench.get(&bench.authorize_url(&[])));
    assert!(page.contains("Need admin approval") && page.contains("error=access_denied"), "{page}");
    let path = format!(
        "/contoso.example/v2.0/adminconsent?client_id={CLIENT}&redirect_uri=http://localhost"
    );
    assert!(text(&bench.get(&path)).contains("Accept"));
    let done = bench.post(
        "/contoso.example/v2.0/adminconsent",
        &[("client_id", CLIENT), ("redirect_uri", HERE), ("action", "accept"), ("state", "s")],
    );
    assert_eq!(member(&done, "admin_consent").as_deref(), Some("True"));
    assert!(member(&bench.get(&bench.authorize_url(&[])), "code").is_some());
}

#[test]
fn each_kind_of_registration_has_its_own_error() {
    let bench = |kind, tenant| {
        let mut options = EmulatorOptions::new(Url::parse("http://localhost:8400").unwrap());
        options.scenario = Scenario::find("auto-approve").unwrap();
        let redirect_uris = vec!["http://localhost".to_owned()];
        options.clients.push(Registration { client_id: CLIENT.to_owned(), kind, redirect_uris });
        options.only_known_clients = true;
        let mut bench = Bench::with(options);
        bench.tenant = tenant;
        bench
    };
    for (kind, tenant, code) in [
        (RegistrationKind::SingleTenant, "common", 50_194),
        (RegistrationKind::WorkOnly, "consumers", 9_002_332),
        (RegistrationKind::PersonalOnly, "common", 9_002_331),
        (RegistrationKind::FirstParty, "common", 65_002),
    ] {
        let refusal = bench(kind, tenant).start(MAIL).unwrap_err();
        assert_eq!(refusal.error_codes, [code], "{kind:?}");
    }
    for kind in [RegistrationKind::Web, RegistrationKind::Spa] {
        let mut bench = bench(kind, "common");
        let device = bench.start(MAIL).unwrap();
        assert_eq!(bench.finish(&device).unwrap_err().error_codes, [7_000_218], "{kind:?}");
    }
    let spa = bench(RegistrationKind::Spa, "common");
    let code = member(&spa.get(&spa.authorize_url(&[])), "code").unwrap();
    assert_eq!(spa.refused(&code, &[]), 9_002_327);
    let mut unknown = bench(RegistrationKind::Public, "common");
    unknown.client = "99999999-0000-4000-8000-000000000000".to_owned();
    assert_eq!(unknown.start(MAIL).unwrap_err().error_codes, [700_016]);
    let family = bench(RegistrationKind::FirstParty, "common").sign_in("User.Read");
    assert_eq!(family.foci.as_deref(), Some("1"));
}
