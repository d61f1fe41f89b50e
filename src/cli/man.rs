//! `entrada man`: the manual pages, with the sections that readers of manual pages look for.

use std::io;
use std::path::{Path, PathBuf};

use clap_mangen::roff::{Roff, bold, roman};

use super::app::App;
use super::{Exit, Failure, help, output};
use crate::config::{keys, variable};
use entrada_auth::sys::{OutputFile, OutputOptions};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The command to describe, such as `config init`; the program itself by default
    command: Vec<String>,
    /// Write the pages of the program and of all commands to this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let program = super::command();
    if let Some(folder) = &args.dir {
        if folder == Path::new("-") {
            return Err(Failure::usage("`--dir` takes a folder, and `-` is not a folder")
                .help("one page goes to standard output: `entrada man COMMAND`")
                .help("for a folder with that name, give `./-`"));
        }
        let failed = |error: io::Error| {
            Failure::usage(format!("cannot write the pages to {}: {error}", folder.display()))
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        write_pages(app, &program, &[], folder)?;
        app.ui.line(format!("pages written to {}", folder.display()));
        return Ok(Exit::Success);
    }
    let mut command = &program;
    let mut path: Vec<String> = Vec::new();
    for name in &args.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            Failure::usage(format!("there is no command `{}`", args.command.join(" ")))
                .help("`entrada --help` lists them")
        })?;
        // By an alias, it is still the page of the command.
        path.push(command.get_name().to_owned());
    }
    app.stdout.write_all(&page(command, &path)?)?;
    Ok(Exit::Success)
}

/// Writes the page of `command` and those of the commands under it, for everybody to read.
fn write_pages(
    app: &mut App<'_, '_>,
    command: &clap::Command,
    path: &[String],
    folder: &Path,
) -> Result<(), Failure> {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        write_pages(app, inner, &[path, &[inner.get_name().to_owned()]].concat(), folder)?;
    }
    let file = folder.join(format!("{}.1", page_name(path)));
    let options = OutputOptions { public: true, ..OutputOptions::default() };
    let text = page(command, path)?;
    OutputFile::open(&file, options)
        .and_then(|mut file| file.write(app.stdout, &text))
        .map_err(|error| output::failed("the page", "--dir", &file, &error))
}

/// The name of the page of a command, such as `entrada-config-init`.
fn page_name(path: &[String]) -> String {
    let words = std::iter::once("entrada").chain(path.iter().map(String::as_str));
    words.collect::<Vec<_>>().join("-")
}

/// The page of the command with that path.
fn page(command: &clap::Command, path: &[String]) -> io::Result<Vec<u8>> {
    let version = env!("CARGO_PKG_VERSION");
    let command = command.clone().name(page_name(path)).version(version);
    let man = clap_mangen::Man::new(command.clone())
        .manual("entrada manual")
        .source(format!("entrada {version}"));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut more = Roff::new();
    if let Some(notes) = command.get_after_help() {
        more.control("SH", ["NOTES"]).text([roman(notes.to_string())]);
    }
    section(&mut more, "EXAMPLES", help::examples::of(&path.join(" ")));
    let exits = exit_status(path);
    section(&mut more, "EXIT STATUS", &exits);
    section(&mut more, "ENVIRONMENT", &environment(&command));
    section(&mut more, "FILES", FILES);
    more.control("SH", ["SEE ALSO"]).text([roman(see_also(path).join(", "))]);
    page.extend(more.render().into_bytes());
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// A section with a term and its description in each paragraph.
fn section<T: AsRef<str>, D: AsRef<str>>(page: &mut Roff, heading: &str, rows: &[(T, D)]) {
    if rows.is_empty() {
        return;
    }
    page.control("SH", [heading]);
    for (term, description) in rows {
        page.control("TP", []);
        page.text([bold(term.as_ref())]).text([roman(description.as_ref())]);
    }
}

fn exit_status(path: &[String]) -> Vec<(String, &'static str)> {
    let exits = match path.first() {
        Some(command) => help::exit_codes(command),
        None => Exit::ALL.to_vec(),
    };
    exits.iter().map(|exit| (exit.code().to_string(), exit.meaning())).collect()
}

/// The variables that `command` reads.
fn environment(command: &clap::Command) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = vec![
        ("ENTRADA_CONFIG".to_owned(), "The configuration file, as --config.".to_owned()),
        ("ENTRADA_PROFILE".to_owned(), "The profile where none is named.".to_owned()),
    ];
    let longs: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    let settings = keys().iter().filter(|key| longs.contains(&key.as_str()));
    rows.extend(settings.map(|key| (variable(key), format!("The setting --{key}."))));
    if longs.contains(&"store") {
        let key = "The key of the file store. It has no flag: other users can see arguments.";
        rows.push(("ENTRADA_STORE_KEY".to_owned(), key.to_owned()));
    }
    if longs.contains(&"ca-bundle") {
        let proxy = "The proxy for requests, and the hosts that are reached without it.";
        rows.push(("HTTPS_PROXY, NO_PROXY".to_owned(), proxy.to_owned()));
    }
    rows.push(("NO_COLOR".to_owned(), "If set, no colour is used.".to_owned()));
    rows
}

/// Where files are, unless XDG_CONFIG_HOME, XDG_DATA_HOME and XDG_STATE_HOME name other places.
const FILES: &[(&str, &str)] = &[
    ("~/.config/entrada/config.toml", "The configuration: profiles, defaults, jobs of one's own."),
    ("~/.local/share/entrada", "The encrypted sign-ins of the file store."),
    ("~/.local/state/entrada", "The list of accounts, and locks. No secret is in plain text."),
];

fn see_also(path: &[String]) -> Vec<String> {
    let mut pages = Vec::new();
    if let Some((_, above)) = path.split_last() {
        pages.push(page_name(above));
    }
    let related = help::related(path.first().map(String::as_str));
    pages.extend(related.into_iter().map(|name| page_name(&[name])));
    let own = page_name(path);
    pages.retain(|page| *page != own);
    let mut seen = Vec::new();
    pages.retain(|page| {
        let is_new = !seen.contains(page);
        seen.push(page.clone());
        is_new
    });
    pages.into_iter().map(|page| format!("{page}(1)")).collect()
}
