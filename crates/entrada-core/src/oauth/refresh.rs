//! The refresh grant (RFC 6749 §6).

use url::Url;

use super::{Answer, HttpRequest, HttpResponse, ProtocolError, TokenResponse, build};
use crate::{NumericDate, ScopeSet, Secret};

/// Asks for a new access token. `scopes` are always sent: without them, Entra may read the request as an application's
/// request for itself (AADSTS90009). It never sends a client secret (AADSTS700025).
///
/// ```
/// use entrada_core::{Authority, ScopeSet, Secret, oauth::refresh};
///
/// let authority = Authority::at("https://login.microsoftonline.com/organizations", None)?;
/// let request = refresh::request(
///     &authority.endpoints().unwrap().token,
///     "my-client-id",
///     &Secret::new("a refresh token"),
///     &ScopeSet::parse("https://graph.microsoft.com/Mail.Read offline_access"),
///     None,
/// );
/// let form = std::str::from_utf8(request.body())?;
/// assert!(form.contains("grant_type=refresh_token") && !form.contains("client_secret"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn request(
    token_endpoint: &Url,
    client_id: &str,
    refresh_token: &Secret,
    scopes: &ScopeSet,
    claims: Option<&str>,
) -> HttpRequest {
    let mut extra = vec![("client_info", "1")];
    extra.extend(claims.map(|claims| ("claims", claims)));
    build::refresh(token_endpoint, client_id, refresh_token, scopes, &extra)
}

/// The name of the request in errors.
pub const STEP: &str = "the refresh request";

/// Reads the response to [`request`]; the inner `Err` is the server's OAuth error.
///
/// ```
/// use entrada_core::{NumericDate, oauth::refresh};
///
/// let body = br#"{"token_type":"Bearer","access_token":"at","expires_in":3600}"#;
/// let response = http::Response::new(body.to_vec());
/// let tokens = refresh::parse(&response, NumericDate(1_790_000_000))?.unwrap();
/// assert_eq!(tokens.expires_at(), NumericDate(1_790_003_600));
///
/// let body = br#"{"error":"invalid_grant","error_description":"AADSTS700082: It has expired."}"#;
/// let refused = http::Response::builder().status(400).body(body.to_vec())?;
/// assert!(refresh::parse(&refused, NumericDate(0))?.unwrap_err().has_code(&[700_082]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`ProtocolError`] if the response is not OAuth, for example a page of a proxy.
pub fn parse(
    response: &HttpResponse,
    received_at: NumericDate,
) -> Result<Answer<TokenResponse>, ProtocolError> {
    TokenResponse::parse(STEP, response, received_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_is_sent_and_no_secret_is() {
        let endpoint = Url::parse("https://login.example/t/oauth2/v2.0/token").unwrap();
        let request = request(
            &endpoint,
            "client",
            &Secret::new("M.C5!*$"),
            &ScopeSet::parse("offline_access https://graph.microsoft.com/Mail.Read"),
            None,
        );
        assert_eq!(request.method(), "POST");
        assert!(request.headers().get("authorization").is_none());
        let form: Vec<(String, String)> =
            url::form_urlencoded::parse(request.body()).into_owned().collect();
        let value = |name: &str| {
            form.iter().filter(|(key, _)| key == name).map(|(_, v)| v.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(value("grant_type"), ["refresh_token"]);
        assert_eq!(value("refresh_token"), ["M.C5!*$"]);
        assert_eq!(value("scope"), ["https://graph.microsoft.com/Mail.Read offline_access"]);
        assert_eq!(value("client_id"), ["client"]);
        assert!(value("client_secret").is_empty());
    }
}
