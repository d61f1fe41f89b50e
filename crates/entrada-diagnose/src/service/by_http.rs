//! The causes that an API's refusal points to. The same words mean different things with different tokens, so the token's
//! contents count more than the status.

use super::azure::{AzureService, lacks_action, missing_right};
use super::by_statement::AnswerText;
use super::hypothesis::{Hypothesis, token_explains};
use super::rights::{access_denied, by_directory, forbidden, no_permission, unauthorised};
use super::words::{
    CHALLENGED, DIRECTORY, MALFORMED, NO_MAILBOX, NO_PERMISSION, NO_USER, SIGNATURE, THROTTLED,
    WORDS,
};
use super::{HttpAnswer, Service, callback, hosts, known_errors, token_check};
use crate::{Confidence, Facts, RuleId, observed};
use entrada_core::entra::resources;
use entrada_core::human_duration;

/// Words of a challenge because of a location, in lower case.
const OF_PLACE: [&str; 2] = ["locationconditionevaluationsatisfied", "xms_rp_ipaddr"];

/// The fields of the answer to show as evidence.
pub(super) fn evidence(answer: &HttpAnswer) -> Vec<(&'static str, String)> {
    let mut seen = Vec::new();
    seen.extend(answer.status.map(|status| ("status", status.to_string())));
    seen.extend(answer.code().map(|code| ("code", code)));
    seen.extend(answer.message().map(|message| ("message", message)));
    seen
}

/// The causes, most important first. Where the answer only allows guesses, what its text states counts more.
pub(super) fn causes(facts: &Facts, answer: &HttpAnswer) -> Vec<Hypothesis> {
    // From a SOAP answer only the error counts: the rest may contain subjects and names.
    let said = match answer.soap_error() {
        Some(code) => format!("{code}\n{}", answer.message().unwrap_or_default()),
        None => answer.said(),
    };
    let azure = azure_service(facts, answer);
    let known = by_words(facts, answer, azure, &said);
    let is_known = known.is_some();
    let found = known.unwrap_or_else(|| by_status(facts, answer, azure, &said));
    // A status in a sentence is a guess as long as nobody knows who sent it.
    let is_in_words = answer.is_in_words();
    let is_guess = |one: &Hypothesis| {
        one.confidence == Confidence::Possible || (is_in_words && one.id == RuleId::ServiceIncident)
    };
    let is_open = found.iter().all(is_guess)
        && !answer.is_good()
        && facts.claims().is_none()
        && !token_explains(facts);
    let allows_any = found.is_empty() || is_in_words;
    let text = AnswerText { facts, answer, azure, said: &said, is_known, is_open, allows_any };
    let stated = text.causes();
    if stated.is_none()
        && found.is_empty()
        && is_open
        && answer.is_prose()
        && let Some(told) = known_errors::find_symptom(&said)
    {
        return told.causes(facts);
    }
    match stated {
        Some(causes) => causes,
        None if is_open && is_in_words => found.into_iter().map(in_words).collect(),
        None => found,
    }
}

/// `one`, from a status that a sentence names: whose status it is, is not certain.
fn in_words(mut one: Hypothesis) -> Hypothesis {
    if one.id == RuleId::ServiceIncident && one.confidence == Confidence::Certain {
        one.confidence = Confidence::Likely;
    }
    one
}

