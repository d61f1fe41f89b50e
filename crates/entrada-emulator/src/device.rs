//! The device authorization grant: the request, the page, and the polls.

use std::collections::VecDeque;

use serde_json::json;

use super::account::{EmulatedAccount, TenantSegment};
use super::answer::{self, Answer};
use super::call::{Call, EndpointVersion};
use super::page::{self, AccountPicker};
use super::refusal::{
    self, CODE_EXPIRED, DECLINED, EntraError, LOOP, PENDING, REDEEMED, SLOW_DOWN,
};
use super::scenario::{Approver, TransportFault};
use super::scope::SeveralApis;
use super::state::{ExchangeStep, State};
use super::{Reply, Unregistered, mint};
use entrada_core::NumericDate;
use entrada_core::entra::clouds::Cloud;

/// One device flow.
pub(super) struct DeviceFlow {
    pub(super) device_code: String,
    pub(super) user_code: String,
    pub(super) client_id: String,
    pub(super) scope: String,
    pub(super) claims: Option<String>,
    pub(super) segment: TenantSegment,
    expires_at: NumericDate,
    /// The minimum number of seconds between two polls.
    interval: i64,
    polls: u32,
    /// The times of the polls in the last two minutes.
    recent: VecDeque<NumericDate>,
    pub(super) outcome: ApprovalState,
}

/// The state of a device flow.
#[derive(Clone, Copy, Debug)]
pub(super) enum ApprovalState {
    Waiting,
    Approved(&'static EmulatedAccount),
    Declined,
    Redeemed,
}

impl State {
    /// `POST /{tenant}/oauth2/v2.0/devicecode`.
    pub(super) fn device_code(
        &mut self,
        call: &Call,
        segment: &TenantSegment,
        now: NumericDate,
    ) -> Reply {
        let scenario = self.scenario_of(call.form("client_id").unwrap_or_default());
        if let Some(reply) = self.fault(scenario, ExchangeStep::DeviceCode, 1, call, now) {
            return reply;
        }
        let started = self.start_device(call, segment, now);
        Self::with_transport_fault(scenario, self.or_refuse(started, call, now))
    }

    fn start_device(
        &mut self,
        call: &Call,
        segment: &TenantSegment,
        now: NumericDate,
    ) -> Result<Answer, EntraError> {
        let client_id = call.form("client_id").ok_or_else(|| refusal::missing("client_id"))?;
        self.check_client_and_tenant(client_id, segment)?;
        let scope = Self::requested_scope(call)?;
        let wanted = self.parse_scope(client_id, &scope, SeveralApis::Refused)?;
        self.check_client_scopes(client_id, &wanted)?;

        let scenario = self.scenario_of(client_id);
        let personal = *segment == TenantSegment::Consumers;
        let device_code = mint::device_code(&mut self.entropy);
        let user_code = mint::user_code(&mut self.entropy, personal);
        let uri = self.verification_uri(personal);
        let mut message = format!(
            "To sign in, use a web browser to open the page {uri} and enter the code {user_code} to authenticate."
        );
        if scenario.approves_by_itself() {
            message.push_str(
                " The emulator approves this sign-in by itself in some seconds: nothing has to be opened or entered. With \
                 `--scenario normal` it waits for the page.",
            );
        }
        if scenario.transport_fault == TransportFault::Hostile {
            message.push_str(
                " \u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\r\nerror: forged line\u{202e}\u{200b}\u{0}",
            );
        }
        let mut body = json!({
            "user_code": user_code, "device_code": device_code, "expires_in": scenario.code_life, "message": message,
        });
        if call.version() == EndpointVersion::V1 {
            body["verification_url"] = json!(uri);
            body["interval"] = json!(self.options.interval);
            answer::numbers_as_text(&mut body);
        } else if scenario.transport_fault == TransportFault::OldNames {
            body["verification_url"] = json!(uri);
        } else {
            body["verification_uri"] = json!(uri);
            body["interval"] = json!(self.options.interval);
        }
        self.remember_secret(device_code.clone());
        // Codes that expired an hour ago are dropped.
        self.device_flows.retain(|old| now <= old.expires_at.plus_seconds(3_600));
        self.device_flows.push(DeviceFlow {
            device_code,
            user_code,
            client_id: client_id.to_owned(),
            scope,
            claims: call.form("claims").map(str::to_owned),
            segment: segment.clone(),
            expires_at: now.plus_seconds(scenario.code_life),
            interval: i64::try_from(self.options.interval).unwrap_or(5),
            polls: 0,
            recent: VecDeque::new(),
            outcome: ApprovalState::Waiting,
        });
        Ok(answer::json(200, &body))
    }

