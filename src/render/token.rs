//! A token for a script: one line, nothing else.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::json;
use crate::model::{Account, NumericDate};
use crate::store::CachedToken;

/// How `entrada token` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenOutput {
    /// The bare access token
    #[default]
    Token,
    /// One JSON object with expiry, scopes and account
    Json,
}

#[derive(Serialize)]
struct V1<'a> {
    version: u8,
    access_token: &'a str,
    token_type: &'static str,
    expires_at: NumericDate,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    account: Option<&'a str>,
}

/// Writes the access token: the one place where a token leaves on purpose.
pub fn token(
    out: &mut dyn Write,
    output: TokenOutput,
    token: &CachedToken,
    account: &Account,
    now: NumericDate,
) -> io::Result<()> {
    match output {
        TokenOutput::Token => writeln!(out, "{}", token.access_token.expose())?,
        TokenOutput::Json => json::write(
            out,
            &V1 {
                version: json::VERSION,
                access_token: token.access_token.expose(),
                token_type: "Bearer",
                expires_at: token.expires_at,
                expires_in: token.expires_at.seconds_since(now),
                scope: token.granted.as_ref().map(ToString::to_string),
                account: account.username.as_deref(),
            },
        )?,
    }
    out.flush()
}
