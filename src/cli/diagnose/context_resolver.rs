//! The context of the evidence: flags override what the evidence says of itself, and a profile supplies the rest.

use super::super::Failure;
use super::super::app::App;
use super::super::registration::sign_in_method;
use crate::config::{ConfigFile, Origin, Settings};
use entrada_auth::sys::Env;
use entrada_core::entra::graph::GraphCall;
use entrada_core::entra::known;
use entrada_core::{Job, Tenant, TokenSubject, shell_quoted};
use entrada_diagnose::{self as diagnose, Context, Evidence, RuleId, Shape};

/// Settings, read once for any number of cases.
pub(in crate::cli) struct ContextResolver {
    flags: Context,
    /// The profile that was named.
    profile: Option<Context>,
    /// The settings for every token, without a profile.
    subject: Option<TokenSubject>,
    audience: Option<String>,
    /// The jobs to judge by where the evidence names none; those of a flag come before it.
    by_flag: Vec<Job>,
    by_profile: Vec<Job>,
    /// What the configuration file says about its own tokens, where no profile was named.
    standing: Option<StandingProfile>,
    /// The job that the evidence names, where it is one of the user's own.
    own: Option<Job>,
}

/// The default profile and `[defaults]`: they describe the tokens of their application, and no others.
struct StandingProfile {
    client_id: String,
    tenant: Option<Tenant>,
    jobs: Vec<Job>,
    subject: Option<TokenSubject>,
    audience: Option<String>,
}

impl ContextResolver {
    /// Reads flags, variables and the configuration. `job_name` is a job that the evidence names and that is not on record.
    pub(in crate::cli) fn new(app: &App<'_, '_>, job_name: Option<&str>) -> Result<Self, Failure> {
        // The account of a pasted token is checked only if this command names one. Its job may come from the
        // configuration.
        // Without a home folder there is no configuration file, and none is needed.
        let any =
            app.paths().is_ok() || app.common.profile.is_some() || app.common.config.is_some();
        let file = if any { app.config_file()?.1 } else { ConfigFile::default() };
        let jobs = file.only_jobs();
        let flags = Settings::resolve(&jobs, None, &Env::default(), app.common.layer.clone())?;
        let mut resolver = Self {
            flags: Context { own_jobs: flags.own_jobs()?, ..context(&flags)? },
            profile: None,
            subject: None,
            audience: None,
            by_flag: flags.jobs()?,
            by_profile: Vec::new(),
            standing: None,
            own: job_name.map(|name| flags.job(name)).transpose()?,
        };
        if let Some(profile) = &app.common.profile {
            let settings = app.settings_of(&file, Some(profile))?;
            resolver.profile =
                Some(Context { profile: Some(shell_quoted(profile)), ..context(&settings)? });
            resolver.by_profile = settings.jobs()?;
        } else if any {
            let settings = app.settings_of(&file, None)?;
            // A variable is set for these commands, the file for its own tokens.
            if !of_file(settings.origin(|layer| &layer.subject)) {
                resolver.subject = settings.get(|layer| &layer.subject);
            }
            if !of_file(settings.origin(|layer| &layer.audience)) {
                resolver.audience = settings.get(|layer| &layer.audience);
            }
            if !of_file(settings.origin(|layer| &layer.job)) {
                resolver.by_profile = settings.jobs()?;
            }
            resolver.standing = StandingProfile::new(&settings)?;
        }
        Ok(resolver)
    }

    /// Judges by `call`, whatever the jobs are. A URL also names the cloud.
    #[must_use]
    pub(super) fn with_call(mut self, call: Option<&GraphCall>) -> Self {
        self.flags.call = call.cloned();
        let cloud = call.and_then(GraphCall::cloud);
        self.flags.cloud = self.flags.cloud.or(cloud);
        self
    }

    /// The client id that the flags or the profile name.
    pub(super) fn client_id(&self) -> Option<&str> {
        let of_profile = || self.profile.as_ref()?.client_id.as_deref();
        self.flags.client_id.as_deref().or_else(of_profile)
    }

