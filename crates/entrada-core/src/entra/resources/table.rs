//! The known APIs.

use super::Resource;

/// Microsoft Graph: the API of every scope without a prefix.
pub static GRAPH: Resource = Resource {
    name: "Microsoft Graph",
    app_id: "00000003-0000-0000-c000-000000000000",
    audiences: &[
        "https://graph.microsoft.com",
        "https://canary.graph.microsoft.com",
        "https://graph.microsoft.us",
        "https://dod-graph.microsoft.us",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://graph.svc.sovcloud.fr",
        "https://graph.svc.sovcloud.de",
        "https://graph.svc.sovcloud.sg",
    ],
    wildcards: &[],
    scope_prefixes: &[
        "https://graph.microsoft.com/",
        "https://graph.microsoft.us/",
        "https://dod-graph.microsoft.us/",
        "https://microsoftgraph.chinacloudapi.cn/",
        "https://graph.svc.sovcloud.fr/",
        "https://graph.svc.sovcloud.de/",
        "https://graph.svc.sovcloud.sg/",
        "00000003-0000-0000-c000-000000000000/",
    ],
    note: Some(
        "a scope without a prefix belongs to Graph; only Graph can check the signature of its tokens",
    ),
};

/// Exchange Online: IMAP, POP, SMTP, EWS and ActiveSync.
pub static EXCHANGE: Resource = Resource {
    name: "Exchange Online",
    app_id: "00000002-0000-0ff1-ce00-000000000000",
    audiences: &[
        "https://outlook.office.com",
        "https://outlook.office365.com",
        "https://outlook.com",
        "https://ps.outlook.com",
        "https://outlook-sdf.office.com",
        "https://outlook-sdf.office365.com",
        "https://ps.protection.outlook.com",
        "https://ps.compliance.protection.outlook.com",
        "https://outlook.office365.us",
        "https://outlook-dod.office365.us",
        "https://webmail.apps.mil",
        "https://partner.outlook.cn",
        "https://outlook.sovcloud.fr",
        "https://outlook.sovcloud.de",
        // Upload URLs from Graph for large attachments.
        "https://outlook.office.com/api",
    ],
    wildcards: &[],
    scope_prefixes: &[
        "https://outlook.office.com/",
        "https://outlook.office365.com/",
        "https://ps.outlook.com/",
        "https://outlook.office365.us/",
        "https://partner.outlook.cn/",
        "https://outlook.sovcloud.fr/",
        "https://outlook.sovcloud.de/",
        "00000002-0000-0ff1-ce00-000000000000/",
    ],
    note: Some(
        "`outlook.office.com` and `outlook.office365.com` are the same application; personal accounts can use only the first name",
    ),
};

/// Azure AD Graph, which is retired.
pub static AAD_GRAPH: Resource = Resource {
    name: "Azure AD Graph (retired)",
    app_id: "00000002-0000-0000-c000-000000000000",
    audiences: &[
        "https://graph.windows.net",
        "https://graph.microsoftazure.us",
        "https://graph.chinacloudapi.cn",
    ],
    wildcards: &[],
    scope_prefixes: &["https://graph.windows.net/"],
    note: Some("retired; Microsoft Graph replaced it and does not accept its tokens"),
};

/// Azure Resource Manager.
pub static ARM: Resource = Resource {
    name: "Azure Resource Manager",
    app_id: "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    audiences: &[
        "https://management.azure.com",
        "https://management.core.windows.net",
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net",
        "https://management.chinacloudapi.cn",
        "https://management.core.chinacloudapi.cn",
        "https://management.sovcloud-api.fr",
        "https://management.core.sovcloud-api.fr",
        "https://management.sovcloud-api.de",
        "https://management.core.sovcloud-api.de",
    ],
    wildcards: &[],
    scope_prefixes: &["https://management.azure.com/", "https://management.core.windows.net//"],
    note: Some("the older identifier ends with a slash, so its scopes have two slashes"),
};

