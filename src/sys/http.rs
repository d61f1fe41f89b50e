//! One request, one answer: `reqwest` on a current-thread runtime that begins here and nowhere else.

use std::cell::{OnceCell, RefCell};
use std::error::Error as StdError;
use std::sync::OnceLock;
use std::time::Duration;

use url::Url;

use super::clock::interruptible;
use super::{Http, Interrupted};
use crate::model::check_transport;

/// A request with its whole body.
pub type HttpRequest = http::Request<Vec<u8>>;
/// An answer with its whole body.
pub type HttpResponse = http::Response<Vec<u8>>;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one request may take, from the first byte sent to the last byte read.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of an answer that are read. A token response with large tokens has about 20 kB.
const BODY_MAX: usize = 1 << 20;

/// The request got no answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer from {host}: {failure}")]
pub struct HttpError {
    /// Whom we asked: host and port, never the query.
    pub host: String,
    /// What kind of failure it was.
    pub failure: HttpFailure,
    /// What the transport said.
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Kinds of failure, by what the user can do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpFailure {
    /// Plain http to another machine.
    #[error("the address is not https")]
    Insecure,
    /// Name resolution, connection or proxy.
    #[error("could not connect")]
    Connect,
    /// The certificate was not accepted.
    #[error("the TLS certificate was not accepted")]
    Tls,
    /// A deadline passed.
    #[error("it took longer than {} s", TOTAL_TIMEOUT.as_secs())]
    Timeout,
    /// More than the cap of 1 MiB came.
    #[error("the answer is larger than 1 MiB")]
    TooLarge,
    /// The connection broke, or what came is not HTTP.
    #[error("the connection broke")]
    Broken,
    /// The client could not be built: no roots, a bad proxy variable.
    #[error("the TLS client could not be set up")]
    Setup,
    /// The program was asked to end.
    #[error("interrupted")]
    Interrupted(Interrupted),
}

/// The real network. Nothing is built before the first request.
#[derive(Default)]
pub struct RealHttp {
    extra_roots: RefCell<Vec<Vec<u8>>>,
    client: OnceCell<reqwest::Client>,
}

impl Http for RealHttp {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let host = host_of(&request);
        let fail = |failure, source| HttpError { host: host.clone(), failure, source };
        let url = Url::parse(&request.uri().to_string())
            .map_err(|error| fail(HttpFailure::Connect, Some(Box::new(error) as _)))?;
        check_transport(&url).map_err(|_| fail(HttpFailure::Insecure, None))?;
        let client = self.client().map_err(|e| fail(HttpFailure::Setup, Some(Box::new(e) as _)))?;
        let request = reqwest::Request::try_from(request)
            .map_err(|error| fail(HttpFailure::Setup, Some(Box::new(error) as _)))?;
        match interruptible(exchange(client, request)) {
            Ok(Some(Ok(response))) => Ok(response),
            Ok(None) => Err(fail(HttpFailure::Setup, None)),
            Ok(Some(Err((failure, source)))) => {
                Err(fail(failure, source.map(|error| Box::new(error.without_url()) as _)))
            }
            Err(interrupted) => Err(fail(HttpFailure::Interrupted(interrupted), None)),
        }
    }

    fn trust(&self, pem: Vec<u8>) {
        self.extra_roots.borrow_mut().push(pem);
    }
}

impl RealHttp {
    fn client(&self) -> Result<&reqwest::Client, reqwest::Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut builder = reqwest::Client::builder()
            // RFC 9700 §4.11: a redirect would carry codes and tokens to another host.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .user_agent(concat!("entrada/", env!("CARGO_PKG_VERSION")));
        for pem in self.extra_roots.borrow().iter() {
            let roots = reqwest::Certificate::from_pem_bundle(pem)?;
            builder = builder.tls_certs_merge(roots);
        }
        let client = builder.build()?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// The runtime of this process: current-thread, started when the first request or wait needs it. `None` where the
/// system has no descriptors left for an event loop.
pub(super) fn runtime() -> Option<&'static tokio::runtime::Runtime> {
    static RUNTIME: OnceLock<Option<tokio::runtime::Runtime>> = OnceLock::new();
    let build = || tokio::runtime::Builder::new_current_thread().enable_all().build().ok();
    RUNTIME.get_or_init(build).as_ref()
}

type Failure = (HttpFailure, Option<reqwest::Error>);

async fn exchange(
    client: &reqwest::Client,
    request: reqwest::Request,
) -> Result<HttpResponse, Failure> {
    let classify = |error: reqwest::Error| (kind_of(&error), Some(error));
    let mut response = client.execute(request).await.map_err(classify)?;
    let mut answer = http::Response::builder().status(response.status());
    for (name, value) in response.headers() {
        answer = answer.header(name, value);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(classify)? {
        if BODY_MAX < body.len() + chunk.len() {
            return Err((HttpFailure::TooLarge, None));
        }
        body.extend_from_slice(&chunk);
    }
    answer.body(body).map_err(|_| (HttpFailure::Broken, None))
}

fn kind_of(error: &reqwest::Error) -> HttpFailure {
    if error.is_timeout() {
        return HttpFailure::Timeout;
    }
    let mut cause: Option<&dyn StdError> = Some(error);
    while let Some(current) = cause {
        let text = current.to_string();
        if text.contains("certificate") || text.contains("UnknownIssuer") {
            return HttpFailure::Tls;
        }
        cause = current.source();
    }
    if error.is_connect() { HttpFailure::Connect } else { HttpFailure::Broken }
}

fn host_of(request: &HttpRequest) -> String {
    request.uri().authority().map_or_else(|| "?".to_owned(), ToString::to_string)
}
