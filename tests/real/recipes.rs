//! Mail programs of others, with the configuration that `entrada recipe` printed, unedited.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::dovecot::is_root;
use crate::postfix::{Postfix, Rules};
use crate::probe::Mailroom;
use crate::program::{ENTRADA, Ended, run, within};
use crate::terminal::at_terminal;

/// Where the mail is read, and where it is sent.
struct Desk {
    room: Mailroom,
    postfix: Option<Postfix>,
}

impl Desk {
    /// With three messages for Ada.
    fn reading() -> Self {
        let room = Mailroom::new();
        room.dovecot.fill("ada@contoso.example");
        Self { room, postfix: None }
    }

    fn sending() -> Self {
        assert!(is_root(), "only root can run Postfix");
        let desk = Self::reading();
        let rules = Rules { auth: true, own_sender: true };
        let postfix = Postfix::new(&desk.room.dovecot, &desk.room.certificate, rules);
        Self { postfix: Some(postfix), ..desk }
    }

    fn home(&self) -> &Path {
        self.room.home.folder.path()
    }

    /// What `entrada recipe` prints for `client`, with TLS of this kind.
    fn recipe(&self, client: &str, security: &str) -> String {
        let dovecot = &self.room.dovecot;
        let implicit = security == "implicit";
        let imap = if implicit { dovecot.imaps } else { dovecot.imap };
        let smtp =
            self.postfix.as_ref().map_or(587, |own| if implicit { own.tls_port } else { own.port });
        let mut command = self.room.home.command(ENTRADA);
        command
            .args(["recipe", client, "--security", security, "--ca-bundle"])
            .arg(&self.room.certificate.ca)
            .args(["--imap-server", &format!("localhost:{imap}")])
            .args(["--smtp-server", &format!("localhost:{smtp}")]);
        run(&mut command).with(0).out
    }

    /// Writes the recipe where it belongs.
    fn follow(&self, client: &str, security: &str, file: &str) -> PathBuf {
        let path = self.home().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, self.recipe(client, security)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Runs a line of shell at home.
    fn shell(&self, line: &str) -> Ended {
        let mut command = self.room.home.command("bash");
        command.current_dir(self.home()).env("TERM", "xterm").args(["-c", line]);
        run(&mut command)
    }

    /// The subjects of the messages in this Maildir.
    fn subjects(&self, maildir: &str) -> Vec<String> {
        subjects(&self.home().join(maildir))
    }

    #[track_caller]
    fn good(&self, ended: Ended) -> Ended {
        let postfix = self.postfix.as_ref().map(Postfix::log).unwrap_or_default();
        assert_eq!(ended.code, Some(0), "{ended:#?}\n{}\n{postfix}", self.room.dovecot.log());
        ended
    }
}

/// The subjects of the messages in `maildir`.
fn subjects(maildir: &Path) -> Vec<String> {
    let mut found: Vec<String> = ["cur", "new"]
        .iter()
        .filter_map(|folder| fs::read_dir(maildir.join(folder)).ok())
        .flatten()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .filter_map(|text| {
            let subject = text.lines().find_map(|line| line.strip_prefix("Subject: "))?;
            Some(subject.trim().to_owned())
        })
        .collect();
    found.sort();
    found
}

const ALL: [&str; 3] = ["one", "three", "two"];

#[test]
fn mbsync_mirrors_the_mailbox() {
    for security in ["implicit", "starttls"] {
        let desk = Desk::reading();
        desk.follow("mbsync", security, ".mbsyncrc");
        desk.good(desk.shell("mkdir -p ~/Mail/outlook && mbsync -a"));
        assert_eq!(desk.subjects("Mail/outlook/INBOX"), ALL);
    }
}

/// A new user without a keyring: `config init` with the answers that it suggests, `recipe mbsync`, and mbsync as a timer runs it.
#[test]
fn mbsync_runs_from_cron_after_the_first_dialogue() {
    let room = Mailroom::new();
    room.dovecot.fill("ada@contoso.example");
    let home = tempfile::tempdir().unwrap();
    let path =
        format!("{}:/usr/local/bin:/usr/bin:/bin", Path::new(ENTRADA).parent().unwrap().display());
    let command = |program: &str| {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", home.path()).env("PATH", &path).current_dir(home.path());
        command
    };
    let mut terminal = command("script");
    terminal
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");
    let init = format!(
        "{ENTRADA} config init work --authority {} --tenant organizations \
         --client-id e1a7a000-0000-4000-8000-000000000002 --job imap",
        room.home.emulation.base
    );
    let (code, shown) = at_terminal(terminal, &init, "Your choice [2]", b"\r");
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("signed in as ada@contoso.example"), "{shown}");
    let mut recipe = command(ENTRADA);
    recipe
        .args(["recipe", "mbsync", "work", "--security", "implicit"])
        .args(["--imap-server", &format!("localhost:{}", room.dovecot.imaps), "--ca-bundle"])
        .arg(&room.certificate.ca);
    let recipe = run(&mut recipe).with(0);
    assert!(!recipe.err.contains("warning"), "{recipe:#?}");
    let file = home.path().join(".mbsyncrc");
    fs::write(&file, &recipe.out).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    // cron: no terminal, a session of its own, and almost no environment.
    let first = "mkdir -p ~/Mail/work && mbsync -a";
    for line in [first, "mbsync -a"] {
        let mut cron = command("setsid");
        cron.args(["--wait", "/bin/sh", "-c", line]);
        let ended = run(&mut cron);
        assert_eq!(ended.code, Some(0), "{ended:#?}\n{}", room.dovecot.log());
        assert_eq!(subjects(&home.path().join("Mail/work/INBOX")), ALL);
    }
}

