//! Tests that every backend must pass. Each backend's own tests run them.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test")]

use super::Backend;

/// Runs all contract tests on `store`. The store must not hold the names used here; the tests remove what they write.
pub fn check(store: &dyn Backend) {
    absent_is_none(store);
    saving_replaces(store);
    removing_is_idempotent(store);
    any_bytes_and_sizes_are_read_back(store);
    names_are_kept_apart(store);
}

fn read(store: &dyn Backend, name: &str) -> Option<Vec<u8>> {
    store.load(name).unwrap().map(|bytes| bytes.to_vec())
}

fn absent_is_none(store: &dyn Backend) {
    assert_eq!(read(store, "contract|absent"), None);
}

fn saving_replaces(store: &dyn Backend) {
    let name = "contract|replaced";
    for value in ["first", "second, longer", "3"] {
        store.save(name, value.as_bytes()).unwrap();
        assert_eq!(read(store, name).unwrap(), value.as_bytes());
    }
    if let Some(names) = store.names().unwrap() {
        assert_eq!(names.iter().filter(|own| *own == name).count(), 1, "one item per name");
    }
    store.remove(name).unwrap();
}

fn removing_is_idempotent(store: &dyn Backend) {
    let name = "contract|removed";
    store.save(name, b"value").unwrap();
    assert!(store.remove(name).unwrap());
    assert!(!store.remove(name).unwrap());
    assert_eq!(read(store, name), None);
}

fn any_bytes_and_sizes_are_read_back(store: &dyn Backend) {
    let name = "contract|bytes";
    let text = "NUL \0, CR LF \r\n, ESC \u{1b}[2J, RTL \u{202e}, Ωß𝄞 🗝\n".to_owned();
    let sizes = [1, 2559, 2560, 2561, 10_000, 100_000];
    let long = sizes.map(|size| "abcdefg\n".repeat(size / 8 + 1)[..size].to_owned());
    for value in [String::new(), text].into_iter().chain(long) {
        if store.item_max().is_some_and(|max| max < value.len()) {
            assert!(store.save(name, value.as_bytes()).is_err(), "too large, but accepted");
            continue;
        }
        store.save(name, value.as_bytes()).unwrap();
        assert!(read(store, name).unwrap() == value.as_bytes(), "{} bytes changed", value.len());
    }
    store.remove(name).unwrap();
}

fn names_are_kept_apart(store: &dyn Backend) {
    let names = [
        "https://login.example/x|common|11111111-2222|uid.utid",
        "https://login.example/x|common|11111111-2222|uid.utid2",
        "https://LOGIN.example/x|common|11111111-2222|uid.utid",
        "https://login.example/x||client ü/../..|auth0|5 '\"\\*?[a]",
    ];
    for name in names {
        store.save(name, name.as_bytes()).unwrap();
    }
    for name in names {
        assert_eq!(read(store, name).unwrap(), name.as_bytes());
    }
    if let Some(known) = store.names().unwrap() {
        for name in names {
            assert!(known.iter().any(|own| own == name), "{name} is not listed");
        }
    }
    for name in names {
        assert!(store.remove(name).unwrap(), "{name} was missing");
    }
    if let Some(known) = store.names().unwrap() {
        assert!(!names.iter().any(|name| known.iter().any(|own| own == name)));
    }
}
