//! Tokens as other tools print them.

use serde_json::{Map, Value};

use super::claims_text;
use crate::Context;
use crate::shape::Shape;
use entrada_core::oauth::TokenResponse;
use entrada_core::{Claims, Jwt, NumericDate, ScopeSet};

/// The token in `members`: under the name that a tool uses, or as decoded claims.
pub(super) fn token(members: &Map<String, Value>) -> Option<Shape> {
    named(members).map(Shape::of).or_else(|| decoded(members))
}

/// The access token in the output of a tool: `az account get-access-token` and MSAL.js; MSAL.NET and MSAL.PS;
/// `Get-AzAccessToken`; a credential plug-in of Kubernetes (kubelogin, `azd`).
fn named(members: &Map<String, Value>) -> Option<&str> {
    let status = members.get("status").and_then(Value::as_object);
    let plugin = members.get("kind").and_then(Value::as_str) == Some("ExecCredential");
    let by_powershell = members.contains_key("ExpiresOn");
    members
        .get("accessToken")
        .or_else(|| members.get("AccessToken"))
        .or_else(|| members.get("Token").filter(|_| by_powershell))
        .or_else(|| status.filter(|_| plugin)?.get("token"))
        .and_then(Value::as_str)
}

/// The token in the output of `entrada token -o json`, which never has the refresh token: that is kept elsewhere.
pub(super) fn by_entrada(members: &Map<String, Value>) -> Option<Shape> {
    let has = |name: &str| members.contains_key(name);
    let is_own = members.get("version").is_some_and(Value::is_u64)
        && ["expires_at", "account"].into_iter().all(has)
        && !has("refresh_token");
    is_own.then(|| members.get("access_token")?.as_str()).flatten().map(Shape::of)
}

/// Maximum difference between a local time and UTC, in hours.
const ZONES: i64 = 14;

/// The expiry of a stored response's token: from the token itself, else the one that is stored beside it.
pub(super) fn dated(
    members: &Map<String, Value>,
    response: &mut TokenResponse,
    context: &mut Context,
) {
    let shape = Shape::of(response.access_token.expose());
    if let Some(exp) = shape.claims().and_then(Claims::exp) {
        // It may have been saved long ago: relative times count from its arrival.
        let life = i64::try_from(response.expires_in).unwrap_or(i64::MAX);
        let came = exp.plus_seconds(life.saturating_neg());
        if response.expires_in_known
            && response.server_date.is_none()
            && came < response.received_at
        {
            response.received_at = came;
        }
        return;
    }
    context.expires_at = expiry(members, response.received_at).or(context.expires_at);
    if shape.claims().is_none() && response.granted().is_none() {
        context.granted = granted(members);
    }
}

/// Names of an expiry that is stored beside a token, in lower case without separators, the more exact ones first: of OAuth
/// libraries, of Azure's SDKs and command lines, of MSAL and `mutt_oauth2.py`.
const EXPIRIES: [&str; 13] = [
    "expiresat",
    "expireson",
    "expiresontimestamp",
    "expiry",
    "expires",
    "expiration",
    "expirationtime",
    "expirydate",
    "tokenexpiry",
    "expirationtimestamp",
    "accesstokenexpiration",
    "accesstokenexpiresat",
    "accesstokenexpireson",
];

/// The earliest plausible expiry, in seconds: of 2001. A smaller number counts from another time.
const EARLIEST: f64 = 1e9;

/// The expiry that is stored beside a token: a number of seconds, milliseconds or microseconds since 1970, or a timestamp. A local
/// time, such as `expiresOn` of the Azure CLI, counts if it is before `now` in every time zone.
pub(super) fn expiry(members: &Map<String, Value>, now: NumericDate) -> Option<NumericDate> {
    let named = |own: &&str| {
        let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
        members.iter().find(|(name, _)| plain(name) == **own).map(|(_, value)| value)
    };
    let stored = || EXPIRIES.iter().filter_map(named);
    let instant = |value: &Value| {
        let text = value.as_str().map(str::trim);
        let number = value.as_f64().or_else(|| text?.parse().ok());
        number
            .and_then(seconds)
            .or_else(|| Some(text?.parse::<jiff::Timestamp>().ok()?.as_second()))
    };
    let local = |value: &Value| {
        let time = value.as_str()?.trim().parse::<jiff::civil::DateTime>().ok()?;
        let utc = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
        let latest = utc + ZONES * 3_600;
        (latest < now.0).then_some(latest)
    };
    stored().find_map(instant).or_else(|| stored().find_map(local)).map(NumericDate)
}

