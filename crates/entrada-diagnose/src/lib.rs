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
//! of them, and [`run`] judges it. [`rules`] is the table of what can be found.
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

mod diagnose;
mod evidence;
mod facts;
mod finding;
mod har;
mod recognise;
mod refusal;
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
pub use rule_id::RuleId;
pub use service::{HttpAnswer, MailLog, Service};
pub use shape::{SITE_GRAPH, SITE_OUTLOOK, Shape};
pub use summary::{Event, Moment, Row, Serves, Standing, TokenSummary};

use std::borrow::Cow;

use entrada_core::{Job, TokenSubject};

/// The outcome in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands in the way of the job.
    Ok,
    /// At least one error.
    Problem,
    /// No one can tell from this evidence; candidates are marked `possible`.
    Undetermined,
    /// The sign-in is still going on.
    Pending,
}

impl Verdict {
    /// As JSON spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Problem => "problem",
            Self::Undetermined => "undetermined",
            Self::Pending => "pending",
        }
    }
}

/// What kind of thing was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A readable access token.
    AccessToken,
    /// A token that cannot be read, or something else pasted for one.
    OpaqueToken,
    /// An answer of the token endpoint.
    TokenResponse,
    /// A refusal.
    OauthError,
    /// An answer that is not OAuth: of an API, or of something in between.
    HttpResponse,
    /// What a mail server said.
    MailResponse,
    /// Scopes that are to be asked for.
    Request,
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
            Self::Unknown => "unknown",
        }
    }
}

/// A judgement. Findings stand most important first; the first error is *the* cause.
#[derive(Debug)]
pub struct Diagnosis {
    /// The outcome.
    pub verdict: Verdict,
    /// What was judged.
    pub input: InputKind,
    /// The job it was judged for.
    pub job: Job,
    /// On whose behalf.
    pub subject: TokenSubject,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What is told beside.
    pub about: TokenSummary,
}

impl Diagnosis {
    /// The cause: the first error.
    pub fn cause(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.severity == Severity::Error)
    }

    /// The same, without the secrets that belong to `evidence`: servers repeat what they were sent.
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
        let ours_or_shown = |text: &mut Cow<'static, str>| {
            if let Cow::Owned(text) = text {
                shown(text);
            }
        };
        for finding in &mut self.findings {
            ours_or_shown(&mut finding.message);
            finding.help.iter_mut().for_each(ours_or_shown);
            finding.evidence.iter_mut().for_each(|seen| shown(&mut seen.value));
        }
        self.about.scopes.iter_mut().for_each(|row| shown(&mut row.scope));
        self.about.life.iter_mut().for_each(|event| shown(&mut event.what));
        self
    }

    /// Whether the input was nothing that can be judged.
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

/// Runs every rule over `evidence`, and tells what there is to tell beside.
pub fn run(evidence: &Evidence) -> Diagnosis {
    let facts = Facts::new(evidence);
    let about = TokenSummary::new(evidence, &facts);
    Diagnosis { about, ..of_facts(&facts) }.without_secrets(evidence)
}

/// Runs every rule over `evidence`, and nothing more.
pub fn judge(evidence: &Evidence) -> Diagnosis {
    of_facts(&Facts::new(evidence)).without_secrets(evidence)
}

fn of_facts(facts: &Facts) -> Diagnosis {
    let mut findings: Vec<Finding> = rules::all().filter_map(|rule| (rule.check)(facts)).collect();
    add_what_was_refused(facts, &mut findings);
    add_what_was_told(facts, &mut findings);
    findings.sort_by_key(|finding| {
        // Guesses stand in the order in which to look.
        let told = facts.told.iter().position(|told| told.id == finding.rule.id);
        let guess = told.filter(|_| finding.confidence == Confidence::Possible);
        (std::cmp::Reverse(finding.severity), finding.confidence, guess, finding.rule.id)
    });
    Diagnosis {
        verdict: verdict::of(facts, &findings),
        input: facts.input_kind(),
        job: facts.job,
        subject: facts.subject(),
        findings,
        about: TokenSummary::default(),
    }
}

/// The cause that a refusal points to, where its rule is one that looks at tokens alone: a refusal is never met with silence.
fn add_what_was_refused(facts: &Facts, findings: &mut Vec<Finding>) {
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

/// What a service's answer tells, beside what the token shows: the same cause is one finding, and where something is known
/// nothing is guessed.
fn add_what_was_told(facts: &Facts, findings: &mut Vec<Finding>) {
    for told in &facts.told {
        match findings.iter_mut().find(|finding| finding.rule.id == told.id) {
            Some(finding) if finding.severity == Severity::Error => {
                for (field, value) in &told.evidence {
                    if !finding.evidence.iter().any(|seen| seen.field == *field) {
                        *finding = finding.clone().with_evidence(field, value);
                    }
                }
            }
            Some(finding) => finding.severity = Severity::Error,
            None => findings.extend(
                service::finding(facts, told.id.rule())
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
