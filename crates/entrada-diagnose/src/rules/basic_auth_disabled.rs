use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::BasicAuthDisabled,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/basic-auth-disabled.md"),
    check: Rule::no_finding,
    advise,
};

fn advise(facts: &Facts, finding: Finding) -> Finding {
    finding.help(format!(
        "set the program to OAuth 2.0 (XOAUTH2), and give it the token from {}",
        facts.command("token", "")
    ))
}
