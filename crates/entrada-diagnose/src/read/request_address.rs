//! The address of a request to the authority: what is wrong with it by its form alone.

use url::Url;

use crate::service::Hypothesis;
use crate::service::misspelt::misspelt_host;
use crate::{Confidence, RuleId};
use entrada_core::entra::clouds::Cloud;

/// Maximum number of addresses that are read.
const ADDRESSES_MAX: usize = 32;

/// Maximum length of an address in bytes.
const ADDRESS_MAX: usize = 8 << 10;

/// Words of documentation in the place of a tenant.
const PLACEHOLDERS: [&str; 8] = [
    "tenant-id",
    "tenant_id",
    "tenantid",
    "your-tenant",
    "your-tenant-id",
    "your_tenant",
    "your_tenant_id",
    "yourtenant",
];

/// Words of a network fault after an address, in lower case.
const NETWORK_FAULTS: [&str; 22] = [
    "connection reset",
    "connection refused",
    "connection timed out",
    "i/o timeout",
    "no such host",
    "server misbehaving",
    "tls handshake timeout",
    "unexpected eof",
    "\": eof",
    "context deadline exceeded",
    "network is unreachable",
    "no route to host",
    "proxyconnect tcp",
    "econnreset",
    "econnrefused",
    "etimedout",
    "enotfound",
    "eai_again",
    "x509: ",
    "could not resolve host",
    "name or service not known",
    "connection attempt failed",
];

/// What shows that the authority answered.
const ANSWERS: [&str; 5] = ["aadsts", "http/1", "http/2", "\"error\"", "status code"];

/// How far after an address its network fault stands, in bytes.
const NETWORK_WINDOW: usize = 240;

/// Scopes of a sign-in, which the v1.0 endpoint knows as well.
const SIGN_IN_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// The address of a request, and its faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestAddress {
    /// Its host and path, without the parameters, which may be secret.
    pub(crate) shown: String,
    faults: Vec<Fault>,
}

/// What is wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    id: RuleId,
    confidence: Confidence,
    message: String,
    help: String,
}

/// The first address with a fault in `text`, else the first one.
pub(super) fn in_text(text: &str) -> Option<RequestAddress> {
    let starts = text.match_indices("https://").take(ADDRESSES_MAX);
    let mut first = None;
    for (at, _) in starts {
        let rest = &text[at..];
        let end = rest.find(|c: char| c.is_whitespace() || "\"'`<|".contains(c));
        // `<tenant>` is a part of an address, and the end of one in a mail.
        let end = match end {
            Some(end) if rest[end..].starts_with('<') && rest[..end].ends_with('/') => rest[end..]
                .find(|c: char| c.is_whitespace() || "\"'`".contains(c))
                .map(|more| end + more),
            other => other,
        };
        let address = &rest[..end.unwrap_or(rest.len())];
        let address = address.trim_end_matches(['.', ',', ')', ']', ':']);
        let unreached = network_fault(address, &rest[address.len()..]);
        let found = match (read(address), unreached) {
            (Some(mut found), Some(mut fault)) => {
                // Nobody judged the tenant, which may be wrong besides.
                let tenant = found.faults.iter().find(|it| it.id == RuleId::InvalidTenant);
                if let Some(tenant) = tenant {
                    fault.help = format!("{}; besides, {}", fault.help, tenant.message);
                }
                found.faults = vec![fault];
                Some(found)
            }
            (None, Some(fault)) => {
                let shown = address.split(['?', '#']).next().unwrap_or(address).to_owned();
                Some(RequestAddress { shown, faults: vec![fault] })
            }
            (found, None) => found,
        };
        let Some(found) = found else { continue };
        if !found.faults.is_empty() {
            return Some(found);
        }
        first = first.or(Some(found));
    }
    first
}