#[test]
fn getmail_fetches_the_mail() {
    let desk = Desk::reading();
    desk.follow("getmail", "implicit", ".config/getmail/getmailrc");
    // It delivers nothing as root.
    let drop = if is_root() {
        "chown -R nobody: ~ && setpriv --reuid=65534 --regid=65534 --clear-groups"
    } else {
        ""
    };
    desk.good(desk.shell(&format!("mkdir -p ~/Mail/{{new,cur,tmp}} && {drop} getmail")));
    assert_eq!(desk.subjects("Mail"), ALL);
}

#[test]
fn offlineimap_mirrors_the_mailbox() {
    let desk = Desk::reading();
    desk.follow("offlineimap", "implicit", ".offlineimaprc");
    desk.good(desk.shell("mkdir -p ~/Mail && offlineimap -o -u basic"));
    assert_eq!(desk.subjects("Mail/outlook/INBOX"), ALL);
}

#[test]
fn curl_and_python_look_into_the_inbox() {
    for security in ["implicit", "starttls"] {
        let desk = Desk::reading();
        desk.follow("curl", security, "look.sh");
        let seen = desk.good(desk.shell("bash look.sh"));
        assert!(seen.out.contains("* 3 EXISTS"), "{seen:#?}");
        desk.follow("python", security, "look.py");
        let seen = desk.good(desk.shell("python3 look.py"));
        assert_eq!(seen.out, "('OK', [b'3'])\n");
    }
}

/// A message for Lin, by `command`, which has it on standard input.
fn sends(client: &str, security: &str, file: &str, command: &str) {
    let desk = Desk::sending();
    desk.follow(client, security, file);
    let message =
        "From: ada@contoso.example\\nTo: lin@contoso.example\\nSubject: sent\\n\\nby entrada\\n";
    desk.good(desk.shell(&format!("printf '{message}' | {command}")));
    let postfix = desk.postfix.as_ref().unwrap();
    let messages = within("the message", || Some(postfix.messages()).filter(|all| !all.is_empty()));
    assert!(messages[0].contains("Subject: sent"), "{messages:?}");
    assert!(postfix.log().contains("sasl_username=ada@contoso.example"), "{}", postfix.log());
}

#[test]
fn msmtp_sends() {
    sends("msmtp", "starttls", ".msmtprc", "msmtp lin@contoso.example");
    sends("msmtp", "implicit", ".msmtprc", "msmtp lin@contoso.example");
}

#[test]
fn neomutt_sends_and_reads() {
    sends("neomutt", "starttls", ".neomuttrc", "neomutt -s sent lin@contoso.example");
    let desk = Desk::sending();
    desk.follow("neomutt", "implicit", ".neomuttrc");
    // Copies every message, as somebody at a terminal would.
    let keys = "<tag-pattern>.<enter><tag-prefix><copy-message>~/copied<enter>y<exit>y";
    let line = format!(
        "mkdir -p ~/.cache && script -qec \"neomutt -e 'set confirmcreate=no; push {keys}'\" /dev/null"
    );
    let mut read = desk.room.home.command("timeout");
    read.current_dir(desk.home()).env("TERM", "xterm").args(["30", "bash", "-c", &line]);
    let ended = run(&mut read);
    let copied = fs::read_to_string(desk.home().join("copied")).unwrap_or_default();
    for subject in ALL {
        assert!(
            copied.contains(&format!("Subject: {subject}")),
            "{ended:#?}\n{}",
            desk.room.dovecot.log()
        );
    }
}

#[test]
fn git_sends_a_patch() {
    let desk = Desk::sending();
    desk.follow("msmtp", "starttls", ".msmtprc");
    desk.follow("git-send-email", "starttls", ".gitconfig");
    let line = "git config --global user.name Ada && git config --global user.email ada@contoso.example && \
        git init -q repository && cd repository && git commit -q --allow-empty -m begin && echo a > a && git add a && \
        git commit -q -m change && git send-email -1 --to lin@contoso.example --confirm never";
    desk.good(desk.shell(line));
    let postfix = desk.postfix.as_ref().unwrap();
    let messages = within("the patch", || Some(postfix.messages()).filter(|all| !all.is_empty()));
    assert!(messages[0].contains("Subject: [PATCH] change"), "{messages:?}");
}

#[test]
fn what_is_missing_is_said() {
    let desk = Desk::reading();
    let mut command = Command::new(ENTRADA);
    command.env_clear().env("HOME", desk.home()).env("PATH", "/nowhere");
    command.args(["recipe", "mbsync", "--client-id", "11111111-2222-4333-8444-555555555555"]);
    command.args(["--store", "memory"]);
    run(&mut command)
        .with(0)
        .saying("warning: no account is signed in yet, so `you@example.com` stands for the address: sign in with `entrada login --client-id")
        .saying("warning: there is no `mbsync` on this machine's PATH")
        .saying("warning: `entrada` itself is not on the PATH");
}
