use crate::{Rule, RuleId, Severity, Who, registration};

pub(super) static RULE: Rule = Rule {
    id: RuleId::RegistrationEntryInvalid,
    severity: Severity::Warning,
    who: Who::Developer,
    docs: include_str!("pages/registration-entry-invalid.md"),
    check: registration::found_in_registration,
    advise: Rule::as_it_is,
};
