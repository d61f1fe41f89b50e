//! Shares the failure of the last refresh with other processes, through a note in the lock file. Processes that waited for
//! the refresh get the same failure, and only one process sends a refresh token that the authority refused for good.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::refresh::{is_final, needs_sign_in};
use super::{AcquireError, Refusal, TokenRequest};
use crate::store::{Grant, GrantKey, Grants, LockGuard};
use crate::sys::{HttpError, HttpFailure};
use entrada_core::oauth::{ErrorResponse, ProtocolError, refresh};
use entrada_core::{NumericDate, Redactor, Secret, fingerprint};

/// Seconds for which a refusal that may end by itself, such as a policy's, is remembered. Microsoft's libraries
/// remember such refusals for as long (MSAL.NET, `UiRequiredProvider`).
const REFUSAL_LIFE: i64 = 120;

/// Seconds for which a refusal is remembered that says only `invalid_grant`.
const BARE_LIFE: i64 = 3_600;

/// The longest `Retry-After` in seconds that is remembered.
const PAUSE_MAX: u64 = 300;

/// Characters of a server's text that are kept.
const TEXT_MAX: usize = 2_000;

/// The note: one line of JSON, without a secret.
#[derive(Serialize, Deserialize)]
struct Note {
    /// Counts the attempts, so that two attempts with the same result give different notes.
    attempt: u64,
    /// A digest of the refresh token.
    token: String,
    /// A digest of the request.
    question: String,
    /// The failure; `None` during the attempt and after a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<RecordedFailure>,
}

#[derive(Clone, Serialize, Deserialize)]
struct RecordedFailure {
    at: NumericDate,
    outcome: RefreshFailure,
}

/// How an attempt failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RefreshFailure {
    /// The authority refused the refresh token.
    Refused(ErrorResponse),
    /// The response is not OAuth.
    NotOauth {
        /// [`ProtocolError::status`].
        status: u16,
        /// [`ProtocolError::content_type`].
        content_type: String,
        /// [`ProtocolError::reason`].
        reason: String,
        /// [`ProtocolError::retry_after`].
        retry_after: Option<u64>,
    },
    /// There was no answer.
    #[serde(rename = "no-answer-kind")]
    NoAnswer {
        /// [`HttpError::host`].
        host: String,
        /// The kind of failure.
        kind: NoAnswerKind,
    },
}

/// The network failures that another process would get too.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NoAnswerKind {
    /// [`HttpFailure::Connect`].
    Connect,
    /// [`HttpFailure::ConnectTimeout`].
    ConnectTimeout,
    /// [`HttpFailure::Cut`].
    Cut,
    /// [`HttpFailure::Timeout`].
    Timeout,
    /// [`HttpFailure::Broken`].
    Broken,
}

impl RefreshFailure {
    /// The part of `error` that other processes may see; `None` for an error that concerns only this process.
    pub(super) fn of(error: &AcquireError) -> Option<Self> {
        match error {
            AcquireError::Protocol(error) => Some(Self::NotOauth {
                status: error.status,
                content_type: error.content_type.clone(),
                reason: error.reason.clone(),
                retry_after: error.retry_after,
            }),
            AcquireError::Http(HttpError { host, failure, .. }) => {
                let kind = match failure {
                    HttpFailure::Connect => NoAnswerKind::Connect,
                    HttpFailure::ConnectTimeout => NoAnswerKind::ConnectTimeout,
                    HttpFailure::Cut => NoAnswerKind::Cut,
                    HttpFailure::Timeout => NoAnswerKind::Timeout,
                    HttpFailure::Broken => NoAnswerKind::Broken,
                    _ => return None,
                };
                Some(Self::NoAnswer { host: host.clone(), kind })
            }
            _ => None,
        }
    }

    /// The error as the process that made the attempt got it.
    pub(super) fn into_error(self) -> Result<Box<Refusal>, AcquireError> {
        match self {
            Self::Refused(error) => {
                Ok(Box::new(Refusal { error, grant_type: "refresh_token", code_expired: false }))
            }
            Self::NotOauth { status, content_type, reason, retry_after } => {
                let (step, snippet) = (refresh::STEP, None);
                Err(ProtocolError { step, status, content_type, reason, snippet, retry_after }
                    .into())
            }
            Self::NoAnswer { host, kind } => {
                let failure = match kind {
                    NoAnswerKind::Connect => HttpFailure::Connect,
                    NoAnswerKind::ConnectTimeout => HttpFailure::ConnectTimeout,
                    NoAnswerKind::Cut => HttpFailure::Cut,
                    NoAnswerKind::Timeout => HttpFailure::Timeout,
                    NoAnswerKind::Broken => HttpFailure::Broken,
                };
                Err(HttpError { host, failure, source: None }.into())
            }
        }
    }

    /// The outcome without possible secrets: a server can repeat in its response what it was sent.
    fn without_secrets(self, redactor: &Redactor) -> Self {
        let redacted =
            |text: &str| -> String { redactor.foreign_text(text).chars().take(TEXT_MAX).collect() };
        let all = |text: Option<String>| text.as_deref().map(redacted);
        match self {
            Self::Refused(error) => Self::Refused(ErrorResponse {
                error: redacted(&error.error),
                error_description: all(error.error_description),
                suberror: all(error.suberror),
                error_subcode: all(error.error_subcode),
                // The claims are sent back unchanged, or not at all.
                claims: error.claims.filter(|claims| redacted(claims) == *claims),
                error_uri: None,
                trace_id: all(error.trace_id),
                correlation_id: all(error.correlation_id),
                timestamp: all(error.timestamp),
                error_codes: error.error_codes,
                http_status: error.http_status,
                retry_after: error.retry_after,
            }),
            Self::NotOauth { status, content_type, reason, retry_after } => Self::NotOauth {
                status,
                content_type: redacted(&content_type),
                reason: redacted(&reason),
                retry_after,
            },
            no_answer @ Self::NoAnswer { .. } => no_answer,
        }
    }
}

