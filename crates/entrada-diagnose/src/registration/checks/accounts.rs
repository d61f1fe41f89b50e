//! Whether the accounts that the registration accepts can sign in at the tenant of the request.

use entrada_core::entra::known;

use super::{Case, Outcome};
use crate::facts::is_guid;
use crate::registration::application::Accounts;
use crate::{Finding, RuleId};

pub(super) fn check(case: &Case, outcome: &mut Outcome) {
    let registered = case.application.and_then(|one| one.accounts.as_ref());
    let Some(accounts) = registered.or_else(|| case.principal?.accounts.as_ref()) else {
        outcome.unchecked("the accounts: `signInAudience` is not in the files");
        return;
    };
    let Some(tenant) = case.tenant() else {
        outcome.unchecked(format!(
            "the tenant: none is named (`--tenant`); the registration accepts `{}`",
            accounts.value.id()
        ));
        return;
    };
    let finding = |message: String| {
        RuleId::WrongAuthorityEndpoint
            .rule()
            .finding(message)
            .with_evidence(accounts.path, accounts.value.id())
            .with_evidence("tenant", &tenant)
    };
    let is_group = ["common", "organizations"].contains(&tenant.as_str());
    let is_personal = known::is_consumers(&tenant);
    match accounts.value {
        Accounts::OneTenant | Accounts::ManyTenants if is_personal => outcome.add(
            finding(format!(
                "the registration accepts work and school accounts only, and `{tenant}` is for personal accounts (AADSTS9002332)"
            ))
            .help("sign in at the organisation: `--tenant` with its domain or GUID")
            .help("or let the registration accept personal accounts: Authentication, *Supported account types*"),
        ),
        Accounts::OneTenant if is_group => outcome.add(
            finding(format!(
                "the registration accepts accounts of one tenant, and the request goes to `{tenant}` (AADSTS50194)"
            ))
            .help(match own_tenant(case) {
                Some(own) => format!("name the tenant: `--tenant {own}`"),
                None => "name the tenant: `--tenant` with *Directory (tenant) ID* of the registration".to_owned(),
            }),
        ),
        Accounts::OneTenant => check_owner(case, outcome, &tenant, &finding),
        Accounts::Personal if !is_personal => outcome.add(
            finding(format!(
                "the registration accepts personal accounts only, and the request goes to `{tenant}` (AADSTS9002331)"
            ))
            .help("use `--tenant consumers`"),
        ),
        Accounts::ManyTenants | Accounts::ManyTenantsAndPersonal | Accounts::Personal => {
            outcome.healthy(format!("its accounts (`{}`) at `{tenant}`", accounts.value.id()));
        }
    }
}

/// Compares the named tenant with the one that owns the registration.
fn check_owner(
    case: &Case,
    outcome: &mut Outcome,
    tenant: &str,
    finding: &dyn Fn(String) -> Finding,
) {
    let owner = case.principal.and_then(|one| one.owner.as_ref());
    let domain = case.application.and_then(|one| one.publisher_domain.as_ref());
    if let Some(owner) = owner.filter(|_| is_guid(tenant)) {
        if owner.value.eq_ignore_ascii_case(tenant) {
            outcome.healthy(format!("its accounts (`AzureADMyOrg`) at `{tenant}`"));
        } else {
            outcome.add(
                finding(format!(
                    "the registration accepts accounts of its own tenant `{}` only, and the request goes to `{tenant}`",
                    owner.value
                ))
                .with_evidence(owner.path, &owner.value)
                .help(format!("name its tenant: `--tenant {}`", owner.value)),
            );
        }
    } else if domain.is_some_and(|domain| domain.value.eq_ignore_ascii_case(tenant)) {
        outcome.healthy(format!("its accounts (`AzureADMyOrg`) at `{tenant}`"));
    } else {
        outcome.unchecked(format!(
            "the tenant: whether `{tenant}` owns the registration, whose accounts are those of its own tenant"
        ));
    }
}

/// The tenant that owns the registration: its GUID, or its domain.
fn own_tenant(case: &Case) -> Option<String> {
    let owner = case.principal.and_then(|one| one.owner.as_ref());
    let domain = case.application.and_then(|one| one.publisher_domain.as_ref());
    owner.or(domain).map(|member| member.value.clone())
}
