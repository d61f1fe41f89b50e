//! Sends HTTP requests: `reqwest` on a current-thread runtime that only this file starts.

mod certificate;
mod classify;
mod error;
mod proxy;
#[cfg(test)]
mod tests;
mod tls;
mod trust;

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::http::{HeaderValue, header};
use url::Url;

pub use self::certificate::{CertificateFailure, CertificateFault};
pub(super) use self::classify::handshake;
pub use self::error::{
    BundleError, HttpError, HttpFailure, ProxyFailure, ProxyFault, SetupFailure,
};
use self::proxy::Proxy;
pub use self::proxy::{PROXY_VARIABLES, proxy_of};
use super::clock::unless_held;
use super::{Bundle, Env, Http};
use entrada_core::check_transport;

/// A request with its whole body.
pub type HttpRequest = http::Request<Vec<u8>>;
/// An answer with its whole body.
pub type HttpResponse = http::Response<Vec<u8>>;

/// A time limit of one request, shorter than the client's own, in its `extensions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestDeadline {
    /// The time limit of the request.
    pub left: Duration,
    /// The time limit of the sign-in that the request belongs to.
    pub timeout: Duration,
}

impl RequestDeadline {
    /// The time limit of `request` with a client that allows `patience`, and the failure when it is exceeded.
    pub fn limit(request: &HttpRequest, patience: Duration) -> (Duration, HttpFailure) {
        match request.extensions().get::<Self>() {
            Some(own) if own.left < patience => {
                (own.left, HttpFailure::Deadline { timeout: own.timeout })
            }
            _ => (patience, HttpFailure::Timeout),
        }
    }
}

/// In the `extensions` of a request: an incomplete body is returned too, with a [`CutOff`].
#[derive(Clone, Copy, Debug)]
pub struct KeepPartial;

/// In the `extensions` of an answer with an incomplete body.
#[derive(Clone, Debug)]
pub struct CutOff {
    /// Host and port of the server.
    pub host: String,
    /// Why the body is incomplete.
    pub failure: HttpFailure,
}

/// Time limit for a connection, including TLS and a proxy.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time limit for one request, from the first byte sent to the last byte read.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// Size limit in bytes of an answer. A token response with large tokens has about 20 kB. The limit is generous,
/// because the unread part may contain the only refresh token.
const BODY_MAX: usize = 4 << 20;

/// The addresses of `localhost`. The system is not asked: an image without `/etc/hosts` does not know them, and the name must not
/// lead to another machine (RFC 6761 §6.3).
pub(super) const LOCALHOST: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// The real network. The clients are built at the first request.
pub struct RealHttp<'a> {
    env: &'a Env,
    connect_timeout: Duration,
    total_timeout: Duration,
    extra_roots: RefCell<Vec<Bundle>>,
    clients: RefCell<Vec<(Route, reqwest::Client)>>,
}

/// The route of a request. Each route has its own client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    /// To this machine, without TLS.
    Plain,
    /// With TLS.
    Straight,
    /// With TLS, through the proxy. There is at most one.
    Proxied,
}

impl Http for RealHttp<'_> {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let host = host_of(&request);
        self.answer(request).map_err(|(failure, source)| HttpError {
            host,
            failure,
            source: source.map(|error| Box::new(error.without_url()) as _),
        })
    }

    fn trust(&self, bundle: Bundle) {
        self.extra_roots.borrow_mut().push(bundle);
        self.clients.borrow_mut().clear();
    }
}

/// The kind of failure, and the transport's error if it adds something.
type SendFailure = (HttpFailure, Option<reqwest::Error>);

impl<'a> RealHttp<'a> {
    /// Reads the proxies from `env`. The platform looks up `SSL_CERT_FILE` and `SSL_CERT_DIR` in the process's own
    /// environment.
    pub fn new(env: &'a Env) -> Self {
        Self {
            env,
            connect_timeout: CONNECT_TIMEOUT,
            total_timeout: TOTAL_TIMEOUT,
            extra_roots: RefCell::default(),
            clients: RefCell::default(),
        }
    }

    /// The TLS settings for protocols other than HTTP.
    pub(super) fn trusting(&self) -> Result<Arc<rustls::ClientConfig>, SetupFailure> {
        let mut config = tls::config(&self.extra_roots.borrow(), self.env)?;
        config.alpn_protocols.clear();
        Ok(Arc::new(config))
    }

