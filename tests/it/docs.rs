//! Holds pages and examples to the code. `UPDATE_DOCS=1 cargo test` writes the generated ones.

use clap::ValueEnum as _;
use entrada::render::recipe::{Ingredients, MailServer, RecipeTarget, TlsMode};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use entrada::cli::Exit;
use entrada::config::{ConfigFile, keys};
use entrada_diagnose::{Rule, rules};

#[allow(clippy::disallowed_methods, reason = "how one asks for pages to be written")]
fn is_to_be_written() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn the_page_of_rules_is_current() {
    let mut page = String::from(
        "<!-- Generated from crates/entrada-diagnose/src/rules by `UPDATE_DOCS=1 cargo test`: do not edit. -->\n\n# Findings\n\n\
         What `entrada diagnose` can say. `entrada explain ID` prints the same text.\n\n",
    );
    let mut all: Vec<&Rule> = rules::all().collect();
    all.sort_unstable_by_key(|rule| rule.id.as_str());
    for rule in &all {
        writeln!(page, "- [{id}](#{id}): {}", rule.severity.id(), id = rule.id).unwrap();
    }
    for rule in &all {
        let docs = rule.docs.replace("## ", "### ");
        write!(page, "\n## {}\n\n{}", rule.id, docs).unwrap();
    }
    let path = root().join("docs/rules.md");
    if is_to_be_written() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &page).unwrap();
    }
    let current = fs::read_to_string(&path).unwrap_or_default();
    assert!(current == page, "docs/rules.md is stale: run `UPDATE_DOCS=1 cargo test`");
}

#[test]
fn the_page_of_findings_about_programs_is_current() {
    let mut page = String::from(
        "<!-- Generated from crates/entrada-sandbox/src/judge/rules by `UPDATE_DOCS=1 cargo test`: do not edit. -->\n\n\
         # Findings about programs\n\nWhat `entrada sandbox` can say of a program. The severity is the highest that a finding can have.\n\n",
    );
    let mut all = entrada_sandbox::judge::rules::ALL.to_vec();
    all.sort_unstable_by_key(|rule| rule.id);
    for rule in &all {
        writeln!(page, "- [{id}](#{id}): {}", rule.severity.id(), id = rule.id).unwrap();
    }
    for rule in &all {
        let docs = rule.docs.replace("## ", "### ");
        write!(page, "\n## {}\n\nSource: {}.\n\n{docs}", rule.id, rule.clause).unwrap();
    }
    let path = root().join("docs/sandbox-rules.md");
    if is_to_be_written() {
        fs::write(&path, &page).unwrap();
    }
    let current = fs::read_to_string(&path).unwrap_or_default();
    assert!(current == page, "docs/sandbox-rules.md is stale: run `UPDATE_DOCS=1 cargo test`");
}

/// Each job, its permissions, and who consents to them by default.
fn consent_table() -> String {
    use entrada_core::Job;
    use entrada_core::entra::consent::{self, ConsentRequest};
    use entrada_core::entra::jobs;
    use entrada_core::entra::resources::short_name;
    use strum::IntoEnumIterator as _;
    let mut table = format!(
        "As of {}.\n\n| job | permissions | who consents |\n| --- | --- | --- |\n",
        consent::AS_OF
    );
    for job in Job::iter() {
        let scopes: entrada_core::ScopeSet = jobs::facts(job).scopes.iter().copied().collect();
        let names: Vec<String> =
            scopes.api().iter().map(|scope| format!("`{}`", short_name(scope))).collect();
        if names.is_empty() {
            continue;
        }
        let request = ConsentRequest {
            tenant: Some("organizations"),
            scopes: Some(&scopes),
            ..ConsentRequest::default()
        };
        let barred = request.needing_administrator();
        let who = match scopes.iter().any(|scope| scope.ends_with("/.default")) {
            true => "depends on the permissions that the registration lists",
            false if barred.is_empty() => "each user",
            false => "an administrator",
        };
        writeln!(table, "| `{}` | {} | {who} |", job.id(), names.join(", ")).unwrap();
    }
    table
}

