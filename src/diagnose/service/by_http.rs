//! What an API's refusal points to. The same words mean different things with different tokens: what the token shows goes
//! before what the status suggests.

use super::told::{Told, token_explains};
use super::words::{
    CHALLENGED, MALFORMED, NO_MAILBOX, NO_PERMISSION, NO_USER, SIGNATURE, THROTTLED, WORDS,
};
use super::{HttpAnswer, Service};
use crate::diagnose::{Confidence, Facts};
use crate::entra::resources;

/// What was answered, to be shown.
pub(super) fn evidence(answer: &HttpAnswer) -> Vec<(&'static str, String)> {
    let mut seen = Vec::new();
    seen.extend(answer.status.map(|status| ("status", status.to_string())));
    seen.extend(answer.code().map(|code| ("code", code)));
    seen.extend(answer.message().map(|message| ("message", message)));
    seen
}

/// The causes, most important first.
pub(super) fn causes(facts: &Facts, answer: &HttpAnswer) -> Vec<Told> {
    let status = answer.status;
    if status.is_some_and(|status| status < 400) {
        return Vec::new();
    }
    let text = answer.text();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if status == Some(429) || has(&THROTTLED) {
        return vec![
            Told::certain("throttled", "the service asks to be asked less often")
                .help(pause(answer)),
        ];
    }
    let asks = answer.claims();
    if asks.is_some() || has(&CHALLENGED) {
        let mut told = Told::certain(
            "claims-challenge-cae",
            "the service asks for a new token with certain claims (continuous access evaluation)",
        );
        told.evidence.extend(asks.map(|claims| ("claims", claims.to_string())));
        return vec![told];
    }
    if let Some(told) = by_basic(facts, answer, &text) {
        return vec![told];
    }
    let by_words = WORDS.iter().find(|(words, ..)| has(words));
    if let Some((_, id, confidence, message)) = by_words {
        return vec![Told::new(id, *confidence, *message)];
    }
    if text.contains("expired or is not yet valid") {
        return vec![expired_or_early(facts)];
    }
    if has(&NO_MAILBOX) || has(&NO_USER) {
        return vec![no_mailbox(facts, &text)];
    }
    if has(&MALFORMED) {
        // A refresh token or ID token says so itself; only then are the service's words a consequence.
        let explained = token_explains(facts);
        let told = "the service cannot read what it was sent as a token";
        return if explained { Vec::new() } else { vec![Told::certain("malformed-token", told)] };
    }
    if has(&SIGNATURE) {
        return if token_explains(facts) {
            Vec::new()
        } else {
            vec![Told::likely(
                "malformed-token",
                "the service says that the signature does not fit: the token was altered or cut, or is for another service",
            )]
        };
    }
    if has(&NO_PERMISSION) {
        return vec![no_permission(facts)];
    }
    match status {
        Some(500..)
            if answer.code().is_none() || has(&["transient", "unavailable", "internal"]) =>
        {
            vec![
                Told::certain("service-incident", "the service has a fault of its own")
                    .help(pause(answer)),
            ]
        }
        Some(401 | 403) | None
            if has(&["erroraccessdenied", "access is denied", "accessdenied"]) =>
        {
            access_denied(facts, answer)
        }
        Some(401) => unauthorised(facts, answer),
        Some(403) => forbidden(facts, answer),
        _ => Vec::new(),
    }
}

fn pause(answer: &HttpAnswer) -> String {
    match answer.header("retry-after").next() {
        Some(seconds) => format!("wait as long as `Retry-After` says ({seconds}), then try again"),
        None => "try again in a few minutes".to_owned(),
    }
}

/// A password where tokens alone are taken.
fn by_basic(facts: &Facts, answer: &HttpAnswer, text: &str) -> Option<Told> {
    let sent = answer.authorization.as_ref();
    let sent_basic = sent.is_some_and(|value| {
        value.expose().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("basic "))
    });
    let named = text.contains("basic auth") && text.contains("disabled");
    let bare = facts.shape().is_none()
        && answer.status == Some(401)
        && matches!(answer.service(), Service::Ews | Service::Eas | Service::Exchange)
        && answer.header("www-authenticate").next().is_some()
        && answer
            .header("www-authenticate")
            .all(|value| value.to_ascii_lowercase().starts_with("basic"));
    if sent_basic || named {
        return Some(Told::certain(
            "basic-auth-disabled",
            "a password was sent; Exchange Online takes tokens alone",
        ));
    }
    bare.then(|| {
        Told::possible("basic-auth-disabled", "the service offers passwords alone, and takes none")
    })
}

fn expired_or_early(facts: &Facts) -> Told {
    let claims = facts.claims();
    let early = claims
        .and_then(|claims| Some(claims.time("nbf")?.seconds_since(facts.now?)))
        .is_some_and(|early| 0 < early);
    if early {
        Told::certain("not-yet-valid", "the service says that the token is not valid yet")
    } else {
        let sure = if claims.is_some() { Confidence::Certain } else { Confidence::Likely };
        Told::new("expired", sure, "the service says that the token has expired")
    }
}

