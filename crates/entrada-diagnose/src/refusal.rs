//! Finds the cause of an authority's refusal. The rules describe it.

use std::borrow::Cow;

use super::{Confidence, Context, Facts, Finding, Rule, RuleId, sentences};
use entrada_core::entra::aadsts::{self, Aadsts};
use entrada_core::entra::resources;
use entrada_core::human_duration;
use entrada_core::oauth::ErrorResponse;

/// The cause of a refusal.
#[derive(Debug, Clone, Copy)]
pub(super) struct RefusalCause {
    /// The rule that reports it.
    pub(super) id: RuleId,
    /// The AADSTS number that identified it, if there is one.
    pub(super) code: Option<&'static Aadsts>,
    /// The confidence in this cause.
    pub(super) confidence: Confidence,
}

/// The cause that `error` points to: from its AADSTS numbers, then from `suberror`, then from `error` itself. Microsoft
/// may change numbers and texts, so the error codes that the RFCs define come first.
pub(super) fn cause_of(error: &ErrorResponse, context: &Context) -> Option<RefusalCause> {
    let told = |id, confidence| Some(RefusalCause { id, code: None, confidence });
    // From an error code with one meaning, or from a sentence.
    let plain = |id| told(id, Confidence::Certain);
    // From an error code that has other meanings too.
    let usual = |id| told(id, Confidence::Likely);
    match error.error.as_str() {
        "authorization_pending" => return plain(RuleId::AuthorizationPending),
        "expired_token" | "code_expired" => return plain(RuleId::DeviceCodeExpired),
        "authorization_declined" => return plain(RuleId::UserDeclined),
        "slow_down" if context.polled_too_fast => return plain(RuleId::DevicePollingLoop),
        "slow_down" => return plain(RuleId::Throttled),
        // AADB2C90117: "The scope … provided in the request is not supported".
        _ if has_number(error, "AADB2C90117") => return plain(RuleId::InvalidScope),
        // A directory for customers has its own numbers, and most of them are not a refusal by the user.
        // AADB2C90091: "The user has cancelled entering self-asserted information".
        "access_denied" if is_b2c(error) && !has_number(error, "AADB2C90091") => return None,
        "access_denied" if has_number(error, "AADB2C90091") => return plain(RuleId::UserDeclined),
        // RFC 6749 §4.1.2.1: the user, or the authority.
        "access_denied" if error.error_codes.is_empty() && !is_cancelled(error) => {
            return usual(RuleId::UserDeclined);
        }
        _ => (),
    }
    if is_cancelled(error) {
        return plain(RuleId::UserDeclined);
    }
    let description = error.error_description.as_deref().unwrap_or_default();
    let refreshing = context.grant_type.as_deref() == Some("refresh_token");
    if let Some(cause) = by_number(error, context, description, refreshing) {
        return Some(cause);
    }
    if let Some(id) = sentences::cause(description, refreshing) {
        return plain(id);
    }
    if context.code_ran_out {
        return usual(RuleId::DeviceCodeExpired);
    }
    match error.suberror.as_deref() {
        Some("consent_required") => return plain(RuleId::UserConsentRequired),
        Some("token_expired") => return plain(RuleId::RefreshTokenExpired),
        Some("bad_token") => return plain(RuleId::RefreshTokenRevoked),
        Some("protection_policy_required" | "device_authentication_failed" | "message_only") => {
            return plain(RuleId::ConditionalAccess);
        }
        Some("basic_action") => return plain(RuleId::MfaRequired),
        _ => (),
    }
    if error.error_codes.iter().any(|code| aadsts::find(*code).is_some()) {
        // The number identifies an error that none of the rules covers; the error code is less specific.
        return None;
    }
    match error.error.as_str() {
        "consent_required" => plain(RuleId::UserConsentRequired),
        // With an unknown number the cause is unknown.
        "interaction_required" | "login_required" if error.error_codes.is_empty() => {
            plain(RuleId::MfaRequired)
        }
        "invalid_scope" => plain(RuleId::InvalidScope),
        "temporarily_unavailable" | "server_error" => plain(RuleId::ServiceIncident),
        _ if error.http_status == Some(429) => plain(RuleId::Throttled),
        _ if error.http_status.is_some_and(|status| 500 <= status) => {
            plain(RuleId::ServiceIncident)
        }
        // RFC 6749 §5.2: invalid, expired, revoked, or of another client. Without a number the authority leaves it open.
        "invalid_grant" if refreshing => usual(RuleId::RefreshTokenRevoked),
        "access_denied" => usual(RuleId::UserDeclined),
        _ => None,
    }
}

