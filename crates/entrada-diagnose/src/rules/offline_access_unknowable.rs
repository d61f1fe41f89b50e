use crate::{Facts, Finding, Rule, Severity, Shape, Who};

pub(super) static RULE: Rule = Rule {
    id: "offline-access-unknowable",
    severity: Severity::Note,
    order: 310,
    who: Who::User,
    docs: "\
## What it means

Whether the sign-in can be renewed silently cannot be read from an access token: `offline_access` never stands in
`scp`.

## Why it happens

The refresh token comes beside the access token, in the token response, and is kept elsewhere.

## What to do

Nothing. To know, judge the whole token response, or look with `entrada status` whether a refresh token is stored.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let bare = facts.response().is_none() && facts.refusal().is_none();
    let readable = matches!(facts.shape(), Some(Shape::Jwt(_) | Shape::MsaTicket { .. }));
    if !bare || !readable || facts.is_id_token() || facts.is_app_only() {
        return None;
    }
    Some(
        RULE.finding("`offline_access` cannot be judged from an access token alone").help(
            "judge the whole token response, or look for a refresh token with `entrada status`",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response, token};

    #[test]
    fn only_a_bare_token_leaves_it_open() {
        assert!(finding_of(&RULE, &token(r#"{"aud":"x","scp":"a"}"#)).is_some());
        assert_eq!(finding_of(&RULE, &response(r#"{"access_token":"a"}"#, "")), None);
        assert_eq!(RULE.severity, Severity::Note);
    }
}
