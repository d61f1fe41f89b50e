//! The corpus: cases with a known answer, written from public facts (`corpus/README.md`). No stated cause may be missed,
//! and nothing healthy may be called ill.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use entrada_core::{NumericDate, Redactor, Secret};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::world::World;

/// When the cases happen: 2027-01-15 08:00:00Z.
pub(crate) const NOW: NumericDate = NumericDate(1_800_000_000);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    name: String,
    #[allow(dead_code, reason = "for whoever doubts the case")]
    source: String,
    #[serde(default)]
    tokens: BTreeMap<String, Token>,
    input: Value,
    #[serde(default)]
    pub(crate) args: Vec<String>,
    verdict: String,
    /// Absent: not stated. Null: there must be none.
    #[allow(clippy::option_option, reason = "JSON tells absent from null")]
    #[serde(default, deserialize_with = "stated")]
    cause: Option<Option<String>>,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    possible: Vec<String>,
    #[serde(default)]
    warns: Vec<String>,
    #[serde(default)]
    silent: Vec<String>,
    /// Ids of which the first error is one; instead of `cause`, where several are right.
    #[serde(default)]
    causes: Vec<String>,
    /// The confidences that the first error may have; empty: any.
    #[serde(default)]
    confidence: Vec<String>,
    /// Texts of which each stands in the message or the help of a finding.
    #[serde(default)]
    says: Vec<String>,
    /// Texts that no finding has, neither in its message nor in its help or evidence.
    #[serde(default)]
    unsaid: Vec<String>,
    /// Texts that the evidence of the first error shows.
    #[serde(default)]
    shows: Vec<String>,
}

/// What was said of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) verdict: String,
    /// Id and confidence of each error, the most important first.
    pub(crate) errors: Vec<(String, String)>,
}

impl Judgement {
    /// The first error.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.errors.first().map(|(id, _)| id.as_str())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    header: Option<Map<String, Value>>,
    claims: Map<String, Value>,
}

#[allow(clippy::option_option, reason = "JSON tells absent from null")]
fn stated<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

impl Token {
    fn jwt(&self) -> String {
        let header = match &self.header {
            Some(header) => Value::from(header.clone()),
            None => {
                json!({"typ": "JWT", "alg": "RS256", "kid": "corpus-key-1", "x5t": "corpus-key-1"})
            }
        };
        let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        let signature = "c2ln".repeat(86);
        format!("{}.{}.{}", part(&header), part(&self.claims.clone().into()), &signature[..342])
    }
}

impl Case {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the case is stated to be healthy: `ok`, and without an error.
    pub(crate) fn is_healthy(&self) -> bool {
        self.verdict == "ok" && self.cause == Some(None)
    }

    /// Whether `ok` is the verdict that is stated.
    pub(crate) fn is_ok(&self) -> bool {
        self.verdict == "ok"
    }

    /// Whether the input is an object: a file in JSON, such as an evidence file, and not pasted text.
    pub(crate) fn is_file(&self) -> bool {
        !self.input.is_string()
    }