#[test]
fn the_page_of_registrations_says_who_consents_to_each_job() {
    let path = root().join("docs/registration.md");
    let page = fs::read_to_string(&path).unwrap();
    let (start, rest) = page.split_once("<!-- jobs: ").unwrap();
    let (mark, rest) = rest.split_once('\n').unwrap();
    let (_, end) = rest.split_once("<!-- end of jobs -->").unwrap();
    let right = format!("{start}<!-- jobs: {mark}\n{}<!-- end of jobs -->{end}", consent_table());
    if is_to_be_written() {
        fs::write(&path, &right).unwrap();
    } else {
        assert!(page == right, "docs/registration.md is stale: run `UPDATE_DOCS=1 cargo test`");
    }
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

/// The page of one program: its configuration for a made-up account.
fn recipe(client: RecipeTarget) -> String {
    let place = |host: &str, port, tls| MailServer { host: host.to_owned(), port, tls };
    let with = Ingredients {
        name: "work".to_owned(),
        user: "ada@contoso.example".to_owned(),
        selectors: vec!["work".to_owned()],
        gets_profiles_token: false,
        imap: place("outlook.office365.com", 993, TlsMode::Implicit),
        smtp: place("smtp.office365.com", 587, TlsMode::Starttls),
        graph: "https://graph.microsoft.com".to_owned(),
        ca: None,
        client_id: "00000000-0000-0000-0000-000000000000".to_owned(),
        authority: "https://login.microsoftonline.com/organizations".to_owned(),
    };
    let page = client.page();
    let jobs: Vec<String> =
        page.protocols.iter().map(|protocol| format!("--job {}", protocol.job())).collect();
    let login = if jobs.is_empty() { String::new() } else { format!(" {}", jobs.join(" ")) };
    let notes = page.sasl_plugin.iter().chain(page.notes);
    let notes: String = notes.map(|note| format!("- {note}\n")).collect();
    format!(
        "<!-- Written by `UPDATE_DOCS=1 cargo test`: do not edit. -->\n\n# {title}\n\n\
         `entrada recipe {id} work` prints this for the account of the profile `work`, after the sign-in \
         (`entrada login work{login}`). It belongs in: {file}.\n\n```{language}\n{text}```\n\n{notes}\n\
         Where it does not work: `entrada probe work{login}` shows the token to the server and tells what is wrong.\n",
        title = page.title,
        id = client.id(),
        file = page.file,
        language = page.language,
        text = client.write(&with),
    )
}

#[test]
fn the_pages_of_recipes_are_those_that_the_program_prints() {
    for client in RecipeTarget::value_variants() {
        let path = root().join(format!("docs/recipes/{}.md", client.id()));
        let page = recipe(*client);
        if is_to_be_written() {
            fs::write(&path, &page).unwrap();
        }
        let current = fs::read_to_string(&path).unwrap_or_default();
        assert!(current == page, "{} is stale: run `UPDATE_DOCS=1 cargo test`", path.display());
    }
}

/// A page with tables whose last column names tests as `PATH.rs::NAME`, or says why there is none.
const PAGES_WITH_TESTS: [&str; 2] = ["docs/standards.md", "docs/threat-model.md"];

/// The reasons for a row without a test.
const REASONS: [&str; 4] = ["not applicable", "the server's duty", "not tested: ", "not protected"];

fn is_source(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

/// The tests that `text` names.
fn tests_in(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let spans = text.split('`').skip(1).step_by(2);
    spans.filter_map(|span| span.rsplit_once("::")).filter(|(path, _)| is_source(path))
}

/// The rows of the tables of `page` that have a column for tests.
fn rows_with_tests(page: &str) -> impl Iterator<Item = &str> {
    let mut is_in_table = false;
    page.lines().filter(move |line| {
        let is_head = line.starts_with("| ") && line.ends_with("| test |");
        is_in_table = is_head || is_in_table && line.starts_with('|');
        is_in_table && !is_head && !line.starts_with("| ---")
    })
}

/// Whether `source` has a test with this name.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let head = format!("fn {name}(");
    let Some(at) = lines.iter().position(|line| line.starts_with(&head)) else { return false };
    let mut above = lines[..at].iter().rev().take_while(|line| line.starts_with(['#', '/']));
    above.any(|line| *line == "#[test]")
}

#[test]
fn each_row_about_a_standard_or_a_threat_names_a_test_that_exists_or_says_why_not() {
    for name in PAGES_WITH_TESTS {
        let page = fs::read_to_string(root().join(name)).unwrap();
        assert!(60 < tests_in(&page).count(), "{name} names tests");
        for (path, test) in tests_in(&page) {
            let source = fs::read_to_string(root().join(path));
            let source = source.unwrap_or_else(|error| panic!("{name} names {path}: {error}"));
            assert!(has_test(&source, test), "{name} names {path}::{test}, which is no test there");
        }
        let rows: Vec<&str> = rows_with_tests(&page).collect();
        assert!(60 < rows.len(), "{name} has tables");
        for row in rows {
            let last = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
            let has_reason = REASONS.iter().any(|reason| last.starts_with(reason));
            assert!(
                has_reason != (0 < tests_in(last).count()),
                "{name}: a row has either tests or a reason: {row}"
            );
        }
    }
}

/// The deviations of the table and the list at its end are the same.
#[test]
fn the_list_of_deviations_is_complete() {
    let page = fs::read_to_string(root().join("docs/standards.md")).unwrap();
    let (tables, list) = page.split_once("## Deviations\n").unwrap();
    let of_tables: std::collections::BTreeSet<usize> = tables
        .split("**Deviation ")
        .skip(1)
        .map(|rest| rest.split("**").next().unwrap().parse().unwrap())
        .collect();
    let of_list: Vec<usize> =
        list.lines().filter_map(|line| line.split_once(". ")?.0.parse().ok()).collect();
    assert_eq!(of_list, (1..=of_list.len()).collect::<Vec<_>>());
    assert_eq!(of_tables.into_iter().collect::<Vec<_>>(), of_list);
}
