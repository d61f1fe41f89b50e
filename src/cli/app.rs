//! What every command starts from: the settings, the store, the request.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::files::Files;
use super::input::{read_text, text_of};
use super::stored_sign_in::{self, Application};
use super::ui::Ui;
use super::{Common, Exit, Failure, output};
use crate::config::{
    ConfigError, ConfigFile, Layer, Origin, Paths, Policy, Settings, Span, variables,
};
use crate::render;
use entrada_auth::flow::{AllowedFlows, FlowKind, SignInPage, TokenRequest};
use entrada_auth::store::{AccountEntry, Grants, Interaction};
use entrada_auth::sys::{
    Bundle, CERTIFICATES_MAX, FileTrust, InputFileError, SMALL_FILE_MAX, Stream, Sys,
    read_input_file,
};
use entrada_auth::trace::Recorder;
use entrada_core::har::TraceSummary;
use entrada_core::oauth::challenge::{self, ChallengeError};
use entrada_core::{Authority, ClaimsRequest, Job, Redactor, Secret, clean, shell_quoted};
use entrada_diagnose::{self as diagnose, Context, Diagnosis, Evidence, Verdict};

/// One run of the program.
pub(super) struct App<'a, 't> {
    pub(super) sys: &'a Sys<'a>,
    pub(super) stdin: &'a mut dyn Read,
    pub(super) stdout: &'a mut dyn Write,
    pub(super) ui: &'a Ui<'t>,
    pub(super) recorder: &'a Recorder,
    /// Every secret of this run, for redaction.
    pub(super) redactor: &'a Redactor,
    /// What is read and written.
    pub(super) files: Files,
    pub(super) common: Common,
    /// The passphrase of the `file` store, once it was typed.
    pub(super) passphrase: RefCell<Option<Secret>>,
}

impl App<'_, '_> {
    /// Writes a document to stdout, without secrets in its texts.
    pub(super) fn json(&mut self, document: &impl serde::Serialize) -> std::io::Result<()> {
        let document = self.redactor.value(serde_json::to_value(document)?);
        render::json::write(self.stdout, &document)
    }

    /// Writes text for people to stdout, without secrets.
    pub(super) fn show(&mut self, text: &[u8]) -> std::io::Result<()> {
        let text = String::from_utf8_lossy(text);
        self.stdout.write_all(self.redactor.text(&text).as_bytes())
    }

    /// The folders of this user's files.
    pub(super) fn paths(&self) -> Result<Paths, Failure> {
        Paths::of(self.sys.env).map_err(|error| Failure::usage(error.to_string()))
    }

    /// The configuration file that a flag or a variable names.
    pub(super) fn named_config(&self) -> Option<PathBuf> {
        let by_variable = || self.sys.env.own("CONFIG").map(PathBuf::from);
        self.common.config.clone().or_else(by_variable)
    }

    /// The configuration file and where it is.
    pub(super) fn config_file(&self) -> Result<(PathBuf, ConfigFile), Failure> {
        let asked_for = self.named_config();
        let named = asked_for.is_some();
        let path = match asked_for {
            Some(path) => path,
            None => self.paths()?.config.join("config.toml"),
        };
        self.reading(&path)?;
        let text = ConfigFile::read_text(&path, named).map_err(|error| {
            let is_missing =
                matches!(&error, ConfigError::Read { source, .. } if source.is_not_found());
            let mut failure = Failure::from(error);
            if is_missing {
                let by = if self.common.config.is_some() {
                    "`--config`"
                } else {
                    "the variable ENTRADA_CONFIG"
                };
                let path = clean(&path.to_string_lossy()).into_owned();
                failure.message =
                    format!("{by} names a configuration file that is not there: {path}");
            }
            failure
        })?;
        // Before any message quotes the file.
        self.ui.learn_settings(&text);
        let file = ConfigFile::read_from(&path, &text)?;
        Ok((path, file))
    }

    /// What can be used of a configuration file with a fault.
    pub(super) fn usable_config(&self) -> ConfigFile {
        let path =
            self.named_config().or_else(|| Some(self.paths().ok()?.config.join("config.toml")));
        let text = path.and_then(|path| ConfigFile::read_text(&path, false).ok());
        ConfigFile::usable_part(&text.unwrap_or_default())
    }

    /// The settings with `profile`; trusts the extra certificates that they name.
    pub(super) fn settings(&self, profile: Option<&str>) -> Result<Settings, Failure> {
        let (_, file) = self.config_file()?;
        self.settings_of(&file, profile)
    }

