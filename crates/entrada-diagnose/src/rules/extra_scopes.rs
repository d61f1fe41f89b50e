use crate::{Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::ScopeSet;
use entrada_core::entra::{permissions, resources};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ExtraScopes,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/extra-scopes.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let requested = facts.context().requested.as_ref()?;
    let granted = facts.response()?.granted()?.api();
    if requested.api().is_empty() || requested.iter().any(resources::is_default_scope) {
        return None;
    }
    let asked = permissions::closure(requested);
    let extra: ScopeSet = granted
        .iter()
        .filter(|scope| !resources::is_default_scope(scope))
        .filter(|scope| !asked.contains(&resources::short_name(scope).to_ascii_lowercase()))
        .collect();
    if extra.is_empty() {
        return None;
    }
    Some(
        RULE.finding("the token has more scopes than were requested: earlier consent adds to them")
            .with_evidence("scope", extra),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response};

    #[test]
    fn sign_in_scopes_are_not_extra_and_others_are() {
        let body = |scope: &str| format!(r#"{{"access_token":"a","scope":"{scope}"}}"#);
        assert_eq!(
            finding_of(&RULE, &response(&body("Mail.Read openid profile email"), "Mail.Read")),
            None
        );
        assert!(finding_of(&RULE, &response(&body("Mail.Read User.Read"), "Mail.Read")).is_some());
        assert_eq!(RULE.severity, Severity::Note);
    }
}
