//! What the last refresh came to, told to other processes through the note beside the lock: those who waited for it share
//! its failure, and a refresh token that is dead is not sent again by everybody.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::refresh::{asks_for_the_user, is_final};
use super::{AcquireError, Refusal, TokenRequest};
use crate::store::{Grant, GrantKey, Grants, LockGuard};
use crate::sys::{HttpError, HttpFailure};
use entrada_core::oauth::{ErrorResponse, ProtocolError, refresh};
use entrada_core::{NumericDate, Redactor, Secret, fingerprint, without_secrets};

/// Seconds for which a refusal that may end by itself, such as a policy's, is not asked for again. Microsoft's libraries
/// keep such refusals as long (MSAL.NET, `UiRequiredProvider`).
const REFUSAL_LIFE: i64 = 120;

/// Seconds for which a refusal that says no more than `invalid_grant` is not asked for again.
const BARE_LIFE: i64 = 3_600;

/// Seconds for which a server's `Retry-After` is kept at most.
const PAUSE_MAX: u64 = 300;

/// Characters of a text of the server's that are kept.
const TEXT_MAX: usize = 2_000;

/// The note: one line of JSON, without a secret.
#[derive(Serialize, Deserialize)]
struct Note {
    /// Counts the attempts, so that two that ended alike are not the same.
    attempt: u64,
    /// The refresh token, as a digest.
    token: String,
    /// What was asked of it, as a digest.
    question: String,
    /// What came of it; `None` while it is under way, and when it went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Failure {
    at: NumericDate,
    outcome: Outcome,
}

/// How an attempt failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// The authority refused.
    Refused(ErrorResponse),
    /// What answered was no authority.
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
    /// No answer came.
    Silence {
        /// [`HttpError::host`].
        host: String,
        /// How that was.
        kind: Silence,
    },
}

/// The failures of the network that another process would meet too.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Silence {
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

impl Outcome {
    /// What others may hear of `error`; `None` for what is this process's own affair.
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
                    HttpFailure::Connect => Silence::Connect,
                    HttpFailure::ConnectTimeout => Silence::ConnectTimeout,
                    HttpFailure::Cut => Silence::Cut,
                    HttpFailure::Timeout => Silence::Timeout,
                    HttpFailure::Broken => Silence::Broken,
                    _ => return None,
                };
                Some(Self::Silence { host: host.clone(), kind })
            }
            _ => None,
        }
    }

    /// The error that whoever made the attempt met.
    pub(super) fn into_error(self) -> Result<Box<Refusal>, AcquireError> {
        match self {
            Self::Refused(error) => {
                Ok(Box::new(Refusal { error, grant_type: "refresh_token", code_ran_out: false }))
            }
            Self::NotOauth { status, content_type, reason, retry_after } => {
                let (step, snippet) = (refresh::STEP, None);
                Err(ProtocolError { step, status, content_type, reason, snippet, retry_after }
                    .into())
            }
            Self::Silence { host, kind } => {
                let failure = match kind {
                    Silence::Connect => HttpFailure::Connect,
                    Silence::ConnectTimeout => HttpFailure::ConnectTimeout,
                    Silence::Cut => HttpFailure::Cut,
                    Silence::Timeout => HttpFailure::Timeout,
                    Silence::Broken => HttpFailure::Broken,
                };
                Err(HttpError { host, failure, source: None }.into())
            }
        }
    }

    /// The same without what may be a secret: a server can send back what it was sent.
    fn harmless(self, redactor: &Redactor) -> Self {
        let harmless = |text: &str| -> String {
            redactor.text(&without_secrets(text)).chars().take(TEXT_MAX).collect()
        };
        let all = |text: Option<String>| text.as_deref().map(harmless);
        match self {
            Self::Refused(error) => Self::Refused(ErrorResponse {
                error: harmless(&error.error),
                error_description: all(error.error_description),
                suberror: all(error.suberror),
                error_subcode: all(error.error_subcode),
                // It is sent back as it came, or not at all.
                claims: error.claims.filter(|claims| harmless(claims) == *claims),
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
                content_type: harmless(&content_type),
                reason: harmless(&reason),
                retry_after,
            },
            silence @ Self::Silence { .. } => silence,
        }
    }
}

/// An attempt that is under way.
pub(super) struct Attempt<'a> {
    guard: &'a LockGuard,
    refresh_token: &'a Secret,
    note: Note,
}

