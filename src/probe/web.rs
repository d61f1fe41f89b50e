//! Graph, EWS and ActiveSync: one call that changes nothing.

use std::borrow::Cow;

use super::plan::WebPlan;
use entrada_auth::sys::{Http, HttpError, HttpRequest, HttpResponse};
use entrada_core::{Job, Redactor, Secret};
use entrada_diagnose::HttpAnswer;

/// What a service answered.
#[derive(Debug)]
pub struct Answered {
    /// The answer, without the token.
    pub response: HttpResponse,
    /// The same as `diagnose` reads it.
    pub answer: HttpAnswer,
    /// What it says about the token.
    pub verdict: WebVerdict,
}

/// What an answer says about the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebVerdict {
    /// The token is accepted.
    Taken,
    /// The token is accepted; the job cannot be tested without doing it.
    TakenAtLeast,
    /// The token is refused.
    Refused,
    /// Nothing: the answer is not the service's.
    Unexpected,
}

/// How an answer is recognised as the service's own, and not a proxy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceAnswer {
    /// JSON with the members of Graph's and ARM's answers.
    Members,
    /// A SOAP message of Exchange Web Services.
    Soap,
    /// Headers that name the versions of ActiveSync.
    ActiveSync,
    /// Nothing is known about it.
    Any,
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
    // A token that a header cannot hold is left out: the service reports a missing token.
    if let Ok(authorization) = authorization {
        request = request.header(http::header::AUTHORIZATION, authorization);
    }
    let body = plan.body.clone().unwrap_or_default().into_bytes();
    let request: HttpRequest =
        request.body(body).unwrap_or_else(|_| http::Request::new(Vec::new()));
    let response = http.send(request)?;
    let response = hidden(response, token);
    let answer = answer_of(plan, &response);
    let verdict = judge(plan, &answer);
    Ok(Answered { response, answer, verdict })
}

/// What `answer` says of the token: the same that `diagnose` makes of it, and whether it is the service that answers so.
fn judge(plan: &WebPlan, answer: &HttpAnswer) -> WebVerdict {
    let taken = if plan.token_alone { WebVerdict::TakenAtLeast } else { WebVerdict::Taken };
    match answer.status.unwrap_or_default() {
        403 if plan.token_alone && answer.says_error() && !answer.is_html() => taken,
        200..300 if answer.is_success() && plan.expects.is_met_by(answer) => taken,
        200..300 if !answer.is_refusal_under_success() => WebVerdict::Unexpected,
        200..300 | 400.. => WebVerdict::Refused,
        _ => WebVerdict::Unexpected,
    }
}

impl ServiceAnswer {
    /// What the service of `job` answers with.
    pub(super) fn of(job: Job) -> Self {
        match job {
            Job::Ews => Self::Soap,
            Job::Eas => Self::ActiveSync,
            Job::Custom | Job::Own(_) => Self::Any,
            _ => Self::Members,
        }
    }

    /// Whether `answer` has what the service's own answers have.
    fn is_met_by(self, answer: &HttpAnswer) -> bool {
        match self {
            Self::Members => answer.json().is_some_and(|json| {
                ["@odata.context", "value", "id"].iter().any(|name| json.get(name).is_some())
            }),
            Self::Soap => answer.body.contains("ResponseClass=\"Success\""),
            Self::ActiveSync => answer.is_of_active_sync(),
            Self::Any => true,
        }
    }
}

/// `response` as `diagnose` reads it.
fn answer_of(plan: &WebPlan, response: &HttpResponse) -> HttpAnswer {
    let headers = response.headers().iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    HttpAnswer {
        status: Some(response.status().as_u16()),
        headers: headers.collect(),
        body: String::from_utf8_lossy(response.body()).into_owned(),
        method: Some(plan.method.to_owned()),
        url: Some(plan.url.to_string()),
        authorization: None,
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
