//! The verdict. `Ok` needs proof in the evidence: the absence of findings is not enough.

use super::service::HttpAnswer;
use super::shape::Shape;
use super::{Evidence, Facts, Finding, InputKind, RuleId, Severity};

/// The outcome in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The evidence shows that the token is good for the job. The proof says which part of the evidence does.
    Ok(Proof),
    /// At least one error.
    Problem,
    /// The evidence is not enough to decide; candidates are marked `possible`.
    Undetermined,
    /// The sign-in is still in progress.
    Pending,
}

/// What was found healthy. Only this module makes one, from evidence that it has examined: there is no verdict `ok` without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof(Healthy);

/// The healthy part of the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Healthy {
    /// A service answered the call successfully, or refused the call for a reason that is not about the caller.
    ServiceAnswer,
    /// A mail server accepted the token.
    MailSignIn,
    /// An authority issued the token, and it has what the job needs.
    TokenResponse,
    /// The claims of the token have what the job needs.
    AccessToken,
    /// A personal account's ticket names the service that the job calls.
    Ticket,
    /// The scopes of a request that is not sent yet.
    Request,
    /// Everything in a registration that the case needs.
    Registration,
}

impl Proof {
    /// What was found healthy.
    pub fn healthy(self) -> Healthy {
        self.0
    }
}

impl Verdict {
    /// Whether the token is good for the job.
    pub fn is_ok(self) -> bool {
        matches!(self, Self::Ok(_))
    }

    /// The name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Ok(_) => "ok",
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
    } else if any(Finding::is_known_error) {
        Verdict::Problem
    } else if any(|finding| finding.severity == Severity::Error)
        || any(|finding| finding.rule.id == RuleId::EncryptedToken)
    {
        Verdict::Undetermined
    } else {
        proof(facts, registration).map_or(Verdict::Undetermined, Verdict::Ok)
    }
}

/// The proof that each piece of the evidence is good. Without a good answer of the service, mail server or authority in the
/// evidence, the absence of findings proves nothing.
fn proof(facts: &Facts, registration: Option<bool>) -> Option<Proof> {
    let Evidence { answer, mail, .. } = facts.evidence;
    let nothing_is_bad = facts.refusal().is_none()
        && facts.evidence.not_oauth.is_none()
        && facts.evidence.not_understood.is_none()
        && !facts.evidence.at_rest
        && !facts.call().is_some_and(|check| check.is_undecided(facts))
        && answer.as_ref().is_none_or(HttpAnswer::is_good)
        && mail.as_ref().is_none_or(|mail| mail.let_in(facts.jwt().is_some()));
    // The answer, the issuer, or the rules that read the token are the proof.
    let healthy = match facts.input_kind() {
        InputKind::HttpResponse => Healthy::ServiceAnswer,
        InputKind::MailResponse => Healthy::MailSignIn,
        InputKind::TokenResponse => Healthy::TokenResponse,
        InputKind::AccessToken => Healthy::AccessToken,
        InputKind::Request => Healthy::Request,
        InputKind::Registration if registration == Some(true) => Healthy::Registration,
        InputKind::OpaqueToken if matches!(facts.shape(), Some(Shape::MsaTicket { .. })) => {
            Healthy::Ticket
        }
        InputKind::OpaqueToken
        | InputKind::OauthError
        | InputKind::Unknown
        | InputKind::Registration => return None,
    };
    nothing_is_bad.then_some(Proof(healthy))
}
