use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "conditional-access",
    severity: Severity::Error,
    order: 105,
    who: Who::TenantAdmin,
    docs: "\
## What it means

A policy of the tenant refuses to issue the token. Trying again the same way cannot succeed.

## Why it happens

Policies look at the flow, the device, the place, the application and the risk. Device code is often blocked
outright, and can never prove that a device is managed or joined. A grant born from device code stays marked
as such: a policy made later stops its refreshes too.

## What to do

Use the browser flow on a managed device where the policy is about device code or devices. Otherwise give the
administrator the correlation id and the time: the sign-in log names the policy on its Conditional Access tab.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding =
        refusal::explain(facts, &RULE, "a Conditional Access policy blocks this sign-in")?;
    let born_of_device_code = facts.context().grant_type.as_deref() == Some("device_code");
    let about_devices = facts
        .refusal()
        .is_some_and(|refusal| refusal.has_code(&[53000, 53001, 50097, 530033, 530036]));
    let finding = if born_of_device_code || about_devices {
        finding.help("device code carries no device state and many tenants block it: sign in with a browser on a managed device")
    } else {
        finding
    };
    Some(finding)
}
