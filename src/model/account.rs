//! Who signed in.

use serde::{Deserialize, Serialize};

/// A signed-in user, as far as the authority told. Everything here is for people and for comparing; none of it is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Names the account among those of its authority: Entra's home account id (`uid.utid` of `client_info`), or what
    /// comes nearest: `oid.tid`, `sub`, or `default` when the answer named nobody.
    pub id: String,
    /// `user@example.com`, from `preferred_username`, `upn` or `unique_name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The `tid` claim: the directory that issued the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<String>,
    /// The `oid` claim: the user in that directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid: Option<String>,
    /// Other names that the authority gave the user: aliases, a guest's name at home, the opaque `login_hint`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

impl Account {
    /// The id of an account of which the authority told nothing.
    pub const NAMELESS: &'static str = "default";

    /// Whether the authority told nothing of whose it is.
    pub fn is_nameless(&self) -> bool {
        self.id == Self::NAMELESS
    }

    /// The name to show: the user name if known, else the id.
    pub fn label(&self) -> &str {
        self.username.as_deref().unwrap_or(&self.id)
    }

    /// Whether `wanted` means this account: one of its names, its id or its `oid`, letter case aside.
    pub fn is_called(&self, wanted: &str) -> bool {
        [Some(&self.id), self.username.as_ref(), self.oid.as_ref()]
            .into_iter()
            .flatten()
            .chain(&self.names)
            .any(|own| own.eq_ignore_ascii_case(wanted))
    }
}
