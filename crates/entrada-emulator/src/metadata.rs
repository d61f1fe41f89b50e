//! The public documents about the emulator.

use maud::html;
use serde_json::{Value, json};

use super::account::{EmulatedAccount, TenantSegment};
use super::answer::{self, Answer};
use super::call::Call;
use super::key::key;
use super::refusal::EntraError;
use super::state::{State, not_found};
use super::{page, scenario};

/// Whether this module serves `rest`, the path below the tenant.
pub(super) fn is_known(rest: &[&str]) -> bool {
    matches!(
        rest,
        ["v2.0", ".well-known", "openid-configuration"]
            | [".well-known", "openid-configuration"]
            | ["discovery", "v2.0", "keys"]
            | ["discovery", "keys"]
            | ["oauth2", "v2.0", "logout"]
            | ["v2.0", "adminconsent"]
            | ["adminconsent"]
    )
}

/// Documents below the tenant that are fetched with GET.
pub(super) fn get(world: &State, rest: &[&str], segment: &TenantSegment, call: &Call) -> Answer {
    match rest {
        ["v2.0", ".well-known", "openid-configuration"] => {
            let issuer = format!("{}/{}/v2.0", world.base(), segment.issuer_part());
            answer::json(200, &configuration(world.base(), &tenant_of(call), &issuer))
        }
        [".well-known", "openid-configuration"] => {
            let issuer = format!("https://sts.windows.net/{}/", segment.issuer_part());
            answer::json(200, &configuration(world.base(), &tenant_of(call), &issuer))
        }
        ["discovery", "v2.0", "keys"] | ["discovery", "keys"] => key()
            .map_or_else(|| answer::json(500, &json!({})), |key| answer::json(200, &key.jwks())),
        ["oauth2", "v2.0", "logout"] => sign_out(call),
        _ => not_found(),
    }
}

fn tenant_of(call: &Call) -> String {
    call.segments().first().copied().unwrap_or_default().to_owned()
}

/// The members of Entra's document (recorded 2025-02). It has no revocation and no introspection endpoint.
fn configuration(base: &str, tenant: &str, issuer: &str) -> Value {
    let at = format!("{base}/{tenant}");
    json!({
        "token_endpoint": format!("{at}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "private_key_jwt", "client_secret_basic", "self_signed_tls_client_auth"],
        "jwks_uri": format!("{at}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer,
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": format!("{base}/oidc/userinfo"),
        "authorization_endpoint": format!("{at}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{at}/oauth2/v2.0/devicecode"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{at}/oauth2/v2.0/logout"),
        "claims_supported": ["sub", "iss", "cloud_instance_name", "cloud_instance_host_name",
            "cloud_graph_host_name", "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce",
            "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"],
        "kerberos_endpoint": format!("{at}/kerberos"),
        "tenant_region_scope": Value::Null,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    })
}

/// Instance discovery: whether a host is an authority.
pub(super) fn instance(call: &Call) -> Result<Answer, EntraError> {
    const PUBLIC: [&str; 4] = [
        "login.microsoftonline.com",
        "login.windows.net",
        "login.microsoft.com",
        "sts.windows.net",
    ];
    let asked = call.query("authorization_endpoint").unwrap_or_default();
    let url = url::Url::parse(asked).ok();
    let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default();
    if !PUBLIC.contains(&host) && !matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
        return Err(EntraError::new("invalid_instance", 50_049, "Unknown or invalid instance."));
    }
    let tenant = url.as_ref().and_then(|url| url.path_segments()?.next()).unwrap_or("common");
    Ok(answer::json(
        200,
        &json!({
            "tenant_discovery_endpoint": format!("https://{host}/{tenant}/v2.0/.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": [{
                "preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net",
                "aliases": PUBLIC,
            }],
        }),
    ))
}

/// The kind of account of a user name.
pub(super) fn user_realm(world: &State, user: &str) -> Answer {
    let user = user.replace("%40", "@");
    let domain = user.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let is_known = world.directories.iter().any(|directory| directory.domains.contains(&domain))
        || EmulatedAccount::find(&user).is_some_and(|account| !account.is_personal());
    let mut body = json!({
        "ver": "1.0", "account_type": if is_known { "Managed" } else { "Unknown" },
        "cloud_instance_name": "microsoftonline.com",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    });
    if is_known {
        body["domain_name"] = json!(domain);
    }
    answer::json(200, &body)
}

/// The sign-out page. There are no sessions to end; it redirects the browser.
fn sign_out(call: &Call) -> Answer {
    let back = call.query("post_logout_redirect_uri").and_then(|uri| url::Url::parse(uri).ok());
    match back.filter(|url| url.scheme() == "http" && url.host_str() == Some("localhost")) {
        Some(url) => answer::redirect(url.as_str()),
        None => answer::html(
            200,
            page::notice("You signed out of your account", "You may close this window."),
        ),
    }
}

/// The front page, with a list of the scenarios.
pub(super) fn index(world: &State) -> Answer {
    let body = html! {
        p { "Scenario: " b { (world.options.scenario.name) } }
        p { a href="/devicelogin" { "Enter a device code" } }
        details {
            summary { "Scenarios, and the client id of each" }
            ul {
                @for scenario in scenario::SCENARIOS {
                    li { b { (scenario.name) } ": " (scenario.summary) br; code { (scenario.client_id) } }
                }
            }
        }
    };
    answer::html(200, page::page("entrada emulator", &body))
}
