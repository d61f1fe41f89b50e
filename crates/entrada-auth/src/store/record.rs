//! A grant as text: `entrada 1 <SHA-256 of the rest>`, a line feed, then JSON.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{BackendError, Bytes, CachedToken, Grant, GrantKey, StoreErrorKind, hex};
use entrada_core::{Account, ClaimsRequest, Endpoints, NumericDate, ScopeSet, Secret};

const MAGIC: &str = "entrada";
const VERSION: u64 = 1;

/// The expected size of a record without its tokens, in bytes.
const SLACK: usize = 4096;

/// The grant under `key` as text, in UTF-8.
pub(super) fn write(key: &GrantKey, grant: &Grant) -> Result<Bytes, BackendError> {
    let tokens = grant.access_tokens.iter().map(|token| token.access_token.expose().len() + 512);
    let refresh = grant.refresh_token.as_ref().map_or(0, |token| token.expose().len());
    // The buffer has its final size from the start: a growing buffer leaves unwiped copies in memory.
    let room = SLACK + refresh + tokens.sum::<usize>();
    let mut json = Bytes::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *json, &StoredGrant::new(key, grant)).map_err(|error| {
        BackendError::denied("the grant could not be written").with_source(error)
    })?;
    let mut text = Bytes::new(Vec::with_capacity(json.len() + 128));
    let head = format!("{MAGIC} {VERSION} {}\n", hex(&Sha256::digest(&json)));
    text.extend_from_slice(head.as_bytes());
    text.extend_from_slice(&json);
    Ok(text)
}

/// The grant in `text`, and its key.
pub(super) fn read(text: &[u8]) -> Result<(GrantKey, Grant), BackendError> {
    let foreign = || BackendError::corrupt("not written by entrada");
    let line = text.iter().position(|&byte| byte == b'\n').unwrap_or(text.len());
    let head = std::str::from_utf8(&text[..line.min(256)]).map_err(|_| foreign())?;
    let mut words = head.split(' ');
    if words.next() != Some(MAGIC) {
        return Err(foreign());
    }
    let version: u64 = words.next().and_then(|word| word.parse().ok()).ok_or_else(foreign)?;
    match version {
        VERSION => (),
        0 => return Err(foreign()),
        newer => return Err(BackendError::new(StoreErrorKind::Newer(newer))),
    }
    let json = text.get(line + 1..).unwrap_or_default();
    if words.next() != Some(hex(&Sha256::digest(json)).as_str()) || words.next().is_some() {
        return Err(BackendError::corrupt("truncated or altered"));
    }
    // The parser's error text could quote a part of a token.
    let wire: StoredGrant = serde_json::from_slice(json)
        .map_err(|_| BackendError::corrupt("its JSON members are not those of a grant"))?;
    Ok(wire.into_grant())
}

/// Version 1 of the record. It is separate from [`Grant`], which may change.
#[derive(Serialize, Deserialize)]
struct StoredGrant {
    authority: String,
    tenant: String,
    client_id: String,
    filed_under: String,
    account: Account,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<WireSecret>,
    refreshed_at: NumericDate,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_expires_at: Option<NumericDate>,
    /// 0 if unknown, because older versions of entrada expect a number.
    signed_in_at: NumericDate,
    grant_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoints: Option<Endpoints>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    access_tokens: Vec<WireToken>,
}

#[derive(Serialize, Deserialize)]
struct WireToken {
    access_token: WireSecret,
    requested: String,
    /// One line of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    granted: Option<String>,
    received_at: NumericDate,
    expires_at: NumericDate,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_at: Option<NumericDate>,
}

/// A secret that is serialized into or parsed from a record.
struct WireSecret(Secret);

impl StoredGrant {
    fn new(key: &GrantKey, grant: &Grant) -> Self {
        Self {
            authority: key.authority.clone(),
            tenant: key.tenant.clone(),
            client_id: key.client_id.clone(),
            filed_under: key.account.clone(),
            account: grant.account.clone(),
            refresh_token: grant.refresh_token.clone().map(WireSecret),
            refreshed_at: grant.refreshed_at,
            refresh_expires_at: grant.refresh_expires_at,
            signed_in_at: grant.signed_in_at.unwrap_or_default(),
            grant_type: grant.grant_type.clone(),
            endpoints: grant.endpoints.clone(),
            access_tokens: grant.access_tokens.iter().map(WireToken::new).collect(),
        }
    }

    fn into_grant(self) -> (GrantKey, Grant) {
        let key = GrantKey {
            authority: self.authority,
            tenant: self.tenant,
            client_id: self.client_id,
            account: self.filed_under,
        };
        let grant = Grant {
            account: self.account,
            refresh_token: self.refresh_token.map(|token| token.0),
            refreshed_at: self.refreshed_at,
            refresh_expires_at: self.refresh_expires_at,
            signed_in_at: Some(self.signed_in_at).filter(|at| *at != NumericDate::default()),
            grant_type: self.grant_type,
            endpoints: self.endpoints,
            access_tokens: self.access_tokens.into_iter().map(WireToken::into_token).collect(),
        };
        (key, grant)
    }
}

