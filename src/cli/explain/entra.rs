//! What `entrada explain` says about Entra's numbers and permissions.

use strum::IntoEnumIterator as _;

use crate::render::who;
use entrada_core::entra::aadsts::{Aadsts, Category, meanings};
use entrada_core::entra::consent::{self, ConsentRequest};
use entrada_core::entra::permissions::{self, Permission};
use entrada_core::entra::{exchange_rbac, jobs};
use entrada_core::{Job, ScopeSet};

/// The page of an AADSTS number, with the meanings between which the authority's text decides.
pub(super) fn number(code: &Aadsts) -> Vec<String> {
    let name = code.name.map_or_else(String::new, |name| format!(": {name}"));
    let mut lines = vec![
        format!("# AADSTS{}{name}", code.code),
        String::new(),
        code.meaning.to_owned(),
        String::new(),
        format!("What to do: {}", code.remedy),
        format!("Who can fix it: {}", who(code.who)),
    ];
    lines.extend(code.cause.map(|cause| format!("Finding: {cause} (`entrada explain {cause}`)")));
    if code.category == Category::OtherFlow {
        lines.push("It belongs to another kind of sign-in than OAuth, or to a page.".to_owned());
    } else if code.oauth_error.is_empty() {
        lines.push("It is shown in the browser only.".to_owned());
    } else {
        let basis = if code.oauth_error_inferred { " (inferred)" } else { "" };
        lines.push(format!("OAuth error: {}{basis}", code.oauth_error.join(", ")));
    }
    lines.extend(code.note.map(|note| format!("Note: {note}")));
    if !code.certain {
        lines.push("Not confirmed by Microsoft's own documentation.".to_owned());
    }
    let meanings = meanings::of(code.code);
    if !meanings.is_empty() {
        lines.push(String::new());
        lines.push("The authority's text decides what it means. If the text has …".to_owned());
    }
    lines.extend(meanings.iter().map(|meaning| {
        let remedy = meaning.remedy.map_or_else(String::new, |remedy| format!("; {remedy}"));
        format!("- {}: {} (`{}`){remedy}", meaning.signs(), meaning.meaning, meaning.cause)
    }));
    lines
}

/// The page of a delegated permission.
pub(super) fn permission(permission: &Permission) -> Vec<String> {
    let mut lines = vec![format!("# {}", permission.name), String::new()];
    if let Some((_, meaning)) = ABOUT_SIGN_IN.iter().find(|(name, _)| *name == permission.name) {
        lines.push((*meaning).to_owned());
    }
    lines.extend(consent(permission));
    let yes_or_no = |known: bool| if known { "yes" } else { "no" };
    lines.extend(
        permission.personal_accounts.map(|own| format!("Personal accounts: {}", yes_or_no(own))),
    );
    let closed = permissions::closure(&[permission.name].into_iter().collect());
    let included: Vec<&str> = permissions::all()
        .iter()
        .map(|other| other.name)
        .filter(|name| *name != permission.name && closed.contains(&name.to_ascii_lowercase()))
        .collect();
    if !included.is_empty() {
        lines.push(format!("Includes: {}", included.join(", ")));
    }
    let serves: Vec<&str> = Job::iter()
        .filter(|job| permissions::holds_any(&closed, jobs::facts(*job).sufficient))
        .map(Job::id)
        .collect();
    if !serves.is_empty() {
        lines.push(format!("Serves: {}", serves.join(", ")));
    }
    lines.extend(permission.id.map(|id| format!("Id on Microsoft Graph: {id}")));
    lines.extend(permission.app_role_id.map(|id| format!("Id as an application permission: {id}")));
    lines.extend(exchange_rbac::role_for(permission.name).map(|role| {
        format!(
            "For an application without a user, Exchange can grant the role `{role}` instead of the application permission."
        )
    }));
    lines.extend(permissions::note(permission.name).map(|note| format!("Note: {note}")));
    lines
}

/// Who consents to a permission, and what an administrator does where users cannot.
fn consent(permission: &Permission) -> Vec<String> {
    let wave = consent::wave_of(permission.name);
    let mut lines = Vec::new();
    match (permission.admin_consent, wave) {
        (Some(true), _) => lines.push("Consent: an administrator's".to_owned()),
        (_, Some(wave)) => {
            lines.push(format!(
                "Consent: in organisations an administrator's by default, since {} ({}); a personal account's own",
                wave.in_force, wave.message
            ));
            lines.push(format!(
                "The permission itself needs no administrator. Microsoft's managed consent policy bars users from consenting \
                 to it (list of {}); it applies to tenants that have no rule of their own. Earlier consent stays valid.",
                consent::AS_OF
            ));
            let clients: Vec<&str> =
                consent::MAIL_CLIENTS.iter().map(|client| client.name).collect();
            lines.push(format!(
                "If the tenant allows popular mail clients, users can still consent for: {}.",
                clients.join(", ")
            ));
        }
        (Some(false), None) => lines.push("Consent: the user's own".to_owned()),
        (None, None) => (),
    }
    if wave.is_some() || permission.admin_consent == Some(true) {
        let full = jobs::full_scope(permission.name);
        let scopes: ScopeSet = [full.as_str()].into_iter().collect();
        let request = ConsentRequest { scopes: Some(&scopes), ..ConsentRequest::default() };
        lines.push(format!("An administrator consents at: {}", request.admin_page()));
    }
    lines
}

/// The scopes of the sign-in itself (OpenID Connect Core §5.4, §11), which no API knows.
const ABOUT_SIGN_IN: [(&str, &str); 4] = [
    (
        "offline_access",
        "Asks for a refresh token. It never appears in a token's `scp`, and rarely in a response's `scope`: only the \
         refresh token shows whether it was granted (`entrada status`).",
    ),
    ("openid", "Asks for an ID token, which says who signed in. It gives access to no API."),
    (
        "profile",
        "Asks for the user's name and the like in the ID token. It gives access to no API.",
    ),
    ("email", "Asks for the user's address in the ID token. It gives access to no API."),
];
