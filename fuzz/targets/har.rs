//! HTTP archives.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    entrada_fuzz::judge(&text);
    let entry = format!(
        "{{\"log\":{{\"version\":\"1.2\",\"creator\":{{}},\"entries\":[{{\"startedDateTime\":\"2027-01-15T08:00:00Z\",\
         \"request\":{{\"method\":\"POST\",\"url\":\"https://login.microsoftonline.com/common/oauth2/v2.0/token\",\
         \"postData\":{{\"mimeType\":\"application/x-www-form-urlencoded\",\"text\":\"client_id=x&grant_type=refresh_token\"}}}},\
         \"response\":{{\"status\":400,\"content\":{text}}}}}]}}}}"
    );
    entrada_fuzz::judge(&entry);
});
