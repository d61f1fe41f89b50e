//! What each stage of judging made of a case, for readers who doubt a verdict.

use super::service::{self, HttpAnswer, MailLog};
use super::shape::Shape;
use super::{
    Confidence, Diagnosis, Evidence, Facts, Finding, RuleId, TokenSummary, concluded, merge,
    rule_findings,
};
use entrada_core::oauth::{ErrorResponse, TokenResponse};
use entrada_core::{Protocol, clean};

/// Maximum number of AADSTS numbers that are listed.
const CODES_MAX: usize = 8;

/// How a case was judged. No text in it shows a secret of the case.
#[derive(Debug)]
pub struct Judging {
    /// The parts of the evidence that the diagnosis rests on.
    pub evidence: Vec<EvidencePart>,
    /// What each rule finds by itself, in the order of fixing.
    pub rule_findings: Vec<Finding>,
    /// What the answers of the authority, the service and the mail server point to.
    pub hypotheses: Vec<HypothesisLine>,
    /// Findings that were dropped, each with the finding that explains the case better.
    pub silenced: Vec<(RuleId, RuleId)>,
    /// The result, as [`run`](super::run) returns it.
    pub diagnosis: Diagnosis,
}

/// One part of the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidencePart {
    /// The member of [`Evidence`], or of its [`Context`](super::Context).
    pub name: &'static str,
    /// Its kind and its size, without its text.
    pub content: String,
}

/// One possible cause of a refusal.
#[derive(Clone, Debug)]
pub struct HypothesisLine {
    /// The rule that reports it.
    pub id: RuleId,
    /// The confidence in this cause.
    pub confidence: Confidence,
    /// Why: the statement about the answer.
    pub message: String,
}

/// Judges `evidence` as [`run`](super::run) does, and keeps what each stage made of it.
///
/// ```
/// use entrada_core::NumericDate;
/// use entrada_diagnose::{explain_judging, recognise};
///
/// let now = NumericDate(1_790_000_000);
/// let judging = explain_judging(&recognise("AADSTS50034: The user does not exist.", now)?);
/// assert_eq!(judging.evidence[0].name, "refusal");
/// assert_eq!(judging.evidence[0].content, "OAuth error, AADSTS50034");
/// assert_eq!(judging.diagnosis.verdict.id(), "problem");
/// # Ok::<(), entrada_diagnose::RecogniseError>(())
/// ```
pub fn explain_judging(evidence: &Evidence) -> Judging {
    let mut facts = Facts::new(evidence);
    let summary = TokenSummary::new(evidence, &facts);
    let source = evidence.source.clone();
    let found = rule_findings(&mut facts);
    let causes = service::causes(&facts);
    let of_authority = facts.refusal_cause().map(|cause| HypothesisLine {
        id: cause.id,
        confidence: cause.confidence,
        message: match cause.code {
            Some(code) => format!("the authority's error has the number AADSTS{}", code.code),
            None => "the authority's error points to it".to_owned(),
        },
    });
    let of_services = causes.iter().map(|cause| HypothesisLine {
        id: cause.id,
        confidence: cause.confidence,
        message: shown(evidence, &cause.message),
    });
    let hypotheses = of_authority.into_iter().chain(of_services).collect();
    let merged = merge::merge(&facts, found.clone(), &causes);
    let diagnosis =
        Diagnosis { summary, source, ..concluded(&facts, merged.findings, merged.registration) };
    let mut rule_findings = found;
    for finding in &mut rule_findings {
        finding.message = shown(evidence, &finding.message).into();
    }
    Judging {
        evidence: parts(evidence),
        rule_findings,
        hypotheses,
        silenced: merged.silenced,
        diagnosis: diagnosis.without_secrets(evidence),
    }
}

/// `text` without control characters and without the secrets of `evidence`.
fn shown(evidence: &Evidence, text: &str) -> String {
    evidence.redactor.text(&clean(text)).into_owned()
}

