//! What people read, whole: help, findings and failures. `INSTA_UPDATE=always cargo test` writes them anew, and the change of
//! each sentence stands in the diff.

use std::collections::BTreeMap;

use entrada_diagnose::RuleId;
use serde_json::Value;

use crate::corpus;
use crate::world::World;

/// Compares `text` with `snapshots/KIND/NAME.snap`.
pub(crate) fn hold(kind: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("snapshots/{kind}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn help_of(command: &clap::Command, path: &[&str]) {
    for child in command.get_subcommands() {
        let path = [path, &[child.get_name()]].concat();
        let run = World::new().run_exactly(&[&path[..], &["--help"]].concat(), "");
        hold("help", &path.join("-"), &run.stdout);
        let run = World::new().run_exactly(&[&path[..], &["-h"]].concat(), "");
        hold("help-short", &path.join("-"), &run.stdout);
        help_of(child, &path);
    }
}

#[test]
fn the_help_of_every_command() {
    hold("help", "entrada", &World::new().run_exactly(&["--help"], "").stdout);
    hold("help-short", "entrada", &World::new().run_exactly(&["-h"], "").stdout);
    for topic in ["settings", "jobs", "stores", "exit-codes"] {
        hold("help-topic", topic, &World::new().run_exactly(&["help", topic], "").stdout);
    }
    help_of(&entrada::cli::command(), &[]);
}

/// Findings that no case of the corpus has; each has a test beside its rule.
const WITHOUT_A_CASE: &[&str] = &["issuer-tenant-mismatch", "not-issued-by-entra"];

#[test]
fn every_finding_as_people_read_it() {
    let world = corpus::world();
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    for case in corpus::cases() {
        let args = |format: &'static str| -> Vec<&str> {
            let own = case.args.iter().map(String::as_str);
            ["diagnose", "-o", format].into_iter().chain(own).collect()
        };
        let json = world.run_exactly(&args("json"), &case.text());
        let Ok(document) = serde_json::from_str::<Value>(&json.stdout) else { continue };
        let findings = document["findings"].as_array().into_iter().flatten();
        let ids: Vec<&str> = findings.filter_map(|finding| finding["id"].as_str()).collect();
        if ids.iter().all(|id| first.contains_key(*id)) {
            continue;
        }
        let human = world.run_exactly(&args("human"), &case.text());
        let shown = format!("{}\n\n{}{}", case.name(), human.stdout, human.stderr);
        for id in ids {
            first.entry(id.to_owned()).or_insert_with(|| shown.clone());
        }
    }
    for (id, shown) in &first {
        hold("findings", id, shown);
    }
    let without: Vec<&str> =
        RuleId::all().map(RuleId::as_str).filter(|id| !first.contains_key(*id)).collect();
    assert_eq!(without, WITHOUT_A_CASE);
}
