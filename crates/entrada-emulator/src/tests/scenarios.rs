//! Each scenario does what its description says, and nothing else.

use super::*;

/// The first error in a sign-in followed by a refresh.
fn refusal_of(scenario: &str) -> (&'static str, ErrorResponse) {
    let mut bench = Bench::new("normal");
    Scenario::find(scenario).unwrap().client_id.clone_into(&mut bench.client);
    let device = match bench.start(MAIL) {
        Ok(device) => device,
        Err(refusal) => return ("devicecode", *refusal),
    };
    let token = match bench.finish(&device) {
        Ok(token) => token,
        Err(refusal) => return ("poll", *refusal),
    };
    let refused = bench.refresh(&token.refresh_token.unwrap(), MAIL);
    ("refresh", *refused.unwrap_err())
}

#[test]
fn every_failing_scenario_fails_as_described() {
    for (scenario, step, error, code, suberror) in [
        ("user-declines", "poll", "authorization_declined", 70_017, None),
        ("code-expires", "poll", "expired_token", 70_019, None),
        ("poll-loop", "poll", "invalid_grant", 50_196, None),
        ("admin-consent-required", "poll", "access_denied", 90_094, None),
        ("device-code-blocked", "poll", "invalid_grant", 53_003, Some("message_only")),
        ("device-code-policy", "poll", "invalid_grant", 530_036, Some("message_only")),
        ("device-code-policy-later", "refresh", "invalid_grant", 530_036, Some("message_only")),
        ("device-state-required", "poll", "invalid_grant", 530_033, Some("message_only")),
        ("consent-required", "refresh", "invalid_grant", 65_001, Some("consent_required")),
        ("mfa-required", "refresh", "invalid_grant", 50_076, Some("basic_action")),
        ("refresh-dead", "refresh", "invalid_grant", 700_082, None),
        ("refresh-revoked", "refresh", "invalid_grant", 50_173, Some("bad_token")),
        ("unknown-client", "devicecode", "unauthorized_client", 700_016, None),
        ("not-public-client", "poll", "invalid_client", 7_000_218, None),
        ("error-under-200", "devicecode", "unauthorized_client", 700_016, None),
    ] {
        let (where_refused, refusal) = refusal_of(scenario);
        assert_eq!(
            (
                where_refused,
                refusal.error.as_str(),
                refusal.error_codes.as_slice(),
                refusal.suberror.as_deref()
            ),
            (step, error, &[code][..], suberror),
            "{scenario}"
        );
        assert_eq!(refusal.claims.is_some(), scenario == "mfa-required");
        let description = refusal.error_description.unwrap();
        assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
        assert!(description.contains(" Trace ID: ") && !description.contains('{'), "{description}");
        assert!(refusal.trace_id.is_some() && refusal.correlation_id.is_some());
    }
}

#[test]
fn every_unusual_token_has_only_its_own_deviation() {
    let token = |scenario: &str| {
        let mut bench = Bench::new(scenario);
        let token = bench.sign_in("Mail.Read User.Read offline_access");
        (token, bench)
    };
    let (partial, _) = token("consent-partial");
    assert_eq!(partial.granted().unwrap().api().to_string(), "User.Read");
    assert!(token("no-refresh-token").0.refresh_token.is_none());
    assert!(token("no-scope-member").0.scope.is_none());
    assert_eq!(token("short-lived").0.expires_in, 60);
    let (wrong, bench) = token("wrong-audience");
    assert_eq!(claims(&wrong.access_token).aud(), Some("https://outlook.office.com"));
    let answer = bench.graph(wrong.access_token.expose(), "/v1.0/me");
    assert_eq!(answer.2, "Access token validation failure. Invalid audience.");
    let (guest, bench) = token("guest");
    let answer = bench.graph(guest.access_token.expose(), "/v1.0/me/messages");
    assert_eq!((answer.0, answer.1.as_str()), (404, "MailboxNotEnabledForRESTAPI"));
    assert!(claims(&guest.access_token).text("upn").unwrap().contains("#EXT#"));
    let (skewed, bench) = token("clock-skew");
    assert!(bench.now.plus_seconds(6_000) < claims(&skewed.access_token).time("nbf").unwrap());
    let apart = skewed.server_date.unwrap().seconds_since(bench.now);
    assert_eq!(apart, 7_200);
    let (text, _) = token("numbers-as-strings");
    assert!(text.expires_in_known && 3_500 < text.expires_in);
    let (_, bench) = token("no-mailbox");
    assert!(!bench.emulator.log().is_empty());
}

