//! Which artifact outweighs another one, for readers who doubt a verdict.

use super::resolve::Resolved;
use crate::Evidence;

/// The artifact that outweighs the one at `at`; `None` if that one counts, or if nothing in the text is more exact.
///
/// The order is that of [`resolve`](super::resolve::resolve), which notes it in each artifact.
pub(super) fn outweighed_by(found: &[Resolved], at: usize) -> Option<usize> {
    let Resolved { artifact, added } = found.get(at)?;
    let Some(added) = added else {
        let used = found.iter().enumerate().filter(|(_, other)| other.counts());
        return used
            .min_by_key(|(_, Resolved { artifact: other, .. })| {
                (parts(&other.content, &artifact.content).next().is_none(), other.kind)
            })
            .map(|(index, _)| index);
    };
    // A part that a later artifact fills as well is replaced; one without parts brings only its context.
    let is_later = |other: &usize| found[*other].added.is_some_and(|other| *added < other);
    let later: Vec<usize> = (0..found.len()).filter(is_later).collect();
    let mut own = parts(&artifact.content, &artifact.content).peekable();
    own.peek()?;
    let replaced = own.map(|part| {
        later.iter().copied().find(|other| {
            let content = &found[*other].artifact.content;
            let is_obsolete = part.is_refusal && content.response.is_some();
            is_obsolete || (part.is_filled)(content)
        })
    });
    let by_place = |other: &usize| found[*other].added;
    replaced.collect::<Option<Vec<usize>>>()?.into_iter().max_by_key(by_place)
}

/// A part of the evidence that one artifact fills.
struct Part {
    is_filled: fn(&Evidence) -> bool,
    /// Whether a token response after it makes it obsolete.
    is_refusal: bool,
}

/// The parts of the evidence.
const PARTS: [Part; 6] = [
    Part { is_filled: |of| of.token.is_some(), is_refusal: false },
    Part { is_filled: |of| of.response.is_some(), is_refusal: false },
    Part { is_filled: |of| of.refusal.is_some(), is_refusal: true },
    Part { is_filled: |of| of.not_oauth.is_some(), is_refusal: true },
    Part { is_filled: |of| of.answer.is_some(), is_refusal: false },
    Part { is_filled: |of| of.mail.is_some(), is_refusal: false },
];

/// The parts that both have.
fn parts<'a>(one: &'a Evidence, other: &'a Evidence) -> impl Iterator<Item = &'static Part> + 'a {
    PARTS.iter().filter(move |part| (part.is_filled)(one) && (part.is_filled)(other))
}

#[cfg(test)]
mod tests {
    use super::super::artifact::{Artifact, ArtifactKind};
    use super::*;
    use crate::service::HttpAnswer;
    use entrada_core::oauth::ErrorResponse;

    fn refusal() -> Evidence {
        Evidence { refusal: Some(ErrorResponse::default()), ..Evidence::default() }
    }

    fn answer() -> Evidence {
        Evidence { answer: Some(HttpAnswer::default()), ..Evidence::default() }
    }

    /// Artifacts of these kinds, each with its place in the order of adding.
    type Case = (ArtifactKind, Evidence, Option<usize>);

    fn found(all: &[Case]) -> Vec<Resolved> {
        let one = |(kind, content, added): &Case| Resolved {
            artifact: Artifact { kind: *kind, span: 0..1, content: Box::new(content.clone()) },
            added: *added,
        };
        all.iter().map(one).collect()
    }

    fn weights(all: &[Case]) -> Vec<Option<usize>> {
        let found = found(all);
        (0..found.len()).map(|at| outweighed_by(&found, at)).collect()
    }

    #[test]
    fn what_does_not_count_is_outweighed_by_what_fills_the_same_part() {
        use ArtifactKind::{ApiError, AuthorityText, OauthError};
        let all = [
            (AuthorityText, refusal(), None),
            (ApiError, answer(), Some(0)),
            (OauthError, refusal(), Some(1)),
        ];
        assert_eq!(weights(&all), [Some(2), None, None]);
        // Without the same part, the most structured one.
        assert_eq!(weights(&[(AuthorityText, refusal(), None), all[1].clone()]), [Some(1), None]);
        assert_eq!(weights(&[(AuthorityText, refusal(), None)]), [None]);
    }

    #[test]
    fn a_later_statement_replaces_an_earlier_one_and_prose_comes_last() {
        use ArtifactKind::{OauthError, StatusLine, TokenResponse};
        let response = crate::rules::testing::response(r#"{"access_token":"x"}"#, "");
        let two = [(OauthError, refusal(), Some(0)), (OauthError, refusal(), Some(1))];
        assert_eq!(weights(&two), [Some(1), None]);
        let obsolete = [(OauthError, refusal(), Some(0)), (TokenResponse, response, Some(1))];
        assert_eq!(weights(&obsolete), [Some(1), None]);
        let prose = [(StatusLine, answer(), Some(1)), (ArtifactKind::ApiError, answer(), Some(0))];
        assert_eq!(weights(&prose), [None, Some(0)]);
        let context =
            [(OauthError, Evidence::default(), Some(0)), (OauthError, refusal(), Some(1))];
        assert_eq!(weights(&context), [None, None]);
    }
}
