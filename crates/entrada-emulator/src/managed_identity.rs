//! Managed identities: the metadata service of virtual machines, and the identity endpoint of App Service.

use serde_json::{Value, json};

use super::Reply;
use super::account::CONTOSO;
use super::answer::{self, Answer};
use super::call::Call;
use super::client_authentication::ClientAuthentication;
use super::refusal::EntraError;
use super::route::not_found;
use super::scope::{self, SeveralApis};
use super::state::State;
use entrada_core::NumericDate;

/// The client id of the system-assigned identity.
const SYSTEM_ASSIGNED: &str = "e1a7a000-0000-4000-8000-00000000aaaa";

/// Who asks for the token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    /// `http://169.254.169.254/metadata/identity/oauth2/token`, with the header `Metadata: true`.
    InstanceMetadata,
    /// `$IDENTITY_ENDPOINT`, with `$IDENTITY_HEADER` in `X-IDENTITY-HEADER`. The emulator accepts every value.
    AppService,
}

impl State {
    pub(super) fn managed_identity(
        &mut self,
        call: &Call,
        segments: &[&str],
        now: NumericDate,
    ) -> Reply {
        let endpoint = match segments {
            ["metadata", "identity", "oauth2", "token"] => Endpoint::InstanceMetadata,
            ["msi", "token"] => Endpoint::AppService,
            _ => return Reply::Answer(not_found()),
        };
        let answer = match self.identity_token(endpoint, call, now) {
            Ok(body) => answer::json(200, &body),
            Err(refused) => *refused,
        };
        Reply::Answer(answer)
    }

    fn identity_token(
        &mut self,
        endpoint: Endpoint,
        call: &Call,
        now: NumericDate,
    ) -> Result<Value, Box<Answer>> {
        match endpoint {
            // Browsers cannot be made to send these headers to another host: that is what they are for.
            Endpoint::InstanceMetadata
                if !call
                    .header("metadata")
                    .is_some_and(|text| text.eq_ignore_ascii_case("true")) =>
            {
                return Err(refused(
                    400,
                    "invalid_request",
                    "Required metadata header not specified",
                ));
            }
            Endpoint::AppService if call.header("x-identity-header").is_none_or(str::is_empty) => {
                return Err(refused(
                    401,
                    "unauthorized",
                    "The X-IDENTITY-HEADER header is missing",
                ));
            }
            _ => (),
        }
        let Some(resource) = call.query("resource") else {
            let text = "Required query variable 'resource' is missing";
            return Err(refused(400, "invalid_request", text));
        };
        let named = ["client_id", "object_id", "principal_id", "mi_res_id", "msi_res_id"]
            .into_iter()
            .find_map(|name| call.query(name));
        let client_id = match named {
            None => SYSTEM_ASSIGNED.to_owned(),
            Some(id) if uuid::Uuid::try_parse(id).is_ok() => id.to_ascii_lowercase(),
            Some(id) => super::unregistered::guid_of(id),
        };
        let text = scope::of_resource(resource);
        let wanted = self
            .parse_scope(&client_id, &text, SeveralApis::Refused)
            .map_err(|refusal| of_entra(&refusal))?;
        let identity = format!(
            "/subscriptions/{CONTOSO}/resourcegroups/demo/providers/Microsoft.ManagedIdentity/\
             userAssignedIdentities/{client_id}"
        );
        let more = json!({ "xms_mirid": identity });
        let presented = ClientAuthentication::Certificate;
        let token = self
            .application_token(&client_id, presented, CONTOSO, &wanted, (true, more), now)
            .map_err(|refusal| of_entra(&refusal))?;
        let expires_in = token.life - 1;
        let mut body = json!({
            "access_token": token.access_token, "client_id": client_id,
            "expires_on": now.plus_seconds(expires_in).0.to_string(), "resource": resource,
            "token_type": "Bearer",
        });
        if endpoint == Endpoint::InstanceMetadata {
            body["expires_in"] = json!(expires_in.to_string());
            body["ext_expires_in"] = json!(expires_in.to_string());
            body["not_before"] = json!(now.plus_seconds(-300).0.to_string());
        }
        Ok(body)
    }
}

fn refused(status: u16, error: &'static str, text: &str) -> Box<Answer> {
    let body = json!({ "error": error, "error_description": text });
    Box::new(answer::with_logged_error(answer::json(status, &body), error))
}

/// A refusal of Entra, as the metadata service forwards it.
fn of_entra(refusal: &EntraError) -> Box<Answer> {
    refused(400, refusal.error, &format!("AADSTS{}: {}", refusal.code, refusal.text))
}