/// A finding of `rule` as one of two explanations: the sign-in of personal accounts gives the same error for an unknown
/// client id and for an application that does not accept personal accounts.
pub(super) fn may_be(facts: &Facts, rule: &'static Rule, message: &'static str) -> Option<Finding> {
    let text = facts.refusal()?.error_description.as_deref()?.to_ascii_lowercase();
    let either = text.contains("does not exist or is not enabled for consumers");
    (either && facts.refusal_cause().is_none())
        .then(|| describe(facts, rule, None, message).with_confidence(Confidence::Possible))
}

/// Numbers that only wrap another number or a sentence.
const WRAPPERS: [u64; 6] = [50_012, 50_027, 70_002, 90_023, 90_100, 700_023];

/// The cause that the numbers name. For a number with several causes, its sentence and the request decide.
fn by_number(
    error: &ErrorResponse,
    context: &Context,
    description: &str,
    refreshing: bool,
) -> Option<RefusalCause> {
    let known = || error.error_codes.iter().filter_map(|code| aadsts::find(*code));
    // "AADSTS70002: Error validating credentials. AADSTS54005: …": the inner number counts.
    let inner = known().filter(|code| !WRAPPERS.contains(&code.code));
    let outer = known().filter(|code| WRAPPERS.contains(&code.code));
    let grant = context.grant_type.as_deref().unwrap_or_default();
    for code in inner.chain(outer) {
        let sentence = || sentences::cause(description, refreshing);
        let of_number = code.cause.and_then(RuleId::parse);
        let id = match code.code {
            65004 => Some(RuleId::UserDeclined),
            70016 => Some(RuleId::AuthorizationPending),
            70000 | 70008 if grant == "authorization_code" => Some(RuleId::AuthCodeReused),
            // The same number for an invalid grant and, for personal accounts, for scopes outside the grant.
            70000 if refreshing && sentence().is_none() && asks_for_more(context) => {
                Some(RuleId::RefreshScopeNotGranted)
            }
            70000 => sentence().or(refreshing.then_some(RuleId::RefreshTokenRevoked)).or(of_number),
            70011 => sentence().or_else(|| by_scopes(context)).or(of_number),
            65001 if refreshing && asks_for_more(context) => Some(RuleId::RefreshScopeNotGranted),
            // The same loop protection applies to any repeated request.
            50196
                if refreshing || ["authorization_code", "client_credentials"].contains(&grant) =>
            {
                Some(RuleId::Throttled)
            }
            7_000_218 if grant == "client_credentials" => Some(RuleId::ClientSecretWrong),
            900_144 if context.sent_resource && description.contains("'scope'") => {
                Some(RuleId::V1V2EndpointMismatch)
            }
            number if WRAPPERS.contains(&number) || of_number.is_none() => sentence().or(of_number),
            _ => of_number,
        };
        if let Some(id) = id {
            return Some(RefusalCause { id, code: Some(code), confidence: Confidence::Certain });
        }
    }
    None
}

/// Whether the directory is one for customers (Azure AD B2C), by its numbers.
fn is_b2c(error: &ErrorResponse) -> bool {
    error.error_description.as_deref().is_some_and(|text| text.trim_start().starts_with("AADB2C"))
}

/// Whether the user pressed the cancel button (Entra).
fn is_cancelled(error: &ErrorResponse) -> bool {
    error.error_subcode.as_deref() == Some("cancel")
}

