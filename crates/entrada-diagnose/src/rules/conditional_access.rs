use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ConditionalAccess,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: include_str!("pages/conditional-access.md"),
    check,
    advise,
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
    Some(advise(facts, finding))
}

/// Says where the policy is named, if nothing says what to do.
fn advise(_: &Facts, finding: Finding) -> Finding {
    if !finding.help.is_empty() {
        return finding;
    }
    finding.help(
        "an administrator opens this sign-in in the sign-in logs of Entra, tab `Conditional Access`: it names the policy and what was \
         not met (device, place, application, flow)",
    )
}

#[cfg(test)]
mod tests {
    use crate::{Context, RuleId, diagnose};
    use entrada_core::NumericDate;

    #[test]
    fn what_the_page_says_has_a_next_step() {
        let text = "You cannot access this right now. Your sign-in was successful but does not meet the criteria to access this resource.";
        let found = diagnose(text, &Context::default(), NumericDate(1_800_000_000)).unwrap();
        let first = &found.findings[0];
        assert_eq!(first.rule.id, RuleId::ConditionalAccess);
        assert!(first.help.iter().any(|line| line.contains("sign-in log")), "{first:?}");
    }
}
