//! The state of the emulator: what was issued, and what every endpoint asks of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};

use super::account::{Directory, EmulatedAccount, TenantSegment};
use super::answer::{self, Answer};
use super::authorize::{AuthorizationCode, AuthorizeRequest};
use super::call::Call;
use super::device::DeviceFlow;
use super::entropy::SeededRandom;
use super::grant::{CompactToken, EmulatedGrant, RefreshToken};
use super::host::Service;
use super::record::client_of;
use super::refresh_fault::RefreshFault;
use super::refusal::{self, EntraError};
use super::scenario::{Scenario, TransportFault};
use super::scope::{self, EmulatedResource, RequestedScopes, SeveralApis};
use super::{
    EmulatedApi, EmulatorOptions, LogLine, Note, Registration, RegistrationKind, Reply, page,
};
use entrada_core::NumericDate;

/// The client ids of the Azure CLI and Azure PowerShell.
const AZURE_TOOLS: [&str; 2] =
    ["04b07795-8ddb-461a-bbee-02f9e1bf7b46", "1950a258-227b-4e31-a9cf-717495945fc2"];

pub(super) struct State {
    pub(super) options: EmulatorOptions,
    pub(super) entropy: SeededRandom,
    pub(super) directories: Vec<Directory>,
    /// The APIs of the options, and those that were accepted.
    pub(super) apis: Vec<&'static EmulatedResource>,
    /// How many names of APIs and permissions were accepted.
    pub(super) accepted_apis: usize,
    /// Accounts in addition to the built-in ones.
    pub(super) people: Vec<&'static EmulatedAccount>,
    /// The service that this request is for.
    pub(super) service: Service,
    /// The root of the URLs in the response to this request, without a trailing slash.
    pub(super) base: String,
    /// What this request contained that nobody registered.
    pub(super) notes: Vec<Note>,
    /// Device flows, the oldest first.
    pub(super) device_flows: Vec<DeviceFlow>,
    /// Open authorize pages, by the id in their form.
    pub(super) authorize_requests: BTreeMap<String, AuthorizeRequest>,
    pub(super) codes: BTreeMap<String, AuthorizationCode>,
    pub(super) grants: Vec<EmulatedGrant>,
    pub(super) refresh_tokens: BTreeMap<String, RefreshToken>,
    /// Access tokens of personal accounts, which have no readable content.
    pub(super) compact_tokens: BTreeMap<String, CompactToken>,
    /// The consents, by client, user and API.
    pub(super) consents: BTreeMap<(String, &'static str, &'static str), BTreeSet<&'static str>>,
    /// Clients with an administrator's consent.
    pub(super) admin_consents: BTreeSet<String>,
    /// How often each code or refresh token was presented.
    attempts: BTreeMap<String, u32>,
    /// The faults of the next refreshes.
    pub(super) faults: VecDeque<RefreshFault>,
    /// Whether the tokens of this request live 1 s.
    pub(super) is_short_lived: bool,
    pub(super) secrets: VecDeque<String>,
    pub(super) log: VecDeque<LogLine>,
}

/// The requests that transport faults distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExchangeStep {
    DeviceCode,
    Poll,
    Token,
}

impl State {
    pub(super) fn new(options: EmulatorOptions) -> Self {
        let mut directories = vec![Directory::contoso()];
        directories.extend(options.directories.iter().cloned());
        let base = options.base.as_str().trim_end_matches('/').to_owned();
        let username = options.account.clone();
        let mut state = Self {
            entropy: SeededRandom::new(options.seed),
            apis: options.apis.iter().map(EmulatedApi::resource).collect(),
            accepted_apis: 0,
            people: Vec::new(),
            service: Service::Every,
            base,
            notes: Vec::new(),
            options,
            directories,
            device_flows: Vec::new(),
            authorize_requests: BTreeMap::new(),
            codes: BTreeMap::new(),
            grants: Vec::new(),
            refresh_tokens: BTreeMap::new(),
            compact_tokens: BTreeMap::new(),
            consents: BTreeMap::new(),
            admin_consents: BTreeSet::new(),
            attempts: BTreeMap::new(),
            faults: VecDeque::new(),
            is_short_lived: false,
            secrets: VecDeque::new(),
            log: VecDeque::new(),
        };
        if let Some(username) = username {
            state.account(&username);
            state.notes.clear();
        }
        state
    }

