//! The trusted authorities, checked from cheap to expensive: the ones that the user added, the system's bundle, and
//! then all of the platform's. On Debian the last step opens 150 files, which takes longer than the whole request.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{Error, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::sys::Env;

/// The platform's verifier with extra roots (on Windows without them), and two faster ones that are tried first. The platform's verifier would
/// accept every certificate that a faster one accepts, and decides about the others.
#[derive(Debug)]
pub(super) struct TrustStore {
    provider: Arc<CryptoProvider>,
    bundle: Option<PathBuf>,
    extra: Vec<CertificateDer<'static>>,
    by_extra: Option<Arc<WebPkiServerVerifier>>,
    by_bundle: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
    platform: OnceLock<Result<Verifier, Error>>,
}

impl TrustStore {
    /// Trusts the authorities in `extra` and those of the system.
    ///
    /// # Errors
    /// No authority is trusted.
    pub(super) fn new(
        extra: Vec<CertificateDer<'static>>,
        env: &Env,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        let by_extra = verifier(extra.iter().cloned(), &provider);
        let (by_bundle, platform) = (OnceLock::new(), OnceLock::new());
        let trust = Self { provider, bundle: bundle(env), extra, by_extra, by_bundle, platform };
        if trust.by_extra.is_none() && trust.by_bundle().is_none() {
            trust.platform()?;
        }
        Ok(trust)
    }

    pub(super) fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let ask = |verifier: &dyn ServerCertVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let quick = |verifier: &Arc<WebPkiServerVerifier>| ask(&**verifier).ok();
        let accepted = self.by_extra.as_ref().and_then(quick);
        match accepted.or_else(|| self.by_bundle().and_then(quick)) {
            Some(verified) => Ok(verified),
            None => ask(self.platform()?),
        }
    }

    fn by_bundle(&self) -> Option<&Arc<WebPkiServerVerifier>> {
        let build = || {
            let items = CertificateDer::pem_file_iter(self.bundle.as_ref()?).ok()?;
            verifier(items.flatten(), &self.provider)
        };
        self.by_bundle.get_or_init(build).as_ref()
    }

    fn platform(&self) -> Result<&Verifier, Error> {
        let build = || {
            let provider = Arc::clone(&self.provider);
            // The extra roots were asked first. Windows would need a second chain engine for them.
            if cfg!(windows) {
                return Verifier::new(provider);
            }
            Verifier::new_with_extra_roots(self.extra.iter().cloned(), provider)
        };
        self.platform.get_or_init(build).as_ref().map_err(Clone::clone)
    }
}

/// A verifier that trusts `roots`; `None` if there are none.
fn verifier(
    roots: impl IntoIterator<Item = CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Option<Arc<WebPkiServerVerifier>> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots);
    WebPkiServerVerifier::builder_with_provider(store.into(), Arc::clone(provider)).build().ok()
}

/// The system's certificate file, if it has one. Every common distribution has one next to the directory.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn bundle(env: &Env) -> Option<PathBuf> {
    match env.os("SSL_CERT_FILE") {
        Some(file) => Some(file.into()),
        None if env.os("SSL_CERT_DIR").is_some() => None,
        None => openssl_probe::probe().cert_file,
    }
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn bundle(_: &Env) -> Option<PathBuf> {
    None
}
