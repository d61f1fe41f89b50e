//! Evidence files, version 1 (`docs/json.md`): several pieces of evidence with their context.

use serde_json::{Map, Value};

use super::RecogniseError;
use super::answer::take_answer;
use super::printed;
use super::prose::take_talk;
use crate::observed::Recorded;
use crate::service::{HttpAnswer, MailLog, has_failure};
use crate::shape::Shape;
use crate::{Context, Evidence};
use entrada_core::Protocol;
use entrada_core::oauth::{ErrorResponse, ProtocolError, TokenResponse};
use entrada_core::{Job, NumericDate, ScopeSet, Secret, TokenSubject, clean};

/// Members of an evidence file, version 1 (`docs/json.md`).
const KNOWN: [&str; 18] = [
    "version",
    "job",
    "as",
    "requested_scopes",
    "client_id",
    "tenant",
    "account",
    "grant_type",
    "token",
    "token_response",
    "oauth_error",
    "oauth_request",
    "now",
    "audience",
    "mailbox",
    "http",
    "mail",
    "device_flow",
];

/// Whether `members` are those of an evidence file.
pub(super) fn is_one(members: &Map<String, Value>) -> bool {
    let any = ["version", "token", "token_response", "oauth_error", "http", "mail", "device_flow"];
    any.iter().any(|name| members.contains_key(*name))
}

pub(super) fn read(
    members: &Map<String, Value>,
    evidence: &mut Evidence,
) -> Result<(), RecogniseError> {
    let text = |member: &'static str| match members.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(RecogniseError::Member { member, expected: "text" }),
    };
    let object = |member: &'static str| match members.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(RecogniseError::Member { member, expected: "an object" }),
    };
    if let Some(now) = members.get("now") {
        let now = now.as_i64().ok_or(RecogniseError::Member {
            member: "now",
            expected: "a number of seconds since 1970",
        })?;
        evidence.now = Some(NumericDate(now));
        evidence.observed.recorded = Recorded::Now;
    }
    let at = evidence.now.unwrap_or_default();
    evidence.token = text("token")?.map(|token| Shape::of(&token));
    evidence.response =
        object("token_response")?.and_then(|response| TokenResponse::from_json(response, at));
    evidence.refusal = object("oauth_error")?.map(ErrorResponse::from_json);
    let request = object("oauth_request")?;
    if let (Some(refusal), Some(request)) = (&mut evidence.refusal, request) {
        refusal.http_status = request
            .get("http_status")
            .and_then(Value::as_u64)
            .and_then(|status| u16::try_from(status).ok());
    }
    let asked = |name: &str| {
        let value = request?.get(name)?.as_str()?;
        Some(value.to_owned())
    };
    evidence.context = Context {
        job: text("job")?.and_then(|job| Job::parse(&job)),
        job_name: text("job")?.filter(|job| Job::parse(job).is_none()),
        subject: match text("as")?.as_deref() {
            Some("user") => Some(TokenSubject::User),
            Some("app") => Some(TokenSubject::App),
            Some(_) => {
                return Err(RecogniseError::Member { member: "as", expected: "`user` or `app`" });
            }
            None => None,
        },
        requested: requested(members)?.or_else(|| Some(ScopeSet::parse(&asked("scope")?))),
        sent: asked("scope").map(|scope| ScopeSet::parse(&scope)),
        sent_resource: asked("resource").is_some(),
        mailbox: text("mailbox")?,
        client_id: text("client_id")?.or_else(|| asked("client_id")),
        tenant: text("tenant")?.or_else(|| asked("tenant")),
        account: text("account")?,
        grant_type: text("grant_type")?.or_else(|| asked("grant_type")).map(short_grant),
        audience: text("audience")?,
        ..Context::default()
    };
    // A file of another program.
    if !members.contains_key("version")
        && evidence.token.as_ref().is_some_and(|token| token.claims().is_none())
    {
        evidence.context.expires_at = printed::expiry(members, at);
        evidence.context.granted = printed::granted(members);
    }
    if let Some(http) = object("http")? {
        let told = members.get("now").and(evidence.now);
        take_answer(http_answer(http), evidence, told);
    }
    if let Some(mail) = object("mail")? {
        let user = text("mailbox")?.or_else(|| evidence.context.account.clone());
        take_talk(mail_talk(mail, user)?, evidence);
    }
    match members.get("device_flow") {
        None | Some(Value::Null) => (),
        Some(Value::Array(steps)) => take_device_flow(steps, evidence),
        Some(_) => {
            return Err(RecogniseError::Member {
                member: "device_flow",
                expected: "a list of steps",
            });
        }
    }
    evidence.unknown_members = members
        .keys()
        .filter(|name| !KNOWN.contains(&name.as_str()))
        .map(|name| clean(name).into_owned())
        .collect();
    let unknown: Map<String, Value> = members
        .iter()
        .filter(|(name, _)| !KNOWN.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if has_failure(&unknown) {
        evidence.not_understood = Some(Value::Object(unknown).to_string());
    }
    if members.get("version").is_some_and(|version| version.as_u64() != Some(1)) {
        evidence.unknown_members.push("version".to_owned());
    }
    Ok(())
}

