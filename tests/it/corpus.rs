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
const NOW: NumericDate = NumericDate(1_800_000_000);

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
        if document["verdict"] != *self.verdict {
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
        let healthy = self.verdict == "ok" && self.cause == Some(None);
        for id in warnings.iter().filter(|id| healthy && !self.warns.iter().any(|own| own == *id)) {
            wrong.push(format!("warning {id} about something healthy"));
        }
        if !wrong.is_empty() {
            wrong.push(format!("errors {errors:?}, warnings {warnings:?}, possible {guesses:?}"));
        }
        wrong
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/corpus");
    let mut files: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
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
    let world = world();
    let mut report = String::new();
    let all = cases();
    let mut wrong = 0;
    for case in &all {
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
    let all = cases();
    let names: BTreeSet<&str> = all.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), all.len(), "two cases have one name");
    let healthy =
        all.iter().filter(|case| case.verdict == "ok" && case.cause == Some(None)).count();
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
