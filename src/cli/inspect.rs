//! `entrada inspect`.

use serde_json::{Map, Value};

use super::app::App;
use super::ui::style_of;
use super::{Exit, Failure};
use crate::render::{self, Format};
use entrada_auth::sys::Stream;
use entrada_core::{Claims, Jwt};
use entrada_diagnose::{self as diagnose, Shape};

#[derive(clap::Args)]
pub(super) struct Args {
    /// A file, `-` for standard input, or the token itself; standard input by default
    input: Option<String>,
    /// The format of the claims
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    output: Format,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let input = app.input(args.input.as_deref())?;
    let now = app.sys.clock.now();
    let evidence = diagnose::recognise(input.expose(), now)
        .map_err(|error| Failure::usage(error.to_string()))?;
    let in_response = || Some(Shape::of(evidence.response.as_ref()?.access_token.expose()));
    let shape = evidence.token.clone().or_else(in_response).ok_or_else(|| {
        Failure::usage("there is no token in the input").help("`entrada diagnose` explains errors")
    })?;
    let jwt = match shape {
        Shape::Jwt(jwt) => *jwt,
        Shape::Jwe(header) => {
            app.ui.line("this token is encrypted: only its header can be read");
            Jwt { header: *header, claims: Claims::default(), signature_length: Some(1) }
        }
        other => {
            return Err(Failure::new(Exit::Findings, unreadable(&other))
                .help("`entrada diagnose` says what it is and what to do"));
        }
    };
    match args.output {
        Format::Human => {
            render::claims(app.stdout, &jwt, now, style_of(app.sys, Stream::Stdout))?;
        }
        Format::Json => {
            let document = serde_json::json!({
                "version": render::json::VERSION,
                "header": members(&jwt.header),
                "claims": members(&jwt.claims),
                "signature": { "present": jwt.has_signature(), "verified": false },
            });
            render::json::write(app.stdout, &document)?;
        }
    }
    Ok(Exit::Success)
}

fn members(claims: &Claims) -> Map<String, Value> {
    claims.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

fn unreadable(shape: &Shape) -> &'static str {
    match shape {
        Shape::MsaTicket { .. } => {
            "only Microsoft can decode a personal account's token; this is normal"
        }
        Shape::EntraGrant { .. } | Shape::MsaRefreshToken { .. } => {
            "this is a refresh token or a code: it has no readable claims"
        }
        Shape::PrtCookie => {
            "this is a broker's cookie: it contains a refresh token, and no access token"
        }
        Shape::Broken { .. } => "this is not a whole token",
        Shape::Saml => "this is a SAML assertion, not a JWT",
        Shape::Jwt(_) | Shape::Jwe(_) | Shape::Opaque { .. } => {
            "this is not a JWT: it has no readable claims"
        }
    }
}
