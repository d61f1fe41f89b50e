//! The public documents about the emulator.

use maud::html;
use serde_json::{Value, json};

use super::account::TenantSegment;
use super::answer::{self, Answer};
use super::call::{Call, EndpointVersion};
use super::key::key;
use super::refusal::EntraError;
use super::route::not_found;
use super::state::State;
use super::{Unregistered, page, scenario};
use entrada_core::NamedHost;
use entrada_core::entra::clouds::Cloud;

/// Whether this module serves `rest`, the path below the tenant.
pub(super) fn is_known(rest: &[&str]) -> bool {
    matches!(
        rest,
        ["v2.0", ".well-known", "openid-configuration"]
            | [".well-known", "openid-configuration"]
            | ["discovery", "v2.0", "keys"]
            | ["discovery", "keys"]
            | ["oauth2", "v2.0", "logout"]
            | ["oauth2", "logout"]
            | ["v2.0", "adminconsent"]
            | ["adminconsent"]
    )
}

/// Documents below the tenant that are fetched with GET.
pub(super) fn get(world: &State, rest: &[&str], segment: &TenantSegment, call: &Call) -> Answer {
    match rest {
        ["v2.0", ".well-known", "openid-configuration"] => {
            answer::json(200, &configuration(world, segment, call, EndpointVersion::V2))
        }
        [".well-known", "openid-configuration"] => {
            answer::json(200, &configuration(world, segment, call, EndpointVersion::V1))
        }
        ["discovery", "v2.0", "keys"] | ["discovery", "keys"] => key()
            .map_or_else(|| answer::json(500, &json!({})), |key| answer::json(200, &key.jwks())),
        ["oauth2", "v2.0", "logout"] | ["oauth2", "logout"] => sign_out(call),
        _ => not_found(),
    }
}

