use crate::facts::is_guid;
use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::ScopeSet;
use entrada_core::entra::consent::ConsentRequest;
use entrada_core::entra::known;
use entrada_core::entra::resources;

pub(super) static RULE: Rule = Rule {
    id: RuleId::AdminConsentRequired,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: include_str!("pages/admin-consent-required.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "only an administrator of the tenant can approve this permission",
    )?;
    let mut finding = finding;
    finding.help.clear();
    if let Some(help) = authorise_microsofts_client(facts) {
        return Some(finding.help(help));
    }
    let finding = match barred_by_default(facts) {
        Some(why) => finding.help(why),
        None => finding,
    };
    Some(finding.help(format!("an administrator opens {}", admin_consent_page(facts, None))).help(
        "after the approval, the browser opens an address on `localhost` and shows an error page: the approval still counts",
    ))
}

/// The request for consent that failed, with what is known about it.
fn with_request<T>(facts: &Facts, read: impl FnOnce(ConsentRequest<'_>) -> T) -> T {
    let context = facts.context();
    let named = || named_application(facts.refusal()?.error_description.as_deref()?);
    let of_job = || context.job.map(|_| facts.job_scopes().into_iter().collect());
    let scopes: Option<ScopeSet> = context.requested.clone().or_else(of_job);
    read(ConsentRequest {
        authority: context.authority.as_deref(),
        cloud: context.cloud,
        tenant: context.tenant.as_deref(),
        client_id: context.client_id.as_deref().or_else(named),
        scopes: scopes.as_ref(),
    })
}

/// The help where the application is one of Microsoft's own: nobody consents to it, the called API names it. `None` for others.
pub(super) fn authorise_microsofts_client(facts: &Facts) -> Option<String> {
    let id = with_request(facts, |request| request.client_id.map(str::to_owned))?;
    let client = known::client(&id).filter(|client| client.first_party && client.fixed)?;
    Some(format!(
        "`{id}` ({}) is an application of Microsoft, to which nobody consents: in the registration of your own API, *Expose an API*, add it as authorised client application for the API's scope (for Teams both `1fec8e78-bce4-4aaf-ab1b-5451cc387264` and `5e3ce6c0-2b1f-4285-8d4b-75ee78787346`), and consent to the permissions of the API itself",
        client.name
    ))
}

/// The address of the page on which an administrator approves, with the known values filled in, for the end of a sentence.
/// `registered` is the client id where the context does not name one.
pub(crate) fn admin_consent_page(facts: &Facts, registered: Option<&str>) -> String {
    with_request(facts, |request| {
        let client_id = request.client_id.or(registered);
        ConsentRequest { client_id, ..request }.admin_page()
    })
}

/// A sentence about the requested permissions to which users cannot consent by default; `None` if there are none.
pub(super) fn barred_by_default(facts: &Facts) -> Option<String> {
    with_request(facts, |request| {
        let barred = request.needing_administrator();
        let names: Vec<&str> = barred.iter().map(|scope| resources::short_name(scope)).collect();
        let first = names.first()?;
        let names = names.join("`, `");
        Some(format!(
            "by default, users of an organisation cannot consent to `{names}` themselves (`entrada explain {first}`)"
        ))
    })
}

/// The help for a sign-in that nobody finished: a page that bars consent returns nothing to the program.
pub(super) fn first_suspect(facts: &Facts) -> Option<String> {
    barred_by_default(facts)?;
    if authorise_microsofts_client(facts).is_some() {
        return None;
    }
    let link = admin_consent_page(facts, None);
    Some(format!(
        "if the page said `Need admin approval` or `Approval required`, an administrator has to consent first: {link}"
    ))
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

    fn with(scopes: &str, tenant: &str) -> Evidence {
        let mut evidence = Evidence::default();
        evidence.context.tenant = Some(tenant.to_owned());
        evidence.context.client_id = Some("client".to_owned());
        evidence.context.requested = Some(ScopeSet::parse(scopes));
        evidence
    }

    #[test]
    fn a_permission_of_the_managed_policy_is_the_first_suspect() {
        let mail = with("Mail.Read offline_access", "contoso.example");
        let facts = Facts::new(&mail);
        assert!(barred_by_default(&facts).unwrap().contains("cannot consent to `Mail.Read`"));
        assert!(first_suspect(&facts).unwrap().contains("/contoso.example/v2.0/adminconsent?"));
        for (scopes, tenant) in
            [("Mail.Send", "contoso.example"), ("Mail.Read", "consumers"), ("", "contoso.example")]
        {
            let other = with(scopes, tenant);
            assert_eq!(first_suspect(&Facts::new(&other)), None, "{scopes} {tenant}");
        }
    }
}
