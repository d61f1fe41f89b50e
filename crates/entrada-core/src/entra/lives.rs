//! How long Entra's tokens live, and what ends them.

/// Seconds after which a refresh token that nobody used is dead (Microsoft's "Refresh tokens" page: 90 days, sliding).
pub const REFRESH_INACTIVITY: i64 = 90 * 86_400;
/// Seconds of life beyond which an access token is one of continuous access evaluation.
pub const LONG_LIVED: i64 = 2 * 3_600;
/// What may happen to an access token of continuous access evaluation.
pub const CONTINUOUS_ACCESS: &str = "the service may take it back early, with a claims challenge, when password, policy or place change";
/// What may happen to a grant that began with a device code.
pub const DEVICE_CODE: &str = "the grant stays marked as one of a device code: a policy against such sign-ins ends it (AADSTS530036)";
