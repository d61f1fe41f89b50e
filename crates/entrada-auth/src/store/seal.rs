//! Encryption of one item: XChaCha20-Poly1305 with a key, or with a passphrase through Argon2id.

use std::cell::RefCell;
use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::{BackendError, Bytes, StoreErrorKind};
use entrada_core::Secret;

/// A command of this platform that prints a new key.
#[cfg(not(windows))]
pub const MAKE_KEY: &str = "openssl rand -base64 32";
/// A command of this platform, for PowerShell, that prints a new key.
#[cfg(windows)]
pub const MAKE_KEY: &str = "$b = New-Object byte[] 32; [Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($b); \
    [Convert]::ToBase64String($b)";

/// First bytes of a sealed item. After them: version (1), key type (1), salt (16), nonce (24), length of the name (2,
/// big-endian), the name in plain text; then the ciphertext with its tag. Everything before the ciphertext is
/// authenticated.
const MAGIC: &[u8; 8] = b"entrada\0";
const VERSION: u8 = 1;
const SALT: std::ops::Range<usize> = 10..26;
const NONCE: std::ops::Range<usize> = 26..50;
const NAME_AT: usize = 52;

/// Argon2id parameters that RFC 9106 §4 recommends for little memory: 64 MiB, three passes. One lane, because entrada
/// derives on one thread.
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;

/// The source of the encrypted store's key.
#[derive(Clone, Debug)]
pub enum StoreKey {
    /// 32 bytes as base64 or hex, from `ENTRADA_STORE_KEY` or a file.
    Raw(Secret),
    /// A passphrase that the user chose.
    Passphrase(Secret),
}

type Salt = [u8; 16];

/// 32 bytes, zeroed when dropped.
pub(super) type KeyBytes = Zeroizing<[u8; 32]>;

/// Seals and opens items with one key.
pub(super) struct Sealer {
    source: KeySource,
    /// The last salt and the key derived from it, because deriving a key is slow by design.
    derived: RefCell<Option<(Salt, KeyBytes)>>,
}

enum KeySource {
    StoreKey(KeyBytes),
    Passphrase(Secret),
}

impl Sealer {
    /// A sealer with the key that `key` gives.
    pub(super) fn new(key: &StoreKey) -> Result<Self, BackendError> {
        let source = match key {
            StoreKey::Raw(text) => KeySource::StoreKey(parse_key(text.expose())?),
            StoreKey::Passphrase(text) if text.expose().is_empty() => {
                return Err(BackendError::denied("the passphrase of the store is empty"));
            }
            StoreKey::Passphrase(text) => KeySource::Passphrase(text.clone()),
        };
        Ok(Self { source, derived: RefCell::default() })
    }

    /// A sealer with `key` itself.
    pub(super) fn with(key: KeyBytes) -> Self {
        Self { source: KeySource::StoreKey(key), derived: RefCell::default() }
    }

    /// Whether the key is derived with a salt.
    pub(super) fn is_salted(&self) -> bool {
        matches!(self.source, KeySource::Passphrase(_))
    }

