use crate::diagnose::{Facts, Finding, Rule, Severity, Who, refusal};

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
    let finding = finding.help(format!("an administrator opens {}", admin_consent_url(facts)));
    Some(finding)
}

/// The page on which an administrator approves, with what is known filled in (Entra: `/v2.0/adminconsent`).
fn admin_consent_url(facts: &Facts) -> String {
    let context = facts.context();
    let tenant = context.tenant.as_deref().filter(|tenant| {
        !["common", "organizations", "consumers"].contains(tenant) && !tenant.is_empty()
    });
    let client_id = context.client_id.as_deref().unwrap_or("CLIENT_ID");
    let scopes = context.requested.as_ref().map(|scopes| scopes.api().to_string());
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("client_id", client_id);
    if let Some(scopes) = scopes.filter(|scopes| !scopes.is_empty()) {
        query.append_pair("scope", &scopes);
    }
    query.append_pair("redirect_uri", "http://localhost");
    let tenant = tenant.unwrap_or("organizations");
    let host = context.authority.as_deref().unwrap_or("https://login.microsoftonline.com");
    format!("{host}/{tenant}/v2.0/adminconsent?{}", query.finish())
}
