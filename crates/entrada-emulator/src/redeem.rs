//! The authorization code grant at the token endpoint.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::RegistrationKind;
use super::account::TenantSegment;
use super::answer::Answer;
use super::authorize::AuthorizationCode;
use super::call::{Call, EndpointVersion};
use super::client_authentication::ClientAuthentication;
use super::grant::{EmulatedGrant, IssueRequest};
use super::refusal::{BAD_GRANT, EntraError, NOT_PUBLIC, OTHER_TENANT, REDEEMED};
use super::scenario::TransportFault;
use super::scope::{self, SeveralApis};
use super::state::State;
use entrada_core::NumericDate;

impl State {
    /// The authorization code grant with PKCE (RFC 6749 §4.1.3; RFC 7636 §4.5).
    pub(super) fn redeem(
        &mut self,
        client_id: &str,
        value: &str,
        call: &Call,
        segment: &TenantSegment,
        now: NumericDate,
    ) -> Result<Answer, EntraError> {
        let kind = self.kind_of(client_id);
        let scenario = self.scenario_of(client_id);
        let presented = self.authenticate_client(client_id, call, now)?;
        let is_confidential = presented != ClientAuthentication::None;
        if kind == RegistrationKind::Web && !is_confidential {
            return Err(NOT_PUBLIC);
        }
        if kind == RegistrationKind::Spa && !is_confidential && call.header("origin").is_none() {
            return Err(EntraError::new(
                "invalid_request",
                9_002_327,
                "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin \
                 requests.",
            ));
        }
        let everywhere = |code| {
            code == NOT_PUBLIC.code && !is_confidential
                || scenario.transport_fault == TransportFault::Hostile
        };
        if let Some(refusal) = scenario.issue.filter(|refusal| everywhere(refusal.code)) {
            return Err(refusal.clone());
        }
        let Some(code) = self.codes.get_mut(value) else {
            return Err(BAD_GRANT);
        };
        if !code.request.client_id.eq_ignore_ascii_case(client_id) {
            return Err(BAD_GRANT);
        }
        if code.request.segment != *segment {
            return Err(OTHER_TENANT);
        }
        if code.used {
            return Err(REDEEMED);
        }
        check_code(code, call, now)?;
        code.used = true;

        let (account, request) = (code.account, code.request.clone());
        let asked = match (call.version(), call.form("scope"), call.form("resource")) {
            (EndpointVersion::V2, Some(scope), _) => scope.to_owned(),
            // The resource is bound to the code, where the first request names one.
            (EndpointVersion::V1, _, Some(resource)) => {
                let asked = scope::of_resource(resource);
                if request.has_resource && asked != request.scope {
                    return Err(BAD_GRANT);
                }
                asked
            }
            _ => request.scope.clone(),
        };
        let mut wanted = self.parse_scope(client_id, &asked, SeveralApis::Refused)?;
        scope::check_account(account, &wanted)?;
        self.check_client_scopes(client_id, &wanted)?;
        let consented = self.parse_scope(client_id, &request.scope, SeveralApis::FirstCounts)?;
        wanted.oidc.extend(consented.oidc);
        let grant = EmulatedGrant {
            client_id: client_id.to_owned(),
            account,
            tid: segment.tid(account),
            scope: request.scope,
            claims: request.claims,
            revoked: false,
        };
        let claims = call.form("claims").map(str::to_owned);
        self.issue_first(
            grant,
            IssueRequest {
                wanted,
                nonce: request.nonce,
                front_channel: None,
                first: true,
                claims,
                call,
                now,
            },
        )
    }
}

/// Checks age, redirect URI and verifier.
fn check_code(code: &AuthorizationCode, call: &Call, now: NumericDate) -> Result<(), EntraError> {
    if code.expires_at <= now {
        return Err(EntraError::new(
            "invalid_grant",
            70_008,
            "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive \
             authorization request for this user and resource.",
        ));
    }
    let redirect_uri = call.form("redirect_uri").unwrap_or_default();
    if redirect_uri != code.request.redirect_uri {
        let text = format!(
            "The reply address '{redirect_uri}' does not match the reply address '{}' provided when requesting \
             Authorization code.",
            code.request.redirect_uri
        );
        return Err(EntraError::with("invalid_client", 500_112, text).status(401));
    }
    let Some(challenge) = &code.request.code_challenge else { return Ok(()) };
    let verifier = call.form("code_verifier").ok_or_else(|| {
        EntraError::new(
            "invalid_grant",
            50_148,
            "The code_verifier is missing; the authorization request had a challenge.",
        )
    })?;
    let expected = if code.request.code_challenge_method == "S256" {
        URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
    } else {
        verifier.to_owned()
    };
    if expected != *challenge {
        return Err(EntraError::new(
            "invalid_grant",
            501_481,
            "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
        ));
    }
    Ok(())
}
