//! Whether all is well: earned by the evidence, never what is left when nobody speaks.

use super::service::HttpAnswer;
use super::shape::Shape;
use super::{Confidence, Evidence, Facts, Finding, InputKind, RuleId, Severity, Verdict};

/// The verdict that follows from `findings`, and from what the evidence itself shows.
pub(super) fn of(facts: &Facts, findings: &[Finding]) -> Verdict {
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
        || !is_vouched_for(facts)
    {
        Verdict::Undetermined
    } else {
        Verdict::Ok
    }
}

/// Whether the evidence itself shows that nothing stands in the way. What is given must speak for it, piece by piece: that
/// no rule found anything says nothing where a service, a server or an authority gave no good answer.
fn is_vouched_for(facts: &Facts) -> bool {
    let Evidence { answer, mail, .. } = facts.evidence;
    facts.refusal().is_none()
        && facts.evidence.not_oauth.is_none()
        && facts.evidence.not_understood.is_none()
        && !facts.evidence.at_rest
        && answer.as_ref().is_none_or(HttpAnswer::is_good)
        && mail.as_ref().is_none_or(|talk| talk.let_in(facts.jwt().is_some()))
        && match facts.input_kind() {
            // What was done, whoever issued it, or the rules that read it speak for the token.
            InputKind::HttpResponse
            | InputKind::MailResponse
            | InputKind::TokenResponse
            | InputKind::AccessToken
            | InputKind::Request => true,
            InputKind::OpaqueToken => matches!(facts.shape(), Some(Shape::MsaTicket { .. })),
            InputKind::OauthError | InputKind::Unknown => false,
        }
}
