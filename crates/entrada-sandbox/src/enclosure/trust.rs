//! Makes programs trust the authority of the run. No single way covers all of them: curl, Python, Node, Java, Go and browsers
//! look at different places.

use std::fs;
use std::path::PathBuf;

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

/// Files in which systems keep all authorities in one piece.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
];
/// Files in which systems keep the authorities for Java.
const JAVA_STORES: [&str; 3] = [
    "/etc/ssl/certs/java/cacerts",
    "/etc/pki/java/cacerts",
    "/etc/pki/ca-trust/extracted/java/cacerts",
];
/// The usual password of a Java trust store. It protects nothing.
const PASSWORD: &str = "changeit";

/// The bundles that exist, each once, without links.
pub(super) fn bundles() -> Vec<PathBuf> {
    existing(&BUNDLES)
}

/// The Java stores that exist.
pub(super) fn java_stores() -> Vec<PathBuf> {
    existing(&JAVA_STORES)
}

/// The files that exist, each once, without links: a mount needs a file, and follows no link.
pub(super) fn existing(paths: &[&str]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for path in paths.iter().filter_map(|path| fs::canonicalize(path).ok()) {
        if path.is_file() && !found.contains(&path) {
            found.push(path);
        }
    }
    found
}

/// The variables that name `bundle` (PEM) and `java` (a trust store) to programs; `None` unsets one.
pub(super) fn variables(bundle: &str, java: &str) -> Vec<(&'static str, Option<String>)> {
    let mut all: Vec<(&'static str, Option<String>)> = [
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "GIT_SSL_CAINFO",
        "NODE_EXTRA_CA_CERTS",
    ]
    .map(|name| (name, Some(bundle.to_owned())))
    .to_vec();
    let java =
        format!("-Djavax.net.ssl.trustStore={java} -Djavax.net.ssl.trustStorePassword={PASSWORD}");
    all.push(("JAVA_TOOL_OPTIONS", Some(java)));
    // A folder would be looked at in addition, or in place of the file.
    all.push(("SSL_CERT_DIR", None));
    all
}

/// A Java trust store (JKS, version 2) with one certificate, at `now` in milliseconds since 1970.
///
/// The format is that of `sun.security.provider.JavaKeyStore`: the entries, then the SHA-1 of the password, a fixed text and
/// the entries.
pub(super) fn java_store(certificate: &[u8], now: i64) -> Vec<u8> {
    let mut store = Vec::new();
    let text = |store: &mut Vec<u8>, text: &str| {
        store.extend(u16::try_from(text.len()).unwrap_or_default().to_be_bytes());
        store.extend(text.as_bytes());
    };
    store.extend(0xFEED_FEED_u32.to_be_bytes());
    store.extend(2_u32.to_be_bytes());
    store.extend(1_u32.to_be_bytes());
    // A trusted certificate.
    store.extend(2_u32.to_be_bytes());
    text(&mut store, "entrada-sandbox");
    store.extend(now.to_be_bytes());
    text(&mut store, "X.509");
    store.extend(u32::try_from(certificate.len()).unwrap_or_default().to_be_bytes());
    store.extend(certificate);
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    let password: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_be_bytes).collect();
    digest.update(&password);
    digest.update(b"Mighty Aphrodite");
    digest.update(&store);
    store.extend(digest.finish().as_ref());
    store
}
