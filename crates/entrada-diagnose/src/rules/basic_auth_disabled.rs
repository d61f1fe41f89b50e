use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::BasicAuthDisabled,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The program sent a password. Exchange Online does not accept passwords for IMAP, POP, EWS and ActiveSync, and
for SMTP only where an administrator still allows them. Another password does not help.

## Why it happens

The program, or its configuration, still signs in with a password or an app password.

## What to do

Set the program to OAuth 2.0 (XOAUTH2) and give it a token: `entrada token --job imap`. If the program does not
support OAuth, use a proxy that does, or another program.
",
    check: Rule::no_finding,
    advise,
};

fn advise(facts: &Facts, finding: Finding) -> Finding {
    finding.help(format!(
        "set the program to OAuth 2.0 (XOAUTH2), and give it the token from {}",
        facts.command("token", "")
    ))
}
