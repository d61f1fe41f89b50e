//! An emulator in the place of Microsoft's hosts.

use super::*;

const AT: &str = "https://login.microsoftonline.com";

#[test]
fn an_authority_names_itself_in_every_document_and_token() {
    let bench = Bench::of_microsoft("auto-approve", &[]);
    for (host, issuer) in [
        ("login.microsoftonline.com", "https://login.microsoftonline.com/{tenantid}/v2.0"),
        ("login.windows.net", "https://login.microsoftonline.com/{tenantid}/v2.0"),
        ("login.microsoftonline.us", "https://login.microsoftonline.us/{tenantid}/v2.0"),
        ("login.chinacloudapi.cn", "https://login.partner.microsoftonline.cn/{tenantid}/v2.0"),
    ] {
        let url = format!("https://{host}/common/v2.0/.well-known/openid-configuration");
        let document = json(&bench.get(&url));
        assert_eq!(document["issuer"], issuer);
        assert_eq!(document["token_endpoint"], format!("https://{host}/common/oauth2/v2.0/token"));
    }
    let form = [
        ("grant_type", "password"),
        ("client_id", CLIENT),
        ("username", "ada@contoso.example"),
        ("password", "any password"),
        ("scope", "User.Read openid"),
    ];
    let china = "https://login.partner.microsoftonline.cn/contoso.example/oauth2/v2.0/token";
    let body = json(&bench.post(china, &form));
    let tid = crate::account::CONTOSO;
    assert_eq!(
        claims_of(&body["access_token"]).text("iss"),
        Some(format!("https://sts.chinacloudapi.cn/{tid}/").as_str())
    );
    assert_eq!(
        claims_of(&body["id_token"]).text("iss"),
        Some(format!("https://login.partner.microsoftonline.cn/{tid}/v2.0").as_str())
    );
    let device = json(&bench.post(
        &format!("{AT}/common/oauth2/v2.0/devicecode"),
        &[("client_id", CLIENT), ("scope", "User.Read")],
    ));
    let page = device["verification_uri"].as_str().unwrap();
    assert_eq!(page, "https://login.microsoft.com/device");
    assert!(text(&bench.get(page)).contains("Enter code"));
}

#[test]
fn external_id_and_b2c_have_their_own_issuers() {
    let bench = Bench::of_microsoft("auto-approve", &[]);
    let tid = crate::account::CONTOSO;
    for (at, issuer) in [
        (
            "https://contoso.ciamlogin.com/contoso.example",
            format!("https://{tid}.ciamlogin.com/{tid}/v2.0"),
        ),
        (
            "https://contoso.b2clogin.com/contoso.example/B2C_1_sign_in",
            format!("https://contoso.b2clogin.com/{tid}/v2.0/"),
        ),
    ] {
        let document = json(&bench.get(&format!("{at}/v2.0/.well-known/openid-configuration")));
        assert_eq!(document["issuer"], issuer);
        assert_eq!(document["token_endpoint"], format!("{at}/oauth2/v2.0/token"));
        let form = [
            ("grant_type", "password"),
            ("client_id", CLIENT),
            ("username", "ada@contoso.example"),
            ("password", "any password"),
            ("scope", "User.Read openid"),
        ];
        let body = json(&bench.post(document["token_endpoint"].as_str().unwrap(), &form));
        let id = claims_of(&body["id_token"]);
        assert_eq!(id.text("iss"), Some(issuer.as_str()));
        let token = body["access_token"].as_str().unwrap();
        let user_info =
            json(&bench.get_with(token, document["userinfo_endpoint"].as_str().unwrap()));
        assert_eq!(user_info["sub"].as_str(), id.text("sub"));
        assert_eq!(bench.get(document["jwks_uri"].as_str().unwrap()).status(), 200);
    }
    let behind = "https://contoso.b2clogin.com/tfp/contoso.example/b2c_1_x/v2.0/.well-known/openid-configuration";
    assert_eq!(bench.get(behind).status(), 200);
}

