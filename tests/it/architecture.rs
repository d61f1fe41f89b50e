//! Holds the code to the map in `src/lib.rs`.

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up. A module may name only floors below its own.
const FLOORS: &[&[&str]] = &[
    &["model"],
    &["oauth", "sys", "store", "entra", "har"],
    &["flow", "diagnose", "probe", "trace"],
    &["render", "emulator"],
    &["config"],
    &["cli"],
];

/// Modules that do no I/O and read no clock.
const PURE: &[&str] = &["model", "oauth", "entra", "har", "diagnose", "render"];

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file: no comments, and nothing from the first test module on.
fn code_of(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The top modules that `code` names: `crate::x`, `crate::{x, y::z}`, and `super::super::…` that climbs to the top.
fn named_modules(code: &str, depth: usize) -> Vec<String> {
    let word = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut named = Vec::new();
    let mut look_behind = |root: &str| {
        for rest in code.split(root).skip(1) {
            match rest.strip_prefix('{') {
                Some(group) => named.extend(group_heads(group).iter().map(|head| word(head))),
                None => named.push(word(rest)),
            }
        }
    };
    look_behind("crate::");
    // A file `src/a/b/c.rs` reaches the top with as many `super::` as it is deep.
    look_behind(&"super::".repeat(depth));
    named.retain(|name| !name.is_empty() && name != "super" && name != "self");
    named
}

/// `x, y::{z}, w}` gives `x`, `y::{z}`, `w`.
fn group_heads(text: &str) -> Vec<String> {
    let (mut heads, mut depth, mut current) = (Vec::new(), 0, String::new());
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(std::mem::take(&mut current)),
            _ => (),
        }
        if c != ',' {
            current.push(c);
        }
    }
    heads.push(current);
    heads
}

/// Imports in `src` that do not go down, as sentences.
fn wrong_imports(files: &[(PathBuf, String)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (relative, source) in files {
        let module =
            relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let Some(floor) = floor_of(&module) else { continue };
        let is_mod = relative.file_name().is_some_and(|name| name == "mod.rs");
        let depth = relative.iter().count() - usize::from(is_mod);
        for named in named_modules(&code_of(source), depth) {
            let own_item = named == module || !src().join(&named).exists();
            if !own_item && floor_of(&named).is_none_or(|other| floor <= other) {
                wrong.push(format!("{} imports {named}", relative.display()));
            }
        }
    }
    wrong
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    rust_files(&src(), &mut files);
    files
        .into_iter()
        .map(|file| {
            let relative = file.strip_prefix(src()).unwrap().to_owned();
            (relative, fs::read_to_string(&file).unwrap())
        })
        .collect()
}

#[test]
fn imports_only_go_down() {
    let wrong = wrong_imports(&sources());
    assert!(wrong.is_empty(), "imports that do not go down:\n{}", wrong.join("\n"));
}

#[test]
fn every_way_to_climb_is_seen() {
    for source in [
        "use crate::cli::Exit;",
        "use crate::{model::Secret, cli::Exit};",
        "use crate::{\n    cli::{self, Exit},\n};",
        "use super::super::super::cli::Exit;",
        "fn f() { crate::cli::run() }",
    ] {
        let files = [(PathBuf::from("diagnose/rules/x.rs"), source.to_owned())];
        assert_eq!(wrong_imports(&files).len(), 1, "{source}");
    }
    let files = [(PathBuf::from("diagnose/rules/x.rs"), "use crate::model::Secret;".to_owned())];
    assert!(wrong_imports(&files).is_empty());
}

#[test]
fn every_module_has_a_floor() {
    for entry in fs::read_dir(src()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        if module != "lib" && module != "main" {
            assert!(floor_of(module).is_some(), "give `{module}` a floor in this file");
        }
    }
}

#[test]
fn pure_modules_touch_nothing_outside() {
    const OUTSIDE: [&str; 8] = [
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "SystemTime::now",
        "Instant::now",
        "tokio::",
        "getrandom",
    ];
    for (relative, source) in sources() {
        let module = relative.iter().next().unwrap().to_str().unwrap();
        if !PURE.contains(&module) || relative.ends_with("tests.rs") {
            continue;
        }
        let code = code_of(&source);
        for name in OUTSIDE {
            assert!(!code.contains(name), "{} touches {name}", relative.display());
        }
    }
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    for (relative, source) in sources() {
        let lines = source.lines().count();
        assert!(lines <= 400, "{} has {lines} lines: which two nouns is it?", relative.display());
    }
}
