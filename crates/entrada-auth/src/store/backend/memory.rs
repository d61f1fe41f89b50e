//! The store in this process's memory. It is lost when the process ends.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{Backend, Bytes};
use crate::store::{StoreError, StoreKind};

/// Items in memory, lost on drop.
#[derive(Default)]
pub struct Memory(RefCell<BTreeMap<String, Bytes>>);

impl Backend for Memory {
    fn kind(&self) -> StoreKind {
        StoreKind::Memory
    }

    fn describe(&self) -> String {
        "this process's memory".to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_keeps_the_contract() {
        crate::store::contract::check(&Memory::default());
    }
}
