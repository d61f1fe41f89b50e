use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::TokenSubject;
use entrada_core::entra::{jobs, resources};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ScopeNotDefaultForClientCredentials,
    severity: Severity::Error,
    who: Who::Developer,
    docs: include_str!("pages/scope-not-default-for-client-credentials.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "an application without a user requested named scopes")
        .or_else(|| before_asking(facts))
}

fn before_asking(facts: &Facts) -> Option<Finding> {
    let requested = facts.request()?.api();
    let named = requested.iter().any(|scope| !resources::is_default_scope(scope));
    (facts.context().subject == Some(TokenSubject::App) && named).then(|| {
        let finding = RULE
            .finding("an application without a user can request only `.default`")
            .with_evidence("scope", &requested);
        match jobs::app_scope_in(facts.job, facts.context().cloud.unwrap_or_default()) {
            Some(scope) => finding.help(format!("request `{scope}`")),
            None => finding.help("request the API's identifier followed by `/.default`"),
        }
    })
}
