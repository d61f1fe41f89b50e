//! What is accepted although nobody registered it, and only where that is wanted.

use serde_json::json as value;

use super::*;

const UNKNOWN: &str = "https://api.fabrikam.example/Orders.Read";

fn bench(accept: &[Unregistered]) -> Bench {
    let mut options = EmulatorOptions::new(Url::parse("http://localhost:8400").unwrap());
    options.scenario = Scenario::find("auto-approve").unwrap();
    options.accept = accept.to_vec();
    Bench::with(options)
}

fn notes(bench: &Bench) -> Vec<String> {
    let lines = bench.emulator.log();
    lines.iter().flat_map(|line| line.notes.iter().map(ToString::to_string)).collect()
}

fn password(bench: &Bench, tenant: &str, user: &str, scope: &str) -> HttpResponse {
    let form = [
        ("client_id", CLIENT),
        ("grant_type", "password"),
        ("username", user),
        ("password", "any password"),
        ("scope", scope),
    ];
    bench.post(&format!("/{tenant}/oauth2/v2.0/token"), &form)
}

#[test]
fn any_tenant_and_any_user_sign_in() {
    let guid = "77777777-0000-4000-8000-000000000001";
    for tenant in [guid, "fabrikam.example"] {
        let strict = bench(&[]);
        assert_eq!(
            error_code(&password(&strict, tenant, "ada@contoso.example", "User.Read")),
            90_002
        );
        let bench = bench(&[Unregistered::Tenant, Unregistered::User]);
        let user = "zoe.quinn@fabrikam.example";
        let body = json(&password(&bench, tenant, user, "User.Read openid"));
        let claims = claims_of(&body["access_token"]);
        assert_eq!(claims.text("upn"), Some(user));
        assert_eq!(claims.text("name"), Some("Zoe Quinn"));
        if tenant == guid {
            assert_eq!(claims.text("tid"), Some(guid));
        }
        let token = body["access_token"].as_str().unwrap();
        assert_eq!(json(&bench.get_with(token, "/v1.0/me"))["mail"], user);
        let again = json(&password(&bench, tenant, "Zoe.Quinn@fabrikam.example", "User.Read"));
        assert_eq!(claims_of(&again["access_token"]).text("oid"), claims.text("oid"), "one person");
        let expected = [
            format!("unregistered tenant accepted: {tenant}"),
            format!("unregistered user accepted: {user}"),
        ];
        assert_eq!(notes(&bench), expected, "each is noted once");
    }
    let bench = bench(&[Unregistered::Tenant, Unregistered::User]);
    for (tenant, user) in
        [("not-a-domain", "a@contoso.example"), ("fabrikam.example", "a b@contoso.example")]
    {
        assert_ne!(password(&bench, tenant, user, "User.Read").status(), 200, "{tenant} {user}");
    }
    let before = notes(&bench).len();
    assert_eq!(bench.get("/favicon.ico").status(), 404);
    assert_eq!(notes(&bench).len(), before, "a file is no tenant");
    let personal = json(&password(&bench, "organizations", "joe@outlook.com", "User.Read"));
    assert_eq!(personal["error_codes"][0], 50_034);
}

#[test]
fn a_user_of_the_options_signs_in_and_a_hint_names_another_one() {
    let mut options = EmulatorOptions::new(Url::parse("http://localhost:8400").unwrap());
    options.scenario = Scenario::find("auto-approve").unwrap();
    options.accept = vec![Unregistered::User];
    options.account = Some("zoe@fabrikam.example".to_owned());
    let mut bench = Bench::with(options);
    let upn = |token: &Secret| claims(token).text("upn").map(str::to_owned);
    let zoe = bench.sign_in("User.Read");
    assert_eq!(upn(&zoe.access_token).as_deref(), Some("zoe@fabrikam.example"));
    let back = bench.get(&bench.authorize_url(&[("login_hint", "max@fabrikam.example")]));
    let code = super::code::member(&back, "code").unwrap();
    let token = json(&bench.redeem(&code, &[]));
    assert_eq!(claims_of(&token["access_token"]).text("upn"), Some("max@fabrikam.example"));
    assert!(bench.emulator.set_scenario("normal"));
    let page = text(&bench.get(&bench.authorize_url(&[])));
    assert!(page.contains("zoe@fabrikam.example") && page.contains("name=\"username\""));
    let typed = bench.press(&[], ("username", "eve@fabrikam.example"));
    let code = super::code::member(&typed, "code").unwrap();
    let token = json(&bench.redeem(&code, &[]));
    assert_eq!(claims_of(&token["access_token"]).text("upn"), Some("eve@fabrikam.example"));
}

