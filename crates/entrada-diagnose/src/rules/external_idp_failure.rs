use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ExternalIdpFailure,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

Entra sent the user to another identity provider, and the provider's answer was an error or unusable.

## Why it happens

- The organisation's own federated sign-in (for example AD FS) failed or cannot be reached.
- An external provider is misconfigured, or refused the user.
- A clock of one of the two is wrong.

## What to do

Try once more. If the error stays, the operators of that provider find the reason in its log; the time and the
correlation id of the answer help them.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(
        facts,
        &RULE,
        "an identity provider outside Entra failed or refused the sign-in",
    )
}
