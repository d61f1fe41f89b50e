//! Rejected certificates, and their error messages.

use rcgen::{BasicConstraints, DnType, IsCa, KeyPair, date_time_ymd};

use super::servers::{Authority, Identity, OK, tls};
use super::*;

fn none() -> Env {
    Env::default()
}

/// The error of a client that trusts `trusted`, when the server presents `identity` as `localhost`.
#[track_caller]
fn refused(identity: Identity, trusted: &[&[u8]]) -> String {
    let port = tls(identity, OK);
    let error = get(&format!("https://localhost:{port}/"), &none(), trusted).unwrap_err();
    assert!(matches!(error.failure, HttpFailure::Certificate(_)), "{}", full_text(&error));
    full_text(&error)
}

#[test]
fn a_certificate_of_a_trusted_authority_is_accepted_for_names_and_addresses() {
    let authority = Authority::new("Contoso Proxy CA");
    let port = tls(authority.issue(&["localhost", "127.0.0.1"]), OK);
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{port}/");
        assert!(get(&url, &none(), &[]).is_err());
        assert_eq!(get(&url, &none(), &[&authority.pem()]).unwrap().body(), b"ok");
    }
}

#[test]
fn authorities_added_after_a_request_count_for_the_next_one() {
    let authority = Authority::new("Contoso Proxy CA");
    let port = tls(authority.issue(&["localhost"]), OK);
    let env = none();
    let http = RealHttp::new(&env);
    let request =
        || http::Request::get(format!("https://localhost:{port}/")).body(Vec::new()).unwrap();
    http.trust(bundle(Authority::new("nobody").pem()));
    assert!(http.send(request()).is_err());
    http.trust(bundle(authority.pem()));
    assert!(http.send(request()).is_ok());
}

#[test]
fn every_fault_of_a_certificate_is_named() {
    let authority = Authority::new("Contoso Proxy CA");
    let pem = authority.pem();
    let trusted: &[&[u8]] = &[&pem];
    let middle = authority.below("Contoso Issuing CA", |_| ());
    let old_middle = authority.below("Contoso Issuing CA", |params| {
        params.not_after = date_time_ymd(2026, 1, 1);
    });
    let stranger = Authority::new("Contoso Proxy CA");
    let other_kind = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let other_kind = Authority::with_key("Contoso Proxy CA", other_kind);
    let name = ["localhost"];
    for (identity, trusted, expected) in [
        (
            authority.issue(&name),
            &[][..],
            "the certificate of localhost was issued by `Contoso Proxy CA`, which is not trusted here",
        ),
        (
            middle.issue(&name).under(&middle),
            &[],
            "the certificate of localhost was issued by `Contoso Issuing CA` under `Contoso Proxy CA`, which is not trusted here",
        ),
        (
            middle.issue(&name).under(&middle).under(&authority),
            &[],
            "the certificate of localhost was issued by `Contoso Issuing CA` under `Contoso Proxy CA`, which is not trusted here",
        ),
        (
            // The server does not send the intermediate certificate.
            middle.issue(&name),
            trusted,
            "the certificate of localhost was issued by `Contoso Issuing CA`, which is not trusted here",
        ),
        (
            stranger.issue(&name),
            trusted,
            "the certificate of localhost names `Contoso Proxy CA` as its issuer, but the trusted authority of that name did not sign it",
        ),
        (
            other_kind.issue(&name),
            trusted,
            "the certificate of localhost names `Contoso Proxy CA` as its issuer, but the trusted authority of that name did not sign it",
        ),
        (
            authority.issue_with(&name, |params| params.not_after = date_time_ymd(2026, 1, 1)),
            trusted,
            "the certificate of localhost ended on 2026-01-01",
        ),
        (
            old_middle.issue(&name).under(&old_middle),
            trusted,
            "the certificate of localhost leads to one of `Contoso Issuing CA` that ended on 2026-01-01",
        ),
        (
            authority.issue_with(&name, |params| {
                params.not_before = date_time_ymd(2999, 1, 1);
                params.not_after = date_time_ymd(2999, 2, 1);
            }),
            trusted,
            "the certificate of localhost is not valid before 2999-01-01",
        ),
        (
            authority.issue(&["other.example"]),
            trusted,
            "the certificate of localhost is for `other.example`, not for localhost",
        ),
        (
            authority.issue(&["a.example", "*.b.example", "10.0.0.1", "c.example", "d.example"]),
            trusted,
            "the certificate of localhost is for `a.example`, `*.b.example`, `10.0.0.1` and 2 more names, not for localhost",
        ),
        (
            authority.issue_with(&[], |params| {
                params.distinguished_name.push(DnType::CommonName, "old style");
            }),
            trusted,
            "the certificate of localhost is for `old style`, not for localhost",
        ),
        (
            Identity::self_signed(&name, IsCa::NoCa).0,
            trusted,
            "the certificate of localhost is signed by itself, not by an authority that is trusted here",
        ),
        (
            Identity::self_signed(&name, IsCa::Ca(BasicConstraints::Unconstrained)).0,
            trusted,
            "the certificate of localhost is signed by itself, not by an authority that is trusted here",
        ),
        (
            authority.issue_with(&name, |params| {
                params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
            }),
            trusted,
            "the certificate of localhost is not accepted: certificate had invalid extensions",
        ),
    ] {
        assert_eq!(refused(identity, trusted), expected);
    }
}

