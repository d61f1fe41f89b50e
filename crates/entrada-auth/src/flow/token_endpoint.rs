//! Requests that spend a code or a refresh token.

use crate::sys::{CutOff, HttpError, HttpRequest, HttpResponse, KeepPartial, Sys};
use entrada_core::oauth::TokenResponse;

/// Sends `request` to the token endpoint. Where the connection broke within the answer and tokens or a refusal had come by then,
/// that is the answer.
pub(super) fn send(sys: &Sys<'_>, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
    request.extensions_mut().insert(KeepPartial);
    let mut answer = sys.http.send(request)?;
    let Some(CutOff { host, failure }) = answer.extensions_mut().remove() else {
        return Ok(answer);
    };
    let now = sys.clock.now();
    let is_whole = TokenResponse::parse("the token request", &answer, now).is_ok()
        || TokenResponse::without_access_token(&answer, now).is_some();
    if is_whole { Ok(answer) } else { Err(HttpError { host, failure, source: None }) }
}
