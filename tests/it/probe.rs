//! `entrada probe` with servers that say what Exchange says.

use base64::Engine as _;
use entrada::cli::Exit;

use crate::world::World;

const IMAP: &str = "\
    S: * OK The Microsoft Exchange IMAP4 service is ready. [TQBXADIA]
    C: a1 CAPABILITY
    S: * CAPABILITY IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+
    S: a1 OK CAPABILITY completed.
    C: a2 AUTHENTICATE XOAUTH2
    S: +
    C: *
";
const SMTP: &str = "\
    S: 220 AM0PR10CA0001.outlook.office365.com Microsoft ESMTP MAIL Service ready at Tue, 14 Nov 2023 22:13:20 +0000
    C: EHLO [127.0.0.1]
    S: 250-AM0PR10CA0001.outlook.office365.com Hello [192.0.2.1]
    S: 250-SIZE 157286400
    S: 250-STARTTLS
    S: 250 SMTPUTF8
    C: STARTTLS
    S: 220 2.0.0 SMTP server ready
    TLS
    C: EHLO [127.0.0.1]
    S: 250-AM0PR10CA0001.outlook.office365.com Hello [192.0.2.1]
    S: 250-AUTH LOGIN XOAUTH2
    S: 250 SMTPUTF8
    C: AUTH XOAUTH2
    S: 334
    C: *
";
const POP: &str = "\
    S: +OK The Microsoft Exchange POP3 service is ready.
    C: CAPA
    S: +OK
    S: TOP
    S: UIDL
    S: SASL PLAIN XOAUTH2
    S: USER
    S: .
    C: AUTH XOAUTH2
    S: +
    C: *
";

/// The emulator's tokens, and a mail server that says `opening` and then `end`.
#[track_caller]
fn probe(job: &str, tokens: &str, opening: &str, end: &str, args: &[&str]) -> (Exit, String) {
    let world = World::new();
    world.run(&["login", "--job", tokens]);
    world.mail.script(&format!("{opening}{end}"));
    let run = if job == tokens {
        world.run(&[&["probe", "--job", job], args].concat())
    } else {
        // As who thinks that it will do.
        let token = world.run(&["token", "--job", tokens]).stdout;
        world
            .run_with_stdin(&[&["probe", "--job", job, "--token-from", "-"], args].concat(), &token)
    };
    assert!(world.mail.is_over(), "{run:#?}");
    (run.exit, run.stdout)
}

#[track_caller]
fn first_cause(said: &str) -> &str {
    let mark = said.find("error[").or(said.find("possible[")).unwrap_or_else(|| panic!("{said}"));
    let rest = said[mark..].split_once('[').unwrap().1;
    rest.split_once(']').unwrap().0
}

#[test]
fn a_mailbox_that_opens_is_told_and_left_as_it_was() {
    let end = "\
        S: a2 OK AUTHENTICATE completed.
        C: a3 EXAMINE INBOX
        S: * 3 EXISTS
        S: a3 OK [READ-ONLY] EXAMINE completed.
        C: a4 LOGOUT
        S: * BYE Microsoft Exchange Server IMAP4 server signing off.
        S: a4 OK LOGOUT completed.";
    let (exit, said) = probe("imap", "imap", IMAP, end, &[]);
    assert_eq!(exit, Exit::Success, "{said}");
    assert_eq!(
        said,
        "taken: outlook.office365.com:993 took the token, and opened the mailbox for `ada@contoso.example`\n\
         ok: nothing stands in the way of `imap`\n"
    );
    let end = "\
        S: 235 2.7.0 Authentication successful
        C: MAIL FROM:<ada@contoso.example>
        S: 250 2.1.0 Sender OK
        C: RSET
        S: 250 2.0.0 Resetting
        C: QUIT
        S: 221 2.0.0 Service closing transmission channel";
    assert_eq!(probe("smtp", "smtp", SMTP, end, &[]).0, Exit::Success);
    let end = "\
        S: +OK User successfully authenticated.
        C: STAT
        S: +OK 3 2048
        C: QUIT
        S: +OK Microsoft Exchange Server POP3 server signing off.";
    assert_eq!(probe("pop", "pop", POP, end, &[]).0, Exit::Success);
}

