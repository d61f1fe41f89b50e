//! The steps of a sign-in in a browser: the authority's pages, and its redirects back to the application.

use super::{answer_without_body, body};
use crate::read::refusal_of_redirect;
use crate::read::sign_in_page::{self, SignInPage};
use crate::service::HttpAnswer;
use entrada_core::har::{HarEntry, Pair};
use entrada_core::oauth::ErrorResponse;

/// The name of the answering party if it is a page of the authority.
pub(super) const PAGE: &str = "page of the authority";

/// What a page of the authority means for the sign-in.
pub(super) enum Step {
    /// The page shows an error.
    Refused(HttpAnswer),
    /// The authority took what the user entered, or sent the user back to the application.
    Taken,
}

/// The step of the sign-in that `entry` is; `None` for other requests, and for a page that only asks for something.
pub(super) fn step(entry: &HarEntry) -> Option<Step> {
    let mut answer = answer_without_body(entry);
    if !answer.is_of_an_authority() || entry.response.status < 200 {
        return None;
    }
    if location(entry).is_some_and(|location| is_success(&location)) {
        return Some(Step::Taken);
    }
    if !(200..500).contains(&entry.response.status) {
        return None;
    }
    answer.body = String::from_utf8_lossy(&body(entry)?).into_owned();
    if !answer.is_html() {
        return None;
    }
    if is_form_with_a_code(&answer.body) {
        return Some(Step::Taken);
    }
    match sign_in_page::read(&answer.body)? {
        SignInPage::Refusal(_) => Some(Step::Refused(answer)),
        // A page that is opened shows nothing about what was refused before; the answer to a form does.
        SignInPage::Step => (entry.request.method == "POST").then_some(Step::Taken),
    }
}

/// The error in the redirect with which the authority answers (RFC 6749 §4.1.2.1): the request that follows it may not be
/// recorded.
pub(super) fn redirected_refusal(entry: &HarEntry) -> Option<ErrorResponse> {
    let answer = answer_without_body(entry);
    let location = location(entry).filter(|_| answer.is_of_an_authority())?;
    let members = refusal_of_redirect(&location)?;
    Some(with_ids(ErrorResponse::from_json(&members), &answer.headers))
}

/// `refusal` with the ids of the response's headers, where it has none itself.
pub(super) fn with_ids(refusal: ErrorResponse, headers: &[(String, String)]) -> ErrorResponse {
    let of_header =
        |name: &str| headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
    ErrorResponse {
        trace_id: refusal.trace_id.or_else(|| of_header("x-ms-request-id")),
        correlation_id: refusal.correlation_id.or_else(|| of_header("client-request-id")),
        ..refusal
    }
}

/// The address that a redirect leads to.
fn location(entry: &HarEntry) -> Option<String> {
    if !(300..400).contains(&entry.response.status) {
        return None;
    }
    let mut headers = entry.response.headers.iter();
    let header = headers.find(|Pair { name, .. }| name.eq_ignore_ascii_case("location"));
    header.map(|pair| pair.value.clone())
}

/// Whether the redirect `location` carries a code or a token to the application.
fn is_success(location: &str) -> bool {
    let named = |part: &str| {
        url::form_urlencoded::parse(part.as_bytes())
            .any(|(name, _)| ["code", "id_token", "access_token"].contains(&name.as_ref()))
    };
    url::Url::parse(location)
        .is_ok_and(|url| [url.query(), url.fragment()].into_iter().flatten().any(named))
        && refusal_of_redirect(location).is_none()
}

/// Whether the page posts a code or a token to the application (`response_mode=form_post`).
fn is_form_with_a_code(body: &str) -> bool {
    let has = |name: &str| body.contains(&format!("name=\"{name}\""));
    body.contains("<form") && (has("code") || has("id_token")) && !has("error")
}
