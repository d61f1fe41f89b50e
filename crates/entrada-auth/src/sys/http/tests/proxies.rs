//! Tests of working and failing proxies. Only a proxy could resolve the target's name.

use super::servers::{Asked, Authority, Identity, OK, hang, plain, proxy, say, tls, tunnel};
use super::*;

const TARGET: &str = "https://login.example.test/token";
const PASSWORD: &str = "s3cr%40t";

fn through(port: u16) -> Env {
    env(&[("HTTPS_PROXY", &format!("http://127.0.0.1:{port}"))])
}

fn with_login(port: u16) -> Env {
    env(&[("HTTPS_PROXY", &format!("http://us%3Aer:{PASSWORD}@127.0.0.1:{port}"))])
}

fn only(asked: &Asked) -> String {
    let heads = asked.lock().unwrap();
    assert_eq!(heads.len(), 1, "{heads:?}");
    heads[0].clone()
}

#[test]
fn a_proxy_gets_the_host_name_and_the_server_behind_it_is_checked() {
    let authority = Authority::new("Contoso");
    let server = tls(authority.issue(&["login.example.test"]), OK);
    let (port, asked) = proxy(tunnel(server));
    let answer = get(TARGET, &through(port), &[&authority.pem()]).unwrap();
    assert_eq!(answer.body(), b"ok");
    let head = only(&asked);
    assert!(head.starts_with("CONNECT login.example.test:443 HTTP/1.1\r\n"), "{head}");
    assert!(!head.to_lowercase().contains("proxy-authorization"), "{head}");
    let error = get(TARGET, &through(port), &[]).unwrap_err();
    assert_eq!(
        full_text(&error),
        "the certificate of login.example.test was issued by `Contoso`, which is not trusted here"
    );
}

