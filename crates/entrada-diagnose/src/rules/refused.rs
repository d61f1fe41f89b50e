use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who, b2c, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::Refused,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/refused.md"),
    check,
    advise: Rule::as_it_is,
};

/// The `error` codes that ask for a further step of the sign-in (OpenID Connect Core §3.1.2.6). Every other one is a refusal
/// (RFC 6749 §4.1.2.1 and §5.2), even if its number is not on record.
const ASKS_FOR_A_STEP: [&str; 3] =
    ["account_selection_required", "interaction_required", "login_required"];

fn check(facts: &Facts) -> Option<Finding> {
    let refusal = facts.refusal()?;
    if facts.refusal_cause().is_some() || refusal::may_be(facts, &RULE, "").is_some() {
        return None;
    }
    let numbers = refusal.codes_by_relevance();
    let code = numbers.iter().find_map(|code| entrada_core::entra::aadsts::find(*code));
    let unknown = numbers.first().filter(|_| code.is_none());
    let of_b2c = refusal::b2c_number(refusal).map(|number| (number, b2c::find(number)));
    if let Some((number, known)) = of_b2c {
        let message = match known {
            Some(known) => format!("{} ({number})", known.meaning),
            None => format!("an error of Azure AD B2C that entrada does not know: {number}"),
        };
        let help = known.map_or(
            "look the number up in Microsoft's list *Error codes: Azure Active Directory B2C*",
            |known| known.remedy,
        );
        return Some(refusal::describe(facts, &RULE, None, message).help(help));
    }
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
    let error = refusal.error.as_str();
    let is_refusal = is_known || !error.is_empty() && !ASKS_FOR_A_STEP.contains(&error);
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
