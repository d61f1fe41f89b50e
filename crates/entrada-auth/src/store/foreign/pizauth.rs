//! The output of `pizauth dump`: a nonce, then the state encrypted with ChaCha20-Poly1305. The key is in pizauth's
//! source code: it hides the tokens from `grep`, not from readers. The state is in bincode 1 format: little-endian
//! numbers, lengths of eight bytes, enum variants of four bytes, `Option` tags of one byte.

use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use url::Url;
use zeroize::Zeroizing;

use super::{ForeignError, ForeignToken};
use entrada_core::{ScopeSet, Secret};

/// `CHACHA20_KEY` of pizauth's `state.rs`.
const KEY: [u8; 32] = [
    0x66, 0xa2, 0x47, 0xa8, 0x5e, 0x48, 0xcf, 0xec, 0xaa, 0xed, 0x9b, 0x36, 0xeb, 0xa9, 0x7d, 0x53,
    0x50, 0xd4, 0x28, 0x63, 0x75, 0x09, 0x7a, 0x44, 0xee, 0xff, 0xb9, 0xc4, 0x54, 0x6b, 0x65, 0xa3,
];
const NONCE: usize = 12;
/// `DUMP_VERSION` of pizauth's `state.rs`.
const VERSION: u64 = 1;

/// The refresh tokens of a dump; `None` if it is not a pizauth dump.
pub fn read(dump: &[u8]) -> Option<Result<Vec<ForeignToken>, ForeignError>> {
    let (nonce, sealed) = dump.split_at_checked(NONCE)?;
    let cipher = ChaCha20Poly1305::new(&KEY.into());
    // Data that this key decrypts was written by pizauth.
    let state = Zeroizing::new(cipher.decrypt(Nonce::from_slice(nonce), sealed).ok()?);
    Some(state_of(&mut Reader(&state)))
}

fn state_of(reader: &mut Reader<'_>) -> Result<Vec<ForeignToken>, ForeignError> {
    let version = reader.number()?;
    if version != VERSION {
        return Err(ForeignError::NewerDump(version));
    }
    let found = accounts(reader)?;
    if !reader.0.is_empty() {
        return Err(Broken.into());
    }
    if found.is_empty() { Err(ForeignError::Nothing) } else { Ok(found) }
}

/// `HashMap<String, (AccountDump, TokenStateDump)>`.
fn accounts(reader: &mut Reader<'_>) -> Result<Vec<ForeignToken>, Broken> {
    let mut found = Vec::new();
    for _ in 0..reader.number()? {
        let name = reader.text()?;
        let _auth_uri = reader.text()?;
        let mut hint = None;
        for _ in 0..reader.number()? {
            let (field, value) = (reader.text()?, reader.text()?);
            if field == "login_hint" {
                hint = Some(value);
            }
        }
        let client_id = reader.text()?;
        let _client_secret = reader.option(Reader::text)?;
        let _redirect_uri = reader.text()?;
        let mut scopes = ScopeSet::default();
        for _ in 0..reader.number()? {
            scopes.insert(reader.text()?);
        }
        let token_uri = Url::parse(reader.text()?).ok();
        let Some(refresh_token) = refresh_token(reader)? else { continue };
        let account = hint.or_else(|| name.contains('@').then_some(name));
        let path = token_uri.as_ref().map(Url::path);
        let tenant = path.and_then(|path| path.strip_suffix("/oauth2/v2.0/token"));
        found.push(ForeignToken {
            refresh_token,
            client_id: Some(client_id.to_owned()),
            // A token without a host has no known authority, and must not be sent to an arbitrary one.
            provider: token_uri.is_none().then(|| "unknown".to_owned()),
            host: token_uri.as_ref().and_then(Url::host_str).map(str::to_owned),
            tenant: tenant.map(|path| path.trim_start_matches('/').to_owned()),
            account: account.map(str::to_owned),
            scopes: Some(scopes),
            signed_in_at: None,
        });
    }
    Ok(found)
}

