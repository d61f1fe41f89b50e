//! The layers put together, and what follows from them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::file::nearest;
use super::{
    ConfigFile, JobName, JobTable, Layer, Origin, SettingsError, Span, authority, keys, variables,
};
use crate::entra::clouds::Cloud;
use crate::entra::jobs as entra_jobs;
use crate::flow::{Pins, SignInPage};
use crate::model::{Authority, Job, ScopeSet, Tenant, clean};
use crate::sys::Env;

/// How long to wait for another process: longer than one refresh and one keyring call.
const LOCK_WAIT_DEFAULT: Duration = Duration::from_secs(60);

/// All layers, weakest first.
#[derive(Clone, Debug)]
pub struct Settings {
    layers: Vec<(Origin, Layer)>,
    /// Jobs of the user's own.
    own_jobs: BTreeMap<String, JobTable>,
    /// The profile in use.
    pub profile: Option<String>,
}

impl Settings {
    /// Puts `flags` over the environment over the profile of `file`.
    pub fn resolve(
        file: &ConfigFile,
        profile: Option<&str>,
        env: &Env,
        flags: Layer,
    ) -> Result<Self, SettingsError> {
        let profile = profile
            .map(str::to_owned)
            .or_else(|| env.get("ENTRADA_PROFILE").map(str::to_owned))
            .or_else(|| file.default_profile.clone());
        let mut layers = vec![(Origin::Defaults, file.defaults.clone())];
        if let Some(name) = &profile {
            let layer = file.profiles.get(name).ok_or_else(|| no_profile(file, name))?;
            layers.push((Origin::Profile, layer.clone()));
        }
        layers.push((Origin::Env, variables::layer(env)?));
        layers.push((Origin::Flag, flags));
        Ok(Self { layers, own_jobs: file.jobs.clone(), profile })
    }

    /// The strongest layer that says something about `field`.
    fn pick<T: Clone>(&self, field: impl Fn(&Layer) -> &Option<T>) -> Option<T> {
        self.layers.iter().rev().find_map(|(_, layer)| field(layer).clone())
    }

    /// Every setting that some layer gives: key, value, origin.
    pub fn given(&self) -> Vec<(String, toml::Value, Origin)> {
        let tables: Vec<_> =
            self.layers.iter().map(|(origin, layer)| (*origin, layer.table())).collect();
        let strongest = |key: &str| {
            tables.iter().rev().find_map(|(origin, table)| Some((table.get(key)?.clone(), *origin)))
        };
        keys()
            .iter()
            .filter_map(|key| strongest(key).map(|(value, origin)| (key.clone(), value, origin)))
            .collect()
    }

    /// A flag-like setting; off unless some layer says otherwise.
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
        let tenant = self.pick(|layer| &layer.tenant);
        match self.pick(|layer| &layer.authority) {
            Some(url) => authority::named(&url, tenant),
            None => {
                let host = format!("https://{}", self.cloud().facts().authority_host);
                let tenant = Tenant::parse(tenant.as_deref().unwrap_or(authority::TENANT_DEFAULT))?;
                Ok(Authority::parse(&host, Some(tenant))?)
            }
        }
    }

    /// The application; checked, because it goes into URLs and store keys.
    pub fn client_id(&self) -> Result<String, SettingsError> {
        let id = self.pick(|layer| &layer.client_id).ok_or(SettingsError::NoClientId)?;
        let ok = |c: char| c.is_ascii_alphanumeric() || "-._~:/".contains(c);
        if id.is_empty() || 256 < id.len() || !id.chars().all(ok) {
            return Err(SettingsError::ClientId(clean(&id).chars().take(80).collect()));
        }
        Ok(id)
    }

    /// The jobs that were named, in order.
    pub fn jobs(&self) -> Result<Vec<Job>, SettingsError> {
        // Scopes that were named more closely than a job, such as by a flag over a profile, are what is meant.
        let last = |has: fn(&Layer) -> bool| self.layers.iter().rposition(|(_, layer)| has(layer));
        if last(|layer| layer.job.is_some()) < last(|layer| layer.scope.is_some()) {
            return Ok(Vec::new());
        }
        let names = self.pick(|layer| &layer.job).unwrap_or_default();
        names.iter().map(|name| self.find_job(name)).collect()
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
        let named = self.pick(|layer| &layer.scope).unwrap_or_default();
        let scopes: ScopeSet = named.iter().flat_map(|text| text.split_whitespace()).collect();
        let ok = |c: char| c.is_ascii_graphic() && !"\"\\,".contains(c);
        if let Some(bad) = scopes.iter().find(|scope| !scope.chars().all(ok)) {
            return Err(SettingsError::Scope(clean(bad).chars().take(120).collect()));
        }
        Ok(scopes)
    }

    /// Whether a refresh token is wanted; yes unless told otherwise.
    pub fn offline(&self) -> bool {
        self.pick(|layer| &layer.offline).unwrap_or(true)
    }

    /// What to ask for: the named scopes and those of `jobs`; without either, those of the default job. With
    /// the scopes that bring an account's name and, unless told otherwise, a refresh token.
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

    /// What the sign-in page is asked for.
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
            timeout: self
                .pick(|layer| &layer.timeout)
                .map(|Span(seconds)| Duration::from_secs(seconds.into())),
            ..SignInPage::default()
        }
    }

    /// Who must have signed in.
    pub fn pins(&self) -> Pins {
        Pins { tid: self.pick(|layer| &layer.tid), oid: self.pick(|layer| &layer.oid) }
    }

    /// How long to wait for another process.
    pub fn lock_wait(&self) -> Duration {
        self.pick(|layer| &layer.lock_timeout)
            .map_or(LOCK_WAIT_DEFAULT, |Span(seconds)| Duration::from_secs(seconds.into()))
    }
}

