//! What the emulator accepts although nobody registered it.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::account::{AccountKind, CONSUMERS, Directory, EmulatedAccount, TenantSegment};
use super::call::Call;
use super::own_api::unregistered_api;
use super::scope::{EmulatedResource, GRAPH, parts};
use super::state::State;
use entrada_core::{NamedHost, OIDC_SCOPES};

/// The most names that are accepted of each kind. Each lives as long as the process.
const NAMES_MAX: usize = 1_000;
/// The domains of personal accounts.
const PERSONAL_DOMAINS: [&str; 5] =
    ["outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.example"];

/// A kind of name that Entra knows only after a registration. An emulator that accepts it writes a [`Note`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unregistered {
    /// A tenant: any GUID, and any domain.
    Tenant,
    /// A user: any user name.
    User,
    /// A redirect URI.
    RedirectUri,
    /// An API, and a permission of an API.
    Api,
    /// The certificate of a client. Every emulator accepts every one.
    Certificate,
}

impl Unregistered {
    /// Every kind that an emulator can refuse or accept.
    pub const ALL: [Self; 4] = [Self::Tenant, Self::User, Self::RedirectUri, Self::Api];

    /// The spelling on command lines.
    pub fn id(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::User => "user",
            Self::RedirectUri => "redirect-uri",
            Self::Api => "api",
            Self::Certificate => "certificate",
        }
    }
}

impl FromStr for Unregistered {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.id() == text).ok_or_else(|| {
            let all: Vec<&str> = Self::ALL.iter().map(|kind| kind.id()).collect();
            format!("expected one of: {}", all.join(", "))
        })
    }
}

/// Something that the emulator accepted and Entra refuses without a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its kind.
    pub kind: Unregistered,
    /// The name in the request, without control characters; at most 300 characters.
    pub name: String,
}

impl Note {
    pub(super) fn new(kind: Unregistered, name: &str) -> Self {
        Self { kind, name: entrada_core::clean(name).chars().take(300).collect() }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Unregistered::Tenant => "tenant",
            Unregistered::User => "user",
            Unregistered::RedirectUri => "redirect URI",
            Unregistered::Api => "API or permission",
            Unregistered::Certificate => "certificate",
        };
        write!(f, "unregistered {what} accepted: {}", self.name)
    }
}

impl State {
    pub(super) fn accepts(&self, kind: Unregistered) -> bool {
        self.options.accept.contains(&kind)
    }

    pub(super) fn note(&mut self, kind: Unregistered, name: &str) {
        self.notes.push(Note::new(kind, name));
    }

    /// The tenant that a path or a request names.
    pub(super) fn segment(&mut self, text: &str) -> Option<TenantSegment> {
        let known = TenantSegment::parse(text, &self.directories);
        if known.is_some() || !self.accepts(Unregistered::Tenant) {
            return known;
        }
        let text = text.to_ascii_lowercase();
        let id = match uuid::Uuid::try_parse(&text) {
            Ok(_) => text.clone(),
            Err(_) if is_domain(&text) => guid_of(&text),
            Err(_) => return None,
        };
        self.note(Unregistered::Tenant, &text);
        self.add_directory(&id, &text);
        Some(TenantSegment::Directory(id))
    }

    fn add_directory(&mut self, id: &str, domain: &str) {
        let known = self.directories.iter().any(|directory| directory.id.eq_ignore_ascii_case(id));
        if !known && self.directories.len() < NAMES_MAX {
            let (id, name) = (id.to_owned(), domain.to_owned());
            self.directories.push(Directory { id, domains: vec![domain.to_owned()], name });
        }
    }

