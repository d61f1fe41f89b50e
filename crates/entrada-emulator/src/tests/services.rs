//! The services beside Entra: more of Graph, Resource Manager, Exchange, managed identities.

use serde_json::json as value;

use super::*;
use crate::account::CONTOSO;

fn bench() -> Bench {
    let mut bench = Bench::new("auto-approve");
    bench.tenant = "contoso.example";
    bench
}

fn token(bench: &mut Bench, scope: &str) -> String {
    bench.sign_in(scope).access_token.expose().to_owned()
}

#[test]
fn graph_has_the_directory_and_the_files_of_a_user() {
    let mut bench = bench();
    let token = token(&mut bench, "User.Read Files.Read");
    let get = |path: &str| json(&bench.get_with(&token, path));
    assert_eq!(get("/v1.0/organization")["value"][0]["id"], CONTOSO);
    assert_eq!(get("/v1.0/organization")["value"][0]["verifiedDomains"][0]["isDefault"], true);
    assert_eq!(get("/v1.0/me/drives")["value"][0]["driveType"], "business");
    let root = get("/v1.0/me/drive/root");
    assert!(root["fileSystemInfo"]["lastModifiedDateTime"].is_string(), "{root}");
    let path = format!("/v1.0/me/drive/items/{}", root["id"].as_str().unwrap());
    assert_eq!(get(&path)["root"], value!({}));
    let changes = get("/v1.0/me/drive/root/delta");
    assert_eq!(changes["value"][0]["id"], root["id"]);
    let link = changes["@odata.deltaLink"].as_str().unwrap();
    assert_eq!(link, "http://localhost:8400/v1.0/me/drive/root/delta?token=latest");
    assert_eq!(get("/v1.0/me/drive/root/delta?token=latest")["value"], value!([]));
    assert_eq!(get("/v1.0/me/drive/root/nothing")["error"]["code"], "BadRequest");
    assert_eq!(get("/v1.0/me/memberOf")["value"][0]["@odata.type"], "#microsoft.graph.group");
    assert!(get("/beta/me")["@odata.context"].as_str().unwrap().contains("/beta/$metadata#users"));
    let selected = get("/v1.0/me?$select=displayName,mail");
    assert_eq!(selected["mail"], "ada@contoso.example");
    assert!(selected.get("surname").is_none() && selected["id"].is_string());
    assert_eq!(get("/v1.0/users/ada%40contoso.example")["displayName"], "Ada Lovelace");
    assert_eq!(
        get("/v1.0/users/nobody@contoso.example")["error"]["code"],
        "Request_ResourceNotFound"
    );
    assert_eq!(get("/v1.0/users")["error"]["code"], "Authorization_RequestDenied");
}

#[test]
fn graph_refuses_each_call_that_the_token_has_no_permission_for() {
    let mut bench = bench();
    for (scope, path, status) in [
        ("Mail.Read", "/v1.0/me", 403),
        ("Calendars.Read", "/v1.0/me/drives", 403),
        ("Mail.Read", "/v1.0/me/memberOf", 403),
        ("Files.Read", "/v1.0/organization", 403),
        ("User.Read.All", "/v1.0/users", 200),
        ("Mail.Read", "/v1.0/users/lin@contoso.example/messages", 403),
        ("Mail.Read.Shared", "/v1.0/users/grace@partner.example/messages", 404),
        ("User.ReadWrite.All", "/v1.0/me", 200),
    ] {
        bench.client = uuid::Uuid::from_u128(
            (u128::from(status) << 64) | (scope.len() as u128 + path.len() as u128),
        )
        .to_string();
        let token = token(&mut bench, scope);
        assert_eq!(bench.graph(&token, path).0, status, "{scope} {path}");
    }
}

