//! A token that was sent to another API than the one that it is for.

use super::azure::azure_service;
use crate::service::{HttpAnswer, Hypothesis, Service, hosts};
use crate::{Confidence, Facts, RuleId, observed};
use entrada_core::entra::resources;
use url::Url;

/// Words with which services refuse a token because of its audience, or treat its caller as anonymous, in lower case.
const OF_AUDIENCE: [&str; 9] = [
    "audience",
    "invalidauthenticationtoken",
    "invalidauthenticationinfo",
    "akv10022",
    "tf400813",
    "s2s12000",
    "unauthorized",
    "unauthenticated",
    "token-identified principal",
];

/// Exchange Web Services and its scopes.
const EWS_SCOPES: (&str, &str) = (
    "Exchange Web Services",
    "https://outlook.office365.com/EWS.AccessAsUser.All` for a user, or `https://outlook.office365.com/.default",
);

/// The cause where the token is for another API than the one that answered, regardless of the named job.
pub(super) fn by_audience(facts: &Facts, answer: &HttpAnswer) -> Option<Hypothesis> {
    matches!(answer.status, Some(401 | 403)).then(|| mismatch(facts, answer)).flatten()
}

/// The cause where the token is for another API than the one that was called and accepted the call: it may not have looked at the
/// token.
pub(super) fn accepted_elsewhere(facts: &Facts, answer: &HttpAnswer) -> Option<Hypothesis> {
    let is_success = answer.status.is_some_and(|status| status < 300);
    let mut told = mismatch(facts, answer).filter(|_| is_success)?;
    told.message.push_str(": its success does not show that the token was accepted");
    told.confidence = Confidence::Possible;
    told.is_complete = true;
    Some(
        told.help(
            "call the API that the token is for, or send a token for the API that was called",
        ),
    )
}

/// The token was sent to a public host without encryption.
pub(super) fn sent_in_clear(facts: &Facts, answer: &HttpAnswer) -> Option<Hypothesis> {
    let url = answer.url.as_deref().and_then(|url| Url::parse(url).ok())?;
    let sends_token = answer.authorization.is_some() || facts.jwt().is_some();
    let host = url.domain().filter(|_| url.scheme() == "http" && sends_token)?;
    let end = host.rsplit('.').next().unwrap_or_default();
    let is_public =
        host.contains('.') && !["internal", "local", "localhost", "test"].contains(&end);
    is_public.then(|| {
        Hypothesis::possible(
            RuleId::NotAboutTheToken,
            format!("the token was sent to `{host}` without TLS: everybody on the way could read it"),
        )
        .help("call the API by `https://`, and end the session whose token was sent: `Revoke-MgUserSignInSession`")
    })
}

/// The token is for another API than the one that was called.
fn mismatch(facts: &Facts, answer: &HttpAnswer) -> Option<Hypothesis> {
    if facts.is_id_token() {
        return None;
    }
    let claims = facts.claims()?;
    let aud = claims.aud()?;
    let host = answer.host().unwrap_or_default();
    let by_host = hosts::resource(&host);
    let Some(called) = answer.service().resource().or(by_host) else {
        return match azure_service(facts, answer) {
            Some(service) => service.foreign(aud, &host),
            None => by_address(facts, answer, aud),
        };
    };
    let foreign = !claims.audiences().iter().any(|aud| called.accepts(aud));
    let known = resources::of_audience(aud)?;
    foreign.then(|| {
        let told = Hypothesis::certain(
            RuleId::WrongAudience,
            format!("the token is for {}, but the call went to {}", known.name, called.name),
        )
        .with_evidence("aud", aud);
        // The jobs know the scopes of Graph, Exchange and Azure Resource Manager; other APIs are named here.
        match by_host.filter(|_| answer.service() == Service::Other) {
            Some(resource) => {
                told.help(format!("request `{}`", hosts::default_scope(resource, &host)))
            }
            None => told,
        }
    })
}

/// The cause where the text shows a command that gets a token for Azure Resource Manager, and another API refused the token.
pub(super) fn by_default_command(
    facts: &Facts,
    answer: &HttpAnswer,
    text: &str,
) -> Option<Hypothesis> {
    let command = facts.evidence.observed.default_command?;
    if facts.claims().is_some()
        && facts.audience().is_none_or(|known| known.app_id != resources::ARM.app_id)
    {
        return None;
    }
    let of_audience = OF_AUDIENCE.iter().any(|word| text.contains(word));
    let is_about_the_token = match answer.status {
        Some(203 | 401) => true,
        Some(403) => text.contains("audience"),
        Some(_) => false,
        None => of_audience || text.contains("401"),
    };
    let is_expired =
        ["expired", "not yet valid", "lifetime"].iter().any(|word| text.contains(word));
    if !is_about_the_token || is_expired {
        return None;
    }
    let called = match answer.host() {
        Some(host) => observed::api_at(&host)?,
        None => facts.evidence.observed.called.clone().or_else(|| api_in_words(text))?,
    };
    let (name, flag) = (command.name(), command.flag());
    let mut told = Hypothesis::likely(
        RuleId::WrongAudience,
        format!(
            "the token is for Azure Resource Manager: `{name}` without `{flag}` gets one for it, and the call went to {}",
            called.name
        ),
    )
    .with_evidence("command", name)
    .help(format!("get the token for that API: `{name} {flag} {}`", called.resource));
    told.is_complete = true;
    Some(told)
}

