//! A Dovecot of the test's own: IMAP and POP3 on loopback, and an empty mailbox for everybody whose token is good.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::certs::Certificate;
use crate::program::{run, within};

/// As somebody without rights: HERE is its folder, USER and GROUP are who it runs as, GREETING is what it begins with.
/// Without `auth_debug`, for that has whole tokens in the log; and without the penalty for an address that was refused,
/// which is a wait of many seconds.
const CONFIG: &str = "
base_dir = HERE/run
state_dir = HERE/run
log_path = HERE/log
auth_verbose = yes
default_internal_user = USER
default_internal_group = GROUP
default_login_user = USER
protocols = imap pop3
mail_plugins = acl
plugin {
  acl = vfile:HERE/acl
}
listen = 127.0.0.1
TLS
login_greeting = GREETING
auth_mechanisms = xoauth2 oauthbearer
auth_failure_delay = 0
mail_location = maildir:~/mail
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = IMAP
  }
  inet_listener imaps {
    port = IMPLICIT_I
    ssl = yes
  }
}
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = POP
  }
  inet_listener pop3s {
    port = IMPLICIT_P
    ssl = yes
  }
}
service auth {
  inet_listener sasl {
    address = 127.0.0.1
    port = SASL
  }
}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = HERE/oauth2.conf
  override_fields = FIELDS
}
userdb {
  driver = static
  args = home=HERE/home/%u
}
";

/// How it tells a good token.
pub(crate) enum Judge<'a> {
    /// Somebody at this URL says so (RFC 7662), and whose it is in `username`.
    At(&'a str),
    /// By its signature with a key of this set (RFC 7517), and by its claims: this `iss`, and whose it is in `user`.
    Keys { set: &'a serde_json::Value, issuer: &'a str, user: &'a str },
}

/// What a server has beside.
#[derive(Default)]
pub(crate) struct Setup<'a> {
    /// TLS, on demand and on ports of their own.
    pub(crate) certificate: Option<&'a Certificate>,
    /// Fields of the passdb for everybody.
    pub(crate) fields: &'a str,
}

/// A running server; dropping this ends it.
pub(crate) struct Dovecot {
    dir: tempfile::TempDir,
    child: Child,
    pub(crate) imap: u16,
    pub(crate) pop: u16,
    /// With TLS from the first byte on.
    pub(crate) imaps: u16,
    pub(crate) pops: u16,
    /// Where Postfix asks who may sign in.
    pub(crate) sasl: u16,
}

impl Dovecot {
    pub(crate) fn new(judge: &Judge<'_>) -> Self {
        Self::with(judge, &Setup::default())
    }

    pub(crate) fn with(judge: &Judge<'_>, setup: &Setup<'_>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let here = dir.path();
        let (imap, pop, sasl) = (free_port(), free_port(), free_port());
        let (imaps, pops) = match setup.certificate {
            Some(_) => (free_port(), free_port()),
            None => (0, 0),
        };
        let tls = setup.certificate.map_or_else(
            || "ssl = no".to_owned(),
            |Certificate { chain, key, .. }| {
                format!("ssl = yes\nssl_cert = <{}\nssl_key = <{}", chain.display(), key.display())
            },
        );
        let greeting = here.file_name().unwrap().to_str().unwrap().to_owned();
        let (user, group) = if is_root() {
            ("nobody".to_owned(), "nogroup".to_owned())
        } else {
            let id = |flag| run(Command::new("id").arg(flag)).with(0).line();
            (id("-un"), id("-gn"))
        };
        let config = CONFIG
            .replace("HERE", here.to_str().unwrap())
            .replace("USER", &user)
            .replace("GROUP", &group)
            .replace("GREETING", &greeting)
            .replace("TLS", &tls)
            .replace("FIELDS", setup.fields)
            .replace("IMPLICIT_I", &imaps.to_string())
            .replace("IMPLICIT_P", &pops.to_string())
            .replace("SASL", &sasl.to_string())
            .replace("port = IMAP", &format!("port = {imap}"))
            .replace("port = POP", &format!("port = {pop}"));
        fs::write(here.join("dovecot.conf"), config).unwrap();
        fs::write(here.join("oauth2.conf"), judge.config(here)).unwrap();
        fs::write(here.join("acl"), "").unwrap();
        let mut command = Command::new("/usr/sbin/dovecot");
        command.arg("-F").arg("-c").arg(here.join("dovecot.conf"));
        if is_root() {
            chown(here, Some(NOBODY), Some(NOBODY)).unwrap();
            command.uid(NOBODY).gid(NOBODY);
        }
        let child = command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Dovecot must be installed: run tests/run");
        let mut dovecot = Self { dir, child, imap, pop, imaps, pops, sasl };
        for port in [imap, pop] {
            within("Dovecot's greeting", || {
                let ended = dovecot.child.try_wait().unwrap();
                assert!(ended.is_none(), "{ended:?}\n{}", dovecot.log());
                let first = Client::connect(port)?.1;
                assert!(first.ends_with(&greeting), "another server is on {port}: {first}");
                Some(())
            });
        }
        dovecot
    }

