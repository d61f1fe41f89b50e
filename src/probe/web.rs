//! Graph, EWS and ActiveSync: one call that changes nothing.

use super::plan::WebPlan;
use crate::model::Secret;
use crate::sys::{Http, HttpError, HttpRequest, HttpResponse};

/// What a service answered.
#[derive(Debug)]
pub struct Answered {
    /// The answer.
    pub response: HttpResponse,
    /// Whether it is a no.
    pub refused: bool,
    /// Whether it tells that the token is taken and nothing more: what the job does cannot be tried without doing it.
    pub token_alone: bool,
}

/// Makes the call of `plan` with `token`.
pub fn ask(http: &dyn Http, plan: &WebPlan, token: &Secret) -> Result<Answered, HttpError> {
    let mut request = http::Request::builder().method(plan.method).uri(plan.url.as_str());
    for (name, value) in &plan.headers {
        request = request.header(*name, value);
    }
    let authorization = format!("Bearer {}", token.expose());
    let authorization = http::HeaderValue::try_from(authorization).map(|mut value| {
        value.set_sensitive(true);
        value
    });
    // A token that no header can hold is shown as none: the service will say so.
    if let Ok(authorization) = authorization {
        request = request.header(http::header::AUTHORIZATION, authorization);
    }
    let body = plan.body.clone().unwrap_or_default().into_bytes();
    let request: HttpRequest =
        request.body(body).unwrap_or_else(|_| http::Request::new(Vec::new()));
    let response = http.send(request)?;
    let status = response.status().as_u16();
    // SOAP has errors under 200.
    let soap_error = plan.body.is_some() && {
        let text = String::from_utf8_lossy(response.body());
        text.contains("ResponseClass=\"Error\"") || text.contains(":Fault>")
    };
    let token_alone = plan.token_alone && (status < 400 || status == 403);
    let refused = (400 <= status || soap_error) && !token_alone;
    Ok(Answered { response, refused, token_alone })
}
