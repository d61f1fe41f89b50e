use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "send-as-denied",
    severity: Severity::Error,
    order: 271,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The sign-in worked. The user may not send under the address in `From` or in `MAIL FROM`.

## Why it happens

The address is an alias, a shared mailbox or another person's, and Send As or Send on Behalf was not granted. (With
Graph, `Mail.Send.Shared` is needed as well.)

## What to do

Send under the user's own primary address, or have an administrator grant it: `Add-RecipientPermission MAILBOX
-AccessRights SendAs -Trustee USER`.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(
        finding
            .help("an administrator runs `Add-RecipientPermission MAILBOX -AccessRights SendAs -Trustee USER`")
            .help("or send under the signed-in user's own primary address"),
    )
}
