//! A small Microsoft Graph, which checks tokens as the real one does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::account::{ACCOUNTS, EmulatedAccount};
use super::answer::{self, Answer};
use super::call::Call;
use super::key::key;
use super::mint::pairwise;
use super::scenario::TokenVariant;
use super::scope::{GRAPH, allows};
use super::state::State;
use entrada_core::{Jwt, NumericDate};

/// The caller and its permissions.
struct Caller {
    account: &'static EmulatedAccount,
    scp: Vec<String>,
}

/// An error of Graph: HTTP status, `code`, `message`.
struct GraphError(u16, &'static str, &'static str);

const EMPTY: GraphError = GraphError(401, "InvalidAuthenticationToken", "Access token is empty.");
const MALFORMED: GraphError = GraphError(
    401,
    "InvalidAuthenticationToken",
    "IDX14100: JWT is not well formed, there are no dots (.).\nThe token needs to be in JWS or JWE CompactToken \
     Serialization Format. (JWS): 'EncodedHeader.EndcodedPayload.EncodedSignature'. (JWE): \
     'EncodedProtectedHeader.EncodedEncryptedKey.EncodedInitializationVector.EncodedCiphertext.\
     EncodedAuthenticationTag'.",
);
const COMPACT: GraphError = GraphError(
    401,
    "InvalidAuthenticationToken",
    "CompactToken parsing failed with error code: 80049217",
);
const AUDIENCE: GraphError = GraphError(
    401,
    "InvalidAuthenticationToken",
    "Access token validation failure. Invalid audience.",
);
const EXPIRED: GraphError = GraphError(
    401,
    "InvalidAuthenticationToken",
    "Lifetime validation failed, the token is expired.",
);
const COMPACT_EXPIRED: GraphError = GraphError(
    401,
    "InvalidAuthenticationToken",
    "CompactToken validation failed with reason code: 80049228.",
);
const NOT_YET: GraphError =
    GraphError(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.");
const FORGED: GraphError =
    GraphError(401, "InvalidAuthenticationToken", "Access token validation failure.");
const CHALLENGE: GraphError = GraphError(
    401,
    "InvalidAuthenticationToken",
    "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: \
     TokenCreatedWithOutdatedPolicies",
);
/// The claims that [`CHALLENGE`] asks for.
const CHALLENGE_CLAIMS: &str = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
const MAIL_DENIED: GraphError =
    GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
const DENIED: GraphError = GraphError(
    403,
    "Authorization_RequestDenied",
    "Insufficient privileges to complete the operation.",
);
const NO_MAILBOX: GraphError = GraphError(
    404,
    "MailboxNotEnabledForRESTAPI",
    "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
);
const NO_ITEM: GraphError =
    GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.");
const NO_SEGMENT: GraphError = GraphError(400, "BadRequest", "Resource not found for the segment.");

const PROFILE: [&str; 4] = ["User.Read", "User.ReadWrite", "User.Read.All", "User.ReadBasic.All"];
const MAIL: [&str; 4] =
    ["Mail.Read", "Mail.ReadWrite", "Mail.Read.Shared", "Mail.ReadWrite.Shared"];
const MAIL_BASIC: &str = "Mail.ReadBasic";
/// Subject and body of the messages in every mailbox.
const MESSAGES: [(&str, &str); 3] = [
    ("Notes on the Analytical Engine", "It can do whatever we know how to order it to perform."),
    ("Lunch on Thursday?", "At the usual place."),
    ("Your quarterly report", "Please find the figures attached."),
];

impl State {
    /// `/v1.0/me…`; `rest` is the path below `me`.
    pub(super) fn graph(&self, call: &Call, rest: &[&str], now: NumericDate) -> Answer {
        let answer = self.graph_caller(call, now).and_then(|caller| {
            let scp: Vec<&str> = caller.scp.iter().map(String::as_str).collect();
            resource(&caller, &scp, rest, call, now)
        });
        match answer {
            Ok(body) => answer::json(200, &body),
            Err(error) => refuse(&error, call, now),
        }
    }

    /// `/oidc/userinfo` (OIDC Core §5.3).
    pub(super) fn user_info(&self, call: &Call, now: NumericDate) -> Answer {
        match self.graph_caller(call, now) {
            Ok(Caller { account, .. }) => answer::json(
                200,
                &json!({
                    "sub": pairwise(account.oid, GRAPH.app_id()), "name": account.name, "email": account.username,
                }),
            ),
            Err(error) => refuse(&error, call, now),
        }
    }

    fn graph_caller(&self, call: &Call, now: NumericDate) -> Result<Caller, GraphError> {
        let token = call.bearer().filter(|token| !token.is_empty()).ok_or(EMPTY)?;
        if token.starts_with("Ew") && !token.contains('.') {
            let record = self.compact_tokens.get(token).ok_or(COMPACT)?;
            if record.resource != &GRAPH {
                return Err(AUDIENCE);
            }
            if record.expires_at <= now {
                return Err(COMPACT_EXPIRED);
            }
            let scp = record.scp.split(' ').map(str::to_owned).collect();
            return Ok(Caller { account: record.account, scp });
        }
        let jwt = Jwt::decode_unverified(token).map_err(|_| MALFORMED)?;
        let claims = &jwt.claims;
        if !claims.aud().is_some_and(|aud| GRAPH.is_audience(aud)) {
            return Err(AUDIENCE);
        }
        if claims.exp().is_none_or(|exp| exp <= now) {
            return Err(EXPIRED);
        }
        // Servers tolerate five minutes.
        if claims.time("nbf").is_some_and(|nbf| now.plus_seconds(300) < nbf) {
            return Err(NOT_YET);
        }
        if !key().is_some_and(|key| key.has_signed(token)) {
            return Err(FORGED);
        }
        let client = claims.client_id().unwrap_or_default();
        let stepped_up = claims.get("acrs").is_some_and(|acrs| acrs.to_string().contains("\"c1\""));
        if self.scenario_of(client).tokens == TokenVariant::Challenged && !stepped_up {
            return Err(CHALLENGE);
        }
        let oid = claims.text("oid").unwrap_or_default();
        let account = ACCOUNTS.iter().find(|account| account.oid == oid).ok_or(FORGED)?;
        let scp = claims.scp().unwrap_or_default().iter().map(str::to_owned).collect();
        Ok(Caller { account, scp })
    }
}

fn resource(
    caller: &Caller,
    scp: &[&str],
    rest: &[&str],
    call: &Call,
    now: NumericDate,
) -> Result<Value, GraphError> {
    let account = caller.account;
    let whole = allows(scp, &MAIL);
    let mail = || match (whole || allows(scp, &[MAIL_BASIC]), account.mailbox) {
        (false, _) => Err(MAIL_DENIED),
        (true, false) => Err(NO_MAILBOX),
        (true, true) => Ok(()),
    };
    match rest {
        [] if allows(scp, &PROFILE) => Ok(me(account)),
        [] => Err(DENIED),
        ["messages"] => {
            mail()?;
            let top = call.query("$top").and_then(|top| top.parse().ok()).unwrap_or(10);
            let all: Vec<Value> = (0..MESSAGES.len())
                .take(top)
                .map(|index| message(account, index, whole, now))
                .collect();
            Ok(json!({ "@odata.context": context("messages"), "value": all }))
        }
        ["messages", id] => {
            mail()?;
            let index =
                (0..MESSAGES.len()).find(|index| message_id(*index) == *id).ok_or(NO_ITEM)?;
            Ok(message(account, index, whole, now))
        }
        ["mailFolders"] => {
            mail()?;
            let folder = |name: &str, total: usize| {
                json!({
                    "id": format!("AQMkADAemulator{}", name.replace(' ', "")), "displayName": name,
                    "childFolderCount": 0, "unreadItemCount": 0, "totalItemCount": total,
                })
            };
            let folders =
                [folder("Inbox", MESSAGES.len()), folder("Sent Items", 0), folder("Drafts", 0)];
            Ok(json!({ "@odata.context": context("mailFolders"), "value": folders }))
        }
        _ => Err(NO_SEGMENT),
    }
}

fn context(what: &str) -> String {
    format!("https://graph.microsoft.com/v1.0/$metadata#users('me')/{what}")
}

fn me(account: &EmulatedAccount) -> Value {
    let (given, family) = account.name.split_once(' ').unwrap_or((account.name, ""));
    json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity",
        "id": account.oid, "displayName": account.name, "givenName": given, "surname": family,
        "mail": account.username, "userPrincipalName": account.upn, "businessPhones": [],
        "jobTitle": Value::Null, "mobilePhone": Value::Null, "officeLocation": Value::Null,
        "preferredLanguage": Value::Null,
    })
}

