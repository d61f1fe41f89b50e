use crate::{Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::entra::clouds;

use super::super::facts::is_guid;

pub(super) static RULE: Rule = Rule {
    id: RuleId::IssuerTenantMismatch,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/issuer-tenant-mismatch.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let claims = facts.claims()?;
    let (iss, tid) = (claims.text("iss")?, claims.text("tid").filter(|tid| is_guid(tid))?);
    let own = iss.split('/').find(|part| is_guid(part)).filter(|_| clouds::is_entra_issuer(iss))?;
    (!own.eq_ignore_ascii_case(tid)).then(|| {
        RULE.finding(
            "`iss` and `tid` name two different directories: Entra does not issue such tokens",
        )
        .with_evidence("iss", iss)
        .with_evidence("tid", tid)
        .help(format!("get a genuine token: {}", facts.login("")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn issuer_and_tenant_must_agree() {
        let (one, two) =
            ("72f988bf-86f1-41af-91ab-2d7cd011db47", "11111111-2222-3333-4444-555555555555");
        let with = |iss: &str, tid: &str| {
            finding_of(&RULE, &token(&format!(r#"{{"aud":"x","iss":"{iss}","tid":"{tid}"}}"#)))
        };
        for base in ["https://sts.windows.net/ID/", "https://login.microsoftonline.com/ID/v2.0"] {
            assert!(with(&base.replace("ID", one), two).is_some());
            assert_eq!(with(&base.replace("ID", one), &one.to_uppercase()), None);
        }
        assert_eq!(with("https://issuer.example/", one), None);
        assert_eq!(
            finding_of(&RULE, &token(r#"{"aud":"x","iss":"https://sts.windows.net/a/"}"#)),
            None
        );
    }
}
