//! Texts with AADSTS numbers: pages, logs, redirects.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    entrada_fuzz::judge(&text);
    entrada_fuzz::judge(&format!("AADSTS65001: {text}"));
    entrada_fuzz::judge(&format!("http://localhost/?error=access_denied&error_description={text}"));
});
