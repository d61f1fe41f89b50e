//! `entrada config init`: a first profile, by question and answer.

use std::path::{Path, PathBuf};

use super::super::app::App;
use super::super::local_authority::{self, CLIENT_ID};
use super::super::store::name_current_key;
use super::super::{Exit, Failure, login, platform};
use super::{consent, store_choice};
use crate::config::{ConfigFile, JobName, Layer, Settings, edit, flags, nearest};
use crate::render;
use entrada_auth::store::{Interaction, StoreKind};
use entrada_core::entra::jobs;
use entrada_core::entra::resources::{self, ResourceOfScope, short_name};
use entrada_core::{Authority, Job, Tenant, clean, shell_quoted};
use strum::IntoEnumIterator as _;

/// The default name of the profile.
const NAME: &str = "work";

/// How often one question is asked.
const TRIES: usize = 3;

/// Characters of an answer.
const ANSWER_MAX: usize = 1_000;

/// The settings that the command reads.
pub(super) type Flags = flags::Acquisition;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The name of the profile [default: work]
    #[arg(value_parser = profile_name)]
    profile: Option<String>,
    /// Do not sign in after the profile is written
    #[arg(long)]
    no_login: bool,
}

pub(in crate::cli) fn profile_name(name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(plain) {
        return Ok(name.to_owned());
    }
    Err("letters, digits, `-` and `_`, and no `-` at its start".to_owned())
}

