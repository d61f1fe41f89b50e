//! The connection to the authority, and its clock.

use super::super::app::App;
use super::super::{Failure, network};
use super::CheckLine;
use crate::config::Settings;
use entrada_auth::sys::{HttpError, HttpFailure, HttpResponse, SetupFailure, proxy_of};
use entrada_core::oauth::discovery;
use entrada_core::{Authority, NumericDate, clean, human_duration};

/// Seconds by which clocks may differ: rules speak of it from here on as well.
const SKEW: i64 = 120;

/// The lines of [`look`] where it is skipped: see `other`.
pub(super) fn passed(other: &str) -> impl Iterator<Item = CheckLine> {
    ["dns", "proxy", "tls", "authority", "clock"]
        .into_iter()
        .map(|name| CheckLine::passed(name, other))
}

/// One line each for names, proxy, TLS, the authority's metadata, and the clock.
pub(super) fn look(app: &App<'_, '_>, settings: &Settings) -> Vec<CheckLine> {
    let authority = match settings.authority() {
        Ok(authority) => authority,
        Err(error) => return vec![CheckLine::of("authority", &error.into())],
    };
    let url = url::Url::parse(&authority.base()).ok();
    let host = url.as_ref().and_then(|url| url.host_str()).unwrap_or_default().to_owned();
    let through = url.as_ref().and_then(|url| proxy_of(url, app.sys.env));
    let proxy = || match &through {
        Some(proxy) => CheckLine::fine("proxy", format!("requests go through {proxy}")),
        None => CheckLine::fine("proxy", format!("none is used for {host}")),
    };
    let names = || match &through {
        Some(_) => Ok(CheckLine::fine("dns", format!("the proxy looks up {host}"))),
        None => app.sys.dial.resolve(&host).map(|found| {
            let first = found.first().map_or_else(String::new, ToString::to_string);
            CheckLine::fine("dns", format!("{host} is {first}"))
        }),
    };
    let names = match names() {
        Ok(line) => line,
        Err(error) => {
            let line = CheckLine::bad("dns", format!("{host} cannot be resolved: {}", clean(&error.to_string())))
                .help("check the network, the spelling of the authority, and whether a proxy is needed (`HTTPS_PROXY`)");
            return std::iter::once(line).chain(passed("dns").skip(1)).collect();
        }
    };
    match app.sys.http.send(discovery::request(&authority)) {
        Ok(response) => {
            let tls = if authority.base().starts_with("https:") {
                "the certificate is accepted"
            } else {
                "not used: the authority is on this machine"
            };
            vec![
                names,
                proxy(),
                CheckLine::fine("tls", tls),
                said(&authority, &response, app.sys.clock.now()),
                clock(app.sys.clock.now(), &host, &response),
            ]
        }
        Err(error) => unreachable(names, proxy, &error),
    }
}

/// The lines after no answer: one that says why, and the skipped ones.
fn unreachable(
    names: CheckLine,
    proxy: impl Fn() -> CheckLine,
    error: &HttpError,
) -> Vec<CheckLine> {
    let bad = match &error.failure {
        HttpFailure::Proxy(_) => "proxy",
        HttpFailure::Setup(trouble) if matches!(**trouble, SetupFailure::ProxyVariable { .. }) => {
            "proxy"
        }
        HttpFailure::Certificate(_)
        | HttpFailure::NotTls
        | HttpFailure::Cut
        | HttpFailure::Handshake
        | HttpFailure::Setup(_) => "tls",
        _ => "authority",
    };
    let help = network::help(error);
    let failed =
        || CheckLine { help: help.clone(), ..CheckLine::bad(bad, clean(&error.to_string())) };
    let mut lines = vec![names];
    let mut seen = false;
    for name in ["proxy", "tls", "authority", "clock"] {
        lines.push(if name == bad {
            seen = true;
            failed()
        } else if seen {
            CheckLine::passed(name, bad)
        } else if name == "proxy" {
            proxy()
        } else {
            CheckLine::passed(name, bad)
        });
    }
    lines
}

/// The metadata of the authority.
fn said(authority: &Authority, response: &HttpResponse, now: NumericDate) -> CheckLine {
    match discovery::parse(authority, response, Some(now)) {
        Ok(Ok(endpoints)) => {
            CheckLine::fine("authority", format!("issues tokens at {}", endpoints.token))
        }
        Ok(Err(error)) => {
            let line = CheckLine::bad("authority", clean(&error.sentence()));
            let code = error.error_codes.first();
            let more = code
                .map_or_else(String::new, |code| format!("; `entrada explain {code}` explains it"));
            line.help(format!("check `--tenant` and `--cloud`{more}"))
        }
        Err(error) => CheckLine::of("authority", &Failure::from(error)),
    }
}

fn clock(now: NumericDate, host: &str, response: &HttpResponse) -> CheckLine {
    let date = response.headers().get("date").and_then(|value| value.to_str().ok());
    let Some(theirs) = date.and_then(entrada_core::oauth::http_date) else {
        return CheckLine::note("clock", format!("{host} sends no time"));
    };
    let ahead = now.seconds_since(theirs);
    if ahead.abs() <= SKEW {
        return CheckLine::fine("clock", format!("agrees with {host}"));
    }
    let side = if ahead < 0 { "behind" } else { "ahead of" };
    CheckLine::bad("clock", format!("{} {side} {host}", human_duration(ahead.abs()))).help(
        "set it: `timedatectl set-ntp true`; in a virtual machine, sync it with its host (WSL: `wsl --shutdown`)",
    )
}
