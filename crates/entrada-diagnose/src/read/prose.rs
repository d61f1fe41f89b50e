//! Extractors for prose: what authorities, services and mail servers say in exceptions, logs and on pages, without their
//! original form.

use super::artifact::{Artifact, ArtifactKind};
use super::{
    Mentions, answer::take_answer, claims_text, mentions, page, phrase, printed, sasl_string,
};
use crate::Evidence;
use crate::service::azure::missing_right;
use crate::service::{HttpAnswer, MailLog, failed_callback, failed_check, known_errors, stated};
use crate::shape::Shape;
use entrada_core::oauth::ErrorResponse;

/// Maximum number of lines at which a status line is looked for.
const LINES_MAX: usize = 200;

/// What `text` says. Structured artifacts in it are blanks.
pub(super) fn artifacts(text: &str, base: &Evidence) -> Vec<Artifact> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Vec::new();
    }
    let span = || 0..text.len();
    let mut found = Vec::new();
    let mut add = |kind, content: Evidence| {
        found.push(Artifact { kind, span: span(), content: Box::new(content) });
    };
    let of_answer = |answer: HttpAnswer| {
        let mut content = base.clone();
        take_answer(answer, &mut content, None);
        content
    };
    let of_refusal = |refusal| Evidence { refusal: Some(refusal), ..base.clone() };
    if let Some(answer) = status_line(trimmed) {
        // A status before an authority's error.
        add(
            ArtifactKind::StatusLine,
            match page::named(trimmed) {
                Some(refusal) => {
                    of_refusal(ErrorResponse { http_status: answer.status, ..refusal })
                }
                None => of_answer(answer),
            },
        );
    }
    let talk = MailLog::parse(text);
    let mut sent = if talk.is_none() { sasl_string::in_text(text, base) } else { None };
    if let Some(mail) = talk {
        add(ArtifactKind::MailLines, of_mail(mail, base));
    }
    if let Some(refusal) = page::refusal(trimmed) {
        add(ArtifactKind::AuthorityText, of_refusal(refusal));
    }
    // The class of an exception belongs to its message.
    let joined = trimmed.replace(":\n", ": ");
    if let Some(mut mail) = MailLog::in_prose(&joined) {
        // The string that was sent belongs to the server's line about it.
        mail.initial = mail.initial.or_else(|| sent.take()?.initial);
        add(ArtifactKind::MailSentence, of_mail(mail, base));
    }
    if let Some(answer) = phrase::in_words(trimmed) {
        // An exception that names the authority's address lacks the authority's answer.
        let content = if answer.is_of_an_authority() && page::named(trimmed).is_none() {
            Evidence { answer: Some(answer), ..base.clone() }
        } else {
            of_answer(answer)
        };
        add(ArtifactKind::StatusInWords, content);
    }
    if let Some(body) = page::api_error(trimmed) {
        add(ArtifactKind::CommandError, of_answer(HttpAnswer::of_body(&body)));
    }
    // Of the two, the known error is the more exact one, and the answer's text contains both.
    let known = known_errors::find(trimmed).map(|_| HttpAnswer::of_body(trimmed));
    let known = known
        .or_else(|| diagnostics(trimmed))
        .or_else(|| failed_check(trimmed).map(|_| HttpAnswer::of_body(trimmed)))
        .or_else(|| failed_callback(trimmed).map(|_| HttpAnswer::of_body(trimmed)))
        .or_else(|| HttpAnswer::in_prose(trimmed));
    // An action of Azure is a name that only a machine writes.
    let lacks = || missing_right(trimmed).is_some_and(|right| right.action.is_some());
    if let Some(answer) = known.or_else(|| lacks().then(|| HttpAnswer::of_body(trimmed))) {
        add(ArtifactKind::ServiceText, of_answer(answer));
    }
    // What nothing else reads may still state a cause, unless the text ends with a token. The address of a request that failed
    // explains more than words in any order.
    let states = || {
        let beside: Mentions = mentions::of(trimmed, false);
        let is_beside = !beside.causes().is_empty();
        let is_explained = beside.explains();
        beside.acquired.is_none()
            && stated::find(trimmed, false, |family| {
                family.is_in_order() || !(is_explained || (is_beside && family.is_report()))
            })
            .is_some()
    };
    if found.is_empty()
        && let Some(answer) = phrase::reported(trimmed)
    {
        let content = Box::new(of_answer(answer));
        found.push(Artifact { kind: ArtifactKind::StatusInWords, span: span(), content });
    }
    if found.is_empty() && states() {
        let content = Box::new(of_answer(HttpAnswer::of_body(trimmed)));
        found.push(Artifact { kind: ArtifactKind::ServiceText, span: span(), content });
    }
    found.extend(sent.map(|sent| sent.artifact));
    if found.is_empty() {
        found.extend(audience(text, base));
    }
    found
}

