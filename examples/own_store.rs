//! A store of one's own: implements `store::Backend` and keeps grants in it.
//!
//! `cargo run --example own_store`

#![expect(clippy::print_stdout, reason = "this is a program, not the library")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::error::Error;
use std::rc::Rc;

use entrada_auth::store::{
    Backend, Bytes, Grant, GrantKey, Grants, StoreError, StoreErrorKind, StoreKind,
};
use entrada_auth::sys::{Clock as _, RealClock};
use entrada_core::{Account, NumericDate, Secret};

/// A vault that can be locked; clones share what is in it.
#[derive(Clone, Default)]
struct Vault {
    items: Rc<RefCell<BTreeMap<String, Bytes>>>,
    locked: Rc<Cell<bool>>,
}

impl Vault {
    /// "Locked" is an error and never `None`: who takes it for "empty" signs the user in once more for nothing.
    fn open(&self, action: &'static str) -> Result<&RefCell<BTreeMap<String, Bytes>>, StoreError> {
        if self.locked.get() {
            return Err(StoreError {
                kind: self.kind(),
                action,
                trouble: StoreErrorKind::Locked,
                source: None,
            });
        }
        Ok(&self.items)
    }
}

impl Backend for Vault {
    /// Of the four kinds this is the one whose accounts are listed by asking the store itself.
    fn kind(&self) -> StoreKind {
        StoreKind::Memory
    }

    fn describe(&self) -> String {
        "the vault of this example".to_owned()
    }

    fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.open("read the grant")?.borrow().get(name).cloned())
    }

    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let value = Bytes::new(bytes.to_vec());
        self.open("save the grant")?.borrow_mut().insert(name.to_owned(), value);
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.open("remove the grant")?.borrow_mut().remove(name).is_some())
    }

    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        Ok(Some(self.open("list the grants")?.borrow().keys().cloned().collect()))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let vault = Vault::default();
    // Locks, and grants that wait for their store, lie in a directory beside it.
    let state = tempfile::tempdir()?;
    let grants = Grants::new(Box::new(vault.clone()), state.path().to_owned());

    let now = RealClock.now();
    let (key, grant) = (key(), grant(now));
    grants.save(&key, &grant, now)?;
    for entry in grants.list()? {
        println!("{} in {}", entry.label(), grants.describe());
    }

    vault.locked.set(true);
    match grants.load(&key) {
        Ok(_) => println!("the vault is open"),
        Err(error) => println!("{error}"),
    }

    vault.locked.set(false);
    println!("there again: {}", grants.load(&key)?.is_some());
    println!("removed: {}", grants.remove(&key)?);
    Ok(())
}

fn key() -> GrantKey {
    GrantKey {
        authority: "https://login.microsoftonline.com".to_owned(),
        tenant: "organizations".to_owned(),
        client_id: "00000000-0000-0000-0000-000000000000".to_owned(),
        account: "uid.utid".to_owned(),
    }
}

/// As `flow::sign_in` makes it of a token response.
fn grant(now: NumericDate) -> Grant {
    Grant {
        account: Account {
            id: "uid.utid".to_owned(),
            username: Some("ada@contoso.example".to_owned()),
            ..Account::default()
        },
        refresh_token: Some(Secret::new("a refresh token")),
        refreshed_at: now,
        refresh_expires_at: None,
        signed_in_at: Some(now),
        grant_type: "device_code".to_owned(),
        endpoints: None,
        access_tokens: Vec::new(),
    }
}
