//! Mail servers that judge a token and hold a small mailbox.

use super::*;
use crate::mail::{MailConnection, MailStep};
use entrada_core::Protocol;
use entrada_core::oauth::sasl;

const ADA: &str = "ada@contoso.example";
const SCOPES: [(Protocol, &str); 3] = [
    (Protocol::Imap, "https://outlook.office.com/IMAP.AccessAsUser.All"),
    (Protocol::Pop, "https://outlook.office.com/POP.AccessAsUser.All"),
    (Protocol::Smtp, "https://outlook.office.com/SMTP.Send"),
];

/// A connection, and what it says.
struct Talk<'a> {
    bench: &'a Bench,
    connection: MailConnection,
}

impl<'a> Talk<'a> {
    fn new(bench: &'a Bench, protocol: Protocol) -> Self {
        Self { bench, connection: MailConnection::new(protocol, false) }
    }

    fn say(&mut self, line: &str) -> String {
        self.connection.answer(line, &self.bench.emulator, self.bench.now).text
    }

    fn sign_in(&mut self, protocol: Protocol, mechanism: &str, string: &str) -> String {
        match protocol {
            Protocol::Imap => self.say(&format!("a AUTHENTICATE {mechanism} {string}")),
            _ => self.say(&format!("AUTH {mechanism} {string}")),
        }
    }
}

fn is_good(answer: &str) -> bool {
    ["a OK", "+OK", "235 "].iter().any(|good| answer.starts_with(good))
}

fn bench() -> Bench {
    let mut bench = Bench::new("auto-approve");
    bench.tenant = "organizations";
    bench
}

#[test]
fn each_server_takes_the_token_for_its_protocol_and_its_user_only() {
    let mut bench = bench();
    for (index, (protocol, scope)) in SCOPES.into_iter().enumerate() {
        bench.client = uuid::Uuid::from_u128(7 + index as u128).to_string();
        let own = bench.sign_in(scope).access_token;
        let other = SCOPES[(index + 1) % 3].1;
        bench.client = uuid::Uuid::from_u128(17 + index as u128).to_string();
        let foreign = bench.sign_in(other).access_token;
        let graph = bench.sign_in("User.Read").access_token;
        let forged = Secret::new(&*format!("{}AAAA", &own.expose()[..own.expose().len() - 4]));
        for (token, user, good) in [
            (&own, ADA, true),
            (&own, "ADA@contoso.example", true),
            (&own, "lin@contoso.example", false),
            (&own, "nobody@contoso.example", false),
            (&foreign, ADA, false),
            (&graph, ADA, false),
            (&forged, ADA, false),
        ] {
            for (mechanism, string) in [
                ("XOAUTH2", sasl::xoauth2(user, token)),
                ("OAUTHBEARER", sasl::oauthbearer(user, token)),
            ] {
                let mut talk = Talk::new(&bench, protocol);
                let mut answer = talk.sign_in(protocol, mechanism, string.expose());
                if !good && mechanism == "OAUTHBEARER" {
                    assert!(answer.starts_with("+ ") || answer.starts_with("334 "), "{answer}");
                    answer = talk.say("AQ==");
                }
                assert_eq!(is_good(&answer), good, "{protocol:?} {user}: {answer}");
            }
        }
        let now = bench.now;
        bench.now = now.plus_seconds(100_000);
        let string = sasl::xoauth2(ADA, &own);
        let late = Talk::new(&bench, protocol).sign_in(protocol, "XOAUTH2", string.expose());
        assert!(!is_good(&late), "{late}");
        bench.now = now;
        assert!(bench.emulator.secrets().contains(&own.expose().to_owned()));
    }
}

