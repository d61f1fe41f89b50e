//! Tokens: as they are pasted, and with any claims.
#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    entrada_fuzz::judge(&String::from_utf8_lossy(data));
    // The input as header and claims of a token.
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let (header, claims) = match (parts.next(), parts.next()) {
        (Some(header), Some(claims)) => (header, claims),
        (Some(claims), None) => (&br#"{"alg":"RS256","typ":"JWT"}"#[..], claims),
        _ => return,
    };
    let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    entrada_fuzz::judge(&format!("{}.{}.c2ln", part(header), part(claims)));
});
