//! A Postfix of the test's own: submission on loopback, for whoever Dovecot lets in, into one Maildir for everybody.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::certs::Certificate;
use crate::dovecot::{Dovecot, free_port};
use crate::program::{run, within};

/// With lines as long as Exchange takes: NeoMutt and others send the whole sign-in string with the command, and Postfix by itself
/// cuts that at 2048 bytes. HERE is its folder, SASL is where Dovecot listens, AUTH says whether anybody may sign in.
const MAIN: &str = "
compatibility_level = 3.6
queue_directory = HERE/spool
data_directory = HERE/data
maillog_file = HERE/log/mail.log
maillog_file_prefixes = HERE/log
multi_instance_name = postfix-entrada
mail_owner = postfix
setgid_group = postdrop
myhostname = localhost
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
mydestination =
alias_maps =
virtual_mailbox_domains = contoso.example
virtual_mailbox_base = HERE/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
line_length_limit = 16384
smtpd_delay_reject = no
smtpd_sasl_auth_enable = AUTH
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:SASL
smtpd_sasl_security_options = noanonymous
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = CERT
smtpd_tls_key_file = KEY
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_sender_login_maps = static:ada@contoso.example
smtpd_sender_restrictions = SENDERS
";

const MASTER: &str = "
127.0.0.1:SUBMISSION inet n - n - - smtpd
127.0.0.1:SUBMISSIONS inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
";

/// What it asks of whoever sends.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// Whether anybody may sign in at all.
    pub(crate) auth: bool,
    /// Whether the sender has to be who signed in.
    pub(crate) own_sender: bool,
}

/// A running server; dropping this ends it.
pub(crate) struct Postfix {
    dir: tempfile::TempDir,
    /// TLS on demand.
    pub(crate) port: u16,
    /// TLS from the first byte on.
    pub(crate) tls_port: u16,
}

impl Postfix {
    /// One that asks `dovecot` who may sign in. Only root can run it.
    pub(crate) fn new(dovecot: &Dovecot, certificate: &Certificate, rules: Rules) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let here = dir.path();
        fs::set_permissions(here, fs::Permissions::from_mode(0o755)).unwrap();
        let (port, tls_port) = (free_port(), free_port());
        for folder in ["etc", "spool", "data", "log", "mail"] {
            fs::create_dir(here.join(folder)).unwrap();
        }
        let owner: u32 =
            run(Command::new("id").args(["-u", "postfix"])).with(0).line().parse().unwrap();
        chown(here.join("data"), Some(owner), None).unwrap();
        chown(here.join("mail"), Some(65_534), Some(65_534)).unwrap();
        let yes = |is: bool| if is { "yes" } else { "no" };
        let main = MAIN
            .replace("HERE", here.to_str().unwrap())
            .replace("AUTH", yes(rules.auth))
            .replace("SASL", &dovecot.sasl.to_string())
            .replace("CERT", certificate.chain.to_str().unwrap())
            .replace("KEY", certificate.key.to_str().unwrap())
            .replace("SENDERS", if rules.own_sender { "reject_sender_login_mismatch" } else { "" });
        let master = MASTER
            .replace("SUBMISSIONS", &tls_port.to_string())
            .replace("SUBMISSION", &port.to_string());
        fs::write(here.join("etc/main.cf"), main).unwrap();
        fs::write(here.join("etc/master.cf"), master).unwrap();
        let postfix = Self { dir, port, tls_port };
        run(&mut postfix.command("start")).with(0);
        within("Postfix's greeting", || {
            let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let mut greeting = String::new();
            BufReader::new(stream).read_line(&mut greeting).ok()?;
            assert!(greeting.starts_with("220 localhost ESMTP"), "{greeting}\n{}", postfix.log());
            Some(())
        });
        postfix
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new("/usr/sbin/postfix");
        command.arg("-c").arg(self.dir.path().join("etc")).arg(what);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// What it has to say about all that.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log/mail.log")).unwrap_or_default()
    }

    /// The messages that came.
    pub(crate) fn messages(&self) -> Vec<String> {
        let folder: PathBuf = self.dir.path().join("mail/all/new");
        let Ok(messages) = fs::read_dir(folder) else { return Vec::new() };
        messages.map(|message| fs::read_to_string(message.unwrap().path()).unwrap()).collect()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = self.command("stop").output();
    }
}
