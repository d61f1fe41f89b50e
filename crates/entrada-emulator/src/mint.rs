//! Makes tokens and codes that look like Entra's.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::account::{AccountKind, EmulatedAccount};
use super::call::EndpointVersion;
use super::client_authentication::ClientAuthentication;
use super::entropy::SeededRandom;
use super::key::key;
use super::scope::{EXCHANGE, EmulatedResource, GRAPH};
use entrada_core::NumericDate;

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Letters and digits that look different from each other.
const TYPABLE: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// `BAQABIQEAAAD…`, long and opaque.
pub(super) fn device_code(entropy: &mut SeededRandom) -> String {
    format!("BAQABIQEAAAD{}", entropy.base64url(150))
}

/// Nine characters, or eight for personal accounts.
pub(super) fn user_code(entropy: &mut SeededRandom, personal: bool) -> String {
    entropy.text(if personal { 8 } else { 9 }, TYPABLE)
}

/// An authorization code.
pub(super) fn code(
    entropy: &mut SeededRandom,
    tid: &str,
    client_id: &str,
    personal: bool,
) -> String {
    if personal {
        format!("M.C521_BAY.2.U.{}", entropy.guid())
    } else {
        opaque(entropy, tid, client_id, 300)
    }
}

/// `1.A…` for work accounts, `M.C5…` for personal ones.
pub(super) fn refresh_token(
    entropy: &mut SeededRandom,
    tid: &str,
    client_id: &str,
    personal: bool,
) -> String {
    if personal {
        let body =
            entropy.text(340, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*$");
        // It always has characters that forms must escape.
        format!("M.C521_BAY.0.U.-C{body}!x*y$")
    } else {
        opaque(entropy, tid, client_id, 900)
    }
}

/// Tenant and client in the first segment, followed by opaque text.
fn opaque(entropy: &mut SeededRandom, tid: &str, client_id: &str, length: usize) -> String {
    let body = entropy.base64url(length);
    format!("1.{}.AgABAwEAAAB{body}", header(entropy, tid, client_id))
}

/// 40 bytes: 3 fixed, two GUIDs in the byte order of Windows, 5 more.
fn header(entropy: &mut SeededRandom, tid: &str, id: &str) -> String {
    let guid = |text: &str| uuid::Uuid::try_parse(text).unwrap_or_default().to_bytes_le();
    let mut bytes = vec![0x01, 0x79, 0x00];
    bytes.extend(guid(tid));
    bytes.extend(guid(id));
    bytes.extend(entropy.bytes(5));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The access token of a personal account: `EwB…`, standard base64, without readable claims.
pub(super) fn compact_token(entropy: &mut SeededRandom, site: u32) -> String {
    // The low byte of the length decides the third character: 0x40 to 0x7f gives `B`.
    let length: u16 = 0x0340 + u16::try_from(entropy.below(0x40)).unwrap_or_default();
    let mut bytes = vec![0x13, 0x00];
    bytes.extend(length.to_le_bytes());
    bytes.extend(site.to_le_bytes());
    bytes.push(0x14);
    let rest = usize::from(length) + 4 - bytes.len();
    bytes.extend(entropy.bytes(rest));
    STANDARD.encode(bytes)
}

/// The facts in a token.
pub(super) struct TokenFacts<'a> {
    pub(super) client_id: &'a str,
    /// How the client proved its identity.
    pub(super) client_authentication: ClientAuthentication,
    pub(super) account: &'static EmulatedAccount,
    pub(super) tid: &'a str,
    /// The issuer of version 1.
    pub(super) issuer: &'a str,
    pub(super) resource: &'static EmulatedResource,
    pub(super) audience: &'a str,
    /// Short names, separated by spaces.
    pub(super) scp: &'a str,
    /// The time of issue, by the server's clock.
    pub(super) now: NumericDate,
    /// Seconds from `now` to `exp`.
    pub(super) life: i64,
    /// Whether the client declared that it handles claims challenges.
    pub(super) cp1: bool,
    /// Authentication contexts that were requested and satisfied.
    pub(super) acrs: &'a [String],
}

/// A v1.0 access token, as Entra issues them for Microsoft's APIs, and for others that ask for no v2.0 tokens.
pub(super) fn access_token(entropy: &mut SeededRandom, facts: &TokenFacts<'_>) -> Option<String> {
    let TokenFacts { account, tid, .. } = facts;
    let issued_at = facts.now.plus_seconds(-300).0;
    let (given, family) = account.name.split_once(' ').unwrap_or((account.name, ""));
    let guest = account.kind == AccountKind::Guest;
    let mut claims = json!({
        "aud": facts.audience,
        "iss": facts.issuer,
        "iat": issued_at, "nbf": issued_at, "exp": facts.now.plus_seconds(facts.life).0,
        "acct": i32::from(guest), "acr": "1", "aio": entropy.base64url(60), "amr": ["pwd", "mfa"],
        "app_displayname": "entrada", "appid": facts.client_id, "appidacr": facts.client_authentication.appidacr(),
        "family_name": family, "given_name": given, "ipaddr": "203.0.113.7", "name": account.name,
        "oid": account.oid, "puid": "10032001ADA00001",
        "rh": format!("1.{}.", header(entropy, tid, facts.resource.app_id())),
        "scp": facts.scp, "sid": entropy.guid(), "signin_state": ["kmsi"],
        "sub": pairwise(account.oid, facts.resource.app_id()), "tid": tid,
        "unique_name": if guest { account.username } else { account.upn }, "upn": account.upn,
        "uti": entropy.base64url(16), "ver": "1.0",
        "wids": if guest { json!([]) } else { json!(["b79fbf4d-3ef9-4689-8143-76b194e85509"]) },
        "xms_ftd": entropy.base64url(44), "xms_idrel": if guest { "5 12" } else { "1 24" },
    });
    let mut more = |name: &str, value: Value| claims[name] = value;
    if facts.resource == &GRAPH {
        more("idtyp", json!("user"));
        more("platf", json!("8"));
        more("tenant_region_scope", json!("EU"));
        more("xms_st", json!({ "sub": pairwise(account.oid, facts.client_id) }));
        more("xms_tcdt", json!(1_467_198_948));
        more("xms_tdbr", json!("EU"));
    }
    if facts.resource == &EXCHANGE {
        more("enfpolids", json!([]));
    }
    if guest {
        more("idp", json!(format!("https://sts.windows.net/{}/", account.utid)));
    }
    if facts.cp1 {
        more("xms_cc", json!(["CP1"]));
    }
    if !facts.acrs.is_empty() {
        more("acrs", json!(facts.acrs));
    }
    let key = key()?;
    let mut header = json!({ "x5t": key.kid() });
    if facts.resource.is_the_only_checker() {
        header["nonce"] = json!(entropy.base64url(32));
    }
    Some(key.sign(header, &claims))
}

/// What an ID token has besides the facts of its access token.
pub(super) struct IdTokenFacts<'a> {
    pub(super) version: EndpointVersion,
    pub(super) issuer: &'a str,
    pub(super) nonce: Option<&'a str>,
    /// The code that is sent with it, for `c_hash`; empty for none.
    pub(super) code: &'a str,
    /// The access token that is sent with it, for `at_hash`.
    pub(super) access_token: Option<&'a str>,
}

