use crate::{Rule, RuleId, Severity, Who, registration};

pub(super) static RULE: Rule = Rule {
    id: RuleId::RegistrationEntryInvalid,
    severity: Severity::Warning,
    who: Who::Developer,
    docs: "\
## What it means

The registration has an entry that Entra does not accept, or that has no effect: a redirect URI that breaks Entra's
restrictions, the id of a permission that does not exist, or claims that personal accounts do not get.

## Why it happens

The manifest was edited by hand, copied from another cloud, or is older than a restriction. A permission was retired.

## What to do

Correct the entry that the evidence shows, or remove it.
",
    check: registration::found_in_registration,
    advise: Rule::as_it_is,
};
