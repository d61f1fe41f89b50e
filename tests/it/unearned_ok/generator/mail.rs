//! Talks with mail servers.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::Generator;

impl Generator {
    /// A talk with a mail server that ends before the sign-in, or in its refusal.
    pub(super) fn mail_talk(&mut self) -> String {
        let blob = BASE64_STANDARD.encode(format!(
            "user=ada@contoso.example\u{1}auth=Bearer {}\u{1}\u{1}",
            self.words(2)
        ));
        let (talk, refusals): (Vec<String>, &[&str]) = match self.below(3) {
            0 => (
                vec![
                    "* OK The Microsoft Exchange IMAP4 service is ready.".into(),
                    "C: a1 CAPABILITY".into(),
                    "S: * CAPABILITY IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID"
                        .into(),
                    "S: a1 OK CAPABILITY completed.".into(),
                    "C: a2 AUTHENTICATE XOAUTH2".into(),
                    "S: +".into(),
                    format!("C: {blob}"),
                ],
                &[
                    "S: a2 NO AUTHENTICATE failed.",
                    "S: * BYE Connection closed. 14",
                    "S: a2 BAD Command Error. 11",
                    "C: a3 LOGOUT\nS: * BYE bye\nS: a3 OK LOGOUT completed.",
                ],
            ),
            1 => (
                vec![
                    "220 smtp.office365.com Microsoft ESMTP MAIL Service ready".into(),
                    "EHLO client.contoso.example".into(),
                    "250-smtp.office365.com Hello [203.0.113.9]".into(),
                    "250-STARTTLS".into(),
                    "250-AUTH LOGIN XOAUTH2".into(),
                    "250 SMTPUTF8".into(),
                    "AUTH XOAUTH2".into(),
                    "334 ".into(),
                    blob,
                ],
                &[
                    "535 5.7.3 Authentication unsuccessful",
                    "421 4.4.1 Connection timed out",
                    "QUIT\n221 2.0.0 Service closing transmission channel",
                    "454 4.7.0 Temporary authentication failure",
                ],
            ),
            _ => (
                vec![
                    "+OK The Microsoft Exchange POP3 service is ready.".into(),
                    "CAPA".into(),
                    "+OK\nTOP\nUIDL\nSASL PLAIN XOAUTH2\n.".into(),
                    "AUTH XOAUTH2".into(),
                    "+ ".into(),
                    blob,
                ],
                &[
                    "-ERR Authentication failure: unknown user name or bad password.",
                    "QUIT\n+OK Microsoft Exchange POP3 server signing off.",
                    "-ERR Protocol error. 14",
                ],
            ),
        };
        let mut talk = talk[..=self.below(talk.len())].to_vec();
        if self.coin() {
            talk.push(self.one(refusals).to_owned());
        }
        talk.join(self.one(&["\n", "\r\n"]))
    }
}