impl WireToken {
    fn new(token: &CachedToken) -> Self {
        Self {
            access_token: WireSecret(token.access_token.clone()),
            requested: token.requested.to_string(),
            claims: token.claims.as_ref().map(ToString::to_string),
            granted: token.granted.as_ref().map(ToString::to_string),
            received_at: token.received_at,
            expires_at: token.expires_at,
            refresh_at: token.refresh_at,
        }
    }

    fn into_token(self) -> CachedToken {
        CachedToken {
            access_token: self.access_token.0,
            requested: ScopeSet::parse(&self.requested),
            claims: self.claims.and_then(|claims| ClaimsRequest::parse(&claims).ok()),
            granted: self.granted.as_deref().map(ScopeSet::parse),
            received_at: self.received_at,
            expires_at: self.expires_at,
            refresh_at: self.refresh_at,
        }
    }
}

impl Serialize for WireSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for WireSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = WireSecret;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a secret text")
            }
            fn visit_str<E>(self, text: &str) -> Result<WireSecret, E> {
                Ok(WireSecret(Secret::new(text)))
            }
            fn visit_string<E>(self, text: String) -> Result<WireSecret, E> {
                let text = Zeroizing::new(text);
                Ok(WireSecret(Secret::new(text.as_str())))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::store) fn key() -> GrantKey {
        GrantKey {
            authority: "https://login.example".to_owned(),
            tenant: "common".to_owned(),
            client_id: "11111111-2222".to_owned(),
            account: "uid.utid".to_owned(),
        }
    }

    pub(in crate::store) fn grant(refresh_token: &str, refreshed_at: i64) -> Grant {
        let token = CachedToken {
            access_token: Secret::new("access\u{1b}\"é"),
            requested: ScopeSet::parse("Mail.Read offline_access"),
            claims: Some(ClaimsRequest::cp1()),
            granted: Some(ScopeSet::parse("Mail.Read")),
            received_at: NumericDate(refreshed_at),
            expires_at: NumericDate(refreshed_at + 3600),
            refresh_at: None,
        };
        let username = Some("ada@example.com".to_owned());
        Grant {
            account: Account { id: "uid.utid".to_owned(), username, ..Account::default() },
            refresh_token: Some(Secret::new(refresh_token)),
            refreshed_at: NumericDate(refreshed_at),
            refresh_expires_at: Some(NumericDate(refreshed_at + 90 * 86_400)),
            signed_in_at: Some(NumericDate(17)),
            grant_type: "device_code".to_owned(),
            endpoints: None,
            access_tokens: vec![token],
        }
    }

    /// The whole grant as text, including secrets, which `Debug` would hide from the comparison.
    pub(in crate::store) fn all(grant: &Grant) -> String {
        let secrets: Vec<_> = grant.access_tokens.iter().map(|t| t.access_token.expose()).collect();
        let refresh = grant.refresh_token.as_ref().map(Secret::expose);
        format!("{grant:?} {refresh:?} {secrets:?}")
    }

    fn reason(text: &[u8]) -> StoreErrorKind {
        read(text).unwrap_err().reason
    }

    #[test]
    fn a_written_record_is_read_back() {
        let mut full = grant("refresh", 1000);
        full.endpoints = Some(Endpoints {
            issuer: None,
            token: url::Url::parse("https://idp.example/token").unwrap(),
            device_authorization: None,
            authorization: None,
            keys: None,
            revocation: None,
            iss_parameter_supported: false,
        });
        let mut empty = grant("", 0);
        (empty.refresh_token, empty.access_tokens) = (None, Vec::new());
        for grant in [full, empty] {
            let text = write(&key(), &grant).unwrap();
            assert!(std::str::from_utf8(&text).is_ok());
            let (own_key, own) = read(&text).unwrap();
            assert_eq!(own_key, key());
            assert_eq!(all(&own), all(&grant));
        }
    }

    #[test]
    fn every_truncation_and_every_altered_byte_is_damage() {
        let text = write(&key(), &grant("refresh", 1000)).unwrap();
        for end in 0..text.len() {
            assert!(matches!(reason(&text[..end]), StoreErrorKind::Corrupt(_)), "cut at {end}");
        }
        for index in 0..text.len() {
            let mut altered = text.to_vec();
            altered[index] ^= 1;
            // A changed version digit may read as a newer version.
            let found = reason(&altered);
            assert!(
                matches!(found, StoreErrorKind::Corrupt(_) | StoreErrorKind::Newer(_)),
                "byte {index}"
            );
        }
        let longer = [text.as_slice(), b" "].concat();
        assert!(matches!(reason(&longer), StoreErrorKind::Corrupt(_)));
    }

    #[test]
    fn foreign_and_newer_items_give_different_errors() {
        for foreign in
            ["", " ", "{}", "entrada", "entrada\n{}", "entrada x y\n", "\u{feff}entrada 1"]
        {
            assert_eq!(
                reason(foreign.as_bytes()),
                StoreErrorKind::Corrupt("not written by entrada".to_owned())
            );
        }
        assert!(matches!(reason(b"\xff\xfe\0"), StoreErrorKind::Corrupt(_)));
        assert_eq!(reason(b"entrada 2 whatever comes"), StoreErrorKind::Newer(2));
        let json = "{}";
        let text = format!("entrada 1 {}\n{json}", hex(&Sha256::digest(json)));
        assert!(matches!(reason(text.as_bytes()), StoreErrorKind::Corrupt(_)));
    }
}
