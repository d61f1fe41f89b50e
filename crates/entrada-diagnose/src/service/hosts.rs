//! The APIs of hosts whose name is not their audience.

use entrada_core::entra::resources::{self, Resource};

/// Ends of host names, and an audience of the API that answers there. Source: Microsoft's documentation of each API.
const HOSTS: [(&str, &str); 17] = [
    ("api.powerbi.com", "https://analysis.windows.net/powerbi/api"),
    ("api.fabric.microsoft.com", "https://analysis.windows.net/powerbi/api"),
    ("dev.azure.com", "499b84ac-1321-427f-aa17-267ca6975798"),
    (".visualstudio.com", "499b84ac-1321-427f-aa17-267ca6975798"),
    (".vault.azure.net", "https://vault.azure.net"),
    (".vault.usgovcloudapi.net", "https://vault.azure.net"),
    (".managedhsm.azure.net", "https://managedhsm.azure.net"),
    (".blob.core.windows.net", "https://storage.azure.com"),
    (".dfs.core.windows.net", "https://storage.azure.com"),
    (".file.core.windows.net", "https://storage.azure.com"),
    (".queue.core.windows.net", "https://storage.azure.com"),
    (".table.core.windows.net", "https://storage.azure.com"),
    (".azuredatabricks.net", "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"),
    ("api.loganalytics.io", "https://api.loganalytics.io"),
    ("api.loganalytics.azure.com", "https://api.loganalytics.io"),
    ("api.applicationinsights.io", "https://api.applicationinsights.io"),
    ("manage.office.com", "https://manage.office.com"),
];

/// The API that answers at `host`, which is in lower case.
pub(crate) fn resource(host: &str) -> Option<&'static Resource> {
    let fits = |end: &str| {
        let is_whole = host == end;
        is_whole || (end.starts_with('.') && host.ends_with(end))
    };
    let known = HOSTS.iter().find(|(end, _)| fits(end)).map(|(_, audience)| *audience);
    // A customer's host of Dataverse or SharePoint is an audience itself.
    known.map_or_else(|| resources::of_audience(&format!("https://{host}")), resources::of_audience)
}

/// The scope that requests all granted permissions of `resource` at `host`: `https://vault.azure.net/.default`.
pub(crate) fn default_scope(resource: &Resource, host: &str) -> String {
    match resource.scope_prefixes.first() {
        Some(prefix) => format!("{}/.default", prefix.trim_end_matches('/')),
        None => format!("https://{host}/.default"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_leads_to_its_scope() {
        for (host, scope) in [
            ("api.powerbi.com", "https://analysis.windows.net/powerbi/api/.default"),
            ("kv1.vault.azure.net", "https://vault.azure.net/.default"),
            ("contoso.blob.core.windows.net", "https://storage.azure.com/.default"),
            ("dev.azure.com", "499b84ac-1321-427f-aa17-267ca6975798/.default"),
            ("contoso.crm4.dynamics.com", "https://contoso.crm4.dynamics.com/.default"),
        ] {
            let resource = resource(host).unwrap_or_else(|| panic!("{host}"));
            assert_eq!(default_scope(resource, host), scope);
        }
        for host in ["api.example", "evil-dev.azure.com", "vault.azure.net.example", ""] {
            assert!(resource(host).is_none(), "{host}");
        }
    }

    #[test]
    fn every_audience_is_known() {
        for (host, audience) in HOSTS {
            assert!(resources::of_audience(audience).is_some(), "{host}");
        }
    }
}
