//! Whether the permissions were consented to, and whether users may do so themselves.

use entrada_core::entra::known;
use entrada_core::entra::permission_ids::{
    self, MANAGED_POLICY_AS_OF, PermissionKind, is_popular_mail_client,
};
use entrada_core::entra::resources::{EXCHANGE, GRAPH};

use super::permissions::{Wanted, holds_already};
use super::{Case, Outcome};
use crate::facts::is_guid;
use crate::registration::application::Accounts;
use crate::registration::document::Member;
use crate::registration::tenant_state::DelegatedGrant;
use crate::rules::admin_consent_page;
use crate::{Confidence, Finding, RuleId, Severity, Who};

const DELEGATED: &str = "oauth2PermissionGrants[].scope";
const ROLES: &str = "appRoleAssignments[].appRoleId";

/// Who consented to a permission.
enum Consent {
    /// No list was given.
    Unknown,
    /// An administrator did, for all users; or the user who signs in.
    Given,
    /// Users did, and it is unknown who signs in.
    BySomeUsers(usize),
    /// Others did, but not the user who signs in.
    ByOthers,
    /// Nobody did.
    Missing,
}

/// Who can consent to a permission.
enum Barrier {
    /// The user.
    None,
    /// An administrator, always.
    Certain(&'static str),
    /// An administrator, where Microsoft manages the tenant's consent policy.
    ManagedPolicy,
}

/// Checks the consent to `wanted`. True where it is granted.
pub(super) fn check(case: &Case, outcome: &mut Outcome, wanted: &Wanted) -> bool {
    if holds_already(case, wanted) {
        return false;
    }
    if wanted.kind == PermissionKind::Application {
        return check_role(case, outcome, wanted);
    }
    if is_personal(case) {
        // Personal accounts always consent by themselves, and no tenant lists it.
        return false;
    }
    let consent = consent(case, outcome, wanted);
    let name = &wanted.name;
    match &consent {
        Consent::Given => {
            outcome.healthy(format!("consent to `{name}`"));
            return true;
        }
        Consent::BySomeUsers(count) => {
            outcome.unchecked(format!(
                "whether the user consented to `{name}`: {count} users did; name the user's object id (`--account`)"
            ));
            return true;
        }
        Consent::Unknown => outcome.unchecked(format!("consent to `{name}`: give `--grants`")),
        Consent::ByOthers | Consent::Missing => (),
    }
    match (barrier(case, wanted), &consent) {
        (Barrier::Certain(why), Consent::Unknown) => outcome.add(
            administrator(case, wanted, format!("only an administrator can consent to `{name}`: {why}"))
                .with_severity(Severity::Warning),
        ),
        (Barrier::Certain(why), _) => outcome.add(missing(administrator(
            case,
            wanted,
            format!("nobody has consented to `{name}` for this user, and only an administrator can: {why}"),
        ))),
        (Barrier::ManagedPolicy, Consent::Unknown) => outcome.add(
            managed(case, wanted, format!("by default, users of an organisation cannot consent to `{name}` themselves"))
                .with_severity(Severity::Warning),
        ),
        (Barrier::ManagedPolicy, _) => outcome.add(missing(managed(
            case,
            wanted,
            format!("nobody has consented to `{name}` for this user, and by default users of an organisation cannot"),
        ))),
        (Barrier::None, Consent::ByOthers | Consent::Missing) => {
            outcome.add(by_user(case, wanted, &consent));
        }
        (Barrier::None, _) => (),
    }
    false
}

/// Whether an administrator has to consent to `wanted`, always or by default.
pub(super) fn needs_administrator(case: &Case, wanted: &Wanted) -> bool {
    !is_personal(case) && !matches!(barrier(case, wanted), Barrier::None)
}

/// Whether only personal accounts sign in.
fn is_personal(case: &Case) -> bool {
    let accounts = case.application.and_then(|one| one.accounts.as_ref());
    accounts.is_some_and(|accounts| accounts.value == Accounts::Personal)
        || case.tenant().is_some_and(|tenant| known::is_consumers(&tenant))
}

fn barrier(case: &Case, wanted: &Wanted) -> Barrier {
    let Some(permission) = wanted.published() else { return Barrier::None };
    if permission.admin_consent == Some(true) {
        return Barrier::Certain("its kind requires it");
    }
    let assignment = case.principal.and_then(|one| one.assignment_required.as_ref());
    if let Some(Member { value: true, .. }) = assignment {
        return Barrier::Certain("the application requires an assignment");
    }
    let is_exempt = case.client_id().is_some_and(is_popular_mail_client);
    if permission.managed_policy && !is_exempt {
        return Barrier::ManagedPolicy;
    }
    Barrier::None
}

fn consent(case: &Case, outcome: &mut Outcome, wanted: &Wanted) -> Consent {
    let Some(all) = &case.registration.grants.delegated else { return Consent::Unknown };
    let own = case.principal.and_then(|one| one.object_id.as_ref());
    let is_own = |row: &&DelegatedGrant| match (&row.client, own) {
        (Some(client), Some(own)) => client.eq_ignore_ascii_case(&own.value),
        _ => true,
    };
    let rows: Vec<&DelegatedGrant> = all.iter().filter(is_own).collect();
    if let (true, Some(other)) = (rows.is_empty(), all.first()) {
        if outcome.findings.iter().all(|finding| finding.rule.id != RuleId::WrongClient) {
            outcome.add(of_other_client(case, other));
        }
        return Consent::Unknown;
    }
    let holds = |row: &DelegatedGrant| wanted.is_held_by(row.scopes.iter().map(String::as_str));
    // An administrator's consent may stand in several rows: one for each API.
    let of_all = rows.iter().filter(|row| row.user.is_none());
    if wanted.is_held_by(of_all.flat_map(|row| &row.scopes).map(String::as_str)) {
        return Consent::Given;
    }
    let users: Vec<&str> =
        rows.iter().filter(|row| holds(row)).filter_map(|row| row.user.as_deref()).collect();
    match (account(case), users.len()) {
        (_, 0) => Consent::Missing,
        (Some(account), _) if users.iter().any(|user| user.eq_ignore_ascii_case(account)) => {
            Consent::Given
        }
        (Some(_), _) => Consent::ByOthers,
        (None, count) => Consent::BySomeUsers(count),
    }
}

/// The object id of the user who signs in.
fn account<'a>(case: &'a Case) -> Option<&'a str> {
    let named = case.facts.context().account.as_deref().filter(|account| is_guid(account));
    named.or_else(|| case.facts.claims()?.text("oid"))
}