fn has_number(error: &ErrorResponse, number: &str) -> bool {
    error.error_description.as_deref().is_some_and(|text| text.contains(number))
}

/// The cause of a refusal that is about the scopes of the request.
fn by_scopes(context: &Context) -> Option<RuleId> {
    let requested = context.sent.as_ref().or(context.requested.as_ref())?.api();
    let of_application = context.grant_type.as_deref() == Some("client_credentials");
    let named = |scope: &str| !resources::is_default_scope(scope);
    (of_application && requested.iter().any(named))
        .then_some(RuleId::ScopeNotDefaultForClientCredentials)
}

/// Whether a refresh requested scopes that the sign-in had not requested.
fn asks_for_more(context: &Context) -> bool {
    let (Some(signed_in), Some(sent)) = (&context.requested, &context.sent) else { return false };
    sent.api().iter().any(|scope| !signed_in.contains(scope))
}

/// The finding of `rule` if the refusal points to it: the meaning of the number, the evidence, and help.
pub(super) fn explain(
    facts: &Facts,
    rule: &'static Rule,
    without_code: &'static str,
) -> Option<Finding> {
    let cause = facts.refusal_cause().filter(|cause| cause.id == rule.id)?;
    Some(describe(facts, rule, cause.code, without_code).with_confidence(cause.confidence))
}

/// The finding of `rule` for an answer that is not OAuth, if its status is one of `statuses`.
pub(super) fn by_status(
    facts: &Facts,
    rule: &'static Rule,
    statuses: std::ops::RangeInclusive<u16>,
    message: &'static str,
) -> Option<Finding> {
    let answer = facts.evidence.not_oauth.as_ref()?;
    statuses.contains(&answer.status).then(|| {
        rule.finding(message)
            .with_evidence("status", answer.status)
            .with_evidence("Content-Type", &answer.content_type)
    })
}

/// Replaces the plain advice to sign in again with the command.
pub(super) fn sign_in_again(facts: &Facts, mut finding: Finding) -> Finding {
    finding.help.retain(|help| help != "sign in again");
    finding.help(format!("sign in again: {}", facts.login("")))
}

/// Adds help for a temporary refusal: wait as long as the authority asks.
pub(super) fn try_again(facts: &Facts, finding: Finding) -> Finding {
    let refusal = facts.refusal().and_then(|refusal| refusal.retry_after);
    let other = || facts.evidence.not_oauth.as_ref()?.retry_after;
    match refusal.or_else(other).filter(|seconds| 0 < *seconds) {
        Some(seconds) => {
            finding.help(format!("try again in {}", human_duration(seconds.cast_signed())))
        }
        None => finding.help("try again in a few minutes"),
    }
}

/// A finding of `rule` with the refusal as its evidence.
pub(super) fn describe(
    facts: &Facts,
    rule: &'static Rule,
    code: Option<&'static Aadsts>,
    without_code: impl Into<Cow<'static, str>>,
) -> Finding {
    let mut finding = match code {
        Some(code) => rule
            .finding(format!("{} (AADSTS{})", code.meaning, code.code))
            .by(code.who)
            .help(code.remedy),
        None => rule.finding(without_code),
    };
    let Some(refusal) = facts.refusal() else { return finding };
    if !refusal.error.is_empty() {
        finding = finding.with_evidence("error", &refusal.error);
    }
    if let Some(suberror) = &refusal.suberror {
        finding = finding.with_evidence("suberror", suberror);
    }
    if !refusal.error_codes.is_empty() {
        let codes: Vec<String> = refusal.error_codes.iter().map(u64::to_string).collect();
        finding = finding.with_evidence("error_codes", codes.join(", "));
    }
    if refusal.error_description.is_some() {
        finding = finding.with_evidence("error_description", refusal.sentence());
    }
    for (field, value) in [
        ("correlation_id", &refusal.correlation_id),
        ("trace_id", &refusal.trace_id),
        ("timestamp", &refusal.timestamp),
    ] {
        if let Some(value) = value {
            finding = finding.with_evidence(field, value);
        }
    }
    finding
}
