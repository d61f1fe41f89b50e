//! Reads an HTTP archive of a sign-in, from entrada or a browser: the last answer of the authority, and its request.

mod browser;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use url::Url;

use super::read;
use super::service::{HttpAnswer, Service, segments};
use super::shape::Shape;
use super::{ArchivedRequest, Context, Evidence, EvidenceSource};
use entrada_core::har::{Har, HarEntry, Pair, Token, is_redacted, value_of};
use entrada_core::oauth::{ErrorResponse, HttpResponse, TokenResponse, device_code};
use entrada_core::{Authority, Claims, Job, Jwt, NumericDate, Redactor, ScopeSet, Secret, Tenant};

/// The relevant content of an entry.
enum Said {
    Response(Box<TokenResponse>, Option<Shape>),
    Refusal(Box<ErrorResponse>),
    NotOauth(entrada_core::oauth::ProtocolError),
}

/// A refused call, with the service and the time.
struct Refused {
    by: String,
    answer: HttpAnswer,
    at: Option<NumericDate>,
    request: ArchivedRequest,
}

/// The request of `entry`, which is the one of this `number` in its archive.
fn request_of(entry: &HarEntry, number: usize) -> ArchivedRequest {
    let url = Url::parse(&entry.request.url).ok();
    ArchivedRequest {
        number,
        method: entry.request.method.clone(),
        host: url.as_ref().and_then(Url::host_str).unwrap_or("an unknown host").to_owned(),
        status: entry.response.status,
    }
}

/// Maximum number of requests with different scopes that are kept. Real archives have fewer.
const CASES_MAX: usize = 8;

/// The evidence in `har`, at the time of its last answer, not at `now`. The last answer counts; for each earlier request
/// with other scopes, its last answer is kept in [`Evidence::alternatives`].
pub(super) fn evidence(har: &Har, now: NumericDate) -> Evidence {
    let mut context = Context::default();
    let mut cases: Vec<Evidence> = Vec::new();
    // The last refusal of each service that has not given a successful answer since.
    let mut refused: Vec<Refused> = Vec::new();
    // The last refusal of a service that is not known, which counts where the archive has nothing else.
    let mut by_another: Option<Refused> = None;
    // A trace of entrada has the calls of one run only.
    let is_trace = har.log.summary.is_some();
    let redactor = secrets(har);
    for (index, entry) in har.log.entries.iter().enumerate() {
        let request = request_of(entry, index + 1);
        let asked = parameters(entry);
        note(&mut context, entry, &asked);
        if let Some(said) = said(entry, &asked) {
            let mut case = Evidence {
                context: context.clone(),
                now: entry.started().or(cases.last().and_then(|case| case.now)).or(Some(now)),
                source: EvidenceSource { request: Some(request), ..EvidenceSource::default() },
                ..Evidence::default()
            };
            match said {
                Said::Response(response, token) => {
                    (case.response, case.token) = (Some(*response), token);
                }
                Said::Refusal(refusal) => {
                    case.context.code_ran_out = refusal.error == "expired_token";
                    case.refusal = Some(*refusal);
                }
                Said::NotOauth(error) => case.not_oauth = Some(error),
            }
            cases.retain(|earlier| earlier.context.requested != case.context.requested);
            cases.push(case);
            if CASES_MAX < cases.len() {
                cases.remove(0);
            }
            // Earlier refusals are obsolete.
            refused.clear();
        } else if let Some(step) = browser::step(entry) {
            // The sign-in goes on, so what was refused before, such as a wrong password, was put right.
            refused.retain(|earlier| ![AUTHORITY, browser::PAGE].contains(&earlier.by.as_str()));
            if let browser::Step::Refused(answer) = step {
                let by = browser::PAGE.to_owned();
                refused.push(Refused { by, answer, at: entry.started(), request });
            }
        } else if let Some((by, refusal)) = called(entry, &cases) {
            refused.retain(|earlier| earlier.by != by);
            let at = entry.started();
            refused.extend(refusal.map(|answer| Refused { by, answer, at, request }));
        } else if let Some(answer) = refused_elsewhere(entry) {
            let by = request.host.clone();
            let refusal = Refused { by, answer, at: entry.started(), request };
            if is_trace {
                refused.push(refusal);
            } else {
                by_another = Some(refusal);
            }
        }
    }
    let refused = refused.pop().or(by_another.filter(|_| cases.is_empty()));
    let nothing = Evidence {
        now: Some(now),
        unrecognised: refused.is_none(),
        context,
        ..Evidence::default()
    };
    let mut evidence = cases.pop().unwrap_or(nothing);
    if let Some(Refused { by, answer, at, request }) = refused {
        evidence.source.request = Some(request);
        let of_authority = [AUTHORITY, browser::PAGE].contains(&by.as_str());
        let said = if of_authority { read::refusal_in(&answer) } else { None };
        match said {
            Some(refusal) => {
                evidence.refusal = Some(browser::with_ids(refusal, &answer.headers));
                // An attempt that ended earlier is not the one that was refused.
                evidence.not_oauth = None;
            }
            None => take(answer, &mut evidence),
        }
        evidence.now = at.or(evidence.now);
    }
    cases.reverse();
    evidence.alternatives = cases;
    for case in &mut evidence.alternatives {
        case.redactor = redactor.clone();
    }
    evidence.redactor = redactor;
    if let Some(summary) = &har.log.summary {
        evidence.context.job = summary.jobs.first().and_then(|job| Job::parse(job));
        evidence.context.account = summary.account.clone().or(evidence.context.account.take());
    }
    evidence
}

