//! A request that came to the loopback listener, and its answer.

use tokio::sync::oneshot;

use super::{HttpRequest, HttpResponse};

/// Somebody who hears of an answer.
type ResponseHook = Box<dyn FnOnce(&HttpResponse) + Send>;

/// One visitor's request. Dropped without an answer, the visitor learns that the sign-in is over.
pub struct CallbackRequest {
    /// What was asked, with its whole body.
    pub request: HttpRequest,
    answer: oneshot::Sender<HttpResponse>,
    hook: Option<ResponseHook>,
}

impl CallbackRequest {
    /// A visit, and where its answer will be.
    pub fn new(request: HttpRequest) -> (Self, oneshot::Receiver<HttpResponse>) {
        let (answer, receiver) = oneshot::channel();
        (Self { request, answer, hook: None }, receiver)
    }

    /// The same visit, whose answer `hook` hears of too.
    pub fn with_response_hook(self, hook: impl FnOnce(&HttpResponse) + Send + 'static) -> Self {
        Self { hook: Some(Box::new(hook)), ..self }
    }

    /// Sends the answer. A visitor who has left does not get it.
    pub fn answer(self, response: HttpResponse) {
        if let Some(hook) = self.hook {
            hook(&response);
        }
        let _ = self.answer.send(response);
    }
}

/// What a visitor hears for whom there is no answer any more.
pub(super) fn gone() -> HttpResponse {
    let mut response = HttpResponse::new(b"This sign-in is over.".to_vec());
    *response.status_mut() = http::StatusCode::GONE;
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain"));
    response
}
