use crate::diagnose::{Confidence, Facts, Finding, Rule, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: "unrecognised-input",
    severity: Severity::Error,
    order: 1,
    who: Who::User,
    docs: "\
## What it means

What was given is neither a token nor an answer that can be judged. Nothing was judged: this is no clean bill.

## Why it happens

The wrong text was piped in, or an answer of a kind that is not understood yet: HTTP answers of an API and lines of
mail protocols are among those.

## What to do

Give a token, a whole token response (JSON), an OAuth error (JSON), an AADSTS text, or an evidence file.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    if !facts.evidence.unrecognised {
        return None;
    }
    Some(
        RULE.says("the input is nothing that can be judged").sure(Confidence::Possible).help(
            "give a token, a token response, an OAuth error, an AADSTS text or an evidence file",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::rules::testing::{NOW, pasted, says};
    use crate::diagnose::{Verdict, recognise, run};

    #[test]
    fn words_are_not_given_a_clean_bill() {
        let evidence = recognise("a1 NO AUTHENTICATE failed.", NOW).unwrap();
        assert!(says(&RULE, &evidence).is_some());
        assert_eq!(run(&evidence).verdict, Verdict::Undetermined);
        assert_eq!(says(&RULE, &pasted("x")), None);
    }
}
