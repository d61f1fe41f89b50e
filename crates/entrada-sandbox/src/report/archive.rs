//! The record as an HTTP archive. Everything is secret in it whose name is not listed as public; what the rules need of the
//! secrets stands beside, in `_sandbox`.

use std::collections::BTreeMap;

use entrada_core::har::{
    Content, Har, HarEntry, Pair, PostData, Request, Response, Timings, Token, TraceSummary,
    timestamp,
};
use entrada_core::{Redactor, to_json_pretty};
use serde_json::{Map, Value, json};
use url::Url;

use crate::judge::{Endpoint, Exchange, MEMBER, Record};
use crate::world::{RawExchange, RawRecord, secrets_of};

const COMMENT: &str = "Recorded by entrada sandbox. Secrets are replaced by fingerprints.";

/// The archive of `raw`, whose judged form is `record`.
pub(crate) fn har(raw: &RawRecord, record: &Record, salt: [u8; 16]) -> String {
    let redactor = Redactor::default().with_fingerprints(salt);
    for secret in secrets_of(raw) {
        redactor.register(&secret.value);
    }
    let mut har = Har::new(
        COMMENT,
        TraceSummary { command: Some("sandbox".to_owned()), ..TraceSummary::default() },
    );
    har.log.entries = (raw.exchanges.iter().zip(1..))
        .map(|(one, number)| {
            let endpoint = record.number(number).map_or(Endpoint::Other, Exchange::endpoint);
            entry(one, endpoint, &redactor)
        })
        .collect();
    let mut document = serde_json::to_value(&har).unwrap_or_default();
    for (index, value) in
        document["log"]["entries"].as_array_mut().into_iter().flatten().enumerate()
    {
        if let Some(exchange) = record.number(index + 1) {
            value[MEMBER] = facts(exchange);
        }
    }
    document["log"][MEMBER] = json!({ "observations": raw.observations, "names": raw.names });
    // Names of files, processes and hosts are the program's choice.
    let mut text = Vec::new();
    let _ = to_json_pretty(&mut text, &document);
    text.push(b'\n');
    String::from_utf8(text).unwrap_or_default()
}

/// What a redacted entry does not show.
fn facts(exchange: &Exchange) -> Value {
    let mut facts = serde_json::to_value(&exchange.facts).unwrap_or_default();
    facts["run"] = json!(exchange.run);
    facts
}

/// One entry. The answers of an API hold the user's data, which nobody needs, and whose values would be hidden in later addresses.
fn entry(raw: &RawExchange, endpoint: Endpoint, redactor: &Redactor) -> HarEntry {
    let headers = |pairs: &[Pair]| {
        pairs.iter().map(|pair| redactor.header(&pair.name, &pair.value)).collect()
    };
    // The form first: its secrets are then found in the other texts too.
    let form = redactor.pairs(&raw.form());
    let url = Url::parse(&raw.url).map(|url| redactor.url(&url));
    let (url, query_string) = url.unwrap_or_else(|_| (redactor.hide(&raw.url), Vec::new()));
    let (body, tokens) = match endpoint {
        Endpoint::Other => Default::default(),
        Endpoint::Metadata => (document(&raw.response_body, redactor), BTreeMap::new()),
        _ => body(&raw.response_body, redactor),
    };
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of one request")]
    let time = raw.duration as f64;
    let post_data = (!raw.body.is_empty()).then(|| PostData {
        mime_type: raw.header("content-type").unwrap_or_default().to_owned(),
        params: form,
        text: None,
    });
    HarEntry {
        started_date_time: timestamp(raw.at),
        time,
        request: Request {
            method: redactor.one_line(&raw.method),
            url,
            http_version: "HTTP/1.1".to_owned(),
            headers: headers(&raw.headers),
            query_string,
            post_data,
            headers_size: -1,
            body_size: size(&raw.body),
            ..Request::default()
        },
        response: Response {
            status: raw.status,
            http_version: if raw.status == 0 { String::new() } else { "HTTP/1.1".to_owned() },
            headers: headers(&raw.response_headers),
            content: Content { size: size(&raw.response_body), text: body, ..Content::default() },
            headers_size: -1,
            body_size: size(&raw.response_body),
            error: (raw.status == 0).then(|| "no answer".to_owned()),
            ..Response::default()
        },
        cache: Map::new(),
        timings: Timings { wait: time, ..Timings::default() },
        comment: None,
        tokens,
    }
}

