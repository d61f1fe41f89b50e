//! A refresh token of another program's becomes a grant of ours.

use super::acquire::Acquired;
use super::sign_in::Came;
use super::{AcquireError, Prompt, Refusal, TokenRequest, endpoints};
use crate::model::Secret;
use crate::oauth::refresh;
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
    let response = sys.http.send(refresh::request(
        &found.token,
        &request.client_id,
        refresh_token,
        &request.scopes,
        request.claims_parameter().as_deref(),
    ))?;
    let mut response = refresh::parse(&response, sys.clock.now())?.map_err(|error| {
        let grant_type = "refresh_token";
        AcquireError::Refused(Box::new(Refusal { error: *error, grant_type, code_ran_out: false }))
    })?;
    response.refresh_token.get_or_insert_with(|| refresh_token.clone());
    let known_as = name.map(str::to_owned);
    let came =
        Came { response, nonce: None, grant_type: "refresh_token", endpoints: found, known_as };
    came.taken_in(sys, grants, request, &ready, prompt)
}
