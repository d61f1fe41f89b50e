use crate::{Facts, Finding, Rule, RuleId, Severity, Shape, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::OfflineAccessUnknowable,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/offline-access-unknowable.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let bare = facts.response().is_none() && facts.refusal().is_none();
    let readable = matches!(facts.shape(), Some(Shape::Jwt(_) | Shape::MsaTicket { .. }));
    if facts.foreign_issuer().is_some() {
        return None;
    }
    if !bare || !readable || facts.is_id_token() || facts.is_app_only() {
        return None;
    }
    Some(RULE.finding("an access token does not show whether `offline_access` was granted").help(
        "diagnose the whole token response, or look for a refresh token with `entrada status`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response, token};

    #[test]
    fn only_a_bare_access_token_brings_the_note() {
        assert!(finding_of(&RULE, &token(r#"{"aud":"x","scp":"a"}"#)).is_some());
        assert_eq!(finding_of(&RULE, &response(r#"{"access_token":"a"}"#, "")), None);
        assert_eq!(RULE.severity, Severity::Note);
    }
}
