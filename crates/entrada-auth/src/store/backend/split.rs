//! Splits one value over several items, for stores with a small item size.

use sha2::{Digest as _, Sha256};

use super::{Backend, Bytes};
use crate::store::{BackendError, StoreError, StoreErrorKind, StoreKind, action, hex};

/// First word of a head item. After it: version, generation, number of parts, total bytes and SHA-256, separated by
/// spaces.
const MAGIC: &str = "entrada-parts";
const VERSION: u64 = 1;

/// Separator between an item's name and a part's generation and number.
const PART: &str = "#entrada-part-";

/// The largest number of parts in a valid head.
const PARTS_MAX: usize = 4096;

/// How often a value that changes during the read is read again.
const READ_AGAIN: usize = 3;

/// Splits values over the items of `inner` if they are too large for one.
///
/// Parts are written first and the head last, into the generation (`a` or `b`) that the current head does not use.
/// The old value stays readable until the new one is complete, even if the process is killed.
pub struct Split {
    inner: Box<dyn Backend>,
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    generation: char,
    parts: usize,
    length: usize,
    sha256: String,
}

impl Split {
    /// A splitter over `inner`. Values that fit into one item are stored unchanged.
    pub fn new(inner: Box<dyn Backend>) -> Self {
        Self { inner }
    }

    fn fault(&self, fault: BackendError, action: &'static str) -> StoreError {
        fault.when(self.inner.kind(), action)
    }

    /// The value that `head` describes; `None` if its parts do not match.
    fn gather(&self, name: &str, head: &Head) -> Result<Option<Bytes>, StoreError> {
        // The buffer has its final size from the start: a growing buffer leaves unwiped copies in memory. The size is
        // limited to what the parts can hold, because the head may be forged.
        let most = head.parts.saturating_mul(self.inner.item_max().unwrap_or_default());
        let mut value = Bytes::new(Vec::with_capacity(head.length.min(most)));
        for number in 0..head.parts {
            let Some(part) = self.inner.load(&part_name(name, head.generation, number))? else {
                return Ok(None);
            };
            value.extend_from_slice(&part);
        }
        let whole = value.len() == head.length && hex(&Sha256::digest(&value)) == head.sha256;
        Ok(whole.then_some(value))
    }

    /// Removes all parts of one generation, from the last to the first, so that a gap never hides remaining parts.
    fn sweep(&self, name: &str, generation: char) -> Result<bool, StoreError> {
        let mut count = 0;
        while self.inner.load(&part_name(name, generation, count))?.is_some() {
            count += 1;
        }
        for number in (0..count).rev() {
            self.inner.remove(&part_name(name, generation, number))?;
        }
        Ok(0 < count)
    }
}

impl Backend for Split {
    fn kind(&self) -> StoreKind {
        self.inner.kind()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }

    fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let mut item = self.inner.load(name)?;
        for _ in 0..READ_AGAIN {
            let Some(bytes) = item else { return Ok(None) };
            let head = Head::parse(&bytes).map_err(|fault| self.fault(fault, action::LOAD))?;
            let Some(head) = head else { return Ok(Some(bytes)) };
            if let Some(value) = self.gather(name, &head)? {
                return Ok(Some(value));
            }
            // Either the parts are damaged, or another process replaced the value between reading the head and the
            // parts.
            item = self.inner.load(name)?;
            if item.as_ref() == Some(&bytes) {
                break;
            }
        }
        Err(self.fault(
            BackendError::corrupt("the parts of the item do not belong together"),
            action::LOAD,
        ))
    }

    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let Some(max) = self.inner.item_max() else { return self.inner.save(name, bytes) };
        let present = self.inner.load(name)?.and_then(|item| Head::parse(&item).ok().flatten());
        let (new, old) = match present {
            Some(Head { generation: 'a', .. }) => ('b', 'a'),
            _ => ('a', 'b'),
        };
        if bytes.len() <= max && !bytes.starts_with(MAGIC.as_bytes()) {
            self.inner.save(name, bytes)?;
            // The value is saved. Parts that could not be removed now are removed by the next save.
            let _ = self.sweep(name, new).and_then(|_| self.sweep(name, old));
            return Ok(());
        }
        let parts = bytes.len().div_ceil(max);
        if PARTS_MAX < parts {
            let reason = StoreErrorKind::TooLarge { size: bytes.len(), max: PARTS_MAX * max };
            return Err(self.fault(BackendError::new(reason), action::SAVE));
        }
        self.sweep(name, new)?;
        for (number, part) in bytes.chunks(max).enumerate() {
            self.inner.save(&part_name(name, new, number), part)?;
        }
        let sha256 = hex(&Sha256::digest(bytes));
        let head = Head { generation: new, parts, length: bytes.len(), sha256 };
        self.inner.save(name, head.text().as_bytes())?;
        let _ = self.sweep(name, old);
        Ok(())
    }

    fn move_item(&self, name: &str, new_name: &str) -> Result<(), StoreError> {
        if let Ok(value) = self.load(name) {
            return value.map_or(Ok(()), |value| self.save(new_name, &value));
        }
        // The head, and the remaining parts of both generations, one after the other.
        let mut all =
            Bytes::new(self.inner.load(name)?.map(|head| head.to_vec()).unwrap_or_default());
        for generation in ['a', 'b'] {
            let mut number = 0;
            while let Some(part) = self.inner.load(&part_name(name, generation, number))? {
                all.extend_from_slice(&part);
                number += 1;
            }
        }
        self.save(new_name, &all)
    }

    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        let mut there = self.inner.remove(name)?;
        for generation in ['a', 'b'] {
            there |= self.sweep(name, generation)?;
        }
        // Parts after a gap, which only damage can cause. They are found if the store can list its names.
        if let Ok(Some(names)) = self.inner.names() {
            for part in names.iter().filter(|own| item_of_part(own) == Some(name)) {
                there |= self.inner.remove(part)?;
            }
        }
        Ok(there)
    }

    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        let names = self.inner.names()?;
        Ok(names
            .map(|names| names.into_iter().filter(|name| item_of_part(name).is_none()).collect()))
    }
}

