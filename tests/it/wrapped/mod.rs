//! Every case of the corpus in every form in which people paste errors: the first cause stays the same, no problem
//! becomes `ok`, and nothing healthy gets an error.
//!
//! A debug build judges one pair in [`SAMPLE`], by a fixed rule that takes each wrapper equally often. All pairs are judged
//! by a build without debug assertions, and wherever `WRAPPED` is set, as in `.ci/run`:
//! `WRAPPED=powershell-7 cargo test --test it wrapped -- --nocapture` shows all pairs of one wrapper that differ,
//! `WRAPPED=all` those of all.

mod wrappers;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use entrada_core::{Job, TokenSubject};
use entrada_diagnose::{Context, Severity};

use crate::corpus::{self, Judgement, NOW};
use crate::forms;
use crate::world::World;
pub(crate) use wrappers::WRAPPERS;
use wrappers::reason_to_skip;

/// The share of all pairs whose first cause is that of the text alone, and the share of each wrapper's.
const SAME_CAUSE_PERCENT: usize = 98;
const SAME_CAUSE_OF_EACH_PERCENT: usize = 97;

/// A debug build judges one of so many pairs: more would take longer than the rest of the tests.
const SAMPLE: usize = 11;

/// How many pairs of a wrapper that differ are shown, unless `WRAPPED` names it.
const SHOWN: usize = 8;

/// What is wrapped: a case of the corpus, or a text of `corpus/forms.json`.
struct Subject {
    name: String,
    args: Vec<String>,
    text: String,
    /// Whether the input is a file in JSON, and not pasted text.
    file: bool,
    /// Whether `ok` is stated of it.
    ok: bool,
    /// Whether it is also stated to be without any error.
    healthy: bool,
}

/// A subject in one form.
struct Pair {
    subject: usize,
    wrapper: &'static str,
    alone: Result<Judgement, String>,
    wrapped: Result<Judgement, String>,
}

/// All pairs, and how many there are not because no wrapper can carry the input.
struct Pairs {
    subjects: Vec<Subject>,
    all: Vec<Pair>,
    skipped: BTreeMap<&'static str, usize>,
}

/// The context that the flags of a case say, if they are among those that a library's caller would say as values.
fn context(args: &[String]) -> Option<Context> {
    let mut context = Context::default();
    for flag in args.chunks(2) {
        match flag {
            [flag, value] if flag == "--job" && value != "none" => {
                context.job = Some(Job::parse(value)?);
            }
            [flag, value] if flag == "--as" => {
                context.subject =
                    Some(if value == "app" { TokenSubject::App } else { TokenSubject::User });
            }
            _ => return None,
        }
    }
    Some(context)
}

/// What is said of `text` with the flags of a case: by the library, which is quicker, or else by the program.
fn judge(world: &World, args: &[String], text: &str) -> Result<Judgement, String> {
    let Some(context) = context(args) else { return corpus::judged(world, args, text) };
    let diagnosis =
        entrada_diagnose::diagnose(text, &context, NOW).map_err(|error| error.to_string())?;
    let errors = diagnosis.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let errors = errors
        .map(|error| (error.rule.id.as_str().to_owned(), error.confidence.id().to_owned()))
        .collect();
    Ok(Judgement { verdict: diagnosis.verdict.id().to_owned(), errors })
}

/// Everything that is wrapped.
fn subjects() -> Vec<Subject> {
    let cases = corpus::all_cases().into_iter().map(|case| Subject {
        name: case.name().to_owned(),
        text: case.text(),
        file: case.is_file(),
        ok: case.is_ok(),
        healthy: case.is_healthy(),
        args: case.args,
    });
    let forms = forms::texts().into_iter().map(|(name, text)| Subject {
        name: format!("form {name}"),
        args: Vec::new(),
        text,
        file: false,
        ok: false,
        healthy: false,
    });
    cases.chain(forms).collect()
}

