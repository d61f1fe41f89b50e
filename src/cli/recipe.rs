//! `entrada recipe`.

use super::app::App;
use super::local_authority;
use super::{Exit, Failure};
use crate::config::flags;
use crate::config::{Settings, keys, variable};
use crate::probe::{self, ProbePlan, Security};
use crate::render::recipe::{Ingredients, MailServer, RecipeTarget, TlsMode};
use entrada_auth::store::StoreKind;
use entrada_core::{Job, Protocol, clean};

/// The settings that the command reads.
pub(super) type Flags =
    (flags::Identity, flags::Pins, flags::Store, flags::Certificates, flags::Interaction);

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The program
    client: RecipeTarget,
    /// The profile to use: its name in the configuration file
    profile: Option<String>,
    /// The mailbox's address; the stored account's by default
    #[arg(long, value_name = "ADDRESS", value_parser = super::token::mailbox_name)]
    user: Option<String>,
    /// The IMAP server to use instead of Microsoft's
    #[arg(long, value_name = "HOST[:PORT]")]
    imap_server: Option<String>,
    /// The SMTP server to use instead of Microsoft's
    #[arg(long, value_name = "HOST[:PORT]")]
    smtp_server: Option<String>,
    /// How the connections are protected; by default, as is usual for their ports
    #[arg(long)]
    security: Option<Security>,
}

/// Stands for an address that is not known.
const SOMEBODY: &str = "you@example.com";

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app
        .settings_of_sign_in(args.profile.as_deref())
        // A recipe shows the place where a client belongs.
        .or_else(|_| app.settings(args.profile.as_deref()))?;
    let page = args.client.page();
    let with = ingredients(args, app, &settings)?;
    // A control character would end a line of the configuration.
    let all = with.selectors.iter().chain([&with.user]).chain(&with.ca);
    if let Some(strange) = all.into_iter().find(|text| text.chars().any(char::is_control)) {
        return Err(Failure::usage(format!(
            "`{}` cannot be written to a configuration",
            clean(strange)
        ))
        .help("it contains a control character: remove that from the setting"));
    }
    let comment = |text: &str| match page.comment {
        "" => String::new(),
        mark => format!("{mark} {text}\n"),
    };
    let mut text =
        comment(&format!("{}, as `entrada recipe {}` wrote it.", page.file, args.client.id()));
    // A script begins as scripts do; a document with its own first line.
    if page.comment.is_empty() {
        text.clear();
    }
    text += &args.client.write(&with);
    app.stdout.write_all(text.as_bytes())?;
    tell(args, app, &with, &settings);
    Ok(Exit::Success)
}

