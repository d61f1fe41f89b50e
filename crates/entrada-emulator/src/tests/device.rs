//! The device flow, the refreshes after it, and the documents around it.

use super::*;

#[test]
fn a_person_signs_in_at_the_page_and_the_token_reads_mail() {
    let mut bench = Bench::new("normal");
    let device = bench.start(MAIL).unwrap();
    assert_eq!(device.user_code.len(), 9);
    assert_eq!(device.verification_uri.as_str(), "http://localhost:8400/devicelogin");
    assert!(matches!(bench.poll(&device), Poll::Pending));
    assert_eq!(bench.emulator.pending_user_codes().first(), Some(&device.user_code));

    assert!(text(&bench.get("/devicelogin?otc=AB%22C")).contains("value=\"AB&quot;C\""));
    let typed = device.user_code.to_lowercase();
    let picker = text(&bench.post("/devicelogin", &[("otc", &typed)]));
    assert!(picker.contains("ada@contoso.example") && picker.contains(CLIENT), "{picker}");
    let done = bench.post("/devicelogin", &[("otc", &typed), ("account", "ada@contoso.example")]);
    assert!(text(&done).contains("You have signed in"));

    let token = bench.finish(&device).unwrap();
    assert_eq!(
        token.scope.as_deref(),
        Some("https://graph.microsoft.com/Mail.Read openid profile email")
    );
    assert!(token.refresh_token.is_some() && token.id_token.is_some());
    let account = account_of(&token);
    assert_eq!(account.username.as_deref(), Some("ada@contoso.example"));
    assert_eq!(account.tid.as_deref(), Some(account::CONTOSO));
    let access = claims(&token.access_token);
    assert_eq!(access.aud(), Some("https://graph.microsoft.com"));
    assert_eq!(access.client_id(), Some(CLIENT));
    let lived = access.exp().unwrap().seconds_since(access.time("iat").unwrap());
    assert_eq!(lived, i64::try_from(token.expires_in).unwrap() + 301);
    assert_eq!(bench.graph(token.access_token.expose(), "/v1.0/me/messages").0, 200);
    assert_eq!(
        bench.graph(token.access_token.expose(), "/v1.0/me").1,
        "Authorization_RequestDenied"
    );

    let Poll::Refused(again) = bench.poll(&device) else { panic!("redeemed twice") };
    assert_eq!(again.error_codes, [54_005]);
}

#[test]
fn a_wrong_or_expired_user_code_is_refused() {
    let mut bench = Bench::new("normal");
    let device = bench.start(MAIL).unwrap();
    assert!(text(&bench.post("/link", &[("otc", "NONSENSE")])).contains("didn’t work"));
    assert!(!bench.emulator.approve(&device.user_code, "unknown@contoso.example"));
    bench.now = bench.now.plus_seconds(901);
    let late = [("otc", device.user_code.as_str()), ("account", "ada@contoso.example")];
    assert!(text(&bench.post("/devicelogin", &late)).contains("didn’t work"));
    assert_eq!(bench.finish(&device).unwrap_err().error, "expired_token");
}

#[test]
fn cancelling_at_the_page_ends_the_flow() {
    let mut bench = Bench::new("normal");
    let device = bench.start(MAIL).unwrap();
    bench.post("/devicelogin", &[("otc", &device.user_code), ("action", "cancel")]);
    assert_eq!(bench.finish(&device).unwrap_err().error, "authorization_declined");
}

/// Also where a test or the sandbox signs in at the page before the second poll.
#[test]
fn who_declines_approves_nothing_at_the_page_either() {
    let mut bench = Bench::new("user-declines");
    let device = bench.start(MAIL).unwrap();
    let answer = bench
        .post("/devicelogin", &[("otc", &device.user_code), ("account", "ada@contoso.example")]);
    assert!(text(&answer).contains("You cancelled the sign-in"));
    assert_eq!(bench.finish(&device).unwrap_err().error, "authorization_declined");
}

#[test]
fn one_refresh_token_serves_several_apis_and_the_old_one_stays_valid() {
    let mut bench = Bench::new("auto-approve");
    let first = bench.sign_in(MAIL).refresh_token.unwrap();
    let imap = bench.refresh(&first, IMAP).unwrap();
    assert_eq!(imap.scope.as_deref(), Some("https://outlook.office.com/IMAP.AccessAsUser.All"));
    assert_eq!(claims(&imap.access_token).aud(), Some("https://outlook.office.com"));
    assert!(imap.id_token.is_none());
    assert_ne!(imap.refresh_token.unwrap().expose(), first.expose());
    let again = bench.refresh(&first, "User.Read").unwrap();
    // Consents add up.
    assert_eq!(again.scope.as_deref(), Some("User.Read Mail.Read openid profile email"));
    assert_eq!(claims(&again.access_token).aud(), Some("00000003-0000-0000-c000-000000000000"));
    let both = "Mail.Read https://outlook.office.com/SMTP.Send";
    assert!(bench.refresh(&first, both).unwrap().scope.unwrap().contains("Mail.Read"));
    let bare = bench.token(&[("grant_type", "refresh_token"), ("refresh_token", first.expose())]);
    assert_eq!(bare.status(), 200, "{}", text(&bare));
    assert_eq!(bench.refresh(&first, "openid").unwrap().scope.as_deref(), Some(""));
}

