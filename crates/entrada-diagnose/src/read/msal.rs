//! Token caches of Microsoft's libraries: the unified schema of MSAL (Python, .NET, the Azure CLI), whole or one entry.

use serde_json::{Map, Value};

use crate::Evidence;
use crate::shape::Shape;
use entrada_core::oauth::TokenResponse;
use entrada_core::{NumericDate, ScopeSet};

/// Maximum number of tokens that are kept from a cache in addition to the newest.
const ALTERNATIVES_MAX: usize = 32;

/// Adds the newest access token of a cache, and whether the cache has a refresh token for it; false if it is not a cache.
pub(super) fn read(
    members: &Map<String, Value>,
    evidence: &mut Evidence,
    now: NumericDate,
) -> bool {
    if let Some(kind) = text(members, "credential_type") {
        return if kind.starts_with("AccessToken") {
            take(members, None, evidence, now)
        } else {
            refresh_token_alone(members, evidence)
        };
    }
    let entries = |name: &str| {
        let all = members.get(name).and_then(Value::as_object)?;
        let all: Vec<&Map<String, Value>> = all.values().filter_map(Value::as_object).collect();
        Some(all).filter(|all| all.iter().all(|entry| entry.contains_key("secret")))
    };
    let Some(tokens) = entries("AccessToken") else { return false };
    let refresh = entries("RefreshToken").unwrap_or_default();
    let mut tokens = tokens;
    tokens.sort_by_key(|entry| std::cmp::Reverse(seconds(entry, "expires_on")));
    let mut all = tokens.into_iter().filter_map(|entry| {
        let mut evidence = evidence.clone();
        take(entry, of_the_same_client(&refresh, entry), &mut evidence, now).then_some(evidence)
    });
    if let Some(mut newest) = all.next() {
        newest.alternatives = all.take(ALTERNATIVES_MAX).collect();
        *evidence = newest;
        return true;
    }
    refresh.first().is_some_and(|entry| refresh_token_alone(entry, evidence))
}

/// A stored refresh token, which was not used as an access token: there is no access token to diagnose.
fn refresh_token_alone(entry: &Map<String, Value>, evidence: &mut Evidence) -> bool {
    let Some(secret) = text(entry, "secret") else { return false };
    evidence.context.client_id = text(entry, "client_id").map(str::to_owned);
    evidence.token = Some(Shape::of(secret));
    evidence.at_rest = true;
    true
}

/// The refresh token that renews `entry`: that of its application, or one that Microsoft's applications share.
fn of_the_same_client<'a>(
    refresh: &[&'a Map<String, Value>],
    entry: &Map<String, Value>,
) -> Option<&'a Map<String, Value>> {
    let client = text(entry, "client_id");
    let shared = |token: &&&Map<String, Value>| {
        text(token, "family_id").is_some_and(|family| !family.is_empty())
    };
    let own = refresh.iter().find(|token| text(token, "client_id") == client);
    own.or_else(|| refresh.iter().find(shared)).copied()
}

fn take(
    entry: &Map<String, Value>,
    refresh: Option<&Map<String, Value>>,
    evidence: &mut Evidence,
    now: NumericDate,
) -> bool {
    let Some(secret) = text(entry, "secret") else { return false };
    let context = &mut evidence.context;
    context.client_id = text(entry, "client_id").map(str::to_owned);
    context.tenant = text(entry, "realm").filter(|realm| !realm.is_empty()).map(str::to_owned);
    context.granted = text(entry, "target").map(ScopeSet::parse);
    context.expires_at = seconds(entry, "expires_on").map(NumericDate);
    let Some(refresh_token) = refresh.and_then(|entry| text(entry, "secret")) else {
        // A single entry shows nothing about the others.
        evidence.token = Some(Shape::of(secret));
        return true;
    };
    let cached_at = seconds(entry, "cached_at").unwrap_or(now.0);
    let mut response = Map::new();
    for (name, value) in [
        ("access_token", Value::from(secret)),
        ("refresh_token", Value::from(refresh_token)),
        ("scope", Value::from(text(entry, "target").unwrap_or_default())),
        ("token_type", Value::from(text(entry, "token_type").unwrap_or("Bearer"))),
    ] {
        response.insert(name.to_owned(), value);
    }
    if let Some(until) = seconds(entry, "expires_on") {
        response.insert("expires_in".to_owned(), Value::from((until - cached_at).max(0)));
    }
    evidence.response = TokenResponse::from_json(&response, NumericDate(cached_at));
    evidence.response.is_some()
}

