//! Tests of which text is removed and which stays.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use super::*;
use crate::redact::known::INDEX_MAX;

const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJtYWlsIiwic2NwIjoieCJ9.c2lnbmF0dXJlIG9mIGl0";
const OPAQUE: &str = "s/tA+\"e&7 <Q~ä!";

fn knowing(secrets: &[&str]) -> Redactor {
    let redactor = Redactor::default();
    for secret in secrets {
        redactor.register(secret);
    }
    redactor
}

fn percent_encoded(text: &str, least: fn(u8) -> bool) -> String {
    text.bytes()
        .map(|byte| if least(byte) { format!("%{byte:02x}") } else { char::from(byte).to_string() })
        .collect()
}

#[test]
fn a_secret_is_found_in_every_encoding_and_in_two_nested_ones() {
    for secret in [TOKEN, OPAQUE, "0.AXoA-short", "opaque-token", "Rt_77"] {
        let redactor = knowing(&[secret]);
        let json = json!(secret).to_string();
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let html = crate::xml_escaped(secret);
        let utf_16: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
        let numbers: String = secret.chars().map(|c| format!("&#{};", u32::from(c))).collect();
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let base64 = BASE64_STANDARD.encode(secret);
        let bytes = |format: fn(u8) -> String, between: &str| {
            secret.bytes().map(format).collect::<Vec<_>>().join(between)
        };
        let plain = |byte: u8| format!("{byte:02x}");
        let quoted = bytes(|byte| format!("={byte:02X}"), "");
        for text in [
            bytes(plain, ":"),
            bytes(|byte| format!("{byte:02X}"), " "),
            bytes(plain, "-"),
            bytes(|byte| format!("0x{byte:02x}"), ", "),
            bytes(plain, " ").replace(' ', "\n"),
            quoted.clone(),
            quoted.replace("=2", "=\r\n=2"),
            BASE64_STANDARD.encode(&quoted),
            secret.to_owned(),
            json.clone(),
            json!(json).to_string(),
            form.clone(),
            percent_encoded(secret, |_| true),
            percent_encoded(&form, |byte| byte == b'%'),
            html,
            utf_16,
            numbers,
            hex,
            base64.clone(),
            BASE64_STANDARD.encode(&base64),
            BASE64_STANDARD.encode(format!("user=a@b.example\u{1}auth=Bearer {secret}\u{1}\u{1}")),
            BASE64_STANDARD_NO_PAD.encode(format!("x:{secret}")),
            BASE64_URL_SAFE_NO_PAD.encode(format!("xy {secret}")),
            BASE64_URL_SAFE_NO_PAD.encode(&form),
            percent_encoded(&base64, |byte| b"+/=".contains(&byte)),
        ] {
            let shown = redactor.text(&format!("it said: {text}, no")).into_owned();
            assert!(shown.starts_with("it said: ") && shown.ends_with(", no"), "{shown}");
            assert!(shown.contains(REPLACEMENT) && shown.len() < 80, "{secret}: {text}: {shown}");
        }
    }
}

#[test]
fn pieces_are_found_across_blanks_lines_and_invisible_marks_and_in_any_case() {
    let redactor = knowing(&[TOKEN]);
    let with = |between: char| TOKEN.chars().flat_map(|c| [c, between]).collect::<String>();
    let lines: Vec<String> = TOKEN
        .as_bytes()
        .chunks(30)
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect();
    for (text, expected) in [
        (format!("NO {TOKEN}."), "NO [secret].".to_owned()),
        (format!("NO {}", &TOKEN[5..40]), "NO [secret]".to_owned()),
        (format!("NO {}", &TOKEN[5..21]), "NO [secret]".to_owned()),
        (format!("NO {}", TOKEN.to_lowercase()), "NO [secret]".to_owned()),
        (format!("NO {}", with(' ')), "NO [secret] ".to_owned()),
        (format!("NO {}.", with('\u{301}')), "NO [secret]\u{301}.".to_owned()),
        (format!("NO {}.", with('\u{200b}')), "NO [secret]\u{200b}.".to_owned()),
        (lines.join("\n"), "[secret]\n\n".to_owned()),
        ("NO AUTHENTICATE failed.".to_owned(), "NO AUTHENTICATE failed.".to_owned()),
        ("é 235 2.7.0 Authentication".to_owned(), "é 235 2.7.0 Authentication".to_owned()),
    ] {
        assert_eq!(redactor.text(&text), expected);
    }
}

