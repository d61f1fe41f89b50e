//! What to say and to do about a request without an answer.

use std::error::Error as StdError;
use std::io;

use super::local_authority::is_on_this_machine;
use entrada_auth::sys::{
    CertificateFault, HttpError, HttpFailure, ProxyFailure, ProxyFault, SetupFailure,
};

/// What a file of certificates has to be.
pub(super) const BUNDLE: &str = "it must hold certificates as PEM text (`-----BEGIN CERTIFICATE-----`); \
     `openssl x509 -inform der -in FILE -out FILE.pem` converts a binary file";

const PORTAL: &str = "if this is a guest network: open any page in a browser, and sign in there";

/// Whether a setting is wrong, so that trying again does not help.
pub(super) fn is_setting(failure: &HttpFailure) -> bool {
    match failure {
        HttpFailure::Setup(trouble) => match **trouble {
            SetupFailure::Bundle { .. }
            | SetupFailure::RootsVariable { .. }
            | SetupFailure::ProxyVariable { .. } => true,
            SetupFailure::NoRoots | SetupFailure::Client => false,
        },
        _ => false,
    }
}

/// `error` and its innermost cause, in one sentence. The causes between them name the layers of a library.
pub(super) fn sentence(error: &HttpError) -> String {
    let mut innermost: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(next) = innermost.and_then(StdError::source) {
        innermost = Some(next);
    }
    let said = error.to_string();
    let Some(innermost) = innermost else { return said };
    let kind = innermost.downcast_ref::<io::Error>().map(io::Error::kind);
    let reason = match kind {
        Some(io::ErrorKind::ConnectionRefused) => {
            "the connection was refused, because no program listens there".to_owned()
        }
        Some(io::ErrorKind::ConnectionReset) => "the other side broke the connection".to_owned(),
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
            "there is no way to it in the network".to_owned()
        }
        _ => innermost.to_string(),
    };
    if said.contains(&reason) {
        return said;
    }
    // That no connection came about is part of the reason.
    let start = said.strip_suffix(": could not connect").unwrap_or(&said);
    format!("{start}: {reason}")
}

/// What the user can do about `error`.
pub(super) fn help(error: &HttpError) -> Vec<String> {
    if is_on_this_machine(&error.host)
        && let Some(help) = of_this_machine(error)
    {
        return vec![help];
    }
    let help: Vec<&str> = match &error.failure {
        HttpFailure::Certificate(trouble) => certificate(&trouble.fault),
        HttpFailure::Proxy(trouble) => return proxy(trouble, &error.host),
        HttpFailure::Setup(trouble) => setup(trouble),
        HttpFailure::Connect | HttpFailure::ConnectTimeout => vec![
            "check the network, `HTTPS_PROXY` and `NO_PROXY`, and the spelling of the authority",
        ],
        HttpFailure::NotTls => vec!["check the spelling of the authority, and its port", PORTAL],
        HttpFailure::Cut => vec![
            "the network may block it: check the network, and whether it needs a proxy (`HTTPS_PROXY`)",
            PORTAL,
        ],
        HttpFailure::Handshake => vec![
            "check the spelling of the authority; if it is right, tell the operator of the server or of the TLS inspection on the way",
        ],
        HttpFailure::Timeout | HttpFailure::Deadline { .. } | HttpFailure::Broken => {
            vec!["try again later"]
        }
        HttpFailure::Insecure
        | HttpFailure::TooLarge
        | HttpFailure::ConversationTooLarge(_)
        | HttpFailure::Interrupted(_) => vec![],
    };
    help.into_iter().map(str::to_owned).collect()
}

