//! Tokens as other tools print them.

use serde_json::{Map, Value};

use crate::diagnose::shape::Shape;
use crate::model::{Claims, Jwt};

/// The token in `members`: by the name that a tool gives it, or as the claims that one decoded.
pub(super) fn token(members: &Map<String, Value>) -> Option<Shape> {
    named(members).map(Shape::of).or_else(|| decoded(members))
}

/// The access token in what a tool prints: `az account get-access-token` and MSAL.js; MSAL.NET and MSAL.PS;
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

/// The claims of a token, as jwt.ms and others show them: without header and signature.
fn decoded(members: &Map<String, Value>) -> Option<Shape> {
    let of_a_token =
        members.contains_key("aud") && (members.contains_key("iss") || members.contains_key("exp"));
    of_a_token.then(|| {
        Shape::Jwt(Box::new(Jwt {
            header: Claims::default(),
            claims: Claims::new(members.clone()),
            signature_length: 0,
        }))
    })
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
