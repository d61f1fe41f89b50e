//! The requirements of each job on a token.

mod table;

use strum::IntoEnumIterator as _;

use super::clouds::Cloud;
use super::permissions;
use super::resources::{self, Resource, ResourceOfScope, short_name};
use crate::{Job, OwnJob, ScopeSet};

/// The requirements of one job on a token. Permissions are short names (`Mail.Read`) unless stated otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobFacts {
    /// The description for people.
    pub title: &'static str,
    /// The API that the token must be for; `None` if the job has no known API.
    pub resource: Option<&'static Resource>,
    /// The audience of a job that the user described, whose API may be unknown.
    pub audience: Option<&'static str>,
    /// The full scopes to request in the public cloud; see [`scopes_in`] for the other clouds.
    pub scopes: &'static [&'static str],
    /// The smallest sufficient delegated permission.
    pub least_privilege: &'static [&'static str],
    /// Delegated permissions, any one of which is sufficient. Empty: the token needs no permission.
    pub sufficient: &'static [&'static str],
    /// Permissions that look sufficient but are not. Some are full scopes of a wrong API.
    pub tempting: &'static [&'static str],
    /// Application permissions, any one of which is sufficient for a token without a user.
    pub app_roles: &'static [&'static str],
    /// Whether personal accounts can do the job; `None` if unknown.
    pub personal_accounts: Option<bool>,
    /// Whether [`Self::least_privilege`] needs an administrator's consent. [`Self::scopes`] never do.
    pub admin_consent: bool,
    /// An example of a request that uses the token.
    pub example_endpoint: Option<&'static str>,
    /// Other useful facts.
    pub notes: &'static [&'static str],
}

impl JobFacts {
    /// Whether a token with this `aud` is for the job's API; always true for a job without a known API.
    pub fn accepts_audience(&self, aud: &str) -> bool {
        self.resource.is_none_or(|resource| resource.accepts(aud))
    }

    /// The accepted audiences, for messages about a wrong one.
    pub fn accepted_audiences(&self) -> &'static [&'static str] {
        self.resource.map_or(&[], |resource| resource.audiences)
    }
}

/// The facts about `job`.
pub fn facts(job: Job) -> JobFacts {
    // No `_` arm: each new job needs its facts.
    *match job {
        Job::Own(own) => return of_own(own),
        Job::GraphMailListMetadata => &table::GRAPH_MAIL_LIST_METADATA,
        Job::GraphMailRead => &table::GRAPH_MAIL_READ,
        Job::GraphMailAttachments => &table::GRAPH_MAIL_ATTACHMENTS,
        Job::GraphMailWrite => &table::GRAPH_MAIL_WRITE,
        Job::GraphMailSend => &table::GRAPH_MAIL_SEND,
        Job::GraphMailSendAsShared => &table::GRAPH_MAIL_SEND_AS_SHARED,
        Job::GraphMailSharedRead => &table::GRAPH_MAIL_SHARED_READ,
        Job::GraphMailboxSettingsRead => &table::GRAPH_MAILBOX_SETTINGS_READ,
        Job::GraphMailboxSettingsWrite => &table::GRAPH_MAILBOX_SETTINGS_WRITE,
        Job::GraphCalendarRead => &table::GRAPH_CALENDAR_READ,
        Job::GraphCalendarWrite => &table::GRAPH_CALENDAR_WRITE,
        Job::GraphCalendarShared => &table::GRAPH_CALENDAR_SHARED,
        Job::GraphContactsRead => &table::GRAPH_CONTACTS_READ,
        Job::GraphContactsWrite => &table::GRAPH_CONTACTS_WRITE,
        Job::GraphProfile => &table::GRAPH_PROFILE,
        Job::Imap => &table::IMAP,
        Job::Pop => &table::POP,
        Job::Smtp => &table::SMTP,
        Job::Ews => &table::EWS,
        Job::Eas => &table::EAS,
        Job::OutlookRestV2 => &table::OUTLOOK_REST_V2,
        Job::Graph => &table::ANY_GRAPH,
        Job::Arm => &table::ANY_ARM,
        Job::Custom => &table::CUSTOM,
        Job::None => &table::NONE,
    }
}

fn of_own(own: OwnJob) -> JobFacts {
    let needs = own.needs();
    JobFacts {
        title: &needs.title,
        resource: resources::of_audience(&needs.audience),
        audience: Some(&needs.audience),
        scopes: &needs.scopes,
        least_privilege: &needs.sufficient[..needs.sufficient.len().min(1)],
        sufficient: &needs.sufficient,
        app_roles: &needs.app_roles,
        ..table::CUSTOM
    }
}

/// The scopes to request for a user, with the hosts of `cloud`. `offline_access` is not among them.
///
/// ```
/// use entrada_core::{Job, entra::clouds::Cloud, entra::jobs};
///
/// assert_eq!(jobs::scopes_in(Job::Imap, Cloud::Public), ["https://outlook.office.com/IMAP.AccessAsUser.All"]);
/// ```
pub fn scopes_in(job: Job, cloud: Cloud) -> Vec<String> {
    let JobFacts { resource, scopes, .. } = facts(job);
    // The user's scopes are used unchanged.
    let base = resource
        .filter(|_| !matches!(job, Job::Own(_)))
        .and_then(|resource| base_in(resource, cloud));
    scopes
        .iter()
        .map(|scope| match base {
            Some(base) => format!("{base}/{}", short_name(scope)),
            None => (*scope).to_owned(),
        })
        .collect()
}

