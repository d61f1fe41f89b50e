//! What a key file contains: the key itself, or on Windows the key as the Data Protection API encrypts it for the user who made it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entrada_core::Secret;
use zeroize::Zeroizing;

/// The beginning of a protected key; the encrypted key follows in base64.
const MARK: &str = "dpapi:";

/// The content of a new key file for `key`.
///
/// # Errors
///
/// The reason, if Windows does not encrypt.
#[cfg(windows)]
pub(super) fn protect(key: &str) -> Result<Zeroizing<String>, String> {
    let encrypted = windows_dpapi::encrypt_data(key.as_bytes(), windows_dpapi::Scope::User, None)
        .map_err(|error| format!("{error:#}"))?;
    Ok(Zeroizing::new(format!("{MARK}{}\n", BASE64_STANDARD.encode(encrypted))))
}

#[cfg(not(windows))]
#[expect(clippy::unnecessary_wraps, reason = "Windows may refuse")]
pub(super) fn protect(key: &str) -> Result<Zeroizing<String>, String> {
    Ok(Zeroizing::new(format!("{key}\n")))
}

/// The key in `text`, the content of a key file.
///
/// # Errors
///
/// The reason, if Windows protects the key and does not decrypt it here.
pub(super) fn open(text: &str) -> Result<Secret, String> {
    let Some(encoded) = text.strip_prefix(MARK) else { return Ok(Secret::new(text)) };
    let encrypted =
        BASE64_STANDARD.decode(encoded.trim()).map_err(|_| "it is damaged".to_owned())?;
    decrypt(&encrypted)
}

#[cfg(windows)]
fn decrypt(encrypted: &[u8]) -> Result<Secret, String> {
    let key = windows_dpapi::decrypt_data(encrypted, windows_dpapi::Scope::User, None)
        .map(Zeroizing::new)
        .map_err(|_| ONLY_ITS_USER.to_owned())?;
    std::str::from_utf8(&key).map(Secret::new).map_err(|_| "it is damaged".to_owned())
}

#[cfg(not(windows))]
fn decrypt(_: &[u8]) -> Result<Secret, String> {
    Err(ONLY_ITS_USER.to_owned())
}

const ONLY_ITS_USER: &str =
    "Windows decrypts the key in it only for the user who made the file, on the same machine";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back() {
        let text = protect("5e5e").unwrap();
        assert_eq!(text.starts_with(MARK), cfg!(windows), "{}", *text);
        assert_eq!(open(text.trim()).unwrap().expose(), "5e5e");
    }

    #[test]
    fn a_key_without_protection_is_read_everywhere() {
        assert_eq!(open("5e5e").unwrap().expose(), "5e5e");
    }

    #[test]
    fn a_key_of_another_user_is_refused() {
        assert_eq!(open("dpapi:AAAA").unwrap_err(), ONLY_ITS_USER);
        assert_eq!(open("dpapi:%").unwrap_err(), "it is damaged");
    }
}
