//! Whether the files belong to the application that signs in, and whether it is in use.

use super::{Case, Outcome};
use crate::registration::Presence;
use crate::registration::document::Member;
use crate::{Confidence, RuleId, Severity, Who};

/// The states of `disabledByMicrosoftStatus` in which the application works.
const NOT_DISABLED: &str = "NotDisabled";

/// Checks the ids. False where a file is about another application, so that nothing else in it counts.
pub(super) fn check_identity(case: &Case, outcome: &mut Outcome) -> bool {
    let own = case.application.and_then(|one| one.client_id.as_ref());
    let of_principal = case.principal.and_then(|one| one.client_id.as_ref());
    if let (Some(own), Some(other)) = (own, of_principal)
        && !own.value.eq_ignore_ascii_case(&other.value)
    {
        outcome.add(
            RuleId::WrongClient
                .rule()
                .finding(
                    "the service principal belongs to another application than the registration",
                )
                .with_evidence("appId of the registration", &own.value)
                .with_evidence("appId of the service principal", &other.value)
                .by(Who::User)
                .help(format!("export the right one: `az ad sp show --id {}`", own.value)),
        );
        return false;
    }
    let Some(registered) = own.or(of_principal) else {
        outcome.missing("`appId`: the files do not have it");
        return true;
    };
    let by_token = || case.facts.claims()?.client_id();
    let (wanted, field) = match (&case.facts.context().client_id, by_token()) {
        (Some(wanted), _) => (wanted.as_str(), "client id"),
        (None, Some(wanted)) => (wanted, "client of the token"),
        (None, None) => return true,
    };
    if wanted.eq_ignore_ascii_case(&registered.value) {
        outcome.healthy("the client id");
        return true;
    }
    let object_ids = [
        (case.application.and_then(|one| one.object_id.as_ref()), "registration"),
        (case.principal.and_then(|one| one.object_id.as_ref()), "enterprise application"),
    ];
    for (object_id, whose) in object_ids {
        let Some(object_id) = object_id else { continue };
        if object_id.value.eq_ignore_ascii_case(wanted) {
            outcome.add(
                RuleId::AppNotFoundInTenant
                    .rule()
                    .finding(format!(
                        "the client id is the object id of the {whose}: Entra answers with AADSTS700016"
                    ))
                    .with_evidence(object_id.path, &object_id.value)
                    .with_evidence(registered.path, &registered.value)
                    .help(format!("use `--client-id {}`", registered.value)),
            );
            return true;
        }
    }
    outcome.add(
        RuleId::WrongClient
            .rule()
            .finding(format!(
                "the registration is that of client `{}`, not of `{wanted}`",
                registered.value
            ))
            .with_evidence(registered.path, &registered.value)
            .with_evidence(field, wanted)
            .help(format!("export the right one: `az ad app show --id {wanted}`")),
    );
    false
}

/// Checks whether the application is switched off, and whether its users need an assignment.
pub(super) fn check_state(case: &Case, outcome: &mut Outcome) {
    let before = outcome.findings.len();
    let rule = RuleId::AppDisabledInTenant.rule();
    let application = case.application;
    if let Some(Member { path, value: true, .. }) =
        application.and_then(|one| one.is_disabled.as_ref())
    {
        outcome.add(
            rule.finding("the registration is deactivated: no tenant issues tokens to the application")
                .with_evidence(path, true)
                .by(Who::Developer)
                .help("activate it: `az rest --method PATCH --url https://graph.microsoft.com/v1.0/applications/OBJECT_ID --body '{\"isDisabled\":false}'`"),
        );
    }
    let statuses = [
        application.and_then(|one| one.disabled_by_microsoft.as_ref()),
        case.principal.and_then(|one| one.disabled_by_microsoft.as_ref()),
    ];
    for status in statuses.into_iter().flatten() {
        if !status.value.eq_ignore_ascii_case(NOT_DISABLED) {
            outcome.add(
                rule.finding("Microsoft disabled the application")
                    .with_evidence(status.path, &status.value)
                    .by(Who::Developer)
                    .help("its owner appeals to Microsoft's support; until then, use another registration"),
            );
        }
    }
    match (&case.registration.service_principal, case.principal) {
        (Presence::Absent, _) => outcome.add(absent(case)),
        (_, Some(principal)) => {
            if let Some(Member { path, value: false, .. }) = &principal.is_enabled {
                outcome.add(
                    rule.finding("the tenant does not let users sign in to the application: Entra answers with AADSTS7000112")
                        .with_evidence(path, false)
                        .help("an administrator sets *Enabled for users to sign in* to *Yes*: Enterprise applications, the application, Properties"),
                );
            }
            if let Some(kind) = &principal.kind
                && kind.value.eq_ignore_ascii_case("ManagedIdentity")
                && !case.is_for_app()
            {
                outcome.add(
                    RuleId::WrongClient
                        .rule()
                        .finding("the service principal is that of a managed identity, with which no user can sign in")
                        .with_evidence(kind.path, &kind.value)
                        .by(Who::Developer)
                        .help("use a registration of its own for the program"),
                );
            }
            if let Some(Member { path, value: true, .. }) = &principal.assignment_required
                && !case.is_for_app()
            {
                outcome.add(
                    RuleId::AppAssignmentRequired
                        .rule()
                        .finding("only assigned users may sign in to the application, and users cannot consent to its permissions")
                        .with_evidence(path, true)
                        .help("an administrator assigns the user: Enterprise applications, the application, *Users and groups*")
                        .help("or sets *Assignment required* to *No* under Properties, and consents for the organisation"),
                );
            }
        }
        _ => (),
    }
    if before == outcome.findings.len() {
        match case.principal {
            Some(_) => outcome.healthy("the application is enabled in the tenant"),
            None if application.is_some_and(|one| one.is_disabled.is_some()) => {
                outcome.healthy("the registration is active");
            }
            None => (),
        }
    }
}

fn absent(case: &Case) -> crate::Finding {
    let client_id = case.client_id().unwrap_or("CLIENT_ID");
    RuleId::AppNotFoundInTenant
        .rule()
        .finding("the tenant has no service principal for the application")
        .with_confidence(Confidence::Likely)
        .with_severity(Severity::Error)
        .with_evidence("service principal", "none")
        .by(Who::TenantAdmin)
        .help(format!("an administrator consents, or runs `az ad sp create --id {client_id}`"))
}
