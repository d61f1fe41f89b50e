//! The page of the listener that the browser is opened at. It leads to the sign-in page.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use url::Url;

use super::AcquireError;
use crate::sys::Entropy;

/// An address of this machine that leads to the sign-in page once. Other users can see the arguments of the browser, so the
/// address that it is opened with contains nothing of the sign-in.
pub(super) struct StartPage {
    url: Url,
    is_taken: bool,
}

impl StartPage {
    /// A page of the listener at `redirect_uri`, under a name of 128 random bits.
    pub(super) fn new(entropy: &dyn Entropy, redirect_uri: &str) -> Result<Self, AcquireError> {
        let mut name = [0; 16];
        entropy.fill(&mut name).map_err(AcquireError::Entropy)?;
        let path = format!("/sign-in/{}", BASE64_URL_SAFE_NO_PAD.encode(name));
        let url = Url::parse(redirect_uri).and_then(|base| base.join(&path));
        let url = url.map_err(|_| {
            AcquireError::ConflictingSettings("the redirect URI is not an address of this machine")
        })?;
        Ok(Self { url, is_taken: false })
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn path(&self) -> &str {
        self.url.path()
    }

    /// Whether this is the first request for the page.
    pub(super) fn take(&mut self) -> bool {
        !std::mem::replace(&mut self.is_taken, true)
    }
}