#[test]
fn quoted_printable_and_hex_dumps_are_found_whole() {
    let redactor = knowing(&["ab=cd=ef-gh", TOKEN]);
    let quoted = "ab=3Dcd=\n=3Def-gh";
    assert_eq!(redactor.text(&format!("token=3D{quoted}.")), "token=3D[secret].");
    let wrapped = format!("{}=\r\n{}=\n{}", &TOKEN[..9], &TOKEN[9..30], &TOKEN[30..]);
    assert_eq!(redactor.text(&format!("x={wrapped}, no")), "x=[secret], no");
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
    // xxd and od: an offset, groups of bytes, and the text.
    for groups in [1, 2, 4] {
        let lines: Vec<String> = hex(TOKEN)
            .chunks(16)
            .enumerate()
            .map(|(at, bytes)| {
                let groups: Vec<String> = bytes.chunks(groups).map(<[String]>::concat).collect();
                format!("{:08x}: {}", at * 16, groups.join(" "))
            })
            .collect();
        let shown = redactor.text(&lines.join("\n")).into_owned();
        for bytes in hex(TOKEN).chunks(16).filter(|bytes| bytes.len() == 16) {
            let groups: Vec<String> = bytes.chunks(groups).map(<[String]>::concat).collect();
            assert!(!shown.contains(&groups.join(" ")), "{shown}");
        }
    }
    for text in ["a=b=3D1", "12:34:56 and 2026-11-30", "x=\ny", "de ad be ef"] {
        assert_eq!(redactor.text(text), text);
    }
}

#[test]
fn text_without_a_secret_is_unchanged_whatever_was_registered() {
    let client = "7b1d9c34-52ae-4f0d-9e68-c3a41f7e2d05";
    let redactor = knowing(&[
        "",
        "a",
        "no",
        "aud",
        "50076",
        "401",
        "1.Ax7",
        "scope-1",
        TOKEN,
        &format!("opaque.{client}.of-the-client"),
    ]);
    for text in [
        format!("AADSTS50076: the client {client} may not, aud, scp, 401, no"),
        "error_codes 50076 700016 AADSTS700016".to_owned(),
        "1.Ax77 and x1.Ax7 and scope-10".to_owned(),
        "the claim `preferred_username` of https://login.microsoftonline.com/common/v2.0"
            .to_owned(),
    ] {
        assert_eq!(redactor.text(&text), text);
    }
    assert_eq!(redactor.text("1.Ax7, scope-1"), "[secret], [secret]");
    let whole = format!("opaque.{client}.of-the-client");
    assert_eq!(redactor.text(&format!("no: {whole}, {client}")), format!("no: [secret], {client}"));
    // The text is secret after it was sent as a secret.
    assert_eq!(knowing(&[client]).text(client), REPLACEMENT);
}

#[test]
fn names_and_texts_of_json_are_redacted_and_numbers_are_not() {
    let redactor = knowing(&["opaque-token", "1700000000"]);
    let shown =
        redactor.value(json!({"a opaque-token": ["opaque-token", 1_700_000_000, {"b": null}]}));
    assert_eq!(shown, json!({"a [secret]": [REPLACEMENT, 1_700_000_000, {"b": null}]}));
}

#[test]
fn clones_and_archives_know_the_same_secrets_and_a_fingerprint_shows_which() {
    let redactor = Redactor::default();
    let (clone, archive) = (redactor.clone(), redactor.with_fingerprints([7; 16]));
    redactor.register("first-one");
    redactor.register("the-second-of-them-all");
    let text = "the-second-of-them-all, first-one";
    assert_eq!(clone.text(text), "[secret], [secret]");
    let shown = archive.text(text).into_owned();
    let (second, first) = shown.split_once(", ").unwrap();
    assert!(is_redacted(second) && second.ends_with("-22"), "{shown}");
    assert!(is_redacted(first) && first.ends_with("-9"), "{shown}");
    assert_eq!(format!("{clone:?}"), "Redactor(redacted)");
}

#[test]
fn a_character_that_one_encoding_escapes_is_plain_in_another() {
    for (secret, text) in [
        ("correct horse battery staple", "correct+horse+battery+staple"),
        ("correct horse", "correct+horse"),
        (r"QV\P2JYzHWD'ERC7", "QV\\P2JYzHWD&#39;ERC7"),
        ("a&amp;b%41c-and-more", "a&amp;b%41c-and-more"),
    ] {
        assert_eq!(knowing(&[secret]).text(&format!("said <{text}>")), "said <[secret]>");
    }
}

#[test]
fn a_number_is_found_only_as_a_whole_number() {
    let redactor = knowing(&["17000000", "123456"]);
    for text in ["exp 1700000000", "AADSTS123456", "1234567", "0.17000000123"] {
        assert_eq!(redactor.text(text), text);
    }
    assert_eq!(redactor.text("code=17000000, otp:123456."), "code=[secret], otp:[secret].");
}

#[test]
fn a_secret_that_continues_on_the_next_line_is_removed_and_lines_stay_lines() {
    let redactor = knowing(&[TOKEN]);
    let mut lines = [format!("one {}", &TOKEN[..30]), format!("{} two", &TOKEN[30..]), "C".into()];
    let [first, second, third] = &mut lines;
    redactor.lines(&mut [first, second, third]);
    assert_eq!(lines, ["one [secret]", " two", "C"]);
}

