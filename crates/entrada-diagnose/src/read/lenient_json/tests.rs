use serde_json::json;

use super::*;

/// The only object of `text`.
#[track_caller]
fn one(text: &str) -> Found {
    let mut found = objects(text);
    assert_eq!(found.len(), 1, "{text}: {found:?}");
    found.remove(0)
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)] // `json!` makes values.
fn reads(text: &str, value: Value) {
    let found = one(text);
    assert_eq!(found.value, value, "{text}");
    assert!(!found.strict, "{text}");
}

#[test]
fn json_is_found_wherever_it_stands() {
    let text = "400 Bad Request {\"error\":\"invalid_grant\",\"codes\":[1]} at once [{\"a\":{}}]\n{\"b\":\"}\"}\n{}";
    let found = objects(text);
    let values: Vec<&Value> = found.iter().map(|found| &found.value).collect();
    assert_eq!(
        values,
        [
            &json!({"error":"invalid_grant","codes":[1]}),
            &json!([{"a":{}}]),
            &json!({"b":"}"}),
            &json!({})
        ]
    );
    assert!(found.iter().all(|found| found.strict));
    assert_eq!(&text[found[0].span.clone()], "{\"error\":\"invalid_grant\",\"codes\":[1]}");
    assert_eq!(&text[found[1].span.clone()], "[{\"a\":{}}]");
}

#[test]
fn what_is_no_object_is_not_found() {
    for text in [
        "",
        "no braces",
        "{",
        "[",
        "{{{{",
        "the {tenant} in {https://login.microsoftonline.com/{tenant}/v2.0}",
        "if (x) { return fetch(uri); }",
        "{note that this is prose}",
        "[invalid_grant] AADSTS65001: no",
        "a NO [AUTHENTICATIONFAILED] AUTHENTICATE failed",
        "[1, 2]",
        "std::{io, fmt}",
        "{std::io}",
        "{ 'a', 'b' }",
        "{\"half",
        "{\"half\":",
        "{ok",
    ] {
        assert_eq!(objects(text), [], "{text}");
    }
}

#[test]
fn pythons_repr_is_read() {
    reads(
        "Err: {'error': 'invalid_grant', 'error_description': \"AADSTS65001: the user's consent\", 'codes': [65001, None, True, False, 1.5], 'b': b'x', 'u': u'y', 't': (1, 'z'), 'd': datetime.datetime(2026, 11, 30, 5, 34)} end",
        json!({"error":"invalid_grant","error_description":"AADSTS65001: the user's consent","codes":[65001,null,true,false,1.5],
            "b":"x","u":"y","t":[1,"z"],"d":"datetime.datetime(2026, 11, 30, 5, 34)"}),
    );
    reads(r"{'a': 'it\'s \x41\u0042\n', 2: '\\'}", json!({"a":"it's AB\n","2":"\\"}));
    reads("[{'a': 'x'}, {'a': 'y'}]", json!([{"a":"x"},{"a":"y"}]));
    // pprint breaks long strings.
    reads(
        "{'error': 'x',\n 'text': 'AADSTS70000: the '\n         'provided value'}",
        json!({"error":"x","text":"AADSTS70000: the provided value"}),
    );
    reads(
        "{'a': {'x', 'y'}, 'r': <Response [401]>}",
        json!({"a":["x","y"],"r":"<Response [401]>"}),
    );
    reads(
        "{'text': 'value for the 'code' parameter is bad', 'b': 1}",
        json!({"text":"value for the 'code' parameter is bad","b":1}),
    );
}

