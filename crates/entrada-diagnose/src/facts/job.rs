//! The job that a case is judged by.

use crate::service::HttpAnswer;
use crate::shape::{SITE_GRAPH, SITE_OUTLOOK, Shape};
use crate::{Evidence, Facts};
use entrada_core::entra::jobs;
use entrada_core::entra::resources::{self, EXCHANGE, GRAPH, Resource, ResourceOfScope};
use entrada_core::oauth::TokenResponse;
use entrada_core::{Job, ScopeSet};

/// Permissions of Exchange's mail protocols, with the job of each.
const PROTOCOLS: [(&str, Job); 3] = [
    ("IMAP.AccessAsUser.All", Job::Imap),
    ("POP.AccessAsUser.All", Job::Pop),
    ("SMTP.Send", Job::Smtp),
];

/// The job to judge by: any use of Graph for a named call; else the named job; else that of the request, of the scopes that a response grants, or of the call that a
/// service answered; else the first one that the token itself serves. A token that serves no job on record is judged by a
/// job that needs nothing of it. Without a request, a call or a token it is the default.
pub(super) fn of(facts: &Facts) -> Job {
    let evidence = facts.evidence;
    let context = &evidence.context;
    if context.call.is_some() {
        return Job::Graph;
    }
    if let Some(job) = context.job {
        return job;
    }
    let granted = || facts.response().and_then(TokenResponse::granted);
    // Without a request, the scopes of the response stand for the requested ones (RFC 6749 §5.1).
    if context.requested.is_none()
        && let Some(job) = granted().as_ref().and_then(of_scopes)
    {
        return job;
    }
    if is_registration_alone(evidence) {
        return Job::None;
    }
    called(evidence)
        .or_else(|| evidence.call.as_ref().map(|_| Job::Graph))
        .or_else(|| of_scopes(context.requested.as_ref()?))
        .or_else(|| context.audience.is_some().then_some(Job::Custom))
        .or_else(|| of_token(facts))
        .unwrap_or_default()
}

/// The job that scopes point to. For scopes of unknown APIs alone, whose requirements are unknown, nothing can be missing.
fn of_scopes(scopes: &ScopeSet) -> Option<Job> {
    jobs::job_for_scopes(scopes).or_else(|| {
        let api = scopes.api();
        let of_graph = |scope: &&str| {
            resources::of_scope(scope).resource().is_some_and(|api| api.app_id == GRAPH.app_id)
        };
        let graph: ScopeSet = api.iter().filter(of_graph).collect();
        if let Some(job) = at_graph(&graph) {
            return Some(job);
        }
        let elsewhere = |scope| match resources::of_scope(scope) {
            ResourceOfScope::Known(resource) => {
                resource.app_id != GRAPH.app_id && resource.app_id != EXCHANGE.app_id
            }
            ResourceOfScope::Other(_) => true,
            _ => false,
        };
        (!api.is_empty() && api.iter().all(elsewhere)).then_some(Job::Custom)
    })
}

/// Whether a registration is all there is.
fn is_registration_alone(evidence: &Evidence) -> bool {
    evidence.registration.is_some()
        && evidence.context.requested.is_none()
        && evidence.token.is_none()
        && evidence.response.is_none()
        && evidence.refusal.is_none()
        && evidence.answer.is_none()
        && evidence.mail.is_none()
}

/// The job of the call, from the service that answered.
fn called(evidence: &Evidence) -> Option<Job> {
    let by_mail = evidence.mail.as_ref().map(|talk| talk.protocol.job());
    by_mail.or_else(|| evidence.answer.as_ref().and_then(HttpAnswer::job))
}

/// The job that the token is for, by its audience and its permissions; `None` if it shows neither.
fn of_token(facts: &Facts) -> Option<Job> {
    if let Some(Shape::MsaTicket { site_id: Some(site), .. }) = facts.shape() {
        // The ticket shows the service, and no permission.
        return matches!(*site, SITE_GRAPH | SITE_OUTLOOK).then_some(Job::None);
    }
    let Some(claims) = facts.claims() else {
        // An opaque token; the response lists its permissions.
        let granted = facts.granted().filter(|granted| granted.has_api())?;
        let of_graph = granted.api().iter().any(|scope| {
            resources::of_scope(scope).resource().is_some_and(|api| api.app_id == GRAPH.app_id)
        });
        return Some(if of_graph { Job::Graph } else { Job::Custom });
    };
    let Some(api) = facts.audience() else {
        // Without an audience the permissions alone tell; another audience is that of an API without jobs.
        let by_scp = || at_graph(facts.scp()?);
        return if claims.aud().is_some() { Some(Job::Custom) } else { by_scp() };
    };
    served(facts, api).or(Some(match api {
        graph if graph.app_id == GRAPH.app_id => Job::Graph,
        arm if arm.app_id == resources::ARM.app_id => Job::Arm,
        exchange if exchange.app_id == EXCHANGE.app_id => at_exchange(facts),
        _ => Job::Custom,
    }))
}

/// The first job at `api` that the token's permissions suffice for.
fn served(facts: &Facts, api: &'static Resource) -> Option<Job> {
    if facts.is_app_only() {
        let roles = facts.claims()?.roles().unwrap_or_default();
        return jobs::first_served_by_roles(api, &roles);
    }
    let granted = facts.granted()?;
    if api.app_id == GRAPH.app_id { at_graph(granted) } else { jobs::first_served(api, granted) }
}

