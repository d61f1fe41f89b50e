//! The pages for users. `maud` escapes all inserted text.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::account::{EmulatedAccount, TenantSegment};
use entrada_core::clean;

const CSS: &str = include_str!("page.css");

/// A whole page with `title` as its heading.
pub(super) fn page(title: &str, body: &Markup) -> String {
    let title = clean(title);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(CSS)) }
            }
            body {
                main { h1 { (title) } (body) }
                footer {
                    "This is an emulator on your own machine, not Microsoft. It never asks for a password."
                }
            }
        }
    }
    .into_string()
}

/// A page with a heading and one paragraph.
pub(super) fn notice(title: &str, text: &str) -> String {
    page(title, &html! { p { (clean(text)) } })
}

fn problem(text: &str) -> Markup {
    html! { p.problem role="alert" { (clean(text)) } }
}

/// The page for entering the user code.
pub(super) fn enter_code(action: &str, user_code: &str, refused: Option<&str>) -> String {
    page(
        "Enter code to allow access",
        &html! {
            @if let Some(text) = refused { (problem(text)) }
            p { "Once you enter the code displayed on your app or device, it will have access to your account." }
            p.warn { "Do not enter codes from sources you don’t trust." }
            form method="post" action=(clean(action)) {
                label for="otc" { "Code" }
                input id="otc" name="otc" value=(clean(user_code)) autocomplete="off" autocapitalize="characters"
                    spellcheck="false" maxlength="32" required autofocus;
                button { "Next" }
            }
        },
    )
}

/// The content of the account picker.
pub(super) struct AccountPicker<'a> {
    pub(super) accounts: Vec<&'static EmulatedAccount>,
    /// Whether the user may type another user name.
    pub(super) other: bool,
    pub(super) action: &'a str,
    /// Name and value of the hidden member that identifies the sign-in.
    pub(super) hidden: (&'a str, &'a str),
    pub(super) client_id: &'a str,
    pub(super) scope: &'a str,
    pub(super) segment: &'a TenantSegment,
    pub(super) login_hint: Option<&'a str>,
    /// The destination of the token, in words.
    pub(super) context: &'a str,
}

/// The page for choosing an account, or cancelling.
pub(super) fn pick_account(picker: &AccountPicker<'_>) -> String {
    let mut people = picker.accounts.clone();
    people.retain(|account| picker.segment.allows(account));
    let hinted = |account: &EmulatedAccount| {
        picker.login_hint.is_some_and(|hint| hint.eq_ignore_ascii_case(account.username))
    };
    people.sort_by_key(|account| !hinted(account));
    page(
        "Pick an account",
        &html! {
            p { "to sign in to " b { (clean(picker.client_id)) } " " (clean(picker.context)) }
            form method="post" action=(clean(picker.action)) {
                input type="hidden" name=(picker.hidden.0) value=(picker.hidden.1);
                @for account in people {
                    button.account name="account" value=(account.username) {
                        b { (account.name) }
                        span { (account.username) }
                    }
                }
                @if picker.other {
                    label for="username" { "Use another account" }
                    input id="username" name="username" type="email" value=(clean(picker.login_hint.unwrap_or_default()));
                    button { "Next" }
                }
                details {
                    summary { "This app would like to" }
                    ul {
                        @for scope in picker.scope.split(' ').filter(|scope| !scope.is_empty()) {
                            li { (clean(scope)) }
                        }
                    }
                }
                button.quiet name="action" value="cancel" { "Cancel" }
            }
        },
    )
}

/// The "Need admin approval" page, with a link back to the application.
pub(super) fn admin_approval(client_id: &str, back: Option<&str>) -> String {
    page(
        "Need admin approval",
        &html! {
            p {
                b { (clean(client_id)) }
                " needs permission to access resources in your organization that only an admin can grant. \
                 Please ask an admin to grant permission to this app before you can use it."
            }
            @if let Some(url) = back {
                p { a href=(url) { "Return to the application without granting consent" } }
            }
        },
    )
}

/// The page on which an administrator consents for everyone.
pub(super) fn admin_form(action: &str, client_id: &str, redirect_uri: &str, state: &str) -> String {
    page(
        "Permissions requested",
        &html! {
            p { b { (clean(client_id)) } }
            p {
                "If you accept, this app will get access to the specified resources for all users \
                 in your organization. No one else will be prompted to review these permissions."
            }
            form method="post" action=(action) {
                input type="hidden" name="client_id" value=(client_id);
                input type="hidden" name="redirect_uri" value=(redirect_uri);
                input type="hidden" name="state" value=(state);
                button name="action" value="accept" { "Accept" }
                button.quiet name="action" value="cancel" { "Cancel" }
            }
        },
    )
}

/// An error that Entra shows only in the browser.
pub(super) fn error_page(text: &str) -> String {
    page("Sorry, but we’re having trouble signing you in.", &problem(text))
}

/// Posts `members` to the client's redirect URI.
pub(super) fn post_back(redirect_uri: &str, members: &[(String, String)]) -> String {
    page(
        "Working…",
        &html! {
            form id="answer" method="post" action=(redirect_uri) {
                @for (name, value) in members {
                    input type="hidden" name=(name) value=(value);
                }
                button { "Continue" }
            }
            script { (PreEscaped("document.getElementById('answer').submit()")) }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserted_text_cannot_become_markup() {
        let hostile = "\"><script>alert(1)</script>'\u{1b}[2J";
        let ask = AccountPicker {
            accounts: crate::account::ACCOUNTS.iter().collect(),
            other: true,
            action: hostile,
            hidden: (hostile, hostile),
            client_id: hostile,
            scope: hostile,
            segment: &TenantSegment::Common,
            login_hint: Some(hostile),
            context: hostile,
        };
        for page in [
            enter_code(hostile, hostile, Some(hostile)),
            pick_account(&ask),
            admin_approval(hostile, Some(hostile)),
            error_page(hostile),
            notice(hostile, hostile),
            post_back(hostile, &[(hostile.to_owned(), hostile.to_owned())]),
        ] {
            assert!(!page.contains("<script>alert"), "{page}");
        }
    }
}
