use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::WrongXoauth2Format,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The string that carries the token in IMAP, SMTP or POP (XOAUTH2) has the wrong form, or it was sent in the wrong
way. The server did not check the token.

## Why it happens

The separator must be the single byte 0x01, not the two characters `^A`, and the string ends with two such
bytes. The whole string is base64 on one line, with its padding. In POP, it is sent on a line of its own, after
`AUTH XOAUTH2` and the server's `+`.

## What to do

Build `base64(\"user=\" + mailbox + \"\\x01auth=Bearer \" + token + \"\\x01\\x01\")`, without line breaks.
",
    check: Rule::no_finding,
    advise,
};

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding.help("build base64 of `user=MAILBOX`, the byte 0x01, `auth=Bearer TOKEN`, and two bytes 0x01, on one line")
}
