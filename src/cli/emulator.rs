//! `entrada emulator`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::app::App;
use super::ui::style_of;
use super::{Exit, Failure, output};
use crate::render;
use entrada_auth::sys::{Clock as _, OutputOptions, RealClock, Stream};
use entrada_core::{NamedHost, shell_quoted};
use entrada_emulator::account::{ACCOUNTS, EmulatedAccount};
use entrada_emulator::{EmulatedApi, Emulator, EmulatorOptions, LogLine, Scenario, list, serve};

#[derive(clap::Args)]
pub(super) struct Args {
    /// List the scenarios and exit
    #[arg(long)]
    list: bool,
    /// The scenario for client ids that do not select one themselves
    #[arg(long, default_value = "normal")]
    scenario: String,
    /// The port to listen on; 0 for any free port
    #[arg(long, default_value_t = 8400)]
    port: u16,
    /// A further host name for the emulator, such as that of a container or a proxy; repeat for more
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    allow_host: Vec<String>,
    /// An API of your own to issue tokens for, such as `api://orders=Orders.Read,Orders.Write`; repeat for more
    #[arg(long, value_name = "API=PERMISSIONS")]
    api: Vec<EmulatedApi>,
    /// The polling interval that clients of the device flow must keep, in seconds
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    interval: u64,
    /// How long the token endpoint takes to answer, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MILLISECONDS")]
    delay: u64,
    /// Serve HTTPS, and write the CA certificate to this file, for `--ca-bundle`
    #[arg(long, value_name = "FILE")]
    tls: Option<PathBuf>,
    /// The account that signs in where the emulator does not ask
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
        let headings = ["scenario", "client id that selects it", "what happens"];
        render::listing(app.stdout, &headings, &rows, style)?;
        return Ok(Exit::Success);
    }
    let scenario = Scenario::find(&args.scenario).ok_or_else(|| {
        Failure::usage(format!("there is no scenario `{}`", args.scenario))
            .help("`entrada emulator --list` shows them all")
    })?;
    let people: Vec<&str> = ACCOUNTS.iter().map(|account| account.username).collect();
    if let Some(user) = args.sign_in_as.as_deref()
        && EmulatedAccount::find(user).is_none()
    {
        return Err(Failure::usage(format!("the emulator has no account `{user}`"))
            .help(format!("its accounts: {}", people.join(", "))));
    }
    let listeners = serve::bind(args.port).map_err(|error| {
        let failure =
            Failure::new(Exit::Failure, format!("cannot listen on port {}: {error}", args.port));
        match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                failure.help("another program uses it; choose another with `--port`")
            }
            _ => failure.help("choose one with `--port`"),
        }
    })?;
    let port =
        listeners.first().map_or(Ok(args.port), |first| first.local_addr().map(|at| at.port()))?;
    let tls = args.tls.as_ref().map(|path| tls(path, &args.allow_host, app)).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let base = Url::parse(&format!("{scheme}://localhost:{port}"))
        .map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    let emulator = Arc::new(Emulator::new(EmulatorOptions {
        scenario,
        hosts: args.allow_host.clone(),
        apis: args.api.clone(),
        account: args.sign_in_as.clone(),
        interval: args.interval,
        delay: Duration::from_millis(args.delay),
        ..EmulatorOptions::new(base.clone())
    }));
    let address = base.as_str().trim_end_matches('/');
    let running =
        serve::spawn(Arc::clone(&emulator), listeners, tls, Arc::new(|| RealClock.now()))?;

    writeln!(app.stdout, "{address}")?;
    app.stdout.flush()?;
    app.ui.line(format!("an emulated Entra ID, scenario `{}`; Ctrl-C stops it", scenario.name));
    app.ui.line(format!("accounts: {}", people.join(", ")));
    let trust = args.tls.as_ref().map_or_else(String::new, |path| {
        format!(" --ca-bundle {}", shell_quoted(&path.to_string_lossy()))
    });
    for EmulatedApi { audience, permissions, .. } in &args.api {
        app.ui.line(format!("API: {audience} with {}", permissions.join(", ")));
    }
    let scope = args.api.first().and_then(|api| {
        let scope = format!("{}/{}", api.audience, api.permissions.first()?);
        Some(format!(" --scope {}", shell_quoted(&scope)))
    });
    app.ui.line("sign in to it:");
    // In one piece, to be copied: broken at the width of the terminal it would be two commands.
    app.ui.raw(&format!(
        "\n  entrada login --authority {address} --tenant organizations --client-id {}{trust}{}\n\n",
        scenario.client_id,
        scope.unwrap_or_default()
    ));
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

fn tls(path: &Path, hosts: &[String], app: &mut App<'_, '_>) -> Result<serve::Tls, Failure> {
    let names: Vec<&str> = hosts.iter().map(|host| host.trim_matches(['[', ']'])).collect();
    let tls = serve::Tls::with(&names).map_err(|error| {
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
    let mut text = format!("{} {} {} -> {status}", line.at, line.method, line.path);
    for more in [line.grant_type, line.error.as_deref()].into_iter().flatten() {
        text.push(' ');
        text.push_str(more);
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
