use crate::facts::is_guid;
use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::entra::clouds::Cloud;
use entrada_core::entra::resources::{self, ResourceOfScope};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AdminConsentRequired,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The tenant requires an administrator to approve the permissions that the application asks for. The user cannot
approve them.

## Why it happens

- A requested permission always needs an administrator.
- The tenant has disabled consent by users.
- A request for approval is waiting for an answer.

## What to do

An administrator opens
`https://login.microsoftonline.com/<tenant>/v2.0/adminconsent?client_id=<client id>&scope=<scopes>&redirect_uri=http://localhost`
and approves. Then sign in again.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "only an administrator of the tenant can approve this permission",
    )?;
    let mut finding = finding;
    finding.help.clear();
    Some(finding.help(format!("an administrator opens {}", admin_consent_url(facts, None))).help(
        "after the approval, the browser opens an address on `localhost` and shows an error page: the approval still counts",
    ))
}

/// The address of the page on which an administrator approves, with the known values filled in (Entra: `/v2.0/adminconsent`).
/// `registered` is the client id where the context does not name one.
pub(crate) fn admin_consent_url(facts: &Facts, registered: Option<&str>) -> String {
    let context = facts.context();
    let named = || named_application(facts.refusal()?.error_description.as_deref()?);
    let tenant = context.tenant.as_deref().filter(|tenant| {
        !["common", "organizations", "consumers"].contains(tenant) && !tenant.is_empty()
    });
    let client_id =
        context.client_id.as_deref().or(registered).or_else(named).unwrap_or("CLIENT_ID");
    let host = context.authority.as_deref().unwrap_or("https://login.microsoftonline.com");
    let by_host = || Cloud::of_authority_host(url::Url::parse(host).ok()?.host_str()?);
    let graph = context.cloud.or_else(by_host).unwrap_or_default().facts().graph;
    // In full: Entra does not document which API a bare name belongs to on this page.
    let full = |scope: &str| match resources::of_scope(scope) {
        ResourceOfScope::Graph => format!("{graph}/{scope}"),
        _ => scope.to_owned(),
    };
    let of_job = || context.job.map(|_| facts.job_scopes().into_iter().collect());
    let scopes = context.requested.clone().or_else(of_job);
    let scopes = scopes.map(|scopes| scopes.api().iter().map(full).collect::<Vec<_>>().join(" "));
    let scopes = scopes.filter(|scopes| !scopes.is_empty());
    // The page that needs named scopes, or the older one that asks for everything that the registration lists.
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

/// The client id in the authority's text: `the application with ID '…'`, `application '…'`, `client '…'`.
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
    fn the_page_is_that_of_the_tenant_in_its_cloud_with_full_scopes() {
        let link = |authority: &str, tenant: &str, scopes: &str| {
            let mut evidence = Evidence::default();
            evidence.context.authority = Some(authority.to_owned());
            evidence.context.tenant = Some(tenant.to_owned());
            evidence.context.client_id = Some("client".to_owned());
            evidence.context.requested = Some(ScopeSet::parse(scopes));
            admin_consent_url(&Facts::new(&evidence), None)
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