/// `entra/diagnosis_rules.md` D09 to D14, and what stands behind each.
#[test]
fn what_exchange_says_and_what_the_token_shows_name_the_cause_together() {
    let imap_no = "S: a2 NO AUTHENTICATE failed.";
    let smtp_no =
        "S: 535 5.7.3 Authentication unsuccessful [AM0PR10CA0001.EURPRD10.PROD.OUTLOOK.COM]";
    let pop_no = "S: -ERR Authentication failure: unknown user name or bad password.";
    let not_connected = "\
        S: a2 OK AUTHENTICATE completed.
        C: a3 EXAMINE INBOX
        S: a3 BAD User is authenticated but not connected.
        C: a4 LOGOUT
        S: a4 OK LOGOUT completed.";
    let shared = &["--mailbox", "office@contoso.example"][..];
    for (job, tokens, opening, end, args, cause) in [
        ("imap", "graph-mail-read", IMAP, imap_no, &[][..], "wrong-audience"),
        ("imap", "smtp", IMAP, imap_no, &[], "missing-scope"),
        ("imap", "imap", IMAP, imap_no, &[], "imap-disabled"),
        ("imap", "imap", IMAP, imap_no, shared, "wrong-account"),
        ("imap", "imap", IMAP, not_connected, shared, "mailbox-permission-missing"),
        ("imap", "imap", IMAP, not_connected, &[], "imap-disabled"),
        (
            "smtp",
            "smtp",
            SMTP,
            "S: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.",
            &[],
            "smtp-auth-disabled",
        ),
        (
            "smtp",
            "smtp",
            SMTP,
            "S: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information.",
            &[],
            "smtp-auth-disabled",
        ),
        ("smtp", "graph-mail-read", SMTP, smtp_no, &[], "wrong-audience"),
        ("smtp", "imap", SMTP, smtp_no, &[], "missing-scope"),
        ("smtp", "smtp", SMTP, smtp_no, shared, "wrong-account"),
        (
            "smtp",
            "smtp",
            SMTP,
            "S: 430 4.2.0 STOREDRV; mailbox logon failure; could not open mailbox",
            shared,
            "mailbox-permission-missing",
        ),
        (
            "smtp",
            "smtp",
            SMTP,
            "\
            S: 235 2.7.0 Authentication successful
            C: MAIL FROM:<office@contoso.example>
            S: 554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied
            C: RSET
            S: 250 2.0.0 Resetting
            C: QUIT
            S: 221 2.0.0 Service closing transmission channel",
            shared,
            "send-as-denied",
        ),
        ("pop", "graph-mail-read", POP, pop_no, &[], "wrong-audience"),
        ("pop", "imap", POP, pop_no, &[], "missing-scope"),
        ("pop", "pop", POP, pop_no, &[], "pop-disabled"),
    ] {
        let (exit, said) = probe(job, tokens, opening, end, args);
        assert_eq!(exit, Exit::ProbeRefused, "{job} {tokens} {end}: {said}");
        assert_eq!(first_cause(&said), cause, "{job} {tokens} {end}: {said}");
    }
}

#[test]
fn graph_is_asked_for_what_the_job_reads() {
    let world = World::new();
    world.run(&["login"]);
    let run = world.run(&["probe"]);
    assert_eq!(run.exit, Exit::Success, "{run:#?}");
    assert_eq!(
        run.stdout,
        "taken: localhost took the token, and answered\nok: nothing stands in the way of `graph-mail-read`\n"
    );
    let log = world.emulator.log();
    let asked = log.last().unwrap();
    assert!(asked.path.starts_with("/v1.0/me/messages"), "{asked:#?}");

    // Consent grows: somebody else, who gave less.
    let world = World::new();
    world.run(&["login", "--job", "graph-profile"]);
    let token = world.run(&["token", "--job", "graph-profile"]).stdout;
    let given = ["probe", "--token-from", "-", "--job"];
    let run = world.run_with_stdin(&[&given[..], &["graph-mail-read"]].concat(), &token);
    assert_eq!((run.exit, first_cause(&run.stdout)), (Exit::ProbeRefused, "missing-scope"));
    // Whether it may send is not tried: that it may not is known from the token.
    let run = world.run_with_stdin(&[&given[..], &["graph-mail-send"]].concat(), &token);
    assert_eq!((run.exit, first_cause(&run.stdout)), (Exit::Findings, "missing-scope"));
    assert!(run.stdout.contains("cannot be tried without doing it"), "{run:#?}");
    world.clock.pass(7_200);
    let run = world.run_with_stdin(&[&given[..], &["graph-profile"]].concat(), &token);
    assert_eq!((run.exit, first_cause(&run.stdout)), (Exit::ProbeRefused, "expired"));
}

