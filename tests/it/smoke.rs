//! The real program as a process of its own, on real sockets, with nothing in its environment.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use entrada_auth::sys::testing::home_variables;
use tempfile::TempDir;

const KEY: &str = "0011223344556677889900112233445566778899001122334455667788990011";

pub(crate) fn entrada(home: &TempDir) -> Command {
    #[cfg(unix)]
    crate::default_signals::are_default_for_children();
    let mut command = Command::new(env!("CARGO_BIN_EXE_entrada"));
    command.env_clear().envs(home_variables(home.path())).stdin(Stdio::null());
    command
}

/// `entrada emulator` as a process; ends when dropped.
pub(crate) struct Emulator {
    child: Child,
    base: String,
}

impl Emulator {
    pub(crate) fn start(home: &TempDir, args: &[&str]) -> Self {
        let mut child = entrada(home)
            .args(["emulator", "--port", "0", "--scenario", "auto-approve", "--interval", "1"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut base = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut base).unwrap();
        Self { child, base: base.trim().to_owned() }
    }

    /// Leads `command` here.
    pub(crate) fn set<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("ENTRADA_AUTHORITY", &self.base)
            .env("ENTRADA_TENANT", "organizations")
            .env("ENTRADA_CLIENT_ID", "e1a7a000-0000-4000-8000-000000000002")
            .env("ENTRADA_STORE", "file")
            .env("ENTRADA_STORE_KEY", KEY)
    }