    pub(super) fn handle(&mut self, request: http::Request<Vec<u8>>, now: NumericDate) -> Reply {
        let call = Call::new(request);
        let received: Vec<String> = call.secrets().map(str::to_owned).collect();
        for secret in received {
            self.remember_secret(secret);
        }
        self.find_service(&call);
        self.accept_apis(&call);
        let client_id = client_of(&call);
        let server_now =
            now.plus_seconds(self.scenario_of(client_id.as_deref().unwrap_or_default()).clock_skew);
        let reply = match self.route(&call, server_now) {
            Reply::Answer(answer) => Reply::Answer(self.finish(&call, answer, server_now)),
            Reply::Delayed(delay, answer) => {
                Reply::Delayed(delay, self.finish(&call, answer, server_now))
            }
            silent => silent,
        };
        self.write_log(&call, client_id, &reply, now);
        reply
    }

    /// The scenario for this client.
    pub(super) fn scenario_of(&self, client_id: &str) -> &'static Scenario {
        Scenario::of_client(client_id).unwrap_or(self.options.scenario)
    }

    /// The APIs that are not Microsoft's: those of the options, and those of this client's scenario.
    pub(super) fn apis_of(&self, client_id: &str) -> Vec<&'static EmulatedResource> {
        self.apis.iter().chain(self.scenario_of(client_id).apis).copied().collect()
    }

    /// Reads the `scope` parameter of a request of this client.
    pub(super) fn parse_scope(
        &self,
        client_id: &str,
        scope: &str,
        several: SeveralApis,
    ) -> Result<RequestedScopes, EntraError> {
        let mut wanted = scope::parse(scope, several, &self.apis_of(client_id))?;
        if AZURE_TOOLS.iter().any(|id| id.eq_ignore_ascii_case(client_id)) {
            wanted.limit_to_azure_tools();
        }
        Ok(wanted)
    }

    /// The root of the authority's URLs in this response, without a trailing slash.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn client(&self, client_id: &str) -> Option<&Registration> {
        self.options.clients.iter().find(|client| client.client_id.eq_ignore_ascii_case(client_id))
    }

    pub(super) fn kind_of(&self, client_id: &str) -> RegistrationKind {
        const OFFICE: &str = "d3590ed6-52b3-4102-aeff-aad2292ab01c";
        let built_in =
            AZURE_TOOLS.iter().chain([&OFFICE]).any(|id| id.eq_ignore_ascii_case(client_id));
        let other = if built_in { RegistrationKind::FirstParty } else { RegistrationKind::Public };
        self.client(client_id).map_or(other, |client| client.kind)
    }

    /// Checks whether this client may send requests to this tenant.
    pub(super) fn check_client_and_tenant(
        &self,
        client_id: &str,
        segment: &TenantSegment,
    ) -> Result<(), EntraError> {
        if let Some(refusal) = self.scenario_of(client_id).start {
            return Err(refusal.clone());
        }
        let known = uuid::Uuid::try_parse(client_id).is_ok()
            && (!self.options.only_known_clients
                || self.client(client_id).is_some()
                || Scenario::of_client(client_id).is_some());
        if !known {
            return Err(refusal::unknown_client(client_id, "Contoso"));
        }
        let wrong_endpoint =
            |code, text: &'static str| Err(EntraError::new("invalid_request", code, text));
        match (self.kind_of(client_id), segment) {
            (
                RegistrationKind::SingleTenant,
                TenantSegment::Common | TenantSegment::Organizations | TenantSegment::Consumers,
            ) => wrong_endpoint(
                50_194,
                "Application '{client_id}' is not configured as a multi-tenant application. Usage of the /common \
                     endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific \
                     endpoint or configure the application to be multi-tenant.",
            ),
            (RegistrationKind::WorkOnly, TenantSegment::Consumers) => wrong_endpoint(
                9_002_332,
                "Application '{client_id}' is configured for use by Azure Active Directory users only. Please do not \
                 use the /consumers endpoint to serve this request.",
            ),
            (RegistrationKind::PersonalOnly, other) if *other != TenantSegment::Consumers => {
                wrong_endpoint(
                    9_002_331,
                    "Application '{client_id}' is configured for use by Microsoft Account users only. Please use the \
                 /consumers endpoint to serve this request.",
                )
            }
            _ => Ok(()),
        }
    }

    /// The account that signs in without a user's choice.
    pub(super) fn default_account(
        &self,
        scenario: &Scenario,
        segment: &TenantSegment,
    ) -> Option<&'static EmulatedAccount> {
        let wanted = scenario.account.or(self.options.account.as_deref());
        let chosen = wanted
            .and_then(|name| self.known_account(name))
            .filter(|account| segment.allows(account));
        chosen.or_else(|| self.accounts().find(|account| segment.allows(account)))
    }

    /// The transport fault of this request, if any. `attempt` counts from 1.
    pub(super) fn fault(
        &mut self,
        scenario: &Scenario,
        step: ExchangeStep,
        attempt: u32,
        call: &Call,
        now: NumericDate,
    ) -> Option<Reply> {
        let token = step != ExchangeStep::DeviceCode;
        let down = match step {
            ExchangeStep::DeviceCode => false,
            ExchangeStep::Poll => (2..=5).contains(&attempt),
            ExchangeStep::Token => attempt == 1,
        };
        Some(match scenario.transport_fault {
            TransportFault::Html => Reply::Answer(answer::html(
                200,
                page::notice("Welcome to the guest network", "Accept the terms to go on-line."),
            )),
            TransportFault::Empty => {
                Reply::Answer(answer::plain(200, "application/json; charset=utf-8", Vec::new()))
            }
            TransportFault::ErrorUnder200 if !token => {
                let refusal =
                    refusal::unknown_client(call.form("client_id").unwrap_or_default(), "Contoso");
                Reply::Answer(self.refuse(call, &refusal.status(200), now))
            }
            TransportFault::Throttled if token && attempt == 1 => {
                let mut answer = self.refuse(call, &refusal::THROTTLED, now);
                answer::set_header(&mut answer, "retry-after", "2");
                Reply::Answer(answer)
            }
            TransportFault::Outage if down && attempt % 2 == 1 && step == ExchangeStep::Poll => {
                Reply::Cut
            }
            TransportFault::Outage if down => Reply::Answer(answer::html(
                503,
                page::notice("Service Unavailable", "HTTP Error 503. The service is unavailable."),
            )),
            TransportFault::Hang if token => Reply::Hang,
            _ => return None,
        })
    }

    /// Counts how often `secret` was presented.
    pub(super) fn count_attempt(&mut self, secret: &str) -> u32 {
        let count = self.attempts.entry(entrada_core::fingerprint(secret.as_bytes())).or_default();
        *count += 1;
        *count
    }

    pub(super) fn or_refuse(
        &mut self,
        result: Result<Answer, EntraError>,
        call: &Call,
        now: NumericDate,
    ) -> Answer {
        result.unwrap_or_else(|refusal| self.refuse(call, &refusal, now))
    }

    /// The response to a POST, with the scenario's general faults applied.
    pub(super) fn with_transport_fault(scenario: &Scenario, mut answer: Answer) -> Reply {
        match scenario.transport_fault {
            TransportFault::NumbersAsText => {
                if let Ok(mut body) = serde_json::from_slice::<Value>(answer.body()) {
                    answer::numbers_as_text(&mut body);
                    *answer.body_mut() = body.to_string().into_bytes();
                }
                Reply::Answer(answer)
            }
            TransportFault::Late => Reply::Delayed(Duration::from_secs(3), answer),
            _ => Reply::Answer(answer),
        }
    }

    /// The JSON body of an OAuth error.
    pub(super) fn refuse(&mut self, call: &Call, refusal: &EntraError, now: NumericDate) -> Answer {
        let client_id = call.parameter("client_id").unwrap_or_default();
        let trace_id = self.entropy.guid();
        let correlation_id = self.correlation_id(call);
        let description =
            self.error_description(refusal, client_id, &trace_id, &correlation_id, now);
        let mut body = json!({
            "error": refusal.error, "error_description": description, "error_codes": [refusal.code],
            "timestamp": now.to_string(), "trace_id": trace_id, "correlation_id": correlation_id,
            "error_uri": format!("{}/error?code={}", self.base(), refusal.code),
        });
        if let Some(suberror) = refusal.suberror {
            body["suberror"] = json!(suberror);
        }
        if let Some(claims) = refusal.claims {
            body["claims"] = json!(claims);
        }
        let mut answer = answer::json(refusal.status, &body);
        answer::set_header(&mut answer, "x-ms-request-id", &trace_id);
        answer::set_header(&mut answer, "x-ms-clitelem", &format!("1,{},0,,", refusal.code));
        answer::with_logged_error(answer, refusal.error)
    }

    /// `AADSTSnnnn: text Trace ID: … Correlation ID: … Timestamp: …`.
    pub(super) fn error_description(
        &self,
        refusal: &EntraError,
        client_id: &str,
        trace_id: &str,
        correlation_id: &str,
        now: NumericDate,
    ) -> String {
        let text = refusal
            .text
            .replace("{client_id}", client_id)
            .replace("{resource}", scope::GRAPH.app_id());
        let gap = if self.options.crlf { "\r\n" } else { " " };
        format!(
            "AADSTS{}: {text}{gap}Trace ID: {trace_id}{gap}Correlation ID: {correlation_id}{gap}Timestamp: {now}",
            refusal.code
        )
    }

    /// The client's own `client-request-id`, or a new one.
    pub(super) fn correlation_id(&mut self, call: &Call) -> String {
        let asked = call.header("client-request-id").and_then(|id| uuid::Uuid::try_parse(id).ok());
        asked.map_or_else(|| self.entropy.guid(), |id| id.to_string())
    }
}