fn no_profile(file: &ConfigFile, name: &str) -> SettingsError {
    let names = || file.profiles.keys().map(String::as_str);
    let near = match nearest(name, names()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if file.profiles.is_empty() => {
            "; the configuration file has none (`entrada config path` tells where it is)".to_owned()
        }
        None => format!("; there are: {}", names().collect::<Vec<_>>().join(", ")),
    };
    SettingsError::NoProfile { name: clean(name).into_owned(), near }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(variables: &[(&str, &str)]) -> Env {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
    }

    const FILE: &str = "
        [defaults]
        tenant = 'organizations'
        client-id = 'of-defaults'
        [profiles.work]
        client-id = 'of-work'
        job = ['imap']
    ";

    fn settings(profile: Option<&str>, variables: &[(&str, &str)], flags: Layer) -> Settings {
        let file = ConfigFile::parse(FILE).unwrap();
        Settings::resolve(&file, profile, &env(variables), flags).unwrap()
    }

    #[test]
    fn a_flag_beats_a_variable_beats_the_profile_beats_the_defaults() {
        let flags = Layer { client_id: Some("of-flag".into()), ..Layer::default() };
        let variable = [("ENTRADA_CLIENT_ID", "of-env")];
        for (found, expected) in [
            (settings(None, &[], Layer::default()), "of-defaults"),
            (settings(Some("work"), &[], Layer::default()), "of-work"),
            (settings(Some("work"), &variable, Layer::default()), "of-env"),
            (settings(Some("work"), &variable, flags), "of-flag"),
        ] {
            assert_eq!(found.client_id().unwrap(), expected);
        }
    }

    #[test]
    fn every_value_knows_its_origin() {
        let found = settings(Some("work"), &[("ENTRADA_STRICT", "yes")], Layer::default());
        let origins: Vec<(String, Origin)> =
            found.given().into_iter().map(|(key, _, origin)| (key, origin)).collect();
        assert_eq!(
            origins,
            [
                ("tenant".to_owned(), Origin::Defaults),
                ("client-id".to_owned(), Origin::Profile),
                ("job".to_owned(), Origin::Profile),
                ("strict".to_owned(), Origin::Env),
            ]
        );
    }

    #[test]
    fn variables_have_the_types_of_their_keys() {
        let found = settings(
            None,
            &[
                ("ENTRADA_JOB", "imap,smtp"),
                ("ENTRADA_SCOPE", "a b"),
                ("ENTRADA_MIN_TTL", "10m"),
                ("ENTRADA_STORE", "file"),
                ("ENTRADA_OFFLINE", "0"),
            ],
            Layer::default(),
        );
        assert_eq!(found.jobs().unwrap(), [Job::Imap, Job::Smtp]);
        assert_eq!(found.scopes().unwrap(), ScopeSet::parse("a b"));
        assert_eq!(found.get(|layer| &layer.min_ttl), Some(Span(600)));
        assert!(!found.offline());
        let bad = Settings::resolve(
            &ConfigFile::default(),
            None,
            &env(&[("ENTRADA_STORE", "cellar")]),
            Layer::default(),
        );
        assert!(
            bad.unwrap_err().to_string().starts_with("the variable ENTRADA_STORE does not fit")
        );
    }

    #[test]
    fn scopes_that_could_break_out_of_the_request_are_refused() {
        for scope in ["a\"b", "a\\b", "a,b", "a\u{1}b", "ä"] {
            let flags = Layer { scope: Some(vec![scope.into()]), ..Layer::default() };
            let settings =
                Settings::resolve(&ConfigFile::default(), None, &Env::default(), flags).unwrap();
            assert!(settings.scopes().is_err(), "{scope:?}");
        }
    }

    #[test]
    fn a_job_of_ones_own_is_found_and_a_slip_is_met_with_the_nearest_name() {
        let file = ConfigFile::parse(
            "[jobs.crm]\naudience = 'api://crm'\nscope = ['api://crm/Orders.Read']",
        );
        let file = file.unwrap();
        let resolve = |job: &str| {
            let flags = Layer { job: Some(vec![job.parse().unwrap()]), ..Layer::default() };
            Settings::resolve(&file, None, &Env::default(), flags).unwrap()
        };
        let jobs = resolve("CRM").jobs().unwrap();
        assert_eq!(jobs[0].id(), "crm");
        assert_eq!(
            resolve("crm").request_scopes(&jobs).unwrap().api().to_string(),
            "api://crm/Orders.Read"
        );
        assert_eq!(
            resolve("imp").jobs().unwrap_err().to_string(),
            "there is no job `imp`; did you mean `imap`?"
        );
    }

    #[test]
    fn a_job_brings_its_scopes_and_offline_access() {
        let found = settings(Some("work"), &[], Layer::default());
        assert_eq!(
            found.request_scopes(&[Job::Imap]).unwrap().to_string(),
            "https://outlook.office.com/IMAP.AccessAsUser.All offline_access openid profile"
        );
    }

    #[test]
    fn a_profile_that_is_not_there_is_named_with_its_neighbour() {
        let file = ConfigFile::parse(FILE).unwrap();
        let error = Settings::resolve(&file, Some("wrk"), &Env::default(), Layer::default());
        assert_eq!(
            error.unwrap_err().to_string(),
            "there is no profile `wrk`; did you mean `work`?"
        );
    }
}
