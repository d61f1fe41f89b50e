//! The verdict. `Ok` needs proof in the evidence: the absence of findings is not enough.

use super::service::HttpAnswer;
use super::shape::Shape;
use super::{Evidence, Facts, Finding, InputKind, RuleId, Severity};
use entrada_core::entra::clouds::Cloud;

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

impl Healthy {
    /// The name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::ServiceAnswer => "service-answer",
            Self::MailSignIn => "mail-sign-in",
            Self::TokenResponse => "token-response",
            Self::AccessToken => "access-token",
            Self::Ticket => "ticket",
            Self::Request => "request",
            Self::Registration => "registration",
        }
    }

    /// What it shows, as a sentence without its period.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::ServiceAnswer => {
                "the service answered the call, and its answer does not blame the caller"
            }
            Self::MailSignIn => "the mail server accepted the token",
            Self::TokenResponse => "the authority issued the token, and it has what the job needs",
            Self::AccessToken => "the claims of the token have what the job needs",
            Self::Ticket => "the ticket names the service that the job calls",
            Self::Request => "the scopes of the request have what the job needs",
            Self::Registration => "the registration has what the sign-in and the job need",
        }
    }
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
        || any(|finding| {
            // What the token says is not known, or not worth anything to the service.
            matches!(finding.rule.id, RuleId::EncryptedToken | RuleId::NotIssuedByEntra)
        })
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
        // The answer to a request that needs no token proves nothing about a token.
        InputKind::HttpResponse if answer.as_ref().is_some_and(HttpAnswer::needs_no_token) => {
            return None;
        }
        InputKind::HttpResponse => Healthy::ServiceAnswer,
        InputKind::MailResponse => Healthy::MailSignIn,
        // A word or a sentence in the place of a token is no token.
        InputKind::TokenResponse if has_token_text(facts) => Healthy::TokenResponse,
        InputKind::AccessToken if missing_claims(facts).is_empty() => Healthy::AccessToken,
        InputKind::Request => Healthy::Request,
        InputKind::Registration if registration == Some(true) => Healthy::Registration,
        InputKind::OpaqueToken if matches!(facts.shape(), Some(Shape::MsaTicket { .. })) => {
            Healthy::Ticket
        }
        InputKind::AccessToken
        | InputKind::TokenResponse
        | InputKind::OpaqueToken
        | InputKind::OauthError
        | InputKind::Unknown
        | InputKind::Registration => return None,
    };
    nothing_is_bad.then_some(Proof(healthy))
}

/// The claims `exp` and `aud` that the token lacks. Entra's tokens have both, a paste of claims may have lost them, and each may be
/// the cause. The tokens of some other providers have neither.
pub(super) fn missing_claims(facts: &Facts) -> Vec<&'static str> {
    let Some(jwt) = facts.jwt() else { return Vec::new() };
    if jwt.has_signature() && jwt.claims.text("iss").is_some_and(is_foreign) {
        return Vec::new();
    }
    let has_expiry = jwt.claims.exp().is_some() || facts.context().expires_at.is_some();
    let expiry = (!has_expiry).then_some("exp");
    let audience = jwt.claims.aud().is_none().then_some("aud");
    expiry.into_iter().chain(audience).collect()
}

/// Whether the issuer `iss` is not Entra ID.
fn is_foreign(iss: &str) -> bool {
    let host = url::Url::parse(iss).ok().and_then(|url| url.host_str().map(str::to_owned));
    let is_entra =
        |host: &str| host == "sts.windows.net" || Cloud::of_authority_host(host).is_some();
    host.is_some_and(|host| !is_entra(&host))
}

/// Maximum length, in characters, of a word or a code without a digit. A random string of this length has one.
const WORD_MAX: usize = 40;

