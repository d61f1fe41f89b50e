//! OAuth scopes.

use std::collections::BTreeSet;
use std::fmt;

/// The scopes of OpenID Connect itself (OIDC Core §5.4, §11): they are about the sign-in, not about an API.
pub const OIDC_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// The most scopes that are read from one text.
const SCOPES_MAX: usize = 1_000;

/// The scopes of one request: sorted and without repeats (RFC 6749 §3.3).
///
/// Order does not matter to the server, so `a b` and `b a` are the same set.
///
/// ```
/// use entrada_core::ScopeSet;
///
/// let scopes = ScopeSet::parse("offline_access https://graph.microsoft.com/Mail.Read");
/// assert_eq!(scopes, ScopeSet::parse("https://graph.microsoft.com/Mail.Read offline_access"));
/// assert_eq!(scopes.api().to_string(), "https://graph.microsoft.com/Mail.Read");
/// assert!(scopes.requests_offline_access());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ScopeSet(BTreeSet<String>);

impl ScopeSet {
    /// Splits `text` at white space. Scopes after the first thousand are ignored; no URL could hold so many.
    pub fn parse(text: &str) -> Self {
        Self(text.split_whitespace().take(SCOPES_MAX).map(str::to_owned).collect())
    }

    /// Adds one scope.
    pub fn insert(&mut self, scope: impl Into<String>) {
        self.0.insert(scope.into());
    }

    /// Whether the set has `scope`, ignoring case: Entra changes the case in its responses.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|own| own.eq_ignore_ascii_case(scope))
    }

    /// Whether the set has every scope of `other`.
    pub fn contains_all(&self, other: &Self) -> bool {
        other.iter().all(|scope| self.contains(scope))
    }

    /// The scopes, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The scopes of APIs: all except [`OIDC_SCOPES`].
    pub fn api(&self) -> Self {
        self.iter().filter(|scope| !is_about_sign_in(scope)).collect()
    }

    /// Whether any scope is of an API.
    pub fn has_api(&self) -> bool {
        self.iter().any(|scope| !is_about_sign_in(scope))
    }

    /// Whether the set requests a refresh token, by the short or the full name of `offline_access`.
    pub fn requests_offline_access(&self) -> bool {
        self.iter().any(|scope| without_graph(scope).eq_ignore_ascii_case("offline_access"))
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether `scope` is one of [`OIDC_SCOPES`], which belong to Graph and may have its prefix.
fn is_about_sign_in(scope: &str) -> bool {
    OIDC_SCOPES.iter().any(|oidc| oidc.eq_ignore_ascii_case(without_graph(scope)))
}

fn without_graph(scope: &str) -> &str {
    const GRAPH: [&str; 2] =
        ["https://graph.microsoft.com/", "00000003-0000-0000-c000-000000000000/"];
    let on_graph = |prefix: &&&str| {
        scope.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    GRAPH.iter().find(on_graph).map_or(scope, |prefix| &scope[prefix.len()..])
}

impl<S: Into<String>> FromIterator<S> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = S>>(scopes: I) -> Self {
        Self(scopes.into_iter().map(Into::into).collect())
    }
}

/// The form on the wire: separated by single spaces.
impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if 0 < index {
                f.write_str(" ")?;
            }
            f.write_str(scope)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repeats_do_not_matter() {
        assert_eq!(ScopeSet::parse("b a\tb"), ScopeSet::parse("a b"));
        assert_eq!(ScopeSet::parse("b a").to_string(), "a b");
    }

    #[test]
    fn sign_in_scopes_are_not_api_scopes() {
        let scopes = ScopeSet::parse("openid Profile offline_access Mail.Read email");
        assert_eq!(scopes.api().to_string(), "Mail.Read");
        let scopes = ScopeSet::parse("https://graph.microsoft.com/offline_access");
        assert!(scopes.requests_offline_access() && scopes.api().is_empty());
    }
}
