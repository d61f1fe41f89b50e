//! The pages of Entra's sign-in: HTML with a script that sets `$Config`, an object with the state of the page. A page with an
//! error is usually sent with status 200.

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::page;
use entrada_core::oauth::ErrorResponse;

/// What a page of the sign-in shows.
#[derive(Debug)]
pub(crate) enum SignInPage {
    /// The authority refuses the sign-in.
    Refusal(Box<ErrorResponse>),
    /// The sign-in goes on: the page asks for something, or carries the answer to the application.
    Step,
}

/// Numbers on pages that ask for a further step: an account, a second factor, a device, a consent, "Stay signed in?".
const STEPS: [u64; 14] = [
    16000, 16001, 50058, 50072, 50074, 50076, 50079, 50097, 50125, 50127, 50129, 50140, 50199,
    65001,
];

/// The name of the script's object.
const CONFIG: &str = "$Config";

/// Reads `body`, the HTML of a page; `None` if it is no page of the sign-in.
pub(crate) fn read(body: &str) -> Option<SignInPage> {
    let Some(config) = config(body) else {
        // Older pages, and those of other parts of the sign-in, show the text alone.
        return page::aadsts(body).map(Box::new).map(SignInPage::Refusal);
    };
    Some(
        refusal(&config).map_or(SignInPage::Step, |refusal| SignInPage::Refusal(Box::new(refusal))),
    )
}

/// The refusal on the page `body`.
pub(crate) fn refusal_on(body: &str) -> Option<ErrorResponse> {
    match read(body)? {
        SignInPage::Refusal(refusal) => Some(*refusal),
        SignInPage::Step => None,
    }
}

/// The object that the script sets.
fn config(body: &str) -> Option<Map<String, Value>> {
    let at = body.find(CONFIG)? + CONFIG.len();
    let rest = body[at..].trim_start().strip_prefix('=')?;
    let mut json = serde_json::Deserializer::from_str(rest.trim_start());
    Map::deserialize(&mut json).ok()
}

fn refusal(config: &Map<String, Value>) -> Option<ErrorResponse> {
    let text = |name: &str| {
        let text = config.get(name).and_then(Value::as_str);
        text.map(str::trim).filter(|text| !text.is_empty())
    };
    let number = |name: &str| match config.get(name)? {
        Value::Number(number) => number.as_u64(),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    };
    let exception = text("strServiceExceptionMessage");
    let code = number("iErrorCode").or_else(|| number("sErrorCode")).filter(|code| 0 < *code);
    let is_error_page = text("pgid").is_some_and(|id| id == "ConvergedError");
    if exception.is_none() && code.is_none_or(|code| !is_error_page && STEPS.contains(&code)) {
        return None;
    }
    let words = exception.or_else(|| text("sErrTxt")).or_else(|| text("strMainMessage"));
    let description = match (words, code) {
        (Some(words), Some(code)) if !words.contains("AADSTS") => format!("AADSTS{code}: {words}"),
        (Some(words), _) => words.to_owned(),
        (None, code) => format!("AADSTS{}", code?),
    };
    let mut members = Map::new();
    members.insert("error_description".to_owned(), description.into());
    for (member, name) in [("correlation_id", "correlationId"), ("trace_id", "sessionId")] {
        if let Some(id) = text(name) {
            members.insert(member.to_owned(), id.into());
        }
    }
    Some(ErrorResponse::from_json(&members))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(config: &str) -> String {
        format!(
            "<!DOCTYPE html><html><body><script>//<![CDATA[\n$Config={config};\n//]]></script></body></html>"
        )
    }

    #[test]
    fn an_error_page_is_a_refusal_with_its_ids() {
        let body = page(
            r#"{"iErrorCode":50105,"strServiceExceptionMessage":"AADSTS50105: The user is blocked.","correlationId":"c","sessionId":"s","pgid":"ConvergedError"}"#,
        );
        let refusal = refusal_on(&body).unwrap();
        assert_eq!(refusal.error_codes, [50105]);
        assert_eq!(refusal.correlation_id.as_deref(), Some("c"));
        assert_eq!(refusal.trace_id.as_deref(), Some("s"));
    }

    #[test]
    fn a_wrong_password_is_told_on_the_page_for_the_password() {
        let body = page(
            r#"{"sErrorCode":"50126","sErrTxt":"Your account or password is incorrect.","pgid":"ConvergedSignIn"}"#,
        );
        let refusal = refusal_on(&body).unwrap();
        assert_eq!(refusal.error_codes, [50126]);
        assert!(refusal.error_description.unwrap().contains("password is incorrect"));
    }

    #[test]
    fn a_page_that_asks_for_a_step_is_no_refusal() {
        for config in [
            r#"{"pgid":"ConvergedSignIn","urlPost":"/common/login"}"#,
            r#"{"pgid":"ConvergedSignIn","sErrorCode":"50058"}"#,
            r#"{"pgid":"KmsiInterrupt","iErrorCode":50140}"#,
            r#"{"pgid":"ConvergedTFA","iErrorCode":50076,"sErrorCode":""}"#,
            r#"{"pgid":"ConvergedSignIn","iErrorCode":0}"#,
        ] {
            assert!(matches!(read(&page(config)), Some(SignInPage::Step)), "{config}");
        }
    }

    #[test]
    fn other_pages_are_none_of_the_sign_in() {
        for body in
            ["", "<html><body>hello</body></html>", "<script>var $Config;</script>", "$Config=1"]
        {
            assert!(read(body).is_none(), "{body}");
        }
        let old = "<div id=\"exceptionMessage\">AADSTS90002: Tenant 'x' not found.</div>";
        assert_eq!(refusal_on(old).unwrap().error_codes, [90002]);
    }
}
