//! Reads the text that people paste. The text is normalised, each extractor searches all of it, and what they find is resolved
//! to [`Evidence`]. The kind of an input follows from its content, never from a file name.

mod address;
mod answer;
mod artifact;
mod challenge;
mod claims_text;
mod file;
mod fold;
mod json;
mod lenient_json;
pub(super) mod limits;
mod mentions;
mod msal;
mod no_report;
mod normalise;
mod other_text;
mod page;
mod phrase;
mod printed;
mod prose;
mod reading;
mod request_address;
mod resolve;
mod sasl_string;
mod scan;
mod sign_in_log;
pub(super) mod sign_in_page;
mod structured;
mod tokens;
mod weight;

pub(super) use self::address::refusal as refusal_of_redirect;
pub(super) use self::answer::refusal_in;
pub(crate) use self::mentions::ApplicationSignIn;
pub use self::mentions::Mentions;
pub(super) use self::other_text::{is_label, refuses};
pub use self::reading::{ArtifactLine, Position, Reading, explain_reading};
pub(super) use self::request_address::misspelt_message;

use super::Evidence;
use entrada_core::NumericDate;
use entrada_core::har::{Har, HarError};

/// Error codes: RFC 6749 §5.2, RFC 8628 §3.5, OIDC Core §3.1.2.6, and Entra's own.
const ERRORS: [&str; 19] = [
    "access_denied",
    "authorization_declined",
    "authorization_pending",
    "bad_verification_code",
    "consent_required",
    "expired_token",
    "interaction_required",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_resource",
    "invalid_scope",
    "login_required",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
];

/// The input cannot be diagnosed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecogniseError {
    /// The input is empty.
    #[error("the input is empty; give a token, a token response or an OAuth error")]
    Empty,
    /// It starts like JSON but is not valid JSON.
    #[error("the input starts like JSON but is not valid: {0}")]
    Json(String),
    /// An HTTP archive that lacks a required part or has a part of the wrong type.
    #[error("the HTTP archive cannot be diagnosed: {0}")]
    Har(HarError),
    /// An evidence file with a member of the wrong type.
    #[error("the JSON file of evidence is not read: its member `{member}` is not {expected}")]
    Member {
        /// Which member.
        member: &'static str,
        /// The expected type.
        expected: &'static str,
    },
}

/// Reads `input`: a token of any shape; a token response, an OAuth error, an AADSTS text, a redirect; an HTTP answer with
/// its head or an API's error alone; lines of a mail protocol; an MSAL cache; an HTTP archive; an evidence file; any of these
/// inside logs, exceptions, quoted mail and the records of shells.
///
/// `now` is the time of the diagnosis; evidence with its own time uses that instead.
///
/// ```
/// use entrada_core::NumericDate;
/// use entrada_diagnose::{recognise, run};
///
/// let now = NumericDate(1_790_000_000);
/// let asked = recognise(r#"{"version":1,"requested_scopes":"https://outlook.office.com/IMAP.AccessAsUser.All"}"#, now)?;
/// let refused = recognise("AADSTS65001: The user has not consented.", now)?;
/// let diagnosis = run(&asked.join(refused));
/// assert_eq!(diagnosis.cause().unwrap().rule.id.as_str(), "user-consent-required");
/// # Ok::<(), entrada_diagnose::RecogniseError>(())
/// ```
///
/// # Errors
///
/// [`RecogniseError`] if `input` is empty, or starts like a file with broken syntax.
pub fn recognise(input: &str, now: NumericDate) -> Result<Evidence, RecogniseError> {
    let text = Har::trimmed(input);
    if text.is_empty() {
        return Err(RecogniseError::Empty);
    }
    match reading::plain_token(text, now) {
        Some(evidence) => Ok(evidence),
        None => Ok(reading::read(text, now)?.evidence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;
    use entrada_core::{Job, ScopeSet};

    fn read(input: &str) -> Evidence {
        recognise(input, NumericDate(1_000)).unwrap()
    }

    #[test]
    fn the_kind_of_input_is_told_by_its_content() {
        assert!(read(r#"{"access_token":"a","token_type":"Bearer"}"#).response.is_some());
        assert_eq!(read(r#"{"error":"invalid_grant"}"#).refusal.unwrap().error, "invalid_grant");
        for input in ["Sorry: AADSTS50011: no", "50011", "aadsts50011"] {
            assert_eq!(read(input).refusal.unwrap().error_codes, [50011], "{input}");
        }
        assert!(matches!(read("an-opaque-token-of-somebody").token, Some(Shape::Opaque { .. })));
        assert!(read(r#"{"accessToken":"a.b.c"}"#).token.is_some());
        for input in ["some words", "hello", "{}"] {
            let evidence = read(input);
            assert!(evidence.unrecognised && evidence.token.is_none(), "{input}");
        }
        let answer =
            read("HTTP/1.1 401 Unauthorized\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\n");
        assert_eq!(answer.answer.unwrap().status, Some(401));
        assert_eq!(answer.now, Some(NumericDate(1_700_000_000)), "the server's clock counts");
        assert!(read("a1 NO AUTHENTICATE failed.").mail.is_some());
        assert!(
            read(r#"{"error":{"code":"InvalidAuthenticationToken","message":"x"}}"#)
                .answer
                .is_some()
        );
        let endpoint =
            "HTTP/1.1 400 Bad Request\r\n\r\n{\"error\":\"invalid_grant\",\"error_codes\":[65001]}";
        assert_eq!(read(endpoint).refusal.unwrap().http_status, Some(400));
        let redirect = read(
            "http://localhost:1234/?error=access_denied&error_description=AADSTS65004%3A+no&state=x",
        );
        assert_eq!(redirect.refusal.unwrap().error_codes, [65004]);
        assert_eq!(recognise(" \n", NumericDate(0)).unwrap_err(), RecogniseError::Empty);
    }

    #[test]
    fn an_evidence_file_brings_its_context_and_its_clock() {
        let evidence = read(
            r#"{"version":1,"job":"imap","as":"user","requested_scopes":["a","b"],"tenant":"t",
                "token":"x","now":17,"mood":"good"}"#,
        );
        assert_eq!(evidence.context.job, Some(Job::Imap));
        assert_eq!(evidence.context.requested, Some(ScopeSet::parse("a b")));
        assert_eq!(evidence.now, Some(NumericDate(17)));
        assert_eq!(evidence.unknown_members, ["mood"]);
    }

    #[test]
    fn broken_json_is_not_quoted() {
        let error = recognise(r#"{"access_token":"SECRET"#, NumericDate(0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the input starts like JSON but is not valid: syntax error at line 1 column 23"
        );
    }
}
