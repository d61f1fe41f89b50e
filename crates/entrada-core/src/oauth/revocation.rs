//! Token revocation (RFC 7009).

use http::{Method, StatusCode, header};
use url::{Url, form_urlencoded};

use super::{ErrorResponse, HttpRequest, HttpResponse};
use crate::Secret;

/// Asks the authority to end `refresh_token`, and with it the grant.
pub fn request(endpoint: &Url, client_id: &str, refresh_token: &Secret) -> HttpRequest {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("token", refresh_token.expose())
        .append_pair("token_type_hint", "refresh_token")
        .append_pair("client_id", client_id)
        .finish();
    let mut request = HttpRequest::new(body.into_bytes());
    *request.method_mut() = Method::POST;
    if let Ok(uri) = endpoint.as_str().parse() {
        *request.uri_mut() = uri;
    }
    let form = header::HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, form);
    let json = header::HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::ACCEPT, json);
    request
}

/// The authority did not revoke the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevocationError {
    /// The OAuth error of the authority.
    #[error("the authority refused with `{0}`")]
    Refused(String),
    /// Another answer.
    #[error("the authority answered with HTTP {0}")]
    Status(u16),
}

/// Reads the response to [`request`]. Status 200 is also the answer for a token that the authority does not know (§2.2).
///
/// # Errors
///
/// [`RevocationError`] for any other status.
pub fn parse(response: &HttpResponse) -> Result<(), RevocationError> {
    if response.status() == StatusCode::OK {
        return Ok(());
    }
    let members = serde_json::from_slice(response.body()).ok();
    let error = members.map(|members| ErrorResponse::from_json(&members).error);
    match error.filter(|error| is_error_name(error)) {
        Some(error) => Err(RevocationError::Refused(error)),
        None => Err(RevocationError::Status(response.status().as_u16())),
    }
}

/// Names as RFC 6749 §5.2 has them; anything else may be text of a stranger.
fn is_error_name(error: &str) -> bool {
    (1..=40).contains(&error.len()) && error.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::testing::response;

    #[test]
    fn the_token_is_in_the_body_with_its_type_and_the_client() {
        let endpoint = Url::parse("https://idp.example/revoke").unwrap();
        let request = request(&endpoint, "client", &Secret::new("a+b"));
        assert_eq!(request.uri(), "https://idp.example/revoke");
        let body = std::str::from_utf8(request.body()).unwrap();
        assert_eq!(body, "token=a%2Bb&token_type_hint=refresh_token&client_id=client");
    }

    #[test]
    fn only_status_200_is_a_revocation() {
        for (status, body, expected) in [
            (200, "", Ok(())),
            (200, "{}", Ok(())),
            (204, "", Err(RevocationError::Status(204))),
            (
                400,
                r#"{"error":"unsupported_token_type"}"#,
                Err(RevocationError::Refused("unsupported_token_type".to_owned())),
            ),
            (400, r#"{"error":"\u001b[2J"}"#, Err(RevocationError::Status(400))),
            (503, "<html>busy</html>", Err(RevocationError::Status(503))),
        ] {
            assert_eq!(parse(&response(status, body)), expected, "{status} {body}");
        }
    }
}
