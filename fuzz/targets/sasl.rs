//! What mail servers and their clients say, and the strings in which the token is.
#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    entrada_fuzz::judge(&text);
    entrada_fuzz::judge(&format!("C: a1 AUTHENTICATE XOAUTH2 {text}\nS: a1 NO AUTHENTICATE failed."));
    let encoded = BASE64_STANDARD.encode(data);
    entrada_fuzz::judge(&format!("> AUTH XOAUTH2 {encoded}\n< 535 5.7.3 Authentication unsuccessful"));
    entrada_fuzz::judge(&format!("+OK\nAUTH XOAUTH2\n+\n{encoded}\n+ {encoded}\n-ERR no"));
});
