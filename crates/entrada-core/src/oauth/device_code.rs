//! The device authorization grant (RFC 8628).

use std::time::Duration;

use http::{Method, header};
use url::{Url, form_urlencoded};

use super::lenient;
use super::{Answer, ErrorResponse, HttpRequest, HttpResponse, ProtocolError, TokenResponse};
use super::{build, read};
use crate::{NumericDate, ScopeSet, Secret, check_transport};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// RFC 8628 §3.5: a client that is told to slow down adds 5 seconds to its interval, for good.
pub const SLOW_DOWN_STEP: Duration = Duration::from_secs(5);
/// RFC 8628 §3.2: a client that is given no interval uses 5 seconds.
const INTERVAL_DEFAULT: u64 = 5;
/// An interval beyond a minute is no interval.
const INTERVAL_MAX: u64 = 60;
/// Entra's codes live 15 minutes.
const EXPIRES_IN_DEFAULT: u64 = 900;
/// No code lives longer than a day.
const EXPIRES_IN_MAX: u64 = 86_400;

/// What the user needs to sign in elsewhere (RFC 8628 §3.2).
#[derive(Clone, Debug)]
pub struct DeviceAuthorization {
    /// Identifies this sign-in to the token endpoint.
    pub device_code: Secret,
    /// What the user types: letters, digits and dashes, no more than 32.
    pub user_code: String,
    /// Where the user types it: https, or this machine.
    pub verification_uri: Url,
    /// The server's own words to the user, uncleaned.
    pub message: Option<String>,
    /// When both codes die, by our clock.
    pub expires_at: NumericDate,
    /// The least time between two polls.
    pub interval: Duration,
}

/// The answer to one poll (RFC 8628 §3.5).
#[derive(Debug)]
pub enum Poll {
    /// The user has not finished: wait the interval, poll again.
    Pending,
    /// Wait [`SLOW_DOWN_STEP`] longer from now on.
    SlowDown,
    /// Signed in.
    Issued(Box<TokenResponse>),
    /// The server said no, for good.
    Refused(Box<ErrorResponse>),
    /// Something that is no OAuth answer and no outage either: no later poll brings another. In `rest` stands the refresh token
    /// that came all the same ([`TokenResponse::without_access_token`]).
    Unusable {
        /// What is wrong with it.
        error: ProtocolError,
        /// The refresh token, and what stands beside it.
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

/// Reads the answer to [`authorization_request`]; the inner `Err` is the server's refusal, whatever the status.
///
/// # Errors
///
/// [`ProtocolError`] where the answer is not OAuth, for example a page of a proxy.
pub fn parse_authorization(
    response: &HttpResponse,
    received_at: NumericDate,
) -> Result<Answer<DeviceAuthorization>, ProtocolError> {
    read("the device authorization request", response, Some(received_at), |members| {
        let text =
            |name: &str| lenient::text(members, name).ok_or_else(|| format!("it has no `{name}`"));
        // Entra's v1.0 endpoint says `verification_url`. `verification_uri_complete` is not read: Entra never sends it.
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
            interval: Duration::from_secs(interval.clamp(1, INTERVAL_MAX)),
        })
    })
}

/// Asks whether the user has signed in (RFC 8628 §3.4). By hand, because the `oauth2` crate keeps neither Entra's error
/// members nor the reason why a poll got no answer.
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

/// Reads the answer to [`poll_request`]. An error is an outage (408, 429 and 5xx without an OAuth answer): nothing was decided, and
/// the next poll may bring more.
///
/// # Errors
///
/// A [`ProtocolError`] where the status is that of an outage and the body holds neither tokens nor an OAuth error.
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
    fn the_interval_is_five_seconds_unless_told_and_always_sensible() {
        for (interval, seconds) in
            [("", 5), (r#","interval":0"#, 1), (r#","interval":1e9"#, 60), (r#","interval":-3"#, 5)]
        {
            let body = format!(
                r#"{{"device_code":"d","user_code":"A","verification_uri":"https://x/"{interval}}}"#
            );
            assert_eq!(authorization(&body).unwrap().interval.as_secs(), seconds, "{interval}");
        }
    }

    #[test]
    fn an_error_under_200_is_a_refusal() {
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
    fn a_user_code_that_nobody_can_type_is_refused_not_cleaned() {
        let body =
            r#"{"device_code":"d","user_code":"A\u001b[2J","verification_uri":"https://x/"}"#;
        assert!(authorization(body).unwrap_err().contains("user_code"));
    }

    #[test]
    fn only_waiting_words_keep_the_flow_alive() {
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
    fn an_answer_that_is_no_oauth_is_the_end_and_an_outage_is_not() {
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
        // The code is spent, whatever the status says.
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