#[test]
fn what_node_prints_is_read() {
    reads(
        "AuthError: x {\n  errorCode: 'invalid_grant',\n  message: \"it's\",\n  codes: [ 65001 ],\n  inner: [Object],\n  send: [Function: send],\n  none: undefined,\n  [Symbol(kOut)]: 1\n}",
        json!({"errorCode":"invalid_grant","message":"it's","codes":[65001],"inner":"[Object]","send":"[Function: send]","none":null}),
    );
    reads("{ error: { code: 'x', message: \"…\" } }", json!({"error":{"code":"x","message":"…"}}));
    reads(
        "{ Error: The access token is from the wrong issuer\n    at Foo.bar (/a.js:1:2)\n  code: 'InvalidAuthenticationTokenTenant', statusCode: 401 }",
        json!({"Error":"The access token is from the wrong issuer","code":"InvalidAuthenticationTokenTenant","statusCode":401}),
    );
    reads(
        "{\n  response: <ref *1> IncomingMessage {\n    headers: Headers { a: 'b' },\n    body: `x`\n  },\n  cause: Error: connect ECONNREFUSED\n      at a (b:1:2) {\n    errno: -111\n  }\n}",
        json!({"response":{"headers":{"a":"b"},"body":"x"},"cause":{"errno":-111,"message":"connect ECONNREFUSED"}}),
    );
    reads(
        "{ message: 'AADSTS65001: ' +\n  'no', more: [ 'a', ... 3 more items ] }",
        json!({"message":"AADSTS65001: no","more":["a"]}),
    );
}

#[test]
fn json_with_slips_is_read() {
    let expected = || json!({"error":"invalid_grant","codes":[1]});
    reads("{\"error\":\"invalid_grant\",\"codes\":[1,],}", expected());
    reads("{ // why\n \"error\": \"invalid_grant\", /* and */ \"codes\": [1] }", expected());
    reads("{error:\"invalid_grant\",codes:[1]}", expected());
    reads("{\"error\":\"invalid_grant\"\n\"codes\":[1]}", expected());
    reads("{\"error\"=>\"invalid_grant\", \"codes\"=>[1]}", expected());
    reads(
        "@{error=invalid_grant; text=a, b; n=1}",
        json!({"error":"invalid_grant","text":"a, b","n":1}),
    );
    reads(
        "{error=invalid_grant, error_description=AADSTS65001: no, at all, n=}",
        json!({"error":"invalid_grant","error_description":"AADSTS65001: no, at all","n":null}),
    );
    reads("{\"t\":\"a \\\"b\\\" \\ud83d\\ude00\",}", json!({"t":"a \"b\" 😀"}));
}

#[test]
fn line_breaks_in_strings_are_joined() {
    reads(
        "{\"message\": \"Access token validation failure. Invalid\naudience.\"}",
        json!({"message":"Access token validation failure. Invalid audience."}),
    );
    let text = json!({"error":"invalid_grant","error_description":"AADSTS50173: The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password."}).to_string();
    for width in [40, 60, 78, 80] {
        let cut: Vec<&str> =
            text.as_bytes().chunks(width).map(|part| std::str::from_utf8(part).unwrap()).collect();
        reads(&cut.join("\n"), serde_json::from_str(&text).unwrap());
    }
}

#[test]
fn quotes_of_another_format_are_removed() {
    let expected = || json!({"error":"invalid_grant","error_description":"AADSTS65001: \"no\"\n"});
    let json = expected().to_string();
    let escaped = json.replace('\\', "\\\\").replace('"', "\\\"");
    let text = format!("level=error msg=\"failed: {escaped}\" x=\"y\"");
    reads(&text, expected());
    assert_eq!(&text[one(&text).span], escaped);
    let twice = escaped.replace('\\', "\\\\").replace('"', "\\\"");
    let text = format!("msg=\"{twice}\" z");
    reads(&text, expected());
    assert_eq!(&text[one(&text).span], twice);
    let doubled = json.replace('"', "\"\"");
    let text = format!("2026,\"{doubled}\",x");
    reads(&text, expected());
    assert_eq!(&text[one(&text).span], doubled);
    let entities = json.replace('&', "&amp;").replace('"', "&quot;");
    let text = format!("<p>{entities}</p>");
    reads(&text, expected());
    assert_eq!(&text[one(&text).span], entities);
    reads("\"{\\n  \\\"error\\\": \\\"x\\\"\\n}\"", json!({"error":"x"}));
}

