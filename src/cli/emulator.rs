//! `entrada emulator`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::app::App;
use super::local_authority::CLIENT_ID;
use super::ui::style_of;
use super::{Exit, Failure, output};
use crate::config::nearest;
use crate::render;
use entrada_auth::sys::{Clock as _, OutputOptions, RealClock, Stream};
use entrada_core::{NamedHost, Protocol, shell_quoted};
use entrada_emulator::account::{ACCOUNTS, EmulatedAccount};
use entrada_emulator::serve::{Endpoint, MailSecurity};
use entrada_emulator::{
    EmulatedApi, Emulator, EmulatorOptions, HostNames, LogLine, Registration, RegistrationKind,
    Scenario, Unregistered, list, serve,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// List the scenarios and exit
    #[arg(long)]
    list: bool,
    /// The scenario for client ids that do not select one themselves; `slow-down+guest` combines two
    #[arg(long, default_value = "normal")]
    scenario: String,
    /// The port to listen on; 0 for any free port
    #[arg(long, default_value_t = 8400)]
    port: u16,
    /// A further host name for the emulator, such as that of a container or a proxy; repeat for more
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    allow_host: Vec<String>,
    /// Answer for Microsoft's hosts too, such as login.microsoftonline.com and graph.microsoft.com; your program has to find them at
    /// this address
    #[arg(long)]
    microsoft_hosts: bool,
    /// Accept what nobody registered, and note it in the log: `tenant`, `user`, `redirect-uri` or `api`; repeat for more
    #[arg(long, value_name = "KIND")]
    accept: Vec<Unregistered>,
    /// An API of your own to issue tokens for, such as `api://orders=Orders.Read,Orders.Write`; repeat for more
    #[arg(long, value_name = "API=PERMISSIONS")]
    api: Vec<EmulatedApi>,
    /// A client id to accept; others are refused as not registered (AADSTS700016), except those of scenarios; repeat for more. By
    /// default, any client id is accepted
    #[arg(long, value_name = "ID", value_parser = client_id)]
    only_client: Vec<String>,
    /// The polling interval that clients of the device flow must keep, in seconds
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    interval: u64,
    /// How long the token endpoint takes to answer, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MILLISECONDS")]
    delay: u64,
    /// Serve HTTPS, and write the CA certificate to this file, for `--ca-bundle`
    #[arg(long, value_name = "FILE")]
    tls: Option<PathBuf>,
    /// Serve IMAP on this port, with TLS if `--tls` is given; 0 for any free port
    #[arg(long, value_name = "PORT")]
    imap: Option<u16>,
    /// Serve POP3 on this port, with TLS if `--tls` is given; 0 for any free port
    #[arg(long, value_name = "PORT")]
    pop: Option<u16>,
    /// Serve mail submission on this port, with STARTTLS if `--tls` is given; 0 for any free port
    #[arg(long, value_name = "PORT")]
    smtp: Option<u16>,
    /// The account that signs in where the emulator does not ask; with `--accept user` any user name
    #[arg(long, value_name = "USER")]
    sign_in_as: Option<String>,
}

