use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::NotOauthJson,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The answer does not come from the sign-in service. It is a web page, empty, or otherwise not the JSON that OAuth
uses.

## Why it happens

- A proxy or a captive portal answered.
- The authority's address is wrong.
- The sign-in service itself has a fault.

## What to do

Open the authority's address in a browser on this machine. A captive portal shows its page there. Check
`--authority`, `HTTPS_PROXY` and `NO_PROXY`. The stored tokens are unchanged.
",
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
