//! `entrada trace`.

use clap::Subcommand;

use super::app::App;
use super::common::Invocation;
use super::ui::style_of;
use super::{Exit, Failure};
use crate::config::flags;
use crate::render::{self, Format, Notes};
use entrada_auth::sys::Stream;
use entrada_core::har::Har;
use entrada_diagnose::{self as diagnose, Evidence, RecogniseError, Verdict};

/// The settings that the command reads.
pub(super) type Flags = flags::Jobs;

#[derive(clap::Args)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    /// The file, or `-` for standard input
    #[arg(required = true)]
    file: Option<String>,
    /// The format of the result
    #[arg(long, short, default_value = "human", value_name = "FORMAT")]
    output: Format,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Print an HTTP archive (HAR) from `--trace` or from a browser as a timeline, and diagnose it
    Show(Invocation<Show, Flags>),
}

#[derive(clap::Args)]
struct Show {
    /// The file, or `-` for standard input
    file: String,
    /// The format of the result
    #[arg(long, short, default_value = "human", value_name = "FORMAT")]
    output: Format,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    match (&args.what, &args.file) {
        (Some(What::Show(own)), _) => own.run(app, show),
        (None, file) => {
            let file = file.clone().unwrap_or_default();
            show(&Show { file, output: args.output }, app)
        }
    }
}

fn show(show: &Show, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let input = app.input(Some(&show.file))?;
    let har = match Har::parse(input.expose()) {
        Some(Ok(har)) => har,
        Some(Err(place)) => {
            return Err(Failure::usage(format!("the HTTP archive cannot be read: {place}")));
        }
        None => {
            return Err(Failure::usage("this is not an HTTP archive (HAR)").help(
                "`entrada login --trace FILE` writes one; so do browsers, in their developer tools",
            ));
        }
    };
    let mut salt = [0; 16];
    app.sys.entropy.fill(&mut salt)?;
    let mut evidence = match diagnose::recognise(input.expose(), app.sys.clock.now()) {
        Ok(evidence) => evidence,
        // A run may have ended before anything was sent.
        Err(RecogniseError::Har(_)) => Evidence { unrecognised: true, ..Evidence::default() },
        Err(error) => return Err(Failure::usage(error.to_string())),
    };
    app.redactor.join(&evidence.redactor);
    let redactor = app.redactor.with_fingerprints(salt);
    let timeline = render::Timeline::new(&har, &redactor);
    if app.common.layer.job.is_some() {
        evidence.context.job = app.settings(None)?.jobs()?.first().copied();
    }
    let diagnosis = diagnose::run(&evidence);
    match show.output {
        Format::Json => timeline.json(app.stdout, &render::json::value(&diagnosis))?,
        Format::Human => {
            let style = style_of(app.sys, Stream::Stdout);
            timeline.human(app.stdout, style)?;
            writeln!(app.stdout)?;
            if evidence.unrecognised {
                writeln!(app.stdout, "it contains no answer of the authority to diagnose")?;
            } else {
                render::diagnosis(app.stdout, &diagnosis, style, Notes::Shown)?;
            }
        }
    }
    Ok(if diagnosis.verdict == Verdict::Problem { Exit::Findings } else { Exit::Success })
}
