use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "basic-auth-disabled",
    severity: Severity::Error,
    order: 280,
    who: Who::User,
    docs: "\
## What it means

A password was sent. Exchange Online takes none for IMAP, POP, EWS and ActiveSync, and for SMTP only where an
administrator has left it on. No password is right.

## Why it happens

The program, or its configuration, still signs in with a password, or with an app password.

## What to do

Set the program to OAuth 2.0 (XOAUTH2) and give it a token: `entrada token --job imap`. A program that cannot do that
needs one in between that can, or another program.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(finding.help(format!(
        "set the program to OAuth2 (XOAUTH2), and give it {}",
        facts.command("token", "")
    )))
}