    /// The accounts of this emulator.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &'static EmulatedAccount> {
        super::account::ACCOUNTS.iter().chain(self.people.iter().copied())
    }

    /// The account with this user name, letter case aside.
    pub(super) fn known_account(&self, username: &str) -> Option<&'static EmulatedAccount> {
        self.accounts().find(|account| account.username.eq_ignore_ascii_case(username))
    }

    /// The same, or a new account where every user name is accepted.
    pub(super) fn account(&mut self, username: &str) -> Option<&'static EmulatedAccount> {
        if let Some(known) = self.known_account(username) {
            return Some(known);
        }
        let username = username.to_ascii_lowercase();
        let (local, domain) = username.split_once('@')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "._%+-'#".contains(c);
        let is_name = !local.is_empty() && username.len() <= 254 && local.chars().all(plain);
        if !self.accepts(Unregistered::User) || !is_name || !is_domain(domain) {
            return None;
        }
        if NAMES_MAX <= self.people.len() {
            return None;
        }
        let personal = PERSONAL_DOMAINS.contains(&domain);
        let tid = if personal {
            CONSUMERS.to_owned()
        } else {
            match TenantSegment::parse(domain, &self.directories) {
                Some(TenantSegment::Directory(id)) => id,
                _ => guid_of(domain),
            }
        };
        if !personal {
            self.add_directory(&tid, domain);
        }
        self.note(Unregistered::User, &username);
        let (oid, tid): (&'static str, &'static str) = (guid_of(&username).leak(), tid.leak());
        let name: &'static str = display_name(local).leak();
        let username: &'static str = username.leak();
        let kind = if personal { AccountKind::Personal } else { AccountKind::Work };
        let account: &'static EmulatedAccount = Box::leak(Box::new(EmulatedAccount {
            username,
            name,
            kind,
            mailbox: true,
            oid,
            tid,
            uid: oid,
            utid: tid,
            upn: username,
        }));
        self.people.push(account);
        Some(account)
    }

    /// Makes the APIs and permissions of a request known, where every one is accepted.
    pub(super) fn accept_apis(&mut self, call: &Call) {
        if !self.accepts(Unregistered::Api) {
            return;
        }
        let scopes = call.parameter("scope").unwrap_or_default().to_owned();
        for scope in scopes.split(' ').filter(|scope| !scope.is_empty()) {
            if !OIDC_SCOPES.iter().any(|oidc| oidc.eq_ignore_ascii_case(scope)) {
                let (_, audience, name) = parts(scope);
                let name = if audience.is_empty() { scope } else { name };
                self.accept_api(audience, name);
            }
        }
        if let Some(resource) = call.parameter("resource") {
            let resource = resource.trim_end_matches('/').to_owned();
            self.accept_api(&resource, ".default");
        }
    }

    fn accept_api(&mut self, audience: &str, permission: &str) {
        let well_formed = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if permission.is_empty() || !permission.chars().all(well_formed) || permission.len() > 120 {
            return;
        }
        if NAMES_MAX <= self.accepted_apis {
            return;
        }
        let known = if audience.is_empty() {
            let extended = self.apis.iter().copied().find(|resource| **resource == GRAPH);
            Some(extended.unwrap_or(&GRAPH))
        } else {
            EmulatedResource::of_audience(audience, &self.apis)
        };
        let is_default = permission.eq_ignore_ascii_case(".default");
        let extended = match known {
            Some(resource) if is_default => {
                let Some(every) = resource.with_every_permission() else { return };
                every
            }
            Some(resource) if resource.permission(permission).is_some() => return,
            Some(resource) => resource.and(permission),
            None => {
                let first = if is_default { "user_impersonation" } else { permission };
                let Some(made) = unregistered_api(audience, first) else { return };
                made
            }
        };
        self.apis.retain(|resource| *resource != extended);
        self.apis.push(extended);
        self.accepted_apis += 1;
        let name = if audience.is_empty() {
            permission.to_owned()
        } else {
            format!("{audience}/{permission}")
        };
        self.note(Unregistered::Api, &name);
    }
}

/// Whether `text` is a name with a dot, such as a verified domain.
fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text.len() <= 253
        && text.split('.').all(|label| !label.is_empty())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
        && NamedHost::parse(text.as_bytes()).is_ok()
}

/// The same GUID for the same name.
pub(super) fn guid_of(name: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(name)[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// `Ada Lovelace` for `ada.lovelace`.
fn display_name(local: &str) -> String {
    let words = local.split(['.', '_', '-']).filter(|word| !word.is_empty()).map(|word| {
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_ascii_uppercase())
    });
    words.collect::<Vec<_>>().join(" ")
}
