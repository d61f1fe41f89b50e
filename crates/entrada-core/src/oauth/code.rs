//! The token request of the authorization-code grant (RFC 6749 §4.1.3, RFC 7636 §4.5).

use url::Url;

use super::{Answer, HttpRequest, HttpResponse, ProtocolError, TokenResponse, build};
use crate::{NumericDate, ScopeSet, Secret};

/// The input of the token request.
#[derive(Clone, Copy, Debug)]
pub struct Redemption<'a> {
    /// RFC 6749 §3.2.
    pub token_endpoint: &'a Url,
    /// The client ID.
    pub client_id: &'a str,
    /// The code. It is redeemed only once, regardless of the response.
    pub code: &'a Secret,
    /// The redirect URI of the authorization request, byte for byte.
    pub redirect_uri: &'a str,
    /// The code verifier. The authorization request carried its hash.
    pub verifier: &'a Secret,
    /// The scopes, all of one API: Entra redeems a code for one API (AADSTS28000). `None` leaves them out, as in RFC 6749.
    pub scopes: Option<&'a ScopeSet>,
    /// A claims request as JSON, sent with the code.
    pub claims: Option<&'a str>,
}

/// Redeems a code. It never sends a client secret (AADSTS700025).
pub fn request(redemption: Redemption<'_>) -> HttpRequest {
    build::code(redemption)
}

/// Reads the response to [`request`]; the inner `Err` is the server's OAuth error.
///
/// # Errors
///
/// [`ProtocolError`] if the response is not OAuth, for example a page of a proxy.
pub fn parse(
    response: &HttpResponse,
    received_at: NumericDate,
) -> Result<Answer<TokenResponse>, ProtocolError> {
    TokenResponse::parse("the code redemption", response, received_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_redemption_repeats_the_redirect_uri_and_proves_the_challenge() {
        let endpoint = Url::parse("https://login.example/t/oauth2/v2.0/token").unwrap();
        let scopes = ScopeSet::parse("https://graph.microsoft.com/Mail.Read offline_access");
        let (code, verifier) = (Secret::new("1.AX/+"), Secret::new("v".repeat(43)));
        let redemption = Redemption {
            token_endpoint: &endpoint,
            client_id: "client",
            code: &code,
            redirect_uri: "http://localhost:8400",
            verifier: &verifier,
            scopes: Some(&scopes),
            claims: Some("{}"),
        };
        let request = request(redemption);
        assert_eq!(request.method(), "POST");
        assert!(request.headers().get("authorization").is_none());
        let form: Vec<(String, String)> =
            url::form_urlencoded::parse(request.body()).into_owned().collect();
        for (name, expected) in [
            ("grant_type", "authorization_code"),
            ("code", "1.AX/+"),
            ("redirect_uri", "http://localhost:8400"),
            ("code_verifier", verifier.expose()),
            ("client_id", "client"),
            ("client_info", "1"),
            ("claims", "{}"),
            ("scope", "https://graph.microsoft.com/Mail.Read offline_access"),
        ] {
            let found: Vec<&str> = form
                .iter()
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
                .collect();
            assert_eq!(found, [expected], "{name}");
        }
        assert!(!form.iter().any(|(name, _)| name == "client_secret"));
    }
}
