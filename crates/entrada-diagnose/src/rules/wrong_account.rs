use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::oauth::account_of;
use entrada_core::{Claims, Jwt};

pub(super) static RULE: Rule = Rule {
    id: RuleId::WrongAccount,
    severity: Severity::Warning,
    who: Who::User,
    docs: include_str!("pages/wrong-account.md"),
    check,
    advise,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "a different account signed in than was expected")
        .or_else(|| by_name(facts))
}

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding
        .help("sign in as the mailbox's owner, or have its owner's administrator grant you Full Access")
        .help("put the mailbox that the token is for into `user=`")
}

fn by_name(facts: &Facts) -> Option<Finding> {
    let wanted = facts.context().account.as_deref()?;
    let id_token = facts.response().and_then(|response| response.id_token.as_ref());
    let id_token = id_token.and_then(|token| Jwt::decode_unverified(token.expose()).ok());
    let claims: Vec<&Claims> =
        id_token.as_ref().map(|jwt| &jwt.claims).into_iter().chain(facts.claims()).collect();
    let account = facts.response().map(account_of);
    let names: Vec<&str> = claims.iter().flat_map(|claims| claims.user_names()).collect();
    let ids = claims.iter().filter_map(|claims| claims.text("oid"));
    let home = account.as_ref().map(|account| account.id.as_str());
    // A name needs a name to compare with, and an id needs an id.
    let comparable = if wanted.contains('@') { !names.is_empty() } else { home.is_some() };
    let known = &facts.context().account_names;
    let same = |name: &str| {
        known.iter().map(String::as_str).chain([wanted]).any(|own| own.eq_ignore_ascii_case(name))
    };
    if !comparable || names.iter().copied().chain(ids).chain(home).any(same) {
        return None;
    }
    let found = names.first().copied().or(home)?;
    // The job opens the mailbox of `wanted`, and this token opens another one.
    let opens = facts.context().mailbox.as_deref();
    let fails = opens.is_some_and(|mailbox| mailbox.eq_ignore_ascii_case(wanted));
    let severity = if fails { Severity::Error } else { Severity::Warning };
    Some(
        RULE.finding(format!("`{found}` signed in, not `{wanted}`"))
            .with_severity(severity)
            .with_evidence("signed in", found)
            .with_evidence("expected", wanted)
            .help(format!("sign in as `{wanted}` in a private window: {}", facts.login(""))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    fn with(claims: &str) -> Option<String> {
        let mut evidence = token(claims);
        evidence.context.account = Some("Ada@Contoso.example".to_owned());
        finding_of(&RULE, &evidence)
    }

    #[test]
    fn names_are_compared_without_regard_to_case() {
        let claims = |upn: &str| format!(r#"{{"aud":"x","upn":"{upn}","oid":"o","tid":"t"}}"#);
        assert_eq!(with(&claims("ada@contoso.example")), None);
        assert_eq!(
            with(&claims("bob@contoso.example")).unwrap(),
            "`bob@contoso.example` signed in, not `Ada@Contoso.example`"
        );
    }

    #[test]
    fn one_matching_name_is_enough() {
        let claims =
            r#"{"aud":"x","upn":"a@work.example","preferred_username":"ada@contoso.example"}"#;
        assert_eq!(with(claims), None);
        assert_eq!(with(r#"{"aud":"x","unique_name":"live.com#ada@contoso.example"}"#), None);
    }

    #[test]
    fn a_token_without_a_name_brings_no_finding() {
        assert_eq!(with(r#"{"aud":"x"}"#), None);
    }
}
