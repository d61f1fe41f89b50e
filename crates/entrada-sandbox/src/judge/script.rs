//! Scripted clients for the tests of the rules.
//!
//! One line for each exchange: `SECONDS METHOD URL [form=…] [bearer=CLAIMS] [run=N] -> STATUS [header=VALUE] [JSON]`. `AUTHORIZE`,
//! `DEVICE`, `TOKEN` stand for the endpoints of the public cloud.

use entrada_core::har::{Pair, Token, pairs_of};
use url::Url;

use super::{Exchange, Finding, Record, Rule};

const BASE: &str = "https://login.microsoftonline.com/organizations/oauth2/v2.0";

/// A client with this id.
pub(super) const CLIENT: &str = "client_id=11111111-1111-1111-1111-111111111111";

/// The record of a scripted client.
pub(super) fn record(script: &str) -> Record {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
    let exchanges = lines.enumerate().map(|(index, line)| exchange(index + 1, line)).collect();
    let mut record = Record { exchanges, ..Record::default() };
    super::archive::take_facts(&mut record);
    record
}

fn exchange(number: usize, line: &str) -> Exchange {
    let line = line
        .replace("AUTHORIZE", &format!("{BASE}/authorize"))
        .replace("DEVICE", &format!("{BASE}/devicecode"))
        .replace("TOKEN", &format!("{BASE}/token"))
        .replace("CLIENT", CLIENT);
    let (request, answer) = line.split_once(" -> ").unwrap();
    let mut words = request.split_whitespace();
    let at: f64 = words.next().unwrap().parse().unwrap();
    let method = words.next().unwrap().to_owned();
    let url = Url::parse(words.next().unwrap()).unwrap();
    let mut one = Exchange {
        number,
        run: 1,
        #[expect(clippy::cast_possible_truncation, reason = "a script lasts minutes")]
        at: 1_790_000_000_000 + (at * 1_000.0) as i64,
        duration: 50,
        method,
        scheme: url.scheme().to_owned(),
        host: url.host_str().unwrap().to_owned(),
        path: url.path().to_owned(),
        query: pairs_of(url.query().unwrap_or_default().as_bytes()),
        ..Exchange::default()
    };
    for word in words {
        let (name, value) = word.split_once('=').unwrap();
        match name {
            "form" => one.form = pairs_of(value.as_bytes()),
            "run" => one.run = value.parse().unwrap(),
            "bearer" => {
                let claims = serde_json::from_str(value).unwrap();
                one.facts.bearer = Some(Token { claims, ..Token::default() });
            }
            name => one.headers.push(Pair { name: name.to_owned(), value: value.to_owned() }),
        }
    }
    let (head, body) = answer.split_at(answer.find('{').unwrap_or(answer.len()));
    let mut words = head.split_whitespace();
    one.status = words.next().unwrap().parse().unwrap();
    for word in words {
        let (name, value) = word.split_once('=').unwrap();
        one.response_headers.push(Pair { name: name.to_owned(), value: value.to_owned() });
    }
    if !body.is_empty() {
        one.body = serde_json::from_str(body).unwrap();
    }
    one
}

/// What `rule` finds, each as `severity requests message`.
pub(super) fn found(rule: &'static Rule, script: &str) -> Vec<String> {
    shown((rule.check)(&record(script)))
}

pub(super) fn shown(findings: Vec<Finding>) -> Vec<String> {
    let one = |finding: Finding| {
        assert!(finding.severity <= finding.rule.severity, "{}", finding.rule.id);
        format!("{} {}: {}", finding.severity.id(), finding.places(), finding.message)
    };
    findings.into_iter().map(one).collect()
}

/// The start of a device flow, with an interval of five seconds.
pub(super) const DEVICE_FLOW: &str =
    "0 POST DEVICE form=CLIENT -> 200 {\"device_code\":\"d\",\"interval\":5,\"expires_in\":900}\n";
/// A poll of [`DEVICE_FLOW`].
pub(super) const POLL: &str =
    "POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d";