#[test]
fn a_claims_challenge_is_told_with_what_answers_it() {
    let world = World::with("claims-challenge");
    world.run(&["login"]);
    let run = world.run(&["probe"]);
    assert_eq!(run.exit, Exit::ProbeRefused, "{run:#?}");
    assert_eq!(first_cause(&run.stdout), "claims-challenge-cae", "{run:#?}");
}

#[test]
fn a_refresh_token_is_shown_to_nobody() {
    let world = World::new();
    world.run(&["login", "--job", "imap"]);
    let exported = world.run(&["export", "--msal"]).stdout;
    let exported: serde_json::Value = serde_json::from_str(&exported).unwrap();
    let mut tokens = exported["RefreshToken"].as_object().unwrap().values();
    let token = tokens.next().unwrap()["secret"].as_str().unwrap();
    let before = world.emulator.log().len();
    for job in ["imap", "graph-mail-read"] {
        let run = world.run_with_stdin(
            &["probe", "--job", job, "--token-from", "-", "--mailbox", "a@b.example"],
            token,
        );
        assert_eq!(run.exit, Exit::Findings, "{run:#?}");
        assert!(run.stdout.contains("was not asked"), "{run:#?}");
        assert_eq!(first_cause(&run.stdout), "refresh-token-used-as-access-token");
    }
    assert!(world.mail.dialled.borrow().is_empty());
    assert_eq!(world.emulator.log().len(), before);
}

#[test]
fn a_transcript_has_what_was_said_and_no_secret() {
    let world = World::new();
    world.run(&["login", "--job", "imap"]);
    let token = world.run(&["token", "--job", "imap"]).stdout.trim().to_owned();
    let path = world.home.path().join("said.txt");
    let path = path.to_str().unwrap();
    // A server that sends the token back, and something for the terminal.
    let end = format!("S: a2 NO AUTHENTICATE failed for {token}\u{1b}[2J.");
    world.mail.script(&format!("{IMAP}{end}"));
    let run = world.run(&["probe", "--job", "imap", "--transcript", path]);
    assert_eq!(run.exit, Exit::ProbeRefused, "{run:#?}");
    assert!(!run.stdout.contains(&token) && !run.stdout.contains('\u{1b}'), "{run:#?}");
    let said = std::fs::read_to_string(path).unwrap();
    assert!(said.starts_with("# outlook.office365.com:993\nS: * OK The Microsoft"), "{said}");
    assert!(
        said.contains(
            "\nC: (the XOAUTH2 string for ada@contoso.example)\nS: a2 NO AUTHENTICATE failed for "
        ),
        "{said}"
    );
    for secret in world.emulator.secrets() {
        assert!(!said.contains(&secret), "{said}");
    }
    assert!(!said.contains('\u{1b}'), "{said}");
    let heard = world.mail.heard.borrow();
    assert!(!said.contains(heard.last().unwrap().as_str()), "{said}");

    let run = world.run(&["probe", "--transcript", path]);
    assert!(run.exit != Exit::Usage, "{run:#?}");
    let said = std::fs::read_to_string(path).unwrap();
    assert!(said.contains("> GET /v1.0/me/messages?$top=1&$select=id HTTP/1.1\n"), "{said}");
    let run = world.run(&["probe", "--transcript", "/nowhere/said.txt"]);
    assert_eq!(run.exit, Exit::Usage, "{run:#?}");
}

#[test]
fn what_cannot_be_asked_is_an_error_that_names_what_to_do() {
    let world = World::new();
    world.run(&["login", "--job", "imap"]);
    for (args, expected) in [
        (&["--job", "none"][..], "the job `none` has no service that could be asked"),
        (&["--job", "imap", "--server", "a/b"], "`a/b` is no server"),
        (
            &["--job", "imap", "--server", "mail.example", "--security", "none"],
            "a token is shown without TLS to this machine alone",
        ),
        (&["--token-from", "/nowhere"], "give it on standard input, `--token-from -`"),
    ] {
        let run = world.run(&[&["probe"], args].concat());
        assert_eq!(run.exit, Exit::Usage, "{args:?} {run:#?}");
        assert!(run.stderr.contains(expected), "{args:?} {run:#?}");
    }
    // Nobody listens.
    let run = world.run(&["probe", "--job", "imap", "-o", "json"]);
    assert_eq!(run.exit, Exit::Temporary, "{run:#?}");
    let told: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&told["outcome"], &told["server"]),
        (&"no-answer".into(), &"outlook.office365.com:993".into())
    );
}

