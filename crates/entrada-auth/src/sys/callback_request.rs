//! A request to the loopback listener, and its answer.

use tokio::sync::oneshot;

use super::{HttpRequest, HttpResponse};

/// Called with the HTTP response.
type ResponseHook = Box<dyn FnOnce(&HttpResponse) + Send>;

/// One HTTP request to the redirect listener. If it is dropped without an answer, the client gets the response that
/// the sign-in is over.
pub struct CallbackRequest {
    /// The request with its whole body.
    pub request: HttpRequest,
    answer: oneshot::Sender<HttpResponse>,
    hook: Option<ResponseHook>,
}

impl CallbackRequest {
    /// A request, and the receiver of its response.
    pub fn new(request: HttpRequest) -> (Self, oneshot::Receiver<HttpResponse>) {
        let (answer, receiver) = oneshot::channel();
        (Self { request, answer, hook: None }, receiver)
    }

    /// The same request, with `hook` called with its response.
    pub fn with_response_hook(self, hook: impl FnOnce(&HttpResponse) + Send + 'static) -> Self {
        Self { hook: Some(Box::new(hook)), ..self }
    }

    /// Sends the response. A client that has closed the connection does not get it.
    pub fn answer(self, response: HttpResponse) {
        if let Some(hook) = self.hook {
            hook(&response);
        }
        let _ = self.answer.send(response);
    }
}

/// The response to a request that comes too late.
pub(super) fn sign_in_over() -> HttpResponse {
    let mut response = HttpResponse::new(b"This sign-in is over.".to_vec());
    *response.status_mut() = http::StatusCode::GONE;
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain"));
    response
}