/// How often the log is shown.
const TICK: Duration = Duration::from_millis(500);

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    if args.list {
        let rows: Vec<Vec<String>> = list()
            .map(|scenario| {
                vec![
                    scenario.name.to_owned(),
                    scenario.client_id.to_owned(),
                    scenario.summary.to_owned(),
                ]
            })
            .collect();
        let style = style_of(app.sys, Stream::Stdout);
        let headings = ["scenario", "its client id", "what happens"];
        render::listing(app.stdout, &headings, &rows, style)?;
        return Ok(Exit::Success);
    }
    let scenario = scenario(&args.scenario)?;
    let people: Vec<&str> = ACCOUNTS.iter().map(|account| account.username).collect();
    if let Some(user) = args.sign_in_as.as_deref()
        && EmulatedAccount::find(user).is_none()
        && !args.accept.contains(&Unregistered::User)
    {
        return Err(Failure::usage(format!("the emulator has no account `{user}`"))
            .help(format!("its accounts: {}", people.join(", "))));
    }
    let (listeners, port) = listen("--port", args.port)?;
    let mut mail = Vec::new();
    for (protocol, flag, wanted) in [
        (Protocol::Imap, "--imap", args.imap),
        (Protocol::Pop, "--pop", args.pop),
        (Protocol::Smtp, "--smtp", args.smtp),
    ] {
        if let Some(wanted) = wanted {
            let (listeners, port) = listen(flag, wanted)?;
            mail.push((protocol, flag, listeners, port));
        }
    }
    let tls = args.tls.as_ref().map(|path| tls(path, args, app)).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let base = Url::parse(&format!("{scheme}://localhost:{port}"))
        .map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    let emulator = Arc::new(Emulator::new(EmulatorOptions {
        scenario,
        hosts: args.allow_host.clone(),
        names: if args.microsoft_hosts { HostNames::Microsoft } else { HostNames::Own },
        accept: args.accept.clone(),
        apis: args.api.clone(),
        only_known_clients: !args.only_client.is_empty(),
        clients: args
            .only_client
            .iter()
            .map(|id| Registration {
                client_id: id.clone(),
                kind: RegistrationKind::Public,
                redirect_uris: vec!["http://localhost".to_owned()],
            })
            .collect(),
        account: args.sign_in_as.clone(),
        interval: args.interval,
        delay: Duration::from_millis(args.delay),
        ..EmulatorOptions::new(base.clone())
    }));
    let address = base.as_str().trim_end_matches('/');
    let mail_ports: Vec<String> = mail
        .iter()
        .map(|(_, flag, _, port)| {
            let name = flag.trim_start_matches('-').to_uppercase();
            let security = match (&tls, *flag) {
                (None, _) => "without TLS",
                (Some(_), "--smtp") => "STARTTLS",
                (Some(_), _) => "TLS",
            };
            format!("{name}: localhost:{port}, {security}")
        })
        .collect();
    let mut endpoints = vec![Endpoint::Http(listeners, tls.clone())];
    for (protocol, _, listeners, _) in mail {
        let security = match protocol {
            Protocol::Smtp => MailSecurity::StartTls,
            Protocol::Imap | Protocol::Pop => MailSecurity::Implicit,
        };
        let tls = tls.clone().map(|tls| (tls, security));
        endpoints.push(Endpoint::Mail(protocol, listeners, tls));
    }
    let running = serve::spawn_all(Arc::clone(&emulator), endpoints, Arc::new(|| RealClock.now()))?;

    writeln!(app.stdout, "{address}")?;
    app.stdout.flush()?;
    app.ui.line(format!("an emulated Entra ID, scenario `{}`; Ctrl-C stops it", scenario.name));
    app.ui.line(if scenario.approves_by_itself() {
        "it approves sign-ins by itself in some seconds; to approve them at its page, start it with `--scenario normal`"
    } else {
        "to have sign-ins approved without a page, start it with `--scenario auto-approve`"
    });
    app.ui.line("its sign-ins end with it: after a restart, sign in again");
    app.ui.line(format!("accounts: {}", people.join(", ")));
    for line in mail_ports {
        app.ui.line(line);
    }
    for EmulatedApi { audience, permissions, .. } in &args.api {
        app.ui.line(format!("API: {audience} with {}", permissions.join(", ")));
    }
    let client_id = args.only_client.first().map_or(CLIENT_ID, String::as_str);
    let mut command = vec![
        "entrada login".to_owned(),
        format!("--authority {address}"),
        "--tenant organizations".to_owned(),
        format!("--client-id {client_id}"),
    ];
    command.extend(
        args.tls
            .as_ref()
            .map(|path| format!("--ca-bundle {}", shell_quoted(&path.to_string_lossy()))),
    );
    command.extend(args.api.first().and_then(|api| {
        let scope = format!("{}/{}", api.audience, api.permissions.first()?);
        Some(format!("--scope {}", shell_quoted(&scope)))
    }));
    app.ui.line("sign in to it:");
    app.ui.raw(&format!("\n{}\n\n", render::command(app.ui.style.width, &command)));
    let mut shown = 0;
    while app.sys.clock.sleep(TICK).is_ok() {
        let log = emulator.log();
        for line in log.iter().skip(shown) {
            app.ui.line(said(line));
        }
        shown = log.len();
    }
    drop(running);
    Ok(Exit::Success)
}

