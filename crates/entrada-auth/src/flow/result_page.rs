//! The page that the user sees at the end. It contains only entrada's own text, and nothing from the request.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::AcquireError;
use entrada_core::entra::aadsts;
use entrada_core::oauth::ErrorResponse;
use entrada_core::{Account, clean};

const CSS: &str = include_str!("result_page.css");

const GOOD: &str = "#1a7f37";
const PLAIN: &str = "#9a6700";
const BAD: &str = "#cf222e";

/// The result of the sign-in, for the user at the browser.
pub(super) fn result_page(outcome: Result<&Account, &AcquireError>) -> String {
    const BACK: &str = "Go back to the program that started the sign-in. It shows the reason.";
    match outcome {
        Ok(account) => frame(
            GOOD,
            "You are signed in",
            &[
                said(&format!("As {}.", account.label())),
                said(
                    "Go back to the program that started the sign-in. There is nothing more to do here.",
                ),
            ],
        ),
        Err(AcquireError::Refused(refusal)) if is_declined(&refusal.error) => frame(
            PLAIN,
            "You did not sign in",
            &[said(
                "The sign-in was cancelled, and nothing was stored. To try again, start a new sign-in.",
            )],
        ),
        Err(AcquireError::Refused(refusal)) => {
            let mut body = vec![said("The sign-in was refused, and nothing was stored.")];
            body.extend(explained(&refusal.error));
            body.push(said(BACK));
            frame(BAD, "The sign-in did not work", &body)
        }
        Err(AcquireError::WrongAccount { found, wanted, .. }) => frame(
            BAD,
            "This is another account",
            &[
                said(&format!(
                    "You signed in as {found}, but {wanted} was requested. Nothing was stored."
                )),
                said("Start a new sign-in and choose the other account. A private window helps."),
            ],
        ),
        Err(_) => {
            frame(BAD, "The sign-in did not work", &[said("Nothing was stored."), said(BACK)])
        }
    }
}

/// The page for a second request for the start page.
pub(super) fn used_page() -> String {
    frame(
        PLAIN,
        "This address was used already",
        &[
            said("It opens the sign-in page once. Sign in on the page that it opened."),
            said(
                "If no sign-in page opened, another program on this computer used the address. Then stop entrada in the \
                 terminal with Ctrl-C, and start a new sign-in.",
            ),
        ],
    )
}

fn is_declined(error: &ErrorResponse) -> bool {
    error.error_subcode.as_deref() == Some("cancel")
        || error.has_code(&[65004])
        || (error.error == "access_denied" && error.error_codes.is_empty())
}

/// The AADSTS number with its meaning from entrada's own table; otherwise the bare `error`, if it is one word.
fn explained(error: &ErrorResponse) -> Option<Markup> {
    let codes = error.error_codes.iter();
    if let Some(code) = codes.clone().find_map(|code| aadsts::find(*code)) {
        let mut meaning = code.meaning.to_owned();
        if let Some(first) = meaning.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        return Some(html! { p.code { "AADSTS" (code.code) } (said(&format!("{meaning}."))) });
    }
    if let Some(code) = codes.clone().next() {
        return Some(html! { p.code { "AADSTS" (code) } });
    }
    let word = &error.error;
    let plain = word.len() <= 40 && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    plain.then(|| html! { p.code { (word) } })
}

fn said(text: &str) -> Markup {
    html! { p { (clean(text)) } }
}

fn frame(tone: &str, title: &str, body: &[Markup]) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(format!(":root {{ --tone: {tone} }}"))) (PreEscaped(CSS)) }
            }
            body {
                main {
                    h1 { (title) }
                    @for part in body { (part) }
                    footer { "entrada, on this computer. You may close this page." }
                }
            }
        }
    }
    .into_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Refusal;

    fn refused(error: ErrorResponse) -> String {
        let refusal = Refusal { error, grant_type: "authorization_code", code_expired: false };
        result_page(Err(&AcquireError::Refused(Box::new(refusal))))
    }

    #[test]
    fn the_page_says_what_happened() {
        let account =
            Account { username: Some("ada@contoso.example".into()), ..Account::default() };
        let signed_in = result_page(Ok(&account));
        assert!(
            signed_in.contains("You are signed in") && signed_in.contains("ada@contoso.example")
        );
        let declined = ErrorResponse { error: "access_denied".into(), ..ErrorResponse::default() };
        assert!(refused(declined).contains("You did not sign in"));
        let policy = ErrorResponse {
            error: "access_denied".into(),
            error_codes: vec![53003],
            ..ErrorResponse::default()
        };
        let policy = refused(policy);
        assert!(
            policy.contains("AADSTS53003")
                && policy.contains(aadsts::find(53003).unwrap().meaning.get(1..).unwrap())
        );
    }

    #[test]
    fn nothing_from_the_request_is_on_the_page() {
        let hostile = "<script>alert(1)</script>";
        let error = ErrorResponse {
            error: hostile.into(),
            error_description: Some(hostile.into()),
            error_uri: Some(hostile.into()),
            ..ErrorResponse::default()
        };
        assert!(!refused(error).contains("script"));
        let account = Account { username: Some(hostile.into()), ..Account::default() };
        assert!(!result_page(Ok(&account)).contains("<script"));
        let wrong = AcquireError::WrongAccount {
            found: hostile.into(),
            tenant: None,
            wanted: hostile.into(),
        };
        assert!(!result_page(Err(&wrong)).contains("<script"));
    }
}
