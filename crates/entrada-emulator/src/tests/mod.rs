//! Tests the emulator with the client's own requests.

mod code;
mod confidential;
mod device;
mod graph;
mod hosts;
mod mail;
mod response_types;
mod scenarios;
mod serve;
mod services;
mod signature;
mod unregistered;
mod version_1;

use http::Request;
use serde_json::Value;
use url::form_urlencoded;

use super::*;
use entrada_core::oauth::device_code::{self, DeviceAuthorization, Poll};
use entrada_core::oauth::{
    ErrorResponse, HttpResponse, TokenResponse, account_of, discovery, refresh,
};
use entrada_core::{Authority, Claims, Endpoints, Jwt, ScopeSet, Secret, Tenant};

pub(super) const T0: NumericDate = NumericDate(1_800_000_000);
pub(super) const CLIENT: &str = "11112222-3333-4444-8555-666677778888";
pub(super) const MAIL: &str = "https://graph.microsoft.com/Mail.Read offline_access openid profile";
pub(super) const IMAP: &str = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access";

/// An emulator, the time, and a client.
pub(super) struct Bench {
    pub(super) emulator: Emulator,
    pub(super) now: NumericDate,
    pub(super) client: String,
    pub(super) tenant: &'static str,
}

impl Bench {
    pub(super) fn new(scenario: &str) -> Self {
        let mut options = EmulatorOptions::new(Url::parse("http://localhost:8400").unwrap());
        options.scenario = Scenario::find(scenario).unwrap();
        options.seed = Some(7);
        Self::with(options)
    }

    pub(super) fn with(options: EmulatorOptions) -> Self {
        let (emulator, now) = (Emulator::new(options), T0);
        Self { emulator, now, client: CLIENT.to_owned(), tenant: "common" }
    }

    pub(super) fn authority(&self) -> Authority {
        let tenant = Tenant::parse(self.tenant).unwrap();
        Authority::parse("http://localhost:8400", Some(tenant)).unwrap()
    }

    pub(super) fn endpoints(&self) -> Endpoints {
        self.authority().endpoints().unwrap()
    }

    pub(super) fn send(&self, request: Request<Vec<u8>>) -> HttpResponse {
        match self.emulator.handle(request, self.now) {
            Reply::Answer(answer) | Reply::Delayed(_, answer) => answer,
            silent => panic!("no answer: {silent:?}"),
        }
    }

    pub(super) fn get(&self, path: &str) -> HttpResponse {
        self.send(Request::get(path).body(Vec::new()).unwrap())
    }

    pub(super) fn post(&self, path: &str, form: &[(&str, &str)]) -> HttpResponse {
        self.send(post(path, form))
    }

    pub(super) fn token(&self, form: &[(&str, &str)]) -> HttpResponse {
        let path = format!("/{}/oauth2/v2.0/token", self.tenant);
        let mut members = vec![("client_id", self.client.as_str()), ("client_info", "1")];
        members.extend(form);
        self.post(&path, &members)
    }

    pub(super) fn start(&self, scopes: &str) -> Result<DeviceAuthorization, Box<ErrorResponse>> {
        let endpoint = self.endpoints().device_authorization.unwrap();
        let scopes = ScopeSet::parse(scopes);
        let request = device_code::authorization_request(&endpoint, &self.client, &scopes, None);
        device_code::parse_authorization(&self.send(request), self.now).unwrap()
    }

    pub(super) fn poll_reply(&mut self, device: &DeviceAuthorization) -> Reply {
        self.now = self.now.plus(device.interval);
        let token = self.endpoints().token;
        let request = device_code::poll_request(&token, &self.client, &device.device_code);
        self.emulator.handle(request, self.now)
    }

    pub(super) fn poll(&mut self, device: &DeviceAuthorization) -> Poll {
        match self.poll_reply(device) {
            Reply::Answer(answer) | Reply::Delayed(_, answer) => {
                device_code::parse_poll(&answer, self.now).unwrap()
            }
            silent => panic!("no answer: {silent:?}"),
        }
    }

    /// Polls until the flow ends, without a user at the page.
    pub(super) fn finish(
        &mut self,
        device: &DeviceAuthorization,
    ) -> Result<TokenResponse, Box<ErrorResponse>> {
        for _ in 0..20 {
            match self.poll(device) {
                Poll::Pending => (),
                Poll::SlowDown => self.now = self.now.plus(device_code::SLOW_DOWN_STEP),
                Poll::Issued(token) => return Ok(*token),
                Poll::Refused(refusal) if refusal.http_status == Some(429) => (),
                Poll::Refused(refusal) => return Err(refusal),
                Poll::Unusable { error, .. } => panic!("{error}"),
            }
        }
        panic!("the flow does not end");
    }

    pub(super) fn sign_in(&mut self, scopes: &str) -> TokenResponse {
        let device = self.start(scopes).unwrap();
        self.finish(&device).unwrap()
    }

    pub(super) fn refresh(
        &self,
        token: &Secret,
        scopes: &str,
    ) -> Result<TokenResponse, Box<ErrorResponse>> {
        let scopes = ScopeSet::parse(scopes);
        let request = refresh::request(&self.endpoints().token, &self.client, token, &scopes, None);
        refresh::parse(&self.send(request), self.now).unwrap()
    }

    /// An emulator that answers for Microsoft's hosts.
    pub(super) fn of_microsoft(scenario: &str, accept: &[Unregistered]) -> Self {
        let base = Url::parse("https://login.microsoftonline.com").unwrap();
        let mut options = EmulatorOptions::new(base);
        options.scenario = Scenario::find(scenario).unwrap();
        options.names = HostNames::Microsoft;
        options.accept = accept.to_vec();
        options.seed = Some(7);
        Self::with(options)
    }

    /// A request with a token.
    pub(super) fn get_with(&self, token: &str, url: &str) -> HttpResponse {
        let request = Request::get(url).header("authorization", format!("Bearer {token}"));
        self.send(request.body(Vec::new()).unwrap())
    }

    /// Status and, of an error, its code and message.
    pub(super) fn graph(&self, token: &str, path: &str) -> (u16, String, String) {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        let answer = self.send(request.body(Vec::new()).unwrap());
        let body = json(&answer);
        let error = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
        (answer.status().as_u16(), error("code"), error("message"))
    }
}

pub(super) fn post(path: &str, form: &[(&str, &str)]) -> Request<Vec<u8>> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let form = "application/x-www-form-urlencoded";
    Request::post(path).header("content-type", form).body(body.into_bytes()).unwrap()
}

pub(super) fn json(answer: &HttpResponse) -> Value {
    serde_json::from_slice(answer.body()).unwrap()
}

pub(super) fn text(answer: &HttpResponse) -> String {
    String::from_utf8(answer.body().clone()).unwrap()
}

pub(super) fn claims(token: &Secret) -> Claims {
    Jwt::decode_unverified(token.expose()).unwrap().claims
}

/// The number of an OAuth error.
pub(super) fn error_code(answer: &HttpResponse) -> u64 {
    json(answer)["error_codes"][0].as_u64().unwrap_or_default()
}

/// The claims of a token in a JSON document.
pub(super) fn claims_of(token: &Value) -> Claims {
    Jwt::decode_unverified(token.as_str().unwrap()).unwrap().claims
}