/// The configuration file and where it is. A named file may be missing: it is created.
pub(in crate::cli) fn config_file(app: &App<'_, '_>) -> Result<(PathBuf, ConfigFile), Failure> {
    match app.config_file() {
        Ok(both) => Ok(both),
        Err(failure) => match app.named_config() {
            Some(path) if !path.exists() => Ok((path, ConfigFile::default())),
            _ => Err(failure),
        },
    }
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let (path, file) = config_file(app)?;
    // Before any question: a file in an unsafe place would not be read afterwards.
    ConfigFile::check_place(&path)?;
    let named = args.profile.clone().or_else(|| app.common.profile.clone());
    let name = &profile_name(named.as_deref().unwrap_or(NAME))
        .map_err(|allowed| Failure::usage(format!("a profile's name has {allowed}")))?;
    if file.profiles.contains_key(name) {
        return Err(Failure::usage(format!("{}: the profile `{name}` exists already", path.display()))
            .help(format!("sign in with it: `entrada login {name}`; `entrada config show {name}` shows it; edit the file to change it"))
            .help(format!(
                "to move it to encrypted files, where there is no keyring: `entrada login {name} --save {name} --store file --store-key-file FILE`; \
                 FILE holds a key, `{}`",
                platform::MAKE_KEY_FILE
            ))
            .help("for another profile, choose another name: `entrada config init NAME`"));
    }
    // The profile in the making, so that the default profile lends it nothing.
    let mut file = file;
    file.profiles.insert(name.clone(), Layer::default());
    let settings = app.settings_of(&file, Some(name))?;
    let ask = app.interaction(&settings) == Interaction::Allowed;
    let given = &app.common.layer;
    // Settings for this run only do not belong in a profile.
    let mut layer = Layer { quiet: None, trace: None, no_interactive: None, ..given.clone() };
    // Before any question, what was given has to be right.
    settings.jobs()?;
    settings.scopes()?;
    settings.authority()?;
    if let Some(given) = &layer.client_id
        && matches!(settings.authority()?, Authority::Entra { .. })
    {
        layer.client_id =
            Some(client_id(given).map_err(|why| Failure::usage(format!("`--client-id`: {why}")))?);
    }
    if !ask && given.client_id.is_none() && !takes_any_client(&settings) {
        let mut words = vec![app.selectors()];
        words.extend(given.tenant.is_none().then(|| "--tenant TENANT".to_owned()));
        words.push(match app.wanted() {
            wanted if wanted.is_empty() => "--job JOB".to_owned(),
            wanted => wanted,
        });
        words.retain(|word| !word.is_empty());
        return Err(Failure::usage("there is no terminal to ask at, and `--client-id` is missing")
            .help(format!(
                "give the answers as flags: `entrada config init {name} --client-id ID {}`",
                words.join(" ")
            )));
    }
    // Choose and check the store first: a sign-in that cannot be stored wastes the user's answers.
    store_choice::choose(app, &settings, &mut layer, ask)?;
    if !args.no_login {
        let settings = Settings::resolve(&file, Some(name), app.sys.env, layer.clone())?;
        let is_unnamed = settings.get(|layer| &layer.store).is_none();
        let ready = app.grants(&settings).and_then(|grants| {
            drop(grants.reserve()?);
            Ok(())
        });
        ready.map_err(|failure| {
            if is_unnamed {
                failure.help("or keep grants in encrypted files, with a key file that entrada makes: `--store file`")
            } else {
                failure
            }
        })?;
    }
    if ask {
        if layer.job.is_none() && layer.scope.is_none() {
            list_jobs(app, &settings);
            layer.job = Some(question(
                app,
                "What is the token for? Jobs such as `imap,smtp`",
                Job::default().id(),
                |text| named_jobs(&settings, text),
            )?);
        }
        if layer.scope.is_none() && names(&layer, "custom") {
            layer.scope = Some(question(
                app,
                "Which permission of which API, such as `api://orders/Orders.Read`",
                "",
                scopes,
            )?);
        }
        if layer.tenant.is_none() {
            app.ui.line(
                "Accounts: a domain or a tenant id for those of one organisation, `organizations` for those of any, `consumers` for \
                 personal ones, `common` for all.",
            );
            layer.tenant = Some(question(app, "Whose accounts?", "organizations", tenant)?);
        }
    }
    if layer.client_id.is_none() {
        let so_far = Settings::resolve(&file, Some(name), app.sys.env, layer.clone())?;
        let is_named = so_far.get(|layer| &layer.client_id).is_some();
        if takes_any_client(&so_far) {
            if !is_named {
                app.ui.line(format!(
                "the authority is on this machine, as `entrada emulator` is, and needs no registration: the profile gets the client id \
                 {CLIENT_ID}; `--client-id` sets another"
            ));
                layer.client_id = Some(CLIENT_ID.to_owned());
            }
        } else if ask {
            explain(app, &settings, &layer);
            layer.client_id = Some(question(app, "Application (client) ID", "", client_id)?);
        }
    }
    // Report a profile that cannot work before it is written.
    let whole = Settings::resolve(&file, Some(name), app.sys.env, layer.clone())?;
    whole.authority()?;
    whole.client_id()?;
    whole.request_scopes(&whole.jobs()?)?;
    // With what variables set, as `login --save` does: another terminal may not have them.
    write(app, &path, name, &whole)?;
    if let Some(text) = consent::page(&whole)? {
        app.ui.with(|out| render::prose(out, app.ui.style.width, &format!("\n{text}\n")));
    }
    if args.no_login {
        app.ui.line(format!("sign in: `entrada login {}`", shell_quoted(name)));
        return Ok(Exit::Success);
    }
    app.ui.line("signing in to check the profile");
    let kept = format!("the profile is written; continue with `entrada login {name}`");
    let signed_in = login::sign_in(&login::Args::of(name), app);
    let signed_in = signed_in.map_err(|failure| failure.help(kept))?;
    if signed_in.exit == Exit::Success && signed_in.is_fit {
        next(app, name, &layer, &whole);
    }
    Ok(signed_in.exit)
}

/// Whether the authority is an Entra ID on this machine: an emulator, where nobody registers an application.
fn takes_any_client(settings: &Settings) -> bool {
    matches!(settings.authority(), Ok(Authority::Entra { .. }))
        && local_authority::local_authority(settings).is_some()
}

/// Asks until `read` accepts the answer; an empty answer means `default`.
pub(super) fn question<T>(
    app: &mut App<'_, '_>,
    text: &str,
    default: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    for _ in 0..TRIES {
        let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
        app.ui.prompt(&format!("{text}{shown}:"));
        let typed = answer(app)?;
        let typed = typed.trim();
        match read(if typed.is_empty() { default } else { typed }) {
            Ok(value) => return Ok(value),
            Err(why) => app.ui.line(why),
        }
    }
    Err(Failure::usage("no valid answer; nothing was written"))
}