/// What to do about a server on this machine, which often is `entrada emulator`.
fn of_this_machine(error: &HttpError) -> Option<String> {
    let host = &error.host;
    let port = host.rsplit_once(':').map_or("8400", |(_, port)| port);
    Some(match &error.failure {
        HttpFailure::Connect | HttpFailure::ConnectTimeout => format!(
            "start the program that listens there, such as `entrada emulator --port {port}`, or check the port"
        ),
        HttpFailure::NotTls => format!(
            "an address without TLS begins with `http://`, as that of `entrada emulator` without `--tls`: `http://{host}`"
        ),
        HttpFailure::Broken => format!(
            "if it is `entrada emulator --tls FILE`, its address is `https://{host}`, with `--ca-bundle FILE`; otherwise try again later"
        ),
        HttpFailure::Certificate(trouble)
            if matches!(trouble.fault, CertificateFault::UnknownIssuer { .. }) =>
        {
            "trust its authority with `--ca-bundle FILE`; `entrada emulator --tls FILE` writes that file".to_owned()
        }
        _ => return None,
    })
}

fn certificate(fault: &CertificateFault) -> Vec<&'static str> {
    match fault {
        CertificateFault::UnknownIssuer { .. } => vec![
            "if your network inspects TLS, give that authority's certificate with `--ca-bundle`, or add it to the system's",
        ],
        CertificateFault::OtherKey { .. } => vec![
            "the authority may have a new certificate: get it from the operator, and pass it with `--ca-bundle`",
        ],
        CertificateFault::SelfSigned => vec![
            "if this is the right server, give its certificate with `--ca-bundle`; otherwise another machine answers instead of it. A certificate that is marked as an authority (`CA:TRUE`, the default of `openssl req -x509`) cannot be a server's: make it with `-addext basicConstraints=critical,CA:FALSE`",
            PORTAL,
        ],
        CertificateFault::Expired { .. } => {
            vec![
                "check this machine's clock (`date`); if it is right, tell the operator of the server",
            ]
        }
        CertificateFault::NotYet { .. } => vec![
            "check this machine's clock (`date`), which may be slow; if it is right, tell the operator of the server",
        ],
        CertificateFault::WrongName { .. } => {
            vec!["check the spelling of the authority; or a captive portal answers", PORTAL]
        }
        CertificateFault::Other(_) => vec![
            "tell the operator of the server or of the TLS inspection on the way; entrada has no option to ignore this",
        ],
    }
}

fn proxy(trouble: &ProxyFailure, host: &str) -> Vec<String> {
    let host = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    };
    let past = format!("if {host} can be reached without a proxy: `NO_PROXY={host}`");
    match trouble.fault {
        ProxyFault::Unreachable | ProxyFault::Silent => {
            vec!["check the proxy's address in `HTTPS_PROXY`, and the network".to_owned(), past]
        }
        ProxyFault::NotTls => vec![format!(
            "most proxies do not use TLS: `HTTPS_PROXY=http://{}`",
            trouble.proxy
        )],
        ProxyFault::Login { .. } => vec![
            "give both as `HTTPS_PROXY=http://user:password@host:port`, percent-encoded (`@` is `%40`, `:` is `%3A`)"
                .to_owned(),
            "entrada supports only Basic sign-in; for NTLM or Kerberos, run a local proxy that supports it, such as px or cntlm"
                .to_owned(),
        ],
        ProxyFault::Refused => vec![
            format!("it may forbid {host}, or not find it: ask the operator of the proxy to allow {host}:443"),
            past,
        ],
        ProxyFault::Closed => vec![
            "check that it is an HTTP proxy, and its address in `HTTPS_PROXY`".to_owned(),
            past,
        ],
        ProxyFault::NotTlsBehind | ProxyFault::CutBehind => vec![
            "the proxy may want you to sign in first: open any page in a browser that uses it".to_owned(),
            past,
        ],
    }
}