    /// What is put in front of `entrada diagnose`.
    pub(crate) fn text(&self) -> String {
        match self.expanded(self.input.clone()) {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    fn expanded(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.replace(text)),
            Value::Array(all) => all.into_iter().map(|one| self.expanded(one)).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| (name, self.expanded(value)))
                .collect::<Map<_, _>>()
                .into(),
            other => other,
        }
    }

    fn replace(&self, mut text: String) -> String {
        for (name, token) in &self.tokens {
            let jwt = token.jwt();
            text = text.replace(&format!("{{{{{name}}}}}"), &jwt);
            let cut = format!("{{{{cut:{name}:");
            while let Some(at) = text.find(&cut) {
                let rest = &text[at + cut.len()..];
                let end = rest.find("}}").unwrap();
                let length: usize = rest[..end].parse().unwrap();
                text = format!("{}{}{}", &text[..at], &jwt[..length], &rest[end + 2..]);
            }
        }
        for (mark, engine) in [("{{b64:", &BASE64_STANDARD), ("{{b64url:", &BASE64_URL_SAFE_NO_PAD)]
        {
            while let Some(at) = text.find(mark) {
                let rest = &text[at + mark.len()..];
                let end = rest.find("}}").unwrap();
                let end = end + rest[end..].chars().take_while(|c| *c == '}').count() - 2;
                text =
                    format!("{}{}{}", &text[..at], engine.encode(&rest[..end]), &rest[end + 2..]);
            }
        }
        assert!(!text.contains("{{"), "a placeholder was not understood: {}", self.name);
        text
    }

    /// What differs between the judgement and what is stated; empty when they agree.
    fn differences(&self, world: &World) -> Vec<String> {
        let text = self.text();
        let args: Vec<&str> = ["diagnose", "-o", "json"]
            .into_iter()
            .chain(self.args.iter().map(String::as_str))
            .collect();
        let run = world.run_exactly(&args, &text);
        for jwt in self.tokens.values().map(Token::jwt) {
            let secret = jwt.rsplit('.').next().unwrap();
            assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{}", self.name);
        }
        let Ok(document) = serde_json::from_str::<Value>(run.stdout.lines().next().unwrap_or(""))
        else {
            return vec![format!("no judgement: {}", run.stderr)];
        };
        let mut wrong = Vec::new();
        let findings = document["findings"].as_array().unwrap();
        let of = |severity: &str| -> Vec<&str> {
            let own = findings.iter().filter(|finding| finding["severity"] == severity);
            own.map(|finding| finding["id"].as_str().unwrap()).collect()
        };
        let (errors, warnings) = (of("error"), of("warning"));
        let right = match self.verdict.as_str() {
            "not ok" => document["verdict"] != "ok",
            verdict => document["verdict"] == *verdict,
        };
        if !right {
            wrong.push(format!("verdict {} instead of {}", document["verdict"], self.verdict));
        }
        if let Some(cause) = &self.cause
            && errors.first().copied() != cause.as_deref()
        {
            wrong.push(format!("cause {:?} instead of {cause:?}", errors.first()));
        }
        for id in &self.also {
            if !errors.contains(&id.as_str()) {
                wrong.push(format!("no error {id}"));
            }
        }
        let guesses: BTreeSet<&str> = findings
            .iter()
            .filter(|finding| finding["confidence"] == "possible")
            .map(|finding| finding["id"].as_str().unwrap())
            .collect();
        for id in &self.possible {
            if !guesses.contains(id.as_str()) {
                wrong.push(format!("{id} is not among the possible"));
            }
        }
        for id in &self.warns {
            if !warnings.contains(&id.as_str()) {
                wrong.push(format!("no warning {id}"));
            }
        }
        for id in errors.iter().chain(&warnings) {
            if self.silent.iter().any(|silent| silent == id) {
                wrong.push(format!("{id} is a false alarm"));
            }
        }
        let healthy = self.is_healthy();
        for id in warnings.iter().filter(|id| healthy && !self.warns.iter().any(|own| own == *id)) {
            wrong.push(format!("warning {id} about something healthy"));
        }
        self.words_that_differ(findings, &mut wrong);
        if !wrong.is_empty() {
            wrong.push(format!("errors {errors:?}, warnings {warnings:?}, possible {guesses:?}"));
        }
        wrong
    }

    /// Checks `causes`, `confidence`, `says`, `unsaid` and `shows`.
    fn words_that_differ(&self, findings: &[Value], wrong: &mut Vec<String>) {
        let first = findings.iter().find(|finding| finding["severity"] == "error");
        let of_first = |member: &str| first.and_then(|first| first[member].as_str()).unwrap_or("");
        let (id, confidence) = (of_first("id"), of_first("confidence"));
        if !self.causes.is_empty() && !self.causes.iter().any(|cause| cause == id) {
            wrong.push(format!("cause {id:?} instead of one of {:?}", self.causes));
        }
        if !self.confidence.is_empty() && !self.confidence.iter().any(|one| one == confidence) {
            wrong.push(format!("confidence {confidence:?} instead of {:?}", self.confidence));
        }
        let shown = |finding: &Value| -> String {
            let lines = finding["evidence"].as_array().into_iter().flatten();
            lines.filter_map(|line| line["value"].as_str()).collect::<Vec<_>>().join("\n")
        };
        let advice: String = findings
            .iter()
            .flat_map(|finding| {
                let help = finding["help"].as_array().into_iter().flatten();
                std::iter::once(&finding["message"]).chain(help)
            })
            .filter_map(Value::as_str)
            .fold(String::new(), |all, line| all + line + "\n");
        let all: String = findings.iter().map(shown).collect::<Vec<_>>().join("\n") + &advice;
        for text in self.says.iter().filter(|text| !advice.contains(text.as_str())) {
            wrong.push(format!("`{text}` is not said"));
        }
        for text in self.unsaid.iter().filter(|text| all.contains(text.as_str())) {
            wrong.push(format!("`{text}` is said"));
        }
        let evidence = first.map(shown).unwrap_or_default();
        for text in self.shows.iter().filter(|text| !evidence.contains(text.as_str())) {
            wrong.push(format!("the evidence does not show `{text}`: {evidence:?}"));
        }
    }
}