impl Pairs {
    /// Judges all pairs, on as many threads as there are processors.
    fn judge() -> Self {
        let subjects = subjects();
        let next = AtomicUsize::new(0);
        let work = || {
            let world = corpus::world();
            let (mut pairs, mut skipped) = (Vec::new(), Vec::new());
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(Subject { args, text, .. }) = subjects.get(index) else {
                    return (pairs, skipped);
                };
                if let Some(reason) = reason_to_skip(text) {
                    skipped.push(reason);
                    continue;
                }
                let wanted = |at: &usize| is_judged(index, *at);
                if !(0..WRAPPERS.len()).any(|at| wanted(&at)) {
                    continue;
                }
                let alone = judge(&world, args, text);
                for at in (0..WRAPPERS.len()).filter(wanted) {
                    let wrapper = &WRAPPERS[at];
                    let wrapped = judge(&world, args, &(wrapper.wrap)(text));
                    let alone = alone.clone();
                    pairs.push(Pair { subject: index, wrapper: wrapper.name, alone, wrapped });
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let (mut all, mut skipped) = (Vec::new(), BTreeMap::new());
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            for worker in workers {
                let (pairs, reasons) = worker.join().unwrap();
                all.extend(pairs);
                for reason in reasons {
                    *skipped.entry(reason).or_default() += WRAPPERS.len();
                }
            }
        });
        all.sort_by_key(|pair| (pair.subject, pair.wrapper));
        Self { subjects, all, skipped }
    }

    /// The pairs, judged once for all tests of this file.
    fn get() -> &'static Self {
        static PAIRS: OnceLock<Pairs> = OnceLock::new();
        PAIRS.get_or_init(Self::judge)
    }

    fn same_cause(pair: &Pair) -> bool {
        match (&pair.alone, &pair.wrapped) {
            (Ok(alone), Ok(wrapped)) => alone.cause() == wrapped.cause(),
            // A damaged file may be no file any more once there are words around it.
            (Err(_), wrapped) => wrapped.as_ref().is_ok_and(|wrapped| wrapped.cause().is_none()),
            (Ok(_), Err(_)) => false,
        }
    }

    /// Whether `ok` is said of what is not stated to be `ok`.
    fn unearned_ok(&self, pair: &Pair) -> bool {
        let ok = pair.wrapped.as_ref().is_ok_and(|judgement| judgement.verdict == "ok");
        ok && !self.subjects[pair.subject].ok
    }

    /// Whether an error is stated of a healthy case because of its form: one that is more than a possibility. What is wrong
    /// about the text alone is the corpus's.
    fn false_alarm(&self, pair: &Pair) -> bool {
        let stated = |judgement: &Judgement| {
            judgement.verdict == "problem"
                || judgement.errors.iter().any(|(_, confidence)| confidence != "possible")
        };
        self.subjects[pair.subject].healthy
            && pair.wrapped.as_ref().is_ok_and(stated)
            && !pair.alone.as_ref().is_ok_and(stated)
    }

    /// The pairs for which `wrong` holds: a table by wrapper, then the pairs.
    fn report(&self, wrong: impl Fn(&Pair) -> bool) -> String {
        let mut report =
            format!("{:<18} {:>6} {:>6} {:>8}\n", "wrapper", "pairs", "wrong", "right");
        let mut details = String::new();
        let total = self.all.len();
        let mut row = |name: &str, pairs: usize, wrong: usize| {
            let tenths = (pairs - wrong) * 1000 / pairs.max(1);
            let right = format!("{}.{} %", tenths / 10, tenths % 10);
            writeln!(report, "{name:<18} {pairs:>6} {wrong:>6} {right:>8}").unwrap();
        };
        let mut all_wrong = 0;
        for wrapper in WRAPPERS {
            let of_it = || self.all.iter().filter(|pair| pair.wrapper == wrapper.name);
            let failed: Vec<&Pair> = of_it().filter(|pair| wrong(pair)).collect();
            all_wrong += failed.len();
            row(wrapper.name, of_it().count(), failed.len());
            let shown = if all_of_it_wanted(wrapper.name) { failed.len() } else { SHOWN };
            for pair in failed.iter().take(shown) {
                let name = &self.subjects[pair.subject].name;
                let (alone, wrapped) = (said(&pair.alone), said(&pair.wrapped));
                writeln!(details, "{}: {name}\n    {alone} -> {wrapped}", wrapper.name).unwrap();
            }
            if failed.len() > shown {
                let more = failed.len() - shown;
                writeln!(details, "{}: and {more} more", wrapper.name).unwrap();
            }
        }
        row("all", total, all_wrong);
        for (files, name) in [(true, "JSON files"), (false, "pasted texts")] {
            let of_it = || self.all.iter().filter(|pair| self.subjects[pair.subject].file == files);
            row(name, of_it().count(), of_it().filter(|pair| wrong(pair)).count());
        }
        for (reason, pairs) in &self.skipped {
            writeln!(report, "{pairs} pairs are skipped: the input {reason}").unwrap();
        }
        report + &details
    }
}

