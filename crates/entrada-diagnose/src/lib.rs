//! Says why a token of Microsoft Entra ID will or will not do its job. Pure: evidence in, findings out.
//!
//! ```
//! use entrada_core::{Job, NumericDate};
//! use entrada_diagnose::{Context, diagnose};
//!
//! let now = NumericDate(1_790_000_000); // in a program: the time of its clock
//! let diagnosis = diagnose("AADSTS65001: The user has not consented.", &Context::for_job(Job::Imap), now)?;
//! let cause = diagnosis.cause().unwrap();
//! assert_eq!(cause.rule.id.as_str(), "user-consent-required");
//! println!("{}: {}", cause.message, cause.help.join("; "));
//! # Ok::<(), entrada_diagnose::RecogniseError>(())
//! ```
//!
//! [`diagnose`] reads one text. With several pieces of evidence, [`recognise`] reads each, [`Evidence::join`] makes one case
//! of them, and [`run`] diagnoses it. [`rules`] has all findings.
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

mod diagnose;
mod evidence;
mod facts;
mod finding;
mod har;
mod recognise;
mod refusal;
mod registration;
mod rule_id;
pub mod rules;
mod sentences;
mod service;
mod shape;
mod summary;
mod verdict;

pub use diagnose::diagnose;
pub use entrada_core::entra::aadsts::Who;
pub use evidence::{Context, Evidence};
pub use facts::Facts;
pub use finding::{Confidence, EvidenceLine, Finding, Rule, Severity};
pub use recognise::{RecogniseError, recognise};
pub use registration::{Registration, RegistrationError, SignInMethod};
pub use rule_id::RuleId;
pub use service::{HttpAnswer, MailLog, Service};
pub use shape::{SITE_GRAPH, SITE_OUTLOOK, Shape};
pub use summary::{Event, Moment, Row, Serves, Standing, TokenSummary};
pub use verdict::Verdict;

use std::borrow::Cow;

use entrada_core::{Job, TokenSubject};

/// The kind of the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A readable access token.
    AccessToken,
    /// A token that cannot be read, or another text in its place.
    OpaqueToken,
    /// An answer of the token endpoint.
    TokenResponse,
    /// An OAuth error.
    OauthError,
    /// An answer that is not OAuth: of an API, or of a proxy.
    HttpResponse,
    /// Lines of a mail server.
    MailResponse,
    /// Scopes of a request that is not sent yet.
    Request,
    /// The registration of an application, without a token or an answer.
    Registration,
    /// Nothing was recognised.
    Unknown,
}

impl InputKind {
    /// As JSON spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::OpaqueToken => "opaque_token",
            Self::TokenResponse => "token_response",
            Self::OauthError => "oauth_error",
            Self::HttpResponse => "http_response",
            Self::MailResponse => "mail_response",
            Self::Request => "request",
            Self::Registration => "registration",
            Self::Unknown => "unknown",
        }
    }
}

/// A diagnosis. The most important finding is first; the first error is *the* cause.
#[derive(Debug)]
pub struct Diagnosis {
    /// The outcome.
    pub verdict: Verdict,
    /// What was judged.
    pub input: InputKind,
    /// The job it was judged for.
    pub job: Job,
    /// Whether the token acts for a user or for an application.
    pub subject: TokenSubject,
    /// The findings.
    pub findings: Vec<Finding>,
    /// What the token was requested for, serves, and how long.
    pub summary: TokenSummary,
}

