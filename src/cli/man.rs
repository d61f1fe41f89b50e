//! `entrada man`.

use std::path::{Path, PathBuf};

use super::app::App;
use super::{Exit, Failure, output};
use entrada_auth::sys::{OutputFile, OutputOptions};

#[derive(clap::Args, Debug)]
#[command(after_help = "entrada man token | man -l -\nentrada man --dir ~/.local/share/man/man1")]
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
        let failed = |error: std::io::Error| {
            Failure::usage(format!("cannot write the pages to {}: {error}", folder.display()))
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        write_pages(app, &program, folder)?;
        app.ui.line(format!("pages written to {}", folder.display()));
        return Ok(Exit::Success);
    }
    let mut command = &program;
    for name in &args.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            Failure::usage(format!("there is no command `{}`", args.command.join(" ")))
                .help("`entrada --help` lists them")
        })?;
    }
    let full = std::iter::once("entrada").chain(args.command.iter().map(String::as_str));
    let full = full.collect::<Vec<_>>().join("-");
    let command = command.clone().name(full).version(env!("CARGO_PKG_VERSION"));
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    app.stdout.write_all(&page)?;
    Ok(Exit::Success)
}

/// Writes the page of `command` and those of the commands under it, for everybody to read.
fn write_pages(
    app: &mut App<'_, '_>,
    command: &clap::Command,
    folder: &Path,
) -> Result<(), Failure> {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        write_pages(app, inner, folder)?;
    }
    let page = clap_mangen::Man::new(command.clone());
    let path = folder.join(page.get_filename());
    let mut text = Vec::new();
    page.render(&mut text)?;
    let options = OutputOptions { public: true, ..OutputOptions::default() };
    OutputFile::open(&path, options)
        .and_then(|mut file| file.write(app.stdout, &text))
        .map_err(|error| output::failed("the page", "--dir", &path, &error))
}
