//! What people paste: tokens among words, secrets beside errors, files that are none, and what is meant to do harm.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entrada::cli::Exit;
use serde_json::Value;

use crate::judging::{READS, diagnose, jwt};

#[test]
fn no_secret_that_was_pasted_with_an_error_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    let token = jwt(READS);
    for (text, secret) in [
        (
            "curl -d client_secret=abc8Q~value -d x=y\nAADSTS7000215: Invalid client secret."
                .to_owned(),
            "abc8Q",
        ),
        (format!("Bearer {token} gives AADSTS50076: use MFA"), token.rsplit('.').next().unwrap()),
        ("user=ada password=hunter2 AADSTS50126: no".to_owned(), "hunter2"),
        (
            format!("535 5.7.3 Authentication unsuccessful for {token}"),
            token.rsplit('.').next().unwrap(),
        ),
        (
            "C: a1 LOGIN ada hunter2\nS: a1 NO LOGIN failed for hunter2 password=hunter2"
                .to_owned(),
            "password=hunter2",
        ),
        (
            format!(
                "HTTP/1.1 401 no\n\n{{\"error\":{{\"code\":\"x\",\"message\":\"no: {token}\"}}}}"
            ),
            token.rsplit('.').next().unwrap(),
        ),
    ] {
        for format in ["human", "json", "sarif", "github"] {
            let ran = diagnose(&["-o", format, "--report", page.to_str().unwrap()], &text);
            let page = std::fs::read_to_string(&page).unwrap();
            for out in [&ran.stdout, &ran.stderr, &page] {
                assert!(!out.contains(secret), "{format}: {secret} in {out}");
            }
        }
    }
}

#[test]
fn no_refusal_is_called_well() {
    let answer = |head: &str, body: &str| {
        format!(
            "> GET /v1.0/me HTTP/2\n> Host: graph.microsoft.com\n> Authorization: Bearer {}\n>\n< {head}\n<\n{body}",
            jwt(READS)
        )
    };
    for (text, verdict) in [
        (answer("HTTP/2 401", ""), "undetermined"),
        (answer("HTTP/2 302\n< location: https://portal.example/", ""), "undetermined"),
        (
            answer("HTTP/2 200\n< content-type: text/html", "<html>Welcome to Hotel WiFi</html>"),
            "problem",
        ),
        (answer("HTTP/2 403\n< server: squid", "<html>blocked</html>"), "problem"),
        (answer("HTTP/2 200\n< content-type: application/json", "{\"id\":1}"), "ok"),
        (answer("HTTP/2 401", "").replace("graph.microsoft.com", "api.example.com"), "problem"),
    ] {
        let ran = diagnose(&["-o", "json"], &text);
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(document["verdict"], verdict, "{text}\n{document:#}");
    }
}

#[test]
fn tokens_are_found_in_what_people_put_around_them() {
    let token = jwt(READS);
    let utf_16: Vec<u8> = std::iter::once(0xfeff_u16)
        .chain(token.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, utf_16).unwrap();
    assert_eq!(diagnose(&[file.to_str().unwrap()], "").exit, Exit::Success);
    for text in [
        format!("export TOKEN=\"{token}\""),
        format!("curl -H 'Authorization: Bearer {token}' https://graph.microsoft.com/v1.0/me"),
        format!("```\n{token}\n```"),
        format!("{{\"data\":{{\"access_token\":\"{token}\"}}}}"),
        format!("http://localhost/#access_token={token}&token_type=Bearer&expires_in=3599"),
        READS.to_owned(),
    ] {
        let ran = diagnose(&["-o", "json"], &text);
        assert!(
            ran.stdout.contains(r#""serves":["graph-mail-list-metadata""#),
            "{text}: {}",
            ran.stdout
        );
    }
    let two = diagnose(&[], &format!("{token}\n{}\n", jwt(r#"{"aud":"api://mine","scp":"do"}"#)));
    assert!(two.stdout.contains("it contains several tokens"), "{}", two.stdout);
    let code = diagnose(&[], "http://localhost:8080/?code=0.AXoAabc&state=x");
    assert!(code.stdout.contains("refresh-token-used-as-access-token"), "{}", code.stdout);
}

#[test]
fn several_inputs_are_joined_or_judged_one_by_one_and_a_file_that_is_not_there_is_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("one"), jwt(READS)).unwrap();
    std::fs::write(path("two"), jwt(READS)).unwrap();
    let ran = diagnose(&[&path("one"), &path("two")], "");
    assert_eq!(ran.stdout.matches("ok: no problem found").count(), 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("are diagnosed separately"), "{}", ran.stderr);
    let ran = diagnose(&[&path("one"), "hello"], "");
    assert!(ran.stderr.contains("hello is skipped: it is not a token"), "{}", ran.stderr);
    let ran = diagnose(&["nofile.jwt"], "");
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.stderr.contains("there is no file `nofile.jwt`"), "{}", ran.stderr);
    let ran = diagnose(&[folder.path().to_str().unwrap()], "");
    assert!(ran.stderr.contains("is a folder"), "{}", ran.stderr);
}

#[test]
fn no_hostile_input_is_more_than_an_error() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let many = format!("{{\"a\":[{}1]}}", "1,".repeat(300_000));
    let lines = "a1 NO x\n".repeat(200_000);
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    for input in [
        "x".repeat(10 << 20),
        "eyJ".repeat(4 << 20),
        format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", "A".repeat(10 << 20)),
        "\n".repeat(10 << 20) + "x",
        "HTTP/1.1 401 no\n".repeat(600_000),
        format!("HTTP/1.1 401 no\nWWW-Authenticate: Bearer {}", "a=\"b\",".repeat(300_000)),
        format!("{{\"version\":1,\"token\":{deep}}}"),
        format!("{{\"log\":{{\"entries\":{deep}}}}}"),
        many,
        lines,
        format!("AADSTS{}", "9".repeat(1 << 20)),
        "AADSTS65001 ".repeat(500_000),
        format!("http://localhost/?error=x&{}", "a=b&".repeat(400_000)),
        format!("C: a AUTHENTICATE XOAUTH2 {}\nS: a NO x", "QUFB".repeat(1 << 20)),
        r#"{"version":1,"version":2,"token":"a","token":"b","now":99999999999999999999999}"#
            .to_owned(),
        format!(
            "{}.{}.x",
            part(r#"{"alg":"RS256"}"#),
            part(r#"{"aud":"https://graph.microsoft.com","aud":1,"exp":1e400}"#)
        ),
        format!(
            "{}.{}.x",
            part(r#"{"alg":"RS256"}"#),
            part(r#"{"exp":99999999999999999999,"nbf":-9e99,"iat":"x","scp":7,"roles":{}}"#)
        ),
        "\u{202e}\u{1b}[2J\u{0}\u{7}".repeat(1000),
        String::from_utf8_lossy(&[0xff, 0xfe, 0x80, 0x0a].repeat(10_000)).into_owned(),
    ] {
        for format in ["human", "json"] {
            let ran = diagnose(&["-o", format], &input);
            assert_ne!(ran.exit, Exit::Failure, "{format}: {}", &input[..40.min(input.len())]);
            let hostile = |c: char| c.is_control() && c != '\n';
            assert!(!ran.stdout.contains(hostile) && !ran.stderr.contains(hostile));
        }
    }
}