/// The audience of a token, where the text shows nothing else.
fn audience(text: &str, base: &Evidence) -> Option<Artifact> {
    let decoded = claims_text::audience_in_words(text)?;
    let token = Some(printed::decoded_token(decoded.header, decoded.claims));
    let content = Box::new(Evidence { token, ..base.clone() });
    Some(Artifact { kind: ArtifactKind::DecodedClaims, span: decoded.span, content })
}

/// The header with which Exchange gives its reason, outside of an HTTP answer: `'x-ms-diagnostics': '2000008;reason="…"'`.
fn diagnostics(text: &str) -> Option<HttpAnswer> {
    const NAME: &str = "x-ms-diagnostics";
    let at = text.to_ascii_lowercase().find(NAME)?;
    let line = text[at + NAME.len()..].lines().next()?;
    let value = line.trim_start_matches(['"', '\'', ':', '=', ' ']);
    let is_one =
        value.len() < line.len() && value.starts_with(|first: char| first.is_ascii_digit());
    is_one.then(|| HttpAnswer {
        headers: vec![(NAME.to_owned(), value.to_owned())],
        ..HttpAnswer::of_body(text)
    })
}

/// A status and its reason phrase at the start of a line.
fn status_line(text: &str) -> Option<HttpAnswer> {
    let lines = text.lines().take(LINES_MAX).map(str::trim_start);
    let mut starts = lines.map(|line| line.as_ptr().addr() - text.as_ptr().addr());
    starts.find_map(|start| phrase::status_and_reason(&text[start..]))
}

/// A mail conversation with its token.
pub(super) fn of_mail(mail: MailLog, base: &Evidence) -> Evidence {
    let mut content = base.clone();
    take_talk(mail, &mut content);
    content
}

/// Adds a mail conversation and its token to the evidence.
pub(super) fn take_talk(mail: MailLog, evidence: &mut Evidence) {
    if evidence.token.is_none() {
        let token = mail.initial.as_ref().and_then(|initial| initial.token.as_ref());
        evidence.token = token.map(|token| Shape::of(token.expose()));
    }
    evidence.mail = Some(mail);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<ArtifactKind> {
        artifacts(text, &Evidence::default()).iter().map(|artifact| artifact.kind).collect()
    }

    #[test]
    fn each_sentence_has_its_kind() {
        for (text, kind) in [
            ("403 Forbidden", ArtifactKind::StatusLine),
            ("a1 NO AUTHENTICATE failed.", ArtifactKind::MailLines),
            ("Sorry: AADSTS50034: no such user", ArtifactKind::AuthorityText),
            (
                "SMTPAuthenticationError: (535, b'5.7.3 Authentication unsuccessful')",
                ArtifactKind::MailSentence,
            ),
            ("Request failed with status code 403", ArtifactKind::StatusInWords),
            ("ERROR: (AuthorizationFailed) The client has no access", ArtifactKind::CommandError),
            ("it said InvalidAuthenticationToken", ArtifactKind::ServiceText),
        ] {
            assert!(kinds(text).contains(&kind), "{text}: {:?}", kinds(text));
        }
        for text in ["", " \n ", "hello there", "version 403 of the list"] {
            assert!(kinds(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_status_before_an_authoritys_error_is_one_refusal() {
        let found = artifacts("400 Bad Request\nAADSTS50034: no such user", &Evidence::default());
        let refusal = found[0].content.refusal.as_ref().unwrap();
        assert_eq!((found[0].kind, refusal.http_status), (ArtifactKind::StatusLine, Some(400)));
        assert_eq!(refusal.error_codes, [50034]);
    }
}
