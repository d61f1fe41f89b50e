//! Administrator consent.

use super::RegistrationKind;
use super::account::{ACCOUNTS, TenantSegment};
use super::answer::{self, Answer};
use super::call::Call;
use super::client_authentication::ClientAuthentication;
use super::page;
use super::refusal::{EntraError, NOT_PUBLIC, PUBLIC};
use super::scenario::Scenario;
use super::scope::{EXCHANGE, GRAPH, RequestedScopes};
use super::state::State;

const ADMIN_CONSENT: u32 = 90_094;

impl State {
    /// Whether this client needs an administrator's consent.
    pub(super) fn needs_admin(&self, client_id: &str) -> bool {
        self.scenario_of(client_id).issue.is_some_and(|refusal| refusal.code == ADMIN_CONSENT)
            && !self.admin_consents.contains(&client_id.to_ascii_lowercase())
    }

    /// The error that replaces the tokens after the approval.
    pub(super) fn refused_at_issue(
        &self,
        scenario: &Scenario,
        client_id: &str,
        call: &Call,
    ) -> Option<EntraError> {
        let presented = ClientAuthentication::of(call);
        let is_confidential = presented != ClientAuthentication::None;
        let kind = self.kind_of(client_id);
        if matches!(kind, RegistrationKind::Web | RegistrationKind::Spa) && !is_confidential {
            return Some(NOT_PUBLIC);
        }
        let refusal = scenario.issue.filter(|refusal| match refusal.code {
            code if code == NOT_PUBLIC.code => !is_confidential,
            code if code == PUBLIC.code => scenario.refuses_secret(presented, call),
            _ => true,
        })?;
        (refusal.code != ADMIN_CONSENT || self.needs_admin(client_id)).then(|| refusal.clone())
    }

    /// `/{tenant}/v2.0/adminconsent`: the page, and its submission.
    pub(super) fn admin_consent(&mut self, call: &Call, segment: &TenantSegment) -> Answer {
        let Some(client_id) = call.parameter("client_id") else {
            return answer::html(
                400,
                page::error_page("AADSTS900144: The request must contain 'client_id'."),
            );
        };
        let redirect_uri = call.parameter("redirect_uri");
        if let Some(uri) = redirect_uri
            && !self.is_registered(client_id, uri)
        {
            return answer::html(
                400,
                page::error_page("AADSTS50011: The redirect URI is not registered."),
            );
        }
        if !call.is_post() {
            let state = call.query("state").unwrap_or_default();
            let body =
                page::admin_form(&call.path, client_id, redirect_uri.unwrap_or_default(), state);
            return answer::html(200, body);
        }
        let granted = call.form("action") == Some("accept");
        if granted {
            self.admin_consents.insert(client_id.to_ascii_lowercase());
        }
        let Some(mut url) = redirect_uri.and_then(|uri| url::Url::parse(uri).ok()) else {
            let text = if granted { "Permissions granted." } else { "Nothing was granted." };
            return answer::html(200, page::notice("Done", text));
        };
        let tenant = segment.tid(&ACCOUNTS[0]);
        let mut query = url.query_pairs_mut();
        if granted {
            query.append_pair("admin_consent", "True").append_pair("tenant", &tenant);
        } else {
            query.append_pair("error", "access_denied").append_pair("error_subcode", "cancel");
        }
        if let Some(state) = call.form("state") {
            query.append_pair("state", state);
        }
        drop(query);
        answer::redirect(url.as_str())
    }

    /// Refuses scopes that this client may never request.
    pub(super) fn check_client_scopes(
        &self,
        client_id: &str,
        wanted: &RequestedScopes,
    ) -> Result<(), EntraError> {
        let mail = |name: &&&str| name.starts_with("Mail.") || wanted.resource == &EXCHANGE;
        let foreign = wanted.names.iter().find(mail);
        if self.kind_of(client_id) == RegistrationKind::FirstParty && foreign.is_some() {
            let text = format!(
                "Consent between first party application '{client_id}' and first party resource '{}' must be \
                 configured via preauthorization - applications owned and operated by Microsoft must get approval \
                 from the API owner before requesting tokens for that API.",
                if wanted.resource == &EXCHANGE { EXCHANGE.app_id() } else { GRAPH.app_id() }
            );
            return Err(EntraError::with("invalid_grant", 65_002, text));
        }
        Ok(())
    }
}
