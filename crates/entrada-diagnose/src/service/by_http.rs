//! The causes that an API's refusal points to. The same words mean different things with different tokens, so the token's
//! contents count more than the status.

mod application;
mod audience;
mod azure;
mod basic;
mod claims_challenge;
mod intermediary;

use super::azure::AzureService;
use super::by_statement::AnswerText;
use super::hypothesis::{Hypothesis, token_explains};
use super::rights::{access_denied, by_directory, forbidden, no_permission, unauthorised};
use super::words::{
    DIRECTORY, MALFORMED, NO_MAILBOX, NO_PERMISSION, NO_USER, SIGNATURE, THROTTLED, WORDS,
};
use super::{HttpAnswer, Service, callback, known_errors, token_check};
use crate::{Confidence, Facts, RuleId};
use audience::{
    accepted_elsewhere, by_audience, by_default_command, by_graph_scope, by_resource, sent_in_clear,
};
use azure::{azure_service, by_missing_right, status_of};
use entrada_core::human_duration;

/// The fields of the answer to show as evidence.
pub(super) fn evidence(answer: &HttpAnswer) -> Vec<(&'static str, String)> {
    let mut seen = Vec::new();
    seen.extend(answer.status.map(|status| ("status", status.to_string())));
    seen.extend(answer.code().map(|code| ("code", code)));
    seen.extend(answer.message().map(|message| ("message", message)));
    seen
}

/// The causes, most important first. Where the answer only allows guesses, what its text states counts more.
pub(super) fn causes(facts: &Facts, answer: &HttpAnswer) -> Vec<Hypothesis> {
    // From a SOAP answer only the error counts: the rest may contain subjects and names.
    let said = match answer.soap_error() {
        Some(code) => format!("{code}\n{}", answer.message().unwrap_or_default()),
        None => answer.said(),
    };
    let azure = azure_service(facts, answer);
    let known = by_words(facts, answer, azure, &said);
    let is_known = known.is_some();
    let found = known.unwrap_or_else(|| by_status(facts, answer, azure, &said));
    // A status in a sentence is a guess as long as nobody knows who sent it.
    let is_in_words = answer.is_in_words();
    let is_guess = |one: &Hypothesis| {
        one.confidence == Confidence::Possible || (is_in_words && one.id == RuleId::ServiceIncident)
    };
    let is_open = found.iter().all(is_guess)
        && !answer.is_good()
        && facts.claims().is_none()
        && !token_explains(facts);
    let allows_any = found.is_empty() || is_in_words;
    let symptom = || known_errors::find_symptom(&said);
    // A status that a sentence names says less than the product and the operation that it names.
    let is_status_alone = is_in_words && !is_known && answer.status.is_some();
    let tells_little = is_status_alone || (found.is_empty() && is_in_words);
    let symptom = (is_open && tells_little).then(symptom).flatten();
    let text = AnswerText {
        facts,
        answer,
        azure,
        said: &said,
        is_known,
        is_open,
        found: &found,
        symptom: symptom.as_ref(),
        allows_any,
    };
    match text.causes().or_else(|| Some(symptom?.causes(facts))) {
        Some(causes) => causes,
        None if is_open && is_in_words => found.into_iter().map(in_words).collect(),
        None => found,
    }
}

/// `one`, from a status that a sentence names: whose status it is, is not certain.
fn in_words(mut one: Hypothesis) -> Hypothesis {
    if one.id == RuleId::ServiceIncident && one.confidence == Confidence::Certain {
        one.confidence = Confidence::Likely;
    }
    one
}

