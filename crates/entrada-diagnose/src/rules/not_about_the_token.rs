use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "not-about-the-token",
    severity: Severity::Error,
    order: 276,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The service knew the caller, and refused for a reason that lies outside the token: a licence, a policy of the service's
own, a limit, a right of the user's in the directory.

## Why it happens

Examples: sign-in logs need Microsoft Entra ID P1 or P2; an Azure Policy forbids the resource; Teams wants an application
access policy for meetings; Exchange has barred the sender, or a daily limit is reached.

## What to do

Another token, another scope or another sign-in changes nothing. The message names what is missing; an administrator of
that service can grant it.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    service::finding(facts, &RULE)
}
