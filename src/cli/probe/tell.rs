//! Prints the result of a probe, for people and for programs.

use serde::Serialize;

use super::super::app::App;
use super::super::local_authority::is_on_this_machine;
use super::super::network;
use super::super::ui::style_of;
use super::{Ended, Probed};
use crate::render::{self, Format, Notes, json};
use entrada_auth::sys::{HttpError, HttpFailure, Stream};
use entrada_core::clean;
use entrada_diagnose::Severity;

#[derive(Serialize)]
struct V1Probe<'a> {
    version: u8,
    job: &'static str,
    server: &'a str,
    user: Option<&'a str>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    diagnosis: serde_json::Value,
}

pub(super) fn tell(format: Format, app: &mut App<'_, '_>, probed: &Probed) -> std::io::Result<()> {
    match format {
        Format::Json => app.json(&V1Probe {
            version: json::VERSION,
            job: probed.job.id(),
            server: &probed.server,
            user: probed.user.as_deref(),
            outcome: outcome(&probed.ended),
            trouble: trouble(&probed.ended),
            diagnosis: json::value(&probed.diagnosis),
        }),
        Format::Human => people(app, probed),
    }
}

fn outcome(ended: &Ended) -> &'static str {
    match ended {
        Ended::Taken => "taken",
        Ended::TakenAtLeast => "token-taken",
        Ended::Refused => "refused",
        Ended::PutOff(_) => "put-off",
        Ended::Withheld(_) => "withheld",
        Ended::Broken(_) => "no-answer",
    }
}

fn trouble(ended: &Ended) -> Option<String> {
    match ended {
        Ended::Broken(error) => Some(clean(&network::sentence(error)).into_owned()),
        Ended::PutOff(said) => Some(clean(said).into_owned()),
        _ => None,
    }
}

fn people(app: &mut App<'_, '_>, probed: &Probed) -> std::io::Result<()> {
    let style = style_of(app.sys, Stream::Stdout);
    let Probed { job, protocol, server, user, ended, unoffered, diagnosis } = probed;
    let server = clean(server);
    let whose = user.as_deref().map(|user| format!(" for `{}`", clean(user))).unwrap_or_default();
    let is_mail = protocol.is_some();
    let opened = match protocol {
        Some(_) => format!("accepted the token, and opened the mailbox{whose}"),
        None => "accepted the token, and answered".to_owned(),
    };
    let (mark, said) = match ended {
        Ended::Taken => (render::heading(style, "taken"), format!("{server} {opened}")),
        Ended::TakenAtLeast => (
            render::heading(style, "taken"),
            format!(
                "{server} accepted the token; whether it does `{job}` cannot be tried without doing it, so only its permissions are checked"
            ),
        ),
        Ended::Refused => (
            render::label(style, Severity::Error, "refused"),
            format!("{server} refused the token{whose}"),
        ),
        Ended::PutOff(said) => (
            render::label(style, Severity::Warning, "put off"),
            format!("{server} said nothing about the token, but {}", clean(said)),
        ),
        Ended::Withheld(reason) => (
            render::label(style, Severity::Error, "withheld"),
            format!("{server} was not asked: {reason}"),
        ),
        Ended::Broken(error) => {
            let said = network::sentence(error);
            // The mark says the start.
            let said = said.strip_prefix("no answer from ").unwrap_or(&said);
            (render::label(style, Severity::Error, "no answer"), clean(said).into_owned())
        }
    };
    let mut out = Vec::new();
    render::marked(&mut out, style, &mark, &format!(": {said}"), 2)?;
    if *unoffered {
        let mark = render::label(style, Severity::Note, "note");
        let said = format!(
            ": {server} offers neither XOAUTH2 nor OAUTHBEARER, the ways to sign in with a token"
        );
        render::marked(&mut out, style, &mark, &said, 2)?;
    }
    match ended {
        Ended::Broken(error) if is_mail => render::help(&mut out, style, &of_mail(error))?,
        Ended::Broken(error) => render::help(&mut out, style, &of_server(error))?,
        Ended::PutOff(_) => {
            let help =
                ["try again later; if this persists, check `--server`, its port and `--security`"];
            render::help(&mut out, style, &help)?;
        }
        _ => render::diagnosis(&mut out, diagnosis, style, Notes::Hidden)?,
    }
    app.show(&out)
}

/// What can be done about a mail server that gives no answer. No proxy is on the way to it.
fn of_mail(error: &HttpError) -> Vec<String> {
    let help = match &error.failure {
        HttpFailure::Connect if is_on_this_machine(&error.host) => {
            "start the mail server, such as `entrada emulator --imap PORT`, or check the port of `--server`"
        }
        HttpFailure::Connect | HttpFailure::ConnectTimeout => {
            "check the network, and the spelling of `--server` and its port; a firewall may block mail programs"
        }
        HttpFailure::NotTls | HttpFailure::Cut | HttpFailure::Broken
            if is_on_this_machine(&error.host) =>
        {
            "check the port, and how the connection is protected: `--security none` for `entrada emulator` without `--tls`, else `--security implicit` or `--security starttls`"
        }
        HttpFailure::NotTls | HttpFailure::Cut | HttpFailure::Broken => {
            "check the port, and whether TLS begins with the first byte there: `--security implicit`, or `--security starttls`"
        }
        _ => return of_server(error),
    };
    vec![help.to_owned()]
}

/// What to do about a service that could not be reached; it is not an authority.
fn of_server(error: &HttpError) -> Vec<String> {
    let help = network::help(error).into_iter();
    help.map(|line| line.replace("the authority", "the server")).collect()
}