/// The causes by codes and known words.
fn by_words(
    facts: &Facts,
    answer: &HttpAnswer,
    azure: Option<&'static AzureService>,
    said: &str,
) -> Option<Vec<Hypothesis>> {
    let status = answer.status;
    if let Some(told) = intermediary::cause(answer) {
        return Some(vec![told]);
    }
    if status == Some(203)
        && let Some(told) = by_default_command(facts, answer, "")
    {
        return Some(vec![told]);
    }
    // Azure DevOps sends its sign-in page with status 203 where it does not accept a token.
    if status == Some(203) && answer.is_html() {
        return Some(
            known_errors::find(&answer.body).map(|known| known.causes(facts)).unwrap_or_default(),
        );
    }
    // SOAP sends some errors with status 200.
    if status.is_some_and(|status| status < 400) && answer.soap_error().is_none() {
        let elsewhere = accepted_elsewhere(facts, answer);
        return Some(elsewhere.or_else(|| sent_in_clear(facts, answer)).into_iter().collect());
    }
    let text = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let asked_to_slow_down = answer.header("x-ms-asthrottle").next().is_some();
    // `ThrottledFolderBind` is a name in a program.
    let is_throttled =
        text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word.ends_with("throttled"));
    if status == Some(429) || asked_to_slow_down || has(&THROTTLED) || is_throttled {
        return Some(vec![
            Hypothesis::certain(RuleId::Throttled, "the service asks for fewer requests")
                .help(pause(facts, answer)),
        ]);
    }
    if let Some(told) = claims_challenge::cause(answer, &text) {
        return Some(vec![told]);
    }
    if answer.service() == Service::Arm
        && answer.code().is_some_and(|code| code.ends_with("AuthorizationFailed"))
        // A subscription of another tenant has a record of its own.
        && !text.contains("access linked subscription")
    {
        let mut told = Hypothesis::certain(
            RuleId::AzureRoleMissing,
            "the caller has no role that allows this action",
        );
        known_errors::refine_role_scope(said, &mut told);
        return Some(vec![told]);
    }
    if let Some(told) = basic::cause(facts, answer, &text) {
        return Some(vec![told]);
    }
    if text.contains("expired or is not yet valid") {
        return Some(vec![expired_or_early(facts)]);
    }
    if let Some(reason) = answer.header("x-ews-policy-reason").next() {
        return Some(vec![
            Hypothesis::certain(RuleId::ExchangePolicyBlock, "an Exchange policy refuses the call")
                .with_evidence("X-EWS-Policy-Reason", reason),
        ]);
    }
    if let Some(told) = by_default_command(facts, answer, &text) {
        return Some(vec![told]);
    }
    let elsewhere = by_audience(facts, answer)
        .or_else(|| by_resource(facts, answer))
        .or_else(|| by_graph_scope(facts, answer, &text));
    if let Some(told) = elsewhere {
        return Some(vec![told]);
    }
    if let Some(told) = application::cause(facts, answer, &text) {
        return Some(vec![told]);
    }
    let known = known_error(facts, answer, said)
        // The token itself shows whether such a guess is right.
        .filter(|known| !(known.is_guess_of_audience() && facts.claims().is_some()));
    if let Some(known) = known {
        // Which mailbox is missing depends on the token.
        return Some(match known.error.cause {
            RuleId::NoMailboxLicense => {
                let mut told = no_mailbox(facts, &text);
                told.confidence = told.confidence.max(known.error.confidence);
                vec![told]
            }
            // A refresh token or an ID token has its own finding, which explains these words.
            RuleId::MalformedToken if token_explains(facts) => Vec::new(),
            _ => known.causes(facts),
        });
    }
    if let Some(causes) = by_missing_right(facts, answer, azure, said) {
        return Some(causes);
    }
    if let Some(failed) = callback::find(said).filter(|_| answer.is_in_words()) {
        return Some(vec![failed.cause()]);
    }
    let check = Some(answer)
        .filter(|answer| answer.service() == Service::Other && !token_explains(facts))
        .and_then(|_| token_check::find(said));
    // The words below are about access tokens.
    if let Some(check) = check.filter(|check| check.is_of_id_token()) {
        return Some(vec![check.cause(said)]);
    }
    // "The refresh token has expired" says nothing of the access token.
    let of_access = text.replace("refresh token", "refresh").replace("refresh_token", "refresh");
    let names = |words: &[&str]| words.iter().any(|word| of_access.contains(word));
    let by_words = WORDS.iter().find(|(words, ..)| names(words));
    if let Some((_, id, confidence, message)) = by_words {
        return Some(vec![Hypothesis::new(*id, *confidence, *message)]);
    }
    if has(&NO_MAILBOX) || has(&NO_USER) {
        return Some(vec![no_mailbox(facts, &text)]);
    }
    // A filter or an id can be malformed too. The status 401 shows that the words are about the token.
    let of_a_token = status == Some(401) || (status.is_none() && has(&["token", "jwt"]));
    if has(&MALFORMED) && of_a_token {
        // A refresh token or an ID token has its own finding, which explains these words.
        let explained = token_explains(facts);
        let told = "the service cannot read the token it received";
        return Some(if explained {
            Vec::new()
        } else {
            vec![Hypothesis::certain(RuleId::MalformedToken, told)]
        });
    }
    if let Some(check) = check {
        return Some(vec![check.cause(said)]);
    }
    if has(&SIGNATURE) {
        return Some(if token_explains(facts) {
            Vec::new()
        } else {
            vec![Hypothesis::likely(
                RuleId::MalformedToken,
                "the service says that the token's signature is invalid: the token was changed or cut short, or it is for another service",
            )]
        });
    }
    if has(&DIRECTORY) {
        return Some(by_directory(facts, answer));
    }
    if has(&NO_PERMISSION) {
        return Some(vec![no_permission(facts)]);
    }
    None
}

