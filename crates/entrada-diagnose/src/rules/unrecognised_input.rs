use crate::{Confidence, Facts, Finding, Rule, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: "unrecognised-input",
    severity: Severity::Error,
    order: 1,
    who: Who::User,
    docs: "\
## What it means

What was given, or a part of it, is neither a token nor an answer that can be judged. The part may be a refusal, so the
verdict is not `ok`, whatever the token shows.

## Why it happens

The wrong text was piped in, too little of an answer was kept to tell what it is, or a line beside the token speaks of a
failure in words that are not known here.

## What to do

Give a token, a token response or OAuth error (JSON), an AADSTS text, a redirect address, an HTTP answer with its status
line (`curl -i`), lines of IMAP, SMTP or POP, an HTTP archive, or an evidence file.
",
    check,
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
        RULE.finding("the input is nothing that can be judged").with_confidence(Confidence::Possible).help(
            "give a token, a token response, an OAuth error, an AADSTS text, an HTTP answer with its status line, lines \
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
    fn words_are_not_given_a_clean_bill() {
        let evidence = recognise("nothing of the kind", NOW).unwrap();
        assert!(finding_of(&RULE, &evidence).is_some());
        assert_eq!(run(&evidence).verdict, Verdict::Undetermined);
        assert_eq!(finding_of(&RULE, &pasted("x")), None);
    }
}
