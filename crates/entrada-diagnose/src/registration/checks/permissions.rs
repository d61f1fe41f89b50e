//! Whether the registration lists the permissions that the job needs.

use entrada_core::ScopeSet;
use entrada_core::entra::permission_ids::{self, PermissionKind, PublishedPermission};
use entrada_core::entra::permissions::{closure, holds_any};
use entrada_core::entra::resources::{self, EXCHANGE, GRAPH, Resource};

use super::{Case, Outcome, consent};
use crate::registration::application::{Application, ListedPermission};
use crate::{Confidence, Finding, RuleId, Severity};

/// A permission that the token needs.
pub(super) struct Wanted {
    /// The one that is requested, without the API.
    pub(super) name: String,
    /// Those that are as good, without the API. The requested one is among them.
    pub(super) sufficient: Vec<String>,
    pub(super) api: &'static Resource,
    pub(super) kind: PermissionKind,
    /// Whether the request takes what the registration lists (`.default`), and names no permission.
    pub(super) is_static: bool,
}

impl Wanted {
    /// The facts about the requested permission. Graph lists those of Exchange's mail protocols too.
    pub(super) fn published(&self) -> Option<&'static PublishedPermission> {
        permission_ids::by_name(self.api, &self.name)
            .or_else(|| permission_ids::by_name(&GRAPH, &self.name))
    }

    /// Whether `names` hold it, or one that is as good.
    pub(super) fn is_held_by<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> bool {
        let names: ScopeSet = names.into_iter().collect();
        let sufficient: Vec<&str> = self.sufficient.iter().map(String::as_str).collect();
        match self.kind {
            PermissionKind::Delegated => holds_any(&closure(&names), &sufficient),
            PermissionKind::Application => {
                let held = |own: &str| names.iter().any(|name| name.eq_ignore_ascii_case(own));
                sufficient.iter().any(|own| held(own))
            }
        }
    }
}

pub(super) fn check(case: &Case, outcome: &mut Outcome) {
    if let Some(application) = case.application {
        check_entries(application, outcome);
    }
    let wanted = wanted(case, outcome);
    let listed = case.application.and_then(|one| one.permissions.as_ref());
    for one in &wanted {
        let is_granted = consent::check(case, outcome, one);
        match (case.application, listed) {
            (None, _) => outcome.unchecked(format!(
                "whether the registration lists `{}`: give `--registration`",
                one.name
            )),
            (Some(_), None) => outcome.missing(format!(
                "permission `{}`: `requiredResourceAccess` is missing or incomplete",
                one.name
            )),
            (Some(application), Some(_)) => {
                if one.is_held_by(names_for(application, one.kind, one.api)) {
                    outcome.healthy(format!("permission `{}`", one.name));
                } else if has_unknown_entry(application, one) {
                    outcome.missing(format!(
                        "permission `{}`: the registration lists ids that are not on record",
                        one.name
                    ));
                } else if !is_granted && !holds_already(case, one) {
                    outcome.add(not_listed(case, application, one));
                }
            }
        }
    }
}

/// The permissions that the job or the requested scopes need.
fn wanted(case: &Case, outcome: &mut Outcome) -> Vec<Wanted> {
    let context = case.facts.context();
    let needs = case.facts.needs;
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let requested = context.requested.as_ref().map(ScopeSet::api).unwrap_or_default();
    let is_static = requested.iter().any(resources::is_default_scope);
    let of_job = if case.is_for_app() { needs.app_roles } else { needs.sufficient };
    if let (Some(_), Some(api), Some(first)) = (context.job, needs.resource, of_job.first()) {
        let (kind, by_name) = if case.is_for_app() {
            (PermissionKind::Application, None)
        } else {
            (PermissionKind::Delegated, needs.scopes.first())
        };
        let name = by_name.map_or(*first, |scope| resources::short_name(scope)).to_owned();
        let is_static = is_static || kind == PermissionKind::Application;
        return vec![Wanted { name, sufficient: owned(of_job), api, kind, is_static }];
    }
    let mut all = Vec::new();
    for scope in requested.iter().filter(|scope| !resources::is_default_scope(scope)) {
        let name = resources::short_name(scope).to_owned();
        match resources::of_scope(scope)
            .resource()
            .filter(|api| permission_ids::of_api(api).is_some())
        {
            Some(api) => all.push(Wanted {
                sufficient: vec![name.clone()],
                name,
                api,
                kind: PermissionKind::Delegated,
                is_static: false,
            }),
            None => outcome.unchecked(format!(
                "permission `{name}`: the ids of its API's permissions are not on record"
            )),
        }
    }
    if all.is_empty() {
        outcome.unchecked("permissions: no job that needs one is named (`--job`)");
    }
    all
}

