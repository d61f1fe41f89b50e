use crate::{Rule, RuleId, Severity, Who, registration};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AppAssignmentRequired,
    severity: Severity::Warning,
    who: Who::TenantAdmin,
    docs: include_str!("pages/app-assignment-required.md"),
    check: registration::found_in_registration,
    advise: Rule::as_it_is,
};
