use crate::{Rule, RuleId, Severity, Who, registration};

pub(super) static RULE: Rule = Rule {
    id: RuleId::RegistrationChecked,
    severity: Severity::Note,
    who: Who::User,
    docs: "\
## What it means

The message names what was found healthy in the registration. The evidence names what was not checked, and why.

## Why it happens

A registration shows neither the consents nor the policies of a tenant. What is to be checked also depends on the job,
the tenant and the way to sign in, which flags or a profile name.

## What to do

Nothing. To have more checked, give `--service-principal` and `--grants`, and name `--job`, `--tenant` and `--client-id`
or a profile.
",
    check: registration::found_in_registration,
    advise: Rule::as_it_is,
};