#[test]
fn what_is_cut_off_is_closed() {
    for (text, value) in [
        ("{\"error\":\"x\",\"codes\":[1", json!({"error":"x"})),
        ("{\"error\":\"x\",\"codes\":[1,", json!({"error":"x","codes":[1]})),
        ("{\"error\":\"x\",\"error_de", json!({"error":"x"})),
        ("{\"error\":\"x\",\"error_description\"", json!({"error":"x"})),
        ("{\"error\":\"x\",\"error_description\":", json!({"error":"x"})),
        ("{\"error\":\"x\",\"suberror\":\"consent_req", json!({"error":"x"})),
        (
            "{\"error\":\"x\",\"error_description\":\"AADSTS65001: The us",
            json!({"error":"x","error_description":"AADSTS65001: The us"}),
        ),
        ("{\"error\":{\"code\":\"x\",\"inner\":{\"date\":\"", json!({"error":{"code":"x"}})),
        ("{\"error\":\"x\",\"a\":{", json!({"error":"x"})),
        ("[{\"error\":\"x\"},{\"err", json!([{"error":"x"}])),
    ] {
        reads(text, value);
    }
    // Words after an object without its end are no part of it, and the next object is found.
    let text = "{\"error\":\"x\",\nand then\n{\"b\":1}";
    let found = objects(text);
    assert_eq!(found.len(), 2);
    assert_eq!(&text[found[0].span.clone()], "{\"error\":\"x\"");
    assert_eq!(found[1].value, json!({"b":1}));
}

/// Hostile texts, each of 1 MiB.
fn hostile() -> Vec<(&'static str, String)> {
    let of = |part: &str| part.repeat((1 << 20) / part.len());
    vec![
        ("braces", of("{")),
        ("brackets", of("[")),
        ("quoted braces", of("{\"")),
        ("nested", of("{\"a\":")),
        ("nested without quotes", of("{a:")),
        ("nested arrays", of("[{\"a\":[")),
        ("escaped", of("{\\\"a\\\":")),
        ("doubled", of("{\"\"a")),
        ("entities", of("{&quot;a")),
        ("deeply escaped", of("{\\\\\\\"a")),
        ("assigned", of("{a={")),
        ("elements", format!("{{\"a\":[{}", of("1,"))),
        ("members", format!("{{{}", of("\"a\":1,"))),
        ("members without commas", format!("{{{}", of("\"a\":\"b\"\n"))),
        ("names", format!("{{{}", of("a:'b',"))),
        ("one string", format!("{{\"a\":\"{}", of("\"a "))),
        (
            "lines in a string",
            format!("{{\"a\":\"{}", of("word word word word word word word word\n")),
        ),
        ("objects", of("{\"a\":1}\n")),
        ("loose objects", of("{a:1}\n")),
        ("blanks", format!("{{{}", of(" "))),
        ("comments", format!("{{a:1,{}", of("/* "))),
        ("parentheses", of("{a:(")),
        ("added strings", format!("{{a:{}", of("'b'+"))),
        ("marks", of("{a:[O")),
        ("quotes", format!("{{a:{}", of("'\n"))),
        ("braces in lines", of("{a:b\n{\n")),
    ]
}

#[test]
fn hostile_texts_end() {
    for (_, text) in hostile() {
        let start: String = text.chars().take(1 << 14).collect();
        objects(&start);
    }
}

#[test]
#[ignore = "measures; run it in a release build"]
#[allow(clippy::disallowed_methods, clippy::print_stderr)]
fn the_cost_of_hostile_texts() {
    for (name, text) in hostile() {
        let start = std::time::Instant::now();
        let found = objects(&text).len();
        eprintln!("{name}: {:?} {found}", start.elapsed());
    }
}