/// The fault of the network that `after` names, the text right after an address of the authority.
fn network_fault(address: &str, after: &str) -> Option<Fault> {
    let host = address.strip_prefix("https://")?.split(['/', ':', '?']).next()?;
    Cloud::of_authority_host(&host.to_ascii_lowercase())?;
    let mut end = after.len().min(NETWORK_WINDOW);
    while !after.is_char_boundary(end) {
        end -= 1;
    }
    let near = after[..end].to_ascii_lowercase();
    // Another address has a fault of its own.
    let near = near.split("http://").next().unwrap_or_default();
    let near = near.split("https://").next().unwrap_or_default();
    let said = NETWORK_FAULTS.iter().find_map(|words| near.find(words).map(|at| (at, words)));
    let (at, words) = said?;
    if ANSWERS.iter().any(|answer| near[..at].contains(answer)) {
        return None;
    }
    let words = words.trim_matches(['"', ':', ' ']);
    let (what, help) = if words == "x509" {
        (
            "the program does not trust the certificate at the authority's address, so nothing was sent: a proxy inspects the connection, or root certificates are missing".to_owned(),
            "install the organisation's root certificate and point the program to it (`SSL_CERT_FILE`); do not switch verification off",
        )
    } else {
        (
            format!(
                "the network failed before Entra answered (`{words}`): no tenant, application or token was judged"
            ),
            "check firewall, proxy, name resolution and TLS inspection on the machine (or in the pod) of the program: `curl -v` with the same address shows where the connection ends",
        )
    };
    Some(Fault {
        id: RuleId::NotAboutTheToken,
        confidence: Confidence::Likely,
        message: what,
        help: help.to_owned(),
    })
}

/// Whether `text` is an address and nothing else.
pub(super) fn is_one(text: &str) -> bool {
    let text = text.trim();
    text.len() <= ADDRESS_MAX
        && (text.starts_with("https://") || text.starts_with("http://"))
        && !text.contains(char::is_whitespace)
}

/// `address`, if it is one of an authority's endpoints.
fn read(address: &str) -> Option<RequestAddress> {
    if ADDRESS_MAX < address.len() {
        return None;
    }
    let (host, path) = address.strip_prefix("https://")?.split_once('/')?;
    let host = host.split(':').next()?.to_ascii_lowercase();
    let (path, _) = path.split_once(['?', '#']).unwrap_or((path, ""));
    let lower = path.to_ascii_lowercase();
    let is_endpoint =
        lower.contains("oauth2") || lower.contains(".well-known/openid-configuration");
    // The page at which a program's embedded browser ends, and the user flows of Azure AD B2C, which have names of their own.
    let is_other = lower.ends_with("oauth2/nativeclient") || lower.contains("/b2c_");
    if !is_endpoint || is_other {
        return None;
    }
    let shown = format!("https://{host}/{path}");
    let mut faults = Vec::new();
    if Cloud::of_authority_host(&host).is_none() {
        let meant = misspelt_host(&host)?;
        faults.push(misspelt(&host, meant));
        return Some(RequestAddress { shown, faults });
    }
    let url = Url::parse(address).ok()?;
    let parameters: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (name.to_lowercase(), value.into_owned())).collect();
    let (tenant, endpoint) = lower.split_once('/').unwrap_or((&lower, ""));
    faults.extend(tenant_fault(tenant));
    faults.extend(endpoint_fault(tenant, endpoint));
    faults.extend(parameter_fault(endpoint, &parameters));
    Some(RequestAddress { shown, faults })
}

/// The fault of a host that is nearly one of Microsoft's.
pub(crate) fn misspelt_message(host: &str, meant: &str) -> String {
    format!("the address names the host `{host}`, which is not one of Microsoft's: `{meant}` is")
}

fn misspelt(host: &str, meant: &str) -> Fault {
    Fault {
        id: RuleId::WrongAuthorityEndpoint,
        confidence: Confidence::Likely,
        message: misspelt_message(host, meant),
        help: format!("correct the host to `{meant}` in the program's configuration"),
    }
}

/// The fault of the first segment of the path.
fn tenant_fault(tenant: &str) -> Option<Fault> {
    let help = "set the tenant in the program's configuration: its GUID or domain, or `organizations`, `consumers` or `common`";
    let fault = |confidence, message: String| {
        Some(Fault { id: RuleId::InvalidTenant, confidence, message, help: help.to_owned() })
    };
    // A variable of a shell (`$TENANT`) has a value when the command runs.
    let is_variable = tenant.starts_with(['{', '<', '['])
        || (tenant.starts_with(':') && 1 < tenant.len())
        || PLACEHOLDERS.contains(&tenant);
    match tenant {
        "" => fault(
            Confidence::Likely,
            "the address has no tenant: between the host and `oauth2` there is nothing".to_owned(),
        ),
        "undefined" | "null" | "none" | "nil" => fault(
            Confidence::Likely,
            format!("the address has `{tenant}` in the place of the tenant: the program's setting is empty"),
        ),
        "oauth2" | "v2.0" | ".well-known" => fault(
            Confidence::Likely,
            format!("the address has no tenant: `{tenant}` follows the host directly"),
        ),
        _ if is_variable => fault(
            Confidence::Possible,
            "the address has a placeholder in the place of the tenant, which the program may send as it is".to_owned(),
        ),
        _ if is_mangled(tenant) => fault(
            Confidence::Possible,
            format!("the tenant in the address, `{tenant}`, is neither a GUID nor a domain nor a known word: it may be mistyped, or changed for publication"),
        ),
        _ => None,
    }
}

