//! A successful token response (RFC 6749 §5.1) with Entra's additions.

use super::lenient::{self, Members};
use super::{Answer, HttpResponse, ProtocolError, error_response, read};
use crate::model::{NumericDate, ScopeSet, Secret, clean};

/// Seconds assumed when `expires_in` is missing or senseless: short, so that a guess does no harm.
const EXPIRES_IN_DEFAULT: u64 = 300;
/// Seconds beyond which `expires_in` is not believed: a year.
const EXPIRES_IN_MAX: u64 = 365 * 86_400;

/// What the token endpoint issued.
#[derive(Clone, Debug)]
pub struct TokenResponse {
    /// The token for the API.
    pub access_token: Secret,
    /// `Bearer`, or something we cannot use.
    pub token_type: Option<String>,
    /// Granted scopes as sent; absent or empty means "as requested" (RFC 6749 §5.1).
    pub scope: Option<String>,
    /// Seconds of life, counted from [`TokenResponse::received_at`].
    pub expires_in: u64,
    /// Whether `expires_in` came from the server, rather than from our default.
    pub expires_in_known: bool,
    /// Seconds after which the server would like a refresh.
    pub refresh_in: Option<u64>,
    /// For getting the next one.
    pub refresh_token: Option<Secret>,
    /// Seconds of life of the refresh token; sent for single-page applications.
    pub refresh_token_expires_in: Option<u64>,
    /// Who signed in (OIDC Core §2).
    pub id_token: Option<Secret>,
    /// Base64url JSON with `uid` and `utid`; sent when `client_info=1` was.
    pub client_info: Option<String>,
    /// `1` when the client belongs to Microsoft's family.
    pub foci: Option<String>,
    /// Names of all members that came.
    pub members: Vec<String>,
    /// When it came, by our clock.
    pub received_at: NumericDate,
    /// When it was sent, by the server's (`Date` header).
    pub server_date: Option<NumericDate>,
}

impl TokenResponse {
    /// Reads an answer of the token endpoint.
    pub fn parse(
        step: &'static str,
        response: &HttpResponse,
        received_at: NumericDate,
    ) -> Result<Answer<Self>, ProtocolError> {
        read(step, response, Some(received_at), |members| {
            let mut token = Self::from_json(members, received_at)
                .ok_or_else(|| "it has neither `access_token` nor `error`".to_owned())?;
            // RFC 6750 §2.1: anything else could forge a line where the token is printed.
            if !token.access_token.expose().chars().all(|c| c.is_ascii_graphic()) {
                return Err("its `access_token` has characters that no token has".to_owned());
            }
            let bearer = |kind: &String| kind.eq_ignore_ascii_case("bearer");
            if let Some(other) = token.token_type.as_ref().filter(|kind| !bearer(kind)) {
                return Err(format!("its `token_type` is `{}`, not Bearer", clean(other)));
            }
            token.server_date = error_response::server_date(response);
            Ok(token)
        })
    }

    /// Reads the members of a response body; `None` without an `access_token`.
    pub fn from_json(members: &Members, received_at: NumericDate) -> Option<Self> {
        let expires_in = lenient::number(members, "expires_in");
        Some(Self {
            access_token: Secret::new(lenient::text(members, "access_token")?),
            token_type: lenient::text(members, "token_type"),
            scope: members.get("scope").and_then(|scope| scope.as_str()).map(str::to_owned),
            expires_in: expires_in.unwrap_or(EXPIRES_IN_DEFAULT).min(EXPIRES_IN_MAX),
            expires_in_known: expires_in.is_some(),
            refresh_in: lenient::number(members, "refresh_in"),
            refresh_token: lenient::text(members, "refresh_token").map(Secret::new),
            refresh_token_expires_in: lenient::number(members, "refresh_token_expires_in"),
            id_token: lenient::text(members, "id_token").map(Secret::new),
            client_info: lenient::text(members, "client_info"),
            foci: lenient::text(members, "foci"),
            members: members.keys().cloned().collect(),
            received_at,
            server_date: None,
        })
    }

    /// When the access token dies, by our clock: `exp` of the token itself would trust the server's.
    pub fn expires_at(&self) -> NumericDate {
        self.received_at.plus(std::time::Duration::from_secs(self.expires_in))
    }

    /// The scopes in the response; `None` when it names none.
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
    fn a_senseless_expires_in_gives_a_short_life() {
        for expires_in in ["null", "-1", "\"x\"", "1e300", "[]"] {
            let token = parse(&format!(r#"{{"access_token":"a","expires_in":{expires_in}}}"#));
            assert_eq!(token.expires_at(), NumericDate(1_300), "{expires_in}");
        }
    }

    #[test]
    fn a_missing_scope_is_no_error() {
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
    fn an_empty_error_beside_a_token_is_no_refusal() {
        assert_eq!(parse(r#"{"access_token":"a","error":""}"#).access_token, Secret::new("a"));
        assert_eq!(parse(r#"{"access_token":"a","error":null}"#).access_token, Secret::new("a"));
    }

    #[test]
    fn null_is_no_refresh_token() {
        assert!(parse(r#"{"access_token":"a","refresh_token":null}"#).refresh_token.is_none());
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