/// What Exchange answers to the call at `path`.
fn exchange(
    job: &str,
    path: &'static str,
    status: u16,
    headers: &'static [(&str, &str)],
    body: &'static str,
) -> (Exit, String, World) {
    let world = World::new();
    world.run(&["login", "--job", job]);
    world.changing(move |called, answer| {
        if called != path {
            return answer;
        }
        let mut changed = entrada::sys::HttpResponse::new(body.as_bytes().to_vec());
        *changed.status_mut() = status.try_into().unwrap();
        for (name, value) in headers {
            changed.headers_mut().append(*name, value.parse().unwrap());
        }
        changed
    });
    let run = world.run(&["probe", "--job", job]);
    (run.exit, run.stdout, world)
}

const EWS: &str = "/EWS/Exchange.asmx";
const EAS: &str = "/Microsoft-Server-ActiveSync";

#[test]
fn ews_and_active_sync_are_asked_for_something_harmless() {
    let good = r#"<s:Envelope><s:Body><m:GetFolderResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode></m:GetFolderResponseMessage></s:Body></s:Envelope>"#;
    let (exit, said, world) = exchange("ews", EWS, 200, &[], good);
    assert_eq!(exit, Exit::Success, "{said}");
    let log = world.emulator.log();
    assert_eq!((&*log.last().unwrap().method, &*log.last().unwrap().path), ("POST", EWS));
    let (exit, said, world) =
        exchange("eas", EAS, 200, &[("ms-asprotocolversions", "14.1,16.1")], "");
    assert_eq!(exit, Exit::Success, "{said}");
    let log = world.emulator.log();
    assert_eq!((&*log.last().unwrap().method, &*log.last().unwrap().path), ("OPTIONS", EAS));
}

#[test]
fn refusals_of_ews_and_active_sync_have_their_causes() {
    let denied = r#"<s:Envelope><s:Body><m:GetFolderResponseMessage ResponseClass="Error"><m:MessageText>Access is denied. Check credentials and try again.</m:MessageText><m:ResponseCode>ErrorAccessDenied</m:ResponseCode></m:GetFolderResponseMessage></s:Body></s:Envelope>"#;
    for (job, path, status, headers, body, cause) in [
        // SOAP has its errors under 200.
        ("ews", EWS, 200, &[][..], denied, "mailbox-permission-missing"),
        ("ews", EWS, 403, &[("x-ews-policy-reason", "EwsDisabled")], "", "exchange-policy-block"),
        (
            "eas",
            EAS,
            401,
            &[(
                "x-ms-diagnostics",
                "2000003;reason=\"The audience claim value is invalid 'aud'.\";error_category=\"invalid_resource\"",
            )],
            "",
            "wrong-audience",
        ),
    ] {
        let (exit, said, _) = exchange(job, path, status, headers, body);
        assert_eq!((exit, first_cause(&said)), (Exit::ProbeRefused, cause), "{said}");
    }
}