/// Whether the token of a response may be one (RFC 6750 §2.1), and is no sentence, word or error code in the place of one. A
/// short word is accepted in an answer that names the type of the token (RFC 6749 §5.1).
fn has_token_text(facts: &Facts) -> bool {
    let Some(response) = facts.response() else { return false };
    if facts.is_elided() {
        return false;
    }
    let text = response.access_token.expose();
    let is_word = text.len() < WORD_MAX && !text.bytes().any(|byte| byte.is_ascii_digit());
    let is_opaque = matches!(facts.shape(), Some(Shape::Opaque { .. }));
    let is_typed =
        response.token_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("Bearer"));
    !is_opaque || (!text.contains(char::is_whitespace) && (is_typed || !is_word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::MailLog;
    use crate::{Confidence, Context, diagnose, recognise};
    use entrada_core::oauth::ErrorResponse;
    use entrada_core::{NumericDate, ScopeSet};

    const NOW: NumericDate = NumericDate(1_700_000_000);

    fn token() -> Evidence {
        crate::rules::testing::token(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read"}"#)
    }

    fn verdict(evidence: &Evidence, findings: &[Finding]) -> Verdict {
        of(&Facts::new(evidence), findings, None)
    }

    fn found(severity: Severity, confidence: Confidence) -> Finding {
        let finding = RuleId::WrongAudience.rule().finding("x");
        finding.with_severity(severity).with_confidence(confidence)
    }

    #[test]
    fn each_proof_names_what_was_found_healthy() {
        let ticket = format!("EwBo{}", "A".repeat(200));
        let response =
            crate::rules::testing::response(r#"{"access_token":"x","token_type":"Bearer"}"#, "");
        let requested = Some(ScopeSet::parse("Mail.Read"));
        let request = Context { requested, ..Context::default() };
        let answer =
            "GET /v1.0/me HTTP/1.1\nHost: graph.microsoft.com\n\nHTTP/1.1 200 OK\n\n{\"id\":\"1\"}";
        let talk = "C: a1 AUTHENTICATE XOAUTH2 x\nS: a1 OK AUTHENTICATE completed.";
        for (evidence, healthy) in [
            (token(), Healthy::AccessToken),
            (response, Healthy::TokenResponse),
            (crate::rules::testing::pasted(&ticket), Healthy::Ticket),
            (Evidence { context: request, ..Evidence::default() }, Healthy::Request),
            (recognise(answer, NOW).unwrap(), Healthy::ServiceAnswer),
            (Evidence { mail: MailLog::parse(talk), ..Evidence::default() }, Healthy::MailSignIn),
        ] {
            assert_eq!(verdict(&evidence, &[]), Verdict::Ok(Proof(healthy)), "{healthy:?}");
        }
    }

    #[test]
    #[expect(clippy::large_stack_arrays, reason = "a few cases in one place are easy to read")]
    fn nothing_is_ok_without_a_proof() {
        let refusal = Some(ErrorResponse::default());
        for evidence in [
            Evidence::default(),
            Evidence { unrecognised: true, ..Evidence::default() },
            Evidence { at_rest: true, ..token() },
            Evidence { not_understood: Some("no".to_owned()), ..token() },
            Evidence { refusal, ..token() },
            Evidence { answer: Some(HttpAnswer::default()), ..token() },
            Evidence { mail: MailLog::parse("S: * OK ready"), ..token() },
            crate::rules::testing::pasted("an-opaque-token-of-somebody"),
        ] {
            assert_eq!(verdict(&evidence, &[]), Verdict::Undetermined, "{evidence:?}");
        }
    }

    #[test]
    fn a_known_error_is_a_problem_and_a_guess_decides_nothing() {
        let of = |severity, confidence| verdict(&token(), &[found(severity, confidence)]);
        assert_eq!(of(Severity::Error, Confidence::Certain), Verdict::Problem);
        assert_eq!(of(Severity::Error, Confidence::Likely), Verdict::Problem);
        assert_eq!(of(Severity::Error, Confidence::Possible), Verdict::Undetermined);
        assert!(of(Severity::Warning, Confidence::Certain).is_ok());
    }

    #[test]
    fn a_token_without_expiry_or_audience_is_not_ok_where_entra_issued_it() {
        let pasted = |claims: &str| {
            use base64::Engine as _;
            let part = |json: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json);
            let head = part(r#"{"alg":"RS256","typ":"JWT"}"#);
            let text = format!("{head}.{}.{}", part(claims), "c2ln".repeat(90));
            let evidence = Evidence { now: Some(NOW), ..recognise(&text, NOW).unwrap() };
            crate::run(&evidence).verdict
        };
        let whole = r#"{"iss":"https://sts.windows.net/t/","aud":"https://graph.microsoft.com","exp":1700003600,"scp":"Mail.Read"}"#;
        assert!(pasted(whole).is_ok());
        for lost in [r#""aud":"https://graph.microsoft.com","#, r#""exp":1700003600,"#] {
            assert_eq!(pasted(&whole.replace(lost, "")), Verdict::Undetermined, "{lost}");
        }
    }

    #[test]
    fn a_sign_in_in_progress_is_pending_and_a_token_that_the_service_cannot_know_is_undetermined() {
        let pending = RuleId::AuthorizationPending.rule().finding("x");
        assert_eq!(verdict(&token(), &[pending]), Verdict::Pending);
        let encrypted = RuleId::EncryptedToken.rule().finding("x").with_severity(Severity::Note);
        assert_eq!(verdict(&token(), &[encrypted]), Verdict::Undetermined);
        let graph = r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1800003600"#;
        for (more, is_ok) in [
            (r#","iss":"https://sts.windows.net/t/"}"#, true),
            (r#","iss":"https://accounts.google.com"}"#, false),
        ] {
            let evidence = crate::rules::testing::token(&format!("{graph}{more}"));
            let evidence = Evidence { now: Some(NumericDate(1_800_000_000)), ..evidence };
            assert_eq!(crate::run(&evidence).verdict.is_ok(), is_ok, "{more}");
        }
    }

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
