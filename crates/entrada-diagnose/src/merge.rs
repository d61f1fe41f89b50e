//! Merges the findings about the token with what the authority, the service and the mail server say. Which finding explains,
//! joins or silences which other one stands here.

use super::observed::RequestPart;
use super::service::Hypothesis;
use super::{
    Confidence, Facts, Finding, RuleId, Severity, malformed_resource, refusal, registration,
};

/// The merged findings.
#[derive(Debug)]
pub(super) struct Merged {
    /// The most important one first.
    pub(super) findings: Vec<Finding>,
    /// Findings that were dropped, each with the finding that explains the case better.
    pub(super) silenced: Vec<(RuleId, RuleId)>,
    /// Whether everything in a registration was checked that the case needs; `None` without a registration.
    pub(super) registration: Option<bool>,
}

/// Merges `found`, the findings of the rules, with `hypotheses` and with the findings about a registration.
pub(super) fn merge(facts: &Facts, found: Vec<Finding>, hypotheses: &[Hypothesis]) -> Merged {
    let mut findings = found;
    add_refusal_cause(facts, &mut findings);
    for hypothesis in hypotheses {
        join(facts, &mut findings, hypothesis);
    }
    name_brackets(facts, &mut findings);
    name_malformed_resource(facts, &mut findings);
    let silenced = drop_guesses(&mut findings);
    let report = registration::report(facts);
    let registration = report.as_ref().map(|report| report.is_complete);
    if let Some(report) = report {
        registration::add(facts, report.findings, &mut findings);
    }
    if let Some(message) = &facts.evidence.mentions.other_refusal
        && let Some(first) = findings.first_mut()
    {
        *first = first.clone().with_evidence("also refused, not judged here", message);
    }
    for finding in &mut findings {
        // What decides comes first, then the codes and ids.
        finding.evidence.sort_by_key(|line| !DECIDING.contains(&line.field));
    }
    let is_old = is_old_paste(facts);
    let other_is_known = findings
        .iter()
        .any(|finding| finding.is_known_error() && finding.rule.id != RuleId::Expired);
    findings.sort_by_key(|finding| {
        // Possible causes are in the order in which to check them.
        let rank = hypotheses.iter().position(|hypothesis| hypothesis.id == finding.rule.id);
        let guess = rank.filter(|_| finding.confidence == Confidence::Possible);
        let is_late = is_old && other_is_known && finding.rule.id == RuleId::Expired;
        (std::cmp::Reverse(finding.severity), is_late, finding.confidence, guess, finding.rule.id)
    });
    Merged { findings, silenced, registration }
}

/// Fields with the statement that decides.
const DECIDING: [&str; 3] = ["error_description", "text", "message"];

/// Seconds after which an expiry is the age of a paste, and not what the reader asks about: a year.
const OLD: i64 = 365 * 86_400;

/// Whether a token alone is the evidence, nobody named what it is for, and it expired long ago.
fn is_old_paste(facts: &Facts) -> bool {
    let expired = facts.claims().and_then(|claims| Some(facts.now?.seconds_since(claims.exp()?)));
    let is_alone = facts.context().job.is_none()
        && facts.evidence.answer.is_none()
        && facts.evidence.mail.is_none()
        && facts.refusal().is_none();
    is_alone && expired.is_some_and(|ago| OLD < ago)
}

