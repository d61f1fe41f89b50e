//! The lifetimes of Entra's tokens, and the events that end them.

/// Seconds without use after which a refresh token expires (Microsoft's "Refresh tokens" page: 90 days, sliding).
pub const REFRESH_INACTIVITY: i64 = 90 * 86_400;
/// Seconds within which an authorization code has to be redeemed ("about one minute": OAuth 2.0 authorization code flow).
pub const AUTHORIZATION_CODE: i64 = 60;
/// The lifetime in seconds above which an access token uses continuous access evaluation.
pub const LONG_LIVED: i64 = 2 * 3_600;
/// The note on access tokens with continuous access evaluation.
pub const CONTINUOUS_ACCESS: &str = "the service may reject it early, with a claims challenge, when the password, a policy or the location changes";
/// The note on grants from a device code.
pub const DEVICE_CODE: &str = "the grant stays marked as a device code sign-in: a policy that blocks such sign-ins ends it (AADSTS530036)";