/// The one scope that an application without a user can ask for: its API's `.default`.
pub fn app_scope_in(job: Job, cloud: Cloud) -> Option<String> {
    let resource = facts(job).resource?;
    if *resource == resources::EXCHANGE && cloud == Cloud::Public {
        // The name that Exchange's documentation gives for the client-credentials grant.
        return Some("https://outlook.office365.com/.default".to_owned());
    }
    base_in(resource, cloud).map(|base| format!("{base}/.default"))
}

/// The job that `scopes` point to, when they name another API than Graph.
///
/// ```
/// use entrada_core::{Job, ScopeSet, entra::jobs};
///
/// let scopes = ScopeSet::parse("https://outlook.office.com/SMTP.Send offline_access");
/// assert_eq!(jobs::job_for_scopes(&scopes), Some(Job::Smtp));
/// ```
pub fn job_for_scopes(scopes: &ScopeSet) -> Option<Job> {
    let named = |wanted: &'static Resource| {
        scopes
            .iter()
            .filter(move |scope| resources::of_scope(scope) == ResourceOfScope::Known(wanted))
            .map(short_name)
    };
    let exchange = |names: &[&str]| {
        named(&resources::EXCHANGE).any(|own| names.iter().any(|n| n.eq_ignore_ascii_case(own)))
    };
    if exchange(&["IMAP.AccessAsUser.All", "IMAP.AccessAsApp"]) {
        Some(Job::Imap)
    } else if exchange(&["POP.AccessAsUser.All", "POP.AccessAsApp"]) {
        Some(Job::Pop)
    } else if exchange(&["SMTP.Send", "SMTP.SendAsApp", "SMTP.AccessAsUser.All"]) {
        Some(Job::Smtp)
    } else if exchange(&["EWS.AccessAsUser.All", "full_access_as_user", "full_access_as_app"]) {
        Some(Job::Ews)
    } else if exchange(&["EAS.AccessAsUser.All"]) {
        Some(Job::Eas)
    } else if exchange(&[".default"]) {
        // "Exchange" does not name a job; most users of such a scope want IMAP.
        Some(Job::Imap)
    } else {
        named(&resources::ARM).next().map(|_| Job::Arm)
    }
}

/// The first job at `api` that one of the delegated permissions in `granted` suffices for. Reading mail comes first, then the
/// order of [`Job`]. `None` for an API without such jobs, and if no permission suffices.
///
/// ```
/// use entrada_core::entra::{jobs, resources};
/// use entrada_core::{Job, ScopeSet};
///
/// let granted = ScopeSet::parse("Mail.Send User.Read");
/// assert_eq!(jobs::first_served(&resources::GRAPH, &granted), Some(Job::GraphMailSend));
/// assert_eq!(jobs::first_served(&resources::ARM, &granted), None);
/// ```
pub fn first_served(api: &'static Resource, granted: &ScopeSet) -> Option<Job> {
    let holds = |sufficient: &[&str]| {
        let mut names = granted.iter().map(short_name);
        names.any(|name| sufficient.iter().any(|own| own.eq_ignore_ascii_case(name)))
    };
    // The names themselves are the usual case, and are cheap to compare.
    first_with(api, |facts| holds(facts.sufficient)).or_else(|| {
        let mut closed = None;
        first_with(api, |facts| {
            let closed = closed.get_or_insert_with(|| permissions::closure(granted));
            permissions::holds_any(closed, facts.sufficient)
        })
    })
}

/// The first job at `api` that one of the application permissions in `roles` suffices for, as [`first_served`].
pub fn first_served_by_roles(api: &'static Resource, roles: &[&str]) -> Option<Job> {
    let holds = |own: &&str| roles.iter().any(|role| role.eq_ignore_ascii_case(own));
    first_with(api, |facts| facts.app_roles.iter().any(&holds))
}

fn first_with(api: &'static Resource, mut serves: impl FnMut(&JobFacts) -> bool) -> Option<Job> {
    let all = std::iter::once(Job::default()).chain(Job::iter());
    // `Eq` of resources compares all names: the id suffices.
    all.map(|job| (job, facts(job)))
        .filter(|(_, facts)| facts.resource.is_some_and(|own| own.app_id == api.app_id))
        .find(|(_, facts)| serves(facts))
        .map(|(job, _)| job)
}

/// The full scope of a permission in the public cloud: that of the mail protocols belongs to Exchange, all others to Microsoft
/// Graph.
///
/// ```
/// use entrada_core::entra::jobs;
///
/// assert_eq!(jobs::full_scope("IMAP.AccessAsUser.All"), "https://outlook.office.com/IMAP.AccessAsUser.All");
/// assert_eq!(jobs::full_scope("Mail.Read"), "https://graph.microsoft.com/Mail.Read");
/// ```
pub fn full_scope(permission: &str) -> String {
    let of_exchange = [Job::Imap, Job::Pop, Job::Smtp, Job::Ews, Job::Eas];
    let is_its_scope = |job: &Job| facts(*job).least_privilege.contains(&permission);
    let public = Cloud::Public.facts();
    let base = public.exchange.filter(|_| of_exchange.iter().any(is_its_scope));
    format!("{}/{permission}", base.unwrap_or(public.graph))
}

fn base_in(resource: &'static Resource, cloud: Cloud) -> Option<&'static str> {
    let cloud = cloud.facts();
    match resource {
        graph if *graph == resources::GRAPH => Some(cloud.graph),
        exchange if *exchange == resources::EXCHANGE => cloud.exchange,
        arm if *arm == resources::ARM => cloud.arm,
        _ => None,
    }
}

#[cfg(test)]
mod tests;
