//! The account that a token response belongs to.

use serde_json::Value;

use super::TokenResponse;
use crate::{Account, Claims, Jwt};

/// The account of the response: `client_info` gives the id, the ID token gives the names, and the access token fills in
/// missing ones. Unverified, and for a diagnosis alone: a client must not interpret access tokens.
pub fn account_of(response: &TokenResponse) -> Account {
    let access_token = Jwt::decode_unverified(response.access_token.expose()).ok();
    account(response, access_token.as_ref())
}

/// The account that signed in: `client_info` gives the id, and the ID token everything else. The ID token has to be checked
/// first. Access tokens are not read: their form is a matter of the API.
pub fn signed_in_account(response: &TokenResponse) -> Account {
    account(response, None)
}

fn account(response: &TokenResponse, access_token: Option<&Jwt>) -> Account {
    let id_token =
        response.id_token.as_ref().and_then(|token| Jwt::decode_unverified(token.expose()).ok());
    let claims: Vec<&Claims> =
        [id_token.as_ref(), access_token].into_iter().flatten().map(|jwt| &jwt.claims).collect();
    let first = |name: &str| claims.iter().find_map(|claims| claims.text(name)).map(str::to_owned);

    let (oid, tid) = (first("oid"), first("tid"));
    let id = response
        .client_info
        .as_deref()
        .and_then(home_account_id)
        .or_else(|| Some(format!("{}.{}", oid.as_ref()?, tid.as_ref()?)))
        .or_else(|| first("sub"))
        .unwrap_or_else(|| Account::UNIDENTIFIED.to_owned());
    let username = claims.iter().find_map(|claims| claims.user_name()).map(str::to_owned);
    let mut names: Vec<String> = Vec::new();
    for claims in claims {
        for name in claims.user_names().chain(claims.text("login_hint")) {
            if username.as_deref() != Some(name) && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    let of_id_token =
        |name: &str| id_token.as_ref().and_then(|jwt| jwt.claims.text(name)).map(str::to_owned);
    Account { id, username, tid, oid, iss: of_id_token("iss"), sub: of_id_token("sub"), names }
}

/// The account that the ID token alone names, unverified. Access tokens are not read here: only the API may interpret them.
pub fn account_in_id_token(response: &TokenResponse) -> Option<Account> {
    let id_token = Jwt::decode_unverified(response.id_token.as_ref()?.expose()).ok()?;
    let claims = &id_token.claims;
    let text = |name: &str| claims.text(name).map(str::to_owned);
    let home = response.client_info.as_deref().and_then(home_account_id);
    Some(Account {
        id: home.or_else(|| text("sub")).unwrap_or_else(|| Account::UNIDENTIFIED.to_owned()),
        username: claims.user_name().map(str::to_owned),
        tid: text("tid"),
        oid: text("oid"),
        iss: text("iss"),
        sub: text("sub"),
        names: claims.user_names().map(str::to_owned).collect(),
    })
}

/// `uid.utid` of the `client_info` member.
pub fn home_account_id(client_info: &str) -> Option<String> {
    let info = Claims::decode(client_info, "client_info").ok()?;
    let part = |name| info.get(name).and_then(Value::as_str).filter(|part| !part.is_empty());
    Some(format!("{}.{}", part("uid")?, part("utid")?))
}
