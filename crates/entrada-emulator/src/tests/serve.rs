//! The emulator on real loopback sockets.

use std::sync::Arc;

use super::*;
use crate::serve::{Tls, bind, run, spawn};
use entrada_auth::sys::{Env, Http as _, RealHttp};

/// Runs `client` against a listening emulator, and returns its result.
fn with_server<T>(scenario: &str, tls: Option<Tls>, client: impl AsyncFnOnce(&str) -> T) -> T {
    with_server_of(scenario, tls, |_| (), client)
}

/// The same, with options changed by `set`.
fn with_server_of<T>(
    scenario: &str,
    tls: Option<Tls>,
    set: impl FnOnce(&mut EmulatorOptions),
    client: impl AsyncFnOnce(&str) -> T,
) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listeners = bind(0).unwrap();
    let port = listeners[0].local_addr().unwrap().port();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let base = format!("{scheme}://localhost:{port}");
    let mut options = EmulatorOptions::new(Url::parse(&base).unwrap());
    options.scenario = Scenario::find(scenario).unwrap();
    set(&mut options);
    let emulator = Arc::new(Emulator::new(options));
    let mut done = None;
    let until = async { done = Some(client(&base).await) };
    runtime.block_on(run(emulator, listeners, tls, Arc::new(|| T0), until)).unwrap();
    done.unwrap()
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy()
}

#[test]
fn it_answers_over_http_on_both_address_families() {
    let bodies = with_server("normal", None, async |base| {
        let client = builder().build().unwrap();
        let mut bodies = Vec::new();
        for host in ["localhost", "127.0.0.1"] {
            let url = format!("{}/common/discovery/v2.0/keys", base.replace("localhost", host));
            bodies.push(client.get(url).send().await.unwrap().text().await.unwrap());
        }
        let large =
            client.post(format!("{base}/common/oauth2/v2.0/token")).body(vec![b'x'; (1 << 20) + 1]);
        assert_eq!(large.send().await.unwrap().status(), 413);
        bodies
    });
    assert!(bodies[0].contains("\"kty\":\"RSA\""));
    assert_eq!(bodies[0], bodies[1]);
}

#[test]
fn it_serves_tls_to_clients_that_trust_its_authority() {
    let tls = Tls::new().unwrap();
    let ca = reqwest::Certificate::from_pem(tls.ca_pem().as_bytes()).unwrap();
    with_server("normal", Some(tls), async |base| {
        let url = format!("{base}/contoso.example/v2.0/.well-known/openid-configuration");
        let untrusting = builder().build().unwrap();
        assert!(untrusting.get(&url).send().await.is_err());
        let friend = builder().tls_certs_merge([ca]).build().unwrap();
        for host in ["localhost", "127.0.0.1"] {
            let answer = friend.get(url.replace("localhost", host)).send().await.unwrap();
            assert!(answer.text().await.unwrap().contains("device_authorization_endpoint"));
        }
    });
}

#[test]
fn each_name_that_a_client_asks_for_has_a_certificate() {
    let tls = Tls::for_every_name(&[]).unwrap();
    let ca = reqwest::Certificate::from_pem(tls.ca_pem().as_bytes()).unwrap();
    let names = |options: &mut EmulatorOptions| options.names = HostNames::Microsoft;
    with_server_of("normal", Some(tls), names, async |base| {
        let port = Url::parse(base).unwrap().port().unwrap();
        let at = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let mut client = builder().tls_certs_merge([ca]);
        let hosts =
            ["login.microsoftonline.com", "graph.microsoft.com", "dc.services.visualstudio.com"];
        for host in hosts {
            client = client.resolve(host, at);
        }
        let client = client.build().unwrap();
        let mut statuses = Vec::new();
        for host in hosts.iter().chain(&["localhost"]) {
            let url = format!("https://{host}:{port}/common/discovery/v2.0/keys");
            statuses.push(client.get(url).send().await.unwrap().status().as_u16());
        }
        assert_eq!(statuses, [200, 404, 421, 200]);
    });
    let tls = Tls::new().unwrap();
    let ca = reqwest::Certificate::from_pem(tls.ca_pem().as_bytes()).unwrap();
    with_server_of("normal", Some(tls), names, async |base| {
        let port = Url::parse(base).unwrap().port().unwrap();
        let at = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let client =
            builder().tls_certs_merge([ca]).resolve("graph.microsoft.com", at).build().unwrap();
        let answer = client.get(format!("https://graph.microsoft.com:{port}/v1.0/me")).send().await;
        assert!(answer.is_err(), "the certificate is for other names");
    });
}