/// The members of Entra's document (recorded 2025-02). It has no revocation and no introspection endpoint.
fn configuration(
    world: &State,
    segment: &TenantSegment,
    call: &Call,
    version: EndpointVersion,
) -> Value {
    let base = world.base();
    let tenant = call.segments().first().copied().unwrap_or_default().to_owned();
    let at = match &call.policy {
        Some(policy) => format!("{base}/{tenant}/{policy}"),
        None => format!("{base}/{tenant}"),
    };
    let cloud = world.cloud().unwrap_or_default().facts();
    let (oauth2, keys, issuer) = match version {
        EndpointVersion::V1 => ("oauth2", "discovery/keys", world.issuer_v1(segment.issuer_part())),
        EndpointVersion::V2 => {
            ("oauth2/v2.0", "discovery/v2.0/keys", world.issuer_v2(segment.issuer_part()))
        }
    };
    let user_info = match (version, world.cloud()) {
        (EndpointVersion::V1, _) => format!("{at}/openid/userinfo"),
        (EndpointVersion::V2, None) => format!("{base}/oidc/userinfo"),
        (EndpointVersion::V2, Some(_)) => format!("{}/oidc/userinfo", cloud.graph),
    };
    let instance = cloud.authority_host.split_once('.').map_or("", |(_, domain)| domain);
    let graph_host = cloud.graph.trim_start_matches("https://");
    json!({
        "token_endpoint": format!("{at}/{oauth2}/token"),
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "private_key_jwt", "client_secret_basic", "self_signed_tls_client_auth"],
        "jwks_uri": format!("{at}/{keys}"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer,
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": user_info,
        "authorization_endpoint": format!("{at}/{oauth2}/authorize"),
        "device_authorization_endpoint": format!("{at}/{oauth2}/devicecode"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{at}/{oauth2}/logout"),
        "claims_supported": ["sub", "iss", "cloud_instance_name", "cloud_instance_host_name",
            "cloud_graph_host_name", "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce",
            "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"],
        "kerberos_endpoint": format!("{at}/kerberos"),
        "tenant_region_scope": Value::Null,
        "cloud_instance_name": instance,
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": graph_host,
        "rbac_url": "https://pas.windows.net",
    })
}

/// Instance discovery: whether a host is an authority, and the names of each. The emulator's own address is one.
pub(super) fn instance(world: &State, call: &Call) -> Result<Answer, EntraError> {
    let asked = call.query("authorization_endpoint").unwrap_or_default();
    let url = url::Url::parse(asked).ok();
    let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default();
    let own = NamedHost::parse(host.as_bytes())
        .is_ok_and(|host| host.is_loopback() || world.has_name(&host));
    if Cloud::of_authority_host(host).is_none() && !own {
        return Err(EntraError::new("invalid_instance", 50_049, "Unknown or invalid instance."));
    }
    let address = match url.as_ref().and_then(url::Url::port) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let tenant = url.as_ref().and_then(|url| url.path_segments()?.next()).unwrap_or("common");
    let version = if asked.contains("/v2.0/") { "v2.0/" } else { "" };
    let entry = |cloud: Cloud| {
        let facts = cloud.facts();
        let mut aliases = vec![facts.authority_host];
        aliases.extend(facts.authority_aliases);
        json!({
            "preferred_network": facts.authority_host,
            "preferred_cache": facts.authority_aliases.first().unwrap_or(&facts.authority_host),
            "aliases": aliases,
        })
    };
    // Clouds of the government share an authority.
    let clouds = [Cloud::Public, Cloud::China, Cloud::UsGov];
    let mut metadata: Vec<Value> = clouds.into_iter().map(entry).collect();
    if own {
        metadata.push(json!({
            "preferred_network": address, "preferred_cache": address, "aliases": [address],
        }));
    }
    Ok(answer::json(
        200,
        &json!({
            "tenant_discovery_endpoint":
                format!("https://{address}/{tenant}/{version}.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": metadata,
        }),
    ))
}

/// Whether a user name belongs to a directory of the emulator.
fn is_known_user(world: &State, user: &str) -> bool {
    let domain = user.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    world.directories.iter().any(|directory| directory.domains.contains(&domain))
        || world.known_account(user).is_some_and(|account| !account.is_personal())
        || world.accepts(Unregistered::User) && user.contains('@')
}

/// The kind of account of a user name. The members of `api-version=2.1` are those that browsers get.
pub(super) fn user_realm(world: &State, user: &str, call: &Call) -> Answer {
    let user = user.replace("%40", "@");
    let domain = user.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let is_known = is_known_user(world, &user);
    if call.query("api-version").is_some_and(|version| version.starts_with('2')) {
        return answer::json(
            200,
            &json!({
                "NameSpaceType": if is_known { "Managed" } else { "Unknown" },
                "Login": user, "DomainName": domain, "FederationBrandName": domain,
                "TenantBrandingInfo": Value::Null, "cloud_instance_name": "microsoftonline.com",
            }),
        );
    }
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

/// `POST /common/GetCredentialType`: what the sign-in page asks after the user name. `IfExistsResult` is 0 for a user that
/// exists and 1 for another one.
pub(super) fn credential_type(world: &State, call: &Call) -> Answer {
    let asked = call.json().unwrap_or_default();
    let username = asked["username"].as_str().unwrap_or_default();
    let known = world.known_account(username).is_some()
        || world.accepts(Unregistered::User) && username.contains('@');
    answer::json(
        200,
        &json!({
            "Username": username, "Display": username, "IfExistsResult": i32::from(!known),
            "IsUnmanaged": false, "ThrottleStatus": 0,
            "Credentials": { "PrefCredential": 1, "HasPassword": true },
            "EstsProperties": { "DomainType": 3 },
        }),
    )
}

/// WebFinger (RFC 7033 §4.4): the issuer for a resource. It is a statement of the emulator; Entra's is for AD FS.
pub(super) fn webfinger(world: &State, call: &Call) -> Answer {
    let resource = call.query("resource").unwrap_or_default();
    answer::json(
        200,
        &json!({
            "subject": resource,
            "links": [{
                "rel": "http://openid.net/specs/connect/1.0/issuer",
                "href": world.issuer_v2(TenantSegment::Common.issuer_part()),
            }],
        }),
    )
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