/// All secrets that were sent or received.
fn secrets(har: &Har) -> Redactor {
    let redactor = Redactor::default();
    for entry in &har.log.entries {
        let headers = entry.request.headers.iter().chain(&entry.response.headers);
        for Pair { name, value } in parameters(entry).iter().chain(headers) {
            // A redaction placeholder is not a secret.
            if !is_redacted(value) {
                redactor.learn_parameter(name, value);
            }
            if name.eq_ignore_ascii_case("authorization") && !is_redacted(value) {
                redactor.register(value.split_once(' ').map_or(value, |(_, rest)| rest));
            }
        }
        let body = body(entry).and_then(|body| serde_json::from_slice(&body).ok());
        if let Some(body) = body {
            redactor.learn(&body);
        }
    }
    redactor
}

/// The name of the answering party if it is an authority.
const AUTHORITY: &str = "authority";

/// File name endings of page resources and of files that browsers request on their own.
const FILES: [&str; 13] = [
    ".css",
    ".gif",
    ".ico",
    ".jpg",
    ".js",
    ".map",
    ".png",
    ".svg",
    ".webp",
    ".woff",
    ".woff2",
    "manifest.json",
    "robots.txt",
];

/// Path segments of the telemetry of an authority's pages.
const REPORTS: [&str; 2] = ["instrumentation", "handlers"];

/// The party that answered a call, and the answer if it is a refusal: a known API, the API that the token is for, or an
/// authority. Pages of APIs, files, preflights and requests without an answer are not calls.
fn called(entry: &HarEntry, cases: &[Evidence]) -> Option<(String, Option<HttpAnswer>)> {
    let (request, response) = (&entry.request, &entry.response);
    let header = |name: &str| {
        let mut all = request.headers.iter();
        all.find(|pair| pair.name.eq_ignore_ascii_case(name)).map(|pair| pair.value.as_str())
    };
    let sent = header("authorization");
    // RFC 9110 §15: 1xx is not a final answer.
    if response.status < 200 || header("access-control-request-method").is_some() {
        return None;
    }
    let mut answer = HttpAnswer {
        authorization: sent.filter(|sent| !is_redacted(sent)).map(Secret::new),
        ..answer_without_body(entry)
    };
    let path = answer.plain_segments();
    let last = path.last().map(String::as_str).unwrap_or_default();
    if sent.is_none() && FILES.iter().any(|end| last.ends_with(end)) {
        return None;
    }
    let service = answer.service();
    let by = if answer.is_of_an_authority() {
        if path.iter().any(|segment| REPORTS.contains(&segment.as_str())) {
            return None;
        }
        AUTHORITY.to_owned()
    } else if let Some(resource) = service.resource() {
        resource.app_id.to_owned()
    } else {
        let host = answer.host()?;
        is_own(cases, sent, &host).then_some(host)?
    };
    if by == AUTHORITY && response.status < 400 {
        // Its pages show that it works.
        return Some((by, None));
    }
    // An unreadable body is still an answer.
    answer.body = String::from_utf8_lossy(&body(entry).unwrap_or_default()).into_owned();
    if by == AUTHORITY {
        return Some((by, Some(answer)));
    }
    // A browser's archive contains many pages, which are not API answers.
    // Graph and ARM do not send pages for a request with a token: a proxy sent it.
    let is_page = answer.is_html()
        && match service {
            Service::Graph | Service::Arm => sent.is_none() && response.status < 300,
            Service::Exchange | Service::SharePoint => sent.is_none() || response.status < 300,
            _ => response.status < 300,
        };
    if is_page || (300..400).contains(&response.status) {
        return None;
    }
    let answer = answer.refused_within().unwrap_or(answer);
    // A missing body, a picture or a file shows nothing about the token.
    if response.status < 300 && !answer.is_success() && answer.is_unreadable() {
        return None;
    }
    Some((by, Some(answer).filter(|answer| !answer.is_good())))
}