/// `number` in seconds: a number with three or six digits more counts milliseconds or microseconds.
fn seconds(number: f64) -> Option<i64> {
    let scale = match number {
        number if number < EARLIEST => return None,
        number if number < 1e11 => 1.0,
        number if number < 1e14 => 1e3,
        number if number < 1e17 => 1e6,
        _ => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked, the fraction is dropped"
    )]
    Some((number / scale) as i64)
}

/// The scopes that are stored beside a token whose text does not show them: granted ones, or the API of `resource` (v1.0, the
/// endpoint of managed identities, the Azure CLI).
pub(super) fn granted(members: &Map<String, Value>) -> Option<ScopeSet> {
    let scopes = ["scope", "scopes", "target", "granted_scopes"].iter().find_map(|name| {
        match members.get(*name)? {
            Value::String(text) => Some(ScopeSet::parse(text)),
            Value::Array(all) => Some(all.iter().filter_map(Value::as_str).collect()),
            _ => None,
        }
    });
    let of_resource = || {
        let resource = members.get("resource")?.as_str()?.trim_end_matches('/');
        (!resource.is_empty()).then(|| ScopeSet::parse(&format!("{resource}/.default")))
    };
    scopes.filter(|scopes| !scopes.is_empty()).or_else(of_resource)
}

/// The claims of a token, as jwt.ms and similar tools show them: without header and signature.
fn decoded(members: &Map<String, Value>) -> Option<Shape> {
    let of_a_token = members.contains_key("aud")
        && (members.contains_key("iss")
            || members.contains_key("exp")
            || claims_text::is_short(members));
    of_a_token.then(|| decoded_token(None, members.clone()))
}

/// A token of which only the claims, and perhaps the header, are known.
pub(super) fn decoded_token(
    header: Option<Map<String, Value>>,
    claims: Map<String, Value>,
) -> Shape {
    Shape::Jwt(Box::new(Jwt {
        header: header.map(Claims::new).unwrap_or_default(),
        claims: Claims::new(claims),
        signature_length: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_read_under_any_name_and_in_any_unit() {
        let now = NumericDate(1_800_000_000);
        for stored in [
            r#"{"expires_at":1793000000}"#,
            r#"{"expiresAt":1793000000000}"#,
            r#"{"expires_on":"1793000000"}"#,
            r#"{"expiresOnTimestamp":1793000000000}"#,
            r#"{"expires_at":1793000000.5}"#,
            r#"{"expires_at":"2026-10-26T07:33:20Z"}"#,
            r#"{"expiresOn":"2026-10-26T09:33:20.5+02:00"}"#,
            r#"{"expiry":"2026-10-26T07:33:20.123456Z"}"#,
        ] {
            let members = serde_json::from_str(stored).unwrap();
            assert_eq!(expiry(&members, now), Some(NumericDate(1_793_000_000)), "{stored}");
        }
        for unknown in [
            r#"{"expires":3600}"#,
            r#"{"expires_at":"soon"}"#,
            r#"{"expires_in":3600}"#,
            r#"{"expiresOn":"2027-01-15 09:00:00.000000"}"#,
        ] {
            assert_eq!(expiry(&serde_json::from_str(unknown).unwrap(), now), None, "{unknown}");
        }
    }

    #[test]
    fn a_token_is_found_in_what_tools_print() {
        for printed in [
            r#"{"accessToken":"e30.e30.x","tokenType":"Bearer"}"#,
            r#"{"AccessToken":"e30.e30.x","TenantId":"t"}"#,
            r#"{"Token":"e30.e30.x","ExpiresOn":"2027-01-15T09:00:00+00:00"}"#,
            r#"{"kind":"ExecCredential","spec":{},"status":{"token":"e30.e30.x"}}"#,
        ] {
            assert!(token(&serde_json::from_str(printed).unwrap()).is_some(), "{printed}");
        }
        for other in [r#"{"Token":"e30.e30.x"}"#, r#"{"status":{"token":"e30.e30.x"}}"#] {
            assert!(token(&serde_json::from_str(other).unwrap()).is_none(), "{other}");
        }
    }
}
