//! Mail servers who let us in with the strings of `entrada token -o xoauth2` and `-o oauthbearer`.

use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use entrada_auth::sys::{Clock as _, RealClock};
use entrada_emulator::account::CONTOSO;
use entrada_emulator::{Emulator, Reply};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::consumers::Home;
use crate::dovecot::{Client, Dovecot, Judge};
use crate::http;
use crate::program::{ENTRADA, Provider, run, start, within};

/// The output, and what the mechanism is called.
const MECHANISMS: [(&str, &str); 2] = [("xoauth2", "XOAUTH2"), ("oauthbearer", "OAUTHBEARER")];

/// How a server answered.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    In,
    /// With the challenge of RFC 7628 §3.2.2, and what was said when that was answered with nothing.
    Out(Value, String),
}

/// Signs in by IMAP, with the string in the first line (RFC 4959).
fn imap(dovecot: &Dovecot, mechanism: &str, string: &str) -> (Client, Answer) {
    let mut client = dovecot.imap();
    let line = client.say(&format!("a AUTHENTICATE {mechanism} {string}"));
    let answer = answered(&mut client, &line, "a OK ");
    (client, answer)
}

/// Signs in by POP3 (RFC 5034).
fn pop(dovecot: &Dovecot, mechanism: &str, string: &str) -> (Client, Answer) {
    let mut client = dovecot.pop();
    let line = client.say(&format!("AUTH {mechanism} {string}"));
    let answer = answered(&mut client, &line, "+OK ");
    (client, answer)
}

fn answered(client: &mut Client, line: &str, good: &str) -> Answer {
    if line.starts_with(good) {
        return Answer::In;
    }
    let challenge = line.strip_prefix("+ ").unwrap_or_else(|| panic!("no challenge: {line}"));
    let challenge = BASE64_STANDARD.decode(challenge).unwrap();
    Answer::Out(serde_json::from_slice(&challenge).unwrap(), client.say(""))
}

impl Answer {
    #[track_caller]
    fn refused(self) {
        let Self::Out(challenge, line) = self else { panic!("let in") };
        assert!(challenge["status"].is_string(), "{challenge}");
        assert!(line.starts_with("a NO ") || line.starts_with("-ERR "), "{line}");
    }
}

/// The string with `from` replaced by `to`: in the claims of its token, and outside of the token.
fn forged(string: &str, from: &str, to: &str) -> String {
    let text = String::from_utf8(BASE64_STANDARD.decode(string).unwrap()).unwrap();
    let (before, rest) = text.split_once("auth=Bearer ").unwrap();
    let token: Vec<&str> = rest.trim_end_matches('\u{1}').split('.').collect();
    let claims = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token[1]).unwrap()).unwrap();
    assert!(claims.contains(from) && before.contains(from), "something to forge");
    let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.replace(from, to));
    let (before, head, signature) = (before.replace(from, to), token[0], token[2]);
    BASE64_STANDARD.encode(format!("{before}auth=Bearer {head}.{claims}.{signature}\u{1}\u{1}"))
}

