//! Imports a refresh token of another program as a grant.

use super::acquired::Acquired;
use super::locking::share_writes;
use super::refresh::{Renewal, renew};
use super::sign_in::{IssuedTokens, Replacement, outcome_unless_stopped};
use super::{AcquireError, Prompt, TokenRequest, endpoints};
use crate::store::Grants;
use crate::store::foreign::ForeignToken;
use crate::sys::Sys;
use entrada_core::Authority;

/// Redeems the refresh token of `foreign` once and stores the result as a grant. The response shows that the token is valid,
/// and which account it belongs to; if it names no account, the name from the other program is used. If the response has
/// no new refresh token, the old one is stored.
///
/// A stored grant of the same account is replaced if `replace` is set. It is also replaced, with a warning, if the
/// authority is not Entra, because such an authority may have invalidated the old refresh token by now.
///
/// # Errors
///
/// [`AcquireError::Refused`] if the authority refuses the token, [`AcquireError::AlreadySignedIn`] if the account is
/// already signed in, and other variants if the store or the network fails.
pub fn import_refresh_token(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    foreign: &ForeignToken,
    replace: bool,
    prompt: &mut dyn Prompt,
) -> Result<Acquired, AcquireError> {
    // Checked before the token is redeemed: the result must be storable.
    let _writes = share_writes(sys, grants, request, Some(&mut *prompt))?;
    let reservation = grants.reserve_new()?;
    grants.can_lock()?;
    let found = endpoints::resolve(sys, &request.authority, None)?;
    let (answer, held) = renew(sys, request, &found, &foreign.refresh_token, &request.scopes)?;
    let (mut response, unusable) = match answer {
        Renewal::Issued(response) => (response, None),
        Renewal::Unusable { error, rest: Some(rest) } => (*rest, Some(error)),
        Renewal::Unusable { error, rest: None } => return Err(error.into()),
        Renewal::Refused(refusal) => return Err(AcquireError::Refused(refusal)),
    };
    response.refresh_token.get_or_insert_with(|| foreign.refresh_token.clone());
    let issued = IssuedTokens {
        response,
        nonce: None,
        grant_type: "refresh_token",
        // The user signed in earlier, with the other program.
        signed_in_at: foreign.signed_in_at,
        endpoints: found,
        known_as: foreign.account.clone(),
        replacement: match request.authority {
            _ if replace => Replacement::Allowed,
            Authority::Issuer { .. } => Replacement::Announced,
            Authority::Entra { .. } => Replacement::Refused,
        },
        unusable,
    };
    let outcome = issued.verify_and_store(sys, grants, request, &reservation, prompt);
    outcome_unless_stopped(grants, held.end(), outcome)
}
