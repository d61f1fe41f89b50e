//! How a client proves its identity at the token endpoint: a secret, or an assertion signed with a certificate's key.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::pki_types::CertificateDer;

use super::call::Call;
use super::refusal::{EntraError, NOT_PUBLIC, PUBLIC};
use super::scenario::Scenario;
use super::state::State;
use super::{RegistrationKind, Unregistered};
use entrada_core::{Jwt, NumericDate};

/// A secret that no client has, for tests of AADSTS7000215.
pub const WRONG_SECRET: &str = "wrong";
/// RFC 7523 §2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How a client proved its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientAuthentication {
    /// It is a public client.
    None,
    Secret,
    Certificate,
}

impl ClientAuthentication {
    /// What the request presents.
    pub(super) fn of(call: &Call) -> Self {
        if call.form("client_assertion").is_some() {
            Self::Certificate
        } else if call.form("client_secret").is_some() {
            Self::Secret
        } else {
            Self::None
        }
    }

    /// The claim `appidacr`.
    pub(super) fn appidacr(self) -> &'static str {
        match self {
            Self::None => "0",
            Self::Secret => "1",
            Self::Certificate => "2",
        }
    }
}

impl Scenario {
    /// Whether the client counts as public, and the request presents a secret, or HTTP Basic without one.
    pub(super) fn refuses_secret(&self, presented: ClientAuthentication, call: &Call) -> bool {
        let is_public = self.issue.is_some_and(|refusal| refusal.code == PUBLIC.code);
        is_public && (presented != ClientAuthentication::None || call.basic)
    }
}

impl State {
    /// Checks what the client presents: every secret but [`WRONG_SECRET`] is right, and every well-formed assertion that is
    /// addressed to this authority. Every certificate counts as registered, with a note. The signature is checked where the
    /// assertion brings its certificate (`x5c`).
    ///
    /// A client that is registered as public must present nothing (AADSTS700025); one without a registration may do either.
    pub(super) fn authenticate_client(
        &mut self,
        client_id: &str,
        call: &Call,
        now: NumericDate,
    ) -> Result<ClientAuthentication, EntraError> {
        let presented = ClientAuthentication::of(call);
        let is_public = self.client(client_id).is_some_and(|client| {
            !matches!(client.kind, RegistrationKind::Web | RegistrationKind::Spa)
        });
        let scenario = self.scenario_of(client_id);
        if is_public && presented != ClientAuthentication::None
            || scenario.refuses_secret(presented, call)
        {
            return Err(PUBLIC);
        }
        match presented {
            ClientAuthentication::Secret if call.form("client_secret") == Some(WRONG_SECRET) => {
                return Err(EntraError::new(
                    "invalid_client",
                    7_000_215,
                    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                     value, not the client secret ID, for a secret added to app '{client_id}'.",
                )
                .status(401));
            }
            ClientAuthentication::None | ClientAuthentication::Secret => (),
            ClientAuthentication::Certificate => self.check_assertion(client_id, call, now)?,
        }
        Ok(presented)
    }

    /// The same, for requests that only a confidential client may send.
    pub(super) fn need_client_authentication(
        &mut self,
        client_id: &str,
        call: &Call,
        now: NumericDate,
    ) -> Result<ClientAuthentication, EntraError> {
        match self.authenticate_client(client_id, call, now)? {
            ClientAuthentication::None => Err(NOT_PUBLIC),
            presented => Ok(presented),
        }
    }

    /// The assertion of RFC 7523 §3, as Entra's page on certificate credentials describes it.
    fn check_assertion(
        &mut self,
        client_id: &str,
        call: &Call,
        now: NumericDate,
    ) -> Result<(), EntraError> {
        let refused = |code, text: &str| {
            Err(EntraError::with("invalid_client", code, text.to_owned()).status(401))
        };
        if call.form("client_assertion_type") != Some(JWT_BEARER) {
            return refused(7_000_216, "The 'client_assertion_type' is missing or not supported.");
        }
        let text = call.form("client_assertion").unwrap_or_default();
        let Ok(jwt) = Jwt::decode_unverified(text) else {
            return refused(50_027, "JWT token is invalid or malformed.");
        };
        let claims = &jwt.claims;
        let own =
            |name: &str| claims.text(name).is_some_and(|id| id.eq_ignore_ascii_case(client_id));
        if !own("iss") || !own("sub") {
            return refused(
                700_021,
                "Client assertion application identifier doesn't match 'client_id' parameter.",
            );
        }
        let audience = claims.aud().unwrap_or_default().to_ascii_lowercase();
        let here = self.base().to_ascii_lowercase();
        let is_issuer = entrada_core::entra::clouds::is_entra_issuer(&audience);
        if !(audience.starts_with(&here) || is_issuer) {
            return refused(
                700_023,
                "Client assertion audience claim does not match Realm issuer. Review the documentation at \
                 https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .",
            );
        }
        if claims.exp().is_none_or(|exp| exp <= now) {
            return refused(
                700_024,
                "Client assertion is not within its valid time range. Current time is after the expiry time of the \
                 assertion.",
            );
        }
        if claims.time("nbf").is_some_and(|nbf| now.plus_seconds(300) < nbf) {
            return refused(
                700_024,
                "Client assertion is not within its valid time range. The assertion is valid from a time in the future.",
            );
        }
        let thumbprint =
            ["x5t#S256", "x5t", "kid"].into_iter().find_map(|name| jwt.header.text(name));
        let algorithm = jwt.header.text("alg").unwrap_or_default();
        let not_registered = |reason: &str| {
            let text = format!(
                "The certificate with identifier used to sign the client assertion is not registered on application. \
                 [Reason - {reason}, Thumbprint of key used by client: '']"
            );
            refused(700_027, &text)
        };
        let Some(thumbprint) = thumbprint.filter(|_| ["RS256", "PS256"].contains(&algorithm))
        else {
            return not_registered("The key was not found.");
        };
        let checked = match jwt.header.get("x5c").and_then(|all| all.as_array()?.first()?.as_str())
        {
            Some(certificate) if !is_signed_by(text, algorithm, certificate) => {
                return not_registered(
                    "The key was found, but use of the key to verify the signature failed.",
                );
            }
            Some(_) => "",
            None => " (its signature is not checked)",
        };
        self.note(Unregistered::Certificate, &format!("{thumbprint}{checked}"));
        Ok(())
    }
}

/// Whether the key of `certificate`, in base64, has signed `jwt`. MSAL for Python leaves the lines of its PEM file in it.
fn is_signed_by(jwt: &str, algorithm: &str, certificate: &str) -> bool {
    let by = match algorithm {
        "PS256" => webpki::aws_lc_rs::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        _ => webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
    };
    let Some((signed, signature)) = jwt.rsplit_once('.') else { return false };
    let (Ok(signature), Ok(der)) = (
        URL_SAFE_NO_PAD.decode(signature),
        STANDARD.decode(certificate.split_whitespace().collect::<String>()),
    ) else {
        return false;
    };
    let der = CertificateDer::from(der);
    webpki::EndEntityCert::try_from(&der).is_ok_and(|certificate| {
        certificate.verify_signature(by, signed.as_bytes(), &signature).is_ok()
    })
}
