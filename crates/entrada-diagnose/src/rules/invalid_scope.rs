use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::ScopeSet;
use entrada_core::entra::known;
use entrada_core::entra::permissions;
use entrada_core::entra::resources::{self, EXCHANGE, GRAPH, ResourceOfScope};

pub(super) static RULE: Rule = Rule {
    id: RuleId::InvalidScope,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/invalid-scope.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let refused = refusal::explain(facts, &RULE, "the authority does not accept the scopes");
    refused
        .map(|finding| by_quoted_scope(facts, finding))
        .map(with_help)
        .or_else(|| before_asking(facts))
}

/// `finding`, explained by a scope with commas that the authority quotes: it reads scopes joined so as one.
fn by_quoted_scope(facts: &Facts, mut finding: Finding) -> Finding {
    let said = facts.refusal().map(refusal::message).unwrap_or_default();
    let quoted = said.split_once("scope '").and_then(|(_, after)| after.split_once('\''));
    let quoted = quoted.map(|(scope, _)| scope).filter(|scope| scope.len() <= 2_000);
    let Some(names) = quoted.map(|scope| scope.split([',', ';'])) else { return finding };
    let names: Vec<&str> = names.map(str::trim).filter(|name| !name.is_empty()).collect();
    // RFC 6749 §3.3.
    let is_scope = |name: &str| name.chars().all(|c| c.is_ascii_graphic());
    if names.len() < 2 || !names.iter().all(|name| is_scope(name)) {
        return finding;
    }
    let code = finding.message.rfind(" (").map(|at| finding.message[at..].to_owned());
    finding.message = format!(
        "the request joins its scopes by commas, and Entra ID reads them as one scope{}",
        code.unwrap_or_default()
    )
    .into();
    finding.help = vec![format!("separate the scopes by spaces: `{}`", names.join(" ")).into()];
    finding
}

/// `finding` with help, where no number brings its own.
fn with_help(finding: Finding) -> Finding {
    if !finding.help.is_empty() {
        return finding;
    }
    finding
        .help("check the spelling of each scope, and separate scopes by spaces: `https://graph.microsoft.com/Mail.Read offline_access`")
        .help("an application without a user requests `RESOURCE/.default` alone, such as `https://graph.microsoft.com/.default`")
        .help("for the reason, give the whole answer: `error_description` has a number (AADSTS)")
}

fn before_asking(facts: &Facts) -> Option<Finding> {
    let requested = facts.request()?;
    let finding = separated_by_commas(requested)
        .or_else(|| api_without_permission(requested))
        .or_else(|| default_with_named_scope(requested))
        .or_else(|| personal_at_outlook365(facts, requested))
        .or_else(|| misspelled(requested))?;
    Some(finding.with_evidence("scope", requested))
}

fn separated_by_commas(requested: &ScopeSet) -> Option<Finding> {
    let scope = requested.iter().find(|scope| scope.contains([',', ';']))?;
    let right = scope.replace([',', ';'], " ");
    Some(
        RULE.finding("scopes are separated by spaces, not by commas or semicolons")
            .help(format!("write `{}`", right.split_whitespace().collect::<Vec<_>>().join(" "))),
    )
}

/// A scope that is only the name of an API: `https://vault.azure.net`, `vault.azure.net`, `api://orders`, a GUID.
fn api_without_permission(requested: &ScopeSet) -> Option<Finding> {
    let api = requested.api();
    let (scope, name) = api.iter().find_map(|scope| Some((scope, name_of_api(scope)?)))?;
    Some(
        RULE.finding(format!("`{scope}` names an API, and no permission of it"))
            .help(format!("request `{name}/.default`, or name a permission: `{name}/NAME`")),
    )
}

/// The API that `scope` names, if it names nothing else.
fn name_of_api(scope: &str) -> Option<String> {
    let scope = scope.trim_end_matches('/');
    if let Some((scheme, rest)) = scope.split_once("://") {
        return (!scheme.contains(':') && !rest.contains('/')).then(|| scope.to_owned());
    }
    if uuid::Uuid::try_parse(scope).is_ok() {
        return Some(scope.to_owned());
    }
    // Names of permissions have dots too: `Mail.Read`.
    let address = format!("https://{scope}");
    let ends_as_host =
        [".com", ".net", ".org", ".io", ".cn", ".us"].iter().any(|end| scope.ends_with(end));
    let is_host = !scope.contains(['/', ':'])
        && scope.contains('.')
        && (ends_as_host || resources::of_audience(&address).is_some());
    is_host.then_some(address)
}