    /// The same for a command that uses a stored sign-in: where they name no client, the sign-in that is stored without a profile
    /// does, if there is one.
    pub(super) fn settings_of_sign_in(&self, profile: Option<&str>) -> Result<Settings, Failure> {
        stored_sign_in::complete(self, self.settings(profile)?)
    }

    /// The same, from a file that was read before.
    pub(super) fn settings_of(
        &self,
        file: &ConfigFile,
        profile: Option<&str>,
    ) -> Result<Settings, Failure> {
        let profile = profile.or(self.common.profile.as_deref());
        let settings = Settings::resolve(file, profile, self.sys.env, self.common.layer.clone())?;
        for (name, near) in variables::strange(self.sys.env) {
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            self.ui.line(format!("warning: entrada does not know the variable {name}{near}"));
        }
        if let Some(path) = settings.get(|layer| &layer.ca_bundle) {
            self.reading(Path::new(&path))?;
            let read = read_input_file(Path::new(&path), CERTIFICATES_MAX, FileTrust::Unaltered);
            let pem = read.map_err(|error| {
                let failure =
                    Failure::usage(format!("cannot read the certificates in `{path}`: {error}"));
                match error {
                    InputFileError::Owner { .. } => failure.help(
                        "its owner could exchange it: copy the file to a folder of your own, and name the copy",
                    ),
                    _ => failure,
                }
            })?;
            let pem = pem.to_vec();
            // Checked when a request is sent: a stored token needs no certificates.
            self.sys.http.trust(Bundle { file: path, pem });
        }
        Ok(settings)
    }

    /// Whether the user may be asked: there is a terminal, and no setting forbids it.
    pub(super) fn interaction(&self, settings: &Settings) -> Interaction {
        let forbidden = settings.is(|layer| &layer.no_interactive)
            || self.sys.env.is_ci()
            || !self.sys.terminal.is_terminal(Stream::Stdin)
            || !self.ui.to_terminal;
        if forbidden { Interaction::Forbidden } else { Interaction::Allowed }
    }

    /// A request for the scopes of `jobs`.
    pub(super) fn request(
        &self,
        settings: &Settings,
        jobs: &[Job],
        interaction: Interaction,
    ) -> Result<TokenRequest, Failure> {
        let (authority, allowed_flows) = self.limited(settings)?;
        Ok(TokenRequest {
            authority,
            client_id: settings.client_id()?,
            scopes: settings.request_scopes(jobs)?,
            account: settings.get(|layer| &layer.account),
            pins: settings.pins(),
            min_ttl: settings.get(|layer| &layer.min_ttl).map(Span::seconds),
            flow: settings.get(|layer| &layer.flow).unwrap_or_default(),
            allowed_flows,
            page: SignInPage { unattended: self.sys.env.is_ci(), ..settings.page() },
            force_refresh: false,
            interaction,
            claims: self.claims(settings)?,
            challenge: None,
            lock_wait: settings.lock_wait(),
        })
    }

    /// The administrator's limits, if there are any.
    pub(super) fn policy(&self) -> Result<Option<Policy>, Failure> {
        Ok(self.sys.policy_file.map(Policy::read).transpose()?.flatten())
    }

    /// The authority of `settings`, which must be allowed, and the flows that are allowed there; `None` if none is forbidden.
    pub(super) fn limited(
        &self,
        settings: &Settings,
    ) -> Result<(Authority, Option<AllowedFlows>), Failure> {
        let authority = settings.authority()?;
        let policy = self.policy()?;
        if let Some(policy) = &policy {
            policy.check(&authority)?;
        }
        let by_policy = policy.and_then(|policy| policy.flows());
        let own = settings.is(|layer| &layer.no_device).then(|| {
            AllowedFlows::new(vec![FlowKind::Browser, FlowKind::Paste], "the setting `no-device`")
        });
        Ok((
            authority,
            match (by_policy, own) {
                (Some(by_policy), Some(own)) => Some(by_policy.and(&own)),
                (by_policy, own) => by_policy.or(own),
            },
        ))
    }

    /// Begins the trace of `command` for `jobs`, if one is requested.
    pub(super) fn trace(
        &self,
        settings: &Settings,
        command: &str,
        jobs: &[Job],
    ) -> Result<(), Failure> {
        let Some(path) = settings.get(|layer| &layer.trace) else { return Ok(()) };
        let about = TraceSummary {
            command: Some(command.to_owned()),
            jobs: jobs.iter().map(ToString::to_string).collect(),
            account: settings
                .get(|layer| &layer.account)
                .or_else(|| settings.get(|layer| &layer.login_hint))
                .map(|account| self.ui.hide(&account).into_owned()),
            exit: None,
        };
        let announce = !settings.is(|layer| &layer.quiet);
        let path = Path::new(&path);
        self.writing("--trace", path)?;
        self.recorder
            .start(self.sys, path, about, announce)
            .map_err(|error| output::failed("the trace", "--trace", path, &error))
    }

