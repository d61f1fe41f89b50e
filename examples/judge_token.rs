//! Says why a token, or the refusal of one, does not do its job.
//!
//! `… | cargo run --example judge_token -- imap`

#![expect(clippy::print_stdout, reason = "this is a program, not the library")]
#![expect(clippy::disallowed_methods, reason = "a program reads its own input and its own clock")]

use std::error::Error;
use std::io::Read as _;
use std::time::{SystemTime, UNIX_EPOCH};

use entrada_core::{Job, NumericDate};
use entrada_diagnose::{Context, diagnose};

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let job = std::env::args().nth(1).and_then(|word| Job::parse(&word)).unwrap_or_default();

    // Rules read no clock: the time of the judgement is a part of the case.
    let now = NumericDate(0).plus(SystemTime::now().duration_since(UNIX_EPOCH)?);
    let diagnosis = diagnose(&input, &Context::for_job(job), now)?;

    println!("{}: {}", diagnosis.job, diagnosis.verdict.id());
    if let Some(cause) = diagnosis.cause() {
        println!("{}: {}", cause.rule.id, cause.message);
        for help in &cause.help {
            println!("  {help}");
        }
    }
    Ok(())
}
