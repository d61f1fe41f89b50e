use crate::diagnose::{Facts, Finding, Rule, Severity, Who, refusal};
use crate::model::human_duration;

pub(super) static RULE: Rule = Rule {
    id: "service-incident",
    severity: Severity::Error,
    order: 114,
    who: Who::Microsoft,
    docs: "\
## What it means

The fault is on the service's side; the same request may succeed later.

## Why it happens

A server was overloaded or down, or a service behind it did not answer.

## What to do

Try again in a while. Nothing stored was changed. If it lasts, the correlation id helps Microsoft's support.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding =
        refusal::explain(facts, &RULE, "the authority could not answer for reasons of its own")?;
    let wait = facts.refusal().and_then(|refusal| refusal.retry_after);
    let finding = match wait {
        Some(seconds) => {
            finding.help(format!("try again in {}", human_duration(seconds.cast_signed())))
        }
        None => finding.help("try again in a few minutes"),
    };
    Some(finding)
}
