use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::CallRefused,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/call-refused.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let answer = facts.evidence.answer.as_ref()?;
    let code = answer.code().filter(|_| answer.is_good() && !answer.is_success())?;
    let finding = RULE
        .finding("the service accepted the caller, and refuses the call itself")
        .with_evidence("code", code);
    Some(match answer.message() {
        Some(message) => finding.with_evidence("message", message),
        None => finding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::NOW;
    use crate::{judge, recognise};

    /// The evidence of the note about `text`, if there is one.
    fn noted(text: &str) -> Option<Vec<String>> {
        let findings = judge(&recognise(text, NOW).unwrap()).findings;
        let note = findings.into_iter().find(|finding| finding.rule.id == RuleId::CallRefused)?;
        Some(note.evidence.into_iter().map(|line| line.value).collect())
    }

    #[test]
    fn an_error_of_the_call_is_noted_with_its_code_and_message() {
        let text =
            r#"{"error":{"code":"ErrorItemNotFound","message":"The object was not found."}}"#;
        assert_eq!(noted(text).unwrap(), ["The object was not found.", "ErrorItemNotFound"]);
    }

    #[test]
    fn a_success_and_a_refusal_of_the_caller_are_not() {
        for text in [
            "HTTP/1.1 200 OK\nContent-Type: application/json\n\n{\"value\":[]}",
            r#"{"error":{"code":"InvalidAuthenticationToken","message":"The token is expired."}}"#,
        ] {
            assert_eq!(noted(text), None, "{text}");
        }
    }
}
