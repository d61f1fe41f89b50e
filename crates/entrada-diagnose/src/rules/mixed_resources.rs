use crate::{Facts, Finding, Rule, Severity, Who, refusal};
use entrada_core::ScopeSet;
use entrada_core::entra::resources::{self, GRAPH, ResourceOfScope};

pub(super) static RULE: Rule = Rule {
    id: "mixed-resources",
    severity: Severity::Error,
    order: 129,
    who: Who::User,
    docs: "\
## What it means

A token is for one API only, and the scopes of the request belong to more than one.

## Why it happens

Scopes for Graph and for Exchange, say, were asked for together. The page that asks for consent takes them; the token
endpoint refuses them, or, at a refresh, gives a token for the first and says nothing of the rest.

## What to do

Ask once for each API. One sign-in is enough: `entrada token --job imap` uses the same refresh token.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "one request named scopes of several APIs")
        .or_else(|| before_asking(facts))
        .or_else(|| by_request(facts))
}

/// The request that is to be sent names several.
fn before_asking(facts: &Facts) -> Option<Finding> {
    let requested = facts.request()?;
    if super::wrong_audience::before_asking(facts, requested).is_some() {
        // It was not meant for two: one of them lost its address.
        return None;
    }
    let named = apis(requested);
    (1 < named.len()).then(|| {
        RULE.finding(format!("the request names scopes of {}: a token is for one", named.join(" and ")))
            .with_evidence("scope", requested)
            .help("ask once for each; `--job` twice does so with one sign-in, such as `--job imap --job graph-mail-read`")
    })
}

/// A07: what came is for the first API that the request named, and the job's is another of them.
fn by_request(facts: &Facts) -> Option<Finding> {
    let named = apis(facts.context().requested.as_ref()?);
    if named.len() < 2 || facts.shape().is_none() {
        return None;
    }
    let served = facts.granted().map(apis).unwrap_or_default();
    let [served] = &served[..] else { return None };
    let finding = RULE
        .finding(format!(
            "one request named scopes of {}, and a token is for one: this one is for {served}",
            named.join(" and ")
        ))
        .with_evidence("requested", facts.context().requested.as_ref()?)
        .help(format!("ask once for each: {}", facts.login(&format!("--job {}", facts.job))));
    if misses_the_job(facts) {
        Some(finding)
    } else {
        Some(finding.with_severity(Severity::Warning))
    }
}

/// Whether the token is for another of the APIs that were asked for together than the job's.
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
    fn the_second_api_of_a_request_is_missed_only_by_jobs_that_need_it() {
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