#[test]
fn each_host_has_its_own_endpoints_only() {
    let bench = Bench::of_microsoft("auto-approve", &[]);
    for (url, status) in [
        ("https://login.microsoftonline.com/common/discovery/v2.0/keys", 200),
        ("https://graph.microsoft.com/common/discovery/v2.0/keys", 404),
        ("https://graph.microsoft.com/v1.0/me", 401),
        ("https://microsoftgraph.chinacloudapi.cn/beta/me", 401),
        ("https://login.microsoftonline.com/v1.0/me", 404),
        ("https://management.azure.com/subscriptions?api-version=1", 401),
        ("https://outlook.office365.com/EWS/Exchange.asmx", 401),
        ("http://169.254.169.254/metadata/identity/oauth2/token", 400),
        ("https://dc.services.visualstudio.com/v2/track", 404),
        ("https://localhost/common/discovery/v2.0/keys", 200),
    ] {
        assert_eq!(bench.get(url).status(), status, "{url}");
    }
    let hosts: Vec<_> = bench.emulator.log().into_iter().map(|line| line.host).collect();
    assert_eq!(hosts[0].as_deref(), Some("login.microsoftonline.com"));
    assert_eq!(hosts[8].as_deref(), Some("dc.services.visualstudio.com"));
    assert_eq!(hosts[9], None);
    // The emulator's own address has every service.
    let own = Bench::new("normal");
    assert_eq!(own.get("/v1.0/me").status(), 401);
    assert_eq!(own.get("/subscriptions?api-version=1").status(), 401);
    assert_eq!(own.get("https://graph.microsoft.com/common/discovery/v2.0/keys").status(), 200);
}

#[test]
fn instance_discovery_knows_every_cloud_and_the_emulator_itself() {
    let bench = Bench::of_microsoft("normal", &[]);
    let ask = |bench: &Bench, authority: &str| {
        let query = format!(
            "api-version=1.1&authorization_endpoint={authority}/common/oauth2/v2.0/authorize"
        );
        bench.get(&format!("{AT}/common/discovery/instance?{query}"))
    };
    let known = json(&ask(&bench, "https://login.microsoftonline.us"));
    let names: Vec<&str> = known["metadata"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["preferred_network"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "login.microsoftonline.com",
            "login.partner.microsoftonline.cn",
            "login.microsoftonline.us"
        ]
    );
    assert_eq!(
        known["tenant_discovery_endpoint"],
        "https://login.microsoftonline.us/common/v2.0/.well-known/openid-configuration"
    );
    let own = json(&ask(&Bench::new("normal"), "https://localhost:8400"));
    assert_eq!(own["metadata"][3]["aliases"][0], "localhost:8400");
    assert!(
        own["tenant_discovery_endpoint"].as_str().unwrap().starts_with("https://localhost:8400/")
    );
    assert_eq!(error_code(&ask(&bench, "https://evil.example")), 50_049);
}

#[test]
fn browsers_and_old_libraries_find_what_they_ask_for_before_a_sign_in() {
    let bench = Bench::of_microsoft("normal", &[]);
    let page = bench.get(&format!("{AT}/common/oauth2/nativeclient?code=x"));
    assert_eq!((page.status().as_u16(), page.body().len()), (200, 0));
    let realm = |query: &str| json(&bench.get(&format!("{AT}/common/userrealm/{query}")));
    assert_eq!(realm("ada@contoso.example?api-version=1.0")["account_type"], "Managed");
    assert_eq!(realm("x@nowhere.example?api-version=1.0")["account_type"], "Unknown");
    assert_eq!(realm("?user=ada@contoso.example&api-version=2.1")["NameSpaceType"], "Managed");
    let exists = |user: &str| {
        let body = format!("{{\"username\":\"{user}\"}}").into_bytes();
        let request = Request::post(format!("{AT}/common/GetCredentialType")).body(body).unwrap();
        json(&bench.send(request))["IfExistsResult"].clone()
    };
    assert_eq!((exists("ada@contoso.example"), exists("no@contoso.example")), (0.into(), 1.into()));
    let finger = json(&bench.get(&format!("{AT}/.well-known/webfinger?resource=acct:a@b.c")));
    assert_eq!(finger["subject"], "acct:a@b.c");
}