    fn answer(&self, request: HttpRequest) -> Result<HttpResponse, SendFailure> {
        let setup = |failure: SetupFailure| (HttpFailure::from(failure), None);
        let url =
            Url::parse(&request.uri().to_string()).map_err(|_| (HttpFailure::Connect, None))?;
        check_transport(&url).map_err(|_| (HttpFailure::Insecure, None))?;
        let proxy = Proxy::of(&url, self.env).map_err(setup)?;
        let client = self.client(&url, proxy.as_ref())?;
        let keeps_partial = request.extensions().get::<KeepPartial>().map(|_| host_of(&request));
        let (limit, too_late) = RequestDeadline::limit(&request, self.total_timeout);
        let mut request = reqwest::Request::try_from(request)
            .map_err(|error| (HttpFailure::from(SetupFailure::Client), Some(error)))?;
        *request.timeout_mut() = Some(limit);
        let failure_of = |error: &reqwest::Error| match classify::failure_of(error, proxy.as_ref())
        {
            HttpFailure::Timeout => too_late.clone(),
            failure => failure,
        };
        match unless_held(exchange(&client, request)) {
            Ok(Some(Ok((mut response, broken)))) => match (broken, keeps_partial) {
                (None, _) => Ok(response),
                (Some(error), Some(host)) if !response.body().is_empty() => {
                    let failure = failure_of(&error);
                    response.extensions_mut().insert(CutOff { host, failure });
                    Ok(response)
                }
                (Some(error), _) => {
                    let failure = failure_of(&error);
                    let source = (!needs_no_source(&failure)).then_some(error);
                    Err((failure, source))
                }
            },
            Ok(Some(Err(Unanswered::Transport(error)))) => {
                let failure = failure_of(&error);
                let source = (!needs_no_source(&failure)).then_some(error);
                Err((failure, source))
            }
            Ok(Some(Err(Unanswered::Other(failure)))) => Err((failure, None)),
            Ok(None) => Err(setup(SetupFailure::Client)),
            Err(interrupted) => Err((HttpFailure::Interrupted(interrupted), None)),
        }
    }

    fn client(&self, url: &Url, proxy: Option<&Proxy>) -> Result<reqwest::Client, SendFailure> {
        let way = match proxy {
            Some(_) => Route::Proxied,
            None if url.scheme() == "http" => Route::Plain,
            None => Route::Straight,
        };
        let known = self.clients.borrow().iter().find(|(its, _)| *its == way).cloned();
        if let Some((_, client)) = known {
            return Ok(client);
        }
        let setup = |failure: SetupFailure| (HttpFailure::from(failure), None);
        let tls = match way {
            Route::Plain => tls::unused(),
            Route::Straight | Route::Proxied => tls::config(&self.extra_roots.borrow(), self.env),
        };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.map_err(setup)?)
            .no_proxy()
            // RFC 9700 §4.11: a redirect would carry codes and tokens to another host.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            // Port 0: that of the request.
            .resolve_to_addrs("localhost", &LOCALHOST.map(|address| SocketAddr::new(address, 0)))
            // Without it every coding would be acceptable (RFC 9110 §12.5.3), and none can be read here.
            .default_headers(
                [(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))]
                    .into_iter()
                    .collect(),
            )
            .user_agent(concat!("entrada/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = proxy {
            builder = builder.proxy(proxy.rule().map_err(setup)?);
        }
        let client = builder.build().map_err(|error| (SetupFailure::Client.into(), Some(error)))?;
        self.clients.borrow_mut().push((way, client.clone()));
        Ok(client)
    }
}

/// The runtime of this process: current-thread, started by the first request or wait that needs it. `None` if the
/// system has no descriptors left for an event loop.
pub(super) fn runtime() -> Option<&'static tokio::runtime::Runtime> {
    static RUNTIME: OnceLock<Option<tokio::runtime::Runtime>> = OnceLock::new();
    RUNTIME.get_or_init(|| event_loop().ok()).as_ref()
}

/// Descriptors that an event loop opens, and some to work with.
#[cfg(unix)]
const LOOP_DESCRIPTORS: usize = 8;

/// Starts an event loop on its own thread. An error if the system has no descriptors or threads left for it: `tokio`
/// itself would panic when it creates its signal pipe or resolves a host name.
pub(crate) fn event_loop() -> io::Result<tokio::runtime::Runtime> {
    #[cfg(unix)]
    {
        let stdin = rustix::stdio::stdin();
        let spare = || rustix::io::fcntl_dupfd_cloexec(stdin, 3);
        let spares: Result<Vec<_>, _> = (0..LOOP_DESCRIPTORS).map(|_| spare()).collect();
        drop(spares?);
    }
    // The thread ends by itself.
    drop(std::thread::Builder::new().spawn(|| ())?);
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

enum Unanswered {
    Transport(reqwest::Error),
    Other(HttpFailure),
}

impl From<reqwest::Error> for Unanswered {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(error)
    }
}

/// The answer, and what broke its body off.
async fn exchange(
    client: &reqwest::Client,
    request: reqwest::Request,
) -> Result<(HttpResponse, Option<reqwest::Error>), Unanswered> {
    let mut response = client.execute(request).await?;
    let mut answer =
        http::Response::builder().status(response.status()).version(response.version());
    for (name, value) in response.headers() {
        answer = answer.header(name, value);
    }
    let mut body = Vec::new();
    let broken = loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        if BODY_MAX < body.len() + chunk.len() {
            return Err(Unanswered::Other(HttpFailure::TooLarge));
        }
        body.extend_from_slice(&chunk);
    };
    let answer = answer.body(body).map_err(|_| Unanswered::Other(HttpFailure::Broken))?;
    Ok((answer, broken))
}

/// Whether the transport's error would only repeat `failure`, less clearly.
fn needs_no_source(failure: &HttpFailure) -> bool {
    match failure {
        HttpFailure::Certificate(_)
        | HttpFailure::NotTls
        | HttpFailure::Cut
        | HttpFailure::ConnectTimeout
        | HttpFailure::Timeout
        | HttpFailure::Deadline { .. } => true,
        HttpFailure::Proxy(failure) => failure.fault != ProxyFault::Unreachable,
        _ => false,
    }
}

fn host_of(request: &HttpRequest) -> String {
    request.uri().authority().map_or_else(|| "?".to_owned(), ToString::to_string)
}
