//! Holds pages and examples to the code. `UPDATE_DOCS=1 cargo test` writes the generated ones.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use entrada::cli::Exit;
use entrada::config::{ConfigFile, keys};
use entrada::diagnose::rules::RULES;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn the_page_of_rules_is_current() {
    let mut page = String::from(
        "<!-- Generated from src/diagnose/rules by `UPDATE_DOCS=1 cargo test`: do not edit. -->\n\n# Findings\n\n\
         What `entrada diagnose` can say. `entrada explain ID` prints the same text.\n\n",
    );
    for rule in RULES {
        writeln!(page, "- [{id}](#{id}): {}", rule.severity.id(), id = rule.id).unwrap();
    }
    for rule in RULES {
        let docs = rule.docs.replace("## ", "### ");
        write!(page, "\n## {}\n\n{}", rule.id, docs).unwrap();
    }
    let path = root().join("docs/rules.md");
    #[allow(clippy::disallowed_methods, reason = "how one asks for the page to be written")]
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &page).unwrap();
    }
    let current = fs::read_to_string(&path).unwrap_or_default();
    assert!(current == page, "docs/rules.md is stale: run `UPDATE_DOCS=1 cargo test`");
}

#[test]
fn the_page_of_exit_codes_names_every_code() {
    let page = fs::read_to_string(root().join("docs/exit-codes.md")).unwrap();
    for exit in Exit::ALL {
        let row = format!("| {} |", exit.code());
        assert!(page.contains(&row), "docs/exit-codes.md has no row for {}", exit.code());
    }
}

/// The settings of the example, with their comment signs taken off.
fn uncommented(example: &str) -> String {
    let settings = example
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| line.starts_with(|c: char| c.is_alphabetic() || c == '['));
    settings.fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn the_example_configuration_parses_and_names_every_setting() {
    let example = fs::read_to_string(root().join("config.example.toml")).unwrap();
    ConfigFile::parse(&example).unwrap();
    let settings = uncommented(&example);
    let file = ConfigFile::parse(&settings).unwrap_or_else(|error| panic!("{error}\n{settings}"));
    let named = file.defaults.table();
    for key in keys() {
        assert!(
            named.contains_key(key),
            "config.example.toml does not show `{key}` under [defaults]"
        );
    }
}

#[test]
fn the_readme_links_to_pages_that_are_there() {
    let mut pages = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    for folder in ["docs", "docs/recipes"] {
        let all = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        pages
            .extend(all.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    assert!(10 < pages.len());
    for path in pages {
        let name = path.display();
        let page = fs::read_to_string(&path).unwrap();
        for link in page.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap_or_default();
            let local = !target.is_empty() && !target.contains("://");
            let there = path.parent().unwrap().join(target).exists();
            assert!(!local || there, "{name} links to {target}, which is not there");
        }
    }
}
