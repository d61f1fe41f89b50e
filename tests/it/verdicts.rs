//! What stands last in an archive, a talk or an answer decides: `ok` is said of nothing that was refused.

use serde_json::{Value, json};

use crate::judging::{READS, diagnose, jwt};

fn judged(args: &[&str], input: &str) -> Value {
    let args: Vec<&str> = ["-o", "json"].into_iter().chain(args.iter().copied()).collect();
    let ran = diagnose(&args, input);
    serde_json::from_str(ran.stdout.lines().next().unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}: {input}: {}", ran.stderr))
}

fn verdict(input: &str) -> String {
    judged(&[], input)["verdict"].as_str().unwrap().to_owned()
}

/// What is judged `ok` among `inputs`.
fn ok_among(inputs: &[String]) -> Vec<&String> {
    inputs.iter().filter(|input| verdict(input) == "ok").collect()
}

/// The verdict, and the finding that stands first.
fn cause(document: &Value) -> (String, String) {
    let first = document["findings"].as_array().unwrap().first();
    let of = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    (of(document.get("verdict")), of(first.and_then(|first| first.get("id"))))
}

/// One entry of an archive: method, address, headers of the request, status and body.
fn entry(method: &str, url: &str, headers: &Value, status: u16, body: &str) -> Value {
    json!({
        "startedDateTime": "2023-11-14T22:13:20.000Z", "time": 1,
        "request": {"method": method, "url": url, "headers": headers},
        "response": {"status": status, "headers": [], "content": {"text": body}},
    })
}

fn har(entries: &[Value]) -> String {
    json!({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": entries}}).to_string()
}

const AUTHORITY: &str = "https://login.microsoftonline.com/common/oauth2/v2.0";

/// The token that `scope` is asked for, got in an archive.
fn signed_in(token: &str) -> Value {
    let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600, "refresh_token": "r"});
    let mut entry =
        entry("POST", &format!("{AUTHORITY}/token"), &json!([]), 200, &body.to_string());
    entry["request"]["postData"] = json!({"mimeType": "application/x-www-form-urlencoded",
        "text": "client_id=11111111-2222-3333-4444-555555555555&grant_type=authorization_code&scope=Mail.Read"});
    entry
}

fn bearer(token: &str) -> Value {
    json!([{"name": "Authorization", "value": format!("Bearer {token}")}])
}

