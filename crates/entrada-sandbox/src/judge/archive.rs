//! HTTP archives as records: entrada's own, a browser's, another proxy's.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use entrada_core::har::{Har, HarEntry, HarError, Pair, is_redacted, pairs_of, value_of};
use entrada_core::{Jwt, Redactor};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{Endpoint, Exchange, ExchangeFacts, Observation, Record};

/// The member of an entry and of the log that holds what a redacted archive does not show.
pub(crate) const MEMBER: &str = "_sandbox";

/// The text is no HTTP archive that can be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It is not an HTTP archive.
    #[error("the text is not an HTTP archive (HAR)")]
    NotAnArchive,
    /// It is damaged.
    #[error(transparent)]
    Damaged(#[from] HarError),
}

/// Reads the HTTP archive `text`.
///
/// # Errors
///
/// [`ArchiveError`] if the text is no HTTP archive, or a damaged one.
pub fn read_har(text: &str) -> Result<Record, ArchiveError> {
    let har = Har::parse(text).ok_or(ArchiveError::NotAnArchive)??;
    let members: Value = serde_json::from_str(Har::trimmed(text)).unwrap_or_default();
    let log = members.get("log");
    let entries = log.and_then(|log| log.get("entries"));
    let mut exchanges: Vec<Exchange> = Vec::new();
    for (index, entry) in har.log.entries.iter().enumerate() {
        let own = entries.and_then(|entries| entries.get(index)?.get(MEMBER));
        let Some(mut exchange) = of_entry(entry) else { continue };
        exchange.number = index + 1;
        exchange.run = 1;
        if let Some(own) = own {
            exchange.facts = serde_json::from_value(own.clone()).unwrap_or_default();
            exchange.run =
                own.get("run").and_then(Value::as_u64).map_or(1, |run| run.try_into().unwrap_or(1));
        }
        exchanges.push(exchange);
    }
    // Browsers write entries in the order of their completion.
    if exchanges.iter().all(|exchange| exchange.at != 0) {
        exchanges.sort_by_key(|exchange| (exchange.run, exchange.at));
    }
    let observations: Vec<Observation> = log
        .and_then(|log| serde_json::from_value(log.get(MEMBER)?.get("observations")?.clone()).ok())
        .unwrap_or_default();
    let mut record = Record { exchanges, observations };
    take_facts(&mut record);
    Ok(record)
}

fn of_entry(entry: &HarEntry) -> Option<Exchange> {
    let url = Url::parse(&entry.request.url).ok()?;
    let lower = |pairs: &[Pair]| {
        let lower =
            |pair: &Pair| Pair { name: pair.name.to_ascii_lowercase(), value: pair.value.clone() };
        pairs.iter().map(lower).collect()
    };
    let bearer = entry.tokens.get("authorization").cloned();
    let facts = ExchangeFacts { bearer, ..ExchangeFacts::default() };
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of one request")]
    let duration = entry.time.max(0.0) as i64;
    Some(Exchange {
        at: entry.started_milliseconds().unwrap_or_default(),
        duration,
        method: entry.request.method.to_ascii_uppercase(),
        scheme: url.scheme().to_owned(),
        host: url.host_str().unwrap_or_default().to_ascii_lowercase(),
        path: url.path().to_owned(),
        query: pairs_of(url.query().unwrap_or_default().as_bytes()),
        form: entry.form(),
        headers: lower(&entry.request.headers),
        status: entry.response.status,
        response_headers: lower(&entry.response.headers),
        body: body_of(entry),
        facts,
        ..Exchange::default()
    })
}

fn body_of(entry: &HarEntry) -> serde_json::Map<String, Value> {
    let content = &entry.response.content;
    let Some(text) = &content.text else { return serde_json::Map::default() };
    let decoded = match content.encoding.as_deref() {
        Some("base64") => {
            BASE64_STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok())
        }
        _ => Some(text.clone()),
    };
    decoded.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Fills in the facts that the values themselves show. Facts that are there stay.
pub(crate) fn take_facts(record: &mut Record) {
    let mut challenges: Vec<(String, bool)> = Vec::new();
    for exchange in &mut record.exchanges {
        if let Some(authorization) = value_of(&exchange.headers, "authorization").map(str::to_owned)
        {
            authorization_facts(exchange, &authorization);
        }
        match exchange.endpoint() {
            Endpoint::Authorize => {
                if let Some(state) = exchange.parameter("state") {
                    let bits = bits_of(state);
                    exchange.facts.state_bits.get_or_insert(bits);
                }
                if let Some(challenge) = exchange.parameter("code_challenge") {
                    let is_plain = exchange.parameter("code_challenge_method") != Some("S256");
                    challenges.push((challenge.to_owned(), is_plain));
                }
            }
            Endpoint::Token
                if exchange.grant() == Some("authorization_code")
                    && exchange.facts.verifier_fits.is_none() =>
            {
                exchange.facts.verifier_fits =
                    fit(exchange.parameter("code_verifier"), &challenges);
            }
            _ => (),
        }
    }
}