#[test]
fn any_redirect_uri_is_accepted_and_noted() {
    let uri = [("redirect_uri", "https://app.fabrikam.example/callback")];
    assert!(text(&bench(&[]).get(&bench(&[]).authorize_url(&uri))).contains("AADSTS50011"));
    let bench = bench(&[Unregistered::RedirectUri]);
    let back = bench.get(&bench.authorize_url(&uri));
    assert!(super::code::location(&back).as_str().starts_with(uri[0].1));
    assert_eq!(notes(&bench), [format!("unregistered redirect URI accepted: {}", uri[0].1)]);
    bench.get(&bench.authorize_url(&[]));
    assert_eq!(notes(&bench).len(), 1, "a registered one is no note");
    let page = bench.get(&bench.authorize_url(&[("redirect_uri", "no url")]));
    assert!(text(&page).contains("AADSTS50011"));
}

#[test]
fn any_api_and_permission_is_accepted_and_noted() {
    let mut strict = bench(&[]);
    assert_eq!(strict.start(UNKNOWN).unwrap_err().error_codes, [500_011]);
    assert_eq!(strict.start("Sundries.Read").unwrap_err().error_codes, [650_053]);
    assert!(strict.sign_in("https://vault.azure.net/.default").scope.is_some());
    let mut bench = bench(&[Unregistered::Api]);
    let token = bench.sign_in(UNKNOWN);
    let claims = claims(&token.access_token);
    assert_eq!(claims.aud(), Some("https://api.fabrikam.example"));
    assert_eq!(claims.text("scp"), Some("Orders.Read"));
    let more = bench.sign_in("https://api.fabrikam.example/Orders.Write");
    assert_eq!(super::claims(&more.access_token).text("scp"), Some("Orders.Write Orders.Read"));
    let graph = bench.sign_in("Sundries.Read User.Read");
    assert_eq!(bench.graph(graph.access_token.expose(), "/v1.0/me").0, 200);
    for expected in [UNKNOWN, "https://api.fabrikam.example/Orders.Write", "Sundries.Read"] {
        let found = notes(&bench);
        assert!(found.iter().any(|note| note.ends_with(expected)), "{expected}: {found:?}");
    }
    assert_eq!(notes(&bench).len(), 3);
    for malformed in ["Mail.Read,User.Read", "ftp://x/y", "https://a b/x"] {
        assert!(bench.start(malformed).is_err(), "{malformed}");
    }
}

#[test]
fn default_stands_for_every_permission_and_is_noted_once() {
    let graph = "https://graph.microsoft.com/.default";
    let mut bench = bench(&[Unregistered::Api]);
    bench.tenant = "contoso.example";
    let app = |bench: &Bench, scope: &str| {
        let form =
            [("grant_type", "client_credentials"), ("client_secret", "a~secret"), ("scope", scope)];
        json(&bench.token(&form))["access_token"].as_str().unwrap().to_owned()
    };
    let user = bench.sign_in(graph).access_token.expose().to_owned();
    let holder = claims_of(&value!(user));
    let application = claims_of(&value!(app(&bench, graph)));
    for call in entrada_core::entra::graph::all() {
        let work = call.work.least().map(|least| least.name);
        assert!(work.is_none_or(|name| holder.scp().unwrap().contains(name)), "{call:?}");
        let role = call.application.least().map(|least| least.name);
        assert!(role.is_none_or(|name| application.roles().unwrap().contains(&name)), "{call:?}");
    }
    assert!(user.len() < 12_000, "{} bytes: servers take headers of 16 KiB", user.len());
    assert_eq!(bench.graph(&user, "/v1.0/users").0, 200);
    let exchange = "https://outlook.office365.com/.default";
    let mail = bench.sign_in(exchange).access_token.expose().to_owned();
    for token in [mail, app(&bench, exchange)] {
        assert_eq!(bench.get_with(&token, "/EWS/Exchange.asmx").status(), 200);
    }
    let expected =
        [graph, exchange].map(|scope| format!("unregistered API or permission accepted: {scope}"));
    assert_eq!(notes(&bench), expected);
}

#[test]
fn the_azure_cli_gets_nothing_of_mail() {
    let mut bench = Bench::new("auto-approve");
    bench.client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46".to_owned();
    let token = bench.sign_in("https://graph.microsoft.com/.default offline_access");
    let scp = claims(&token.access_token).text("scp").unwrap().to_owned();
    assert!(scp.contains("Directory.AccessAsUser.All") && !scp.contains("Mail."), "{scp}");
    let arm = bench
        .refresh(&token.refresh_token.unwrap(), "https://management.core.windows.net//.default");
    assert_eq!(
        claims(&arm.unwrap().access_token).aud(),
        Some("https://management.core.windows.net/")
    );
}
