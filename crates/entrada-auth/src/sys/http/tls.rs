//! TLS: the trusted authorities, and a verifier that describes the certificate it rejects.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature,
    verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};

use super::certificate::describe;
use super::error::{BundleError, SetupFailure};
use super::trust::TrustStore;
use crate::sys::{Bundle, CERTIFICATES_MAX, Env, FileTrust, InputFileError, read_input_file};
use entrada_core::clean;

/// The certificates in the PEM text `pem`. An error if there are none or one of them is invalid.
pub(super) fn certificates_in(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, BundleError> {
    let mut found = Vec::new();
    for item in CertificateDer::pem_slice_iter(pem) {
        let damaged = BundleError::Damaged(found.len() + 1);
        let Ok(certificate) = item else { return Err(damaged) };
        if RootCertStore::empty().add(certificate.clone()).is_err() {
            return Err(damaged);
        }
        found.push(certificate);
    }
    if found.is_empty() { Err(BundleError::Empty) } else { Ok(found) }
}

/// For connections without TLS: trusts no authority, and reads no files.
pub(super) fn unused() -> Result<ClientConfig, SetupFailure> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|_| SetupFailure::Client)?;
    Ok(config.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// Trusts the system's authorities and `extra`.
pub(super) fn config(extra: &[Bundle], env: &Env) -> Result<ClientConfig, SetupFailure> {
    if cfg!(all(unix, not(target_vendor = "apple"))) {
        check_variables(env)?;
    }
    let mut roots = Vec::new();
    for Bundle { file, pem } in extra {
        let file = || clean(file).into_owned();
        let found = certificates_in(pem);
        roots.extend(found.map_err(|source| SetupFailure::Bundle { file: file(), source })?);
    }
    let trust = TrustStore::new(roots, env, provider()).map_err(|_| SetupFailure::NoRoots)?;
    let algorithms = provider().signature_verification_algorithms;
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|_| SetupFailure::Client)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(DescribingVerifier { trust, algorithms }))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// `SSL_CERT_FILE` and `SSL_CERT_DIR` replace the system's certificates. If neither variable leads to a file, the
/// loader reports no error, so this function does.
fn check_variables(env: &Env) -> Result<(), SetupFailure> {
    let file = env.os("SSL_CERT_FILE").map(check_file);
    let directories = env.os("SSL_CERT_DIR").and_then(check_directories);
    match (file, directories) {
        // The loader reads the file in addition to the directories, and may block or read without end.
        (Some(Err(FileFault { why, is_unreadable })), directories)
            if is_unreadable || !matches!(directories, Some(Ok(()))) =>
        {
            Err(variable("SSL_CERT_FILE", &why))
        }
        (None, Some(Err(why))) => Err(variable("SSL_CERT_DIR", &why)),
        _ => Ok(()),
    }
}

fn variable(variable: &'static str, why: &str) -> SetupFailure {
    SetupFailure::RootsVariable { variable, why: clean(why).into_owned() }
}

/// The reason why a certificate file cannot be used.
struct FileFault {
    why: String,
    /// Whether reading it could block for ever or exhaust the memory.
    is_unreadable: bool,
}

fn check_file(path: &OsStr) -> Result<(), FileFault> {
    let pem = read_input_file(Path::new(path), CERTIFICATES_MAX, FileTrust::Anybody);
    let pem = pem.map_err(|error| FileFault {
        why: error.to_string(),
        is_unreadable: match error {
            InputFileError::TooLarge(_) => true,
            InputFileError::NotPlain(kind) => kind != "a folder" && path != "/dev/null",
            _ => false,
        },
    })?;
    // A system's bundle may contain certificates that cannot be parsed. One valid certificate is enough.
    let any = CertificateDer::pem_slice_iter(&pem).any(|item| item.is_ok());
    let none = || FileFault { why: BundleError::Empty.to_string(), is_unreadable: false };
    any.then_some(()).ok_or_else(none)
}

/// `None` if the variable names no directory. One readable directory is enough.
fn check_directories(paths: &OsStr) -> Option<Result<(), String>> {
    let named = std::env::split_paths(paths).filter(|path| !path.as_os_str().is_empty());
    let open = named.map(|path| std::fs::read_dir(path).map(drop));
    let tried = open.map(|opened| opened.map_err(|error| error.to_string()));
    tried.reduce(Result::or)
}

/// A verifier whose errors describe the certificate that the server sent.
#[derive(Debug)]
struct DescribingVerifier {
    trust: TrustStore,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for DescribingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.trust.verify(end_entity, intermediates, server_name, ocsp_response, now);
        verdict.map_err(|error| match error {
            Error::InvalidCertificate(error) => {
                let chain: Vec<_> = std::iter::once(end_entity).chain(intermediates).collect();
                let failure = describe(&error, &chain, server_name, now);
                Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(failure))))
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
