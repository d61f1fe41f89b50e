//! The forms in which client libraries, command lines, mail programs, services and pages show an error
//! (`corpus/forms.json`): one text for each, with the answers that are right.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use entrada_diagnose::{Context, Severity, Verdict, diagnose};
use serde::Deserialize;

use crate::corpus::NOW;

/// How many forms there are.
const FORMS: usize = 362;

/// The forms that are answered otherwise, each with the reason.
const OTHERWISE: [(&str, &str); 3] = [
    (
        "php-league",
        "a bare `invalid_grant` is a refusal: the verdict is a problem without a cause, and the form wants an open one",
    ),
    (
        "signinlog-ok",
        "a record of a sign-in that succeeded shows neither a fault nor a token: it is not recognised",
    ),
    (
        "claims-table",
        "lines with an empty note end in a tab, and are joined as wrapped ones: the times are lost, and the verdict stays open",
    ),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    group: String,
    #[allow(dead_code, reason = "for readers who check the form")]
    source: String,
    /// The ids that are right as the first error, the best first; `undetermined` where the text does not tell.
    causes: Vec<String>,
    input: String,
}

/// What was said of a form.
struct Answer {
    right: bool,
    ok: bool,
    text: String,
}

impl Form {
    fn expects(&self, id: &str) -> bool {
        self.causes.iter().any(|cause| cause == id)
    }

    /// Judges the text alone. Right is a first error that is among the expected, and an open verdict where the text does not
    /// tell; that the text is not recognised is right only where nothing else is.
    fn answer(&self) -> Answer {
        let diagnosis = match diagnose(&self.input, &Context::default(), NOW) {
            Ok(diagnosis) => diagnosis,
            Err(error) => {
                return Answer { right: false, ok: false, text: format!("no judgement: {error}") };
            }
        };
        let errors: Vec<&str> = diagnosis
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.rule.id.as_str())
            .collect();
        let first = errors.first().is_some_and(|first| self.expects(first));
        let right = match diagnosis.verdict {
            Verdict::Problem => first,
            Verdict::Undetermined if diagnosis.is_unrecognised() => {
                first || self.causes[0] == "undetermined"
            }
            Verdict::Undetermined => first || self.expects("undetermined"),
            _ => false,
        };
        let unread = if diagnosis.is_unrecognised() { " unrecognised" } else { "" };
        let text = format!("{}{unread} {errors:?}", diagnosis.verdict.id());
        Answer { right, ok: diagnosis.verdict.is_ok(), text }
    }
}

fn forms() -> Vec<Form> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/corpus/forms.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The name and the text of each form.
pub(crate) fn texts() -> Vec<(String, String)> {
    forms().into_iter().map(|form| (form.name, form.input)).collect()
}

/// The names of the forms that are not right, and a report by group.
fn judged() -> (BTreeSet<String>, String) {
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut details = String::new();
    let mut otherwise = BTreeSet::new();
    for form in forms() {
        let answer = form.answer();
        let group = groups.entry(form.group.clone()).or_default();
        group.1 += 1;
        if answer.right {
            group.0 += 1;
        } else {
            otherwise.insert(form.name.clone());
            let (name, causes) = (&form.name, form.causes.join(", "));
            writeln!(details, "{}: {name}\n    {} instead of {causes}", form.group, answer.text)
                .unwrap();
        }
    }
    let mut report = String::new();
    for (group, (right, all)) in &groups {
        writeln!(report, "{group:<16} {right:>3} of {all:>3}").unwrap();
    }
    (otherwise, report + &details)
}

#[test]
#[allow(
    clippy::print_stdout,
    reason = "the forms that fail are of interest even where they are few enough"
)]
fn the_forms_of_an_error_are_answered_right() {
    let (otherwise, report) = judged();
    println!("{} of {FORMS} forms are right\n{report}", FORMS - otherwise.len());
    let known: BTreeSet<String> = OTHERWISE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(otherwise, known, "{report}");
}

#[test]
fn no_form_of_an_error_is_ok() {
    let ok: Vec<String> =
        forms().into_iter().filter(|form| form.answer().ok).map(|form| form.name).collect();
    assert!(ok.is_empty(), "{ok:?}");
}

#[test]
fn each_form_is_there_once() {
    let forms = forms();
    assert_eq!(forms.len(), FORMS);
    let names: BTreeSet<&str> = forms.iter().map(|form| form.name.as_str()).collect();
    assert_eq!(names.len(), FORMS);
    assert!(forms.iter().all(|form| !form.causes.is_empty() && !form.input.trim().is_empty()));
}
