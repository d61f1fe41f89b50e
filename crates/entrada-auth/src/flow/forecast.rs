//! Estimates how long a stored grant will work. Pure, and not a guarantee.

use super::device_code;
use super::usable_token::margin;
use crate::store::{CachedToken, Grant, GrantKey, StoreKind};
use entrada_core::NumericDate;
use entrada_core::entra::known;
use entrada_core::entra::lifetimes::{
    CONTINUOUS_ACCESS, DEVICE_CODE, LONG_LIVED, REFRESH_INACTIVITY,
};

/// The expected life of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forecast {
    /// The expected life of each access token, in the grant's order.
    pub access_tokens: Vec<TokenForecast>,
    /// When the user must sign in again if the grant is not used until then; `None` if unknown.
    pub sign_in_needed_at: Option<NumericDate>,
    /// The source of that time.
    pub basis: Basis,
    /// Events that would end the grant risks.
    pub risks: Vec<ExpiryRisk>,
}

/// The expected life of an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenForecast {
    /// Until when entrada returns the token. Services accept it a little longer.
    pub serves_until: NumericDate,
    /// From when on a request gets a new token instead; `None` if the token cannot be refreshed.
    pub renewed_from: Option<NumericDate>,
}

/// The source of the end of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Basis {
    /// The authority said when the refresh token ends (Entra: 24 hours, for single-page applications), whether used
    /// or not.
    Stated,
    /// Entra's rule: 90 days from the last use. Each use starts them again.
    Inactivity,
    /// There is no refresh token, so the grant ends with the last access token.
    AccessToken,
    /// The authority permanently refused the refresh token at that time.
    Refused,
    /// The authority did not say, and its rules are not known.
    Unknown,
}

impl Basis {
    /// The value in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Stated => "told",
            Self::Inactivity => "inactivity",
            Self::AccessToken => "access-token",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// An event that would end a grant before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExpiryRisk {
    /// A stable id in kebab-case.
    pub id: &'static str,
    /// A description for people.
    pub what: &'static str,
}

/// Estimates the life of `grant`, stored under `key` in a store of the kind `store`. `min_ttl` is as in a request;
/// `refused` is when the authority permanently refused the refresh token.
pub fn forecast(
    key: &GrantKey,
    grant: &Grant,
    store: StoreKind,
    min_ttl: Option<i64>,
    refused: Option<NumericDate>,
) -> Forecast {
    let has_refresh_token = grant.refresh_token.is_some() && refused.is_none();
    let access_tokens: Vec<TokenForecast> = grant
        .access_tokens
        .iter()
        .map(|token| {
            let serves_until = token.expires_at.plus_seconds(-margin(token, min_ttl).max(0));
            let due = token.refresh_at.map_or(serves_until, |at| at.min(serves_until));
            TokenForecast { serves_until, renewed_from: has_refresh_token.then_some(due) }
        })
        .collect();
    // Only Entra, and authorities with URLs in its form, have tenants.
    let entra = !key.tenant.is_empty();
    let (sign_in_needed_at, basis) = match grant.refresh_expires_at {
        _ if refused.is_some() => (refused, Basis::Refused),
        _ if !has_refresh_token => {
            (access_tokens.iter().map(|token| token.serves_until).max(), Basis::AccessToken)
        }
        Some(stated) => (Some(stated), Basis::Stated),
        None if entra => {
            (Some(last_use(grant).plus_seconds(REFRESH_INACTIVITY)), Basis::Inactivity)
        }
        None => (None, Basis::Unknown),
    };
    Forecast { access_tokens, sign_in_needed_at, basis, risks: risks(key, grant, store, entra) }
}

/// When the refresh token was last used. Each access token was issued together with it or at a use of it.
fn last_use(grant: &Grant) -> NumericDate {
    let tokens = grant.access_tokens.iter().map(|token| token.received_at);
    tokens.fold(grant.refreshed_at, NumericDate::max)
}