impl Diagnosis {
    /// The cause: the first error.
    pub fn cause(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.severity == Severity::Error)
    }

    /// Removes the secrets of `evidence` from the texts: servers repeat what they were sent.
    fn without_secrets(mut self, evidence: &Evidence) -> Self {
        let redactor = &evidence.redactor;
        if redactor.is_empty() {
            return self;
        }
        let shown = |text: &mut String| {
            if let Cow::Owned(redacted) = redactor.text(text) {
                *text = redacted;
            }
        };
        let redact_if_owned = |text: &mut Cow<'static, str>| {
            if let Cow::Owned(text) = text {
                shown(text);
            }
        };
        for finding in &mut self.findings {
            redact_if_owned(&mut finding.message);
            finding.help.iter_mut().for_each(redact_if_owned);
            finding.evidence.iter_mut().for_each(|seen| shown(&mut seen.value));
        }
        self.summary.scopes.iter_mut().for_each(|row| shown(&mut row.scope));
        self.summary.life.iter_mut().for_each(|event| shown(&mut event.what));
        self
    }

    /// Whether the input, or a part of it, has no known form.
    pub fn is_unrecognised(&self) -> bool {
        self.findings.iter().any(|finding| finding.rule.id == RuleId::UnrecognisedInput)
    }

    /// Whether a warning was found.
    pub fn has_warnings(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Warning)
    }

    /// Whether nothing worse than a note was found.
    pub fn is_clean(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity == Severity::Note)
    }
}

/// Runs every rule over `evidence`, and adds the summary of the token.
pub fn run(evidence: &Evidence) -> Diagnosis {
    let facts = Facts::new(evidence);
    let summary = TokenSummary::new(evidence, &facts);
    Diagnosis { summary, ..findings_of(&facts) }.without_secrets(evidence)
}

/// As [`run`], without the summary of the token.
pub fn judge(evidence: &Evidence) -> Diagnosis {
    findings_of(&Facts::new(evidence)).without_secrets(evidence)
}

fn findings_of(facts: &Facts) -> Diagnosis {
    let mut findings: Vec<Finding> = rules::all().filter_map(|rule| (rule.check)(facts)).collect();
    add_refusal_cause(facts, &mut findings);
    add_hypotheses(facts, &mut findings);
    let report = registration::report(facts);
    let is_complete = report.as_ref().map(|report| report.is_complete);
    if let Some(report) = report {
        registration::add(facts, report.findings, &mut findings);
    }
    findings.sort_by_key(|finding| {
        // Possible causes are in the order in which to check them.
        let rank = facts.hypotheses.iter().position(|hypothesis| hypothesis.id == finding.rule.id);
        let guess = rank.filter(|_| finding.confidence == Confidence::Possible);
        (std::cmp::Reverse(finding.severity), finding.confidence, guess, finding.rule.id)
    });
    Diagnosis {
        verdict: verdict::of(facts, &findings, is_complete),
        input: facts.input_kind(),
        job: facts.job,
        subject: facts.subject(),
        findings,
        summary: TokenSummary::default(),
    }
}

/// Adds the cause that an OAuth error points to, if its rule only looks at tokens: an OAuth error always has a finding.
fn add_refusal_cause(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(cause) = facts.refusal_cause() else { return };
    if findings.iter().any(|finding| finding.rule.id == cause.id) {
        return;
    }
    findings.push(
        refusal::describe(facts, cause.id.rule(), cause.code, "the authority refused")
            .with_severity(Severity::Error)
            .with_confidence(cause.confidence),
    );
}

/// Adds the causes that a service's answer points to. The same cause is one finding, and possible causes are dropped if one is known.
fn add_hypotheses(facts: &Facts, findings: &mut Vec<Finding>) {
    for hypothesis in &facts.hypotheses {
        match findings.iter_mut().find(|finding| finding.rule.id == hypothesis.id) {
            Some(finding) if finding.severity == Severity::Error => {
                for (field, value) in &hypothesis.evidence {
                    if !finding.evidence.iter().any(|seen| seen.field == *field) {
                        *finding = finding.clone().with_evidence(field, value);
                    }
                }
            }
            Some(finding) => finding.severity = Severity::Error,
            None => findings.extend(
                service::finding(facts, hypothesis.id.rule())
                    .map(|finding| service::advise(facts, finding)),
            ),
        }
    }
    let known = |finding: &Finding| {
        finding.severity == Severity::Error && finding.confidence != Confidence::Possible
    };
    if findings.iter().any(known) {
        findings.retain(|finding| {
            finding.severity != Severity::Error || finding.confidence != Confidence::Possible
        });
    }
}
