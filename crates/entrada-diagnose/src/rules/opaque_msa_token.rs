use crate::{Facts, Finding, Rule, RuleId, SITE_GRAPH, SITE_OUTLOOK, Severity, Shape, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::OpaqueMsaToken,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/opaque-msa-token.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let Shape::MsaTicket { site_id, length } = facts.shape()? else { return None };
    let finding = RULE
        .finding("this is a token of a personal account: it cannot be decoded, and that is normal")
        .with_evidence("token", format!("{length} characters"));
    Some(match site_id {
        Some(SITE_GRAPH) => {
            finding.with_evidence("site id (undocumented)", "293577, Microsoft Graph")
        }
        Some(SITE_OUTLOOK) => {
            finding.with_evidence("site id (undocumented)", "292841, Outlook: IMAP, SMTP, EWS")
        }
        Some(other) => finding.with_evidence("site id (undocumented)", other),
        None => finding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, pasted};

    #[test]
    fn a_personal_accounts_token_is_not_an_error() {
        let ticket = format!("EwBo{}", "A".repeat(200));
        assert!(finding_of(&RULE, &pasted(&ticket)).unwrap().contains("that is normal"));
        assert_eq!(RULE.severity, Severity::Note);
        assert_eq!(finding_of(&RULE, &pasted("x")), None);
    }
}
