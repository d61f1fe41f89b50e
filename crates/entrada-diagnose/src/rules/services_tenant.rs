use crate::{Facts, Finding, Rule, Severity, Who};
use entrada_core::entra::known::SERVICES_TENANT;

pub(super) static RULE: Rule = Rule {
    id: "services-tenant",
    severity: Severity::Warning,
    order: 259,
    who: Who::Developer,
    docs: "\
## What it means

The token comes from Microsoft Services, a directory of Microsoft's own, and from no organisation's.

## Why it happens

An application asked for a token of its own at `common`, which belongs to nobody.

## What to do

Name the organisation: `--tenant` with its domain or GUID.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let tid = facts.claims()?.text("tid")?;
    tid.eq_ignore_ascii_case(SERVICES_TENANT).then(|| {
        RULE.finding("the token comes from the directory of Microsoft Services, which holds nobody's mailboxes")
            .with_evidence("tid", tid)
            .help("name the organisation: `--tenant` with its domain or GUID")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn the_directory_of_microsoft_services_is_nobodys() {
        let with =
            |tid: &str| finding_of(&RULE, &token(&format!(r#"{{"aud":"x","tid":"{tid}"}}"#)));
        assert!(with(SERVICES_TENANT).is_some());
        assert_eq!(with("72f988bf-86f1-41af-91ab-2d7cd011db47"), None);
    }
}