/// The causes by codes and known words.
fn by_words(
    facts: &Facts,
    answer: &HttpAnswer,
    azure: Option<&'static AzureService>,
    said: &str,
) -> Option<Vec<Hypothesis>> {
    let status = answer.status;
    if let Some(told) = from_between(answer) {
        return Some(vec![told]);
    }
    if status == Some(203)
        && let Some(told) = by_default_command(facts, answer, "")
    {
        return Some(vec![told]);
    }
    // Azure DevOps sends its sign-in page with status 203 where it does not accept a token.
    if status == Some(203) && answer.is_html() {
        return Some(
            known_errors::find(&answer.body).map(|known| known.causes(facts)).unwrap_or_default(),
        );
    }
    // SOAP sends some errors with status 200.
    if status.is_some_and(|status| status < 400) && answer.soap_error().is_none() {
        return Some(Vec::new());
    }
    let text = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let asked_to_slow_down = answer.header("x-ms-asthrottle").next().is_some();
    // `ThrottledFolderBind` is a name in a program.
    let is_throttled =
        text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word.ends_with("throttled"));
    if status == Some(429) || asked_to_slow_down || has(&THROTTLED) || is_throttled {
        return Some(vec![
            Hypothesis::certain(RuleId::Throttled, "the service asks for fewer requests")
                .help(pause(facts, answer)),
        ]);
    }
    let asks = answer.claims();
    if asks.is_some() || has(&CHALLENGED) {
        let mut told = Hypothesis::certain(
            RuleId::ClaimsChallengeCae,
            "the service asks for a new token with certain claims (continuous access evaluation)",
        );
        let asks = asks.map(|claims| claims.to_string());
        let is_of_place = |text: &str| OF_PLACE.iter().any(|word| text.contains(word));
        if is_of_place(&text) || asks.as_deref().is_some_and(is_of_place) {
            "a Conditional Access policy allows certain locations: the service saw the request from another IP address than the sign-in, or from outside of them"
                .clone_into(&mut told.message);
            told = told
                .help("sign in again with the challenge: `az login --claims-challenge CHALLENGE` with the value of `claims` in `WWW-Authenticate`")
                .help("let this machine reach `login.microsoftonline.com` and the service from one address: the same VPN, proxy and IP version (IPv4 or IPv6) for both")
                .help("an administrator compares the address in the sign-in log with the named locations of the policy");
        }
        told.evidence.extend(asks.map(|claims| ("claims", claims)));
        return Some(vec![told]);
    }
    if answer.service() == Service::Arm
        && answer.code().is_some_and(|code| code.ends_with("AuthorizationFailed"))
        // A subscription of another tenant has a record of its own.
        && !text.contains("access linked subscription")
    {
        let mut told = Hypothesis::certain(
            RuleId::AzureRoleMissing,
            "the caller has no role that allows this action",
        );
        known_errors::refine_role_scope(said, &mut told);
        return Some(vec![told]);
    }
    if let Some(told) = by_basic(facts, answer, &text) {
        return Some(vec![told]);
    }
    if text.contains("expired or is not yet valid") {
        return Some(vec![expired_or_early(facts)]);
    }
    if let Some(reason) = answer.header("x-ews-policy-reason").next() {
        return Some(vec![
            Hypothesis::certain(RuleId::ExchangePolicyBlock, "an Exchange policy refuses the call")
                .with_evidence("X-EWS-Policy-Reason", reason),
        ]);
    }
    if let Some(told) = by_default_command(facts, answer, &text) {
        return Some(vec![told]);
    }
    let elsewhere = by_audience(facts, answer)
        .or_else(|| by_resource(facts, answer))
        .or_else(|| by_graph_scope(facts, answer, &text));
    if let Some(told) = elsewhere {
        return Some(vec![told]);
    }
    if let Some(told) = by_application(facts, answer, &text) {
        return Some(vec![told]);
    }
    let known = known_error(facts, answer, said)
        // The token itself shows whether such a guess is right.
        .filter(|known| !(known.is_guess_of_audience() && facts.claims().is_some()));
    if let Some(known) = known {
        // Which mailbox is missing depends on the token.
        return Some(match known.error.cause {
            RuleId::NoMailboxLicense => {
                let mut told = no_mailbox(facts, &text);
                told.confidence = told.confidence.max(known.error.confidence);
                vec![told]
            }
            // A refresh token or an ID token has its own finding, which explains these words.
            RuleId::MalformedToken if token_explains(facts) => Vec::new(),
            _ => known.causes(facts),
        });
    }
    if let Some(causes) = by_missing_right(facts, answer, azure, said) {
        return Some(causes);
    }
    if let Some(failed) = callback::find(said).filter(|_| answer.is_in_words()) {
        return Some(vec![failed.cause()]);
    }
    let check = Some(answer)
        .filter(|answer| answer.service() == Service::Other && !token_explains(facts))
        .and_then(|_| token_check::find(said));
    // The words below are about access tokens.
    if let Some(check) = check.filter(|check| check.is_of_id_token()) {
        return Some(vec![check.cause(said)]);
    }
    // "The refresh token has expired" says nothing of the access token.
    let of_access = text.replace("refresh token", "refresh").replace("refresh_token", "refresh");
    let names = |words: &[&str]| words.iter().any(|word| of_access.contains(word));
    let by_words = WORDS.iter().find(|(words, ..)| names(words));
    if let Some((_, id, confidence, message)) = by_words {
        return Some(vec![Hypothesis::new(*id, *confidence, *message)]);
    }
    if has(&NO_MAILBOX) || has(&NO_USER) {
        return Some(vec![no_mailbox(facts, &text)]);
    }
    // A filter or an id can be malformed too. The status 401 shows that the words are about the token.
    let of_a_token = status == Some(401) || (status.is_none() && has(&["token", "jwt"]));
    if has(&MALFORMED) && of_a_token {
        // A refresh token or an ID token has its own finding, which explains these words.
        let explained = token_explains(facts);
        let told = "the service cannot read the token it received";
        return Some(if explained {
            Vec::new()
        } else {
            vec![Hypothesis::certain(RuleId::MalformedToken, told)]
        });
    }
    if let Some(check) = check {
        return Some(vec![check.cause(said)]);
    }
    if has(&SIGNATURE) {
        return Some(if token_explains(facts) {
            Vec::new()
        } else {
            vec![Hypothesis::likely(
                RuleId::MalformedToken,
                "the service says that the token's signature is invalid: the token was changed or cut short, or it is for another service",
            )]
        });
    }
    if has(&DIRECTORY) {
        return Some(by_directory(facts, answer));
    }
    if has(&NO_PERMISSION) {
        return Some(vec![no_permission(facts)]);
    }
    None
}

