//! The program behind proxies, and where TLS is inspected: an emulated Entra ID on TLS under the name of a server that
//! only a proxy knows.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use entrada_auth::sys::{Clock as _, RealClock};
use entrada_emulator::serve::{self, Background, Tls};
use entrada_emulator::{Emulator, EmulatorOptions, Scenario};

use crate::desk::Desk;
use crate::program::{ENTRADA, Emulation, Ended, run};

const NAME: &str = "login.example.test";
const PASSWORD: &str = "p%40ssw0rd";

/// A home, an Entra ID for [`NAME`], and the certificate of who vouches for it in `ca.pem`.
struct Network {
    dir: tempfile::TempDir,
    port: u16,
    _running: Background,
}

impl Network {
    fn new() -> Self {
        let listeners = serve::bind(0).unwrap();
        let port = listeners[0].local_addr().unwrap().port();
        let base = format!("https://{NAME}").parse().unwrap();
        let scenario = Scenario::find("auto-approve").unwrap();
        let emulator = Arc::new(Emulator::new(EmulatorOptions {
            scenario,
            interval: 1,
            ..EmulatorOptions::new(base)
        }));
        let tls = Tls::of(&[NAME, "127.0.0.1"]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), tls.ca_pem()).unwrap();
        std::fs::write(dir.path().join("empty.pem"), "").unwrap();
        let clock = Arc::new(|| RealClock.now());
        let running = serve::spawn(emulator, listeners, Some(tls), clock).unwrap();
        Self { dir, port, _running: running }
    }

    fn file(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    /// `entrada login -vv` with these variables beside what it always needs.
    fn login(&self, variables: &[(&str, &str)], args: &[&str]) -> Ended {
        let mut command = Command::new(ENTRADA);
        command
            .env_clear()
            .env("HOME", self.dir.path())
            .env("ENTRADA_AUTHORITY", format!("https://{NAME}"))
            .env("ENTRADA_TENANT", "organizations")
            .env("ENTRADA_CLIENT_ID", Scenario::find("auto-approve").unwrap().client_id)
            .env("ENTRADA_STORE", "file")
            .env("ENTRADA_STORE_KEY", "5e".repeat(32))
            .env("SSL_CERT_FILE", self.file("ca.pem"))
            .envs(variables.iter().copied())
            .args(["login", "-vv", "--flow", "device"])
            .args(args);
        let ended = run(&mut command);
        let said = format!("{}{}", ended.out, ended.err);
        assert!(!said.contains(PASSWORD) && !said.contains("p@ssw0rd"), "{said}");
        ended
    }

    /// A proxy that wants `user` with [`PASSWORD`], and leads to the Entra ID whatever it is asked for.
    fn proxy(&self) -> u16 {
        let port = self.port;
        listen(move |mut client| {
            let mut head = Vec::new();
            let mut one = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut one).is_ok_and(|size| size == 1)
            {
                head.push(one[0]);
            }
            let head = String::from_utf8(head).unwrap();
            if !head.starts_with("CONNECT login.example.test:443 HTTP/1.1\r\n") {
                client.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").unwrap();
            } else if !head.contains(": Basic dXNlcjpwQHNzdzByZA==\r\n") {
                client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").unwrap();
            } else {
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
                join(client, TcpStream::connect(("127.0.0.1", port)).unwrap());
            }
        })
    }
}

fn listen(handle: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            handle(stream.unwrap());
        }
    });
    port
}

/// Carries what the two say to each other, from now on.
fn join(one: TcpStream, other: TcpStream) {
    for (mut from, mut to) in [(one.try_clone().unwrap(), other.try_clone().unwrap()), (other, one)]
    {
        thread::spawn(move || std::io::copy(&mut from, &mut to));
    }
}

fn with_login(port: u16) -> String {
    format!("http://user:{PASSWORD}@127.0.0.1:{port}")
}

#[test]
fn a_sign_in_goes_through_a_proxy_with_a_password() {
    let network = Network::new();
    let proxy = with_login(network.proxy());
    // SSL_CERT_FILE stands in the place of the system's certificates.
    network.login(&[("HTTPS_PROXY", &proxy)], &[]).with(0);
    // `--ca-bundle` stands beside others.
    let key = rcgen::KeyPair::generate().unwrap();
    let other = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    std::fs::write(network.file("other.pem"), other.pem()).unwrap();
    let inspected = [("ALL_PROXY", &*proxy), ("SSL_CERT_FILE", &network.file("other.pem"))];
    network.login(&inspected, &["--ca-bundle", &network.file("ca.pem")]).with(0);
    network
        .login(&inspected, &[])
        .with(6)
        .saying("error: the certificate of login.example.test was issued by `entrada emulator`, which is not trusted here\n  = help: if your network inspects TLS, give that authority's certificate with `--ca-bundle`");
    // Somebody who stands in the directory alone is found too: the file is only asked first.
    let directory = network.file("certificates");
    std::fs::create_dir(&directory).unwrap();
    let in_directory = [inspected[0], inspected[1], ("SSL_CERT_DIR", &*directory)];
    network.login(&in_directory, &[]).with(6).saying("which is not trusted here");
    std::fs::copy(network.file("ca.pem"), format!("{directory}/entra.pem")).unwrap();
    network.login(&in_directory, &[]).with(0);
    network.login(&in_directory, &["--ca-bundle", &network.file("other.pem")]).with(0);
}

