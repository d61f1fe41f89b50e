//! Extracts the string with which a mail program signs in (XOAUTH2, OAUTHBEARER), where it stands without the lines of its
//! conversation.

use super::artifact::{Artifact, ArtifactKind};
use crate::Evidence;
use crate::service::{Initial, MailLog};
use crate::shape::Shape;
use entrada_core::{Protocol, Side};

/// Base64 of `user=`, `auth=`, `n,` and of `user=` in base64.
const STARTS: [&str; 4] = ["dXNlcj", "YXV0aD", "bixh", "ZFhObGNq"];

/// Minimum length of such a string in characters: a mailbox and a token.
const LENGTH_MIN: usize = 40;

/// A sign-in string and its place.
pub(super) struct SaslString {
    /// What it shows by itself.
    pub(super) artifact: Artifact,
    /// The string, to be joined with the server's line about it.
    pub(super) initial: Option<Initial>,
}

/// The first sign-in string in `text`, which has no lines of a mail conversation. The pieces of one that a terminal wrapped belong
/// together.
pub(super) fn in_text(text: &str, base: &Evidence) -> Option<SaslString> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=-_".contains(c);
    let trimmed = text.trim();
    let is_whole = STARTS.iter().any(|start| trimmed.starts_with(start))
        && trimmed.chars().all(|c| is_part(c) || c.is_whitespace());
    let words = text.split(|c| !is_part(c)).filter(|word| LENGTH_MIN <= word.len());
    let mut words = words.filter_map(|word| {
        let start = STARTS.iter().filter_map(|start| word.find(start)).min()?;
        // `auth_string=dXNlcj1…`
        let is_value = start == 0 || word[..start].ends_with('=');
        (is_value && LENGTH_MIN <= word.len() - start).then(|| &word[start..])
    });
    let whole = Some(trimmed).filter(|text| is_whole && LENGTH_MIN <= text.len());
    let string = whole.or_else(|| words.next())?;
    let command = |start: &str| {
        let sent: String = string.split_whitespace().collect();
        vec![(Side::Client, format!("{start} XOAUTH2 {sent}"))]
    };
    let mail = MailLog::new(Protocol::Imap, command("a1 AUTHENTICATE"), None);
    let initial = mail.initial.clone()?;
    let start = string.as_ptr().addr() - text.as_ptr().addr();
    let token = initial.token.as_ref().map(|token| Shape::of(token.expose()));
    let protocol = token.as_ref().map_or(Protocol::Imap, protocol);
    let mut content = Evidence { token, ..base.clone() };
    // The server's answer is not in the text: this is a conversation that ends before it.
    let verb = if protocol == Protocol::Imap { "a1 AUTHENTICATE" } else { "AUTH" };
    content.mail = Some(MailLog::new(protocol, command(verb), None));
    Some(SaslString {
        artifact: Artifact {
            kind: ArtifactKind::SaslString,
            span: start..start + string.len(),
            content: Box::new(content),
        },
        initial: Some(initial),
    })
}

/// The protocol that the permissions of `token` are for; IMAP if they name none or several.
fn protocol(token: &Shape) -> Protocol {
    let claims = token.claims();
    let has = |name: &str| {
        let scopes = claims.and_then(entrada_core::Claims::scp);
        let roles = claims.and_then(entrada_core::Claims::roles).unwrap_or_default();
        scopes.is_some_and(|scopes| scopes.iter().any(|scope| scope.starts_with(name)))
            || roles.iter().any(|role| role.starts_with(name))
    };
    match (has("IMAP."), has("SMTP."), has("POP.")) {
        (false, true, false) => Protocol::Smtp,
        (false, _, true) => Protocol::Pop,
        _ => Protocol::Imap,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RuleId, Verdict, recognise, run};
    use base64::Engine as _;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    use entrada_core::{Job, NumericDate};

    const NOW: NumericDate = NumericDate(1_700_000_000);

    fn token(scp: &str) -> String {
        let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
        let claims =
            format!(r#"{{"aud":"https://outlook.office.com","scp":"{scp}","exp":1700003000}}"#);
        format!("{}.{}.c2ln", part(r#"{"alg":"RS256"}"#), part(&claims))
    }

    fn string(scp: &str, end: &str) -> String {
        let token = token(scp);
        BASE64_STANDARD.encode(format!("user=ada@contoso.example\u{1}auth=Bearer {token}{end}"))
    }

    #[test]
    fn the_token_the_mailbox_and_the_protocol_are_in_the_string() {
        for (scp, job) in [
            ("IMAP.AccessAsUser.All", Job::Imap),
            ("SMTP.Send", Job::Smtp),
            ("POP.AccessAsUser.All", Job::Pop),
            ("IMAP.AccessAsUser.All SMTP.Send", Job::Imap),
        ] {
            let string = string(scp, "\u{1}\u{1}");
            for text in [string.clone(), format!("sent: {string}"), format!("auth_string={string}")]
            {
                let evidence = recognise(&text, NOW).unwrap();
                let mailbox = evidence.mail.as_ref().and_then(|mail| mail.mailbox());
                assert_eq!(mailbox, Some("ada@contoso.example"));
                assert!(evidence.token.is_some(), "{text}");
                let diagnosis = run(&evidence);
                assert_eq!(diagnosis.job, job, "{text}");
                assert_eq!(diagnosis.verdict, Verdict::Undetermined, "no server has accepted it");
                assert!(diagnosis.cause().is_none(), "{text}: {:?}", diagnosis.cause());
            }
        }
    }

    #[test]
    fn a_string_that_is_built_wrong_is_reported_as_likely() {
        let diagnosis = run(&recognise(&string("IMAP.AccessAsUser.All", "\u{1}"), NOW).unwrap());
        let cause = diagnosis.cause().unwrap();
        assert_eq!(cause.rule.id, RuleId::WrongXoauth2Format);
        assert_eq!(cause.confidence, crate::Confidence::Likely);
        assert!(cause.message.contains("two bytes 0x01"), "{}", cause.message);
    }

    #[test]
    fn a_string_beside_the_servers_sentence_explains_it() {
        let sent = string("IMAP.AccessAsUser.All", "\u{1}");
        let text = format!("imaplib.error: AUTHENTICATE failed. NO (sent {sent})");
        let cause = run(&recognise(&text, NOW).unwrap()).findings.remove(0);
        assert_eq!((cause.rule.id, cause.confidence.id()), (RuleId::WrongXoauth2Format, "certain"));
    }

    #[test]
    fn other_base64_is_no_sign_in_string() {
        let other = BASE64_STANDARD.encode("username: ada, this is a text of some length only");
        for text in [other.as_str(), "dXNlcj1h", &"A".repeat(80)] {
            assert!(in_text(text, &Evidence::default()).is_none(), "{text}");
        }
    }
}
