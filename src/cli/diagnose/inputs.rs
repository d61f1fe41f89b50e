//! Groups the inputs into cases: a refusal and the token that was sent explain each other.

use super::super::Failure;
use super::super::app::App;
use entrada_core::NumericDate;
use entrada_diagnose::{self as diagnose, Evidence, RecogniseError};

/// An input, and what it is.
struct Given {
    name: String,
    evidence: Evidence,
}

/// Reads the text of an input.
pub(super) fn evidence(text: &str, now: NumericDate) -> Result<Evidence, RecogniseError> {
    diagnose::recognise(text, now)
}

/// All of `inputs`, in as few cases as possible. `read` reads the text of each.
pub(super) fn read_inputs(
    inputs: &[String],
    app: &mut App<'_, '_>,
    mut read: impl FnMut(&str, NumericDate) -> Result<Evidence, RecogniseError>,
) -> Result<Vec<Evidence>, Failure> {
    let now = app.sys.clock.now();
    let mut names: Vec<Option<&str>> = inputs.iter().map(|input| Some(input.as_str())).collect();
    if names.is_empty() {
        names.push(None);
    }
    let mut all = Vec::new();
    for input in names {
        let text = app.input(input)?;
        let evidence =
            read(text.expose(), now).map_err(|error| Failure::usage(error.to_string()))?;
        app.redactor.join(&evidence.redactor);
        let name = input.filter(|name| name.len() < 100 && *name != "-");
        all.push(Given { name: name.unwrap_or("standard input").to_owned(), evidence });
    }
    if 1 < all.len() {
        let (known, unknown) =
            all.into_iter().partition(|given: &Given| !given.evidence.unrecognised);
        all = known;
        if all.is_empty() {
            return Ok(unknown.into_iter().map(|given| given.evidence).collect());
        }
        for given in &unknown {
            app.ui.line(format!(
                "note: {} is skipped: it is not a token, an error or an answer",
                given.name
            ));
        }
        // It may be a refusal: what the others show is not enough then.
        let part = unknown.first().map(|given| given.name.clone());
        for given in &mut all {
            given.evidence.not_understood =
                given.evidence.not_understood.take().or_else(|| part.clone());
        }
    }
    if 1 < all.len() {
        for given in &mut all {
            given.evidence.source.inputs = vec![given.name.clone()];
        }
    }
    let named: Vec<String> = all.iter().map(|given| given.name.clone()).collect();
    let cases = cases(all.into_iter().map(|given| given.evidence).collect());
    if 1 < cases.len() {
        app.ui.line(format!(
            "note: {} are diagnosed separately: a case has one token and one answer",
            named.join(", ")
        ));
    }
    Ok(cases)
}

/// Joins what belongs together: one token with one answer, one token with each answer, or one answer with each token.
fn cases(all: Vec<Evidence>) -> Vec<Evidence> {
    let has_answer = |evidence: &Evidence| {
        evidence.refusal.is_some()
            || evidence.not_oauth.is_some()
            || evidence.answer.is_some()
            || evidence.mail.is_some()
    };
    let has_token = |evidence: &Evidence| evidence.token.is_some() || evidence.response.is_some();
    let mut tokens = Vec::new();
    let mut answers = Vec::new();
    let mut whole = Vec::new();
    let mut beside: Option<Evidence> = None;
    for evidence in all {
        match (has_token(&evidence), has_answer(&evidence)) {
            (true, false) => tokens.push(evidence),
            (false, true) => answers.push(evidence),
            (true, true) => whole.push(evidence),
            // Context such as the request belongs to every case.
            (false, false) => {
                beside = Some(match beside {
                    None => evidence,
                    Some(before) => before.join(evidence),
                });
            }
        }
    }
    // A separate token that also appears in an answer belongs to that answer.
    tokens.retain(|token| {
        token.token.is_none() || !whole.iter().any(|case: &Evidence| case.token == token.token)
    });
    let mut cases = match (&tokens[..], &answers[..]) {
        ([token], [_, ..]) => {
            let token = token.clone();
            answers.into_iter().map(|answer| token.clone().join(answer)).collect()
        }
        ([_, ..], [answer]) => {
            let answer = answer.clone();
            tokens.into_iter().map(|token| token.join(answer.clone())).collect()
        }
        _ => [tokens, answers].concat(),
    };
    cases.extend(whole);
    match beside {
        Some(beside) if cases.is_empty() => vec![beside],
        Some(beside) => cases.into_iter().map(|case| case.join(beside.clone())).collect(),
        None => cases,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Evidence {
        diagnose::recognise(text, NumericDate(1_700_000_000)).unwrap()
    }

    #[test]
    fn a_case_has_one_token_and_one_answer() {
        let token = || read("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln");
        let refusal = || read("AADSTS65001: no");
        let mail = || read("535 5.7.3 Authentication unsuccessful");
        let shape = |all: Vec<Evidence>| -> Vec<(bool, bool, bool)> {
            let told =
                |one: &Evidence| (one.token.is_some(), one.refusal.is_some(), one.mail.is_some());
            cases(all).iter().map(told).collect()
        };
        assert_eq!(shape(vec![token(), refusal()]), [(true, true, false)]);
        assert_eq!(shape(vec![refusal(), token()]), [(true, true, false)]);
        assert_eq!(shape(vec![refusal(), mail()]), [(false, true, false), (false, false, true)]);
        assert_eq!(
            shape(vec![refusal(), mail(), token()]),
            [(true, true, false), (true, false, true)]
        );
        assert_eq!(shape(vec![token(), token(), mail()]), [(true, false, true); 2]);
        assert_eq!(shape(vec![token(), token()]).len(), 2);
        assert_eq!(shape(vec![token(), token(), mail(), refusal()]).len(), 4);
    }
}
