//! Judges the access token of a request, as each API does.

use super::account::EmulatedAccount;
use super::key::key;
use super::scope::{EmulatedResource, allows};
use super::state::State;
use entrada_core::{Jwt, NumericDate};

/// The holder of a valid access token.
pub(super) struct Caller {
    /// The user; `None` for an application.
    pub(super) account: Option<&'static EmulatedAccount>,
    pub(super) client_id: String,
    pub(super) tid: String,
    /// Delegated permissions.
    pub(super) scp: Vec<String>,
    /// Application permissions.
    pub(super) roles: Vec<String>,
    /// Whether the authentication context `c1` was satisfied.
    pub(super) stepped_up: bool,
}

impl Caller {
    /// Whether the token has one of these permissions.
    pub(super) fn has_any(&self, permissions: &[&str]) -> bool {
        let own = if self.account.is_some() { &self.scp } else { &self.roles };
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        allows(&own, permissions)
    }
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenProblem {
    Empty,
    Malformed,
    /// An opaque token that was not issued here.
    UnknownCompact,
    ExpiredCompact,
    Audience,
    Expired,
    NotYetValid,
    Signature,
}

impl State {
    /// The holder of `token`, if it is for `resource` and valid at `now`.
    pub(super) fn caller(
        &self,
        token: Option<&str>,
        resource: &EmulatedResource,
        now: NumericDate,
    ) -> Result<Caller, TokenProblem> {
        let token = token.filter(|token| !token.is_empty()).ok_or(TokenProblem::Empty)?;
        if token.starts_with("Ew") && !token.contains('.') {
            let record = self.compact_tokens.get(token).ok_or(TokenProblem::UnknownCompact)?;
            if record.resource != resource {
                return Err(TokenProblem::Audience);
            }
            if record.expires_at <= now {
                return Err(TokenProblem::ExpiredCompact);
            }
            return Ok(Caller {
                account: Some(record.account),
                client_id: record.client_id.clone(),
                tid: record.account.tid.to_owned(),
                scp: record.scp.split(' ').map(str::to_owned).collect(),
                roles: Vec::new(),
                stepped_up: false,
            });
        }
        let jwt = Jwt::decode_unverified(token).map_err(|_| TokenProblem::Malformed)?;
        let claims = &jwt.claims;
        if !claims.aud().is_some_and(|aud| resource.is_audience(aud)) {
            return Err(TokenProblem::Audience);
        }
        if claims.exp().is_none_or(|exp| exp <= now) {
            return Err(TokenProblem::Expired);
        }
        // Servers tolerate five minutes.
        if claims.time("nbf").is_some_and(|nbf| now.plus_seconds(300) < nbf) {
            return Err(TokenProblem::NotYetValid);
        }
        if !key().is_some_and(|key| key.has_signed(token)) {
            return Err(TokenProblem::Signature);
        }
        let oid = claims.text("oid").unwrap_or_default();
        let account = self.accounts().find(|account| account.oid == oid);
        if account.is_none() && claims.text("idtyp") != Some("app") {
            return Err(TokenProblem::Signature);
        }
        Ok(Caller {
            account,
            client_id: claims.client_id().unwrap_or_default().to_owned(),
            tid: claims.text("tid").unwrap_or_default().to_owned(),
            scp: claims.scp().unwrap_or_default().iter().map(str::to_owned).collect(),
            roles: claims.roles().unwrap_or_default().into_iter().map(str::to_owned).collect(),
            stepped_up: claims.get("acrs").is_some_and(|acrs| acrs.to_string().contains("\"c1\"")),
        })
    }
}
