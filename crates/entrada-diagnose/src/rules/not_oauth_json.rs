use crate::{Facts, Finding, Rule, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: "not-oauth-json",
    severity: Severity::Error,
    order: 101,
    who: Who::User,
    docs: "\
## What it means

Something answered, but it was not the sign-in service: the answer is a web page, empty, or otherwise not the JSON
that OAuth uses.

## Why it happens

A proxy or a captive portal stands in between, the authority's address is wrong, or the service itself is in
trouble.

## What to do

Open the authority's address in a browser on this machine: a portal shows itself there. Check `--authority`,
`HTTPS_PROXY` and `NO_PROXY`. Nothing stored was changed.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let answer = facts.evidence.not_oauth.as_ref()?;
    if answer.is_temporary() {
        // A server in trouble has no time for JSON: `service-incident` and `throttled` say so.
        return None;
    }
    let mut finding = RULE
        .finding(format!("the answer to {} is not from a sign-in service", answer.step))
        .with_evidence("status", answer.status)
        .with_evidence("Content-Type", &answer.content_type)
        .with_evidence("body", &answer.reason);
    if let Some(snippet) = &answer.snippet {
        finding = finding.with_evidence("body starts", snippet);
    }
    Some(
        finding.help(
            "look for a proxy or captive portal in between, and check the authority's address",
        ),
    )
}
