//! What the store holds: one grant of one user to one client.

use std::fmt;

use super::AccountEntry;
use entrada_core::{Account, ClaimsRequest, Endpoints, NumericDate, ScopeSet, Secret};

/// The key of a grant in the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantKey {
    /// The authority's base URL, without tenant and trailing slash.
    pub authority: String,
    /// The tenant segment; empty if the authority has none.
    pub tenant: String,
    /// The `client_id`.
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

/// A user's grant to a client, with the access tokens issued for it so far.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The user who granted access.
    pub account: Account,
    /// The newest refresh token; `None` if the authority issued none.
    pub refresh_token: Option<Secret>,
    /// When that refresh token was received.
    pub refreshed_at: NumericDate,
    /// When the refresh token expires at the latest, if the authority said so (`refresh_token_expires_in`).
    pub refresh_expires_at: Option<NumericDate>,
    /// When the user signed in; `None` for an imported grant whose source does not say.
    pub signed_in_at: Option<NumericDate>,
    /// How the user signed in: `device_code` or `authorization_code`; `refresh_token` for an imported grant.
    pub grant_type: String,
    /// Endpoints found by discovery; `None` for Entra, whose endpoints follow from the authority.
    pub endpoints: Option<Endpoints>,
    /// Access tokens, newest first, one per set of scopes.
    pub access_tokens: Vec<CachedToken>,
}

/// A stored access token.
#[derive(Clone, Debug)]
pub struct CachedToken {
    /// The token.
    pub access_token: Secret,
    /// The requested scopes. A later request is compared with these and not with the granted ones, because the
    /// granted ones never match a request of which one scope was declined.
    pub requested: ScopeSet,
    /// The requested claims (OIDC Core §5.5), without those of a claims challenge.
    pub claims: Option<ClaimsRequest>,
    /// The granted scopes, as the token response names them.
    pub granted: Option<ScopeSet>,
    /// When it was received.
    pub received_at: NumericDate,
    /// When it expires.
    pub expires_at: NumericDate,
    /// When the authority recommends a refresh (`refresh_in`).
    pub refresh_at: Option<NumericDate>,
}

/// The grants of one application at one authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantQuery<'a> {
    /// [`GrantKey::authority`].
    pub authority: &'a str,
    /// [`GrantKey::tenant`].
    pub tenant: &'a str,
    /// [`GrantKey::client_id`].
    pub client_id: &'a str,
}

impl GrantQuery<'_> {
    /// Whether `entry` is one of them.
    pub fn fits(&self, entry: &AccountEntry) -> bool {
        entry.authority == self.authority
            && entry.tenant == self.tenant
            && entry.client_id == self.client_id
    }
}