/// SharePoint Online and OneDrive for work.
pub static SHAREPOINT: Resource = Resource {
    name: "SharePoint Online",
    app_id: "00000003-0000-0ff1-ce00-000000000000",
    audiences: &["https://onedrive.cloud.microsoft"],
    wildcards: &[
        "*.sharepoint.com",
        "*.sharepoint.us",
        "*.sharepoint-mil.us",
        "*.dps.mil",
        "*.sharepoint.cn",
        "*.sharepoint.de",
    ],
    scope_prefixes: &[],
    note: Some("every host is a separate audience, including those with `-my` and `-admin`"),
};

/// Azure Key Vault.
pub static KEY_VAULT: Resource = Resource {
    name: "Azure Key Vault",
    app_id: "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
    audiences: &[
        "https://vault.azure.net",
        "https://vault.sovcloud-api.fr",
        "https://vault.sovcloud-api.de",
        "https://vault.usgovcloudapi.net",
        "https://vault.azure.cn",
    ],
    wildcards: &["*.vault.azure.net"],
    scope_prefixes: &["https://vault.azure.net/"],
    note: None,
};

/// Azure Storage.
pub static STORAGE: Resource = Resource {
    name: "Azure Storage",
    app_id: "e406a681-f3d4-42a8-90b6-c2b029497af1",
    audiences: &["https://storage.azure.com"],
    wildcards: &[
        "*.blob.core.windows.net",
        "*.queue.core.windows.net",
        "*.table.core.windows.net",
        "*.file.core.windows.net",
        "*.dfs.core.windows.net",
    ],
    scope_prefixes: &["https://storage.azure.com/"],
    note: None,
};

static TEAMS: Resource = Resource {
    name: "Microsoft Teams",
    app_id: "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",
    audiences: &[
        "https://api.spaces.skype.com",
        "https://teams.microsoft.com",
        "https://teams.cloud.microsoft",
        "https://api.gcc.teams.microsoft.com",
        "https://middletier.gov.teams.microsoft.us",
        "https://middletier.dod.teams.microsoft.us",
    ],
    wildcards: &[],
    scope_prefixes: &["https://api.spaces.skype.com/"],
    note: Some("only for Microsoft's own clients; other clients use Teams through Graph"),
};

/// Azure DevOps.
pub static DEVOPS: Resource = Resource {
    name: "Azure DevOps",
    app_id: "499b84ac-1321-427f-aa17-267ca6975798",
    audiences: &["https://app.vssps.visualstudio.com", "https://analytics.dev.azure.com"],
    wildcards: &["*.visualstudio.com"],
    scope_prefixes: &["499b84ac-1321-427f-aa17-267ca6975798/"],
    note: None,
};

static SQL: Resource = Resource {
    name: "Azure SQL Database",
    app_id: "022907d3-0f1b-48f7-badc-1ba6abab6d66",
    audiences: &[
        "https://database.windows.net",
        "https://sql.azuresynapse.net",
        "https://database.usgovcloudapi.net",
        "https://database.chinacloudapi.cn",
    ],
    wildcards: &[],
    scope_prefixes: &["https://database.windows.net//"],
    note: None,
};

static AKS: Resource = Resource {
    name: "Azure Kubernetes Service",
    app_id: "6dae42f8-4368-4678-94ff-3960e28e3630",
    audiences: &["https://aks-aad-server.azure.com"],
    wildcards: &[],
    scope_prefixes: &["6dae42f8-4368-4678-94ff-3960e28e3630/"],
    note: None,
};

static POWER_BI: Resource = Resource {
    name: "Power BI and Fabric",
    app_id: "00000009-0000-0000-c000-000000000000",
    audiences: &["https://analysis.windows.net/powerbi/api", "https://api.fabric.microsoft.com"],
    wildcards: &[],
    scope_prefixes: &["https://analysis.windows.net/powerbi/api/"],
    note: None,
};

