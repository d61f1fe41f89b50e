//! Names whose values are secret, names whose values are public, and the words of the protocol.
//!
//! A run registers the values of secret names, which are few. An archive shows the values of public names only: a secret under
//! an unexpected name stays hidden in it.

use crate::entra::{claims, oauth_errors};

/// Names whose value, after `=` or `:`, is always secret.
pub(super) const NAMES: [&str; 8] = [
    "access_token",
    "client_assertion",
    "client_secret",
    "code_verifier",
    "device_code",
    "id_token",
    "refresh_token",
    "x-ms-refreshtokencredential",
];

/// Parameters and members that are public, or describe the outcome. Sorted.
const PUBLIC: [&str; 68] = [
    "$count",
    "$expand",
    "$format",
    "$orderby",
    "$select",
    "$skip",
    "$top",
    "admin_consent",
    "api-version",
    "audience",
    "claims",
    "client-request-id",
    "client_id",
    "client_info",
    "code_challenge_method",
    "correlation_id",
    "date",
    "display",
    "domain_hint",
    "error",
    "error_codes",
    "error_description",
    "error_subcode",
    "error_uri",
    "expires_in",
    "expires_on",
    "ext_expires_in",
    "foci",
    "grant_type",
    "instance_aware",
    "interval",
    "iss",
    "issuer",
    "kind",
    "login_hint",
    "max_age",
    "message",
    "mkt",
    "nux",
    "p",
    "prompt",
    "redirect_uri",
    "refresh_in",
    "refresh_token_expires_in",
    "request-id",
    "resource",
    "response_mode",
    "response_type",
    "retry_after",
    "scope",
    "slice",
    "status",
    "suberror",
    "tenant",
    "tenant_region_scope",
    "timestamp",
    "token_type",
    "trace_id",
    "ui_locales",
    "username",
    "verification_uri",
    "verification_url",
    "x-client-cpu",
    "x-client-current-telemetry",
    "x-client-last-telemetry",
    "x-client-os",
    "x-client-sku",
    "x-client-ver",
];

/// Headers that are public, or describe the outcome. Sorted.
const PUBLIC_HEADERS: [&str; 35] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "allow",
    "cache-control",
    "client-request-id",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "expires",
    "host",
    "origin",
    "pragma",
    "request-id",
    "retry-after",
    "return-client-request-id",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "server",
    "strict-transport-security",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-content-type-options",
    "x-ms-clitelem",
    "x-ms-ests-server",
    "x-ms-request-id",
    "x-ms-srs",
];

/// Headers whose value is a URL.
pub(super) const URL_HEADERS: [&str; 4] = ["content-location", "link", "location", "referer"];

/// Claims that identify a session: hashes and handles that could be used to look it up.
pub(super) const PRIVATE_CLAIMS: [&str; 9] =
    ["aio", "at_hash", "c_hash", "nonce", "rh", "s_hash", "sid", "uti", "xms_ftd"];

/// Whether the value of the parameter or member `name` may be shown.
pub(super) fn is_public(name: &str) -> bool {
    PUBLIC.binary_search(&name).is_ok()
}

/// Whether `name` is the member of an answer that describes its error as an object, as Graph, ARM and Exchange do.
pub(super) fn is_error_object(name: &str) -> bool {
    name.eq_ignore_ascii_case("error")
        || name.eq_ignore_ascii_case("innererror")
        || name == "details"
}

/// Whether `value` is the code of a service's error: words with at most one number, at the end, such as `ErrorAccessDenied` and
/// `AKV10032`, or a number of Windows such as `0x80040265`. The member `code` of an error object is one; elsewhere it may be an
/// authorization code, which mixes letters and digits.
pub(super) fn is_error_code(value: &str) -> bool {
    const WORDS_MAX: usize = 80;
    const DIGITS_MAX: usize = 9;
    if let Some(number) = value.strip_prefix("0x") {
        return number.len() <= 8 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let words = value.trim_end_matches(|c: char| c.is_ascii_digit());
    words.starts_with(|c: char| c.is_ascii_alphabetic())
        && words.len() <= WORDS_MAX
        && words.chars().all(|c| c.is_ascii_alphabetic() || "_. ".contains(c))
        && value.len() - words.len() <= DIGITS_MAX
}

/// Whether the value of the header `name`, in lower case, may be shown.
pub(super) fn is_public_header(name: &str) -> bool {
    PUBLIC_HEADERS.binary_search(&name).is_ok()
}

/// Endings of names whose value is secret, without `_` and `-` and in lower case.
const SECRET_ENDS: [&str; 14] = [
    "apikey",
    "assertion",
    "authcode",
    "authorizationcode",
    "cookie",
    "credential",
    "devicecode",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "token",
    "verifier",
];

/// Whether `name` is a parameter, header or member with a secret value: `refresh_token`, `X-Api-Key`, `deviceCode`. `code`
/// is secret in a request and in a redirect URI; in a response it is an error code.
pub fn is_secret_name(name: &str) -> bool {
    const LONGEST: usize = 64;
    let name: String =
        name.chars().filter(|c| !matches!(c, '_' | '-' | '.')).take(LONGEST).collect();
    let name = name.to_ascii_lowercase();
    SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// Error codes of Microsoft Graph and Exchange that name a token or an authorization.
pub(super) const SERVICE_ERRORS: [&str; 14] = [
    "AuthenticationError",
    "AuthorizationFailed",
    "Authorization_IdentityNotFound",
    "Authorization_RequestDenied",
    "CompactToken",
    "ErrorAccessDenied",
    "ExpiredAuthenticationToken",
    "InteractionRequired",
    "InvalidAuthenticationToken",
    "InvalidAuthenticationTokenAudience",
    "InvalidAuthenticationTokenTenant",
    "InvalidMsaTicket",
    "TokenIssuedBeforeRevocationTimestamp",
    "TokenNotFound",
];

/// Whether `text` is a word of the protocol: the name of a claim, parameter or header, or an error code. Such a word is
/// public wherever it is found, and a diagnosis needs it.
pub(super) fn is_protocol_word(text: &str) -> bool {
    let aadsts = || text.strip_prefix("AADSTS").is_some_and(is_number);
    is_public(text)
        || PUBLIC_HEADERS.binary_search(&text).is_ok()
        || NAMES.contains(&text)
        || SERVICE_ERRORS.contains(&text)
        || claims::meaning(text).is_some()
        || oauth_errors::find(text).is_some()
        || aadsts()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        assert!(PUBLIC.is_sorted() && PUBLIC_HEADERS.is_sorted());
    }

    #[test]
    fn names_show_which_values_are_secret() {
        for name in [
            "refresh_token",
            "id_token",
            "client_assertion",
            "x-api-key",
            "deviceCode",
            "code_verifier",
            "Set-Cookie",
            "x-ms-RefreshTokenCredential",
            "accessToken",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "token_type",
            "error_codes",
            "user_code",
            "code",
            "client_assertion_type",
            "scope",
            "token_endpoint",
            "claims",
            "code_challenge",
            "refresh_token_expires_in",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
