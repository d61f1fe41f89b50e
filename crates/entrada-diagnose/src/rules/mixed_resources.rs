use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::ScopeSet;
use entrada_core::entra::resources::{self, GRAPH, ResourceOfScope};

pub(super) static RULE: Rule = Rule {
    id: RuleId::MixedResources,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/mixed-resources.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the request names scopes of several APIs")
        .or_else(|| before_asking(facts))
        .or_else(|| by_request(facts))
}

/// The request names several APIs, and was not sent yet.
fn before_asking(facts: &Facts) -> Option<Finding> {
    let requested = facts.request()?;
    if super::wrong_audience::before_asking(facts, requested).is_some() {
        // The request is for one API: one of its scopes lacks the prefix.
        return None;
    }
    let named = apis(requested);
    (1 < named.len()).then(|| {
        RULE.finding(format!("the request names scopes of {}, but a token is for one API", named.join(" and ")))
            .with_evidence("scope", requested)
            .help("send one request for each API; `--job` twice does this with one sign-in, such as `--job imap --job graph-mail-read`")
    })
}

/// The token is for the first API that the request named, and the job calls another one.
fn by_request(facts: &Facts) -> Option<Finding> {
    let named = apis(facts.context().requested.as_ref()?);
    if named.len() < 2 || facts.shape().is_none() {
        return None;
    }
    let served = facts.granted().map(apis).unwrap_or_default();
    let [served] = &served[..] else { return None };
    let finding = RULE
        .finding(format!(
            "the request named scopes of {}, but a token is for one API: this one is for {served}",
            named.join(" and ")
        ))
        .with_evidence("requested", facts.context().requested.as_ref()?)
        .help(format!(
            "send one request for each API: {}",
            facts.login(&format!("--job {}", facts.job))
        ));
    if misses_the_job(facts) {
        Some(finding)
    } else {
        Some(finding.with_severity(Severity::Warning))
    }
}

/// Whether the request named several APIs, and the token is for one that the job does not call.
pub(super) fn misses_the_job(facts: &Facts) -> bool {
    let Some(requested) = facts.context().requested.as_ref() else { return false };
    let wanted = match (facts.wanted_resource(), facts.own_audience()) {
        (Some(resource), _) => resource.name.to_owned(),
        (None, Some(own)) => own.to_owned(),
        (None, None) => return false,
    };
    let named = apis(requested);
    let served = facts.granted().map(apis).unwrap_or_default();
    1 < named.len() && named.contains(&wanted) && !served.is_empty() && !served.contains(&wanted)
}

/// The APIs that `scopes` belong to, by name.
fn apis(scopes: &ScopeSet) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for scope in scopes.api().iter() {
        let name = match resources::of_scope(scope) {
            ResourceOfScope::SignIn => continue,
            ResourceOfScope::Graph => GRAPH.name.to_owned(),
            ResourceOfScope::Known(resource) => resource.name.to_owned(),
            ResourceOfScope::Other(prefix) => prefix.to_owned(),
        };
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::response;
    use entrada_core::Job;

    #[test]
    fn only_a_job_that_calls_the_second_api_gets_an_error() {
        let body = r#"{"access_token":"x","scope":"https://graph.microsoft.com/Mail.Read"}"#;
        let both = "Mail.Read https://outlook.office.com/IMAP.AccessAsUser.All";
        let rated = |job: Job| {
            let mut evidence = response(body, both);
            evidence.context.job = Some(job);
            check(&Facts::new(&evidence)).map(|finding| finding.severity)
        };
        assert_eq!(rated(Job::Imap), Some(Severity::Error));
        assert_eq!(rated(Job::GraphMailRead), Some(Severity::Warning));
        assert!(check(&Facts::new(&response(body, "Mail.Read"))).is_none());
    }
}