/// Scripts in which nothing is said of the token, or that make no sense.
#[test]
fn what_is_no_word_about_the_token_is_neither_a_yes_nor_a_no() {
    let challenges = "S: + e30=\nC: *\n".repeat(3);
    for (job, script) in [
        ("imap", "S: * BYE Server too busy".to_owned()),
        (
            "imap",
            "S: * OK ready\nC: a1 CAPABILITY\nS: a1 NO not now".to_owned(),
        ),
        // In, without having shown anything.
        (
            "imap",
            "S: * OK ready\nC: a1 CAPABILITY\nS: a1 OK done\nC: a2 AUTHENTICATE XOAUTH2\nS: a2 OK welcome".to_owned(),
        ),
        ("imap", format!("{IMAP}S: a2 OK AUTHENTICATE completed.\nC: a3 EXAMINE INBOX\nS: + hello")),
        ("imap", format!("{IMAP}{challenges}")),
        ("smtp", "S: 421 4.3.2 Service not available".to_owned()),
        ("smtp", "S: 220 ready\nC: EHLO [127.0.0.1]\nS: 250 STARTTLS\nC: STARTTLS\nS: 454 4.7.0 TLS not available".to_owned()),
        ("smtp", format!("{SMTP}S: 454 4.7.0 Temporary authentication failure")),
        (
            "smtp",
            format!("{SMTP}S: 235 2.7.0 in\nC: MAIL FROM:<ada@contoso.example>\nS: 451 4.3.0 Server busy\nC: RSET\nS: 250 ok\nC: QUIT\nS: 221 bye"),
        ),
        // It hangs up; its no was to something else.
        ("pop", "S: +OK ready\nC: CAPA\nS: -ERR no\nC: AUTH XOAUTH2".to_owned()),
    ] {
        let (exit, said) = probe(job, job, &script, "", &[]);
        assert_eq!(exit, Exit::Temporary, "{script}\n{said}");
        assert!(!said.contains("taken:") && !said.contains("error["), "{script}\n{said}");
    }
    // Words of a protocol are the same in small letters.
    let small = format!(
        "{}a2 ok in\nC: a3 EXAMINE INBOX\nS: A3 Ok done\nC: a4 LOGOUT\nS: a4 OK bye",
        IMAP.to_owned() + "S: "
    );
    assert_eq!(probe("imap", "imap", &small, "", &[]).0, Exit::Success);
    for (status, headers, body) in [
        (302, &[("location", "https://portal.example/")][..], ""),
        (200, &[("content-type", "text/html")], "<html>sign in to the network</html>"),
        (503, &[("retry-after", "10")], ""),
        (429, &[], r#"{"error":{"code":"TooManyRequests","message":"slow down"}}"#),
    ] {
        let (exit, said, _) =
            exchange("graph-mail-read", "/v1.0/me/messages", status, headers, body);
        assert_eq!(exit, Exit::Temporary, "{status} {said}");
    }
}

#[test]
fn a_token_that_comes_back_in_pieces_is_shown_nowhere() {
    let world = World::new();
    world.run(&["login", "--job", "imap"]);
    let token = world.run(&["token", "--job", "imap"]).stdout.trim().to_owned();
    let path = world.home.path().join("said.txt");
    let spaced: String = token.chars().flat_map(|c| [c, ' ']).collect();
    let lines: String = token
        .as_bytes()
        .chunks(40)
        .map(|part| format!("S: * {}\n", String::from_utf8_lossy(part)))
        .collect();
    for end in [
        format!("S: a2 NO {spaced}"),
        format!("{lines}S: a2 NO failed"),
        format!("S: a2 NO {}", &token[..200]),
    ] {
        world.mail.script(&format!("{IMAP}{end}"));
        let run = world.run(&[
            "probe",
            "--job",
            "imap",
            "--transcript",
            path.to_str().unwrap(),
            "-o",
            "json",
        ]);
        assert_eq!(run.exit, Exit::ProbeRefused, "{run:#?}");
        let said = std::fs::read_to_string(&path).unwrap();
        let bare = |text: &str| text.replace([' ', '\n'], "").replace("S:*", "");
        for text in [bare(&said), bare(&run.stdout), bare(&run.stderr)] {
            for piece in token.as_bytes().chunks(20).filter(|piece| piece.len() == 20) {
                let piece = String::from_utf8_lossy(piece);
                assert!(!text.contains(&*piece), "{piece} in {text}");
            }
        }
    }
}

#[test]
fn a_name_that_carries_commands_is_sent_nowhere() {
    let world = World::new();
    world.run(&["login", "--job", "smtp"]);
    for name in ["a@b>\r\nRCPT TO:<v@y>", "a@b> SIZE=1", "a\u{1}auth=Bearer x"] {
        let run = world.run(&["probe", "--job", "smtp", "--mailbox", name]);
        assert_eq!(run.exit, Exit::Usage, "{name:?} {run:#?}");
    }
    // A token says what its maker wants.
    let part = |text: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text);
    let claims =
        r#"{"aud":"https://outlook.office.com","scp":"SMTP.Send","upn":"a@b>\r\nDATA\r\n"}"#;
    let token = format!(
        "{}.{}.{}",
        part(r#"{"alg":"RS256","typ":"JWT"}"#),
        part(claims),
        part("signature")
    );
    let run = world.run_with_stdin(&["probe", "--job", "smtp", "--token-from", "-"], &token);
    assert_eq!(run.exit, Exit::Usage, "{run:#?}");
    assert!(run.stderr.contains("is no mailbox's name"), "{run:#?}");
    assert!(world.mail.dialled.borrow().is_empty());
}
