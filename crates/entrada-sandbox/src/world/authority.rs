//! The certificate authority of one run, and the certificates that it makes for each server name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// An error of a certificate.
pub(crate) type CertificateError = Box<dyn std::error::Error + Send + Sync>;

/// The days that certificates are valid, and the days before today from which on they are.
const DAYS: i64 = 30;
const DAYS_BEFORE: i64 = 1;

/// A certificate authority that lives as long as a run.
pub(crate) struct CertificateAuthority {
    name: String,
    key_pem: String,
    now: i64,
    der: CertificateDer<'static>,
    pem: String,
    made: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl CertificateAuthority {
    /// A new authority. `now` is in seconds since 1970.
    pub(crate) fn new(name: &str, now: i64) -> Result<Self, CertificateError> {
        Self::with_key(name, &KeyPair::generate()?.serialize_pem(), now)
    }

    /// The authority with this key. The same arguments make an authority whose certificates verify against the first one.
    pub(crate) fn with_key(name: &str, key_pem: &str, now: i64) -> Result<Self, CertificateError> {
        let key = KeyPair::from_pem(key_pem)?;
        let certificate = ca_params(name, now)?.self_signed(&key)?;
        Ok(Self {
            name: name.to_owned(),
            key_pem: key_pem.to_owned(),
            now,
            der: certificate.der().clone(),
            pem: certificate.pem(),
            made: Mutex::default(),
        })
    }

    /// Its certificate.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Its certificate in DER.
    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its private key.
    pub(crate) fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The TLS configuration of a server with this name. It speaks HTTP/1.1.
    pub(crate) fn server(&self, name: &str) -> Result<Arc<ServerConfig>, CertificateError> {
        self.server_of(&[name])
    }

    /// The same of a server with these names.
    pub(crate) fn server_of(&self, names: &[&str]) -> Result<Arc<ServerConfig>, CertificateError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let key = names.join(" ");
        if let Some(config) = made.get(&key) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.make(names)?);
        made.insert(key, Arc::clone(&config));
        Ok(config)
    }

    fn make(&self, names: &[&str]) -> Result<ServerConfig, CertificateError> {
        let authority = ca_params(&self.name, self.now)?;
        let issuer = Issuer::from_params(&authority, KeyPair::from_pem(&self.key_pem)?);
        let first = names.first().copied().unwrap_or_default();
        let mut params = CertificateParams::new(
            names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(),
        )?;
        params
            .distinguished_name
            .push(DnType::CommonName, first.chars().take(64).collect::<String>());
        // Python 3.13 checks strictly: RFC 5280 §4.2.1.1 requires the identifier of the authority's key.
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        set_validity(&mut params, self.now);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn ca_params(name: &str, now: i64) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    set_validity(&mut params, now);
    Ok(params)
}

/// Makes a certificate valid from yesterday for 30 days.
fn set_validity(params: &mut CertificateParams, now: i64) {
    let day = |offset: i64| {
        let at = jiff::Timestamp::from_second(now + offset * 86_400).unwrap_or_default();
        let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        rcgen::date_time_ymd(i32::from(date.year()), month, day)
    };
    params.not_before = day(-DAYS_BEFORE);
    params.not_after = day(DAYS);
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000;

    #[test]
    fn the_same_key_makes_the_same_authority() {
        let first = CertificateAuthority::new("test", NOW).unwrap();
        let again = CertificateAuthority::with_key("test", first.key_pem(), NOW).unwrap();
        // The serial number and the signature differ, and clients compare neither.
        assert_eq!(first.key_pem(), again.key_pem());
        assert!(first.pem().starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(!first.der().is_empty());
    }

    #[test]
    fn a_server_has_one_certificate_for_each_name() {
        let authority = CertificateAuthority::new("test", NOW).unwrap();
        let one = authority.server("login.microsoftonline.com").unwrap();
        assert!(Arc::ptr_eq(&one, &authority.server("login.microsoftonline.com").unwrap()));
        assert!(!Arc::ptr_eq(&one, &authority.server("graph.microsoft.com").unwrap()));
        assert!(authority.server("not a name\u{e9}").is_err());
    }
}
