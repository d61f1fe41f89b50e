//! What is recorded of a run, with its secrets. It never leaves the memory of the processes of a run.

use std::borrow::Cow;

use entrada_core::Redactor;
use entrada_core::har::{Pair, is_form, pairs_of};
use serde::{Deserialize, Serialize};
use url::Url;

use super::secrets::{redactor_of, secrets_of};
use crate::RunEnd;
use crate::judge::{Exchange, Observation, Record};

/// One exchange as it was on the wire.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct RawExchange {
    pub(crate) run: u32,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    /// Milliseconds.
    pub(crate) duration: i64,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<Pair>,
    pub(crate) body: String,
    /// 0 without a response.
    pub(crate) status: u16,
    pub(crate) response_headers: Vec<Pair>,
    pub(crate) response_body: String,
}

/// The record of an enclosure.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct RawRecord {
    pub(crate) exchanges: Vec<RawExchange>,
    pub(crate) observations: Vec<Observation>,
    /// The names that were resolved.
    pub(crate) names: Vec<String>,
    pub(crate) runs: Vec<RunEnd>,
    /// What could not be observed, for people.
    pub(crate) notes: Vec<String>,
}

impl RawExchange {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    fn is_form(&self) -> bool {
        self.header("content-type").is_some_and(is_form)
    }

    /// The members of the form in the body.
    pub(crate) fn form(&self) -> Vec<Pair> {
        if self.is_form() { pairs_of(self.body.as_bytes()) } else { Vec::new() }
    }
}

fn header<'a>(headers: &'a [Pair], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|pair| pair.name.eq_ignore_ascii_case(name));
    found.map(|pair| pair.value.as_str())
}

impl RawRecord {
    /// The record for the judge, with the facts that secrets show.
    pub(crate) fn judged(&self) -> Record {
        let exchanges = self.exchanges.iter().enumerate();
        let exchanges = exchanges.filter_map(|(index, raw)| exchange(index + 1, raw)).collect();
        let mut record = Record { exchanges, observations: self.observations.clone() };
        crate::judge::take_facts(&mut record);
        // Reports show these, and a program may put a token anywhere.
        let redactor = redactor_of(&secrets_of(self));
        let of_exchanges =
            record.exchanges.iter_mut().flat_map(|one| [&mut one.path, &mut one.host]);
        let of_observations = record.observations.iter_mut().filter_map(Observation::text_mut);
        hide(&redactor, of_exchanges.chain(of_observations));
        record
    }

    /// Hides the secrets of the exchanges in what is recorded besides them.
    pub(crate) fn hide_secrets(&mut self) {
        let redactor = redactor_of(&secrets_of(self));
        let of_observations = self.observations.iter_mut().filter_map(Observation::text_mut);
        let others = self.names.iter_mut().chain(&mut self.notes).chain(of_observations);
        hide(&redactor, others);
    }
}

fn exchange(number: usize, raw: &RawExchange) -> Option<Exchange> {
    let url = Url::parse(&raw.url).ok()?;
    let lower = |pairs: &[Pair]| {
        let lower = |pair: &Pair| Pair { name: pair.name.to_ascii_lowercase(), ..pair.clone() };
        pairs.iter().map(lower).collect()
    };
    Some(Exchange {
        number,
        run: raw.run,
        at: raw.at,
        duration: raw.duration,
        method: raw.method.clone(),
        scheme: url.scheme().to_owned(),
        host: url.host_str().unwrap_or_default().to_ascii_lowercase(),
        path: url.path().to_owned(),
        query: pairs_of(url.query().unwrap_or_default().as_bytes()),
        form: raw.form(),
        headers: lower(&raw.headers),
        status: raw.status,
        response_headers: lower(&raw.response_headers),
        body: serde_json::from_str(&raw.response_body).unwrap_or_default(),
        ..Exchange::default()
    })
}

fn hide<'t>(redactor: &Redactor, texts: impl Iterator<Item = &'t mut String>) {
    for text in texts {
        if let Cow::Owned(shown) = redactor.text(text) {
            *text = shown;
        }
    }
}
