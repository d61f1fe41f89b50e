//! Finds the cause of an authority's refusal. The rules describe it.

use std::borrow::Cow;

use super::excerpt::statement;
use super::{
    Confidence, Context, Facts, Finding, Rule, RuleId, b2c, issuer, malformed_resource, sentences,
};
use crate::service::{has_code, stated};
use entrada_core::entra::aadsts::meanings::{self, Meaning};
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
    // What a description states in words, if it says more than the refusal itself.
    let explains = |id| !matches!(id, RuleId::NotAboutTheToken | RuleId::Refused);
    // From an error code that has other meanings too.
    let usual = |id| told(id, Confidence::Likely);
    // A directory for customers has its own numbers, which say more than the error code.
    if let Some(number) = b2c_number(error) {
        return plain(b2c::find(number)?.cause?);
    }
    match error.error.as_str() {
        "authorization_pending" => return plain(RuleId::AuthorizationPending),
        "expired_token" | "code_expired" => return plain(RuleId::DeviceCodeExpired),
        "authorization_declined" => return plain(RuleId::UserDeclined),
        "slow_down" if context.polled_too_fast => return plain(RuleId::DevicePollingLoop),
        "slow_down" => return plain(RuleId::Throttled),
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
        // A sentence without a code of the authority may be anybody's.
        let code = sentences::number(description).and_then(aadsts::find);
        let is_prose = error.error.is_empty()
            && error.error_codes.is_empty()
            && error.http_status.is_none()
            && (code.is_some() || !has_code(description));
        let confidence = if is_prose { Confidence::Likely } else { Confidence::Certain };
        return Some(RefusalCause { id, code, confidence });
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
        // RFC 6749 §5.2: the client did not prove its identity.
        "invalid_client" if error.error_codes.is_empty() => usual(RuleId::ClientSecretWrong),
        "temporarily_unavailable" | "server_error" => plain(RuleId::ServiceIncident),
        _ if error.http_status == Some(429) => plain(RuleId::Throttled),
        _ if error.http_status.is_some_and(|status| 500 <= status) => {
            plain(RuleId::ServiceIncident)
        }
        // RFC 6749 §5.2: invalid, expired, revoked, or of another client. Without a number the authority leaves it open.
        "invalid_grant" if refreshing || sentences::is_of_a_refresh(description) => {
            usual(RuleId::RefreshTokenRevoked)
        }
        "access_denied" => usual(RuleId::UserDeclined),
        _ => stated::find(description, false, |family| family.likely_cause().is_some_and(explains))
            .and_then(|stated| stated.family().likely_cause())
            .and_then(usual),
    }
}

/// A finding of `rule` as one of two explanations: the sign-in of personal accounts gives the same error for an unknown
/// client id and for an application that does not accept personal accounts.
pub(super) fn may_be(facts: &Facts, rule: &'static Rule, message: &'static str) -> Option<Finding> {
    let text = facts.refusal()?.error_description.as_deref()?.to_ascii_lowercase();
    let either = text.contains("does not exist or is not enabled for consumers");
    let help = match rule.id {
        RuleId::WrongAuthorityEndpoint => {
            "to admit personal accounts, set the supported account types of the registration (`signInAudience`) to `AzureADandPersonalMicrosoftAccount`; to admit work accounts alone, sign in at `/organizations` or `/TENANT`, and not at `/consumers` or `/common`"
        }
        _ => {
            "compare the client id with `Application (client) ID` of the registration, and its cloud"
        }
    };
    (either && facts.refusal_cause().is_none()).then(|| {
        describe(facts, rule, None, message).with_confidence(Confidence::Possible).help(help)
    })
}

/// Numbers that only wrap another number or a sentence.
const WRAPPERS: [u64; 6] = [50_012, 50_027, 70_002, 90_023, 90_100, 700_023];

/// The cause that the numbers name. For a number with several causes, the request and the authority's text decide.
fn by_number(
    error: &ErrorResponse,
    context: &Context,
    description: &str,
    refreshing: bool,
) -> Option<RefusalCause> {
    let numbers = error.codes_by_relevance();
    let known = || numbers.iter().filter_map(|code| aadsts::find(*code));
    let inner = known().filter(|code| !WRAPPERS.contains(&code.code));
    let outer = known().filter(|code| WRAPPERS.contains(&code.code));
    for code in inner.chain(outer) {
        let by_request = by_request(code.code, error, context);
        let by_text = || {
            let meaning = meaning_of(code.code, description, &error.error)?;
            Some((RuleId::parse(meaning.cause)?, confidence(meaning.certain)))
        };
        let sentence = || Some((sentences::cause(description, refreshing)?, Confidence::Certain));
        let of_number = || Some((RuleId::parse(code.cause?)?, confidence(code.certain)));
        let is_vague = WRAPPERS.contains(&code.code) || code.cause.is_none();
        let found = by_request
            .or_else(by_text)
            .or_else(|| sentence().filter(|_| is_vague))
            .or_else(|| by_grant(code.code, context))
            .or_else(of_number);
        if let Some((id, confidence)) = found {
            return Some(RefusalCause { id, code: Some(code), confidence });
        }
    }
    None
}

