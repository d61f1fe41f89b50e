use crate::{Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::Job;

pub(super) static RULE: Rule = Rule {
    id: RuleId::GuestUserNoMailbox,
    severity: Severity::Warning,
    who: Who::User,
    docs: include_str!("pages/guest-user-no-mailbox.md"),
    check,
    advise,
};

fn check(facts: &Facts) -> Option<Finding> {
    let claims = facts.claims()?;
    if !opens_a_mailbox(facts.job) || facts.audience_fits() == Some(false) || facts.is_app_only() {
        return None;
    }
    let (field, value) = claims.guest_claim()?;
    Some(
        RULE.finding("the account is a guest in this tenant: its mailbox is in another tenant")
            .with_evidence(field, value)
            .help(format!("sign in to the home tenant: {}", facts.login("--tenant <home tenant>"))),
    )
}

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding.help("sign in at the user's home tenant: `--tenant`")
}

/// Whether the job opens a mailbox.
fn opens_a_mailbox(job: Job) -> bool {
    !matches!(
        job,
        Job::GraphProfile | Job::Graph | Job::Arm | Job::Custom | Job::None | Job::Own(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn every_guest_claim_counts() {
        for sign in [
            r#""acct":1"#,
            r#""upn":"ada_home#EXT#@contoso.example""#,
            r#""unique_name":"live.com#ada@outlook.example""#,
            r#""idp":"https://sts.windows.net/home/","tid":"here""#,
        ] {
            let claims =
                format!(r#"{{"aud":"https://graph.microsoft.com","scp":"Mail.Read",{sign}}}"#);
            assert!(finding_of(&RULE, &token(&claims)).is_some(), "{sign}");
        }
    }

    #[test]
    fn members_and_jobs_without_a_mailbox_bring_no_finding() {
        let claims = r#"{"aud":"https://graph.microsoft.com","acct":0,"tid":"t","idp":"https://sts.windows.net/t/"}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
        let mut evidence = token(r#"{"aud":"https://graph.microsoft.com","acct":1}"#);
        evidence.context.job = Some(Job::GraphProfile);
        assert_eq!(finding_of(&RULE, &evidence), None);
    }
}