/// A name or an IP address, as a `Host` header has it, without a port.
fn host_name(text: &str) -> Result<String, String> {
    let bracketed = if text.contains(':') && !text.starts_with('[') {
        format!("[{text}]")
    } else {
        text.to_owned()
    };
    match NamedHost::parse(bracketed.as_bytes()) {
        Ok(host) if host.port_or(0) == 0 => Ok(bracketed),
        _ => Err("it is not a host name or an IP address".to_owned()),
    }
}

/// The id of an application, as Entra writes it.
fn client_id(text: &str) -> Result<String, String> {
    let id = uuid::Uuid::try_parse(text);
    id.map(|id| id.hyphenated().to_string()).map_err(|_| "it is not a client id".to_owned())
}

/// The scenario of this name, or the combination of several names.
fn scenario(text: &str) -> Result<&'static Scenario, Failure> {
    let parts = text.split('+').map(|name| {
        Scenario::find(name).ok_or_else(|| {
            let failure = Failure::usage(format!("there is no scenario `{name}`"));
            let failure = match nearest(name, list().map(|scenario| scenario.name)) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure,
            };
            failure.help("`entrada emulator --list` shows them all")
        })
    });
    let parts: Vec<&'static Scenario> = parts.collect::<Result<_, Failure>>()?;
    Scenario::combined(&parts).map_err(|error| {
        Failure::usage(format!("the scenarios cannot be combined: {error}"))
            .help("combine one fault of the wire, one behaviour of the person and one deviation of the tokens")
    })
}

/// Listens on `port` of the loopback addresses, and returns the port.
fn listen(flag: &str, port: u16) -> Result<(Vec<TcpListener>, u16), Failure> {
    let listeners = serve::bind(port).map_err(|error| {
        let failure = Failure::new(Exit::Failure, format!("cannot listen on port {port}: {error}"));
        match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                failure.help(format!("another program uses it; choose another with `{flag}`"))
            }
            _ => failure.help(format!("choose one with `{flag}`")),
        }
    })?;
    let bound =
        listeners.first().map_or(Ok(port), |first| first.local_addr().map(|at| at.port()))?;
    Ok((listeners, bound))
}

fn tls(path: &Path, args: &Args, app: &mut App<'_, '_>) -> Result<serve::Tls, Failure> {
    let names: Vec<&str> =
        args.allow_host.iter().map(|host| host.trim_matches(['[', ']'])).collect();
    let made = if args.microsoft_hosts {
        serve::Tls::for_every_name(&names)
    } else {
        serve::Tls::with(&names)
    };
    let tls = made.map_err(|error| {
        Failure::new(Exit::Failure, format!("cannot make a certificate: {error}"))
    })?;
    // A certificate is for everybody to read.
    let options = OutputOptions { public: true, ..OutputOptions::default() };
    let (what, flag) = ("the certificate", "--tls");
    let mut file = output::open(app, what, flag, path, options)?;
    file.write(app.stdout, tls.ca_pem().as_bytes())
        .map_err(|error| output::failed(what, flag, path, &error))?;
    Ok(tls)
}

fn said(line: &LogLine) -> String {
    let status = line.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let host = line.host.as_deref().map(|host| format!("//{host}")).unwrap_or_default();
    let mut text = format!("{} {} {host}{} -> {status}", line.at, line.method, line.path);
    for more in [line.grant_type, line.error.as_deref()].into_iter().flatten() {
        text.push(' ');
        text.push_str(more);
    }
    for note in &line.notes {
        text.push_str(" (");
        text.push_str(&note.to_string());
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_name_is_one_that_a_host_header_can_have() {
        for (text, expected) in [
            ("idp.test", Some("idp.test")),
            ("192.0.2.7", Some("192.0.2.7")),
            ("fd00::7", Some("[fd00::7]")),
            ("[fd00::7]", Some("[fd00::7]")),
            ("idp.test:8400", None),
            ("https://idp.test", None),
            ("ada@idp.test", None),
            ("a b", None),
            ("", None),
        ] {
            assert_eq!(host_name(text).ok().as_deref(), expected, "{text}");
        }
    }
}