/// The parts that `evidence` has.
fn parts(evidence: &Evidence) -> Vec<EvidencePart> {
    let context = &evidence.context;
    let given = |is_given: bool| is_given.then(|| "given".to_owned());
    let scopes = context.requested.as_ref().map(|scopes| counted(scopes.iter().count(), "scope"));
    let line = |text: &String| format!("{} that no extractor knows", length(text.chars().count()));
    let all = [
        ("token", evidence.token.as_ref().map(token)),
        ("response", evidence.response.as_ref().map(response)),
        ("refusal", evidence.refusal.as_ref().map(refusal)),
        (
            "not_oauth",
            evidence.not_oauth.as_ref().map(|_| "an answer that is not OAuth".to_owned()),
        ),
        ("answer", evidence.answer.as_ref().map(answer)),
        ("mail", evidence.mail.as_ref().map(mail)),
        ("not_understood", evidence.not_understood.as_ref().map(line)),
        ("unrecognised", given(evidence.unrecognised).map(|_| "the whole input".to_owned())),
        ("at_rest", given(evidence.at_rest).map(|_| "the token was stored, not sent".to_owned())),
        ("now", evidence.now.map(|now| now.to_string())),
        ("job", context.job.map(|job| job.id().to_owned())),
        ("requested", scopes),
        ("client_id", given(context.client_id.is_some())),
        ("tenant", given(context.tenant.is_some())),
        ("account", given(context.account.is_some())),
        ("mailbox", given(context.mailbox.is_some())),
        ("grant_type", context.grant_type.as_deref().map(|text| shown(evidence, text))),
    ];
    let filled = all.into_iter().filter_map(|(name, content)| Some((name, content?)));
    filled.map(|(name, content)| EvidencePart { name, content }).collect()
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn length(characters: usize) -> String {
    counted(characters, "character")
}

fn token(shape: &Shape) -> String {
    match shape {
        Shape::Jwt(jwt) => format!("JWT, {}", counted(jwt.claims.iter().count(), "claim")),
        Shape::Jwe(_) => "encrypted token (JWE)".to_owned(),
        Shape::MsaTicket { length: size, .. } => {
            format!("ticket of a personal account, {}", length(*size))
        }
        Shape::EntraGrant { length: size, .. } => {
            format!("refresh token or code of a work account, {}", length(*size))
        }
        Shape::MsaRefreshToken { length: size } => {
            format!("refresh token of a personal account, {}", length(*size))
        }
        Shape::PrtCookie => "cookie with a device's refresh token".to_owned(),
        Shape::Saml => "SAML assertion".to_owned(),
        Shape::Broken { length: size, .. } => format!("damaged token, {}", length(*size)),
        Shape::Opaque { length: size } => format!("opaque text, {}", length(*size)),
    }
}

fn response(response: &TokenResponse) -> String {
    let with =
        |is_there: bool, what: &str| if is_there { format!(", {what}") } else { String::new() };
    format!(
        "token response{}{}{}",
        with(response.scope.is_some(), "scope"),
        with(response.refresh_token.is_some(), "refresh token"),
        with(response.id_token.is_some(), "ID token"),
    )
}

fn refusal(refusal: &ErrorResponse) -> String {
    let mut text = "OAuth error".to_owned();
    // Only a code of the RFCs' form: another text may hold anything.
    let is_code = |c: char| c.is_ascii_lowercase() || c == '_';
    if !refusal.error.is_empty() && refusal.error.len() < 40 && refusal.error.chars().all(is_code) {
        text.extend([" `", refusal.error.as_str(), "`"]);
    }
    for code in refusal.error_codes.iter().take(CODES_MAX) {
        text.extend([", AADSTS", code.to_string().as_str()]);
    }
    if let Some(status) = refusal.http_status {
        text.extend([", status ", status.to_string().as_str()]);
    }
    text
}

fn answer(answer: &HttpAnswer) -> String {
    let status = answer.status.map_or("no status".to_owned(), |status| format!("status {status}"));
    let headers = counted(answer.headers.len(), "header");
    format!("HTTP answer, {status}, {headers}, body of {}", length(answer.body.chars().count()))
}

fn mail(mail: &MailLog) -> String {
    let initial = if mail.initial.is_some() { ", with the client's sign-in string" } else { "" };
    let protocol = match mail.protocol {
        Protocol::Imap => "IMAP",
        Protocol::Smtp => "SMTP",
        Protocol::Pop => "POP",
    };
    format!("{protocol} conversation, {}{initial}", counted(mail.lines.len(), "line"))
}
