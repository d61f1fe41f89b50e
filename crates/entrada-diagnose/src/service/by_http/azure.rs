//! The answers of Azure's services.

use crate::Facts;
use crate::service::azure::{AzureService, lacks_action, missing_right};
use crate::service::hypothesis::token_explains;
use crate::service::{HttpAnswer, Hypothesis, Service, known_errors};

/// The service of Azure that answered: by its address, else by what stands around the answer.
pub(super) fn azure_service(facts: &Facts, answer: &HttpAnswer) -> Option<&'static AzureService> {
    if answer.is_of_an_authority() {
        return None;
    }
    match answer.host() {
        Some(host) => AzureService::at(&host),
        None if answer.service() == Service::Other => facts.evidence.observed.azure,
        None => None,
    }
}

/// The status that the code of an answer without its status stands for.
pub(super) fn status_of(answer: &HttpAnswer) -> Option<u16> {
    let code = answer.code()?.to_ascii_lowercase();
    match code.as_str() {
        "forbidden" | "accessdenied" | "permissiondenied" | "authorizationfailed" => Some(403),
        "unauthorized"
        | "unauthenticated"
        | "authenticationfailed"
        | "invalidauthenticationtoken" => Some(401),
        _ => None,
    }
}

/// The cause where the answer says in a sentence that the caller lacks a right, which its text or its service makes one of Azure.
pub(super) fn by_missing_right(
    facts: &Facts,
    answer: &HttpAnswer,
    azure: Option<&'static AzureService>,
    said: &str,
) -> Option<Vec<Hypothesis>> {
    let refuses = matches!(answer.status, None | Some(401 | 403));
    if !refuses || answer.is_of_an_authority() || token_explains(facts) {
        return None;
    }
    if !matches!(answer.service(), Service::Other | Service::Arm) {
        return None;
    }
    let right = missing_right(said)?;
    match (azure, &right.action) {
        (Some(service), _) => Some(service.lacks_right(&right, said)),
        (None, Some(action)) => {
            let mut told = lacks_action(action).with_evidence("text", right.sentence(said));
            known_errors::refine_role_scope(said, &mut told);
            Some(vec![told])
        }
        (None, None) => None,
    }
}
