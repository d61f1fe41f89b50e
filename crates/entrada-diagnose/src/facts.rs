//! The facts that rules check, derived once from the evidence.

mod job;

use std::borrow::Cow;
use std::cell::OnceCell;

use super::graph_call::{CallCheck, Sufficiency};
use super::refusal;
use super::shape::{Shape, is_elided};
use super::{Context, Evidence, Finding, InputKind};
use entrada_core::entra::clouds;
use entrada_core::entra::jobs::{self, JobFacts};
use entrada_core::entra::permissions;
use entrada_core::entra::resources::{self, Resource};
use entrada_core::oauth::{ErrorResponse, TokenResponse, challenge};
use entrada_core::{Claims, Job, Jwt, NumericDate, ScopeSet, TokenSubject, clean};

/// One case, prepared for the rules.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The collected evidence.
    pub evidence: &'a Evidence,
    /// The job that the token is checked for.
    pub job: Job,
    /// The requirements of that job.
    pub needs: JobFacts,
    /// The call of Microsoft Graph that the token is judged by.
    call: Option<CallCheck>,
    /// The access token's shape: the pasted one, or the one in the response.
    shape: Option<Cow<'a, Shape>>,
    /// The current time, from the server's clock if the response carries it, else from the local clock: the server decides
    /// whether a token is still valid.
    pub now: Option<NumericDate>,
    /// Whether the token was issued after the refusal, which is then obsolete.
    refusal_is_past: bool,
    /// The cause that the refusal points to.
    refusal_cause: Option<refusal::RefusalCause>,
    /// Whether the token itself has a fault, which explains a refusal. Known after the token findings.
    pub(super) token_is_at_fault: bool,
    known: Known,
}

/// Values that many rules use, computed at first use.
#[derive(Debug, Default)]
struct Known {
    is_id_token: OnceCell<bool>,
    is_app_only: OnceCell<bool>,
    audience_fits: OnceCell<Option<bool>>,
    audience: OnceCell<Option<&'static Resource>>,
    granted: OnceCell<Option<ScopeSet>>,
    scp: OnceCell<Option<ScopeSet>>,
    suffices: OnceCell<bool>,
}

impl<'a> Facts<'a> {
    /// Prepares `evidence`.
    pub fn new(evidence: &'a Evidence) -> Self {
        let response = evidence.response.as_ref();
        let of_response = |response: &TokenResponse| Shape::of(response.access_token.expose());
        let shape = match &evidence.token {
            Some(token) => Some(Cow::Borrowed(token)),
            None => response.map(of_response).map(Cow::Owned),
        };
        let mut facts = Self {
            evidence,
            job: Job::default(),
            needs: jobs::facts(Job::default()),
            call: CallCheck::of(evidence),
            shape,
            now: response.and_then(|response| response.server_date).or(evidence.now),
            refusal_is_past: false,
            refusal_cause: evidence
                .refusal
                .as_ref()
                .and_then(|error| refusal::cause_of(error, &evidence.context)),
            token_is_at_fault: false,
            known: Known::default(),
        };
        if facts.is_issued_after_the_refusal() {
            (facts.refusal_is_past, facts.refusal_cause) = (true, None);
        }
        let job = job::of(&facts);
        if job != facts.job {
            (facts.job, facts.needs) = (job, jobs::facts(job));
        }
        facts
    }

