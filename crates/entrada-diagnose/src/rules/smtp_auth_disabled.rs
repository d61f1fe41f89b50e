use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::SmtpAuthDisabled,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

SMTP AUTH, which is sending mail over SMTP with a sign-in, is disabled for the tenant or for this mailbox. The
setting applies to tokens as well as to passwords.

## Why it happens

It is disabled in new tenants, and security defaults disable it.

## What to do

An administrator enables it for the mailbox:
`Set-CASMailbox -Identity USER -SmtpClientAuthenticationDisabled $false`; or for the tenant:
`Set-TransportConfig -SmtpClientAuthenticationDisabled $false`. Or send through Graph: `--job graph-mail-send`.
",
    check: Rule::no_finding,
    advise,
};

fn advise(facts: &Facts, finding: Finding) -> Finding {
    finding
            .help("an administrator runs `Set-CASMailbox -Identity USER -SmtpClientAuthenticationDisabled $false`")
            .help(format!("or send through Graph: {}", facts.login("--job graph-mail-send")))
}
