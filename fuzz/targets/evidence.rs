//! Evidence files, token responses, refusals and caches: anything in JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    entrada_fuzz::judge(&text);
    entrada_fuzz::judge(&format!("{{\"version\":1,{text}}}"));
});