/// The causes by the status and the words of the answer.
fn by_status(
    facts: &Facts,
    answer: &HttpAnswer,
    azure: Option<&'static AzureService>,
    said: &str,
) -> Vec<Hypothesis> {
    let text = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match answer.status.or_else(|| answer.status_in_body()) {
        Some(502..=504) => vec![
            Hypothesis::certain(RuleId::ServiceIncident, "the service failed to answer")
                .help(pause(facts, answer)),
        ],
        Some(500..)
            if answer.code().is_none() || has(&["transient", "unavailable", "internal"]) =>
        {
            vec![
                Hypothesis::certain(RuleId::ServiceIncident, "the service has an internal error")
                    .help(pause(facts, answer)),
            ]
        }
        // The request had no token, so the token is not the cause.
        _ if answer.is_of_an_authority() => Vec::new(),
        Some(200 | 401 | 403 | 500) | None
            if has(&["erroraccessdenied", "access is denied", "accessdenied"]) =>
        {
            access_denied(facts, answer)
        }
        None if azure.is_some() && !token_explains(facts) => match (azure, status_of(answer)) {
            (Some(service), Some(403)) => service.forbidden(),
            (Some(service), Some(401)) if facts.shape().is_none() => service.unauthorised(None),
            _ => Vec::new(),
        },
        Some(401) => match azure.filter(|_| !token_explains(facts) && facts.shape().is_none()) {
            Some(service) => service.unauthorised(answer.host().as_deref()),
            None => unauthorised(facts, answer),
        },
        Some(403) => match azure.filter(|_| !token_explains(facts) && !answer.is_html()) {
            Some(service) => service.forbidden(),
            None => forbidden(facts, answer),
        },
        _ => Vec::new(),
    }
}

/// The status that the code of an answer without its status stands for.
fn status_of(answer: &HttpAnswer) -> Option<u16> {
    let code = answer.code()?.to_ascii_lowercase();
    match code.as_str() {
        "forbidden" | "accessdenied" | "permissiondenied" | "authorizationfailed" => Some(403),
        "unauthorized"
        | "unauthenticated"
        | "authenticationfailed"
        | "invalidauthenticationtoken" => Some(401),
        _ => None,
    }
}

/// The service of Azure that answered: by its address, else by what stands around the answer.
fn azure_service(facts: &Facts, answer: &HttpAnswer) -> Option<&'static AzureService> {
    if answer.is_of_an_authority() {
        return None;
    }
    match answer.host() {
        Some(host) => AzureService::at(&host),
        None if answer.service() == Service::Other => facts.evidence.observed.azure,
        None => None,
    }
}

/// The cause where the answer says in a sentence that the caller lacks a right, which its text or its service makes one of Azure.
fn by_missing_right(
    facts: &Facts,
    answer: &HttpAnswer,
    azure: Option<&'static AzureService>,
    said: &str,
) -> Option<Vec<Hypothesis>> {
    let refuses = matches!(answer.status, None | Some(401 | 403));
    if !refuses || answer.is_of_an_authority() || token_explains(facts) {
        return None;
    }
    if !matches!(answer.service(), Service::Other | Service::Arm) {
        return None;
    }
    let right = missing_right(said)?;
    match (azure, &right.action) {
        (Some(service), _) => Some(service.lacks_right(&right, said)),
        (None, Some(action)) => {
            let mut told = lacks_action(action).with_evidence("text", right.sentence(said));
            known_errors::refine_role_scope(said, &mut told);
            Some(vec![told])
        }
        (None, None) => None,
    }
}

