//! Certificates for the names of the emulator, signed by an authority that is made with them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::start::machine_time;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Certificates begin a day before they are made, for clocks that are behind.
const BEFORE: Duration = Duration::from_secs(86_400);
/// The life of a certificate. Browsers accept at most 398 days.
const LIFE: Duration = Duration::from_secs(90 * 86_400);
/// The most certificates that are made for names which clients ask for.
const CERTIFICATES_MAX: usize = 1_000;

/// Certificates, and the authority that signed them. Nothing is written to disk.
#[derive(Clone)]
pub struct Tls {
    ca_pem: String,
    pub(super) acceptor: TlsAcceptor,
}

impl Tls {
    /// A certificate for `localhost`, `127.0.0.1` and `[::1]`.
    ///
    /// # Errors
    ///
    /// A name cannot be in a certificate, or no key can be made.
    pub fn new() -> Result<Self, Error> {
        Self::with(&[])
    }

    /// A certificate for these hosts and `names`.
    ///
    /// # Errors
    ///
    /// A name cannot be in a certificate, or no key can be made.
    pub fn with(names: &[&str]) -> Result<Self, Error> {
        Self::of(&[&["localhost", "127.0.0.1", "::1"], names].concat())
    }

    /// A certificate for `names`: behind a proxy, an emulator can have the name of any server.
    ///
    /// # Errors
    ///
    /// A name cannot be in a certificate, or no key can be made.
    pub fn of(names: &[&str]) -> Result<Self, Error> {
        Self::make(names, OtherNames::Default)
    }

    /// A certificate for `localhost`, `127.0.0.1`, `[::1]` and `names`, and another one for each other name that a client
    /// asks for (SNI, RFC 6066 §3), made at its first connection.
    ///
    /// # Errors
    ///
    /// A name cannot be in a certificate, or no key can be made.
    pub fn for_every_name(names: &[&str]) -> Result<Self, Error> {
        Self::make(&[&["localhost", "127.0.0.1", "::1"], names].concat(), OtherNames::Own)
    }

    fn make(names: &[&str], others: OtherNames) -> Result<Self, Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "entrada emulator");
        set_validity(&mut params);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let ca_pem = authority.pem();
        let certificates = Certificates {
            default: Arc::new(certificate(&authority, names)?),
            names: names.iter().map(|name| name.to_ascii_lowercase()).collect(),
            made: Mutex::default(),
            authority,
            others,
        };
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_cert_resolver(Arc::new(certificates));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { ca_pem, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// The authority's certificate, for clients to trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// The certificate for a name that is not in the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OtherNames {
    /// The first one. The client then refuses it.
    Default,
    /// One of its own.
    Own,
}

/// Chooses the certificate of a connection.
struct Certificates {
    authority: CertifiedIssuer<'static, KeyPair>,
    default: Arc<CertifiedKey>,
    /// The names in the first certificate, in lower case.
    names: Vec<String>,
    made: Mutex<BTreeMap<String, Arc<CertifiedKey>>>,
    others: OtherNames,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates").field("names", &self.names).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let Some(name) = hello.server_name().map(str::to_ascii_lowercase) else {
            // Clients that connect to an address send no name.
            return Some(Arc::clone(&self.default));
        };
        if self.others == OtherNames::Default || self.names.contains(&name) {
            return Some(Arc::clone(&self.default));
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.get(&name) {
            return Some(Arc::clone(known));
        }
        if CERTIFICATES_MAX <= made.len() {
            return None;
        }
        let own = Arc::new(certificate(&self.authority, &[&name]).ok()?);
        made.insert(name, Arc::clone(&own));
        Some(own)
    }
}

fn certificate(
    authority: &CertifiedIssuer<'static, KeyPair>,
    names: &[&str],
) -> Result<CertifiedKey, Error> {
    let named: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(named)?;
    let first = names.first().copied().unwrap_or("localhost");
    params.distinguished_name.push(DnType::CommonName, first);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Strict clients, such as Python from 3.13 on, refuse a certificate without it (RFC 5280 §4.2.1.1).
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params);
    let key = KeyPair::generate()?;
    let signed = params.signed_by(&key, authority)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = aws_lc_rs::sign::any_supported_type(&key)?;
    Ok(CertifiedKey::new(vec![signed.der().clone()], key))
}

fn set_validity(params: &mut CertificateParams) {
    let seconds = u64::try_from(machine_time().0).unwrap_or_default();
    let now = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    params.not_before = now - BEFORE;
    params.not_after = now + LIFE;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(der: &[u8], oid: [u8; 3]) -> bool {
        // An object identifier of three bytes: tag 6, length 3.
        let coded = [0x06, 0x03, oid[0], oid[1], oid[2]];
        der.windows(coded.len()).any(|window| window == coded)
    }

    #[test]
    fn a_certificate_has_what_strict_clients_demand() {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let leaf = certificate(&authority, &["idp.test"]).unwrap();
        let der = leaf.cert[0].as_ref();
        // Authority key identifier, key usage, extended key usage, alternative names: RFC 5280 §4.2.1.
        for oid in [[0x55, 0x1d, 0x23], [0x55, 0x1d, 0x0f], [0x55, 0x1d, 0x25], [0x55, 0x1d, 0x11]]
        {
            assert!(has(der, oid), "{oid:x?}");
        }
    }

    #[test]
    fn a_certificate_is_valid_now_and_not_for_long() {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        set_validity(&mut params);
        let life = params.not_after - params.not_before;
        assert!(life.whole_days() <= 398, "{life}");
        let now = rcgen::date_time_ymd(1970, 1, 1)
            + Duration::from_secs(u64::try_from(machine_time().0).unwrap());
        assert!(params.not_before < now && now < params.not_after);
    }
}
