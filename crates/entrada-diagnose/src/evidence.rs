//! The basis of a diagnosis: everything that was collected about one token or one refusal.

use std::fmt;

use entrada_core::entra::clouds::Cloud;
use entrada_core::entra::graph::GraphCall;
use entrada_core::entra::jobs;
use entrada_core::oauth::{ErrorResponse, ProtocolError, TokenResponse};
use entrada_core::{Job, NumericDate, Redactor, RedirectUri, ScopeSet, TokenSubject, clean};

use super::facts::Facts;
use super::observed::Observed;
use super::read::Mentions;
use super::registration::{Registration, SignInMethod};
use super::service::{HttpAnswer, MailLog};
use super::shape::Shape;

/// One case. The caller does the I/O and fills it in; a rule without the facts it needs reports nothing.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// A bare token, or another string in its place.
    pub token: Option<Shape>,
    /// The response of the token endpoint.
    pub response: Option<TokenResponse>,
    /// The authority's error response.
    pub refusal: Option<ErrorResponse>,
    /// An answer that is not OAuth.
    pub not_oauth: Option<ProtocolError>,
    /// An API's answer.
    pub answer: Option<HttpAnswer>,
    /// A conversation between a mail server and its client.
    pub mail: Option<MailLog>,
    /// The call of Microsoft Graph that the input shows beside a token, such as a `curl` command.
    pub call: Option<GraphCall>,
    /// The registration of the application, and what the tenant holds for it.
    pub registration: Option<Box<Registration>>,
    /// What the text shows around its answers.
    pub observed: Observed,
    /// The context of the case.
    pub context: Context,
    /// Whether the input has an unknown format.
    pub unrecognised: bool,
    /// A line next to the token, or an input, that was not understood. It may be a refusal.
    pub not_understood: Option<String>,
    /// Whether the token is a refresh token in its normal place: stored in a cache, not sent to a service.
    pub at_rest: bool,
    /// The time at which the case was collected.
    pub now: Option<NumericDate>,
    /// Members of an evidence file that were not understood.
    pub unknown_members: Vec<String>,
    /// Other tokens of the same cache or other requests of the same archive, each with its context: one of them may
    /// be the intended one.
    pub alternatives: Vec<Evidence>,
    /// What the text around the evidence mentions.
    pub mentions: Mentions,
    /// The secrets of the case, which are never shown.
    pub redactor: Redactor,
    /// Where it was found.
    pub source: EvidenceSource,
}

/// Where evidence was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvidenceSource {
    /// The names of the inputs, such as paths, if the caller gave some.
    pub inputs: Vec<String>,
    /// The request of an HTTP archive whose answer counts.
    pub request: Option<ArchivedRequest>,
}

/// A request of an HTTP archive, and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedRequest {
    /// Its place in the archive, from 1.
    pub number: usize,
    /// The method.
    pub method: String,
    /// The host that it was sent to.
    pub host: String,
    /// The HTTP status of the answer; 0 where none came.
    pub status: u16,
}

impl EvidenceSource {
    /// All of both. The request of `self` counts first.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        let new = other.inputs.into_iter().filter(|name| !self.inputs.contains(name));
        let new: Vec<String> = new.collect();
        self.inputs.extend(new);
        Self { inputs: self.inputs, request: self.request.or(other.request) }
    }
}

/// As `request 3 of the archive: POST login.microsoftonline.com, status 400`.
impl fmt::Display for ArchivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, method, host, status } = self;
        write!(f, "request {number} of the archive: {} {}", clean(method), clean(host))?;
        if *status == 0 { write!(f, ", no answer") } else { write!(f, ", status {status}") }
    }
}