    /// A connection for IMAP (RFC 9051).
    pub(crate) fn imap(&self) -> Client {
        Client::connect(self.imap).unwrap().0
    }

    /// A connection for POP3 (RFC 1939).
    pub(crate) fn pop(&self) -> Client {
        Client::connect(self.pop).unwrap().0
    }

    /// Where the mail of `user` is kept.
    pub(crate) fn mailbox(&self, user: &str) -> PathBuf {
        self.dir.path().join("home").join(user).join("mail")
    }

    /// Puts messages into the mailbox of `user`: one that was read, one that was not, one that is new.
    pub(crate) fn fill(&self, user: &str) {
        let mailbox = self.mailbox(user);
        for (name, text) in [
            ("cur/1700000001.M1P1.here:2,S", "one"),
            ("cur/1700000002.M2P1.here:2,", "two"),
            ("new/1700000003.M3P1.here", "three"),
        ] {
            let message = format!("From: lin@contoso.example\r\nSubject: {text}\r\n\r\n{text}\r\n");
            let path = mailbox.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, message).unwrap();
        }
        fs::create_dir_all(mailbox.join("tmp")).unwrap();
        if is_root() {
            let home = self.dir.path().join("home");
            run(Command::new("chown").args(["-R", "nobody:nogroup"]).arg(home)).with(0);
        }
    }

    /// From now on everybody may see that there is an inbox, and nobody may open it.
    pub(crate) fn close_inboxes(&self) {
        fs::write(self.dir.path().join("acl"), "INBOX owner l\nINBOX authenticated l\n").unwrap();
    }

    /// What it has to say about all that.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // The master process ends those that it started when it is told to end, and not when it is killed.
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-s", "TERM", &pid]).status();
        let started = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if Duration::from_secs(10) < started.elapsed() {
                let _ = self.child.kill();
            }
            sleep(Duration::from_millis(5));
        }
    }
}

impl Judge<'_> {
    /// The settings of the passdb; keys are files in `here`.
    fn config(&self, here: &Path) -> String {
        match self {
            Self::At(url) => format!(
                "introspection_mode = post\nintrospection_url = {url}\nusername_attribute = username\n\
                 active_attribute = active\nactive_value = true\n"
            ),
            Self::Keys { set, issuer, user } => {
                for key in set["keys"].as_array().unwrap() {
                    // `azp`, or `default` where a token has none; then the algorithm and the name of the key.
                    let folder = here.join("keys/default/RS256");
                    fs::create_dir_all(&folder).unwrap();
                    fs::write(folder.join(key["kid"].as_str().unwrap()), pem(key)).unwrap();
                }
                format!(
                    "introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={}/keys/\n\
                     issuers = {issuer}\nusername_attribute = {user}\n",
                    here.display()
                )
            }
        }
    }
}

/// A public key of a set as OpenSSL reads it.
fn pem(key: &serde_json::Value) -> String {
    const SCRIPT: &str = "process.stdout.write(require('node:crypto').createPublicKey(\
        { key: JSON.parse(process.argv[1]), format: 'jwk' }).export({ type: 'spki', format: 'pem' }))";
    run(Command::new("node").args(["-e", SCRIPT, &key.to_string()])).with(0).out
}

/// Debian's `nobody` and `nogroup`. A server that root starts has to be somebody, or Dovecot opens no mailbox.
pub(crate) const NOBODY: u32 = 65_534;

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A port that nobody listens on, from a range that the kernel does not choose from by itself: Dovecot opens it a
/// little later.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const RANGE: u16 = 10_000;
    let start = u16::try_from(std::process::id() % 100).unwrap() * 100;
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % RANGE;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Somebody who speaks with the server line by line.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    /// With the greeting, where there is one in time.
    fn connect(port: u16) -> Option<(Self, String)> {
        let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut client = Self(BufReader::new(stream));
        let mut greeting = String::new();
        let size = client.0.read_line(&mut greeting).ok()?;
        (0 < size).then(|| (client, greeting.trim_end().to_owned()))
    }

    /// Sends one line, and takes the first line of the answer.
    #[track_caller]
    pub(crate) fn say(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.line()
    }

    /// The next line.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Sends an IMAP command under the tag `t`, and takes all lines of the answer.
    #[track_caller]
    pub(crate) fn command(&mut self, command: &str) -> Vec<String> {
        let mut lines = vec![self.say(&format!("t {command}"))];
        while !lines.last().unwrap().starts_with("t ") {
            lines.push(self.line());
            assert!(lines.last().is_some_and(|line| !line.is_empty()), "cut off: {lines:?}");
        }
        lines
    }
}
