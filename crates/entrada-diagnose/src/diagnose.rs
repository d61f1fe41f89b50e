//! From text to a diagnosis in one call.

use super::{Context, Diagnosis, RecogniseError, recognise, run};
use entrada_core::{Job, NumericDate};

/// Diagnoses `text` at the time `now`: a token, a token response, an OAuth error, an HTTP or mail server's answer, an MSAL cache,
/// an HTTP archive, an evidence file. [`recognise`] lists the supported formats.
///
/// Values in `context` take precedence over those in `text`. If `text` contains several tokens or requests, as an MSAL cache
/// or an HTTP archive may, the one for the job counts; without a job, the first. To diagnose several pieces of evidence
/// as one case, join them with [`Evidence::join`](crate::Evidence::join) and call [`run`].
///
/// ```
/// use entrada_core::{Job, NumericDate};
/// use entrada_diagnose::{Context, Verdict, diagnose};
///
/// let answer = r#"{"error":"invalid_grant","error_description":"AADSTS700082: The refresh token has expired."}"#;
/// let diagnosis = diagnose(answer, &Context::for_job(Job::Imap), NumericDate(1_790_000_000))?;
///
/// assert_eq!(diagnosis.verdict, Verdict::Problem);
/// assert_eq!(diagnosis.cause().unwrap().rule.id.as_str(), "refresh-token-expired");
/// # Ok::<(), entrada_diagnose::RecogniseError>(())
/// ```
///
/// # Errors
///
/// [`RecogniseError`] if `text` is empty, or starts like a file with broken syntax. Text of an unknown format is not
/// an error: its diagnosis [says so](Diagnosis::is_unrecognised).
pub fn diagnose(
    text: &str,
    context: &Context,
    now: NumericDate,
) -> Result<Diagnosis, RecogniseError> {
    let mut evidence = recognise(text, now)?;
    let job = context.job.or(evidence.context.job);
    if let Some(job) = job {
        evidence = evidence.for_job(job);
    }
    let told = std::mem::take(&mut evidence.context);
    evidence.context = Context { job, ..context.clone().or(told) };
    Ok(run(&evidence))
}

impl Context {
    /// A context with only `job`.
    ///
    /// ```
    /// use entrada_core::Job;
    /// use entrada_diagnose::Context;
    ///
    /// let context = Context { mailbox: Some("info@contoso.com".to_owned()), ..Context::for_job(Job::Imap) };
    /// assert_eq!(context.job, Some(Job::Imap));
    /// ```
    pub fn for_job(job: Job) -> Self {
        Self { job: Some(job), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const NOW: NumericDate = NumericDate(1_790_000_000);

    #[test]
    fn what_the_caller_says_outweighs_what_the_text_says() {
        let text = r#"{"version":1,"job":"imap","oauth_error":{"error":"invalid_grant"}}"#;
        for (context, job) in [
            (Context::default(), Job::Imap),
            (Context::for_job(Job::GraphMailSend), Job::GraphMailSend),
        ] {
            let diagnosis = diagnose(text, &context, NOW).unwrap();
            assert_eq!(diagnosis.job, job);
            assert!(!diagnosis.verdict.is_ok());
        }
    }

    #[test]
    fn nothing_is_an_error_and_the_unknown_is_a_diagnosis() {
        assert_eq!(diagnose("", &Context::default(), NOW).unwrap_err(), RecogniseError::Empty);
        assert!(diagnose("tea", &Context::default(), NOW).unwrap().is_unrecognised());
    }
}
