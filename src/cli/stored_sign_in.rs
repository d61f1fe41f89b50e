//! Settings without an application, completed by the one application whose sign-ins are stored.

use std::collections::BTreeMap;

use url::Url;

use super::Failure;
use super::app::App;
use crate::config::{ConfigFile, Layer, Settings};
use entrada_auth::store::{
    AccountEntry, GrantQuery, Grants, LastRequest, StoreKind, application_defaults,
    read_account_list,
};
use entrada_auth::sys::Env;
use entrada_core::entra::clouds::Cloud;
use entrada_core::{Authority, clean, shell_quoted};

/// One application at one authority, as grants are filed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Application {
    authority: String,
    tenant: String,
    client_id: String,
}

impl Application {
    /// The one that `settings` name.
    pub(super) fn of(settings: &Settings) -> Result<Self, Failure> {
        let authority = settings.authority()?;
        Ok(Self {
            authority: authority.base(),
            tenant: authority.tenant().map(ToString::to_string).unwrap_or_default(),
            client_id: settings.client_id()?,
        })
    }

    /// The one that the grant of `entry` belongs to.
    pub(super) fn of_entry(entry: &AccountEntry) -> Self {
        Self {
            authority: entry.authority.clone(),
            tenant: entry.tenant.clone(),
            client_id: entry.client_id.clone(),
        }
    }

