use crate::diagnose::{Facts, Finding, Rule, Severity, Who, refusal};
use crate::model::human_duration;

pub(super) static RULE: Rule = Rule {
    id: "throttled",
    severity: Severity::Warning,
    order: 113,
    who: Who::User,
    docs: "\
## What it means

The request was one too many for now; it was not refused for good.

## Why it happens

Too many requests from this application, this user or this tenant in a short time.

## What to do

Wait as long as `Retry-After` says, or some minutes, and try again.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(facts, &RULE, "the authority asks to be asked less often")?;
    let wait = facts.refusal().and_then(|refusal| refusal.retry_after);
    let finding = match wait {
        Some(seconds) => {
            finding.help(format!("try again in {}", human_duration(seconds.cast_signed())))
        }
        None => finding.help("try again in a few minutes"),
    };
    Some(finding)
}
