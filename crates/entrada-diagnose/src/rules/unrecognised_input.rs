use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::UnrecognisedInput,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The input, or a part of it, is neither a token nor an answer that can be diagnosed. That part may be an error, so the
verdict is not `ok`, whatever the token shows.

## Why it happens

The wrong text was piped in, too little of an answer was kept to recognise it, or a line next to the token reports a
failure in unknown words.

## What to do

Pass a token, a token response or OAuth error (JSON), an AADSTS text, a redirect address, an HTTP answer with
its status line (`curl -i`), lines of IMAP, SMTP or POP, an HTTP archive, or an evidence file.
",
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
