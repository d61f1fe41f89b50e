//! Whether an XML body reports a failure: in an element or in an attribute.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::Value;

use super::body::{FAILED, denies_success, plain};
use super::success::{is_status, status_in};

/// Roots of ActiveSync's answers (MS-ASCMD), in lower case.
const ACTIVE_SYNC_ROOTS: [&str; 14] = [
    "find",
    "folderdelete",
    "foldersync",
    "getitemestimate",
    "itemoperations",
    "meetingresponse",
    "moveitems",
    "ping",
    "provision",
    "resolverecipients",
    "search",
    "sendmail",
    "settings",
    "sync",
];

/// Whether `text` is one complete XML document in which nothing reports a failure.
pub(super) fn is_whole(text: &str) -> bool {
    let mut reader = Reader::from_str(text);
    let (mut depth, mut roots) = (0_usize, 0_usize);
    let mut root = String::new();
    let mut element = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                element = plain(start.local_name().as_ref());
                if depth == 0 {
                    root.clone_from(&element);
                    roots += 1;
                }
                depth += 1;
                if has_failed_attribute(&start) {
                    return false;
                }
            }
            Ok(Event::Empty(start)) => {
                roots += usize::from(depth == 0);
                if has_failed_attribute(&start) {
                    return false;
                }
            }
            Ok(Event::End(_)) => {
                depth = depth.saturating_sub(1);
                element.clear();
            }
            Ok(Event::Text(text)) if depth == 0 && !text.trim_ascii().is_empty() => return false,
            Ok(Event::Text(text)) if fails(&element, text.trim(), &root) => return false,
            Ok(Event::Eof) => return depth == 0 && roots == 1,
            Ok(_) => (),
            Err(_) => return false,
        }
    }
}

/// Whether `text` in an element `name` reports a failure.
fn fails(name: &str, text: &str, root: &str) -> bool {
    match name {
        _ if text.is_empty() => false,
        "errorcode" => !["0", "NoError"].contains(&text),
        name if is_status(name) && ACTIVE_SYNC_ROOTS.contains(&root) => {
            !is_done_in_active_sync(text, root)
        }
        name if is_status(name) => is_failed_status(text),
        name => denies_success(name, &Value::from(text)),
    }
}

/// Whether a status of ActiveSync, which counts its own, is one of success: 1 (MS-ASCMD §2.2.3.177), and for `Ping` also 2, which
/// says that a folder has changed (§2.2.3.177.12).
fn is_done_in_active_sync(status: &str, root: &str) -> bool {
    status == "1" || (status == "2" && root == "ping")
}

/// A status in words or as a number of HTTP.
fn is_failed_status(text: &str) -> bool {
    FAILED.contains(&text.to_ascii_lowercase().as_str())
        || status_in(&Value::from(text)).is_some_and(|status| (400..600).contains(&status))
}

/// Whether an attribute reports a failure: `ResponseClass="Error"` of Exchange, `stat="fail"`.
fn has_failed_attribute(start: &BytesStart<'_>) -> bool {
    start.attributes().flatten().any(|attribute| {
        let name = plain(attribute.key.local_name().as_ref());
        let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) else { return true };
        match name.as_str() {
            "responseclass" => value.eq_ignore_ascii_case("error"),
            "stat" => is_failed_status(&value),
            name if is_status(name) => is_failed_status(&value),
            name => denies_success(name, &Value::from(&*value)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_found_in_any_spelling_of_an_attribute() {
        for failed in [
            "<a ResponseClass='Error'/>",
            "<a ResponseClass = \"Error\"><b/></a>",
            "<m:a xmlns:m='urn:x'><m:b\n ResponseClass\n=\n'Error'>x</m:b></m:a>",
            "<rsp stat='fail'/>",
            "<a status = 'failed'/>",
            "<a success='false'/>",
            "<a><success>false</success></a>",
            "<a><IsError>true</IsError></a>",
            "<a><status>403</status></a>",
            "<a><b>",
            "<a/><b/>",
        ] {
            assert!(!is_whole(failed), "{failed}");
        }
        for whole in [
            "<a ResponseClass='Success'/>",
            "<a><success>true</success></a>",
            "<a><title>ResponseClass='Error' and stat=\"fail\"</title></a>",
            "<a><status>ok</status>\n</a>",
        ] {
            assert!(is_whole(whole), "{whole}");
        }
    }

    #[test]
    fn two_is_a_success_of_ping_alone() {
        let with = |root: &str, status: u8| {
            is_whole(&format!("<{root} xmlns='x'><Status>{status}</Status></{root}>"))
        };
        assert!(with("Ping", 1) && with("Ping", 2) && with("Sync", 1));
        assert!(!with("Ping", 8) && !with("Sync", 2) && !with("FolderSync", 142));
    }
}
