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

/// The `error` codes with which the authority refuses for good (RFC 6749 §5.2, RFC 8707 §2). The others may ask for a
/// further step, or name no reason, and an unknown number beside them leaves open which.
const IS_REFUSAL: [&str; 9] = [
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_resource",
    "invalid_scope",
    "invalid_target",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
];

fn check(facts: &Facts) -> Option<Finding> {
    let refusal = facts.refusal()?;
    if facts.refusal_cause().is_some() || refusal::may_be(facts, &RULE, "").is_some() {
        return None;
    }
    let numbers = refusal.codes_by_relevance();
    let code = numbers.iter().find_map(|code| entrada_core::entra::aadsts::find(*code));
    let unknown = numbers.first().filter(|_| code.is_none());
    let message = match unknown {
        Some(number) => format!("an error that entrada does not know: AADSTS{number}"),
        None if refusal.error.is_empty() => {
            "the authority refused without an `error` code".to_owned()
        }
        None => format!("the authority refused with `{}`", refusal.error),
    };
    let finding = refusal::describe(facts, &RULE, code, message);
    // Without an `error` code, a number without a confirmed meaning may stand for anything, also for a step that succeeded.
    let is_known = numbers.is_empty() || code.is_some_and(|code| code.certain);
    let is_refusal = is_known || IS_REFUSAL.contains(&refusal.error.as_str());
    let finding = if is_refusal { finding } else { finding.with_confidence(Confidence::Possible) };
    Some(match (unknown, numbers.first()) {
        (Some(number), _) => finding.help(format!(
            "look the number up at https://login.microsoftonline.com/error?code={number}"
        )),
        (None, Some(number)) => {
            let number = code.map_or(*number, |code| code.code);
            finding.help(format!("run `entrada explain AADSTS{number}` for what is known"))
        }
        (None, None) => finding.help("read the authority's own text"),
    })
}
