//! The scenarios: one record for each behaviour of the emulated Entra.

use super::own_api::ORDERS;
use super::refusal::{ADMIN_CONSENT, EntraError, LOOP, NOT_PUBLIC, PUBLIC};
use super::scope::EmulatedResource;

/// A behaviour of the emulator, set for all clients or, by `client_id`, for one client.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The name on command lines, for example `auto-approve`.
    pub name: &'static str,
    /// A description in one line.
    pub summary: &'static str,
    /// A client with this id always gets this scenario.
    pub client_id: &'static str,
    pub(super) approver: Approver,
    /// The user name of the built-in account that signs in automatically.
    pub(super) account: Option<&'static str>,
    /// The lifetime of the user code in seconds.
    pub(super) code_life: i64,
    /// The error in place of a device code, an authorization page or a token.
    pub(super) start: Option<&'static EntraError>,
    /// The error from the second poll on.
    pub(super) second_poll: Option<&'static EntraError>,
    /// The error in place of the tokens after the approval.
    pub(super) issue: Option<&'static EntraError>,
    /// The error in place of the tokens of a refresh.
    pub(super) refresh: Option<&'static EntraError>,
    pub(super) transport_fault: TransportFault,
    pub(super) tokens: TokenVariant,
    /// The seconds by which the server's clock is ahead.
    pub(super) clock_skew: i64,
    /// APIs in addition to Microsoft's.
    pub(super) apis: &'static [&'static EmulatedResource],
}

/// The approval of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Approver {
    /// The user at the page.
    User,
    /// Approved on the second poll; browsers are redirected at once.
    Automatic,
    /// Declined on the second poll.
    Declines,
    /// No approval: the page approves nothing.
    Never,
}

/// The transport fault of responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransportFault {
    None,
    Html,
    Empty,
    ErrorUnder200,
    NumbersAsText,
    OldNames,
    SlowDown,
    Throttled,
    Outage,
    Hang,
    Late,
    Hostile,
}

/// The deviation of the tokens from normal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenVariant {
    Normal,
    NoRefreshToken,
    NoScope,
    ShortLived,
    FirstShortLived,
    OtherAudience,
    Partial,
    RotateAndRevoke,
    Challenged,
}

pub(super) const PLAIN: Scenario = Scenario {
    name: "normal",
    summary: "approves when the user at the device page does; no failures",
    client_id: "e1a7a000-0000-4000-8000-000000000001",
    approver: Approver::Automatic,
    account: None,
    code_life: 900,
    start: None,
    second_poll: None,
    issue: None,
    refresh: None,
    transport_fault: TransportFault::None,
    tokens: TokenVariant::Normal,
    clock_skew: 0,
    apis: &[],
};

