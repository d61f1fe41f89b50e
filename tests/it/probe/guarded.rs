//! What is shown to nobody, comes back nowhere, and is believed of nobody.

use base64::Engine as _;
use entrada::cli::Exit;

use super::web::exchange;
use super::{IMAP, SMTP, first_cause, probe};
use crate::world::World;

#[test]
fn a_refresh_token_is_shown_to_nobody() {
    let world = World::new();
    world.run(&["login", "--job", "imap"]);
    let exported = world.run(&["export", "--msal"]).stdout;
    // Nor anything that it stands in, a cache or an entry of one.
    let mut whole: serde_json::Value = serde_json::from_str(&exported).unwrap();
    let entry = whole["RefreshToken"].as_object().unwrap().values().next().unwrap().clone();
    whole.as_object_mut().unwrap().remove("AccessToken");
    let token = world.run(&["token", "--job", "imap"]).stdout;
    let printed =
        serde_json::json!({ "accessToken": token.trim(), "refreshToken": entry["secret"] });
    for given in [whole, entry, printed] {
        let args = ["probe", "--job", "imap", "--token-from", "-", "--mailbox", "a@b.example"];
        let run = world.run_with_stdin(&args, &given.to_string().replace(' ', ""));
        assert_eq!(run.exit, Exit::Usage, "{given} {run:#?}");
        assert!(world.mail.dialled.borrow().is_empty(), "{given}");
    }
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
fn a_token_for_another_service_is_not_shown_to_a_server_that_was_named() {
    let world = World::new();
    world.run(&["login", "--job", "graph-mail-read"]);
    let token = world.run(&["token", "--job", "graph-mail-read"]).stdout;
    for (job, server) in [("imap", "imap.evil.example"), ("ews", "https://api.evil.example/ews")] {
        let args = ["probe", "--job", job, "--token-from", "-", "--server", server];
        let run = world.run_with_stdin(&args, &token);
        assert_eq!(run.exit, Exit::Findings, "{run:#?}");
        assert!(run.stdout.contains("was not asked: the token is for another"), "{run:#?}");
        assert_eq!(first_cause(&run.stdout), "wrong-audience");
    }
    assert!(world.mail.dialled.borrow().is_empty());
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

/// The script panics where the client reads on.
#[test]
fn a_greeting_that_is_none_ends_the_probe_at_once() {
    for (job, greeting, said) in [
        ("imap", "* PREAUTH [CAPABILITY IMAP4rev1] logged in as ada", "without the token"),
        ("imap", "* preauth hello", "without the token"),
        ("imap", "HTTP/1.1 400 Bad Request", "HTTP/1.1 400"),
        ("imap", "220 mail.example ESMTP", "220 mail.example"),
        ("pop", "* OK IMAP4 ready", "* OK IMAP4 ready"),
        ("smtp", "* OK IMAP4 ready", "* OK IMAP4 ready"),
        ("smtp", "SSH-2.0-OpenSSH_9.9", "SSH-2.0"),
    ] {
        let (exit, told) = probe(job, job, &format!("S: {greeting}"), "", &[]);
        assert_eq!(exit, Exit::Temporary, "{greeting}\n{told}");
        assert!(told.contains(said) && !told.contains("taken:"), "{greeting}\n{told}");
        assert!(!told.contains("closed the connection"), "{greeting}\n{told}");
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
    assert!(run.stderr.contains("is not a mailbox name"), "{run:#?}");
    assert!(world.mail.dialled.borrow().is_empty());
}
