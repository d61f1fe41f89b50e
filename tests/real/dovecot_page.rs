//! The page docs/recipes/dovecot.md: its files as they are, with a real Dovecot.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::dovecot::{NOBODY, free_port, is_root};
use crate::pages::root;
use crate::program::{ENTRADA, run, start, within};

/// The first block of `page` in `language`.
fn block<'p>(page: &'p str, language: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// `command`, as an ordinary user: Dovecot's processes do not run as root.
fn as_user(command: &mut Command) -> &mut Command {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

#[test]
fn the_page_leads_to_a_dovecot_that_takes_the_tokens() {
    let page = fs::read_to_string(root().join("docs/recipes/dovecot.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (entra, imap) = (free_port(), free_port());
    let at = |text: &str| {
        text.replace("10143", &imap.to_string())
            .replace("localhost:8400", &format!("localhost:{entra}"))
    };
    fs::write(here.join("jwks-to-pem.py"), block(&page, "python")).unwrap();
    fs::write(here.join("run-dovecot.sh"), at(block(&page, "sh"))).unwrap();
    if is_root() {
        chown(here, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    // The commands of the page, by their first words.
    let command = |words: &str| {
        let joined = page.replace("\\\n", " ");
        let line = joined
            .lines()
            .find_map(|line| line.strip_prefix("$ ").filter(|own| own.starts_with(words)));
        at(line.unwrap_or_else(|| panic!("no `{words}` in the page")))
    };
    let home = tempfile::tempdir().unwrap();
    let bin = Path::new(ENTRADA).parent().unwrap();
    let shell = |line: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(here).env_clear().env("HOME", home.path());
        shell.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
        shell
    };
    let emulator = command("entrada emulator") + &format!(" --port {entra}");
    let emulator = start(&mut shell(&format!("exec {emulator}")));
    emulator.hear_of("sign in to it");
    // Without a terminal nothing is asked, and the store has to be named.
    run(&mut shell(&(command("entrada config init") + " --store file"))).with(0);
    let claims = run(&mut shell(&command("entrada token mail | entrada inspect"))).with(0).out;
    for claim in [
        "https://sts.windows.net/0c0ffee0-1111-4222-8333-444455556666/",
        "api://contoso.example/mail",
    ] {
        assert!(claims.contains(claim) && page.contains(claim), "{claims}");
    }
    let dovecot = start(as_user(&mut shell(&format!("exec {}", command("sh run-dovecot.sh")))));
    let log = || fs::read_to_string(here.join("log")).unwrap_or_default();
    within("Dovecot's start", || log().contains("starting up").then_some(()));
    let probe = || run(&mut shell(&command("entrada probe mail")));
    probe().with(11);
    assert!(log().contains("not found"), "no key is there yet: {}", log());
    run(as_user(&mut shell(&command("python3 jwks-to-pem.py")))).with(0);
    let probed = probe().with(0);
    assert!(
        probed.out.contains("accepted the token, and opened the mailbox"),
        "{probed:?}\n{}",
        log()
    );
    let recipe = command("entrada recipe mbsync");
    run(&mut shell(&recipe)).with(0);
    run(&mut shell(&command("mkdir -p ~/Mail/mail && mbsync"))).with(0);
    for running in [dovecot, emulator] {
        running.signal("TERM");
        running.end();
    }
}