#[test]
fn what_the_proxy_refuses_is_said_without_its_password() {
    let network = Network::new();
    let port = network.proxy();
    network
        .login(&[("HTTPS_PROXY", &format!("http://user:wrong-{PASSWORD}@127.0.0.1:{port}"))], &[])
        .with(6)
        .saying(&format!("error: no answer from login.example.test: the proxy 127.0.0.1:{port} does not take the user name and password it was given\n  = help: "));
    network
        .login(&[("https_proxy", &format!("127.0.0.1:{port}"))], &[])
        .with(6)
        .saying("asks for a user name and a password\n  = help: give both as `HTTPS_PROXY=http://user:password@host:port`");
    let other = ["--authority", "https://other.example.test"];
    network
        .login(&[("HTTPS_PROXY", &with_login(port))], &other)
        .with(6)
        .saying("did not let us through\n  = help: it may forbid other.example.test");
    network
        .login(&[("HTTPS_PROXY", &format!("http://user:{PASSWORD}#@127.0.0.1:{port}"))], &[])
        .with(2)
        .saying("error: the variable HTTPS_PROXY is not the address of a proxy");
}

#[test]
fn this_machine_is_reached_past_any_proxy() {
    let network = Network::new();
    let nobody = listen(drop);
    let authority = format!("https://127.0.0.1:{}", network.port);
    let proxy = with_login(nobody);
    let variables = [("HTTPS_PROXY", &*proxy), ("ALL_PROXY", &*proxy), ("HTTP_PROXY", &*proxy)];
    let ended = network.login(&variables, &["--authority", &authority]);
    // The answer names the server's own address, which only the proxy would know; that it came is what counts here.
    assert!(ended.err.contains("< 200"), "{ended:#?}");
}

#[test]
fn certificates_that_cannot_be_read_are_an_error_of_the_call() {
    let network = Network::new();
    let empty = network.file("empty.pem");
    for (variables, args, expected) in [
        (
            &[("SSL_CERT_FILE", "/nowhere")][..],
            &[][..],
            "error: no certificate could be read from what the variable SSL_CERT_FILE names: No such file",
        ),
        (
            &[("SSL_CERT_FILE", &*empty)],
            &["--ca-bundle", &network.file("ca.pem")],
            "names: there is no PEM certificate in it\n  = help: set it to the certificates to trust, or unset it",
        ),
        (
            &[],
            &["--ca-bundle", "/nowhere"],
            "error: cannot read the certificates in `/nowhere`: No such file",
        ),
        (
            &[],
            &["--ca-bundle", &empty],
            "empty.pem`: there is no PEM certificate in it\n  = help: it must hold certificates as PEM text",
        ),
    ] {
        network.login(variables, args).with(2).saying(expected);
    }
}

#[test]
fn a_refresh_is_one_request_on_one_connection_and_a_stored_token_is_none() {
    for desk in [Desk::unlocked(), Desk::bare()] {
        let store = if desk.is_owned() { "keyring" } else { "file" };
        let entra = Emulation::new("auto-approve");
        let log = desk.dir.path().join("calls");
        let set = |command: &mut Command| {
            command
                .envs(entra.settings())
                .env("ENTRADA_STORE", store)
                .env("ENTRADA_STORE_KEY", "5e".repeat(32));
        };
        let mut login = desk.command(ENTRADA);
        set(login.arg("login"));
        run(&mut login).with(0);
        for (args, connections) in [(&["token"][..], 0), (&["token", "--force-refresh"], 1)] {
            let before = entra.emulator.log().len();
            let mut traced = desk.command("strace");
            traced.args(["-f", "-e", "trace=connect,sendto,sendmmsg", "-o"]).arg(&log);
            set(traced.arg(ENTRADA).args(args));
            run(&mut traced).with(0);
            let calls = std::fs::read_to_string(&log).unwrap();
            // The resolver asks the system which of its addresses it would use: that is no connection.
            let to_port = format!("htons({})", entra.port());
            let made = calls.lines().filter(|call| call.contains(&to_port)).count();
            assert_eq!(made, connections, "{store}: {calls}");
            assert_eq!(entra.emulator.log().len() - before, connections, "{store}");
            let other = |call: &&str| call.contains("AF_INET") && !call.contains(&to_port);
            let far = calls.lines().filter(other).filter(|call| !call.contains("htons(0)")).count();
            assert_eq!(far, 0, "{store}: {calls}");
        }
    }
}

/// As in an image that holds the program alone: no file names `localhost`, and no server answers for it.
#[test]
fn localhost_is_this_machine_where_nothing_resolves_it() {
    let mut bwrap = Command::new("bwrap");
    bwrap
        .args(["--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/etc"])
        .args(["--tmpfs", "/home", "--unshare-net", "--clearenv", "--setenv", "HOME", "/home"])
        .args([ENTRADA, "demo"])
        .stdin(std::process::Stdio::null());
    run(&mut bwrap).with(0);
}