/// Prints notes, and what is missing, to stderr.
fn tell(args: &Args, app: &App<'_, '_>, with: &Ingredients, settings: &Settings) {
    let page = args.client.page();
    if app.common.layer.quiet == Some(true) {
        return;
    }
    app.ui.line(format!("this belongs in: {}", page.file));
    for note in page.notes {
        app.ui.line(format!("note: {note}"));
    }
    let other = other_task(settings, page.protocols);
    if let Some(other) = other.as_ref().filter(|_| with.gets_profiles_token) {
        app.ui.line(format!("note: {other}, and the server gets that token; only Exchange can check tokens for Exchange"));
    } else if let Some(other) = other {
        let jobs: Vec<String> =
            page.protocols.iter().map(|protocol| format!("`{}`", protocol.job())).collect();
        app.ui.line(format!(
            "warning: {other}, not for mail: this configuration requests a token for {}, and the application needs that permission \
             too; sign in for it: {}",
            jobs.join(" and "),
            login(with, page.protocols)
        ));
    }
    for (protocol, named, server, flag) in [
        (Protocol::Imap, &args.imap_server, &with.imap, "--imap-server"),
        (Protocol::Smtp, &args.smtp_server, &with.smtp, "--smtp-server"),
    ] {
        if named.is_none()
            && page.protocols.contains(&protocol)
            && let Some(warning) = local_authority::warning(settings, &server.host, flag)
        {
            app.ui.line(warning);
        }
        // A server of a test often has no certificate; one with a certificate of its own needs `--ca-bundle`.
        let is_tested = local_authority::is_on_this_machine(&server.host)
            && args.security.is_none()
            && with.ca.is_none();
        if is_tested && page.protocols.contains(&protocol) && !matches!(server.tls, TlsMode::None) {
            app.ui.line(format!(
                "note: the configuration uses TLS for {}:{}; where that server has none, as `entrada emulator` without `--tls`, add \
                 `--security none`; to trust its certificate, `--ca-bundle FILE`",
                server.host, server.port
            ));
        }
    }
    if with.user == SOMEBODY {
        app.ui.line(format!(
            "warning: no account is signed in yet, so `{SOMEBODY}` stands for the address: sign in with {}, or name it with `--user`",
            login(with, page.protocols)
        ));
    }
    // The program waits for entrada, and nobody types.
    if app.asks_for_passphrase(settings) {
        app.ui.line(format!(
            "warning: this cannot run unattended: the store asks for a passphrase, which the program cannot type; give the store a key file: {}",
            app.rekey_command(settings)
        ));
    } else if settings.get(|layer| &layer.store) == Some(StoreKind::Memory) {
        app.ui.line("warning: this cannot run unattended: the store `memory` keeps no sign-in; choose another with `--store`");
    }
    let variables: Vec<String> = keys()
        .iter()
        .map(|key| variable(key))
        .chain(["ENTRADA_STORE_KEY".to_owned(), "ENTRADA_CONFIG".to_owned()])
        .filter(|name| app.sys.env.is_set(name))
        .collect();
    if !variables.is_empty() {
        app.ui.line(format!(
            "note: these variables are set here, and the program needs them too: {}; a profile can hold settings instead (`entrada config path`)",
            variables.join(", ")
        ));
    }
    let paths = app.sys.env.path("PATH").unwrap_or_default();
    let is_there = |name: &str| std::env::split_paths(&paths).any(|dir| dir.join(name).is_file());
    if let Some(program) = page.program.filter(|name| !is_there(name)) {
        app.ui.line(format!("warning: there is no `{program}` on this machine's PATH"));
    }
    if !is_there("entrada") {
        app.ui
            .line("warning: `entrada` itself is not on the PATH; the program has to find it there");
    }
    if let Some(needed) = page.sasl_plugin.filter(|_| !has_sasl_plugin()) {
        app.ui.line(format!("warning: that plugin was not found on this machine: {needed}"));
    }
}

/// What the profile is for, where that is no mail.
fn other_task(settings: &Settings, protocols: &[Protocol]) -> Option<String> {
    let profile = settings.profile.as_deref()?;
    let (jobs, scopes) = (settings.jobs().ok()?, settings.scopes().ok()?);
    let is_mail = |job: &Job| {
        [Protocol::Imap, Protocol::Pop, Protocol::Smtp].iter().any(|mail| mail.job() == *job)
            || protocols.iter().any(|own| own.job() == *job)
    };
    if protocols.is_empty() || jobs.iter().any(is_mail) {
        return None;
    }
    let named: Vec<String> = jobs.iter().map(|job| format!("`{job}`")).collect();
    let named = match scopes.api().iter().next() {
        // More than the job `custom` says.
        Some(scope) => format!("`{}`", clean(scope)),
        None if named.is_empty() => return None,
        None => named.join(" and "),
    };
    Some(format!("the profile `{}` is for {named}", clean(profile)))
}

fn login(with: &Ingredients, protocols: &[Protocol]) -> String {
    let mut words = vec!["entrada login".to_owned()];
    words.extend(with.selectors.iter().map(|word| entrada_core::shell_quoted(word)));
    words.extend(protocols.iter().map(|protocol| format!("--job {}", protocol.job())));
    format!("`{}`", words.join(" "))
}

