//! Judges a token by one call of Microsoft Graph, with the permissions that the call takes.

mod text;

use std::borrow::Cow;

use entrada_core::entra::graph::{CallAccess, GraphCall, Lookup, PermissionList};
use entrada_core::entra::{known, permissions, resources};
use entrada_core::{ScopeSet, TokenSubject};

use super::facts::is_guid;
use super::service::HttpAnswer;
use super::shape::Shape;
use super::{Confidence, Evidence, Facts};

pub use text::call_of;

/// The call that the token is judged by.
#[derive(Clone, Debug)]
pub(crate) struct CallCheck {
    call: GraphCall,
    /// What is on record about it.
    lookup: Lookup,
    /// Whether the caller named it, rather than the evidence.
    is_stated: bool,
}

/// Whether the permissions in a token suffice for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sufficiency {
    /// This permission suffices: it is listed, or includes a listed one.
    Suffices(String),
    /// The first permission is wider than the second, which suffices; the list does not have the first.
    Unclear(String, &'static str),
    /// None of them suffices.
    Insufficient,
    /// The permissions of the token are not known, or the call is not on record.
    Unknown,
}

/// Maximum number of granted permissions that are compared: no real token has more.
const NAMES_MAX: usize = 1_000;

/// Data of a mailbox for which a permission on other users' items ends in `.Shared`.
const SHAREABLE: [&str; 4] = ["Mail", "Calendars", "Contacts", "Tasks"];

/// Whether Graph refuses a call for lack of permissions: by its status or, where only the body is known, by its code.
fn is_denial(answer: &HttpAnswer) -> bool {
    let by_code = || {
        let code = answer.code();
        code.is_some_and(|code| {
            ["Authorization_RequestDenied", "ErrorAccessDenied"].contains(&&*code)
        })
    };
    answer.status.map_or_else(by_code, |status| status == 403)
}

impl CallCheck {
    /// The call to judge by: the stated one; else, without a stated job, the one that the evidence shows, if it is on record
    /// and its permissions may be the reason of a refusal.
    pub(super) fn of(evidence: &Evidence) -> Option<Self> {
        if let Some(call) = &evidence.context.call {
            return Some(Self { lookup: call.look_up(), call: call.clone(), is_stated: true });
        }
        if evidence.context.job.is_some() {
            return None;
        }
        let call = match &evidence.answer {
            // Graph refuses a call for its permissions with 403; a page comes from a proxy or a filter.
            Some(answer) if !is_denial(answer) || answer.is_html() => return None,
            Some(answer) => answer
                .url
                .as_deref()
                .filter(|url| url.contains("://"))
                .and_then(|url| GraphCall::new(answer.method.as_deref()?, url).ok()),
            None => None,
        };
        let call = call.or_else(|| evidence.call.clone())?;
        let lookup = call.look_up();
        matches!(lookup, Lookup::Found(_)).then_some(Self { call, lookup, is_stated: false })
    }

    /// The call itself.
    pub(super) fn call(&self) -> &GraphCall {
        &self.call
    }

    /// What is on record about the call.
    pub(super) fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    /// The permissions of the call, if it is on record.
    pub(super) fn access(&self) -> Option<&CallAccess> {
        match &self.lookup {
            Lookup::Found(access) => Some(access),
            Lookup::OtherMethods(_) | Lookup::Unknown => None,
        }
    }

