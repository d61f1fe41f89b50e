//! The layers combined, and the settings derived from them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::in_file::FileText;
use super::{
    ConfigFile, JobName, JobTable, Layer, Origin, SettingsError, keys, nearest, variables,
};
use entrada_auth::flow::{Pins, SignInPage};
use entrada_auth::sys::Env;
use entrada_core::entra::clouds::Cloud;
use entrada_core::entra::jobs as entra_jobs;
use entrada_core::{Authority, Job, ScopeSet, Tenant, clean};

/// How long to wait for another process: longer than one refresh and one keyring call.
const LOCK_WAIT_DEFAULT: Duration = Duration::from_secs(60);

/// Settings for one run, which do not belong in a profile.
const ABOUT_ONE_RUN: [&str; 3] = ["quiet", "trace", "no-interactive"];

/// The variable with the user's home directory.
const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

/// All layers, weakest first.
#[derive(Clone, Debug)]
pub struct Settings {
    layers: Vec<(Origin, Layer)>,
    /// Jobs of the user's own.
    own_jobs: BTreeMap<String, JobTable>,
    /// Where the values of the file are.
    file: Option<FileText>,
    /// The profile in use.
    pub profile: Option<String>,
}

/// The rest of `path` after the folder `start`.
fn below<'p>(path: &'p str, start: &str) -> Option<&'p str> {
    path.strip_prefix(start)?.strip_prefix(std::path::is_separator)
}

/// `layer` of the file in `folder` with whole paths: `~/` is the home, and other relative paths begin in that folder. A word that
/// is no path by its looks and names no file stays: it may be a key in the place of its file, and is not to be shown.
fn placed(mut layer: Layer, folder: Option<&Path>, env: &Env) -> Layer {
    for path in layer.paths().into_iter().flatten() {
        let whole = match below(path, "~") {
            Some(rest) => env.path(HOME).map(|home| home.join(rest)),
            None => {
                let is_relative = [".", ".."].iter().any(|start| below(path, start).is_some());
                folder
                    .map(|folder| folder.join(below(path, ".").unwrap_or(path)))
                    .filter(|whole| is_relative || whole.exists())
            }
        };
        if let Some(whole) = whole {
            *path = whole.to_string_lossy().into_owned();
        }
    }
    layer
}

impl Settings {
    /// Puts `flags` over the environment over the profile of `file`.
    pub fn resolve(
        file: &ConfigFile,
        profile: Option<&str>,
        env: &Env,
        flags: Layer,
    ) -> Result<Self, SettingsError> {
        let named = profile.or_else(|| env.own("PROFILE")).map(str::to_owned);
        let of_env = variables::layer(env)?;
        let is_given = |field: fn(&Layer) -> &Option<String>| {
            field(&of_env).is_some() || field(&flags).is_some()
        };
        // A client id and a tenant are another application than that of the default profile, which nobody named.
        let is_other = named.is_none()
            && is_given(|layer| &layer.client_id)
            && is_given(|layer| &layer.tenant);
        let mut profile = named.or_else(|| file.default_profile.clone());
        let placed = |layer: &Layer| placed(layer.clone(), file.folder.as_deref(), env);
        let mut layers = vec![(Origin::Defaults, placed(&file.defaults))];
        if let Some(name) = &profile {
            let layer = file.profiles.get(name).ok_or_else(|| no_profile(file, name))?;
            let layer = if is_other { layer.without_identity() } else { layer.clone() };
            layers.push((Origin::Profile, placed(&layer)));
        }
        if is_other {
            profile = None;
        }
        layers.push((Origin::Env, of_env));
        layers.push((Origin::Flag, flags));
        Ok(Self { layers, own_jobs: file.jobs.clone(), file: file.text.clone(), profile })
    }

    /// `error` about `part` of the value of the first of `keys` that is set, with its place if the configuration file sets it.
    fn in_file(&self, keys: &[&str], part: &str, error: SettingsError) -> SettingsError {
        let origin = |key: &str| {
            let mut strongest = self.layers.iter().rev();
            strongest.find(|(_, layer)| layer.table().contains_key(key)).map(|(origin, _)| *origin)
        };
        let set = keys.iter().find_map(|key| Some((*key, origin(key)?)));
        match (set, &self.file) {
            (Some((key, origin)), Some(file)) => {
                file.placed((origin, self.profile.as_deref()), key, part, error)
            }
            _ => error,
        }
    }

    /// Below all other layers: what is known of the sign-in that is stored. A job that the file no longer has counts for nothing.
    pub fn with_stored(mut self, mut layer: Layer) -> Self {
        if let Some(jobs) = &mut layer.job {
            jobs.retain(|name| self.find_job(name).is_ok());
        }
        self.layers.insert(0, (Origin::Stored, layer));
        self
    }

    /// The strongest layer that sets `field`.
    fn pick<T: Clone>(&self, field: impl Fn(&Layer) -> &Option<T>) -> Option<T> {
        self.layers.iter().rev().find_map(|(_, layer)| field(layer).clone())
    }

