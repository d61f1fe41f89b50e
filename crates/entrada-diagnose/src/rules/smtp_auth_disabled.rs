use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::SmtpAuthDisabled,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: include_str!("pages/smtp-auth-disabled.md"),
    check: Rule::no_finding,
    advise,
};

fn advise(facts: &Facts, finding: Finding) -> Finding {
    finding
        .help(format!(
            "if the program can, send through Graph: {}",
            facts.login("--job graph-mail-send")
        ))
        .help("or ask an administrator to run `Set-CASMailbox -Identity USER -SmtpClientAuthenticationDisabled $false`")
}