const UNKNOWN_CLIENT: EntraError = EntraError::new(
    "unauthorized_client",
    700_016,
    "Application with identifier '{client_id}' was not found in the directory 'Contoso'. This can happen if the \
     application has not been installed by the administrator of the tenant or consented to by any user in the tenant. \
     You may have sent your authentication request to the wrong tenant.",
);
const BLOCKED: EntraError = EntraError::new(
    "invalid_grant",
    53_003,
    "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
)
.suberror("message_only");
const FLOW_POLICY: EntraError = EntraError::new(
    "invalid_grant",
    530_036,
    "Access has been blocked by Conditional Access policies. The authentication flow is not allowed by the policy.",
)
.suberror("message_only");
const DEVICE_STATE: EntraError = EntraError::new(
    "invalid_grant",
    530_033,
    "Remote device flow is blocked, because the device that receives the token cannot prove its state.",
)
.suberror("message_only");
const MFA: EntraError = EntraError::new(
    "invalid_grant",
    50_076,
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must use \
     multi-factor authentication to access '{resource}'.",
)
.suberror("basic_action")
.claims(r#"{"access_token":{"capolids":{"essential":true,"values":["5d3f7c1e-2b60-4f0e-9a7d-6c1b0e4a9f21"]}}}"#);
const CONSENT: EntraError = EntraError::new(
    "invalid_grant",
    65_001,
    "The user or administrator has not consented to use the application with ID '{client_id}' named 'entrada'. Send \
     an interactive authorization request for this user and resource.",
)
.suberror("consent_required");
const DEAD: EntraError = EntraError::new(
    "invalid_grant",
    700_082,
    "The refresh token has expired due to inactivity. The token was issued on 2026-05-02T09:14:55.0000000Z and was \
     inactive for 90.00:00:00.",
);
const REVOKED: EntraError = EntraError::new(
    "invalid_grant",
    50_173,
    "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have \
     changed or reset their password. The grant was issued on '2026-05-02T09:14:55.0000000Z' and the TokensValidFrom \
     date (before which tokens are not valid) for this user is '2026-06-01T12:00:00.0000000Z'.",
)
.suberror("bad_token");
const HOSTILE: EntraError = EntraError::new(
    "invalid_grant",
    65_001,
    "no\r\nerror: forged line\r\n\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31mred\u{9b}1m \u{202e}desrever\u{202c} \
     \u{200b}\u{feff}\u{1b}]8;;https://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\ \u{0}\u{8}\u{7f}.",
)
.suberror("consent_required\u{1b}[2J\r\nforged");

/// Gives a scenario the next of the fixed client ids, which end in its number.
macro_rules! scenarios {
    ($($id:literal $name:literal $summary:literal { $($field:ident: $value:expr),* $(,)? })*) => {
        &[$(Scenario {
            name: $name,
            summary: $summary,
            client_id: concat!("e1a7a000-0000-4000-8000-0000000000", $id),
            $($field: $value,)*
            ..PLAIN
        }),*]
    };
}

/// Every scenario. The client ids are part of the interface: tests of other projects name them.
pub static SCENARIOS: &[Scenario] = scenarios! {
    "01" "normal" "approves when the user at the page does; no failures" { approver: Approver::User }
    "02" "auto-approve" "approves automatically on the second poll; redirects browsers at once" {}
    "03" "user-declines" "declines on the second poll: authorization_declined" { approver: Approver::Declines }
    "04" "code-expires" "the user does not sign in and the code lives 15 s: expired_token, AADSTS70019" {
        approver: Approver::Never, code_life: 15,
    }
    "05" "slow-down" "the first poll, and any poll that is too early, gets slow_down" { transport_fault: TransportFault::SlowDown }
    "06" "poll-loop" "the second poll is refused as a request loop: AADSTS50196" { second_poll: Some(&LOOP) }
    "07" "admin-consent-required" "only an administrator may consent: AADSTS90094" { issue: Some(&ADMIN_CONSENT) }
    "08" "consent-required" "the sign-in works, the refresh lacks consent: AADSTS65001" { refresh: Some(&CONSENT) }
    "09" "consent-partial" "requested `Mail.` scopes are not granted" { tokens: TokenVariant::Partial }
    "10" "no-refresh-token" "offline_access is requested, but the response has no refresh token" {
        tokens: TokenVariant::NoRefreshToken,
    }
    "11" "device-code-blocked" "Conditional Access refuses after the approval: AADSTS53003" { issue: Some(&BLOCKED) }
    "12" "device-code-policy" "a policy blocks the device code flow: AADSTS530036" {
        issue: Some(&FLOW_POLICY),
    }
    "13" "device-code-policy-later" "the sign-in works, then the policy blocks the refresh: AADSTS530036" {
        refresh: Some(&FLOW_POLICY),
    }
    "14" "device-state-required" "a compliant device is required: AADSTS530033" { issue: Some(&DEVICE_STATE) }
    "15" "mfa-required" "the refresh requires a second factor until its claims are sent: AADSTS50076" {
        refresh: Some(&MFA),
    }
    "16" "html-instead-of-json" "a captive portal answers every POST with a page and status 200" { transport_fault: TransportFault::Html }
    "17" "empty-body" "every POST gets an empty body with status 200" { transport_fault: TransportFault::Empty }
    "18" "error-under-200" "/devicecode sends an error with status 200" { transport_fault: TransportFault::ErrorUnder200 }
    "19" "numbers-as-strings" "every number is sent as text" { transport_fault: TransportFault::NumbersAsText }
    "20" "old-names" "verification_url instead of verification_uri, and no interval" { transport_fault: TransportFault::OldNames }
    "21" "throttled" "the first request with each code or token: 429 and Retry-After: 2" { transport_fault: TransportFault::Throttled }
    "22" "outage" "the first poll is pending, the next get 503, a closed connection, 503, a closed connection; a refresh first gets 503" {
        transport_fault: TransportFault::Outage,
    }
    "23" "hang" "the token endpoint never answers" { transport_fault: TransportFault::Hang }
    "24" "clock-skew" "the server's clock is 2 hours ahead" { clock_skew: 7_200 }
    "25" "rotate-and-revoke" "a used refresh token becomes invalid; using it again revokes the grant" {
        tokens: TokenVariant::RotateAndRevoke,
    }
    "26" "refresh-dead" "the refresh token was unused for 90 days: AADSTS700082" { refresh: Some(&DEAD) }
    "27" "refresh-revoked" "the password was changed and the sessions were revoked: AADSTS50173" { refresh: Some(&REVOKED) }
    "28" "personal-account" "a personal account signs in: opaque tokens" { account: Some("ada@outlook.example") }
    "29" "guest" "a guest without a mailbox signs in" { account: Some("grace@partner.example") }
    "30" "wrong-audience" "the token is for another API than the requested one" { tokens: TokenVariant::OtherAudience }
    "31" "short-lived" "access tokens live 60 s" { tokens: TokenVariant::ShortLived }
    "32" "no-scope-member" "the token response has no `scope`" { tokens: TokenVariant::NoScope }
    "33" "unknown-client" "the client is unknown in the tenant: AADSTS700016" { start: Some(&UNKNOWN_CLIENT) }
    "34" "not-public-client" "the registration requires a secret after the approval: AADSTS7000218" {
        issue: Some(&NOT_PUBLIC),
    }
    "35" "hostile-text" "control characters, escapes, bidi marks and line breaks in every text" {
        transport_fault: TransportFault::Hostile, issue: Some(&HOSTILE),
    }
    "36" "no-mailbox" "a work account without a mailbox signs in" { account: Some("lin@contoso.example") }
    "37" "late" "the token endpoint takes 3 s to answer" { transport_fault: TransportFault::Late }
    "38" "claims-challenge" "Graph refuses tokens that were requested without the claims of its challenge" {
        tokens: TokenVariant::Challenged,
    }
    "39" "expires-at-once" "the access token of a sign-in lives 1 s, those of refreshes live as usual" {
        tokens: TokenVariant::FirstShortLived,
    }
    "40" "own-api" "an API of one's own is registered: api://11111111-1111-1111-1111-111111111111 with Orders.Read and Orders.ReadWrite" {
        apis: &[&ORDERS],
    }
    "41" "public-client" "the registration is a public client: a secret is refused, and HTTP Basic without one: AADSTS700025" {
        issue: Some(&PUBLIC),
    }
};

impl Scenario {
    /// Whether the emulator approves sign-ins by itself.
    pub fn approves_by_itself(&self) -> bool {
        self.approver == Approver::Automatic
    }

    /// The scenario of this client, if it has one.
    pub fn of_client(client_id: &str) -> Option<&'static Self> {
        SCENARIOS.iter().find(|scenario| scenario.client_id.eq_ignore_ascii_case(client_id))
    }
}

/// `normal`.
impl Default for &'static Scenario {
    fn default() -> Self {
        &SCENARIOS[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_scenarios_share_a_name_or_a_client() {
        for (index, one) in SCENARIOS.iter().enumerate() {
            for other in &SCENARIOS[index + 1..] {
                assert_ne!(one.name, other.name);
                assert_ne!(one.client_id, other.client_id, "{} and {}", one.name, other.name);
            }
            assert!(uuid::Uuid::try_parse(one.client_id).is_ok(), "{}", one.client_id);
            assert_eq!(Scenario::find(one.name).unwrap().client_id, one.client_id);
        }
    }
}