fn risks(key: &GrantKey, grant: &Grant, store: StoreKind, entra: bool) -> Vec<ExpiryRisk> {
    let mut all = Vec::new();
    let mut add = |holds: bool, id, what| {
        if holds {
            all.push(ExpiryRisk { id, what });
        }
    };
    let lasts = grant.refresh_token.is_some();
    let personal = known::is_consumers(&key.tenant)
        || grant.account.tid.as_deref().is_some_and(known::is_consumers);
    add(
        lasts && entra,
        "revocation",
        "a changed or reset password, a sign-out everywhere, or an administrator ends the sign-in",
    );
    add(
        lasts && entra && !personal,
        "policy",
        "a policy may require a newer sign-in, a second factor, or another location or device",
    );
    add(
        lasts && entra && !personal && grant.grant_type == device_code::GRANT_TYPE,
        "device-code-tracked",
        DEVICE_CODE,
    );
    add(
        lasts && !entra,
        "rotation",
        "the authority may issue a new refresh token at each use; using an older one then ends the sign-in",
    );
    add(
        lasts && grant.grant_type == "refresh_token",
        "shared",
        "the program that it was imported from may still have it; if the sign-in ends there, it ends here too",
    );
    let long = |token: &CachedToken| LONG_LIVED < token.expires_at.seconds_since(token.received_at);
    let declared = |token: &CachedToken| {
        token.claims.as_ref().is_some_and(|claims| claims.to_string().contains("cp1"))
    };
    add(
        entra && grant.access_tokens.iter().any(|token| long(token) || declared(token)),
        "continuous-access-evaluation",
        CONTINUOUS_ACCESS,
    );
    add(store == StoreKind::Keyutils, "restart", "the kernel keeps it until this machine restarts");
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use entrada_core::{Account, ScopeSet, Secret};

    const NOW: NumericDate = NumericDate(1_000_000);

    fn key(tenant: &str) -> GrantKey {
        GrantKey {
            authority: "https://login.example".to_owned(),
            tenant: tenant.to_owned(),
            client_id: "c".to_owned(),
            account: "u.t".to_owned(),
        }
    }

    fn token(received_at: NumericDate, life: i64) -> CachedToken {
        CachedToken {
            access_token: Secret::new("a"),
            requested: ScopeSet::parse("Mail.Read"),
            claims: None,
            granted: None,
            received_at,
            expires_at: received_at.plus_seconds(life),
            refresh_at: None,
        }
    }

    fn grant(refresh_token: Option<&str>, access_tokens: Vec<CachedToken>) -> Grant {
        Grant {
            account: Account::default(),
            refresh_token: refresh_token.map(Secret::new),
            refreshed_at: NOW,
            refresh_expires_at: None,
            signed_in_at: Some(NOW),
            grant_type: "device_code".to_owned(),
            endpoints: None,
            access_tokens,
        }
    }

    fn ids(forecast: &Forecast) -> Vec<&'static str> {
        forecast.risks.iter().map(|ending| ending.id).collect()
    }

    #[test]
    fn a_token_is_renewed_when_its_margin_begins_or_the_authority_recommends_it() {
        let mut grant = grant(Some("r"), vec![token(NOW, 3_600)]);
        let of = |grant: &Grant, min_ttl| {
            forecast(&key("t"), grant, StoreKind::Keyring, min_ttl, None).access_tokens[0]
        };
        let at = |seconds| NOW.plus_seconds(seconds);
        assert_eq!(of(&grant, None).serves_until, at(3_300));
        assert_eq!(of(&grant, Some(600)).renewed_from, Some(at(3_000)));
        grant.access_tokens[0].refresh_at = Some(at(1_800));
        assert_eq!(
            of(&grant, None),
            TokenForecast { serves_until: at(3_300), renewed_from: Some(at(1_800)) }
        );
        grant.refresh_token = None;
        assert_eq!(of(&grant, None).renewed_from, None);
    }

    #[test]
    fn the_end_is_given_or_follows_from_the_last_use_or_is_unknown() {
        let of = |tenant: &str, grant: &Grant| {
            let forecast = forecast(&key(tenant), grant, StoreKind::Keyring, None, None);
            (forecast.sign_in_needed_at, forecast.basis)
        };
        // A response without a new refresh token is still a use of the old one.
        let later = NOW.plus_seconds(5_000);
        let mut grant = grant(Some("r"), vec![token(later, 3_600)]);
        let days = later.plus_seconds(90 * 86_400);
        assert_eq!(of("common", &grant), (Some(days), Basis::Inactivity));
        assert_eq!(of("", &grant), (None, Basis::Unknown));
        grant.refresh_expires_at = Some(NOW.plus_seconds(86_400));
        assert_eq!(of("common", &grant), (grant.refresh_expires_at, Basis::Stated));
        grant.refresh_token = None;
        assert_eq!(of("common", &grant), (Some(later.plus_seconds(3_300)), Basis::AccessToken));
        grant.access_tokens.clear();
        assert_eq!(of("common", &grant), (None, Basis::AccessToken));
    }

    #[test]
    fn early_ends_depend_on_the_authority_the_grant_and_the_store() {
        let of = |tenant: &str, store, grant: &Grant| {
            ids(&forecast(&key(tenant), grant, store, None, None))
        };
        let mut grant = grant(Some("r"), vec![token(NOW, 3_600)]);
        assert_eq!(
            of("common", StoreKind::Keyring, &grant),
            ["revocation", "policy", "device-code-tracked"]
        );
        assert_eq!(of("consumers", StoreKind::Keyring, &grant), ["revocation"]);
        assert_eq!(of("", StoreKind::Keyutils, &grant), ["rotation", "restart"]);
        grant.grant_type = "refresh_token".to_owned();
        grant.access_tokens = vec![token(NOW, 86_400)];
        assert_eq!(
            of("common", StoreKind::Keyring, &grant),
            ["revocation", "policy", "shared", "continuous-access-evaluation"]
        );
        grant.refresh_token = None;
        grant.access_tokens.clear();
        assert!(of("common", StoreKind::Keyring, &grant).is_empty());
    }
}
