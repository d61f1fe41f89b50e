//! What people write beside a token or an error, where it changes the help or the weight of a finding. A mention is no cause by itself.

use super::other_text;
use super::request_address::{self, RequestAddress};
use crate::Confidence;
use crate::service::Hypothesis;

/// A sign-in of an application without a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApplicationSignIn {
    /// Client credentials: a secret or a certificate.
    ClientCredentials,
    /// A managed identity of Azure.
    ManagedIdentity,
}

/// What the text around the evidence mentions.
#[derive(Clone, Debug, Default)]
pub struct Mentions {
    /// The address of a national cloud's sign-in.
    pub(crate) national_cloud: Option<&'static str>,
    /// Whether an API of the writer's own does not accept the token.
    pub(crate) own_api: bool,
    /// How an application signed in without a user.
    pub(crate) application: Option<ApplicationSignIn>,
    /// The line with which a library's log says that it got a token, if no failure follows.
    pub(crate) acquired: Option<String>,
    /// The address of a request to the authority.
    pub(crate) request: Option<RequestAddress>,
    /// A scope of Microsoft Graph that the text requests, if it requests none of Exchange.
    pub(crate) graph_scope: Option<String>,
    /// Whether a program reports its check of the ID token that it received, so that the ID token is at its place.
    pub(crate) id_token_checked: bool,
    /// The message of an earlier refusal of another kind, which is not judged.
    pub(crate) other_refusal: Option<String>,
}

/// Addresses of the sign-in of national clouds, in lower case, and the cloud.
const NATIONAL: [(&str, &str); 8] = [
    ("microsoft.com/deviceloginde", "Germany"),
    ("login.microsoftonline.de", "Germany"),
    ("microsoft.com/deviceloginus", "US Government"),
    ("login.microsoftonline.us", "US Government"),
    ("deviceloginchina", "China"),
    ("login.partner.microsoftonline.cn", "China"),
    ("login.chinacloudapi.cn", "China"),
    ("login.microsoftonline.cn", "China"),
];

/// Words for an API of the writer's own, in lower case.
const OWN_API: [&str; 13] = [
    "asp.net core",
    "back end",
    "back-end",
    "backend",
    "my api",
    "my own api",
    "my web api",
    "our api",
    "own api",
    "resource server",
    "spring boot",
    "spring security",
    "springboot",
];

/// Words for a complaint about a token that an API checks, in lower case.
const NOT_ACCEPTED: [&str; 12] = [
    "audiance",
    "audience",
    "401",
    "incorrect",
    "invalid",
    "is not valid",
    "not accepted",
    "reject",
    "unauthorized",
    "validate",
    "verify",
    "wrong",
];

/// Words for a call of Microsoft Graph, in lower case.
const OF_GRAPH: [&str; 3] = ["graph.microsoft", "microsoft graph", "graph api"];

/// Words for an application's own sign-in, in lower case.
const CLIENT_CREDENTIALS: [&str; 16] = [
    "acquire_token_for_client",
    "acquiretokenbyclientcredential",
    "acquiretokenforclient",
    ".accessasapp",
    ".sendasapp",
    "app-only",
    "application context",
    "application permission",
    "application type",
    "client credential",
    "client-credential",
    "client_credential",
    "clientsecretcredential",
    "daemon",
    "two-legged",
    "without a user",
];

/// Words of a sign-in by a managed identity, in lower case.
const MANAGED_IDENTITY: [&str; 6] = [
    "connect-mggraph -identity",
    "connect-azaccount -identity",
    "az login --identity",
    "managedidentitycredential",
    "managed_identity_client_id",
    "msi_endpoint",
];

/// What libraries log when they got a token, in lower case: azure-identity for Python, JavaScript, Java, Go and .NET.
const ACQUIRED: [&str; 9] = [
    "acquired a token from ",
    "credential.get_token succeeded",
    "credential.get_token_info succeeded",
    "credential.gettoken succeeded",
    "gettoken() => success",
    "=> gettoken() result for scopes",
    "returns a token",
    "gettoken() acquired a token for scope",
    "defaultazurecredential authenticated with ",
];

/// What programs write before the ID token that they checked, in lower case: MSAL Python and others.
const ID_TOKEN_CHECKED: [&str; 4] = [
    "the id_token was:",
    "id token is not yet valid",
    "id token already expires",
    "claims in id token:",
];

/// Maximum length of a line that is shown, in characters.
const LINE_MAX: usize = 200;

/// Maximum number of bytes that are searched.
const TEXT_MAX: usize = 64 << 10;