#[test]
fn every_host_is_answered_where_that_is_wanted() {
    let names = |options: &mut EmulatorOptions| options.names = HostNames::Every;
    with_server_of("normal", None, names, async |base| {
        let port = Url::parse(base).unwrap().port().unwrap();
        let head = "GET / HTTP/1.1\r\nConnection: close\r\nHost: telemetry.example\r\n\r\n";
        let (answer, _) = raw(port, head).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    });
}

#[test]
fn a_mail_server_listens_beside_the_authority() {
    use crate::serve::{Endpoint, spawn_all};
    use std::io::{BufRead as _, BufReader, Write as _};

    let base = Url::parse("http://localhost").unwrap();
    let emulator = Arc::new(Emulator::new(EmulatorOptions::new(base)));
    let listeners = bind(0).unwrap();
    let port = listeners[0].local_addr().unwrap().port();
    let mail = Endpoint::Mail(entrada_core::Protocol::Imap, listeners, None);
    let server = spawn_all(emulator, vec![mail], Arc::new(|| T0)).unwrap();
    let connect = || {
        let socket = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        // A server that does not answer fails the test, and does not hang it.
        socket.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        socket
    };
    let socket = connect();
    let mut reader = BufReader::new(socket.try_clone().unwrap());
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line
    };
    assert!(line().starts_with("* OK "));
    (&socket).write_all(b"a LOGOUT\r\n").unwrap();
    assert_eq!(
        (line().starts_with("* BYE"), line().as_str(), line().as_str()),
        (true, "a OK LOGOUT completed.\r\n", "")
    );
    let long = connect();
    let _ = (&long).write_all(&vec![b'x'; 1 << 17]);
    let mut rest = Vec::new();
    let ended = std::io::Read::read_to_end(&mut &long, &mut rest).map_err(|error| error.kind());
    assert!(
        !matches!(ended, Err(std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)),
        "the connection stays open"
    );
    assert!(
        !String::from_utf8_lossy(&rest).contains("BAD"),
        "a line without an end is not answered"
    );
    drop(server);
}

#[test]
fn a_closed_connection_gives_no_response() {
    with_server("outage", None, async |base| {
        let client = builder().build().unwrap();
        let form = |body: &'static str| body.as_bytes().to_vec();
        let post = |path: &str, body: Vec<u8>| {
            let kind = "application/x-www-form-urlencoded";
            client
                .post(format!("{base}/common/oauth2/v2.0/{path}"))
                .header("content-type", kind)
                .body(body)
        };
        let start = form("client_id=11112222-3333-4444-8555-666677778888&scope=Mail.Read");
        let body = post("devicecode", start).send().await.unwrap().bytes().await.unwrap();
        let device: Value = serde_json::from_slice(&body).unwrap();
        let poll = format!(
            "grant_type=device_code&client_id={CLIENT}&device_code={}",
            device["device_code"].as_str().unwrap()
        );
        let mut statuses = Vec::new();
        for _ in 0..4 {
            let answer = post("token", poll.clone().into_bytes()).send().await;
            statuses.push(answer.ok().map(|answer| answer.status().as_u16()));
        }
        assert_eq!(statuses, [Some(400), Some(503), None, Some(503)]);
    });
}