/// What `entrada diagnose` says of `text`, given the flags `args`.
///
/// # Errors
///
/// What it wrote to stderr, if it printed no judgement.
pub(crate) fn judged(world: &World, args: &[String], text: &str) -> Result<Judgement, String> {
    let args: Vec<&str> =
        ["diagnose", "-o", "json"].into_iter().chain(args.iter().map(String::as_str)).collect();
    let run = world.run_exactly(&args, text);
    let Ok(document) = serde_json::from_str::<Value>(run.stdout.lines().next().unwrap_or(""))
    else {
        return Err(run.stderr);
    };
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = document["findings"].as_array().into_iter().flatten();
    let errors = findings.filter(|finding| finding["severity"] == "error");
    let errors = errors.map(|error| (word(&error["id"]), word(&error["confidence"]))).collect();
    Ok(Judgement { verdict: word(&document["verdict"]), errors })
}

/// The cases of all files but `kinds_*.json`, which have a test of their own, as the forms have (`forms.rs`).
pub(crate) fn cases() -> Vec<Case> {
    read(|name| !name.starts_with("kinds_") && name != "forms.json")
}

/// The cases of all files.
pub(crate) fn all_cases() -> Vec<Case> {
    read(|name| name != "forms.json")
}

fn read(wanted: impl Fn(&str) -> bool) -> Vec<Case> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/corpus");
    let mut files: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| {
        let is_json = file.extension().is_some_and(|extension| extension == "json");
        is_json && wanted(file.file_name().unwrap().to_str().unwrap())
    });
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let cases: Vec<Case> = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        all.extend(cases);
    }
    all
}

pub(crate) fn world() -> World {
    let world = World::new();
    for variable in ["ENTRADA_AUTHORITY", "ENTRADA_TENANT", "ENTRADA_CLIENT_ID"] {
        world.unset(variable);
    }
    world.clock.pass(NOW.seconds_since(crate::world::NOW));
    world
}

#[test]
fn every_case_is_judged_as_its_source_says() {
    assert_judged_right(&cases());
}

/// One file for each kind of fault. Unlike the other cases they were written before the readers that they measure.
#[test]
fn every_kind_of_fault_is_judged_in_other_words_too() {
    assert_judged_right(&read(|name| name.starts_with("kinds_")));
}

#[track_caller]
fn assert_judged_right(all: &[Case]) {
    let world = world();
    let mut report = String::new();
    let mut wrong = 0;
    for case in all {
        let differences = case.differences(&world);
        if !differences.is_empty() {
            wrong += 1;
            report = report + "\n" + &case.name + "\n    " + &differences.join("\n    ");
        }
    }
    assert!(wrong == 0, "{wrong} of {} cases are judged otherwise:{report}", all.len());
}

#[test]
fn the_corpus_is_as_wide_as_it_claims() {
    let all = all_cases();
    let names: BTreeSet<&str> = all.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), all.len(), "two cases have one name");
    let healthy = all.iter().filter(|case| case.is_healthy()).count();
    assert!(150 <= all.len() && 40 <= healthy, "{} cases, {healthy} healthy", all.len());
}

/// Secrets of every shape, some with ids in them, are known: nothing of what a judgement says is taken for a piece of one.
#[test]
fn no_judgement_loses_a_word_to_the_redactor() {
    const TENANT: &str = "8eb213ed-9578-5194-a853-903769e45328";
    const CLIENT: &str = "ec8f58d9-684c-5eca-a406-049b3fd4c793";
    let world = world();
    let mut report = String::new();
    for case in cases() {
        let text = case.text();
        let redactor = Redactor::of(
            &case.tokens.values().map(|token| Secret::new(token.jwt())).collect::<Vec<_>>(),
        );
        for secret in [
            "rt_9.x7",
            "no",
            "aud",
            "401",
            "50076",
            "1.Ax",
            "M.C546_BAY.0.U.-Ab",
            "short-one",
            &format!("opaque.{TENANT}.{CLIENT}.{}", "kJ8x".repeat(9)),
            &format!("1.AXoA7ROyjniVlFGoU5A3aeRTKN.AgABAwEAAAD{}", "P5_IAPsJiUwED4".repeat(20)),
        ] {
            redactor.register(secret);
        }
        for output in ["json", "human"] {
            let args: Vec<&str> = ["diagnose", "-o", output]
                .into_iter()
                .chain(case.args.iter().map(String::as_str))
                .collect();
            let run = world.run_exactly(&args, &text);
            for said in [&run.stdout, &run.stderr] {
                let shown = redactor.text(said);
                if shown != *said {
                    report = report + "\n" + &case.name + "\n" + &shown;
                }
            }
        }
    }
    assert!(report.is_empty(), "{report}");
}
