//! The checks of a registration. Each adds what it found, what it found healthy, and what it could not see.

mod accounts;
mod application;
mod consent;
mod credentials;
mod own_api;
mod permissions;
mod redirect;
mod sign_in;

use entrada_core::TokenSubject;
use entrada_core::entra::resources::EXCHANGE;

use super::application::Application;
use super::tenant_state::ServicePrincipal;
use super::{Presence, Registration};
use crate::{Facts, Finding, RuleId};

/// The result of all checks.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    /// Whether everything that the case needs was checked. Only then can the registration be called healthy.
    pub(crate) is_complete: bool,
}

/// What the checks look at.
struct Case<'a> {
    facts: &'a Facts<'a>,
    registration: &'a Registration,
    application: Option<&'a Application>,
    principal: Option<&'a ServicePrincipal>,
    subject: TokenSubject,
}

/// What the checks found.
#[derive(Default)]
struct Outcome {
    findings: Vec<Finding>,
    /// What was found healthy, in a few words each.
    healthy: Vec<String>,
    /// What was not checked, and why.
    unchecked: Vec<String>,
    /// Whether a check that the case needs could not run.
    is_incomplete: bool,
}

impl<'a> Case<'a> {
    fn new(facts: &'a Facts<'a>, registration: &'a Registration) -> Self {
        Self {
            facts,
            registration,
            application: registration.application.as_ref(),
            principal: registration.principal(),
            subject: facts.subject(),
        }
    }

    /// Whether a token was issued: the sign-in and the consent worked.
    fn has_token(&self) -> bool {
        self.facts.shape().is_some() && self.facts.refusal().is_none()
    }

    fn is_for_app(&self) -> bool {
        self.subject == TokenSubject::App
    }

    /// The tenant of the sign-in, in lower case.
    fn tenant(&self) -> Option<String> {
        self.facts.context().tenant.as_deref().map(str::to_ascii_lowercase)
    }

    /// The client id that the sign-in uses: of the context, else of the registration.
    fn client_id(&self) -> Option<&str> {
        self.facts.context().client_id.as_deref().or_else(|| self.registration.client_id())
    }

    /// Whether the registration is that of the API that the token is for, and not of the client that asks for it.
    fn is_audience_only(&self) -> bool {
        let Some(application) = self.application else { return false };
        let aud = self.facts.claims().map(|claims| claims.audiences()).unwrap_or_default();
        let is_audience = aud.iter().any(|aud| application.is_audience(aud))
            || self
                .facts
                .context()
                .audience
                .as_deref()
                .is_some_and(|aud| application.is_audience(aud));
        let client = self.facts.claims().and_then(|claims| claims.client_id()).or(self
            .facts
            .context()
            .client_id
            .as_deref());
        let own = application.client_id.as_ref().map(|id| id.value.as_str());
        is_audience
            && client.zip(own).is_some_and(|(client, own)| !client.eq_ignore_ascii_case(own))
    }
}

impl Outcome {
    fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn healthy(&mut self, what: impl Into<String>) {
        self.healthy.push(what.into());
    }

    fn unchecked(&mut self, what: impl Into<String>) {
        self.unchecked.push(what.into());
    }

    /// A check that the case needs could not run.
    fn missing(&mut self, what: impl Into<String>) {
        self.is_incomplete = true;
        self.unchecked(what);
    }
}

pub(super) fn run(facts: &Facts, registration: &Registration) -> Report {
    let case = Case::new(facts, registration);
    let mut outcome = Outcome::default();
    for path in case.application.iter().flat_map(|application| &application.cut) {
        outcome.unchecked(format!(
            "`{path}`: PowerShell left its contents out; print it with `ConvertTo-Json -Depth 10`"
        ));
    }
    if case.is_audience_only() {
        // The registration of the API: nobody signs in with it here.
        application::check_state(&case, &mut outcome);
        own_api::check(&case, &mut outcome);
    } else if application::check_identity(&case, &mut outcome) {
        application::check_state(&case, &mut outcome);
        accounts::check(&case, &mut outcome);
        if case.is_for_app() {
            credentials::check(&case, &mut outcome);
        } else {
            sign_in::check(&case, &mut outcome);
            credentials::check_unused(&case, &mut outcome);
        }
        redirect::check_rules(&case, &mut outcome);
        permissions::check(&case, &mut outcome);
        own_api::check(&case, &mut outcome);
    }
    finish(&case, outcome)
}

fn finish(case: &Case, mut outcome: Outcome) -> Report {
    if matches!(case.registration.service_principal, Presence::Unknown) {
        outcome.unchecked("the tenant's settings for the application: give `--service-principal`");
    }
    if let Some(id) = case.principal.and_then(|one| one.object_id.as_ref())
        && case.is_for_app()
        && case.facts.needs.resource.is_some_and(|api| *api == EXCHANGE)
    {
        outcome.unchecked(format!(
            "Exchange's own record of the application: it has to name `{}` (`New-ServicePrincipal -ObjectId`), not the \
             registration's object id",
            id.value
        ));
    }
    outcome
        .unchecked("Conditional Access and the tenant's own consent policy: no export shows them");
    let is_complete = !outcome.is_incomplete && !outcome.healthy.is_empty();
    let message = if outcome.healthy.is_empty() {
        "nothing in the registration could be found healthy".to_owned()
    } else {
        format!("found healthy in the registration: {}", outcome.healthy.join(", "))
    };
    let mut note = RuleId::RegistrationChecked.rule().finding(message);
    for what in outcome.unchecked {
        note = note.with_evidence("not checked", what);
    }
    outcome.findings.push(note);
    Report { findings: outcome.findings, is_complete }
}