static DATAVERSE: Resource = Resource {
    name: "Dataverse",
    app_id: "00000007-0000-0000-c000-000000000000",
    audiences: &[],
    wildcards: &["*.crm*.dynamics.com", "*.crm.microsoftdynamics.us", "*.crm.appsplatform.us"],
    scope_prefixes: &[],
    note: None,
};

static OFFICE_MANAGEMENT: Resource = Resource {
    name: "Office 365 Management APIs",
    app_id: "c5393580-f805-4401-95e8-94b7a6ef2fc2",
    audiences: &[
        "https://manage.office.com",
        "https://manage-gcc.office.com",
        "https://manage.office365.us",
    ],
    wildcards: &[],
    scope_prefixes: &["https://manage.office.com/"],
    note: None,
};

static RIGHTS_MANAGEMENT: Resource = Resource {
    name: "Azure Rights Management",
    app_id: "00000012-0000-0000-c000-000000000000",
    audiences: &["https://aadrm.com", "https://api.aadrm.com", "https://aadrm.us"],
    wildcards: &[],
    scope_prefixes: &["https://aadrm.com/"],
    note: None,
};

static YAMMER: Resource = Resource {
    name: "Viva Engage (Yammer)",
    app_id: "00000005-0000-0ff1-ce00-000000000000",
    audiences: &[
        "https://api.yammer.com",
        "https://www.yammer.com",
        "https://engage.cloud.microsoft",
    ],
    wildcards: &[],
    scope_prefixes: &["https://api.yammer.com/"],
    note: None,
};

static ONENOTE: Resource = Resource {
    name: "OneNote",
    app_id: "2d4d3d8e-2be3-4bef-9f87-7875a61c29de",
    audiences: &["https://onenote.com"],
    wildcards: &["*.onenote.osi.office365.us"],
    scope_prefixes: &["https://onenote.com/"],
    note: Some("use Graph's `Notes` permissions instead"),
};

static DEVICE_REGISTRATION: Resource = Resource {
    name: "Device Registration Service",
    app_id: "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9",
    audiences: &["urn:ms-drs:enterpriseregistration.windows.net"],
    wildcards: &[],
    scope_prefixes: &["urn:ms-drs:enterpriseregistration.windows.net/"],
    note: None,
};

/// An API with one audience and no note.
const fn plain(
    name: &'static str,
    app_id: &'static str,
    audiences: &'static [&'static str],
    scope_prefixes: &'static [&'static str],
) -> Resource {
    Resource { name, app_id, audiences, wildcards: &[], scope_prefixes, note: None }
}

static MANAGED_HSM: Resource = plain(
    "Azure Key Vault Managed HSM",
    "589d5083-6f11-4d30-a62a-a4b316a14abf",
    &["https://managedhsm.azure.net"],
    &["https://managedhsm.azure.net/"],
);

static DATABRICKS: Resource = plain(
    "Azure Databricks",
    "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d",
    &["https://azuredatabricks.net"],
    &["2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/"],
);

static LOG_ANALYTICS: Resource = plain(
    "Log Analytics",
    "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5",
    &["https://api.loganalytics.io"],
    &["https://api.loganalytics.io/"],
);

static APPLICATION_INSIGHTS: Resource = plain(
    "Application Insights",
    "f5c26e74-f226-4ae8-85f0-b4af0080ac9e",
    &["https://api.applicationinsights.io"],
    &["https://api.applicationinsights.io/"],
);

/// Every known API, the most requested first.
pub static ALL: &[&Resource] = &[
    &GRAPH,
    &EXCHANGE,
    &ARM,
    &AAD_GRAPH,
    &SHAREPOINT,
    &KEY_VAULT,
    &STORAGE,
    &TEAMS,
    &MANAGED_HSM,
    &DEVOPS,
    &SQL,
    &AKS,
    &DATABRICKS,
    &LOG_ANALYTICS,
    &APPLICATION_INSIGHTS,
    &POWER_BI,
    &DATAVERSE,
    &OFFICE_MANAGEMENT,
    &RIGHTS_MANAGEMENT,
    &YAMMER,
    &ONENOTE,
    &DEVICE_REGISTRATION,
];