    /// Where the value of `field` comes from; `None` if nothing sets it.
    pub fn origin<T>(&self, field: impl Fn(&Layer) -> &Option<T>) -> Option<Origin> {
        self.layers.iter().rev().find_map(|(origin, layer)| field(layer).as_ref().map(|_| *origin))
    }

    /// Every setting in effect that a layer gives: key, value, origin.
    pub fn given(&self) -> Vec<(String, toml::Value, Origin)> {
        let tables: Vec<_> =
            self.layers.iter().map(|(origin, layer)| (*origin, layer.table())).collect();
        let strongest = |key: &str| {
            tables.iter().rev().find_map(|(origin, table)| Some((table.get(key)?.clone(), *origin)))
        };
        let displaced = self.displaced();
        keys()
            .iter()
            .filter(|key| Some(key.as_str()) != displaced)
            .filter_map(|key| strongest(key).map(|(value, origin)| (key.clone(), value, origin)))
            .collect()
    }

    /// What a profile has to hold to be these settings: all that is set, except by `[defaults]`, and except what is about one run.
    pub fn for_profile(&self) -> Layer {
        let strongest = self.given().into_iter().filter(|(key, _, origin)| {
            *origin != Origin::Defaults && !ABOUT_ONE_RUN.contains(&key.as_str())
        });
        let table: toml::Table = strongest.map(|(key, value, _)| (key, value)).collect();
        table.try_into().unwrap_or_default()
    }

    /// A boolean setting; false by default.
    pub fn is(&self, field: impl Fn(&Layer) -> &Option<bool>) -> bool {
        self.pick(field).unwrap_or(false)
    }

    /// A setting as given, without a default.
    pub fn get<T: Clone>(&self, field: impl Fn(&Layer) -> &Option<T>) -> Option<T> {
        self.pick(field)
    }

    /// Which cloud: the one named, else the one that the authority belongs to, else the public one.
    pub fn cloud(&self) -> Cloud {
        self.pick(|layer| &layer.cloud)
            .or_else(|| {
                let authority = self.pick(|layer| &layer.authority)?;
                let host = url::Url::parse(&authority).ok()?.host_str()?.to_owned();
                Cloud::of_authority_host(&host)
            })
            .unwrap_or_default()
    }

    /// Who issues tokens. A named authority with a tenant, or one of Entra's own hosts, has Entra's shape; any other is
    /// an issuer whose discovery document tells its endpoints.
    pub fn authority(&self) -> Result<Authority, SettingsError> {
        self.named_authority().map_err(|error| match error {
            SettingsError::Tenant(_) | SettingsError::TwoTenants(..) => {
                self.in_file(&["tenant", "authority"], "", error)
            }
            _ => self.in_file(&["authority"], "", error),
        })
    }

    fn named_authority(&self) -> Result<Authority, SettingsError> {
        let tenant = self.pick(|layer| &layer.tenant);
        match self.pick(|layer| &layer.authority) {
            Some(url) => Ok(Authority::at(&url, tenant.as_deref())?),
            None => {
                let host = format!("https://{}", self.cloud().facts().authority_host);
                let tenant = Tenant::parse(tenant.as_deref().unwrap_or(Tenant::COMMON))?;
                Ok(Authority::parse(&host, Some(tenant))?)
            }
        }
    }

    /// The application; checked, because it goes into URLs and store keys.
    pub fn client_id(&self) -> Result<String, SettingsError> {
        let id = self.pick(|layer| &layer.client_id).ok_or(SettingsError::NoClientId)?;
        let ok = |c: char| c.is_ascii_alphanumeric() || "-._~:/".contains(c);
        if id.is_empty() || 256 < id.len() || !id.chars().all(ok) {
            let error = SettingsError::ClientId(clean(&id).chars().take(80).collect());
            return Err(self.in_file(&["client-id"], "", error));
        }
        Ok(id)
    }

    /// Refuses an application that Entra cannot know: its ids are GUIDs, and those of old registrations for personal accounts
    /// have 16 hexadecimal digits.
    pub fn check_client_id(&self) -> Result<(), SettingsError> {
        let id = self.client_id()?;
        let is_old = id.len() == 16 && id.chars().all(|c| c.is_ascii_hexdigit());
        if is_old || uuid::Uuid::try_parse(&id).is_ok() {
            return Ok(());
        }
        Err(self.in_file(&["client-id"], "", SettingsError::NoGuid(id)))
    }

    /// The jobs that were named, in order.
    pub fn jobs(&self) -> Result<Vec<Job>, SettingsError> {
        if self.displaced() == Some("job") {
            return Ok(Vec::new());
        }
        let names = self.pick(|layer| &layer.job).unwrap_or_default();
        let find = |name: &JobName| {
            self.find_job(name).map_err(|error| self.in_file(&["job"], &name.to_string(), error))
        };
        names.iter().map(find).collect()
    }

