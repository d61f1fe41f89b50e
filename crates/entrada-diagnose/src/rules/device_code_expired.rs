use super::admin_consent_required;
use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::DeviceCodeExpired,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/device-code-expired.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding =
        refusal::explain(facts, &RULE, "the sign-in code expired before the sign-in was finished")?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(match admin_consent_required::first_suspect(facts) {
        Some(help) => finding.help(help),
        None => finding,
    })
}