#[test]
fn a_refresh_without_a_scope_is_one_for_the_client_itself() {
    let mut bench = Bench::new("auto-approve");
    let token = bench.sign_in("openid offline_access").refresh_token.unwrap();
    let answer = bench.token(&[("grant_type", "refresh_token"), ("refresh_token", token.expose())]);
    assert_eq!(json(&answer)["error_codes"][0], 90_009);
}

#[test]
fn without_offline_access_there_is_no_refresh_token() {
    let mut bench = Bench::new("auto-approve");
    assert!(bench.sign_in("Mail.Read").refresh_token.is_none());
}

#[test]
fn default_lists_the_granted_scopes_and_itself() {
    let mut bench = Bench::new("auto-approve");
    let token = bench.sign_in("https://outlook.office365.com/.default offline_access openid");
    let scope = token.scope.unwrap();
    assert!(scope.starts_with("https://outlook.office365.com/IMAP.AccessAsUser.All "), "{scope}");
    assert!(scope.ends_with(" https://outlook.office365.com/.default"), "{scope}");
    assert!(token.refresh_token.is_some() && token.id_token.is_some());
}

#[test]
fn personal_accounts_get_opaque_tokens_and_only_the_granted_scopes() {
    let mut bench = Bench::new("personal-account");
    let token = bench.sign_in(MAIL);
    let access = token.access_token.expose();
    assert!(access.starts_with("EwB") && !access.contains('.'));
    assert_eq!(bench.graph(access, "/v1.0/me/messages").0, 200);
    let refresh_token = token.refresh_token.unwrap();
    assert!(refresh_token.expose().starts_with("M.C5"));
    assert_eq!(bench.refresh(&refresh_token, IMAP).unwrap_err().error_codes, [70_000]);
    assert!(
        bench
            .refresh(&refresh_token, "https://graph.microsoft.com/Mail.Read")
            .unwrap()
            .refresh_token
            .is_none()
    );
    assert!(bench.refresh(&refresh_token, MAIL).unwrap().refresh_token.is_some());
    bench.now = bench.now.plus_seconds(3_601);
    assert!(bench.graph(access, "/v1.0/me").2.contains("80049228"));

    bench.tenant = "consumers";
    let device = bench.start("https://outlook.office365.com/IMAP.AccessAsUser.All").unwrap();
    assert_eq!(device.user_code.len(), 8);
    assert_eq!(bench.finish(&device).unwrap_err().error_codes, [70_011]);
}

#[test]
fn no_secret_is_in_the_log_and_each_is_known() {
    let mut bench = Bench::new("auto-approve");
    let token = bench.sign_in(MAIL);
    let refresh_token = token.refresh_token.unwrap();
    bench.refresh(&refresh_token, IMAP).unwrap();
    bench.graph(token.access_token.expose(), "/v1.0/me?token=x");
    bench.token(&[("grant_type", "NOT-A-GRANT"), ("code_verifier", "a-verifier-of-some-length")]);
    let secrets = bench.emulator.secrets();
    for known in [token.access_token.expose(), refresh_token.expose(), "a-verifier-of-some-length"]
    {
        assert!(secrets.iter().any(|secret| secret == known));
    }
    let log = format!("{:?} {:?}", bench.emulator.log(), bench.emulator);
    assert!(secrets.iter().all(|secret| !log.contains(secret.as_str())));
    assert!(!log.contains("NOT-A-GRANT"));
    let refreshes =
        bench.emulator.log().into_iter().filter(|line| line.grant_type == Some("refresh_token"));
    assert_eq!(refreshes.map(|line| line.status).collect::<Vec<_>>(), [Some(200)]);
}