    /// One case for each job that it is to be judged by.
    pub(super) fn cases(&self, evidence: Evidence) -> Vec<Evidence> {
        if self.flags.call.is_some() {
            return vec![self.case(evidence, Some(Job::Graph))];
        }
        let told = self.own.or(evidence.context.job);
        let of_standing;
        let (jobs, flag) = match (&self.by_flag[..], told) {
            ([], Some(_)) => (&[][..], None),
            ([], None) if !self.by_profile.is_empty() => {
                let profile = self.profile.as_ref().and_then(|context| context.profile.as_ref());
                let flag = profile
                    .map_or_else(|| "ENTRADA_JOB".to_owned(), |name| format!("--profile {name}"));
                (&self.by_profile[..], Some(flag))
            }
            ([], None) => {
                of_standing = self.standing_jobs(&evidence);
                (&of_standing[..], None)
            }
            (flags, _) => (flags, Some("--job".to_owned())),
        };
        let with = |evidence: Evidence, job: Job| {
            let mut case = self.case(evidence, Some(job));
            case.context.job_flag.clone_from(&flag);
            case
        };
        match jobs {
            [] => vec![self.case(evidence, told)],
            [job] => vec![with(evidence, *job)],
            many => {
                let each = |job: &Job| {
                    let mut case = with(evidence.clone(), *job);
                    case.context.jobs = many.to_vec();
                    case
                };
                many.iter().map(each).collect()
            }
        }
    }

    /// The standing profile, if `evidence` is of its application and its tenant. A request, a call or an answer shows
    /// itself what the token was used for.
    fn standing_of(&self, evidence: &Evidence) -> Option<&StandingProfile> {
        let shows_its_use = evidence.answer.is_some()
            || evidence.mail.is_some()
            || evidence.call.is_some()
            || evidence.context.requested.is_some();
        self.standing.as_ref().filter(|standing| !shows_its_use && standing.is_of(evidence))
    }

    /// The jobs of the standing profile that `evidence` may be for: a token for another API was got for something else.
    fn standing_jobs(&self, evidence: &Evidence) -> Vec<Job> {
        let Some(standing) = self.standing_of(evidence) else { return Vec::new() };
        let jobs = standing.jobs.iter().copied();
        jobs.filter(|job| !is_for_another_api(&self.case(evidence.clone(), Some(*job)))).collect()
    }

    /// `evidence` judged by `job`, with what flags, profile and configuration say.
    pub(in crate::cli) fn case(&self, evidence: Evidence, job: Option<Job>) -> Evidence {
        let mut evidence = match job {
            Some(job) => evidence.for_job(job),
            None => evidence,
        };
        let standing = self
            .standing_of(&evidence)
            .filter(|standing| !standing.is_for_another_audience(&evidence));
        let mut context = self.flags.clone().or(std::mem::take(&mut evidence.context));
        if let Some(profile) = &self.profile {
            context = context.or(profile.clone());
        }
        context.subject =
            context.subject.or(self.subject).or(standing.and_then(|standing| standing.subject));
        context.audience = context
            .audience
            .or_else(|| self.audience.clone())
            .or_else(|| standing.and_then(|standing| standing.audience.clone()));
        context.job = job;
        if evidence.registration.is_some() && self.profile.is_some() && context.authority.is_none()
        {
            // A profile without a tenant signs in there, which not every registration accepts.
            context.tenant.get_or_insert_with(|| Tenant::COMMON.to_owned());
        }
        evidence.context = context;
        evidence
    }
}

