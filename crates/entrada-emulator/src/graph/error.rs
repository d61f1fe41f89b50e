//! Graph's errors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::answer::{self, Answer};
use crate::bearer::TokenProblem;
use crate::call::Call;
use crate::scope::GRAPH;
use entrada_core::NumericDate;

/// An error of Graph: HTTP status, `code`, `message`.
#[derive(Clone, Copy)]
pub(super) struct GraphError(pub(super) u16, pub(super) &'static str, pub(super) &'static str);

const INVALID: &str = "InvalidAuthenticationToken";

pub(super) const CHALLENGE: GraphError = GraphError(
    401,
    INVALID,
    "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: \
     TokenCreatedWithOutdatedPolicies",
);
/// The claims that [`CHALLENGE`] asks for.
const CHALLENGE_CLAIMS: &str = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
pub(super) const MAIL_DENIED: GraphError =
    GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
pub(super) const DENIED: GraphError = GraphError(
    403,
    "Authorization_RequestDenied",
    "Insufficient privileges to complete the operation.",
);
pub(super) const NO_MAILBOX: GraphError = GraphError(
    404,
    "MailboxNotEnabledForRESTAPI",
    "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
);
pub(super) const NO_ITEM: GraphError =
    GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.");
pub(super) const NO_OBJECT: GraphError = GraphError(
    404,
    "Request_ResourceNotFound",
    "Resource does not exist or one of its queried reference-property objects are not present.",
);
pub(super) const NO_SEGMENT: GraphError =
    GraphError(400, "BadRequest", "Resource not found for the segment.");
pub(super) const NO_USER: GraphError =
    GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.");
pub(super) const BAD_BATCH: GraphError =
    GraphError(400, "BadRequest", "Invalid batch payload format.");

impl From<TokenProblem> for GraphError {
    fn from(problem: TokenProblem) -> Self {
        let message = match problem {
            TokenProblem::Empty => "Access token is empty.",
            TokenProblem::Malformed => {
                "IDX14100: JWT is not well formed, there are no dots (.).\nThe token needs to be in JWS or JWE Compact\
                 Token Serialization Format. (JWS): 'EncodedHeader.EndcodedPayload.EncodedSignature'. (JWE): \
                 'EncodedProtectedHeader.EncodedEncryptedKey.EncodedInitializationVector.EncodedCiphertext.\
                 EncodedAuthenticationTag'."
            }
            TokenProblem::UnknownCompact => "CompactToken parsing failed with error code: 80049217",
            TokenProblem::ExpiredCompact => {
                "CompactToken validation failed with reason code: 80049228."
            }
            TokenProblem::Audience => "Access token validation failure. Invalid audience.",
            TokenProblem::Expired => "Lifetime validation failed, the token is expired.",
            TokenProblem::NotYetValid => "Access token has expired or is not yet valid.",
            TokenProblem::Signature => "Access token validation failure.",
        };
        Self(401, INVALID, message)
    }
}

impl GraphError {
    pub(super) fn body(&self, call: &Call, now: NumericDate) -> Value {
        let Self(_, code, message) = self;
        let request_id =
            call.header("client-request-id").unwrap_or("5d1f3a52-0000-4000-8000-000000000000");
        json!({ "error": {
            "code": code, "message": message,
            "innerError": {
                "date": now.to_string().trim_end_matches('Z').replace(' ', "T"),
                "request-id": request_id, "client-request-id": request_id,
            },
        } })
    }

    pub(super) fn answer(&self, call: &Call, now: NumericDate) -> Answer {
        let Self(status, code, message) = self;
        let mut answer = answer::json(*status, &self.body(call, now));
        if *status == 401 {
            // This `client_id` is Graph's own, not the caller's.
            let claims = STANDARD.encode(CHALLENGE_CLAIMS);
            let asks = format!(", error=\"insufficient_claims\", claims=\"{claims}\"");
            let asks = if *message == CHALLENGE.2 { &asks } else { "" };
            let challenge = format!(
                "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
                 client_id=\"{}\"{asks}",
                GRAPH.app_id()
            );
            answer::set_header(&mut answer, "www-authenticate", &challenge);
        }
        answer::with_logged_error(answer, code)
    }
}
