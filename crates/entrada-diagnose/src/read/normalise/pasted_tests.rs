//! Texts as people paste them into mails, chats, issues and tables.

use super::tests::{REFUSED, becomes, read, stays};
use super::*;

#[test]
fn words_that_state_nothing_go() {
    for around in [
        (
            "Hello,\n\nthis is what I get when I run it:\n\n",
            "\n\nCan somebody tell me what it means? Thanks!\n",
        ),
        (
            "On Fri, 15 Jan 2027 at 08:59, Ada wrote:\n",
            "\n\nAny ideas?\n\nBest regards,\nAda Lovelace\n",
        ),
        ("Am 15.01.2027 um 08:59 schrieb Ada:\n", "\n-- \nAda Lovelace\n"),
        ("I get this error:\n", "\nWhat is wrong here?\n"),
        (
            "Ada Lovelace\n  8:59 AM\nhi all, this is the output:\n",
            "\nGrace Hopper\n  9:02 AM\nthanks\n",
        ),
        ("[15/01/2027 08:59] Ada Lovelace\n", "\n[15/01/2027 09:02] Grace Hopper\nThanks\n"),
        (
            "### Describe the bug\n\n",
            "\n\n### Environment\n\n- OS: Ubuntu 24.04\n\n_No response_\n",
        ),
        (
            "Hi team,\n\nplease see below.\n\nBest regards\nAda Lovelace\n\n-----Original Message-----\nFrom: Grace\nSent: today\nTo: Ada\nSubject: sync\n\n",
            "\n",
        ),
        ("$ kubectl logs deploy/mailer\n", "\n"),
        ("Log Name: Application\nSource: Mailer\nEvent ID: 1\nLevel: Error\nDescription:\n", "\n"),
    ] {
        let text = format!("{}{REFUSED}{}", around.0, around.1);
        assert_eq!(read(&text).trim(), REFUSED, "{text}");
        assert_eq!(normalise(&text).steps, [Step::Talk], "{text}");
    }
}

#[test]
fn words_that_may_state_something_stay() {
    for text in [
        "Denied\neyJx",
        "my colleague says that his script printed this and then simply stopped\neyJx",
        "eyJx\nit does not work",
        "eyJx\nit was rejected, thanks",
        "eyJx\nService Unavailable",
        "eyJx\nWhy was it rejected?",
        "eyJx\nrc=22",
        "Hello",
        "Thanks!",
        "From: a\nHost: b\n\nx y",
        "$ curl -H 'Authorization: Bearer eyJx' https://h\nx y",
        "aud: x\nexp: y",
    ] {
        stays(text);
    }
}

#[test]
fn a_cell_of_a_table_and_the_source_of_a_page_are_read() {
    becomes(
        "time,source,message\n2027-01-15,mailer,\"{\"\"error\"\":\"\"invalid_grant\"\",\n\"\"x\"\":1}\"\n",
        "{\"error\":\"invalid_grant\",\n\"x\":1}\n",
        &[Step::CsvCells],
    );
    becomes(
        "<pre><code>{&quot;error&quot;:&quot;a&amp;lt;b&#39;&quot;}</code></pre>",
        "{\"error\":\"a&lt;b'\"}",
        &[Step::HtmlEscapes],
    );
    for text in [
        "name,value\naud,x",
        "a,b\n\"open,x",
        "a,b\n\"x\",y,z",
        "{\"error\":\"a &quot;word&quot;\"}",
        "<html><pre>a &amp; b</pre></html>",
        "https://login.example/?a=b&quot=c",
        "R&amp;D",
    ] {
        stays(text);
    }
}

#[test]
fn the_class_that_any_program_throws_goes_and_others_stay() {
    for (text, plain) in [
        ("RuntimeError: AADSTS50034: no", "AADSTS50034: no"),
        ("java.lang.IllegalStateException: AADSTS50034: no", "AADSTS50034: no"),
        ("jwt.exceptions.ExpiredSignatureError: no", "jwt.exceptions.ExpiredSignatureError:\nno"),
        ("System.UnauthorizedAccessException: no", "System.UnauthorizedAccessException:\nno"),
    ] {
        assert_eq!(read(text), plain);
    }
}

#[test]
fn json_that_was_folded_inside_its_strings_is_whole_again() {
    let text = "{\"job\":\"imap\",\"requested_scopes\":\"https://graph.microsoft.com/Mail.Read openid\nprofile offline_access\",\"mail\":{\"lines\":[\"C: AUTH XOAUTH2\",\"S: +\",\n\"C: x\"]}}";
    let plain = text.replace("openid\nprofile", "openid profile");
    becomes(text, &plain, &[Step::Folding]);
    stays("{\"a\": \"https://graph.microsoft.com/Mail.Read openid profile offline\",\n\"b\": 1}");
}
