use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AccountLockedOrDisabled,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The account exists or existed, and cannot sign in at the moment. No client can change that.

## Why it happens

- Too many wrong attempts locked it. Such a lock ends by itself.
- An administrator disabled or deleted it.
- Microsoft locked a personal account because of misuse.

## What to do

Wait until a lock ends. Otherwise ask the administrator to enable or restore the account. The owner of a locked
personal account signs in at https://account.microsoft.com and follows the steps there.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the account is locked, disabled or deleted")
}
