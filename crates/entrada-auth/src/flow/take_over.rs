//! A refresh token of another program's becomes a grant of ours.

use super::acquired::Acquired;
use super::refresh::{Renewal, renew};
use super::sign_in::{IssuedTokens, Replacement, stopped_or};
use super::{AcquireError, Prompt, TokenRequest, endpoints};
use crate::store::Grants;
use crate::store::foreign::Foreign;
use crate::sys::Sys;
use entrada_core::Authority;

/// Renews the refresh token of `one` once, which tells whose it is and that it is good, and stores what came. Where the
/// authority gives no new one, the old one is kept; where it does not tell whose it is, the other program does. A grant that
/// is stored makes way where `replace` says so, and where an authority that is not Entra may have used up the token by now;
/// the user is warned then.
///
/// # Errors
///
/// [`AcquireError::Refused`] where the authority does not take the token, [`AcquireError::Taken`] where the account is signed
/// in already; others where the store or the network fails.
pub fn take_over(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    one: &Foreign,
    replace: bool,
    prompt: &mut dyn Prompt,
) -> Result<Acquired, AcquireError> {
    // Before the token is spent: can the result be kept at all?
    let reservation = grants.prepare_new()?;
    grants.can_lock()?;
    let found = endpoints::resolve(sys, &request.authority, None)?;
    let (answer, held) = renew(sys, request, &found, &one.refresh_token, &request.scopes)?;
    let (mut response, unusable) = match answer {
        Renewal::Issued(response) => (response, None),
        Renewal::Unusable { error, rest: Some(rest) } => (*rest, Some(error)),
        Renewal::Unusable { error, rest: None } => return Err(error.into()),
        Renewal::Refused(refusal) => return Err(AcquireError::Refused(refusal)),
    };
    response.refresh_token.get_or_insert_with(|| one.refresh_token.clone());
    let issued = IssuedTokens {
        response,
        nonce: None,
        grant_type: "refresh_token",
        // Not now: somebody signed in some time ago, with the other program.
        signed_in_at: one.signed_in_at,
        endpoints: found,
        known_as: one.account.clone(),
        replacement: match request.authority {
            _ if replace => Replacement::Allowed,
            Authority::Issuer { .. } => Replacement::Announced,
            Authority::Entra { .. } => Replacement::Refused,
        },
        unusable,
    };
    let outcome = issued.verify_and_store(sys, grants, request, &reservation, prompt);
    stopped_or(grants, held.end(), outcome)
}
