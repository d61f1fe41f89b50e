//! Which stored token serves a request, and how an answer joins what is stored. Pure.

use std::time::Duration;

use super::TokenRequest;
use crate::store::{CachedToken, Grant};
use entrada_core::oauth::TokenResponse;
use entrada_core::{Authority, NumericDate, ScopeSet, Secret};

/// Seconds of life left below which Microsoft's libraries call a token expired.
const MARGIN_MAX: i64 = 300;
/// A margin of this share of a token's life, so that short-lived tokens are cached too.
const MARGIN_SHARE: i64 = 5;

/// The stored token that serves `request` and needs no refresh.
pub(super) fn cached<'a>(
    grant: &'a Grant,
    request: &TokenRequest,
    now: NumericDate,
) -> Option<&'a CachedToken> {
    let token = still_good(grant, request, now)?;
    // A token whose early refresh is due still serves where no refresh is possible.
    let due = token.refresh_at.is_some_and(|at| at <= now) && grant.refresh_token.is_some();
    (!due).then_some(token)
}

/// The stored token that serves `request` and lives long enough.
pub(super) fn still_good<'a>(
    grant: &'a Grant,
    request: &TokenRequest,
    now: NumericDate,
) -> Option<&'a CachedToken> {
    if request.force_refresh || request.challenge.is_some() {
        return None;
    }
    grant.access_tokens.iter().find(|token| answers(token, request) && lives(token, request, now))
}

/// The stored token that answers `request`, however old.
pub(super) fn present<'a>(grant: &'a Grant, request: &TokenRequest) -> Option<&'a CachedToken> {
    grant.access_tokens.iter().find(|token| answers(token, request))
}

/// The stored token that serves `request` although it wants a fresh one: it came since `seen` was looked at.
pub(super) fn renewed<'a>(
    grant: &'a Grant,
    request: &TokenRequest,
    seen: Option<&Secret>,
    now: NumericDate,
) -> Option<&'a CachedToken> {
    let token = present(grant, request).filter(|_| request.challenge.is_none())?;
    let is_new = seen.is_none_or(|seen| seen.expose() != token.access_token.expose());
    (is_new && 0 < token.expires_at.seconds_since(now)).then_some(token)
}

/// Whether it is what `request` asks for. One that was asked to hold more claims serves whoever asks for none.
fn answers(token: &CachedToken, request: &TokenRequest) -> bool {
    let claims = request.claims.as_ref();
    serves(token, &request.scopes)
        && claims.is_none_or(|claims| token.claims.as_ref() == Some(claims))
}

/// Compared with what was asked for, not with what was granted: a declined scope would never hit.
fn serves(token: &CachedToken, scopes: &ScopeSet) -> bool {
    let wanted = scopes.api();
    token.requested.api().contains_all(&wanted)
        && (!wanted.is_empty() || token.requested.api().is_empty())
}

fn lives(token: &CachedToken, request: &TokenRequest, now: NumericDate) -> bool {
    let margin = margin(token, request.min_ttl);
    // A clock that was set back makes every age a guess: better to refresh.
    token.received_at <= now
        && margin <= token.expires_at.seconds_since(now)
        && 0 < token.expires_at.seconds_since(now)
}

/// Seconds before its end at which `token` is no longer handed out.
pub(super) fn margin(token: &CachedToken, min_ttl: Option<i64>) -> i64 {
    let life = token.expires_at.seconds_since(token.received_at);
    min_ttl.unwrap_or((life / MARGIN_SHARE).min(MARGIN_MAX))
}

/// The scopes of a refresh. Entra takes any; other providers refuse what the sign-in did not grant (RFC 6749 §6).
pub(super) fn scopes_to_refresh(request: &TokenRequest, grant: &Grant) -> ScopeSet {
    let granted = grant
        .access_tokens
        .iter()
        .find(|token| serves(token, &request.scopes))
        .and_then(|token| token.granted.as_ref());
    match (&request.authority, granted) {
        (Authority::Issuer { .. }, Some(granted)) => {
            request.scopes.iter().filter(|scope| granted.contains(scope)).collect()
        }
        _ => request.scopes.clone(),
    }
}

/// Takes the answer into the grant; the refresh token is replaced only by a new one.
pub(super) fn absorb(
    grant: &mut Grant,
    response: &TokenResponse,
    request: &TokenRequest,
) -> CachedToken {
    absorb_refresh_token(grant, response);
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
        // A challenged token is refused from now on, whatever else it was good for.
        let refused = request.challenge.is_some() && serves(old, &token.requested);
        refused || (fewer && serves(&token, &old.requested))
    };
    grant.access_tokens.retain(|old| now < old.expires_at && !replaced(old));
    grant.access_tokens.insert(0, token.clone());
    token
}

