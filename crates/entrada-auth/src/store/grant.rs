//! What is stored: one grant of one user to one client.

use std::fmt;

use entrada_core::{Account, ClaimsRequest, Endpoints, NumericDate, ScopeSet, Secret};

/// What a grant is filed under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantKey {
    /// The authority's base URL, without tenant and closing slash.
    pub authority: String,
    /// The tenant segment; empty for an authority that has none.
    pub tenant: String,
    /// The application.
    pub client_id: String,
    /// [`Account::id`].
    pub account: String,
}

/// `authority|tenant|client|account`: the item's name in every store.
impl fmt::Display for GrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}|{}|{}", self.authority, self.tenant, self.client_id, self.account)
    }
}

/// A user's grant to a client, with the access tokens that it brought so far.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Who granted.
    pub account: Account,
    /// The newest refresh token; `None` when the authority issued none.
    pub refresh_token: Option<Secret>,
    /// When that refresh token came.
    pub refreshed_at: NumericDate,
    /// When it dies at the latest, where the authority told (`refresh_token_expires_in`).
    pub refresh_expires_at: Option<NumericDate>,
    /// When the user signed in; `None` for what was taken over from a program that does not tell.
    pub signed_in_at: Option<NumericDate>,
    /// How the user signed in: `device_code`, `authorization_code`; `refresh_token` for what was taken over.
    pub grant_type: String,
    /// Endpoints found by discovery; `None` for Entra, whose endpoints follow from its name.
    pub endpoints: Option<Endpoints>,
    /// Access tokens, newest first, one per set of scopes.
    pub access_tokens: Vec<CachedToken>,
}

/// An access token at rest.
#[derive(Clone, Debug)]
pub struct CachedToken {
    /// The token.
    pub access_token: Secret,
    /// The scopes that were asked for: what a later request is compared with. The granted ones would never match a
    /// request of which one scope was declined.
    pub requested: ScopeSet,
    /// The claims that were asked for (OIDC Core §5.5), other than those of a service's challenge.
    pub claims: Option<ClaimsRequest>,
    /// The scopes that the answer named.
    pub granted: Option<ScopeSet>,
    /// When it came.
    pub received_at: NumericDate,
    /// When it dies.
    pub expires_at: NumericDate,
    /// When the authority would like it to be refreshed (`refresh_in`).
    pub refresh_at: Option<NumericDate>,
}