fn text<'a>(entry: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    member(entry, name)?.as_str()
}

/// MSAL.js writes `clientId` where the unified schema has `client_id`.
fn member<'a>(entry: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let in_camel_case = || {
        let mut words = name.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
    };
    entry.get(name).or_else(|| entry.get(&in_camel_case()))
}

/// MSAL writes seconds as text.
fn seconds(entry: &Map<String, Value>, name: &str) -> Option<i64> {
    let value = member(entry, name)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use entrada_core::Job;

    #[test]
    fn the_newest_token_of_a_cache_is_taken_with_its_refresh_token() {
        let cache = r#"{"AccessToken":{
            "a":{"secret":"old","target":"Mail.Read","expires_on":"100","cached_at":"0","client_id":"c"},
            "b":{"secret":"new","target":"Mail.Read Mail.Send","expires_on":"200","cached_at":"10","client_id":"c","realm":"t"}},
            "RefreshToken":{"r":{"secret":"refresh","client_id":"c"}}}"#;
        let members = serde_json::from_str(cache).unwrap();
        let mut evidence = Evidence::default();
        assert!(read(&members, &mut evidence, NumericDate(50)));
        let response = evidence.response.unwrap();
        assert_eq!(response.access_token.expose(), "new");
        assert_eq!((response.expires_in, response.refresh_token.is_some()), (190, true));
        assert_eq!(evidence.context.tenant.as_deref(), Some("t"));

        for entry in [
            r#"{"credential_type":"AccessToken","secret":"x","expires_on":"9","client_id":"c"}"#,
            r#"{"credentialType":"AccessToken","secret":"x","expiresOn":"9","clientId":"c"}"#,
        ] {
            let mut evidence = Evidence::default();
            assert!(read(&serde_json::from_str(entry).unwrap(), &mut evidence, NumericDate(0)));
            assert!(evidence.token.is_some() && evidence.response.is_none());
            assert_eq!(evidence.context.client_id.as_deref(), Some("c"), "{entry}");
            assert_eq!(evidence.context.expires_at, Some(NumericDate(9)), "{entry}");
        }
        assert!(!read(
            &serde_json::from_str("{\"AccessToken\":3}").unwrap(),
            &mut Evidence::default(),
            NumericDate(0)
        ));
    }

    #[test]
    fn the_token_for_the_job_is_chosen_and_its_own_refresh_token() {
        let jwt = |aud: &str| {
            let part = |text: String| URL_SAFE_NO_PAD.encode(text);
            format!(
                "{}.{}.c2ln",
                part("{\"alg\":\"RS256\"}".into()),
                part(format!("{{\"aud\":\"{aud}\"}}"))
            )
        };
        let cache = serde_json::json!({
            "AccessToken": {
                "g": {"secret": jwt("https://graph.microsoft.com"), "expires_on": "300", "client_id": "a"},
                "o": {"secret": jwt("https://outlook.office.com"), "expires_on": "200", "client_id": "b"}},
            "RefreshToken": {"r": {"secret": "refresh", "client_id": "b"}}});
        let mut evidence = Evidence::default();
        assert!(read(cache.as_object().unwrap(), &mut evidence, NumericDate(50)));
        assert!(evidence.response.is_none(), "the refresh token is another application's");
        let imap = evidence.clone().for_job(Job::Imap);
        assert_eq!(imap.context.client_id.as_deref(), Some("b"));
        assert!(imap.response.unwrap().refresh_token.is_some());
        for job in [Job::GraphMailRead, Job::Arm] {
            assert_eq!(evidence.clone().for_job(job).context.client_id.as_deref(), Some("a"));
        }
    }
}
