//! The secrets of a record, to look for them where they should not be.

use entrada_core::Redactor;
use serde_json::Value;

use super::raw::RawRecord;
use crate::judge::SecretKind;

/// A secret of a run.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KnownSecret {
    pub(crate) value: String,
    pub(crate) kind: SecretKind,
}

/// The shortest secret that is looked for. A shorter text is found anywhere.
const LENGTH_MIN: usize = 16;

/// The secrets that were sent and received. `code` is an authorization code in a redirect and a token request.
pub(crate) fn secrets_of(record: &RawRecord) -> Vec<KnownSecret> {
    let mut found = Vec::new();
    for exchange in &record.exchanges {
        let url = url::Url::parse(&exchange.url).ok();
        let query = url.iter().flat_map(|url| url.query_pairs().into_owned().collect::<Vec<_>>());
        let form = exchange.form().into_iter().map(|pair| (pair.name, pair.value));
        for (name, value) in query.chain(form) {
            add(&mut found, &name, &value);
        }
        if let Ok(Value::Object(members)) = serde_json::from_str(&exchange.response_body) {
            for (name, value) in &members {
                if let Value::String(text) = value
                    && name != "code"
                {
                    add(&mut found, name, text);
                }
            }
        }
        let location = exchange.response_headers.iter().find(|pair| pair.name == "location");
        if let Some(url) = location.and_then(|pair| url::Url::parse(&pair.value).ok()) {
            for (name, value) in url.query_pairs() {
                add(&mut found, &name, &value);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Hides `secrets` in texts, also where a program encodes or splits them.
pub(crate) fn redactor_of(secrets: &[KnownSecret]) -> Redactor {
    let redactor = Redactor::default();
    for secret in secrets {
        redactor.register(&secret.value);
    }
    redactor
}

fn add(found: &mut Vec<KnownSecret>, name: &str, value: &str) {
    if let Some(kind) = SecretKind::of_name(name)
        && LENGTH_MIN <= value.len()
    {
        found.push(KnownSecret { value: value.to_owned(), kind });
    }
}
