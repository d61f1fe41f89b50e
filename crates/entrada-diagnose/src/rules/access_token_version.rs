use crate::{Rule, RuleId, Severity, Who, registration};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AccessTokenVersion,
    severity: Severity::Error,
    who: Who::Developer,
    docs: include_str!("pages/access-token-version.md"),
    check: registration::found_in_registration,
    advise: Rule::as_it_is,
};
