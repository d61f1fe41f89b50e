//! APIs and the names of each, in `aud` and in scopes.

mod table;

use std::borrow::Cow;

pub use table::{AAD_GRAPH, ALL, ARM, DEVOPS, EXCHANGE, GRAPH, KEY_VAULT, SHAREPOINT, STORAGE};

use crate::OIDC_SCOPES;

/// One API. All its names identify the same service.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    /// The name for people.
    pub name: &'static str,
    /// The application ID of the API, which may also be the `aud`.
    pub app_id: &'static str,
    /// Values of `aud`, in lower case and without a trailing slash. The first one is shown.
    pub audiences: &'static [&'static str],
    /// Host patterns for APIs with one host per customer, `*` for any text.
    pub wildcards: &'static [&'static str],
    /// The prefix of its scopes; empty if it depends on the customer. The first one is suggested.
    pub scope_prefixes: &'static [&'static str],
    /// Another useful fact.
    pub note: Option<&'static str>,
}

impl Resource {
    /// Whether `aud` is one of this API's names.
    pub fn accepts(&self, aud: &str) -> bool {
        self.has_name(&normalise(aud))
    }

    /// The audience to show to people.
    pub fn audience(&self) -> &'static str {
        self.audiences.first().copied().unwrap_or(self.app_id)
    }

    fn has_name(&self, normalised: &str) -> bool {
        let aud = normalised;
        aud == self.app_id
            // SharePoint: `app_id/host@tenant`.
            || aud.strip_prefix(self.app_id).is_some_and(|rest| rest.starts_with('/'))
            || self.audiences.contains(&aud)
            || host_alone(aud).is_some_and(|host| self.wildcards.iter().any(|w| fits(w, host)))
    }
}

/// The API that a scope belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceOfScope<'a> {
    /// `openid` and similar: about the sign-in, not an API.
    SignIn,
    /// Microsoft Graph, because the scope has no prefix.
    Graph,
    /// Identified by one of its audiences.
    Known(&'static Resource),
    /// An unknown API, with the text before the last slash.
    Other(&'a str),
}

impl ResourceOfScope<'_> {
    /// The API, if it is known.
    pub fn resource(self) -> Option<&'static Resource> {
        match self {
            Self::Graph => Some(&GRAPH),
            Self::Known(resource) => Some(resource),
            Self::SignIn | Self::Other(_) => None,
        }
    }
}

/// The API whose tokens have this `aud`.
///
/// ```
/// use entrada_core::entra::resources;
///
/// let graph = resources::of_audience("00000003-0000-0000-c000-000000000000").unwrap();
/// assert!(graph.accepts("https://graph.microsoft.com"));
/// ```
pub fn of_audience(aud: &str) -> Option<&'static Resource> {
    let aud = normalise(aud);
    // Most tokens are for a few names; patterns take longer to compare.
    let exact = ALL
        .iter()
        .copied()
        .find(|resource| resource.audiences.contains(&&*aud) || resource.app_id == aud);
    exact.or_else(|| ALL.iter().copied().find(|resource| resource.has_name(&aud)))
}

/// Whether two audiences identify the same API, known or unknown.
pub fn same_audience(one: &str, other: &str) -> bool {
    let own = |aud: &str| of_audience(aud).filter(|resource| resource.wildcards.is_empty());
    normalise(one) == normalise(other) || own(one).is_some_and(|resource| resource.accepts(other))
}

/// The API that `scope` belongs to.
pub fn of_scope(scope: &str) -> ResourceOfScope<'_> {
    let (prefix, _) = split(scope);
    match prefix {
        None if OIDC_SCOPES.iter().any(|oidc| oidc.eq_ignore_ascii_case(scope)) => {
            ResourceOfScope::SignIn
        }
        None if is_of_live_connect(scope) => ResourceOfScope::Other(scope),
        None => ResourceOfScope::Graph,
        Some(prefix) => {
            of_audience(prefix).map_or(ResourceOfScope::Other(prefix), ResourceOfScope::Known)
        }
    }
}

/// Whether `scope` is one of Live Connect, which older programs for personal accounts still request: `wl.imap`,
/// `service::outlook.office.com::MBI_SSL`.
pub fn is_of_live_connect(scope: &str) -> bool {
    scope.starts_with("wl.") || scope.starts_with("service::")
}

/// The scope without its API: `Mail.Read` for `https://graph.microsoft.com/Mail.Read`.
pub fn short_name(scope: &str) -> &str {
    split(scope).1
}

/// Whether `scope` requests all registered permissions: `.default`, with or without an API prefix.
pub fn is_default_scope(scope: &str) -> bool {
    short_name(scope).eq_ignore_ascii_case(".default")
}

/// The normal form for comparing audiences: lower case, no trailing slash, no `:443`, no `spn:` prefix.
pub fn normalise(aud: &str) -> Cow<'_, str> {
    let aud = aud.trim();
    let aud = aud.strip_prefix("spn:").unwrap_or(aud);
    let mut text = Cow::Borrowed(aud.strip_suffix('/').unwrap_or(aud));
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        text = Cow::Owned(text.to_ascii_lowercase());
    }
    if let Some(rest) = text.strip_prefix("https://") {
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if let Some(host) = host.strip_suffix(":443") {
            text = Cow::Owned(format!("https://{host}{path}"));
        }
    }
    text
}

/// The parts before and after the last slash. A bare identifier (`https://host`) is all name.
fn split(scope: &str) -> (Option<&str>, &str) {
    match scope.rsplit_once('/') {
        // `https://management.core.windows.net//.default`: the identifier itself ends in a slash.
        Some((prefix, name)) if !prefix.is_empty() && !prefix.ends_with(":/") => {
            if name.is_empty() { (None, scope) } else { (Some(prefix), name) }
        }
        _ => (None, scope),
    }
}

/// The host of a normalised audience that is scheme and host only.
fn host_alone(aud: &str) -> Option<&str> {
    let host = aud.strip_prefix("https://")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (!host.is_empty() && host.chars().all(plain)).then_some(host)
}

/// Whether `host` matches `pattern`, where `*` stands for any text, even empty.
pub(super) fn fits(pattern: &str, host: &str) -> bool {
    let Some(star) = memchr::memchr(b'*', pattern.as_bytes()) else { return pattern == host };
    let (before, after) = (&pattern[..star], &pattern[star + 1..]);
    let one_star = memchr::memchr(b'*', after.as_bytes()).is_none();
    host.strip_prefix(before).is_some_and(|rest| {
        if one_star {
            return rest.ends_with(after);
        }
        (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|tail| fits(after, tail)))
    })
}

#[cfg(test)]
mod tests;
