use crate::facts::is_guid;
use crate::{Facts, Finding, Rule, Severity, Who, refusal};
use entrada_core::entra::clouds::Cloud;
use entrada_core::entra::resources::{self, ResourceOfScope};

pub(super) static RULE: Rule = Rule {
    id: "admin-consent-required",
    severity: Severity::Error,
    order: 102,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The tenant wants an administrator to approve what the application asks for; the user alone cannot.

## Why it happens

A requested permission always needs an administrator, or the tenant has switched user consent off, or its
approval workflow has the request in its queue.

## What to do

An administrator opens `https://login.microsoftonline.com/<tenant>/v2.0/adminconsent?client_id=<client
id>&scope=<scopes>&redirect_uri=http://localhost` and approves. Then sign in again.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "the tenant lets only an administrator approve this permission",
    )?;
    let mut finding = finding;
    finding.help.clear();
    Some(finding.help(format!("an administrator opens {}", admin_consent_url(facts))).help(
        "that page ends at an address on `localhost` where nobody answers: it is done all the same",
    ))
}

/// The page on which an administrator approves, with what is known filled in (Entra: `/v2.0/adminconsent`).
pub(super) fn admin_consent_url(facts: &Facts) -> String {
    let context = facts.context();
    let told = || named_application(facts.refusal()?.error_description.as_deref()?);
    let tenant = context.tenant.as_deref().filter(|tenant| {
        !["common", "organizations", "consumers"].contains(tenant) && !tenant.is_empty()
    });
    let client_id = context.client_id.as_deref().or_else(told).unwrap_or("CLIENT_ID");
    let host = context.authority.as_deref().unwrap_or("https://login.microsoftonline.com");
    let by_host = || Cloud::of_authority_host(url::Url::parse(host).ok()?.host_str()?);
    let graph = context.cloud.or_else(by_host).unwrap_or_default().facts().graph;
    // In full: which API a bare name belongs to is not said for this page.
    let full = |scope: &str| match resources::of_scope(scope) {
        ResourceOfScope::Graph => format!("{graph}/{scope}"),
        _ => scope.to_owned(),
    };
    let of_job = || context.job.map(|_| facts.job_scopes().into_iter().collect());
    let scopes = context.requested.clone().or_else(of_job);
    let scopes = scopes.map(|scopes| scopes.api().iter().map(full).collect::<Vec<_>>().join(" "));
    let scopes = scopes.filter(|scopes| !scopes.is_empty());
    // The page that wants scopes named, or the older one that asks for all that the registration lists.
    let page = if scopes.is_some() { "v2.0/adminconsent" } else { "adminconsent" };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("client_id", client_id);
    if let Some(scopes) = scopes {
        query.append_pair("scope", &scopes);
    }
    query.append_pair("redirect_uri", "http://localhost");
    let tenant = tenant.unwrap_or("organizations");
    format!("{host}/{tenant}/{page}?{}", query.finish())
}

/// The client id in the authority's own words: `the application with ID '…'`, `application '…'`, `client '…'`.
fn named_application(description: &str) -> Option<&str> {
    ["with ID '", "application '", "client '"].iter().find_map(|before| {
        let (_, rest) = description.split_once(before)?;
        rest.split('\'').next().filter(|id| is_guid(id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Evidence;
    use entrada_core::ScopeSet;

    #[test]
    fn the_page_is_the_tenants_own_in_its_cloud_with_whole_scopes() {
        let link = |authority: &str, tenant: &str, scopes: &str| {
            let mut evidence = Evidence::default();
            evidence.context.authority = Some(authority.to_owned());
            evidence.context.tenant = Some(tenant.to_owned());
            evidence.context.client_id = Some("client".to_owned());
            evidence.context.requested = Some(ScopeSet::parse(scopes));
            admin_consent_url(&Facts::new(&evidence))
        };
        assert_eq!(
            link("https://login.microsoftonline.com", "contoso.example", "openid Mail.Read"),
            "https://login.microsoftonline.com/contoso.example/v2.0/adminconsent?client_id=client&scope=\
             https%3A%2F%2Fgraph.microsoft.com%2FMail.Read&redirect_uri=http%3A%2F%2Flocalhost"
        );
        assert_eq!(
            link(
                "https://login.microsoftonline.us",
                "common",
                "Mail.Read https://outlook.office365.us/X"
            ),
            "https://login.microsoftonline.us/organizations/v2.0/adminconsent?client_id=client&scope=\
             https%3A%2F%2Fgraph.microsoft.us%2FMail.Read+https%3A%2F%2Foutlook.office365.us%2FX\
             &redirect_uri=http%3A%2F%2Flocalhost"
        );
    }
}