/// Reads the mentions of `text`, in which structured artifacts are blanks. `is_known` says whether the text has evidence.
pub(super) fn of(text: &str, is_known: bool) -> Mentions {
    let mut end = text.len().min(TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let lower = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let acquired = if is_known { None } else { acquired(text) };
    // What happened before a success is no fault.
    let is_settled = is_known || acquired.is_some();
    Mentions {
        national_cloud: NATIONAL
            .iter()
            .find(|(address, _)| lower.contains(address))
            .map(|(_, cloud)| *cloud),
        own_api: has(&OWN_API) && has(&NOT_ACCEPTED) && !has(&OF_GRAPH),
        application: if has(&MANAGED_IDENTITY) {
            Some(ApplicationSignIn::ManagedIdentity)
        } else {
            has(&CLIENT_CREDENTIALS).then_some(ApplicationSignIn::ClientCredentials)
        },
        acquired,
        request: if is_settled { None } else { request_address::in_text(text) },
        graph_scope: graph_scope(&lower),
        id_token_checked: ID_TOKEN_CHECKED.iter().any(|said| lower.contains(said)),
        other_refusal: None,
    }
}

/// Names of Exchange's scopes, in lower case.
const OF_EXCHANGE: [&str; 8] = [
    ".accessasapp",
    ".accessasuser",
    ".sendasapp",
    "full_access_as_app",
    "outlook.office.com/.default",
    "outlook.office365.com/.default",
    "outlook.office.com/smtp.send",
    "outlook.office365.com/smtp.send",
];

/// Maximum length of a scope, in bytes.
const SCOPE_MAX: usize = 80;

/// The scope of Microsoft Graph that `lower` requests: an address with `.default` or a permission of mail, or a permission after
/// the word `scope`.
fn graph_scope(lower: &str) -> Option<String> {
    if OF_EXCHANGE.iter().any(|scope| lower.contains(scope)) {
        return None;
    }
    let is_end = |c: char| c.is_whitespace() || "'\"`<>()[]{},;+".contains(c);
    let addressed = lower.match_indices("https://graph.microsoft.com/").find_map(|(at, _)| {
        let scope = lower[at..].split(is_end).next()?.trim_end_matches(['.', '/']);
        let name = scope.rsplit('/').next()?;
        let is_scope = scope.matches('/').count() == 3
            && (name == ".default" || name.contains('.') || name == "default");
        (is_scope && scope.len() <= SCOPE_MAX).then(|| scope.to_owned())
    });
    addressed.or_else(|| {
        let after = lower.match_indices("scope").map(|(at, name)| &lower[at + name.len()..]);
        after.take(20).find_map(|rest| {
            let rest = rest.strip_prefix('s').unwrap_or(rest);
            let rest = rest.trim_start_matches(|c: char| " \"':=>[{(".contains(c));
            let scope = rest.split(is_end).next()?.trim_end_matches('.');
            let is_scope =
                ["user.read", "mail.read", "mail.readwrite", "mail.send"].contains(&scope);
            is_scope.then(|| scope.to_owned())
        })
    })
}

/// Hosts whose refusals have no mark of their own.
const CALLED: [&str; 3] =
    ["smba.trafficmanager.net", ".botframework.com", ".botframework.azure.us"];

/// The origin of a host in `text` that decides what an answer without an address means.
pub(super) fn called(text: &str) -> Option<&'static str> {
    let mut end = text.len().min(TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let lower = text[..end].to_ascii_lowercase();
    let host = CALLED.iter().find(|host| lower.contains(**host))?;
    Some(if host.starts_with('.') {
        "https://api.botframework.com"
    } else {
        "https://smba.trafficmanager.net"
    })
}

/// The last line that says that a token was acquired, without a failure in a line after it.
pub(super) fn acquired(text: &str) -> Option<String> {
    let mut after = Vec::new();
    for line in text.lines().rev() {
        let lower = line.to_ascii_lowercase();
        if ACQUIRED.iter().any(|said| lower.contains(said)) {
            let fails = after.iter().any(|line: &&str| other_text::refuses(line));
            return (!fails).then(|| line.trim().chars().take(LINE_MAX).collect());
        }
        after.push(line);
    }
    None
}

impl Mentions {
    /// What is wrong with the address of a request, as causes.
    pub(crate) fn causes(&self) -> Vec<Hypothesis> {
        self.request.as_ref().map(RequestAddress::causes).unwrap_or_default()
    }

    /// Whether the address of a request shows more than a guess: a placeholder may stand for a value that the text hides.
    pub(crate) fn explains(&self) -> bool {
        self.causes().iter().any(|cause| cause.confidence != Confidence::Possible)
    }

    /// The mentions of both, those of `self` first.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            national_cloud: self.national_cloud.or(other.national_cloud),
            own_api: self.own_api || other.own_api,
            application: self.application.or(other.application),
            acquired: self.acquired.or(other.acquired),
            request: self.request.or(other.request),
            graph_scope: self.graph_scope.or(other.graph_scope),
            id_token_checked: self.id_token_checked || other.id_token_checked,
            other_refusal: self.other_refusal.or(other.other_refusal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_of_ones_own_needs_a_complaint_and_no_graph() {
        for (text, own) in [
            ("our backend says that the audience is wrong", true),
            ("Spring Boot rejects this", true),
            ("our backend sends mail with this", false),
            ("our backend gets 401 from graph.microsoft.com", false),
            ("the audience is wrong", false),
        ] {
            assert_eq!(of(text, true).own_api, own, "{text}");
        }
    }

    #[test]
    fn a_log_that_ends_with_a_token_is_told_from_one_that_fails_later() {
        for (text, is_acquired) in [
            (
                "INFO: DefaultAzureCredential acquired a token from AzureCliCredential\n\nIt ran fine",
                true,
            ),
            ("azure:identity:info AzureCliCredential => getToken() => SUCCESS. Scopes: x", true),
            ("AzureCliCredential.get_token succeeded\nERROR: the upload failed", false),
            ("nothing was acquired", false),
        ] {
            assert_eq!(of(text, false).acquired.is_some(), is_acquired, "{text}");
        }
        assert!(of("X acquired a token from Y", true).acquired.is_none(), "beside evidence");
    }
}
