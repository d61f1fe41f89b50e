use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::InvalidTenant,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

This cloud has no tenant with this name.

## Why it happens

The domain or the GUID has a typing error, or the tenant belongs to another national cloud.

## What to do

Pass the directory's GUID or a verified domain to `--tenant`. For a tenant outside the public cloud, also pass
`--cloud`.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "this tenant does not exist")
}
