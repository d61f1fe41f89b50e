//! Tokens for an application without a user: the client credentials grant, and managed identities.

use serde_json::{Value, json};

use super::account::{ACCOUNTS, TenantSegment};
use super::answer::{self, Answer};
use super::call::{Call, EndpointVersion};
use super::client_authentication::ClientAuthentication;
use super::grant::NO_KEY;
use super::mint::{self, AppTokenFacts};
use super::refusal::{self, EntraError};
use super::scope::{self, RequestedScopes, SeveralApis};
use super::state::State;
use super::unregistered::guid_of;
use entrada_core::NumericDate;
use entrada_core::entra::known::SERVICES_TENANT;

/// An access token of an application.
pub(super) struct ApplicationToken {
    pub(super) access_token: String,
    pub(super) audience: String,
    /// Seconds until it expires.
    pub(super) life: i64,
}

impl State {
    /// The client credentials grant (RFC 6749 §4.4), with a secret or an assertion.
    pub(super) fn client_credentials(
        &mut self,
        client_id: &str,
        call: &Call,
        segment: &TenantSegment,
        now: NumericDate,
    ) -> Result<Answer, EntraError> {
        let presented = self.authenticate_client(client_id, call, now)?;
        if presented == ClientAuthentication::None {
            return Err(EntraError::new(
                "invalid_client",
                7_000_216,
                "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
            )
            .status(401));
        }
        let wanted = self.application_scope(client_id, call)?;
        let tid = match segment {
            // Observed: without a tenant, the token is one of Microsoft Services.
            TenantSegment::Common | TenantSegment::Organizations => SERVICES_TENANT.to_owned(),
            other => other.tid(&ACCOUNTS[0]),
        };
        let cp1 = call
            .form("claims")
            .is_some_and(|claims| claims.to_ascii_lowercase().contains("\"cp1\""));
        let token =
            self.application_token(client_id, presented, &tid, &wanted, (cp1, json!({})), now)?;
        let mut body = json!({
            "token_type": "Bearer", "expires_in": token.life - 1, "ext_expires_in": token.life - 1,
        });
        if call.version() == EndpointVersion::V1 {
            body["expires_on"] = json!(now.plus_seconds(token.life - 1).0);
            body["not_before"] = json!(now.plus_seconds(-300).0);
            body["resource"] = json!(token.audience);
            answer::numbers_as_text(&mut body);
        }
        body["access_token"] = json!(token.access_token);
        Ok(answer::json(200, &body))
    }

    /// The API of the request: `scope` with `.default`, or `resource` in version 1.
    fn application_scope(
        &self,
        client_id: &str,
        call: &Call,
    ) -> Result<RequestedScopes, EntraError> {
        let text = match call.version() {
            EndpointVersion::V1 => {
                let resource = call.form("resource").ok_or_else(|| refusal::missing("resource"))?;
                scope::of_resource(resource)
            }
            EndpointVersion::V2 => {
                call.form("scope").ok_or_else(|| refusal::missing("scope"))?.to_owned()
            }
        };
        let refused = || {
            EntraError::with(
                "invalid_scope",
                1_002_012,
                format!(
                    "The provided value for scope {text} is not valid. Client credential flows must have a scope value \
                     with /.default suffixed to the resource identifier (application ID URI)."
                ),
            )
        };
        let wanted = self.parse_scope(client_id, &text, SeveralApis::Refused)?;
        if wanted.default { Ok(wanted) } else { Err(refused()) }
    }

    /// A token for the API in `wanted`. `more` holds whether the client handles claims challenges, and further claims.
    pub(super) fn application_token(
        &mut self,
        client_id: &str,
        client_authentication: ClientAuthentication,
        tid: &str,
        wanted: &RequestedScopes,
        more: (bool, Value),
        now: NumericDate,
    ) -> Result<ApplicationToken, EntraError> {
        let (cp1, more) = more;
        let life = if cp1 { 86_400 } else { 3_600 };
        let audience = wanted.audience();
        let facts = AppTokenFacts {
            client_id,
            oid: &guid_of(&format!("service principal of {client_id}")),
            client_authentication,
            tid,
            issuer: &self.issuer_v1(tid),
            resource: wanted.resource,
            audience: &audience,
            now,
            life,
            cp1,
            more,
        };
        let access_token = mint::app_token(&mut self.entropy, &facts).ok_or(NO_KEY)?;
        self.remember_secret(access_token.clone());
        Ok(ApplicationToken { access_token, audience, life })
    }
}