/// Where distributions put the plugins of Cyrus SASL.
fn has_sasl_plugin() -> bool {
    let folders = [
        "/usr/lib/x86_64-linux-gnu/sasl2",
        "/usr/lib/aarch64-linux-gnu/sasl2",
        "/usr/lib64/sasl2",
        "/usr/lib/sasl2",
        "/usr/local/lib/sasl2",
        "/opt/homebrew/lib/sasl2",
    ];
    folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).any(|dir| {
        dir.flatten().any(|entry| entry.file_name().to_string_lossy().contains("xoauth2"))
    })
}

fn ingredients(
    args: &Args,
    app: &App<'_, '_>,
    settings: &Settings,
) -> Result<Ingredients, Failure> {
    let page = args.client.page();
    let user = match &args.user {
        Some(user) => user.clone(),
        None => match signed_in(app, settings) {
            Ok(found) => found.unwrap_or_else(|| SOMEBODY.to_owned()),
            Err(failure) => {
                app.ui
                    .line(format!("warning: cannot find out who is signed in: {}", failure.said()));
                SOMEBODY.to_owned()
            }
        },
    };
    let facts = settings.cloud().facts();
    let place = |job: Job, server: Option<&str>| {
        let ask = probe::ProbeOptions {
            cloud: settings.cloud(),
            account: Some(&user),
            server,
            // Settings for one server do not apply to a server that the program does not use.
            security: args.security.filter(|_| page.protocols.iter().any(|own| own.job() == job)),
            ..probe::ProbeOptions::default()
        };
        match probe::plan(job, &ask) {
            Ok(ProbePlan::Mail(plan)) => Ok(MailServer {
                host: plan.server.host_in_url(),
                port: plan.server.port,
                tls: match plan.security {
                    Security::Implicit => TlsMode::Implicit,
                    Security::Starttls => TlsMode::Starttls,
                    Security::None => TlsMode::None,
                },
            }),
            Ok(ProbePlan::Web(_)) => Err(Failure::usage("that is not a mail server")),
            Err(error) => Err(Failure::usage(error.to_string())),
        }
    };
    Ok(Ingredients {
        name: name_of(settings.profile.as_deref()),
        imap: place(Job::Imap, args.imap_server.as_deref())?,
        smtp: place(Job::Smtp, args.smtp_server.as_deref())?,
        user,
        selectors: app.selector_words(settings),
        gets_profiles_token: (args.imap_server.is_some() || args.smtp_server.is_some())
            && other_task(settings, page.protocols).is_some(),
        graph: facts.graph.to_owned(),
        ca: settings.get(|layer| &layer.ca_bundle).map(whole_path),
        client_id: settings.client_id().unwrap_or_default(),
        authority: settings.authority()?.to_string(),
    })
}

/// `path` from the root, because the program that reads the recipe runs in another folder.
fn whole_path(path: String) -> String {
    std::path::absolute(&path).map_or(path, |whole| whole.to_string_lossy().into_owned())
}

/// The address of the one account that the settings select.
fn signed_in(app: &App<'_, '_>, settings: &Settings) -> Result<Option<String>, Failure> {
    if settings.client_id().is_err() {
        return Ok(None);
    }
    let grants = app.grants(settings)?;
    let entries = grants.narrow_to_default(grants.signed_in(App::selected(settings, &grants)?));
    Ok(match &entries[..] {
        [entry] => entry.username.as_deref().map(|name| clean(name).into_owned()),
        _ => None,
    })
}

/// A word that every configuration takes as a name.
fn name_of(profile: Option<&str>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let name: String =
        profile.unwrap_or("outlook").chars().map(|c| if plain(c) { c } else { '-' }).collect();
    if name.is_empty() { "outlook".to_owned() } else { name }
}
