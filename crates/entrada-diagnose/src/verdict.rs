//! The verdict. `Ok` needs proof in the evidence: the absence of findings is not enough.

use super::service::HttpAnswer;
use super::shape::Shape;
use super::{Confidence, Evidence, Facts, Finding, InputKind, RuleId, Severity};

/// The outcome in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The evidence shows that the token is good for the job.
    Ok,
    /// At least one error.
    Problem,
    /// The evidence is not enough to decide; candidates are marked `possible`.
    Undetermined,
    /// The sign-in is still in progress.
    Pending,
}

impl Verdict {
    /// The name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Problem => "problem",
            Self::Undetermined => "undetermined",
            Self::Pending => "pending",
        }
    }
}

/// The verdict that follows from `findings`, and from what the evidence itself shows.
/// `registration` says whether everything in a registration was checked that the case needs.
pub(super) fn of(facts: &Facts, findings: &[Finding], registration: Option<bool>) -> Verdict {
    let any = |test: fn(&Finding) -> bool| findings.iter().any(test);
    let polling = facts.refusal().is_some_and(|refusal| refusal.error == "slow_down");
    if polling || any(|finding| finding.rule.id == RuleId::AuthorizationPending) {
        Verdict::Pending
    } else if any(|finding| {
        finding.severity == Severity::Error && finding.confidence != Confidence::Possible
    }) {
        Verdict::Problem
    } else if any(|finding| finding.severity == Severity::Error)
        || any(|finding| finding.rule.id == RuleId::EncryptedToken)
        || !is_proven(facts, registration)
    {
        Verdict::Undetermined
    } else {
        Verdict::Ok
    }
}

/// Whether each piece of the evidence proves that the token is good. Without a good answer of the service, mail server or authority
/// in the evidence, the absence of findings proves nothing.
fn is_proven(facts: &Facts, registration: Option<bool>) -> bool {
    let Evidence { answer, mail, .. } = facts.evidence;
    facts.refusal().is_none()
        && facts.evidence.not_oauth.is_none()
        && facts.evidence.not_understood.is_none()
        && !facts.evidence.at_rest
        && answer.as_ref().is_none_or(HttpAnswer::is_good)
        && mail.as_ref().is_none_or(|talk| talk.let_in(facts.jwt().is_some()))
        && match facts.input_kind() {
            // The answer, the issuer, or the rules that read the token are the proof.
            InputKind::HttpResponse
            | InputKind::MailResponse
            | InputKind::TokenResponse
            | InputKind::AccessToken
            | InputKind::Request => true,
            InputKind::Registration => registration == Some(true),
            InputKind::OpaqueToken => matches!(facts.shape(), Some(Shape::MsaTicket { .. })),
            InputKind::OauthError | InputKind::Unknown => false,
        }
}
