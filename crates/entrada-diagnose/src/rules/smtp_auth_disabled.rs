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
            .help("an administrator runs `Set-CASMailbox -Identity USER -SmtpClientAuthenticationDisabled $false`")
            .help(format!("or send through Graph: {}", facts.login("--job graph-mail-send")))
}
