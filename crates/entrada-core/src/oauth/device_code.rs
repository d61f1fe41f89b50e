//! The device authorization grant (RFC 8628).

use std::time::Duration;

use http::{Method, header};
use url::{Url, form_urlencoded};

use super::lenient;
use super::{Answer, ErrorResponse, HttpRequest, HttpResponse, ProtocolError, TokenResponse};
use super::{build, read};
use crate::{NumericDate, ScopeSet, Secret, check_transport};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// RFC 8628 §3.5: after `slow_down`, a client adds 5 seconds to its interval for all later requests.
pub const SLOW_DOWN_STEP: Duration = Duration::from_secs(5);
/// RFC 8628 §3.2: without an interval from the server, a client uses 5 seconds.
const INTERVAL_DEFAULT: u64 = 5;
/// The lifetime of Entra's codes: 15 minutes.
const EXPIRES_IN_DEFAULT: u64 = 900;
/// The longest accepted lifetime of a code: a day.
const EXPIRES_IN_MAX: u64 = 86_400;

/// The values that the user needs to sign in on another device (RFC 8628 §3.2).
#[derive(Clone, Debug)]
pub struct DeviceAuthorization {
    /// Identifies this sign-in at the token endpoint.
    pub device_code: Secret,
    /// The code that the user types: letters, digits and dashes, at most 32.
    pub user_code: String,
    /// The page where the user types the code: https, or on this machine.
    pub verification_uri: Url,
    /// The server's message to the user, uncleaned.
    pub message: Option<String>,
    /// The expiry of both codes, by the local clock.
    pub expires_at: NumericDate,
    /// The minimum time between two polls.
    pub interval: Duration,
}

/// The response to one poll (RFC 8628 §3.5).
#[derive(Debug)]
pub enum Poll {
    /// The user has not finished: wait for the interval, then poll again.
    Pending,
    /// Wait [`SLOW_DOWN_STEP`] longer before this and all later polls.
    SlowDown,
    /// The user signed in.
    Issued(Box<TokenResponse>),
    /// The server refused permanently.
    Refused(Box<ErrorResponse>),
    /// A response that is neither OAuth nor an outage; later polls do not change it. `rest` has the refresh token, if there
    /// was one ([`TokenResponse::without_access_token`]).
    Unusable {
        /// The reason.
        error: ProtocolError,
        /// The refresh token and the other members.
        rest: Option<Box<TokenResponse>>,
    },
}

/// Asks for a `user_code` (RFC 8628 §3.1).
///
/// ```
/// use entrada_core::{Authority, ScopeSet, oauth::device_code};
///
/// let authority = Authority::at("https://login.microsoftonline.com/organizations", None)?;
/// let endpoint = authority.endpoints().unwrap().device_authorization.unwrap();
/// let scopes = ScopeSet::parse("User.Read offline_access");
/// let request = device_code::authorization_request(&endpoint, "my-client-id", &scopes, None);
/// assert_eq!(request.uri().path(), "/organizations/oauth2/v2.0/devicecode");
/// # Ok::<(), entrada_core::AddressError>(())
/// ```
pub fn authorization_request(
    endpoint: &Url,
    client_id: &str,
    scopes: &ScopeSet,
    claims: Option<&str>,
) -> HttpRequest {
    let extra: Vec<_> = claims.map(|claims| ("claims", claims)).into_iter().collect();
    build::device_authorization(endpoint, client_id, scopes, &extra)
}