fn confidence(certain: bool) -> Confidence {
    if certain { Confidence::Certain } else { Confidence::Likely }
}

/// The cause of `code` where the request decides it, whatever the text says.
fn by_request(code: u64, error: &ErrorResponse, context: &Context) -> Option<(RuleId, Confidence)> {
    let grant = context.grant_type.as_deref().unwrap_or_default();
    let refreshing = grant == "refresh_token";
    let description = error.error_description.as_deref().unwrap_or_default();
    let id = match code {
        65004 | 70034 | 90135 | 650_041 => RuleId::UserDeclined,
        70016 => RuleId::AuthorizationPending,
        // Entra fetches the keys of the external issuer, and cannot reach this one.
        50166 | 90061 if issuer::unreachable(description).is_some() => {
            return Some((RuleId::FederatedCredentialMismatch, Confidence::Likely));
        }
        // The stock text of 70008 names the code and the refresh token.
        70008 if grant == "authorization_code" => RuleId::AuthCodeReused,
        65001 if refreshing && asks_for_more(context) => RuleId::RefreshScopeNotGranted,
        // The same loop protection applies to any repeated request.
        50196 if refreshing || ["authorization_code", "client_credentials"].contains(&grant) => {
            RuleId::Throttled
        }
        7_000_218 if grant == "client_credentials" => RuleId::ClientSecretWrong,
        70011 if sentences::cause(description, refreshing).is_none() => by_scopes(context)?,
        // The text that means a code elsewhere.
        70000 if refreshing && description.contains("access grant is invalid or malformed") => {
            return Some((RuleId::RefreshTokenMalformed, Confidence::Likely));
        }
        900_144 if context.sent_resource && description.contains("'scope'") => {
            RuleId::V1V2EndpointMismatch
        }
        _ => return None,
    };
    Some((id, Confidence::Certain))
}

/// The cause of `code` where the text does not decide and the request makes one likely.
fn by_grant(code: u64, context: &Context) -> Option<(RuleId, Confidence)> {
    match (code, context.grant_type.as_deref()) {
        (70000, Some("authorization_code")) => Some((RuleId::AuthCodeReused, Confidence::Certain)),
        // The same number for an invalid grant and, for personal accounts, for scopes outside the grant.
        (70000, Some("refresh_token")) if asks_for_more(context) => {
            Some((RuleId::RefreshScopeNotGranted, Confidence::Likely))
        }
        (70000, Some("refresh_token")) => Some((RuleId::RefreshTokenRevoked, Confidence::Likely)),
        _ => None,
    }
}

/// The number of an error of Azure AD B2C. One that quotes a number of Entra is about that.
pub(super) fn b2c_number(error: &ErrorResponse) -> Option<&str> {
    let number = b2c::number_in(error.error_description.as_deref()?)?;
    error.codes_by_relevance().is_empty().then_some(number)
}

/// Whether the user pressed the cancel button (Entra).
fn is_cancelled(error: &ErrorResponse) -> bool {
    error.error_subcode.as_deref() == Some("cancel")
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
    let says_no_more = [
        "sign in again",
        "sign in again: `entrada login`",
        "start the sign-in again: `entrada login`",
        "start again: `entrada login`",
    ];
    finding.help.retain(|help| !says_no_more.contains(&help.as_ref()));
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

/// Where `number` stands alone in `text`, after `before`.
fn place_of_number(text: &str, before: &str, number: u64) -> Option<usize> {
    let sought = format!("{before}{number}");
    let mut places = text.match_indices(&sought).map(|(at, _)| at).filter(|at| {
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let is_longer = text[at + sought.len()..].starts_with(|c: char| c.is_ascii_digit());
        !is_longer && (!before.is_empty() || !text[..*at].ends_with(is_of_word))
    });
    let first = places.next()?;
    // People name a number before they quote the authority, which puts a colon after it.
    let is_quoted = |at: &usize| text[at + sought.len()..].starts_with(':');
    if before.is_empty() || is_quoted(&first) {
        return Some(first);
    }
    places.find(is_quoted).or(Some(first))
}

/// Maximum number of bytes before a number, on its line, that are shown with it.
const WORDS_BEFORE: usize = 60;

/// Where the part of `text` begins that decides: the number, a sentence that names a cause, or the error code.
fn decisive(text: &str, code: Option<u64>, error: &str) -> usize {
    let named = || place_of_number(text, "AADSTS", code?);
    // A number alone says nothing without the words before it.
    let number = || {
        let at = place_of_number(text, "", code?)?;
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        Some(if at - line <= WORDS_BEFORE { line } else { at })
    };
    let word = || text.find(error).filter(|_| !error.is_empty());
    let found = named().or_else(|| sentences::place(text)).or_else(number).or_else(word);
    found.unwrap_or_default()
}

/// What the authority says about `code` in `description`: a pasted text has the words of people around it.
fn message_of(code: u64, description: &str) -> &str {
    let Some(at) = place_of_number(description, "AADSTS", code) else { return description };
    let message = &description[at..];
    let end = ["\n\n", "Trace ID:", "\r\n\r\n"].iter().filter_map(|end| message.find(end)).min();
    &message[..end.unwrap_or(message.len())]
}

/// What the authority says in `refusal`, without the words around it.
pub(super) fn message(refusal: &ErrorResponse) -> &str {
    let description = refusal.error_description.as_deref().unwrap_or_default();
    let code = refusal.codes_by_relevance().first().copied();
    code.map_or(description, |code| message_of(code, description))
}

/// The meaning that the authority's text gives `code`.
fn meaning_of(code: u64, description: &str, error: &str) -> Option<&'static Meaning> {
    let message = message_of(code, description);
    let of_message = meanings::find(code, message, error);
    // A page has its sentence before its number.
    of_message.or_else(|| meanings::find(code, description, error))
}