    pub(super) fn query(&self) -> GrantQuery<'_> {
        let Self { authority, tenant, client_id } = self;
        GrantQuery { authority, tenant, client_id }
    }

    /// The flags that select it.
    pub(super) fn flags(&self) -> Vec<String> {
        let public = Url::parse(&format!("https://{}", Cloud::default().facts().authority_host));
        let is_default = public.is_ok_and(|url| {
            !self.tenant.is_empty() && url.as_str().trim_end_matches('/') == self.authority
        });
        let mut words = Vec::new();
        let mut add = |flag: &str, value: &str| words.extend([flag.to_owned(), value.to_owned()]);
        add("--client-id", &self.client_id);
        if !self.tenant.is_empty() {
            add("--tenant", &self.tenant);
        }
        if !is_default {
            add("--authority", &self.authority);
        }
        words
    }

    /// The same as one text, to paste.
    pub(super) fn selectors(&self) -> String {
        let words = self.flags();
        words.iter().map(|word| shell_quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// The settings that select it, with what the account's last sign-in asked for.
    fn layer(&self, last: LastRequest) -> Layer {
        let LastRequest { jobs, scopes } = last;
        Layer {
            authority: Some(self.authority.clone()),
            tenant: Some(self.tenant.clone()).filter(|tenant| !tenant.is_empty()),
            client_id: Some(self.client_id.clone()),
            job: Some(jobs.iter().filter_map(|job| job.parse().ok()).collect::<Vec<_>>())
                .filter(|jobs| !jobs.is_empty()),
            scope: Some(scopes).filter(|scopes| !scopes.is_empty()),
            ..Layer::default()
        }
    }
}

/// Completes `settings` where they name neither a profile nor a client: with the authority, the tenant and the client of the
/// stored sign-ins, if all are of one application and that of no profile, and with the jobs and the scopes of the last sign-in of
/// the account that the run uses. No store is opened.
///
/// # Errors
///
/// Sign-ins of several applications are stored, or only those of profiles.
pub(super) fn complete(app: &App<'_, '_>, settings: Settings) -> Result<Settings, Failure> {
    if settings.profile.is_some() || settings.get(|layer| &layer.client_id).is_some() {
        return Ok(settings);
    }
    let (_, file) = app.config_file()?;
    let state_dir = app.paths()?.state;
    let kind = settings.get(|layer| &layer.store).unwrap_or_default();
    let mut stored: BTreeMap<Application, Vec<AccountEntry>> = BTreeMap::new();
    for entry in listed(&settings, kind, &state_dir) {
        stored.entry(Application::of_entry(&entry)).or_default().push(entry);
    }
    let profiles = applications_of_profiles(&file);
    let profile_of = |application: &Application| {
        profiles.iter().find(|(_, own)| own == application).map(|(name, _)| name.as_str())
    };
    let mut applications = stored.iter();
    match (applications.next(), applications.next()) {
        (None, _) => Ok(settings),
        (Some((application, entries)), None) if profile_of(application).is_none() => {
            let mut defaults = application_defaults(&state_dir, kind, &application.query());
            let account = match &entries[..] {
                [only] => Some(only.account.clone()),
                _ => defaults.account_of(None).map(str::to_owned),
            };
            let last = account.and_then(|account| defaults.last_requests.remove(&account));
            Ok(settings.with_stored(application.layer(last.unwrap_or_default())))
        }
        (_, second) => {
            let message = if second.is_none() {
                "no client id and no profile is named; the stored sign-ins are those of a profile"
            } else {
                "several sign-ins are stored, and no client id and no profile is named"
            };
            let help = stored.iter().map(|(application, entries)| {
                let flags = match profile_of(application) {
                    Some(name) => format!("--profile {}", shell_quoted(name)),
                    None => application.selectors(),
                };
                let labels: Vec<&str> = entries.iter().map(AccountEntry::label).collect();
                format!("for {}: add `{flags}`", labels.join(", "))
            });
            Err(help.fold(Failure::usage(message), Failure::help))
        }
    }
}

/// The stored sign-ins of the store `kind` that fit what `settings` say.
fn listed(settings: &Settings, kind: StoreKind, state_dir: &std::path::Path) -> Vec<AccountEntry> {
    let tenant = settings.get(|layer| &layer.tenant);
    let cloud = settings.get(|layer| &layer.cloud);
    let account = settings.get(|layer| &layer.account);
    let authority = settings.get(|layer| &layer.authority);
    let authority = authority.map(|url| {
        Authority::at(&url, tenant.as_deref()).map(|authority| authority.base()).unwrap_or(url)
    });
    let host_of = |url: &str| Url::parse(url).ok()?.host_str().map(str::to_owned);
    let mut entries = read_account_list(state_dir);
    entries.retain(|entry| {
        entry.store == kind
            && tenant.as_ref().is_none_or(|tenant| tenant.eq_ignore_ascii_case(&entry.tenant))
            && authority.as_ref().is_none_or(|authority| *authority == entry.authority)
            && account.as_ref().is_none_or(|account| entry.is_identified_by(account))
            && cloud.is_none_or(|cloud| {
                host_of(&entry.authority).and_then(|host| Cloud::of_authority_host(&host))
                    == Some(cloud)
            })
    });
    entries
}

/// The most other sign-ins that are named.
const NAMED_MAX: usize = 3;

/// Where `settings` select no stored sign-in: who is signed in otherwise, and how to use that. No store is opened.
pub(super) fn other_sign_ins(app: &App<'_, '_>, settings: &Settings) -> Vec<String> {
    let kind = settings.get(|layer| &layer.store).unwrap_or_default();
    let Ok(paths) = app.paths() else { return Vec::new() };
    let mut entries = read_account_list(&paths.state);
    entries.retain(|entry| entry.store == kind);
    // A sign-in at another authority is no way to a token of this one, unless a flag names the authority by mistake.
    if app.common.layer.authority.is_none()
        && let Ok(own) = Application::of(settings)
    {
        entries.retain(|entry| Application::of_entry(entry).authority == own.authority);
    }
    let is_selected = |settings: &Settings, entry: &AccountEntry| {
        let account = settings.get(|layer| &layer.account);
        Application::of(settings).is_ok_and(|own| own == Application::of_entry(entry))
            && account.is_none_or(|account| entry.is_identified_by(&account))
    };
    if entries.iter().any(|entry| is_selected(settings, entry)) {
        return Vec::new();
    }
    let Ok((_, file)) = app.config_file() else { return Vec::new() };
    let given = &app.common.layer;
    let profiles = applications_of_profiles(&file);
    let way_to = |entry: &AccountEntry| {
        // The flags that lead elsewhere.
        let differs = |given: Option<&String>, own: &str| {
            given.is_some_and(|given| !given.eq_ignore_ascii_case(own))
        };
        let mut layer = given.clone();
        let mut flags = Vec::new();
        for (flag, value, own) in [
            ("`--tenant`", &mut layer.tenant, &entry.tenant),
            ("`--client-id`", &mut layer.client_id, &entry.client_id),
            ("`--authority`", &mut layer.authority, &entry.authority),
        ] {
            if differs(value.as_ref(), own) {
                *value = None;
                flags.push(flag);
            }
        }
        if layer.account.as_ref().is_some_and(|account| !entry.is_identified_by(account)) {
            layer.account = None;
            flags.push("`--account`");
        }
        let profile = settings.profile.as_deref();
        let reduced = Settings::resolve(&file, profile, app.sys.env, layer);
        if !flags.is_empty() && reduced.is_ok_and(|reduced| is_selected(&reduced, entry)) {
            return format!("leave out {}", flags.join(" and "));
        }
        let application = Application::of_entry(entry);
        match profiles.iter().find(|(_, own)| *own == application) {
            Some((name, _)) => format!("use the profile {}", shell_quoted(name)),
            None => format!("use `{}`", application.selectors()),
        }
    };
    let mut lines: Vec<String> = entries
        .iter()
        .take(NAMED_MAX)
        .map(|entry| {
            format!("`{}` is signed in: for that one, {}", clean(entry.label()), way_to(entry))
        })
        .collect();
    if NAMED_MAX < entries.len() {
        lines.push("`entrada accounts` lists the others".to_owned());
    }
    lines
}

/// The profiles of the file, each with its application.
fn applications_of_profiles(file: &ConfigFile) -> Vec<(String, Application)> {
    let of = |name: &String| {
        let settings = Settings::resolve(file, Some(name), &Env::default(), Layer::default());
        Some((name.clone(), Application::of(&settings.ok()?).ok()?))
    };
    file.profiles.keys().filter_map(of).collect()
}

/// The profiles, without that of `settings`, that use one of the sign-ins `entries`.
pub(super) fn other_profiles_of(
    app: &App<'_, '_>,
    settings: &Settings,
    entries: &[AccountEntry],
) -> Vec<String> {
    let Ok((_, file)) = app.config_file() else { return Vec::new() };
    let uses = |name: &String| {
        let own = Settings::resolve(&file, Some(name), &Env::default(), Layer::default());
        let Ok(own) = own else { return false };
        let Ok(application) = Application::of(&own) else { return false };
        let account = own.get(|layer| &layer.account);
        let kind = own.get(|layer| &layer.store).unwrap_or_default();
        entries.iter().any(|entry| {
            Application::of_entry(entry) == application
                && entry.store == kind
                && account.as_ref().is_none_or(|account| entry.is_identified_by(account))
        })
    };
    let others = file.profiles.keys().filter(|name| Some(*name) != settings.profile.as_ref());
    others.filter(|name| uses(name)).cloned().collect()
}

/// The command that signs in to the application of `entry` again: with its profile, if one has that application.
pub(super) fn login_command(app: &App<'_, '_>, entry: &AccountEntry) -> String {
    let application = Application::of_entry(entry);
    let profiles = app.config_file().map(|(_, file)| applications_of_profiles(&file));
    let profiles = profiles.unwrap_or_default();
    match profiles.iter().find(|(_, own)| *own == application) {
        Some((name, _)) => format!("`entrada login {}`", shell_quoted(name)),
        None => format!("`entrada login {}`", application.selectors()),
    }
}

/// After a sign-in of `account` without a profile: remembers what it asked for, for a later run that names nothing.
pub(super) fn remember(settings: &Settings, grants: &Grants, account: &str) -> Result<(), Failure> {
    if settings.profile.is_some() {
        return Ok(());
    }
    let jobs = settings.jobs()?.iter().map(ToString::to_string).collect();
    let scopes = settings.scopes()?.iter().map(str::to_owned).collect();
    let application = Application::of(settings)?;
    let changed = grants.change_defaults(&application.query(), |defaults| {
        defaults.last_requests.insert(account.to_owned(), LastRequest { jobs, scopes });
    });
    Ok(changed?)
}
