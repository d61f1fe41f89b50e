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
    /// The `iss` claim of the ID token: who vouches for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The `sub` claim of the ID token: the user, as `iss` names them to this application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
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

    /// Whether `later`, of the answer to a refresh, is this user (OIDC Core §12.2). Whatever both name has to be the same;
    /// where that identifies nobody (the sign-in brought no ID token, or an older version stored it), the id or a name has
    /// to be.
    pub fn is_same_user(&self, later: &Self) -> bool {
        let same = |own: &Option<String>, other: &Option<String>| {
            own.as_ref().zip(other.as_ref()).map(|(own, other)| own == other)
        };
        let alike = |own: &Option<String>, other: &Option<String>| {
            own.as_ref().zip(other.as_ref()).map(|(own, other)| own.eq_ignore_ascii_case(other))
        };
        let users = [same(&self.sub, &later.sub), alike(&self.oid, &later.oid)];
        let issuers = [same(&self.iss, &later.iss), alike(&self.tid, &later.tid)];
        if users.iter().chain(&issuers).any(|is_same| *is_same == Some(false)) {
            return false;
        }
        users.contains(&Some(true))
            || self.is_nameless()
            || self.id == later.id
            || later.sub.as_ref() == Some(&self.id)
            || later.username.iter().chain(&later.names).any(|name| self.is_called(name))
    }

    /// Whether `wanted` means this account: one of its names, its id or its `oid`, letter case aside.
    ///
    /// ```
    /// use entrada_core::Account;
    ///
    /// let username = Some("ada@contoso.com".to_owned());
    /// let account = Account { id: "uid.utid".to_owned(), username, ..Account::default() };
    /// assert!(account.is_called("Ada@Contoso.com") && account.is_called("uid.utid"));
    /// ```
    pub fn is_called(&self, wanted: &str) -> bool {
        [Some(&self.id), self.username.as_ref(), self.oid.as_ref()]
            .into_iter()
            .flatten()
            .chain(&self.names)
            .any(|own| own.eq_ignore_ascii_case(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(claims: &[(&str, &str)]) -> Account {
        let mut account = Account { id: "uid.utid".into(), ..Account::default() };
        for (name, value) in claims {
            if *name == "id" {
                (*value).clone_into(&mut account.id);
                continue;
            }
            let value = Some((*value).to_owned());
            match *name {
                "iss" => account.iss = value,
                "sub" => account.sub = value,
                "oid" => account.oid = value,
                "tid" => account.tid = value,
                "username" => account.username = value,
                other => panic!("{other}"),
            }
        }
        account
    }

    #[test]
    fn a_user_stays_the_same_by_every_claim_that_both_answers_have() {
        let full = [("iss", "https://i/"), ("sub", "s"), ("oid", "O-1"), ("tid", "T-1")];
        let own = account(&full);
        assert!(own.is_same_user(&account(&full)));
        assert!(own.is_same_user(&account(&[("oid", "o-1"), ("tid", "t-1")])), "letter case");
        assert!(own.is_same_user(&account(&[("sub", "s"), ("username", "renamed@x.example")])));
        for (name, value) in [("iss", "https://j/"), ("sub", "S"), ("oid", "O-2"), ("tid", "T-2")] {
            let mut other = full;
            other.iter_mut().filter(|(own, _)| *own == name).for_each(|claim| claim.1 = value);
            assert!(!own.is_same_user(&account(&other)), "{name}");
        }
    }

    #[test]
    fn without_a_common_claim_the_id_or_a_name_decides() {
        let stored = account(&[("id", "ada@contoso.example"), ("username", "ada@contoso.example")]);
        let later = |name| account(&[("id", "s"), ("sub", "s"), ("username", name)]);
        assert!(stored.is_same_user(&later("Ada@contoso.example")));
        assert!(!stored.is_same_user(&later("bob@contoso.example")));
        assert!(account(&[("id", "s")]).is_same_user(&account(&[("id", "x"), ("sub", "s")])));
        assert!(!account(&[("id", "s")]).is_same_user(&account(&[("id", "x"), ("sub", "t")])));
        let nameless = account(&[("id", Account::NAMELESS)]);
        assert!(nameless.is_same_user(&later("ada@contoso.example")), "nothing is known of them");
        // A tenant alone names nobody.
        let of = |id| account(&[("id", id), ("tid", "t")]);
        assert!(!of("a").is_same_user(&of("b")));
    }
}
