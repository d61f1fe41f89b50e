use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "claims-challenge-cae",
    severity: Severity::Error,
    order: 115,
    who: Who::User,
    docs: "\
## What it means

The service took the token's signature and life for good, and asks for a new one all the same: one that holds the
claims it names. Renewing the token as before brings one that is refused again.

## Why it happens

Since the token was issued something changed: the password, the user's risk, a policy, the network (continuous
access evaluation). Or the resource wants more than the sign-in had: a second factor, an authentication context.

## What to do

Give the service's answer back: `entrada token --challenge -` with the whole answer on standard input. It renews with
the claims, past the stored token, and signs in where that does not do.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(
        finding
            .help(format!("give the whole answer to {}", facts.command("token", "--challenge -"))),
    )
}