/// Causes that the wrong cloud gives as well.
const ALSO_BY_CLOUD: [RuleId; 6] = [
    RuleId::AccountUnknown,
    RuleId::AppNotFoundInTenant,
    RuleId::InvalidTenant,
    RuleId::Refused,
    RuleId::ServiceIncident,
    RuleId::WrongTenant,
];

/// Adds help where the text names the sign-in of a national cloud.
fn of_national_cloud(facts: &Facts, finding: Finding) -> Finding {
    match facts.evidence.mentions.national_cloud {
        Some(cloud) if facts.context().cloud.is_none() && ALSO_BY_CLOUD.contains(&finding.rule.id) => {
            finding.help(format!(
                "the text names the sign-in of a national cloud ({cloud}): check that the account and the application are of that cloud; those of the worldwide cloud sign in at `login.microsoftonline.com`"
            ))
        }
        _ => finding,
    }
}

/// A finding of `rule` with the refusal as its evidence.
pub(super) fn describe(
    facts: &Facts,
    rule: &'static Rule,
    code: Option<&'static Aadsts>,
    without_code: impl Into<Cow<'static, str>>,
) -> Finding {
    let refusal = facts.refusal();
    let mut finding = match code {
        Some(code) => {
            // The meaning of the text, if it is the reported one.
            let description = refusal.and_then(|refusal| refusal.error_description.as_deref());
            let error = refusal.map_or("", |refusal| &refusal.error);
            let meaning = meaning_of(code.code, description.unwrap_or_default(), error)
                .filter(|meaning| meaning.cause == rule.id.as_str());
            let words = meaning.map_or(code.meaning, |meaning| meaning.meaning);
            let remedy = meaning.and_then(|meaning| meaning.remedy);
            // A sentence of the authority may come without its number.
            let is_named =
                refusal.is_none_or(|refusal| refusal.codes_by_relevance().contains(&code.code));
            let source = if is_named { "" } else { "the text of " };
            let finding = rule.finding(format!("{words} ({source}AADSTS{})", code.code));
            let same_cause = meaning.is_none_or(|own| code.cause == Some(own.cause));
            let finding = if same_cause { finding.by(code.who) } else { finding };
            finding.help(remedy.unwrap_or(code.remedy))
        }
        None => {
            let number = refusal.and_then(b2c_number);
            let known = number.and_then(b2c::find).filter(|known| known.cause == Some(rule.id));
            match known.zip(number) {
                Some((known, number)) => {
                    rule.finding(format!("{} ({number})", known.meaning)).help(known.remedy)
                }
                None => rule.finding(without_code),
            }
        }
    };
    let Some(refusal) = refusal else { return finding };
    finding = of_national_cloud(facts, finding);
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
    // A number alone is the code, which is shown already.
    let is_text = |text: &&String| !text.trim().bytes().all(|byte| byte.is_ascii_digit());
    if let Some(raw) = refusal.error_description.as_ref().filter(is_text) {
        let code = code.map(|code| code.code).or(refusal.error_codes.first().copied());
        let said = statement(raw, decisive(raw, code, &refusal.error));
        finding = finding.with_evidence("error_description", said);
    }
    for (field, value) in [
        ("correlation_id", &refusal.correlation_id),
        ("trace_id", &refusal.trace_id),
        ("timestamp", &refusal.timestamp),
    ] {
        if let Some(value) = value.as_ref().filter(|value| malformed_resource::is_id(value)) {
            finding = finding.with_evidence(field, value);
        }
    }
    finding
}
