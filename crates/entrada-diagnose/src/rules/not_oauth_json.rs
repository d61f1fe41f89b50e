use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::NotOauthJson,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/not-oauth-json.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let answer = facts.evidence.not_oauth.as_ref()?;
    if answer.is_temporary() {
        // A temporary fault: `service-incident` and `throttled` report it.
        return None;
    }
    let mut finding = RULE
        .finding(format!("the answer to {} does not come from a sign-in service", answer.step))
        .with_evidence("status", answer.status)
        .with_evidence("Content-Type", &answer.content_type)
        .with_evidence("body", &answer.reason);
    if let Some(snippet) = &answer.snippet {
        finding = finding.with_evidence("body starts", snippet);
    }
    Some(finding.help("look for a proxy or a captive portal, and check the authority's address"))
}
