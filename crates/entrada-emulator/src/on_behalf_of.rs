//! The on-behalf-of grant: an API exchanges the access token that a user's client sent for one of another API (RFC 7523
//! §2.1, with `requested_token_use=on_behalf_of`).

use super::account::{EmulatedAccount, TenantSegment};
use super::answer::Answer;
use super::call::Call;
use super::grant::EmulatedGrant;
use super::key::key;
use super::refusal::{self, EntraError};
use super::scope::{self, SeveralApis};
use super::state::State;
use entrada_core::{Jwt, NumericDate};

impl State {
    pub(super) fn on_behalf_of(
        &mut self,
        client_id: &str,
        call: &Call,
        segment: &TenantSegment,
        now: NumericDate,
    ) -> Result<Answer, EntraError> {
        if call.form("requested_token_use") != Some("on_behalf_of") {
            return Err(refusal::missing("requested_token_use"));
        }
        self.need_client_authentication(client_id, call, now)?;
        let assertion = call.form("assertion").ok_or_else(|| refusal::missing("assertion"))?;
        let account = self.user_of_assertion(client_id, assertion, now)?;
        let scope = Self::requested_scope(call)?;
        let wanted = self.parse_scope(client_id, &scope, SeveralApis::Refused)?;
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

    /// The user of an access token that was issued for the API `client_id`.
    fn user_of_assertion(
        &self,
        client_id: &str,
        assertion: &str,
        now: NumericDate,
    ) -> Result<&'static EmulatedAccount, EntraError> {
        let refused = |code, text: &'static str| EntraError::new("invalid_grant", code, text);
        let jwt = Jwt::decode_unverified(assertion)
            .map_err(|_| refused(50_027, "JWT token is invalid or malformed."))?;
        let claims = &jwt.claims;
        if !key().is_some_and(|key| key.has_signed(assertion)) {
            return Err(refused(
                50_013,
                "Assertion failed signature validation. [Reason - The key was not found.]",
            ));
        }
        if claims.exp().is_none_or(|exp| exp <= now) {
            return Err(refused(
                500_133,
                "Assertion is not within its valid time range. Ensure that the access token is not expired before using \
                 it for user assertion, or request a new token.",
            ));
        }
        let audience = claims.aud().unwrap_or_default();
        let api = scope::EmulatedResource::of_audience(audience, &self.apis_of(client_id));
        let is_own = audience.eq_ignore_ascii_case(client_id)
            || api.is_some_and(|api| api.app_id().eq_ignore_ascii_case(client_id));
        if !is_own {
            return Err(EntraError::with(
                "invalid_grant",
                500_131,
                format!(
                    "Assertion audience does not match the Client app presenting the assertion. The audience in the \
                     assertion was '{audience}' and the expected audience is '{client_id}' or one of the Application \
                     Uris of this application."
                ),
            ));
        }
        if !claims.has_scp() {
            return Err(refused(
                240_002,
                "The input id_token or application token cannot be used as 'urn:ietf:params:oauth:grant-type:jwt-bearer' \
                 grant.",
            ));
        }
        let oid = claims.text("oid").unwrap_or_default();
        self.accounts()
            .find(|account| account.oid == oid)
            .ok_or(refused(50_034, "The user account does not exist in the directory."))
    }
}
