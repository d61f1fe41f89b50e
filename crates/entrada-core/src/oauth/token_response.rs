//! A successful token response (RFC 6749 §5.1) with Entra's additions.

use serde_json::Value;

use super::lenient::{self, Members};
use super::token_members::token_members;
use super::{Answer, HttpResponse, ProtocolError, error_response, is_refusal, read};
use crate::{NumericDate, ScopeSet, Secret, clean};

/// The lifetime in seconds that is assumed when `expires_in` is missing or implausible. It is short, so that a wrong guess
/// does no harm.
const EXPIRES_IN_DEFAULT: u64 = 300;
/// The longest plausible `expires_in`: a year in seconds.
const EXPIRES_IN_MAX: u64 = 365 * 86_400;

/// The largest accepted refresh token, in bytes. Entra's have about 2 kB.
const REFRESH_TOKEN_MAX: usize = 32 << 10;

/// The placeholder for an access token that is not needed.
const NO_TOKEN: &str = "-";

/// Whether `text` can be a refresh token: printable ASCII (RFC 6749 §A.17), and not far longer than real ones.
fn is_refresh_token(text: &str) -> bool {
    let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    is_printable && !text.trim().is_empty() && text.len() <= REFRESH_TOKEN_MAX
}

/// The content of a successful response of the token endpoint.
#[derive(Clone, Debug)]
pub struct TokenResponse {
    /// The token for the API.
    pub access_token: Secret,
    /// `Bearer`, or a type that entrada cannot use.
    pub token_type: Option<String>,
    /// Granted scopes as sent; absent or empty means "as requested" (RFC 6749 §5.1).
    pub scope: Option<String>,
    /// The lifetime in seconds, counted from [`TokenResponse::received_at`].
    pub expires_in: u64,
    /// Whether `expires_in` came from the server. Otherwise it is entrada's default.
    pub expires_in_known: bool,
    /// Seconds after which the server suggests a refresh.
    pub refresh_in: Option<u64>,
    /// The token for the next refresh.
    pub refresh_token: Option<Secret>,
    /// Whether the response had an unusable refresh token, which was left out: it is not text, had characters that no token has, or was
    /// far too long.
    pub refresh_token_unusable: bool,
    /// The lifetime of the refresh token in seconds. Entra sends it to single-page applications.
    pub refresh_token_expires_in: Option<u64>,
    /// The ID token, which names the user (OIDC Core §2).
    pub id_token: Option<Secret>,
    /// Base64url JSON with `uid` and `utid`. Entra sends it for `client_info=1`.
    pub client_info: Option<String>,
    /// `1` when the client belongs to Microsoft's family of clients.
    pub foci: Option<String>,
    /// The names of all members of the response.
    pub members: Vec<String>,
    /// The time of receipt, by the local clock.
    pub received_at: NumericDate,
    /// The time of sending, by the server's clock (`Date` header).
    pub server_date: Option<NumericDate>,
}

impl TokenResponse {
    /// Reads a response of the token endpoint.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if the response is not OAuth, for example a page of a proxy.
    pub fn parse(
        step: &'static str,
        response: &HttpResponse,
        received_at: NumericDate,
    ) -> Result<Answer<Self>, ProtocolError> {
        read(step, response, Some(received_at), |members| {
            let mut token = Self::from_json(members, received_at)
                .ok_or_else(|| "it has neither `access_token` nor `error`".to_owned())?;
            // RFC 6750 §2.1. Other characters could forge a line where the token is printed.
            if !token.access_token.expose().chars().all(|c| c.is_ascii_graphic()) {
                return Err(
                    "its `access_token` has characters that are not allowed in a token".to_owned()
                );
            }
            let bearer = |kind: &String| kind.eq_ignore_ascii_case("bearer");
            if let Some(other) = token.token_type.as_ref().filter(|kind| !bearer(kind)) {
                return Err(format!("its `token_type` is `{}`, not Bearer", clean(other)));
            }
            token.server_date = error_response::server_date(response);
            token.leave_out_unusable();
            Ok(token)
        })
    }

    /// Whether the members of the body are those of a token response, regardless of the status.
    pub(super) fn is_in(response: &HttpResponse) -> bool {
        let members = serde_json::from_slice::<Members>(response.body());
        members.is_ok_and(|members| {
            !is_refusal(&members) && lenient::text(&members, "access_token").is_some()
        })
    }

