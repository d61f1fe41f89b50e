//! From artifacts to one case: the more structured artifact outweighs the others, and what belongs together becomes one exchange.

use super::artifact::{Artifact, ArtifactKind};
use super::reading::ReadText;
use super::{other_text, tokens};
use crate::Evidence;
use crate::service::{HttpAnswer, MailLog, failed_check, known_errors};
use crate::shape::Shape;

/// An artifact, with its part in the evidence.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    pub(super) artifact: Artifact,
    /// Its place in the order in which the artifacts were added to the evidence: a later one replaces what an earlier one says.
    /// `None` if it was not added.
    pub(super) added: Option<usize>,
}

impl Resolved {
    /// Whether the evidence has something from it.
    pub(super) fn counts(&self) -> bool {
        self.added.is_some()
    }
}

/// The case that `found` makes. `rest` is the text with the structured artifacts blanked.
pub(super) fn resolve(
    mut found: Vec<Artifact>,
    rest: &str,
    base: &Evidence,
    logged: bool,
) -> ReadText {
    found.sort_by_key(|artifact| (artifact.span.start, artifact.kind));
    let mut order = Vec::new();
    let mut evidence = base.clone();
    if let Some(at) = found.iter().position(|artifact| artifact.kind.is_whole_case()) {
        evidence = (*found[at].content).clone();
        return done(evidence, found, &[at]);
    }
    // Statements with a structure, in the order of the text: the later one is the newer one.
    for (at, artifact) in found.iter().enumerate() {
        let is_statement = !artifact.kind.is_prose() && artifact.content.says_something();
        if is_statement && add(&mut evidence, &artifact.content) {
            order.push(at);
        }
    }
    // Prose counts where nothing structured refuses: next to a token, or after an answer that succeeded.
    if evidence.is_good_only()
        && let Some(at) = best_prose(&found)
    {
        let _ = add(&mut evidence, &found[at].content);
        order.push(at);
    }
    if evidence.token.is_none() && evidence.response.is_none() {
        add_token(&mut evidence, &found, &mut order, rest);
    }
    let is_judged =
        evidence.token.is_some() || evidence.response.is_some() || evidence.answer.is_some();
    if is_judged
        && evidence.is_good_only()
        && found.iter().any(|artifact| artifact.kind != ArtifactKind::HttpMessage)
    {
        evidence.not_understood =
            other_text::not_understood(rest, logged).or(evidence.not_understood);
    }
    done(evidence, found, &order)
}

/// `order` has the artifacts that were added, in that order.
fn done(evidence: Evidence, found: Vec<Artifact>, order: &[usize]) -> ReadText {
    let mut places = vec![None; found.len()];
    for (place, at) in order.iter().enumerate() {
        places[*at] = Some(place);
    }
    let resolved = |(artifact, added)| Resolved { artifact, added };
    let artifacts = found.into_iter().zip(places).map(resolved).collect();
    ReadText { evidence, artifacts, ..ReadText::default() }
}

/// The prose that outweighs the others.
fn best_prose(found: &[Artifact]) -> Option<usize> {
    let prose = found.iter().enumerate().filter(|(_, artifact)| artifact.kind.is_prose());
    // A mail server's line about a message shows nothing about the token, so anything else outweighs it.
    let is_about_a_message = |artifact: &Artifact| {
        artifact.kind == ArtifactKind::MailSentence
            && artifact.content.mail.as_ref().is_some_and(MailLog::is_about_the_message)
    };
    prose
        .min_by_key(|(_, artifact)| (is_about_a_message(artifact), artifact.kind))
        .map(|(at, _)| at)
}

/// Adds what `content` says. A refusal before a token response is obsolete; a success does not cancel a refusal.
fn add(evidence: &mut Evidence, content: &Evidence) -> bool {
    let Evidence {
        response, refusal, not_oauth, answer, mail, token, context, now, observed, ..
    } = content.clone();
    if response.is_some() {
        evidence.refusal = None;
        evidence.not_oauth = None;
    }
    let is_worse = match (&evidence.answer, &answer) {
        (Some(known), Some(new)) => {
            (!new.is_good() || known.is_good()) && (names_a_cause(new) || !names_a_cause(known))
        }
        _ => true,
    };
    if !is_worse {
        return false;
    }
    let mut seen = std::mem::take(evidence);
    if let (Some(known), Some(new)) = (&seen.answer, &answer) {
        seen.mentions.other_refusal = refusal_beside(known, new);
    }
    seen.redactor.join(&content.redactor);
    *evidence = Evidence {
        token: token.or(seen.token),
        response: response.or(seen.response),
        refusal: refusal.or(seen.refusal),
        not_oauth: not_oauth.or(seen.not_oauth),
        answer: answer.or(seen.answer),
        mail: mail.or(seen.mail),
        context: context.or(seen.context),
        now: now.or(seen.now),
        observed: seen.observed.or(observed),
        at_rest: seen.at_rest || content.at_rest,
        not_understood: seen.not_understood.or_else(|| content.not_understood.clone()),
        ..seen
    };
    true
}

/// Whether `answer` has an error that is known by itself. A line of an access log after it does not replace it.
fn names_a_cause(answer: &HttpAnswer) -> bool {
    known_errors::find(&answer.body).is_some() || failed_check(&answer.body).is_some()
}

/// The message of `known`, a refusal that `new` replaces and that says something else.
fn refusal_beside(known: &HttpAnswer, new: &HttpAnswer) -> Option<String> {
    let is_other = known.code() != new.code() || known.message() != new.message();
    if known.is_good() || new.is_good() || !is_other {
        return None;
    }
    let text = || Some(known.body.trim()).filter(|text| !text.is_empty() && !text.starts_with('<'));
    known.message().or_else(|| known.code()).or_else(|| text().map(str::to_owned))
}

