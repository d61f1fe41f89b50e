//! A store of the program's own. `cargo run --example own_store` signs in at an emulated Entra ID.

use entrada_auth::{Backend, Client, StoreKind, store::Bytes, store::StoreError};
use std::{cell::RefCell, collections::BTreeMap, error::Error};

/// A real one outlives the program, and says "locked" by an error: `None` means "signed out".
#[derive(Default)]
struct Vault(RefCell<BTreeMap<String, Bytes>>);

impl Backend for Vault {
    fn kind(&self) -> StoreKind {
        StoreKind::Custom
    }
    fn describe(&self) -> String {
        "the vault of this example".to_owned()
    }
    fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.0.borrow().get(name).cloned())
    }
    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.0.borrow_mut().insert(name.to_owned(), Bytes::new(bytes.to_vec()));
        Ok(())
    }
    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.0.borrow_mut().remove(name).is_some())
    }
    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        Ok(Some(self.0.borrow().keys().cloned().collect()))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let entra = entrada_emulator::Emulator::start()?;
    let client = Client::builder().authority(entra.authority()).tenant(entra.tenant());
    let client = client.client_id(entra.client_id()).scope("User.Read").interactive(true);
    let client = client.backend(|| Ok(Vault::default())).build()?;
    assert_eq!(client.token()?.account().label(), client.accounts()?[0].label());
    Ok(())
}