/// Reads the response to [`authorization_request`]; the inner `Err` is the server's OAuth error, regardless of the status.
///
/// # Errors
///
/// [`ProtocolError`] if the response is not OAuth, for example a page of a proxy.
pub fn parse_authorization(
    response: &HttpResponse,
    received_at: NumericDate,
) -> Result<Answer<DeviceAuthorization>, ProtocolError> {
    read("the device authorization request", response, Some(received_at), |members| {
        let text =
            |name: &str| lenient::text(members, name).ok_or_else(|| format!("it has no `{name}`"));
        // Entra's v1.0 endpoint sends `verification_url`. `verification_uri_complete` is not read, because Entra never
        // sends it.
        let uri = text("verification_uri")
            .or_else(|missing| lenient::text(members, "verification_url").ok_or(missing))?;
        let verification_uri =
            Url::parse(&uri).map_err(|_| "its `verification_uri` is not a URL".to_owned())?;
        check_transport(&verification_uri)
            .map_err(|_| "its `verification_uri` is not https".to_owned())?;
        if !verification_uri.username().is_empty() || verification_uri.password().is_some() {
            return Err("its `verification_uri` holds a user name".to_owned());
        }
        let user_code = text("user_code")?;
        let typable = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == ' ';
        if 32 < user_code.len() || !user_code.chars().all(typable) {
            return Err("its `user_code` is not a code that a person could type".to_owned());
        }
        let expires_in = lenient::number(members, "expires_in").unwrap_or(EXPIRES_IN_DEFAULT);
        let interval = lenient::number(members, "interval").unwrap_or(INTERVAL_DEFAULT);
        Ok(DeviceAuthorization {
            device_code: Secret::new(text("device_code")?),
            user_code,
            verification_uri,
            message: lenient::text(members, "message"),
            expires_at: received_at.plus(Duration::from_secs(expires_in.min(EXPIRES_IN_MAX))),
            interval: Duration::from_secs(interval.clamp(1, EXPIRES_IN_MAX)),
        })
    })
}

/// Asks whether the user has signed in (RFC 8628 §3.4). The `oauth2` crate is not used, because it keeps neither Entra's
/// error members nor the reason of a failed poll.
pub fn poll_request(token_endpoint: &Url, client_id: &str, device_code: &Secret) -> HttpRequest {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", GRANT_TYPE)
        .append_pair("client_id", client_id)
        .append_pair("device_code", device_code.expose())
        .append_pair("client_info", "1")
        .finish();
    let mut request = HttpRequest::new(body.into_bytes());
    *request.method_mut() = Method::POST;
    if let Ok(uri) = token_endpoint.as_str().parse() {
        *request.uri_mut() = uri;
    }
    let form = header::HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, form);
    request
        .headers_mut()
        .insert(header::ACCEPT, header::HeaderValue::from_static("application/json"));
    request
}