    pub(crate) fn client(&self, home: &TempDir, args: &[&str]) -> Output {
        self.set(entrada(home).args(args)).output().unwrap()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn sign_in_and_token_work_over_plain_http_on_this_machine_and_over_tls() {
    let home = TempDir::new().unwrap();
    let ca = home.path().join("ca.pem");
    let ca = ca.to_str().unwrap();
    for (emulator_args, client_args) in [(&[][..], &[][..]), (&["--tls", ca], &["--ca-bundle", ca])]
    {
        let emulator = Emulator::start(&home, emulator_args);
        let login = emulator.client(&home, &[&["login"], client_args].concat());
        assert_eq!(login.status.code(), Some(0), "{}", text(&login.stderr));
        assert_eq!(text(&login.stdout), "");
        let token = emulator.client(&home, &[&["token"], client_args].concat());
        assert_eq!(token.status.code(), Some(0), "{}", text(&token.stderr));
        assert_eq!(text(&token.stdout).lines().count(), 1);
        assert_eq!(text(&token.stderr), "");
    }
}

#[test]
fn an_untrusted_certificate_is_refused_and_explained() {
    let home = TempDir::new().unwrap();
    let ca = home.path().join("ca.pem");
    let emulator = Emulator::start(&home, &["--tls", ca.to_str().unwrap()]);
    let login = emulator.client(&home, &["login"]);
    assert_eq!(login.status.code(), Some(6), "{}", text(&login.stderr));
    assert!(text(&login.stderr).contains("--ca-bundle"), "{}", text(&login.stderr));
}

#[test]
fn nobody_at_the_address_is_a_temporary_failure() {
    let home = TempDir::new().unwrap();
    let emulator = Emulator {
        child: entrada(&home).arg("--version").spawn().unwrap(),
        base: "http://localhost:9".into(),
    };
    let login = emulator.client(&home, &["login"]);
    assert_eq!(login.status.code(), Some(6), "{}", text(&login.stderr));
}

#[test]
fn the_demo_shows_everything_and_leaves_nothing() {
    let home = TempDir::new().unwrap();
    let demo = entrada(&home).arg("demo").output().unwrap();
    assert_eq!(demo.status.code(), Some(0), "{}", text(&demo.stderr));
    let stdout = text(&demo.stdout);
    for part in [
        "signed in as ada@contoso.example",
        "kept in ",
        "from the store  0 requests",
        "by refresh      1 request",
        "ok: no problem found for `graph-mail-read`",
        "error[missing-scope]: `Mail.Read` is missing",
        "error[missing-offline-access]",
    ] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    assert_eq!(
        std::fs::read_dir(home.path()).unwrap().count(),
        0,
        "nothing of the user's is touched"
    );
}

#[cfg(unix)]
#[test]
fn the_demo_needs_no_folder_for_temporary_files() {
    let home = TempDir::new().unwrap();
    let missing = home.path().join("missing");
    let demo =
        entrada(&home).arg("demo").env("TMPDIR", missing).current_dir(&home).output().unwrap();
    assert_eq!(demo.status.code(), Some(0), "{}", text(&demo.stderr));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_demo_with_its_own_number() {
    use rustix::process::{Pid, Signal, kill_process};
    for (signal, code) in [(Signal::HUP, 129), (Signal::INT, 130), (Signal::TERM, 143)] {
        let home = TempDir::new().unwrap();
        let mut demo = entrada(&home)
            .arg("demo")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(demo.stderr.take().unwrap()).lines().map(Result::unwrap);
        // It has sent something by then, and waits for a second.
        assert!(said.any(|line| line.contains("/devicelogin")));
        kill_process(Pid::from_child(&demo), signal).unwrap();
        assert_eq!(demo.wait().unwrap().code(), Some(code), "{:?}", said.collect::<Vec<_>>());
    }
}

#[test]
fn a_full_disk_for_stdout_is_a_failure_and_the_grant_is_kept() {
    let home = TempDir::new().unwrap();
    let emulator = Emulator::start(&home, &[]);
    assert_eq!(emulator.client(&home, &["login"]).status.code(), Some(0));
    if let Ok(full) = std::fs::File::options().write(true).open("/dev/full") {
        let status = entrada(&home)
            .args(["token", "--force-refresh"])
            .env("ENTRADA_AUTHORITY", &emulator.base)
            .env("ENTRADA_TENANT", "organizations")
            .env("ENTRADA_CLIENT_ID", "e1a7a000-0000-4000-8000-000000000002")
            .env("ENTRADA_STORE", "file")
            .env("ENTRADA_STORE_KEY", KEY)
            .stdout(full)
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(1));
    }
    assert_eq!(emulator.client(&home, &["token"]).status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_program_gets_the_token_and_takes_our_place() {
    let home = TempDir::new().unwrap();
    let emulator = Emulator::start(&home, &[]);
    assert_eq!(emulator.client(&home, &["login"]).status.code(), Some(0));
    let token = text(&emulator.client(&home, &["token"]).stdout);
    let run = |args: &[&str]| emulator.client(&home, &[&["exec"], args].concat());

    let in_variable = run(&["--", "sh", "-c", "echo $ACCESS_TOKEN; exit 7"]);
    assert_eq!((text(&in_variable.stdout), in_variable.status.code()), (token.clone(), Some(7)));
    let named = run(&["--variable", "T", "--", "sh", "-c", "echo $T$ACCESS_TOKEN"]);
    assert_eq!(text(&named.stdout), token);
    let by_descriptor = run(&["--fd", "9", "--", "sh", "-c", "env | grep -c eyJ; cat <&9"]);
    assert_eq!(text(&by_descriptor.stdout), format!("0\n{}", token.trim()));

    // Other users can see the arguments of a program.
    for by in [&[][..], &["--fd", "9"]] {
        let script = ["--", "sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline", "sh", "own"];
        let seen = text(&run(&[by, &script].concat()).stdout);
        if cfg!(target_os = "linux") {
            assert_eq!(seen, "sh -c tr '\\0' ' ' </proc/$$/cmdline sh own ", "{by:?}");
        }
    }

    // Signals and limits are the program's own.
    let killed = run(&["--", "sh", "-c", "kill -TERM $$"]);
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&killed.status), Some(15));
    let limit = run(&["--", "sh", "-c", "ulimit -S -c"]);
    let mut own = Command::new("sh");
    assert_eq!(
        text(&limit.stdout),
        text(&own.args(["-c", "ulimit -S -c"]).output().unwrap().stdout)
    );

    for (program, code) in [("/nowhere/at-all", 127), ("/", 126)] {
        let failed = run(&["--", program]);
        assert_eq!(failed.status.code(), Some(code), "{}", text(&failed.stderr));
        assert!(text(&failed.stderr).contains(&format!("cannot run `{program}`")));
    }
}

#[cfg(unix)]
#[test]
fn called_az_it_answers_as_the_azure_cli_does() {
    let home = TempDir::new().unwrap();
    let emulator = Emulator::start(&home, &[]);
    assert_eq!(emulator.client(&home, &["login"]).status.code(), Some(0));
    let az = home.path().join("az");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_entrada"), &az).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(&az);
        emulator.set(command.env_clear().env("HOME", home.path()).args(args)).output().unwrap()
    };
    let question = ["account", "get-access-token", "--output", "json", "--resource"];
    let answer = run(&[&question[..], &["https://graph.microsoft.com"]].concat());
    assert_eq!(answer.status.code(), Some(0), "{}", text(&answer.stderr));
    let document: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert!(document["accessToken"].as_str().is_some_and(|token| token.starts_with("eyJ")));
    assert!(document["expires_on"].is_i64() && document["tokenType"] == "Bearer", "{document}");
    let bare = run(&[&question[..2], &["--query", "accessToken", "-o", "tsv"]].concat());
    assert_eq!(bare.status.code(), Some(0), "{}", text(&bare.stderr));
    assert_eq!(text(&bare.stdout).lines().count(), 1);
    let other = run(&["vm", "list"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(text(&other.stderr).contains("supports only `az account get-access-token`"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_gets_one_descriptor_and_the_signals_that_were_ignored() {
    let home = TempDir::new().unwrap();
    let emulator = Emulator::start(&home, &[]);
    assert_eq!(emulator.client(&home, &["login"]).status.code(), Some(0));
    let run = |args: &[&str]| emulator.client(&home, &[&["exec"], args].concat());
    // Whatever the one who runs the tests left open counts in both. Without a pipe of the shell's own, which comes and goes.
    let open = "set -- /proc/$$/fd/*; echo $#";
    let closed = format!("exec 9<&-; {open}");
    let without = text(&run(&["--", "sh", "-c", open]).stdout);
    let with = text(&run(&["--fd", "9", "--", "sh", "-c", &closed]).stdout);
    assert_eq!(with, without, "nothing of the token's pipe is left");
    let high = run(&["--fd", "255", "--", "sh", "-c", "ulimit -n"]);
    assert_eq!(high.status.code(), Some(0), "{}", text(&high.stderr));

    // As under `nohup`, with a request in between.
    let line = format!(
        "trap '' HUP; exec {} exec --min-ttl 2h -- sh -c 'kill -HUP $$; echo survived'",
        env!("CARGO_BIN_EXE_entrada")
    );
    let mut shell = Command::new("sh");
    shell.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").args(["-c", &line]);
    let survived = emulator.set(&mut shell).output().unwrap();
    assert_eq!(text(&survived.stdout), "survived\n", "{}", text(&survived.stderr));

    let low = format!("ulimit -n 64; exec {} exec --fd 100 -- true", env!("CARGO_BIN_EXE_entrada"));
    let mut shell = Command::new("sh");
    shell.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").args(["-c", &low]);
    let refused = emulator.set(&mut shell).output().unwrap();
    assert_eq!(refused.status.code(), Some(126), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("the descriptor 100"), "{}", text(&refused.stderr));
}