/// Says of a refusal that a value of its request was sent in brackets, if the refusal may be about that value.
fn name_brackets(facts: &Facts, findings: &mut [Finding]) {
    use RuleId::{
        AppNotFoundInTenant, InvalidScope, InvalidTenant, MalformedRequest, MissingParameter,
        NotOauthJson, RedirectUriMismatch, Refused, ResourceNotFound, WrongAuthorityEndpoint,
    };
    let Some(found) = &facts.evidence.observed.bracketed else { return };
    let own: &[RuleId] = match found.part {
        RequestPart::Tenant => &[InvalidTenant, WrongAuthorityEndpoint, NotOauthJson],
        RequestPart::ClientId => &[AppNotFoundInTenant],
        RequestPart::RedirectUri => &[RedirectUriMismatch],
        RequestPart::Scope => &[InvalidScope, ResourceNotFound],
    };
    // The authority's sentence quotes the value as it was sent. Text around it may quote a template.
    let said = facts.refusal().map(refusal::message).unwrap_or_default();
    let in_brackets =
        ["{", "<", "["].iter().any(|open| said.contains(&format!("{open}{}", found.value)));
    let is_sent_well = said.contains(&found.value) && !in_brackets;
    if is_sent_well || (found.is_placeholder && !in_brackets) {
        return;
    }
    let general = [MalformedRequest, MissingParameter, Refused];
    let is_of_it = |finding: &&mut Finding| {
        own.contains(&finding.rule.id) || general.contains(&finding.rule.id)
    };
    let Some(finding) = findings.iter_mut().find(is_of_it) else { return };
    // The meaning of the number says it already.
    if finding.message.contains("placeholder") {
        return;
    }
    if finding.rule.id == NotOauthJson {
        // The authority has no page at this address.
        let missing = facts.evidence.not_oauth.as_ref();
        if !missing.is_some_and(|answer| [400, 404].contains(&answer.status)) {
            return;
        }
        let evidence = std::mem::take(&mut finding.evidence);
        *finding = InvalidTenant.rule().finding("").with_confidence(Confidence::Likely);
        finding.evidence = evidence;
    }
    let code = finding.message.rfind(" (AADSTS").and_then(|at| finding.message.get(at..));
    let code = code.unwrap_or_default().to_owned();
    let (part, shown, value) = (found.part.name(), &found.shown, &found.value);
    let (message, help) = if found.is_placeholder {
        (
            format!("the request has the placeholder `{shown}` instead of the {part}{code}"),
            format!(
                "put the {part} in its place; if it is a variable, check that the program replaces it"
            ),
        )
    } else {
        (
            format!("the {part} was sent with the brackets around it, `{shown}`{code}"),
            format!("send the {part} without them: `{value}`"),
        )
    };
    *finding = finding.clone().with_message(message);
    finding.help = vec![help.into()];
}

/// Says of an API that was not found that its name was sent malformed.
fn name_malformed_resource(facts: &Facts, findings: &mut [Finding]) {
    let own = [RuleId::ResourceNotFound, RuleId::InvalidScope, RuleId::NoMailboxLicense];
    let is_of_it = |finding: &&mut Finding| own.contains(&finding.rule.id);
    let description = facts.refusal().and_then(|refusal| refusal.error_description.as_deref());
    let found = description.and_then(malformed_resource::find);
    let Some(((resource, fault), finding)) = found.zip(findings.iter_mut().find(is_of_it)) else {
        return;
    };
    let code = finding.message.rfind(" (AADSTS").and_then(|at| finding.message.get(at..));
    let code = code.unwrap_or_default().to_owned();
    let evidence = std::mem::take(&mut finding.evidence);
    *finding = RuleId::ResourceNotFound
        .rule()
        .finding(format!("the name of the API was sent malformed, `{resource}`: {fault}{code}"))
        .with_confidence(finding.confidence)
        .by(crate::Who::Developer)
        .help("correct the resource or scope in the program's configuration; no tenant has an API of that name")
        .help("print the scope that the program sends: it is the API's address or Application ID URI, then `/.default` or one permission");
    finding.evidence = evidence;
}

/// Adds the cause that an OAuth error points to, if its rule only looks at tokens: an OAuth error always has a finding.
fn add_refusal_cause(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(cause) = facts.refusal_cause() else { return };
    if findings.iter().any(|finding| finding.rule.id == cause.id) {
        return;
    }
    findings.push(
        refusal::describe(facts, cause.id.rule(), cause.code, "the authority refused")
            .with_severity(Severity::Error)
            .with_confidence(cause.confidence),
    );
}

/// Adds a hypothesis: the same cause is one finding, with the evidence of both.
fn join(facts: &Facts, findings: &mut Vec<Finding>, hypothesis: &Hypothesis) {
    match findings.iter_mut().find(|finding| finding.rule.id == hypothesis.id) {
        Some(finding) if hypothesis.is_complete => *finding = hypothesis.finding(facts),
        Some(finding) if finding.severity == Severity::Error => {
            for (field, value) in &hypothesis.evidence {
                if !finding.evidence.iter().any(|seen| seen.field == *field) {
                    *finding = finding.clone().with_evidence(field, value);
                }
            }
        }
        Some(finding) => finding.severity = Severity::Error,
        None => findings.push(hypothesis.finding(facts)),
    }
}

