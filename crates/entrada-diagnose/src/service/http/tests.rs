//! Tests of API answers.

use super::*;

#[test]
fn an_answer_is_read_from_what_tools_print() {
    let plain = "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nWWW-Authenticate: Bearer a\r\n\r\n{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"no\"}}";
    let curl = "*   Trying 1.2.3.4:443...\n> GET /v1.0/me HTTP/2\n> Host: graph.microsoft.com\n> Authorization: Bearer abc.def.ghi\n> \n< HTTP/2 401 \n< content-type: application/json\n< www-authenticate: Bearer a\n< \n* Connection #0 left intact\n{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"no\"}}";
    let proxied = format!("HTTP/1.1 200 Connection established\r\n\r\n{plain}");
    for text in [plain, curl, &proxied] {
        let answer = HttpAnswer::parse(text).unwrap();
        assert_eq!(answer.status, Some(401));
        assert_eq!(answer.code().as_deref(), Some("InvalidAuthenticationToken"), "{answer:?}");
        assert_eq!(answer.message().as_deref(), Some("no"));
        assert_eq!(answer.header("www-authenticate").collect::<Vec<_>>(), ["Bearer a"]);
    }
    let answer = HttpAnswer::parse(curl).unwrap();
    assert_eq!(answer.url.as_deref(), Some("https://graph.microsoft.com/v1.0/me"));
    assert_eq!(answer.authorization.unwrap().expose(), "Bearer abc.def.ghi");
    assert!(HttpAnswer::parse("hello").is_none());
}

#[test]
fn exchange_speaks_xml() {
    let answer = HttpAnswer::of_body(
        "<s:Envelope xmlns:s=\"x\"><s:Body><m:ResponseMessage><m:MessageText>The account does not have permission.</m:MessageText><m:ResponseCode>ErrorImpersonateUserDenied</m:ResponseCode></m:ResponseMessage></s:Body></s:Envelope>",
    );
    assert_eq!(answer.code().as_deref(), Some("ErrorImpersonateUserDenied"));
    assert_eq!(answer.message().as_deref(), Some("The account does not have permission."));
}

#[test]
fn a_code_of_any_program_is_good_only_with_the_part_of_the_call() {
    let good = |status: u16, head: &str, code: &str, message: &str| {
        let body = serde_json::json!({"error": {"code": code, "message": message}});
        let text = format!("HTTP/1.1 {status} x\r\n{head}\r\n{body}");
        HttpAnswer::parse(&text).unwrap().is_good()
    };
    assert!(good(404, "", "ErrorItemNotFound", "no"));
    assert!(good(400, "", "BadRequest", "Invalid filter clause: x"));
    for (status, head, code, message) in [
        (400, "", "BadRequest", "please try again"),
        (404, "", "NotFound", "mailbox"),
        (400, "", "BadRequest", "AADSTS65001: the $filter of consent"),
        (404, "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n", "ErrorItemNotFound", "no"),
        (408, "", "ErrorItemNotFound", "no"),
        (423, "", "ErrorItemNotFound", "no"),
        (451, "", "ErrorItemNotFound", "no"),
    ] {
        assert!(!good(status, head, code, message), "{status} {code} {message}");
    }
}
