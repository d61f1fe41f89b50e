//! The token endpoint.

use super::Reply;
use super::account::{EmulatedAccount, TenantSegment};
use super::answer::Answer;
use super::call::Call;
use super::device::ApprovalState;
use super::grant::{EmulatedGrant, IssueRequest};
use super::refresh_fault::{RefreshFault, delayed};
use super::refusal::{self, EntraError};
use super::scope::{self, SeveralApis};
use super::state::{ExchangeStep, State};
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
}