/// An ID token (OIDC Core §2, §3.3.2.11).
pub(super) fn id_token(
    entropy: &mut SeededRandom,
    facts: &TokenFacts<'_>,
    id: &IdTokenFacts<'_>,
) -> Option<String> {
    let TokenFacts { account, tid, .. } = facts;
    let issued_at = facts.now.plus_seconds(-300).0;
    let mut claims = json!({
        "ver": "2.0", "iss": id.issuer, "aud": facts.client_id,
        "iat": issued_at, "nbf": issued_at, "exp": facts.now.plus_seconds(3_600).0,
        "sub": pairwise(account.oid, facts.client_id), "oid": account.oid, "tid": tid,
        "name": account.name, "preferred_username": account.username,
        "rh": format!("1.{}.", header(entropy, tid, facts.client_id)), "uti": entropy.base64url(16),
    });
    if id.version == EndpointVersion::V1 {
        claims["ver"] = json!("1.0");
        claims["upn"] = json!(account.upn);
        claims["unique_name"] = json!(account.username);
        claims["amr"] = json!(["pwd", "mfa"]);
    }
    if let Some(nonce) = id.nonce {
        claims["nonce"] = json!(nonce);
    }
    if !id.code.is_empty() {
        claims["c_hash"] = json!(left_half_hash(id.code));
    }
    if let Some(token) = id.access_token {
        claims["at_hash"] = json!(left_half_hash(token));
    }
    if account.is_personal() {
        claims["email"] = json!(account.username);
    }
    Some(key()?.sign(json!({}), &claims))
}

