use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::RefreshTokenRevoked,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/refresh-token-revoked.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let is_certain = facts.refusal_cause()?.confidence == Confidence::Certain;
    let finding = refusal::explain(
        facts,
        &RULE,
        if is_certain {
            "the refresh token has been revoked"
        } else {
            "the authority no longer accepts the refresh token: it was revoked, has expired, or was used before; the answer does not say which"
        },
    )?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
