//! Selects the stored access token that a request can use, and merges a token response into a grant. Pure.

use std::time::Duration;

use super::TokenRequest;
use crate::store::{CachedToken, Grant};
use entrada_core::oauth::TokenResponse;
use entrada_core::{Authority, NumericDate, ScopeSet, Secret};

/// The margin before expiry in seconds that Microsoft's libraries use.
const MARGIN_MAX: i64 = 300;
/// The margin is at most this fraction of a token's life, so that short-lived tokens are cached too.
const MARGIN_SHARE: i64 = 5;

/// The stored token that serves `request` and is not due for a refresh.
pub(super) fn token_without_refresh<'a>(
    grant: &'a Grant,
    request: &TokenRequest,
    now: NumericDate,
) -> Option<&'a CachedToken> {
    let token = usable_token(grant, request, now)?;
    // Without a refresh token, a token whose early refresh is due is still used.
    let due = token.refresh_at.is_some_and(|at| at <= now) && grant.refresh_token.is_some();
    (!due).then_some(token)
}

/// The stored token that serves `request` and is valid for long enough.
pub(super) fn usable_token<'a>(
    grant: &'a Grant,
    request: &TokenRequest,
    now: NumericDate,
) -> Option<&'a CachedToken> {
    if request.force_refresh || request.challenge.is_some() {
        return None;
    }
    grant
        .access_tokens
        .iter()
        .find(|token| matches_request(token, request) && lives_long_enough(token, request, now))
}

/// The stored token that matches `request`, even if it has expired.
pub(super) fn matching_token<'a>(
    grant: &'a Grant,
    request: &TokenRequest,
) -> Option<&'a CachedToken> {
    grant.access_tokens.iter().find(|token| matches_request(token, request))
}

/// The token that another process stored since this one read the token `seen`. It serves even a `request` that forces a
/// refresh.
pub(super) fn token_renewed_since<'a>(
    grant: &'a Grant,
    request: &TokenRequest,
    seen: Option<&Secret>,
    now: NumericDate,
) -> Option<&'a CachedToken> {
    let token = matching_token(grant, request).filter(|_| request.challenge.is_none())?;
    let is_new = seen.is_none_or(|seen| seen.expose() != token.access_token.expose());
    (is_new && 0 < token.expires_at.seconds_since(now)).then_some(token)
}

/// Whether `token` has the scopes and claims of `request`. A request without claims accepts a token with any.
fn matches_request(token: &CachedToken, request: &TokenRequest) -> bool {
    let claims = request.claims.as_ref();
    covers_scopes(token, &request.scopes)
        && claims.is_none_or(|claims| token.claims.as_ref() == Some(claims))
}

/// Whether `token` was requested with all of `scopes`. The granted scopes are not compared: a scope that the user declined
/// would cause a new request each time.
fn covers_scopes(token: &CachedToken, scopes: &ScopeSet) -> bool {
    let wanted = scopes.api();
    token.requested.api().contains_all(&wanted)
        && (!wanted.is_empty() || token.requested.api().is_empty())
}

fn lives_long_enough(token: &CachedToken, request: &TokenRequest, now: NumericDate) -> bool {
    let margin = margin(token, request.min_ttl);
    // After the clock was set back, the age of the token is unknown, so it is refreshed.
    token.received_at <= now
        && margin <= token.expires_at.seconds_since(now)
        && 0 < token.expires_at.seconds_since(now)
}

/// The number of seconds before its expiry from which on `token` is no longer used.
pub(super) fn margin(token: &CachedToken, min_ttl: Option<i64>) -> i64 {
    let life = token.expires_at.seconds_since(token.received_at);
    min_ttl.unwrap_or((life / MARGIN_SHARE).min(MARGIN_MAX))
}

/// The scopes of a refresh. Entra accepts any; other providers refuse scopes that the sign-in did not grant (RFC 6749 §6).
pub(super) fn scopes_to_refresh(request: &TokenRequest, grant: &Grant) -> ScopeSet {
    let granted = grant
        .access_tokens
        .iter()
        .find(|token| covers_scopes(token, &request.scopes))
        .and_then(|token| token.granted.as_ref());
    match (&request.authority, granted) {
        (Authority::Issuer { .. }, Some(granted)) => {
            request.scopes.iter().filter(|scope| granted.contains(scope)).collect()
        }
        _ => request.scopes.clone(),
    }
}

/// Adds the tokens of `response` to `grant`, and returns the access token. The refresh token changes only if the response
/// has a new one.
pub(super) fn merge_response(
    grant: &mut Grant,
    response: &TokenResponse,
    request: &TokenRequest,
) -> CachedToken {
    merge_refresh_token(grant, response);
    let token = CachedToken {
        access_token: response.access_token.clone(),
        requested: request.scopes.clone(),
        claims: request.claims.clone(),
        granted: response.granted(),
        received_at: response.received_at,
        expires_at: response.expires_at(),
        refresh_at: response
            .refresh_in
            .map(|seconds| response.received_at.plus(Duration::from_secs(seconds))),
    };
    let now = response.received_at;
    let replaced = |old: &CachedToken| {
        let fewer = old.claims.is_none() || old.claims == token.claims;
        // The service refuses the challenged token from now on.
        let refused = request.challenge.is_some() && covers_scopes(old, &token.requested);
        refused || (fewer && covers_scopes(&token, &old.requested))
    };
    grant.access_tokens.retain(|old| now < old.expires_at && !replaced(old));
    grant.access_tokens.insert(0, token.clone());
    token
}

