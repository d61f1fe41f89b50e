//! Judges what comes on standard input: a token, a token response, an OAuth error.
//!
//! `… | cargo run --example judge_token -- imap` names the cause; with `--json` it prints the whole judgement.

#![expect(clippy::print_stdout, reason = "this is a program, not the library")]
#![expect(clippy::disallowed_methods, reason = "a program reads its own standard input")]

use std::error::Error;
use std::io::Read as _;

use entrada::render;
use entrada_auth::sys::{Clock as _, RealClock};
use entrada_core::Job;
use entrada_diagnose as diagnose;

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;

    // Rules read no clock: the time of the judgement is a part of the evidence.
    let mut evidence = diagnose::recognise(&input, RealClock.now())?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(job) = words.iter().find_map(|word| Job::parse(word)) {
        evidence.context.job = Some(job);
    }

    let diagnosis = diagnose::run(&evidence);
    if words.iter().any(|word| word == "--json") {
        println!("{}", render::json::value(&diagnosis));
    } else if let Some(cause) = diagnosis.cause() {
        println!("{}: {}", cause.rule.id, cause.message);
        for help in &cause.help {
            println!("  {help}");
        }
    } else {
        println!("no problem found for `{}`", diagnosis.job);
    }
    Ok(())
}
