use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ConditionalAccess,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

A Conditional Access policy of the tenant blocks the sign-in, so no token is issued. Trying again in the same
way does not help.

## Why it happens

Policies check the flow, the device, the location, the application and the risk. Many tenants block the device
code flow, and a device code sign-in can never prove that a device is managed or joined. A refresh token from a
device code sign-in stays marked as such, so a policy that is created later also stops its refreshes.

## What to do

If the policy concerns device codes or devices, sign in with a browser on a managed device. Otherwise give the
administrator the correlation id and the time. The sign-in log names the policy on its Conditional Access tab.
",
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
    let finding = if is_device_code || about_devices {
        finding.help("the device code flow proves nothing about the device, and many tenants block it: sign in with a browser on a managed device")
    } else {
        finding
    };
    Some(finding)
}