/// `.default` stands for all scopes of an API: Entra refuses it together with named scopes of the same API (AADSTS70011).
fn default_with_named_scope(requested: &ScopeSet) -> Option<Finding> {
    let api = requested.api();
    let default = api.iter().find(|scope| resources::is_default_scope(scope))?;
    let of = |scope| resources::of_scope(scope);
    let named = api
        .iter()
        .find(|scope| !resources::is_default_scope(scope) && same(of(scope), of(default)))?;
    Some(
        RULE.finding(format!("`{default}` and `{named}` cannot be combined"))
            .help(format!("request `{default}` alone, or name every scope")),
    )
}

fn same(one: ResourceOfScope<'_>, other: ResourceOfScope<'_>) -> bool {
    match (one.resource(), other.resource()) {
        (Some(one), Some(other)) => one.app_id == other.app_id,
        _ => one == other,
    }
}

/// Personal accounts accept only one host name of Outlook.
fn personal_at_outlook365(facts: &Facts, requested: &ScopeSet) -> Option<Finding> {
    let tenant = facts.context().tenant.as_deref()?;
    let other =
        |scope: &&str| scope.to_ascii_lowercase().starts_with("https://outlook.office365.com/");
    let scope = requested.iter().find(other).filter(|_| known::is_consumers(tenant))?;
    let right = format!("https://outlook.office.com/{}", resources::short_name(scope));
    Some(
        RULE.finding("personal accounts do not support `outlook.office365.com`")
            .help(format!("request `{right}`")),
    )
}

/// A name that differs in one letter from a known permission.
fn misspelled(requested: &ScopeSet) -> Option<Finding> {
    let (scope, near) = requested.api().iter().find_map(|scope| {
        let api = resources::of_scope(scope).resource()?.app_id;
        if (api != GRAPH.app_id && api != EXCHANGE.app_id) || permissions::find(scope).is_some() {
            return None;
        }
        let name = resources::short_name(scope);
        // One letter too many, too few or different: `Mail.Reed`, `Mail.ReadWrit`. A larger distance would match real
        // permissions that the table does not have.
        let near = permissions::all().iter().find(|permission| {
            strsim::osa_distance(&permission.name.to_ascii_lowercase(), &name.to_ascii_lowercase())
                == 1
        })?;
        Some((scope.to_owned(), near.name))
    })?;
    Some(
        RULE.finding(format!("`{scope}` is not a known permission"))
            .with_confidence(Confidence::Possible)
            .with_severity(Severity::Warning)
            .help(format!("did you mean `{near}`?")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Evidence;
    use crate::rules::testing::finding_of;

    fn of(scopes: &[&str], tenant: &str) -> Option<String> {
        let mut evidence = Evidence::default();
        evidence.context.requested = Some(scopes.iter().copied().collect());
        evidence.context.tenant = Some(tenant.to_owned());
        finding_of(&RULE, &evidence)
    }

    #[test]
    fn what_the_authority_would_refuse_is_found_before_the_request() {
        for (scopes, tenant, expected) in [
            (&["Mail.Read,Mail.Send"][..], "common", "separated by spaces"),
            (
                &["https://graph.microsoft.com/.default", "Mail.Read"],
                "common",
                "cannot be combined",
            ),
            (
                &["https://outlook.office365.com/IMAP.AccessAsUser.All"],
                "consumers",
                "do not support",
            ),
            (&["Mail.Reed"], "common", "not a known permission"),
            (&["https://vault.azure.net", "openid"], "common", "names an API, and no permission"),
            (&["https://graph.microsoft.com/"], "common", "names an API"),
            (&["graph.microsoft.com"], "common", "names an API"),
            (&["orders.contoso.com"], "common", "names an API"),
            (&["api://orders"], "common", "names an API"),
            (&["00000003-0000-0000-c000-000000000000"], "common", "names an API"),
        ] {
            assert!(of(scopes, tenant).is_some_and(|text| text.contains(expected)), "{scopes:?}");
        }
    }

    #[test]
    fn what_is_right_or_unknown_brings_no_finding() {
        for (scopes, tenant) in [
            (&["https://graph.microsoft.com/.default", "offline_access", "openid"][..], "common"),
            (&["mail.read", "Sites.Read.All", "Directory.AccessAsUser.All"], "consumers"),
            (&["https://outlook.office365.com/IMAP.AccessAsUser.All"], "organizations"),
            (&["api://mine/.default", "https://graph.microsoft.com/Mail.Read"], "common"),
            (&["api://mine/do", "api://mine/undo"], "common"),
            (&["https://management.core.windows.net//.default"], "common"),
            (&["https://contoso.example/orders"], "common"),
            (&["wl.imap", "service::outlook.office.com::MBI_SSL"], "consumers"),
            (&["Mail.Read.All", "User.Read"], "common"),
        ] {
            assert_eq!(of(scopes, tenant), None, "{scopes:?}");
        }
    }
}
