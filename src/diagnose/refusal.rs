//! Which cause a refusal points to. One place decides; the rules word it.

use super::{Context, Facts, Finding, Rule};
use crate::entra::aadsts::{self, Aadsts};
use crate::model::human_duration;
use crate::oauth::ErrorResponse;

/// The cause of a refusal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cause {
    /// The id of the rule that words it.
    pub(super) id: &'static str,
    /// The AADSTS number that told, when one did.
    pub(super) code: Option<&'static Aadsts>,
}

/// The cause that `error` points to: by its AADSTS numbers, then by `suberror`, then by `error` itself. Microsoft keeps
/// the right to change numbers and texts, so words that the RFCs fix come first.
pub(super) fn cause_of(error: &ErrorResponse, context: &Context) -> Option<Cause> {
    let plain = |id| Some(Cause { id, code: None });
    match error.error.as_str() {
        "authorization_pending" => return plain("authorization-pending"),
        "expired_token" | "code_expired" => return plain("device-code-expired"),
        "authorization_declined" => return plain("user-declined"),
        "slow_down" if context.polled_too_fast => return plain("device-polling-loop"),
        "slow_down" => return plain("throttled"),
        "access_denied" if error.error_codes.is_empty() => return plain("user-declined"),
        _ => (),
    }
    if error.error_subcode.as_deref() == Some("cancel") {
        return plain("user-declined");
    }
    let description = error.error_description.as_deref().unwrap_or_default();
    let refreshing = context.grant_type.as_deref() == Some("refresh_token");
    for code in error.error_codes.iter().filter_map(|code| aadsts::find(*code)) {
        let id = match code.code {
            65004 => "user-declined",
            70016 => "authorization-pending",
            70000 | 70008 if context.grant_type.as_deref() == Some("authorization_code") => {
                "auth-code-reused"
            }
            // The same number for a dead grant and, for personal accounts, for scopes outside it.
            70000 if description.contains("scopes requested") => "refresh-scope-not-granted",
            70000 if refreshing => "refresh-token-revoked",
            _ => match code.cause {
                Some(cause) => cause,
                None => continue,
            },
        };
        return Some(Cause { id, code: Some(code) });
    }
    if context.code_ran_out {
        return plain("device-code-expired");
    }
    match error.suberror.as_deref() {
        Some("consent_required") => return plain("user-consent-required"),
        Some("token_expired") => return plain("refresh-token-expired"),
        Some("bad_token") => return plain("refresh-token-revoked"),
        Some("protection_policy_required" | "device_authentication_failed" | "message_only") => {
            return plain("conditional-access");
        }
        Some("basic_action") => return plain("mfa-required"),
        _ => (),
    }
    match error.error.as_str() {
        "consent_required" => plain("user-consent-required"),
        "interaction_required" | "login_required" => plain("mfa-required"),
        "invalid_scope" => plain("invalid-scope"),
        "temporarily_unavailable" | "server_error" => plain("service-incident"),
        _ if error.http_status == Some(429) => plain("throttled"),
        _ if error.http_status.is_some_and(|status| 500 <= status) => plain("service-incident"),
        // Any authority that names nothing finer.
        "invalid_grant" if refreshing => plain("refresh-token-revoked"),
        "access_denied" => plain("user-declined"),
        _ => None,
    }
}

/// A finding of `rule` when the refusal points to it: what the number means, as seen, what to do.
pub(super) fn explain(facts: &Facts, rule: &'static Rule, without_code: &str) -> Option<Finding> {
    let cause = facts.refusal_cause().filter(|cause| cause.id == rule.id)?;
    Some(describe(facts, rule, cause.code, without_code))
}

/// A finding of `rule` about an answer that is no OAuth but whose status, one of `statuses`, says enough.
pub(super) fn by_status(
    facts: &Facts,
    rule: &'static Rule,
    statuses: std::ops::RangeInclusive<u16>,
    message: &str,
) -> Option<Finding> {
    let answer = facts.evidence.not_oauth.as_ref()?;
    statuses.contains(&answer.status).then(|| {
        rule.says(message).saw("status", answer.status).saw("Content-Type", &answer.content_type)
    })
}

/// The command that signs in again, in place of the bare advice to do so.
pub(super) fn sign_in_again(facts: &Facts, mut finding: Finding) -> Finding {
    finding.help.retain(|help| help != "sign in again");
    finding.help(format!("sign in again: {}", facts.login("")))
}

/// What to do about a refusal that is not for good: wait as long as the authority asks.
pub(super) fn try_again(facts: &Facts, finding: Finding) -> Finding {
    match facts.refusal().and_then(|refusal| refusal.retry_after) {
        Some(seconds) => {
            finding.help(format!("try again in {}", human_duration(seconds.cast_signed())))
        }
        None => finding.help("try again in a few minutes"),
    }
}

/// A finding about the refusal, whatever it points to.
pub(super) fn describe(
    facts: &Facts,
    rule: &'static Rule,
    code: Option<&'static Aadsts>,
    without_code: &str,
) -> Finding {
    let mut finding = match code {
        Some(code) => rule
            .says(format!("{} (AADSTS{})", code.meaning, code.code))
            .by(code.who)
            .help(code.remedy),
        None => rule.says(without_code),
    };
    let Some(refusal) = facts.refusal() else { return finding };
    if !refusal.error.is_empty() {
        finding = finding.saw("error", &refusal.error);
    }
    if let Some(suberror) = &refusal.suberror {
        finding = finding.saw("suberror", suberror);
    }
    if !refusal.error_codes.is_empty() {
        let codes: Vec<String> = refusal.error_codes.iter().map(u64::to_string).collect();
        finding = finding.saw("error_codes", codes.join(", "));
    }
    if refusal.error_description.is_some() {
        finding = finding.saw("error_description", refusal.text());
    }
    for (field, value) in [
        ("correlation_id", &refusal.correlation_id),
        ("trace_id", &refusal.trace_id),
        ("timestamp", &refusal.timestamp),
    ] {
        if let Some(value) = value {
            finding = finding.saw(field, value);
        }
    }
    finding
}
