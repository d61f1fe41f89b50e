//! Signing in, and the Credential Manager.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use crate::machine::Machine;

/// Requests `address` and follows where it leads, as a browser would.
fn browse(address: &str) -> u16 {
    let mut url = url::Url::parse(address).unwrap();
    for _ in 0..10 {
        let host = url.host_str().unwrap().to_owned();
        let port = url.port_or_known_default().unwrap();
        let mut stream = TcpStream::connect((host.as_str(), port)).unwrap();
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        // The listener may close the connection before all of it is read.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let head = answer.split("\r\n\r\n").next().unwrap();
        let status: u16 = head.split_whitespace().nth(1).unwrap().parse().unwrap();
        let location = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
        });
        match location {
            Some(next) if (300..400).contains(&status) => url = url.join(&next).unwrap(),
            _ => return status,
        }
    }
    panic!("{address} leads nowhere");
}

#[test]
fn a_sign_in_by_device_code_is_kept_in_the_credential_manager_until_it_is_removed() {
    let machine = Machine::new("keyring", "auto-approve");
    machine.run(&["login"]).with(0);
    let first = machine.run(&["token"]).with(0);
    let posts = machine.posts("refresh_token");
    assert_eq!(machine.run(&["token"]).with(0).out, first.out, "the stored token is used");
    assert_eq!(machine.posts("refresh_token"), posts);
    let second = machine.run(&["token", "--force-refresh"]).with(0);
    assert_ne!(second.out, first.out);
    assert_eq!(machine.posts("refresh_token"), posts + 1);
    let doctor = machine.run(&["doctor"]);
    let said = doctor.out + &doctor.err;
    assert!(said.contains("Credential Manager: 4096 bytes were stored and read back"), "{said}");
    machine.assert_no_secret_in_files();
    machine.run(&["logout"]).with(0);
    assert_ne!(machine.run(&["token", "--no-interactive"]).code, Some(0));
}

#[test]
fn the_browser_comes_back_to_the_loopback_listener() {
    let machine = Machine::new("keyring", "auto-approve");
    let mut login = machine
        .entrada(&["login", "--flow", "browser"])
        .env("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")
        .spawn()
        .unwrap();
    let mut said = String::new();
    let address = BufReader::new(login.stderr.as_mut().unwrap()).lines().find_map(|line| {
        let line = line.unwrap();
        said += &(line.clone() + "\n");
        line.split_whitespace().find(|word| word.contains("/authorize?")).map(str::to_owned)
    });
    let address = address.unwrap_or_else(|| panic!("no address: {said}"));
    assert_eq!(browse(&address), 200);
    let mut rest = String::new();
    login.stderr.take().unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(login.wait().unwrap().code(), Some(0), "{said}{rest}");
    machine.run(&["token"]).with(0);
    machine.run(&["logout"]).with(0);
}

#[test]
fn the_demo_signs_in_and_ends_well() {
    let machine = Machine::new("memory", "auto-approve");
    let demo = machine.run(&["demo"]).with(0);
    assert!(!demo.out.contains('\r') && !demo.err.contains('\r'), "lines end as elsewhere");
}
