use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "wrong-xoauth2-format",
    severity: Severity::Error,
    order: 205,
    who: Who::Developer,
    docs: "\
## What it means

The string that carries the token in IMAP, SMTP or POP (XOAUTH2) is built wrong, or sent in the wrong way. The server
has not come to look at the token.

## Why it happens

The separator has to be the one byte 0x01, not the two characters `^A`, and there are two of it at the end. The whole
is base64 on one line, with its padding. POP wants it on a line of its own, after `AUTH XOAUTH2` and the server's `+`.

## What to do

Build `base64(\"user=\" + mailbox + \"\\x01auth=Bearer \" + token + \"\\x01\\x01\")`, without line breaks.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(
        finding.help("build it as base64 of `user=MAILBOX`, the byte 0x01, `auth=Bearer TOKEN`, and two bytes 0x01; on one line"),
    )
}
