//! The real loopback listener, over real sockets, with hostile and malformed requests.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use entrada::cli::{self, Console, Exit};
use entrada::in_process::InProcess;
use entrada_auth::sys::testing::home_variables;
use entrada_auth::sys::{
    Browser, Clock as _, Env, HostKind, RealClock, RealEntropy, RealLoopback, RealPrograms,
    RealTerminal, Sys,
};
use entrada_emulator::{Emulator, EmulatorOptions, Reply, Scenario};
use url::Url;

/// A browser that is a thread with a script.
struct Scripted<F>(F, Mutex<Option<JoinHandle<Vec<String>>>>);

impl<F: Fn(Url) -> Vec<String> + Clone + Send + 'static> Browser for Scripted<F> {
    fn host_kind(&self, _: &Env) -> HostKind {
        HostKind::Desktop
    }
    fn open(&self, url: &Url, _: &Env) -> std::io::Result<mpsc::Receiver<std::io::Error>> {
        let (script, start) = (self.0.clone(), url.clone());
        *self.1.lock().unwrap() = Some(std::thread::spawn(move || script(sign_in_page(&start))));
        Ok(mpsc::channel().1)
    }
}

/// The address to which the listener sends the browser from `start`, once.
fn sign_in_page(start: &Url) -> Url {
    let target = Target { port: start.port().unwrap(), state: String::new() };
    let answer = target.get(start.path());
    assert_eq!(status(&answer), "303", "{answer}");
    let again = target.get(start.path());
    assert_eq!(status(&again), "410", "{again}");
    assert!(!again.contains("state="), "{again}");
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    Url::parse(location).unwrap()
}

fn emulator() -> Arc<Emulator> {
    let scenario = Scenario::find("auto-approve").unwrap();
    let base = Url::parse("http://localhost:8400").unwrap();
    Arc::new(Emulator::new(EmulatorOptions { scenario, ..EmulatorOptions::new(base) }))
}

/// Runs `entrada login args…`, with `script` at the browser; how it ended, all that was said, and what the script saw.
fn login(
    emulator: &Emulator,
    args: &[&str],
    script: impl Fn(Url) -> Vec<String> + Clone + Send + 'static,
) -> (Exit, String, Vec<String>) {
    let home = tempfile::tempdir().unwrap();
    let own = [
        ("ENTRADA_AUTHORITY", "http://localhost:8400"),
        ("ENTRADA_TENANT", "organizations"),
        ("ENTRADA_CLIENT_ID", Scenario::find("auto-approve").unwrap().client_id),
        ("ENTRADA_STORE", "memory"),
    ]
    .map(|(name, value)| (name, value.into()));
    let all = home_variables(home.path()).into_iter().chain(own);
    let env: Env = all.map(|(name, value)| (name.to_owned(), value)).collect();
    let browser = Scripted(script, Mutex::new(None));
    let wire = InProcess { emulator, clock: &RealClock };
    let sys = Sys {
        clock: &RealClock,
        http: &wire,
        dial: &wire,
        env: &env,
        terminal: &RealTerminal,
        browser: &browser,
        loopback: &RealLoopback,
        entropy: &RealEntropy,
        programs: &RealPrograms,
        policy_file: None,
    };
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let argv = "entrada login --flow browser --response-mode query --timeout 40s -vv".split(' ');
    let exit = cli::run(
        argv.chain(args.iter().copied()).map(Into::into),
        &sys,
        Console { stdin: &mut std::io::empty(), stdout: &mut stdout, stderr: &mut stderr },
    );
    let said = String::from_utf8([stdout, stderr].concat()).unwrap();
    let thread = browser.1.lock().unwrap().take().expect("the page was opened");
    (exit, said, thread.join().expect("the scripted requests succeed"))
}

/// Where the listener is and what it waits for, from the address that was opened.
struct Target {
    port: u16,
    state: String,
}

impl Target {
    fn of(url: &Url) -> Self {
        let value =
            |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        let redirect = Url::parse(&value("redirect_uri")).unwrap();
        Self { port: redirect.port().unwrap(), state: value("state") }
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket
    }

