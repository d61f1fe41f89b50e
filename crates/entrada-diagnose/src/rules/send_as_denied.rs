use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::SendAsDenied,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The sign-in succeeded. The user has no permission to send from the address in `From` or in `MAIL FROM`.

## Why it happens

The address is an alias, a shared mailbox or another person's, and Send As or Send on Behalf was not granted.
(With Graph, `Mail.Send.Shared` is needed as well.)

## What to do

Send from the user's own primary address. Or ask an administrator to grant the permission:
`Add-RecipientPermission MAILBOX -AccessRights SendAs -Trustee USER`.
",
    check: Rule::no_finding,
    advise,
};

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding
            .help("an administrator runs `Add-RecipientPermission MAILBOX -AccessRights SendAs -Trustee USER`")
            .help("or send from the signed-in user's own primary address")
}
