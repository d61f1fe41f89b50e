//! The decrypted token cache of the MSAL libraries and of the Azure CLI: the "unified schema", a JSON object of
//! sections.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{ForeignToken, text};
use crate::store::{Bytes, Grant, GrantKey};
use entrada_core::{Jwt, NumericDate, ScopeSet, Secret};

/// The refresh tokens of `cache`; `None` if it is not an MSAL cache.
pub(super) fn read(cache: &Map<String, Value>) -> Option<Vec<ForeignToken>> {
    let refresh_tokens = cache.get("RefreshToken")?.as_object()?;
    let section = |name: &str| {
        let all = cache.get(name).and_then(Value::as_object);
        all.into_iter().flat_map(Map::values).filter_map(Value::as_object)
    };
    // The first entry of a name counts. A cache may have thousands of entries.
    let (mut accounts, mut targets, mut signed_in) =
        (HashMap::new(), HashMap::new(), HashMap::new());
    for entry in section("Account") {
        accounts.entry(text(entry, "home_account_id")).or_insert(text(entry, "username"));
    }
    for entry in section("AccessToken") {
        targets.entry(owner_of(entry)).or_insert(text(entry, "target"));
    }
    for entry in section("IdToken") {
        signed_in.entry(owner_of(entry)).or_insert_with(|| auth_time(entry));
    }
    let of_entry = |entry: &Map<String, Value>| {
        let (home, client_id) = owner_of(entry);
        Some(ForeignToken {
            refresh_token: Secret::new(text(entry, "secret")?),
            client_id: client_id.map(str::to_owned),
            host: text(entry, "environment").map(str::to_owned),
            provider: Some("microsoft".to_owned()),
            tenant: home
                .and_then(|home| home.rsplit_once('.'))
                .map(|(_, tenant)| tenant.to_owned()),
            account: accounts.get(&home).copied().flatten().map(str::to_owned),
            scopes: targets.get(&(home, client_id)).copied().flatten().map(ScopeSet::parse),
            signed_in_at: signed_in.get(&(home, client_id)).copied().flatten(),
        })
    };
    Some(refresh_tokens.values().filter_map(|entry| of_entry(entry.as_object()?)).collect())
}

fn owner_of(entry: &Map<String, Value>) -> (Option<&str>, Option<&str>) {
    (text(entry, "home_account_id"), text(entry, "client_id"))
}

/// When the user signed in, from the ID token (OIDC Core §2). No other member of a cache has that time.
fn auth_time(entry: &Map<String, Value>) -> Option<NumericDate> {
    let token = Jwt::decode_unverified(text(entry, "secret")?).ok()?;
    token.claims.time("auth_time")
}

/// The sections, as they are written. The schema stores as text what MSAL reads as numbers.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Cache<'a> {
    access_token: BTreeMap<String, AccessToken<'a>>,
    account: BTreeMap<String, MsalAccount<'a>>,
    refresh_token: BTreeMap<String, MsalRefreshToken<'a>>,
    app_metadata: BTreeMap<String, AppMetadata<'a>>,
}

#[derive(Serialize)]
struct AccessToken<'a> {
    credential_type: &'static str,
    secret: &'a str,
    home_account_id: &'a str,
    environment: &'a str,
    client_id: &'a str,
    target: String,
    realm: &'a str,
    token_type: &'static str,
    cached_at: String,
    expires_on: String,
    extended_expires_on: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_on: Option<String>,
}

#[derive(Serialize)]
struct MsalRefreshToken<'a> {
    credential_type: &'static str,
    secret: &'a str,
    home_account_id: &'a str,
    environment: &'a str,
    client_id: &'a str,
    last_modification_time: String,
}

#[derive(Serialize)]
struct MsalAccount<'a> {
    home_account_id: &'a str,
    environment: &'a str,
    realm: &'a str,
    local_account_id: &'a str,
    username: &'a str,
    authority_type: &'static str,
}

#[derive(Serialize)]
struct AppMetadata<'a> {
    client_id: &'a str,
    environment: &'a str,
}

/// Writes `grant`, stored under `key`, as a cache. `environment` is the authority's host. Access tokens that are
/// expired at `now` are left out.
pub(super) fn write(
    key: &GrantKey,
    grant: &Grant,
    environment: &str,
    now: NumericDate,
) -> serde_json::Result<Bytes> {
    let (home, client_id) = (grant.account.id.as_str(), key.client_id.as_str());
    let (local, home_realm) = home.rsplit_once('.').unwrap_or((home, ""));
    let realm = grant.account.tid.as_deref().unwrap_or(home_realm);
    // The schema files a token under its tenant id; MSAL for Python looks it up under the tenant name that it was
    // given.
    let mut realms = vec![realm];
    if !key.tenant.is_empty() && key.tenant != realm {
        realms.push(&key.tenant);
    }
    let named = |parts: &[&str]| parts.join("-").to_lowercase();
    let live = || grant.access_tokens.iter().filter(|token| now < token.expires_at);
    let mut access_token = BTreeMap::new();
    for token in live() {
        for realm in &realms {
            // Sorted, as the schema requires.
            let target = token.granted.as_ref().unwrap_or(&token.requested).to_string();
            let name = named(&[home, environment, "accesstoken", client_id, realm, &target]);
            let entry = AccessToken {
                credential_type: "AccessToken",
                secret: token.access_token.expose(),
                home_account_id: home,
                environment,
                client_id,
                target,
                realm,
                token_type: "Bearer",
                cached_at: token.received_at.0.to_string(),
                expires_on: token.expires_at.0.to_string(),
                extended_expires_on: token.expires_at.0.to_string(),
                refresh_on: token.refresh_at.map(|at| at.0.to_string()),
            };
            access_token.entry(name).or_insert(entry);
        }
    }
    let refresh_token = grant.refresh_token.iter().map(|token| {
        // The refresh token serves every API. It has no `target`, neither in its key nor as a member; otherwise MSAL
        // would add a second one.
        let entry = MsalRefreshToken {
            credential_type: "RefreshToken",
            secret: token.expose(),
            home_account_id: home,
            environment,
            client_id,
            last_modification_time: grant.refreshed_at.0.to_string(),
        };
        (named(&[home, environment, "refreshtoken", client_id, "", ""]), entry)
    });
    let account = MsalAccount {
        home_account_id: home,
        environment,
        realm,
        local_account_id: grant.account.oid.as_deref().unwrap_or(local),
        username: grant.account.username.as_deref().unwrap_or_default(),
        authority_type: "MSSTS",
    };
    let cache = Cache {
        access_token,
        account: BTreeMap::from([(named(&[home, environment, realm]), account)]),
        refresh_token: refresh_token.collect(),
        app_metadata: BTreeMap::from([(
            format!("appmetadata-{environment}-{client_id}"),
            AppMetadata { client_id, environment },
        )]),
    };
    // The buffer has its final size from the start: a growing buffer leaves unwiped copies in memory.
    let tokens = live().map(|token| 2 * (token.access_token.expose().len() + 2_048));
    let room = 8_192 + tokens.sum::<usize>() + refresh_room(grant);
    let mut json = Bytes::new(Vec::with_capacity(room));
    serde_json::to_writer_pretty(&mut *json, &cache)?;
    json.push(b'\n');
    Ok(json)
}