/// Whether `tenant` looks like a GUID that lost or gained characters.
fn is_mangled(tenant: &str) -> bool {
    /// Maximum length of a tenant that is shown.
    const TENANT_MAX: usize = 80;
    tenant.len() <= TENANT_MAX
        && tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && 3 <= tenant.matches('-').count()
        && tenant.bytes().filter(u8::is_ascii_digit).count() >= 8
        && uuid::Uuid::try_parse(tenant).is_err()
}

/// The fault of the path after the tenant.
fn endpoint_fault(tenant: &str, endpoint: &str) -> Option<Fault> {
    // Another rule names the missing tenant.
    if tenant.is_empty() || tenant == "oauth2" || !endpoint.contains("oauth2") {
        return None;
    }
    let end = endpoint.trim_end_matches('/');
    let name = end.strip_prefix("oauth2/v2.0/").or_else(|| end.strip_prefix("oauth2/"));
    let is_known = name.is_some_and(|name| !name.contains('/') && !name.starts_with("v2"));
    if is_known {
        return None;
    }
    Some(Fault {
        id: RuleId::WrongAuthorityEndpoint,
        confidence: Confidence::Likely,
        message: format!("the path `/{endpoint}` is none of the authority's endpoints"),
        help: "use `/TENANT/oauth2/v2.0/authorize`, `/TENANT/oauth2/v2.0/token` or `/TENANT/oauth2/v2.0/devicecode`".to_owned(),
    })
}

/// The fault of the parameters: those of the other version, or missing ones. An address without parameters names only the endpoint.
fn parameter_fault(endpoint: &str, parameters: &[(String, String)]) -> Option<Fault> {
    let value = |name: &str| {
        let found = parameters.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    };
    if parameters.is_empty() {
        return None;
    }
    let is_v2 = endpoint.starts_with("oauth2/v2.0/");
    let is_v1 = endpoint.starts_with("oauth2/") && !is_v2;
    if is_v2 && value("resource").is_some() {
        return Some(Fault {
            id: RuleId::V1V2EndpointMismatch,
            confidence: Confidence::Likely,
            message: "the request sends `resource`, which only the v1.0 endpoint has, to the v2.0 endpoint".to_owned(),
            help: "send `scope` instead: the address of the API and the permission, such as `https://graph.microsoft.com/Mail.Read`".to_owned(),
        });
    }
    let scopes = value("scope").unwrap_or_default();
    let has_api = scopes.split_whitespace().any(|scope| !SIGN_IN_SCOPES.contains(&scope));
    if is_v1 && has_api && value("resource").is_none() {
        return Some(Fault {
            id: RuleId::V1V2EndpointMismatch,
            confidence: Confidence::Likely,
            message: "the request sends a `scope` with permissions to the v1.0 endpoint, which reads only `resource`".to_owned(),
            help: "send it to `/TENANT/oauth2/v2.0/…`, or name the API in `resource`".to_owned(),
        });
    }
    if !endpoint.ends_with("/authorize") {
        return None;
    }
    let wanted: &[&str] = if is_v2 {
        &["client_id", "response_type", "scope"]
    } else {
        &["client_id", "response_type"]
    };
    let missing = wanted.iter().find(|name| value(name).is_none())?;
    Some(Fault {
        id: RuleId::MissingParameter,
        confidence: Confidence::Likely,
        message: format!("the request to the sign-in page lacks `{missing}`"),
        help: format!("send `{missing}` with a value"),
    })
}