#[test]
fn the_response_can_come_after_the_command_and_passwords_fail() {
    let mut bench = bench();
    let token = bench.sign_in(SCOPES[0].1).access_token;
    let mut talk = Talk::new(&bench, Protocol::Imap);
    assert!(talk.say("a LIST \"\" *").contains("Invalid state"));
    assert_eq!(talk.say("a AUTHENTICATE XOAUTH2"), "+ \r\n");
    assert_eq!(talk.say("*"), "a NO AUTHENTICATE failed.\r\n");
    assert_eq!(talk.say("b AUTHENTICATE XOAUTH2"), "+ \r\n");
    assert!(talk.say(sasl::xoauth2(ADA, &token).expose()).starts_with("b OK"));
    let mut talk = Talk::new(&bench, Protocol::Imap);
    assert_eq!(talk.say("a LOGIN ada secret"), "a NO LOGIN failed.\r\n");
    assert!(talk.say("a AUTHENTICATE GSSAPI").starts_with("a BAD"));
    let mut talk = Talk::new(&bench, Protocol::Smtp);
    assert_eq!(talk.say("AUTH LOGIN"), "334 VXNlcm5hbWU6\r\n");
    assert_eq!(talk.say("eA=="), "334 UGFzc3dvcmQ6\r\n");
    assert!(talk.say("eA==").starts_with("535 5.7.139"));
    let mut talk = Talk::new(&bench, Protocol::Pop);
    assert!(talk.say("USER ada").starts_with("+OK") && talk.say("PASS x").starts_with("-ERR"));
}

#[test]
fn imap_shows_the_mailbox() {
    let mut bench = bench();
    let token = bench.sign_in(SCOPES[0].1).access_token;
    let mut talk = Talk::new(&bench, Protocol::Imap);
    assert!(talk.say("a CAPABILITY").contains("AUTH=XOAUTH2 SASL-IR"));
    talk.sign_in(Protocol::Imap, "XOAUTH2", sasl::xoauth2(ADA, &token).expose());
    assert!(talk.say("b SELECT INBOX").starts_with("* 3 EXISTS\r\n"));
    assert_eq!(talk.say("c UID SEARCH ALL"), "* SEARCH 1 2 3\r\nc OK UID completed.\r\n");
    let all = talk.say("d FETCH 1:* (FLAGS UID RFC822.SIZE)");
    assert_eq!(all.matches(" FETCH (UID ").count(), 3);
    assert!(all.contains("* 3 FETCH (UID 3 FLAGS () RFC822.SIZE "), "{all}");
    let whole = talk.say("e UID FETCH 3 BODY.PEEK[]");
    assert!(whole.starts_with("* 3 FETCH (UID 3 BODY[] {"), "{whole}");
    let size: usize = whole.split(['{', '}']).nth(1).unwrap().parse().unwrap();
    let data = whole.split_once("}\r\n").unwrap().1;
    assert!(data[..size].starts_with("Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n"), "{data}");
    assert!(data[..size].contains("Subject: Notes on the Analytical Engine\r\n"));
    assert_eq!(&data[size..], ")\r\ne OK UID completed.\r\n");
    let fields = talk.say("f FETCH 2 (BODY.PEEK[HEADER.FIELDS (SUBJECT)])");
    assert!(fields.contains("BODY[HEADER.FIELDS (SUBJECT)] {"), "{fields}");
    assert!(fields.contains("}\r\nSubject: Lunch on Thursday?\r\n\r\n)"), "{fields}");
    assert_eq!(talk.say("g APPEND INBOX {5}"), "+ Ready for additional command text.\r\n");
    assert_eq!(talk.say("abc"), "");
    assert_eq!(talk.say(""), "g OK APPEND completed.\r\n");
    assert!(talk.say("h IDLE").starts_with("+ ") && talk.say("DONE").starts_with("h OK"));
    let last = talk.connection.answer("i LOGOUT", &bench.emulator, bench.now);
    assert_eq!(last.next, MailStep::Close);
}

#[test]
fn pop_shows_the_mailbox() {
    let mut bench = bench();
    let token = bench.sign_in(SCOPES[1].1).access_token;
    let mut talk = Talk::new(&bench, Protocol::Pop);
    assert!(talk.say("STAT").starts_with("-ERR"));
    talk.sign_in(Protocol::Pop, "XOAUTH2", sasl::xoauth2(ADA, &token).expose());
    assert!(talk.say("STAT").starts_with("+OK 3 "));
    let one = talk.say("RETR 1");
    assert!(
        one.contains("Subject: Your quarterly report\r\n") && one.ends_with("\r\n.\r\n"),
        "{one}"
    );
    assert!(!talk.say("TOP 1 0").contains("Please find"));
    assert_eq!(talk.say("UIDL 2"), "+OK 2 emulator2\r\n");
    assert_eq!(talk.say("DELE 1"), "+OK\r\n");
    assert!(talk.say("STAT").starts_with("+OK 2 ") && talk.say("RETR 1").starts_with("-ERR"));
    assert_eq!(talk.say("RSET"), "+OK\r\n");
    assert!(talk.say("STAT").starts_with("+OK 3 "));
    assert!(talk.say("RETR 4").starts_with("-ERR"));
}

