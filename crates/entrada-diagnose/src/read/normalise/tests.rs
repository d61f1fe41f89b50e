use super::*;

pub(super) const REFUSED: &str = "AADSTS65001: The user or administrator has not consented to use the application with ID 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee' named 'Mailer'. Send an interactive authorization request for this user and resource. Trace ID: 0f0e0d0c-0b0a-4908-8706-050403020100 Correlation ID: 12345678-9abc-4def-8123-456789abcdef Timestamp: 2026-11-30 05:34:36Z";

/// The text without its layers, after a second run changed nothing.
pub(super) fn read(text: &str) -> String {
    let once = normalise(text).text.into_owned();
    let twice = normalise(&once);
    assert_eq!(twice.text, once, "a second run changes this");
    assert_eq!(twice.steps, []);
    once
}

#[track_caller]
pub(super) fn becomes(text: &str, plain: &str, steps: &[Step]) {
    assert_eq!(read(text), plain);
    assert_eq!(normalise(text).steps, steps);
}

#[track_caller]
pub(super) fn stays(text: &str) {
    let normalised = normalise(text);
    assert_eq!(normalised.text, text);
    assert!(matches!(normalised.text, Cow::Borrowed(_)), "it was copied: {:?}", normalised.steps);
    assert_eq!(normalised.steps, []);
}

#[test]
fn a_text_without_layers_is_borrowed() {
    for text in [
        "",
        "\n",
        "eyJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0.",
        REFUSED,
        "{\n  \"error\": \"invalid_grant\",\n  \"error_description\": \"AADSTS50173: The provided grant has expired due to it being revoked, a fresh auth token is needed.\",\n  \"error_codes\": [\n    50173\n  ]\n}",
        "* OK The Microsoft Exchange IMAP4 service is ready. [TQBNADEAUAAyADYA]\na1 AUTHENTICATE XOAUTH2\n+ \na1 NO AUTHENTICATE failed.\n* BYE Microsoft Exchange Server IMAP4 server signing off.",
        "* Connected to graph.microsoft.com (20.190.1.2) port 443\n> GET /v1.0/me HTTP/2\n> Host: graph.microsoft.com\n> \n< HTTP/2 401 \n< content-type: application/json\n< \n{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"Access token is empty.\"}}",
        "HTTP/1.1 401 Unauthorized\nContent-Type: application/json\nWWW-Authenticate: Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"\nStrict-Transport-Security: max-age=31536000\nDate: Mon, 30 Nov 2026 05:34:36 GMT\n\n",
        "- the first thing to look at is the audience of the token that you have\n- the second thing to look at is the scope of the token that you have\n- the third",
        "aud  | https://graph.microsoft.com | for whom\nexp  | 1790000000 | until when\nscp  | Mail.Read | what",
        "| aud | https://graph.microsoft.com |\n|-----|------------------------------|\n| exp | 1790000000                   |",
        "S: 250-SIZE 157286400\nC: AUTH XOAUTH2\nS: 535 5.7.3 Authentication unsuccessful",
        "error: invalid_client\nerror_description: AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the value\ntrace_id: 0f0e0d0c-0b0a-4908-8706-050403020100",
        "Meet me at noon (see the list)\nat the office (second floor)",
        "2026-11-30,ERROR,mailer,\"AADSTS50173: x\"",
        "12 | return fetch(uri)",
    ] {
        stays(text);
    }
}

