use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "answer-not-from-service",
    severity: Severity::Error,
    order: 204,
    who: Who::User,
    docs: "\
## What it means

The answer is not the service's: something between this machine and the service answered in its place. The token was
not looked at.

## Why it happens

A proxy wants a sign-in of its own (`407`), a web filter or a captive portal blocks the address, or a load balancer
shows an error page.

## What to do

Look at the page in a browser on this machine. Set `HTTPS_PROXY` (with its credentials) or `NO_PROXY`, or have the
address allowed.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(finding.help(
        "look for a proxy, web filter or captive portal in between: `HTTPS_PROXY`, `NO_PROXY`",
    ))
}
