//! Documents as tests: the `console` blocks of a Markdown page are run as a reader would type them.
//!
//! Each chapter (heading of the second level) is read at a terminal of its own, in an empty home, after the blocks before the
//! first chapter. There is an emulator where a block starts one, and no command is led to it that does not name it. The store is one
//! of files, unless the chapter itself names a key. An HTML comment before a block says what differs:
//!
//! | comment | meaning |
//! | --- | --- |
//! | `not run: REASON` | the block is not run |
//! | `needs: PROGRAMS` | run in tests/real alone, where these programs are |
//! | `exit: CODE` | its commands may end with CODE as well as with 0 |
//! | `file: PATH` | the block, of any language, is the contents of a file at home |
//! | `prepare: SCRIPT` | what a reader has already, such as the file of another program |
//!
//! Output is compared where the page shows some. `…` stands for any text, and alone on a line for any lines. Times,
//! codes, tokens and durations differ from run to run and are not compared.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use entrada_auth::sys::testing::home_variables;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use regex::Regex;
use tempfile::TempDir;

const KEY: &str = "0011223344556677889900112233445566778899001122334455667788990011";
/// Where pages say that the emulator is.
const EMULATOR: &str = "localhost:8400";

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The pages whose blocks are run, from the root.
pub(crate) fn pages() -> Vec<PathBuf> {
    let mut pages = vec!["README.md".into(), "docs/faq.md".into(), "docs/moving-in.md".into()];
    let guides = fs::read_dir(root().join("docs/guide")).unwrap();
    let names = guides.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    pages.extend(names.map(|name| Path::new("docs/guide").join(name)));
    pages.sort();
    pages
}

/// What becomes of a block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Handling {
    Run,
    /// Run where these programs are.
    Needs(String),
    NotRun(String),
    /// Written to this file.
    File(String),
}

/// One command and what it prints according to the page.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) shown: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Block {
    /// Where its first line is in the page.
    pub(crate) line: usize,
    /// The number of headings of the second level before it.
    chapter: usize,
    pub(crate) handling: Handling,
    exit: Option<i32>,
    prepare: String,
    text: String,
}

impl Block {
    /// The commands in it.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        let mut goes_on = false;
        for line in self.text.lines() {
            let command = line.strip_prefix("$ ");
            match (command, steps.last_mut()) {
                (None, Some(step)) if goes_on => {
                    step.command.push('\n');
                    step.command.push_str(line);
                    goes_on = line.ends_with('\\');
                }
                (None, Some(step)) => step.shown.push(line.to_owned()),
                (None, None) => panic!("line {}: output without a command: {line}", self.line),
                (Some(command), _) => {
                    goes_on = line.ends_with('\\');
                    steps.push(Step { command: command.to_owned(), shown: Vec::new() });
                }
            }
        }
        steps
    }
}

/// The blocks of a page that are commands, or files for them.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let (mut comment, mut chapter) = (String::new(), 0);
    let mut open: Option<(String, usize, String)> = None;
    for (event, range) in Parser::new_ext(page, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                let line = page[..range.start].lines().count() + 1;
                open = Some((language.into_string(), line, String::new()));
            }
            Event::Text(text) if open.is_some() => {
                if let Some((_, _, block)) = &mut open {
                    block.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some((language, line, text)) = open.take() {
                    let (handling, exit, prepare) = (Handling::Run, None, String::new());
                    let read = Block { line, chapter, handling, exit, prepare, text };
                    found.extend(block(&comment, &language, read));
                }
                comment.clear();
            }
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => chapter += 1,
            Event::Html(html) => comment.push_str(&html),
            Event::Start(tag) if tag != Tag::HtmlBlock => comment.clear(),
            _ => (),
        }
    }
    found
}

/// The block of `text`, as the comments before it say; `None` for one that is not a command.
fn block(comments: &str, language: &str, block: Block) -> Option<Block> {
    let is_shell = ["console", "sh", "bash", "shell", "powershell", "fish"].contains(&language);
    let (mut named, mut block) = (None, block);
    for comment in comments.split("<!--").skip(1).filter_map(|rest| rest.split("-->").next()) {
        let (what, value) = comment.trim().split_once(':').unwrap_or_default();
        let value = value.trim().to_owned();
        match what {
            "not run" => named = Some(Handling::NotRun(value)),
            "needs" => named = Some(Handling::Needs(value)),
            "file" => named = Some(Handling::File(value)),
            "exit" => block.exit = Some(value.parse().unwrap()),
            "prepare" => block.prepare = value,
            _ => (),
        }
    }
    let is_plain = named.is_none() && is_shell;
    assert!(
        !is_plain || language == "console",
        "line {}: a comment before a `{language}` block says which `file` it is, or why it is `not run`",
        block.line
    );
    block.handling = named.or(is_plain.then_some(Handling::Run))?;
    Some(block)
}