    /// Method and path, with `{id}` for ids.
    pub(super) fn shown(&self) -> Cow<'_, str> {
        match self.access() {
            Some(access) => Cow::Borrowed(&access.call),
            None => Cow::Owned(self.call.to_string()),
        }
    }

    /// The delegated permissions that suffice, for the account of the token.
    pub(super) fn delegated(&self, facts: &Facts) -> Option<&PermissionList> {
        let access = self.access()?;
        Some(if is_personal(facts) { &access.personal } else { &access.work })
    }

    /// The permissions that suffice for the kind of the token.
    pub(super) fn list(&self, facts: &Facts) -> Option<&PermissionList> {
        if facts.subject() == TokenSubject::App {
            self.access().map(|access| &access.application)
        } else {
            self.delegated(facts)
        }
    }

    /// The least privileged permission for the kind of the token. For the mailbox of another user, the one on shared items.
    pub(super) fn least(&self, facts: &Facts) -> Option<Cow<'static, str>> {
        let list = self.list(facts)?;
        if let Some(shared) = self.needs_shared(facts) {
            return Some(Cow::Owned(shared));
        }
        list.least().map(|least| Cow::Borrowed(least.name))
    }

    /// Whether the token's permissions suffice.
    pub(super) fn sufficiency(&self, facts: &Facts) -> Sufficiency {
        let Some(list) = self.list(facts) else { return Sufficiency::Unknown };
        if facts.subject() == TokenSubject::App {
            let Some(claims) = facts.claims() else { return Sufficiency::Unknown };
            let roles = claims.roles().unwrap_or_default();
            return compare(&roles, list);
        }
        let Some(granted) = facts.granted() else { return Sufficiency::Unknown };
        let names: Vec<&str> = granted.iter().take(NAMES_MAX).map(resources::short_name).collect();
        if let Some(shared) = self.needs_shared(facts) {
            let closed = permissions::closure(granted);
            let wide = shared.replace(".Read.", ".ReadWrite.").to_ascii_lowercase();
            let has = closed.contains(&shared.to_ascii_lowercase()) || closed.contains(&wide);
            // A permission for all users, as on a directory object.
            let all = names.iter().find(|name| is_listed(name, list) && is_for_all(name));
            return match all {
                Some(name) => Sufficiency::Suffices((*name).to_owned()),
                None if has => Sufficiency::Suffices(shared),
                None => Sufficiency::Insufficient,
            };
        }
        match compare(&names, list) {
            // `User.Read` is listed for `/users/{id}`, for the user's own id.
            Sufficiency::Suffices(name)
                if self.is_of_another_user(facts) == Some(true) && !is_for_all(&name) =>
            {
                match list.in_tokens().find(|own| is_for_all(own.name)) {
                    Some(wide) => Sufficiency::Unclear(name, wide.name),
                    None => Sufficiency::Suffices(name),
                }
            }
            other => other,
        }
    }

    /// The permission on shared items that a call on another user's mailbox needs.
    fn needs_shared(&self, facts: &Facts) -> Option<String> {
        if facts.subject() == TokenSubject::App || !self.is_of_another_user(facts)? {
            return None;
        }
        self.delegated(facts)?.in_tokens().find_map(|permission| {
            let kind = permission.name.split('.').next()?;
            let shared = format!("{}.Shared", permission.name);
            let exists = kind == "Tasks" || permissions::find(&shared).is_some();
            (SHAREABLE.contains(&kind) && exists).then_some(shared)
        })
    }

    /// Whether the call names another user than the token's; `None` if that is unknown, or the call names no user.
    pub(super) fn is_of_another_user(&self, facts: &Facts) -> Option<bool> {
        let user = self.call.user()?;
        let claims = facts.claims()?;
        if is_guid(user) {
            return Some(!claims.text("oid")?.eq_ignore_ascii_case(user));
        }
        if !user.contains('@') {
            return None;
        }
        let mut names = claims.user_names().peekable();
        names.peek()?;
        Some(!names.any(|name| name.eq_ignore_ascii_case(user)))
    }

    /// How certain it is that a permission is missing that is not in the list.
    pub(super) fn confidence(&self, facts: &Facts) -> Confidence {
        if facts.subject() == TokenSubject::App {
            let by_others = self.access().is_some_and(|access| {
                // Exchange admits applications by RBAC, and a team, chat or group by its own consent: no token shows either.
                access.is_of_mailbox() || access.application.has_resource_specific()
            });
            return if by_others { Confidence::Possible } else { self.by_version() };
        }
        if self.needs_shared(facts).is_some() { Confidence::Likely } else { self.by_version() }
    }

    /// The record is about v1.0.
    fn by_version(&self) -> Confidence {
        if self.call.is_beta() { Confidence::Likely } else { Confidence::Certain }
    }

    /// Whether the evidence does not show that the token suffices for the stated call.
    pub(super) fn is_undecided(&self, facts: &Facts) -> bool {
        self.is_stated && !matches!(self.sufficiency(facts), Sufficiency::Suffices(_))
    }

    /// Whether the lists of permissions say something about this case: the call was named, or the token was refused for its
    /// permissions, or nobody answered yet.
    pub(super) fn is_worth_noting(&self, facts: &Facts) -> bool {
        self.is_stated
            || facts.audience_fits() != Some(false)
                && (facts.shape().is_none() || self.sufficiency(facts) != Sufficiency::Unknown)
    }

    /// The full scope to request as a signed-in user.
    pub(super) fn delegated_scope(&self, facts: &Facts) -> Option<String> {
        let cloud = facts.context().cloud.or(self.call.cloud()).unwrap_or_default();
        Some(format!("{}/{}", cloud.facts().graph, self.access()?.work.least()?.name))
    }

    /// A granted permission of the same kind, which does not suffice.
    pub(super) fn similar<'a>(&self, facts: &Facts, granted: &'a ScopeSet) -> Option<&'a str> {
        let least = self.least(facts)?;
        let kind =
            |name: &str| name.split(['.', '-']).next().unwrap_or_default().to_ascii_lowercase();
        granted.iter().map(resources::short_name).find(|name| kind(name) == kind(&least))
    }

    /// The full scope to request for the call, in the cloud of the case.
    pub(super) fn scope(&self, facts: &Facts) -> Option<String> {
        let cloud = facts.context().cloud.or(self.call.cloud()).unwrap_or_default();
        let least = self.least(facts)?;
        // An application requests all of its permissions at once.
        let name = if facts.subject() == TokenSubject::App { ".default" } else { &least };
        Some(format!("{}/{name}", cloud.facts().graph))
    }
}

