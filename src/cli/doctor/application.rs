//! `--app`: what the registration seems to be. All of it is inferred from how the authority refuses requests that could not
//! succeed; no account is signed in.

use url::Url;

use super::super::app::App;
use super::CheckLine;
use crate::config::Settings;
use entrada_auth::flow::FlowKind;
use entrada_auth::sys::HttpResponse;
use entrada_core::oauth::{ErrorResponse, code, device_code};
use entrada_core::{Endpoints, ScopeSet, Secret, clean};

/// The redirect URI of a program on the browser's own machine (RFC 8252 §7.3).
const LOOPBACK: &str = "http://localhost";

/// The suffix of every finding here.
const INFERRED: &str = "(inferred)";

pub(super) fn look(app: &App<'_, '_>, settings: &Settings) -> Vec<CheckLine> {
    let found = settings.authority().ok().and_then(|authority| authority.endpoints());
    let (Some(endpoints), Ok(client)) = (found, settings.client_id()) else {
        return vec![CheckLine::note(
            "application",
            "only applications of Entra ID can be checked",
        )];
    };
    let flows = app.limited(settings).ok().and_then(|(_, flows)| flows);
    let may_ask = flows.is_none_or(|flows| flows.allows(FlowKind::Device));
    let known = known(app, &endpoints, &client, may_ask);
    if known.is_bad() {
        return vec![
            known,
            CheckLine::passed("redirect", "application"),
            CheckLine::passed("public", "application"),
        ];
    }
    vec![known, redirect(app, &endpoints, &client), public(app, &endpoints, &client)]
}

/// Whether the tenant knows the application: it issues a `user_code` only to known applications. That code is never entered.
fn known(app: &App<'_, '_>, endpoints: &Endpoints, client: &str, may_ask: bool) -> CheckLine {
    let scopes = ScopeSet::parse("openid");
    let Some(endpoint) = &endpoints.device_authorization else {
        return CheckLine::note("application", "the authority has no device code sign-in");
    };
    if !may_ask {
        return CheckLine::note(
            "application",
            "not checked: the device code sign-in is forbidden here",
        );
    }
    let request = device_code::authorization_request(endpoint, client, &scopes, None);
    let answer = app.sys.http.send(request).map_err(super::Failure::from).and_then(|answer| {
        device_code::parse_authorization(&answer, app.sys.clock.now()).map_err(Into::into)
    });
    match answer {
        Err(failure) => CheckLine::of("application", &failure),
        Ok(Ok(_)) => CheckLine::fine(
            "application",
            format!("the tenant knows it, and it may use device code sign-in {INFERRED}"),
        ),
        Ok(Err(error)) => refused("application", &error),
    }
}

/// Whether a browser may be redirected to this machine. An authority redirects a refusal only to a registered address;
/// otherwise it shows the refusal on its own page (AADSTS50011).
fn redirect(app: &App<'_, '_>, endpoints: &Endpoints, client: &str) -> CheckLine {
    let Some(page) = &endpoints.authorization else {
        return CheckLine::note("redirect", "the authority has no sign-in page");
    };
    let mut url = page.clone();
    url.query_pairs_mut()
        .append_pair("client_id", client)
        .append_pair("response_type", "code")
        .append_pair("redirect_uri", LOOPBACK)
        .append_pair("scope", "openid")
        .append_pair("prompt", "none")
        .append_pair("state", "doctor")
        .append_pair("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        .append_pair("code_challenge_method", "S256");
    let request = http::Request::get(url.as_str()).body(Vec::new());
    let answer = request.map(|request| app.sys.http.send(request));
    let Ok(Ok(answer)) = answer else {
        return CheckLine::note("redirect", "the sign-in page did not answer");
    };
    if comes_back(&answer) {
        return CheckLine::fine(
            "redirect",
            format!("the sign-in page redirects to {LOOPBACK} {INFERRED}"),
        );
    }
    let text = String::from_utf8_lossy(answer.body());
    if text.contains("AADSTS50011") || text.contains("AADSTS500113") {
        return CheckLine::bad(
            "redirect",
            format!("{LOOPBACK} is not among the application's redirect URIs {INFERRED}"),
        )
        .help(
            "in the portal: App registrations, the application, Authentication, Add a platform, Mobile and desktop applications, \
             `http://localhost`; without it, use `entrada login --flow device`",
        );
    }
    CheckLine::note("redirect", "the sign-in page does not show where it redirects to")
}

fn comes_back(answer: &HttpResponse) -> bool {
    let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
    location.and_then(|location| Url::parse(location).ok()).is_some_and(|url| {
        url.host_str() == Some("localhost") && url.query_pairs().any(|(name, _)| name == "state")
    })
}

/// Whether the token endpoint requires a client secret. The request sends a code that was never issued: the error is about the
/// secret if one is required, otherwise about the code.
fn public(app: &App<'_, '_>, endpoints: &Endpoints, client: &str) -> CheckLine {
    let (code, verifier) = (Secret::new("0.none"), Secret::new("entrada-doctor-".repeat(4)));
    let request = code::request(code::Redemption {
        token_endpoint: &endpoints.token,
        client_id: client,
        code: &code,
        redirect_uri: LOOPBACK,
        verifier: &verifier,
        scopes: None,
        claims: None,
    });
    let answer = app
        .sys
        .http
        .send(request)
        .map_err(super::Failure::from)
        .and_then(|answer| code::parse(&answer, app.sys.clock.now()).map_err(Into::into));
    let error = match answer {
        Err(failure) => return CheckLine::of("public", &failure),
        Ok(Ok(_)) => {
            return CheckLine::note("public", "the authority accepted a code that it never issued");
        }
        Ok(Err(error)) => error,
    };
    if error.has_code(&[7000218, 7000216, 7000215]) {
        return CheckLine::bad(
            "public",
            format!("the authority requires a client secret, as for a server application {INFERRED}"),
        )
        .help(
            "in the portal: App registrations, the application, Authentication, Advanced settings, Allow public client flows: Yes; \
             and no redirect URI of this program under Web",
        );
    }
    if error.has_code(&[9002327]) {
        return CheckLine::bad(
            "public",
            format!("the redirect URI is that of a single-page application {INFERRED}"),
        )
        .help("in the portal: Authentication: move `http://localhost` to Mobile and desktop applications");
    }
    if error.has_code(&[70000, 9002313, 70008, 54005]) || error.error == "invalid_grant" {
        return CheckLine::fine("public", format!("no client secret is required {INFERRED}"));
    }
    refused("public", &error)
}

fn refused(name: &'static str, error: &ErrorResponse) -> CheckLine {
    let line = CheckLine::bad(name, clean(&error.sentence()).into_owned());
    match error.error_codes.first() {
        Some(code) => line.help(format!("`entrada explain {code}`")),
        None => line,
    }
}