fn setup(trouble: &SetupFailure) -> Vec<&'static str> {
    match trouble {
        SetupFailure::Bundle { .. } => vec![BUNDLE],
        SetupFailure::RootsVariable { .. } => vec![
            "set it to the certificates to trust, or unset it to use the system's; to trust further certificates, use `--ca-bundle`",
        ],
        SetupFailure::NoRoots => vec![
            "install them (on Linux, the package `ca-certificates`), or name a file of them in SSL_CERT_FILE",
        ],
        SetupFailure::ProxyVariable { .. } => vec![
            "write it as `http://host:port` or `http://user:password@host:port`, user name and password percent-encoded (`@` is `%40`, `#` is `%23`, `/` is `%2F`)",
        ],
        SetupFailure::Client => vec!["close other programs, and try again"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;
    use crate::cli::failure::Failure;
    use entrada_auth::sys::{BundleError, CertificateFailure};
    use entrada_core::NumericDate;

    fn at(host: &str, failure: HttpFailure) -> HttpError {
        HttpError { host: host.to_owned(), failure, source: None }
    }

    fn certificate(fault: CertificateFault) -> HttpError {
        let host = "login.microsoftonline.com".to_owned();
        let trouble = CertificateFailure { host: host.clone(), of_proxy: false, fault };
        at(&host, HttpFailure::Certificate(Box::new(trouble)))
    }

    fn proxy(fault: ProxyFault) -> HttpError {
        let trouble = ProxyFailure { proxy: "proxy.example:8080".to_owned(), fault };
        at("login.microsoftonline.com:443", HttpFailure::Proxy(Box::new(trouble)))
    }

    fn setup(trouble: SetupFailure) -> HttpError {
        at("login.microsoftonline.com", trouble.into())
    }

    #[test]
    fn an_error_is_one_sentence_with_the_innermost_cause() {
        #[derive(Debug, thiserror::Error)]
        #[error("tcp connect error")]
        struct Layer(#[source] io::Error);
        let connect = |source: io::Error| HttpError {
            host: "127.0.0.1:1143".to_owned(),
            failure: HttpFailure::Connect,
            source: Some(Box::new(Layer(source))),
        };
        let refused = connect(io::ErrorKind::ConnectionRefused.into());
        let said = "no answer from 127.0.0.1:1143: the connection was refused, because no program listens there";
        assert_eq!(sentence(&refused), said);
        let failure = Failure::from(refused);
        assert_eq!(failure.reason(), said, "no causes besides");
        let unknown = connect(io::Error::other("failed to lookup address information"));
        assert_eq!(
            sentence(&unknown),
            "no answer from 127.0.0.1:1143: failed to lookup address information"
        );
        assert_eq!(sentence(&at("a", HttpFailure::Connect)), "no answer from a: could not connect");
    }

    #[test]
    fn every_failure_says_what_is_so_and_what_to_do() {
        use CertificateFault as C;
        use ProxyFault as P;
        let day = NumericDate(1_767_225_600);
        for (error, exit, message, help) in [
            (
                certificate(C::UnknownIssuer { issuer: "Contoso Proxy CA".to_owned(), root: None }),
                Exit::Temporary,
                "the certificate of login.microsoftonline.com was issued by `Contoso Proxy CA`, which is not trusted here",
                "if your network inspects TLS, give that authority's certificate with `--ca-bundle`",
            ),
            (
                certificate(C::OtherKey { issuer: "X".to_owned() }),
                Exit::Temporary,
                "names `X` as its issuer",
                "may have a new certificate",
            ),
            (
                certificate(C::SelfSigned),
                Exit::Temporary,
                "is signed by itself",
                "`--ca-bundle`; otherwise another machine",
            ),
            (
                certificate(C::Expired { at: day, authority: None }),
                Exit::Temporary,
                "the certificate of login.microsoftonline.com ended on 2026-01-01",
                "check this machine's clock (`date`); if it is right, tell the operator of the server",
            ),
            (
                certificate(C::NotYet { at: day, authority: None }),
                Exit::Temporary,
                "is not valid before 2026-01-01",
                "which may be slow",
            ),
            (
                certificate(C::WrongName { names: vec!["other.example".to_owned()], more: 0 }),
                Exit::Temporary,
                "is for `other.example`, not for login.microsoftonline.com",
                "check the spelling of the authority; or a captive portal answers",
            ),
            (
                certificate(C::WrongName { names: vec![], more: 0 }),
                Exit::Temporary,
                "is for nobody in particular",
                "spelling",
            ),
            (
                certificate(C::Other("its issuer has revoked it".to_owned())),
                Exit::Temporary,
                "is not accepted: its issuer",
                "no option to ignore this",
            ),
            (
                at("a", HttpFailure::Connect),
                Exit::Temporary,
                "no answer from a: could not connect",
                "`HTTPS_PROXY` and `NO_PROXY`",
            ),
            (
                at("a", HttpFailure::ConnectTimeout),
                Exit::Temporary,
                "no connection within 10 s",
                "`HTTPS_PROXY` and `NO_PROXY`",
            ),
            (
                at("a", HttpFailure::NotTls),
                Exit::Temporary,
                "does not speak TLS",
                "spelling of the authority, and its port",
            ),
            (
                at("a", HttpFailure::Cut),
                Exit::Temporary,
                "closed in the TLS handshake",
                "whether it needs a proxy",
            ),
            (
                at("a", HttpFailure::Handshake),
                Exit::Temporary,
                "the TLS handshake failed",
                "TLS inspection on the way",
            ),
            (
                at("a", HttpFailure::Timeout),
                Exit::Temporary,
                "it took longer than 30 s",
                "try again",
            ),
            (at("a", HttpFailure::Broken), Exit::Temporary, "the connection broke", "try again"),
            (
                proxy(P::Unreachable),
                Exit::Temporary,
                "could not connect to the proxy proxy.example:8080",
                "`HTTPS_PROXY`, and the network",
            ),
            (
                proxy(P::Silent),
                Exit::Temporary,
                "gave no connection within 10 s",
                "`NO_PROXY=login.microsoftonline.com`",
            ),
            (
                proxy(P::NotTls),
                Exit::Temporary,
                "does not speak TLS",
                "`HTTPS_PROXY=http://proxy.example:8080`",
            ),
            (
                proxy(P::Login { given: false }),
                Exit::Temporary,
                "asks for a user name",
                "`HTTPS_PROXY=http://user:password@host:port`, percent-encoded",
            ),
            (
                proxy(P::Login { given: true }),
                Exit::Temporary,
                "does not take the user name",
                "`HTTPS_PROXY=http://user:password@host:port`, percent-encoded",
            ),
            (
                proxy(P::Refused),
                Exit::Temporary,
                "did not let us through",
                "allow login.microsoftonline.com:443",
            ),
            (
                proxy(P::Closed),
                Exit::Temporary,
                "closed the connection unasked",
                "that it is an HTTP proxy",
            ),
            (
                proxy(P::NotTlsBehind),
                Exit::Temporary,
                "what answers through the proxy",
                "sign in first",
            ),
            (proxy(P::CutBehind), Exit::Temporary, "in the TLS handshake", "sign in first"),
            (
                setup(SetupFailure::Bundle {
                    file: "ca.pem".to_owned(),
                    source: BundleError::Empty,
                }),
                Exit::Usage,
                "no PEM certificate in it",
                "BEGIN CERTIFICATE",
            ),
            (
                setup(SetupFailure::RootsVariable {
                    variable: "SSL_CERT_FILE",
                    why: "it is not there".to_owned(),
                }),
                Exit::Usage,
                "no certificate could be read from what the variable SSL_CERT_FILE names: it is not there",
                "or unset it",
            ),
            (
                setup(SetupFailure::NoRoots),
                Exit::Temporary,
                "no trusted certificates were found",
                "`ca-certificates`",
            ),
            (
                setup(SetupFailure::ProxyVariable { variable: "HTTPS_PROXY", why: "it is no URL" }),
                Exit::Usage,
                "the variable HTTPS_PROXY is not the address of a proxy: it is no URL",
                "write it as `http://host:port`",
            ),
            (setup(SetupFailure::Client), Exit::Temporary, "could not be set up", "try again"),
        ] {
            let Failure { message: said, help: helped, exit: ended, .. } = Failure::from(error);
            assert!(said.contains(message), "`{message}` is not in {said}");
            assert!(helped.iter().any(|line| line.contains(help)), "`{help}` is not in {helped:?}");
            assert_eq!(ended, exit, "{said}");
        }
    }
}