/// One line of standard input.
fn answer(app: &mut App<'_, '_>) -> Result<String, Failure> {
    // Byte by byte: what follows the line belongs to the next question.
    let (mut line, mut byte) = (Vec::new(), [0]);
    while line.len() < ANSWER_MAX && app.stdin.read(&mut byte)? == 1 {
        if byte == *b"\n" {
            return Ok(String::from_utf8_lossy(&line).into_owned());
        }
        line.extend(byte);
    }
    if line.is_empty() {
        return Err(Failure::usage("no answer; nothing was written"));
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// Prints the names of the jobs.
fn list_jobs(app: &App<'_, '_>, settings: &Settings) {
    let own = settings.own_jobs().unwrap_or_default();
    let names: Vec<&str> = Job::iter().chain(own).map(Job::id).collect();
    app.ui.line(format!(
        "The jobs: {}. `entrada explain jobs` says what each is for.",
        names.join(", ")
    ));
}

/// One job, or several between commas.
fn named_jobs(settings: &Settings, text: &str) -> Result<Vec<JobName>, String> {
    let names = text.split([',', ' ']).filter(|name| !name.is_empty());
    let check = |name: &str| {
        if name.contains("://") {
            return Err(
                "that is an API: answer `custom`, and its permission is asked for next".to_owned()
            );
        }
        settings.job(name).map_err(|error| error.to_string())?;
        name.parse()
    };
    names.map(check).collect()
}

/// Whether the profile has the job `id`.
fn names(layer: &Layer, id: &str) -> bool {
    layer.job.iter().flatten().any(|job| job.to_string() == id)
}

/// The scopes of an answer. A job has a name; its scopes have a slash.
fn scopes(text: &str) -> Result<Vec<String>, String> {
    let scopes: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    match scopes.iter().find(|scope| !scope.contains('/')) {
        _ if scopes.is_empty() => Err("a permission is needed".to_owned()),
        Some(short) => Err(format!(
            "`{}` names no API: write `API/PERMISSION`, or `API/.default` for all that the registration has",
            clean(short)
        )),
        None => Ok(scopes),
    }
}

fn tenant(text: &str) -> Result<String, String> {
    let words = ["organizations", "consumers", "common"];
    let tenant = Tenant::parse(text).map_err(|error| error.to_string())?;
    if words.contains(&text) || tenant.is_guid() || text.contains('.') {
        return Ok(text.to_owned());
    }
    let near = nearest(text, words.into_iter());
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Err(format!("`{text}` is neither a domain, which has a dot, nor an id{near}"))
}

fn client_id(text: &str) -> Result<String, String> {
    match uuid::Uuid::try_parse(text) {
        Ok(id) => Ok(id.hyphenated().to_string()),
        Err(_) => Err("that is not a client id: a client id is 32 hexadecimal digits in five groups, as on the application's Overview page".to_owned()),
    }
}

/// Explains how to register an application for the answers so far.
fn explain(app: &App<'_, '_>, settings: &Settings, layer: &Layer) {
    let portal = settings.cloud().facts().portal.unwrap_or("The portal of your cloud");
    let accounts = match layer.tenant.as_deref() {
        Some("consumers") => "\"Personal accounts only\"",
        Some("common") => "\"Any Entra ID Tenant + Personal Microsoft accounts\"",
        Some("organizations") => {
            "\"Multiple Entra ID tenants\" (or \"Single tenant only\", if all your accounts are in yours)"
        }
        _ => "\"Single tenant only\"",
    };
    let permissions = permissions(settings, layer);
    let text = format!(
        "An application has to be registered once, by you or an administrator:\n\n  \
         1. {portal}: \"Entra ID\" > \"App registrations\" > \"New registration\".\n     \
            Supported account types: {accounts}.\n     \
            Copy the \"Application (client) ID\", not the \"Object ID\".\n  \
         2. \"Manage\" > \"Authentication\" > \"Add Redirect URI\" > \"Mobile and desktop applications\":\n     \
            http://localhost\n  \
         3. \"Authentication\" > \"Allow public client flows\": Yes. The sign-in by code needs it.\n  \
         4. \"API permissions\" > \"Add a permission\" > \"Delegated permissions\":\n     \
            {permissions}.\n"
    );
    app.ui.with(|out| render::prose(out, app.ui.style.width, &format!("\n{text}\n")));
}

/// The permissions that the registration needs for the answers so far, by API, as the portal names them.
fn permissions(settings: &Settings, layer: &Layer) -> String {
    let mut apis: Vec<(&str, Vec<&str>)> = vec![("Microsoft Graph", vec!["offline_access"])];
    let mut add = |api, name| match apis.iter_mut().find(|(known, _)| *known == api) {
        Some((_, names)) if names.contains(&name) => (),
        Some((_, names)) => names.push(name),
        None => apis.push((api, vec![name])),
    };
    let names = layer.job.iter().flatten().map(ToString::to_string);
    for job in names.filter_map(|name| settings.job(&name).ok()) {
        let facts = jobs::facts(job);
        // The portal lists the permissions of the mail protocols among Graph's.
        let api = match (job, facts.resource) {
            (Job::Imap | Job::Pop | Job::Smtp, _) => "Microsoft Graph",
            (_, Some(resource)) => resource.name,
            (_, None) => facts.audience.unwrap_or("the API"),
        };
        facts.least_privilege.iter().for_each(|name| add(api, short_name(name)));
    }
    for scope in layer.scope.iter().flatten() {
        let api = match resources::of_scope(scope) {
            ResourceOfScope::Graph | ResourceOfScope::SignIn => "Microsoft Graph",
            ResourceOfScope::Known(resource) => resource.name,
            ResourceOfScope::Other(api) => api,
        };
        let all = "those that your program needs";
        add(api, if resources::is_default_scope(scope) { all } else { short_name(scope) });
    }
    let apis = apis.iter().map(|(api, names)| format!("{api}: {}", names.join(", ")));
    apis.collect::<Vec<_>>().join("; ")
}

/// Adds the profile with these `settings` to the file. Returns what it has.
pub(in crate::cli) fn write(
    app: &mut App<'_, '_>,
    path: &Path,
    name: &str,
    settings: &Settings,
) -> Result<toml::Table, Failure> {
    let mut layer = settings.for_profile().with_whole_paths();
    let _lock = name_current_key(app, settings, name, &mut layer)?;
    let table = layer.table();
    let mut is_default = false;
    app.edit_config(path, |before| {
        let text = edit::upsert_profile(before, name, &table)?;
        let was_default =
            ConfigFile::parse(before).is_ok_and(|file| file.default_profile.is_some());
        let file = ConfigFile::parse(&text).map_err(|fault| fault.to_string())?;
        is_default = !was_default && file.default_profile.as_deref() == Some(name);
        Ok(text)
    })?;
    app.ui.line(format!("wrote the profile `{name}` to {}", clean(&path.to_string_lossy())));
    if is_default {
        app.ui.line(format!("commands without a profile use `{name}`"));
    }
    Ok(table)
}

/// What can be done with it.
fn next(app: &App<'_, '_>, name: &str, layer: &Layer, settings: &Settings) {
    let quoted = shell_quoted(name);
    let mail =
        layer.job.iter().flatten().any(|job| ["imap", "smtp", "pop"].contains(&&*job.to_string()));
    let mut lines =
        vec![(format!("entrada token {quoted}"), "prints a token, refreshed when needed")];
    // How to call an API of one's own is not known, nor the services of an emulator.
    let is_local = local_authority::local_authority(settings).is_some();
    if !is_local && layer.job.iter().flatten().all(|job| job.to_string() != "custom") {
        lines.push((
            format!("entrada probe {quoted}"),
            "shows it to the service, and explains the answer",
        ));
    }
    if mail {
        lines.push((
            format!("entrada recipe mbsync {quoted}"),
            "prints a mail program's configuration",
        ));
    }
    if layer.store == Some(StoreKind::File)
        && layer.store_key_file.is_none()
        && app.sys.env.own("STORE_KEY").is_none()
    {
        lines.push((
            format!("entrada store rekey {quoted}"),
            "makes a key file, so that scripts can use the profile",
        ));
    }
    let width = lines.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    let lines = lines.iter().map(|(command, what)| format!("  {command:width$}  {what}\n"));
    app.ui.page(&format!("\nfrom now on:\n\n{}", lines.collect::<String>()));
}
