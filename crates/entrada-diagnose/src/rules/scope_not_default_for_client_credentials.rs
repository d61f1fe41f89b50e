use crate::{Facts, Finding, Rule, Severity, Who, refusal};
use entrada_core::TokenSubject;
use entrada_core::entra::{jobs, resources};

pub(super) static RULE: Rule = Rule {
    id: "scope-not-default-for-client-credentials",
    severity: Severity::Error,
    order: 145,
    who: Who::Developer,
    docs: "\
## What it means

With client credentials the only scope is `<resource>/.default`.

## Why it happens

Named delegated scopes were sent in a request that has no user.

## What to do

Ask for `https://graph.microsoft.com/.default`, or the `.default` of the API in question; what comes is what
an administrator granted.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "an application without a user asks for named scopes")
        .or_else(|| before_asking(facts))
}

fn before_asking(facts: &Facts) -> Option<Finding> {
    let requested = facts.request()?.api();
    let named = requested.iter().any(|scope| !resources::is_default_scope(scope));
    (facts.context().subject == Some(TokenSubject::App) && named).then(|| {
        let finding = RULE
            .finding("an application signs in for whatever it was granted: it can ask for `.default` only")
            .with_evidence("scope", &requested);
        match jobs::app_scope_in(facts.job, facts.context().cloud.unwrap_or_default()) {
            Some(scope) => finding.help(format!("ask for `{scope}`")),
            None => finding.help("ask for the API's identifier followed by `/.default`"),
        }
    })
}