fn message_id(index: usize) -> String {
    format!("AAMkADemulator{index}=")
}

/// A message; without the body if only `Mail.ReadBasic` was granted.
fn message(account: &EmulatedAccount, index: usize, whole: bool, now: NumericDate) -> Value {
    let (subject, text) = MESSAGES[index];
    let hours = i64::try_from(index).unwrap_or_default() + 1;
    let received = now.plus_seconds(-3_600 * hours).to_string().replace(' ', "T");
    let mut message = json!({
        "id": message_id(index), "subject": subject, "receivedDateTime": received, "isRead": index != 0,
        "from": { "emailAddress": { "name": "Charles Babbage", "address": "charles@contoso.example" } },
        "toRecipients": [{ "emailAddress": { "name": account.name, "address": account.username } }],
    });
    if whole {
        message["bodyPreview"] = json!(text);
        message["body"] = json!({ "contentType": "text", "content": text });
    }
    message
}

fn refuse(error: &GraphError, call: &Call, now: NumericDate) -> Answer {
    let GraphError(status, code, message) = error;
    let request_id =
        call.header("client-request-id").unwrap_or("5d1f3a52-0000-4000-8000-000000000000");
    let body = json!({ "error": {
        "code": code, "message": message,
        "innerError": {
            "date": now.to_string().trim_end_matches('Z').replace(' ', "T"),
            "request-id": request_id, "client-request-id": request_id,
        },
    } });
    let mut answer = answer::json(*status, &body);
    if *status == 401 {
        // This `client_id` is Graph's own, not the caller's.
        let claims = STANDARD.encode(CHALLENGE_CLAIMS);
        let asks = format!(", error=\"insufficient_claims\", claims=\"{claims}\"");
        let asks = if *message == CHALLENGE.2 { &asks } else { "" };
        let challenge = format!(
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
             client_id=\"{}\"{asks}",
            GRAPH.app_id()
        );
        answer::set_header(&mut answer, "www-authenticate", &challenge);
    }
    answer::with_logged_error(answer, code)
}
