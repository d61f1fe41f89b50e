//! The sandbox without namespaces: `--via proxy`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::sandbox::{METADATA, Place};

#[test]
fn by_proxy_the_record_says_what_it_lacks() {
    let place = Place::new();
    let (code, _, document) =
        place.findings(&["--via", "proxy", "--", "curl", "-sS", "-o", "/dev/null", METADATA]);
    assert_eq!((code, document["requests"].as_array().unwrap().len()), (0, 1));
    assert!(document["not_observed"].to_string().contains("HTTPS_PROXY"));
}

#[test]
fn by_proxy_nothing_remains_after_the_end_or_a_signal() {
    let place = Place::new();
    let leaves_one_behind = "sleep \"$0\" & echo $HOME; case $1 in wait) exec sleep \"$0\"; esac";
    for (number, signal) in [None, Some("TERM"), Some("INT"), Some("HUP")].into_iter().enumerate() {
        // No other run of this test has it.
        let mark = format!("{}00{number}", std::process::id());
        let what = signal.map_or("go", |_| "wait");
        let args = ["--via", "proxy", "--", "sh", "-c", leaves_one_behind, &mark, what];
        let mut running = place
            .command(None, &args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = std::io::BufReader::new(running.stdout.take().unwrap());
        let mut home = String::new();
        std::io::BufRead::read_line(&mut out, &mut home).unwrap();
        assert!(home.contains("/entrada-sandbox-"), "{home}");
        if let Some(signal) = signal {
            let sent =
                Command::new("kill").args(["-s", signal, &running.id().to_string()]).status();
            assert!(sent.unwrap().success());
        }
        let end = Instant::now() + Duration::from_secs(30);
        let code = loop {
            if let Some(status) = running.try_wait().unwrap() {
                break status.code();
            }
            assert!(Instant::now() < end, "it goes on after {signal:?}");
            std::thread::sleep(Duration::from_millis(20));
        };
        let expected = match signal {
            Some("TERM") => 143,
            Some("INT") => 130,
            Some(_) => 129,
            None => 0,
        };
        assert_eq!(code, Some(expected), "{signal:?}");
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let left = processes
            .map(|one| fs::read(one.path().join("cmdline")).unwrap_or_default())
            .any(|line| String::from_utf8_lossy(&line).contains(&mark));
        assert!(!left, "a process remains after {signal:?}");
        assert!(!Path::new(home.trim()).parent().unwrap().exists(), "the folder remains");
    }
}

/// As under `nohup`. The program gives the signal to entrada itself.
#[test]
fn by_proxy_a_signal_that_was_ignored_at_the_start_ends_nothing() {
    let place = Place::new();
    let inside = "kill -s HUP $PPID; sleep 1; echo finished";
    let own = place.command(None, &["--via", "proxy", "--", "sh", "-c", inside]);
    let ended = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
        .arg(own.get_program())
        .args(own.get_args())
        .current_dir(place.folder.path())
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(ended.stdout, b"finished\n", "{ended:?}");
}

#[test]
fn by_proxy_a_later_run_removes_what_a_killed_one_left() {
    let place = Place::new();
    let temporary = place.folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let mark = format!("{}0009", std::process::id());
    let script = "echo $HOME; exec sleep \"$0\"";
    let mut killed = place
        .command(None, &["--via", "proxy", "--", "sh", "-c", script, &mark])
        .env("TMPDIR", &temporary)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = std::io::BufReader::new(killed.stdout.take().unwrap());
    let mut home = String::new();
    std::io::BufRead::read_line(&mut out, &mut home).unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    let left = Path::new(home.trim()).parent().unwrap();
    assert!(left.starts_with(&temporary) && left.exists(), "{home}");
    let next = place
        .command(None, &["--via", "proxy", "--", "true"])
        .env("TMPDIR", &temporary)
        .output()
        .unwrap();
    assert!(next.status.success(), "{next:?}");
    assert!(fs::read_dir(&temporary).unwrap().next().is_none(), "the folder remains");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let remains = processes
        .map(|one| fs::read(one.path().join("cmdline")).unwrap_or_default())
        .any(|line| String::from_utf8_lossy(&line).contains(&mark));
    assert!(!remains, "a process of the killed run remains");
}