/// The known error in `said`. Some sentences mean different things at different hosts and with different statuses.
fn known_error(facts: &Facts, answer: &HttpAnswer, said: &str) -> Option<known_errors::Match> {
    let status = answer.status.map(|status| status.to_string());
    let at = |host: Option<String>| {
        let place: Vec<String> = host.into_iter().chain(status.clone()).collect();
        if place.is_empty() {
            return known_errors::find(said);
        }
        let place = place.join(" ");
        let found = known_errors::find(&format!("{said}\n{place}"));
        found.map(|found| found.without_end(&place)).or_else(|| known_errors::find(said))
    };
    let host = answer.host();
    at(host.clone()).or_else(|| {
        // The name of the host may stand beside the answer, where it proves less.
        let beside = facts.evidence.observed.azure.and_then(AzureService::host)?;
        host.is_none().then(|| at(Some(beside.to_owned()))).flatten().filter(|it| !it.is_guess())
    })
}

/// The cause where a proxy, a filter or a portal answered instead of the service.
fn from_between(answer: &HttpAnswer) -> Option<Hypothesis> {
    if answer.status == Some(407) {
        return Some(Hypothesis::certain(
            RuleId::AnswerNotFromService,
            "a proxy between the client and the service requires its own sign-in; the service did not receive the token",
        ));
    }
    // Squid names itself in a header; the page of a reverse proxy ends with its name.
    let by_squid = answer.header("x-squid-error").next().is_some();
    let body = answer.body.to_ascii_lowercase();
    let by_page = [502, 503, 504].map(Some).contains(&answer.status)
        && ["<center>nginx", "<center>openresty", "generated by haproxy", "<hr><center>cloudflare"]
            .iter()
            .any(|name| body.contains(name));
    if by_squid || by_page {
        return Some(Hypothesis::likely(
            RuleId::AnswerNotFromService,
            "a proxy between the client and the service sent this answer: it did not reach the service",
        ));
    }
    let html = answer.is_html();
    // These services answer in JSON and put their headers on every answer.
    let speaks_json =
        matches!(answer.service(), Service::Graph | Service::Arm) && answer.url.is_some();
    let marked = ["request-id", "x-ms-request-id", "x-ms-ags-diagnostic", "www-authenticate"];
    let own = marked.iter().any(|name| answer.header(name).next().is_some());
    (html && speaks_json && !own && answer.status.is_some_and(|status| status < 500)).then(|| {
        Hypothesis::likely(
            RuleId::AnswerNotFromService,
            "the answer is a web page and does not come from the service: a proxy, filter or portal sent it",
        )
    })
}

/// The cause where the token is for another API than the one that answered, regardless of the named job.
fn by_audience(facts: &Facts, answer: &HttpAnswer) -> Option<Hypothesis> {
    if !matches!(answer.status, Some(401 | 403)) || facts.is_id_token() {
        return None;
    }
    let claims = facts.claims()?;
    let aud = claims.aud()?;
    let host = answer.host().unwrap_or_default();
    let by_host = hosts::resource(&host);
    let Some(called) = answer.service().resource().or(by_host) else {
        return match azure_service(facts, answer) {
            Some(service) => service.foreign(aud, &host),
            None => by_address(facts, answer, aud),
        };
    };
    let foreign = !claims.audiences().iter().any(|aud| called.accepts(aud));
    let known = resources::of_audience(aud)?;
    foreign.then(|| {
        let told = Hypothesis::certain(
            RuleId::WrongAudience,
            format!("the token is for {}, but the call went to {}", known.name, called.name),
        )
        .with_evidence("aud", aud);
        // The jobs know the scopes of Graph, Exchange and Azure Resource Manager; other APIs are named here.
        match by_host.filter(|_| answer.service() == Service::Other) {
            Some(resource) => {
                told.help(format!("request `{}`", hosts::default_scope(resource, &host)))
            }
            None => told,
        }
    })
}

/// Words with which services refuse a token because of its audience, or treat its caller as anonymous, in lower case.
const OF_AUDIENCE: [&str; 9] = [
    "audience",
    "invalidauthenticationtoken",
    "invalidauthenticationinfo",
    "akv10022",
    "tf400813",
    "s2s12000",
    "unauthorized",
    "unauthenticated",
    "token-identified principal",
];

