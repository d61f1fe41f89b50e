//! The resource owner password credentials grant (RFC 6749 §4.3).

use super::account::TenantSegment;
use super::answer::Answer;
use super::call::{Call, EndpointVersion};
use super::grant::EmulatedGrant;
use super::refusal::{self, EntraError};
use super::scope::{self, SeveralApis};
use super::state::State;
use entrada_core::NumericDate;

/// A password that no user has, for tests of AADSTS50126. Every other one signs in.
pub const WRONG_PASSWORD: &str = "wrong";

impl State {
    pub(super) fn password(
        &mut self,
        client_id: &str,
        call: &Call,
        segment: &TenantSegment,
        now: NumericDate,
    ) -> Result<Answer, EntraError> {
        if matches!(segment, TenantSegment::Common | TenantSegment::Consumers) {
            return Err(EntraError::new(
                "invalid_request",
                9_001_023,
                "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations \
                 or tenant-specific endpoint.",
            ));
        }
        self.authenticate_client(client_id, call, now)?;
        let username = call.form("username").ok_or_else(|| refusal::missing("username"))?;
        let password = call.form("password").ok_or_else(|| refusal::missing("password"))?;
        let scope = Self::requested_scope(call)?;
        let wanted = self.parse_scope(client_id, &scope, SeveralApis::Refused)?;
        self.check_client_scopes(client_id, &wanted)?;
        let account = self.account(username).filter(|account| segment.allows(account)).ok_or_else(|| {
            EntraError::new(
                "invalid_grant",
                50_034,
                "The user account does not exist in the directory. To sign into this application, the account must be \
                 added to the directory.",
            )
        })?;
        if password == WRONG_PASSWORD {
            return Err(EntraError::new(
                "invalid_grant",
                50_126,
                "Error validating credentials due to invalid username or password.",
            ));
        }
        let grant = EmulatedGrant {
            client_id: client_id.to_owned(),
            account,
            tid: segment.tid(account),
            scope,
            claims: None,
            revoked: false,
        };
        self.issue_without_sign_in(grant, wanted, call, now)
    }

    /// The scopes that a request asks for. `resource` takes their place in version 1; without one, the retired Azure AD
    /// Graph is meant.
    pub(super) fn requested_scope(call: &Call) -> Result<String, EntraError> {
        match call.version() {
            EndpointVersion::V1 => {
                let retired = entrada_core::entra::resources::AAD_GRAPH.app_id;
                Ok(scope::of_resource(call.parameter("resource").unwrap_or(retired)))
            }
            EndpointVersion::V2 => {
                call.parameter("scope").map(str::to_owned).ok_or_else(|| refusal::missing("scope"))
            }
        }
    }
}
