//! What people paste: pieces of several kinds in one text, in the forms in which they are pasted.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/wrapped/wrappers/mod.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod wrappers;

/// Pieces that each have a reader of their own.
const PIECES: &[&str] = &[
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL2dyYXBoLm1pY3Jvc29mdC5jb20iLCJleHAiOjE4MDAwMDMwMDB9.c2ln",
    r#"{"error":"invalid_grant","error_description":"AADSTS50173: The grant was revoked.","error_codes":[50173]}"#,
    "{'error': {'code': 'InvalidAuthenticationToken', 'message': 'Invalid audience.', }}",
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error=\"invalid_token\"\r\n\r\n",
    "C: a1 AUTHENTICATE XOAUTH2 dXNlcj1hAWF1dGg9QmVhcmVyIGIBAQ==\nS: a1 NO AUTHENTICATE failed.\n",
    "http://localhost:8400/?error=access_denied&error_description=AADSTS65004%3a+declined",
    "<script>$Config={\"iErrorCode\":50011,\"strServiceExceptionMessage\":\"AADSTS50011: no\"};</script>",
    "aud : https://graph.microsoft.com\nscp : Mail.Read\nexp : 1800003000\n",
    "<s:Fault><faultcode>a:ErrorImpersonateUserDenied</faultcode><faultstring>no</faultstring></s:Fault>",
    "    at node:internal/process/task_queues:95:5 {\n  code: 'EAUTH',\n  responseCode: 535\n}",
];

// The first byte chooses the form, the second a piece that goes before the text, the third one that goes behind.
fuzz_target!(|data: &[u8]| {
    let [form, before, behind, rest @ ..] = data else { return };
    let text = String::from_utf8_lossy(rest);
    let piece = |byte: &u8| PIECES.get(usize::from(*byte)).copied().unwrap_or_default();
    let mixed = format!("{}{text}{}", piece(before), piece(behind));
    entrada_fuzz::judge(&mixed);
    if let Some(wrapper) = wrappers::WRAPPERS.get(usize::from(*form)) {
        entrada_fuzz::judge(&(wrapper.wrap)(&mixed));
    }
});
