//! Graph, EWS and ActiveSync: one call that changes nothing.

use std::borrow::Cow;

use super::plan::WebPlan;
use entrada_auth::sys::{Http, HttpError, HttpRequest, HttpResponse};
use entrada_core::{Redactor, Secret};

/// What a service answered.
#[derive(Debug)]
pub struct Answered {
    /// The answer, without the token.
    pub response: HttpResponse,
    /// What it says of the token.
    pub verdict: Verdict,
}

/// What an answer says of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Taken,
    /// It is taken; what the job does cannot be tried without doing it.
    TakenAtLeast,
    /// It does not.
    Refused,
    /// Nothing: another page answered.
    Unexpected,
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
    let verdict = judge(plan, &response);
    Ok(Answered { response: hidden(response, token), verdict })
}

fn judge(plan: &WebPlan, response: &HttpResponse) -> Verdict {
    let status = response.status().as_u16();
    let text = String::from_utf8_lossy(response.body());
    let kind = response.headers().get(http::header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    match status {
        // SOAP has errors under 200.
        200..300 if plan.body.is_some() => {
            if text.contains("ResponseClass=\"Error\"") || text.contains(":Fault>") {
                Verdict::Refused
            } else if text.contains("ResponseClass=\"Success\"") {
                Verdict::Taken
            } else {
                Verdict::Unexpected
            }
        }
        // A page is what captive portals and sign-ins in between answer with.
        200..300 if kind.contains("html") || text.trim_start().starts_with("<!") => {
            Verdict::Unexpected
        }
        200..300 | 403 if plan.token_alone => Verdict::TakenAtLeast,
        200..300 => Verdict::Taken,
        400.. => Verdict::Refused,
        _ => Verdict::Unexpected,
    }
}

/// `response` with the token taken out of it.
fn hidden(response: HttpResponse, token: &Secret) -> HttpResponse {
    let redactor = Redactor::of([token]);
    let (mut parts, body) = response.into_parts();
    for value in parts.headers.values_mut() {
        let said = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let shown = redactor.text(&said);
        if shown.as_bytes() != value.as_bytes() {
            *value = http::HeaderValue::from_str(&shown)
                .unwrap_or(http::HeaderValue::from_static("(hidden)"));
        }
    }
    let text = String::from_utf8_lossy(&body);
    let body = match redactor.text(&text) {
        Cow::Owned(shown) => shown.into_bytes(),
        Cow::Borrowed(_) => body,
    };
    HttpResponse::from_parts(parts, body)
}
