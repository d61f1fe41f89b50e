use serde_json::json;

use super::*;

const JSON: &str = "{\n  \"aud\": \"https://graph.microsoft.com\",\n  \"exp\": 1790000000,\n  \"scp\": \"Mail.Read User.Read\"\n}";
const HEADER: &str = "{\n  \"typ\": \"JWT\",\n  \"alg\": \"RS256\",\n  \"kid\": \"AB12\"\n}";

fn claims() -> Value {
    json!({"aud":"https://graph.microsoft.com","exp":1790000000,"scp":"Mail.Read User.Read"})
}

#[track_caller]
fn reads(text: &str, header: bool) -> DecodedToken {
    let token = claims_in(text).unwrap_or_else(|| panic!("no claims in {text}"));
    assert_eq!(Value::Object(token.claims.clone()), claims(), "{text}");
    assert_eq!(token.header.is_some(), header, "{text}");
    if header {
        assert_eq!(token.header.as_ref().unwrap()["alg"], "RS256", "{text}");
    }
    token
}

#[test]
fn json_of_claims_is_found_with_its_header() {
    reads(JSON, false);
    let text = format!("My token holds this:\n{JSON}\nwhat is wrong?");
    assert_eq!(&text[reads(&text, false).span], JSON);
    let text = format!("x {HEADER}.{JSON}.[Signature] y");
    assert_eq!(&text[reads(&text, true).span], &text[2..text.len() - 2]);
    reads(&format!("{HEADER}.\n{JSON}.\n[Signature]"), true);
    reads(
        &format!("HEADER:ALGORITHM & TOKEN TYPE\n{HEADER}\nPAYLOAD:DATA\n{JSON}\nVERIFY SIGNATURE"),
        true,
    );
    reads(&format!("Header:\n{HEADER}\n\nPayload:\n{JSON}"), true);
    reads(&format!("{{\"header\":{HEADER},\"payload\":{JSON},\"signature\":\"abc\"}}"), true);
    reads(&format!("[{HEADER},{JSON}]"), true);
    reads(&format!("{{\"decoded\":{{\"protectedHeader\":{HEADER},\"claims\":{JSON}}}}}"), true);
    reads(
        "{'aud': 'https://graph.microsoft.com', 'exp': 1790000000, 'scp': 'Mail.Read User.Read'}",
        false,
    );
    reads(
        "{\"aud\":\"https://graph.microsoft.com\",\"exp\":1790000000, // Mon Sep 21 2026\n\"scp\":[\"Mail.Read\",\"User.Read\"],}",
        false,
    );
    reads(
        "{\"aud\":\"https://graph.microsoft.com\",\"exp\":\"1790000000\",\"scp\":\"Mail.Read User.Read\"}",
        false,
    );
}

#[test]
fn tables_and_lists_of_claims_are_found() {
    for text in [
        "aud | https://graph.microsoft.com | for whom\nexp | 1790000000 | until\nscp | Mail.Read User.Read |",
        "| Claim | Value |\n|-------|-------|\n| aud | https://graph.microsoft.com |\n| exp | 1790000000 (Mon Sep 21 2026) |\n| scp | Mail.Read User.Read |",
        "Claim type\tValue\tNotes\naud\thttps://graph.microsoft.com\tIdentifies the recipient\nexp\tMon Sep 21 2026 16:13:20 GMT+0200 (CEST)\t\nscp\tMail.Read User.Read\t",
        "Claim type  Value  Notes\naud  https://graph.microsoft.com  Identifies the recipient\nexp  1790000000  x\nscp  Mail.Read User.Read  x",
        "aud: \"https://graph.microsoft.com\"\nexp: 1790000000\nscp: \"Mail.Read User.Read\"",
        "aud: \"https://graph.microsoft.com\",\nexp: 1790000000,\nscp: \"Mail.Read User.Read\",",
        "aud = https://graph.microsoft.com\nexp = 1790000000\nscp = Mail.Read User.Read",
        "aud     : https://graph.microsoft.com\nexp     : 1790000000\nscp     : Mail.Read User.Read",
        "- aud: https://graph.microsoft.com\n- exp: 2026-09-21T14:13:20Z\n- scp: Mail.Read, User.Read",
        "* **aud**: `https://graph.microsoft.com`\n* **exp**: `1790000000`\n* **scp**: `Mail.Read User.Read`",
        "The claims are\n  aud: https://graph.microsoft.com\n\n  exp: Mon, 21 Sep 2026 14:13:20 GMT\n  scp:\n    - Mail.Read\n    - User.Read\nThanks",
        "\"aud\": \"https://graph.microsoft.com\",\n\"exp\": 1790000000,\n\"scp\": \"Mail.Read User.Read\"",
        "Claim Type: aud, Value: https://graph.microsoft.com\nClaim Type: exp, Value: 1790000000\nClaim Type: scp, Value: Mail.Read User.Read",
        "Type: aud - Value: https://graph.microsoft.com\nType: exp - Value: 1790000000\nType: http://schemas.microsoft.com/identity/claims/scope - Value: Mail.Read User.Read",
        "aud -> https://graph.microsoft.com\nexp -> 1790000000\nscp -> Mail.Read User.Read",
    ] {
        reads(text, false);
    }
    reads(
        "alg: RS256\ntyp: JWT\n\naud: https://graph.microsoft.com\nexp: 1790000000\nscp: Mail.Read User.Read",
        true,
    );
}

