//! Grants of users, and the tokens issued for them.

use serde_json::{Value, json};

use super::RegistrationKind;
use super::account::EmulatedAccount;
use super::answer::{self, Answer};
use super::call::{Call, EndpointVersion};
use super::client_authentication::ClientAuthentication;
use super::mint::{self, IdTokenFacts, TokenFacts};
use super::refusal::EntraError;
use super::scenario::TokenVariant;
use super::scope::{self, EXCHANGE, EmulatedResource, GRAPH, RequestedScopes};
use super::state::State;
use entrada_core::NumericDate;

/// One sign-in.
pub(super) struct EmulatedGrant {
    pub(super) client_id: String,
    pub(super) account: &'static EmulatedAccount,
    pub(super) tid: String,
    /// The scopes of the sign-in request.
    pub(super) scope: String,
    /// The `claims` parameter of the sign-in.
    pub(super) claims: Option<String>,
    pub(super) revoked: bool,
}

/// An issued refresh token.
pub(super) struct RefreshToken {
    /// The index in the list of grants.
    pub(super) grant: usize,
    pub(super) used: bool,
}

/// The meaning of a personal account's access token.
pub(super) struct CompactToken {
    pub(super) client_id: String,
    pub(super) account: &'static EmulatedAccount,
    pub(super) resource: &'static EmulatedResource,
    /// Short names, separated by spaces.
    pub(super) scp: String,
    pub(super) expires_at: NumericDate,
}

/// The input of one token response.
pub(super) struct IssueRequest<'a> {
    pub(super) wanted: RequestedScopes,
    pub(super) nonce: Option<String>,
    /// What is sent with the ID token, at the authorization endpoint.
    pub(super) front_channel: Option<FrontChannel>,
    /// Whether the user has just signed in. Otherwise a refresh token was presented.
    pub(super) first: bool,
    /// The `claims` parameter of this request.
    pub(super) claims: Option<String>,
    pub(super) call: &'a Call,
    pub(super) now: NumericDate,
}

/// What a response of the authorization endpoint has beside its ID token.
pub(super) struct FrontChannel {
    /// The code, or empty.
    pub(super) code: String,
    /// Whether the access token is sent too.
    pub(super) token: bool,
}

/// The scopes in the response and in the access token.
struct Scopes {
    /// The `scope` member.
    response: String,
    /// The `scp` claim.
    scp: String,
}

impl State {
    /// Records a new grant and issues its first tokens.
    pub(super) fn issue_first(
        &mut self,
        grant: EmulatedGrant,
        issue: IssueRequest<'_>,
    ) -> Result<Answer, EntraError> {
        self.grants.push(grant);
        self.issue(self.grants.len() - 1, issue)
    }

    /// Issues the first tokens of a grant whose user is named by the token request itself: no page, no nonce.
    pub(super) fn issue_without_sign_in(
        &mut self,
        grant: EmulatedGrant,
        wanted: RequestedScopes,
        call: &Call,
        now: NumericDate,
    ) -> Result<Answer, EntraError> {
        scope::check_account(grant.account, &wanted)?;
        let scenario = self.scenario_of(&grant.client_id);
        if let Some(refusal) = self.refused_at_issue(scenario, &grant.client_id, call) {
            return Err(refusal);
        }
        let claims = call.form("claims").map(str::to_owned);
        let (nonce, front_channel) = (None, None);
        self.issue_first(
            grant,
            IssueRequest { wanted, nonce, front_channel, first: true, claims, call, now },
        )
    }

    /// Makes a token response for the grant at this index.
    pub(super) fn issue(
        &mut self,
        index: usize,
        issue: IssueRequest<'_>,
    ) -> Result<Answer, EntraError> {
        Ok(answer::json(200, &self.issue_members(index, issue)?))
    }

