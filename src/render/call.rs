//! The permissions of calls of Microsoft Graph, as text and as JSON version 1.

use std::io::{self, Write};

use serde::Serialize;

use super::json;
use entrada_core::entra::graph::{CallAccess, PermissionList};

/// The permissions of `access`, as lines.
pub fn call_lines(access: &CallAccess) -> Vec<String> {
    let mut lines = vec![format!("# {}", access.call), String::new()];
    let lists = [
        ("Delegated, work or school account", &access.work),
        ("Delegated, personal account", &access.personal),
        ("Application", &access.application),
    ];
    for (label, list) in lists {
        let listed =
            if list.is_empty() { "none: not possible".to_owned() } else { list.to_string() };
        lines.push(format!("{label}: {listed}"));
    }
    lines.push(String::new());
    lines.push("One of them is enough; the first is the least privileged.".to_owned());
    let named = |test: fn(&&entrada_core::entra::graph::CallPermission) -> bool,
                 list: &PermissionList| {
        let names: Vec<&str> = list.iter().filter(test).map(|one| one.name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(names) = named(|one| one.admin_consent, &access.work) {
        lines.push(format!("An administrator consents to the delegated {names}."));
    }
    if let Some(names) = named(|one| one.is_resource_specific, &access.application) {
        lines.push(format!("A team, chat or group grants {names}; a token does not show it."));
    }
    lines
}

#[derive(Serialize)]
struct V1Calls<'a> {
    version: u8,
    calls: Vec<V1Call<'a>>,
}

#[derive(Serialize)]
struct V1Call<'a> {
    call: &'a str,
    delegated_work: Vec<V1Permission<'a>>,
    delegated_personal: Vec<V1Permission<'a>>,
    application: Vec<V1Permission<'a>>,
}

#[derive(Serialize)]
struct V1Permission<'a> {
    permission: &'a str,
    least: bool,
    admin_consent: bool,
    resource_specific: bool,
}

/// Writes `calls` as one JSON document (`docs/json.md`).
///
/// # Errors
///
/// The document could not be written.
pub fn calls_json(out: &mut dyn Write, calls: &[CallAccess]) -> io::Result<()> {
    // Every application permission needs an administrator.
    let list = |list: &PermissionList, is_application: bool| -> Vec<V1Permission<'static>> {
        list.iter()
            .map(|one| V1Permission {
                permission: one.name,
                least: one.is_least,
                admin_consent: one.admin_consent || is_application && !one.is_resource_specific,
                resource_specific: one.is_resource_specific,
            })
            .collect()
    };
    let call = |access: &'_ CallAccess| -> (Vec<_>, Vec<_>, Vec<_>) {
        (list(&access.work, false), list(&access.personal, false), list(&access.application, true))
    };
    let calls = calls
        .iter()
        .map(|access| {
            let (delegated_work, delegated_personal, application) = call(access);
            V1Call { call: &access.call, delegated_work, delegated_personal, application }
        })
        .collect();
    json::write(out, &V1Calls { version: json::VERSION, calls })
}
