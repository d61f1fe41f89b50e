use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::UserNotAssigned,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The enterprise application has the setting *Assignment required*, and the account is not assigned to it.

## Why it happens

- The account was never assigned, or its assignment was removed.
- The account is a member of an assigned group only through another group: nested groups do not count.

## What to do

An administrator assigns the account under *Enterprise applications*, *Users and groups*, or turns *Assignment
required* off. With that setting, each permission also needs an administrator's consent.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(
        facts,
        &RULE,
        "the application is for assigned users only, and this account is not assigned",
    )
}
