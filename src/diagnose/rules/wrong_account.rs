use crate::diagnose::{Facts, Finding, Rule, Severity, Who, refusal};
use crate::model::Account;
use crate::oauth::account_of;

pub(super) static RULE: Rule = Rule {
    id: "wrong-account",
    severity: Severity::Warning,
    order: 262,
    who: Who::User,
    docs: "\
## What it means

Somebody else signed in than was expected. The token opens that person's mailbox, not the one that you mean.

## Why it happens

The browser already had a session and used it without asking.

## What to do

Sign in again in a private window, or choose the account on the page.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "another account signed in than was expected")
        .or_else(|| by_name(facts))
}

fn by_name(facts: &Facts) -> Option<Finding> {
    let wanted = facts.context().account.as_deref()?;
    let account = match facts.response() {
        Some(response) => account_of(response),
        None => {
            let claims = facts.claims()?;
            let text = |name: &str| claims.text(name).map(str::to_owned);
            Account {
                id: format!("{}.{}", text("oid")?, text("tid").unwrap_or_default()),
                username: claims.user_name().map(str::to_owned),
                tid: text("tid"),
                oid: text("oid"),
            }
        }
    };
    // A name cannot be compared with an answer that names nobody.
    account.username.as_ref()?;
    if account.is_called(wanted) {
        return None;
    }
    Some(
        RULE.says(format!("`{}` signed in, not `{wanted}`", account.label()))
            .saw("preferred_username", account.label())
            .saw("expected", wanted)
            .help(format!("sign in as `{wanted}` in a private window: {}", facts.login(""))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::rules::testing::{says, token};

    fn with(claims: &str) -> Option<String> {
        let mut evidence = token(claims);
        evidence.context.account = Some("Ada@Contoso.example".to_owned());
        says(&RULE, &evidence)
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
    fn a_token_that_names_nobody_says_nothing() {
        assert_eq!(with(r#"{"aud":"x"}"#), None);
    }
}
