use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::UnrecognisedInput,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The input is not a token, and not an answer that can be diagnosed. Nothing was checked, so this result does not
say that the token is good.

## Why it happens

The wrong text was piped in, or too little of the answer was kept to recognise it.

## What to do

Pass a token, a token response or OAuth error (JSON), an AADSTS text, a redirect address, an HTTP answer with
its status line (`curl -i`), lines of IMAP, SMTP or POP, an HTTP archive, or an evidence file.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    if !facts.evidence.unrecognised {
        return None;
    }
    Some(
        RULE.finding("the input has no known form").with_confidence(Confidence::Possible).help(
            "pass a token, a token response, an OAuth error, an AADSTS text, an HTTP answer with its status line, lines \
             of a mail protocol, or an evidence file",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{NOW, finding_of, pasted};
    use crate::{Verdict, recognise, run};

    #[test]
    fn plain_words_are_unrecognised() {
        let evidence = recognise("nothing of the kind", NOW).unwrap();
        assert!(finding_of(&RULE, &evidence).is_some());
        assert_eq!(run(&evidence).verdict, Verdict::Undetermined);
        assert_eq!(finding_of(&RULE, &pasted("x")), None);
    }
}
