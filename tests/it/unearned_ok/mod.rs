//! `ok` is earned: of generated inputs that prove nothing, or that a service refused, none is `ok`.
//!
//! `GENERATED=100000 cargo test --test it unearned_ok` judges as many inputs, as `.ci/run` does.

mod generator;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use entrada_core::Job;
use entrada_diagnose::{Context, diagnose};

use crate::corpus::NOW;
use generator::{Generator, KINDS};

/// How many inputs are judged, unless `GENERATED` says another number.
const INPUTS: u64 = 25_000;

/// How many inputs of a kind are shown when they are `ok`.
const SHOWN: usize = 5;

/// The jobs for which each input is judged, one after the other.
const JOBS: [Option<Job>; 4] = [None, Some(Job::Imap), Some(Job::GraphMailRead), Some(Job::Smtp)];

#[allow(clippy::disallowed_methods, reason = "how one asks for more inputs")]
fn count() -> u64 {
    std::env::var("GENERATED").ok().map_or(INPUTS, |count| count.parse().unwrap())
}

/// The inputs among the first `count` that are `ok`, by their kind.
fn ok_inputs(count: u64) -> BTreeMap<&'static str, Vec<String>> {
    let next = AtomicU64::new(0);
    let work = || {
        let mut ok = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return ok;
            }
            let (kind, input) = Generator::input(number);
            let job = JOBS[usize::try_from(number).unwrap() % JOBS.len()];
            let context = Context { job, ..Context::default() };
            if diagnose(&input, &context, NOW).is_ok_and(|judged| judged.verdict.is_ok()) {
                ok.push((kind, format!("number {number}, job {job:?}: {input:?}")));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut all: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            for (kind, input) in worker.join().unwrap() {
                all.entry(kind).or_default().push(input);
            }
        }
    });
    all
}

#[test]
fn no_generated_input_is_ok_without_a_proof() {
    let count = count();
    let all = ok_inputs(count);
    let mut report = String::new();
    for (kind, inputs) in &all {
        writeln!(report, "{kind}: {}", inputs.len()).unwrap();
        for input in inputs.iter().take(SHOWN) {
            writeln!(report, "    {input}").unwrap();
        }
    }
    let wrong: usize = all.values().map(Vec::len).sum();
    assert!(wrong == 0, "{wrong} of {count} inputs are ok\n{report}");
}

#[test]
fn a_number_always_gives_the_same_input_and_each_kind_is_generated() {
    let mut kinds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for number in 0..2_000 {
        let (kind, input) = Generator::input(number);
        assert_eq!(Generator::input(number), (kind, input.clone()));
        kinds.entry(kind).or_default().push(input);
    }
    assert_eq!(kinds.len(), KINDS.len());
    for (kind, mut inputs) in kinds {
        let all = inputs.len();
        inputs.sort();
        inputs.dedup();
        assert!(inputs.len() * 2 > all, "{kind}: {} of {all} inputs differ", inputs.len());
    }
}
