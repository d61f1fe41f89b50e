use crate::{
    Confidence, Facts, Finding, Rule, RuleId, SITE_GRAPH, SITE_OUTLOOK, Severity, Shape, Who,
};
use entrada_core::entra::jobs;
use entrada_core::entra::resources::{self, EXCHANGE, GRAPH, Resource, ResourceOfScope};
use entrada_core::oauth::TokenResponse;
use entrada_core::{Job, ScopeSet};

/// Permissions of Exchange's mail protocols. The portal also lists them under Graph, where they do not open a mailbox.
const PROTOCOL_SCOPES: [&str; 3] = ["IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send"];

pub(super) static RULE: Rule = Rule {
    id: RuleId::WrongAudience,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/wrong-audience.md"),
    check,
    advise,
};

fn check(facts: &Facts) -> Option<Finding> {
    if super::mixed_resources::misses_the_job(facts) {
        // The request named two APIs, and the token is for the other one: `mixed-resources` reports it.
        return None;
    }
    if let Some(requested) = facts.request() {
        return before_asking(facts, requested);
    }
    by_own_api(facts)
        .or_else(|| by_audience(facts))
        .or_else(|| by_granted_scopes(facts))
        .or_else(|| by_ticket(facts))
}

/// A token for Graph that an API of the reader's own does not accept.
fn by_own_api(facts: &Facts) -> Option<Finding> {
    let aud = facts.claims()?.aud()?;
    let is_checked = facts.is_checked_by_own_api();
    (is_checked || is_audience_alone(facts)).then(|| {
        RULE.finding(
            "the token is for Microsoft Graph, which alone can check it; an API of your own needs a token for itself",
        )
        .with_confidence(if is_checked { Confidence::Likely } else { Confidence::Possible })
        .with_evidence("aud", aud)
        .help("let the client request a scope of that API (`api://CLIENT_ID/SCOPE`, *Expose an API* in its registration), not one of Graph such as `User.Read`")
    })
}

/// Whether a claim `aud` that names Graph is all there is. People quote it alone when their API does not accept the token.
fn is_audience_alone(facts: &Facts) -> bool {
    facts.audience().is_some_and(|audience| audience.app_id == GRAPH.app_id)
        && facts.shows_audience_alone()
        && facts.job_is_of_the_token()
        && facts.refusal().is_none()
        && facts.response().is_none()
}

fn advise(facts: &Facts, finding: Finding) -> Finding {
    if facts.audience_fits() == Some(true) {
        return finding
            .with_confidence(Confidence::Likely)
            .help("the token given here is for this service: check that the same token was sent");
    }
    facts.request_job_scope(finding)
}

/// A mail protocol's scope that Entra reads as one of Graph, because it has no prefix or Graph's prefix.
pub(super) fn before_asking(facts: &Facts, requested: &ScopeSet) -> Option<Finding> {
    let wrong = requested.iter().find_map(|scope| {
        let name = resources::short_name(scope);
        let own = PROTOCOL_SCOPES.iter().find(|own| own.eq_ignore_ascii_case(name))?;
        let graph = resources::of_scope(scope).resource()?.app_id == GRAPH.app_id;
        graph.then_some((scope, *own))
    });
    let (scope, name) = wrong?;
    Some(
        RULE.finding(format!(
            "`{scope}` requests a token for Microsoft Graph, and mail servers refuse such a token"
        ))
        .with_evidence("scope", requested)
        .help(format!(
            "request the full scope `https://outlook.office.com/{name}`: {}",
            facts.login(&job_flag(name))
        )),
    )
}

