use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::UnrecognisedInput,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/unrecognised-input.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    if let Some(part) = &facts.evidence.not_understood {
        return Some(
            RULE.finding("a part of the input is not understood, and may be a refusal")
                .with_confidence(Confidence::Possible)
                .with_evidence("part", part)
                .help("read that part, or give the whole answer that it comes from: with its status line, or as JSON"),
        );
    }
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
