//! Tests of the client with real sockets on loopback.

mod certificates;
mod proxies;
mod servers;

use std::time::Duration;

use super::*;
use servers::{Authority, OK, head, serve, tls};

fn bundle(pem: Vec<u8>) -> Bundle {
    Bundle { file: "x.pem".to_owned(), pem }
}

/// The client's time limits for a connection, and in total, in these tests.
const SHORT: (Duration, Duration) = (Duration::from_millis(400), Duration::from_millis(800));

fn env(variables: &[(&str, &str)]) -> Env {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
}

/// Fetches `url` with `env`. Trusts `authorities` in addition to the system's.
fn get(url: &str, env: &Env, authorities: &[&[u8]]) -> Result<HttpResponse, HttpError> {
    get_within((CONNECT_TIMEOUT, TOTAL_TIMEOUT), url, env, authorities)
}

fn get_within(
    (connect_timeout, total_timeout): (Duration, Duration),
    url: &str,
    env: &Env,
    authorities: &[&[u8]],
) -> Result<HttpResponse, HttpError> {
    let http = RealHttp { connect_timeout, total_timeout, ..RealHttp::new(env) };
    // An authority that signed nothing, because these tests also run on machines without certificates.
    http.trust(bundle(Authority::new("nobody").pem()));
    for pem in authorities {
        http.trust(bundle(pem.to_vec()));
    }
    http.send(http::Request::get(url).body(Vec::new()).unwrap())
}

/// The error as the user reads it, with all causes.
fn full_text(error: &HttpError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(current) = cause {
        text = format!("{text}; {current}");
        cause = current.source();
    }
    text
}

#[test]
fn no_redirect_is_followed_and_no_endless_body_is_read() {
    let redirect = servers::plain(&[
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
    ]);
    let answer = get(&format!("http://127.0.0.1:{redirect}/"), &Env::default(), &[]).unwrap();
    assert_eq!(answer.status(), 302);
    let endless = serve(|mut stream| {
        head(&mut stream);
        let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\n\r\n");
        while std::io::Write::write_all(&mut stream, &[b'x'; 4096]).is_ok() {}
    });
    let error = get(&format!("http://127.0.0.1:{endless}/"), &Env::default(), &[]).unwrap_err();
    assert_eq!(error.failure, HttpFailure::TooLarge);
    // Long for a token response, but still read: it may contain the only refresh token.
    let large = serve(|mut stream| {
        head(&mut stream);
        let _ =
            std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        let _ = std::io::Write::write_all(&mut stream, &vec![b'x'; 3 << 20]);
    });
    let answer = get(&format!("http://127.0.0.1:{large}/"), &Env::default(), &[]).unwrap();
    assert_eq!(answer.body().len(), 3 << 20);
}

#[test]
fn deadlines_hold_at_every_stage() {
    let authority = Authority::new("Contoso");
    let pem = authority.pem();
    let identity = || authority.issue(&["localhost"]);
    let silent = serve(servers::hang);
    let slow = tls(identity(), b"");
    let dripping = tls(identity(), b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
    for (port, failure) in [
        (silent, HttpFailure::ConnectTimeout),
        (slow, HttpFailure::Timeout),
        (dripping, HttpFailure::Timeout),
    ] {
        let url = format!("https://localhost:{port}/");
        let error = get_within(SHORT, &url, &Env::default(), &[&pem]).unwrap_err();
        assert_eq!(error.failure, failure, "{}", full_text(&error));
    }
}

#[test]
fn a_request_ends_with_what_it_belongs_to() {
    let port = serve(servers::hang);
    let env = Env::default();
    let http = RealHttp { total_timeout: SHORT.1, ..RealHttp::new(&env) };
    let timeout = Duration::from_secs(4);
    for (left, failure) in [
        (Duration::from_millis(200), HttpFailure::Deadline { timeout }),
        (Duration::from_secs(60), HttpFailure::Timeout),
    ] {
        let request = http::Request::get(format!("http://127.0.0.1:{port}/"));
        let request = request.extension(RequestDeadline { left, timeout }).body(Vec::new());
        assert_eq!(http.send(request.unwrap()).unwrap_err().failure, failure);
    }
}

#[test]
fn a_body_that_breaks_off_is_handed_over_where_it_is_wanted() {
    let body = br#"{"access_token":"a","refresh_token":"r"}"#;
    let head = |more: &str| format!("HTTP/1.1 200 OK\r\n{more}\r\n\r\n").into_bytes();
    let of_length = [&head("content-length: 90")[..], body].concat();
    let in_chunks = [&head("transfer-encoding: chunked")[..], b"28\r\n", body, b"\r\n"].concat();
    for answer in [of_length, in_chunks] {
        let port = serve(move |mut stream| {
            servers::head(&mut stream);
            let _ = std::io::Write::write_all(&mut stream, &answer);
        });
        let env = Env::default();
        let http = RealHttp::new(&env);
        let request = || http::Request::get(format!("http://127.0.0.1:{port}/"));
        let error = http.send(request().body(Vec::new()).unwrap()).unwrap_err();
        assert_eq!(error.failure, HttpFailure::Broken);
        let answer = http.send(request().extension(KeepPartial).body(Vec::new()).unwrap()).unwrap();
        assert_eq!(answer.body(), body);
        let cut = answer.extensions().get::<CutOff>().unwrap();
        assert_eq!((&cut.failure, cut.host.contains("127.0.0.1")), (&HttpFailure::Broken, true));
    }
    let port = serve(|mut stream| {
        let sent = servers::head(&mut stream).to_ascii_lowercase();
        assert!(sent.contains("accept-encoding: identity"), "{sent}");
        let _ = std::io::Write::write_all(&mut stream, OK);
    });
    assert!(get(&format!("http://127.0.0.1:{port}/"), &Env::default(), &[]).is_ok());
}

#[test]
fn plain_http_to_another_machine_is_refused_without_a_connection() {
    let error = get("http://login.example.test/", &Env::default(), &[]).unwrap_err();
    assert_eq!(error.failure, HttpFailure::Insecure);
}

#[test]
fn plain_http_to_this_machine_needs_no_certificates() {
    let port = servers::plain(&[OK]);
    let env = env(&[("SSL_CERT_FILE", "/nowhere")]);
    let http = RealHttp::new(&env);
    let request =
        || http::Request::get(format!("http://127.0.0.1:{port}/")).body(Vec::new()).unwrap();
    assert_eq!(http.send(request()).unwrap().body(), b"ok");
}

#[test]
fn the_version_of_http_is_offered_by_name() {
    let (sender, offered) = std::sync::mpsc::channel();
    let port = serve(move |mut stream| {
        let mut acceptor = rustls::server::Acceptor::default();
        while acceptor.read_tls(&mut stream).is_ok_and(|size| size != 0) {
            if let Ok(Some(accepted)) = acceptor.accept() {
                let alpn = accepted.client_hello().alpn();
                sender
                    .send(alpn.into_iter().flatten().map(<[u8]>::to_vec).collect::<Vec<_>>())
                    .unwrap();
                return;
            }
        }
    });
    let error = get(&format!("https://localhost:{port}/"), &Env::default(), &[]).unwrap_err();
    assert_eq!(offered.recv().unwrap(), [b"http/1.1".to_vec()]);
    assert_eq!(error.failure, HttpFailure::Cut, "{}", full_text(&error));
}
