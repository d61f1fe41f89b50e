use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::TenantBlocked,
    severity: Severity::Error,
    who: Who::Microsoft,
    docs: "\
## What it means

Nobody can sign in to the tenant.

## Why it happens

Microsoft blocked the tenant because of misuse, or because nobody used it for a long time.

## What to do

The tenant's owner opens a support case with Microsoft.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "Microsoft has blocked the tenant")
}