/// The first job at Graph that `granted` suffices for. Nearly every token of Graph has `User.Read`. With the permission of a
/// mail protocol in the same token, that protocol is meant, although Graph's token does not open a mailbox by it.
fn at_graph(granted: &ScopeSet) -> Option<Job> {
    let job = jobs::first_served(&GRAPH, granted);
    if !matches!(job, None | Some(Job::GraphProfile)) {
        return job;
    }
    let has = |name: &str| {
        granted.iter().any(|scope| resources::short_name(scope).eq_ignore_ascii_case(name))
    };
    PROTOCOLS.iter().find(|(name, _)| has(name)).map(|(_, job)| *job).or(job)
}

/// The job of a token for Exchange whose permissions suffice for none.
fn at_exchange(facts: &Facts) -> Job {
    let mail = |scope| resources::short_name(scope).to_ascii_lowercase().starts_with("mail.");
    match facts.granted() {
        // The retired Outlook API had these: what they allowed, Graph does.
        Some(granted) if granted.iter().any(mail) => Job::GraphMailRead,
        Some(granted) if granted.has_api() => Job::Custom,
        _ if facts.claims().is_some_and(|claims| claims.roles().is_some()) => Job::Custom,
        // No permission at all: no job of Exchange is served, and IMAP is the first.
        _ => Job::Imap,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Context;
    use crate::rules::testing::{response, token};

    fn job(evidence: &Evidence) -> Job {
        Facts::new(evidence).job
    }

    #[test]
    fn a_request_names_the_job() {
        for (scopes, expected) in [
            ("https://outlook.office.com/IMAP.AccessAsUser.All offline_access", Job::Imap),
            ("https://management.azure.com/.default", Job::Arm),
            ("api://mine/do", Job::Custom),
            ("https://vault.azure.net/.default", Job::Custom),
            ("Mail.Send User.Read", Job::GraphMailSend),
            ("User.Read", Job::GraphProfile),
            ("openid", Job::GraphMailRead),
        ] {
            let context =
                Context { requested: Some(ScopeSet::parse(scopes)), ..Context::default() };
            assert_eq!(job(&Evidence { context, ..Evidence::default() }), expected, "{scopes}");
        }
    }

    #[test]
    fn without_a_request_the_token_names_it() {
        for (claims, expected) in [
            (r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read"}"#, Job::GraphMailRead),
            (
                r#"{"aud":"https://graph.microsoft.com","scp":"Contacts.Read"}"#,
                Job::GraphContactsRead,
            ),
            (r#"{"aud":"https://graph.microsoft.com","scp":"Files.Read"}"#, Job::Graph),
            (r#"{"aud":"https://graph.microsoft.com","scp":"SMTP.Send User.Read"}"#, Job::Smtp),
            (
                r#"{"aud":"https://graph.microsoft.com","idtyp":"app","roles":["Mail.Send"]}"#,
                Job::GraphMailSend,
            ),
            (
                r#"{"aud":"https://graph.microsoft.com","idtyp":"app","roles":["Group.Read.All"]}"#,
                Job::Graph,
            ),
            (r#"{"aud":"https://outlook.office.com","scp":"SMTP.Send"}"#, Job::Smtp),
            (r#"{"aud":"https://outlook.office.com","scp":"Exchange.Manage"}"#, Job::Custom),
            (r#"{"aud":"https://outlook.office.com","scp":"Mail.Read"}"#, Job::GraphMailRead),
            (r#"{"aud":"https://outlook.office.com"}"#, Job::Imap),
            (r#"{"aud":"https://management.azure.com/","scp":"user_impersonation"}"#, Job::Arm),
            (r#"{"aud":"https://vault.azure.net","scp":"user_impersonation"}"#, Job::Custom),
            (r#"{"aud":"api://mine","scp":"Orders.Read"}"#, Job::Custom),
            (r#"{"scp":"User.Read"}"#, Job::GraphProfile),
            (r"{}", Job::GraphMailRead),
        ] {
            assert_eq!(job(&token(claims)), expected, "{claims}");
        }
    }

    #[test]
    fn an_opaque_token_is_for_what_its_response_grants() {
        for (scope, expected) in [
            ("Mail.Read", Job::GraphMailRead),
            ("Files.Read", Job::Graph),
            ("https://outlook.office.com/POP.AccessAsUser.All", Job::Pop),
            ("api://mine/do", Job::Custom),
            ("openid", Job::GraphMailRead),
        ] {
            let body = format!(r#"{{"access_token":"opaque","scope":"{scope}"}}"#);
            let mut evidence = response(&body, "");
            evidence.context.requested = None;
            assert_eq!(job(&evidence), expected, "{scope}");
        }
    }

    #[test]
    fn a_named_job_and_an_audience_come_before_the_token() {
        let mut evidence = token(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read"}"#);
        evidence.context.audience = Some("api://mine".to_owned());
        assert_eq!(job(&evidence), Job::Custom);
        evidence.context.job = Some(Job::Imap);
        assert_eq!(job(&evidence), Job::Imap);
    }
}
