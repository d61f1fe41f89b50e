//! Servers on loopback with one behaviour each, and certificates for them. Their threads end with the process.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub(super) const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A certificate with its key and its issuers.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

/// A certificate authority.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        Self::with_key(name, KeyPair::generate().unwrap())
    }

    pub(super) fn with_key(name: &str, key: KeyPair) -> Self {
        Self(CertifiedIssuer::self_signed(authority_params(name), key).unwrap())
    }

    /// An intermediate authority below this one.
    pub(super) fn below(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority_params(name);
        change(&mut params);
        Self(CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &self.0).unwrap())
    }

    pub(super) fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub(super) fn issue(&self, names: &[&str]) -> Identity {
        self.issue_with(names, |_| ())
    }

    pub(super) fn issue_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { chain: vec![certificate.der().clone()], key: key.serialize_der() }
    }
}

impl Identity {
    pub(super) fn self_signed(names: &[&str], is_ca: IsCa) -> (Self, Vec<u8>) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.is_ca = is_ca;
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let identity = Self { chain: vec![certificate.der().clone()], key: key.serialize_der() };
        (identity, certificate.pem().into_bytes())
    }

    /// Adds `authority` to the chain that is sent.
    pub(super) fn under(mut self, authority: &Authority) -> Self {
        self.chain.push(authority.der());
        self
    }

    fn config(self) -> Arc<ServerConfig> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain, PrivatePkcs8KeyDer::from(self.key).into())
            .unwrap();
        Arc::new(config)
    }
}

/// Passes every connection to `handle`. Returns the port.
pub(super) fn serve(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let handle = Arc::new(handle);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let handle = Arc::clone(&handle);
            thread::spawn(move || handle(stream.unwrap()));
        }
    });
    port
}

/// Reads the head of a request; empty if there is none.
pub(super) fn head(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut one = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        match stream.read(&mut one) {
            Ok(1) => bytes.push(one[0]),
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => (),
            Err(_) => return String::new(),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Never answers. Returns when the client has closed the connection.
pub(super) fn hang(mut stream: impl Read) {
    let mut some = [0; 1024];
    while let Ok(1..) = stream.read(&mut some) {}
}

/// Serves TLS with `identity`, and writes `answer` to the first request.
pub(super) fn tls(identity: Identity, answer: &'static [u8]) -> u16 {
    let config = identity.config();
    serve(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        if !head(&mut stream).is_empty() {
            let _ = stream.write_all(answer);
            hang(stream);
        }
    })
}

/// The heads of all CONNECT requests that a proxy got.
pub(super) type Asked = Arc<Mutex<Vec<String>>>;

/// A proxy that reads the CONNECT and continues with `then`.
pub(super) fn proxy(then: impl Fn(TcpStream) + Send + Sync + 'static) -> (u16, Asked) {
    let asked = Asked::default();
    let heads = Arc::clone(&asked);
    let port = serve(move |mut stream| {
        heads.lock().unwrap().push(head(&mut stream));
        then(stream);
    });
    (port, asked)
}

/// Answers 200 and connects to `port`, whatever host was requested.
pub(super) fn tunnel(port: u16) -> impl Fn(TcpStream) + Send + Sync + 'static {
    move |mut client| {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
        let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (mut from_client, mut to_server) =
            (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
        let (mut from_server, mut to_client) = (server, client);
        let _ = std::io::copy(&mut from_server, &mut to_client);
    }
}

/// Writes `answer`, the first part at once and the second a little later, and then waits.
pub(super) fn say(answer: &'static [&'static [u8]]) -> impl Fn(TcpStream) + Send + Sync + 'static {
    move |mut stream| {
        stream.set_nodelay(true).unwrap();
        for part in answer {
            stream.write_all(part).unwrap();
            pause();
        }
        hang(stream);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the other side has to read one part before the next"
)]
fn pause() {
    thread::sleep(std::time::Duration::from_millis(30));
}

/// Reads a request over plain http, and writes `answer`.
pub(super) fn plain(answer: &'static [&'static [u8]]) -> u16 {
    proxy(say(answer)).0
}
