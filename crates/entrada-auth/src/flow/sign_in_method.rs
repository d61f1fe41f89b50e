//! Chooses the sign-in method.

use super::{AcquireError, FlowKind, SignInPage, TokenRequest};
use crate::sys::Sys;
use entrada_core::oauth::authorization::ResponseMode;
use entrada_core::{Endpoints, RedirectUri};

/// A sign-in method that this machine and this authority support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignInMethod {
    /// A page in a browser that redirects to this machine.
    Browser,
    /// A page in a browser; the user pastes its last address.
    Paste,
    /// A code that the user enters on any device.
    Device,
}

/// The requested method, or the best one: a browser if the user can see one, else a code, else a pasted address.
pub(super) fn choose_method(
    sys: &Sys<'_>,
    request: &TokenRequest,
    endpoints: &Endpoints,
) -> Result<SignInMethod, AcquireError> {
    let page = &request.page;
    let comes_back = matches!(page.redirect_uri, RedirectUri::Loopback { .. })
        && page.response_mode != Some(ResponseMode::Fragment);
    let has_page = endpoints.authorization.is_some();
    let has_device = endpoints.device_authorization.is_some();
    let limits = request.allowed_flows.as_ref();
    let is_allowed = |flow| limits.is_none_or(|limits| limits.allows(flow));
    let refuse = |flow| limits.map_or(AcquireError::ConflictingSettings(""), |l| l.refuse(flow));
    match request.flow {
        flow if flow != FlowKind::Auto && !is_allowed(flow) => Err(refuse(flow)),
        FlowKind::Device if has_device => Ok(SignInMethod::Device),
        FlowKind::Device => Err(AcquireError::NoDeviceFlow(request.authority.to_string())),
        _ if !has_page && !has_device => Err(AcquireError::NoPage(request.authority.to_string())),
        FlowKind::Browser | FlowKind::Paste if !has_page => {
            Err(AcquireError::NoPage(request.authority.to_string()))
        }
        FlowKind::Paste => paste(page),
        FlowKind::Browser if !comes_back => Err(AcquireError::ConflictingSettings(
            "this redirect URI and response mode do not lead back to this machine",
        )),
        FlowKind::Browser => Ok(SignInMethod::Browser),
        FlowKind::Auto => {
            let seen = page.open
                && !page.unattended
                && sys.browser.host_kind(sys.env).has_browser(sys.env);
            let by_browser = has_page && comes_back && is_allowed(FlowKind::Browser);
            match () {
                () if seen && by_browser => Ok(SignInMethod::Browser),
                () if has_device && is_allowed(FlowKind::Device) => Ok(SignInMethod::Device),
                () if by_browser => Ok(SignInMethod::Browser),
                () if has_page && is_allowed(FlowKind::Paste) => paste(page),
                () => Err(refuse(if has_device { FlowKind::Device } else { FlowKind::Paste })),
            }
        }
    }
}

fn paste(page: &SignInPage) -> Result<SignInMethod, AcquireError> {
    if page.response_mode == Some(ResponseMode::FormPost) {
        return Err(AcquireError::ConflictingSettings(
            "with `form_post` the answer is not in the address, so it cannot be pasted",
        ));
    }
    Ok(SignInMethod::Paste)
}