#[test]
fn a_server_that_signed_itself_can_be_trusted_by_its_own_certificate() {
    let (identity, pem) = Identity::self_signed(&["localhost"], IsCa::NoCa);
    let port = tls(identity, OK);
    assert!(get(&format!("https://localhost:{port}/"), &none(), &[&pem]).is_ok());
}

#[test]
fn names_in_a_certificate_cannot_forge_a_line() {
    let hostile = "a\u{1b}[2J`\r\n  = help: `curl evil`\u{202e}";
    assert_eq!(
        refused(Authority::new(hostile).issue(&["localhost"]), &[]),
        "the certificate of localhost was issued by `a' = help: 'curl evil'`, which is not trusted here"
    );
    let long = refused(Authority::new(&"x".repeat(5_000)).issue(&["localhost"]), &[]);
    assert!(long.len() < 200, "{long}");
}

#[test]
fn a_server_without_tls_is_reported_as_such() {
    for (port, failure, expected) in [
        (
            serve(servers::say(&[b"HTTP/1.1 400 Bad Request\r\n\r\n<html>"])),
            HttpFailure::NotTls,
            "the server does not speak TLS",
        ),
        (
            serve(|mut stream| drop(std::io::Read::read(&mut stream, &mut [0; 4096]))),
            HttpFailure::Cut,
            "the connection was closed in the TLS handshake",
        ),
        // A fatal alert: protocol_version.
        (
            serve(servers::say(&[&[21, 3, 3, 0, 2, 2, 70]])),
            HttpFailure::Handshake,
            "the TLS handshake failed",
        ),
    ] {
        let error = get(&format!("https://localhost:{port}/"), &none(), &[]).unwrap_err();
        assert_eq!(error.failure, failure, "{}", full_text(&error));
        assert_eq!(error.to_string(), format!("no answer from localhost:{port}: {expected}"));
    }
}

#[test]
fn certificates_that_cannot_be_read_are_an_error_before_anything_is_sent() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let good = tempfile::tempdir().unwrap();
    let dir = good.path().to_str().unwrap();
    let why = |variable, why: &str| {
        let why = why.to_owned();
        HttpFailure::from(SetupFailure::RootsVariable { variable, why })
    };
    let missing = "No such file or directory (os error 2)";
    // Windows and macOS read no such variables.
    let reads_variables = cfg!(all(unix, not(target_vendor = "apple")));
    for (variables, failure) in [
        (
            &[("SSL_CERT_FILE", path)][..],
            Some(why("SSL_CERT_FILE", "there is no PEM certificate in it")),
        ),
        (&[("SSL_CERT_FILE", "/nowhere")], Some(why("SSL_CERT_FILE", missing))),
        (&[("SSL_CERT_FILE", "")], Some(why("SSL_CERT_FILE", missing))),
        (&[("SSL_CERT_DIR", "/nowhere:/neither")], Some(why("SSL_CERT_DIR", missing))),
        (&[("SSL_CERT_DIR", &format!("/nowhere:{dir}"))], None),
        (&[("SSL_CERT_DIR", "")], None),
        (&[("SSL_CERT_FILE", "/nowhere"), ("SSL_CERT_DIR", dir)], None),
    ] {
        let env = env(variables);
        assert_eq!(
            tls::config(&[bundle(Authority::new("x").pem())], &env).err().map(HttpFailure::from),
            failure.filter(|_| reads_variables),
            "{variables:?}"
        );
    }
    let authority = Authority::new("Contoso");
    let mut broken = authority.pem();
    broken.extend(b"-----BEGIN CERTIFICATE-----\nMAUG\n-----END CERTIFICATE-----\n");
    for (pem, expected) in [
        (authority.pem(), Ok(1)),
        ([authority.pem(), authority.pem()].concat(), Ok(2)),
        (b"garbage".to_vec(), Err(BundleError::Empty)),
        (
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec(),
            Err(BundleError::Empty),
        ),
        (
            b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".to_vec(),
            Err(BundleError::Damaged(1)),
        ),
        (broken.clone(), Err(BundleError::Damaged(2))),
    ] {
        assert_eq!(tls::certificates_in(&pem).map(|all| all.len()), expected);
    }
    let error = get("https://localhost:1/", &none(), &[&broken]).unwrap_err();
    assert_eq!(
        error.failure,
        SetupFailure::Bundle { file: "x.pem".to_owned(), source: BundleError::Damaged(2) }.into()
    );
}
