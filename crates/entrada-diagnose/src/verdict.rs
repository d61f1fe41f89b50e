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
pub(super) fn of(facts: &Facts, findings: &[Finding]) -> Verdict {
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
        proof(facts).map_or(Verdict::Undetermined, Verdict::Ok)
    }
}

/// The proof that each piece of the evidence is good. Without a good answer of the service, mail server or authority in the
/// evidence, the absence of findings proves nothing.
fn proof(facts: &Facts) -> Option<Proof> {
    let Evidence { answer, mail, .. } = facts.evidence;
    let nothing_is_bad = facts.refusal().is_none()
        && facts.evidence.not_oauth.is_none()
        && facts.evidence.not_understood.is_none()
        && !facts.evidence.at_rest
        && answer.as_ref().is_none_or(HttpAnswer::is_good)
        && mail.as_ref().is_none_or(|mail| mail.let_in(facts.jwt().is_some()));
    // The answer, the issuer, or the rules that read the token are the proof.
    let healthy = match facts.input_kind() {
        InputKind::HttpResponse => Healthy::ServiceAnswer,
        InputKind::MailResponse => Healthy::MailSignIn,
        // A word or a sentence in the place of a token is no token.
        InputKind::TokenResponse if has_token_text(facts) => Healthy::TokenResponse,
        InputKind::AccessToken => Healthy::AccessToken,
        InputKind::Request => Healthy::Request,
        InputKind::OpaqueToken if matches!(facts.shape(), Some(Shape::MsaTicket { .. })) => {
            Healthy::Ticket
        }
        InputKind::TokenResponse
        | InputKind::OpaqueToken
        | InputKind::OauthError
        | InputKind::Unknown => return None,
    };
    nothing_is_bad.then_some(Proof(healthy))
}

/// Maximum length, in characters, of a word or a code without a digit. A random string of this length has one.
const WORD_MAX: usize = 40;

/// Whether the token of a response may be one (RFC 6750 §2.1), and is no sentence, word or error code in the place of one. A
/// short word is accepted in an answer that names the type of the token (RFC 6749 §5.1).
fn has_token_text(facts: &Facts) -> bool {
    let Some(response) = facts.response() else { return false };
    let text = response.access_token.expose();
    let is_word = text.len() < WORD_MAX && !text.bytes().any(|byte| byte.is_ascii_digit());
    let is_opaque = matches!(facts.shape(), Some(Shape::Opaque { .. }));
    let is_typed =
        response.token_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("Bearer"));
    !is_opaque || (!text.contains(char::is_whitespace) && (is_typed || !is_word))
}

#[cfg(test)]
mod tests {
    use crate::{Context, diagnose};
    use entrada_core::NumericDate;

    #[test]
    fn a_word_or_a_sentence_is_no_token() {
        let ok = |json: &str| {
            diagnose(json, &Context::default(), NumericDate(1_800_000_000)).unwrap().verdict.is_ok()
        };
        assert!(ok(r#"{"access_token":"f3kV81nQz0pLw7","refresh_token":"r"}"#));
        assert!(ok(r#"{"access_token":"opaque","token_type":"Bearer","refresh_token":"r"}"#));
        for json in [
            r#"{"access_token":"server_error","refresh_token":"r"}"#,
            r#"{"access_token":"try again on Monday 7","token_type":"Bearer","refresh_token":"r"}"#,
        ] {
            assert!(!ok(json), "{json}");
        }
    }
}
