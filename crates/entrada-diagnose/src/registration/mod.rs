//! The registration of an application, its service principal and its grants: read from JSON, and judged without asking anyone.

mod application;
mod checks;
mod document;
mod tenant_state;
#[cfg(test)]
mod tests;

use entrada_core::Redactor;
use serde_json::{Map, Value};

use crate::{Confidence, Facts, Finding, RuleId, Severity};
use application::Application;
pub(super) use checks::Report;
use document::{Members, objects};
use tenant_state::{Grants, Presence, ServicePrincipal};

/// How the program signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInMethod {
    /// At a page in a browser, which returns to a redirect URI.
    Browser,
    /// By a code that the user enters, or by a user name and password: no redirect URI, and a public client.
    Code,
}

/// The registration of an application, and what a tenant holds for it. Each part is a file that the user exports.
///
/// ```
/// use entrada_core::NumericDate;
/// use entrada_diagnose::{Evidence, Registration, run};
///
/// let mut registration = Registration::default();
/// registration.read_application(
///     r#"{"appId":"11111111-2222-4333-8444-555555555555","signInAudience":"AzureADMyOrg","isFallbackPublicClient":null,
///         "publicClient":{"redirectUris":[]},"web":{"redirectUris":["http://localhost"]},"spa":{"redirectUris":[]}}"#,
///     None,
/// )?;
/// let evidence = Evidence { registration: Some(Box::new(registration)), ..Evidence::default() };
/// assert_eq!(run(&evidence).cause().unwrap().rule.id.as_str(), "platform-type-mismatch");
/// # Ok::<(), entrada_diagnose::RegistrationError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Registration {
    application: Option<Application>,
    service_principal: Presence,
    grants: Grants,
}

/// The reason why a text is not a registration, a service principal or a list of grants.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// There is no text.
    #[error("it is empty")]
    Empty,
    /// The text is not JSON; the reason is the parser's.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// The text is JSON, but not an object or a list of objects.
    #[error("it holds no JSON object")]
    NotAnObject,
    /// Microsoft Graph answered with an error, which was saved in its place.
    #[error("it holds an error of Microsoft Graph: {0}")]
    GraphError(String),
    /// The list of applications is empty.
    #[error("it holds no application")]
    NoApplication,
    /// There are several objects, and none or several have the wanted client id.
    #[error("it holds {0} applications; name one by its client id")]
    Several(usize),
    /// The object is a service principal and not a registration.
    #[error("it is a service principal, not an application")]
    IsServicePrincipal,
    /// The object has none of the members of a registration.
    #[error("it is not a registration: the member `{0}` is missing")]
    NotARegistration(&'static str),
    /// The object is a registration and not a service principal.
    #[error("it is not a service principal: the member `{0}` is missing")]
    NotAServicePrincipal(&'static str),
    /// The rows are not grants.
    #[error("it holds neither `oauth2PermissionGrants` nor `appRoleAssignments`")]
    NotGrants,
}

impl From<serde_json::Error> for RegistrationError {
    fn from(error: serde_json::Error) -> Self {
        Self::NotJson(error.to_string())
    }
}

/// Members of which a registration has at least one.
const OF_APPLICATION: [&str; 9] = [
    "signInAudience",
    "isFallbackPublicClient",
    "allowPublicClient",
    "publicClient",
    "requiredResourceAccess",
    "replyUrlsWithType",
    "replyUrls",
    "web",
    "spa",
];

impl Registration {
    /// Reads the registration: a manifest of the portal in either form, or what `az ad app show`, Microsoft Graph or PowerShell
    /// print. Of several applications, the one with `client_id` counts.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`] where `text` is not one registration.
    pub fn read_application(
        &mut self,
        text: &str,
        client_id: Option<&str>,
    ) -> Result<(), RegistrationError> {
        let all = objects(text)?;
        let one = select(&all, client_id)?.ok_or(RegistrationError::NoApplication)?;
        let members = Members(one);
        if let Some(code) = graph_error(members) {
            return Err(RegistrationError::GraphError(code));
        }
        if members.has("servicePrincipalType") || members.has("servicePrincipalNames") {
            return Err(RegistrationError::IsServicePrincipal);
        }
        if !members.has("appId") {
            return Err(RegistrationError::NotARegistration("appId"));
        }
        if !OF_APPLICATION.iter().any(|name| members.has(name)) {
            return Err(RegistrationError::NotARegistration("signInAudience"));
        }
        self.application = Some(Application::read(members));
        Ok(())
    }

    /// Reads the service principal, as `az ad sp show`, Microsoft Graph or PowerShell print it. An empty list, or the error
    /// `Request_ResourceNotFound`, shows that the tenant has none.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`] where `text` is not one service principal.
    pub fn read_service_principal(
        &mut self,
        text: &str,
        client_id: Option<&str>,
    ) -> Result<(), RegistrationError> {
        let all = objects(text)?;
        let Some(one) = select(&all, client_id)? else {
            self.service_principal = Presence::Absent;
            return Ok(());
        };
        let members = Members(one);
        match graph_error(members) {
            Some(code) if code == "Request_ResourceNotFound" => {
                self.service_principal = Presence::Absent;
                return Ok(());
            }
            Some(code) => return Err(RegistrationError::GraphError(code)),
            None => (),
        }
        let own = ["servicePrincipalType", "accountEnabled", "appRoleAssignmentRequired"];
        if !own.iter().any(|name| members.has(name)) {
            return Err(RegistrationError::NotAServicePrincipal("servicePrincipalType"));
        }
        let principal = Box::new(ServicePrincipal::read(members));
        self.service_principal = Presence::Present(principal);
        Ok(())
    }

    /// Reads grants: `oauth2PermissionGrants`, `appRoleAssignments`, or both. Several texts add up.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`] where `text` is not a list of grants.
    pub fn read_grants(&mut self, text: &str) -> Result<(), RegistrationError> {
        if let Some(code) = objects(text)?.first().and_then(|one| graph_error(Members(one))) {
            return Err(RegistrationError::GraphError(code));
        }
        self.grants.add(text)
    }

    /// The client id: of the registration, or of its service principal.
    pub fn client_id(&self) -> Option<&str> {
        let registered = self.application.as_ref().and_then(|one| one.client_id.as_ref());
        let member = registered.or_else(|| self.principal()?.client_id.as_ref())?;
        Some(&member.value)
    }

    fn principal(&self) -> Option<&ServicePrincipal> {
        match &self.service_principal {
            Presence::Present(principal) => Some(principal),
            Presence::Unknown | Presence::Absent => None,
        }
    }
}

/// The only object, or the one with this client id.
fn select<'a>(
    all: &'a [Map<String, Value>],
    client_id: Option<&str>,
) -> Result<Option<&'a Map<String, Value>>, RegistrationError> {
    if all.len() < 2 {
        return Ok(all.first());
    }
    let is_it = |one: &&Map<String, Value>| {
        let own = Members(one).text("appId").map(|id| id.value);
        own.zip(client_id).is_some_and(|(own, wanted)| own.eq_ignore_ascii_case(wanted))
    };
    let mut own = all.iter().filter(is_it);
    match (own.next(), own.next()) {
        (Some(one), None) => Ok(Some(one)),
        _ => Err(RegistrationError::Several(all.len())),
    }
}

