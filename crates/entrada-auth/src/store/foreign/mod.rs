//! Readers and a writer for the token caches of other programs.

mod msal;
pub mod pizauth;

use serde_json::{Map, Value};

use super::{Bytes, Grant, GrantKey};
use entrada_core::{NumericDate, ScopeSet, Secret};

/// Another program's refresh token, with its metadata.
#[derive(Debug)]
#[non_exhaustive]
pub struct ForeignToken {
    /// The refresh token.
    pub refresh_token: Secret,
    /// The `client_id` that it was issued to.
    pub client_id: Option<String>,
    /// The authority's host.
    pub host: Option<String>,
    /// The provider that issued it, as the program names it: `microsoft`, `google`.
    pub provider: Option<String>,
    /// The account's home tenant.
    pub tenant: Option<String>,
    /// The account, as the program names it.
    pub account: Option<String>,
    /// The scopes of the access tokens next to it.
    pub scopes: Option<ScopeSet>,
    /// When the user signed in, if the program says so.
    pub signed_in_at: Option<NumericDate>,
}

/// The input holds no readable refresh token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignError {
    /// The input is not JSON.
    #[error("it is not JSON; if it is an encrypted cache, decrypt it first")]
    NotJson,
    /// A pizauth dump of an unknown format version.
    #[error("it is a pizauth dump in format {0}, which entrada does not support")]
    NewerDump(u64),
    /// A pizauth dump that cannot be parsed.
    #[error("it is a pizauth dump, but its contents are not in the format that pizauth writes")]
    Dump,
    /// The input contains no refresh token.
    #[error("it contains no refresh token")]
    Nothing,
}

/// Reads an MSAL cache (Python, .NET, the Azure CLI), a token file of `mutt_oauth2.py`, oama or ortie, or a token
/// response. The input is JSON, as one document or one object per line.
///
/// # Errors
///
/// [`ForeignError`] if `text` is none of these, or holds no refresh token.
pub fn read(text: &str) -> Result<Vec<ForeignToken>, ForeignError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let values: Vec<Value> = serde_json::Deserializer::from_str(text)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|_| ForeignError::NotJson)?;
    let mut found = Vec::new();
    for value in &values {
        let objects: Vec<&Map<String, Value>> = match value {
            Value::Object(object) => vec![object],
            Value::Array(all) => all.iter().filter_map(Value::as_object).collect(),
            _ => Vec::new(),
        };
        for object in objects {
            match msal::read(object) {
                Some(all) => found.extend(all),
                None => found.extend(plain(object)),
            }
        }
    }
    if found.is_empty() { Err(ForeignError::Nothing) } else { Ok(found) }
}

/// Writes `grant`, stored under `key`, as an MSAL cache in JSON. `environment` is the authority's host. Access tokens
/// that are expired at `now` are left out.
///
/// # Errors
///
/// What serde_json says of a grant that has no form in JSON.
pub fn to_msal(
    key: &GrantKey,
    grant: &Grant,
    environment: &str,
    now: NumericDate,
) -> std::io::Result<Bytes> {
    Ok(msal::write(key, grant, environment, now)?)
}

/// A token response, possibly with an email address in it.
fn plain(object: &Map<String, Value>) -> Option<ForeignToken> {
    let first =
        |names: &[&str]| names.iter().find_map(|name| text(object, name)).map(str::to_owned);
    Some(ForeignToken {
        refresh_token: Secret::new(first(&["refresh_token", "refreshToken"])?),
        client_id: first(&["client_id", "clientId"]),
        host: None,
        provider: first(&["registration", "service", "provider"]),
        tenant: first(&["tenant", "tenant_id"]),
        account: first(&["email", "username", "account", "user"]),
        scopes: first(&["scope"]).map(|scope| ScopeSet::parse(&scope)),
        signed_in_at: None,
    })
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_msal_cache_names_the_account_of_each_token() {
        let cache = r#"{
            "Account": {"a": {"home_account_id": "u.t1", "username": "ada@contoso.example"}},
            "RefreshToken": {
                "r": {"home_account_id": "u.t1", "environment": "login.microsoftonline.com", "client_id": "c1", "secret": "one"},
                "s": {"home_account_id": "u.t2", "client_id": "c2", "secret": "two"}
            },
            "AccessToken": {"x": {"home_account_id": "u.t1", "client_id": "c1", "target": "Mail.Read User.Read", "secret": "no"}}
        }"#;
        let found = read(cache).unwrap();
        let first = &found[0];
        assert_eq!(first.refresh_token.expose(), "one");
        assert_eq!(first.account.as_deref(), Some("ada@contoso.example"));
        assert_eq!((first.client_id.as_deref(), first.tenant.as_deref()), (Some("c1"), Some("t1")));
        assert_eq!(first.scopes, Some(ScopeSet::parse("Mail.Read User.Read")));
        assert_eq!((found[1].account.clone(), found[1].scopes.clone()), (None, None));
    }

    #[test]
    fn plain_token_files_are_read_one_or_many() {
        let mutt = r#"{"registration": "microsoft", "authflow": "devicecode", "email": "ada@contoso.example",
            "access_token": "a", "access_token_expiration": "2026-01-01T00:00:00", "refresh_token": "r1"}"#;
        let found =
            read(&format!("{mutt}\n{{\"refresh_token\":\"r2\",\"scope\":\"x y\"}}\n")).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].account.as_deref(), Some("ada@contoso.example"));
        assert_eq!(found[1].scopes, Some(ScopeSet::parse("x y")));
    }

    #[test]
    fn a_file_without_tokens_and_an_unreadable_file_give_different_errors() {
        assert_eq!(read("{}").unwrap_err(), ForeignError::Nothing);
        assert_eq!(read(r#"{"refresh_token":""}"#).unwrap_err(), ForeignError::Nothing);
        assert_eq!(read("-----BEGIN PGP MESSAGE-----").unwrap_err(), ForeignError::NotJson);
    }
}