fn of_other_client(case: &Case, row: &DelegatedGrant) -> Finding {
    let own = case.principal.and_then(|one| one.object_id.as_ref());
    let mut finding = RuleId::WrongClient
        .rule()
        .finding("the grants belong to another application than the service principal")
        .with_severity(Severity::Warning)
        .with_evidence(
            "oauth2PermissionGrants[].clientId",
            row.client.as_deref().unwrap_or_default(),
        );
    if let Some(own) = own {
        finding = finding.with_evidence("id of the service principal", &own.value);
    }
    let client_id = case.client_id().unwrap_or("CLIENT_ID");
    finding
        .help(format!("export the right ones: `az ad app permission list-grants --id {client_id}`"))
}

fn administrator(case: &Case, wanted: &Wanted, message: String) -> Finding {
    let finding = RuleId::AdminConsentRequired.rule().finding(message);
    let page = admin_consent_page(case.facts, case.client_id());
    finding.with_evidence("permission", &wanted.name).help(format!("an administrator opens {page}"))
}

fn managed(case: &Case, wanted: &Wanted, message: String) -> Finding {
    administrator(case, wanted, message)
        .with_confidence(Confidence::Likely)
        .with_evidence(
            "Microsoft's managed consent policy",
            format!("as of {MANAGED_POLICY_AS_OF}"),
        )
        .help("a tenant with a consent policy of its own may decide otherwise")
}

fn missing(finding: Finding) -> Finding {
    finding.with_severity(Severity::Error).with_evidence(DELEGATED, "not granted")
}

fn by_user(case: &Case, wanted: &Wanted, consent: &Consent) -> Finding {
    let name = &wanted.name;
    let is_other = matches!(consent, Consent::ByOthers);
    let (severity, confidence) = match (wanted.is_static, is_other) {
        (true, _) => (Severity::Error, Confidence::Certain),
        (false, true) => (Severity::Error, Confidence::Likely),
        (false, false) => (Severity::Note, Confidence::Certain),
    };
    let message = if is_other {
        format!("other users consented to `{name}`, and not the one who signs in (AADSTS65001)")
    } else {
        format!("nobody has consented to `{name}` yet: the sign-in page asks the user")
    };
    RuleId::UserConsentRequired
        .rule()
        .finding(message)
        .with_severity(severity)
        .with_confidence(confidence)
        .with_evidence("permission", name)
        .with_evidence(DELEGATED, if is_other { "granted to other users" } else { "not granted" })
        .help(format!("sign in, and accept the consent page: {}", case.facts.login("")))
}

/// An application's own permission: an administrator assigns it.
fn check_role(case: &Case, outcome: &mut Outcome, wanted: &Wanted) -> bool {
    let name = &wanted.name;
    let Some(all) = &case.registration.grants.roles else {
        outcome.unchecked(format!("an administrator's consent to `{name}`: give `--grants`"));
        return false;
    };
    let own = case.principal.and_then(|one| one.object_id.as_ref());
    let rows = all.iter().filter(|row| match (&row.client, own) {
        (Some(client), Some(own)) => client.eq_ignore_ascii_case(&own.value),
        _ => true,
    });
    let ids: Vec<&str> = rows.map(|row| row.role_id.as_str()).collect();
    let named = ids.iter().filter_map(|id| {
        [&GRAPH, &EXCHANGE]
            .into_iter()
            .find_map(|api| permission_ids::by_id(api, PermissionKind::Application, id))
            .map(|known| known.name)
    });
    if wanted.is_held_by(named) {
        outcome.healthy(format!("an administrator's consent to `{name}`"));
        return true;
    }
    let on_record = wanted.published().is_some_and(|known| known.id(wanted.kind).is_some());
    if !on_record && !ids.is_empty() {
        outcome
            .unchecked(format!("an administrator's consent to `{name}`: its id is not on record"));
        return false;
    }
    let shown = if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
    let client_id = case.client_id().unwrap_or("CLIENT_ID");
    outcome.add(
        RuleId::AdminConsentRequired
            .rule()
            .finding(format!("no administrator has consented to the application permission `{name}`"))
            .with_severity(Severity::Error)
            .with_confidence(Confidence::Likely)
            .with_evidence("permission", name)
            .with_evidence(ROLES, shown)
            .by(Who::TenantAdmin)
            .help(format!("an administrator runs `az ad app permission admin-consent --id {client_id}`"))
            .help("or gives the application a role in Exchange (RBAC for Applications), which no list in Entra shows"),
    );
    false
}