    /// Sends `bytes` and reads until the other side is done.
    fn send(&self, bytes: &[u8]) -> String {
        let mut socket = self.connect();
        // A listener that has had enough may close before it has read everything.
        let _ = socket.write_all(bytes);
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn get(&self, target: &str) -> String {
        self.send(self.head("GET", target, "").as_bytes())
    }

    fn head(&self, method: &str, target: &str, more: &str) -> String {
        format!("{method} {target} HTTP/1.1\r\nHost: localhost:{}\r\n{more}\r\n", self.port)
    }
}

/// The address with the code, as the emulator sends the browser there.
fn code_at(emulator: &Emulator, url: &Url) -> String {
    let request = http::Request::builder().uri(url.as_str()).body(Vec::new()).unwrap();
    let Reply::Answer(page) = emulator.handle(request, RealClock.now()) else { panic!() };
    let location = Url::parse(page.headers()["location"].to_str().unwrap()).unwrap();
    format!("/?{}", location.query().unwrap())
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[test]
fn ten_hostile_requests_neither_end_the_wait_nor_learn_anything() {
    let emulator = emulator();
    let server = Arc::clone(&emulator);
    let (exit, said, answers) = login(&emulator, &[], move |url| {
        let target = Target::of(&url);
        let state = &target.state;
        let mut seen = Vec::new();
        let mut expect = |answer: String, expected: &[&str]| {
            assert!(expected.contains(&status(&answer)), "expected {expected:?}: {answer}");
            seen.push(answer);
        };
        // 1. Browsers open connections ahead of need, and send nothing.
        let idle: Vec<TcpStream> = (0..200).map(|_| target.connect()).collect();
        // 2. A slow one: its head comes a byte at a time.
        let mut slow = target.connect();
        slow.write_all(b"GET /?code=slow").unwrap();
        // 3. A browser asks for the icon.
        expect(target.get("/favicon.ico"), &["404"]);
        // 4. A state that was guessed.
        expect(target.get("/?code=injected&state=guessed"), &["400"]);
        // 5. Another path.
        expect(target.get(&format!("/other?code=injected&state={state}")), &["404"]);
        // 6. Other methods, a probe for access from a public page among them.
        let form = format!("code=injected&state={state}");
        let more = format!(
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            form.len()
        );
        expect(
            target.send(format!("{}{form}", target.head("POST", "/", &more)).as_bytes()),
            &["405"],
        );
        let probe =
            "Origin: https://evil.example\r\nAccess-Control-Request-Private-Network: true\r\n";
        let answer = target.send(target.head("OPTIONS", "/", probe).as_bytes());
        assert!(!answer.to_ascii_lowercase().contains("access-control"), "{answer}");
        expect(answer, &["405"]);
        expect(
            target.send(target.head("HEAD", &format!("/?code=c&state={state}"), "").as_bytes()),
            &["405"],
        );
        // 7. A megabyte of header; a line that never ends.
        let header = format!("X-Long: {}\r\n", "x".repeat(1 << 20));
        expect(target.send(target.head("GET", "/", &header).as_bytes()), &["431", "none"]);
        expect(target.send(&vec![b'x'; 1 << 16]), &["400", "431", "414", "none"]);
        // 8. Another name that resolves to this machine, with everything else right.
        let foreign =
            format!("GET /?code=injected&state={state} HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        expect(target.send(foreign.as_bytes()), &["421"]);
        // 9. Whoever leaves before the answer; a TLS hello; noise.
        let mut early = target.connect();
        early.write_all(target.head("GET", "/favicon.ico", "").as_bytes()).unwrap();
        drop(early);
        expect(target.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), &["400", "none"]);
        expect(target.send(b"\0\xff\r\n\r\n"), &["400", "none"]);
        slow.write_all(b"&state=x").unwrap();

        // The right one; and 10., the same again.
        let right = code_at(&server, &url);
        let mut second = target.connect();
        let answer = target.get(&right);
        assert!(answer.contains("location: /result"), "{answer}");
        expect(answer, &["303"]);
        second.write_all(target.head("GET", &right, "").as_bytes()).unwrap();
        let mut again = Vec::new();
        second.read_to_end(&mut again).unwrap();
        expect(String::from_utf8(again).unwrap(), &["303"]);
        let page = target.get("/result");
        assert!(page.contains("You are signed in"), "{page}");
        expect(page, &["200"]);
        drop((idle, slow));
        // Nobody listens any more.
        let begun = RealClock.now();
        while TcpStream::connect(("127.0.0.1", target.port)).is_ok() {
            assert!(RealClock.now().seconds_since(begun) < 10, "the port is still open");
        }
        seen.push(target.state);
        seen
    });
    assert_eq!(exit, Exit::Success, "{said}");
    let log = emulator.log();
    let posts = log.iter().filter(|line| line.grant_type == Some("authorization_code")).count();
    assert_eq!(posts, 1, "one code, redeemed once");
    assert!(said.contains("signed in as ada@contoso.example"), "{said}");
    let (state, answers) = answers.split_last().unwrap();
    for answer in answers {
        assert!(!answer.contains(state), "the state leaked: {answer}");
        assert!(!answer.contains("injected"), "something was reflected: {answer}");
        for secret in emulator.secrets() {
            assert!(!answer.contains(&secret), "a secret leaked: {answer}");
        }
    }
    for secret in emulator.secrets() {
        assert!(!said.contains(&secret), "a secret was said: {said}");
    }
}

#[test]
fn a_form_of_more_than_64_kib_is_not_read() {
    let emulator = emulator();
    let server = Arc::clone(&emulator);
    let (exit, said, seen) = login(&emulator, &[], move |url| {
        let target = Target::of(&url);
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        let whole = |length: usize| {
            let head = target.head("POST", "/", &format!("{kind}Content-Length: {length}\r\n"));
            target.send(&[head.as_bytes(), &vec![b'x'; length]].concat())
        };
        let in_pieces = |length: usize| {
            let head = target.head("POST", "/", &format!("{kind}Transfer-Encoding: chunked\r\n"));
            let body =
                [format!("{length:x}\r\n").as_bytes(), &vec![b'x'; length], b"\r\n0\r\n\r\n"]
                    .concat();
            target.send(&[head.as_bytes(), &body].concat())
        };
        let most = 64 << 10;
        let answers = [whole(most), in_pieces(most), whole(most + 1), in_pieces(most + 1)];
        target.get(&code_at(&server, &url));
        answers.iter().map(|answer| status(answer).to_owned()).collect()
    });
    assert_eq!(exit, Exit::Success, "{said}");
    assert_eq!(seen[..2], ["405", "405"], "read, and no answer");
    // What is sent after the listener has closed may cost the client the answer.
    assert!(seen[2..].iter().all(|status| ["413", "none"].contains(&&**status)), "{seen:?}");
}

#[test]
fn a_port_that_is_taken_on_one_address_is_not_used() {
    let taken = std::net::TcpListener::bind("[::1]:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    assert!(entrada_auth::sys::bind(port).is_err(), "whoever has it would get the code");
    let free = entrada_auth::sys::bind(0).unwrap();
    assert_eq!(free.len(), 2);
    assert!(free.iter().all(|socket| socket.local_addr().unwrap().ip().is_loopback()));
    let same = free[0].local_addr().unwrap().port() == free[1].local_addr().unwrap().port();
    assert!(same);
}

#[test]
fn a_browser_that_never_comes_for_the_page_holds_nobody_for_long() {
    let emulator = emulator();
    let server = Arc::clone(&emulator);
    let (exit, said, _) = login(&emulator, &[], move |url| {
        let target = Target::of(&url);
        let mut socket = target.connect();
        socket.write_all(target.head("GET", &code_at(&server, &url), "").as_bytes()).unwrap();
        Vec::new()
    });
    assert_eq!(exit, Exit::Success, "{said}");
}

#[test]
fn the_command_ends_within_a_second_of_the_answer_whoever_still_sends() {
    let emulator = emulator();
    let server = Arc::clone(&emulator);
    let passed = Arc::new(Mutex::new(RealClock.stopwatch()));
    let clock = Arc::clone(&passed);
    let (exit, said, at) = login(&emulator, &[], move |url| {
        let target = Target::of(&url);
        for _ in 0..8 {
            let mut socket = target.connect();
            let head = target.head("POST", "/", "Content-Length: 1000\r\n");
            socket.write_all(head.as_bytes()).unwrap();
            std::thread::spawn(move || {
                while socket.write_all(b"x").is_ok() {
                    RealClock.sleep(Duration::from_millis(100)).unwrap();
                }
            });
        }
        let answer = target.get(&code_at(&server, &url));
        assert_eq!(status(&answer), "303");
        vec![(clock.lock().unwrap())().as_millis().to_string()]
    });
    assert_eq!(exit, Exit::Success, "{said}");
    let waited = (passed.lock().unwrap())().as_millis() - at[0].parse::<u128>().unwrap();
    assert!(waited < 1_700, "{waited} ms");
}
