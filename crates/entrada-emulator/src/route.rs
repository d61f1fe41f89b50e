//! Leads each request to its service and endpoint.

use http::Method;

use super::answer::{self, Answer};
use super::call::Call;
use super::host::Service;
use super::refusal::{self, EntraError};
use super::state::State;
use super::{HostNames, Reply, metadata, page};
use entrada_core::entra::clouds::Cloud;
use entrada_core::{AuthorityKind, NamedHost, NumericDate};

impl State {
    /// Whether the emulator itself has this name.
    pub(super) fn has_name(&self, host: &NamedHost) -> bool {
        let named =
            |own: &str| NamedHost::parse(own.as_bytes()).is_ok_and(|own| own.name() == host.name());
        self.options.base.host_str().is_some_and(named)
            || self.options.hosts.iter().any(|own| named(own))
    }

    /// Finds the service that this request is for, and how its documents name this server.
    pub(super) fn find_service(&mut self, call: &Call) {
        let service = Service::at(call.host.as_ref(), |host| self.has_name(host));
        let own = matches!(self.options.names, HostNames::Own) && self.base_service().is_none();
        self.service = if own { Service::Every } else { service };
        self.base = match (self.service, &call.host) {
            (Service::Authority(_), Some(host)) => match host.port_or(443) {
                443 => format!("https://{}", host.name()),
                port => format!("https://{}:{port}", host.name()),
            },
            _ => self.options.base.as_str().trim_end_matches('/').to_owned(),
        };
    }

    /// The service that the emulator's own address names, if it is one of Microsoft's.
    fn base_service(&self) -> Option<Service> {
        Service::of_microsoft(self.options.base.host_str()?)
    }

    /// The cloud whose host this request is for. `None` at the emulator's own address.
    pub(super) fn cloud(&self) -> Option<Cloud> {
        match self.service {
            Service::Authority(cloud) => Some(cloud),
            _ => None,
        }
    }

    /// The issuer of version 1 for a tenant.
    pub(super) fn issuer_v1(&self, tenant: &str) -> String {
        let cloud = self.cloud().unwrap_or_default().facts();
        let issuer = cloud.issuer_v1.unwrap_or("https://sts.windows.net/{tenantid}/");
        issuer.replace("{tenantid}", tenant)
    }

    /// The issuer of version 2.0 for a tenant.
    pub(super) fn issuer_v2(&self, tenant: &str) -> String {
        match url::Url::parse(&self.base).as_ref().map(AuthorityKind::of) {
            Ok(AuthorityKind::ExternalId) => {
                return format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0");
            }
            Ok(AuthorityKind::B2c) => return format!("{}/{tenant}/v2.0/", self.base),
            _ => (),
        }
        match self.cloud() {
            Some(cloud) => cloud.facts().issuer_v2.replace("{tenantid}", tenant),
            None => format!("{}/{tenant}/v2.0", self.base),
        }
    }

    pub(super) fn route(&mut self, call: &Call, now: NumericDate) -> Reply {
        let segments = call.segments();
        let segments = segments.as_slice();
        match self.service {
            Service::Graph => Reply::Answer(self.graph_host(call, segments, now)),
            Service::ResourceManager => Reply::Answer(self.resource_manager(call, segments, now)),
            Service::Exchange => Reply::Answer(self.exchange(call, segments, now)),
            Service::InstanceMetadata => self.managed_identity(call, segments, now),
            Service::None => Reply::Answer(not_found()),
            Service::Authority(_) => self.authority(call, segments, now),
            Service::Every => match segments {
                ["v1.0" | "beta", ..] | ["oidc", "userinfo"] => {
                    Reply::Answer(self.graph_host(call, segments, now))
                }
                ["tenants" | "subscriptions", ..] => {
                    Reply::Answer(self.resource_manager(call, segments, now))
                }
                ["EWS" | "ews", ..] => Reply::Answer(self.exchange(call, segments, now)),
                ["metadata" | "msi", ..] => self.managed_identity(call, segments, now),
                _ => self.authority(call, segments, now),
            },
        }
    }

    /// Entra's own endpoints and pages.
    fn authority(&mut self, call: &Call, segments: &[&str], now: NumericDate) -> Reply {
        let page_or_get = matches!(call.method, Method::GET | Method::HEAD);
        let answer = match segments {
            [] => metadata::index(self),
            ["devicelogin" | "device" | "link"]
            | ["common", "oauth2", "deviceauth"]
            | ["common", "login", "device"] => self.device_page(call, now),
            [_, "discovery", "instance"] => {
                self.or_refuse(metadata::instance(self, call), call, now)
            }
            [_, "userrealm", user] => metadata::user_realm(self, user, call),
            [_, "userrealm"] => {
                metadata::user_realm(self, call.query("user").unwrap_or_default(), call)
            }
            [_, "GetCredentialType"] => metadata::credential_type(self, call),
            [_, ".well-known", "webfinger"] | [".well-known", "webfinger"] => {
                metadata::webfinger(self, call)
            }
            // The redirect URI of programs that embed a browser: they read the address, and the page is empty.
            [_, "oauth2", "nativeclient"] => answer::html(200, String::new()),
            ["oidc", "userinfo"] | [_, "openid", "userinfo"] => self.user_info(call, now),
            ["error"] => {
                answer::html(200, page::notice("Error", "The emulator keeps no table of errors."))
            }
            [tenant, rest @ ..] => {
                // A single segment is a file that a browser asks for, such as `favicon.ico`.
                let segment = if rest.is_empty() { None } else { self.segment(tenant) };
                // Version 1 has the same endpoints without `v2.0`.
                let endpoint = match rest {
                    ["oauth2", "v2.0", endpoint] | ["oauth2", endpoint] => Some(*endpoint),
                    _ => None,
                };
                return match (endpoint, segment) {
                    (Some("devicecode"), Some(segment)) if call.is_post() => {
                        self.device_code(call, &segment, now)
                    }
                    (Some("token"), Some(segment)) if call.is_post() => {
                        self.token(call, &segment, now)
                    }
                    (Some("devicecode" | "token"), segment) => {
                        let refusal = if segment.is_some() {
                            only_post(call)
                        } else {
                            refusal::unknown_tenant(tenant)
                        };
                        Reply::Answer(self.refuse(call, &refusal, now))
                    }
                    (Some("authorize"), segment) => {
                        Reply::Answer(self.authorize(call, tenant, segment.as_ref(), now))
                    }
                    (_, None) if metadata::is_known(rest) => {
                        Reply::Answer(self.refuse(call, &refusal::unknown_tenant(tenant), now))
                    }
                    (_, Some(segment))
                        if matches!(rest, ["v2.0", "adminconsent"] | ["adminconsent"]) =>
                    {
                        Reply::Answer(self.admin_consent(call, &segment))
                    }
                    (_, Some(segment)) if page_or_get => {
                        Reply::Answer(metadata::get(self, rest, &segment, call))
                    }
                    _ => Reply::Answer(not_found()),
                };
            }
        };
        Reply::Answer(answer)
    }
}

pub(super) fn not_found() -> Answer {
    answer::plain(404, "text/plain; charset=utf-8", Vec::new())
}

fn only_post(call: &Call) -> EntraError {
    let text =
        format!("The endpoint only accepts POST requests. Received a {} request.", call.method);
    EntraError::with("invalid_request", 900_561, text)
}