#[test]
fn an_archive_that_ends_with_a_refusal_is_not_ok() {
    let token = jwt(READS);
    let own = jwt(r#"{"aud":"https://api.contoso.example","scp":"do","exp":1700003000}"#);
    let none = json!([]);
    let mut inputs = Vec::new();
    for status in [400, 401, 404, 405, 409, 418, 429, 451, 500, 502, 503, 599, 999] {
        for body in [
            "",
            "{}",
            "<html><body>no</body></html>",
            r#"{"error":{"code":"Unheard","message":"of"}}"#,
        ] {
            for url in [
                "https://graph.microsoft.com/v1.0/me/messages",
                "https://outlook.office365.com/EWS/Exchange.asmx",
            ] {
                for headers in [&none, &bearer(&token)] {
                    let last = entry("GET", url, headers, status, body);
                    inputs.push(har(std::slice::from_ref(&last)));
                    inputs.push(har(&[signed_in(&token), last]));
                }
            }
            // An API of one's own is known by the token that it is shown, or by the audience.
            let calls = |headers: &Value| {
                entry("GET", "https://api.contoso.example/x", headers, status, body)
            };
            inputs.push(har(&[signed_in(&own), calls(&bearer(&own))]));
            inputs.push(har(&[signed_in(&own), calls(&none)]));
            for path in ["authorize?client_id=x", "devicecode", "token", "logout"] {
                for method in ["GET", "POST"] {
                    let last = entry(method, &format!("{AUTHORITY}/{path}"), &none, status, body);
                    inputs.push(har(std::slice::from_ref(&last)));
                    inputs.push(har(&[signed_in(&token), last]));
                }
            }
        }
    }
    let wrong = ok_among(&inputs);
    assert!(wrong.is_empty(), "{} of {}: {:#?}", wrong.len(), inputs.len(), wrong.first());
}

#[test]
fn the_last_answer_of_each_service_in_an_archive_decides() {
    let token = jwt(READS);
    let none = json!([]);
    let call = |status: u16, body: &str| {
        entry("GET", "https://graph.microsoft.com/v1.0/me/messages", &none, status, body)
    };
    let authority = |path: &str, status: u16, body: &str| {
        entry("GET", &format!("https://login.microsoftonline.com/{path}"), &none, status, body)
    };
    let page = "<!DOCTYPE html><html>no</html>";
    for (entries, expected) in [
        // What is no call: images, a preflight, what the pages report.
        (vec![authority("favicon.ico", 404, page)], ("ok", "")),
        (
            vec![entry("GET", "https://graph.microsoft.com/favicon.ico", &none, 404, page)],
            ("ok", ""),
        ),
        (
            vec![entry("GET", "https://outlook.office.com/mail/chunk.7f.js", &none, 404, page)],
            ("ok", ""),
        ),
        (vec![entry("GET", "https://outlook.office.com/mail/", &none, 200, page)], ("ok", "")),
        (vec![entry("GET", "https://cdn.example/x", &none, 500, page)], ("ok", "")),
        (vec![authority("common/instrumentation/dssostatus", 500, "")], ("ok", "")),
        (vec![call(500, ""), call(200, r#"{"value":[]}"#)], ("ok", "")),
        (
            vec![
                authority("common/oauth2/v2.0/authorize", 500, page),
                authority("common/oauth2/v2.0/authorize", 302, ""),
            ],
            ("ok", ""),
        ),
        (vec![call(404, r#"{"error":{"code":"ErrorItemNotFound","message":"no"}}"#)], ("ok", "")),
        // A refusal stays one, whatever others answer later.
        (
            vec![
                call(500, ""),
                entry("GET", "https://management.azure.com/subscriptions", &none, 200, "{}"),
            ],
            ("problem", "service-incident"),
        ),
        (vec![call(503, "")], ("problem", "service-incident")),
        (vec![call(429, "")], ("problem", "throttled")),
        (vec![call(404, "")], ("undetermined", "")),
        (vec![authority("common/oauth2/v2.0/authorize", 404, page)], ("undetermined", "")),
        (
            vec![authority("common/oauth2/v2.0/authorize", 503, page)],
            ("problem", "service-incident"),
        ),
        (
            vec![authority(
                "common/oauth2/v2.0/authorize",
                400,
                "<html>AADSTS50011: The redirect URI does not match</html>",
            )],
            ("problem", "redirect-uri-mismatch"),
        ),
        (
            vec![authority(
                "nowhere/.well-known/openid-configuration",
                400,
                r#"{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant 'nowhere' not found."}"#,
            )],
            ("problem", "invalid-tenant"),
        ),
    ] {
        let mut all = vec![signed_in(&token)];
        all.extend(entries);
        let text = har(&all);
        let document = judged(&[], &text);
        let (verdict, id) = cause(&document);
        assert_eq!(verdict, expected.0, "{text}\n{document:#}");
        assert!(expected.1.is_empty() || id == expected.1, "{text}\n{document:#}");
    }
    let portal = entry("GET", "https://graph.microsoft.com/v1.0/me", &bearer(&token), 200, page);
    let document = judged(&[], &har(&[signed_in(&token), portal]));
    assert_eq!(cause(&document), ("problem".to_owned(), "answer-not-from-service".to_owned()));
    // A body that cannot be read.
    let mut broken = call(404, "!");
    broken["response"]["content"]["encoding"] = "base64".into();
    assert_eq!(verdict(&har(&[signed_in(&token), broken])), "undetermined");
    // A sign-in that goes on after another one.
    for error in ["authorization_pending", "slow_down"] {
        let mut poll = signed_in("x");
        poll["response"]["status"] = 400.into();
        poll["response"]["content"]["text"] = json!({"error": error}).to_string().into();
        assert_eq!(verdict(&har(&[signed_in(&token), poll.clone()])), "pending");
        assert_eq!(verdict(&har(&[poll.clone(), signed_in(&token)])), "ok");
        assert_eq!(verdict(&har(&[poll])), "pending");
    }
    // A preflight says nothing of the call that it goes before.
    let mut preflight = call(200, "");
    preflight["request"]["method"] = "OPTIONS".into();
    preflight["request"]["headers"] =
        json!([{"name": "Access-Control-Request-Method", "value": "GET"}]);
    assert_eq!(verdict(&har(&[signed_in(&token), call(404, ""), preflight])), "undetermined");
    // The same in a trace, which has no token in it.
    let hidden = "redacted-0123456789abcdef-1500";
    let last = entry("GET", "https://api.contoso.example/x", &bearer(hidden), 418, "");
    assert_eq!(verdict(&har(&[signed_in(hidden), last])), "undetermined");
}

#[test]
fn a_mailbox_that_is_refused_after_the_sign_in_is_not_ok() {
    let imap = jwt(
        r#"{"aud":"https://outlook.office.com","scp":"IMAP.AccessAsUser.All POP.AccessAsUser.All SMTP.Send","exp":1700003000,"upn":"ada@contoso.example"}"#,
    );
    let talk = |protocol: &str, lines: &[&str], with: bool| {
        let token = with.then_some(imap.as_str());
        json!({"version": 1, "job": protocol, "token": token, "mail": {"protocol": protocol, "lines": lines}}).to_string()
    };
    let mut inputs = Vec::new();
    for said in [
        "NO SELECT failed",
        "NO [UNAVAILABLE] later",
        "NO [SERVERBUG] x",
        "BAD Command Error. 12",
        "NO [NOPERM] x",
        "NO [NONEXISTENT] INBOX doesn't exist",
        "no select failed",
    ] {
        for marks in [["C: a1 AUTHENTICATE XOAUTH2 x", "C: a2 SELECT INBOX"], ["", ""]] {
            let refusal = format!("S: a2 {said}");
            let mut lines = vec![marks[0], "S: a1 OK AUTHENTICATE completed.", marks[1], &refusal];
            lines.retain(|line| !line.is_empty());
            for end in
                [&[][..], &["C: a3 LOGOUT", "S: * BYE signing off", "S: a3 OK LOGOUT completed."]]
            {
                let lines = [&lines[..], end].concat();
                inputs.extend([true, false].map(|with| talk("imap", &lines, with)));
            }
        }
    }
    for lines in [
        [
            "C: AUTH XOAUTH2 x",
            "S: +OK User successfully authenticated.",
            "C: STAT",
            "S: -ERR Command failed",
        ],
        ["C: AUTH XOAUTH2 x", "S: +OK User successfully authenticated.", "C: LIST", "S: -ERR"],
    ] {
        inputs.extend([true, false].map(|with| talk("pop", &lines, with)));
    }
    for refusal in [
        "550 5.7.1 no",
        "553 5.1.8 x",
        "501 5.1.7 Invalid address",
        "530 no",
        "554 x",
        "503 5.5.1 x",
        "451 4.0.0 x",
        "550 5.1.7 Invalid sender",
    ] {
        let refusal = format!("S: {refusal}");
        let lines = [
            "C: AUTH XOAUTH2 x",
            "S: 235 2.7.0 Authentication successful",
            "C: MAIL FROM:<ada@contoso.example>",
            &refusal,
        ];
        inputs.extend([true, false].map(|with| talk("smtp", &lines, with)));
    }
    let lost = [
        "C: a1 AUTHENTICATE XOAUTH2 x",
        "S: a1 OK AUTHENTICATE completed.",
        "C: a2 SELECT INBOX",
        "S: * BYE Connection is closed. 13",
    ];
    inputs.push(talk("imap", &lost, true));
    let wrong = ok_among(&inputs);
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), inputs.len());
    let sign_in = ["C: a1 AUTHENTICATE XOAUTH2 x", "S: a1 OK AUTHENTICATE completed."];
    for (lines, expected) in [
        // What is done in the end, and what no mailbox needs.
        (
            &["C: a2 SELECT INBOX", "S: a2 NO later", "C: a3 SELECT INBOX", "S: a3 OK done"][..],
            "ok",
        ),
        (
            &[
                "C: a2 NAMESPACE",
                "S: a2 BAD Command Error. 12",
                "C: a3 SELECT INBOX",
                "S: a3 OK done",
            ],
            "ok",
        ),
        (
            &[
                "C: a2 ID NIL",
                "S: a2 BAD Command Error. 12",
                "C: a3 UID SEARCH ALL",
                "S: a3 OK done",
            ],
            "ok",
        ),
        (&["C: a2 SELECT Lists", "S: a2 NO Lists doesn't exist."], "ok"),
        (&["C: a2 SELECT INBOX", "S: * NO Disk is 98% full", "S: a2 OK done"], "ok"),
        (
            &["C: a2 SELECT INBOX", "S: a2 NO failed", "C: a3 LIST \"\" *", "S: a3 OK done"],
            "undetermined",
        ),
        (
            &["C: a2 UID FETCH 1 ALL", "S: a2 NO failed", "C: a3 UID SEARCH ALL", "S: a3 OK done"],
            "undetermined",
        ),
        (
            &["C: a2 SELECT INBOX", "S: a2 NO failed", "C: a3 SELECT Sent", "S: a3 OK done"],
            "undetermined",
        ),
        (
            &["C: a2 SELECT INBOX", "S: a2 NO failed", "C: a3 select \"inbox\"", "S: a3 OK done"],
            "ok",
        ),
        (&["C: a2 SELECT INBOX", "S: a2 NO [UNAVAILABLE] x"], "problem"),
        (&["C: a2 SELECT INBOX", "S: a2 NO [SERVERBUG] x"], "problem"),
        (&["C: a2 SELECT INBOX", "S: a2 NO [NOPERM] x"], "problem"),
    ] {
        let document = judged(&[], &talk("imap", &[&sign_in[..], lines].concat(), true));
        assert_eq!(document["verdict"], expected, "{lines:?}: {document:#}");
    }
    let sent = [
        "C: AUTH XOAUTH2 x",
        "S: 235 ok",
        "C: RCPT TO:<a@x.example>",
        "S: 550 5.7.1 no",
        "C: RCPT TO:<b@x.example>",
        "S: 250 ok",
        "C: DATA",
        "S: 354 go",
        "C: .",
        "S: 250 2.0.0 OK",
    ];
    assert_eq!(verdict(&talk("smtp", &sent, true)), "ok");
}

#[test]
fn errors_in_other_dialects_are_not_ok() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, jwt(READS)).unwrap();
    let token = path.to_str().unwrap();
    for body in [
        r#"{"error_description":"no"}"#,
        r#"{"message":"no"}"#,
        r#"{"Message":"Authorization has been denied for this request."}"#,
        r#"{"errors":[{"title":"no"}]}"#,
        r#"{"Errors":["no"]}"#,
        r#"{"fault":{"faultstring":"no"}}"#,
        r#"{"Fault":"no"}"#,
        r#"{"error":"no"}"#,
        r#"{"error":{"message":"no"}}"#,
        r#"{"error":["no"]}"#,
        r#"{"Error":{"Code":"x"}}"#,
        r#"{"errorCode":"x"}"#,
        r#"{"error_message":"no"}"#,
        r#"{"ExceptionMessage":"no"}"#,
        r#"{"odata.error":{"code":"x"}}"#,
        r#"{"statusCode":401,"note":"x"}"#,
        r#"{"title":"Unauthorized","status":401}"#,
        r#"{"detail":"Not authenticated"}"#,
        r#"{"success":false}"#,
        r#"[{"errorCode":"x","message":"no"}]"#,
        r#"[{"error":{"code":401}}]"#,
        r#"[{"code":"x","message":"no"}]"#,
        r#"{"status":"error","reason":"x"}"#,
        r#"{"ok":false}"#,
        r#"{"isError":"true"}"#,
        r#"{"code":401}"#,
        r#"{"code":"Unauthorized"}"#,
        r#"{"type":"about:blank","title":"Forbidden"}"#,
        r#"{"msg":"no"}"#,
        r#"{"response":{"error":"no"}}"#,
        "<response><error>no</error></response>",
        "<error>no</error>",
        "<?xml version=\"1.0\"?>\n<Error><Code>AuthenticationFailed</Code></Error>",
        "<!-- x --><m:error xmlns:m=\"x\"><m:code/></m:error>",
        "<s:Envelope xmlns:s=\"x\"><s:Body><s:Fault><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>",
        "<Envelope><Header/><Body> <Fault><Code/></Fault></Body></Envelope>",
        "<errors><x/></errors>",
        "<Fault/>",
    ] {
        let alone = judged(&["-", token], body);
        assert_ne!(alone["verdict"], "ok", "{body}: {alone:#}");
        for head in
            ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/2 200\r\ncontent-type: application/json\r\n\r\n"]
        {
            let document = judged(&["-", token], &format!("{head}{body}"));
            assert_ne!(document["verdict"], "ok", "{head}{body}: {document:#}");
        }
        let file =
            json!({"version": 1, "token": jwt(READS), "http": {"status": 200, "body": body}});
        assert_ne!(verdict(&file.to_string()), "ok", "{file}");
    }
    for body in [
        r#"{"value":[{"message":"no"}]}"#,
        r#"{"@odata.context":"x","id":"1","message":"hello"}"#,
        r#"{"errors":[],"error":null,"message":"","data":1}"#,
        r#"{"status":200,"statusCode":"200"}"#,
        r#"{"status":"Succeeded","code":0}"#,
        r#"[{"id":1,"message":"hi"}]"#,
        r#"{"id":"1","status":"active","type":"x","title":"a task","code":"A1"}"#,
        r#"{"@odata.context":"x","status":"failed"}"#,
        r#"{"value":{"id":1}}"#,
        r#"{"ok":true,"success":"true","code":200}"#,
        "{}",
        "<feed><entry><error>x</error></entry></feed>",
        "<s:Envelope><s:Body><m:Answer><Fault/></m:Answer></s:Body></s:Envelope>",
    ] {
        let document = judged(&["-", token], &format!("HTTP/1.1 200 OK\r\n\r\n{body}"));
        assert_eq!(document["verdict"], "ok", "{body}: {document:#}");
    }
    for status in ["202 Accepted", "204 No Content"] {
        let document = judged(&["-", token], &format!("HTTP/1.1 {status}\r\n\r\n"));
        assert_eq!(document["verdict"], "ok", "{status}: {document:#}");
    }
    // Content is due, and is not there, or was not read to its end.
    for body in ["", "OK", "{\"value\":[]", "<feed><entry></feed>", "[1,"] {
        let document = judged(&["-", token], &format!("HTTP/1.1 200 OK\r\n\r\n{body}"));
        assert_eq!(document["verdict"], "undetermined", "{body}: {document:#}");
    }
}

#[test]
fn an_input_that_nobody_understood_may_be_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("token"), folder.path().join("other"));
    std::fs::write(&path, jwt(READS)).unwrap();
    let (token, name) = (path.to_str().unwrap(), other.to_str().unwrap());
    for text in [
        "Unauthorized",
        "Access is denied. Check credentials and try again.",
        r#"{"weather":"fine"}"#,
        r#"{"status":401}"#,
        r#"{"success":false}"#,
        "10.0.0.9 - - [15/Jan/2027] \"GET /v1.0/me HTTP/1.1\" 401 120",
        "<Response [401]>",
    ] {
        std::fs::write(&other, text).unwrap();
        for inputs in [[token, name], [name, token]] {
            let ran = diagnose(&[&["-o", "json"][..], &inputs].concat(), "");
            assert!(!ran.stdout.contains(r#""verdict":"ok""#), "{text}: {}", ran.stdout);
        }
    }
    std::fs::write(&other, "Unauthorized").unwrap();
    let ran = diagnose(&[token, name], "");
    assert_eq!(ran.exit, entrada::cli::Exit::Usage, "{}", ran.stdout);
    assert!(
        ran.stdout.contains("is not understood") && ran.stdout.contains(name),
        "{}",
        ran.stdout
    );
    // The line that was not understood is named, and the token is not.
    let ran = diagnose(&[], &format!("{}\n\nthe gateway said: Forbidden", jwt(READS)));
    assert_eq!(ran.exit, entrada::cli::Exit::Usage, "{}", ran.stdout);
    assert!(ran.stdout.contains("the gateway said: Forbidden"), "{}", ran.stdout);
    assert!(!ran.stdout.contains(&jwt(READS)), "{}", ran.stdout);
    // One token that a talk shows is one case.
    let both = format!(
        "> GET /v1.0/me HTTP/1.1\n> Authorization: Bearer {}\n>\n< HTTP/1.1 404 x\n<\n",
        jwt(READS)
    );
    let ran = diagnose(&["-o", "json", "-", token], &both);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
}

#[test]
fn a_status_line_is_read_in_every_shape() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, jwt(READS)).unwrap();
    let token = path.to_str().unwrap();
    for line in [
        "http/1.1 404 nf",
        "HTTP/1.1  401  Unauthorized",
        "HTTP/2 403",
        "HTTP/3 500",
        "< HTTP/1.1 401",
        "HTTP/1.1\t401\tno",
        "<HTTP/1.1 401",
        "<\tHTTP/2 403 ",
        "  HTTP/1.1 401 no",
        "Http/2.0 401",
        "HTTP/1.1 401\u{a0}no",
        "HTTP/1.1\u{a0}401 no",
        "HTTP 401",
        "http 401 Unauthorized",
        "HTTP/1.1 401: Unauthorized",
        "\"GET /v1.0/me HTTP/1.1\" 401 123",
        "reply: 'HTTP/1.1 401 Unauthorized\\r\\n'",
        "< http/2 401",
        "HTTP/1.1 401, no",
    ] {
        for rest in ["", "\n", "\r\nserver: x\r\n\r\n{}"] {
            let document = judged(&["-", token], &format!("{line}{rest}"));
            assert_ne!(document["verdict"], "ok", "{line:?} {rest:?}: {document:#}");
            assert_eq!(
                document["input"]["kind"], "http_response",
                "{line:?} {rest:?}: {document:#}"
            );
        }
    }
}

#[test]
fn an_address_is_one_however_it_is_spelled() {
    let token = jwt(
        r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","upn":"ada@contoso.example","exp":1700003000}"#,
    );
    let input = |path: &str, status: &str, body: &str| {
        format!(
            "> GET {path} HTTP/1.1\n> Host: graph.microsoft.com\n> Authorization: Bearer {token}\n>\n< HTTP/1.1 {status}\n< content-type: application/json\n<\n{body}"
        )
    };
    let denied = r#"{"error":{"code":"ErrorAccessDenied","message":"Access is denied. Check credentials and try again."}}"#;
    let mut judged_so: Vec<(String, &str)> = Vec::new();
    for path in [
        "/v1.0/users/bob@contoso.example/messages",
        "/v1.0/users('bob@contoso.example')/messages",
        "/v1.0/Users(%27bob@contoso.example%27)/messages",
        "/v1.0/users(userPrincipalName='bob@contoso.example')/messages",
        "/v1.0/users%2Fbob@contoso.example/messages",
        "/v1.0/%75sers/bob@contoso.example/messages",
        "/v1.0/users/bob%40contoso.example/messages",
        "/v1.0//users/bob@contoso.example/messages",
        "/v1.0/./users//bob@contoso.example/messages/",
        "/v1.0/me/../users/bob@contoso.example/messages?$top=1#x",
        "/v1.0/users/%62ob@contoso.example/%6dessages",
    ] {
        let run = diagnose(&["-o", "json"], &input(path, "403 Forbidden", denied));
        assert!(run.stdout.contains(".Shared"), "{path}: {}", run.stdout);
        judged_so.push((run.stdout, path));
    }
    judged_so.dedup_by(|one, other| one.0 == other.0);
    assert_eq!(judged_so.len(), 1, "{judged_so:#?}");
    let mine: Vec<Value> = [
        "/v1.0/me/messages",
        "/v1.0//%6de/messages",
        "/v1.0/me/messages('AAMk%2Fx=')",
        "/v1.0/me/messages/$count",
    ]
    .iter()
    .map(|path| judged(&[], &input(path, "403 Forbidden", denied)))
    .collect();
    let ids = |one: &Value| -> Vec<Value> {
        let findings = one["findings"].as_array().unwrap().iter();
        findings.map(|finding| finding["id"].clone()).collect()
    };
    assert!(
        mine.iter().all(|one| ids(one) == ids(&mine[0]) && !one.to_string().contains(".Shared")),
        "{mine:#?}"
    );
    for path in [
        "/v1.0/users/$count",
        "/v1.0/users/$value",
        "/v1.0/users/delta",
        "/v1.0/users/microsoft.graph.delta()",
    ] {
        let run = diagnose(&["-o", "json"], &input(path, "403 Forbidden", denied));
        assert!(!run.stdout.contains("belongs to another user"), "{path}: {}", run.stdout);
    }
    let ews = |path: &str| {
        let text = input(path, "403 Forbidden", "")
            .replace("graph.microsoft.com", "outlook.office365.com");
        judged(&[], &text)["input"]["job"].clone()
    };
    for path in ["/EWS/Exchange.asmx", "/ews//exchange.asmx", "/%45WS/Exchange%2Easmx"] {
        assert_eq!(ews(path), "ews", "{path}");
    }
}

#[test]
fn a_pause_that_is_none_is_not_repeated() {
    for (retry_after, told) in [
        ("120", Some("2 min")),
        (" 120 ", Some("2 min")),
        ("Tue, 14 Nov 2023 22:15:20 GMT", Some("2 min")),
        ("-5", None),
        ("1e9", None),
        ("99999999999999", None),
        ("soon", None),
        ("5 minutes", None),
        ("", None),
        ("+5", None),
        ("1.5", None),
    ] {
        for (head, body) in [
            ("HTTP/1.1 429 Too Many Requests", "<html>slow</html>"),
            ("HTTP/1.1 503 Service Unavailable", "<html>down</html>"),
            ("HTTP/1.1 503 Service Unavailable", ""),
            (
                "HTTP/1.1 429 Too Many Requests",
                r#"{"error":{"code":"TooManyRequests","message":"x"}}"#,
            ),
            (
                "HTTP/1.1 429 Too Many Requests",
                r#"{"error":"invalid_request","error_description":"AADSTS90055: slow","error_codes":[90055]}"#,
            ),
            ("HTTP/1.1 429 Too Many Requests\r\nx-ms-ests-server: 2.1", "<html>slow</html>"),
            ("HTTP/1.1 503 Service Unavailable\r\nx-ms-ests-server: 2.1", "<html>down</html>"),
            ("HTTP/1.1 503 Service Unavailable\r\nx-ms-ests-server: 2.1", ""),
            (
                "HTTP/1.1 503 Service Unavailable",
                "temporarily_unavailable: AADSTS90033: A transient error has occurred.",
            ),
        ] {
            let input = format!("{head}\r\nRetry-After: {retry_after}\r\n\r\n{body}");
            let document = judged(&[], &input);
            let help = document["findings"][0]["help"].to_string();
            assert_ne!(document["verdict"], "ok", "{input}");
            match told {
                Some(told) => assert!(help.contains(told), "{input}\n{document:#}"),
                None => {
                    assert!(help.contains("try again in a few minutes"), "{input}\n{document:#}");
                    let said = retry_after.trim();
                    assert!(said.is_empty() || !help.contains(said), "{input}\n{document:#}");
                }
            }
        }
    }
}

#[test]
fn what_an_archive_lacks_is_named() {
    for (text, lacks) in [
        (r#"{"log":{"entries":[]}}"#, "`log.entries` is empty"),
        (r#"{"log":{}}"#, "`log` has no `entries`"),
        (r#"{"log":{"version":"1.2","creator":{"name":"x"}}}"#, "`log` has no `entries`"),
        (r#"{"log":{"entries":{}}}"#, "`log.entries` is not a list"),
        (r#"{"log":{"entries":[{}]}}"#, "no entry has a `request`"),
        (
            r#"{"log":{"entries":[{"request":{"method":"GET","url":"https://graph.microsoft.com/v1.0/me"}}]}}"#,
            "no entry has a `response`",
        ),
        (
            r#"{"log":{"entries":[{"request":{"method":"GET","url":"https://graph.microsoft.com/v1.0/me"},"response":{}}]}}"#,
            "no entry has a `response`",
        ),
        (r#"{"log":{"entries":[{"response":{"status":200}}]}}"#, "no entry has a `request`"),
    ] {
        let ran = diagnose(&[], text);
        assert_eq!(ran.exit, entrada::cli::Exit::Usage, "{text}: {}", ran.stdout);
        assert!(ran.stderr.contains(lacks), "{text}: {}", ran.stderr);
        assert!(!ran.stderr.contains("but is not valid"), "{text}: {}", ran.stderr);
    }
    // The error gives the place of a member of the wrong type, and does not quote it.
    let ran = diagnose(
        &[],
        r#"{"log":{"entries":[{"request":{"method":"GET","url":7,"x":"SECRET"},"response":{"status":200}}]}}"#,
    );
    assert!(
        ran.stderr.contains("line 1 column") && !ran.stderr.contains("SECRET"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("but is not valid"), "{}", ran.stderr);
    // What is broken is broken.
    assert!(diagnose(&[], r#"{"log":{"entries":[}"#).stderr.contains("but is not valid"));
    assert!(diagnose(&[], r#"{"log":{"entries":["#).stderr.contains("it is incomplete"));
    // One entry without an answer spoils no other.
    let refused = entry("GET", "https://graph.microsoft.com/v1.0/me", &json!([]), 403, "");
    let text = har(&[
        json!({"request": {"method": "GET", "url": "https://graph.microsoft.com/v1.0/me"}}),
        refused,
    ]);
    assert_eq!(judged(&[], &text)["input"]["kind"], "http_response");
}