/// The causes by the status and the words of the answer.
fn by_status(
    facts: &Facts,
    answer: &HttpAnswer,
    azure: Option<&'static AzureService>,
    said: &str,
) -> Vec<Hypothesis> {
    let text = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match answer.status.or_else(|| answer.status_in_body()) {
        Some(502..=504) => vec![
            Hypothesis::new(
                RuleId::ServiceIncident,
                // A page may be that of any program on the way.
                if answer.is_html() && !intermediary::is_of_the_service(answer) {
                    Confidence::Likely
                } else {
                    Confidence::Certain
                },
                "the service failed to answer",
            )
            .help(pause(facts, answer)),
        ],
        Some(500..)
            if answer.code().is_none() || has(&["transient", "unavailable", "internal"]) =>
        {
            vec![
                Hypothesis::certain(RuleId::ServiceIncident, "the service has an internal error")
                    .help(pause(facts, answer)),
            ]
        }
        // The request had no token, so the token is not the cause.
        _ if answer.is_of_an_authority() => Vec::new(),
        Some(200 | 401 | 403 | 500) | None
            if has(&["erroraccessdenied", "access is denied", "accessdenied"]) =>
        {
            access_denied(facts, answer)
        }
        None if azure.is_some() && !token_explains(facts) => match (azure, status_of(answer)) {
            (Some(service), Some(403)) => service.forbidden(),
            (Some(service), Some(401)) if facts.shape().is_none() => service.unauthorised(None),
            _ => Vec::new(),
        },
        Some(401) => match azure.filter(|_| !token_explains(facts) && facts.shape().is_none()) {
            Some(service) => service.unauthorised(answer.host().as_deref()),
            None => unauthorised(facts, answer),
        },
        Some(403) => match azure.filter(|_| !token_explains(facts) && !answer.is_html()) {
            Some(service) => service.forbidden(),
            None => forbidden(facts, answer),
        },
        _ => Vec::new(),
    }
}

/// The known error in `said`. Some sentences mean different things at different hosts and with different statuses.
fn known_error(facts: &Facts, answer: &HttpAnswer, said: &str) -> Option<known_errors::Match> {
    let status = answer.status.map(|status| status.to_string());
    let at = |host: Option<String>| {
        let place: Vec<String> = host.into_iter().chain(status.clone()).collect();
        if place.is_empty() {
            return known_errors::find(said);
        }
        let place = place.join(" ");
        let found = known_errors::find(&format!("{said}\n{place}"));
        found.map(|found| found.without_end(&place)).or_else(|| known_errors::find(said))
    };
    let host = answer.host();
    at(host.clone()).or_else(|| {
        // The name of the host may stand beside the answer, where it proves less.
        let beside = facts.evidence.observed.azure.and_then(AzureService::host)?;
        host.is_none().then(|| at(Some(beside.to_owned()))).flatten().filter(|it| !it.is_guess())
    })
}

fn pause(facts: &Facts, answer: &HttpAnswer) -> String {
    match answer.pause(facts.now.unwrap_or_default()) {
        Some(seconds) => {
            let pause = human_duration(seconds.cast_signed());
            format!("wait as long as `Retry-After` says ({pause}), then try again")
        }
        None => "try again in a few minutes".to_owned(),
    }
}

fn expired_or_early(facts: &Facts) -> Hypothesis {
    let claims = facts.claims();
    let early = claims
        .and_then(|claims| Some(claims.time("nbf")?.seconds_since(facts.now?)))
        .is_some_and(|early| 0 < early);
    if early {
        Hypothesis::certain(RuleId::NotYetValid, "the service says that the token is not valid yet")
    } else {
        let sure = if claims.is_some() { Confidence::Certain } else { Confidence::Likely };
        Hypothesis::new(RuleId::Expired, sure, "the service says that the token has expired")
    }
}

fn no_mailbox(facts: &Facts, text: &str) -> Hypothesis {
    if facts.is_guest() || text.contains("#ext#") {
        return Hypothesis::certain(
            RuleId::GuestUserNoMailbox,
            "a guest user has no mailbox in this tenant",
        );
    }
    if text.contains("user-context in the token does not exist") || text.contains("invalid_user") {
        return Hypothesis::likely(
            RuleId::NoMailboxLicense,
            "Exchange does not know the user in the token",
        );
    }
    Hypothesis::certain(RuleId::NoMailboxLicense, "that user has no mailbox in Exchange Online")
}
