//! What programs read is held to its schema: JSON version 1 to ours, SARIF to that of OASIS.

use std::path::Path;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use crate::corpus;
use crate::world::World;

/// A schema, ready to judge documents.
pub(crate) struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    pub(crate) fn new(name: &str, document: Value) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let url = format!("https://schema.example/{name}");
        compiler.add_resource(&url, document).unwrap();
        let index = compiler.compile(&url, &mut schemas).unwrap();
        Self { schemas, index }
    }

    pub(crate) fn check(&self, document: &Value) {
        if let Err(error) = self.schemas.validate(document, self.index) {
            panic!("{error:#}\n{document:#}");
        }
    }
}

pub(crate) fn read(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Our schema lets new members in, for readers; what we write today has to be named in it.
pub(crate) fn closed(mut schema: Value) -> Value {
    fn close(value: &mut Value) {
        match value {
            Value::Object(members) => {
                if members.get("properties").is_some_and(Value::is_object) {
                    members.insert("additionalProperties".to_owned(), json!(false));
                }
                members.values_mut().for_each(close);
            }
            Value::Array(all) => all.iter_mut().for_each(close),
            _ => (),
        }
    }
    close(&mut schema);
    schema
}

/// What `entrada diagnose ARGS` prints about every case of the corpus.
fn judged(args: &[&str]) -> Vec<String> {
    let world: World = corpus::world();
    let cases = corpus::cases();
    let judge = |case: &corpus::Case| {
        let args: Vec<&str> = std::iter::once("diagnose")
            .chain(args.iter().copied())
            .chain(case.args.iter().map(String::as_str))
            .collect();
        world.run_exactly(&args, &case.text()).stdout
    };
    cases.iter().map(judge).collect()
}

#[test]
fn every_judgement_of_the_corpus_keeps_to_the_schema_of_version_1() {
    let schema = Schema::new("diagnosis", closed(read("docs/schema/diagnosis-1.json")));
    for line in judged(&["-o", "json"]).iter().flat_map(|text| text.lines()) {
        schema.check(&serde_json::from_str(line).unwrap());
    }
}

#[test]
fn every_judgement_of_the_corpus_is_sarif_as_oasis_has_it() {
    let schema = Schema::new("sarif", read("tests/it/schema/sarif-2.1.0.json"));
    for text in judged(&["-o", "sarif"]) {
        let document: Value = serde_json::from_str(&text).unwrap();
        schema.check(&document);
        let run = &document["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
    }
}

#[test]
fn a_document_that_breaks_its_schema_is_noticed() {
    let schema = Schema::new("diagnosis", closed(read("docs/schema/diagnosis-1.json")));
    let right = json!({"version": 1, "verdict": "ok", "input": {"kind": "unknown", "job": "none", "as": "user"}, "findings": []});
    schema.check(&right);
    for (member, value) in
        [("verdict", json!("fine")), ("version", json!(2)), ("mood", json!("good"))]
    {
        let mut wrong = right.clone();
        wrong[member] = value;
        assert!(schema.schemas.validate(&wrong, schema.index).is_err(), "{member}");
    }
}
