//! Which permissions each call of Microsoft Graph takes, for the paths below `/me`, `/users`, `/groups`, `/sites`, `/drives`,
//! `/chats`, `/teams` and a few more.
//!
//! The facts come from the permission tables that Microsoft publishes for Graph v1.0
//! (`microsoftgraph/microsoft-graph-devx-content`, `permissions/new/permissions.json`, 2026-08-07), kept where the path exists
//! in the metadata of v1.0. Three files hold them, 70 KiB together; they are read when a call is looked up:
//!
//! - `permissions.txt`: one permission on each line, the most frequent first. After the name, `a`: an administrator has to
//!   consent to the delegated permission; `r`: resource-specific, granted by a team, chat or group and never in a token.
//! - `access.txt`: one combination on each line: `work|personal|application`, delegated for a work or school account, delegated
//!   for a personal account, and without a user. Each part has line numbers of `permissions.txt`, from 0: `least!others`. An
//!   empty part: this kind of token cannot make the call.
//! - `calls.txt`: the tree of paths, one segment on each line, with one leading space for each level. After the segment,
//!   the methods, each with a line number of `access.txt`: `G12P5` for `GET` and `POST` (`U` is `PATCH`, `T` is `PUT`, `D` is
//!   `DELETE`). `{}` stands for an id, `{}:` for an id or path in front of a path, `()` for the arguments of a function.
//!
//! `table.py` converts them to plain rows and back.

mod path;
mod table;

use std::fmt;

use url::Url;

use self::path::Segment;
use super::clouds::Cloud;

/// A request to Microsoft Graph: method and path. Ids are shown as `{id}`.
///
/// ```
/// use entrada_core::entra::graph::{GraphCall, Lookup};
///
/// let call: GraphCall = "GET /me/messages/AAMkAGI2/attachments?$top=5".parse()?;
/// let Lookup::Found(access) = call.look_up() else { panic!() };
/// assert_eq!(access.work.least().unwrap().name, "Mail.Read");
/// assert_eq!(access.call, "GET /me/messages/{id}/attachments");
/// # Ok::<(), entrada_core::entra::graph::CallError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphCall {
    /// In capitals.
    method: String,
    segments: Vec<Segment>,
    /// Whether the path names the beta version, whose permissions are not on record.
    is_beta: bool,
    cloud: Option<Cloud>,
}

/// The reason why a text is not a call of Microsoft Graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The text has no path.
    #[error("a call is a method and a path, such as `GET /me/messages`")]
    NoPath,
    /// The URL has another host.
    #[error("`{host}` is not a host of Microsoft Graph")]
    OtherHost {
        /// The host of the URL.
        host: String,
    },
}

/// What is on record about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The permissions of the call.
    Found(CallAccess),
    /// The path is on record with other methods.
    OtherMethods(Vec<&'static str>),
    /// The path is not on record.
    Unknown,
}

/// The permissions that suffice for one call, for each kind of token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallAccess {
    /// Method and path, with `{id}` for ids.
    pub call: String,
    /// Delegated, for a work or school account.
    pub work: PermissionList,
    /// Delegated, for a personal account.
    pub personal: PermissionList,
    /// For an application without a user.
    pub application: PermissionList,
}

/// Permissions, any one of which suffices; the least privileged first. Empty: this kind of token cannot make the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermissionList(Vec<CallPermission>);

/// One permission of a [`PermissionList`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallPermission {
    /// The name without the API.
    pub name: &'static str,
    /// Whether it is one of the least privileged.
    pub is_least: bool,
    /// Whether an administrator has to consent to the delegated permission.
    pub admin_consent: bool,
    /// Whether a team, chat or group grants it to an application: it is never in a token then.
    pub is_resource_specific: bool,
}

impl PermissionList {
    /// The least privileged permission that a token can carry.
    pub fn least(&self) -> Option<&CallPermission> {
        self.in_tokens().next()
    }

    /// The permissions that a token can carry, the least privileged first.
    pub fn in_tokens(&self) -> impl Iterator<Item = &CallPermission> {
        self.0.iter().filter(|permission| !permission.is_resource_specific)
    }

    /// All permissions.
    pub fn iter(&self) -> std::slice::Iter<'_, CallPermission> {
        self.0.iter()
    }

    /// Whether this kind of token cannot make the call.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the call can also be allowed by a team, chat or group, which a token does not show.
    pub fn has_resource_specific(&self) -> bool {
        self.0.iter().any(|permission| permission.is_resource_specific)
    }
}

impl<'a> IntoIterator for &'a PermissionList {
    type Item = &'a CallPermission;
    type IntoIter = std::slice::Iter<'a, CallPermission>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The names, separated by commas.
impl fmt::Display for PermissionList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, permission) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}", permission.name)?;
        }
        Ok(())
    }
}

impl CallAccess {
    /// Whether the call reads or changes what Exchange keeps in a mailbox: mail, calendars, contacts and settings.
    pub fn is_of_mailbox(&self) -> bool {
        let kinds = ["Mail", "Calendars", "Contacts", "MailboxSettings"];
        [&self.work, &self.application]
            .into_iter()
            .filter_map(PermissionList::least)
            .any(|least| least.name.split('.').next().is_some_and(|kind| kinds.contains(&kind)))
    }
}

/// Every call on record: the method and the path with `{id}` for ids, in lower case.
pub fn all() -> Vec<CallAccess> {
    table::all()
}