    /// The refresh token and the other members of a response with an unusable access token: one that has the wrong type,
    /// cannot be read or is missing, or that came with an error status; or the body is not the JSON object that it should be. `None` for an OAuth error, and where the response
    /// has no usable refresh token. The old refresh token may be invalid by now, so this one must not be lost.
    pub fn without_access_token(response: &HttpResponse, received_at: NumericDate) -> Option<Self> {
        let mut members = token_members(response)?;
        let is_token_response = ["access_token", "token_type", "expires_in", "id_token"]
            .iter()
            .any(|name| members.contains_key(*name));
        // In an error response, the member may be a message about the parameter.
        if is_refusal(&members) || !(response.status().is_success() || is_token_response) {
            return None;
        }
        members.insert("access_token".to_owned(), Value::from(NO_TOKEN));
        let mut token = Self::from_json(&members, received_at)?;
        token.access_token = Secret::new("");
        token.server_date = error_response::server_date(response);
        token.leave_out_unusable();
        token.refresh_token.is_some().then_some(token)
    }

    /// Drops a refresh token that cannot be sent in a request, so that it does not replace a usable one.
    fn leave_out_unusable(&mut self) {
        let unusable = self.refresh_token.take_if(|token| !is_refresh_token(token.expose()));
        self.refresh_token_unusable |= unusable.is_some();
    }

    /// Reads the members of a response body unchanged; `None` without an `access_token`.
    pub fn from_json(members: &Members, received_at: NumericDate) -> Option<Self> {
        let expires_in = lenient::number(members, "expires_in");
        let (refresh_token, refresh_token_unusable) = match members.get("refresh_token") {
            // A number that is written as it came.
            Some(Value::Number(number)) if number.is_u64() => (Some(number.to_string()), false),
            Some(Value::Number(_) | Value::Array(_) | Value::Object(_)) => (None, true),
            _ => (lenient::text(members, "refresh_token"), false),
        };
        Some(Self {
            access_token: Secret::new(lenient::text(members, "access_token")?),
            token_type: lenient::text(members, "token_type"),
            scope: members.get("scope").and_then(|scope| scope.as_str()).map(str::to_owned),
            expires_in: expires_in.unwrap_or(EXPIRES_IN_DEFAULT).min(EXPIRES_IN_MAX),
            expires_in_known: expires_in.is_some(),
            refresh_in: lenient::number(members, "refresh_in"),
            refresh_token: refresh_token.map(Secret::new),
            refresh_token_unusable,
            refresh_token_expires_in: lenient::number(members, "refresh_token_expires_in"),
            id_token: lenient::text(members, "id_token").map(Secret::new),
            client_info: lenient::text(members, "client_info"),
            foci: lenient::text(members, "foci"),
            members: members.keys().cloned().collect(),
            received_at,
            server_date: None,
        })
    }

    /// The expiry of the access token by the local clock. The token's own `exp` is by the server's clock.
    pub fn expires_at(&self) -> NumericDate {
        self.received_at.plus(std::time::Duration::from_secs(self.expires_in))
    }