/// Wrappers that cut lines at a width.
const DAMAGING: [&str; 4] = ["folded-78", "powershell-5", "powershell-7", "powershell-german"];

/// Whether the pair of a subject and a wrapper, by their numbers, is judged in this build.
#[allow(clippy::disallowed_methods, reason = "how one asks for all pairs")]
fn is_judged(subject: usize, wrapper: usize) -> bool {
    let all = !cfg!(debug_assertions) || std::env::var_os("WRAPPED").is_some();
    all || (subject + wrapper).is_multiple_of(SAMPLE)
}

/// The wrapper that `WRAPPED` names.
#[allow(clippy::disallowed_methods, reason = "how one asks for a wrapper's pairs")]
fn wanted() -> Option<std::ffi::OsString> {
    std::env::var_os("WRAPPED")
}

fn all_of_it_wanted(wrapper: &str) -> bool {
    wanted().is_some_and(|wanted| wanted == wrapper || wanted == "all")
}

fn said(judgement: &Result<Judgement, String>) -> String {
    match judgement {
        Ok(judgement) => {
            format!("{} {}", judgement.verdict, judgement.cause().unwrap_or("without an error"))
        }
        Err(error) => format!("no judgement ({})", error.lines().next().unwrap_or_default()),
    }
}

#[test]
#[allow(
    clippy::print_stdout,
    reason = "the pairs that differ are of interest even where they are few enough"
)]
fn the_first_cause_is_the_same_in_every_form() {
    let pairs = Pairs::get();
    let report = pairs.report(|pair| !Pairs::same_cause(pair));
    println!("{report}");
    let same = pairs.all.iter().filter(|pair| Pairs::same_cause(pair)).count();
    assert!(same * 100 >= pairs.all.len() * SAME_CAUSE_PERCENT, "{report}");
    for wrapper in WRAPPERS {
        let of_it = || pairs.all.iter().filter(|pair| pair.wrapper == wrapper.name);
        let same = of_it().filter(|pair| Pairs::same_cause(pair)).count();
        let enough = same * 100 >= of_it().count() * SAME_CAUSE_OF_EACH_PERCENT;
        assert!(enough, "{}\n{report}", wrapper.name);
    }
}

#[test]
fn no_form_of_a_problem_is_ok() {
    let pairs = Pairs::get();
    let report = pairs.report(|pair| pairs.unearned_ok(pair));
    assert!(!pairs.all.iter().any(|pair| pairs.unearned_ok(pair)), "{report}");
}

#[test]
fn no_form_of_something_healthy_is_a_false_alarm() {
    let pairs = Pairs::get();
    // A JSON file whose lines were cut at a width is damaged, not pasted: a cut may fall on the blank between two scopes.
    let is_damaged =
        |pair: &Pair| pairs.subjects[pair.subject].file && DAMAGING.contains(&pair.wrapper);
    let wrong = |pair: &Pair| pairs.false_alarm(pair) && !is_damaged(pair);
    let report = pairs.report(wrong);
    assert!(!pairs.all.iter().any(wrong), "{report}");
}

#[test]
fn most_of_the_corpus_can_be_pasted() {
    let all = subjects();
    let skipped = all.iter().filter(|subject| reason_to_skip(&subject.text).is_some()).count();
    assert!(skipped * 50 <= all.len(), "{skipped} of {} inputs are skipped", all.len());
}