/// The code of an error of Microsoft Graph.
fn graph_error(members: Members) -> Option<String> {
    let code = members.text("error.code").or_else(|| members.text("odata.error.code"))?.value;
    Some(Redactor::without_likely_secrets(&entrada_core::clean(&code)).chars().take(80).collect())
}

/// The check of the rules whose findings only a registration has: [`report`] makes them.
pub(super) fn found_in_registration(_: &Facts) -> Option<Finding> {
    None
}

/// What the registration in the evidence shows; `None` where there is none.
pub(super) fn report(facts: &Facts) -> Option<Report> {
    let registration = facts.evidence.registration.as_deref()?;
    Some(checks::run(facts, registration))
}

/// Adds `found` to the findings of the other evidence. A finding of the same rule becomes one with it. Where the authority refused
/// for a known reason, an error of the registration about another subject is a warning: it did not cause this refusal.
pub(super) fn add(facts: &Facts, found: Vec<Finding>, findings: &mut Vec<Finding>) {
    let refused = facts.refusal_cause().map(|cause| subject(cause.id));
    for mut finding in found {
        let own = findings.iter_mut().find(|other| other.rule.id == finding.rule.id);
        if let Some(other) = own {
            merge(other, finding);
            continue;
        }
        if finding.severity == Severity::Error
            && refused.is_some_and(|refused| refused != subject(finding.rule.id))
        {
            finding = finding.with_severity(Severity::Warning);
        }
        findings.push(finding);
    }
}

/// Adds what `finding` says to `other`, which is of the same rule.
fn merge(other: &mut Finding, finding: Finding) {
    if other.severity < finding.severity {
        (other.severity, other.confidence) = (finding.severity, finding.confidence);
        other.message = finding.message;
    } else if other.severity == finding.severity && other.confidence == Confidence::Possible {
        other.confidence = finding.confidence;
    }
    for seen in finding.evidence {
        if !other.evidence.contains(&seen) {
            other.evidence.push(seen);
        }
    }
    for help in finding.help {
        if !other.help.contains(&help) {
            other.help.push(help);
        }
    }
}

/// What a cause is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    SignIn,
    Permission,
    Application,
    Credential,
    Other,
}

fn subject(id: RuleId) -> Subject {
    match id {
        RuleId::PublicClientFlowsDisabled
        | RuleId::PlatformTypeMismatch
        | RuleId::RedirectUriMismatch
        | RuleId::ClientSecretForPublicClient => Subject::SignIn,
        RuleId::AdminConsentRequired
        | RuleId::UserConsentRequired
        | RuleId::ApiPermissionNotConfigured
        | RuleId::RefreshScopeNotGranted
        | RuleId::InvalidScope
        | RuleId::WrongAudience
        | RuleId::RegistrationEntryInvalid => Subject::Permission,
        RuleId::AppNotFoundInTenant
        | RuleId::AppDisabledInTenant
        | RuleId::AppAssignmentRequired
        | RuleId::WrongAuthorityEndpoint
        | RuleId::WrongClient
        | RuleId::WrongTenant
        | RuleId::InvalidTenant => Subject::Application,
        RuleId::ClientSecretExpired
        | RuleId::ClientSecretWrong
        | RuleId::ClientAssertionInvalid => Subject::Credential,
        _ => Subject::Other,
    }
}
