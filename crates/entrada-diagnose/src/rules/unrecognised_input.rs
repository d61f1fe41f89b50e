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
    // A token that cannot be judged has a finding that says so, and nothing is `ok`.
    let is_unjudged = facts.is_elided() || facts.foreign_issuer().is_some();
    if let Some(part) = facts.evidence.not_understood.as_ref().filter(|_| !is_unjudged) {
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
    let mentions = &facts.evidence.mentions;
    if let Some(request) = &mentions.request {
        // Its faults are findings of their own.
        return (!request.has_faults()).then(|| {
            RULE.finding("the input has the address of a request to the authority, whose form is right, and no answer to it")
                .with_confidence(Confidence::Possible)
                .with_evidence("address", &request.shown)
                .help("give the answer: the authority's error, or the page at which the sign-in stops")
        });
    }
    if let Some(line) = &mentions.acquired {
        return Some(
            RULE.finding("the log ends with a success: the program got a token; there is no error and no token to check")
                .with_confidence(Confidence::Possible)
                .with_evidence("log", line)
                .help("earlier lines of such a log name the sign-ins that the library passed over, which is no error")
                .help("if a call fails afterwards, give its answer, with the token: `entrada diagnose ANSWER TOKEN`"),
        );
    }
    Some(
        RULE.finding("entrada does not recognise this input as a token, an error or a server's answer")
            .with_confidence(Confidence::Possible)
            .help(
                "pass a token, a token response, an OAuth error, an AADSTS text, an HTTP answer with its status line, lines \
                 of a mail protocol, an HTTP archive (HAR), or one JSON file with several of these",
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