/// Drops possible causes if one is known.
fn drop_guesses(findings: &mut Vec<Finding>) -> Vec<(RuleId, RuleId)> {
    let Some(known) = findings.iter().find(|finding| finding.is_known_error()) else {
        return Vec::new();
    };
    let known = known.rule.id;
    let is_guess = |finding: &Finding| {
        finding.severity == Severity::Error && finding.confidence == Confidence::Possible
    };
    let guesses = findings.iter().filter(|finding| is_guess(finding));
    let silenced = guesses.map(|finding| (finding.rule.id, known)).collect();
    findings.retain(|finding| !is_guess(finding));
    silenced
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Evidence;

    fn hypothesis(id: RuleId, confidence: Confidence, is_complete: bool) -> Hypothesis {
        Hypothesis {
            id,
            confidence,
            message: "the service says so".to_owned(),
            evidence: vec![("status", "403".to_owned())],
            help: vec!["do this".to_owned()],
            who: None,
            is_complete,
        }
    }

    fn found(id: RuleId, severity: Severity, confidence: Confidence) -> Finding {
        let finding = id.rule().finding("the token says so");
        finding.with_severity(severity).with_confidence(confidence)
    }

    fn merged(found: Vec<Finding>, hypotheses: &[Hypothesis]) -> Merged {
        let evidence = Evidence::default();
        merge(&Facts::new(&evidence), found, hypotheses)
    }

    fn ids(merged: &Merged) -> Vec<RuleId> {
        merged.findings.iter().map(|finding| finding.rule.id).collect()
    }

    #[test]
    fn one_cause_is_one_finding_with_the_evidence_of_both() {
        use Confidence::Certain;
        let expired = found(RuleId::Expired, Severity::Error, Certain).with_evidence("exp", 1);
        let merged = merged(vec![expired], &[hypothesis(RuleId::Expired, Certain, false)]);
        let [finding] = &merged.findings[..] else { panic!("{merged:?}") };
        let fields: Vec<&str> = finding.evidence.iter().map(|line| line.field).collect();
        assert_eq!(
            (finding.message.as_ref(), &fields[..]),
            ("the token says so", &["exp", "status"][..])
        );
    }

    #[test]
    fn a_complete_hypothesis_replaces_the_finding_and_a_warning_becomes_an_error() {
        use Confidence::Certain;
        let warning = || vec![found(RuleId::Expired, Severity::Warning, Certain)];
        let whole = merged(warning(), &[hypothesis(RuleId::Expired, Certain, true)]);
        assert_eq!(whole.findings[0].message, "the service says so");
        let part = merged(warning(), &[hypothesis(RuleId::Expired, Certain, false)]);
        assert_eq!(part.findings[0].severity, Severity::Error);
    }

    #[test]
    fn a_known_cause_silences_guesses_and_says_so() {
        let guess = hypothesis(RuleId::ImapDisabled, Confidence::Possible, false);
        let known = hypothesis(RuleId::WrongAudience, Confidence::Likely, false);
        let merged = merged(Vec::new(), &[guess.clone(), known]);
        assert_eq!(ids(&merged), [RuleId::WrongAudience]);
        assert_eq!(merged.silenced, [(RuleId::ImapDisabled, RuleId::WrongAudience)]);
        let alone = super::tests::merged(Vec::new(), &[guess]);
        assert_eq!((ids(&alone), alone.silenced), (vec![RuleId::ImapDisabled], Vec::new()));
    }

    #[test]
    fn the_order_is_severity_then_confidence_then_the_order_of_fixing() {
        use Confidence::{Certain, Likely};
        let all = vec![
            found(RuleId::ExtraScopes, Severity::Note, Certain),
            found(RuleId::WrongAudience, Severity::Error, Certain),
            found(RuleId::MalformedToken, Severity::Error, Likely),
            found(RuleId::Expired, Severity::Error, Certain),
        ];
        let expected =
            [RuleId::Expired, RuleId::WrongAudience, RuleId::MalformedToken, RuleId::ExtraScopes];
        assert_eq!(ids(&merged(all, &[])), expected);
    }

    #[test]
    fn an_expiry_of_years_ago_comes_after_another_known_cause() {
        use Confidence::{Certain, Likely};
        for (exp, first) in [(1, RuleId::WrongAudience), (1_699_990_000, RuleId::Expired)] {
            let evidence = crate::rules::testing::token(&format!(r#"{{"aud":"x","exp":{exp}}}"#));
            let all = vec![
                found(RuleId::Expired, Severity::Error, Certain),
                found(RuleId::WrongAudience, Severity::Error, Likely),
            ];
            let merged = merge(&Facts::new(&evidence), all, &[]);
            assert_eq!(ids(&merged)[0], first, "{exp}");
        }
    }

    #[test]
    fn possible_causes_are_in_the_order_in_which_to_check_them() {
        let guess = |id| hypothesis(id, Confidence::Possible, false);
        let guesses = [guess(RuleId::ImapDisabled), guess(RuleId::WrongAccount)];
        assert_eq!(
            ids(&merged(Vec::new(), &guesses)),
            [RuleId::ImapDisabled, RuleId::WrongAccount]
        );
    }
}
