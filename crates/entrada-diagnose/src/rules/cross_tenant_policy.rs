use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::CrossTenantPolicy,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The account belongs to one organisation and the application's tenant to another, and a cross-tenant access setting
of one of them forbids the sign-in.

## Why it happens

- The account's home tenant restricts outbound access.
- The other tenant restricts inbound access.

## What to do

The number says which side it is: AADSTS500212 is the home tenant, AADSTS500213 the other one. An administrator of
that tenant changes *External Identities*, *Cross-tenant access settings*.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(
        facts,
        &RULE,
        "one of the two organisations does not allow accounts to pass between them",
    )
}