/// Judges by the `aud` claim.
fn by_audience(facts: &Facts) -> Option<Finding> {
    let claims = facts.claims()?;
    let aud = claims.aud()?;
    let found = facts.audience();
    let is = |resource: &Resource| found.is_some_and(|found| found.app_id == resource.app_id);
    let none = ScopeSet::default();
    let scp = facts.scp().unwrap_or(&none);
    let protocol = PROTOCOL_SCOPES.iter().find(|name| {
        scp.iter().any(|scope| resources::short_name(scope).eq_ignore_ascii_case(name))
    });

    if let Some(name) = protocol
        && is(&GRAPH)
        && (facts.wanted_resource().is_some_and(|wanted| wanted.app_id == EXCHANGE.app_id)
            || facts.context().job.is_none() && !super::missing_scope::suffices(facts, scp))
    {
        let full = format!("https://outlook.office.com/{name}");
        return Some(
            RULE.finding(format!(
                "the token is for Microsoft Graph, where `{name}` does not open a mailbox"
            ))
            .with_evidence("aud", aud)
            .with_evidence("scp", scp)
            .help(format!("request the full scope `{full}`: {}", facts.login(&job_flag(name)))),
        );
    }
    if facts.audience_fits()? {
        return None;
    }
    let wanted = match facts.own_audience() {
        Some(own) => format!("`{own}`"),
        None => facts.wanted_resource()?.name.to_owned(),
    };
    let for_whom = found.map_or_else(|| format!("`{aud}`"), |found| found.name.to_owned());
    let mail = scp.iter().find(|scope| resources::short_name(scope).starts_with("Mail."));
    let message = match mail {
        Some(scope) if is(&EXCHANGE) && wanted == GRAPH.name => {
            let scope = resources::short_name(scope);
            format!(
                "the token is for {for_whom}, where `{scope}` belonged to the retired Outlook REST API, \
                 not for {wanted}"
            )
        }
        _ => format!("the token is for {for_whom}, not for {wanted}"),
    };
    Some(remedy(facts, RULE.finding(message).with_evidence("aud", aud)))
}

/// Judges by the granted scopes of the response, where the token cannot be read.
pub(super) fn by_granted_scopes(facts: &Facts) -> Option<Finding> {
    if facts.claims().is_some() {
        return None;
    }
    let wanted = facts.wanted_resource()?;
    let by_response = facts.response().and_then(TokenResponse::granted);
    let granted = by_response.or_else(|| facts.context().granted.clone())?.api();
    let mut other = None;
    for scope in granted.iter() {
        let (name, here) = match resources::of_scope(scope) {
            ResourceOfScope::Known(resource) => (resource.name, resource.app_id == wanted.app_id),
            ResourceOfScope::Graph => (GRAPH.name, GRAPH.app_id == wanted.app_id),
            ResourceOfScope::SignIn => continue,
            // The names of Live Connect's scopes do not show what they allow.
            ResourceOfScope::Other(_) if resources::is_of_live_connect(scope) => return None,
            ResourceOfScope::Other(prefix) => (prefix, false),
        };
        if here {
            return None;
        }
        other = Some(name.to_owned());
    }
    let other = other?;
    let finding = RULE
        .finding(format!("the granted scopes are for {other}, not for {}", wanted.name))
        .with_evidence("scope", &granted);
    Some(remedy(facts, finding))
}

/// Judges by the site id in a personal account's token, which hints at its service. Undocumented, so never certain.
fn by_ticket(facts: &Facts) -> Option<Finding> {
    let Some(Shape::MsaTicket { site_id: Some(site_id), .. }) = facts.shape() else { return None };
    let found: &Resource = match *site_id {
        SITE_GRAPH => &GRAPH,
        SITE_OUTLOOK => &EXCHANGE,
        _ => return None,
    };
    let wanted = facts.wanted_resource()?;
    if wanted.app_id == found.app_id {
        return None;
    }
    let finding = RULE
        .finding(format!("the token seems to be for {}, not for {}", found.name, wanted.name))
        .with_evidence("site id (undocumented)", site_id)
        .with_confidence(Confidence::Likely)
        .with_severity(Severity::Warning);
    Some(remedy(facts, finding))
}

/// The job that the token is good for, if no job was named.
fn fitting_job(facts: &Facts) -> Option<Job> {
    if facts.context().job.is_some() {
        return None;
    }
    let claims = facts.claims()?;
    let aud = claims.aud()?.trim_end_matches('/').to_owned();
    let full: ScopeSet = claims.scp()?.iter().map(|scope| format!("{aud}/{scope}")).collect();
    jobs::job_for_scopes(&full)
}

fn remedy(facts: &Facts, mut finding: Finding) -> Finding {
    if let Some(job) = fitting_job(facts) {
        finding = finding
            .help(format!("the token is good for `{job}`; if that is the job, pass `--job {job}`"));
    }
    if let Some(how) = facts.ask_as_application() {
        return finding.help(how);
    }
    if facts.job == Job::Custom {
        return finding.help(match facts.own_audience() {
            Some(own) => format!("request a scope of that API, such as `{}`", default_scope(own)),
            None => "request a scope of that API".to_owned(),
        });
    }
    let job = facts.task_flag();
    match facts.job_scopes().first() {
        Some(scope) => finding.help(format!("request `{scope}`: {}", facts.login(&job))),
        None => finding.help(format!("request a token for that service: {}", facts.login(&job))),
    }
}

