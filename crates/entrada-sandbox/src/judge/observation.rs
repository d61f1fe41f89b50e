//! What was seen of a program besides its requests.

use serde::{Deserialize, Serialize};

/// The kind of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// An access token or an ID token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
    /// An authorization code.
    AuthorizationCode,
    /// A device code.
    DeviceCode,
    /// A PKCE verifier.
    CodeVerifier,
    /// A client secret or a password.
    ClientSecret,
}

impl SecretKind {
    /// The name in messages, with its article.
    pub fn title(self) -> &'static str {
        match self {
            Self::AccessToken => "an access token",
            Self::RefreshToken => "a refresh token",
            Self::AuthorizationCode => "an authorization code",
            Self::DeviceCode => "a device code",
            Self::CodeVerifier => "a PKCE verifier",
            Self::ClientSecret => "a client secret",
        }
    }

    /// Whether it gives access by itself, for longer than a sign-in takes.
    pub fn is_lasting(self) -> bool {
        matches!(self, Self::AccessToken | Self::RefreshToken | Self::ClientSecret)
    }

    /// The kind of the request parameter or response member `name`.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "access_token" | "id_token" => Self::AccessToken,
            "refresh_token" => Self::RefreshToken,
            "code" => Self::AuthorizationCode,
            "device_code" => Self::DeviceCode,
            "code_verifier" => Self::CodeVerifier,
            "client_secret" | "client_assertion" | "password" => Self::ClientSecret,
            _ => return None,
        })
    }
}

/// Something that was seen of the program besides its requests. It shows no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Observation {
    /// A secret among the arguments of a process.
    Argument {
        /// The kind of the secret.
        secret: SecretKind,
        /// The name of the process.
        process: String,
    },
    /// A secret in what the program writes for people: its standard error, or a file of log lines.
    Log {
        /// The kind of the secret.
        secret: SecretKind,
        /// `standard error`, or the path.
        place: String,
    },
    /// A secret in a file.
    File {
        /// The kind of the secret.
        secret: SecretKind,
        /// The path.
        path: String,
        /// The permission bits: `0o644`.
        mode: u32,
    },
    /// The program ended the TLS handshake: it does not trust the certificate authority of the run.
    CertificateRefused {
        /// The server name that it asked for.
        host: String,
        /// The alert, as the TLS library calls it.
        alert: String,
    },
    /// The program was ended because its time was over.
    TimedOut {
        /// The run.
        run: u32,
        /// When: milliseconds since 1970.
        at: i64,
    },
    /// The program sent a request to a server whose certificate no authority vouches for.
    WrongCertificateAccepted {
        /// The server name that it asked for.
        host: String,
    },
}

#[cfg(target_os = "linux")]
impl Observation {
    /// The text that the program chose.
    pub(crate) fn text_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Argument { process: text, .. }
            | Self::Log { place: text, .. }
            | Self::File { path: text, .. }
            | Self::CertificateRefused { host: text, .. }
            | Self::WrongCertificateAccepted { host: text } => Some(text),
            Self::TimedOut { .. } => None,
        }
    }
}