impl Head {
    fn text(&self) -> String {
        let Self { generation, parts, length, sha256 } = self;
        format!("{MAGIC} {VERSION} {generation} {parts} {length} {sha256}\n")
    }

    /// The head in `item`; `None` if the item is a complete value.
    fn parse(item: &[u8]) -> Result<Option<Self>, BackendError> {
        if !item.starts_with(MAGIC.as_bytes()) {
            return Ok(None);
        }
        let damaged = || BackendError::corrupt("the list of its parts cannot be read");
        let text = std::str::from_utf8(item).map_err(|_| damaged())?;
        let words: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split(' ').collect();
        let version: u64 = words.get(1).and_then(|word| word.parse().ok()).ok_or_else(damaged)?;
        match version {
            VERSION => (),
            0 => return Err(damaged()),
            newer => return Err(BackendError::new(StoreErrorKind::Newer(newer))),
        }
        let [MAGIC, _, generation @ ("a" | "b"), parts, length, sha256] = words[..] else {
            return Err(damaged());
        };
        let generation = if generation == "a" { 'a' } else { 'b' };
        let parts = parts.parse().ok().filter(|&parts| parts <= PARTS_MAX).ok_or_else(damaged)?;
        let length = length.parse().map_err(|_| damaged())?;
        Ok(Some(Self { generation, parts, length, sha256: sha256.to_owned() }))
    }
}

fn part_name(name: &str, generation: char, number: usize) -> String {
    format!("{name}{PART}{generation}{number}")
}

