use crate::{Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::entra::known::SERVICES_TENANT;

pub(super) static RULE: Rule = Rule {
    id: RuleId::ServicesTenant,
    severity: Severity::Warning,
    who: Who::Developer,
    docs: include_str!("pages/services-tenant.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let tid = facts.claims()?.text("tid")?;
    tid.eq_ignore_ascii_case(SERVICES_TENANT).then(|| {
        RULE.finding("the token comes from the directory of Microsoft Services, which has no mailboxes of users")
            .with_evidence("tid", tid)
            .help("name the organisation: `--tenant` with its domain or GUID")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn a_token_of_the_microsoft_services_directory_is_found() {
        let with =
            |tid: &str| finding_of(&RULE, &token(&format!(r#"{{"aud":"x","tid":"{tid}"}}"#)));
        assert!(with(SERVICES_TENANT).is_some());
        assert_eq!(with("72f988bf-86f1-41af-91ab-2d7cd011db47"), None);
    }
}
