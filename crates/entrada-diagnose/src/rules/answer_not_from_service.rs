use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AnswerNotFromService,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

Something between this machine and the service answered instead of the service. The service never saw the token.

## Why it happens

- A proxy requires its own sign-in (`407`).
- A web filter or a captive portal blocks the address.
- A load balancer shows an error page.

## What to do

Open the address in a browser on this machine and read the page. Set `HTTPS_PROXY` (with its credentials) or
`NO_PROXY`, or ask the network administrator to allow the address.
",
    check: Rule::no_finding,
    advise,
};

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding.help(
        "look for a proxy, a web filter or a captive portal, and check `HTTPS_PROXY` and `NO_PROXY`",
    )
}
