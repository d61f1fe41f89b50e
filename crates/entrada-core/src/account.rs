//! The signed-in account.

use serde::{Deserialize, Serialize};

/// A signed-in user, as described by the authority. The fields are for display and comparison; none is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The id of the account at its authority: Entra's home account id (`uid.utid` of `client_info`), or else `oid.tid`,
    /// `sub`, or `default` when the response named no user.
    pub id: String,
    /// `user@example.com`, from `preferred_username`, `upn` or `unique_name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The `tid` claim: the tenant that issued the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<String>,
    /// The `oid` claim: the user's object id in that tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid: Option<String>,
    /// The `iss` claim of the ID token: the issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The `sub` claim of the ID token: the user's id at `iss` for this application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Other names of the user from the authority: aliases, a guest's name in the home tenant, the opaque `login_hint`, and
    /// former names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

impl Account {
    /// The id of an account without any data from the authority.
    pub const UNIDENTIFIED: &'static str = "default";

    /// The most names that [`Account::names`] keeps.
    const NAMES_MAX: usize = 16;

    /// Whether the authority sent no data that identifies the user.
    pub fn is_unidentified(&self) -> bool {
        self.id == Self::UNIDENTIFIED
    }

    /// The name for display: the user name if known, otherwise the id.
    pub fn label(&self) -> &str {
        self.username.as_deref().unwrap_or(&self.id)
    }

    /// Whether `later`, from a refresh response, is the same user (OIDC Core §12.2). Claims that both have must be equal.
    /// If these do not identify a user (the sign-in had no ID token, or an older version stored it), the id or a name must
    /// be equal.
    pub fn is_same_user(&self, later: &Self) -> bool {
        let users = [
            Self::same(self.sub.as_ref(), later.sub.as_ref()),
            Self::alike(self.oid.as_ref(), later.oid.as_ref()),
        ];
        self.differing_claims(later).is_empty()
            && (users.contains(&Some(true))
                || self.is_unidentified()
                || self.id == later.id
                || later.sub.as_ref() == Some(&self.id)
                || later
                    .username
                    .iter()
                    .chain(&later.names)
                    .any(|name| self.is_identified_by(name)))
    }

    /// The claims of `iss`, `sub`, `oid` and `tid` that both accounts have with different values.
    pub fn differing_claims(&self, later: &Self) -> Vec<&'static str> {
        [
            ("iss", Self::same(self.iss.as_ref(), later.iss.as_ref())),
            ("sub", Self::same(self.sub.as_ref(), later.sub.as_ref())),
            ("oid", Self::alike(self.oid.as_ref(), later.oid.as_ref())),
            ("tid", Self::alike(self.tid.as_ref(), later.tid.as_ref())),
        ]
        .into_iter()
        .filter_map(|(claim, is_same)| (is_same == Some(false)).then_some(claim))
        .collect()
    }

    /// Whether both have the same `iss` and `sub`, which together identify a user permanently (OIDC Core §5.7). Names may
    /// change.
    pub fn has_same_subject(&self, later: &Self) -> bool {
        Self::same(self.iss.as_ref(), later.iss.as_ref()) == Some(true)
            && Self::same(self.sub.as_ref(), later.sub.as_ref()) == Some(true)
    }

    /// Updates the account with `later`, of the same user. A new name becomes the display name, and the account is still
    /// [called](Self::is_identified_by) by the former one.
    pub fn learn(&mut self, later: &Self) {
        for (own, new) in [
            (&mut self.iss, &later.iss),
            (&mut self.sub, &later.sub),
            (&mut self.oid, &later.oid),
            (&mut self.tid, &later.tid),
        ] {
            if own.is_none() {
                own.clone_from(new);
            }
        }
        if let Some(name) = &later.username
            && self.username.as_ref() != Some(name)
        {
            let former = self.username.replace(name.clone());
            self.names.retain(|own| own != name);
            self.add_names(&former);
        }
    }

    /// Keeps the names of `earlier`, the same user at an earlier sign-in, as other names.
    pub fn keep_names_of(&mut self, earlier: &Self) {
        self.add_names(earlier.names.iter().chain(&earlier.username));
    }

    fn add_names<'a>(&mut self, names: impl IntoIterator<Item = &'a String>) {
        for name in names {
            if !self.is_identified_by(name) {
                // The oldest names stay, because scripts are most likely to use them.
                self.names.truncate(Self::NAMES_MAX - 1);
                self.names.push(name.clone());
            }
        }
    }

    fn same(own: Option<&String>, other: Option<&String>) -> Option<bool> {
        own.zip(other).map(|(own, other)| own == other)
    }

    fn alike(own: Option<&String>, other: Option<&String>) -> Option<bool> {
        own.zip(other).map(|(own, other)| own.eq_ignore_ascii_case(other))
    }

    /// Whether `wanted` identifies this account by a name, its id or its `oid`, ignoring case.
    ///
    /// ```
    /// use entrada_core::Account;
    ///
    /// let username = Some("ada@contoso.com".to_owned());
    /// let account = Account { id: "uid.utid".to_owned(), username, ..Account::default() };
    /// assert!(account.is_identified_by("Ada@Contoso.com") && account.is_identified_by("uid.utid"));
    /// ```
    pub fn is_identified_by(&self, wanted: &str) -> bool {
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
    fn a_user_is_the_same_if_every_common_claim_is_equal() {
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
        let nameless = account(&[("id", Account::UNIDENTIFIED)]);
        assert!(nameless.is_same_user(&later("ada@contoso.example")), "the account has no data");
        // A tenant alone does not identify a user.
        let of = |id| account(&[("id", id), ("tid", "t")]);
        assert!(!of("a").is_same_user(&of("b")));
    }

    #[test]
    fn only_issuer_and_subject_together_identify_a_user() {
        let own = account(&[("iss", "https://i/"), ("sub", "s"), ("oid", "o")]);
        assert!(own.has_same_subject(&account(&[("iss", "https://i/"), ("sub", "s")])));
        for other in [
            &[("sub", "s")][..],
            &[("iss", "https://i/"), ("oid", "o")],
            &[("iss", "https://j/"), ("sub", "s")],
            &[("iss", "https://i/"), ("sub", "S")],
        ] {
            assert!(!own.has_same_subject(&account(other)), "{other:?}");
            assert!(!account(other).has_same_subject(&own), "{other:?}");
        }
    }

    #[test]
    fn a_renamed_account_is_still_found_by_its_former_names() {
        let mut own = account(&[("username", "ada@x.example")]);
        for number in 0..40 {
            own.learn(&account(&[("username", &format!("ada{number}@x.example")), ("sub", "s")]));
        }
        assert_eq!(own.label(), "ada39@x.example");
        assert_eq!(own.sub.as_deref(), Some("s"));
        for name in ["ada@x.example", "ADA0@x.example", "ada38@x.example", "ada39@x.example"] {
            assert!(own.is_identified_by(name), "{name}");
        }
        assert_eq!(own.names.len(), Account::NAMES_MAX);
        // Back to the first name.
        own.learn(&account(&[("username", "ada@x.example")]));
        assert!(own.label() == "ada@x.example" && !own.names.contains(&"ada@x.example".to_owned()));
        let mut again = account(&[("username", "lovelace@x.example")]);
        again.keep_names_of(&own);
        assert!(
            again.is_identified_by("ada@x.example") && again.is_identified_by("ada0@x.example")
        );
    }
}
