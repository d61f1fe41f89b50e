use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "user-consent-required",
    severity: Severity::Error,
    order: 103,
    who: Who::User,
    docs: "\
## What it means

There is no consent on record for this application, this API and these scopes. The refresh token, if there is
one, is not harmed.

## Why it happens

A scope was added after the last sign-in, the consent was withdrawn, or the application is new in this tenant.

## What to do

Sign in again with the scopes named, and accept the consent page. Where the page says that an administrator
has to approve, see `admin-consent-required`.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "nobody has consented to this application and these scopes yet",
    )?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding.help(format!(
        "where users may not agree, an administrator opens {}",
        super::admin_consent_required::admin_consent_url(facts)
    )))
}