    /// The claims to request: those in the settings, and the capability.
    fn claims(&self, settings: &Settings) -> Result<Option<ClaimsRequest>, Failure> {
        let named = settings.get(|layer| &layer.claims);
        let named = named.filter(|text| !text.trim().is_empty()).map(|text| {
            let json = match text.strip_prefix('@') {
                Some(path) => {
                    self.reading(Path::new(path))?;
                    claims_in(path)?
                }
                None => Secret::new(text.as_str()),
            };
            ClaimsRequest::parse(json.expose()).map_err(|error| {
                let what = match text.strip_prefix('@') {
                    Some(path) => format!("the file `{path}`"),
                    None => "the value of `--claims`".to_owned(),
                };
                Failure::usage(format!("{what} is not a claims request: {error}")).help(
                    "write them as `--claims '{\"access_token\":{\"acrs\":{\"essential\":true,\"value\":\"c1\"}}}'`, \
                     or into a file and give `--claims @FILE`; for a service's challenge, use `--challenge`",
                )
            })
        });
        let declared = settings.is(|layer| &layer.cp1).then(ClaimsRequest::cp1);
        Ok(ClaimsRequest::merge(declared.as_ref(), named.transpose()?.as_ref()))
    }

    /// What a service asked for when it refused a token: `@FILE`, `-` for standard input, or the text itself.
    pub(super) fn challenge(
        &mut self,
        given: Option<&str>,
    ) -> Result<Option<ClaimsRequest>, Failure> {
        let Some(given) = given else { return Ok(None) };
        let text = match given.strip_prefix('@') {
            Some(path) => read_text(&mut self.open("the challenge", path)?)?,
            None if given == "-" => self.input(Some("-"))?,
            None => Secret::new(given),
        };
        challenge::read(text.expose()).map(Some).map_err(|error| {
            let failure = Failure::usage(format!("the challenge cannot be answered: {error}"));
            match error {
                ChallengeError::NoClaims => {
                    failure.help("to see why the token was refused, give the whole answer to `entrada diagnose`")
                }
                ChallengeError::None | ChallengeError::Claims(_) => failure.help(
                    "give the service's whole answer (`curl -i … | entrada token --challenge -`), its \
                     `WWW-Authenticate` header, or a file with either (`--challenge @FILE`)",
                ),
            }
        })
    }

    /// An empty case with the context of `request`.
    pub(super) fn evidence(
        &self,
        settings: &Settings,
        request: &TokenRequest,
        job: Option<Job>,
    ) -> Evidence {
        // A provider other than Entra has no mailboxes.
        let job = job.or(match &request.authority {
            Authority::Issuer { .. } => Some(Job::None),
            Authority::Entra { .. } => None,
        });
        Evidence {
            now: Some(self.sys.clock.now()),
            redactor: self.redactor.clone(),
            context: Context {
                job,
                subject: settings.get(|layer| &layer.subject),
                requested: Some(request.scopes.clone()),
                client_id: Some(request.client_id.clone()),
                authority: Some(request.authority.base()),
                tenant: request.authority.tenant().map(ToString::to_string),
                account: settings.get(|layer| &layer.account),
                audience: settings.get(|layer| &layer.audience),
                cloud: settings.get(|layer| &layer.cloud),
                profile: settings.profile.as_deref().map(shell_quoted),
                selectors: Some(self.selectors()).filter(|words| !words.is_empty()),
                wanted: Some(self.wanted()),
                offline: Some(settings.offline()),
                ..Context::default()
            },
            ..Evidence::default()
        }
    }

    /// Checks a request before it is sent. An error reports what the authority would refuse, or answer with a token that cannot
    /// do its job. The diagnosis is returned so that the caller can show its warnings.
    pub(super) fn lint(
        &self,
        settings: &Settings,
        request: &TokenRequest,
        job: Option<Job>,
    ) -> Result<Diagnosis, Failure> {
        if matches!(request.authority, Authority::Entra { .. }) {
            settings.check_client_id()?;
        }
        let mut evidence = self.evidence(settings, request, job);
        if let Authority::Issuer { .. } = &request.authority {
            // The rules for scopes apply to Entra only.
            evidence.context.requested = None;
        }
        let diagnosis = diagnose::judge(&evidence);
        if diagnosis.verdict == Verdict::Problem {
            return Err(Failure::new(Exit::Usage, "").judged(diagnosis));
        }
        Ok(diagnosis)
    }