/// The keys that the emulator publishes.
pub(crate) fn published(emulator: &Emulator) -> Value {
    let request = ::http::Request::get("/organizations/discovery/v2.0/keys").body(Vec::new());
    match emulator.handle(request.unwrap(), RealClock.now()) {
        Reply::Answer(answer) => serde_json::from_slice(answer.body()).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Whose token this is, where Exchange takes it at `now`. Entra signs tokens for its own APIs over the hash of the nonce
/// in their header, so nobody but the API can check them: this is what it does.
pub(crate) fn exchange(keys: &Value, token: &str, now: i64) -> Option<String> {
    let bytes = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { return None };
    let mut header: Value = serde_json::from_slice(&bytes(header)?).ok()?;
    let nonce = Sha256::digest(header["nonce"].as_str()?);
    header["nonce"] = json!(BASE64_URL_SAFE_NO_PAD.encode(nonce));
    let signed = format!("{}.{claims}", BASE64_URL_SAFE_NO_PAD.encode(header.to_string()));
    let key = keys["keys"].as_array()?.iter().find(|key| key["kid"] == header["kid"])?;
    let (n, e) = (bytes(key["n"].as_str()?)?, bytes(key["e"].as_str()?)?);
    RsaPublicKeyComponents { n, e }
        .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &bytes(signature)?)
        .ok()?;
    let claims: Value = serde_json::from_slice(&bytes(claims)?).ok()?;
    let may = ["IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send"];
    let good = claims["aud"] == "https://outlook.office.com"
        && now < claims["exp"].as_i64()?
        && claims["scp"].as_str()?.split(' ').any(|scope| may.contains(&scope));
    good.then(|| claims["upn"].as_str().map(str::to_owned))?
}

/// A mail server that asks Exchange about every token. The clock of Exchange, in seconds ahead of ours.
fn microsofts(home: &Home) -> (Dovecot, Arc<AtomicI64>) {
    let ahead = Arc::<AtomicI64>::default();
    let keys = published(&home.emulation.emulator);
    let clock = Arc::clone(&ahead);
    let url = http::serve(move |request| {
        let now = RealClock.now().0 + clock.load(Ordering::Relaxed);
        let form: HashMap<_, _> = url::form_urlencoded::parse(request.body.as_bytes()).collect();
        match exchange(&keys, &form["token"], now) {
            Some(user) => (200, json!({ "active": true, "username": user })),
            None => (200, json!({ "active": false })),
        }
    });
    (Dovecot::new(&Judge::At(&format!("{url}/introspect"))), ahead)
}

#[test]
fn dovecot_opens_the_mailbox_by_imap_and_pop() {
    let home = Home::new();
    let (dovecot, _) = microsofts(&home);
    for (output, mechanism) in MECHANISMS {
        let string = home.printed(&["--job", "imap", "-o", output]);
        let (mut client, answer) = imap(&dovecot, mechanism, &string);
        assert_eq!(answer, Answer::In, "{}", dovecot.log());
        let selected = client.command("SELECT INBOX");
        assert!(selected.contains(&"* 0 EXISTS".to_owned()), "{selected:?}");
        assert!(selected.last().unwrap().starts_with("t OK "), "{selected:?}");

        let string = home.printed(&["--job", "pop", "-o", output]);
        let (mut client, answer) = pop(&dovecot, mechanism, &string);
        assert_eq!(answer, Answer::In, "{}", dovecot.log());
        assert_eq!(client.say("STAT"), "+OK 0 0");
    }
}

#[test]
fn dovecot_refuses_what_is_forged_or_expired_or_anothers() {
    let home = Home::new();
    let (dovecot, ahead) = microsofts(&home);
    for (output, mechanism) in MECHANISMS {
        let args = ["--job", "imap", "-o", output];
        let string = home.printed(&args);
        let refused = |string: &str| {
            imap(&dovecot, mechanism, string).1.refused();
            pop(&dovecot, mechanism, string).1.refused();
        };
        let anothers = home.printed(&[&args[..], &["--user", "lin@contoso.example"]].concat());
        refused(&anothers);
        let said = "Username 'lin@contoso.example' did not match 'ada@contoso.example'";
        assert!(dovecot.log().contains(said), "{}", dovecot.log());
        refused(&forged(&string, "ada@contoso.example", "lin@contoso.example"));
        refused(&home.printed(&["-o", output]));
        // Nothing but the time is different.
        ahead.store(2 * 3_600, Ordering::Relaxed);
        refused(&string);
        ahead.store(0, Ordering::Relaxed);
        assert_eq!(imap(&dovecot, mechanism, &string).1, Answer::In, "{}", dovecot.log());
    }
}

/// Why the others ask Exchange.
#[test]
fn dovecot_cannot_check_entras_signature_itself() {
    let home = Home::new();
    let keys = published(&home.emulation.emulator);
    let issuer = format!("https://sts.windows.net/{CONTOSO}/");
    let dovecot = Dovecot::new(&Judge::Keys { set: &keys, issuer: &issuer, user: "upn" });
    imap(&dovecot, "XOAUTH2", &home.printed(&["--job", "imap", "-o", "xoauth2"])).1.refused();
    assert!(dovecot.log().contains("Local validation failed: Bad signature"), "{}", dovecot.log());
}

/// Seconds that a token of the other provider lives.
const LIFE: u64 = 8;

#[test]
fn dovecot_checks_the_signature_of_another_provider_itself() {
    let api = "https://mail.example.org";
    let provider = Provider::new(&[("RESOURCE", api), ("ACCESS_TTL", &LIFE.to_string())]);
    let keys = provider.keys();
    let dovecot = Dovecot::new(&Judge::Keys { set: &keys, issuer: &provider.issuer, user: "sub" });
    let folder = tempfile::tempdir().unwrap();
    let entrada = || {
        let mut command = Command::new(ENTRADA);
        command
            .env_clear()
            .env("HOME", folder.path())
            .envs(provider.settings())
            .env("ENTRADA_STORE", "file")
            .env("ENTRADA_STORE_KEY", "5e".repeat(32));
        command
    };
    let login = start(entrada().arg("login"));
    Provider::person(&login, "approve");
    login.end().with(0);
    let string = |output: &str, user: &str| {
        let args = ["token", "--force-refresh", "-o", output, "--user", user];
        run(entrada().args(args)).with(0).line()
    };
    let mut good = Vec::new();
    for (output, mechanism) in MECHANISMS {
        let ada = string(output, "ada");
        let (mut client, answer) = imap(&dovecot, mechanism, &ada);
        assert_eq!(answer, Answer::In, "{}", dovecot.log());
        assert!(client.command("SELECT INBOX").last().unwrap().starts_with("t OK "));
        imap(&dovecot, mechanism, &forged(&ada, "ada", "lin")).1.refused();
        imap(&dovecot, mechanism, &string(output, "lin")).1.refused();
        good.push((mechanism, ada));
    }
    for (mechanism, ada) in good {
        within("the end of the token", || {
            let (_, answer) = imap(&dovecot, mechanism, &ada);
            sleep(Duration::from_millis(if answer == Answer::In { 200 } else { 0 }));
            (answer != Answer::In).then(|| answer.refused())
        });
    }
    let log = dovecot.log();
    for why in ["Bad signature", "Username 'lin' did not match 'ada'", "Token has expired"] {
        assert!(log.contains(why), "no `{why}` in {log}");
    }
}