    /// Encrypts `plain` as the item `name`. `like` is a sealed item whose salt may be reused.
    pub(super) fn seal(
        &self,
        name: &str,
        plain: &[u8],
        like: Option<&[u8]>,
    ) -> Result<Vec<u8>, BackendError> {
        let name_length = u16::try_from(name.len())
            .map_err(|_| BackendError::denied("the item's name is longer than 65535 bytes"))?;
        let mut sealed = Vec::with_capacity(NAME_AT + name.len() + plain.len() + 16);
        sealed.extend_from_slice(MAGIC);
        sealed.extend_from_slice(&[VERSION, self.keying()]);
        sealed.extend_from_slice(&self.salt(like)?);
        sealed.extend_from_slice(&random::<24>()?);
        sealed.extend_from_slice(&name_length.to_be_bytes());
        sealed.extend_from_slice(name.as_bytes());
        let cipher = self.cipher(&sealed)?;
        let payload = Payload { msg: plain, aad: &sealed };
        let ciphertext = cipher
            .encrypt(XNonce::from_slice(&sealed[NONCE]), payload)
            .map_err(|_| BackendError::denied("the item could not be encrypted"))?;
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Decrypts `sealed`, which must be the item `name`.
    pub(super) fn open(&self, name: &str, sealed: &[u8]) -> Result<Bytes, BackendError> {
        let (own_name, head) = parse(sealed)?;
        if own_name != name {
            return Err(BackendError::corrupt("the file holds another item"));
        }
        if head[9] != self.keying() {
            let (made_with, given) =
                if self.is_salted() { ("key", "passphrase") } else { ("passphrase", "key") };
            return Err(BackendError::new(StoreErrorKind::WrongKeyKind { made_with, given }));
        }
        let payload = Payload { msg: &sealed[head.len()..], aad: head };
        self.cipher(head)?
            .decrypt(XNonce::from_slice(&head[NONCE]), payload)
            .map(Bytes::new)
            .map_err(|_| {
                let what = if self.is_salted() { "passphrase" } else { "key" };
                BackendError::new(StoreErrorKind::WrongKey(format!("wrong {what} or altered file")))
            })
    }

    /// The header byte for the key type.
    fn keying(&self) -> u8 {
        u8::from(self.is_salted())
    }

    fn salt(&self, like: Option<&[u8]>) -> Result<Salt, BackendError> {
        if !self.is_salted() {
            return Ok(Salt::default());
        }
        let like = like.and_then(|sealed| parse(sealed).ok()).map(|(_, head)| head);
        match (like.filter(|head| head[9] == self.keying()), &*self.derived.borrow()) {
            (Some(head), _) => Ok(salt_of(head)),
            (None, Some((salt, _))) => Ok(*salt),
            (None, None) => random(),
        }
    }

    fn cipher(&self, head: &[u8]) -> Result<XChaCha20Poly1305, BackendError> {
        let passphrase = match &self.source {
            KeySource::StoreKey(key) => return Ok(XChaCha20Poly1305::new(key.as_slice().into())),
            KeySource::Passphrase(passphrase) => passphrase,
        };
        let salt = salt_of(head);
        let mut derived = self.derived.borrow_mut();
        if derived.as_ref().is_none_or(|(own, _)| *own != salt) {
            *derived = Some((salt, derive(passphrase, &salt)?));
        }
        let key = derived.as_ref().map(|(_, key)| key.as_slice()).unwrap_or_default();
        XChaCha20Poly1305::new_from_slice(key).map_err(|_| not_a_key())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(redacted)")
    }
}

/// The name of a sealed item. The name is not secret, and reading it needs no key.
pub(super) fn name_of(sealed: &[u8]) -> Result<String, BackendError> {
    parse(sealed).map(|(name, _)| name.to_owned())
}

/// Whether a sealed item is encrypted with a passphrase. Finding out needs no key.
pub(super) fn is_under_passphrase(sealed: &[u8]) -> Result<bool, BackendError> {
    parse(sealed).map(|(_, head)| head[9] != 0)
}

/// `N` random bytes.
pub(super) fn random<const N: usize>() -> Result<[u8; N], BackendError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        BackendError::denied("the system did not provide random bytes")
            .with_source(error.to_string())
    })?;
    Ok(bytes)
}