    /// The stored grants that the settings select: by authority, tenant, client and, if given, account.
    pub(super) fn selected(
        settings: &Settings,
        grants: &Grants,
    ) -> Result<Vec<AccountEntry>, Failure> {
        let mut entries = grants.list()?;
        let application = Application::of(settings)?;
        let account = settings.get(|layer| &layer.account);
        entries.retain(|entry| application.query().fits(entry));
        Ok(grants.filter_by_account(entries, account.as_deref()))
    }

    /// The profile and the flags that select authority, tenant, client and account, as words of a command for another program.
    pub(super) fn selector_words(&self, settings: &Settings) -> Vec<String> {
        let mut words: Vec<String> = settings.profile.iter().cloned().collect();
        words.extend(Self::flags_in(&self.common.layer));
        // Another sign-in may follow, and the words have to select this one then.
        if settings.origin(|layer| &layer.client_id) == Some(Origin::Stored)
            && let Ok(application) = Application::of(settings)
        {
            let own = application.flags();
            let more = own.chunks(2).filter(|pair| !words.contains(&pair[0]));
            let more: Vec<String> = more.flatten().cloned().collect();
            words.extend(more);
        }
        words
    }

    /// Flags that select authority, tenant, client and account, as they were typed.
    pub(super) fn selectors(&self) -> String {
        Self::selectors_in(&self.common.layer)
    }

    /// The same of any layer.
    pub(super) fn selectors_in(layer: &Layer) -> String {
        let words = Self::flags_in(layer);
        let quoted = words.iter().map(|word| shell_quoted(word));
        quoted.collect::<Vec<_>>().join(" ")
    }

    fn flags_in(layer: &Layer) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |flag: &str, value: Option<String>| {
            words.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
        };
        for (flag, value) in [
            ("--tenant", &layer.tenant),
            ("--client-id", &layer.client_id),
            ("--authority", &layer.authority),
            ("--account", &layer.account),
            ("--tid", &layer.tid),
            ("--oid", &layer.oid),
        ] {
            add(flag, value.clone());
        }
        add("--cloud", layer.cloud.map(|cloud| cloud.id().to_owned()));
        let store: Option<&str> = layer.store.map(Into::into);
        add("--store", store.map(str::to_owned));
        add("--store-key-file", layer.store_key_file.clone());
        words
    }

    /// Flags that select jobs and scopes, as they were typed.
    pub(super) fn wanted(&self) -> String {
        Self::wanted_in(&self.common.layer)
    }

    /// The same of any layer.
    pub(super) fn wanted_in(layer: &Layer) -> String {
        let jobs = layer.job.iter().flatten().map(|job| format!("--job {job}"));
        let scopes =
            layer.scope.iter().flatten().map(|scope| format!("--scope {}", shell_quoted(scope)));
        jobs.chain(scopes).collect::<Vec<_>>().join(" ")
    }

    /// The command that signs in with the same selectors, to paste.
    pub(super) fn login_command(&self, settings: &Settings) -> String {
        self.login_command_with(settings.profile.as_deref(), None)
    }

    /// The same, with `profile`, if there is one, and with the profile that it writes.
    pub(super) fn login_command_with(&self, profile: Option<&str>, save: Option<&str>) -> String {
        let profile = profile.map(shell_quoted).unwrap_or_default();
        let save = save.map(|name| format!("--save {}", shell_quoted(name))).unwrap_or_default();
        let words = ["entrada login".to_owned(), profile, save, self.selectors(), self.wanted()];
        let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
        format!("`{}`", words.join(" "))
    }
}

/// The text in the file `path` of claims.
fn claims_in(path: &str) -> Result<Secret, Failure> {
    let read = read_input_file(Path::new(path), SMALL_FILE_MAX, FileTrust::Unaltered);
    let bytes = read.map_err(|error| {
        let failure = Failure::usage(format!("cannot read the claims in `{path}`: {error}"));
        match error {
            InputFileError::NotPlain("a pipe") => {
                failure.help("give what a program prints as text: `--claims \"$(COMMAND)\"`")
            }
            _ => failure,
        }
    })?;
    Ok(text_of(bytes.to_vec()))
}
