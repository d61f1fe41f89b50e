use crate::{Confidence, Facts, Finding, Rule, Severity, Who, refusal, rules};

pub(super) static RULE: Rule = Rule {
    id: "refused",
    severity: Severity::Error,
    order: 199,
    who: Who::User,
    docs: "\
## What it means

The authority refused, for a reason that has no page of its own here. Its own words are shown.

## Why it happens

The AADSTS number tells; where it is known, its meaning is shown with it.

## What to do

Read the authority's text. `entrada explain AADSTSnnnnn` tells what is known about a number; the correlation id
finds the attempt in the tenant's sign-in log.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let refusal = facts.refusal()?;
    let known = facts.refusal_cause().and_then(|cause| rules::find(cause.id));
    if known.is_some() || refusal::may_be(facts, &RULE, "").is_some() {
        return None;
    }
    let code = refusal.error_codes.iter().find_map(|code| entrada_core::entra::aadsts::find(*code));
    let said = if refusal.error.is_empty() { "something" } else { &refusal.error };
    let finding =
        refusal::describe(facts, &RULE, code, format!("the authority refused with `{said}`"));
    // A number that nobody here knows, under a word that says only that something was wrong.
    let told = code.is_some() || refusal.error_codes.is_empty();
    let finding = if told { finding } else { finding.with_confidence(Confidence::Possible) };
    Some(match refusal.error_codes.first() {
        Some(number) if code.is_none() => finding.help(format!(
            "nothing is known here of that number; https://login.microsoftonline.com/error?code={number} may know it"
        )),
        Some(number) => {
            finding.help(format!("`entrada explain AADSTS{number}` says what is known"))
        }
        None => finding.help("the authority's own text is the best lead"),
    })
}