impl StandingProfile {
    /// What the file says. `None` without an application: its tokens cannot be told from others.
    fn new(settings: &Settings) -> Result<Option<Self>, Failure> {
        let Some(client_id) = settings.get(|layer| &layer.client_id) else { return Ok(None) };
        let tenant = settings.get(|layer| &layer.tenant);
        let has_jobs = of_file(settings.origin(|layer| &layer.job));
        let has_subject = of_file(settings.origin(|layer| &layer.subject));
        let has_audience = of_file(settings.origin(|layer| &layer.audience));
        Ok(Some(Self {
            client_id,
            tenant: tenant.and_then(|tenant| Tenant::parse(&tenant).ok()),
            jobs: if has_jobs { settings.jobs()? } else { Vec::new() },
            subject: settings.get(|layer| &layer.subject).filter(|_| has_subject),
            audience: settings.get(|layer| &layer.audience).filter(|_| has_audience),
        }))
    }

    /// Whether the token of `evidence` is for another API than the profile's `audience`.
    fn is_for_another_audience(&self, evidence: &Evidence) -> bool {
        let Some(audience) = &self.audience else { return false };
        let mut case = evidence.clone();
        case.context.job = Some(Job::Custom);
        case.context.audience = Some(audience.clone());
        is_for_another_api(&case)
    }

    /// Whether `evidence` is of this application, and no known tenant differs.
    fn is_of(&self, evidence: &Evidence) -> bool {
        let of_response;
        let shape = match (&evidence.token, &evidence.response) {
            (Some(shape), _) => Some(shape),
            (None, Some(response)) => {
                of_response = Shape::of(response.access_token.expose());
                Some(&of_response)
            }
            (None, None) => None,
        };
        let claims = match shape {
            Some(Shape::Jwt(jwt)) => Some(&jwt.claims),
            _ => None,
        };
        let client_id =
            claims.and_then(|claims| claims.client_id()).or(evidence.context.client_id.as_deref());
        let tenant = claims
            .and_then(|claims| claims.text("tid"))
            .or(evidence.context.tenant.as_deref())
            .and_then(|tenant| Tenant::parse(tenant).ok());
        client_id.is_some_and(|id| id.eq_ignore_ascii_case(&self.client_id))
            && self.tenant.as_ref().zip(tenant).is_none_or(|(own, other)| may_be_same(own, &other))
    }
}

/// Whether the token of `case` is for another API than its job.
fn is_for_another_api(case: &Evidence) -> bool {
    let findings = diagnose::judge(case).findings;
    findings.iter().any(|finding| finding.rule.id == RuleId::WrongAudience)
}

/// Whether both may name one tenant: a domain, `common` and `organizations` cannot be compared with an id.
fn may_be_same(one: &Tenant, other: &Tenant) -> bool {
    let id = |tenant: &Tenant| match tenant.as_str() {
        name if known::is_consumers(name) => Some(known::CONSUMERS_TENANT.to_owned()),
        name => Some(name.to_owned()).filter(|_| tenant.is_guid()),
    };
    id(one).zip(id(other)).is_none_or(|(one, other)| one.eq_ignore_ascii_case(&other))
}

/// Whether a value comes from the configuration file.
fn of_file(origin: Option<Origin>) -> bool {
    origin.is_some_and(|origin| origin < Origin::Env)
}

/// What `settings` say about a token.
pub(in crate::cli) fn context(settings: &Settings) -> Result<Context, Failure> {
    let scopes = settings.scopes()?;
    Ok(Context {
        requested: Some(scopes).filter(|scopes| !scopes.is_empty()),
        subject: settings.get(|layer| &layer.subject),
        audience: settings.get(|layer| &layer.audience),
        client_id: settings.get(|layer| &layer.client_id),
        tenant: settings.get(|layer| &layer.tenant),
        account: settings.get(|layer| &layer.account),
        authority: settings.get(|layer| &layer.authority),
        cloud: settings.get(|layer| &layer.cloud),
        offline: settings.get(|layer| &layer.offline),
        sign_in_method: sign_in_method(settings.get(|layer| &layer.flow)),
        redirect_uri: settings.get(|layer| &layer.redirect_uri),
        ..Context::default()
    })
}