impl GraphCall {
    /// The call of this method to `target`: a URL of any cloud, or a path with or without the version.
    ///
    /// # Errors
    ///
    /// [`CallError`] if there is no path, or the URL belongs to another service.
    pub fn new(method: &str, target: &str) -> Result<Self, CallError> {
        let target = target.trim();
        let (host, rest) = split_host(target);
        let cloud = match host {
            Some(host) => {
                let cloud = cloud_of(&host).ok_or(CallError::OtherHost { host })?;
                Some(cloud)
            }
            None => None,
        };
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        let call = Self::of_path(method, path, cloud)?;
        // An encoded slash is part of an id, or parts segments as a plain one does.
        let plain = path::with_plain_slashes(path).filter(|_| call.look_up() == Lookup::Unknown);
        plain.map_or(Ok(call), |plain| Self::of_path(method, &plain, cloud))
    }

    fn of_path(method: &str, path: &str, cloud: Option<Cloud>) -> Result<Self, CallError> {
        let mut segments = path::segments(path);
        let version = segments.first().map(|first| first.lower().to_owned());
        let is_beta = version.as_deref() == Some("beta");
        if is_beta || version.as_deref() == Some("v1.0") {
            segments.remove(0);
        }
        if segments.is_empty() {
            return Err(CallError::NoPath);
        }
        Ok(Self { method: method.trim().to_ascii_uppercase(), segments, is_beta, cloud })
    }

    /// The permissions of the call.
    pub fn look_up(&self) -> Lookup {
        let mut segments = self.segments.clone();
        let mut others = None;
        // Each step is shorter or more general than the one before.
        loop {
            match table::find(&self.method, &mut segments) {
                table::Match::Method(access) => {
                    let call = self.shown_with(&segments);
                    return Lookup::Found(CallAccess { call, ..access });
                }
                table::Match::OtherMethods(methods) => others = others.or(Some(methods)),
                table::Match::Nothing => (),
            }
            let Some(next) = path::generalised(&segments) else {
                return others.map_or(Lookup::Unknown, Lookup::OtherMethods);
            };
            segments = next;
        }
    }

    /// The call with another method to the same path.
    #[must_use]
    pub fn with_method(&self, method: &str) -> Self {
        Self { method: method.to_ascii_uppercase(), ..self.clone() }
    }

    /// The method, in capitals.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Whether the path names the beta version.
    pub fn is_beta(&self) -> bool {
        self.is_beta
    }

    /// The cloud of the URL, if it is one.
    pub fn cloud(&self) -> Option<Cloud> {
        self.cloud
    }

    /// Whether the call is about the signed-in user: `/me`.
    pub fn is_me(&self) -> bool {
        self.segments.first().is_some_and(|first| first.lower() == "me")
    }

    /// The user in `/users/{id}`, unless it is a placeholder.
    pub fn user(&self) -> Option<&str> {
        let [users, user, ..] = &self.segments[..] else { return None };
        (users.lower() == "users" && !user.is_placeholder()).then(|| user.text())
    }

    fn shown_with(&self, segments: &[Segment]) -> String {
        let shown: Vec<_> = segments.iter().map(Segment::shown).collect();
        format!("{} /{}", self.method, shown.join("/"))
    }
}

/// `METHOD PATH`, with `{id}` for what looks like an id.
impl fmt::Display for GraphCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown_with(&self.segments))
    }
}

/// A method and a path or URL; `GET` where only a path is given. The version of HTTP may follow.
impl std::str::FromStr for GraphCall {
    type Err = CallError;

    fn from_str(text: &str) -> Result<Self, CallError> {
        let text = text.trim();
        let first = text.split_whitespace().next().ok_or(CallError::NoPath)?;
        let is_method = first.bytes().all(|byte| byte.is_ascii_alphabetic()) && first.len() < 10;
        let (method, target) = match text.get(first.len()..) {
            Some(rest) if is_method && !rest.trim().is_empty() => (first, rest.trim()),
            _ => ("GET", text),
        };
        let target = target.rsplit_once(" HTTP/").map_or(target, |(target, _)| target);
        Self::new(method, target)
    }
}

/// The host of a URL in lower case, and the text after it. A path has no host.
fn split_host(target: &str) -> (Option<String>, &str) {
    let bare = target.split_once("://").map(|(_, rest)| rest);
    let rest = match bare {
        Some(rest) => rest,
        // A URL without the scheme, as in a log.
        None if target.split('/').next().is_some_and(|host| cloud_of(host).is_some()) => target,
        None => return (None, target),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = Url::parse(&format!("https://{host}"))
        .ok()
        .and_then(|url| Some(url.host_str()?.to_ascii_lowercase()))
        .unwrap_or_else(|| host.to_ascii_lowercase());
    (Some(host), path)
}

/// The cloud whose Graph has this host.
fn cloud_of(host: &str) -> Option<Cloud> {
    if host.eq_ignore_ascii_case("canary.graph.microsoft.com") {
        return Some(Cloud::Public);
    }
    [Cloud::Public, Cloud::UsGov, Cloud::Dod, Cloud::China].into_iter().find(|cloud| {
        let own = cloud.facts().graph.trim_start_matches("https://");
        own.eq_ignore_ascii_case(host)
    })
}

#[cfg(test)]
mod expectations;
#[cfg(test)]
mod tests;