/// A running attempt.
pub(super) struct Attempt<'a> {
    guard: &'a LockGuard,
    refresh_token: &'a Secret,
    note: Note,
}

impl<'a> Attempt<'a> {
    /// Writes the note that `refresh_token` is being sent for `request`.
    pub(super) fn begin(
        guard: &'a LockGuard,
        refresh_token: &'a Secret,
        request: &TokenRequest,
    ) -> Self {
        let last = guard.note().as_deref().and_then(read);
        let attempt = last.map_or(0, |note| note.attempt).wrapping_add(1);
        let (token, question) =
            (refresh_token.fingerprint(), request_digest(refresh_token, request));
        let begun =
            Self { guard, refresh_token, note: Note { attempt, token, question, failure: None } };
        begun.write_note();
        begun
    }

    /// Continues the attempt with `refresh_token`, which it has returned.
    pub(super) fn continue_with<'b>(
        self,
        refresh_token: &'b Secret,
        request: &TokenRequest,
    ) -> Attempt<'b>
    where
        'a: 'b,
    {
        Attempt::begin(self.guard, refresh_token, request)
    }

    /// Writes the note that the attempt failed.
    pub(super) fn failed(mut self, outcome: RefreshFailure, at: NumericDate) {
        let outcome = outcome.without_secrets(&Redactor::of([self.refresh_token]));
        self.note.failure = Some(RecordedFailure { at, outcome });
        self.write_note();
    }

    /// Writes the note.
    fn write_note(&self) {
        if let Ok(line) = serde_json::to_string(&self.note) {
            self.guard.write_note(&line);
        }
    }
}

/// The failure of an attempt that ran or ended while this process waited for the lock, between the notes `before` and
/// `after`.
pub(super) fn failure_of_other_process(
    before: Option<&str>,
    after: Option<&str>,
    refresh_token: &Secret,
    request: &TokenRequest,
) -> Option<RefreshFailure> {
    if before == after {
        return None;
    }
    let note = read(after?)?;
    let failure =
        note.failure.filter(|_| note.question == request_digest(refresh_token, request))?;
    Some(failure.outcome)
}

/// The failure of an earlier attempt that makes another one pointless, and the time of that failure.
pub(super) fn recorded_failure(
    note: Option<&str>,
    refresh_token: &Secret,
    request: &TokenRequest,
    now: NumericDate,
) -> Option<(RefreshFailure, NumericDate)> {
    if request.force_refresh {
        return None;
    }
    let note = read(note?)?;
    if note.token != refresh_token.fingerprint() {
        return None;
    }
    let RecordedFailure { at, outcome } = note.failure?;
    let pause = |seconds: u64| seconds.min(PAUSE_MAX).cast_signed();
    let life = match &outcome {
        RefreshFailure::NoAnswer { .. } => return None,
        RefreshFailure::NotOauth { retry_after, .. } => pause((*retry_after)?),
        RefreshFailure::Refused(error) => match error.retry_after {
            Some(seconds) => pause(seconds),
            // Applies to every request with this refresh token.
            None if is_final(error) => final_life(error),
            None if !needs_sign_in(error) => return None,
            None if note.question != request_digest(refresh_token, request) => return None,
            None => REFUSAL_LIFE,
        },
    };
    (0..life).contains(&now.seconds_since(at)).then_some((outcome, at))
}

/// The refusal of the last refresh of a stored grant.
#[derive(Clone, Debug)]
pub struct RefusedRefresh {
    /// When it came.
    pub at: NumericDate,
    /// What the authority said.
    pub error: ErrorResponse,
    /// Whether the refresh token itself was refused for good.
    pub is_permanent: bool,
    /// Whether the user has to sign in again.
    pub needs_sign_in: bool,
}

/// The refusal of the last refresh of `grant`, if that was refused.
pub fn refused_refresh(
    grants: &Grants,
    key: &GrantKey,
    grant: &Grant,
    now: NumericDate,
) -> Option<RefusedRefresh> {
    let note = read(&grants.note_of(key)?)?;
    if note.token != grant.refresh_token.as_ref()?.fingerprint() {
        return None;
    }
    let RecordedFailure { at, outcome: RefreshFailure::Refused(error) } = note.failure? else {
        return None;
    };
    let is_permanent = is_final(&error) && (0..final_life(&error)).contains(&now.seconds_since(at));
    let needs_sign_in = needs_sign_in(&error);
    Some(RefusedRefresh { at, error, is_permanent, needs_sign_in })
}

fn final_life(error: &ErrorResponse) -> i64 {
    let is_bare = error.error_codes.is_empty() && error.suberror.is_none();
    if is_bare { BARE_LIFE } else { i64::MAX }
}

/// A digest of the refresh token and the request.
fn request_digest(refresh_token: &Secret, request: &TokenRequest) -> String {
    let scopes = request.scopes.to_string();
    let claims = request.claims_parameter().unwrap_or_default();
    let text = Zeroizing::new([refresh_token.expose(), &scopes, &claims].join("\0"));
    fingerprint(text.as_bytes())
}

fn read(note: &str) -> Option<Note> {
    serde_json::from_str(note).ok()
}