#[test]
fn user_name_and_password_are_sent_decoded_and_shown_nowhere() {
    let authority = Authority::new("Contoso");
    let server = tls(authority.issue(&["login.example.test"]), OK);
    let (port, asked) = proxy(tunnel(server));
    get(TARGET, &with_login(port), &[&authority.pem()]).unwrap();
    // `us:er:s3cr@t`, RFC 7617 §2.
    let head = only(&asked);
    let sent = head.lines().filter_map(|line| line.split_once(": "));
    let found = sent.filter(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"));
    assert_eq!(found.map(|(_, value)| value).collect::<Vec<_>>(), ["Basic dXM6ZXI6czNjckB0"]);
}

#[test]
fn this_machine_is_reached_directly_whatever_the_variables_say() {
    let authority = Authority::new("Contoso");
    let server = tls(authority.issue(&["localhost", "127.0.0.1"]), OK);
    let plain = plain(&[OK]);
    let (port, asked) = proxy(hang);
    let address = format!("http://127.0.0.1:{port}");
    let env = env(
        &["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "http_proxy"].map(|name| (name, &*address))
    );
    for url in [
        format!("https://localhost:{server}/"),
        format!("https://127.0.0.1:{server}/"),
        format!("http://localhost:{plain}/"),
        format!("http://127.0.0.1:{plain}/"),
    ] {
        let answer = get(&url, &env, &[&authority.pem()])
            .unwrap_or_else(|error| panic!("{url}: {}", full_text(&error)));
        assert_eq!(answer.status(), 200);
    }
    assert!(asked.lock().unwrap().is_empty());
}

/// A port of this machine without a listener.
fn closed() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn every_failure_of_a_proxy_has_its_own_error() {
    const DENIED: &[u8] = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\ndenied";
    const BAD_GATEWAY: &[u8] = b"HTTP/1.1 502 Bad Gateway\r\n\r\n";
    const LOGIN: &[u8] = b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"x\"\r\n\r\n";
    const ESTABLISHED: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";
    let asking = |answer| proxy(say(answer)).0;
    for (port, login, fault, expected) in [
        (closed(), false, ProxyFault::Unreachable, "could not connect to the proxy PROXY"),
        (
            asking(&[LOGIN]),
            false,
            ProxyFault::Login { given: false },
            "the proxy PROXY asks for a user name and a password",
        ),
        (
            asking(&[LOGIN]),
            true,
            ProxyFault::Login { given: true },
            "the proxy PROXY does not take the user name and password it was given",
        ),
        (asking(&[DENIED]), true, ProxyFault::Refused, "the proxy PROXY did not let us through"),
        (
            asking(&[BAD_GATEWAY]),
            false,
            ProxyFault::Refused,
            "the proxy PROXY did not let us through",
        ),
        (
            asking(&[b"garbage\r\n\r\n"]),
            false,
            ProxyFault::Refused,
            "the proxy PROXY did not let us through",
        ),
        (proxy(drop).0, false, ProxyFault::Closed, "the proxy PROXY closed the connection unasked"),
        (proxy(hang).0, true, ProxyFault::Silent, "the proxy PROXY gave no connection within 10 s"),
        (
            asking(&[ESTABLISHED, b"<html>Welcome to the hotel</html>"]),
            false,
            ProxyFault::NotTlsBehind,
            "what answers through the proxy PROXY does not speak TLS",
        ),
        // If the page arrives in the same packet, it is taken for a part of the answer to the CONNECT.
        (
            asking(&[b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>Welcome</html>"]),
            false,
            ProxyFault::Silent,
            "the proxy PROXY gave no connection within 10 s",
        ),
        (
            proxy(|mut stream| {
                let _ = std::io::Write::write_all(&mut stream, ESTABLISHED);
            })
            .0,
            false,
            ProxyFault::CutBehind,
            "the connection through the proxy PROXY was closed in the TLS handshake",
        ),
    ] {
        let env = if login { with_login(port) } else { through(port) };
        let error = get_within(SHORT, TARGET, &env, &[]).unwrap_err();
        let name = format!("127.0.0.1:{port}");
        let failure = ProxyFailure { proxy: name.clone(), fault };
        assert_eq!(error.failure, HttpFailure::Proxy(Box::new(failure)), "{}", full_text(&error));
        let expected = expected.replace("PROXY", &name);
        assert_eq!(error.to_string(), format!("no answer from login.example.test: {expected}"));
        for text in [full_text(&error), format!("{error:?}"), format!("{env:?}")] {
            assert!(
                !text.contains("s3cr") && !text.contains("us%3Aer") && !text.contains("us:er"),
                "{text}"
            );
        }
    }
}

#[test]
fn a_tls_proxy_is_checked_like_a_server() {
    let authority = Authority::new("Contoso");
    let plain = serve(say(&[b"HTTP/1.1 400 Bad Request\r\n\r\n"]));
    let https = |port: u16| env(&[("HTTPS_PROXY", &format!("https://127.0.0.1:{port}"))]);
    let error = get_within(SHORT, TARGET, &https(plain), &[]).unwrap_err();
    let HttpFailure::Proxy(failure) = &error.failure else { panic!("{}", full_text(&error)) };
    assert_eq!(failure.fault, ProxyFault::NotTls, "{}", full_text(&error));

    let refusing = |identity: Identity| tls(identity, b"HTTP/1.1 403 Forbidden\r\n\r\n");
    let port = refusing(authority.issue(&["127.0.0.1"]));
    let error = get(TARGET, &https(port), &[]).unwrap_err();
    assert_eq!(
        full_text(&error),
        "the certificate of the proxy 127.0.0.1 was issued by `Contoso`, which is not trusted here"
    );
    let error = get(TARGET, &https(port), &[&authority.pem()]).unwrap_err();
    let HttpFailure::Proxy(failure) = &error.failure else { panic!("{}", full_text(&error)) };
    assert_eq!(failure.fault, ProxyFault::Refused);
}

#[test]
fn a_variable_that_is_not_an_address_is_an_error_before_anything_is_sent() {
    let env = env(&[("HTTPS_PROXY", "http://user:s3cret#@proxy.example:8080")]);
    let error = get(TARGET, &env, &[]).unwrap_err();
    assert_eq!(
        full_text(&error),
        "the variable HTTPS_PROXY is not the address of a proxy: it is no URL"
    );
    assert!(!format!("{error:?}").contains("s3cret"));
}
