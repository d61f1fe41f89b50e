use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::Refused,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The authority refused for a reason that has no page of its own here. The finding shows the authority's own text.

## Why it happens

The AADSTS number states the reason. If the number is known here, the finding shows its meaning.

## What to do

Read the authority's text. `entrada explain AADSTSnnnnn` shows what is known about a number. With the
correlation id, an administrator finds the attempt in the tenant's sign-in log.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let refusal = facts.refusal()?;
    if facts.refusal_cause().is_some() || refusal::may_be(facts, &RULE, "").is_some() {
        return None;
    }
    let code = refusal.error_codes.iter().find_map(|code| entrada_core::entra::aadsts::find(*code));
    let message = if refusal.error.is_empty() {
        "the authority refused without an `error` code".to_owned()
    } else {
        format!("the authority refused with `{}`", refusal.error)
    };
    let finding = refusal::describe(facts, &RULE, code, message);
    // An unknown number, and an `error` that names no reason.
    let is_known = code.is_some() || refusal.error_codes.is_empty();
    let finding = if is_known { finding } else { finding.with_confidence(Confidence::Possible) };
    Some(match refusal.error_codes.first() {
        Some(number) if code.is_none() => finding.help(format!(
            "this number is not known here; look it up at https://login.microsoftonline.com/error?code={number}"
        )),
        Some(number) => {
            finding.help(format!("run `entrada explain AADSTS{number}` for what is known"))
        }
        None => finding.help("read the authority's own text"),
    })
}