impl RequestAddress {
    /// Whether something is wrong with it.
    pub(crate) fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Its faults as causes.
    pub(crate) fn causes(&self) -> Vec<Hypothesis> {
        let cause = |fault: &Fault| Hypothesis {
            id: fault.id,
            confidence: fault.confidence,
            message: fault.message.clone(),
            evidence: vec![("address", self.shown.clone())],
            help: vec![fault.help.clone()],
            who: Some(crate::Who::Developer),
            is_complete: true,
        };
        self.faults.iter().map(cause).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<RuleId> {
        let found = in_text(text);
        found.map_or_else(Vec::new, |found| found.faults.iter().map(|fault| fault.id).collect())
    }

    #[test]
    fn the_form_of_an_address_shows_its_fault() {
        use RuleId::{
            InvalidTenant, MissingParameter, V1V2EndpointMismatch, WrongAuthorityEndpoint,
        };
        const HOST: &str = "https://login.microsoftonline.com";
        for (path, fault) in [
            ("//oauth2/authorize?client_id=a&response_type=code", Some(InvalidTenant)),
            (
                "/undefined/oauth2/v2.0/authorize?client_id=a&response_type=code&scope=openid",
                Some(InvalidTenant),
            ),
            ("/{tenant}/oauth2/v2.0/token", Some(InvalidTenant)),
            ("/<tenant>/oauth2/v2.0/token", Some(InvalidTenant)),
            (
                "/common/oauth2/v2.0/authorize?client_id=a&response_type=code&scope=openid&resource=x",
                Some(V1V2EndpointMismatch),
            ),
            (
                "/common/oauth2/authorize?client_id=a&response_type=code&scope=Mail.Read",
                Some(V1V2EndpointMismatch),
            ),
            ("/common/v2.0/oauth2/token", Some(WrongAuthorityEndpoint)),
            (
                "/common/oauth2/v2.0/authorize?response_type=code&scope=openid",
                Some(MissingParameter),
            ),
            ("/common/oauth2/v2.0/authorize?client_id=a&response_type=code&scope=openid", None),
            ("/common/oauth2/authorize?client_id=a&response_type=id_token&scope=openid", None),
            ("/contoso.example/oauth2/token", None),
            ("/common/.well-known/openid-configuration", None),
            ("/$TENANT/oauth2/v2.0/token", None),
            ("/te/contoso.example/b2c_1_in/oauth2/v2.0/authorize?client_id=a", None),
            ("/common/oauth2/nativeclient", None),
        ] {
            let found = ids(&format!("it went to {HOST}{path} and stopped"));
            assert_eq!(found.first().copied(), fault, "{path}");
        }
        assert!(in_text("see https://learn.microsoft.com/oauth2/authorize").is_none());
    }

    #[test]
    fn a_network_fault_after_an_address_is_no_refusal() {
        const CONFIGURATION: &str = "https://login.microsoftonline.com/3ac9567fg33-4587-4821-1244-eafda6592rt535/v2.0/.well-known/openid-configuration";
        let text = format!(
            "Get \"{CONFIGURATION}\": read tcp 10.0.0.1:58320->20.190.190.129:443: read: connection reset by peer"
        );
        let found = in_text(&text).unwrap();
        assert_eq!(ids(&text), [RuleId::NotAboutTheToken]);
        assert!(found.faults[0].help.contains("`3ac9567fg33-4587-4821-1244-eafda6592rt535`"));
        for (after, fault) in [
            ("\": EOF", true),
            ("\": dial tcp: lookup login.microsoftonline.com: no such host", true),
            ("\": x509: certificate signed by unknown authority", true),
            ("\": 200 OK", false),
            ("\" answered AADSTS50001, later: connection refused", false),
            ("\": 200\nGet \"https://db.example\": connection refused", false),
        ] {
            let text = format!("Get \"https://login.microsoftonline.com/common/v2.0/keys{after}");
            assert_eq!(ids(&text) == [RuleId::NotAboutTheToken], fault, "{after}");
        }
    }

    #[test]
    fn a_tenant_that_is_nearly_a_guid_is_named() {
        const HOST: &str = "https://login.microsoftonline.com";
        for (tenant, is_named) in [
            ("3ac9567fg33-4587-4821-1244-eafda6592rt535", true),
            ("3ac94b33-9135-4821-9502-eafda6592a35", false),
            ("contoso-eu-west-2026.example", false),
            ("organizations", false),
        ] {
            let text = format!("{HOST}/{tenant}/oauth2/v2.0/token");
            assert_eq!(ids(&text) == [RuleId::InvalidTenant], is_named, "{tenant}");
        }
    }

    #[test]
    fn no_parameter_is_shown() {
        let text =
            "https://login.microsoftonline.com//oauth2/authorize?client_id=a&code_challenge=secret";
        assert_eq!(
            in_text(text).unwrap().shown,
            "https://login.microsoftonline.com//oauth2/authorize"
        );
    }
}