impl<'a> Attempt<'a> {
    /// Tells that `refresh_token` is being sent for `request`.
    pub(super) fn begin(
        guard: &'a LockGuard,
        refresh_token: &'a Secret,
        request: &TokenRequest,
    ) -> Self {
        let last = guard.note().as_deref().and_then(read);
        let attempt = last.map_or(0, |note| note.attempt).wrapping_add(1);
        let (token, question) = (refresh_token.fingerprint(), question(refresh_token, request));
        let begun =
            Self { guard, refresh_token, note: Note { attempt, token, question, failure: None } };
        begun.write_note();
        begun
    }

    /// The same attempt, from which `refresh_token` came.
    pub(super) fn goes_on_with<'b>(
        self,
        refresh_token: &'b Secret,
        request: &TokenRequest,
    ) -> Attempt<'b>
    where
        'a: 'b,
    {
        Attempt::begin(self.guard, refresh_token, request)
    }

    /// Tells that it failed.
    pub(super) fn failed(mut self, outcome: Outcome, at: NumericDate) {
        let outcome = outcome.harmless(&Redactor::of([self.refresh_token]));
        self.note.failure = Some(Failure { at, outcome });
        self.write_note();
    }

    /// Leaves the note.
    fn write_note(&self) {
        if let Ok(line) = serde_json::to_string(&self.note) {
            self.guard.write_note(&line);
        }
    }
}

/// How the attempt failed that was under way, or came, while we waited for our turn: between the notes `before` and `after`.
pub(super) fn failure_of_other_process(
    before: Option<&str>,
    after: Option<&str>,
    refresh_token: &Secret,
    request: &TokenRequest,
) -> Option<Outcome> {
    if before == after {
        return None;
    }
    let note = read(after?)?;
    let failure = note.failure.filter(|_| note.question == question(refresh_token, request))?;
    Some(failure.outcome)
}

/// What is known from an earlier attempt, so that it need not be made again; and when that was.
pub(super) fn recorded_failure(
    note: Option<&str>,
    refresh_token: &Secret,
    request: &TokenRequest,
    now: NumericDate,
) -> Option<(Outcome, NumericDate)> {
    if request.force_refresh {
        return None;
    }
    let note = read(note?)?;
    if note.token != refresh_token.fingerprint() {
        return None;
    }
    let Failure { at, outcome } = note.failure?;
    let pause = |seconds: u64| seconds.min(PAUSE_MAX).cast_signed();
    let life = match &outcome {
        Outcome::Silence { .. } => return None,
        Outcome::NotOauth { retry_after, .. } => pause((*retry_after)?),
        Outcome::Refused(error) => match error.retry_after {
            Some(seconds) => pause(seconds),
            // Whatever is asked of it.
            None if is_final(error) => final_life(error),
            None if !asks_for_the_user(error) => return None,
            None if note.question != question(refresh_token, request) => return None,
            None => REFUSAL_LIFE,
        },
    };
    (0..life).contains(&now.seconds_since(at)).then_some((outcome, at))
}

/// When the authority refused the refresh token of `grant` for good, if it did.
pub fn refused_for_good(
    grants: &Grants,
    key: &GrantKey,
    grant: &Grant,
    now: NumericDate,
) -> Option<NumericDate> {
    let note = read(&grants.note_of(key)?)?;
    if note.token != grant.refresh_token.as_ref()?.fingerprint() {
        return None;
    }
    let Failure { at, outcome: Outcome::Refused(error) } = note.failure? else { return None };
    let is_good = is_final(&error) && (0..final_life(&error)).contains(&now.seconds_since(at));
    is_good.then_some(at)
}

fn final_life(error: &ErrorResponse) -> i64 {
    let is_bare = error.error_codes.is_empty() && error.suberror.is_none();
    if is_bare { BARE_LIFE } else { i64::MAX }
}

/// Stands for the refresh token and what is asked of it, and tells nothing about either.
fn question(refresh_token: &Secret, request: &TokenRequest) -> String {
    let scopes = request.scopes.to_string();
    let claims = request.claims_parameter().unwrap_or_default();
    let text = Zeroizing::new([refresh_token.expose(), &scopes, &claims].join("\0"));
    fingerprint(text.as_bytes())
}

fn read(note: &str) -> Option<Note> {
    serde_json::from_str(note).ok()
}
