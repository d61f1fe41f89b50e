use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::NoSession,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The request forbids a sign-in page (`prompt=none`), and the browser has no session that Entra can use.

## Why it happens

- The user has not signed in in this browser, or the session has ended.
- The browser did not send the cookie: third-party cookies are blocked, or the window is private.

## What to do

Sign in once with a page. A program removes `prompt=none` from the request.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "a sign-in without a page was requested, and no user is signed in",
    )?;
    Some(refusal::sign_in_again(facts, finding))
}
