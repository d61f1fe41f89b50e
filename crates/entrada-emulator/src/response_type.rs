//! The response types of the authorization endpoint, and the tokens of those that are not `code` alone.

use serde_json::Value;

use super::account::EmulatedAccount;
use super::authorize::AuthorizeRequest;
use super::call::Call;
use super::grant::{EmulatedGrant, FrontChannel, IssueRequest};
use super::refusal::EntraError;
use super::scope::{self, SeveralApis};
use super::state::State;
use entrada_core::NumericDate;

/// The parts of a `response_type`.
#[expect(clippy::struct_excessive_bools, reason = "each part is there or not, on its own")]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ResponseType {
    pub(super) code: bool,
    id_token: bool,
    token: bool,
    other: bool,
}

impl ResponseType {
    pub(super) fn of(text: &str) -> Self {
        let mut found = Self::default();
        for part in text.split(' ') {
            match part {
                "code" => found.code = true,
                "id_token" => found.id_token = true,
                "token" => found.token = true,
                _ => found.other = true,
            }
        }
        found
    }

    /// Whether tokens are sent with the redirect.
    pub(super) fn has_tokens(self) -> bool {
        self.id_token || self.token
    }

    /// Whether Entra's metadata names it: `code`, `id_token`, `code id_token`, `id_token token`.
    pub(super) fn is_supported(self) -> bool {
        match (self.code, self.id_token, self.token) {
            (true, _, false) | (false, true, _) => !self.other,
            _ => false,
        }
    }
}

impl State {
    /// The tokens that come without a request to the token endpoint: an ID token, and an access token where it is asked
    /// for. There is never a refresh token among them.
    pub(super) fn implicit_tokens(
        &mut self,
        request: &AuthorizeRequest,
        account: &'static EmulatedAccount,
        code: &str,
        call: &Call,
        now: NumericDate,
    ) -> Result<Vec<(String, String)>, EntraError> {
        let client_id = &request.client_id;
        let mut wanted = self.parse_scope(client_id, &request.scope, SeveralApis::FirstCounts)?;
        scope::check_account(account, &wanted)?;
        wanted.oidc.retain(|scope| *scope != "offline_access");
        if !wanted.has_oidc_scope("openid") {
            wanted.oidc.push("openid");
        }
        let grant = EmulatedGrant {
            client_id: client_id.clone(),
            account,
            tid: request.segment.tid(account),
            scope: request.scope.clone(),
            claims: request.claims.clone(),
            revoked: false,
        };
        self.grants.push(grant);
        let issue = IssueRequest {
            wanted,
            nonce: request.nonce.clone(),
            front_channel: Some(FrontChannel {
                code: code.to_owned(),
                token: request.response_type.token,
            }),
            first: true,
            claims: None,
            call,
            now,
        };
        let body = self.issue_members(self.grants.len() - 1, issue)?;
        let names: &[&str] = if request.response_type.token {
            &["access_token", "token_type", "expires_in", "scope", "id_token"]
        } else {
            &["id_token"]
        };
        let member = |name: &&str| match &body[*name] {
            Value::String(text) => Some(((*name).to_owned(), text.clone())),
            Value::Null => None,
            other => Some(((*name).to_owned(), other.to_string())),
        };
        Ok(names.iter().filter_map(member).collect())
    }
}
