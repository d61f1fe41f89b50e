//! A small Azure Resource Manager: the tenants and subscriptions of the caller.

use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::bearer::{Caller, TokenProblem};
use super::call::Call;
use super::scope::EmulatedResource;
use super::state::State;
use super::unregistered::guid_of;
use entrada_core::NumericDate;
use entrada_core::entra::resources::ARM;

/// The region of everything.
const LOCATION: &str = "westeurope";

/// An error of Resource Manager: HTTP status, `code`, `message`.
struct ArmError(u16, &'static str, String);

impl From<TokenProblem> for ArmError {
    fn from(problem: TokenProblem) -> Self {
        let (code, message) = match problem {
            TokenProblem::Empty => (
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            ),
            TokenProblem::Audience => (
                "InvalidAuthenticationTokenAudience",
                "The access token has been obtained for wrong audience or resource. It should exactly match with one of \
                 the allowed audiences 'https://management.core.windows.net/','https://management.core.windows.net',\
                 'https://management.azure.com/','https://management.azure.com'.",
            ),
            TokenProblem::Expired | TokenProblem::ExpiredCompact => (
                "ExpiredAuthenticationToken",
                "The access token expiry UTC time is earlier than current UTC time.",
            ),
            _ => ("InvalidAuthenticationToken", "The access token is invalid."),
        };
        Self(401, code, message.to_owned())
    }
}

impl State {
    /// `/tenants`, `/subscriptions` and what is below.
    pub(super) fn resource_manager(
        &self,
        call: &Call,
        segments: &[&str],
        now: NumericDate,
    ) -> Answer {
        let resource = EmulatedResource::of_audience(ARM.audience(), &self.apis);
        let found = resource
            .ok_or(TokenProblem::Audience)
            .and_then(|resource| self.caller(call.bearer(), resource, now))
            .map_err(ArmError::from)
            .and_then(|caller| self.arm_object(&caller, segments, call));
        match found {
            Ok(body) => answer::json(200, &body),
            Err(ArmError(status, code, message)) => {
                let body = json!({ "error": { "code": code, "message": message } });
                let mut answer = answer::json(status, &body);
                if status == 401 {
                    let challenge = format!(
                        "Bearer authorization_uri=\"https://login.windows.net/common\", error=\"invalid_token\", \
                         error_description=\"{message}\""
                    );
                    answer::set_header(&mut answer, "www-authenticate", &challenge);
                }
                answer::with_logged_error(answer, code)
            }
        }
    }

    fn arm_object(
        &self,
        caller: &Caller,
        segments: &[&str],
        call: &Call,
    ) -> Result<Value, ArmError> {
        if call.query("api-version").is_none() {
            return Err(ArmError(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests."
                    .to_owned(),
            ));
        }
        let own = guid_of(&format!("subscription of {}", caller.tid));
        let subscription = || {
            json!({
                "id": format!("/subscriptions/{own}"), "authorizationSource": "RoleBased",
                "managedByTenants": [], "subscriptionId": own, "tenantId": caller.tid,
                "displayName": "Contoso subscription", "state": "Enabled",
                "subscriptionPolicies": {
                    "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01",
                    "spendingLimit": "Off",
                },
            })
        };
        match segments {
            ["tenants"] => Ok(json!({ "value": [self.arm_tenant(&caller.tid)] })),
            ["subscriptions"] => Ok(json!({
                "value": [subscription()], "count": { "type": "Total", "value": 1 },
            })),
            ["subscriptions", id, ..] if !id.eq_ignore_ascii_case(&own) => Err(ArmError(
                404,
                "SubscriptionNotFound",
                format!("The subscription '{}' could not be found.", entrada_core::clean(id)),
            )),
            ["subscriptions", _] => Ok(subscription()),
            ["subscriptions", _, groups] if groups.eq_ignore_ascii_case("resourcegroups") => {
                Ok(json!({ "value": [{
                    "id": format!("/subscriptions/{own}/resourceGroups/demo"), "name": "demo",
                    "type": "Microsoft.Resources/resourceGroups", "location": LOCATION,
                    "properties": { "provisioningState": "Succeeded" },
                }] }))
            }
            ["subscriptions", _, "locations"] => Ok(json!({ "value": [{
                "id": format!("/subscriptions/{own}/locations/{LOCATION}"), "name": LOCATION,
                "displayName": "West Europe",
            }] })),
            _ => Err(ArmError(404, "NotFound", "The resource could not be found.".to_owned())),
        }
    }

    fn arm_tenant(&self, tid: &str) -> Value {
        let known =
            self.directories.iter().find(|directory| directory.id.eq_ignore_ascii_case(tid));
        let (name, domains) = known
            .map_or(("", &[][..]), |directory| (directory.name.as_str(), &directory.domains[..]));
        json!({
            "id": format!("/tenants/{tid}"), "tenantId": tid, "countryCode": "GB",
            "displayName": name, "domains": domains, "tenantCategory": "Home",
            "defaultDomain": domains.first(), "tenantType": "AAD",
        })
    }
}
