//! Names whose values are public. Every other value is secret.

/// Parameters and members that are public, or describe the outcome. Sorted.
const PUBLIC: [&str; 57] = [
    "admin_consent",
    "audience",
    "claims",
    "client_id",
    "client_info",
    "code_challenge_method",
    "correlation_id",
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
pub(super) const ADDRESSES: [&str; 4] = ["content-location", "link", "location", "referer"];

/// Claims that identify a session: hashes and handles that could be used to look it up.
pub(super) const PRIVATE_CLAIMS: [&str; 9] =
    ["aio", "at_hash", "c_hash", "nonce", "rh", "s_hash", "sid", "uti", "xms_ftd"];

/// Whether the value of the parameter or member `name` may be shown.
pub(super) fn is_public(name: &str) -> bool {
    PUBLIC.binary_search(&name).is_ok()
}

/// Whether the value of the header `name`, in lower case, may be shown.
pub(super) fn is_public_header(name: &str) -> bool {
    PUBLIC_HEADERS.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        assert!(PUBLIC.is_sorted() && PUBLIC_HEADERS.is_sorted());
    }
}