/// The left half of the SHA-256 of a code or token (OIDC Core §3.3.2.11).
fn left_half_hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..16])
}

/// The facts in the token of an application without a user.
pub(super) struct AppTokenFacts<'a> {
    pub(super) client_id: &'a str,
    /// The object id of the application's service principal.
    pub(super) oid: &'a str,
    pub(super) client_authentication: ClientAuthentication,
    pub(super) tid: &'a str,
    pub(super) issuer: &'a str,
    pub(super) resource: &'static EmulatedResource,
    pub(super) audience: &'a str,
    pub(super) now: NumericDate,
    /// Seconds from `now` to `exp`.
    pub(super) life: i64,
    pub(super) cp1: bool,
    /// Further claims, such as the resource id of a managed identity.
    pub(super) more: Value,
}

/// A v1.0 access token of an application: `roles` in place of `scp`.
pub(super) fn app_token(entropy: &mut SeededRandom, facts: &AppTokenFacts<'_>) -> Option<String> {
    let AppTokenFacts { tid, oid, .. } = facts;
    let issued_at = facts.now.plus_seconds(-300).0;
    let mut claims = json!({
        "aud": facts.audience, "iss": facts.issuer,
        "iat": issued_at, "nbf": issued_at, "exp": facts.now.plus_seconds(facts.life).0,
        "aio": entropy.base64url(40), "app_displayname": "entrada", "appid": facts.client_id,
        "appidacr": facts.client_authentication.appidacr(), "idp": facts.issuer, "idtyp": "app",
        "oid": oid, "rh": format!("1.{}.", header(entropy, tid, facts.resource.app_id())),
        "sub": oid, "tid": tid, "uti": entropy.base64url(16), "ver": "1.0",
        // Any application that signs in as itself.
        "wids": ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"],
    });
    let roles = facts.resource.app_roles();
    if !roles.is_empty() {
        claims["roles"] = json!(roles);
    }
    if facts.cp1 {
        claims["xms_cc"] = json!(["CP1"]);
    }
    if let (Some(claims), Some(more)) = (claims.as_object_mut(), facts.more.as_object()) {
        claims.extend(more.clone());
    }
    Some(key()?.sign(json!({ "nonce": entropy.base64url(32) }), &claims))
}

/// The `client_info` member: base64url JSON.
pub(super) fn client_info(account: &EmulatedAccount) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "uid": account.uid, "utid": account.utid }).to_string())
}

/// The `sub` of a user for one client; it differs for each client.
pub(super) fn pairwise(oid: &str, client_id: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{oid} {client_id}")))
}

/// Random letters and digits.
pub(super) fn alphanumeric(entropy: &mut SeededRandom, length: usize) -> String {
    entropy.text(length, ALPHANUMERIC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::CONTOSO;

    #[test]
    fn a_compact_token_has_its_audience_where_real_ones_do() {
        let mut entropy = SeededRandom::new(Some(1));
        for (site, marker) in [(293_577, "A8l6BAAU"), (292_841, "A+l3BAAU")] {
            let token = compact_token(&mut entropy, site);
            assert!(token.starts_with("EwB"), "{token}");
            assert_eq!(&STANDARD.decode(&token).unwrap()[4..8], site.to_le_bytes());
            assert_eq!(&token[4..12], marker);
        }
    }

    #[test]
    fn a_work_refresh_token_names_its_tenant_and_client() {
        let mut entropy = SeededRandom::new(Some(1));
        let client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
        let token = refresh_token(&mut entropy, CONTOSO, client, false);
        let part = token.split('.').nth(1).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
        let guid = |from: usize| uuid::Uuid::from_slice_le(&bytes[from..from + 16]).unwrap();
        assert_eq!(bytes.len(), 40);
        assert_eq!(guid(3).to_string(), CONTOSO);
        assert_eq!(guid(19).to_string(), client);
        assert!(token.starts_with("1.A") && token.contains(".AgA"));
    }
}
