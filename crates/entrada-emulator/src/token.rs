//! The token endpoint.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::account::{EmulatedAccount, TenantSegment};
use super::answer::Answer;
use super::authorize::AuthorizationCode;
use super::call::{Call, EndpointVersion};
use super::client_authentication::ClientAuthentication;
use super::device::ApprovalState;
use super::grant::{EmulatedGrant, IssueRequest};
use super::refresh_fault::{RefreshFault, delayed};
use super::refusal::{self, BAD_GRANT, EntraError, NOT_PUBLIC, OTHER_TENANT, REDEEMED};
use super::scenario::{TokenVariant, TransportFault};
use super::scope::{self, SeveralApis};
use super::state::{ExchangeStep, State};
use super::{RegistrationKind, Reply};
use entrada_core::NumericDate;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// An older name from before the RFC, which MSAL for Node still sends.
const DEVICE_CODE_OLD: &str = "device_code";
const AUTHORIZATION_CODE: &str = "authorization_code";
const REFRESH_TOKEN: &str = "refresh_token";
const CLIENT_CREDENTIALS: &str = "client_credentials";
const PASSWORD: &str = "password";
/// RFC 7523 §2.1: on-behalf-of.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Answers a token request, for the client ID and the code or refresh token.
type GrantStep =
    fn(&mut State, &str, &str, &Call, &TenantSegment, NumericDate) -> Result<Answer, EntraError>;

/// Answers a token request of a client, for its client ID.
type ClientStep =
    fn(&mut State, &str, &Call, &TenantSegment, NumericDate) -> Result<Answer, EntraError>;

/// `name`, if Entra knows it. Other text may be anything, and must not be logged.
pub(super) fn known_grant_type(name: &str) -> Option<&'static str> {
    let known = [
        DEVICE_CODE,
        DEVICE_CODE_OLD,
        AUTHORIZATION_CODE,
        REFRESH_TOKEN,
        CLIENT_CREDENTIALS,
        PASSWORD,
        JWT_BEARER,
    ];
    known.into_iter().find(|known| *known == name)
}

impl State {
    /// `POST /{tenant}/oauth2/v2.0/token`.
    pub(super) fn token(
        &mut self,
        call: &Call,
        segment: &TenantSegment,
        now: NumericDate,
    ) -> Reply {
        let delay = self.options.delay;
        let reply = self.answer_grant_type(call, segment, now);
        if delay.is_zero() { reply } else { delayed(reply, delay) }
    }

    fn answer_grant_type(
        &mut self,
        call: &Call,
        segment: &TenantSegment,
        now: NumericDate,
    ) -> Reply {
        match call.form("grant_type") {
            Some(DEVICE_CODE | DEVICE_CODE_OLD) => self.poll(call, segment, now),
            Some(AUTHORIZATION_CODE) => self.with_secret("code", call, segment, now, Self::redeem),
            Some(REFRESH_TOKEN) => {
                let fault = self.faults.pop_front();
                self.is_short_lived = fault == Some(RefreshFault::ShortLived);
                let mut serve =
                    || self.with_secret(REFRESH_TOKEN, call, segment, now, Self::refresh);
                match fault {
                    Some(fault) => fault.apply(serve),
                    None => serve(),
                }
            }
            Some(CLIENT_CREDENTIALS) => {
                self.with_client(call, segment, now, Self::client_credentials)
            }
            Some(PASSWORD) => self.with_client(call, segment, now, Self::password),
            Some(JWT_BEARER) => self.with_client(call, segment, now, Self::on_behalf_of),
            other => {
                let refusal = match other {
                    None => refusal::missing("grant_type"),
                    Some(_) => EntraError::new(
                        "unsupported_grant_type",
                        70_003,
                        "The app requested an unsupported grant type.",
                    ),
                };
                Reply::Answer(self.refuse(call, &refusal, now))
            }
        }
    }

    /// The common steps for a code and a refresh token; `secret` is the form member that holds it.
    fn with_secret(
        &mut self,
        secret: &str,
        call: &Call,
        segment: &TenantSegment,
        now: NumericDate,
        step: GrantStep,
    ) -> Reply {
        let scenario = self.scenario_of(call.form("client_id").unwrap_or_default());
        let Some(value) = call.form(secret) else {
            return Reply::Answer(self.refuse(call, &refusal::missing(secret), now));
        };
        let attempt = self.count_attempt(value);
        if let Some(reply) = self.fault(scenario, ExchangeStep::Token, attempt, call, now) {
            return reply;
        }
        let answer = call.form("client_id").ok_or_else(|| refusal::missing("client_id")).and_then(
            |client_id| {
                self.check_client_and_tenant(client_id, segment)?;
                step(self, client_id, value, call, segment, now)
            },
        );
        Self::with_transport_fault(scenario, self.or_refuse(answer, call, now))
    }

    /// The common steps for a grant of which the client holds no code and no refresh token.
    fn with_client(
        &mut self,
        call: &Call,
        segment: &TenantSegment,
        now: NumericDate,
        step: ClientStep,
    ) -> Reply {
        let client_id = call.form("client_id").unwrap_or_default().to_owned();
        let scenario = self.scenario_of(&client_id);
        let attempt = self.count_attempt(&format!("{client_id} {}", call.path));
        if let Some(reply) = self.fault(scenario, ExchangeStep::Token, attempt, call, now) {
            return reply;
        }
        let answer = if client_id.is_empty() {
            Err(refusal::missing("client_id"))
        } else {
            self.check_client_and_tenant(&client_id, segment)
                .and_then(|()| step(self, &client_id, call, segment, now))
        };
        Self::with_transport_fault(scenario, self.or_refuse(answer, call, now))
    }

    /// Issues the tokens of an approved device flow.
    pub(super) fn device_tokens(
        &mut self,
        index: usize,
        account: &'static EmulatedAccount,
        call: &Call,
        now: NumericDate,
    ) -> Result<Answer, EntraError> {
        let flow = &self.device_flows[index];
        let wanted = self.parse_scope(&flow.client_id, &flow.scope, SeveralApis::Refused)?;
        scope::check_account(account, &wanted)?;
        let grant = EmulatedGrant {
            client_id: flow.client_id.clone(),
            account,
            tid: flow.segment.tid(account),
            scope: flow.scope.clone(),
            claims: flow.claims.clone(),
            revoked: false,
        };
        self.device_flows[index].outcome = ApprovalState::Redeemed;
        let nonce = None;
        self.issue_first(
            grant,
            IssueRequest {
                wanted,
                nonce,
                front_channel: None,
                first: true,
                claims: None,
                call,
                now,
            },
        )
    }

    /// The authorization code grant with PKCE (RFC 6749 §4.1.3; RFC 7636 §4.5).
    fn redeem(
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
                "TokenVariant issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin \
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

    /// The refresh grant (RFC 6749 §6): a new token, for the same API or another one.
    fn refresh(
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
