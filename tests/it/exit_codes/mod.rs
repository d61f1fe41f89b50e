//! Every exit code of every command, made one by one, and held to the table in docs/exit-codes.md.

mod rows;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use entrada::cli::Exit;
use entrada_auth::store::{LockGuard, MAKE_KEY};
use entrada_auth::sys::HttpResponse;
use entrada_core::Secret;
use serde_json::{Value, json};

use crate::snapshots::hold;
use crate::world::{BASE, LAST_RUN, NOW, Network, World};
use rows::rows;

/// A command, the number that it ends with, and how it comes to that.
struct Row {
    command: &'static str,
    code: u8,
    how: How,
}

enum How {
    /// It is run here.
    Here(Box<dyn Fn() -> Exit>),
    /// A test of that name in that file runs the program as a process.
    Elsewhere(&'static str, &'static str),
}

fn row(command: &'static str, code: u8, how: impl Fn() -> Exit + 'static) -> Row {
    Row { command, code, how: How::Here(Box::new(how)) }
}

/// A full disk.
struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How `argv` ends, its first word included.
fn exit(world: &World, argv: &[&str], stdin: &str) -> Exit {
    world.run_on(argv, &mut stdin.as_bytes(), &mut Vec::new()).0
}

fn entrada(world: &World, args: &[&str]) -> Exit {
    exit(world, &argv(args), "")
}

fn argv<'a>(args: &[&'a str]) -> Vec<&'a str> {
    std::iter::once("entrada").chain(args.iter().copied()).collect()
}

/// The same with nowhere to write to.
fn with_broken_stdout(world: &World, args: &[&str], stdin: &str) -> Exit {
    world.run_on(&argv(args), &mut stdin.as_bytes(), &mut Broken).0
}

/// A world in the scenario `name` in which somebody signed in, two hours ago.
fn signed_in(name: &str) -> World {
    let world = World::with(name);
    world.login(&[]);
    world.clock.pass(7_200);
    world
}

/// The lock on the only grant of `world`.
fn held(world: &World) -> LockGuard {
    let grants = world.grants();
    let key = grants.list().unwrap()[0].key();
    world.set("ENTRADA_LOCK_TIMEOUT", "1s");
    grants.lock(&key, std::time::Duration::ZERO, &mut |_| false).unwrap()
}

/// What the token endpoint answers, with `member` changed.
fn changed(world: &World, member: &'static str, value: String) {
    world.changing(move |path, answer| {
        if !path.ends_with("/token") {
            return answer;
        }
        let (parts, body) = answer.into_parts();
        let mut body: Value = serde_json::from_slice(&body).unwrap();
        if body[member].is_string() {
            body[member] = value.as_str().into();
        }
        HttpResponse::from_parts(parts, body.to_string().into_bytes())
    });
}

/// The pairs in the table of the page: `| `token` | 0, 1, 2 | … |`.
fn documented(page: &str) -> BTreeSet<(String, u8)> {
    let (_, table) = page.split_once("\n## By command\n").expect("the heading");
    let (table, _) = table.split_once("\n## ").expect("another heading");
    let mut pairs = BTreeSet::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let command = cells[1].trim_matches('`').trim_start_matches("entrada").trim();
        for code in cells[2].split(", ") {
            let new = pairs.insert((command.to_owned(), code.parse().unwrap()));
            assert!(new, "twice: {line}");
        }
    }
    pairs
}

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/exit-codes.md")).unwrap()
}

#[test]
fn the_page_lists_what_is_made_here_and_nothing_else() {
    let rows = rows();
    let here: BTreeSet<(String, u8)> =
        rows.iter().map(|row| (row.command.to_owned(), row.code)).collect();
    assert_eq!(here.len(), rows.len(), "a pair stands here twice");
    let there = documented(&page());
    let only = |a: &BTreeSet<(String, u8)>, b| a.difference(b).cloned().collect::<Vec<_>>();
    assert_eq!(only(&here, &there), [], "not on the page");
    assert_eq!(only(&there, &here), [], "not made here");
}

#[test]
fn every_command_and_every_code_is_on_the_page() {
    let there = documented(&page());
    for command in entrada::cli::command().get_subcommands() {
        let name = command.get_name();
        assert!(there.iter().any(|(own, _)| own == name), "{name} is not on the page");
    }
    for exit in Exit::ALL {
        assert!(there.iter().any(|(_, code)| *code == exit.code()), "nothing ends with {exit:?}");
    }
}

#[test]
fn every_pair_ends_as_the_page_says() {
    let mut wrong = Vec::new();
    for Row { command, code, how } in rows() {
        match how {
            // These two start a program in the sandbox.
            How::Here(_) if command == "sandbox" && 126 <= code && !cfg!(target_os = "linux") => (),
            How::Here(run) => {
                let exit = run();
                if exit.code() != code {
                    wrong.push(format!("{command}: {} and not {code}", exit.code()));
                }
                if let Some((line, stderr)) = LAST_RUN.take()
                    && code != 0
                {
                    let name =
                        format!("{} {code}", if command.is_empty() { "entrada" } else { command });
                    let stderr = stderr
                        .replace(&format!("pid {}", std::process::id()), "pid PID")
                        // Windows has a command of its own.
                        .replace(MAKE_KEY, "openssl rand -base64 32");
                    hold("failures", &name.replace(' ', "-"), &format!("$ {line}\n{stderr}"));
                }
            }
            How::Elsewhere(file, name) => {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
                let text = fs::read_to_string(path).unwrap();
                assert!(text.contains(&format!("fn {name}()")), "{file} has no {name}");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