fn is_guest(facts: &Facts) -> bool {
    facts.claims().is_some_and(|claims| {
        claims
            .get("acct")
            .is_some_and(|acct| acct.as_i64() == Some(1) || acct.as_str() == Some("1"))
            || claims.text("upn").is_some_and(|upn| upn.contains("#EXT#"))
            || claims.text("unique_name").is_some_and(|name| name.starts_with("live.com#"))
    })
}

fn no_mailbox(facts: &Facts, text: &str) -> Told {
    if is_guest(facts) || text.contains("#ext#") {
        return Told::certain("guest-user-no-mailbox", "a guest has no mailbox in this tenant");
    }
    if text.contains("user-context in the token does not exist") || text.contains("invalid_user") {
        return Told::likely("no-mailbox-license", "Exchange does not know the user in the token");
    }
    Told::certain("no-mailbox-license", "there is no mailbox of that user in Exchange Online")
}

fn no_permission(facts: &Facts) -> Told {
    if facts.is_app_only() {
        Told::likely(
            "missing-app-role",
            "the service misses an application permission in the token",
        )
    } else {
        Told::likely("missing-scope", "the service misses a permission in the token")
    }
}

/// Whether the mailbox in the address is another one than the token's own; `None` where that cannot be told.
fn another_mailbox(facts: &Facts, answer: &HttpAnswer) -> Option<bool> {
    let mailbox = answer.mailbox()?;
    let claims = facts.claims()?;
    let own = claims.user_names().chain(claims.text("oid"));
    Some(!own.into_iter().any(|name| name.eq_ignore_ascii_case(&mailbox)))
}

/// D05: `ErrorAccessDenied` is the same for a missing scope, for another's mailbox, and for a policy.
fn access_denied(facts: &Facts, answer: &HttpAnswer) -> Vec<Told> {
    if token_explains(facts) {
        return Vec::new();
    }
    let Some(claims) = facts.claims() else {
        return vec![
            Told::possible("missing-scope", "the token may lack the permission for that call")
                .help("give the token too: `entrada diagnose ANSWER TOKEN`; its `scp` or `roles` decide"),
            Told::possible("mailbox-permission-missing", "the caller may have no right on that mailbox"),
            Told::possible("exchange-policy-block", "a policy may keep the application out of that mailbox"),
        ];
    };
    if facts.is_app_only() {
        return vec![
            Told::likely(
                "exchange-policy-block",
                "the token has the role, so a policy (application access policy, or RBAC for applications) keeps it out of that mailbox",
            ),
            Told::possible(
                "mailbox-permission-missing",
                "the application may have no right on that mailbox",
            ),
        ];
    }
    let shared = claims.scp().is_some_and(|scp| {
        scp.iter()
            .any(|scope| resources::short_name(scope).to_ascii_lowercase().ends_with(".shared"))
    });
    match another_mailbox(facts, answer) {
        Some(true) if !shared => vec![Told::likely(
            "missing-scope",
            "the mailbox is another user's, and the token has no `.Shared` permission",
        )],
        Some(true) => vec![Told::likely(
            "mailbox-permission-missing",
            "the token would do: its user has no right on that mailbox",
        )],
        Some(false) => {
            vec![Told::possible("missing-scope", "that call may need another permission")]
        }
        None => vec![
            Told::likely(
                "mailbox-permission-missing",
                "the token has the permission, so it is the right on the mailbox that is missing",
            ),
            Told::possible("missing-scope", "that call may need another permission"),
        ],
    }
}

fn unauthorised(facts: &Facts, answer: &HttpAnswer) -> Vec<Told> {
    if token_explains(facts) {
        return Vec::new();
    }
    if facts.claims().is_some() && answer.service() == Service::Ews {
        return vec![blocked_ews()];
    }
    let judge = "give the token too: `entrada diagnose ANSWER TOKEN`; its `aud` and `exp` decide";
    if facts.shape().is_some() {
        return Vec::new();
    }
    vec![
        Told::possible("wrong-audience", "the token may be for another service").help(judge),
        Told::possible("expired", "the token may have expired"),
        Told::possible("malformed-token", "the token may have been cut short on its way"),
    ]
}

fn forbidden(facts: &Facts, answer: &HttpAnswer) -> Vec<Told> {
    if token_explains(facts) {
        return Vec::new();
    }
    let exchange = matches!(answer.service(), Service::Ews | Service::Eas | Service::Exchange);
    if exchange && facts.claims().is_some() {
        return vec![blocked_ews()];
    }
    if exchange {
        return vec![
            Told::possible("exchange-policy-block", "a policy may keep the application out"),
            Told::possible("missing-scope", "the token may lack the permission"),
        ];
    }
    vec![no_permission(facts)]
}

/// D15.
fn blocked_ews() -> Told {
    Told::likely(
        "exchange-policy-block",
        "the token is good for Exchange, so the service is closed to it: EWS switched off, or the application not on the list",
    )
}
