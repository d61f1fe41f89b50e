//! The hosts of each cloud. Those of Bleu, Delos and Singapore are from the sources of Microsoft's own libraries and tools; what
//! these do not name is unknown.

use super::CloudFacts;

pub(super) static PUBLIC: CloudFacts = CloudFacts {
    authority_host: "login.microsoftonline.com",
    authority_aliases: &["login.windows.net", "login.microsoft.com", "sts.windows.net"],
    graph: "https://graph.microsoft.com",
    exchange: Some("https://outlook.office.com"),
    exchange_host: Some("outlook.office365.com"),
    smtp_host: Some("smtp.office365.com"),
    arm: Some("https://management.azure.com"),
    portal: Some("https://entra.microsoft.com"),
    federation_audience: "api://AzureADTokenExchange",
    issuer_v1: Some("https://sts.windows.net/{tenantid}/"),
    issuer_v2: "https://login.microsoftonline.com/{tenantid}/v2.0",
    audience_hosts: &[],
};

pub(super) static USGOV: CloudFacts = CloudFacts {
    authority_host: "login.microsoftonline.us",
    authority_aliases: &["login.usgovcloudapi.net", "login-us.microsoftonline.com"],
    graph: "https://graph.microsoft.us",
    exchange: Some("https://outlook.office365.us"),
    exchange_host: Some("outlook.office365.us"),
    smtp_host: Some("smtp.office365.us"),
    arm: Some("https://management.usgovcloudapi.net"),
    portal: Some("https://portal.azure.us"),
    federation_audience: "api://AzureADTokenExchangeUSGov",
    issuer_v1: Some("https://sts.windows.net/{tenantid}/"),
    issuer_v2: "https://login.microsoftonline.us/{tenantid}/v2.0",
    audience_hosts: &[
        "graph.microsoft.us",
        "graph.microsoftazure.us",
        "outlook.office365.us",
        "manage.office365.us",
        "middletier.gov.teams.microsoft.us",
        "aadrm.us",
        "*.sharepoint.us",
        "*.usgovcloudapi.net",
        "*.crm.microsoftdynamics.us",
        "*.onenote.osi.office365.us",
    ],
};

pub(super) static DOD: CloudFacts = CloudFacts {
    graph: "https://dod-graph.microsoft.us",
    exchange: Some("https://outlook-dod.office365.us"),
    exchange_host: Some("outlook-dod.office365.us"),
    smtp_host: Some("outlook-dod.office365.us"),
    audience_hosts: &[
        "dod-graph.microsoft.us",
        "outlook-dod.office365.us",
        "webmail.apps.mil",
        "middletier.dod.teams.microsoft.us",
        "*.sharepoint-mil.us",
        "*.dps.mil",
        "*.crm.appsplatform.us",
    ],
    ..USGOV
};

pub(super) static CHINA: CloudFacts = CloudFacts {
    authority_host: "login.partner.microsoftonline.cn",
    authority_aliases: &["login.chinacloudapi.cn"],
    graph: "https://microsoftgraph.chinacloudapi.cn",
    exchange: Some("https://partner.outlook.cn"),
    exchange_host: Some("partner.outlook.cn"),
    smtp_host: Some("smtp.partner.outlook.cn"),
    arm: Some("https://management.chinacloudapi.cn"),
    portal: Some("https://portal.azure.cn"),
    federation_audience: "api://AzureADTokenExchangeChina",
    issuer_v1: Some("https://sts.chinacloudapi.cn/{tenantid}/"),
    issuer_v2: "https://login.partner.microsoftonline.cn/{tenantid}/v2.0",
    audience_hosts: &[
        "partner.outlook.cn",
        "vault.azure.cn",
        "*.chinacloudapi.cn",
        "*.sharepoint.cn",
    ],
};

pub(super) static BLEU: CloudFacts = CloudFacts {
    authority_host: "login.sovcloud-identity.fr",
    authority_aliases: &[],
    graph: "https://graph.svc.sovcloud.fr",
    exchange: Some("https://outlook.sovcloud.fr"),
    exchange_host: Some("outlook.sovcloud.fr"),
    smtp_host: None,
    arm: Some("https://management.sovcloud-api.fr"),
    portal: None,
    federation_audience: "api://AzureADTokenExchangeFrance",
    issuer_v1: None,
    issuer_v2: "https://login.sovcloud-identity.fr/{tenantid}/v2.0",
    audience_hosts: &["*.sovcloud.fr", "*.sovcloud-api.fr", "*.spo.fr"],
};

pub(super) static DELOS: CloudFacts = CloudFacts {
    authority_host: "login.sovcloud-identity.de",
    authority_aliases: &[],
    graph: "https://graph.svc.sovcloud.de",
    exchange: Some("https://outlook.sovcloud.de"),
    exchange_host: Some("outlook.sovcloud.de"),
    smtp_host: None,
    arm: Some("https://management.sovcloud-api.de"),
    portal: None,
    federation_audience: "api://AzureADTokenExchangeGermany",
    issuer_v1: None,
    issuer_v2: "https://login.sovcloud-identity.de/{tenantid}/v2.0",
    audience_hosts: &["*.sovcloud.de", "*.sovcloud-api.de"],
};

pub(super) static GOVSG: CloudFacts = CloudFacts {
    authority_host: "login.sovcloud-identity.sg",
    authority_aliases: &[],
    graph: "https://graph.svc.sovcloud.sg",
    exchange: None,
    exchange_host: None,
    smtp_host: None,
    arm: None,
    portal: None,
    federation_audience: "api://AzureADTokenExchangeGovSG",
    issuer_v1: None,
    issuer_v2: "https://login.sovcloud-identity.sg/{tenantid}/v2.0",
    audience_hosts: &["*.sovcloud.sg", "*.sovcloud-api.sg"],
};