impl Facts<'_> {
    /// What the token is for, in messages: the call, or the job.
    pub(super) fn task(&self) -> String {
        self.call().map_or_else(|| self.job.to_string(), |check| check.shown().into_owned())
    }

    /// The scope to request for the call, if the caller named it or the token lacks its permission.
    pub(super) fn call_scope(&self) -> Option<String> {
        let check = self.call()?;
        // Without a token, the refusal alone says that a permission is missing.
        let lacks =
            || self.shape().is_none() || check.sufficiency(self) == Sufficiency::Insufficient;
        if check.is_stated || self.audience_fits() != Some(false) && lacks() {
            return check.scope(self);
        }
        None
    }

    /// The flag that requests what the token is for: the scope of the call, or the job.
    pub(super) fn task_flag(&self) -> String {
        match self.call_scope() {
            Some(scope) => format!("--scope {scope}"),
            None => format!("--job {}", self.job),
        }
    }
}

/// Whether the token belongs to a personal account.
pub(crate) fn is_personal(facts: &Facts) -> bool {
    match facts.claims() {
        Some(claims) => claims.text("tid").is_some_and(known::is_consumers),
        None => {
            matches!(facts.shape(), Some(Shape::MsaTicket { .. }))
                || facts.context().tenant.as_deref().is_some_and(known::is_consumers)
        }
    }
}

fn is_listed(name: &str, list: &PermissionList) -> bool {
    list.iter().any(|own| own.name.eq_ignore_ascii_case(name))
}

/// Whether a permission is about the objects of all users.
fn is_for_all(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".all")
}

/// Compares `names` with the permissions that suffice.
fn compare(names: &[&str], list: &PermissionList) -> Sufficiency {
    // The least privileged first, so that the answer names the permission that was meant for the call.
    for own in list {
        if let Some(name) = names.iter().find(|name| name.eq_ignore_ascii_case(own.name)) {
            return Sufficiency::Suffices((*name).to_owned());
        }
    }
    let mut unclear = None;
    for own in list {
        for name in names {
            match width(name, own.name) {
                Width::Includes => return Sufficiency::Suffices((*name).to_owned()),
                Width::Wider if unclear.is_none() => {
                    unclear = Some(Sufficiency::Unclear((*name).to_owned(), own.name));
                }
                Width::Wider | Width::Other => (),
            }
        }
    }
    unclear.unwrap_or(Sufficiency::Insufficient)
}

/// How a permission relates to a listed one, by their names.
enum Width {
    /// It includes the listed one: `Mail.ReadWrite` and `Mail.Read`, `Mail.Read.Shared` and `Mail.Read`.
    Includes,
    /// It says more, or for which objects it holds is not known: `Files.ReadWrite.All` and `Files.ReadWrite`.
    Wider,
    Other,
}

fn width(name: &str, listed: &str) -> Width {
    let kind_of = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    if name.to_ascii_lowercase().ends_with(".selected") {
        // For the sites, lists and files that an administrator chose: whether this is one of them, no token shows.
        let of_sites = ["sites", "files"].contains(&kind_of(listed).as_str());
        return if of_sites { Width::Wider } else { Width::Other };
    }
    let parts = |name: &str| -> (String, u8, String) {
        let lower = name.to_ascii_lowercase();
        let mut parts = lower.splitn(3, '.').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        let (kind, action, end) = (next(), next(), next());
        let rank = match action.as_str() {
            "readbasic" => 1,
            "read" => 2,
            "readwrite" => 3,
            "manage" => 4,
            "fullcontrol" => 5,
            _ => 0,
        };
        (kind, rank, end)
    };
    if name.eq_ignore_ascii_case("Directory.AccessAsUser.All") {
        // All that the user may do in the directory.
        let directory = ["directory", "user", "group", "groupmember", "application", "device"];
        let of_directory = directory.contains(&kind_of(listed).as_str());
        return if of_directory { Width::Wider } else { Width::Other };
    }
    let ((kind, rank, end), (own_kind, own_rank, own_end)) = (parts(name), parts(listed));
    if kind != own_kind || rank == 0 || own_rank == 0 || rank < own_rank {
        return Width::Other;
    }
    match (end.as_str(), own_end.as_str()) {
        ("shared", "") => Width::Includes,
        (end, own_end) if end == own_end && rank <= 3 => Width::Includes,
        (end, own_end) if end == own_end => Width::Wider,
        ("all", _) => Width::Wider,
        _ => Width::Other,
    }
}

#[cfg(test)]
mod tests;