#[test]
fn the_metadata_is_what_the_client_expects() {
    let mut bench = Bench::new("normal");
    for (tenant, issuer) in [
        ("common", "http://localhost:8400/{tenantid}/v2.0".to_owned()),
        ("contoso.example", format!("http://localhost:8400/{}/v2.0", account::CONTOSO)),
    ] {
        bench.tenant = tenant;
        let answer = bench.send(discovery::request(&bench.authority()));
        let endpoints = discovery::parse(&bench.authority(), &answer, None).unwrap().unwrap();
        assert_eq!(endpoints.token, bench.endpoints().token);
        assert_eq!(endpoints.issuer, Some(issuer));
        assert!(json(&answer).get("revocation_endpoint").is_none());
    }
    let unknown = bench.get("/nowhere.example/v2.0/.well-known/openid-configuration");
    assert_eq!(json(&unknown)["error_codes"][0], 90_002);
    assert_eq!(json(&bench.get("/common/discovery/v2.0/keys"))["keys"][0]["kty"], "RSA");
    let realm = json(&bench.get("/common/userrealm/ada%40contoso.example?api-version=1.0"));
    assert_eq!(realm["account_type"], "Managed");
    let instance = "/common/discovery/instance?api-version=1.1&authorization_endpoint=https://";
    let known = json(&bench.get(&format!("{instance}login.microsoftonline.com/common/x")));
    assert!(known["metadata"][0]["aliases"].is_array());
    assert_eq!(json(&bench.get(&format!("{instance}evil.example/")))["error"], "invalid_instance");
    assert!(text(&bench.get("/")).contains("rotate-and-revoke"));
    assert_eq!(bench.get("/common/nothing").status(), 404);
}

#[test]
fn polling_without_a_pause_is_a_loop() {
    let mut bench = Bench::new("normal");
    let mut device = bench.start(MAIL).unwrap();
    device.interval = Duration::from_secs(1);
    for _ in 0..60 {
        assert!(matches!(bench.poll(&device), Poll::Pending));
    }
    assert!(matches!(bench.poll(&device), Poll::Refused(refusal) if refusal.has_code(&[50_196])));
}

#[test]
fn a_flow_belongs_to_its_tenant_and_its_client() {
    let mut bench = Bench::new("normal");
    bench.tenant = "contoso.example";
    let device = bench.start(MAIL).unwrap();
    bench.tenant = "common";
    assert!(matches!(bench.poll(&device), Poll::Refused(refusal) if refusal.has_code(&[700_005])));
    bench.tenant = account::CONTOSO;
    assert!(matches!(bench.poll(&device), Poll::Pending));
    bench.client = "99999999-0000-4000-8000-000000000000".to_owned();
    assert!(matches!(bench.poll(&device), Poll::Refused(refusal) if refusal.has_code(&[70_000])));
    bench.tenant = "organizations";
    let device = bench.start(MAIL).unwrap();
    assert!(!bench.emulator.approve(&device.user_code, "ada@outlook.example"));
    assert!(bench.emulator.decline(&device.user_code));
    assert!(!bench.emulator.approve(&device.user_code, "ada@contoso.example"));
}

#[test]
fn a_client_that_handles_challenges_gets_long_lived_tokens() {
    let mut bench = Bench::new("auto-approve");
    let token = bench.sign_in(MAIL).refresh_token.unwrap();
    let cp1 = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
    let scopes = ScopeSet::parse(MAIL);
    let endpoint = bench.endpoints().token;
    let request = refresh::request(&endpoint, &bench.client, &token, &scopes, Some(cp1));
    let token = refresh::parse(&bench.send(request), bench.now).unwrap().unwrap();
    assert!(86_000 < token.expires_in && token.refresh_in.is_some());
    assert_eq!(claims(&token.access_token).get("xms_cc"), Some(&serde_json::json!(["CP1"])));
}

#[test]
fn the_same_seed_gives_the_same_codes() {
    let code = |seed| {
        let mut options = EmulatorOptions::new(Url::parse("http://localhost:1").unwrap());
        options.seed = seed;
        Bench::with(options).start(MAIL).unwrap().user_code
    };
    assert_eq!(code(Some(1)), code(Some(1)));
    assert_ne!(code(Some(1)), code(Some(2)));
    assert_ne!(code(None), code(None));
}

#[test]
fn the_page_for_codes_shows_the_client_the_tenant_and_the_scopes() {
    let mut bench = Bench::new("normal");
    bench.tenant = account::CONTOSO;
    let device = bench.start(MAIL).unwrap();
    let path = format!("{}?otc={}", device.verification_uri.path(), device.user_code);
    let request = http::Request::builder().method("POST").uri(path).body(Vec::new()).unwrap();
    let page = text(&bench.send(request));
    for part in [
        &*bench.client,
        account::CONTOSO,
        "Mail.Read",
        "Continue only if you started this sign-in yourself.",
        "If someone sent you this code, they get access to your account",
        "<details open>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}
