//! The pages for readers: their commands work, their links lead somewhere, and the README is short.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::pages::{Handling, blocks, pages, root};

/// The first screens of the project.
const README_LINES: usize = 200;

#[test]
fn the_readme_is_short() {
    let lines = fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines");
}

#[cfg(unix)]
#[test]
fn the_commands_of_the_pages_do_what_the_pages_say() {
    crate::default_signals::are_default_for_children();
    let program = Path::new(env!("CARGO_BIN_EXE_entrada"));
    // The emulator makes its reader wait between two polls; several can wait at once.
    let threads: Vec<_> = pages()
        .into_iter()
        .map(|page| std::thread::spawn(move || crate::pages::follow(&page, program, false)))
        .collect();
    let failed = threads.into_iter().filter_map(|thread| thread.join().err()).count();
    assert_eq!(failed, 0, "pages whose commands do something else; see above");
}

/// How many commands are run, and which are not, with the reason.
#[test]
fn the_blocks_that_are_not_run_are_listed() {
    let (mut here, mut elsewhere, mut listed) = (0, 0, String::new());
    for page in pages() {
        for block in blocks(&fs::read_to_string(root().join(&page)).unwrap()) {
            match &block.handling {
                Handling::Run => here += block.steps().len(),
                Handling::Needs(_) => elsewhere += block.steps().len(),
                Handling::File(_) => (),
                Handling::NotRun(reason) => {
                    let first = block.steps().first().map_or("", |step| &step.command).to_owned();
                    // With the separators of the repository.
                    let page = page.to_string_lossy().replace('\\', "/");
                    writeln!(listed, "{page}: $ {first}\n    {reason}").unwrap();
                }
            }
        }
    }
    assert!(20 < here && 0 < elsewhere, "{here} commands are run, {elsewhere} in tests/real");
    let counted =
        format!("{here} commands are run, {elsewhere} in tests/real only; not run:\n\n{listed}");
    insta::assert_snapshot!(counted);
}

/// Every Markdown page of the repository.
fn all_pages() -> Vec<PathBuf> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_foreign = name.starts_with('.') || ["target", "node_modules"].contains(&name);
            if path.is_dir() && !is_foreign {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        found.extend(Some(path).filter(|path| path.extension().is_some_and(|it| it == "md")));
    }
    for folder in ["docs", "crates", "tests", "fuzz", "benches", "examples"] {
        collect(&root().join(folder), &mut found);
    }
    found
}

/// The links of a page, images included, and the anchors of its headings as GitHub makes them.
fn links_and_anchors(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut links, mut anchors) = (Vec::new(), Vec::new());
    let mut times = BTreeMap::<String, usize>::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links.push(dest_url.into_string());
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                for attribute in ["src=\"", "srcset=\"", "href=\""] {
                    let values = html.split(attribute).skip(1);
                    links.extend(
                        values.filter_map(|rest| rest.split('"').next().map(str::to_owned)),
                    );
                }
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let slug = slug(&heading.take().unwrap_or_default());
                let time = times.entry(slug.clone()).or_default();
                anchors.push(if *time == 0 { slug } else { format!("{slug}-{time}") });
                *time += 1;
            }
            _ => (),
        }
    }
    (links, anchors)
}

fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || ['-', '_'].contains(c)).collect()
}

#[test]
fn every_link_and_anchor_leads_somewhere() {
    let mut broken = Vec::new();
    let (mut files, mut anchored) = (0, 0);
    for page in all_pages() {
        let (links, _) = links_and_anchors(&fs::read_to_string(&page).unwrap());
        for link in
            links.iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        {
            let (path, anchor) = link
                .split_once('#')
                .map_or((link.as_str(), None), |(path, anchor)| (path, Some(anchor)));
            let target =
                if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            if !target.exists() {
                broken.push(format!("{} links to {link}: there is no such file", page.display()));
                continue;
            }
            files += 1;
            let Some(anchor) = anchor else { continue };
            anchored += 1;
            let (_, anchors) = links_and_anchors(&fs::read_to_string(&target).unwrap());
            if !anchors.iter().any(|known| known == anchor) {
                broken
                    .push(format!("{} links to {link}: there is no such heading", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
    assert!(50 < files && 5 < anchored, "{files} links, {anchored} anchors");
}

#[test]
fn an_anchor_is_made_as_github_makes_it() {
    for (heading, anchor) in [
        ("First token", "first-token"),
        ("`config init`, again", "config-init-again"),
        ("What `ok` rests on", "what-ok-rests-on"),
        ("I want to add …", "i-want-to-add-"),
        ("AADSTS65001: consent", "aadsts65001-consent"),
    ] {
        assert_eq!(links_and_anchors(&format!("## {heading}\n")).1, [anchor]);
    }
    assert_eq!(links_and_anchors("# A\n## B\n## B\n").1, ["a", "b", "b-1"]);
}