fn refresh_room(grant: &Grant) -> usize {
    grant.refresh_token.as_ref().map_or(0, |token| token.expose().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record::tests::{grant, key};

    #[test]
    fn a_written_cache_has_msal_names_and_reads_as_the_same_grant() {
        let grant = Grant {
            account: entrada_core::Account {
                tid: Some("UTID".to_owned()),
                oid: Some("oid".to_owned()),
                ..grant("r", 1_000).account
            },
            ..grant("1.refresh", 1_000)
        };
        let now = NumericDate(2_000);
        let json = write(&key(), &grant, "login.microsoftonline.com", now).unwrap();
        let cache: Value = serde_json::from_slice(&json).unwrap();
        let keys = |section: &str| cache[section].as_object().unwrap().keys().cloned().collect();
        let all: Vec<Vec<String>> =
            ["AccessToken", "Account", "RefreshToken", "AppMetadata"].map(keys).into();
        let client = "11111111-2222";
        assert_eq!(
            all,
            [
                vec![
                    format!(
                        "uid.utid-login.microsoftonline.com-accesstoken-{client}-common-mail.read"
                    ),
                    format!(
                        "uid.utid-login.microsoftonline.com-accesstoken-{client}-utid-mail.read"
                    ),
                ],
                vec!["uid.utid-login.microsoftonline.com-utid".to_owned()],
                vec![format!("uid.utid-login.microsoftonline.com-refreshtoken-{client}--")],
                vec![format!("appmetadata-login.microsoftonline.com-{client}")],
            ]
        );
        let token = &cache["AccessToken"][&all[0][1]];
        assert_eq!(
            (&token["cached_at"], &token["expires_on"], &token["realm"], &token["target"]),
            (&"1000".into(), &"4600".into(), &"UTID".into(), &"Mail.Read".into())
        );
        let found = read(cache.as_object().unwrap()).unwrap();
        let one = &found[0];
        assert_eq!((found.len(), one.refresh_token.expose()), (1, "1.refresh"));
        assert_eq!(one.client_id.as_deref(), Some(client));
        assert_eq!(one.account.as_deref(), Some("ada@example.com"));
        assert_eq!(one.scopes, Some(ScopeSet::parse("Mail.Read")));
    }

    #[test]
    fn expired_access_tokens_are_left_out() {
        let json = write(&key(), &grant("r", 1_000), "h", NumericDate(4_600)).unwrap();
        let cache: Value = serde_json::from_slice(&json).unwrap();
        assert!(cache["AccessToken"].as_object().unwrap().is_empty());
        assert_eq!(cache["RefreshToken"].as_object().unwrap().len(), 1);
    }

    #[test]
    fn many_tokens_are_all_read_quickly() {
        let entries = |more: &str| -> String {
            let one = |n| {
                format!(
                    r#""k{n}":{{"home_account_id":"u{n}.t","client_id":"c","secret":"s{n}"{more}}}"#
                )
            };
            (0..20_000).map(one).collect::<Vec<_>>().join(",")
        };
        let cache = format!(
            r#"{{"RefreshToken":{{{}}},"AccessToken":{{{}}}}}"#,
            entries(""),
            entries(r#","target":"Mail.Read""#)
        );
        let found = super::super::read(&cache).unwrap();
        assert_eq!(found.len(), 20_000);
        assert!(found.iter().all(|one| one.scopes.is_some()));
    }

    #[test]
    fn the_id_token_gives_the_time_of_the_sign_in() {
        // {"alg":"none"}.{"auth_time":1700000000}.
        let token = "eyJhbGciOiJub25lIn0.eyJhdXRoX3RpbWUiOjE3MDAwMDAwMDB9.";
        let cache = format!(
            r#"{{"RefreshToken":{{"r":{{"home_account_id":"u.t","client_id":"c","secret":"s"}}}},
                "IdToken":{{"i":{{"home_account_id":"u.t","client_id":"c","secret":"{token}"}}}}}}"#
        );
        let found = super::super::read(&cache).unwrap();
        assert_eq!(found[0].signed_in_at, Some(NumericDate(1_700_000_000)));
    }
}