/// Adds the token of the text.
fn add_token(evidence: &mut Evidence, found: &[Artifact], order: &mut Vec<usize>, rest: &str) {
    let is_token =
        |artifact: &Artifact| artifact.content.token.is_some() && !artifact.kind.is_prose();
    let shapes: Vec<Shape> = found
        .iter()
        .filter(|artifact| is_token(artifact))
        .filter_map(|artifact| artifact.content.token.clone())
        .collect();
    evidence.token = tokens::meant(shapes, rest);
    for (at, artifact) in found.iter().enumerate() {
        if is_token(artifact) {
            order.push(at);
            evidence.redactor.join(&artifact.content.redactor);
            let context = std::mem::take(&mut evidence.context);
            evidence.context = context.or(artifact.content.context.clone());
            let observed = std::mem::take(&mut evidence.observed);
            evidence.observed = observed.or(artifact.content.observed.clone());
            evidence.at_rest |= artifact.content.at_rest;
            let not_understood = evidence.not_understood.take();
            evidence.not_understood =
                not_understood.or_else(|| artifact.content.not_understood.clone());
            if evidence.answer.is_none() {
                evidence.answer.clone_from(&artifact.content.answer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entrada_core::oauth::ErrorResponse;

    fn refusal(error: &str) -> Evidence {
        let refusal = ErrorResponse { error: error.to_owned(), ..ErrorResponse::default() };
        Evidence { refusal: Some(refusal), ..Evidence::default() }
    }

    fn answer(status: u16) -> Evidence {
        let answer = HttpAnswer {
            status: Some(status),
            method: Some("DELETE".to_owned()),
            headers: vec![("request-id".to_owned(), "x".to_owned())],
            ..HttpAnswer::default()
        };
        Evidence { answer: Some(answer), ..Evidence::default() }
    }

    fn token(claims: &str) -> Evidence {
        crate::rules::testing::token(claims)
    }

    /// The case that artifacts of these kinds make, in the order of the text.
    fn resolved(all: &[(ArtifactKind, Evidence)], rest: &str) -> ReadText {
        let one = |(at, (kind, content)): (usize, &(ArtifactKind, Evidence))| Artifact {
            kind: *kind,
            span: at..at + 1,
            content: Box::new(content.clone()),
        };
        let found = all.iter().enumerate().map(one).collect();
        resolve(found, rest, &Evidence::default(), false)
    }

    fn counts(read: &ReadText) -> Vec<bool> {
        read.artifacts.iter().map(Resolved::counts).collect()
    }

    #[test]
    fn a_whole_case_takes_nothing_from_the_text_around_it() {
        let read = resolved(
            &[
                (ArtifactKind::OauthError, refusal("invalid_grant")),
                (ArtifactKind::TokenCache, token("{}")),
            ],
            "",
        );
        assert_eq!(counts(&read), [false, true]);
        assert!(read.evidence.refusal.is_none() && read.evidence.token.is_some());
    }

    #[test]
    fn the_later_refusal_counts_and_a_token_response_makes_it_obsolete() {
        let two = [
            (ArtifactKind::OauthError, refusal("invalid_grant")),
            (ArtifactKind::OauthError, refusal("invalid_client")),
        ];
        assert_eq!(resolved(&two, "").evidence.refusal.unwrap().error, "invalid_client");
        let response = crate::rules::testing::response(r#"{"access_token":"x"}"#, "");
        let signed_in = [two[0].clone(), (ArtifactKind::TokenResponse, response)];
        assert!(resolved(&signed_in, "").evidence.refusal.is_none());
    }

    #[test]
    fn a_success_does_not_cancel_a_refusal() {
        for statuses in [[403, 204], [204, 403]] {
            let all = statuses.map(|status| (ArtifactKind::HttpMessage, answer(status)));
            let read = resolved(&all, "");
            assert_eq!(read.evidence.answer.as_ref().unwrap().status, Some(403), "{statuses:?}");
        }
    }

    #[test]
    fn prose_counts_only_where_nothing_structured_refuses() {
        let prose = (ArtifactKind::ServiceText, answer(403));
        let refused =
            resolved(&[(ArtifactKind::OauthError, refusal("invalid_grant")), prose.clone()], "");
        assert_eq!(counts(&refused), [true, false]);
        let beside_a_token = resolved(&[(ArtifactKind::Token, token("{}")), prose.clone()], "");
        assert_eq!(counts(&beside_a_token), [true, true]);
        // Of two sentences the more structured one.
        let two = resolved(&[prose, (ArtifactKind::StatusLine, answer(401))], "");
        assert_eq!(counts(&two), [false, true]);
    }

    #[test]
    fn of_several_tokens_none_is_meant_unless_one_is_an_id_token() {
        let access = |scp: &str| {
            (ArtifactKind::Token, token(&format!(r#"{{"aud":"x","scp":"{scp}","appid":"c"}}"#)))
        };
        let two = resolved(&[access("a"), access("b")], "");
        assert!(matches!(two.evidence.token, Some(Shape::Broken { .. })));
        let id = (ArtifactKind::Token, token(r#"{"aud":"x","name":"Ada"}"#));
        let one = resolved(&[access("a"), id], "");
        assert!(matches!(one.evidence.token, Some(Shape::Jwt(_))));
    }

    #[test]
    fn a_sentence_beside_a_token_that_nobody_knows_is_kept() {
        let all = [(ArtifactKind::Token, token("{}"))];
        let line = "and then the service did not let me in";
        assert_eq!(resolved(&all, line).evidence.not_understood.as_deref(), Some(line));
        assert_eq!(resolved(&all, "token:").evidence.not_understood, None);
    }
}
