//! What the last refresh came to, told to other processes through the note beside the lock: those who waited for it share
//! its failure, and a refresh token that is dead is not sent again by everybody.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::refresh::{asks_for_the_user, is_final};
use super::{AcquireError, Refusal, TokenRequest};
use crate::model::{NumericDate, Secret, fingerprint};
use crate::oauth::{ErrorResponse, ProtocolError, refresh};
use crate::store::LockGuard;

/// Seconds for which a refusal that may end by itself, such as a policy's, is not asked for again. Microsoft's libraries
/// keep such refusals as long (MSAL.NET, `UiRequiredProvider`).
const REFUSAL_LIFE: i64 = 120;

/// Seconds for which a server's `Retry-After` is kept at most.
const PAUSE_MAX: u64 = 300;

/// The note: one line of JSON, without a secret.
#[derive(Serialize, Deserialize)]
struct Note {
    /// Counts the attempts, so that two that ended alike are not the same.
    attempt: u64,
    /// What was asked, as a digest.
    question: String,
    /// What came of it; `None` while it is under way, and when it went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

#[derive(Serialize, Deserialize)]
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
        /// [`ProtocolError::snippet`].
        snippet: Option<String>,
    },
}

impl Outcome {
    pub(super) fn of_protocol(error: &ProtocolError) -> Self {
        let ProtocolError { status, content_type, reason, snippet, .. } = error.clone();
        Self::NotOauth { status, content_type, reason, snippet }
    }

    /// The error that whoever made the attempt met.
    pub(super) fn into_error(self) -> Result<Box<Refusal>, AcquireError> {
        match self {
            Self::Refused(error) => {
                Ok(Box::new(Refusal { error, grant_type: "refresh_token", code_ran_out: false }))
            }
            Self::NotOauth { status, content_type, reason, snippet } => {
                let step = refresh::STEP;
                Err(ProtocolError { step, status, content_type, reason, snippet }.into())
            }
        }
    }
}

/// An attempt that is under way.
pub(super) struct Attempt<'a> {
    guard: &'a LockGuard,
    note: Note,
}

impl<'a> Attempt<'a> {
    /// Tells that `refresh_token` is being sent for `request`.
    pub(super) fn begin(
        guard: &'a LockGuard,
        refresh_token: &Secret,
        request: &TokenRequest,
    ) -> Self {
        let last = guard.note().as_deref().and_then(read);
        let attempt = last.map_or(0, |note| note.attempt).wrapping_add(1);
        let note = Note { attempt, question: question(refresh_token, request), failure: None };
        leave(guard, &note);
        Self { guard, note }
    }

    /// Tells that it failed.
    pub(super) fn failed(mut self, outcome: Outcome, at: NumericDate) {
        self.note.failure = Some(Failure { at, outcome });
        leave(self.guard, &self.note);
    }
}

/// How the attempt failed that was under way, or came, while we waited for our turn: between the notes `before` and `after`.
pub(super) fn shared(
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
pub(super) fn known(
    note: Option<&str>,
    refresh_token: &Secret,
    request: &TokenRequest,
    now: NumericDate,
) -> Option<(Outcome, NumericDate)> {
    if request.force_refresh {
        return None;
    }
    let note = read(note?)?;
    let Failure { at, outcome } =
        note.failure.filter(|_| note.question == question(refresh_token, request))?;
    let Outcome::Refused(error) = &outcome else { return None };
    let age = now.seconds_since(at);
    let life = match error.retry_after {
        Some(seconds) => seconds.min(PAUSE_MAX).cast_signed(),
        None if !asks_for_the_user(error) => return None,
        None if is_final(error) => i64::MAX,
        None => REFUSAL_LIFE,
    };
    (0..life).contains(&age).then_some((outcome, at))
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

fn leave(guard: &LockGuard, note: &Note) {
    if let Ok(line) = serde_json::to_string(note) {
        guard.leave(&line);
    }
}
