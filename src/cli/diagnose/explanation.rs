//! `entrada diagnose --explain-reading`.

use super::super::app::App;
use super::super::ui::style_of;
use super::super::{Exit, Failure};
use super::{Args, inputs, worse};
use crate::render::{JudgementFormat, explanation};
use entrada_auth::sys::Stream;
use entrada_diagnose::{self as diagnose, Judging, Reading};

/// Prints how the inputs are read and judged. The exit code is that of the diagnosis.
pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    if matches!(args.output, JudgementFormat::Sarif | JudgementFormat::Github) {
        return Err(Failure::usage("`--explain-reading` has the formats `human` and `json`"));
    }
    let mut readings: Vec<Reading> = Vec::new();
    let cases = inputs::read_inputs(&args.input, app, |text, now| {
        let reading = diagnose::explain_reading(text, now)?;
        let evidence = reading.evidence.clone();
        readings.push(reading);
        Ok(evidence)
    })?;
    let mut judgings: Vec<Judging> = Vec::new();
    for case in cases {
        let resolver = super::resolver_for(args, app, &case)?;
        judgings.extend(resolver.cases(case).iter().map(diagnose::explain_judging));
    }
    let mut out = Vec::new();
    if args.output == JudgementFormat::Json {
        explanation::json(&mut out, &readings, &judgings)?;
    } else {
        let style = style_of(app.sys, Stream::Stdout);
        explanation::human(&mut out, &readings, &judgings, style)?;
    }
    app.stdout.write_all(&out)?;
    Ok(judgings.iter().map(|judging| &judging.diagnosis).fold(Exit::Success, worse))
}