/// A reader who types the commands of a chapter.
struct Reader {
    program: PathBuf,
    home: TempDir,
    /// The emulator that the page started.
    emulator: Option<Child>,
    base: String,
    /// Whether the chapter chooses the store itself.
    has_store: bool,
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(emulator) = &mut self.emulator {
            let _ = emulator.kill();
            let _ = emulator.wait();
        }
    }
}

impl Reader {
    fn new(program: &Path, has_store: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join(".bin");
        fs::create_dir(&bin).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(program, bin.join("entrada")).unwrap();
        let samples = home.path().join("docs/samples");
        fs::create_dir_all(&samples).unwrap();
        for entry in fs::read_dir(root().join("docs/samples")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, samples.join(path.file_name().unwrap())).unwrap();
        }
        // Nothing listens at this port.
        let base = "http://localhost:1".to_owned();
        Self { program: program.to_owned(), home, emulator: None, base, has_store }
    }

    /// Does what `block` says, and reports how that differs from the page.
    fn follow(&mut self, block: &Block) -> Result<(), String> {
        if let Handling::File(path) = &block.handling {
            let path = self.home.path().join(path.trim_start_matches("~/"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let before = fs::read_to_string(&path).unwrap_or_default();
            fs::write(path, before + &self.led_here(&block.text)).unwrap();
            return Ok(());
        }
        let steps = block.steps();
        if let [Step { command, shown }] = &steps[..]
            && let Some(flags) = command.strip_prefix("entrada emulator")
            && !flags.contains("--list")
        {
            return self.emulate(flags, shown);
        }
        if !block.prepare.is_empty() {
            let (command, shown) = (block.prepare.clone(), Vec::new());
            self.type_in(&[Step { command, shown }], None)?;
        }
        self.type_in(&steps, block.exit)
    }

    /// Starts the emulator of the page in place of the present one.
    fn emulate(&mut self, flags: &str, shown: &[String]) -> Result<(), String> {
        let flags: Vec<&str> = flags.split_whitespace().collect();
        let (next, base, said) = emulator(&self.program, self.home.path(), &flags);
        if let Some(mut last) = self.emulator.replace(next) {
            last.kill().unwrap();
            last.wait().unwrap();
        }
        self.base = base;
        self.compare("entrada emulator", shown, &said)
    }

    fn type_in(&self, steps: &[Step], exit: Option<i32>) -> Result<(), String> {
        // A chapter is read at one terminal: folder and variables last from block to block.
        let shell_state = self.home.path().join(".bin/state");
        let mut script = format!("exec 2>&1\n[ ! -f '{0}' ] || . '{0}'\n", shell_state.display());
        for (index, step) in steps.iter().enumerate() {
            let command = self.led_here(&step.command);
            writeln!(script, "{command}\nprintf '\\n@@ {index} %s\\n' $?").unwrap();
        }
        writeln!(script, "{{ export -p; echo \"cd '$PWD'\"; }} > '{}'", shell_state.display())
            .unwrap();
        let mut shell = Command::new("sh");
        let bin = self.home.path().join(".bin");
        shell
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()));
        if !self.has_store {
            shell.env("ENTRADA_STORE", "file").env("ENTRADA_STORE_KEY", KEY);
        }
        let shell = shell.current_dir(self.home.path()).args(["-c", &script]);
        let output = shell.stdin(Stdio::null()).stderr(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut rest = text.as_str();
        for (index, step) in steps.iter().enumerate() {
            let end = format!("\n@@ {index} ");
            let (said, after) = rest
                .split_once(&end)
                .ok_or_else(|| format!("$ {}\nended the shell:\n{rest}", step.command))?;
            let (code, after) = after.split_once('\n').unwrap();
            rest = after;
            let code: i32 = code.parse().unwrap();
            if code != 0 && Some(code) != exit {
                return Err(format!("$ {}\nended with {code}:\n{said}", step.command));
            }
            self.compare(&step.command, &step.shown, said)?;
        }
        Ok(())
    }

    /// `text` with the emulator at its real address.
    fn led_here(&self, text: &str) -> String {
        text.replace(EMULATOR, self.base.trim_start_matches("http://"))
    }

    fn compare(&self, command: &str, shown: &[String], said: &str) -> Result<(), String> {
        if shown.is_empty() {
            return Ok(());
        }
        let here = self.base.trim_start_matches("http://");
        let home = self.home.path().to_str().unwrap();
        let said = said.replace(here, EMULATOR).replace(home, "/home/ada");
        let said = regular(said.trim_end());
        let said: Vec<&str> = said.lines().collect();
        let wanted = regular(shown.join("\n").trim_end());
        let wanted: Vec<&str> = wanted.lines().collect();
        if matches_lines(&wanted, &said) {
            return Ok(());
        }
        Err(format!("$ {command}\nprints:\n{}\n\nand not:\n{}", said.join("\n"), wanted.join("\n")))
    }
}