#[test]
fn marks_of_files_and_terminals_go() {
    becomes("\u{feff}AADSTS65001: no", "AADSTS65001: no", &[Step::ByteOrderMark]);
    becomes("a\r\nb\rc\r\r\nd", "a\nb\nc\nd", &[Step::LineEnds]);
    for text in [
        "\u{1b}[31mAADSTS65001\u{1b}[0m: no",
        "\u{1b}[1;38;5;196mAADSTS65001:\u{1b}[m\u{1b}[K no",
        "\u{1b}]0;the title\u{7}AADSTS65001: no",
        "AADSTS65001: \u{1b}]8;;https://login.example\u{1b}\\no\u{1b}]8;;\u{1b}\\",
        "^[[31mAADSTS65001: no^[[0m",
        "#033[31mAADSTS65001: no#033[0m",
        "[31;1mAADSTS65001: no[0m",
        "\u{1b}(BAADSTS65001: no\u{1b}",
    ] {
        becomes(text, "AADSTS65001: no", &[Step::TerminalEscapes]);
    }
    becomes(r#"{"msg":"\u001b[31mno\u001b[0m"}"#, r#"{"msg":"no"}"#, &[Step::TerminalEscapes]);
    stays("the list [1m] has no reset, [SERVERBUG] is no colour, nor is \\x1b");
    // An unfinished string of a terminal ends with its line.
    becomes("\u{1b}]0;title\nAADSTS65001: no", "\nAADSTS65001: no", &[Step::TerminalEscapes]);
}

#[test]
fn fences_and_quoting_go() {
    becomes(
        "The server says no\n```json\n{\"error\":\"x\"}\n```\nto Ada",
        "The server says no\n{\"error\":\"x\"}\nto Ada",
        &[Step::Fences],
    );
    becomes("~~~\nAADSTS65001: no\n~~~\n", "AADSTS65001: no\n", &[Step::Fences]);
    becomes("```invalid_grant```", "invalid_grant\n", &[Step::Fences]);
    becomes("```AADSTS65001: no\n```", "AADSTS65001: no\n", &[Step::Fences]);
    becomes("> a\n>\n> b\n", "a\n\nb\n", &[Step::Quoting]);
    becomes(">> a\n>> > b", "a\n> b", &[Step::Quoting]);
    becomes(
        "> > GET / HTTP/1.1\n> < HTTP/1.1 401 Unauthorized",
        "> GET / HTTP/1.1\n< HTTP/1.1 401 Unauthorized",
        &[Step::Quoting],
    );
    becomes("> {\n>     \"error\": \"x\"\n> }", "{\n    \"error\": \"x\"\n}", &[Step::Quoting]);
    stays("> GET / HTTP/1.1\n>\n< HTTP/1.1 401 Unauthorized");
}

#[test]
fn prefixes_of_lines_go() {
    for prefix in [
        "mailer-1  | ",
        "app_1  | ",
        "2026-11-30T05:34:36.123456789Z stderr F ",
        "Nov 30 05:34:36 host mailer[123]: ",
        "Nov  3 05:34:36 mail.example.org postfix/smtp[77]: ",
        "<11>1 2026-11-30T05:34:36.003Z host mailer 4242 ID47 - ",
        "2026-11-30T05:34:36+0100 host mailer[123]: ",
        "2026-11-30 05:34:36,123 ERROR [x.y] ",
        "2026-11-30 05:34:36,123 ERROR msal.application: ",
        "2026-11-30 05:34:36,123 - mailer - ERROR - ",
        "2026-11-30 05:34:36.123 ERROR 1 --- [nio-8080-exec-1] c.e.Mailer : ",
        "2026-11-30 05:34:36.123  INFO 4242 --- [           main] com.example.Mailer                : ",
        "[2026-11-30 05:34:36] ERROR: ",
        "[05:34:36 ERR] ",
        "05:34:36.123 [main] ERROR com.example.Mailer - ",
        "2026-11-30T05:34:36.123Z ERROR module: ",
        "2026-11-30T05:34:36.123456Z  WARN entrada::auth: ",
        "2026/11/30 05:34:36 ",
        "2026-11-30T05:34:36.1234567Z ",
        "2026-11-30T05:34:36.1234567Z ##[error]",
        "##[error]",
        "::error file=mail.yml,line=3::",
        "E1130 10:11:12.345678       1 auth.go:42] ",
        "ERROR:root:",
        "[pod/mailer-7d9f8/app] ",
    ] {
        let one = format!("{prefix}{REFUSED}");
        assert_eq!(read(&one), REFUSED, "{prefix}");
        let json = "{\n  \"error\": \"invalid_grant\",\n  \"error_codes\": [65001]\n}\n\nlast";
        let many: Vec<String> = json.lines().map(|line| format!("{prefix}{line}")).collect();
        assert_eq!(read(&many.join("\n")), json, "{prefix}");
        assert_eq!(normalise(&one).steps[0], Step::LinePrefixes, "{prefix}");
    }
    becomes(
        "2026-11-30T05:34:36.1Z stderr P AADSTS65\n2026-11-30T05:34:36.1Z stderr F 001: no",
        "AADSTS65001: no",
        &[Step::LinePrefixes],
    );
    becomes(
        "│ Error: a\n│ \n│   on main.tf line 9",
        "a\n\n  on main.tf line 9",
        &[Step::LinePrefixes, Step::ExceptionClass],
    );
    becomes("mailer  | a\nmailer  | b", "a\nb", &[Step::LinePrefixes]);
}

#[test]
fn the_message_after_a_prefix_stays_whole() {
    for text in [
        "[invalid_grant] AADSTS65001: no",
        "invalid_grant: AADSTS65001: no",
        "oauth2: \"invalid_grant\" \"no\"",
        "curl: (60) SSL certificate problem",
        "aud: https://graph.microsoft.com",
        "error: invalid_grant",
        "535 5.7.3 Authentication unsuccessful",
        "AADSTS65001: no",
    ] {
        for prefix in ["2026-11-30 05:34:36,123 ERROR ", "2026-11-30 05:34:36 ", "mailer-1  | "] {
            assert_eq!(read(&format!("{prefix}{text}")), text, "{prefix}");
        }
    }
    // A record of several lines.
    becomes(
        "2026-11-30 05:34:36,123 ERROR failed\nAADSTS65001: no\nx",
        "failed\nAADSTS65001: no\nx",
        &[Step::LinePrefixes],
    );
}

#[test]
fn records_of_powershell_leave_their_message() {
    becomes(
        "Write-Error: /home/ada/mail.ps1:62\nLine |\n  62 |      Connect-MgGraph -ClientSecret $secret\n     |      ~~~~~~~~~~~~~~~~~~~~~~~~\n     | AADSTS50173: The provided grant has expired due to it being revoked, a\n     | fresh auth token is needed. Trace ID:\n     | 0f0e0d0c-0b0a-4908-8706-050403020100 Correlation ID:\n     | 12345678-9abc-4def-8123-456789abcdef\n",
        "AADSTS50173: The provided grant has expired due to it being revoked, a fresh auth token is needed. Trace ID: 0f0e0d0c-0b0a-4908-8706-050403020100 Correlation ID: 12345678-9abc-4def-8123-456789abcdef\n",
        &[Step::PowerShell7],
    );
    becomes(
        "Line |\n     |  { \"error\": { \"message\": \"Access token validation failure. Invalid\n     | audience.\" } }",
        " { \"error\": { \"message\": \"Access token validation failure. Invalid audience.\" } }",
        &[Step::PowerShell7],
    );
    becomes(
        "Invoke-RestMethod : The remote server returned an error: (400) Bad \nRequest.\nAt C:\\mail.ps1:62 char:1\n+ Invoke-RestMethod $uri -Body @{client_secret=$secret}\n+ ~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n    + CategoryInfo          : InvalidOperation: (System.Net.HttpWebRequest:HttpWebRequest) [Invoke-RestMethod], WebExc \n   eption\n    + FullyQualifiedErrorId : WebCmdletWebResponseException,Microsoft.PowerShell.Commands.InvokeRestMethodCommand\n \nPS C:\\> ",
        "The remote server returned an error: (400) Bad Request.\n \nPS C:\\> ",
        &[Step::PowerShell5],
    );
    for position in ["At line:1 char:1", "In Zeile:1 Zeichen:1", "Au caractère Ligne:1 : 1"] {
        let record = format!(
            "Connect-MgGraph : {REFUSED}\n{position}\n+ Connect-MgGraph -ClientSecret $x\n+ ~~~~~~~~\n    + CategoryInfo          : AuthenticationError: (:) [Connect-MgGraph], MsalUiRequiredException\n    + FullyQualifiedErrorId : Microsoft.Graph.PowerShell.Authentication.Cmdlets.ConnectMgGraph"
        );
        becomes(&record, REFUSED, &[Step::PowerShell5]);
    }
    becomes(
        "x.ps1 : no\nAt line:1 char:1\n+ ./x.ps1\n+ ~~~~~~~\n    + CategoryInfo          : NotSpecified: (:) [Write-Error], WriteErrorException\n    + FullyQualifiedErrorId : AADSTS65001: The user has not consented.\n",
        "no\nAADSTS65001: The user has not consented.\n",
        &[Step::PowerShell5],
    );
    stays("a + ~b\nis no record");
}

#[test]
fn stack_frames_and_their_source_lines_go() {
    becomes(
        "Traceback (most recent call last):\n  File \"/app/mail.py\", line 12, in <module>\n    token = app.acquire(client_secret=\"x\",\n                        refresh_token=y)\n            ^^^^^^~~~~\n  File \"/app/b.py\", line 3, in f\nmsal.exceptions.MsalServiceError: AADSTS65001: no\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"/app/mail.py\", line 14, in <module>\n    raise X\nRuntimeError: failed\n",
        "msal.exceptions.MsalServiceError:\nAADSTS65001: no\n\n\nfailed\n",
        &[Step::StackFrames, Step::ExceptionClass],
    );
    becomes(
        "Traceback (most recent call last):\nFile \"mail.py\", line 12, in main\nrequests.post(u, data=dict(client_secret=s))\nValueError: no\nmore",
        "no\nmore",
        &[Step::StackFrames, Step::ExceptionClass],
    );
    becomes(
        "Exception in thread \"main\" com.microsoft.aad.msal4j.MsalInteractionRequiredException: AADSTS65001: no\n\tat com.microsoft.aad.msal4j.Abc.create(Abc.java:42)\n\tat java.base/java.lang.Thread.run(Thread.java:1583)\n\t... 12 more\nCaused by: java.io.IOException: x",
        "Exception in thread \"main\" com.microsoft.aad.msal4j.MsalInteractionRequiredException:\nAADSTS65001: no\nCaused by: java.io.IOException:\nx",
        &[Step::StackFrames, Step::ExceptionClass],
    );
    becomes(
        "MSAL.NetCore.4.66.0.0.MsalUiRequiredException: \n\tErrorCode: invalid_grant\nMicrosoft.Identity.Client.MsalUiRequiredException: AADSTS50076: no\n   at Microsoft.Identity.Client.OAuth2.OAuth2Client.Throw(String s)\n   at Microsoft.Identity.Client.A.<B>d__1.MoveNext() in D:\\a\\c.cs:line 12\n   bei System.Foo.Bar(Object o)\n--- End of stack trace from previous location ---\n\tStatusCode: 400",
        "MSAL.NetCore.4.66.0.0.MsalUiRequiredException: \n\tErrorCode: invalid_grant\nMicrosoft.Identity.Client.MsalUiRequiredException:\nAADSTS50076: no\n\tStatusCode: 400",
        &[Step::StackFrames, Step::ExceptionClass],
    );
    becomes(
        "Error: Invalid login: 535 5.7.3 no\n    at SMTPConnection._formatError (/app/node_modules/a.js:809:19)\n    at async Promise.all (index 0)\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)\n    at file:///app/mail.mjs:3:9 {\n  code: 'EAUTH'\n}",
        "Invalid login: 535 5.7.3 no\n{\n  code: 'EAUTH'\n}",
        &[Step::StackFrames, Step::ExceptionClass],
    );
    becomes(
        "panic: AADSTS65001: no\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:12 +0x1d\ncreated by main.x in goroutine 1\n\nexit status 2",
        "panic: AADSTS65001: no\n\n\nexit status 2",
        &[Step::StackFrames],
    );
    becomes(
        "PHP Fatal error:  Uncaught GuzzleHttp\\Exception\\ClientException: AADSTS65001: no\n#0 /app/mail.php(12): send()\n#1 {main}\n",
        "PHP Fatal error:  Uncaught GuzzleHttp\\Exception\\ClientException:\nAADSTS65001: no\n",
        &[Step::StackFrames, Step::ExceptionClass],
    );
}

#[test]
fn the_message_of_an_exception_starts_a_line() {
    for class in [
        "msal.exceptions.MsalServiceError:",
        "imaplib.IMAP4.error:",
        "Unhandled exception. System.UnauthorizedAccessException:",
        " ---> Azure.Identity.AuthenticationFailedException:",
    ] {
        becomes(
            &format!("{class} AADSTS65001: no"),
            &format!("{class}\nAADSTS65001: no"),
            &[Step::ExceptionClass],
        );
    }
    becomes("AuthError: ServerError: x", "AuthError:\nServerError:\nx", &[Step::ExceptionClass]);
    stays("401 Client Error: Unauthorized for url: x");
    stays("error: x");
    stays("HTTP Error 401: x");
    stays("{ Error: The access token is from the wrong issuer");
    stays("Error:");
}

#[test]
fn folded_lines_are_joined() {
    let fill = |width: usize, text: &str| {
        let mut lines = vec![String::new()];
        for word in text.split(' ') {
            let line = lines.last_mut().unwrap();
            if line.is_empty() {
                line.push_str(word);
            } else if line.len() + 1 + word.len() <= width {
                line.push(' ');
                line.push_str(word);
            } else {
                lines.push(word.to_owned());
            }
        }
        lines.join("\n")
    };
    let cut = |width: usize, text: &str| {
        let bytes: Vec<&str> =
            text.as_bytes().chunks(width).map(|part| std::str::from_utf8(part).unwrap()).collect();
        bytes.join("\n")
    };
    for width in [60, 72, 78, 80, 100, 120] {
        becomes(&fill(width, REFUSED), REFUSED, &[Step::Folding]);
        becomes(&cut(width, REFUSED), REFUSED, &[Step::Folding]);
    }
    let token = format!("eyJ0{}", "abcDEF0123".repeat(40));
    becomes(&cut(80, &token), &token, &[Step::Folding]);
    let head = "HTTP/1.1 401 Unauthorized\nContent-Type: application/json\nWWW-Authenticate: Bearer realm=\"\", authorization_uri=\"https://login.example/common\", error=\"invalid_token\", error_description=\"The token is expired and cannot be used any more by anyone here\"\nDate: Mon, 30 Nov 2026 05:34:36 GMT";
    let folded: Vec<String> = head.lines().map(|line| fill(78, line)).collect();
    becomes(&folded.join("\n"), head, &[Step::Folding]);
    // One fold, in the middle of a sentence.
    becomes(
        "AADSTS700016: Application with identifier 'x' was not found in the directory\nof the tenant.",
        "AADSTS700016: Application with identifier 'x' was not found in the directory of the tenant.",
        &[Step::Folding],
    );
    // A formatter that breaks at hyphens, and a copy that lost blanks at the line ends.
    becomes(
        "The client is 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee', its trace is 0f0e0d0c-\n0b0a-4908-8706-050403020100 and the time is the one that was shown before it\nwas closed again.",
        "The client is 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee', its trace is 0f0e0d0c-0b0a-4908-8706-050403020100 and the time is the one that was shown before it was closed again.",
        &[Step::Folding],
    );
}

#[test]
fn layers_within_layers_go() {
    let text = "> ```\r\n> \u{1b}[33mmailer-1  |\u{1b}[0m 2026-11-30 05:34:36,123 ERROR Traceback (most recent call last):\r\n> \u{1b}[33mmailer-1  |\u{1b}[0m 2026-11-30 05:34:36,123 ERROR   File \"a.py\", line 1, in f\r\n> \u{1b}[33mmailer-1  |\u{1b}[0m 2026-11-30 05:34:36,123 ERROR ValueError: AADSTS65001: no\r\n> ```\r\n";
    assert_eq!(read(text), "AADSTS65001: no\n");
}

#[test]
fn ids_differ() {
    let ids: std::collections::BTreeSet<&str> = STEPS.iter().map(|(step, _)| step.id()).collect();
    assert_eq!(ids.len(), STEPS.len());
}

/// Hostile texts, each of 1 MiB.
fn hostile() -> Vec<(&'static str, String)> {
    let of = |part: &str| part.repeat((1 << 20) / part.len());
    vec![
        ("quotes", of("> ")),
        ("quoted lines", of("> > > > > > > > > > > > > a\n")),
        ("escapes", of("\u{1b}]0;")),
        ("unfinished colours", format!("[0m{}", of("\u{1b}[1;"))),
        ("returns", of("\r")),
        ("containers", of("a-1 | ")),
        ("nested containers", of("a-1 | a-1 | a-1 | a-1 | a-1 | a-1 | a-1 | a-1 | a-1 | x\n")),
        ("times", of("2026-11-30 05:34:36 ERROR ")),
        ("records", of("2026-11-30 05:34:36 ERROR [a] b: c\n")),
        ("brackets", of("[")),
        ("fences", of("```\n")),
        ("frames", of("  at a.b(c)\n")),
        (
            "traces",
            of("Traceback (most recent call last):\n  File \"a\", line 1, in b\n x\nE: y\n"),
        ),
        ("classes", of("AError: ")),
        (
            "records of PowerShell 5",
            of("A-B : x\nAt line:1 char:1\n+ y\n+ ~\n    + CategoryInfo : z\n"),
        ),
        ("records of PowerShell 7", of("Line |\n 1 | a\n   | b\n")),
        ("short lines", of("a b\n")),
        ("folded lines", of(&format!("{} \n", "word ".repeat(15)))),
        ("words", of("word ")),
        ("blanks", of(" ")),
        ("line breaks", of("\n")),
        ("wide", of("é\u{1b}│")),
    ]
}

#[test]
fn hostile_texts_end() {
    for (_, text) in hostile() {
        let start: String = text.chars().take(1 << 15).collect();
        normalise(&start);
    }
}

#[test]
#[ignore = "measures; run it in a release build"]
#[allow(clippy::disallowed_methods, clippy::print_stderr)]
fn the_cost_of_hostile_texts() {
    for (name, text) in hostile() {
        let start = std::time::Instant::now();
        let normalised = normalise(&text);
        eprintln!("{name}: {:?} {:?}", start.elapsed(), normalised.steps);
    }
}
