use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AppNotFoundInTenant,
    severity: Severity::Error,
    who: Who::Developer,
    docs: include_str!("pages/app-not-found-in-tenant.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the tenant has no application with this client id").or_else(
        || refusal::may_be(facts, &RULE, "there may be no application with this client id"),
    )
}