/// Takes the refresh token of the answer into the grant, where it has one.
pub(super) fn absorb_refresh_token(grant: &mut Grant, response: &TokenResponse) {
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

    fn asking(scopes: &str) -> TokenRequest {
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

    /// A grant with one token of `seconds`, asked for with `scopes`.
    fn holding(scopes: &str, seconds: u64) -> Grant {
        let mut grant = grant(Some("old"));
        let body = format!(r#"{{"access_token":"a","expires_in":{seconds}}}"#);
        absorb(&mut grant, &response(&body, NOW), &asking(scopes));
        grant
    }

    fn served(grant: &Grant, scopes: &str, after: i64) -> bool {
        let wanted = TokenRequest { scopes: ScopeSet::parse(scopes), ..request() };
        cached(grant, &wanted, NOW.plus_seconds(after)).is_some()
    }

    #[test]
    fn the_margin_is_five_minutes_or_a_fifth_of_the_life() {
        let hour = holding("Mail.Read", 3_600);
        assert!(served(&hour, "Mail.Read", 3_300));
        assert!(!served(&hour, "Mail.Read", 3_301));
        let minute = holding("Mail.Read", 60);
        assert!(served(&minute, "Mail.Read", 48));
        assert!(!served(&minute, "Mail.Read", 49));
    }

    #[test]
    fn a_token_serves_what_it_was_asked_for_and_less() {
        let grant = holding("openid Mail.Read Mail.Send offline_access", 3_600);
        assert!(served(&grant, "Mail.Read", 0));
        assert!(served(&grant, "mail.send openid", 0));
        assert!(!served(&grant, "Mail.Read Calendars.Read", 0));
        assert!(!served(&grant, "openid", 0), "a request for a sign-in alone is another one");
    }

    #[test]
    fn an_early_refresh_is_due_when_the_authority_says_so() {
        let mut grant = grant(Some("r"));
        let body = r#"{"access_token":"a","expires_in":86400,"refresh_in":43200}"#;
        absorb(&mut grant, &response(body, NOW), &asking("Mail.Read"));
        assert!(served(&grant, "Mail.Read", 43_199));
        assert!(!served(&grant, "Mail.Read", 43_200));
        let wanted = TokenRequest { scopes: ScopeSet::parse("Mail.Read"), ..request() };
        assert!(still_good(&grant, &wanted, NOW.plus_seconds(43_200)).is_some(), "to fall back on");
        grant.refresh_token = None;
        assert!(served(&grant, "Mail.Read", 43_200), "nothing to refresh with");
    }

    #[test]
    fn the_refresh_token_is_replaced_only_by_a_new_one() {
        let mut grant = grant(Some("old"));
        absorb(&mut grant, &response(r#"{"access_token":"a"}"#, NOW), &asking(""));
        assert_eq!(grant.refresh_token, Some(Secret::new("old")));
        let body = r#"{"access_token":"a","refresh_token":"new","refresh_token_expires_in":86400}"#;
        absorb(&mut grant, &response(body, NOW), &asking(""));
        assert_eq!(grant.refresh_token, Some(Secret::new("new")));
        assert_eq!(grant.refresh_expires_at, Some(NOW.plus_seconds(86_400)));
    }

    #[test]
    fn tokens_of_other_services_stay_and_dead_ones_go() {
        let mut grant = holding("https://outlook.office.com/IMAP.AccessAsUser.All", 3_600);
        let later = NOW.plus_seconds(1_800);
        let body = r#"{"access_token":"b","expires_in":3600}"#;
        absorb(&mut grant, &response(body, later), &asking("Mail.Read"));
        assert_eq!(grant.access_tokens.len(), 2);
        let much_later = NOW.plus_seconds(5_000);
        absorb(&mut grant, &response(body, much_later), &asking("Mail.Read"));
        assert_eq!(grant.access_tokens.len(), 1);
    }

    #[test]
    fn other_providers_are_asked_for_no_more_than_they_granted() {
        let mut grant = grant(Some("r"));
        let body = r#"{"access_token":"a","expires_in":60,"scope":"openid mail"}"#;
        let scopes = ScopeSet::parse("openid mail offline_access");
        absorb(&mut grant, &response(body, NOW), &asking("openid mail offline_access"));
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
