use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ClaimsChallengeCae,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The service accepts the signature and the lifetime of the token, but asks for a new token that contains the
claims it names. A token that is renewed without those claims is refused again.

## Why it happens

- Something changed since the token was issued: the password, the user's risk, a policy or the network
  (continuous access evaluation).
- The resource requires more than the sign-in had: a second factor or an authentication context.

## What to do

Pass the service's answer back: `entrada token --challenge -` with the whole answer on standard input. It does
not use the stored access token. It refreshes with the claims, and signs in if a refresh is not enough.
",
    check: Rule::no_finding,
    advise,
};

fn advise(facts: &Facts, finding: Finding) -> Finding {
    finding.help(format!("pass the whole answer to {}", facts.command("token", "--challenge -")))
}