/// The scope that requests all granted permissions of the API with this audience.
fn default_scope(audience: &str) -> String {
    let known = resources::of_audience(audience).and_then(|api| api.scope_prefixes.first());
    let prefix = known.map_or(audience, |prefix| *prefix).trim_end_matches('/');
    format!("{prefix}/.default")
}

fn job_flag(scope: &str) -> String {
    let job = match scope {
        "POP.AccessAsUser.All" => "pop",
        "SMTP.Send" => "smtp",
        _ => "imap",
    };
    format!("--job {job}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Evidence;
    use crate::rules::testing::{finding_of, response, token};

    fn for_job(job: Job, claims: &str) -> Evidence {
        let mut evidence = token(claims);
        evidence.context.job = Some(job);
        evidence
    }

    #[test]
    fn names_both_services() {
        let arm = r#"{"aud":"https://management.azure.com/","scp":"user_impersonation"}"#;
        assert_eq!(
            finding_of(&RULE, &for_job(Job::GraphMailRead, arm)).unwrap(),
            "the token is for Azure Resource Manager, not for Microsoft Graph"
        );
    }

    #[test]
    fn every_spelling_of_the_right_audience_is_right() {
        for (job, aud) in [
            (Job::GraphMailRead, "https://graph.microsoft.com"),
            (Job::GraphMailRead, "https://graph.microsoft.com/"),
            (Job::GraphMailRead, "00000003-0000-0000-c000-000000000000"),
            (Job::Imap, "https://outlook.office.com"),
            (Job::Imap, "https://outlook.office365.com/"),
            (Job::Imap, "00000002-0000-0ff1-ce00-000000000000"),
        ] {
            let evidence = for_job(job, &format!(r#"{{"aud":"{aud}"}}"#));
            assert_eq!(finding_of(&RULE, &evidence), None, "{job} {aud}");
        }
    }

    #[test]
    fn an_imap_scope_on_graph_is_called_out() {
        let claims = r#"{"aud":"https://graph.microsoft.com","scp":"IMAP.AccessAsUser.All"}"#;
        let message = "the token is for Microsoft Graph, where `IMAP.AccessAsUser.All` does not open a mailbox";
        assert_eq!(finding_of(&RULE, &for_job(Job::Imap, claims)).unwrap(), message);
        assert_eq!(finding_of(&RULE, &token(claims)).unwrap(), message);
    }

    #[test]
    fn an_imap_scope_with_what_graph_needs_is_no_error() {
        let claims =
            r#"{"aud":"https://graph.microsoft.com","scp":"IMAP.AccessAsUser.All Mail.Read"}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }

    #[test]
    fn mail_read_on_exchange_is_the_retired_api() {
        let claims = r#"{"aud":"https://outlook.office.com","scp":"Mail.Read"}"#;
        assert!(finding_of(&RULE, &token(claims)).unwrap().contains("retired Outlook REST API"));
    }

    #[test]
    fn a_custom_api_is_the_same_by_guid_and_by_uri() {
        const API: &str = "11111111-2222-3333-4444-555555555555";
        for (own, aud, fits) in [
            (&format!("api://{API}")[..], API, true),
            (API, &format!("api://{API}"), true),
            ("https://vault.azure.net", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093", true),
            ("api://mine", "api://yours", false),
        ] {
            let mut evidence = for_job(Job::Custom, &format!(r#"{{"aud":"{aud}"}}"#));
            evidence.context.audience = Some(own.to_owned());
            assert_eq!(finding_of(&RULE, &evidence).is_none(), fits, "{own} {aud}");
        }
    }

    #[test]
    fn one_matching_audience_of_several_is_enough() {
        let claims = r#"{"aud":["api://x","https://graph.microsoft.com"],"scp":"Mail.Read"}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }

    #[test]
    fn a_token_without_an_audience_brings_no_finding() {
        assert_eq!(finding_of(&RULE, &token(r#"{"scp":"Mail.Read"}"#)), None);
    }

    #[test]
    fn the_scopes_of_a_response_count_where_the_token_cannot_be_read() {
        let mut evidence = response(
            r#"{"access_token":"opaque","scope":"https://graph.microsoft.com/Mail.Read"}"#,
            "",
        );
        evidence.context.job = Some(Job::Imap);
        assert!(
            finding_of(&RULE, &evidence)
                .unwrap()
                .starts_with("the granted scopes are for Microsoft Graph")
        );
        evidence.context.job = Some(Job::GraphMailRead);
        assert_eq!(finding_of(&RULE, &evidence), None);
    }
}
