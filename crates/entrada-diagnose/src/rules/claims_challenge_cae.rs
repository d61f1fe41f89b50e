use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ClaimsChallengeCae,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/claims-challenge-cae.md"),
    check: Rule::no_finding,
    advise,
};

fn advise(facts: &Facts, finding: Finding) -> Finding {
    finding.help(format!("pass the whole answer to {}", facts.command("token", "--challenge -")))
}