#[test]
fn a_batch_answers_each_call() {
    let mut bench = bench();
    let token = token(&mut bench, "User.Read");
    let batch = |bench: &Bench, body: &Value| {
        let request =
            Request::post("/v1.0/$batch").header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/json");
        bench.send(request.body(body.to_string().into_bytes()).unwrap())
    };
    let calls = value!({ "requests": [
        { "id": "1", "method": "GET", "url": "/me?$select=mail" },
        { "id": "2", "method": "GET", "url": "/me/messages" },
        { "id": "3", "method": "GET", "url": "/nowhere" },
    ] });
    let body = json(&batch(&bench, &calls));
    let answers = body["responses"].as_array().unwrap();
    let statuses: Vec<_> =
        answers.iter().map(|answer| answer["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 403, 400]);
    assert_eq!(answers[0]["body"]["mail"], "ada@contoso.example");
    assert_eq!(answers[1]["body"]["error"]["code"], "ErrorAccessDenied");
    let many = value!({ "requests": vec![calls["requests"][0].clone(); 21] });
    assert_eq!(batch(&bench, &many).status(), 400);
    assert_eq!(batch(&bench, &value!({ "requests": [{}] })).status(), 400);
}

#[test]
fn resource_manager_lists_tenants_and_subscriptions() {
    let mut bench = bench();
    let arm = token(&mut bench, "https://management.azure.com/.default");
    let graph = token(&mut bench, "User.Read");
    let get = |token: &str, path: &str| json(&bench.get_with(token, path));
    assert_eq!(get(&arm, "/tenants?api-version=2022-12-01")["value"][0]["tenantId"], CONTOSO);
    let subscription = get(&arm, "/subscriptions?api-version=2022-12-01")["value"][0].clone();
    assert_eq!(
        (&subscription["tenantId"], &subscription["state"]),
        (&value!(CONTOSO), &value!("Enabled"))
    );
    let id = subscription["subscriptionId"].as_str().unwrap();
    let groups = get(&arm, &format!("/subscriptions/{id}/resourcegroups?api-version=2021-04-01"));
    assert_eq!(groups["value"][0]["name"], "demo");
    for (token, path, code) in [
        (graph.as_str(), "/tenants?api-version=1", "InvalidAuthenticationTokenAudience"),
        ("", "/tenants?api-version=1", "AuthenticationFailed"),
        ("x", "/tenants?api-version=1", "InvalidAuthenticationToken"),
        (&arm, "/tenants", "MissingApiVersionParameter"),
        (
            &arm,
            "/subscriptions/00000000-0000-0000-0000-000000000000?api-version=1",
            "SubscriptionNotFound",
        ),
    ] {
        assert_eq!(get(token, path)["error"]["code"], code, "{path}");
    }
    let challenge = bench.get("/tenants?api-version=1").headers()["www-authenticate"].clone();
    assert!(challenge.to_str().unwrap().contains("authorization_uri="));
    let late = NumericDate(T0.0 + 86_400);
    let request =
        Request::get("/tenants?api-version=1").header("authorization", format!("Bearer {arm}"));
    let Reply::Answer(late) = bench.emulator.handle(request.body(Vec::new()).unwrap(), late) else {
        panic!()
    };
    assert_eq!(json(&late)["error"]["code"], "ExpiredAuthenticationToken");
}

#[test]
fn exchange_challenges_and_opens_the_inbox() {
    let mut bench = bench();
    let ews = "/EWS/Exchange.asmx";
    let good = token(&mut bench, "https://outlook.office.com/EWS.AccessAsUser.All");
    assert!(text(&bench.get_with(&good, ews)).contains("<t:DisplayName>Inbox</t:DisplayName>"));
    let by_default = token(&mut bench, "https://outlook.office365.com/.default");
    assert_eq!(bench.get_with(&by_default, ews).status(), 200);
    let application = [
        ("grant_type", "client_credentials"),
        ("client_secret", "a~secret"),
        ("scope", "https://outlook.office365.com/.default"),
    ];
    let application = json(&bench.token(&application));
    let application = application["access_token"].as_str().unwrap();
    assert_eq!(bench.get_with(application, ews).status(), 200);
    let none = bench.get(ews);
    let header = |answer: &HttpResponse, name: &str| {
        answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(none.status(), 401);
    let challenge = header(&none, "www-authenticate").unwrap();
    assert!(
        challenge.contains("client_id=\"00000002-0000-0ff1-ce00-000000000000\""),
        "{challenge}"
    );
    assert!(!challenge.contains("invalid_token") && header(&none, "x-ms-diagnostics").is_none());
    let graph = token(&mut bench, "User.Read");
    let other = bench.get_with(&graph, ews);
    assert!(header(&other, "www-authenticate").unwrap().contains("error=\"invalid_token\""));
    assert!(header(&other, "x-ms-diagnostics").unwrap().starts_with("2000003;"));
    bench.client = "99999999-0000-4000-8000-000000000000".to_owned();
    let imap = token(&mut bench, IMAP);
    assert_eq!(bench.get_with(&imap, ews).status(), 403);
}

#[test]
fn managed_identities_get_tokens_with_their_header_only() {
    let bench = bench();
    let resource = "resource=https://management.azure.com/";
    let ask = |path: &str, header: Option<(&str, &str)>, query: &str| {
        let mut request = Request::get(format!("{path}?api-version=2019-08-01&{query}"));
        if let Some((name, text)) = header {
            request = request.header(name, text);
        }
        bench.send(request.body(Vec::new()).unwrap())
    };
    let (imds, metadata) = ("/metadata/identity/oauth2/token", Some(("metadata", "true")));
    let (app_service, secret) = ("/msi/token", Some(("x-identity-header", "a-secret")));
    assert_eq!(ask(imds, None, resource).status(), 400);
    assert_eq!(ask(imds, Some(("metadata", "false")), resource).status(), 400);
    assert_eq!(ask(app_service, None, resource).status(), 401);
    assert_eq!(ask(imds, metadata, "").status(), 400);
    let unknown = json(&ask(imds, metadata, "resource=https://no.such.api"));
    assert!(unknown["error_description"].as_str().unwrap().starts_with("AADSTS500011"));
    let body = json(&ask(imds, metadata, resource));
    assert_eq!(
        (&body["token_type"], &body["resource"]),
        (&value!("Bearer"), &value!("https://management.azure.com/"))
    );
    assert_eq!(body["expires_on"], (T0.0 + 86_399).to_string());
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(
        json(&bench.get_with(token, "/tenants?api-version=1"))["value"][0]["tenantId"],
        CONTOSO
    );
    assert!(
        claims_of(&body["access_token"]).text("xms_mirid").unwrap().contains("ManagedIdentity")
    );
    let id = "33333333-0000-4000-8000-000000000001";
    let user = json(&ask(app_service, secret, &format!("{resource}&client_id={id}")));
    assert_eq!(claims_of(&user["access_token"]).client_id(), Some(id));
    assert!(user.get("expires_in").is_none() && user["expires_on"].is_string());
}
