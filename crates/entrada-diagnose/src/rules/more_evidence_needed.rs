use crate::verdict;
use crate::{Facts, Finding, InputKind, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::MoreEvidenceNeeded,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/more-evidence-needed.md"),
    check: Rule::no_finding,
    advise: Rule::as_it_is,
};

/// What would decide a case in which nothing was found, neither a problem nor a proof that all is well.
pub(crate) fn finding(facts: &Facts) -> Finding {
    let missing = verdict::missing_claims(facts);
    if facts.input_kind() == InputKind::AccessToken && !missing.is_empty() {
        let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
        return RULE
            .finding(format!("the token has no {}, which every token of Entra has", names.join(" and no ")))
            .help("give the whole token; where a program printed only some of its claims, give all of them");
    }
    let finding = RULE.finding(match (facts.input_kind(), status(facts)) {
        (InputKind::HttpResponse, Some(status)) => {
            format!("the answer has the status {status} and names no cause")
        }
        (InputKind::HttpResponse, None) => "the answer names no cause".to_owned(),
        (InputKind::MailResponse, _) => "the lines do not show how the sign-in ended".to_owned(),
        (InputKind::TokenResponse | InputKind::OpaqueToken, _) => {
            "this text does not show what the token is good for".to_owned()
        }
        _ => "the evidence shows neither a fault nor a success".to_owned(),
    });
    match facts.input_kind() {
        InputKind::HttpResponse if facts.shape().is_some() => finding
            .help("give the whole answer, head and body: `curl -i`, or the response that the exception holds"),
        InputKind::HttpResponse => finding
            .help("give the whole answer, head and body: `curl -i`, or the response that the exception holds")
            .help("give the token as well: `entrada diagnose ANSWER TOKEN`"),
        InputKind::MailResponse => finding
            .help("give the log of the whole connection, with the lines of the sign-in (`AUTHENTICATE` or `AUTH`) and the server's answer to them"),
        InputKind::TokenResponse | InputKind::OpaqueToken => finding
            .help("give the answer of the service that received the token: `entrada diagnose ANSWER TOKEN`"),
        _ => finding
            .help("give the text of the refusal as the program has it: its log at the level `debug`, the JSON of the answer, or a HAR file of the browser"),
    }
}

fn status(facts: &Facts) -> Option<u16> {
    let answer = || facts.evidence.answer.as_ref()?.status;
    answer().or_else(|| facts.evidence.not_oauth.as_ref().map(|answer| answer.status))
}

#[cfg(test)]
mod tests {
    use crate::{Context, RuleId, Verdict, diagnose};
    use entrada_core::NumericDate;

    #[test]
    fn what_is_open_says_what_would_decide_it() {
        for (text, help) in [
            ("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n", "`curl -i`"),
            (
                "S: * OK The Microsoft Exchange IMAP4 service is ready.\nC: a1 CAPABILITY\nS: a1 OK CAPABILITY completed.",
                "`AUTHENTICATE`",
            ),
            // `{"aud":"x"}`
            (
                &format!("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.{}", "x".repeat(342)),
                "the whole token",
            ),
        ] {
            let diagnosis =
                diagnose(text, &Context::default(), NumericDate(1_800_000_000)).unwrap();
            assert_eq!(diagnosis.verdict, Verdict::Undetermined, "{text}");
            let found = diagnosis
                .findings
                .iter()
                .find(|finding| finding.rule.id == RuleId::MoreEvidenceNeeded);
            let found = found.unwrap_or_else(|| panic!("{text}"));
            assert!(found.help.iter().any(|line| line.contains(help)), "{text}: {found:?}");
        }
    }
}
