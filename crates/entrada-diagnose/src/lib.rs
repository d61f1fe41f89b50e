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
//! [`diagnose()`] reads one text. With several pieces of evidence, [`recognise`] reads each, [`Evidence::join`] makes one case
//! of them, and [`run`] diagnoses it. [`rules`] has all findings.
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

mod b2c;
mod diagnose;
mod evidence;
mod excerpt;
mod explain;
mod facts;
mod finding;
mod graph_call;
mod har;
mod issuer;
mod log_time;
mod malformed_resource;
mod merge;
mod observed;
mod read;
mod refusal;
mod registration;
mod rule_id;
pub mod rules;
mod sent_field;
mod sentences;
mod service;
mod shape;
mod summary;
mod verdict;

pub use diagnose::diagnose;
pub use entrada_core::entra::aadsts::Who;
pub use evidence::{ArchivedRequest, Context, Evidence, EvidenceSource};
pub use explain::{EvidencePart, HypothesisLine, Judging, explain_judging};
pub use facts::Facts;
pub use finding::{Confidence, EvidenceLine, Finding, Rule, Severity};
pub use graph_call::call_of;
pub use observed::Observed;
pub use read::{
    ArtifactLine, Mentions, Position, Reading, RecogniseError, explain_reading, recognise,
};
pub use registration::{Registration, RegistrationError, SignInMethod};
pub use rule_id::RuleId;
pub use service::{HttpAnswer, MailLog, Service};
pub use shape::{SITE_GRAPH, SITE_OUTLOOK, Shape};
pub use summary::{CaseIdentity, Event, Moment, Row, Serves, Standing, TokenSummary};
pub use verdict::{Healthy, Proof, Verdict};

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
    /// The call of Microsoft Graph that it was judged by: method and path, with `{id}` for ids.
    pub call: Option<String>,
    /// Whether nothing but the token itself points to that job: nobody named one, and no request or call shows one.
    pub job_is_of_the_token: bool,
    /// The flag that named the job, such as `--job`.
    pub job_flag: Option<String>,
    /// All jobs that the case is judged for, if there are several. Each has a diagnosis of its own.
    pub jobs: Vec<Job>,
    /// Whether the token acts for a user or for an application.
    pub subject: TokenSubject,
    /// The findings.
    pub findings: Vec<Finding>,
    /// What the token was requested for, serves, and how long.
    pub summary: TokenSummary,
    /// Where the evidence was found.
    pub source: EvidenceSource,
}

impl Diagnosis {
    /// The cause: the first error.
    pub fn cause(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.severity == Severity::Error)
    }

    /// What the token was judged for, in messages: the call, or the job.
    pub fn task(&self) -> &str {
        self.call.as_deref().unwrap_or(self.job.id())
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
        self.call.iter_mut().for_each(shown);
        self.summary.scopes.iter_mut().for_each(|row| shown(&mut row.scope));
        self.summary.life.iter_mut().for_each(|event| shown(&mut event.what));
        let identity = &mut self.summary.identity;
        let named = [
            &mut identity.user,
            &mut identity.tenant,
            &mut identity.application,
            &mut identity.audience,
        ];
        named.into_iter().flatten().for_each(shown);
        identity.log_ids.iter_mut().for_each(|(_, value)| shown(value));
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
    let source = evidence.source.clone();
    Diagnosis { summary, source, ..findings_of(facts) }.without_secrets(evidence)
}

/// As [`run`], without the summary of the token.
pub fn judge(evidence: &Evidence) -> Diagnosis {
    findings_of(Facts::new(evidence)).without_secrets(evidence)
}

/// The stages after reading: facts, token findings, hypotheses, merge, verdict. [`explain_judging`] shows each of them.
fn findings_of(mut facts: Facts) -> Diagnosis {
    let found = rule_findings(&mut facts);
    let hypotheses = service::causes(&facts);
    let merged = merge::merge(&facts, found, &hypotheses);
    concluded(&facts, merged.findings, merged.registration)
}

/// What each rule finds by itself.
fn rule_findings(facts: &mut Facts) -> Vec<Finding> {
    let found: Vec<Finding> = rules::all().filter_map(|rule| (rule.check)(facts)).collect();
    facts.token_is_at_fault = found.iter().any(Finding::is_known_error);
    found
}

/// The diagnosis with the merged `findings`, without the summary of the token. `registration` says whether everything in a
/// registration was checked that the case needs.
fn concluded(facts: &Facts, findings: Vec<Finding>, registration: Option<bool>) -> Diagnosis {
    let mut findings = findings;
    let verdict = verdict::of(facts, &findings, registration);
    // Without a finding, the reader would learn nothing from the verdict.
    let says_why = |finding: &Finding| {
        let id = finding.rule.id;
        finding.severity != Severity::Note
            || [RuleId::EncryptedToken, RuleId::OpaqueMsaToken, RuleId::GraphCallPermissions]
                .contains(&id)
    };
    if verdict == Verdict::Undetermined && !findings.iter().any(says_why) {
        findings.push(rules::more_evidence_needed(facts));
    }
    Diagnosis {
        verdict,
        input: facts.input_kind(),
        job: if facts.is_job_known() || facts.evidence.registration.is_some() {
            facts.job
        } else {
            Job::None
        },
        call: facts.call().map(|check| check.shown().into_owned()),
        job_is_of_the_token: facts.job_is_of_the_token(),
        job_flag: facts.context().job_flag.clone(),
        jobs: facts.context().jobs.clone(),
        subject: facts.subject(),
        findings,
        summary: TokenSummary::default(),
        source: EvidenceSource::default(),
    }
}