/// Reads the response to [`poll_request`]. An error is an outage (408, 429, or 5xx without an OAuth error): the sign-in is
/// undecided, and the next poll may succeed.
///
/// # Errors
///
/// [`ProtocolError`] if the status is that of an outage and the body has neither tokens nor an OAuth error.
pub fn parse_poll(
    response: &HttpResponse,
    received_at: NumericDate,
) -> Result<Poll, ProtocolError> {
    let answer =
        match TokenResponse::parse("the device access token request", response, received_at) {
            Ok(answer) => answer,
            Err(error) => {
                let rest = TokenResponse::without_access_token(response, received_at).map(Box::new);
                let is_outage = response.status().is_server_error() || error.is_temporary();
                return if is_outage && rest.is_none() && !TokenResponse::is_in(response) {
                    Err(error)
                } else {
                    Ok(Poll::Unusable { error, rest })
                };
            }
        };
    Ok(match answer {
        Ok(token) => Poll::Issued(Box::new(token)),
        Err(refusal) => match refusal.error.as_str() {
            "authorization_pending" => Poll::Pending,
            "slow_down" => Poll::SlowDown,
            _ => Poll::Refused(refusal),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::testing::response;

    fn authorization(body: &str) -> Result<DeviceAuthorization, String> {
        parse_authorization(&response(200, body), NumericDate(0))
            .map_err(|error| error.reason)
            .and_then(|answer| answer.map_err(|refusal| refusal.error))
    }

    #[test]
    fn the_old_name_of_the_uri_and_numbers_as_text_are_understood() {
        let device = authorization(
            r#"{"device_code":"d","user_code":"ABC","verification_url":"https://x/",
                "expires_in":"900","interval":"7"}"#,
        )
        .unwrap();
        assert_eq!(device.verification_uri.as_str(), "https://x/");
        assert_eq!(device.expires_at, NumericDate(900));
        assert_eq!(device.interval, Duration::from_secs(7));
    }

    #[test]
    fn the_interval_is_five_seconds_by_default_and_always_plausible() {
        for (interval, seconds) in [
            ("", 5),
            (r#","interval":0"#, 1),
            (r#","interval":90"#, 90),
            (r#","interval":600"#, 600),
            (r#","interval":1e9"#, 86_400),
            (r#","interval":-3"#, 5),
        ] {
            let body = format!(
                r#"{{"device_code":"d","user_code":"A","verification_uri":"https://x/"{interval}}}"#
            );
            assert_eq!(authorization(&body).unwrap().interval.as_secs(), seconds, "{interval}");
        }
    }

    #[test]
    fn an_error_with_status_200_is_a_refusal() {
        assert_eq!(authorization(r#"{"error":"invalid_client"}"#).unwrap_err(), "invalid_client");
    }

    #[test]
    fn only_addresses_that_may_be_opened_are_accepted() {
        for uri in ["http://evil.example", "javascript:alert(1)", "file:///x", "https://u@x/"] {
            let body =
                format!(r#"{{"device_code":"d","user_code":"A","verification_uri":"{uri}"}}"#);
            assert!(authorization(&body).is_err(), "{uri}");
        }
    }

    #[test]
    fn a_user_code_that_cannot_be_typed_is_refused_not_cleaned() {
        let body =
            r#"{"device_code":"d","user_code":"A\u001b[2J","verification_uri":"https://x/"}"#;
        assert!(authorization(body).unwrap_err().contains("user_code"));
    }

    #[test]
    fn only_pending_and_slow_down_continue_the_flow() {
        for (error, ends) in [
            ("authorization_pending", false),
            ("slow_down", false),
            ("authorization_declined", true),
            ("access_denied", true),
            ("expired_token", true),
            ("code_expired", true),
            ("bad_verification_code", true),
            ("invalid_client", true),
        ] {
            let body = format!(r#"{{"error":"{error}"}}"#);
            let poll = parse_poll(&response(400, &body), NumericDate(0)).unwrap();
            assert_eq!(matches!(poll, Poll::Refused(_)), ends, "{error}");
        }
    }

    #[test]
    fn a_response_that_is_not_oauth_ends_the_flow_and_an_outage_does_not() {
        let poll = |status: u16, body: &[u8]| {
            let response = http::Response::builder().status(status).body(body.to_vec()).unwrap();
            parse_poll(&response, NumericDate(0))
        };
        for body in [
            &br#"{"access_token":"at","token_type":"mac"}"#[..],
            br#"{"access_token":"at","token_type":"DPoP"}"#,
            br#"{"access_token":"a\u0007t","token_type":"Bearer"}"#,
            b"{\"access_token\":\"\xff\",\"token_type\":\"Bearer\"}",
            br#"{"access_token":"","token_type":"Bearer"}"#,
            br#"{"access_token":7}"#,
            br#"{"refresh_token":"rt"}"#,
            br#"{"access_token":"at""#,
            b"access_token=at&token_type=bearer",
            b"[]",
            b"{}",
            b"",
        ] {
            for status in [200, 201] {
                let found = poll(status, body);
                assert!(
                    matches!(found, Ok(Poll::Unusable { .. })),
                    "{status} {}: {found:?}",
                    String::from_utf8_lossy(body)
                );
            }
        }
        for page in ["<html>sign in to this network</html>", "", "{}", "[]", "busy"] {
            for status in [200, 204, 302, 307, 400, 401, 403, 404, 410, 413, 451] {
                let found = poll(status, page.as_bytes());
                assert!(matches!(found, Ok(Poll::Unusable { rest: None, .. })), "{status} {page}");
            }
            for status in [408, 429, 500, 501, 502, 503, 504, 520, 599] {
                assert!(poll(status, page.as_bytes()).is_err(), "{status} {page}");
            }
        }
        // The code is used up, regardless of the status.
        for status in [200, 307, 403, 429, 500, 503] {
            let token_type = if status == 200 { "pop" } else { "Bearer" };
            let body = format!(
                r#"{{"access_token":"at","token_type":"{token_type}","refresh_token":"rt"}}"#
            );
            let Ok(Poll::Unusable { rest: Some(rest), .. }) = poll(status, body.as_bytes()) else {
                panic!("{status}");
            };
            assert_eq!(rest.refresh_token, Some(Secret::new("rt")));
            let body = r#"{"access_token":"at","token_type":"pop"}"#;
            let found = poll(status, body.as_bytes());
            assert!(matches!(found, Ok(Poll::Unusable { rest: None, .. })), "{status}");
        }
    }
}