    /// The members of a token response for the grant at this index.
    pub(super) fn issue_members(
        &mut self,
        index: usize,
        issue: IssueRequest<'_>,
    ) -> Result<Value, EntraError> {
        let IssueRequest { mut wanted, now, .. } = issue;
        let version = issue.call.version();
        let grant = &self.grants[index];
        if version == EndpointVersion::V1 && grant.account.is_personal() {
            return Err(EntraError::new(
                "invalid_request",
                90_027,
                "We are unable to issue tokens from this API version on the MSA tenant. Please contact the application vendor \
                 as they need to use version 2.0 of the protocol to support this.",
            ));
        }
        let (account, tid, client_id) = (grant.account, grant.tid.clone(), grant.client_id.clone());
        let declared = |claims: &Option<String>| {
            claims.as_deref().is_some_and(|claims| claims.to_ascii_lowercase().contains("\"cp1\""))
        };
        let cp1 = !account.is_personal() && (declared(&issue.claims) || declared(&grant.claims));
        let mut acrs: Vec<_> = [&issue.claims, &grant.claims]
            .into_iter()
            .flatten()
            .flat_map(|text| requested_contexts(text))
            .collect();
        acrs.dedup();
        let scenario = self.scenario_of(&client_id);
        let kind = self.kind_of(&client_id);

        match scenario.tokens {
            TokenVariant::Partial => {
                // Consent from another scenario does not count.
                self.consents.clear();
                withhold(&mut wanted);
            }
            TokenVariant::OtherAudience => {
                wanted.resource = if wanted.resource == &GRAPH { &EXCHANGE } else { &GRAPH };
                wanted.prefix = format!("{}/", wanted.resource.audience());
            }
            _ => (),
        }
        let scopes = self.scopes(&client_id, account, &wanted, issue.first);
        let life = match scenario.tokens {
            TokenVariant::ShortLived => 60,
            TokenVariant::FirstShortLived if issue.first => 1,
            _ if self.is_short_lived => 1,
            _ if cp1 => 86_400 + self.random_seconds(3_600),
            _ if account.is_personal() => 3_600,
            _ => 3_600 + self.random_seconds(1_800),
        };
        let audience = wanted.audience();
        let issuer = self.issuer_v1(&tid);
        let facts = TokenFacts {
            client_id: &client_id,
            client_authentication: ClientAuthentication::of(issue.call),
            account,
            tid: &tid,
            issuer: &issuer,
            resource: wanted.resource,
            audience: &audience,
            scp: &scopes.scp,
            now,
            life,
            cp1,
            acrs: &acrs,
        };
        let access_token = match wanted.resource.site.filter(|_| account.is_personal()) {
            Some(site) => Some(mint::compact_token(&mut self.entropy, site)),
            None => mint::access_token(&mut self.entropy, &facts),
        }
        .ok_or(NO_KEY)?;
        let id_token = wanted
            .has_oidc_scope("openid")
            .then(|| {
                let issuer = match version {
                    EndpointVersion::V1 => self.issuer_v1(&tid),
                    EndpointVersion::V2 => self.issuer_v2(&tid),
                };
                let front = issue.front_channel.as_ref();
                let id = IdTokenFacts {
                    version,
                    issuer: &issuer,
                    nonce: issue.nonce.as_deref(),
                    code: front.map_or("", |front| front.code.as_str()),
                    access_token: front.filter(|front| front.token).map(|_| access_token.as_str()),
                };
                mint::id_token(&mut self.entropy, &facts, &id).ok_or(NO_KEY)
            })
            .transpose()?;
        if account.is_personal() {
            let record = CompactToken {
                client_id: client_id.clone(),
                account,
                resource: wanted.resource,
                scp: scopes.scp.clone(),
                expires_at: now.plus_seconds(life),
            };
            self.compact_tokens.insert(access_token.clone(), record);
        }
        // Observed at Entra: one second less than the token's lifetime.
        let expires_in = if life <= 60 || account.is_personal() { life } else { life - 1 };
        let mut body = json!({
            "token_type": "Bearer", "expires_in": expires_in, "ext_expires_in": expires_in,
            "access_token": access_token,
        });
        if version == EndpointVersion::V1 {
            body["expires_on"] = json!(now.plus_seconds(expires_in).0);
            body["not_before"] = json!(now.plus_seconds(-300).0);
            body["resource"] = json!(audience);
            // Version 1 sends numbers as text.
            answer::numbers_as_text(&mut body);
        }
        if scenario.tokens != TokenVariant::NoScope {
            body["scope"] = match version {
                EndpointVersion::V1 => json!(scopes.scp),
                EndpointVersion::V2 => json!(scopes.response),
            };
        }
        if cp1 {
            body["refresh_in"] = json!(expires_in / 2);
        }
        if let Some(id_token) = &id_token {
            body["id_token"] = json!(id_token);
        }
        if issue.call.form("client_info") == Some("1") {
            body["client_info"] = json!(mint::client_info(account));
        }
        if kind == RegistrationKind::FirstParty {
            body["foci"] = json!("1");
        }
        // Work accounts get a new refresh token at every refresh; personal accounts only on request.
        let refreshable =
            wanted.has_oidc_scope("offline_access") || !issue.first && !account.is_personal();
        if refreshable && scenario.tokens != TokenVariant::NoRefreshToken {
            let token =
                mint::refresh_token(&mut self.entropy, &tid, &client_id, account.is_personal());
            body["refresh_token"] = json!(token);
            if kind == RegistrationKind::Spa {
                body["refresh_token_expires_in"] = json!(86_399);
            }
            self.refresh_tokens.insert(token.clone(), RefreshToken { grant: index, used: false });
            self.remember_secret(token);
        }
        self.remember_secret(access_token);
        if let Some(token) = id_token {
            self.remember_secret(token);
        }
        Ok(body)
    }

