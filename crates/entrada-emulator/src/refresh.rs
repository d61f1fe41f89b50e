//! The refresh grant at the token endpoint.

use super::RegistrationKind;
use super::account::TenantSegment;
use super::answer::Answer;
use super::call::{Call, EndpointVersion};
use super::client_authentication::ClientAuthentication;
use super::grant::IssueRequest;
use super::refusal::{BAD_GRANT, EntraError, NOT_PUBLIC};
use super::scenario::TokenVariant;
use super::scope::{self, SeveralApis};
use super::state::State;
use entrada_core::NumericDate;

impl State {
    /// The refresh grant (RFC 6749 §6): a new token, for the same API or another one.
    pub(super) fn refresh(
        &mut self,
        client_id: &str,
        value: &str,
        call: &Call,
        segment: &TenantSegment,
        now: NumericDate,
    ) -> Result<Answer, EntraError> {
        let scenario = self.scenario_of(client_id);
        let presented = self.authenticate_client(client_id, call, now)?;
        if self.kind_of(client_id) == RegistrationKind::Web
            && presented == ClientAuthentication::None
        {
            return Err(NOT_PUBLIC);
        }
        let Some(token) = self.refresh_tokens.get_mut(value) else {
            let shaped =
                value.starts_with("1.A") || value.starts_with("0.A") || value.starts_with("M.");
            let malformed = EntraError::new(
                "invalid_request",
                9_002_313,
                "Invalid request. Request is malformed or invalid.",
            );
            return Err(if shaped { BAD_GRANT } else { malformed });
        };
        let (index, used) = (token.grant, token.used);
        let grant = &mut self.grants[index];
        if !grant.client_id.eq_ignore_ascii_case(client_id) {
            return Err(BAD_GRANT);
        }
        if scenario.tokens == TokenVariant::RotateAndRevoke && used {
            grant.revoked = true;
        }
        if grant.revoked {
            return Err(EntraError::new(
                "invalid_grant",
                70_000,
                "The refresh token was used before, and the grant has been revoked.",
            ));
        }
        let satisfied = grant.claims.as_deref().is_some_and(|claims| claims.contains("capolids"));
        if let Some(refusal) =
            scenario.refresh.filter(|refusal| refusal.claims.is_none() || !satisfied)
        {
            return Err(refusal.clone());
        }
        if !segment.allows(grant.account) {
            return Err(EntraError::with(
                "invalid_grant",
                50_020,
                format!(
                    "User account '{}' does not exist in tenant and cannot access the application '{client_id}' in \
                     that tenant.",
                    grant.account.username
                ),
            ));
        }
        let (granted, account) = (grant.scope.clone(), grant.account);
        let own = self.apis_of(client_id);
        let by_version = match call.version() {
            EndpointVersion::V1 => call.form("resource").map(scope::of_resource),
            EndpointVersion::V2 => call.form("scope").map(str::to_owned),
        };
        let scope = match by_version {
            Some(scope) => scope,
            None if scope::parse(&granted, SeveralApis::FirstCounts, &own)?.is_oidc_only() => {
                return Err(EntraError::with(
                    "invalid_request",
                    90_009,
                    format!(
                        "Application '{client_id}' is requesting a token for itself. This scenario is supported only \
                         if resource is specified using the GUID based App Identifier."
                    ),
                ));
            }
            None => granted.clone(),
        };
        let wanted = self.parse_scope(client_id, &scope, SeveralApis::FirstCounts)?;
        scope::check_account(account, &wanted)?;
        if account.is_personal() && !scope::covers(&granted, &wanted, &own) {
            return Err(EntraError::new(
                "invalid_grant",
                70_000,
                "The request was denied because one or more scopes requested are unauthorized or expired. The user \
                 must first sign in and grant the client application access to the requested scope.",
            ));
        }
        if let TenantSegment::Directory(id) = segment {
            self.grants[index].tid.clone_from(id);
        }
        self.check_client_scopes(client_id, &wanted)?;
        if let Some(token) = self.refresh_tokens.get_mut(value) {
            token.used = true;
        }
        let claims = call.form("claims").map(str::to_owned);
        self.issue(
            index,
            IssueRequest {
                wanted,
                nonce: None,
                front_channel: None,
                first: false,
                claims,
                call,
                now,
            },
        )
    }
}