    /// The address of the page for user codes.
    fn verification_uri(&self, personal: bool) -> String {
        match (self.cloud(), personal) {
            (Some(_), true) => "https://www.microsoft.com/link".to_owned(),
            (Some(Cloud::Public), false) => "https://login.microsoft.com/device".to_owned(),
            (_, personal) => {
                format!("{}/{}", self.base(), if personal { "link" } else { "devicelogin" })
            }
        }
    }

    /// The result of a poll: tokens for the flow at this index, or an error.
    pub(super) fn poll(&mut self, call: &Call, segment: &TenantSegment, now: NumericDate) -> Reply {
        let scenario = self.scenario_of(call.form("client_id").unwrap_or_default());
        let code = call.form("device_code").or_else(|| call.form("code"));
        let Some(code) = code else {
            return Reply::Answer(self.refuse(call, &refusal::missing("device_code"), now));
        };
        let Some(index) = self.device_flows.iter().position(|flow| flow.device_code == code) else {
            let unknown =
                EntraError::new("bad_verification_code", 70_018, "Invalid verification code.");
            return Reply::Answer(self.refuse(call, &unknown, now));
        };
        self.device_flows[index].polls += 1;
        let polls = self.device_flows[index].polls;
        if let Some(reply) = self.fault(scenario, ExchangeStep::Poll, polls, call, now) {
            return reply;
        }
        let answer = match self.poll_outcome(index, call, segment, now) {
            Ok(account) => self.device_tokens(index, account, call, now),
            Err(refusal) => Err(refusal),
        };
        Self::with_transport_fault(scenario, self.or_refuse(answer, call, now))
    }

    fn poll_outcome(
        &mut self,
        index: usize,
        call: &Call,
        segment: &TenantSegment,
        now: NumericDate,
    ) -> Result<&'static EmulatedAccount, EntraError> {
        let client_id = call.form("client_id").ok_or_else(|| refusal::missing("client_id"))?;
        self.check_client_and_tenant(client_id, segment)?;
        let scenario = self.scenario_of(client_id);
        let usual = self.default_account(scenario, segment);
        let often = (300 / self.options.interval.max(1)).max(60);
        let flow = &mut self.device_flows[index];
        if !flow.client_id.eq_ignore_ascii_case(client_id) {
            return Err(refusal::BAD_GRANT);
        }
        if flow.segment != *segment {
            return Err(refusal::OTHER_TENANT);
        }
        if matches!(flow.outcome, ApprovalState::Redeemed) {
            return Err(REDEEMED);
        }
        if flow.expires_at <= now {
            let old = scenario.transport_fault == TransportFault::OldNames
                || call.version() == EndpointVersion::V1;
            return Err(EntraError {
                error: if old { "code_expired" } else { "expired_token" },
                ..CODE_EXPIRED
            });
        }
        let early = flow.recent.back().is_some_and(|last| now.seconds_since(*last) < flow.interval);
        flow.recent.push_back(now);
        flow.recent.retain(|at| now.seconds_since(*at) < 120);
        if often < u64::try_from(flow.recent.len()).unwrap_or(u64::MAX) {
            return Err(LOOP);
        }
        if scenario.transport_fault == TransportFault::SlowDown && (flow.polls == 1 || early) {
            flow.interval += 5;
            return Err(SLOW_DOWN);
        }
        // The outage comes while the program waits, however soon the user approves.
        if scenario.transport_fault == TransportFault::Outage && flow.polls == 1 {
            return Err(PENDING);
        }
        if let Some(refusal) = scenario.second_poll.filter(|_| 2 <= flow.polls) {
            return Err(refusal.clone());
        }
        if matches!(flow.outcome, ApprovalState::Waiting) && 2 <= flow.polls {
            match (scenario.approver, usual) {
                (Approver::Automatic, Some(account)) => {
                    flow.outcome = ApprovalState::Approved(account);
                }
                (Approver::Declines, _) => flow.outcome = ApprovalState::Declined,
                _ => (),
            }
        }
        match flow.outcome {
            ApprovalState::Waiting => Err(PENDING),
            ApprovalState::Declined => Err(DECLINED),
            ApprovalState::Redeemed => Err(REDEEMED),
            ApprovalState::Approved(account) => {
                self.refused_at_issue(scenario, client_id, call).map_or(Ok(account), Err)
            }
        }
    }