/// The cause where the text shows a command that gets a token for Azure Resource Manager, and another API refused the token.
fn by_default_command(facts: &Facts, answer: &HttpAnswer, text: &str) -> Option<Hypothesis> {
    let command = facts.evidence.observed.default_command?;
    if facts.claims().is_some()
        && facts.audience().is_none_or(|known| known.app_id != resources::ARM.app_id)
    {
        return None;
    }
    let of_audience = OF_AUDIENCE.iter().any(|word| text.contains(word));
    let is_about_the_token = match answer.status {
        Some(203 | 401) => true,
        Some(403) => text.contains("audience"),
        Some(_) => false,
        None => of_audience,
    };
    let is_expired =
        ["expired", "not yet valid", "lifetime"].iter().any(|word| text.contains(word));
    if !is_about_the_token || is_expired {
        return None;
    }
    let called = match answer.host() {
        Some(host) => observed::api_at(&host)?,
        None => facts.evidence.observed.called.clone().or_else(|| api_of_code(text))?,
    };
    let (name, flag) = (command.name(), command.flag());
    let mut told = Hypothesis::likely(
        RuleId::WrongAudience,
        format!(
            "the token is for Azure Resource Manager: `{name}` without `{flag}` gets one for it, and the call went to {}",
            called.name
        ),
    )
    .with_evidence("command", name)
    .help(format!("get the token for that API: `{name} {flag} {}`", called.resource));
    told.is_complete = true;
    Some(told)
}

/// The cause where the text shows the `resource` that the token was issued for, and another API refused it.
fn by_resource(facts: &Facts, answer: &HttpAnswer) -> Option<Hypothesis> {
    if answer.status != Some(401) || facts.claims().is_some() {
        return None;
    }
    let (resource, called) = facts.evidence.observed.elsewhere.as_ref()?;
    let mut told = Hypothesis::likely(
        RuleId::WrongAudience,
        format!("the token was issued for `{resource}`, and the call went to {}", called.name),
    )
    .with_evidence("resource", resource)
    .help(format!(
        "request a token for that API: `{}/.default`, with v1.0 `resource={}`",
        called.resource, called.resource
    ));
    told.is_complete = true;
    Some(told)
}

/// The cause where the text requests a scope of Microsoft Graph, and Exchange Web Services or SharePoint refused the token.
fn by_graph_scope(facts: &Facts, answer: &HttpAnswer, text: &str) -> Option<Hypothesis> {
    let scope = facts.evidence.mentions.graph_scope.as_deref()?;
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_refused = match answer.status {
        Some(401) => true,
        Some(_) => false,
        None => has(&["401"]),
    };
    if !is_refused || facts.shape().is_some() {
        return None;
    }
    let (called, right) = match answer.service() {
        Service::Ews | Service::Exchange => EWS_SCOPES,
        _ if has(&["exchange.asmx", "ews-javascript-api", "exchangelib"]) => EWS_SCOPES,
        _ if has(&["connect-pnponline", "get-pnp", "/_api/web", "/_api/site"]) => {
            ("SharePoint", "https://TENANT.sharepoint.com/.default")
        }
        _ => return None,
    };
    let mut told = Hypothesis::likely(
        RuleId::WrongAudience,
        format!("the text requests a token for Microsoft Graph, and the call went to {called}"),
    )
    .with_evidence("scope", scope)
    .help(format!("request `{right}`"));
    told.is_complete = true;
    Some(told)
}

/// Exchange Web Services and its scopes.
const EWS_SCOPES: (&str, &str) = (
    "Exchange Web Services",
    "https://outlook.office365.com/EWS.AccessAsUser.All` for a user, or `https://outlook.office365.com/.default",
);

/// The API that writes the code in `text`, which is in lower case.
fn api_of_code(text: &str) -> Option<observed::Called> {
    let host = match text {
        _ if text.contains("akv10022") => "x.vault.azure.net",
        _ if text.contains("tf400813") => "dev.azure.com",
        _ if text.contains("invalidauthenticationinfo") => "x.blob.core.windows.net",
        _ => return None,
    };
    observed::api_at(host)
}

/// The cause where a token for a known service was sent to an unknown host.
fn by_address(facts: &Facts, answer: &HttpAnswer, aud: &str) -> Option<Hypothesis> {
    let known = facts.audience()?;
    let origin = answer.origin()?;
    // A service's uploads and downloads use other hosts, with the authorization in the URL.
    let microsofts = ["microsoft", "office", "outlook", "sharepoint", "azure", "live.com"];
    (!microsofts.iter().any(|name| origin.contains(name))).then(|| {
        Hypothesis::likely(
            RuleId::WrongAudience,
            format!("the token is for {}, but the call went to `{origin}`", known.name),
        )
        .with_evidence("aud", aud)
        .help("request a token for that API: `--job custom --audience … --scope …`")
    })
}