/// Whether `verifier` fits one of the challenges; `None` where they cannot be compared.
fn fit(verifier: Option<&str>, challenges: &[(String, bool)]) -> Option<bool> {
    let verifier = verifier.filter(|verifier| !is_redacted(verifier))?;
    if challenges.is_empty() || challenges.iter().any(|(challenge, _)| is_redacted(challenge)) {
        return None;
    }
    let hashed = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    Some(challenges.iter().any(|(challenge, is_plain)| {
        *challenge == if *is_plain { verifier.to_owned() } else { hashed.clone() }
    }))
}

fn authorization_facts(exchange: &mut Exchange, authorization: &str) {
    let Some((scheme, value)) = authorization.split_once(' ') else { return };
    exchange.facts.scheme.get_or_insert_with(|| scheme.to_owned());
    if scheme.eq_ignore_ascii_case("basic") {
        let plain = BASE64_STANDARD.decode(value.trim()).unwrap_or_default();
        exchange.facts.empty_password = plain.ends_with(b":");
    } else if exchange.facts.bearer.is_none() && Jwt::decode_unverified(value.trim()).is_ok() {
        exchange.facts.bearer = Redactor::default().with_fingerprints([0; 16]).token(value.trim());
    }
}

/// The randomness of `state` at the most: its length times what its alphabet can hold.
fn bits_of(state: &str) -> u32 {
    let length = |text: &str| {
        u32::try_from(text.chars().filter(char::is_ascii_alphanumeric).count()).unwrap_or(u32::MAX)
    };
    if is_redacted(state) {
        // The fingerprint ends in the length.
        let size = state.rsplit('-').next().and_then(|size| size.parse::<u32>().ok());
        return size.unwrap_or_default().saturating_mul(6);
    }
    let all = |test: fn(&char) -> bool| {
        state.chars().filter(char::is_ascii_alphanumeric).all(|c| test(&c))
    };
    let tenths = if all(char::is_ascii_digit) {
        33
    } else if all(char::is_ascii_hexdigit) {
        40
    } else if all(char::is_ascii_lowercase) || all(char::is_ascii_uppercase) {
        47
    } else {
        59
    };
    length(state).saturating_mul(tenths) / 10
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn har(verifier: &str, member: &str) -> String {
        format!(
            r#"{{"log":{{"version":"1.2","entries":[
            {{"startedDateTime":"2026-01-01T00:00:01.500Z","time":20,"request":{{"method":"POST",
              "url":"https://login.microsoftonline.com/common/oauth2/v2.0/token","postData":{{"mimeType":"application/x-www-form-urlencoded",
              "text":"grant_type=authorization_code&code=c0de&code_verifier={verifier}"}}}},
              "response":{{"status":200,"content":{{"encoding":"base64","text":"eyJhY2Nlc3NfdG9rZW4iOiJhIn0="}}}}{member}}},
            {{"startedDateTime":"2026-01-01T00:00:00.250Z","time":20,"request":{{"method":"GET",
              "url":"https://LOGIN.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=c&state=0123456789&code_challenge={CHALLENGE}&code_challenge_method=S256"}},
              "response":{{"status":302}}}}]}}}}"#
        )
    }

    #[test]
    fn an_archive_is_read_in_the_order_of_time_with_its_facts() {
        let record = read_har(&har(VERIFIER, "")).unwrap();
        let [authorize, token] = record.exchanges.as_slice() else { panic!() };
        assert_eq!((authorize.number, token.number), (2, 1), "numbers are those of the archive");
        assert_eq!(token.at - authorize.at, 1_250);
        assert_eq!(authorize.facts.state_bits, Some(33));
        assert_eq!(token.facts.verifier_fits, Some(true));
        assert!(token.issued(), "base64 is decoded");
        let other = read_har(&har("another-verifier-another-verifier-another-v", "")).unwrap();
        assert_eq!(other.exchanges[1].facts.verifier_fits, Some(false));
    }

    #[test]
    fn facts_of_a_redacted_archive_come_from_its_own_member() {
        let redacted = "redacted-0123456789ab-43";
        let record = read_har(&har(redacted, "")).unwrap();
        assert_eq!(
            record.exchanges[1].facts.verifier_fits, None,
            "a fingerprint cannot be compared"
        );
        let member = r#","_sandbox":{"run":2,"verifier_fits":false}"#;
        let record = read_har(&har(redacted, member)).unwrap();
        let token = record.number(1).unwrap();
        assert_eq!((token.facts.verifier_fits, token.run), (Some(false), 2));
    }

    #[test]
    fn a_state_has_the_bits_of_its_alphabet() {
        for (state, bits) in [
            ("12345678", 26),
            ("6fa459ea-ee8a-3ca4-894e-db77e160355e", 128),
            ("AbCdEfGhIjKlMnOp", 94),
            ("redacted-0123456789ab-4", 24),
        ] {
            assert_eq!(bits_of(state), bits, "{state}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(read_har("{}").unwrap_err(), ArchiveError::NotAnArchive);
        assert!(matches!(
            read_har(r#"{"log":{"entries":[1]}}"#).unwrap_err(),
            ArchiveError::Damaged(_)
        ));
    }
}