    /// The page for the user code: three steps at one URL.
    pub(super) fn device_page(&mut self, call: &Call, now: NumericDate) -> Answer {
        let typed = call.parameter("otc").unwrap_or_default();
        if !call.is_post() {
            return answer::html(200, page::enter_code(&call.path, typed, None));
        }
        let Some(index) =
            self.waiting(typed).filter(|index| now < self.device_flows[*index].expires_at)
        else {
            let problem = "That code didn’t work. Check the code and try again.";
            return answer::html(200, page::enter_code(&call.path, typed, Some(problem)));
        };
        let flow = &self.device_flows[index];
        let chosen = call.form("account").or_else(|| call.form("username"));
        // A person who signs in at the page within a second would be faster than the second poll.
        let declines = self.scenario_of(&flow.client_id).approver == Approver::Declines;
        if call.form("action") == Some("cancel") || declines && chosen.is_some() {
            self.decline(typed);
            return answer::html(
                200,
                page::notice("You cancelled the sign-in", "You may close this window."),
            );
        }
        let Some(account) = chosen else {
            let ask = AccountPicker {
                accounts: self.accounts().collect(),
                other: self.accepts(Unregistered::User),
                action: &call.path,
                hidden: ("otc", &flow.user_code),
                client_id: &flow.client_id,
                scope: &flow.scope,
                segment: &flow.segment,
                login_hint: None,
                context: "on another device.",
                warning: Some(
                    "Continue only if you started this sign-in yourself. If someone sent you this code, they get access to \
                     your account: choose Cancel.",
                ),
            };
            return answer::html(200, page::pick_account(&ask));
        };
        let client_id = flow.client_id.clone();
        if !self.approve(typed, account) {
            return answer::html(200, page::error_page("This account cannot be used here."));
        }
        if self.needs_admin(&client_id) {
            return answer::html(200, page::admin_approval(&client_id, None));
        }
        let text = format!(
            "You have signed in to {client_id} on your device. You may now close this window."
        );
        answer::html(200, page::notice("You’re all set", &text))
    }

    /// The index of the pending flow with this user code; case, spaces and dashes are ignored.
    fn waiting(&self, user_code: &str) -> Option<usize> {
        let typed: String = user_code.chars().filter(char::is_ascii_alphanumeric).collect();
        self.device_flows.iter().position(|flow| {
            matches!(flow.outcome, ApprovalState::Waiting)
                && flow.user_code.eq_ignore_ascii_case(&typed)
                && self.scenario_of(&flow.client_id).approver != Approver::Never
        })
    }

    pub(super) fn approve(&mut self, user_code: &str, account: &str) -> bool {
        let Some(index) = self.waiting(user_code) else { return false };
        let account = self.account(account);
        let flow = &mut self.device_flows[index];
        let account = account.filter(|account| flow.segment.allows(account));
        if let Some(account) = account {
            flow.outcome = ApprovalState::Approved(account);
        }
        account.is_some()
    }

    pub(super) fn decline(&mut self, user_code: &str) -> bool {
        let found = self.waiting(user_code);
        if let Some(index) = found {
            self.device_flows[index].outcome = ApprovalState::Declined;
        }
        found.is_some()
    }

    pub(super) fn pending_user_codes(&self) -> Vec<String> {
        let waiting =
            self.device_flows.iter().filter(|flow| matches!(flow.outcome, ApprovalState::Waiting));
        waiting.map(|flow| flow.user_code.clone()).collect()
    }
}
