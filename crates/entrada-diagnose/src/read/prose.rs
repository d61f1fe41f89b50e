//! Extractors for prose: what authorities, services and mail servers say in exceptions, logs and on pages, without their
//! original form.

use super::artifact::{Artifact, ArtifactKind};
use super::{answer::take_answer, page, phrase};
use crate::Evidence;
use crate::service::{HttpAnswer, MailLog, known_errors};
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
    if let Some(mail) = MailLog::parse(text) {
        add(ArtifactKind::MailLines, of_mail(mail, base));
    }
    if let Some(refusal) = page::refusal(trimmed) {
        add(ArtifactKind::AuthorityText, of_refusal(refusal));
    }
    // The class of an exception belongs to its message.
    let joined = trimmed.replace(":\n", ": ");
    if let Some(mail) = MailLog::in_prose(&joined) {
        add(ArtifactKind::MailSentence, of_mail(mail, base));
    }
    if let Some(answer) = phrase::in_words(trimmed) {
        add(ArtifactKind::StatusInWords, of_answer(answer));
    }
    if let Some(body) = page::api_error(trimmed) {
        add(ArtifactKind::CommandError, of_answer(HttpAnswer::of_body(&body)));
    }
    // Of the two, the known error is the more exact one, and the answer's text contains both.
    let known = known_errors::find(trimmed).map(|_| HttpAnswer::of_body(trimmed));
    if let Some(answer) = known.or_else(|| HttpAnswer::in_prose(trimmed)) {
        add(ArtifactKind::ServiceText, of_answer(answer));
    }
    found
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
