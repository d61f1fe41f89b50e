//! Tokens as other tools print them.

use serde_json::{Map, Value};

use super::claims_text;
use crate::Context;
use crate::shape::Shape;
use entrada_core::oauth::TokenResponse;
use entrada_core::{Claims, Jwt, NumericDate};

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
}

/// The expiry that is stored beside a token, and what it is called: `expires_at` or `expires_on` in seconds, `expiry` or
/// `ExpiresOn` as a timestamp, `expiresOn` (Azure CLI) or `access_token_expiration` (mutt_oauth2.py) in local time. A local time
/// counts if it is before `now` in every time zone.
pub(super) fn expiry(members: &Map<String, Value>, now: NumericDate) -> Option<NumericDate> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let seconds = |name: &str| {
        let value = members.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    };
    let stamp = |name: &str| {
        let stamp = text(name)?.parse::<jiff::Timestamp>().ok()?;
        Some(stamp.as_second())
    };
    let local = |name: &str| {
        let time = text(name)?.parse::<jiff::civil::DateTime>().ok()?;
        let utc = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
        let latest = utc + ZONES * 3_600;
        (latest < now.0).then_some(latest)
    };
    seconds("expires_at")
        .or_else(|| seconds("expires_on"))
        .or_else(|| ["expiry", "ExpiresOn", "expiresOn"].into_iter().find_map(stamp))
        .or_else(|| ["access_token_expiration", "expiresOn"].into_iter().find_map(local))
        .map(NumericDate)
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
        signature_length: 0,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

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