/// Replaces the refresh token of `grant` with that of `response`, if it has one.
pub(super) fn merge_refresh_token(grant: &mut Grant, response: &TokenResponse) {
    if let Some(refresh_token) = &response.refresh_token {
        grant.refresh_token = Some(refresh_token.clone());
        grant.refreshed_at = response.received_at;
        grant.refresh_expires_at = response
            .refresh_token_expires_in
            .map(|seconds| response.received_at.plus(Duration::from_secs(seconds)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::tests::request;
    use entrada_core::{Account, Secret};

    const NOW: NumericDate = NumericDate(1_000_000);

    fn response(body: &str, received_at: NumericDate) -> TokenResponse {
        TokenResponse::from_json(&serde_json::from_str(body).unwrap(), received_at).unwrap()
    }

    fn request_for(scopes: &str) -> TokenRequest {
        TokenRequest { scopes: ScopeSet::parse(scopes), ..request() }
    }

    fn grant(refresh_token: Option<&str>) -> Grant {
        Grant {
            account: Account::default(),
            refresh_token: refresh_token.map(Secret::new),
            refreshed_at: NOW,
            refresh_expires_at: None,
            signed_in_at: Some(NOW),
            grant_type: "device_code".to_owned(),
            endpoints: None,
            access_tokens: Vec::new(),
        }
    }

    /// A grant with one token that is valid for `seconds` and was requested with `scopes`.
    fn grant_with_token(scopes: &str, seconds: u64) -> Grant {
        let mut grant = grant(Some("old"));
        let body = format!(r#"{{"access_token":"a","expires_in":{seconds}}}"#);
        merge_response(&mut grant, &response(&body, NOW), &request_for(scopes));
        grant
    }

    fn is_served(grant: &Grant, scopes: &str, after: i64) -> bool {
        let wanted = TokenRequest { scopes: ScopeSet::parse(scopes), ..request() };
        token_without_refresh(grant, &wanted, NOW.plus_seconds(after)).is_some()
    }

    #[test]
    fn the_margin_is_five_minutes_or_a_fifth_of_the_life() {
        let hour = grant_with_token("Mail.Read", 3_600);
        assert!(is_served(&hour, "Mail.Read", 3_300));
        assert!(!is_served(&hour, "Mail.Read", 3_301));
        let minute = grant_with_token("Mail.Read", 60);
        assert!(is_served(&minute, "Mail.Read", 48));
        assert!(!is_served(&minute, "Mail.Read", 49));
    }

    #[test]
    fn a_token_serves_its_requested_scopes_and_subsets_of_them() {
        let grant = grant_with_token("openid Mail.Read Mail.Send offline_access", 3_600);
        assert!(is_served(&grant, "Mail.Read", 0));
        assert!(is_served(&grant, "mail.send openid", 0));
        assert!(!is_served(&grant, "Mail.Read Calendars.Read", 0));
        assert!(
            !is_served(&grant, "openid", 0),
            "a request for `openid` alone needs its own token"
        );
    }

    #[test]
    fn an_early_refresh_is_due_at_the_time_that_the_authority_recommends() {
        let mut grant = grant(Some("r"));
        let body = r#"{"access_token":"a","expires_in":86400,"refresh_in":43200}"#;
        merge_response(&mut grant, &response(body, NOW), &request_for("Mail.Read"));
        assert!(is_served(&grant, "Mail.Read", 43_199));
        assert!(!is_served(&grant, "Mail.Read", 43_200));
        let wanted = TokenRequest { scopes: ScopeSet::parse("Mail.Read"), ..request() };
        assert!(
            usable_token(&grant, &wanted, NOW.plus_seconds(43_200)).is_some(),
            "usable if the refresh fails"
        );
        grant.refresh_token = None;
        assert!(is_served(&grant, "Mail.Read", 43_200), "no refresh token");
    }

    #[test]
    fn the_refresh_token_is_replaced_only_by_a_new_one() {
        let mut grant = grant(Some("old"));
        merge_response(&mut grant, &response(r#"{"access_token":"a"}"#, NOW), &request_for(""));
        assert_eq!(grant.refresh_token, Some(Secret::new("old")));
        let body = r#"{"access_token":"a","refresh_token":"new","refresh_token_expires_in":86400}"#;
        merge_response(&mut grant, &response(body, NOW), &request_for(""));
        assert_eq!(grant.refresh_token, Some(Secret::new("new")));
        assert_eq!(grant.refresh_expires_at, Some(NOW.plus_seconds(86_400)));
    }

    #[test]
    fn tokens_of_other_services_are_kept_and_expired_ones_removed() {
        let mut grant = grant_with_token("https://outlook.office.com/IMAP.AccessAsUser.All", 3_600);
        let later = NOW.plus_seconds(1_800);
        let body = r#"{"access_token":"b","expires_in":3600}"#;
        merge_response(&mut grant, &response(body, later), &request_for("Mail.Read"));
        assert_eq!(grant.access_tokens.len(), 2);
        let much_later = NOW.plus_seconds(5_000);
        merge_response(&mut grant, &response(body, much_later), &request_for("Mail.Read"));
        assert_eq!(grant.access_tokens.len(), 1);
    }

    #[test]
    fn a_refresh_at_another_provider_requests_only_granted_scopes() {
        let mut grant = grant(Some("r"));
        let body = r#"{"access_token":"a","expires_in":60,"scope":"openid mail"}"#;
        let scopes = ScopeSet::parse("openid mail offline_access");
        merge_response(
            &mut grant,
            &response(body, NOW),
            &request_for("openid mail offline_access"),
        );
        let url = "https://idp.example".parse().unwrap();
        let other = TokenRequest {
            authority: Authority::Issuer { url },
            scopes: scopes.clone(),
            ..request()
        };
        assert_eq!(scopes_to_refresh(&other, &grant).to_string(), "mail openid");
        let entra = TokenRequest { scopes: scopes.clone(), ..request() };
        assert_eq!(scopes_to_refresh(&entra, &grant), scopes);
    }
}
