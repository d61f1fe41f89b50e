//! `entrada probe` at real mail servers.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use entrada_auth::sys::{Clock as _, RealClock};
use entrada_emulator::Reply;
use serde_json::{Value, json};

use crate::certs::Certificate;
use crate::consumers::Home;
use crate::dovecot::{Dovecot, Judge, Setup, is_root};
use crate::http;
use crate::mail::{exchange, published};
use crate::postfix::{Postfix, Rules};
use crate::program::{ENTRADA, Emulation, Ended, run};

const ADA: &str = "ada@contoso.example";
const OFFICE: &str = "office@contoso.example";

/// A home, and mail servers that ask Exchange about every token.
pub(crate) struct Mailroom {
    pub(crate) home: Home,
    pub(crate) certificate: Certificate,
    pub(crate) dovecot: Dovecot,
    /// Whose mailbox Exchange says that it is, whoever's the token.
    says: Arc<Mutex<Option<String>>>,
}

impl Mailroom {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// Dovecot says `fields` of everybody.
    fn with(fields: &str) -> Self {
        let home = Home::new();
        let certificate = Certificate::new(home.folder.path());
        let keys = published(&home.emulation.emulator);
        let says = Arc::<Mutex<Option<String>>>::default();
        let told = Arc::clone(&says);
        let url = http::serve(move |request| {
            let form: HashMap<_, _> =
                url::form_urlencoded::parse(request.body.as_bytes()).collect();
            let user = exchange(&keys, &form["token"], RealClock.now().0);
            let told = told.lock().unwrap().clone();
            match user.map(|user| told.unwrap_or(user)) {
                Some(user) => (200, json!({ "active": true, "username": user })),
                None => (200, json!({ "active": false })),
            }
        });
        let setup = Setup { certificate: Some(&certificate), fields };
        let dovecot = Dovecot::with(&Judge::At(&format!("{url}/introspect")), &setup);
        Self { home, certificate, dovecot, says }
    }

    /// A token for `job`.
    fn token(&self, job: &str) -> String {
        self.home.printed(&["--job", job])
    }

    /// Shows `token` to the server for `job` on `port`.
    fn probe(&self, job: &str, token: &str, port: u16, args: &[&str]) -> Ended {
        let file = self.home.folder.path().join("token");
        fs::write(&file, token).unwrap();
        let mut command = self.home.command(ENTRADA);
        command
            .args(["probe", "--job", job, "--server", &format!("localhost:{port}"), "--token-from"])
            .arg(file)
            .args(args)
            .arg("--ca-bundle")
            .arg(&self.certificate.ca);
        run(&mut command)
    }
}

/// The first cause that was told.
#[track_caller]
fn cause(ended: &Ended) -> &str {
    let out = &ended.out;
    let mark = out.find("error[").or(out.find("possible[")).unwrap_or_else(|| panic!("{ended:#?}"));
    out[mark..].split_once('[').unwrap().1.split_once(']').unwrap().0
}

