//! A rejected certificate: the server that it belongs to, and the reason.

use std::fmt;
use std::net::IpAddr;

use rustls::CertificateError;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use entrada_core::{NumericDate, clean};

/// The longest name from a certificate that is shown.
const NAME_MAX: usize = 64;
/// How many names of a certificate are shown.
const NAMES_MAX: usize = 3;

/// A rejected server certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFailure {
    /// The expected host, without a port.
    pub host: String,
    /// Whether it is the proxy's certificate instead of the server's.
    pub of_proxy: bool,
    /// The reason.
    pub fault: CertificateFault,
}

/// The reason why a certificate was rejected. Names in it are cleaned and shortened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// No trusted authority is in its chain.
    UnknownIssuer {
        /// The issuer of the certificate.
        issuer: String,
        /// The issuer at the top of the chain that the server sent, if it differs.
        root: Option<String>,
    },
    /// A trusted authority has the issuer's name, but its key did not sign the certificate.
    OtherKey {
        /// The issuer's name.
        issuer: String,
    },
    /// The certificate is self-signed.
    SelfSigned,
    /// The certificate has expired.
    Expired {
        /// The end of its validity.
        at: NumericDate,
        /// The name of the expired certificate, if it is an authority's in the chain.
        authority: Option<String>,
    },
    /// The certificate is not valid yet.
    NotYet {
        /// The start of its validity.
        at: NumericDate,
        /// The name of the certificate, if it is an authority's in the chain.
        authority: Option<String>,
    },
    /// The certificate is for other hosts.
    WrongName {
        /// The first few of its names.
        names: Vec<String>,
        /// How many more names it has.
        more: usize,
    },
    /// Another reason, in the verifier's words.
    Other(String),
}

impl std::error::Error for CertificateFailure {}

impl fmt::Display for CertificateFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        let owner = if self.of_proxy { "the proxy " } else { "" };
        write!(f, "the certificate of {owner}{host} ")?;
        match &self.fault {
            CertificateFault::UnknownIssuer { issuer, root: None } => {
                write!(f, "was issued by `{issuer}`, which is not trusted here")
            }
            CertificateFault::UnknownIssuer { issuer, root: Some(root) } => {
                write!(f, "was issued by `{issuer}` under `{root}`, which is not trusted here")
            }
            CertificateFault::OtherKey { issuer } => write!(
                f,
                "names `{issuer}` as its issuer, but the trusted authority of that name did not sign it"
            ),
            CertificateFault::SelfSigned => {
                f.write_str("is signed by itself, not by an authority that is trusted here")
            }
            CertificateFault::Expired { at, authority: None } => write!(f, "ended on {}", day(*at)),
            CertificateFault::Expired { at, authority: Some(name) } => {
                write!(f, "leads to one of `{name}` that ended on {}", day(*at))
            }
            CertificateFault::NotYet { at, authority: None } => {
                write!(f, "is not valid before {}", day(*at))
            }
            CertificateFault::NotYet { at, authority: Some(name) } => {
                write!(f, "leads to one of `{name}` that is not valid before {}", day(*at))
            }
            CertificateFault::WrongName { names, more } => match names.as_slice() {
                [] => write!(f, "is for nobody in particular, not for {host}"),
                names => {
                    let more =
                        if *more == 0 { String::new() } else { format!(" and {more} more names") };
                    write!(f, "is for `{}`{more}, not for {host}", names.join("`, `"))
                }
            },
            CertificateFault::Other(words) => write!(f, "is not accepted: {words}"),
        }
    }
}