#[test]
fn lists_and_times_have_the_type_of_a_token() {
    for (line, value) in [
        ("roles: Mail.Read, Mail.Send", json!(["Mail.Read", "Mail.Send"])),
        ("roles: [\"Mail.Read\",\"Mail.Send\"]", json!(["Mail.Read", "Mail.Send"])),
        ("roles: ['Mail.Read', 'Mail.Send']", json!(["Mail.Read", "Mail.Send"])),
        ("roles   : {Mail.Read, Mail.Send}", json!(["Mail.Read", "Mail.Send"])),
        ("| roles | Mail.Read<br>Mail.Send |", json!(["Mail.Read", "Mail.Send"])),
        ("roles:\n  - Mail.Read\n  - Mail.Send", json!(["Mail.Read", "Mail.Send"])),
        ("roles: Mail.Read", json!(["Mail.Read"])),
    ] {
        let token = claims_in(&format!("aud: x\n{line}\ntid: y")).unwrap();
        assert_eq!(token.claims["roles"], value, "{line}");
        assert_eq!(token.claims["tid"], "y", "{line}");
    }
    let token = claims_in("aud: [\"a\", \"b\"]\nver: 1.0\nacct: 0\niss: y").unwrap();
    assert_eq!(
        Value::Object(token.claims),
        json!({"aud":["a","b"],"ver":"1.0","acct":0,"iss":"y"})
    );
    for (text, seconds) in [
        ("1790000000", Some(1_790_000_000)),
        ("1790000000 (2026-09-21)", Some(1_790_000_000)),
        ("1790000000.5", Some(1_790_000_000)),
        ("1790000000000", Some(1_790_000_000)),
        ("2026-09-21T14:13:20.000Z", Some(1_790_000_000)),
        ("2026-09-21 14:13:20 UTC", Some(1_790_000_000)),
        ("2026-09-21 16:13:20 +0200", Some(1_790_000_000)),
        ("Mon Sep 21 14:13:20 UTC 2026", Some(1_790_000_000)),
        ("Monday (1790000000)", Some(1_790_000_000)),
        ("9/21/2026 2:13:20 PM", None),
        ("2026-09-21 14:13:20", None),
        ("soon", None),
    ] {
        assert_eq!(time::seconds(text), seconds, "{text}");
    }
}

#[test]
fn other_texts_have_no_claims() {
    for text in [
        "",
        "aud",
        "{\"aud\":\"x\"}",
        "{\"aud\":\"\",\"exp\":1}",
        "{\"exp\":1790000000,\"scp\":\"Mail.Read\"}",
        "{\"access_token\":{\"aud\":null,\"exp\":1}}",
        "The audit says: exp is past",
        "name: x\nscope: y\nemail: z",
        "aud: x\none\ntwo\nthree\nfour\nexp: 1790000000",
    ] {
        assert_eq!(claims_in(text), None, "{text}");
    }
    // Two tokens: the first.
    let token = claims_in("aud: a\nexp: 1790000000\naud: b\nexp: 1790000001").unwrap();
    assert_eq!(token.claims["aud"], "a");
    assert_eq!(token.span, 0..22);
}

#[test]
#[ignore = "measures; run it in a release build"]
#[allow(clippy::disallowed_methods, clippy::print_stderr)]
fn the_cost_of_hostile_texts() {
    for part in [
        "aud\n",
        "aud: x\nexp: 1\n",
        "aud: [\n",
        "{\"aud\":{\"aud\":[",
        "| aud |",
        "aud: [{a\n",
        "aud  \n",
    ] {
        let text = part.repeat((1 << 20) / part.len());
        let start = std::time::Instant::now();
        let found = claims_in(&text).is_some();
        eprintln!("{part:?}: {:?} {found}", start.elapsed());
    }
}