#[test]
fn smtp_takes_mail_of_the_user_only() {
    let mut bench = bench();
    let token = bench.sign_in(SCOPES[2].1).access_token;
    let mut talk = Talk::new(&bench, Protocol::Smtp);
    assert!(talk.say("EHLO x").contains("250-AUTH LOGIN XOAUTH2\r\n"));
    assert!(talk.say("MAIL FROM:<ada@contoso.example>").starts_with("530 5.7.57"));
    talk.sign_in(Protocol::Smtp, "XOAUTH2", sasl::xoauth2(ADA, &token).expose());
    assert!(talk.say("MAIL FROM:<lin@contoso.example>").starts_with("550 5.7.60"));
    assert!(talk.say("RCPT TO:<a@b.example>").starts_with("503"));
    assert!(talk.say("MAIL FROM:<ada@contoso.example> SIZE=9").starts_with("250"));
    assert!(talk.say("DATA").starts_with("503"));
    assert!(talk.say("RCPT TO:<a@b.example>").starts_with("250"));
    assert!(talk.say("DATA").starts_with("354"));
    assert_eq!(talk.say("QUIT"), "", "a line of the message");
    assert!(talk.say(".").starts_with("250 2.0.0"));
    assert!(talk.say("RCPT TO:<a@b.example>").starts_with("503"));
}

#[test]
fn a_user_without_a_mailbox_is_signed_in_and_not_connected() {
    let mut bench = Bench::new("no-mailbox");
    bench.tenant = "organizations";
    let token = bench.sign_in(SCOPES[0].1).access_token;
    let mut talk = Talk::new(&bench, Protocol::Imap);
    let string = sasl::xoauth2("lin@contoso.example", &token);
    assert!(is_good(&talk.sign_in(Protocol::Imap, "XOAUTH2", string.expose())));
    assert_eq!(talk.say("b SELECT INBOX"), "b BAD User is authenticated but not connected.\r\n");
}

#[test]
fn an_application_opens_every_mailbox() {
    let mut bench = bench();
    bench.tenant = "contoso.example";
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "https://outlook.office365.com/.default"),
        ("client_secret", "a-secret"),
    ];
    let token = json(&bench.token(&form))["access_token"].as_str().unwrap().to_owned();
    for (protocol, _) in SCOPES {
        let mut talk = Talk::new(&bench, protocol);
        let string = sasl::xoauth2(ADA, &Secret::new(&*token));
        assert!(is_good(&talk.sign_in(protocol, "XOAUTH2", string.expose())), "{protocol:?}");
    }
}

#[test]
fn unusual_lines_get_an_answer() {
    let bench = bench();
    for protocol in [Protocol::Imap, Protocol::Pop, Protocol::Smtp] {
        let mut talk = Talk::new(&bench, protocol);
        for line in [
            "",
            " ",
            "a",
            "a ",
            "\u{0}\u{1b}[2J x y",
            "é AUTHENTICATE",
            "a FETCH",
            "AUTH",
            "MAIL FROM:é",
        ] {
            let answer = talk.say(line);
            assert!(
                answer.ends_with("\r\n") && !answer.contains('\u{1b}'),
                "{protocol:?} {line:?}: {answer}"
            );
        }
        let mut talk = Talk::new(&bench, protocol);
        talk.say("a AUTHENTICATE XOAUTH2");
        assert!(!is_good(&talk.say("no base64 é")));
    }
    let mut talk = Talk::new(&bench, Protocol::Imap);
    assert!(talk.say("a APPEND x {99999999999}").starts_with("* BYE"));
    assert_eq!(talk.connection.answer("x", &bench.emulator, T0).next, MailStep::Continue);
}
