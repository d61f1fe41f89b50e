use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ConditionalAccess,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: include_str!("pages/conditional-access.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding =
        refusal::explain(facts, &RULE, "a Conditional Access policy blocks this sign-in")?;
    let is_device_code = facts.context().grant_type.as_deref() == Some("device_code");
    let about_devices = facts
        .refusal()
        .is_some_and(|refusal| refusal.has_code(&[53000, 53001, 50097, 530033, 530036]));
    let is_said = finding.help.iter().any(|help| help.contains("device code flow"));
    let mut finding = finding;
    if (is_device_code || about_devices) && !is_said {
        // The flow is the cause that the person at the device can change.
        finding.help.insert(0, "the device code flow proves nothing about the device, and many tenants block it: sign in with a browser or a broker on a managed device".into());
    }
    Some(finding)
}
