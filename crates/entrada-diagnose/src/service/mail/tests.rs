//! Tests of mail conversations.

use super::*;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

#[test]
fn the_protocol_is_told_by_how_servers_speak() {
    for (text, protocol) in [
        ("a1 NO AUTHENTICATE failed.", Protocol::Imap),
        ("* BYE Connection is closed. 13", Protocol::Imap),
        ("S: A01 BAD User is authenticated but not connected.", Protocol::Imap),
        ("535 5.7.3 Authentication unsuccessful [AM0PR.EURPRD.PROD.OUTLOOK.COM]", Protocol::Smtp),
        (
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            Protocol::Smtp,
        ),
        ("-ERR Authentication failure: unknown user name or bad password.", Protocol::Pop),
    ] {
        assert_eq!(MailLog::parse(text).map(|talk| talk.protocol), Some(protocol), "{text}");
    }
    for text in [
        "hello there",
        "HTTP/1.1 401 Unauthorized",
        "500 apples",
        "{\"a\":1}",
        "450 users are affected",
        "401 {\"error\":{\"code\":\"unauthenticated\"}}",
        "550 {\"error\":\"mail\"}",
        "We NO longer accept this.",
        "it BAD",
    ] {
        let talk = MailLog::parse(text);
        assert!(talk.is_none(), "{text}: {talk:?}");
    }
    for text in [
        "550 Requested action not taken: mailbox unavailable",
        "454-Temporary authentication failure",
        "535-5.7.3 x",
        "452 4.5.3 x",
    ] {
        assert_eq!(MailLog::parse(text).map(|talk| talk.protocol), Some(Protocol::Smtp), "{text}");
    }
}

#[test]
fn a_transcript_gives_user_token_and_refusal() {
    let sasl = BASE64_STANDARD.encode("user=ada@contoso.example\u{1}auth=Bearer to.ke.n\u{1}\u{1}");
    for text in [
        format!("* OK ready\na1 AUTHENTICATE XOAUTH2 {sasl}\na1 NO AUTHENTICATE failed."),
        format!(
            "S: * OK ready\nC: a1 AUTHENTICATE XOAUTH2\nS: +\nC: {sasl}\nS: a1 NO AUTHENTICATE failed."
        ),
        format!(
            "< 220 hello\n> EHLO x\n< 250-a\n< 250 AUTH XOAUTH2\n> AUTH XOAUTH2 {sasl}\n< 535 5.7.3 no"
        ),
        format!("+OK\nAUTH XOAUTH2\n+ \n{sasl}\n-ERR Authentication failure"),
    ] {
        let talk = MailLog::parse(&text).unwrap();
        assert_eq!(talk.mailbox(), Some("ada@contoso.example"), "{text}");
        assert_eq!(talk.initial.clone().unwrap().token.unwrap().expose(), "to.ke.n");
        assert_eq!(talk.mechanism, Some(Mechanism::Token));
        assert!(talk.refusal().is_some() && !talk.signed_in(), "{text}");
    }
    let password = MailLog::parse("C: a1 LOGIN ada secret\nS: a1 NO LOGIN failed.").unwrap();
    assert_eq!(password.mechanism, Some(Mechanism::Password));
}

#[test]
fn a_sign_in_counts_only_with_its_own_answer() {
    let let_in = |text: &str| MailLog::parse(text).unwrap().let_in(false);
    let start =
        "+OK The Microsoft Exchange POP3 service is ready.\nAUTH XOAUTH2\n+ \ndXNlcj14AQE=\n";
    assert!(let_in(&format!("{start}+OK User successfully authenticated.")));
    for end in ["QUIT\n+OK bye", "+OK Microsoft Exchange POP3 server signing off."] {
        assert!(!let_in(&format!("{start}{end}")), "{end}");
    }
    // A greeting, joined with the lines after it.
    for joined in [
        "* OK ready k1 AUTHENTICATE NTLM + YWJj k1 OK AUTHENTICATE completed.",
        "+OK ready AUTH XOAUTH2 + dXNlcj14AQE= -ERR Authentication failure",
    ] {
        assert!(!let_in(joined), "{joined}");
    }
    // A quoted mail marks the lines of both sides.
    let quoted = "> 220 mx.example ESMTP\n> EHLO box\n> AUTH LOGIN\n> 334 VXNlcm5hbWU6\n> aWRh\n> 235 2.7.0 Authentication successful";
    assert!(!let_in(quoted), "by a password");
}

#[test]
fn causes_that_the_user_can_change_come_first() {
    for (text, first) in [
        ("530 5.7.57 Client not authenticated to send mail", "basic-auth-disabled"),
        ("a NO AUTHENTICATE failed.", "wrong-audience"),
    ] {
        let diagnosis = crate::diagnose(
            text,
            &crate::Context::default(),
            entrada_core::NumericDate(1_800_000_000),
        )
        .unwrap();
        let errors: Vec<_> = diagnosis
            .findings
            .iter()
            .filter(|finding| finding.severity == crate::Severity::Error)
            .collect();
        assert_eq!(errors[0].rule.id.as_str(), first, "{text}");
        let is_for_user: Vec<bool> =
            errors.iter().map(|finding| finding.who == crate::Who::User).collect();
        assert!(is_for_user.is_sorted_by(|before, after| before >= after), "{text}: {errors:#?}");
    }
}
