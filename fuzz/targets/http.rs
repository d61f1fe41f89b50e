//! Answers of APIs, raw and as `curl -v` prints them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    entrada_fuzz::judge(&text);
    entrada_fuzz::judge(&format!("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {text}"));
    entrada_fuzz::judge(&format!("> GET /v1.0/me HTTP/2\n> Host: graph.microsoft.com\n> Authorization: {text}"));
});
