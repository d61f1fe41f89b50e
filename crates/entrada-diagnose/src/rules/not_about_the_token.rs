use crate::{Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::NotAboutTheToken,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The service knew the caller and refused for a reason outside the token: a licence, a policy of the service, a
limit, or a right of the user in the directory.

## Why it happens

Examples: sign-in logs need Microsoft Entra ID P1 or P2. An Azure Policy forbids the resource. Teams requires an
application access policy for meetings. Exchange has blocked the sender, or a daily limit is reached.

## What to do

Another token, another scope or another sign-in does not help. The message names what is missing. An
administrator of that service can grant it.
",
    check: Rule::no_finding,
    advise: Rule::as_it_is,
};