/// The request and the caller.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// What the token is for; without it, see [`Facts::job`].
    pub job: Option<Job>,
    /// The call of Microsoft Graph to judge by, instead of a job.
    pub call: Option<GraphCall>,
    /// An unknown job that the evidence names: it may be user-defined.
    pub job_name: Option<String>,
    /// The flag that names the job, such as `--job`, for messages.
    pub job_flag: Option<String>,
    /// All named jobs, if there are several.
    pub jobs: Vec<Job>,
    /// The jobs of the user's own, which a token may serve although nobody named them.
    pub own_jobs: Vec<Job>,
    /// Whether the token should act for a user or for the application, if that was given.
    pub subject: Option<TokenSubject>,
    /// The scopes of the request, or those of the sign-in if a later refresh sent others.
    pub requested: Option<ScopeSet>,
    /// The scopes of the refused request, if they differ from those of the sign-in.
    pub sent: Option<ScopeSet>,
    /// Whether the request had a `resource`, as v1 requests have.
    pub sent_resource: bool,
    /// The application that made the request.
    pub client_id: Option<String>,
    /// The authority's base URL, without the tenant.
    pub authority: Option<String>,
    /// The tenant segment of the authority.
    pub tenant: Option<String>,
    /// The expected account: `login_hint`, or a pinned account.
    pub account: Option<String>,
    /// Other names and ids of that account, proved by its sign-in.
    pub account_names: Vec<String>,
    /// The mailbox to open.
    pub mailbox: Option<String>,
    /// The token's expiry, if it was given separately.
    pub expires_at: Option<NumericDate>,
    /// `device_code`, `refresh_token`, …
    pub grant_type: Option<String>,
    /// The granted scopes that were stored with a token, without its full response.
    pub granted: Option<ScopeSet>,
    /// The named cloud.
    pub cloud: Option<Cloud>,
    /// The audience of a user-defined job (`custom`).
    pub audience: Option<String>,
    /// The profile that was used, for commands to paste.
    pub profile: Option<String>,
    /// Flags that select authority, tenant, client and account, for commands to paste.
    pub selectors: Option<String>,
    /// Flags that select jobs and scopes, for commands to paste that do not set their own.
    pub wanted: Option<String>,
    /// Whether a refresh token is wanted; `None` counts as yes.
    pub offline: Option<bool>,
    /// How the program signs in; `None` where it may choose.
    pub sign_in_method: Option<SignInMethod>,
    /// The redirect URI that the program sends; `None` for `http://localhost`.
    pub redirect_uri: Option<RedirectUri>,
    /// The ids of the keys that the authority publishes, if they were fetched.
    pub published_keys: Option<Vec<String>>,
    /// Whether a client kept polling faster than allowed.
    pub polled_too_fast: bool,
    /// Whether the device code had expired by the local clock at the time of the refusal.
    pub code_ran_out: bool,
}

impl Evidence {
    /// Merges both into one case. Values of `self` take precedence over those of `other`.
    pub fn join(mut self, other: Self) -> Self {
        self.context = self.context.or(other.context);
        self.unknown_members.extend(other.unknown_members);
        self.redactor.join(&other.redactor);
        Self {
            token: self.token.or(other.token),
            response: self.response.or(other.response),
            refusal: self.refusal.or(other.refusal),
            not_oauth: self.not_oauth.or(other.not_oauth),
            answer: self.answer.or(other.answer),
            mail: self.mail.or(other.mail),
            call: self.call.or(other.call),
            registration: self.registration.or(other.registration),
            observed: self.observed.or(other.observed),
            context: self.context,
            unrecognised: self.unrecognised && other.unrecognised,
            not_understood: self.not_understood.or(other.not_understood),
            at_rest: self.at_rest || other.at_rest,
            // The earlier of the two: one of them is the clock of the server.
            now: [self.now, other.now].into_iter().flatten().min(),
            unknown_members: self.unknown_members,
            alternatives: if self.alternatives.is_empty() {
                other.alternatives
            } else {
                self.alternatives
            },
            mentions: self.mentions.or(other.mentions),
            redactor: self.redactor,
            source: self.source.join(other.source),
        }
    }

    /// Whether nothing in it can be judged.
    pub(crate) fn is_empty(&self) -> bool {
        self.token.is_none() && !self.says_something() && self.context.requested.is_none()
    }