/// `TokenStateDump`: empty, or tokens with two times of seconds and nanoseconds.
fn refresh_token(reader: &mut Reader<'_>) -> Result<Option<Secret>, Broken> {
    match reader.variant()? {
        0 => Ok(None),
        1 => {
            let _access_token = reader.text()?;
            for _obtained_and_expiry in 0..2 {
                reader.number()?;
                reader.variant()?;
            }
            Ok(reader.option(Reader::text)?.map(Secret::new))
        }
        _ => Err(Broken),
    }
}

/// The data ends too early, or has another format.
struct Broken;

impl From<Broken> for ForeignError {
    fn from(_: Broken) -> Self {
        Self::Dump
    }
}

/// The unread rest.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Broken)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u64, Broken> {
        self.take(8)?.try_into().map(u64::from_le_bytes).map_err(|_| Broken)
    }

    fn variant(&mut self) -> Result<u32, Broken> {
        self.take(4)?.try_into().map(u32::from_le_bytes).map_err(|_| Broken)
    }

    fn text(&mut self) -> Result<&'a str, Broken> {
        let length = usize::try_from(self.number()?).map_err(|_| Broken)?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Broken)
    }

    fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Broken>,
    ) -> Result<Option<T>, Broken> {
        match self.take(1)? {
            [0] => Ok(None),
            [1] => read(self).map(Some),
            _ => Err(Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written with pizauth's types and key by bincode 1.3. wincode 0.5, which pizauth uses now, writes the same
    /// bytes. The dump holds an Entra account with tokens, and a Google account without a sign-in.
    const DUMP: &[u8] = include_bytes!("pizauth.dump");

    fn sealed(state: &[u8]) -> Vec<u8> {
        let cipher = ChaCha20Poly1305::new(&KEY.into());
        let nonce = [9; NONCE];
        [&nonce, cipher.encrypt(Nonce::from_slice(&nonce), state).unwrap().as_slice()].concat()
    }

    fn opened() -> Vec<u8> {
        let cipher = ChaCha20Poly1305::new(&KEY.into());
        cipher.decrypt(Nonce::from_slice(&DUMP[..NONCE]), &DUMP[NONCE..]).unwrap()
    }

    #[test]
    fn a_dump_names_the_account_of_each_token() {
        let found = read(DUMP).unwrap().unwrap();
        assert_eq!(found.len(), 1, "the other account has no sign-in");
        let one = &found[0];
        assert_eq!(one.refresh_token.expose(), "1.AXoArt");
        assert_eq!(one.client_id.as_deref(), Some("c1"));
        assert_eq!(one.host.as_deref(), Some("login.microsoftonline.com"));
        assert_eq!(one.tenant.as_deref(), Some("common"));
        assert_eq!(one.account.as_deref(), Some("ada@contoso.example"), "its `login_hint`");
        assert!(one.scopes.as_ref().unwrap().contains("https://outlook.office365.com/SMTP.Send"));
    }

    #[test]
    fn other_data_is_not_read_as_a_dump() {
        assert!(read(b"").is_none());
        assert!(read(br#"{"refresh_token":"r"}"#).is_none());
        let mut altered = DUMP.to_vec();
        altered[40] ^= 1;
        assert!(read(&altered).is_none());
    }

    #[test]
    fn a_truncated_newer_or_invalid_dump_is_an_error() {
        let state = opened();
        for end in 0..state.len() {
            let answer = read(&sealed(&state[..end])).unwrap();
            assert_eq!(answer.unwrap_err(), ForeignError::Dump, "cut at {end}");
        }
        let longer = [state.as_slice(), b"x"].concat();
        assert_eq!(read(&sealed(&longer)).unwrap().unwrap_err(), ForeignError::Dump);
        let newer = [&2_u64.to_le_bytes(), &state[8..]].concat();
        assert_eq!(read(&sealed(&newer)).unwrap().unwrap_err(), ForeignError::NewerDump(2));
        let endless = [1_u64.to_le_bytes(), u64::MAX.to_le_bytes()].concat();
        assert_eq!(read(&sealed(&endless)).unwrap().unwrap_err(), ForeignError::Dump);
        let empty = [1_u64.to_le_bytes(), 0_u64.to_le_bytes()].concat();
        assert_eq!(read(&sealed(&empty)).unwrap().unwrap_err(), ForeignError::Nothing);
    }
}
