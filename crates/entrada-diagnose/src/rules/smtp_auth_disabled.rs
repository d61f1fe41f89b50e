use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "smtp-auth-disabled",
    severity: Severity::Error,
    order: 264,
    who: Who::TenantAdmin,
    docs: "\
## What it means

Submission by SMTP with a sign-in (SMTP AUTH) is switched off, for the tenant or for this mailbox. The switch counts for
tokens as it does for passwords.

## Why it happens

It is off in new tenants, and security defaults switch it off.

## What to do

An administrator turns it on for the mailbox: `Set-CASMailbox -Identity USER -SmtpClientAuthenticationDisabled
$false`; for the tenant: `Set-TransportConfig -SmtpClientAuthenticationDisabled $false`. Or send through Graph:
`--job graph-mail-send`.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(
        finding
            .help("an administrator runs `Set-CASMailbox -Identity USER -SmtpClientAuthenticationDisabled $false`")
            .help(format!("or send through Graph: {}", facts.login("--job graph-mail-send"))),
    )
}