    /// Whether it has an answer of an authority, a service or a mail server.
    pub(crate) fn says_something(&self) -> bool {
        self.response.is_some()
            || self.refusal.is_some()
            || self.not_oauth.is_some()
            || self.answer.is_some()
            || self.mail.is_some()
    }

    /// Whether the token was sent in the scheme `Bearer` (RFC 6750 §2.1), or to a mail server, which knows no other.
    pub(crate) fn sends_bearer(&self) -> bool {
        let sent = self.answer.as_ref().and_then(|answer| answer.authorization.as_ref());
        let scheme = sent.and_then(|sent| sent.expose().split(' ').next());
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer")) || self.mail.is_some()
    }

    /// Whether a service or a mail server accepted the token.
    pub(crate) fn is_accepted(&self) -> bool {
        self.answer.as_ref().is_some_and(HttpAnswer::is_good)
            || self.mail.as_ref().is_some_and(|mail| mail.let_in(true))
    }

    /// Whether no answer in it is a refusal.
    pub(crate) fn is_good_only(&self) -> bool {
        self.refusal.is_none()
            && self.not_oauth.is_none()
            && self.mail.is_none()
            && self.answer.as_ref().is_none_or(HttpAnswer::is_good)
    }

    /// Selects, from the tokens of a cache or the requests of an archive, the one for `job`'s API; unchanged if there is none.
    pub fn for_job(mut self, job: Job) -> Self {
        let fits = |of: &Self| {
            let mut case = of.clone();
            case.context.job = Some(job);
            let asked = || case.context.requested.as_ref().and_then(jobs::job_for_scopes);
            Facts::new(&case).audience_fits() == Some(true)
                || (case.refusal.is_some() && asked() == Some(job))
        };
        let alternatives = std::mem::take(&mut self.alternatives);
        if alternatives.is_empty() || fits(&self) {
            return self;
        }
        let inputs = std::mem::take(&mut self.source.inputs);
        let mut chosen = alternatives.into_iter().find(fits).unwrap_or(self);
        chosen.source.inputs = inputs;
        chosen
    }
}

impl Context {
    /// The values of `self`, completed with those of `other`.
    pub fn or(self, other: Self) -> Self {
        let named = if self.jobs.is_empty() { other.jobs } else { self.jobs };
        Self {
            job: self.job.or(other.job),
            call: self.call.or(other.call),
            job_name: self.job_name.or(other.job_name),
            job_flag: self.job_flag.or(other.job_flag),
            jobs: named,
            own_jobs: if self.own_jobs.is_empty() { other.own_jobs } else { self.own_jobs },
            subject: self.subject.or(other.subject),
            requested: self.requested.or(other.requested),
            sent: self.sent.or(other.sent),
            sent_resource: self.sent_resource || other.sent_resource,
            mailbox: self.mailbox.or(other.mailbox),
            expires_at: self.expires_at.or(other.expires_at),
            client_id: self.client_id.or(other.client_id),
            authority: self.authority.or(other.authority),
            tenant: self.tenant.or(other.tenant),
            account: self.account.or(other.account),
            account_names: if self.account_names.is_empty() {
                other.account_names
            } else {
                self.account_names
            },
            grant_type: self.grant_type.or(other.grant_type),
            granted: self.granted.or(other.granted),
            cloud: self.cloud.or(other.cloud),
            audience: self.audience.or(other.audience),
            profile: self.profile.or(other.profile),
            selectors: self.selectors.or(other.selectors),
            wanted: self.wanted.or(other.wanted),
            offline: self.offline.or(other.offline),
            sign_in_method: self.sign_in_method.or(other.sign_in_method),
            redirect_uri: self.redirect_uri.or(other.redirect_uri),
            published_keys: self.published_keys.or(other.published_keys),
            polled_too_fast: self.polled_too_fast || other.polled_too_fast,
            code_ran_out: self.code_ran_out || other.code_ran_out,
        }
    }
}