    /// The context of the case.
    pub fn context(&self) -> &'a Context {
        &self.evidence.context
    }

    /// The call of Microsoft Graph that the token is judged by, if there is one.
    pub(super) fn call(&self) -> Option<&CallCheck> {
        self.call.as_ref()
    }

    /// The requested scopes, if the request is the only evidence and has no answer yet.
    pub fn request(&self) -> Option<&'a ScopeSet> {
        let evidence = self.evidence;
        let answered = evidence.token.is_some()
            || evidence.response.is_some()
            || evidence.refusal.is_some()
            || evidence.not_oauth.is_some()
            || evidence.answer.is_some()
            || evidence.mail.is_some()
            || evidence.unrecognised;
        evidence.context.requested.as_ref().filter(|scopes| !answered && !scopes.is_empty())
    }

    /// Whether nobody named a job, and no request or call shows one: the token alone does.
    pub fn job_is_of_the_token(&self) -> bool {
        let evidence = self.evidence;
        evidence.context.job.is_none()
            && evidence.context.call.is_none()
            && evidence.call.is_none()
            && evidence.context.requested.is_none()
            && evidence.context.audience.is_none()
            && evidence.answer.is_none()
            && evidence.mail.is_none()
            && self.shape().is_some()
    }

    /// The token response, if there is one.
    pub fn response(&self) -> Option<&'a TokenResponse> {
        self.evidence.response.as_ref()
    }

    /// The refusal, if there is one and no token was issued after it.
    pub fn refusal(&self) -> Option<&'a ErrorResponse> {
        self.evidence.refusal.as_ref().filter(|_| !self.refusal_is_past)
    }

    /// The cause that the refusal points to.
    pub(super) fn refusal_cause(&self) -> Option<&refusal::RefusalCause> {
        self.refusal_cause.as_ref()
    }

    /// The access token's shape: the pasted one, or the one in the response.
    pub fn shape(&self) -> Option<&Shape> {
        self.shape.as_deref()
    }

    fn is_issued_after_the_refusal(&self) -> bool {
        let refused = self.evidence.refusal.as_ref().and_then(ErrorResponse::refused_at);
        // Entra sets `iat` five minutes into the past.
        let issued = self.claims().and_then(|claims| Some(claims.time("iat")?.plus_seconds(300)));
        refused.zip(issued).is_some_and(|(refused, issued)| refused < issued)
    }

    /// Whether the token has some time left.
    pub fn is_good_for_a_while(&self) -> bool {
        let left = self.claims().and_then(|claims| Some(claims.exp()?.seconds_since(self.now?)));
        left.is_some_and(|left| 300 < left)
    }

    /// Whether a service answered a call of this job successfully: the token had what it needed.
    pub fn is_served(&self) -> bool {
        if self.context().call.is_some() {
            return false;
        }
        self.evidence.answer.as_ref().is_some_and(|answer| answer.serves(self.job))
    }

    /// The token as a JWT, if it is a readable one.
    pub fn jwt(&self) -> Option<&Jwt> {
        match self.shape() {
            Some(Shape::Jwt(jwt)) => Some(jwt),
            _ => None,
        }
    }

    /// The claims of the access token; `None` for an ID token, whose claims are not about an API.
    pub fn claims(&self) -> Option<&Claims> {
        self.jwt().map(|jwt| &jwt.claims).filter(|_| !self.is_id_token())
    }

    /// Whether the text quotes the claim `aud` of the token and nothing else: that says nothing about its permissions.
    pub(super) fn shows_audience_alone(&self) -> bool {
        self.jwt().is_some_and(|jwt| {
            let mut claims = jwt.claims.iter();
            !jwt.has_signature()
                && claims.next().is_some_and(|(name, _)| name == "aud")
                && claims.next().is_none()
        })
    }

    /// Whether the token acts for a user or for the application: as given in the context, else from the token itself.
    pub fn subject(&self) -> TokenSubject {
        self.context().subject.unwrap_or(if self.is_app_only() {
            TokenSubject::App
        } else {
            TokenSubject::User
        })
    }

    /// Whether the token was issued to an application without a user: by `idtyp`, or, without `scp`, because there are
    /// roles, or the subject is the application itself, or the client proved itself by a secret or certificate.
    pub fn is_app_only(&self) -> bool {
        *self.known.is_app_only.get_or_init(|| self.find_app_only())
    }

    fn find_app_only(&self) -> bool {
        let Some(claims) = self.claims() else { return false };
        if let Some(kind) = claims.text("idtyp") {
            return kind.eq_ignore_ascii_case("app");
        }
        let proven =
            ["appidacr", "azpacr"].iter().any(|name| matches!(claims.text(name), Some("1" | "2")));
        let own_subject = claims.text("oid").is_some() && claims.text("oid") == claims.text("sub");
        !claims.has_scp() && (claims.roles().is_some() || own_subject || proven)
    }

    /// Whether the text beside a token for Graph says that an API of the reader's own does not accept it.
    pub(super) fn is_checked_by_own_api(&self) -> bool {
        let context = self.context();
        self.evidence.mentions.own_api
            && context.job.is_none()
            && context.call.is_none()
            && self.evidence.call.is_none()
            && self.evidence.answer.is_none()
            && self.claims().is_some()
            && self.audience().is_some_and(|audience| audience.app_id == resources::GRAPH.app_id)
    }

    /// The issuer of a token that does not come from Entra and is for none of Microsoft's APIs, if nobody named what it is for.
    pub(super) fn foreign_issuer(&self) -> Option<&str> {
        let context = self.context();
        let named = context.job.is_some() || context.audience.is_some() || context.call.is_some();
        if named || self.audience().is_some() {
            return None;
        }
        let iss = self.jwt()?.claims.text("iss").filter(|iss| iss.starts_with("https://"))?;
        let own = context.authority.as_deref();
        let is_own = own.is_some_and(|own| iss.starts_with(own));
        (!is_own && !clouds::is_entra_issuer(iss)).then_some(iss)
    }

    /// Whether the token of the response is left out: `eyJ0…`, `<token>`, `[REDACTED]`.
    pub(super) fn is_elided(&self) -> bool {
        self.evidence.token.is_none()
            && self.response().is_some_and(|response| is_elided(response.access_token.expose()))
    }

    /// Whether the token's user is a guest in its tenant.
    pub fn is_guest(&self) -> bool {
        self.claims().is_some_and(|claims| claims.guest_claim().is_some())
    }

    /// Whether the token is an ID token: about a sign-in, for the client itself, without any permission.
    pub fn is_id_token(&self) -> bool {
        *self.known.is_id_token.get_or_init(|| self.find_id_token())
    }

    fn find_id_token(&self) -> bool {
        let Some(jwt) = self.jwt() else { return false };
        let claims = &jwt.claims;
        // An access token has one of these; an ID token does not.
        if claims.has_scp()
            || claims.client_id().is_some()
            || claims.text("idtyp").is_some()
            || jwt.header.get("nonce").is_some()
        {
            return false;
        }
        let Some(aud) = claims.aud().filter(|aud| is_guid(aud) && self.audience().is_none()) else {
            return false;
        };
        let about_a_person = ["nonce", "preferred_username", "name", "at_hash", "c_hash", "email"];
        Some(aud) == self.context().client_id.as_deref()
            || about_a_person.iter().any(|name| claims.get(name).is_some())
    }

    /// The API that the token's `aud` names, if it is a known one.
    pub fn audience(&self) -> Option<&'static Resource> {
        *self.known.audience.get_or_init(|| resources::of_audience(self.jwt()?.claims.aud()?))
    }

    /// The service that the job calls; `None` for jobs without one.
    pub fn wanted_resource(&self) -> Option<&'static Resource> {
        self.needs.resource
    }

    /// The audience of a user-defined job: from the flags or the configuration.
    pub fn own_audience(&self) -> Option<&str> {
        match self.job {
            Job::Custom => self.context().audience.as_deref().or_else(|| {
                // Only the scopes name it: `api://mine/Orders.Read`.
                let mut apis = self.context().requested.as_ref()?.iter().filter_map(|scope| {
                    match resources::of_scope(scope) {
                        resources::ResourceOfScope::Other(prefix) => Some(prefix),
                        _ => None,
                    }
                });
                let first = apis.next()?;
                apis.all(|other| other == first).then_some(first)
            }),
            _ => self.needs.audience,
        }
    }

    /// Whether the job accepts the token's `aud`; `None` if that is unknown.
    pub fn audience_fits(&self) -> Option<bool> {
        *self.known.audience_fits.get_or_init(|| self.compare_audience())
    }

    fn compare_audience(&self) -> Option<bool> {
        let audiences = self.claims()?.audiences();
        if audiences.is_empty() {
            return None;
        }
        if let Some(own) = self.own_audience() {
            // `api://GUID` and the bare GUID are equivalent: v2.0 tokens always carry the latter.
            let bare = |aud: &str| aud.strip_prefix("api://").unwrap_or(aud).to_owned();
            let own = bare(own);
            // The GUID of a service matches any of its URLs, including customer-specific ones.
            let by_id = |aud: &str| {
                [(aud, own.as_str()), (own.as_str(), aud)].iter().any(|(one, other)| {
                    resources::of_audience(one)
                        .is_some_and(|found| found.app_id.eq_ignore_ascii_case(other))
                })
            };
            let fits = audiences.iter().any(|aud| {
                let aud = bare(aud);
                resources::same_audience(&own, &aud) || by_id(&aud)
            });
            // v2.0 tokens carry the API's GUID, which cannot be compared with a name.
            let by_guid =
                audiences.iter().any(|aud| is_guid(aud) && resources::of_audience(aud).is_none());
            return if !fits && by_guid && !is_guid(&own) { None } else { Some(fits) };
        }
        let wanted = self.wanted_resource()?;
        Some(audiences.iter().any(|aud| wanted.accepts(aud)))
    }

    /// The delegated permissions that the token carries: from the response's `scope`, else from `scp`. A `scope` with a
    /// permission that the token lacks is not the token's own.
    pub fn granted(&self) -> Option<&ScopeSet> {
        let by_response = || self.response().and_then(TokenResponse::granted);
        let by_response = self.known.granted.get_or_init(by_response).as_ref();
        if let (Some(by_response), Some(scp)) = (by_response, self.scp()) {
            let has = |scope: &str| {
                let name = resources::short_name(scope);
                scp.iter().any(|own| resources::short_name(own).eq_ignore_ascii_case(name))
            };
            // `.default` stands for all that has consent.
            let is_own = |scope: &str| scope.ends_with("/.default") || has(scope);
            // Without a permission of an API, it leaves open what was granted.
            let names_one = by_response.api().iter().any(|scope| !scope.ends_with("/.default"));
            if !names_one || !by_response.api().iter().all(is_own) {
                return Some(scp);
            }
        }
        by_response.or(self.context().granted.as_ref()).or_else(|| self.scp())
    }

    /// The delegated permissions in the token itself.
    pub fn scp(&self) -> Option<&ScopeSet> {
        self.known.scp.get_or_init(|| self.claims()?.scp()).as_ref()
    }

    /// Whether one of the granted permissions is sufficient for the job; jobs that need no permission are always
    /// served.
    pub fn suffices(&self) -> bool {
        *self.known.suffices.get_or_init(|| {
            if let Some(check) = &self.call {
                return check.sufficiency(self) != Sufficiency::Insufficient;
            }
            let sufficient = self.needs.sufficient;
            let Some(granted) = self.granted() else { return sufficient.is_empty() };
            // By its own name, which is the usual case, or as part of a broader permission.
            sufficient.is_empty()
                || granted.iter().any(|scope| {
                    let name = resources::short_name(scope);
                    sufficient.iter().any(|own| own.eq_ignore_ascii_case(name))
                })
                || permissions::holds_any(&permissions::closure(granted), sufficient)
        })
    }

    /// The scopes to request for the call, or for the job in its cloud.
    pub fn job_scopes(&self) -> Vec<String> {
        if let Some(scope) = self.call_scope() {
            return vec![scope];
        }
        jobs::scopes_in(self.job, self.context().cloud.unwrap_or_default())
    }

    /// Whether the user, the request, the call or the token names the job.
    pub(super) fn is_job_known(&self) -> bool {
        let Evidence { context, answer, mail, call, .. } = self.evidence;
        context.job.is_some()
            || context.call.is_some()
            || context.requested.is_some()
            || context.audience.is_some()
            || call.is_some()
            || mail.is_some()
            || answer.as_ref().is_some_and(|answer| answer.job().is_some())
            || self.shape().is_some()
    }

    /// Whether the token itself shows a permission that the job needs.
    fn holds_what_the_job_needs(&self) -> bool {
        self.call.is_none()
            && self.context().job.is_some()
            && !self.needs.sufficient.is_empty()
            && self.claims().is_some()
            && self.granted().is_some()
            && self.audience_fits() == Some(true)
            && self.suffices()
    }

    /// The scopes that the service names in its challenge because the token lacks them.
    pub(super) fn required_scope(&self) -> Option<String> {
        let answer = self.evidence.answer.as_ref()?;
        let scope = answer.header("www-authenticate").find_map(challenge::required_scope)?;
        Some(clean(&scope).into_owned())
    }

    /// Adds the advice to request the scope that the job needs.
    pub(super) fn request_job_scope(&self, finding: Finding) -> Finding {
        match self.job_scopes().first() {
            // The default job is nobody's wish.
            Some(_) if !self.is_job_known() => finding.help("request a scope of that service"),
            // The named job is done, so the call is another one.
            Some(_) if self.holds_what_the_job_needs() => finding.help(format!(
                "the token has a permission that `{}` needs, so the refused call needs another one: judge the token by that call, `entrada diagnose --call 'GET /PATH'` (for Graph), or leave out the job",
                self.job
            )),
            Some(scope) => {
                let login = self.login(&self.task_flag());
                finding.help(format!("request `{scope}`: {login}"))
            }
            None => finding.help("request a scope of that service"),
        }
    }

    /// Help for an application without a user to request what the job needs; `None` for a user, or for an unknown job.
    pub fn ask_as_application(&self) -> Option<String> {
        if self.subject() != TokenSubject::App {
            return None;
        }
        let scope = jobs::app_scope_in(self.job, self.context().cloud.unwrap_or_default())?;
        let of_call = self.call.as_ref().and_then(|check| check.least(self));
        let role = of_call.or_else(|| self.needs.app_roles.first().map(|role| (*role).into()));
        let role = role.map_or_else(String::new, |role| {
            format!("; it needs the application permission `{role}`")
        });
        Some(format!("request `{scope}` with the application's own secret or certificate{role}"))
    }

    /// The command that signs in again: `entrada login` with this profile and `arguments`.
    pub fn login(&self, arguments: &str) -> String {
        self.command("login", arguments)
    }

    /// An entrada command with this profile.
    pub fn command(&self, command: &str, arguments: &str) -> String {
        let context = self.context();
        let mut words = vec!["entrada", command];
        words.extend(context.profile.as_deref());
        words.extend(context.selectors.as_deref());
        // The scopes or job in `arguments` replace the earlier ones; without arguments, the earlier ones are repeated.
        let job =
            context.job.filter(|_| context.wanted.is_none()).map(|job| format!("--job {job}"));
        let scope = context.call.as_ref().and_then(|_| self.call_scope());
        let scope = scope.map(|scope| format!("--scope {scope}"));
        let same = context.wanted.as_deref().or(scope.as_deref()).or(job.as_deref());
        let same = if arguments.is_empty() { same } else { Some(arguments) };
        words.extend(same.filter(|words| !words.is_empty()));
        format!("`{}`", words.join(" "))
    }

    /// The kind of input.
    pub fn input_kind(&self) -> InputKind {
        match (self.shape(), self.refusal(), &self.evidence.not_oauth) {
            (_, Some(_), _) => InputKind::OauthError,
            (_, None, Some(_)) => InputKind::HttpResponse,
            _ if self.evidence.answer.is_some() => InputKind::HttpResponse,
            _ if self.evidence.mail.is_some() => InputKind::MailResponse,
            _ if self.response().is_some() => InputKind::TokenResponse,
            (Some(Shape::Jwt(_)), ..) => InputKind::AccessToken,
            (Some(_), ..) => InputKind::OpaqueToken,
            (None, ..) if self.evidence.registration.is_some() => InputKind::Registration,
            (None, ..) if self.request().is_some() => InputKind::Request,
            (None, ..) => InputKind::Unknown,
        }
    }
}

/// Whether `text` is a GUID.
pub(super) fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}