#[test]
fn transport_faults_depend_on_the_count() {
    let kinds = |scenario: &str| {
        let mut bench = Bench::new(scenario);
        let device = bench.start(MAIL).unwrap();
        (0..7)
            .map(|_| match bench.poll_reply(&device) {
                Reply::Answer(answer) => answer.status().as_u16(),
                Reply::Delayed(..) => 1,
                Reply::Hang => 2,
                Reply::Cut => 3,
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds("outage")[..6], [400, 503, 3, 503, 3, 200]);
    let mut bench = Bench::new("outage");
    let device = bench.start(MAIL).unwrap();
    assert!(bench.emulator.approve(&device.user_code, "ada@contoso.example"));
    assert!(matches!(bench.poll(&device), Poll::Pending), "the outage is still to come");
    assert_eq!(kinds("throttled")[..2], [429, 200]);
    assert_eq!(kinds("hang"), [2; 7]);
    assert_eq!(kinds("late"), [1; 7]);

    let mut bench = Bench::new("slow-down");
    let device = bench.start(MAIL).unwrap();
    assert!(matches!(bench.poll(&device), Poll::SlowDown));
    assert!(matches!(bench.poll(&device), Poll::SlowDown), "5 s are not enough any more");
    bench.now = bench.now.plus_seconds(10);
    assert!(matches!(bench.poll(&device), Poll::Issued(_)));

    let mut bench = Bench::new("throttled");
    let token = bench.sign_in(MAIL).refresh_token.unwrap();
    let refused = bench.refresh(&token, MAIL).unwrap_err();
    assert_eq!((refused.http_status, refused.retry_after), (Some(429), Some(2)));
    assert!(bench.refresh(&token, MAIL).is_ok());
}

#[test]
fn responses_that_are_not_oauth_are_not_read_as_oauth() {
    for (scenario, start) in [("html-instead-of-json", "<!DOCTYPE html>"), ("empty-body", "")] {
        let bench = Bench::new(scenario);
        let form = [("client_id", CLIENT), ("scope", "Mail.Read")];
        let answer = bench.post("/common/oauth2/v2.0/devicecode", &form);
        assert_eq!(answer.status(), 200);
        assert!(device_code::parse_authorization(&answer, T0).is_err(), "{scenario}");
        assert!(text(&answer).starts_with(start));
    }
    let bench = Bench::new("old-names");
    let answer =
        json(&bench.post(
            "/common/oauth2/v2.0/devicecode",
            &[("client_id", CLIENT), ("scope", "Mail.Read")],
        ));
    assert!(answer["verification_url"].is_string() && answer.get("interval").is_none());
}

#[test]
fn hostile_text_is_in_every_text() {
    let mut bench = Bench::new("hostile-text");
    let device = bench.start(MAIL).unwrap();
    assert!(device.message.as_deref().unwrap().contains("\u{1b}]0;"));
    let refusal = bench.finish(&device).unwrap_err();
    for hostile in ["\u{1b}[2J", "\r\n", "\u{202e}", "\u{9b}"] {
        assert!(refusal.error_description.as_deref().unwrap().contains(hostile), "{hostile:?}");
    }
}

#[test]
fn rotation_invalidates_the_used_token_and_reuse_revokes_the_grant() {
    let mut bench = Bench::new("rotate-and-revoke");
    let first = bench.sign_in(MAIL).refresh_token.unwrap();
    let second = bench.refresh(&first, MAIL).unwrap().refresh_token.unwrap();
    let third = bench.refresh(&second, MAIL).unwrap().refresh_token.unwrap();
    assert_eq!(bench.refresh(&second, MAIL).unwrap_err().error, "invalid_grant");
    assert_eq!(bench.refresh(&third, MAIL).unwrap_err().error, "invalid_grant");
}

#[test]
fn a_second_factor_ends_the_errors() {
    let mut bench = Bench::new("mfa-required");
    let token = bench.sign_in(MAIL).refresh_token.unwrap();
    let challenge = bench.refresh(&token, MAIL).unwrap_err().claims.unwrap();
    let endpoint = bench.endpoints().device_authorization.unwrap();
    let scopes = ScopeSet::parse(MAIL);
    let request =
        device_code::authorization_request(&endpoint, &bench.client, &scopes, Some(&challenge));
    let device = device_code::parse_authorization(&bench.send(request), bench.now);
    let token = bench.finish(&device.unwrap().unwrap()).unwrap().refresh_token.unwrap();
    assert!(bench.refresh(&token, MAIL).is_ok());
}

#[test]
fn the_scenario_can_change_at_run_time() {
    let mut bench = Bench::new("auto-approve");
    let token = bench.sign_in(MAIL).refresh_token.unwrap();
    assert!(bench.emulator.set_scenario("refresh-dead"));
    assert_eq!(bench.refresh(&token, MAIL).unwrap_err().error_codes, [700_082]);
    assert!(bench.emulator.set_scenario("normal") && !bench.emulator.set_scenario("no such"));
    assert!(bench.refresh(&token, MAIL).is_ok());
}