/// An ID token for Ada.
fn id_token(emulation: &Emulation) -> String {
    let post = |path: &str, form: String, later: i64| -> Value {
        let request = ::http::Request::post(format!("/organizations/oauth2/v2.0/{path}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.into_bytes());
        match emulation.emulator.handle(request.unwrap(), RealClock.now().plus_seconds(later)) {
            Reply::Answer(answer) => serde_json::from_slice(answer.body()).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    let client = "client_id=e1a7a000-0000-4000-8000-000000000002";
    let code = post("devicecode", format!("{client}&scope=openid+profile"), 0);
    let code = code["device_code"].as_str().unwrap();
    let grant = "grant_type=urn:ietf:params:oauth:grant-type:device_code";
    // The first poll is always too early.
    let mut tokens =
        [5, 10].map(|later| post("token", format!("{client}&{grant}&device_code={code}"), later));
    let tokens = tokens[1].take();
    tokens["id_token"].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned()
}

/// A token that has ended, as the one of yesterday in a script has.
fn expired(job: &str) -> String {
    let home = Home::empty(Emulation::behind("auto-approve", 7_200));
    home.login();
    home.printed(&["--job", job])
}

#[test]
fn dovecot_takes_the_right_token_and_each_wrong_one_has_its_cause_first() {
    let room = Mailroom::new();
    let (imaps, imap) = (room.dovecot.imaps, room.dovecot.imap);
    let (pops, pop) = (room.dovecot.pops, room.dovecot.pop);
    let starttls = &["--security", "starttls"][..];
    for (job, port, args) in [
        ("imap", imaps, &[][..]),
        ("imap", imap, starttls),
        ("imap", imaps, &["--mechanism", "oauthbearer"]),
        ("imap", imap, &["--security", "none"]),
        ("pop", pops, &[]),
        ("pop", pop, starttls),
        ("pop", pops, &["--mechanism", "oauthbearer"]),
    ] {
        let token = room.token(job);
        let opened = room.probe(job, &token, port, args).with(0);
        assert!(opened.out.contains("accepted the token, and opened the mailbox"), "{opened:#?}");
        for (token, more, expected) in [
            (room.token("graph-mail-read"), &[][..], "wrong-audience"),
            (expired(job), &[], "expired"),
            (id_token(&room.home.emulation), &[], "id-token-used-as-access-token"),
            (token[..token.len() / 2].to_owned(), &["--account", ADA], "malformed-token"),
            // As where the configuration names somebody else.
            (token.clone(), &["--mailbox", "lin@contoso.example"], "wrong-account"),
        ] {
            let refused = room.probe(job, &token, port, &[args, more].concat()).with(11);
            assert_eq!(cause(&refused), expected, "{job} {args:?} {refused:#?}");
        }
    }
}

#[test]
fn a_mailbox_that_is_closed_to_the_tokens_user_is_told_from_a_token_that_is_refused() {
    let room = Mailroom::new();
    *room.says.lock().unwrap() = Some(OFFICE.to_owned());
    room.dovecot.fill(OFFICE);
    let token = room.token("imap");
    let mailbox_of = ["--mailbox", OFFICE];
    room.probe("imap", &token, room.dovecot.imaps, &mailbox_of).with(0);
    room.dovecot.close_inboxes();
    let refused = room.probe("imap", &token, room.dovecot.imaps, &mailbox_of).with(11);
    assert_eq!(cause(&refused), "mailbox-permission-missing", "{refused:#?}");
}

#[test]
fn imap_that_is_switched_off_is_told() {
    let room = Mailroom::with("nologin=y reason=IMAP_access_is_disabled_for_this_mailbox");
    let refused = room.probe("imap", &room.token("imap"), room.dovecot.imaps, &[]).with(11);
    assert_eq!(cause(&refused), "imap-disabled", "{refused:#?}");
}

/// Names, and with them flags, of all messages, and what IMAP says of them.
fn state(room: &Mailroom) -> (Vec<String>, Vec<String>) {
    let mut names: Vec<String> = ["cur", "new"]
        .iter()
        .flat_map(|folder| {
            let folder = room.dovecot.mailbox(ADA).join(folder);
            fs::read_dir(folder).unwrap().map(|file| file.unwrap().path().display().to_string())
        })
        .collect();
    names.sort();
    let mut client = room.dovecot.imap();
    let string = room.home.printed(&["--job", "imap", "-o", "xoauth2"]);
    assert!(client.say(&format!("a AUTHENTICATE XOAUTH2 {string}")).starts_with("a OK "));
    let mut said = client.command("STATUS INBOX (MESSAGES RECENT UNSEEN UIDNEXT UIDVALIDITY)");
    said.extend(client.command("EXAMINE INBOX"));
    said.extend(client.command("FETCH 1:* (UID FLAGS)"));
    client.say("t LOGOUT");
    said.retain(|line| !line.starts_with("t "));
    (names, said)
}

#[test]
fn a_probe_leaves_the_mailbox_as_it_was() {
    let room = Mailroom::new();
    room.dovecot.fill(ADA);
    // What is new stays new for whoever comes first: so Dovecot itself gets to know the mailbox before.
    state(&room);
    let before = state(&room);
    assert_eq!(before.0.len(), 3, "{before:#?}");
    let fetched: Vec<&String> = before.1.iter().filter(|line| line.contains("FETCH")).collect();
    assert_eq!(fetched.iter().filter(|line| line.contains("\\Seen")).count(), 1, "{fetched:#?}");
    for _ in 0..2 {
        room.probe("imap", &room.token("imap"), room.dovecot.imaps, &[]).with(0);
        assert_eq!(state(&room), before);
    }
    // A POP3 session of its own takes the mark of what is new off all messages (RFC 1939 knows no such mark), whatever is
    // asked in it.
    room.probe("pop", &room.token("pop"), room.dovecot.pops, &[]).with(0);
    let (_, after) = state(&room);
    let bare = |said: &[String]| -> Vec<String> {
        let lines = said.iter().filter(|line| !line.ends_with(" RECENT"));
        lines
            .map(|line| {
                line.replace(" \\Recent", "")
                    .replace("\\Recent", "")
                    .replace("RECENT 3", "RECENT 0")
            })
            .collect()
    };
    assert_eq!(bare(&after), bare(&before.1));
}

fn at_postfix(room: &Mailroom, rules: Rules) -> Postfix {
    assert!(is_root(), "only root can run Postfix");
    Postfix::new(&room.dovecot, &room.certificate, rules)
}

#[test]
fn postfix_takes_the_right_token_and_each_wrong_one_has_its_cause_first() {
    let room = Mailroom::new();
    let postfix = at_postfix(&room, Rules { auth: true, own_sender: true });
    for (port, args) in [
        (postfix.port, &["--security", "starttls"][..]),
        (postfix.tls_port, &[]),
        (postfix.tls_port, &["--mechanism", "oauthbearer"]),
    ] {
        let token = room.token("smtp");
        let opened = room.probe("smtp", &token, port, args);
        assert_eq!(opened.code, Some(0), "{opened:#?}\n{}\n{}", postfix.log(), room.dovecot.log());
        for (token, more, expected) in [
            (room.token("graph-mail-read"), &[][..], "wrong-audience"),
            (expired("smtp"), &[], "expired"),
            (id_token(&room.home.emulation), &[], "id-token-used-as-access-token"),
            (token[..token.len() / 2].to_owned(), &["--account", ADA], "malformed-token"),
            (token.clone(), &["--mailbox", "lin@contoso.example"], "wrong-account"),
        ] {
            let refused = room.probe("smtp", &token, port, &[args, more].concat()).with(11);
            assert_eq!(cause(&refused), expected, "{args:?} {refused:#?}");
        }
    }
    // Exchange takes the token for another's mailbox, and Postfix does not let its user send as that.
    *room.says.lock().unwrap() = Some(OFFICE.to_owned());
    let refused = room.probe("smtp", &room.token("smtp"), postfix.tls_port, &["--mailbox", OFFICE]);
    assert_eq!(cause(&refused.with(11)), "send-as-denied");
    assert!(postfix.messages().is_empty());
}

#[test]
fn a_submission_server_without_sign_in_is_told() {
    let room = Mailroom::new();
    let postfix = at_postfix(&room, Rules { auth: false, own_sender: false });
    let refused = room.probe("smtp", &room.token("smtp"), postfix.tls_port, &[]).with(11);
    assert_eq!(cause(&refused), "smtp-auth-disabled", "{refused:#?}");
}

#[test]
fn what_is_said_reaches_the_transcript_and_no_token_does() {
    let room = Mailroom::new();
    let path = room.home.folder.path().join("said");
    let token = room.token("imap");
    let more = ["--transcript", path.to_str().unwrap()];
    room.probe("imap", &token, room.dovecot.imaps, &more).with(0);
    let said = fs::read_to_string(&path).unwrap();
    assert!(said.contains("C: a3 EXAMINE INBOX\n"), "{said}");
    assert!(!said.contains(&token), "{said}");
    assert_eq!(fs::metadata(Path::new(&path)).unwrap().permissions().mode() & 0o777, 0o600);
}