/// The answer of a service that is not known to a call with a token, if it refuses the token.
fn refused_elsewhere(entry: &HarEntry) -> Option<HttpAnswer> {
    let mut headers = entry.request.headers.iter();
    let has_token = headers.any(|pair| {
        let is_bearer = || {
            pair.value
                .split_once(' ')
                .is_none_or(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        };
        pair.name.eq_ignore_ascii_case("authorization") && is_bearer()
    });
    if !has_token || ![401, 403].contains(&entry.response.status) {
        return None;
    }
    let body = String::from_utf8_lossy(&body(entry).unwrap_or_default()).into_owned();
    Some(HttpAnswer { body, ..answer_without_body(entry) })
}

/// The answer with what is known of the request.
fn answer_without_body(entry: &HarEntry) -> HttpAnswer {
    let (request, response) = (&entry.request, &entry.response);
    let lower = |pair: &Pair| (pair.name.to_ascii_lowercase(), pair.value.clone());
    HttpAnswer {
        status: Some(response.status),
        headers: response.headers.iter().map(lower).collect(),
        method: Some(request.method.clone()),
        url: Some(request.url.clone()),
        ..HttpAnswer::default()
    }
}

/// Whether a call to `host` used a token from an earlier response: by the token that was sent, or by the token's audience.
fn is_own(cases: &[Evidence], sent: Option<&str>, host: &str) -> bool {
    cases.iter().any(|case| {
        let Some(response) = &case.response else { return false };
        let token = response.access_token.expose();
        let shape = case.token.clone().unwrap_or_else(|| Shape::of(token));
        let aud = shape.claims().and_then(|claims| Url::parse(claims.aud()?).ok());
        sent.is_some_and(|sent| sent.split_once(' ').is_some_and(|(_, sent)| sent.trim() == token))
            || aud.is_some_and(|aud| aud.host_str() == Some(host))
    })
}

/// Adds `answer` with the token that was sent. A token other than the last one belongs to another request.
fn take(answer: HttpAnswer, evidence: &mut Evidence) {
    let sent = answer.authorization.as_ref().map(|sent| {
        let text = sent.expose();
        text.split_once(' ').map_or(text, |(_, token)| token).trim()
    });
    let got = evidence.response.as_ref().map(|response| response.access_token.expose());
    if let Some(sent) = sent.filter(|sent| got != Some(*sent)) {
        *evidence = Evidence { token: Some(Shape::of(sent)), ..Evidence::default() };
    }
    evidence.answer = Some(answer);
}

/// All request parameters: those of the URL and of the form.
fn parameters(entry: &HarEntry) -> Vec<Pair> {
    let mut all = match Url::parse(&entry.request.url) {
        Ok(url) => entrada_core::har::pairs_of(url.query().unwrap_or_default().as_bytes()),
        Err(_) => entry.request.query_string.clone(),
    };
    all.extend(entry.form());
    all
}

/// Copies the client, the scopes and the tenant from a request to the authority.
fn note(context: &mut Context, entry: &HarEntry, asked: &[Pair]) {
    let Some(client_id) = value_of(asked, "client_id") else { return };
    context.client_id = Some(client_id.to_owned());
    if let Some(scope) = value_of(asked, "scope") {
        context.requested = Some(ScopeSet::parse(scope));
    }
    if let Some(hint) = value_of(asked, "login_hint").filter(|hint| !is_redacted(hint)) {
        context.account = Some(hint.to_owned());
    }
    context.grant_type = match value_of(asked, "grant_type") {
        Some(grant_type) => Some(grant_type.rsplit(':').next().unwrap_or(grant_type).to_owned()),
        None if value_of(asked, "response_type").is_some() => Some("authorization_code".to_owned()),
        None => context.grant_type.take(),
    };
    if let Some((authority, tenant)) = authority(&entry.request.url) {
        context.authority = Some(authority);
        context.tenant = Some(tenant);
    }
}

/// The base and the tenant of an Entra URL: `https://host/TENANT/oauth2/v2.0/…`.
fn authority(address: &str) -> Option<(String, String)> {
    let url = Url::parse(address).ok()?;
    let path = segments(address);
    let (tenant, next) = (path.first()?, path.get(1)?);
    let tenant = Tenant::parse(tenant).ok().filter(|_| next.eq_ignore_ascii_case("oauth2"))?;
    let name = tenant.to_string();
    let authority = Authority::parse(&url.origin().ascii_serialization(), Some(tenant)).ok()?;
    Some((authority.base(), name))
}

fn said(entry: &HarEntry, asked: &[Pair]) -> Option<Said> {
    // The redirect back with an error (RFC 6749 §4.1.2.1).
    if let Some(refusal) = browser::redirected_refusal(entry) {
        return Some(Said::Refusal(Box::new(refusal)));
    }
    let came_back = value_of(asked, "state").is_some() && value_of(asked, "client_id").is_none();
    if came_back && value_of(asked, "error").is_some() {
        let members = asked.iter().map(|pair| (pair.name.clone(), pair.value.clone().into()));
        return Some(Said::Refusal(Box::new(ErrorResponse::from_json(&members.collect()))));
    }
    if entry.request.method != "POST" || entry.response.status == 0 {
        return None;
    }
    let answer = answer(entry)?;
    let received_at = entry.started().unwrap_or_default();
    // A browser may have recorded the answer but not the form.
    let path = segments(&entry.request.url);
    let endpoint = path.iter().any(|segment| segment.eq_ignore_ascii_case("oauth2"))
        && path.last().is_some_and(|last| last.eq_ignore_ascii_case("token"));
    if value_of(asked, "grant_type").is_some() || endpoint {
        return match TokenResponse::parse("the token request", &answer, received_at) {
            Ok(Ok(response)) => {
                let token = told(entry, &response);
                Some(Said::Response(Box::new(response), token))
            }
            Ok(Err(refusal)) => {
                let headers = answer_without_body(entry).headers;
                Some(Said::Refusal(Box::new(browser::with_ids(*refusal, &headers))))
            }
            Err(error) => Some(Said::NotOauth(error)),
        };
    }
    let device = value_of(asked, "client_id").is_some() && value_of(asked, "scope").is_some();
    match device_code::parse_authorization(&answer, received_at) {
        Ok(Err(refusal)) if device => Some(Said::Refusal(refusal)),
        Err(error) if device => Some(Said::NotOauth(error)),
        _ => None,
    }
}

/// The known properties of an access token whose text was redacted.
fn told(entry: &HarEntry, response: &TokenResponse) -> Option<Shape> {
    let text = response.access_token.expose();
    if !is_redacted(text) {
        return None;
    }
    match entry.tokens.get("access_token") {
        Some(Token { header, claims, signature_length }) => Some(Shape::Jwt(Box::new(Jwt {
            header: Claims::new(header.clone()),
            claims: Claims::new(claims.clone()),
            signature_length: Some(*signature_length),
        }))),
        None => {
            let length = text.rsplit('-').next().and_then(|length| length.parse().ok());
            Some(Shape::Opaque { length: length.unwrap_or_default() })
        }
    }
}

/// The HTTP response, as far as it was recorded.
fn answer(entry: &HarEntry) -> Option<HttpResponse> {
    let response = &entry.response;
    let mut answer = http::Response::builder().status(response.status);
    for Pair { name, value } in &response.headers {
        let name = http::HeaderName::from_bytes(name.as_bytes()).ok();
        if let Some((name, value)) = name.zip(http::HeaderValue::from_str(value).ok()) {
            answer = answer.header(name, value);
        }
    }
    answer.body(body(entry)?).ok()
}

fn body(entry: &HarEntry) -> Option<Vec<u8>> {
    let content = &entry.response.content;
    let text = content.text.clone().unwrap_or_default();
    match content.encoding.as_deref() {
        Some("base64") => BASE64_STANDARD.decode(text).ok(),
        _ => Some(text.into_bytes()),
    }
}