/// Whether a token was issued that has the permission, or whose permissions are not visible.
pub(super) fn holds_already(case: &Case, wanted: &Wanted) -> bool {
    if !case.has_token() {
        return false;
    }
    match wanted.kind {
        PermissionKind::Delegated => {
            let granted = case.facts.granted();
            granted
                .is_none_or(|granted| wanted.is_held_by(granted.iter().map(resources::short_name)))
        }
        PermissionKind::Application => {
            let roles = case.facts.claims().map(|claims| claims.roles().unwrap_or_default());
            roles.is_none_or(|roles| wanted.is_held_by(roles.iter().map(AsRef::as_ref)))
        }
    }
}

/// The names of the listed permissions that count for `api`. A token for Exchange may get a mail protocol's permission that is listed
/// under Graph, where the portal shows it.
fn names_for(
    application: &Application,
    kind: PermissionKind,
    api: &'static Resource,
) -> Vec<&'static str> {
    let mut names = application.names(kind, Some(api));
    if *api == EXCHANGE && kind == PermissionKind::Delegated {
        names.extend(application.names(kind, Some(&GRAPH)));
    }
    names
}

/// Whether the registration lists a permission of the wanted kind and API that is not on record, and that may be the wanted one.
fn has_unknown_entry(application: &Application, wanted: &Wanted) -> bool {
    let on_record = wanted.published().is_some_and(|known| known.id(wanted.kind).is_some());
    let mut all = application.permissions.iter().flat_map(|member| &member.value);
    !on_record
        && all.any(|one| {
            one.kind == wanted.kind
                && one.api().is_some_and(|api| api == wanted.api)
                && one.published().is_none()
        })
}

fn not_listed(case: &Case, application: &Application, wanted: &Wanted) -> Finding {
    let Wanted { name, api, kind, is_static, .. } = wanted;
    let (kind, is_static) = (*kind, *is_static);
    let confidence = if is_static { Confidence::Certain } else { Confidence::Likely };
    // Exchange's own `Mail.Read` is another permission than Graph's.
    let of_exchange = application.names(kind, Some(&EXCHANGE));
    if *api == &GRAPH && wanted.is_held_by(of_exchange.iter().copied()) {
        let finding = RuleId::WrongAudience.rule().finding(format!(
            "the registration lists `{name}` of Exchange Online, which belongs to the retired Outlook REST API, and not that of \
             Microsoft Graph"
        ));
        return add_command(evidence(finding, application), case, wanted)
            .with_confidence(confidence)
            .by(crate::Who::Developer);
    }
    let rule = RuleId::ApiPermissionNotConfigured.rule();
    let needs = case.facts.needs;
    let (other, names) = match kind {
        PermissionKind::Delegated => (PermissionKind::Application, needs.app_roles),
        PermissionKind::Application => (PermissionKind::Delegated, needs.sufficient),
    };
    let of_other = names_for(application, other, api);
    let same = of_other.iter().find(|own| {
        own.eq_ignore_ascii_case(name)
            || (case.facts.context().job.is_some()
                && names.iter().any(|one| one.eq_ignore_ascii_case(own)))
    });
    if let Some(same) = same {
        let token = if kind == PermissionKind::Delegated { "a user's" } else { "an application's" };
        let finding = rule.finding(format!(
            "the registration lists `{same}` as {} permission; {token} token needs `{name}` as {} permission",
            with_article(other),
            with_article(kind)
        ));
        return add_command(evidence(finding, application), case, wanted)
            .with_confidence(confidence);
    }
    let (message, severity) = if is_static {
        (
            format!(
                "the registration does not list `{name}`, and `.default` requests only what it lists"
            ),
            Severity::Error,
        )
    } else if consent::needs_administrator(case, wanted) {
        (
            format!(
                "the registration does not list `{name}`: a request by name works, but *Grant admin consent* in the portal does not \
                 include it"
            ),
            Severity::Warning,
        )
    } else {
        (
            format!("the registration does not list `{name}`: a request by name works without it"),
            Severity::Note,
        )
    };
    let finding = rule.finding(message).with_severity(severity);
    let finding = if kind == PermissionKind::Application {
        // RBAC for Applications in Exchange grants mailboxes without a permission in Entra.
        finding.with_confidence(Confidence::Likely).help(
            "or a role of the application in Exchange (RBAC for Applications) takes its place",
        )
    } else {
        finding
    };
    add_command(evidence(finding, application), case, wanted)
}

