use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ImpersonationHeaderMissing,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

An application called Exchange Web Services with its own token and did not name a mailbox. An application has no
mailbox of its own.

## Why it happens

The `ExchangeImpersonation` SOAP header is missing, or it does not name a mailbox.

## What to do

Send `ExchangeImpersonation` with the mailbox's `PrimarySmtpAddress`, and the same address in `X-AnchorMailbox`.
",
    check: Rule::no_finding,
    advise,
};

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding.help("send the `ExchangeImpersonation` SOAP header with the mailbox's `PrimarySmtpAddress`, and the same address in `X-AnchorMailbox`")
}