/// The cause where the text shows the `resource` that the token was issued for, and another API refused it.
pub(super) fn by_resource(facts: &Facts, answer: &HttpAnswer) -> Option<Hypothesis> {
    if answer.status != Some(401) || facts.claims().is_some() {
        return None;
    }
    let (resource, called) = facts.evidence.observed.elsewhere.as_ref()?;
    let mut told = Hypothesis::likely(
        RuleId::WrongAudience,
        format!("the token was issued for `{resource}`, and the call went to {}", called.name),
    )
    .with_evidence("resource", resource)
    .help(format!(
        "request a token for that API: `{}/.default`, with v1.0 `resource={}`",
        called.resource, called.resource
    ));
    told.is_complete = true;
    Some(told)
}

/// The cause where the text requests a scope of Microsoft Graph, and Exchange Web Services or SharePoint refused the token.
pub(super) fn by_graph_scope(facts: &Facts, answer: &HttpAnswer, text: &str) -> Option<Hypothesis> {
    let scope = facts.evidence.mentions.graph_scope.as_deref()?;
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_refused = match answer.status {
        Some(401) => true,
        Some(_) => false,
        None => has(&["401"]),
    };
    if !is_refused || facts.shape().is_some() {
        return None;
    }
    let (called, right) = match answer.service() {
        Service::Ews | Service::Exchange => EWS_SCOPES,
        _ if has(&["exchange.asmx", "ews-javascript-api", "exchangelib"]) => EWS_SCOPES,
        _ if has(&["connect-pnponline", "get-pnp", "/_api/web", "/_api/site"]) => {
            ("SharePoint", "https://TENANT.sharepoint.com/.default")
        }
        _ => return None,
    };
    let mut told = Hypothesis::likely(
        RuleId::WrongAudience,
        format!("the text requests a token for Microsoft Graph, and the call went to {called}"),
    )
    .with_evidence("scope", scope)
    .help(format!("request `{right}`"));
    told.is_complete = true;
    Some(told)
}

/// Codes that one API writes, and names of APIs, in lower case, with a host of each.
const API_WORDS: [(&str, &str); 11] = [
    ("akv10022", "x.vault.azure.net"),
    ("tf400813", "dev.azure.com"),
    ("invalidauthenticationinfo", "x.blob.core.windows.net"),
    ("power bi", "api.powerbi.com"),
    ("powerbi", "api.powerbi.com"),
    ("key vault", "x.vault.azure.net"),
    ("keyvault", "x.vault.azure.net"),
    ("microsoft graph", "graph.microsoft.com"),
    ("ms graph", "graph.microsoft.com"),
    ("graph api", "graph.microsoft.com"),
    ("azure devops", "dev.azure.com"),
];

/// The one API that writes the code in `text`, or that `text` names. It is in lower case.
fn api_in_words(text: &str) -> Option<observed::Called> {
    let mut hosts = API_WORDS.iter().filter(|(word, _)| text.contains(word)).map(|(_, host)| *host);
    let host = hosts.next()?;
    if hosts.any(|other| other != host) { None } else { observed::api_at(host) }
}

/// The cause where a token for a known service was sent to an unknown host.
fn by_address(facts: &Facts, answer: &HttpAnswer, aud: &str) -> Option<Hypothesis> {
    let known = facts.audience()?;
    let origin = answer.origin()?;
    // A service's uploads and downloads use other hosts, with the authorization in the URL.
    let microsofts = ["microsoft", "office", "outlook", "sharepoint", "azure"];
    let host = answer.host().unwrap_or_default();
    // The domain that was registered, and not a name in front of it: `graph.microsoft.com.evil.example`.
    let domain = host.rsplit('.').nth(1).unwrap_or(&host);
    let is_microsofts = domain == "live" || microsofts.iter().any(|name| domain.contains(name));
    (!is_microsofts).then(|| {
        Hypothesis::likely(
            RuleId::WrongAudience,
            format!("the token is for {}, but the call went to `{origin}`", known.name),
        )
        .with_evidence("aud", aud)
        .help("request a token for that API: `--job custom --audience … --scope …`")
    })
}
