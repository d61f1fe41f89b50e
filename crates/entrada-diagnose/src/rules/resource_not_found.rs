use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ResourceNotFound,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: include_str!("pages/resource-not-found.md"),
    check,
    advise: Rule::as_it_is,
};

/// The tenant has no service principal of the API.
const NOT_IN_TENANT: u64 = 500_011;

fn check(facts: &Facts) -> Option<Finding> {
    let finding =
        refusal::explain(facts, &RULE, "the tenant does not have the API that the scopes name")?;
    let refused = facts.refusal()?;
    let description = refused.error_description.as_deref().unwrap_or_default();
    if !refused.has_code(&[NOT_IN_TENANT]) || crate::malformed_resource::find(description).is_some()
    {
        return Some(finding);
    }
    // In the order in which to try: what the user can do comes first.
    let id = api_id(description).unwrap_or("API_CLIENT_ID");
    Some(
        Finding { help: Vec::new(), ..finding }
            .help("first, the developer of the program: compare the scope up to its last slash with the *Application ID URI* of the API (*Expose an API* in its registration), and check the tenant and the cloud of the sign-in")
            .help(format!(
                "if they are right, an administrator of the tenant adds the API to it: `az ad sp create --id {id}`{}",
                if id == "API_CLIENT_ID" {
                    ", with the *Application (client) ID* of the API, which its developer knows"
                } else {
                    ""
                }
            ))
            .help("then sign in again; the API's developer has to help where the API's registration admits only its own tenant (*Supported account types*)"),
    )
}

/// The id of the API in its usual name: `api://GUID`.
fn api_id(description: &str) -> Option<&str> {
    let (_, rest) = description.split_once("api://")?;
    let id = rest.get(..36)?;
    crate::facts::is_guid(id).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, run};

    #[track_caller]
    fn help(resource: &str) -> Vec<String> {
        let text = format!(
            r#"{{"error":"invalid_resource","error_description":"AADSTS500011: The resource principal named {resource} was not found in the tenant named Contoso.","error_codes":[500011]}}"#
        );
        let now = entrada_core::NumericDate(1_800_000_000);
        let evidence: Evidence = crate::recognise(&text, now).unwrap();
        let found = run(&evidence).findings.remove(0);
        assert_eq!(found.rule.id, RuleId::ResourceNotFound);
        found.help.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_user_and_then_the_administrator_are_told_what_to_do() {
        let told = help("api://contoso.example/orders");
        assert!(told[0].starts_with("first, the developer of the program"), "{told:?}");
        assert!(
            told[1].contains("an administrator") && told[1].contains("Application (client) ID")
        );
        let told = help("api://11111111-1111-1111-1111-111111111111");
        assert!(told[1].ends_with("`az ad sp create --id 11111111-1111-1111-1111-111111111111`"));
    }
}
