//! The authorization-code grant's last step (RFC 6749 §4.1.3, RFC 7636 §4.5).

use url::Url;

use super::{Answer, HttpRequest, HttpResponse, ProtocolError, TokenResponse, build};
use crate::{NumericDate, ScopeSet, Secret};

/// What is redeemed, and how it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Redemption<'a> {
    /// RFC 6749 §3.2.
    pub token_endpoint: &'a Url,
    /// The application.
    pub client_id: &'a str,
    /// Redeemed once, whatever becomes of the answer.
    pub code: &'a Secret,
    /// The one of the authorization request, byte for byte.
    pub redirect_uri: &'a str,
    /// Whose hash the authorization request carried.
    pub verifier: &'a Secret,
    /// Scopes of one API: Entra redeems a code for one (AADSTS28000). `None` leaves them out, as RFC 6749 has it.
    pub scopes: Option<&'a ScopeSet>,
    /// JSON of a claims request, sent along.
    pub claims: Option<&'a str>,
}

/// Redeems a code. No client secret is ever sent (AADSTS700025).
pub fn request(redemption: Redemption<'_>) -> HttpRequest {
    build::code(redemption)
}

/// Reads the answer to [`request`]; the inner `Err` is the server's refusal.
///
/// # Errors
///
/// [`ProtocolError`] where the answer is not OAuth, for example a page of a proxy.
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
