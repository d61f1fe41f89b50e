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
    // XOAUTH2 is a matter of mail servers.
    if finding.evidence.iter().any(|line| line.value.contains("SharePoint")) {
        return finding
            .help("sign in interactively, or as the application with a certificate: `Connect-PnPOnline -Url SITE -Interactive -ClientId CLIENT_ID`, in code with MSAL");
    }
    finding.help(format!(
        "set the program to OAuth 2.0 (XOAUTH2), and give it the token from {}",
        facts.command("token", "")
    ))
}
