//! The endpoints of an authority: derived for Entra, discovered for others.

use super::{AcquireError, Refusal};
use crate::sys::Sys;
use entrada_core::oauth::{ErrorResponse, discovery};
use entrada_core::{Authority, Endpoints};

/// The endpoints of `authority`. Stored ones are used first, so that a refresh needs one request and no discovery.
pub(super) fn resolve(
    sys: &Sys<'_>,
    authority: &Authority,
    known: Option<&Endpoints>,
) -> Result<Endpoints, AcquireError> {
    if let Some(endpoints) = authority.endpoints().or_else(|| known.cloned()) {
        return Ok(endpoints);
    }
    discover(sys, authority)
}

/// Fetches the authority's metadata.
pub(super) fn discover(sys: &Sys<'_>, authority: &Authority) -> Result<Endpoints, AcquireError> {
    let response = sys.http.send(discovery::request(authority))?;
    let now = sys.clock.now();
    discovery::parse(authority, &response, Some(now))?.map_err(|error| refused(*error))
}

pub(super) fn refused(error: ErrorResponse) -> AcquireError {
    AcquireError::Refused(Box::new(Refusal { error, grant_type: "discovery", code_expired: false }))
}