/// An emulator on a free port, where it is, and its first lines.
fn emulator(program: &Path, home: &Path, flags: &[&str]) -> (Child, String, String) {
    let mut command = Command::new(program);
    command.env_clear().envs(home_variables(home)).args([
        "emulator",
        "--port",
        "0",
        "--interval",
        "1",
    ]);
    command.args(flags).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut base = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut base).unwrap();
    let mut said = base.clone();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    // Its first lines end with the command to try.
    while !said.lines().last().is_some_and(|line| line.contains("entrada login")) {
        let read = stderr.read_line(&mut said).unwrap();
        assert_ne!(read, 0, "the emulator did not start: {said}");
    }
    // Its log always has a reader.
    std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    (child, base.trim().to_owned(), said)
}

/// A text without what differs from run to run.
fn regular(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, stand_in) in [
        (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
        (r"\b\d+ (s|min|h|d)( \d+ (s|min|h))?\b", "<duration>"),
        (r"eyJ[\w.…-]+", "<token>"),
        (r"\b[A-Z0-9]{9}\b", "<code>"),
        (r"http://localhost:\d{5}\b", "http://localhost:<port>"),
        (r"[ \t]+(\n|$)", "$1"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, stand_in).into_owned();
    }
    text
}

/// Whether `said` is what `wanted` describes.
fn matches_lines(wanted: &[&str], said: &[&str]) -> bool {
    match wanted {
        [] => said.is_empty(),
        ["…", rest @ ..] => (0..=said.len()).any(|skipped| matches_lines(rest, &said[skipped..])),
        [line, rest @ ..] => said
            .split_first()
            .is_some_and(|(first, more)| matches_line(line, first) && matches_lines(rest, more)),
    }
}

fn matches_line(wanted: &str, said: &str) -> bool {
    let parts: Vec<String> = wanted.split('…').map(regex::escape).collect();
    Regex::new(&format!("^{}$", parts.join(".*"))).unwrap().is_match(said)
}

/// Reads `page` as far as its blocks are run here, and stops where the program does not do what the page says.
///
/// With `programs`, the blocks that need other programs are run too.
pub(crate) fn follow(page: &Path, program: &Path, programs: bool) {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let mut wrong = Vec::new();
    let mut reader: Option<(usize, Reader)> = None;
    let blocks = blocks(&text);
    for block in &blocks {
        let is_run = match block.handling {
            Handling::Run | Handling::File(_) => true,
            Handling::Needs(_) => programs,
            Handling::NotRun(_) => false,
        };
        if !is_run {
            continue;
        }
        if reader.as_ref().is_none_or(|(chapter, _)| *chapter != block.chapter) {
            let chapter = blocks.iter().filter(|other| other.chapter == block.chapter);
            let has_store = chapter.map(|block| &block.text).any(|text| {
                ["--store-key-file", "--store file", "ENTRADA_STORE_KEY="]
                    .iter()
                    .any(|choice| text.contains(choice))
            });
            let mut next = Reader::new(program, has_store);
            for first in blocks.iter().filter(|first| first.chapter < block.chapter.min(1)) {
                let differs = next.follow(first);
                wrong.extend(
                    differs.err().map(|it| format!("{}:{}: {it}", page.display(), first.line)),
                );
            }
            reader = Some((block.chapter, next));
        }
        if let Some((_, reader)) = &mut reader
            && let Err(difference) = reader.follow(block)
        {
            wrong.push(format!("{}:{}: {difference}", page.display(), block.line));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n\n"));
}