fn size(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(-1)
}

/// A JSON document that everybody may fetch. Its addresses are those of the requests, and no secrets.
fn document(text: &str, redactor: &Redactor) -> Option<String> {
    let document: Value = serde_json::from_str(text).ok()?;
    Some(redactor.document(&document).to_string())
}

/// A JSON body without its secrets, with the claims of its tokens; nothing of other bodies.
fn body(text: &str, redactor: &Redactor) -> (Option<String>, BTreeMap<String, Token>) {
    let Ok(Value::Object(members)) = serde_json::from_str(text) else { return Default::default() };
    let mut tokens = BTreeMap::new();
    for name in ["access_token", "id_token"] {
        if let Some(token) =
            members.get(name).and_then(Value::as_str).and_then(|token| redactor.token(token))
        {
            tokens.insert(name.to_owned(), token);
        }
    }
    (Some(Value::Object(redactor.members(&members)).to_string()), tokens)
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

    use super::*;
    use crate::judge::{Observation, SecretKind, judge, read_har};

    const SECRETS: [&str; 4] =
        ["the-code-of-this-run", "r1-a-refresh-token-1", "r2-a-refresh-token-2", "st4te-st4te"];

    fn raw() -> RawRecord {
        let token = |at: i64, body: &str, answer: &str| RawExchange {
            run: 1,
            at: 1_790_000_000_000 + at,
            duration: 10,
            method: "POST".into(),
            url: "https://login.microsoftonline.com/common/oauth2/v2.0/token".into(),
            headers: vec![Pair {
                name: "content-type".into(),
                value: "application/x-www-form-urlencoded".into(),
            }],
            body: body.into(),
            status: 200,
            response_body: answer.into(),
            ..RawExchange::default()
        };
        let authorize = RawExchange {
            url: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=c&state=st4te-st4te".into(),
            method: "GET".into(),
            ..token(0, "", "")
        };
        let answer =
            r#"{"access_token":"r1-a-refresh-token-1","refresh_token":"r2-a-refresh-token-2"}"#;
        RawRecord {
            exchanges: vec![
                authorize,
                token(1_000, "grant_type=authorization_code&code=the-code-of-this-run", "{}"),
                token(2_000, "grant_type=refresh_token&refresh_token=r1-a-refresh-token-1", answer),
                token(9_000, "grant_type=refresh_token&refresh_token=r1-a-refresh-token-1", answer),
            ],
            ..RawRecord::default()
        }
    }

    #[test]
    fn the_archive_holds_no_secret_and_leads_to_the_same_findings() {
        let raw = raw();
        let record = raw.judged();
        let text = har(&raw, &record, [7; 16]);
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret}");
        }
        let shown = |findings: Vec<crate::judge::Finding>| -> Vec<String> {
            findings
                .iter()
                .map(|one| format!("{} {} {}", one.rule.id, one.places(), one.message))
                .collect()
        };
        let live = shown(judge(&record));
        assert!(
            live.iter().any(|one| one.starts_with("rotated-token-not-kept #3 and #4")),
            "{live:?}"
        );
        assert!(live.iter().any(|one| one.starts_with("state-weak #1")), "{live:?}");
        assert_eq!(shown(judge(&read_har(&text).unwrap())), live);
    }

    #[test]
    fn the_addresses_of_a_metadata_document_hide_no_request() {
        let mut raw = raw();
        let get = |at: i64, url: &str, body: &str| RawExchange {
            at: 1_790_000_000_000 + at,
            method: "GET".into(),
            url: url.into(),
            body: String::new(),
            response_body: body.into(),
            ..raw.exchanges[0].clone()
        };
        raw.exchanges = vec![
            get(
                0,
                "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration",
                r#"{"userinfo_endpoint":"https://graph.microsoft.com/oidc/userinfo"}"#,
            ),
            get(9, "https://graph.microsoft.com/v1.0/me", "{}"),
        ];
        let text = har(&raw, &raw.judged(), [7; 16]);
        assert!(text.contains("\"https://graph.microsoft.com/v1.0/me\""), "{text}");
        assert!(text.contains("https://graph.microsoft.com/oidc/userinfo"), "{text}");
    }

    #[test]
    fn names_that_a_program_chooses_move_no_cursor() {
        const HOSTILE: &str = "a\u{1b}[2J\u{9b}31m\u{202e}b";
        let mut raw = raw();
        raw.names = vec![HOSTILE.to_owned()];
        let (secret, path) = (SecretKind::RefreshToken, HOSTILE.to_owned());
        raw.observations = vec![Observation::File { secret, path, mode: 0o644 }];
        let mut record = raw.judged();
        record.exchanges[0].method = format!("GET{HOSTILE}");
        let findings = judge(&record);
        let names = raw.names.clone();
        let report = crate::report::Report {
            record: &record,
            findings: &findings,
            runs: &[],
            names: &names,
            notes: &[],
            archive: None,
        };
        let shown = record.exchanges[0].shown();
        for text in [har(&raw, &record, [7; 16]), report.html(), shown] {
            assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
        }
    }

    #[test]
    fn the_data_of_an_api_stay_out_and_hide_no_later_address() {
        let mut raw = raw();
        let call = |at: i64, path: &str| {
            RawExchange {
            method: "GET".into(),
            url: format!("https://graph.microsoft.com{path}"),
            body: String::new(),
            at: 1_790_000_010_000 + at,
            response_body: r#"{"@odata.context":"https://graph.microsoft.com/v1.0/me/messages","mail":"ada@contoso.example"}"#.into(),
            ..raw.exchanges[1].clone()
        }
        };
        raw.exchanges.extend([call(0, "/v1.0/me"), call(1, "/v1.0/me/messages")]);
        let text = har(&raw, &raw.judged(), [7; 16]);
        assert!(
            text.contains(r#""url": "https://graph.microsoft.com/v1.0/me/messages""#),
            "{text}"
        );
        assert!(!text.contains("ada@contoso.example"));
    }

    #[test]
    fn reports_hold_no_secret() {
        let mut raw = raw();
        // A program may put a token anywhere in an address.
        let url = "https://graph.microsoft.com/v1.0/r2-a-refresh-token-2/me".to_owned();
        raw.exchanges.push(RawExchange { method: "GET".into(), url, ..raw.exchanges[0].clone() });
        let encoded = BASE64_URL_SAFE_NO_PAD.encode(SECRETS[2]);
        for spelling in [&encoded, &SECRETS[2].replace('-', "%2D")] {
            let url = format!("https://graph.microsoft.com/v1.0/{spelling}/me");
            let get = RawExchange { method: "GET".into(), url, ..raw.exchanges[0].clone() };
            raw.exchanges.push(get);
        }
        let (secret, path) = (SecretKind::RefreshToken, format!("/home/ada/cache/{encoded}"));
        raw.observations = vec![Observation::File { secret, path, mode: 0o644 }];
        raw.names = vec![format!("{}.example", SECRETS[2])];
        raw.hide_secrets();
        let record = raw.judged();
        let findings = judge(&record);
        let report = crate::report::Report {
            record: &record,
            findings: &findings,
            runs: &[],
            names: &raw.names,
            notes: &[],
            archive: Some("a.har"),
        };
        for exchange in &record.exchanges[4..] {
            assert_eq!(exchange.path, "/v1.0/[secret]/me");
        }
        assert_eq!(raw.names, ["[secret].example"]);
        for text in [report.html(), har(&raw, &record, [7; 16])] {
            assert!(!text.contains(&encoded), "{text}");
        }
        for text in [report.html(), report.json().to_string(), report.sarif().to_string()] {
            assert!(text.contains("rotated-token-not-kept"));
            for secret in SECRETS {
                assert!(!text.contains(secret), "{secret}: {text}");
            }
        }
    }
}