/// Causes that apply only to applications.
fn by_application(facts: &Facts, answer: &HttpAnswer, text: &str) -> Option<Hypothesis> {
    let claims = facts.claims().filter(|_| facts.is_app_only())?;
    let of_me = answer.plain_segments().iter().take(2).any(|segment| segment == "me");
    if of_me && answer.service() == Service::Graph && facts.audience_fits() != Some(false) {
        return Some(Hypothesis::certain(
            RuleId::AppOnlyTokenForDelegatedJob,
            "`/me` requires a signed-in user, and the token has no user",
        ));
    }
    let by_secret = claims.text("appidacr") == Some("1") || claims.text("azpacr") == Some("1");
    if text.contains("unsupported app only token") && by_secret {
        return Some(Hypothesis::certain(
            RuleId::AppCertificateRequired,
            "SharePoint accepts application tokens only from applications that sign in with a certificate",
        ));
    }
    let may_impersonate = claims.roles().is_some_and(|roles| roles.contains(&"full_access_as_app"));
    (may_impersonate && text.contains("errorimpersonateuserdenied")).then(|| {
        Hypothesis::likely(
            RuleId::ExchangePolicyBlock,
            "the application has a permission for all mailboxes, so a policy blocks its access to this one",
        )
    })
}

fn pause(facts: &Facts, answer: &HttpAnswer) -> String {
    match answer.pause(facts.now.unwrap_or_default()) {
        Some(seconds) => {
            let pause = human_duration(seconds.cast_signed());
            format!("wait as long as `Retry-After` says ({pause}), then try again")
        }
        None => "try again in a few minutes".to_owned(),
    }
}

/// The cause where a password was sent and the server accepts only tokens.
fn by_basic(facts: &Facts, answer: &HttpAnswer, text: &str) -> Option<Hypothesis> {
    let sent = answer.authorization.as_ref();
    let sent_basic = sent.is_some_and(|value| {
        value.expose().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("basic "))
    });
    let named = (text.contains("basic auth") && text.contains("disabled"))
        // The object of Python's `requests` that sends passwords.
        || text.contains("requests.auth.httpbasicauth");
    let bare = facts.shape().is_none()
        && answer.status == Some(401)
        && matches!(answer.service(), Service::Ews | Service::Eas | Service::Exchange)
        && answer.header("www-authenticate").next().is_some()
        && answer
            .header("www-authenticate")
            .all(|value| value.to_ascii_lowercase().starts_with("basic"));
    if sent_basic || named {
        // A sentence alone may speak of anything.
        let is_shown = sent_basic || !answer.is_prose();
        return Some(Hypothesis::new(
            RuleId::BasicAuthDisabled,
            if is_shown { Confidence::Certain } else { Confidence::Likely },
            "a password was sent; Exchange Online accepts only tokens",
        ));
    }
    bare.then(|| {
        Hypothesis::possible(
            RuleId::BasicAuthDisabled,
            "the service offers only password sign-in, and does not accept passwords",
        )
    })
}

fn expired_or_early(facts: &Facts) -> Hypothesis {
    let claims = facts.claims();
    let early = claims
        .and_then(|claims| Some(claims.time("nbf")?.seconds_since(facts.now?)))
        .is_some_and(|early| 0 < early);
    if early {
        Hypothesis::certain(RuleId::NotYetValid, "the service says that the token is not valid yet")
    } else {
        let sure = if claims.is_some() { Confidence::Certain } else { Confidence::Likely };
        Hypothesis::new(RuleId::Expired, sure, "the service says that the token has expired")
    }
}

fn no_mailbox(facts: &Facts, text: &str) -> Hypothesis {
    if facts.is_guest() || text.contains("#ext#") {
        return Hypothesis::certain(
            RuleId::GuestUserNoMailbox,
            "a guest user has no mailbox in this tenant",
        );
    }
    if text.contains("user-context in the token does not exist") || text.contains("invalid_user") {
        return Hypothesis::likely(
            RuleId::NoMailboxLicense,
            "Exchange does not know the user in the token",
        );
    }
    Hypothesis::certain(RuleId::NoMailboxLicense, "that user has no mailbox in Exchange Online")
}