fn with_article(kind: PermissionKind) -> String {
    match kind {
        PermissionKind::Delegated => "a delegated".to_owned(),
        PermissionKind::Application => "an application".to_owned(),
    }
}

/// Shows what the registration lists instead.
fn evidence(finding: Finding, application: &Application) -> Finding {
    let Some(listed) = &application.permissions else { return finding };
    let shown: Vec<String> = listed.value.iter().map(shown).collect();
    let shown = if shown.is_empty() { "none".to_owned() } else { shown.join(", ") };
    finding.with_evidence(listed.path, shown)
}

fn shown(listed: &ListedPermission) -> String {
    let name = listed.published().map_or(listed.id.as_str(), |known| known.name);
    format!("{name} ({})", listed.kind.title())
}

/// Adds the command that lists the permission.
fn add_command(finding: Finding, case: &Case, wanted: &Wanted) -> Finding {
    let own = permission_ids::by_name(wanted.api, &wanted.name);
    let of_graph =
        || Some((&GRAPH, permission_ids::by_name(&GRAPH, &wanted.name)?.id(wanted.kind)?));
    // The portal offers the permissions of the mail protocols under Graph.
    let found = of_graph().or_else(|| Some((wanted.api, own?.id(wanted.kind)?)));
    let title = found.map_or(wanted.api.name, |(api, _)| api.name);
    let finding = finding.help(format!(
        "in the portal: API permissions, Add a permission, {title}, {} permissions: `{}`",
        if wanted.kind == PermissionKind::Delegated { "Delegated" } else { "Application" },
        wanted.name
    ));
    let Some((api, id)) = found else { return finding };
    let kind = if wanted.kind == PermissionKind::Delegated { "Scope" } else { "Role" };
    let client_id = case.client_id().unwrap_or("CLIENT_ID");
    finding.help(format!(
        "or: `az ad app permission add --id {client_id} --api {} --api-permissions {id}={kind}`",
        api.app_id
    ))
}

/// Checks the ids themselves.
fn check_entries(application: &Application, outcome: &mut Outcome) {
    let Some(listed) = &application.permissions else { return };
    let rule = RuleId::RegistrationEntryInvalid.rule();
    for entry in &listed.value {
        let (Some(api), None) = (entry.api(), entry.published()) else { continue };
        let other = match entry.kind {
            PermissionKind::Delegated => PermissionKind::Application,
            PermissionKind::Application => PermissionKind::Delegated,
        };
        if let Some(known) = permission_ids::by_id(api, other, &entry.id) {
            outcome.add(
                rule.finding(format!(
                    "the registration lists `{}` as {} permission, and its id is that of {} permission (AADSTS65006)",
                    known.name,
                    with_article(entry.kind),
                    with_article(other)
                ))
                .with_evidence("requiredResourceAccess[].resourceAccess[].id", &entry.id)
                .help("remove the entry under API permissions, and add the permission again"),
            );
        } else if *api == GRAPH {
            outcome.add(
                rule.finding("the registration lists a permission id of Microsoft Graph that is not on record")
                    .with_confidence(Confidence::Likely)
                    .with_evidence("requiredResourceAccess[].resourceAccess[].id", &entry.id)
                    .help("if the portal shows the id without a name, the permission was retired or belongs to another cloud: remove it"),
            );
        }
    }
}