/// Thirty-two bytes from base64 (either alphabet, padded or not) or hex.
pub(super) fn parse_key(text: &str) -> Result<KeyBytes, BackendError> {
    let mut key = KeyBytes::default();
    if text.len() == 64 {
        for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| not_a_key())?;
            let digits = digits.strip_prefix('+').map_or(digits, |_| "-");
            *byte = u8::from_str_radix(digits, 16).map_err(|_| not_a_key())?;
        }
        return Ok(key);
    }
    let bare = text.trim_end_matches('=');
    let bytes = STANDARD_NO_PAD.decode(bare).or_else(|_| URL_SAFE_NO_PAD.decode(bare));
    let bytes = bytes.map(Zeroizing::new).map_err(|_| not_a_key())?;
    if bytes.len() != key.len() {
        return Err(not_a_key());
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

fn not_a_key() -> BackendError {
    BackendError::denied(format!(
        "the store's key is not valid: expected 32 bytes as base64 or hex; make one with `{MAKE_KEY}`"
    ))
}

/// The name and the header (both authenticated and in plain text) of a sealed item.
fn parse(sealed: &[u8]) -> Result<(&str, &[u8]), BackendError> {
    if !sealed.starts_with(MAGIC) {
        return Err(BackendError::corrupt("not written by entrada"));
    }
    match sealed.get(8) {
        Some(&VERSION) => (),
        Some(&newer) if VERSION < newer => {
            return Err(BackendError::new(StoreErrorKind::Newer(newer.into())));
        }
        _ => return Err(BackendError::corrupt("the file is truncated")),
    }
    let short = || BackendError::corrupt("the file is truncated");
    let length = sealed.get(NAME_AT - 2..NAME_AT).ok_or_else(short)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    let head = sealed.get(..NAME_AT + length).ok_or_else(short)?;
    let name = std::str::from_utf8(&head[NAME_AT..]);
    Ok((name.map_err(|_| BackendError::corrupt("wrong key or altered file"))?, head))
}

fn salt_of(head: &[u8]) -> Salt {
    let mut salt = Salt::default();
    salt.copy_from_slice(&head[SALT]);
    salt
}

fn derive(passphrase: &Secret, salt: &Salt) -> Result<KeyBytes, BackendError> {
    let refuse = |error: argon2::Error| {
        BackendError::denied("no key could be derived from the passphrase")
            .with_source(error.to_string())
    };
    let mut key = KeyBytes::default();
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(key.len())).map_err(refuse)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), salt, key.as_mut_slice())
        .map_err(refuse)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(byte: u8) -> Sealer {
        Sealer::with(KeyBytes::new([byte; 32]))
    }

    #[test]
    fn keys_are_read_from_base64_and_hex_and_nothing_else() {
        let hex = "00ff".repeat(16);
        let expected = parse_key(&hex).unwrap();
        assert_eq!(expected[..4], [0, 255, 0, 255]);
        for text in [
            "AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8=",
            "AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8",
            "AP8A_wD_AP8A_wD_AP8A_wD_AP8A_wD_AP8A_wD_AP8=",
        ] {
            assert_eq!(parse_key(text).unwrap(), expected, "{text}");
        }
        for text in ["", "hunter2", "AP8A", &hex[1..], &"+f".repeat(32), &"é".repeat(32)] {
            let fault = parse_key(text).unwrap_err();
            assert!(fault.reason.to_string().contains(MAKE_KEY), "{text}");
            assert!(text.is_empty() || !format!("{fault:?}").contains(text));
        }
    }

    #[test]
    fn every_altered_byte_is_noticed() {
        let sealed = raw(1).seal("name", b"secret", None).unwrap();
        assert_eq!(raw(1).open("name", &sealed).unwrap().as_slice(), b"secret");
        for index in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[index] ^= 1;
            assert!(raw(1).open("name", &altered).is_err(), "byte {index}");
            assert!(raw(1).open("name", &sealed[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn a_wrong_key_is_reported_as_wrong() {
        let sealed = raw(1).seal("name", b"secret", None).unwrap();
        let wrong = raw(2).open("name", &sealed).unwrap_err().reason;
        assert_eq!(wrong, StoreErrorKind::WrongKey("wrong key or altered file".to_owned()));
        let mut newer = sealed;
        newer[8] = 2;
        assert_eq!(raw(1).open("name", &newer).unwrap_err().reason, StoreErrorKind::Newer(2));
    }

    #[test]
    fn an_item_cannot_pass_for_another() {
        let sealed = raw(1).seal("name", b"secret", None).unwrap();
        assert!(raw(1).open("eman", &sealed).is_err());
        assert_eq!(name_of(&sealed).unwrap(), "name");
    }

    #[test]
    fn a_passphrase_opens_what_it_sealed_and_its_salt_is_used_again() {
        let sealer = Sealer::new(&StoreKey::Passphrase(Secret::new("correct horse"))).unwrap();
        let first = sealer.seal("a", b"1", None).unwrap();
        let second = sealer.seal("b", b"2", Some(&first)).unwrap();
        assert_eq!(first[SALT], second[SALT]);
        assert_ne!(first[SALT], Salt::default());
        assert_ne!(first[NONCE], second[NONCE]);
        let fresh = Sealer::new(&StoreKey::Passphrase(Secret::new("correct horse"))).unwrap();
        assert_eq!(fresh.open("b", &second).unwrap().as_slice(), b"2");
        let wrong = Sealer::new(&StoreKey::Passphrase(Secret::new("wrong"))).unwrap();
        assert!(wrong.open("b", &second).is_err());
        assert!(raw(1).open("b", &second).unwrap_err().reason.to_string().contains("passphrase"));
        assert!(Sealer::new(&StoreKey::Passphrase(Secret::new(""))).is_err());
    }
}