/// `urn:ietf:params:oauth:grant-type:device_code` is `device_code`.
fn short_grant(grant_type: String) -> String {
    grant_type.rsplit(':').next().map(str::to_owned).unwrap_or(grant_type)
}

fn requested(members: &Map<String, Value>) -> Result<Option<ScopeSet>, RecogniseError> {
    match members.get("requested_scopes") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(ScopeSet::parse(text))),
        Some(Value::Array(all)) => {
            let words: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            Ok(Some(ScopeSet::parse(&words.join(" "))))
        }
        Some(_) => {
            Err(RecogniseError::Member { member: "requested_scopes", expected: "a list of scopes" })
        }
    }
}

/// `http`: the answer, and the known parts of the request.
fn http_answer(http: &Map<String, Value>) -> HttpAnswer {
    let request = http.get("request").and_then(Value::as_object);
    let headers = |from: Option<&Value>| -> Vec<(String, String)> {
        let Some(Value::Object(headers)) = from else { return Vec::new() };
        let values = headers.iter().flat_map(|(name, value)| {
            let all = match value {
                Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
                Value::String(one) => vec![one.as_str()],
                _ => Vec::new(),
            };
            all.into_iter().map(move |value| (name.to_ascii_lowercase(), value.to_owned()))
        });
        values.collect()
    };
    let of_request = headers(request.and_then(|request| request.get("headers")));
    let asked = |name: &str| Some(request?.get(name)?.as_str()?.to_owned());
    let sent = of_request.iter().find(|(name, _)| name == "authorization");
    HttpAnswer {
        status: http
            .get("status")
            .and_then(|status| status.as_u64().or_else(|| status.as_str()?.parse().ok()))
            .and_then(|status| u16::try_from(status).ok()),
        headers: headers(http.get("headers")),
        body: match http.get("body") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        },
        method: asked("method"),
        url: asked("url"),
        authorization: sent.map(|(_, value)| Secret::new(value.as_str())),
    }
}

/// `mail`: the lines, each with its side.
fn mail_talk(mail: &Map<String, Value>, user: Option<String>) -> Result<MailLog, RecogniseError> {
    let lines: Vec<&str> = match mail.get("lines") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => text.lines().collect(),
        _ => {
            return Err(RecogniseError::Member {
                member: "mail",
                expected: "an object with a list of `lines`",
            });
        }
    };
    let named = mail.get("protocol").and_then(Value::as_str).and_then(Protocol::parse);
    let protocol = match named {
        Some(protocol) => protocol,
        None => MailLog::parse(&lines.join("\n")).map(|talk| talk.protocol).ok_or(
            RecogniseError::Member {
                member: "mail",
                expected: "of protocol `imap`, `smtp` or `pop`",
            },
        )?,
    };
    let own = mail.get("user").and_then(Value::as_str).map(str::to_owned);
    Ok(MailLog::new(
        protocol,
        lines.into_iter().take(MailLog::LINES_MAX).map(MailLog::line).collect(),
        own.or(user),
    ))
}

/// `device_flow`: the code, and the polls for it. The last answer counts.
fn take_device_flow(steps: &[Value], evidence: &mut Evidence) {
    evidence.context.grant_type = Some("device_code".to_owned());
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let (mut life, mut interval, mut began) = (900, 5, 0);
    let (mut slowed, mut last_poll, mut hasty) = (false, None::<u64>, 0);
    for step in steps {
        let at = step.get("at_s").and_then(number).unwrap_or(0);
        if let Some(text) = step.get("body").and_then(Value::as_str)
            && serde_json::from_str::<Value>(text).is_err()
        {
            let status = step.get("status").and_then(number).unwrap_or_default();
            evidence.not_oauth = Some(ProtocolError::of_text(
                "a step of the sign-in",
                u16::try_from(status).unwrap_or_default(),
                None,
                text.as_bytes(),
            ));
            continue;
        }
        let body = step.get("body").and_then(Value::as_object);
        let Some(body) = body else { continue };
        evidence.not_oauth = None;
        if body.contains_key("device_code") || body.contains_key("user_code") {
            life = body.get("expires_in").and_then(number).unwrap_or(life);
            interval = body.get("interval").and_then(number).unwrap_or(interval);
            began = at;
            continue;
        }
        // A tolerance of one second: times are rounded.
        if last_poll.is_some_and(|last| at.saturating_sub(last) + 1 < interval) {
            hasty += 1;
        }
        last_poll = Some(at);
        if let Some(response) = TokenResponse::from_json(body, evidence.now.unwrap_or_default()) {
            (evidence.response, evidence.refusal) = (Some(response), None);
            continue;
        }
        let mut refusal = ErrorResponse::from_json(body);
        refusal.http_status =
            step.get("status").and_then(number).and_then(|status| u16::try_from(status).ok());
        if refusal.error == "slow_down" {
            interval += 5;
            slowed = true;
        }
        let over = began + life <= at;
        evidence.context.code_ran_out = over || refusal.error == "expired_token";
        if over && refusal.error == "authorization_pending" {
            "expired_token".clone_into(&mut refusal.error);
            refusal.error_codes.clear();
        }
        evidence.refusal = Some(refusal);
    }
    evidence.context.polled_too_fast = slowed && 1 < hasty;
}
