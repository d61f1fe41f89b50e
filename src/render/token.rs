//! A token for a script, in the format that the script reads.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::json;
use super::shell::{self, Shell};
use entrada_auth::store::CachedToken;
use entrada_core::oauth::sasl;
use entrada_core::{Account, NumericDate, Redactor};

/// The output format of `entrada token`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenOutput {
    /// The bare access token
    #[default]
    Token,
    /// One JSON object with expiry, scopes and account
    Json,
    /// An HTTP header, for `curl -H @-`
    Header,
    /// A line that sets a variable, for `eval`, a profile or a `.env` file: see `--shell` and `--variable`
    Env,
    /// A curl configuration, for `curl -K -`
    Curl,
    /// The string with which a mail client signs in by XOAUTH2, in base64
    Xoauth2,
    /// The string with which a mail client signs in by OAUTHBEARER, in base64
    Oauthbearer,
    /// An `ExecCredential`, for kubectl
    ExecCredential,
    /// What `az account get-access-token` prints
    AzureCli,
}

/// A token and the values printed with it.
pub struct DeliveredToken<'a> {
    /// The token.
    pub token: &'a CachedToken,
    /// The account that the token belongs to.
    pub account: &'a Account,
    /// Removes secrets from everything except the token.
    pub redactor: &'a Redactor,
    /// The time of printing.
    pub now: NumericDate,
    /// The expiry time in the local time zone, for formats that print it: `2026-11-23 22:08:17.000000`.
    pub expires_local: String,
    /// The shell that reads the variable.
    pub shell: Shell,
    /// The name of the variable.
    pub variable: &'a str,
    /// The user name of the mailbox.
    pub user: &'a str,
    /// The version of `ExecCredential` that kubectl asked for.
    pub exec_version: &'a str,
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
    account: Option<Cow<'a, str>>,
}

/// <https://kubernetes.io/docs/reference/config-api/client-authentication.v1/>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential<'a> {
    api_version: &'a str,
    kind: &'static str,
    status: ExecStatus<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecStatus<'a> {
    token: &'a str,
    expiration_timestamp: String,
}

/// The output of the Azure CLI 2.54 and later. `expiresOn` is local time; newer readers use `expires_on`.
#[derive(Serialize)]
struct AzureCli<'a> {
    #[serde(rename = "accessToken")]
    access_token: &'a str,
    #[serde(rename = "expiresOn")]
    expires_local: &'a str,
    expires_on: NumericDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<Cow<'a, str>>,
    #[serde(rename = "tokenType")]
    token_type: &'static str,
}

/// Writes the access token. This is the only place that prints a token on purpose.
pub fn token(
    out: &mut dyn Write,
    output: TokenOutput,
    delivered: &DeliveredToken<'_>,
) -> io::Result<()> {
    let DeliveredToken { token, account, .. } = delivered;
    let text = token.access_token.expose();
    let redactor = delivered.redactor;
    let shown = |text| redactor.text(text);
    match output {
        TokenOutput::Token => writeln!(out, "{text}")?,
        TokenOutput::Json => json::write(
            out,
            &V1 {
                version: json::VERSION,
                access_token: text,
                token_type: "Bearer",
                expires_at: token.expires_at,
                expires_in: token.expires_at.seconds_since(delivered.now),
                scope: token
                    .granted
                    .as_ref()
                    .map(|scopes| redactor.text(&scopes.to_string()).into_owned()),
                account: account.username.as_deref().map(shown),
            },
        )?,
        TokenOutput::Header => writeln!(out, "Authorization: Bearer {text}")?,
        TokenOutput::Env => {
            writeln!(out, "{}", shell::assignment(delivered.shell, delivered.variable, text))?;
        }
        TokenOutput::Curl => {
            let quoted = text.replace('\\', r"\\").replace('"', "\\\"");
            writeln!(out, "header = \"Authorization: Bearer {quoted}\"")?;
        }
        TokenOutput::Xoauth2 => {
            writeln!(out, "{}", sasl::xoauth2(delivered.user, &token.access_token).expose())?;
        }
        TokenOutput::Oauthbearer => {
            writeln!(out, "{}", sasl::oauthbearer(delivered.user, &token.access_token).expose())?;
        }
        TokenOutput::ExecCredential => json::write(
            out,
            &ExecCredential {
                api_version: delivered.exec_version,
                kind: "ExecCredential",
                status: ExecStatus {
                    token: text,
                    // RFC 3339 has a `T` where the display form has a space.
                    expiration_timestamp: token.expires_at.to_string().replace(' ', "T"),
                },
            },
        )?,
        TokenOutput::AzureCli => json::write(
            out,
            &AzureCli {
                access_token: text,
                expires_local: &delivered.expires_local,
                expires_on: token.expires_at,
                tenant: account.tid.as_deref().map(shown),
                token_type: "Bearer",
            },
        )?,
    }
    out.flush()
}