/// Finds the reason why the verifier rejected the first certificate of `chain`, from its `error`. The certificate was
/// expected to be that of `server`.
pub(super) fn describe(
    error: &CertificateError,
    chain: &[&CertificateDer<'_>],
    server: &ServerName<'_>,
    now: UnixTime,
) -> CertificateFailure {
    let parsed: Vec<X509Certificate<'_>> = chain
        .iter()
        .map_while(|der| X509Certificate::from_der(der).ok())
        .map(|(_, certificate)| certificate)
        .collect();
    let fault = match parsed.split_first() {
        Some((leaf, above)) => fault_of(error, leaf, above, now),
        None => CertificateFault::Other("it is not a certificate".to_owned()),
    };
    CertificateFailure { host: server.to_str().into_owned(), of_proxy: false, fault }
}

fn fault_of(
    error: &CertificateError,
    leaf: &X509Certificate<'_>,
    above: &[X509Certificate<'_>],
    now: UnixTime,
) -> CertificateFault {
    let own_issuer = leaf.issuer() == leaf.subject();
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            let (at, authority) =
                first_in(leaf, above, |one| one.validity().not_after.timestamp(), |at| at < now);
            CertificateFault::Expired { at, authority }
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            let (at, authority) =
                first_in(leaf, above, |one| one.validity().not_before.timestamp(), |at| now < at);
            CertificateFault::NotYet { at, authority }
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let mut names = names_of(leaf);
            let more = names.len().saturating_sub(NAMES_MAX);
            names.truncate(NAMES_MAX);
            CertificateFault::WrongName { names, more }
        }
        // An authority's certificate in place of a server's is reported as `Other`.
        CertificateError::UnknownIssuer | CertificateError::Other(_) if own_issuer => {
            CertificateFault::SelfSigned
        }
        CertificateError::UnknownIssuer => {
            let (issuer, root) = (name_of(leaf.issuer()), name_of(top_of(leaf, above)));
            let root = (root != issuer).then_some(root);
            CertificateFault::UnknownIssuer { issuer, root }
        }
        // The keys differ in type, or have the same type and differ in value.
        CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            CertificateFault::OtherKey { issuer: name_of(leaf.issuer()) }
        }
        other => CertificateFault::Other(words(other)),
    }
}

/// A text for a rare error, or at least its name.
fn words(error: &CertificateError) -> String {
    match error {
        CertificateError::BadEncoding => "it is damaged".to_owned(),
        CertificateError::Revoked => "its issuer has revoked it".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not for servers".to_owned()
        }
        CertificateError::Other(other) => clean(&other.0.to_string()).into_owned(),
        other => {
            let name = format!("{other:?}");
            name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
        }
    }
}

/// The date of the first certificate whose date is `wrong`, and its name if it is not `leaf`.
fn first_in(
    leaf: &X509Certificate<'_>,
    above: &[X509Certificate<'_>],
    date: impl Fn(&X509Certificate<'_>) -> i64,
    wrong: impl Fn(UnixTime) -> bool,
) -> (NumericDate, Option<String>) {
    let is_wrong = |one: &X509Certificate<'_>| {
        let seconds = u64::try_from(date(one)).unwrap_or_default();
        wrong(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    };
    match above.iter().find(|one| is_wrong(one)) {
        Some(authority) if !is_wrong(leaf) => {
            (NumericDate(date(authority)), Some(name_of(authority.subject())))
        }
        _ => (NumericDate(date(leaf)), None),
    }
}

/// The issuer at the top of the chain that starts at `leaf`.
fn top_of<'a>(leaf: &'a X509Certificate<'_>, above: &'a [X509Certificate<'_>]) -> &'a X509Name<'a> {
    let mut top = leaf.issuer();
    // A cycle ends too: no path is longer than the chain.
    for _ in above {
        match above.iter().find(|one| one.subject() == top) {
            Some(one) => top = one.issuer(),
            None => break,
        }
    }
    top
}

/// The names and addresses that the certificate is for. Without them, its common name, which clients no longer check.
fn names_of(leaf: &X509Certificate<'_>) -> Vec<String> {
    let alternatives = leaf.subject_alternative_name().ok().flatten();
    let general = alternatives.map(|all| all.value.general_names.as_slice()).unwrap_or_default();
    let names: Vec<String> = general.iter().filter_map(host_in).collect();
    if names.is_empty() {
        return common_name(leaf.subject()).into_iter().collect();
    }
    names
}

fn host_in(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(shown(name)),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from))
                .ok()
                .map(|address| address.to_string())
        }
        _ => None,
    }
}

fn common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().find_map(|part| part.as_str().ok()).map(shown)
}

/// The name for people: the common name, the organisation, or the whole name.
fn name_of(name: &X509Name<'_>) -> String {
    let organisation = || name.iter_organization().find_map(|part| part.as_str().ok()).map(shown);
    let all = || Some(shown(&name.to_string())).filter(|text| !text.is_empty());
    common_name(name).or_else(organisation).or_else(all).unwrap_or_else(|| "(no name)".to_owned())
}

/// `text` from a certificate, cleaned for one line of output.
fn shown(text: &str) -> String {
    // Names are quoted in backticks.
    let text = clean(text).replace('`', "'");
    match text.char_indices().nth(NAME_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The day of `time`, in UTC.
fn day(time: NumericDate) -> String {
    let text = time.to_string();
    text.split(' ').next().unwrap_or_default().to_owned()
}
