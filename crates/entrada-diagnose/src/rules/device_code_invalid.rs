use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::DeviceCodeInvalid,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The authority does not know the device code or the user code that was sent.

## Why it happens

- The short `user_code` was sent in place of `device_code`, or the code was truncated or mistyped.
- The code came from another authority or cloud.

## What to do

Send `device_code` unchanged to the authority that issued it, or start the sign-in again.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(facts, &RULE, "the authority did not issue this device code")?;
    Some(refusal::sign_in_again(facts, finding))
}
