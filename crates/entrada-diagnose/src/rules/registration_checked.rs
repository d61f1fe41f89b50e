use crate::{Rule, RuleId, Severity, Who, registration};

pub(super) static RULE: Rule = Rule {
    id: RuleId::RegistrationChecked,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/registration-checked.md"),
    check: registration::found_in_registration,
    advise: Rule::as_it_is,
};