/// The name of the item that the part `name` belongs to.
fn item_of_part(name: &str) -> Option<&str> {
    let (whole, end) = name.rsplit_once(PART)?;
    let number = end.strip_prefix(['a', 'b'])?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(whole)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;
    use crate::store::{Memory, contract};

    /// A store with the size limit of a Windows credential that fails on command.
    #[derive(Default)]
    struct Small {
        items: Memory,
        /// Writes and removals until it fails; `None` is never.
        life: Cell<Option<usize>>,
    }

    impl Small {
        fn spend(&self) -> Result<(), StoreError> {
            match self.life.get() {
                Some(0) => {
                    Err(BackendError::denied("killed").when(StoreKind::Memory, action::SAVE))
                }
                Some(left) => {
                    self.life.set(Some(left - 1));
                    Ok(())
                }
                None => Ok(()),
            }
        }
    }

    impl Backend for Rc<Small> {
        fn kind(&self) -> StoreKind {
            StoreKind::Memory
        }
        fn describe(&self) -> String {
            self.items.describe()
        }
        fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
            self.items.load(name)
        }
        fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
            assert!(bytes.len() <= 2560, "{} bytes in one item", bytes.len());
            self.spend()?;
            self.items.save(name, bytes)
        }
        fn remove(&self, name: &str) -> Result<bool, StoreError> {
            self.spend()?;
            self.items.remove(name)
        }
        fn item_max(&self) -> Option<usize> {
            Some(2560)
        }
        fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
            self.items.names()
        }
    }

    fn split() -> (Rc<Small>, Split) {
        let small = Rc::<Small>::default();
        (Rc::clone(&small), Split::new(Box::new(small)))
    }

    fn items(small: &Rc<Small>) -> usize {
        small.names().unwrap().unwrap().len()
    }

    #[test]
    fn split_items_keep_the_contract() {
        let (small, split) = split();
        contract::check(&split);
        assert_eq!(items(&small), 0, "stale parts are left");
    }

    #[test]
    fn a_value_that_looks_like_a_head_is_kept_as_a_value() {
        let (_, split) = split();
        for value in ["entrada-parts 1 a 0 0 x\n", "entrada-parts"] {
            split.save("name", value.as_bytes()).unwrap();
            assert_eq!(split.load("name").unwrap().unwrap().as_slice(), value.as_bytes());
        }
    }

    #[test]
    fn a_killed_save_leaves_the_old_or_the_new_value() {
        let sizes = [10, 2560, 2561, 9_000, 20_000];
        for (old_size, new_size) in sizes.iter().flat_map(|a| sizes.iter().map(move |b| (*a, *b))) {
            let (old, new) = (vec![b'o'; old_size], vec![b'n'; new_size]);
            for life in 0.. {
                let (small, split) = split();
                split.save("name", &old).unwrap();
                small.life.set(Some(life));
                let acknowledged = split.save("name", &new).is_ok();
                let untouched = small.life.get().is_some_and(|left| 0 < left);
                small.life.set(None);
                let found = split.load("name").unwrap().unwrap();
                assert!(*found == new || (*found == old && !acknowledged), "killed after {life}");
                split.save("name", &old).unwrap();
                assert!(*split.load("name").unwrap().unwrap() == old);
                assert!(items(&small) <= old_size.div_ceil(2560) + 1, "stale parts are left");
                // Killed again while parts are removed: the remaining parts must not stay hidden behind a gap.
                small.life.set(Some(life));
                let _ = split.save("name", b"short");
                small.life.set(None);
                split.save("name", b"end").unwrap();
                assert_eq!(items(&small), 1, "stale parts are left after {life}");
                if untouched {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_removal_that_was_killed_can_be_repeated() {
        for life in 0..5 {
            let (small, split) = split();
            split.save("name", &[b'x'; 9_000]).unwrap();
            small.life.set(Some(life));
            assert!(split.remove("name").is_err());
            small.life.set(None);
            split.remove("name").unwrap();
            assert_eq!(items(&small), 0);
        }
    }

    #[test]
    fn incomplete_and_forged_sets_are_damage_and_never_a_value() {
        let (small, split) = split();
        split.save("name", &[b'x'; 9_000]).unwrap();
        let part = part_name("name", 'a', 1);
        for value in [&b""[..], b"y", &[b'x'; 2559], &[b'y'; 2560]] {
            small.items.save(&part, value).unwrap();
            let reason = split.load("name").unwrap_err().reason;
            assert!(matches!(reason, StoreErrorKind::Corrupt(_)), "{reason}");
        }
        small.items.remove(&part).unwrap();
        assert!(matches!(split.load("name").unwrap_err().reason, StoreErrorKind::Corrupt(_)));
        for head in [
            "entrada-parts",
            "entrada-parts x",
            "entrada-parts 1 c 1 1 x",
            "entrada-parts 1 a 99999999 1 x",
            "entrada-parts 1 a 4096 18446744073709551615 x",
            "entrada-parts 1 a 1 1 x more",
        ] {
            small.items.save("name", head.as_bytes()).unwrap();
            assert!(
                matches!(split.load("name").unwrap_err().reason, StoreErrorKind::Corrupt(_)),
                "{head}"
            );
        }
        small.items.save("name", b"entrada-parts 2 whatever").unwrap();
        assert_eq!(split.load("name").unwrap_err().reason, StoreErrorKind::Newer(2));
        assert!(split.remove("name").unwrap());
        assert_eq!(items(&small), 0);
    }

    #[test]
    fn an_incomplete_set_is_moved_aside_with_all_its_parts() {
        let (small, split) = split();
        let value: Vec<u8> = (0..9_000_u32).map(|n| (n % 251) as u8).collect();
        split.save("name", &value).unwrap();
        small.items.remove(&part_name("name", 'a', 3)).unwrap();
        assert!(split.load("name").is_err());
        split.move_item("name", "new_name").unwrap();
        let kept = split.load("new_name").unwrap().unwrap();
        assert!(kept.starts_with(MAGIC.as_bytes()));
        assert!(kept.ends_with(&value[..3 * 2560]));
        split.save("name", b"new").unwrap();
        assert_eq!(split.load("name").unwrap().unwrap().as_slice(), b"new");
    }
}
