use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "impersonation-header-missing",
    severity: Severity::Error,
    order: 254,
    who: Who::Developer,
    docs: "\
## What it means

An application called Exchange Web Services with a token of its own, without saying on whose behalf. It has no mailbox
itself.

## Why it happens

The `ExchangeImpersonation` SOAP header is missing, or names nobody.

## What to do

Send `ExchangeImpersonation` with the mailbox's `PrimarySmtpAddress`, and the same address in `X-AnchorMailbox`.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(
        finding.help("send the `ExchangeImpersonation` SOAP header with the mailbox's `PrimarySmtpAddress`, and `X-AnchorMailbox`"),
    )
}
