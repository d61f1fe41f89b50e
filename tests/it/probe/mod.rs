//! `entrada probe` with servers that say what Exchange says.

mod guarded;
mod web;

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

#[test]
fn an_api_of_ones_own_is_asked_for_by_name_and_not_the_authority() {
    let world = World::with("own-api");
    world.write_config(
        "[jobs.crm]\naudience = 'api://11111111-1111-1111-1111-111111111111'\n\
         scope = ['api://11111111-1111-1111-1111-111111111111/Orders.Read']\n",
    );
    world.login(&["--job", "crm"]);
    let run = world.run(&["probe", "--job", "crm"]);
    assert_eq!(run.exit, Exit::Usage, "{run:#?}");
    assert!(run.stderr.contains("`--server URL`"), "{run:#?}");
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
        "taken: outlook.office365.com:993 accepted the token, and opened the mailbox for `ada@contoso.example`\n\
         ok: no problem found for `imap`\n"
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

/// What Exchange is known to say, and what stands behind it.
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
fn what_cannot_be_asked_is_an_error_that_names_what_to_do() {
    let world = World::new();
    world.run(&["login", "--job", "imap"]);
    for (args, expected) in [
        (&["--job", "none"][..], "the job `none` has no service to probe"),
        (&["--job", "imap", "--server", "a/b"], "`a/b` is not a server"),
        (
            &["--job", "imap", "--server", "mail.example", "--security", "none"],
            "a token is sent without TLS only to this machine",
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

/// A server that takes the token and then hangs up, or refuses the envelope without a reason that is known.
#[test]
fn a_refusal_and_a_clean_bill_never_stand_together() {
    let bye = "\
        S: a2 OK AUTHENTICATE completed.
        C: a3 EXAMINE INBOX
        S: * BYE Connection is closed. 13";
    let no = "\
        S: 235 2.7.0 Authentication successful
        C: MAIL FROM:<ada@contoso.example>
        S: 554 no
        C: RSET
        S: 250 2.0.0 Resetting
        C: QUIT
        S: 221 2.0.0 Service closing transmission channel";
    let opened_and_cut = "\
        S: a2 OK AUTHENTICATE completed.
        C: a3 EXAMINE INBOX
        S: * BYE later
        S: a3 OK done
        C: a4 LOGOUT
        S: a4 OK done";
    for (job, opening, end, expected) in [
        ("imap", IMAP, bye, Exit::ProbeRefused),
        ("smtp", SMTP, no, Exit::ProbeRefused),
        ("imap", IMAP, opened_and_cut, Exit::Temporary),
    ] {
        for args in [&[][..], &["-o", "json"]] {
            let (exit, said) = probe(job, job, opening, end, args);
            assert_eq!(exit, expected, "{said}");
            let is_ok = said.contains("no problem found") || said.contains(r#""verdict":"ok""#);
            assert!(!is_ok, "{said}");
        }
    }
}

/// What Dovecot says to a token that it does not accept.
const DOVECOT: &str = "\
    S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER] Dovecot (Debian) ready.
    C: a1 CAPABILITY
    S: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER
    S: a1 OK Pre-login capabilities listed.
    C: a2 AUTHENTICATE XOAUTH2
    S: +
    C: *
    S: a2 NO [AUTHENTICATIONFAILED] Authentication failed.";

#[test]
fn a_server_that_is_not_exchange_leads_to_its_own_settings() {
    let (exit, said) = probe("imap", "imap", DOVECOT, "", &["--server", "mail.example:993"]);
    assert_eq!(exit, Exit::ProbeRefused, "{said}");
    assert_eq!(first_cause(&said), "mail-server-settings", "{said}");
    for word in
        ["issuer", "audience", "scope", "XOAUTH2", "clock", "`mail.example` is not Exchange"]
    {
        assert!(said.contains(word), "{word}: {said}");
    }
    for word in ["CASMailbox", "administrator", "Conditional Access", "policy"] {
        assert!(!said.contains(word), "{word}: {said}");
    }
}

#[test]
fn a_mail_job_of_ones_own_is_probed_as_mail() {
    let world = World::with("own-api");
    let api = "api://11111111-1111-1111-1111-111111111111";
    world.write_config(&format!(
        "[jobs.my-mail]\naudience = '{api}'\nscope = ['{api}/Orders.Read']\n"
    ));
    world.login(&["--job", "my-mail"]);
    for server in ["mail.example:993", "imaps://mail.example"] {
        world.mail.script(DOVECOT);
        let run = world.run(&["probe", "--job", "my-mail", "--server", server]);
        assert_eq!(run.exit, Exit::ProbeRefused, "{server}: {run:#?}");
        assert!(world.mail.is_over(), "{run:#?}");
        assert_eq!(first_cause(&run.stdout), "mail-server-settings", "{run:#?}");
        let dialled = world.mail.dialled.borrow().last().cloned();
        assert_eq!(dialled, Some(("mail.example:993".to_owned(), true)), "{server}");
    }
}
