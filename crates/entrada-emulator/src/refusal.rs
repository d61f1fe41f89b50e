//! Entra's error responses.

use std::borrow::Cow;

/// An OAuth error in Entra's words. `{client_id}` and `{resource}` in the text are filled in before sending.
#[derive(Clone, Debug)]
pub(super) struct EntraError {
    pub(super) status: u16,
    pub(super) error: &'static str,
    /// The AADSTS number.
    pub(super) code: u32,
    pub(super) text: Cow<'static, str>,
    pub(super) suberror: Option<&'static str>,
    /// JSON text of a claims challenge.
    pub(super) claims: Option<&'static str>,
}

impl EntraError {
    /// An error with HTTP 400 and a fixed text.
    pub(super) const fn new(error: &'static str, code: u32, text: &'static str) -> Self {
        let text = Cow::Borrowed(text);
        Self { status: 400, error, code, text, suberror: None, claims: None }
    }

    /// An error with HTTP 400 and a text made at run time.
    pub(super) fn with(error: &'static str, code: u32, text: String) -> Self {
        Self { text: Cow::Owned(text), ..Self::new(error, code, "") }
    }

    pub(super) const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) const fn suberror(mut self, suberror: &'static str) -> Self {
        self.suberror = Some(suberror);
        self
    }

    pub(super) const fn claims(mut self, claims: &'static str) -> Self {
        self.claims = Some(claims);
        self
    }
}

pub(super) fn missing(parameter: &str) -> EntraError {
    let text = format!("The request body must contain the following parameter: '{parameter}'.");
    EntraError::with("invalid_request", 900_144, text)
}

pub(super) fn unknown_client(client_id: &str, tenant: &str) -> EntraError {
    let text = format!(
        "Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen if the \
         application has not been installed by the administrator of the tenant or consented to by any user in the \
         tenant. You may have sent your authentication request to the wrong tenant."
    );
    EntraError::with("unauthorized_client", 700_016, text)
}

pub(super) fn unknown_tenant(tenant: &str) -> EntraError {
    let text = format!(
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the \
         correct cloud. Check with your subscription administrator, this may happen if there are no active \
         subscriptions for the tenant."
    );
    EntraError::with("invalid_request", 90_002, text)
}

pub(super) const LOOP: EntraError = EntraError::new(
    "invalid_grant",
    50_196,
    "The server terminated an operation because it encountered a client request loop. Please contact your app vendor.",
);
pub(super) const NOT_PUBLIC: EntraError = EntraError::new(
    "invalid_client",
    7_000_218,
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
)
.status(401);
pub(super) const PUBLIC: EntraError = EntraError::new(
    "invalid_client",
    700_025,
    "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
)
.status(401);
pub(super) const PENDING: EntraError = EntraError::new(
    "authorization_pending",
    70_016,
    "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
);
pub(super) const SLOW_DOWN: EntraError = EntraError::new(
    "slow_down",
    70_016,
    "OAuth 2.0 device flow error. Polling too frequently. Slow down.",
);
pub(super) const DECLINED: EntraError = EntraError::new(
    "authorization_declined",
    70_017,
    "OAuth 2.0 device flow error. The end user denied the authorization request.",
);
pub(super) const CODE_EXPIRED: EntraError = EntraError::new(
    "expired_token",
    70_019,
    "Verification code expired. Have the user retry the sign-in.",
);
pub(super) const REDEEMED: EntraError = EntraError::new(
    "invalid_grant",
    54_005,
    "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh \
     token.",
);
pub(super) const OTHER_TENANT: EntraError = EntraError::new(
    "invalid_grant",
    700_005,
    "The provided authorization code is intended to use against other tenant, thus rejected. OAuth2 Authorization \
     code must be redeemed against the same tenant it was acquired for.",
);
pub(super) const BAD_GRANT: EntraError =
    EntraError::new("invalid_grant", 70_000, "Provided grant is invalid or malformed.");
pub(super) const ADMIN_CONSENT: EntraError = EntraError::new(
    "access_denied",
    90_094,
    "An administrator of Contoso has set a policy that prevents you from granting the application '{client_id}' the \
     permissions it is requesting. Contact an administrator, who can grant permissions to this application on your \
     behalf.",
);
pub(super) const THROTTLED: EntraError =
    EntraError::new("temporarily_unavailable", 90_055, "There are too many incoming requests.")
        .status(429);