    pub(super) fn random_seconds(&mut self, below: u64) -> i64 {
        i64::try_from(self.entropy.below(below)).unwrap_or_default()
    }

    /// Records the consent, and returns the granted scopes in Entra's form for this kind of account and API.
    fn scopes(
        &mut self,
        client_id: &str,
        account: &EmulatedAccount,
        wanted: &RequestedScopes,
        first: bool,
    ) -> Scopes {
        const SIGN_IN: &str = "openid profile email";
        if wanted.is_oidc_only() {
            let response = if first { SIGN_IN.to_owned() } else { String::new() };
            return Scopes { response, scp: SIGN_IN.to_owned() };
        }
        let graph = wanted.resource == &GRAPH;
        let mut names = wanted.api_scopes();
        if !account.is_personal() {
            let key = (client_id.to_ascii_lowercase(), account.oid, wanted.resource.app_id());
            let consented = self.consents.entry(key).or_default();
            let earlier: Vec<_> =
                consented.iter().copied().filter(|name| !names.contains(name)).collect();
            consented.extend(names.iter().copied());
            names.extend(earlier);
        }
        let mut response: Vec<String> =
            names.iter().map(|name| format!("{}{name}", wanted.prefix)).collect();
        if wanted.default {
            response.push(format!("{}.default", wanted.prefix));
        }
        let mut scp = names.join(" ");
        if graph && (!account.is_personal() || !wanted.oidc.is_empty()) {
            response.push(SIGN_IN.to_owned());
            scp = format!("{scp} {SIGN_IN}");
        }
        Scopes { response: response.join(" "), scp }
    }
}

pub(super) const NO_KEY: EntraError =
    EntraError::new("server_error", 90_033, "The emulator could not make a signing key.")
        .status(500);

/// The authentication contexts that a `claims` parameter asks for.
fn requested_contexts(claims: &str) -> Vec<String> {
    let asked: Value = claims.parse().unwrap_or_default();
    let asked = &asked["access_token"]["acrs"];
    let values: Vec<Value> = asked["values"].as_array().cloned().unwrap_or_default();
    let all = values.into_iter().chain(asked.get("value").cloned());
    all.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// Removes the scopes that `consent-partial` does not grant: every `Mail.` scope, or else the first one.
fn withhold(wanted: &mut RequestedScopes) {
    wanted.names = wanted.api_scopes();
    wanted.default = false;
    let before = wanted.names.len();
    wanted.names.retain(|name| !name.starts_with("Mail."));
    if wanted.names.len() == before && before != 0 {
        wanted.names.remove(0);
    }
    if wanted.names.is_empty() {
        wanted.names.push("User.Read");
    }
}
