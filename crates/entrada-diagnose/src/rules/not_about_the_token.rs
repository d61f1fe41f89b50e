use crate::{Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::NotAboutTheToken,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The call failed for a reason outside the token. Either the service knew the caller and refused: a licence, a policy
of the service, a limit, or a right of the user there. Or a program failed by itself, before anything was sent.

## Why it happens

Examples: sign-in logs need Microsoft Entra ID P1 or P2. An Azure Policy forbids the resource. Teams requires an
application access policy for meetings. Exchange has blocked the sender, or a daily limit is reached. A library's cache has no
sign-in yet, a browser window was blocked, or the TLS connection was not set up.

## What to do

Another scope or another token does not help. The message names what is missing. What a service lacks, an
administrator of that service grants. What a program lacks is set up on the machine that runs it.
",
    check: Rule::no_finding,
    advise: Rule::as_it_is,
};
