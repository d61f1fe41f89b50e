use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::entra::known;
use entrada_core::oauth::account_of;

use super::super::facts::is_guid;

pub(super) static RULE: Rule = Rule {
    id: RuleId::WrongTenant,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/wrong-tenant.md"),
    check,
    advise,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the account does not belong to the requested tenant")
        .or_else(|| by_claims(facts))
}

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding.help("sign in at the tenant that the resource belongs to: `--tenant`")
}

fn by_claims(facts: &Facts) -> Option<Finding> {
    let wanted = facts.context().tenant.as_deref();
    // Personal accounts have one tenant with several names.
    let wanted = match wanted.filter(|tenant| known::is_consumers(tenant)) {
        Some(_) => known::CONSUMERS_TENANT,
        None => wanted.filter(|tenant| is_guid(tenant))?,
    };
    let found = match facts.response() {
        Some(response) => account_of(response).tid?,
        None => facts.claims()?.text("tid")?.to_owned(),
    };
    if found.eq_ignore_ascii_case(wanted) {
        return None;
    }
    Some(
        RULE.finding(format!("the token comes from tenant `{found}`, not from `{wanted}`"))
            .with_evidence("tid", &found)
            .with_evidence("tenant", wanted)
            .help(format!("name the tenant: {}", facts.login(&format!("--tenant {wanted}")))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    const TID: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

    fn with(tenant: &str) -> Option<String> {
        let mut evidence = token(&format!(r#"{{"aud":"x","tid":"{TID}"}}"#));
        evidence.context.tenant = Some(tenant.to_owned());
        finding_of(&RULE, &evidence)
    }

    #[test]
    fn only_guids_can_be_compared() {
        assert!(with("11111111-2222-3333-4444-555555555555").is_some());
        assert_eq!(with(&TID.to_ascii_uppercase()), None);
        assert_eq!(with("common"), None);
        assert_eq!(with("contoso.example"), None);
        assert!(with("consumers").is_some(), "a work account's token");
    }

    #[test]
    fn a_token_without_tid_brings_no_finding() {
        let mut evidence = token(r#"{"aud":"x"}"#);
        evidence.context.tenant = Some(TID.to_owned());
        assert_eq!(finding_of(&RULE, &evidence), None);
    }
}