#[test]
fn it_can_run_next_to_a_blocking_client_and_stops_when_dropped() {
    let listeners = bind(0).unwrap();
    let port = listeners[0].local_addr().unwrap().port();
    let base = Url::parse(&format!("http://127.0.0.1:{port}")).unwrap();
    let emulator = Arc::new(Emulator::new(EmulatorOptions::new(base.clone())));
    let server = spawn(emulator, listeners, None, Arc::new(|| T0)).unwrap();
    let ask = || {
        let url = format!("{base}organizations/discovery/keys");
        RealHttp::new(&Env::default()).send(Request::get(url).body(Vec::new()).unwrap())
    };
    assert_eq!(ask().unwrap().status(), 200);
    drop(server);
    assert!(ask().is_err());
}

/// The status line and the body of the response to `head`, sent unchanged.
async fn raw(port: u16, head: &str) -> (String, String) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

#[test]
fn it_accepts_its_own_host_names_and_no_others() {
    with_server_of(
        "normal",
        None,
        |options| options.hosts = vec!["idp.test".to_owned(), "[fd00::7]".to_owned()],
        async |base| {
            let port = Url::parse(base).unwrap().port().unwrap();
            for (target, hosts, expected) in [
                ("/", &["localhost:{port}"][..], "200"),
                ("/", &["localhost"], "200"),
                ("/", &["LOCALHOST:{port}"], "200"),
                ("/", &["localhost:1"], "200"),
                ("/", &["127.0.0.1:{port}"], "200"),
                ("/", &["127.0.0.1"], "200"),
                ("/", &["[::1]:{port}"], "200"),
                ("/", &["[::1]"], "200"),
                ("/", &["[0:0:0:0:0:0:0:1]:{port}"], "200"),
                ("/", &["idp.test:{port}"], "200"),
                ("/", &["IDP.test"], "200"),
                ("/", &["[fd00:0::7]:{port}"], "200"),
                ("http://localhost:{port}/", &["localhost:{port}"], "200"),
                ("http://idp.test/", &["idp.test"], "200"),
                ("/", &["evil.example"], "421"),
                ("/", &["evil.example:{port}"], "421"),
                ("/", &["localhost.evil.example:{port}"], "421"),
                ("/", &["127.0.0.1.evil.example"], "421"),
                ("/", &["a.idp.test"], "421"),
                ("/", &["192.0.2.1:{port}"], "421"),
                ("/", &["[fd00::8]:{port}"], "421"),
                ("/", &["0.0.0.0:{port}"], "421"),
                ("http://evil.example/", &["evil.example"], "421"),
                ("http://evil.example/", &["localhost:{port}"], "400"),
                ("http://localhost:{port}/", &["evil.example"], "400"),
                ("http://localhost:{port}/", &[], "400"),
                ("/", &[], "400"),
                ("/", &["localhost", "localhost"], "400"),
                ("/", &["localhost", "evil.example"], "400"),
                ("/", &[""], "400"),
                ("/", &["localhost:x"], "400"),
                ("/", &["evil.example@localhost:{port}"], "400"),
                ("/", &["::1"], "400"),
            ] {
                for version in ["1.0", "1.1"] {
                    let hosts: String =
                        hosts.iter().map(|host| ["Host: ", host, "\r\n"].concat()).collect();
                    let head =
                        format!("GET {target} HTTP/{version}\r\nConnection: close\r\n{hosts}\r\n");
                    let head = head.replace("{port}", &port.to_string());
                    let (answer, body) = raw(port, &head).await;
                    let status = answer.split(' ').nth(1).unwrap_or_default();
                    assert_eq!(status, expected, "{head}{answer}");
                    if expected != "200" {
                        assert!(answer.contains("content-type: text/plain"), "{answer}");
                        assert!(!body.is_empty() && !body.contains("evil"), "{body}");
                    }
                }
            }
        },
    );
}
