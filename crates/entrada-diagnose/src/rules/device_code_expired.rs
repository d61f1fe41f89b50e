use super::admin_consent_required;
use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::DeviceCodeExpired,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The code on the screen expired before the sign-in was finished. With Entra, a code is valid for 15 minutes.

## Why it happens

The page was opened too late, or the last step on it was not confirmed. A page that says `Need admin approval` ends
the sign-in without telling the program: see `admin-consent-required`.

## What to do

Start again and enter the new code at once.
",
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