#[test]
fn text_that_was_redacted_before_stays_as_it_is() {
    for text in [
        "refresh_token:[secret], access_token=[secret]",
        r#"{"access_token":"redacted-5e884898da28-1394"}"#,
    ] {
        assert_eq!(Redactor::without_likely_secrets(text), text);
    }
}

#[test]
fn a_secret_too_long_for_the_index_is_found_whole() {
    let long: String = (0..INDEX_MAX / 8).map(|number| format!("{number:08}")).collect();
    let redactor = Redactor::of_process();
    redactor.register(&long);
    redactor.register(&long.replace('0', "x"));
    for text in [&long, &long.replace('0', "x"), &long[..40]] {
        assert_eq!(redactor.text(&format!("x {text} y")), "x [secret] y");
    }
}

#[test]
fn the_newest_secrets_are_known_however_many_came_before() {
    let redactor = Redactor::of_process();
    let number = |number: usize| format!("secret-{number:06}-{}", "q".repeat(60_000));
    // 6 MB of them: a process that renews its token for days registers as much.
    for at in 0..100 {
        redactor.register(&number(at));
        // The first is of the configuration, and the other is in use all the time.
        if at == 60 {
            redactor.register(&number(20));
        }
    }
    for at in [0, 20, 70, 85, 99] {
        assert_eq!(redactor.text(&format!("x {} y", number(at))), "x [secret] y", "{at}");
    }
}

/// Distinct secrets of `length` characters, like tokens of one issuer: the same start, and another end.
fn many(count: usize, length: usize) -> impl Iterator<Item = String> {
    use sha2::{Digest as _, Sha256};
    (0..count).map(move |number| {
        let digest = Sha256::digest(number.to_le_bytes());
        let end = BASE64_URL_SAFE_NO_PAD.encode(digest);
        format!(
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.{}{end}",
            "x".repeat(length.saturating_sub(80))
        )
    })
}

#[test]
fn a_file_is_redacted_against_all_of_its_own_secrets() {
    let archive = Redactor::default().with_fingerprints([7; 16]);
    let evidence = Redactor::default();
    let run = Redactor::of_process();
    // 10 MiB, more than a process remembers.
    let all: Vec<String> = many(5_000, 2_100).collect();
    for secret in &all {
        archive.hide(secret);
        evidence.register(secret);
    }
    run.join(&evidence);
    for redactor in [&archive, &evidence, &run, &run.with_fingerprints([7; 16])] {
        for (number, secret) in all.iter().enumerate().step_by(97) {
            let text = redactor.text(secret);
            assert!(!text.contains(&secret[2_050..]), "{number}");
        }
    }
}

#[test]
fn a_piece_of_each_secret_of_a_file_is_found() {
    use sha2::{Digest as _, Sha256};
    let opaque = |number: usize| -> String {
        let digests = (0..28).map(|part| Sha256::digest(format!("{number} {part}")));
        digests.map(|digest| BASE64_URL_SAFE_NO_PAD.encode(digest)).collect::<String>()
    };
    let all: Vec<String> = (0..80).map(opaque).collect();
    assert!(INDEX_MAX < all.iter().map(String::len).sum());
    let file = Redactor::default();
    for secret in &all {
        file.register(secret);
    }
    // A process that has indexed secrets of its own, and then reads the file.
    let run = Redactor::of_process();
    run.register(&opaque(80));
    assert_eq!(run.text(&opaque(80)), "[secret]");
    run.join(&file);
    for redactor in [&file, &run] {
        for secret in &all {
            let text =
                redactor.text(&format!("invalid token '{}'", &secret[600..720])).into_owned();
            assert_eq!(text, "invalid token '[secret]'");
        }
    }
}

#[test]
fn each_of_many_secrets_is_found() {
    let all: Vec<String> = many(5_000, 90).collect();
    let redactor = Redactor::default();
    for secret in all.iter().chain(&all) {
        redactor.register(secret);
    }
    let text = all.join("\n");
    let shown = redactor.text(&text);
    assert!(!shown.contains("eyJ0"), "one is left");
    // Short ones as well.
    let redactor = Redactor::default();
    let all: Vec<String> = (100_000..110_000).map(|number| format!("pin-{number}")).collect();
    for secret in &all {
        redactor.register(secret);
    }
    assert!(!redactor.text(&all.join(" ")).contains("pin-"));
}

#[test]
fn a_piece_of_each_secret_is_found_however_the_index_grew() {
    let secret = |number: usize| many(number + 1, 200).last().unwrap_or_default();
    let end = |number: usize| secret(number)[200 - 40..].to_owned();
    let redactor = Redactor::of_process();
    for number in 0..40 {
        redactor.register(&secret(number));
        // The search makes the index.
        for earlier in [0, number / 2, number] {
            assert_eq!(redactor.text(&format!("x {} y", end(earlier))), "x [secret] y", "{number}");
        }
    }
    assert_eq!(redactor.text("a text without any of them"), "a text without any of them");
}
