use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::entra::known;
use entrada_core::entra::resources;

pub(super) static RULE: Rule = Rule {
    id: RuleId::FirstPartyPreauthorization,
    severity: Severity::Error,
    who: Who::Developer,
    docs: include_str!("pages/first-party-preauthorization.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "this client of Microsoft may not request that API")
        .or_else(|| before_asking(facts))
        .or_else(|| by_token(facts))
}

/// No client with a fixed list of permissions has mail, calendars or contacts on it, except Microsoft's mail programs.
fn before_asking(facts: &Facts) -> Option<Finding> {
    let requested = facts.request()?;
    let client =
        known::client(facts.context().client_id.as_deref()?).filter(|client| client.fixed)?;
    let personal_data =
        ["Mail.", "Mailbox", "Calendars.", "Contacts.", "IMAP.", "POP.", "SMTP.", "EWS.", "EAS."];
    let api = requested.api();
    let scope = api.iter().find(|scope| {
        let name = resources::short_name(scope);
        personal_data.iter().any(|start| name.starts_with(start))
    })?;
    // Microsoft's own mail programs have these permissions.
    let mail_program = ["Microsoft Office", "Outlook Mobile"].contains(&client.name);
    (!mail_program).then(|| {
        RULE.finding(format!(
            "the request names `{scope}`, which the client `{}` does not have",
            client.name
        ))
        .with_confidence(Confidence::Likely)
        .with_severity(Severity::Warning)
        .with_evidence("client_id", client.id)
        .help("register your own application and use its client id")
    })
}

/// The token lacks what the job needs, and this client cannot get it.
fn by_token(facts: &Facts) -> Option<Finding> {
    let client = facts.claims()?.client_id().and_then(known::client).filter(|_| lacks(facts))?;
    let missing = super::missing_scope::for_the_job(facts)?;
    let (least, _) = super::missing_scope::misses(facts)?;
    let mut finding = RULE
        .finding(format!(
            "`{least}` is missing, and `{}` cannot get it, because Microsoft fixes its permissions",
            client.name
        ))
        .with_evidence("client", client.id);
    finding.evidence.extend(missing.evidence);
    Some(finding.help("register your own application and sign in with its client id"))
}

/// Whether the token is that of a Microsoft client with fixed permissions, and lacks what the job needs.
pub(super) fn lacks(facts: &Facts) -> bool {
    let client = facts.claims().and_then(|claims| known::client(claims.client_id()?));
    client.is_some_and(|client| client.fixed)
        && facts.audience_fits() != Some(false)
        && super::missing_scope::misses(facts).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn a_client_with_fixed_permissions_is_the_cause_and_one_without_is_not() {
        let with = |client: &str, scp: &str| {
            let claims = format!(
                r#"{{"aud":"https://graph.microsoft.com","appid":"{client}","scp":"{scp}"}}"#
            );
            let mut evidence = token(&claims);
            evidence.context.job = Some(entrada_core::Job::GraphMailRead);
            finding_of(&RULE, &evidence)
        };
        let cli = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
        assert!(with(cli, "User.Read").unwrap().contains("`Azure CLI` cannot get it"));
        assert_eq!(with(cli, "Mail.Read"), None);
        assert_eq!(
            with("14d82eec-204b-4c2f-b7e8-296a70dab67e", "User.Read"),
            None,
            "takes consent"
        );
        assert_eq!(with("11111111-2222-3333-4444-555555555555", "User.Read"), None);
    }
}
