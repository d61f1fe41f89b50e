//! The world of a run: the emulated services under the names of the real ones, and the record of what a program asks them.

mod authority;
pub(crate) mod clock;
mod cookies;
mod dns;
mod front;
pub(crate) mod hosts;
mod person;
mod raw;
mod secrets;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entrada_core::entra::graph::{GraphCall, Lookup};
use entrada_emulator::account::CONTOSO;
use entrada_emulator::{
    CombinationError, Directory, Emulator, EmulatorOptions, HostNames, Note, Scenario, Unregistered,
};
use url::Url;

pub(crate) use authority::{CertificateAuthority, CertificateError};
pub(crate) use dns::{DnsSockets, serve as serve_dns};
pub(crate) use front::{Listener, Trust, serve_listeners};
pub(crate) use person::{Person, printed_addresses};
pub(crate) use raw::{RawExchange, RawRecord};
pub(crate) use secrets::{KnownSecret, redactor_of, secrets_of};

use crate::judge::Observation;

/// The address of the emulated authority.
const BASE: &str = "https://login.microsoftonline.com";
/// The most names that are listed because nobody registered them here.
const NOTES_MAX: usize = 20;
/// The most exchanges that are recorded.
const EXCHANGES_MAX: usize = 20_000;

/// What the world is to be like.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct WorldOptions {
    /// The names of the emulator's scenarios, which are combined.
    pub(crate) scenarios: Vec<String>,
    /// The user name of the account that signs in.
    pub(crate) user: Option<String>,
    /// A domain or an id of the tenant, in addition to those of the emulator.
    pub(crate) tenant: Option<String>,
}

/// The emulated services, and the record.
pub(crate) struct World {
    pub(crate) emulator: Arc<Emulator>,
    record: Mutex<RawRecord>,
    names: Mutex<BTreeSet<String>>,
    run: AtomicU32,
}

impl World {
    pub(crate) fn new(options: &WorldOptions) -> Arc<Self> {
        let mut emulated = EmulatorOptions {
            scenario: scenario_of(&options.scenarios).unwrap_or_default(),
            account: options.user.clone(),
            names: HostNames::Every,
            // The program's own registration is not known here.
            accept: Unregistered::ALL.to_vec(),
            ..EmulatorOptions::new(base())
        };
        if let Some(tenant) = &options.tenant {
            emulated.directories.push(directory(tenant));
        }
        Arc::new(Self {
            emulator: Arc::new(Emulator::new(emulated)),
            record: Mutex::default(),
            names: Mutex::default(),
            run: AtomicU32::new(1),
        })
    }

    /// Begins the run with this number.
    pub(crate) fn begin_run(&self, number: u32) {
        self.run.store(number, Ordering::Relaxed);
    }

    /// Adds an exchange to the record.
    pub(crate) fn note(&self, exchange: RawExchange) {
        let run = self.run.load(Ordering::Relaxed);
        let mut record = self.record();
        if record.exchanges.len() < EXCHANGES_MAX {
            record.exchanges.push(RawExchange { run, ..exchange });
        }
    }

    /// Adds an observation to the record.
    pub(crate) fn observe(&self, observation: Observation) {
        let mut record = self.record();
        if !record.observations.contains(&observation) {
            record.observations.push(observation);
        }
    }

    /// Notes a name that the program resolves.
    pub(crate) fn note_name(&self, name: &str) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
    }

    /// The record so far, in the order of the requests.
    pub(crate) fn recorded(&self) -> RawRecord {
        let mut record = self.record().clone();
        record.exchanges.sort_by_key(|exchange| exchange.at);
        record.names =
            self.names.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        record.notes = self.unregistered();
        record.notes.extend(not_emulated(&record.exchanges));
        record
    }

    /// What the emulator accepted although Entra knows it only from a registration, for people.
    fn unregistered(&self) -> Vec<String> {
        let mut notes: Vec<Note> = Vec::new();
        for note in self.emulator.log().into_iter().flat_map(|line| line.notes) {
            if notes.len() < NOTES_MAX && !notes.contains(&note) {
                notes.push(note);
            }
        }
        let told = notes.iter().map(|Note { kind, name, .. }| {
            if name.ends_with(".default") && *kind == Unregistered::Api {
                return format!("which permissions `{name}` stands for: here every one");
            }
            format!("whether Entra knows the {} `{name}`: every one is accepted here", kind.id())
        });
        told.collect()
    }

    fn record(&self) -> MutexGuard<'_, RawRecord> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The calls of Microsoft Graph that the emulator lacks, for people.
fn not_emulated(exchanges: &[RawExchange]) -> BTreeSet<String> {
    let is_lacking = |one: &&RawExchange| {
        one.status == 400 && one.response_body.contains("Resource not found for the segment")
    };
    let called = exchanges.iter().filter(is_lacking).filter_map(|one| {
        let call = GraphCall::new(&one.method, &one.url).ok()?;
        let Lookup::Found(access) = call.look_up() else { return None };
        Some(format!(
            "what Graph answers to `{}`: the emulator lacks this call, and answers 400",
            access.call
        ))
    });
    called.take(NOTES_MAX).collect()
}

fn base() -> Url {
    #[expect(clippy::expect_used, reason = "it is a constant")]
    Url::parse(BASE).expect("a URL")
}

/// A directory for a tenant of the command line: its id, or a domain.
fn directory(tenant: &str) -> Directory {
    let is_id =
        tenant.len() == 36 && tenant.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let id = if is_id { tenant.to_owned() } else { CONTOSO.replace("0c0ffee0", "0c0ffee1") };
    let domains = if is_id { Vec::new() } else { vec![tenant.to_ascii_lowercase()] };
    Directory { id, domains, name: tenant.to_owned() }
}

/// The scenario that does what each of those named does; `None` where a name is unknown.
pub(crate) fn combined(names: &[String]) -> Option<Result<&'static Scenario, CombinationError>> {
    let parts: Option<Vec<_>> = names.iter().map(|name| Scenario::find(name)).collect();
    Some(Scenario::combined(&parts?))
}

fn scenario_of(names: &[String]) -> Option<&'static Scenario> {
    combined(names)?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_the_emulator_lacks_are_told_and_unknown_paths_are_not() {
        let answer = |path: &str, status, text: &str| RawExchange {
            method: "GET".to_owned(),
            url: format!("https://graph.microsoft.com/v1.0{path}"),
            status,
            response_body: text.to_owned(),
            ..RawExchange::default()
        };
        let lacking = "Resource not found for the segment.";
        let told = not_emulated(&[
            answer("/me/events?$top=3", 400, lacking),
            answer("/me/events", 400, lacking),
            answer("/me/evnets", 400, lacking),
            answer("/me/messages", 200, "{}"),
            answer("/me/messages", 400, "BadRequest"),
        ]);
        let expected =
            "what Graph answers to `GET /me/events`: the emulator lacks this call, and answers 400";
        assert_eq!(told.into_iter().collect::<Vec<_>>(), [expected]);
    }
}
