//! Whether users can consent to what a profile asks for, told before anybody signs in.

use std::fmt::Write as _;

use super::super::Failure;
use crate::config::Settings;
use entrada_core::entra::clouds::Cloud;
use entrada_core::entra::consent::{self, ConsentRequest};
use entrada_core::entra::known;
use entrada_core::entra::resources::{self, short_name};
use entrada_core::{Job, ScopeSet};

/// One job, its scopes, and those of them that need an administrator.
struct Row {
    name: String,
    scopes: ScopeSet,
    barred: Vec<String>,
}

/// For each job of the profile, whether users of an organisation can consent by default; and the link for the administrator if one
/// is needed. `None` where nobody but the user consents: personal accounts, and providers other than Entra.
pub(super) fn page(settings: &Settings) -> Result<Option<String>, Failure> {
    let authority = settings.authority()?;
    let tenant = authority.tenant().map(ToString::to_string);
    let base = authority.base();
    // The facts are those of Microsoft's own authorities.
    let host = url::Url::parse(&base).ok().and_then(|url| url.host_str().map(str::to_owned));
    let is_entra = host.and_then(|host| Cloud::of_authority_host(&host)).is_some();
    if !is_entra || tenant.as_deref().is_some_and(known::is_consumers) {
        return Ok(None);
    }
    let client_id = settings.client_id()?;
    let request = ConsentRequest {
        authority: Some(&base),
        cloud: Some(settings.cloud()),
        tenant: tenant.as_deref(),
        client_id: Some(&client_id),
        scopes: None,
    };
    let mut rows = Vec::new();
    let jobs = settings.jobs()?;
    // Without a job, the scopes are what is asked for.
    let groups: Vec<Vec<Job>> = if jobs.is_empty() {
        vec![Vec::new()]
    } else {
        jobs.into_iter().map(|job| vec![job]).collect()
    };
    for group in groups {
        let scopes = settings.request_scopes(&group)?;
        let request = ConsentRequest { scopes: Some(&scopes), ..request };
        let barred = request.needing_administrator();
        let barred: Vec<String> =
            barred.into_iter().map(|scope| format!("`{}`", short_name(scope))).collect();
        let unnamed =
            if settings.scopes()?.iter().next().is_some() { "scopes" } else { Job::default().id() };
        let name = group.first().map_or_else(|| unnamed.to_owned(), ToString::to_string);
        rows.push(Row { name, scopes, barred });
    }
    let mut text = format!(
        "Who consents, by default (as of {}; a tenant may have its own rule):\n\n",
        consent::AS_OF
    );
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    for Row { name, scopes, barred } in &rows {
        let who = if barred.is_empty() {
            by_user(scopes).to_owned()
        } else {
            format!(
                "an administrator: users of an organisation cannot consent to {} themselves",
                barred.join(", ")
            )
        };
        let _ = writeln!(text, "  {name:width$}  {who}");
    }
    // One link for each API, with the scopes of all jobs that use it.
    let mut links: Vec<(Option<&str>, ScopeSet)> = Vec::new();
    for Row { scopes, .. } in rows.iter().filter(|row| !row.barred.is_empty()) {
        let api = scopes.api();
        let api = api.iter().find_map(|scope| Some(resources::of_scope(scope).resource()?.app_id));
        match links.iter_mut().find(|(own, _)| *own == api) {
            Some((_, all)) => *all = all.iter().chain(scopes.iter()).collect(),
            None => links.push((api, scopes.clone())),
        }
    }
    if !links.is_empty() {
        let links: Vec<String> = links
            .iter()
            .map(|(_, scopes)| {
                format!("  {}\n", ConsentRequest { scopes: Some(scopes), ..request }.admin_link())
            })
            .collect();
        let (these, them) =
            if links.len() == 1 { ("this link", "it") } else { ("these links", "them") };
        let _ = write!(
            text,
            "\nUnless an administrator has consented already, send one {these}. The sign-in page says `Need admin approval` until \
             an administrator has opened {them}:\n\n{}",
            links.concat()
        );
    }
    Ok(Some(text))
}

/// Who consents to scopes of which none is known to need an administrator.
fn by_user(scopes: &ScopeSet) -> &'static str {
    let api = scopes.api();
    if api.iter().any(|scope| scope.ends_with("/.default")) {
        "depends on the permissions that the registration lists"
    } else if api.iter().any(|scope| resources::of_scope(scope).resource().is_none()) {
        "each user, on the sign-in page, unless the API reserves its permission for administrators"
    } else {
        "each user, on the sign-in page"
    }
}
