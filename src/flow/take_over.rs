//! A refresh token of another program's becomes a grant of ours.

use super::acquire::Acquired;
use super::refresh::renew;
use super::sign_in::Came;
use super::{AcquireError, Prompt, TokenRequest, endpoints};
use crate::model::Secret;
use crate::store::Grants;
use crate::sys::Sys;

/// Renews `refresh_token` once, which tells whose it is and that it is good, and stores what came. Where the authority gives no
/// new one, the old one is kept; where it does not tell whose it is, `name` does.
pub fn take_over(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    refresh_token: &Secret,
    name: Option<&str>,
    prompt: &mut dyn Prompt,
) -> Result<Acquired, AcquireError> {
    // Before the token is spent: can the result be kept at all?
    let ready = grants.prepare()?;
    let found = endpoints::resolve(sys, &request.authority, None)?;
    let mut response = renew(sys, request, &found, refresh_token, &request.scopes)?
        .map_err(AcquireError::Refused)?;
    response.refresh_token.get_or_insert_with(|| refresh_token.clone());
    let known_as = name.map(str::to_owned);
    let came =
        Came { response, nonce: None, grant_type: "refresh_token", endpoints: found, known_as };
    came.taken_in(sys, grants, request, &ready, prompt)
}