    /// `job` and `scope` both say what to ask for. Named in one place they add up; else the one that was named more closely,
    /// such as by a flag over a profile, displaces the other, whose key this is. A job that brings no scopes, such as `custom`,
    /// leaves those that there are.
    fn displaced(&self) -> Option<&'static str> {
        let closest = |names: fn(&Layer) -> usize| {
            self.layers.iter().rposition(|(_, layer)| 0 < names(layer))
        };
        let job = closest(|layer| layer.job.as_ref().map_or(0, Vec::len))?;
        let scope = closest(|layer| layer.scope.as_ref().map_or(0, Vec::len))?;
        let brings_scopes = |name: &JobName| {
            self.find_job(name).map_or(true, |job| !entra_jobs::facts(job).scopes.is_empty())
        };
        match job.cmp(&scope) {
            Ordering::Less => Some("job"),
            Ordering::Greater => {
                let (_, layer) = self.layers.get(job)?;
                layer.job.iter().flatten().any(brings_scopes).then_some("scope")
            }
            Ordering::Equal => None,
        }
    }

    /// The job called `name`: on record, or of the user's own.
    pub fn job(&self, name: &str) -> Result<Job, SettingsError> {
        self.find_job(&name.parse().map_err(SettingsError::Job)?)
    }

    /// Every job of the user's own.
    pub fn own_jobs(&self) -> Result<Vec<Job>, SettingsError> {
        self.own_jobs.keys().map(|name| self.job(name)).collect()
    }

    fn find_job(&self, name: &JobName) -> Result<Job, SettingsError> {
        name.find(|name| self.own_jobs.get(name), self.own_jobs.keys().map(String::as_str))
            .map_err(SettingsError::Job)
    }

    /// The scopes that were named, checked (RFC 6749 §3.3).
    pub fn scopes(&self) -> Result<ScopeSet, SettingsError> {
        if self.displaced() == Some("scope") {
            return Ok(ScopeSet::default());
        }
        let named = self.pick(|layer| &layer.scope).unwrap_or_default();
        let scopes: ScopeSet = named.iter().flat_map(|text| text.split_whitespace()).collect();
        let ok = |c: char| c.is_ascii_graphic() && !"\"\\,".contains(c);
        if let Some(bad) = scopes.iter().find(|scope| !scope.chars().all(ok)) {
            let error = SettingsError::Scope(clean(bad).chars().take(120).collect());
            return Err(self.in_file(&["scope"], bad, error));
        }
        Ok(scopes)
    }

    /// Whether a refresh token is requested; true by default.
    pub fn offline(&self) -> bool {
        self.pick(|layer| &layer.offline).unwrap_or(true)
    }

    /// What to ask for: the named scopes and those of `jobs`; without either, those of the default job. With
    /// the scopes for an account's name and, by default, a refresh token.
    pub fn request_scopes(&self, jobs: &[Job]) -> Result<ScopeSet, SettingsError> {
        let mut scopes = self.scopes()?;
        let named = !scopes.api().is_empty() || scopes.contains("openid");
        let plain_issuer = matches!(self.authority()?, Authority::Issuer { .. });
        let default = (jobs.is_empty() && !named && !plain_issuer).then(Job::default);
        for job in jobs.iter().copied().chain(default) {
            for scope in entra_jobs::scopes_in(job, self.cloud()) {
                scopes.insert(scope);
            }
            if job == Job::Custom && scopes.api().is_empty() {
                return Err(SettingsError::NoScope);
            }
        }
        scopes.insert("openid");
        scopes.insert("profile");
        if self.offline() {
            scopes.insert("offline_access");
        }
        Ok(scopes)
    }

    /// The options for the sign-in page.
    pub fn page(&self) -> SignInPage {
        let default = SignInPage::default();
        SignInPage {
            redirect_uri: self.pick(|layer| &layer.redirect_uri).unwrap_or(default.redirect_uri),
            response_mode: self.pick(|layer| &layer.response_mode),
            prompt: self.pick(|layer| &layer.prompt),
            login_hint: self.pick(|layer| &layer.login_hint),
            domain_hint: self.pick(|layer| &layer.domain_hint),
            parameters: self.pick(|layer| &layer.param).unwrap_or_default(),
            open: !self.is(|layer| &layer.no_browser),
            timeout: self.pick(|layer| &layer.timeout).map(|span| span.0),
            ..SignInPage::default()
        }
    }

    /// Who must have signed in.
    pub fn pins(&self) -> Pins {
        Pins { tid: self.pick(|layer| &layer.tid), oid: self.pick(|layer| &layer.oid) }
    }

    /// How long to wait for another process.
    pub fn lock_wait(&self) -> Duration {
        self.pick(|layer| &layer.lock_timeout).map_or(LOCK_WAIT_DEFAULT, |span| span.0)
    }
}

fn no_profile(file: &ConfigFile, name: &str) -> SettingsError {
    let names = || file.profiles.keys().map(String::as_str);
    let near = match nearest(name, names()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if file.profiles.is_empty() => match &file.path {
            Some(path) if path.exists() => format!("; {} has none", clean(&path.to_string_lossy())),
            Some(path) => {
                format!("; there is no configuration file at {}", clean(&path.to_string_lossy()))
            }
            None => String::new(),
        },
        None => format!("; there are: {}", names().collect::<Vec<_>>().join(", ")),
    };
    let has_none = file.profiles.is_empty();
    SettingsError::NoProfile { name: clean(name).into_owned(), near, has_none }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