    /// The scopes in the response; `None` when it has no `scope`.
    pub fn granted(&self) -> Option<ScopeSet> {
        self.scope.as_deref().map(ScopeSet::parse).filter(|scopes| !scopes.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::testing::response;

    fn parse(body: &str) -> TokenResponse {
        TokenResponse::parse("a test", &response(200, body), NumericDate(1_000)).unwrap().unwrap()
    }

    #[test]
    fn expires_in_may_be_text() {
        assert_eq!(
            parse(r#"{"access_token":"a","expires_in":"3599"}"#).expires_at(),
            NumericDate(4_599)
        );
    }

    #[test]
    fn an_implausible_expires_in_gives_a_short_life() {
        for expires_in in ["null", "-1", "\"x\"", "1e300", "1e400", "NaN", "-Infinity", "[]"] {
            let token = parse(&format!(r#"{{"access_token":"a","expires_in":{expires_in}}}"#));
            assert_eq!(token.expires_at(), NumericDate(1_300), "{expires_in}");
        }
    }

    #[test]
    fn a_missing_scope_is_not_an_error() {
        assert_eq!(parse(r#"{"access_token":"a"}"#).granted(), None);
        assert_eq!(parse(r#"{"access_token":"a","scope":""}"#).granted(), None);
    }

    #[test]
    fn a_token_that_could_forge_a_line_or_needs_a_proof_is_refused() {
        for body in [
            r#"{"access_token":"a\nb"}"#,
            r#"{"access_token":"a\u001b[2J"}"#,
            r#"{"access_token":"a b"}"#,
            r#"{"access_token":"a","token_type":"pop"}"#,
        ] {
            let answer = TokenResponse::parse("a test", &response(200, body), NumericDate(0));
            assert!(answer.is_err(), "{body}");
        }
        assert!(parse(r#"{"access_token":"a","token_type":"BEARER"}"#).expires_in > 0);
    }

    #[test]
    fn an_empty_error_next_to_a_token_is_not_a_refusal() {
        assert_eq!(parse(r#"{"access_token":"a","error":""}"#).access_token, Secret::new("a"));
        for error in ["null", "{}", r#""none""#, r#""NULL""#, r#""success""#, "false", "0"] {
            let token = parse(&format!(r#"{{"access_token":"a","error":{error}}}"#));
            assert_eq!(token.access_token, Secret::new("a"), "{error}");
        }
        for body in [
            r#"{"access_token":"a","error":"invalid_grant"}"#,
            r#"{"access_token":"a","error":{"code":"x"}}"#,
            r#"{"error":"none"}"#,
            r#"{"error":{}}"#,
        ] {
            let answer = TokenResponse::parse("a test", &response(200, body), NumericDate(0));
            assert!(answer.unwrap().is_err(), "{body}");
        }
    }

    #[test]
    fn null_is_not_a_refresh_token() {
        assert!(parse(r#"{"access_token":"a","refresh_token":null}"#).refresh_token.is_none());
    }

    #[test]
    fn a_refresh_token_may_be_a_number_and_any_other_type_is_reported() {
        let token = parse(r#"{"access_token":"a","refresh_token":1234567890123}"#);
        assert_eq!(token.refresh_token, Some(Secret::new("1234567890123")));
        for unusable in ["{\"v\":1}", "[\"r\"]", "1.5", "1e40"] {
            let token = parse(&format!(r#"{{"access_token":"a","refresh_token":{unusable}}}"#));
            assert!(token.refresh_token.is_none() && token.refresh_token_unusable, "{unusable}");
        }
    }

    #[test]
    fn a_compressed_body_is_named() {
        let mut answer = response(200, "");
        *answer.body_mut() = b"\x1f\x8b\x08\0\0\0\0\0".to_vec();
        let error = TokenResponse::parse("a test", &answer, NumericDate(0)).unwrap_err();
        assert!(error.reason.contains("compressed (`gzip`)"), "{error}");
        answer.headers_mut().insert("content-encoding", "br".parse().unwrap());
        *answer.body_mut() = b"\x0b\x02".to_vec();
        let error = TokenResponse::parse("a test", &answer, NumericDate(0)).unwrap_err();
        assert!(error.reason.contains("compressed (`br`)"), "{error}");
        *answer.body_mut() = br#"{"access_token":"a"}"#.to_vec();
        assert!(TokenResponse::parse("a test", &answer, NumericDate(0)).is_ok());
    }

    fn rest(status: u16, body: &[u8]) -> Option<TokenResponse> {
        let mut response = response(status, "");
        *response.body_mut() = body.to_vec();
        TokenResponse::without_access_token(&response, NumericDate(0))
    }

    #[test]
    fn a_refresh_token_next_to_an_unusable_access_token_is_found() {
        for (status, body) in [
            (200, &br#"{"access_token":"a","token_type":"pop","refresh_token":"new"}"#[..]),
            (200, br#"{"token_type":"Bearer","refresh_token":"new"}"#),
            (200, br#"{"refresh_token":"new"}"#),
            (200, br#"{"access_token":null,"refresh_token":"new"}"#),
            (200, br#"{"access_token":["a"],"refresh_token":"new"}"#),
            (200, br#"{"access_token":"a\u001b[2J","refresh_token":"new"}"#),
            (200, br#"{"access_token":"a\ud800","refresh_token":"new"}"#),
            (200, b"{\"access_token\":\"a\nb\", \"refresh_token\" : \"new\"}"),
            (200, b"{\"access_token\":\"a\xff\xfe\",\"refresh_token\":\"new\"}"),
            (200, b"\xef\xbb\xbf{\"access_token\":\"\xc3\",\"refresh_token\":\"new\"}"),
            (200, br#"{"refresh_token":"new","access_token":"cut sho"#),
            (200, br#"{"access_token":"a b","refresh_token":"new"} trailing"#),
            (307, br#"{"access_token":"a","token_type":"Bearer","refresh_token":"new"}"#),
            (500, br#"{"access_token":"a","expires_in":60,"refresh_token":"new"}"#),
            (404, br#"{"token_type":"Bearer","refresh_token":"new"}"#),
            (200, br#"{"access_token":"a","token_type":7,"error":"","refresh_token":"new"}"#),
            (200, br#"[{"access_token":"a","refresh_token":"new"}]"#),
            (200, b"access_token=a&token_type=Bearer&refresh_token=new\r\n"),
            (200, b"\0{\"access_token\":\"a\",\"refresh_token\":\"new\"}"),
            (200, b")]}',\n{\"access_token\":\"a\",\"refresh_token\":\"new\"}"),
            (200, b"/* x */ {\"access_token\":\"a\",\"refresh_token\":\"new\"}"),
            (200, br#"{"ACCESS_TOKEN":"a","REFRESH_TOKEN":"new"}"#),
            (200, br#"{"accessToken":"a","refreshToken":"new"}"#),
            (200, br#"{"data":{"access_token":"a","refresh_token":"new"}}"#),
            (200, br#"{"access_token":"a","error":{},"token_type":"pop","refresh_token":"new"}"#),
            (200, br#"{"access_token":"a b","error":"None","refresh_token":"new"}"#),
        ] {
            let text = String::from_utf8_lossy(body);
            let found = rest(status, body).and_then(|rest| rest.refresh_token);
            assert_eq!(found, Some(Secret::new("new")), "{status} {text}");
        }
    }

    #[test]
    fn a_message_in_place_of_a_refresh_token_is_not_a_token() {
        for (status, body) in [
            (400, r#"{"refresh_token":"invalid"}"#),
            (400, r#"{"error":"invalid_grant","refresh_token":"invalid","token_type":"x"}"#),
            (200, r#"{"error":"invalid_request","refresh_token":"required"}"#),
            (400, r#"{"error":"x","refresh_token":"new","access_token":"cut"#),
            (200, r#"{"access_token":"a","refresh_token":["required"]}"#),
            (200, r#"[{"refresh_token":"new"},{"refresh_token":"newer"}]"#),
            (200, r#"[{"error":"invalid_grant","access_token":"a","refresh_token":"new"}]"#),
            (200, r#"{"Error":"invalid_grant","accessToken":"a","refreshToken":"new"}"#),
            (200, "refresh_token=required"),
            (200, "error=invalid_grant&access_token=a&refresh_token=new"),
            (200, "the refresh_token=a&access_token is missing"),
            (200, r#"<script>{"access_token":"a","refresh_token":"new"}</script>"#),
            (200, ""),
        ] {
            assert!(rest(status, body.as_bytes()).is_none(), "{status} {body}");
        }
    }

    #[test]
    fn a_refresh_token_that_cannot_be_sent_is_left_out() {
        let long = "r".repeat(900_000);
        for unusable in
            ["a\\nb", "a\\r\\nHost: x", "\\u0000", " ", "a\\u009bb", "é", "\\u202e", &long]
        {
            let token = parse(&format!(r#"{{"access_token":"a","refresh_token":"{unusable}"}}"#));
            assert!(token.refresh_token.is_none() && token.refresh_token_unusable);
            let body = format!(r#"{{"token_type":"pop","refresh_token":"{unusable}"}}"#);
            assert!(rest(200, body.as_bytes()).is_none());
        }
        let long = "r".repeat(8_000);
        for usable in ["0.AX-_.~+/=", "M.C521!*$ x", &long] {
            let token = parse(&format!(r#"{{"access_token":"a","refresh_token":"{usable}"}}"#));
            assert_eq!(token.refresh_token, Some(Secret::new(usable)));
            assert!(!token.refresh_token_unusable);
        }
    }

    #[test]
    fn a_broken_body_is_never_quoted() {
        let error = TokenResponse::parse(
            "a test",
            &response(200, r#"{"access_token":"SECRET""#),
            NumericDate(0),
        )
        .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("SECRET"));
    }

    #[test]
    fn an_error_under_status_200_is_a_refusal() {
        let answer =
            TokenResponse::parse("a test", &response(200, r#"{"error":"x"}"#), NumericDate(0));
        assert_eq!(answer.unwrap().unwrap_err().error, "x");
    }
}
